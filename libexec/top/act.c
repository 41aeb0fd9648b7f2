/*
 * Signals and priorities.  Between a sample and a key press a process may have ended
 * and its id been given to another one, so both go by identity: a signal through a
 * pidfd, a priority only while the identity is confirmed.
 */
#include "act.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <hostkit/error.h>
#include <hostkit/process.h>

typedef int (*act_fn)(const hk_system_process *process, int argument);

static hk_process_id identity_of(const hk_system_process *process)
{
	hk_process_id id = { .pid = process->pid, .start_ticks = process->start_ticks };

	if (hk_record_has(&process->record, HK_SYSTEM_PROCESS_INODE))
		id.inode = process->inode;
	return id;
}

/* ---- one process ---- */

static int send_signal(const hk_system_process *process, int number)
{
	hk_process_id id = identity_of(process);

	return hk_process_id_kill(&id, number);
}

/* Linux gives each thread a nice value of its own. */
static int renice_threads(int pid, int nice)
{
	char path[64];
	DIR *folder;
	struct dirent *entry;
	int r = 0;

	(void) snprintf(path, sizeof(path), "/proc/%d/task", pid);
	folder = opendir(path);
	if (folder == NULL)
		return -errno;
	while ((entry = readdir(folder)) != NULL) {
		int thread = atoi(entry->d_name);

		if (thread > 0 && setpriority(PRIO_PROCESS, (id_t) thread, nice) < 0 &&
		    errno != ESRCH && r == 0)
			r = -errno;
	}
	(void) closedir(folder);
	return r;
}

static int renice(const hk_system_process *process, int by)
{
	hk_process_id id = identity_of(process);
	int nice, r = hk_process_id_kill(&id, 0); /* is it still the same? */

	if (r < 0)
		return r;
	errno = 0;
	nice = getpriority(PRIO_PROCESS, (id_t) process->pid);
	if (nice == -1 && errno != 0)
		return -errno;
	nice += by;
	return renice_threads(process->pid, nice < -20 ? -20 : nice > 19 ? 19 : nice);
}

/* ---- those that are meant ---- */

static bool is_alone(const top_view *view)
{
	return view->tagged.count == 0;
}

static void act(
    top_view *view, act_fn fn, int argument, const char *did, const char *not_done)
{
	unsigned int done = 0;
	int failure = 0, failed_pid = 0;

	for (size_t i = 0; i < view->rows.count; i++) {
		const top_row *row = &view->rows.items[i];
		bool meant = is_alone(view) ? row->key == view->selected
					    : top_view_is_tagged(view, row->key);
		int r;

		if (!meant || row->exited)
			continue;
		r = fn(row->process, argument);
		if (r < 0 && failure == 0) {
			failure = r;
			failed_pid = row->process->pid;
		}
		done += r >= 0;
	}
	if (failure != 0)
		top_view_say(view, true, "%s to %d: %s", not_done, failed_pid,
		    hk_error_text(failure));
	else if (done == 0)
		top_view_say(view, true, "there is no process to do that to");
	else
		top_view_say(
		    view, false, "%s %u process%s", did, done, done == 1 ? "" : "es");
}

void top_act_signal(top_view *view, int number, const char *name)
{
	char did[64], not_done[64];

	(void) snprintf(did, sizeof(did), "sent %s to", name);
	(void) snprintf(not_done, sizeof(not_done), "cannot send %s", name);
	act(view, send_signal, number, did, not_done);
}

void top_act_renice(top_view *view, int by)
{
	if (view->read_only)
		top_view_say(view, true, "started with --read-only: no priorities");
	else if (top_model_moment(view->model)->past)
		top_view_say(view, true, "this is the past; press 0 to come back");
	else
		act(view, renice, by,
		    by > 0 ? "made nicer:" : "made less nice:", "cannot give a priority");
}
