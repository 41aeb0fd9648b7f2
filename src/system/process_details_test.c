#include "system/process_details.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include <hostkit/json.h>
#include <hostkit/system_process.h>
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/torture.h"

/* ---- helpers ---- */

static hk_system_details_result *read_of(pid_t pid, uint32_t sections)
{
	hk_system_details_opts opts = HK_SYSTEM_DETAILS_OPTS_INIT;
	hk_system_details_result *result = NULL;
	int r;

	opts.pid = pid;
	opts.sections = sections;
	opts.deadline_ns = 20 * HKI_NS_PER_S;
	r = hk_system_details_read(&result, &opts);
	if (r < 0)
		fail_msg("details of %d: %s", (int) pid, hk_error_name(r));
	return result;
}

static bool shows(const hk_record *record, const hk_record_type *type, const char *name)
{
	int index = hk_record_find(type, name);

	assert_true(index >= 0);
	return hk_record_has(record, (unsigned int) index);
}

#define SHOWS(row, type, name) shows(&(row)->record, &(type), name)

/* A child that waits until it is told to go. */
typedef struct child {
	pid_t pid;
	int pipe;
} child;

static child start_child(void)
{
	int fds[2];
	child made;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	made.pid = fork();
	assert_true(made.pid >= 0);
	if (made.pid == 0) {
		char byte;

		(void) close(fds[1]);
		(void) !read(fds[0], &byte, 1);
		_exit(0);
	}
	(void) close(fds[0]);
	made.pipe = fds[1];
	return made;
}

static void end_child(const child *of)
{
	(void) close(of->pipe);
	assert_int_equal(waitpid(of->pid, NULL, 0), of->pid);
}

/* ---- the live machine ---- */

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

static int listener(int family, uint16_t *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t length = sizeof(in);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *) &in, sizeof(in)), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *) &in, &length), 0);
	*port = ntohs(in.sin_port);
	return fd;
}

static const hk_system_connection *connection_of(
    const hk_system_details *details, int descriptor)
{
	const hk_system_connection *rows = details->connections.items;

	for (size_t i = 0; i < details->connections.count; i++)
		if (rows[i].descriptor == descriptor)
			return &rows[i];
	fail_msg("socket %d is missing", descriptor);
	return NULL;
}

static void connections_have_both_ends(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	hk_system_details_result *result;
	const hk_system_details *details;
	const hk_system_connection *row;
	uint16_t port;
	int listening = listener(AF_INET, &port);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int unix_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int pair[2], twin = dup(client);
	int length;

	(void) state;
	to.sin_port = htons(port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(client, (struct sockaddr *) &to, sizeof(to)), 0);
	to.sin_port = 0;
	assert_int_equal(bind(udp, (struct sockaddr *) &to, sizeof(to)), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	length = snprintf(
	    name.sun_path + 1, sizeof(name.sun_path) - 1, "details-%d", (int) getpid());
	assert_int_equal(bind(unix_fd, (struct sockaddr *) &name,
			     (socklen_t) (sizeof(name.sun_family) + 1 + (size_t) length)),
	    0);
	assert_int_equal(listen(unix_fd, 1), 0);

	result = read_of(getpid(), HK_SYSTEM_DETAILS_CONNECTIONS);
	details = hk_system_details_get(result);
	row = connection_of(details, listening);
	assert_string_equal(row->protocol, "tcp");
	assert_int_equal(row->state, HK_SYSTEM_SOCKET_LISTENING);
	assert_string_equal(row->local_address, "127.0.0.1");
	assert_int_equal(row->local_port, port);
	assert_false(SHOWS(row, hk_system_connection_type, "remote_port"));
	row = connection_of(details, client);
	assert_int_equal(row->state, HK_SYSTEM_SOCKET_ESTABLISHED);
	assert_int_equal(row->remote_port, port);
	assert_string_equal(row->remote_address, "127.0.0.1");
	assert_int_equal(connection_of(details, twin)->remote_port, port);
	row = connection_of(details, udp);
	assert_string_equal(row->protocol, "udp");
	assert_false(SHOWS(row, hk_system_connection_type, "state"));
	row = connection_of(details, unix_fd);
	assert_string_equal(row->protocol, "unix");
	assert_string_equal(row->type, "seqpacket");
	assert_int_equal(row->state, HK_SYSTEM_SOCKET_LISTENING);
	assert_memory_equal(row->path, "@details-", 9);
	row = connection_of(details, pair[0]);
	assert_int_equal(row->peer_inode, connection_of(details, pair[1])->inode);
	hk_system_details_free(result);
	(void) close(listening);
	(void) close(client);
	(void) close(twin);
	(void) close(udp);
	(void) close(unix_fd);
	(void) close(pair[0]);
	(void) close(pair[1]);
}

/* ---- both ways to the kernel's sockets agree ---- */

typedef struct wanted {
	uint64_t inode;
	hki_socket found;
	bool there;
} wanted;

static int find_wanted(const hki_socket *socket, void *user)
{
	wanted *want = user;

	if (socket->inode != want->inode)
		return 0;
	want->found = *socket;
	want->there = true;
	return 0;
}

static void both_engines_tell_the_same(void **state)
{
	uint16_t port;
	int fds[3] = { listener(AF_INET, &port), socket(AF_INET6, SOCK_DGRAM, 0),
		socket(AF_UNIX, SOCK_DGRAM, 0) };
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	hki_cleanup(hki_closep) int proc = open("/proc/self", O_RDONLY | O_DIRECTORY);

	(void) state;
	assert_true(proc >= 0);
	if (fds[1] >= 0)
		assert_int_equal(bind(fds[1], (struct sockaddr *) &any, sizeof(any)), 0);
	for (size_t i = 0; i < HKI_COUNT(fds); i++) {
		struct stat status;
		wanted diag = { .there = false }, text = { .there = false };

		if (fds[i] < 0)
			continue; /* without IPv6 */
		assert_int_equal(fstat(fds[i], &status), 0);
		diag.inode = text.inode = status.st_ino;
		assert_int_equal(hki_sockets_diag(find_wanted, &diag), 0);
		assert_int_equal(hki_sockets_proc(proc, find_wanted, &text), 0);
		assert_true(diag.there && text.there);
		assert_int_equal(diag.found.family, text.found.family);
		assert_int_equal(diag.found.protocol, text.found.protocol);
		assert_int_equal(diag.found.type, text.found.type);
		assert_int_equal(diag.found.state, text.found.state);
		assert_int_equal(diag.found.local_port, text.found.local_port);
		if (diag.found.family != AF_UNIX)
			assert_memory_equal(diag.found.local, text.found.local, 16);
		(void) close(fds[i]);
	}
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

static void what_we_may_not_see_is_denied(void **state)
{
	int ends[2], status;
	pid_t pid;

	(void) state;
	if (geteuid() != 0) {
		print_message("not root: the denied half is seen by others\n");
		skip();
	}
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		hk_system_details_opts opts = HK_SYSTEM_DETAILS_OPTS_INIT;
		hk_system_details_result *result = NULL;
		const hk_system_details *details;
		const hk_record_type *type = &hk_system_details_type;
		bool good;

		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(2);
		opts.pid = 1;
		if (hk_system_details_read(&result, &opts) < 0)
			_exit(3);
		details = hk_system_details_get(result);
		good = hk_record_is_denied(&details->record,
			   (unsigned int) hk_record_find(type, "files")) &&
		       hk_record_is_denied(&details->record,
			   (unsigned int) hk_record_find(type, "environment")) &&
		       hk_record_is_denied(&details->record,
			   (unsigned int) hk_record_find(type, "namespaces")) &&
		       SHOWS(details, hk_system_details_type, "limits") &&
		       SHOWS(details, hk_system_details_type, "threads");
		_exit(good ? 0 : 4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void) close(ends[0]);
	(void) close(ends[1]);
	assert_int_equal(status, 0);
}

/* A world of its own in which /proc hides others: told apart from their absence. */
static int look_at_hidden(void)
{
	hk_system_details_opts opts = HK_SYSTEM_DETAILS_OPTS_INIT;
	hk_system_details_result *result = NULL;
	int r;

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, "hidepid=2") < 0 || setgid(65534) < 0 ||
	    setuid(65534) < 0)
		return 77;
	opts.pid = 1;
	r = hk_system_details_read(&result, &opts);
	opts.pid = INT32_MAX;
	return r == -EACCES && hk_system_details_read(&result, &opts) == -ESRCH ? 0 : 1;
}

static void the_hidden_are_denied_not_absent(void **state)
{
	int status;
	pid_t pid = fork();

	(void) state;
	if (pid == 0)
		_exit(look_at_hidden());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("no mount namespace can be made here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static hki_details_reading parsing(void)
{
	static hk_system_details_result result;
	hki_details_reading reading = { .result = &result, .ref = HKI_PIDREF_NULL };

	hki_arena_deinit(&result.arena);
	reading.directory = -1;
	return reading;
}

/* A FIFO that nobody writes is a file whose reader hangs. */
static void a_read_that_hangs_has_a_deadline(void **state)
{
	char folder[] = "/tmp/details-XXXXXX", path[64];
	hki_details_reading reading = parsing();
	hki_buffer text = HKI_BUFFER_INIT;
	uint64_t begin;
	int fd;

	(void) state;
	assert_non_null(mkdtemp(folder));
	(void) snprintf(path, sizeof(path), "%s/environ", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	reading.directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	begin = hki_clock_monotonic_ns();
	reading.deadline_ns = begin + 50 * HKI_NS_PER_MS;
	assert_int_equal(hki_details_guarded(&text, &reading, "environ", 100,
			     HK_SYSTEM_DETAILS_ENVIRONMENT),
	    -ETIMEDOUT);
	assert_true(hki_clock_monotonic_ns() - begin >= 50 * HKI_NS_PER_MS);
	assert_int_equal(reading.stale, HK_SYSTEM_DETAILS_ENVIRONMENT);
	/* The next one is late at once: a process costs one deadline in all. */
	assert_int_equal(
	    hki_details_guarded(&text, &reading, "environ", 100, HK_SYSTEM_DETAILS_MAPS),
	    -ETIMEDOUT);
	hki_details_guard_free(reading.guard);
	/* Let the threads go, and wait until the last has closed its end. */
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	(void) close(fd);
	(void) close(reading.directory);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
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
		cmocka_unit_test(connections_have_both_ends),
		cmocka_unit_test(both_engines_tell_the_same),
		cmocka_unit_test(limits_are_those_of_the_kernel),
		cmocka_unit_test(everything_about_ourselves_is_there),
		cmocka_unit_test(somebody_else_is_not_told_about),
		cmocka_unit_test(a_zombie_is_a_process),
		cmocka_unit_test(what_we_may_not_see_is_denied),
		cmocka_unit_test(the_hidden_are_denied_not_absent),
		cmocka_unit_test(a_read_that_hangs_has_a_deadline),
	};

	return cmocka_run_group_tests_name("system/details", tests, NULL, NULL);
}
