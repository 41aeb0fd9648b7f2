/*
 * Servers: the socket file and the races around it, who is let in, what happens without
 * descriptors, lists, draining and the end.
 */
#include "ipc/fixture.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <signal.h>

/* A name padded with zeros to the full length would be another one. */
static void abstract_names_are_exactly_as_long_as_written(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t length;
	char url[64];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void) snprintf(url, sizeof(url), "unix:@hostkit-exact-%d", (int) getpid());
	listen_at(f, url);
	strcpy(address.sun_path + 1, url + strlen("unix:@"));
	length = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 +
			      strlen(address.sun_path + 1));
	assert_int_equal(0, connect(fd, (const struct sockaddr *) &address, length));
	(void) close(fd);
	AWAIT(f, f->server.closes == 1);
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

static void the_peer_is_known(void **state)
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

/* The pidfd goes on meaning the process that connected, also when that is no more. */
static void a_peer_that_ends_is_seen_to_end(void **state)
{
	struct fixture *f = *state;
	struct pollfd ended = { .events = POLLIN };
	hk_ipc_peer peer = { .size = sizeof(peer) };
	pid_t child;

	listen_at(f, f->url);
	child = fork();
	if (child == 0) {
		int fd = connect_plainly(f);

		(void) pause();
		_exit(fd < 0);
	}
	AWAIT(f, f->server.connects == 1);
	assert_int_equal(0, hk_ipc_peer_read(f->server.ipc, &peer));
	assert_int_equal(child, peer.pid);
	ended.fd = hk_ipc_peer_pidfd(f->server.ipc);
	if (ended.fd == -EOPNOTSUPP) {
		(void) kill(child, SIGKILL);
		(void) waitpid(child, NULL, 0);
		skip(); /* a kernel older than 6.5 */
	}
	assert_int_equal(ended.fd, hk_ipc_peer_pidfd(f->server.ipc)); /* the same one */
	assert_int_equal(0, poll(&ended, 1, 0));
	assert_int_equal(0, kill(child, SIGKILL));
	assert_int_equal(child, waitpid(child, NULL, 0));
	assert_int_equal(1, poll(&ended, 1, 5000));
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
		AWAIT_COUNT(f, 1, server_stats(f).refused + server_stats(f).accepted);
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
	AWAIT_COUNT(f, CLIENTS, server_stats(f).accepted + server_stats(f).rejected);
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
	    0, hk_ipc_server_drain(f->listener, 60 * HKI_NS_PER_S, drained, &told));
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
	(void) fill(f->server.ipc, text, sizeof(text), NULL);
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
		CASE(abstract_names_are_exactly_as_long_as_written),
		CASE(an_inherited_socket_serves),
		CASE(activated_sockets_are_found_by_name),
		CASE(the_peer_is_known),
		CASE(a_peer_that_ends_is_seen_to_end),
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
