/*
 * Bytes come in two ways: V8's own, an ArrayBuffer and perhaps a view of it, and
 * Node's, which sends of a Buffer or a view the bytes that can be seen through it
 * and nothing else of the pool they lie in.
 */
#include "ipc/node_value_reader.h"

#include <errno.h>
#include <string.h>

/* From this version on a view has flags. */
enum { VERSION_OF_VIEW_FLAGS = 14 };

static const char within[] = "a view begins or ends within an element";

/* Node's own way for Buffer and views: kind, length, bytes. */
static int read_host_view(hki_node_reader *in)
{
	const unsigned char *bytes;
	uint32_t kind;
	uint32_t length;
	int r = hki_node_read_varint(in, &kind);

	if (r < 0 || (r = hki_node_read_bytes(in, &bytes, &length)) < 0)
		return r;
	if (kind > HK_IPC_BYTES_FLOAT16)
		return hki_node_fail(in, "a view of bytes is of no known kind");
	if (length % hki_node_bytes_width((int) kind) != 0)
		return hki_node_fail(in, within);
	return hki_node_push_bytes(in, HK_IPC_VALUE_BYTES, kind, bytes, length);
}

/* An object of the host: bytes, or any other as a copy of its members, which then has
 * a number of its own. */
int hki_node_read_host_object(hki_node_reader *in)
{
	uint32_t kind;
	int r = hki_node_number_object(in);

	if (r < 0 || (r = hki_node_read_varint(in, &kind)) < 0)
		return r;
	if (kind == 0)
		return read_host_view(in);
	if (kind != 1)
		return hki_node_fail(in, "an object of the host is of no known kind");
	if ((r = hki_node_enter(in)) < 0)
		return r;
	r = hki_node_read_value(in);
	in->depth--;
	return r;
}

static int view_kind(int tag)
{
	static const char tags[] = "bBCwWdDfF?";
	const char *at = tag == 0 ? NULL : strchr(tags, tag);

	if (at != NULL)
		return (int) (at - tags);
	switch (tag) {
	case 'q':
		return HK_IPC_BYTES_BIGINT64;
	case 'Q':
		return HK_IPC_BYTES_BIGUINT64;
	case 'h':
		return HK_IPC_BYTES_FLOAT16;
	default:
		return -EINVAL;
	}
}

/* The view that follows its ArrayBuffer takes its place: the rest of the buffer cannot
 * be seen through it. */
static int read_view(hki_node_reader *in, uint32_t place)
{
	hk_ipc_value *value = &in->values->tape[place];
	uint32_t tag;
	uint32_t offset;
	uint32_t length;
	uint32_t flags;
	int r;

	in->at++;
	if ((r = hki_node_read_varint(in, &tag)) < 0 ||
	    (r = hki_node_read_varint(in, &offset)) < 0 ||
	    (r = hki_node_read_varint(in, &length)) < 0)
		return r;
	if (in->version >= VERSION_OF_VIEW_FLAGS &&
	    (r = hki_node_read_varint(in, &flags)) < 0)
		return r;
	r = view_kind((int) tag);
	if (r < 0 || offset > value->length || length > value->length - offset)
		return hki_node_fail(in, "a view does not fit its ArrayBuffer");
	value->detail = (uint16_t) r;
	if (offset % hki_node_bytes_width(r) != 0 ||
	    length % hki_node_bytes_width(r) != 0)
		return hki_node_fail(in, within);
	value->as.offset += offset;
	value->length = length;
	/* The view has a number too. */
	r = hki_node_number_object(in);
	if (r == 0)
		in->values->objects[in->values->object_count - 1] = place;
	return r;
}

int hki_node_read_array_buffer(hki_node_reader *in, bool resizable)
{
	const uint32_t place = in->values->count;
	uint32_t length;
	uint32_t most;
	int r = hki_node_number_object(in);

	if (r < 0 || (r = hki_node_read_varint(in, &length)) < 0 ||
	    (resizable && (r = hki_node_read_varint(in, &most)) < 0))
		return r;
	if (hki_node_left(in) < length)
		return hki_node_fail(in, "an ArrayBuffer is longer than the value");
	r = hki_node_push_bytes(
	    in, HK_IPC_VALUE_BYTES, HK_IPC_BYTES_ARRAY_BUFFER, in->at, length);
	in->at += length;
	return r == 0 && hki_node_peek_tag(in) == 'V' ? read_view(in, place) : r;
}
