#include "loop/contract_test.h"

#include <signal.h>
#include <stdlib.h>
#include <hostkit/process.h>

/* The shared contract, kept by spawn, adopt and run. */

static const char *const sleeping[] = { "/bin/sleep", "100", NULL };
static const char *const missing[] = { "/no/such/program", NULL };

static void process_ended(hk_process *process, const hk_process_exit *how, void *user)
{
	(void) process;
	(void) how;
	contract_called(user, 0);
}

static hk_process_opts opts_of(const char *const *argv, contract_probe *probe)
{
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;

	opts.argv = argv;
	opts.on_exit = process_ended;
	opts.user_data = probe;
	return opts;
}

static int start_process(void **out, contract_probe *probe)
{
	hk_process_opts opts = opts_of(sleeping, probe);

	return hk_process_spawn((hk_process **) out, probe->loop, &opts, NULL);
}

static int start_missing(void **out, contract_probe *probe)
{
	hk_process_opts opts = opts_of(missing, probe);

	return hk_process_spawn((hk_process **) out, probe->loop, &opts, NULL);
}

static void end_process(contract_probe *probe)
{
	assert_int_equal(0, hk_process_kill(probe->handle, SIGTERM));
}

static void free_process(contract_probe *probe)
{
	hk_process_free(probe->handle);
}

static void spawn_keeps_the_contract(void **state)
{
	static const contract_operation operation = { .name = "hk_process_spawn",
		.start = start_process,
		.start_failing = start_missing,
		.trigger = end_process,
		.free = free_process };

	(void) state;
	contract_check(&operation);
}

/* ---- a spawner ---- */

static void open_spawner(contract_probe *probe)
{
	assert_int_equal(0,
	    hk_process_spawner_new((hk_process_spawner **) &probe->state, probe->loop));
}

static void close_spawner(contract_probe *probe)
{
	hk_process_spawner_free(probe->state);
}

static int start_through_spawner(void **out, contract_probe *probe)
{
	hk_process_opts opts = opts_of((const char *const[]){ "/bin/true", NULL }, probe);

	opts.spawner = probe->state;
	return hk_process_spawn((hk_process **) out, probe->loop, &opts, NULL);
}

static void spawners_keep_the_contract(void **state)
{
	static const contract_operation operation = { .name = "hk_process_spawner",
		.setup = open_spawner,
		.teardown = close_spawner,
		.start = start_through_spawner,
		.free = free_process };

	(void) state;
	contract_check(&operation);
}

/* ---- adopt ---- */

static void open_stranger(contract_probe *probe)
{
	pid_t pid = fork();

	if (pid == 0) {
		execv(sleeping[0], (char *const *) sleeping);
		_exit(127);
	}
	assert_true(pid > 0);
	probe->state = (void *) (intptr_t) pid;
}

static void close_stranger(contract_probe *probe)
{
	pid_t pid = (pid_t) (intptr_t) probe->state;

	(void) kill(pid, SIGKILL);
	(void) waitpid(pid, NULL, 0);
}

static int adopt_stranger(void **out, contract_probe *probe)
{
	hk_process_id id = { .pid = (intptr_t) probe->state };

	return hk_process_adopt(
	    (hk_process **) out, probe->loop, &id, process_ended, probe);
}

static int adopt_nobody(void **out, contract_probe *probe)
{
	hk_process_id id = { .pid = (intptr_t) probe->state, .start_ticks = 1 };

	return hk_process_adopt(
	    (hk_process **) out, probe->loop, &id, process_ended, probe);
}

static void adopt_keeps_the_contract(void **state)
{
	static const contract_operation operation = { .name = "hk_process_adopt",
		.setup = open_stranger,
		.teardown = close_stranger,
		.start = adopt_stranger,
		.start_failing = adopt_nobody,
		.trigger = end_process,
		.free = free_process };

	(void) state;
	contract_check(&operation);
}

/* ---- run ---- */

static void run_done(hk_process_runner *runner, hk_process_result *result, void *user)
{
	int code = result->cancelled ? -ECANCELED : 0;

	(void) runner;
	hk_process_result_free(result);
	contract_called(user, code);
}

static int start_run_of(const char *const *argv, void **out, contract_probe *probe)
{
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_process_run_opts opts = HK_PROCESS_RUN_OPTS_INIT;

	process.argv = argv;
	process.stdio[1].kind = HK_STDIO_PIPE;
	opts.process = &process;
	opts.on_done = run_done;
	opts.user = probe;
	return hk_process_run_start((hk_process_runner **) out, probe->loop, &opts, NULL);
}

static int start_run(void **out, contract_probe *probe)
{
	return start_run_of(sleeping, out, probe);
}

static int start_run_of_missing(void **out, contract_probe *probe)
{
	return start_run_of(missing, out, probe);
}

static void end_run(contract_probe *probe)
{
	assert_int_equal(
	    0, hk_process_kill(hk_process_runner_process(probe->handle), SIGTERM));
}

static void cancel_run(contract_probe *probe)
{
	hk_process_runner_cancel(probe->handle);
}

static void free_run(contract_probe *probe)
{
	hk_process_runner_free(probe->handle);
}

static void run_keeps_the_contract(void **state)
{
	static const contract_operation operation = { .name = "hk_process_run_start",
		.start = start_run,
		.start_failing = start_run_of_missing,
		.trigger = end_run,
		.cancel = cancel_run,
		.free = free_run };

	(void) state;
	contract_check(&operation);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spawn_keeps_the_contract),
		cmocka_unit_test(spawners_keep_the_contract),
		cmocka_unit_test(adopt_keeps_the_contract),
		cmocka_unit_test(run_keeps_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
