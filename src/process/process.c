/*
 * The handle: what is known about a process and what can be asked of it.  How it
 * starts, ends, is stopped and buried have files of their own.
 */
#include "process/process_internal.h"

#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"

/* ---- life ---- */

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

/* argv and, behind it in the same block, the name. */
static int copy_command(hk_process *process, const hk_process_opts *opts)
{
	size_t count = hki_strings_count(opts->argv);
	hki_cleanup(hki_freep) const char **strings =
	    hki_alloc_array(count + 1, sizeof(*strings));
	const char *file = opts->file != NULL ? opts->file : opts->argv[0];

	if (strings == NULL)
		return -ENOMEM;
	memcpy(strings, opts->argv, count * sizeof(*strings));
	strings[count] = opts->name != NULL ? opts->name : last_part(file);
	process->argv = hki_strings_copy(strings, count + 1);
	if (process->argv == NULL)
		return -ENOMEM;
	process->name = process->argv[count];
	process->argv[count] = NULL;
	return 0;
}

static int make_timer(hk_process *process, hk_loop *loop)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	int r;

	opts.fn = hki_process_on_timer;
	opts.user = process;
	opts.background = 1; /* the process itself holds the loop */
	r = hk_timer_start(&process->timer, loop, &opts);
	if (r == 0)
		hk_timer_stop(process->timer);
	return r;
}

int hki_process_new(hk_process **out, hki_registry *registry, const hk_process_opts *opts,
    hk_process_type type)
{
	hki_cleanup(hki_process_releasep) hk_process *process =
	    hki_zalloc(sizeof(*process));
	int r;

	if (process == NULL)
		return -ENOMEM;
	hki_list_init(&process->node);
	hki_list_init(&process->spawner_node);
	hki_plan_init(&process->plan);
	process->owner = registry->owner;
	process->type = type;
	process->state = HK_PROCESS_STARTING;
	process->ref.fd = -1;
	process->name = "";
	for (size_t i = 0; i < HKI_COUNT(process->ends); i++)
		process->ends[i] = -1;
	process->flags = opts->flags;
	process->on_exit = opts->on_exit;
	process->on_start = opts->on_start;
	process->user = opts->user_data;
	process->exit.step = "";
	if (opts->stop_step_count > 0) {
		process->steps = hki_memdup(
		    opts->stop_steps, opts->stop_step_count * sizeof(*process->steps));
		process->step_count = opts->stop_step_count;
		if (process->steps == NULL)
			return -ENOMEM;
	}
	if (opts->argv != NULL && (r = copy_command(process, opts)) < 0)
		return r;
	r = make_timer(process, registry->loop);
	if (r < 0)
		return r;
	process->registry = registry;
	*out = hki_take(process);
	return 0;
}

void hki_process_unlist(hk_process *process)
{
	const uint64_t pid = (uint64_t) process->id.pid;

	if (process->registry != NULL && pid > 0 &&
	    hki_map_get(&process->registry->by_pid, pid) == process)
		hki_map_remove(&process->registry->by_pid, pid);
}

void hki_process_release(hk_process *process)
{
	if (process == NULL)
		return;
	hki_process_unhold(process);
	hki_list_remove(&process->node);
	if (process->registry != NULL && process->id.pid > 0 &&
	    hki_map_get(&process->registry->by_pid, (uint64_t) process->id.pid) ==
		process)
		hki_map_remove(&process->registry->by_pid, (uint64_t) process->id.pid);
	hk_watch_free(process->watch);
	hk_timer_free(process->timer);
	hki_tree_free(process->tree);
	hki_pidref_close(&process->ref);
	hki_plan_deinit(&process->plan);
	hki_process_close_ends(process);
	hki_free(process->steps);
	hki_free(process->keeper_command);
	hki_free(process->argv);
	hki_free(process);
}

void hki_process_leave_loop(hk_process *process)
{
	hki_process_unhold(process);
	hki_list_remove(&process->node);
	hk_watch_free(hki_take(process->watch));
	hk_timer_free(hki_take(process->timer));
	process->registry = NULL;
}

int hki_process_check(const hk_process *process)
{
	return process->owner == getpid() ? 0 : -ECHILD;
}

bool hki_process_is_alive(const hk_process *process)
{
	return process->state == HK_PROCESS_RUNNING ||
	       (process->state == HK_PROCESS_STOPPING && process->ref.fd >= 0);
}

void hki_process_hold(hk_process *process)
{
	if (process->holds_loop || process->registry == NULL)
		return;
	hki_loop_hold(process->registry->loop);
	process->holds_loop = true;
}

void hki_process_unhold(hk_process *process)
{
	if (process->holds_loop && process->registry != NULL)
		hki_loop_release(process->registry->loop);
	process->holds_loop = false;
}

void hki_process_close_ends(hk_process *process)
{
	for (size_t i = 0; i < HKI_COUNT(process->ends); i++) {
		hki_closep(&process->ends[i]);
		process->ends[i] = -1;
	}
}

/* ---- questions ---- */

hk_process_id hk_process_identity(const hk_process *process)
{
	return process->id;
}

pid_t hk_process_pid(const hk_process *process)
{
	return (pid_t) process->id.pid;
}

hk_process_state hk_process_get_state(const hk_process *process)
{
	return process->state;
}

const hk_process_exit *hk_process_get_exit(const hk_process *process)
{
	bool over =
	    process->state == HK_PROCESS_EXITED || process->state == HK_PROCESS_FAILED;

	return over ? &process->exit : NULL;
}

hk_tree hk_process_get_tree(const hk_process *process)
{
	return process->level;
}

const char *hk_process_get_cgroup(const hk_process *process)
{
	return process->tree == NULL ? NULL : hki_tree_cgroup_path(process->tree);
}

int hk_process_stdio(const hk_process *process, unsigned int stream)
{
	if (stream >= HKI_COUNT(process->ends) || process->ends[stream] < 0)
		return -EBADF;
	return process->ends[stream];
}

int hk_process_take_stdio(hk_process *process, unsigned int stream)
{
	if (stream >= HKI_COUNT(process->ends) || process->ends[stream] < 0)
		return -EBADF;
	return hki_take_fd(&process->ends[stream]);
}

/* ---- signals ---- */

int hk_process_kill(hk_process *process, int signal)
{
	int r = hki_process_check(process);

	if (r < 0)
		return r;
	if (process->state == HK_PROCESS_STARTING)
		return -EAGAIN;
	if (!hki_process_is_alive(process))
		return -ESRCH;
	return hki_pidref_signal(&process->ref, signal);
}

int hk_process_kill_tree(hk_process *process, int signal)
{
	int r = hki_process_check(process);

	if (r < 0)
		return r;
	if (process->state == HK_PROCESS_STARTING)
		return -EAGAIN;
	if (!hki_process_is_alive(process))
		return -ESRCH;
	r = hki_tree_signal(process->tree, signal);
	return r > 0 ? 0 : r == 0 ? -ESRCH : r;
}

/* ---- adoption ---- */

/* When it started, on the clock of policies; a process cannot be older than that clock. */
static uint64_t started_ns(const hki_pidref *ref)
{
	uint64_t ticks_per_s = (uint64_t) sysconf(_SC_CLK_TCK);
	uint64_t age =
	    hki_clock_boot_ns() - ref->start_ticks * (HKI_NS_PER_S / ticks_per_s);
	uint64_t now = hki_clock_monotonic_ns();

	return age < now ? now - age : 0;
}

int hk_process_adopt(hk_process **out, hk_loop *loop, const hk_process_id *id,
    hk_process_exit_fn on_exit, void *user_data)
{
	hki_cleanup(hki_process_releasep) hk_process *process = NULL;
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	hki_tree_opts tree = { .level = HK_TREE_WALK, .loop = loop };
	hki_pidref ref = HKI_PIDREF_NULL;
	hki_registry *registry;
	int r;

	if (out == NULL || loop == NULL || id == NULL || id->pid <= 0)
		return -EINVAL;
	opts.on_exit = on_exit;
	opts.user_data = user_data;
	if ((r = hki_loop_check(loop)) < 0 ||
	    (r = hki_registry_of(&registry, loop)) < 0 ||
	    (r = hki_process_new(&process, registry, &opts, HK_PROCESS_ADOPTED)) < 0 ||
	    (r = hki_tree_new(&process->tree, &tree)) < 0 ||
	    (r = hki_pidref_open_exactly(
		 &ref, (pid_t) id->pid, id->start_ticks, id->inode)) < 0)
		return r;
	process->level = hki_tree_level(process->tree);
	process->ref = ref;
	process->started_ns = started_ns(&ref);
	process->started_real_ns =
	    hki_clock_real_ns() - (hki_clock_monotonic_ns() - process->started_ns);
	hki_tree_started(process->tree, &process->ref, false, false);
	process->tree_started = true;
	r = hki_process_register(process);
	if (r < 0)
		return r;
	*out = hki_take(process);
	return 0;
}
