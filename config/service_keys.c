/*
 * The rows of a service: the one place that says which keys there are, what
 * they take and what holds when they are left out.  Words are Compose's where
 * Compose has one, systemd's and the kernel's where it has none.
 */
#include "service_keys.h"

#include <string.h>
#include "base/array.h"
#include "kinds.h"
#include "base/nearest_word.h"

#define MS     INT64_C(1000000)
#define SECOND (1000 * MS)
#define DAY    (86400 * SECOND)

#define KEY(section_type, member) .offset = offsetof(section_type, member)

/* Words of other configurations that people will try. */
static const hki_foreign foreign_words[] = {
	{ "args", "put the arguments behind the program in 'command'" },
	{ "autorestart", "use 'restart'" },
	{ "autostart", "use 'scale: 0'" },
	{ "build", "hostkit starts programs, not containers: use 'command'" },
	{ "cmd", "use 'command'" },
	{ "configs", "hostkit starts programs, not containers" },
	{ "container_name", "hostkit starts programs, not containers" },
	{ "cpus", "use 'limits: {cpus: …}'" },
	{ "cwd", "use 'working_dir'" },
	{ "deploy", "use 'scale' and 'limits'" },
	{ "entrypoint", "use 'command'" },
	{ "env", "use 'environment'" },
	{ "env_files", "use 'env_file'" },
	{ "expose", "programs open their own ports" },
	{ "image", "hostkit starts programs, not containers: use 'command'" },
	{ "init", "hostkit always reaps orphans" },
	{ "instances", "use 'scale'" },
	{ "interpreter", "put the interpreter first in 'command'" },
	{ "kill_timeout", "use 'stop_grace_period'" },
	{ "max_memory_restart", "use 'limits: {memory_restart: …}'" },
	{ "mem_limit", "use 'limits: {memory: …}'" },
	{ "networks", "hostkit starts programs, not containers" },
	{ "numprocs", "use 'scale'" },
	{ "out_file", "use 'logging: {file: …}'" },
	{ "pids_limit", "use 'limits: {pids: …}'" },
	{ "ports", "programs open their own ports" },
	{ "replicas", "use 'scale'" },
	{ "script", "use 'command'" },
	{ "stopsignal", "use 'stop_signal'" },
	{ "stopwaitsecs", "use 'stop_grace_period'" },
	{ "ulimits", "use 'limits: {nofile: …}'" },
	{ "volumes", "programs see the files of the machine" },
	{ NULL, NULL },
};

/* ---- parts ---- */

static void finish_backoff(hki_check *check, const hki_node *node, void *section)
{
	const hki_config_backoff *backoff = section;

	if (backoff->initial_ns > backoff->max_ns)
		hki_check_complain(check, node, "raise 'max' or lower 'initial'",
		    "the first wait is longer than the longest");
}

static const hki_key backoff_keys[] = {
	{ .name = "initial",
	    .kind = &hki_kind_duration,
	    KEY(hki_config_backoff, initial_ns),
	    .least = MS,
	    .most = DAY,
	    .initial = "100ms",
	    .help = "wait before the first restart" },
	{ .name = "factor",
	    .kind = &hki_kind_milli,
	    KEY(hki_config_backoff, factor_milli),
	    .least = 1000,
	    .most = 100000,
	    .initial = "2",
	    .help = "each further wait is this many times the one before" },
	{ .name = "max",
	    .kind = &hki_kind_duration,
	    KEY(hki_config_backoff, max_ns),
	    .least = MS,
	    .most = DAY,
	    .initial = "30s",
	    .help = "no wait is longer" },
	{ .name = "reset_after",
	    .kind = &hki_kind_duration,
	    KEY(hki_config_backoff, reset_after_ns),
	    .least = MS,
	    .most = DAY,
	    .initial = "60s",
	    .help = "after running this long, waits begin with 'initial' again" },
	{ .name = "limit",
	    .kind = &hki_kind_rate,
	    KEY(hki_config_backoff, limit),
	    .initial = "10/60s",
	    .help = "restarts allowed within a time, N from 1 to 1000; none: no limit" },
	{ .name = "slow_retry",
	    .kind = &hki_kind_duration,
	    KEY(hki_config_backoff, slow_retry_ns),
	    .least = MS,
	    .most = DAY,
	    .initial = "60s",
	    .help = "at the limit, try once every so often" },
	{ .name = "give_up",
	    .kind = &hki_kind_bool,
	    KEY(hki_config_backoff, give_up),
	    .initial = "false",
	    .help = "true: at the limit, fail for good instead" },
};

const hki_section hki_backoff_section = { .what = "backoff",
	.keys = backoff_keys,
	.count = HKI_COUNT(backoff_keys),
	.size = sizeof(hki_config_backoff),
	.finish = finish_backoff };

static const hki_key limits_keys[] = {
	{ .name = "memory",
	    .kind = &hki_kind_size,
	    KEY(hki_config_limits, memory_bytes),
	    .least = 1 << 20,
	    .help =
		"memory of the service and all it starts; beyond, the kernel ends it" },
	{ .name = "memory_restart",
	    .kind = &hki_kind_size,
	    KEY(hki_config_limits, memory_restart_bytes),
	    .least = 1 << 20,
	    .help = "memory at which hostkit restarts the service gracefully" },
	{ .name = "cpus",
	    .kind = &hki_kind_milli,
	    KEY(hki_config_limits, cpu_milli),
	    .least = 10,
	    .most = 4096000,
	    .help = "processors it may use, such as 1.5" },
	{ .name = "pids",
	    .kind = &hki_kind_count,
	    KEY(hki_config_limits, pids),
	    .least = 1,
	    .most = 4194304,
	    .help = "processes and threads of the service and all it starts" },
	{ .name = "nofile",
	    .kind = &hki_kind_rlimit,
	    KEY(hki_config_limits, nofile),
	    .detail = &hki_kind_count,
	    .help = "open files of each process" },
	{ .name = "core",
	    .kind = &hki_kind_rlimit,
	    KEY(hki_config_limits, core_bytes),
	    .detail = &hki_kind_size,
	    .help = "size of a core dump; 0: none" },
	{ .name = "file_size",
	    .kind = &hki_kind_rlimit,
	    KEY(hki_config_limits, file_size_bytes),
	    .detail = &hki_kind_size,
	    .help = "largest file each process may write" },
	{ .name = "stack",
	    .kind = &hki_kind_rlimit,
	    KEY(hki_config_limits, stack_bytes),
	    .detail = &hki_kind_size,
	    .help = "size of a stack" },
	{ .name = "memlock",
	    .kind = &hki_kind_rlimit,
	    KEY(hki_config_limits, memlock_bytes),
	    .detail = &hki_kind_size,
	    .help = "memory each process may lock" },
	{ .name = "nproc",
	    .kind = &hki_kind_rlimit,
	    KEY(hki_config_limits, nproc),
	    .detail = &hki_kind_count,
	    .help = "processes and threads of its user, on the whole machine" },
	{ .name = "nice",
	    .kind = &hki_kind_integer,
	    KEY(hki_config_limits, nice),
	    .least = -20,
	    .most = 19,
	    .help = "priority, from -20 (first) to 19 (last)" },
	{ .name = "oom_score",
	    .kind = &hki_kind_integer,
	    KEY(hki_config_limits, oom_score),
	    .least = -1000,
	    .most = 1000,
	    .help = "who goes first when memory runs out, from -1000 (never) to 1000" },
};

static void finish_limits(hki_check *check, const hki_node *node, void *section)
{
	const hki_config_limits *limits = section;

	if (limits->memory_bytes > 0 &&
	    limits->memory_restart_bytes >= limits->memory_bytes)
		hki_check_complain(check, node, "make 'memory_restart' smaller",
		    "the kernel ends the service at 'memory', before 'memory_restart' is "
		    "reached");
}

const hki_section hki_limits_section = { .what = "limits",
	.keys = limits_keys,
	.count = HKI_COUNT(limits_keys),
	.size = sizeof(hki_config_limits),
	.finish = finish_limits };

static const hki_key logging_keys[] = {
	{ .name = "file",
	    .kind = &hki_kind_path,
	    KEY(hki_config_logging, file),
	    .help = "file the output is added to" },
	{ .name = "error_file",
	    .kind = &hki_kind_path,
	    KEY(hki_config_logging, error_file),
	    .help = "file for standard error, if it is to go elsewhere" },
	{ .name = "max_size",
	    .kind = &hki_kind_size,
	    KEY(hki_config_logging, max_size_bytes),
	    .initial = "10M",
	    .help = "begin a new file at this size; 0: never" },
	{ .name = "max_files",
	    .kind = &hki_kind_count,
	    KEY(hki_config_logging, max_files),
	    .least = 0,
	    .most = 1000,
	    .initial = "5",
	    .help = "old files to keep" },
	{ .name = "timestamps",
	    .kind = &hki_kind_bool,
	    KEY(hki_config_logging, timestamps),
	    .initial = "false",
	    .help = "write the time before each line" },
};

static bool no_logging(const void *field)
{
	const hki_config_logging *logging = field;

	return logging->file == NULL && logging->error_file == NULL;
}

static void finish_logging(hki_check *check, const hki_node *node, void *section)
{
	const hki_config_logging *logging = section;

	if (no_logging(logging) && hki_node_get(node, "file") == NULL &&
	    hki_node_get(node, "error_file") == NULL)
		hki_check_complain(
		    check, node, "name a 'file'", "logging without a file to log to");
	if (logging->max_size_bytes > 0 && logging->max_size_bytes < 4096)
		hki_check_complain(check, hki_node_get(node, "max_size"), NULL,
		    "'max_size' is below 4K; a new file for every few lines helps "
		    "nobody");
}

const hki_section hki_logging_section = { .what = "logging",
	.keys = logging_keys,
	.count = HKI_COUNT(logging_keys),
	.size = sizeof(hki_config_logging),
	.finish = finish_logging };

static void warn_later(hki_check *check, const hki_node *node, const char *name)
{
	hki_check_warn(check, node, "it is checked and kept for a later version",
	    "'%s' is not acted on yet", name);
}

static const hki_key watch_keys[] = {
	{ .name = "paths",
	    .kind = &hki_kind_paths,
	    KEY(hki_config_watch, paths),
	    .help = "files and folders whose changes restart the service" },
	{ .name = "ignore",
	    .kind = &hki_kind_texts,
	    KEY(hki_config_watch, ignore),
	    .help = "names and patterns below them that do not matter" },
	{ .name = "settle",
	    .kind = &hki_kind_duration,
	    KEY(hki_config_watch, settle_ns),
	    .least = MS,
	    .most = 3600 * SECOND,
	    .initial = "200ms",
	    .help = "restart when nothing changed for this long" },
};

static void finish_watch(hki_check *check, const hki_node *node, void *section)
{
	const hki_config_watch *watch = section;

	if (watch->paths == NULL && hki_node_get(node, "paths") == NULL)
		hki_check_complain(
		    check, node, "add 'paths: [src]'", "watch has no 'paths'");
	warn_later(check, node, "watch");
}

const hki_section hki_watch_section = { .what = "watch",
	.keys = watch_keys,
	.count = HKI_COUNT(watch_keys),
	.size = sizeof(hki_config_watch),
	.finish = finish_watch };

static const hki_key sandbox_keys[] = {
	{ .name = "read",
	    .kind = &hki_kind_paths,
	    KEY(hki_config_sandbox, read),
	    .help = "files and folders it may read" },
	{ .name = "write",
	    .kind = &hki_kind_paths,
	    KEY(hki_config_sandbox, write),
	    .help = "files and folders it may read and change" },
	{ .name = "connect",
	    .kind = &hki_kind_ports,
	    KEY(hki_config_sandbox, connect),
	    .help = "TCP ports it may connect to" },
};

static void finish_sandbox(hki_check *check, const hki_node *node, void *section)
{
	(void) section;
	warn_later(check, node, "sandbox");
}

const hki_section hki_sandbox_section = { .what = "sandbox",
	.keys = sandbox_keys,
	.count = HKI_COUNT(sandbox_keys),
	.size = sizeof(hki_config_sandbox),
	.finish = finish_sandbox };

/* ---- the service ---- */

static void read_logging(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_kind_section.read(check, key, node, field);
}

static void write_logging(hk_json_writer *writer, const hki_key *key, const void *field)
{
	hki_section_write(writer, key->detail, field);
}

static void schema_logging(hk_json_writer *writer, const hki_key *key)
{
	hki_section_schema(writer, key->detail);
}

/* A section that is not there without a file, whatever its defaults. */
static const hki_kind kind_logging = { .wants = "a mapping",
	.read = read_logging,
	.absent = no_logging,
	.write = write_logging,
	.schema = schema_logging };

static const hki_key service_keys[] = {
	{ .name = "command",
	    .kind = &hki_kind_command,
	    KEY(hki_config_service, command),
	    .help = "the program and its arguments; a line is split into words, no shell "
		    "runs" },
	{ .name = "shell",
	    .kind = &hki_kind_text,
	    KEY(hki_config_service, shell),
	    .silent = true,
	    .help = "instead of command: a line for /bin/sh -c" },
	{ .name = "working_dir",
	    .kind = &hki_kind_path,
	    KEY(hki_config_service, working_dir),
	    .initial = ".",
	    .help = "folder it is started in" },
	{ .name = "environment",
	    .kind = &hki_kind_environment,
	    KEY(hki_config_service, environment),
	    .help = "variables added to those of hostkit; no value: as hostkit has it" },
	{ .name = "env_file",
	    .kind = &hki_kind_paths,
	    KEY(hki_config_service, env_files),
	    .help = "files of NAME=VALUE lines, read at every start; environment wins" },
	{ .name = "user",
	    .kind = &hki_kind_user,
	    .offset = 0,
	    .help = "USER or USER:GROUP, names or numbers; needs the right to change" },
	{ .name = "scale",
	    .kind = &hki_kind_count,
	    KEY(hki_config_service, scale),
	    .least = 0,
	    .most = 1000,
	    .initial = "1",
	    .help = "how many of it to run" },
	{ .name = "depends_on",
	    .kind = &hki_kind_depends_on,
	    KEY(hki_config_service, depends_on),
	    .help = "services to wait for: a list, or a mapping to conditions" },
	{ .name = "healthcheck",
	    .kind = &hki_kind_optional,
	    KEY(hki_config_service, healthcheck),
	    .detail = &hki_healthcheck_section,
	    .help = "how to see that it works" },
	{ .name = "restart",
	    .kind = &hki_kind_restart,
	    KEY(hki_config_service, restart),
	    .initial = "on-failure",
	    .help = "no, on-failure, always or unless-stopped; with :N it fails for good "
		    "after N "
		    "restarts in a row" },
	{ .name = "success_exit_codes",
	    .kind = &hki_kind_codes,
	    KEY(hki_config_service, success_exit_codes),
	    .help = "exit codes that count as a good end; by default 0 alone" },
	{ .name = "backoff",
	    .kind = &hki_kind_section,
	    KEY(hki_config_service, backoff),
	    .detail = &hki_backoff_section,
	    .initial = "{}",
	    .help = "how long to wait between restarts, and when to give up" },
	{ .name = "stop_signal",
	    .kind = &hki_kind_signal,
	    KEY(hki_config_service, stop_signal),
	    .initial = "SIGTERM",
	    .silent = true,
	    .help = "the signal that asks it to end" },
	{ .name = "stop_grace_period",
	    .kind = &hki_kind_duration,
	    KEY(hki_config_service, stop_grace_period_ns),
	    .most = DAY,
	    .initial = "5s",
	    .silent = true,
	    .help = "how long it may take; then its whole tree is killed" },
	{ .name = "stop",
	    .kind = &hki_kind_stop,
	    KEY(hki_config_service, stop),
	    .help =
		"instead of the two above: a list of {signal, wait}, one after another" },
	{ .name = "limits",
	    .kind = &hki_kind_section,
	    KEY(hki_config_service, limits),
	    .detail = &hki_limits_section,
	    .initial = "{}",
	    .help = "what it may use" },
	{ .name = "logging",
	    .kind = &kind_logging,
	    KEY(hki_config_service, logging),
	    .detail = &hki_logging_section,
	    .help = "where its output is kept" },
	{ .name = "watch",
	    .kind = &hki_kind_optional,
	    KEY(hki_config_service, watch),
	    .detail = &hki_watch_section,
	    .help = "restart it when files change (checked, not acted on yet)" },
	{ .name = "sandbox",
	    .kind = &hki_kind_optional,
	    KEY(hki_config_service, sandbox),
	    .detail = &hki_sandbox_section,
	    .help = "what it may reach (checked, not acted on yet)" },
};

static void check_exclusive(
    hki_check *check, const hki_node *node, const char *one, const char *other)
{
	const hki_node *first = hki_node_get(node, one);

	if (first != NULL && hki_node_get(node, other) != NULL)
		hki_check_complain(check, first, "keep one of them",
		    "'%s' and '%s' exclude each other", one, other);
}

/* A slip such as 'comand' was complained of already. */
static bool means_command(const hki_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		const char *word = node->members[i].key->text;

		if (hki_word_is_near(word, hki_word_distance(word, "command")) ||
		    strcmp(word, "shell") == 0)
			return true;
	}
	return false;
}

static void finish_service(hki_check *check, const hki_node *node, void *section)
{
	(void) section;
	check_exclusive(check, node, "command", "shell");
	check_exclusive(check, node, "stop", "stop_signal");
	check_exclusive(check, node, "stop", "stop_grace_period");
	if (!means_command(node))
		hki_check_complain(check, node, "add 'command:'",
		    "service '%.64s' does not say what to run",
		    check->step != NULL && check->step->name != NULL ? check->step->name
								     : "");
}

const hki_section hki_service_section = { .what = "a service",
	.keys = service_keys,
	.count = HKI_COUNT(service_keys),
	.size = sizeof(hki_config_service),
	.finish = finish_service,
	.foreign = foreign_words };

static const char *const no_texts[] = { NULL };

bool hki_service_begin(hki_check *check, hki_config_service *service)
{
	memset(service, 0, sizeof(*service));
	service->environment = no_texts;
	service->env_files = no_texts;
	hki_section_begin(check, &hki_logging_section, &service->logging);
	hki_section_begin(check, &hki_service_section, service);
	return !check->arena->failed;
}

static void complete_command(hki_check *check, hki_config_service *service)
{
	const char **command;

	if (service->shell == NULL || service->command != NULL)
		return;
	command = hki_arena_array(check->arena, 4, sizeof(*command));
	if (command == NULL)
		return;
	command[0] = HKI_SHELL;
	command[1] = "-c";
	command[2] = service->shell;
	service->command = command;
}

static void complete_stop(hki_check *check, hki_config_service *service)
{
	if (service->stop.count > 0)
		return;
	service->stop.steps = hki_arena_alloc(check->arena, sizeof(*service->stop.steps));
	if (service->stop.steps == NULL)
		return;
	service->stop.steps[0] = (hki_config_stop_step){ .signal = service->stop_signal,
		.wait_ns = service->stop_grace_period_ns };
	service->stop.count = 1;
}

void hki_service_complete(hki_check *check, hki_config_service *service)
{
	complete_command(check, service);
	complete_stop(check, service);
}
