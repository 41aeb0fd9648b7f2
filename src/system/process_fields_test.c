/* The table shows what was asked for, whatever it costs, and nothing else. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>
#include "system/process_table.h"
#include "system/process_test_child.h"

static const hk_system_process *row_of(hk_system_processes *table, pid_t pid)
{
	const hk_system_process *row = hk_system_processes_find(table, pid);

	assert_non_null(row);
	return row;
}

static bool shows(const hk_system_process *row, hk_system_process_field field)
{
	return hk_record_has(&row->record, field);
}

static void only_what_was_asked_for_shows(void **state)
{
	static const char *const fields[] = { "read_bytes", "uid", NULL };

	(void) state;
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], fields);
		const hk_system_process *row;

		if (table == NULL)
			continue;
		test_sample(table);
		row = row_of(table, getpid());
		assert_true(shows(row, HK_SYSTEM_PROCESS_NAME));
		assert_true(shows(row, HK_SYSTEM_PROCESS_VIRTUAL));
		assert_true(shows(row, HK_SYSTEM_PROCESS_READ_BYTES));
		assert_true(shows(row, HK_SYSTEM_PROCESS_UID));
		assert_false(shows(row, HK_SYSTEM_PROCESS_GID));
		assert_false(shows(row, HK_SYSTEM_PROCESS_GROUP));
		assert_false(shows(row, HK_SYSTEM_PROCESS_COMMAND));
		assert_false(shows(row, HK_SYSTEM_PROCESS_STALE));
		hk_system_processes_close(table);
	}
}

static void another_wish_is_granted_by_the_next_sample(void **state)
{
	hk_system_process_fields fields = { { 0 } };

	(void) state;
	hk_system_process_fields_add(&fields, HK_SYSTEM_PROCESS_DATA);
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], NULL);
		const hk_system_process *row;
		pid_t idle = table == NULL ? 0 : test_child(NULL, NULL);

		if (table == NULL)
			continue;
		test_sample(table);
		test_sample(table);
		assert_true(shows(row_of(table, idle), HK_SYSTEM_PROCESS_GROUP));
		hk_system_processes_want(table, &fields);
		test_sample(table);
		row = row_of(table, idle);
		assert_true(shows(row, HK_SYSTEM_PROCESS_DATA));
		assert_true(row->data_bytes > 0);
		assert_true(shows(row, HK_SYSTEM_PROCESS_NAME));
		assert_false(shows(row, HK_SYSTEM_PROCESS_GROUP));
		test_child_end(idle);
		hk_system_processes_close(table);
	}
}

static void fields_have_names(void **state)
{
	hk_system_process_fields fields = { { 0 } };
	hk_system_process_fields all = hk_system_process_fields_all();

	(void) state;
	assert_int_equal(-ENOENT, hk_system_process_fields_add_name(&fields, "nothing"));
	assert_int_equal(0, fields.bits[0] | fields.bits[1]);
	assert_int_equal(0, hk_system_process_fields_add_name(&fields, "pid"));
	assert_int_equal(1, fields.bits[0]);
	for (unsigned int i = 0; i < HK_SYSTEM_PROCESS_FIELD_COUNT; i++)
		assert_true((all.bits[i / 64] >> (i % 64) & 1) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_was_asked_for_shows),
		cmocka_unit_test(another_wish_is_granted_by_the_next_sample),
		cmocka_unit_test(fields_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
