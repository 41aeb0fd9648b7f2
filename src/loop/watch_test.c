#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/array.h"
#include "loop/core.h"

/* Descriptors: what is reported, what is refused, and events that come too late. */

typedef struct scene {
	hk_loop *loop;
	hk_watch *watch;
	hk_watch *other;
	int pair[2];
	int second[2];
	unsigned int events;
	int calls;
	int other_calls;
} scene;

static int setup(void **state)
{
	scene *now = test_calloc(1, sizeof(*now));

	assert_int_equal(0, hk_loop_new(&now->loop));
	assert_int_equal(
	    0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, now->pair));
	assert_int_equal(
	    0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, now->second));
	*state = now;
	return 0;
}

static int teardown(void **state)
{
	scene *now = *state;

	hk_watch_free(now->watch);
	hk_watch_free(now->other);
	hk_loop_free(now->loop);
	for (int i = 0; i < 2; i++) {
		close(now->pair[i]);
		close(now->second[i]);
	}
	test_free(now);
	return 0;
}

static void count(hk_watch *watch, unsigned int events, void *user)
{
	scene *now = user;

	if (watch == now->other)
		now->other_calls++;
	else
		now->calls++;
	now->events = events;
}

static void fill(int fd)
{
	assert_int_equal(1, write(fd, "x", 1));
}

static void turn(scene *now)
{
	assert_true(hk_loop_run_once(now->loop, 0) >= 0);
}

static void readiness_is_reported_as_long_as_it_lasts(void **state)
{
	scene *now = *state;
	char byte;

	assert_int_equal(0, hk_watch_start(&now->watch, now->loop, now->pair[0],
				HK_READABLE, count, now));
	assert_int_equal(now->pair[0], hk_watch_fd(now->watch));
	turn(now);
	assert_int_equal(0, now->calls);
	fill(now->pair[1]);
	turn(now);
	turn(now);
	assert_int_equal(2, now->calls);
	assert_int_equal(HK_READABLE, now->events);
	assert_int_equal(1, read(now->pair[0], &byte, 1));
	turn(now);
	assert_int_equal(2, now->calls);
}

static void only_what_was_asked_for_is_reported(void **state)
{
	scene *now = *state;

	fill(now->pair[1]);
	assert_int_equal(0, hk_watch_start(&now->watch, now->loop, now->pair[0],
				HK_WRITABLE, count, now));
	turn(now);
	assert_int_equal(HK_WRITABLE, now->events);
	assert_int_equal(0, hk_watch_set(now->watch, HK_READABLE | HK_WRITABLE));
	turn(now);
	assert_int_equal(HK_READABLE | HK_WRITABLE, now->events);
	assert_int_equal(0, hk_watch_set(now->watch, 0));
	turn(now);
	assert_int_equal(2, now->calls);
	assert_int_equal(0, hk_watch_set(now->watch, HK_READABLE));
	turn(now);
	assert_int_equal(3, now->calls);
	assert_int_equal(-EINVAL, hk_watch_set(now->watch, 1024));
}

static void urgent_data_is_priority(void **state)
{
	scene *now = *state;
	struct epoll_event priority = { .events = EPOLLPRI };

	/* Sockets of this kind have none, so the translation is asked itself. */
	assert_int_equal(0, hk_watch_start(&now->watch, now->loop, now->pair[0],
				HK_PRIORITY, count, now));
	priority.data.u64 =
	    (uint64_t) now->watch->generation << 32 | (uint32_t) now->pair[0];
	now->loop->batch[0] = priority;
	hki_watches_run(now->loop, 1);
	assert_int_equal(HK_PRIORITY, now->events);
}

static void hangups_are_always_reported_and_errors_too(void **state)
{
	scene *now = *state;
	int ends[2];

	assert_int_equal(0, hk_watch_start(&now->watch, now->loop, now->pair[0],
				HK_READABLE, count, now));
	close(now->pair[1]);
	turn(now);
	assert_int_equal(HK_READABLE | HK_HANGUP, now->events);
	now->pair[1] = dup(now->pair[0]);

	assert_int_equal(0, pipe2(ends, O_CLOEXEC));
	assert_int_equal(
	    0, hk_watch_start(&now->other, now->loop, ends[1], HK_HANGUP, count, now));
	close(ends[0]);
	assert_int_equal(0, hk_watch_set(now->watch, 0));
	turn(now);
	assert_int_equal(1, now->other_calls);
	assert_int_equal(HK_ERROR, now->events);
	hk_watch_free(now->other);
	now->other = NULL;
	close(ends[1]);
}

static void what_cannot_be_watched_is_refused(void **state)
{
	scene *now = *state;
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int folder = open("/", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	hk_watch *watch = NULL;

	assert_int_equal(-EPERM, hk_watch_start(&watch, now->loop, file, 1, count, now));
	assert_int_equal(
	    -EPERM, hk_watch_start(&watch, now->loop, folder, 1, count, now));
	assert_int_equal(-EBADF, hk_watch_start(&watch, now->loop, -1, 1, count, now));
	close(file);
	assert_int_equal(-EBADF, hk_watch_start(&watch, now->loop, file, 1, count, now));
	assert_int_equal(
	    -EINVAL, hk_watch_start(&watch, now->loop, folder, 32, count, now));
	assert_int_equal(
	    -EINVAL, hk_watch_start(&watch, now->loop, folder, 1, NULL, now));
	assert_null(watch);
	assert_false(hk_loop_alive(now->loop));
	close(folder);
}

static void a_descriptor_is_watched_once(void **state)
{
	scene *now = *state;

	assert_int_equal(
	    0, hk_watch_start(&now->watch, now->loop, now->pair[0], 0, count, now));
	assert_int_equal(-EEXIST, hk_watch_start(&now->other, now->loop, now->pair[0],
				      HK_READABLE, count, now));
	assert_null(now->other);
	hk_watch_free(now->watch);
	assert_int_equal(0, hk_watch_start(&now->watch, now->loop, now->pair[0],
				HK_READABLE, count, now));
}

static void background_and_paused_watches_keep_nobody_waiting(void **state)
{
	scene *now = *state;

	assert_int_equal(0, hk_watch_start(&now->watch, now->loop, now->pair[0],
				HK_READABLE, count, now));
	assert_true(hk_loop_alive(now->loop));
	assert_int_equal(0, hk_watch_set(now->watch, 0));
	assert_false(hk_loop_alive(now->loop));
	assert_int_equal(0, hk_watch_set(now->watch, HK_READABLE));
	assert_true(hk_loop_alive(now->loop));
	hk_watch_set_background(now->watch, true);
	assert_int_equal(0, hk_loop_run(now->loop));
	hk_watch_set_background(now->watch, false);
	assert_true(hk_loop_alive(now->loop));
}

/* ---- events that come too late ---- */

static void free_the_other(hk_watch *watch, unsigned int events, void *user)
{
	scene *now = user;
	hk_watch **other = watch == now->watch ? &now->other : &now->watch;

	(void) events;
	now->calls++;
	hk_watch_free(*other);
	*other = NULL;
}

static void an_event_of_a_watch_freed_in_the_same_batch_is_not_delivered(void **state)
{
	scene *now = *state;

	fill(now->pair[1]);
	fill(now->second[1]);
	assert_int_equal(0, hk_watch_start(&now->watch, now->loop, now->pair[0],
				HK_READABLE, free_the_other, now));
	assert_int_equal(0, hk_watch_start(&now->other, now->loop, now->second[0],
				HK_READABLE, free_the_other, now));
	turn(now);
	assert_int_equal(1, now->calls);
}

/* Frees the other watch and gives its descriptor number to a newcomer with a watch of its own. */
static void replace_the_other(hk_watch *watch, unsigned int events, void *user)
{
	scene *now = user;
	bool first = watch == now->watch;
	hk_watch **other = first ? &now->other : &now->watch;
	int fd = first ? now->second[0] : now->pair[0];
	int quiet = eventfd(0, EFD_CLOEXEC);

	(void) events;
	now->calls++;
	hk_watch_free(*other);
	assert_int_equal(fd, dup3(quiet, fd, O_CLOEXEC));
	close(quiet);
	assert_int_equal(
	    0, hk_watch_start(other, now->loop, fd, HK_READABLE, replace_the_other, now));
}

static void a_newcomer_with_the_same_number_does_not_get_the_old_event(void **state)
{
	scene *now = *state;

	fill(now->pair[1]);
	fill(now->second[1]);
	assert_int_equal(0, hk_watch_start(&now->watch, now->loop, now->pair[0],
				HK_READABLE, replace_the_other, now));
	assert_int_equal(0, hk_watch_start(&now->other, now->loop, now->second[0],
				HK_READABLE, replace_the_other, now));
	turn(now);
	assert_int_equal(1, now->calls);
}

static void pause_the_other(hk_watch *watch, unsigned int events, void *user)
{
	scene *now = user;

	(void) events;
	now->calls++;
	assert_int_equal(
	    0, hk_watch_set(watch == now->watch ? now->other : now->watch, 0));
}

static void a_watch_paused_in_the_same_batch_is_not_called(void **state)
{
	scene *now = *state;

	fill(now->pair[1]);
	fill(now->second[1]);
	assert_int_equal(0, hk_watch_start(&now->watch, now->loop, now->pair[0],
				HK_READABLE, pause_the_other, now));
	assert_int_equal(0, hk_watch_start(&now->other, now->loop, now->second[0],
				HK_READABLE, pause_the_other, now));
	turn(now);
	assert_int_equal(1, now->calls);
}

static void free_itself(hk_watch *watch, unsigned int events, void *user)
{
	scene *now = user;

	(void) events;
	now->calls++;
	hk_watch_free(watch);
	now->watch = NULL;
}

static void a_watch_may_be_freed_in_its_callback(void **state)
{
	scene *now = *state;

	fill(now->pair[1]);
	assert_int_equal(0, hk_watch_start(&now->watch, now->loop, now->pair[0],
				HK_READABLE, free_itself, now));
	assert_int_equal(0, hk_loop_run(now->loop));
	assert_int_equal(1, now->calls);
}

static void a_descriptor_closed_too_early_does_no_harm(void **state)
{
	scene *now = *state;
	int fd = dup(now->pair[0]);

	assert_int_equal(
	    0, hk_watch_start(&now->watch, now->loop, fd, HK_READABLE, count, now));
	close(fd);
	hk_watch_free(now->watch);
	now->watch = NULL;
	fill(now->pair[1]);
	/* The kernel keeps reporting, because the socket behind the number lives on. */
	for (int i = 0; i < 3; i++)
		turn(now);
	assert_int_equal(0, now->calls);
	assert_int_equal(0, epoll_wait(now->loop->epoll_fd, now->loop->batch, 1, 0));
	/* Everything else is still watched. */
	assert_int_equal(0, hk_watch_start(&now->watch, now->loop, now->pair[0],
				HK_READABLE, count, now));
	turn(now);
	assert_int_equal(1, now->calls);
}

/* ---- many ---- */

enum { MANY = HKI_LOOP_BATCH * 2 + 50 };

static void more_descriptors_than_a_batch_all_get_their_turn(void **state)
{
	scene *now = *state;
	struct rlimit limit;
	hk_watch *watches[MANY];
	int fds[MANY];

	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &limit));
	if (limit.rlim_cur < MANY + 64) {
		limit.rlim_cur = limit.rlim_max;
		assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &limit));
	}
	for (int i = 0; i < MANY; i++) {
		fds[i] = eventfd(1, EFD_CLOEXEC);
		assert_true(fds[i] >= 0);
		assert_int_equal(0, hk_watch_start(&watches[i], now->loop, fds[i],
					HK_READABLE, count, now));
	}
	for (int turns = 0; turns < 3; turns++)
		turn(now);
	assert_int_equal(3 * HKI_LOOP_BATCH, now->calls);
	for (int i = 0; i < MANY; i++) {
		hk_watch_free(watches[i]);
		close(fds[i]);
	}
	assert_false(hk_loop_alive(now->loop));
}

#define IN_LOOP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_LOOP(readiness_is_reported_as_long_as_it_lasts),
		IN_LOOP(only_what_was_asked_for_is_reported),
		IN_LOOP(urgent_data_is_priority),
		IN_LOOP(hangups_are_always_reported_and_errors_too),
		IN_LOOP(what_cannot_be_watched_is_refused),
		IN_LOOP(a_descriptor_is_watched_once),
		IN_LOOP(background_and_paused_watches_keep_nobody_waiting),
		IN_LOOP(an_event_of_a_watch_freed_in_the_same_batch_is_not_delivered),
		IN_LOOP(a_newcomer_with_the_same_number_does_not_get_the_old_event),
		IN_LOOP(a_watch_paused_in_the_same_batch_is_not_called),
		IN_LOOP(a_watch_may_be_freed_in_its_callback),
		IN_LOOP(a_descriptor_closed_too_early_does_no_harm),
		IN_LOOP(more_descriptors_than_a_batch_all_get_their_turn),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
