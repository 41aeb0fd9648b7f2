#ifndef HKI_SYSTEM_SELF_HEAP_H
#define HKI_SYSTEM_SELF_HEAP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct hki_heap {
	uint64_t total_bytes;
	uint64_t used_bytes;
	uint64_t mapped_bytes;
} hki_heap;

/* What malloc(3) of this process holds.  False where libc cannot say: Meson chooses
 * between self_heap_mallinfo.c and self_heap_none.c. */
bool hki_heap_read(hki_heap *out);

#endif /* HKI_SYSTEM_SELF_HEAP_H */
