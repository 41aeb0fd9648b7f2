/*
 * Making a cgroup, and what it takes to be allowed to.  The caller is never
 * moved, so the new directory goes below the one it is in.  The v2 rule that
 * processes live in leaves alone does not forbid that: it only keeps
 * controllers from being switched on there, which limits.c has to work around.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "os/cgroup/cgroup_internal.h"
#include "os/cgroup/find.h"
#include "os/procfs.h"

#define CGROUP2_MAGIC 0x63677270

/* Programs that nest cgroups deeper than this are left to clean up themselves. */
#define DEPTH_MAX 16

/* A directory is used within milliseconds of being made. */
#define SWEEP_AGE_S 60

static void cgroup_freep(hki_cgroup **cgroup)
{
	hki_cgroup_free(*cgroup);
}

/* ---- what there is ---- */

/* Open @path as a directory of the v2 hierarchy. */
static int open_v2(const char *path)
{
	hki_cleanup(hki_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs filesystem;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &filesystem) < 0)
		return -errno;
	if (filesystem.f_type != CGROUP2_MAGIC)
		return -EINVAL;
	return hki_take_fd(&fd);
}

/* Children can be made, and processes put there, if both may be written. */
static int check_writable(const char *path)
{
	hki_cleanup(hki_closep) int fd = open_v2(path);
	char type[32];

	if (fd < 0)
		return fd;
	if (faccessat(fd, ".", W_OK, AT_EACCESS) < 0 ||
	    faccessat(fd, "cgroup.procs", W_OK, AT_EACCESS) < 0)
		return -errno;
	/* Below a threaded cgroup only threads can be placed. */
	if (hki_read_file(fd, "cgroup.type", type, sizeof(type), NULL) == 0 &&
	    strcmp(type, "domain\n") != 0 && strcmp(type, "domain threaded\n") != 0)
		return -EOPNOTSUPP;
	return 0;
}

int hki_cgroup_probe(void)
{
	hki_cleanup(hki_cgroup_places_deinit)
	    hki_cgroup_places places = { .unified = NULL };
	int r = hki_cgroup_places_read(&places);

	if (r < 0)
		return r;
	if (places.unified == NULL)
		return -ENOENT;
	return check_writable(places.unified);
}

/* ---- making one ---- */

static int open_into(hki_cgroup *cgroup, const char *path)
{
	cgroup->path = hki_strdup(path);
	if (cgroup->path == NULL)
		return -ENOMEM;
	cgroup->fd = open_v2(path);
	if (cgroup->fd < 0)
		return cgroup->fd;
	cgroup->events_fd = openat(cgroup->fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	/* The root of the hierarchy has no such file; nobody can own that one. */
	return cgroup->events_fd < 0 ? -errno : 0;
}

static hki_cgroup *cgroup_blank(void)
{
	hki_cgroup *cgroup = hki_zalloc(sizeof(*cgroup));

	if (cgroup == NULL)
		return NULL;
	cgroup->fd = -1;
	cgroup->events_fd = -1;
	for (unsigned int i = 0; i <= HKI_CGROUP_V1_MAX; i++)
		cgroup->join_fds[i] = -1;
	return cgroup;
}

int hki_cgroup_make(hki_cgroup **out, const char *parent, const char *name)
{
	hki_cleanup(cgroup_freep) hki_cgroup *cgroup = cgroup_blank();
	hki_cleanup(hki_freep) char *path = hki_format("%s/%s", parent, name);
	int r;

	if (cgroup == NULL || path == NULL || (cgroup->name = hki_strdup(name)) == NULL)
		return -ENOMEM;
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	cgroup->made = true;
	r = open_into(cgroup, path);
	if (r < 0) {
		(void) rmdir(path);
		return r;
	}
	r = hki_cgroup_populated(cgroup);
	if (r != 0) {
		/* Somebody else lives there under the same name. */
		cgroup->made = false;
		return r < 0 ? r : -EEXIST;
	}
	*out = hki_take(cgroup);
	return 0;
}

int hki_cgroup_new(hki_cgroup **out, const char *name)
{
	hki_cleanup(hki_cgroup_places_deinit)
	    hki_cgroup_places places = { .unified = NULL };
	int r;

	if (name[0] == '\0' || strchr(name, '/') != NULL || strchr(name, '\n') != NULL)
		return -EINVAL;
	r = hki_cgroup_places_read(&places);
	if (r < 0)
		return r;
	if (places.unified == NULL)
		return -ENOENT;
	r = check_writable(places.unified);
	if (r < 0)
		return r;
	return hki_cgroup_make(out, places.unified, name);
}

int hki_cgroup_open(hki_cgroup **out, const char *path)
{
	hki_cleanup(cgroup_freep) hki_cgroup *cgroup = cgroup_blank();
	int r;

	if (cgroup == NULL)
		return -ENOMEM;
	r = open_into(cgroup, path);
	if (r < 0)
		return r;
	*out = hki_take(cgroup);
	return 0;
}

const char *hki_cgroup_path(const hki_cgroup *cgroup)
{
	return cgroup->path;
}

int hki_cgroup_fd(const hki_cgroup *cgroup)
{
	return cgroup->fd;
}

const int *hki_cgroup_join_fds(const hki_cgroup *cgroup)
{
	return cgroup->join_fds;
}

/* ---- removing ---- */

static int remove_below(int directory, const char *path, unsigned int depth)
{
	_Alignas(struct dirent64) char entries[2048];
	hki_cleanup(hki_closep) int fd =
	    openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t length;

	if (fd < 0)
		return -errno;
	while (depth < DEPTH_MAX &&
	       (length = getdents64(fd, entries, sizeof(entries))) > 0) {
		for (ssize_t at = 0; at < length;) {
			const struct dirent64 *entry = (const void *) (entries + at);

			at += entry->d_reclen;
			if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
				(void) remove_below(fd, entry->d_name, depth + 1);
		}
	}
	return unlinkat(directory, path, AT_REMOVEDIR) == 0 ? 0 : -errno;
}

int hki_cgroup_remove_tree(int directory, const char *path)
{
	if (unlinkat(directory, path, AT_REMOVEDIR) == 0)
		return 0;
	return errno == ENOENT ? -ENOENT : remove_below(directory, path, 0);
}

void hki_cgroup_free(hki_cgroup *cgroup)
{
	if (cgroup == NULL)
		return;
	for (unsigned int i = 0; i < cgroup->v1_count; i++) {
		hki_closep(&cgroup->join_fds[i]);
		(void) hki_cgroup_remove_tree(AT_FDCWD, cgroup->v1_paths[i]);
		hki_free(cgroup->v1_paths[i]);
	}
	hki_closep(&cgroup->events_fd);
	hki_closep(&cgroup->fd);
	if (cgroup->made && cgroup->path != NULL)
		(void) hki_cgroup_remove_tree(AT_FDCWD, cgroup->path);
	hki_free(cgroup->path);
	hki_free(cgroup->name);
	hki_free(cgroup);
}

/* ---- what others left behind ---- */

/*
 * Is @name "@prefixPID…" of a process that is gone?  The number may be one of
 * another PID namespace, so a new directory is not touched.
 */
static bool is_left_behind(int directory, const char *name, const char *prefix)
{
	size_t length = strlen(prefix);
	struct stat status;
	char *end;
	long pid;

	if (strncmp(name, prefix, length) != 0)
		return false;
	pid = strtol(name + length, &end, 10);
	if (end == name + length || pid <= 0 || pid > INT32_MAX ||
	    kill((pid_t) pid, 0) == 0 || errno != ESRCH)
		return false;
	return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (uint64_t) status.st_mtim.tv_sec + SWEEP_AGE_S <
		   hki_clock_real_ns() / HKI_NS_PER_S;
}

static int sweep_directory(const char *path, const char *prefix)
{
	_Alignas(struct dirent64) char entries[2048];
	hki_cleanup(hki_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ssize_t length;
	int removed = 0;

	if (fd < 0)
		return -errno;
	while ((length = getdents64(fd, entries, sizeof(entries))) > 0) {
		for (ssize_t at = 0; at < length;) {
			const struct dirent64 *entry = (const void *) (entries + at);

			at += entry->d_reclen;
			if (entry->d_type == DT_DIR &&
			    is_left_behind(fd, entry->d_name, prefix) &&
			    hki_cgroup_remove_tree(fd, entry->d_name) == 0)
				removed++;
		}
	}
	return removed;
}

int hki_cgroup_sweep(const char *prefix)
{
	hki_cleanup(hki_cgroup_places_deinit)
	    hki_cgroup_places places = { .unified = NULL };
	const char *paths[4];
	int removed = 0;
	int r = hki_cgroup_places_read(&places);

	if (r < 0)
		return r;
	paths[0] = places.unified;
	paths[1] = places.memory;
	paths[2] = places.pids;
	paths[3] = places.cpu;
	for (unsigned int i = 0; i < 4; i++) {
		r = paths[i] == NULL ? 0 : sweep_directory(paths[i], prefix);
		if (r > 0)
			removed += r;
	}
	return removed;
}
