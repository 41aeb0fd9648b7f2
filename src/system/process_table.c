/*
 * The table of processes: opening it, taking a sample, and what the last one saw.
 * A sample is the engine's walk, merged with the rows (process_merge.c), then the
 * ends that the kernel told of, then texts; only what is complete replaces what
 * was there.
 */
#include "system/process_table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/opts.h"
#include "os/procfs.h"
#include "os/syscall.h"
#include "system/process_parse.h"

#define SWEEP_EVERY     10
#define DETAILS_WAIT_NS (250 * HKI_NS_PER_MS)

/* ---- opening ---- */

static int read_opts(hk_system_processes_opts *out, const hk_system_processes_opts *given)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	int r;

	if (given != NULL) {
		r = hki_opts_copy(&opts, sizeof(opts), given, given->size,
		    offsetof(hk_system_processes_opts, fields));
		if (r < 0)
			return r;
	}
	if (opts.sweep_every == 0)
		opts.sweep_every = SWEEP_EVERY;
	if (opts.details_wait_ns == 0)
		opts.details_wait_ns = DETAILS_WAIT_NS;
	*out = opts;
	return 0;
}

static int open_proc(hk_system_processes *table)
{
	char path[PATH_MAX];
	int length;

	if (table->opts.root != NULL) {
		table->root = hki_strdup(table->opts.root);
		if (table->root == NULL)
			return -ENOMEM;
		table->opts.root = table->root;
	}
	length = snprintf(path, sizeof(path), "%s/proc", table->root ? table->root : "");
	if (length < 0 || (size_t) length >= sizeof(path))
		return -ENAMETOOLONG;
	table->proc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return table->proc < 0 ? -errno : 0;
}

/* Start times in /proc are shifted in a time namespace; those of the walk are not. */
static int64_t read_start_offset_ns(void)
{
	char text[256];
	size_t length;
	const char *line;
	hki_words words;
	int64_t seconds;
	int64_t ns;

	if (hki_read_file(
		AT_FDCWD, "/proc/self/timens_offsets", text, sizeof(text), &length) < 0)
		return 0;
	line = strstr(text, "boottime");
	if (line == NULL)
		return 0;
	words = (hki_words){ line + 8, text + length };
	if (!hki_words_signed(&words, &seconds) || !hki_words_signed(&words, &ns))
		return 0;
	return seconds * (int64_t) HKI_NS_PER_S + ns;
}

static void learn_machine(hk_system_processes *table)
{
	struct sysinfo machine;
	long ticks = sysconf(_SC_CLK_TCK);
	long page = sysconf(_SC_PAGESIZE);

	table->tick_ns = HKI_NS_PER_S / (uint64_t) (ticks > 0 ? ticks : 100);
	table->page_bytes = page > 0 ? (uint64_t) page : 4096;
	table->boot_time_s = (double) hki_clock_real_at_boot_ns() / (double) HKI_NS_PER_S;
	if (table->root != NULL)
		return;
	table->start_offset_ns = read_start_offset_ns();
	if (sysinfo(&machine) == 0 && machine.totalram > 0)
		table->percent_a_byte =
		    100.0 / ((double) machine.totalram * machine.mem_unit);
}

static void closep(hk_system_processes **table)
{
	hk_system_processes_close(*table);
}

int hk_system_processes_open(
    hk_system_processes **out, const hk_system_processes_opts *given)
{
	hki_cleanup(closep) hk_system_processes *table = hki_zalloc(sizeof(*table));
	const char *why = "";
	int r;

	if (table == NULL)
		return -ENOMEM;
	table->proc = -1;
	table->owner = getpid();
	r = read_opts(&table->opts, given);
	if (r < 0)
		return r;
	table->buffer = hki_alloc(HKI_BUFFER_BYTES);
	if (table->buffer == NULL)
		return -ENOMEM;
	r = open_proc(table);
	if (r < 0)
		return r;
	learn_machine(table);
	table->fields = table->opts.fields;
	r = hki_engine_choose(table);
	if (r < 0)
		return r;
	if (table->opts.exits) {
		r = hki_exits_open(table, &why);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			snprintf(table->exits_why, sizeof(table->exits_why), "%s", why);
	}
	*out = hki_take(table);
	return 0;
}

int hki_processes_open_one(hk_system_processes **out, int32_t pid)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hki_cleanup(hki_closep) int pidfd = hki_pidfd_open(pid);
	hk_system_processes *table;
	int r;

	/* A thread has a directory in /proc as well, but no pidfd. */
	if (pidfd == -ESRCH)
		return -ESRCH;
	opts.engine = HK_SYSTEM_ENGINE_OPENAT;
	r = hk_system_processes_open(&table, &opts);
	if (r < 0)
		return r;
	table->only = pid;
	*out = table;
	return 0;
}

void hk_system_processes_close(hk_system_processes *table)
{
	if (table == NULL)
		return;
	hki_texts_close(table);
	hki_exits_close(table);
	if (table->engine != NULL)
		table->engine->close(table);
	hki_rows_deinit(table);
	hki_terminals_close(table);
	hki_closep(&table->proc);
	hki_free(table->buffer);
	hki_free(table->pids);
	hki_free(table->root);
	hki_free(table);
}

void hk_system_processes_want(
    hk_system_processes *table, const hk_system_process_fields *fields)
{
	table->fields = *fields;
	hki_fields_apply(table);
}

/* ---- sampling ---- */

static uint64_t thread_cpu_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) < 0)
		return 0;
	return (uint64_t) now.tv_sec * HKI_NS_PER_S + (uint64_t) now.tv_nsec;
}

static int walk(hk_system_processes *table)
{
	int r;

	table->read_count = 0;
	table->hidden = false;
	hki_merge_begin(table);
	r = table->engine->walk(table);
	if (r == 0)
		r = hki_merge_finish(table);
	/* Not even ourselves: that is no /proc, and would read as an empty machine. */
	if (r == 0 && table->next.count == 0 && table->root == NULL && table->only == 0)
		r = -EIO;
	if (r == 0)
		r = hki_exits_apply(table);
	if (r < 0)
		hki_merge_abort(table);
	return r;
}

/* Process 1 is always there; who does not see it does not see everybody. */
static void look_for_hidden(hk_system_processes *table)
{
	if (table->rows.count == 0 || table->rows.items[0]->row.pid != 1)
		table->hidden = true;
}

static int take_sample(hk_system_processes *table)
{
	uint64_t now_ns = hki_clock_monotonic_ns();
	int r;

	table->interval_ns = table->samples == 0 ? 0 : now_ns - table->now_ns;
	table->now_ns = now_ns;
	table->boot_now_ns = hki_clock_boot_ns();
	hki_engine_reconsider(table);
	table->full = table->refill || table->samples % table->opts.sweep_every == 0;
	r = walk(table);
	if (r < 0 && hki_engine_step_down(table, r))
		r = walk(table);
	if (r < 0)
		return r;
	hki_merge_commit(table);
	table->refill = false;
	table->samples++;
	look_for_hidden(table);
	hki_texts_collect(table);
	return 0;
}

int hk_system_processes_sample(hk_system_processes *table)
{
	uint64_t cpu_ns = thread_cpu_ns();
	int r;

	if (getpid() != table->owner)
		return -ECHILD;
	r = take_sample(table);
	if (r < 0)
		return r;
	table->cpu_ns = thread_cpu_ns() - cpu_ns;
	table->total_cpu_ns += table->cpu_ns;
	return (int) table->rows.count;
}

/* ---- what it saw ---- */

static const hk_system_process *at(const hki_rows *rows, size_t index)
{
	return index < rows->count ? &rows->items[index]->row : NULL;
}

size_t hk_system_processes_count(const hk_system_processes *table)
{
	return table->rows.count;
}

const hk_system_process *hk_system_processes_get(
    const hk_system_processes *table, size_t index)
{
	return at(&table->rows, index);
}

const hk_system_process *hk_system_processes_find(
    const hk_system_processes *table, int32_t pid)
{
	return hk_system_processes_find_exactly(table, pid, 0, 0);
}

const hk_system_process *hk_system_processes_find_exactly(
    const hk_system_processes *table, int32_t pid, uint64_t start_ticks, uint64_t inode)
{
	size_t low = 0;
	size_t high = table->rows.count;
	const hk_system_process *row;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->rows.items[middle]->row.pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	row = at(&table->rows, low);
	if (row == NULL || row->pid != pid ||
	    (start_ticks != 0 && row->start_ticks != start_ticks) ||
	    (inode != 0 && row->inode != 0 && row->inode != inode))
		return NULL;
	return row;
}

size_t hk_system_processes_started_count(const hk_system_processes *table)
{
	return table->started.count;
}

const hk_system_process *hk_system_processes_started(
    const hk_system_processes *table, size_t index)
{
	return at(&table->started, index);
}

size_t hk_system_processes_exited_count(const hk_system_processes *table)
{
	return table->exited.count;
}

const hk_system_process *hk_system_processes_exited(
    const hk_system_processes *table, size_t index)
{
	return at(&table->exited, index);
}
