/*
 * What a schedule was worth.  Sums are exact (128 bits) and divided once, at the
 * end; percentiles are values that occurred (nearest rank), not estimates.
 */
#include <errno.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "sched/ready_heap.h"
#include "sched/result.h"
#include "sched/select.h"

enum {
	FIELD_TASKS,
	FIELD_DONE,
	FIELD_RESPONSE_AVERAGE,
	FIELD_WAIT_AVERAGE,
	FIELD_TURNAROUND_AVERAGE,
	FIELD_RESPONSE_P50,
	FIELD_RESPONSE_P90,
	FIELD_RESPONSE_P99,
	FIELD_RESPONSE_MAX,
	FIELD_WAIT_P50,
	FIELD_WAIT_P90,
	FIELD_WAIT_P99,
	FIELD_WAIT_MAX,
	FIELD_TURNAROUND_P50,
	FIELD_TURNAROUND_P90,
	FIELD_TURNAROUND_P99,
	FIELD_TURNAROUND_MAX,
	FIELD_MAKESPAN,
	FIELD_THROUGHPUT,
	FIELD_UTILISATION,
	FIELD_OVERHEAD,
	FIELD_FAIRNESS,
	FIELD_SWITCHES,
	FIELD_PREEMPTIONS,
	FIELD_DECISIONS,
	FIELD_LATE
};

/* clang-format off */
#define AT(member) .offset = offsetof(hk_sched_statistics, member)
#define COUNT(word, member, sentence)                                                    \
	{ .name = word, .kind = HK_RECORD_UINT64, .help = sentence, AT(member) }
#define TICKS(word, sentence)                                                            \
	{ .name = #word, .kind = HK_RECORD_INT64, .help = sentence, AT(word) }
#define RATIO(word, digits, sentence)                                                    \
	{ .name = #word, .kind = HK_RECORD_DOUBLE, .decimals = digits, .help = sentence, \
	    AT(word) }
static const hk_record_field fields[] = {
	[FIELD_TASKS] = COUNT("tasks", tasks, "jobs: tasks, and releases of periodic ones"),
	[FIELD_DONE] = COUNT("done", done, "jobs that ended well"),
	[FIELD_RESPONSE_AVERAGE] = RATIO(response_average, 4, "mean of start - arrival"),
	[FIELD_WAIT_AVERAGE] = RATIO(wait_average, 4, "mean time ready and not running"),
	[FIELD_TURNAROUND_AVERAGE] = RATIO(turnaround_average, 4, "mean of end - arrival"),
	[FIELD_RESPONSE_P50] = TICKS(response_p50, "half of the responses, at most"),
	[FIELD_RESPONSE_P90] = TICKS(response_p90, "nine of ten responses, at most"),
	[FIELD_RESPONSE_P99] = TICKS(response_p99, "99 of 100 responses, at most"),
	[FIELD_RESPONSE_MAX] = TICKS(response_max, "the longest response"),
	[FIELD_WAIT_P50] = TICKS(wait_p50, "half of the waits, at most"),
	[FIELD_WAIT_P90] = TICKS(wait_p90, "nine of ten waits, at most"),
	[FIELD_WAIT_P99] = TICKS(wait_p99, "99 of 100 waits, at most"),
	[FIELD_WAIT_MAX] = TICKS(wait_max, "the longest wait"),
	[FIELD_TURNAROUND_P50] = TICKS(turnaround_p50, "half of the turnarounds, at most"),
	[FIELD_TURNAROUND_P90] = TICKS(turnaround_p90, "nine of ten turnarounds, at most"),
	[FIELD_TURNAROUND_P99] = TICKS(turnaround_p99, "99 of 100 turnarounds, at most"),
	[FIELD_TURNAROUND_MAX] = TICKS(turnaround_max, "the longest turnaround"),
	[FIELD_MAKESPAN] = TICKS(makespan, "from the first arrival to the last end"),
	[FIELD_THROUGHPUT] = RATIO(throughput, 0, "jobs a tick"),
	[FIELD_UTILISATION] = { .name = "utilisation_percent", .kind = HK_RECORD_DOUBLE,
	    .unit = HK_UNIT_PERCENT, .decimals = 2,
	    .help = "of all CPUs over the makespan", AT(utilisation_percent) },
	[FIELD_OVERHEAD] = { .name = "overhead_percent", .kind = HK_RECORD_DOUBLE,
	    .unit = HK_UNIT_PERCENT, .decimals = 2,
	    .help = "spent switching, of all CPUs over the makespan", AT(overhead_percent) },
	[FIELD_FAIRNESS] = RATIO(fairness, 4,
	    "Jain's index of burst / turnaround: 1 is all alike"),
	[FIELD_SWITCHES] = COUNT("switches", switches, "times a CPU went on with another job"),
	[FIELD_PREEMPTIONS] = COUNT("preemptions", preemptions,
	    "slices cut short by another job"),
	[FIELD_DECISIONS] = COUNT("decisions", decisions, "jobs picked"),
	[FIELD_LATE] = COUNT("late", late, "deadlines missed"),
};
#undef RATIO
#undef TICKS
#undef COUNT
#undef AT
/* clang-format on */

const hk_record_type hk_sched_statistics_type = {
	.name = "sched_statistics",
	.fields = fields,
	.field_count = HKI_COUNT(fields),
	.struct_size = sizeof(hk_sched_statistics),
};

typedef int64_t (*measure_fn)(const hki_sched_outcome *job);

static int64_t response_of(const hki_sched_outcome *job)
{
	return job->start - job->arrival;
}

static int64_t turnaround_of(const hki_sched_outcome *job)
{
	return job->end - job->arrival;
}

static int64_t wait_of(const hki_sched_outcome *job)
{
	return turnaround_of(job) - job->ran - job->io - job->held;
}

static bool has_run(const hki_sched_outcome *job)
{
	return job->start != HK_SCHED_NEVER && job->end != HK_SCHED_NEVER;
}

/* One measure over all jobs that ran. */
typedef struct summary {
	double average;
	int64_t p50;
	int64_t p90;
	int64_t p99;
	int64_t max;
} summary;

/* Nearest rank: the smallest value that so many of a hundred are not above. */
static size_t rank_of(size_t count, unsigned int percent)
{
	size_t place = (count * percent + 99) / 100;

	return place == 0 ? 0 : place - 1;
}

/* Executors may note a start a little before the arrival they were told of. */
static uint64_t not_negative(int64_t ticks)
{
	return ticks < 0 ? 0 : (uint64_t) ticks;
}

/* @values has room for twice the jobs that ran. */
static summary sum_up(
    measure_fn measure, const hk_sched_result *result, uint64_t *values, size_t ran)
{
	uint64_t *spare = values + ran;
	hki_sched_key sum = 0;
	uint64_t most = 0;
	size_t at = 0;

	for (size_t i = 0; i < result->count; i++) {
		int64_t ticks;

		if (!has_run(&result->jobs[i]))
			continue;
		ticks = measure(&result->jobs[i]);
		sum += ticks;
		values[at] = not_negative(ticks);
		most = values[at] > most ? values[at] : most;
		at++;
	}
	return (summary){
		.average = (double) sum / (double) ran,
		.p50 = (int64_t) hki_sched_select(values, spare, ran, rank_of(ran, 50)),
		.p90 = (int64_t) hki_sched_select(values, spare, ran, rank_of(ran, 90)),
		.p99 = (int64_t) hki_sched_select(values, spare, ran, rank_of(ran, 99)),
		.max = (int64_t) most,
	};
}

static void put_measures(hk_sched_statistics *out, const summary *response,
    const summary *wait, const summary *turnaround)
{
	out->response_average = response->average;
	out->response_p50 = response->p50;
	out->response_p90 = response->p90;
	out->response_p99 = response->p99;
	out->response_max = response->max;
	out->wait_average = wait->average;
	out->wait_p50 = wait->p50;
	out->wait_p90 = wait->p90;
	out->wait_p99 = wait->p99;
	out->wait_max = wait->max;
	out->turnaround_average = turnaround->average;
	out->turnaround_p50 = turnaround->p50;
	out->turnaround_p90 = turnaround->p90;
	out->turnaround_p99 = turnaround->p99;
	out->turnaround_max = turnaround->max;
	for (unsigned int field = FIELD_RESPONSE_AVERAGE; field <= FIELD_TURNAROUND_MAX;
	     field++)
		hk_record_set(&out->record, field);
}

static int take_measures(hk_sched_result *result, size_t ran)
{
	hki_cleanup(hki_freep) uint64_t *values =
	    hki_alloc_array(ran, 2 * sizeof(values[0]));
	summary response;
	summary wait;
	summary turnaround;

	if (values == NULL)
		return -ENOMEM;
	response = sum_up(response_of, result, values, ran);
	wait = sum_up(wait_of, result, values, ran);
	turnaround = sum_up(turnaround_of, result, values, ran);
	put_measures(&result->statistics, &response, &wait, &turnaround);
	return 0;
}

/* R. Jain's index over the share of its turnaround that each job was running. */
static void take_fairness(hk_sched_statistics *out, const hk_sched_result *result)
{
	double sum = 0;
	double squares = 0;
	size_t count = 0;

	for (size_t i = 0; i < result->count; i++) {
		const hki_sched_outcome *job = &result->jobs[i];
		double share;

		if (!has_run(job) || job->ran == 0 || turnaround_of(job) <= 0)
			continue;
		share = (double) job->ran / (double) turnaround_of(job);
		sum += share;
		squares += share * share;
		count++;
	}
	if (count == 0)
		return;
	out->fairness = sum * sum / ((double) count * squares);
	hk_record_set(&out->record, FIELD_FAIRNESS);
}

static void take_span(hk_sched_statistics *out, const hk_sched_result *result)
{
	int64_t first = HK_SCHED_NEVER;
	int64_t last = 0;
	hki_sched_key busy = 0;
	double capacity;

	for (size_t i = 0; i < result->count; i++) {
		const hki_sched_outcome *job = &result->jobs[i];

		if (!has_run(job))
			continue;
		if (job->arrival < first)
			first = job->arrival;
		if (job->end > last)
			last = job->end;
		busy += job->ran;
	}
	out->makespan = last - first;
	hk_record_set(&out->record, FIELD_MAKESPAN);
	if (out->makespan <= 0)
		return;
	capacity = (double) out->makespan * result->cpus;
	out->throughput = (double) out->done / (double) out->makespan;
	out->utilisation_percent = 100 * (double) busy / capacity;
	out->overhead_percent = 100 * (double) result->overhead / capacity;
	hk_record_set(&out->record, FIELD_THROUGHPUT);
	hk_record_set(&out->record, FIELD_UTILISATION);
	hk_record_set(&out->record, FIELD_OVERHEAD);
}

static size_t count_jobs(hk_sched_statistics *out, const hk_sched_result *result)
{
	size_t ran = 0;
	bool has_deadlines = false;

	for (size_t i = 0; i < result->count; i++) {
		const hki_sched_outcome *job = &result->jobs[i];
		int64_t deadline =
		    hki_sched_deadline(&result->workload->tasks[job->task], job->arrival);

		ran += has_run(job);
		out->done += has_run(job) && job->outcome == HK_SCHED_DONE;
		has_deadlines = has_deadlines || deadline != HK_SCHED_NEVER;
		out->late += deadline != HK_SCHED_NEVER && job->end > deadline;
	}
	if (has_deadlines)
		hk_record_set(&out->record, FIELD_LATE);
	return ran;
}

int hki_sched_statistics_make(hk_sched_result *result)
{
	hk_sched_statistics *out = &result->statistics;
	size_t ran;

	*out = (hk_sched_statistics){
		.tasks = result->count,
		.switches = result->switches,
		.preemptions = result->preemptions,
		.decisions = result->decisions,
	};
	hk_record_set(&out->record, FIELD_TASKS);
	hk_record_set(&out->record, FIELD_DONE);
	hk_record_set(&out->record, FIELD_SWITCHES);
	hk_record_set(&out->record, FIELD_PREEMPTIONS);
	hk_record_set(&out->record, FIELD_DECISIONS);
	ran = count_jobs(out, result);
	if (ran == 0)
		return 0;
	take_fairness(out, result);
	take_span(out, result);
	return take_measures(result, ran);
}

const hk_sched_statistics *hk_sched_result_statistics(const hk_sched_result *result)
{
	return &result->statistics;
}
