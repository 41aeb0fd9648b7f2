#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/array.h"
#include "base/torture.h"
#include "service/order.h"

static const hk_service_dependency on_db[] = { { "db", HK_SERVICE_HEALTHY, 0 } };
static const hk_service_dependency on_api_and_db[] = { { "api", HK_SERVICE_STARTED, 0 },
	{ "db", HK_SERVICE_STARTED, 0 } };

static const hki_order_node shop[] = {
	{ "web", on_api_and_db, 2 },
	{ "api", on_db, 1 },
	{ "log", NULL, 0 },
	{ "db", NULL, 0 },
};

static void dependencies_come_first_and_the_rest_keeps_its_order(void **unused)
{
	const char *const expected[] = { "db", "api", "web", "log" };
	hki_order *order = NULL;

	(void) unused;
	assert_int_equal(hki_order_new(&order, shop, HKI_COUNT(shop), NULL), 0);
	for (size_t i = 0; i < HKI_COUNT(shop); i++)
		assert_string_equal(shop[hki_order_at(order, i)].name, expected[i]);
	assert_int_equal(hki_order_dependency(order, 0, 0), 1);
	assert_int_equal(hki_order_dependency(order, 0, 1), 3);
	hki_order_free(order);
}

static void naming_one_service_means_all_it_depends_on(void **unused)
{
	bool marked[] = { false, true, false, false };
	hki_order *order = NULL;

	(void) unused;
	assert_int_equal(hki_order_new(&order, shop, HKI_COUNT(shop), NULL), 0);
	hki_order_close(order, marked);
	assert_false(marked[0]);
	assert_true(marked[1]);
	assert_false(marked[2]);
	assert_true(marked[3]);
	hki_order_free(order);
}

static void a_cycle_is_spelled_out(void **unused)
{
	const hk_service_dependency on_a[] = { { "a", HK_SERVICE_STARTED, 0 } };
	const hk_service_dependency on_b[] = { { "b", HK_SERVICE_STARTED, 0 } };
	const hk_service_dependency on_c[] = { { "c", HK_SERVICE_STARTED, 0 } };
	const hki_order_node ring[] = { { "entry", on_a, 1 }, { "a", on_b, 1 },
		{ "b", on_c, 1 }, { "c", on_a, 1 } };
	hk_error_list *errors = NULL;
	hki_order *order = NULL;

	(void) unused;
	assert_int_equal(hk_error_list_new(&errors), 0);
	assert_int_equal(hki_order_new(&order, ring, HKI_COUNT(ring), errors), -ELOOP);
	assert_null(order);
	assert_int_equal(hk_error_list_count(errors), 1);
	assert_non_null(strstr(hk_error_list_get(errors, 0)->text, "a -> b -> c -> a"));
	assert_null(strstr(hk_error_list_get(errors, 0)->text, "entry"));
	hk_error_list_free(errors);
}

static void a_service_may_not_depend_on_itself(void **unused)
{
	const hk_service_dependency on_me[] = { { "me", HK_SERVICE_STARTED, 0 } };
	const hki_order_node alone[] = { { "me", on_me, 1 } };
	hki_order *order = NULL;

	(void) unused;
	assert_int_equal(hki_order_new(&order, alone, 1, NULL), -ELOOP);
}

static void every_unknown_name_is_reported(void **unused)
{
	const hk_service_dependency on_ghosts[] = { { "ghost", HK_SERVICE_STARTED, 0 },
		{ "phantom", HK_SERVICE_STARTED, 0 } };
	const hki_order_node nodes[] = { { "a", on_ghosts, 2 } };
	hk_error_list *errors = NULL;
	hki_order *order = NULL;

	(void) unused;
	assert_int_equal(hk_error_list_new(&errors), 0);
	assert_int_equal(hki_order_new(&order, nodes, 1, errors), -ENOENT);
	assert_int_equal(hk_error_list_count(errors), 2);
	assert_non_null(strstr(hk_error_list_get(errors, 1)->text, "phantom"));
	hk_error_list_free(errors);
}

static void a_chain_of_ten_thousand_is_no_problem(void **unused)
{
	enum { COUNT = 10000 };
	static char names[COUNT][8];
	static hk_service_dependency links[COUNT];
	static hki_order_node nodes[COUNT];
	hki_order *order = NULL;

	(void) unused;
	for (int i = 0; i < COUNT; i++) {
		(void) snprintf(names[i], sizeof(names[i]), "s%d", i);
		nodes[i].name = names[i];
		links[i].service = names[i + 1 < COUNT ? i + 1 : i];
		nodes[i].dependencies = &links[i];
		nodes[i].dependency_count = i + 1 < COUNT;
	}
	assert_int_equal(hki_order_new(&order, nodes, COUNT, NULL), 0);
	assert_int_equal(hki_order_at(order, 0), COUNT - 1);
	assert_int_equal(hki_order_at(order, COUNT - 1), 0);
	hki_order_free(order);
}

static void no_services_is_an_order_too(void **unused)
{
	hki_order *order = NULL;

	(void) unused;
	assert_int_equal(hki_order_new(&order, NULL, 0, NULL), 0);
	hki_order_free(order);
}

static int order_once(void *unused)
{
	hki_order *order = NULL;
	int r = hki_order_new(&order, shop, HKI_COUNT(shop), NULL);

	(void) unused;
	hki_order_free(order);
	return r;
}

static void running_out_of_memory_leaks_nothing(void **unused)
{
	(void) unused;
	assert_true(hki_torture(order_once, NULL) >= 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dependencies_come_first_and_the_rest_keeps_its_order),
		cmocka_unit_test(naming_one_service_means_all_it_depends_on),
		cmocka_unit_test(a_cycle_is_spelled_out),
		cmocka_unit_test(a_service_may_not_depend_on_itself),
		cmocka_unit_test(every_unknown_name_is_reported),
		cmocka_unit_test(a_chain_of_ten_thousand_is_no_problem),
		cmocka_unit_test(no_services_is_an_order_too),
		cmocka_unit_test(running_out_of_memory_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
