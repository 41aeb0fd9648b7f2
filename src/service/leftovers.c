/*
 * Ending what a killed supervisor has left.
 *
 * Three things lead to it, and each alone may miss some: the journal names main
 * processes and cgroups, a cgroup holds what was started in it whatever it did,
 * and HOSTKIT_PROJECT in the environment finds what escaped from main processes
 * that were never written down.  Everything found is held by pidfd from the
 * moment its identity was compared, so nobody else can be hit.
 */
#include "service/leftovers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "os/cgroup/cgroup.h"
#include "os/pidref.h"
#include "os/procfs.h"
#include "service/project_internal.h"

/* What a journal of a thousand instances needs, many times over. */
#define JOURNAL_BYTES_MAX (16 * 1024 * 1024)
/* How long a process that was killed may take to be gone: the kernel is at work. */
#define KILL_PATIENCE_NS (5 * HKI_NS_PER_S)

/* Everything found, each held. */
struct catch
{
	const hk_service_project *project;
	hki_journal_entries journal;
	hki_pidref *refs;
	size_t count;
	pid_t spared[64]; /* ourselves and those above us */
	size_t spared_count;
	int error;
};

static void catch_release(struct catch *catch)
{
	for (size_t i = 0; i < catch->count; i++)
		hki_pidref_close(&catch->refs[i]);
	hki_free(catch->refs);
	catch->refs = NULL;
	catch->count = 0;
}

static void catch_deinit(struct catch *catch)
{
	catch_release(catch);
	hki_journal_entries_deinit(&catch->journal);
}

/* A project's own service may have started us: never end those we come from. */
static void spare_ancestors(struct catch *catch)
{
	const size_t most = sizeof(catch->spared) / sizeof(catch->spared[0]);
	hki_proc_stat stat = { .parent = getpid() };

	while (catch->spared_count < most && stat.parent > 0) {
		catch->spared[catch->spared_count++] = stat.parent;
		if (hki_proc_stat_read(&stat, stat.parent) < 0)
			return;
	}
}

static bool is_wanted(const struct catch *catch, pid_t pid)
{
	for (size_t i = 0; i < catch->spared_count; i++)
		if (catch->spared[i] == pid)
			return false;
	for (size_t i = 0; i < catch->count; i++)
		if (catch->refs[i].pid == pid)
			return false;
	return true;
}

/* Hold @pid; 0 matches any start and inode.  One that is gone is as good as ended. */
static int hold(struct catch *catch, pid_t pid, uint64_t start_ticks, uint64_t inode)
{
	hki_pidref *refs;
	int r;

	if (!is_wanted(catch, pid))
		return 0;
	refs = hki_realloc_array(catch->refs, catch->count + 1, sizeof(*refs));
	if (refs == NULL)
		return -ENOMEM;
	catch->refs = refs;
	r = hki_pidref_open_exactly(&refs[catch->count], pid, start_ticks, inode);
	if (r == -ESRCH)
		return 0;
	if (r < 0)
		return r;
	catch->count++;
	return 0;
}

static int hold_member(pid_t pid, void *user)
{
	return hold(user, pid, 0, 0);
}

static int hold_if_marked(const hki_proc_stat *stat, void *user)
{
	struct catch *catch = user;

	if (stat->state == 'Z' ||
	    hki_proc_has_environment(stat->pid, catch->project->entry) != 1)
		return 0;
	return hold(catch, stat->pid, stat->start_ticks, 0);
}

static int hold_group(struct catch *catch, const char *path)
{
	hki_cgroup *cgroup = NULL;
	int r = hki_cgroup_open(&cgroup, path);

	if (r < 0)
		return r == -ENOMEM ? r : 0; /* it is gone */
	r = hki_cgroup_each(cgroup, hold_member, catch);
	hki_cgroup_free(cgroup);
	return r == -ENOENT ? 0 : r;
}

static int look(struct catch *catch)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < catch->journal.count; i++) {
		const hki_journal_entry *entry = &catch->journal.items[i];

		r = hold(
		    catch, (pid_t) entry->id.pid, entry->id.start_ticks, entry->id.inode);
		if (r >= 0 && entry->cgroup != NULL)
			r = hold_group(catch, entry->cgroup);
	}
	return r < 0 ? r : hki_proc_each(hold_if_marked, catch);
}

static void signal_all(const struct catch *catch, int signal)
{
	for (size_t i = 0; i < catch->count; i++) {
		(void) hki_pidref_signal(&catch->refs[i], signal);
		/* One that was stopped would not see it. */
		(void) hki_pidref_signal(&catch->refs[i], SIGCONT);
	}
}

/* Wait until everything held has ended, at most until @until_ns. */
static void wait_for_all(const struct catch *catch, uint64_t until_ns)
{
	for (size_t i = 0; i < catch->count; i++) {
		struct pollfd one = { .fd = catch->refs[i].fd, .events = POLLIN };
		uint64_t now_ns = hki_clock_monotonic_ns();
		int left_ms = now_ns < until_ns
				  ? (int) ((until_ns - now_ns) / HKI_NS_PER_MS) + 1
				  : 0;

		while (poll(&one, 1, left_ms) < 0 && errno == EINTR)
			;
	}
}

static int read_journal(struct catch *catch)
{
	hki_cleanup(hki_freep) char *text = NULL;
	char boot_id[HKI_BOOT_ID_MAX];
	struct stat status;
	size_t length;
	int r = hki_boot_id_read(boot_id);

	if (r < 0)
		return r;
	if (stat(catch->project->journal_path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (status.st_size > JOURNAL_BYTES_MAX)
		return -EFBIG;
	text = hki_alloc((size_t) status.st_size + 1);
	if (text == NULL)
		return -ENOMEM;
	r = hki_read_file(AT_FDCWD, catch->project->journal_path, text,
	    (size_t) status.st_size + 1, &length);
	return r < 0 ? r : hki_journal_parse(&catch->journal, text, boot_id);
}

static void remove_groups(const struct catch *catch)
{
	for (size_t i = 0; i < catch->journal.count; i++)
		if (catch->journal.items[i].cgroup != NULL)
			(void) rmdir(catch->journal.items[i].cgroup);
}

/* Kill, and look again for what was being forked, until nothing is found. */
static int kill_all(struct catch *catch)
{
	uint64_t until_ns = hki_clock_monotonic_ns() + KILL_PATIENCE_NS;
	int r = 0;

	do {
		signal_all(catch, SIGKILL);
		wait_for_all(catch, until_ns);
		catch_release(catch);
		r = look(catch);
	} while (r >= 0 && catch->count > 0 && hki_clock_monotonic_ns() < until_ns);
	return r < 0 ? r : catch->count > 0 ? -EBUSY : 0;
}

int hk_service_project_end_leftovers(hk_service_project *project, uint64_t grace_ns)
{
	hki_cleanup(catch_deinit) struct catch catch = { .project = project };
	size_t found;
	int r;

	spare_ancestors(&catch);
	if ((r = read_journal(&catch)) < 0 || (r = look(&catch)) < 0)
		return r;
	found = catch.count;
	if (found > 0) {
		signal_all(&catch, SIGTERM);
		wait_for_all(&catch, hki_clock_monotonic_ns() + grace_ns);
		r = kill_all(&catch);
	}
	remove_groups(&catch);
	(void) unlink(project->journal_path);
	return r < 0 ? r : (int) found;
}
