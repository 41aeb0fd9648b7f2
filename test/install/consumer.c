/*
 * A program of somebody else: compiled against the installed headers as C and as
 * C++, linked with the shared and with the static library, and run.  It touches a
 * plain function, an opaque handle and a callback.
 */
#include <stdio.h>
#include <string.h>
#include <hostkit/hostkit.h>

static void fired(hk_timer *timer, void *user)
{
	(void) timer;
	*(int *) user += 1;
}

int main(void)
{
	hk_loop *loop = NULL;
	hk_timer *timer = NULL;
	int count = 0;

	if (strcmp(hk_error_name(HK_EPARSE), "HK_EPARSE") != 0)
		return 1;
	if (hk_loop_new(&loop) < 0 || hk_timer_after(&timer, loop, 1, fired, &count) < 0)
		return 2;
	if (hk_loop_run(loop) < 0 || count != 1)
		return 3;
	hk_timer_free(timer);
	hk_loop_free(loop);
	puts("consumer works");
	return 0;
}
