/*
 * A result keeps one compact entry a job, and makes the row a person sees when it
 * is asked for: a million rows would be a third of a gigabyte that mostly nobody
 * looks at.
 */
#include "sched/result.h"

#include <errno.h>
#include "base/alloc.h"
#include "base/array.h"
#include "sched/sort.h"

enum {
	FIELD_ID,
	FIELD_RELEASE,
	FIELD_PRIORITY,
	FIELD_ARRIVAL,
	FIELD_BURST,
	FIELD_START,
	FIELD_END,
	FIELD_RESPONSE,
	FIELD_WAIT,
	FIELD_TURNAROUND,
	FIELD_IO,
	FIELD_HELD,
	FIELD_SLICES,
	FIELD_CPU,
	FIELD_DEADLINE,
	FIELD_LATE,
	FIELD_OUTCOME
};

static const char *const outcome_names[] = { "done", "failed", "cancelled", "timed_out",
	"dependency_failed", NULL };

/* clang-format off */
#define AT(member) .offset = offsetof(hk_sched_row, member)
#define TICKS(word, column, member, leaves, sentence)                                    \
	{ .name = word, .title = column, .kind = HK_RECORD_INT64, .priority = leaves,    \
	    .help = sentence, AT(member) }
static const hk_record_field fields[] = {
	[FIELD_ID] = { .name = "id", .title = "TASK", .kind = HK_RECORD_STRING,
	    .help = "its name", AT(id) },
	[FIELD_RELEASE] = { .name = "release", .kind = HK_RECORD_UINT64,
	    .help = "which one of a periodic task, from 1", AT(release) },
	[FIELD_PRIORITY] = TICKS("priority", NULL, priority, 4, "as the task has it"),
	[FIELD_ARRIVAL] = TICKS("arrival", NULL, arrival, 0, "when it came"),
	[FIELD_BURST] = TICKS("burst", NULL, burst, 0, "CPU time it had"),
	[FIELD_START] = TICKS("start", NULL, start, 1, "its first instruction"),
	[FIELD_END] = TICKS("end", NULL, end, 0, "its last instruction"),
	[FIELD_RESPONSE] = TICKS("response", NULL, response, 0, "start - arrival"),
	[FIELD_WAIT] = TICKS("wait", NULL, wait, 0, "time it was ready and did not run"),
	[FIELD_TURNAROUND] = TICKS("turnaround", NULL, turnaround, 0, "end - arrival"),
	[FIELD_IO] = TICKS("io", "I/O", io, 3, "time it waited for devices"),
	[FIELD_HELD] = TICKS("held", NULL, held, 3,
	    "time it was held by dependencies or start_after"),
	[FIELD_SLICES] = { .name = "slices", .kind = HK_RECORD_UINT64, .priority = 5,
	    .help = "times it was given a CPU", AT(slices) },
	[FIELD_CPU] = { .name = "cpu", .kind = HK_RECORD_UINT32, .priority = 6,
	    .unit = HK_UNIT_IDENTIFIER, .help = "the CPU it ran on last", AT(cpu) },
	[FIELD_DEADLINE] = TICKS("deadline", NULL, deadline, 2, "when it had to be done"),
	[FIELD_LATE] = { .name = "late", .kind = HK_RECORD_BOOL, .priority = 2,
	    .help = "whether it ended after its deadline", AT(late) },
	[FIELD_OUTCOME] = { .name = "outcome", .kind = HK_RECORD_ENUM, .priority = 1,
	    .names = outcome_names, .help = "how it ended", AT(outcome) },
};
#undef TICKS
#undef AT
/* clang-format on */

const hk_record_type hk_sched_row_type = {
	.name = "sched_row",
	.fields = fields,
	.field_count = HKI_COUNT(fields),
	.struct_size = sizeof(hk_sched_row),
};

const char *hk_sched_outcome_name(unsigned int outcome)
{
	return outcome < HK_SCHED_OUTCOME_COUNT ? outcome_names[outcome] : NULL;
}

void hk_sched_result_free(hk_sched_result *result)
{
	if (result == NULL)
		return;
	hki_free(result->jobs);
	hki_free(result->slices);
	hki_free(result);
}

size_t hk_sched_result_count(const hk_sched_result *result)
{
	return result->count;
}

int64_t hk_sched_result_task(const hk_sched_result *result, size_t index)
{
	return index < result->count ? (int64_t) result->jobs[index].task : -ENOENT;
}

static void set(hk_sched_row *row, unsigned int field, bool known)
{
	if (known)
		hk_record_set(&row->record, field);
}

/* The times of a job that ran and ended. */
static void describe_end(hk_sched_row *row, const hki_sched_outcome *job)
{
	row->end = job->end;
	row->turnaround = job->end - job->arrival;
	row->wait = row->turnaround - job->ran - job->io - job->held;
	set(row, FIELD_END, true);
	set(row, FIELD_TURNAROUND, true);
	set(row, FIELD_WAIT, true);
}

static void describe_start(hk_sched_row *row, const hki_sched_outcome *job)
{
	row->start = job->start;
	row->response = job->start - job->arrival;
	row->cpu = job->cpu;
	set(row, FIELD_START, true);
	set(row, FIELD_RESPONSE, true);
	set(row, FIELD_CPU, true);
}

int hk_sched_result_row(hk_sched_row *out, const hk_sched_result *result, size_t index)
{
	const hki_sched_outcome *job;
	const hk_sched_task *task;

	if (index >= result->count)
		return -ENOENT;
	job = &result->jobs[index];
	task = &result->workload->tasks[job->task];
	*out = (hk_sched_row){
		.id = task->id,
		.release = job->release,
		.outcome = (int32_t) job->outcome,
		.priority = task->priority,
		.arrival = job->arrival,
		.burst = job->ran,
		.io = job->io,
		.held = job->held,
		.slices = job->slices,
		.deadline = hki_sched_deadline(task, job->arrival),
	};
	out->late = job->end > out->deadline;
	set(out, FIELD_ID, true);
	set(out, FIELD_RELEASE, job->release > 0);
	set(out, FIELD_PRIORITY, true);
	set(out, FIELD_ARRIVAL, true);
	set(out, FIELD_BURST, true);
	set(out, FIELD_IO, job->io > 0);
	set(out, FIELD_HELD, job->held > 0);
	set(out, FIELD_SLICES, true);
	set(out, FIELD_DEADLINE, out->deadline != HK_SCHED_NEVER);
	set(out, FIELD_LATE, out->deadline != HK_SCHED_NEVER);
	set(out, FIELD_OUTCOME, true);
	if (job->start != HK_SCHED_NEVER)
		describe_start(out, job);
	if (job->start != HK_SCHED_NEVER && job->end != HK_SCHED_NEVER)
		describe_end(out, job);
	return 0;
}

const hk_sched_slice *hk_sched_result_slices(
    const hk_sched_result *result, size_t *out_count)
{
	*out_count = result->slice_count;
	return result->slices;
}

/* ---- slices ---- */

static int make_room(hk_sched_result *result)
{
	size_t capacity = result->slice_capacity == 0 ? 64 : result->slice_capacity * 2;
	hk_sched_slice *slices;

	if (result->slice_count < result->slice_capacity)
		return 0;
	slices = hki_realloc_array(result->slices, capacity, sizeof(slices[0]));
	if (slices == NULL)
		return -ENOMEM;
	result->slices = slices;
	result->slice_capacity = capacity;
	return 0;
}

int hki_sched_result_slice(
    hk_sched_result *result, uint32_t job, uint32_t cpu, int64_t start, int64_t end)
{
	hk_sched_slice *last = NULL;
	int r;

	if (end <= start)
		return 0;
	if (result->slice_count > 0)
		last = &result->slices[result->slice_count - 1];
	if (last != NULL && last->job == job && last->cpu == cpu && last->end == start) {
		last->end = end;
		return 0;
	}
	r = make_room(result);
	if (r < 0)
		return r;
	result->slices[result->slice_count++] =
	    (hk_sched_slice){ .start = start, .end = end, .job = job, .cpu = cpu };
	return 0;
}

/* The slices of each CPU lie one behind the other: what continues the one before
 * becomes one with it.  The keys become the beginnings.  How many are left. */
static size_t join_slices(hk_sched_slice *slices, hki_sort_entry *entries, size_t count)
{
	size_t left = 0;

	for (size_t i = 0; i < count; i++) {
		hk_sched_slice *slice = &slices[entries[i].value];
		hk_sched_slice *last = left > 0 ? &slices[entries[left - 1].value] : NULL;

		if (last != NULL && last->cpu == slice->cpu && last->job == slice->job &&
		    last->end == slice->start) {
			last->end = slice->end;
			continue;
		}
		entries[left].key = (uint64_t) slice->start;
		entries[left++].value = entries[i].value;
	}
	return left;
}

/* The slices were noted when they ended: put them in the order of their beginnings. */
static int order_slices(hk_sched_result *result)
{
	size_t count = result->slice_count;
	hki_sort_entry *entries = hki_alloc_array(count, sizeof(entries[0]));
	hk_sched_slice *sorted = hki_alloc_array(count, sizeof(sorted[0]));
	int r = entries == NULL || sorted == NULL ? -ENOMEM : 0;

	/* Twice stable: by CPU, then by time. */
	for (size_t i = 0; r == 0 && i < count; i++)
		entries[i] = (hki_sort_entry){ result->slices[i].cpu, i };
	if (r == 0)
		r = hki_sched_sort(entries, count);
	if (r == 0)
		count = join_slices(result->slices, entries, count);
	if (r == 0)
		r = hki_sched_sort(entries, count);
	for (size_t i = 0; r == 0 && i < count; i++)
		sorted[i] = result->slices[entries[i].value];
	hki_free(entries);
	if (r < 0) {
		hki_free(sorted);
		return r;
	}
	hki_free(result->slices);
	result->slices = sorted;
	result->slice_count = count;
	result->slice_capacity = count;
	return 0;
}

int hki_sched_result_finish(hk_sched_result *result)
{
	int r = 0;

	if (result->cpus > 1 && result->slice_count > 1)
		r = order_slices(result);
	return r < 0 ? r : hki_sched_statistics_make(result);
}
