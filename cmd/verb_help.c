/*
 * `hostkit help`: the rows shown to a person, or turned into the source of a
 * manual page or of a page in docs/cmd.
 */
#include <string.h>
#include "base/cleanup.h"
#include "exit.h"
#include "help.h"
#include "base/nearest_word.h"
#include "output/fail.h"
#include "verbs.h"

enum { HELP_MAN = 1, HELP_PAGE, HELP_LIST };

static int print_with(const cmd_call *call, const cmd_verb *verb,
    int (*append)(hki_buffer *, const cmd_verb *))
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	int r = append(&text, verb);

	if (r < 0)
		return cmd_fail(
		    &call->output, CMD_EXIT_FAILED, r, NULL, "cannot write the page");
	fwrite(text.data, 1, text.length, stdout);
	return CMD_EXIT_OK;
}

static int print_names(void)
{
	for (const cmd_verb *const *verb = cmd_verbs; *verb != NULL; verb++)
		if (!(*verb)->hidden)
			puts((*verb)->name);
	return CMD_EXIT_OK;
}

static int fail_unknown(const cmd_call *call)
{
	hki_nearest_word nearest = { .word = call->operands[0] };
	char hint[HKI_WORD_MAX + 32] = "see hostkit help";

	for (const cmd_verb *const *verb = cmd_verbs; *verb != NULL; verb++)
		hki_nearest_word_offer(&nearest, (*verb)->name);
	if (nearest.best != NULL)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest.best);
	return cmd_fail(&call->output, CMD_EXIT_ABSENT, 0, hint, "there is no verb '%s'",
	    call->operands[0]);
}

static int run_help(const cmd_call *call)
{
	const cmd_verb *verb = NULL;
	int used = 0;

	if (cmd_call_value(call, HELP_LIST) != NULL)
		return print_names();
	if (call->operand_count == 1 && cmd_verb_is_family(call->operands[0]))
		return cmd_help_print_family(&call->output, call->operands[0]);
	if (call->operand_count > 0) {
		verb = cmd_verb_find(call->operands, call->operand_count, &used);
		if (verb == NULL || used != call->operand_count)
			return fail_unknown(call);
	}
	if (cmd_call_value(call, HELP_MAN) != NULL)
		return print_with(call, verb, cmd_man_append);
	if (cmd_call_value(call, HELP_PAGE) != NULL)
		return print_with(call, verb, cmd_page_append);
	return cmd_help_print(&call->output, verb, stdout);
}

static const cmd_option options[] = {
	{ .id = HELP_MAN,
	    .name = "man",
	    .help = "print the source of the manual page, for scdoc" },
	{ .id = HELP_PAGE,
	    .name = "page",
	    .help = "print the page of docs/cmd, in Markdown" },
	{ .id = HELP_LIST,
	    .name = "list",
	    .help = "print the names of all verbs, one a line" },
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit help", "lists every verb in groups" },
	{ "hostkit help run",
	    "explains one verb, with examples, options and exit codes" },
	{ "hostkit help --man run | scdoc > hostkit-run.1", "makes the manual page" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "the help was printed" },
	{ "2", "the command line is wrong" },
	{ "4", "there is no such verb" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_help = {
	.name = "help",
	.group = CMD_GROUP_LEARN,
	.arguments = "[VERB]",
	.help = "explain hostkit, or one verb",
	.options = options,
	.examples = examples,
	.exits = exits,
	.complete = CMD_COMPLETE_VERB,
	.operands_max = 2,
	.run = run_help,
};
