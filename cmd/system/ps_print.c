/*
 * A look at the processes as a table or a document.  A document holds of each
 * row what was asked for: fields that were read for a filter's sake stay out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "../exit.h"
#include "../output/document.h"
#include "../output/fail.h"
#include "../output/table.h"
#include "base/alloc.h"
#include "ps.h"

/* ---- tables ---- */

/* What has no command line is shown by its name in brackets, as ps(1) does it. */
static int name_the_wordless(ps_rows *rows)
{
	rows->names = hki_zalloc_array(rows->count, sizeof(*rows->names));
	if (rows->names == NULL)
		return -ENOMEM;
	rows->name_count = rows->count;
	for (size_t i = 0; i < rows->count; i++) {
		hk_system_process *row = &rows->items[i];

		if (row->command.count > 0 || row->name == NULL ||
		    hk_record_is_denied(&row->record, HK_SYSTEM_PROCESS_COMMAND) ||
		    row->stale)
			continue;
		rows->names[i] = hki_format("[%s]", row->name);
		if (rows->names[i] == NULL)
			return -ENOMEM;
		row->command =
		    (hk_record_strings){ (const char *const *) &rows->names[i], 1 };
		hk_record_set(&row->record, HK_SYSTEM_PROCESS_COMMAND);
	}
	return 0;
}

static int print_groups(const ps_request *request, const ps_rows *rows)
{
	cmd_table_opts opts = { .columns = request->columns,
		.elastic = "group",
		.no_header = request->no_header };
	ps_groups groups = { .items = NULL };
	size_t count;
	int r = ps_groups_make(&groups, request, rows);

	if (r < 0)
		return r;
	count = groups.count;
	if (request->limit > 0 && count > request->limit)
		count = (size_t) request->limit;
	r = cmd_table_print(
	    &request->call->output, stdout, &opts, &ps_group_type, groups.items, count);
	ps_groups_deinit(&groups);
	return r;
}

int ps_print_table(const ps_request *request, ps_rows *rows)
{
	cmd_table_opts opts = { .columns = request->columns,
		.elastic = request->tree ? "name" : "command",
		.no_header = request->no_header };
	int r;

	if (request->group != PS_GROUP_NONE)
		return print_groups(request, rows);
	r = request->tree ? ps_tree_draw(rows) : name_the_wordless(rows);
	if (r < 0)
		return r;
	return cmd_table_print(&request->call->output, stdout, &opts,
	    &hk_system_process_type, rows->items, rows->count);
}

/* ---- documents ---- */

bool ps_is_column(const char *columns, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = strstr(columns, name); at != NULL;
	     at = strstr(at + 1, name))
		if ((at == columns || at[-1] == ',') &&
		    (at[length] == ',' || at[length] == '\0'))
			return true;
	return false;
}

void ps_write_row(
    hk_json_writer *writer, const ps_request *request, const hk_system_process *row)
{
	hk_system_process copy = *row;

	if (request->columns == NULL) {
		hk_record_write_members(writer, &hk_system_process_type, row);
		return;
	}
	for (unsigned int i = 0; i < hk_system_process_type.field_count; i++)
		if (!ps_is_column(
			request->columns, hk_system_process_type.fields[i].name))
			hk_record_clear(&copy.record, i);
	hk_record_write_members(writer, &hk_system_process_type, &copy);
}

static int write_groups(
    hk_json_writer *writer, const ps_request *request, const ps_rows *rows)
{
	ps_groups groups = { .items = NULL };
	int r = ps_groups_make(&groups, request, rows);

	if (r < 0)
		return r;
	hk_json_write_key(writer, "groups");
	hk_json_write_array_begin(writer);
	for (size_t i = 0;
	     i < groups.count && (request->limit == 0 || i < request->limit); i++)
		hk_record_write(writer, &ps_group_type, &groups.items[i]);
	hk_json_write_array_end(writer);
	ps_groups_deinit(&groups);
	return 0;
}

int ps_write_rows(hk_json_writer *writer, const ps_request *request, const ps_rows *rows)
{
	int r = 0;

	if (request->group != PS_GROUP_NONE)
		return write_groups(writer, request, rows);
	hk_json_write_key(writer, "processes");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; r == 0 && i < rows->count; i++) {
		hk_json_write_object_begin(writer);
		ps_write_row(writer, request, &rows->items[i]);
		if (request->tree) {
			hk_json_write_key(writer, "depth");
			hk_json_write_int64(writer, rows->depths[i]);
		}
		if (request->show != 0)
			r = ps_details_write(writer, request, &rows->items[i]);
		if (ps_details_pass(r, rows))
			r = 0; /* its "denied" tells */
		hk_json_write_object_end(writer);
	}
	hk_json_write_array_end(writer);
	return r;
}

/* A - in a column may mean that there is nothing, or that it could not be had. */
static void tell_stale(const ps_request *request, const ps_rows *rows)
{
	size_t stale = 0;

	for (size_t i = 0; i < rows->count; i++)
		stale += hk_record_has(&rows->items[i].record, HK_SYSTEM_PROCESS_STALE) &&
			 rows->items[i].stale;
	if (stale > 0)
		cmd_note(&request->call->output,
		    "not everything about %zu process%s could be read in time", stale,
		    stale == 1 ? "" : "es");
}

static int print_document(const ps_request *request, const ps_rows *rows)
{
	const cmd_output *output = &request->call->output;
	hk_json_writer *writer = cmd_document_begin(output, "hostkit.ps/1");
	int r = 0;

	if (writer != NULL)
		r = ps_write_rows(writer, request, rows);
	if (r < 0) {
		hk_json_writer_free(writer);
		return r;
	}
	return cmd_document_end(output, writer, CMD_EXIT_OK);
}

/* ---- the answer ---- */

/* Whoever asked for something particular and got nothing hears it from the code. */
static int exit_code(const ps_request *request, const ps_rows *rows, size_t missing)
{
	if (missing > 0)
		return missing == request->id_count ? CMD_EXIT_ABSENT : CMD_EXIT_PARTLY;
	if (rows->count == 0 && (request->filter != NULL || request->users != NULL))
		return CMD_EXIT_NO;
	return CMD_EXIT_OK;
}

int ps_print(const ps_request *request, const hk_system_processes *table)
{
	const cmd_output *output = &request->call->output;
	ps_rows rows = { .items = NULL };
	int code, r = ps_select(&rows, request, table);

	if (r < 0)
		return cmd_fail(
		    output, CMD_EXIT_FAILED, r, NULL, "cannot choose processes");
	if (output->json)
		r = print_document(request, &rows);
	else if (request->show != 0)
		r = ps_details_print(request, &rows);
	else
		r = ps_print_table(request, &rows);
	tell_stale(request, &rows);
	code = exit_code(request, &rows, ps_tell_missing(request, table));
	ps_rows_deinit(&rows);
	if (r < 0)
		return cmd_fail(
		    output, cmd_exit_from_error(r), r, NULL, "cannot show the processes");
	return r != 0 ? r : code;
}
