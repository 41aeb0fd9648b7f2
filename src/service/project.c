/*
 * One supervisor a project.
 *
 * The claim is flock(2) on a file: the kernel gives it back when its holder ends,
 * however that happens, so there is no stale claim to be clever about.  The file
 * is removed when the claim is given back; whoever waits for a file that has just
 * been removed sees that the name means another one by then, and opens again.
 *
 * A program that was being started when its supervisor was killed holds a copy of
 * the lock until it has exec'ed.  Whoever finds the lock held in the name of a
 * process that is gone therefore waits for a moment before it gives up.
 */
#include "service/project_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error_list.h"
#include "os/pidref.h"
#include "os/procfs.h"

/* Files removed under our hands in a row; more is somebody's loop. */
#define OPEN_TRIES 100

/* How long a start without a supervisor may hold the claim, and how often we look. */
#define ORPHANED_CLAIM_NS (2 * HKI_NS_PER_S)
#define LOOK_AGAIN_NS     (5 * HKI_NS_PER_MS)

/* Does the name still mean the file we have open? */
static bool is_current(int fd, const char *path)
{
	struct stat ours;
	struct stat named;

	return fstat(fd, &ours) == 0 && stat(path, &named) == 0 &&
	       ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

/* A descriptor that holds the lock, or a negative errno: -EWOULDBLOCK if another does. */
static int lock_file(const char *path)
{
	for (int i = 0; i < OPEN_TRIES; i++) {
		hki_cleanup(hki_closep) int fd =
		    open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX | LOCK_NB) < 0)
			return -errno;
		if (is_current(fd, path))
			return hki_take_fd(&fd);
	}
	return -EBUSY;
}

/* Who holds the lock: the first line of the file. */
static int read_holder(hk_process_id *out, const char *path)
{
	char text[HK_PROCESS_ID_TEXT_MAX + PATH_MAX];
	size_t length;
	int r = hki_read_file(AT_FDCWD, path, text, sizeof(text), &length);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	return hk_process_id_parse(out, text);
}

/* A holder that cannot be read is about to write its name, or to end. */
static bool holder_lives(const char *path)
{
	hk_process_id holder;
	hki_pidref ref = HKI_PIDREF_NULL;
	bool lives;
	int r = read_holder(&holder, path);

	if (r < 0)
		return false;
	r = hki_pidref_open_exactly(
	    &ref, (pid_t) holder.pid, holder.start_ticks, holder.inode);
	if (r < 0)
		return r != -ESRCH;
	lives = !hki_pidref_has_ended(&ref);
	hki_pidref_close(&ref);
	return lives;
}

/* As lock_file(), with patience for a claim nobody alive stands behind. */
static int claim_file(const char *path)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_NS };
	uint64_t deadline = hki_clock_monotonic_ns() + ORPHANED_CLAIM_NS;
	int fd;

	while ((fd = lock_file(path)) == -EWOULDBLOCK && !holder_lives(path) &&
	       hki_clock_monotonic_ns() < deadline)
		(void) nanosleep(&pause, NULL);
	return fd;
}

static int write_holder(const hk_service_project *project)
{
	char text[HK_PROCESS_ID_TEXT_MAX + PATH_MAX + 2];
	char identity[HK_PROCESS_ID_TEXT_MAX];
	hk_process_id self;
	int length;
	int r = hk_process_id_read(&self, getpid());

	if (r < 0)
		return r;
	(void) hk_process_id_format(identity, sizeof(identity), &self);
	length = snprintf(text, sizeof(text), "%s\n%s\n", identity, project->path);
	if (ftruncate(project->lock_fd, 0) < 0 ||
	    pwrite(project->lock_fd, text, (size_t) length, 0) != length)
		return errno != 0 ? -errno : -EIO;
	return 0;
}

static int report_busy(const hk_service_project *project, hk_error_list *errors)
{
	char identity[HK_PROCESS_ID_TEXT_MAX];
	char hint[HK_PROCESS_ID_TEXT_MAX + 32] = "";
	hk_process_id holder;

	if (read_holder(&holder, project->lock) == 0) {
		(void) hk_process_id_format(identity, sizeof(identity), &holder);
		(void) snprintf(hint, sizeof(hint), "by process %s", identity);
	}
	return hki_error_report(errors, &(hk_error){ .code = -EBUSY,
					    .source = project->path,
					    .step = "project",
					    .text = "it is supervised already",
					    .hint = hint });
}

static void project_freep(hk_service_project **project)
{
	hk_service_project_free(*project);
}

int hk_service_project_open(hk_service_project **out, const char *path,
    const char *directory, hk_error_list *errors)
{
	hki_cleanup(project_freep) hk_service_project *project =
	    hki_zalloc(sizeof(*project));
	int r;

	if (project == NULL)
		return -ENOMEM;
	project->lock_fd = -1;
	hki_list_init(&project->alive);
	r = hki_project_locate(project, path, directory, true, errors);
	if (r < 0)
		return r;
	project->lock_fd = claim_file(project->lock);
	if (project->lock_fd == -EWOULDBLOCK)
		return report_busy(project, errors);
	if (project->lock_fd < 0)
		return hki_error_report_step(errors, project->lock_fd, "project",
		    "'%s' cannot be locked", project->lock);
	r = write_holder(project);
	if (r < 0)
		return hki_error_report_step(
		    errors, r, "project", "'%s' cannot be written", project->lock);
	*out = hki_take(project);
	return 0;
}

int hk_service_project_supervisor(
    hk_process_id *out, const char *path, const char *directory)
{
	hki_cleanup(hki_freep) hk_service_project *project = hki_zalloc(sizeof(*project));
	hki_cleanup(hki_closep) int fd = -1;
	int r;

	if (project == NULL)
		return -ENOMEM;
	r = hki_project_locate(project, path, directory, false, NULL);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	fd = open(project->lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
		return -ESRCH;
	return read_holder(out, project->lock) < 0 ? -EBUSY : 0;
}

const char *hki_project_environment(const hk_service_project *project)
{
	return project == NULL ? NULL : project->entry;
}

void hk_service_project_free(hk_service_project *project)
{
	hki_list *node;

	if (project == NULL)
		return;
	hki_journal_free(project->journal);
	while ((node = hki_list_pop(&project->alive)) != NULL)
		hki_free(hki_list_entry(node, hki_project_process, node));
	if (project->lock_fd >= 0) {
		(void) unlink(project->journal_path);
		(void) unlink(project->lock);
	}
	hki_closep(&project->lock_fd);
	hki_free(project);
}
