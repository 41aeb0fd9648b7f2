/*
 * From all processes to the lines of the table: filtered, ordered, or as a tree.
 *
 * Equal rows keep the order of their ids, so that lines do not dance.  In the tree a
 * process stands below its parent if that is shown too, else at the root, and
 * siblings keep the chosen order: with it "by CPU" finds the busiest child of each.
 */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/alloc.h"

/* ---- comparing ---- */

static int compare_uint64(uint64_t one, uint64_t other)
{
	return one < other ? -1 : one > other;
}

static int compare_double(double one, double other)
{
	return one < other ? -1 : one > other;
}

/* The value of a number; false if the field holds none. */
static bool number_of(double *out, const hk_system_process *process, unsigned int field)
{
	const hk_record_type *type = &hk_system_process_type;
	const void *value = hk_record_value(type, process, field);

	switch (type->fields[field].kind) {
	case HK_RECORD_BOOL:
		*out = *(const bool *) value;
		return true;
	case HK_RECORD_INT32:
	case HK_RECORD_ENUM:
		*out = *(const int32_t *) value;
		return true;
	case HK_RECORD_UINT32:
		*out = *(const uint32_t *) value;
		return true;
	case HK_RECORD_INT64:
		*out = (double) *(const int64_t *) value;
		return true;
	case HK_RECORD_UINT64:
		*out = (double) *(const uint64_t *) value;
		return true;
	case HK_RECORD_DOUBLE:
		*out = *(const double *) value;
		return true;
	default:
		return false;
	}
}

static const char *text_of(const hk_system_process *process, unsigned int field)
{
	const hk_record_type *type = &hk_system_process_type;
	const void *value = hk_record_value(type, process, field);

	if (type->fields[field].kind == HK_RECORD_STRING)
		return *(const char *const *) value;
	if (type->fields[field].kind == HK_RECORD_STRINGS) {
		const hk_record_strings *strings = value;

		return strings->count > 0 ? strings->items[0] : process->name;
	}
	return NULL;
}

/* What is not there comes last, in either direction. */
static int compare_rows(const void *one, const void *other, void *user)
{
	const top_order *order = user;
	const hk_system_process *a = ((const top_row *) one)->process;
	const hk_system_process *b = ((const top_row *) other)->process;
	bool has_a = hk_record_has(&a->record, order->field);
	bool has_b = hk_record_has(&b->record, order->field);
	double number_a, number_b;
	int r;

	if (!has_a || !has_b) {
		r = (int) has_b - (int) has_a;
	} else {
		if (number_of(&number_a, a, order->field) &&
		    number_of(&number_b, b, order->field)) {
			r = compare_double(number_a, number_b);
		} else {
			const char *text_a = text_of(a, order->field);
			const char *text_b = text_of(b, order->field);

			r = strcmp(
			    text_a == NULL ? "" : text_a, text_b == NULL ? "" : text_b);
		}
		if (order->descending)
			r = -r;
	}
	return r != 0 ? r : compare_uint64((uint64_t) a->pid, (uint64_t) b->pid);
}

/* ---- choosing ---- */

static bool is_shown(const hk_system_process *process, const top_order *order)
{
	if (process->kernel && !order->kernel)
		return false;
	if (order->user != NULL &&
	    (!hk_record_has(&process->record, HK_SYSTEM_PROCESS_USER) ||
		strcmp(process->user, order->user) != 0))
		return false;
	return order->filter == NULL ||
	       hk_system_filter_match(order->filter, process) == 1;
}

static int reserve(top_rows *rows, size_t count)
{
	size_t capacity = count + count / 4 + 64;
	top_row *items;

	if (count <= rows->capacity)
		return 0;
	items = hki_alloc_array(capacity, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	hki_free(rows->items);
	rows->items = items;
	rows->capacity = capacity;
	return 0;
}

static void choose(top_rows *rows, const top_moment *moment, const top_order *order)
{
	rows->count = 0;
	rows->total = 0;
	for (size_t i = 0; i < moment->count; i++) {
		const hk_system_process *process = moment->processes[i];

		if (moment->exited[i] && order->living)
			continue;
		rows->total++;
		if (is_shown(process, order))
			rows->items[rows->count++] = (top_row){
				.process = process,
				.key = top_model_key(process),
				.exited = moment->exited[i],
			};
	}
}

/* ---- the tree ---- */

/* As many levels as top_row.open has bits. */
enum { TREE_DEPTH_MAX = 64 };

typedef struct tree_plan {
	const top_row *sorted;
	size_t count;
	size_t *first;  /* child of each row, by place in sorted; count: none */
	size_t *next;   /* sibling */
	hki_map places; /* pid to place + 1 */
	top_row *out;
	size_t written;
	const hki_map *folded;
} tree_plan;

static void *as_value(size_t place)
{
	return (void *) (uintptr_t) (place + 1);
}

/* The place of the parent of row @i, or count. */
static size_t parent_of(const tree_plan *tree, size_t i)
{
	const hk_system_process *process = tree->sorted[i].process;
	void *found = NULL;

	if (!tree->sorted[i].exited && process->ppid > 0 && process->ppid != process->pid)
		found = hki_map_get(&tree->places, (uint64_t) process->ppid);
	return found == NULL ? tree->count : (size_t) (uintptr_t) found - 1;
}

/* Hang every row below its parent; the roots become children of row `count`. */
static int hang(tree_plan *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		int r;

		if (tree->sorted[i].exited)
			continue;
		r = hki_map_put(
		    &tree->places, (uint64_t) tree->sorted[i].process->pid, as_value(i));
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i <= tree->count; i++)
		tree->first[i] = tree->count;
	/* From behind, so that lists come out in order. */
	for (size_t i = tree->count; i-- > 0;) {
		size_t parent = parent_of(tree, i);

		tree->next[i] = tree->first[parent];
		tree->first[parent] = i;
	}
	return 0;
}

/* Rows that hang in a circle (ids read at different times) are reached from no root. */
static void write_branch(tree_plan *tree, size_t row, unsigned int depth, uint64_t open)
{
	for (; row < tree->count && tree->written < tree->count; row = tree->next[row]) {
		top_row *out = &tree->out[tree->written++];

		*out = tree->sorted[row];
		out->depth = depth;
		out->open = open;
		out->last = tree->next[row] >= tree->count;
		out->folded = tree->folded != NULL && tree->first[row] < tree->count &&
			      hki_map_get(tree->folded, out->key) != NULL;
		if (!out->folded && depth < TREE_DEPTH_MAX)
			write_branch(tree, tree->first[row], depth + 1,
			    out->last ? open : open | UINT64_C(1) << depth);
	}
}

static int make_tree(top_rows *rows, const top_order *order)
{
	size_t count = rows->count;
	tree_plan tree = { .count = count, .folded = order->folded };
	top_row *sorted = hki_alloc_array(count + 1, sizeof(*sorted));
	int r = -ENOMEM;

	tree.first = hki_alloc_array(count + 1, sizeof(*tree.first));
	tree.next = hki_alloc_array(count + 1, sizeof(*tree.next));
	if (sorted != NULL && tree.first != NULL && tree.next != NULL) {
		memcpy(sorted, rows->items, count * sizeof(*sorted));
		tree.sorted = sorted;
		tree.out = rows->items;
		r = hang(&tree);
	}
	if (r == 0) {
		write_branch(&tree, tree.first[count], 0, 0);
		rows->count = tree.written;
	}
	hki_map_deinit(&tree.places);
	hki_free(tree.first);
	hki_free(tree.next);
	hki_free(sorted);
	return r;
}

int top_rows_make(top_rows *rows, const top_moment *moment, const top_order *order)
{
	int r = reserve(rows, moment->count);

	if (r < 0)
		return r;
	choose(rows, moment, order);
	if (rows->count > 1)
		qsort_r(rows->items, rows->count, sizeof(*rows->items), compare_rows,
		    (void *) (uintptr_t) order);
	/* Without the memory for a tree the list is still right. */
	if (order->tree && rows->count > 0)
		(void) make_tree(rows, order);
	return 0;
}

void top_rows_deinit(top_rows *rows)
{
	hki_free(rows->items);
	memset(rows, 0, sizeof(*rows));
}

/* ---- finding ---- */

long top_rows_find(const top_rows *rows, uint64_t key)
{
	for (size_t i = 0; i < rows->count; i++) {
		if (rows->items[i].key == key)
			return (long) i;
	}
	return -1;
}

static bool holds(const hk_system_process *process, const char *text)
{
	if (process->name != NULL && strcasestr(process->name, text) != NULL)
		return true;
	if (!hk_record_has(&process->record, HK_SYSTEM_PROCESS_COMMAND))
		return false;
	for (size_t i = 0; i < process->command.count; i++) {
		if (strcasestr(process->command.items[i], text) != NULL)
			return true;
	}
	return false;
}

long top_rows_search(const top_rows *rows, const char *text, long from, int step)
{
	long count = (long) rows->count;

	for (long i = 0; i < count; i++) {
		long at = (((from + step * i) % count) + count) % count;

		if (holds(rows->items[at].process, text))
			return at;
	}
	return -1;
}
