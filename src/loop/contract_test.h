#ifndef HKI_LOOP_CONTRACT_TEST_H
#define HKI_LOOP_CONTRACT_TEST_H

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "loop/loop_internal.h"

/*
 * The contract of everything asynchronous in hostkit, as one test
 *
 * contract_check() holds an operation to what loop.h promises: a start that
 * fails never calls back and leaves *out alone; a callback comes exactly once,
 * later, on the loop's thread; cancel gives -ECANCELED and free gives silence,
 * inside the callback too; after hk_loop_free() the handle is inert; a forked
 * child is refused.  A test describes its operation in a contract_operation,
 * and its callbacks do nothing but call contract_called().
 *
 *	static const contract_operation timer = { .name = "timer", .start = …, .free = … };
 *	static void timers_keep_the_contract(void **state)
 *	{
 *		contract_check(&timer);
 *	}
 */
typedef struct contract_probe contract_probe;

typedef struct contract_operation {
	const char *name;
	/* Both optional: what the operation needs besides a loop; kept in probe->state. */
	void (*setup)(contract_probe *probe);
	void (*teardown)(contract_probe *probe);
	/* Start it, with @probe as its user.  Its handle goes through @out. */
	int (*start)(void **out, contract_probe *probe);
	/* The same in a way that must fail.  NULL: it cannot. */
	int (*start_failing)(void **out, contract_probe *probe);
	/* Make the awaited thing happen.  NULL: it happens by itself. */
	void (*trigger)(contract_probe *probe);
	/* NULL: there is no cancel. */
	void (*cancel)(contract_probe *probe);
	/* Release probe->handle, or whatever brings silence.  Runs once a start. */
	void (*free)(contract_probe *probe);
	/* 1: calls back more than once; the rule of exactly once does not apply. */
	int stream;
	/* 1: the handle dies with the callback, so it is not cancelled later. */
	int dies_with_callback;
} contract_operation;

struct contract_probe {
	const contract_operation *operation;
	hk_loop *loop;
	void *handle;
	void *state; /* the operation's own */
	pthread_t thread;
	int calls;
	int strangers; /* calls on another thread */
	int early;     /* calls before the start had returned */
	int result;    /* of the last call; 0 where the operation has none */
	int started;
	int freed;
	void (*inside)(contract_probe *probe); /* what the callback does */
};

static inline void contract_called(contract_probe *probe, int result)
{
	probe->calls++;
	probe->result = result;
	probe->strangers += !pthread_equal(pthread_self(), probe->thread);
	probe->early += !probe->started;
	if (probe->inside != NULL && probe->calls == 1)
		probe->inside(probe);
}

static inline void contract_free(contract_probe *probe)
{
	probe->freed = 1;
	probe->operation->free(probe);
}

static inline void contract_cancel(contract_probe *probe)
{
	probe->operation->cancel(probe);
}

static inline void contract_open(
    contract_probe *probe, const contract_operation *operation)
{
	memset(probe, 0, sizeof(*probe));
	probe->operation = operation;
	probe->thread = pthread_self();
	assert_int_equal(0, hk_loop_new(&probe->loop));
	if (operation->setup != NULL)
		operation->setup(probe);
}

static inline void contract_start(contract_probe *probe)
{
	assert_int_equal(0, probe->operation->start(&probe->handle, probe));
	assert_int_equal(0, probe->calls);
	probe->started = 1;
}

static inline void contract_trigger(contract_probe *probe)
{
	if (probe->operation->trigger != NULL)
		probe->operation->trigger(probe);
}

/* Turns that do not wait: whatever is due comes, and silence stays silence. */
static inline void contract_turns(contract_probe *probe)
{
	for (int turn = 0; turn < 4; turn++)
		assert_true(hk_loop_run_once(probe->loop, 0) >= 0);
}

static inline void contract_wait_for_call(contract_probe *probe)
{
	hki_loop_hold(probe->loop); /* not everything keeps a loop alive */
	while (probe->calls == 0)
		assert_true(hk_loop_run_once(probe->loop, -1) >= 0);
	hki_loop_release(probe->loop);
}

static inline void contract_close(contract_probe *probe)
{
	if (probe->started && !probe->freed)
		contract_free(probe);
	if (probe->loop != NULL) {
		contract_turns(probe);
		hk_loop_free(probe->loop);
	}
	if (probe->operation->teardown != NULL)
		probe->operation->teardown(probe);
	assert_int_equal(0, probe->strangers);
	assert_int_equal(0, probe->early);
}

static inline void contract_failed_start_is_silent(const contract_operation *operation)
{
	contract_probe probe;
	void *untouched = &probe;

	if (operation->start_failing == NULL)
		return;
	contract_open(&probe, operation);
	assert_true(operation->start_failing(&untouched, &probe) < 0);
	assert_ptr_equal(&probe, untouched);
	contract_turns(&probe);
	assert_int_equal(0, probe.calls);
	contract_close(&probe);
}

static inline void contract_calls_once_and_later(const contract_operation *operation)
{
	contract_probe probe;

	contract_open(&probe, operation);
	contract_start(&probe);
	contract_trigger(&probe);
	assert_int_equal(0, probe.calls);
	contract_wait_for_call(&probe);
	if (!operation->stream) {
		contract_turns(&probe);
		assert_int_equal(1, probe.calls);
	}
	contract_close(&probe);
}

static inline void contract_cancel_is_told(const contract_operation *operation)
{
	contract_probe probe;

	if (operation->cancel == NULL)
		return;
	contract_open(&probe, operation);
	contract_start(&probe);
	contract_cancel(&probe);
	assert_int_equal(0, probe.calls);
	contract_wait_for_call(&probe);
	contract_turns(&probe);
	assert_int_equal(1, probe.calls);
	assert_int_equal(-ECANCELED, probe.result);
	contract_close(&probe);
}

static inline void contract_free_is_silent(const contract_operation *operation)
{
	contract_probe probe;

	contract_open(&probe, operation);
	contract_start(&probe);
	contract_trigger(&probe);
	contract_free(&probe);
	contract_turns(&probe);
	assert_int_equal(0, probe.calls);
	contract_close(&probe);
}

static inline void contract_callback_may(
    const contract_operation *operation, void (*inside)(contract_probe *probe))
{
	contract_probe probe;

	contract_open(&probe, operation);
	probe.inside = inside;
	contract_start(&probe);
	contract_trigger(&probe);
	contract_wait_for_call(&probe);
	contract_turns(&probe);
	if (!operation->stream || inside == contract_free)
		assert_int_equal(1, probe.calls);
	contract_close(&probe);
}

static inline void contract_outlives_its_loop(const contract_operation *operation)
{
	contract_probe probe;

	contract_open(&probe, operation);
	contract_start(&probe);
	contract_trigger(&probe);
	hk_loop_free(probe.loop);
	probe.loop = NULL;
	assert_int_equal(0, probe.calls);
	if (operation->cancel != NULL && !operation->dies_with_callback)
		contract_cancel(&probe);
	contract_free(&probe);
	assert_int_equal(0, probe.calls);
	contract_close(&probe);
}

/* In the child: 0 if everything was refused. */
static inline int contract_child(contract_probe *probe)
{
	void *untouched = probe;

	if (probe->operation->start(&untouched, probe) != -ECHILD)
		return 1;
	if (untouched != probe)
		return 2;
	if (probe->operation->cancel != NULL)
		contract_cancel(probe);
	contract_free(probe);
	return probe->calls == 0 ? 0 : 3;
}

static inline void contract_forked_child_is_refused(const contract_operation *operation)
{
	contract_probe probe;
	int status;
	pid_t child;

	contract_open(&probe, operation);
	contract_start(&probe);
	child = fork();
	if (child == 0)
		_exit(contract_child(&probe));
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
	/* And the parent's operation goes on. */
	contract_trigger(&probe);
	contract_wait_for_call(&probe);
	contract_close(&probe);
}

static inline void contract_check(const contract_operation *operation)
{
	print_message("# the contract of %s\n", operation->name);
	contract_failed_start_is_silent(operation);
	contract_calls_once_and_later(operation);
	contract_cancel_is_told(operation);
	contract_free_is_silent(operation);
	contract_callback_may(operation, contract_free);
	if (operation->cancel != NULL)
		contract_callback_may(operation, contract_cancel);
	contract_outlives_its_loop(operation);
	contract_forked_child_is_refused(operation);
}

#endif /* HKI_LOOP_CONTRACT_TEST_H */
