/*
 * Servers: the socket file and the races around it, who is let in, what happens without
 * descriptors, lists, draining and the end.
 */
#include "ipc/fixture.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <signal.h>

static mode_t mode_of(const char *path)
{
	struct stat found;

	assert_int_equal(0, lstat(path, &found));
	return found.st_mode;
}

static unsigned int files_in(const char *folder)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;
	unsigned int count = 0;

	assert_non_null(entries);
	while ((entry = readdir(entries)) != NULL)
		count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
	(void) closedir(entries);
	return count;
}

static int try_listen(struct fixture *f, hk_ipc_server **out, const char *url)
{
	return hk_ipc_listen(out, f->loop, url, &f->server_opts, NULL);
}

/* ---- the socket file ---- */

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

/* ---- inherited sockets ---- */

static int listening_socket(struct fixture *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, f->path);
	assert_int_equal(0, bind(fd, (struct sockaddr *) &address, sizeof(address)));
	assert_int_equal(0, listen(fd, 5));
	return fd;
}

static void an_inherited_socket_serves(void **state)
{
	struct fixture *f = *state;
	char url[32];
	int fd = listening_socket(f);

	(void) snprintf(url, sizeof(url), "fd:%d", fd);
	listen_at(f, url);
	assert_string_equal(f->url, hk_ipc_server_url(f->listener));
	connect_both(f);
	hk_ipc_server_free(f->listener);
	f->listener = NULL;
	assert_int_equal(-1, fcntl(fd, F_GETFD));              /* Taken */
	assert_int_equal(S_IFSOCK, mode_of(f->path) & S_IFMT); /* and not our file */
	assert_int_equal(-EINVAL, try_listen(f, &f->listener, "fd:0") == -ENOTSOCK
				      ? -EINVAL
				      : try_listen(f, &f->listener, "fd:0"));
}

/* Descriptor 3 on is what the protocol wants, so this runs in a child. */
static int activated_child(struct fixture *f)
{
	hk_ipc_server *server = NULL;
	hk_loop *loop = NULL;
	char pid[32];
	int fd;

	if (hk_loop_new(&loop) < 0)
		return 1;
	if (hk_ipc_listen(&server, loop, "activation:", &f->server_opts, NULL) != -ENOENT)
		return 2;
	fd = listening_socket(f);
	if (dup2(fd, 100) < 0 || fcntl(100, F_SETFD, 0) < 0)
		return 3;
	(void) snprintf(pid, sizeof(pid), "%d", (int) getpid());
	(void) setenv("LISTEN_PID", pid, 1);
	(void) setenv("LISTEN_FDS", "98", 1); /* the last one is ours */
	(void) setenv("LISTEN_FDNAMES", "a:b:c", 1);
	if (hk_ipc_listen(&server, loop, "activation:nobody", &f->server_opts, NULL) !=
	    -ENOENT)
		return 4;
	(void) setenv("LISTEN_FDS", "many", 1);
	if (hk_ipc_listen(&server, loop, "activation:a", &f->server_opts, NULL) !=
	    HK_EPARSE)
		return 5;
	(void) setenv("LISTEN_FDS", "1", 1);
	(void) setenv("LISTEN_PID", "1", 1);
	if (hk_ipc_listen(&server, loop, "activation:a", &f->server_opts, NULL) !=
	    -ENOENT)
		return 6;
	(void) setenv("LISTEN_PID", pid, 1);
	(void) setenv("LISTEN_FDNAMES", "web", 1);
	/* Whatever descriptor 3 was, from now on it is the socket; the loop was freed. */
	hk_loop_free(loop);
	if (dup2(100, 3) < 0 || hk_loop_new(&loop) < 0)
		return 7;
	if (hk_ipc_listen(&server, loop, "activation:web", &f->server_opts, NULL) != 0)
		return 8;
	if (strcmp(hk_ipc_server_url(server), f->url) != 0)
		return 9;
	return fcntl(3, F_GETFD) == FD_CLOEXEC ? 0 : 10;
}

static void activated_sockets_are_found_by_name(void **state)
{
	struct fixture *f = *state;
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(activated_child(f));
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
}

/* ---- who ---- */

static void the_peer_is_known_and_its_process_seen_to_end(void **state)
{
	struct fixture *f = *state;
	hk_ipc_peer peer = { .size = sizeof(peer) };
	char url[200];

	connect_both(f);
	assert_int_equal(0, hk_ipc_peer_read(f->server.ipc, &peer));
	assert_int_equal(getpid(), peer.pid);
	assert_int_equal(geteuid(), peer.uid);
	assert_int_equal(getegid(), peer.gid);
	assert_true(hk_ipc_peer_pidfd(f->server.ipc) >= 0 ||
		    hk_ipc_peer_pidfd(f->server.ipc) == -EOPNOTSUPP);
	assert_int_equal(strlen(f->url), hk_ipc_peer_url(f->dialed, url, sizeof(url)));
	assert_string_equal(f->url, url);
	assert_int_equal(0, hk_ipc_peer_url(f->server.ipc, url, sizeof(url)));
}

/* As another user, where we may become one. */
static void strangers_are_refused_unless_a_rule_lets_them_in(void **state)
{
	struct fixture *f = *state;
	hk_ipc_allow rules[2] = { { HK_IPC_ALLOW_USER, 0 }, { HK_IPC_ALLOW_USER, 1234 } };
	int status;
	pid_t child;

	if (geteuid() != 0)
		skip();
	assert_int_equal(0, chmod(f->folder, 0777));
	f->server_opts.mode = 0666;
	for (unsigned int allowed = 0; allowed < 2; allowed++) {
		f->server_opts.allow = allowed ? rules : NULL;
		f->server_opts.allow_count = allowed ? 2 : 0;
		listen_at(f, f->url);
		child = fork();
		if (child == 0) {
			char byte;
			int fd;

			if (setuid(1234) < 0)
				_exit(9);
			fd = connect_plainly(f);
			/* Refused is an end at once; let in is silence. */
			_exit(
			    recv(fd, &byte, 1, allowed ? MSG_DONTWAIT : 0) == 0 ? 0 : 1);
		}
		AWAIT(f, server_stats(f).refused + server_stats(f).accepted == 1);
		assert_int_equal(allowed, server_stats(f).accepted);
		assert_int_equal(child, waitpid(child, &status, 0));
		assert_int_equal(allowed, WEXITSTATUS(status));
		hk_ipc_server_free(f->listener);
		f->listener = NULL;
	}
	f->server_opts.allow = rules;
	f->server_opts.allow_count = 2;
	assert_int_equal(-EINVAL, try_listen(f, &f->listener, "tcp:0"));
}

static void groups_are_rules_too(void **state)
{
	struct fixture *f = *state;
	hk_ipc_allow rule = { HK_IPC_ALLOW_GROUP, getegid() };

	f->server_opts.allow = &rule;
	f->server_opts.allow_count = 1;
	connect_both(f);
	hk_ipc_free(f->dialed);
	f->dialed = NULL;
	hk_ipc_server_free(f->listener);
	rule.id = 54321;
	listen_at(f, f->url);
	dial(f);
	AWAIT(f, f->client.closes == 1);
	assert_int_equal(1, server_stats(f).refused);
}

static void a_client_can_insist_on_its_server(void **state)
{
	struct fixture *f = *state;
	hk_ipc_allow rule = { HK_IPC_ALLOW_USER, 54321 };

	listen_at(f, f->url);
	f->client_opts.allow = &rule;
	f->client_opts.allow_count = 1;
	dial(f);
	AWAIT(f, f->client.closes == 1);
	assert_int_equal(-EPERM, f->client.reason);
	assert_int_equal(0, f->client.connects);
}

/* ---- no descriptors ---- */

static void limit_descriptors(rlim_t count)
{
	struct rlimit limit;

	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = count;
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &limit));
}

static void without_descriptors_clients_are_turned_away_and_counted(void **state)
{
	enum { CLIENTS = 60, SPARE = 10 };
	struct fixture *f = *state;
	struct rlimit before;
	int clients[CLIENTS];
	unsigned int turned_away = 0;
	int highest;

	listen_at(f, f->url);
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = connect_plainly(f);
	highest = dup(0);
	(void) close(highest);
	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &before));
	limit_descriptors((rlim_t) highest + SPARE);
	AWAIT(f, server_stats(f).accepted + server_stats(f).rejected == CLIENTS);
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &before));
	assert_int_equal(SPARE, server_stats(f).accepted);
	assert_true(server_stats(f).pauses >= 1);
	for (int i = 0; i < CLIENTS; i++) {
		char byte;

		turned_away += recv(clients[i], &byte, 1, MSG_DONTWAIT) == 0;
		(void) close(clients[i]);
	}
	assert_int_equal(turned_away, server_stats(f).rejected);
	AWAIT(f, f->server.closes == SPARE);
	/* And it goes on as if nothing had been. */
	connect_both(f);
	send_text(f->dialed, "[1]");
	AWAIT(f, f->server.messages == 1);
}

static void more_connections_than_allowed_wait(void **state)
{
	struct fixture *f = *state;
	int clients[5];

	f->server_opts.connections_max = 2;
	listen_at(f, f->url);
	for (int i = 0; i < 5; i++)
		clients[i] = connect_plainly(f);
	AWAIT(f, f->server.connects == 2);
	settle(f);
	assert_int_equal(2, f->server.connects);
	for (unsigned int i = 0; i < 5; i++) {
		(void) close(clients[i]);
		AWAIT(f, f->server.closes == i + 1);
	}
	assert_int_equal(5, f->server.connects);
	assert_int_equal(0, hk_ipc_server_count(f->listener));
}

/* ---- lists and ends ---- */

static void servers_and_clients_are_listed_and_cleaned_up(void **state)
{
	struct fixture *f = *state;
	hk_ipc_server *second = NULL;

	assert_null(hk_ipc_servers_next(f->loop, NULL));
	connect_both(f);
	assert_int_equal(0, try_listen(f, &second, "tcp:0"));
	assert_ptr_equal(f->listener, hk_ipc_servers_next(f->loop, NULL));
	assert_ptr_equal(second, hk_ipc_servers_next(f->loop, f->listener));
	assert_null(hk_ipc_servers_next(f->loop, second));
	assert_ptr_equal(f->dialed, hk_ipc_clients_next(f->loop, NULL));
	assert_null(hk_ipc_clients_next(f->loop, f->dialed));
	assert_ptr_equal(f->server.ipc, hk_ipc_server_next(f->listener, NULL));
	assert_int_equal(1, hk_ipc_server_count(f->listener));
	hk_ipc_cleanup(f->loop);
	f->listener = NULL;
	f->dialed = NULL;
	assert_null(hk_ipc_servers_next(f->loop, NULL));
	assert_null(hk_ipc_clients_next(f->loop, NULL));
	assert_int_equal(0, files_in(f->folder));
	settle(f);
	assert_int_equal(0, f->server.closes + f->client.closes);
	assert_false(hk_loop_alive(f->loop));
}

static void drained(hk_ipc_server *server, int result, void *user)
{
	int *told = user;

	(void) server;
	*told = result == 0 ? 1 : result;
}

static void draining_lets_answers_leave_and_a_successor_listen(void **state)
{
	struct fixture *f = *state;
	hk_ipc_server *successor = NULL;
	int told = 0;

	connect_both(f);
	for (int i = 0; i < 1000; i++)
		send_text(f->server.ipc, "[\"answer\"]");
	assert_int_equal(
	    0, hk_ipc_server_drain(f->listener, HKI_NS_PER_S, drained, &told));
	assert_int_equal(-EALREADY, hk_ipc_server_drain(f->listener, 0, drained, &told));
	assert_int_equal(0, try_listen(f, &successor, f->url));
	assert_int_equal(0, told);
	AWAIT(f, told != 0);
	assert_int_equal(1, told);
	AWAIT(f, f->client.closes == 1);
	assert_int_equal(1000, f->client.messages);
	hk_ipc_server_free(successor);
}

static void draining_ends_at_its_deadline(void **state)
{
	struct fixture *f = *state;
	static char text[100000];
	int told = 0;

	memset(text, '1', sizeof(text));
	connect_both(f);
	hk_ipc_pause(f->dialed);
	while (hk_ipc_send(f->server.ipc, text, sizeof(text)) == 0)
		;
	assert_int_equal(
	    0, hk_ipc_server_drain(f->listener, 20 * HKI_NS_PER_MS, drained, &told));
	AWAIT(f, told != 0);
	assert_int_equal(-ETIMEDOUT, told);
}

static void free_server_on_connect(struct side *side, hk_ipc *ipc)
{
	(void) ipc;
	hk_ipc_server_free(side->f->listener);
	side->f->listener = NULL;
}

static void a_server_may_be_freed_where_it_accepts(void **state)
{
	struct fixture *f = *state;

	f->server.on_connect = free_server_on_connect;
	listen_at(f, f->url);
	dial(f);
	AWAIT(f, f->client.closes == 1);
	assert_int_equal(0, f->server.closes);
}

static void handles_outlive_their_loop(void **state)
{
	struct fixture *f = *state;

	connect_both(f);
	send_text(f->dialed, "[1]");
	hk_loop_free(f->loop);
	f->loop = NULL;
	assert_int_equal(HK_ECLOSED, hk_ipc_send(f->dialed, "[1]", 3));
	assert_int_equal(HK_ECLOSED, hk_ipc_server_drain(f->listener, 0, NULL, NULL));
	hk_ipc_close(f->dialed, 0);
	hk_ipc_end(f->dialed);
	hk_ipc_flush(f->dialed);
	assert_int_equal(0, hk_ipc_server_count(f->listener));
	assert_int_equal(0, files_in(f->folder));
	hk_ipc_free(f->dialed);
	hk_ipc_server_free(f->listener);
	f->dialed = NULL;
	f->listener = NULL;
	assert_int_equal(0, hk_loop_new(&f->loop));
}

static void a_forked_child_touches_nothing(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t child;

	connect_both(f);
	child = fork();
	if (child == 0) {
		hk_ipc_server *none = NULL;

		if (hk_ipc_send(f->dialed, "[1]", 3) != -ECHILD ||
		    try_listen(f, &none, "tcp:0") != -ECHILD)
			_exit(1);
		hk_ipc_free(f->dialed);
		hk_ipc_server_free(f->listener);
		hk_loop_free(f->loop);
		_exit(0);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_int_equal(0, status);
	assert_int_equal(2, files_in(f->folder));
	send_text(f->dialed, "[2]");
	AWAIT(f, f->server.messages == 1);
	assert_string_equal("[2]", f->server.last);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_file_has_exactly_the_mode_asked_for),
		CASE(a_server_leaves_nothing_behind),
		CASE(a_stale_file_is_replaced),
		CASE(a_living_server_is_left_alone),
		CASE(what_is_no_socket_is_left_alone),
		CASE(a_file_that_replaced_ours_is_not_removed),
		CASE(long_paths_are_reached_and_too_long_names_refused),
		CASE(a_server_killed_anywhere_can_be_started_again),
		CASE(of_racing_servers_one_wins),
		CASE(an_inherited_socket_serves),
		CASE(activated_sockets_are_found_by_name),
		CASE(the_peer_is_known_and_its_process_seen_to_end),
		CASE(strangers_are_refused_unless_a_rule_lets_them_in),
		CASE(groups_are_rules_too),
		CASE(a_client_can_insist_on_its_server),
		CASE(without_descriptors_clients_are_turned_away_and_counted),
		CASE(more_connections_than_allowed_wait),
		CASE(servers_and_clients_are_listed_and_cleaned_up),
		CASE(draining_lets_answers_leave_and_a_successor_listen),
		CASE(draining_ends_at_its_deadline),
		CASE(a_server_may_be_freed_where_it_accepts),
		CASE(handles_outlive_their_loop),
		CASE(a_forked_child_touches_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
