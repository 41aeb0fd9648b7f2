#include "loop/contract_test.h"

#include <hostkit/sched_executor.h>
#include "sched/executor_fixture.h"

/* The shared contract, kept by adding a task: its end is the callback. */

static void on_event(
    hk_sched_executor *executor, hk_sched_event event, const char *id, void *user)
{
	hk_sched_info info;

	if (event != HK_SCHED_EVENT_ENDED)
		return;
	assert_int_equal(0, hk_sched_executor_find(&info, executor, id));
	contract_called(user, info.outcome == HK_SCHED_CANCELLED ? -ECANCELED : 0);
}

static void open_executor(contract_probe *probe)
{
	hk_sched_executor_opts opts = HK_SCHED_EXECUTOR_OPTS_INIT;

	opts.on_event = on_event;
	opts.user = probe;
	assert_int_equal(0, hk_sched_executor_new((hk_sched_executor **) &probe->state,
				probe->loop, &opts, NULL));
}

static void free_executor(contract_probe *probe)
{
	hk_sched_executor_free(probe->state);
	probe->state = NULL;
}

static int one_step(void *user)
{
	(void) user;
	return 0;
}

static int add(void **out, contract_probe *probe, const hk_sched_work *given)
{
	hk_sched_task task = HK_SCHED_TASK_INIT;
	hk_sched_work work = *given;
	int r;

	task.id = "A";
	work.task = &task;
	r = hk_sched_executor_add(probe->state, &work, NULL);
	if (r == 0)
		*out = probe->state;
	return r;
}

static int add_step(void **out, contract_probe *probe)
{
	hk_sched_work work = HK_SCHED_WORK_INIT;

	work.step = one_step;
	return add(out, probe, &work);
}

static int add_program(void **out, contract_probe *probe)
{
	static const char *const argv[] = { "/bin/true", NULL };
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_sched_work work = HK_SCHED_WORK_INIT;

	process.argv = argv;
	work.process = &process;
	return add(out, probe, &work);
}

static int add_nothing(void **out, contract_probe *probe)
{
	hk_sched_work work = HK_SCHED_WORK_INIT;

	return add(out, probe, &work);
}

static void cancel(contract_probe *probe)
{
	(void) !hk_sched_executor_cancel(probe->state, "A");
}

static void functions_keep_the_contract(void **state)
{
	static const contract_operation operation = { .name = "a function of an executor",
		.setup = open_executor,
		.teardown = free_executor,
		.start = add_step,
		.start_failing = add_nothing,
		.cancel = cancel,
		.free = free_executor };

	(void) state;
	contract_check(&operation);
}

static void programs_keep_the_contract(void **state)
{
	static const contract_operation operation = { .name = "a program of an executor",
		.setup = open_executor,
		.teardown = free_executor,
		.start = add_program,
		.start_failing = add_nothing,
		.cancel = cancel,
		.free = free_executor };

	(void) state;
	contract_check(&operation);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_keep_the_contract),
		cmocka_unit_test(programs_keep_the_contract),
	};

	fixture_main(argc, argv);
	return cmocka_run_group_tests_name("sched/contract", tests, NULL, NULL);
}
