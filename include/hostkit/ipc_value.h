#ifndef HOSTKIT_IPC_VALUE_H
#define HOSTKIT_IPC_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/json.h>

HK_BEGIN

/*
 * JavaScript values
 *
 * What Node's "advanced" serialization carries: V8's structured clone format,
 * which knows more than JSON: undefined, NaN, BigInt, Date, Map, Set, RegExp,
 * Error, bytes, and objects that occur twice or hold themselves.
 *
 * hk_ipc_values reads one such text into memory of its own and lends its values
 * as `const hk_ipc_value *`, valid until the next read into it or its end.  As
 * with JSON, NULL is the value that is not there, and every function takes it.
 * An object that occurred before is a HK_IPC_VALUE_REFERENCE, which is followed
 * on request alone, so that a walk always ends.
 *
 * Tagged JSON writes all of them as JSON.  What JSON knows stays as it is; the
 * rest becomes an object whose first member begins with "$":
 *
 *     {"$undefined":true}                 {"$number":"NaN"}   or Infinity, -Infinity
 *     {"$bigint":"123"}                   {"$date":"2026-11-22T20:05:00.000Z"}
 *     {"$map":[[KEY,VALUE],…]}            {"$set":[VALUE,…]}
 *     {"$regexp":"a+","$flags":"gi"}      {"$error":"TypeError","message":…,"stack":…,"cause":…}
 *     {"$bytes":BASE64,"$type":"Buffer"}  or "ArrayBuffer", "Uint8Array", … "DataView"
 *     {"$boxed":VALUE}                    an object around a number, string, …
 *     {"$hole":true}                      an element the array does not have
 *     {"$array":[…],"$members":{…}}       an array with members besides its elements
 *     {"$sparse":{"INDEX":VALUE,…},"$length":N}
 *     {"$circular":N}                     the object N levels further out
 *     {"$object":{…}}                     an object whose first member begins with "$"
 *
 * Threads: as a document of JSON, by one thread while it reads.
 */
typedef struct hk_ipc_values hk_ipc_values;
typedef struct hk_ipc_value hk_ipc_value;

typedef enum hk_ipc_value_kind {
	HK_IPC_VALUE_ABSENT, /* the kind of NULL */
	HK_IPC_VALUE_UNDEFINED,
	HK_IPC_VALUE_NULL,
	HK_IPC_VALUE_HOLE, /* an element the array does not have */
	HK_IPC_VALUE_BOOL,
	HK_IPC_VALUE_NUMBER, /* any double, NaN and infinities included */
	HK_IPC_VALUE_BIGINT,
	HK_IPC_VALUE_STRING,
	HK_IPC_VALUE_DATE,
	HK_IPC_VALUE_REGEXP,
	HK_IPC_VALUE_BYTES, /* ArrayBuffer, Buffer, typed array, DataView */
	HK_IPC_VALUE_ERROR, /* members: name, message, stack and cause, as far as known */
	HK_IPC_VALUE_BOXED, /* one element: the bool, number, BigInt or string inside */
	HK_IPC_VALUE_ARRAY, /* elements, then members besides them */
	HK_IPC_VALUE_SPARSE, /* an array as members named by their index */
	HK_IPC_VALUE_OBJECT, /* members */
	HK_IPC_VALUE_MAP,    /* pairs of any values */
	HK_IPC_VALUE_SET,    /* elements */
	HK_IPC_VALUE_REFERENCE
} hk_ipc_value_kind;

/* What kind of bytes, in the numbering of Node's own format. */
typedef enum hk_ipc_bytes_kind {
	HK_IPC_BYTES_INT8,
	HK_IPC_BYTES_UINT8,
	HK_IPC_BYTES_UINT8_CLAMPED,
	HK_IPC_BYTES_INT16,
	HK_IPC_BYTES_UINT16,
	HK_IPC_BYTES_INT32,
	HK_IPC_BYTES_UINT32,
	HK_IPC_BYTES_FLOAT32,
	HK_IPC_BYTES_FLOAT64,
	HK_IPC_BYTES_DATA_VIEW,
	HK_IPC_BYTES_BUFFER,
	HK_IPC_BYTES_BIGINT64,
	HK_IPC_BYTES_BIGUINT64,
	HK_IPC_BYTES_FLOAT16, /* known to Node 24 */
	HK_IPC_BYTES_ARRAY_BUFFER,
	HK_IPC_BYTES_KINDS
} hk_ipc_bytes_kind;

/* One text may hold this many values, each of which takes 32 bytes here. */
#define HK_IPC_VALUES_MAX ((uint32_t) 1 << 24)

/*
 * Create an empty holder of values.  Owned: release it with hk_ipc_values_free().
 * Returns 0 or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_ipc_values_new(hk_ipc_values **out);

/* Release it; every value of it ends.  NULL is fine. */
HK_API void hk_ipc_values_free(hk_ipc_values *values);

/*
 * Read @length bytes of V8's format, its header included, as Node's child
 * processes send it (v8.serialize() writes bytes in another way).  Copied.  What
 * was held before ends, also when this fails.
 *
 * Returns 0, HK_EPARSE if it is not that format or holds what cannot leave its
 * process (shared memory, WebAssembly), HK_ELIMIT if it is nested deeper than
 * HK_JSON_DEPTH_MAX, longer than HK_JSON_LENGTH_MAX or of more than
 * HK_IPC_VALUES_MAX values, or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_ipc_values_read(
    hk_ipc_values *values, const void *bytes, size_t length);

/* Why the last read failed: one sentence, lower case; NULL if it did not.  Static. */
HK_API const char *hk_ipc_values_error(const hk_ipc_values *values);

/* The outermost value, or NULL if nothing was read or that failed. */
HK_API const hk_ipc_value *hk_ipc_values_root(const hk_ipc_values *values);

HK_API hk_ipc_value_kind hk_ipc_value_kind_of(const hk_ipc_value *value);

/* The name of a kind, such as "BigInt" or "Map".  Never NULL; static. */
HK_API const char *hk_ipc_value_kind_name(hk_ipc_value_kind kind);

/*
 * Each gives the value as a C type.  Returns 0, -ENOENT for NULL, -EINVAL for a
 * value of another kind; whole numbers, from a number or a BigInt: -EDOM if it
 * has a fraction, -ERANGE if it does not fit.
 */
HK_API HK_MUST_USE int hk_ipc_value_get_bool(bool *out, const hk_ipc_value *value);
HK_API HK_MUST_USE int hk_ipc_value_get_double(double *out, const hk_ipc_value *value);
HK_API HK_MUST_USE int hk_ipc_value_get_int64(int64_t *out, const hk_ipc_value *value);

/* Milliseconds since 1970-01-01 UTC; NaN is the date that is none.  Errors as above. */
HK_API HK_MUST_USE int hk_ipc_value_get_date(double *out_ms, const hk_ipc_value *value);

/*
 * The text of a string, or the source of a RegExp, in UTF-8, terminated; it may
 * hold NUL bytes too.  Halves of surrogate pairs became U+FFFD.  Borrowed.
 * @out_length may be NULL.  NULL if the value is neither.
 */
HK_API const char *hk_ipc_value_get_string(const hk_ipc_value *value, size_t *out_length);

/* The flags of a RegExp, such as "gi".  Borrowed.  NULL if the value is none. */
HK_API const char *hk_ipc_value_get_flags(const hk_ipc_value *value);

/*
 * The bytes of an ArrayBuffer, a view or a BigInt (its magnitude, lowest byte
 * first), aligned for any number.  Borrowed.  @out_length is not NULL.  NULL if
 * the value is none of them.
 */
HK_API const void *hk_ipc_value_get_bytes(const hk_ipc_value *value, size_t *out_length);

/* What they were in JavaScript, or -EINVAL if the value is no bytes. */
HK_API int hk_ipc_value_bytes_kind(const hk_ipc_value *value);

/* The name of a kind of bytes, such as "Uint8Array", or NULL. */
HK_API const char *hk_ipc_bytes_kind_name(int kind);

/* Is the BigInt below zero? */
HK_API bool hk_ipc_value_is_negative(const hk_ipc_value *value);

/*
 * Elements of an array or set, pairs of a map, members of an object, error or
 * sparse array; 1 for a box, 0 for anything else.
 */
HK_API size_t hk_ipc_value_count(const hk_ipc_value *value);

/* The length an array says it has, also where elements are missing; 0 for others. */
HK_API size_t hk_ipc_value_length(const hk_ipc_value *value);

/* The member called @key of an object, error or array, or NULL.  Looks at each. */
HK_API const hk_ipc_value *hk_ipc_value_member(
    const hk_ipc_value *object, const char *key);

/* The element at @index of an array, set or box, or NULL.  Walks. */
HK_API const hk_ipc_value *hk_ipc_value_element(const hk_ipc_value *array, size_t index);

/* The object a reference means; any other value is its own target. */
HK_API const hk_ipc_value *hk_ipc_value_target(const hk_ipc_value *value);

/*
 * A walk over everything a value holds, in the order it was sent: elements
 * first (key NULL), then members or pairs (key not NULL).
 *
 *	hk_ipc_value_iterator each = hk_ipc_value_iterate(map);
 *
 *	while ((value = hk_ipc_value_next(&each)) != NULL)
 *		use(each.key, value);
 */
typedef struct hk_ipc_value_iterator {
	const hk_ipc_value *key;  /* of a member or pair; NULL for an element */
	const hk_ipc_value *next; /* for hk_ipc_value_next() alone */
	size_t elements;          /* for hk_ipc_value_next() alone */
	size_t pairs;             /* for hk_ipc_value_next() alone */
	size_t keyed;             /* for hk_ipc_value_next() alone */
} hk_ipc_value_iterator;

/* Values that hold nothing have nothing to walk over. */
HK_API hk_ipc_value_iterator hk_ipc_value_iterate(const hk_ipc_value *container);

/* The next value, or NULL when all were given. */
HK_API const hk_ipc_value *hk_ipc_value_next(hk_ipc_value_iterator *iterator);

/*
 * A tagged JSON text may hold this many values.  Objects that occur twice are
 * written twice, so that few bytes can mean very many.
 */
#define HK_IPC_VALUE_JSON_MAX 4000000

/*
 * Write @value as tagged JSON.  NULL writes null.  Returns 0 if JSON had words
 * for all of it, 1 if tags were needed, HK_ELIMIT beyond HK_IPC_VALUE_JSON_MAX
 * or the depth of JSON, or -ENOMEM.  The writer keeps a failure.
 */
HK_API HK_MUST_USE int hk_ipc_value_write_json(
    hk_json_writer *writer, const hk_ipc_value *value);

HK_END

#endif /* HOSTKIT_IPC_VALUE_H */
