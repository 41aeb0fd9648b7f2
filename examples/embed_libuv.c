/*
 * hostkit inside libuv: a poll handle for its descriptor, and a prepare handle
 * and a timer so that libuv never sleeps past what hostkit has to do.
 */
#include <stdio.h>
#include <uv.h>
#include <hostkit/hostkit.h>

static hk_loop *loop;
static uv_poll_t readable;
static uv_prepare_t before;
static uv_timer_t due;

static void turn(void)
{
	if (hk_loop_run_once(loop, 0) > 0)
		return;
	/* Nothing is left for hostkit: let libuv end too. */
	uv_close((uv_handle_t *) &readable, NULL);
	uv_close((uv_handle_t *) &before, NULL);
	uv_close((uv_handle_t *) &due, NULL);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
	(void) handle, (void) status, (void) events;
	turn();
}

static void on_due(uv_timer_t *handle)
{
	(void) handle;
	turn();
}

static void on_prepare(uv_prepare_t *handle)
{
	int timeout = hk_loop_timeout(loop);

	(void) handle;
	if (timeout >= 0)
		uv_timer_start(&due, on_due, (uint64_t) timeout, 0);
}

static void fired(hk_timer *timer, void *user)
{
	(void) user;
	puts("the timer fired inside libuv");
	hk_timer_free(timer);
}

int main(void)
{
	uv_loop_t *uv = uv_default_loop();
	hk_timer *timer;

	if (hk_loop_new(&loop) < 0 || hk_timer_after(&timer, loop, 20, fired, NULL) < 0)
		return 1;
	uv_timer_init(uv, &due);
	uv_prepare_init(uv, &before);
	uv_prepare_start(&before, on_prepare);
	uv_poll_init(uv, &readable, hk_loop_fd(loop));
	uv_poll_start(&readable, UV_READABLE, on_readable);
	uv_run(uv, UV_RUN_DEFAULT);
	hk_loop_free(loop);
	return uv_loop_close(uv) == 0 ? 0 : 1;
}
