#ifndef HOSTKIT_RECORD_H
#define HOSTKIT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/json.h>

HK_BEGIN

/*
 * Records
 *
 * A record is a plain struct with a description beside it: one row a field,
 * with its name, kind, unit, help and place.  Tables, JSON, CSV and metrics are
 * written by walking that description, so a field is declared once and looks
 * the same everywhere.
 *
 * A record struct starts with an hk_record header.  Its two bitmaps say which
 * fields hold a value and which could not be read for lack of permission.
 * Absent is not zero: a field in neither bitmap is left out of all output.
 */

/* Bitmaps are this wide; a type may not have more fields. */
#define HK_RECORD_FIELDS_MAX 128

typedef enum hk_record_kind {
	HK_RECORD_BOOL,   /* bool */
	HK_RECORD_INT32,  /* int32_t */
	HK_RECORD_UINT32, /* uint32_t */
	HK_RECORD_INT64,  /* int64_t */
	HK_RECORD_UINT64, /* uint64_t */
	HK_RECORD_DOUBLE, /* double */
	HK_RECORD_STRING, /* const char *, NUL-terminated, NULL counts as absent */
	HK_RECORD_BYTES,  /* hk_record_bytes */
	HK_RECORD_ENUM,   /* int32_t, named by the field's names[] */
	HK_RECORD_LIST,   /* hk_record_list of the field's element type */
	HK_RECORD_RECORD, /* the nested struct itself, of type element */
	HK_RECORD_STRINGS /* hk_record_strings */
} hk_record_kind;

/* What the number counts; says how people want to see it and what the key ends in. */
typedef enum hk_record_unit {
	HK_UNIT_NONE,
	HK_UNIT_BYTES,
	HK_UNIT_SECONDS,   /* double or integer seconds */
	HK_UNIT_TIMESTAMP, /* seconds since 1970-01-01 UTC */
	HK_UNIT_PERCENT,
	HK_UNIT_CELSIUS,
	HK_UNIT_HERTZ,
	HK_UNIT_IDENTIFIER /* a number that is a name: never grouped or scaled */
} hk_record_unit;

typedef struct hk_record_bytes {
	const void *data;
	size_t length;
} hk_record_bytes;

typedef struct hk_record_strings {
	const char *const *items;
	size_t count;
} hk_record_strings;

/* Elements lie one behind the other, each of the element type's struct_size. */
typedef struct hk_record_list {
	const void *items;
	size_t count;
} hk_record_list;

struct hk_record_type;

typedef struct hk_record_field {
	const char *name;  /* the key everywhere; numbers carry the unit in it */
	const char *title; /* column heading; NULL: the name in upper case */
	const char *help;  /* one sentence for --help, docs and metrics */
	hk_record_kind kind;
	hk_record_unit unit;
	unsigned int priority; /* 0 never leaves a table; larger leave first */
	/* digits after the point for doubles in tables and JSON; 0: shortest exact */
	unsigned int decimals;
	size_t offset;                        /* of the value in the struct */
	const char *const *names;             /* HK_RECORD_ENUM: NULL-terminated */
	const struct hk_record_type *element; /* HK_RECORD_LIST and HK_RECORD_RECORD */
} hk_record_field;

typedef struct hk_record_type {
	const char *name; /* as in "process" */
	const hk_record_field *fields;
	size_t field_count;
	size_t struct_size;
} hk_record_type;

/* The first member of every record struct. */
typedef struct hk_record {
	uint64_t present[HK_RECORD_FIELDS_MAX / 64];
	uint64_t denied[HK_RECORD_FIELDS_MAX / 64];
} hk_record;

/* Field @index of @record: mark it present, denied, or absent again. */
HK_API void hk_record_set(hk_record *record, unsigned int index);
HK_API void hk_record_deny(hk_record *record, unsigned int index);
HK_API void hk_record_clear(hk_record *record, unsigned int index);
HK_API bool hk_record_has(const hk_record *record, unsigned int index);
HK_API bool hk_record_is_denied(const hk_record *record, unsigned int index);

/* The same for the member at byte @offset of the struct: hk_record_has_at(&some_type,
 * record, offsetof(some, member)).  False also if no field lies there. */
HK_API bool hk_record_has_at(
    const hk_record_type *type, const void *record, size_t offset);

/* The index of the field called @name, or -ENOENT. */
HK_API int hk_record_find(const hk_record_type *type, const char *name);

/* The value of field @index inside @record.  Borrowed; valid if the field is present. */
HK_API const void *hk_record_value(
    const hk_record_type *type, const void *record, unsigned int index);

/*
 * Write the present fields as members of the object that is open in @writer,
 * then "denied": [names] if there are any.  Failures stick to the writer.
 */
HK_API void hk_record_write_members(
    hk_json_writer *writer, const hk_record_type *type, const void *record);

/* The same as a whole object. */
HK_API void hk_record_write(
    hk_json_writer *writer, const hk_record_type *type, const void *record);

/*
 * One field as a person would read it, for tables: sizes as 1.5M, times as
 * 2m03s, enums by name, "-" when absent, "?" when denied.  Control characters
 * are escaped as \n or \x1b, invalid UTF-8 becomes U+FFFD.  Behaves as
 * snprintf(): returns the length wanted, terminates when @capacity > 0.
 */
HK_API size_t hk_record_format(char *out, size_t capacity, const hk_record_type *type,
    const void *record, unsigned int index);

/*
 * A CSV line (RFC 4180) of the field names, or of one record, with the line end
 * "\r\n".  Lists and nested records are written as JSON text; absent and denied
 * fields are empty.  Owned: release *@out with hk_free().
 * Returns 0 or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_record_csv_header(char **out, const hk_record_type *type);
HK_API HK_MUST_USE int hk_record_csv_line(
    char **out, const hk_record_type *type, const void *record);

HK_END

#endif /* HOSTKIT_RECORD_H */
