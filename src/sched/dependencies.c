/*
 * Who waits for whom.  Names become numbers once; then Kahn's method takes away
 * tasks that wait for nobody who is left.  What cannot be taken away waits in a
 * circle or behind one; following dependencies from there must come round, and
 * each circle is told once, with everybody in it.
 */
#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/error_list.h"
#include "base/fixed_text.h"
#include "sched/workload.h"

/* A circle longer than this is told by its first members and their number. */
#define NAMES_MAX 32

typedef struct edge_lists {
	size_t *first;
	uint32_t *to;
} edge_lists;

static void edges_deinit(edge_lists *edges)
{
	hki_free(edges->first);
	hki_free(edges->to);
	edges->first = NULL;
	edges->to = NULL;
}

static size_t count_dependencies(const hk_sched_workload *workload)
{
	size_t count = 0;

	for (size_t i = 0; i < workload->count; i++)
		count += workload->tasks[i].depends_on_count;
	return count;
}

/* Who is to be told, and how. */
typedef struct teller {
	hki_sched_tell_fn tell;
	void *user;
} teller;

static int tell_unknown(
    const teller *to, size_t task, size_t dependency, const char *name, const char *other)
{
	char *sentence = hki_format(
	    "task '%s' waits for '%s', which is not in the workload", name, other);

	if (sentence == NULL)
		return -ENOMEM;
	to->tell(to->user, task, dependency, sentence);
	hki_free(sentence);
	return -ENOENT;
}

/*
 * Dependencies as numbers: those of task i are to[first[i]] … to[first[i + 1] - 1].
 * 0, -ENOENT after telling every unknown id, or -ENOMEM.
 */
static int find_edges(
    edge_lists *out, const hk_sched_workload *workload, const teller *to)
{
	size_t total = count_dependencies(workload);
	size_t at = 0;
	int r = 0;

	out->first = hki_alloc_array(workload->count + 1, sizeof(out->first[0]));
	out->to = hki_alloc_array(total, sizeof(out->to[0]));
	if (out->first == NULL || out->to == NULL) {
		edges_deinit(out);
		return -ENOMEM;
	}
	for (size_t i = 0; i < workload->count; i++) {
		const hk_sched_task *task = &workload->tasks[i];

		out->first[i] = at;
		for (size_t k = 0; k < task->depends_on_count; k++) {
			const char *id = task->depends_on[k].id;
			int64_t found =
			    id == NULL ? -ENOENT : hk_sched_workload_find(workload, id);

			if (found < 0)
				r = tell_unknown(
				    to, i, k, task->id, id == NULL ? "" : id);
			else
				out->to[at++] = (uint32_t) found;
		}
	}
	out->first[workload->count] = at;
	return r;
}

/* For each task how many it waits for are left, and who waits for it in turn. */
typedef struct kahn {
	uint32_t *left;
	edge_lists back;
	uint32_t *queue;
} kahn;

static void kahn_deinit(kahn *state)
{
	hki_free(state->left);
	hki_free(state->queue);
	edges_deinit(&state->back);
}

/* The same edges the other way round. */
static int turn_round(edge_lists *out, const edge_lists *edges, size_t count)
{
	size_t total = edges->first[count];
	size_t sum = 0;

	out->first = hki_zalloc_array(count + 2, sizeof(out->first[0]));
	out->to = hki_alloc_array(total, sizeof(out->to[0]));
	if (out->first == NULL || out->to == NULL)
		return -ENOMEM;
	/* Counted two places up, so that filling leaves the beginnings in place. */
	for (size_t k = 0; k < total; k++)
		out->first[edges->to[k] + 2]++;
	for (size_t i = 2; i < count + 2; i++) {
		sum += out->first[i];
		out->first[i] = sum;
	}
	for (size_t i = 0; i < count; i++)
		for (size_t k = edges->first[i]; k < edges->first[i + 1]; k++)
			out->to[out->first[edges->to[k] + 1]++] = (uint32_t) i;
	return 0;
}

/* Take away whom nobody holds up; left[i] > 0 is then true of those in circles and
 * behind them.  Returns how many there are, or -ENOMEM. */
static int64_t take_away(kahn *state, const edge_lists *edges, size_t count)
{
	size_t head = 0;
	size_t tail = 0;
	int r = turn_round(&state->back, edges, count);

	state->left = hki_alloc_array(count, sizeof(state->left[0]));
	state->queue = hki_alloc_array(count, sizeof(state->queue[0]));
	if (r < 0 || state->left == NULL || state->queue == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		state->left[i] = (uint32_t) (edges->first[i + 1] - edges->first[i]);
		if (state->left[i] == 0)
			state->queue[tail++] = (uint32_t) i;
	}
	for (; head < tail; head++) {
		uint32_t done = state->queue[head];

		for (size_t k = state->back.first[done]; k < state->back.first[done + 1];
		     k++)
			if (--state->left[state->back.to[k]] == 0)
				state->queue[tail++] = state->back.to[k];
	}
	return (int64_t) (count - tail);
}

static int tell_circle(const hk_sched_workload *workload, const uint32_t *next,
    uint32_t start, const teller *to)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer names = HKI_BUFFER_INIT;
	size_t length = 0;
	uint32_t at = start;
	char *sentence;
	int r = 0;

	do {
		if (length++ < NAMES_MAX && r == 0)
			r = hki_buffer_append_format(
			    &names, "'%s' -> ", workload->tasks[at].id);
		at = next[at];
	} while (at != start);
	if (r == 0 && length > NAMES_MAX)
		r = hki_buffer_append_format(&names, "… (%zu tasks) -> ", length);
	if (r < 0)
		return r;
	sentence = hki_format("tasks wait for each other in a circle: %s'%s'", names.data,
	    workload->tasks[start].id);
	if (sentence == NULL)
		return -ENOMEM;
	to->tell(to->user, start, 0, sentence);
	hki_free(sentence);
	return -ELOOP;
}

/*
 * Follow from every task that is left its first dependency that is left too.
 * Somebody who is met twice on one walk is on a circle.
 */
static int tell_circles(const hk_sched_workload *workload, const edge_lists *edges,
    kahn *state, const teller *to)
{
	uint32_t *next = state->queue;
	hki_cleanup(hki_freep) uint32_t *walk =
	    hki_zalloc_array(workload->count, sizeof(walk[0]));
	int r = 0;

	if (walk == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < workload->count; i++)
		for (size_t k = edges->first[i + 1]; k-- > edges->first[i];)
			if (state->left[i] > 0 && state->left[edges->to[k]] > 0)
				next[i] = edges->to[k];
	for (uint32_t i = 0; i < workload->count && r != -ENOMEM; i++) {
		uint32_t at = i;

		while (state->left[at] > 0 && walk[at] == 0) {
			walk[at] = i + 1;
			at = next[at];
		}
		if (state->left[at] > 0 && walk[at] == i + 1)
			r = tell_circle(workload, next, at, to);
	}
	return r;
}

int hki_sched_dependencies_check(
    const hk_sched_workload *workload, hki_sched_tell_fn tell, void *user)
{
	hki_cleanup(edges_deinit) edge_lists edges = { NULL, NULL };
	hki_cleanup(kahn_deinit) kahn state = { NULL, { NULL, NULL }, NULL };
	const teller to = { tell, user };
	int64_t left;
	int unknown;

	if (count_dependencies(workload) == 0)
		return 0;
	unknown = find_edges(&edges, workload, &to);
	if (unknown == -ENOMEM)
		return unknown;
	left = take_away(&state, &edges, workload->count);
	if (left <= 0)
		return left < 0 ? (int) left : unknown;
	if (tell_circles(workload, &edges, &state, &to) == -ENOMEM)
		return -ENOMEM;
	return -ELOOP;
}

static void report(void *user, size_t task, size_t dependency, const char *sentence)
{
	const hk_error error = {
		.code = HK_EPARSE, .step = "depends_on", .text = sentence
	};

	(void) task;
	(void) dependency;
	(void) hki_error_report(user, &error);
}

int hk_sched_workload_check(const hk_sched_workload *workload, hk_error_list *errors)
{
	return hki_sched_dependencies_check(workload, report, errors);
}
