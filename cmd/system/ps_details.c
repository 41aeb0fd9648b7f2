/*
 * `hostkit ps PID --show SECTIONS`: one process closely, section by section.  As
 * a table each section has a heading and lists what it has; as a document all of
 * it is the member "details" of the process.
 */
#include <errno.h>
#include <hostkit/system_process_details.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "../exit.h"
#include "../output/colour.h"
#include "../output/fail.h"
#include "../output/table.h"
#include "../values.h"
#include "base/array.h"
#include "ps.h"

static const struct section {
	const char *name; /* of the option and of the field */
	uint32_t bit;
} sections[] = {
	{ "threads", HK_SYSTEM_DETAILS_THREADS },
	{ "files", HK_SYSTEM_DETAILS_FILES },
	{ "connections", HK_SYSTEM_DETAILS_CONNECTIONS },
	{ "memory", HK_SYSTEM_DETAILS_MEMORY },
	{ "maps", HK_SYSTEM_DETAILS_MAPS },
	{ "environment", HK_SYSTEM_DETAILS_ENVIRONMENT },
	{ "limits", HK_SYSTEM_DETAILS_LIMITS },
	{ "credentials", HK_SYSTEM_DETAILS_CREDENTIALS },
	{ "namespaces", HK_SYSTEM_DETAILS_NAMESPACES },
	{ "cgroups", HK_SYSTEM_DETAILS_CGROUPS },
	{ "children", HK_SYSTEM_DETAILS_CHILDREN },
	{ "all", HK_SYSTEM_DETAILS_ALL },
};

int ps_show_read(uint32_t *out, const cmd_call *call, const cmd_given *given)
{
	const char *words = given->value;

	while (*words != '\0') {
		size_t length = strcspn(words, ",");
		bool known = false;

		for (size_t i = 0; i < HKI_COUNT(sections); i++) {
			if (strlen(sections[i].name) != length ||
			    memcmp(sections[i].name, words, length) != 0)
				continue;
			*out |= sections[i].bit;
			known = true;
		}
		if (!known)
			return cmd_value_fail(call, given, "a list of sections",
			    "there are threads, files, connections, memory, maps, "
			    "environment, limits, credentials, namespaces, cgroups, "
			    "children and all");
		words += length + (words[length] == ',');
	}
	return 0;
}

/* The process as it is now, if it is still the one of the row. */
static int read_details(hk_system_details_result **out, const ps_request *request,
    const hk_system_process *row)
{
	hk_system_details_opts opts = HK_SYSTEM_DETAILS_OPTS_INIT;

	opts.pid = row->pid;
	opts.start_ticks = row->start_ticks;
	if (hk_record_has(&row->record, HK_SYSTEM_PROCESS_INODE))
		opts.inode = row->inode;
	opts.sections = request->show;
	return hk_system_details_read(out, &opts);
}

int ps_details_write(
    hk_json_writer *writer, const ps_request *request, const hk_system_process *row)
{
	hk_system_details_result *result = NULL;
	int r = read_details(&result, request, row);

	if (r == -ESRCH)
		return 0;
	if (r < 0)
		return r;
	hk_json_write_key(writer, "details");
	hk_record_write(writer, &hk_system_details_type, hk_system_details_get(result));
	hk_system_details_free(result);
	return 0;
}

/* ---- for people ---- */

static void print_heading(
    const ps_request *request, const hk_system_process *row, const char *section)
{
	bool colour = cmd_colour_wanted(&request->call->output, STDOUT_FILENO);
	char name[256];

	hk_record_format(
	    name, sizeof(name), &hk_system_process_type, row, HK_SYSTEM_PROCESS_NAME);
	printf("%s%d %s: %s%s\n", cmd_colour_begin(colour, CMD_STYLE_STRONG),
	    (int) row->pid, name, section, cmd_colour_end(colour));
}

/* One text a line, safe for a terminal: the format of a record sees to that. */
static void print_strings(const hk_record_type *type, const void *record,
    unsigned int field, const hk_record_strings *strings)
{
	hk_system_details one = *(const hk_system_details *) record;

	for (size_t i = 0; i < strings->count; i++) {
		char text[4096];

		one.environment = (hk_record_strings){ strings->items + i, 1 };
		hk_record_format(text, sizeof(text), type, &one, field);
		puts(text);
	}
}

static int print_section(
    const ps_request *request, const hk_system_details *details, unsigned int index)
{
	const hk_record_type *type = &hk_system_details_type;
	const hk_record_field *field = &type->fields[index];
	const void *value = hk_record_value(type, details, index);
	const hk_record_list *list = value;
	cmd_table_opts opts = { .elastic = "path", .no_header = request->no_header };

	if (field->kind == HK_RECORD_RECORD)
		return cmd_card_print(
		    &request->call->output, stdout, field->element, value);
	if (field->kind == HK_RECORD_STRINGS) {
		print_strings(type, details, index, value);
		return 0;
	}
	if (list->count == 0) {
		puts("none");
		return 0;
	}
	return cmd_table_print(&request->call->output, stdout, &opts, field->element,
	    list->items, list->count);
}

static bool is_stale(const hk_system_details *details, const char *name)
{
	for (size_t i = 0; i < details->stale.count; i++)
		if (strcmp(details->stale.items[i], name) == 0)
			return true;
	return false;
}

static int print_named(const ps_request *request, const hk_system_process *row,
    const hk_system_details *details, const char *name)
{
	int index = hk_record_find(&hk_system_details_type, name);

	print_heading(request, row, name);
	if (index >= 0 && hk_record_has(&details->record, (unsigned int) index))
		return print_section(request, details, (unsigned int) index);
	if (index >= 0 && hk_record_is_denied(&details->record, (unsigned int) index))
		puts("not allowed to see");
	else
		puts(is_stale(details, name) ? "did not answer in time" : "none");
	return 0;
}

static int print_one(const ps_request *request, const hk_system_process *row)
{
	hk_system_details_result *result = NULL;
	const hk_system_details *details;
	int r = read_details(&result, request, row);

	if (r == -ESRCH) {
		cmd_note(&request->call->output, "'%d' has ended", (int) row->pid);
		return 0;
	}
	if (r < 0)
		return r;
	details = hk_system_details_get(result);
	for (size_t i = 0; r == 0 && i < HKI_COUNT(sections); i++)
		if (sections[i].bit != HK_SYSTEM_DETAILS_ALL &&
		    (request->show & sections[i].bit) != 0)
			r = print_named(request, row, details, sections[i].name);
	if (r == 0 && (request->show & HK_SYSTEM_DETAILS_CGROUPS) != 0)
		r = print_named(request, row, details, "owner");
	hk_system_details_free(result);
	return r;
}

bool ps_details_pass(int error, const ps_rows *rows)
{
	return rows->count > 1 && (error == -EPERM || error == -EACCES);
}

int ps_details_print(const ps_request *request, const ps_rows *rows)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rows->count; i++) {
		r = print_one(request, &rows->items[i]);
		if (!ps_details_pass(r, rows))
			continue;
		cmd_note(&request->call->output, "'%d' is not yours to look at",
		    (int) rows->items[i].pid);
		r = 0;
	}
	return r;
}
