/*
 * One process by its files.  stat is opened, read once and closed: the kernel
 * makes the text up at the moment of the read, so one read is one moment, and two
 * would be two.  What vanishes between any two calls has ended; that is daily
 * business, not an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "system/process_parse.h"
#include "system/process_table.h"

#define PF_KTHREAD 0x00200000U

/* 52 numbers of at most 20 digits, and a name of 64 bytes. */
#define STAT_MAX 1280

/* Samples for which a process that was seen running is asked for its exact time. */
#define WARM_SAMPLES 64
/* Any may turn out to run: time for the first ticks to show. */
#define FIRST_SAMPLES 8

/* ---- files ---- */

void hki_process_path(char *out, int32_t pid, const char *name, size_t name_length)
{
	char digits[12];
	unsigned int number = (unsigned int) pid;
	size_t length = 0;

	do
		digits[length++] = (char) ('0' + number % 10);
	while ((number /= 10) != 0);
	while (length > 0)
		*out++ = digits[--length];
	*out++ = '/';
	memcpy(out, name, name_length + 1);
}

int hki_read_process_file(int proc, int32_t pid, const char *name, size_t name_length,
    char *out, size_t capacity)
{
	char path[HKI_PROCESS_PATH_MAX];
	ssize_t length;
	int fd;

	hki_process_path(path, pid, name, name_length);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	do
		length = read(fd, out, capacity - 1);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		length = -errno;
	else
		out[length] = '\0';
	(void) close(fd);
	return (int) length;
}

int hki_process_clock_ns(uint64_t *out, int32_t pid)
{
	/* The clock of all threads of a process, as clock_getcpuclockid(3) would name it. */
	clockid_t clock = (clockid_t) (~(unsigned int) pid << 3 | 2);
	struct timespec now;

	if (clock_gettime(clock, &now) < 0)
		return -errno;
	*out = (uint64_t) now.tv_sec * HKI_NS_PER_S + (uint64_t) now.tv_nsec;
	return 0;
}

/* ---- stat ---- */

/* Differs from program to program, as far as we may look. */
static uint64_t program_of(const hki_stat *stat)
{
	uint64_t mark = 14695981039346656037U; /* FNV-1a */

	for (size_t i = 0; i < stat->name_length; i++)
		mark = (mark ^ (unsigned char) stat->name[i]) * 1099511628211U;
	mark ^= stat->start_code * 31 ^ stat->start_stack;
	return mark & ~HKI_PROGRAM_COUNTED;
}

static void fill_more(hk_system_processes *table, hki_row *row, const hki_stat *stat)
{
	hk_system_process *to = &row->row;
	double tick_s = (double) table->tick_ns / (double) HKI_NS_PER_S;

	to->group = stat->group;
	to->session = stat->session;
	to->terminal = hki_terminal_name(table, stat->terminal);
	to->foreground_group = stat->foreground_group;
	to->nice = stat->nice;
	to->priority = stat->priority;
	to->policy = (int32_t) stat->policy;
	to->realtime_priority = stat->realtime_priority;
	to->processor = stat->processor;
	to->minor_faults = stat->minor_faults;
	to->major_faults = stat->major_faults;
	to->children_minor_faults = stat->children_minor_faults;
	to->children_major_faults = stat->children_major_faults;
	to->children_cpu_user_s = (double) stat->children_user_ticks * tick_s;
	to->children_cpu_system_s = (double) stat->children_system_ticks * tick_s;
	to->cpu_guest_s = (double) stat->guest_ticks * tick_s;
	to->children_cpu_guest_s = (double) stat->children_guest_ticks * tick_s;
	to->io_wait_s = (double) stat->io_wait_ticks * tick_s;
	for (int i = HK_SYSTEM_PROCESS_GROUP; i <= HK_SYSTEM_PROCESS_IO_WAIT; i++)
		hki_row_set(table, row, (hk_system_process_field) i);
	if (to->terminal == NULL) {
		hki_row_unset(row, HK_SYSTEM_PROCESS_TERMINAL);
		hki_row_unset(row, HK_SYSTEM_PROCESS_FOREGROUND_GROUP);
	}
}

static void fill(hk_system_processes *table, hki_row *row, const hki_stat *stat)
{
	hk_system_process *to = &row->row;
	uint64_t program = program_of(stat);

	/* A zombie has no program any more; it keeps what it had. */
	if (program != row->program && (row->fresh || stat->state != 'Z')) {
		/* Another engine marked it: no reason to think that it changed. */
		if ((row->program & HKI_PROGRAM_COUNTED) == 0)
			row->texts_read = 0;
		row->program = program;
		hki_row_set_name(row, stat->name, stat->name_length);
	}
	to->ppid = stat->ppid;
	to->state = hki_state_of(stat->state);
	to->kernel = (stat->flags & PF_KTHREAD) != 0;
	to->threads = stat->threads;
	to->virtual_bytes = stat->virtual_bytes;
	hki_row_set_rss(table, row, stat->rss_pages * table->page_bytes);
	if ((table->read & HKI_READ_STAT_ALL) != 0)
		fill_more(table, row, stat);
}

/* ---- processor time ---- */

/*
 * stat counts in ticks of 10 ms.  Whoever has run of late is asked for nanoseconds
 * as well, one call without a file; all others are spared it.
 */
static void look(hk_system_processes *table, hki_row *row, const hki_stat *stat,
    const uint64_t *runtime_ns)
{
	hki_look look = { .ticks = stat->user_ticks + stat->system_ticks };
	bool ran = row->fresh || look.ticks != row->ticks;
	uint64_t asked_ns = 0;

	if (ran)
		row->warm = row->fresh ? FIRST_SAMPLES : WARM_SAMPLES;
	else if (row->warm > 0)
		row->warm--;
	if (runtime_ns == NULL && (row->warm > 0 || table->only != 0) &&
	    table->root == NULL && hki_process_clock_ns(&asked_ns, row->row.pid) == 0)
		runtime_ns = &asked_ns;
	if (!ran && runtime_ns == NULL) {
		hki_row_rest(table, row, table->now_ns);
		return;
	}
	look.time_ns = hki_clock_monotonic_ns();
	look.exact = runtime_ns != NULL;
	look.runtime_ns = look.exact ? *runtime_ns : look.ticks * table->tick_ns;
	hki_row_look(table, row, &look);
	hki_row_set_cpu(row, row->totals.runtime_ns, stat->user_ticks * table->tick_ns,
	    stat->system_ticks * table->tick_ns);
}

/* ---- the row ---- */

/* The row of the process that stat tells of, old or new, merged in. */
static int find_row(hk_system_processes *table, hki_row **out, const hki_stat *stat)
{
	hki_row *row;
	int r = hki_merge_find(table, &row, stat->pid);

	if (r < 0)
		return r;
	if (row != NULL && row->row.start_ticks == stat->start_ticks &&
	    (!row->unsettled || hki_identity_holds(table, row))) {
		*out = row;
		return hki_merge_keep(table, row);
	}
	r = hki_merge_add(table, &row, stat->pid);
	if (r < 0)
		return r;
	hki_row_set_start(table, row, stat->start_ticks);
	hki_identity_read(table, row);
	*out = row;
	return 0;
}

/* It is there, and that is all we may know (hidepid=1). */
static int add_denied(hk_system_processes *table, int32_t pid)
{
	hki_row *row;
	int r = hki_merge_find(table, &row, pid);

	table->hidden = true;
	if (r < 0)
		return r;
	if (row != NULL && row->row.start_ticks == 0)
		return hki_merge_keep(table, row);
	r = hki_merge_add(table, &row, pid);
	if (r < 0)
		return r;
	for (int i = HK_SYSTEM_PROCESS_PPID; i < HK_SYSTEM_PROCESS_STALE; i++)
		hki_row_deny(table, row, (hk_system_process_field) i);
	return 0;
}

static hki_stat_depth depth_of(const hk_system_processes *table)
{
	if ((table->read & HKI_READ_STAT_ALL) != 0)
		return HKI_STAT_ALL;
	/* Texts belong to a program, so it has to be known when that changes. */
	return (table->read & HKI_READ_TEXTS) != 0 ? HKI_STAT_PROGRAM : HKI_STAT_BASE;
}

static void update(hk_system_processes *table, hki_row *row, const hki_stat *stat,
    const uint64_t *runtime_ns)
{
	table->read_count++;
	row->walked = false;
	if (row->fresh || table->full)
		hki_row_show_always(table, row);
	fill(table, row, stat);
	look(table, row, stat, runtime_ns);
	if ((table->read & HKI_READ_FILES) != 0)
		hki_read_files(table, row, table->read);
}

/* Read and parse an open stat.  False: the process is gone. */
static bool read_stat(hk_system_processes *table, int fd, char *text, hki_stat *stat)
{
	ssize_t length = pread(fd, text, STAT_MAX - 1, 0);

	return length > 0 &&
	       hki_stat_parse(stat, text, (size_t) length, depth_of(table)) == 0;
}

/* ---- files that stay open ---- */

static void keep_file(hk_system_processes *table, hki_row *row, int *fd)
{
	if (row->fresh || row->stat_fd >= 0 || table->kept_files >= table->kept_max)
		return;
	row->stat_fd = hki_take_fd(fd);
	table->kept_files++;
}

void hki_row_close_file(hk_system_processes *table, hki_row *row)
{
	if (row->stat_fd < 0)
		return;
	(void) close(row->stat_fd);
	row->stat_fd = -1;
	table->kept_files--;
}

bool hki_read_kept(hk_system_processes *table, hki_row *row)
{
	char text[STAT_MAX];
	hki_stat stat;

	if (row->stat_fd < 0)
		return false;
	if (!read_stat(table, row->stat_fd, text, &stat)) {
		hki_row_close_file(table, row);
		return false;
	}
	row->unsettled = false;
	update(table, row, &stat, NULL);
	return true;
}

int hki_read_process(hk_system_processes *table, int32_t pid, const uint64_t *runtime_ns)
{
	hki_cleanup(hki_closep) int fd = -1;
	char path[HKI_PROCESS_PATH_MAX];
	char text[STAT_MAX];
	hki_stat stat;
	hki_row *row;
	int r;

	hki_process_path(path, pid, "stat", 4);
	fd = openat(table->proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return add_denied(table, pid);
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
	if (!read_stat(table, fd, text, &stat) || stat.pid != pid)
		return 0;
	r = find_row(table, &row, &stat);
	if (r < 0)
		return r;
	keep_file(table, row, &fd);
	update(table, row, &stat, runtime_ns);
	return 0;
}
