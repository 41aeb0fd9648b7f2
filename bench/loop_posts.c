/*
 * What does it cost to have another thread's loop run a function?
 *
 * Threads post 10^6 calls in all while the loop runs them; loops and queues live
 * through all rounds, so this is the steady state.  The peers offer only a way
 * to wake their loop, so they do what their users do: a queue of (fn, user)
 * under a mutex, swapped out by the loop, and uv_async_send() or ev_async_send()
 * after each call.  The question is four threads.  One thread is there for
 * orientation: a loop that keeps up with its only poster sleeps and is woken all
 * the time, which favours whoever reacts late.  The floor is the same queue with
 * an eventfd and bare epoll, written to when the queue was empty.
 */
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <hostkit/loop.h>
#include "harness.h"
#if BENCH_HAS_LIBUV
#include <uv.h>
#endif
#if BENCH_HAS_LIBEV
#include <ev.h>
#endif

enum { POSTS = 1000000, THREADS_MAX = 4 };

static size_t seen; /* the loop's thread only */

/* What a call does: nearly nothing. */
static void count(void *user)
{
	(void) user;
	seen++;
}

/* ---- the queue that the peers' users write ---- */

typedef struct call {
	void (*fn)(void *user);
	void *user;
} call;

typedef struct call_list {
	call *calls;
	size_t count;
	size_t capacity;
} call_list;

typedef struct call_queue {
	pthread_mutex_t lock;
	call_list filling;
	call_list running; /* the loop's thread only */
} call_queue;

static call_queue queue = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Returns whether the queue was empty. */
static int queue_push(void (*fn)(void *user), void *user)
{
	call_list *list = &queue.filling;
	int was_empty;

	pthread_mutex_lock(&queue.lock);
	was_empty = list->count == 0;
	if (list->count == list->capacity) {
		list->capacity = list->capacity == 0 ? 256 : list->capacity * 2;
		list->calls = realloc(list->calls, list->capacity * sizeof(call));
		if (list->calls == NULL)
			abort();
	}
	list->calls[list->count++] = (call){ fn, user };
	pthread_mutex_unlock(&queue.lock);
	return was_empty;
}

static void queue_run(void)
{
	call_list swapped;

	pthread_mutex_lock(&queue.lock);
	swapped = queue.filling;
	queue.filling = queue.running;
	queue.filling.count = 0;
	pthread_mutex_unlock(&queue.lock);
	for (size_t i = 0; i < swapped.count; i++)
		swapped.calls[i].fn(swapped.calls[i].user);
	queue.running = swapped;
}

/* ---- threads ---- */

typedef struct side {
	void (*open)(void);
	void (*post)(void);
	void (*run)(void); /* until every call was seen */
	void (*close)(void);
} side;

typedef struct task {
	const side *who;
	unsigned int threads;
	pthread_barrier_t start;
} task;

static void *post_all(void *user)
{
	task *what = user;
	size_t posts = POSTS / what->threads;

	pthread_barrier_wait(&what->start);
	for (size_t i = 0; i < posts; i++)
		what->who->post();
	return NULL;
}

static double run(void *user)
{
	task *what = user;
	pthread_t threads[THREADS_MAX];
	uint64_t begin_ns;
	uint64_t spent_ns;

	seen = 0;
	pthread_barrier_init(&what->start, NULL, what->threads + 1);
	for (unsigned int i = 0; i < what->threads; i++)
		if (pthread_create(&threads[i], NULL, post_all, what) != 0)
			abort();
	pthread_barrier_wait(&what->start);
	begin_ns = bench_now_ns();
	what->who->run();
	spent_ns = bench_now_ns() - begin_ns;
	for (unsigned int i = 0; i < what->threads; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&what->start);
	return seen == POSTS ? (double) spent_ns / POSTS : NAN;
}

/* ---- hostkit ---- */

static hk_loop *our_loop;
static hk_timer *our_keeper;

/* Far away: it only keeps the loop going while no post happens to be on its way. */
static void never(hk_timer *timer, void *user)
{
	(void) timer;
	(void) user;
}

static void our_open(void)
{
	if (hk_loop_new(&our_loop) < 0 ||
	    hk_timer_after(&our_keeper, our_loop, 3600000, never, NULL) < 0)
		abort();
}

static void our_count(void *user)
{
	count(user);
	if (seen == POSTS)
		hk_loop_stop(our_loop, 1);
}

static void our_post(void)
{
	if (hk_loop_post(our_loop, our_count, NULL) < 0)
		abort();
}

static void our_run(void)
{
	if (hk_loop_run(our_loop) != 1)
		abort();
}

static void our_close(void)
{
	hk_timer_free(our_keeper);
	hk_loop_free(our_loop);
}

static const side our_side = { our_open, our_post, our_run, our_close };

/* ---- the floor ---- */

static int floor_event;
static int floor_epoll;

static void floor_open(void)
{
	struct epoll_event event = { .events = EPOLLIN };

	floor_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	floor_epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_ctl(floor_epoll, EPOLL_CTL_ADD, floor_event, &event) < 0)
		abort();
}

static void floor_post(void)
{
	uint64_t one = 1;

	if (queue_push(count, NULL) && write(floor_event, &one, sizeof(one)) < 0)
		abort();
}

static void floor_run(void)
{
	struct epoll_event event;
	uint64_t times;

	while (seen < POSTS) {
		if (epoll_wait(floor_epoll, &event, 1, -1) == 1 &&
		    read(floor_event, &times, sizeof(times)) > 0)
			queue_run();
	}
}

static void floor_close(void)
{
	close(floor_event);
	close(floor_epoll);
}

static const side floor_side = { floor_open, floor_post, floor_run, floor_close };

/* ---- libuv ---- */

#if BENCH_HAS_LIBUV
static uv_loop_t uv_side_loop;
static uv_async_t uv_side_async;

static void uv_woken(uv_async_t *async)
{
	queue_run();
	if (seen == POSTS)
		uv_stop(async->loop);
}

static void uv_open(void)
{
	uv_loop_init(&uv_side_loop);
	uv_async_init(&uv_side_loop, &uv_side_async, uv_woken);
}

static void uv_post(void)
{
	queue_push(count, NULL);
	uv_async_send(&uv_side_async);
}

static void uv_run_all(void)
{
	uv_run(&uv_side_loop, UV_RUN_DEFAULT);
}

static void uv_end(void)
{
	uv_close((uv_handle_t *) &uv_side_async, NULL);
	uv_run(&uv_side_loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&uv_side_loop) != 0)
		abort();
}

static const side libuv_side = { uv_open, uv_post, uv_run_all, uv_end };
#endif

/* ---- libev ---- */

#if BENCH_HAS_LIBEV
static struct ev_loop *ev_side_loop;
static ev_async ev_side_async;

static void ev_woken(struct ev_loop *loop, ev_async *async, int events)
{
	(void) async;
	(void) events;
	queue_run();
	if (seen == POSTS)
		ev_break(loop, EVBREAK_ALL);
}

static void ev_open(void)
{
	ev_side_loop = ev_loop_new(EVBACKEND_EPOLL);
	ev_async_init(&ev_side_async, ev_woken);
	ev_async_start(ev_side_loop, &ev_side_async);
}

static void ev_post(void)
{
	queue_push(count, NULL);
	ev_async_send(ev_side_loop, &ev_side_async);
}

static void ev_run_all(void)
{
	ev_run(ev_side_loop, 0);
}

static void ev_end(void)
{
	ev_loop_destroy(ev_side_loop);
}

static const side libev_side = { ev_open, ev_post, ev_run_all, ev_end };
#endif

static void ask(const char *name, unsigned int threads, bench_goal goal)
{
	bench_question question = { .bench = "loop_posts",
		.name = name,
		.unit = "ns",
		.ratio = BENCH_SPEED,
		.kind = goal,
		.goal = 1 };
	task tasks[4] = { { .who = &our_side, .threads = threads },
		{ .threads = threads }, { .threads = threads },
		{ .who = &floor_side, .threads = threads } };
	bench_side sides[4] = { { "hostkit", run, &tasks[0] }, { "libuv", NULL, NULL },
		{ "libev", NULL, NULL }, { "floor: mutex and eventfd", run, &tasks[3] } };

#if BENCH_HAS_LIBUV
	tasks[1].who = &libuv_side;
	sides[1] = (bench_side){ "libuv", run, &tasks[1] };
#endif
#if BENCH_HAS_LIBEV
	tasks[2].who = &libev_side;
	sides[2] = (bench_side){ "libev", run, &tasks[2] };
#endif
	for (int i = 0; i < 4; i++)
		if (sides[i].run != NULL)
			tasks[i].who->open();
	bench_ask(&question, sides, 4);
	for (int i = 0; i < 4; i++)
		if (sides[i].run != NULL)
			tasks[i].who->close();
}

int main(int argc, char **argv)
{
	if (bench_wanted(argc, argv, "4 threads"))
		ask("post from 4 threads", 4, BENCH_AT_LEAST);
	if (bench_wanted(argc, argv, "1 thread"))
		ask("post from 1 thread", 1, BENCH_NO_GOAL);
	free(queue.filling.calls);
	free(queue.running.calls);
	return bench_status();
}
