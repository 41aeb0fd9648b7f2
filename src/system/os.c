/*
 * The host as a whole.  What cannot change while the kernel runs is read once.
 */
#include "system/os.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "base/array.h"
#include "base/clock.h"
#include "system/sessions.h"

typedef struct host_state {
	hk_system_host record;
	bool known; /* what does not change */
	char hostname[256];
	char arch[64];
	char kernel[128];
	char kernel_version[256];
	char distribution[128];
	char distribution_id[64];
	char distribution_version[64];
	char vendor[128];
	char product[128];
	char virtualisation[32];
	char container[64];
	char boot_id[64];
	char temporary_directory[256];
	char home_directory[256];
	hki_user user;
} host_state;

/* ---- what stays ---- */

static void read_kernel(host_state *host, const hk_system *system)
{
	struct utsname names;

	if (hki_file_line(system, "/proc/sys/kernel/osrelease", host->kernel,
		sizeof(host->kernel)) < 0)
		host->kernel[0] = '\0';
	if (hki_file_line(system, "/proc/sys/kernel/version", host->kernel_version,
		sizeof(host->kernel_version)) < 0)
		host->kernel_version[0] = '\0';
	/* Linux 6.1 */
	if (hki_file_line(
		system, "/proc/sys/kernel/arch", host->arch, sizeof(host->arch)) < 0)
		host->arch[0] = '\0';
	if (!system->live || uname(&names) < 0)
		return;
	hki_scan_copy(host->arch, sizeof(host->arch), hki_scan_text(names.machine));
	hki_scan_copy(host->kernel, sizeof(host->kernel), hki_scan_text(names.release));
	hki_scan_copy(host->kernel_version, sizeof(host->kernel_version),
	    hki_scan_text(names.version));
}

static void read_distribution(host_state *host, hk_system *system)
{
	hki_scan text;

	if (hki_file_read(system, "/etc/os-release", &text) < 0 &&
	    hki_file_read(system, "/usr/lib/os-release", &text) < 0)
		return;
	if (!hki_os_release_find(
		host->distribution, sizeof(host->distribution), text, "PRETTY_NAME"))
		(void) hki_os_release_find(
		    host->distribution, sizeof(host->distribution), text, "NAME");
	(void) hki_os_release_find(
	    host->distribution_id, sizeof(host->distribution_id), text, "ID");
	(void) hki_os_release_find(host->distribution_version,
	    sizeof(host->distribution_version), text, "VERSION_ID");
}

static void read_line(
    const hk_system *system, const char *path, char *out, size_t capacity)
{
	if (hki_file_line(system, path, out, capacity) < 0)
		out[0] = '\0';
}

/* As Node's os.tmpdir(): the environment's, without a slash at its end, else /tmp. */
static void find_directories(host_state *host)
{
	static const char *const names[] = { "TMPDIR", "TMP", "TEMP" };
	const char *home = getenv("HOME");
	const char *temporary = NULL;
	size_t length;

	for (size_t i = 0; i < HKI_COUNT(names); i++)
		if (temporary == NULL || temporary[0] == '\0')
			temporary = getenv(names[i]);
	if (temporary == NULL || temporary[0] == '\0')
		temporary = "/tmp";
	hki_scan_copy(host->temporary_directory, sizeof(host->temporary_directory),
	    hki_scan_text(temporary));
	length = strlen(host->temporary_directory);
	if (length > 1 && host->temporary_directory[length - 1] == '/')
		host->temporary_directory[length - 1] = '\0';
	hki_scan_copy(host->home_directory, sizeof(host->home_directory),
	    hki_scan_text(home != NULL && home[0] != '\0' ? home : host->user.home));
}

static void read_constants(host_state *host, hk_system *system)
{
	read_kernel(host, system);
	read_distribution(host, system);
	read_line(
	    system, "/sys/class/dmi/id/sys_vendor", host->vendor, sizeof(host->vendor));
	read_line(system, "/sys/class/dmi/id/product_name", host->product,
	    sizeof(host->product));
	read_line(system, "/proc/sys/kernel/random/boot_id", host->boot_id,
	    sizeof(host->boot_id));
	hki_virtualisation_find(
	    host->virtualisation, sizeof(host->virtualisation), system);
	hki_container_find(host->container, sizeof(host->container), system);
	hki_user_find(&host->user, system);
	find_directories(host);
	host->known = true;
}

/* ---- what goes on ---- */

static void read_times_of_files(hk_system_host *record, hk_system *system)
{
	hki_scan text, line;
	double seconds;

	if (hki_file_read(system, "/proc/uptime", &text) == 0 &&
	    hki_scan_decimal(&seconds, &text))
		HKI_PUT(host, record, uptime_s, seconds);
	if (hki_file_read(system, "/proc/stat", &text) < 0)
		return;
	while (hki_scan_line(&line, &text))
		if (hki_scan_skip(&line, "btime") && hki_scan_decimal(&seconds, &line))
			HKI_PUT(host, record, boot_time_s, seconds);
}

/* The clock may be set while we run, and the time of the start moves with it, as the
 * kernel's own does: what stays is how long it has been up. */
static void read_times(hk_system_host *record, hk_system *system)
{
	uint64_t up_ns = hki_clock_boot_ns();
	int64_t boot_ns = hki_clock_real_at_boot_ns();
	int64_t now_ns = boot_ns + (int64_t) up_ns;

	if (!system->live) {
		read_times_of_files(record, system);
		return;
	}
	HKI_PUT(host, record, uptime_s, (double) up_ns / HKI_NS_PER_S);
	HKI_PUT(host, record, time_s, (double) now_ns / HKI_NS_PER_S);
	if (boot_ns > 0)
		HKI_PUT(host, record, boot_time_s, (double) boot_ns / HKI_NS_PER_S);
}

static int count(const hki_session *session, void *user)
{
	(void) session;
	++*(uint64_t *) user;
	return 0;
}

static void fill_texts(host_state *host)
{
	hk_system_host *record = &host->record;

	HKI_PUT(host, record, platform, "linux");
#define TEXT(member)                                                                     \
	if (host->member[0] != '\0')                                                     \
	HKI_PUT(host, record, member, host->member)
	TEXT(hostname);
	TEXT(arch);
	TEXT(kernel);
	TEXT(kernel_version);
	TEXT(distribution);
	TEXT(distribution_id);
	TEXT(distribution_version);
	TEXT(vendor);
	TEXT(product);
	TEXT(virtualisation);
	TEXT(container);
	TEXT(boot_id);
	TEXT(temporary_directory);
	TEXT(home_directory);
#undef TEXT
	HKI_PUT(host, record, user, host->user.record);
}

static int sample_host(hk_system *system, void *state)
{
	host_state *host = state;
	uint64_t sessions = 0;

	if (!host->known)
		read_constants(host, system);
	host->record = (hk_system_host){ .hostname = NULL };
	read_line(
	    system, "/proc/sys/kernel/hostname", host->hostname, sizeof(host->hostname));
	fill_texts(host);
	read_times(&host->record, system);
	if (hki_sessions_each(system, count, &sessions) == 0)
		HKI_PUT(host, &host->record, sessions, sessions);
	return 0;
}

const hki_section hki_section_host = {
	.state_bytes = sizeof(host_state),
	.sample = sample_host,
};

const hk_system_host *hk_system_get_host(const hk_system *system)
{
	const host_state *state = hki_system_state(system, HKI_SECTION_HOST);

	return &state->record;
}
