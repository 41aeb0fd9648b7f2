#ifndef HKI_CONFIG_KINDS_H
#define HKI_CONFIG_KINDS_H

#include "check.h"
#include "model.h"

/*
 * The kinds of values.  Beside each: the type of its field, and what
 * hki_key.detail holds.
 */
extern const hki_kind hki_kind_text;    /* const char *; not empty */
extern const hki_kind hki_kind_path;    /* const char *; made absolute */
extern const hki_kind hki_kind_bool;    /* bool */
extern const hki_kind hki_kind_count;   /* uint32_t, least … most */
extern const hki_kind hki_kind_integer; /* hki_config_integer, least … most */
extern const hki_kind hki_kind_milli; /* uint32_t in thousandths, least … most so too */
extern const hki_kind hki_kind_duration; /* uint64_t ns, least … most */
extern const hki_kind hki_kind_size;     /* uint64_t bytes, least … most */
extern const hki_kind
    hki_kind_word; /* int; detail: const char *const [], ends with NULL */
extern const hki_kind hki_kind_signal; /* int */
extern const hki_kind hki_kind_regex;  /* const char *; POSIX extended */

extern const hki_kind hki_kind_texts;   /* hki_config_texts; a text or a list */
extern const hki_kind hki_kind_paths;   /* hki_config_texts; made absolute */
extern const hki_kind hki_kind_command; /* hki_config_texts; a line or a list of words */
extern const hki_kind hki_kind_environment; /* hki_config_texts "NAME=VALUE" */

extern const hki_kind hki_kind_section;  /* the struct; detail: const hki_section * */
extern const hki_kind hki_kind_optional; /* a pointer to the struct; detail: as above */
extern const hki_kind hki_kind_ignored;  /* nothing; detail: const char * says why */
extern const hki_kind hki_kind_skipped;  /* nothing, and nothing is said */

/* ---- for kinds built on these ---- */

bool hki_no_pointer(const void *field); /* for hki_kind.absent: a NULL pointer */

/* "10s", "250ms": the shortest text that reads back exactly. */
#define HKI_EXACT_MAX 32
void hki_duration_exact(char *out, uint64_t ns);
void hki_size_exact(char *out, uint64_t bytes);

/* Read a duration or size; false, and complained, when it is none or out of the key's range. */
bool hki_read_duration(
    uint64_t *out, hki_check *check, const hki_key *key, const hki_node *node);
bool hki_read_size(
    uint64_t *out, hki_check *check, const hki_key *key, const hki_node *node);
/* A whole number between @least and @most. */
bool hki_read_integer(int64_t *out, hki_check *check, const hki_key *key,
    const hki_node *node, int64_t least, int64_t most);

/* Split @line, complaining at @node; @shell_hint is for a line that looks like one for a shell. */
bool hki_read_words(const char *const **out, hki_check *check, const hki_key *key,
    const hki_node *node, const char *line, const char *shell_hint);

/* Write a value so that reading it, variables replaced, gives @text: dollars are doubled. */
void hki_write_value(hk_json_writer *writer, const char *text);

/* Members of a JSON Schema: "type": @type. */
void hki_schema_type(hk_json_writer *writer, const char *type);
void hki_schema_text(hk_json_writer *writer, const char *key, const char *text);
/* "oneOf": a text, or a list of texts. */
void hki_schema_text_or_list(hk_json_writer *writer);
void hki_schema_default(hk_json_writer *writer, const hki_key *key);

#endif /* HKI_CONFIG_KINDS_H */
