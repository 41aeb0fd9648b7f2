/*
 * Manual pages as scdoc source.  scdoc reads a line that begins with a mark
 * (# - . | [ ]) or holds * or _ as formatting, so what comes from the rows is
 * escaped character by character.
 */
#include <ctype.h>
#include <string.h>
#include "help.h"

/* Text with every mark of scdoc made harmless. */
static int append_plain(hki_buffer *out, const char *text)
{
	bool line_start = true;
	int r = 0;

	for (; r == 0 && *text != '\0'; text++) {
		bool mark = strchr("*_\\", *text) != NULL ||
			    (line_start && strchr("#-.|[]", *text) != NULL);

		if (mark)
			r = hki_buffer_append_char(out, '\\');
		if (r == 0)
			r = hki_buffer_append_char(out, *text);
		line_start = *text == '\n';
	}
	return r;
}

static int append_bold(hki_buffer *out, const char *text)
{
	int r = hki_buffer_append_char(out, '*');

	if (r == 0)
		r = append_plain(out, text);
	return r < 0 ? r : hki_buffer_append_char(out, '*');
}

/* "HOSTKIT-RUN(1)", or the name in lower case for the text. */
static int append_name(hki_buffer *out, const cmd_verb *verb, bool upper)
{
	const char *names[] = { "hostkit", verb != NULL ? verb->name : NULL };
	int r = 0;

	for (int part = 0; part < 2 && names[part] != NULL; part++) {
		if (part > 0)
			r = hki_buffer_append_char(out, '-');
		for (const char *c = names[part]; r == 0 && *c != '\0'; c++) {
			char letter = *c == ' ' ? '-' : *c;

			r = hki_buffer_append_char(
			    out, upper ? (char) toupper((unsigned char) letter) : letter);
		}
	}
	return r;
}

static int append_heading(hki_buffer *out, const char *title)
{
	int r = hki_buffer_append_text(out, "\n# ");

	for (; r == 0 && *title != '\0'; title++)
		r = hki_buffer_append_char(out, (char) toupper((unsigned char) *title));
	return r < 0 ? r : hki_buffer_append_text(out, "\n\n");
}

static int append_option(hki_buffer *out, const cmd_option *option)
{
	int r = 0;

	if (option->letter != 0)
		r = hki_buffer_append_format(out, "*-%c*, ", option->letter);
	if (r == 0)
		r = hki_buffer_append_text(out, "*--");
	if (r == 0)
		r = append_plain(out, option->name);
	if (r == 0)
		r = hki_buffer_append_char(out, '*');
	if (r == 0 && option->argument != NULL)
		r = hki_buffer_append_char(out, ' ');
	if (r == 0 && option->argument != NULL)
		r = append_plain(out, option->argument);
	if (r == 0)
		r = hki_buffer_append_text(out, "\n\t");
	if (r == 0)
		r = append_plain(out, option->help);
	return r < 0 ? r : hki_buffer_append_text(out, "\n\n");
}

/* Options in row order; a new heading becomes a part of its own. */
static int append_options(hki_buffer *out, const cmd_option *options, const char *title)
{
	const char *current = title;
	int r = append_heading(out, title);

	for (; r == 0 && options != NULL && options->name != NULL; options++) {
		const char *wanted = options->heading != NULL ? options->heading : title;

		if (strcmp(wanted, current) != 0)
			r = hki_buffer_append_format(out, "## %s\n\n", wanted);
		current = wanted;
		if (r == 0)
			r = append_option(out, options);
	}
	return r;
}

static int append_examples(hki_buffer *out, const cmd_example *examples)
{
	int r;

	if (examples == NULL)
		return 0;
	r = append_heading(out, "Examples");
	for (; r == 0 && examples->command != NULL; examples++) {
		r = append_bold(out, examples->command);
		if (r == 0)
			r = hki_buffer_append_text(out, "\n\t");
		if (r == 0)
			r = append_plain(out, examples->shows);
		if (r == 0)
			r = hki_buffer_append_text(out, "\n\n");
	}
	return r;
}

static int append_exits(hki_buffer *out, const cmd_exit_row *exits)
{
	int r;

	if (exits == NULL)
		return 0;
	r = append_heading(out, "Exit status");
	for (; r == 0 && exits->code != NULL; exits++) {
		r = append_bold(out, exits->code);
		if (r == 0)
			r = hki_buffer_append_text(out, "\n\t");
		if (r == 0)
			r = append_plain(out, exits->meaning);
		if (r == 0)
			r = hki_buffer_append_text(out, "\n\n");
	}
	return r;
}

static int append_synopsis(hki_buffer *out, const cmd_verb *verb)
{
	int r = append_heading(out, "Synopsis");

	if (verb == NULL)
		return r < 0 ? r
			     : hki_buffer_append_text(out,
				   "*hostkit* [--json] VERB [options] [arguments]\n");
	if (r == 0)
		r = hki_buffer_append_format(out, "*hostkit %s* ", verb->name);
	if (r == 0 && verb->options != NULL)
		r = hki_buffer_append_text(out, "[options] ");
	if (r == 0 && verb->arguments != NULL)
		r = append_plain(out, verb->arguments);
	return r < 0 ? r : hki_buffer_append_char(out, '\n');
}

static int append_verbs(hki_buffer *out)
{
	int r = append_heading(out, "Verbs");

	for (const cmd_verb *const *verb = cmd_verbs; r == 0 && *verb != NULL; verb++) {
		if ((*verb)->hidden)
			continue;
		r = append_bold(out, (*verb)->name);
		if (r == 0)
			r = hki_buffer_append_text(out, "\n\t");
		if (r == 0)
			r = append_plain(out, (*verb)->help);
		if (r == 0)
			r = hki_buffer_append_text(out, "; see *");
		if (r == 0)
			r = append_name(out, *verb, false);
		if (r == 0)
			r = hki_buffer_append_text(out, "*(1)\n\n");
	}
	return r;
}

static int append_title(hki_buffer *out, const cmd_verb *verb)
{
	int r = append_name(out, verb, true);

	if (r == 0)
		r = hki_buffer_append_text(
		    out, "(1) \"hostkit\" \"hostkit\"\n\n# NAME\n\n");
	if (r == 0)
		r = append_name(out, verb, false);
	if (r == 0)
		r = hki_buffer_append_text(out, " - ");
	if (r == 0)
		r = append_plain(out,
		    verb != NULL ? verb->help : "the operating system in one command");
	return r < 0 ? r : hki_buffer_append_char(out, '\n');
}

int cmd_man_append(hki_buffer *out, const cmd_verb *verb)
{
	int r = append_title(out, verb);

	if (r == 0)
		r = append_synopsis(out, verb);
	if (r == 0 && verb != NULL && verb->description != NULL) {
		r = append_heading(out, "Description");
		if (r == 0)
			r = append_plain(out, verb->description);
		if (r == 0)
			r = hki_buffer_append_char(out, '\n');
	}
	if (r == 0 && verb == NULL)
		r = append_verbs(out);
	if (r == 0 && verb != NULL && verb->options != NULL)
		r = append_options(out, verb->options, "Options");
	if (r == 0)
		r = append_options(out, cmd_global_options, "Options of every verb");
	if (r == 0 && verb != NULL)
		r = append_examples(out, verb->examples);
	if (r == 0 && verb != NULL)
		r = append_exits(out, verb->exits);
	return r;
}
