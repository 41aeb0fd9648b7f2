#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include "base/torture.h"
#include "loop/core.h"

/* Posts from other threads: none lost, none twice, each thread's in its order, no sleep missed. */

enum { THREADS = 4, POSTS = 50000, ROUND_TRIPS = 20000 };

static int setup(void **state)
{
	hk_loop *loop = NULL;

	assert_int_equal(0, hk_loop_new(&loop));
	*state = loop;
	return 0;
}

static int teardown(void **state)
{
	hk_loop_free(*state);
	return 0;
}

typedef struct poster {
	hk_loop *loop;
	pthread_t thread;
	size_t next; /* to be seen on the loop's thread */
	size_t wrong;
	int failure;
	struct posted {
		struct poster *poster;
		size_t number;
	} posts[POSTS];
} poster;

static void see(void *user)
{
	struct posted *posted = user;

	posted->poster->wrong += posted->number != posted->poster->next;
	posted->poster->next++;
	if (posted->number == POSTS - 1)
		hki_loop_release(posted->poster->loop);
}

static void *post_all(void *user)
{
	poster *self = user;

	for (size_t i = 0; i < POSTS && self->failure == 0; i++) {
		self->posts[i].poster = self;
		self->posts[i].number = i;
		self->failure = hk_loop_post(self->loop, see, &self->posts[i]);
	}
	return NULL;
}

static void posts_of_each_thread_keep_their_order_and_none_is_lost(void **state)
{
	hk_loop *loop = *state;
	poster *posters = test_calloc(THREADS, sizeof(*posters));
	int started = 0;

	for (; started < THREADS; started++) {
		posters[started].loop = loop;
		if (pthread_create(
			&posters[started].thread, NULL, post_all, &posters[started]) != 0)
			break;
		hki_loop_hold(loop); /* until its last post was seen */
	}
	assert_int_equal(0, hk_loop_run(loop));
	for (int i = 0; i < started; i++)
		assert_int_equal(0, pthread_join(posters[i].thread, NULL));
	assert_int_equal(THREADS, started);
	for (int i = 0; i < started; i++) {
		assert_int_equal(0, posters[i].failure);
		assert_int_equal(POSTS, posters[i].next);
		assert_int_equal(0, posters[i].wrong);
	}
	assert_int_equal(0, hk_loop_run(loop));
	test_free(posters);
}

typedef struct rally {
	hk_loop *loop;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	size_t answers;
} rally;

static void answer(void *user)
{
	rally *game = user;

	pthread_mutex_lock(&game->lock);
	if (++game->answers == ROUND_TRIPS)
		hki_loop_release(game->loop);
	pthread_cond_signal(&game->answered);
	pthread_mutex_unlock(&game->lock);
}

static void *post_one_by_one(void *user)
{
	rally *game = user;

	for (size_t i = 0; i < ROUND_TRIPS; i++) {
		if (hk_loop_post(game->loop, answer, game) < 0)
			return game;
		pthread_mutex_lock(&game->lock);
		while (game->answers == i)
			pthread_cond_wait(&game->answered, &game->lock);
		pthread_mutex_unlock(&game->lock);
	}
	return NULL;
}

static void no_post_meets_a_loop_that_sleeps_on(void **state)
{
	rally game = { .loop = *state,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.answered = PTHREAD_COND_INITIALIZER };
	pthread_t thread;
	void *failure;

	hki_loop_hold(game.loop);
	assert_int_equal(0, pthread_create(&thread, NULL, post_one_by_one, &game));
	assert_int_equal(0, hk_loop_run(game.loop));
	assert_int_equal(0, pthread_join(thread, &failure));
	assert_null(failure);
	assert_int_equal(ROUND_TRIPS, game.answers);
}

static void *wake(void *user)
{
	hk_loop_wake(user);
	return NULL;
}

static void wake_makes_a_waiting_loop_turn(void **state)
{
	hk_loop *loop = *state;
	pthread_t thread;

	hki_loop_hold(loop);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(0, pthread_create(&thread, NULL, wake, loop));
		assert_int_equal(1, hk_loop_run_once(loop, -1));
		assert_int_equal(0, pthread_join(thread, NULL));
		assert_int_equal(1, hk_loop_run_once(loop, 0));
	}
	hki_loop_release(loop);
}

static hk_loop *loop_to_wake;

static void wake_from_handler(int number)
{
	(void) number;
	hk_loop_wake(loop_to_wake);
}

static void wake_may_be_called_in_a_signal_handler(void **state)
{
	struct sigaction action = { .sa_handler = wake_from_handler };
	struct sigaction before;
	hk_loop *loop = *state;

	loop_to_wake = loop;
	assert_int_equal(0, sigaction(SIGUSR1, &action, &before));
	hki_loop_hold(loop);
	raise(SIGUSR1);
	assert_int_equal(1, hk_loop_run_once(loop, -1));
	hki_loop_release(loop);
	assert_int_equal(0, sigaction(SIGUSR1, &before, NULL));
}

static void increment(void *user)
{
	++*(int *) user;
}

static void a_post_keeps_the_loop_alive_until_it_ran(void **state)
{
	hk_loop *loop = *state;
	int calls = 0;

	assert_int_equal(0, hk_loop_post(loop, increment, &calls));
	assert_true(hk_loop_alive(loop));
	assert_int_equal(0, hk_loop_timeout(loop));
	assert_int_equal(0, hk_loop_run(loop));
	assert_int_equal(1, calls);
	assert_false(hk_loop_alive(loop));
}

static void steady_posting_allocates_nothing(void **state)
{
	hk_loop *loop = NULL;
	int calls = 0;
	size_t blocks;

	(void) state;
	hki_torture_watch();
	assert_int_equal(0, hk_loop_new(&loop));
	for (unsigned int i = 0; i < 2 * HKI_POST_SEGMENT_SLOTS; i++)
		assert_int_equal(0, hk_loop_post(loop, increment, &calls));
	assert_int_equal(0, hk_loop_run(loop));
	blocks = hki_torture_live_blocks();
	for (int round = 0; round < 1000; round++) {
		for (int i = 0; i < 100; i++)
			assert_int_equal(0, hk_loop_post(loop, increment, &calls));
		assert_int_equal(0, hk_loop_run(loop));
		assert_int_equal(blocks, hki_torture_live_blocks());
	}
	assert_int_equal(2 * HKI_POST_SEGMENT_SLOTS + 100000, calls);
	hk_loop_free(loop);
	assert_int_equal(0, hki_torture_live_blocks());
	hki_torture_unwatch();
}

static void set_flag(void *user)
{
	*(bool *) user = true;
}

static void a_turn_that_has_served_a_post_does_not_sleep(void **state)
{
	hk_loop *loop = *state;
	bool done = false;

	hki_loop_hold(loop); /* something else to wait for, for ever */
	assert_int_equal(0, hk_loop_post(loop, set_flag, &done));
	while (!done)
		assert_int_equal(1, hk_loop_run_once(loop, -1));
	hki_loop_release(loop);
}

static void posts_that_never_ran_are_dropped_with_the_loop(void **state)
{
	hk_loop *loop = NULL;
	int calls = 0;

	(void) state;
	assert_int_equal(0, hk_loop_new(&loop));
	for (unsigned int i = 0; i < 3 * HKI_POST_SEGMENT_SLOTS; i++)
		assert_int_equal(0, hk_loop_post(loop, increment, &calls));
	hk_loop_free(loop);
	assert_int_equal(0, calls);
}

/*
 * A poster that was held up between drawing its ticket and filling its slot:
 * others after it wait, the loop may sleep meanwhile, and nothing is lost.
 */
static void a_slot_that_is_not_filled_yet_holds_up_the_ones_behind_it(void **state)
{
	hk_loop *loop = *state;
	hki_post_segment *segment = atomic_load(&loop->posts.tail);
	int calls = 0;
	size_t ticket = atomic_fetch_add(&segment->tickets, 1);

	assert_int_equal(0, hk_loop_post(loop, increment, &calls));
	assert_int_equal(1, hk_loop_run_once(loop, 0));
	assert_int_equal(0, calls);
	assert_true(hk_loop_alive(loop));
	segment->slots[ticket].user = &calls;
	atomic_store(&segment->slots[ticket].fn, increment);
	assert_int_equal(0, hk_loop_run_once(loop, 0));
	assert_int_equal(2, calls);
}

/*
 * A poster drew a ticket too high and was held up before it hung up the next
 * segment.  Meanwhile the segment was emptied and is the last one again, not
 * full: what the poster does then must not make the loop wait for tickets that
 * nobody will draw.
 */
static void a_poster_held_up_with_a_reused_segment_does_no_harm(void **state)
{
	hk_loop *loop = *state;
	hki_post_segment *segment = atomic_load(&loop->posts.tail);
	int calls = 0;

	do {
		for (unsigned int i = 0; i < HKI_POST_SEGMENT_SLOTS; i++)
			assert_int_equal(0, hk_loop_post(loop, increment, &calls));
		assert_int_equal(0, hk_loop_run(loop));
	} while (atomic_load(&loop->posts.tail) == segment);
	for (unsigned int i = 0; atomic_load(&loop->posts.tail) != segment; i++) {
		assert_true(i < 4 * HKI_POST_SEGMENT_SLOTS);
		assert_int_equal(0, hk_loop_post(loop, increment, &calls));
		assert_int_equal(0, hk_loop_run(loop));
	}

	assert_int_equal(0, hki_post_queue_extend(&loop->posts, segment));
	calls = 0;
	assert_int_equal(0, hk_loop_post(loop, increment, &calls));
	assert_int_equal(0, hk_loop_run_once(loop, 0));
	assert_int_equal(1, calls);
}

#define IN_LOOP(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_LOOP(posts_of_each_thread_keep_their_order_and_none_is_lost),
		IN_LOOP(no_post_meets_a_loop_that_sleeps_on),
		IN_LOOP(wake_makes_a_waiting_loop_turn),
		IN_LOOP(wake_may_be_called_in_a_signal_handler),
		IN_LOOP(a_post_keeps_the_loop_alive_until_it_ran),
		IN_LOOP(a_turn_that_has_served_a_post_does_not_sleep),
		cmocka_unit_test(steady_posting_allocates_nothing),
		cmocka_unit_test(posts_that_never_ran_are_dropped_with_the_loop),
		IN_LOOP(a_poster_held_up_with_a_reused_segment_does_no_harm),
		IN_LOOP(a_slot_that_is_not_filled_yet_holds_up_the_ones_behind_it),
	};

	return cmocka_run_group_tests_name("post", tests, NULL, NULL);
}
