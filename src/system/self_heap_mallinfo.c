/*
 * The heap as mallinfo2(3) of glibc counts it: all arenas, and the blocks that are
 * too large for them.  Where another allocator stands in for glibc's (a preloaded one,
 * a sanitizer, Valgrind) glibc counts nothing, which is no heap of 0 bytes.
 */
#include "system/self_heap.h"

#include <malloc.h>

bool hki_heap_read(hki_heap *out)
{
	struct mallinfo2 heap = mallinfo2();

	out->total_bytes = heap.arena + heap.hblkhd;
	out->used_bytes = heap.uordblks + heap.hblkhd;
	out->mapped_bytes = heap.hblkhd;
	return out->total_bytes > 0;
}
