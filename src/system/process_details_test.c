/* Details of one process, held against what the test itself has set up. */
#include "system/process_details.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/system_process.h>
#include "base/array.h"
#include "base/torture.h"
#include "system/process_details_test.h"

static void *named_thread(void *user)
{
	const int *pipe = user;
	char byte;

	(void) prctl(PR_SET_NAME, "evil) S 1 (x");
	(void) !write(pipe[1], "x", 1);
	(void) !read(pipe[2], &byte, 1);
	return NULL;
}

static void threads_have_their_names(void **state)
{
	hk_system_details_result *result;
	const hk_system_details *details;
	const hk_system_thread *threads;
	pthread_t thread;
	bool found = false;
	int up[2], down[2], ends[3];
	char byte;

	(void) state;
	assert_int_equal(pipe2(up, O_CLOEXEC), 0);
	assert_int_equal(pipe2(down, O_CLOEXEC), 0);
	memcpy(ends, (int[3]){ 0, up[1], down[0] }, sizeof(ends));
	assert_int_equal(pthread_create(&thread, NULL, named_thread, ends), 0);
	assert_int_equal(read(up[0], &byte, 1), 1);

	result = read_of(getpid(), HK_SYSTEM_DETAILS_THREADS);
	details = hk_system_details_get(result);
	threads = details->threads.items;
	assert_true(details->threads.count >= 2);
	assert_int_equal(threads[0].id, getpid());
	for (size_t i = 0; i < details->threads.count; i++)
		found = found || strcmp(threads[i].name, "evil) S 1 (x") == 0;
	assert_true(found);
	assert_true(threads[0].cpu_user_s + threads[0].cpu_system_s >= 0);
	assert_false(SHOWS(details, hk_system_details_type, "files"));
	hk_system_details_free(result);

	assert_int_equal(write(down[1], "x", 1), 1);
	assert_int_equal(pthread_join(thread, NULL), 0);
	for (int i = 0; i < 2; i++) {
		(void) close(up[i]);
		(void) close(down[i]);
	}
}

static const hk_system_file *file_of(const hk_system_details *details, int descriptor)
{
	const hk_system_file *files = details->files.items;

	for (size_t i = 0; i < details->files.count; i++)
		if (files[i].descriptor == descriptor)
			return &files[i];
	fail_msg("descriptor %d is missing", descriptor);
	return NULL;
}

static void files_have_kind_mode_and_position(void **state)
{
	hk_system_details_result *result;
	const hk_system_details *details;
	const hk_system_file *file;
	char path[] = "/tmp/details-XXXXXX";
	int fd = mkostemp(path, O_APPEND | O_CLOEXEC);
	int directory = open("/", O_PATH | O_CLOEXEC);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int pipes[2];
	char deleted[64];

	(void) state;
	assert_true(fd >= 0 && directory >= 0 && null >= 0);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(write(fd, "12345", 5), 5);
	assert_int_equal(unlink(path), 0);
	result = read_of(getpid(), HK_SYSTEM_DETAILS_FILES);
	details = hk_system_details_get(result);

	file = file_of(details, fd);
	(void) snprintf(deleted, sizeof(deleted), "%s (deleted)", path);
	assert_string_equal(file->path, deleted);
	assert_int_equal(file->kind, HK_SYSTEM_FILE_REGULAR);
	assert_string_equal(file->mode, "rwa");
	assert_int_equal(file->position, 5);
	file = file_of(details, directory);
	assert_int_equal(file->kind, HK_SYSTEM_FILE_DIRECTORY);
	assert_string_equal(file->mode, "path");
	assert_int_equal(file_of(details, null)->kind, HK_SYSTEM_FILE_CHARACTER_DEVICE);
	assert_int_equal(file_of(details, pipes[0])->kind, HK_SYSTEM_FILE_PIPE);
	assert_string_equal(file_of(details, pipes[0])->mode, "r");
	assert_string_equal(file_of(details, pipes[1])->mode, "w");
	hk_system_details_free(result);
	(void) close(fd);
	(void) close(directory);
	(void) close(null);
	(void) close(pipes[0]);
	(void) close(pipes[1]);
}

static void limits_are_those_of_the_kernel(void **state)
{
	hk_system_details_result *result = read_of(getpid(), HK_SYSTEM_DETAILS_LIMITS);
	const hk_system_details *details = hk_system_details_get(result);
	const hk_system_limit *limits = details->limits.items;
	struct rlimit files, core;
	unsigned int seen = 0;

	(void) state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
	assert_true(details->limits.count >= 15);
	for (size_t i = 0; i < details->limits.count; i++) {
		if (strcmp(limits[i].name, "open_files") == 0) {
			seen++;
			assert_int_equal(limits[i].soft, files.rlim_cur);
			assert_int_equal(limits[i].hard, files.rlim_max);
			assert_string_equal(limits[i].unit, "files");
		}
		if (strcmp(limits[i].name, "core_file_size") == 0) {
			seen++;
			assert_int_equal(
			    limits[i].soft_unlimited, core.rlim_cur == RLIM_INFINITY);
			assert_int_equal(SHOWS(&limits[i], hk_system_limit_type, "soft"),
			    core.rlim_cur != RLIM_INFINITY);
		}
	}
	assert_int_equal(seen, 2);
	hk_system_details_free(result);
}

static void everything_about_ourselves_is_there(void **state)
{
	static const char *const sections[] = { "threads", "files", "connections",
		"memory", "maps", "environment", "limits", "credentials", "namespaces",
		"cgroups", "children" };
	child one = start_child();
	hk_system_details_result *result = read_of(getpid(), HK_SYSTEM_DETAILS_ALL);
	const hk_system_details *details = hk_system_details_get(result);
	const hk_system_child *children = details->children.items;
	bool born = false, path = false;

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(sections); i++)
		if (!SHOWS(details, hk_system_details_type, sections[i]))
			fail_msg("'%s' is missing", sections[i]);
	for (size_t i = 0; i < details->children.count; i++)
		born = born || children[i].pid == one.pid;
	assert_true(born);
	for (size_t i = 0; i < details->environment.count; i++)
		path = path || strncmp(details->environment.items[i], "PATH=", 5) == 0;
	assert_int_equal(path, getenv("PATH") != NULL);
	assert_true(details->memory.rss_bytes >= details->memory.pss_bytes);
	assert_true(details->memory.pss_bytes >= details->memory.uss_bytes);
	assert_int_equal(details->credentials.uid, getuid());
	assert_int_equal(details->left_out, 0);
	for (size_t i = 0; i < details->namespaces.count; i++)
		assert_true(
		    ((const hk_system_namespace *) details->namespaces.items)[i].shared);
	hk_system_details_free(result);
	end_child(&one);
}

static void somebody_else_is_not_told_about(void **state)
{
	hk_system_details_opts opts = HK_SYSTEM_DETAILS_OPTS_INIT;
	hk_system_details_result *result = NULL;
	child one = start_child();
	hk_system_details_result *ours = read_of(one.pid, HK_SYSTEM_DETAILS_LIMITS);
	const hk_system_details *details = hk_system_details_get(ours);

	(void) state;
	opts.pid = one.pid;
	opts.start_ticks = details->start_ticks + 1;
	assert_int_equal(hk_system_details_read(&result, &opts), -ESRCH);
	opts.start_ticks = details->start_ticks;
	opts.inode = details->inode;
	assert_int_equal(hk_system_details_read(&result, &opts), 0);
	hk_system_details_free(result);
	result = NULL;
	hk_system_details_free(ours);
	end_child(&one);
	assert_int_equal(hk_system_details_read(&result, &opts), -ESRCH);
	opts.pid = 0;
	assert_int_equal(hk_system_details_read(&result, &opts), -EINVAL);
	opts.pid = 1;
	opts.sections = 1U << 31;
	assert_int_equal(hk_system_details_read(&result, &opts), -EINVAL);
	assert_null(result);
}

static void a_zombie_is_a_process(void **state)
{
	hk_system_details_result *result;
	const hk_system_details *details;
	siginfo_t info;
	pid_t pid = fork();

	(void) state;
	if (pid == 0)
		_exit(3);
	assert_int_equal(waitid(P_PID, (id_t) pid, &info, WEXITED | WNOWAIT), 0);
	result = read_of(pid, 0);
	details = hk_system_details_get(result);
	assert_int_equal(((const hk_system_thread *) details->threads.items)[0].state,
	    HK_SYSTEM_STATE_ZOMBIE);
	hk_system_details_free(result);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int read_everything(void *user)
{
	hk_system_details_opts opts = HK_SYSTEM_DETAILS_OPTS_INIT;
	hk_system_details_result *result = NULL;
	int r;

	(void) user;
	/* Without what a thread reads: it would fail on its own time. */
	opts.sections =
	    HK_SYSTEM_DETAILS_ALL &
	    ~(uint32_t) (HK_SYSTEM_DETAILS_MEMORY | HK_SYSTEM_DETAILS_MAPS |
			 HK_SYSTEM_DETAILS_ENVIRONMENT | HK_SYSTEM_DETAILS_CONNECTIONS);
	opts.pid = getpid();
	r = hk_system_details_read(&result, &opts);
	hk_system_details_free(result);
	return r;
}

static void every_failed_allocation_is_told(void **state)
{
	(void) state;
	assert_true(hki_torture(read_everything, NULL) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* Before threads are started that give back memory in their own time. */
		cmocka_unit_test(every_failed_allocation_is_told),
		cmocka_unit_test(threads_have_their_names),
		cmocka_unit_test(files_have_kind_mode_and_position),
		cmocka_unit_test(limits_are_those_of_the_kernel),
		cmocka_unit_test(everything_about_ourselves_is_there),
		cmocka_unit_test(somebody_else_is_not_told_about),
		cmocka_unit_test(a_zombie_is_a_process),
	};

	return cmocka_run_group_tests_name("system/details", tests, NULL, NULL);
}
