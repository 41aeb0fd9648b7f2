/*
 * Identities.  Reuse of a process id is not waited for but forced: in a PID
 * namespace of its own the test says which number comes next.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include <hostkit/process.h>

/* ---- text ---- */

static void assert_round_trip(
    int64_t pid, uint64_t start, uint64_t inode, const char *text)
{
	hk_process_id id = { pid, start, inode };
	char out[HK_PROCESS_ID_TEXT_MAX];
	hk_process_id back;

	assert_int_equal(strlen(text), hk_process_id_format(out, sizeof(out), &id));
	assert_string_equal(text, out);
	assert_int_equal(0, hk_process_id_parse(&back, text));
	assert_int_equal(pid, back.pid);
	assert_int_equal(start, back.start_ticks);
	assert_int_equal(inode, back.inode);
}

static void an_identity_is_written_as_it_is_read(void **state)
{
	(void) state;
	assert_round_trip(1, 0, 0, "1");
	assert_round_trip(4711, 123, 0, "4711@123");
	assert_round_trip(4711, 123, 99, "4711@123:99");
	assert_round_trip(4711, 0, 99, "4711@0:99");
	assert_round_trip(INT32_MAX, UINT64_MAX, UINT64_MAX,
	    "2147483647@18446744073709551615:18446744073709551615");
}

static void a_short_buffer_tells_the_length_wanted(void **state)
{
	hk_process_id id = { 4711, 123, 99 };
	char out[6];

	(void) state;
	assert_int_equal(11, hk_process_id_format(out, sizeof(out), &id));
	assert_string_equal("4711@", out);
	assert_int_equal(11, hk_process_id_format(NULL, 0, &id));
}

static void what_is_no_identity_is_refused(void **state)
{
	static const char *const texts[] = { "", "0", "-1", "+1", " 1", "1 ", "x", "1@",
		"1@x", "1@2:", "1@2:x", "1@2:3:4", "1:2", "1@2@3", "2147483648",
		"1@18446744073709551616", "1@2:99999999999999999999", "@1", "1.5" };

	(void) state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		hk_process_id id = { .pid = -7 };

		assert_int_equal(HK_EPARSE, hk_process_id_parse(&id, texts[i]));
		assert_int_equal(-7, id.pid);
	}
	assert_int_equal(HK_EPARSE, hk_process_id_parse(&(hk_process_id){ 0 }, NULL));
}

/* ---- the living ---- */

static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			(void) pause();
	assert_true(pid > 0);
	return pid;
}

static void exactly_that_process_is_signalled(void **state)
{
	pid_t pid = start_child();
	hk_process_id id, wrong;
	int status;

	(void) state;
	assert_int_equal(0, hk_process_id_read(&id, pid));
	assert_int_equal(pid, id.pid);
	assert_true(id.start_ticks > 0);
	assert_int_equal(0, hk_process_id_kill(&id, 0));

	wrong = id;
	wrong.start_ticks++;
	assert_int_equal(-ESRCH, hk_process_id_kill(&wrong, SIGKILL));
	wrong = id;
	wrong.inode++;
	assert_int_equal(-ESRCH, hk_process_id_kill(&wrong, SIGKILL));
	assert_int_equal(-EINVAL, hk_process_id_kill(&id, 1000));
	assert_int_equal(-EINVAL, hk_process_id_kill(&id, -1));
	assert_int_equal(-EINVAL, hk_process_id_kill(&(hk_process_id){ .pid = 0 }, 0));
	assert_int_equal(-EINVAL, hk_process_id_kill(&(hk_process_id){ .pid = -1 }, 0));
	assert_int_equal(-EINVAL, hk_process_id_kill(NULL, 0));
	assert_int_equal(0, waitpid(pid, NULL, WNOHANG));

	assert_int_equal(0, hk_process_id_kill(&id, SIGTERM));
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(SIGTERM, WTERMSIG(status));
	assert_int_equal(-ESRCH, hk_process_id_kill(&id, 0));
	assert_int_equal(-ESRCH, hk_process_id_read(&id, pid));
}

/* A parent with a child in another session; the pipe ends when both are dead. */
static pid_t start_family(int *stream)
{
	int ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(0, pipe(ends));
	pid = fork();
	if (pid == 0) {
		if (fork() == 0) {
			(void) setsid();
			(void) !write(ends[1], "r", 1);
		}
		for (;;)
			(void) pause();
	}
	(void) close(ends[1]);
	assert_int_equal(1, read(ends[0], &byte, 1));
	*stream = ends[0];
	return pid;
}

static void a_tree_is_signalled_by_identity(void **state)
{
	unsigned int count = 0;
	hk_process_id id;
	int stream, status;
	pid_t pid = start_family(&stream);
	char byte;

	(void) state;
	assert_int_equal(0, hk_process_id_read(&id, pid));
	assert_int_equal(0, hk_process_id_kill_tree(&count, &id, 0));
	assert_int_equal(2, count);
	assert_int_equal(0, hk_process_id_kill_tree(&count, &id, SIGTERM));
	assert_int_equal(2, count);
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(SIGTERM, WTERMSIG(status));
	assert_int_equal(0, read(stream, &byte, 1));
	assert_int_equal(-ESRCH, hk_process_id_kill_tree(NULL, &id, SIGTERM));
	(void) close(stream);
}

/* Somebody below asks for the tree it is part of: it must not stop itself. */
static void a_tree_that_holds_the_caller_is_signalled_to_the_last(void **state)
{
	int status;
	pid_t pid = fork();

	(void) state;
	if (pid == 0) {
		/* The root: its child asks for the root's tree. */
		if (fork() == 0) {
			hk_process_id id;

			if (hk_process_id_read(&id, getppid()) == 0)
				(void) !hk_process_id_kill_tree(NULL, &id, SIGTERM);
			_exit(9);
		}
		for (;;)
			(void) pause();
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(SIGTERM, WTERMSIG(status));
}

/* ---- reuse ---- */

/* What the test inside the namespace found. */
enum {
	REUSE_OK,
	REUSE_CANNOT,       /* no namespace, no /proc, no way to choose the number */
	REUSE_NOT_REUSED,   /* the number did not come again */
	REUSE_STRANGER_HIT, /* the signal reached the newcomer */
	REUSE_OWNER_MISSED, /* even the newcomer's own identity did not reach it */
};

#define WANTED 300

/* Fork so that the child gets the id WANTED. */
static pid_t fork_wanted(void)
{
	int last = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
	pid_t pid;

	if (last < 0 || dprintf(last, "%d", WANTED - 1) < 0)
		return -1;
	(void) close(last);
	pid = fork();
	if (pid == 0)
		for (;;)
			(void) pause();
	return pid;
}

/* A newcomer with the number of @old but, as a clock tick is long, maybe its start. */
static pid_t fork_stranger(const hk_process_id *old, hk_process_id *stranger)
{
	for (int i = 0; i < 1000; i++) {
		pid_t pid = fork_wanted();

		if (pid != WANTED || hk_process_id_read(stranger, pid) < 0)
			return -1;
		if (stranger->start_ticks != old->start_ticks)
			return pid;
		(void) kill(pid, SIGKILL);
		(void) waitpid(pid, NULL, 0);
	}
	return -1;
}

static int kill_the_old_one(const hk_process_id *old, const hk_process_id *stranger)
{
	hk_process_id by_start = { old->pid, old->start_ticks, 0 };
	/* As if it had started in the same tick: the inode alone differs. */
	hk_process_id by_inode = { old->pid, stranger->start_ticks, old->inode };

	if (hk_process_id_kill(&by_start, SIGKILL) != -ESRCH ||
	    hk_process_id_kill(old, SIGKILL) != -ESRCH ||
	    hk_process_id_kill_tree(NULL, old, SIGKILL) != -ESRCH)
		return REUSE_STRANGER_HIT;
	if (old->inode != 0 && hk_process_id_kill(&by_inode, SIGKILL) != -ESRCH)
		return REUSE_STRANGER_HIT;
	if (waitpid(WANTED, NULL, WNOHANG) != 0)
		return REUSE_STRANGER_HIT;
	return REUSE_OK;
}

/* As process 1 of the namespace. */
static int reuse_inside(void)
{
	hk_process_id old, stranger;
	int verdict;
	pid_t pid;

	if (mount("proc", "/proc", "proc", 0, NULL) < 0)
		return REUSE_CANNOT;
	pid = fork_wanted();
	if (pid < 0)
		return REUSE_CANNOT;
	if (pid != WANTED || hk_process_id_read(&old, pid) < 0)
		return REUSE_NOT_REUSED;
	(void) kill(pid, SIGKILL);
	(void) waitpid(pid, NULL, 0);
	if (fork_stranger(&old, &stranger) != WANTED)
		return REUSE_NOT_REUSED;
	verdict = kill_the_old_one(&old, &stranger);
	if (verdict != REUSE_OK)
		return verdict;
	/* The same call with the right identity does reach it. */
	if (hk_process_id_kill(&stranger, SIGKILL) != 0 ||
	    waitpid(WANTED, NULL, 0) != WANTED)
		return REUSE_OWNER_MISSED;
	return REUSE_OK;
}

static int reuse_in_namespace(void)
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return REUSE_CANNOT;
	pid = fork();
	if (pid == 0)
		_exit(reuse_inside());
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return REUSE_CANNOT;
	return WEXITSTATUS(status);
}

static void a_stranger_with_the_same_id_survives(void **state)
{
	int status;
	pid_t pid = fork();

	(void) state;
	if (pid == 0)
		_exit(reuse_in_namespace());
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == REUSE_CANNOT) {
		print_message("# no PID namespace can be made here: skipped\n");
		skip();
	}
	assert_int_equal(REUSE_OK, WEXITSTATUS(status));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_identity_is_written_as_it_is_read),
		cmocka_unit_test(a_short_buffer_tells_the_length_wanted),
		cmocka_unit_test(what_is_no_identity_is_refused),
		cmocka_unit_test(exactly_that_process_is_signalled),
		cmocka_unit_test(a_tree_is_signalled_by_identity),
		cmocka_unit_test(a_tree_that_holds_the_caller_is_signalled_to_the_last),
		cmocka_unit_test(a_stranger_with_the_same_id_survives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
