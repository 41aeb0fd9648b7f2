/*
 * Completion for zsh, by its own _arguments: one function a verb, with the
 * sentences of the rows as descriptions.
 */
#include <string.h>
#include "completion.h"

#define SPECIAL "[]:\\" /* what _arguments reads as its own marks */

/* Append "_hostkit_fs_watch" for the verb "fs watch". */
static int append_function(hki_buffer *out, const cmd_verb *verb)
{
	int r = hki_buffer_append_text(out, "_hostkit_");

	for (const char *c = verb->name; r == 0 && *c != '\0'; c++)
		r = hki_buffer_append_char(out, *c == ' ' || *c == '-' ? '_' : *c);
	return r;
}

/* The action part of a spec: where the value comes from. */
static int append_action(hki_buffer *out, cmd_complete complete, const char *values)
{
	static const char *const actions[] = {
		[CMD_COMPLETE_NOTHING] = " ",
		[CMD_COMPLETE_FILE] = "_files",
		[CMD_COMPLETE_DIRECTORY] = "_directories",
		[CMD_COMPLETE_SIGNAL] = "_signals",
		[CMD_COMPLETE_USER] = "_users",
		[CMD_COMPLETE_GROUP] = "_groups",
		[CMD_COMPLETE_PROCESS] = "_pids",
		[CMD_COMPLETE_PROGRAM] = "_normal",
		[CMD_COMPLETE_VERB] = "_hostkit_verbs",
	};

	if (values != NULL)
		return hki_buffer_append_format(out, "(%s)", values);
	return hki_buffer_append_text(out, actions[complete]);
}

/* '(-C --cwd)'{-C,--cwd}'[help]:DIR:_directories' */
static int append_option(hki_buffer *out, const cmd_option *option)
{
	int r;

	if (option->letter != 0)
		r = hki_buffer_append_format(
		    out, "\t\t'*'{-%c,--%s}'[", option->letter, option->name);
	else
		r = hki_buffer_append_format(out, "\t\t'*--%s[", option->name);
	if (r == 0)
		r = cmd_completion_quote(out, option->help, SPECIAL);
	if (r == 0)
		r = hki_buffer_append_char(out, ']');
	if (r == 0 && option->argument != NULL) {
		r = hki_buffer_append_char(out, ':');
		if (r == 0)
			r = cmd_completion_quote(out, option->argument, SPECIAL);
		if (r == 0)
			r = hki_buffer_append_char(out, ':');
		if (r == 0)
			r = append_action(out, option->complete, option->values);
	}
	return r < 0 ? r : hki_buffer_append_text(out, "' \\\n");
}

static int append_options(hki_buffer *out, const cmd_option *options)
{
	int r = 0;

	for (; r == 0 && options != NULL && options->name != NULL; options++)
		r = append_option(out, options);
	return r;
}

static int append_operands(hki_buffer *out, const cmd_verb *verb)
{
	int r;

	if (verb->runs_program)
		return hki_buffer_append_text(
		    out, "\t\t'*:::program:_normal -p hostkit'\n}\n\n");
	if (verb->operands_max == 0)
		return hki_buffer_append_text(out, "\t\t&& return\n}\n\n");
	r = hki_buffer_append_text(out, "\t\t'*:operand:");
	if (r == 0)
		r = append_action(out, verb->complete, verb->values);
	return r < 0 ? r : hki_buffer_append_text(out, "'\n}\n\n");
}

static int append_verb(hki_buffer *out, const cmd_verb *verb)
{
	int r = append_function(out, verb);

	if (r == 0)
		r = hki_buffer_append_text(out, "() {\n\t_arguments -s -S \\\n");
	if (r == 0)
		r = append_options(out, verb->options);
	if (r == 0)
		r = append_options(out, cmd_global_options);
	return r < 0 ? r : append_operands(out, verb);
}

/* "'word:what it does' " */
static int append_description(
    hki_buffer *out, const char *word, int length, const char *help)
{
	int r = hki_buffer_append_format(out, "'%.*s:", length, word);

	if (r == 0)
		r = cmd_completion_quote(out, help, SPECIAL);
	return r < 0 ? r : hki_buffer_append_text(out, "'");
}

/* The words a command line may begin with. */
static int append_firsts(hki_buffer *out)
{
	int r = hki_buffer_append_text(out, "_hostkit_verbs() {\n\tlocal -a verbs=(\n");

	for (const cmd_verb *const *verb = cmd_verbs; r == 0 && *verb != NULL; verb++) {
		if (!cmd_completion_offers_first(verb))
			continue;
		r = hki_buffer_append_text(out, "\t\t");
		if (r == 0)
			r = append_description(out, (*verb)->name,
			    cmd_completion_first_length(*verb), (*verb)->help);
		if (r == 0)
			r = hki_buffer_append_text(out, "\n");
	}
	return r < 0 ? r
		     : hki_buffer_append_text(
			   out, "\t)\n\t_describe -t verbs 'verb' verbs\n}\n\n");
}

/* The words that may follow such a word. */
static int append_seconds(hki_buffer *out)
{
	int r = hki_buffer_append_text(
	    out, "_hostkit_seconds() { # FIRST\n\tlocal -a verbs=()\n");

	for (const cmd_verb *const *verb = cmd_verbs; r == 0 && *verb != NULL; verb++) {
		const char *second = cmd_completion_second(*verb);

		if ((*verb)->hidden || second == NULL)
			continue;
		r = hki_buffer_append_format(out, "\t[[ $1 == %.*s ]] && verbs+=(",
		    cmd_completion_first_length(*verb), (*verb)->name);
		if (r == 0)
			r = append_description(
			    out, second, (int) strlen(second), (*verb)->help);
		if (r == 0)
			r = hki_buffer_append_text(out, ")\n");
	}
	return r < 0 ? r
		     : hki_buffer_append_text(
			   out, "\t_describe -t verbs 'verb' verbs\n}\n\n");
}

/* A verb of two words is found once both are there. */
static int append_main(hki_buffer *out)
{
	int r =
	    hki_buffer_append_text(out, "_hostkit() {\n"
					"\tlocal curcontext=$curcontext state line verb\n"
					"\t_arguments -C -S \\\n");

	if (r == 0)
		r = append_options(out, cmd_global_options);
	if (r == 0)
		r = hki_buffer_append_text(out,
		    "\t\t'1:verb:_hostkit_verbs' \\\n"
		    "\t\t'*::argument:->verb'\n"
		    "\t[[ $state == verb ]] || return\n"
		    "\tverb=$words[1]\n"
		    "\tif (( ! $+functions[_hostkit_${verb//-/_}] )); then\n"
		    "\t\tif (( CURRENT == 2 )); then\n"
		    "\t\t\t_hostkit_seconds $verb\n"
		    "\t\t\treturn\n"
		    "\t\tfi\n"
		    "\t\tverb=$words[1]_$words[2]\n"
		    "\t\tshift words\n"
		    "\t\t(( CURRENT-- ))\n"
		    "\tfi\n"
		    "\t(( $+functions[_hostkit_${verb//-/_}] )) && "
		    "_hostkit_${verb//-/_}\n"
		    "}\n\n"
		    "if [[ $funcstack[1] == _hostkit ]]; then\n"
		    "\t_hostkit \"$@\"\n"
		    "else\n"
		    "\tcompdef _hostkit hostkit\n"
		    "fi\n");
	return r;
}

int cmd_completion_zsh(hki_buffer *out)
{
	int r = hki_buffer_append_text(
	    out, "#compdef hostkit\n# made by `hostkit completion zsh`\n\n");

	for (const cmd_verb *const *verb = cmd_verbs; r == 0 && *verb != NULL; verb++)
		r = append_verb(out, *verb);
	if (r == 0)
		r = append_firsts(out);
	if (r == 0)
		r = append_seconds(out);
	return r < 0 ? r : append_main(out);
}
