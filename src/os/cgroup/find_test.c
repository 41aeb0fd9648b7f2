/* Where our cgroups are, on hosts that this machine is not. */
#include "os/cgroup/find.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/torture.h"

typedef struct host {
	const char *mountinfo;
	const char *cgroup;
	hki_cgroup_places expected;
} host;

static void assert_place(const char *expected, const char *found)
{
	if (expected == NULL)
		assert_null(found);
	else if (found == NULL)
		fail_msg("'%s' was not found", expected);
	else
		assert_string_equal(expected, found);
}

static void check(const host *on)
{
	hki_cgroup_places places;

	assert_int_equal(0, hki_cgroup_places_parse(&places, on->mountinfo, on->cgroup));
	assert_place(on->expected.unified, places.unified);
	assert_place(on->expected.unified_mount, places.unified_mount);
	assert_place(on->expected.memory, places.memory);
	assert_place(on->expected.pids, places.pids);
	assert_place(on->expected.cpu, places.cpu);
	hki_cgroup_places_deinit(&places);
}

#define PLACE(text) ((char[]){ text })

#define UNIFIED_MOUNT                                                                    \
	"25 30 0:23 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - "        \
	"cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"

static void a_pure_v2_host(void **state)
{
	const host on = {
		.mountinfo = "24 1 8:1 / / rw - ext4 /dev/sda1 rw\n" UNIFIED_MOUNT,
		.cgroup = "0::/user.slice/user-1000.slice/session-3.scope\n",
		.expected = { .unified =
				  PLACE("/sys/fs/cgroup/user.slice/user-1000.slice/"
					"session-3.scope"),
		    .unified_mount = PLACE("/sys/fs/cgroup") },
	};

	(void) state;
	check(&on);
}

#define V1_MOUNT(id, names)                                                              \
#id " 31 0:29 / /sys/fs/cgroup/" names                                           \
	    " rw,relatime shared:9 - cgroup cgroup rw," names "\n"

static void a_hybrid_host_has_both(void **state)
{
	const host on = {
		.mountinfo =
		    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n" V1_MOUNT(
			32, "cpu,cpuacct") V1_MOUNT(35, "memory") V1_MOUNT(39,
			"pids") V1_MOUNT(40,
			"name=systemd") "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime "
					"- cgroup2 cgroup2 rw\n",
		.cgroup = "9:name=systemd:/a\n8:pids:/\n4:memory:/process/1\n"
			  "2:cpu,cpuacct:/b c\n0::/\n",
		.expected = { .unified = PLACE("/sys/fs/cgroup/unified"),
		    .unified_mount = PLACE("/sys/fs/cgroup/unified"),
		    .memory = PLACE("/sys/fs/cgroup/memory/process/1"),
		    .pids = PLACE("/sys/fs/cgroup/pids"),
		    .cpu = PLACE("/sys/fs/cgroup/cpu,cpuacct/b c") },
	};

	(void) state;
	check(&on);
}

static void a_v1_host_has_no_unified_hierarchy(void **state)
{
	const host on = {
		.mountinfo = V1_MOUNT(35, "memory") V1_MOUNT(39, "pids"),
		.cgroup = "4:memory:/m\n3:cpuset:/\n",
		.expected = { .memory = PLACE("/sys/fs/cgroup/memory/m") },
	};

	(void) state;
	check(&on);
}

/* Docker without a cgroup namespace: the mount shows the container's part alone. */
static void a_container_sees_the_part_below_the_mounts_root(void **state)
{
	const host on = {
		.mountinfo = "700 699 0:26 /docker/0123ab /sys/fs/cgroup ro,nosuid - "
			     "cgroup2 cgroup rw\n",
		.cgroup = "0::/docker/0123ab/inner\n",
		.expected = { .unified = PLACE("/sys/fs/cgroup/inner"),
		    .unified_mount = PLACE("/sys/fs/cgroup") },
	};
	const host exactly = {
		.mountinfo = on.mountinfo,
		.cgroup = "0::/docker/0123ab\n",
		.expected = { .unified = PLACE("/sys/fs/cgroup"),
		    .unified_mount = PLACE("/sys/fs/cgroup") },
	};

	(void) state;
	check(&on);
	check(&exactly);
}

static void a_mount_that_does_not_show_us_is_passed_over(void **state)
{
	const host beside = {
		.mountinfo =
		    "700 699 0:26 /docker/0123 /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
		.cgroup = "0::/docker/0123ab\n",
	};
	const host above = {
		.mountinfo = UNIFIED_MOUNT,
		.cgroup = "0::/../sibling\n",
	};
	const host second = {
		.mountinfo = "700 699 0:26 /docker/x /a rw - cgroup2 cgroup rw\n"
			     "701 699 0:26 / /b rw - cgroup2 cgroup rw\n",
		.cgroup = "0::/docker/y\n",
		.expected = { .unified = PLACE("/b/docker/y"),
		    .unified_mount = PLACE("/b") },
	};

	(void) state;
	check(&beside);
	check(&above);
	check(&second);
}

static void escapes_in_paths_are_decoded(void **state)
{
	const host on = {
		.mountinfo =
		    "25 30 0:23 /a\\040b /mnt/tab\\011line\\012back\\134slash rw "
		    "shared:4 master:7 - cgroup2 cgroup2 rw\n",
		.cgroup = "0::/a b/with:colon\n",
		.expected = { .unified = PLACE("/mnt/tab\tline\nback\\slash/with:colon"),
		    .unified_mount = PLACE("/mnt/tab\tline\nback\\slash") },
	};
	char odd[] = "\\04 \\400 \\08x \\0401 \\";

	(void) state;
	check(&on);
	hki_cgroup_unescape(odd);
	assert_string_equal("\\04 \\400 \\08x  1 \\", odd);
}

static void lines_that_make_no_sense_are_passed_over(void **state)
{
	const host on = {
		.mountinfo = "\n\n1 2\n25 30 0:23 / /no/dash rw cgroup2 cgroup2 rw\n"
			     "25 30 0:23 / relative rw - cgroup2 cgroup2 rw\n"
			     "25 30 0:23 / /short rw - cgroup2\n" UNIFIED_MOUNT "garbage",
		.cgroup = "\nx\n0:\n0::\n0::relative\n1:name=x:/n\n0::/good",
		.expected = { .unified = PLACE("/sys/fs/cgroup/good"),
		    .unified_mount = PLACE("/sys/fs/cgroup") },
	};
	const host nothing = { .mountinfo = "", .cgroup = "" };

	(void) state;
	check(&on);
	check(&nothing);
}

/* "cpu" is neither "cpuset" nor "cpuacct". */
static void controllers_are_whole_words(void **state)
{
	const host on = {
		.mountinfo = V1_MOUNT(31, "cpuset") V1_MOUNT(32, "cpuacct"),
		.cgroup = "3:cpuset:/\n2:cpuacct:/\n1:cpu:/\n",
	};

	(void) state;
	check(&on);
}

static int parse(void *user)
{
	hki_cgroup_places places;
	int r = hki_cgroup_places_parse(
	    &places, UNIFIED_MOUNT V1_MOUNT(35, "memory"), "0::/a\n4:memory:/b\n");

	(void) user;
	if (r == 0)
		hki_cgroup_places_deinit(&places);
	return r;
}

static void lack_of_memory_is_survived(void **state)
{
	(void) state;
	assert_true(hki_torture(parse, NULL) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pure_v2_host),
		cmocka_unit_test(a_hybrid_host_has_both),
		cmocka_unit_test(a_v1_host_has_no_unified_hierarchy),
		cmocka_unit_test(a_container_sees_the_part_below_the_mounts_root),
		cmocka_unit_test(a_mount_that_does_not_show_us_is_passed_over),
		cmocka_unit_test(escapes_in_paths_are_decoded),
		cmocka_unit_test(lines_that_make_no_sense_are_passed_over),
		cmocka_unit_test(controllers_are_whole_words),
		cmocka_unit_test(lack_of_memory_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
