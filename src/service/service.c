#include "service/service_internal.h"

#include <errno.h>
#include "base/alloc.h"
#include "base/cleanup.h"

/*
 * A service: one description and its instances.  The log files belong to it,
 * so that instances share them and a restart changes nothing about them.
 */

static void service_freep(hki_service **service)
{
	hki_service_free(*service);
}

static int open_logs(hki_service *service)
{
	hki_description *description = &service->description;
	int r = 0;

	if (description->has_log)
		r = hk_log_file_new(&service->log, service->set->log, &description->log);
	if (r == 0 && description->has_error_log)
		r = hk_log_file_new(
		    &service->error_log, service->set->log, &description->error_log);
	return r;
}

int hki_service_new(hki_service **out, hk_service_set *set, const hk_service_opts *opts,
    hk_error_list *errors)
{
	hki_cleanup(service_freep) hki_service *service = hki_zalloc(sizeof(*service));
	int r;

	if (service == NULL)
		return -ENOMEM;
	hki_list_init(&service->node);
	service->set = set;
	r = hki_description_init(&service->description, opts, errors);
	if (r < 0)
		return r;
	/* Its checks are started by the same thread. */
	service->description.process.spawner = set->spawner;
	r = open_logs(service);
	if (r < 0)
		return r;
	r = hki_service_resize(service, service->description.scale);
	if (r < 0)
		return r;
	*out = hki_take(service);
	return 0;
}

void hki_service_free(hki_service *service)
{
	if (service == NULL)
		return;
	hki_list_remove(&service->node);
	for (size_t i = 0; i < service->instance_count; i++)
		hki_instance_free(service->instances[i]);
	hki_free(service->instances);
	hk_log_sink_free(service->log);
	hk_log_sink_free(service->error_log);
	hki_description_deinit(&service->description);
	hki_free(service);
}

void hki_service_feed(hki_service *service, hki_machine_event event)
{
	for (size_t i = 0; i < service->instance_count && !service->set->freed; i++)
		hki_instance_feed(service->instances[i], event);
}

bool hki_service_is_over(const hki_service *service)
{
	for (size_t i = 0; i < service->instance_count; i++)
		if (!hki_machine_is_over(service->instances[i]->state))
			return false;
	return true;
}

static int add_instances(hki_service *service, uint32_t scale)
{
	hki_instance **grown =
	    hki_realloc_array(service->instances, scale, sizeof(hki_instance *));

	if (grown == NULL)
		return -ENOMEM;
	service->instances = grown;
	while (service->instance_count < scale) {
		int r = hki_instance_new(&grown[service->instance_count], service,
		    (uint32_t) service->instance_count + 1);

		if (r < 0)
			return r;
		service->instance_count++;
	}
	return 0;
}

int hki_service_resize(hki_service *service, uint32_t scale)
{
	size_t had = service->instance_count;
	int r = 0;

	if (scale > had)
		r = add_instances(service, scale);
	for (size_t i = 0; i < service->instance_count; i++)
		service->instances[i]->over_scale = i >= scale;
	for (size_t i = 0; i < service->instance_count && !service->set->freed; i++) {
		hki_instance *instance = service->instances[i];

		if (instance->over_scale)
			hki_instance_feed(instance, HKI_EVENT_STOP);
		else if (service->wanted && i >= had)
			hki_instance_feed(instance, HKI_EVENT_START);
	}
	service->set->changed = true;
	return r;
}

void hki_service_trim(hki_service *service)
{
	/* Only the last ones can be too many, so numbers stay without gaps. */
	while (service->instance_count > 0) {
		hki_instance *last = service->instances[service->instance_count - 1];

		if (!last->over_scale || !hki_machine_is_over(last->state))
			return;
		service->instance_count--;
		hki_instance_free(last);
	}
}
