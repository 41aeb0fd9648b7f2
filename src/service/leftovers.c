#include "service/project.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/map.h"
#include "os/cgroup/cgroup.h"
#include "os/pidref.h"

/*
 * Ending what a supervisor that was killed has left behind.
 *
 * Three ways lead to it, because each alone can miss something: the processes
 * that were written down, everything in the cgroups that were written down, and
 * whatever carries the project's name in its environment, which also finds a
 * program started in the instant before the kill.  Each is held by a pidfd from
 * the moment it is found, so a number that has passed to somebody else is never
 * signalled.
 *
 * This runs before the loop does, and may wait.
 */

/* After SIGKILL, dying takes the kernel a moment; one in uninterruptible sleep
 * cannot be waited for. */
#define DYING_NS      (2 * HKI_NS_PER_S)
#define LOOK_AGAIN_NS (50 * HKI_NS_PER_MS)

struct hunt {
	hk_service_project *project;
	hki_pidref *found;
	size_t count;
	size_t capacity;
	hki_map spared; /* ourselves and those above us */
	hki_map known;
	int error;
};

static void hunt_deinit(struct hunt *hunt)
{
	for (size_t i = 0; i < hunt->count; i++)
		hki_pidref_close(&hunt->found[i]);
	hki_free(hunt->found);
	hki_map_deinit(&hunt->spared);
	hki_map_deinit(&hunt->known);
}

/* Who is above us is no leftover, even if we were started from within one. */
static int spare_ancestors(struct hunt *hunt)
{
	pid_t pid = getpid();

	while (pid > 0) {
		hki_proc_stat stat;
		int r = hki_map_put(&hunt->spared, (uint64_t) pid, hunt);

		if (r < 0)
			return r;
		if (hki_proc_stat_read(&stat, pid) < 0)
			break;
		pid = stat.parent;
	}
	return 0;
}

/* @ref is Taken. */
static int keep(struct hunt *hunt, hki_pidref ref)
{
	int r = 0;

	if (hki_map_get(&hunt->known, (uint64_t) ref.pid) != NULL ||
	    hki_map_get(&hunt->spared, (uint64_t) ref.pid) != NULL) {
		hki_pidref_close(&ref);
		return 0;
	}
	if (hunt->count == hunt->capacity) {
		size_t capacity = hunt->capacity > 0 ? 2 * hunt->capacity : 16;
		hki_pidref *grown =
		    hki_realloc_array(hunt->found, capacity, sizeof(*grown));

		if (grown == NULL)
			r = -ENOMEM;
		else
			hunt->found = grown, hunt->capacity = capacity;
	}
	if (r == 0)
		r = hki_map_put(&hunt->known, (uint64_t) ref.pid, hunt);
	if (r < 0) {
		hki_pidref_close(&ref);
		return r;
	}
	hunt->found[hunt->count++] = ref;
	return 0;
}

static int find_pid(pid_t pid, void *user)
{
	struct hunt *hunt = user;
	hki_pidref ref = HKI_PIDREF_NULL;
	int r = hki_pidref_open(&ref, pid);

	if (r == -ESRCH)
		return 0;
	if (r == 0)
		r = keep(hunt, ref);
	if (r < 0)
		hunt->error = r;
	return r < 0 ? r : 0;
}

static void find_cgroup(struct hunt *hunt, const char *path)
{
	hki_cgroup *cgroup = NULL;

	if (hki_cgroup_open(&cgroup, path) < 0)
		return;
	if (hki_cgroup_each(cgroup, find_pid, hunt) < 0 && hunt->error == 0)
		hunt->error = -EIO;
	hki_cgroup_free(cgroup);
}

static void find_row(const hki_state_row *row, void *user)
{
	struct hunt *hunt = user;
	hki_pidref ref = HKI_PIDREF_NULL;

	if (hki_pidref_open_exactly(
		&ref, (pid_t) row->id.pid, row->id.start_ticks, row->id.inode) == 0) {
		int r = keep(hunt, ref);

		if (r < 0)
			hunt->error = r;
	}
	if (row->cgroup != NULL)
		find_cgroup(hunt, row->cgroup);
}

static int find_marked(const hki_proc_stat *stat, void *user)
{
	struct hunt *hunt = user;

	if (stat->state == 'Z' || stat->state == 'X' ||
	    hki_proc_has_environment(stat->pid, hunt->project->environment) != 1)
		return 0;
	return find_pid(stat->pid, hunt);
}

/* Everything there is now.  Returns how many more than before, or a negative errno. */
static int look(struct hunt *hunt)
{
	hki_cleanup(hki_freep) char *text = hki_strdup(hunt->project->left);
	size_t before = hunt->count;
	int r;

	if (text == NULL)
		return -ENOMEM;
	hunt->error = 0;
	hki_state_each(text, hunt->project->boot_id, find_row, hunt);
	r = hki_proc_each(find_marked, hunt);
	if (r < 0)
		return r;
	return hunt->error < 0 ? hunt->error : (int) (hunt->count - before);
}

static void signal_all(const struct hunt *hunt, int number)
{
	for (size_t i = 0; i < hunt->count; i++) {
		(void) hki_pidref_signal(&hunt->found[i], number);
		if (number != SIGKILL)
			(void) hki_pidref_signal(&hunt->found[i], SIGCONT);
	}
}

/* Let go of those that have ended.  A pidfd is readable once its process has. */
static void forget_ended(struct hunt *hunt)
{
	size_t kept = 0;

	for (size_t i = 0; i < hunt->count; i++) {
		struct pollfd one = { hunt->found[i].fd, POLLIN, 0 };

		if (poll(&one, 1, 0) == 1) {
			(void) hki_map_remove(
			    &hunt->known, (uint64_t) hunt->found[i].pid);
			hki_pidref_close(&hunt->found[i]);
		} else {
			hunt->found[kept++] = hunt->found[i];
		}
	}
	hunt->count = kept;
}

/* Wait until all have ended, or @ns are over. */
static void wait_for_ends(struct hunt *hunt, uint64_t ns)
{
	uint64_t until = hki_clock_monotonic_ns() + ns;

	for (;;) {
		uint64_t now = hki_clock_monotonic_ns();
		struct pollfd first;

		forget_ended(hunt);
		if (hunt->count == 0 || now >= until)
			return;
		first = (struct pollfd){ hunt->found[0].fd, POLLIN, 0 };
		(void) poll(&first, 1, (int) ((until - now) / HKI_NS_PER_MS) + 1);
	}
}

static void remove_cgroup(const hki_state_row *row, void *user)
{
	(void) user;
	if (row->cgroup != NULL)
		(void) rmdir(row->cgroup); /* one that is not empty stays */
}

/* Kill in rounds: what was forked meanwhile is found by the next look. */
static int kill_rest(struct hunt *hunt)
{
	uint64_t until = hki_clock_monotonic_ns() + DYING_NS;
	int fresh = 0;

	while (hki_clock_monotonic_ns() < until) {
		fresh = look(hunt);
		if (fresh < 0 || hunt->count == 0)
			break;
		signal_all(hunt, SIGKILL);
		wait_for_ends(hunt, LOOK_AGAIN_NS);
	}
	return fresh < 0 ? fresh : 0;
}

static void end_state(hk_service_project *project)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;

	hki_state_each(project->left, project->boot_id, remove_cgroup, NULL);
	hki_free(hki_take(project->left));
	/* Nothing is left: say only that we are here. */
	if (hki_state_begin(&text, project) == 0)
		(void) hki_state_write(
		    project->directory_fd, project->key, text.data, text.length);
}

int hk_service_project_end_leftovers(hk_service_project *project, uint64_t grace_ns)
{
	hki_cleanup(hunt_deinit) struct hunt hunt = { .project = project };
	int found;
	int r;

	if (project->left == NULL)
		return 0;
	r = spare_ancestors(&hunt);
	if (r < 0)
		return r;
	found = look(&hunt);
	if (found < 0)
		return found;
	signal_all(&hunt, SIGTERM);
	wait_for_ends(&hunt, grace_ns);
	r = kill_rest(&hunt);
	if (r < 0)
		return r;
	if (hunt.count > 0)
		return -EBUSY;
	end_state(project);
	return found;
}
