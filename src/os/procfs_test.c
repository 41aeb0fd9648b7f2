/* What is read from /proc: hostile names first, then the real thing. */
#include "os/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include "base/random.h"

/* ---- the parser ---- */

/* A line as the kernel writes it, around a name. */
static size_t make_line(char *out, size_t capacity, const void *name, size_t name_length)
{
	static const char tail[] =
	    ") S 41 42 43 34816 4242 4194560 1 2 3 4 5 6 7 8 20 0 1 0 "
	    "1234567890123 1000 2000 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 "
	    "1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
	size_t length = (size_t) snprintf(out, capacity, "4711 (");

	memcpy(out + length, name, name_length);
	length += name_length;
	memcpy(out + length, tail, sizeof(tail));
	return length + sizeof(tail) - 1;
}

static void assert_parsed(const void *name, size_t name_length)
{
	hki_proc_stat stat;
	char line[1024];
	size_t length = make_line(line, sizeof(line), name, name_length);

	assert_int_equal(0, hki_proc_stat_parse(&stat, line, length));
	assert_int_equal(4711, stat.pid);
	assert_int_equal('S', stat.state);
	assert_int_equal(41, stat.parent);
	assert_int_equal(42, stat.group);
	assert_int_equal(43, stat.session);
	assert_int_equal(1234567890123, stat.start_ticks);
}

static void a_name_may_hold_anything(void **state)
{
	static const char *const names[] = { "", "sh", "a b", ")", "(", "()",
		") S 1 2 3 (", "x) R 9 9 9 9 9 9", "line\nend", " ", "))))))",
		"\xff\xfe\x01" };

	(void) state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_parsed(names[i], strlen(names[i]));
}

static void random_names_are_stepped_over(void **state)
{
	hki_random random;

	(void) state;
	hki_random_seed(&random, 1);
	for (int i = 0; i < 20000; i++) {
		unsigned char name[64];
		size_t length = hki_random_below(&random, sizeof(name) + 1);

		/* Of few characters, so that parentheses and spaces meet often. */
		for (size_t k = 0; k < length; k++)
			name[k] = hki_random_below(&random, 2) == 0
				      ? (unsigned char) "() SZ19\n"[hki_random_below(
					    &random, 8)]
				      : (unsigned char) hki_random_below(&random, 256);
		assert_parsed(name, length);
	}
}

static void a_line_cut_anywhere_is_refused_and_leaves_the_result_alone(void **state)
{
	char line[1024];
	size_t length = make_line(line, sizeof(line), "a) b", 4);
	/* The start time is the last thing read; a shorter number is a number. */
	size_t start = (size_t) (strstr(line, "1234567890123") - line);

	(void) state;
	for (size_t cut = 0; cut <= start; cut++) {
		hki_proc_stat stat = { .pid = -7 };

		assert_int_equal(HK_EPARSE, hki_proc_stat_parse(&stat, line, cut));
		assert_int_equal(-7, stat.pid);
	}
	(void) length;
}

static void numbers_that_do_not_fit_are_refused(void **state)
{
	static const char *const lines[] = {
		"99999999999 (x) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5",
		"0 (x) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5",
		"-1 (x) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5",
		"1 (x) S 2147483648 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5",
		"1 (x) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 18446744073709551616",
		"1 (x) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 -5",
		"1 (x S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5",
		"1 x) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5",
	};

	(void) state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		hki_proc_stat stat;

		assert_int_equal(
		    HK_EPARSE, hki_proc_stat_parse(&stat, lines[i], strlen(lines[i])));
	}
}

/* A process that is being released has no group and no session any more. */
static void a_group_of_minus_one_is_accepted(void **state)
{
	static const char line[] = "7 (x) X 0 -1 -1 0 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 5 0";
	hki_proc_stat stat;

	(void) state;
	assert_int_equal(0, hki_proc_stat_parse(&stat, line, sizeof(line) - 1));
	assert_int_equal(-1, stat.group);
	assert_int_equal(-1, stat.session);
}

/* ---- the real thing ---- */

static void our_own_line_says_who_we_are(void **state)
{
	hki_proc_stat stat;

	(void) state;
	/* A name that tries to look like the rest of the line. */
	assert_int_equal(0, prctl(PR_SET_NAME, "x) Z 1 1 1\n(", 0, 0, 0));
	assert_int_equal(0, hki_proc_stat_read(&stat, getpid()));
	assert_int_equal(getpid(), stat.pid);
	assert_int_equal(getppid(), stat.parent);
	assert_int_equal(getpgrp(), stat.group);
	assert_int_equal(getsid(0), stat.session);
	assert_int_equal('R', stat.state);
	assert_int_equal(-ESRCH, hki_proc_stat_read(&stat, 0x7ffffff0));
	assert_int_equal(-EINVAL, hki_proc_stat_read(&stat, 0));
}

/* A child that waits until it is killed.  @entry goes into its environment. */
static pid_t start_child(const char *entry)
{
	char *argv[] = { (char[]){ "sleep" }, (char[]){ "60" }, NULL };
	char filler[] = "FILLER=some value";
	char *environment[] = { filler, (char *) entry, NULL };
	char value[32];
	pid_t pid = vfork();

	if (pid == 0) {
		(void) execve("/bin/sleep", argv, environment);
		_exit(127);
	}
	assert_true(pid > 0);
	/* vfork(2) comes back before exec has put the environment in place. */
	while (hki_proc_environment(pid, "FILLER", value, sizeof(value)) == -EAGAIN)
		;
	return pid;
}

static void end_child(pid_t pid)
{
	assert_int_equal(0, kill(pid, SIGKILL));
	assert_int_equal(pid, waitpid(pid, NULL, 0));
}

static int find_pid(const hki_proc_stat *stat, void *user)
{
	return stat->pid == *(pid_t *) user ? 77 : 0;
}

static void every_process_is_visited_until_the_visitor_has_enough(void **state)
{
	pid_t pid = getpid();
	pid_t nobody = 0x7ffffff0;

	(void) state;
	assert_int_equal(77, hki_proc_each(find_pid, &pid));
	assert_int_equal(0, hki_proc_each(find_pid, &nobody));
}

typedef struct found {
	pid_t pids[8];
	unsigned int count;
} found;

static int note_child(pid_t child, void *user)
{
	found *to = user;

	if (to->count < 8)
		to->pids[to->count++] = child;
	return 0;
}

static bool has(const found *in, pid_t pid)
{
	for (unsigned int i = 0; i < in->count; i++)
		if (in->pids[i] == pid)
			return true;
	return false;
}

static void both_ways_to_list_children_agree(void **state)
{
	pid_t one = start_child("A=1");
	pid_t two = start_child("A=2");
	found listed = { .count = 0 };
	found searched = { .count = 0 };
	int r = hki_proc_children(getpid(), note_child, &listed);

	(void) state;
	assert_int_equal(0, hki_proc_children_by_parent(getpid(), note_child, &searched));
	assert_int_equal(2, searched.count);
	assert_true(has(&searched, one) && has(&searched, two));
	if (r != -ENOTSUP) {
		assert_int_equal(0, r);
		assert_int_equal(2, listed.count);
		assert_true(has(&listed, one) && has(&listed, two));
	}
	assert_int_equal(-ESRCH, hki_proc_children(0x7ffffff0, note_child, &listed));
	end_child(one);
	end_child(two);
}

static void the_environment_is_searched_for_whole_names(void **state)
{
	char value[32];
	pid_t pid = start_child("HOSTKIT_TREE=ab/cd");

	(void) state;
	assert_int_equal(
	    5, hki_proc_environment(pid, "HOSTKIT_TREE", value, sizeof(value)));
	assert_string_equal("ab/cd", value);
	assert_int_equal(
	    -ENOENT, hki_proc_environment(pid, "HOSTKIT_TRE", value, sizeof(value)));
	assert_int_equal(
	    -ENOENT, hki_proc_environment(pid, "HOSTKIT_TREES", value, sizeof(value)));
	assert_int_equal(
	    -ENOENT, hki_proc_environment(pid, "OSTKIT_TREE", value, sizeof(value)));
	assert_int_equal(HK_ELIMIT, hki_proc_environment(pid, "HOSTKIT_TREE", value, 5));
	assert_int_equal(1, hki_proc_has_environment(pid, "HOSTKIT_TREE=ab/cd"));
	assert_int_equal(0, hki_proc_has_environment(pid, "HOSTKIT_TREE=ab/c"));
	assert_int_equal(0, hki_proc_has_environment(pid, "HOSTKIT_TREE=ab/cde"));
	assert_int_equal(0, hki_proc_has_environment(pid, "OTHER=1"));
	assert_int_equal(-EINVAL, hki_proc_has_environment(pid, "NOTHING"));
	assert_int_equal(-EINVAL, hki_proc_has_environment(pid, "=x"));
	end_child(pid);
	assert_int_equal(-ESRCH, hki_proc_has_environment(pid, "HOSTKIT_TREE=ab/cd"));
}

static void a_process_without_environment_is_told_from_one_without_the_name(void **state)
{
	char value[8];
	pid_t pid = vfork();
	int r;

	(void) state;
	if (pid == 0) {
		char *argv[] = { (char[]){ "sleep" }, (char[]){ "60" }, NULL };
		char *none[] = { NULL };

		(void) execve("/bin/sleep", argv, none);
		_exit(127);
	}
	do
		r = hki_proc_environment(pid, "PATH", value, sizeof(value));
	while (r == -EAGAIN);
	assert_int_equal(-ENODATA, r);
	end_child(pid);
}

static void a_zombie_shows_its_status(void **state)
{
	int status = -1;
	siginfo_t info;
	pid_t pid = fork();

	(void) state;
	if (pid == 0)
		_exit(7);
	assert_int_equal(0, waitid(P_PID, (id_t) pid, &info, WEXITED | WNOWAIT));
	assert_int_equal(0, hki_proc_exit_status(&status, pid));
	assert_true(WIFEXITED(status));
	assert_int_equal(7, WEXITSTATUS(status));
	assert_int_equal(pid, waitpid(pid, NULL, 0));
	assert_int_equal(-ESRCH, hki_proc_exit_status(&status, pid));
	assert_int_equal(-EBUSY, hki_proc_exit_status(&status, getpid()));
}

/* ---- small files ---- */

static void a_file_that_does_not_fit_is_refused(void **state)
{
	char text[64];
	size_t length = 99;

	(void) state;
	assert_int_equal(
	    0, hki_read_file(AT_FDCWD, "/proc/self/comm", text, sizeof(text), &length));
	assert_int_equal(strlen(text), length);
	assert_int_equal(HK_ELIMIT,
	    hki_read_file(AT_FDCWD, "/proc/self/status", text, sizeof(text), &length));
	assert_int_equal(-ENOENT,
	    hki_read_file(AT_FDCWD, "/proc/self/nothing", text, sizeof(text), &length));
	assert_int_equal(-ENOENT, hki_write_file(AT_FDCWD, "/proc/self/nothing", "x"));
}

static void the_boot_has_an_id(void **state)
{
	char one[HKI_BOOT_ID_MAX], two[HKI_BOOT_ID_MAX];

	(void) state;
	assert_int_equal(0, hki_boot_id_read(one));
	assert_int_equal(0, hki_boot_id_read(two));
	assert_int_equal(36, strlen(one));
	assert_string_equal(one, two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_may_hold_anything),
		cmocka_unit_test(random_names_are_stepped_over),
		cmocka_unit_test(
		    a_line_cut_anywhere_is_refused_and_leaves_the_result_alone),
		cmocka_unit_test(numbers_that_do_not_fit_are_refused),
		cmocka_unit_test(a_group_of_minus_one_is_accepted),
		cmocka_unit_test(our_own_line_says_who_we_are),
		cmocka_unit_test(every_process_is_visited_until_the_visitor_has_enough),
		cmocka_unit_test(both_ways_to_list_children_agree),
		cmocka_unit_test(the_environment_is_searched_for_whole_names),
		cmocka_unit_test(
		    a_process_without_environment_is_told_from_one_without_the_name),
		cmocka_unit_test(a_zombie_shows_its_status),
		cmocka_unit_test(a_file_that_does_not_fit_is_refused),
		cmocka_unit_test(the_boot_has_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
