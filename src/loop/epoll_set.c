#include "loop/core.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/cleanup.h"

/*
 * The set of descriptors the kernel watches for us, and how it is mended.
 *
 * The kernel drops a descriptor from the set when the open file behind it goes,
 * not when the number is closed.  Somebody who closes a descriptor before its
 * watch, while a duplicate lives on elsewhere (in a child, say), therefore
 * leaves an entry behind that reports for ever and that no call can name any
 * more.  The loop would spin, so it makes a new set with everything it still
 * watches and puts it at the number of the old one.
 */

int hki_epoll_add(int epoll_fd, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int add_own(const hk_loop *loop, int epoll_fd)
{
	/* Edge triggered: each write tells once, and nobody has to read. */
	int r = hki_epoll_add(
	    epoll_fd, loop->event_fd, EPOLLIN | EPOLLET, HKI_LOOP_EVENT_WAKE);

	if (r == 0 && loop->timer_fd >= 0)
		r = hki_epoll_add(
		    epoll_fd, loop->timer_fd, EPOLLIN, HKI_LOOP_EVENT_TIMER);
	if (r == 0 && loop->signal_fd >= 0)
		r = hki_epoll_add(
		    epoll_fd, loop->signal_fd, EPOLLIN, HKI_LOOP_EVENT_SIGNAL);
	return r;
}

int hki_epoll_open(hk_loop *loop)
{
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return -errno;
	loop->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->event_fd < 0)
		return -errno;
	return add_own(loop, loop->epoll_fd);
}

void hki_epoll_mend(hk_loop *loop)
{
	hki_cleanup(hki_closep) int fresh = -1;

	/* An outer loop holds on to the old set, not to its number: better spin than be deaf. */
	if (loop->embedded)
		return;
	fresh = epoll_create1(EPOLL_CLOEXEC);
	if (fresh < 0 || add_own(loop, fresh) < 0 || hki_watches_add_all(loop, fresh) < 0)
		return; /* no memory, no descriptor: the next turn tries again */
	(void) dup3(fresh, loop->epoll_fd, O_CLOEXEC);
}
