/*
 * A libc that does not count its heap, such as musl: absent, not zero.
 */
#include "system/self_heap.h"

bool hki_heap_read(hki_heap *out)
{
	(void) out;
	return false;
}
