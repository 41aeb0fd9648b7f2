#include "service/service_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"

/*
 * From the description of a service to a running process: what every start
 * adds to it (pipes of ours, a few names in the environment), and the checks
 * that begin once it runs.
 */

/* Who started us may have told us things that are not for our programs. */
static const char *const not_inherited[] = { "NOTIFY_SOCKET", "WATCHDOG_USEC",
	"WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES" };

/* HOSTKIT_SERVICE, _INSTANCE, _PROJECT, NOTIFY_SOCKET, WATCHDOG_USEC. */
#define OWN_ENTRIES 5

/* The environment of one start, and what is taken out of the inherited one. */
struct surroundings {
	const char **env;
	const char **unset;
	char *made[OWN_ENTRIES];
	size_t made_count;
};

static void surroundings_deinit(struct surroundings *around)
{
	for (size_t i = 0; i < around->made_count; i++)
		hki_free(around->made[i]);
	hki_free(around->env);
	hki_free(around->unset);
}

static size_t count_texts(const char *const *texts)
{
	size_t count = 0;

	while (texts != NULL && texts[count] != NULL)
		count++;
	return count;
}

static bool sets(const char *const *env, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; env[i] != NULL; i++)
		if (strncmp(env[i], name, length) == 0 && env[i][length] == '=')
			return true;
	return false;
}

static int make_env(struct surroundings *around, hki_instance *instance)
{
	const hki_description *description = &instance->service->description;
	const char *const *given = description->process.env;
	size_t count = count_texts(given);
	const hk_service_project *project = instance->service->set->opts.project;
	char **made = around->made;
	size_t *n = &around->made_count;

	around->env = hki_alloc_array(count + OWN_ENTRIES + 2, sizeof(char *));
	if (around->env == NULL)
		return -ENOMEM;
	if (count > 0)
		memcpy(around->env, given, count * sizeof(char *));
	made[(*n)++] = hki_format("HOSTKIT_SERVICE=%s", description->name);
	made[(*n)++] = hki_format("HOSTKIT_INSTANCE=%u", instance->number);
	if (instance->notify_fd >= 0)
		made[(*n)++] = hki_format("NOTIFY_SOCKET=%s", instance->notify_name);
	if (instance->notify_fd >= 0 && description->health.watchdog_ns > 0)
		made[(*n)++] = hki_format("WATCHDOG_USEC=%llu",
		    (unsigned long long) (description->health.watchdog_ns /
					  HKI_NS_PER_US));
	for (size_t i = 0; i < *n; i++) {
		if (made[i] == NULL)
			return -ENOMEM;
		around->env[count++] = made[i];
	}
	if (project != NULL)
		around->env[count++] = hki_project_environment(project);
	around->env[count] = NULL;
	return 0;
}

static int make_unset(struct surroundings *around, const hki_instance *instance)
{
	const char *const *given = instance->service->description.process.env_unset;
	size_t count = count_texts(given);

	around->unset =
	    hki_alloc_array(count + HKI_COUNT(not_inherited) + 1, sizeof(char *));
	if (around->unset == NULL)
		return -ENOMEM;
	if (count > 0)
		memcpy(around->unset, given, count * sizeof(char *));
	for (size_t i = 0; i < HKI_COUNT(not_inherited); i++)
		if (!sets(around->env, not_inherited[i]))
			around->unset[count++] = not_inherited[i];
	around->unset[count] = NULL;
	return 0;
}

/* ---- pipes ---- */

static const char *label_of(const hki_instance *instance, char *out, size_t capacity)
{
	const hki_service *service = instance->service;

	if (service->instance_count <= 1 && instance->number == 1)
		return service->description.name;
	(void) snprintf(
	    out, capacity, "%s-%u", service->description.name, instance->number);
	return out;
}

static int open_stream(
    hk_log_stream **out, const hki_instance *instance, hk_log_sink *file)
{
	const hki_service *service = instance->service;
	hk_service_set *set = service->set;
	hk_log_stream *stream = NULL;
	char label[96];
	int r = hk_log_stream_new(&stream, set->log, NULL);

	if (r < 0)
		return r;
	if (file != NULL)
		r = hk_log_stream_attach(stream, file, NULL, 0);
	if (r == 0 && set->opts.terminal != NULL)
		r = hk_log_stream_attach(stream, set->opts.terminal,
		    label_of(instance, label, sizeof(label)),
		    (unsigned int) service->index);
	if (r < 0) {
		hk_log_stream_free(stream);
		return r;
	}
	*out = stream;
	return 0;
}

/* Kept over restarts: nothing is lost in between, and they need no new descriptors. */
static int open_streams(hki_instance *instance)
{
	const hki_service *service = instance->service;
	int r = 0;

	if (instance->out == NULL)
		r = open_stream(&instance->out, instance, service->log);
	if (r == 0 && service->description.separate_stderr && instance->error == NULL)
		r = open_stream(&instance->error, instance,
		    service->error_log != NULL ? service->error_log : service->log);
	return r;
}

static bool is_ours(const hk_stdio *stdio)
{
	return stdio->kind == HK_STDIO_INHERIT || stdio->kind == HK_STDIO_PIPE;
}

static void connect_streams(hk_process_opts *opts, const hki_instance *instance)
{
	if (is_ours(&opts->stdio[0]))
		opts->stdio[0].kind = HK_STDIO_NULL;
	if (is_ours(&opts->stdio[1])) {
		opts->stdio[1].kind = HK_STDIO_FD;
		opts->stdio[1].fd = hk_log_stream_fd(instance->out);
	}
	if (is_ours(&opts->stdio[2])) {
		hk_log_stream *stream =
		    instance->error != NULL ? instance->error : instance->out;

		opts->stdio[2].kind = HK_STDIO_FD;
		opts->stdio[2].fd = hk_log_stream_fd(stream);
	}
}

/* ---- the start ---- */

static int prepare(hki_instance *instance)
{
	const hki_description *description = &instance->service->description;
	int r = open_streams(instance);

	if (r < 0)
		return r;
	if (!description->has_health ||
	    description->health.kind != HK_SERVICE_HEALTH_NOTIFY ||
	    instance->notify_fd >= 0)
		return 0;
	r = hki_notify_open(instance->notify_name);
	if (r < 0)
		return r;
	instance->notify_fd = r;
	return 0;
}

static void note_failure(hki_instance *instance, int error, const hk_error_list *errors)
{
	const hk_error *first = errors != NULL ? hk_error_list_get(errors, 0) : NULL;

	if (first != NULL)
		(void) hk_error_format(
		    instance->failure, sizeof(instance->failure), first);
	else
		(void) snprintf(instance->failure, sizeof(instance->failure), "start: %s",
		    hk_error_text(error));
}

static int spawn(hki_instance *instance, hk_error_list *errors)
{
	hki_cleanup(surroundings_deinit) struct surroundings around = { 0 };
	hk_service_set *set = instance->service->set;
	hk_process_opts opts = instance->service->description.process;
	int r;

	if ((r = make_env(&around, instance)) < 0 ||
	    (r = make_unset(&around, instance)) < 0)
		return r;
	opts.env = around.env;
	opts.env_unset = around.unset;
	connect_streams(&opts, instance);
	opts.spawner = set->spawner;
	opts.on_start = hki_instance_started;
	opts.on_exit = hki_instance_ended;
	opts.user_data = instance;
	return hk_process_spawn(&instance->process, set->loop, &opts, errors);
}

/* ---- checks ---- */

/* Before the start: a line that tells readiness may come before we know of the start. */
static int prepare_health(hki_instance *instance)
{
	hki_description *description = &instance->service->description;
	hki_health_opts opts = { .check = &description->health,
		.output = instance->out,
		.errors = instance->error,
		.process = &description->process,
		.notify_path = instance->notify_name,
		.notify_fd = instance->notify_fd,
		.events = { hki_instance_ready, hki_instance_unhealthy,
		    hki_instance_status, instance } };
	int r;

	hki_health_free(hki_take(instance->health));
	if (!description->has_health)
		return 0;
	r = hki_health_new(&instance->health, instance->service->set->loop, &opts);
	if (r == 0)
		hki_health_set_belongs(instance->health, hki_instance_owns, instance);
	return r;
}

static uint64_t printed_so_far(const hki_instance *instance)
{
	const hk_log_stream *stream =
	    instance->error != NULL ? instance->error : instance->out;

	return stream != NULL ? hk_log_stream_total(stream) : 0;
}

int hki_instance_start(hki_instance *instance)
{
	hk_error_list *errors = NULL;
	int r = prepare(instance);

	if (r == 0)
		r = prepare_health(instance);
	if (r == 0)
		r = hk_error_list_new(&errors);
	instance->printed_before = printed_so_far(instance);
	if (r == 0)
		r = spawn(instance, errors);
	if (r < 0)
		note_failure(instance, r, errors);
	hk_error_list_free(errors);
	return r;
}

static int begin_memory(hki_instance *instance)
{
	const hki_description *description = &instance->service->description;
	hk_service_set *set = instance->service->set;
	int r = hki_set_offload(set);

	if (r < 0)
		return r;
	return hki_memory_start(&instance->memory, set->loop, set->offload,
	    instance->process, description->memory_interval_ns, hki_instance_memory,
	    instance);
}

int hki_instance_begin_checks(hki_instance *instance)
{
	const hki_description *description = &instance->service->description;
	int r = 0;

	if (description->memory_restart_bytes > 0)
		r = begin_memory(instance);
	if (r == 0 && description->has_health)
		r = hki_health_begin(instance->health);
	else if (r == 0)
		hki_instance_feed(instance, HKI_EVENT_READY);
	return r;
}

void hki_instance_end_checks(hki_instance *instance)
{
	hki_health_free(hki_take(instance->health));
	hki_memory_free(hki_take(instance->memory));
}
