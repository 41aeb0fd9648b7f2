#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "base/array.h"
#include "base/clock.h"
#include "process/probe_test.h"

/* One run at every level of trees: the same story, but for what is left behind. */

typedef struct level {
	hk_tree tree;
	const char *name;
	bool finds_escapees; /* what left the group and lost its parent */
} level;

static const level levels[] = {
	{ HK_TREE_WALK, "walk", false },
	{ HK_TREE_NONE, "none", false },
	{ HK_TREE_GROUP, "group", false },
	{ HK_TREE_KEEPER, "keeper", true },
	{ HK_TREE_CGROUP, "cgroup", true },
};

/* NULL where the level cannot be had here. */
static hk_process_result *run_at(
    const level *l, const char *const *argv, uint64_t timeout_ns)
{
	hk_process_opts process = command_opts(argv);
	hk_process_run_opts opts = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_result *result = NULL;
	int r;

	process.tree = l->tree;
	opts.process = &process;
	opts.timeout_ns = timeout_ns;
	r = hk_process_run(&result, &opts, NULL);
	if (r == -ENOTSUP)
		print_message("# %s cannot be had here\n", l->name);
	else if (r < 0)
		fail_msg("%s: %s", l->name, hk_error_name(r));
	return result;
}

static void code_and_output_do_not_depend_on_the_level(void **state)
{
	(void) state;
	for (size_t i = 0; i < HKI_COUNT(levels); i++) {
		hk_process_result *result = run_at(
		    &levels[i], COMMAND("sh", "-c", "echo out; echo err >&2; exit 3"), 0);

		if (result == NULL)
			continue;
		assert_int_equal(levels[i].tree, result->tree);
		assert_int_equal(HK_END_CODE, result->exit.end);
		assert_int_equal(3, result->exit.code);
		assert_string_equal("out\n", result->stdout_data);
		assert_string_equal("err\n", result->stderr_data);
		assert_true(result->exit.usage_known);
		hk_process_result_free(result);
	}
}

static void a_missing_program_is_an_error_at_every_level(void **state)
{
	(void) state;
	for (size_t i = 0; i < HKI_COUNT(levels); i++) {
		hk_process_opts process = command_opts(COMMAND("/no/such/program"));
		hk_process_run_opts opts = HK_PROCESS_RUN_OPTS_INIT;
		hk_process_result *result;
		hk_error_list *errors;
		int r;

		process.tree = levels[i].tree;
		opts.process = &process;
		assert_int_equal(0, hk_error_list_new(&errors));
		r = hk_process_run(&result, &opts, errors);
		if (r != -ENOTSUP) {
			assert_int_equal(-ENOENT, r);
			assert_string_equal("exec", hk_error_list_get(errors, 0)->step);
		}
		hk_error_list_free(errors);
	}
}

static void a_timeout_ends_it_at_every_level(void **state)
{
	(void) state;
	for (size_t i = 0; i < HKI_COUNT(levels); i++) {
		hk_process_result *result =
		    run_at(&levels[i], COMMAND("sleep", "100"), 50 * HKI_NS_PER_MS);

		if (result == NULL)
			continue;
		assert_true(result->timed_out);
		assert_int_equal(SIGTERM, result->exit.signal);
		hk_process_result_free(result);
	}
}

/* The last word of the text is an id; its process is ended if it still runs. */
static bool was_left_alive(const char *text)
{
	pid_t pid = (pid_t) atoi(text);
	bool alive = is_running(pid);

	assert_true(pid > 1);
	if (alive)
		(void) kill(pid, SIGKILL);
	assert_ends(pid);
	return alive;
}

static void who_escapes_is_found_where_the_level_promises_it(void **state)
{
	(void) state;
	for (size_t i = 0; i < HKI_COUNT(levels); i++) {
		/* setsid(1) forks when it leads a group, so the id comes from inside */
		hk_process_result *result = run_at(&levels[i],
		    COMMAND("sh", "-c",
			"(setsid sh -c 'echo $$; exec sleep 100' 2>&- &); sleep 0.2"),
		    0);

		if (result == NULL)
			continue;
		if (levels[i].finds_escapees) {
			assert_int_equal(1, result->leftovers);
			assert_false(was_left_alive(result->stdout_data));
			assert_false(result->stdio_detached);
		} else {
			assert_true(was_left_alive(result->stdout_data));
			assert_true(result->stdio_detached);
		}
		assert_int_equal(0, result->survivors);
		hk_process_result_free(result);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_and_output_do_not_depend_on_the_level),
		cmocka_unit_test(a_missing_program_is_an_error_at_every_level),
		cmocka_unit_test(a_timeout_ends_it_at_every_level),
		cmocka_unit_test(who_escapes_is_found_where_the_level_promises_it),
	};

	probe_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
