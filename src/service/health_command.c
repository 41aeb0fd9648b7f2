/*
 * The command probe: a program that exits with 0.  It runs where and as whom
 * the service runs, with a time limit that ends its whole tree, and its last
 * line of output is the reason when it fails.
 */
#include "service/health.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"

/* Kept of what a check prints: enough for a reason. */
#define OUTPUT_MAX 4096
/* How much of the last line a reason shows. */
#define REASON_LINE_MAX 160

struct command {
	hki_probe probe;
	hki_probe_fn done;
	void *user;
	hk_process_runner *runner;
};

/* The last line of @text that is not empty; *out_length leaves its end out. */
static const char *last_line(const char *text, size_t length, size_t *out_length)
{
	size_t end = length;
	size_t begin;

	while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == '\r'))
		end--;
	begin = end;
	while (begin > 0 && text[begin - 1] != '\n')
		begin--;
	*out_length = end - begin;
	return text + begin;
}

static void describe(char *out, size_t capacity, const hk_process_result *result)
{
	bool from_stderr = result->stderr_length > 0;
	size_t length;
	const char *line =
	    from_stderr ? last_line(result->stderr_data, result->stderr_length, &length)
			: last_line(result->stdout_data, result->stdout_length, &length);
	int cut = (int) (length > REASON_LINE_MAX ? REASON_LINE_MAX : length);
	const char *colon = length > 0 ? ": " : "";

	if (result->timed_out)
		(void) snprintf(out, capacity, "the check did not end in time");
	else if (result->exit.end == HK_END_CODE)
		(void) snprintf(out, capacity, "exit code %d%s%.*s", result->exit.code,
		    colon, cut, line);
	else if (result->exit.end == HK_END_SIGNAL)
		(void) snprintf(out, capacity, "ended by %s%s%.*s",
		    hk_signal_name(result->exit.signal), colon, cut, line);
	else
		(void) snprintf(out, capacity, "nobody knows how the check ended");
}

static void on_done(hk_process_runner *runner, hk_process_result *result, void *user)
{
	struct command *command = user;
	char why[REASON_LINE_MAX + 64];
	bool good = !result->timed_out && result->exit.end == HK_END_CODE &&
		    result->exit.code == 0;

	(void) runner;
	describe(why, sizeof(why), result);
	hk_process_result_free(result);
	command->done(good ? 0 : -EIO, why, command->user);
}

static void command_free(hki_probe *probe)
{
	struct command *command = (struct command *) probe;

	hk_process_runner_free(command->runner);
	hki_free(command);
}

static void command_freep(struct command **command)
{
	if (*command != NULL)
		command_free(&(*command)->probe);
}

/* Where and as whom the service runs; nothing else of it. */
static void resemble(hk_process_opts *process, const hk_process_opts *like)
{
	const uint32_t shared = HK_PROCESS_CLEAR_ENV | HK_PROCESS_SET_UID |
				HK_PROCESS_SET_GID | HK_PROCESS_SET_GROUPS |
				HK_PROCESS_NO_NEW_PRIVILEGES;

	process->cwd = like->cwd;
	process->env = like->env;
	process->env_files = like->env_files;
	process->env_unset = like->env_unset;
	process->user = like->user;
	process->group = like->group;
	process->uid = like->uid;
	process->gid = like->gid;
	process->groups = like->groups;
	process->group_count = like->group_count;
	process->flags = HK_PROCESS_NEW_SESSION | (like->flags & shared);
	process->spawner = like->spawner;
}

static int start(struct command *command, hk_loop *loop, const char *const *argv,
    const hk_process_opts *like, uint64_t timeout_ns)
{
	static const hk_stop_step at_once[] = { { SIGKILL, 0, HKI_NS_PER_S } };
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_process_run_opts opts = HK_PROCESS_RUN_OPTS_INIT;

	resemble(&process, like);
	process.argv = argv;
	process.stdio[0].kind = HK_STDIO_NULL;
	process.stdio[1].kind = HK_STDIO_PIPE;
	process.stdio[2].kind = HK_STDIO_PIPE;
	process.stop_steps = at_once;
	process.stop_step_count = HKI_COUNT(at_once);
	opts.process = &process;
	opts.timeout_ns = timeout_ns;
	opts.max_output_bytes = OUTPUT_MAX;
	opts.on_done = on_done;
	opts.user = command;
	return hk_process_run_start(&command->runner, loop, &opts, NULL);
}

int hki_probe_command(hki_probe **out, hk_loop *loop, const char *const *argv,
    const hk_process_opts *like, uint64_t timeout_ns, hki_probe_fn done, void *user)
{
	hki_cleanup(command_freep) struct command *command = hki_zalloc(sizeof(*command));
	int r;

	if (command == NULL)
		return -ENOMEM;
	command->probe.free = command_free;
	command->done = done;
	command->user = user;
	r = start(command, loop, argv, like, timeout_ns);
	if (r < 0)
		return r;
	*out = &command->probe;
	(void) hki_take(command);
	return 0;
}
