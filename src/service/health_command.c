#include "service/health_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"

/*
 * A program that is run in the surroundings of the service (its environment,
 * directory and user) and says by its exit code whether all is well.  Its tree
 * is killed when it takes too long.
 */

#define OUTPUT_MAX 1024

/* The first line it printed, for people. */
static void first_line(char *out, size_t capacity, const hk_process_result *result)
{
	const char *text =
	    result->stderr_length > 0 ? result->stderr_data : result->stdout_data;
	size_t length = text != NULL ? strcspn(text, "\n") : 0;

	(void) snprintf(out, capacity, "%s%.*s", length > 0 ? ": " : "", (int) length,
	    length > 0 ? text : "");
}

static void describe(char *out, size_t capacity, const hk_process_result *result)
{
	const hk_process_exit *how = &result->exit;
	char line[200];

	first_line(line, sizeof(line), result);
	if (how->end == HK_END_FAILED)
		(void) snprintf(out, capacity, "the check cannot be run: %s: %s",
		    how->step, hk_error_text(how->error));
	else if (result->timed_out)
		(void) snprintf(out, capacity, "the check takes too long%s", line);
	else if (how->end == HK_END_SIGNAL)
		(void) snprintf(out, capacity, "the check was ended by %s%s",
		    hk_signal_name(how->signal), line);
	else
		(void) snprintf(
		    out, capacity, "the check exits with code %d%s", how->code, line);
}

static void done(hk_process_runner *runner, hk_process_result *result, void *user)
{
	hki_health *health = user;
	const hk_process_exit *how = &result->exit;
	bool success = how->end == HK_END_CODE && how->code == 0 && !result->timed_out;
	char why[320];

	(void) runner;
	describe(why, sizeof(why), result);
	hk_process_result_free(result);
	hki_health_result(health, success, why);
}

static void end(hki_health *health)
{
	hk_process_runner_free(hki_take(health->runner));
}

static int begin(hki_health *health)
{
	hk_process_run_opts run = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_opts process = *health->opts.process;

	process.argv = health->opts.rules->command;
	process.file = NULL;
	process.name = NULL;
	memset(process.stdio, 0, sizeof(process.stdio));
	process.stdio[0].kind = HK_STDIO_NULL;
	process.stdio[1].kind = process.stdio[2].kind = HK_STDIO_PIPE;
	process.fds = NULL;
	process.fd_count = 0;
	/* The limits are those of the service; a check must work when it is at them. */
	process.cgroup = NULL;
	process.memory_max_bytes = 0;
	process.pids_max = process.cpu_max_millis = 0;
	process.stop_steps = NULL;
	process.stop_step_count = 0;
	process.spawner = health->opts.spawner;
	process.on_start = NULL;

	run.process = &process;
	run.max_output_bytes = OUTPUT_MAX;
	run.timeout_ns = health->opts.rules->timeout_ns;
	run.on_done = done;
	run.user = health;
	/* The runner's timeout ends the whole tree; ours would only let go of it. */
	hk_timer_stop(health->timer);
	return hk_process_run_start(&health->runner, health->opts.loop, &run, NULL);
}

const hki_health_kind hki_health_command = { begin, end, false };
