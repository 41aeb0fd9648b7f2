#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "process/probe_test.h"

/* What each option does to the child, as the child sees it. */

static void the_program_is_found_in_the_childs_path(void **state)
{
	hk_process_opts opts = command_opts(COMMAND("only-here"));
	const char *entries[2] = { NULL, NULL };
	char path[256];

	(void) state;
	(void) probe_file("only-here", "#!/bin/sh\necho found\n", 0700);
	(void) snprintf(path, sizeof(path), "PATH=/nowhere:%s", probe_directory());
	entries[0] = path;
	opts.env = entries;
	assert_string_equal("found", probe_run(&opts));
}

static void file_may_differ_from_the_first_argument(void **state)
{
	hk_process_opts opts = command_opts(COMMAND("called-so", "-c", "echo $0"));

	(void) state;
	opts.file = "/bin/sh";
	assert_string_equal("called-so", probe_run(&opts));
}

static void arguments_arrive_as_they_are(void **state)
{
	hk_process_opts opts =
	    command_opts(COMMAND("printf", "[%s]", "", "a b", "$HOME", "*", "'"));

	(void) state;
	assert_string_equal("[][a b][$HOME][*][']", probe_run(&opts));
}

static void the_directory_is_entered(void **state)
{
	hk_process_opts opts = probe_opts("cwd");

	(void) state;
	opts.cwd = "/usr/lib/../lib";
	assert_string_equal("/usr/lib", probe_run(&opts));
}

static void no_descriptor_of_ours_leaks(void **state)
{
	hk_process_opts opts = probe_opts("fds");
	int open_to_inherit = dup(0);

	(void) state;
	assert_true(open_to_inherit > 2);
	assert_string_equal("0 1 2", probe_run(&opts));
	close(open_to_inherit);
}

static void further_descriptors_arrive_at_their_numbers(void **state)
{
	hk_process_opts opts = probe_opts("fds");
	const hk_process_fd fds[] = { { 0, 9 }, { 1, 5 }, { 2, 20 } };

	(void) state;
	opts.fds = fds;
	opts.fd_count = 3;
	assert_string_equal("0 1 2 5 9 20", probe_run(&opts));
}

/* Put a pipe that holds @text at descriptor @at. */
static void pipe_with(const char *text, int at)
{
	int ends[2];

	assert_int_equal(0, pipe2(ends, O_CLOEXEC));
	assert_true(write(ends[1], text, strlen(text)) > 0);
	assert_int_equal(at, dup3(ends[0], at, O_CLOEXEC));
	if (ends[0] != at)
		close(ends[0]);
	close(ends[1]);
}

static void two_descriptors_can_be_swapped(void **state)
{
	hk_process_opts opts = probe_opts("read fds");
	const hk_process_fd fds[] = { { 7, 8 }, { 8, 7 } };

	(void) state;
	pipe_with("seven", 7);
	pipe_with("eight", 8);
	opts.fds = fds;
	opts.fd_count = 2;
	assert_string_equal("7:eight 8:seven", probe_run(&opts));
	close(7);
	close(8);
}

static void a_descriptor_can_keep_its_number(void **state)
{
	hk_process_opts opts = probe_opts("read fds");
	const hk_process_fd fds[] = { { 7, 7 }, { 8, 8 } };

	(void) state;
	pipe_with("seven", 7);
	pipe_with("eight", 8);
	opts.fds = fds;
	opts.fd_count = 2;
	assert_string_equal("7:seven 8:eight", probe_run(&opts));
	close(7);
	close(8);
}

static void a_stream_can_be_any_descriptor(void **state)
{
	hk_process_opts opts = command_opts(COMMAND("cat"));

	(void) state;
	pipe_with("from seven", 7);
	opts.stdio[0] = (hk_stdio){ .kind = HK_STDIO_FD, .fd = 7 };
	assert_string_equal("from seven", probe_run(&opts));
	close(7);
}

static void stderr_can_follow_stdout(void **state)
{
	hk_process_opts opts =
	    command_opts(COMMAND("sh", "-c", "echo out; echo err >&2"));

	(void) state;
	opts.stdio[2].kind = HK_STDIO_STDOUT;
	assert_string_equal("out\nerr", probe_run(&opts));
}

static void stdout_can_be_our_stderr_and_back(void **state)
{
	hk_process_opts opts = probe_opts("streams");
	const char *path = probe_file("swapped", "", 0600);
	int saved = dup(2);
	int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	char line[64];
	FILE *written;

	(void) state;
	assert_true(saved > 2 && file > 2);
	dup2(file, 2); /* our stderr is the file now */
	opts.stdio[1] = (hk_stdio){ .kind = HK_STDIO_FD, .fd = 2 };
	opts.stdio[2] = (hk_stdio){ .kind = HK_STDIO_NULL };
	assert_string_equal("", probe_run(&opts));
	dup2(saved, 2);
	close(saved);
	close(file);
	written = fopen(path, "re");
	assert_non_null(fgets(line, sizeof(line), written));
	fclose(written);
	assert_string_equal("device file device ", line);
}

static void files_are_opened_for_the_child(void **state)
{
	hk_process_opts opts =
	    command_opts(COMMAND("sh", "-c", "read line; echo got $line"));
	char in[128];
	char out[128];
	char line[64];
	FILE *written;

	(void) state;
	(void) snprintf(in, sizeof(in), "%s", probe_file("in", "a line\n", 0600));
	(void) snprintf(out, sizeof(out), "%s", probe_file("out", "before\n", 0600));
	opts.stdio[0] = (hk_stdio){ .kind = HK_STDIO_FILE, .path = in };
	opts.stdio[1] = (hk_stdio){ .kind = HK_STDIO_FILE, .path = out };
	assert_string_equal("", probe_run(&opts));
	written = fopen(out, "re");
	assert_non_null(fgets(line, sizeof(line), written));
	assert_string_equal("before\n", line); /* appended by default */
	assert_non_null(fgets(line, sizeof(line), written));
	assert_string_equal("got a line\n", line);
	fclose(written);
}

static void a_new_file_gets_the_mode_asked_for(void **state)
{
	hk_process_opts opts = command_opts(COMMAND("echo", "x"));
	struct stat status;
	char path[128];

	(void) state;
	(void) snprintf(path, sizeof(path), "%s/new-file", probe_directory());
	opts.stdio[1] = (hk_stdio){ .kind = HK_STDIO_FILE, .path = path, .mode = 0600 };
	(void) probe_run(&opts);
	assert_int_equal(0, stat(path, &status));
	assert_int_equal(0600, status.st_mode & 07777);
}

static void a_fifo_nobody_writes_reads_as_empty(void **state)
{
	hk_process_opts opts = command_opts(COMMAND("cat"));
	char path[128];

	(void) state;
	(void) snprintf(path, sizeof(path), "%s/fifo", probe_directory());
	assert_int_equal(0, mkfifo(path, 0600));
	opts.stdio[0] = (hk_stdio){ .kind = HK_STDIO_FILE, .path = path };
	assert_string_equal("", probe_run(&opts));
	unlink(path);
}

static void null_is_the_null_device(void **state)
{
	hk_process_opts opts =
	    command_opts(COMMAND("sh", "-c", "cat; echo lost; echo lost >&2"));

	(void) state;
	opts.stdio[0].kind = HK_STDIO_NULL;
	opts.stdio[1].kind = HK_STDIO_NULL;
	opts.stdio[2].kind = HK_STDIO_NULL;
	assert_string_equal("", probe_run(&opts));
}

static void pipes_are_real_pipes(void **state)
{
	hk_process_opts opts = probe_opts("streams");

	(void) state;
	assert_string_equal("device pipe pipe", probe_run(&opts));
}

static void a_terminal_serves_all_streams_that_ask(void **state)
{
	hk_process_opts opts = probe_opts("terminal");

	(void) state;
	opts.stdio[0].kind = HK_STDIO_PTY;
	opts.stdio[1].kind = HK_STDIO_PTY;
	opts.stdio[2].kind = HK_STDIO_PTY;
	opts.flags = HK_PROCESS_NEW_SESSION;
	assert_string_equal("tty 1 1 1 controlling 1", probe_run(&opts));
}

static void a_terminal_can_be_for_stdin_alone(void **state)
{
	hk_process_opts opts = probe_opts("terminal");

	(void) state;
	opts.stdio[0].kind = HK_STDIO_PTY;
	assert_non_null(strstr(probe_run(&opts), "tty 1 0 0"));
}

static void signals_are_all_default_and_none_blocked(void **state)
{
	hk_process_opts blocked = probe_opts("blocked");
	hk_process_opts ignored;
	sigset_t set;

	(void) state;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGHUP, SIG_IGN);
	assert_string_equal("0000000000000000", probe_run(&blocked));
	ignored = probe_opts("ignored");
	assert_string_equal("0000000000000000", probe_run(&ignored));
	signal(SIGHUP, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void signals_can_be_inherited(void **state)
{
	hk_process_opts opts = probe_opts("blocked");
	sigset_t set;

	(void) state;
	for (int number = 1; number < SIGRTMIN; number++)
		(void) signal(number, SIG_DFL); /* whatever we were started with */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1); /* number 10: bit 9 */
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGHUP, SIG_IGN); /* number 1: bit 0 */
	opts.flags = HK_PROCESS_KEEP_SIGNALS;
	assert_string_equal("0000000000000200", probe_run(&opts));
	opts = probe_opts("ignored");
	opts.flags = HK_PROCESS_KEEP_SIGNALS;
	assert_string_equal("0000000000000001", probe_run(&opts));
	signal(SIGHUP, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void group_and_session_are_new_when_asked(void **state)
{
	hk_process_opts opts = probe_opts("session");

	(void) state;
	assert_string_equal("session 0 group 0", probe_run(&opts));
	opts.flags = HK_PROCESS_NEW_GROUP;
	assert_string_equal("session 0 group 1", probe_run(&opts));
	opts.flags = HK_PROCESS_NEW_SESSION;
	assert_string_equal("session 1 group 1", probe_run(&opts));
	opts.flags = HK_PROCESS_NEW_SESSION | HK_PROCESS_NEW_GROUP;
	assert_string_equal("session 1 group 1", probe_run(&opts));
}

static void no_new_privileges_is_set(void **state)
{
	hk_process_opts opts = probe_opts("no new privileges");

	(void) state;
	assert_string_equal("0", probe_run(&opts));
	opts.flags = HK_PROCESS_NO_NEW_PRIVILEGES;
	assert_string_equal("1", probe_run(&opts));
}

static void umask_is_set(void **state)
{
	hk_process_opts opts = probe_opts("umask");

	(void) state;
	opts.flags = HK_PROCESS_SET_UMASK;
	opts.umask = 0137;
	assert_string_equal("137", probe_run(&opts));
}

static void nice_and_io_priority_are_set(void **state)
{
	hk_process_opts opts = probe_opts("nice");

	(void) state;
	opts.flags = HK_PROCESS_SET_NICE;
	opts.nice = 7;
	assert_string_equal("7", probe_run(&opts));
	opts = probe_opts("io priority");
	opts.flags = HK_PROCESS_SET_IO_PRIORITY;
	opts.io_class = 2;
	opts.io_level = 6;
	assert_string_equal("16390", probe_run(&opts)); /* 2 << 13 | 6 */
}

static void oom_score_is_set(void **state)
{
	hk_process_opts opts = probe_opts("oom score");

	(void) state;
	opts.flags = HK_PROCESS_SET_OOM_SCORE;
	opts.oom_score = 321;
	assert_string_equal("321", probe_run(&opts));
}

static void it_runs_on_the_cpus_given(void **state)
{
	hk_process_opts opts = probe_opts("cpus");
	uint32_t cpu;
	cpu_set_t set;
	char wanted[16];

	(void) state;
	assert_int_equal(0, sched_getaffinity(0, sizeof(set), &set));
	for (cpu = CPU_SETSIZE - 1; !CPU_ISSET(cpu, &set); cpu--)
		;
	opts.cpus = &cpu;
	opts.cpu_count = 1;
	(void) snprintf(wanted, sizeof(wanted), "%u", cpu);
	assert_string_equal(wanted, probe_run(&opts));
}

static void resource_limits_are_set(void **state)
{
	hk_process_opts opts = probe_opts("limits");
	const hk_process_limit limits[] = {
		{ .resource = RLIMIT_NOFILE, .soft = 100, .hard = 200 },
		{ .resource = RLIMIT_MSGQUEUE, .soft = 4096, .hard = 8192 },
	};

	(void) state;
	opts.limits = limits;
	opts.limit_count = 2;
	assert_string_equal("nofile 100 200 msgqueue 4096", probe_run(&opts));
}

static void the_parent_death_signal_is_set(void **state)
{
	hk_process_opts opts = probe_opts("parent death");

	(void) state;
	assert_string_equal("0", probe_run(&opts));
	opts.parent_death_signal = SIGTERM;
	assert_string_equal("15", probe_run(&opts));
}

static void the_parent_death_signal_survives_a_change_of_user(void **state)
{
	hk_process_opts opts = command_opts(COMMAND("setpriv", "--dump"));

	(void) state;
	if (geteuid() != 0) {
		print_message("# only root can: skipped\n");
		skip();
	}
	opts.user = "nobody";
	opts.parent_death_signal = SIGTERM;
	assert_non_null(strstr(probe_run(&opts), "Parent death signal: TERM"));
}

static const char *const show_ids[] = { "sh", "-c",
	"grep -E '^(Uid|Gid|Groups):' /proc/self/status | tr '\\t\\n' '  '", NULL };

static void a_user_brings_ids_and_groups(void **state)
{
	hk_process_opts opts = command_opts(show_ids);

	(void) state;
	if (geteuid() != 0) {
		print_message("# only root can: skipped\n");
		skip();
	}
	opts.user = "nobody";
	assert_string_equal(
	    "Uid: 65534 65534 65534 65534 Gid: 65534 65534 65534 65534 Groups: 65534",
	    probe_run(&opts));
	opts.user = "65534";
	assert_non_null(strstr(probe_run(&opts), "Uid: 65534 65534 65534 65534"));
	opts.group = "daemon";
	assert_non_null(strstr(probe_run(&opts), "Gid: 1 1 1 1"));
}

static void numbers_bring_no_groups_of_ours(void **state)
{
	hk_process_opts opts = command_opts(show_ids);
	const uint32_t groups[] = { 20001, 20002 };

	(void) state;
	if (geteuid() != 0) {
		print_message("# only root can: skipped\n");
		skip();
	}
	opts.flags = HK_PROCESS_SET_UID | HK_PROCESS_SET_GID;
	opts.uid = 12345;
	opts.gid = 12346;
	assert_string_equal(
	    "Uid: 12345 12345 12345 12345 Gid: 12346 12346 12346 12346 Groups:",
	    probe_run(&opts));
	opts.flags |= HK_PROCESS_SET_GROUPS;
	opts.groups = groups;
	opts.group_count = 2;
	assert_non_null(strstr(probe_run(&opts), "Groups: 20001 20002"));
}

static void whoever_we_are_may_be_asked_for_without_privilege(void **state)
{
	hk_process_opts opts = command_opts(COMMAND("id", "-u"));
	char user[16];

	(void) state;
	(void) snprintf(user, sizeof(user), "%u", (unsigned int) geteuid());
	opts.user = user;
	assert_string_equal(user, probe_run(&opts));
}

static void a_program_without_streams_keeps_our_files_away_from_them(void **state)
{
	hk_process_opts opts = probe_opts("streams");
	int saved = dup(0);

	(void) state;
	close(0);
	opts.stdio[0].kind = HK_STDIO_INHERIT;
	assert_string_equal("- pipe pipe", probe_run(&opts));
	assert_int_equal(0, dup2(saved, 0));
	close(saved);
}

static int remove_directory(void **state)
{
	(void) state;
	probe_remove_directory();
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_program_is_found_in_the_childs_path),
		cmocka_unit_test(file_may_differ_from_the_first_argument),
		cmocka_unit_test(arguments_arrive_as_they_are),
		cmocka_unit_test(the_directory_is_entered),
		cmocka_unit_test(no_descriptor_of_ours_leaks),
		cmocka_unit_test(further_descriptors_arrive_at_their_numbers),
		cmocka_unit_test(two_descriptors_can_be_swapped),
		cmocka_unit_test(a_descriptor_can_keep_its_number),
		cmocka_unit_test(a_stream_can_be_any_descriptor),
		cmocka_unit_test(stderr_can_follow_stdout),
		cmocka_unit_test(stdout_can_be_our_stderr_and_back),
		cmocka_unit_test(files_are_opened_for_the_child),
		cmocka_unit_test(a_new_file_gets_the_mode_asked_for),
		cmocka_unit_test(a_fifo_nobody_writes_reads_as_empty),
		cmocka_unit_test(null_is_the_null_device),
		cmocka_unit_test(pipes_are_real_pipes),
		cmocka_unit_test(a_terminal_serves_all_streams_that_ask),
		cmocka_unit_test(a_terminal_can_be_for_stdin_alone),
		cmocka_unit_test(signals_are_all_default_and_none_blocked),
		cmocka_unit_test(signals_can_be_inherited),
		cmocka_unit_test(group_and_session_are_new_when_asked),
		cmocka_unit_test(no_new_privileges_is_set),
		cmocka_unit_test(umask_is_set),
		cmocka_unit_test(nice_and_io_priority_are_set),
		cmocka_unit_test(oom_score_is_set),
		cmocka_unit_test(it_runs_on_the_cpus_given),
		cmocka_unit_test(resource_limits_are_set),
		cmocka_unit_test(the_parent_death_signal_is_set),
		cmocka_unit_test(the_parent_death_signal_survives_a_change_of_user),
		cmocka_unit_test(a_user_brings_ids_and_groups),
		cmocka_unit_test(numbers_bring_no_groups_of_ours),
		cmocka_unit_test(whoever_we_are_may_be_asked_for_without_privilege),
		cmocka_unit_test(
		    a_program_without_streams_keeps_our_files_away_from_them),
	};

	probe_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, remove_directory);
}
