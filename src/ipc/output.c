#include "ipc/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/assert.h"
#include "ipc/frame.h"

/*
 * The queue of a connection's output.
 *
 * Small messages are copied behind each other, so that thousands leave in one
 * system call and each costs a memcpy; copying is cheaper than a piece of a
 * writev() up to a few KiB.  The first message stays whole until its last byte has
 * left: a connection that breaks in the middle of it sends it from its beginning
 * over the next one, and nobody receives a half or two of it.
 */

/* Payloads up to here are cheaper to copy than to refer to. */
#define COPIED_MAX ((size_t) 4096)

static void release_extra(hki_output_extra *extra)
{
	hk_ipc_payload_free(extra->payload);
	for (size_t i = 0; i < extra->descriptor_count; i++)
		(void) close(extra->descriptors[i]);
	hki_free(extra->descriptors);
}

static hki_output_extra *extra_at(const hki_output *output, size_t index)
{
	return (hki_output_extra *) (void *) output->extras.data + index;
}

static uint32_t word_at(const hki_output *output, size_t index)
{
	uint32_t word;

	memcpy(&word, output->sizes.data + index * sizeof(word), sizeof(word));
	return word;
}

void hki_output_deinit(hki_output *output)
{
	for (size_t i = 0; i < output->extras.length / sizeof(hki_output_extra); i++)
		release_extra(extra_at(output, i));
	hki_buffer_deinit(&output->extras);
	hki_buffer_deinit(&output->sizes);
	hki_buffer_deinit(&output->bytes);
	memset(output, 0, sizeof(*output));
}

/* ---- adding ---- */

/*
 * As hki_buffer_reserve(), but the gap that leaving messages make in front is used again
 * when it is a quarter of what waits: a queue at its mark that drops its oldest would take
 * twice its memory otherwise.
 */
static int make_room(hki_buffer *buffer, size_t extra)
{
	if (buffer->capacity - buffer->length < extra &&
	    buffer->start >= buffer->length / 4)
		hki_buffer_compact(buffer);
	return hki_buffer_reserve(buffer, extra);
}

/* The message's bytes are in place: count it. */
static int count(hki_output *output, size_t size, size_t total, uint32_t flags)
{
	uint32_t word = (uint32_t) size | flags;
	int r = make_room(&output->sizes, sizeof(word));

	if (r < 0)
		return r;
	memcpy(output->sizes.data + output->sizes.length, &word, sizeof(word));
	hki_buffer_commit(&output->sizes, sizeof(word));
	hki_buffer_commit(&output->bytes, size);
	output->queued += total;
	output->messages += (flags & HKI_OUTPUT_CONTROL) == 0;
	return 0;
}

static char *write_parts(char *to, const struct iovec *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (parts[i].iov_len > 0)
			memcpy(to, parts[i].iov_base, parts[i].iov_len);
		to += parts[i].iov_len;
	}
	return to;
}

int hki_output_add(hki_output *output, uint32_t framing, const struct iovec *parts,
    size_t part_count, size_t length, uint32_t flags)
{
	size_t head = hki_frame_head_length(framing);
	size_t tail = hki_frame_tail_length(framing);
	size_t size = head + length + tail;
	char *to;
	int r = make_room(&output->bytes, size);

	if (r < 0)
		return r;
	to = output->bytes.data + output->bytes.length;
	hki_frame_head_write(framing, to, (uint32_t) length);
	to = write_parts(to + head, parts, part_count);
	if (tail > 0)
		*to = '\n';
	return count(output, size, size, flags);
}

static int add_extra(hki_output *output, const hki_output_extra *extra, size_t size)
{
	int r = hki_buffer_append(&output->extras, extra, sizeof(*extra));

	if (r < 0)
		return r;
	r = count(output, size, size + extra->length, HKI_OUTPUT_EXTRA);
	if (r < 0)
		hki_buffer_truncate(
		    &output->extras, output->extras.length - sizeof(*extra));
	return r;
}

int hki_output_add_payload(hki_output *output, uint32_t framing, hk_ipc_payload *payload)
{
	struct iovec whole = { .iov_base = payload->data, .iov_len = payload->length };
	hki_output_extra extra = { .payload = payload,
		.length = payload->length + hki_frame_tail_length(framing) };
	size_t head = hki_frame_head_length(framing);
	int r;

	if (payload->length <= COPIED_MAX)
		return hki_output_add(output, framing, &whole, 1, payload->length, 0);
	r = make_room(&output->bytes, head);
	if (r < 0)
		return r;
	hki_frame_head_write(framing, output->bytes.data + output->bytes.length,
	    (uint32_t) payload->length);
	r = add_extra(output, &extra, head);
	if (r == 0)
		(void) hki_ipc_payload_ref(payload);
	return r;
}

int hki_output_add_descriptors(hki_output *output, uint32_t framing, const void *data,
    size_t length, int *descriptors, size_t descriptor_count)
{
	hki_output_extra extra = { .descriptors = descriptors,
		.descriptor_count = descriptor_count };
	size_t head = hki_frame_head_length(framing);
	size_t tail = hki_frame_tail_length(framing);
	char *to;
	int r = make_room(&output->bytes, head + length + tail);

	if (r < 0)
		return r;
	to = output->bytes.data + output->bytes.length;
	hki_frame_head_write(framing, to, (uint32_t) length);
	if (length > 0)
		memcpy(to + head, data, length);
	if (tail > 0)
		to[head + length] = '\n';
	return add_extra(output, &extra, head + length + tail);
}

int hki_output_add_rest(
    hki_output *output, const struct iovec *parts, size_t part_count, size_t sent)
{
	size_t total = 0;
	size_t skip = sent;
	uint32_t word;
	int r;

	hki_assert(hki_output_empty(output));
	for (size_t i = 0; i < part_count; i++)
		total += parts[i].iov_len;
	word = (uint32_t) total;
	if ((r = hki_buffer_reserve(&output->bytes, total - sent)) < 0 ||
	    (r = hki_buffer_append(&output->sizes, &word, sizeof(word))) < 0)
		return r;
	for (size_t i = 0; i < part_count; i++) {
		size_t left = parts[i].iov_len > skip ? parts[i].iov_len - skip : 0;

		(void) hki_buffer_append(&output->bytes,
		    (const char *) parts[i].iov_base + (parts[i].iov_len - left), left);
		skip -= parts[i].iov_len - left;
	}
	output->queued = total - sent;
	output->messages = 1;
	output->sent = sent;
	output->cut = sent;
	return 0;
}

/* ---- leaving ---- */

/* Lengthen the last piece if these bytes follow it in memory, or begin another. */
static size_t add_piece(
    struct iovec *pieces, size_t count, size_t max, const char *from, size_t length)
{
	if (length == 0)
		return count;
	if (count > 0 &&
	    (const char *) pieces[count - 1].iov_base + pieces[count - 1].iov_len ==
		from) {
		pieces[count - 1].iov_len += length;
		return count;
	}
	if (count == max)
		return count;
	pieces[count].iov_base = (void *) (uintptr_t) from;
	pieces[count].iov_len = length;
	return count + 1;
}

size_t hki_output_pieces(hki_output *output, struct iovec *pieces, size_t max,
    const hki_output_extra **out_extra)
{
	size_t messages = output->sizes.length / sizeof(uint32_t);
	size_t skip = output->sent - output->cut; /* of the first message's kept bytes */
	const char *at = output->bytes.data;
	size_t extras = 0;
	size_t count = 0;

	*out_extra = NULL;
	if (output->extras.length == 0)
		return add_piece(pieces, 0, max, at + skip, output->bytes.length - skip);
	for (size_t i = 0; i < messages && count + 2 <= max; i++) {
		uint32_t word = word_at(output, i);
		size_t size = (word & HKI_OUTPUT_SIZE) - (i == 0 ? output->cut : 0);
		size_t first = skip < size ? skip : size;
		const hki_output_extra *extra =
		    (word & HKI_OUTPUT_EXTRA) != 0 ? extra_at(output, extras++) : NULL;
		bool descriptors = extra != NULL && extra->descriptors != NULL;

		if (descriptors && i > 0)
			break; /* descriptors begin a system call of their own */
		count = add_piece(pieces, count, max, at + first, size - first);
		if (extra != NULL && extra->payload != NULL)
			count = add_piece(pieces, count, max,
			    extra->payload->data + (skip - first),
			    extra->length - (skip - first));
		at += size;
		skip = 0;
		if (descriptors) { /* … and end it */
			if (output->sent == 0)
				*out_extra = extra;
			break;
		}
	}
	return count;
}

static void remove_first_extra(hki_output *output)
{
	release_extra(extra_at(output, 0));
	hki_buffer_consume(&output->extras, sizeof(hki_output_extra));
}

/* The bytes of the first message, payload included, and in `bytes` alone. */
static size_t first_total(const hki_output *output, uint32_t word)
{
	size_t size = word & HKI_OUTPUT_SIZE;

	return (word & HKI_OUTPUT_EXTRA) != 0 ? size + extra_at(output, 0)->length : size;
}

/* The first message is through. */
static void remove_first(hki_output *output, uint32_t word)
{
	hki_buffer_consume(&output->bytes, (word & HKI_OUTPUT_SIZE) - output->cut);
	hki_buffer_consume(&output->sizes, sizeof(word));
	output->cut = 0;
	if ((word & HKI_OUTPUT_EXTRA) != 0)
		remove_first_extra(output);
	output->messages -= (word & HKI_OUTPUT_CONTROL) == 0;
}

/* All that are through, where none has a payload or descriptors. */
static void remove_plain(hki_output *output)
{
	size_t words = output->sizes.length / sizeof(uint32_t);
	size_t bytes = 0;
	size_t gone = 0;

	while (gone < words) {
		uint32_t word = word_at(output, gone);
		size_t size = word & HKI_OUTPUT_SIZE;

		if (output->sent < size)
			break;
		output->sent -= size;
		bytes += size - output->cut;
		output->cut = 0;
		output->messages -= (word & HKI_OUTPUT_CONTROL) == 0;
		gone++;
	}
	hki_buffer_consume(&output->bytes, bytes);
	hki_buffer_consume(&output->sizes, gone * sizeof(uint32_t));
}

size_t hki_output_advance(hki_output *output, size_t length)
{
	size_t before = output->messages;

	hki_assert(length <= output->queued);
	output->queued -= length;
	if (output->queued == 0 && output->extras.length == 0) { /* the common case */
		hki_buffer_truncate(&output->bytes, 0);
		hki_buffer_truncate(&output->sizes, 0);
		output->messages = 0;
		output->sent = 0;
		output->cut = 0;
		return before;
	}
	output->sent += length;
	while (output->extras.length > 0) {
		uint32_t word = word_at(output, 0);
		size_t total = first_total(output, word);

		if (output->sent < total)
			break;
		output->sent -= total;
		remove_first(output, word);
	}
	if (output->extras.length == 0)
		remove_plain(output);
	return before - output->messages;
}

void hki_output_restart(hki_output *output)
{
	hki_assert(output->cut == 0);
	output->queued += output->sent;
	output->sent = 0;
}

/* ---- dropping ---- */

/* Take the second message out, by moving the first over it. */
static void drop_second(hki_output *output, uint32_t first, uint32_t second)
{
	size_t kept = (first & HKI_OUTPUT_SIZE) - output->cut;
	size_t size = second & HKI_OUTPUT_SIZE;

	if (kept > 0)
		memmove(output->bytes.data + size, output->bytes.data, kept);
	hki_buffer_consume(&output->bytes, size);
	memcpy(output->sizes.data + sizeof(first), &first, sizeof(first));
	hki_buffer_consume(&output->sizes, sizeof(first));
	if ((second & HKI_OUTPUT_EXTRA) == 0)
		return;
	if ((first & HKI_OUTPUT_EXTRA) != 0) { /* the first one's extra stays in front */
		hki_output_extra kept_extra = *extra_at(output, 0);

		*extra_at(output, 0) = *extra_at(output, 1);
		*extra_at(output, 1) = kept_extra;
	}
	remove_first_extra(output);
}

bool hki_output_drop_oldest(hki_output *output)
{
	size_t count = output->sizes.length / sizeof(uint32_t);
	size_t index = output->sent > 0 ? 1 : 0;
	uint32_t first;
	uint32_t second;
	size_t extra;

	if (count <= index)
		return false;
	first = word_at(output, 0);
	if (index == 0) {
		output->queued -= first_total(output, first);
		remove_first(output, first);
		return true;
	}
	second = word_at(output, 1);
	extra = (first & HKI_OUTPUT_EXTRA) != 0 ? 1 : 0;
	output->queued -= second & HKI_OUTPUT_SIZE;
	if ((second & HKI_OUTPUT_EXTRA) != 0)
		output->queued -= extra_at(output, extra)->length;
	output->messages -= (second & HKI_OUTPUT_CONTROL) == 0;
	drop_second(output, first, second);
	return true;
}
