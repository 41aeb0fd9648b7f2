#include "loop/contract_test.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "loop/offload.h"

/* The shared contract, kept by everything the loop itself offers. */

/* ---- timers ---- */

static void timer_fired(hk_timer *timer, void *user)
{
	(void) timer;
	contract_called(user, 0);
}

static int start_timer(void **out, contract_probe *probe)
{
	return hk_timer_after((hk_timer **) out, probe->loop, 0, timer_fired, probe);
}

static int start_timer_without_function(void **out, contract_probe *probe)
{
	return hk_timer_after((hk_timer **) out, probe->loop, 0, NULL, probe);
}

static void free_timer(contract_probe *probe)
{
	hk_timer_free(probe->handle);
}

static int start_ticker(void **out, contract_probe *probe)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;

	opts.interval_ns = 1;
	opts.fn = timer_fired;
	opts.user = probe;
	return hk_timer_start((hk_timer **) out, probe->loop, &opts);
}

static void timers_keep_the_contract(void **state)
{
	static const contract_operation once = { .name = "hk_timer_after",
		.start = start_timer,
		.start_failing = start_timer_without_function,
		.free = free_timer };
	static const contract_operation ticking = { .name = "hk_timer_start",
		.start = start_ticker,
		.free = free_timer,
		.stream = 1 };

	(void) state;
	contract_check(&once);
	contract_check(&ticking);
}

/* ---- descriptors ---- */

static void open_pipe(contract_probe *probe)
{
	int *ends = malloc(2 * sizeof(*ends));

	assert_non_null(ends);
	assert_int_equal(0, pipe(ends));
	probe->state = ends;
}

static void close_pipe(contract_probe *probe)
{
	int *ends = probe->state;

	close(ends[0]);
	close(ends[1]);
	free(ends);
}

static void write_to_pipe(contract_probe *probe)
{
	assert_int_equal(1, write(((int *) probe->state)[1], "x", 1));
}

static void watch_called(hk_watch *watch, unsigned int events, void *user)
{
	(void) watch;
	assert_int_equal(HK_READABLE, events);
	contract_called(user, 0);
}

static int start_watch(void **out, contract_probe *probe)
{
	int *ends = probe->state;

	return hk_watch_start(
	    (hk_watch **) out, probe->loop, ends[0], HK_READABLE, watch_called, probe);
}

static int start_watch_of_nothing(void **out, contract_probe *probe)
{
	return hk_watch_start(
	    (hk_watch **) out, probe->loop, -1, HK_READABLE, watch_called, probe);
}

static void free_watch(contract_probe *probe)
{
	hk_watch_free(probe->handle);
}

static void watches_keep_the_contract(void **state)
{
	static const contract_operation watch = { .name = "hk_watch_start",
		.setup = open_pipe,
		.teardown = close_pipe,
		.start = start_watch,
		.start_failing = start_watch_of_nothing,
		.trigger = write_to_pipe,
		.free = free_watch,
		.stream = 1 };

	(void) state;
	contract_check(&watch);
}

/* ---- signals ---- */

static void signal_came(hk_signal *signal, int number, void *user)
{
	(void) signal;
	assert_int_equal(SIGUSR1, number);
	contract_called(user, 0);
}

/* Blocked all the time, so that a signal nobody takes any more does not end the test. */
static void block_signal(contract_probe *probe)
{
	sigset_t mask;

	(void) probe;
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	assert_int_equal(0, pthread_sigmask(SIG_BLOCK, &mask, NULL));
}

static void swallow_signal(contract_probe *probe)
{
	struct timespec now = { 0, 0 };
	sigset_t mask;

	(void) probe;
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	(void) sigtimedwait(&mask, NULL, &now);
	assert_int_equal(0, pthread_sigmask(SIG_UNBLOCK, &mask, NULL));
}

static int start_signal(void **out, contract_probe *probe)
{
	return hk_signal_start(
	    (hk_signal **) out, probe->loop, SIGUSR1, signal_came, probe);
}

static int start_signal_nobody_can_watch(void **out, contract_probe *probe)
{
	return hk_signal_start(
	    (hk_signal **) out, probe->loop, SIGKILL, signal_came, probe);
}

static void raise_signal(contract_probe *probe)
{
	(void) probe;
	raise(SIGUSR1);
}

static void free_signal(contract_probe *probe)
{
	hk_signal_free(probe->handle);
}

static void signals_keep_the_contract(void **state)
{
	static const contract_operation signal = { .name = "hk_signal_start",
		.setup = block_signal,
		.teardown = swallow_signal,
		.start = start_signal,
		.start_failing = start_signal_nobody_can_watch,
		.trigger = raise_signal,
		.free = free_signal,
		.stream = 1 };

	(void) state;
	contract_check(&signal);
}

/* ---- hooks ---- */

static void hook_called(hk_hook *hook, void *user)
{
	(void) hook;
	contract_called(user, 0);
}

static int start_hook(void **out, contract_probe *probe)
{
	return hk_hook_start(
	    (hk_hook **) out, probe->loop, HK_HOOK_IDLE, hook_called, probe);
}

static int start_hook_nowhere(void **out, contract_probe *probe)
{
	return hk_hook_start((hk_hook **) out, probe->loop, 0, hook_called, probe);
}

static void free_hook(contract_probe *probe)
{
	hk_hook_free(probe->handle);
}

static void hooks_keep_the_contract(void **state)
{
	static const contract_operation hook = { .name = "hk_hook_start",
		.start = start_hook,
		.start_failing = start_hook_nowhere,
		.free = free_hook,
		.stream = 1 };

	(void) state;
	contract_check(&hook);
}

/* ---- offload ---- */

/* Shared by the test and the jobs, whose threads may outlast it. */
typedef struct blocking_job {
	atomic_int references;
	contract_probe *probe;
	hki_offload *offload;
	int ends[2];
} blocking_job;

static void unref_job(void *user)
{
	blocking_job *job = user;

	if (atomic_fetch_sub(&job->references, 1) > 1)
		return;
	close(job->ends[0]);
	free(job);
}

static void open_offload(contract_probe *probe)
{
	blocking_job *job = calloc(1, sizeof(*job));

	assert_non_null(job);
	assert_int_equal(0, pipe(job->ends));
	assert_int_equal(0, hki_offload_new(&job->offload, probe->loop, 1));
	atomic_init(&job->references, 1);
	job->probe = probe;
	probe->state = job;
}

static int read_pipe(void *user)
{
	char byte;

	return read(((blocking_job *) user)->ends[0], &byte, 1) == 1 ? 0 : -EIO;
}

static void job_done(hki_offload_job *job, int result, void *user)
{
	(void) job;
	contract_called(((blocking_job *) user)->probe, result);
}

static int start_job(void **out, contract_probe *probe)
{
	blocking_job *job = probe->state;
	hki_offload_opts opts = {
		.work = read_pipe, .done = job_done, .free = unref_job, .user = job
	};
	int r = hki_offload_submit((hki_offload_job **) out, job->offload, &opts);

	if (r == 0)
		atomic_fetch_add(&job->references, 1);
	return r;
}

static int start_job_without_work(void **out, contract_probe *probe)
{
	hki_offload_opts opts = { .done = job_done, .user = probe->state };

	return hki_offload_submit(
	    (hki_offload_job **) out, ((blocking_job *) probe->state)->offload, &opts);
}

static void let_job_end(contract_probe *probe)
{
	assert_int_equal(1, write(((blocking_job *) probe->state)->ends[1], "x", 1));
}

static void cancel_job(contract_probe *probe)
{
	hki_offload_cancel(probe->handle);
}

static void free_offload(contract_probe *probe)
{
	hki_offload_free(((blocking_job *) probe->state)->offload);
}

static void close_offload(contract_probe *probe)
{
	blocking_job *job = probe->state;

	if (!probe->freed)
		hki_offload_free(job->offload);
	close(job->ends[1]); /* a thread that is still inside its read comes back */
	unref_job(job);
}

static void offload_keeps_the_contract(void **state)
{
	static const contract_operation offload = { .name = "hki_offload_submit",
		.setup = open_offload,
		.teardown = close_offload,
		.start = start_job,
		.start_failing = start_job_without_work,
		.trigger = let_job_end,
		.cancel = cancel_job,
		.free = free_offload,
		.dies_with_callback = 1 };

	(void) state;
	contract_check(&offload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_keep_the_contract),
		cmocka_unit_test(watches_keep_the_contract),
		cmocka_unit_test(signals_keep_the_contract),
		cmocka_unit_test(hooks_keep_the_contract),
		cmocka_unit_test(offload_keeps_the_contract),
	};

	return cmocka_run_group_tests_name("the contract", tests, NULL, NULL);
}
