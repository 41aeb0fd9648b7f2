/*
 * A timer, a signal and a thread, all on one loop.  The loop ends by itself when
 * nothing is left to wait for.
 */
#include <pthread.h>
#include <stdio.h>
#include <hostkit/hostkit.h>

static void from_thread(void *user)
{
	printf("a thread says: %s\n", (const char *) user);
}

static void *work(void *loop)
{
	static char text[] = "done";

	/* The one function that other threads may call. */
	return hk_loop_post(loop, from_thread, text) < 0 ? loop : NULL;
}

static void tick(hk_timer *timer, void *user)
{
	int *left = user;

	printf("tick, %d to go\n", --*left);
	if (*left == 0)
		hk_timer_free(timer); /* inside its own callback, too */
}

int main(void)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	hk_timer *timer;
	hk_loop *loop;
	pthread_t thread;
	int left = 3;

	opts.after_ns = 50000000;
	opts.interval_ns = 10000000;
	opts.fn = tick;
	opts.user = &left;
	if (hk_loop_new(&loop) < 0 || hk_timer_start(&timer, loop, &opts) < 0 ||
	    pthread_create(&thread, NULL, work, loop) != 0 || hk_loop_run(loop) < 0)
		return 1;
	pthread_join(thread, NULL);
	hk_loop_free(loop);
	return 0;
}
