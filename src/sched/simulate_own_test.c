/*
 * What users and machines bring: a policy of their own, and no memory.
 */
#include "sched/simulate_fixture.h"

#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/allocator.h>
#include "base/torture.h"

/* ---- a policy of the user's own ---- */

typedef struct last_first {
	hk_sched_job *jobs[16];
	size_t count;
	bool keeps; /* gives nothing back */
} last_first;

static bool own_keeps;

static int own_create(void **out, const hk_sched_policy_opts *opts)
{
	last_first *own = calloc(1, sizeof(*own));

	(void) opts;
	assert_non_null(own);
	own->keeps = own_keeps;
	*out = own;
	return 0;
}

static int own_reserve(void *state, size_t jobs)
{
	(void) state;
	return jobs <= 16 ? 0 : -ENOMEM;
}

static void own_ready(void *state, hk_sched_job *job, hk_sched_reason reason, int64_t now)
{
	last_first *own = state;

	(void) reason;
	(void) now;
	own->jobs[own->count++] = job;
}

static hk_sched_job *own_pick(void *state, int64_t now)
{
	last_first *own = state;

	(void) now;
	return own->count == 0 || own->keeps ? NULL : own->jobs[--own->count];
}

static void own_remove(void *state, hk_sched_job *job, int64_t now)
{
	(void) state;
	(void) job;
	(void) now;
}

static const hk_sched_policy own_policy = {
	.size = sizeof(hk_sched_policy),
	.name = "last-first",
	.title = "last come, first served",
	.help = "a stack",
	.create = own_create,
	.destroy = free,
	.reserve = own_reserve,
	.ready = own_ready,
	.pick = own_pick,
	.remove = own_remove,
};

static void users_bring_policies_of_their_own(void **state)
{
	hk_sched_workload *workload = new_workload();
	hk_sched_result *result;
	hk_error_list *errors;

	(void) state;
	add(workload, 0, 10);
	add(workload, 1, 10);
	add(workload, 2, 10);
	own_keeps = false;
	assert_int_equal(
	    0, hk_sched_simulate(&result, workload, &own_policy, NULL, NULL));
	assert_int_equal(10, row_of(result, 0).end);
	assert_int_equal(30, row_of(result, 1).end);
	assert_int_equal(20, row_of(result, 2).end);
	hk_sched_result_free(result);

	/* One that never gives a job back does not hang us. */
	own_keeps = true;
	assert_int_equal(0, hk_error_list_new(&errors));
	assert_int_equal(
	    -EPROTO, hk_sched_simulate(&result, workload, &own_policy, NULL, errors));
	assert_non_null(strstr(hk_error_list_get(errors, 0)->text, "last-first"));
	hk_error_list_free(errors);
	hk_sched_workload_free(workload);
}

/* ---- no memory ---- */

static int simulate_everything(void *user)
{
	const hk_sched_workload *workload = user;
	hk_sched_policy_opts policy_opts = HK_SCHED_POLICY_OPTS_INIT;
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	static const int64_t quanta[] = { 1, 2 };
	const hk_sched_policy *policy;

	policy_opts.quanta = quanta;
	policy_opts.quanta_count = 2;
	opts.policy = &policy_opts;
	opts.cpus = 2;
	opts.slices = 1;
	for (size_t i = 0; (policy = hk_sched_policy_at(i)) != NULL; i++) {
		hk_sched_result *result;
		char *text;
		int r = hk_sched_simulate(&result, workload, policy, &opts, NULL);

		if (r < 0)
			return r;
		r = hk_sched_gantt_text(&text, result, 80);
		if (r == 0) {
			hk_free(text);
			r = hk_sched_gantt_svg(&text, result, "torture");
		}
		hk_sched_result_free(result);
		if (r < 0)
			return r;
		hk_free(text);
	}
	return 0;
}

static void every_allocation_may_fail(void **state)
{
	hk_sched_workload *workload = new_workload();
	hk_sched_task task = HK_SCHED_TASK_INIT;
	hk_sched_io io = { 2, 3 };
	hk_sched_dependency on = { .id = "T1" };

	(void) state;
	task.burst = 5;
	task.io = &io;
	task.io_count = 1;
	for (int i = 0; i < 4; i++)
		assert_true(hk_sched_workload_add(workload, &task) >= 0);
	task.depends_on = &on;
	task.depends_on_count = 1;
	assert_true(hk_sched_workload_add(workload, &task) >= 0);
	assert_true(hki_torture(simulate_everything, workload) > 15);
	hk_sched_workload_free(workload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_bring_policies_of_their_own),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
