#ifndef HKI_IPC_NODE_VALUE_H
#define HKI_IPC_NODE_VALUE_H

#include <hostkit/ipc_value.h>
#include "base/buffer.h"

/*
 * One value on the tape.  What a container holds follows it: its elements, then
 * pairs of key and value.  Places on the tape and in the text are distances and
 * offsets while it grows; when the read is done, offsets become pointers.
 */
struct hk_ipc_value {
	uint16_t kind;     /* hk_ipc_value_kind */
	uint16_t detail;   /* a truth, a sign, hk_ipc_bytes_kind, HKI_NODE_KEYED */
	uint32_t elements; /* held by a container */
	uint32_t pairs;    /* held by a container, behind the elements */
	uint32_t span;     /* from here to what follows the value; at least 1 */
	union {
		double number;    /* of a number or date; the length of a sparse array */
		const char *text; /* of a string, RegExp, bytes or BigInt */
		size_t offset;    /* the same while it is read */
		ptrdiff_t distance; /* of a reference: from its target to here */
	} as;
	size_t length; /* of the text */
};

/*
 * Detail of an array: a key lies before each element.  V8 sends an array that once
 * had holes as members named 0, 1, 2 …, also when none of them is missing.
 */
enum { HKI_NODE_KEYED = 1 };

struct hk_ipc_values {
	hk_ipc_value *tape;
	uint32_t count;
	uint32_t capacity;
	hki_buffer text;
	uint32_t *objects; /* where the object of each number lies on the tape */
	uint32_t object_count;
	uint32_t object_capacity;
	bool complete;
	const char *error;
};

/* Does the value have a text? */
static inline bool hki_node_value_has_text(const hk_ipc_value *value)
{
	return value->kind == HK_IPC_VALUE_STRING || value->kind == HK_IPC_VALUE_REGEXP ||
	       value->kind == HK_IPC_VALUE_BYTES || value->kind == HK_IPC_VALUE_BIGINT;
}

/* The flags of a RegExp as V8 numbers them: bit N is the Nth letter.  The source and
 * the flags of a RegExp lie behind each other, both terminated. */
#define HKI_NODE_REGEXP_FLAGS "gimyusldv"

/* Bytes of one element; 1 where the bytes have none. */
unsigned int hki_node_bytes_width(int kind);

/* ---- node_text.c: V8's three kinds of string to UTF-8 ---- */

bool hki_node_text_is_ascii(const void *text, size_t length);

/* Append with a terminator behind.  0 or -ENOMEM. */
int hki_node_text_latin1(hki_buffer *out, const unsigned char *bytes, size_t length);
int hki_node_text_utf16(hki_buffer *out, const unsigned char *bytes, size_t length);
int hki_node_text_utf8(hki_buffer *out, const unsigned char *bytes, size_t length);

/* ---- node_bigint.c: magnitudes, lowest byte first ---- */

/* Append in decimal, or beyond 4,096 bits as 0x and hexadecimal digits, with a minus
 * sign in front.  0 or -ENOMEM. */
int hki_node_bigint_format(
    hki_buffer *out, const unsigned char *bytes, size_t length, bool negative);
/* The reverse, its bytes a multiple of 8.  0, HK_EPARSE, HK_ELIMIT or -ENOMEM. */
int hki_node_bigint_parse(
    hki_buffer *out, bool *negative, const char *text, size_t length);

/* ---- node_date.c: ECMAScript's format of dates ---- */

/* Room for the longest, terminated. */
enum { HKI_NODE_DATE_MAX = 32 };

/* The largest date there is, in milliseconds. */
#define HKI_NODE_DATE_LIMIT 8.64e15

/* "2026-11-22T20:05:00.000Z"; false for a date that is none. */
bool hki_node_date_format(char out[HKI_NODE_DATE_MAX], double ms);
/* 0 or HK_EPARSE. */
int hki_node_date_parse(double *out_ms, const char *text, size_t length);

/* ---- node_value_write.c ---- */

/*
 * What is written as V8's format.  The values are appended to `out`; objects are
 * numbered in the order in which they begin, as the reader will number them.
 */
typedef struct hki_node_writer {
	hki_buffer *out;
	uint32_t objects;   /* that have begun */
	unsigned int depth; /* of open objects */
	bool tagged;        /* tags mean what hostkit/ipc_value.h says */
	const char *reason; /* why writing failed; static */
	uint32_t open[HK_JSON_DEPTH_MAX + 1]; /* the numbers of the open objects */
} hki_node_writer;

/* Start a text with its header.  0 or -ENOMEM. */
int hki_node_write_begin(hki_node_writer *writer, hki_buffer *out, bool tagged);
/* An object of the caller's own: begin, then keys and values, then end. */
int hki_node_write_object_begin(hki_node_writer *writer);
int hki_node_write_key(hki_node_writer *writer, const char *key);
int hki_node_write_text(hki_node_writer *writer, const char *text);
int hki_node_write_number(hki_node_writer *writer, double number);
int hki_node_write_object_end(hki_node_writer *writer, uint32_t members);
/* A value of JSON.  0, HK_EPARSE for a tag that is none, HK_ELIMIT or -ENOMEM. */
int hki_node_write_json(hki_node_writer *writer, const hk_json *value);

/* ---- pieces of node_value_write.c, for node_value_tagged.c ---- */

int hki_node_put_tag(hki_node_writer *writer, char tag);
int hki_node_put_varint(hki_node_writer *writer, uint64_t value);
int hki_node_put_double(hki_node_writer *writer, double value);
int hki_node_put_string(hki_node_writer *writer, const char *text, size_t length);
int hki_node_put_key(hki_node_writer *writer, const char *key, size_t length);
/* Give the next number to an object that begins; it is open until closed. */
int hki_node_open(hki_node_writer *writer);
void hki_node_close(hki_node_writer *writer);
/* @members, which may be NULL, are those besides the elements. */
int hki_node_put_array(
    hki_node_writer *writer, const hk_json *elements, const hk_json *members);
int hki_node_put_members(hki_node_writer *writer, const hk_json *object);

/* ---- node_value_tagged.c ---- */

/* Is this object one of the tags? */
bool hki_node_is_tagged(const hk_json *object);
int hki_node_write_tagged(hki_node_writer *writer, const hk_json *object);

#endif /* HKI_IPC_NODE_VALUE_H */
