/*
 * Interfaces with their addresses, counters and rates, all of them: also those
 * that are down or have no address.
 */
#include "system/networks.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include "base/alloc.h"

typedef struct networks_state {
	hki_netlink netlink;
	hki_host_file dev;
	hki_links now;
	hki_links before;
	bool with_addresses;
	hk_system_network *records;
	size_t record_count;
	size_t record_capacity;
	hk_system_address *addresses;
	size_t address_capacity;
} networks_state;

/* ---- who is who ---- */

static hki_link *find_link(const hki_links *links, const hki_link *like, size_t hint)
{
	for (size_t i = 0; i < links->count; i++) {
		hki_link *link = &links->items[(hint + i) % links->count];

		if (link->index == like->index && strcmp(link->name, like->name) == 0)
			return link;
	}
	return NULL;
}

/* What only changes with the cable is taken over from the last reading. */
static void describe(networks_state *networks, const hk_system *system)
{
	for (size_t i = 0; i < networks->now.count; i++) {
		hki_link *link = &networks->now.items[i];
		const hki_link *before = find_link(&networks->before, link, i);

		if (before != NULL && before->described &&
		    before->carrier_changes == link->carrier_changes &&
		    before->flags == link->flags) {
			link->described = true;
			link->speed_bits_per_s = before->speed_bits_per_s;
			memcpy(link->duplex, before->duplex, sizeof(link->duplex));
		} else {
			hki_link_describe(link, system);
		}
	}
}

/* The place of the link with that index; addresses come link by link. */
static size_t place_of(const hki_links *links, uint32_t index, size_t hint)
{
	for (size_t i = 0; i < links->count; i++) {
		size_t at = (hint + i) % links->count;

		if (links->items[at].index == index)
			return at;
	}
	return links->count;
}

/* How many addresses each link has, and where they begin once put in its order. */
static void count_addresses(hki_links *links)
{
	size_t at = 0;
	size_t begin = 0;

	for (size_t i = 0; i < links->address_count; i++) {
		at = place_of(links, links->addresses[i].link, at);
		if (at < links->count)
			links->items[at].address_count++;
		else
			at = 0;
	}
	for (size_t i = 0; i < links->count; i++) {
		links->items[i].first_address = begin;
		begin += links->items[i].address_count;
		links->items[i].address_count = 0;
	}
}

/* ---- records ---- */

static const char *scope_name(unsigned int scope)
{
	switch (scope) {
	case RT_SCOPE_UNIVERSE:
		return "global";
	case RT_SCOPE_SITE:
		return "site";
	case RT_SCOPE_LINK:
		return "link";
	case RT_SCOPE_HOST:
		return "host";
	case RT_SCOPE_NOWHERE:
		return "nowhere";
	}
	return NULL;
}

static void fill_address(hk_system_address *record, const hki_address *address)
{
	const char *scope = scope_name(address->scope);

	*record = (hk_system_address){ .address = NULL };
	HKI_PUT(address, record, family, address->ipv6 ? HK_SYSTEM_IPV6 : HK_SYSTEM_IPV4);
	HKI_PUT(address, record, address, address->address);
	HKI_PUT(address, record, prefix, address->prefix);
	HKI_PUT(address, record, netmask, address->netmask);
	if (address->broadcast[0] != '\0')
		HKI_PUT(address, record, broadcast, address->broadcast);
	if (address->peer[0] != '\0')
		HKI_PUT(address, record, peer, address->peer);
	if (scope != NULL)
		HKI_PUT(address, record, scope, scope);
	if (address->label[0] != '\0')
		HKI_PUT(address, record, label, address->label);
	/* On IPv4 the same bit says that it is not the first of its network. */
	if (address->ipv6)
		HKI_PUT(
		    address, record, temporary, (address->flags & IFA_F_TEMPORARY) != 0);
	HKI_PUT(address, record, tentative, (address->flags & IFA_F_TENTATIVE) != 0);
	HKI_PUT(address, record, deprecated, (address->flags & IFA_F_DEPRECATED) != 0);
}

static int fill_addresses(networks_state *networks)
{
	hki_links *links = &networks->now;
	size_t at = 0;
	int r = hki_grow((void **) &networks->addresses, &networks->address_capacity,
	    links->address_count, sizeof(*networks->addresses));

	if (r < 0)
		return r;
	count_addresses(links);
	for (size_t i = 0; i < links->address_count; i++) {
		hki_link *link;

		at = place_of(links, links->addresses[i].link, at);
		if (at == links->count) { /* it went between the two questions */
			at = 0;
			continue;
		}
		link = &links->items[at];
		fill_address(
		    &networks->addresses[link->first_address + link->address_count++],
		    &links->addresses[i]);
	}
	return 0;
}

static void fill_flags(hk_system_network *record, const hki_link *link)
{
	if ((link->known & HKI_LINK_HAS_FLAGS) == 0)
		return;
	HKI_PUT(network, record, up, (link->flags & IFF_UP) != 0);
	HKI_PUT(network, record, running, (link->flags & IFF_RUNNING) != 0);
	HKI_PUT(network, record, internal, (link->flags & IFF_LOOPBACK) != 0);
	HKI_PUT(network, record, point_to_point, (link->flags & IFF_POINTOPOINT) != 0);
	HKI_PUT(network, record, promiscuous, (link->flags & IFF_PROMISC) != 0);
}

static void fill_link(hk_system_network *record, const hki_link *link)
{
	const char *type = hki_link_type_name(link->type);

	HKI_PUT(network, record, name, link->name);
	if ((link->known & HKI_LINK_HAS_INDEX) != 0)
		HKI_PUT(network, record, index, link->index);
	if (link->mac[0] != '\0')
		HKI_PUT(network, record, mac, link->mac);
	if (link->state[0] != '\0')
		HKI_PUT(network, record, state, link->state);
	if (link->kind[0] != '\0')
		HKI_PUT(network, record, kind, link->kind);
	if ((link->known & HKI_LINK_HAS_TYPE) != 0 && type != NULL)
		HKI_PUT(network, record, type, type);
	fill_flags(record, link);
	if ((link->known & HKI_LINK_HAS_MTU) != 0)
		HKI_PUT(network, record, mtu_bytes, link->mtu);
	if ((link->known & HKI_LINK_HAS_QUEUE) != 0)
		HKI_PUT(network, record, queue_length, link->queue);
	if ((link->known & HKI_LINK_HAS_CARRIER) != 0)
		HKI_PUT(network, record, carrier_changes, link->carrier_changes);
	if (link->speed_bits_per_s > 0)
		HKI_PUT(network, record, speed_bits_per_s, link->speed_bits_per_s);
	if (link->duplex[0] != '\0')
		HKI_PUT(network, record, duplex, link->duplex);
}

static void fill_counters(hk_system_network *record, const hki_link *link)
{
	const uint64_t *counters = link->counters;

	if ((link->known & HKI_LINK_HAS_COUNTERS) == 0)
		return;
	HKI_PUT(network, record, receive_bytes, counters[HKI_LINK_RECEIVE_BYTES]);
	HKI_PUT(network, record, receive_packets, counters[HKI_LINK_RECEIVE_PACKETS]);
	HKI_PUT(network, record, receive_errors, counters[HKI_LINK_RECEIVE_ERRORS]);
	HKI_PUT(network, record, receive_dropped, counters[HKI_LINK_RECEIVE_DROPPED]);
	HKI_PUT(network, record, receive_missed, counters[HKI_LINK_RECEIVE_MISSED]);
	HKI_PUT(network, record, receive_multicast, counters[HKI_LINK_RECEIVE_MULTICAST]);
	HKI_PUT(network, record, transmit_bytes, counters[HKI_LINK_TRANSMIT_BYTES]);
	HKI_PUT(network, record, transmit_packets, counters[HKI_LINK_TRANSMIT_PACKETS]);
	HKI_PUT(network, record, transmit_errors, counters[HKI_LINK_TRANSMIT_ERRORS]);
	HKI_PUT(network, record, transmit_dropped, counters[HKI_LINK_TRANSMIT_DROPPED]);
	HKI_PUT(network, record, collisions, counters[HKI_LINK_COLLISIONS]);
}

/* Some drivers keep 32 bits, whatever the kernel's interface says. */
static bool rate_of(double *out, const hki_link *now, const hki_link *before,
    unsigned int counter, double seconds)
{
	uint64_t begin = before->counters[counter];
	uint64_t end = begin;

	return hki_continue_32(&end, now->counters[counter]) &&
	       hki_rate(out, end, begin, seconds);
}

static void fill_rates(hk_system_network *record, const hki_link *now,
    const hki_link *before, double seconds)
{
	double rate;

	if ((now->known & before->known & HKI_LINK_HAS_COUNTERS) == 0)
		return;
	if (rate_of(&rate, now, before, HKI_LINK_RECEIVE_BYTES, seconds))
		HKI_PUT(network, record, receive_bytes_per_s, rate);
	if (rate_of(&rate, now, before, HKI_LINK_RECEIVE_PACKETS, seconds))
		HKI_PUT(network, record, receive_packets_per_s, rate);
	if (rate_of(&rate, now, before, HKI_LINK_TRANSMIT_BYTES, seconds))
		HKI_PUT(network, record, transmit_bytes_per_s, rate);
	if (rate_of(&rate, now, before, HKI_LINK_TRANSMIT_PACKETS, seconds))
		HKI_PUT(network, record, transmit_packets_per_s, rate);
}

static int fill_records(networks_state *networks, double seconds)
{
	const hki_links *links = &networks->now;
	int r = hki_grow((void **) &networks->records, &networks->record_capacity,
	    links->count, sizeof(*networks->records));

	if (r < 0 || (r = fill_addresses(networks)) < 0)
		return r;
	for (size_t i = 0; i < links->count; i++) {
		const hki_link *link = &links->items[i];
		const hki_link *before = find_link(&networks->before, link, i);
		hk_system_network *record = &networks->records[i];

		*record = (hk_system_network){ .name = NULL };
		fill_link(record, link);
		fill_counters(record, link);
		if (before != NULL)
			fill_rates(record, link, before, seconds);
		if (!networks->with_addresses)
			continue;
		record->addresses =
		    (hk_record_list){ &networks->addresses[link->first_address],
			    link->address_count };
		HKI_MARK(network, record, addresses);
	}
	networks->record_count = links->count;
	return 0;
}

static int sample_networks(hk_system *system, void *state)
{
	networks_state *networks = state;
	hki_links swapped = networks->before;
	int r = -ENOTSUP;

	networks->before = networks->now;
	networks->now = swapped;
	if (!(system->interval_s > 0))
		networks->before.count = 0;
	if (system->live)
		r = hki_netlink_read(&networks->netlink, &networks->now);
	networks->with_addresses = r == 0;
	if (r < 0 && r != -ENOMEM)
		r = hki_net_files_read(&networks->now, system, &networks->dev);
	if (r < 0)
		return r;
	describe(networks, system);
	return fill_records(networks, system->interval_s);
}

static void clear_networks(void *state)
{
	networks_state *networks = state;

	networks->record_count = 0;
	networks->now.count = 0;
}

static void deinit_networks(void *state)
{
	networks_state *networks = state;

	hki_netlink_close(&networks->netlink);
	hki_host_file_close(&networks->dev);
	hki_links_deinit(&networks->now);
	hki_links_deinit(&networks->before);
	hki_free(networks->records);
	hki_free(networks->addresses);
}

const hki_section hki_section_networks = {
	.state_bytes = sizeof(networks_state),
	.sample = sample_networks,
	.clear = clear_networks,
	.deinit = deinit_networks,
};

const hk_system_network *hk_system_get_networks(
    const hk_system *system, size_t *out_count)
{
	const networks_state *state = hki_system_state(system, HKI_SECTION_NETWORKS);

	*out_count = state->record_count;
	return state->records;
}
