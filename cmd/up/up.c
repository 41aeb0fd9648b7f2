/*
 * `hostkit up`: the command line and the file, read and checked.
 *
 * Every mistake of the file is told at once, and nothing is started while there
 * is one.  What works but may not be what somebody meant is said and goes on.
 */
#include "up.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/quantity.h"
#include "config/load.h"
#include "exit.h"
#include "base/nearest_word.h"
#include "output/document.h"
#include "output/fail.h"
#include "verbs.h"

enum { UP_FILE = 1, UP_CHECK, UP_SCALE, UP_QUIET, UP_ENV, UP_SCHEMA, UP_STATE };

static void config_freep(hki_config **config)
{
	hki_config_free(*config);
}

static void errors_freep(hk_error_list **errors)
{
	hk_error_list_free(*errors);
}

/* ---- the file ---- */

static void tell_warnings(const cmd_call *call, const hk_error_list *warnings)
{
	char text[1024];

	for (size_t i = 0; i < hk_error_list_count(warnings); i++) {
		const hk_error *warning = hk_error_list_get(warnings, i);

		if (warning == NULL)
			break;
		(void) hk_error_format(text, sizeof(text), warning);
		cmd_note(&call->output, "%s", text);
	}
}

static int load_failure(const cmd_call *call, int error, const hk_error_list *errors)
{
	const char *path = cmd_call_value(call, UP_FILE);

	if (hk_error_list_count(errors) > 0)
		return cmd_fail_list(&call->output, CMD_EXIT_CONFIG, error, errors);
	if (error == -ENOENT && path == NULL)
		return cmd_fail(&call->output, CMD_EXIT_CONFIG, 0,
		    "make a hostkit.yaml, or name a file with -f",
		    "no hostkit.yaml, ecosystem file or Procfile in this directory");
	return cmd_fail(&call->output, CMD_EXIT_CONFIG, error, NULL, "cannot read '%s'",
	    path != NULL ? path : ".");
}

static int load(hki_config **out, const cmd_call *call)
{
	hki_cleanup(errors_freep) hk_error_list *errors = NULL;
	hki_cleanup(errors_freep) hk_error_list *warnings = NULL;
	hki_config_options options = { .path = cmd_call_value(call, UP_FILE),
		.pm2_env = cmd_call_value(call, UP_ENV) };
	int r;

	if ((r = hk_error_list_new(&errors)) < 0 ||
	    (r = hk_error_list_new(&warnings)) < 0)
		return cmd_fail(&call->output, CMD_EXIT_FAILED, r, NULL, "cannot begin");
	r = hki_config_load(out, &options, errors, warnings);
	if (r < 0)
		return load_failure(call, r, errors);
	tell_warnings(call, warnings);
	return 0;
}

/* ---- --scale ---- */

/* Give @config's service the number of instances the command line asks for. */
static int scale_service(const cmd_call *call, hki_config *config, const char *text)
{
	const char *equals = strrchr(text, '=');
	uint64_t count;

	if (equals == NULL || hki_uint64_parse(&count, equals + 1) < 0 || count > 1000)
		return cmd_fail(&call->output, CMD_EXIT_USAGE, 0,
		    "write NAME=COUNT, such as web=3, with a count of 0 to 1000",
		    "'%s' is no scale", text);
	for (size_t i = 0; i < config->service_count; i++) {
		hki_config_service *service = &config->services[i];

		if (strlen(service->name) == (size_t) (equals - text) &&
		    strncmp(service->name, text, (size_t) (equals - text)) == 0) {
			service->scale = (uint32_t) count;
			return 0;
		}
	}
	return cmd_fail(&call->output, CMD_EXIT_ABSENT, 0, NULL,
	    "no service '%.*s' in '%s'", (int) (equals - text), text, config->path);
}

static int scale(const cmd_call *call, hki_config *config)
{
	for (size_t i = 0; i < call->given_count; i++) {
		int r = 0;

		if (call->given[i].option->id == UP_SCALE)
			r = scale_service(call, config, call->given[i].value);
		if (r != 0)
			return r;
	}
	return 0;
}

/* ---- names ---- */

static int no_service(const cmd_call *call, const hki_config *config, const char *name)
{
	hki_nearest_word nearest = { .word = name };
	char hint[128] = "";

	for (size_t i = 0; i < config->service_count; i++)
		hki_nearest_word_offer(&nearest, config->services[i].name);
	if (nearest.best != NULL)
		(void) snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest.best);
	return cmd_fail(&call->output, CMD_EXIT_ABSENT, 0, hint[0] != '\0' ? hint : NULL,
	    "no service '%s' in '%s'", name, config->path);
}

static int check_names(const cmd_call *call, const hki_config *config)
{
	for (int i = 0; i < call->operand_count; i++) {
		size_t j = 0;

		while (j < config->service_count &&
		       strcmp(config->services[j].name, call->operands[i]) != 0)
			j++;
		if (j == config->service_count)
			return no_service(call, config, call->operands[i]);
	}
	return 0;
}

/* What is claimed: the file, or where it would be if it came through a pipe. */
static const char *project_of(const hki_config *config)
{
	struct stat status;

	if (stat(config->path, &status) < 0 || !S_ISREG(status.st_mode))
		return config->directory;
	return config->path;
}

/* ---- what can be asked ---- */

static int print_schema(const cmd_call *call)
{
	hk_json_writer *writer;
	const char *text;
	int r = hk_json_writer_new(&writer, 2);

	if (r < 0)
		return cmd_fail(&call->output, CMD_EXIT_FAILED, r, NULL, "cannot begin");
	hki_config_write_schema(writer);
	text = hk_json_writer_text(writer, NULL);
	if (text == NULL)
		r = cmd_fail(&call->output, CMD_EXIT_FAILED, hk_json_writer_error(writer),
		    NULL, "cannot write the schema");
	else
		puts(text);
	hk_json_writer_free(writer);
	return cmd_close_stdout(&call->output, r);
}

static int print_checked(const cmd_call *call, const hki_config *config)
{
	hk_json_writer *writer;

	if (!call->output.json) {
		printf("%s is valid: %zu service%s\n", config->path,
		    config->service_count, config->service_count == 1 ? "" : "s");
		return cmd_close_stdout(&call->output, CMD_EXIT_OK);
	}
	writer = cmd_document_begin(&call->output, "hostkit.up.check/1");
	if (writer != NULL) {
		hk_json_write_key(writer, "file");
		hk_json_write_string(writer, config->path);
		hk_json_write_key(writer, "config");
		hki_config_write(writer, config);
	}
	return cmd_document_end(&call->output, writer, CMD_EXIT_OK);
}

static int run(const cmd_call *call)
{
	hki_cleanup(config_freep) hki_config *config = NULL;
	up_request request = { .output = &call->output };
	int r;

	if (cmd_call_value(call, UP_SCHEMA) != NULL)
		return print_schema(call);
	r = load(&config, call);
	if (r == 0)
		r = scale(call, config);
	if (r == 0)
		r = check_names(call, config);
	if (r != 0)
		return r;
	if (cmd_call_value(call, UP_CHECK) != NULL)
		return print_checked(call, config);

	request.config = config;
	request.project = project_of(config);
	request.state_directory = cmd_call_value(call, UP_STATE);
	request.quiet = cmd_call_value(call, UP_QUIET) != NULL;
	if (call->operand_count > 0)
		request.names = (const char *const *) call->operands;
	return up_supervise(&request);
}

static const cmd_option options[] = {
	{ UP_FILE, 'f', "file", "FILE",
	    "the configuration, or a folder that holds one; - reads standard input", NULL,
	    NULL, CMD_COMPLETE_FILE },
	{ UP_CHECK, 0, "check", NULL,
	    "only check the configuration; with --json print it with every default", NULL,
	    NULL, CMD_COMPLETE_NOTHING },
	{ UP_SCALE, 0, "scale", "NAME=COUNT", "run so many instances of a service", NULL,
	    NULL, CMD_COMPLETE_NOTHING },
	{ UP_QUIET, 'q', "quiet", NULL,
	    "do not show what the programs print; log files get it all the same", NULL,
	    NULL, CMD_COMPLETE_NOTHING },
	{ UP_ENV, 0, "env", "NAME",
	    "of a PM2 file: put env_NAME over env, such as production", NULL, NULL,
	    CMD_COMPLETE_NOTHING },
	{ UP_SCHEMA, 0, "schema", NULL,
	    "print the JSON Schema of hostkit.yaml for editors", NULL, NULL,
	    CMD_COMPLETE_NOTHING },
	{ UP_STATE, 0, "state-directory", "DIRECTORY",
	    "where what runs is written down, instead of the user's runtime directory",
	    NULL, NULL, CMD_COMPLETE_DIRECTORY },
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit up", "every service of hostkit.yaml, until Ctrl-C" },
	{ "hostkit up -f deploy/hostkit.yaml api",
	    "one service of that file, and what it depends on" },
	{ "hostkit up --scale worker=4", "four instances of one service" },
	{ "hostkit up -f ecosystem.config.js --env production", "a PM2 file as it is" },
	{ "hostkit up --check", "every mistake in the file, with line and column" },
	{ "hostkit up --json | grep failed", "what happens, as one JSON object a line" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "every service has ended well, or was stopped as asked" },
	{ "4", "a service that was named does not exist" },
	{ "6", "not allowed, such as to write down what runs" },
	{ "7", "the configuration has mistakes; nothing was started" },
	{ "8", "at least one service has failed for good" },
	{ "9", "supervision failed, or another 'hostkit up' has the project" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_up = {
	.name = "up",
	.group = CMD_GROUP_RUN,
	.arguments = "[NAME...]",
	.operands_max = CMD_OPERANDS_ANY,
	.help = "start services and keep them running, in the foreground",
	.description =
	    "Starts the services of a hostkit.yaml, a PM2 ecosystem file or a Procfile "
	    "in the "
	    "order of their dependencies, shows what they print behind their names, and "
	    "starts "
	    "again what ends, with growing pauses and a limit. With names, starts only "
	    "those "
	    "and what they depend on.\n\n"
	    "A hostkit.yaml holds 'services:', under it names, and under each at least "
	    "'command:'; the other words are those of Compose, and --schema lists "
	    "them.\n\n"
	    "Ctrl-C stops everything in reverse order; a second one kills what is left. "
	    "Nothing "
	    "a service has started stays behind. One 'hostkit up' supervises a project "
	    "at a "
	    "time; what a killed one has left is ended before anything is started.\n\n"
	    "SIGTERM and SIGHUP stop as Ctrl-C does; SIGUSR1 opens the log files again; "
	    "SIGUSR2 "
	    "goes to every service. As process 1 of a container it collects orphans, and "
	    "hands "
	    "SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 and SIGWINCH to the services.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.run = run,
};
