/*
 * Bytes are consumed by moving `data` forward, so taking a line off the front
 * costs nothing.  The gap is reclaimed by moving the rest down, but only when
 * the gap is at least as large as the rest: then every byte moved was paid for
 * by a byte consumed, and any sequence of calls stays linear.  Otherwise the
 * block grows by half.
 */
#include "base/buffer.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/alloc.h"
#include "base/assert.h"

/* Smaller blocks are not worth a second allocation. */
#define CAPACITY_MIN 63

static char *block_of(const hki_buffer *buffer)
{
	return buffer->data == NULL ? NULL : buffer->data - buffer->start;
}

/* Move the content to the beginning of its block. */
static void close_gap(hki_buffer *buffer)
{
	char *block = block_of(buffer);

	if (buffer->start == 0)
		return;
	memmove(block, buffer->data, buffer->length + 1);
	buffer->capacity += buffer->start;
	buffer->start = 0;
	buffer->data = block;
}

static size_t grown_capacity(size_t wanted)
{
	size_t roomy;

	if (wanted < CAPACITY_MIN)
		return CAPACITY_MIN;
	if (__builtin_add_overflow(wanted, wanted / 2, &roomy) || roomy == SIZE_MAX)
		return wanted;
	return roomy;
}

/* A block without a gap may be grown in place by the allocator. */
static int grow(hki_buffer *buffer, size_t wanted)
{
	size_t capacity = grown_capacity(wanted);
	char *block;

	if (buffer->start == 0) {
		block = hki_realloc(buffer->data, capacity + 1);
		if (block == NULL)
			return -ENOMEM;
	} else {
		block = hki_alloc(capacity + 1);
		if (block == NULL)
			return -ENOMEM;
		memcpy(block, buffer->data, buffer->length);
		hki_free(block_of(buffer));
	}
	block[buffer->length] = '\0';
	buffer->data = block;
	buffer->capacity = capacity;
	buffer->start = 0;
	return 0;
}

void hki_buffer_deinit(hki_buffer *buffer)
{
	if (buffer == NULL)
		return;
	hki_free(block_of(buffer));
	*buffer = (hki_buffer) HKI_BUFFER_INIT;
}

int hki_buffer_reserve(hki_buffer *buffer, size_t extra)
{
	size_t wanted;

	if (buffer->data != NULL && extra <= buffer->capacity - buffer->length)
		return 0;
	if (__builtin_add_overflow(buffer->length, extra, &wanted) || wanted == SIZE_MAX)
		return -ENOMEM;
	if (buffer->data != NULL && buffer->start >= buffer->length &&
	    wanted <= buffer->start + buffer->capacity) {
		close_gap(buffer);
		return 0;
	}
	return grow(buffer, wanted);
}

void hki_buffer_commit(hki_buffer *buffer, size_t length)
{
	if (length == 0)
		return;
	hki_assert(length <= buffer->capacity - buffer->length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

int hki_buffer_append(hki_buffer *buffer, const void *bytes, size_t length)
{
	int r = hki_buffer_reserve(buffer, length);

	if (r < 0)
		return r;
	if (length > 0)
		memcpy(buffer->data + buffer->length, bytes, length);
	hki_buffer_commit(buffer, length);
	return 0;
}

int hki_buffer_append_text(hki_buffer *buffer, const char *text)
{
	return hki_buffer_append(buffer, text, strlen(text));
}

int hki_buffer_append_char(hki_buffer *buffer, char byte)
{
	return hki_buffer_append(buffer, &byte, 1);
}

int hki_buffer_append_format(hki_buffer *buffer, const char *format, ...)
{
	va_list arguments;
	int r;

	va_start(arguments, format);
	r = hki_buffer_append_format_list(buffer, format, arguments);
	va_end(arguments);
	return r;
}

int hki_buffer_append_format_list(
    hki_buffer *buffer, const char *format, va_list arguments)
{
	va_list again;
	int length;
	int r;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		return -EINVAL;
	r = hki_buffer_reserve(buffer, (size_t) length);
	if (r < 0)
		return r;
	vsnprintf(buffer->data + buffer->length, (size_t) length + 1, format, arguments);
	hki_buffer_commit(buffer, (size_t) length);
	return 0;
}

void hki_buffer_consume(hki_buffer *buffer, size_t length)
{
	hki_assert(length <= buffer->length);
	if (length == 0)
		return;
	buffer->data += length;
	buffer->start += length;
	buffer->length -= length;
	buffer->capacity -= length;
	if (buffer->length == 0)
		close_gap(buffer);
}

void hki_buffer_compact(hki_buffer *buffer)
{
	if (buffer->data != NULL)
		close_gap(buffer);
}

void hki_buffer_truncate(hki_buffer *buffer, size_t length)
{
	if (length >= buffer->length)
		return;
	buffer->length = length;
	buffer->data[length] = '\0';
	if (length == 0)
		close_gap(buffer);
}

char *hki_buffer_take(hki_buffer *buffer)
{
	char *text;
	char *shorter;

	if (buffer->data == NULL)
		return hki_strdup("");
	close_gap(buffer);
	text = buffer->data;
	/* The room for growth is not needed any more; without memory to shrink, keep it. */
	shorter = hki_realloc(text, buffer->length + 1);
	*buffer = (hki_buffer) HKI_BUFFER_INIT;
	return shorter != NULL ? shorter : text;
}
