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
 * A kernel may keep tasks out of such walks (sandboxes do).  So every so many
 * samples the walk is held against the list of /proc, and who is missing from it is
 * read from files, in between the others.
 */
#include "system/engine_bpf.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "os/procfs.h"
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
	int32_t *hidden; /* processes that walks do not show, ascending */
	size_t hidden_count;
	size_t hidden_capacity;
	size_t hidden_at; /* the next one in this walk */
} bpf_state;

/* ---- growing lists ---- */

/* Room for one more of @size bytes.  0 or -ENOMEM. */
static int reserve(void **items, size_t count, size_t *capacity, size_t size)
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
	int r =
	    reserve(&items, state->group_count, &state->group_capacity, sizeof(group));

	state->groups = items;
	if (r < 0)
		return r;
	state->groups[state->group_count++] = (group){ .row = row, .sum = *task };
	return 0;
}

static int keep_stray(bpf_state *state, const hki_task *task)
{
	void *items = state->strays;
	int r =
	    reserve(&items, state->stray_count, &state->stray_capacity, sizeof(hki_task));

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
		return hki_merge_keep(table, *out);
	}
	r = hki_merge_add(table, out, (int32_t) task->head.tgid);
	if (r == 0)
		begin_row(table, *out, task);
	return r;
}

static int read_from_files(hk_system_processes *table, int32_t pid)
{
	uint32_t read = table->read;
	int r;

	table->read = table->file_read;
	r = hki_read_process(table, pid, NULL);
	table->read = read;
	return r;
}

/* Those that the walk has passed over without showing them.  One that it shows after
 * all is left to it. */
static int read_hidden(hk_system_processes *table, int32_t before)
{
	bpf_state *state = table->engine_state;

	while (state->hidden_at < state->hidden_count &&
	       state->hidden[state->hidden_at] < before) {
		int r = read_from_files(table, state->hidden[state->hidden_at]);

		if (r < 0)
			return r;
		state->hidden_at++;
	}
	if (state->hidden_at < state->hidden_count &&
	    state->hidden[state->hidden_at] == before)
		state->hidden_at++;
	return 0;
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
	r = read_hidden(table, (int32_t) task->head.tgid);
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

/* Take every whole record; returns how many bytes they were. */
static int take_all(hk_system_processes *table, const char *bytes, size_t length)
{
	size_t at = 0;

	while (at < length) {
		hki_task task;
		int r = hki_task_parse(&task, bytes + at, length - at);

		if (r == 0)
			break;
		if (r > 0) {
			at += (size_t) r;
			r = take(table, &task);
		}
		if (r < 0)
			return r;
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

static int walk_once(hk_system_processes *table)
{
	bpf_state *state = table->engine_state;
	hki_cleanup(hki_closep) int fd = -1;
	uint32_t wanted = 0;
	int r;

	if ((table->read & HKI_READ_WALK_COUNTERS) != 0)
		wanted |= HKI_TASKS_COUNTERS;
	if ((table->read & HKI_READ_WALK_MORE) != 0)
		wanted |= HKI_TASKS_MORE;
	if ((table->read & HKI_READ_TEXTS) != 0)
		wanted |= HKI_TASKS_PROGRAM;
	state->group_count = 0;
	state->stray_count = 0;
	state->hidden_at = 0;
	fd = hki_bpf_tasks_walk(&state->tasks, wanted);
	if (fd < 0)
		return fd;
	r = read_all(table, fd);
	if (r == 0)
		r = read_hidden(table, INT32_MAX);
	if (r == 0)
		finish_groups(table);
	return r;
}

/* ---- who is missing ---- */

/* Has it been there since before the walk? */
static bool is_older_than_walk(const hk_system_processes *table, int32_t pid)
{
	hki_proc_stat stat;

	return hki_proc_stat_read(&stat, pid) == 0 &&
	       (stat.start_ticks + 1) * table->tick_ns < table->boot_now_ns;
}

static int add_hidden(bpf_state *state, int32_t pid)
{
	void *items = state->hidden;
	int r = reserve(
	    &items, state->hidden_count, &state->hidden_capacity, sizeof(int32_t));

	state->hidden = items;
	if (r == 0)
		state->hidden[state->hidden_count++] = pid;
	return r;
}

/* Hold the walk against the list of /proc.  1 when it has to be repeated. */
static int look_for_hidden(hk_system_processes *table)
{
	bpf_state *state = table->engine_state;
	size_t before = state->hidden_count;
	size_t count;
	size_t at = 0;
	int r = hki_proc_list(table, &count);

	if (r < 0)
		return r;
	state->hidden_count = 0;
	for (size_t i = 0; i < count; i++) {
		int32_t pid = table->pids[i];
		bool known;

		while (at < table->next.count && table->next.items[at]->row.pid < pid)
			at++;
		known = at < table->next.count && table->next.items[at]->row.pid == pid;
		/* Rows that were read from files are the hidden ones we know. */
		if (known && table->next.items[at]->walked)
			continue;
		if (!known && !is_older_than_walk(table, pid))
			continue;
		r = add_hidden(state, pid);
		if (r < 0)
			return r;
	}
	return state->hidden_count > before;
}

static int walk(hk_system_processes *table)
{
	int r = walk_once(table);

	if (r < 0 || !table->full)
		return r;
	r = look_for_hidden(table);
	if (r <= 0)
		return r;
	hki_merge_abort(table);
	hki_merge_begin(table);
	return walk_once(table);
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
	hki_free(state->hidden);
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
