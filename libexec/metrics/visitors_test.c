/* Who has to leave when the places run out, and when whom nobody heard of does. */
#include "visitors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include "base/clock.h"

static visitor *add(visitors *all, int fd, const char *address, uint64_t now_ns)
{
	struct sockaddr_in six = { .sin_family = AF_INET };
	visitor *one = NULL;

	assert_int_equal(1, inet_pton(AF_INET, address, &six.sin_addr));
	assert_int_equal(
	    0, visitor_add(&one, all, fd, (const struct sockaddr *) &six, now_ns));
	return one;
}

static void end(visitors *all)
{
	while (all->oldest != NULL)
		visitor_remove(all, all->oldest);
	assert_int_equal(0, all->count);
}

/* Descriptor of who goes, or -1. */
static int crowded_out(visitors *all)
{
	visitor *one = visitors_crowded_out(all);

	return one != NULL ? one->fd : -1;
}

static void nobody_goes_while_there_is_room(void **state)
{
	visitors all = { .oldest = NULL };

	(void) state;
	for (int i = 0; i < VISITORS_KEPT; i++) {
		(void) add(&all, i, "127.0.0.1", 0);
		assert_int_equal(-1, crowded_out(&all));
	}
	end(&all);
}

static void the_oldest_silent_one_makes_room(void **state)
{
	visitors all = { .oldest = NULL };

	(void) state;
	for (int i = 0; i < VISITORS_KEPT; i++)
		(void) add(&all, i, "127.0.0.1", 0);
	visitor_set(all.oldest, VISITOR_ANSWERED, 1);
	for (int i = 0; i < 300; i++) {
		(void) add(&all, VISITORS_KEPT + i, "127.0.0.1", 1);
		assert_int_equal(1 + i, crowded_out(&all));
		assert_int_equal(-1, crowded_out(&all));
		assert_int_equal(VISITORS_KEPT, all.count);
	}
	end(&all);
}

/* Who fills the house from one place drives out himself, not those who came before. */
static void the_address_with_the_most_gives_way(void **state)
{
	visitors all = { .oldest = NULL };

	(void) state;
	(void) add(&all, 1000, "10.0.0.1", 0);
	(void) add(&all, 1001, "10.0.0.2", 0);
	for (int i = 0; i < VISITORS_KEPT; i++)
		(void) add(&all, i, "10.0.0.3", 1);
	assert_int_equal(0, crowded_out(&all));
	assert_int_equal(1, crowded_out(&all));
	assert_int_equal(-1, crowded_out(&all));
	end(&all);
}

static void those_who_read_go_last_and_the_newcomer_never(void **state)
{
	visitors all = { .oldest = NULL };

	(void) state;
	for (int i = 0; i < VISITORS_KEPT; i++)
		visitor_set(add(&all, i, "127.0.0.1", 0), VISITOR_ANSWERED, 0);
	(void) add(&all, 500, "127.0.0.1", 1);
	assert_int_equal(0, crowded_out(&all));
	visitor_set(all.oldest->next->next, VISITOR_RESTING, 2);
	(void) add(&all, 501, "127.0.0.1", 2);
	assert_int_equal(500, crowded_out(&all));
	(void) add(&all, 502, "127.0.0.1", 2);
	assert_int_equal(501, crowded_out(&all));
	visitor_set(all.oldest->next->next->next, VISITOR_RESTING, 2);
	end(&all);
}

static void a_deadline_counts_from_the_beginning(void **state)
{
	visitors all = { .oldest = NULL };
	visitor *silent = add(&all, 1, "127.0.0.1", 0);
	visitor *asking = add(&all, 2, "127.0.0.1", 0);

	(void) state;
	assert_int_equal(5 * HKI_NS_PER_S, visitors_wait_ns(&all, 0));
	visitor_set(asking, VISITOR_ANSWERED, HKI_NS_PER_S);
	assert_null(visitors_expired(&all, 5 * HKI_NS_PER_S - 1));
	assert_int_equal(1, visitors_wait_ns(&all, 5 * HKI_NS_PER_S - 1));
	assert_ptr_equal(silent, visitors_expired(&all, 5 * HKI_NS_PER_S));
	assert_null(visitors_expired(&all, 5 * HKI_NS_PER_S));
	assert_int_equal(26 * HKI_NS_PER_S, visitors_wait_ns(&all, 5 * HKI_NS_PER_S));
	visitor_set(asking, VISITOR_RESTING, 6 * HKI_NS_PER_S);
	assert_null(visitors_expired(&all, 80 * HKI_NS_PER_S));
	assert_ptr_equal(asking, visitors_expired(&all, 81 * HKI_NS_PER_S));
	assert_true(visitors_wait_ns(&all, 81 * HKI_NS_PER_S) == UINT64_MAX);
	visitor_set(asking, VISITOR_ANSWERED, 82 * HKI_NS_PER_S);
	assert_true(visitors_wait_ns(&all, 82 * HKI_NS_PER_S) == UINT64_MAX);
	end(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_goes_while_there_is_room),
		cmocka_unit_test(the_oldest_silent_one_makes_room),
		cmocka_unit_test(the_address_with_the_most_gives_way),
		cmocka_unit_test(those_who_read_go_last_and_the_newcomer_never),
		cmocka_unit_test(a_deadline_counts_from_the_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
