/*
 * Socket files: their mode, what is replaced and what is left alone, servers that were
 * killed, and servers that race.
 */
#include "ipc/fixture.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/*
 * The library's fchmodat() is replaced, to see what the file's mode was before it: the
 * instant between a name and a mode is what an enemy would wait for.
 */
static mode_t mode_at_birth;

int fchmodat(int directory, const char *name, mode_t mode, int flags)
{
	struct stat born;

	(void) flags;
	if (fstatat(directory, name, &born, AT_SYMLINK_NOFOLLOW) == 0)
		mode_at_birth = born.st_mode & 0777;
	return (int) syscall(SYS_fchmodat, directory, name, mode);
}

static void the_file_is_never_more_open_than_asked_for(void **state)
{
	struct fixture *f = *state;
	mode_t before = umask(0);

	listen_at(f, f->url);
	(void) umask(before);
	assert_int_equal(0600, mode_at_birth);
}

static void the_file_has_exactly_the_mode_asked_for(void **state)
{
	struct fixture *f = *state;
	mode_t before = umask(0777); /* as bad as it can be */

	listen_at(f, f->url);
	assert_int_equal(S_IFSOCK | 0600, mode_of(f->path));
	hk_ipc_server_free(f->listener);
	f->listener = NULL;
	f->server_opts.mode = 0666;
	listen_at(f, f->url);
	assert_int_equal(S_IFSOCK | 0666, mode_of(f->path));
	(void) umask(before);
}

static void a_server_leaves_nothing_behind(void **state)
{
	struct fixture *f = *state;

	listen_at(f, f->url);
	assert_int_equal(2, files_in(f->folder)); /* the socket and its lock */
	hk_ipc_server_free(f->listener);
	f->listener = NULL;
	assert_int_equal(0, files_in(f->folder));
}

/* A socket file nobody listens behind, as kill -9 leaves it. */
static void leave_stale(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(0, bind(fd, (struct sockaddr *) &address, sizeof(address)));
	(void) close(fd);
}

static void a_stale_file_is_replaced(void **state)
{
	struct fixture *f = *state;

	leave_stale(f->path);
	connect_both(f);
	assert_int_equal(2, files_in(f->folder));
}

static void a_living_server_is_left_alone(void **state)
{
	struct fixture *f = *state;
	hk_ipc_server *second = NULL;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* One that does not know our lock. */
	strcpy(address.sun_path, f->path);
	assert_int_equal(0, bind(fd, (struct sockaddr *) &address, sizeof(address)));
	assert_int_equal(0, listen(fd, 1));
	assert_int_equal(-EADDRINUSE, try_listen(f, &second, f->url));
	assert_int_equal(1, files_in(f->folder));
	(void) close(fd);
	listen_at(f, f->url);
	assert_int_equal(-EADDRINUSE, try_listen(f, &second, f->url));
	assert_null(second);
	assert_int_equal(2, files_in(f->folder));
}

static void what_is_no_socket_is_left_alone(void **state)
{
	struct fixture *f = *state;
	hk_ipc_server *none = NULL;
	int fd = open(f->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_int_equal(3, write(fd, "abc", 3));
	(void) close(fd);
	assert_int_equal(-EEXIST, try_listen(f, &none, f->url));
	assert_int_equal(S_IFREG | 0600, mode_of(f->path));
	assert_int_equal(1, files_in(f->folder));
	assert_int_equal(0, unlink(f->path));
	assert_int_equal(0, symlink("/etc/passwd", f->path));
	assert_int_equal(-EEXIST, try_listen(f, &none, f->url));
	assert_int_equal(S_IFLNK, mode_of(f->path) & S_IFMT);
}

static void a_file_that_replaced_ours_is_not_removed(void **state)
{
	struct fixture *f = *state;

	listen_at(f, f->url);
	assert_int_equal(0, unlink(f->path));
	leave_stale(f->path);
	hk_ipc_server_free(f->listener);
	f->listener = NULL;
	assert_int_equal(S_IFSOCK, mode_of(f->path) & S_IFMT);
}

static void long_paths_are_reached_and_too_long_names_refused(void **state)
{
	struct fixture *f = *state;
	hk_ipc_server *none = NULL;
	char folder[200];
	char url[600];
	char name[256];

	(void) snprintf(folder, sizeof(folder), "%s/", f->folder);
	while (strlen(folder) < 120)
		strcat(folder, "d");
	assert_int_equal(0, mkdir(folder, 0700));
	(void) snprintf(url, sizeof(url), "unix:%s/socket", folder);
	connect_both((listen_at(f, url), f));
	send_text(f->dialed, "[1]");
	AWAIT(f, f->server.messages == 1);
	assert_string_equal(url, hk_ipc_server_url(f->listener));
	hk_ipc_free(f->dialed);
	f->dialed = NULL;
	hk_ipc_server_free(f->listener);
	f->listener = NULL;
	memset(name, 'n', sizeof(name) - 1);
	name[200] = '\0';
	(void) snprintf(url, sizeof(url), "unix:%s/%s", f->folder, name);
	assert_int_equal(-ENAMETOOLONG, try_listen(f, &none, url));
	assert_int_equal(0, rmdir(folder));
	assert_int_equal(0, files_in(f->folder));
}

/* ---- races, in processes of their own ---- */

/* Listen, say so, and stay until somebody closes the pipe or kills us. */
static void serve_in_child(const char *url, int tell, int stay)
{
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_ipc_server *server = NULL;
	hk_loop *loop = NULL;
	char byte;
	int r = hk_loop_new(&loop);

	if (r == 0)
		r = hk_ipc_listen(&server, loop, url, &opts, NULL);
	byte = r == 0 ? 'y' : r == -EADDRINUSE ? 'n' : '?';
	if (write(tell, &byte, 1) != 1)
		_exit(2);
	if (stay >= 0)
		while (read(stay, &byte, 1) > 0)
			;
	_exit(0); /* without hk_ipc_server_free(), as after a crash */
}

static pid_t start_server(const char *url, int tell, int stay)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		serve_in_child(url, tell, stay);
	return child;
}

static void a_server_killed_anywhere_can_be_started_again(void **state)
{
	struct fixture *f = *state;
	int said[2];
	int stay[2];

	assert_int_equal(0, pipe(said));
	assert_int_equal(0, pipe(stay));
	for (int i = 0; i < 30; i++) {
		pid_t child = start_server(f->url, said[1], stay[0]);
		char byte = 0;

		if (i % 2 == 0) { /* once it listens, or somewhere on the way there */
			assert_int_equal(1, read(said[0], &byte, 1));
			assert_int_equal('y', byte);
		}
		assert_int_equal(0, kill(child, SIGKILL));
		assert_int_equal(child, waitpid(child, NULL, 0));
		while (fcntl(said[0], F_SETFL, O_NONBLOCK) == 0 &&
		       read(said[0], &byte, 1) == 1)
			;
		assert_int_equal(0, fcntl(said[0], F_SETFL, 0));
	}
	connect_both(f);
	assert_true(files_in(f->folder) <= 2);
	for (int i = 0; i < 2; i++) {
		(void) close(said[i]);
		(void) close(stay[i]);
	}
}

static void of_racing_servers_one_wins(void **state)
{
	enum { RACERS = 8 };
	struct fixture *f = *state;

	for (int round = 0; round < 5; round++) {
		int said[2];
		int stay[2];
		unsigned int won = 0;
		pid_t children[RACERS];

		leave_stale(f->path);
		assert_int_equal(0, pipe(said));
		assert_int_equal(0, pipe2(stay, O_CLOEXEC));
		for (int i = 0; i < RACERS; i++)
			children[i] = start_server(f->url, said[1], stay[0]);
		for (int i = 0; i < RACERS; i++) {
			char byte = 0;

			assert_int_equal(1, read(said[0], &byte, 1));
			assert_true(byte == 'y' || byte == 'n');
			won += byte == 'y';
		}
		assert_int_equal(1, won);
		for (int i = 0; i < RACERS; i++)
			assert_int_equal(0, kill(children[i], SIGKILL));
		for (int i = 0; i < RACERS; i++)
			assert_int_equal(children[i], waitpid(children[i], NULL, 0));
		for (int i = 0; i < 2; i++) {
			(void) close(said[i]);
			(void) close(stay[i]);
		}
		assert_int_equal(0, unlink(f->path));
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_file_is_never_more_open_than_asked_for),
		CASE(the_file_has_exactly_the_mode_asked_for),
		CASE(a_server_leaves_nothing_behind),
		CASE(a_stale_file_is_replaced),
		CASE(a_living_server_is_left_alone),
		CASE(what_is_no_socket_is_left_alone),
		CASE(a_file_that_replaced_ours_is_not_removed),
		CASE(long_paths_are_reached_and_too_long_names_refused),
		CASE(a_server_killed_anywhere_can_be_started_again),
		CASE(of_racing_servers_one_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
