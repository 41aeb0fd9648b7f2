/*
 * What does it cost until the callback of a ready descriptor runs?
 *
 * Three shapes: one eventfd that its callback makes ready again (a loop that
 * wakes for single events); 1000 pipes of which 100 hold a byte that is handed
 * on from pipe to pipe (many, few of them active); and 200 eventfds that are
 * always ready and whose callbacks do nothing, which shows the loop alone,
 * without the system calls of the callbacks.  The floor is bare epoll.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>
#include <hostkit/loop.h>
#include "harness.h"
#if BENCH_HAS_LIBUV
#include <uv.h>
#endif
#if BENCH_HAS_LIBEV
#include <ev.h>
#endif

enum { DESCRIPTORS_MAX = 1000, BATCH = 1024 };

typedef struct shape {
	const char *name;
	int descriptors;
	int active;
	bool pipes;   /* else eventfds */
	bool passive; /* callbacks only count */
	size_t wakeups;
} shape;

static const shape shapes[] = {
	{ "one eventfd", 1, 1, false, false, 300000 },
	{ "100 active of 1000 pipes", 1000, 100, true, false, 500000 },
	{ "200 always ready, nothing done", 200, 200, false, true, 2000000 },
};

static int read_ends[DESCRIPTORS_MAX];
static int write_ends[DESCRIPTORS_MAX];
static size_t wakeups;
static const shape *now;

static void open_descriptors(void)
{
	for (int i = 0; i < now->descriptors; i++) {
		int ends[2];

		if (now->pipes) {
			if (pipe(ends) < 0)
				abort();
			read_ends[i] = ends[0];
			write_ends[i] = ends[1];
		} else {
			read_ends[i] = write_ends[i] = eventfd(0, EFD_NONBLOCK);
			if (read_ends[i] < 0)
				abort();
		}
	}
}

static void close_descriptors(void)
{
	for (int i = 0; i < now->descriptors; i++) {
		close(read_ends[i]);
		if (now->pipes)
			close(write_ends[i]);
	}
}

static void make_ready(int which)
{
	uint64_t one = 1;

	if (write(write_ends[which], &one, now->pipes ? 1 : sizeof(one)) < 0)
		abort();
}

static void start_tokens(void)
{
	for (int i = 0; i < now->active; i++)
		make_ready(i * (now->descriptors / now->active));
}

/* The callback of every side.  Returns whether that was the last one. */
static bool ready(int which)
{
	uint64_t value;

	wakeups++;
	if (!now->passive) {
		if (read(read_ends[which], &value, now->pipes ? 1 : sizeof(value)) < 0)
			abort();
		make_ready((which + 1) % now->descriptors);
	}
	return wakeups >= now->wakeups;
}

typedef struct side {
	void (*open)(void);
	void (*run)(void);
	void (*close)(void);
} side;

static double run(void *user)
{
	const side *who = user;
	uint64_t spent_ns;
	size_t done;

	wakeups = 0;
	open_descriptors();
	who->open();
	start_tokens();
	spent_ns = bench_thread_ns();
	who->run();
	spent_ns = bench_thread_ns() - spent_ns;
	done = wakeups;
	who->close();
	close_descriptors();
	return done >= now->wakeups ? (double) spent_ns / (double) done : NAN;
}

/* ---- the floor ---- */

static int floor_epoll;

static void floor_open(void)
{
	floor_epoll = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < now->descriptors; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.fd = i };

		if (epoll_ctl(floor_epoll, EPOLL_CTL_ADD, read_ends[i], &event) < 0)
			abort();
	}
}

static void floor_run(void)
{
	struct epoll_event events[BATCH];
	bool last = false;

	while (!last) {
		int count = epoll_wait(floor_epoll, events, BATCH, -1);

		for (int i = 0; i < count; i++)
			last = ready(events[i].data.fd);
	}
}

static void floor_close(void)
{
	close(floor_epoll);
}

static side floor_side = { floor_open, floor_run, floor_close };

/* ---- hostkit ---- */

static hk_loop *our_loop;
static hk_watch *our_watches[DESCRIPTORS_MAX];

static void our_ready(hk_watch *watch, unsigned int events, void *user)
{
	(void) watch;
	(void) events;
	if (ready((int) (intptr_t) user))
		hk_loop_stop(our_loop, 0);
}

static void our_open(void)
{
	if (hk_loop_new(&our_loop) < 0)
		abort();
	for (int i = 0; i < now->descriptors; i++)
		if (hk_watch_start(&our_watches[i], our_loop, read_ends[i], HK_READABLE,
			our_ready, (void *) (intptr_t) i) < 0)
			abort();
}

static void our_run(void)
{
	if (hk_loop_run(our_loop) < 0)
		abort();
}

static void our_close(void)
{
	for (int i = 0; i < now->descriptors; i++)
		hk_watch_free(our_watches[i]);
	hk_loop_free(our_loop);
}

static side our_side = { our_open, our_run, our_close };

/* ---- libuv ---- */

#if BENCH_HAS_LIBUV
static uv_loop_t uv_side_loop;
static uv_poll_t uv_polls[DESCRIPTORS_MAX];

static void uv_ready(uv_poll_t *poll, int status, int events)
{
	(void) status;
	(void) events;
	if (ready((int) (poll - uv_polls)))
		uv_stop(&uv_side_loop);
}

static void uv_open(void)
{
	uv_loop_init(&uv_side_loop);
	for (int i = 0; i < now->descriptors; i++)
		if (uv_poll_init(&uv_side_loop, &uv_polls[i], read_ends[i]) != 0 ||
		    uv_poll_start(&uv_polls[i], UV_READABLE, uv_ready) != 0)
			abort();
}

static void uv_run_all(void)
{
	uv_run(&uv_side_loop, UV_RUN_DEFAULT);
}

static void uv_end(void)
{
	for (int i = 0; i < now->descriptors; i++)
		uv_close((uv_handle_t *) &uv_polls[i], NULL);
	uv_run(&uv_side_loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&uv_side_loop) != 0)
		abort();
}

static side libuv_side = { uv_open, uv_run_all, uv_end };
#endif

/* ---- libev ---- */

#if BENCH_HAS_LIBEV
static struct ev_loop *ev_side_loop;
static ev_io ev_ios[DESCRIPTORS_MAX];

static void ev_ready(struct ev_loop *loop, ev_io *io, int events)
{
	(void) events;
	if (ready((int) (io - ev_ios)))
		ev_break(loop, EVBREAK_ALL);
}

static void ev_open(void)
{
	ev_side_loop = ev_loop_new(EVBACKEND_EPOLL);
	for (int i = 0; i < now->descriptors; i++) {
		ev_io_init(&ev_ios[i], ev_ready, read_ends[i], EV_READ);
		ev_io_start(ev_side_loop, &ev_ios[i]);
	}
}

static void ev_run_all(void)
{
	ev_run(ev_side_loop, 0);
}

static void ev_end(void)
{
	for (int i = 0; i < now->descriptors; i++)
		ev_io_stop(ev_side_loop, &ev_ios[i]);
	ev_loop_destroy(ev_side_loop);
}

static side libev_side = { ev_open, ev_run_all, ev_end };
#endif

static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		abort();
	limit.rlim_cur = limit.rlim_max;
	(void) setrlimit(RLIMIT_NOFILE, &limit);
}

static void ask(void)
{
	bench_question question = { .bench = "loop_wakeups",
		.name = now->name,
		.unit = "ns",
		.rounds = 15,
		.ratio = BENCH_SPEED,
		.kind = BENCH_AT_LEAST,
		.goal = 1 };
	bench_side sides[4] = { { "hostkit", run, &our_side }, { "libuv", NULL, NULL },
		{ "libev", NULL, NULL }, { "floor: bare epoll", run, &floor_side } };

#if BENCH_HAS_LIBUV
	sides[1] = (bench_side){ "libuv", run, &libuv_side };
#endif
#if BENCH_HAS_LIBEV
	sides[2] = (bench_side){ "libev", run, &libev_side };
#endif
	bench_ask(&question, sides, 4);
}

int main(int argc, char **argv)
{
	allow_descriptors();
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		now = &shapes[i];
		if (bench_wanted(argc, argv, now->name))
			ask();
	}
	return bench_status();
}
