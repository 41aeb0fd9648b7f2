#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include <hostkit/ipc_datagram.h>
#include "base/array.h"
#include "base/torture.h"
#include "loop/contract_test.h"

typedef struct world {
	hk_loop *loop;
	size_t received;
	size_t wanted; /* stop after so many */
	uint64_t dropped;
	size_t length;
	size_t full_length;
	hk_ipc_address from;
	char text[128];
	int sent;
	int result;
	int error;
	bool echo;
	bool free_inside;
} world;

static void open_world(world *all)
{
	memset(all, 0, sizeof(*all));
	assert_int_equal(0, hk_loop_new(&all->loop));
}

static void on_message(
    hk_ipc_datagram *datagram, const hk_ipc_datagram_message *message, void *user)
{
	world *all = user;
	size_t kept = message->length < sizeof(all->text) - 1 ? message->length
							      : sizeof(all->text) - 1;

	all->received++;
	all->dropped += message->dropped;
	all->length = message->length;
	all->full_length = message->full_length;
	all->from = message->from;
	memcpy(all->text, message->data, kept);
	all->text[kept] = '\0';
	if (all->echo)
		assert_int_equal(0, hk_ipc_datagram_send(datagram, &message->from,
					message->data, message->length, NULL, NULL));
	if (all->free_inside)
		hk_ipc_datagram_free(datagram);
	if (all->received == all->wanted)
		hk_loop_stop(all->loop, 0);
}

static void on_error(hk_ipc_datagram *datagram, int error, void *user)
{
	world *all = user;

	(void) datagram;
	all->error = error;
	hk_loop_stop(all->loop, 0);
}

static void on_sent(hk_ipc_datagram *datagram, int result, void *user)
{
	world *all = user;

	(void) datagram;
	all->sent++;
	all->result = result;
}

static hk_ipc_datagram_opts opts_of(world *all)
{
	hk_ipc_datagram_opts opts = HK_IPC_DATAGRAM_OPTS_INIT;

	opts.on_message = on_message;
	opts.on_error = on_error;
	opts.user = all;
	return opts;
}

static hk_ipc_datagram *listen_at(world *all, const char *url)
{
	hk_ipc_datagram_opts opts = opts_of(all);
	hk_ipc_datagram *datagram;

	assert_int_equal(
	    0, hk_ipc_datagram_listen(&datagram, all->loop, url, &opts, NULL));
	return datagram;
}

static hk_ipc_datagram *dial(world *all, const char *url)
{
	hk_ipc_datagram_opts opts = opts_of(all);
	hk_ipc_datagram *datagram;

	assert_int_equal(0, hk_ipc_datagram_dial(&datagram, all->loop, url, &opts, NULL));
	return datagram;
}

static void run(world *all, size_t wanted)
{
	all->wanted = all->received + wanted;
	assert_int_equal(0, hk_loop_run(all->loop));
}

static bool has_ipv6(void)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool has = fd >= 0 && bind(fd, (void *) &address, sizeof(address)) == 0;

	if (fd >= 0)
		close(fd);
	return has;
}

static void addresses_are_read_and_written(void **state)
{
	static const struct {
		const char *url;
		int result;
		const char *back;
	} cases[] = {
		{ "udp:127.0.0.1:5000", 0, "udp:127.0.0.1:5000" },
		{ "udp:localhost:5000", 0, "udp:127.0.0.1:5000" },
		{ "udp:5000", 0, "udp:127.0.0.1:5000" },
		{ "udp:[::1]:65535", 0, "udp:[::1]:65535" },
		{ "udp:239.1.2.3:1", 0, "udp:239.1.2.3:1" },
		{ "udp:example.org:1", -EINVAL, NULL },
		{ "udp:127.0.0.1:65536", HK_EPARSE, NULL },
		{ "tcp:127.0.0.1:1", HK_EPARSE, NULL },
		{ "", HK_EPARSE, NULL },
	};
	char text[80];

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		hk_ipc_address address;

		print_message("# '%s'\n", cases[i].url);
		assert_int_equal(
		    cases[i].result, hk_ipc_address_parse(&address, cases[i].url));
		if (cases[i].back == NULL)
			continue;
		assert_int_equal(strlen(cases[i].back),
		    hk_ipc_address_url(&address, text, sizeof(text)));
		assert_string_equal(cases[i].back, text);
	}
}

static void exchange(const char *listen_url, const char *prefix)
{
	hk_ipc_datagram *server;
	hk_ipc_datagram *client;
	world there;
	world here;

	open_world(&there);
	memset(&here, 0, sizeof(here));
	here.loop = there.loop;
	there.echo = true;
	server = listen_at(&there, listen_url);
	assert_memory_equal(prefix, hk_ipc_datagram_url(server), strlen(prefix));
	client = dial(&here, hk_ipc_datagram_url(server));
	assert_int_equal(
	    0, hk_ipc_datagram_send(client, NULL, "{\"a\":1}", 7, on_sent, &here));
	assert_int_equal(0, here.sent);
	run(&here, 1);
	assert_string_equal("{\"a\":1}", there.text);
	assert_string_equal("{\"a\":1}", here.text);
	assert_int_equal(1, here.sent);
	assert_int_equal(7, here.result);
	hk_ipc_datagram_free(client);
	hk_ipc_datagram_free(server);
	hk_loop_free(there.loop);
}

static void datagrams_go_there_and_back(void **state)
{
	(void) state;
	exchange("udp:127.0.0.1:0", "udp:127.0.0.1:");
	exchange("udp:0", "udp:127.0.0.1:");
}

static void datagrams_go_there_and_back_over_ipv6(void **state)
{
	(void) state;
	if (!has_ipv6())
		skip();
	exchange("udp:[::1]:0", "udp:[::1]:");
}

static void this_machine_is_heard_by_both_families(void **state)
{
	hk_ipc_datagram *server;
	hk_ipc_datagram *client;
	hk_ipc_address v4;
	hk_ipc_address v6;
	world all;

	(void) state;
	if (!has_ipv6())
		skip();
	open_world(&all);
	server = listen_at(&all, "udp:0");
	client = dial(&all, NULL);
	assert_int_equal(0, hk_ipc_address_parse(&v4, hk_ipc_datagram_url(server)));
	assert_int_equal(0, hk_ipc_address_parse(&v6, "udp:[::1]:1"));
	v6.port = v4.port;
	assert_int_equal(0, hk_ipc_datagram_send(client, &v4, "four", 4, NULL, NULL));
	run(&all, 1);
	assert_string_equal("four", all.text);
	assert_int_equal(4, all.from.family);
	assert_int_equal(0, hk_ipc_datagram_send(client, &v6, "six", 3, NULL, NULL));
	run(&all, 1);
	assert_string_equal("six", all.text);
	assert_int_equal(6, all.from.family);
	hk_ipc_datagram_free(client);
	hk_ipc_datagram_free(server);
	hk_loop_free(all.loop);
}

static void the_largest_arrives_and_more_is_refused(void **state)
{
	static char bytes[HK_IPC_DATAGRAM_MAX + 1];
	hk_ipc_datagram *server;
	hk_ipc_datagram *client;
	world all;

	(void) state;
	open_world(&all);
	server = listen_at(&all, "udp:127.0.0.1:0");
	client = dial(&all, hk_ipc_datagram_url(server));
	assert_int_equal(-EMSGSIZE,
	    hk_ipc_datagram_send(client, NULL, bytes, sizeof(bytes), NULL, NULL));
	assert_int_equal(0,
	    hk_ipc_datagram_send(client, NULL, bytes, HK_IPC_DATAGRAM_MAX, NULL, NULL));
	run(&all, 1);
	assert_int_equal(HK_IPC_DATAGRAM_MAX, all.length);
	/* An empty one is a datagram too. */
	assert_int_equal(0, hk_ipc_datagram_send(client, NULL, NULL, 0, NULL, NULL));
	run(&all, 1);
	assert_int_equal(0, all.length);
	hk_ipc_datagram_free(client);
	hk_ipc_datagram_free(server);
	hk_loop_free(all.loop);
}

static void beyond_this_machine_large_ones_have_to_be_asked_for(void **state)
{
	static char bytes[HK_IPC_DATAGRAM_SAFE + 1];
	hk_ipc_datagram *client;
	hk_ipc_address far;
	world all;

	(void) state;
	open_world(&all);
	client = dial(&all, NULL);
	/* TEST-NET-1: nobody is there, and nothing is sent. */
	assert_int_equal(0, hk_ipc_address_parse(&far, "udp:192.0.2.1:9"));
	assert_int_equal(-EMSGSIZE,
	    hk_ipc_datagram_send(client, &far, bytes, sizeof(bytes), NULL, NULL));
	hk_ipc_datagram_free(client);
	hk_loop_free(all.loop);
}

static void what_was_cut_off_is_told(void **state)
{
	char bytes[1000];
	hk_ipc_datagram_opts opts;
	hk_ipc_datagram_stats stats = { .size = sizeof(stats) };
	hk_ipc_datagram *server;
	hk_ipc_datagram *client;
	world all;

	(void) state;
	open_world(&all);
	opts = opts_of(&all);
	opts.message_max = 100;
	assert_int_equal(
	    0, hk_ipc_datagram_listen(&server, all.loop, "udp:127.0.0.1:0", &opts, NULL));
	client = dial(&all, hk_ipc_datagram_url(server));
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(
	    0, hk_ipc_datagram_send(client, NULL, bytes, sizeof(bytes), NULL, NULL));
	run(&all, 1);
	assert_int_equal(100, all.length);
	assert_int_equal(1000, all.full_length);
	assert_int_equal(0, hk_ipc_datagram_stats_read(server, &stats));
	assert_int_equal(1, stats.truncated);
	hk_ipc_datagram_free(client);
	hk_ipc_datagram_free(server);
	hk_loop_free(all.loop);
}

static void what_the_kernel_dropped_is_counted_exactly(void **state)
{
	enum { BURST = 3000 };
	hk_ipc_datagram_opts opts;
	hk_ipc_datagram *server;
	hk_ipc_datagram *client;
	world sender;
	world all;

	(void) state;
	open_world(&all);
	memset(&sender, 0, sizeof(sender));
	opts = opts_of(&all);
	opts.receive_buffer = 4096;
	assert_int_equal(
	    0, hk_ipc_datagram_listen(&server, all.loop, "udp:127.0.0.1:0", &opts, NULL));
	sender.loop = all.loop;
	client = dial(&sender, hk_ipc_datagram_url(server));
	for (int i = 0; i < BURST; i++)
		assert_int_equal(
		    0, hk_ipc_datagram_send(client, NULL, "burst", 5, NULL, NULL));
	/* The kernel's count comes with the next one it has room for. */
	while (strcmp(all.text, "last") != 0) {
		for (int turn = 0; turn < 100; turn++)
			assert_true(hk_loop_run_once(all.loop, 0) >= 0);
		assert_int_equal(
		    0, hk_ipc_datagram_send(client, NULL, "last", 4, NULL, NULL));
		run(&all, 1);
	}
	print_message("# %zu received, %llu dropped\n", all.received,
	    (unsigned long long) all.dropped);
	assert_true(all.dropped > 0);
	assert_int_equal(BURST + 1, all.received + all.dropped);
	hk_ipc_datagram_free(client);
	hk_ipc_datagram_free(server);
	hk_loop_free(all.loop);
}

static void a_port_where_nobody_listens_is_told(void **state)
{
	hk_ipc_datagram *server;
	hk_ipc_datagram *client;
	world all;

	(void) state;
	open_world(&all);
	server = listen_at(&all, "udp:127.0.0.1:0");
	client = dial(&all, hk_ipc_datagram_url(server));
	hk_ipc_datagram_free(server);
	assert_int_equal(0, hk_ipc_datagram_send(client, NULL, "x", 1, NULL, NULL));
	assert_int_equal(0, hk_loop_run(all.loop));
	assert_int_equal(-ECONNREFUSED, all.error);
	hk_ipc_datagram_free(client);
	hk_loop_free(all.loop);
}

static void mistakes_of_the_caller_are_told(void **state)
{
	hk_ipc_datagram *taken;
	hk_ipc_datagram *other = NULL;
	hk_ipc_datagram *open;
	hk_ipc_datagram_opts opts;
	hk_ipc_address stranger;
	hk_error_list *errors;
	world all;

	(void) state;
	open_world(&all);
	opts = opts_of(&all);
	assert_int_equal(0, hk_error_list_new(&errors));
	taken = listen_at(&all, "udp:127.0.0.1:0");
	assert_int_equal(-EADDRINUSE, hk_ipc_datagram_listen(&other, all.loop,
					  hk_ipc_datagram_url(taken), &opts, errors));
	assert_int_equal(
	    HK_EPARSE, hk_ipc_datagram_listen(&other, all.loop, "tcp:1", &opts, errors));
	assert_int_equal(-EINVAL,
	    hk_ipc_datagram_listen(&other, all.loop, "udp:example.org:1", &opts, errors));
	assert_int_equal(3, hk_error_list_count(errors));
	assert_null(other);
	assert_int_equal(0, hk_ipc_address_parse(&stranger, "udp:127.0.0.1:9"));
	open = dial(&all, NULL);
	assert_int_equal(
	    -EDESTADDRREQ, hk_ipc_datagram_send(open, NULL, "x", 1, NULL, NULL));
	other = dial(&all, hk_ipc_datagram_url(taken));
	assert_int_equal(
	    -EISCONN, hk_ipc_datagram_send(other, &stranger, "x", 1, NULL, NULL));
	opts.flags = 1U << 30;
	assert_int_equal(
	    -EINVAL, hk_ipc_datagram_dial(&open, all.loop, "udp:1", &opts, NULL));
	opts.flags = 0;
	opts.interface = "no-such-if";
	assert_int_equal(
	    -ENODEV, hk_ipc_datagram_dial(&open, all.loop, "udp:1", &opts, NULL));
	hk_ipc_datagram_free(open);
	hk_ipc_datagram_free(other);
	hk_ipc_datagram_free(taken);
	hk_error_list_free(errors);
	hk_loop_free(all.loop);
}

static void a_group_hears_what_is_sent_to_it(void **state)
{
	hk_ipc_datagram_opts opts;
	hk_ipc_datagram *first = NULL;
	hk_ipc_datagram *second = NULL;
	hk_ipc_datagram *sender;
	char url[80];
	world all;
	int r;

	(void) state;
	open_world(&all);
	opts = opts_of(&all);
	opts.interface = "lo";
	r = hk_ipc_datagram_listen(&first, all.loop, "udp:239.255.71.1:0", &opts, NULL);
	if (r < 0) {
		print_message("# no multicast here: %s\n", hk_error_name(r));
		hk_loop_free(all.loop);
		skip();
	}
	snprintf(url, sizeof(url), "%s", hk_ipc_datagram_url(first));
	assert_int_equal(0, hk_ipc_datagram_listen(&second, all.loop, url, &opts, NULL));
	opts.on_message = NULL;
	assert_int_equal(0, hk_ipc_datagram_dial(&sender, all.loop, url, &opts, NULL));
	r = hk_ipc_datagram_send(sender, NULL, "all", 3, NULL, NULL);
	if (r == 0)
		run(&all, 2);
	else
		print_message("# lo does not carry multicast: %s\n", hk_error_name(r));
	hk_ipc_datagram_free(sender);
	hk_ipc_datagram_free(first);
	hk_ipc_datagram_free(second);
	hk_loop_free(all.loop);
}

static void freeing_inside_a_callback_ends_it(void **state)
{
	hk_ipc_datagram *server;
	hk_ipc_datagram *client;
	world sender;
	world all;

	(void) state;
	open_world(&all);
	memset(&sender, 0, sizeof(sender));
	sender.loop = all.loop;
	all.free_inside = true;
	server = listen_at(&all, "udp:127.0.0.1:0");
	client = dial(&sender, hk_ipc_datagram_url(server));
	for (int i = 0; i < 10; i++)
		assert_int_equal(
		    0, hk_ipc_datagram_send(client, NULL, "x", 1, NULL, NULL));
	run(&all, 1);
	for (int i = 0; i < 4; i++)
		assert_true(hk_loop_run_once(all.loop, 0) >= 0);
	assert_int_equal(1, all.received);
	hk_ipc_datagram_free(client);
	hk_loop_free(all.loop);
}

/* ---- the contract of sending ---- */

static void sent_in_contract(hk_ipc_datagram *datagram, int result, void *user)
{
	(void) datagram;
	contract_called(user, result);
}

static int start_sending(void **out, contract_probe *probe)
{
	hk_ipc_datagram *datagram = NULL;
	hk_ipc_address to;
	int r = hk_ipc_address_parse(&to, "udp:127.0.0.1:9");

	if (r == 0)
		r = hk_ipc_datagram_dial(&datagram, probe->loop, NULL, NULL, NULL);
	if (r == 0)
		r = hk_ipc_datagram_send(datagram, &to, "x", 1, sent_in_contract, probe);
	if (r < 0)
		hk_ipc_datagram_free(datagram);
	else
		*out = datagram;
	return r;
}

static int start_sending_nowhere(void **out, contract_probe *probe)
{
	hk_ipc_datagram *datagram;
	int r = hk_ipc_datagram_dial(&datagram, probe->loop, NULL, NULL, NULL);

	(void) out;
	assert_int_equal(0, r);
	r = hk_ipc_datagram_send(datagram, NULL, "x", 1, sent_in_contract, probe);
	hk_ipc_datagram_free(datagram);
	return r;
}

static void free_datagram(contract_probe *probe)
{
	hk_ipc_datagram_free(probe->handle);
}

static void sending_keeps_the_contract(void **state)
{
	static const contract_operation sending = { .name = "hk_ipc_datagram_send",
		.start = start_sending,
		.start_failing = start_sending_nowhere,
		.free = free_datagram };

	(void) state;
	contract_check(&sending);
}

static int send_and_receive(void *user)
{
	hk_ipc_datagram *server = NULL;
	hk_ipc_datagram *client = NULL;
	hk_loop *loop = NULL;
	hk_ipc_datagram_opts opts;
	world all;
	int r;

	(void) user;
	memset(&all, 0, sizeof(all));
	opts = opts_of(&all);
	r = hk_loop_new(&loop);
	all.loop = loop;
	if (r == 0)
		r = hk_ipc_datagram_listen(&server, loop, "udp:127.0.0.1:0", &opts, NULL);
	if (r == 0)
		r = hk_ipc_datagram_dial(
		    &client, loop, hk_ipc_datagram_url(server), NULL, NULL);
	if (r == 0)
		r = hk_ipc_datagram_send(client, NULL, "x", 1, on_sent, &all);
	for (int i = 0; r == 0 && i < 100 && all.received == 0; i++)
		r = hk_loop_run_once(loop, 10) < 0 ? -EIO : 0;
	if (r == 0)
		assert_int_equal(1, all.received);
	hk_ipc_datagram_free(client);
	hk_ipc_datagram_free(server);
	hk_loop_free(loop);
	return r;
}

static void every_allocation_may_fail(void **state)
{
	(void) state;
	assert_true(hki_torture(send_and_receive, NULL) > 4);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_and_written),
		cmocka_unit_test(datagrams_go_there_and_back),
		cmocka_unit_test(datagrams_go_there_and_back_over_ipv6),
		cmocka_unit_test(this_machine_is_heard_by_both_families),
		cmocka_unit_test(the_largest_arrives_and_more_is_refused),
		cmocka_unit_test(beyond_this_machine_large_ones_have_to_be_asked_for),
		cmocka_unit_test(what_was_cut_off_is_told),
		cmocka_unit_test(what_the_kernel_dropped_is_counted_exactly),
		cmocka_unit_test(a_port_where_nobody_listens_is_told),
		cmocka_unit_test(mistakes_of_the_caller_are_told),
		cmocka_unit_test(a_group_hears_what_is_sent_to_it),
		cmocka_unit_test(freeing_inside_a_callback_ends_it),
		cmocka_unit_test(sending_keeps_the_contract),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
