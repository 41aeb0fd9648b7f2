/*
 * The row of a process, described once.  Tables, JSON and metrics walk this, and
 * the table of processes reads from it what was asked for by name.
 */
#include <errno.h>
#include <stddef.h>
#include <hostkit/system_process.h>
#include "base/array.h"

/* The words of proc(5) and of psutil, so that others can be held against them. */
static const char *const state_names[] = { "running", "sleeping", "disk-sleep", "stopped",
	"tracing-stop", "zombie", "dead", "idle", "parked", NULL };
static const char *const policy_names[] = { "other", "fifo", "round-robin", "batch",
	"iso", "idle", "deadline", "extension", NULL };
static const char *const io_class_names[] = { "none", "realtime", "best-effort", "idle",
	NULL };

/* clang-format off */
#define AT(member) .offset = offsetof(hk_system_process, member)
static const hk_record_field fields[] = {
	[HK_SYSTEM_PROCESS_PID] = { .name = "pid", .kind = HK_RECORD_INT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "process id", .priority = 0, AT(pid) },
	[HK_SYSTEM_PROCESS_PPID] = { .name = "ppid", .kind = HK_RECORD_INT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "id of the parent; 0: outside of this namespace, or none", .priority = 3, AT(ppid) },
	[HK_SYSTEM_PROCESS_START_TICKS] = { .name = "start_ticks", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_IDENTIFIER,
	    .help = "start, in clock ticks since boot", .priority = 9, AT(start_ticks) },
	[HK_SYSTEM_PROCESS_INODE] = { .name = "inode", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_IDENTIFIER,
	    .help = "inode of its pidfd: never given twice between boots", .priority = 9, AT(inode) },
	[HK_SYSTEM_PROCESS_START_TIME] = { .name = "start_time_s", .kind = HK_RECORD_DOUBLE, .title = "START", .unit = HK_UNIT_TIMESTAMP, .decimals = 3,
	    .help = "when it was started", .priority = 4, AT(start_time_s) },
	[HK_SYSTEM_PROCESS_NAME] = { .name = "name", .kind = HK_RECORD_STRING,
	    .help = "name as the kernel keeps it", .priority = 0, AT(name) },
	[HK_SYSTEM_PROCESS_STATE] = { .name = "state", .kind = HK_RECORD_ENUM, .names = state_names,
	    .help = "what it is doing", .priority = 1, AT(state) },
	[HK_SYSTEM_PROCESS_KERNEL] = { .name = "kernel", .kind = HK_RECORD_BOOL,
	    .help = "a thread of the kernel", .priority = 8, AT(kernel) },
	[HK_SYSTEM_PROCESS_THREADS] = { .name = "threads", .kind = HK_RECORD_UINT32,
	    .help = "threads", .priority = 3, AT(threads) },
	[HK_SYSTEM_PROCESS_CPU_PERCENT] = { .name = "cpu_percent", .kind = HK_RECORD_DOUBLE, .title = "CPU%", .unit = HK_UNIT_PERCENT, .decimals = 1,
	    .help = "of one processor, since the sample before", .priority = 0, AT(cpu_percent) },
	[HK_SYSTEM_PROCESS_CPU] = { .name = "cpu_s", .kind = HK_RECORD_DOUBLE, .title = "TIME", .unit = HK_UNIT_SECONDS,
	    .help = "processor time", .priority = 4, AT(cpu_s) },
	[HK_SYSTEM_PROCESS_CPU_USER] = { .name = "cpu_user_s", .kind = HK_RECORD_DOUBLE, .title = "USER_TIME", .unit = HK_UNIT_SECONDS, .decimals = 2,
	    .help = "processor time in the program", .priority = 6, AT(cpu_user_s) },
	[HK_SYSTEM_PROCESS_CPU_SYSTEM] = { .name = "cpu_system_s", .kind = HK_RECORD_DOUBLE, .title = "SYSTEM_TIME", .unit = HK_UNIT_SECONDS, .decimals = 2,
	    .help = "processor time in the kernel on its behalf", .priority = 6, AT(cpu_system_s) },
	[HK_SYSTEM_PROCESS_RSS] = { .name = "rss_bytes", .kind = HK_RECORD_UINT64, .title = "RSS", .unit = HK_UNIT_BYTES,
	    .help = "resident memory", .priority = 0, AT(rss_bytes) },
	[HK_SYSTEM_PROCESS_MEMORY_PERCENT] = { .name = "memory_percent", .kind = HK_RECORD_DOUBLE, .title = "MEM%", .unit = HK_UNIT_PERCENT, .decimals = 1,
	    .help = "resident memory, of the machine's", .priority = 2, AT(memory_percent) },
	[HK_SYSTEM_PROCESS_VIRTUAL] = { .name = "virtual_bytes", .kind = HK_RECORD_UINT64, .title = "VIRT", .unit = HK_UNIT_BYTES,
	    .help = "address space", .priority = 5, AT(virtual_bytes) },
	[HK_SYSTEM_PROCESS_GROUP] = { .name = "group", .kind = HK_RECORD_INT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "process group", .priority = 7, AT(group) },
	[HK_SYSTEM_PROCESS_SESSION] = { .name = "session", .kind = HK_RECORD_INT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "session", .priority = 7, AT(session) },
	[HK_SYSTEM_PROCESS_TERMINAL] = { .name = "terminal", .kind = HK_RECORD_STRING, .title = "TTY",
	    .help = "controlling terminal", .priority = 4, AT(terminal) },
	[HK_SYSTEM_PROCESS_FOREGROUND_GROUP] = { .name = "foreground_group", .kind = HK_RECORD_INT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "process group in the foreground of its terminal", .priority = 8, AT(foreground_group) },
	[HK_SYSTEM_PROCESS_NICE] = { .name = "nice", .kind = HK_RECORD_INT32,
	    .help = "-20 runs first, 19 last", .priority = 4, AT(nice) },
	[HK_SYSTEM_PROCESS_PRIORITY] = { .name = "priority", .kind = HK_RECORD_INT32, .title = "PRI",
	    .help = "as the kernel counts", .priority = 7, AT(priority) },
	[HK_SYSTEM_PROCESS_POLICY] = { .name = "policy", .kind = HK_RECORD_ENUM, .names = policy_names,
	    .help = "scheduling policy", .priority = 7, AT(policy) },
	[HK_SYSTEM_PROCESS_REALTIME_PRIORITY] = { .name = "realtime_priority", .kind = HK_RECORD_UINT32, .title = "RTPRI",
	    .help = "1 to 99 with a real-time policy", .priority = 8, AT(realtime_priority) },
	[HK_SYSTEM_PROCESS_PROCESSOR] = { .name = "processor", .kind = HK_RECORD_UINT32, .title = "CPU", .unit = HK_UNIT_IDENTIFIER,
	    .help = "processor it ran on last", .priority = 6, AT(processor) },
	[HK_SYSTEM_PROCESS_MINOR_FAULTS] = { .name = "minor_faults", .kind = HK_RECORD_UINT64,
	    .help = "page faults answered from memory", .priority = 7, AT(minor_faults) },
	[HK_SYSTEM_PROCESS_MAJOR_FAULTS] = { .name = "major_faults", .kind = HK_RECORD_UINT64,
	    .help = "page faults answered from storage", .priority = 6, AT(major_faults) },
	[HK_SYSTEM_PROCESS_CHILDREN_MINOR_FAULTS] = { .name = "children_minor_faults", .kind = HK_RECORD_UINT64,
	    .help = "the same of children it waited for", .priority = 9, AT(children_minor_faults) },
	[HK_SYSTEM_PROCESS_CHILDREN_MAJOR_FAULTS] = { .name = "children_major_faults", .kind = HK_RECORD_UINT64,
	    .help = "the same of children it waited for", .priority = 9, AT(children_major_faults) },
	[HK_SYSTEM_PROCESS_CHILDREN_CPU_USER] = { .name = "children_cpu_user_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS, .decimals = 2,
	    .help = "of children it waited for", .priority = 8, AT(children_cpu_user_s) },
	[HK_SYSTEM_PROCESS_CHILDREN_CPU_SYSTEM] = { .name = "children_cpu_system_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS, .decimals = 2,
	    .help = "of children it waited for", .priority = 8, AT(children_cpu_system_s) },
	[HK_SYSTEM_PROCESS_CPU_GUEST] = { .name = "cpu_guest_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS, .decimals = 2,
	    .help = "processor time of a guest system, inside cpu_user_s", .priority = 9, AT(cpu_guest_s) },
	[HK_SYSTEM_PROCESS_CHILDREN_CPU_GUEST] = { .name = "children_cpu_guest_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS, .decimals = 2,
	    .help = "of children it waited for", .priority = 9, AT(children_cpu_guest_s) },
	[HK_SYSTEM_PROCESS_IO_WAIT] = { .name = "io_wait_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS, .decimals = 2,
	    .help = "delayed by block devices", .priority = 7, AT(io_wait_s) },
	[HK_SYSTEM_PROCESS_CPU_WAIT] = { .name = "cpu_wait_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS, .decimals = 3,
	    .help = "main thread: ready to run, but waiting for a processor", .priority = 7, AT(cpu_wait_s) },
	[HK_SYSTEM_PROCESS_SHARED] = { .name = "shared_bytes", .kind = HK_RECORD_UINT64, .title = "SHR", .unit = HK_UNIT_BYTES,
	    .help = "resident and backed by files or shared memory", .priority = 5, AT(shared_bytes) },
	[HK_SYSTEM_PROCESS_TEXT] = { .name = "text_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "code", .priority = 8, AT(text_bytes) },
	[HK_SYSTEM_PROCESS_DATA] = { .name = "data_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "private address space that can be written", .priority = 8, AT(data_bytes) },
	[HK_SYSTEM_PROCESS_READ_BYTES] = { .name = "read_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "fetched from storage", .priority = 5, AT(read_bytes) },
	[HK_SYSTEM_PROCESS_WRITTEN_BYTES] = { .name = "written_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "sent to storage", .priority = 5, AT(written_bytes) },
	[HK_SYSTEM_PROCESS_CANCELLED_BYTES] = { .name = "cancelled_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "written, then truncated away before it reached storage", .priority = 8, AT(cancelled_bytes) },
	[HK_SYSTEM_PROCESS_READ_CALL_BYTES] = { .name = "read_call_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "passed through read(2) and its kin", .priority = 7, AT(read_call_bytes) },
	[HK_SYSTEM_PROCESS_WRITE_CALL_BYTES] = { .name = "write_call_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "passed through write(2) and its kin", .priority = 7, AT(write_call_bytes) },
	[HK_SYSTEM_PROCESS_READ_CALLS] = { .name = "read_calls", .kind = HK_RECORD_UINT64,
	    .help = "calls of read(2) and its kin", .priority = 8, AT(read_calls) },
	[HK_SYSTEM_PROCESS_WRITE_CALLS] = { .name = "write_calls", .kind = HK_RECORD_UINT64,
	    .help = "calls of write(2) and its kin", .priority = 8, AT(write_calls) },
	[HK_SYSTEM_PROCESS_READ_RATE] = { .name = "read_bytes_per_s", .kind = HK_RECORD_DOUBLE, .title = "READ/s", .unit = HK_UNIT_BYTES,
	    .help = "fetched from storage, a second, since the sample before", .priority = 3, AT(read_bytes_per_s) },
	[HK_SYSTEM_PROCESS_WRITE_RATE] = { .name = "written_bytes_per_s", .kind = HK_RECORD_DOUBLE, .title = "WRITE/s", .unit = HK_UNIT_BYTES,
	    .help = "sent to storage, a second, since the sample before", .priority = 3, AT(written_bytes_per_s) },
	[HK_SYSTEM_PROCESS_NAMESPACE_PID] = { .name = "namespace_pid", .kind = HK_RECORD_INT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "its id in the innermost namespace it lives in", .priority = 8, AT(namespace_pid) },
	[HK_SYSTEM_PROCESS_AFFINITY] = { .name = "affinity", .kind = HK_RECORD_STRING,
	    .help = "processors it may run on", .priority = 8, AT(affinity) },
	[HK_SYSTEM_PROCESS_RSS_ANONYMOUS] = { .name = "rss_anonymous_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "resident memory without a file behind it", .priority = 7, AT(rss_anonymous_bytes) },
	[HK_SYSTEM_PROCESS_RSS_FILE] = { .name = "rss_file_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "resident memory of files", .priority = 8, AT(rss_file_bytes) },
	[HK_SYSTEM_PROCESS_RSS_SHMEM] = { .name = "rss_shmem_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "resident shared memory", .priority = 8, AT(rss_shmem_bytes) },
	[HK_SYSTEM_PROCESS_SWAP] = { .name = "swap_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "anonymous memory in swap", .priority = 6, AT(swap_bytes) },
	[HK_SYSTEM_PROCESS_STACK] = { .name = "stack_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "stack of the main thread", .priority = 9, AT(stack_bytes) },
	[HK_SYSTEM_PROCESS_LOCKED] = { .name = "locked_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "locked in memory", .priority = 9, AT(locked_bytes) },
	[HK_SYSTEM_PROCESS_PAGE_TABLES] = { .name = "page_table_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "page tables", .priority = 8, AT(page_table_bytes) },
	[HK_SYSTEM_PROCESS_HUGETLB] = { .name = "hugetlb_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "huge pages it asked for by itself", .priority = 9, AT(hugetlb_bytes) },
	[HK_SYSTEM_PROCESS_PEAK_RSS] = { .name = "peak_rss_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "most resident memory so far", .priority = 6, AT(peak_rss_bytes) },
	[HK_SYSTEM_PROCESS_PEAK_VIRTUAL] = { .name = "peak_virtual_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "largest address space so far", .priority = 9, AT(peak_virtual_bytes) },
	[HK_SYSTEM_PROCESS_VOLUNTARY_SWITCHES] = { .name = "voluntary_switches", .kind = HK_RECORD_UINT64,
	    .help = "times it gave the processor away", .priority = 7, AT(voluntary_switches) },
	[HK_SYSTEM_PROCESS_INVOLUNTARY_SWITCHES] = { .name = "involuntary_switches", .kind = HK_RECORD_UINT64,
	    .help = "times the processor was taken from it", .priority = 7, AT(involuntary_switches) },
	[HK_SYSTEM_PROCESS_UID] = { .name = "uid", .kind = HK_RECORD_UINT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "real user id", .priority = 5, AT(uid) },
	[HK_SYSTEM_PROCESS_EFFECTIVE_UID] = { .name = "effective_uid", .kind = HK_RECORD_UINT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "user id that decides what it may do", .priority = 6, AT(effective_uid) },
	[HK_SYSTEM_PROCESS_SAVED_UID] = { .name = "saved_uid", .kind = HK_RECORD_UINT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "user id it may return to", .priority = 9, AT(saved_uid) },
	[HK_SYSTEM_PROCESS_FILESYSTEM_UID] = { .name = "filesystem_uid", .kind = HK_RECORD_UINT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "user id for files", .priority = 9, AT(filesystem_uid) },
	[HK_SYSTEM_PROCESS_GID] = { .name = "gid", .kind = HK_RECORD_UINT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "real group id", .priority = 6, AT(gid) },
	[HK_SYSTEM_PROCESS_EFFECTIVE_GID] = { .name = "effective_gid", .kind = HK_RECORD_UINT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "group id that decides what it may do", .priority = 7, AT(effective_gid) },
	[HK_SYSTEM_PROCESS_SAVED_GID] = { .name = "saved_gid", .kind = HK_RECORD_UINT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "group id it may return to", .priority = 9, AT(saved_gid) },
	[HK_SYSTEM_PROCESS_FILESYSTEM_GID] = { .name = "filesystem_gid", .kind = HK_RECORD_UINT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "group id for files", .priority = 9, AT(filesystem_gid) },
	[HK_SYSTEM_PROCESS_IO_CLASS] = { .name = "io_class", .kind = HK_RECORD_ENUM, .names = io_class_names,
	    .help = "class of its storage accesses", .priority = 7, AT(io_class) },
	[HK_SYSTEM_PROCESS_IO_LEVEL] = { .name = "io_level", .kind = HK_RECORD_UINT32,
	    .help = "0 first, 7 last within the class", .priority = 8, AT(io_level) },
	[HK_SYSTEM_PROCESS_DESCRIPTORS] = { .name = "descriptors", .kind = HK_RECORD_UINT32, .title = "FDS",
	    .help = "open file descriptors", .priority = 5, AT(descriptors) },
	[HK_SYSTEM_PROCESS_OOM_SCORE] = { .name = "oom_score", .kind = HK_RECORD_INT32,
	    .help = "how readily it is killed when memory is short", .priority = 7, AT(oom_score) },
	[HK_SYSTEM_PROCESS_OOM_ADJUSTMENT] = { .name = "oom_adjustment", .kind = HK_RECORD_INT32,
	    .help = "what was added to that score on purpose", .priority = 7, AT(oom_adjustment) },
	[HK_SYSTEM_PROCESS_USER] = { .name = "user", .kind = HK_RECORD_STRING,
	    .help = "name of the real user", .priority = 1, AT(user) },
	[HK_SYSTEM_PROCESS_COMMAND] = { .name = "command", .kind = HK_RECORD_STRINGS,
	    .help = "program and arguments", .priority = 2, AT(command) },
	[HK_SYSTEM_PROCESS_EXECUTABLE] = { .name = "executable", .kind = HK_RECORD_STRING,
	    .help = "file it runs", .priority = 7, AT(executable) },
	[HK_SYSTEM_PROCESS_WORKING_DIRECTORY] = { .name = "working_directory", .kind = HK_RECORD_STRING,
	    .help = "its working directory", .priority = 8, AT(working_directory) },
	[HK_SYSTEM_PROCESS_CGROUP] = { .name = "cgroup", .kind = HK_RECORD_STRING,
	    .help = "its control group", .priority = 6, AT(cgroup) },
	[HK_SYSTEM_PROCESS_STALE] = { .name = "stale", .kind = HK_RECORD_BOOL,
	    .help = "its command could not be read in time", .priority = 8, AT(stale) },
	[HK_SYSTEM_PROCESS_EXIT_CODE] = { .name = "exit_code", .kind = HK_RECORD_INT32, .title = "CODE", .unit = HK_UNIT_IDENTIFIER,
	    .help = "exit code, if it has ended by itself", .priority = 2, AT(exit_code) },
	[HK_SYSTEM_PROCESS_EXIT_SIGNAL] = { .name = "exit_signal", .kind = HK_RECORD_INT32, .title = "SIGNAL", .unit = HK_UNIT_IDENTIFIER,
	    .help = "the signal that ended it", .priority = 2, AT(exit_signal) },
	[HK_SYSTEM_PROCESS_CORE_DUMPED] = { .name = "core_dumped", .kind = HK_RECORD_BOOL,
	    .help = "a core was written", .priority = 8, AT(core_dumped) },
	[HK_SYSTEM_PROCESS_END_TIME] = { .name = "end_time_s", .kind = HK_RECORD_DOUBLE, .title = "END", .unit = HK_UNIT_TIMESTAMP, .decimals = 3,
	    .help = "when it ended", .priority = 4, AT(end_time_s) },
};
#undef AT
/* clang-format on */

_Static_assert(
    HKI_COUNT(fields) == HK_SYSTEM_PROCESS_FIELD_COUNT, "a row for each field");

const hk_record_type hk_system_process_type = {
	.name = "process",
	.fields = fields,
	.field_count = HKI_COUNT(fields),
	.struct_size = sizeof(hk_system_process),
};

void hk_system_process_fields_add(
    hk_system_process_fields *set, hk_system_process_field field)
{
	unsigned int index = (unsigned int) field;

	if (index < HK_SYSTEM_PROCESS_FIELD_COUNT)
		set->bits[index / 64] |= UINT64_C(1) << (index % 64);
}

int hk_system_process_fields_add_name(hk_system_process_fields *set, const char *name)
{
	int index = hk_record_find(&hk_system_process_type, name);

	if (index < 0)
		return -ENOENT;
	hk_system_process_fields_add(set, (hk_system_process_field) index);
	return 0;
}

hk_system_process_fields hk_system_process_fields_all(void)
{
	hk_system_process_fields set = { { 0 } };

	for (unsigned int i = 0; i < HK_SYSTEM_PROCESS_FIELD_COUNT; i++)
		hk_system_process_fields_add(&set, (hk_system_process_field) i);
	return set;
}
