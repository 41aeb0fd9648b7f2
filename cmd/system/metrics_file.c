/*
 * A file that is read while it is written: node_exporter's textfile collector opens
 * *.prom whenever it is scraped.  So the text goes to a file beside it, is given to
 * the disk, and takes the place of the old one by rename(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "metrics.h"

enum { MODE_DEFAULT = 0644, MODE_BITS = 07777 };

static int write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		text += written;
		length -= (size_t) written;
	}
	return 0;
}

/* The mode of what is there; that of a new file otherwise. */
static int mode_of(mode_t *out, const char *path)
{
	struct stat status;

	*out = MODE_DEFAULT;
	if (stat(path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISREG(status.st_mode))
		return -EEXIST; /* a rename would remove a device or a pipe */
	*out = status.st_mode & MODE_BITS;
	return 0;
}

static int fill(int fd, mode_t mode, const char *text, size_t length)
{
	int r = write_all(fd, text, length);

	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		r = -errno;
	return r;
}

/* Hidden, and without .prom at its end, so that no collector reads it. */
static char *name_beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	int folder = slash == NULL ? 0 : (int) (slash + 1 - path);

	return hki_format("%.*s.%s.XXXXXX", folder, path, path + folder);
}

int metrics_replace_file(const char *path, const char *text, size_t length)
{
	hki_cleanup(hki_freep) char *beside = name_beside(path);
	hki_cleanup(hki_closep) int fd = -1;
	mode_t mode;
	int r = mode_of(&mode, path);

	if (r < 0)
		return r;
	if (beside == NULL)
		return -ENOMEM;
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fill(fd, mode, text, length);
	if (r == 0 && rename(beside, path) < 0)
		r = -errno;
	if (r < 0)
		(void) unlink(beside);
	return r;
}
