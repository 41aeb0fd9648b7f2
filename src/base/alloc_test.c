#include "base/alloc.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "base/torture.h"

typedef struct hook_calls {
	int reallocations;
	int releases;
	size_t last_bytes;
} hook_calls;

static void *hook_reallocate(void *block, size_t bytes, void *user)
{
	hook_calls *calls = user;

	calls->reallocations++;
	calls->last_bytes = bytes;
	return realloc(block, bytes);
}

static void hook_release(void *block, void *user)
{
	hook_calls *calls = user;

	calls->releases++;
	free(block);
}

static void every_block_passes_the_hook(void **state)
{
	hook_calls calls = { 0, 0, 0 };
	hk_allocator allocator = HK_ALLOCATOR_INIT;
	void *block;

	(void) state;
	allocator.reallocate = hook_reallocate;
	allocator.release = hook_release;
	allocator.user = &calls;
	assert_int_equal(0, hk_allocator_set(&allocator));
	block = hki_alloc(10);
	assert_int_equal(10, calls.last_bytes);
	block = hki_realloc_array(block, 3, 7);
	assert_int_equal(21, calls.last_bytes);
	hki_free(block);
	hki_free(NULL);
	hki_free(hki_alloc(0));
	assert_int_equal(1, calls.last_bytes);
	hk_free(hki_strdup("x"));
	assert_int_equal(0, hk_allocator_set(NULL));
	hki_free(hki_alloc(1));

	assert_int_equal(4, calls.reallocations);
	assert_int_equal(3, calls.releases);
}

static void an_incomplete_allocator_is_refused(void **state)
{
	hk_allocator allocator = HK_ALLOCATOR_INIT;

	(void) state;
	assert_int_equal(-EINVAL, hk_allocator_set(&allocator));
	allocator.reallocate = hook_reallocate;
	assert_int_equal(-EINVAL, hk_allocator_set(&allocator));
	allocator.release = hook_release;
	allocator.size = 1;
	assert_int_equal(-EINVAL, hk_allocator_set(&allocator));
}

static void a_size_of_zero_is_a_block_of_its_own(void **state)
{
	hki_cleanup(hki_freep) void *one = hki_alloc(0);
	hki_cleanup(hki_freep) void *other = hki_zalloc_array(0, 8);

	(void) state;
	assert_non_null(one);
	assert_non_null(other);
	assert_ptr_not_equal(one, other);
}

static void products_that_overflow_are_no_memory(void **state)
{
	size_t half = SIZE_MAX / 2 + 1;

	(void) state;
	assert_null(hki_alloc_array(half, 2));
	assert_null(hki_zalloc_array(2, half));
	assert_null(hki_realloc_array(NULL, half, 2));
}

static void zeroed_memory_is_zero(void **state)
{
	hki_cleanup(hki_freep) unsigned char *block = hki_alloc(4096);

	(void) state;
	assert_non_null(block);
	memset(block, 0xff, 4096);
	hki_free(hki_take(block));
	block = hki_zalloc_array(64, 64);
	assert_non_null(block);
	for (int i = 0; i < 4096; i++)
		assert_int_equal(0, block[i]);
}

static void copies_end_where_they_should(void **state)
{
	const char unterminated[3] = { 'a', 'b', 'c' };
	hki_cleanup(hki_freep) char *all = hki_strdup("hello");
	hki_cleanup(hki_freep) char *part = hki_strndup("hello", 2);
	hki_cleanup(hki_freep) char *beyond = hki_strndup("hello", SIZE_MAX);
	hki_cleanup(hki_freep) char *bytes = hki_strndup(unterminated, 3);
	hki_cleanup(hki_freep) void *same = hki_memdup("a\0b", 3);

	(void) state;
	assert_string_equal("hello", all);
	assert_string_equal("he", part);
	assert_string_equal("hello", beyond);
	assert_string_equal("abc", bytes);
	assert_memory_equal("a\0b", same, 3);
}

static void formatted_text_has_any_length(void **state)
{
	hki_cleanup(hki_freep) char *text = hki_format("%s-%d", "x", -7);
	hki_cleanup(hki_freep) char *empty = hki_format("%s", "");
	hki_cleanup(hki_freep) char *wide = hki_format("%*d", 100000, 1);

	(void) state;
	assert_string_equal("x--7", text);
	assert_string_equal("", empty);
	assert_int_equal(100000, strlen(wide));
}

static int duplicate_twice(void *user)
{
	hki_cleanup(hki_freep) char *one = hki_strdup(user);
	hki_cleanup(hki_freep) char *two = NULL;

	if (one == NULL)
		return -ENOMEM;
	two = hki_format("%s%s", one, one);
	return two != NULL ? 0 : -ENOMEM;
}

static void torture_fails_each_allocation_in_turn(void **state)
{
	char text[] = "text";

	(void) state;
	assert_int_equal(2, hki_torture(duplicate_twice, text));
}

static void watching_counts_live_blocks(void **state)
{
	void *one;
	void *two;

	(void) state;
	hki_torture_watch();
	one = hki_alloc(1);
	two = hki_alloc(1);
	assert_int_equal(2, hki_torture_live_blocks());
	one = hki_realloc(one, 1000);
	assert_int_equal(2, hki_torture_live_blocks());
	hki_free(one);
	hki_free(two);
	assert_int_equal(0, hki_torture_live_blocks());
	hki_torture_unwatch();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_passes_the_hook),
		cmocka_unit_test(an_incomplete_allocator_is_refused),
		cmocka_unit_test(a_size_of_zero_is_a_block_of_its_own),
		cmocka_unit_test(products_that_overflow_are_no_memory),
		cmocka_unit_test(zeroed_memory_is_zero),
		cmocka_unit_test(copies_end_where_they_should),
		cmocka_unit_test(formatted_text_has_any_length),
		cmocka_unit_test(torture_fails_each_allocation_in_turn),
		cmocka_unit_test(watching_counts_live_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
