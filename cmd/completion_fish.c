/*
 * Completion for fish: one `complete` line an option, each on the condition
 * that its verb stands on the command line.
 */
#include <string.h>
#include "completion.h"

#define SPECIAL "\\" /* the one mark beside ' inside single quotes of fish */

static const char head[] =
    "# fish completion for hostkit; made by `hostkit completion fish`\n"
    "\n"
    "# The words so far, without hostkit and the options before the verb.\n"
    "function __hostkit_words\n"
    "\tset -l words (commandline -opc)\n"
    "\tset -e words[1]\n"
    "\twhile set -q words[1]; and string match -q -- '-*' $words[1]\n"
    "\t\ttest $words[1] = --color; and set -e words[1]\n"
    "\t\tset -e words[1]\n"
    "\tend\n"
    "\tstring join \\n -- $words\n"
    "end\n"
    "\n"
    "# Succeeds if the words so far name the verb given, or name none when none is "
    "given.\n"
    "function __hostkit_verb\n"
    "\tset -l words (__hostkit_words)\n"
    "\tif not set -q argv[1]\n"
    "\t\tnot set -q words[1]\n"
    "\telse\n"
    "\t\ttest \"$words[1..\"(count $argv)\"]\" = \"$argv\"\n"
    "\tend\n"
    "end\n"
    "\n"
    "# Succeeds if the word given is the only one so far.\n"
    "function __hostkit_half\n"
    "\tset -l words (__hostkit_words)\n"
    "\ttest \"$words\" = \"$argv\"\n"
    "end\n"
    "\n";

/* fish knows no '\'' inside single quotes: there a backslash protects the quote. */
static int append_quoted(hki_buffer *out, const char *text)
{
	int r = hki_buffer_append_char(out, '\'');

	for (; r == 0 && *text != '\0'; text++) {
		if (*text == '\'' || strchr(SPECIAL, *text) != NULL)
			r = hki_buffer_append_char(out, '\\');
		if (r == 0)
			r = hki_buffer_append_char(out, *text);
	}
	return r < 0 ? r : hki_buffer_append_char(out, '\'');
}

/* The switches of `complete` for a value or operand. */
static int append_action(hki_buffer *out, cmd_complete complete, const char *values)
{
	static const char *const actions[] = {
		[CMD_COMPLETE_NOTHING] = " -x",
		[CMD_COMPLETE_FILE] = " -r -F",
		[CMD_COMPLETE_DIRECTORY] = " -xa '(__fish_complete_directories)'",
		[CMD_COMPLETE_SIGNAL] = " -xa '(__hostkit_signals)'",
		[CMD_COMPLETE_USER] = " -xa '(__fish_complete_users)'",
		[CMD_COMPLETE_GROUP] = " -xa '(__fish_complete_groups)'",
		[CMD_COMPLETE_PROCESS] = " -xa '(__fish_complete_pids)'",
		[CMD_COMPLETE_PROGRAM] = " -xa '(__hostkit_program)'",
		[CMD_COMPLETE_VERB] =
		    " -xa '(hostkit help --list | string split -f 1 \" \" | sort -u)'",
	};

	if (values != NULL)
		return hki_buffer_append_format(out, " -xa '%s'", values);
	return hki_buffer_append_text(out, actions[complete]);
}

/* Words of the options that take a value, for all verbs that run a program. */
static int append_value_options(hki_buffer *out)
{
	int r = hki_buffer_append_text(out, "\tset -l takes --color");

	for (const cmd_verb *const *verb = cmd_verbs; r == 0 && *verb != NULL; verb++) {
		const cmd_option *option = (*verb)->options;

		if (!(*verb)->runs_program)
			continue;
		for (; r == 0 && option != NULL && option->name != NULL; option++) {
			if (option->argument == NULL)
				continue;
			r = hki_buffer_append_format(out, " --%s", option->name);
			if (r == 0 && option->letter != 0)
				r = hki_buffer_append_format(out, " -%c", option->letter);
		}
	}
	return r < 0 ? r : hki_buffer_append_char(out, '\n');
}

static const char program_tail[] =
    "\tset -l words (commandline -opc)\n"
    "\tset -l verb\n"
    "\tset -e words[1]\n"
    "\twhile set -q words[1]\n"
    "\t\tif test $words[1] = --\n"
    "\t\t\tset -e words[1]\n"
    "\t\t\tbreak\n"
    "\t\telse if contains -- $words[1] $takes\n"
    "\t\t\tset -e words[1]\n"
    "\t\telse if not string match -q -- '-*' $words[1]\n"
    "\t\t\tset -q verb[1]; and break\n"
    "\t\t\tset verb $words[1]\n"
    "\t\tend\n"
    "\t\tset -e words[1]\n"
    "\tend\n"
    "\tset -l line (string escape -- $words) (commandline -ct)\n"
    "\tstring match -q -- '-*' $line[1]; and return\n"
    "\tcomplete --do-complete=(string join ' ' -- $line)\n"
    "end\n"
    "\n"
    "function __hostkit_signals\n"
    "\tkill -l | string split -n ' ' | string replace -r '^(SIG)?' SIG\n"
    "end\n"
    "\n"
    "complete -c hostkit -f\n";

/* The program's own command line is completed as if it stood alone. */
static int append_program(hki_buffer *out)
{
	int r = hki_buffer_append_text(out, "function __hostkit_program\n");

	if (r == 0)
		r = append_value_options(out);
	return r < 0 ? r : hki_buffer_append_text(out, program_tail);
}

static int append_begin(hki_buffer *out, const cmd_verb *verb)
{
	int r = hki_buffer_append_text(out, "complete -c hostkit");

	if (r == 0 && verb != NULL)
		r = hki_buffer_append_format(out, " -n '__hostkit_verb %s'", verb->name);
	return r;
}

static int append_option(hki_buffer *out, const cmd_verb *verb, const cmd_option *option)
{
	int r = append_begin(out, verb);

	if (r == 0 && option->letter != 0)
		r = hki_buffer_append_format(out, " -s %c", option->letter);
	if (r == 0)
		r = hki_buffer_append_format(out, " -l %s", option->name);
	if (r == 0 && option->argument != NULL)
		r = append_action(out, option->complete, option->values);
	if (r == 0)
		r = hki_buffer_append_text(out, " -d ");
	if (r == 0)
		r = append_quoted(out, option->help);
	return r < 0 ? r : hki_buffer_append_char(out, '\n');
}

static int append_options(
    hki_buffer *out, const cmd_verb *verb, const cmd_option *options)
{
	int r = 0;

	for (; r == 0 && options != NULL && options->name != NULL; options++)
		r = append_option(out, verb, options);
	return r;
}

/* The words of its name, each where it may stand. */
static int append_name(hki_buffer *out, const cmd_verb *const *verb)
{
	const char *second = cmd_completion_second(*verb);
	int length = cmd_completion_first_length(*verb);
	int r = 0;

	if (cmd_completion_offers_first(verb)) {
		r = hki_buffer_append_format(out,
		    "\ncomplete -c hostkit -n __hostkit_verb -a %.*s -d ", length,
		    (*verb)->name);
		if (r == 0)
			r = append_quoted(out, (*verb)->help);
	}
	if (r == 0 && second != NULL) {
		r = hki_buffer_append_format(out,
		    "\ncomplete -c hostkit -n '__hostkit_half %.*s' -a %s -d ", length,
		    (*verb)->name, second);
		if (r == 0)
			r = append_quoted(out, (*verb)->help);
	}
	return r < 0 ? r : hki_buffer_append_char(out, '\n');
}

static int append_verb(hki_buffer *out, const cmd_verb *const *place)
{
	const cmd_verb *verb = *place;
	int r;

	if (verb->hidden)
		return 0;
	r = append_name(out, place);
	if (r == 0 && verb->operands_max != 0) {
		r = append_begin(out, verb);
		if (r == 0)
			r = append_action(out, verb->complete, verb->values);
		if (r == 0)
			r = hki_buffer_append_char(out, '\n');
	}
	return r < 0 ? r : append_options(out, verb, verb->options);
}

int cmd_completion_fish(hki_buffer *out)
{
	int r = hki_buffer_append_text(out, head);

	if (r == 0)
		r = append_program(out);
	if (r == 0)
		r = append_options(out, NULL, cmd_global_options);
	for (const cmd_verb *const *verb = cmd_verbs; r == 0 && *verb != NULL; verb++)
		r = append_verb(out, verb);
	return r;
}
