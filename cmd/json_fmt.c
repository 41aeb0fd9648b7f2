/*
 * `hostkit json fmt`: a document in the form people or programs want.  Numbers
 * stay as they were written, digit by digit; a document is printed when all of it
 * was read, so a mistake never leaves half of one.
 */
#include <errno.h>
#include <stdio.h>
#include <hostkit/error.h>
#include "exit.h"
#include "json_input.h"
#include "output/document.h"
#include "output/fail.h"
#include "values.h"
#include "verbs.h"

enum { FMT_INDENT = 1, FMT_COMPACT, FMT_SORT, FMT_LINES, FMT_DUPLICATES };

#define INDENT_DEFAULT 2
#define INDENT_MAX     16

typedef struct fmt_options {
	int64_t indent; /* -1: not asked for */
	int duplicates;
	bool sort;
	bool lines;
} fmt_options;

static int read_options(fmt_options *out, const cmd_call *call)
{
	fmt_options options = { .indent = -1 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < call->given_count; i++) {
		const cmd_given *given = &call->given[i];

		switch (given->option->id) {
		case FMT_INDENT:
			r = cmd_value_integer(
			    &options.indent, call, given, 0, INDENT_MAX);
			break;
		case FMT_COMPACT:
			options.indent = 0;
			break;
		case FMT_SORT:
			options.sort = true;
			break;
		case FMT_LINES:
			options.lines = true;
			break;
		case FMT_DUPLICATES:
			r = cmd_value_word(&options.duplicates, call, given);
			break;
		}
	}
	if (options.indent < 0)
		options.indent = options.lines ? 0 : INDENT_DEFAULT;
	*out = options;
	return r;
}

static void write_root(
    hk_json_writer *writer, const json_input *input, const fmt_options *options)
{
	const hk_json *root = hk_json_root(input->document);

	if (options->sort)
		hk_json_write_sorted(writer, root);
	else
		hk_json_write_value(writer, root);
}

static int print_plain(const cmd_call *call, hk_json_writer *writer,
    const json_input *input, const fmt_options *options)
{
	const char *text;
	size_t length = 0;

	hk_json_writer_reset(writer);
	write_root(writer, input, options);
	text = hk_json_writer_text(writer, &length);
	if (text == NULL)
		return cmd_fail(&call->output, CMD_EXIT_FAILED,
		    hk_json_writer_error(writer), NULL, "cannot write the document");
	fwrite(text, 1, length, stdout);
	putchar('\n');
	return CMD_EXIT_OK;
}

static int tell(const cmd_call *call, const json_input *input, int error)
{
	const hk_json_error *place = json_input_error(input);

	if (error == HK_EPARSE || error == HK_ELIMIT)
		return cmd_fail(&call->output, CMD_EXIT_NO, 0, NULL, "%s:%zu:%zu: %s",
		    input->name, place->line, place->column, place->reason);
	return cmd_fail(&call->output, cmd_exit_from_error(error), error, NULL,
	    "cannot read '%s'", input->name);
}

/* With --lines a line that is wrong is told, and the next one read. */
static int print_all(const cmd_call *call, hk_json_writer *writer, json_input *input,
    const fmt_options *options)
{
	int status = CMD_EXIT_OK;
	int r;

	while ((r = json_input_next(input)) != 0) {
		if (r > 0)
			r = print_plain(call, writer, input, options);
		else
			r = tell(call, input, r);
		if (r != CMD_EXIT_OK)
			status = r;
		if (r != CMD_EXIT_OK && (r != CMD_EXIT_NO || !options->lines))
			break;
	}
	return status;
}

static int print_document(
    const cmd_call *call, json_input *input, const fmt_options *options)
{
	hk_json_writer *writer;
	int r = json_input_next(input);

	if (r < 0)
		return tell(call, input, r);
	writer = cmd_document_begin(&call->output, "hostkit.json.fmt/1");
	if (writer != NULL) {
		hk_json_write_key(writer, "value");
		write_root(writer, input, options);
	}
	return cmd_document_end(&call->output, writer, CMD_EXIT_OK);
}

static int format_input(
    const cmd_call *call, json_input *input, const fmt_options *options)
{
	hk_json_writer *writer = NULL;
	int r;

	if (call->output.json && options->lines)
		return cmd_fail(&call->output, CMD_EXIT_USAGE, 0,
		    "without --json the lines are JSON already",
		    "--lines and --json do not go together");
	if (call->output.json)
		return print_document(call, input, options);
	r = hk_json_writer_new(&writer, (unsigned int) options->indent);
	if (r < 0)
		return cmd_fail(&call->output, CMD_EXIT_FAILED, r, NULL, "cannot write");
	r = print_all(call, writer, input, options);
	hk_json_writer_free(writer);
	return r;
}

static int run_fmt(const cmd_call *call)
{
	const char *operand = call->operand_count > 0 ? call->operands[0] : "-";
	json_input input = { .fd = -1 };
	fmt_options options;
	int r = read_options(&options, call);

	if (r != 0)
		return r;
	r = json_input_open(
	    &input, operand, options.lines, (hk_json_duplicates) options.duplicates);
	if (r < 0)
		return cmd_fail(&call->output, cmd_exit_from_error(r), r, NULL,
		    "cannot read '%s'", operand);
	r = format_input(call, &input, &options);
	json_input_close(&input);
	return r;
}

static const cmd_option options[] = {
	{ .id = FMT_INDENT,
	    .letter = 'i',
	    .name = "indent",
	    .argument = "N",
	    .help = "spaces a level, 0 for one line (2)" },
	{ .id = FMT_COMPACT,
	    .letter = 'c',
	    .name = "compact",
	    .help = "the shortest form, on one line" },
	{ .id = FMT_SORT,
	    .letter = 's',
	    .name = "sort-keys",
	    .help = "put the members of every object in the order of their names" },
	{ .id = FMT_LINES,
	    .letter = 'l',
	    .name = "lines",
	    .help = "JSON Lines: a document a line, each printed on one line" },
	{ .id = FMT_DUPLICATES,
	    .name = "duplicates",
	    .argument = "WORD",
	    .help = "a member named twice: refuse it (the default), or keep the first or "
		    "the last",
	    .values = "refuse first last" },
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit json fmt package.json", "prints it with two spaces a level" },
	{ "curl -s localhost:8080/status | hostkit json fmt",
	    "makes what a program sends readable" },
	{ "hostkit json fmt --compact --sort-keys a.json | sha256sum",
	    "gives two files that say the same the same sum" },
	{ "hostkit json fmt --lines < events.jsonl",
	    "prints each line in its shortest form; wrong ones are told and left out" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "it was printed" },
	{ "1", "it is not JSON; the first mistake is told as file:line:column" },
	{ "2", "the command line is wrong" },
	{ "4", "there is no such file" },
	{ "6", "the file may not be read" },
	{ "9", "it failed otherwise" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_json_fmt = {
	.name = "json fmt",
	.group = CMD_GROUP_MESSAGES,
	.arguments = "[FILE]",
	.help = "print JSON for people, or in its shortest form",
	.description = "Reads one file, or standard input, and prints it again. Numbers "
		       "stay as they "
		       "were written, however many digits they have; strings take their "
		       "shortest form.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.complete = CMD_COMPLETE_FILE,
	.operands_max = 1,
	.run = run_fmt,
};
