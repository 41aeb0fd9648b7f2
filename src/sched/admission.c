/*
 * Can the deadlines be kept?  Four tests over the periodic tasks.  The two bounds
 * are quick and may say no to what would work; response-time analysis is exact:
 * the response time of a task is the smallest R with
 *
 *	R = C + sum over all more urgent j of ceil(R / T_j) * C_j
 *
 * found by putting R into the right side until it no longer grows.
 */
#include <errno.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/uint128.h"
#include "sched/sort.h"
#include "sched/workload.h"

enum {
	FIELD_TASKS,
	FIELD_UTILISATION,
	FIELD_LIU_LAYLAND_BOUND,
	FIELD_LIU_LAYLAND,
	FIELD_HYPERBOLIC_PRODUCT,
	FIELD_HYPERBOLIC,
	FIELD_RATE_MONOTONIC,
	FIELD_EDF
};

/* clang-format off */
#define AT(member) .offset = offsetof(hk_sched_admission, member)
static const hk_record_field fields[] = {
	[FIELD_TASKS] = { .name = "tasks", .kind = HK_RECORD_UINT64,
	    .help = "periodic tasks", AT(tasks) },
	[FIELD_UTILISATION] = { .name = "utilisation", .kind = HK_RECORD_DOUBLE,
	    .decimals = 4, .help = "sum of burst / period", AT(utilisation) },
	[FIELD_LIU_LAYLAND_BOUND] = { .name = "liu_layland_bound",
	    .kind = HK_RECORD_DOUBLE, .decimals = 4,
	    .help = "n (2^(1/n) - 1): up to there rate-monotonic always keeps deadlines",
	    AT(liu_layland_bound) },
	[FIELD_LIU_LAYLAND] = { .name = "liu_layland", .kind = HK_RECORD_BOOL,
	    .help = "utilisation is within that bound", AT(liu_layland) },
	[FIELD_HYPERBOLIC_PRODUCT] = { .name = "hyperbolic_product",
	    .kind = HK_RECORD_DOUBLE, .decimals = 4,
	    .help = "product of (burst / period + 1)", AT(hyperbolic_product) },
	[FIELD_HYPERBOLIC] = { .name = "hyperbolic", .kind = HK_RECORD_BOOL,
	    .help = "that product is at most 2", AT(hyperbolic) },
	[FIELD_RATE_MONOTONIC] = { .name = "rate_monotonic", .kind = HK_RECORD_BOOL,
	    .help = "exact: every response time is within its deadline", AT(rate_monotonic) },
	[FIELD_EDF] = { .name = "edf", .kind = HK_RECORD_BOOL,
	    .help = "earliest deadline first keeps all deadlines", AT(edf) },
};
#undef AT
/* clang-format on */

const hk_record_type hk_sched_admission_type = {
	.name = "sched_admission",
	.fields = fields,
	.field_count = HKI_COUNT(fields),
	.struct_size = sizeof(hk_sched_admission),
};

/* The periodic tasks, the shortest period first. */
typedef struct periodic {
	hki_sort_entry *entries; /* value: index in the workload */
	const hk_sched_workload *workload;
	size_t count;
} periodic;

static const hk_sched_task *task_at(const periodic *set, size_t place)
{
	return &set->workload->tasks[set->entries[place].value];
}

/* Beyond the period it is the period's: analysis looks at one release alone. */
static int64_t deadline_of(const hk_sched_task *task)
{
	return task->deadline != 0 && task->deadline < task->period ? task->deadline
								    : task->period;
}

/*
 * 2^(1/n) - 1 = e^x - 1 for x = ln 2 / n, by its series: x is at most 0.7, so that
 * twenty terms are exact.
 */
static double liu_layland_bound(size_t count)
{
	double x = 0.69314718055994530942 / (double) count;
	double term = x;
	double sum = 0;

	for (unsigned int k = 2; k < 22; k++) {
		sum += term;
		term *= x / k;
	}
	return (double) count * sum;
}

/* Doubles are rounded: thirds add up to a hair more than one. */
static bool fits(double utilisation)
{
	return utilisation <= 1 + 1e-12;
}

/* Analysis gives up after so many rounds: a response that creeps up to a far deadline. */
#define ROUNDS_MAX 10000000

/* What is left of the CPU by those more urgent than the task at @place. */
static double left_for(const periodic *set, size_t place)
{
	double left = 1;

	for (size_t i = 0; i < place; i++)
		left -=
		    (double) task_at(set, i)->burst / (double) task_at(set, i)->period;
	return left;
}

static hki_uint128 grow(const periodic *set, size_t place, hki_uint128 response)
{
	hki_uint128 sum = (hki_uint128) task_at(set, place)->burst;

	for (size_t i = 0; i < place; i++) {
		hki_uint128 period = (hki_uint128) task_at(set, i)->period;

		sum += (response + period - 1) / period *
		       (hki_uint128) task_at(set, i)->burst;
	}
	return sum;
}

/*
 * The response time of the task at @place, HK_SCHED_NEVER beyond its deadline, or
 * HK_ELIMIT.  It starts from burst / left, which the answer cannot be below, less a
 * hair for the doubles: any start below it comes to the same answer.
 */
static int64_t response_time(const periodic *set, size_t place, uint64_t *rounds)
{
	const hk_sched_task *task = task_at(set, place);
	double left = left_for(set, place);
	hki_uint128 response = (hki_uint128) task->burst;
	double start = (double) task->burst / left * (1 - 1e-6);

	if (task->burst > 0 && left < 1e-12)
		return HK_SCHED_NEVER;
	if (start > (double) deadline_of(task))
		return HK_SCHED_NEVER;
	if (start > (double) task->burst)
		response = (hki_uint128) start;
	for (;;) {
		hki_uint128 next = grow(set, place, response);

		if (next > (hki_uint128) deadline_of(task))
			return HK_SCHED_NEVER;
		if (next <= response)
			return (int64_t) response;
		if (++*rounds > ROUNDS_MAX)
			return HK_ELIMIT;
		response = next;
	}
}

static int find_periodic(periodic *out, const hk_sched_workload *workload)
{
	*out = (periodic){ .workload = workload };
	for (size_t i = 0; i < workload->count; i++)
		out->count += workload->tasks[i].period > 0;
	if (out->count == 0)
		return -ENOENT;
	out->entries = hki_alloc_array(out->count, sizeof(out->entries[0]));
	if (out->entries == NULL)
		return -ENOMEM;
	for (size_t i = 0, at = 0; i < workload->count; i++)
		if (workload->tasks[i].period > 0)
			out->entries[at++] = (hki_sort_entry){
				(uint64_t) workload->tasks[i].period,
				i,
			};
	return hki_sched_sort(out->entries, out->count);
}

static void take_bounds(hk_sched_admission *out, const periodic *set)
{
	double utilisation = 0;
	double density = 0;
	double product = 1;

	for (size_t i = 0; i < set->count; i++) {
		const hk_sched_task *task = task_at(set, i);
		double share = (double) task->burst / (double) task->period;

		utilisation += share;
		product *= share + 1;
		density += (double) task->burst / (double) deadline_of(task);
	}
	out->tasks = set->count;
	out->utilisation = utilisation;
	out->liu_layland_bound = liu_layland_bound(set->count);
	out->liu_layland = utilisation <= out->liu_layland_bound;
	out->hyperbolic_product = product;
	out->hyperbolic = product <= 2;
	out->edf = fits(density);
}

int hk_sched_admit(
    hk_sched_admission *out, int64_t *response_times, const hk_sched_workload *workload)
{
	hk_sched_admission admission = { .rate_monotonic = true };
	uint64_t rounds = 0;
	periodic set;
	int r = find_periodic(&set, workload);

	if (r < 0) {
		hki_free(set.entries);
		return r;
	}
	for (size_t i = 0; response_times != NULL && i < workload->count; i++)
		response_times[i] = 0;
	take_bounds(&admission, &set);
	for (size_t i = 0; i < set.count; i++) {
		int64_t response = response_time(&set, i, &rounds);

		if (response == HK_ELIMIT) {
			hki_free(set.entries);
			return HK_ELIMIT;
		}
		if (response == HK_SCHED_NEVER)
			admission.rate_monotonic = false;
		if (response_times != NULL)
			response_times[set.entries[i].value] = response;
	}
	for (unsigned int field = 0; field <= FIELD_EDF; field++)
		hk_record_set(&admission.record, field);
	hki_free(set.entries);
	*out = admission;
	return 0;
}
