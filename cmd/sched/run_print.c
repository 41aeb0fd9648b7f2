/*
 * What a run came to: a row a task with prediction and measurement side by side, a
 * sentence about both, and what each task wrote if that was asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "../exit.h"
#include "../output/colour.h"
#include "../output/document.h"
#include "../output/fail.h"
#include "../output/screen.h"
#include "../output/table.h"
#include "../output/text.h"
#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "run.h"

/* ---- the table ---- */

/* A task with the prediction beside what was measured; times in milliseconds. */
typedef struct row {
	hk_record record;
	const char *id;
	const char *outcome;
	double cpu;
	double wait;
	double turnaround;
	double predicted;
	double difference;
	uint64_t slices;
	int32_t code;
	const char *why;
} row;

enum {
	ROW_ID,
	ROW_OUTCOME,
	ROW_CPU,
	ROW_WAIT,
	ROW_TURNAROUND,
	ROW_PREDICTED,
	ROW_DIFFERENCE,
	ROW_SLICES,
	ROW_CODE,
	ROW_WHY
};

/* clang-format off */
#define AT(member) .offset = offsetof(row, member)
#define MS(key, heading, rank, member) \
	{ .name = key, .title = heading, .kind = HK_RECORD_DOUBLE, .decimals = 1, .priority = rank, AT(member) }
static const hk_record_field row_fields[] = {
	[ROW_ID] = { .name = "id", .title = "TASK", .kind = HK_RECORD_STRING, AT(id) },
	[ROW_OUTCOME] = { .name = "outcome", .kind = HK_RECORD_STRING, AT(outcome) },
	[ROW_CPU] = MS("cpu_ms", "CPU ms", 2, cpu),
	[ROW_WAIT] = MS("wait_ms", "WAIT ms", 4, wait),
	[ROW_TURNAROUND] = MS("turnaround_ms", "TURNAROUND ms", 1, turnaround),
	[ROW_PREDICTED] = MS("predicted_ms", "PREDICTED ms", 3, predicted),
	[ROW_DIFFERENCE] = { .name = "difference_percent", .title = "DIFF", .kind = HK_RECORD_DOUBLE,
	    .unit = HK_UNIT_PERCENT, .decimals = 1, .priority = 3, AT(difference) },
	[ROW_SLICES] = { .name = "slices", .title = "TURNS", .kind = HK_RECORD_UINT64, .priority = 5, AT(slices) },
	/* what went wrong stays on a narrow screen */
	[ROW_CODE] = { .name = "exit_code", .title = "CODE", .kind = HK_RECORD_INT32, AT(code) },
	[ROW_WHY] = { .name = "why", .kind = HK_RECORD_STRING, AT(why) },
};
#undef MS
#undef AT
/* clang-format on */

static const hk_record_type row_type = {
	.name = "sched_run",
	.fields = row_fields,
	.field_count = HKI_COUNT(row_fields),
	.struct_size = sizeof(row),
};

static void set(row *to, unsigned int field, bool known)
{
	if (known)
		hk_record_set(&to->record, field);
}

static void fill_row(row *to, const hk_sched_info *info)
{
	bool ran = info->slices > 0;

	*to = (row){ .id = info->id,
		.outcome = hk_sched_outcome_name((unsigned int) info->outcome),
		.cpu = info->cpu_ms,
		.wait = info->wait_ms,
		.turnaround = info->turnaround_ms,
		.slices = info->slices,
		.code = info->exit_code,
		.why = info->error != NULL        ? info->error
		       : info->signal != NULL     ? info->signal
		       : info->dependency != NULL ? info->dependency
						  : NULL };
	set(to, ROW_ID, true);
	set(to, ROW_OUTCOME, true);
	set(to, ROW_SLICES, true);
	set(to, ROW_CPU, ran);
	set(to, ROW_WAIT, ran);
	set(to, ROW_TURNAROUND, ran);
	set(to, ROW_CODE,
	    hk_record_has(&info->record,
		(unsigned int) hk_record_find(&hk_sched_info_type, "exit_code")));
	set(to, ROW_WHY, to->why != NULL);
}

/* Both lists are in the order of the file; the second leaves tasks out. */
static void fill_predictions(row *rows, size_t count, const hk_sched_comparison *from)
{
	size_t at = 0;

	for (size_t i = 0; i < count && from != NULL; i++) {
		const hk_sched_difference *difference = hk_sched_comparison_get(from, at);

		if (difference == NULL || strcmp(difference->id, rows[i].id) != 0)
			continue;
		rows[i].predicted = difference->predicted_turnaround_ms;
		rows[i].difference = difference->difference_percent;
		set(&rows[i], ROW_PREDICTED, true);
		set(&rows[i], ROW_DIFFERENCE, true);
		at++;
	}
}

static const char *columns_of(const row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].why != NULL)
			return NULL;
	return "id,outcome,cpu_ms,wait_ms,turnaround_ms,predicted_ms,difference_percent,"
	       "slices,exit_code";
}

static int print_table(
    const sched_execution *run, const hk_sched_info *infos, size_t count)
{
	hki_cleanup(hki_freep) row *rows = hki_zalloc_array(count, sizeof(*rows));
	cmd_table_opts opts = { .elastic = "why" };

	if (rows == NULL)
		return cmd_fail(&run->call->output, CMD_EXIT_FAILED, -ENOMEM, NULL,
		    "cannot print it");
	for (size_t i = 0; i < count; i++)
		fill_row(&rows[i], &infos[i]);
	fill_predictions(rows, count, run->comparison);
	opts.columns = columns_of(rows, count);
	return cmd_table_print(&run->call->output, stdout, &opts, &row_type, rows, count);
}

/* ---- sentences ---- */

void sched_run_print_means(const sched_execution *run)
{
	hk_sched_means means = hk_sched_executor_means(run->executor);

	printf("frozen by %s, controller %s, guard: %s\n", means.preemption,
	    strcmp(means.rank, "fifo") == 0   ? "at real-time priority"
	    : strcmp(means.rank, "nice") == 0 ? "at nice -20"
					      : "no more urgent than others",
	    means.guard);
}

void sched_run_print_verdict(const sched_execution *run)
{
	const hk_sched_comparison_summary *sum;
	hk_sched_totals totals;

	hk_sched_executor_totals(&totals, run->executor);
	printf("%llu of %llu tasks done in %.1f ms, %llu turn%s, %llu preemption%s\n",
	    (unsigned long long) totals.done, (unsigned long long) totals.tasks,
	    totals.elapsed_ms, (unsigned long long) totals.slices,
	    totals.slices == 1 ? "" : "s", (unsigned long long) totals.preemptions,
	    totals.preemptions == 1 ? "" : "s");
	if (totals.put_off > 0)
		printf("%llu waited for others to end: descriptors, processes or memory "
		       "ran out\n",
		    (unsigned long long) totals.put_off);
	if (run->comparison == NULL)
		return;
	sum = hk_sched_comparison_get_summary(run->comparison);
	printf("predicted %.1f ms (%+.1f %%), %s, turnaround at most %.1f %% off\n",
	    sum->predicted_makespan_ms, sum->makespan_difference_percent,
	    sum->same_order ? "same order" : "another order",
	    sum->worst_difference_percent);
	if (sum->stolen_percent >= 1)
		printf("tasks had slots and no CPU for %.0f %% of the time;\n"
		       "without that %+.1f %%, at most %.1f %% off\n",
		    sum->stolen_percent, sum->undisturbed_makespan_difference_percent,
		    sum->worst_undisturbed_difference_percent);
}

/* ---- what tasks wrote ---- */

static void print_stream(
    const sched_execution *run, const hk_sched_info *info, unsigned int stream)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer id = HKI_BUFFER_INIT;
	bool cut = stream == 1 ? info->stdout_cut : info->stderr_cut;
	size_t length = 0;
	const char *data =
	    hk_sched_executor_output(run->executor, info->id, stream, &length);

	if (data == NULL || length == 0 ||
	    cmd_text_append_clean(&id, info->id, strlen(info->id)) < 0)
		return;
	printf("==> %s %s%s <==\n", id.data, stream == 1 ? "stdout" : "stderr",
	    cut ? " (cut)" : "");
	(void) fwrite(data, 1, length, stdout);
	if (data[length - 1] != '\n')
		(void) putchar('\n');
}

static void print_outputs(
    const sched_execution *run, const hk_sched_info *infos, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		print_stream(run, &infos[i], 1);
		print_stream(run, &infos[i], 2);
	}
}

int sched_run_print(const sched_execution *run)
{
	size_t count = 0;
	hki_cleanup(hki_freep) hk_sched_info *infos = sched_run_infos(run, &count);
	int status;

	if (infos == NULL)
		return cmd_fail(&run->call->output, CMD_EXIT_FAILED, -ENOMEM, NULL,
		    "cannot print it");
	if (run->opts.output)
		print_outputs(run, infos, count);
	status = print_table(run, infos, count);
	if (status != 0)
		return status;
	sched_run_print_verdict(run);
	sched_run_print_means(run);
	return cmd_close_stdout(&run->call->output, sched_run_status(run));
}

/* ---- the document ---- */

static void write_text(hk_json_writer *writer, const char *key, const char *text)
{
	hk_json_write_key(writer, key);
	hk_json_write_string(writer, text);
}

static void write_settings(hk_json_writer *writer, const sched_execution *run)
{
	hk_sched_means means = hk_sched_executor_means(run->executor);
	int64_t quantum = run->opts.policy_opts.quantum;

	write_text(writer, "policy", run->opts.policy->name);
	hk_json_write_key(writer, "quantum_ms");
	hk_json_write_decimal(
	    writer, quantum == 0 ? HK_SCHED_QUANTUM_DEFAULT : (double) quantum / 1e6, 3);
	hk_json_write_key(writer, "slots");
	hk_json_write_uint64(writer, run->opts.slots);
	write_text(writer, "frozen_by", means.preemption);
	write_text(writer, "rank", means.rank);
	write_text(writer, "guard", means.guard);
}

static void write_task(
    hk_json_writer *writer, const sched_execution *run, const hk_sched_info *info)
{
	static const char *const names[] = { "stdout", "stderr" };

	hk_json_write_object_begin(writer);
	hk_record_write_members(writer, &hk_sched_info_type, info);
	for (unsigned int stream = 1; run->opts.output && stream <= 2; stream++) {
		size_t length = 0;
		const char *data =
		    hk_sched_executor_output(run->executor, info->id, stream, &length);

		if (data != NULL)
			hk_json_write_bytes(writer, names[stream - 1], data, length);
	}
	hk_json_write_object_end(writer);
}

static void write_comparison(
    hk_json_writer *writer, const hk_sched_comparison *comparison)
{
	hk_json_write_object_begin(writer);
	hk_record_write_members(writer, &hk_sched_comparison_summary_type,
	    hk_sched_comparison_get_summary(comparison));
	hk_json_write_key(writer, "differences");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < hk_sched_comparison_count(comparison); i++)
		hk_record_write(writer, &hk_sched_difference_type,
		    hk_sched_comparison_get(comparison, i));
	hk_json_write_array_end(writer);
	hk_json_write_object_end(writer);
}

static void write_all(hk_json_writer *writer, const sched_execution *run,
    const hk_sched_info *infos, size_t count)
{
	hk_sched_totals totals;

	write_settings(writer, run);
	hk_json_write_key(writer, "tasks");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < count; i++)
		write_task(writer, run, &infos[i]);
	hk_json_write_array_end(writer);
	hk_sched_executor_totals(&totals, run->executor);
	hk_json_write_key(writer, "totals");
	hk_record_write(writer, &hk_sched_totals_type, &totals);
	if (run->comparison == NULL)
		return;
	hk_json_write_key(writer, "comparison");
	write_comparison(writer, run->comparison);
}

int sched_run_print_document(const sched_execution *run, const char *schema)
{
	hk_json_writer *writer = cmd_document_begin(&run->call->output, schema);
	size_t count = 0;
	hki_cleanup(hki_freep) hk_sched_info *infos = sched_run_infos(run, &count);

	if (infos == NULL)
		return cmd_fail(&run->call->output, CMD_EXIT_FAILED, -ENOMEM, NULL,
		    "cannot print it");
	if (writer != NULL)
		write_all(writer, run, infos, count);
	return cmd_document_end(&run->call->output, writer, sched_run_status(run));
}

/* ---- the chart ---- */

static int write_file(const char *path, const char *text)
{
	hki_cleanup(hki_closep) int fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	size_t length = strlen(text);

	if (fd < 0)
		return -errno;
	while (length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return -errno;
		text += written;
		length -= (size_t) written;
	}
	return 0;
}

int sched_run_write_gantt(const sched_execution *run)
{
	hki_cleanup(hki_freep) char *svg = NULL;
	int r;

	if (run->opts.gantt == NULL || run->comparison == NULL)
		return 0;
	r = hk_sched_gantt_svg(
	    &svg, hk_sched_comparison_measured(run->comparison), run->opts.policy->title);
	if (r == 0)
		r = write_file(run->opts.gantt, svg);
	if (r < 0)
		return cmd_fail(&run->call->output, cmd_exit_from_error(r), r, NULL,
		    "cannot write '%s'", run->opts.gantt);
	return 0;
}
