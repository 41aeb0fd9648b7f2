/*
 * `hostkit json check`: is it JSON?  The answer is the exit code; where it is no,
 * the first mistake of each file is printed the way compilers do, so that editors
 * find it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/cleanup.h"
#include "exit.h"
#include "json_input.h"
#include "output/document.h"
#include "output/fail.h"
#include "output/text.h"
#include "values.h"
#include "verbs.h"

enum { CHECK_LINES = 1, CHECK_DUPLICATES };

/* What became of one file: 0, or the error that ended it. */
typedef struct json_verdict {
	const char *name;
	int error;
	hk_json_error place; /* when it is not JSON */
	size_t documents;
} json_verdict;

static bool is_about_text(const json_verdict *verdict)
{
	return verdict->error == HK_EPARSE || verdict->error == HK_ELIMIT;
}

static void check(
    json_verdict *out, const char *operand, bool lines, hk_json_duplicates duplicates)
{
	json_input input = { .fd = -1 };
	int r = json_input_open(&input, operand, lines, duplicates);

	*out = (json_verdict){ .name = r < 0 ? operand : input.name, .error = r };
	if (r < 0)
		return;
	while ((r = json_input_next(&input)) > 0)
		out->documents++;
	out->error = r;
	if (is_about_text(out))
		out->place = *json_input_error(&input);
	json_input_close(&input);
}

static int print_error(const cmd_call *call, const json_verdict *verdict)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer line = HKI_BUFFER_INIT;
	const hk_json_error *place = &verdict->place;
	int r = cmd_text_append_clean(&line, verdict->name, strlen(verdict->name));

	if (r == 0)
		r = hki_buffer_append_format(
		    &line, ":%zu:%zu: %s", place->line, place->column, place->reason);
	if (r < 0)
		return cmd_fail(
		    &call->output, CMD_EXIT_FAILED, r, NULL, "cannot print it");
	puts(line.data);
	return CMD_EXIT_NO;
}

static int tell_unread(const cmd_call *call, const json_verdict *verdict)
{
	return cmd_fail(&call->output, cmd_exit_from_error(verdict->error),
	    verdict->error, NULL, "cannot read '%s'", verdict->name);
}

static void write_verdict(hk_json_writer *writer, const json_verdict *verdict)
{
	hk_json_write_object_begin(writer);
	hk_json_write_bytes(writer, "file", verdict->name, strlen(verdict->name));
	if (verdict->error == 0 || is_about_text(verdict)) {
		hk_json_write_key(writer, "valid");
		hk_json_write_bool(writer, verdict->error == 0);
		hk_json_write_key(writer, "documents");
		hk_json_write_uint64(writer, verdict->documents);
	} else {
		hk_json_write_key(writer, "error");
		hk_json_write_string(writer, hk_error_name(verdict->error));
	}
	if (is_about_text(verdict)) {
		hk_json_write_key(writer, "line");
		hk_json_write_uint64(writer, verdict->place.line);
		hk_json_write_key(writer, "column");
		hk_json_write_uint64(writer, verdict->place.column);
		hk_json_write_key(writer, "offset_bytes");
		hk_json_write_uint64(writer, verdict->place.offset);
		hk_json_write_key(writer, "reason");
		hk_json_write_string(writer, verdict->place.reason);
	}
	hk_json_write_object_end(writer);
}

/* Tell one verdict; returns its exit code. */
static int tell(const cmd_call *call, hk_json_writer *writer, const json_verdict *verdict)
{
	if (writer != NULL)
		write_verdict(writer, verdict);
	if (verdict->error == 0)
		return CMD_EXIT_OK;
	if (!is_about_text(verdict))
		return tell_unread(call, verdict);
	return writer != NULL ? CMD_EXIT_NO : print_error(call, verdict);
}

static int check_all(const cmd_call *call, hk_json_writer *writer, bool lines,
    hk_json_duplicates duplicates)
{
	int status = CMD_EXIT_OK;

	for (int i = 0; i < call->operand_count; i++) {
		json_verdict verdict;
		int r;

		check(&verdict, call->operands[i], lines, duplicates);
		r = tell(call, writer, &verdict);
		/* A clear no counts more than a file that could not be read. */
		if (status == CMD_EXIT_OK || r == CMD_EXIT_NO)
			status = r;
	}
	return status;
}

static int run_check(const cmd_call *call)
{
	bool lines = cmd_call_value(call, CHECK_LINES) != NULL;
	hk_json_writer *writer = NULL;
	int duplicates = HK_JSON_DUPLICATES_REFUSE;
	int status = CMD_EXIT_OK;

	for (size_t i = 0; i < call->given_count; i++)
		if (call->given[i].option->id == CHECK_DUPLICATES)
			status = cmd_value_word(&duplicates, call, &call->given[i]);
	if (status != CMD_EXIT_OK)
		return status;
	if (!call->output.json)
		return check_all(call, NULL, lines, (hk_json_duplicates) duplicates);
	writer = cmd_document_begin(&call->output, "hostkit.json.check/1");
	if (writer != NULL) {
		hk_json_write_key(writer, "files");
		hk_json_write_array_begin(writer);
		status = check_all(call, writer, lines, (hk_json_duplicates) duplicates);
		hk_json_write_array_end(writer);
	}
	return cmd_document_end(&call->output, writer, status);
}

static const cmd_option options[] = {
	{ .id = CHECK_LINES,
	    .letter = 'l',
	    .name = "lines",
	    .help = "JSON Lines: every line that is not blank is a document" },
	{ .id = CHECK_DUPLICATES,
	    .name = "duplicates",
	    .argument = "WORD",
	    .help = "a member named twice: refuse it (the default), or keep the first or "
		    "the last",
	    .values = "refuse first last" },
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit json check package.json tsconfig.json",
	    "says nothing if both are JSON; else prints file:line:column and the "
	    "reason" },
	{ "hostkit json check --lines events.jsonl", "checks each line of a stream" },
	{ "curl -s localhost:8080/status | hostkit json check -",
	    "checks what a program sends" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "all of it is JSON" },
	{ "1", "something is not; the first mistake of each file is printed" },
	{ "2", "the command line is wrong" },
	{ "4", "there is no such file" },
	{ "6", "a file may not be read" },
	{ "9", "it failed otherwise" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_json_check = {
	.name = "json check",
	.group = CMD_GROUP_MESSAGES,
	.arguments = "FILE…",
	.help = "check that files are JSON",
	.description = "Reads each file as strictly as RFC 8259 allows: one value in "
		       "UTF-8, no comments, "
		       "no trailing commas, no byte order mark, no member named twice. - "
		       "is standard "
		       "input.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.complete = CMD_COMPLETE_FILE,
	.operands_min = 1,
	.operands_max = CMD_OPERANDS_ANY,
	.run = run_check,
};
