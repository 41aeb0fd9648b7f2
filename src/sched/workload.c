/*
 * A list of tasks that grows at the end and is never rearranged: the index of a
 * task is its name for programs, as the id is for people.  Everything a task points
 * to is copied into one arena, and one map knows all ids, so that the millionth
 * task costs what the first did.
 */
#include "sched/workload.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/fixed_text.h"
#include "base/opts.h"

int hk_sched_workload_new(hk_sched_workload **out)
{
	hk_sched_workload *workload = hki_zalloc(sizeof(*workload));

	if (workload == NULL)
		return -ENOMEM;
	*out = workload;
	return 0;
}

void hk_sched_workload_free(hk_sched_workload *workload)
{
	if (workload == NULL)
		return;
	hki_name_map_deinit(&workload->indexes);
	hki_arena_deinit(&workload->arena);
	hki_free(workload->tasks);
	hki_free(workload);
}

typedef struct span {
	const char *key;
	int64_t ticks;
} span;

static const char *io_fault(const hk_sched_task *task, int *out_code)
{
	int64_t before = 0;

	for (size_t i = 0; i < task->io_count; i++) {
		*out_code = -EINVAL;
		if (task->io[i].after <= before)
			return "I/O comes after some CPU time, each later than the last";
		if (task->io[i].after >= task->burst)
			return "I/O comes before the burst is over";
		if (task->io[i].duration < 0)
			return "I/O takes a time that is not negative";
		*out_code = -ERANGE;
		if (task->io[i].duration > HK_SCHED_TIME_MAX)
			return "I/O takes longer than times may be";
		before = task->io[i].after;
	}
	return NULL;
}

const char *hki_sched_task_fault(
    const hk_sched_task *task, int *out_code, const char **out_key)
{
	const span spans[] = {
		{ "arrival", task->arrival },
		{ "start_after", task->start_after },
		{ "burst", task->burst },
		{ "deadline", task->deadline },
		{ "period", task->period },
	};

	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		*out_key = spans[i].key;
		*out_code = -EINVAL;
		if (spans[i].ticks < 0)
			return "a time is not negative";
		*out_code = -ERANGE;
		if (spans[i].ticks > HK_SCHED_TIME_MAX)
			return "the time is too long";
	}
	*out_key = "io";
	return io_fault(task, out_code);
}

/* The task as this library knows it, whatever header it was made with. */
static int take_task(hk_sched_task *out, const hk_sched_task *given)
{
	const char *key;
	int code = 0;
	int r = hki_opts_copy(
	    out, sizeof(*out), given, given->size, offsetof(hk_sched_task, deadline));

	if (r < 0)
		return r;
	if ((out->io == NULL && out->io_count > 0) ||
	    (out->depends_on == NULL && out->depends_on_count > 0) ||
	    (out->flags & ~(uint32_t) HK_SCHED_SLACK) != 0)
		return -EINVAL;
	out->size = sizeof(*out);
	return hki_sched_task_fault(out, &code, &key) == NULL ? 0 : code;
}

/* A name nobody has: its number, or the next one that is free. */
static const char *make_id(hk_sched_workload *workload)
{
	for (size_t number = workload->count + 1;; number++) {
		const char *id = hki_arena_format(&workload->arena, "T%zu", number);

		if (id == NULL || hki_name_map_get(&workload->indexes, id) == NULL)
			return id;
	}
}

static const hk_sched_command *copy_command(
    hki_arena *arena, const hk_sched_command *given)
{
	hk_sched_command *command;

	if (given == NULL)
		return NULL;
	command = hki_arena_copy(arena, given, sizeof(*given));
	if (command == NULL)
		return NULL;
	command->argv = hki_arena_strings(arena, given->argv);
	command->environment = hki_arena_strings(arena, given->environment);
	command->working_dir = hki_arena_string(arena, given->working_dir);
	return command;
}

static const hk_sched_dependency *copy_dependencies(
    hki_arena *arena, const hk_sched_dependency *given, size_t count)
{
	hk_sched_dependency *list;

	if (count == 0)
		return NULL;
	list = hki_arena_array(arena, count, sizeof(list[0]));
	for (size_t i = 0; list != NULL && i < count; i++)
		list[i] = (hk_sched_dependency){
			.id = hki_arena_string(arena, given[i].id),
			.condition = given[i].condition,
		};
	return list;
}

/* Everything @task points to becomes ours.  0 or -ENOMEM. */
static int copy_parts(hk_sched_workload *workload, hk_sched_task *task)
{
	hki_arena *arena = &workload->arena;

	arena->failed = false;
	task->id =
	    task->id == NULL ? make_id(workload) : hki_arena_string(arena, task->id);
	if (task->io_count > 0)
		task->io =
		    hki_arena_copy(arena, task->io, task->io_count * sizeof(task->io[0]));
	else
		task->io = NULL;
	task->depends_on =
	    copy_dependencies(arena, task->depends_on, task->depends_on_count);
	task->command = copy_command(arena, task->command);
	return arena->failed ? -ENOMEM : 0;
}

static int make_room(hk_sched_workload *workload)
{
	size_t capacity = workload->capacity == 0 ? 16 : workload->capacity * 2;
	hk_sched_task *tasks;

	if (workload->count < workload->capacity)
		return 0;
	tasks = hki_realloc_array(workload->tasks, capacity, sizeof(tasks[0]));
	if (tasks == NULL)
		return -ENOMEM;
	workload->tasks = tasks;
	workload->capacity = capacity;
	return 0;
}

int64_t hk_sched_workload_add(hk_sched_workload *workload, const hk_sched_task *task)
{
	hk_sched_task own = HK_SCHED_TASK_INIT;
	int r = take_task(&own, task);

	if (r < 0)
		return r;
	if (workload->count >= UINT32_MAX)
		return HK_ELIMIT;
	if (own.id != NULL && hki_name_map_get(&workload->indexes, own.id) != NULL)
		return -EEXIST;
	r = make_room(workload);
	if (r == 0)
		r = copy_parts(workload, &own);
	if (r == 0)
		r = hki_name_map_put(&workload->indexes, own.id,
		    (void *) (uintptr_t) (workload->count + 1));
	if (r < 0)
		return r;
	workload->tasks[workload->count] = own;
	return (int64_t) workload->count++;
}

size_t hk_sched_workload_count(const hk_sched_workload *workload)
{
	return workload->count;
}

const hk_sched_task *hk_sched_workload_task(
    const hk_sched_workload *workload, size_t index)
{
	return index < workload->count ? &workload->tasks[index] : NULL;
}

int64_t hk_sched_workload_find(const hk_sched_workload *workload, const char *id)
{
	uintptr_t found = (uintptr_t) hki_name_map_get(&workload->indexes, id);

	return found == 0 ? -ENOENT : (int64_t) found - 1;
}

int64_t hk_sched_workload_tick_ns(const hk_sched_workload *workload)
{
	return workload->tick_ns;
}

size_t hki_sched_time_format(
    char *out, size_t capacity, const hk_sched_workload *workload, int64_t at)
{
	hki_fixed_text text;

	hki_fixed_text_init(&text, out, capacity);
	if (workload->tick_ns == 1)
		hki_fixed_text_append_format(&text, "%.10gms", (double) at / 1e6);
	else
		hki_fixed_text_append_format(&text, "%lld", (long long) at);
	return hki_fixed_text_end(&text);
}
