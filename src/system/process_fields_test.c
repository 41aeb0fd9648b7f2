/* The table shows what was asked for, whatever it costs, and nothing else. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <cmocka.h>
#include "system/process_table.h"
#include "system/process_test_child.h"

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
		row = test_row(table, getpid());
		assert_true(test_shows(row, HK_SYSTEM_PROCESS_NAME));
		assert_true(test_shows(row, HK_SYSTEM_PROCESS_VIRTUAL));
		assert_true(test_shows(row, HK_SYSTEM_PROCESS_READ_BYTES));
		assert_true(test_shows(row, HK_SYSTEM_PROCESS_UID));
		assert_false(test_shows(row, HK_SYSTEM_PROCESS_GID));
		assert_false(test_shows(row, HK_SYSTEM_PROCESS_GROUP));
		assert_false(test_shows(row, HK_SYSTEM_PROCESS_COMMAND));
		assert_false(test_shows(row, HK_SYSTEM_PROCESS_STALE));
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
		assert_true(test_shows(test_row(table, idle), HK_SYSTEM_PROCESS_GROUP));
		hk_system_processes_want(table, &fields);
		test_sample(table);
		row = test_row(table, idle);
		assert_true(test_shows(row, HK_SYSTEM_PROCESS_DATA));
		assert_true(row->data_bytes > 0);
		assert_true(test_shows(row, HK_SYSTEM_PROCESS_NAME));
		assert_false(test_shows(row, HK_SYSTEM_PROCESS_GROUP));
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

static void take_other_ids(void *user)
{
	(void) user;
	if (setresgid(11, 12, 13) < 0 || setresuid(21, 22, 23) < 0)
		_exit(1);
	/* Another user's process forgets whom to die with. */
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void users_and_groups_of_each_kind_are_told_apart(void **state)
{
	static const char *const fields[] = { "uid", "effective_uid", "saved_uid",
		"filesystem_uid", "gid", "effective_gid", "saved_gid", "filesystem_gid",
		NULL };
	pid_t child = test_child(take_other_ids, NULL);

	(void) state;
	if (child < 0) {
		print_message("nobody else can be become here\n");
		skip();
	}
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], fields);
		const hk_system_process *row;

		if (table == NULL)
			continue;
		/* A first look and a later one read them in different ways. */
		for (int look = 0; look < 2; look++) {
			test_sample(table);
			row = test_row(table, child);
			assert_true(test_shows(row, HK_SYSTEM_PROCESS_FILESYSTEM_GID));
			assert_int_equal(21, row->uid);
			assert_int_equal(22, row->effective_uid);
			assert_int_equal(23, row->saved_uid);
			assert_int_equal(22, row->filesystem_uid);
			assert_int_equal(11, row->gid);
			assert_int_equal(12, row->effective_gid);
			assert_int_equal(13, row->saved_gid);
			assert_int_equal(12, row->filesystem_gid);
			hk_system_processes_want(table, &table->fields);
		}
		hk_system_processes_close(table);
	}
	test_child_end(child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_was_asked_for_shows),
		cmocka_unit_test(another_wish_is_granted_by_the_next_sample),
		cmocka_unit_test(fields_have_names),
		cmocka_unit_test(users_and_groups_of_each_kind_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
