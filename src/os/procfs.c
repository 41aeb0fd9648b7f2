/*
 * Reading /proc without a heap: fixed buffers, openat, getdents64.  It is asked
 * on every exit of a tree and from code that must work when memory is short.
 * The files are made up by the kernel at the moment of the read, so a process
 * may vanish between any two calls; that is always -ESRCH, never an error worth
 * a word.
 */
#include "os/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/cleanup.h"

/* ---- small files ---- */

int hki_read_file(
    int directory, const char *path, char *out, size_t capacity, size_t *out_length)
{
	hki_cleanup(hki_closep) int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;

	if (fd < 0)
		return -errno;
	while (length < capacity) {
		ssize_t n = read(fd, out + length, capacity - length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		length += (size_t) n;
	}
	if (length >= capacity)
		return HK_ELIMIT;
	out[length] = '\0';
	if (out_length != NULL)
		*out_length = length;
	return 0;
}

int hki_write_file(int directory, const char *path, const char *text)
{
	hki_cleanup(hki_closep) int fd = openat(directory, path, O_WRONLY | O_CLOEXEC);
	size_t length = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, text, length);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t) n == length ? 0 : -EIO;
}

/* A process that went away shows as either, depending on the moment. */
static int gone(int r)
{
	return r == -ENOENT ? -ESRCH : r;
}

/* ---- directories ---- */

/* Room for about a hundred entries a call. */
#define ENTRIES_BYTES 4096

/* The name as a positive number, or 0 if it is none. */
static pid_t whole_number(const char *name)
{
	int number = 0;

	for (; *name >= '0' && *name <= '9'; name++)
		if (number > (INT_MAX - 9) / 10)
			return 0;
		else
			number = number * 10 + (*name - '0');
	return *name == '\0' ? number : 0;
}

/* Call @visit for every entry of @directory that is a positive number. */
static int each_number(int directory, int (*visit)(pid_t number, void *user), void *user)
{
	_Alignas(struct dirent64) char entries[ENTRIES_BYTES];

	for (;;) {
		ssize_t length = getdents64(directory, entries, sizeof(entries));

		if (length < 0)
			return -errno;
		if (length == 0)
			return 0;
		for (ssize_t at = 0; at < length;) {
			const struct dirent64 *entry = (const void *) (entries + at);
			pid_t number = whole_number(entry->d_name);
			int r;

			at += entry->d_reclen;
			if (number == 0)
				continue;
			r = visit(number, user);
			if (r != 0)
				return r;
		}
	}
}

typedef struct stat_visit {
	int (*visit)(const hki_proc_stat *stat, void *user);
	void *user;
} stat_visit;

static int visit_stat(pid_t pid, void *user)
{
	const stat_visit *to = user;
	hki_proc_stat stat;

	/* Gone since, or hidden from us: as if it were not there. */
	if (hki_proc_stat_read(&stat, pid) < 0)
		return 0;
	return to->visit(&stat, to->user);
}

int hki_proc_each(int (*visit)(const hki_proc_stat *stat, void *user), void *user)
{
	hki_cleanup(hki_closep) int proc =
	    open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stat_visit to = { visit, user };

	if (proc < 0)
		return -errno;
	return each_number(proc, visit_stat, &to);
}

/* ---- children ---- */

typedef struct child_visit {
	int (*visit)(pid_t child, void *user);
	void *user;
	pid_t parent;
	int tasks; /* /proc/PID/task */
	bool missing;
} child_visit;

int hki_each_number_read(int fd, int (*visit)(pid_t number, void *user), void *user)
{
	char text[1024];
	int number = 0; /* cut anywhere by the read */

	for (;;) {
		ssize_t length = read(fd, text, sizeof(text));

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		if (length == 0)
			return 0;
		for (ssize_t i = 0; i < length; i++) {
			int r = 0;

			if (text[i] >= '0' && text[i] <= '9') {
				number = number * 10 + (text[i] - '0');
				continue;
			}
			if (number > 0)
				r = visit(number, user);
			if (r != 0)
				return r;
			number = 0;
		}
	}
}

static int visit_thread(pid_t thread, void *user)
{
	child_visit *to = user;
	hki_cleanup(hki_closep) int fd = -1;
	char path[32];

	snprintf(path, sizeof(path), "%d/children", (int) thread);
	fd = openat(to->tasks, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		int r = hki_each_number_read(fd, to->visit, to->user);

		/* It may end while its list is read. */
		return r == -ESRCH ? 0 : r;
	}
	/* Either the thread went away, or the kernel has no such file. */
	snprintf(path, sizeof(path), "%d/stat", (int) thread);
	if (errno == ENOENT && faccessat(to->tasks, path, F_OK, 0) == 0)
		to->missing = true;
	return 0;
}

int hki_proc_children(pid_t pid, int (*visit)(pid_t child, void *user), void *user)
{
	hki_cleanup(hki_closep) int tasks = -1;
	child_visit to = { .visit = visit, .user = user };
	char path[32];
	int r;

	snprintf(path, sizeof(path), "/proc/%d/task", (int) pid);
	tasks = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tasks < 0)
		return gone(-errno);
	to.tasks = tasks;
	r = each_number(tasks, visit_thread, &to);
	if (r != 0)
		return gone(r);
	return to.missing ? -ENOTSUP : 0;
}

static int visit_if_child(const hki_proc_stat *stat, void *user)
{
	const child_visit *to = user;

	return stat->parent == to->parent ? to->visit(stat->pid, to->user) : 0;
}

int hki_proc_children_by_parent(
    pid_t pid, int (*visit)(pid_t child, void *user), void *user)
{
	child_visit to = { .visit = visit, .user = user, .parent = pid };

	return hki_proc_each(visit_if_child, &to);
}

/* ---- this boot ---- */

int hki_boot_id_read(char out[HKI_BOOT_ID_MAX])
{
	char text[HKI_BOOT_ID_MAX + 2];
	size_t length;
	int r = hki_read_file(
	    AT_FDCWD, "/proc/sys/kernel/random/boot_id", text, sizeof(text), &length);

	if (r < 0)
		return r;
	if (length > 0 && text[length - 1] == '\n')
		length--;
	if (length != HKI_BOOT_ID_MAX - 1)
		return HK_EPARSE;
	memcpy(out, text, length);
	out[length] = '\0';
	return 0;
}
