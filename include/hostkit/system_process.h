#ifndef HOSTKIT_SYSTEM_PROCESS_H
#define HOSTKIT_SYSTEM_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/record.h>

HK_BEGIN

/*
 * Every process of the machine, again and again
 *
 * A table holds one row a process.  hk_system_processes_sample() looks at the
 * machine once: rows are brought up to date, rates are taken over the time since
 * the sample before, what has started and what has ended since is listed.  A row
 * belongs to one process for ever: ids that are handed on get a row of their own.
 *
 * Three engines read the kernel and give the same rows: "bpf" walks the tasks
 * inside the kernel (root, Linux 5.17 with BTF), "adaptive" asks each process
 * for its processor time and reads only those that have run, "openat" reads
 * every /proc/PID/stat.  Which one runs, and why, is told.
 *
 * Only the fields that are asked for are read; what costs a file of its own is
 * opened for nobody else.  Memory of programs (command lines) is read by a
 * helper thread with a deadline, because it may hang with the program: such
 * rows say that they are stale.
 *
 * Steady samples allocate nothing and open no new descriptors.
 *
 * Threads: a table is for one thread at a time.
 */
typedef struct hk_system_processes hk_system_processes;

/* ---- one process ---- */

typedef enum hk_system_process_state {
	HK_SYSTEM_STATE_RUNNING,
	HK_SYSTEM_STATE_SLEEPING,
	HK_SYSTEM_STATE_DISK_SLEEP, /* waits and cannot be interrupted */
	HK_SYSTEM_STATE_STOPPED,
	HK_SYSTEM_STATE_TRACING_STOP,
	HK_SYSTEM_STATE_ZOMBIE, /* has ended, its parent has not asked how */
	HK_SYSTEM_STATE_DEAD,
	HK_SYSTEM_STATE_IDLE, /* a kernel thread that waits */
	HK_SYSTEM_STATE_PARKED
} hk_system_process_state;

typedef enum hk_system_policy {
	HK_SYSTEM_POLICY_OTHER,
	HK_SYSTEM_POLICY_FIFO,
	HK_SYSTEM_POLICY_ROUND_ROBIN,
	HK_SYSTEM_POLICY_BATCH,
	HK_SYSTEM_POLICY_ISO, /* reserved by the kernel, never in use */
	HK_SYSTEM_POLICY_IDLE,
	HK_SYSTEM_POLICY_DEADLINE,
	HK_SYSTEM_POLICY_EXTENSION
} hk_system_policy;

typedef enum hk_system_io_class {
	HK_SYSTEM_IO_CLASS_NONE, /* follows nice */
	HK_SYSTEM_IO_CLASS_REALTIME,
	HK_SYSTEM_IO_CLASS_BEST_EFFORT,
	HK_SYSTEM_IO_CLASS_IDLE
} hk_system_io_class;

/*
 * The fields of a row: places in its bitmaps and in hk_system_process_type, and
 * what a table can be asked for.  Behind each group stands where it comes from;
 * with the engine "bpf" everything down to HK_SYSTEM_PROCESS_FILESYSTEM_GID comes with the
 * walk, but for the few that are marked *.
 */
typedef enum hk_system_process_field {
	/* always there, whatever was asked for: stat */
	HK_SYSTEM_PROCESS_PID,
	HK_SYSTEM_PROCESS_PPID,
	HK_SYSTEM_PROCESS_START_TICKS,
	HK_SYSTEM_PROCESS_INODE, /* of its pidfd, Linux 6.9 */
	HK_SYSTEM_PROCESS_START_TIME,
	HK_SYSTEM_PROCESS_NAME,
	HK_SYSTEM_PROCESS_STATE,
	HK_SYSTEM_PROCESS_KERNEL,
	HK_SYSTEM_PROCESS_THREADS,
	HK_SYSTEM_PROCESS_CPU_PERCENT,
	HK_SYSTEM_PROCESS_CPU,
	HK_SYSTEM_PROCESS_CPU_USER,
	HK_SYSTEM_PROCESS_CPU_SYSTEM,
	HK_SYSTEM_PROCESS_RSS,
	HK_SYSTEM_PROCESS_MEMORY_PERCENT,
	HK_SYSTEM_PROCESS_VIRTUAL,
	/* stat, where it has to be read anyway */
	HK_SYSTEM_PROCESS_GROUP,
	HK_SYSTEM_PROCESS_SESSION,
	HK_SYSTEM_PROCESS_TERMINAL,
	HK_SYSTEM_PROCESS_FOREGROUND_GROUP,
	HK_SYSTEM_PROCESS_NICE,
	HK_SYSTEM_PROCESS_PRIORITY,
	HK_SYSTEM_PROCESS_POLICY,
	HK_SYSTEM_PROCESS_REALTIME_PRIORITY,
	HK_SYSTEM_PROCESS_PROCESSOR,
	HK_SYSTEM_PROCESS_MINOR_FAULTS,
	HK_SYSTEM_PROCESS_MAJOR_FAULTS,
	HK_SYSTEM_PROCESS_CHILDREN_MINOR_FAULTS,
	HK_SYSTEM_PROCESS_CHILDREN_MAJOR_FAULTS,
	HK_SYSTEM_PROCESS_CHILDREN_CPU_USER,
	HK_SYSTEM_PROCESS_CHILDREN_CPU_SYSTEM,
	HK_SYSTEM_PROCESS_CPU_GUEST,
	HK_SYSTEM_PROCESS_CHILDREN_CPU_GUEST,
	HK_SYSTEM_PROCESS_IO_WAIT, /* * */
	/* schedstat of the main thread */
	HK_SYSTEM_PROCESS_CPU_WAIT,
	/* statm */
	HK_SYSTEM_PROCESS_SHARED,
	HK_SYSTEM_PROCESS_TEXT,
	HK_SYSTEM_PROCESS_DATA,
	/* io */
	HK_SYSTEM_PROCESS_READ_BYTES,
	HK_SYSTEM_PROCESS_WRITTEN_BYTES,
	HK_SYSTEM_PROCESS_CANCELLED_BYTES,
	HK_SYSTEM_PROCESS_READ_CALL_BYTES,
	HK_SYSTEM_PROCESS_WRITE_CALL_BYTES,
	HK_SYSTEM_PROCESS_READ_CALLS,
	HK_SYSTEM_PROCESS_WRITE_CALLS,
	HK_SYSTEM_PROCESS_READ_RATE,
	HK_SYSTEM_PROCESS_WRITE_RATE,
	/* status */
	HK_SYSTEM_PROCESS_NAMESPACE_PID, /* * */
	HK_SYSTEM_PROCESS_AFFINITY,      /* * */
	HK_SYSTEM_PROCESS_RSS_ANONYMOUS,
	HK_SYSTEM_PROCESS_RSS_FILE,
	HK_SYSTEM_PROCESS_RSS_SHMEM,
	HK_SYSTEM_PROCESS_SWAP,
	HK_SYSTEM_PROCESS_STACK,
	HK_SYSTEM_PROCESS_LOCKED,
	HK_SYSTEM_PROCESS_PAGE_TABLES,
	HK_SYSTEM_PROCESS_HUGETLB, /* * */
	HK_SYSTEM_PROCESS_PEAK_RSS,
	HK_SYSTEM_PROCESS_PEAK_VIRTUAL,
	HK_SYSTEM_PROCESS_VOLUNTARY_SWITCHES,
	HK_SYSTEM_PROCESS_INVOLUNTARY_SWITCHES,
	HK_SYSTEM_PROCESS_UID,
	HK_SYSTEM_PROCESS_EFFECTIVE_UID,
	HK_SYSTEM_PROCESS_SAVED_UID,
	HK_SYSTEM_PROCESS_FILESYSTEM_UID,
	HK_SYSTEM_PROCESS_GID,
	HK_SYSTEM_PROCESS_EFFECTIVE_GID,
	HK_SYSTEM_PROCESS_SAVED_GID,
	HK_SYSTEM_PROCESS_FILESYSTEM_GID,
	/* a call or a file each, for every process and sample */
	HK_SYSTEM_PROCESS_IO_CLASS,
	HK_SYSTEM_PROCESS_IO_LEVEL,
	HK_SYSTEM_PROCESS_DESCRIPTORS,
	HK_SYSTEM_PROCESS_OOM_SCORE,
	HK_SYSTEM_PROCESS_OOM_ADJUSTMENT,
	/* once a program, by helper threads; but for the user again after a minute */
	HK_SYSTEM_PROCESS_USER,
	HK_SYSTEM_PROCESS_COMMAND,
	HK_SYSTEM_PROCESS_EXECUTABLE,
	HK_SYSTEM_PROCESS_WORKING_DIRECTORY,
	HK_SYSTEM_PROCESS_CGROUP,
	HK_SYSTEM_PROCESS_STALE,
	/* of processes that have ended */
	HK_SYSTEM_PROCESS_EXIT_CODE,
	HK_SYSTEM_PROCESS_EXIT_SIGNAL,
	HK_SYSTEM_PROCESS_CORE_DUMPED,
	HK_SYSTEM_PROCESS_END_TIME,
	HK_SYSTEM_PROCESS_FIELD_COUNT
} hk_system_process_field;

/*
 * A row.  A value counts if its bit is in record.present; a bit in record.denied
 * says that we may not know.  Counters are totals since the start of the process,
 * over all its threads, those that have ended included.
 */
typedef struct hk_system_process {
	hk_record record;
	int32_t pid;
	int32_t ppid;
	uint64_t start_ticks; /* clock ticks since boot: field 22 of stat */
	uint64_t inode;       /* of the pidfd; never given twice between boots */
	double start_time_s;  /* since 1970; does not move when the clock is set */
	const char *name;     /* any bytes but NUL, at most 63 */
	int32_t state;        /* hk_system_process_state */
	uint32_t threads;
	bool kernel;      /* a thread of the kernel, without memory of its own */
	bool stale;       /* command and its neighbours could not be read in time */
	bool core_dumped; /* exited rows */
	bool reserved_flag;
	int32_t nice;
	/* Of one processor, since the sample before; absent in a row's first sample. */
	double cpu_percent;
	double cpu_s; /* to the nanosecond where the engine can */
	double cpu_user_s;
	double cpu_system_s;
	uint64_t rss_bytes;
	double memory_percent; /* rss_bytes of the machine's memory */
	uint64_t virtual_bytes;

	int32_t group;
	int32_t session;
	const char *terminal; /* as in "pts/3"; absent without one */
	int32_t foreground_group;
	int32_t priority; /* as the kernel counts: 20 + nice, or -1 - realtime_priority */
	int32_t policy;   /* hk_system_policy */
	uint32_t realtime_priority;
	uint32_t processor;    /* it ran on last */
	int32_t namespace_pid; /* its id in the innermost namespace it lives in */
	uint64_t minor_faults;
	uint64_t major_faults;
	uint64_t children_minor_faults; /* of the children it waited for */
	uint64_t children_major_faults;
	double children_cpu_user_s;
	double children_cpu_system_s;
	double cpu_guest_s; /* inside user */
	double children_cpu_guest_s;
	double io_wait_s;  /* delayed by block devices (needs delay accounting) */
	double cpu_wait_s; /* main thread: runnable, but not running */

	uint64_t shared_bytes; /* resident and backed by files or shared memory */
	uint64_t text_bytes;
	uint64_t data_bytes;

	uint64_t read_bytes; /* fetched from storage */
	uint64_t written_bytes;
	uint64_t cancelled_bytes; /* written, then truncated away before reaching it */
	uint64_t read_call_bytes; /* passed through read(2) and its kin, cached or not */
	uint64_t write_call_bytes;
	uint64_t read_calls;
	uint64_t write_calls;
	double read_bytes_per_s; /* since the sample before */
	double written_bytes_per_s;

	const char *affinity; /* as in "0-3,8" */
	uint64_t rss_anonymous_bytes;
	uint64_t rss_file_bytes;
	uint64_t rss_shmem_bytes;
	uint64_t swap_bytes;
	uint64_t stack_bytes;
	uint64_t locked_bytes;
	uint64_t page_table_bytes;
	uint64_t hugetlb_bytes;
	uint64_t peak_rss_bytes;
	uint64_t peak_virtual_bytes;
	uint64_t voluntary_switches;
	uint64_t involuntary_switches;
	uint32_t uid;
	uint32_t effective_uid;
	uint32_t saved_uid;
	uint32_t filesystem_uid;
	uint32_t gid;
	uint32_t effective_gid;
	uint32_t saved_gid;
	uint32_t filesystem_gid;

	int32_t io_class; /* hk_system_io_class */
	uint32_t io_level;
	uint32_t descriptors; /* open now (Linux 6.2) */
	int32_t oom_score;
	int32_t oom_adjustment;
	int32_t exit_code; /* exited rows; absent when nobody told */
	int32_t exit_signal;
	int32_t reserved;
	double end_time_s;

	const char *user; /* name of uid; the number if it has none */
	/* As it was started; empty for kernel threads, absent while one is executed. */
	hk_record_strings command;
	const char *executable; /* with " (deleted)" behind it if it is */
	const char *working_directory;
	const char *cgroup; /* in the unified hierarchy, else in that of systemd */
} hk_system_process;

/* How rows are named, printed and written.  The index of a field is its
 * hk_system_process_field. */
HK_API extern const hk_record_type hk_system_process_type;

/* ---- the table ---- */

typedef enum hk_system_engine {
	/* "adaptive" for the first samples, then "bpf" if it can be had: loading it
	 * costs as much as some samples */
	HK_SYSTEM_ENGINE_AUTO,
	HK_SYSTEM_ENGINE_BPF,
	HK_SYSTEM_ENGINE_ADAPTIVE,
	HK_SYSTEM_ENGINE_OPENAT
} hk_system_engine;

/* A set of fields: bit i of word i / 64 is hk_system_process_field i. */
typedef struct hk_system_process_fields {
	uint64_t bits[HK_RECORD_FIELDS_MAX / 64];
} hk_system_process_fields;

typedef struct hk_system_processes_opts {
	size_t size; /* of this struct; set by HK_SYSTEM_PROCESSES_OPTS_INIT */
	/* what to read beyond what is always there; nothing: what stat gives */
	hk_system_process_fields fields;
	hk_system_engine engine;
	/* "adaptive": read every process each so many samples; 0: 10, 1: always */
	uint32_t sweep_every;
	/* Learn how processes end, also those that lived between two samples: needs
	 * root outside of containers.  Where it is refused the table works without;
	 * see hk_system_processes_info. */
	bool exits;
	bool reserved_flags[7];
	/* how long a sample may wait for the helper thread; 0: 250 ms */
	uint64_t details_wait_ns;
	/* Copied.  Read ROOT/proc instead of /proc, as files of text: for tests and
	 * captured trees.  NULL: the machine. */
	const char *root;
} hk_system_processes_opts;

/* clang-format off */
#define HK_SYSTEM_PROCESSES_OPTS_INIT { .size = sizeof(hk_system_processes_opts) }
/* clang-format on */

/* Add field @field to @fields. */
HK_API void hk_system_process_fields_add(
    hk_system_process_fields *fields, hk_system_process_field field);
/* Add the field called @name.  Returns 0, or -ENOENT if there is none. */
HK_API HK_MUST_USE int hk_system_process_fields_add_name(
    hk_system_process_fields *fields, const char *name);
/* Every field there is. */
HK_API hk_system_process_fields hk_system_process_fields_all(void);

/*
 * Make an empty table.  @opts may be NULL.  Owned: hk_system_processes_close().
 * Returns 0, -EINVAL, -E2BIG (opts of a newer header), -ENOMEM, -EMFILE/-ENFILE,
 * the errno of opening /proc, or, when an engine was demanded that cannot run
 * here, -EPERM or -EOPNOTSUPP.
 */
HK_API HK_MUST_USE int hk_system_processes_open(
    hk_system_processes **out, const hk_system_processes_opts *opts);

/* Release the table and its rows.  NULL is fine. */
HK_API void hk_system_processes_close(hk_system_processes *table);

/* Read other fields from the next sample on; the rows stay. */
HK_API void hk_system_processes_want(
    hk_system_processes *table, const hk_system_process_fields *fields);

/*
 * Look at every process once.  Returns how many there are, or -ENOMEM, -EMFILE/-ENFILE,
 * -EIO (also where /proc shows not even this process: it is not mounted) and other
 * errnos of reading /proc; the rows and lists are then those of the sample before,
 * though some may hold newer values.  -ECHILD in a forked child.
 */
HK_API HK_MUST_USE int hk_system_processes_sample(hk_system_processes *table);

/* ---- what the last sample saw ---- */

/*
 * Row @index of hk_system_processes_count() rows, by ascending pid, zombies
 * included.  Borrowed: the pointer and the strings are valid until the next
 * sample; while its process lives the row keeps its address.
 * NULL beyond the end.
 */
HK_API size_t hk_system_processes_count(const hk_system_processes *table);
HK_API const hk_system_process *hk_system_processes_get(
    const hk_system_processes *table, size_t index);

/* The row of the process that had @pid in the last sample, or NULL. */
HK_API const hk_system_process *hk_system_processes_find(
    const hk_system_processes *table, int32_t pid);
/* The same, if it is still that process; 0 matches anything. */
HK_API const hk_system_process *hk_system_processes_find_exactly(
    const hk_system_processes *table, int32_t pid, uint64_t start_ticks, uint64_t inode);

/*
 * The rows that are new since the sample before (all of them in the first one),
 * and those that have ended since, with their last known values.  With
 * opts.exits also processes that no sample has seen, with totals, exit status
 * and end, and exact totals for the others.  Borrowed as above.
 */
HK_API size_t hk_system_processes_started_count(const hk_system_processes *table);
HK_API const hk_system_process *hk_system_processes_started(
    const hk_system_processes *table, size_t index);
HK_API size_t hk_system_processes_exited_count(const hk_system_processes *table);
HK_API const hk_system_process *hk_system_processes_exited(
    const hk_system_processes *table, size_t index);

/*
 * A descriptor that is readable when processes have ended since the last sample
 * or drain, or -1 without opts.exits.  Borrowed.  The kernel keeps some ten
 * thousand ends; whoever samples seldom on a busy machine drains in between.
 */
HK_API int hk_system_processes_exit_fd(const hk_system_processes *table);
/* Take over what the kernel has queued; told by the next sample.  Returns the
 * number of records read, or -ENOMEM. */
HK_API int hk_system_processes_drain(hk_system_processes *table);

/* About the table itself; a record, so that it prints as the rows do. */
typedef struct hk_system_processes_info {
	hk_record record;
	const char *engine;     /* "bpf", "adaptive", "openat" */
	const char *engine_why; /* a sentence: why this one and not the one above it */
	const char *exits;      /* "listening" or "off" */
	const char *exits_why;  /* a sentence, when it is off though it was asked for */
	uint64_t samples;
	uint64_t processes;
	uint64_t read_count; /* rows that the last sample had to read anew */
	uint64_t
	    exits_lost; /* times the kernel's queue ran over; the rows are right again */
	uint64_t stale_count;  /* rows whose details could not be read in time */
	double interval_s;     /* between the last two samples */
	double sample_cpu_s;   /* processor time the last sample took of this thread */
	double total_cpu_s;    /* and all of them */
	uint64_t memory_bytes; /* held by the table */
	bool hidden;           /* /proc hides the processes of others from us (hidepid) */
} hk_system_processes_info;

HK_API extern const hk_record_type hk_system_processes_info_type;

/* Fill @out.  Strings are Borrowed until the next sample. */
HK_API void hk_system_processes_describe(
    hk_system_processes_info *out, const hk_system_processes *table);

/* ---- do the engines agree? ---- */

typedef struct hk_system_selftest {
	hk_record record;
	uint64_t engines;   /* that could run here */
	uint64_t processes; /* that all of them saw */
	uint64_t values;    /* that were compared */
	uint64_t differences;
	const char *first; /* the first difference in words */
	char text[256];
} hk_system_selftest;

HK_API extern const hk_record_type hk_system_selftest_type;

/*
 * Sample the live machine with each engine in turn, "openat" before and after,
 * and compare: what cannot change must be equal, counters must lie between the
 * two.  Returns 0 if nothing differs, 1 if something does, or an error as
 * hk_system_processes_open() and hk_system_processes_sample().
 */
HK_API HK_MUST_USE int hk_system_process_selftest(hk_system_selftest *out);

/* ---- the calling process ---- */

typedef struct hk_system_self_info {
	hk_record record;
	int32_t pid;
	int32_t ppid;
	double uptime_s;     /* sleep of the machine included */
	double start_time_s; /* since 1970, as the clock stands now */
	double cpu_user_s;
	double cpu_system_s;
	double cpu_percent; /* since the start, of one processor */
	uint64_t rss_bytes;
	uint64_t peak_rss_bytes;
	uint64_t virtual_bytes;
	uint64_t shared_bytes;
	/* malloc(3): taken from the system, and of it in use; absent where libc cannot say */
	uint64_t heap_total_bytes;
	uint64_t heap_used_bytes;
	uint64_t
	    heap_mapped_bytes; /* large blocks outside the arenas; inside both above */
	uint32_t threads;
	uint32_t descriptors;
	uint64_t descriptors_max;
	uint64_t minor_faults;
	uint64_t major_faults;
	uint64_t voluntary_switches;
	uint64_t involuntary_switches;
	const char *architecture; /* as uname -m said when the library was built */
	const char *platform;     /* "linux" */
} hk_system_self_info;

HK_API extern const hk_record_type hk_system_self_type;

/* Any thread.  Returns 0 or the errno of reading /proc/self. */
HK_API HK_MUST_USE int hk_system_self(hk_system_self_info *out);

HK_END

#endif /* HOSTKIT_SYSTEM_PROCESS_H */
