#ifndef HKI_SYSTEM_LINKS_H
#define HKI_SYSTEM_LINKS_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "system/scan.h"

/* Interfaces and addresses as they were read, from netlink or from files. */

enum {
	HKI_LINK_RECEIVE_BYTES,
	HKI_LINK_RECEIVE_PACKETS,
	HKI_LINK_RECEIVE_ERRORS,
	HKI_LINK_RECEIVE_DROPPED,
	HKI_LINK_RECEIVE_MISSED,
	HKI_LINK_RECEIVE_MULTICAST,
	HKI_LINK_TRANSMIT_BYTES,
	HKI_LINK_TRANSMIT_PACKETS,
	HKI_LINK_TRANSMIT_ERRORS,
	HKI_LINK_TRANSMIT_DROPPED,
	HKI_LINK_COLLISIONS,
	HKI_LINK_COUNTERS
};

/* Which optional things are known of a link. */
enum {
	HKI_LINK_HAS_FLAGS = 1 << 0,
	HKI_LINK_HAS_MTU = 1 << 1,
	HKI_LINK_HAS_QUEUE = 1 << 2,
	HKI_LINK_HAS_CARRIER = 1 << 3,
	HKI_LINK_HAS_INDEX = 1 << 4,
	HKI_LINK_HAS_COUNTERS = 1 << 5,
	HKI_LINK_HAS_TYPE = 1 << 6
};

/* Hardware addresses have 6 bytes, of InfiniBand 20. */
#define HKI_MAC_BYTES 32

typedef struct hki_link {
	char name[IFNAMSIZ];
	uint32_t index;
	uint32_t known; /* HKI_LINK_HAS_… */
	uint32_t flags; /* IFF_… */
	uint32_t mtu;
	uint32_t queue;
	uint32_t carrier_changes;
	uint16_t type;  /* ARPHRD_… */
	char state[16]; /* "" unknown to us */
	char kind[16];  /* "" hardware */
	char mac[HKI_MAC_BYTES * 3];
	uint64_t counters[HKI_LINK_COUNTERS];
	/* From /sys, read when the link is new or its carrier has changed: */
	bool described;
	uint64_t speed_bits_per_s; /* 0: unknown */
	char duplex[8];
	/* Its addresses in the list of all. */
	size_t first_address;
	size_t address_count;
} hki_link;

typedef struct hki_address {
	uint32_t link;
	bool ipv6;
	uint8_t prefix;
	uint8_t scope;
	uint32_t flags; /* IFA_F_… */
	char address[INET6_ADDRSTRLEN];
	char netmask[INET6_ADDRSTRLEN];
	char broadcast[INET6_ADDRSTRLEN]; /* "": none */
	char peer[INET6_ADDRSTRLEN];
	char label[IFNAMSIZ];
} hki_address;

/* Zeroed: empty. */
typedef struct hki_links {
	hki_link *items;
	size_t count;
	size_t capacity;
	hki_address *addresses;
	size_t address_count;
	size_t address_capacity;
} hki_links;

void hki_links_deinit(hki_links *links);

/*
 * Take in a datagram of an RTM_GETLINK or RTM_GETADDR dump.  Returns 1 when the dump
 * is over, 0 when more comes, the error the kernel answered with, -EINTR when the
 * kernel says that things changed meanwhile, HK_EPARSE, -ENOMEM.
 */
int hki_links_parse(hki_links *links, const void *data, size_t length);

/* A line of /proc/net/dev.  False when it is none. */
bool hki_net_dev_parse(hki_link *out, hki_scan line);

/* The mask of @prefix bits as text. */
void hki_netmask_format(char out[INET6_ADDRSTRLEN], bool ipv6, unsigned int prefix);

/* "ether", "loopback" … for ARPHRD_…, or NULL. */
const char *hki_link_type_name(unsigned int type);

#endif /* HKI_SYSTEM_LINKS_H */
