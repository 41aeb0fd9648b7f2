#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/torture.h"
#include "loop/offload_core.h"

/* Blocking jobs: each blocks in the read of a pipe until the test lets it go. */

typedef struct scene {
	hk_loop *loop;
	hki_offload *offload;
	int told;   /* callbacks */
	int result; /* of the last */
	int wanted; /* stop after so many */
	atomic_int released;
} scene;

typedef struct gate {
	scene *now;
	int ends[2];
	int answer;
	sem_t inside;     /* posted when the work has begun */
	pthread_t thread; /* it ran on */
	char name;
	char *journal;
} gate;

static int setup(void **state)
{
	scene *now = test_calloc(1, sizeof(*now));

	assert_int_equal(0, hk_loop_new(&now->loop));
	assert_int_equal(0, hki_offload_new(&now->offload, now->loop, 2));
	*state = now;
	return 0;
}

static int teardown(void **state)
{
	scene *now = *state;

	hki_offload_free(now->offload);
	hk_loop_free(now->loop);
	test_free(now);
	return 0;
}

static void open_gate(gate *door, scene *now, int answer)
{
	assert_int_equal(0, pipe(door->ends));
	assert_int_equal(0, sem_init(&door->inside, 0, 0));
	door->now = now;
	door->answer = answer;
}

static unsigned int jobs_at_work(const hki_offload *offload)
{
	return offload->ready_jobs + offload->occupied;
}

static unsigned int threads_counted(const hki_offload *offload)
{
	return offload->counted;
}

static unsigned int under_lock(
    scene *now, unsigned int (*look)(const hki_offload *offload))
{
	unsigned int seen;

	pthread_mutex_lock(&now->offload->lock);
	seen = look(now->offload);
	pthread_mutex_unlock(&now->offload->lock);
	return seen;
}

static void let_go(gate *door)
{
	close(door->ends[1]);
}

static int wait_at_gate(void *user)
{
	gate *door = user;
	char byte;

	door->thread = pthread_self();
	sem_post(&door->inside);
	return read(door->ends[0], &byte, 1) == 0 ? door->answer : -EIO;
}

static void told(hki_offload_job *job, int result, void *user)
{
	scene *now = ((gate *) user)->now;

	(void) job;
	now->result = result;
	if (++now->told == now->wanted)
		hk_loop_stop(now->loop, 0);
}

/* The read end stays open until nobody can be inside the read any more. */
static void release_gate(void *user)
{
	gate *door = user;

	if (door->ends[0] >= 0)
		close(door->ends[0]);
	door->ends[0] = -1;
	atomic_fetch_add(&door->now->released, 1);
}

static int submit(
    hki_offload_job **out, gate *door, const char *resource, uint64_t deadline_ns)
{
	hki_offload_opts opts = { .resource = resource,
		.deadline_ns = deadline_ns,
		.work = wait_at_gate,
		.done = told,
		.free = release_gate,
		.user = door };

	return hki_offload_submit(out, door->now->offload, &opts);
}

/* A job that is stuck for sure: its work has begun when its deadline passes. */
static void submit_stuck(gate *door, const char *resource)
{
	hki_offload_job *job = NULL;

	assert_int_equal(0, submit(&job, door, resource, 3600 * HKI_NS_PER_S));
	assert_int_equal(0, sem_wait(&door->inside));
	hk_timer_set(job->deadline, 0, 0);
}

static void run_until_told(scene *now, int count)
{
	now->wanted = count;
	while (now->told < count)
		assert_int_equal(0, hk_loop_run(now->loop));
}

static void run_until_released(scene *now, int count)
{
	hki_loop_hold(now->loop);
	while (atomic_load(&now->released) < count)
		assert_true(hk_loop_run_once(now->loop, 10) >= 0);
	hki_loop_release(now->loop);
}

static void the_result_of_the_work_is_told_on_the_loop(void **state)
{
	scene *now = *state;
	gate door;

	open_gate(&door, now, 42);
	assert_int_equal(0, submit(NULL, &door, "disk", 0));
	assert_true(hk_loop_alive(now->loop));
	assert_int_equal(0, now->told);
	let_go(&door);
	assert_int_equal(0, hk_loop_run(now->loop));
	assert_int_equal(1, now->told);
	assert_int_equal(42, now->result);
	assert_int_equal(1, atomic_load(&now->released));
	assert_false(pthread_equal(pthread_self(), door.thread));
	assert_int_equal(0, now->offload->resources.count);
}

static void a_deadline_is_told_while_the_call_is_still_stuck(void **state)
{
	scene *now = *state;
	gate stuck;
	gate other;

	open_gate(&stuck, now, 1);
	open_gate(&other, now, 2);
	submit_stuck(&stuck, "mount");
	assert_int_equal(0, hk_loop_run(now->loop));
	assert_int_equal(1, now->told);
	assert_int_equal(-ETIMEDOUT, now->result);
	assert_int_equal(0, atomic_load(&now->released));

	/* The resource is taken for dead until the call comes back. */
	assert_int_equal(-EBUSY, submit(NULL, &other, "mount", 0));
	let_go(&stuck);
	run_until_released(now, 1);
	assert_int_equal(1, now->told);
	assert_int_equal(0, submit(NULL, &other, "mount", 0));
	let_go(&other);
	assert_int_equal(0, hk_loop_run(now->loop));
	assert_int_equal(2, now->told);
	assert_int_equal(2, now->result);
}

static void one_stuck_resource_costs_one_thread(void **state)
{
	scene *now = *state;
	gate doors[3];

	open_gate(&doors[0], now, 0);
	submit_stuck(&doors[0], "mount");
	for (int i = 1; i < 3; i++) {
		open_gate(&doors[i], now, i);
		assert_int_equal(0, submit(NULL, &doors[i], "mount", 0));
	}
	assert_int_equal(0, hk_loop_run(now->loop));
	assert_int_equal(3, now->told);
	assert_int_equal(-EBUSY, now->result);
	assert_int_equal(1, under_lock(now, jobs_at_work));
	assert_int_equal(2, atomic_load(&now->released));
	for (int i = 0; i < 3; i++)
		let_go(&doors[i]);
	run_until_released(now, 3);
}

static void stuck_threads_are_replaced(void **state)
{
	scene *now = *state;
	gate stuck[3];
	gate free_door;
	char name[8];

	/* Three dead resources, and a pool of two threads. */
	for (int i = 0; i < 3; i++) {
		(void) snprintf(name, sizeof(name), "r%d", i);
		open_gate(&stuck[i], now, 0);
		submit_stuck(&stuck[i], name);
		run_until_told(now, i + 1);
	}
	assert_int_equal(-ETIMEDOUT, now->result);
	open_gate(&free_door, now, 5);
	let_go(&free_door);
	assert_int_equal(0, submit(NULL, &free_door, NULL, 0));
	run_until_told(now, 4);
	assert_int_equal(5, now->result);
	for (int i = 0; i < 3; i++)
		let_go(&stuck[i]);
	run_until_released(now, 4);
	assert_true(under_lock(now, threads_counted) <= 2);
}

static void a_queued_job_can_time_out_without_ever_running(void **state)
{
	scene *now = *state;
	gate doors[3];

	for (int i = 0; i < 3; i++) {
		open_gate(&doors[i], now, i);
		doors[i].thread = pthread_self();
	}
	assert_int_equal(0, submit(NULL, &doors[0], NULL, 0));
	assert_int_equal(0, submit(NULL, &doors[1], NULL, 0));
	assert_int_equal(0, sem_wait(&doors[0].inside));
	assert_int_equal(0, sem_wait(&doors[1].inside));
	assert_int_equal(0, submit(NULL, &doors[2], NULL, HKI_NS_PER_MS));
	run_until_told(now, 1);
	assert_int_equal(-ETIMEDOUT, now->result);
	run_until_released(now, 1);
	for (int i = 0; i < 3; i++)
		let_go(&doors[i]);
	run_until_told(now, 3);
	assert_true(pthread_equal(pthread_self(), doors[2].thread));
}

static void cancel_is_told_and_the_thread_written_off(void **state)
{
	scene *now = *state;
	hki_offload_job *job = NULL;
	gate door;

	open_gate(&door, now, 1);
	assert_int_equal(0, submit(&job, &door, NULL, 0));
	assert_int_equal(0, sem_wait(&door.inside));
	hki_offload_cancel(job);
	hki_offload_cancel(job);
	assert_int_equal(0, now->told);
	assert_int_equal(0, hk_loop_run(now->loop));
	assert_int_equal(1, now->told);
	assert_int_equal(-ECANCELED, now->result);
	let_go(&door);
	run_until_released(now, 1);
	assert_int_equal(1, now->told);
}

static void note(hki_offload_job *job, int result, void *user)
{
	gate *door = user;

	(void) job;
	(void) result;
	*door->journal++ = door->name;
}

static void jobs_of_a_resource_run_one_after_the_other(void **state)
{
	enum { JOBS = 20 };
	scene *now = *state;
	gate doors[JOBS];
	char journal[JOBS + 1] = "";

	for (int i = 0; i < JOBS; i++) {
		hki_offload_opts opts = { .resource = "disk",
			.work = wait_at_gate,
			.done = note,
			.free = release_gate,
			.user = &doors[i] };

		open_gate(&doors[i], now, 0);
		doors[i].name = (char) ('a' + i);
		doors[i].journal = &journal[i];
		assert_int_equal(0, hki_offload_submit(NULL, now->offload, &opts));
		assert_true(under_lock(now, jobs_at_work) <= 1);
	}
	for (int i = JOBS; i-- > 0;)
		let_go(&doors[i]);
	assert_int_equal(0, hk_loop_run(now->loop));
	assert_string_equal("abcdefghijklmnopqrst", journal);
}

static void the_queue_is_bounded(void **state)
{
	scene *now = *state;
	gate *doors = test_calloc(3, sizeof(*doors));
	int accepted = 0;

	for (int i = 0; i < 3; i++)
		open_gate(&doors[i], now, 0);
	assert_int_equal(0, submit(NULL, &doors[0], NULL, 0));
	assert_int_equal(0, submit(NULL, &doors[1], NULL, 0));
	/* Both threads are occupied: from here on the queue only grows. */
	assert_int_equal(0, sem_wait(&doors[0].inside));
	assert_int_equal(0, sem_wait(&doors[1].inside));
	while (accepted < 5000 && submit(NULL, &doors[2], "one", 0) == 0)
		accepted++;
	assert_int_equal(HKI_OFFLOAD_QUEUE_MAX, accepted);
	assert_int_equal(-EBUSY, submit(NULL, &doors[2], NULL, 0));
	hki_offload_free(now->offload);
	now->offload = NULL;
	assert_int_equal(0, now->told);
	for (int i = 0; i < 3; i++)
		let_go(&doors[i]);
	while (atomic_load(&now->released) < accepted + 2)
		assert_true(hk_loop_run_once(now->loop, 1) >= 0);
	test_free(doors);
}

static void free_inside(hki_offload_job *job, int result, void *user)
{
	gate *door = user;

	told(job, result, user);
	hki_offload_free(door->now->offload);
	door->now->offload = NULL;
}

static void free_inside_a_callback_silences_the_others(void **state)
{
	scene *now = *state;
	gate doors[4];

	for (int i = 0; i < 4; i++) {
		hki_offload_opts opts = { .work = wait_at_gate,
			.done = free_inside,
			.free = release_gate,
			.user = &doors[i] };

		open_gate(&doors[i], now, 0);
		assert_int_equal(0, hki_offload_submit(NULL, now->offload, &opts));
	}
	for (int i = 0; i < 4; i++)
		let_go(&doors[i]);
	assert_int_equal(0, hk_loop_run(now->loop));
	assert_int_equal(1, now->told);
	assert_false(hk_loop_alive(now->loop));
	while (atomic_load(&now->released) < 4) /* by their threads */
		assert_true(hk_loop_run_once(now->loop, 1) >= 0);
}

static int count_work(void *user)
{
	atomic_fetch_add((atomic_int *) user, 1);
	return 0;
}

static void count_done(hki_offload_job *job, int result, void *user)
{
	(void) job;
	(void) result;
	atomic_fetch_add((atomic_int *) user, 1000000);
}

static void thousands_of_jobs_are_each_done_and_told_once(void **state)
{
	scene *now = *state;
	atomic_int sum = 0;
	char name[8];

	for (int i = 0; i < 2000; i++) {
		hki_offload_opts opts = { .resource = i % 3 == 0 ? NULL : name,
			.work = count_work,
			.done = count_done,
			.deadline_ns = 3600 * HKI_NS_PER_S,
			.user = &sum };
		int r;

		(void) snprintf(name, sizeof(name), "r%d", i % 10);
		while ((r = hki_offload_submit(NULL, now->offload, &opts)) == -EBUSY)
			assert_true(hk_loop_run_once(now->loop, -1) >= 0);
		assert_int_equal(0, r);
	}
	assert_int_equal(0, hk_loop_run(now->loop));
	assert_int_equal(2000, atomic_load(&sum) % 1000000);
	assert_int_equal(2000, atomic_load(&sum) / 1000000);
}

static int use_offload(void *user)
{
	hk_loop *loop = NULL;
	hki_offload *offload = NULL;
	atomic_int sum = 0;
	hki_offload_opts opts = { .resource = "disk",
		.deadline_ns = 3600 * HKI_NS_PER_S,
		.work = count_work,
		.done = count_done,
		.user = &sum };
	int r;

	(void) user;
	if ((r = hk_loop_new(&loop)) < 0)
		return r;
	if ((r = hki_offload_new(&offload, loop, 1)) == 0 &&
	    (r = hki_offload_submit(NULL, offload, &opts)) == 0)
		r = hk_loop_run(loop);
	hki_offload_free(offload);
	hk_loop_free(loop);
	return r;
}

static void every_failing_allocation_is_reported_and_leaks_nothing(void **state)
{
	(void) state;
	assert_true(hki_torture(use_offload, NULL) >= 5);
}

/* In a process of an unprivileged user, whom the limit binds.  Returns what submit said. */
static int submit_without_threads(void)
{
	const struct rlimit none = { 0, 0 };
	hki_offload_opts opts = { .work = count_work, .done = count_done };
	hki_offload *offload = NULL;
	hk_loop *loop = NULL;
	atomic_int value = 0;
	int r;

	opts.user = &value;
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		return -errno;
	if (setrlimit(RLIMIT_NPROC, &none) < 0)
		return -errno;
	if ((r = hk_loop_new(&loop)) < 0 || (r = hki_offload_new(&offload, loop, 1)) < 0)
		return r;
	r = hki_offload_submit(NULL, offload, &opts);
	if (hk_loop_alive(loop))
		r = 1;
	hki_offload_free(offload);
	hk_loop_free(loop);
	return r;
}

static void without_threads_a_job_is_refused(void **state)
{
	pid_t child = fork();
	int status;

	(void) state;
	if (child == 0)
		_exit(-submit_without_threads());
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(EAGAIN, WEXITSTATUS(status));
}

#define IN_LOOP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First, while no thread of another test can still be on its way out. */
		cmocka_unit_test(every_failing_allocation_is_reported_and_leaks_nothing),
		IN_LOOP(the_result_of_the_work_is_told_on_the_loop),
		IN_LOOP(a_deadline_is_told_while_the_call_is_still_stuck),
		IN_LOOP(one_stuck_resource_costs_one_thread),
		IN_LOOP(stuck_threads_are_replaced),
		IN_LOOP(a_queued_job_can_time_out_without_ever_running),
		IN_LOOP(cancel_is_told_and_the_thread_written_off),
		IN_LOOP(jobs_of_a_resource_run_one_after_the_other),
		IN_LOOP(the_queue_is_bounded),
		IN_LOOP(free_inside_a_callback_silences_the_others),
		IN_LOOP(thousands_of_jobs_are_each_done_and_told_once),
		cmocka_unit_test(without_threads_a_job_is_refused),
	};

	return cmocka_run_group_tests_name("offload", tests, NULL, NULL);
}
