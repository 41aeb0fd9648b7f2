/*
 * Schedules as text: a table of tasks, the figures people compare, a chart.
 * Workloads of real time are shown in milliseconds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/allocator.h>
#include "../exit.h"
#include "../output/fail.h"
#include "../output/screen.h"
#include "../output/table.h"
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/quantity.h"
#include "sched.h"

/* A chart of more boxes is no longer read; --gantt draws it. */
#define CHART_SLICES_MAX 300
#define NS_PER_MS        1e6

/* ---- rows of real time, in milliseconds ---- */

typedef struct row_ms {
	hk_record record;
	const char *id;
	uint64_t release;
	int64_t priority;
	double arrival;
	double burst;
	double start;
	double end;
	double response;
	double wait;
	double turnaround;
	double io;
	double held;
	uint64_t slices;
	uint32_t cpu;
	double deadline;
	bool late;
	int32_t outcome;
} row_ms;

static const char *const outcomes[] = { "done", "failed", "cancelled", "timed_out",
	"dependency_failed", NULL };

/* In the order of hk_sched_row_type, so that a bit of one is a bit of the other. */
/* clang-format off */
#define AT(member) .offset = offsetof(row_ms, member)
#define MS(word, leaves)                                                                 \
	{ .name = #word, .kind = HK_RECORD_DOUBLE, .decimals = 3, .priority = leaves, AT(word) }
static const hk_record_field ms_fields[] = {
	{ .name = "id", .title = "TASK", .kind = HK_RECORD_STRING, AT(id) },
	{ .name = "release", .kind = HK_RECORD_UINT64, AT(release) },
	{ .name = "priority", .kind = HK_RECORD_INT64, .priority = 4, AT(priority) },
	MS(arrival, 0), MS(burst, 0), MS(start, 1), MS(end, 0), MS(response, 0),
	MS(wait, 0), MS(turnaround, 0), MS(io, 3), MS(held, 3),
	{ .name = "slices", .kind = HK_RECORD_UINT64, .priority = 5, AT(slices) },
	{ .name = "cpu", .kind = HK_RECORD_UINT32, .priority = 6, .unit = HK_UNIT_IDENTIFIER,
	    AT(cpu) },
	MS(deadline, 2),
	{ .name = "late", .kind = HK_RECORD_BOOL, .priority = 2, AT(late) },
	{ .name = "outcome", .kind = HK_RECORD_ENUM, .priority = 1, .names = outcomes,
	    AT(outcome) },
};
#undef MS
#undef AT
/* clang-format on */

static const hk_record_type ms_type = {
	.name = "sched_row_ms",
	.fields = ms_fields,
	.field_count = HKI_COUNT(ms_fields),
	.struct_size = sizeof(row_ms),
};

static void to_ms(row_ms *out, const hk_sched_row *row)
{
	*out = (row_ms){
		.record = row->record,
		.id = row->id,
		.release = row->release,
		.priority = row->priority,
		.arrival = (double) row->arrival / NS_PER_MS,
		.burst = (double) row->burst / NS_PER_MS,
		.start = (double) row->start / NS_PER_MS,
		.end = (double) row->end / NS_PER_MS,
		.response = (double) row->response / NS_PER_MS,
		.wait = (double) row->wait / NS_PER_MS,
		.turnaround = (double) row->turnaround / NS_PER_MS,
		.io = (double) row->io / NS_PER_MS,
		.held = (double) row->held / NS_PER_MS,
		.slices = row->slices,
		.cpu = row->cpu,
		.deadline = (double) row->deadline / NS_PER_MS,
		.late = row->late,
		.outcome = row->outcome,
	};
}

/* ---- which columns ---- */

/* Columns that say something here: those every task has, and those some have. */
static const char *choose_columns(char *out, size_t capacity, const sched_run *run,
    const hk_sched_row *rows, size_t count)
{
	const hk_record_type *type = &hk_sched_row_type;
	uint64_t seen = 0;
	bool differ = false;

	for (size_t i = 0; i < count; i++) {
		seen |= rows[i].record.present[0];
		differ = differ || rows[i].outcome != HK_SCHED_DONE;
	}
	out[0] = '\0';
	for (unsigned int field = 0; field < type->field_count; field++) {
		const char *name = type->fields[field].name;
		bool wanted = (seen >> field & 1) != 0;

		if (strcmp(name, "priority") == 0)
			wanted = (run->policy->uses & HK_SCHED_USES_PRIORITY) != 0;
		if (strcmp(name, "slices") == 0)
			wanted = (run->policy->uses & HK_SCHED_USES_QUANTUM) != 0;
		if (strcmp(name, "cpu") == 0)
			wanted = run->opts.cpus > 1;
		if (strcmp(name, "outcome") == 0)
			wanted = differ;
		if (!wanted)
			continue;
		if (out[0] != '\0')
			strncat(out, ",", capacity - strlen(out) - 1);
		strncat(out, name, capacity - strlen(out) - 1);
	}
	return out;
}

static int print_rows(const cmd_call *call, const sched_run *run, bool real)
{
	size_t count = hk_sched_result_count(run->result);
	hki_cleanup(hki_freep) hk_sched_row *rows =
	    hki_alloc_array(count, sizeof(rows[0]));
	hki_cleanup(hki_freep) row_ms *in_ms =
	    hki_alloc_array(real ? count : 0, sizeof(in_ms[0]));
	cmd_table_opts opts = { 0 };
	char columns[256];

	if (rows == NULL || in_ms == NULL)
		return cmd_fail(&call->output, CMD_EXIT_FAILED, -ENOMEM, NULL,
		    "cannot show %zu tasks", count);
	for (size_t i = 0; i < count; i++) {
		(void) hk_sched_result_row(&rows[i], run->result, i);
		if (real)
			to_ms(&in_ms[i], &rows[i]);
	}
	opts.columns = choose_columns(columns, sizeof(columns), run, rows, count);
	return cmd_table_print(&call->output, stdout, &opts,
	    real ? &ms_type : &hk_sched_row_type,
	    real ? (const void *) in_ms : (const void *) rows, count);
}

/* ---- one run ---- */

/* A time as people read it: ticks, or with a unit. */
static const char *format_time(char out[HKI_QUANTITY_TEXT_MAX], double ticks, bool real)
{
	if (real)
		(void) hki_duration_format(
		    out, HKI_QUANTITY_TEXT_MAX, (uint64_t) (ticks < 0 ? 0 : ticks));
	else
		(void) snprintf(out, HKI_QUANTITY_TEXT_MAX, "%.6g", ticks);
	return out;
}

static void print_title(const sched_run *run, bool real)
{
	char text[HKI_QUANTITY_TEXT_MAX];
	const hk_sched_policy_opts *opts = &run->policy_opts;

	printf("%s", run->policy->title);
	if ((run->policy->uses & HK_SCHED_USES_QUANTUM) != 0 && opts->quanta_count == 0)
		printf(", quantum %s", format_time(text, (double) opts->quantum, real));
	for (size_t i = 0; i < opts->quanta_count; i++)
		printf("%s%s", i == 0 ? ", quanta " : " ",
		    format_time(text, (double) opts->quanta[i], real));
	if ((run->policy->uses & HK_SCHED_USES_PRIORITY) != 0)
		printf(", %s numbers first", run->opts.low_first != 0 ? "low" : "high");
	if ((run->policy->uses & HK_SCHED_USES_QUANTUM) != 0)
		printf(", ties to the %s",
		    run->opts.tie == HK_SCHED_TIE_PREEMPTED ? "preempted" : "newcomer");
	if (run->opts.cpus > 1)
		printf(", %u cpus", run->opts.cpus);
	if (run->opts.switch_cost > 0)
		printf(", switch cost %s",
		    format_time(text, (double) run->opts.switch_cost, real));
	printf("\n");
}

static void print_measure(
    const char *name, double average, const int64_t ranks[4], bool real)
{
	char text[5][HKI_QUANTITY_TEXT_MAX];

	printf("%-11s average %s, half within %s, 90 %% %s, 99 %% %s, longest %s\n", name,
	    format_time(text[0], average, real),
	    format_time(text[1], (double) ranks[0], real),
	    format_time(text[2], (double) ranks[1], real),
	    format_time(text[3], (double) ranks[2], real),
	    format_time(text[4], (double) ranks[3], real));
}

static void print_figures(const hk_sched_statistics *of, bool real)
{
	char span[HKI_QUANTITY_TEXT_MAX];
	int field = hk_record_find(&hk_sched_statistics_type, "wait_average");

	if (!hk_record_has(&of->record, (unsigned int) field)) {
		printf("nothing ran\n");
		return;
	}
	print_measure("response", of->response_average,
	    (const int64_t[]){
		of->response_p50, of->response_p90, of->response_p99, of->response_max },
	    real);
	print_measure("wait", of->wait_average,
	    (const int64_t[]){ of->wait_p50, of->wait_p90, of->wait_p99, of->wait_max },
	    real);
	print_measure("turnaround", of->turnaround_average,
	    (const int64_t[]){ of->turnaround_p50, of->turnaround_p90, of->turnaround_p99,
		of->turnaround_max },
	    real);
	printf("makespan %s, utilisation %.4g %%, fairness %.3f, %" PRIu64
	       " switch%s, %" PRIu64 " preemption%s",
	    format_time(span, (double) of->makespan, real), of->utilisation_percent,
	    of->fairness, of->switches, of->switches == 1 ? "" : "es", of->preemptions,
	    of->preemptions == 1 ? "" : "s");
	if (of->overhead_percent > 0)
		printf(", %.3g %% switching", of->overhead_percent);
	if (of->late > 0)
		printf(", %" PRIu64 " late", of->late);
	printf("\n");
}

/* What theory says beforehand, where policies promise to keep deadlines. */
static void print_admission(const hk_sched_workload *workload, const sched_run *run)
{
	hk_sched_admission of;

	if ((run->policy->uses & HK_SCHED_USES_PERIOD) == 0 ||
	    hk_sched_admit(&of, NULL, workload) < 0)
		return;
	printf("utilisation %.4g of one CPU\n"
	       "all deadlines kept? rate-monotonic, by the bound %.4g: %s, by the\n"
	       "hyperbolic bound: %s, by response times: %s; EDF: %s\n",
	    of.utilisation, of.liu_layland_bound, of.liu_layland ? "yes" : "unknown",
	    of.hyperbolic ? "yes" : "unknown", of.rate_monotonic ? "yes" : "no",
	    of.edf ? "yes" : "unknown");
}

static int print_chart(const cmd_call *call, const sched_run *run)
{
	unsigned int width = cmd_screen_width(stdout);
	size_t count;
	char *chart;
	int r;

	(void) hk_sched_result_slices(run->result, &count);
	if (count == 0)
		return CMD_EXIT_OK;
	if (count > CHART_SLICES_MAX) {
		printf("\nno chart of %zu slices; --gantt FILE.svg draws it\n", count);
		return CMD_EXIT_OK;
	}
	/* Where there is no screen, as on one of the usual width. */
	r = hk_sched_gantt_text(&chart, run->result, width < 40 ? 80 : width);
	if (r < 0)
		return cmd_fail(
		    &call->output, CMD_EXIT_FAILED, r, NULL, "cannot draw the chart");
	printf("\n%s", chart);
	hk_free(chart);
	return CMD_EXIT_OK;
}

int sched_show_run(const cmd_call *call, const hk_sched_workload *workload,
    const sched_run *run, bool chart)
{
	bool real = hk_sched_workload_tick_ns(workload) == 1;
	int status;

	print_title(run, real);
	if (real)
		printf("times in ms\n");
	printf("\n");
	if (hk_sched_result_count(run->result) > 0) {
		status = print_rows(call, run, real);
		if (status != CMD_EXIT_OK)
			return status;
		printf("\n");
	}
	print_figures(hk_sched_result_statistics(run->result), real);
	print_admission(workload, run);
	return chart ? print_chart(call, run) : CMD_EXIT_OK;
}

/* ---- several runs ---- */

typedef struct comparison {
	hk_record record;
	const char *policy;
	double response;
	double wait;
	double turnaround;
	double wait_max;
	double makespan;
	double utilisation;
	double fairness;
	uint64_t switches;
	uint64_t late;
} comparison;

/* clang-format off */
#define AT(member) .offset = offsetof(comparison, member)
#define FIGURE(word, column, digits, leaves)                                             \
	{ .name = #word, .title = column, .kind = HK_RECORD_DOUBLE, .decimals = digits,  \
	    .priority = leaves, AT(word) }
static const hk_record_field comparison_fields[] = {
	{ .name = "policy", .kind = HK_RECORD_STRING, AT(policy) },
	FIGURE(response, NULL, 3, 0),
	FIGURE(wait, NULL, 3, 0),
	FIGURE(turnaround, NULL, 3, 0),
	FIGURE(wait_max, "LONGEST WAIT", 0, 2),
	FIGURE(makespan, NULL, 0, 1),
	FIGURE(fairness, NULL, 3, 2),
	{ .name = "utilisation", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_PERCENT,
	    .decimals = 2, .priority = 3, AT(utilisation) },
	{ .name = "switches", .kind = HK_RECORD_UINT64, .priority = 1, AT(switches) },
	{ .name = "late", .kind = HK_RECORD_UINT64, .priority = 1, AT(late) },
};
#undef FIGURE
#undef AT
/* clang-format on */

static const hk_record_type comparison_type = {
	.name = "sched_comparison",
	.fields = comparison_fields,
	.field_count = HKI_COUNT(comparison_fields),
	.struct_size = sizeof(comparison),
};

static void compare(comparison *out, const sched_run *run, double unit)
{
	const hk_sched_statistics *of = hk_sched_result_statistics(run->result);
	int late = hk_record_find(&hk_sched_statistics_type, "late");

	*out = (comparison){
		.policy = run->policy->name,
		.response = of->response_average / unit,
		.wait = of->wait_average / unit,
		.turnaround = of->turnaround_average / unit,
		.wait_max = (double) of->wait_max / unit,
		.makespan = (double) of->makespan / unit,
		.utilisation = of->utilisation_percent,
		.fairness = of->fairness,
		.switches = of->switches,
		.late = of->late,
	};
	for (unsigned int field = 0; field < HKI_COUNT(comparison_fields); field++)
		hk_record_set(&out->record, field);
	if (!hk_record_has(&of->record, (unsigned int) late))
		hk_record_clear(&out->record, HKI_COUNT(comparison_fields) - 1);
}

int sched_show_comparison(const cmd_call *call, const hk_sched_workload *workload,
    const sched_run *runs, size_t count)
{
	bool real = hk_sched_workload_tick_ns(workload) == 1;
	hki_cleanup(hki_freep) comparison *rows = hki_alloc_array(count, sizeof(rows[0]));
	cmd_table_opts opts = { 0 };

	if (rows == NULL)
		return cmd_fail(&call->output, CMD_EXIT_FAILED, -ENOMEM, NULL,
		    "cannot compare %zu policies", count);
	for (size_t i = 0; i < count; i++)
		compare(&rows[i], &runs[i], real ? NS_PER_MS : 1);
	if (!hk_record_has(&rows[0].record, HKI_COUNT(comparison_fields) - 1))
		opts.columns = "policy,response,wait,turnaround,wait_max,makespan,"
			       "fairness,utilisation,switches";
	printf("%zu tasks, averages%s\n\n", hk_sched_workload_count(workload),
	    real ? " in ms" : "");
	return cmd_table_print(
	    &call->output, stdout, &opts, &comparison_type, rows, count);
}
