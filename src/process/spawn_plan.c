/*
 * Everything about a start that can be decided before it: options checked, names
 * turned into numbers, places to look for the program, masks and limits copied.
 * Files and the environment have files of their own.
 */
#include "process/spawn_plan.h"

#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/error_list.h"
#include "os/arch/arch.h"
#include "os/clone.h"

/* Where programs are when the environment does not say, as confstr(_CS_PATH). */
#define DEFAULT_PATH "/bin:/usr/bin"
/* No kernel is built for more CPUs (NR_CPUS is at most 8192). */
#define CPU_MAX        8192
#define IO_CLASS_SHIFT 13
#define SIGNAL_MAX     64

static const char *const step_names[HKI_STEP_COUNT] = {
	[HKI_STEP_NONE] = "",
	[HKI_STEP_START] = "start",
	[HKI_STEP_CGROUP] = "cgroup",
	[HKI_STEP_SESSION] = "session",
	[HKI_STEP_GROUP] = "process group",
	[HKI_STEP_TERMINAL] = "terminal",
	[HKI_STEP_STDIN] = "stdin",
	[HKI_STEP_STDOUT] = "stdout",
	[HKI_STEP_STDERR] = "stderr",
	[HKI_STEP_FDS] = "fds",
	[HKI_STEP_OOM_SCORE] = "oom score",
	[HKI_STEP_NICE] = "nice",
	[HKI_STEP_IO_PRIORITY] = "io priority",
	[HKI_STEP_CPUS] = "cpus",
	[HKI_STEP_LIMITS] = "limits",
	[HKI_STEP_UMASK] = "umask",
	[HKI_STEP_GROUPS] = "groups",
	[HKI_STEP_GID] = "group",
	[HKI_STEP_UID] = "user",
	[HKI_STEP_NO_NEW_PRIVILEGES] = "no new privileges",
	[HKI_STEP_PARENT_DEATH] = "parent death signal",
	[HKI_STEP_CWD] = "cwd",
	[HKI_STEP_EXEC] = "exec",
	[HKI_STEP_OPTIONS] = "options",
	[HKI_STEP_ENV] = "env",
	[HKI_STEP_ENV_FILE] = "env_file",
	[HKI_STEP_TREE] = "tree",
};

const char *hki_step_name(hki_step step)
{
	return step_names[step];
}

int hki_plan_fail(hki_plan *plan, hki_step step, int code, hk_error_list *errors,
    const char *format, ...)
{
	char text[PATH_MAX + 128];
	va_list arguments;

	plan->failed_step = step;
	va_start(arguments, format);
	(void) vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return hki_error_report_step(errors, code, hki_step_name(step), "%s", text);
}

/* ---- life ---- */

void hki_plan_init(hki_plan *plan)
{
	memset(plan, 0, sizeof(*plan));
	plan->terminal = -1;
	plan->cgroup = -1;
	for (size_t i = 0; i < HKI_COUNT(plan->ends); i++)
		plan->ends[i] = -1;
}

void hki_plan_close_child_files(hki_plan *plan)
{
	while (plan->opened_count > 0)
		(void) close(plan->opened[--plan->opened_count]);
}

void hki_plan_deinit(hki_plan *plan)
{
	hki_plan_close_child_files(plan);
	for (size_t i = 0; i < HKI_COUNT(plan->ends); i++)
		hki_closep(&plan->ends[i]);
	hki_free(plan->environment_block);
	hki_free(plan->paths);
	hki_free(plan->cwd);
	hki_free(plan->fds);
	hki_free(plan->groups);
	hki_free(plan->cpus);
	hki_free(plan->limits);
	hki_plan_init(plan);
}

/* ---- strings ---- */

size_t hki_strings_count(const char *const *strings)
{
	size_t count = 0;

	while (strings != NULL && strings[count] != NULL)
		count++;
	return count;
}

char **hki_strings_copy(const char *const *strings, size_t count)
{
	size_t bytes = (count + 1) * sizeof(char *);
	char **copy;
	char *text;

	for (size_t i = 0; i < count; i++)
		bytes += strlen(strings[i]) + 1;
	copy = hki_alloc(bytes);
	if (copy == NULL)
		return NULL;
	text = (char *) (copy + count + 1);
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(strings[i]) + 1;

		copy[i] = memcpy(text, strings[i], length);
		text += length;
	}
	copy[count] = NULL;
	return copy;
}

/* ---- where to look for the program ---- */

static size_t path_parts(const char *path)
{
	size_t parts = 1;

	for (; *path != '\0'; path++)
		parts += *path == ':';
	return parts;
}

/* Each part of @path with "/file" behind it; an empty part is the current directory. */
static char **search_paths(const char *path, const char *file)
{
	const size_t count = path_parts(path);
	const size_t file_length = strlen(file) + 1;
	char **paths = hki_alloc(
	    (count + 1) * sizeof(char *) + strlen(path) + 1 + count * (file_length + 1));
	char *text;

	if (paths == NULL)
		return NULL;
	text = (char *) (paths + count + 1);
	for (size_t i = 0; i < count; i++) {
		size_t length = strcspn(path, ":");

		paths[i] = text;
		memcpy(text, path, length);
		text += length;
		if (length > 0)
			*text++ = '/';
		memcpy(text, file, file_length);
		text += file_length;
		path += length + 1;
	}
	paths[count] = NULL;
	return paths;
}

static int find_program(hki_plan *plan, const char *file, hk_error_list *errors)
{
	const char *path = hki_environment_get(plan->environment, "PATH");

	if (*file == '\0')
		return hki_plan_fail(plan, HKI_STEP_EXEC, -ENOENT, errors,
		    "the name of the program is empty");
	plan->searched = strchr(file, '/') == NULL;
	if (!plan->searched)
		plan->paths = hki_strings_copy(&file, 1);
	else
		plan->paths = search_paths(path != NULL ? path : DEFAULT_PATH, file);
	if (plan->paths == NULL)
		return hki_plan_fail(plan, HKI_STEP_EXEC, -ENOMEM, errors, "'%s'", file);
	return 0;
}

/* ---- options ---- */

#define KNOWN_FLAGS (HK_PROCESS_MESSAGE_CHANNEL * 2 - 1)

typedef struct range {
	uint32_t flag; /* checked when this is set */
	int64_t value;
	int64_t least;
	int64_t most;
	const char *name;
} range;

static int check_ranges(
    hki_plan *plan, const hk_process_opts *opts, hk_error_list *errors)
{
	const range ranges[] = {
		{ HK_PROCESS_SET_UMASK, opts->umask, 0, 0777, "umask" },
		{ HK_PROCESS_SET_NICE, opts->nice, -20, 19, "nice" },
		{ HK_PROCESS_SET_IO_PRIORITY, opts->io_class, 1, 3, "io_class" },
		{ HK_PROCESS_SET_IO_PRIORITY, opts->io_level, 0, 7, "io_level" },
		{ HK_PROCESS_SET_OOM_SCORE, opts->oom_score, -1000, 1000, "oom_score" },
		{ UINT32_MAX, opts->parent_death_signal, 0, SIGNAL_MAX,
		    "parent_death_signal" },
		{ UINT32_MAX, opts->tree, HK_TREE_WALK, HK_TREE_AUTO, "tree" },
		{ UINT32_MAX, opts->stdio[0].kind, 0, HK_STDIO_PTY, "stdin" },
		{ UINT32_MAX, opts->stdio[1].kind, 0, HK_STDIO_PTY, "stdout" },
		{ UINT32_MAX, opts->stdio[2].kind, 0, HK_STDIO_STDOUT, "stderr" },
		{ UINT32_MAX, opts->terminal_rows, 0, UINT16_MAX, "terminal_rows" },
		{ UINT32_MAX, opts->terminal_columns, 0, UINT16_MAX, "terminal_columns" },
	};

	for (size_t i = 0; i < HKI_COUNT(ranges); i++) {
		const range *r = &ranges[i];

		if (r->flag != UINT32_MAX && (opts->flags & r->flag) == 0)
			continue;
		if (r->value < r->least || r->value > r->most)
			return hki_plan_fail(plan, HKI_STEP_OPTIONS, -EINVAL, errors,
			    "%s is %lld, but must be from %lld to %lld", r->name,
			    (long long) r->value, (long long) r->least,
			    (long long) r->most);
	}
	return 0;
}

static int check_lists(hki_plan *plan, const hk_process_opts *opts, hk_error_list *errors)
{
	if ((opts->limits == NULL && opts->limit_count > 0) ||
	    (opts->cpus == NULL && opts->cpu_count > 0) ||
	    (opts->groups == NULL && opts->group_count > 0) ||
	    (opts->fds == NULL && opts->fd_count > 0) ||
	    (opts->stop_steps == NULL && opts->stop_step_count > 0))
		return hki_plan_fail(plan, HKI_STEP_OPTIONS, -EINVAL, errors,
		    "a list is NULL, but its count is not 0");
	for (size_t i = 0; i < opts->stop_step_count; i++) {
		int signal = opts->stop_steps[i].signal;

		if (signal < 1 || signal > SIGNAL_MAX)
			return hki_plan_fail(plan, HKI_STEP_OPTIONS, -EINVAL, errors,
			    "stop step %zu sends %d, which is no signal", i, signal);
	}
	return 0;
}

static int check_options(
    hki_plan *plan, const hk_process_opts *opts, hk_error_list *errors)
{
	int r;

	if ((opts->flags & ~(uint32_t) KNOWN_FLAGS) != 0)
		return hki_plan_fail(plan, HKI_STEP_OPTIONS, -EINVAL, errors,
		    "flags hold a bit that means nothing: 0x%x",
		    (unsigned int) (opts->flags & ~(uint32_t) KNOWN_FLAGS));
	r = check_ranges(plan, opts, errors);
	return r < 0 ? r : check_lists(plan, opts, errors);
}

/* ---- plain values ---- */

static int take_cpus(hki_plan *plan, const hk_process_opts *opts, hk_error_list *errors)
{
	const size_t bits = sizeof(unsigned long) * CHAR_BIT;
	uint32_t largest = 0;

	if (opts->cpus == NULL)
		return 0;
	for (size_t i = 0; i < opts->cpu_count; i++) {
		if (opts->cpus[i] >= CPU_MAX)
			return hki_plan_fail(plan, HKI_STEP_CPUS, -EINVAL, errors,
			    "there is no CPU %u", opts->cpus[i]);
		if (opts->cpus[i] > largest)
			largest = opts->cpus[i];
	}
	plan->cpu_bytes = (largest / bits + 1) * sizeof(unsigned long);
	plan->cpus = hki_zalloc(plan->cpu_bytes);
	if (plan->cpus == NULL)
		return hki_plan_fail(
		    plan, HKI_STEP_CPUS, -ENOMEM, errors, "the set of CPUs");
	for (size_t i = 0; i < opts->cpu_count; i++)
		plan->cpus[opts->cpus[i] / bits] |= 1UL << (opts->cpus[i] % bits);
	return 0;
}

static int take_limits(hki_plan *plan, const hk_process_opts *opts, hk_error_list *errors)
{
	if (opts->limit_count == 0)
		return 0;
	if (opts->limit_count > SIZE_MAX / sizeof(*opts->limits))
		return hki_plan_fail(
		    plan, HKI_STEP_LIMITS, -EINVAL, errors, "there are too many limits");
	plan->limits =
	    hki_memdup(opts->limits, opts->limit_count * sizeof(*opts->limits));
	if (plan->limits == NULL)
		return hki_plan_fail(
		    plan, HKI_STEP_LIMITS, -ENOMEM, errors, "the list of limits");
	plan->limit_count = opts->limit_count;
	return 0;
}

static uint32_t todo_of(const hk_process_opts *opts, const hki_plan_tree *tree)
{
	static const struct {
		uint32_t flag;
		uint32_t todo;
	} rows[] = {
		{ HK_PROCESS_NEW_SESSION, HKI_TODO_SESSION },
		{ HK_PROCESS_NEW_GROUP, HKI_TODO_GROUP },
		{ HK_PROCESS_SET_NICE, HKI_TODO_NICE },
		{ HK_PROCESS_SET_IO_PRIORITY, HKI_TODO_IO_PRIORITY },
		{ HK_PROCESS_SET_OOM_SCORE, HKI_TODO_OOM_SCORE },
		{ HK_PROCESS_SET_UMASK, HKI_TODO_UMASK },
		{ HK_PROCESS_NO_NEW_PRIVILEGES, HKI_TODO_NO_NEW_PRIVILEGES },
		{ HK_PROCESS_KEEP_SIGNALS, HKI_TODO_KEEP_SIGNALS },
		{ HK_PROCESS_KEEP_IGNORED, HKI_TODO_KEEP_IGNORED },
	};
	uint32_t todo = tree->group ? HKI_TODO_GROUP : 0;

	for (size_t i = 0; i < HKI_COUNT(rows); i++)
		if ((opts->flags & rows[i].flag) != 0)
			todo |= rows[i].todo;
	return todo;
}

static int take_values(hki_plan *plan, const hk_process_opts *opts,
    const hki_plan_tree *tree, hk_error_list *errors)
{
	int r;

	plan->todo = todo_of(opts, tree);
	plan->cgroup = tree->cgroup;
	plan->join = tree->join;
	plan->umask = opts->umask;
	plan->nice = opts->nice;
	plan->io_priority = opts->io_class << IO_CLASS_SHIFT | opts->io_level;
	if ((plan->todo & HKI_TODO_OOM_SCORE) != 0)
		(void) snprintf(plan->oom_score, sizeof(plan->oom_score), "%d",
		    (int) opts->oom_score);
	plan->parent_death_signal = opts->parent_death_signal;
	plan->parent = getpid();
	if ((plan->todo & HKI_TODO_KEEP_SIGNALS) != 0)
		hki_arch_syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0,
		    (long) &plan->signal_mask, sizeof(plan->signal_mask), 0, 0);
	if (opts->cwd != NULL) {
		plan->cwd = hki_strdup(opts->cwd);
		if (plan->cwd == NULL)
			return hki_plan_fail(
			    plan, HKI_STEP_CWD, -ENOMEM, errors, "'%s'", opts->cwd);
	}
	r = take_cpus(plan, opts, errors);
	return r < 0 ? r : take_limits(plan, opts, errors);
}

int hki_plan_prepare(hki_plan *plan, const hk_process_opts *opts, char *const *argv,
    const hki_plan_tree *tree, hk_error_list *errors)
{
	const char *file = opts->file != NULL ? opts->file : argv[0];
	int r;

	plan->argv = argv;
	if ((r = check_options(plan, opts, errors)) < 0 ||
	    (r = take_values(plan, opts, tree, errors)) < 0 ||
	    (r = hki_plan_environment(plan, opts, tree->environment, errors)) < 0 ||
	    (r = find_program(plan, file, errors)) < 0 ||
	    (r = hki_plan_credentials(plan, opts, errors)) < 0)
		return r;
	return hki_plan_stdio(plan, opts, errors);
}

/* ---- act ---- */

/* The child has said why it failed and is ending: collect it. */
static void collect_failed(int pidfd)
{
	siginfo_t info;

	while (waitid(P_PIDFD, (id_t) pidfd, &info, WEXITED) < 0 && errno == EINTR)
		;
	(void) close(pidfd);
}

pid_t hki_plan_act(hki_plan *plan, int *out_pidfd)
{
	hki_clone_request request = { .run = hki_child_run, .cgroup = plan->cgroup };
	hki_child child = { .plan = plan, .in_cgroup = &request.in_cgroup };
	pid_t pid;

	request.user = &child;
	plan->failed_step = HKI_STEP_NONE;
	pid = hki_clone(&request);
	if (pid < 0) {
		bool process_limit = pid == -EAGAIN || pid == -ENOMEM || pid == -EMFILE ||
				     pid == -ENFILE || plan->cgroup < 0;

		plan->failed_step = process_limit ? HKI_STEP_START : HKI_STEP_CGROUP;
		return pid;
	}
	if (plan->failed_step != HKI_STEP_NONE) {
		collect_failed(request.pidfd);
		return -plan->error;
	}
	*out_pidfd = request.pidfd;
	return pid;
}
