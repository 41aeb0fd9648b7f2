/*
 * The columns of the table, in the order of htop, and which of them fit.
 */
#include "columns.h"

#include <stdio.h>
#include <string.h>
#include "base/array.h"
#include "base/fixed_text.h"

const top_column top_columns[] = {
	{ HK_SYSTEM_PROCESS_PID, "PID", 7, true, 0 },
	{ HK_SYSTEM_PROCESS_USER, "USER", 9, false, 3 },
	{ HK_SYSTEM_PROCESS_NICE, "NI", 3, true, 6 },
	{ HK_SYSTEM_PROCESS_THREADS, "THR", 4, true, 7 },
	{ HK_SYSTEM_PROCESS_VIRTUAL, "VIRT", 6, true, 8 },
	{ HK_SYSTEM_PROCESS_RSS, "RES", 6, true, 1 },
	{ HK_SYSTEM_PROCESS_STATE, "S", 1, false, 4 },
	{ HK_SYSTEM_PROCESS_CPU_PERCENT, "CPU%", 6, true, 0 },
	{ HK_SYSTEM_PROCESS_MEMORY_PERCENT, "MEM%", 5, true, 2 },
	{ HK_SYSTEM_PROCESS_CPU, "TIME", 8, true, 5 },
	{ HK_SYSTEM_PROCESS_READ_RATE, "READ/S", 7, true, 9 },
	{ HK_SYSTEM_PROCESS_WRITE_RATE, "WRITE/S", 7, true, 9 },
	{ HK_SYSTEM_PROCESS_COMMAND, "COMMAND", 0, false, 0 },
};
const size_t top_column_count = HKI_COUNT(top_columns);

enum { COMMAND_WIDTH_MIN = 28, IMPORTANCE_MAX = 9 };

/* Columns that the table takes without those less important than @importance. */
static int needed(unsigned int importance)
{
	int width = COMMAND_WIDTH_MIN;

	for (size_t i = 0; i < top_column_count; i++) {
		if (top_columns[i].importance <= importance && top_columns[i].width > 0)
			width += top_columns[i].width + 1;
	}
	return width;
}

size_t top_columns_choose(const top_column **shown, int width, int *out_elastic)
{
	unsigned int importance = IMPORTANCE_MAX;
	size_t count = 0;

	while (importance > 0 && needed(importance) > width)
		importance--;
	*out_elastic = width;
	for (size_t i = 0; i < top_column_count; i++) {
		if (top_columns[i].importance > importance)
			continue;
		shown[count++] = &top_columns[i];
		if (top_columns[i].width > 0)
			*out_elastic -= top_columns[i].width + 1;
	}
	if (*out_elastic < 0)
		*out_elastic = 0;
	return count;
}

void top_command_text(char *out, size_t capacity, const hk_system_process *process)
{
	const char *name = process->name == NULL ? "?" : process->name;
	hki_fixed_text text;

	hki_fixed_text_init(&text, out, capacity);
	if (!hk_record_has(&process->record, HK_SYSTEM_PROCESS_COMMAND)) {
		hki_fixed_text_append_text(&text, name);
	} else if (process->command.count == 0) {
		hki_fixed_text_append_format(&text, "[%s]", name);
	} else {
		for (size_t i = 0; i < process->command.count; i++) {
			if (i > 0)
				hki_fixed_text_append_text(&text, " ");
			hki_fixed_text_append_text(&text, process->command.items[i]);
		}
	}
	(void) hki_fixed_text_end(&text);
}

/* One letter, as ps(1) has them. */
static const char *state_letter(const hk_system_process *process)
{
	static const char *const letters[] = { "R", "S", "D", "T", "t", "Z", "X", "I",
		"P" };

	if (process->state < 0 || (size_t) process->state >= HKI_COUNT(letters))
		return "?";
	return letters[process->state];
}

void top_column_text(char *out, size_t capacity, const top_column *column,
    const hk_system_process *process)
{
	bool there = hk_record_has(&process->record, column->field);

	if (column->field == HK_SYSTEM_PROCESS_COMMAND)
		top_command_text(out, capacity, process);
	else if (column->field == HK_SYSTEM_PROCESS_STATE && there)
		(void) snprintf(out, capacity, "%s", state_letter(process));
	else if (column->field == HK_SYSTEM_PROCESS_CPU_PERCENT && there)
		(void) snprintf(out, capacity, "%.1f", process->cpu_percent);
	else if (column->field == HK_SYSTEM_PROCESS_MEMORY_PERCENT && there)
		(void) snprintf(out, capacity, "%.1f", process->memory_percent);
	else
		(void) hk_record_format(
		    out, capacity, &hk_system_process_type, process, column->field);
}
