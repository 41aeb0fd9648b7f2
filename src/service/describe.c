#include "service/describe.h"

#include <errno.h>
#include <string.h>
#include "base/clock.h"
#include "base/error_list.h"
#include "base/opts.h"
#include "service/health.h"

/*
 * Taking over what a caller says about a service.  Every mistake is reported,
 * not only the first, and everything is copied: callers build their options
 * from a file that is gone when the program is started for the tenth time.
 */

#define NAME_MAX_LENGTH 64

struct check {
	const char *name;
	hk_error_list *errors;
	int result;
};

static void mistake(struct check *check, int code, const char *step, const char *text)
{
	(void) hki_error_report_step(check->errors, code, step, "service '%s': %s",
	    check->name != NULL ? check->name : "", text);
	if (check->result == 0)
		check->result = code;
}

static bool name_is_good(const char *name)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t length = name != NULL ? strlen(name) : 0;

	return length >= 1 && length <= NAME_MAX_LENGTH && name[0] != '.' &&
	       name[0] != '-' && strspn(name, allowed) == length;
}

static uint64_t or_default(uint64_t value, uint64_t otherwise)
{
	return value != 0 ? value : otherwise;
}

static void copy_health(
    hki_description *out, const hk_service_health *given, struct check *check)
{
	hk_service_health *health = &out->health;
	int r = hki_opts_copy(health, sizeof(*health), given, given->size,
	    offsetof(hk_service_health, retries));

	if (r < 0) {
		mistake(check, r, "healthcheck", "its options are of an unknown size");
		return;
	}
	r = hki_health_validate(health, check->errors);
	if (r < 0 && check->result == 0)
		check->result = r;
	health->target = hki_arena_string(&out->arena, health->target);
	health->command = hki_arena_strings(&out->arena, health->command);
	out->has_health = health->kind != HK_SERVICE_HEALTH_NONE;
}

static void copy_log(hki_description *out, hk_log_file_opts *log, bool *has,
    const hk_log_file_opts *given, struct check *check)
{
	int r;

	if (given == NULL)
		return;
	r = hki_opts_copy(
	    log, sizeof(*log), given, given->size, offsetof(hk_log_file_opts, max_bytes));
	if (r < 0 || log->path == NULL || log->path[0] == '\0') {
		mistake(
		    check, r < 0 ? r : -EINVAL, "logging", "the log file has no path");
		return;
	}
	log->size = sizeof(*log);
	log->path = hki_arena_string(&out->arena, log->path);
	*has = true;
}

static void copy_process(
    hki_description *out, const hk_process_opts *given, struct check *check)
{
	hk_process_opts *process = &out->process;
	hki_arena *arena = &out->arena;
	int r;

	if (given == NULL) {
		mistake(check, -EINVAL, "command", "there is nothing to run");
		return;
	}
	r = hki_opts_copy(process, sizeof(*process), given, given->size,
	    offsetof(hk_process_opts, file));
	if (r < 0 || process->argv == NULL || process->argv[0] == NULL) {
		mistake(check, r < 0 ? r : -EINVAL, "command", "there is nothing to run");
		process->argv = NULL;
		return;
	}
	process->size = sizeof(*process);
	process->argv = hki_arena_strings(arena, process->argv);
	process->file = hki_arena_string(arena, process->file);
	process->name = hki_arena_string(arena, process->name);
	process->cwd = hki_arena_string(arena, process->cwd);
	process->env_files = hki_arena_strings(arena, process->env_files);
	process->env = hki_arena_strings(arena, process->env);
	process->env_unset = hki_arena_strings(arena, process->env_unset);
	for (size_t i = 0; i < 3; i++)
		process->stdio[i].path = hki_arena_string(arena, process->stdio[i].path);
	process->fds = hki_arena_copy(
	    arena, process->fds, process->fd_count * sizeof(*process->fds));
	process->user = hki_arena_string(arena, process->user);
	process->group = hki_arena_string(arena, process->group);
	process->groups = hki_arena_copy(
	    arena, process->groups, process->group_count * sizeof(*process->groups));
	process->cpus = hki_arena_copy(
	    arena, process->cpus, process->cpu_count * sizeof(*process->cpus));
	process->limits = hki_arena_copy(
	    arena, process->limits, process->limit_count * sizeof(*process->limits));
	process->cgroup = hki_arena_string(arena, process->cgroup);
	process->stop_steps = hki_arena_copy(arena, process->stop_steps,
	    process->stop_step_count * sizeof(*process->stop_steps));
	if (process->tree == HK_TREE_WALK)
		process->tree = HK_TREE_AUTO;
	if (process->name == NULL)
		process->name = out->name;
}

static void copy_dependencies(hki_description *out, const hk_service_opts *opts)
{
	hk_service_dependency *copy = hki_arena_copy(
	    &out->arena, opts->dependencies, opts->dependency_count * sizeof(*copy));

	for (size_t i = 0; copy != NULL && i < opts->dependency_count; i++)
		copy[i].service = hki_arena_string(&out->arena, copy[i].service);
	out->dependencies = copy;
	out->dependency_count = copy != NULL ? opts->dependency_count : 0;
}

static void check_numbers(const hk_service_opts *opts, struct check *check)
{
	if (opts->scale > HKI_SERVICE_SCALE_MAX)
		mistake(check, -EINVAL, "scale", "more than 1000 instances");
	if (opts->restart > HK_SERVICE_RESTART_UNLESS_STOPPED)
		mistake(check, -EINVAL, "restart", "the policy is unknown");
	if (opts->backoff_factor != 0 &&
	    !(opts->backoff_factor >= 1 && opts->backoff_factor <= 1000))
		mistake(check, -EINVAL, "backoff", "the factor is not in 1 … 1000");
	for (size_t i = 0; i < opts->dependency_count; i++)
		if (opts->dependencies[i].service == NULL ||
		    opts->dependencies[i].condition > HK_SERVICE_COMPLETED_SUCCESSFULLY)
			mistake(check, -EINVAL, "depends_on",
			    "a dependency has no name or an unknown condition");
}

static void copy_policy(hki_description *out, const hk_service_opts *opts)
{
	hki_policy_from_opts(&out->policy, opts);
	out->policy.success_codes = hki_arena_copy(&out->arena, opts->success_codes,
	    opts->success_code_count * sizeof(*opts->success_codes));
	out->memory_restart_bytes = opts->memory_restart_bytes;
	out->memory_interval_ns = or_default(opts->memory_interval_ns, 2 * HKI_NS_PER_S);
}

int hki_description_init(
    hki_description *out, const hk_service_opts *opts, hk_error_list *errors)
{
	struct check check = { NULL, errors, 0 };
	hk_service_opts own;
	int r = hki_opts_copy(&own, sizeof(own), opts, opts->size,
	    offsetof(hk_service_opts, process) + sizeof(own.process));

	if (r < 0)
		return hki_error_report_step(
		    errors, r, "service", "the options are of an unknown size");
	memset(out, 0, sizeof(*out));
	check.name = own.name;
	if (!name_is_good(own.name))
		mistake(&check, -EINVAL, "name",
		    "a name is 1 to 64 of A-Z a-z 0-9 . _ - and begins with none of . -");
	check_numbers(&own, &check);
	out->name = hki_arena_string(&out->arena, own.name);
	copy_process(out, own.process, &check);
	if (check.result == 0)
		copy_dependencies(out, &own);
	if (own.health != NULL)
		copy_health(out, own.health, &check);
	copy_log(out, &out->log, &out->has_log, own.log, &check);
	copy_log(out, &out->error_log, &out->has_error_log, own.error_log, &check);
	out->separate_stderr =
	    out->has_error_log || (own.flags & HK_SERVICE_SEPARATE_STDERR) != 0;
	out->scale = own.scale != 0 ? own.scale : 1;
	copy_policy(out, &own);
	if (check.result == 0 && out->arena.failed)
		check.result = -ENOMEM;
	if (check.result < 0)
		hki_description_deinit(out);
	return check.result;
}

void hki_description_deinit(hki_description *description)
{
	hki_arena_deinit(&description->arena);
}
