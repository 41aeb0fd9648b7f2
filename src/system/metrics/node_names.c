/*
 * Names of node_exporter 1.5 and what of ours stands behind them, a table a
 * section.  Their help texts are not repeated: a sentence of ours says the same.
 */
#include "system/metrics/node_names.h"

#include <stddef.h>

const hki_node_row hki_node_load[] = {
	{ "node_load1", HK_METRICS_GAUGE, "load_1", "Load average over 1 minute.", 0 },
	{ "node_load5", HK_METRICS_GAUGE, "load_5", "Load average over 5 minutes.", 0 },
	{ "node_load15", HK_METRICS_GAUGE, "load_15", "Load average over 15 minutes.",
	    0 },
	{ NULL, HK_METRICS_GAUGE, NULL, NULL, 0 },
};

const hki_node_row hki_node_host[] = {
	{ "node_boot_time_seconds", HK_METRICS_GAUGE, "boot_time_s",
	    "When the machine was booted, since 1970.", 0 },
	{ "node_time_seconds", HK_METRICS_GAUGE, "time_s", "The time, since 1970.", 0 },
	{ NULL, HK_METRICS_GAUGE, NULL, NULL, 0 },
};

const hki_node_row hki_node_cpu[] = {
	{ "node_context_switches", HK_METRICS_COUNTER, "context_switches",
	    "Switches from one task to another.", 0 },
	{ "node_intr", HK_METRICS_COUNTER, "interrupts", "Interrupts served.", 0 },
	{ "node_forks", HK_METRICS_COUNTER, "forks", "Processes and threads started.",
	    0 },
	{ "node_procs_running", HK_METRICS_GAUGE, "running", "Tasks that can run.", 0 },
	{ "node_procs_blocked", HK_METRICS_GAUGE, "blocked",
	    "Tasks that wait for a disk.", 0 },
	{ NULL, HK_METRICS_GAUGE, NULL, NULL, 0 },
};

#define MEMORY_ROW(key, field)                                                           \
	{                                                                                \
		"node_memory_" key "_bytes", HK_METRICS_GAUGE, field,                    \
		    "Memory: " key ".", 0                                                \
	}

const hki_node_row hki_node_memory[] = {
	MEMORY_ROW("MemTotal", "total_bytes"),
	MEMORY_ROW("MemFree", "free_bytes"),
	MEMORY_ROW("MemAvailable", "available_bytes"),
	MEMORY_ROW("Buffers", "buffers_bytes"),
	MEMORY_ROW("Cached", "cached_bytes"),
	MEMORY_ROW("SwapCached", "swap_cached_bytes"),
	MEMORY_ROW("Active", "active_bytes"),
	MEMORY_ROW("Inactive", "inactive_bytes"),
	MEMORY_ROW("Unevictable", "unevictable_bytes"),
	MEMORY_ROW("Mlocked", "locked_bytes"),
	MEMORY_ROW("SwapTotal", "swap_total_bytes"),
	MEMORY_ROW("SwapFree", "swap_free_bytes"),
	MEMORY_ROW("Dirty", "dirty_bytes"),
	MEMORY_ROW("Writeback", "writeback_bytes"),
	MEMORY_ROW("AnonPages", "anonymous_bytes"),
	MEMORY_ROW("Mapped", "mapped_bytes"),
	MEMORY_ROW("Shmem", "shared_bytes"),
	MEMORY_ROW("SReclaimable", "reclaimable_bytes"),
	MEMORY_ROW("Slab", "slab_bytes"),
	MEMORY_ROW("KernelStack", "kernel_stack_bytes"),
	MEMORY_ROW("PageTables", "page_tables_bytes"),
	MEMORY_ROW("Percpu", "per_cpu_bytes"),
	MEMORY_ROW("CommitLimit", "commit_limit_bytes"),
	MEMORY_ROW("Committed_AS", "committed_bytes"),
	MEMORY_ROW("AnonHugePages", "anonymous_huge_bytes"),
	MEMORY_ROW("HardwareCorrupted", "corrupted_bytes"),
	MEMORY_ROW("Hugepagesize", "huge_page_bytes"),
	{ "node_memory_HugePages_Total", HK_METRICS_GAUGE, "huge_pages_total",
	    "Memory: HugePages_Total.", 0 },
	{ "node_memory_HugePages_Free", HK_METRICS_GAUGE, "huge_pages_free",
	    "Memory: HugePages_Free.", 0 },
	{ NULL, HK_METRICS_GAUGE, NULL, NULL, 0 },
};

enum { PAGED_UNIT = 1024 };

const hki_node_row hki_node_vmstat[] = {
	{ "node_vmstat_pgfault", HK_METRICS_UNKNOWN, "page_faults", "Page faults.", 0 },
	{ "node_vmstat_pgmajfault", HK_METRICS_UNKNOWN, "major_page_faults",
	    "Page faults that read a disk.", 0 },
	{ "node_vmstat_pgpgin", HK_METRICS_UNKNOWN, "paged_in_bytes",
	    "Units of 1024 bytes read from disks.", 1.0 / PAGED_UNIT },
	{ "node_vmstat_pgpgout", HK_METRICS_UNKNOWN, "paged_out_bytes",
	    "Units of 1024 bytes written to disks.", 1.0 / PAGED_UNIT },
	{ "node_vmstat_oom_kill", HK_METRICS_UNKNOWN, "oom_kills",
	    "Processes killed for want of memory.", 0 },
	{ NULL, HK_METRICS_GAUGE, NULL, NULL, 0 },
};

const hki_node_row hki_node_filesystems[] = {
	{ "node_filesystem_size_bytes", HK_METRICS_GAUGE, "total_bytes", "Size.", 0 },
	{ "node_filesystem_free_bytes", HK_METRICS_GAUGE, "free_bytes",
	    "Free space, that of root included.", 0 },
	{ "node_filesystem_avail_bytes", HK_METRICS_GAUGE, "available_bytes",
	    "Space for others than root.", 0 },
	{ "node_filesystem_files", HK_METRICS_GAUGE, "files_total", "File nodes.", 0 },
	{ "node_filesystem_files_free", HK_METRICS_GAUGE, "files_free",
	    "Free file nodes.", 0 },
	{ "node_filesystem_readonly", HK_METRICS_GAUGE, "read_only",
	    "Whether it is mounted read-only.", 0 },
	{ NULL, HK_METRICS_GAUGE, NULL, NULL, 0 },
};

const hki_node_row hki_node_disks[] = {
	{ "node_disk_reads_completed", HK_METRICS_COUNTER, "reads", "Reads.", 0 },
	{ "node_disk_reads_merged", HK_METRICS_COUNTER, "reads_merged",
	    "Reads joined with a neighbour.", 0 },
	{ "node_disk_read_bytes", HK_METRICS_COUNTER, "read_bytes", "Bytes read.", 0 },
	{ "node_disk_read_time_seconds", HK_METRICS_COUNTER, "read_time_s",
	    "Time of all reads.", 0 },
	{ "node_disk_writes_completed", HK_METRICS_COUNTER, "writes", "Writes.", 0 },
	{ "node_disk_writes_merged", HK_METRICS_COUNTER, "writes_merged",
	    "Writes joined with a neighbour.", 0 },
	{ "node_disk_written_bytes", HK_METRICS_COUNTER, "written_bytes",
	    "Bytes written.", 0 },
	{ "node_disk_write_time_seconds", HK_METRICS_COUNTER, "write_time_s",
	    "Time of all writes.", 0 },
	{ "node_disk_io_now", HK_METRICS_GAUGE, "in_flight", "Requests in flight.", 0 },
	{ "node_disk_io_time_seconds", HK_METRICS_COUNTER, "busy_time_s",
	    "Time with something in flight.", 0 },
	{ "node_disk_io_time_weighted_seconds", HK_METRICS_COUNTER, "weighted_time_s",
	    "Time of all requests, those in flight included.", 0 },
	{ "node_disk_discards_completed", HK_METRICS_COUNTER, "discards", "Discards.",
	    0 },
	{ "node_disk_flush_requests", HK_METRICS_COUNTER, "flushes", "Flushes.", 0 },
	{ "node_disk_flush_requests_time_seconds", HK_METRICS_COUNTER, "flush_time_s",
	    "Time of all flushes.", 0 },
	{ NULL, HK_METRICS_GAUGE, NULL, NULL, 0 },
};

const hki_node_row hki_node_networks[] = {
	{ "node_network_receive_bytes", HK_METRICS_COUNTER, "receive_bytes",
	    "Bytes received.", 0 },
	{ "node_network_receive_packets", HK_METRICS_COUNTER, "receive_packets",
	    "Packets received.", 0 },
	{ "node_network_receive_errs", HK_METRICS_COUNTER, "receive_errors",
	    "Bad packets received.", 0 },
	{ "node_network_receive_drop", HK_METRICS_COUNTER, "receive_dropped",
	    "Packets received and thrown away.", 0 },
	{ "node_network_receive_multicast", HK_METRICS_COUNTER, "receive_multicast",
	    "Packets received that were for many.", 0 },
	{ "node_network_transmit_bytes", HK_METRICS_COUNTER, "transmit_bytes",
	    "Bytes sent.", 0 },
	{ "node_network_transmit_packets", HK_METRICS_COUNTER, "transmit_packets",
	    "Packets sent.", 0 },
	{ "node_network_transmit_errs", HK_METRICS_COUNTER, "transmit_errors",
	    "Packets that could not be sent.", 0 },
	{ "node_network_transmit_drop", HK_METRICS_COUNTER, "transmit_dropped",
	    "Packets thrown away instead of sent.", 0 },
	{ "node_network_transmit_colls", HK_METRICS_COUNTER, "collisions",
	    "Packets that met others.", 0 },
	{ "node_network_up", HK_METRICS_GAUGE, "running",
	    "Whether it is switched on and connected.", 0 },
	{ "node_network_mtu_bytes", HK_METRICS_GAUGE, "mtu_bytes", "Largest packet.", 0 },
	{ "node_network_speed_bytes", HK_METRICS_GAUGE, "speed_bits_per_s",
	    "Speed of the link, bytes a second.", 1.0 / 8 },
	{ "node_network_carrier_changes", HK_METRICS_COUNTER, "carrier_changes",
	    "Times it was connected or disconnected.", 0 },
	{ "node_network_iface_id", HK_METRICS_GAUGE, "index", "Number of the interface.",
	    0 },
	{ NULL, HK_METRICS_GAUGE, NULL, NULL, 0 },
};

const hki_node_row hki_node_sockets[] = {
	{ "node_sockstat_sockets_used", HK_METRICS_GAUGE, "used", "Sockets.", 0 },
	{ "node_sockstat_TCP_inuse", HK_METRICS_GAUGE, "tcp_in_use", "TCP sockets.", 0 },
	{ "node_sockstat_TCP_orphan", HK_METRICS_GAUGE, "tcp_orphaned",
	    "TCP sockets no process holds.", 0 },
	{ "node_sockstat_TCP_tw", HK_METRICS_GAUGE, "tcp_time_wait",
	    "TCP connections that wait for late packets.", 0 },
	{ "node_sockstat_TCP_alloc", HK_METRICS_GAUGE, "tcp_allocated",
	    "TCP sockets in any state.", 0 },
	{ "node_sockstat_TCP_mem_bytes", HK_METRICS_GAUGE, "tcp_memory_bytes",
	    "Memory of TCP.", 0 },
	{ "node_sockstat_UDP_inuse", HK_METRICS_GAUGE, "udp_in_use", "UDP sockets.", 0 },
	{ "node_netstat_Tcp_CurrEstab", HK_METRICS_UNKNOWN, "tcp_established",
	    "TCP connections.", 0 },
	{ "node_netstat_Tcp_ActiveOpens", HK_METRICS_UNKNOWN, "tcp_opened",
	    "TCP connections opened from here.", 0 },
	{ "node_netstat_Tcp_PassiveOpens", HK_METRICS_UNKNOWN, "tcp_accepted",
	    "TCP connections opened from outside.", 0 },
	{ "node_netstat_Tcp_RetransSegs", HK_METRICS_UNKNOWN,
	    "tcp_segments_retransmitted", "TCP segments sent again.", 0 },
	{ "node_netstat_Tcp_InErrs", HK_METRICS_UNKNOWN, "tcp_errors",
	    "Bad TCP segments.", 0 },
	{ "node_netstat_TcpExt_ListenOverflows", HK_METRICS_UNKNOWN, "listen_overflows",
	    "Connections refused because a queue was full.", 0 },
	{ "node_netstat_TcpExt_ListenDrops", HK_METRICS_UNKNOWN, "listen_drops",
	    "Connections thrown away while listening.", 0 },
	{ "node_netstat_Udp_InDatagrams", HK_METRICS_UNKNOWN, "udp_received",
	    "UDP datagrams received.", 0 },
	{ "node_netstat_Udp_OutDatagrams", HK_METRICS_UNKNOWN, "udp_sent",
	    "UDP datagrams sent.", 0 },
	{ "node_netstat_Udp_RcvbufErrors", HK_METRICS_UNKNOWN,
	    "udp_receive_buffer_errors", "UDP datagrams that found no room.", 0 },
	{ NULL, HK_METRICS_GAUGE, NULL, NULL, 0 },
};

const hki_node_row hki_node_limits[] = {
	{ "node_filefd_allocated", HK_METRICS_GAUGE, "open_files", "Open files.", 0 },
	{ "node_filefd_maximum", HK_METRICS_GAUGE, "open_files_limit",
	    "Open files at most.", 0 },
	{ "node_entropy_available_bits", HK_METRICS_GAUGE, "entropy_bits", "Random bits.",
	    0 },
	{ NULL, HK_METRICS_GAUGE, NULL, NULL, 0 },
};
