/*
 * The help a person reads in a terminal, eighty columns wide.  Examples stand
 * before the options: most people look for a line to copy.
 */
#include "help.h"
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "exit.h"
#include "output/colour.h"
#include "output/fail.h"
#include "output/text.h"

#define WIDTH       80
#define HELP_COLUMN 30 /* where the sentences of options begin */
#define VERB_COLUMN 14

static int heading(hki_buffer *out, const char *text, bool colour)
{
	return hki_buffer_append_format(out, "\n%s%s%s\n",
	    cmd_colour_begin(colour, CMD_STYLE_HEADING), text, cmd_colour_end(colour));
}

/* @left in the margin, @right beside it from @column on. */
static int two_columns(
    hki_buffer *out, const char *left, const char *right, size_t column)
{
	size_t width = cmd_text_width(left, strlen(left)) + 2;
	int r = hki_buffer_append_format(out, "  %s", left);

	if (r == 0 && width + 2 > column)
		r = hki_buffer_append_char(out, '\n'), width = 0;
	if (r == 0)
		r = cmd_text_append_spaces(out, column - width);
	if (r == 0)
		r = cmd_text_append_wrapped(out, right, column, column, WIDTH);
	return r < 0 ? r : hki_buffer_append_char(out, '\n');
}

static int append_option(hki_buffer *out, const cmd_option *option)
{
	char left[96];
	char letter[8] = "    ";

	if (option->letter != 0)
		snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name,
	    option->argument != NULL ? " " : "",
	    option->argument != NULL ? option->argument : "");
	return two_columns(out, left, option->help, HELP_COLUMN);
}

static bool same_heading(const cmd_option *a, const cmd_option *b)
{
	if (a->heading == NULL || b->heading == NULL)
		return a->heading == b->heading;
	return strcmp(a->heading, b->heading) == 0;
}

/* Is @option the first of its heading? */
static bool opens_heading(const cmd_option *options, const cmd_option *option)
{
	for (; options < option; options++)
		if (same_heading(options, option))
			return false;
	return true;
}

static int append_options(hki_buffer *out, const cmd_option *options, bool colour)
{
	int r = 0;

	for (const cmd_option *first = options; first != NULL && first->name != NULL;
	     first++) {
		if (!opens_heading(options, first))
			continue;
		r = heading(
		    out, first->heading != NULL ? first->heading : "Options", colour);
		for (const cmd_option *each = first; r == 0 && each->name != NULL; each++)
			if (same_heading(first, each))
				r = append_option(out, each);
		if (r < 0)
			return r;
	}
	return r;
}

static int append_global_options(hki_buffer *out, bool colour)
{
	int r = heading(out, "Options of every verb", colour);

	for (const cmd_option *each = cmd_global_options; r == 0 && each->name != NULL;
	     each++)
		r = append_option(out, each);
	return r;
}

static int append_examples(hki_buffer *out, const cmd_example *examples, bool colour)
{
	int r;

	if (examples == NULL)
		return 0;
	r = heading(out, "Examples", colour);
	for (; r == 0 && examples->command != NULL; examples++) {
		r = hki_buffer_append_format(out, "  %s\n      ", examples->command);
		if (r == 0)
			r = cmd_text_append_wrapped(out, examples->shows, 6, 6, WIDTH);
		if (r == 0)
			r = hki_buffer_append_char(out, '\n');
	}
	return r;
}

static int append_exits(hki_buffer *out, const cmd_exit_row *exits, bool colour)
{
	int r;

	if (exits == NULL)
		return 0;
	r = heading(out, "Exit codes", colour);
	for (; r == 0 && exits->code != NULL; exits++)
		r = two_columns(out, exits->code, exits->meaning, 10);
	return r;
}

static int append_verb(hki_buffer *out, const cmd_verb *verb, bool colour)
{
	int r;

	r = hki_buffer_append_format(out, "hostkit %s: %s\n\nUsage: hostkit %s%s%s%s\n",
	    verb->name, verb->help, verb->name, verb->options != NULL ? " [options]" : "",
	    verb->arguments != NULL ? " " : "",
	    verb->arguments != NULL ? verb->arguments : "");
	if (r == 0 && verb->aliases != NULL)
		r = hki_buffer_append_format(out, "Also known as: %s\n", verb->aliases);
	if (r == 0 && verb->description != NULL)
		r = hki_buffer_append_char(out, '\n');
	if (r == 0 && verb->description != NULL)
		r = cmd_text_append_wrapped(out, verb->description, 0, 0, WIDTH);
	if (r == 0 && verb->description != NULL)
		r = hki_buffer_append_char(out, '\n');
	if (r == 0)
		r = append_examples(out, verb->examples, colour);
	if (r == 0)
		r = append_options(out, verb->options, colour);
	if (r == 0)
		r = append_global_options(out, colour);
	return r < 0 ? r : append_exits(out, verb->exits, colour);
}

static int append_group(hki_buffer *out, cmd_group group, bool colour)
{
	bool open = false;
	int r = 0;

	for (const cmd_verb *const *each = cmd_verbs; r == 0 && *each != NULL; each++) {
		if ((*each)->group != group || (*each)->hidden)
			continue;
		if (!open)
			r = heading(out, cmd_group_titles[group], colour);
		open = true;
		if (r == 0)
			r = two_columns(out, (*each)->name, (*each)->help, VERB_COLUMN);
	}
	return r;
}

static int append_command(hki_buffer *out, bool colour)
{
	int r;

	r = hki_buffer_append_text(out,
	    "hostkit: the operating system in one command\n\n"
	    "Usage: hostkit [--json] VERB [options] [arguments]\n");
	for (int group = 0; r == 0 && group < CMD_GROUP_COUNT; group++)
		r = append_group(out, (cmd_group) group, colour);
	if (r == 0)
		r = append_global_options(out, colour);
	return r < 0 ? r
		     : hki_buffer_append_text(out,
			   "\nhostkit help VERB explains one verb, with examples.\n");
}

int cmd_help_append_family(hki_buffer *out, const char *family, bool colour)
{
	int r = hki_buffer_append_format(
	    out, "Usage: hostkit %s VERB [options] [arguments]\n", family);

	if (r == 0)
		r = heading(out, "Verbs", colour);
	for (const cmd_verb *const *each = cmd_verbs; r == 0 && *each != NULL; each++)
		if (cmd_verb_of_family(*each, family) && !(*each)->hidden)
			r = two_columns(out, (*each)->name, (*each)->help, VERB_COLUMN);
	return r < 0
		   ? r
		   : hki_buffer_append_format(out,
			 "\nhostkit help %s VERB explains one, with examples.\n", family);
}

int cmd_help_append(hki_buffer *out, const cmd_verb *verb, bool colour)
{
	return verb != NULL ? append_verb(out, verb, colour)
			    : append_command(out, colour);
}

static int print(const cmd_output *output, const hki_buffer *text, int r, FILE *file)
{
	if (r < 0)
		return cmd_fail(
		    output, CMD_EXIT_FAILED, r, NULL, "cannot write the help");
	fwrite(text->data, 1, text->length, file);
	return CMD_EXIT_OK;
}

int cmd_help_print(const cmd_output *output, const cmd_verb *verb, FILE *file)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	int r;

	if (output->json && file == stdout)
		r = cmd_help_append_json(&text, verb);
	else
		r = cmd_help_append(&text, verb, cmd_colour_wanted(output, fileno(file)));
	return print(output, &text, r, file);
}

int cmd_help_print_family(const cmd_output *output, const char *family)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	int r;

	if (output->json) /* the document of all verbs holds these too */
		r = cmd_help_append_json(&text, NULL);
	else
		r = cmd_help_append_family(
		    &text, family, cmd_colour_wanted(output, STDOUT_FILENO));
	return print(output, &text, r, stdout);
}
