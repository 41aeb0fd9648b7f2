/* Commands, paths and names: read once a program, beside the sample, with a deadline. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "system/process_test_child.h"

extern char **environ;

static const char *const text_fields[] = { "command", "executable", "working_directory",
	"cgroup", "user", NULL };

/* The kernel lets the parent of a vfork go on before the program has its words. */
static void await_words(pid_t pid)
{
	char path[32];
	char byte;
	ssize_t count;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int) pid);
	do {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		assert_true(fd >= 0);
		count = read(fd, &byte, 1);
		(void) close(fd);
	} while (count == 0);
	assert_int_equal(1, count);
}

static pid_t start(const char *path, const char *const *argv, int input)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = 0;

	assert_int_equal(0, posix_spawn_file_actions_init(&actions));
	if (input >= 0)
		assert_int_equal(0, posix_spawn_file_actions_adddup2(&actions, input, 0));
	assert_int_equal(
	    0, posix_spawn(&pid, path, &actions, NULL, (char *const *) argv, environ));
	posix_spawn_file_actions_destroy(&actions);
	await_words(pid);
	return pid;
}

static void assert_words(const hk_system_process *row, const char *const *words)
{
	size_t count = 0;

	assert_true(test_shows(row, HK_SYSTEM_PROCESS_COMMAND));
	while (words[count] != NULL)
		count++;
	assert_int_equal(count, row->command.count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(words[i], row->command.items[i]);
}

static void words_come_through_one_by_one(void **state)
{
	static const char *const argv[] = { "sh of odd name", "-c", "read x", "",
		"two\nlines", "\xff\xfe", "a b", "", NULL };
	int ends[2];
	pid_t pid;

	(void) state;
	assert_int_equal(0, pipe(ends));
	pid = start("/bin/sh", argv, ends[0]);
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], text_fields);

		if (table == NULL)
			continue;
		test_sample(table);
		assert_false(test_row(table, pid)->stale);
		assert_words(test_row(table, pid), argv);
		hk_system_processes_close(table);
	}
	test_child_end(pid);
	(void) close(ends[0]);
	(void) close(ends[1]);
}

static void a_long_command_comes_whole(void **state)
{
	enum { LONG = 100000 };
	char *word = malloc(LONG + 1);
	const char *argv[] = { "sh", "-c", "read x", NULL, NULL };
	hk_system_processes *table = test_table(HK_SYSTEM_ENGINE_ADAPTIVE, text_fields);
	int ends[2];
	pid_t pid;

	(void) state;
	assert_non_null(word);
	memset(word, 'w', LONG);
	word[LONG] = '\0';
	argv[3] = word;
	assert_int_equal(0, pipe(ends));
	pid = start("/bin/sh", argv, ends[0]);
	test_sample(table);
	assert_words(test_row(table, pid), argv);
	test_child_end(pid);
	hk_system_processes_close(table);
	(void) close(ends[0]);
	(void) close(ends[1]);
	free(word);
}

static void another_program_has_another_command(void **state)
{
	static const char *const before[] = { "sh", "-c", "read x; exec sleep 1000",
		NULL };
	static const char *const after[] = { "sleep", "1000", NULL };

	(void) state;
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], text_fields);
		int ends[2];
		pid_t pid;

		if (table == NULL)
			continue;
		assert_int_equal(0, pipe(ends));
		pid = start("/bin/sh", before, ends[0]);
		test_sample(table);
		assert_words(test_row(table, pid), before);
		assert_int_equal(1, write(ends[1], "\n", 1));
		/* The name comes a little before the words. */
		do
			test_sample(table);
		while (strcmp(test_row(table, pid)->name, "sleep") != 0 ||
		       !test_shows(test_row(table, pid), HK_SYSTEM_PROCESS_COMMAND));
		assert_words(test_row(table, pid), after);
		assert_non_null(strstr(test_row(table, pid)->executable, "/sleep"));
		test_child_end(pid);
		hk_system_processes_close(table);
		(void) close(ends[0]);
		(void) close(ends[1]);
	}
}

static void paths_and_the_user_are_right(void **state)
{
	hk_system_processes *table = test_table(HK_SYSTEM_ENGINE_AUTO, text_fields);
	struct passwd *user = getpwuid(getuid());
	const hk_system_process *row;
	char executable[4096];
	char directory[4096];
	ssize_t length = readlink("/proc/self/exe", executable, sizeof(executable) - 1);

	(void) state;
	assert_true(length > 0);
	executable[length] = '\0';
	assert_non_null(getcwd(directory, sizeof(directory)));
	test_sample(table);
	row = test_row(table, getpid());
	assert_string_equal(executable, row->executable);
	assert_string_equal(directory, row->working_directory);
	if (user != NULL)
		assert_string_equal(user->pw_name, row->user);
	assert_true(test_shows(row, HK_SYSTEM_PROCESS_CGROUP));
	assert_int_equal('/', row->cgroup[0]);
	hk_system_processes_close(table);
}

static void copy_program(const char *from, const char *to)
{
	struct stat status;
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);

	assert_true(in >= 0 && out >= 0);
	assert_int_equal(0, fstat(in, &status));
	assert_int_equal(
	    status.st_size, sendfile(out, in, NULL, (size_t) status.st_size));
	(void) close(in);
	(void) close(out);
}

static void a_program_that_was_deleted_says_so(void **state)
{
	static const char *const argv[] = { "sleep", "1000", NULL };
	hk_system_processes *table = test_table(HK_SYSTEM_ENGINE_ADAPTIVE, text_fields);
	char folder[] = "/tmp/hostkit-texts-XXXXXX";
	char path[64];
	char expected[80];
	pid_t pid;

	(void) state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/sleep", folder);
	copy_program("/bin/sleep", path);
	pid = start(path, argv, -1);
	assert_int_equal(0, unlink(path));
	assert_int_equal(0, rmdir(folder));
	test_sample(table);
	snprintf(expected, sizeof(expected), "%s (deleted)", path);
	assert_string_equal(expected, test_row(table, pid)->executable);
	test_child_end(pid);
	hk_system_processes_close(table);
}

static void kernel_threads_have_an_empty_command(void **state)
{
	hk_system_processes *table = test_table(HK_SYSTEM_ENGINE_AUTO, text_fields);
	bool met = false;

	(void) state;
	test_sample(table);
	for (size_t i = 0; i < hk_system_processes_count(table); i++) {
		const hk_system_process *row = hk_system_processes_get(table, i);

		if (!row->kernel)
			continue;
		met = true;
		assert_true(test_shows(row, HK_SYSTEM_PROCESS_COMMAND));
		assert_int_equal(0, row->command.count);
		assert_false(test_shows(row, HK_SYSTEM_PROCESS_EXECUTABLE));
		assert_false(row->stale);
	}
	hk_system_processes_close(table);
	/* In a container there are none. */
	if (!met)
		skip();
}

static void a_zombie_keeps_what_was_read_while_it_lived(void **state)
{
	static const char *const argv[] = { "sleep", "1000", NULL };
	hk_system_processes *table = test_table(HK_SYSTEM_ENGINE_ADAPTIVE, text_fields);
	pid_t pid = start("/bin/sleep", argv, -1);
	siginfo_t info;

	(void) state;
	test_sample(table);
	assert_words(test_row(table, pid), argv);
	assert_int_equal(0, kill(pid, SIGKILL));
	assert_int_equal(0, waitid(P_PID, (id_t) pid, &info, WEXITED | WNOWAIT));
	test_sample(table);
	assert_int_equal(HK_SYSTEM_STATE_ZOMBIE, test_row(table, pid)->state);
	assert_words(test_row(table, pid), argv);
	test_child_end(pid);
	hk_system_processes_close(table);
}

static void steady_samples_read_no_text_again(void **state)
{
	hk_system_processes *table = test_table(HK_SYSTEM_ENGINE_ADAPTIVE, text_fields);
	pid_t child = test_child(NULL, NULL);
	const char *const *words;

	(void) state;
	test_sample(table);
	words = test_row(table, child)->command.items;
	for (int i = 0; i < 30; i++)
		test_sample(table);
	assert_ptr_equal(words, test_row(table, child)->command.items);
	test_child_end(child);
	hk_system_processes_close(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_come_through_one_by_one),
		cmocka_unit_test(a_long_command_comes_whole),
		cmocka_unit_test(another_program_has_another_command),
		cmocka_unit_test(paths_and_the_user_are_right),
		cmocka_unit_test(a_program_that_was_deleted_says_so),
		cmocka_unit_test(kernel_threads_have_an_empty_command),
		cmocka_unit_test(a_zombie_keeps_what_was_read_while_it_lived),
		cmocka_unit_test(steady_samples_read_no_text_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
