/*
 * Workloads written so that they can be read: in JSON with what is not the default,
 * in CSV with the columns somebody uses.  Times of real workloads carry their unit.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "sched/reader.h"

#define NS_PER_MS 1000000

/* ---- JSON ---- */

/* A time that reads back as the same number of ticks. */
static void write_time(hk_json_writer *writer, const hk_sched_workload *workload,
    const char *key, int64_t ticks)
{
	char text[32];

	hk_json_write_key(writer, key);
	if (workload->tick_ns == 1) {
		(void) snprintf(text, sizeof(text), "%lldns", (long long) ticks);
		hk_json_write_string(writer, text);
	} else {
		hk_json_write_int64(writer, ticks);
	}
}

static void write_other_time(hk_json_writer *writer, const hk_sched_workload *workload,
    const char *key, int64_t ticks)
{
	if (ticks != 0)
		write_time(writer, workload, key, ticks);
}

static void write_count(hk_json_writer *writer, const char *key, int64_t value)
{
	if (value == 0)
		return;
	hk_json_write_key(writer, key);
	hk_json_write_int64(writer, value);
}

/* Timeouts are real time whatever ticks are. */
static void write_span(hk_json_writer *writer, const char *key, int64_t ns)
{
	char text[32];

	if (ns == 0)
		return;
	(void) snprintf(text, sizeof(text), "%lldns", (long long) ns);
	hk_json_write_key(writer, key);
	hk_json_write_string(writer, text);
}

static void write_io(
    hk_json_writer *writer, const hk_sched_workload *workload, const hk_sched_task *task)
{
	if (task->io_count == 0)
		return;
	hk_json_write_key(writer, "io");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < task->io_count; i++) {
		hk_json_write_object_begin(writer);
		write_time(writer, workload, "after", task->io[i].after);
		write_time(writer, workload, "duration", task->io[i].duration);
		hk_json_write_object_end(writer);
	}
	hk_json_write_array_end(writer);
}

static void write_dependencies(hk_json_writer *writer, const hk_sched_task *task)
{
	if (task->depends_on_count == 0)
		return;
	hk_json_write_key(writer, "depends_on");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < task->depends_on_count; i++) {
		const hk_sched_dependency *on = &task->depends_on[i];

		if (on->condition == HK_SCHED_AFTER_OK) {
			hk_json_write_string(writer, on->id);
			continue;
		}
		hk_json_write_object_begin(writer);
		hk_json_write_key(writer, "id");
		hk_json_write_string(writer, on->id);
		hk_json_write_key(writer, "condition");
		hk_json_write_string(writer, hki_sched_condition_name(on->condition));
		hk_json_write_object_end(writer);
	}
	hk_json_write_array_end(writer);
}

static void write_environment(hk_json_writer *writer, const char *const *variables)
{
	if (variables == NULL)
		return;
	hk_json_write_key(writer, "environment");
	hk_json_write_object_begin(writer);
	for (; *variables != NULL; variables++) {
		const char *equals = strchr(*variables, '=');

		if (equals == NULL)
			continue;
		hk_json_write_key_length(
		    writer, *variables, (size_t) (equals - *variables));
		hk_json_write_string(writer, equals + 1);
	}
	hk_json_write_object_end(writer);
}

static void write_command(hk_json_writer *writer, const hk_sched_command *command)
{
	if (command == NULL || command->argv == NULL)
		return;
	hk_json_write_key(writer, "command");
	hk_json_write_array_begin(writer);
	for (const char *const *word = command->argv; *word != NULL; word++)
		hk_json_write_string(writer, *word);
	hk_json_write_array_end(writer);
	write_environment(writer, command->environment);
	if (command->working_dir != NULL) {
		hk_json_write_key(writer, "working_dir");
		hk_json_write_string(writer, command->working_dir);
	}
	write_span(writer, "queue_timeout", command->queue_timeout_ns);
	write_span(writer, "run_timeout", command->run_timeout_ns);
	write_count(writer, "retries", command->retries);
	write_span(writer, "backoff", command->backoff_ns);
}

void hk_sched_task_write(
    hk_json_writer *writer, const hk_sched_workload *workload, size_t index)
{
	const hk_sched_task *task = hk_sched_workload_task(workload, index);

	if (task == NULL)
		return;
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "id");
	hk_json_write_string(writer, task->id);
	write_time(writer, workload, "arrival", task->arrival);
	write_time(writer, workload, "burst", task->burst);
	write_other_time(writer, workload, "start_after", task->start_after);
	write_other_time(writer, workload, "deadline", task->deadline);
	write_other_time(writer, workload, "period", task->period);
	write_count(writer, "priority", task->priority);
	write_count(writer, "queue", task->queue);
	write_count(writer, "tickets", task->tickets);
	write_io(writer, workload, task);
	write_dependencies(writer, task);
	write_command(writer, task->command);
	hk_json_write_object_end(writer);
}

void hk_sched_workload_write(hk_json_writer *writer, const hk_sched_workload *workload)
{
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "tasks");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < workload->count; i++)
		hk_sched_task_write(writer, workload, i);
	hk_json_write_array_end(writer);
	hk_json_write_object_end(writer);
}

/* ---- CSV ---- */

static int append_time(hki_buffer *out, const hk_sched_workload *workload, int64_t ticks)
{
	return hki_buffer_append_format(
	    out, "%lld%s", (long long) ticks, workload->tick_ns == 1 ? "ns" : "");
}

/* A field; quoted if it has to be. */
static int append_field(hki_buffer *out, const char *text)
{
	int r;

	if (text[0] != '\0' && strpbrk(text, ",\"\r\n") == NULL && text[0] != ' ' &&
	    text[strlen(text) - 1] != ' ')
		return hki_buffer_append_text(out, text);
	r = hki_buffer_append_char(out, '"');
	for (; *text != '\0' && r == 0; text++) {
		if (*text == '"')
			r = hki_buffer_append_char(out, '"');
		if (r == 0)
			r = hki_buffer_append_char(out, *text);
	}
	return r < 0 ? r : hki_buffer_append_char(out, '"');
}

static int append_io(
    hki_buffer *out, const hk_sched_workload *workload, const hk_sched_task *task)
{
	int r = 0;

	for (size_t i = 0; i < task->io_count && r == 0; i++) {
		if (i > 0)
			r = hki_buffer_append_char(out, ' ');
		if (r == 0)
			r = append_time(out, workload, task->io[i].after);
		if (r == 0)
			r = hki_buffer_append_char(out, ':');
		if (r == 0)
			r = append_time(out, workload, task->io[i].duration);
	}
	return r;
}

static int append_dependencies(hki_buffer *out, const hk_sched_task *task)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	int r = hki_buffer_append_text(&text, "");

	for (size_t i = 0; i < task->depends_on_count && r == 0; i++)
		r = hki_buffer_append_format(&text, "%s%s:%s", i > 0 ? " " : "",
		    task->depends_on[i].id,
		    hki_sched_condition_name(task->depends_on[i].condition));
	return r < 0 || text.length == 0 ? r : append_field(out, text.data);
}

/* What is simulated; commands have lists that CSV cannot hold exactly. */
static const hki_sched_key_id csv_columns[] = { HKI_KEY_ID, HKI_KEY_ARRIVAL,
	HKI_KEY_BURST, HKI_KEY_START_AFTER, HKI_KEY_DEADLINE, HKI_KEY_PERIOD,
	HKI_KEY_PRIORITY, HKI_KEY_QUEUE, HKI_KEY_TICKETS, HKI_KEY_IO,
	HKI_KEY_DEPENDS_ON };

#define CSV_COLUMNS (sizeof(csv_columns) / sizeof(csv_columns[0]))

static bool is_used(const hk_sched_task *task, hki_sched_key_id key)
{
	const char *at = (const char *) task + hki_sched_keys[key].offset;
	int64_t time;
	uint32_t small;

	switch (key) {
	case HKI_KEY_ID:
	case HKI_KEY_ARRIVAL:
	case HKI_KEY_BURST:
		return true;
	case HKI_KEY_IO:
		return task->io_count > 0;
	case HKI_KEY_DEPENDS_ON:
		return task->depends_on_count > 0;
	case HKI_KEY_PRIORITY:
	case HKI_KEY_QUEUE:
	case HKI_KEY_TICKETS:
		memcpy(&small, at, sizeof(small));
		return small != 0;
	default:
		memcpy(&time, at, sizeof(time));
		return time != 0;
	}
}

static bool is_used_by_any(const hk_sched_workload *workload, hki_sched_key_id key)
{
	for (size_t i = 0; i < workload->count; i++)
		if (is_used(&workload->tasks[i], key))
			return true;
	return false;
}

static int append_value(hki_buffer *out, const hk_sched_workload *workload,
    const hk_sched_task *task, hki_sched_key_id key)
{
	const char *at = (const char *) task + hki_sched_keys[key].offset;
	int64_t time;

	if (!is_used(task, key))
		return 0;
	switch (key) {
	case HKI_KEY_ID:
		return append_field(out, task->id);
	case HKI_KEY_IO:
		return append_io(out, workload, task);
	case HKI_KEY_DEPENDS_ON:
		return append_dependencies(out, task);
	case HKI_KEY_PRIORITY:
		return hki_buffer_append_format(out, "%d", task->priority);
	case HKI_KEY_QUEUE:
		return hki_buffer_append_format(out, "%u", task->queue);
	case HKI_KEY_TICKETS:
		return hki_buffer_append_format(out, "%u", task->tickets);
	default:
		memcpy(&time, at, sizeof(time));
		return append_time(out, workload, time);
	}
}

/* The header for task NULL, else a row. */
static int append_row(hki_buffer *out, const hk_sched_workload *workload,
    const bool used[CSV_COLUMNS], const hk_sched_task *task)
{
	int r = 0;

	for (size_t i = 0; i < CSV_COLUMNS && r == 0; i++) {
		if (!used[i])
			continue;
		if (i > 0)
			r = hki_buffer_append_char(out, ',');
		if (r == 0 && task == NULL)
			r = hki_buffer_append_text(
			    out, hki_sched_keys[csv_columns[i]].name);
		else if (r == 0)
			r = append_value(out, workload, task, csv_columns[i]);
	}
	return r < 0 ? r : hki_buffer_append_char(out, '\n');
}

int hk_sched_workload_csv(char **out, const hk_sched_workload *workload)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	bool used[CSV_COLUMNS];
	char *taken;
	int r;

	for (size_t i = 0; i < CSV_COLUMNS; i++)
		used[i] = i < 3 || is_used_by_any(workload, csv_columns[i]);
	r = append_row(&text, workload, used, NULL);
	for (size_t i = 0; i < workload->count && r == 0; i++)
		r = append_row(&text, workload, used, &workload->tasks[i]);
	if (r < 0)
		return r;
	taken = hki_buffer_take(&text);
	if (taken == NULL)
		return -ENOMEM;
	*out = taken;
	return 0;
}
