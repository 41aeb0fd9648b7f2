#ifndef HKI_CONFIG_CHECK_H
#define HKI_CONFIG_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/json.h>
#include "base/arena.h"
#include "diagnostics.h"
#include "interpolate.h"
#include "yaml_tree.h"

/*
 * The strict checker.  A mapping is described by a section: rows of keys, each
 * with its kind, where its value goes, its range, its default and a line of
 * help.  The same rows read a file, fill in defaults, print a configuration
 * back, make the JSON Schema and are compared with the manual.
 *
 * Readers never stop at a mistake: they complain and leave the field as it is.
 */

/* The way from the top of the file to the value at hand, for messages. */
typedef struct hki_step {
	const struct hki_step *parent;
	const char *name; /* or NULL for an item of a list */
	size_t index;
} hki_step;

typedef struct hki_check {
	hki_arena *arena;
	hki_diagnostics *diagnostics;
	hki_interpolator *interpolator; /* NULL: values are taken as they are */
	const char *directory;          /* relative paths start here */
	bool lenient; /* as PM2 is: unknown keys are doubtful, numbers may have quotes */
	const hki_step *step;
} hki_check;

typedef struct hki_key hki_key;

typedef struct hki_kind {
	const char *wants; /* "a duration such as 10s or 250ms" */
	void (*read)(
	    hki_check *check, const hki_key *key, const hki_node *node, void *field);
	/* Is there nothing to print?  NULL: there always is something. */
	bool (*absent)(const void *field);
	void (*write)(hk_json_writer *writer, const hki_key *key, const void *field);
	/* The members of the JSON Schema object. */
	void (*schema)(hk_json_writer *writer, const hki_key *key);
} hki_kind;

struct hki_key {
	const char *name;
	const hki_kind *kind;
	size_t offset; /* of the field in the section's struct */
	int64_t least; /* least and most both 0: the kind's own range */
	int64_t most;
	const char *initial; /* the default as it would be written, or NULL */
	const void *detail;  /* what the kind needs: words, a section, a unit */
	const char *help;
	bool silent; /* not printed: another key says the same in full */
};

/* A word of somebody else's configuration, and what hostkit says instead. */
typedef struct hki_foreign {
	const char *word;
	const char *instead;
} hki_foreign;

typedef struct hki_section {
	const char *what; /* "a service" */
	const hki_key *keys;
	size_t count;
	size_t size; /* of the struct */
	/* After all keys: what concerns several.  @node is NULL when only defaults were set. */
	void (*finish)(hki_check *check, const hki_node *node, void *section);
	const hki_foreign *foreign; /* ends with a NULL word; may be NULL */
} hki_section;

/* ---- reading ---- */

/* Fill in the defaults. */
void hki_section_begin(hki_check *check, const hki_section *section, void *out);
/* Fill in the defaults, then read the mapping @node over them. */
void hki_section_read(
    hki_check *check, const hki_section *section, const hki_node *node, void *out);
/* Read without touching the defaults. */
void hki_section_read_keys(
    hki_check *check, const hki_section *section, const hki_node *node, void *out);

/* The row called @name, or NULL. */
const hki_key *hki_section_find(const hki_section *section, const char *name);

/* Complain at a node.  @hint may be NULL. */
void hki_check_complain(hki_check *check, const hki_node *node, const char *hint,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
void hki_check_warn(hki_check *check, const hki_node *node, const char *hint,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* "'scale' wants a whole number, got a list" */
void hki_check_refuse(hki_check *check, const hki_key *key, const hki_node *node);

/* A scalar with its variables replaced. */
typedef struct hki_scalar {
	const char *text; /* Borrowed from the arena or the tree */
	bool number;      /* may be read as a number */
	bool changed;     /* it had variables */
} hki_scalar;

/*
 * The scalar at @node.  False, and complained, when it is not a scalar, says
 * nothing, or its variables are wrong.
 */
bool hki_check_scalar(
    hki_scalar *out, hki_check *check, const hki_key *key, const hki_node *node);

/* As above, for a text that may be empty. */
bool hki_check_value(
    hki_scalar *out, hki_check *check, const hki_key *key, const hki_node *node);

/* @path from the folder of the file, unless it is absolute.  NULL: no memory. */
const char *hki_check_path(hki_check *check, const char *path);

/* ---- printing and describing ---- */

void hki_section_write(
    hk_json_writer *writer, const hki_section *section, const void *values);
void hki_section_schema(hk_json_writer *writer, const hki_section *section);

#endif /* HKI_CONFIG_CHECK_H */
