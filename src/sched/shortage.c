/*
 * Programs that cannot be started because descriptors, processes or memory have run out
 * here, while others of ours hold some: they need not fail, they need to wait until one
 * of those has ended.
 *
 * An end makes room for one, so one is tried again, and after it has started the next:
 * of a long list not everybody knocks at a door that is closed.  Who is tried when
 * nobody else holds anything fails with what it is told: there is nothing to wait for.
 */
#include <errno.h>
#include "sched/executor_internal.h"

static bool is_shortage(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -EAGAIN ||
	       error == -ENOMEM;
}

bool hki_shortage_park(hki_task *task, int error)
{
	hk_sched_executor *executor = task->executor;

	if (!is_shortage(error) || executor->programs == 0)
		return false;
	if (!task->parked_before)
		executor->put_off++;
	task->parked_before = true;
	task->tries--;
	hki_dispatch_withdraw(task);
	hki_task_enter(task, HK_SCHED_WAITING, hki_executor_now(executor));
	hki_list_append(&executor->parked, &task->parked_node);
	return true;
}

void hki_shortage_over(hk_sched_executor *executor)
{
	hki_list *node;

	while ((node = hki_list_pop(&executor->parked)) != NULL) {
		hki_task *task = hki_list_entry(node, hki_task, parked_node);

		hki_tasks_try_ready(task);
		/* One that is paused takes no room; with nobody left, all have a try. */
		if (task->state == HK_SCHED_READY && executor->programs > 0)
			return;
	}
}
