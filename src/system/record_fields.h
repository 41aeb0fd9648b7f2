#ifndef HKI_SYSTEM_RECORD_FIELDS_H
#define HKI_SYSTEM_RECORD_FIELDS_H

#include <hostkit/record.h>

/*
 * The fields of the host's records, a row each: record, member, kind, unit, digits
 * behind the point, place in a table (0 stays longest), title for people (NULL: for
 * programs only), and what it is.  LINKED rows carry one more thing: names of an
 * enum, or the type of what is inside.
 *
 * The lists are expanded twice: into the numbers of the fields (memory_total_bytes)
 * for those who fill records in, and into the public tables in records.c.
 */
#define HKI_FIELD_INDEX(type, member, kind, unit, decimals, priority, title, help)       \
	type##_##member,
#define HKI_LINKED_INDEX(                                                                \
    type, member, kind, unit, decimals, priority, title, help, link)                     \
	type##_##member,

/* Give @member of @pointer (an hk_system_@type) its value. */
#define HKI_PUT(type, pointer, member, value)                                            \
	((pointer)->member = (value), hk_record_set(&(pointer)->record, type##_##member))
/* The value lies there already. */
#define HKI_MARK(type, pointer, member) hk_record_set(&(pointer)->record, type##_##member)
#define HKI_HAS(type, pointer, member)  hk_record_has(&(pointer)->record, type##_##member)

/* clang-format off */
#define HKI_USER_FIELDS(FIELD) \
	FIELD(user, name, STRING, NONE, 0, 0, "user", "name of the user who runs this program") \
	FIELD(user, uid, INT64, IDENTIFIER, 0, 1, "uid", "user id") \
	FIELD(user, gid, INT64, IDENTIFIER, 0, 2, "gid", "group id") \
	FIELD(user, full_name, STRING, NONE, 0, 3, "full name", "full name from the password database") \
	FIELD(user, home, STRING, NONE, 0, 1, "home", "home directory from the password database") \
	FIELD(user, shell, STRING, NONE, 0, 2, "shell", "login shell")

#define HKI_HOST_FIELDS(FIELD, LINKED) \
	FIELD(host, hostname, STRING, NONE, 0, 0, "host", "name of the machine") \
	FIELD(host, platform, STRING, NONE, 0, 1, NULL, "operating system") \
	FIELD(host, arch, STRING, NONE, 0, 1, "arch", "kind of processor") \
	FIELD(host, kernel, STRING, NONE, 0, 1, "kernel", "release of the kernel") \
	FIELD(host, kernel_version, STRING, NONE, 0, 5, NULL, "how and when the kernel was built") \
	FIELD(host, distribution, STRING, NONE, 0, 1, "system", "name of the distribution") \
	FIELD(host, distribution_id, STRING, NONE, 0, 4, NULL, "short name of the distribution") \
	FIELD(host, distribution_version, STRING, NONE, 0, 4, NULL, "version of the distribution") \
	FIELD(host, vendor, STRING, NONE, 0, 3, "vendor", "who made the machine") \
	FIELD(host, product, STRING, NONE, 0, 3, "product", "what its maker calls it") \
	FIELD(host, virtualisation, STRING, NONE, 0, 2, "runs in", "what the machine is simulated by") \
	FIELD(host, container, STRING, NONE, 0, 2, "container", "what made the container we are in") \
	FIELD(host, boot_id, STRING, NONE, 0, 5, NULL, "a new one at each start of the kernel") \
	FIELD(host, boot_time_s, DOUBLE, TIMESTAMP, 2, 2, "booted", "when the kernel started") \
	FIELD(host, uptime_s, DOUBLE, SECONDS, 2, 1, "up", "time since then") \
	FIELD(host, time_s, DOUBLE, TIMESTAMP, 3, 2, "now", "when this was read") \
	FIELD(host, sessions, UINT64, NONE, 0, 2, "sessions", "users logged in") \
	FIELD(host, temporary_directory, STRING, NONE, 0, 4, NULL, "where this program puts temporary files") \
	FIELD(host, home_directory, STRING, NONE, 0, 4, NULL, "home directory by the environment") \
	LINKED(host, user, RECORD, NONE, 0, 4, NULL, "who runs this program", .element = &hk_system_user_type)

#define HKI_CPU_TIMES_FIELDS(FIELD) \
	FIELD(cpu_times, user, DOUBLE, SECONDS, 0, 0, "user", "programs, guests included") \
	FIELD(cpu_times, nice, DOUBLE, SECONDS, 0, 1, "nice", "programs of lower priority, guests included") \
	FIELD(cpu_times, system, DOUBLE, SECONDS, 0, 0, "system", "the kernel") \
	FIELD(cpu_times, idle, DOUBLE, SECONDS, 0, 0, "idle", "nothing to do") \
	FIELD(cpu_times, iowait, DOUBLE, SECONDS, 0, 1, "iowait", "nothing to do but wait for a disk; unreliable") \
	FIELD(cpu_times, irq, DOUBLE, SECONDS, 0, 2, "irq", "interrupts") \
	FIELD(cpu_times, softirq, DOUBLE, SECONDS, 0, 2, "softirq", "work that interrupts left behind") \
	FIELD(cpu_times, steal, DOUBLE, SECONDS, 0, 1, "steal", "given to others by the hypervisor") \
	FIELD(cpu_times, guest, DOUBLE, SECONDS, 0, 3, "guest", "guests of ours; in user too") \
	FIELD(cpu_times, guest_nice, DOUBLE, SECONDS, 0, 3, NULL, "guests of lower priority; in nice too")

#define HKI_CPU_SHARES_FIELDS(FIELD) \
	FIELD(cpu_shares, user, DOUBLE, PERCENT, 2, 0, "user", "programs, without guests") \
	FIELD(cpu_shares, nice, DOUBLE, PERCENT, 2, 1, "nice", "programs of lower priority, without guests") \
	FIELD(cpu_shares, system, DOUBLE, PERCENT, 2, 0, "system", "the kernel") \
	FIELD(cpu_shares, idle, DOUBLE, PERCENT, 2, 0, "idle", "nothing to do") \
	FIELD(cpu_shares, iowait, DOUBLE, PERCENT, 2, 1, "iowait", "nothing to do but wait for a disk; unreliable") \
	FIELD(cpu_shares, irq, DOUBLE, PERCENT, 2, 2, "irq", "interrupts") \
	FIELD(cpu_shares, softirq, DOUBLE, PERCENT, 2, 2, "softirq", "work that interrupts left behind") \
	FIELD(cpu_shares, steal, DOUBLE, PERCENT, 2, 1, "steal", "given to others by the hypervisor") \
	FIELD(cpu_shares, guest, DOUBLE, PERCENT, 2, 3, "guest", "guests of ours")

#define HKI_CORE_FIELDS(FIELD, LINKED) \
	FIELD(core, number, UINT64, IDENTIFIER, 0, 0, "CPU", "number of the processor") \
	FIELD(core, online, BOOL, NONE, 0, 1, "ONLINE", "it runs") \
	FIELD(core, core, UINT64, IDENTIFIER, 0, 3, "CORE", "its core; siblings share one") \
	FIELD(core, socket, UINT64, IDENTIFIER, 0, 3, "SOCKET", "its socket") \
	FIELD(core, node, UINT64, IDENTIFIER, 0, 4, "NODE", "the memory it is nearest to") \
	FIELD(core, frequency_hz, DOUBLE, HERTZ, 0, 2, "CLOCK", "frequency now") \
	FIELD(core, frequency_minimum_hz, DOUBLE, HERTZ, 0, 5, "MIN", "lowest frequency it may be given") \
	FIELD(core, frequency_maximum_hz, DOUBLE, HERTZ, 0, 5, "MAX", "highest frequency it may be given") \
	FIELD(core, used_percent, DOUBLE, PERCENT, 2, 0, "USED", "share of the interval it worked") \
	LINKED(core, shares_percent, RECORD, NONE, 0, 6, NULL, "what the interval went into", .element = &hk_system_cpu_shares_type) \
	LINKED(core, times_s, RECORD, NONE, 0, 6, NULL, "what all the time since boot went into", .element = &hk_system_cpu_times_type)

#define HKI_CACHE_FIELDS(FIELD) \
	FIELD(cache, level, UINT64, IDENTIFIER, 0, 0, "LEVEL", "1 is nearest to the processor") \
	FIELD(cache, type, STRING, NONE, 0, 0, "TYPE", "data, instruction or unified") \
	FIELD(cache, size_bytes, UINT64, BYTES, 0, 0, "SIZE", "size of each") \
	FIELD(cache, count, UINT64, NONE, 0, 0, "COUNT", "how many the machine has")

#define HKI_CPU_FIELDS(FIELD, LINKED) \
	FIELD(cpu, model, STRING, NONE, 0, 0, "model", "name of the processor") \
	FIELD(cpu, vendor, STRING, NONE, 0, 4, NULL, "who made it") \
	FIELD(cpu, online, UINT64, NONE, 0, 0, "online", "processors that run") \
	FIELD(cpu, possible, UINT64, NONE, 0, 3, NULL, "processors that could be added without a restart") \
	FIELD(cpu, usable, UINT64, NONE, 0, 0, "usable", "processors this program may keep busy: affinity and quotas") \
	FIELD(cpu, cores, UINT64, NONE, 0, 1, "cores", "cores; siblings share one") \
	FIELD(cpu, sockets, UINT64, NONE, 0, 1, "sockets", "sockets") \
	FIELD(cpu, frequency_hz, DOUBLE, HERTZ, 0, 1, "clock", "mean frequency of those online") \
	FIELD(cpu, frequency_minimum_hz, DOUBLE, HERTZ, 0, 4, NULL, "lowest frequency any may be given") \
	FIELD(cpu, frequency_maximum_hz, DOUBLE, HERTZ, 0, 4, NULL, "highest frequency any may be given") \
	FIELD(cpu, used_percent, DOUBLE, PERCENT, 2, 0, NULL, "share of the interval that was worked, of all together") \
	LINKED(cpu, shares_percent, RECORD, NONE, 0, 4, NULL, "what the interval went into", .element = &hk_system_cpu_shares_type) \
	LINKED(cpu, times_s, RECORD, NONE, 0, 4, NULL, "what all the time since boot went into", .element = &hk_system_cpu_times_type) \
	FIELD(cpu, context_switches, UINT64, NONE, 0, 3, NULL, "switches from task to task since boot") \
	FIELD(cpu, context_switches_per_s, DOUBLE, NONE, 1, 3, "switches/s", "switches from task to task a second") \
	FIELD(cpu, interrupts, UINT64, NONE, 0, 3, NULL, "interrupts since boot") \
	FIELD(cpu, interrupts_per_s, DOUBLE, NONE, 1, 3, "interrupts/s", "interrupts a second") \
	FIELD(cpu, soft_interrupts, UINT64, NONE, 0, 3, NULL, "soft interrupts since boot") \
	FIELD(cpu, soft_interrupts_per_s, DOUBLE, NONE, 1, 3, NULL, "soft interrupts a second") \
	FIELD(cpu, forks, UINT64, NONE, 0, 3, NULL, "processes and threads started since boot") \
	FIELD(cpu, forks_per_s, DOUBLE, NONE, 1, 3, "forks/s", "processes and threads started a second") \
	FIELD(cpu, running, UINT64, NONE, 0, 2, "running", "tasks that run or want to") \
	FIELD(cpu, blocked, UINT64, NONE, 0, 2, "blocked", "tasks that wait for a disk") \
	LINKED(cpu, caches, LIST, NONE, 0, 5, NULL, "its caches", .element = &hk_system_cache_type) \
	LINKED(cpu, cpus, LIST, NONE, 0, 5, NULL, "each processor", .element = &hk_system_core_type)

#define HKI_LOAD_FIELDS(FIELD) \
	FIELD(load, load_1, DOUBLE, NONE, 2, 0, "load 1m", "tasks that ran or waited for a disk, average of a minute") \
	FIELD(load, load_5, DOUBLE, NONE, 2, 0, "load 5m", "the same of five minutes") \
	FIELD(load, load_15, DOUBLE, NONE, 2, 0, "load 15m", "the same of fifteen minutes") \
	FIELD(load, runnable, UINT64, NONE, 0, 1, "runnable", "tasks that run or want to") \
	FIELD(load, tasks, UINT64, NONE, 0, 1, "tasks", "threads of all processes") \
	FIELD(load, last_pid, INT64, IDENTIFIER, 0, 2, NULL, "the process id given last")

#define HKI_BUDGET_FIELDS(FIELD) \
	FIELD(budget, usable, UINT64, NONE, 0, 0, "usable CPUs", "processors this program may keep busy") \
	FIELD(budget, online, UINT64, NONE, 0, 1, "online CPUs", "processors that run") \
	FIELD(budget, affinity, UINT64, NONE, 0, 1, "allowed CPUs", "processors the affinity allows") \
	FIELD(budget, quota_cpus, DOUBLE, NONE, 3, 1, "CPU quota", "the smallest quota of the cgroup and its ancestors") \
	FIELD(budget, quota_cgroup, STRING, NONE, 0, 2, "quota set by", "the cgroup that sets it")

#define HKI_MEMORY_FIELDS(FIELD) \
	FIELD(memory, total_bytes, UINT64, BYTES, 0, 0, "total", "usable memory") \
	FIELD(memory, available_bytes, UINT64, BYTES, 0, 0, "available", "what can be had without swapping") \
	FIELD(memory, used_bytes, UINT64, BYTES, 0, 0, "used", "total less available") \
	FIELD(memory, used_percent, DOUBLE, PERCENT, 2, 0, NULL, "share of the total that is used") \
	FIELD(memory, free_bytes, UINT64, BYTES, 0, 1, "free", "not used for anything, caches included") \
	FIELD(memory, buffers_bytes, UINT64, BYTES, 0, 2, "buffers", "caches of block devices") \
	FIELD(memory, cached_bytes, UINT64, BYTES, 0, 1, "cached", "caches of files") \
	FIELD(memory, reclaimable_bytes, UINT64, BYTES, 0, 3, NULL, "the kernel's own, given back when needed") \
	FIELD(memory, shared_bytes, UINT64, BYTES, 0, 2, "shared", "tmpfs and shared memory") \
	FIELD(memory, slab_bytes, UINT64, BYTES, 0, 3, "slab", "objects of the kernel") \
	FIELD(memory, active_bytes, UINT64, BYTES, 0, 4, NULL, "used lately") \
	FIELD(memory, inactive_bytes, UINT64, BYTES, 0, 4, NULL, "not used lately") \
	FIELD(memory, unevictable_bytes, UINT64, BYTES, 0, 4, NULL, "cannot leave memory") \
	FIELD(memory, locked_bytes, UINT64, BYTES, 0, 4, NULL, "locked by programs") \
	FIELD(memory, anonymous_bytes, UINT64, BYTES, 0, 2, "anonymous", "of programs, without a file behind it") \
	FIELD(memory, mapped_bytes, UINT64, BYTES, 0, 3, "mapped", "files mapped into programs") \
	FIELD(memory, dirty_bytes, UINT64, BYTES, 0, 2, "dirty", "waits to be written to a disk") \
	FIELD(memory, writeback_bytes, UINT64, BYTES, 0, 3, "writeback", "is being written to a disk") \
	FIELD(memory, kernel_stack_bytes, UINT64, BYTES, 0, 4, NULL, "stacks of tasks in the kernel") \
	FIELD(memory, page_tables_bytes, UINT64, BYTES, 0, 4, NULL, "page tables") \
	FIELD(memory, per_cpu_bytes, UINT64, BYTES, 0, 5, NULL, "the kernel's data a processor") \
	FIELD(memory, committed_bytes, UINT64, BYTES, 0, 3, "committed", "promised to programs") \
	FIELD(memory, commit_limit_bytes, UINT64, BYTES, 0, 4, NULL, "what may be promised under strict accounting") \
	FIELD(memory, huge_pages_total, UINT64, NONE, 0, 4, NULL, "preallocated huge pages") \
	FIELD(memory, huge_pages_free, UINT64, NONE, 0, 4, NULL, "of these, free") \
	FIELD(memory, huge_page_bytes, UINT64, BYTES, 0, 5, NULL, "size of one of them") \
	FIELD(memory, anonymous_huge_bytes, UINT64, BYTES, 0, 4, NULL, "of programs, in transparent huge pages") \
	FIELD(memory, corrupted_bytes, UINT64, BYTES, 0, 4, NULL, "taken out of use by the hardware") \
	FIELD(memory, swap_total_bytes, UINT64, BYTES, 0, 0, "swap", "swap space") \
	FIELD(memory, swap_free_bytes, UINT64, BYTES, 0, 2, "swap free", "swap space not used") \
	FIELD(memory, swap_used_bytes, UINT64, BYTES, 0, 1, "swap used", "swap space used") \
	FIELD(memory, swap_used_percent, DOUBLE, PERCENT, 2, 1, NULL, "share of the swap space that is used") \
	FIELD(memory, swap_cached_bytes, UINT64, BYTES, 0, 4, NULL, "in memory and in the swap space") \
	FIELD(memory, zswap_bytes, UINT64, BYTES, 0, 4, NULL, "memory that holds compressed pages") \
	FIELD(memory, zswapped_bytes, UINT64, BYTES, 0, 4, NULL, "those pages before they were compressed")

#define HKI_VMSTAT_FIELDS(FIELD) \
	FIELD(vmstat, page_faults, UINT64, NONE, 0, 2, NULL, "page faults since boot") \
	FIELD(vmstat, page_faults_per_s, DOUBLE, NONE, 1, 0, "faults/s", "page faults a second") \
	FIELD(vmstat, major_page_faults, UINT64, NONE, 0, 2, NULL, "page faults that read a disk, since boot") \
	FIELD(vmstat, major_page_faults_per_s, DOUBLE, NONE, 1, 0, "major faults/s", "page faults that read a disk, a second") \
	FIELD(vmstat, paged_in_bytes, UINT64, BYTES, 0, 2, NULL, "read from disks since boot") \
	FIELD(vmstat, paged_in_bytes_per_s, DOUBLE, BYTES, 1, 1, "paged in/s", "read from disks a second") \
	FIELD(vmstat, paged_out_bytes, UINT64, BYTES, 0, 2, NULL, "written to disks since boot") \
	FIELD(vmstat, paged_out_bytes_per_s, DOUBLE, BYTES, 1, 1, "paged out/s", "written to disks a second") \
	FIELD(vmstat, swapped_in_bytes, UINT64, BYTES, 0, 2, NULL, "read from swap since boot") \
	FIELD(vmstat, swapped_in_bytes_per_s, DOUBLE, BYTES, 1, 1, "swapped in/s", "read from swap a second") \
	FIELD(vmstat, swapped_out_bytes, UINT64, BYTES, 0, 2, NULL, "written to swap since boot") \
	FIELD(vmstat, swapped_out_bytes_per_s, DOUBLE, BYTES, 1, 1, "swapped out/s", "written to swap a second") \
	FIELD(vmstat, oom_kills, UINT64, NONE, 0, 1, "oom kills", "processes killed for lack of memory since boot") \
	FIELD(vmstat, new_oom_kills, UINT64, NONE, 0, 1, NULL, "processes killed for lack of memory in the interval") \
	FIELD(vmstat, pages_scanned, UINT64, NONE, 0, 3, NULL, "pages looked at in search of memory, since boot") \
	FIELD(vmstat, pages_scanned_per_s, DOUBLE, NONE, 1, 3, NULL, "pages looked at in search of memory, a second") \
	FIELD(vmstat, pages_reclaimed, UINT64, NONE, 0, 3, NULL, "pages found in that search, since boot") \
	FIELD(vmstat, pages_reclaimed_per_s, DOUBLE, NONE, 1, 3, NULL, "pages found in that search, a second") \
	FIELD(vmstat, allocation_stalls, UINT64, NONE, 0, 3, NULL, "allocations that had to search themselves, since boot") \
	FIELD(vmstat, allocation_stalls_per_s, DOUBLE, NONE, 1, 3, NULL, "allocations that had to search themselves, a second") \
	FIELD(vmstat, refaults, UINT64, NONE, 0, 3, NULL, "pages needed again right after they went, since boot") \
	FIELD(vmstat, refaults_per_s, DOUBLE, NONE, 1, 3, NULL, "pages needed again right after they went, a second")

#define HKI_STALL_FIELDS(FIELD) \
	FIELD(stall, average_10s_percent, DOUBLE, PERCENT, 2, 0, "10s", "the kernel's average of 10 seconds") \
	FIELD(stall, average_60s_percent, DOUBLE, PERCENT, 2, 0, "60s", "the kernel's average of 60 seconds") \
	FIELD(stall, average_300s_percent, DOUBLE, PERCENT, 2, 0, "300s", "the kernel's average of 300 seconds") \
	FIELD(stall, stalled_s, DOUBLE, SECONDS, 6, 1, NULL, "time stood still since boot") \
	FIELD(stall, stalled_percent, DOUBLE, PERCENT, 2, 0, "NOW", "share of the interval stood still")

#define HKI_STALLS_FIELDS(LINKED) \
	LINKED(stalls, some, RECORD, NONE, 0, 0, NULL, "at least one task stood still", .element = &hk_system_stall_type) \
	LINKED(stalls, full, RECORD, NONE, 0, 0, NULL, "all that had something to do stood still", .element = &hk_system_stall_type)

#define HKI_PRESSURE_FIELDS(LINKED) \
	LINKED(pressure, cpu, RECORD, NONE, 0, 0, NULL, "for want of a processor", .element = &hk_system_stalls_type) \
	LINKED(pressure, memory, RECORD, NONE, 0, 0, NULL, "for want of memory", .element = &hk_system_stalls_type) \
	LINKED(pressure, io, RECORD, NONE, 0, 0, NULL, "for want of a disk", .element = &hk_system_stalls_type) \
	LINKED(pressure, irq, RECORD, NONE, 0, 0, NULL, "because of interrupts", .element = &hk_system_stalls_type)

#define HKI_LIMITS_FIELDS(FIELD, LINKED) \
	LINKED(limits, cgroups, ENUM, NONE, 0, 1, "cgroups", "which kinds of cgroup are mounted", .names = hki_cgroups_names) \
	FIELD(limits, cgroup, STRING, NONE, 0, 1, "cgroup", "our directory") \
	LINKED(limits, cpu, RECORD, NONE, 0, 0, NULL, "processors this program may use", .element = &hk_system_budget_type) \
	FIELD(limits, cpu_used_s, DOUBLE, SECONDS, 6, 2, "CPU used", "processor time of the cgroup") \
	FIELD(limits, cpu_periods, UINT64, NONE, 0, 3, NULL, "periods of the quota") \
	FIELD(limits, cpu_throttled_periods, UINT64, NONE, 0, 2, "throttled", "periods in which it was used up") \
	FIELD(limits, cpu_throttled_s, DOUBLE, SECONDS, 6, 2, "throttled for", "time stood still for lack of quota") \
	FIELD(limits, memory_limit_bytes, UINT64, BYTES, 0, 0, "memory limit", "the least of the cgroup and its ancestors") \
	FIELD(limits, memory_limit_cgroup, STRING, NONE, 0, 2, "set by", "the cgroup that sets it") \
	FIELD(limits, memory_high_bytes, UINT64, BYTES, 0, 1, "memory high", "above it the cgroup is slowed down") \
	FIELD(limits, swap_limit_bytes, UINT64, BYTES, 0, 1, "swap limit", "the least of the cgroup and its ancestors") \
	FIELD(limits, memory_used_bytes, UINT64, BYTES, 0, 1, "memory used", "by the cgroup, file caches included") \
	FIELD(limits, memory_working_set_bytes, UINT64, BYTES, 0, 1, "working set", "without file caches that could go at once") \
	FIELD(limits, memory_effective_bytes, UINT64, BYTES, 0, 1, "memory in all", "the least of limit and physical memory") \
	FIELD(limits, memory_effective_available_bytes, UINT64, BYTES, 0, 1, "available", "what this program can still have") \
	FIELD(limits, memory_oom_kills, UINT64, NONE, 0, 2, "oom kills", "processes of the cgroup killed for lack of memory") \
	FIELD(limits, memory_limit_hits, UINT64, NONE, 0, 3, NULL, "times the limit was reached") \
	FIELD(limits, memory_high_hits, UINT64, NONE, 0, 3, NULL, "times it was slowed down") \
	FIELD(limits, tasks_limit, UINT64, NONE, 0, 2, "task limit", "the least of the cgroup and its ancestors") \
	FIELD(limits, tasks, UINT64, NONE, 0, 2, "tasks", "of the cgroup") \
	FIELD(limits, open_files, UINT64, NONE, 0, 2, "open files", "of the machine") \
	FIELD(limits, open_files_limit, UINT64, NONE, 0, 2, "of at most", "open files of the machine, at most") \
	FIELD(limits, own_open_files_limit, UINT64, NONE, 0, 2, "open files here", "of a program started here, at most") \
	FIELD(limits, own_open_files_maximum, UINT64, NONE, 0, 3, NULL, "what that limit may be raised to") \
	FIELD(limits, pids_maximum, UINT64, NONE, 0, 3, "process ids", "of the machine, at most") \
	FIELD(limits, threads_maximum, UINT64, NONE, 0, 3, "threads", "of the machine, at most") \
	FIELD(limits, connections_tracked, UINT64, NONE, 0, 3, "tracked", "connections the firewall knows") \
	FIELD(limits, connections_tracked_limit, UINT64, NONE, 0, 3, NULL, "connections the firewall can know") \
	FIELD(limits, entropy_bits, UINT64, NONE, 0, 4, NULL, "randomness in stock")

#define HKI_FILESYSTEM_FIELDS(FIELD, LINKED) \
	FIELD(filesystem, device, STRING, NONE, 0, 1, "DEVICE", "what is mounted") \
	FIELD(filesystem, mount, STRING, NONE, 0, 0, "MOUNT", "where it is mounted") \
	FIELD(filesystem, type, STRING, NONE, 0, 2, "TYPE", "kind of file system") \
	FIELD(filesystem, root, STRING, NONE, 0, 7, "ROOT", "its directory that is mounted, if not all of it") \
	FIELD(filesystem, options, STRING, NONE, 0, 8, "OPTIONS", "options of the mount and of the file system") \
	FIELD(filesystem, read_only, BOOL, NONE, 0, 5, "READ ONLY", "it cannot be written to") \
	FIELD(filesystem, remote, BOOL, NONE, 0, 7, "REMOTE", "answered by a server or another program") \
	LINKED(filesystem, state, ENUM, NONE, 0, 4, "STATE", "ok, stale or error", .names = hki_filesystem_state_names) \
	FIELD(filesystem, error, STRING, NONE, 0, 4, "ERROR", "why there are no new figures") \
	FIELD(filesystem, age_s, DOUBLE, SECONDS, 3, 5, "AGE", "age of figures that are stale") \
	FIELD(filesystem, total_bytes, UINT64, BYTES, 0, 1, "SIZE", "size") \
	FIELD(filesystem, used_bytes, UINT64, BYTES, 0, 1, "USED", "used") \
	FIELD(filesystem, available_bytes, UINT64, BYTES, 0, 1, "AVAIL", "for everybody but root") \
	FIELD(filesystem, free_bytes, UINT64, BYTES, 0, 6, "FREE", "for root") \
	FIELD(filesystem, used_percent, UINT64, PERCENT, 0, 0, "USE", "used of what others than root can use, rounded up as df does") \
	FIELD(filesystem, files_total, UINT64, NONE, 0, 6, "FILES", "files it can hold") \
	FIELD(filesystem, files_used, UINT64, NONE, 0, 6, "FILES USED", "files it holds") \
	FIELD(filesystem, files_free, UINT64, NONE, 0, 6, "FILES FREE", "files that can still be made") \
	FIELD(filesystem, files_used_percent, UINT64, PERCENT, 0, 5, "FILES USE", "share of its files that are used, rounded up") \
	FIELD(filesystem, block_bytes, UINT64, BYTES, 0, 8, "BLOCK", "unit of its space") \
	FIELD(filesystem, device_major, INT64, IDENTIFIER, 0, 8, "MAJOR", "number of its device") \
	FIELD(filesystem, device_minor, INT64, IDENTIFIER, 0, 8, "MINOR", "number of its device")

#define HKI_DISK_FIELDS(FIELD, LINKED) \
	FIELD(disk, name, STRING, NONE, 0, 0, "DISK", "name of the device") \
	LINKED(disk, kind, ENUM, NONE, 0, 3, "KIND", "whole, partition or virtual; only whole ones may be added up", .names = hki_disk_kind_names) \
	FIELD(disk, model, STRING, NONE, 0, 4, "MODEL", "name of the model") \
	FIELD(disk, size_bytes, UINT64, BYTES, 0, 2, "SIZE", "size") \
	FIELD(disk, rotates, BOOL, NONE, 0, 6, "ROTATES", "it has moving parts") \
	FIELD(disk, read_only, BOOL, NONE, 0, 6, "READ ONLY", "it cannot be written to") \
	FIELD(disk, removable, BOOL, NONE, 0, 6, "REMOVABLE", "its medium can be taken out") \
	FIELD(disk, reads, UINT64, NONE, 0, 5, "READS", "reads that ended") \
	FIELD(disk, reads_per_s, DOUBLE, NONE, 1, 1, "READS/S", "reads a second") \
	FIELD(disk, read_bytes, UINT64, BYTES, 0, 3, "READ", "bytes read") \
	FIELD(disk, read_bytes_per_s, DOUBLE, BYTES, 1, 0, "READ/S", "bytes read a second") \
	FIELD(disk, reads_merged, UINT64, NONE, 0, 7, "READS MERGED", "reads that were joined with a neighbour") \
	FIELD(disk, read_time_s, DOUBLE, SECONDS, 3, 6, "READ TIME", "time of all reads, added up") \
	FIELD(disk, read_wait_s, DOUBLE, SECONDS, 6, 2, "READ WAIT", "mean time of a read of the interval") \
	FIELD(disk, writes, UINT64, NONE, 0, 5, "WRITES", "writes that ended") \
	FIELD(disk, writes_per_s, DOUBLE, NONE, 1, 1, "WRITES/S", "writes a second") \
	FIELD(disk, written_bytes, UINT64, BYTES, 0, 3, "WRITTEN", "bytes written") \
	FIELD(disk, written_bytes_per_s, DOUBLE, BYTES, 1, 0, "WRITTEN/S", "bytes written a second") \
	FIELD(disk, writes_merged, UINT64, NONE, 0, 7, "WRITES MERGED", "writes that were joined with a neighbour") \
	FIELD(disk, write_time_s, DOUBLE, SECONDS, 3, 6, "WRITE TIME", "time of all writes, added up") \
	FIELD(disk, write_wait_s, DOUBLE, SECONDS, 6, 2, "WRITE WAIT", "mean time of a write of the interval") \
	FIELD(disk, in_flight, UINT64, NONE, 0, 4, "IN FLIGHT", "requests not yet answered") \
	FIELD(disk, busy_time_s, DOUBLE, SECONDS, 3, 6, "BUSY TIME", "time with something in flight") \
	FIELD(disk, busy_percent, DOUBLE, PERCENT, 2, 1, "BUSY", "share of the interval with something in flight") \
	FIELD(disk, weighted_time_s, DOUBLE, SECONDS, 3, 7, "WEIGHTED TIME", "time of all requests, those in flight included") \
	FIELD(disk, queue_depth, DOUBLE, NONE, 2, 2, "QUEUE", "mean number of requests in flight") \
	FIELD(disk, discards, UINT64, NONE, 0, 7, "DISCARDS", "discards that ended") \
	FIELD(disk, discards_merged, UINT64, NONE, 0, 8, "DISCARDS MERGED", "discards that were joined with a neighbour") \
	FIELD(disk, discarded_bytes, UINT64, BYTES, 0, 7, "DISCARDED", "bytes discarded") \
	FIELD(disk, discard_time_s, DOUBLE, SECONDS, 3, 8, "DISCARD TIME", "time of all discards, added up") \
	FIELD(disk, flushes, UINT64, NONE, 0, 7, "FLUSHES", "flushes that ended") \
	FIELD(disk, flush_time_s, DOUBLE, SECONDS, 3, 8, "FLUSH TIME", "time of all flushes, added up") \
	FIELD(disk, device_major, INT64, IDENTIFIER, 0, 8, "MAJOR", "number of the device") \
	FIELD(disk, device_minor, INT64, IDENTIFIER, 0, 8, "MINOR", "number of the device")

#define HKI_ADDRESS_FIELDS(FIELD, LINKED) \
	LINKED(address, family, ENUM, NONE, 0, 0, "FAMILY", "ipv4 or ipv6", .names = hki_family_names) \
	FIELD(address, address, STRING, NONE, 0, 0, "ADDRESS", "the address") \
	FIELD(address, prefix, UINT64, IDENTIFIER, 0, 1, "PREFIX", "leading bits that name the network") \
	FIELD(address, netmask, STRING, NONE, 0, 3, "NETMASK", "the same as a mask") \
	FIELD(address, broadcast, STRING, NONE, 0, 3, "BROADCAST", "address of all of the network") \
	FIELD(address, peer, STRING, NONE, 0, 3, "PEER", "the other end of a point-to-point link") \
	FIELD(address, scope, STRING, NONE, 0, 2, "SCOPE", "how far it is valid") \
	FIELD(address, label, STRING, NONE, 0, 4, "LABEL", "name given to it") \
	FIELD(address, temporary, BOOL, NONE, 0, 5, "TEMPORARY", "made for privacy") \
	FIELD(address, tentative, BOOL, NONE, 0, 5, "TENTATIVE", "not yet proved to be alone") \
	FIELD(address, deprecated, BOOL, NONE, 0, 5, "DEPRECATED", "not for new connections")

#define HKI_NETWORK_FIELDS(FIELD, LINKED) \
	FIELD(network, name, STRING, NONE, 0, 0, "NETWORK", "name of the interface") \
	FIELD(network, index, UINT64, IDENTIFIER, 0, 7, "INDEX", "number of the interface") \
	FIELD(network, mac, STRING, NONE, 0, 4, "MAC", "hardware address") \
	FIELD(network, state, STRING, NONE, 0, 2, "STATE", "what the driver says: up, down, dormant, unknown …") \
	FIELD(network, kind, STRING, NONE, 0, 5, "KIND", "veth, bridge, vlan …") \
	FIELD(network, type, STRING, NONE, 0, 6, "TYPE", "kind of link") \
	FIELD(network, up, BOOL, NONE, 0, 3, "UP", "it is switched on") \
	FIELD(network, running, BOOL, NONE, 0, 5, "RUNNING", "it is switched on and connected") \
	FIELD(network, internal, BOOL, NONE, 0, 6, "INTERNAL", "it leads back to this machine") \
	FIELD(network, point_to_point, BOOL, NONE, 0, 7, "POINT TO POINT", "there is one other end") \
	FIELD(network, promiscuous, BOOL, NONE, 0, 7, "PROMISCUOUS", "it takes what is meant for others") \
	FIELD(network, mtu_bytes, UINT64, BYTES, 0, 5, "MTU", "largest packet") \
	FIELD(network, queue_length, UINT64, NONE, 0, 8, "QUEUE", "packets that may wait to be sent") \
	FIELD(network, speed_bits_per_s, UINT64, NONE, 0, 5, "SPEED", "speed of the link") \
	FIELD(network, duplex, STRING, NONE, 0, 7, "DUPLEX", "full or half") \
	FIELD(network, carrier_changes, UINT64, NONE, 0, 7, "CARRIER CHANGES", "times it was connected or disconnected") \
	LINKED(network, addresses, LIST, NONE, 0, 3, NULL, "its addresses", .element = &hk_system_address_type) \
	FIELD(network, receive_bytes, UINT64, BYTES, 0, 1, "RECEIVED", "bytes received") \
	FIELD(network, receive_bytes_per_s, DOUBLE, BYTES, 1, 0, "RECEIVED/S", "bytes received a second") \
	FIELD(network, receive_packets, UINT64, NONE, 0, 6, "PACKETS IN", "packets received") \
	FIELD(network, receive_packets_per_s, DOUBLE, NONE, 1, 4, "PACKETS IN/S", "packets received a second") \
	FIELD(network, receive_errors, UINT64, NONE, 0, 4, "ERRORS IN", "bad packets received") \
	FIELD(network, receive_dropped, UINT64, NONE, 0, 4, "DROPPED IN", "packets received and thrown away") \
	FIELD(network, receive_missed, UINT64, NONE, 0, 7, "MISSED IN", "packets that found no room") \
	FIELD(network, receive_multicast, UINT64, NONE, 0, 8, "MULTICAST IN", "packets received that were for many") \
	FIELD(network, transmit_bytes, UINT64, BYTES, 0, 1, "SENT", "bytes sent") \
	FIELD(network, transmit_bytes_per_s, DOUBLE, BYTES, 1, 0, "SENT/S", "bytes sent a second") \
	FIELD(network, transmit_packets, UINT64, NONE, 0, 6, "PACKETS OUT", "packets sent") \
	FIELD(network, transmit_packets_per_s, DOUBLE, NONE, 1, 4, "PACKETS OUT/S", "packets sent a second") \
	FIELD(network, transmit_errors, UINT64, NONE, 0, 4, "ERRORS OUT", "packets that could not be sent") \
	FIELD(network, transmit_dropped, UINT64, NONE, 0, 4, "DROPPED OUT", "packets thrown away instead of sent") \
	FIELD(network, collisions, UINT64, NONE, 0, 8, "COLLISIONS", "packets that met others")

#define HKI_SOCKETS_FIELDS(FIELD) \
	FIELD(sockets, used, UINT64, NONE, 0, 0, "sockets", "sockets of every kind") \
	FIELD(sockets, tcp_in_use, UINT64, NONE, 0, 1, "tcp", "TCP sockets over IPv4") \
	FIELD(sockets, tcp_in_use_v6, UINT64, NONE, 0, 1, "tcp v6", "TCP sockets over IPv6") \
	FIELD(sockets, tcp_orphaned, UINT64, NONE, 0, 2, NULL, "TCP sockets no process holds any more") \
	FIELD(sockets, tcp_time_wait, UINT64, NONE, 0, 1, "tcp time wait", "TCP connections that wait for late packets") \
	FIELD(sockets, tcp_allocated, UINT64, NONE, 0, 2, NULL, "TCP sockets in any state") \
	FIELD(sockets, tcp_memory_bytes, UINT64, BYTES, 0, 2, "tcp memory", "memory of TCP") \
	FIELD(sockets, udp_in_use, UINT64, NONE, 0, 1, "udp", "UDP sockets over IPv4") \
	FIELD(sockets, udp_in_use_v6, UINT64, NONE, 0, 1, "udp v6", "UDP sockets over IPv6") \
	FIELD(sockets, udp_memory_bytes, UINT64, BYTES, 0, 2, NULL, "memory of UDP") \
	FIELD(sockets, raw_in_use, UINT64, NONE, 0, 3, NULL, "raw sockets") \
	FIELD(sockets, fragments_memory_bytes, UINT64, BYTES, 0, 3, NULL, "memory of incomplete packets") \
	FIELD(sockets, tcp_established, UINT64, NONE, 0, 1, "connections", "TCP connections that are open") \
	FIELD(sockets, tcp_opened, UINT64, NONE, 0, 3, NULL, "TCP connections opened from here") \
	FIELD(sockets, tcp_accepted, UINT64, NONE, 0, 3, NULL, "TCP connections opened from outside") \
	FIELD(sockets, tcp_failed, UINT64, NONE, 0, 3, NULL, "TCP connections that could not be opened") \
	FIELD(sockets, tcp_reset, UINT64, NONE, 0, 3, NULL, "TCP connections that were reset") \
	FIELD(sockets, tcp_segments_received, UINT64, NONE, 0, 4, NULL, "TCP segments received") \
	FIELD(sockets, tcp_segments_sent, UINT64, NONE, 0, 4, NULL, "TCP segments sent") \
	FIELD(sockets, tcp_segments_retransmitted, UINT64, NONE, 0, 3, NULL, "TCP segments sent again") \
	FIELD(sockets, tcp_segments_retransmitted_per_s, DOUBLE, NONE, 1, 3, "resent/s", "TCP segments sent again, a second") \
	FIELD(sockets, tcp_errors, UINT64, NONE, 0, 4, NULL, "bad TCP segments") \
	FIELD(sockets, listen_overflows, UINT64, NONE, 0, 3, "listen overflows", "connections refused because a queue was full") \
	FIELD(sockets, listen_drops, UINT64, NONE, 0, 3, NULL, "connections thrown away while listening") \
	FIELD(sockets, udp_received, UINT64, NONE, 0, 4, NULL, "UDP datagrams received") \
	FIELD(sockets, udp_sent, UINT64, NONE, 0, 4, NULL, "UDP datagrams sent") \
	FIELD(sockets, udp_no_port, UINT64, NONE, 0, 4, NULL, "UDP datagrams nobody waited for") \
	FIELD(sockets, udp_errors, UINT64, NONE, 0, 4, NULL, "bad UDP datagrams") \
	FIELD(sockets, udp_receive_buffer_errors, UINT64, NONE, 0, 4, "udp overflows", "UDP datagrams that found no room") \
	FIELD(sockets, ip_received, UINT64, NONE, 0, 4, NULL, "IPv4 packets received") \
	FIELD(sockets, ip_sent, UINT64, NONE, 0, 4, NULL, "IPv4 packets sent") \
	FIELD(sockets, ip_forwarded, UINT64, NONE, 0, 4, NULL, "IPv4 packets passed on") \
	FIELD(sockets, ip_discarded, UINT64, NONE, 0, 4, NULL, "IPv4 packets thrown away")

#define HKI_SENSOR_FIELDS(FIELD, LINKED) \
	FIELD(sensor, chip, STRING, NONE, 0, 1, "CHIP", "the chip or driver") \
	FIELD(sensor, label, STRING, NONE, 0, 0, "SENSOR", "what it measures") \
	LINKED(sensor, kind, ENUM, NONE, 0, 3, "KIND", "temperature, fan, voltage, current or power", .names = hki_sensor_kind_names) \
	FIELD(sensor, celsius, DOUBLE, CELSIUS, 1, 0, "CELSIUS", "temperature") \
	FIELD(sensor, turns_per_minute, DOUBLE, NONE, 0, 0, "RPM", "turns a minute") \
	FIELD(sensor, volts, DOUBLE, NONE, 3, 0, "VOLTS", "voltage") \
	FIELD(sensor, amperes, DOUBLE, NONE, 3, 0, "AMPERES", "current") \
	FIELD(sensor, watts, DOUBLE, NONE, 3, 0, "WATTS", "power") \
	FIELD(sensor, low, DOUBLE, NONE, 3, 4, "LOW", "below is not good, in the unit of the value") \
	FIELD(sensor, high, DOUBLE, NONE, 3, 2, "HIGH", "above is not good, in the unit of the value") \
	FIELD(sensor, critical, DOUBLE, NONE, 3, 2, "CRITICAL", "above is dangerous, in the unit of the value") \
	FIELD(sensor, alarm, BOOL, NONE, 0, 2, "ALARM", "the chip raises an alarm")

#define HKI_BATTERY_FIELDS(FIELD) \
	FIELD(battery, name, STRING, NONE, 0, 0, "SUPPLY", "name of the power supply") \
	FIELD(battery, type, STRING, NONE, 0, 1, "TYPE", "battery, mains, usb or ups") \
	FIELD(battery, status, STRING, NONE, 0, 1, "STATUS", "charging, discharging, full …") \
	FIELD(battery, online, BOOL, NONE, 0, 2, "ONLINE", "it is plugged in") \
	FIELD(battery, charge_percent, DOUBLE, PERCENT, 1, 0, "CHARGE", "what is left") \
	FIELD(battery, energy_watt_hours, DOUBLE, NONE, 3, 3, "WH", "energy that is left") \
	FIELD(battery, energy_full_watt_hours, DOUBLE, NONE, 3, 4, "WH FULL", "energy when full") \
	FIELD(battery, power_watts, DOUBLE, NONE, 3, 2, "WATTS", "power going in or out") \
	FIELD(battery, volts, DOUBLE, NONE, 3, 4, "VOLTS", "voltage") \
	FIELD(battery, health_percent, DOUBLE, PERCENT, 1, 3, "HEALTH", "what it holds of what it held when new") \
	FIELD(battery, cycles, UINT64, NONE, 0, 4, "CYCLES", "times it was charged") \
	FIELD(battery, time_left_s, DOUBLE, SECONDS, 0, 1, "LEFT", "until it is empty, or full")

#define HKI_SENSORS_FIELDS(LINKED) \
	LINKED(sensors, sensors, LIST, NONE, 0, 0, NULL, "temperatures, fans, voltages, currents, powers", .element = &hk_system_sensor_type) \
	LINKED(sensors, batteries, LIST, NONE, 0, 0, NULL, "batteries and other power supplies", .element = &hk_system_battery_type)

#define HKI_SESSION_FIELDS(FIELD) \
	FIELD(session, user, STRING, NONE, 0, 0, "USER", "who is logged in") \
	FIELD(session, uid, INT64, IDENTIFIER, 0, 4, "UID", "user id") \
	FIELD(session, terminal, STRING, NONE, 0, 1, "TERMINAL", "at which terminal") \
	FIELD(session, host, STRING, NONE, 0, 1, "FROM", "where the user came from") \
	FIELD(session, login_time_s, DOUBLE, TIMESTAMP, 3, 1, "SINCE", "since when") \
	FIELD(session, pid, INT64, IDENTIFIER, 0, 3, "PID", "process that leads the session") \
	FIELD(session, id, STRING, NONE, 0, 4, "ID", "name of the session") \
	FIELD(session, seat, STRING, NONE, 0, 5, "SEAT", "which screen and keyboard") \
	FIELD(session, type, STRING, NONE, 0, 3, "TYPE", "tty, x11, wayland …") \
	FIELD(session, state, STRING, NONE, 0, 3, "STATE", "active, online or closing") \
	FIELD(session, service, STRING, NONE, 0, 4, "SERVICE", "what let the user in")

enum { HKI_USER_FIELDS(HKI_FIELD_INDEX) };
enum { HKI_HOST_FIELDS(HKI_FIELD_INDEX, HKI_LINKED_INDEX) };
enum { HKI_CPU_TIMES_FIELDS(HKI_FIELD_INDEX) };
enum { HKI_CPU_SHARES_FIELDS(HKI_FIELD_INDEX) };
enum { HKI_CORE_FIELDS(HKI_FIELD_INDEX, HKI_LINKED_INDEX) };
enum { HKI_CACHE_FIELDS(HKI_FIELD_INDEX) };
enum { HKI_CPU_FIELDS(HKI_FIELD_INDEX, HKI_LINKED_INDEX) };
enum { HKI_LOAD_FIELDS(HKI_FIELD_INDEX) };
enum { HKI_BUDGET_FIELDS(HKI_FIELD_INDEX) };
enum { HKI_MEMORY_FIELDS(HKI_FIELD_INDEX) };
enum { HKI_VMSTAT_FIELDS(HKI_FIELD_INDEX) };
enum { HKI_STALL_FIELDS(HKI_FIELD_INDEX) };
enum { HKI_STALLS_FIELDS(HKI_LINKED_INDEX) };
enum { HKI_PRESSURE_FIELDS(HKI_LINKED_INDEX) };
enum { HKI_LIMITS_FIELDS(HKI_FIELD_INDEX, HKI_LINKED_INDEX) };
enum { HKI_FILESYSTEM_FIELDS(HKI_FIELD_INDEX, HKI_LINKED_INDEX) };
enum { HKI_DISK_FIELDS(HKI_FIELD_INDEX, HKI_LINKED_INDEX) };
enum { HKI_ADDRESS_FIELDS(HKI_FIELD_INDEX, HKI_LINKED_INDEX) };
enum { HKI_NETWORK_FIELDS(HKI_FIELD_INDEX, HKI_LINKED_INDEX) };
enum { HKI_SOCKETS_FIELDS(HKI_FIELD_INDEX) };
enum { HKI_SENSOR_FIELDS(HKI_FIELD_INDEX, HKI_LINKED_INDEX) };
enum { HKI_BATTERY_FIELDS(HKI_FIELD_INDEX) };
enum { HKI_SENSORS_FIELDS(HKI_LINKED_INDEX) };
enum { HKI_SESSION_FIELDS(HKI_FIELD_INDEX) };
/* clang-format on */

#endif /* HKI_SYSTEM_RECORD_FIELDS_H */
