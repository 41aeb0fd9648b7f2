#include "system/host_test.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <sched.h>
#include <sys/socket.h>
#include "system/networks.h"

/* Interfaces: from messages made up here, from files, and 64 of them in a namespace. */

/* ---- messages ---- */

static char message[8192];
static size_t used;

static void put(const void *data, size_t length)
{
	if (length > 0)
		memcpy(message + used, data, length);
	used += length;
	while (used % 4 != 0)
		message[used++] = 0;
}

static struct nlmsghdr *begin(uint16_t type, const void *body, size_t length)
{
	struct nlmsghdr *header = (void *) (message + used);

	*header = (struct nlmsghdr){ .nlmsg_type = type };
	used += NLMSG_HDRLEN;
	put(body, length);
	return header;
}

static void add(uint16_t type, const void *data, size_t length)
{
	struct rtattr header = { .rta_type = type,
		.rta_len = (unsigned short) RTA_LENGTH(length) };

	memcpy(message + used, &header, sizeof(header));
	used += RTA_LENGTH(0);
	put(data, length);
}

static void end(struct nlmsghdr *header)
{
	header->nlmsg_len = (uint32_t) (message + used - (char *) header);
}

static void make_link(void)
{
	struct ifinfomsg body = { .ifi_index = 3,
		.ifi_type = ARPHRD_ETHER,
		.ifi_flags = IFF_UP | IFF_RUNNING };
	struct rtnl_link_stats64 stats = { .rx_bytes = UINT64_C(1) << 40,
		.tx_packets = 7 };
	const unsigned char mac[6] = { 2, 0, 0xab, 0, 0, 0xff };
	uint32_t mtu = 9000;
	unsigned char state = 6;
	struct nlmsghdr *header = begin(RTM_NEWLINK, &body, sizeof(body));

	add(IFLA_IFNAME, "weird:)", 8);
	add(IFLA_ADDRESS, mac, sizeof(mac));
	add(IFLA_MTU, &mtu, sizeof(mtu));
	add(IFLA_OPERSTATE, &state, 1);
	add(IFLA_STATS64, &stats, sizeof(stats));
	end(header);
}

static void make_address(unsigned char family, const char *local, const char *remote)
{
	struct ifaddrmsg body = { .ifa_family = family,
		.ifa_prefixlen = 20,
		.ifa_index = 3,
		.ifa_scope = RT_SCOPE_LINK };
	unsigned char bytes[16];
	size_t length = family == AF_INET ? 4 : 16;
	struct nlmsghdr *header = begin(RTM_NEWADDR, &body, sizeof(body));

	assert_int_equal(1, inet_pton(family, remote, bytes));
	add(IFA_ADDRESS, bytes, length);
	if (local != NULL) {
		assert_int_equal(1, inet_pton(family, local, bytes));
		add(IFA_LOCAL, bytes, length);
	}
	end(header);
}

static void a_dump_is_read_message_by_message(void **state)
{
	hki_links links = { .items = NULL };

	(void) state;
	used = 0;
	make_link();
	make_address(AF_INET, "10.0.0.1", "10.0.0.2");
	make_address(AF_INET6, NULL, "fe80::1");
	assert_int_equal(0, hki_links_parse(&links, message, used));
	assert_int_equal(1, links.count);
	assert_string_equal("weird:)", links.items[0].name);
	assert_string_equal("02:00:ab:00:00:ff", links.items[0].mac);
	assert_string_equal("up", links.items[0].state);
	assert_int_equal(9000, links.items[0].mtu);
	assert_int_equal(
	    UINT64_C(1) << 40, links.items[0].counters[HKI_LINK_RECEIVE_BYTES]);
	assert_int_equal(2, links.address_count);
	assert_string_equal("10.0.0.1", links.addresses[0].address);
	assert_string_equal("10.0.0.2", links.addresses[0].peer);
	assert_string_equal("255.255.240.0", links.addresses[0].netmask);
	assert_string_equal("fe80::1", links.addresses[1].address);
	assert_string_equal("", links.addresses[1].peer);
	hki_links_deinit(&links);
}

static void lengths_that_lie_are_noticed(void **state)
{
	hki_links links = { .items = NULL };

	(void) state;
	used = 0;
	make_link();
	/* Every cut is survived, and none makes a link out of half a header. */
	for (size_t length = 0; length < used; length++) {
		int r = hki_links_parse(&links, message, length);

		assert_true(r == 0 || r == HK_EPARSE);
		assert_int_equal(0, links.count);
	}
	((struct nlmsghdr *) (void *) message)->nlmsg_len = 3;
	assert_int_equal(HK_EPARSE, hki_links_parse(&links, message, used));
	hki_links_deinit(&links);
}

static void the_kernel_may_refuse_or_interrupt(void **state)
{
	hki_links links = { .items = NULL };
	struct nlmsgerr refusal = { .error = -EPERM };

	(void) state;
	used = 0;
	end(begin(NLMSG_ERROR, &refusal, sizeof(refusal)));
	assert_int_equal(-EPERM, hki_links_parse(&links, message, used));
	used = 0;
	make_link();
	((struct nlmsghdr *) (void *) message)->nlmsg_flags = NLM_F_DUMP_INTR;
	assert_int_equal(-EINTR, hki_links_parse(&links, message, used));
	used = 0;
	end(begin(NLMSG_DONE, &refusal, 4));
	assert_int_equal(1, hki_links_parse(&links, message, used));
	hki_links_deinit(&links);
}

static void masks_have_any_length(void **state)
{
	char text[INET6_ADDRSTRLEN];

	(void) state;
	hki_netmask_format(text, false, 0);
	assert_string_equal("0.0.0.0", text);
	hki_netmask_format(text, false, 25);
	assert_string_equal("255.255.255.128", text);
	hki_netmask_format(text, false, 200);
	assert_string_equal("255.255.255.255", text);
	hki_netmask_format(text, true, 64);
	assert_string_equal("ffff:ffff:ffff:ffff::", text);
}

/* ---- files ---- */

static const hk_system_network *network(const hk_system *system, const char *name)
{
	size_t count;
	const hk_system_network *all = hk_system_get_networks(system, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].name, name) == 0)
			return &all[i];
	fail_msg("no network %s", name);
	return NULL;
}

static void files_do_where_there_is_no_netlink(void **state)
{
	const hk_system_network *found;
	hk_system *system;

	(void) state;
	host_unpack("laptop");
	system = host_open();
	host_sample(system, HK_SYSTEM_NETWORKS);
	found = network(system, "eth0:1"); /* a colon in the name */
	assert_int_equal(7, found->index);
	assert_int_equal(4294967000, found->receive_bytes);
	assert_int_equal(30, found->transmit_packets);
	assert_int_equal(6, found->collisions);
	assert_true(found->up);
	assert_false(found->internal);
	assert_int_equal(2500000000, found->speed_bits_per_s);
	assert_string_equal("full", found->duplex);
	assert_absent(network, found, addresses); /* unknown, not none */
	assert_absent(network, found, receive_bytes_per_s);
	assert_absent(network, network(system, "lo"), speed_bits_per_s); /* -1 */
	assert_true(network(system, "lo")->internal);

	/* A driver that counts in 32 bits runs over; a counter that begins anew does not. */
	host_file("proc/net/dev", "    lo: 10 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0\n"
				  "eth0:1: 704 20 1 2 0 0 0 3 2000 30 4 5 0 6 0 0\n");
	host_sample(system, HK_SYSTEM_NETWORKS);
	found = network(system, "eth0:1");
	assert_present(network, found, receive_bytes_per_s);
	assert_near(1000, found->receive_bytes_per_s *
			      (double) hk_system_interval_ns(system, HK_SYSTEM_NETWORKS) /
			      1e9);
	assert_absent(network, network(system, "lo"), receive_bytes_per_s);
	assert_near(0, network(system, "lo")->transmit_bytes_per_s);
	hk_system_free(system);
}

static void lines_of_net_dev_are_whole_or_none(void **state)
{
	hki_link link;

	(void) state;
	assert_false(hki_net_dev_parse(&link, hki_scan_text("")));
	assert_false(hki_net_dev_parse(&link, hki_scan_text(" face |bytes packets")));
	assert_false(hki_net_dev_parse(&link, hki_scan_text("eth0: 1 2 3")));
	assert_false(hki_net_dev_parse(&link,
	    hki_scan_text("a_name_that_is_too_long: 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6")));
}

/* ---- the kernel ---- */

/* 0, or what the kernel has against it. */
static int hear(int fd)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[256];
	} answer;

	assert_true(recv(fd, &answer, sizeof(answer), 0) > 0);
	assert_int_equal(NLMSG_ERROR, answer.header.nlmsg_type);
	return answer.error.error;
}

static int send_message(int fd)
{
	struct nlmsghdr *header = (void *) message;

	assert_int_equal(used, send(fd, message, used, 0));
	assert_true((header->nlmsg_flags & NLM_F_ACK) != 0);
	return hear(fd);
}

/* ip link add nicN type bridge; ip addr add 10.1.N.1/24 dev nicN */
static int make_bridge(int fd, unsigned int i)
{
	struct ifinfomsg link = {
		.ifi_family = AF_UNSPEC, .ifi_flags = IFF_UP, .ifi_change = IFF_UP
	};
	struct ifaddrmsg body = { .ifa_family = AF_INET, .ifa_prefixlen = 24 };
	const unsigned char address[4] = { 10, 1, (unsigned char) i, 1 };
	struct nlmsghdr *header;
	size_t nested;
	char name[IFNAMSIZ];
	int r;

	(void) snprintf(name, sizeof(name), "nic%u", i);
	used = 0;
	header = begin(RTM_NEWLINK, &link, sizeof(link));
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
	add(IFLA_IFNAME, name, strlen(name) + 1);
	nested = used;
	add(IFLA_LINKINFO, NULL, 0);
	add(IFLA_INFO_KIND, "bridge", 7);
	((struct rtattr *) (void *) (message + nested))->rta_len =
	    (unsigned short) (used - nested);
	end(header);
	r = send_message(fd);
	if (r < 0)
		return r;

	body.ifa_index = if_nametoindex(name);
	used = 0;
	header = begin(RTM_NEWADDR, &body, sizeof(body));
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK;
	add(IFA_LOCAL, address, sizeof(address));
	add(IFA_ADDRESS, address, sizeof(address));
	end(header);
	return send_message(fd);
}

static void sixty_four_interfaces_keep_their_addresses(void **state)
{
	hk_system *system;
	size_t count;
	int fd, r;

	(void) state;
	if (unshare(CLONE_NEWNET) < 0) {
		print_message("# skipped: no network namespace without privileges\n");
		skip();
	}
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	assert_true(fd >= 0);
	r = make_bridge(fd, 0);
	if (r == -EOPNOTSUPP) {
		print_message("# skipped: this kernel has no bridges\n");
		close(fd);
		skip();
	}
	assert_int_equal(0, r);
	for (unsigned int i = 1; i < 64; i++)
		assert_int_equal(0, make_bridge(fd, i));
	close(fd);
	assert_int_equal(0, hk_system_new(&system, NULL));
	host_sample(system, HK_SYSTEM_NETWORKS);
	(void) hk_system_get_networks(system, &count);
	assert_true(count >= 65); /* and lo */
	for (unsigned int i = 0; i < 64; i++) {
		char name[IFNAMSIZ], address[32];
		const hk_system_network *found;
		const hk_system_address *addresses;
		bool has = false;

		(void) snprintf(name, sizeof(name), "nic%u", i);
		(void) snprintf(address, sizeof(address), "10.1.%u.1", i);
		found = network(system, name);
		assert_string_equal("bridge", found->kind);
		assert_true(found->up);
		assert_present(network, found, addresses);
		addresses = found->addresses.items;
		for (size_t j = 0; j < found->addresses.count; j++)
			has |= strcmp(addresses[j].address, address) == 0 &&
			       addresses[j].prefix == 24;
		assert_true(has);
	}
	assert_int_equal(0, network(system, "lo")->addresses.count); /* it is down */
	assert_false(network(system, "lo")->up);
	host_sample(system, HK_SYSTEM_NETWORKS);
	assert_present(network, network(system, "nic63"), transmit_bytes_per_s);
	hk_system_free(system);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dump_is_read_message_by_message),
		cmocka_unit_test(lengths_that_lie_are_noticed),
		cmocka_unit_test(the_kernel_may_refuse_or_interrupt),
		cmocka_unit_test(masks_have_any_length),
		cmocka_unit_test_setup_teardown(
		    files_do_where_there_is_no_netlink, host_setup, host_teardown),
		cmocka_unit_test(lines_of_net_dev_are_whole_or_none),
		cmocka_unit_test(sixty_four_interfaces_keep_their_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
