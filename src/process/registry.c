/*
 * One registry a loop: every handle in order of start, those that run by id, and
 * the last starts that failed.  It lives in a slot of the loop and goes with it;
 * handles that outlive the loop lose their way back to it and become inert.
 */
#include "process/process_internal.h"

#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"

static void forget_failed(hki_failed_start *start)
{
	hki_free(start->argv);
	start->argv = NULL;
}

/* The loop goes: whoever is buried is collected now, handles of users stay. */
static void on_loop_free(hki_loop_member *member)
{
	hki_registry *registry = hki_list_entry(member, hki_registry, member);
	bool ours = registry->owner == getpid();
	hki_list *node;

	while ((node = hki_list_pop(&registry->processes)) != NULL)
		hki_process_leave_loop(hki_list_entry(node, hk_process, node));
	while ((node = hki_list_pop(&registry->buried)) != NULL) {
		hk_process *process = hki_list_entry(node, hk_process, node);

		hki_process_leave_loop(process);
		if (!ours)
			hki_process_release(process);
		else
			hki_process_end_now(process);
	}
	for (size_t i = 0; i < HKI_FAILED_STARTS_MAX; i++)
		forget_failed(&registry->failed[i]);
	hki_loop_set_slot(registry->loop, HKI_LOOP_PROCESS, NULL);
	hki_loop_leave(&registry->member);
	hki_map_deinit(&registry->by_pid);
	hki_free(registry);
}

int hki_registry_of(hki_registry **out, hk_loop *loop)
{
	hki_registry *registry = hki_loop_get_slot(loop, HKI_LOOP_PROCESS);

	if (registry == NULL) {
		registry = hki_zalloc(sizeof(*registry));
		if (registry == NULL)
			return -ENOMEM;
		registry->loop = loop;
		registry->owner = getpid();
		hki_list_init(&registry->processes);
		hki_list_init(&registry->buried);
		hki_list_init(&registry->member.node);
		registry->member.on_loop_free = on_loop_free;
		hki_loop_join(loop, &registry->member);
		hki_loop_set_slot(loop, HKI_LOOP_PROCESS, registry);
	}
	*out = registry;
	return 0;
}

void hki_registry_note_failure(
    hki_registry *registry, hk_process *process, int code, const char *step)
{
	size_t index = registry->failed_total++ % HKI_FAILED_STARTS_MAX;
	hki_failed_start *start = &registry->failed[index];

	forget_failed(start);
	start->argv = hki_take(process->argv);
	start->name = process->name;
	start->type = process->type;
	start->time_ns = hki_clock_real_ns();
	start->code = code;
	start->step = step;
	process->name = "";
}

hk_process *hk_process_find(const hk_loop *loop, pid_t pid)
{
	const hki_registry *registry = hki_loop_get_slot(loop, HKI_LOOP_PROCESS);

	if (registry == NULL || pid <= 0)
		return NULL;
	return hki_map_get(&registry->by_pid, (uint64_t) pid);
}
