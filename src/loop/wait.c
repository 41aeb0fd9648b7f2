#include "loop/core.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * The wait.  A loop that runs by itself hands the time to the first timer to
 * epoll_pwait2(), which counts in nanoseconds (Linux 5.11).  Where that system
 * call is missing, or refused by a sandbox, a timerfd in the same epoll set
 * keeps timers as exact; without even that, milliseconds rounded up must do.
 */

/*
 * A poster that has drawn its ticket and not filled its slot, because it was
 * put off the processor in between, does not know that we sleep.  It needs
 * nanoseconds, so this is met once in millions; we look again after a while.
 */
#define POSTER_PATIENCE_NS HKI_NS_PER_MS

uint64_t hki_loop_until_timer(hk_loop *loop)
{
	uint64_t due_ns;
	uint64_t now_ns;

	due_ns = hki_timers_first_due(loop);
	if (due_ns == HKI_FOREVER)
		return HKI_FOREVER;
	now_ns = hki_clock_monotonic_ns(); /* callbacks have taken their time */
	return due_ns > now_ns ? due_ns - now_ns : 0;
}

static int in_milliseconds(uint64_t ns)
{
	uint64_t ms = ns / HKI_NS_PER_MS + (ns % HKI_NS_PER_MS != 0);

	return ms > INT32_MAX ? INT32_MAX : (int) ms;
}

static int wait_plainly(hk_loop *loop, int timeout_ms)
{
	int count = epoll_wait(loop->epoll_fd, loop->batch, HKI_LOOP_BATCH, timeout_ms);

	return count < 0 ? -errno : count;
}

static int wait_exactly(hk_loop *loop, uint64_t timeout_ns)
{
	struct timespec timeout = { .tv_sec = (time_t) (timeout_ns / HKI_NS_PER_S),
		.tv_nsec = (long) (timeout_ns % HKI_NS_PER_S) };
	long count = syscall(SYS_epoll_pwait2, loop->epoll_fd, loop->batch,
	    HKI_LOOP_BATCH, &timeout, NULL, (size_t) 0);

	return count < 0 ? -errno : (int) count;
}

static int wait_with_timer_fd(hk_loop *loop, uint64_t timeout_ns)
{
	if (hki_timer_fd_open(loop) < 0)
		return wait_plainly(loop, in_milliseconds(timeout_ns));
	hki_timer_fd_arm(loop, hki_clock_monotonic_ns() + timeout_ns);
	return wait_plainly(loop, -1);
}

static int wait_for(hk_loop *loop, uint64_t timeout_ns)
{
	if (timeout_ns == 0)
		return wait_plainly(loop, 0);
	if (timeout_ns > INT64_MAX)
		return wait_plainly(loop, -1);
	if (loop->exact_wait) {
		int count = wait_exactly(loop, timeout_ns);

		if (count != -ENOSYS && count != -EPERM)
			return count;
		loop->exact_wait = false;
	}
	return wait_with_timer_fd(loop, timeout_ns);
}

/* How long the wait may sleep now that posters are asked to notify. */
static uint64_t fall_asleep(hk_loop *loop, uint64_t limit_ns)
{
	if (!hki_loop_fall_asleep(loop))
		return 0;
	if (hki_post_queue_sleep(&loop->posts))
		return limit_ns;
	if (hki_post_queue_ready(&loop->posts))
		return 0;
	return limit_ns < POSTER_PATIENCE_NS ? limit_ns : POSTER_PATIENCE_NS;
}

/*
 * Look again and again instead of sleeping, for as long as somebody asked.  Falling
 * asleep and being woken up can cost more than the wait itself, on a virtual machine
 * above all, where an idle processor is given back to the host.
 */
static int wait_awake(hk_loop *loop, uint64_t limit_ns)
{
	const uint64_t begin_ns = hki_clock_monotonic_ns();
	int count;

	do
		count = wait_plainly(loop, 0);
	while (count == 0 && !hki_post_queue_ready(&loop->posts) &&
	       hki_clock_monotonic_ns() - begin_ns < limit_ns);
	return count;
}

void hki_loop_stay_awake(hk_loop *loop, uint64_t ns)
{
	if (ns > loop->awake_ns)
		loop->awake_ns = ns;
}

/* As long as was asked, and not beyond what is due; -EAGAIN if nobody asked. */
static int try_awake(hk_loop *loop, uint64_t limit_ns)
{
	uint64_t awake_ns = loop->awake_ns;
	uint64_t until_ns;

	loop->awake_ns = 0;
	if (awake_ns == 0 || limit_ns == 0 || loop->posted || hki_loop_hurried(loop))
		return -EAGAIN;
	until_ns = hki_loop_until_timer(loop);
	if (until_ns < awake_ns)
		awake_ns = until_ns;
	return wait_awake(loop, awake_ns < limit_ns ? awake_ns : limit_ns);
}

static uint64_t time_to_wait(hk_loop *loop, uint64_t limit_ns)
{
	uint64_t until_ns;

	/* Posts come in bursts.  A look without sleeping gives their threads the time to
	 * bring more, and saves both sides a sleep and a wake-up, which cost ten times as
	 * much. */
	if (limit_ns == 0 || loop->posted || hki_loop_hurried(loop))
		return 0;
	until_ns = hki_loop_until_timer(loop);
	if (until_ns < limit_ns)
		limit_ns = until_ns;
	return limit_ns == 0 ? 0 : fall_asleep(loop, limit_ns);
}

int hki_loop_wait(hk_loop *loop, uint64_t limit_ns)
{
	int count;

	if (hki_loop_forked(loop)) /* a callback forked, and the child came back here */
		return -ECHILD;
	count = try_awake(loop, limit_ns);
	if (count > 0)
		limit_ns = 0;
	else
		limit_ns = time_to_wait(loop, limit_ns);
	hki_phase(loop, HK_PHASE_WAIT);
	if (loop->measuring)
		hki_meter_turn(loop, limit_ns > 0);
	if (count <= 0)
		count = wait_for(loop, limit_ns);
	hki_loop_get_up(loop);
	loop->now_known = false;
	hki_phase(loop, HK_PHASE_POLL);
	return count == -EINTR ? 0 : count;
}
