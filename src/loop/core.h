#ifndef HKI_LOOP_CORE_H
#define HKI_LOOP_CORE_H

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include "base/clock.h"
#include "base/list.h"
#include "loop/loop_internal.h"
#include "loop/post.h"
#include "loop/queue.h"
#include "loop/timer_heap.h"
#include "loop/timer_pool.h"

/*
 * The inside of a loop, for the files of this folder and their tests alone.
 *
 * The memory of a loop lives until hk_loop_free() and until its last handle is
 * freed; in between the loop is closed and its handles are inert.  So a handle
 * needs no list to be found by, and may look at its loop at any time.
 */

/* Descriptors taken from the kernel at a time.  More of them wait for the next
 * turn, so that timers and posts get their share. */
#define HKI_LOOP_BATCH 256

#define HKI_FOREVER UINT64_MAX

struct hk_watch {
	hk_loop *loop;
	hk_watch_fn fn;
	void *user;
	int fd;
	uint32_t generation; /* tells events of this watch from those of an earlier one */
	unsigned int events; /* HK_…; 0: paused */
	bool background;
};

struct hk_signal {
	hki_list node;
	hk_loop *loop;
	hk_signal_fn fn;
	void *user;
	int number;
};

struct hk_hook {
	hki_list node;
	hk_loop *loop;
	hk_hook_fn fn;
	void *user;
	int kind;
};

/* What the data of an epoll event holds: the generation of a watch (never 0) above
 * its descriptor, or one of these. */
enum { HKI_LOOP_EVENT_WAKE, HKI_LOOP_EVENT_TIMER, HKI_LOOP_EVENT_SIGNAL };

typedef struct hki_loop_meter {
	uint64_t mark_ns;      /* the current phase is counted up to here */
	uint64_t turn_busy_ns; /* of the current turn, without the wait */
	hk_loop_metrics sums;
} hki_loop_meter;

struct hk_loop {
	/* the turn */
	uint64_t now_ns;
	uint64_t serving_ns; /* the timers phase serves up to here; 0 outside of it */
	bool now_known;      /* now_ns was taken in this turn, or since the wait */
	bool running;        /* inside hk_loop_run() or _run_once() */
	bool in_turn;
	bool stopping;
	bool posted; /* posts ran in this turn */
	bool measuring;
	unsigned char phase; /* HK_PHASE_… */
	atomic_bool closed;  /* hk_loop_free() has begun: nothing may be started */
	bool gone;           /* it is done: descriptors and arrays are released */
	bool embedded;       /* somebody asked for hk_loop_fd() */
	int stop_status;
	uint64_t awake_ns; /* so long the next wait does not sleep */
	size_t active;     /* what keeps hk_loop_run() going, queues aside */
	size_t handles;    /* what keeps this memory */

	/* what is waited for */
	hki_timer_heap timers; /* the armed ones */
	hki_timer_pool timer_pool;
	hki_task_queue next;
	hki_task_queue immediate;
	hki_task_queue close;
	hki_list deferred;
	hki_list hooks[HK_HOOK_CHECK + 1]; /* by kind */
	hki_list signals;
	sigset_t signal_mask; /* what signal_fd reads */
	sigset_t unblock;     /* what was not blocked before we did */
	hk_watch **watches;   /* by descriptor */
	size_t watch_capacity;
	uint32_t generation;
	bool watch_removed; /* since the current batch was taken */

	/* descriptors; -1: not there */
	int epoll_fd;
	int event_fd;  /* edge triggered, so it needs no reading */
	int signal_fd; /* made with the first signal */
	int timer_fd;  /* made by hk_loop_fd(), or where epoll_pwait2() is missing */
	uint64_t timer_fd_due_ns; /* what it is armed for; HKI_FOREVER: nothing */
	bool exact_wait;          /* epoll_pwait2() has not failed yet */

	atomic_uchar *guard; /* enum hki_loop_guard, on a page of its own; or NULL */
	pid_t owner;         /* tells where there is no guard */

	hki_list members;
	void *slots[HKI_LOOP_SLOTS];
	hki_loop_meter meter;
	hki_post_queue posts;
	struct epoll_event batch[HKI_LOOP_BATCH];
};

/* ---- fork_guard.c ---- */

enum hki_loop_guard {
	HKI_LOOP_FORKED, /* the kernel wiped the page: we are in a child */
	HKI_LOOP_OPEN,
	HKI_LOOP_CLOSED
};

int hki_fork_guard_init(hk_loop *loop); /* 0 or -ENOMEM */
void hki_fork_guard_deinit(hk_loop *loop);
bool hki_loop_forked(const hk_loop *loop);

/* From now on nothing can be started. */
void hki_fork_guard_close(hk_loop *loop);
int hki_loop_ask_usable(const hk_loop *loop);

/* May something be started?  0, HK_ECLOSED or -ECHILD.  Any thread. */
static inline int hki_loop_usable(const hk_loop *loop)
{
	if (loop->guard != NULL &&
	    atomic_load_explicit(loop->guard, memory_order_acquire) == HKI_LOOP_OPEN)
		return 0;
	return hki_loop_ask_usable(loop);
}

bool hki_loop_ask_inert(const hk_loop *loop);

/* Must a handle leave everything but its own memory alone? */
static inline bool hki_loop_inert(const hk_loop *loop)
{
	if (loop->guard != NULL &&
	    atomic_load_explicit(loop->guard, memory_order_relaxed) == HKI_LOOP_OPEN)
		return false;
	return hki_loop_ask_inert(loop);
}

/* ---- loop.c ---- */

/* Another handle of the loop is born, or has died.  The last death after
 * hk_loop_free() releases the loop's memory. */
void hki_loop_ref(hk_loop *loop);
void hki_loop_unref(hk_loop *loop);

static inline uint64_t hki_loop_now(hk_loop *loop)
{
	if (!loop->now_known) {
		loop->now_ns = hki_clock_monotonic_ns();
		loop->now_known = true;
	}
	return loop->now_ns;
}

/* ---- epoll_set.c ---- */

int hki_epoll_open(hk_loop *loop); /* the set and the eventfd.  0 or a negative errno */
int hki_epoll_add(int epoll_fd, int fd, uint32_t events, uint64_t data);
/* Replace the set by one without entries whose watch is gone. */
void hki_epoll_mend(hk_loop *loop);

/* ---- queue.c ---- */

void hki_next_drain(hk_loop *loop);
void hki_task_queue_run(hk_loop *loop, hki_task_queue *queue);
void hki_deferred_run(hk_loop *loop);

/* Between any two callbacks. */
static inline void hki_next_run(hk_loop *loop)
{
	if (loop->next.count > 0)
		hki_next_drain(loop);
}

/* ---- the phases ---- */

bool hki_timers_run(hk_loop *loop);           /* was any due? */
uint64_t hki_timers_first_due(hk_loop *loop); /* HKI_FOREVER: none is armed */
void hki_posts_run(hk_loop *loop);
void hki_hooks_run(hk_loop *loop, int kind);
void hki_watches_run(hk_loop *loop, int count); /* the first @count events of the batch */
void hki_signals_run(hk_loop *loop);

void hki_signals_close(hk_loop *loop);
void hki_watches_close(hk_loop *loop);
int hki_watches_add_all(const hk_loop *loop, int epoll_fd); /* 0 or a negative errno */

/* ---- wait.c ---- */

/* Must the coming wait not sleep at all? */
bool hki_loop_hurried(hk_loop *loop);
/* Wait at most @limit_ns.  The number of events in the batch, or a negative errno. */
int hki_loop_wait(hk_loop *loop, uint64_t limit_ns);
/* Nanoseconds until the first timer is due, by the clock; HKI_FOREVER without timers. */
uint64_t hki_loop_until_timer(hk_loop *loop);

/* ---- post.c ---- */

/* Write to the eventfd.  Any thread, signal handlers too. */
void hki_loop_notify(hk_loop *loop);
/* From now on hk_loop_wake() has to notify.  False if it was called meanwhile. */
bool hki_loop_fall_asleep(hk_loop *loop);
/* Nobody has to any more, posters neither. */
void hki_loop_get_up(hk_loop *loop);

/* ---- embed.c ---- */

int hki_timer_fd_open(hk_loop *loop);
/* Arm the timerfd for the first timer, if it is not so already. */
void hki_timer_fd_arm(hk_loop *loop, uint64_t due_ns);
void hki_timer_fd_expired(hk_loop *loop);
/* Nobody turns the loop for a while: see to it that its descriptor tells. */
void hki_loop_leave_turn(hk_loop *loop);
/* Timers or queues changed.  Tells the outer loop, if there is one and it has control. */
void hki_loop_changed_outside(hk_loop *loop);

static inline void hki_loop_changed(hk_loop *loop)
{
	if (loop->embedded && !loop->running)
		hki_loop_changed_outside(loop);
}

/* ---- metrics.c ---- */

void hki_meter_switch(hk_loop *loop);
void hki_meter_turn(hk_loop *loop, bool may_sleep);
void hki_meter_lag(hk_loop *loop, uint64_t due_ns);

/* The phase begins; it ends where the next one begins. */
static inline void hki_phase(hk_loop *loop, unsigned int phase)
{
	if (loop->measuring && loop->phase != phase)
		hki_meter_switch(loop);
	loop->phase = (unsigned char) phase;
}

#endif /* HKI_LOOP_CORE_H */
