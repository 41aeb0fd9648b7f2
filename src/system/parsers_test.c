#include "system/host_test.h"
#include "system/parsers.h"

/* Small files of /proc, as kernels of all ages write them. */

static void meminfo_is_read_with_and_without_spaces(void **state)
{
	hk_system_memory memory;

	(void) state;
	assert_int_equal(0,
	    hki_memory_parse(&memory,
		hki_scan_text(
		    "MemTotal:       1000 kB\nMemAvailable: 400 kB\nMemFree:100 kB\n"
		    "ShadowCallStack:10373888 kB\nHugePages_Total:       3\n"
		    "Hugepagesize:       2048 kB\nActive(anon): 77 kB\nActive: 7 kB\n")));
	assert_int_equal(1000 * 1024, memory.total_bytes);
	assert_int_equal(600 * 1024, memory.used_bytes);
	assert_near(60, memory.used_percent);
	assert_int_equal(3, memory.huge_pages_total);
	assert_int_equal(2048 * 1024, memory.huge_page_bytes);
	assert_int_equal(7 * 1024, memory.active_bytes);
	assert_int_equal(100 * 1024, memory.free_bytes);
	assert_absent(memory, &memory, swap_total_bytes);
	assert_absent(memory, &memory, swap_used_bytes);
}

static void without_an_estimate_nothing_is_called_used(void **state)
{
	hk_system_memory memory;

	(void) state;
	assert_int_equal(
	    0, hki_memory_parse(&memory,
		   hki_scan_text("MemTotal: 1000 kB\nMemFree: 400 kB\nSwapTotal: 0 kB\n"
				 "SwapFree: 0 kB\n")));
	assert_absent(memory, &memory, available_bytes);
	assert_absent(memory, &memory, used_bytes);
	assert_present(memory, &memory, swap_used_bytes);
	assert_absent(memory, &memory, swap_used_percent); /* of nothing */
}

static void more_available_than_there_is_leaves_nothing_used(void **state)
{
	hk_system_memory memory;

	(void) state; /* lxcfs does that */
	assert_int_equal(
	    0, hki_memory_parse(
		   &memory, hki_scan_text("MemTotal: 1000 kB\nMemAvailable: 4000 kB\n")));
	assert_int_equal(0, memory.used_bytes);
}

static void what_is_no_meminfo_is_refused(void **state)
{
	hk_system_memory memory;

	(void) state;
	assert_int_equal(HK_EPARSE, hki_memory_parse(&memory, hki_scan_text("")));
	assert_int_equal(
	    HK_EPARSE, hki_memory_parse(&memory, hki_scan_text("MemTotal\nfoo: x\n")));
}

static void numbers_beyond_64_bits_stay_at_the_end(void **state)
{
	hk_system_memory memory;

	(void) state;
	assert_int_equal(0, hki_memory_parse(&memory,
				hki_scan_text("MemTotal: 99999999999999999999 kB\n")));
	assert_int_equal(UINT64_MAX, memory.total_bytes);
}

static void vmstat_adds_up_what_kernels_split(void **state)
{
	hk_system_vmstat vmstat;

	(void) state;
	assert_int_equal(
	    0, hki_vmstat_parse(&vmstat,
		   hki_scan_text(
		       "pgpgin 10\npgpgout 20\npswpin 2\npswpout 3\nallocstall_dma 1\n"
		       "allocstall_normal 5\npgfault 100\npgmajfault 7\noom_kill 4\n"
		       "workingset_refault_anon 3\nworkingset_refault_file 4\n"
		       "pgscan_kswapd 6\npgscan_direct 7\npgscan_direct_throttle 1000\n"),
		   16384));
	assert_int_equal(10 * 1024, vmstat.paged_in_bytes);
	assert_int_equal(2 * 16384, vmstat.swapped_in_bytes);
	assert_int_equal(3 * 16384, vmstat.swapped_out_bytes);
	assert_int_equal(6, vmstat.allocation_stalls);
	assert_int_equal(7, vmstat.refaults);
	assert_int_equal(13, vmstat.pages_scanned);
	assert_int_equal(4, vmstat.oom_kills);
	assert_absent(vmstat, &vmstat, pages_reclaimed);
	assert_absent(vmstat, &vmstat, page_faults_per_s);
	assert_int_equal(
	    0, hki_vmstat_parse(
		   &vmstat, hki_scan_text("allocstall 9\nworkingset_refault 8\n"), 4096));
	assert_int_equal(9, vmstat.allocation_stalls);
	assert_int_equal(8, vmstat.refaults);
}

static void pressure_has_lines_that_may_be_missing(void **state)
{
	hk_system_stalls stalls;

	(void) state;
	assert_int_equal(
	    0, hki_pressure_parse(&stalls,
		   hki_scan_text(
		       "some avg10=3.26 avg60=38.71 avg300=24.65 total=6806243024\n"
		       "full avg10=0.00 avg60=0.50 avg300=0.00 total=1000\n")));
	assert_near(3.26, stalls.some.average_10s_percent);
	assert_near(38.71, stalls.some.average_60s_percent);
	assert_near(6806.243024, stalls.some.stalled_s);
	assert_near(0.5, stalls.full.average_60s_percent);
	assert_absent(stall, &stalls.some, stalled_percent);
	assert_int_equal(0, hki_pressure_parse(&stalls,
				hki_scan_text("full avg10=1.00 avg60=0.50 total=5\n")));
	assert_absent(stalls, &stalls, some);
	assert_absent(stall, &stalls.full, average_300s_percent);
	assert_int_equal(HK_EPARSE, hki_pressure_parse(&stalls, hki_scan_text("")));
}

static void load_is_read_and_half_of_it_too(void **state)
{
	hk_system_load load;

	(void) state;
	assert_int_equal(
	    0, hki_load_parse(&load, hki_scan_text("0.20 1.18 12.05 3/80 11206\n")));
	assert_near(1.18, load.load_5);
	assert_int_equal(3, load.runnable);
	assert_int_equal(80, load.tasks);
	assert_int_equal(11206, load.last_pid);
	assert_int_equal(0, hki_load_parse(&load, hki_scan_text("0.20 1.18 12.05")));
	assert_absent(load, &load, tasks);
	assert_int_equal(HK_EPARSE, hki_load_parse(&load, hki_scan_text("0.20 1.18")));
}

static void sockets_come_from_names_and_not_from_places(void **state)
{
	hk_system_sockets sockets = { .used = 0 };

	(void) state;
	hki_sockstat_parse(&sockets,
	    hki_scan_text("sockets: used 19\nTCP: inuse 1 orphan 2 tw 21 alloc 4 mem 5\n"
			  "UDP: inuse 6 mem 7\nFRAG: inuse 0 memory 8\n"
			  "TCP6: inuse 9\n"),
	    4096);
	hki_snmp_parse(&sockets,
	    hki_scan_text("Ip: Forwarding InReceives NewField\nIp: 2 100 7\n"
			  "Tcp: MaxConn RetransSegs CurrEstab\nTcp: -1 33 12\n"));
	hki_snmp_parse(
	    &sockets, hki_scan_text("TcpExt: A ListenOverflows\nTcpExt: 1 44\n"));
	assert_int_equal(19, sockets.used);
	assert_int_equal(21, sockets.tcp_time_wait);
	assert_int_equal(5 * 4096, sockets.tcp_memory_bytes);
	assert_int_equal(8, sockets.fragments_memory_bytes);
	assert_int_equal(9, sockets.tcp_in_use_v6);
	assert_int_equal(100, sockets.ip_received);
	assert_int_equal(33, sockets.tcp_segments_retransmitted);
	assert_int_equal(12, sockets.tcp_established);
	assert_int_equal(44, sockets.listen_overflows);
	assert_absent(sockets, &sockets, udp_in_use_v6);
}

static void numbers_do_not_depend_on_a_terminator(void **state)
{
	const char text[] = { '1', '2', '3', '.', '5', '9' };
	hki_scan scan = hki_scan_of(text, 5);
	int64_t number;
	double value;

	(void) state;
	assert_true(hki_scan_decimal(&value, &scan));
	assert_near(123.5, value);
	scan = hki_scan_text("-");
	assert_false(hki_scan_signed(&number, &scan));
	scan = hki_scan_text("- 5");
	assert_false(hki_scan_signed(&number, &scan));
	scan = hki_scan_text(" -5x");
	assert_true(hki_scan_signed(&number, &scan));
	assert_int_equal(-5, number);
	assert_true(hki_scan_is(scan, "x"));
}

static void counters_of_32_bits_go_on_beyond(void **state)
{
	uint64_t counter = UINT32_MAX - 5;

	(void) state;
	assert_true(hki_continue_32(&counter, 10));
	assert_int_equal(UINT64_C(0x10000000a), counter);
	assert_true(hki_continue_32(&counter, 20));
	assert_int_equal(UINT64_C(0x100000014), counter);
	counter = 1000;
	assert_false(hki_continue_32(&counter, 10)); /* made anew */
	assert_int_equal(10, counter);
	assert_true(hki_continue_32(&counter, UINT64_C(0x200000000)));
	assert_int_equal(UINT64_C(0x200000000), counter);
}

static void a_rate_needs_an_interval_and_a_counter_that_grew(void **state)
{
	double rate;

	(void) state;
	assert_false(hki_rate(&rate, 10, 5, 0));
	assert_false(hki_rate(&rate, 5, 10, 1));
	assert_true(hki_rate(&rate, 10, 5, 2));
	assert_near(2.5, rate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meminfo_is_read_with_and_without_spaces),
		cmocka_unit_test(without_an_estimate_nothing_is_called_used),
		cmocka_unit_test(more_available_than_there_is_leaves_nothing_used),
		cmocka_unit_test(what_is_no_meminfo_is_refused),
		cmocka_unit_test(numbers_beyond_64_bits_stay_at_the_end),
		cmocka_unit_test(vmstat_adds_up_what_kernels_split),
		cmocka_unit_test(pressure_has_lines_that_may_be_missing),
		cmocka_unit_test(load_is_read_and_half_of_it_too),
		cmocka_unit_test(sockets_come_from_names_and_not_from_places),
		cmocka_unit_test(numbers_do_not_depend_on_a_terminator),
		cmocka_unit_test(counters_of_32_bits_go_on_beyond),
		cmocka_unit_test(a_rate_needs_an_interval_and_a_counter_that_grew),
	};

	return cmocka_run_group_tests(tests, host_setup, host_teardown);
}
