#include "port.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define LISTENS                                                                          \
	"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000   " \
	"  "                                                                             \
	"0        0 12345 1 0000000000000000 100 0 0 10 0\n"
#define LISTENS_V6                                                                       \
	"   1: 00000000000000000000000000000000:1F90 "                                   \
	"00000000000000000000000000000000:0000 "                                         \
	"0A 00000000:00000000 00:00000000 00000000  1000        0 777 1 0 100 0 0 10 "   \
	"0\n"
#define CONNECTED                                                                        \
	"   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000   " \
	"  "                                                                             \
	"0        0 999 1 0000000000000000 20 4 0 10 -1\n"
#define BOUND                                                                            \
	" 1143: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000  " \
	" "                                                                              \
	"101        0 4242 2 0000000000000000 0\n"

static void ports_are_read_with_and_without_a_protocol(void **state)
{
	cmd_port port;

	(void) state;
	assert_int_equal(cmd_port_parse(&port, ":8080"), 0);
	assert_int_equal(port.number, 8080);
	assert_int_equal(port.protocol, CMD_PORT_ANY);
	assert_int_equal(cmd_port_parse(&port, ":1/tcp"), 0);
	assert_int_equal(port.protocol, CMD_PORT_TCP);
	assert_int_equal(cmd_port_parse(&port, ":65535/udp"), 0);
	assert_int_equal(port.number, 65535);
	assert_int_equal(port.protocol, CMD_PORT_UDP);
}

static void what_is_no_port_is_refused_and_changes_nothing(void **state)
{
	static const char *const texts[] = { "", ":", "8080", ":0", ":65536",
		":99999999999", ":80/", ":80/sctp", ":-1", ":+1", ": 80", ":80 ", ":0x50",
		":/tcp", "::80" };
	cmd_port port = { 7, CMD_PORT_UDP };

	(void) state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(cmd_port_parse(&port, texts[i]), HK_EPARSE);
	assert_int_equal(port.number, 7);
	assert_int_equal(port.protocol, CMD_PORT_UDP);
}

static void listening_sockets_are_found_in_the_kernels_lines(void **state)
{
	uint64_t inode = 0;

	(void) state;
	assert_true(cmd_port_line(&inode, LISTENS, CMD_PORT_TCP, 8080));
	assert_int_equal(inode, 12345);
	assert_true(cmd_port_line(&inode, LISTENS_V6, CMD_PORT_TCP, 8080));
	assert_int_equal(inode, 777);
	assert_true(cmd_port_line(&inode, BOUND, CMD_PORT_UDP, 53));
	assert_int_equal(inode, 4242);
}

static void other_lines_are_passed_over(void **state)
{
	uint64_t inode = 5;

	(void) state;
	assert_false(cmd_port_line(&inode, LISTENS, CMD_PORT_TCP, 8081));
	assert_false(cmd_port_line(&inode, CONNECTED, CMD_PORT_TCP, 8080));
	assert_false(cmd_port_line(&inode, CONNECTED, CMD_PORT_TCP, 50000));
	assert_false(cmd_port_line(&inode, LISTENS, CMD_PORT_UDP, 8080));
	assert_false(cmd_port_line(
	    &inode, "  sl  local_address rem_address   st\n", CMD_PORT_TCP, 1));
	assert_false(cmd_port_line(&inode, "", CMD_PORT_TCP, 1));
	assert_int_equal(inode, 5);
}

/* A socket of ours on a port the kernel chose. */
static int listen_somewhere(uint16_t *out_port, int type)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *) &address, &length), 0);
	*out_port = ntohs(address.sin_port);
	return fd;
}

static bool is_ours(const cmd_port_holders *holders)
{
	for (size_t i = 0; i < holders->count; i++)
		if (holders->items[i].pid == getpid())
			return true;
	return false;
}

static void the_holder_of_a_port_is_found(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	static const cmd_port_protocol protocols[] = { CMD_PORT_TCP, CMD_PORT_UDP };

	(void) state;
	for (int i = 0; i < 2; i++) {
		cmd_port port = { 0, protocols[i] };
		cmd_port_holders holders;
		int fd = listen_somewhere(&port.number, types[i]);

		assert_int_equal(cmd_port_find(&holders, &port), 0);
		assert_true(is_ours(&holders));
		cmd_port_holders_deinit(&holders);

		port.protocol = protocols[1 - i];
		assert_int_equal(cmd_port_find(&holders, &port), 0);
		assert_false(is_ours(&holders));
		cmd_port_holders_deinit(&holders);

		close(fd);
		port.protocol = CMD_PORT_ANY;
		assert_int_equal(cmd_port_find(&holders, &port), 0);
		assert_false(is_ours(&holders));
		cmd_port_holders_deinit(&holders);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_read_with_and_without_a_protocol),
		cmocka_unit_test(what_is_no_port_is_refused_and_changes_nothing),
		cmocka_unit_test(listening_sockets_are_found_in_the_kernels_lines),
		cmocka_unit_test(other_lines_are_passed_over),
		cmocka_unit_test(the_holder_of_a_port_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
