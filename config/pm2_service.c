/*
 * An app of PM2 said in the words of a service.  Where PM2's default differs
 * from ours, PM2's holds: it is always restarted, stopped by SIGINT, and given
 * 1.6 s.  Where PM2 has no limit of restarts that works, ours holds.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "formats.h"
#include "pm2.h"
#include "service_keys.h"

/* ---- name ---- */

static void set_name(hki_check *check, const hki_node *node, const hki_pm2_app *app,
    hki_config_service *service)
{
	const char *name = app->name;

	if (name == NULL) {
		const char *slash = strrchr(app->script, '/');
		const char *base = slash != NULL ? slash + 1 : app->script;
		const char *dot = strrchr(base, '.');

		name = hki_arena_text(check->arena, base,
		    dot != NULL && dot > base ? (size_t) (dot - base) : strlen(base));
	}
	if (name != NULL && app->name_prefix != NULL)
		name = hki_arena_format(check->arena, "%s%s", app->name_prefix, name);
	if (name == NULL)
		return;
	service->name = name;
	if (hki_name_is_good(name))
		return;
	service->name = hki_name_from(check->arena, name);
	if (service->name != NULL && app->name != NULL)
		hki_check_warn(check, node, NULL, "the app '%.64s' is called '%s'", name,
		    service->name);
}

/* ---- command ---- */

struct interpreter {
	const char *extension;
	const char *program;
};

static const struct interpreter interpreters[] = { { ".js", "node" }, { ".cjs", "node" },
	{ ".mjs", "node" }, { ".ts", "ts-node" }, { ".tsx", "ts-node" },
	{ ".py", "python3" }, { ".rb", "ruby" }, { ".php", "php" }, { ".pl", "perl" },
	{ ".sh", "bash" }, { ".coffee", "coffee" }, { ".ls", "lsc" } };

static const char *interpreter_for(const char *script)
{
	const char *slash = strrchr(script, '/');
	const char *dot = strrchr(slash != NULL ? slash : script, '.');

	for (size_t i = 0; dot != NULL && i < HKI_COUNT(interpreters); i++)
		if (strcmp(dot, interpreters[i].extension) == 0)
			return interpreters[i].program;
	return NULL;
}

/* A program of its own: ELF, or a script that names its interpreter and may be executed. */
static bool is_program(const char *path)
{
	hki_cleanup(hki_closep) int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char magic[4];

	if (fd < 0 || read(fd, magic, sizeof(magic)) != (ssize_t) sizeof(magic))
		return false;
	if (memcmp(magic, "\177ELF", sizeof(magic)) == 0)
		return true;
	return memcmp(magic, "#!", 2) == 0 && access(path, X_OK) == 0;
}

static void add_all(hki_texts *texts, hki_arena *arena, hki_config_texts more)
{
	for (size_t i = 0; more != NULL && more[i] != NULL; i++)
		(void) hki_texts_add(texts, arena, more[i]);
}

/*
 * A script that is a file is run by its interpreter; one that is none is a
 * program of the PATH, or a whole line for the shell when it has blanks.
 */
static void set_command(
    hki_check *check, const hki_pm2_app *app, hki_config_service *service)
{
	const char *interpreter = app->interpreter;
	const char *path = app->script;
	hki_texts command = { 0 };
	bool exists;

	if (path[0] != '/')
		path =
		    hki_arena_format(check->arena, "%s/%s", service->working_dir, path);
	if (path == NULL)
		return;
	exists = access(path, F_OK) == 0;
	if (!exists && strpbrk(app->script, " \t") != NULL && app->args == NULL) {
		service->shell = app->script;
		return;
	}
	if (interpreter == NULL)
		interpreter = interpreter_for(app->script);
	if (interpreter == NULL && exists && !is_program(path))
		interpreter = "node";
	if (interpreter != NULL && strcmp(interpreter, "none") != 0) {
		(void) hki_texts_add(&command, check->arena, interpreter);
		add_all(&command, check->arena, app->interpreter_args);
		exists = true;
	}
	(void) hki_texts_add(&command, check->arena, exists ? path : app->script);
	add_all(&command, check->arena, app->args);
	service->command = command.items;
}

/* ---- the rest ---- */

static void set_environment(
    hki_check *check, const hki_pm2_app *app, hki_config_service *service)
{
	hki_texts environment = { 0 };
	const char *port;

	if (app->environment != NULL)
		service->environment = app->environment;
	if (app->port == 0)
		return;
	port = hki_arena_format(check->arena, "PORT=%u", (unsigned int) app->port);
	if (port == NULL)
		return;
	for (size_t i = 0; service->environment[i] != NULL; i++)
		if (strncmp(service->environment[i], "PORT=", 5) != 0)
			(void) hki_texts_add(
			    &environment, check->arena, service->environment[i]);
	if (hki_texts_add(&environment, check->arena, port))
		service->environment = environment.items;
}

static void set_restart(const hki_pm2_app *app, hki_config_service *service)
{
	hki_config_backoff *backoff = &service->backoff;

	service->restart.when =
	    app->autorestart ? HKI_CONFIG_RESTART_ALWAYS : HKI_CONFIG_RESTART_NO;
	/* PM2 stops restarting after these codes, which is what on-failure does after good ones. */
	if (app->stop_exit_codes.count > 0) {
		service->success_exit_codes = app->stop_exit_codes;
		if (app->autorestart)
			service->restart.when = HKI_CONFIG_RESTART_ON_FAILURE;
	}
	if (app->autorestart)
		service->restart.most = app->max_restarts;
	if (app->min_uptime_ns > 0)
		backoff->reset_after_ns = app->min_uptime_ns;
	if (app->restart_delay_ns > 0) {
		backoff->initial_ns = app->restart_delay_ns;
		backoff->max_ns = app->restart_delay_ns;
		backoff->factor_milli = 1000;
	} else if (app->backoff_delay_ns > 0) {
		/* PM2: half as much again each time, at most 15 s. */
		backoff->initial_ns = app->backoff_delay_ns;
		backoff->max_ns = 15 * HKI_NS_PER_S;
		backoff->factor_milli = 1500;
		if (backoff->max_ns < backoff->initial_ns)
			backoff->max_ns = backoff->initial_ns;
	}
}

static void set_logging(hki_check *check, const hki_node *node, const hki_pm2_app *app,
    hki_config_service *service)
{
	hki_config_logging *logging = &service->logging;

	logging->timestamps = app->time || app->log_date_format != NULL;
	if (app->log_date_format != NULL)
		hki_check_warn(check, node, "times are written as in RFC 3339",
		    "'log_date_format' only switches timestamps on");
	if (app->disable_logs)
		return;
	logging->file = app->out_file != NULL ? app->out_file : app->log_file;
	if (app->error_file != NULL && app->error_file != logging->file)
		logging->error_file = app->error_file;
	if (logging->file == NULL && logging->error_file != NULL)
		hki_check_warn(check, node, "add 'out_file'",
		    "'error_file' without 'out_file': standard output is not kept");
	if (app->out_file != NULL && app->log_file != NULL)
		hki_check_warn(check, node, "'out_file' and 'error_file' are used",
		    "'log_file' beside 'out_file' has no effect in hostkit");
}

static void set_watch(hki_check *check, const hki_node *node, const hki_pm2_app *app,
    hki_config_service *service)
{
	hki_config_watch *watch;
	hki_texts paths = { 0 };

	if (!app->watch)
		return;
	hki_check_warn(
	    check, node, "it is kept for a later version", "'watch' is not acted on yet");
	watch = hki_arena_alloc(check->arena, sizeof(*watch));
	if (watch == NULL)
		return;
	if (app->watch_paths == NULL)
		(void) hki_texts_add(&paths, check->arena, service->working_dir);
	for (size_t i = 0; app->watch_paths != NULL && app->watch_paths[i] != NULL; i++)
		(void) hki_texts_add(
		    &paths, check->arena, hki_check_path(check, app->watch_paths[i]));
	watch->paths = paths.items;
	watch->ignore = app->ignore_watch;
	watch->settle_ns =
	    app->watch_delay_ns > 0 ? app->watch_delay_ns : 200 * HKI_NS_PER_MS;
	service->watch = watch;
}

static void set_scale(hki_check *check, const hki_node *node, const hki_pm2_app *app,
    hki_config_service *service)
{
	bool cluster =
	    app->exec_mode != NULL && strncmp(app->exec_mode, "cluster", 7) == 0;

	service->scale = app->instances > 0 ? app->instances : 1;
	if (!app->autostart)
		service->scale = 0;
	if (cluster && service->scale > 1)
		hki_check_warn(check, node,
		    "let each listen on a port of its own, or run one",
		    "the cluster mode of PM2 has no counterpart: the instances cannot "
		    "share a port");
}

void hki_pm2_service(hki_check *check, const hki_node *node, const hki_pm2_app *app,
    hki_config_service *service)
{
	set_name(check, node, app, service);
	set_command(check, app, service);
	set_environment(check, app, service);
	set_scale(check, node, app, service);
	set_restart(app, service);
	set_logging(check, node, app, service);
	set_watch(check, node, app, service);
	service->user = app->uid;
	service->group = app->gid;
	service->stop_signal = SIGINT;
	service->stop_grace_period_ns = app->kill_timeout_ns;
	service->limits.memory_restart_bytes = app->memory_restart_bytes;
}
