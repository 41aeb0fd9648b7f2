#include "system/process_details.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include <hostkit/system_process.h>
#include "base/array.h"
#include "system/process_details_test.h"

/* What the files of /proc say, read from texts that this machine need not have. */

#define SHOWS(row, type, name) shows(&(row)->record, &(type), name)

static void a_name_may_hold_anything(void **state)
{
	static const struct {
		const char *text;
		const char *name;
	} cases[] = {
		{ "7 (cat) S 1 7 7 0 -1 4194304 1 0 0 0 11 12 0 0 20 0 1 0 99 8192 1",
		    "cat" },
		{ "7 (a) S 1 (b) S 1 7 7 0 -1 4194304 1 0 0 0 11 12 0 0 20 0 1 0 99 "
		  "8192 1",
		    "a) S 1 (b" },
		{ "7 (\n) ) S 1 7 7 0 -1 4194304 1 0 0 0 11 12 0 0 20 0 1 0 99 8192 1",
		    "\n) " },
		{ "7 () S 1 7 7 0 -1 4194304 1 0 0 0 11 12 0 0 20 0 1 0 99 8192 1", "" },
	};
	hki_details_stat stat;

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		assert_int_equal(hki_details_stat_parse(&stat, cases[i].text), 0);
		assert_string_equal(stat.name, cases[i].name);
		assert_int_equal(stat.id, 7);
		assert_int_equal(stat.state, HK_SYSTEM_STATE_SLEEPING);
		assert_int_equal(stat.user_ticks, 11);
		assert_int_equal(stat.system_ticks, 12);
		assert_int_equal(stat.start_ticks, 99);
	}
	assert_int_equal(hki_details_stat_parse(&stat, ""), HK_EPARSE);
	assert_int_equal(hki_details_stat_parse(&stat, "7 (cat"), HK_EPARSE);
	assert_int_equal(hki_details_stat_parse(&stat, "7 (cat) S 1 7"), HK_EPARSE);
	assert_int_equal(hki_details_stat_parse(&stat, "x (cat) S 1 7 7"), HK_EPARSE);
}

static void owners_are_read_from_paths(void **state)
{
#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	static const struct {
		const char *path;
		const char *container, *engine, *unit, *user_unit, *slice, *session;
	} cases[] = {
		{ "/", 0, 0, 0, 0, 0, 0 },
		{ "", 0, 0, 0, 0, 0, 0 },
		{ "/system.slice/nginx.service", 0, 0, "nginx.service", 0, "system.slice",
		    0 },
		{ "/user.slice/user-1000.slice/session-3.scope", 0, 0, "session-3.scope",
		    0, "user-1000.slice", "3" },
		{ "/user.slice/user-1000.slice/user@1000.service/app.slice/fox.service",
		    0, 0, "user@1000.service", "fox.service", "app.slice", 0 },
		{ "/system.slice/docker-" ID ".scope", ID, "docker",
		    "docker-" ID ".scope", 0, "system.slice", 0 },
		{ "/docker/" ID, ID, "docker", 0, 0, 0, 0 },
		{ "/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope", ID,
		    "containerd", "cri-containerd-" ID ".scope", 0, "kubepods-pod1.slice",
		    0 },
		{ "/kubepods/burstable/pod1/" ID, ID, 0, 0, 0, 0, 0 },
		{ "/machine.slice/libpod-" ID ".scope/container", ID, "podman",
		    "libpod-" ID ".scope", 0, "machine.slice", 0 },
		{ "/lxc.payload.web/init.scope", "web", "lxc", "init.scope", 0, 0, 0 },
		{ "/lxc/web", "web", "lxc", 0, 0, 0, 0 },
		{ "/machine.slice/machine-deb.scope", "deb", "machine",
		    "machine-deb.scope", 0, "machine.slice", 0 },
		{ "/docker-short.scope", 0, 0, "docker-short.scope", 0, 0, 0 },
	};
	char text[HK_SYSTEM_CGROUP_OWNER_TEXT_MAX];

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		hk_system_cgroup_owner owner;
		const char *got[6],
		    *wanted[6] = { cases[i].container, cases[i].engine, cases[i].unit,
			    cases[i].user_unit, cases[i].slice, cases[i].session };

		hk_system_cgroup_owner_read(&owner, text, cases[i].path);
		memcpy(got,
		    (const char *[6]){ owner.container, owner.engine, owner.unit,
			owner.user_unit, owner.slice, owner.session },
		    sizeof(got));
		for (unsigned int j = 0; j < 6; j++) {
			bool same =
			    wanted[j] == NULL
				? got[j] == NULL
				: got[j] != NULL && strcmp(got[j], wanted[j]) == 0;

			if (!same ||
			    hk_record_has(&owner.record, j) != (wanted[j] != NULL))
				fail_msg("'%s': %s is '%s', not '%s'", cases[i].path,
				    hk_system_cgroup_owner_type.fields[j].name,
				    got[j] ? got[j] : "-", wanted[j] ? wanted[j] : "-");
		}
	}
}

static void an_endless_path_is_cut(void **state)
{
	static char path[8192];
	char text[HK_SYSTEM_CGROUP_OWNER_TEXT_MAX];
	hk_system_cgroup_owner owner;

	(void) state;
	memset(path, 'a', sizeof(path) - 1);
	memcpy(path + sizeof(path) - 9, ".service", 9);
	hk_system_cgroup_owner_read(&owner, text, path);
	assert_int_equal(strlen(owner.unit), HK_SYSTEM_CGROUP_OWNER_TEXT_MAX - 1);
}

static void mappings_are_summed_by_file(void **state)
{
	hki_details_reading reading = parsing();
	hk_record_list list;
	const hk_system_map *maps;

	(void) state;
	assert_int_equal(
	    hki_details_maps_parse(&list, &reading,
		"1000-3000 r-xp 00000000 fe:01 12 /usr/lib/a b.so (deleted)\n"
		"3000-4000 rw-p 00002000 fe:01 12 /usr/lib/a b.so (deleted)\n"
		"5000-25000 rw-p 00000000 00:00 0 \n"
		"30000-31000 rw-s 00000000 00:01 9                 /dev/zero\n"
		"nonsense\n"
		"40000-41000 rw-p 00000000 00:00 0                          [stack]\n"),
	    0);
	maps = list.items;
	assert_int_equal(list.count, 4);
	assert_string_equal(maps[0].path, "[anonymous]");
	assert_int_equal(maps[0].size_bytes, 0x20000);
	assert_string_equal(maps[1].path, "/usr/lib/a b.so (deleted)");
	assert_int_equal(maps[1].count, 2);
	assert_int_equal(maps[1].size_bytes, 0x3000);
	assert_int_equal(maps[1].code_bytes, 0x2000);
	assert_int_equal(maps[1].writable_bytes, 0x1000);
	assert_string_equal(maps[2].path, "/dev/zero");
	assert_int_equal(maps[2].shared_bytes, 0x1000);
	assert_int_equal(maps[2].writable_bytes, 0);
	hki_arena_deinit(&reading.result->arena);
}

static void a_rollup_is_summed(void **state)
{
	hk_system_memory_use use;

	(void) state;
	assert_int_equal(hki_details_memory_parse(&use,
			     "1000-2000 ---p 00000000 00:00 0 [rollup]\n"
			     "Rss:                 100 kB\nPss:  60 kB\nShared_Clean: 30 "
			     "kB\nShared_Dirty: 10 kB\nPrivate_Clean: 20 "
			     "kB\nPrivate_Dirty: 40 kB\nSwap: 0 kB\n"),
	    0);
	assert_int_equal(use.rss_bytes, 102400);
	assert_int_equal(use.pss_bytes, 61440);
	assert_int_equal(use.uss_bytes, 61440);
	assert_int_equal(use.shared_bytes, 40960);
	assert_true(SHOWS(&use, hk_system_memory_use_type, "swap_bytes"));
	assert_false(SHOWS(&use, hk_system_memory_use_type, "locked_bytes"));
	assert_int_equal(hki_details_memory_parse(&use, ""), -ENODATA);
}

static void masks_become_names(void **state)
{
	hki_details_reading reading = parsing();
	hk_system_credentials use = { .uid = 0 };

	(void) state;
	assert_int_equal(
	    hki_details_credentials_parse(&use, &reading,
		"Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t10 20 \n"
		"CapEff:\t0000020000000021\nCapPrm:\t0000000000000000\n"
		"SigBlk:\t0000000000004001\nSigIgn:\t8000000000000000\n"
		"NoNewPrivs:\t1\nSeccomp:\t2\n"),
	    0);
	assert_int_equal(use.saved_uid, 3);
	assert_int_equal(use.filesystem_gid, 8);
	assert_int_equal(use.groups.count, 2);
	assert_string_equal(use.groups.items[1], "20");
	assert_int_equal(use.capabilities_effective.count, 3);
	assert_string_equal(use.capabilities_effective.items[0], "cap_chown");
	assert_string_equal(use.capabilities_effective.items[1], "cap_kill");
	assert_string_equal(use.capabilities_effective.items[2], "cap_41");
	assert_int_equal(use.capabilities_permitted.count, 0);
	assert_true(SHOWS(&use, hk_system_credentials_type, "capabilities_permitted"));
	assert_false(SHOWS(&use, hk_system_credentials_type, "capabilities_ambient"));
	assert_string_equal(use.signals_blocked.items[0], "SIGHUP");
	assert_string_equal(use.signals_blocked.items[1], "SIGTERM");
	assert_string_equal(use.signals_ignored.items[0], "SIGRTMIN+32");
	assert_true(use.no_new_privileges);
	assert_int_equal(use.seccomp, HK_SYSTEM_SECCOMP_FILTER);
	hki_arena_deinit(&reading.result->arena);
}

static void lines_of_sockets_are_read(void **state)
{
	static const char tcp[] =
	    "   0: 0100007F:1F90 00000000:0000 0A 00000005:00000003 00:00000000 00000000 "
	    "   33        0 3145 1 0000000000000000 100 0 0 10 0";
	static const char tcp6[] =
	    "   1: 00000000000000000000000001000000:0016 "
	    "B80D01200000000000000000010000FF:C350 01 00000000:00000000 02:00 0 0 0 77 1";
	hki_socket socket;
	char text[INET6_ADDRSTRLEN];

	(void) state;
	assert_int_equal(hki_socket_inet_parse(&socket, AF_INET, IPPROTO_TCP, tcp), 1);
	assert_int_equal(socket.local_port, 8080);
	assert_string_equal(
	    inet_ntop(AF_INET, socket.local, text, sizeof(text)), "127.0.0.1");
	assert_int_equal(socket.state, 10);
	assert_int_equal(socket.send_queue, 5);
	assert_int_equal(socket.receive_queue, 3);
	assert_int_equal(socket.inode, 3145);
	assert_int_equal(hki_socket_inet_parse(&socket, AF_INET6, IPPROTO_TCP, tcp6), 1);
	assert_string_equal(inet_ntop(AF_INET6, socket.local, text, sizeof(text)), "::1");
	assert_string_equal(
	    inet_ntop(AF_INET6, socket.remote, text, sizeof(text)), "2001:db8::ff00:1");
	assert_int_equal(socket.remote_port, 50000);
	assert_int_equal(
	    hki_socket_inet_parse(&socket, AF_INET, IPPROTO_TCP, "   0: 01"), 0);

	assert_int_equal(hki_socket_unix_parse(&socket,
			     "0000000000000000: 00000002 00000000 00010000 0001 01 17018 "
			     "/run/a b\n"),
	    1);
	assert_int_equal(socket.state, 10);
	assert_int_equal(socket.inode, 17018);
	assert_int_equal(socket.path_length, strlen("/run/a b"));
	assert_int_equal(hki_socket_unix_parse(&socket,
			     "0000000000000000: 00000003 00000000 00000000 0002 03 17\n"),
	    1);
	assert_int_equal(socket.state, 1);
	assert_int_equal(socket.path_length, 0);
	assert_int_equal(hki_socket_unix_parse(&socket, ""), 0);
}

static void limits_may_be_none(void **state)
{
	hki_details_reading reading = parsing();
	hk_record_list list;
	const hk_system_limit *limits;

	(void) state;
	assert_int_equal(
	    hki_details_limits_parse(&list, &reading,
		"Limit                     Soft Limit           Hard Limit           "
		"Units     \n"
		"Max cpu time              unlimited            unlimited            "
		"seconds   \n"
		"Max open files            1024                 524288               "
		"files     \n"
		"Max nice priority         0                    0                    \n"
		"cut off\n"),
	    0);
	limits = list.items;
	assert_int_equal(list.count, 3);
	assert_string_equal(limits[0].name, "cpu_time");
	assert_true(limits[0].soft_unlimited && limits[0].hard_unlimited);
	assert_false(SHOWS(&limits[0], hk_system_limit_type, "soft"));
	assert_string_equal(limits[1].name, "open_files");
	assert_int_equal(limits[1].soft, 1024);
	assert_int_equal(limits[1].hard, 524288);
	assert_string_equal(limits[1].unit, "files");
	assert_false(SHOWS(&limits[1], hk_system_limit_type, "soft_unlimited"));
	assert_string_equal(limits[2].name, "nice_priority");
	assert_false(SHOWS(&limits[2], hk_system_limit_type, "unit"));
	hki_arena_deinit(&reading.result->arena);
}

static void hierarchies_of_both_versions_are_read(void **state)
{
	hki_details_reading reading = parsing();
	hk_record_list list;
	const hk_system_cgroup *rows;

	(void) state;
	assert_int_equal(
	    hki_details_cgroups_parse(&list, &reading,
		"4:cpu,cpuacct:/a:b\nnonsense\n0::/system.slice/x.service\n"),
	    0);
	rows = list.items;
	assert_int_equal(list.count, 2);
	assert_int_equal(rows[0].hierarchy, 4);
	assert_string_equal(rows[0].controllers, "cpu,cpuacct");
	assert_string_equal(rows[0].path, "/a:b");
	assert_false(SHOWS(&rows[1], hk_system_cgroup_type, "controllers"));
	assert_string_equal(rows[1].path, "/system.slice/x.service");
	hki_arena_deinit(&reading.result->arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_may_hold_anything),
		cmocka_unit_test(owners_are_read_from_paths),
		cmocka_unit_test(an_endless_path_is_cut),
		cmocka_unit_test(mappings_are_summed_by_file),
		cmocka_unit_test(a_rollup_is_summed),
		cmocka_unit_test(masks_become_names),
		cmocka_unit_test(lines_of_sockets_are_read),
		cmocka_unit_test(limits_may_be_none),
		cmocka_unit_test(hierarchies_of_both_versions_are_read),
	};

	return cmocka_run_group_tests_name("system/details_parse", tests, NULL, NULL);
}
