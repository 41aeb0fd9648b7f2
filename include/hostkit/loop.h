#ifndef HOSTKIT_LOOP_H
#define HOSTKIT_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>

HK_BEGIN

/*
 * The event loop
 *
 * A loop waits for timers, descriptors, signals and work posted by other
 * threads, and calls back.  Each turn goes through the phases in this order:
 *
 *     timers -> posted -> idle -> prepare -> poll -> check -> close
 *
 * and functions given to hk_loop_next() run before anything else, between any
 * two callbacks.
 *
 * Threads: a loop belongs to the thread that runs it, and so does everything
 * created on it.  hk_loop_post() and hk_loop_wake() are the functions other
 * threads may call.
 *
 * The contract of everything asynchronous in hostkit:
 *  - A start that fails never calls back and leaves *@out alone.
 *  - A one-shot callback runs exactly once, on the loop's thread, never before
 *    the start has returned; a stream ends with its end callback exactly once.
 *  - Cancel makes the callback run with -ECANCELED; free makes it never run.
 *    Both are legal at any time on the loop's thread, inside the callback too.
 *  - What a callback is given is borrowed until it returns.
 *  - After hk_loop_free() handles are inert; freeing them stays legal.
 *  - In a forked child every call on the parent's loop or handles returns
 *    -ECHILD until exec; freeing releases memory alone.
 *
 * Time is CLOCK_MONOTONIC in nanoseconds; names say the unit.
 */
typedef struct hk_loop hk_loop;
typedef struct hk_timer hk_timer;
typedef struct hk_watch hk_watch;
typedef struct hk_signal hk_signal;
typedef struct hk_hook hk_hook;

typedef void (*hk_loop_fn)(void *user);
typedef void (*hk_timer_fn)(hk_timer *timer, void *user);
typedef void (*hk_watch_fn)(hk_watch *watch, unsigned int events, void *user);
typedef void (*hk_signal_fn)(hk_signal *signal, int number, void *user);
typedef void (*hk_hook_fn)(hk_hook *hook, void *user);

/* ---- the loop ---- */

/*
 * Create a loop.  Owned: release it with hk_loop_free().
 * Returns 0, -ENOMEM, or -EMFILE/-ENFILE when no descriptor can be had.
 */
HK_API HK_MUST_USE int hk_loop_new(hk_loop **out);

/*
 * Release the loop.  Pending callbacks never run; handles become inert.  NULL
 * is fine.  Not from inside a callback of the same loop.
 */
HK_API void hk_loop_free(hk_loop *loop);

/*
 * Turn until nothing is left to wait for, or hk_loop_stop().  Returns zero, the
 * status given to hk_loop_stop(), -EBUSY when called from a callback, -ECHILD
 * in a forked child, or the errno of a failing wait.
 */
HK_API HK_MUST_USE int hk_loop_run(hk_loop *loop);

/*
 * One turn.  @timeout_ms bounds the wait: 0 does not wait, -1 waits as long as
 * it takes.  A turn that has called a timer, a post or an idle hook before its
 * wait does not wait.  Returns 1 if something is still waited for, 0 if not, or an error
 * as hk_loop_run().
 */
HK_API HK_MUST_USE int hk_loop_run_once(hk_loop *loop, int timeout_ms);

/* Leave hk_loop_run() with @status (>= 0) once the current turn is over; hk_loop_run_once()
 * returns 0 then.  Called in between, it makes the next run return before its first turn. */
HK_API void hk_loop_stop(hk_loop *loop, int status);

/* Is anything waited for that keeps hk_loop_run() going? */
HK_API bool hk_loop_alive(const hk_loop *loop);

/* The time of this turn: taken when it is first needed in a turn or after its wait, and
 * then the same until the next. */
HK_API uint64_t hk_loop_now_ns(const hk_loop *loop);

/* Take the time again, after long work in a callback. */
HK_API void hk_loop_update_time(hk_loop *loop);

/* ---- inside another loop ---- */

/*
 * A descriptor that is readable while hk_loop_run_once(loop, 0) has something
 * to do: timers, posts, queued work and idle hooks included.  Borrowed: valid
 * until hk_loop_free().  The first call makes every later turn a little dearer.
 * Returns the descriptor, -EMFILE/-ENFILE, -ENOMEM, HK_ECLOSED or -ECHILD.
 */
HK_API HK_MUST_USE int hk_loop_fd(hk_loop *loop);

/* Milliseconds until hk_loop_run_once() is due: 0 at once, -1 nothing known; rounded up.
 * For outer loops that ask before each wait instead of trusting timers to the descriptor. */
HK_API int hk_loop_timeout(hk_loop *loop);

/* ---- work for this or the next turn ---- */

/*
 * Run @fn(@user) on the loop's thread, in the posted phase.  Any thread; calls
 * of one thread keep their order.  Keeps the loop alive until it ran.  What is
 * posted while the phase runs waits for the next turn.  Allocates only while the
 * queue grows.  See to it that no thread posts once hk_loop_free() has returned.
 * Returns 0, -EINVAL, -ENOMEM, HK_ECLOSED after hk_loop_free() has begun, or -ECHILD.
 */
HK_API HK_MUST_USE int hk_loop_post(hk_loop *loop, hk_loop_fn fn, void *user);

/* Make a waiting loop take a turn.  Any thread, also from a signal handler. */
HK_API void hk_loop_wake(hk_loop *loop);

/*
 * Run @fn(@user) right after the current callback, before anything else.  What
 * these functions queue themselves runs before anything else too: one that
 * always queues another keeps the loop from all other work.
 * Returns 0, -EINVAL, -ENOMEM, HK_ECLOSED or -ECHILD, as the next two do.
 */
HK_API HK_MUST_USE int hk_loop_next(hk_loop *loop, hk_loop_fn fn, void *user);

/* Run @fn(@user) in the check phase, after the coming poll. */
HK_API HK_MUST_USE int hk_loop_immediate(hk_loop *loop, hk_loop_fn fn, void *user);

/* Run @fn(@user) in the close phase of this turn, after everything else. */
HK_API HK_MUST_USE int hk_loop_close(hk_loop *loop, hk_loop_fn fn, void *user);

/* ---- timers ---- */

typedef struct hk_timer_opts {
	size_t size;       /* set by HK_TIMER_OPTS_INIT */
	uint64_t after_ns; /* first call; 0: in the next timers phase */
	uint64_t
	    interval_ns; /* then every so often; 0: once.  Missed ticks are not made up */
	hk_timer_fn fn;  /* required */
	void *user;
	uint32_t background; /* 1: does not keep hk_loop_run() going */
	uint32_t reserved;   /* zero */
} hk_timer_opts;

/* clang-format off */
#define HK_TIMER_OPTS_INIT { .size = sizeof(hk_timer_opts) }
/* clang-format on */

/*
 * Start a timer.  Owned: release it with hk_timer_free().
 * Timers due at the same instant run in the order in which they were set.
 * Times count from hk_loop_now_ns().  One that is set while timers are being
 * called waits for the next turn.
 * Returns 0, -EINVAL, -E2BIG for fields this library does not know, -ENOMEM,
 * HK_ECLOSED or -ECHILD.
 */
HK_API HK_MUST_USE int hk_timer_start(
    hk_timer **out, hk_loop *loop, const hk_timer_opts *opts);

/* The common case: call @fn once, @ms milliseconds from now. */
HK_API HK_MUST_USE int hk_timer_after(
    hk_timer **out, hk_loop *loop, uint64_t ms, hk_timer_fn fn, void *user);

/* Set a timer anew, whether it is armed, has fired or is stopped.  Cannot fail. */
HK_API void hk_timer_set(hk_timer *timer, uint64_t after_ns, uint64_t interval_ns);

/* Disarm; the handle stays and may be set again.  NULL is fine. */
HK_API void hk_timer_stop(hk_timer *timer);

/* Nanoseconds until it is due, 0 if overdue, or UINT64_MAX if it is not armed. */
HK_API uint64_t hk_timer_due_ns(const hk_timer *timer);

/* Release the timer; it never fires again.  NULL is fine. */
HK_API void hk_timer_free(hk_timer *timer);

/* ---- descriptors ---- */

/* What to wait for, and what happened.  HANGUP and ERROR are always reported. */
enum {
	HK_READABLE = 1,
	HK_WRITABLE = 2,
	HK_PRIORITY = 4, /* exceptional condition, as POLLPRI: cgroup.events, mountinfo */
	HK_HANGUP = 8,   /* the other end is gone; there may still be data to read */
	HK_ERROR = 16
};

/*
 * Watch @fd (Borrowed: it must stay open until the watch is freed) and call @fn
 * whenever it is ready for @events, level triggered.  Keeps the loop alive.
 * Owned: release it with hk_watch_free(), before closing the descriptor.
 *
 * Returns 0, -EINVAL, -EBADF, -EEXIST if the loop watches @fd already, -EPERM
 * for regular files and directories (which are always ready), -ENOMEM, -ENOSPC,
 * HK_ECLOSED or -ECHILD.
 */
HK_API HK_MUST_USE int hk_watch_start(hk_watch **out, hk_loop *loop, int fd,
    unsigned int events, hk_watch_fn fn, void *user);

/* Wait for @events from now on; 0 pauses, and a paused watch keeps nobody waiting.
 * Returns 0, -EINVAL, HK_ECLOSED, -ECHILD, or the errno of epoll_ctl(). */
HK_API HK_MUST_USE int hk_watch_set(hk_watch *watch, unsigned int events);

/* Whether the watch keeps hk_loop_run() going; it does at first. */
HK_API void hk_watch_set_background(hk_watch *watch, bool background);

HK_API int hk_watch_fd(const hk_watch *watch);

/* Stop watching and release.  The descriptor stays open.  NULL is fine. */
HK_API void hk_watch_free(hk_watch *watch);

/* ---- signals ---- */

/*
 * Call @fn on the loop's thread when the process receives signal @number.  The
 * library installs no handler: the signal is blocked in the calling thread and
 * read from a signalfd, so call this before other threads start (they inherit
 * the mask).  The last watcher of a number to be freed unblocks it again, if
 * it was not blocked before.  Does not keep the loop alive.  A signal goes to
 * one descriptor only, so watch a number on one loop of the process.
 * Owned: release it with hk_signal_free().
 *
 * Returns 0, -EINVAL (also for SIGKILL, SIGSTOP and the fault signals),
 * -ENOMEM, -EMFILE/-ENFILE, HK_ECLOSED or -ECHILD.
 */
HK_API HK_MUST_USE int hk_signal_start(
    hk_signal **out, hk_loop *loop, int number, hk_signal_fn fn, void *user);

/* Stop and release.  NULL is fine. */
HK_API void hk_signal_free(hk_signal *signal);

/* ---- every turn ---- */

enum {
	HK_HOOK_IDLE = 1, /* each turn, and the wait does not sleep while one exists */
	HK_HOOK_PREPARE,  /* just before the wait */
	HK_HOOK_CHECK     /* just after it */
};

/*
 * Call @fn in every turn at the place @kind names.  Does not keep the loop
 * alive, except HK_HOOK_IDLE.  Owned: release it with hk_hook_free().
 * Returns 0, -EINVAL, -ENOMEM, HK_ECLOSED or -ECHILD.
 */
HK_API HK_MUST_USE int hk_hook_start(
    hk_hook **out, hk_loop *loop, int kind, hk_hook_fn fn, void *user);

/* Stop and release.  NULL is fine. */
HK_API void hk_hook_free(hk_hook *hook);

/* ---- what the loop spends its time on ---- */

enum {
	HK_PHASE_TIMERS,
	HK_PHASE_POSTED,
	HK_PHASE_IDLE,
	HK_PHASE_PREPARE,
	HK_PHASE_WAIT, /* asleep: not busy */
	HK_PHASE_POLL, /* callbacks of descriptors and signals */
	HK_PHASE_CHECK,
	HK_PHASE_CLOSE,
	HK_PHASE_COUNT
};

typedef struct hk_loop_metrics {
	size_t size;               /* set by the caller: sizeof(hk_loop_metrics) */
	uint64_t turns;            /* since measuring began */
	uint64_t events;           /* callbacks of descriptors and signals */
	uint64_t wakeups;          /* waits that returned and were free to sleep */
	uint64_t busy_max_ns;      /* longest turn without the wait */
	uint64_t timer_lag_max_ns; /* a timer ran this late at worst */
	uint64_t phase_ns[HK_PHASE_COUNT]; /* sums; together the wall time */
} hk_loop_metrics;

/* Switch measuring on or off; off at first and free of cost then.  Starts from zero. */
HK_API void hk_loop_measure(hk_loop *loop, bool on);

/* Read what was measured so far.  Returns 0, -EINVAL, or -ENODATA while measuring is
 * off. */
HK_API HK_MUST_USE int hk_loop_metrics_read(const hk_loop *loop, hk_loop_metrics *out);

/* The name of a phase, such as "timers", or NULL. */
HK_API const char *hk_loop_phase_name(unsigned int phase);

HK_END

#endif /* HOSTKIT_LOOP_H */
