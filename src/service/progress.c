#include "service/service_internal.h"

#include <errno.h>
#include <stdio.h>
#include "base/alloc.h"

/*
 * What has become possible after something changed: instances whose
 * dependencies are met may start, and while everything is being stopped, a
 * service may be asked to end once nobody who needs it runs.
 *
 * It looks at everything each time instead of keeping counts; a count that is
 * off by one hangs a project, and a look at a thousand services takes
 * microseconds.
 */

typedef enum verdict { MET, WAIT, NEVER } verdict;

static verdict started(const hki_instance *instance)
{
	if (instance->state == HK_SERVICE_STATE_FAILED)
		return NEVER;
	return instance->ever_started ? MET : WAIT;
}

static verdict healthy(const hki_instance *instance)
{
	bool checked = instance->service->description.has_health;

	switch (instance->state) {
	case HK_SERVICE_STATE_READY:
		return instance->unhealthy ? NEVER : MET;
	case HK_SERVICE_STATE_COMPLETED:
		return checked ? NEVER : MET;
	case HK_SERVICE_STATE_FAILED:
		return NEVER;
	default:
		return instance->unhealthy &&
			       instance->service->description.policy.restart ==
				   HK_SERVICE_RESTART_NO
			   ? NEVER
			   : WAIT;
	}
}

static verdict completed(const hki_instance *instance)
{
	switch (instance->state) {
	case HK_SERVICE_STATE_COMPLETED:
		return MET;
	case HK_SERVICE_STATE_FAILED:
		return NEVER;
	default:
		return WAIT;
	}
}

static verdict judge(const hki_service *service, hk_service_condition condition)
{
	static verdict (*const conditions[])(const hki_instance *) = {
		[HK_SERVICE_STARTED] = started,
		[HK_SERVICE_HEALTHY] = healthy,
		[HK_SERVICE_COMPLETED_SUCCESSFULLY] = completed,
	};
	verdict worst = MET;

	for (size_t i = 0; i < service->instance_count; i++) {
		verdict one = conditions[condition](service->instances[i]);

		if (one > worst)
			worst = one;
	}
	return worst;
}

/* The dependency with the worst verdict, and that verdict. */
static verdict look_at_dependencies(
    const hki_service *service, const hki_service **culprit)
{
	const hk_service_set *set = service->set;
	verdict worst = MET;

	for (size_t d = 0; d < service->description.dependency_count; d++) {
		const hki_service *on =
		    set->indexed[hki_order_dependency(set->order, service->index, d)];
		verdict one = judge(on, service->description.dependencies[d].condition);

		if (one > worst) {
			worst = one;
			*culprit = on;
		}
	}
	return worst;
}

static bool has_waiting(const hki_service *service)
{
	for (size_t i = 0; i < service->instance_count; i++)
		if (service->instances[i]->state == HK_SERVICE_STATE_WAITING)
			return true;
	return false;
}

static void start_what_may(hki_service *service)
{
	const hki_service *culprit = NULL;
	char why[120];
	verdict now;

	if (service->set->order == NULL || !has_waiting(service))
		return;
	now = look_at_dependencies(service, &culprit);
	if (now == MET)
		hki_service_feed(service, HKI_EVENT_DEPENDENCIES_MET);
	if (now != NEVER)
		return;
	(void) snprintf(why, sizeof(why), "depends on '%s', which did not come up",
	    culprit->description.name);
	for (size_t i = 0; i < service->instance_count && !service->set->freed; i++)
		if (service->instances[i]->state == HK_SERVICE_STATE_WAITING)
			hki_instance_give_up(service->instances[i], why);
}

/* ---- stopping, in reverse ---- */

static bool is_needed(const hk_service_set *set, const hki_service *service)
{
	for (const hki_list *node = set->services.next; node != &set->services;
	     node = node->next) {
		const hki_service *other = hki_list_entry(node, hki_service, node);

		if (hki_service_is_over(other))
			continue;
		for (size_t d = 0; d < other->description.dependency_count; d++)
			if (hki_order_dependency(set->order, other->index, d) ==
			    service->index)
				return true;
	}
	return false;
}

static void stop_what_may(hk_service_set *set)
{
	for (hki_list *node = set->services.previous;
	     node != &set->services && !set->freed; node = node->previous) {
		hki_service *service = hki_list_entry(node, hki_service, node);

		if (!hki_service_is_over(service) &&
		    (set->order == NULL || !is_needed(set, service)))
			hki_service_feed(service, HKI_EVENT_STOP);
	}
}

/* ---- the end ---- */

static void check_end(hk_service_set *set)
{
	hk_service_summary summary;

	if (!set->running || !hk_service_set_ended(set))
		return;
	set->running = set->stopping = false;
	hk_service_set_summary(set, &summary);
	hki_event_emit(set, HK_SERVICE_EVENT_END, NULL, NULL);
	if (!set->freed && set->opts.on_end != NULL)
		set->opts.on_end(set, &summary, set->opts.user);
}

static void look_once(hk_service_set *set)
{
	for (hki_list *node = set->services.next; node != &set->services && !set->freed;
	     node = node->next) {
		hki_service *service = hki_list_entry(node, hki_service, node);

		hki_service_trim(service);
		if (!set->stopping)
			start_what_may(service);
	}
	if (set->stopping)
		stop_what_may(set);
}

void hki_set_progress(hk_service_set *set)
{
	while (set->changed && !set->freed) {
		set->changed = false;
		look_once(set);
	}
	if (!set->freed)
		check_end(set);
}

/* ---- the order ---- */

static int make_order(hk_service_set *set, hki_order_node *nodes, hk_error_list *errors)
{
	size_t count = 0;
	hki_order *order = NULL;
	int r;

	for (hki_list *node = set->services.next; node != &set->services;
	     node = node->next) {
		hki_service *service = hki_list_entry(node, hki_service, node);

		set->indexed[count] = service;
		service->index = count;
		nodes[count++] = (hki_order_node){ service->description.name,
			service->description.dependencies,
			service->description.dependency_count };
	}
	r = hki_order_new(&order, nodes, count, errors);
	if (r < 0)
		return r;
	set->order = order;
	return 0;
}

int hki_set_find_order(hk_service_set *set, hk_error_list *errors)
{
	hki_order_node *nodes;
	int r;

	if (set->order != NULL)
		return 0;
	hki_free(set->indexed);
	set->indexed = hki_alloc_array(set->service_count, sizeof(*set->indexed));
	nodes = hki_alloc_array(set->service_count, sizeof(*nodes));
	if (set->indexed == NULL || nodes == NULL)
		r = -ENOMEM;
	else
		r = make_order(set, nodes, errors);
	hki_free(nodes);
	return r;
}
