#ifndef HKI_IPC_NODE_VALUE_READER_H
#define HKI_IPC_NODE_VALUE_READER_H

#include "ipc/node_value.h"

/*
 * The parts of the reader of V8's format, for its four files alone: pieces of text
 * (node_value_reader.c), plain values and the whole (node_value_read.c), bytes
 * (node_value_bytes.c), what holds others (node_value_containers.c).
 *
 * Each returns 0, HK_EPARSE or HK_ELIMIT with a reason told, or -ENOMEM.
 */
typedef struct hki_node_reader {
	hk_ipc_values *values;
	const unsigned char *at;
	const unsigned char *end;
	uint32_t version;
	unsigned int depth;
} hki_node_reader;

/* ---- node_value_reader.c ---- */

/* Tell why; @reason is static.  Return HK_EPARSE and HK_ELIMIT. */
int hki_node_fail(hki_node_reader *in, const char *reason);
int hki_node_fail_limit(hki_node_reader *in, const char *reason);

static inline size_t hki_node_left(const hki_node_reader *in)
{
	return (size_t) (in->end - in->at);
}

/* Here is what is done for every value: a call each would be most of the time. */

/* The next tag, left there or taken; padding before it is taken.  -1 at the end. */
static inline int hki_node_peek_tag(hki_node_reader *in)
{
	while (in->at < in->end && *in->at == '\0')
		in->at++;
	return in->at < in->end ? *in->at : -1;
}

static inline int hki_node_take_tag(hki_node_reader *in)
{
	int tag = hki_node_peek_tag(in);

	if (tag >= 0)
		in->at++;
	return tag;
}

int hki_node_read_long_varint(hki_node_reader *in, uint32_t *out);

static inline int hki_node_read_varint(hki_node_reader *in, uint32_t *out)
{
	if (in->at == in->end || *in->at >= 0x80)
		return hki_node_read_long_varint(in, out);
	*out = *in->at++;
	return 0;
}
int hki_node_read_double(hki_node_reader *in, double *out);
/* A length and that many bytes, Borrowed. */
int hki_node_read_bytes(hki_node_reader *in, const unsigned char **out, uint32_t *length);

/* Room for a value on the tape. */
int hki_node_reserve(hki_node_reader *in);

/* A new value at the end of the tape; *out is its place. */
static inline int hki_node_push(
    hki_node_reader *in, hk_ipc_value_kind kind, uint32_t *out)
{
	hk_ipc_values *values = in->values;
	int r;

	if (values->count == values->capacity && (r = hki_node_reserve(in)) < 0)
		return r;
	values->tape[values->count] =
	    (hk_ipc_value){ .kind = (uint16_t) kind, .span = 1 };
	*out = values->count++;
	return 0;
}

int hki_node_push_plain(hki_node_reader *in, hk_ipc_value_kind kind, unsigned int detail);
int hki_node_push_number(hki_node_reader *in, hk_ipc_value_kind kind, double number);
/* … whose text lies at @offset already. */
int hki_node_push_text(hki_node_reader *in, hk_ipc_value_kind kind, size_t offset,
    size_t length, uint32_t *out);
/* … a string of our own, such as the name of an error. */
int hki_node_push_own_string(hki_node_reader *in, const char *text, size_t length);
/* … with a copy of @bytes, aligned for any number. */
int hki_node_push_bytes(hki_node_reader *in, hk_ipc_value_kind kind, unsigned int detail,
    const unsigned char *bytes, size_t length);

/* A string whose tag was @tag, to the end of the text; where it begins, how long it is. */
int hki_node_append_string(hki_node_reader *in, int tag, size_t *offset, size_t *length);
/* … as a value. */
int hki_node_read_string(hki_node_reader *in, int tag);

/* The object that begins at the end of the tape gets the next number. */
int hki_node_number_object(hki_node_reader *in);
int hki_node_open_object(hki_node_reader *in, hk_ipc_value_kind kind, uint32_t *out);
/* A container is complete: everything behind it on the tape is its own. */
void hki_node_close_container(
    hki_node_reader *in, uint32_t place, uint32_t elements, uint32_t pairs);
/* One level deeper; in->depth-- leaves it. */
int hki_node_enter(hki_node_reader *in);

/* ---- node_value_read.c ---- */

int hki_node_read_value(hki_node_reader *in);

/* ---- node_value_bytes.c ---- */

int hki_node_read_host_object(hki_node_reader *in);
int hki_node_read_array_buffer(hki_node_reader *in, bool resizable);

/* ---- node_value_containers.c ---- */

int hki_node_read_container(hki_node_reader *in, int tag);

#endif /* HKI_IPC_NODE_VALUE_READER_H */
