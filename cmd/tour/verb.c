/*
 * `hostkit tour`: the row, and the list of chapters.
 */
#include "tour.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "exit.h"
#include "output/colour.h"
#include "output/document.h"
#include "output/fail.h"
#include "verbs.h"

enum { TOUR_LIST = 1 };

static int list_as_json(const cmd_call *call)
{
	hk_json_writer *writer = cmd_document_begin(&call->output, "hostkit.tour/1");

	if (writer == NULL)
		return cmd_document_end(&call->output, writer, CMD_EXIT_OK);
	hk_json_write_key(writer, "chapters");
	hk_json_write_array_begin(writer);
	for (const tour_chapter *chapter = tour_chapters; chapter->name != NULL;
	     chapter++) {
		hk_json_write_object_begin(writer);
		hk_json_write_key(writer, "chapter");
		hk_json_write_string(writer, chapter->name);
		hk_json_write_key(writer, "shows");
		hk_json_write_string(writer, chapter->shows);
		hk_json_write_object_end(writer);
	}
	hk_json_write_array_end(writer);
	return cmd_document_end(&call->output, writer, CMD_EXIT_OK);
}

static int list(const cmd_call *call)
{
	if (call->output.json)
		return list_as_json(call);
	for (const tour_chapter *chapter = tour_chapters; chapter->name != NULL;
	     chapter++)
		printf("%-10s  %s\n", chapter->name, chapter->shows);
	return cmd_close_stdout(&call->output, CMD_EXIT_OK);
}

static int run(const cmd_call *call)
{
	struct tour_opts opts = { .json = call->output.json };
	const char *name = call->operand_count > 0 ? call->operands[0] : NULL;
	int r;

	if (cmd_call_value(call, TOUR_LIST) != NULL)
		return list(call);
	if (call->operand_count > 1)
		return cmd_fail(&call->output, CMD_EXIT_USAGE, 0,
		    "name one, or none for all", "more than one chapter");
	opts.colour = cmd_colour_wanted(&call->output, STDOUT_FILENO);
	r = tour_run(name, &opts);
	if (r == -ENOENT)
		return cmd_fail(&call->output, CMD_EXIT_ABSENT, 0,
		    "hostkit tour --list names them", "no chapter '%s'", name);
	if (r < 0)
		return cmd_fail(&call->output, cmd_exit_from_error(r), r, NULL,
		    "the tour cannot go on");
	return cmd_close_stdout(&call->output, r == 0 ? CMD_EXIT_OK : CMD_EXIT_NO);
}

static const cmd_option options[] = {
	{ TOUR_LIST, 'l', "list", NULL, "name the chapters", NULL, NULL,
	    CMD_COMPLETE_NOTHING },
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit tour", "every chapter, in less than a minute" },
	{ "hostkit tour processes", "one chapter" },
	{ "hostkit tour --json", "the same story for programs" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "every claim held" },
	{ "1", "a claim did not hold on this machine" },
	{ "4", "there is no such chapter" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_tour = {
	.name = "tour",
	.group = CMD_GROUP_LEARN,
	.arguments = "[CHAPTER]",
	.help = "see every concept at work, and checked",
	.description =
	    "Shows the concepts of an operating system on this machine, with real "
	    "programs: "
	    "what is done, what was seen, and what can be relied upon. Each claim is "
	    "checked "
	    "as it is made, and the usual wrong way is tried beside the right one.\n\n"
	    "Works without root; what this machine does not allow is said.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.values = "processes system watching loop messages scheduling",
	.operands_max = 1,
	.run = run,
};
