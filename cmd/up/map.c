/*
 * From what the file says to what the library does.
 *
 * The two models are close on purpose, but neither knows the other: the file
 * has Compose's words and defaults filled in, the library has options whose
 * zero is a default.  This is the one place where they meet.
 */
#include "up.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include "base/array.h"
#include "base/cleanup.h"

/* Room for every resource limit of the file. */
#define LIMITS_MAX 6

/* Everything the library's options point to while they are being copied. */
struct mapping {
	hk_service_opts service;
	hk_process_opts process;
	hk_service_health health;
	hk_log_file_opts log;
	hk_log_file_opts error_log;
	hk_process_limit limits[LIMITS_MAX];
	hk_stop_step *steps;
	hk_service_dependency *dependencies;
};

static void mapping_deinit(struct mapping *mapping)
{
	hki_free(mapping->steps);
	hki_free(mapping->dependencies);
}

static void add_limit(
    struct mapping *mapping, int resource, const hki_config_rlimit *limit)
{
	hk_process_limit *to = &mapping->limits[mapping->process.limit_count];

	if (!limit->set)
		return;
	to->resource = resource;
	to->soft = limit->soft;
	to->hard = limit->hard;
	mapping->process.limit_count++;
	mapping->process.limits = mapping->limits;
}

static void map_limits(struct mapping *mapping, const hki_config_limits *limits)
{
	hk_process_opts *process = &mapping->process;

	process->memory_max_bytes = limits->memory_bytes;
	process->pids_max = limits->pids;
	process->cpu_max_millis = limits->cpu_milli;
	add_limit(mapping, RLIMIT_NOFILE, &limits->nofile);
	add_limit(mapping, RLIMIT_CORE, &limits->core_bytes);
	add_limit(mapping, RLIMIT_FSIZE, &limits->file_size_bytes);
	add_limit(mapping, RLIMIT_STACK, &limits->stack_bytes);
	add_limit(mapping, RLIMIT_MEMLOCK, &limits->memlock_bytes);
	add_limit(mapping, RLIMIT_NPROC, &limits->nproc);
	if (limits->nice.set) {
		process->flags |= HK_PROCESS_SET_NICE;
		process->nice = limits->nice.value;
	}
	if (limits->oom_score.set) {
		process->flags |= HK_PROCESS_SET_OOM_SCORE;
		process->oom_score = limits->oom_score.value;
	}
	mapping->service.memory_restart_bytes = limits->memory_restart_bytes;
}

static int map_stop(struct mapping *mapping, const hki_config_stop *stop)
{
	mapping->steps = hki_zalloc_array(stop->count, sizeof(*mapping->steps));
	if (mapping->steps == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < stop->count; i++) {
		mapping->steps[i].signal = stop->steps[i].signal;
		mapping->steps[i].wait_ns = stop->steps[i].wait_ns;
	}
	mapping->process.stop_steps = mapping->steps;
	mapping->process.stop_step_count = stop->count;
	return 0;
}

static int map_process(struct mapping *mapping, const hki_config_service *from)
{
	hk_process_opts *process = &mapping->process;

	process->argv = from->command;
	process->name = from->name;
	process->cwd = from->working_dir;
	process->env = from->environment;
	process->env_files = from->env_files;
	process->user = from->user;
	process->group = from->group;
	/* Services are not the terminal's: Ctrl-C is ours to hand on, in order. */
	process->flags = HK_PROCESS_NEW_SESSION;
	process->stdio[0].kind = HK_STDIO_NULL;
	map_limits(mapping, &from->limits);
	return map_stop(mapping, &from->stop);
}

static int map_dependencies(struct mapping *mapping, const hki_config_dependencies *from)
{
	static const hk_service_condition conditions[] = {
		[HKI_CONFIG_SERVICE_STARTED] = HK_SERVICE_STARTED,
		[HKI_CONFIG_SERVICE_HEALTHY] = HK_SERVICE_HEALTHY,
		[HKI_CONFIG_SERVICE_COMPLETED_SUCCESSFULLY] =
		    HK_SERVICE_COMPLETED_SUCCESSFULLY,
	};

	if (from->count == 0)
		return 0;
	mapping->dependencies =
	    hki_zalloc_array(from->count, sizeof(*mapping->dependencies));
	if (mapping->dependencies == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < from->count; i++) {
		mapping->dependencies[i].service = from->items[i].name;
		mapping->dependencies[i].condition = conditions[from->items[i].condition];
	}
	mapping->service.dependencies = mapping->dependencies;
	mapping->service.dependency_count = from->count;
	return 0;
}

static void map_health(struct mapping *mapping, const hki_config_healthcheck *from)
{
	hk_service_health *health = &mapping->health;

	if (from == NULL || from->disable || from->kind == HKI_CONFIG_HEALTH_NONE)
		return;
	switch (from->kind) {
	case HKI_CONFIG_HEALTH_COMMAND:
		health->kind = HK_SERVICE_HEALTH_COMMAND;
		health->command = from->command;
		break;
	case HKI_CONFIG_HEALTH_HTTP:
		health->kind = HK_SERVICE_HEALTH_HTTP;
		health->target = from->http.text;
		break;
	case HKI_CONFIG_HEALTH_TCP:
		health->kind = HK_SERVICE_HEALTH_TCP;
		health->target = from->tcp.text;
		break;
	case HKI_CONFIG_HEALTH_LOG:
		health->kind = HK_SERVICE_HEALTH_LOG;
		health->target = from->log;
		break;
	default:
		health->kind = HK_SERVICE_HEALTH_NOTIFY;
		break;
	}
	health->interval_ns = from->interval_ns;
	health->timeout_ns = from->timeout_ns;
	health->start_period_ns = from->start_period_ns;
	health->retries = from->retries;
	health->start_interval_ns = from->start_interval_ns;
	health->watchdog_ns = from->watchdog_ns;
	mapping->service.health = health;
}

static void map_restart(hk_service_opts *service, const hki_config_service *from)
{
	static const hk_service_restart policies[] = {
		[HKI_CONFIG_RESTART_NO] = HK_SERVICE_RESTART_NO,
		[HKI_CONFIG_RESTART_ALWAYS] = HK_SERVICE_RESTART_ALWAYS,
		[HKI_CONFIG_RESTART_ON_FAILURE] = HK_SERVICE_RESTART_ON_FAILURE,
		[HKI_CONFIG_RESTART_UNLESS_STOPPED] = HK_SERVICE_RESTART_UNLESS_STOPPED,
	};

	service->restart = policies[from->restart.when];
	service->max_retries = from->restart.most;
	service->backoff_initial_ns = from->backoff.initial_ns;
	service->backoff_factor = from->backoff.factor_milli / 1000.0;
	service->backoff_max_ns = from->backoff.max_ns;
	service->reset_after_ns = from->backoff.reset_after_ns;
	service->limit_count = from->backoff.limit.count;
	service->limit_window_ns = from->backoff.limit.window_ns;
	if (from->backoff.limit.count == 0) {
		/* No limit: more restarts in less time than any backoff allows. */
		service->limit_count = UINT32_MAX;
		service->limit_window_ns = 1;
	}
	service->slow_retry_ns = from->backoff.slow_retry_ns;
	if (from->backoff.give_up)
		service->flags |= HK_SERVICE_GIVE_UP;
	service->success_codes = from->success_exit_codes.items;
	service->success_code_count = from->success_exit_codes.count;
}

static void map_log_file(
    hk_log_file_opts *to, const char *path, const hki_config_logging *from)
{
	to->path = path;
	to->max_bytes = from->max_size_bytes;
	to->max_files = from->max_files + 1; /* the file says how many old ones */
	to->timestamps = from->timestamps;
}

static void map_logging(struct mapping *mapping, const hki_config_logging *from)
{
	if (from->file != NULL) {
		map_log_file(&mapping->log, from->file, from);
		mapping->service.log = &mapping->log;
	}
	if (from->error_file != NULL) {
		map_log_file(&mapping->error_log, from->error_file, from);
		mapping->service.error_log = &mapping->error_log;
	}
}

int up_add_service(
    hk_service_set *set, const hki_config *config, size_t index, hk_error_list *errors)
{
	const hki_config_service *from = &config->services[index];
	hki_cleanup(mapping_deinit) struct mapping mapping = {
		.service = HK_SERVICE_OPTS_INIT,
		.process = HK_PROCESS_OPTS_INIT,
		.health = HK_SERVICE_HEALTH_INIT,
		.log = HK_LOG_FILE_OPTS_INIT,
		.error_log = HK_LOG_FILE_OPTS_INIT,
	};
	int r;

	mapping.service.name = from->name;
	mapping.service.scale = from->scale;
	mapping.service.process = &mapping.process;
	r = map_process(&mapping, from);
	if (r < 0)
		return r;
	r = map_dependencies(&mapping, &from->depends_on);
	if (r < 0)
		return r;
	map_health(&mapping, from->healthcheck);
	map_restart(&mapping.service, from);
	map_logging(&mapping, &from->logging);
	r = hk_service_set_add(set, &mapping.service, errors);
	if (r >= 0 && from->scale == 0)
		r = hk_service_set_scale(set, from->name, 0);
	return r;
}
