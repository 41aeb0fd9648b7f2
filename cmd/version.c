/*
 * `hostkit version`: which hostkit this is, and on what it stands, for bug
 * reports.
 */
#include <stdio.h>
#include <sys/utsname.h>
#include <hostkit/json.h>
#include "exit.h"
#include "output/document.h"
#include "output/fail.h"
#include "verbs.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static int print_json(const cmd_call *call, const struct utsname *machine)
{
	const char *const members[][2] = {
		{ "version", HOSTKIT_VERSION },
		{ "compiler", COMPILER },
		{ "kernel", machine->release },
		{ "machine", machine->machine },
	};
	hk_json_writer *writer = cmd_document_begin(&call->output, "hostkit.version/1");

	for (size_t i = 0; writer != NULL && i < sizeof(members) / sizeof(members[0]);
	     i++) {
		hk_json_write_key(writer, members[i][0]);
		hk_json_write_string(writer, members[i][1]);
	}
	return cmd_document_end(&call->output, writer, CMD_EXIT_OK);
}

static int run_version(const cmd_call *call)
{
	struct utsname machine;

	if (uname(&machine) < 0)
		return cmd_fail(&call->output, CMD_EXIT_FAILED, -errno, NULL, "uname");
	if (call->output.json)
		return print_json(call, &machine);
	printf("hostkit %s (%s, Linux %s, %s)\n", HOSTKIT_VERSION, COMPILER,
	    machine.release, machine.machine);
	return CMD_EXIT_OK;
}

static const cmd_example examples[] = {
	{ "hostkit version",
	    "prints the version, and what it was built with and runs on" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "always" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_version = {
	.name = "version",
	.group = CMD_GROUP_LEARN,
	.help = "print the version of hostkit",
	.examples = examples,
	.exits = exits,
	.run = run_version,
};
