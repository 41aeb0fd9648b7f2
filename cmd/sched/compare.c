/*
 * `hostkit sched compare`: a run and the simulation of it, side by side.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "../exit.h"
#include "../output/fail.h"
#include "../output/screen.h"
#include "../output/table.h"
#include "../output/text.h"
#include "../verbs.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "chart.h"
#include "run.h"

#define NAME_COLUMNS 12
#define WIDTH_LEAST  40
#define WIDTH_PLAIN  80
/* More would be no chart any more. */
#define TASKS_MAX 20

/* "ID          predicted " and the line of the chart. */
static int append_line(hki_buffer *out, const char *id, const char *what,
    const hk_sched_result *result, size_t row, int64_t until, unsigned int width)
{
	size_t begin = out->length;
	size_t fit;
	int r = cmd_text_append_clean(out, id, strlen(id));

	if (r < 0)
		return r;
	fit = cmd_text_fit(out->data + begin, out->length - begin, NAME_COLUMNS);
	hki_buffer_truncate(out, begin + fit);
	fit = cmd_text_width(out->data + begin, fit);
	r = cmd_text_append_spaces(out, NAME_COLUMNS + 1 - fit);
	if (r == 0)
		r = hki_buffer_append_format(out, "%-9s ", what);
	if (r == 0)
		r = cmd_sched_chart_line(out, result, row, until, width);
	return r == 0 ? hki_buffer_append_char(out, '\n') : r;
}

static int append_chart(hki_buffer *out, const hk_sched_comparison *comparison,
    double until_ms, unsigned int width)
{
	const hk_sched_result *measured = hk_sched_comparison_measured(comparison);
	const hk_sched_result *predicted = hk_sched_comparison_predicted(comparison);
	int64_t until = (int64_t) (until_ms * 1e6);
	size_t count = hk_sched_result_count(predicted);
	int r = 0;

	/* The simulator lists tasks by arrival, the measured are as in the file. */
	for (size_t i = 0; i < count && i < TASKS_MAX && r == 0; i++) {
		size_t task = (size_t) hk_sched_result_task(predicted, i);
		const char *id = hk_sched_comparison_get(comparison, task)->id;

		r = append_line(out, id, "predicted", predicted, i, until, width);
		if (r == 0)
			r = append_line(
			    out, "", "measured", measured, task, until, width);
	}
	if (r == 0 && count > TASKS_MAX)
		r = hki_buffer_append_format(
		    out, "… and %zu more tasks\n", count - TASKS_MAX);
	return r;
}

static void print_charts(const sched_execution *run)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	const hk_sched_comparison_summary *sum =
	    hk_sched_comparison_get_summary(run->comparison);
	unsigned int width = cmd_screen_width(stdout);
	double until_ms = sum->measured_makespan_ms > sum->predicted_makespan_ms
			      ? sum->measured_makespan_ms
			      : sum->predicted_makespan_ms;

	if (width < WIDTH_LEAST)
		width = WIDTH_PLAIN;
	width -= NAME_COLUMNS + 1 + 10;
	if (append_chart(&text, run->comparison, until_ms, width) < 0)
		return;
	printf(
	    "\n0 to %.1f ms: # runs, + runs in part, . waits\n%s\n", until_ms, text.data);
}

static int print_differences(const sched_execution *run)
{
	size_t count = hk_sched_comparison_count(run->comparison);
	cmd_table_opts opts = { .columns = "id,cpu_ms,predicted_turnaround_ms,"
					   "measured_turnaround_ms,difference_percent" };

	return cmd_table_print(&run->call->output, stdout, &opts,
	    &hk_sched_difference_type, hk_sched_comparison_get(run->comparison, 0),
	    count);
}

static int print(const sched_execution *run)
{
	int status = print_differences(run);

	if (status != 0)
		return status;
	print_charts(run);
	sched_run_print_verdict(run);
	sched_run_print_means(run);
	return cmd_close_stdout(&run->call->output, CMD_EXIT_OK);
}

/* A run that failed in part answers nothing; one in another order answers no. */
static int verdict(const sched_execution *run)
{
	int status = sched_run_status(run);

	if (status != CMD_EXIT_OK)
		return status;
	return hk_sched_comparison_get_summary(run->comparison)->same_order ? CMD_EXIT_OK
									    : CMD_EXIT_NO;
}

static int tell(const sched_execution *run)
{
	int status;

	if (run->comparison == NULL)
		return cmd_fail(&run->call->output, CMD_EXIT_FAILED, 0,
		    "hostkit sched run says why", "no task ran");
	status = run->call->output.json
		     ? sched_run_print_document(run, "hostkit.sched.compare/1")
		     : print(run);
	return status == CMD_EXIT_OK ? verdict(run) : status;
}

static int compare(const cmd_call *call)
{
	hk_sched_workload *workload = NULL;
	sched_execution run = { .loop = NULL };
	int status = sched_run_read_opts(&run.opts, call);

	if (status != 0)
		return status;
	status = sched_run_read_workload(&workload, call);
	if (status == 0)
		status = sched_run_execute(&run, call, workload);
	if (status == 0)
		status = sched_run_write_gantt(&run);
	if (status == 0)
		status = tell(&run);
	sched_run_deinit(&run);
	hk_sched_workload_free(workload);
	return status;
}

static const cmd_option options[] = {
	SCHED_RUN_OPTIONS,
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit sched compare jobs.json --policy rr --quantum 5ms",
	    "both charts, and how far the turnaround of each task is off" },
	{ "hostkit sched compare jobs.json --json", "the same for programs" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "the tasks ended in the order predicted" },
	{ "1", "they ended in another order" },
	{ "2", "the command line is wrong" },
	{ "4", "there is no such file" },
	{ "6", "the file may not be read" },
	{ "7", "the tasks are not described correctly, or cannot be run" },
	{ "8", "some tasks failed" },
	{ "9", "none ended well, or it failed otherwise" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_sched_compare = {
	.name = "sched compare",
	.group = CMD_GROUP_WORK,
	.arguments = "[FILE]",
	.help = "run tasks, simulate them, and show the difference",
	.description =
	    "Runs the tasks as `hostkit sched run` does, then simulates the same policy "
	    "with the CPU times they really had. What is left between the two is what "
	    "scheduling real programs costs: freezing, starting, and the other load of "
	    "the machine, which is shown taken off as well.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.complete = CMD_COMPLETE_FILE,
	.operands_max = 1,
	.run = compare,
};
