/*
 * From the kernel's own numbers to a row.  /proc makes the same figures from the
 * same numbers, so its rules are followed where it has any: how processor time is
 * divided, which letter a state has, what counts as resident.
 */
#include "system/engine_bpf.h"

#include <string.h>
#include <hostkit/error.h>
#include "base/clock.h"
#include "base/uint128.h"
#include "system/process_parse.h"

#define PF_KTHREAD 0x00200000U

/* Of the indexes into rss. */
enum { PAGES_FILE, PAGES_ANONYMOUS, PAGES_SWAP, PAGES_SHMEM };

int hki_task_parse(hki_task *out, const char *bytes, size_t available)
{
	struct hki_task_head head;
	size_t left;
	const char *at = bytes + sizeof(head);

	if (available < sizeof(head))
		return 0;
	memcpy(&head, bytes, sizeof(head));
	if (head.length < sizeof(head) || head.length > sizeof(hki_task))
		return HK_EPARSE;
	if (available < head.length)
		return 0;
	left = head.length - sizeof(head);
	out->head = head;
	out->has_counters = false;
	out->has_more = false;
	if (head.tid == head.tgid) {
		if (left < sizeof(out->base))
			return HK_EPARSE;
		memcpy(&out->base, at, sizeof(out->base));
		at += sizeof(out->base);
		left -= sizeof(out->base);
	}
	if (left >= sizeof(out->counters) && left != sizeof(out->more)) {
		memcpy(&out->counters, at, sizeof(out->counters));
		out->has_counters = true;
		at += sizeof(out->counters);
		left -= sizeof(out->counters);
	}
	if (left >= sizeof(out->more)) {
		memcpy(&out->more, at, sizeof(out->more));
		out->has_more = true;
		left -= sizeof(out->more);
	}
	return left == 0 ? (int) head.length : HK_EPARSE;
}

_Static_assert(sizeof(struct hki_task_counters) != sizeof(struct hki_task_more),
    "the length of a record tells its parts");
_Static_assert(sizeof(struct hki_task_quiet) > sizeof(struct hki_task_head) &&
		   sizeof(struct hki_task_quiet) <
		       sizeof(struct hki_task_head) + sizeof(struct hki_task_counters),
    "no other record is as long as a quiet one");

void hki_task_add(hki_task *task, const hki_task *thread)
{
	task->head.runtime += thread->head.runtime;
	task->head.utime += thread->head.utime;
	task->head.stime += thread->head.stime;
	if (!task->has_counters || !thread->has_counters)
		return;
	task->counters.gtime += thread->counters.gtime;
	task->counters.minor_faults += thread->counters.minor_faults;
	task->counters.major_faults += thread->counters.major_faults;
	for (int i = 0; i < 7; i++)
		task->counters.io[i] += thread->counters.io[i];
}

/* ---- processor time ---- */

void hki_task_times(uint64_t *user_ns, uint64_t *system_ns, const hki_task *task)
{
	uint64_t runtime = task->head.runtime;
	uint64_t user = task->base.shown_utime;
	uint64_t system = task->base.shown_stime;

	if (user + system < runtime) {
		uint64_t ticked = task->head.utime + task->head.stime;

		if (task->head.stime == 0)
			system = 0;
		else if (task->head.utime == 0)
			system = runtime;
		else
			system = (uint64_t) ((hki_uint128) task->head.stime * runtime /
					     ticked);
		if (system < task->base.shown_stime)
			system = task->base.shown_stime;
		user = runtime - system;
		if (user < task->base.shown_utime) {
			user = task->base.shown_utime;
			system = runtime - user;
		}
	}
	*user_ns = user;
	*system_ns = system;
}

static void fill_cpu(hk_system_processes *table, hki_row *row, const hki_task *task)
{
	hki_look look = {
		.runtime_ns = task->head.runtime,
		.exact = true,
		.time_ns = table->now_ns,
	};
	uint64_t user_ns;
	uint64_t system_ns;

	if (!row->fresh && row->exact && task->head.runtime == row->totals.runtime_ns) {
		hki_row_rest(table, row, table->now_ns);
		return;
	}
	hki_task_times(&user_ns, &system_ns, task);
	look.ticks = user_ns / table->tick_ns + system_ns / table->tick_ns;
	look.time_ns = hki_clock_monotonic_ns();
	hki_row_look(table, row, &look);
	hki_row_set_cpu(row, row->totals.runtime_ns, user_ns, system_ns);
}

/* ---- the parts ---- */

static int32_t state_of(uint32_t state, uint32_t exit_state)
{
	/* Nearly all of them, nearly always. */
	if ((state | exit_state) == 0x01)
		return HK_SYSTEM_STATE_SLEEPING;
	/* TASK_IDLE: uninterruptible, and not counted in the load. */
	if ((state & 0x402) == 0x402)
		return HK_SYSTEM_STATE_IDLE;
	/* A sleeper on a lock, or frozen. */
	if (state == 0x1000 || (state & 0x8000) != 0)
		return HK_SYSTEM_STATE_DISK_SLEEP;
	state |= exit_state;
	if ((state & 0x40) != 0)
		return HK_SYSTEM_STATE_PARKED;
	if ((state & 0x20) != 0)
		return HK_SYSTEM_STATE_ZOMBIE;
	if ((state & 0x10) != 0)
		return HK_SYSTEM_STATE_DEAD;
	if ((state & 0x08) != 0)
		return HK_SYSTEM_STATE_TRACING_STOP;
	if ((state & 0x04) != 0)
		return HK_SYSTEM_STATE_STOPPED;
	if ((state & 0x02) != 0)
		return HK_SYSTEM_STATE_DISK_SLEEP;
	return (state & 0x01) != 0 ? HK_SYSTEM_STATE_SLEEPING : HK_SYSTEM_STATE_RUNNING;
}

/* Counters of pages are sums that lag by processor; they may be seen below zero. */
static uint64_t page_bytes(const hk_system_processes *table, int64_t pages)
{
	return pages <= 0 ? 0 : (uint64_t) pages * table->page_bytes;
}

static void fill_program(hki_row *row, const hki_task *task, const uint64_t comm[2])
{
	uint64_t program = task->base.exec | HKI_PROGRAM_COUNTED;
	size_t length = strnlen(task->base.name, sizeof(task->base.name));

	if (program != row->program) {
		/* Another engine marked it: no reason to think that it changed. */
		if ((row->program & HKI_PROGRAM_COUNTED) != 0)
			row->texts_read = 0;
		row->program = program;
	}
	row->comm[0] = comm[0];
	row->comm[1] = comm[1];
	/* Names of kernel threads have more behind them in /proc; that one is kept. */
	if (memcmp(row->name, task->base.name, length) != 0 ||
	    (row->name[length] != '\0' && !row->row.kernel))
		hki_row_set_name(row, task->base.name, length);
}

static void fill_pages(hk_system_processes *table, hki_row *row, const long long pages[4])
{
	hk_system_process *to = &row->row;
	uint64_t rss = page_bytes(
	    table, pages[PAGES_FILE] + pages[PAGES_ANONYMOUS] + pages[PAGES_SHMEM]);

	if (rss != to->rss_bytes || row->fresh)
		hki_row_set_rss(table, row, rss);
	if (!table->memory_parts)
		return;
	to->rss_anonymous_bytes = page_bytes(table, pages[PAGES_ANONYMOUS]);
	to->rss_file_bytes = page_bytes(table, pages[PAGES_FILE]);
	to->rss_shmem_bytes = page_bytes(table, pages[PAGES_SHMEM]);
	to->swap_bytes = page_bytes(table, pages[PAGES_SWAP]);
	to->shared_bytes = to->rss_file_bytes + to->rss_shmem_bytes;
}

/* What the first part always holds. */
static void show_base(hk_system_processes *table, hki_row *row)
{
	hki_row_show_always(table, row);
	if (row->row.inode != 0)
		hki_row_set(table, row, HK_SYSTEM_PROCESS_INODE);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_SHARED);
	if (row->row.kernel)
		return;
	for (int i = HK_SYSTEM_PROCESS_RSS_ANONYMOUS; i <= HK_SYSTEM_PROCESS_SWAP; i++)
		hki_row_set(table, row, (hk_system_process_field) i);
}

static void fill_base(hk_system_processes *table, hki_row *row, const hki_task *task)
{
	hk_system_process *to = &row->row;
	uint64_t comm[2];

	memcpy(comm, task->base.name, sizeof(comm));
	to->ppid = (int32_t) task->base.ppid;
	to->state = state_of(task->base.state, task->base.exit_state);
	row->kernel_state = task->base.state;
	row->own_runtime_ns = task->base.own;
	to->kernel = (task->base.flags & PF_KTHREAD) != 0;
	to->threads = task->head.threads;
	to->virtual_bytes = task->base.total_vm * table->page_bytes;
	fill_pages(table, row, task->base.rss);
	if (row->program != (task->base.exec | HKI_PROGRAM_COUNTED) ||
	    comm[0] != row->comm[0] || comm[1] != row->comm[1])
		fill_program(row, task, comm);
}

static void fill_counters(hk_system_processes *table, hki_row *row, const hki_task *task)
{
	hk_system_process *to = &row->row;
	const struct hki_task_counters *from = &task->counters;

	to->cpu_guest_s = (double) from->gtime / (double) HKI_NS_PER_S;
	to->minor_faults = from->minor_faults;
	to->major_faults = from->major_faults;
	to->voluntary_switches = from->voluntary;
	to->involuntary_switches = from->involuntary;
	to->read_call_bytes = from->io[0];
	to->write_call_bytes = from->io[1];
	to->read_calls = from->io[2];
	to->write_calls = from->io[3];
	to->read_bytes = from->io[4];
	to->written_bytes = from->io[5];
	to->cancelled_bytes = from->io[6];
	hki_row_set(table, row, HK_SYSTEM_PROCESS_CPU_GUEST);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_MINOR_FAULTS);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_MAJOR_FAULTS);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_VOLUNTARY_SWITCHES);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_INVOLUNTARY_SWITCHES);
	for (int i = HK_SYSTEM_PROCESS_READ_BYTES; i <= HK_SYSTEM_PROCESS_WRITE_CALLS;
	     i++)
		hki_row_set(table, row, (hk_system_process_field) i);
	hki_row_look_io(table, row, to->read_bytes, to->written_bytes, table->now_ns);
}

static void fill_more_memory(
    hk_system_processes *table, hki_row *row, const struct hki_task_more *from)
{
	hk_system_process *to = &row->row;
	uint64_t mask = table->page_bytes - 1;
	uint64_t peak_rss = from->peak_rss * table->page_bytes;
	uint64_t peak_virtual = from->peak_vm * table->page_bytes;

	to->text_bytes = ((from->end_code + mask) & ~mask) - (from->start_code & ~mask);
	to->data_bytes = (from->data_vm + from->stack_vm) * table->page_bytes;
	hki_row_set(table, row, HK_SYSTEM_PROCESS_TEXT);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_DATA);
	if (row->row.kernel)
		return;
	to->stack_bytes = from->stack_vm * table->page_bytes;
	to->locked_bytes = from->locked_vm * table->page_bytes;
	to->page_table_bytes = from->page_table_bytes;
	/* The kernel notes a peak only when memory shrinks. */
	to->peak_rss_bytes = peak_rss > to->rss_bytes ? peak_rss : to->rss_bytes;
	to->peak_virtual_bytes =
	    peak_virtual > to->virtual_bytes ? peak_virtual : to->virtual_bytes;
	hki_row_set(table, row, HK_SYSTEM_PROCESS_STACK);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_LOCKED);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_PAGE_TABLES);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_PEAK_RSS);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_PEAK_VIRTUAL);
}

/* stat splits a device as the kernel does not: minor numbers around the major. */
static uint32_t device_of(uint32_t terminal)
{
	uint32_t major = terminal >> 20;
	uint32_t minor = terminal & 0xfffff;

	return (minor & 0xff) | major << 8 | (minor & ~0xffU) << 12;
}

static void fill_terminal(
    hk_system_processes *table, hki_row *row, const struct hki_task_more *from)
{
	row->row.terminal = hki_terminal_name(table, device_of(from->terminal));
	row->row.foreground_group = (int32_t) from->foreground_group;
	if (row->row.terminal == NULL) {
		hki_row_unset(row, HK_SYSTEM_PROCESS_TERMINAL);
		hki_row_unset(row, HK_SYSTEM_PROCESS_FOREGROUND_GROUP);
		return;
	}
	hki_row_set(table, row, HK_SYSTEM_PROCESS_TERMINAL);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_FOREGROUND_GROUP);
}

static void fill_more(hk_system_processes *table, hki_row *row, const hki_task *task)
{
	static const hk_system_process_field given[] = { HK_SYSTEM_PROCESS_GROUP,
		HK_SYSTEM_PROCESS_SESSION, HK_SYSTEM_PROCESS_NICE,
		HK_SYSTEM_PROCESS_PRIORITY, HK_SYSTEM_PROCESS_POLICY,
		HK_SYSTEM_PROCESS_REALTIME_PRIORITY, HK_SYSTEM_PROCESS_PROCESSOR,
		HK_SYSTEM_PROCESS_CHILDREN_MINOR_FAULTS,
		HK_SYSTEM_PROCESS_CHILDREN_MAJOR_FAULTS,
		HK_SYSTEM_PROCESS_CHILDREN_CPU_USER,
		HK_SYSTEM_PROCESS_CHILDREN_CPU_SYSTEM,
		HK_SYSTEM_PROCESS_CHILDREN_CPU_GUEST, HK_SYSTEM_PROCESS_CPU_WAIT,
		HK_SYSTEM_PROCESS_OOM_ADJUSTMENT };
	hk_system_process *to = &row->row;
	const struct hki_task_more *from = &task->more;

	to->group = (int32_t) from->group;
	to->session = (int32_t) from->session;
	to->nice = from->static_priority - 120;
	to->priority = from->priority - 100;
	to->policy = (int32_t) from->policy;
	to->realtime_priority = from->realtime_priority;
	to->processor = from->processor;
	to->children_minor_faults = from->children_minor_faults;
	to->children_major_faults = from->children_major_faults;
	to->children_cpu_user_s = (double) from->children_utime / (double) HKI_NS_PER_S;
	to->children_cpu_system_s = (double) from->children_stime / (double) HKI_NS_PER_S;
	to->children_cpu_guest_s = (double) from->children_gtime / (double) HKI_NS_PER_S;
	to->cpu_wait_s = (double) from->run_delay / (double) HKI_NS_PER_S;
	to->oom_adjustment = from->oom_adjustment;
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		hki_row_set(table, row, given[i]);
	fill_terminal(table, row, from);
	fill_more_memory(table, row, from);
	hki_row_set_ids(table, row, from->ids);
}

/* ---- who sleeps ---- */

bool hki_task_is_at_rest(const hk_system_processes *table, const hki_row *row,
    const struct hki_task_quiet *quiet)
{
	return row->walked && !row->fresh && row->own_runtime_ns == quiet->runtime &&
	       row->row.threads == 1 &&
	       row->start_ns == quiet->start + (uint64_t) table->start_offset_ns;
}

void hki_task_rest(
    hk_system_processes *table, hki_row *row, const struct hki_task_quiet *quiet)
{
	row->unsettled = false;
	row->row.ppid = (int32_t) quiet->ppid;
	/* It may be frozen in its sleep; a zombie is found by what it was told as. */
	if (quiet->state != row->kernel_state) {
		row->kernel_state = quiet->state;
		row->row.state = state_of(quiet->state, 0);
	}
	row->row.virtual_bytes = quiet->total_vm * table->page_bytes;
	fill_pages(table, row, quiet->rss);
	hki_row_rest(table, row, table->now_ns);
}

/* ---- all of it ---- */

/* What only files tell, of processes that have run. */
static void fill_from_files(hk_system_processes *table, hki_row *row)
{
	char text[1280];
	hki_stat stat;
	int length;

	table->read_count++;
	hki_read_files(table, row, table->read);
	if ((table->read & HKI_READ_STAT_ALL) == 0)
		return;
	length = hki_read_process_file(
	    table->proc, row->row.pid, "stat", 4, text, sizeof(text));
	if (length < 0 || hki_stat_parse(&stat, text, (size_t) length, HKI_STAT_ALL) < 0)
		return;
	row->row.io_wait_s =
	    (double) (stat.io_wait_ticks * table->tick_ns) / (double) HKI_NS_PER_S;
	hki_row_set(table, row, HK_SYSTEM_PROCESS_IO_WAIT);
}

void hki_task_fill(hk_system_processes *table, hki_row *row, const hki_task *task)
{
	bool first = row->fresh;
	bool changed = first || task->head.runtime != row->totals.runtime_ns;

	fill_base(table, row, task);
	if (first || table->full)
		show_base(table, row);
	fill_cpu(table, row, task);
	if (task->has_counters)
		fill_counters(table, row, task);
	if (task->has_more)
		fill_more(table, row, task);
	if ((table->read & (HKI_READ_FILES | HKI_READ_STAT_ALL)) != 0 &&
	    (changed || table->full))
		fill_from_files(table, row);
}
