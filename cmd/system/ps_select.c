/*
 * Which rows, in which order.  Rows are copied, so that they can be ordered,
 * renamed and lie one behind the other; their texts stay the table's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../exit.h"
#include "../output/cell.h"
#include "../output/fail.h"
#include "base/alloc.h"
#include "ps.h"

void ps_rows_deinit(ps_rows *rows)
{
	for (size_t i = 0; i < rows->name_count; i++)
		hki_free(rows->names[i]);
	hki_free(rows->names);
	hki_free(rows->depths);
	hki_free(rows->items);
	*rows = (ps_rows){ .items = NULL };
}

static bool is_named(const ps_request *request, const hk_system_process *row)
{
	if (request->id_count == 0)
		return true;
	for (size_t i = 0; i < request->id_count; i++) {
		const hk_process_id *id = &request->ids[i];

		if (id->pid == row->pid &&
		    (id->start_ticks == 0 || id->start_ticks == row->start_ticks) &&
		    (id->inode == 0 || row->inode == 0 || id->inode == row->inode))
			return true;
	}
	return false;
}

static bool is_of_user(const ps_request *request, const hk_system_process *row)
{
	char number[16];

	if (request->users == NULL)
		return true;
	(void) snprintf(number, sizeof(number), "%u", row->uid);
	for (char **user = request->users; *user != NULL; user++) {
		if (hk_record_has(&row->record, HK_SYSTEM_PROCESS_UID) &&
		    strcmp(*user, number) == 0)
			return true;
		if (hk_record_has(&row->record, HK_SYSTEM_PROCESS_USER) &&
		    strcmp(*user, row->user) == 0)
			return true;
	}
	return false;
}

int ps_chooses(const ps_request *request, const hk_system_process *row)
{
	if (!is_named(request, row) || !is_of_user(request, row))
		return 0;
	if (request->self_left_out && row->pid == getpid())
		return 0;
	return request->filter != NULL ? hk_system_filter_match(request->filter, row) : 1;
}

/* ---- order ---- */

typedef struct order {
	const ps_request *request;
	const hk_record_type *type;
} order;

static int compare(const void *left, const void *right, void *user)
{
	const order *by = user;
	unsigned int field = (unsigned int) by->request->sort;
	int result = cmd_cell_compare(by->type, left, right, field);

	/* What is absent comes last either way. */
	if (by->request->descending && hk_record_has(left, field) &&
	    hk_record_has(right, field))
		result = -result;
	if (result == 0 && by->type == &hk_system_process_type) {
		const hk_system_process *a = left, *b = right;

		result = (a->pid > b->pid) - (a->pid < b->pid);
	}
	return result;
}

void ps_sort(
    const ps_request *request, const hk_record_type *type, void *records, size_t count)
{
	order by = { .request = request, .type = type };

	if (request->sort >= 0 && count > 1)
		qsort_r(records, count, type->struct_size, compare, &by);
}

static int choose(
    ps_rows *out, const ps_request *request, const hk_system_processes *table)
{
	size_t count = hk_system_processes_count(table);

	out->items = hki_zalloc_array(count, sizeof(*out->items));
	if (out->items == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const hk_system_process *row = hk_system_processes_get(table, i);
		int r = ps_chooses(request, row);

		if (r < 0)
			return r;
		if (r > 0)
			out->items[out->count++] = *row;
	}
	return 0;
}

int ps_select(ps_rows *out, const ps_request *request, const hk_system_processes *table)
{
	int r;

	if (request->tree)
		return ps_tree_select(out, request, table);
	r = choose(out, request, table);
	if (r < 0) {
		ps_rows_deinit(out);
		return r;
	}
	if (request->group != PS_GROUP_NONE)
		return 0;
	ps_sort(request, &hk_system_process_type, out->items, out->count);
	if (request->limit > 0 && out->count > request->limit)
		out->count = (size_t) request->limit;
	return 0;
}

size_t ps_tell_missing(const ps_request *request, const hk_system_processes *table)
{
	size_t missing = 0;

	for (size_t i = 0; i < request->id_count; i++) {
		const hk_process_id *id = &request->ids[i];
		char text[HK_PROCESS_ID_TEXT_MAX];

		if (id->pid <= INT32_MAX &&
		    hk_system_processes_find_exactly(
			table, (int32_t) id->pid, id->start_ticks, id->inode) != NULL)
			continue;
		missing++;
		hk_process_id_format(text, sizeof(text), id);
		(void) cmd_fail(&request->call->output, CMD_EXIT_ABSENT, 0, NULL,
		    "there is no process '%s'", text);
	}
	return missing;
}
