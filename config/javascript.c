/*
 * A configuration written in JavaScript is run by node, as PM2 does, in a
 * process of its own: no shell, a time limit, a limit of output, and its tree
 * is ended with it.  What it prints goes to stderr, so that only the value it
 * exports comes back.  Modules of both kinds are understood.
 */
#include <string.h>
#include <hostkit/process.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error_list.h"
#include "load.h"

#define TIMEOUT_NS (10 * HKI_NS_PER_S)

static const char script[] =
    "const out = process.stdout.write.bind(process.stdout);"
    "process.stdout.write = process.stderr.write.bind(process.stderr);"
    "const url = require('url').pathToFileURL(process.argv[1]).href;"
    "import(url).then(async module => {"
    "  let value = module.default !== undefined ? module.default : module;"
    "  if (typeof value === 'function') value = value();"
    "  const text = JSON.stringify(await value);"
    "  if (text === undefined) throw new Error('it exports nothing');"
    "  out(text, () => process.exit(0));"
    "}).catch(error => {"
    "  process.stderr.write(String(error && error.message || error) + '\\n',"
    "    () => process.exit(1));"
    "});";

/* What node said last is the reason. */
static void last_line(char *out, size_t capacity, const hk_process_result *result)
{
	const char *end = result->stderr_data + result->stderr_length;
	const char *start;
	size_t length;

	while (end > result->stderr_data && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	start = end;
	while (start > result->stderr_data && start[-1] != '\n')
		start--;
	length = (size_t) (end - start);
	if (length >= capacity)
		length = capacity - 1;
	memcpy(out, start, length);
	out[length] = '\0';
}

static int complain(
    hk_error_list *errors, const char *path, const char *text, const char *hint)
{
	hk_error error = {
		.code = HK_EPARSE, .source = path, .text = text, .hint = hint
	};

	return hki_error_report(errors, &error);
}

static int take_result(char **out_json, const char *path, const hk_process_result *result,
    hk_error_list *errors)
{
	char why[512];
	char *json;

	if (result->timed_out)
		return complain(errors, path, "node needed more than 10 s for it",
		    "a configuration must not wait for anything");
	if (result->exit.end != HK_END_CODE || result->exit.code != 0) {
		last_line(why, sizeof(why), result);
		return complain(
		    errors, path, why[0] != '\0' ? why : "node could not run it", NULL);
	}
	if (result->stdout_cut)
		return complain(errors, path, "it exports more than 1 MiB", NULL);
	json = hki_strndup(result->stdout_data, result->stdout_length);
	if (json == NULL)
		return -ENOMEM;
	*out_json = json;
	return 0;
}

int hki_javascript_by_node(
    char **out_json, const char *path, hk_error_list *errors, void *user)
{
	const char *const argv[] = { "node", "-e", script, "--", path, NULL };
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_process_run_opts run = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_result *result = NULL;
	int r;

	(void) user;
	process.argv = argv;
	process.stdio[0].kind = HK_STDIO_NULL;
	process.stdio[1].kind = HK_STDIO_PIPE;
	process.stdio[2].kind = HK_STDIO_PIPE;
	run.process = &process;
	run.timeout_ns = TIMEOUT_NS;
	run.max_output_bytes = HKI_CONFIG_SIZE_MAX;
	r = hk_process_run(&result, &run, NULL);
	if (r == -ENOENT)
		return complain(errors, path,
		    "node is needed to read it and is not installed",
		    "install nodejs, or export it as JSON");
	if (r < 0) {
		hk_error error = { .code = r, .source = path, .step = "node" };

		return hki_error_report(errors, &error);
	}
	r = take_result(out_json, path, result, errors);
	hk_process_result_free(result);
	return r;
}
