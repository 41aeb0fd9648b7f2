/*
 * From the options to a plan: one small function an option, found by its id.
 * Everything that can be wrong with the words alone is found here, before
 * anything is started.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "base/quantity.h"
#include "exit.h"
#include "output/fail.h"
#include "run.h"
#include "values.h"

#define KILL_AFTER_NS (5 * HKI_NS_PER_S)

/* Each takes one option into the plan; 0, or an exit code after telling. */
typedef int (*setter)(run_plan *plan, const cmd_call *call, const cmd_given *given);

static int no_memory(const cmd_call *call)
{
	return cmd_fail(
	    &call->output, CMD_EXIT_RUN_FAILED, -ENOMEM, NULL, "cannot plan the run");
}

static int set_timeout(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	return cmd_value_duration(&plan->run.timeout_ns, call, given);
}

static int set_kill_after(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	return cmd_value_duration(&plan->stop.wait_ns, call, given);
}

static int set_signal(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	return cmd_value_signal(&plan->stop.signal, call, given);
}

static int set_parent_death(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	if (strcmp(given->value, "0") == 0) {
		plan->process.parent_death_signal = 0;
		return 0;
	}
	return cmd_value_signal(&plan->process.parent_death_signal, call, given);
}

static int set_tree(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	int level; /* the words of the row stand in the order of hk_tree */
	int r = cmd_value_word(&level, call, given);

	if (r == 0)
		plan->process.tree = (hk_tree) level;
	return r;
}

/* Switches are one bit each, of the library's options or of the plan. */
static int set_switch(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	(void) call;
	switch (given->option->id) {
	case RUN_KEEP_LEFTOVERS:
		plan->process.flags |= HK_PROCESS_KEEP_LEFTOVERS;
		break;
	case RUN_CLEAR_ENV:
		plan->process.flags |= HK_PROCESS_CLEAR_ENV;
		break;
	case RUN_BEST_EFFORT:
		plan->process.flags |= HK_PROCESS_LIMITS_BEST_EFFORT;
		break;
	case RUN_NEW_GROUP:
		plan->process.flags |= HK_PROCESS_NEW_GROUP;
		break;
	case RUN_NEW_SESSION:
		plan->process.flags |= HK_PROCESS_NEW_SESSION;
		break;
	case RUN_NO_NEW_PRIVILEGES:
		plan->process.flags |= HK_PROCESS_NO_NEW_PRIVILEGES;
		break;
	case RUN_SHELL:
		plan->shell = true;
		break;
	case RUN_DETACH:
		plan->detach = true;
		break;
	case RUN_REPORT:
		plan->report = true;
		break;
	case RUN_APPEND:
		plan->append = true;
		break;
	case RUN_CAPTURE:
		plan->capture = true;
		break;
	case RUN_PTY:
		plan->pty = true;
		break;
	}
	return 0;
}

static int set_text(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	(void) call;
	switch (given->option->id) {
	case RUN_CWD:
		plan->process.cwd = given->value;
		break;
	case RUN_USER:
		plan->process.user = given->value;
		break;
	case RUN_GROUP:
		plan->process.group = given->value;
		break;
	}
	return 0;
}

/* KEY alone: the variable as it is here, if it is here. */
static int copy_variable(run_plan *plan, const cmd_call *call, const char *name)
{
	const char *value = getenv(name);
	char *entry;

	if (value == NULL)
		return 0;
	entry = hki_format("%s=%s", name, value);
	if (entry == NULL)
		return no_memory(call);
	plan->owned[plan->owned_count++] = entry;
	plan->env[plan->env_count++] = entry;
	return 0;
}

static int set_env(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	const char *equals = strchr(given->value, '=');

	if (given->value[0] == '\0' || equals == given->value)
		return cmd_value_fail(
		    call, given, "a variable", "write KEY=VALUE, or KEY");
	if (equals == NULL)
		return copy_variable(plan, call, given->value);
	plan->env[plan->env_count++] = given->value;
	return 0;
}

static int set_unset_env(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	if (given->value[0] == '\0' || strchr(given->value, '=') != NULL)
		return cmd_value_fail(call, given, "the name of a variable", "write KEY");
	plan->env_unset[plan->env_unset_count++] = given->value;
	return 0;
}

static int set_env_file(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	(void) call;
	plan->env_files[plan->env_file_count++] = given->value;
	return 0;
}

static int set_stream(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	int id = given->option->id;
	hk_stdio *stream = &plan->process.stdio[id - RUN_STDIN];

	if (given->value[0] == '\0')
		return cmd_value_fail(call, given, "a file", NULL);
	if (id == RUN_STDIN && strcmp(given->value, "-") == 0)
		*stream = (hk_stdio){ .kind = HK_STDIO_INHERIT };
	else if (strcmp(given->value, "null") == 0)
		*stream = (hk_stdio){ .kind = HK_STDIO_NULL };
	else if (id == RUN_STDERR && strcmp(given->value, "stdout") == 0)
		*stream = (hk_stdio){ .kind = HK_STDIO_STDOUT };
	else
		*stream = (hk_stdio){ .kind = HK_STDIO_FILE, .path = given->value };
	return 0;
}

static int set_max_output(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	int r = cmd_value_size(&plan->run.max_output_bytes, call, given);

	if (r == 0 && plan->run.max_output_bytes == 0)
		return cmd_value_fail(
		    call, given, "a size", "to drop the output, --stdout null");
	return r;
}

static int set_memory(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	int r = cmd_value_size(&plan->process.memory_max_bytes, call, given);

	if (r == 0 && plan->process.memory_max_bytes == 0)
		return cmd_value_fail(call, given, "a size a program can live in", NULL);
	return r;
}

static int set_pids(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	int64_t value;
	int r = cmd_value_integer(&value, call, given, 1, INT32_MAX);

	if (r == 0)
		plan->process.pids_max = (uint32_t) value;
	return r;
}

/* "1.5" to 1500, by hand: the thousandths are counted, not rounded. */
static int set_cpus(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	const char *text = given->value;
	uint64_t millis = 0;
	int decimals = -1; /* no point so far */
	bool digits = false;

	for (; *text != '\0' && millis <= UINT32_MAX; text++) {
		if (*text == '.' && decimals < 0) {
			decimals = 0;
			continue;
		}
		if (*text < '0' || *text > '9' || decimals == 3)
			break;
		millis = millis * 10 + (uint64_t) (*text - '0');
		decimals += decimals >= 0;
		digits = true;
	}
	for (int i = decimals < 0 ? 0 : decimals; i < 3; i++)
		millis *= 10;
	if (!digits || *text != '\0' || millis == 0 || millis > UINT32_MAX)
		return cmd_value_fail(
		    call, given, "a number of CPUs", "write 2, 1.5 or 0.25");
	plan->process.cpu_max_millis = (uint32_t) millis;
	return 0;
}

static int set_nice(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	int64_t value;
	int r = cmd_value_integer(&value, call, given, -20, 19);

	if (r != 0)
		return r;
	plan->process.nice = (int32_t) value;
	plan->process.flags |= HK_PROCESS_SET_NICE;
	return 0;
}

static int set_io_class(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	int class; /* the words of the row stand in the order of the classes, from 1 */
	int r = cmd_value_word(&class, call, given);

	if (r != 0)
		return r;
	plan->process.io_class = class + 1;
	plan->process.flags |= HK_PROCESS_SET_IO_PRIORITY;
	return 0;
}

static int set_io_level(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	int64_t value;
	int r = cmd_value_integer(&value, call, given, 0, 7);

	if (r != 0)
		return r;
	plan->process.io_level = (int32_t) value;
	if ((plan->process.flags & HK_PROCESS_SET_IO_PRIORITY) == 0)
		plan->process.io_class = 2; /* best effort, where most programs are */
	plan->process.flags |= HK_PROCESS_SET_IO_PRIORITY;
	return 0;
}

static int set_affinity(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	uint32_t *cpus = NULL;
	int r = run_cpus_read(&cpus, &plan->process.cpu_count, call, given);

	if (r != 0)
		return r;
	hki_free(plan->cpus);
	plan->cpus = cpus;
	plan->process.cpus = cpus;
	return 0;
}

static int set_oom_score(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	int64_t value;
	int r = cmd_value_integer(&value, call, given, -1000, 1000);

	if (r != 0)
		return r;
	plan->process.oom_score = (int32_t) value;
	plan->process.flags |= HK_PROCESS_SET_OOM_SCORE;
	return 0;
}

static int set_umask(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	size_t length = strspn(given->value, "01234567");

	if (length == 0 || given->value[length] != '\0' ||
	    strtoul(given->value, NULL, 8) > 0777)
		return cmd_value_fail(call, given, "an octal mask", "write 022 or 077");
	plan->process.umask = (uint32_t) strtoul(given->value, NULL, 8);
	plan->process.flags |= HK_PROCESS_SET_UMASK;
	return 0;
}

static const setter setters[RUN_OPTION_COUNT] = {
	[RUN_TIMEOUT] = set_timeout,
	[RUN_KILL_AFTER] = set_kill_after,
	[RUN_SIGNAL] = set_signal,
	[RUN_KEEP_LEFTOVERS] = set_switch,
	[RUN_TREE] = set_tree,
	[RUN_PARENT_DEATH] = set_parent_death,
	[RUN_SHELL] = set_switch,
	[RUN_DETACH] = set_switch,
	[RUN_REPORT] = set_switch,
	[RUN_CWD] = set_text,
	[RUN_USER] = set_text,
	[RUN_GROUP] = set_text,
	[RUN_ENV] = set_env,
	[RUN_UNSET_ENV] = set_unset_env,
	[RUN_CLEAR_ENV] = set_switch,
	[RUN_ENV_FILE] = set_env_file,
	[RUN_STDIN] = set_stream,
	[RUN_STDOUT] = set_stream,
	[RUN_STDERR] = set_stream,
	[RUN_APPEND] = set_switch,
	[RUN_CAPTURE] = set_switch,
	[RUN_MAX_OUTPUT] = set_max_output,
	[RUN_PTY] = set_switch,
	[RUN_MEMORY] = set_memory,
	[RUN_PIDS] = set_pids,
	[RUN_CPUS] = set_cpus,
	[RUN_BEST_EFFORT] = set_switch,
	[RUN_NICE] = set_nice,
	[RUN_IO_CLASS] = set_io_class,
	[RUN_IO_LEVEL] = set_io_level,
	[RUN_AFFINITY] = set_affinity,
	[RUN_OOM_SCORE] = set_oom_score,
	[RUN_UMASK] = set_umask,
	[RUN_NEW_GROUP] = set_switch,
	[RUN_NEW_SESSION] = set_switch,
	[RUN_NO_NEW_PRIVILEGES] = set_switch,
};

/* A later limit of the same resource goes over an earlier one. */
static int set_limit(run_plan *plan, const cmd_call *call, const cmd_given *given)
{
	hk_process_limit limit;
	size_t i = 0;
	int r = run_limit_read(&limit, call, given);

	if (r != 0)
		return r;
	while (
	    i < plan->process.limit_count && plan->limits[i].resource != limit.resource)
		i++;
	if (i == RUN_LIMITS_MAX)
		return no_memory(call);
	plan->limits[i] = limit;
	if (i == plan->process.limit_count)
		plan->process.limit_count++;
	plan->process.limits = plan->limits;
	return 0;
}

static int take_options(run_plan *plan, const cmd_call *call)
{
	for (size_t i = 0; i < call->given_count; i++) {
		const cmd_given *given = &call->given[i];
		int id = given->option->id;
		int r = id >= RUN_LIMIT ? set_limit(plan, call, given)
					: setters[id](plan, call, given);

		if (r != 0)
			return r;
	}
	return 0;
}

/* What goes together, and what does not. */
static int check_combination(const run_plan *plan, const cmd_call *call)
{
	static const int waiting[] = { RUN_TIMEOUT, RUN_KILL_AFTER, RUN_SIGNAL,
		RUN_CAPTURE, RUN_MAX_OUTPUT, RUN_PTY, RUN_REPORT, RUN_KEEP_LEFTOVERS,
		RUN_PARENT_DEATH };

	for (size_t i = 0; plan->detach && i < call->given_count; i++)
		for (size_t j = 0; j < sizeof(waiting) / sizeof(waiting[0]); j++)
			if (call->given[i].option->id == waiting[j])
				return cmd_fail(&call->output, CMD_EXIT_USAGE, 0, NULL,
				    "'--detach' does not wait for the program, so '--%s' "
				    "has no "
				    "meaning",
				    call->given[i].option->name);
	return 0;
}

/* The words of the program, behind "sh -c SCRIPT sh" if a shell was asked for. */
static void take_operands(run_plan *plan, const cmd_call *call)
{
	size_t count = 0;
	int operand = 0;

	if (plan->shell) {
		plan->argv[count++] = "sh";
		plan->argv[count++] = "-c";
		plan->argv[count++] = call->operands[operand++];
		plan->argv[count++] = "sh";
	}
	while (operand < call->operand_count)
		plan->argv[count++] = call->operands[operand++];
	plan->process.argv = plan->argv;
}

/* Streams that no option spoke about, and how files are opened. */
static void complete_streams(run_plan *plan, const cmd_call *call)
{
	static const int ids[] = { RUN_STDIN, RUN_STDOUT, RUN_STDERR };
	const hk_stdio *out = &plan->process.stdio[1];
	hk_stdio *messages = &plan->process.stdio[2];

	for (int i = 0; i < 3; i++) {
		hk_stdio *stream = &plan->process.stdio[i];

		if (stream->kind == HK_STDIO_FILE && i > 0)
			stream->flags =
			    O_WRONLY | O_CREAT | (plan->append ? O_APPEND : O_TRUNC);
		if (cmd_call_value(call, ids[i]) != NULL)
			continue;
		if (plan->pty)
			stream->kind = HK_STDIO_PTY;
		else if (plan->detach)
			stream->kind = HK_STDIO_NULL;
		else if (plan->capture && i > 0)
			stream->kind = HK_STDIO_PIPE;
	}
	/* Opened twice, one would write over what the other wrote. */
	if (out->kind == HK_STDIO_FILE && messages->kind == HK_STDIO_FILE &&
	    strcmp(out->path, messages->path) == 0)
		*messages = (hk_stdio){ .kind = HK_STDIO_STDOUT };
}

static void complete(run_plan *plan, const cmd_call *call)
{
	plan->capture = !plan->detach && (plan->capture || call->output.json);
	if (plan->pty || plan->detach)
		plan->process.flags |= HK_PROCESS_NEW_SESSION;
	if (plan->detach) {
		plan->process.tree = plan->process.tree == HK_TREE_AUTO
					 ? HK_TREE_NONE
					 : plan->process.tree;
		plan->process.parent_death_signal = 0;
	}
	take_operands(plan, call);
	complete_streams(plan, call);
	plan->process.env = plan->env;
	plan->process.env_unset = plan->env_unset;
	plan->process.env_files = plan->env_files;
	plan->process.stop_steps = &plan->stop;
	plan->process.stop_step_count = 1;
	plan->run.process = &plan->process;
}

static bool make_lists(run_plan *plan, const cmd_call *call)
{
	size_t room = call->given_count + 1;

	plan->argv = hki_zalloc_array((size_t) call->operand_count + 5, sizeof(char *));
	plan->env = hki_zalloc_array(room, sizeof(char *));
	plan->env_unset = hki_zalloc_array(room, sizeof(char *));
	plan->env_files = hki_zalloc_array(room, sizeof(char *));
	plan->owned = hki_zalloc_array(room, sizeof(char *));
	return plan->argv != NULL && plan->env != NULL && plan->env_unset != NULL &&
	       plan->env_files != NULL && plan->owned != NULL;
}

int run_plan_make(run_plan *plan, const cmd_call *call)
{
	int r;

	*plan = (run_plan){
		.process = HK_PROCESS_OPTS_INIT,
		.run = HK_PROCESS_RUN_OPTS_INIT,
		.stop = { .signal = SIGTERM, .wait_ns = KILL_AFTER_NS },
	};
	plan->process.tree = HK_TREE_AUTO;
	plan->process.flags = HK_PROCESS_KEEP_IGNORED; /* nohup hostkit run … */
	plan->process.parent_death_signal = SIGKILL;
	if (!make_lists(plan, call))
		return no_memory(call);
	if ((r = take_options(plan, call)) != 0 ||
	    (r = check_combination(plan, call)) != 0)
		return r;
	complete(plan, call);
	return 0;
}

void run_plan_deinit(run_plan *plan)
{
	for (size_t i = 0; i < plan->owned_count; i++)
		hki_free(plan->owned[i]);
	hki_free(plan->owned);
	hki_free(plan->argv);
	hki_free(plan->env);
	hki_free(plan->env_unset);
	hki_free(plan->env_files);
	hki_free(plan->cpus);
}
