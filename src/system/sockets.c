/*
 * Sockets and protocols in sums.  The tables of all connections (/proc/net/tcp)
 * walk the kernel's whole hash and cost a hundred times as much, so they have no
 * place in a sample.
 *
 * sockstat has "TCP: inuse 1 orphan 0"; snmp and netstat have a line of names and
 * a line of values, "Tcp: RtoMin …" and "Tcp: 200 …".
 */
#include "system/parsers.h"

#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/array.h"
#include "system/system_internal.h"

typedef struct socket_row {
	const char *protocol;
	const char *name;
	size_t name_length;
	unsigned int field;
	size_t offset;
	bool pages;
} socket_row;

/* clang-format off */
#define ROW(protocol, name, member, pages) \
	{ protocol, name, sizeof(name) - 1, sockets_##member, offsetof(hk_system_sockets, member), pages }
static const socket_row sockstat_rows[] = {
	ROW("sockets", "used", used, false),
	ROW("TCP", "inuse", tcp_in_use, false),
	ROW("TCP", "orphan", tcp_orphaned, false),
	ROW("TCP", "tw", tcp_time_wait, false),
	ROW("TCP", "alloc", tcp_allocated, false),
	ROW("TCP", "mem", tcp_memory_bytes, true),
	ROW("UDP", "inuse", udp_in_use, false),
	ROW("UDP", "mem", udp_memory_bytes, true),
	ROW("RAW", "inuse", raw_in_use, false),
	ROW("FRAG", "memory", fragments_memory_bytes, false),
	ROW("TCP6", "inuse", tcp_in_use_v6, false),
	ROW("UDP6", "inuse", udp_in_use_v6, false),
};
static const socket_row snmp_rows[] = {
	ROW("Ip", "InReceives", ip_received, false),
	ROW("Ip", "OutRequests", ip_sent, false),
	ROW("Ip", "ForwDatagrams", ip_forwarded, false),
	ROW("Ip", "InDiscards", ip_discarded, false),
	ROW("Tcp", "CurrEstab", tcp_established, false),
	ROW("Tcp", "ActiveOpens", tcp_opened, false),
	ROW("Tcp", "PassiveOpens", tcp_accepted, false),
	ROW("Tcp", "AttemptFails", tcp_failed, false),
	ROW("Tcp", "EstabResets", tcp_reset, false),
	ROW("Tcp", "InSegs", tcp_segments_received, false),
	ROW("Tcp", "OutSegs", tcp_segments_sent, false),
	ROW("Tcp", "RetransSegs", tcp_segments_retransmitted, false),
	ROW("Tcp", "InErrs", tcp_errors, false),
	ROW("Udp", "InDatagrams", udp_received, false),
	ROW("Udp", "OutDatagrams", udp_sent, false),
	ROW("Udp", "NoPorts", udp_no_port, false),
	ROW("Udp", "InErrors", udp_errors, false),
	ROW("Udp", "RcvbufErrors", udp_receive_buffer_errors, false),
	ROW("TcpExt", "ListenOverflows", listen_overflows, false),
	ROW("TcpExt", "ListenDrops", listen_drops, false),
};
#undef ROW
/* clang-format on */

enum { FILE_SOCKSTAT, FILE_SOCKSTAT6, FILE_SNMP, FILE_NETSTAT, FILES };

static const char *const paths[FILES] = {
	[FILE_SOCKSTAT] = "/proc/net/sockstat",
	[FILE_SOCKSTAT6] = "/proc/net/sockstat6",
	[FILE_SNMP] = "/proc/net/snmp",
	[FILE_NETSTAT] = "/proc/net/netstat",
};

typedef struct sockets_state {
	hk_system_sockets record;
	hki_host_file files[FILES];
} sockets_state;

/* The rows of one protocol, which lie together. */
typedef struct socket_rows {
	const socket_row *rows;
	size_t count;
} socket_rows;

static socket_rows rows_of(const socket_row *rows, size_t count, hki_scan protocol)
{
	socket_rows found = { NULL, 0 };

	for (size_t i = 0; i < count; i++) {
		if (!hki_scan_is(protocol, rows[i].protocol))
			continue;
		if (found.count++ == 0)
			found.rows = &rows[i];
	}
	return found;
}

static void put_value(hk_system_sockets *out, const socket_rows *among, hki_scan name,
    int64_t value, uint64_t page_bytes)
{
	for (size_t i = 0; i < among->count; i++) {
		const socket_row *row = &among->rows[i];
		uint64_t positive = value < 0 ? 0 : (uint64_t) value;

		if (hki_scan_length(name) != row->name_length ||
		    memcmp(name.at, row->name, row->name_length) != 0)
			continue;
		if (row->pages && __builtin_mul_overflow(positive, page_bytes, &positive))
			positive = UINT64_MAX;
		*(uint64_t *) (void *) ((char *) out + row->offset) = positive;
		hk_record_set(&out->record, row->field);
		return;
	}
}

void hki_sockstat_parse(hk_system_sockets *out, hki_scan text, uint64_t page_bytes)
{
	hki_scan line, protocol, name;
	int64_t value;

	while (hki_scan_line(&line, &text)) {
		socket_rows rows;

		if (!hki_scan_until(&protocol, &line, ':'))
			continue;
		rows = rows_of(sockstat_rows, HKI_COUNT(sockstat_rows), protocol);
		while (rows.count > 0 && hki_scan_word(&name, &line) &&
		       hki_scan_signed(&value, &line))
			put_value(out, &rows, name, value, page_bytes);
	}
}

void hki_snmp_parse(hk_system_sockets *out, hki_scan text)
{
	hki_scan names, values, protocol, again, name;
	int64_t value;

	while (hki_scan_line(&names, &text) && hki_scan_line(&values, &text)) {
		socket_rows rows;

		if (!hki_scan_until(&protocol, &names, ':') ||
		    !hki_scan_until(&again, &values, ':'))
			continue;
		rows = rows_of(snmp_rows, HKI_COUNT(snmp_rows), protocol);
		while (rows.count > 0 && hki_scan_word(&name, &names) &&
		       hki_scan_signed(&value, &values))
			put_value(out, &rows, name, value, 1);
	}
}

static int sample_sockets(hk_system *system, void *state)
{
	sockets_state *sockets = state;
	hk_system_sockets now = { .used = 0 };
	uint64_t page_bytes = (uint64_t) sysconf(_SC_PAGESIZE);
	int first = 0;
	bool any = false;

	for (unsigned int i = 0; i < FILES; i++) {
		hki_scan text;
		int r = hki_host_file_read(system, &sockets->files[i], paths[i], &text);

		any |= r == 0;
		first = first == 0 ? r : first;
		if (r == 0 && i <= FILE_SOCKSTAT6)
			hki_sockstat_parse(&now, text, page_bytes);
		else if (r == 0)
			hki_snmp_parse(&now, text);
	}
	if (!any)
		return first;
	if (HKI_HAS(sockets, &now, tcp_segments_retransmitted) &&
	    HKI_HAS(sockets, &sockets->record, tcp_segments_retransmitted))
		HKI_PUT_RATE(sockets, &now, tcp_segments_retransmitted_per_s,
		    now.tcp_segments_retransmitted,
		    sockets->record.tcp_segments_retransmitted, system->interval_s);
	sockets->record = now;
	return 0;
}

static void clear_sockets(void *state)
{
	sockets_state *sockets = state;

	sockets->record = (hk_system_sockets){ .used = 0 };
}

static void deinit_sockets(void *state)
{
	sockets_state *sockets = state;

	for (unsigned int i = 0; i < FILES; i++)
		hki_host_file_close(&sockets->files[i]);
}

const hki_section hki_section_sockets = {
	.state_bytes = sizeof(sockets_state),
	.sample = sample_sockets,
	.clear = clear_sockets,
	.deinit = deinit_sockets,
};

const hk_system_sockets *hk_system_get_sockets(const hk_system *system)
{
	const sockets_state *state = hki_system_state(system, HKI_SECTION_SOCKETS);

	return &state->record;
}
