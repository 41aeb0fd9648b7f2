#include "log/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"

/*
 * Opening the file behind a path.  Its directory is kept open and everything
 * after that is relative to it, so that renaming a directory above, or our own
 * working directory, cannot make a rotation hit other files.
 *
 * A FIFO is opened for reading too: opening succeeds without a reader, and
 * nothing is lost nor SIGPIPE raised while its reader is being restarted.
 */

/* Make every directory of @path that is missing. */
static int make_directories(const char *path)
{
	hki_cleanup(hki_freep) char *copy = hki_strdup(path);

	if (copy == NULL)
		return -ENOMEM;
	for (char *slash = strchr(copy + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0777) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(copy, 0777) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_directory(hki_log_file *file)
{
	int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	int fd = open(file->directory, flags);

	if (fd < 0 && errno == ENOENT) {
		int r = make_directories(file->directory);

		if (r < 0)
			return r;
		fd = open(file->directory, flags);
	}
	if (fd < 0)
		return -errno;
	file->directory_fd = fd;
	return 0;
}

static int open_base(const hki_log_file *file)
{
	struct stat status;
	int flags = O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd;

	if (fstatat(file->directory_fd, file->base, &status, 0) == 0 &&
	    S_ISFIFO(status.st_mode))
		flags |= O_RDWR;
	else
		flags |= O_WRONLY | O_CREAT;
	fd = openat(file->directory_fd, file->base, flags, (mode_t) file->mode);
	return fd < 0 ? -errno : fd;
}

int hki_log_file_open(hki_log_file *file)
{
	hki_cleanup(hki_closep) int fd = -1;
	struct stat status;

	if (file->directory_fd < 0) {
		int r = open_directory(file);

		if (r < 0)
			return r;
	}
	fd = open_base(file);
	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0)
		return -errno;
	file->regular = S_ISREG(status.st_mode);
	file->sink.slow = !file->regular;
	file->size = file->regular ? (uint64_t) status.st_size : 0;
	file->at_line_start = true;
	file->fd = hki_take_fd(&fd);
	return 0;
}

void hki_log_file_shut(hki_log_file *file)
{
	hk_watch_free(file->watch);
	file->watch = NULL;
	hki_closep(&file->fd);
	hki_closep(&file->directory_fd);
	file->fd = file->directory_fd = -1;
}
