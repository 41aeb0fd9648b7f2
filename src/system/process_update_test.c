#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "base/clock.h"
#include "system/process_table.h"

#define S  HKI_NS_PER_S
#define MS HKI_NS_PER_MS

static hk_system_processes table_at(uint64_t now_ns)
{
	return (hk_system_processes){
		.now_ns = now_ns,
		.tick_ns = 10 * MS,
		.shown = hk_system_process_fields_all(),
	};
}

static bool has_cpu(const hki_row *row)
{
	return hk_record_has(&row->row.record, HK_SYSTEM_PROCESS_CPU_PERCENT);
}

static void a_rate_needs_two_samples(void **state)
{
	hk_system_processes table = table_at(10 * S);
	hki_row row = { .fresh = true };
	hki_look look = { .runtime_ns = S, .exact = true, .time_ns = 10 * S };

	(void) state;
	hki_row_look(&table, &row, &look);
	assert_false(has_cpu(&row));
	table.now_ns = 11 * S;
	look = (hki_look){ .runtime_ns = S + 250 * MS, .exact = true, .time_ns = 11 * S };
	hki_row_look(&table, &row, &look);
	assert_true(has_cpu(&row));
	assert_true(row.row.cpu_percent == 25);
}

static void a_second_look_in_a_sample_changes_no_rate(void **state)
{
	hk_system_processes table = table_at(10 * S);
	hki_row row = { .fresh = true };
	hki_look look = { .runtime_ns = S, .exact = true, .time_ns = 10 * S };

	(void) state;
	hki_row_look(&table, &row, &look);
	hki_row_rest(&table, &row, 10 * S);
	assert_false(has_cpu(&row));

	table.now_ns = 11 * S;
	look.runtime_ns += 500 * MS;
	look.time_ns = 11 * S + MS;
	hki_row_look(&table, &row, &look);
	hki_row_rest(&table, &row, 11 * S);
	look.runtime_ns += 10 * MS;
	look.time_ns += MS;
	hki_row_look(&table, &row, &look);
	if (!(row.row.cpu_percent > 49.9 && row.row.cpu_percent < 50))
		fail_msg("half a second of one is %f %%", row.row.cpu_percent);

	/* What the second look saw is counted by the next sample. */
	table.now_ns = 12 * S + MS;
	look.time_ns = 12 * S + MS;
	hki_row_look(&table, &row, &look);
	if (!(row.row.cpu_percent > 0.99 && row.row.cpu_percent < 1.01))
		fail_msg("10 ms of a second are %f %%", row.row.cpu_percent);
}

/* Ticks are all the first look knew; the second knows nanoseconds and no ticks. */
static void looks_of_two_kinds_make_a_rate(void **state)
{
	hk_system_processes table = table_at(10 * S);
	hki_row row = { .fresh = true };
	hki_look look = { .runtime_ns = S, .ticks = 100, .time_ns = 10 * S };

	(void) state;
	hki_row_look(&table, &row, &look);
	table.now_ns = 11 * S;
	look = (hki_look){ .runtime_ns = S + 300 * MS, .exact = true, .time_ns = 11 * S };
	hki_row_look(&table, &row, &look);
	if (row.row.cpu_percent != 30)
		fail_msg("300 ms of a second are %f %%", row.row.cpu_percent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_needs_two_samples),
		cmocka_unit_test(a_second_look_in_a_sample_changes_no_rate),
		cmocka_unit_test(looks_of_two_kinds_make_a_rate),
	};

	return cmocka_run_group_tests_name("system/process_update", tests, NULL, NULL);
}
