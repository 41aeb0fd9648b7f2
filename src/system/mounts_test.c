#include "system/host_test.h"
#include "system/mounts.h"

/* What mountinfo says, and what of it can be reached. */

static hki_mounts mounts;

static int deinit(void **state)
{
	(void) state;
	hki_mounts_deinit(&mounts);
	return 0;
}

static void parse(const char *text)
{
	assert_int_equal(0, hki_mounts_parse(&mounts, hki_scan_text(text)));
}

static const hki_mount *by_id(uint64_t id)
{
	for (size_t i = 0; i < mounts.count; i++)
		if (mounts.items[i].id == id)
			return &mounts.items[i];
	fail_msg("no mount %d", (int) id);
	return NULL;
}

static void every_octal_escape_is_undone(void **state)
{
	(void) state;
	parse("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
	      "2 1 8:2 / /a\\040b\\011c\\012d\\134e\\043f rw,x shared:1 - ext4 "
	      "/dev/my\\040disk rw\n");
	assert_string_equal("/a b\tc\nd\\e#f", by_id(2)->point);
	assert_string_equal("/dev/my disk", by_id(2)->source);
	assert_string_equal("rw,x", by_id(2)->options);
}

static void an_empty_source_is_a_source(void **state)
{
	(void) state;
	parse("1 0 0:5 / /run rw - tmpfs  rw,size=1k\n");
	assert_string_equal("", by_id(1)->source);
	assert_string_equal("rw,size=1k", by_id(1)->super_options);
}

static void optional_fields_are_any_number(void **state)
{
	(void) state;
	parse("1 0 8:1 / / rw shared:1 master:2 propagate_from:3 - ext4 a rw\n"
	      "2 1 8:2 / /b rw - xfs b rw\n"
	      "3 1 8:3 / /c rw unbindable\n" /* cut short */
	      "x 1 8:4 / /d rw - xfs d rw\n" /* no number */
	      "4 1 8:5 / relative rw - xfs d rw\n" /* no path */);
	assert_int_equal(2, mounts.count);
	assert_string_equal("xfs", by_id(2)->type);
}

static void a_file_system_is_shown_once(void **state)
{
	(void) state;
	parse("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
	      "2 1 8:1 /srv/data /mnt rw - ext4 /dev/sda1 rw\n"
	      "3 1 8:2 /part /b rw - ext4 /dev/sdb1 rw\n"
	      "4 1 8:2 / /a/long/path rw - ext4 /dev/sdb1 rw\n"
	      "5 1 8:3 / /y/long rw - xfs /dev/sdc1 rw\n"
	      "6 1 8:3 / /y rw - xfs /dev/sdc1 rw\n");
	assert_true(by_id(1)->chosen);
	assert_false(by_id(2)->chosen);
	/* All of it beats a part of it, and then the short path wins. */
	assert_false(by_id(3)->chosen);
	assert_true(by_id(4)->chosen);
	assert_true(by_id(6)->chosen);
	assert_false(by_id(5)->chosen); /* and 6 stands above it */
}

static void what_lies_under_another_mount_is_out_of_reach(void **state)
{
	(void) state;
	parse("1 0 8:1 / / rw - ext4 a rw\n"
	      "2 1 8:2 / /mnt/disk rw - ext4 b rw\n" /* hidden by 3 */
	      "3 1 8:3 / /mnt rw - ext4 c rw\n"
	      "4 2 8:4 / /mnt/disk/deep rw - ext4 d rw\n" /* so is what is on it */
	      "5 3 8:5 / /mnt/disk rw - ext4 e rw\n"
	      "6 1 8:6 / /mntx rw - ext4 f rw\n"
	      "7 1 8:7 / /top rw - ext4 g rw\n"
	      "8 7 8:8 / /top rw - ext4 h rw\n" /* covers 7 */
	      "9 8 8:9 / /top/in rw - ext4 i rw\n"
	      "10 7 8:10 / /top/old rw - ext4 j rw\n"); /* was on 7 before */
	assert_true(by_id(1)->visible);
	assert_false(by_id(2)->visible);
	assert_true(by_id(3)->visible);
	assert_false(by_id(4)->visible);
	assert_true(by_id(5)->visible);
	assert_true(by_id(6)->visible);
	assert_false(by_id(7)->visible);
	assert_true(by_id(8)->visible);
	assert_true(by_id(9)->visible);
	assert_false(by_id(10)->visible);
}

static void a_mount_over_the_root_hides_all_below(void **state)
{
	(void) state;
	parse("1 0 8:1 / / rw - ext4 a rw\n"
	      "2 1 8:2 / /home rw - ext4 b rw\n"
	      "3 1 8:3 / / rw - ext4 c rw\n");
	assert_false(by_id(1)->visible);
	assert_false(by_id(2)->visible);
	assert_true(by_id(3)->visible);
}

static void nobody_asks_what_could_hang_directly(void **state)
{
	(void) state;
	parse(
	    "1 0 8:1 / / rw - ext4 a rw\n"
	    "2 1 0:40 / /net rw - nfs4 server:/x rw\n"
	    "3 2 0:41 / /net/tmp rw - tmpfs t rw\n" /* to reach it is to ask the server */
	    "4 1 0:42 / /auto rw - autofs systemd-1 rw\n"
	    "5 4 0:43 / /auto/disk rw - ext4 b rw\n"
	    "6 1 0:44 / /sys rw - sysfs s rw\n"
	    "7 6 0:45 / /sys/fs/cgroup rw - tmpfs t rw\n"
	    "8 1 0:46 / /some rw - whatnotfs s rw\n");
	assert_true(by_id(1)->prompt);
	assert_false(by_id(2)->prompt);
	assert_false(by_id(3)->prompt);
	assert_false(by_id(4)->chosen); /* to look would mount */
	assert_false(by_id(5)->prompt);
	assert_true(by_id(7)->prompt);
	assert_false(by_id(6)->chosen);
	assert_false(by_id(8)->prompt);
	assert_true(by_id(8)->chosen);
}

static void parents_that_go_round_do_not_hold_us_up(void **state)
{
	(void) state;
	parse("1 2 8:1 / /a rw - ext4 a rw\n2 1 8:2 / /a/b rw - ext4 b rw\n"
	      "3 3 8:3 / /c rw - ext4 c rw\n");
	assert_int_equal(3, mounts.count);
}

static void the_same_text_is_not_read_twice(void **state)
{
	const char *text = "1 0 8:1 / / rw - ext4 a rw\n";

	(void) state;
	parse(text);
	assert_int_equal(1, hki_mounts_parse(&mounts, hki_scan_text(text)));
	assert_int_equal(
	    0, hki_mounts_parse(&mounts, hki_scan_text("1 0 8:1 / / ro - ext4 a rw\n")));
	assert_string_equal("ro", by_id(1)->options);
}

static void percentages_round_up_as_df_does(void **state)
{
	uint64_t percent;

	(void) state;
	assert_true(hki_used_percent(&percent, 1, 999));
	assert_int_equal(1, percent);
	assert_true(hki_used_percent(&percent, 999, 1));
	assert_int_equal(100, percent);
	assert_true(hki_used_percent(&percent, 50, 50));
	assert_int_equal(50, percent);
	assert_true(hki_used_percent(&percent, 0, 5));
	assert_int_equal(0, percent);
	assert_false(hki_used_percent(&percent, 0, 0));
	assert_true(hki_used_percent(&percent, UINT64_MAX / 2, UINT64_MAX / 2));
	assert_int_equal(50, percent);
}

static void options_are_whole_words(void **state)
{
	(void) state;
	assert_true(hki_mount_has_option("rw,ro,relatime", "ro"));
	assert_false(hki_mount_has_option("rw,errors=remount-ro", "ro"));
	assert_false(hki_mount_has_option("", "ro"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_octal_escape_is_undone, deinit),
		cmocka_unit_test_teardown(an_empty_source_is_a_source, deinit),
		cmocka_unit_test_teardown(optional_fields_are_any_number, deinit),
		cmocka_unit_test_teardown(a_file_system_is_shown_once, deinit),
		cmocka_unit_test_teardown(
		    what_lies_under_another_mount_is_out_of_reach, deinit),
		cmocka_unit_test_teardown(a_mount_over_the_root_hides_all_below, deinit),
		cmocka_unit_test_teardown(nobody_asks_what_could_hang_directly, deinit),
		cmocka_unit_test_teardown(
		    parents_that_go_round_do_not_hold_us_up, deinit),
		cmocka_unit_test_teardown(the_same_text_is_not_read_twice, deinit),
		cmocka_unit_test(percentages_round_up_as_df_does),
		cmocka_unit_test(options_are_whole_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
