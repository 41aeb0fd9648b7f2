#ifndef HOSTKIT_ALLOCATOR_H
#define HOSTKIT_ALLOCATOR_H

#include <stddef.h>
#include <hostkit/base.h>

HK_BEGIN

/*
 * The allocator
 *
 * Everything hostkit puts on the heap goes through one hook, libc's by default.
 * A program that counts, limits or poisons memory sets its own, once, before
 * anything else of the library is called.  It is the only process-wide setting
 * there is.
 */
typedef struct hk_allocator {
	size_t size; /* set by HK_ALLOCATOR_INIT */
	/* As realloc(): @block NULL allocates; NULL returned means no memory. @bytes >
	 * 0. */
	void *(*reallocate)(void *block, size_t bytes, void *user);
	/* As free(): @block is never NULL. */
	void (*release)(void *block, void *user);
	void *user; /* handed to both */
} hk_allocator;

/* clang-format off */
#define HK_ALLOCATOR_INIT { .size = sizeof(hk_allocator) }
/* clang-format on */

/*
 * Use @allocator from now on; NULL returns to libc's.  Copied.  Blocks must be
 * released by the allocator they came from, so call this while hostkit holds
 * none.  Not safe while another thread is inside the library.
 *
 * Returns 0, or -EINVAL if a function is missing.
 */
HK_API HK_MUST_USE int hk_allocator_set(const hk_allocator *allocator);

/* Release a block that a function of hostkit gave as Owned.  NULL is fine.  Any
 * thread. */
HK_API void hk_free(void *block);

HK_END

#endif /* HOSTKIT_ALLOCATOR_H */
