/*
 * The keys of a PM2 app (names of PM2 7.0).  What hostkit has no counterpart
 * for is listed too, with the reason, so that nothing is dropped in silence.
 */
#include <string.h>
#include <unistd.h>
#include "base/array.h"
#include "base/clock.h"
#include "kinds.h"
#include "pm2.h"
#include "service_keys.h"

#define DAY_MS INT64_C(86400000)

/* ---- kinds ---- */

/* A number is milliseconds, a text such as "10s" says its unit. */
static void read_ms(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_scalar scalar;
	int64_t ms;
	uint64_t ns;

	if (!hki_check_scalar(&scalar, check, key, node))
		return;
	if (scalar.number) {
		if (hki_read_integer(&ms, check, key, node, 0, key->most / 1000000))
			*(uint64_t *) field = (uint64_t) ms * HKI_NS_PER_MS;
	} else if (hki_read_duration(&ns, check, key, node)) {
		/* Ours begin at a millisecond. */
		*(uint64_t *) field = ns > 0 && ns < HKI_NS_PER_MS ? HKI_NS_PER_MS : ns;
	}
}

static const hki_kind kind_ms = { .wants = "milliseconds, or a text such as \"10s\"",
	.read = read_ms };

/* "max" or 0: one for each processor; -1: one less. */
static void read_instances(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	int64_t count = 0;

	if (processors < 1)
		processors = 1;
	if (node->kind == HKI_NODE_SCALAR && strcmp(node->text, "max") == 0)
		count = processors;
	else if (!hki_read_integer(&count, check, key, node, -1000, 1000))
		return;
	if (count <= 0)
		count += processors;
	if (count > 1000)
		count = 1000;
	*(uint32_t *) field = count < 1 ? 1 : (uint32_t) count;
}

static const hki_kind kind_instances = { .wants = "a whole number or \"max\"",
	.read = read_instances };

/* A line of words or a list of them; nothing and "" mean none. */
static void read_words(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	if (node->kind == HKI_NODE_LIST && node->count == 0)
		return;
	if (node->kind == HKI_NODE_SCALAR && strspn(node->text, " \t\n") == node->length)
		return;
	if (node->kind == HKI_NODE_LIST)
		hki_kind_texts.read(check, key, node, field);
	else
		hki_kind_command.read(check, key, node, field);
}

static const hki_kind kind_words = { .wants = "a line of words or a list of them",
	.read = read_words };

/* true, false, or what to watch. */
static void read_watch(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_pm2_app *app = field;
	bool truth = true;

	if (hki_node_is_bool(&truth, node)) {
		app->watch = truth;
		return;
	}
	app->watch = true;
	hki_kind_texts.read(check, key, node, &app->watch_paths);
}

static const hki_kind kind_watch = { .wants = "true, false or a list of paths",
	.read = read_watch };

static void read_codes(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_node *items[1] = { (hki_node *) (uintptr_t) node };
	hki_node list = {
		.kind = HKI_NODE_LIST, .place = node->place, .items = items, .count = 1
	};

	hki_kind_codes.read(
	    check, key, node->kind == HKI_NODE_SCALAR ? &list : node, field);
}

static const hki_kind kind_codes = { .wants = "an exit code or a list of them",
	.read = read_codes };

/* ---- rows ---- */

#define ROW(word, kind_of, member)                                                       \
	{                                                                                \
		.name = (word), .kind = &(kind_of),                                      \
		.offset = offsetof(hki_pm2_app, member)                                  \
	}
#define COUNT_ROW(word, member, from, to)                                                \
	{                                                                                \
		.name = (word), .kind = &hki_kind_count, .least = (from), .most = (to),  \
		.offset = offsetof(hki_pm2_app, member)                                  \
	}
/* @most in milliseconds. */
#define MS_ROW(word, member, longest)                                                    \
	{                                                                                \
		.name = (word), .kind = &kind_ms, .most = (longest) *INT64_C(1000000),   \
		.offset = offsetof(hki_pm2_app, member)                                  \
	}
#define NO_COUNTERPART(word, why)                                                        \
	{                                                                                \
		.name = (word), .kind = &hki_kind_ignored, .detail = (why)               \
	}
#define OF_NO_EFFECT(word)                                                               \
	{                                                                                \
		.name = (word), .kind = &hki_kind_skipped                                \
	}

static const char by_messages[] =
    "it needs PM2's channel of messages; use a health check";
static const char by_module[] = "it belongs to PM2's own monitoring";
static const char fixed_names[] = "instances are named by hostkit";

static const hki_key app_keys[] = {
	ROW("name", hki_kind_text, name),
	ROW("name_prefix", hki_kind_text, name_prefix),
	ROW("script", hki_kind_text, script),
	ROW("exec", hki_kind_text, script),
	ROW("cwd", hki_kind_text, cwd), /* read before the others */
	ROW("args", kind_words, args),
	ROW("interpreter", hki_kind_text, interpreter),
	ROW("exec_interpreter", hki_kind_text, interpreter),
	ROW("interpreter_args", kind_words, interpreter_args),
	ROW("interpreterArgs", kind_words, interpreter_args),
	ROW("node_args", kind_words, interpreter_args),
	ROW("instances", kind_instances, instances),
	ROW("exec_mode", hki_kind_text, exec_mode),
	ROW("env", hki_kind_environment, environment),
	COUNT_ROW("port", port, 1, 65535),
	ROW("uid", hki_kind_text, uid),
	ROW("user", hki_kind_text, uid),
	ROW("gid", hki_kind_text, gid),
	{ .name = "max_memory_restart",
	    .kind = &hki_kind_size,
	    .offset = offsetof(hki_pm2_app, memory_restart_bytes),
	    .least = 1 << 20 },
	MS_ROW("restart_delay", restart_delay_ns, DAY_MS),
	MS_ROW("exp_backoff_restart_delay", backoff_delay_ns, DAY_MS),
	COUNT_ROW("max_restarts", max_restarts, 0, 1000000),
	MS_ROW("min_uptime", min_uptime_ns, DAY_MS),
	{ .name = "kill_timeout",
	    .kind = &kind_ms,
	    .offset = offsetof(hki_pm2_app, kill_timeout_ns),
	    .initial = "1600",
	    .most = DAY_MS * 1000000 },
	{ .name = "autorestart",
	    .kind = &hki_kind_bool,
	    .offset = offsetof(hki_pm2_app, autorestart),
	    .initial = "true" },
	{ .name = "autostart",
	    .kind = &hki_kind_bool,
	    .offset = offsetof(hki_pm2_app, autostart),
	    .initial = "true" },
	ROW("stop_exit_codes", kind_codes, stop_exit_codes),
	ROW("out_file", hki_kind_path, out_file),
	ROW("output", hki_kind_path, out_file),
	ROW("out", hki_kind_path, out_file),
	ROW("error_file", hki_kind_path, error_file),
	ROW("error", hki_kind_path, error_file),
	ROW("err", hki_kind_path, error_file),
	ROW("err_file", hki_kind_path, error_file),
	ROW("log_file", hki_kind_path, log_file),
	ROW("log", hki_kind_path, log_file),
	ROW("disable_logs", hki_kind_bool, disable_logs),
	ROW("time", hki_kind_bool, time),
	ROW("log_date_format", hki_kind_text, log_date_format),
	{ .name = "watch", .kind = &kind_watch, .offset = 0 },
	ROW("ignore_watch", hki_kind_texts, ignore_watch),
	MS_ROW("watch_delay", watch_delay_ns, 3600000),

	/* hostkit does this anyway, or it is about how PM2 works inside. */
	OF_NO_EFFECT("merge_logs"),
	OF_NO_EFFECT("combine_logs"),
	OF_NO_EFFECT("treekill"),
	OF_NO_EFFECT("kill_retry_time"),
	OF_NO_EFFECT("vizion"),
	OF_NO_EFFECT("pmx"),
	OF_NO_EFFECT("automation"),
	OF_NO_EFFECT("force"),

	NO_COUNTERPART("wait_ready", by_messages),
	NO_COUNTERPART("listen_timeout", by_messages),
	NO_COUNTERPART("shutdown_with_message", by_messages),
	NO_COUNTERPART("cron_restart", "programs are not yet restarted by the clock"),
	NO_COUNTERPART("cron", "programs are not yet restarted by the clock"),
	NO_COUNTERPART("namespace", "there are no namespaces; a file is one project"),
	NO_COUNTERPART("source_map_support", "add '--enable-source-maps' to 'node_args'"),
	NO_COUNTERPART("pid_file", "'hostkit status' knows the process"),
	NO_COUNTERPART("pid", "'hostkit status' knows the process"),
	NO_COUNTERPART("log_type", "'logs --json' gives JSON"),
	NO_COUNTERPART("filter_env", "unset variables in 'env' or by env(1)"),
	NO_COUNTERPART("append_env_to_name", fixed_names),
	NO_COUNTERPART("increment_var", "instances share their variables"),
	NO_COUNTERPART("instance_var", "instances share their variables"),
	NO_COUNTERPART("watch_options", "hostkit watches by its own means"),
	NO_COUNTERPART("trace", by_module),
	NO_COUNTERPART("deep_monitoring", by_module),
	NO_COUNTERPART("disable_trace", by_module),
	NO_COUNTERPART("post_update", "hostkit deploys nothing"),
};

static bool is_user(const char *text)
{
	return text == NULL || (strchr(text, ':') == NULL && strlen(text) < 128);
}

static void finish_app(hki_check *check, const hki_node *node, void *section)
{
	const hki_pm2_app *app = section;

	if (!is_user(app->uid) || !is_user(app->gid))
		hki_check_complain(
		    check, node, NULL, "'uid' and 'gid' are names or numbers");
	if (app->script == NULL && hki_node_get(node, "script") == NULL &&
	    hki_node_get(node, "exec") == NULL)
		hki_check_complain(
		    check, node, "add 'script'", "the app does not say what to run");
}

const hki_section hki_pm2_app_section = { .what = "a PM2 app",
	.keys = app_keys,
	.count = HKI_COUNT(app_keys),
	.size = sizeof(hki_pm2_app),
	.finish = finish_app };
