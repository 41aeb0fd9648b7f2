#include "service/order.h"

#include <errno.h>
#include <stdint.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/error_list.h"
#include "base/map.h"

/*
 * The order of start: a depth-first walk over the dependencies, with a stack of
 * our own so that a long chain cannot overflow the thread's.  A service whose
 * walk is not finished and is met again closes a cycle, and the stack at that
 * moment spells it.  The order of stop is the same list backwards.
 */

enum mark { FRESH, ON_STACK, PLACED };

struct hki_order {
	const hki_order_node *nodes; /* Borrowed during construction only */
	size_t count;
	size_t *sequence; /* position -> index */
	size_t placed;
	size_t *first;   /* index -> its first entry in targets; count + 1 of them */
	size_t *targets; /* resolved dependencies, node by node */
};

struct walk {
	size_t *stack; /* indices from the start of the walk to where it is */
	size_t *next;  /* for each stack entry: which dependency comes next */
	unsigned char *marks;
	size_t depth;
	int result;
	hk_error_list *errors;
};

void hki_order_free(hki_order *order)
{
	if (order == NULL)
		return;
	hki_free(order->sequence);
	hki_free(order->first);
	hki_free(order->targets);
	hki_free(order);
}

static void order_freep(hki_order **order)
{
	hki_order_free(*order);
}

static void walk_deinit(struct walk *walk)
{
	hki_free(walk->stack);
	hki_free(walk->next);
	hki_free(walk->marks);
}

static int index_names(hki_name_map *map, const hki_order *order)
{
	for (size_t i = 0; i < order->count; i++) {
		/* Values are never NULL, so indices are stored plus one. */
		int r = hki_name_map_put(map, order->nodes[i].name, (void *) (i + 1));

		if (r < 0)
			return r;
	}
	return 0;
}

static int resolve(hki_order *order, const hki_name_map *map, hk_error_list *errors)
{
	size_t total = 0;
	int result = 0;

	for (size_t i = 0; i < order->count; i++) {
		const hki_order_node *node = &order->nodes[i];

		order->first[i] = total;
		for (size_t d = 0; d < node->dependency_count; d++) {
			const char *name = node->dependencies[d].service;
			uintptr_t found = (uintptr_t) hki_name_map_get(map, name);

			if (found == 0)
				result = hki_error_report_step(errors, -ENOENT,
				    "depends_on",
				    "service '%s' depends on '%s', which is not defined",
				    node->name, name);
			order->targets[total++] = found != 0 ? found - 1 : i;
		}
	}
	order->first[order->count] = total;
	return result;
}

static void report_cycle(const hki_order *order, struct walk *walk, size_t back_to)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	bool inside = false;

	walk->result = -ELOOP;
	for (size_t i = 0; i < walk->depth; i++) {
		inside = inside || walk->stack[i] == back_to;
		if (inside)
			(void) hki_buffer_append_format(
			    &text, "%s -> ", order->nodes[walk->stack[i]].name);
	}
	(void) hki_buffer_append_text(&text, order->nodes[back_to].name);
	(void) hki_error_report_step(walk->errors, -ELOOP, "depends_on",
	    "services depend on each other in a circle: %s",
	    text.data != NULL ? text.data : order->nodes[back_to].name);
}

static void push(struct walk *walk, size_t index, size_t first)
{
	walk->marks[index] = ON_STACK;
	walk->stack[walk->depth] = index;
	walk->next[walk->depth++] = first;
}

/* Place everything below @start, then @start itself. */
static void place(hki_order *order, struct walk *walk, size_t start)
{
	push(walk, start, order->first[start]);
	while (walk->depth > 0) {
		size_t index = walk->stack[walk->depth - 1];
		size_t *next = &walk->next[walk->depth - 1];

		if (*next == order->first[index + 1]) {
			walk->marks[index] = PLACED;
			order->sequence[order->placed++] = index;
			walk->depth--;
		} else {
			size_t target = order->targets[(*next)++];

			if (walk->marks[target] == ON_STACK)
				report_cycle(order, walk, target);
			else if (walk->marks[target] == FRESH)
				push(walk, target, order->first[target]);
		}
	}
}

static int place_all(hki_order *order, hk_error_list *errors)
{
	hki_cleanup(walk_deinit) struct walk walk = { .errors = errors };

	walk.stack = hki_alloc_array(order->count, sizeof(size_t));
	walk.next = hki_alloc_array(order->count, sizeof(size_t));
	walk.marks = hki_zalloc(order->count);
	if (walk.stack == NULL || walk.next == NULL || walk.marks == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < order->count; i++)
		if (walk.marks[i] == FRESH)
			place(order, &walk, i);
	return walk.result;
}

int hki_order_new(
    hki_order **out, const hki_order_node *nodes, size_t count, hk_error_list *errors)
{
	hki_cleanup(order_freep) hki_order *order = hki_zalloc(sizeof(*order));
	hki_cleanup(hki_name_map_deinit) hki_name_map map = { 0 };
	size_t total = 0;
	int r;

	if (order == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		total += nodes[i].dependency_count;
	order->nodes = nodes;
	order->count = count;
	order->sequence = hki_alloc_array(count, sizeof(size_t));
	order->first = hki_alloc_array(count + 1, sizeof(size_t));
	order->targets = hki_alloc_array(total, sizeof(size_t));
	if (order->sequence == NULL || order->first == NULL || order->targets == NULL)
		return -ENOMEM;

	if ((r = index_names(&map, order)) < 0 ||
	    (r = resolve(order, &map, errors)) < 0 || (r = place_all(order, errors)) < 0)
		return r;
	order->nodes = NULL;
	*out = hki_take(order);
	return 0;
}

size_t hki_order_at(const hki_order *order, size_t position)
{
	return order->sequence[position];
}

size_t hki_order_dependency(const hki_order *order, size_t index, size_t which)
{
	return order->targets[order->first[index] + which];
}

void hki_order_close(const hki_order *order, bool *marked)
{
	/* Backwards, everything that needs a service has been seen before the service. */
	for (size_t position = order->count; position-- > 0;) {
		size_t index = order->sequence[position];

		if (!marked[index])
			continue;
		for (size_t t = order->first[index]; t < order->first[index + 1]; t++)
			marked[order->targets[t]] = true;
	}
}
