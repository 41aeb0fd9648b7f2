#ifndef HKI_BASE_JSON_DOCUMENT_H
#define HKI_BASE_JSON_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/json.h>

/*
 * One value on the tape.  What a container holds follows it: elements, or a
 * string (the key) and a value a member, then, with HKI_JSON_INDEXED, the index
 * of its keys.  Containers refer to places on the tape by distance, so that it
 * may move while it grows.
 */
struct hk_json {
	uint32_t tag;  /* the hk_json_kind, and flags */
	uint32_t size; /* bytes of a string or number; elements or members */
	union {
		const char *text; /* of a string or number */
		struct {
			uint32_t span;  /* from here to what follows the container */
			uint32_t index; /* from here to the index of its keys */
		} inside;
	} as;
};

enum {
	HKI_JSON_KIND = 0xff,
	HKI_JSON_TRUE = 0x100,
	HKI_JSON_SHADOWED = 0x200, /* a key whose member another one replaces */
	HKI_JSON_INDEXED = 0x400
};

static inline hk_json_kind hki_json_kind(const hk_json *value)
{
	return (hk_json_kind) (value->tag & HKI_JSON_KIND);
}

static inline bool hki_json_is_container(const hk_json *value)
{
	return hki_json_kind(value) >= HK_JSON_ARRAY;
}

/* What follows @value on the tape. */
static inline const hk_json *hki_json_behind(const hk_json *value)
{
	return value + (hki_json_is_container(value) ? value->as.inside.span : 1);
}

/* An open container while the text is read. */
typedef struct hki_json_level {
	uint32_t container; /* its place on the tape */
	uint32_t count;     /* elements or members so far */
	char closing;       /* the bracket that ends it */
	bool doubtful;      /* two keys may be the same */
	uint64_t keys;      /* a bit for each key, by a cheap hash */
} hki_json_level;

struct hk_json_document {
	hk_json_opts opts; /* defaults filled in */
	char *text;        /* the copy, with zeroes behind it; strings end in place */
	size_t text_capacity;
	size_t length;
	hk_json *tape;
	uint32_t tape_capacity;
	uint32_t count; /* values on the tape */
	bool complete;  /* the tape holds a whole document */
	hk_json_error error;
	uint64_t hash_key[2];
	unsigned int depth;
	/* levels[0] is outside of everything. */
	hki_json_level levels[HK_JSON_DEPTH_MAX + 1];
};

/* Room for @extra more values on the tape.  0, or -ENOMEM or HK_ELIMIT, told. */
int hki_json_reserve(hk_json_document *document, uint32_t extra);

/* Note what is wrong at @at, a place in the copy; the line is found later.  Returns NULL. */
char *hki_json_fail(
    hk_json_document *document, int code, const char *at, const char *reason);

/* The grammar: fill the tape from the text.  False when told. */
bool hki_json_read(hk_json_document *document);

/*
 * A string with anything in it but plain ASCII: @begin is behind its quote, @at the first
 * byte that is not plain.  Unescapes in place, terminates, and stores its length.
 * Returns what is behind the closing quote, or NULL when told.
 */
char *hki_json_read_string(
    hk_json_document *document, char *begin, char *at, uint32_t *out_length);

/* Objects of more members get an index; for fewer, looking at each is quicker. */
#define HKI_JSON_SMALL_OBJECT 16

/* A complete object: find keys that are there twice and do as the options say, and index
 * a large one.  0, or a failure that was told. */
int hki_json_finish_object(hk_json_document *document, uint32_t place, bool doubtful);

/* The value of the member of an indexed object, or NULL. */
const hk_json *hki_json_find_indexed(
    const hk_json *object, const char *key, size_t length);

#endif /* HKI_BASE_JSON_DOCUMENT_H */
