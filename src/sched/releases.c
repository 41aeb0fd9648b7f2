/*
 * Tasks become jobs: most of them one, a periodic task one for each release.  If
 * nobody says how long, periodic tasks are released for one hyperperiod (the least
 * common multiple of all periods) after the last of them first arrived: from then
 * on a schedule repeats itself.
 *
 * Here also the sum of all work is held against the limit of time, so that the
 * simulator can add times without looking.
 */
#include "sched/releases.h"

#include <errno.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error_list.h"
#include "base/uint128.h"
#include "sched/sort.h"

int64_t hki_sched_deadline(const hk_sched_task *task, int64_t arrival)
{
	int64_t span = task->deadline != 0 ? task->deadline : task->period;

	return span == 0 ? HK_SCHED_NEVER : arrival + span;
}

static int64_t greatest_common_divisor(int64_t a, int64_t b)
{
	while (b != 0) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* The end of one hyperperiod behind the last first release; -ERANGE if that is too far. */
static int64_t natural_end(const hk_sched_workload *workload)
{
	int64_t hyperperiod = 0;
	int64_t last = 0;

	for (size_t i = 0; i < workload->count; i++) {
		const hk_sched_task *task = &workload->tasks[i];
		hki_uint128 multiple;

		if (task->period == 0)
			continue;
		if (task->arrival > last)
			last = task->arrival;
		if (hyperperiod == 0)
			hyperperiod = task->period;
		multiple = (hki_uint128) (hyperperiod / greatest_common_divisor(
							    hyperperiod, task->period)) *
			   (hki_uint128) task->period;
		if (multiple > HK_SCHED_TIME_MAX)
			return -ERANGE;
		hyperperiod = (int64_t) multiple;
	}
	return last + hyperperiod;
}

static uint64_t releases_of(const hk_sched_task *task, int64_t until)
{
	if (task->period == 0)
		return 1;
	if (task->arrival >= until)
		return 0;
	return (uint64_t) ((until - task->arrival - 1) / task->period) + 1;
}

static int64_t io_of(const hk_sched_task *task)
{
	int64_t sum = 0;

	for (size_t i = 0; i < task->io_count; i++) {
		if (task->io[i].duration > HK_SCHED_TIME_MAX - sum)
			return HK_SCHED_TIME_MAX;
		sum += task->io[i].duration;
	}
	return sum;
}

/* How many jobs there will be; or a failure, told. */
static int64_t count_jobs(
    const hk_sched_workload *workload, int64_t until, hk_error_list *errors)
{
	uint64_t count = 0;
	uint64_t periodic = 0;
	hki_uint128 work = 0;
	int64_t latest = 0;

	for (size_t i = 0; i < workload->count; i++) {
		const hk_sched_task *task = &workload->tasks[i];
		uint64_t releases = releases_of(task, until);

		periodic += task->period == 0 ? 0 : releases;
		if (periodic > HK_SCHED_RELEASES_MAX)
			return hki_error_report_step(errors, HK_ELIMIT, "until",
			    "periodic tasks would be released more than %d times",
			    HK_SCHED_RELEASES_MAX);
		count += releases;
		work +=
		    (hki_uint128) releases * (hki_uint128) (task->burst + io_of(task));
		if (task->arrival > latest)
			latest = task->arrival;
		if (task->start_after > latest)
			latest = task->start_after;
	}
	if (work + (hki_uint128) latest > HK_SCHED_TIME_MAX)
		return hki_error_report_step(errors, -ERANGE, "burst",
		    "all the work together takes longer than times may be");
	return (int64_t) count;
}

static void fill_job(hki_sched_outcome *job, const hk_sched_workload *workload,
    uint32_t task, uint64_t release)
{
	const hk_sched_task *of = &workload->tasks[task];

	*job = (hki_sched_outcome){
		.arrival = of->arrival + (int64_t) release * of->period,
		.start = HK_SCHED_NEVER,
		.end = HK_SCHED_NEVER,
		.task = task,
		.release = of->period == 0 ? 0 : (uint32_t) release + 1,
	};
}

/* All jobs, sorted.  An entry's value is the task, and the release above it. */
static int fill_jobs(hk_sched_result *result, int64_t until)
{
	const hk_sched_workload *workload = result->workload;
	hki_cleanup(hki_freep) hki_sort_entry *entries =
	    hki_alloc_array(result->count, sizeof(entries[0]));
	size_t at = 0;

	if (entries == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < workload->count; i++) {
		const hk_sched_task *task = &workload->tasks[i];
		uint64_t releases = releases_of(task, until);

		for (uint64_t k = 0; k < releases; k++)
			entries[at++] = (hki_sort_entry){
				.key = (uint64_t) task->arrival +
				       k * (uint64_t) task->period,
				.value = k << 32 | i,
			};
	}
	if (hki_sched_sort(entries, result->count) < 0)
		return -ENOMEM;
	for (at = 0; at < result->count; at++)
		fill_job(&result->jobs[at], workload, (uint32_t) entries[at].value,
		    entries[at].value >> 32);
	return 0;
}

int hki_sched_releases_make(hk_sched_result *result, int64_t until, hk_error_list *errors)
{
	int64_t count;

	if (until == 0)
		until = natural_end(result->workload);
	if (until < 0)
		return hki_error_report_step(errors, -ERANGE, "period",
		    "the periods have no common multiple within reach; say until when");
	count = count_jobs(result->workload, until, errors);
	if (count < 0)
		return (int) count;
	result->jobs = hki_alloc_array((size_t) count, sizeof(result->jobs[0]));
	if (result->jobs == NULL)
		return -ENOMEM;
	result->count = (size_t) count;
	return fill_jobs(result, until);
}
