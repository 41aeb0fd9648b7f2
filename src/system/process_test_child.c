/* Children and tables for the tests of the table of processes. */
#include "system/process_test_child.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

const hk_system_engine test_engines[] = { HK_SYSTEM_ENGINE_OPENAT,
	HK_SYSTEM_ENGINE_ADAPTIVE, HK_SYSTEM_ENGINE_BPF };

/* Fork a child that dies with us; it runs @body and never comes back from it. */
static pid_t begin(void (*body)(void *user, int ready), void *user, void (*run)(void *))
{
	int ready[2];
	ssize_t length;
	char byte;
	pid_t parent = getpid();
	pid_t pid;

	(void) user;
	assert_int_equal(0, pipe(ready));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		(void) close(ready[0]);
		if (run != NULL && body == NULL)
			run(user);
		(void) !write(ready[1], "r", 1);
		(void) close(ready[1]);
		if (body != NULL)
			body(user, ready[1]);
		for (;;)
			pause();
	}
	(void) close(ready[1]);
	length = read(ready[0], &byte, 1);
	(void) close(ready[0]);
	if (length == 1)
		return pid;
	(void) waitpid(pid, NULL, 0);
	return -1;
}

pid_t test_child(void (*live)(void *user), void *user)
{
	return begin(NULL, user, live);
}

typedef struct work {
	void (*run)(void *user);
	void *user;
} work;

static void do_work(void *user, int ready)
{
	const work *of = user;

	(void) ready;
	of->run(of->user);
}

pid_t test_worker(void (*run)(void *user), void *user)
{
	work of = { run, user };

	return begin(do_work, &of, NULL);
}

void test_child_end(pid_t pid)
{
	if (pid <= 1)
		return;
	(void) kill(pid, SIGKILL);
	(void) waitpid(pid, NULL, 0);
}

int test_aside(int (*body)(void *user), void *user)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(body(user));
	assert_int_equal(pid, waitpid(pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

hk_system_processes *test_table(hk_system_engine engine, const char *const *fields)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_system_processes *table = NULL;
	int r;

	opts.engine = engine;
	/* A busy machine must not make commands late that are only slow. */
	opts.details_wait_ns = UINT64_C(10000000000);
	for (; fields != NULL && *fields != NULL; fields++)
		assert_int_equal(
		    0, hk_system_process_fields_add_name(&opts.fields, *fields));
	r = hk_system_processes_open(&table, &opts);
	if (engine == HK_SYSTEM_ENGINE_BPF && (r == -EPERM || r == -EOPNOTSUPP))
		return NULL;
	assert_int_equal(0, r);
	return table;
}

void test_sample(hk_system_processes *table)
{
	assert_true(hk_system_processes_sample(table) > 0);
}

const hk_system_process *test_row(hk_system_processes *table, pid_t pid)
{
	const hk_system_process *row = hk_system_processes_find(table, pid);

	assert_non_null(row);
	return row;
}

bool test_shows(const hk_system_process *row, hk_system_process_field field)
{
	return hk_record_has(&row->record, field);
}
