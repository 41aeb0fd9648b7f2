/*
 * A result as JSON: the rows, the three averages people ask for first, all of the
 * statistics, and the chart as data.
 */
#include "sched/result.h"

static void write_average(hk_json_writer *writer, const char *key, double average)
{
	hk_json_write_key(writer, key);
	hk_json_write_decimal(writer, average, 6);
}

static void write_averages(hk_json_writer *writer, const hk_sched_statistics *of)
{
	int field = hk_record_find(&hk_sched_statistics_type, "wait_average");

	hk_json_write_object_begin(writer);
	if (hk_record_has(&of->record, (unsigned int) field)) {
		write_average(writer, "response", of->response_average);
		write_average(writer, "wait", of->wait_average);
		write_average(writer, "turnaround", of->turnaround_average);
	}
	hk_json_write_object_end(writer);
}

static void write_rows(hk_json_writer *writer, const hk_sched_result *result)
{
	hk_sched_row row;

	hk_json_write_array_begin(writer);
	for (size_t i = 0; hk_sched_result_row(&row, result, i) == 0; i++)
		hk_record_write(writer, &hk_sched_row_type, &row);
	hk_json_write_array_end(writer);
}

static void write_slice(
    hk_json_writer *writer, const hk_sched_result *result, const hk_sched_slice *slice)
{
	const hki_sched_outcome *job = &result->jobs[slice->job];

	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "id");
	hk_json_write_string(writer, result->workload->tasks[job->task].id);
	if (job->release > 0) {
		hk_json_write_key(writer, "release");
		hk_json_write_uint64(writer, job->release);
	}
	hk_json_write_key(writer, "cpu");
	hk_json_write_uint64(writer, slice->cpu);
	hk_json_write_key(writer, "start");
	hk_json_write_int64(writer, slice->start);
	hk_json_write_key(writer, "end");
	hk_json_write_int64(writer, slice->end);
	hk_json_write_object_end(writer);
}

void hk_sched_result_write(hk_json_writer *writer, const hk_sched_result *result)
{
	hk_json_write_key(writer, "tasks");
	write_rows(writer, result);
	hk_json_write_key(writer, "average");
	write_averages(writer, &result->statistics);
	hk_json_write_key(writer, "statistics");
	hk_record_write(writer, &hk_sched_statistics_type, &result->statistics);
	if (result->slice_count == 0)
		return;
	hk_json_write_key(writer, "gantt");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < result->slice_count; i++)
		write_slice(writer, result, &result->slices[i]);
	hk_json_write_array_end(writer);
}
