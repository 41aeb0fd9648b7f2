#include "service/service_internal.h"

#include "os/cgroup/cgroup.h"
#include "os/procfs.h"

/*
 * Whose process is it?  Anybody on the machine can send to an abstract socket, so
 * a message counts only when the kernel says that it was sent from the service's
 * own tree: from below its main process, or from within its cgroup, where those
 * are found that have left their parents.
 */

/* Started one by another in a chain; nobody goes deeper. */
#define ANCESTORS_MAX 64

static bool is_below(pid_t pid, pid_t main)
{
	for (unsigned int i = 0; i < ANCESTORS_MAX && pid > 1; i++) {
		hki_proc_stat stat;

		if (pid == main)
			return true;
		if (hki_proc_stat_read(&stat, pid) < 0)
			return false;
		pid = stat.parent;
	}
	return false;
}

static int is_it(pid_t pid, void *user)
{
	return pid == *(const pid_t *) user;
}

static bool is_in_cgroup(pid_t pid, const char *path)
{
	hki_cgroup *cgroup = NULL;
	bool found;

	if (path == NULL || hki_cgroup_open(&cgroup, path) < 0)
		return false;
	found = hki_cgroup_each(cgroup, is_it, &pid) == 1;
	hki_cgroup_free(cgroup);
	return found;
}

bool hki_instance_owns(pid_t pid, void *user)
{
	const hki_instance *instance = user;
	const hk_process *process = instance->process;
	pid_t main = process != NULL ? hk_process_pid(process) : 0;

	if (pid <= 0 || main <= 0)
		return false;
	return is_below(pid, main) || is_in_cgroup(pid, hk_process_get_cgroup(process));
}
