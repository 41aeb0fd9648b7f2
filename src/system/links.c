/*
 * What the kernel answers to "all links" and "all addresses".  Two questions tell
 * everything about every interface; reading a directory of files for each costs
 * thirty times as much.
 *
 * Messages come from the kernel, but lengths inside are checked all the same: the
 * parser is fed by fuzzers and by containers' emulations of netlink.
 */
#include "system/links.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/array.h"
#include "system/system_internal.h"

void hki_links_deinit(hki_links *links)
{
	hki_free(links->items);
	hki_free(links->addresses);
	*links = (hki_links){ .items = NULL };
}

/* ---- attributes ---- */

typedef struct part {
	unsigned int type;
	const char *data;
	size_t length;
} part;

/* Take the next one off [*at, *at + *left).  False at the end or when lengths lie. */
static bool next_attribute(part *out, const char **at, size_t *left)
{
	struct rtattr header;
	size_t whole;

	if (*left < sizeof(header))
		return false;
	memcpy(&header, *at, sizeof(header));
	if (header.rta_len < sizeof(header) || header.rta_len > *left)
		return false;
	out->type = header.rta_type & NLA_TYPE_MASK;
	out->data = *at + RTA_LENGTH(0);
	out->length = header.rta_len - RTA_LENGTH(0);
	whole = RTA_ALIGN((size_t) header.rta_len);
	if (whole > *left)
		whole = *left;
	*at += whole;
	*left -= whole;
	return true;
}

static void copy_text(char *out, size_t capacity, const part *attribute)
{
	hki_scan_copy(out, capacity,
	    hki_scan_of(attribute->data, strnlen(attribute->data, attribute->length)));
}

static bool copy_u32(uint32_t *out, const part *attribute)
{
	if (attribute->length < sizeof(*out))
		return false;
	memcpy(out, attribute->data, sizeof(*out));
	return true;
}

/* ---- links ---- */

static void copy_mac(hki_link *link, const part *attribute)
{
	char *to = link->mac;

	if (attribute->length == 0 || attribute->length > HKI_MAC_BYTES)
		return;
	for (size_t i = 0; i < attribute->length; i++)
		to += sprintf(
		    to, i == 0 ? "%02x" : ":%02x", (unsigned char) attribute->data[i]);
}

static void copy_state(hki_link *link, const part *attribute)
{
	/* RFC 2863, as linux/if.h numbers it. */
	static const char *const names[] = { "unknown", "notpresent", "down",
		"lowerlayerdown", "testing", "dormant", "up" };
	unsigned char state;

	if (attribute->length < 1)
		return;
	state = (unsigned char) attribute->data[0];
	if (state < HKI_COUNT(names))
		(void) snprintf(link->state, sizeof(link->state), "%s", names[state]);
}

static void copy_kind(hki_link *link, const part *info)
{
	const char *at = info->data;
	size_t left = info->length;
	part inner;

	while (next_attribute(&inner, &at, &left))
		if (inner.type == IFLA_INFO_KIND)
			copy_text(link->kind, sizeof(link->kind), &inner);
}

static void copy_counters(hki_link *link, const part *attribute)
{
	/* Older kernels end the struct sooner; what is used here they all have. */
	struct rtnl_link_stats64 stats = { 0 };
	size_t length =
	    attribute->length < sizeof(stats) ? attribute->length : sizeof(stats);

	if (length < offsetof(struct rtnl_link_stats64, rx_length_errors))
		return;
	memcpy(&stats, attribute->data, length);
	link->counters[HKI_LINK_RECEIVE_BYTES] = stats.rx_bytes;
	link->counters[HKI_LINK_RECEIVE_PACKETS] = stats.rx_packets;
	link->counters[HKI_LINK_RECEIVE_ERRORS] = stats.rx_errors;
	link->counters[HKI_LINK_RECEIVE_DROPPED] = stats.rx_dropped;
	link->counters[HKI_LINK_RECEIVE_MISSED] = stats.rx_missed_errors;
	link->counters[HKI_LINK_RECEIVE_MULTICAST] = stats.multicast;
	link->counters[HKI_LINK_TRANSMIT_BYTES] = stats.tx_bytes;
	link->counters[HKI_LINK_TRANSMIT_PACKETS] = stats.tx_packets;
	link->counters[HKI_LINK_TRANSMIT_ERRORS] = stats.tx_errors;
	link->counters[HKI_LINK_TRANSMIT_DROPPED] = stats.tx_dropped;
	link->counters[HKI_LINK_COLLISIONS] = stats.collisions;
	link->known |= HKI_LINK_HAS_COUNTERS;
}

static void take_link_attribute(hki_link *link, const part *attribute)
{
	switch (attribute->type) {
	case IFLA_IFNAME:
		copy_text(link->name, sizeof(link->name), attribute);
		break;
	case IFLA_ADDRESS:
		copy_mac(link, attribute);
		break;
	case IFLA_MTU:
		if (copy_u32(&link->mtu, attribute))
			link->known |= HKI_LINK_HAS_MTU;
		break;
	case IFLA_TXQLEN:
		if (copy_u32(&link->queue, attribute))
			link->known |= HKI_LINK_HAS_QUEUE;
		break;
	case IFLA_CARRIER_CHANGES:
		if (copy_u32(&link->carrier_changes, attribute))
			link->known |= HKI_LINK_HAS_CARRIER;
		break;
	case IFLA_OPERSTATE:
		copy_state(link, attribute);
		break;
	case IFLA_LINKINFO:
		copy_kind(link, attribute);
		break;
	case IFLA_STATS64:
		copy_counters(link, attribute);
		break;
	}
}

static int add_link(hki_links *links, const char *data, size_t length)
{
	struct ifinfomsg header;
	hki_link link = { .known = HKI_LINK_HAS_FLAGS | HKI_LINK_HAS_INDEX |
				   HKI_LINK_HAS_TYPE };
	part attribute;
	int r;

	if (length < sizeof(header))
		return HK_EPARSE;
	memcpy(&header, data, sizeof(header));
	data += NLMSG_ALIGN(sizeof(header));
	length -= NLMSG_ALIGN(sizeof(header));
	link.index = (uint32_t) header.ifi_index;
	link.flags = header.ifi_flags;
	link.type = header.ifi_type;
	while (next_attribute(&attribute, &data, &length))
		take_link_attribute(&link, &attribute);
	if (link.name[0] == '\0')
		return 0;
	r = hki_grow((void **) &links->items, &links->capacity, links->count + 1,
	    sizeof(*links->items));
	if (r == 0)
		links->items[links->count++] = link;
	return r;
}

/* ---- addresses ---- */

void hki_netmask_format(char out[INET6_ADDRSTRLEN], bool ipv6, unsigned int prefix)
{
	unsigned char mask[16] = { 0 };
	unsigned int bytes = ipv6 ? 16 : 4;

	for (unsigned int i = 0; i < bytes && prefix > 0; i++) {
		unsigned int bits = prefix < 8 ? prefix : 8;

		mask[i] = (unsigned char) (0xff << (8 - bits));
		prefix -= bits;
	}
	if (inet_ntop(ipv6 ? AF_INET6 : AF_INET, mask, out, INET6_ADDRSTRLEN) == NULL)
		out[0] = '\0';
}

static void copy_address(char *out, bool ipv6, const part *attribute)
{
	if (attribute->length < (ipv6 ? 16U : 4U) ||
	    inet_ntop(ipv6 ? AF_INET6 : AF_INET, attribute->data, out,
		INET6_ADDRSTRLEN) == NULL)
		out[0] = '\0';
}

static void take_address_attribute(
    hki_address *address, char remote[INET6_ADDRSTRLEN], const part *attribute)
{
	switch (attribute->type) {
	case IFA_LOCAL:
		copy_address(address->address, address->ipv6, attribute);
		break;
	case IFA_ADDRESS:
		copy_address(remote, address->ipv6, attribute);
		break;
	case IFA_BROADCAST:
		copy_address(address->broadcast, address->ipv6, attribute);
		break;
	case IFA_LABEL:
		copy_text(address->label, sizeof(address->label), attribute);
		break;
	case IFA_FLAGS:
		(void) copy_u32(&address->flags, attribute);
		break;
	}
}

static int add_address(hki_links *links, const char *data, size_t length)
{
	struct ifaddrmsg header;
	hki_address address = { .link = 0 };
	char remote[INET6_ADDRSTRLEN] = "";
	part attribute;
	int r;

	if (length < sizeof(header))
		return HK_EPARSE;
	memcpy(&header, data, sizeof(header));
	if (header.ifa_family != AF_INET && header.ifa_family != AF_INET6)
		return 0;
	data += NLMSG_ALIGN(sizeof(header));
	length -= NLMSG_ALIGN(sizeof(header));
	address.link = header.ifa_index;
	address.ipv6 = header.ifa_family == AF_INET6;
	address.prefix = header.ifa_prefixlen;
	address.scope = header.ifa_scope;
	address.flags = header.ifa_flags;
	while (next_attribute(&attribute, &data, &length))
		take_address_attribute(&address, remote, &attribute);
	/* IFA_ADDRESS is the other end of a point-to-point link, else our own. */
	if (address.address[0] == '\0')
		memcpy(address.address, remote, sizeof(remote));
	else if (strcmp(address.address, remote) != 0)
		memcpy(address.peer, remote, sizeof(remote));
	if (address.address[0] == '\0')
		return 0;
	hki_netmask_format(address.netmask, address.ipv6, address.prefix);
	r = hki_grow((void **) &links->addresses, &links->address_capacity,
	    links->address_count + 1, sizeof(*links->addresses));
	if (r == 0)
		links->addresses[links->address_count++] = address;
	return r;
}

/* ---- messages ---- */

static int error_of(const char *data, size_t length)
{
	int32_t error;

	if (length < sizeof(error))
		return HK_EPARSE;
	memcpy(&error, data, sizeof(error));
	return error < 0 && error > -4096 ? error : 1;
}

static int take_message(hki_links *links, const struct nlmsghdr *header, const char *data)
{
	size_t length = header->nlmsg_len - NLMSG_HDRLEN;

	switch (header->nlmsg_type) {
	case NLMSG_DONE:
		return 1;
	case NLMSG_ERROR:
		return error_of(data, length);
	case RTM_NEWLINK:
		return add_link(links, data, length);
	case RTM_NEWADDR:
		return add_address(links, data, length);
	}
	return 0;
}

int hki_links_parse(hki_links *links, const void *datagram, size_t length)
{
	const char *at = datagram;

	while (length >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr header;
		size_t whole;
		int r;

		memcpy(&header, at, sizeof(header));
		if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > length)
			return HK_EPARSE;
		if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0)
			return -EINTR;
		r = take_message(links, &header, at + NLMSG_HDRLEN);
		if (r != 0)
			return r;
		whole = NLMSG_ALIGN((size_t) header.nlmsg_len);
		if (whole > length)
			whole = length;
		at += whole;
		length -= whole;
	}
	return 0;
}

const char *hki_link_type_name(unsigned int type)
{
	switch (type) {
	case ARPHRD_ETHER:
		return "ether";
	case ARPHRD_LOOPBACK:
		return "loopback";
	case ARPHRD_INFINIBAND:
		return "infiniband";
	case ARPHRD_PPP:
		return "ppp";
	case ARPHRD_TUNNEL:
		return "ipip";
	case ARPHRD_TUNNEL6:
		return "ip6ip6";
	case ARPHRD_SIT:
		return "sit";
	case ARPHRD_IPGRE:
		return "gre";
	case ARPHRD_IEEE80211:
		return "ieee80211";
	case ARPHRD_CAN:
		return "can";
	case ARPHRD_NONE:
		return "none";
	}
	return NULL;
}
