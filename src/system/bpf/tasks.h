#ifndef HKI_SYSTEM_BPF_TASKS_H
#define HKI_SYSTEM_BPF_TASKS_H

/*
 * What tasks.bpf.c writes and engine_bpf.c reads: a stream of records, one a
 * thread, by ascending thread id.  The record of a process is that of its main
 * thread; those of its other threads only carry what has to be added up.
 * Compiled for two machines, so: fixed widths, no padding, nothing but data.
 */
typedef unsigned int hki_task_u32;
typedef int hki_task_s32;
typedef unsigned long long hki_task_u64;
typedef long long hki_task_s64;

/* Every record begins with it.  Times in nanoseconds. */
struct hki_task_head {
	hki_task_u32 length; /* of the whole record: which parts follow */
	hki_task_u32 tgid;   /* the process, in the namespace of the reader */
	hki_task_u32 tid;
	hki_task_u32 threads; /* of the process */
	/* of this thread; for the main one with those of threads that have ended */
	hki_task_u64 runtime;
	hki_task_u64 utime;
	hki_task_u64 stime;
};

/* Alone, for a process that has not run since the walk before: what may have changed
 * nevertheless, and by which the reader knows that this is so. */
struct hki_task_quiet {
	hki_task_u32 length; /* of this; no other record is as long */
	hki_task_u32 tgid;
	hki_task_u32 ppid;
	hki_task_u32 state;
	hki_task_u64 runtime; /* of its one thread, without those that have ended */
	hki_task_u64 start;   /* since boot */
	hki_task_s64 rss[4];
	hki_task_u64 total_vm; /* others may share its memory, and map */
};

/* Behind the head of a process. */
struct hki_task_base {
	hki_task_u64 inode; /* of its pidfd, 0 before Linux 6.9 */
	hki_task_u64 start; /* since boot */
	hki_task_u64 own;   /* runtime of the main thread alone */
	hki_task_u64 exec;  /* counts the programs it has executed, if asked for */
	/* what /proc showed last: times must not run backwards */
	hki_task_u64 shown_utime;
	hki_task_u64 shown_stime;
	hki_task_s64 rss[4]; /* pages: file, anonymous, swapped, shmem */
	hki_task_u64 total_vm;
	hki_task_u32 ppid;
	hki_task_u32 flags; /* PF_* */
	hki_task_u32 state;
	hki_task_u32 exit_state;
	char name[16];
};

/* Next, if asked for; also behind the head of every thread. */
struct hki_task_counters {
	hki_task_u64 gtime;
	hki_task_u64 minor_faults;
	hki_task_u64 major_faults;
	hki_task_u64 voluntary;
	hki_task_u64 involuntary;
	/* read characters, written characters, read calls, write calls, read bytes,
	 * written bytes, cancelled bytes */
	hki_task_u64 io[7];
};

/* Last of a process, if asked for. */
struct hki_task_more {
	hki_task_u64 children_utime;
	hki_task_u64 children_stime;
	hki_task_u64 children_gtime;
	hki_task_u64 children_minor_faults;
	hki_task_u64 children_major_faults;
	hki_task_u64 run_delay;
	hki_task_u64 peak_rss; /* pages */
	hki_task_u64 peak_vm;
	hki_task_u64 locked_vm;
	hki_task_u64 data_vm;
	hki_task_u64 stack_vm;
	hki_task_u64 page_table_bytes;
	hki_task_u64 start_code;
	hki_task_u64 end_code;
	hki_task_u32 ids[8]; /* real, effective, saved, filesystem: users, then groups */
	hki_task_u32 group;
	hki_task_u32 session;
	hki_task_u32 foreground_group;
	hki_task_u32 terminal; /* major << 20 | minor, 0: none */
	hki_task_s32 priority; /* as the kernel counts, from 0 */
	hki_task_s32 static_priority;
	hki_task_u32 realtime_priority;
	hki_task_u32 policy;
	hki_task_u32 processor;
	hki_task_s32 oom_adjustment;
};

/* What to write. */
enum {
	HKI_TASKS_COUNTERS = 1, /* the counters of every thread */
	HKI_TASKS_MORE = 2,
	HKI_TASKS_PROGRAM = 4, /* base.exec, which lies apart in memory */
	/* Processes that have not run since the walk before are told of as quiet.  The
	 * reader has taken in all of that walk. */
	HKI_TASKS_QUIET = 8
};

/*
 * The one map, which both sides see as memory.
 *
 * Who was put on a processor before the walk before began, and sleeps, has not run
 * since: it need not be told again.  Both are times of the scheduler's own clock; the
 * one of a walk is when its reader was put on a processor, which is earlier and hence
 * on the safe side.  It is a hint: who ran through the whole walk before and sleeps
 * now is known to the reader by its runtime.
 */
struct hki_tasks_control {
	hki_task_u32 wanted;  /* HKI_TASKS_…, set before each walk */
	hki_task_u32 level;   /* of the reader's namespace; all below is set by walks */
	hki_task_u64 session; /* the latest walk */
	hki_task_u64 began;
	hki_task_u64 before_began;
};

#endif /* HKI_SYSTEM_BPF_TASKS_H */
