#include "service/project.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error_list.h"
#include "base/map.h"
#include "service/service_internal.h"

/*
 * One supervisor a project.  The claim is flock(2) on a file: the kernel gives
 * it back the moment we end, also by kill -9, and it cannot go stale as a file
 * with a number in it would.  The number is written all the same, for the
 * message to whoever comes second.
 */

/* ---- where ---- */

static bool is_directory_of_ours(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
	       status.st_uid == geteuid();
}

/* The directory of this user, which must be the same from every shell and cron job. */
static char *default_directory(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const char *home = getenv("HOME");
	char path[64];

	if (geteuid() == 0)
		return hki_strdup("/run/hostkit");
	(void) snprintf(path, sizeof(path), "/run/user/%u", (unsigned int) geteuid());
	if (runtime == NULL || runtime[0] != '/')
		runtime = path;
	if (is_directory_of_ours(runtime))
		return hki_format("%s/hostkit", runtime);
	if (home != NULL && home[0] == '/')
		return hki_format("%s/.local/state/hostkit", home);
	return hki_format("/tmp/hostkit-%u", (unsigned int) geteuid());
}

static int make_path(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST) {
			*slash = '/';
			return -errno;
		}
		*slash = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* Open it if it is ours alone to write: what is read there tells whom to kill. */
static int open_private(const char *path)
{
	hki_cleanup(hki_closep) int fd =
	    open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (status.st_uid != geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return -EPERM;
	return hki_take_fd(&fd);
}

static int open_directory(const char *given, bool make, hk_error_list *errors)
{
	hki_cleanup(hki_freep) char *path =
	    given != NULL ? hki_strdup(given) : default_directory();
	int fd;

	if (path == NULL)
		return -ENOMEM;
	fd = open_private(path);
	if (fd == -ENOENT && make) {
		int r = make_path(path);

		fd = r < 0 ? r : open_private(path);
	}
	if (fd < 0)
		return hki_error_report_step(errors, fd, "state",
		    fd == -EPERM ? "'%s' must belong to this user and be writable for "
				   "nobody else"
				 : "cannot use '%s'",
		    path);
	return fd;
}

/* ---- which ---- */

static int identify(hk_service_project *project, const char *path, hk_error_list *errors)
{
	/* Any fixed key: the text is ours, and the same path must always give the same name. */
	static const uint64_t key[2] = { 0x686f73746b697430ULL, 0x70726f6a65637430ULL };
	char whole[PATH_MAX];

	if (realpath(path, whole) == NULL)
		return hki_error_report_step(
		    errors, -errno, "project", "cannot find '%s'", path);
	project->path = hki_strdup(whole);
	if (project->path == NULL)
		return -ENOMEM;
	(void) snprintf(project->key, sizeof(project->key), "%016" PRIx64,
	    hki_siphash(key, whole, strlen(whole)));
	(void) snprintf(project->environment, sizeof(project->environment), "%s=%s",
	    HKI_PROJECT_VARIABLE, project->key);
	return hki_boot_id_read(project->boot_id);
}

const char *hki_project_environment(const hk_service_project *project)
{
	return project->environment;
}

/* ---- the lock ---- */

static int open_lock(const hk_service_project *project, int flags)
{
	char name[64];
	int fd;

	(void) snprintf(name, sizeof(name), "%s.lock", project->key);
	fd = openat(project->directory_fd, name,
	    flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	return fd < 0 ? -errno : fd;
}

static int read_holder(hk_process_id *out, int fd)
{
	char text[HK_PROCESS_ID_TEXT_MAX];
	ssize_t got = pread(fd, text, sizeof(text) - 1, 0);

	if (got <= 0)
		return -ESRCH;
	text[got] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return hk_process_id_parse(out, text) < 0 ? -ESRCH : 0;
}

static int write_holder(int fd)
{
	char text[HK_PROCESS_ID_TEXT_MAX + 1];
	hk_process_id id;
	size_t length;
	int r = hk_process_id_read(&id, getpid());

	if (r < 0)
		return r;
	length = hk_process_id_format(text, sizeof(text) - 1, &id);
	text[length++] = '\n';
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, length, 0) < 0)
		return -errno;
	return 0;
}

static int refuse(const hk_service_project *project, int fd, hk_error_list *errors)
{
	char identity[HK_PROCESS_ID_TEXT_MAX];
	hk_process_id id;

	if (read_holder(&id, fd) < 0)
		return hki_error_report_step(errors, -EBUSY, "project",
		    "'%s' is supervised already, by a process that has just started",
		    project->path);
	(void) hk_process_id_format(identity, sizeof(identity), &id);
	return hki_error_report_step(errors, -EBUSY, "project",
	    "'%s' is supervised already, by process %" PRId64
	    " (end it with: hostkit kill %s)",
	    project->path, id.pid, identity);
}

static int claim(hk_service_project *project, hk_error_list *errors)
{
	int fd = open_lock(project, O_RDWR | O_CREAT);

	if (fd < 0)
		return hki_error_report_step(
		    errors, fd, "project", "cannot open the lock of '%s'", project->path);
	project->lock_fd = fd;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? refuse(project, fd, errors) : -errno;
	return write_holder(fd);
}

/* Learn what was left, and say that we are here, before anything is started. */
static int begin_state(hk_service_project *project)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	int r = hki_state_read(&project->left, project->directory_fd, project->key);

	if (r < 0 && r != -ENOENT && r != HK_EPARSE)
		return r;
	r = hki_state_begin(&text, project);
	if (r < 0)
		return r;
	/* What was left stays written down until it has been ended. */
	if (project->left != NULL)
		return 0;
	return hki_state_write(
	    project->directory_fd, project->key, text.data, text.length);
}

static hk_service_project *blank(void)
{
	hk_service_project *project = hki_zalloc(sizeof(*project));

	if (project != NULL)
		project->directory_fd = project->lock_fd = -1;
	return project;
}

static void release(hk_service_project *project)
{
	if (project == NULL)
		return;
	hki_closep(&project->lock_fd);
	hki_closep(&project->directory_fd);
	hki_free(project->left);
	hki_free(project->path);
	hki_free(project);
}

static void releasep(hk_service_project **project)
{
	release(*project);
}

int hk_service_project_open(hk_service_project **out, const char *path,
    const char *directory, hk_error_list *errors)
{
	hki_cleanup(releasep) hk_service_project *project = blank();
	int r;

	if (project == NULL)
		return -ENOMEM;
	r = identify(project, path, errors);
	if (r < 0)
		return r;
	project->directory_fd = open_directory(directory, true, errors);
	if (project->directory_fd < 0)
		return project->directory_fd;
	r = claim(project, errors);
	if (r < 0)
		return r;
	r = begin_state(project);
	if (r < 0)
		return hki_error_report_step(errors, r, "state",
		    "cannot write down the state of '%s'", project->path);
	*out = hki_take(project);
	return 0;
}

int hk_service_project_supervisor(
    hk_process_id *out, const char *path, const char *directory)
{
	hki_cleanup(releasep) hk_service_project *project = blank();
	hki_cleanup(hki_closep) int fd = -1;
	int r;

	if (project == NULL)
		return -ENOMEM;
	r = identify(project, path, NULL);
	if (r < 0)
		return r;
	project->directory_fd = open_directory(directory, false, NULL);
	if (project->directory_fd < 0)
		return project->directory_fd == -ENOENT ? -ESRCH : project->directory_fd;
	fd = open_lock(project, O_RDONLY);
	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	/* Ours for a moment means that it is nobody's. */
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
		return -ESRCH;
	if (errno != EWOULDBLOCK)
		return -errno;
	return read_holder(out, fd);
}

void hk_service_project_free(hk_service_project *project)
{
	if (project == NULL)
		return;
	/* What was left and never ended is for the next supervisor to find. */
	if (project->left == NULL)
		hki_state_remove(project->directory_fd, project->key);
	release(project);
}
