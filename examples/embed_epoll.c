/*
 * hostkit inside a program that has an epoll loop of its own: one descriptor to
 * wait for, one question before each wait, one call when it is due.
 */
#include <stdio.h>
#include <sys/epoll.h>
#include <hostkit/hostkit.h>

static void done(hk_timer *timer, void *user)
{
	(void) timer;
	puts("the timer fired inside epoll");
	*(int *) user = 1;
}

int main(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	hk_loop *loop;
	hk_timer *timer;
	int finished = 0;
	int ours = epoll_create1(EPOLL_CLOEXEC);

	if (hk_loop_new(&loop) < 0 ||
	    hk_timer_after(&timer, loop, 20, done, &finished) < 0)
		return 1;
	epoll_ctl(ours, EPOLL_CTL_ADD, hk_loop_fd(loop), &event);
	while (!finished) {
		/* Other descriptors of the program would be in the same set. */
		epoll_wait(ours, &event, 1, hk_loop_timeout(loop));
		if (hk_loop_run_once(loop, 0) < 0)
			return 1;
	}
	hk_timer_free(timer);
	hk_loop_free(loop);
	return 0;
}
