/*
 * How processes end.  Between two samples a machine may run thousands of programs
 * that no sample ever sees; the kernel tells of each when it ends.  What is told is
 * kept in order and given to rows once a sample's walk is complete:
 *
 *  - a row that the walk did not meet any more: its last totals become exact;
 *  - a row that is still there: a zombie, or it ended while we walked.  Its end is
 *    final now and it will be listed when it is gone;
 *  - nobody: it lived between two samples.  It gets a row of its own, among the
 *    exited ones.
 *
 * An id may stand for several processes in one interval.  They end in the order in
 * which they had it, so the first end belongs to the row of the earlier sample, and
 * only the last can belong to a row that is new.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "system/process_table.h"
#include "system/taskstats.h"

/* Ends that wait for the next sample; what comes beyond is counted as lost. */
#define ENDS_MAX 65536U
/* Processes whose threads end before a row is made for them. */
#define PARTS_MAX 64U
/* One record is some 700 bytes; the kernel sends one or two at a time. */
#define DATAGRAM_MAX 8192

/* What threads of a process without a row have done. */
typedef struct parts {
	int32_t process; /* 0: free */
	bool has_status;
	uint32_t status;
	uint64_t read_bytes;
	uint64_t written_bytes;
} parts;

struct hki_exits {
	int fd;
	uint16_t family;
	hki_end *ends;
	size_t count;
	size_t capacity;
	uint64_t lost;
	parts parts[PARTS_MAX];
	size_t next_parts; /* the oldest gives way */
};

/* ---- reading ---- */

int hki_exits_open(hk_system_processes *table, const char **why)
{
	struct hki_exits *exits;
	int fd;

	if (table->root != NULL) {
		*why = "a captured tree has no kernel";
		return -EOPNOTSUPP;
	}
	exits = hki_zalloc(sizeof(*exits));
	if (exits == NULL)
		return -ENOMEM;
	fd = hki_taskstats_listen(&exits->family, why);
	if (fd < 0) {
		hki_free(exits);
		return fd;
	}
	exits->fd = fd;
	table->exits = exits;
	return 0;
}

void hki_exits_close(hk_system_processes *table)
{
	if (table->exits == NULL)
		return;
	hki_closep(&table->exits->fd);
	hki_free(table->exits->ends);
	hki_free(table->exits);
	table->exits = NULL;
}

static int keep(struct hki_exits *exits, const hki_end *end)
{
	if (exits->count == exits->capacity) {
		size_t capacity = exits->capacity == 0 ? 64 : exits->capacity * 2;
		hki_end *grown;

		if (capacity > ENDS_MAX) {
			exits->lost++;
			return 0;
		}
		grown = hki_realloc_array(exits->ends, capacity, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		exits->ends = grown;
		exits->capacity = capacity;
	}
	exits->ends[exits->count++] = *end;
	return 0;
}

static int take_datagram(struct hki_exits *exits, const char *bytes, size_t length)
{
	size_t at = 0;
	hki_end end;
	int r;

	while ((r = hki_end_parse(&end, bytes, length, &at, exits->family)) == 1) {
		r = keep(exits, &end);
		if (r < 0)
			return r;
	}
	if (r < 0)
		exits->lost++;
	return 0;
}

int hki_exits_drain(hk_system_processes *table)
{
	struct hki_exits *exits = table->exits;
	char bytes[DATAGRAM_MAX];
	size_t before;

	if (exits == NULL)
		return 0;
	before = exits->count;
	for (;;) {
		ssize_t length = recv(exits->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		int r;

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 && errno == ENOBUFS) {
			exits->lost++;
			continue;
		}
		if (length <= 0)
			return (int) (exits->count - before);
		r = take_datagram(exits, bytes, (size_t) length);
		if (r < 0)
			return r;
	}
}

/* ---- finding whose end it is ---- */

static hki_row *search(const hki_rows *rows, size_t count, int32_t pid)
{
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows->items[middle]->row.pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < count && rows->items[low]->row.pid == pid)
		return rows->items[low];
	return NULL;
}

static uint64_t start_of(const hk_system_processes *table, const hki_row *row)
{
	return row->start_ns != 0 ? row->start_ns : row->row.start_ticks * table->tick_ns;
}

static bool ends_again(const struct hki_exits *exits, size_t after, int32_t process)
{
	for (size_t i = after + 1; i < exits->count; i++)
		if (exits->ends[i].process == process && exits->ends[i].process_too)
			return true;
	return false;
}

/* Can end @index be that of a row that this sample has made? */
static bool fits_new_row(
    const hk_system_processes *table, const hki_row *row, size_t index)
{
	const hki_end *end = &table->exits->ends[index];
	uint64_t ended_ns = start_of(table, row) + end->elapsed_us * HKI_NS_PER_US;

	if (ends_again(table->exits, index, end->process))
		return false;
	return row->row.state == HK_SYSTEM_STATE_ZOMBIE ||
	       ended_ns + 2 * table->tick_ns >= table->boot_now_ns;
}

/* @retired: how many rows the walk itself has retired. */
static hki_row *find_owner(hk_system_processes *table, size_t index, size_t retired)
{
	const hki_end *end = &table->exits->ends[index];
	hki_row *row = search(&table->retired, retired, end->process);

	if (row != NULL && !row->ended)
		return row;
	row = search(&table->next, table->next.count, end->process);
	if (row == NULL || row->ended)
		return NULL;
	if (search(&table->born, table->born.count, end->process) == row &&
	    !fits_new_row(table, row, index))
		return NULL;
	return row;
}

/* ---- threads ---- */

static parts *find_parts(struct hki_exits *exits, int32_t process)
{
	for (size_t i = 0; i < PARTS_MAX; i++)
		if (exits->parts[i].process == process)
			return &exits->parts[i];
	return NULL;
}

static parts *make_parts(struct hki_exits *exits, int32_t process)
{
	parts *made = &exits->parts[exits->next_parts];

	exits->next_parts = (exits->next_parts + 1) % PARTS_MAX;
	*made = (parts){ .process = process };
	return made;
}

/* A thread has ended, and its process goes on. */
static void add_thread(struct hki_exits *exits, const hki_end *end)
{
	parts *of = find_parts(exits, end->process);

	if (of == NULL)
		of = make_parts(exits, end->process);
	of->read_bytes += end->read_bytes;
	of->written_bytes += end->written_bytes;
	if (end->pid == end->process) {
		of->has_status = true;
		of->status = end->status;
	}
}

/* ---- the last word ---- */

static uint64_t more(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static double seconds(uint64_t ns)
{
	return (double) ns / (double) HKI_NS_PER_S;
}

static void tell_status(hk_system_processes *table, hki_row *row, uint32_t status)
{
	hk_system_process *to = &row->row;

	if (WIFEXITED(status)) {
		to->exit_code = WEXITSTATUS(status);
		hki_row_set(table, row, HK_SYSTEM_PROCESS_EXIT_CODE);
	} else if (WIFSIGNALED(status)) {
		to->exit_signal = WTERMSIG(status);
		to->core_dumped = WCOREDUMP(status);
		hki_row_set(table, row, HK_SYSTEM_PROCESS_EXIT_SIGNAL);
		hki_row_set(table, row, HK_SYSTEM_PROCESS_CORE_DUMPED);
	}
}

/* Exact time, divided as its ticks were. */
static void tell_cpu(hk_system_processes *table, hki_row *row, const hki_end *end)
{
	uint64_t runtime_ns = end->has_group ? end->group_runtime_ns : end->runtime_ns;
	uint64_t user_us = end->user_us;
	uint64_t system_us = end->system_us;
	uint64_t interval_ns = table->now_ns - row->time_ns;
	uint64_t ran_ns;
	double user_share = 1;

	if (end->has_group && row->time_ns != 0) {
		user_us = (uint64_t) (row->row.cpu_user_s * 1e6);
		system_us = (uint64_t) (row->row.cpu_system_s * 1e6);
	}
	if (user_us + system_us > 0)
		user_share = (double) user_us / (double) (user_us + system_us);
	runtime_ns = more(runtime_ns, row->totals.runtime_ns);
	ran_ns = runtime_ns - row->totals.runtime_ns;
	hki_row_set_cpu(row, runtime_ns, (uint64_t) ((double) runtime_ns * user_share),
	    (uint64_t) ((double) runtime_ns * (1 - user_share)));
	if (row->time_ns == 0)
		interval_ns = table->interval_ns;
	if (interval_ns > 0) {
		row->row.cpu_percent = 100.0 * (double) ran_ns / (double) interval_ns;
		hki_row_set(table, row, HK_SYSTEM_PROCESS_CPU_PERCENT);
	}
	row->totals.runtime_ns = runtime_ns;
}

static void tell_io(
    hk_system_processes *table, hki_row *row, const hki_end *end, const parts *of)
{
	hk_system_process *to = &row->row;
	uint64_t read = end->read_bytes + (of == NULL ? 0 : of->read_bytes);
	uint64_t written = end->written_bytes + (of == NULL ? 0 : of->written_bytes);

	to->read_bytes = more(read, to->read_bytes);
	to->written_bytes = more(written, to->written_bytes);
	to->cancelled_bytes = more(end->cancelled_bytes, to->cancelled_bytes);
	to->read_call_bytes = more(end->read_call_bytes, to->read_call_bytes);
	to->write_call_bytes = more(end->write_call_bytes, to->write_call_bytes);
	to->read_calls = more(end->read_calls, to->read_calls);
	to->write_calls = more(end->write_calls, to->write_calls);
	for (int i = HK_SYSTEM_PROCESS_READ_BYTES; i <= HK_SYSTEM_PROCESS_WRITE_CALLS;
	     i++)
		hki_row_set(table, row, (hk_system_process_field) i);
	if (row->io_time_ns == 0)
		return;
	hki_row_look_io(table, row, to->read_bytes, to->written_bytes, table->now_ns);
}

static void tell_end(hk_system_processes *table, hki_row *row, const hki_end *end)
{
	struct hki_exits *exits = table->exits;
	parts *of = find_parts(exits, end->process);
	hk_system_process *to = &row->row;
	double now_s = table->boot_time_s + seconds(table->boot_now_ns);

	tell_cpu(table, row, end);
	tell_io(table, row, end, of);
	if (end->pid == end->process)
		tell_status(table, row, end->status);
	else if (of != NULL && of->has_status)
		tell_status(table, row, of->status);
	to->minor_faults = more(end->minor_faults, to->minor_faults);
	to->major_faults = more(end->major_faults, to->major_faults);
	to->peak_rss_bytes = more(end->peak_rss_bytes, to->peak_rss_bytes);
	to->peak_virtual_bytes = more(end->peak_virtual_bytes, to->peak_virtual_bytes);
	to->voluntary_switches = more(end->voluntary_switches, to->voluntary_switches);
	to->involuntary_switches =
	    more(end->involuntary_switches, to->involuntary_switches);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_MINOR_FAULTS);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_MAJOR_FAULTS);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_VOLUNTARY_SWITCHES);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_INVOLUNTARY_SWITCHES);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_PEAK_RSS);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_PEAK_VIRTUAL);
	to->end_time_s = to->start_time_s + (double) end->elapsed_us / 1e6;
	if (to->end_time_s > now_s)
		to->end_time_s = now_s;
	hki_row_set(table, row, HK_SYSTEM_PROCESS_END_TIME);
	row->ended = true;
	if (of != NULL)
		of->process = 0;
}

/* It came and went between two samples. */
static void add_stranger(hk_system_processes *table, const hki_end *end)
{
	static const uint32_t nobody[8] = { 0 };
	uint32_t ids[8];
	hki_row *row = hki_row_take(table);

	if (row == NULL || hki_rows_add(&table->retired, row) < 0) {
		if (row != NULL)
			hki_row_give(table, row);
		table->exits->lost++;
		return;
	}
	memcpy(ids, nobody, sizeof(ids));
	for (int i = 0; i < 4; i++) {
		ids[i] = end->uid;
		ids[4 + i] = end->gid;
	}
	row->stranger = true;
	row->row.pid = end->process;
	row->row.ppid = end->ppid;
	row->row.start_time_s = (double) end->start_s;
	row->row.threads = 1;
	row->row.state = HK_SYSTEM_STATE_DEAD;
	hki_row_set_name(row, end->name, strlen(end->name));
	hki_row_set_ids(table, row, ids);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_PID);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_PPID);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_START_TIME);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_NAME);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_STATE);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_CPU);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_CPU_USER);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_CPU_SYSTEM);
	tell_end(table, row, end);
}

int hki_exits_apply(hk_system_processes *table)
{
	struct hki_exits *exits = table->exits;
	size_t retired = table->retired.count;
	int r;

	if (exits == NULL)
		return 0;
	r = hki_exits_drain(table);
	if (r < 0)
		return r;
	for (size_t i = 0; i < exits->count; i++) {
		const hki_end *end = &exits->ends[i];
		hki_row *row;

		if (!end->process_too) {
			add_thread(exits, end);
			continue;
		}
		row = find_owner(table, i, retired);
		if (row != NULL)
			tell_end(table, row, end);
		else if (table->samples > 0)
			add_stranger(table, end);
	}
	exits->count = 0;
	return 0;
}

/* ---- for whoever waits ---- */

uint64_t hki_exits_lost(const hk_system_processes *table)
{
	return table->exits == NULL ? 0 : table->exits->lost;
}

int hk_system_processes_exit_fd(const hk_system_processes *table)
{
	return table->exits == NULL ? -1 : table->exits->fd;
}

int hk_system_processes_drain(hk_system_processes *table)
{
	if (getpid() != table->owner)
		return -ECHILD;
	return hki_exits_drain(table);
}
