#include "service/service_internal.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error_list.h"
#include "base/opts.h"

/*
 * The set: what callers hold, and the door through which everything enters.
 */

void hki_set_enter(hk_service_set *set)
{
	set->depth++;
}

static void release(hk_service_set *set)
{
	hki_list *node;

	hki_loop_leave(&set->member);
	while ((node = hki_list_pop(&set->services)) != NULL)
		hki_service_free(hki_list_entry(node, hki_service, node));
	hki_name_map_deinit(&set->by_name);
	hki_order_free(set->order);
	hki_free(set->indexed);
	hki_offload_free(set->offload);
	if (set->own_spawner)
		hk_process_spawner_free(set->spawner);
	if (set->own_log)
		hk_log_free(set->log);
	hki_free(set);
}

void hki_set_leave(hk_service_set *set)
{
	if (set->depth == 1)
		hki_set_progress(set);
	if (--set->depth == 0 && set->freed)
		release(set);
}

int hki_set_offload(hk_service_set *set)
{
	if (set->offload != NULL)
		return 0;
	return hki_offload_new(&set->offload, set->loop, 4);
}

/* ---- life ---- */

static void loop_freed(hki_loop_member *member)
{
	hk_service_set *set = hki_list_entry(member, hk_service_set, member);

	/* Programs are not left behind just because the loop went first. */
	hki_list_init(&set->member.node);
	while (!hki_list_empty(&set->services))
		hki_service_free(hki_list_entry(set->services.next, hki_service, node));
	hki_offload_free(hki_take(set->offload));
	hki_order_free(hki_take(set->order));
	set->service_count = 0;
	set->running = false;
	set->loop = NULL;
}

void hk_service_set_tell_log(hk_service_set *set, const hk_log_event *event)
{
	static const char *const what[] = {
		[HK_LOG_OPEN_FAILED] = "cannot be opened, output is lost",
		[HK_LOG_WRITE_FAILED] = "cannot be written, output is lost",
		[HK_LOG_RECOVERED] = "is written again, some output was lost",
		[HK_LOG_ROTATE_FAILED] = "cannot be rotated and grows",
		[HK_LOG_SINK_CLOSED] = "is read by nobody any more",
	};
	hki_cleanup(hki_freep) char *text = hki_format("log '%s' %s%s%s", event->sink,
	    what[event->kind], event->error != 0 ? ": " : "",
	    event->error != 0 ? hk_error_text(event->error) : "");

	hki_set_enter(set);
	hki_event_emit(set, HK_SERVICE_EVENT_LOG, NULL, text);
	hki_set_leave(set);
}

/* A log of our own has nobody else to tell. */
static void log_news(hk_log *log, const hk_log_event *event, void *user)
{
	(void) log;
	hk_service_set_tell_log(user, event);
}

static int get_helpers(hk_service_set *set)
{
	int r = 0;

	set->log = set->opts.log;
	set->spawner = set->opts.spawner;
	if (set->log == NULL) {
		hk_log_opts opts = HK_LOG_OPTS_INIT;

		opts.on_event = log_news;
		opts.user = set;
		r = hk_log_new(&set->log, set->loop, &opts);
		set->own_log = r == 0;
	}
	if (r == 0 && set->spawner == NULL) {
		r = hk_process_spawner_new(&set->spawner, set->loop);
		set->own_spawner = r == 0;
	}
	return r;
}

static void set_freep(hk_service_set **set)
{
	if (*set != NULL)
		release(*set);
}

int hk_service_set_new(
    hk_service_set **out, hk_loop *loop, const hk_service_set_opts *opts)
{
	hki_cleanup(set_freep) hk_service_set *set = NULL;
	hk_service_set_opts own = HK_SERVICE_SET_OPTS_INIT;
	int r = hki_loop_check(loop);

	if (r < 0)
		return r;
	if (opts != NULL) {
		r = hki_opts_copy(&own, sizeof(own), opts, opts->size, sizeof(size_t));
		if (r < 0)
			return r;
	}
	set = hki_zalloc(sizeof(*set));
	if (set == NULL)
		return -ENOMEM;
	set->loop = loop;
	set->opts = own;
	hki_list_init(&set->services);
	hki_list_init(&set->member.node);
	set->member.on_loop_free = loop_freed;
	hki_envelope_init(&set->envelope);
	if (own.seed == 0 && hki_random_bytes(&own.seed, sizeof(own.seed)) < 0)
		own.seed = (uint64_t) (uintptr_t) set;
	hki_random_seed(&set->random, own.seed);
	r = get_helpers(set);
	if (r < 0)
		return r;
	hki_loop_join(loop, &set->member);
	*out = hki_take(set);
	return 0;
}

void hk_service_set_free(hk_service_set *set)
{
	if (set == NULL || set->freed)
		return;
	set->freed = true;
	if (set->depth == 0)
		release(set);
}

/* ---- services ---- */

static hki_service *find(const hk_service_set *set, const char *name)
{
	return name != NULL ? hki_name_map_get(&set->by_name, name) : NULL;
}

int hk_service_set_add(
    hk_service_set *set, const hk_service_opts *opts, hk_error_list *errors)
{
	hki_service *service = NULL;
	int r;

	if (set->loop == NULL)
		return HK_ECLOSED;
	if (opts->size >= offsetof(hk_service_opts, process) &&
	    find(set, opts->name) != NULL)
		return hki_error_report_step(errors, -EEXIST, "name",
		    "there are two services called '%s'", opts->name);
	r = hki_service_new(&service, set, opts, errors);
	if (r < 0)
		return r;
	r = hki_name_map_put(&set->by_name, service->description.name, service);
	if (r < 0) {
		hki_service_free(service);
		return r;
	}
	hki_list_append(&set->services, &service->node);
	service->index = set->service_count++;
	hki_order_free(set->order);
	set->order = NULL;
	return 0;
}

/* Mark what is named (all without names) and what that needs. */
static int mark(const hk_service_set *set, const char *const *names, bool *marked,
    hk_error_list *errors)
{
	int result = 0;

	if (names == NULL) {
		memset(marked, 1, set->service_count);
		return 0;
	}
	for (size_t i = 0; names[i] != NULL; i++) {
		const hki_service *service = find(set, names[i]);

		if (service != NULL)
			marked[service->index] = true;
		else
			result = hki_error_report_step(errors, -ENOENT, "service",
			    "there is no service '%s'", names[i]);
	}
	if (result == 0)
		hki_order_close(set->order, marked);
	return result;
}

/* Check names and order.  @out, which may be NULL: Owned marks by index. */
static int choose(
    hk_service_set *set, const char *const *names, bool **out, hk_error_list *errors)
{
	hki_cleanup(hki_freep) bool *marked = NULL;
	int r;

	if (set->loop == NULL)
		return HK_ECLOSED;
	r = hki_loop_check(set->loop);
	if (r < 0)
		return r;
	r = hki_set_find_order(set, errors);
	if (r < 0)
		return r;
	marked = hki_zalloc_array(set->service_count, sizeof(bool));
	if (marked == NULL)
		return -ENOMEM;
	r = mark(set, names, marked, errors);
	if (r == 0 && out != NULL)
		*out = hki_take(marked);
	return r;
}

int hk_service_set_check(
    hk_service_set *set, const char *const *names, hk_error_list *errors)
{
	return choose(set, names, NULL, errors);
}

int hk_service_set_start(
    hk_service_set *set, const char *const *names, hk_error_list *errors)
{
	hki_cleanup(hki_freep) bool *marked = NULL;
	int r = choose(set, names, &marked, errors);

	if (r < 0)
		return r;
	if (set->stopping)
		return hki_error_report_step(
		    errors, -EBUSY, "start", "everything is being stopped");
	hki_set_enter(set);
	for (size_t i = 0; i < set->service_count && !set->freed; i++) {
		hki_service *service = set->indexed[hki_order_at(set->order, i)];

		if (!marked[service->index])
			continue;
		set->running = service->wanted = true;
		hki_service_feed(service, HKI_EVENT_START);
	}
	hki_set_leave(set);
	return 0;
}

static void feed_all(hk_service_set *set, hki_machine_event event)
{
	for (hki_list *node = set->services.previous;
	     node != &set->services && !set->freed; node = node->previous)
		hki_service_feed(hki_list_entry(node, hki_service, node), event);
}

/* What has no process has nothing to put away, so it needs no order. */
static void stop_what_does_not_run(hk_service_set *set)
{
	for (hki_list *node = set->services.previous;
	     node != &set->services && !set->freed; node = node->previous) {
		hki_service *service = hki_list_entry(node, hki_service, node);

		service->wanted = false;
		for (size_t i = 0; i < service->instance_count && !set->freed; i++)
			if (!hki_machine_has_process(service->instances[i]->state))
				hki_instance_feed(service->instances[i], HKI_EVENT_STOP);
	}
}

void hk_service_set_stop(hk_service_set *set)
{
	if (set->loop == NULL)
		return;
	hki_set_enter(set);
	set->changed = true;
	if (set->stopping) {
		feed_all(set, HKI_EVENT_KILL);
	} else {
		set->stopping = set->running;
		stop_what_does_not_run(set);
	}
	hki_set_leave(set);
}

static int feed_one(hk_service_set *set, const char *name, hki_machine_event event)
{
	hki_service *service = find(set, name);

	if (set->loop == NULL)
		return HK_ECLOSED;
	if (service == NULL)
		return -ENOENT;
	hki_set_enter(set);
	service->wanted = event == HKI_EVENT_RESTART;
	set->running = set->running || service->wanted;
	hki_service_feed(service, event);
	hki_set_leave(set);
	return 0;
}

int hk_service_set_stop_one(hk_service_set *set, const char *name)
{
	return feed_one(set, name, HKI_EVENT_STOP);
}

int hk_service_set_kill_one(hk_service_set *set, const char *name)
{
	return feed_one(set, name, HKI_EVENT_KILL);
}

int hk_service_set_restart_one(hk_service_set *set, const char *name)
{
	int r = choose(set, NULL, NULL, NULL); /* it may have to wait for others */

	if (r < 0)
		return r;
	if (set->stopping)
		return -EBUSY;
	return feed_one(set, name, HKI_EVENT_RESTART);
}

int hk_service_set_scale(hk_service_set *set, const char *name, uint32_t scale)
{
	hki_service *service = find(set, name);
	int r;

	if (set->loop == NULL)
		return HK_ECLOSED;
	if (service == NULL)
		return -ENOENT;
	if (scale > HKI_SERVICE_SCALE_MAX)
		return -EINVAL;
	if (set->stopping)
		return -EBUSY;
	hki_set_enter(set);
	r = hki_service_resize(service, scale);
	hki_set_leave(set);
	return r;
}

void hk_service_set_reopen_logs(hk_service_set *set)
{
	for (hki_list *node = set->services.next; node != &set->services;
	     node = node->next) {
		const hki_service *service = hki_list_entry(node, hki_service, node);

		if (service->log != NULL)
			hk_log_sink_reopen(service->log);
		if (service->error_log != NULL)
			hk_log_sink_reopen(service->error_log);
	}
}

bool hk_service_set_ended(const hk_service_set *set)
{
	for (const hki_list *node = set->services.next; node != &set->services;
	     node = node->next)
		if (!hki_service_is_over(hki_list_entry(node, hki_service, node)))
			return false;
	return true;
}

void hk_service_set_summary(const hk_service_set *set, hk_service_summary *out)
{
	memset(out, 0, sizeof(*out));
	for (const hki_list *node = set->services.next; node != &set->services;
	     node = node->next) {
		const hki_service *service = hki_list_entry(node, hki_service, node);

		for (size_t i = 0; i < service->instance_count; i++) {
			hk_service_state state = service->instances[i]->state;

			out->completed += state == HK_SERVICE_STATE_COMPLETED;
			out->failed += state == HK_SERVICE_STATE_FAILED;
			out->stopped += state == HK_SERVICE_STATE_STOPPED;
		}
	}
}
