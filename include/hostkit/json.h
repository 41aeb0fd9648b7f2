#ifndef HOSTKIT_JSON_H
#define HOSTKIT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>

HK_BEGIN

/*
 * JSON (RFC 8259), the streaming writer
 *
 * A writer appends to memory of its own; the caller takes the text when the
 * document is done, or part by part.  Structure is checked: a key outside an
 * object or a value without its key is a bug of the caller and fails.  Errors
 * stick: after the first one every call does nothing, so that only the last
 * one, hk_json_writer_error() or _text(), needs to be looked at.
 *
 * Text that is not UTF-8 is written with U+FFFD in place of each bad sequence;
 * hk_json_write_bytes() adds a "<key>_base64" member with the exact bytes.
 *
 * Threads: a writer belongs to one thread at a time.
 */
typedef struct hk_json_writer hk_json_writer;

/* Arrays and objects may nest this deep; deeper fails with HK_ELIMIT. */
#define HK_JSON_DEPTH_MAX 128

/*
 * Create a writer.  @indent is the number of spaces a level, 0 for one line.
 * Owned: release it with hk_json_writer_free().  Returns 0, -EINVAL or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_json_writer_new(hk_json_writer **out, unsigned int indent);

/* Release a writer.  NULL is fine. */
HK_API void hk_json_writer_free(hk_json_writer *writer);

/* Start over, keeping the memory.  The error is forgotten too. */
HK_API void hk_json_writer_reset(hk_json_writer *writer);

/* 0, or the first failure: -ENOMEM, HK_ELIMIT, or -EINVAL for a misplaced call. */
HK_API int hk_json_writer_error(const hk_json_writer *writer);

/*
 * The finished document, NUL-terminated.  Borrowed until the next call on the
 * writer.  @out_length may be NULL.  Returns NULL after a failure, or while an
 * array or object is still open.
 */
HK_API const char *hk_json_writer_text(const hk_json_writer *writer, size_t *out_length);

HK_API void hk_json_write_object_begin(hk_json_writer *writer);
HK_API void hk_json_write_object_end(hk_json_writer *writer);
HK_API void hk_json_write_array_begin(hk_json_writer *writer);
HK_API void hk_json_write_array_end(hk_json_writer *writer);

/* The name of the next member.  Only directly inside an object. */
HK_API void hk_json_write_key(hk_json_writer *writer, const char *key);

HK_API void hk_json_write_null(hk_json_writer *writer);
HK_API void hk_json_write_bool(hk_json_writer *writer, bool value);
HK_API void hk_json_write_int64(hk_json_writer *writer, int64_t value);
HK_API void hk_json_write_uint64(hk_json_writer *writer, uint64_t value);

/* The shortest text that reads back as the same double; null for NaN and infinities. */
HK_API void hk_json_write_double(hk_json_writer *writer, double value);

/* @value in decimals with at most @decimals digits after the point, trailing zeros cut. */
HK_API void hk_json_write_decimal(hk_json_writer *writer, double value, unsigned int decimals);

/* NUL-terminated text; NULL writes null. */
HK_API void hk_json_write_string(hk_json_writer *writer, const char *text);

/* Text of known length, which may hold NUL bytes. */
HK_API void hk_json_write_string_length(hk_json_writer *writer, const char *text, size_t length);

/*
 * A whole member "key": "text" from bytes of any kind.  When they are not
 * UTF-8, a second member "<key>_base64" gives them exactly (RFC 4648).
 */
HK_API void hk_json_write_bytes(
    hk_json_writer *writer, const char *key, const void *bytes, size_t length);

HK_END

#endif /* HOSTKIT_JSON_H */
