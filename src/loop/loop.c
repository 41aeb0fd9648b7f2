#include "loop/core.h"

#include <unistd.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/assert.h"
#include "base/cleanup.h"

/*
 * The loop itself: birth, turns, end.
 *
 * A turn goes through the phases of the header in their order, and each phase
 * runs what was due when it began.  That is the whole fairness rule: nothing a
 * callback starts can be served twice before everything else had its turn,
 * except hk_loop_next(), which is meant to.
 */

static int open_loop(hk_loop *loop)
{
	int r = hki_fork_guard_init(loop);

	if (r < 0)
		return r;
	r = hki_epoll_open(loop);
	if (r < 0)
		return r;
	return hki_post_queue_init(&loop->posts);
}

static void init_members(hk_loop *loop)
{
	loop->epoll_fd = -1;
	loop->event_fd = -1;
	loop->signal_fd = -1;
	loop->timer_fd = -1;
	loop->timer_fd_due_ns = HKI_FOREVER;
	loop->exact_wait = true;
	loop->phase = HK_PHASE_WAIT;
	atomic_init(&loop->closed, false);
	hki_list_init(&loop->deferred);
	hki_list_init(&loop->signals);
	hki_list_init(&loop->members);
	for (int kind = 0; kind <= HK_HOOK_CHECK; kind++)
		hki_list_init(&loop->hooks[kind]);
	sigemptyset(&loop->signal_mask);
	sigemptyset(&loop->unblock);
}

static void freep(hk_loop **loop)
{
	hk_loop_free(*loop);
}

int hk_loop_new(hk_loop **out)
{
	hki_cleanup(freep) hk_loop *loop = hki_zalloc(sizeof(*loop));
	int r;

	if (loop == NULL)
		return -ENOMEM;
	init_members(loop);
	r = open_loop(loop);
	if (r < 0)
		return r;
	*out = hki_take(loop);
	return 0;
}

static void leave_members(hk_loop *loop)
{
	hki_list *node;

	while ((node = hki_list_pop(&loop->members)) != NULL) {
		hki_loop_member *member = hki_list_entry(node, hki_loop_member, node);

		member->on_loop_free(member);
	}
}

static void close_descriptors(hk_loop *loop)
{
	/* A forked child may have closed these numbers and opened its own. */
	if (hki_loop_forked(loop))
		return;
	hki_signals_close(loop);
	hki_closep(&loop->timer_fd);
	hki_closep(&loop->event_fd);
	hki_closep(&loop->epoll_fd);
}

void hk_loop_free(hk_loop *loop)
{
	if (loop == NULL)
		return;
	hki_assert(!loop->gone && (!loop->running || hki_loop_forked(loop)));
	hki_fork_guard_close(loop);
	hki_loop_ref(loop);
	leave_members(loop);
	while (!hki_list_empty(&loop->deferred))
		hki_deferred_run(loop);

	close_descriptors(loop);
	loop->gone = true;
	hki_post_queue_deinit(&loop->posts);
	hki_watches_close(loop);
	hki_timer_heap_deinit(&loop->timers);
	hki_task_queue_deinit(&loop->next);
	hki_task_queue_deinit(&loop->immediate);
	hki_task_queue_deinit(&loop->close);
	hki_fork_guard_deinit(loop);
	hki_loop_unref(loop);
}

void hki_loop_ref(hk_loop *loop)
{
	loop->handles++;
}

void hki_loop_unref(hk_loop *loop)
{
	if (--loop->handles > 0 || !loop->gone)
		return;
	hki_timer_pool_deinit(&loop->timer_pool);
	hki_free(loop);
}

static bool queues_pending(const hk_loop *loop)
{
	return loop->next.count > 0 || loop->immediate.count > 0 ||
	       loop->close.count > 0 || !hki_list_empty(&loop->deferred);
}

bool hk_loop_alive(const hk_loop *loop)
{
	if (hki_loop_inert(loop))
		return false;
	/* Looking for posts may step to the next segment: not a change anybody sees. */
	return loop->active > 0 || queues_pending(loop) ||
	       hki_post_queue_outstanding((hki_post_queue *) (uintptr_t) &loop->posts);
}

bool hki_loop_hurried(hk_loop *loop)
{
	return queues_pending(loop) || !hki_list_empty(&loop->hooks[HK_HOOK_IDLE]);
}

/* Returns whether anything was called that a single turn is for: more than the prepare hooks. */
static bool run_before_wait(hk_loop *loop)
{
	bool called = loop->next.count > 0;

	loop->now_known = false;
	loop->posted = false;
	hki_next_run(loop);
	if (hki_timers_run(loop))
		called = true;
	if (hki_post_queue_ready(&loop->posts)) {
		called = true;
		loop->posted = true;
		hki_phase(loop, HK_PHASE_POSTED);
		hki_posts_run(loop);
	}
	if (!hki_list_empty(&loop->hooks[HK_HOOK_IDLE])) {
		called = true;
		hki_phase(loop, HK_PHASE_IDLE);
		hki_hooks_run(loop, HK_HOOK_IDLE);
	}
	if (!hki_list_empty(&loop->hooks[HK_HOOK_PREPARE])) {
		hki_phase(loop, HK_PHASE_PREPARE);
		hki_hooks_run(loop, HK_HOOK_PREPARE);
	}
	return called;
}

static void run_after_poll(hk_loop *loop)
{
	if (!hki_list_empty(&loop->hooks[HK_HOOK_CHECK]) || loop->immediate.count > 0) {
		hki_phase(loop, HK_PHASE_CHECK);
		hki_hooks_run(loop, HK_HOOK_CHECK);
		hki_task_queue_run(loop, &loop->immediate);
	}
	if (loop->close.count > 0 || !hki_list_empty(&loop->deferred)) {
		hki_phase(loop, HK_PHASE_CLOSE);
		hki_task_queue_run(loop, &loop->close);
		hki_deferred_run(loop);
	}
}

/* @once: the caller wants to know of every event, so no wait after one. */
static int take_turn(hk_loop *loop, uint64_t limit_ns, bool once)
{
	bool called;
	int count;

	loop->in_turn = true;
	called = run_before_wait(loop);
	if (loop->stopping || !hk_loop_alive(loop) || (once && called))
		limit_ns = 0;
	count = hki_loop_wait(loop, limit_ns);
	if (count > 0)
		hki_watches_run(loop, count);
	run_after_poll(loop);
	loop->in_turn = false;
	return count < 0 ? count : 0;
}

static int enter(hk_loop *loop)
{
	int r = hki_loop_usable(loop);

	if (r < 0)
		return r;
	if (loop->running)
		return -EBUSY;
	loop->running = true;
	hki_loop_get_up(loop);
	return 0;
}

static void leave(hk_loop *loop)
{
	loop->running = false;
	hki_loop_leave_turn(loop);
}

int hk_loop_run(hk_loop *loop)
{
	int r = enter(loop);

	if (r < 0)
		return r;
	while (r == 0 && !loop->stopping && hk_loop_alive(loop))
		r = take_turn(loop, HKI_FOREVER, false);
	if (r == 0 && loop->stopping)
		r = loop->stop_status;
	loop->stopping = false;
	leave(loop);
	return r;
}

int hk_loop_run_once(hk_loop *loop, int timeout_ms)
{
	uint64_t limit_ns =
	    timeout_ms < 0 ? HKI_FOREVER : (uint64_t) timeout_ms * HKI_NS_PER_MS;
	int r = enter(loop);

	if (r < 0)
		return r;
	r = take_turn(loop, limit_ns, true);
	if (r == 0)
		r = !loop->stopping && hk_loop_alive(loop);
	loop->stopping = false;
	leave(loop);
	return r;
}

void hk_loop_stop(hk_loop *loop, int status)
{
	if (hki_loop_inert(loop))
		return;
	loop->stopping = true;
	loop->stop_status = status > 0 ? status : 0;
}

uint64_t hk_loop_now_ns(const hk_loop *loop)
{
	/* The first to ask in a turn takes the time; asking changes nothing else. */
	return hki_loop_now((hk_loop *) (uintptr_t) loop);
}

void hk_loop_update_time(hk_loop *loop)
{
	loop->now_known = false;
}

void hki_loop_join(hk_loop *loop, hki_loop_member *member)
{
	hki_list_append(&loop->members, &member->node);
}

void hki_loop_leave(hki_loop_member *member)
{
	hki_list_remove(&member->node);
}

void *hki_loop_get_slot(const hk_loop *loop, unsigned int slot)
{
	return loop->slots[slot];
}

void hki_loop_set_slot(hk_loop *loop, unsigned int slot, void *value)
{
	loop->slots[slot] = value;
}

void hki_loop_hold(hk_loop *loop)
{
	loop->active++;
}

void hki_loop_release(hk_loop *loop)
{
	hki_assert(loop->active > 0);
	loop->active--;
}
