#include "system/host_test.h"
#include "system/os.h"
#include "system/sessions.h"

#include <utmpx.h>

/* Who the host is, who is logged in, what its sensors say. */

static void a_container_says_what_it_is(void **state)
{
	const hk_system_host *host;
	hk_system *system;

	(void) state;
	host_unpack("container");
	system = host_open();
	host_sample(system, HK_SYSTEM_HOST);
	host = hk_system_get_host(system);
	assert_string_equal("8c5f2e", host->hostname);
	assert_string_equal("Alpine \"Linux\" v3.20", host->distribution);
	assert_string_equal("alpine", host->distribution_id);
	assert_string_equal("3.20.1", host->distribution_version);
	assert_string_equal("docker", host->container);
	assert_string_equal("amazon", host->virtualisation);
	assert_string_equal("Amazon EC2", host->vendor);
	assert_string_equal("linux", host->platform);
	assert_near(3600.25, host->uptime_s);
	assert_near(1700000000, host->boot_time_s);
	assert_absent(host, host, sessions); /* nobody keeps a list there */
	hk_system_free(system);
}

static void containers_leave_different_marks(void **state)
{
	char name[64];
	hk_system *system = host_open();

	(void) state;
	hki_container_find(name, sizeof(name), system);
	assert_string_equal("", name);
	host_file("proc/self/cgroup", "0::/kubepods/burstable/pod1/abc\n");
	hki_container_find(name, sizeof(name), system);
	assert_string_equal("kubernetes", name);
	host_write("proc/1/environ", "A=1\0container=lxc\0B=2", 21);
	hki_container_find(name, sizeof(name), system);
	assert_string_equal("lxc", name);
	host_file("run/systemd/container", "systemd-nspawn\n");
	hki_container_find(name, sizeof(name), system);
	assert_string_equal("systemd-nspawn", name);
	hk_system_free(system);
}

static void windows_is_no_bare_metal(void **state)
{
	char name[64];
	hk_system *system = host_open();

	(void) state;
	hki_virtualisation_find(name, sizeof(name), system);
	assert_string_equal("", name);
	host_file("proc/sys/kernel/osrelease", "5.15.90.1-microsoft-standard-WSL2\n");
	hki_virtualisation_find(name, sizeof(name), system);
	assert_string_equal("wsl", name);
	hk_system_free(system);
}

static void os_release_is_unquoted_like_a_shell_would(void **state)
{
	const char *text = "# ID=comment\nNAME='a b'\nA=\"x\\\"y\\$z\"\nID=one\nID=two\n"
			   "E=\nLONG=abcdefgh\n";
	char value[8];

	(void) state;
	assert_true(
	    hki_os_release_find(value, sizeof(value), hki_scan_text(text), "NAME"));
	assert_string_equal("a b", value);
	assert_true(hki_os_release_find(value, sizeof(value), hki_scan_text(text), "A"));
	assert_string_equal("x\"y$z", value);
	assert_true(hki_os_release_find(value, sizeof(value), hki_scan_text(text), "ID"));
	assert_string_equal("two", value);
	assert_true(hki_os_release_find(value, sizeof(value), hki_scan_text(text), "E"));
	assert_string_equal("", value);
	assert_true(
	    hki_os_release_find(value, sizeof(value), hki_scan_text(text), "LONG"));
	assert_string_equal("abcdefg", value);
	assert_false(hki_os_release_find(value, sizeof(value), hki_scan_text(text), "X"));
}

static void a_user_is_found_by_number(void **state)
{
	hki_user user;

	(void) state;
	assert_true(hki_passwd_parse(&user,
	    hki_scan_text("ada:x:1000:1000:Ada L,room 3,,:/home/ada:/bin/zsh"), 1000));
	assert_string_equal("ada", user.name);
	assert_string_equal("Ada L", user.full_name);
	assert_string_equal("/home/ada", user.home);
	assert_string_equal("/bin/zsh", user.shell);
	assert_false(hki_passwd_parse(&user, hki_scan_text("ada:x:1000:1"), 100));
	assert_false(hki_passwd_parse(&user, hki_scan_text(":x:1000:1"), 1000));
	assert_false(hki_passwd_parse(&user, hki_scan_text("+::::::"), 0));
}

static void sessions_of_logind_are_those_of_users(void **state)
{
	const hk_system_session *sessions;
	hk_system *system;
	size_t count;

	(void) state;
	host_unpack("laptop");
	system = host_open();
	host_sample(system, HK_SYSTEM_SESSIONS);
	sessions = hk_system_get_sessions(system, &count);
	assert_int_equal(1, count); /* neither the login screen nor the manager */
	assert_string_equal("ada", sessions[0].user);
	assert_string_equal("pts/0", sessions[0].terminal);
	assert_string_equal("2001:db8::7", sessions[0].host);
	assert_string_equal("3", sessions[0].id);
	assert_string_equal("sshd", sessions[0].service);
	assert_int_equal(1000, sessions[0].uid);
	assert_int_equal(4711, sessions[0].pid);
	assert_near(1795379355.71, sessions[0].login_time_s);
	assert_absent(session, &sessions[0], seat);
	hk_system_free(system);
}

static void utmp_comes_first_and_lasts_beyond_2038(void **state)
{
	struct utmpx entries[3] = { { .ut_type = BOOT_TIME, .ut_user = "reboot" },
		{ .ut_type = USER_PROCESS, .ut_pid = 77 }, { .ut_type = DEAD_PROCESS } };
	const hk_system_session *sessions;
	hk_system *system;
	size_t count;

	(void) state;
	host_unpack("laptop");
	/* Fields may be full to the last byte, without a terminator. */
	memset(entries[1].ut_user, 'u', sizeof(entries[1].ut_user));
	memset(entries[1].ut_line, 'l', sizeof(entries[1].ut_line));
	entries[1].ut_tv.tv_sec = (__typeof__(entries[1].ut_tv.tv_sec)) 2208988800U;
	host_write("run/utmp", entries, sizeof(entries) - 7); /* and half an entry */
	system = host_open();
	host_sample(system, HK_SYSTEM_SESSIONS);
	sessions = hk_system_get_sessions(system, &count);
	assert_int_equal(1, count);
	assert_int_equal(sizeof(entries[1].ut_user), strlen(sessions[0].user));
	assert_int_equal(77, sessions[0].pid);
	assert_near(2208988800.0, sessions[0].login_time_s);
	hk_system_free(system);
}

static const hk_system_sensor *sensor(const hk_system *system, const char *label)
{
	const hk_system_sensors *sensors = hk_system_get_sensors(system);
	const hk_system_sensor *items = sensors->sensors.items;

	for (size_t i = 0; i < sensors->sensors.count; i++)
		if (strcmp(items[i].label, label) == 0)
			return &items[i];
	fail_msg("no sensor %s", label);
	return NULL;
}

static void sensors_have_the_unit_of_their_kind(void **state)
{
	const hk_system_sensor *first;
	hk_system *system;

	(void) state;
	host_unpack("laptop");
	system = host_open();
	host_sample(system, HK_SYSTEM_SENSORS);
	first = hk_system_get_sensors(system)->sensors.items;
	assert_string_equal("Package id 0", first->label); /* hwmon3 before hwmon10 */
	assert_string_equal("coretemp", first->chip);
	assert_near(54, first->celsius);
	assert_near(100, first->high);
	assert_near(105, first->critical);
	assert_near(-5.5, sensor(system, "temp2")->celsius);
	assert_near(1350, sensor(system, "fan2")->turns_per_minute);
	assert_true(sensor(system, "fan2")->alarm);
	assert_absent(sensor, sensor(system, "fan2"), celsius);
	assert_near(1.216, sensor(system, "in0")->volts);
	assert_near(2.5, sensor(system, "curr1")->amperes);
	assert_near(15.25, sensor(system, "power1")->watts);
	/* The zone called coretemp is the chip again; a label alone is no sensor. */
	assert_string_equal("acpitz", sensor(system, "zone1")->chip);
	assert_int_equal(7, hk_system_get_sensors(system)->sensors.count);
	hk_system_free(system);
}

static const hk_system_battery *battery(const hk_system *system, const char *name)
{
	const hk_system_sensors *sensors = hk_system_get_sensors(system);
	const hk_system_battery *items = sensors->batteries.items;

	for (size_t i = 0; i < sensors->batteries.count; i++)
		if (strcmp(items[i].name, name) == 0)
			return &items[i];
	fail_msg("no power supply %s", name);
	return NULL;
}

static void batteries_say_how_long_they_last(void **state)
{
	hk_system *system;

	(void) state;
	host_unpack("laptop");
	system = host_open();
	host_sample(system, HK_SYSTEM_SENSORS);
	assert_string_equal("discharging", battery(system, "BAT0")->status);
	assert_near(50, battery(system, "BAT0")->charge_percent);
	assert_near(7200, battery(system, "BAT0")->time_left_s);
	assert_near(80, battery(system, "BAT0")->health_percent);
	assert_int_equal(321, battery(system, "BAT0")->cycles);
	/* Counted in charge: 2 Ah at 10 V are missing, and 10 W come in. */
	assert_near(30, battery(system, "BAT1")->energy_full_watt_hours);
	assert_near(10, battery(system, "BAT1")->power_watts);
	assert_near(7200, battery(system, "BAT1")->time_left_s);
	assert_absent(battery, battery(system, "BAT1"), charge_percent);
	assert_false(battery(system, "AC")->online);
	assert_absent(battery, battery(system, "AC"), time_left_s);
	hk_system_free(system);
}

static void without_sys_there_are_no_sensors_to_speak_of(void **state)
{
	hk_system *system = host_open();

	(void) state;
	assert_int_equal(0, hk_system_sample(system, HK_SYSTEM_SENSORS));
	assert_int_equal(-ENOENT, hk_system_error(system, HK_SYSTEM_SENSORS));
	assert_absent(sensors, hk_system_get_sensors(system), sensors);
	hk_system_free(system);
}

static void bytes_read_as_in(
    void **state, hk_bytes_style style, uint64_t bytes, const char *expected)
{
	char text[32];

	(void) state;
	assert_int_equal(
	    strlen(expected), hk_format_bytes(text, sizeof(text), bytes, style));
	assert_string_equal(expected, text);
}

static void sizes_read_as_people_write_them(void **state)
{
	char tight[4];

	bytes_read_as_in(state, HK_BYTES_CLASSIC, 0, "0 Bytes");
	bytes_read_as_in(state, HK_BYTES_CLASSIC, 1, "1 Bytes");
	bytes_read_as_in(state, HK_BYTES_CLASSIC, 1023, "1023 Bytes");
	bytes_read_as_in(state, HK_BYTES_CLASSIC, 1024, "1 KB");
	bytes_read_as_in(state, HK_BYTES_CLASSIC, 1536, "1.5 KB");
	bytes_read_as_in(state, HK_BYTES_CLASSIC, 1234567, "1.18 MB");
	bytes_read_as_in(state, HK_BYTES_CLASSIC, UINT64_C(5) << 40, "5 TB");
	bytes_read_as_in(state, HK_BYTES_IEC, 1048575, "1 MiB"); /* not 1024 KiB */
	bytes_read_as_in(state, HK_BYTES_IEC, 1100, "1.07 KiB");
	bytes_read_as_in(state, HK_BYTES_IEC, UINT64_MAX, "16 EiB");
	bytes_read_as_in(state, HK_BYTES_SI, 999, "999 B");
	bytes_read_as_in(state, HK_BYTES_SI, 1610000000, "1.61 GB");
	bytes_read_as_in(state, HK_BYTES_SI, UINT64_MAX, "18.45 EB");
	assert_int_equal(7, hk_format_bytes(tight, sizeof(tight), 1536, HK_BYTES_IEC));
	assert_string_equal("1.5", tight);
	assert_int_equal(7, hk_format_bytes(NULL, 0, 1536, HK_BYTES_IEC));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_container_says_what_it_is, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    containers_leave_different_marks, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    windows_is_no_bare_metal, host_setup, host_teardown),
		cmocka_unit_test(os_release_is_unquoted_like_a_shell_would),
		cmocka_unit_test(a_user_is_found_by_number),
		cmocka_unit_test_setup_teardown(
		    sessions_of_logind_are_those_of_users, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    utmp_comes_first_and_lasts_beyond_2038, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    sensors_have_the_unit_of_their_kind, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    batteries_say_how_long_they_last, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(
		    without_sys_there_are_no_sensors_to_speak_of, host_setup,
		    host_teardown),
		cmocka_unit_test(sizes_read_as_people_write_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
