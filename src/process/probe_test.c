/* The probes, and the little that all tests of processes need. */
#include "process/probe_test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/array.h"
#include "os/procfs.h"
#include "process/test_paths.h"

/* ---- probes ---- */

/* Every open descriptor but the one that reads the list, as "0 3 7". */
static void probe_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	int numbers[1024];
	size_t count = 0;

	while ((entry = readdir(directory)) != NULL) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fd != dirfd(directory) && count < 1024)
			numbers[count++] = fd;
	}
	closedir(directory);
	for (size_t i = 0; i < count; i++)
		printf("%s%d", i == 0 ? "" : " ", numbers[i]);
}

/* The line @name of /proc/self/status, without the name. */
static void probe_status(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[512];
	size_t length = strlen(name);

	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			printf("%s", line + length + 1 + (line[length + 1] == '\t'));
	fclose(file);
}

static void probe_blocked(void)
{
	probe_status("SigBlk");
}

static void probe_ignored(void)
{
	probe_status("SigIgn");
}

static void probe_no_new_privileges(void)
{
	probe_status("NoNewPrivs");
}

static void probe_ids(void)
{
	probe_status("Uid");
	probe_status("Gid");
	probe_status("Groups");
}

static void probe_umask(void)
{
	mode_t mask = umask(0);

	printf("%03o", (unsigned int) mask);
}

static void probe_nice(void)
{
	printf("%d", getpriority(PRIO_PROCESS, 0));
}

static void probe_io_priority(void)
{
	printf("%ld", syscall(SYS_ioprio_get, 1, 0));
}

static void probe_oom_score(void)
{
	char text[32];
	size_t length;

	if (hki_read_file(
		AT_FDCWD, "/proc/self/oom_score_adj", text, sizeof(text), &length) == 0)
		printf("%s", text);
}

static void probe_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return;
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			printf("%d ", i);
}

static void probe_limits(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	printf("nofile %llu %llu", (unsigned long long) limit.rlim_cur,
	    (unsigned long long) limit.rlim_max);
	getrlimit(RLIMIT_MSGQUEUE, &limit);
	printf(" msgqueue %llu", (unsigned long long) limit.rlim_cur);
}

static void probe_session(void)
{
	printf("session %d group %d", getsid(0) == getpid(), getpgid(0) == getpid());
}

static void probe_parent_death(void)
{
	int number = 0;

	prctl(PR_GET_PDEATHSIG, &number);
	printf("%d", number);
}

static void probe_cwd(void)
{
	char path[PATH_MAX];

	if (getcwd(path, sizeof(path)) != NULL)
		printf("%s", path);
}

static void probe_environment(void)
{
	for (char **entry = environ; *entry != NULL; entry++)
		if (strncmp(*entry, "HOSTKIT_TREE=", 13) != 0)
			printf("%s\n", *entry);
}

static void probe_terminal(void)
{
	int controls = open("/dev/tty", O_RDWR | O_CLOEXEC);

	printf("tty %d %d %d controlling %d", isatty(0), isatty(1), isatty(2),
	    controls >= 0);
}

/* The identity of what stands behind each stream: equal numbers, equal files. */
static void probe_streams(void)
{
	for (int fd = 0; fd < 3; fd++) {
		struct stat status;

		if (fstat(fd, &status) < 0)
			printf("- ");
		else
			printf("%s ", S_ISFIFO(status.st_mode)   ? "pipe"
				      : S_ISCHR(status.st_mode)  ? "device"
				      : S_ISREG(status.st_mode)  ? "file"
				      : S_ISSOCK(status.st_mode) ? "socket"
								 : "other");
	}
}

/* Descriptor 7 and 8, read whole. */
static void probe_read_fds(void)
{
	for (int fd = 7; fd <= 8; fd++) {
		char text[64];
		ssize_t length = read(fd, text, sizeof(text));

		printf("%d:%.*s ", fd, (int) (length < 0 ? 0 : length), text);
	}
}

static void probe_both_streams(void)
{
	char line[100];

	memset(line, 'o', sizeof(line));
	for (int i = 0; i < 1024; i++) {
		line[0] = 'o';
		if (write(1, line, sizeof(line)) < 0)
			return;
		line[0] = 'e';
		if (write(2, line, sizeof(line)) < 0)
			return;
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} probes[] = {
	{ "fds", probe_fds },
	{ "blocked", probe_blocked },
	{ "ignored", probe_ignored },
	{ "no new privileges", probe_no_new_privileges },
	{ "ids", probe_ids },
	{ "umask", probe_umask },
	{ "nice", probe_nice },
	{ "io priority", probe_io_priority },
	{ "oom score", probe_oom_score },
	{ "cpus", probe_cpus },
	{ "limits", probe_limits },
	{ "session", probe_session },
	{ "parent death", probe_parent_death },
	{ "cwd", probe_cwd },
	{ "environment", probe_environment },
	{ "terminal", probe_terminal },
	{ "streams", probe_streams },
	{ "read fds", probe_read_fds },
	{ "both streams", probe_both_streams },
};

void probe_main(int argc, char **argv)
{
	if (argc < 3 || strcmp(argv[1], "probe") != 0) {
		/* The keeper of this build, unless another one is to be tested. */
		(void) setenv("HOSTKIT_LIBEXEC", HKI_TEST_LIBEXEC, 0);
		return;
	}
	for (size_t i = 0; i < HKI_COUNT(probes); i++)
		if (strcmp(argv[2], probes[i].name) == 0) {
			probes[i].run();
			exit(fflush(stdout) == 0 ? 0 : 1);
		}
	exit(99);
}

const char *probe_path(void)
{
	static char path[PATH_MAX];

	if (path[0] == '\0' && readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		fail_msg("cannot find this program");
	return path;
}

hk_process_opts command_opts(const char *const *argv)
{
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;

	opts.argv = argv;
	opts.stdio[0].kind = HK_STDIO_NULL;
	opts.stdio[1].kind = HK_STDIO_PIPE;
	opts.stdio[2].kind = HK_STDIO_PIPE;
	return opts;
}

hk_process_opts probe_opts(const char *name)
{
	static const char *argv[4];

	argv[0] = probe_path();
	argv[1] = "probe";
	argv[2] = name;
	argv[3] = NULL;
	return command_opts(argv);
}

static void fail_with(int code, hk_error_list *errors)
{
	char text[1024] = "";

	if (hk_error_list_get(errors, 0) != NULL)
		(void) hk_error_format(text, sizeof(text), hk_error_list_get(errors, 0));
	hk_error_list_free(errors);
	fail_msg("%s: %s", hk_error_name(code), text);
}

const char *probe_run(const hk_process_opts *opts)
{
	static char output[65536];
	hk_process_run_opts run = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_result *result;
	hk_error_list *errors;
	size_t length;
	int r;

	run.process = opts;
	assert_int_equal(0, hk_error_list_new(&errors));
	r = hk_process_run(&result, &run, errors);
	if (r < 0)
		fail_with(r, errors);
	hk_error_list_free(errors);
	if (result->exit.end != HK_END_CODE || result->exit.code != 0)
		fail_msg("ended %d with code %d, signal %d: %s", (int) result->exit.end,
		    result->exit.code, result->exit.signal, result->stderr_data);
	length = result->stdout_length < sizeof(output) ? result->stdout_length
							: sizeof(output) - 1;
	memcpy(output, result->stdout_data, length);
	output[length] = '\0';
	while (length > 0 && (output[length - 1] == '\n' || output[length - 1] == ' '))
		output[--length] = '\0';
	hk_process_result_free(result);
	return output;
}

void assert_spawn_fails(const hk_process_opts *opts, int code, const char *text)
{
	hk_process *process = (hk_process *) (uintptr_t) 1;
	hk_error_list *errors;
	hk_loop *loop;
	char line[1024] = "no error was reported";
	int r;

	assert_int_equal(0, hk_loop_new(&loop));
	assert_int_equal(0, hk_error_list_new(&errors));
	r = hk_process_spawn(&process, loop, opts, errors);
	if (hk_error_list_get(errors, 0) != NULL)
		(void) hk_error_format(line, sizeof(line), hk_error_list_get(errors, 0));
	hk_error_list_free(errors);
	hk_loop_free(loop);
	assert_string_equal(hk_error_name(code), hk_error_name(r));
	assert_string_equal(text, line);
	assert_true(process == (hk_process *) (uintptr_t) 1);
}

size_t count_open_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

int is_running(pid_t pid)
{
	hki_proc_stat stat;

	return hki_proc_stat_read(&stat, pid) == 0 && stat.state != 'Z' &&
	       stat.state != 'X';
}

void assert_ends(pid_t pid)
{
	const struct timespec pause = { 0, 1000000 };

	for (int i = 0; i < 60000; i++) {
		if (!is_running(pid))
			return;
		nanosleep(&pause, NULL);
	}
	(void) kill(pid, SIGKILL);
	fail_msg("process %d was still running after a minute", (int) pid);
}

void end_ignored(hk_process *process, const hk_process_exit *how, void *user)
{
	(void) process;
	(void) how;
	(void) user;
}

void end_noted(hk_process *process, const hk_process_exit *how, void *user)
{
	(void) process;
	*(hk_process_exit *) user = *how;
}

static char directory_path[64];

const char *probe_directory(void)
{
	if (directory_path[0] == '\0') {
		(void) snprintf(
		    directory_path, sizeof(directory_path), "%s/hostkit-XXXXXX", "/tmp");
		if (mkdtemp(directory_path) == NULL)
			fail_msg("cannot make a temporary directory");
	}
	return directory_path;
}

void probe_remove_directory(void)
{
	DIR *directory;
	struct dirent *entry;

	if (directory_path[0] == '\0')
		return;
	directory = opendir(directory_path);
	while (directory != NULL && (entry = readdir(directory)) != NULL)
		(void) unlinkat(dirfd(directory), entry->d_name, 0);
	if (directory != NULL)
		closedir(directory);
	(void) rmdir(directory_path);
	directory_path[0] = '\0';
}

const char *probe_file(const char *name, const char *text, unsigned int mode)
{
	static char path[PATH_MAX];
	int fd;

	(void) snprintf(path, sizeof(path), "%s/%s", probe_directory(), name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail_msg("cannot write '%s'", path);
	(void) fchmod(fd, (mode_t) mode);
	close(fd);
	return path;
}

/* ---- the fixture ---- */

void fixture_on_exit(hk_process *process, const hk_process_exit *how, void *user)
{
	fixture *f = user;

	assert_ptr_equal(process, f->process);
	f->how = *how;
	f->calls++;
}

int fixture_set_up(void **state)
{
	fixture *f = calloc(1, sizeof(*f));

	*state = f;
	return hk_loop_new(&f->loop);
}

int fixture_tear_down(void **state)
{
	fixture *f = *state;

	hk_process_free(f->process);
	hk_loop_free(f->loop);
	free(f);
	assert_int_equal(-1, waitpid(-1, NULL, WNOHANG));
	assert_int_equal(ECHILD, errno);
	return 0;
}

hk_process_opts fixture_opts(const char *const *argv)
{
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;

	opts.argv = argv;
	return opts;
}

hk_process *fixture_start(fixture *f, const hk_process_opts *given)
{
	hk_process_opts opts = *given;

	opts.on_exit = fixture_on_exit;
	opts.user_data = f;
	assert_int_equal(0, hk_process_spawn(&f->process, f->loop, &opts, NULL));
	return f->process;
}

hk_process *fixture_start_command(fixture *f, const char *const *argv)
{
	hk_process_opts opts = fixture_opts(argv);

	return fixture_start(f, &opts);
}
