#include "log/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cleanup.h"

/*
 * Rotation by renaming: log.2 becomes log.3, log.1 log.2, log log.1, and a new
 * log is begun.  Nothing is copied or truncated, so a reader that follows the
 * old file finds every byte in it.  The new file is opened before the old one
 * is let go; if that fails, the names are put back.
 */

static void numbered(
    char *out, size_t capacity, const hki_log_file *file, uint32_t number)
{
	if (number == 0)
		(void) snprintf(out, capacity, "%s", file->base);
	else
		(void) snprintf(out, capacity, "%s.%u", file->base, number);
}

static int move(const hki_log_file *file, uint32_t from, uint32_t to)
{
	char old[NAME_MAX + 1];
	char new[NAME_MAX + 1];

	numbered(old, sizeof(old), file, from);
	numbered(new, sizeof(new), file, to);
	if (renameat(file->directory_fd, old, file->directory_fd, new) < 0)
		return -errno;
	return 0;
}

/* Make room for number 1: the oldest goes, the others move on.  A gap stops the
 * move, because what lies behind it is where it belongs. */
static int shift(const hki_log_file *file)
{
	char oldest[NAME_MAX + 1];
	uint32_t last = 1;

	while (last < file->max_files - 1) {
		char name[NAME_MAX + 1];

		numbered(name, sizeof(name), file, last);
		if (faccessat(file->directory_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			break;
		last++;
	}
	numbered(oldest, sizeof(oldest), file, last);
	if (unlinkat(file->directory_fd, oldest, 0) < 0 && errno != ENOENT)
		return -errno;
	for (uint32_t number = last; number > 1; number--) {
		int r = move(file, number - 1, number);

		if (r < 0)
			return r;
	}
	return 0;
}

static int begin(const hki_log_file *file)
{
	int fd = openat(file->directory_fd, file->base,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
		O_NOFOLLOW,
	    (mode_t) file->mode);

	return fd < 0 ? -errno : fd;
}

/* Keeping one file alone means starting it over. */
static int restart(hki_log_file *file)
{
	if (unlinkat(file->directory_fd, file->base, 0) < 0 && errno != ENOENT)
		return -errno;
	return begin(file);
}

static int move_on(hki_log_file *file)
{
	int r = shift(file);
	int fd;

	if (r < 0)
		return r;
	r = move(file, 0, 1);
	if (r < 0 && r != -ENOENT) /* somebody took our file away: begin a new one */
		return r;
	fd = begin(file);
	if (fd < 0 && r == 0)
		(void) move(file, 1, 0);
	return fd;
}

int hki_log_file_rotate(hki_log_file *file)
{
	int fd = file->max_files > 1 ? move_on(file) : restart(file);

	if (fd < 0)
		return fd;
	hki_closep(&file->fd);
	file->fd = fd;
	file->size = 0;
	file->at_line_start = true;
	return 0;
}
