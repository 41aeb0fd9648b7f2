/*
 * hostkit inside libuv: a poll handle for its descriptor is all it takes,
 * because that is readable whenever there is something to do, timers included.
 */
#include <stdio.h>
#include <uv.h>
#include <hostkit/hostkit.h>

static void on_readable(uv_poll_t *handle, int status, int events)
{
	(void) status, (void) events;
	if (hk_loop_run_once(handle->data, 0) > 0)
		return;
	/* Nothing is left for hostkit: let libuv end too. */
	uv_close((uv_handle_t *) handle, NULL);
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
	uv_poll_t readable;
	hk_timer *timer;
	hk_loop *loop;

	if (hk_loop_new(&loop) < 0 || hk_timer_after(&timer, loop, 20, fired, NULL) < 0)
		return 1;
	uv_poll_init(uv, &readable, hk_loop_fd(loop));
	readable.data = loop;
	uv_poll_start(&readable, UV_READABLE, on_readable);
	uv_run(uv, UV_RUN_DEFAULT);
	hk_loop_free(loop);
	return uv_loop_close(uv) == 0 ? 0 : 1;
}
