#include "system/disks.h"
#include "system/host_test.h"

/* Disks of every kind, and counters that do not only grow. */

static const hk_system_disk *disk(const hk_system *system, const char *name)
{
	size_t count;
	const hk_system_disk *disks = hk_system_get_disks(system, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(disks[i].name, name) == 0)
			return &disks[i];
	fail_msg("no disk %s", name);
	return NULL;
}

static void kinds_tell_who_may_be_added_up(void **state)
{
	hk_system *system;

	(void) state;
	host_unpack("laptop");
	system = host_open();
	host_sample(system, HK_SYSTEM_DISKS);
	assert_int_equal(HK_SYSTEM_DISK_WHOLE, disk(system, "sda")->kind);
	assert_int_equal(HK_SYSTEM_DISK_PARTITION, disk(system, "sda1")->kind);
	assert_int_equal(HK_SYSTEM_DISK_VIRTUAL, disk(system, "dm-0")->kind);
	assert_string_equal("WDC WD5000", disk(system, "sda")->model);
	assert_int_equal(UINT64_C(1000215216) * 512, disk(system, "sda")->size_bytes);
	assert_true(disk(system, "sda")->rotates);
	assert_int_equal(4096, disk(system, "cciss/c0d0")->size_bytes);
	hk_system_free(system);
}

static void lines_of_old_and_new_kernels_are_read(void **state)
{
	const hk_system_disk *found;
	hk_system *system;

	(void) state;
	host_unpack("laptop");
	system = host_open();
	host_sample(system, HK_SYSTEM_DISKS);
	found = disk(system, "sda"); /* 17 columns */
	assert_int_equal(2000 * 512, found->read_bytes);
	assert_int_equal(4000 * 512, found->written_bytes);
	assert_near(0.7, found->busy_time_s);
	assert_int_equal(64 * 512, found->discarded_bytes);
	assert_int_equal(3, found->flushes);
	found = disk(system, "sda1"); /* four, before 2.6.25 */
	assert_int_equal(90, found->reads);
	assert_int_equal(9 * 512, found->read_bytes);
	assert_int_equal(270 * 512, found->written_bytes);
	assert_absent(disk, found, read_time_s);
	found = disk(system, "dm-0"); /* eleven, before 4.18 */
	assert_near(0.97, found->weighted_time_s);
	assert_absent(disk, found, discards);
	found = disk(system, "cciss/c0d0"); /* more than we know */
	assert_int_equal(16, found->flushes);
	hk_system_free(system);
}

static void lines_that_are_none_are_passed_over(void **state)
{
	hki_disk_line line;

	(void) state;
	assert_false(hki_disk_line_parse(&line, hki_scan_text("")));
	assert_false(hki_disk_line_parse(&line, hki_scan_text("8 0 sda")));
	assert_false(hki_disk_line_parse(&line, hki_scan_text("8 0 sda 1 2 3 4 5")));
	assert_false(hki_disk_line_parse(&line, hki_scan_text("8 x sda 1 2 3 4")));
}

static void second_sample(hk_system *system, const char *before, const char *after)
{
	host_file("proc/diskstats", before);
	host_sample(system, HK_SYSTEM_DISKS);
	host_file("proc/diskstats", after);
	host_sample(system, HK_SYSTEM_DISKS);
}

static void rates_need_two_samples(void **state)
{
	hk_system *system = host_open();
	const hk_system_disk *found;

	(void) state;
	host_file("proc/diskstats", "8 0 sda 10 0 100 50 10 0 100 50 0 100 100\n");
	host_sample(system, HK_SYSTEM_DISKS);
	assert_absent(disk, disk(system, "sda"), reads_per_s);
	host_file("proc/diskstats", "8 0 sda 14 0 200 90 10 0 100 50 2 100 140\n");
	host_sample(system, HK_SYSTEM_DISKS);
	found = disk(system, "sda");
	assert_true(found->reads_per_s > 0);
	assert_near(0.01, found->read_wait_s); /* 40 ms of four reads */
	assert_absent(disk, found, write_wait_s);
	assert_near(0, found->written_bytes_per_s);
	assert_present(disk, found, written_bytes_per_s);
	hk_system_free(system);
}

static void milliseconds_that_run_over_go_on(void **state)
{
	hk_system *system = host_open();
	const hk_system_disk *found;

	(void) state;
	second_sample(system, "8 0 sda 10 0 100 4294967290 0 0 0 0 0 4294967290 0\n",
	    "8 0 sda 12 0 100 4 0 0 0 0 0 4 0\n");
	found = disk(system, "sda");
	assert_near(4294967.3, found->read_time_s);
	assert_near(0.005, found->read_wait_s); /* 10 ms of two reads */
	assert_true(found->busy_percent >= 0);
	hk_system_free(system);
}

static void a_device_that_was_made_anew_has_no_rate(void **state)
{
	hk_system *system = host_open();
	const hk_system_disk *found;

	(void) state;
	second_sample(system, "253 0 dm-0 1000 0 9000 50 10 0 100 50 0 100 100\n",
	    "253 0 dm-0 1 0 8 5 0 0 0 0 0 1 1\n");
	found = disk(system, "dm-0");
	assert_absent(disk, found, read_bytes_per_s);
	assert_int_equal(8 * 512, found->read_bytes);
	hk_system_free(system);
}

static void a_name_that_went_to_another_device_has_no_rate(void **state)
{
	hk_system *system = host_open();

	(void) state;
	second_sample(system, "8 0 sda 1 0 8 5 0 0 0 0 0 1 1\n",
	    "8 16 sda 1000 0 9000 50 10 0 100 50 0 100 100\n");
	assert_absent(disk, disk(system, "sda"), read_bytes_per_s);
	hk_system_free(system);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    kinds_tell_who_may_be_added_up, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    lines_of_old_and_new_kernels_are_read, host_setup, host_teardown),
		cmocka_unit_test(lines_that_are_none_are_passed_over),
		cmocka_unit_test_setup_teardown(
		    rates_need_two_samples, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    milliseconds_that_run_over_go_on, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    a_device_that_was_made_anew_has_no_rate, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    a_name_that_went_to_another_device_has_no_rate, host_setup,
		    host_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
