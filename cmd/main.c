/*
 * hostkit: read the command line, find the verb, do it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include "exit.h"
#include "help.h"
#include "options.h"
#include "output/fail.h"
#include "verbs.h"

/*
 * A descriptor opened later must not become 0, 1 or 2 and receive our messages.
 * Streams that are closed are opened the wrong way round, so that using them
 * fails as it would have: nobody believes that output was written.
 */
static void open_standard_streams(void)
{
	for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
		if (fcntl(stream, F_GETFD) >= 0)
			continue;
		if (open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) !=
		    stream)
			_exit(CMD_EXIT_FAILED);
	}
}

static int do_line(const cmd_line *line)
{
	const cmd_call *call = &line->call;
	cmd_call version = *call;

	if (line->version) {
		version.verb = &cmd_verb_version;
		return cmd_verb_version.run(&version);
	}
	if (line->family != NULL)
		return cmd_help_print_family(&call->output, line->family);
	if (line->help)
		return cmd_help_print(&call->output, call->verb, stdout);
	if (call->verb != NULL)
		return call->verb->run(call);
	if (call->output.json)
		return cmd_fail(&call->output, CMD_EXIT_USAGE, 0, "see hostkit help",
		    "no verb was given");
	(void) cmd_help_print(&call->output, NULL, stderr);
	return CMD_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	cmd_line line;
	int status;

	open_standard_streams();
	/* Whoever ignores SIGCHLD has his children's ends thrown away, and hands that on. */
	(void) signal(SIGCHLD, SIG_DFL);
	status = cmd_line_parse(&line, argc, argv);
	if (status == 0)
		status = do_line(&line);
	status = cmd_close_stdout(&line.call.output, status);
	cmd_line_deinit(&line);
	return status;
}
