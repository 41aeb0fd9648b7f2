/*
 * hk_process_spawn(): prepare everything, act, take hold of what was born.
 *
 * What can fail is done before the program runs, except two registrations that
 * need its id and its descriptor; should one of them fail, the program is killed
 * before anybody was told that it existed.
 */
#include "process/process_internal.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error_list.h"
#include "base/opts.h"
#include "process/keeper.h"
#include "process/keeper_protocol.h"
#include "process/reaper.h"

/* ---- the tree ---- */

static int refuse_tree(
    hk_process *process, const hk_process_opts *opts, int code, hk_error_list *errors)
{
	static const char *const names[] = {
		[HK_TREE_WALK] = "by walking /proc",
		[HK_TREE_NONE] = "of one process",
		[HK_TREE_GROUP] = "by process group",
		[HK_TREE_REAPER] = "by a reaper, which this loop has not,",
		[HK_TREE_KEEPER] = "by a keeper, whose program was not found,",
		[HK_TREE_CGROUP] = "by cgroup",
		[HK_TREE_AUTO] = "of any kind, without cgroups and /proc,",
	};
	bool limited = opts->memory_max_bytes != 0 || opts->pids_max != 0 ||
		       opts->cpu_max_millis != 0;

	if (limited)
		return hki_plan_fail(&process->plan, HKI_STEP_TREE, code, errors,
		    "limits of memory, processes or CPU need a cgroup that we may make "
		    "and its controllers");
	return hki_plan_fail(&process->plan, HKI_STEP_TREE, code, errors,
	    "a tree %s cannot be had here", names[opts->tree]);
}

/* Limits that were asked for and are not in force. */
static void report_limits(
    const hki_tree *tree, const hki_cgroup_limits *wanted, hk_error_list *errors)
{
	unsigned int set = hki_tree_limits(tree);

	if (wanted->memory_max_bytes != 0 && (set & HKI_CGROUP_MEMORY) == 0)
		(void) hki_error_report_step(
		    errors, -ENOTSUP, "limits", "memory is not limited");
	if (wanted->pids_max != 0 && (set & HKI_CGROUP_PIDS) == 0)
		(void) hki_error_report_step(
		    errors, -ENOTSUP, "limits", "the number of processes is not limited");
	if (wanted->cpu_max_millis != 0 && (set & HKI_CGROUP_CPU) == 0)
		(void) hki_error_report_step(
		    errors, -ENOTSUP, "limits", "CPU time is not limited");
}

static int make_tree(
    hk_process *process, const hk_process_opts *opts, hk_error_list *errors)
{
	hki_tree_opts tree = {
		.level = opts->tree,
		.loop = process->registry->loop,
		.cgroup = opts->cgroup,
		.limits = { .memory_max_bytes = opts->memory_max_bytes,
		    .pids_max = opts->pids_max,
		    .cpu_max_millis = opts->cpu_max_millis },
		.limits_best_effort = (opts->flags & HK_PROCESS_LIMITS_BEST_EFFORT) != 0,
	};
	int r;

	if (opts->tree < HK_TREE_WALK || opts->tree > HK_TREE_AUTO)
		return hki_plan_fail(&process->plan, HKI_STEP_OPTIONS, -EINVAL, errors,
		    "tree is %d, which is no level", (int) opts->tree);
	r = hki_tree_new(&process->tree, &tree);
	if (r < 0)
		return refuse_tree(process, opts, r, errors);
	process->level = hki_tree_level(process->tree);
	process->keeper = process->level == HK_TREE_KEEPER;
	report_limits(process->tree, &tree.limits, errors);
	return 0;
}

/* ---- the keeper ---- */

static bool has_terminal(const hk_process_opts *opts)
{
	return opts->stdio[0].kind == HK_STDIO_PTY ||
	       opts->stdio[1].kind == HK_STDIO_PTY || opts->stdio[2].kind == HK_STDIO_PTY;
}

/* Group and session become the keeper's work for the program, except that a
 * session with a terminal starts with the keeper. */
static unsigned int keeper_flags(hk_process_opts *opts)
{
	unsigned int flags = 0;

	if ((opts->flags & HK_PROCESS_NEW_GROUP) != 0)
		flags |= HKI_KEEPER_NEW_GROUP;
	if ((opts->flags & HK_PROCESS_NEW_SESSION) != 0 && !has_terminal(opts)) {
		flags |= HKI_KEEPER_NEW_SESSION;
		opts->flags &= ~(uint32_t) HK_PROCESS_NEW_SESSION;
	}
	opts->flags &= ~(uint32_t) HK_PROCESS_NEW_GROUP;
	return flags;
}

/* Change @opts so that the keeper is started in the program's place.  @fds is
 * the list of descriptors with the keeper's socket added.  Owned: hki_free(). */
static int start_keeper_instead(
    hk_process *process, hk_process_opts *opts, hk_process_fd **fds)
{
	int child_fd = STDERR_FILENO + 1;
	unsigned int flags = keeper_flags(opts);
	int r;

	*fds = hki_alloc_array(opts->fd_count + 1, sizeof(**fds));
	if (*fds == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < opts->fd_count; i++) {
		(*fds)[i] = opts->fds[i];
		if (opts->fds[i].child_fd >= child_fd)
			child_fd = opts->fds[i].child_fd + 1;
	}
	(*fds)[opts->fd_count].fd = hki_keeper_child_end(process->tree);
	(*fds)[opts->fd_count].child_fd = child_fd;
	opts->fds = *fds;
	opts->fd_count++;
	r = hki_keeper_command(&process->keeper_command, process->tree,
	    opts->file != NULL ? opts->file : opts->argv[0], opts->argv, child_fd, flags);
	opts->file = NULL;
	return r;
}

/* ---- before ---- */

static int prepare(
    hk_process *process, const hk_process_opts *given, hk_error_list *errors)
{
	hki_cleanup(hki_freep) hk_process_fd *fds = NULL;
	hk_process_opts opts = *given;
	char **argv = process->argv;
	hki_plan_tree tree = { .cgroup = -1 };
	int r = make_tree(process, &opts, errors);

	if (r < 0)
		return r;
	tree.cgroup = hki_tree_cgroup_fd(process->tree);
	tree.join = hki_tree_join_fds(process->tree);
	tree.environment = hki_tree_environment(process->tree);
	tree.group = hki_tree_needs_group(process->tree);
	process->leads_session = (opts.flags & HK_PROCESS_NEW_SESSION) != 0;
	process->leads_group = process->leads_session || tree.group ||
			       (opts.flags & HK_PROCESS_NEW_GROUP) != 0;
	if (process->keeper) {
		r = start_keeper_instead(process, &opts, &fds);
		if (r < 0)
			return hki_plan_fail(
			    &process->plan, HKI_STEP_TREE, r, errors, "the keeper");
		argv = process->keeper_command;
	}
	return hki_plan_prepare(&process->plan, &opts, argv, &tree, errors);
}

/* ---- the moment itself ---- */

/*
 * The start of a process, as /proc tells it, is the boot clock at its clone cut to a
 * tick of 10 ms.  When the clock shows the same tick before the clone and after it,
 * that is the one, and reading /proc (a tenth of the whole start) is not needed.
 */
static bool start_is_certain(uint64_t *out_ticks, uint64_t before_ns)
{
	const long ticks_per_s = sysconf(_SC_CLK_TCK);
	uint64_t tick_ns;

	if (ticks_per_s <= 0 || HKI_NS_PER_S % (uint64_t) ticks_per_s != 0)
		return false;
	tick_ns = HKI_NS_PER_S / (uint64_t) ticks_per_s;
	*out_ticks = before_ns / tick_ns;
	return hki_clock_boot_ns() / tick_ns == *out_ticks;
}

static int identify(hki_pidref *out, pid_t pid, int pidfd, uint64_t before_ns)
{
	uint64_t ticks;

	if (!start_is_certain(&ticks, before_ns))
		return hki_pidref_from_fd(out, pid, pidfd);
	*out = (hki_pidref){ .pid = pid,
		.fd = pidfd,
		.start_ticks = ticks,
		.inode = hki_pidfd_inode(pidfd) };
	return 0;
}

static int take_reference(hk_process *process, pid_t pid, int pidfd, uint64_t before_ns)
{
	hki_pidref keeper = HKI_PIDREF_NULL;
	int r =
	    identify(process->keeper ? &keeper : &process->ref, pid, pidfd, before_ns);

	if (r < 0) {
		/* Without identity it can still be ended and collected. */
		process->ref = (hki_pidref){ .pid = pid, .fd = pidfd };
		return r;
	}
	if (!process->keeper)
		return 0;
	r = hki_keeper_started(&process->ref, process->tree, &keeper);
	if (r < 0)
		process->plan.failed_step = HKI_STEP_EXEC;
	return r;
}

static uint64_t own_max_rss_bytes(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) < 0 ? 0 : (uint64_t) usage.ru_maxrss * 1024;
}

int hki_process_act(hk_process *process)
{
	uint64_t before_ns = hki_clock_boot_ns();
	int pidfd;
	pid_t pid;

	process->started_ns = hki_clock_monotonic_ns();
	process->started_real_ns = hki_clock_real_ns();
	pid = hki_plan_act(&process->plan, &pidfd);
	hki_plan_close_child_files(&process->plan);
	if (pid < 0)
		return pid;
	process->own_max_rss_bytes = own_max_rss_bytes();
	return take_reference(process, pid, pidfd, before_ns);
}

/* ---- after ---- */

int hki_process_register(hk_process *process)
{
	hki_registry *registry = process->registry;
	uint64_t pid = (uint64_t) process->ref.pid;
	int fd = process->keeper ? hki_keeper_fd(process->tree) : process->ref.fd;
	int r;

	if (!process->buried && hki_map_get(&registry->by_pid, pid) != NULL)
		return -EEXIST;
	r = hk_watch_start(&process->watch, registry->loop, fd, HK_READABLE,
	    hki_process_on_end, process);
	if (r < 0)
		return r;
	r = process->buried ? 0 : hki_map_put(&registry->by_pid, pid, process);
	if (r < 0) {
		hk_watch_free(hki_take(process->watch));
		return r;
	}
	process->id.pid = process->ref.pid;
	process->id.start_ticks = process->ref.start_ticks;
	process->id.inode = process->ref.inode;
	process->state = HK_PROCESS_RUNNING;
	hk_watch_set_background(process->watch, true);
	if (!process->buried)
		hki_process_hold(process);
	if (hki_list_empty(&process->node))
		hki_list_append(&registry->processes, &process->node);
	return 0;
}

/* On the loop's thread, with a reference. */
static int take_hold(hk_process *process)
{
	hki_tree_started(
	    process->tree, &process->ref, process->leads_group, process->leads_session);
	process->tree_started = true;
	return hki_process_register(process);
}

static int spawn_here(
    hk_process *process, const hk_process_opts *opts, hk_error_list *errors)
{
	int r = hki_process_act(process);

	if (r == 0) {
		r = take_hold(process);
		if (r < 0)
			process->plan.failed_step = HKI_STEP_START;
	}
	return r < 0 ? hki_plan_report(&process->plan, opts, r, errors) : 0;
}

void hki_process_spawned_elsewhere(hk_process *process)
{
	int r = process->spawn_result;
	hki_step step = process->plan.failed_step;

	if (r == 0) {
		step = HKI_STEP_START;
		r = take_hold(process);
	}
	if (r < 0)
		hki_process_kill_now(process);
	hki_plan_deinit(&process->plan);
	hki_reaper_release(process->registry->loop);
	if (r < 0) {
		hki_registry_note_failure(
		    process->registry, process, r, hki_step_name(step));
		hki_process_fail(process, r, hki_step_name(step));
	} else if (process->detached) {
		hki_tree_detach(process->tree);
	} else if (process->buried) {
		hki_process_kill_buried(process);
	} else {
		if (process->stop_wanted)
			hki_process_begin_stop(process);
		/* The last thing: the callback may free it. */
		if (process->on_start != NULL)
			process->on_start(process, process->user);
	}
}

/* ---- the public call ---- */

static int check(const hk_process_opts *opts, hk_loop *loop, hk_error_list *errors)
{
	if (opts->argv == NULL || opts->argv[0] == NULL)
		return hki_error_report_step(errors, -EINVAL,
		    hki_step_name(HKI_STEP_OPTIONS), "argv names no program");
	if (opts->spawner != NULL && hki_spawner_loop(opts->spawner) != loop)
		return hki_error_report_step(errors, -EINVAL,
		    hki_step_name(HKI_STEP_OPTIONS),
		    "the spawner belongs to another loop");
	return 0;
}

static int start(hk_process *process, const hk_process_opts *opts, hk_error_list *errors)
{
	int r = prepare(process, opts, errors);

	if (r < 0)
		return r;
	for (size_t i = 0; i < HKI_COUNT(process->ends); i++)
		process->ends[i] = hki_take_fd(&process->plan.ends[i]);
	if (opts->spawner == NULL)
		return spawn_here(process, opts, errors);
	hki_reaper_hold(process->registry->loop);
	hki_list_append(&process->registry->processes, &process->node);
	hki_process_hold(process);
	hki_spawner_submit(opts->spawner, process);
	return 0;
}

int hki_process_spawn(hk_process **out, hk_loop *loop, const hk_process_opts *given,
    hk_process_type type, hk_error_list *errors)
{
	hk_process *process;
	hki_registry *registry;
	hk_process_opts opts;
	int r;

	if (out == NULL || loop == NULL || given == NULL)
		return -EINVAL;
	r = hki_opts_copy(
	    &opts, sizeof(opts), given, given->size, offsetof(hk_process_opts, file));
	if (r < 0)
		return hki_error_report_step(errors, r, hki_step_name(HKI_STEP_OPTIONS),
		    "the size of the options does not fit this library");
	if ((r = hki_loop_check(loop)) < 0 || (r = check(&opts, loop, errors)) < 0)
		return r;
	if ((opts.flags & HK_PROCESS_MESSAGE_CHANNEL) != 0)
		type = HK_PROCESS_FORKED;
	if ((r = hki_registry_of(&registry, loop)) < 0 ||
	    (r = hki_process_new(&process, registry, &opts, type)) < 0)
		return hki_error_report_step(
		    errors, r, hki_step_name(HKI_STEP_START), "the handle");
	r = start(process, &opts, errors);
	if (r < 0) {
		hki_registry_note_failure(
		    registry, process, r, hki_step_name(process->plan.failed_step));
		hki_process_end_now(process);
		return r;
	}
	if (opts.spawner == NULL)
		hki_plan_deinit(&process->plan);
	*out = process;
	return 0;
}

int hk_process_spawn(
    hk_process **out, hk_loop *loop, const hk_process_opts *opts, hk_error_list *errors)
{
	return hki_process_spawn(out, loop, opts, HK_PROCESS_SPAWNED, errors);
}
