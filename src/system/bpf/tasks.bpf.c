/*
 * Walk all tasks inside the kernel and write down what a table of processes
 * needs (an "iter/task" program, Linux 5.8).  One call into the kernel reads some
 * hundred processes as numbers; nobody prints decimals, opens files or looks up names.
 *
 * The structs below name only the members that are used.  Where they lie in the
 * running kernel is settled when the program is loaded, from the kernel's own
 * description of its types (BTF, "compile once, run everywhere"); members that
 * came or went between versions are asked for first.
 *
 * bpf_seq_write() is offered to programs under a licence that is compatible with
 * the GPL only, so this file, and what is generated from it, may be used under
 * either licence that is named at its end.
 *
 * script/generate-bpf compiles it into tasks_program.h.
 */
#include "tasks.h"

#define SECTION(name) __attribute__((section(name), used))
#define RELOCATED     __attribute__((preserve_access_index))
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* ---- the kernel's types, as far as they matter ---- */

struct upid {
	int nr;
} RELOCATED;

struct pid {
	unsigned int level;
	hki_task_u64 ino; /* Linux 6.9 */
	struct upid numbers[1];
} RELOCATED;

struct percpu_counter {
	hki_task_s64 count;
} RELOCATED;

typedef struct {
	hki_task_s64 counter;
} RELOCATED atomic64_t;

struct mm_struct {
	struct percpu_counter rss_stat[4]; /* Linux 6.2 */
	unsigned long total_vm;
	unsigned long hiwater_rss;
	unsigned long hiwater_vm;
	unsigned long locked_vm;
	unsigned long data_vm;
	unsigned long stack_vm;
	unsigned long start_code;
	unsigned long end_code;
	atomic64_t pgtables_bytes;
} RELOCATED;

struct mm_rss_stat {
	atomic64_t count[4];
} RELOCATED;

/* Before Linux 6.2.  What follows three underscores is not compared. */
struct mm_struct___before {
	struct mm_rss_stat rss_stat;
} RELOCATED;

struct task_io_accounting {
	hki_task_u64 rchar;
	hki_task_u64 wchar;
	hki_task_u64 syscr;
	hki_task_u64 syscw;
	hki_task_u64 read_bytes;
	hki_task_u64 write_bytes;
	hki_task_u64 cancelled_write_bytes;
} RELOCATED;

struct prev_cputime {
	hki_task_u64 utime;
	hki_task_u64 stime;
} RELOCATED;

struct tty_driver {
	int major;
	int minor_start;
} RELOCATED;

struct tty_struct {
	struct tty_driver *driver;
	int index;
	struct {
		struct pid *pgrp;
	} ctrl;
} RELOCATED;

enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_MAX };

struct signal_struct {
	int nr_threads;
	hki_task_u64 utime;
	hki_task_u64 stime;
	hki_task_u64 gtime;
	hki_task_u64 cutime;
	hki_task_u64 cstime;
	hki_task_u64 cgtime;
	struct prev_cputime prev_cputime;
	unsigned long min_flt;
	unsigned long maj_flt;
	unsigned long cmin_flt;
	unsigned long cmaj_flt;
	struct task_io_accounting ioac;
	unsigned long long sum_sched_runtime;
	short oom_score_adj;
	struct tty_struct *tty;
	struct pid *pids[PIDTYPE_MAX];
} RELOCATED;

typedef struct {
	unsigned int val;
} RELOCATED kuid_t;

typedef struct {
	unsigned int val;
} RELOCATED kgid_t;

struct cred {
	kuid_t uid;
	kuid_t euid;
	kuid_t suid;
	kuid_t fsuid;
	kgid_t gid;
	kgid_t egid;
	kgid_t sgid;
	kgid_t fsgid;
} RELOCATED;

struct sched_entity {
	hki_task_u64 sum_exec_runtime;
} RELOCATED;

struct sched_info {
	unsigned long long run_delay;
	unsigned long long last_arrival;
} RELOCATED;

struct thread_info {
	unsigned int cpu;
} RELOCATED;

struct list_head {
	struct list_head *next;
	struct list_head *prev;
} RELOCATED;

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state; /* Linux 5.14 */
	int exit_state;
	unsigned int flags;
	int prio;
	int static_prio;
	unsigned int rt_priority;
	unsigned int policy;
	int pid;
	int tgid;
	struct sched_entity se;
	struct sched_info sched_info;
	struct mm_struct *mm;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct list_head thread_node; /* of the threads of a process */
	hki_task_u64 utime;
	hki_task_u64 stime;
	hki_task_u64 gtime;
	unsigned long nvcsw;
	unsigned long nivcsw;
	hki_task_u64 start_boottime;
	unsigned long min_flt;
	unsigned long maj_flt;
	const struct cred *real_cred;
	const struct cred *cred;
	char comm[16];
	struct signal_struct *signal;
	hki_task_u64 self_exec_id;
	struct task_io_accounting ioac;
} RELOCATED;

struct seq_file;

/* Not relocated: made for programs, and never changed. */
struct bpf_iter_meta {
	struct seq_file *seq;
	hki_task_u64 session;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

/* ---- the kernel's helpers, by their numbers (include/uapi/linux/bpf.h) ---- */

static long (*const probe_read_kernel)(
    void *out, hki_task_u32 size, const void *address) = (void *) 113;
static long (*const seq_write)(
    struct seq_file *seq, const void *data, hki_task_u32 length) = (void *) 127;
static struct task_struct *(*const current_task)(void) = (void *) 158;

/* Does the running kernel have the member? */
#define HAS(member) __builtin_preserve_field_info(member, 2)

#define PF_KTHREAD 0x00200000

struct hki_tasks_control control = { 0 };

/* ---- ids as the reader sees them ---- */

/* The number of @pid in the namespace @level steps below the first; 0: not in it. */
static ALWAYS_INLINE hki_task_u32 number_of(struct pid *pid, unsigned int level)
{
	struct upid found = { 0 };

	if (pid == 0 || pid->level < level)
		return 0;
	if (level == 0)
		return (hki_task_u32) pid->numbers[0].nr;
	(void) probe_read_kernel(&found, sizeof(found.nr),
	    (const char *) pid + __builtin_preserve_field_info(pid->numbers, 0) +
		level * __builtin_preserve_type_info(*(struct upid *) 0, 1));
	return (hki_task_u32) found.nr;
}

/* ---- parts of a record ---- */

/* The memory of a process, or 0: a kernel thread may have borrowed somebody's. */
static ALWAYS_INLINE struct mm_struct *memory_of(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;

	return (task->flags & PF_KTHREAD) == 0 ? mm : 0;
}

static ALWAYS_INLINE void fill_rss(hki_task_s64 *rss, struct mm_struct *mm)
{
	if (mm == 0) {
		rss[0] = 0;
		rss[1] = 0;
		rss[2] = 0;
		rss[3] = 0;
	} else if (HAS(mm->rss_stat[0].count)) {
		rss[0] = mm->rss_stat[0].count;
		rss[1] = mm->rss_stat[1].count;
		rss[2] = mm->rss_stat[2].count;
		rss[3] = mm->rss_stat[3].count;
	} else {
		struct mm_struct___before *before = (void *) mm;

		rss[0] = before->rss_stat.count[0].counter;
		rss[1] = before->rss_stat.count[1].counter;
		rss[2] = before->rss_stat.count[2].counter;
		rss[3] = before->rss_stat.count[3].counter;
	}
}

static ALWAYS_INLINE hki_task_u32 process_of(struct task_struct *task, unsigned int level)
{
	return level == 0 ? (hki_task_u32) task->tgid
			  : number_of(task->signal->pids[PIDTYPE_TGID], level);
}

static ALWAYS_INLINE void fill_head(struct hki_task_head *head, struct task_struct *task,
    struct signal_struct *signal, unsigned int level, int is_main)
{
	head->threads = (hki_task_u32) signal->nr_threads;
	head->runtime = task->se.sum_exec_runtime;
	head->utime = task->utime;
	head->stime = task->stime;
	if (is_main) {
		head->runtime += signal->sum_sched_runtime;
		head->utime += signal->utime;
		head->stime += signal->stime;
	}
	head->tgid = process_of(task, level);
	head->tid =
	    level == 0 ? (hki_task_u32) task->pid : number_of(task->thread_pid, level);
}

static ALWAYS_INLINE void fill_base(struct hki_task_base *base, struct task_struct *task,
    struct signal_struct *signal, unsigned int level)
{
	struct pid *pid = task->thread_pid;
	struct mm_struct *mm = memory_of(task);

	base->inode = pid != 0 && HAS(pid->ino) ? pid->ino : 0;
	base->start = task->start_boottime;
	base->own = task->se.sum_exec_runtime;
	base->exec = (control.wanted & HKI_TASKS_PROGRAM) != 0 ? task->self_exec_id : 0;
	base->shown_utime = signal->prev_cputime.utime;
	base->shown_stime = signal->prev_cputime.stime;
	base->ppid = process_of(task->real_parent, level);
	base->flags = task->flags;
	base->state = task->__state;
	base->exit_state = (hki_task_u32) task->exit_state;
	__builtin_memcpy(base->name, task->comm, sizeof(base->name));
	base->total_vm = mm != 0 ? mm->total_vm : 0;
	fill_rss(base->rss, mm);
}

static ALWAYS_INLINE void add_io(hki_task_u64 *out, const struct task_io_accounting *from)
{
	out[0] += from->rchar;
	out[1] += from->wchar;
	out[2] += from->syscr;
	out[3] += from->syscw;
	out[4] += from->read_bytes;
	out[5] += from->write_bytes;
	out[6] += from->cancelled_write_bytes;
}

static ALWAYS_INLINE void fill_counters(struct hki_task_counters *counters,
    struct task_struct *task, struct signal_struct *signal, int is_main)
{
	counters->gtime = task->gtime;
	counters->minor_faults = task->min_flt;
	counters->major_faults = task->maj_flt;
	counters->voluntary = task->nvcsw;
	counters->involuntary = task->nivcsw;
	if (HAS(task->ioac.rchar))
		add_io(counters->io, &task->ioac);
	if (!is_main)
		return;
	counters->gtime += signal->gtime;
	counters->minor_faults += signal->min_flt;
	counters->major_faults += signal->maj_flt;
	if (HAS(signal->ioac.rchar))
		add_io(counters->io, &signal->ioac);
}

static ALWAYS_INLINE void fill_more_memory(
    struct hki_task_more *more, struct mm_struct *mm)
{
	more->peak_rss = mm->hiwater_rss;
	more->peak_vm = mm->hiwater_vm;
	more->locked_vm = mm->locked_vm;
	more->data_vm = mm->data_vm;
	more->stack_vm = mm->stack_vm;
	more->page_table_bytes = (hki_task_u64) mm->pgtables_bytes.counter;
	more->start_code = mm->start_code;
	more->end_code = mm->end_code;
}

static ALWAYS_INLINE void fill_ids(hki_task_u32 *out, const struct cred *cred)
{
	out[0] = cred->uid.val;
	out[1] = cred->euid.val;
	out[2] = cred->suid.val;
	out[3] = cred->fsuid.val;
	out[4] = cred->gid.val;
	out[5] = cred->egid.val;
	out[6] = cred->sgid.val;
	out[7] = cred->fsgid.val;
}

static ALWAYS_INLINE void fill_terminal(
    struct hki_task_more *more, struct signal_struct *signal, unsigned int level)
{
	struct tty_struct *tty = signal->tty;

	if (tty == 0)
		return;
	more->terminal = (hki_task_u32) tty->driver->major << 20 |
			 (hki_task_u32) (tty->driver->minor_start + tty->index);
	more->foreground_group = number_of(tty->ctrl.pgrp, level);
}

static ALWAYS_INLINE void fill_more(struct hki_task_more *more, struct task_struct *task,
    struct signal_struct *signal, unsigned int level)
{
	struct mm_struct *mm = memory_of(task);

	more->children_utime = signal->cutime;
	more->children_stime = signal->cstime;
	more->children_gtime = signal->cgtime;
	more->children_minor_faults = signal->cmin_flt;
	more->children_major_faults = signal->cmaj_flt;
	if (HAS(task->sched_info.run_delay))
		more->run_delay = task->sched_info.run_delay;
	more->group = number_of(signal->pids[PIDTYPE_PGID], level);
	more->session = number_of(signal->pids[PIDTYPE_SID], level);
	fill_terminal(more, signal, level);
	fill_ids(more->ids, task->real_cred);
	more->priority = task->prio;
	more->static_priority = task->static_prio;
	more->realtime_priority = task->rt_priority;
	more->policy = task->policy;
	if (HAS(task->thread_info.cpu))
		more->processor = task->thread_info.cpu;
	more->oom_adjustment = signal->oom_score_adj;
	if (mm != 0)
		fill_more_memory(more, mm);
}

/* ---- the walk ---- */

/* Times of processors differ by less. */
#define CLOCKS_APART_NS 20000000

/* Once a walk. */
static ALWAYS_INLINE void begin_walk(hki_task_u64 session)
{
	struct task_struct *reader = current_task();

	control.session = session;
	control.level = reader->thread_pid->level;
	control.before_began = control.began;
	if (HAS(reader->sched_info.last_arrival))
		control.began = reader->sched_info.last_arrival;
}

/* Of a main thread: is it the only one, and has not run since the walk before? */
static ALWAYS_INLINE int is_quiet(struct task_struct *task)
{
	return (control.wanted & HKI_TASKS_QUIET) != 0 &&
	       HAS(task->sched_info.last_arrival) && task->__state != 0 &&
	       task->sched_info.last_arrival + CLOCKS_APART_NS < control.before_began &&
	       task->thread_node.next == task->thread_node.prev;
}

static ALWAYS_INLINE void write_quiet(
    struct seq_file *seq, struct task_struct *task, unsigned int level)
{
	struct hki_task_quiet quiet; /* every member is written: see below */
	struct mm_struct *mm = memory_of(task);

	quiet.length = sizeof(quiet);
	quiet.tgid = process_of(task, level);
	quiet.ppid = process_of(task->real_parent, level);
	quiet.state = task->__state;
	quiet.runtime = task->se.sum_exec_runtime;
	quiet.start = task->start_boottime;
	quiet.total_vm = mm != 0 ? mm->total_vm : 0;
	fill_rss(quiet.rss, mm);
	(void) seq_write(seq, &quiet, sizeof(quiet));
}

/* Most records end here, so it is written at once. */
struct first {
	struct hki_task_head head;
	struct hki_task_base base;
};

static ALWAYS_INLINE hki_task_u32 length_of(int is_main)
{
	hki_task_u32 length = sizeof(struct hki_task_head);

	if (is_main)
		length += sizeof(struct hki_task_base);
	if ((control.wanted & HKI_TASKS_COUNTERS) != 0)
		length += sizeof(struct hki_task_counters);
	if (is_main && (control.wanted & HKI_TASKS_MORE) != 0)
		length += sizeof(struct hki_task_more);
	return length;
}

SECTION("iter/task") int walk_tasks(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct seq_file *seq = context->meta->seq;
	struct signal_struct *signal;
	struct first first; /* every member is written below: zeroing it would cost */
	unsigned int level;
	int is_main;

	if (task == 0)
		return 0;
	if (context->meta->session != control.session)
		begin_walk(context->meta->session);
	level = control.level;
	is_main = task->pid == task->tgid;
	if (is_main && is_quiet(task)) {
		write_quiet(seq, task, level);
		return 0;
	}
	signal = task->signal;
	first.head.length = length_of(is_main);
	fill_head(&first.head, task, signal, level, is_main);
	if (is_main) {
		fill_base(&first.base, task, signal, level);
		(void) seq_write(seq, &first, sizeof(first));
	} else {
		(void) seq_write(seq, &first.head, sizeof(first.head));
	}
	if ((control.wanted & HKI_TASKS_COUNTERS) != 0) {
		struct hki_task_counters counters = { 0 };

		fill_counters(&counters, task, signal, is_main);
		(void) seq_write(seq, &counters, sizeof(counters));
	}
	if (is_main && (control.wanted & HKI_TASKS_MORE) != 0) {
		struct hki_task_more more = { 0 };

		fill_more(&more, task, signal, level);
		(void) seq_write(seq, &more, sizeof(more));
	}
	return 0;
}

char licence[] SECTION("license") = "Dual MIT/GPL";
