/*
 * Ids that are handed on.  In a process namespace of its own a test may say which id
 * comes next, so the same id is given to two processes within one clock tick: same
 * id, same start, and nothing but the inode of the pidfd to tell them apart.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "os/pidref.h"
#include "os/procfs.h"
#include "system/process_table.h"
#include "system/process_test_child.h"

enum { REUSES = 200, REUSED_PID = 3000, NOT_ALLOWED = 77, CONFUSED = 1, FAILED = 2 };

/* A child that has REUSED_PID and sleeps. */
static pid_t make_child(void)
{
	char last[16];
	pid_t pid;

	snprintf(last, sizeof(last), "%d", REUSED_PID - 1);
	if (hki_write_file(AT_FDCWD, "/proc/sys/kernel/ns_last_pid", last) < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void end_child(pid_t pid)
{
	if (pid <= 1)
		return;
	(void) kill(pid, SIGKILL);
	(void) waitpid(pid, NULL, 0);
}

/* Same id, same start: then only the inode tells.  *same counts those. */
static int try_once(hk_system_processes *table, int *same)
{
	const hk_system_process *row;
	hk_system_process first;
	pid_t child = make_child();

	if (child != REUSED_PID || hk_system_processes_sample(table) < 0)
		return FAILED;
	row = hk_system_processes_find(table, child);
	if (row == NULL)
		return FAILED;
	first = *row;
	end_child(child);
	child = make_child();
	if (child != REUSED_PID || hk_system_processes_sample(table) < 0)
		return FAILED;
	row = hk_system_processes_find(table, child);
	if (row == NULL)
		return FAILED;
	*same += row->start_ticks == first.start_ticks;
	if (row->inode == first.inode && row->start_ticks == first.start_ticks)
		return CONFUSED;
	if (hk_system_processes_exited_count(table) != 1 ||
	    hk_system_processes_exited(table, 0)->inode != first.inode)
		return CONFUSED;
	end_child(child);
	return hk_system_processes_sample(table) < 0 ? FAILED : 0;
}

/* As process 1 of a namespace of its own. */
static int reuse_ids(const hk_system_engine *engine)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_system_processes *table = NULL;
	int same = 0;
	int r;

	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) < 0)
		return NOT_ALLOWED;
	opts.engine = *engine;
	r = hk_system_processes_open(&table, &opts);
	if (r == -EPERM || r == -EOPNOTSUPP)
		return NOT_ALLOWED;
	if (r < 0 || hk_system_processes_sample(table) < 0)
		return FAILED;
	/* It is a namespace of two. */
	if (hk_system_processes_find(table, 1) == NULL)
		return FAILED;
	for (int i = 0; i < REUSES; i++) {
		r = try_once(table, &same);
		if (r != 0)
			return r;
	}
	hk_system_processes_close(table);
	/* Otherwise nothing was put to the test. */
	return same > 0 ? 0 : FAILED;
}

static int enter_namespace(void *user)
{
	int status = 0;
	pid_t pid;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
		return NOT_ALLOWED;
	pid = fork();
	if (pid == 0)
		_exit(reuse_ids(user));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return FAILED;
	return WEXITSTATUS(status);
}

static void an_id_that_is_handed_on_is_another_process(void **state)
{
	hki_pidref self;
	uint64_t inode;
	int tested = 0;

	(void) state;
	assert_int_equal(0, hki_pidref_open(&self, getpid()));
	inode = self.inode;
	hki_pidref_close(&self);
	/* Before Linux 6.9 nothing tells them apart. */
	if (inode == 0)
		skip();
	for (int i = 0; i < TEST_ENGINES; i++) {
		int r = test_aside(enter_namespace, (void *) &test_engines[i]);

		if (r == NOT_ALLOWED)
			continue;
		assert_int_equal(0, r);
		tested++;
	}
	/* Without root there is no namespace to do this in. */
	if (tested == 0)
		skip();
}

/* ---- what others hide ---- */

static int look_while_hidden(void *user)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_system_processes *table = NULL;
	hk_system_processes_info info;

	(void) user;
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, "hidepid=2") < 0 || setgid(65534) < 0 ||
	    setuid(65534) < 0)
		return NOT_ALLOWED;
	if (hk_system_processes_open(&table, &opts) < 0 ||
	    hk_system_processes_sample(table) < 1)
		return FAILED;
	hk_system_processes_describe(&info, table);
	if (!info.hidden || hk_system_processes_find(table, 1) != NULL)
		return CONFUSED;
	/* Ourselves we see always, if nobody else. */
	if (hk_system_processes_find(table, getpid()) == NULL)
		return CONFUSED;
	hk_system_processes_close(table);
	return 0;
}

static void processes_that_are_hidden_are_not_thought_to_be_all(void **state)
{
	int r = test_aside(look_while_hidden, NULL);

	(void) state;
	if (r == NOT_ALLOWED)
		skip();
	assert_int_equal(0, r);
}

static int look_while_closed(void *user)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_system_processes *table = NULL;
	hk_system_processes_info info;
	const hk_system_process *root;

	(void) user;
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, "hidepid=1") < 0 || setgid(65534) < 0 ||
	    setuid(65534) < 0)
		return NOT_ALLOWED;
	if (hk_system_processes_open(&table, &opts) < 0)
		return FAILED;
	for (int i = 0; i < 3; i++)
		if (hk_system_processes_sample(table) < 2)
			return FAILED;
	hk_system_processes_describe(&info, table);
	root = hk_system_processes_find(table, 1);
	/* It is there, it stays the same, and that is all we may know. */
	if (!info.hidden || root == NULL || hk_system_processes_exited_count(table) > 2)
		return CONFUSED;
	if (!hk_record_has(&root->record, HK_SYSTEM_PROCESS_PID) ||
	    !hk_record_is_denied(&root->record, HK_SYSTEM_PROCESS_NAME) ||
	    hk_record_has(&root->record, HK_SYSTEM_PROCESS_RSS))
		return CONFUSED;
	hk_system_processes_close(table);
	return 0;
}

static void processes_that_may_not_be_read_are_there_all_the_same(void **state)
{
	int r = test_aside(look_while_closed, NULL);

	(void) state;
	if (r == NOT_ALLOWED)
		skip();
	assert_int_equal(0, r);
}

static int look_without_proc(void *user)
{
	(void) user;
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/proc", "tmpfs", 0, NULL) < 0)
		return NOT_ALLOWED;
	for (int i = HK_SYSTEM_ENGINE_ADAPTIVE; i <= HK_SYSTEM_ENGINE_OPENAT; i++) {
		hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
		hk_system_processes *table = NULL;

		opts.engine = (hk_system_engine) i;
		if (hk_system_processes_open(&table, &opts) < 0)
			return FAILED;
		if (hk_system_processes_sample(table) != -EIO ||
		    hk_system_processes_count(table) != 0)
			return CONFUSED;
		hk_system_processes_close(table);
	}
	return 0;
}

/* A table of one process is empty when that has ended, and that is no error. */
static void the_only_process_may_end(void **state)
{
	pid_t child = test_child(NULL, NULL);
	hk_system_processes *table = NULL;

	(void) state;
	assert_int_equal(0, hki_processes_open_one(&table, child));
	assert_int_equal(1, hk_system_processes_sample(table));
	test_child_end(child);
	assert_int_equal(0, hk_system_processes_sample(table));
	assert_int_equal(1, hk_system_processes_exited_count(table));
	hk_system_processes_close(table);
}

static void a_machine_without_proc_is_an_error_and_not_empty(void **state)
{
	int r = test_aside(look_without_proc, NULL);

	(void) state;
	if (r == NOT_ALLOWED)
		skip();
	assert_int_equal(0, r);
}

static bool denied(const hk_system_process *row, hk_system_process_field field)
{
	return hk_record_is_denied(&row->record, field) &&
	       !hk_record_has(&row->record, field);
}

static int look_as_nobody(void *user)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_system_processes *table = NULL;
	const hk_system_process *root;

	(void) user;
	if (setgid(65534) < 0 || setuid(65534) < 0)
		return NOT_ALLOWED;
	opts.fields = hk_system_process_fields_all();
	opts.exits = true;
	if (hk_system_processes_open(&table, &opts) < 0 ||
	    hk_system_processes_sample(table) < 1)
		return FAILED;
	root = hk_system_processes_find(table, 1);
	if (root == NULL)
		return NOT_ALLOWED;
	if (!denied(root, HK_SYSTEM_PROCESS_READ_BYTES) ||
	    !denied(root, HK_SYSTEM_PROCESS_READ_RATE) ||
	    !denied(root, HK_SYSTEM_PROCESS_EXECUTABLE) ||
	    !denied(root, HK_SYSTEM_PROCESS_WORKING_DIRECTORY))
		return CONFUSED;
	if (!hk_record_has(&root->record, HK_SYSTEM_PROCESS_RSS) ||
	    !hk_record_has(&root->record, HK_SYSTEM_PROCESS_UID) ||
	    strcmp(root->user, "root") != 0)
		return CONFUSED;
	hk_system_processes_close(table);
	return 0;
}

static void what_we_may_not_know_is_denied_and_never_zero(void **state)
{
	int r = test_aside(look_as_nobody, NULL);

	(void) state;
	if (r == NOT_ALLOWED)
		skip();
	assert_int_equal(0, r);
}

static int open_bpf_as_nobody(void *user)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_system_processes *table = NULL;
	hk_system_processes_info info;

	(void) user;
	if (setgid(65534) < 0 || setuid(65534) < 0)
		return NOT_ALLOWED;
	opts.engine = HK_SYSTEM_ENGINE_BPF;
	if (hk_system_processes_open(&table, &opts) != -EPERM)
		return CONFUSED;
	opts.engine = HK_SYSTEM_ENGINE_AUTO;
	opts.exits = true;
	if (hk_system_processes_open(&table, &opts) < 0)
		return FAILED;
	for (int i = 0; i < 3; i++)
		if (hk_system_processes_sample(table) < 1)
			return FAILED;
	hk_system_processes_describe(&info, table);
	if (strcmp(info.engine, "adaptive") != 0 ||
	    strncmp(info.engine_why, "not bpf: ", 9) != 0 ||
	    strcmp(info.exits, "off") != 0 || info.exits_why == NULL ||
	    hk_system_processes_exit_fd(table) != -1)
		return CONFUSED;
	hk_system_processes_close(table);
	return 0;
}

static void without_root_the_table_steps_down_and_says_so(void **state)
{
	int r = test_aside(open_bpf_as_nobody, NULL);

	(void) state;
	if (r == NOT_ALLOWED)
		skip();
	assert_int_equal(0, r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_that_is_handed_on_is_another_process),
		cmocka_unit_test(processes_that_are_hidden_are_not_thought_to_be_all),
		cmocka_unit_test(processes_that_may_not_be_read_are_there_all_the_same),
		cmocka_unit_test(the_only_process_may_end),
		cmocka_unit_test(a_machine_without_proc_is_an_error_and_not_empty),
		cmocka_unit_test(what_we_may_not_know_is_denied_and_never_zero),
		cmocka_unit_test(without_root_the_table_steps_down_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
