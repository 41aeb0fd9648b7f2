#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/array.h"
#include "loop/core.h"

/* A loop inside another one, and the wait on kernels that cannot count nanoseconds. */

typedef struct scene {
	hk_loop *loop;
	hk_timer *timer;
	hk_watch *watch;
	hk_hook *hook;
	int pipe[2];
	int fd;
	int calls;
} scene;

static int setup(void **state)
{
	scene *now = test_calloc(1, sizeof(*now));

	assert_int_equal(0, hk_loop_new(&now->loop));
	assert_int_equal(0, pipe(now->pipe));
	now->fd = hk_loop_fd(now->loop);
	assert_true(now->fd >= 0);
	*state = now;
	return 0;
}

static int teardown(void **state)
{
	scene *now = *state;

	hk_timer_free(now->timer);
	hk_watch_free(now->watch);
	hk_hook_free(now->hook);
	hk_loop_free(now->loop);
	close(now->pipe[0]);
	close(now->pipe[1]);
	test_free(now);
	return 0;
}

static bool readable(const scene *now, int timeout_ms)
{
	struct pollfd outer = { .fd = now->fd, .events = POLLIN };

	return poll(&outer, 1, timeout_ms) == 1;
}

/* What an outer loop does: wait for the descriptor alone, and turn when it tells. */
static void drive_until_quiet(scene *now)
{
	while (readable(now, hk_loop_alive(now->loop) ? -1 : 0))
		assert_true(hk_loop_run_once(now->loop, 0) >= 0);
}

static void count_task(void *user)
{
	((scene *) user)->calls++;
}

static void count_timer(hk_timer *timer, void *user)
{
	scene *now = user;

	if (++now->calls < 3)
		hk_timer_set(timer, HKI_NS_PER_MS, 0);
}

static void count_watch(hk_watch *watch, unsigned int events, void *user)
{
	scene *now = user;
	char byte;

	assert_int_equal(HK_READABLE, events);
	assert_int_equal(1, read(hk_watch_fd(watch), &byte, 1));
	now->calls++;
	hk_watch_free(watch);
	now->watch = NULL;
}

static void count_hook(hk_hook *hook, void *user)
{
	scene *now = user;

	if (++now->calls < 3)
		return;
	hk_hook_free(hook);
	now->hook = NULL;
}

static void a_quiet_loop_is_not_readable(void **state)
{
	scene *now = *state;

	assert_false(readable(now, 0));
	assert_int_equal(now->fd, hk_loop_fd(now->loop));
	assert_int_equal(-1, hk_loop_timeout(now->loop));
	assert_int_equal(0, hk_loop_run_once(now->loop, 0));
	assert_false(readable(now, 0));
}

static void timers_make_the_descriptor_readable(void **state)
{
	scene *now = *state;

	assert_int_equal(0, hk_timer_after(&now->timer, now->loop, 1, count_timer, now));
	drive_until_quiet(now);
	assert_int_equal(3, now->calls);
	assert_false(readable(now, 0));
	/* Also when they are set outside of any turn. */
	hk_timer_set(now->timer, 0, 0);
	assert_true(readable(now, -1));
	drive_until_quiet(now);
	assert_int_equal(4, now->calls);
	hk_timer_set(now->timer, 0, 0);
	hk_timer_stop(now->timer);
	assert_false(readable(now, 0));
}

static void posts_and_queued_work_make_it_readable(void **state)
{
	int (*const queue[])(hk_loop *, hk_loop_fn, void *) = { hk_loop_post,
		hk_loop_next, hk_loop_immediate, hk_loop_close };
	scene *now = *state;

	for (size_t i = 0; i < HKI_COUNT(queue); i++) {
		assert_int_equal(0, queue[i](now->loop, count_task, now));
		assert_true(readable(now, 0));
		drive_until_quiet(now);
		assert_int_equal(i + 1, now->calls);
		assert_false(readable(now, 0));
	}
}

static void idle_hooks_make_it_readable(void **state)
{
	scene *now = *state;

	assert_int_equal(
	    0, hk_hook_start(&now->hook, now->loop, HK_HOOK_IDLE, count_hook, now));
	drive_until_quiet(now);
	assert_int_equal(3, now->calls);
}

static void descriptors_make_it_readable(void **state)
{
	scene *now = *state;

	assert_int_equal(0, hk_watch_start(&now->watch, now->loop, now->pipe[0],
				HK_READABLE, count_watch, now));
	assert_false(readable(now, 0));
	assert_int_equal(1, write(now->pipe[1], "x", 1));
	drive_until_quiet(now);
	assert_int_equal(1, now->calls);
}

static void post_more(void *user)
{
	scene *now = user;

	if (++now->calls < 3)
		assert_int_equal(0, hk_loop_post(now->loop, post_more, now));
}

static void work_left_over_by_a_turn_keeps_it_readable(void **state)
{
	scene *now = *state;

	assert_int_equal(0, hk_loop_post(now->loop, post_more, now));
	drive_until_quiet(now);
	assert_int_equal(3, now->calls);
}

static void an_embedded_loop_can_still_run_by_itself(void **state)
{
	scene *now = *state;

	assert_int_equal(0, hk_timer_after(&now->timer, now->loop, 1, count_timer, now));
	assert_int_equal(0, hk_loop_run(now->loop));
	assert_int_equal(3, now->calls);
	assert_false(readable(now, 0));
}

/* ---- without epoll_pwait2() ---- */

static void refuse_exact_wait(int code)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int) code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { HKI_COUNT(filter), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(77);
}

/* Runs in a child, whose loop is its own. */
static int run_refused(int code)
{
	scene now = { .calls = 0 };
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	uint64_t begin_ns;

	refuse_exact_wait(code);
	if (hk_loop_new(&now.loop) < 0)
		return 1;
	opts.fn = count_timer;
	opts.user = &now;
	opts.after_ns = 100 * HKI_NS_PER_US;
	begin_ns = hki_clock_monotonic_ns();
	if (hk_timer_start(&now.timer, now.loop, &opts) < 0 || hk_loop_run(now.loop) != 0)
		return 2;
	if (now.calls != 3 || hki_clock_monotonic_ns() - begin_ns < opts.after_ns)
		return 3;
	return now.loop->exact_wait || now.loop->timer_fd < 0 ? 4 : 0;
}

static void where_the_exact_wait_is_refused_a_timerfd_does(void **state)
{
	const int codes[] = { ENOSYS, EPERM };

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(codes); i++) {
		int status;
		pid_t child = fork();

		if (child == 0)
			_exit(run_refused(codes[i]));
		assert_int_equal(child, waitpid(child, &status, 0));
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == 77) {
			print_message(
			    "# a filter of system calls cannot be set: skipped\n");
			skip();
		}
		assert_int_equal(0, WEXITSTATUS(status));
	}
}

#define IN_LOOP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_LOOP(a_quiet_loop_is_not_readable),
		IN_LOOP(timers_make_the_descriptor_readable),
		IN_LOOP(posts_and_queued_work_make_it_readable),
		IN_LOOP(idle_hooks_make_it_readable),
		IN_LOOP(descriptors_make_it_readable),
		IN_LOOP(work_left_over_by_a_turn_keeps_it_readable),
		IN_LOOP(an_embedded_loop_can_still_run_by_itself),
		cmocka_unit_test(where_the_exact_wait_is_refused_a_timerfd_does),
	};

	return cmocka_run_group_tests_name("embed", tests, NULL, NULL);
}
