/*
 * The small files of /proc and /sys.  They are the kernel's, but in a container they
 * may be somebody's emulation of it, and sessions, os-release and passwd are anybody's.
 * The first byte says which.  Texts have no terminator, and what is read must end in
 * the room it was given.
 */
#include <hostkit/error.h>
#include "system/cgroups.h"
#include "system/cpu.h"
#include "system/disks.h"
#include "system/links.h"
#include "system/os.h"
#include "system/parsers.h"
#include "system/sessions.h"
#include "target.h"

static int count(uint64_t number, void *user)
{
	(void) number;
	return ++*(size_t *) user > 100000;
}

static void feed_records(unsigned int which, hki_scan text)
{
	hk_system_memory memory;
	hk_system_vmstat vmstat;
	hk_system_stalls stalls;
	hk_system_load load;
	int r = 0;

	switch (which) {
	case 0:
		r = hki_memory_parse(&memory, text);
		if (r == 0)
			FUZZ_MUST(memory.used_bytes <= memory.total_bytes);
		break;
	case 1:
		r = hki_vmstat_parse(&vmstat, text, 4096);
		break;
	case 2:
		r = hki_pressure_parse(&stalls, text);
		break;
	case 3:
		r = hki_load_parse(&load, text);
		break;
	}
	FUZZ_MUST(r == 0 || r == HK_EPARSE);
}

static void feed_tables(unsigned int which, hki_scan text)
{
	hk_system_sockets sockets = { .used = 0 };
	hki_cpu_topology topology = { .places = NULL };
	hki_disk_line disk;
	hki_link link;
	size_t numbers = 0;
	double cpus;

	switch (which) {
	case 4:
		hki_sockstat_parse(&sockets, text, 4096);
		break;
	case 5:
		hki_snmp_parse(&sockets, text);
		break;
	case 6:
		if (hki_disk_line_parse(&disk, text))
			FUZZ_MUST(strlen(disk.name) < HKI_DISK_NAME_MAX);
		break;
	case 7:
		if (hki_net_dev_parse(&link, text))
			FUZZ_MUST(strlen(link.name) < IFNAMSIZ);
		break;
	case 8:
		(void) hki_cpu_list_each(text, count, &numbers);
		break;
	case 9:
		hki_cpuinfo_parse(&topology, text);
		FUZZ_MUST(strlen(topology.model) < sizeof(topology.model));
		break;
	case 10:
		if (hki_cpu_max_parse(&cpus, text) == 0)
			FUZZ_MUST(cpus >= 0);
		break;
	}
}

static void feed_words(unsigned int which, hki_scan text)
{
	hki_session session;
	hki_user user;
	char value[16];

	switch (which) {
	case 11:
		hki_session_parse(&session, text);
		FUZZ_MUST(strlen(session.user) < sizeof(session.user));
		break;
	case 12:
		if (hki_os_release_find(value, sizeof(value), text, "ID"))
			FUZZ_MUST(strlen(value) < sizeof(value));
		break;
	case 13:
		if (hki_passwd_parse(&user, text, 0))
			FUZZ_MUST(user.name[0] != '\0');
		break;
	case 14:
		for (size_t i = 0;
		     hki_utmp_parse(&session, text.at, hki_scan_length(text), i) >= 0;
		     i++)
			FUZZ_MUST(i < hki_scan_length(text));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int which;
	hki_scan text;

	if (size == 0)
		return 0;
	which = data[0] >= 'a' ? (data[0] - 'a') % 15U : data[0] % 15U;
	text = hki_scan_of((const char *) data + 1, size - 1);
	feed_records(which, text);
	feed_tables(which, text);
	feed_words(which, text);
	return 0;
}
