/*
 * The executor: what it consists of, and its beginning and end.
 *
 * Freeing is legal inside its own callbacks, so it has two parts: at once, programs are
 * ended and the means given back; the memory goes in the close phase, when nothing of
 * ours is on the stack.
 */
#include <errno.h>
#include <stddef.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error_list.h"
#include "base/opts.h"
#include "sched/executor_internal.h"

#define SLACK_LEAST_NS  ((int64_t) (HKI_NS_PER_MS / 2))
#define SLACK_PART      50 /* of the quantum */
#define QUANTUM_DEFAULT (HK_SCHED_QUANTUM_DEFAULT * (int64_t) HKI_NS_PER_MS)

int hki_executor_check(const hk_sched_executor *executor)
{
	if (executor->loop == NULL || executor->freed)
		return HK_ECLOSED;
	return hki_loop_check(executor->loop);
}

int64_t hki_executor_now(const hk_sched_executor *executor)
{
	return (int64_t) (hki_clock_monotonic_ns() - executor->epoch_ns);
}

void hki_executor_soon(hk_sched_executor *executor)
{
	hk_timer_set(executor->timer, 0, 0);
}

void hki_executor_hold(hk_sched_executor *executor)
{
	bool wanted = executor->loop != NULL && !executor->freed &&
		      (executor->unfinished > 0 || !hki_list_empty(&executor->telling));

	if (executor->loop == NULL || wanted == executor->holds)
		return;
	executor->holds = wanted;
	if (wanted)
		hki_loop_hold(executor->loop);
	else
		hki_loop_release(executor->loop);
}

/* ---- the end ---- */

static void free_tasks(hki_list *tasks)
{
	hki_list *node;

	while ((node = hki_list_pop(tasks)) != NULL)
		hki_task_free(hki_list_entry(node, hki_task, node));
}

static void destroy(hk_sched_executor *executor)
{
	free_tasks(&executor->tasks);
	free_tasks(&executor->trash);
	for (uint32_t i = 0; executor->slots != NULL && i < executor->slot_count; i++)
		hk_timer_free(executor->slots[i].timer);
	hk_timer_free(executor->timer);
	hk_timer_free(executor->steps);
	hk_timer_free(executor->policy_timer);
	if (executor->policy_state != NULL)
		executor->policy->destroy(executor->policy_state);
	hki_name_map_deinit(&executor->by_id);
	hki_guard_deinit(&executor->guard);
	hki_free(executor->slots);
	hki_free(executor->free_indexes);
	hki_free(executor->quanta);
	hki_free(executor->kept);
	hki_free(executor);
}

static void destroy_later(hki_loop_deferred *deferred)
{
	destroy(hki_list_entry(deferred, hk_sched_executor, deferred));
}

/* Nothing runs, nothing is frozen, nobody is called back any more. */
static void shut_down(hk_sched_executor *executor)
{
	for (hki_list *node = executor->tasks.next; node != &executor->tasks;
	     node = node->next)
		hki_program_drop(hki_list_entry(node, hki_task, node));
	hki_cells_deinit(&executor->cells);
	/* Last: until here it would have helped. */
	hki_guard_stop(&executor->guard);
	hki_outrank_end(&executor->outrank);
}

static void stop_timers(hk_sched_executor *executor)
{
	hk_timer_stop(executor->timer);
	hk_timer_stop(executor->steps);
	hk_timer_stop(executor->policy_timer);
	for (uint32_t i = 0; executor->slots != NULL && i < executor->slot_count; i++)
		hk_timer_stop(executor->slots[i].timer);
	for (hki_list *node = executor->tasks.next; node != &executor->tasks;
	     node = node->next) {
		const hki_task *task = hki_list_entry(node, hki_task, node);

		hk_timer_stop(task->wake);
		hk_timer_stop(task->limit);
	}
}

static void leave_loop(hk_sched_executor *executor)
{
	if (executor->loop == NULL)
		return;
	hki_loop_leave(&executor->member);
	if (executor->holds)
		hki_loop_release(executor->loop);
	executor->holds = false;
	executor->loop = NULL;
}

void hk_sched_executor_free(hk_sched_executor *executor)
{
	hk_loop *loop;

	if (executor == NULL || executor->freed)
		return;
	executor->freed = true;
	loop = executor->loop;
	/* In a forked child the programs, the cgroups and the guard are the parent's. */
	if (executor->owner != getpid()) {
		hki_cells_abandon(&executor->cells);
		destroy(executor);
		return;
	}
	stop_timers(executor);
	shut_down(executor);
	leave_loop(executor);
	executor->deferred.fn = destroy_later;
	hki_loop_defer(loop, &executor->deferred);
}

static void executor_freep(hk_sched_executor **executor)
{
	hk_sched_executor_free(*executor);
}

static void on_loop_free(hki_loop_member *member)
{
	leave_loop(hki_list_entry(member, hk_sched_executor, member));
}

/* ---- the beginning ---- */

static int make_timer(
    hk_timer **out, hk_sched_executor *executor, hk_timer_fn fn, void *user)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	int r;

	opts.fn = fn;
	opts.user = user;
	opts.background = 1; /* unfinished tasks hold the loop */
	r = hk_timer_start(out, executor->loop, &opts);
	if (r == 0)
		hk_timer_stop(*out);
	return r;
}

static int make_slots(hk_sched_executor *executor, uint32_t count)
{
	int r = 0;

	executor->slots = hki_zalloc_array(count, sizeof(*executor->slots));
	if (executor->slots == NULL)
		return -ENOMEM;
	executor->slot_count = count;
	for (uint32_t i = 0; i < count && r == 0; i++) {
		hki_slot *slot = &executor->slots[i];

		slot->executor = executor;
		r = make_timer(&slot->timer, executor, hki_dispatch_on_slot_timer, slot);
	}
	return r;
}

static int make_timers(hk_sched_executor *executor)
{
	int r = make_timer(&executor->timer, executor, hki_dispatch_on_timer, executor);

	if (r == 0)
		r = make_timer(&executor->steps, executor, hki_steps_on_timer, executor);
	if (r == 0)
		r = make_timer(&executor->policy_timer, executor,
		    hki_dispatch_on_policy_timer, executor);
	return r;
}

/* Kept for comparing with the simulator; the list of quanta is copied. */
static int copy_policy_opts(
    hk_sched_executor *executor, const hk_sched_policy_opts *given)
{
	static const hk_sched_policy_opts defaults = HK_SCHED_POLICY_OPTS_INIT;
	hk_sched_policy_opts *opts = &executor->policy_opts;
	int r;

	if (given == NULL)
		given = &defaults;
	r = hki_opts_copy(opts, sizeof(*opts), given, given->size,
	    offsetof(hk_sched_policy_opts, quantum));
	if (r < 0)
		return r;
	opts->size = sizeof(*opts);
	if (opts->quantum == 0)
		opts->quantum = QUANTUM_DEFAULT;
	if (opts->quanta == NULL || opts->quanta_count == 0)
		return 0;
	executor->quanta =
	    hki_memdup(opts->quanta, opts->quanta_count * sizeof(*opts->quanta));
	if (executor->quanta == NULL)
		return -ENOMEM;
	opts->quanta = executor->quanta;
	return 0;
}

static int make_policy(hk_sched_executor *executor, const hk_sched_executor_opts *opts,
    hk_error_list *errors)
{
	int r;

	executor->policy =
	    opts->policy != NULL ? opts->policy : hk_sched_policy_find("rr");
	if (executor->policy == NULL || executor->policy->size < sizeof(hk_sched_policy))
		return hki_error_report_step(
		    errors, -EINVAL, "policy", "the policy is not one of this version");
	r = copy_policy_opts(executor, opts->policy_opts);
	if (r == 0)
		r = executor->policy->create(
		    &executor->policy_state, &executor->policy_opts);
	if (r < 0)
		return hki_error_report_step(errors, r, "policy",
		    "the policy \"%s\" refuses its options", executor->policy->name);
	return 0;
}

static int choose_preemption(
    hk_sched_executor *executor, hk_sched_preemption wanted, hk_error_list *errors)
{
	int r;

	if (wanted == HK_SCHED_PREEMPT_SIGNAL)
		return 0;
	/* What executors that were killed, with their guard, left behind. */
	(void) hki_cgroup_sweep(HKI_CELLS_PREFIX);
	r = hki_cells_open(&executor->cells);
	if (r == 0)
		executor->by_cgroup = true;
	else if (wanted == HK_SCHED_PREEMPT_CGROUP)
		return hki_error_report_step(errors,
		    r == -ENOMEM || r == -EMFILE || r == -ENFILE ? r : -ENOTSUP,
		    "preemption", "no cgroup v2 can be made here (%s)", hk_error_text(r));
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE ? r : 0;
}

static int check_opts(const hk_sched_executor_opts *opts, hk_error_list *errors)
{
	if (opts->slots > HK_SCHED_CPUS_MAX)
		return hki_error_report_step(errors, -EINVAL, "options",
		    "%u slots are more than %d", opts->slots, HK_SCHED_CPUS_MAX);
	if (opts->slack_ns < 0 || opts->preemption > HK_SCHED_PREEMPT_SIGNAL ||
	    opts->orphans > HK_SCHED_ORPHANS_THAW || opts->reserved != 0 ||
	    (opts->flags & ~(uint32_t) (HK_SCHED_OUTRANK | HK_SCHED_NO_GUARD |
					HK_SCHED_KEEP_SLICES)) != 0)
		return hki_error_report_step(
		    errors, -EINVAL, "options", "an option has a value that is none");
	return 0;
}

static void take_opts(hk_sched_executor *executor, const hk_sched_executor_opts *opts)
{
	executor->low_first = opts->low_first != 0;
	executor->flags = opts->flags;
	executor->on_event = opts->on_event;
	executor->user = opts->user;
	executor->max_output_bytes = opts->max_output_bytes != 0
					 ? opts->max_output_bytes
					 : HK_SCHED_OUTPUT_DEFAULT;
	executor->slack_ns = executor->policy_opts.quantum / SLACK_PART;
	if (executor->slack_ns < SLACK_LEAST_NS)
		executor->slack_ns = SLACK_LEAST_NS;
	if (opts->slack_ns == HK_SCHED_NEVER)
		executor->slack_ns = -1;
	else if (opts->slack_ns > 0)
		executor->slack_ns = opts->slack_ns;
}

static void init_lists(hk_sched_executor *executor)
{
	hki_list_init(&executor->member.node);
	hki_list_init(&executor->deferred.node);
	hki_list_init(&executor->tasks);
	hki_list_init(&executor->telling);
	hki_list_init(&executor->ending);
	hki_list_init(&executor->trash);
	hki_list_init(&executor->parked);
	hki_cells_init(&executor->cells);
}

static int build(hk_sched_executor *executor, hk_loop *loop,
    const hk_sched_executor_opts *opts, hk_error_list *errors)
{
	int r;

	executor->member.on_loop_free = on_loop_free;
	hki_loop_join(loop, &executor->member);
	executor->loop = loop;
	r = hki_guard_init(&executor->guard, loop, opts->orphans, opts->guard);
	executor->guard.on_lost = hki_program_on_guard_lost;
	if (r < 0 || (r = make_policy(executor, opts, errors)) < 0 ||
	    (r = make_timers(executor)) < 0 ||
	    (r = make_slots(executor, opts->slots == 0 ? 1 : opts->slots)) < 0 ||
	    (r = choose_preemption(executor, opts->preemption, errors)) < 0)
		return r;
	take_opts(executor, opts);
	if ((opts->flags & HK_SCHED_OUTRANK) != 0)
		hki_outrank_begin(&executor->outrank);
	return 0;
}

int hk_sched_executor_new(hk_sched_executor **out, hk_loop *loop,
    const hk_sched_executor_opts *given, hk_error_list *errors)
{
	static const hk_sched_executor_opts defaults = HK_SCHED_EXECUTOR_OPTS_INIT;
	hki_cleanup(executor_freep) hk_sched_executor *executor = NULL;
	hk_sched_executor_opts opts;
	int r;

	if (out == NULL || loop == NULL)
		return -EINVAL;
	if (given == NULL)
		given = &defaults;
	r = hki_opts_copy(&opts, sizeof(opts), given, given->size,
	    offsetof(hk_sched_executor_opts, policy));
	if (r < 0 || (r = hki_loop_check(loop)) < 0 ||
	    (r = check_opts(&opts, errors)) < 0)
		return r;
	executor = hki_zalloc(sizeof(*executor));
	if (executor == NULL)
		return -ENOMEM;
	init_lists(executor);
	executor->guard.fd = -1;
	executor->owner = getpid();
	executor->first_arrival_ns = -1;
	/* The loop's time, as arrivals are counted by it. */
	executor->epoch_ns = hk_loop_now_ns(loop);
	r = build(executor, loop, &opts, errors);
	if (r < 0)
		return r;
	*out = hki_take(executor);
	return 0;
}

hk_sched_means hk_sched_executor_means(const hk_sched_executor *executor)
{
	static const char *const ranks[] = {
		[HKI_RANK_NONE] = "none",
		[HKI_RANK_NICE] = "nice",
		[HKI_RANK_FIFO] = "fifo",
	};
	bool guarded =
	    (executor->flags & HK_SCHED_NO_GUARD) == 0 && !executor->guard.missing;

	return (hk_sched_means){
		.preemption = executor->by_cgroup ? "cgroup" : "signal",
		.rank = ranks[executor->outrank.rank],
		.guard = !guarded                                           ? "none"
			 : executor->guard.orphans == HK_SCHED_ORPHANS_THAW ? "thaw"
									    : "kill",
	};
}

/* ---- adding ---- */

static int read_spec(hk_sched_task *out, const hk_sched_task *given)
{
	static const hk_sched_task defaults = HK_SCHED_TASK_INIT;

	if (given == NULL)
		given = &defaults;
	return hki_opts_copy(
	    out, sizeof(*out), given, given->size, offsetof(hk_sched_task, arrival));
}

static int enter(hki_task **out, hk_sched_executor *executor, const hk_sched_work *work,
    const hk_sched_task *spec, hk_error_list *errors)
{
	hki_cleanup(hki_task_freep) hki_task *task = NULL;
	int r = hki_task_new(&task, executor, work, spec, errors);

	if (r == 0)
		r = hki_tasks_enter(task, errors);
	if (r < 0)
		return r;
	*out = hki_take(task);
	return 0;
}

int hk_sched_executor_add(
    hk_sched_executor *executor, const hk_sched_work *given, hk_error_list *errors)
{
	hk_sched_work work;
	hk_sched_task spec;
	hki_task *task;
	int r;

	if (executor == NULL || given == NULL)
		return -EINVAL;
	r = hki_opts_copy(
	    &work, sizeof(work), given, given->size, offsetof(hk_sched_work, task));
	if (r < 0 || (r = read_spec(&spec, work.task)) < 0 ||
	    (r = hki_executor_check(executor)) < 0 ||
	    (r = enter(&task, executor, &work, &spec, errors)) < 0)
		return r;
	r = hki_tasks_link(task, &spec, errors);
	if (r < 0)
		hki_tasks_retract(task);
	return r;
}

/* First all of them, then what they wait for: the list may name one before it comes. */
static int add_all(hk_sched_executor *executor, hki_task **tasks, size_t *entered,
    const hk_sched_workload *workload, hk_error_list *errors)
{
	size_t count = hk_sched_workload_count(workload);
	int r = 0;

	for (; *entered < count && r == 0; *entered += r == 0) {
		hk_sched_work work = HK_SCHED_WORK_INIT;

		work.task = hk_sched_workload_task(workload, *entered);
		r = enter(&tasks[*entered], executor, &work, work.task, errors);
	}
	for (size_t i = 0; i < count && r == 0; i++)
		r = hki_tasks_link(tasks[i], hk_sched_workload_task(workload, i), errors);
	return r;
}

int hk_sched_executor_add_workload(
    hk_sched_executor *executor, const hk_sched_workload *workload, hk_error_list *errors)
{
	hki_cleanup(hki_freep) hki_task **tasks = NULL;
	size_t entered = 0;
	int r;

	if (executor == NULL || workload == NULL)
		return -EINVAL;
	if ((r = hki_executor_check(executor)) < 0 ||
	    (r = hk_sched_workload_check(workload, errors)) < 0)
		return r;
	tasks = hki_alloc_array(hk_sched_workload_count(workload), sizeof(*tasks));
	if (tasks == NULL)
		return -ENOMEM;
	r = add_all(executor, tasks, &entered, workload, errors);
	while (r < 0 && entered > 0)
		hki_tasks_retract(tasks[--entered]);
	return r;
}
