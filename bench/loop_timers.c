/*
 * What does a timer cost when a million of them are armed?
 *
 * Arming, setting anew, cancelling and expiring, each for 10^6 timers in random
 * order, through arrays of pointers as programs hold them.  Peers get their handles in one array, which is the best memory can do
 * for them; ours are allocated one by one, as the library gives them out.  All
 * use whole milliseconds, the resolution of libuv.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <hostkit/loop.h>
#include "harness.h"
#if BENCH_HAS_LIBUV
#include <uv.h>
#endif
#if BENCH_HAS_LIBEV
#include <ev.h>
#endif

enum { TIMERS = 1000000, LONGEST_MS = 1000000, EXPIRY_MS = 1000 };

enum step { ARM, SET_ANEW, CANCEL, EXPIRE, CREATE, STEPS };

static const char *const step_names[STEPS] = {
	[ARM] = "arm one of 10^6",
	[SET_ANEW] = "set anew one of 10^6",
	[CANCEL] = "cancel one of 10^6",
	[EXPIRE] = "expire one of 10^6",
	[CREATE] = "allocate, start, release one of 10^6",
};

/* The same for every side: delays by timer, and an order to touch them in. */
static uint32_t delays_ms[TIMERS];
static uint32_t order[TIMERS];
static size_t fired;

static uint32_t random_number(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15U;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t) (state >> 32);
}

static void draw_numbers(void)
{
	for (uint32_t i = 0; i < TIMERS; i++) {
		uint32_t other = random_number() % (i + 1);

		delays_ms[i] = 1 + random_number() % LONGEST_MS;
		order[i] = order[other];
		order[other] = i;
	}
}

static void sleep_until_due(void)
{
	struct timespec pause = { EXPIRY_MS / 1000, 5000000 };

	(void) nanosleep(&pause, NULL);
}

/* ---- hostkit ---- */

typedef struct our_timers {
	hk_loop *loop;
	hk_timer *timers[TIMERS];
	hk_timer *shuffled[TIMERS];
} our_timers;

static our_timers ours;

static void our_callback(hk_timer *timer, void *user)
{
	(void) timer;
	(void) user;
	fired++;
}

static void our_start(void)
{
	for (uint32_t i = 0; i < TIMERS; i++)
		if (hk_timer_after(
			&ours.timers[i], ours.loop, delays_ms[i], our_callback, NULL) < 0)
			abort();
}

static void our_free(void)
{
	for (uint32_t i = 0; i < TIMERS; i++)
		hk_timer_free(ours.timers[order[i]]);
}

static void our_arm(uint32_t modulus)
{
	for (uint32_t i = 0; i < TIMERS; i++)
		hk_timer_set(
		    ours.timers[i], (delays_ms[i] % modulus) * UINT64_C(1000000), 0);
}

static void our_set_anew(void)
{
	for (uint32_t i = 0; i < TIMERS; i++)
		hk_timer_set(ours.shuffled[i], delays_ms[i] * UINT64_C(2000000), 0);
}

static void our_cancel(void)
{
	for (uint32_t i = 0; i < TIMERS; i++)
		hk_timer_stop(ours.shuffled[i]);
}

static void our_expire(void)
{
	if (hk_loop_run_once(ours.loop, 0) < 0)
		abort();
}

static void our_open(void)
{
	if (hk_loop_new(&ours.loop) < 0)
		abort();
}

static void our_close(void)
{
	hk_loop_free(ours.loop);
}

/* ---- libuv ---- */

#if BENCH_HAS_LIBUV
static uv_loop_t uv_side;
static uv_timer_t *uv_timers;
static uv_timer_t **uv_shuffled;
static uv_timer_t **uv_single;

static void uv_callback(uv_timer_t *timer)
{
	(void) timer;
	fired++;
}

static void uv_open(void)
{
	uv_timers = calloc(TIMERS, sizeof(*uv_timers));
	uv_single = calloc(TIMERS, sizeof(uv_timer_t *));
	uv_shuffled = calloc(TIMERS, sizeof(uv_timer_t *));
	if (uv_timers == NULL || uv_single == NULL || uv_shuffled == NULL ||
	    uv_loop_init(&uv_side) != 0)
		abort();
}

static void uv_start(void)
{
	for (uint32_t i = 0; i < TIMERS; i++) {
		uv_single[i] = malloc(sizeof(uv_timer_t));
		uv_timer_init(&uv_side, uv_single[i]);
		uv_timer_start(uv_single[i], uv_callback, delays_ms[i], 0);
	}
}

static void uv_free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void uv_free(void)
{
	for (uint32_t i = 0; i < TIMERS; i++)
		uv_close((uv_handle_t *) uv_single[order[i]], uv_free_handle);
	uv_run(&uv_side, UV_RUN_NOWAIT);
}

static void uv_prepare_handles(void)
{
	for (uint32_t i = 0; i < TIMERS; i++)
		uv_timer_init(&uv_side, &uv_timers[i]);
	for (uint32_t i = 0; i < TIMERS; i++)
		uv_shuffled[i] = &uv_timers[order[i]];
}

static void uv_arm(uint32_t modulus)
{
	for (uint32_t i = 0; i < TIMERS; i++)
		uv_timer_start(&uv_timers[i], uv_callback, delays_ms[i] % modulus, 0);
}

static void uv_set_anew(void)
{
	for (uint32_t i = 0; i < TIMERS; i++)
		uv_timer_start(
		    uv_shuffled[i], uv_callback, delays_ms[i] * UINT64_C(2), 0);
}

static void uv_cancel_all(void)
{
	for (uint32_t i = 0; i < TIMERS; i++)
		uv_timer_stop(uv_shuffled[i]);
}

static void uv_expire(void)
{
	uv_run(&uv_side, UV_RUN_NOWAIT);
}

static void uv_forget(void)
{
	for (uint32_t i = 0; i < TIMERS; i++)
		uv_close((uv_handle_t *) &uv_timers[i], NULL);
	uv_run(&uv_side, UV_RUN_NOWAIT);
}

static void uv_end(void)
{
	uv_run(&uv_side, UV_RUN_NOWAIT);
	if (uv_loop_close(&uv_side) != 0)
		abort();
	free(uv_timers);
	free(uv_single);
	free(uv_shuffled);
}
#endif

/* ---- libev ---- */

#if BENCH_HAS_LIBEV
static struct ev_loop *ev_side;
static ev_timer *ev_timers;
static ev_timer **ev_shuffled;
static ev_timer **ev_single;

static void ev_callback(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void) loop;
	(void) timer;
	(void) events;
	fired++;
}

static void ev_open(void)
{
	ev_timers = calloc(TIMERS, sizeof(*ev_timers));
	ev_single = calloc(TIMERS, sizeof(ev_timer *));
	ev_shuffled = calloc(TIMERS, sizeof(ev_timer *));
	ev_side = ev_loop_new(EVBACKEND_EPOLL);
	if (ev_timers == NULL || ev_single == NULL || ev_shuffled == NULL ||
	    ev_side == NULL)
		abort();
}

static void ev_start_all(void)
{
	for (uint32_t i = 0; i < TIMERS; i++) {
		ev_single[i] = malloc(sizeof(ev_timer));
		ev_timer_init(ev_single[i], ev_callback, delays_ms[i] * 1e-3, 0);
		ev_timer_start(ev_side, ev_single[i]);
	}
}

static void ev_free_all(void)
{
	for (uint32_t i = 0; i < TIMERS; i++) {
		ev_timer_stop(ev_side, ev_single[order[i]]);
		free(ev_single[order[i]]);
	}
}

static void ev_prepare_handles(void)
{
	for (uint32_t i = 0; i < TIMERS; i++)
		ev_init(&ev_timers[i], ev_callback);
	for (uint32_t i = 0; i < TIMERS; i++)
		ev_shuffled[i] = &ev_timers[order[i]];
}

static void ev_arm(uint32_t modulus)
{
	for (uint32_t i = 0; i < TIMERS; i++) {
		ev_timer_set(&ev_timers[i], (delays_ms[i] % modulus) * 1e-3, 0);
		ev_timer_start(ev_side, &ev_timers[i]);
	}
}

static void ev_set_anew(void)
{
	for (uint32_t i = 0; i < TIMERS; i++) {
		ev_shuffled[i]->repeat = delays_ms[i] * 2e-3;
		ev_timer_again(ev_side, ev_shuffled[i]);
	}
}

static void ev_cancel_all(void)
{
	for (uint32_t i = 0; i < TIMERS; i++)
		ev_timer_stop(ev_side, ev_shuffled[i]);
}

static void ev_expire(void)
{
	ev_run(ev_side, EVRUN_NOWAIT);
}

static void ev_end(void)
{
	ev_loop_destroy(ev_side);
	free(ev_timers);
	free(ev_single);
	free(ev_shuffled);
}
#endif

/* ---- the steps, alike for every side ---- */

typedef struct side {
	void (*open)(void);
	void (*start)(void);   /* allocate and arm all of them */
	void (*release)(void); /* what start did */
	void (*prepare)(void); /* handles that are not armed; NULL: start, then cancel */
	void (*arm)(uint32_t modulus);
	void (*set_anew)(void);
	void (*cancel)(void);
	void (*expire)(void);
	void (*forget)(void); /* what prepare did */
	void (*close)(void);
} side;

static void our_prepare(void)
{
	our_start();
	for (uint32_t i = 0; i < TIMERS; i++)
		ours.shuffled[i] = ours.timers[order[i]];
	our_cancel();
}

static void nothing(void)
{
}

static const side our_side = { our_open, our_start, our_free, our_prepare, our_arm,
	our_set_anew, our_cancel, our_expire, our_free, our_close };
#if BENCH_HAS_LIBUV
static const side libuv_side = { uv_open, uv_start, uv_free, uv_prepare_handles, uv_arm,
	uv_set_anew, uv_cancel_all, uv_expire, uv_forget, uv_end };
#endif
#if BENCH_HAS_LIBEV
static const side libev_side = { ev_open, ev_start_all, ev_free_all, ev_prepare_handles,
	ev_arm, ev_set_anew, ev_cancel_all, ev_expire, nothing, ev_end };
#endif

static uint64_t time_step(const side *who, enum step step)
{
	uint64_t begin_ns = bench_thread_ns();

	switch (step) {
	case ARM:
		who->arm(LONGEST_MS + 1);
		break;
	case SET_ANEW:
		who->set_anew();
		break;
	case CANCEL:
		who->cancel();
		break;
	case EXPIRE:
		who->expire();
		break;
	default:
		who->start();
		who->release();
		break;
	}
	return bench_thread_ns() - begin_ns;
}

typedef struct task {
	const side *who;
	enum step step;
} task;

static double run(void *user)
{
	const task *what = user;
	const side *who = what->who;
	uint64_t spent_ns;

	who->open();
	if (what->step != CREATE)
		who->prepare();
	if (what->step == SET_ANEW || what->step == CANCEL)
		who->arm(LONGEST_MS + 1);
	fired = 0;
	if (what->step == EXPIRE) {
		who->arm(EXPIRY_MS);
		sleep_until_due();
	}
	spent_ns = time_step(who, what->step);
	if (what->step == EXPIRE && fired != TIMERS)
		spent_ns = 0;
	if (what->step == ARM || what->step == SET_ANEW)
		who->cancel();
	if (what->step != CREATE)
		who->forget();
	who->close();
	return spent_ns == 0 ? NAN : (double) spent_ns / TIMERS;
}

int main(int argc, char **argv)
{
	draw_numbers();
	for (int step = 0; step < STEPS; step++) {
		bench_question question = { .bench = "loop_timers",
			.name = step_names[step],
			.unit = "ns",
			.ratio = BENCH_SPEED,
			.kind = BENCH_AT_LEAST,
			.goal = 1 };
		task tasks[3] = { { &our_side, (enum step) step } };
		bench_side sides[3] = { { "hostkit", run, &tasks[0] },
			{ "libuv", NULL, NULL }, { "libev", NULL, NULL } };

		if (!bench_wanted(argc, argv, step_names[step]))
			continue;
#if BENCH_HAS_LIBUV
		tasks[1] = (task){ &libuv_side, (enum step) step };
		sides[1] = (bench_side){ "libuv", run, &tasks[1] };
#endif
#if BENCH_HAS_LIBEV
		tasks[2] = (task){ &libev_side, (enum step) step };
		sides[2] = (bench_side){ "libev", run, &tasks[2] };
#endif
		bench_ask(&question, sides, 3);
	}
	return bench_status();
}
