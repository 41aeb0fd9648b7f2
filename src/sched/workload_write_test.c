/*
 * Workloads written so that they come back, and no memory on the way.
 */
#include "sched/workload_fixture.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/allocator.h>
#include "base/torture.h"

/* ---- writing ---- */

static char *to_json(const hk_sched_workload *workload)
{
	hk_json_writer *writer;
	char *text;

	assert_int_equal(0, hk_json_writer_new(&writer, 0));
	hk_sched_workload_write(writer, workload);
	assert_int_equal(0, hk_json_writer_error(writer));
	text = strdup(hk_json_writer_text(writer, NULL));
	hk_json_writer_free(writer);
	assert_non_null(text);
	return text;
}

static void what_is_written_reads_back_the_same(void **state)
{
	static const char *const texts[] = {
		"[{\"id\": \"A\", \"burst\": 24, \"deadline\": 3, \"period\": 9, "
		"\"queue\": 1},"
		" {\"id\": \"B\", \"burst\": 7, \"io\": \"3:5\", \"depends_on\": "
		"\"A:any\","
		" \"start_after\": 4, \"tickets\": 9}]",
		"[{\"id\": \"x,y\", \"burst\": \"1.5s\", \"io\": [{\"after\": \"1ms\","
		" \"duration\": 3}], \"command\": [\"a b\"], \"environment\": {\"X\": "
		"\"1=2\"},"
		" \"working_dir\": \"/\", \"run_timeout\": 5}]",
	};

	(void) state;
	for (size_t i = 0; i < 2; i++) {
		hk_sched_workload *first = read_good(texts[i]);
		char *written = to_json(first);
		hk_sched_workload *second = read_good(written);
		char *again = to_json(second);

		assert_string_equal(written, again);
		free(written);
		free(again);
		hk_sched_workload_free(first);
		hk_sched_workload_free(second);
	}
}

static void csv_reads_back_the_same(void **state)
{
	hk_sched_workload *first =
	    read_good("[{\"id\": \" x, \\\"y\\\"\\nz\", \"burst\": 24, \"deadline\": 3},"
		      " {\"id\": \"B\", \"burst\": 7, \"io\": \"3:5 4:1\","
		      " \"tickets\": 9}]");
	hk_sched_workload *second;
	char *csv;
	char *written = to_json(first);
	char *again;

	(void) state;
	assert_int_equal(0, hk_sched_workload_csv(&csv, first));
	second = read_good(csv);
	again = to_json(second);
	assert_string_equal(written, again);
	hk_free(csv);
	free(written);
	free(again);
	hk_sched_workload_free(first);
	hk_sched_workload_free(second);
}

/* ---- no memory ---- */

static int read_and_write(void *user)
{
	hk_sched_workload *workload;
	char *csv;
	int r = read_text(&workload, user, NULL, 0);

	if (r < 0)
		return r;
	r = hk_sched_workload_csv(&csv, workload);
	hk_sched_workload_free(workload);
	if (r == 0)
		hk_free(csv);
	return r;
}

static void every_allocation_may_fail(void **state)
{
	static char json[] =
	    "{\"tasks\": [{\"burst\": 3, \"io\": \"1:2\"}, {\"burst\": \"4ms\","
	    " \"command\": [\"a\"], \"environment\": {\"A\": \"b\"},"
	    " \"depends_on\": [\"T1\"]}]}";
	static char lines[] = "{\"burst\": 3}\n{\"burst\": 4, \"depends_on\": \"T1\"}\n";
	static char csv[] = "id,burst,depends_on,command\na,3,,\nb,4,a,cc -c x\n";

	(void) state;
	assert_true(hki_torture(read_and_write, json) > 10);
	assert_true(hki_torture(read_and_write, lines) > 5);
	assert_true(hki_torture(read_and_write, csv) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_reads_back_the_same),
		cmocka_unit_test(csv_reads_back_the_same),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
