/*
 * The command line, by libc's getopt_long() and our rows.
 *
 * It is read in two parts with one function: up to the verb with the global
 * rows alone, then the rest with the verb's rows and the global ones.  Operands
 * are returned in order (the "-" mode of getopt), because the first operand of
 * `run` must end the options and those of other verbs must not.
 *
 * Only the first mistake is told, but reading goes on to the end, so that a
 * --json behind the mistake still decides how it is told.
 */
#include "options.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "exit.h"
#include "base/nearest_word.h"
#include "output/fail.h"

#define OPTIONS_MAX 128 /* rows a verb may have, the global ones included */
#define ROW_BASE    256 /* getopt values of long options: above every letter */

const cmd_option cmd_global_options[] = {
	{ .id = CMD_GLOBAL_JSON,
	    .name = "json",
	    .help = "print one JSON document on stdout, errors as JSON on stderr" },
	{ .id = CMD_GLOBAL_COLOUR,
	    .name = "color",
	    .argument = "WHEN",
	    .help = "colour the output: auto, always or never",
	    .values = "auto always never" },
	{ .id = CMD_GLOBAL_HELP,
	    .letter = 'h',
	    .name = "help",
	    .help = "explain the verb" },
	{ .id = CMD_GLOBAL_VERSION,
	    .letter = 'V',
	    .name = "version",
	    .help = "print the version" },
	{ .name = NULL },
};

/* What one pass over a part of the command line needs. */
struct reader {
	cmd_line *line;
	const cmd_option *rows[OPTIONS_MAX];
	int row_count;
	struct option longs[OPTIONS_MAX + 1];
	char letters[2 * OPTIONS_MAX + 3];
	bool first_operand_ends;
	char mistake[256]; /* "" so far none */
	char hint[128];
};

static void add_rows(struct reader *reader, const cmd_option *rows)
{
	char *letter = reader->letters + strlen(reader->letters);

	for (; rows != NULL && rows->name != NULL && reader->row_count < OPTIONS_MAX;
	     rows++) {
		int has = rows->argument != NULL ? required_argument : no_argument;

		reader->longs[reader->row_count] = (struct option){
			rows->name,
			has,
			NULL,
			ROW_BASE + reader->row_count,
		};
		reader->rows[reader->row_count++] = rows;
		if (rows->letter != 0)
			*letter++ = rows->letter;
		if (rows->letter != 0 && rows->argument != NULL)
			*letter++ = ':';
	}
	*letter = '\0';
}

static void reader_init(struct reader *reader, cmd_line *line, const cmd_verb *verb)
{
	memset(reader, 0, sizeof(*reader));
	reader->line = line;
	strcpy(reader->letters, "-:"); /* operands in order, no messages of libc's */
	if (verb != NULL)
		add_rows(reader, verb->options);
	add_rows(reader, cmd_global_options);
	reader->first_operand_ends = verb == NULL || verb->runs_program;
}

static const cmd_option *row_of(const struct reader *reader, int value)
{
	if (value >= ROW_BASE && value < ROW_BASE + reader->row_count)
		return reader->rows[value - ROW_BASE];
	for (int i = 0; i < reader->row_count; i++)
		if (value != 0 && reader->rows[i]->letter == value)
			return reader->rows[i];
	return NULL;
}

/* Is @word the option's long name as it stands, and not the beginning of it? */
static bool is_exact(const char *word, const cmd_option *option)
{
	size_t length = strlen(option->name);

	return strncmp(word, "--", 2) == 0 &&
	       strncmp(word + 2, option->name, length) == 0 &&
	       (word[2 + length] == '\0' || word[2 + length] == '=');
}

static void mistake_unknown_long(struct reader *reader, const char *word)
{
	char name[HKI_WORD_MAX + 1];
	size_t length = strcspn(word + 2, "=");
	hki_nearest_word nearest = { .word = name };

	if (reader->mistake[0] != '\0')
		return;
	snprintf(reader->mistake, sizeof(reader->mistake), "unknown option '--%.*s'",
	    (int) (length < 200 ? length : 200), word + 2);
	if (length >= sizeof(name))
		return;
	memcpy(name, word + 2, length);
	name[length] = '\0';
	for (int i = 0; i < reader->row_count; i++)
		hki_nearest_word_offer(&nearest, reader->rows[i]->name);
	if (nearest.best != NULL)
		snprintf(reader->hint, sizeof(reader->hint), "did you mean '--%s'?",
		    nearest.best);
}

/* `kill -9` is in everybody's fingers: say how hostkit spells it. */
static void hint_signal_letter(struct reader *reader, const char *word)
{
	for (int i = 0; i < reader->row_count; i++)
		if (reader->rows[i]->complete == CMD_COMPLETE_SIGNAL &&
		    reader->rows[i]->letter != 0)
			snprintf(reader->hint, sizeof(reader->hint),
			    "did you mean '-%c %.40s'?", reader->rows[i]->letter,
			    word + 1);
}

static void mistake_unknown_letter(struct reader *reader, const char *word, int letter)
{
	if (reader->mistake[0] != '\0')
		return;
	snprintf(
	    reader->mistake, sizeof(reader->mistake), "unknown option '-%c'", letter);
	if (letter == word[1] && ((letter >= '0' && letter <= '9') ||
				     (letter >= 'A' && letter <= 'Z' && word[2] != '\0')))
		hint_signal_letter(reader, word);
}

static void mistake_value(struct reader *reader, const cmd_option *row, const char *what)
{
	if (reader->mistake[0] != '\0')
		return;
	snprintf(reader->mistake, sizeof(reader->mistake), "option '--%s' %s", row->name,
	    what);
	if (row->argument != NULL)
		snprintf(reader->hint, sizeof(reader->hint), "write --%s %s", row->name,
		    row->argument);
}

/* getopt returned '?': find out why. */
static void mistake_question(struct reader *reader, const char *word)
{
	const cmd_option *row = row_of(reader, optopt);

	if (strncmp(word, "--", 2) == 0 && row != NULL && is_exact(word, row))
		mistake_value(reader, row, "takes no value");
	else if (strncmp(word, "--", 2) == 0)
		mistake_unknown_long(reader, word);
	else
		mistake_unknown_letter(reader, word, optopt);
}

static void take_colour(struct reader *reader, const cmd_option *row, const char *value)
{
	static const char *const words[] = { "auto", "always", "never" };

	for (int i = 0; i < 3; i++) {
		if (strcmp(value, words[i]) == 0) {
			reader->line->call.output.colour = (cmd_colour) i;
			return;
		}
	}
	mistake_value(reader, row, "takes auto, always or never");
}

static void take_option(struct reader *reader, const cmd_option *row, const char *value)
{
	cmd_call *call = &reader->line->call;

	switch (row->id) {
	case CMD_GLOBAL_JSON:
		call->output.json = true;
		break;
	case CMD_GLOBAL_COLOUR:
		take_colour(reader, row, value);
		break;
	case CMD_GLOBAL_HELP:
		reader->line->help = true;
		break;
	case CMD_GLOBAL_VERSION:
		reader->line->version = true;
		break;
	default:
		call->given[call->given_count++] = (cmd_given){ row, value };
		break;
	}
}

/* One return of getopt_long() other than an operand or the end. */
static void take_answer(struct reader *reader, int answer, const char *word)
{
	const cmd_option *row = row_of(reader, answer);

	if (answer == '?')
		mistake_question(reader, word);
	else if (answer == ':')
		mistake_value(reader, row_of(reader, optopt), "needs a value");
	else if (answer >= ROW_BASE && !is_exact(word, row))
		mistake_unknown_long(reader, word);
	else
		take_option(reader, row, optarg);
}

/*
 * Read options and operands of argv[1] onwards.  Returns the index of what was
 * not looked at: behind "--", or the operand that ended the options.
 */
static int read_part(struct reader *reader, int argc, char **argv)
{
	cmd_call *call = &reader->line->call;

	optind = 0; /* begin anew */
	opterr = 0;
	for (;;) {
		const char *word = optind == 0 ? argv[1] : argv[optind];
		int answer =
		    getopt_long(argc, argv, reader->letters, reader->longs, NULL);

		if (answer == -1)
			return optind;
		if (answer == 1 && reader->first_operand_ends)
			return optind - 1;
		if (answer == 1)
			call->operands[call->operand_count++] = optarg;
		else
			take_answer(reader, answer, word);
	}
}

static int fail_usage(const cmd_line *line, const char *mistake, const char *hint)
{
	char help[128];

	if (hint[0] == '\0' && line->call.verb != NULL)
		snprintf(
		    help, sizeof(help), "see hostkit %s --help", line->call.verb->name);
	else if (hint[0] == '\0')
		snprintf(help, sizeof(help), "see hostkit help");
	else
		snprintf(help, sizeof(help), "%s", hint);
	return cmd_fail(&line->call.output, CMD_EXIT_USAGE, 0, help, "%s", mistake);
}

static int fail_unknown_verb(const cmd_line *line, char *const *words, int count)
{
	char hint[HKI_WORD_MAX + 32] = "";
	char both[2 * HKI_WORD_MAX];
	bool family = cmd_verb_is_family(words[0]);
	hki_nearest_word nearest = { .word = words[0] };
	char mistake[200];

	snprintf(both, sizeof(both), "%.60s %.60s", words[0], count > 1 ? words[1] : "");
	if (family)
		nearest.word = both;
	for (const cmd_verb *const *verb = cmd_verbs; *verb != NULL; verb++)
		if (!(*verb)->hidden)
			hki_nearest_word_offer(&nearest, (*verb)->name);
	if (family && count == 1)
		snprintf(hint, sizeof(hint), "see hostkit %.60s --help", words[0]);
	else if (nearest.best != NULL)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest.best);

	if (family && count == 1)
		snprintf(
		    mistake, sizeof(mistake), "'%.60s' needs a second word", words[0]);
	else
		snprintf(mistake, sizeof(mistake), "unknown verb '%.120s'",
		    family ? both : words[0]);
	return fail_usage(line, mistake, hint);
}

/* `hostkit FAMILY --help`: what the word can be followed by. */
static bool asks_for_family(char *const *words, int count)
{
	return count == 2 && cmd_verb_is_family(words[0]) &&
	       (strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0);
}

static int check_operands(const cmd_line *line)
{
	const cmd_call *call = &line->call;
	const cmd_verb *verb = call->verb;
	char text[256];

	if (call->operand_count < verb->operands_min) {
		snprintf(text, sizeof(text), "what is missing: %s",
		    verb->arguments != NULL ? verb->arguments : "an operand");
		return fail_usage(line, text, "");
	}
	if (verb->operands_max != CMD_OPERANDS_ANY &&
	    call->operand_count > verb->operands_max) {
		snprintf(text, sizeof(text), "unexpected '%.200s'",
		    call->operands[verb->operands_max]);
		return fail_usage(line, text, "");
	}
	return 0;
}

/* The words behind the verb: its options and operands. */
static int read_verb(cmd_line *line, int argc, char **argv)
{
	cmd_call *call = &line->call;
	struct reader reader;
	int rest;

	reader_init(&reader, line, call->verb);
	rest = read_part(&reader, argc, argv);
	while (rest < argc)
		call->operands[call->operand_count++] = argv[rest++];
	if (reader.mistake[0] != '\0')
		return fail_usage(line, reader.mistake, reader.hint);
	if (line->help || line->version)
		return 0;
	return check_operands(line);
}

int cmd_line_parse(cmd_line *out, int argc, char **argv)
{
	struct reader reader;
	int verb_at, used;

	memset(out, 0, sizeof(*out));
	out->call.given = hki_zalloc_array((size_t) argc + 1, sizeof(cmd_given));
	out->call.operands = hki_zalloc_array((size_t) argc + 1, sizeof(char *));
	if (out->call.given == NULL || out->call.operands == NULL)
		return cmd_fail(
		    &out->call.output, CMD_EXIT_FAILED, -ENOMEM, NULL, "cannot start");

	reader_init(&reader, out, NULL);
	verb_at = argc > 1 ? read_part(&reader, argc, argv) : argc;
	if (reader.mistake[0] != '\0')
		return fail_usage(out, reader.mistake, reader.hint);
	if (verb_at >= argc)
		return 0;
	if (asks_for_family(argv + verb_at, argc - verb_at) ||
	    (out->help && argc - verb_at == 1 && cmd_verb_is_family(argv[verb_at]))) {
		out->help = true;
		out->family = argv[verb_at];
		return 0;
	}

	out->call.verb = cmd_verb_find(argv + verb_at, argc - verb_at, &used);
	if (out->call.verb == NULL)
		return fail_unknown_verb(out, argv + verb_at, argc - verb_at);
	out->call.output.verb = out->call.verb->name;
	out->call.output.own_failures = out->call.verb->runs_program;
	verb_at += used - 1; /* getopt takes the verb for the name of the program */
	return read_verb(out, argc - verb_at, argv + verb_at);
}

void cmd_line_deinit(cmd_line *line)
{
	hki_free(line->call.given);
	hki_free(line->call.operands);
	memset(line, 0, sizeof(*line));
}
