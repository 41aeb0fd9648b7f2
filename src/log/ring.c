#include "log/ring.h"

#include <errno.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/alloc.h"

/*
 * A ring that cycled through all of its memory would touch every page even
 * when a few bytes are in it at a time.  Running empty therefore goes back to
 * the start, and a block that had to grow is released.
 */

#define SMALLEST 1024
/* A block up to this size is kept for the next line; a larger one is for a jam.
 * Beyond it the block for the whole limit is taken at once: pages not written to
 * cost nothing, and growing step by step would leave the steps behind. */
#define KEPT ((size_t) 16 * 1024)

void hki_ring_init(hki_ring *ring, size_t limit)
{
	memset(ring, 0, sizeof(*ring));
	ring->limit = limit;
}

void hki_ring_deinit(hki_ring *ring)
{
	hki_free(ring->data);
	ring->data = NULL;
	ring->capacity = ring->start = ring->length = 0;
}

size_t hki_ring_room(const hki_ring *ring)
{
	return ring->length < ring->limit ? ring->limit - ring->length : 0;
}

/* The stretch of memory that holds the bytes from @offset on, up to where it wraps. */
static const char *stretch(const hki_ring *ring, size_t offset, size_t *length)
{
	size_t at = ring->start + offset;
	size_t left = ring->length - offset;

	if (at >= ring->capacity)
		at -= ring->capacity;
	*length = left < ring->capacity - at ? left : ring->capacity - at;
	return ring->data + at;
}

size_t hki_ring_copy(const hki_ring *ring, size_t offset, void *out, size_t length)
{
	size_t copied = 0;

	while (copied < length && offset + copied < ring->length) {
		size_t piece;
		const char *from = stretch(ring, offset + copied, &piece);

		if (piece > length - copied)
			piece = length - copied;
		memcpy((char *) out + copied, from, piece);
		copied += piece;
	}
	return copied;
}

size_t hki_ring_find(const hki_ring *ring, size_t offset, char byte)
{
	while (offset < ring->length) {
		size_t piece;
		const char *from = stretch(ring, offset, &piece);
		const char *found = memchr(from, byte, piece);

		if (found != NULL)
			return offset + (size_t) (found - from);
		offset += piece;
	}
	return ring->length;
}

size_t hki_ring_count(const hki_ring *ring, size_t length, char byte)
{
	size_t count = 0;

	for (size_t at = hki_ring_find(ring, 0, byte); at < length && at < ring->length;
	     at = hki_ring_find(ring, at + 1, byte))
		count++;
	return count;
}

static int grow(hki_ring *ring, size_t wanted)
{
	size_t capacity = ring->capacity > 0 ? ring->capacity : SMALLEST;
	char *data;

	if (wanted <= ring->capacity)
		return 0;
	while (capacity < wanted)
		capacity *= 2;
	if (capacity > KEPT || capacity > ring->limit)
		capacity = ring->limit;
	data = hki_alloc(capacity);
	if (data == NULL)
		return -ENOMEM;
	(void) hki_ring_copy(ring, 0, data, ring->length);
	hki_free(ring->data);
	ring->data = data;
	ring->capacity = capacity;
	ring->start = 0;
	return 0;
}

static void put(hki_ring *ring, const char *bytes, size_t length)
{
	size_t at = (ring->start + ring->length) % ring->capacity;
	size_t first = length < ring->capacity - at ? length : ring->capacity - at;

	memcpy(ring->data + at, bytes, first);
	memcpy(ring->data, bytes + first, length - first);
	ring->length += length;
}

int hki_ring_append(hki_ring *ring, const void *bytes, size_t length)
{
	int r;

	if (length == 0)
		return 0;
	if (length > hki_ring_room(ring))
		return HK_ELIMIT;
	r = grow(ring, ring->length + length);
	if (r < 0)
		return r;
	put(ring, bytes, length);
	return 0;
}

void hki_ring_append_newest(hki_ring *ring, const void *bytes, size_t length)
{
	const char *from = bytes;
	size_t most;

	if (length > ring->limit) {
		from += length - ring->limit;
		length = ring->limit;
	}
	/* Without memory to grow, what there is goes on being used. */
	if (ring->length + length <= ring->limit)
		(void) grow(ring, ring->length + length);
	else
		(void) grow(ring, ring->limit);
	most = ring->capacity;
	if (most == 0 || length == 0)
		return;
	if (length > most) {
		from += length - most;
		length = most;
	}
	if (ring->length + length > most) {
		size_t excess = ring->length + length - most;

		ring->start = (ring->start + excess) % ring->capacity;
		ring->length -= excess;
	}
	put(ring, from, length);
}

void hki_ring_drop(hki_ring *ring, size_t length)
{
	if (length < ring->length) {
		ring->start = (ring->start + length) % ring->capacity;
		ring->length -= length;
		return;
	}
	ring->start = ring->length = 0;
	if (ring->capacity > KEPT)
		hki_ring_deinit(ring);
}
