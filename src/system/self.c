/*
 * The calling process about itself.  Time and faults come from getrusage(2), which
 * counts to the microsecond; sizes and threads from /proc/self; the heap from the
 * allocator.  Nothing is kept between calls.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>
#include <hostkit/error.h>
#include <hostkit/system_process.h>
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "os/procfs.h"
#include "system/process_parse.h"
#include "system/machine.h"
#include "system/self_heap.h"

enum {
	FIELD_PID,
	FIELD_PPID,
	FIELD_UPTIME,
	FIELD_START_TIME,
	FIELD_CPU_USER,
	FIELD_CPU_SYSTEM,
	FIELD_CPU_PERCENT,
	FIELD_RSS,
	FIELD_PEAK_RSS,
	FIELD_VIRTUAL,
	FIELD_SHARED,
	FIELD_HEAP_TOTAL,
	FIELD_HEAP_USED,
	FIELD_HEAP_MAPPED,
	FIELD_THREADS,
	FIELD_DESCRIPTORS,
	FIELD_DESCRIPTORS_MAX,
	FIELD_MINOR_FAULTS,
	FIELD_MAJOR_FAULTS,
	FIELD_VOLUNTARY_SWITCHES,
	FIELD_INVOLUNTARY_SWITCHES,
	FIELD_ARCHITECTURE,
	FIELD_PLATFORM
};

/* clang-format off */
#define AT(member) .offset = offsetof(hk_system_self_info, member)
static const hk_record_field fields[] = {
	[FIELD_PID] = { .name = "pid", .kind = HK_RECORD_INT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "process id", AT(pid) },
	[FIELD_PPID] = { .name = "ppid", .kind = HK_RECORD_INT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "id of the parent", AT(ppid) },
	[FIELD_UPTIME] = { .name = "uptime_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS,
	    .decimals = 3, .help = "since the start", AT(uptime_s) },
	[FIELD_START_TIME] = { .name = "start_time_s", .kind = HK_RECORD_DOUBLE,
	    .unit = HK_UNIT_TIMESTAMP, .decimals = 3, .help = "when it was started", AT(start_time_s) },
	[FIELD_CPU_USER] = { .name = "cpu_user_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS,
	    .decimals = 6, .help = "processor time in the program", AT(cpu_user_s) },
	[FIELD_CPU_SYSTEM] = { .name = "cpu_system_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS,
	    .decimals = 6, .help = "processor time in the kernel on its behalf", AT(cpu_system_s) },
	[FIELD_CPU_PERCENT] = { .name = "cpu_percent", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_PERCENT,
	    .decimals = 1, .help = "of one processor, since the start", AT(cpu_percent) },
	[FIELD_RSS] = { .name = "rss_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "resident memory", AT(rss_bytes) },
	[FIELD_PEAK_RSS] = { .name = "peak_rss_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "most resident memory so far", AT(peak_rss_bytes) },
	[FIELD_VIRTUAL] = { .name = "virtual_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "address space", AT(virtual_bytes) },
	[FIELD_SHARED] = { .name = "shared_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "resident and backed by files or shared memory", AT(shared_bytes) },
	[FIELD_HEAP_TOTAL] = { .name = "heap_total_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "taken from the system by malloc", AT(heap_total_bytes) },
	[FIELD_HEAP_USED] = { .name = "heap_used_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "of it, in use", AT(heap_used_bytes) },
	[FIELD_HEAP_MAPPED] = { .name = "heap_mapped_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "of it, large blocks with a mapping of their own", AT(heap_mapped_bytes) },
	[FIELD_THREADS] = { .name = "threads", .kind = HK_RECORD_UINT32, .help = "threads", AT(threads) },
	[FIELD_DESCRIPTORS] = { .name = "descriptors", .kind = HK_RECORD_UINT32,
	    .help = "open file descriptors", AT(descriptors) },
	[FIELD_DESCRIPTORS_MAX] = { .name = "descriptors_max", .kind = HK_RECORD_UINT64,
	    .help = "how many it may open", AT(descriptors_max) },
	[FIELD_MINOR_FAULTS] = { .name = "minor_faults", .kind = HK_RECORD_UINT64,
	    .help = "page faults answered from memory", AT(minor_faults) },
	[FIELD_MAJOR_FAULTS] = { .name = "major_faults", .kind = HK_RECORD_UINT64,
	    .help = "page faults answered from storage", AT(major_faults) },
	[FIELD_VOLUNTARY_SWITCHES] = { .name = "voluntary_switches", .kind = HK_RECORD_UINT64,
	    .help = "times it gave the processor away", AT(voluntary_switches) },
	[FIELD_INVOLUNTARY_SWITCHES] = { .name = "involuntary_switches", .kind = HK_RECORD_UINT64,
	    .help = "times the processor was taken from it", AT(involuntary_switches) },
	[FIELD_ARCHITECTURE] = { .name = "architecture", .kind = HK_RECORD_STRING,
	    .help = "the processor it was built for", AT(architecture) },
	[FIELD_PLATFORM] = { .name = "platform", .kind = HK_RECORD_STRING,
	    .help = "the operating system", AT(platform) },
};
#undef AT
/* clang-format on */

const hk_record_type hk_system_self_type = {
	.name = "self",
	.fields = fields,
	.field_count = HKI_COUNT(fields),
	.struct_size = sizeof(hk_system_self_info),
};

static void set(hk_system_self_info *self, unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i <= last; i++)
		hk_record_set(&self->record, i);
}

static double seconds_of(struct timeval time)
{
	return (double) time.tv_sec + (double) time.tv_usec / 1e6;
}

/* Identity, start and threads. */
static int take_stat(hk_system_self_info *self)
{
	char text[1280];
	size_t length;
	hki_stat stat;
	double ticks = (double) sysconf(_SC_CLK_TCK);
	double boot_s = (double) hki_clock_boot_ns() / (double) HKI_NS_PER_S;
	int r = hki_read_file(AT_FDCWD, "/proc/self/stat", text, sizeof(text), &length);

	if (r == 0)
		r = hki_stat_parse(&stat, text, length, HKI_STAT_BASE);
	if (r < 0)
		return r;
	self->pid = stat.pid;
	self->ppid = stat.ppid;
	self->threads = stat.threads;
	self->uptime_s = boot_s - (double) stat.start_ticks / ticks;
	if (self->uptime_s < 0)
		self->uptime_s = 0;
	self->start_time_s =
	    (double) hki_clock_real_at_boot_ns() / (double) HKI_NS_PER_S + boot_s -
	    self->uptime_s;
	set(self, FIELD_PID, FIELD_START_TIME);
	set(self, FIELD_THREADS, FIELD_THREADS);
	return 0;
}

static void take_usage(hk_system_self_info *self)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) < 0)
		return;
	self->cpu_user_s = seconds_of(usage.ru_utime);
	self->cpu_system_s = seconds_of(usage.ru_stime);
	self->peak_rss_bytes = (uint64_t) usage.ru_maxrss * 1024;
	self->minor_faults = (uint64_t) usage.ru_minflt;
	self->major_faults = (uint64_t) usage.ru_majflt;
	self->voluntary_switches = (uint64_t) usage.ru_nvcsw;
	self->involuntary_switches = (uint64_t) usage.ru_nivcsw;
	set(self, FIELD_CPU_USER, FIELD_CPU_SYSTEM);
	set(self, FIELD_PEAK_RSS, FIELD_PEAK_RSS);
	set(self, FIELD_MINOR_FAULTS, FIELD_INVOLUNTARY_SWITCHES);
	if (self->uptime_s <= 0)
		return;
	self->cpu_percent =
	    100.0 * (self->cpu_user_s + self->cpu_system_s) / self->uptime_s;
	set(self, FIELD_CPU_PERCENT, FIELD_CPU_PERCENT);
}

static void take_memory(hk_system_self_info *self)
{
	char text[256];
	size_t length;
	hki_statm statm;
	uint64_t page = (uint64_t) sysconf(_SC_PAGESIZE);

	if (hki_read_file(AT_FDCWD, "/proc/self/statm", text, sizeof(text), &length) <
		0 ||
	    hki_statm_parse(&statm, text, length) < 0)
		return;
	self->rss_bytes = statm.resident * page;
	self->virtual_bytes = statm.size * page;
	self->shared_bytes = statm.shared * page;
	if (self->peak_rss_bytes < self->rss_bytes)
		self->peak_rss_bytes = self->rss_bytes;
	set(self, FIELD_RSS, FIELD_RSS);
	set(self, FIELD_VIRTUAL, FIELD_SHARED);
}

static void take_heap(hk_system_self_info *self)
{
	hki_heap heap;

	if (!hki_heap_read(&heap))
		return;
	self->heap_total_bytes = heap.total_bytes;
	self->heap_used_bytes = heap.used_bytes;
	self->heap_mapped_bytes = heap.mapped_bytes;
	set(self, FIELD_HEAP_TOTAL, FIELD_HEAP_MAPPED);
}

/* Without the one that this takes itself.  A negative errno on failure. */
static int count_descriptors(void)
{
	_Alignas(struct dirent64) char entries[4096];
	hki_cleanup(hki_closep) int directory =
	    open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int count = 0;

	if (directory < 0)
		return -errno;
	for (;;) {
		ssize_t length = getdents64(directory, entries, sizeof(entries));

		if (length < 0)
			return -errno;
		if (length == 0)
			return count - 1;
		for (ssize_t at = 0; at < length;) {
			const struct dirent64 *entry = (const void *) (entries + at);

			count += entry->d_name[0] != '.';
			at += entry->d_reclen;
		}
	}
}

static void take_descriptors(hk_system_self_info *self)
{
	struct rlimit limit;
	int count = count_descriptors();

	if (count >= 0) {
		self->descriptors = (uint32_t) count;
		set(self, FIELD_DESCRIPTORS, FIELD_DESCRIPTORS);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
		self->descriptors_max = limit.rlim_cur;
		set(self, FIELD_DESCRIPTORS_MAX, FIELD_DESCRIPTORS_MAX);
	}
}

int hk_system_self(hk_system_self_info *out)
{
	hk_system_self_info self;
	int r;

	memset(&self, 0, sizeof(self));
	r = take_stat(&self);
	if (r < 0)
		return r;
	take_usage(&self);
	take_memory(&self);
	take_heap(&self);
	take_descriptors(&self);
	self.architecture = HKI_ARCHITECTURE;
	self.platform = "linux";
	set(&self, FIELD_ARCHITECTURE, FIELD_PLATFORM);
	*out = self;
	return 0;
}
