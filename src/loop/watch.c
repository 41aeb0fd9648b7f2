#include "loop/core.h"

#include <fcntl.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/alloc.h"

/*
 * Descriptors.
 *
 * The kernel's event carries the descriptor and the generation of its watch,
 * not a pointer: events are looked up in a table when their turn comes.  So an
 * event whose watch was freed by an earlier callback of the same batch finds
 * nothing, and one whose descriptor number was given to a newcomer meanwhile
 * finds another generation.  A paused watch leaves the epoll set, because
 * hang-ups and errors cannot be masked out in it.
 */

#define EVENTS_KNOWN   (HK_READABLE | HK_WRITABLE | HK_PRIORITY | HK_HANGUP | HK_ERROR)
#define FIRST_CAPACITY 32U

static uint32_t to_epoll(unsigned int events)
{
	return ((events & HK_READABLE) != 0 ? EPOLLIN : 0U) |
	       ((events & HK_WRITABLE) != 0 ? EPOLLOUT : 0U) |
	       ((events & HK_PRIORITY) != 0 ? EPOLLPRI : 0U);
}

static unsigned int from_epoll(uint32_t events)
{
	return ((events & EPOLLIN) != 0 ? (unsigned int) HK_READABLE : 0U) |
	       ((events & EPOLLOUT) != 0 ? (unsigned int) HK_WRITABLE : 0U) |
	       ((events & EPOLLPRI) != 0 ? (unsigned int) HK_PRIORITY : 0U) |
	       ((events & EPOLLHUP) != 0 ? (unsigned int) HK_HANGUP : 0U) |
	       ((events & EPOLLERR) != 0 ? (unsigned int) HK_ERROR : 0U);
}

static bool counts(const hk_watch *watch)
{
	return !watch->background && watch->events != 0;
}

static int make_room(hk_loop *loop, int fd)
{
	size_t capacity =
	    loop->watch_capacity == 0 ? FIRST_CAPACITY : loop->watch_capacity;
	hk_watch **watches;

	if ((size_t) fd < loop->watch_capacity)
		return 0;
	while (capacity <= (size_t) fd)
		capacity *= 2;
	watches = hki_realloc_array(loop->watches, capacity, sizeof(hk_watch *));
	if (watches == NULL)
		return -ENOMEM;
	memset(watches + loop->watch_capacity, 0,
	    (capacity - loop->watch_capacity) * sizeof(hk_watch *));
	loop->watches = watches;
	loop->watch_capacity = capacity;
	return 0;
}

static uint64_t event_data(const hk_watch *watch)
{
	return (uint64_t) watch->generation << 32 | (uint32_t) watch->fd;
}

static int control(const hk_watch *watch, int operation, unsigned int events)
{
	struct epoll_event event = { .events = to_epoll(events),
		.data.u64 = event_data(watch) };

	return epoll_ctl(watch->loop->epoll_fd, operation, watch->fd, &event) < 0 ? -errno
										  : 0;
}

int hki_watches_add_all(const hk_loop *loop, int epoll_fd)
{
	for (size_t fd = 0; fd < loop->watch_capacity; fd++) {
		const hk_watch *watch = loop->watches[fd];
		int r;

		if (watch == NULL || watch->events == 0)
			continue;
		r = hki_epoll_add(
		    epoll_fd, watch->fd, to_epoll(watch->events), event_data(watch));
		/* A number closed under a live watch reports nothing from now on. */
		if (r < 0 && r != -EBADF && r != -EPERM)
			return r;
	}
	return 0;
}

/* Go from the events the watch has to @events. */
static int change(hk_watch *watch, unsigned int events)
{
	int r = 0;

	if (events == watch->events)
		return 0;
	if (watch->events == 0)
		r = control(watch, EPOLL_CTL_ADD, events);
	else if (events == 0)
		r = control(watch, EPOLL_CTL_DEL, 0);
	else
		r = control(watch, EPOLL_CTL_MOD, events);
	if (r < 0)
		return r;
	if (events == 0)
		watch->loop->watch_removed = true;
	watch->loop->active -= counts(watch);
	watch->events = events;
	watch->loop->active += counts(watch);
	return 0;
}

static int check_start(hk_loop *loop, int fd, unsigned int events, hk_watch_fn fn)
{
	int r = hki_loop_usable(loop);

	if (r < 0)
		return r;
	if (fn == NULL || (events & ~(unsigned int) EVENTS_KNOWN) != 0)
		return -EINVAL;
	if (fd < 0 || fcntl(fd, F_GETFD) < 0)
		return -EBADF;
	r = make_room(loop, fd);
	if (r < 0)
		return r;
	return loop->watches[fd] != NULL ? -EEXIST : 0;
}

int hk_watch_start(hk_watch **out, hk_loop *loop, int fd, unsigned int events,
    hk_watch_fn fn, void *user)
{
	hk_watch *watch;
	int r = check_start(loop, fd, events, fn);

	if (r < 0)
		return r;
	watch = hki_zalloc(sizeof(*watch));
	if (watch == NULL)
		return -ENOMEM;
	watch->loop = loop;
	watch->fn = fn;
	watch->user = user;
	watch->fd = fd;
	if (++loop->generation == 0)
		loop->generation = 1;
	watch->generation = loop->generation;
	r = change(watch, events);
	if (r < 0) {
		hki_free(watch);
		return r;
	}
	loop->watches[fd] = watch;
	hki_loop_ref(loop);
	*out = watch;
	return 0;
}

int hk_watch_set(hk_watch *watch, unsigned int events)
{
	int r = hki_loop_usable(watch->loop);

	if (r < 0)
		return r;
	if ((events & ~(unsigned int) EVENTS_KNOWN) != 0)
		return -EINVAL;
	return change(watch, events);
}

void hk_watch_set_background(hk_watch *watch, bool background)
{
	if (hki_loop_inert(watch->loop))
		return;
	watch->loop->active -= counts(watch);
	watch->background = background;
	watch->loop->active += counts(watch);
}

int hk_watch_fd(const hk_watch *watch)
{
	return watch->fd;
}

void hk_watch_free(hk_watch *watch)
{
	hk_loop *loop;

	if (watch == NULL)
		return;
	loop = watch->loop;
	if (!hki_loop_inert(loop)) {
		/* Fails when the descriptor was closed before: then it is out already. */
		if (watch->events != 0)
			(void) control(watch, EPOLL_CTL_DEL, 0);
		loop->active -= counts(watch);
		loop->watches[watch->fd] = NULL;
		loop->watch_removed = true;
	}
	hki_free(watch);
	hki_loop_unref(loop);
}

void hki_watches_close(hk_loop *loop)
{
	hki_free(loop->watches);
	loop->watches = NULL;
	loop->watch_capacity = 0;
}

static void run_watch(hk_loop *loop, const struct epoll_event *event)
{
	size_t fd = (uint32_t) event->data.u64;
	hk_watch *watch = fd < loop->watch_capacity ? loop->watches[fd] : NULL;
	unsigned int events;

	if (watch == NULL || watch->generation != event->data.u64 >> 32 ||
	    watch->events == 0) {
		/* Nobody's event, and nobody left in this batch: it would come for ever. */
		if (!loop->watch_removed)
			hki_epoll_mend(loop);
		return;
	}
	/* An earlier callback of the batch may have narrowed what is wanted. */
	events = from_epoll(event->events) & (watch->events | HK_HANGUP | HK_ERROR);
	if (events == 0)
		return;
	if (loop->measuring)
		loop->meter.sums.events++;
	watch->fn(watch, events, watch->user);
	hki_next_run(loop);
}

void hki_watches_run(hk_loop *loop, int count)
{
	loop->watch_removed = false;
	for (int i = 0; i < count; i++) {
		const struct epoll_event *event = &loop->batch[i];

		switch (event->data.u64) {
		case HKI_LOOP_EVENT_WAKE:
			break;
		case HKI_LOOP_EVENT_TIMER:
			hki_timer_fd_expired(loop);
			break;
		case HKI_LOOP_EVENT_SIGNAL:
			hki_signals_run(loop);
			break;
		default:
			run_watch(loop, event);
			break;
		}
	}
}
