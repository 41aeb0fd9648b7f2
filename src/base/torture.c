/*
 * A counting allocator that can be told to fail one allocation.  Counters are
 * atomic, because scenarios may start threads.
 */
#include "base/torture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <hostkit/allocator.h>
#include <hostkit/error.h>

static atomic_size_t live_blocks;
static atomic_size_t allocations;
static atomic_size_t failing; /* the number of the allocation that fails; 0: none */

static void *counting_reallocate(void *block, size_t bytes, void *user)
{
	void *result;

	(void) user;
	if (atomic_fetch_add(&allocations, 1) + 1 == atomic_load(&failing))
		return NULL;
	result = realloc(block, bytes);
	if (block == NULL && result != NULL)
		atomic_fetch_add(&live_blocks, 1);
	return result;
}

static void counting_release(void *block, void *user)
{
	(void) user;
	atomic_fetch_sub(&live_blocks, 1);
	free(block);
}

static void watch_failing(size_t number)
{
	hk_allocator allocator = HK_ALLOCATOR_INIT;

	allocator.reallocate = counting_reallocate;
	allocator.release = counting_release;
	atomic_store(&live_blocks, 0);
	atomic_store(&allocations, 0);
	atomic_store(&failing, number);
	assert_int_equal(0, hk_allocator_set(&allocator));
}

void hki_torture_watch(void)
{
	watch_failing(0);
}

void hki_torture_unwatch(void)
{
	assert_int_equal(0, hk_allocator_set(NULL));
}

size_t hki_torture_live_blocks(void)
{
	return atomic_load(&live_blocks);
}

static void check(size_t number, bool failed, int result)
{
	if (hki_torture_live_blocks() != 0)
		fail_msg("allocation %zu failing: %zu blocks left", number,
		    hki_torture_live_blocks());
	if (result > 0)
		fail_msg("allocation %zu failing: the scenario returned %d, neither 0 "
			 "nor an error",
		    number, result);
	if (!failed && result != 0)
		fail_msg("no allocation failed, yet the scenario returned %s",
		    hk_error_name(result));
}

size_t hki_torture(int (*scenario)(void *user), void *user)
{
	for (size_t number = 1;; number++) {
		size_t made;
		int result;

		watch_failing(number);
		result = scenario(user);
		made = atomic_load(&allocations);
		hki_torture_unwatch();
		check(number, made >= number, result);
		if (made < number)
			return made;
	}
}
