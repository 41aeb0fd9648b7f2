/* Connections of a process, and that both ways to the kernel's sockets agree. */
#include "system/process_details.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/system_process.h>
#include "base/array.h"
#include "base/cleanup.h"
#include "system/process_details_test.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_have_both_ends),
		cmocka_unit_test(both_engines_tell_the_same),
	};

	return cmocka_run_group_tests_name("system/details_sockets", tests, NULL, NULL);
}
