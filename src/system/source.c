/*
 * Files of the host under a root that tests can choose.
 *
 * What is read at every sample stays open: a read of an open file of /proc costs
 * a third of opening it anew.  Each file is taken with reads as large as the
 * buffer, which has room for the whole file from its second reading on, so that
 * figures of one file belong together as far as the kernel lets them.
 */
#include "system/system_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/cleanup.h"

/* /proc/stat of 8192 processors has 1 MiB; mountinfo of a host of containers a few. */
#define FILE_MAX   (64U << 20)
#define FIRST_ROOM 8192U

int hki_file_open(const hk_system *system, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t) (flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT };
	long fd;

	if (system->root < 0) {
		fd = open(path, flags | O_CLOEXEC);
	} else {
		/* Links of that tree, /etc/os-release for one, mean places in it. */
		fd = syscall(SYS_openat2, system->root, path, &how, sizeof(how));
		if (fd < 0 && errno == ENOSYS)
			fd = openat(
			    system->root, path + strspn(path, "/"), flags | O_CLOEXEC);
	}
	return fd < 0 ? -errno : (int) fd;
}

/* Everything from the start of @fd into @text. */
static int read_all(hki_buffer *text, int fd)
{
	hki_buffer_truncate(text, 0);
	for (;;) {
		size_t room = text->capacity - text->length;
		ssize_t count;

		if (room < FIRST_ROOM / 2) {
			int r = hki_buffer_reserve(
			    text, text->length < FIRST_ROOM ? FIRST_ROOM : text->length);

			if (r < 0)
				return r;
			room = text->capacity - text->length;
		}
		count = pread(fd, text->data + text->length, room, (off_t) text->length);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		if (count == 0)
			return 0;
		hki_buffer_commit(text, (size_t) count);
		if (text->length > FILE_MAX)
			return HK_ELIMIT;
	}
}

void hki_host_file_close(hki_host_file *source)
{
	if (source->fd_and_one > 0)
		(void) close(source->fd_and_one - 1);
	source->fd_and_one = 0;
}

int hki_host_file_read(
    hk_system *system, hki_host_file *source, const char *path, hki_scan *out)
{
	int r;

	if (source->fd_and_one == 0) {
		r = hki_file_open(system, path, O_RDONLY);
		if (r < 0)
			return r;
		source->fd_and_one = r + 1;
	}
	r = read_all(&system->text, source->fd_and_one - 1);
	if (r < 0) {
		hki_host_file_close(source); /* its device or cgroup may have gone */
		return r;
	}
	*out = hki_scan_of(system->text.data, system->text.length);
	return 0;
}

int hki_file_read(hk_system *system, const char *path, hki_scan *out)
{
	hki_host_file source = { 0 };
	int r = hki_host_file_read(system, &source, path, out);

	hki_host_file_close(&source);
	return r;
}

int hki_file_line(const hk_system *system, const char *path, char *out, size_t capacity)
{
	hki_cleanup(hki_closep) int fd = hki_file_open(system, path, O_RDONLY);
	char text[4096];
	ssize_t count;

	if (fd < 0)
		return fd;
	do
		count = pread(fd, text, sizeof(text), 0);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return -errno;
	hki_scan_copy(out, capacity, hki_scan_trim(hki_scan_of(text, (size_t) count)));
	return 0;
}

int hki_file_number(const hk_system *system, const char *path, uint64_t *out)
{
	char text[64];
	hki_scan line;
	int r = hki_file_line(system, path, text, sizeof(text));

	if (r < 0)
		return r;
	line = hki_scan_text(text);
	return hki_scan_number(out, &line) ? 0 : HK_EPARSE;
}

static int visit_entries(const char *entries, ssize_t length,
    int (*visit)(const char *name, void *user), void *user)
{
	for (ssize_t at = 0; at < length;) {
		const struct dirent64 *entry = (const void *) (entries + at);
		int r;

		at += entry->d_reclen;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		r = visit(entry->d_name, user);
		if (r != 0)
			return r;
	}
	return 0;
}

int hki_file_each(const hk_system *system, const char *path,
    int (*visit)(const char *name, void *user), void *user)
{
	_Alignas(struct dirent64) char entries[4096];
	hki_cleanup(hki_closep) int fd =
	    hki_file_open(system, path, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return fd;
	for (;;) {
		ssize_t length = getdents64(fd, entries, sizeof(entries));
		int r;

		if (length < 0)
			return -errno;
		if (length == 0)
			return 0;
		r = visit_entries(entries, length, visit, user);
		if (r != 0)
			return r;
	}
}

int hki_path(char *out, size_t capacity, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(out, capacity, format, arguments);
	va_end(arguments);
	return length < 0 || (size_t) length >= capacity ? -ENAMETOOLONG : 0;
}
