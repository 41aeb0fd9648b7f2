#ifndef HKI_SYSTEM_HISTORY_TEST_H
#define HKI_SYSTEM_HISTORY_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <hostkit/system_history.h>

/* What the tests of histories share: to make one, and to give it a sample. */

/* A history of rows of @type with these limits; 0: the default.  Owned. */
static inline hk_system_history *make_history(
    const hk_record_type *type, uint64_t age_ns, uint64_t bytes, uint64_t samples)
{
	hk_system_history_opts opts = HK_SYSTEM_HISTORY_OPTS_INIT;
	hk_system_history *history = NULL;

	opts.type = type;
	opts.age_max_ns = age_ns;
	opts.bytes_max = bytes;
	opts.samples_max = samples;
	assert_int_equal(hk_system_history_new(&history, &opts), 0);
	return history;
}

/* A sample of one row, whose key is 1.  0, or what refused it. */
static inline int add_one(hk_system_history *history, uint64_t time_ns, const void *row)
{
	int r = hk_system_history_begin(history, time_ns, time_ns);

	if (r == 0)
		r = hk_system_history_add(history, 1, 0, row);
	return r == 0 ? hk_system_history_end(history) : r;
}

#endif /* HKI_SYSTEM_HISTORY_TEST_H */
