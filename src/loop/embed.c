#include "loop/core.h"

#include <sys/timerfd.h>
#include <unistd.h>
#include "base/cleanup.h"

/*
 * A loop inside another loop.
 *
 * The epoll set is itself a descriptor that can be waited for.  What epoll does
 * not know is put into it: the first timer through a timerfd, queued work
 * through the eventfd.  Both cost system calls, so they begin with the first
 * hk_loop_fd(); a loop that runs by itself never pays for them.
 */

int hki_timer_fd_open(hk_loop *loop)
{
	hki_cleanup(hki_closep) int fd = -1;
	int r;

	if (loop->timer_fd >= 0)
		return 0;
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	r = hki_epoll_add(loop->epoll_fd, fd, EPOLLIN, HKI_LOOP_EVENT_TIMER);
	if (r < 0)
		return r;
	loop->timer_fd = hki_take_fd(&fd);
	loop->timer_fd_due_ns = HKI_FOREVER;
	return 0;
}

void hki_timer_fd_arm(hk_loop *loop, uint64_t due_ns)
{
	struct itimerspec when = { { 0, 0 }, { 0, 0 } };

	if (due_ns == loop->timer_fd_due_ns)
		return;
	if (due_ns != HKI_FOREVER) {
		when.it_value.tv_sec = (time_t) (due_ns / HKI_NS_PER_S);
		when.it_value.tv_nsec = (long) (due_ns % HKI_NS_PER_S);
		if (due_ns == 0)
			when.it_value.tv_nsec = 1; /* zero would disarm it */
	}
	if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) == 0)
		loop->timer_fd_due_ns = due_ns;
}

void hki_timer_fd_expired(hk_loop *loop)
{
	uint64_t times;
	ssize_t bytes = read(loop->timer_fd, &times, sizeof(times));

	(void) bytes; /* -EAGAIN: armed anew meanwhile */
	loop->timer_fd_due_ns = HKI_FOREVER;
}

void hki_loop_leave_turn(hk_loop *loop)
{
	bool quiet = hki_loop_fall_asleep(loop) && hki_post_queue_sleep(&loop->posts);

	if (loop->embedded) {
		hki_timer_fd_arm(loop, hki_timers_first_due(loop));
		quiet = quiet && !hki_loop_hurried(loop);
	}
	if (loop->measuring)
		hki_phase(loop, HK_PHASE_WAIT);
	if (!quiet) {
		atomic_store(&loop->posts.sleep, HKI_LOOP_NOTIFIED);
		hki_loop_notify(loop);
	}
}

void hki_loop_changed_outside(hk_loop *loop)
{
	hki_timer_fd_arm(loop, hki_timers_first_due(loop));
	if (hki_loop_hurried(loop))
		hk_loop_wake(loop);
}

int hk_loop_fd(hk_loop *loop)
{
	int r = hki_loop_usable(loop);

	if (r < 0 || (r = hki_timer_fd_open(loop)) < 0)
		return r;
	loop->embedded = true;
	hki_loop_changed(loop);
	return loop->epoll_fd;
}

int hk_loop_timeout(hk_loop *loop)
{
	uint64_t ns;
	uint64_t ms;

	if (hki_loop_inert(loop))
		return -1;
	if (hki_loop_hurried(loop) || hki_post_queue_ready(&loop->posts))
		return 0;
	ns = hki_loop_until_timer(loop);
	if (ns == HKI_FOREVER)
		return -1;
	ms = ns / HKI_NS_PER_MS + (ns % HKI_NS_PER_MS != 0);
	return ms > INT32_MAX ? INT32_MAX : (int) ms;
}
