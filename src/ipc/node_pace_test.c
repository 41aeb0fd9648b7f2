#include "ipc/node_pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Whether to sleep, decided on answers of a made-up time. */

enum { US = 1000, LIMIT_US = 500 };

typedef struct talk {
	hki_node_pace pace;
	uint64_t now_ns;
	uint64_t preemptions;
	unsigned int preempted_every; /* answers while awake; 0: never */
	unsigned int awake;
	unsigned int asleep;
} talk;

static talk talk_new(void)
{
	return (talk){ .pace = { .limit_ns = LIMIT_US * US }, .now_ns = 1 };
}

/* @count questions; an answer takes @asleep_us or, when awake, @awake_us. */
static void ask(talk *t, unsigned int count, uint64_t asleep_us, uint64_t awake_us)
{
	t->awake = t->asleep = 0;
	for (unsigned int i = 0; i < count; i++) {
		uint64_t awake_ns = hki_node_pace_asked(&t->pace, t->now_ns);

		assert_true(awake_ns == 0 || awake_ns == LIMIT_US * US);
		t->now_ns += (awake_ns > 0 ? awake_us : asleep_us) * US;
		if (awake_ns > 0 && t->preempted_every > 0 &&
		    (t->awake + 1) % t->preempted_every == 0)
			t->preemptions++;
		hki_node_pace_answered(&t->pace, t->now_ns, t->preemptions);
		if (awake_ns > 0)
			t->awake++;
		else
			t->asleep++;
	}
}

static void few_answers_are_no_talk(void **state)
{
	talk t = talk_new();

	(void) state;
	ask(&t, 40, 50, 20);
	assert_int_equal(0, t.awake);
}

static void staying_awake_is_chosen_where_it_is_quicker(void **state)
{
	talk t = talk_new();

	(void) state;
	ask(&t, 10000, 80, 30);
	assert_true(t.awake > 9000);
	ask(&t, 10000, 80, 30);
	assert_true(t.awake > 9500);
}

static void sleep_is_chosen_where_it_is_not_clearly_slower(void **state)
{
	talk t = talk_new();

	(void) state;
	ask(&t, 10000, 30, 80); /* both sides share a processor */
	assert_true(t.awake < 300);
	t = talk_new();
	ask(&t, 10000, 100, 85);
	assert_true(t.awake < 300);
}

static void a_machine_that_becomes_busy_is_noticed(void **state)
{
	talk t = talk_new();

	(void) state;
	ask(&t, 5000, 80, 30);
	ask(&t, 2200, 30, 90);
	ask(&t, 2000, 30, 90);
	assert_true(t.awake < 100);
}

static void a_processor_that_others_want_is_left_to_them(void **state)
{
	talk t = talk_new();

	(void) state;
	t.preempted_every = 10; /* within every trial */
	ask(&t, 20000, 80, 30);
	assert_true(t.awake < 300);

	t = talk_new();
	ask(&t, 1000, 80, 30);
	t.preempted_every = 100; /* it got busy later */
	ask(&t, 2000, 80, 30);
	assert_true(t.awake < 700);

	t = talk_new();
	t.preempted_every = 1000; /* now and then */
	ask(&t, 10000, 80, 30);
	assert_true(t.awake > 9000);
}

static void a_slow_answer_ends_the_talk(void **state)
{
	talk t = talk_new();

	(void) state;
	ask(&t, 5000, 80, 30);
	ask(&t, 1, 1000, 1000);
	ask(&t, 40, 80, 30);
	assert_int_equal(0, t.awake);
	ask(&t, 5000, 1000, 1000);
	assert_true(t.awake <= 1); /* the one that was tried */
}

static void questions_without_answers_are_no_talk(void **state)
{
	talk t = talk_new();

	(void) state;
	ask(&t, 5000, 80, 30);
	assert_true(hki_node_pace_asked(&t.pace, t.now_ns) > 0);
	assert_true(hki_node_pace_asked(&t.pace, t.now_ns + US) == 0);
	hki_node_pace_answered(&t.pace, t.now_ns + 2 * US, 0);
	hki_node_pace_answered(&t.pace, t.now_ns + 3 * US, 0); /* nobody asked */
	ask(&t, 30, 80, 30);
	assert_int_equal(0, t.awake);
}

static void without_a_limit_it_always_sleeps(void **state)
{
	talk t = talk_new();

	(void) state;
	t.pace.limit_ns = 0;
	ask(&t, 5000, 80, 30);
	assert_int_equal(0, t.awake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_answers_are_no_talk),
		cmocka_unit_test(staying_awake_is_chosen_where_it_is_quicker),
		cmocka_unit_test(sleep_is_chosen_where_it_is_not_clearly_slower),
		cmocka_unit_test(a_machine_that_becomes_busy_is_noticed),
		cmocka_unit_test(a_processor_that_others_want_is_left_to_them),
		cmocka_unit_test(a_slow_answer_ends_the_talk),
		cmocka_unit_test(questions_without_answers_are_no_talk),
		cmocka_unit_test(without_a_limit_it_always_sleeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
