#include "ipc/node_fixture_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include "base/array.h"

/* What goes between us and a real node: messages, values, sockets. */

static const hk_ipc_serialization both[] = { HK_IPC_JSON, HK_IPC_ADVANCED };

/* ---- messages ---- */

static void node_answers_in_order(void **state)
{
	fixture *f = *state;

	for (size_t i = 0; i < HKI_COUNT(both); i++) {
		fixture_node(f, both[i], fixture_echo);
		fixture_send(f, "{\"a\":[1,2.5,true,null,\"\xc3\xa9\"],\"b\":{}}");
		fixture_send(f, "\"text\"");
		fixture_send(f, "[]");
		for (int n = 0; n < 100; n++)
			fixture_send(f, "7");
		fixture_wait(f, f->message_count == 103);
		assert_memory_equal("{\"a\":[1,2.5,true,null,\"\xc3\xa9\"],\"b\":{}}\n"
				    "\"text\"\n[]\n7\n7\n",
		    f->messages.data, 50);
		assert_int_equal(0, f->bads);
		fixture_start_over(f);
	}
}

static void messages_larger_than_any_buffer_arrive_whole(void **state)
{
	enum { LENGTH = 3000000, COUNT = 4 };
	fixture *f = *state;
	char *text = malloc(LENGTH + 1);

	assert_non_null(text);
	memset(text, 'x', LENGTH);
	text[0] = text[LENGTH - 1] = '"';
	text[LENGTH] = '\0';
	for (size_t i = 0; i < HKI_COUNT(both); i++) {
		fixture_node(f, both[i], fixture_echo);
		for (int n = 0; n < COUNT; n++)
			assert_true(fixture_send_noted(f, text, 'a', 0, -1) >= 0);
		fixture_wait(f, f->message_count == COUNT);
		assert_int_equal(COUNT, f->sents);
		assert_int_equal((LENGTH + 1) * COUNT, f->messages.length);
		assert_memory_equal(text, f->messages.data, LENGTH);
		fixture_start_over(f);
	}
	free(text);
}

typedef struct kind {
	const char *name;
	const char *tagged;
} kind;

/* Each is in the table of the script too. */
static const kind kinds[] = {
	{ "undefined", "{\"$undefined\":true}" },
	{ "nan", "{\"$number\":\"NaN\"}" },
	{ "infinity", "{\"$number\":\"Infinity\"}" },
	{ "negativeZero", "-0" },
	{ "int", "-2147483648" },
	{ "unsigned", "4294967295" },
	{ "big", "9007199254740993" },
	{ "double", "0.1" },
	{ "latin", "\"\xc3\xa9\xc3\xa0\"" },
	{ "wide", "\"\xe2\x82\xac\xf0\x9f\x98\x80\"" },
	{ "bigint", "{\"$bigint\":\"-123456789012345678901234567890\"}" },
	{ "date", "{\"$date\":\"2026-11-22T20:05:00.123Z\"}" },
	{ "noDate", "{\"$date\":null}" },
	{ "regexp", "{\"$regexp\":\"a+\\\\/\xc3\xa9\",\"$flags\":\"gi\"}" },
	{ "map", "{\"$map\":[[1,2],[\"k\",{\"x\":[]}],[{},{\"$map\":[]}]]}" },
	{ "set", "{\"$set\":[1,\"a\",{\"$set\":[]}]}" },
	{ "buffer", "{\"$bytes\":\"aGVsbG8=\",\"$type\":\"Buffer\"}" },
	{ "arrayBuffer", "{\"$bytes\":\"AQID\",\"$type\":\"ArrayBuffer\"}" },
	{ "int8", "{\"$bytes\":\"/w==\",\"$type\":\"Int8Array\"}" },
	{ "clamped", "{\"$bytes\":\"/w==\",\"$type\":\"Uint8ClampedArray\"}" },
	{ "int16", "{\"$bytes\":\"//8=\",\"$type\":\"Int16Array\"}" },
	{ "uint32", "{\"$bytes\":\"AQAAAAIAAAA=\",\"$type\":\"Uint32Array\"}" },
	{ "float32", "{\"$bytes\":\"AADAPw==\",\"$type\":\"Float32Array\"}" },
	{ "float64", "{\"$bytes\":\"AAAAAAAA+D8=\",\"$type\":\"Float64Array\"}" },
	{ "bigint64", "{\"$bytes\":\"//////////8=\",\"$type\":\"BigInt64Array\"}" },
	{ "dataView", "{\"$bytes\":\"AAE=\",\"$type\":\"DataView\"}" },
	{ "error", "{\"$error\":\"TypeError\",\"message\":\"no\",\"stack\":\"at x\"}" },
	{ "boxed", "[{\"$boxed\":1},{\"$boxed\":\"x\"},{\"$boxed\":false},{\"$boxed\":{"
		   "\"$bigint\":\"7\"}}]" },
	{ "once", "[7,7,7]" },
	{ "holes", "{\"$sparse\":{\"0\":1,\"2\":3},\"$length\":3}" },
	{ "named", "{\"$array\":[1],\"$members\":{\"name\":\"x\"}}" },
	{ "index", "{\"5\":1,\"10\":2,\"x\":3}" },
	{ "dollar", "{\"$object\":{\"$date\":1}}" },
	{ "circle", "{\"a\":1,\"inner\":{\"outer\":{\"$circular\":2}}}" },
	{ "twice", "[{\"x\":1},{\"x\":1}]" },
};

static const char table[] =
    "const error = new TypeError('no'); error.stack = 'at x';"
    "const circle = { a: 1, inner: {} }; circle.inner.outer = circle;"
    "const shared = { x: 1 };"
    "const table = { undefined: undefined, nan: NaN, infinity: Infinity,"
    "  negativeZero: -0, int: -2147483648, unsigned: 4294967295,"
    "  big: 9007199254740993, double: 0.1, latin: '\xc3\xa9\xc3\xa0',"
    "  wide: '\xe2\x82\xac\xf0\x9f\x98\x80', bigint: -123456789012345678901234567890n,"
    "  date: new Date('2026-11-22T20:05:00.123Z'), noDate: new Date(NaN),"
    "  regexp: /a+\\/\xc3\xa9/gi, map: new Map([[1, 2], ['k', { x: [] }], [{}, new "
    "Map()]]),"
    "  set: new Set([1, 'a', new Set()]), buffer: Buffer.from('hello'),"
    "  arrayBuffer: new Uint8Array([1, 2, 3]).buffer, int8: new Int8Array([-1]),"
    "  clamped: new Uint8ClampedArray([255]), int16: new Int16Array([-1]),"
    "  uint32: new Uint32Array([1, 2]), float32: new Float32Array([1.5]),"
    "  float64: new Float64Array([1.5]), bigint64: new BigInt64Array([-1n]),"
    "  dataView: new DataView(new Uint8Array([0, 1]).buffer), error,"
    "  boxed: [Object(1), Object('x'), Object(false), Object(7n)],"
    "  once: new Array(3).fill(7), holes: [1, , 3],"
    "  named: Object.assign([1], { name: 'x' }), index: { 5: 1, 10: 2, x: 3 },"
    "  dollar: { $date: 1 }, circle, twice: [shared, shared] };"
    "const { isDeepStrictEqual, inspect } = require('util');"
    "const same = (a, b) => isDeepStrictEqual(a, b) ||"
    "  (a instanceof Date && String(a) === String(b));" /* of no date */
    "process.on('message', ({ give, name, value }) => {"
    "  if (give) process.send({ v: table[give] });"
    "  else if (same(value, table[name])) process.send('same');"
    "  else process.send(`${name} is ${inspect(value)}`);"
    "});";

static void every_kind_of_value_comes_from_node(void **state)
{
	fixture *f = *state;

	fixture_node(f, HK_IPC_ADVANCED, table);
	for (size_t i = 0; i < HKI_COUNT(kinds); i++) {
		char text[512];

		snprintf(text, sizeof(text), "{\"give\":\"%s\"}", kinds[i].name);
		hki_buffer_truncate(&f->messages, 0);
		fixture_send(f, text);
		fixture_wait(f, f->message_count == i + 1);
		/* 2^53 + 1 is no double: Node does not have it either. */
		snprintf(text, sizeof(text), "{\"v\":%s}\n",
		    strcmp(kinds[i].name, "big") == 0 ? "9007199254740992"
						      : kinds[i].tagged);
		assert_string_equal(text, f->messages.data);
	}
	assert_int_equal(0, f->bads);
}

static void every_kind_of_value_goes_to_node(void **state)
{
	fixture *f = *state;

	fixture_node(f, HK_IPC_ADVANCED, table);
	for (size_t i = 0; i < HKI_COUNT(kinds); i++) {
		char text[512];

		snprintf(text, sizeof(text), "{\"name\":\"%s\",\"value\":%s}",
		    kinds[i].name, kinds[i].tagged);
		hki_buffer_truncate(&f->messages, 0);
		assert_int_equal(
		    0, fixture_send_noted(f, text, 'a', HK_IPC_SEND_TAGGED, -1));
		fixture_wait(f, f->message_count == i + 1);
		assert_string_equal("\"same\"\n", f->messages.data);
	}
}

static void synced(hk_ipc_channel *channel, int status, void *user)
{
	fixture *f = user;

	assert_int_equal(0, status);
	assert_int_equal(5000, f->message_count);
	assert_int_equal(0, hk_ipc_channel_disconnect(channel));
}

/* Without it Node drops what it has queued when it is disconnected. */
static void after_a_sync_no_answer_is_lost(void **state)
{
	fixture *f = *state;

	for (size_t i = 0; i < HKI_COUNT(both); i++) {
		fixture_node(f, both[i], fixture_echo);
		for (int n = 0; n < 5000; n++)
			assert_true(hk_ipc_channel_send(f->channel, "7", 1, NULL) >= 0);
		assert_true(hk_ipc_channel_sync(f->channel, synced, f) >= 0);
		fixture_wait(f, f->exits == 1);
		assert_int_equal(5000, f->message_count);
		assert_int_equal(0, f->end_reason);
		assert_int_equal(0, f->bads);
		fixture_start_over(f);
	}
}

/* ---- handles ---- */

static int connect_to(unsigned int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t) port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(0, connect(fd, (struct sockaddr *) &address, sizeof(address)));
	return fd;
}

/* What comes on @fd up to its end, while the loop turns. */
static const char *read_all(fixture *f, int fd)
{
	static char text[256];
	size_t length = 0;
	uint64_t begin = fixture_now();

	for (;;) {
		ssize_t got =
		    recv(fd, text + length, sizeof(text) - 1 - length, MSG_DONTWAIT);

		if (got == 0)
			break;
		if (got > 0) {
			length += (size_t) got;
			continue;
		}
		assert_int_equal(EAGAIN, errno);
		assert_true(hk_loop_run_once(f->loop, 10) >= 0);
		if (fixture_now() - begin > FIXTURE_PATIENCE_S)
			fail_msg("only '%.*s' came", (int) length, text);
	}
	text[length] = '\0';
	close(fd);
	return text;
}

static void a_server_of_ours_is_served_by_node(void **state)
{
	static const char script[] =
	    "process.on('message', (m, server) => {"
	    "  if (server) server.on('connection', (s) => s.end('hello from ' + m));"
	    "  process.send('got ' + m);"
	    "});";
	fixture *f = *state;

	for (size_t i = 0; i < HKI_COUNT(both); i++) {
		unsigned int port;
		int server = listening_socket(&port);

		fixture_node(f, both[i], script);
		assert_int_equal(
		    0, fixture_send_noted(f, "\"a\"", 'a', HK_IPC_SEND_HANDLE, server));
		close(server);
		for (int n = 0; n < 20; n++)
			fixture_send(f, "\"more\"");
		fixture_wait(f, f->message_count == 21);
		assert_memory_equal("\"got a\"\n\"got more\"\n", f->messages.data, 19);
		assert_int_equal(1, f->sents);
		assert_int_equal(0, f->sent_status);
		assert_string_equal("hello from a", read_all(f, connect_to(port)));
		fixture_start_over(f);
	}
}

static void a_connection_of_ours_is_answered_by_node(void **state)
{
	static const char script[] =
	    "process.on('message', (m, socket) => socket.end('for ' + m));";
	fixture *f = *state;

	for (size_t i = 0; i < HKI_COUNT(both); i++) {
		unsigned int port;
		int server = listening_socket(&port);
		int client = connect_to(port);
		int accepted = accept4(server, NULL, NULL, SOCK_CLOEXEC);
		int other;
		int local = connected_socket(&other);

		fixture_node(f, both[i], script);
		assert_int_equal(
		    0, fixture_send_noted(f, "1", 'a', HK_IPC_SEND_HANDLE, accepted));
		assert_int_equal(
		    0, fixture_send_noted(f, "2", 'b', HK_IPC_SEND_HANDLE, local));
		close(accepted);
		close(local);
		close(server);
		assert_string_equal("for 1", read_all(f, client));
		assert_string_equal("for 2", read_all(f, other));
		fixture_wait(f, f->sents == 2);
		assert_string_equal("ab", f->sent_order);
		fixture_start_over(f);
	}
}

static unsigned int port_told(const fixture *f)
{
	const char *at = strstr(f->messages.data, "\"port\":");

	assert_non_null(at);
	return (unsigned int) atoi(at + strlen("\"port\":"));
}

static void a_server_of_node_is_served_by_us(void **state)
{
	static const char script[] =
	    "const server = require('net').createServer();"
	    "server.listen(0, '127.0.0.1', () =>"
	    "  process.send({ port: server.address().port }, server,"
	    "    () => { server.close(); process.send('closed'); }));"
	    "process.on('message', () => {});";
	fixture *f = *state;

	for (size_t i = 0; i < HKI_COUNT(both); i++) {
		int client;
		int accepted;

		fixture_node(f, both[i], script);
		fixture_wait(f, f->message_count == 2);
		assert_int_equal(HK_IPC_HANDLE_SERVER, f->handle);
		client = connect_to(port_told(f));
		accepted = accept(f->fd, NULL, NULL);
		assert_true(accepted >= 0);
		assert_int_equal(2, write(accepted, "ok", 2));
		close(accepted);
		assert_string_equal("ok", read_all(f, client));
		fixture_start_over(f);
	}
}

static void a_connection_of_node_is_answered_by_us(void **state)
{
	static const char script[] =
	    "const server = require('net').createServer({ pauseOnConnect: true },"
	    "  (socket) => {"
	    "    process.send('socket', socket);"
	    "    server.close(() => process.send('closed'));"
	    "  });"
	    "server.listen(0, '127.0.0.1', () =>"
	    "  process.send({ port: server.address().port }));"
	    "process.on('message', () => {});";
	fixture *f = *state;

	for (size_t i = 0; i < HKI_COUNT(both); i++) {
		int client;

		fixture_node(f, both[i], script);
		fixture_wait(f, f->message_count == 1);
		client = connect_to(port_told(f));
		fixture_wait(f, f->fd >= 0);
		/* It asks what became of its socket before it is closed. */
		fixture_wait(f, strstr(f->messages.data, "closed") != NULL);
		assert_int_equal(2, write(f->fd, "ok", 2));
		close(f->fd);
		f->fd = -1;
		assert_string_equal("ok", read_all(f, client));
		fixture_start_over(f);
	}
}

static int datagram_socket(unsigned int *out_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(0, bind(fd, (struct sockaddr *) &address, sizeof(address)));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *) &address, &size));
	*out_port = ntohs(address.sin_port);
	return fd;
}

static void send_datagram(unsigned int port, const char *text)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t) port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(
	    strlen(text), sendto(fd, text, strlen(text), 0, (struct sockaddr *) &address,
			      sizeof(address)));
	close(fd);
}

static void udp_sockets_travel_both_ways(void **state)
{
	static const char script[] =
	    "process.on('message', (m, ours) => {"
	    "  if (!ours) return;"
	    "  ours.on('message', (text) => process.send(String(text)));"
	    "  const theirs = require('dgram').createSocket('udp4');"
	    "  theirs.bind(0, '127.0.0.1', () =>"
	    "    process.send({ port: theirs.address().port }, theirs,"
	    "      () => theirs.close(() => process.send('closed'))));"
	    "});";
	fixture *f = *state;
	unsigned int port;
	int ours = datagram_socket(&port);
	char text[16];

	fixture_node(f, HK_IPC_JSON, script);
	assert_int_equal(0, fixture_send_noted(f, "1", 'a', HK_IPC_SEND_HANDLE, ours));
	close(ours);
	fixture_wait(f, f->message_count == 1);
	assert_int_equal(HK_IPC_HANDLE_DGRAM, f->handle);
	send_datagram(port, "to node");
	/* Whoever has the socket may take what comes, so Node must not have it any more. */
	fixture_wait(f, f->message_count == 3);
	assert_non_null(strstr(f->messages.data, "closed"));
	assert_non_null(strstr(f->messages.data, "\"to node\""));
	send_datagram(port_told(f), "to us");
	while (recv(f->fd, text, sizeof(text), MSG_DONTWAIT) != 5)
		assert_true(hk_loop_run_once(f->loop, 10) >= 0);
	assert_memory_equal("to us", text, 5);
}

static void a_thousand_handles_of_node_leave_none_open(void **state)
{
	static const char script[] =
	    "const server = require('net').createServer();"
	    "server.listen(0, '127.0.0.1', () => {"
	    "  for (let i = 0; i < 1000; i++) process.send(i, server);"
	    "  process.send('done');"
	    "});"
	    "process.on('message', () => {});";
	fixture *f = *state;
	hk_ipc_channel_stats stats = { .size = sizeof(stats) };

	fixture_node(f, HK_IPC_JSON, script);
	fixture_wait(f, f->message_count == 1001);
	assert_int_equal(0, hk_ipc_channel_get_stats(f->channel, &stats));
	assert_int_equal(1000, stats.handles_received);
	assert_int_equal(0, stats.handles_dropped);
	/* The fixture counts descriptors at its end. */
}

#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(node_answers_in_order),
		TEST(messages_larger_than_any_buffer_arrive_whole),
		TEST(after_a_sync_no_answer_is_lost),
		TEST(every_kind_of_value_comes_from_node),
		TEST(every_kind_of_value_goes_to_node),
		TEST(a_server_of_ours_is_served_by_node),
		TEST(a_connection_of_ours_is_answered_by_node),
		TEST(a_server_of_node_is_served_by_us),
		TEST(a_connection_of_node_is_answered_by_us),
		TEST(udp_sockets_travel_both_ways),
		TEST(a_thousand_handles_of_node_leave_none_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
