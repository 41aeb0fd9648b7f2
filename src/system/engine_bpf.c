/*
 * The engine for root: the kernel walks its own list of tasks and writes numbers
 * (bpf/tasks.bpf.c), some hundred processes a call.  There is nothing to open,
 * nothing to print and nothing to parse, so a whole table costs about as much as
 * listing /proc alone.
 *
 * The walk goes thread by thread, by ascending id, while a row is a whole
 * process.  A process of one thread, which most are, is complete at once.  For
 * the others a sum is kept until the end of the walk; since ids come round, a
 * thread may even come before the main one of its process, and is then kept aside.
 *
 * Who has not run since the walk before is told in a third of the words, and most
 * have not.  The kernel knows it by when it last put the process on a processor; we
 * hold that against the runtime, and walk again if it was not so.
 */
#include "system/engine_bpf.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "system/bpf_load.h"

/* A process whose threads are being added up. */
typedef struct group {
	hki_row *row;
	hki_task sum;
} group;

typedef struct bpf_state {
	hki_bpf_tasks tasks;
	group *groups; /* by ascending process id */
	size_t group_count;
	size_t group_capacity;
	hki_task *strays; /* threads that came before their process */
	size_t stray_count;
	size_t stray_capacity;
	hki_hidden hidden;
	bool awake; /* somebody who was told as quiet was not */
} bpf_state;

/* ---- growing lists ---- */

int hki_reserve_one(void **items, size_t count, size_t *capacity, size_t size)
{
	size_t wanted = *capacity == 0 ? 16 : *capacity * 2;
	void *grown;

	if (count < *capacity)
		return 0;
	grown = hki_realloc_array(*items, wanted, size);
	if (grown == NULL)
		return -ENOMEM;
	*items = grown;
	*capacity = wanted;
	return 0;
}

static int keep_group(bpf_state *state, hki_row *row, const hki_task *task)
{
	void *items = state->groups;
	int r = hki_reserve_one(
	    &items, state->group_count, &state->group_capacity, sizeof(group));

	state->groups = items;
	if (r < 0)
		return r;
	state->groups[state->group_count++] = (group){ .row = row, .sum = *task };
	return 0;
}

static int keep_stray(bpf_state *state, const hki_task *task)
{
	void *items = state->strays;
	int r = hki_reserve_one(
	    &items, state->stray_count, &state->stray_capacity, sizeof(hki_task));

	state->strays = items;
	if (r < 0)
		return r;
	state->strays[state->stray_count++] = *task;
	return 0;
}

/* ---- one record ---- */

static group *find_group(bpf_state *state, uint32_t tgid)
{
	size_t low = 0;
	size_t high = state->group_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (state->groups[middle].sum.head.tgid < tgid)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < state->group_count && state->groups[low].sum.head.tgid == tgid)
		return &state->groups[low];
	return NULL;
}

static bool is_same(
    const hk_system_processes *table, const hki_row *row, const hki_task *task)
{
	uint64_t start_ns = task->base.start + (uint64_t) table->start_offset_ns;

	if (task->base.inode != 0 && row->row.inode != 0)
		return task->base.inode == row->row.inode;
	if (row->start_ns != 0)
		return row->start_ns == start_ns;
	return row->row.start_ticks == start_ns / table->tick_ns;
}

static void begin_row(hk_system_processes *table, hki_row *row, const hki_task *task)
{
	row->walked = true;
	row->start_ns = task->base.start + (uint64_t) table->start_offset_ns;
	hki_row_set_start(table, row, row->start_ns / table->tick_ns);
	row->row.inode = task->base.inode;
	if (task->base.inode != 0)
		hki_row_set(table, row, HK_SYSTEM_PROCESS_INODE);
}

/* The row of a process, old or new, merged in. */
static int find_row(hk_system_processes *table, hki_row **out, const hki_task *task)
{
	int r = hki_merge_find(table, out, (int32_t) task->head.tgid);

	if (r < 0)
		return r;
	if (*out != NULL && is_same(table, *out, task)) {
		(*out)->unsettled = false;
		(*out)->walked = true;
		/* Files, which began it, know but ticks; see take_quiet(). */
		(*out)->start_ns = task->base.start + (uint64_t) table->start_offset_ns;
		return hki_merge_keep(table, *out);
	}
	r = hki_merge_add(table, out, (int32_t) task->head.tgid);
	if (r == 0)
		begin_row(table, *out, task);
	return r;
}

/*
 * A process that has not run since the walk before, which this table has taken in.
 * The kernel's word for it is a hint; when the row does not bear it out, the walk is
 * repeated and tells everything.
 */
static int take_quiet(hk_system_processes *table, const struct hki_task_quiet *quiet)
{
	bpf_state *state = table->engine_state;
	hki_row *row;
	int r;

	if (quiet->tgid == 0)
		return 0;
	r = hki_hidden_read(&state->hidden, table, (int32_t) quiet->tgid);
	if (r == 0)
		r = hki_merge_find(table, &row, (int32_t) quiet->tgid);
	if (r < 0)
		return r;
	if (row == NULL || !hki_task_is_at_rest(table, row, quiet)) {
		state->awake = true;
		return 0;
	}
	hki_task_rest(table, row, quiet);
	return hki_merge_keep(table, row);
}

static int take(hk_system_processes *table, const hki_task *task)
{
	bpf_state *state = table->engine_state;
	hki_row *row;
	group *of;
	int r;

	/* In no namespace of ours. */
	if (task->head.tgid == 0)
		return 0;
	if (task->head.tid != task->head.tgid) {
		of = find_group(state, task->head.tgid);
		if (of == NULL)
			return keep_stray(state, task);
		hki_task_add(&of->sum, task);
		return 0;
	}
	r = hki_hidden_read(&state->hidden, table, (int32_t) task->head.tgid);
	if (r == 0)
		r = find_row(table, &row, task);
	if (r < 0)
		return r;
	if (task->head.threads > 1)
		return keep_group(state, row, task);
	hki_task_fill(table, row, task);
	return 0;
}

/* ---- the walk ---- */

/* Take one record.  Its length, 0 if @available bytes do not hold it whole, or an
 * error. */
static int take_one(hk_system_processes *table, const char *bytes, size_t available)
{
	struct hki_task_quiet quiet;
	hki_task task;
	uint32_t length;
	int taken;
	int r;

	if (available < sizeof(length))
		return 0;
	memcpy(&length, bytes, sizeof(length));
	if (length == sizeof(quiet)) {
		if (available < sizeof(quiet))
			return 0;
		memcpy(&quiet, bytes, sizeof(quiet));
		r = take_quiet(table, &quiet);
		return r < 0 ? r : (int) sizeof(quiet);
	}
	taken = hki_task_parse(&task, bytes, available);
	r = taken > 0 ? take(table, &task) : 0;
	return r < 0 ? r : taken;
}

/* Take every whole record; returns how many bytes they were. */
static int take_all(hk_system_processes *table, const char *bytes, size_t length)
{
	size_t at = 0;

	while (at < length) {
		int r = take_one(table, bytes + at, length - at);

		if (r < 0)
			return r;
		if (r == 0)
			break;
		at += (size_t) r;
	}
	return (int) at;
}

/* The kernel's buffer may be larger than ours, so a record may come in two reads. */
static int read_all(hk_system_processes *table, int fd)
{
	size_t held = 0;

	for (;;) {
		ssize_t length = read(fd, table->buffer + held, HKI_BUFFER_BYTES - held);
		int r;

		if (length < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (length < 0)
			return -errno;
		if (length == 0)
			return held == 0 ? 0 : -EIO;
		held += (size_t) length;
		r = take_all(table, table->buffer, held);
		if (r < 0)
			return r;
		held -= (size_t) r;
		memmove(table->buffer, table->buffer + r, held);
	}
}

static void finish_groups(hk_system_processes *table)
{
	bpf_state *state = table->engine_state;

	for (size_t i = 0; i < state->stray_count; i++) {
		group *of = find_group(state, state->strays[i].head.tgid);

		if (of != NULL)
			hki_task_add(&of->sum, &state->strays[i]);
	}
	for (size_t i = 0; i < state->group_count; i++)
		hki_task_fill(table, state->groups[i].row, &state->groups[i].sum);
}

static uint32_t parts_wanted(const hk_system_processes *table)
{
	uint32_t wanted = 0;

	if ((table->read & HKI_READ_WALK_COUNTERS) != 0)
		wanted |= HKI_TASKS_COUNTERS;
	if ((table->read & HKI_READ_WALK_MORE) != 0)
		wanted |= HKI_TASKS_MORE;
	if ((table->read & HKI_READ_TEXTS) != 0)
		wanted |= HKI_TASKS_PROGRAM;
	return wanted;
}

static int walk_once(hk_system_processes *table, uint32_t wanted)
{
	bpf_state *state = table->engine_state;
	hki_cleanup(hki_closep) int fd = -1;
	int r;

	state->group_count = 0;
	state->stray_count = 0;
	state->hidden.at = 0;
	state->awake = false;
	fd = hki_bpf_tasks_walk(&state->tasks, wanted);
	if (fd < 0)
		return fd;
	r = read_all(table, fd);
	if (r == 0)
		r = hki_hidden_read(&state->hidden, table, INT32_MAX);
	if (r == 0)
		finish_groups(table);
	return r;
}

/* From the beginning: what the walk before has merged does not count. */
static int walk_again(hk_system_processes *table)
{
	hki_merge_abort(table);
	hki_merge_begin(table);
	return walk_once(table, parts_wanted(table));
}

/* Others may change the priority, limits or owner of a process while it sleeps, so
 * only the first part of a record can be left out. */
static bool quiet_will_do(const hk_system_processes *table, uint32_t wanted)
{
	return !table->full && (wanted & (HKI_TASKS_COUNTERS | HKI_TASKS_MORE)) == 0;
}

static int walk(hk_system_processes *table)
{
	bpf_state *state = table->engine_state;
	uint32_t wanted = parts_wanted(table);
	int r;

	if (quiet_will_do(table, wanted))
		wanted |= HKI_TASKS_QUIET;
	r = walk_once(table, wanted);
	if (r == 0 && state->awake)
		r = walk_again(table);
	if (r < 0 || !table->full)
		return r;
	r = hki_hidden_look(&state->hidden, table);
	return r <= 0 ? r : walk_again(table);
}

/* ---- loading ---- */

static void close_engine(hk_system_processes *table)
{
	bpf_state *state = table->engine_state;

	if (state == NULL)
		return;
	hki_bpf_tasks_close(&state->tasks);
	hki_free(state->groups);
	hki_free(state->strays);
	hki_free(state->hidden.pids);
	hki_free(state);
	table->engine_state = NULL;
}

static int open_engine(hk_system_processes *table, const char **why)
{
	bpf_state *state;
	int r;

	if (table->root != NULL) {
		*why = "a captured tree has no kernel";
		return -EOPNOTSUPP;
	}
	state = hki_zalloc(sizeof(*state));
	if (state == NULL)
		return -ENOMEM;
	r = hki_bpf_tasks_open(&state->tasks, why);
	if (r < 0) {
		hki_free(state);
		return r;
	}
	table->engine_state = state;
	return 0;
}

const hki_engine hki_engine_bpf = {
	.name = "bpf",
	.open = open_engine,
	.walk = walk,
	.close = close_engine,
};
