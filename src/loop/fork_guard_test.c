#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>
#include "loop/core.h"

/* In a forked child nothing of the parent's loop may be touched. */

typedef struct scene {
	hk_loop *loop;
	hk_timer *timer;
	hk_watch *watch;
	hk_signal *signal;
	hk_hook *hook;
	int pipe[2];
	int calls;
} scene;

static void on_timer(hk_timer *timer, void *user)
{
	(void) timer;
	((scene *) user)->calls++;
}

static void on_watch(hk_watch *watch, unsigned int events, void *user)
{
	(void) watch;
	(void) events;
	((scene *) user)->calls++;
	hk_loop_stop(((scene *) user)->loop, 0);
}

static void on_signal(hk_signal *signal, int number, void *user)
{
	(void) signal;
	(void) number;
	((scene *) user)->calls++;
}

static void on_hook(hk_hook *hook, void *user)
{
	(void) hook;
	(void) user;
}

static void on_task(void *user)
{
	((scene *) user)->calls++;
}

static void open_scene(scene *now)
{
	assert_int_equal(0, pipe(now->pipe));
	assert_int_equal(0, hk_loop_new(&now->loop));
	assert_int_equal(
	    0, hk_timer_after(&now->timer, now->loop, 3600000, on_timer, now));
	assert_int_equal(0, hk_watch_start(&now->watch, now->loop, now->pipe[0],
				HK_READABLE, on_watch, now));
	assert_int_equal(
	    0, hk_signal_start(&now->signal, now->loop, SIGUSR1, on_signal, now));
	assert_int_equal(
	    0, hk_hook_start(&now->hook, now->loop, HK_HOOK_PREPARE, on_hook, now));
}

static void close_scene(scene *now)
{
	hk_hook_free(now->hook);
	hk_signal_free(now->signal);
	hk_watch_free(now->watch);
	hk_timer_free(now->timer);
	hk_loop_free(now->loop);
	close(now->pipe[0]);
	close(now->pipe[1]);
}

/* The number of the first call that was not refused, or 0. */
static int try_everything(scene *now)
{
	hk_loop *loop = now->loop;
	hk_timer *timer;
	hk_watch *watch;
	hk_signal *signal;
	hk_hook *hook;
	int results[] = { hk_loop_run(loop), hk_loop_run_once(loop, 0), hk_loop_fd(loop),
		hk_loop_post(loop, on_task, now), hk_loop_next(loop, on_task, now),
		hk_loop_immediate(loop, on_task, now), hk_loop_close(loop, on_task, now),
		hk_timer_after(&timer, loop, 0, on_timer, now),
		hk_watch_start(&watch, loop, now->pipe[1], HK_WRITABLE, on_watch, now),
		hk_watch_set(now->watch, 0),
		hk_signal_start(&signal, loop, SIGUSR2, on_signal, now),
		hk_hook_start(&hook, loop, HK_HOOK_IDLE, on_hook, now),
		hki_loop_check(loop) };

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i] != -ECHILD)
			return (int) i + 1;
	hk_loop_wake(loop);
	hk_loop_stop(loop, 1);
	hk_timer_set(now->timer, 0, 0);
	hk_timer_stop(now->timer);
	hk_watch_set_background(now->watch, true);
	return now->calls == 0 && !hk_loop_alive(loop) ? 0 : 50;
}

static void check_child(scene *now)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		int wrong = try_everything(now);

		close_scene(now);
		_exit(wrong);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
}

/* What the child did, freeing above all, must not have reached the parent's kernel objects. */
static void assert_unharmed(scene *now)
{
	assert_int_equal(0, hki_loop_check(now->loop));
	assert_int_equal(1, hk_loop_run_once(now->loop, 0));
	assert_int_equal(0, now->calls);
	assert_int_equal(1, write(now->pipe[1], "x", 1));
	raise(SIGUSR1);
	assert_int_equal(0, hk_loop_post(now->loop, on_task, now));
	assert_int_equal(0, hk_loop_run(now->loop));
	assert_int_equal(3, now->calls);
}

static void a_forked_child_is_refused_and_the_parent_unharmed(void **state)
{
	scene now = { .calls = 0 };

	(void) state;
	open_scene(&now);
	assert_non_null(now.loop->guard);
	check_child(&now);
	assert_unharmed(&now);
	close_scene(&now);
}

static void without_a_wiped_page_the_process_id_tells(void **state)
{
	scene now = { .calls = 0 };

	(void) state;
	open_scene(&now);
	hki_fork_guard_deinit(now.loop);
	assert_null(now.loop->guard);
	check_child(&now);
	assert_unharmed(&now);
	close_scene(&now);
}

static void fork_here(void *user)
{
	scene *now = user;

	now->calls = (int) fork();
	assert_true(now->calls >= 0);
}

static void a_child_forked_in_a_callback_leaves_the_loop(void **state)
{
	scene now = { .calls = -1 };
	int status;
	int r;

	(void) state;
	assert_int_equal(0, hk_loop_new(&now.loop));
	assert_int_equal(0, hk_loop_next(now.loop, fork_here, &now));
	r = hk_loop_run(now.loop);
	if (now.calls == 0)
		_exit(r == -ECHILD ? 0 : 1);
	assert_int_equal(0, r);
	assert_int_equal(now.calls, waitpid(now.calls, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
	hk_loop_free(now.loop);
}

static void a_new_loop_in_the_child_works(void **state)
{
	int status;
	pid_t child = fork();

	(void) state;
	if (child == 0) {
		scene now = { .calls = 0 };

		if (hk_loop_new(&now.loop) < 0 ||
		    hk_loop_post(now.loop, on_task, &now) < 0 ||
		    hk_loop_run(now.loop) < 0)
			_exit(1);
		hk_loop_free(now.loop);
		_exit(now.calls == 1 ? 0 : 2);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forked_child_is_refused_and_the_parent_unharmed),
		cmocka_unit_test(without_a_wiped_page_the_process_id_tells),
		cmocka_unit_test(a_child_forked_in_a_callback_leaves_the_loop),
		cmocka_unit_test(a_new_loop_in_the_child_works),
	};

	return cmocka_run_group_tests_name("fork guard", tests, NULL, NULL);
}
