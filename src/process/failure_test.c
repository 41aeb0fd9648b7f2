#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/array.h"
#include "process/probe_test.h"

/* Starts that fail: each names its step and the thing; and starts that the kernel
 * or a filter refuses in one way and that succeed in another. */

static hk_process_opts true_opts(void)
{
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	static const char *const argv[] = { "/bin/true", NULL };

	opts.argv = argv;
	return opts;
}

static void a_missing_program_is_named(void **state)
{
	hk_process_opts opts = command_opts(COMMAND("no-such-program"));

	(void) state;
	assert_spawn_fails(&opts, -ENOENT,
	    "exec: 'no-such-program': no such file or directory "
	    "(it is in no directory of PATH)");
	opts = command_opts(COMMAND("/no/such/program"));
	assert_spawn_fails(
	    &opts, -ENOENT, "exec: '/no/such/program': no such file or directory");
	opts = command_opts(COMMAND(""));
	assert_spawn_fails(&opts, -ENOENT,
	    "exec: the name of the program is empty: no such file or directory");
}

static void a_file_that_is_not_executable_is_named(void **state)
{
	const char *path = probe_file("plain", "text", 0600);
	hk_process_opts opts = command_opts(COMMAND(path));
	char text[256];

	(void) state;
	(void) snprintf(text, sizeof(text),
	    "exec: '%s': permission denied "
	    "(is it executable, and may its directory be entered?)",
	    path);
	assert_spawn_fails(&opts, -EACCES, text);
}

static void permission_is_remembered_over_the_path(void **state)
{
	hk_process_opts opts = command_opts(COMMAND("plain"));
	char path[256];
	const char *const env[] = { path, NULL };

	(void) state;
	(void) probe_file("plain", "text", 0600);
	(void) snprintf(path, sizeof(path), "PATH=%s:/nowhere", probe_directory());
	opts.env = env;
	assert_spawn_fails(&opts, -EACCES,
	    "exec: 'plain': permission denied "
	    "(is it executable, and may its directory be entered?)");
}

static void a_directory_of_path_that_is_closed_says_nothing(void **state)
{
	hk_process_opts opts = command_opts(COMMAND("no-such-program"));
	char path[256];
	const char *const env[] = { path, NULL };

	(void) state;
	if (geteuid() != 0)
		skip();
	(void) snprintf(path, sizeof(path), "PATH=%s", probe_directory()); /* root's */
	opts.env = env;
	opts.user = "nobody";
	assert_spawn_fails(&opts, -ENOENT,
	    "exec: 'no-such-program': no such file or directory "
	    "(it is in no directory of PATH)");
	(void) snprintf(path, sizeof(path), "PATH=%s:/bin", probe_directory());
	opts.argv = COMMAND("true");
	assert_string_equal("", probe_run(&opts));
}

static void a_text_without_interpreter_is_not_given_to_a_shell(void **state)
{
	const char *path = probe_file("script", "echo a shell was here\n", 0700);
	hk_process_opts opts = command_opts(COMMAND(path));
	char text[256];

	(void) state;
	(void) snprintf(text, sizeof(text),
	    "exec: '%s': exec format error "
	    "(it is no program and has no '#!' line: name its interpreter first)",
	    path);
	assert_spawn_fails(&opts, -ENOEXEC, text);
}

static void a_missing_interpreter_is_told_apart(void **state)
{
	const char *path = probe_file("script", "#!/no/such/interpreter\n", 0700);
	hk_process_opts opts = command_opts(COMMAND(path));
	char text[256];

	(void) state;
	(void) snprintf(text, sizeof(text),
	    "exec: '%s': no such file or directory "
	    "(the file is there, but the interpreter it names is not)",
	    path);
	assert_spawn_fails(&opts, -ENOENT, text);
}

static void a_bad_directory_is_named(void **state)
{
	hk_process_opts opts = true_opts();

	(void) state;
	opts.cwd = "/no/such/directory";
	assert_spawn_fails(
	    &opts, -ENOENT, "cwd: '/no/such/directory': no such file or directory");
	opts.cwd = "/etc/passwd";
	assert_spawn_fails(&opts, -ENOTDIR, "cwd: '/etc/passwd': not a directory");
}

static void the_directory_must_be_open_to_the_user(void **state)
{
	hk_process_opts opts = true_opts();
	char text[128];

	(void) state;
	if (geteuid() != 0) {
		print_message("# only root can: skipped\n");
		skip();
	}
	opts.cwd = probe_directory(); /* root's, for nobody else */
	opts.user = "nobody";
	(void) snprintf(text, sizeof(text), "cwd: '%s': permission denied", opts.cwd);
	assert_spawn_fails(&opts, -EACCES, text);
}

static void unknown_users_and_groups_are_named(void **state)
{
	hk_process_opts opts = true_opts();

	(void) state;
	opts.user = "no-such-user";
	assert_spawn_fails(&opts, -ENOENT,
	    "user: no such user 'no-such-user': no such file or directory");
	opts.user = NULL;
	opts.group = "no-such-group";
	assert_spawn_fails(&opts, -ENOENT,
	    "group: no such group 'no-such-group': no such file or directory");
	opts.group = NULL;
	opts.user = "54321";
	assert_spawn_fails(&opts, -ENOENT,
	    "user: user id 54321 has no account that would tell its group: "
	    "name the group too: no such file or directory");
}

static void streams_that_cannot_be_opened_are_named(void **state)
{
	hk_process_opts opts = true_opts();

	(void) state;
	opts.stdio[0] = (hk_stdio){ .kind = HK_STDIO_FILE, .path = "/no/such/input" };
	assert_spawn_fails(
	    &opts, -ENOENT, "stdin: '/no/such/input': no such file or directory");
	opts = true_opts();
	opts.stdio[1] = (hk_stdio){ .kind = HK_STDIO_FILE, .path = "/no/such/output" };
	assert_spawn_fails(
	    &opts, -ENOENT, "stdout: '/no/such/output': no such file or directory");
	opts = true_opts();
	opts.stdio[2] = (hk_stdio){ .kind = HK_STDIO_FD, .fd = 999 };
	assert_spawn_fails(
	    &opts, -EBADF, "stderr: descriptor 999 is not open: bad file descriptor");
}

static void further_descriptors_are_checked(void **state)
{
	hk_process_opts opts = true_opts();
	hk_process_fd fds[] = { { 0, 5 }, { 1, 5 } };

	(void) state;
	opts.fds = fds;
	opts.fd_count = 2;
	assert_spawn_fails(
	    &opts, -EINVAL, "fds: the child's descriptor 5 is given twice");
	fds[1].child_fd = 2;
	assert_spawn_fails(
	    &opts, -EINVAL, "fds: the child's descriptor must be 3 or more, not 2");
	fds[1].child_fd = 1 << 30;
	assert_spawn_fails(&opts, -EMFILE,
	    "fds: the child's descriptor 1073741824 is beyond the limit of open files: "
	    "too many open files");
}

static void options_out_of_range_are_named(void **state)
{
	hk_process_opts opts = true_opts();

	(void) state;
	opts.flags = HK_PROCESS_SET_NICE;
	opts.nice = 20;
	assert_spawn_fails(
	    &opts, -EINVAL, "options: nice is 20, but must be from -20 to 19");
	opts = true_opts();
	opts.flags = 1u << 31;
	assert_spawn_fails(
	    &opts, -EINVAL, "options: flags hold a bit that means nothing: 0x80000000");
	opts = true_opts();
	opts.argv = COMMAND(NULL);
	assert_spawn_fails(&opts, -EINVAL, "options: argv names no program");
}

static void limits_the_kernel_refuses_are_named(void **state)
{
	hk_process_opts opts = true_opts();
	const hk_process_limit limit = {
		.resource = RLIMIT_NOFILE, .soft = 10, .hard = 5
	};

	(void) state;
	opts.limits = &limit;
	opts.limit_count = 1;
	assert_spawn_fails(&opts, -EINVAL, "limits: resource 7");
}

static void cpus_that_are_not_there_are_refused(void **state)
{
	hk_process_opts opts = true_opts();
	const uint32_t cpu = 8000;

	(void) state;
	opts.cpus = &cpu;
	opts.cpu_count = 1;
	assert_spawn_fails(&opts, -EINVAL, "cpus: invalid argument");
}

static void arguments_that_are_too_long_are_refused(void **state)
{
	hk_process_opts opts = true_opts();
	const char *argv[3] = { "/bin/true", NULL, NULL };
	char *huge = malloc((4 << 20) + 1);

	(void) state;
	memset(huge, 'x', 4 << 20);
	huge[4 << 20] = '\0';
	argv[1] = huge;
	opts.argv = argv;
	assert_spawn_fails(&opts, -E2BIG,
	    "exec: '/bin/true': argument list too long "
	    "(arguments and environment together are longer than the system takes)");
	free(huge);
}

static void older_callers_are_served(void **state)
{
	hk_process_opts opts = true_opts();
	hk_loop *loop;
	hk_process *process;
	struct {
		hk_process_opts opts;
		uint64_t newer;
	} newer = { .opts = true_opts() };

	(void) state;
	assert_int_equal(0, hk_loop_new(&loop));
	opts.size = offsetof(hk_process_opts, file);
	opts.cwd = "/no/such/directory"; /* behind what they knew */
	assert_int_equal(0, hk_process_spawn(&process, loop, &opts, NULL));
	hk_process_free(process);
	newer.opts.size = sizeof(newer);
	assert_int_equal(0, hk_process_spawn(&process, loop, &newer.opts, NULL));
	hk_process_free(process);
	newer.newer = 1;
	assert_int_equal(-E2BIG, hk_process_spawn(&process, loop, &newer.opts, NULL));
	hk_loop_free(loop);
}

static void nothing_is_left_open_by_failures(void **state)
{
	hk_process_opts opts = command_opts(COMMAND("no-such-program"));
	size_t before;
	hk_process *process;
	hk_loop *loop;

	(void) state;
	assert_int_equal(0, hk_loop_new(&loop));
	assert_int_equal(-ENOENT, hk_process_spawn(&process, loop, &opts, NULL));
	before = count_open_fds();
	for (int i = 0; i < 20; i++) {
		opts.stdio[0].kind = i % 2 == 0 ? HK_STDIO_PIPE : HK_STDIO_PTY;
		opts.cwd = i % 3 == 0 ? "/nowhere" : NULL;
		assert_int_equal(-ENOENT, hk_process_spawn(&process, loop, &opts, NULL));
	}
	assert_int_equal(before, count_open_fds());
	assert_int_equal(-1, waitpid(-1, NULL, WNOHANG)); /* no zombie either */
	assert_int_equal(ECHILD, errno);
	hk_loop_free(loop);
}

/* ---- limits that are reached; each in a process of its own ---- */

/* Run @body in a fork of this program and assert that it returns 0. */
static void assert_in_child(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(body());
	assert_true(pid > 0);
	assert_int_equal(pid, waitpid(pid, &status, 0));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg(
		    "the test's child ended with status 0x%x", (unsigned int) status);
}

/* 0 if a spawn gives @code and the text begins with @text. */
static int expect_failure(const hk_process_opts *opts, int code, const char *text)
{
	hk_error_list *errors = NULL;
	hk_loop *loop = NULL;
	hk_process *process;
	char line[512] = "";
	int r;

	if (hk_loop_new(&loop) < 0 || hk_error_list_new(&errors) < 0)
		return 90;
	r = hk_process_spawn(&process, loop, opts, errors);
	if (hk_error_list_get(errors, 0) != NULL)
		(void) hk_error_format(line, sizeof(line), hk_error_list_get(errors, 0));
	hk_error_list_free(errors);
	hk_loop_free(loop);
	if (r == code && strncmp(line, text, strlen(text)) == 0)
		return 0;
	fprintf(stderr, "# %s: %s\n", hk_error_name(r), line);
	return 91;
}

static int with_few_descriptors(void)
{
	hk_process_opts opts = command_opts(COMMAND("/bin/true"));
	hk_loop *loop;
	hk_process *process;
	struct rlimit limit = { 0, 0 };

	if (hk_loop_new(&loop) < 0)
		return 90;
	/* From no descriptor to as many as it takes: never a leak, always an error. */
	for (rlim_t room = 0; room < 16; room++) {
		size_t before = count_open_fds();
		int r;

		getrlimit(RLIMIT_NOFILE, &limit);
		limit.rlim_cur = before - 3 + room; /* ".", ".." and the list itself */
		setrlimit(RLIMIT_NOFILE, &limit);
		r = hk_process_spawn(&process, loop, &opts, NULL);
		limit.rlim_cur = 1024;
		setrlimit(RLIMIT_NOFILE, &limit);
		if (r == 0) {
			hk_process_free(process);
			hk_loop_free(loop);
			return room > 4 ? 0 : 92;
		}
		if (r != -EMFILE)
			return 93;
		if (count_open_fds() != before)
			return 94;
	}
	return 95;
}

static void too_few_descriptors_are_an_error(void **state)
{
	(void) state;
	assert_in_child(with_few_descriptors);
}

static int with_a_process_limit(void)
{
	hk_process_opts opts = true_opts();
	struct rlimit limit = { 1, 1 };

	if (setgid(65534) < 0 || setuid(65534) < 0 || setrlimit(RLIMIT_NPROC, &limit) < 0)
		return 1;
	return expect_failure(
	    &opts, -EAGAIN, "start: resource temporarily unavailable (a limit");
}

static void the_process_limit_is_an_error(void **state)
{
	(void) state;
	if (geteuid() != 0) {
		print_message("# only root can: skipped\n");
		skip();
	}
	assert_in_child(with_a_process_limit);
}

/* ---- the kernel, or a filter, refuses one way of starting ---- */

typedef struct refusal {
	long number; /* system call */
	int error;
} refusal;

static int refuse(const refusal *refusals, size_t count)
{
	struct sock_filter code[2 + 2 * 8];
	struct sock_fprog program = { .filter = code };
	size_t at = 0;

	code[at++] = (struct sock_filter) BPF_STMT(
	    BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++) {
		code[at++] = (struct sock_filter) BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, (unsigned int) refusals[i].number, 0, 1);
		code[at++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K,
		    SECCOMP_RET_ERRNO | (unsigned int) refusals[i].error);
	}
	code[at++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short) at;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* A start that must work all the same: output, exit code, a failing step, and no
 * leak of descriptors into the child. */
static int start_works(void)
{
	hk_process_opts opts = probe_opts("fds");
	hk_process_run_opts run = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_result *result;
	int leak = dup(0);
	int r;

	(void) leak;
	run.process = &opts;
	/* The filter is inherited, and a leak check clones. */
	opts.env = COMMAND("ASAN_OPTIONS=detect_leaks=0");
	r = hk_process_run(&result, &run, NULL);
	if (r < 0)
		return 80;
	r = result->exit.end == HK_END_CODE && result->exit.code == 0 &&
		    strncmp(result->stdout_data, "0 1 2", 5) == 0 &&
		    result->stdout_length == 5
		? 0
		: 81;
	hk_process_result_free(result);
	if (r != 0)
		return r;
	opts = true_opts();
	opts.cwd = "/nowhere";
	return expect_failure(&opts, -ENOENT, "cwd: '/nowhere'");
}

static int without_clone3(void)
{
	const refusal refusals[] = { { SYS_clone3, ENOSYS } };

	return refuse(refusals, 1) < 0 ? 70 : start_works();
}

static int with_clone3_forbidden(void)
{
	const refusal refusals[] = { { SYS_clone3, EPERM } };

	return refuse(refusals, 1) < 0 ? 70 : start_works();
}

static int without_clone(void)
{
	const refusal refusals[] = { { SYS_clone3, ENOSYS }, { SYS_clone, EPERM } };

	return refuse(refusals, 2) < 0 ? 70 : start_works();
}

static int without_close_range(void)
{
	const refusal refusals[] = { { SYS_close_range, ENOSYS } };

	return refuse(refusals, 1) < 0 ? 70 : start_works();
}

static int without_close_range_and_proc(void)
{
	const refusal refusals[] = { { SYS_close_range, ENOSYS },
		{ SYS_getdents64, EACCES } };
	hk_process_opts opts = command_opts(
	    COMMAND("sh", "-c", "test ! -e /proc/self/fd/200 && echo 0 1 2 closed"));
	hk_process_run_opts run = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_result *result;
	int leak = dup2(0, 200);
	int r;

	(void) leak;
	if (refuse(refusals, 2) < 0)
		return 70;
	run.process = &opts;
	if (hk_process_run(&result, &run, NULL) < 0)
		return 80;
	r = strcmp(result->stdout_data, "0 1 2 closed\n") == 0 ? 0 : 81;
	hk_process_result_free(result);
	return r;
}

static int without_any_way(void)
{
	const refusal refusals[] = { { SYS_clone3, ENOSYS }, { SYS_clone, EPERM },
		{ SYS_vfork, EPERM } };
	hk_process_opts opts = true_opts();

	if (refuse(refusals, 3) < 0)
		return 70;
	return expect_failure(&opts, -EPERM, "start: operation not permitted");
}

static void clone_serves_where_clone3_does_not(void **state)
{
	(void) state;
	assert_in_child(without_clone3);
	assert_in_child(with_clone3_forbidden);
}

static void vfork_serves_where_clone_does_not(void **state)
{
	(void) state;
	assert_in_child(without_clone);
}

static void descriptors_close_where_close_range_does_not(void **state)
{
	(void) state;
	assert_in_child(without_close_range);
	assert_in_child(without_close_range_and_proc);
}

static void no_way_at_all_is_an_error(void **state)
{
	(void) state;
	assert_in_child(without_any_way);
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
		cmocka_unit_test(a_missing_program_is_named),
		cmocka_unit_test(a_file_that_is_not_executable_is_named),
		cmocka_unit_test(permission_is_remembered_over_the_path),
		cmocka_unit_test(a_directory_of_path_that_is_closed_says_nothing),
		cmocka_unit_test(a_text_without_interpreter_is_not_given_to_a_shell),
		cmocka_unit_test(a_missing_interpreter_is_told_apart),
		cmocka_unit_test(a_bad_directory_is_named),
		cmocka_unit_test(the_directory_must_be_open_to_the_user),
		cmocka_unit_test(unknown_users_and_groups_are_named),
		cmocka_unit_test(streams_that_cannot_be_opened_are_named),
		cmocka_unit_test(further_descriptors_are_checked),
		cmocka_unit_test(options_out_of_range_are_named),
		cmocka_unit_test(limits_the_kernel_refuses_are_named),
		cmocka_unit_test(cpus_that_are_not_there_are_refused),
		cmocka_unit_test(arguments_that_are_too_long_are_refused),
		cmocka_unit_test(older_callers_are_served),
		cmocka_unit_test(nothing_is_left_open_by_failures),
		cmocka_unit_test(too_few_descriptors_are_an_error),
		cmocka_unit_test(the_process_limit_is_an_error),
		cmocka_unit_test(clone_serves_where_clone3_does_not),
		cmocka_unit_test(vfork_serves_where_clone_does_not),
		cmocka_unit_test(descriptors_close_where_close_range_does_not),
		cmocka_unit_test(no_way_at_all_is_an_error),
	};

	probe_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, remove_directory);
}
