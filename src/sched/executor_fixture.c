/* What the tests of the executor share, and the programs they run. */
#include "sched/executor_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/array.h"
#include "base/clock.h"
#include "os/cgroup/find.h"
#include "os/procfs.h"
#include "sched/cells.h"
#include "sched/test_paths.h"

/* ---- the programs ---- */

static double cpu_ms(void)
{
	struct timespec used;

	(void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (double) used.tv_sec * 1e3 + (double) used.tv_nsec / 1e6;
}

void burn_ms(double ms)
{
	double end = cpu_ms() + ms;

	while (cpu_ms() < end)
		;
}

/* Until so much was used since the start, the start included. */
static int play_burn(char **words)
{
	double ms = atof(words[0]);

	while (cpu_ms() < ms)
		;
	return 0;
}

static int play_exit(char **words)
{
	return atoi(words[0]);
}

/* A child in a session of its own, whose parent is gone, burns on; @words mark it. */
static int play_escape(char **words)
{
	if (fork() == 0) {
		(void) setsid();
		if (fork() == 0)
			for (;;)
				burn_ms(1);
		_exit(0);
	}
	(void) wait(NULL);
	burn_ms(atof(words[0]));
	return 0;
}

/* A child in a session of its own, beside which it burns on. */
static int play_leave(char **words)
{
	(void) words;
	if (fork() == 0)
		(void) setsid();
	for (;;)
		burn_ms(1);
	return 0;
}

/* So many children at a time that burn a little and are followed by others. */
static int play_fork_often(char **words)
{
	for (int i = atoi(words[0]); i > 0; i--)
		if (fork() == 0)
			for (;;) {
				if (fork() == 0) {
					burn_ms(2);
					_exit(0);
				}
				burn_ms(1);
				(void) wait(NULL);
			}
	while (wait(NULL) > 0)
		;
	return 0;
}

static int play_stubborn(char **words)
{
	(void) words;
	(void) signal(SIGTERM, SIG_IGN);
	while (poll(NULL, 0, 1000) <= 0)
		;
	return 0;
}

static int play_stop_itself(char **words)
{
	(void) words;
	(void) raise(SIGSTOP);
	return 0;
}

static int play_sleep(char **words)
{
	(void) poll(NULL, 0, atoi(words[0]));
	return 0;
}

static int play_print(char **words)
{
	long count = atol(words[0]);

	for (long i = 0; i < count; i++)
		(void) putchar('x');
	fprintf(stderr, "error");
	return 0;
}

/* Fails as long as the file is not there, which it makes. */
static int play_second_time(char **words)
{
	if (access(words[0], F_OK) == 0)
		return 0;
	(void) close(open(words[0], O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	return 1;
}

/*
 * A controller with three programs, of which two stand still: it says so on stdout and
 * waits to be killed.  @words: kill or thaw, cgroup or signal, the mark.
 */
typedef struct controller {
	unsigned int started;
} controller;

static void on_controller_event(
    hk_sched_executor *executor, hk_sched_event event, const char *id, void *user)
{
	controller *self = user;
	hk_sched_totals totals;

	(void) id;
	if (event == HK_SCHED_EVENT_STARTED)
		self->started++;
	hk_sched_executor_totals(&totals, executor);
	if (self->started == 3 && totals.ready == 2) {
		(void) !write(STDOUT_FILENO, "frozen\n", 7);
		for (;;)
			(void) pause();
	}
}

static int play_controller(char **words)
{
	hk_sched_executor_opts opts = HK_SCHED_EXECUTOR_OPTS_INIT;
	hk_sched_policy_opts policy = HK_SCHED_POLICY_OPTS_INIT;
	controller self = { 0 };
	hk_sched_executor *executor;
	hk_loop *loop;

	policy.quantum = 3 * (int64_t) HKI_NS_PER_MS;
	opts.policy_opts = &policy;
	opts.orphans =
	    strcmp(words[0], "thaw") == 0 ? HK_SCHED_ORPHANS_THAW : HK_SCHED_ORPHANS_KILL;
	opts.preemption = strcmp(words[1], "signal") == 0 ? HK_SCHED_PREEMPT_SIGNAL
							  : HK_SCHED_PREEMPT_AUTO;
	opts.on_event = on_controller_event;
	opts.user = &self;
	if (hk_loop_new(&loop) < 0 ||
	    hk_sched_executor_new(&executor, loop, &opts, NULL) < 0)
		return 1;
	for (int i = 0; i < 3; i++) {
		hk_sched_work work = HK_SCHED_WORK_INIT;
		hk_process_opts process = HK_PROCESS_OPTS_INIT;

		process.argv = WORDS("/proc/self/exe", "burn", words[3], words[2]);
		work.process = &process;
		if (hk_sched_executor_add(executor, &work, NULL) < 0)
			return 1;
	}
	return hk_loop_run(loop);
}

static const struct {
	const char *name;
	int (*play)(char **words);
} plays[] = {
	{ "burn", play_burn },
	{ "exit", play_exit },
	{ "escape", play_escape },
	{ "leave", play_leave },
	{ "fork-often", play_fork_often },
	{ "stubborn", play_stubborn },
	{ "stop-itself", play_stop_itself },
	{ "sleep", play_sleep },
	{ "print", play_print },
	{ "second-time", play_second_time },
	{ "controller", play_controller },
};

void fixture_main(int argc, char **argv)
{
	(void) setenv("HOSTKIT_LIBEXEC", HKI_TEST_LIBEXEC, 0);
	for (size_t i = 0; argc > 1 && i < HKI_COUNT(plays); i++)
		if (strcmp(argv[1], plays[i].name) == 0)
			exit(plays[i].play(argv + 2));
}

/* ---- the fixture ---- */

size_t count_open_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

int fixture_set_up(void **state)
{
	fixture *f = calloc(1, sizeof(*f));

	f->opts = (hk_sched_executor_opts) HK_SCHED_EXECUTOR_OPTS_INIT;
	f->policy_opts = (hk_sched_policy_opts) HK_SCHED_POLICY_OPTS_INIT;
	f->fds = count_open_fds();
	assert_int_equal(0, hk_loop_new(&f->loop));
	*state = f;
	return 0;
}

int fixture_tear_down(void **state)
{
	fixture *f = *state;

	hk_sched_executor_free(f->executor);
	hk_loop_free(f->loop);
	assert_int_equal(-1, waitpid(-1, NULL, WNOHANG));
	assert_int_equal(ECHILD, errno);
	assert_int_equal(0, count_cgroups(0));
	assert_int_equal(f->fds, count_open_fds());
	free(f);
	return 0;
}

static void on_event(
    hk_sched_executor *executor, hk_sched_event event, const char *id, void *user)
{
	static const char *const names[] = { "started", "preempted", "continued",
		"paused", "resumed", "retry", "ended" };
	fixture *f = user;

	(void) executor;
	if (f->log_length + strlen(id) + 16 < sizeof(f->log))
		f->log_length += (size_t) snprintf(f->log + f->log_length,
		    sizeof(f->log) - f->log_length, "%s:%s ", id, names[event]);
	f->ends += event == HK_SCHED_EVENT_ENDED;
	if (f->on_event != NULL)
		f->on_event(f, event, id);
}

void fixture_open(fixture *f, const char *policy, double quantum_ms)
{
	f->policy_opts.quantum = (int64_t) (quantum_ms * 1e6);
	f->opts.policy = hk_sched_policy_find(policy);
	assert_non_null(f->opts.policy);
	f->opts.policy_opts = &f->policy_opts;
	f->opts.on_event = on_event;
	f->opts.user = f;
	assert_int_equal(0, hk_sched_executor_new(&f->executor, f->loop, &f->opts, NULL));
}

void fixture_run(fixture *f)
{
	assert_int_equal(0, hk_loop_run(f->loop));
}

void fixture_run_until(fixture *f, bool (*done)(fixture *f))
{
	uint64_t deadline_ns = hki_clock_monotonic_ns() + 60 * HKI_NS_PER_S;

	while (!done(f)) {
		assert_true(hk_loop_run_once(f->loop, 100) >= 0);
		if (hki_clock_monotonic_ns() > deadline_ns)
			fail_msg("waited for 60 s; the log is %s", f->log);
	}
}

bool fixture_saw(const fixture *f, const char *word)
{
	return strstr(f->log, word) != NULL;
}

const char *fixture_ends(const fixture *f)
{
	static char ids[4096];
	static char copy[sizeof(f->log)];
	char *rest;

	ids[0] = '\0';
	memcpy(copy, f->log, sizeof(copy));
	for (char *word = strtok_r(copy, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		char *colon = strrchr(word, ':');

		if (strcmp(colon, ":ended") != 0 ||
		    strlen(ids) + strlen(word) > sizeof(ids))
			continue;
		*colon = '\0';
		if (ids[0] != '\0')
			strcat(ids, " ");
		strcat(ids, word);
	}
	return ids;
}

hk_sched_info fixture_info(fixture *f, const char *id)
{
	hk_sched_info info;

	assert_int_equal(0, hk_sched_executor_find(&info, f->executor, id));
	return info;
}

const char *fixture_outcome(fixture *f, const char *id)
{
	hk_sched_info info = fixture_info(f, id);

	if (info.state != HK_SCHED_ENDED)
		return hk_sched_state_name((unsigned int) info.state);
	return hk_sched_outcome_name((unsigned int) info.outcome);
}

/* ---- tasks ---- */

hk_sched_task fixture_task(const char *id, int32_t priority, double burst_ms)
{
	hk_sched_task task = HK_SCHED_TASK_INIT;

	task.id = id;
	task.priority = priority;
	task.burst = (int64_t) (burst_ms * 1e6);
	return task;
}

void fixture_add_step(
    fixture *f, const hk_sched_task *task, hk_sched_step_fn step, void *user)
{
	hk_sched_work work = HK_SCHED_WORK_INIT;

	work.task = task;
	work.step = step;
	work.user = user;
	assert_int_equal(0, hk_sched_executor_add(f->executor, &work, NULL));
}

void fixture_add_program(fixture *f, const hk_sched_task *task, const char *const *words)
{
	const char *argv[16] = { "/proc/self/exe" };
	hk_sched_command command =
	    task->command != NULL ? *task->command : (hk_sched_command){ 0 };

	for (size_t i = 0; words[i] != NULL; i++)
		argv[i + 1] = words[i];
	command.argv = argv;
	fixture_add_command(f, task, &command);
}

void fixture_add_command(
    fixture *f, const hk_sched_task *task, const hk_sched_command *command)
{
	hk_sched_work work = HK_SCHED_WORK_INIT;
	hk_sched_task with = *task;

	with.command = command;
	work.task = &with;
	assert_int_equal(0, hk_sched_executor_add(f->executor, &work, NULL));
}

int burn_step(void *user)
{
	int *left = user;

	if (*left > 0)
		burn_ms(1);
	return --*left > 0;
}

/* ---- what is left ---- */

typedef struct count {
	const char *mark;
	unsigned int found;
	pid_t last;
} count;

static int count_one(const hki_proc_stat *stat, void *user)
{
	count *at = user;
	char path[64];
	char text[4096];
	size_t length;

	if (stat->state == 'Z' || stat->state == 'X' || stat->pid == getpid())
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int) stat->pid);
	if (hki_read_file(AT_FDCWD, path, text, sizeof(text), &length) < 0)
		return 0;
	if (memmem(text, length, at->mark, strlen(at->mark)) != NULL) {
		at->found++;
		at->last = stat->pid;
	}
	return 0;
}

unsigned int count_processes(const char *mark)
{
	count at = { .mark = mark };

	assert_int_equal(0, hki_proc_each(count_one, &at));
	return at.found;
}

pid_t find_process(const char *mark)
{
	count at = { .mark = mark };

	assert_int_equal(0, hki_proc_each(count_one, &at));
	return at.last;
}

void assert_no_processes(const char *mark)
{
	unsigned int found = 1;

	for (int i = 0; i < 6000 && found > 0; i++) {
		found = count_processes(mark);
		if (found > 0)
			(void) poll(NULL, 0, 10);
	}
	assert_int_equal(0, found);
}

unsigned int count_cgroups(pid_t pid)
{
	hki_cgroup_places places;
	char prefix[64];
	unsigned int found = 0;
	struct dirent *entry;
	DIR *directory;

	snprintf(prefix, sizeof(prefix), HKI_CELLS_PREFIX "%d-",
	    (int) (pid == 0 ? getpid() : pid));
	assert_int_equal(0, hki_cgroup_places_read(&places));
	directory = places.unified == NULL ? NULL : opendir(places.unified);
	while (directory != NULL && (entry = readdir(directory)) != NULL)
		found += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	if (directory != NULL)
		closedir(directory);
	hki_cgroup_places_deinit(&places);
	return found;
}
