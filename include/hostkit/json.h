#ifndef HOSTKIT_JSON_H
#define HOSTKIT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>

HK_BEGIN

/*
 * JSON (RFC 8259)
 *
 * The writer appends a document to memory of its own, call by call.  The reader
 * checks a text once, as strictly as the standard allows, and leaves a document
 * whose values are lent without copying.  Both keep their memory from message
 * to message: once they have seen the largest, they allocate nothing.
 */

/* Arrays and objects may nest this deep, read or written; deeper fails with HK_ELIMIT. */
#define HK_JSON_DEPTH_MAX 128

/*
 * Writing
 *
 * A writer appends to memory of its own; the caller takes the text when the
 * document is done.  Structure is checked: a key outside an object or a value
 * without its key is a bug of the caller and fails.  Errors stick: after the
 * first one every call does nothing, so that only the last one,
 * hk_json_writer_error() or _text(), needs to be looked at.
 *
 * Text that is not UTF-8 is written with U+FFFD in place of each bad sequence;
 * hk_json_write_bytes() adds a "<key>_base64" member with the exact bytes.
 *
 * Threads: a writer belongs to one thread at a time.
 */
typedef struct hk_json_writer hk_json_writer;

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

/* The same for a name of known length, which may hold NUL bytes. */
HK_API void hk_json_write_key_length(
    hk_json_writer *writer, const char *key, size_t length);

HK_API void hk_json_write_null(hk_json_writer *writer);
HK_API void hk_json_write_bool(hk_json_writer *writer, bool value);
HK_API void hk_json_write_int64(hk_json_writer *writer, int64_t value);
HK_API void hk_json_write_uint64(hk_json_writer *writer, uint64_t value);

/* The shortest text that reads back as the same double; null for NaN and infinities. */
HK_API void hk_json_write_double(hk_json_writer *writer, double value);

/* @value in decimals with at most @decimals digits after the point, trailing zeros cut. */
HK_API void hk_json_write_decimal(
    hk_json_writer *writer, double value, unsigned int decimals);

/* NUL-terminated text; NULL writes null. */
HK_API void hk_json_write_string(hk_json_writer *writer, const char *text);

/* Text of known length, which may hold NUL bytes. */
HK_API void hk_json_write_string_length(
    hk_json_writer *writer, const char *text, size_t length);

/*
 * A whole member "key": "text" from bytes of any kind.  When they are not
 * UTF-8, a second member "<key>_base64" gives them exactly (RFC 4648).
 */
HK_API void hk_json_write_bytes(
    hk_json_writer *writer, const char *key, const void *bytes, size_t length);

/*
 * One value that is JSON already, such as a part of another document.  It is
 * written as it stands and not checked: the caller vouches for it.
 */
HK_API void hk_json_write_raw(hk_json_writer *writer, const char *text, size_t length);

/*
 * Reading
 *
 * A document holds one parsed text: a copy of it, and a tape of 16 bytes a
 * value.  The text must be one JSON value in UTF-8 with nothing but white space
 * around it: no comments, no trailing commas, no byte order mark, no control
 * characters or lone surrogates in strings.  Numbers keep their text, so that
 * none loses a digit before somebody asks for it as a double.
 *
 * Values are lent as `const hk_json *`, valid until the next parse into the
 * same document or its end.  NULL is the value that is not there, and every
 * function takes it: a path into nothing ends as -ENOENT at the getter.
 *
 * Threads: a document belongs to one thread while it parses; its values may
 * then be read by any number of them.
 */
typedef struct hk_json_document hk_json_document;
typedef struct hk_json hk_json;

typedef enum hk_json_kind {
	HK_JSON_ABSENT, /* the kind of NULL */
	HK_JSON_NULL,
	HK_JSON_BOOL,
	HK_JSON_NUMBER,
	HK_JSON_STRING,
	HK_JSON_ARRAY,
	HK_JSON_OBJECT
} hk_json_kind;

/* What to do when an object names a member twice. */
typedef enum hk_json_duplicates {
	HK_JSON_DUPLICATES_REFUSE, /* the text is in error */
	HK_JSON_DUPLICATES_FIRST,  /* the first is kept, the others are not seen */
	HK_JSON_DUPLICATES_LAST    /* the last is kept */
} hk_json_duplicates;

/* Texts may be this long if nothing else is said.  A document takes up to
 * fourteen times the bytes of its largest text, and commonly three or four. */
#define HK_JSON_LENGTH_DEFAULT ((size_t) 64 << 20)
/* The largest limit that can be asked for: places in a text have 32 bits. */
#define HK_JSON_LENGTH_MAX ((size_t) 0xffffff00)

typedef struct hk_json_opts {
	size_t size;                   /* set by HK_JSON_OPTS_INIT */
	size_t length_max;             /* bytes of text; 0: HK_JSON_LENGTH_DEFAULT */
	unsigned int depth_max;        /* 0: HK_JSON_DEPTH_MAX, which is also the most */
	hk_json_duplicates duplicates; /* 0: refuse them */
} hk_json_opts;

/* clang-format off */
#define HK_JSON_OPTS_INIT { .size = sizeof(hk_json_opts) }
/* clang-format on */

/* Where a text is wrong, and how. */
typedef struct hk_json_error {
	int code;           /* HK_EPARSE, HK_ELIMIT or -ENOMEM */
	size_t line;        /* from 1 */
	size_t column;      /* from 1, in bytes */
	size_t offset;      /* bytes before the place */
	const char *reason; /* one sentence, lower case, without a full stop; static */
} hk_json_error;

/*
 * Create an empty document.  @opts may be NULL; Copied.  Owned: release it with
 * hk_json_document_free().  Returns 0, -EINVAL for a limit beyond the largest,
 * -E2BIG for options of a newer header, or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_json_document_new(
    hk_json_document **out, const hk_json_opts *opts);

/* Release a document; every value of it ends.  NULL is fine. */
HK_API void hk_json_document_free(hk_json_document *document);

/*
 * Read @length bytes of @text, which are Copied.  What the document held before
 * ends, also when this fails.
 *
 * Returns 0, HK_EPARSE if it is not JSON or names a member twice, HK_ELIMIT if
 * it is too long or too deep, or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_json_parse(
    hk_json_document *document, const void *text, size_t length);

/* The outermost value, or NULL if nothing was parsed or that failed. */
HK_API const hk_json *hk_json_root(const hk_json_document *document);

/* Why the last parse failed, or NULL if it did not.  Borrowed until the next parse. */
HK_API const hk_json_error *hk_json_document_error(const hk_json_document *document);

HK_API hk_json_kind hk_json_kind_of(const hk_json *value);

/*
 * Each gives the value as a C type.  Returns 0, -ENOENT for NULL or -EINVAL for
 * a value of another kind.  A number is judged by its value, not by how it is
 * written: 1.0 and 10e-1 are whole.
 *
 * Whole numbers: -EDOM if it has a fraction, -ERANGE if it does not fit.
 * Doubles: rounded to the nearest, halves to even; -ERANGE beyond the largest.
 */
HK_API HK_MUST_USE int hk_json_get_bool(bool *out, const hk_json *value);
HK_API HK_MUST_USE int hk_json_get_int64(int64_t *out, const hk_json *value);
HK_API HK_MUST_USE int hk_json_get_uint64(uint64_t *out, const hk_json *value);
HK_API HK_MUST_USE int hk_json_get_double(double *out, const hk_json *value);

/*
 * The text of a string, unescaped, NUL-terminated; it may hold NUL bytes too.
 * Borrowed.  @out_length may be NULL.  NULL if the value is no string.
 */
HK_API const char *hk_json_get_string(const hk_json *value, size_t *out_length);

/* Is the value this string? */
HK_API bool hk_json_is_string(const hk_json *value, const char *text);

/* A number as it was written.  Borrowed, not terminated.  NULL if the value is no number. */
HK_API const char *hk_json_get_number_text(const hk_json *value, size_t *out_length);

/* The number of elements of an array or members of an object; 0 for anything else. */
HK_API size_t hk_json_count(const hk_json *value);

/* The element at @index, or NULL.  Walks unless all elements are plain values;
 * to see every one, iterate. */
HK_API const hk_json *hk_json_element(const hk_json *array, size_t index);

/* The member called @key, or NULL.  Large objects have an index. */
HK_API const hk_json *hk_json_member(const hk_json *object, const char *key);
HK_API const hk_json *hk_json_member_length(
    const hk_json *object, const char *key, size_t length);

/*
 * The value at the end of @path, such as "jobs[3].name", "[0]" or
 * "headers[\"x.y\"]": members after dots, elements in brackets, and in brackets
 * and quotes members whose name holds dots or brackets.  "" is the value itself.
 * NULL if there is nothing there, or the path is none.
 */
HK_API const hk_json *hk_json_at(const hk_json *value, const char *path);

/*
 * A walk over the elements of an array or the members of an object, in the
 * order of the text.  For members @key is their name, Borrowed like any string.
 *
 *	hk_json_iterator each = hk_json_iterate(object);
 *
 *	while ((value = hk_json_next(&each)) != NULL)
 *		use(each.key, value);
 */
typedef struct hk_json_iterator {
	const char *key;     /* of the value given last; NULL in an array */
	size_t key_length;   /* in bytes */
	const hk_json *next; /* for hk_json_next() alone */
	size_t left;         /* for hk_json_next() alone */
} hk_json_iterator;

/* Anything but an array or an object has nothing to walk over. */
HK_API hk_json_iterator hk_json_iterate(const hk_json *container);

/* The next value, or NULL when all were given. */
HK_API const hk_json *hk_json_next(hk_json_iterator *iterator);

/*
 * Write @value and all it holds: numbers as they were written, strings anew.
 * NULL writes null.  With an indenting writer this is the pretty printer.
 */
HK_API void hk_json_write_value(hk_json_writer *writer, const hk_json *value);

/* The same with the members of every object in the order of their keys' bytes. */
HK_API void hk_json_write_sorted(hk_json_writer *writer, const hk_json *value);

/*
 * JSON Lines
 *
 * A stream of documents, one a line, cut anywhere: give each piece as it
 * arrives, then take documents until there are no more in it.  Only a line that
 * is not finished is copied.  Blank lines are skipped; a line that is wrong is
 * told and left behind, so that the next one can be read.
 *
 *	r = hk_json_lines_feed(lines, bytes, count);
 *	while (r == 0 && (r = hk_json_lines_next(lines, document)) == 1)
 *		use(hk_json_root(document));
 */
typedef struct hk_json_lines hk_json_lines;

/*
 * Create a reader of lines of at most @line_max bytes; 0: HK_JSON_LENGTH_DEFAULT.
 * Owned: release it with hk_json_lines_free().  Returns 0, -EINVAL beyond
 * HK_JSON_LENGTH_MAX, or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_json_lines_new(hk_json_lines **out, size_t line_max);

/* Release a reader of lines.  NULL is fine. */
HK_API void hk_json_lines_free(hk_json_lines *lines);

/*
 * Give the next piece of the stream.  Borrowed until hk_json_lines_next() has
 * returned 0.  Returns 0, -EBUSY if the piece before is not used up, or -EPIPE
 * after hk_json_lines_end().
 */
HK_API HK_MUST_USE int hk_json_lines_feed(
    hk_json_lines *lines, const void *bytes, size_t length);

/* The stream has ended: what is left without a line feed is its last line.  Then call
 * hk_json_lines_next() until it returns 0. */
HK_API void hk_json_lines_end(hk_json_lines *lines);

/*
 * Parse the next whole line into @document.  Returns 1, or 0 if a whole line has
 * not arrived yet.  HK_EPARSE and HK_ELIMIT are about one line, which is left
 * behind: hk_json_lines_error() tells, and the next call goes on.  A line longer
 * than the limit is told once, as soon as that is known, and never kept.
 * -ENOMEM loses nothing: call again.
 */
HK_API HK_MUST_USE int hk_json_lines_next(
    hk_json_lines *lines, hk_json_document *document);

/* What was wrong with the last line, its place counted from the start of the stream;
 * NULL if nothing was.  Borrowed until the next call. */
HK_API const hk_json_error *hk_json_lines_error(const hk_json_lines *lines);

HK_END

#endif /* HOSTKIT_JSON_H */
