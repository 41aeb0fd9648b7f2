/*
 * A workload as people write it, in JSON, JSON Lines or CSV.  Whatever comes: no crash,
 * documented errors, a place for every mistake, and the same answer without a list to
 * tell them to.  What was read can be written and read again, and, if it is not
 * endless, simulated: all that could run has an end.
 */
#include <errno.h>
#include <hostkit/allocator.h>
#include <hostkit/error.h>
#include <hostkit/sched.h>
#include "target.h"

/* Hostile bursts under a small quantum would go on for ever. */
enum { DECISIONS_MAX = 2000, TASKS_MAX = 200 };

static void check_errors(const hk_error_list *errors, int result)
{
	const hk_error *error;

	FUZZ_MUST(hk_error_list_count(errors) > 0);
	FUZZ_MUST(result == HK_EPARSE || result == HK_ELIMIT || result == -ELOOP ||
		  result == -ENOENT);
	for (size_t i = 0; (error = hk_error_list_get(errors, i)) != NULL; i++)
		FUZZ_MUST(error->line > 0 && error->column > 0 && error->text[0] != '\0');
}

static void write_and_read(const hk_sched_workload *workload)
{
	hk_sched_workload *again = NULL;
	hk_json_writer *writer = NULL;
	const char *text;
	size_t length;

	FUZZ_MUST(hk_json_writer_new(&writer, 0) == 0);
	hk_sched_workload_write(writer, workload);
	text = hk_json_writer_text(writer, &length);
	/* Ids that are not UTF-8 are written with U+FFFD, and may then be the same. */
	if (text != NULL && hk_sched_workload_read(&again, text, length, NULL, NULL) == 0)
		FUZZ_MUST(
		    hk_sched_workload_count(again) == hk_sched_workload_count(workload));
	hk_sched_workload_free(again);
	hk_json_writer_free(writer);
}

static void simulate(const hk_sched_workload *workload, const hk_sched_policy *policy)
{
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	hk_sched_result *result;
	hk_sched_row row;
	char *chart;
	int r;

	opts.decisions_max = DECISIONS_MAX;
	opts.cpus = 2;
	opts.slices = 1;
	opts.until = 1000;
	r = hk_sched_simulate(&result, workload, policy, &opts, NULL);
	FUZZ_MUST(r == 0 || r == HK_ELIMIT || r == -ERANGE || r == -EINVAL);
	if (r < 0)
		return;
	for (size_t i = 0; hk_sched_result_row(&row, result, i) == 0; i++) {
		if (row.outcome != HK_SCHED_DONE)
			continue;
		FUZZ_MUST(row.start >= row.arrival && row.end >= row.start);
		FUZZ_MUST(row.wait >= 0 && row.held >= 0);
	}
	FUZZ_MUST(hk_sched_gantt_text(&chart, result, 80) == 0);
	hk_free(chart);
	FUZZ_MUST(hk_sched_gantt_svg(&chart, result, NULL) == 0);
	hk_free(chart);
	hk_sched_result_free(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hk_sched_workload *workload = NULL;
	hk_error_list *errors = NULL;
	const hk_sched_policy *policy;
	char *csv;
	int r;

	FUZZ_MUST(hk_error_list_new(&errors) == 0);
	r = hk_sched_workload_read(&workload, (const char *) data, size, NULL, errors);
	if (r < 0) {
		check_errors(errors, r);
		FUZZ_MUST(hk_sched_workload_read(
			      &workload, (const char *) data, size, NULL, NULL) == r);
	} else {
		FUZZ_MUST(hk_error_list_count(errors) == 0);
		write_and_read(workload);
		FUZZ_MUST(hk_sched_workload_csv(&csv, workload) == 0);
		hk_free(csv);
		for (size_t i = 0; (policy = hk_sched_policy_at(i)) != NULL; i++)
			if (hk_sched_workload_count(workload) <= TASKS_MAX)
				simulate(workload, policy);
	}
	hk_sched_workload_free(workload);
	hk_error_list_free(errors);
	return 0;
}
