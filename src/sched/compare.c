/*
 * Beside the simulator: the CPU times that tasks really had become bursts of a workload,
 * the executor's policy is simulated over it, and each time is set beside the measured
 * one.  Bursts announced beforehand would only show how well they were guessed.
 *
 * Where others load the machine, slots stand still for a while; that part of the clock
 * is known, and is shown taken off as well.  It is shared evenly among the slots.
 */
#include <errno.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "sched/executor_internal.h"
#include "sched/sort.h"

enum {
	FIELD_ID,
	FIELD_CPU,
	FIELD_PREDICTED_START,
	FIELD_MEASURED_START,
	FIELD_PREDICTED_WAIT,
	FIELD_MEASURED_WAIT,
	FIELD_PREDICTED_TURNAROUND,
	FIELD_MEASURED_TURNAROUND,
	FIELD_UNDISTURBED_TURNAROUND,
	FIELD_DIFFERENCE,
	FIELD_UNDISTURBED_DIFFERENCE,
	FIELD_PREDICTED_PLACE,
	FIELD_MEASURED_PLACE
};

/* clang-format off */
#define AT(member) .offset = offsetof(hk_sched_difference, member)
#define MS(key, heading, text, member) \
	{ .name = key, .title = heading, .help = text, .kind = HK_RECORD_DOUBLE, .decimals = 3, AT(member) }
#define PERCENT(key, heading, text, member) \
	{ .name = key, .title = heading, .help = text, .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_PERCENT, .decimals = 2, AT(member) }
static const hk_record_field fields[] = {
	[FIELD_ID] = { .name = "id", .kind = HK_RECORD_STRING, .help = "name of the task", AT(id) },
	[FIELD_CPU] = MS("cpu_ms", "CPU ms", "CPU time it had, which the prediction starts from", cpu_ms),
	[FIELD_PREDICTED_START] = MS("predicted_start_ms", "START PREDICTED", "its first turn, from the first arrival on", predicted_start_ms),
	[FIELD_MEASURED_START] = MS("measured_start_ms", "START MEASURED", "its first turn, from the first arrival on", measured_start_ms),
	[FIELD_PREDICTED_WAIT] = MS("predicted_wait_ms", "WAIT PREDICTED", "ready, and others had the slots", predicted_wait_ms),
	[FIELD_MEASURED_WAIT] = MS("measured_wait_ms", "WAIT MEASURED", "ready, and others had the slots", measured_wait_ms),
	[FIELD_PREDICTED_TURNAROUND] = MS("predicted_turnaround_ms", "PREDICTED ms", "from its arrival to its end", predicted_turnaround_ms),
	[FIELD_MEASURED_TURNAROUND] = MS("measured_turnaround_ms", "MEASURED ms", "from its arrival to its end", measured_turnaround_ms),
	[FIELD_UNDISTURBED_TURNAROUND] = MS("undisturbed_turnaround_ms", "UNDISTURBED ms", "measured, without the time others took from the slots", undisturbed_turnaround_ms),
	[FIELD_DIFFERENCE] = PERCENT("difference_percent", "DIFF", "of the measured turnaround", difference_percent),
	[FIELD_UNDISTURBED_DIFFERENCE] = PERCENT("undisturbed_difference_percent", "DIFF UNDISTURBED", "of the undisturbed turnaround", undisturbed_difference_percent),
	[FIELD_PREDICTED_PLACE] = { .name = "predicted_place", .title = "PLACE PREDICTED", .kind = HK_RECORD_UINT32, .help = "of its end among all, from 1", AT(predicted_place) },
	[FIELD_MEASURED_PLACE] = { .name = "measured_place", .title = "PLACE MEASURED", .kind = HK_RECORD_UINT32, .help = "of its end among all, from 1", AT(measured_place) },
};
#undef AT
#define AT(member) .offset = offsetof(hk_sched_comparison_summary, member)
static const hk_record_field summary_fields[] = {
	{ .name = "tasks", .kind = HK_RECORD_UINT64, .help = "that are compared", AT(tasks) },
	{ .name = "same_order", .kind = HK_RECORD_BOOL, .help = "they ended in the order predicted", AT(same_order) },
	MS("predicted_makespan_ms", NULL, "from the first arrival to the last end", predicted_makespan_ms),
	MS("measured_makespan_ms", NULL, "from the first arrival to the last end", measured_makespan_ms),
	MS("undisturbed_makespan_ms", NULL, "measured, without the time others took from the slots", undisturbed_makespan_ms),
	PERCENT("makespan_difference_percent", NULL, "of the measured makespan", makespan_difference_percent),
	PERCENT("undisturbed_makespan_difference_percent", NULL, "of the undisturbed makespan", undisturbed_makespan_difference_percent),
	PERCENT("worst_difference_percent", NULL, "of any turnaround, either way", worst_difference_percent),
	PERCENT("worst_undisturbed_difference_percent", NULL, "of any undisturbed turnaround, either way", worst_undisturbed_difference_percent),
	PERCENT("stolen_percent", NULL, "of the time tasks had slots, that they had no CPU", stolen_percent),
};
#undef PERCENT
#undef MS
#undef AT
/* clang-format on */

const hk_record_type hk_sched_difference_type = {
	.name = "difference",
	.fields = fields,
	.field_count = HKI_COUNT(fields),
	.struct_size = sizeof(hk_sched_difference),
};

const hk_record_type hk_sched_comparison_summary_type = {
	.name = "comparison",
	.fields = summary_fields,
	.field_count = HKI_COUNT(summary_fields),
	.struct_size = sizeof(hk_sched_comparison_summary),
};

struct hk_sched_comparison {
	hk_sched_workload *workload;
	hk_sched_result *predicted;
	hk_sched_result *measured;
	hk_sched_comparison_summary summary;
	hk_sched_difference *rows; /* in the order tasks were added */
	size_t count;
};

/* What a row is made from, on the way. */
typedef struct pair {
	const hki_task *task;
	int64_t start; /* predicted, from the first arrival on */
	int64_t end;
	int64_t wait;
} pair;

typedef struct draft {
	hk_sched_comparison *comparison;
	const hk_sched_executor *executor;
	pair *pairs; /* in the order tasks were added */
	hki_sort_entry *order;
	size_t count;
	int64_t origin_ns; /* the first arrival */
} draft;

void hk_sched_comparison_free(hk_sched_comparison *comparison)
{
	if (comparison == NULL)
		return;
	hk_sched_result_free(comparison->predicted);
	hk_sched_result_free(comparison->measured);
	hk_sched_workload_free(comparison->workload);
	hki_free(comparison->rows);
	hki_free(comparison);
}

static void comparison_freep(hk_sched_comparison **comparison)
{
	hk_sched_comparison_free(*comparison);
}

/* ---- the workload ---- */

static bool is_comparable(const hki_task *task)
{
	return task->state == HK_SCHED_ENDED && task->start_ns >= 0 &&
	       !task->compared_badly;
}

static int collect(draft *at)
{
	const hk_sched_executor *executor = at->executor;

	at->pairs = hki_alloc_array(executor->task_count, sizeof(*at->pairs));
	if (at->pairs == NULL)
		return -ENOMEM;
	at->origin_ns = INT64_MAX;
	for (const hki_list *node = executor->tasks.next; node != &executor->tasks;
	     node = node->next) {
		const hki_task *task = hki_list_entry(node, hki_task, node);

		if (!is_comparable(task))
			continue;
		if (task->arrival_ns < at->origin_ns)
			at->origin_ns = task->arrival_ns;
		at->pairs[at->count] = (pair){ .task = task };
		at->count++;
	}
	return at->count == 0 ? -ENODATA : 0;
}

/* What it waited for has ended in a way that let it run, so any end will do.  Those that
 * are not compared are left out. */
static size_t copy_dependencies(hk_sched_dependency *out, const hki_task *task)
{
	size_t count = 0;

	for (size_t i = 0; i < task->edge_count; i++)
		if (is_comparable(task->edges[i].on))
			out[count++] =
			    (hk_sched_dependency){ .id = task->edges[i].on->spec.id,
				    .condition = HK_SCHED_AFTER_ANY };
	return count;
}

/* The executor let it finish when it was near the end it had announced. */
static bool was_slackened(const hk_sched_executor *executor, const hki_task *task)
{
	return task->burst_known &&
	       llabs(task->spec.burst - (int64_t) task->cpu_ns) <= executor->slack_ns;
}

static int add_task(draft *at, const hki_task *task)
{
	hki_cleanup(hki_freep) hk_sched_dependency *dependencies =
	    hki_alloc_array(task->edge_count, sizeof(*dependencies));
	hk_sched_task spec = task->spec;
	int64_t r;

	if (dependencies == NULL)
		return -ENOMEM;
	spec.arrival = task->arrival_ns - at->origin_ns;
	spec.start_after = spec.start_after > 0 ? task->release_ns - at->origin_ns : 0;
	spec.burst = (int64_t) task->cpu_ns;
	spec.depends_on = dependencies;
	spec.depends_on_count = copy_dependencies(dependencies, task);
	spec.flags = was_slackened(at->executor, task) ? HK_SCHED_SLACK : 0;
	r = hk_sched_workload_add(at->comparison->workload, &spec);
	return r < 0 ? (int) r : 0;
}

/* ---- the prediction ---- */

static int predict(draft *at, hk_error_list *errors)
{
	const hk_sched_executor *executor = at->executor;
	hk_sched_opts opts = HK_SCHED_OPTS_INIT;
	int r = 0;

	for (size_t i = 0; i < at->count && r == 0; i++)
		r = add_task(at, at->pairs[i].task);
	if (r < 0)
		return r;
	opts.policy = &executor->policy_opts;
	opts.cpus = executor->slot_count;
	opts.low_first = executor->low_first;
	opts.slices = 1;
	opts.slack = executor->slack_ns > 0 ? executor->slack_ns : 0;
	return hk_sched_simulate(&at->comparison->predicted, at->comparison->workload,
	    executor->policy, &opts, errors);
}

static int take_prediction(draft *at)
{
	const hk_sched_result *predicted = at->comparison->predicted;

	for (size_t i = 0; i < hk_sched_result_count(predicted); i++) {
		int64_t place = hk_sched_result_task(predicted, i);
		hk_sched_row row;
		int r = hk_sched_result_row(&row, predicted, i);

		if (r < 0 || place < 0 || (size_t) place >= at->count)
			return r < 0 ? r : -EINVAL;
		at->pairs[place].start = row.start;
		at->pairs[place].end = row.end;
		at->pairs[place].wait = row.wait;
	}
	return 0;
}

/* ---- the rows ---- */

static double in_ms(int64_t ns)
{
	return (double) ns / (double) HKI_NS_PER_MS;
}

static double percent(double measured, double predicted)
{
	return predicted > 0 ? (measured - predicted) / predicted * 100 : 0;
}

/* Its share of what was stolen between two moments. */
static int64_t share(const draft *at, uint64_t from_ns, uint64_t to_ns)
{
	return (int64_t) ((to_ns - from_ns) / at->executor->slot_count);
}

static void fill_row(const draft *at, size_t index)
{
	hk_sched_difference *row = &at->comparison->rows[index];
	const pair *from = &at->pairs[index];
	const hki_task *task = from->task;
	int64_t measured_ns = task->end_ns - task->arrival_ns;
	int64_t predicted_ns = from->end - (task->arrival_ns - at->origin_ns);
	int64_t stolen_ns = share(at, task->stolen_at_arrival_ns, task->stolen_at_end_ns);

	/* The workload's id lives as long as the comparison. */
	row->id = hk_sched_workload_task(at->comparison->workload, index)->id;
	row->cpu_ms = in_ms((int64_t) task->cpu_ns);
	row->predicted_start_ms = in_ms(from->start);
	row->measured_start_ms = in_ms(task->start_ns - at->origin_ns);
	row->predicted_wait_ms = in_ms(from->wait);
	row->measured_wait_ms = in_ms(task->wait_ns);
	row->predicted_turnaround_ms = in_ms(predicted_ns);
	row->measured_turnaround_ms = in_ms(measured_ns);
	row->undisturbed_turnaround_ms = in_ms(measured_ns - stolen_ns);
	row->difference_percent =
	    percent(row->measured_turnaround_ms, row->predicted_turnaround_ms);
	row->undisturbed_difference_percent =
	    percent(row->undisturbed_turnaround_ms, row->predicted_turnaround_ms);
	for (unsigned int field = 0; field < HKI_COUNT(fields); field++)
		hk_record_set(&row->record, field);
}

/* @at->order: the pairs by their ends, predicted or measured. */
static int put_in_order(draft *at, bool measured)
{
	for (size_t i = 0; i < at->count; i++) {
		const pair *from = &at->pairs[i];
		int64_t end = measured ? from->task->end_ns - at->origin_ns : from->end;

		at->order[i] = (hki_sort_entry){ .key = (uint64_t) end, .value = i };
	}
	return hki_sched_sort(at->order, at->count);
}

/* The order of measured ends stays. */
static int fill_places(draft *at)
{
	hk_sched_difference *rows = at->comparison->rows;
	int r = put_in_order(at, false);

	for (size_t i = 0; i < at->count && r == 0; i++)
		rows[at->order[i].value].predicted_place = (uint32_t) i + 1;
	if (r == 0)
		r = put_in_order(at, true);
	for (size_t i = 0; i < at->count && r == 0; i++)
		rows[at->order[i].value].measured_place = (uint32_t) i + 1;
	return r;
}

static int measure(draft *at)
{
	hki_cleanup(hki_freep) const hki_task **tasks =
	    hki_alloc_array(at->count, sizeof(*tasks));

	if (tasks == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < at->count; i++)
		tasks[i] = at->pairs[i].task;
	return hki_measured_new(&at->comparison->measured, at->executor,
	    at->comparison->workload, tasks, at->count, at->origin_ns);
}

/* ---- the sum of it ---- */

static double larger(double worst, double value)
{
	value = value < 0 ? -value : value;
	return value > worst ? value : worst;
}

static double stolen_percent(const hk_sched_executor *executor)
{
	double cpu_ns = executor->ended.cpu_ms * (double) HKI_NS_PER_MS;
	double stolen_ns = (double) executor->stolen_ns;

	return cpu_ns + stolen_ns > 0 ? stolen_ns / (cpu_ns + stolen_ns) * 100 : 0;
}

/* Tasks that the simulator ends at the same instant may come in either order. */
static bool is_same_order(const draft *at)
{
	int64_t last = INT64_MIN;

	for (size_t i = 0; i < at->count; i++) {
		int64_t end = at->pairs[at->order[i].value].end;

		if (end < last)
			return false;
		last = end;
	}
	return true;
}

static void sum_up(const draft *at)
{
	hk_sched_comparison_summary *sum = &at->comparison->summary;
	const hki_task *last = at->pairs[at->order[at->count - 1].value].task;
	int64_t predicted_ns = 0;
	uint64_t stolen_ns = UINT64_MAX;

	for (size_t i = 0; i < at->count; i++) {
		const hk_sched_difference *row = &at->comparison->rows[i];

		if (at->pairs[i].end > predicted_ns)
			predicted_ns = at->pairs[i].end;
		if (at->pairs[i].task->stolen_at_arrival_ns < stolen_ns)
			stolen_ns = at->pairs[i].task->stolen_at_arrival_ns;
		sum->worst_difference_percent =
		    larger(sum->worst_difference_percent, row->difference_percent);
		sum->worst_undisturbed_difference_percent =
		    larger(sum->worst_undisturbed_difference_percent,
			row->undisturbed_difference_percent);
	}
	sum->tasks = at->count;
	sum->same_order = is_same_order(at);
	sum->predicted_makespan_ms = in_ms(predicted_ns);
	sum->measured_makespan_ms = in_ms(last->end_ns - at->origin_ns);
	sum->undisturbed_makespan_ms = in_ms(
	    last->end_ns - at->origin_ns - share(at, stolen_ns, last->stolen_at_end_ns));
	sum->makespan_difference_percent =
	    percent(sum->measured_makespan_ms, sum->predicted_makespan_ms);
	sum->undisturbed_makespan_difference_percent =
	    percent(sum->undisturbed_makespan_ms, sum->predicted_makespan_ms);
	sum->stolen_percent = stolen_percent(at->executor);
	for (unsigned int field = 0; field < HKI_COUNT(summary_fields); field++)
		hk_record_set(&sum->record, field);
}

static int compare(draft *at, hk_error_list *errors)
{
	int r = hk_sched_workload_new(&at->comparison->workload);

	if (r < 0 || (r = collect(at)) < 0)
		return r;
	at->comparison->rows = hki_zalloc_array(at->count, sizeof(*at->comparison->rows));
	if (at->comparison->rows == NULL)
		return -ENOMEM;
	at->comparison->count = at->count;
	at->order = hki_alloc_array(at->count, sizeof(*at->order));
	if (at->order == NULL)
		return -ENOMEM;
	if ((r = predict(at, errors)) < 0 || (r = take_prediction(at)) < 0 ||
	    (r = measure(at)) < 0)
		return r;
	for (size_t i = 0; i < at->count; i++)
		fill_row(at, i);
	r = fill_places(at);
	if (r == 0)
		sum_up(at);
	return r;
}

int hk_sched_executor_compare(
    hk_sched_comparison **out, const hk_sched_executor *executor, hk_error_list *errors)
{
	hki_cleanup(comparison_freep) hk_sched_comparison *comparison =
	    hki_zalloc(sizeof(*comparison));
	draft at = { .comparison = comparison, .executor = executor };
	int r;

	if (comparison == NULL)
		return -ENOMEM;
	r = compare(&at, errors);
	hki_free(at.pairs);
	hki_free(at.order);
	if (r < 0)
		return r;
	*out = hki_take(comparison);
	return 0;
}

const hk_sched_comparison_summary *hk_sched_comparison_get_summary(
    const hk_sched_comparison *comparison)
{
	return &comparison->summary;
}

size_t hk_sched_comparison_count(const hk_sched_comparison *comparison)
{
	return comparison->count;
}

const hk_sched_difference *hk_sched_comparison_get(
    const hk_sched_comparison *comparison, size_t index)
{
	return index < comparison->count ? &comparison->rows[index] : NULL;
}

const hk_sched_result *hk_sched_comparison_predicted(
    const hk_sched_comparison *comparison)
{
	return comparison->predicted;
}

const hk_sched_result *hk_sched_comparison_measured(const hk_sched_comparison *comparison)
{
	return comparison->measured;
}
