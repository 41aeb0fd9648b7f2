/*
 * Preempting by cgroup.freeze.  The CPU time of the cgroup counts everybody, also the
 * children that ended; while something runs it is up to a tick behind, and the clock
 * of the main process is not.  So the larger of the two is charged: each alone would
 * be a lower bound.
 */
#include <errno.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "os/procfs.h"
#include "sched/preempt.h"

static int freeze(hki_preempt *preempt)
{
	return hki_cell_freeze(preempt->cell, true);
}

static int thaw(hki_preempt *preempt)
{
	return hki_cell_freeze(preempt->cell, false);
}

static int is_frozen(hki_preempt *preempt)
{
	return hki_cell_is_frozen(preempt->cell);
}

static int cpu(hki_preempt *preempt, uint64_t *out_ns)
{
	uint64_t main_ns;
	int r = hki_cell_cpu(preempt->cell, out_ns);

	/* Once it is collected, its number may be anybody's. */
	if (preempt->frozen || preempt->process == NULL ||
	    hk_process_get_exit(preempt->process) != NULL)
		return r;
	if (hki_process_cpu(hk_process_pid(preempt->process), &main_ns) < 0)
		return r;
	if (r < 0 || main_ns > *out_ns)
		*out_ns = main_ns;
	return 0;
}

/* Stops the walk with 1 at the first that wants a CPU. */
static int visit(pid_t pid, void *user)
{
	hki_proc_stat stat;

	(void) user;
	if (hki_proc_stat_read(&stat, pid) < 0)
		return 0;
	return stat.state == 'R' || stat.state == 'D';
}

static bool wants_cpu(hki_preempt *preempt)
{
	hki_cgroup *cgroup;
	int r;

	/* Who cannot be asked is taken for running. */
	if (hki_cgroup_open(&cgroup, preempt->cell->path) < 0)
		return true;
	r = hki_cgroup_each(cgroup, visit, NULL);
	hki_cgroup_free(cgroup);
	return r != 0;
}

static void release(hki_preempt *preempt)
{
	(void) preempt;
}

int hki_preempt_cgroup_new(hki_preempt **out, hki_cell *cell)
{
	static const hki_preempt_way way = {
		.name = "cgroup",
		.freeze = freeze,
		.thaw = thaw,
		.is_frozen = is_frozen,
		.cpu = cpu,
		.wants_cpu = wants_cpu,
		.free = release,
	};
	hki_preempt *preempt = hki_zalloc(sizeof(*preempt));

	if (preempt == NULL)
		return -ENOMEM;
	preempt->way = &way;
	preempt->cell = cell;
	*out = preempt;
	return 0;
}
