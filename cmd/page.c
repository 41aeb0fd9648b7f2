/*
 * docs/cmd/VERB.md, made from the row and committed.  A test compares the
 * committed page with what the rows say now, so it cannot fall behind.
 */
#include <ctype.h>
#include <string.h>
#include "help.h"

/* Text for a paragraph or a table cell: < and | would be read as markup. */
static int append_plain(hki_buffer *out, const char *text)
{
	int r = 0;

	for (; r == 0 && *text != '\0'; text++) {
		if (strchr("<|*_", *text) != NULL)
			r = hki_buffer_append_char(out, '\\');
		if (r == 0)
			r = hki_buffer_append_char(out, *text);
	}
	return r;
}

/* A one-line help as a sentence: it begins with a capital letter and has its full stop. */
static int append_sentence(hki_buffer *out, const char *text)
{
	int r = hki_buffer_append_char(out, (char) toupper((unsigned char) text[0]));

	if (r == 0 && text[0] != '\0')
		r = append_plain(out, text + 1);
	return r < 0 ? r : hki_buffer_append_text(out, ".\n");
}

/* Inside code only the bar needs care: it would end the cell. */
static int append_code(hki_buffer *out, const char *text)
{
	int r = 0;

	for (; r == 0 && *text != '\0'; text++) {
		if (*text == '|')
			r = hki_buffer_append_char(out, '\\');
		if (r == 0)
			r = hki_buffer_append_char(out, *text);
	}
	return r;
}

static int append_option(hki_buffer *out, const cmd_option *option)
{
	int r = hki_buffer_append_text(out, "| `");

	if (r == 0 && option->letter != 0)
		r = hki_buffer_append_format(out, "-%c`, `", option->letter);
	if (r == 0)
		r = hki_buffer_append_format(
		    out, "--%s%s", option->name, option->argument != NULL ? " " : "");
	if (r == 0 && option->argument != NULL)
		r = append_code(out, option->argument);
	if (r == 0)
		r = hki_buffer_append_text(out, "` | ");
	if (r == 0)
		r = append_plain(out, option->help);
	return r < 0 ? r : hki_buffer_append_text(out, " |\n");
}

static int append_options(hki_buffer *out, const cmd_option *options, const char *title)
{
	const char *current = "";
	int r = 0;

	for (; r == 0 && options != NULL && options->name != NULL; options++) {
		const char *wanted = options->heading != NULL ? options->heading : title;

		if (strcmp(wanted, current) != 0)
			r = hki_buffer_append_format(
			    out, "\n## %s\n\n| option | meaning |\n|---|---|\n", wanted);
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
	r = hki_buffer_append_text(out, "\n## Examples\n");
	for (; r == 0 && examples->command != NULL; examples++) {
		r = hki_buffer_append_format(
		    out, "\n```sh\n%s\n```\n", examples->command);
		if (r == 0)
			r = append_sentence(out, examples->shows);
	}
	return r;
}

static int append_exits(hki_buffer *out, const cmd_exit_row *exits)
{
	int r;

	if (exits == NULL)
		return 0;
	r = hki_buffer_append_text(
	    out, "\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
	for (; r == 0 && exits->code != NULL; exits++) {
		r = hki_buffer_append_format(out, "| %s | ", exits->code);
		if (r == 0)
			r = append_plain(out, exits->meaning);
		if (r == 0)
			r = hki_buffer_append_text(out, " |\n");
	}
	return r;
}

static int append_head(hki_buffer *out, const cmd_verb *verb)
{
	int r;

	r = hki_buffer_append_format(out,
	    "<!-- Made by `hostkit help --page %s`; edit the row in cmd/ instead. -->\n"
	    "# hostkit %s\n\n",
	    verb->name, verb->name);
	if (r == 0)
		r = append_sentence(out, verb->help);
	if (r == 0)
		r = hki_buffer_append_format(out, "\n```\nhostkit %s%s%s%s\n```\n",
		    verb->name, verb->options != NULL ? " [options]" : "",
		    verb->arguments != NULL ? " " : "",
		    verb->arguments != NULL ? verb->arguments : "");
	return r;
}

static int append_description(hki_buffer *out, const char *description)
{
	int r = 0;

	if (description == NULL)
		return 0;
	r = hki_buffer_append_char(out, '\n');
	if (r == 0)
		r = append_plain(out, description);
	return r < 0 ? r : hki_buffer_append_char(out, '\n');
}

static int append_verb(hki_buffer *out, const cmd_verb *verb)
{
	int r = append_head(out, verb);

	if (r == 0)
		r = append_description(out, verb->description);
	if (r == 0)
		r = append_examples(out, verb->examples);
	if (r == 0)
		r = append_options(out, verb->options, "Options");
	return r < 0 ? r : append_exits(out, verb->exits);
}

/* "fs-watch.md" for the verb "fs watch". */
static int append_file_name(hki_buffer *out, const cmd_verb *verb)
{
	int r = 0;

	for (const char *c = verb->name; r == 0 && *c != '\0'; c++)
		r = hki_buffer_append_char(out, *c == ' ' ? '-' : *c);
	return r < 0 ? r : hki_buffer_append_text(out, ".md");
}

static int append_verb_line(hki_buffer *out, const cmd_verb *verb)
{
	int r = hki_buffer_append_format(out, "| [%s](", verb->name);

	if (r == 0)
		r = append_file_name(out, verb);
	if (r == 0)
		r = hki_buffer_append_text(out, ") | ");
	if (r == 0)
		r = append_plain(out, verb->help);
	return r < 0 ? r : hki_buffer_append_text(out, " |\n");
}

/* The page of contents. */
static int append_command(hki_buffer *out)
{
	int r;

	r = hki_buffer_append_text(out,
	    "<!-- Made by `hostkit help --page`; edit the rows in cmd/ instead. -->\n"
	    "# The command\n\n"
	    "| verb | what it does |\n|---|---|\n");
	for (const cmd_verb *const *verb = cmd_verbs; r == 0 && *verb != NULL; verb++)
		if (!(*verb)->hidden)
			r = append_verb_line(out, *verb);
	return r < 0 ? r
		     : append_options(out, cmd_global_options, "Options of every verb");
}

int cmd_page_append(hki_buffer *out, const cmd_verb *verb)
{
	return verb != NULL ? append_verb(out, verb) : append_command(out);
}
