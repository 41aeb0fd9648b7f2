/*
 * Interfaces from files: for hosts that are only looked at, and where a sandbox
 * has no netlink.  Addresses are not in files, so they are absent then, not none.
 */
#include "system/networks.h"

#include <errno.h>
#include <string.h>
#include "base/array.h"

bool hki_net_dev_parse(hki_link *out, hki_scan line)
{
	/* Sixteen columns: eight of receiving, eight of sending. */
	static const int places[16] = { HKI_LINK_RECEIVE_BYTES, HKI_LINK_RECEIVE_PACKETS,
		HKI_LINK_RECEIVE_ERRORS, HKI_LINK_RECEIVE_DROPPED, -1, -1, -1,
		HKI_LINK_RECEIVE_MULTICAST, HKI_LINK_TRANSMIT_BYTES,
		HKI_LINK_TRANSMIT_PACKETS, HKI_LINK_TRANSMIT_ERRORS,
		HKI_LINK_TRANSMIT_DROPPED, -1, HKI_LINK_COLLISIONS, -1, -1 };
	hki_link link = { .known = HKI_LINK_HAS_COUNTERS };
	const char *colon;
	hki_scan name;

	/* Names hold anything but a space and a slash, so the last colon ends them. */
	colon = memrchr(line.at, ':', hki_scan_length(line));
	if (colon == NULL)
		return false;
	name = hki_scan_trim((hki_scan){ line.at, colon });
	if (hki_scan_length(name) == 0 || hki_scan_length(name) >= sizeof(link.name))
		return false;
	hki_scan_copy(link.name, sizeof(link.name), name);
	line.at = colon + 1;
	for (size_t i = 0; i < HKI_COUNT(places); i++) {
		uint64_t value;

		if (!hki_scan_number(&value, &line))
			return false;
		if (places[i] >= 0)
			link.counters[places[i]] = value;
	}
	*out = link;
	return true;
}

static int sys_line(const hk_system *system, const hki_link *link, const char *name,
    char *out, size_t size)
{
	char path[128];
	int r = hki_path(path, sizeof(path), "/sys/class/net/%s/%s", link->name, name);

	return r < 0 ? r : hki_file_line(system, path, out, size);
}

static bool sys_number(
    uint32_t *out, const hk_system *system, const hki_link *link, const char *name)
{
	char text[64];
	hki_scan line;
	uint64_t value;
	bool ok;

	if (sys_line(system, link, name, text, sizeof(text)) < 0)
		return false;
	line = hki_scan_text(text);
	ok = hki_scan_skip(&line, "0x") ? hki_scan_hex(&value, &line)
					: hki_scan_number(&value, &line);
	if (ok)
		*out = (uint32_t) value;
	return ok;
}

void hki_link_describe(hki_link *link, const hk_system *system)
{
	char text[64];
	hki_scan line;
	uint64_t megabits;

	link->described = true;
	link->speed_bits_per_s = 0;
	link->duplex[0] = '\0';
	if (sys_line(system, link, "speed", text, sizeof(text)) == 0) {
		line = hki_scan_text(text);
		/* -1 and its unsigned twin: the driver does not know. */
		if (hki_scan_number(&megabits, &line) && megabits > 0 &&
		    megabits < UINT32_MAX)
			link->speed_bits_per_s = megabits * 1000000;
	}
	if (sys_line(system, link, "duplex", text, sizeof(text)) == 0 &&
	    (strcmp(text, "full") == 0 || strcmp(text, "half") == 0))
		memcpy(link->duplex, text, 5);
}

static void read_link(hki_link *link, const hk_system *system)
{
	uint32_t value;

	if (sys_number(&link->index, system, link, "ifindex"))
		link->known |= HKI_LINK_HAS_INDEX;
	if (sys_number(&link->flags, system, link, "flags"))
		link->known |= HKI_LINK_HAS_FLAGS;
	if (sys_number(&link->mtu, system, link, "mtu"))
		link->known |= HKI_LINK_HAS_MTU;
	if (sys_number(&link->queue, system, link, "tx_queue_len"))
		link->known |= HKI_LINK_HAS_QUEUE;
	if (sys_number(&link->carrier_changes, system, link, "carrier_changes"))
		link->known |= HKI_LINK_HAS_CARRIER;
	if (sys_number(&value, system, link, "type")) {
		link->type = (uint16_t) value;
		link->known |= HKI_LINK_HAS_TYPE;
	}
	if (sys_line(system, link, "operstate", link->state, sizeof(link->state)) < 0)
		link->state[0] = '\0';
	if (sys_line(system, link, "address", link->mac, sizeof(link->mac)) < 0)
		link->mac[0] = '\0';
}

int hki_net_files_read(hki_links *out, hk_system *system, hki_host_file *dev)
{
	hki_scan text, line;
	int r = hki_host_file_read(system, dev, "/proc/net/dev", &text);

	out->count = 0;
	out->address_count = 0;
	while (r == 0 && hki_scan_line(&line, &text)) {
		hki_link link;

		if (!hki_net_dev_parse(&link, line))
			continue;
		read_link(&link, system);
		r = hki_grow((void **) &out->items, &out->capacity, out->count + 1,
		    sizeof(*out->items));
		if (r == 0)
			out->items[out->count++] = link;
	}
	return r;
}
