#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include "process/probe_test.h"

/* Lists of a loop's processes, and finding one. */

static void the_registry_lists_what_lives_and_what_failed(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = fixture_opts(COMMAND("sleep", "100"));
	hk_process_list *list;
	const hk_process_info *info;
	hk_process *second;
	hk_process *none;

	opts.name = "first";
	(void) fixture_start(f, &opts);
	opts.argv = COMMAND("/bin/sh", "-c", "exit 2");
	opts.name = NULL;
	assert_int_equal(0, hk_process_spawn(&second, f->loop, &opts, NULL));
	opts.argv = COMMAND("no-such-program", "argument");
	assert_int_equal(-ENOENT, hk_process_spawn(&none, f->loop, &opts, NULL));
	while (hk_process_get_exit(second) == NULL)
		assert_int_equal(1, hk_loop_run_once(f->loop, -1));

	assert_int_equal(0, hk_process_list_new(&list, f->loop));
	assert_int_equal(3, hk_process_list_count(list));
	info = hk_process_list_get(list, 0);
	assert_string_equal("first", info->name);
	assert_int_equal(HK_PROCESS_RUNNING, info->state);
	assert_int_equal(hk_process_pid(f->process), info->pid);
	assert_int_equal(2, info->command.count);
	assert_string_equal("100", info->command.items[1]);
	assert_true(info->start_time_s > 1.6e9);
	info = hk_process_list_get(list, 1);
	assert_string_equal("sh", info->name);
	assert_int_equal(HK_PROCESS_EXITED, info->state);
	assert_int_equal(2, info->exit_code);
	assert_true(info->end_time_s >= info->start_time_s);
	info = hk_process_list_get(list, 2);
	assert_int_equal(HK_PROCESS_FAILED, info->state);
	assert_string_equal("no-such-program", info->name);
	assert_string_equal("exec: no such file or directory", info->error);
	assert_null(hk_process_list_get(list, 3));
	hk_process_free(second); /* the list is a copy */
	assert_string_equal("sh", hk_process_list_get(list, 1)->name);
	hk_process_list_free(list);
}

static void only_the_last_failures_are_kept(void **state)
{
	fixture *f = *state;
	hk_process_opts opts = fixture_opts(COMMAND("no-such-program"));
	hk_process_list *list;
	hk_process *none;
	char name[16];

	opts.name = name;
	for (int i = 0; i < 40; i++) {
		(void) snprintf(name, sizeof(name), "number %d", i);
		assert_int_equal(-ENOENT, hk_process_spawn(&none, f->loop, &opts, NULL));
	}
	assert_int_equal(0, hk_process_list_new(&list, f->loop));
	assert_int_equal(32, hk_process_list_count(list));
	assert_string_equal("number 8", hk_process_list_get(list, 0)->name);
	assert_string_equal("number 39", hk_process_list_get(list, 31)->name);
	hk_process_list_free(list);
}

static void a_process_is_found_by_id_until_it_ends(void **state)
{
	fixture *f = *state;
	pid_t pid;

	assert_null(hk_process_find(f->loop, 1));
	pid = hk_process_pid(fixture_start_command(f, COMMAND("true")));
	assert_ptr_equal(f->process, hk_process_find(f->loop, pid));
	assert_int_equal(0, hk_loop_run(f->loop));
	assert_null(hk_process_find(f->loop, pid));
}

static void records_are_named_by_their_table(void **state)
{
	fixture *f = *state;
	hk_process_list *list;
	char text[64];
	int index = hk_record_find(&hk_process_info_type, "state");

	(void) fixture_start_command(f, COMMAND("sleep", "100"));
	assert_int_equal(0, hk_process_list_new(&list, f->loop));
	assert_true(index >= 0);
	(void) hk_record_format(text, sizeof(text), &hk_process_info_type,
	    hk_process_list_get(list, 0), (unsigned int) index);
	assert_string_equal("running", text);
	hk_process_list_free(list);
}

#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(the_registry_lists_what_lives_and_what_failed),
		TEST(only_the_last_failures_are_kept),
		TEST(a_process_is_found_by_id_until_it_ends),
		TEST(records_are_named_by_their_table),
	};

	probe_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
