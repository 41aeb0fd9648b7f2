/*
 * The processes of /proc, by ascending id.  The kernel lists them so; a captured
 * tree, or a kernel that is imitated, may not, and is put in order first.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <unistd.h>
#include "base/alloc.h"
#include "system/process_table.h"

/* The name as a positive number, or 0 if it is none. */
static int32_t whole_number(const char *name)
{
	int32_t number = 0;

	for (; *name >= '0' && *name <= '9'; name++) {
		if (number > (INT_MAX - 9) / 10)
			return 0;
		number = number * 10 + (*name - '0');
	}
	return *name == '\0' ? number : 0;
}

static int add(hk_system_processes *table, size_t *count, int32_t pid)
{
	if (*count == table->pid_capacity) {
		size_t capacity = *count == 0 ? 256 : *count * 2;
		int32_t *pids = hki_realloc_array(table->pids, capacity, sizeof(*pids));

		if (pids == NULL)
			return -ENOMEM;
		table->pids = pids;
		table->pid_capacity = capacity;
	}
	table->pids[(*count)++] = pid;
	return 0;
}

/* Binary heap, in place: the list is sorted already, unless somebody made it up. */
static void sift_down(int32_t *pids, size_t at, size_t count)
{
	for (;;) {
		size_t child = 2 * at + 1;
		int32_t kept;

		if (child >= count)
			return;
		if (child + 1 < count && pids[child + 1] > pids[child])
			child++;
		if (pids[at] >= pids[child])
			return;
		kept = pids[at];
		pids[at] = pids[child];
		pids[child] = kept;
		at = child;
	}
}

static void sort(int32_t *pids, size_t count)
{
	for (size_t i = count / 2; i-- > 0;)
		sift_down(pids, i, count);
	for (size_t left = count; left-- > 1;) {
		int32_t kept = pids[0];

		pids[0] = pids[left];
		pids[left] = kept;
		sift_down(pids, 0, left);
	}
}

static int read_list(hk_system_processes *table, size_t *count)
{
	if (lseek(table->proc, 0, SEEK_SET) < 0)
		return -errno;
	for (;;) {
		ssize_t length = getdents64(table->proc, table->buffer, HKI_BUFFER_BYTES);

		if (length < 0)
			return -errno;
		if (length == 0)
			return 0;
		for (ssize_t at = 0; at < length;) {
			const struct dirent64 *entry =
			    (const void *) (table->buffer + at);
			int32_t pid = whole_number(entry->d_name);
			int r;

			at += entry->d_reclen;
			if (pid > 0 && (r = add(table, count, pid)) < 0)
				return r;
		}
	}
}

int hki_proc_list(hk_system_processes *table, size_t *out_count)
{
	size_t count = 0;
	size_t kept = 0;
	int r = read_list(table, &count);

	if (r < 0)
		return r;
	for (size_t i = 1; i < count; i++)
		if (table->pids[i] < table->pids[i - 1]) {
			sort(table->pids, count);
			break;
		}
	/* An id that is listed twice was handed on while we read. */
	for (size_t i = 0; i < count; i++)
		if (i == 0 || table->pids[i] != table->pids[i - 1])
			table->pids[kept++] = table->pids[i];
	*out_count = kept;
	return 0;
}

int hki_proc_walk(
    hk_system_processes *table, int (*each)(hk_system_processes *table, int32_t pid))
{
	size_t count = 0;
	int r;

	if (table->only != 0) {
		r = each(table, table->only);
		return r < 0 ? r : 0;
	}
	r = hki_proc_list(table, &count);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = each(table, table->pids[i]);
	return r < 0 ? r : 0;
}
