/*
 * The small files and calls beside stat, each only for those who asked.  What we
 * may not read is denied, what is not there is absent; neither is zero.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "system/process_parse.h"
#include "system/process_table.h"

/* status has grown to some 1500 bytes, and by a word for each supplementary group. */
#define FILE_MAX 8192

/* Fields @first to @last are denied when @r says so, else absent. */
static void refuse(const hk_system_processes *table, hki_row *row, int r,
    hk_system_process_field first, hk_system_process_field last)
{
	for (int i = (int) first; i <= (int) last; i++)
		if (r == -EACCES || r == -EPERM)
			hki_row_deny(table, row, (hk_system_process_field) i);
		else
			hki_row_unset(row, (hk_system_process_field) i);
}

static void read_statm(hk_system_processes *table, hki_row *row)
{
	char text[256];
	hki_statm statm;
	int r = hki_read_process_file(
	    table->proc, row->row.pid, "statm", 5, text, sizeof(text));

	if (r >= 0)
		r = hki_statm_parse(&statm, text, (size_t) r);
	if (r < 0) {
		refuse(table, row, r, HK_SYSTEM_PROCESS_SHARED, HK_SYSTEM_PROCESS_DATA);
		return;
	}
	row->row.shared_bytes = statm.shared * table->page_bytes;
	row->row.text_bytes = statm.text * table->page_bytes;
	row->row.data_bytes = statm.data * table->page_bytes;
	hki_row_set(table, row, HK_SYSTEM_PROCESS_SHARED);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_TEXT);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_DATA);
}

static void read_schedstat(hk_system_processes *table, hki_row *row)
{
	char text[128];
	hki_schedstat schedstat;
	int r = hki_read_process_file(
	    table->proc, row->row.pid, "schedstat", 9, text, sizeof(text));

	if (r >= 0)
		r = hki_schedstat_parse(&schedstat, text, (size_t) r);
	if (r < 0) {
		refuse(table, row, r, HK_SYSTEM_PROCESS_CPU_WAIT,
		    HK_SYSTEM_PROCESS_CPU_WAIT);
		return;
	}
	row->row.cpu_wait_s = (double) schedstat.wait_ns / (double) HKI_NS_PER_S;
	hki_row_set(table, row, HK_SYSTEM_PROCESS_CPU_WAIT);
}

static void read_io(hk_system_processes *table, hki_row *row)
{
	char text[512];
	hk_system_process *to = &row->row;
	hki_io io;
	int r =
	    hki_read_process_file(table->proc, row->row.pid, "io", 2, text, sizeof(text));

	if (r >= 0)
		r = hki_io_parse(&io, text, (size_t) r);
	if (r < 0) {
		refuse(table, row, r, HK_SYSTEM_PROCESS_READ_BYTES,
		    HK_SYSTEM_PROCESS_WRITE_RATE);
		return;
	}
	to->read_bytes = io.read_bytes;
	to->written_bytes = io.written_bytes;
	to->cancelled_bytes = io.cancelled_bytes;
	to->read_call_bytes = io.read_call_bytes;
	to->write_call_bytes = io.write_call_bytes;
	to->read_calls = io.read_calls;
	to->write_calls = io.write_calls;
	for (int i = HK_SYSTEM_PROCESS_READ_BYTES; i <= HK_SYSTEM_PROCESS_WRITE_CALLS;
	     i++)
		hki_row_set(table, row, (hk_system_process_field) i);
	hki_row_look_io(
	    table, row, io.read_bytes, io.written_bytes, hki_clock_monotonic_ns());
}

/* ---- status ---- */

/* Keep a copy; it changes hardly ever, so the block is hardly ever touched. */
static bool keep_affinity(hki_row *row, const char *text, size_t length)
{
	if (length + 1 > row->affinity_capacity) {
		char *grown = hki_realloc(row->affinity, length + 1);

		if (grown == NULL)
			return false;
		row->affinity = grown;
		row->affinity_capacity = length + 1;
	}
	memcpy(row->affinity, text, length);
	row->affinity[length] = '\0';
	row->row.affinity = row->affinity;
	return true;
}

static const struct {
	hk_system_process_field field;
	unsigned int line;
	size_t offset;
} status_numbers[] = {
#define NUMBER(field, line, member)                                                      \
	{                                                                                \
		field, line, offsetof(hk_system_process, member)                         \
	}
	NUMBER(HK_SYSTEM_PROCESS_RSS_ANONYMOUS, HKI_STATUS_RSS_ANONYMOUS,
	    rss_anonymous_bytes),
	NUMBER(HK_SYSTEM_PROCESS_RSS_FILE, HKI_STATUS_RSS_FILE, rss_file_bytes),
	NUMBER(HK_SYSTEM_PROCESS_RSS_SHMEM, HKI_STATUS_RSS_SHMEM, rss_shmem_bytes),
	NUMBER(HK_SYSTEM_PROCESS_SWAP, HKI_STATUS_SWAP, swap_bytes),
	NUMBER(HK_SYSTEM_PROCESS_STACK, HKI_STATUS_STACK, stack_bytes),
	NUMBER(HK_SYSTEM_PROCESS_LOCKED, HKI_STATUS_LOCKED, locked_bytes),
	NUMBER(HK_SYSTEM_PROCESS_PAGE_TABLES, HKI_STATUS_PAGE_TABLES, page_table_bytes),
	NUMBER(HK_SYSTEM_PROCESS_HUGETLB, HKI_STATUS_HUGETLB, hugetlb_bytes),
	NUMBER(HK_SYSTEM_PROCESS_PEAK_RSS, HKI_STATUS_PEAK_RSS, peak_rss_bytes),
	NUMBER(
	    HK_SYSTEM_PROCESS_PEAK_VIRTUAL, HKI_STATUS_PEAK_VIRTUAL, peak_virtual_bytes),
	NUMBER(HK_SYSTEM_PROCESS_VOLUNTARY_SWITCHES, HKI_STATUS_VOLUNTARY,
	    voluntary_switches),
	NUMBER(HK_SYSTEM_PROCESS_INVOLUNTARY_SWITCHES, HKI_STATUS_INVOLUNTARY,
	    involuntary_switches),
#undef NUMBER
};

void hki_row_set_ids(
    const hk_system_processes *table, hki_row *row, const uint32_t ids[8])
{
	hk_system_process *to = &row->row;

	if (ids[0] != to->uid)
		row->texts_read &= ~(uint32_t) HKI_READ_USER;
	row->has_ids = true;
	to->uid = ids[0];
	to->effective_uid = ids[1];
	to->saved_uid = ids[2];
	to->filesystem_uid = ids[3];
	to->gid = ids[4];
	to->effective_gid = ids[5];
	to->saved_gid = ids[6];
	to->filesystem_gid = ids[7];
	for (int i = HK_SYSTEM_PROCESS_UID; i <= HK_SYSTEM_PROCESS_FILESYSTEM_GID; i++)
		hki_row_set(table, row, (hk_system_process_field) i);
}

static void take_status(
    hk_system_processes *table, hki_row *row, const hki_status *status)
{
	uint32_t ids[8];

	for (size_t i = 0; i < sizeof(status_numbers) / sizeof(status_numbers[0]); i++) {
		uint64_t *to = (void *) ((char *) &row->row + status_numbers[i].offset);

		if ((status->present >> status_numbers[i].line & 1) == 0) {
			hki_row_unset(row, status_numbers[i].field);
			continue;
		}
		*to = status->numbers[status_numbers[i].line];
		hki_row_set(table, row, status_numbers[i].field);
	}
	memcpy(ids, status->uids, sizeof(status->uids));
	memcpy(ids + 4, status->gids, sizeof(status->gids));
	hki_row_set_ids(table, row, ids);
	if ((status->present >> HKI_STATUS_NAMESPACE_PID & 1) != 0) {
		row->row.namespace_pid =
		    (int32_t) status->numbers[HKI_STATUS_NAMESPACE_PID];
		hki_row_set(table, row, HK_SYSTEM_PROCESS_NAMESPACE_PID);
	}
	if ((status->present >> HKI_STATUS_AFFINITY & 1) != 0 &&
	    keep_affinity(row, status->affinity, status->affinity_length))
		hki_row_set(table, row, HK_SYSTEM_PROCESS_AFFINITY);
}

static void read_status(hk_system_processes *table, hki_row *row)
{
	char text[FILE_MAX];
	hki_status status;
	int r = hki_read_process_file(
	    table->proc, row->row.pid, "status", 6, text, sizeof(text));

	if (r >= 0)
		r = hki_status_parse(&status, text, (size_t) r);
	if (r < 0) {
		refuse(table, row, r, HK_SYSTEM_PROCESS_NAMESPACE_PID,
		    HK_SYSTEM_PROCESS_FILESYSTEM_GID);
		return;
	}
	take_status(table, row, &status);
}

/* Alone they need no file where the kernel has a call for them (Linux 6.13). */
static void read_ids(hk_system_processes *table, hki_row *row)
{
	bool read = row->ids_read;

	row->ids_read = false;
	if (!read && hki_identity_read_ids(table, row) < 0)
		read_status(table, row);
}

/* ---- calls ---- */

static void read_io_priority(hk_system_processes *table, hki_row *row)
{
	/* ioprio_get(2): class in the upper bits, level in the lower 13; 1: a process. */
	long priority = syscall(SYS_ioprio_get, 1, row->row.pid);

	if (priority < 0) {
		refuse(table, row, -errno, HK_SYSTEM_PROCESS_IO_CLASS,
		    HK_SYSTEM_PROCESS_IO_LEVEL);
		return;
	}
	row->row.io_class = (int32_t) (priority >> 13 & 3);
	row->row.io_level = (uint32_t) (priority & 7);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_IO_CLASS);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_IO_LEVEL);
}

/* Entries of an open directory, or a negative errno. */
static int count_entries(int directory)
{
	_Alignas(uint64_t) char entries[4096];
	int count = 0;

	for (;;) {
		long length =
		    syscall(SYS_getdents64, directory, entries, sizeof(entries));

		if (length < 0)
			return -errno;
		if (length == 0)
			return count < 2 ? 0 : count - 2; /* . and .. */
		for (long at = 0; at < length; count++) {
			uint16_t step;

			memcpy(&step, entries + at + 16, sizeof(step));
			at += step;
		}
	}
}

static int count_descriptors(const hk_system_processes *table, int32_t pid)
{
	char path[HKI_PROCESS_PATH_MAX];
	struct stat status;
	int directory;
	int r;

	hki_process_path(path, pid, "fd", 2);
	/* The size of the directory is the number of its entries (Linux 6.2). */
	if (fstatat(table->proc, path, &status, 0) == 0 && status.st_size > 0)
		return (int) status.st_size;
	directory = openat(table->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return -errno;
	r = count_entries(directory);
	(void) close(directory);
	return r;
}

static void read_descriptors(hk_system_processes *table, hki_row *row)
{
	int r = count_descriptors(table, row->row.pid);

	if (r < 0) {
		refuse(table, row, r, HK_SYSTEM_PROCESS_DESCRIPTORS,
		    HK_SYSTEM_PROCESS_DESCRIPTORS);
		return;
	}
	row->row.descriptors = (uint32_t) r;
	hki_row_set(table, row, HK_SYSTEM_PROCESS_DESCRIPTORS);
}

static void read_number(hk_system_processes *table, hki_row *row, const char *name,
    int32_t *to, hk_system_process_field field)
{
	char text[32];
	int64_t number;
	int r = hki_read_process_file(
	    table->proc, row->row.pid, name, strlen(name), text, sizeof(text));

	if (r >= 0)
		r = hki_number_parse(&number, text, (size_t) r);
	if (r < 0) {
		refuse(table, row, r, field, field);
		return;
	}
	*to = (int32_t) number;
	hki_row_set(table, row, field);
}

void hki_read_files(hk_system_processes *table, hki_row *row, uint32_t read)
{
	if ((read & HKI_READ_STATM) != 0)
		read_statm(table, row);
	if ((read & HKI_READ_SCHEDSTAT) != 0)
		read_schedstat(table, row);
	if ((read & HKI_READ_IO) != 0)
		read_io(table, row);
	if ((read & HKI_READ_STATUS) != 0)
		read_status(table, row);
	else if ((read & HKI_READ_IDS) != 0)
		read_ids(table, row);
	if ((read & HKI_READ_IO_PRIORITY) != 0 && table->root == NULL)
		read_io_priority(table, row);
	if ((read & HKI_READ_DESCRIPTORS) != 0)
		read_descriptors(table, row);
	if ((read & HKI_READ_OOM_SCORE) != 0)
		read_number(table, row, "oom_score", &row->row.oom_score,
		    HK_SYSTEM_PROCESS_OOM_SCORE);
	if ((read & HKI_READ_OOM_ADJUSTMENT) != 0)
		read_number(table, row, "oom_score_adj", &row->row.oom_adjustment,
		    HK_SYSTEM_PROCESS_OOM_ADJUSTMENT);
}
