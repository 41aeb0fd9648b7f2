#include "rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/torture.h"

enum { FAMILY = 6 };

/* A machine made up: 1 has 10 and 20, 10 has 11 and 12; 5 is of the kernel. */
typedef struct test_machine {
	hk_system_process processes[FAMILY];
	const hk_system_process *rows[FAMILY];
	bool exited[FAMILY];
	top_moment moment;
} test_machine;

static void put(
    test_machine *machine, size_t i, int pid, int ppid, const char *name, double cpu)
{
	hk_system_process *process = &machine->processes[i];

	process->pid = pid;
	process->ppid = ppid;
	process->name = name;
	process->cpu_percent = cpu;
	process->start_ticks = 100 + (uint64_t) pid;
	hk_record_set(&process->record, HK_SYSTEM_PROCESS_PID);
	hk_record_set(&process->record, HK_SYSTEM_PROCESS_PPID);
	hk_record_set(&process->record, HK_SYSTEM_PROCESS_NAME);
	if (cpu >= 0)
		hk_record_set(&process->record, HK_SYSTEM_PROCESS_CPU_PERCENT);
	machine->rows[i] = process;
}

static test_machine *make(test_machine *machine)
{
	memset(machine, 0, sizeof(*machine));
	put(machine, 0, 1, 0, "init", 1);
	put(machine, 1, 5, 2, "kworker", 50);
	put(machine, 2, 10, 1, "shell", 3);
	put(machine, 3, 11, 10, "Build", 90);
	put(machine, 4, 12, 10, "edit", -1);
	put(machine, 5, 20, 1, "serve", 7);
	machine->processes[1].kernel = true;
	machine->moment.processes = machine->rows;
	machine->moment.exited = machine->exited;
	machine->moment.count = FAMILY;
	return machine;
}

static const top_order by_cpu = { .field = HK_SYSTEM_PROCESS_CPU_PERCENT,
	.descending = true };

static void are(const top_rows *rows, const int *pids, size_t count)
{
	assert_int_equal(count, rows->count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(pids[i], rows->items[i].process->pid);
}

#define ARE(rows, ...)                                                                   \
	are(rows, (const int[]){ __VA_ARGS__ },                                          \
	    sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

static void the_busiest_is_first_and_what_was_not_measured_last(void **state)
{
	test_machine machine;
	top_rows rows = { 0 };
	top_order order = by_cpu;

	(void) state;
	assert_int_equal(0, top_rows_make(&rows, &make(&machine)->moment, &order));
	ARE(&rows, 11, 20, 10, 1, 12);
	order.descending = false;
	assert_int_equal(0, top_rows_make(&rows, &machine.moment, &order));
	ARE(&rows, 1, 10, 20, 11, 12);
	order.kernel = true;
	assert_int_equal(0, top_rows_make(&rows, &machine.moment, &order));
	ARE(&rows, 1, 10, 20, 5, 11, 12);
	assert_int_equal(FAMILY, rows.total);
	top_rows_deinit(&rows);
}

static void equal_rows_keep_the_order_of_their_ids(void **state)
{
	test_machine machine;
	top_rows rows = { 0 };

	(void) state;
	make(&machine);
	for (size_t i = 0; i < FAMILY; i++)
		machine.processes[i].cpu_percent = 4;
	hk_record_set(&machine.processes[4].record, HK_SYSTEM_PROCESS_CPU_PERCENT);
	assert_int_equal(0, top_rows_make(&rows, &machine.moment, &by_cpu));
	ARE(&rows, 1, 10, 11, 12, 20);
	top_rows_deinit(&rows);
}

static void a_tree_puts_children_below_parents_in_the_chosen_order(void **state)
{
	test_machine machine;
	top_rows rows = { 0 };
	top_order order = by_cpu;

	(void) state;
	order.tree = true;
	assert_int_equal(0, top_rows_make(&rows, &make(&machine)->moment, &order));
	ARE(&rows, 1, 20, 10, 11, 12);
	assert_int_equal(0, rows.items[0].depth);
	assert_int_equal(1, rows.items[2].depth);
	assert_int_equal(2, rows.items[4].depth);
	assert_false(rows.items[3].last);
	assert_true(rows.items[4].last);
	top_rows_deinit(&rows);
}

static void a_line_leads_past_the_children_of_a_process_to_its_next_sibling(void **state)
{
	test_machine machine;
	top_rows rows = { 0 };
	top_order order = by_cpu;

	(void) state;
	order.tree = true;
	assert_int_equal(0, top_rows_make(&rows, &make(&machine)->moment, &order));
	ARE(&rows, 1, 20, 10, 11, 12);
	assert_int_equal(0, rows.items[4].open);
	order.descending = false;
	assert_int_equal(0, top_rows_make(&rows, &machine.moment, &order));
	ARE(&rows, 1, 10, 11, 12, 20);
	assert_int_equal(0, rows.items[1].open);
	assert_int_equal(1 << 1, rows.items[2].open);
	assert_int_equal(1 << 1, rows.items[3].open);
	assert_int_equal(0, rows.items[4].open);
	top_rows_deinit(&rows);
}

static void a_folded_process_hides_what_is_below(void **state)
{
	test_machine machine;
	top_rows rows = { 0 };
	top_order order = by_cpu;
	hki_map folded = { 0 };

	(void) state;
	make(&machine);
	assert_int_equal(
	    0, hki_map_put(&folded, top_model_key(&machine.processes[2]), &folded));
	order.tree = true;
	order.folded = &folded;
	assert_int_equal(0, top_rows_make(&rows, &machine.moment, &order));
	ARE(&rows, 1, 20, 10);
	assert_true(rows.items[2].folded);
	hki_map_deinit(&folded);
	top_rows_deinit(&rows);
}

static void a_circle_of_parents_ends(void **state)
{
	test_machine machine;
	top_rows rows = { 0 };
	top_order order = by_cpu;

	(void) state;
	make(&machine);
	machine.processes[2].ppid = 11; /* 10 below 11 below 10 */
	order.tree = true;
	assert_int_equal(0, top_rows_make(&rows, &machine.moment, &order));
	assert_in_range(rows.count, 2, FAMILY);
	top_rows_deinit(&rows);
}

static void a_filter_keeps_what_it_is_true_of(void **state)
{
	test_machine machine;
	top_rows rows = { 0 };
	top_order order = by_cpu;

	(void) state;
	assert_int_equal(0, hk_system_filter_new(&order.filter, &hk_system_process_type,
				"cpu > 2 && name != serve", NULL));
	assert_int_equal(0, top_rows_make(&rows, &make(&machine)->moment, &order));
	ARE(&rows, 11, 10);
	hk_system_filter_free(order.filter);
	top_rows_deinit(&rows);
}

static void what_has_ended_is_shown_until_it_is_hidden(void **state)
{
	test_machine machine;
	top_rows rows = { 0 };
	top_order order = by_cpu;

	(void) state;
	make(&machine);
	machine.exited[5] = true;
	assert_int_equal(0, top_rows_make(&rows, &machine.moment, &order));
	ARE(&rows, 11, 20, 10, 1, 12);
	assert_true(rows.items[1].exited);
	order.living = true;
	assert_int_equal(0, top_rows_make(&rows, &machine.moment, &order));
	ARE(&rows, 11, 10, 1, 12);
	top_rows_deinit(&rows);
}

static void searching_goes_round_in_both_directions_and_minds_no_case(void **state)
{
	test_machine machine;
	top_rows rows = { 0 };

	(void) state;
	assert_int_equal(0, top_rows_make(&rows, &make(&machine)->moment, &by_cpu));
	assert_int_equal(0, top_rows_search(&rows, "bUILD", 0, 1));
	assert_int_equal(0, top_rows_search(&rows, "build", 3, 1));
	assert_int_equal(3, top_rows_search(&rows, "init", -1, -1));
	assert_int_equal(-1, top_rows_search(&rows, "nobody", 0, 1));
	assert_int_equal(2, top_rows_find(&rows, top_model_key(&machine.processes[2])));
	assert_int_equal(-1, top_rows_find(&rows, 1));
	top_rows_deinit(&rows);
}

static int make_in_little_memory(void *user)
{
	test_machine machine;
	top_rows rows = { 0 };
	top_order order = by_cpu;
	int r;

	(void) user;
	r = top_rows_make(&rows, &make(&machine)->moment, &order);
	top_rows_deinit(&rows);
	return r;
}

static void lack_of_memory_is_told(void **state)
{
	(void) state;
	hki_torture(make_in_little_memory, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_busiest_is_first_and_what_was_not_measured_last),
		cmocka_unit_test(equal_rows_keep_the_order_of_their_ids),
		cmocka_unit_test(a_tree_puts_children_below_parents_in_the_chosen_order),
		cmocka_unit_test(
		    a_line_leads_past_the_children_of_a_process_to_its_next_sibling),
		cmocka_unit_test(a_folded_process_hides_what_is_below),
		cmocka_unit_test(a_circle_of_parents_ends),
		cmocka_unit_test(a_filter_keeps_what_it_is_true_of),
		cmocka_unit_test(what_has_ended_is_shown_until_it_is_hidden),
		cmocka_unit_test(
		    searching_goes_round_in_both_directions_and_minds_no_case),
		cmocka_unit_test(lack_of_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
