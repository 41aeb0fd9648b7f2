/*
 * Chapter: the event loop.
 *
 * The order of phases is not printed but recorded, by callbacks of every kind
 * that were all armed at the same moment, and compared with the order that the
 * header promises.  Lag is measured over whole turns: a single immediate, the
 * usual probe, looks past the block that it should have seen.
 */
#include "tour.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/loop.h>
#include "base/clock.h"

/* ---- phases ---- */

#define ORDER_MAX 32

struct order {
	hk_loop *loop;
	const char *names[ORDER_MAX];
	unsigned int count;
	hk_timer *timer;
	hk_watch *watch;
	hk_hook *hooks[3];
	int pipe[2];
};

static void record(struct order *order, const char *name)
{
	if (order->count < ORDER_MAX)
		order->names[order->count++] = name;
}

static void on_next(void *user)
{
	record(user, "next");
}

static void on_timer(hk_timer *timer, void *user)
{
	struct order *order = user;

	(void) timer;
	record(order, "timers");
	/* Asked for inside a callback, it still runs before the next callback. */
	if (hk_loop_next(order->loop, on_next, order) < 0)
		record(order, "no memory");
}

static void on_posted(void *user)
{
	record(user, "posted");
}

static void on_immediate(void *user)
{
	record(user, "check");
}

static void on_close(void *user)
{
	record(user, "close");
}

static void on_readable(hk_watch *watch, unsigned int events, void *user)
{
	struct order *order = user;

	(void) events;
	record(order, "poll");
	hk_watch_free(watch);
	order->watch = NULL;
	if (hk_loop_close(order->loop, on_close, order) < 0)
		record(order, "no memory");
}

static void on_idle(hk_hook *hook, void *user)
{
	struct order *order = user;

	record(order, "idle");
	hk_hook_free(hook);
	order->hooks[0] = NULL;
}

static void on_prepare(hk_hook *hook, void *user)
{
	struct order *order = user;

	record(order, "prepare");
	hk_hook_free(hook);
	order->hooks[1] = NULL;
}

static int order_arm(struct order *order)
{
	int r;

	/* Armed back to front, so that the order of arming cannot explain the result. */
	if ((r = hk_loop_immediate(order->loop, on_immediate, order)) < 0 ||
	    (r = hk_watch_start(&order->watch, order->loop, order->pipe[0], HK_READABLE,
		 on_readable, order)) < 0 ||
	    (r = hk_hook_start(&order->hooks[1], order->loop, HK_HOOK_PREPARE, on_prepare,
		 order)) < 0 ||
	    (r = hk_hook_start(
		 &order->hooks[0], order->loop, HK_HOOK_IDLE, on_idle, order)) < 0 ||
	    (r = hk_loop_post(order->loop, on_posted, order)) < 0 ||
	    (r = hk_timer_after(&order->timer, order->loop, 0, on_timer, order)) < 0 ||
	    (r = hk_loop_next(order->loop, on_next, order)) < 0)
		return r;
	return write(order->pipe[1], "x", 1) == 1 ? 0 : -errno;
}

static void order_join(const struct order *order, char *out, size_t capacity)
{
	size_t used = 0;

	out[0] = '\0';
	for (unsigned int i = 0; i < order->count && used < capacity; i++)
		used += (size_t) snprintf(out + used, capacity - used, "%s%s",
		    i == 0 ? "" : " ", order->names[i]);
}

static void show_phases(struct tour *tour, hk_loop *loop)
{
	static const char wanted[] =
	    "next timers next posted idle prepare poll check close";
	struct order order = { .loop = loop };
	char seen[256];
	int r;

	tour_step(tour, "One callback of every kind, all armed before the loop turns.");
	if (pipe2(order.pipe, O_CLOEXEC | O_NONBLOCK) < 0) {
		tour_broken(tour, "a pipe can be made", -errno);
		return;
	}
	r = order_arm(&order);
	if (r >= 0)
		r = hk_loop_run(loop);
	if (r < 0)
		tour_broken(tour, "the loop runs", r);

	order_join(&order, seen, sizeof(seen));
	tour_saw(tour, "order: %s", seen);
	tour_wrong(tour, "phases are printed with fixed numbers, whatever ran first");
	tour_check(tour, strcmp(seen, wanted) == 0, "phases run in the promised order",
	    "%s", wanted);

	hk_timer_free(order.timer);
	hk_watch_free(order.watch);
	hk_hook_free(order.hooks[0]);
	hk_hook_free(order.hooks[1]);
	(void) close(order.pipe[0]);
	(void) close(order.pipe[1]);
}

/* ---- work from other threads ---- */

#define THREADS 4
#define POSTS   1000

struct sender {
	struct gathering *gathering;
	pthread_t thread;
	unsigned int arrived;
	unsigned int misplaced;
};

struct gathering {
	hk_loop *loop;
	struct sender senders[THREADS];
	pthread_t home;
	unsigned int abroad; /* callbacks that ran on another thread */
};

struct parcel {
	struct sender *from;
	unsigned int number;
};

static struct parcel parcels[THREADS][POSTS];

static void on_parcel(void *user)
{
	struct parcel *parcel = user;
	struct sender *from = parcel->from;

	if (parcel->number != from->arrived)
		from->misplaced++;
	from->arrived++;
	if (!pthread_equal(pthread_self(), from->gathering->home))
		from->gathering->abroad++;
}

static void *send_all(void *user)
{
	struct sender *sender = user;
	size_t index = (size_t) (sender - sender->gathering->senders);

	for (unsigned int i = 0; i < POSTS; i++) {
		parcels[index][i] = (struct parcel){ sender, i };
		while (hk_loop_post(sender->gathering->loop, on_parcel,
			   &parcels[index][i]) == -ENOMEM)
			;
	}
	return NULL;
}

static void on_deadline(hk_timer *timer, void *user)
{
	(void) timer;
	hk_loop_stop(user, 1);
}

/* Turn until everything has arrived; the timer only bounds a failure. */
static int gather(struct gathering *gathering)
{
	hk_timer *deadline = NULL;
	unsigned int arrived = 0;
	int r;

	r = hk_timer_after(
	    &deadline, gathering->loop, 60000, on_deadline, gathering->loop);
	while (r >= 0 && arrived < THREADS * POSTS && hk_timer_due_ns(deadline) > 0) {
		r = hk_loop_run_once(gathering->loop, -1);
		arrived = 0;
		for (unsigned int i = 0; i < THREADS; i++)
			arrived += gathering->senders[i].arrived;
	}
	hk_timer_free(deadline);
	return r < 0 ? r : (int) arrived;
}

static void show_posts(struct tour *tour, hk_loop *loop)
{
	struct gathering gathering = { .loop = loop, .home = pthread_self() };
	unsigned int started = 0;
	unsigned int misplaced = 0;
	int arrived;

	tour_step(
	    tour, "%d threads hand %d pieces of work each to the loop.", THREADS, POSTS);
	for (; started < THREADS; started++) {
		gathering.senders[started].gathering = &gathering;
		if (pthread_create(&gathering.senders[started].thread, NULL, send_all,
			&gathering.senders[started]) != 0)
			break;
	}
	arrived = gather(&gathering);
	for (unsigned int i = 0; i < started; i++) {
		(void) pthread_join(gathering.senders[i].thread, NULL);
		misplaced += gathering.senders[i].misplaced;
	}
	if (arrived < 0) {
		tour_broken(tour, "the loop turns", arrived);
		return;
	}
	tour_check(tour, arrived == THREADS * POSTS, "every piece arrives", "%d of %d",
	    arrived, THREADS * POSTS);
	tour_check(tour, misplaced == 0, "each thread's pieces keep their order",
	    "%u out of order", misplaced);
	tour_check(tour, gathering.abroad == 0, "all of it runs on the loop's own thread",
	    "%u elsewhere", gathering.abroad);
}

/* ---- lag ---- */

#define BLOCK_MS 50

static void on_probe(void *user)
{
	uint64_t *at = user;

	*at = hki_clock_monotonic_ns();
}

static void on_block(hk_timer *timer, void *user)
{
	uint64_t until = hki_clock_monotonic_ns() + BLOCK_MS * HKI_NS_PER_MS;

	(void) timer;
	(void) user;
	while (hki_clock_monotonic_ns() < until)
		;
}

static double phase_percent(const hk_loop_metrics *metrics, uint64_t wall_ns)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < HK_PHASE_COUNT; i++)
		sum += metrics->phase_ns[i];
	return 100.0 * (double) sum / (double) wall_ns;
}

static void show_lag(struct tour *tour, hk_loop *loop)
{
	hk_loop_metrics metrics = { .size = sizeof(metrics) };
	hk_timer *timer = NULL;
	uint64_t probed = 0;
	uint64_t began;
	uint64_t wall;
	double naive_ms;
	double percent;
	int r;

	tour_step(tour, "A callback keeps the loop busy for %d ms.", BLOCK_MS);
	hk_loop_measure(loop, true);
	began = hki_clock_monotonic_ns();
	if ((r = hk_timer_after(&timer, loop, 20, on_block, NULL)) >= 0 &&
	    (r = hk_loop_immediate(loop, on_probe, &probed)) >= 0)
		r = hk_loop_run(loop);
	wall = hki_clock_monotonic_ns() - began;
	if (r >= 0)
		r = hk_loop_metrics_read(loop, &metrics);
	hk_loop_measure(loop, false);
	hk_timer_free(timer);
	if (r < 0) {
		tour_broken(tour, "the loop can be measured", r);
		return;
	}

	naive_ms = (double) (probed - began) / 1e6;
	percent = phase_percent(&metrics, wall);
	tour_wrong(
	    tour, "one immediate as a lag probe saw %.2f ms and missed it", naive_ms);
	tour_check(tour, metrics.busy_max_ns >= BLOCK_MS * HKI_NS_PER_MS,
	    "the longest turn shows the block", "%.2f ms",
	    (double) metrics.busy_max_ns / 1e6);
	tour_check(tour, metrics.phase_ns[HK_PHASE_TIMERS] >= BLOCK_MS * HKI_NS_PER_MS,
	    "and the phase it happened in is named", "timers: %.2f ms",
	    (double) metrics.phase_ns[HK_PHASE_TIMERS] / 1e6);
	tour_check(tour, percent > 85.0 && percent < 101.0,
	    "the phases add up to the time that passed", "%.2f %%", percent);
}

void tour_chapter_loop(struct tour *tour)
{
	hk_loop *loop = NULL;
	int r;

	r = hk_loop_new(&loop);
	if (r < 0) {
		tour_broken(tour, "a loop can be made", r);
		return;
	}
	show_phases(tour, loop);
	show_posts(tour, loop);
	show_lag(tour, loop);
	hk_loop_free(loop);
}
