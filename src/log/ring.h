#ifndef HKI_LOG_RING_H
#define HKI_LOG_RING_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A queue of bytes with a limit.  It takes memory as it fills and gives it back
 * when it runs empty.
 */
typedef struct hki_ring {
	char *data;
	size_t capacity;
	size_t start; /* of the oldest byte in data */
	size_t length;
	size_t limit;
} hki_ring;

void hki_ring_init(hki_ring *ring, size_t limit);
void hki_ring_deinit(hki_ring *ring);

/* Room below the limit. */
size_t hki_ring_room(const hki_ring *ring);

/* Append all of it, or nothing: 0, HK_ELIMIT beyond the limit, -ENOMEM. */
int hki_ring_append(hki_ring *ring, const void *bytes, size_t length);

/* Append, dropping the oldest bytes for it; of more than the limit only the end is kept. */
void hki_ring_append_newest(hki_ring *ring, const void *bytes, size_t length);

/* Copy up to @length bytes from @offset on.  Returns how many there were. */
size_t hki_ring_copy(const hki_ring *ring, size_t offset, void *out, size_t length);

/* Where @byte comes first at or behind @offset, or length if it does not. */
size_t hki_ring_find(const hki_ring *ring, size_t offset, char byte);

/* How often @byte comes in the first @length bytes. */
size_t hki_ring_count(const hki_ring *ring, size_t length, char byte);

/* Forget the oldest @length bytes. */
void hki_ring_drop(hki_ring *ring, size_t length);

#endif /* HKI_LOG_RING_H */
