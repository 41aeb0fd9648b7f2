/*
 * Completion for bash.  The fixed part walks over the words once to find the
 * verb and where its operands begin; the part made from the rows answers two
 * questions: what an option takes, and what a verb offers.  It needs bash alone,
 * and uses the bash-completion package for program command lines where it is.
 */
#include <stdio.h>
#include <string.h>
#include "completion.h"

static const char head[] =
    "# bash completion for hostkit; made by `hostkit completion bash`\n"
    "\n"
    "# _hostkit_value VERB OPTION: set kind to what the option takes; fail for a "
    "switch.\n"
    "_hostkit_value() {\n"
    "\tcase $1:$2 in\n";

static const char middle[] =
    "\t*) return 1 ;;\n"
    "\tesac\n"
    "}\n"
    "\n"
    "# _hostkit_verb VERB: set offers, kind and ends to what the verb takes.\n"
    "_hostkit_verb() {\n"
    "\tcase $1 in\n";

static const char tail[] =
    "\t*) return 1 ;;\n"
    "\tesac\n"
    "}\n"
    "\n"
    "_hostkit_fill() { # KIND CURRENT\n"
    "\tcase $1 in\n"
    "\tfile) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$2\") ;;\n"
    "\tdirectory) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$2\") "
    ";;\n"
    "\tsignal) mapfile -t COMPREPLY < <(compgen -A signal -X '!SIG[!J]*' -- \"$2\") ;;\n"
    "\tuser) mapfile -t COMPREPLY < <(compgen -u -- \"$2\") ;;\n"
    "\tgroup) mapfile -t COMPREPLY < <(compgen -g -- \"$2\") ;;\n"
    "\tprocess) mapfile -t COMPREPLY < <(compgen -W \"$(cd /proc && echo [0-9]*)\" -- "
    "\"$2\") ;;\n"
    "\tprogram) mapfile -t COMPREPLY < <(compgen -c -- \"$2\") ;;\n"
    "\twords\\ *) mapfile -t COMPREPLY < <(compgen -W \"${1#words }\" -- \"$2\") ;;\n"
    "\tesac\n"
    "}\n"
    "\n"
    "_hostkit() {\n"
    "\tlocal current=${COMP_WORDS[COMP_CWORD]} verb='' word offers kind ends i "
    "operands=0\n"
    "\tCOMPREPLY=()\n"
    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
    "\t\tword=${COMP_WORDS[i]}\n"
    "\t\tif [[ $word == -- ]]; then\n"
    "\t\t\toperands=1\n"
    "\t\t\t((i++))\n"
    "\t\t\tbreak\n"
    "\t\telif [[ $word == -* ]]; then\n"
    "\t\t\t_hostkit_value \"$verb\" \"$word\" || continue\n"
    "\t\t\t# bash splits --option=value into three words\n"
    "\t\t\t[[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))\n"
    "\t\t\tif ((i + 1 >= COMP_CWORD)); then\n"
    "\t\t\t\t[[ $current == = ]] && current=''\n"
    "\t\t\t\t_hostkit_fill \"$kind\" \"$current\"\n"
    "\t\t\t\treturn\n"
    "\t\t\tfi\n"
    "\t\t\t((i++))\n"
    "\t\telif [[ -z $verb ]] || ! _hostkit_verb \"$verb\"; then\n"
    "\t\t\tverb=${verb:+$verb }$word\n"
    "\t\telse\n"
    "\t\t\toperands=1\n"
    "\t\t\t[[ $ends ]] && break\n"
    "\t\tfi\n"
    "\tdone\n"
    "\tif ! _hostkit_verb \"$verb\"; then\n"
    "\t\t_hostkit_offer_verbs \"$verb\" \"$current\"\n"
    "\telif [[ $ends && $operands == 1 && $i -lt $COMP_CWORD ]]; then\n"
    "\t\tif declare -F _command_offset > /dev/null; then\n"
    "\t\t\t_command_offset \"$i\"\n"
    "\t\telse\n"
    "\t\t\t_hostkit_fill file \"$current\"\n"
    "\t\tfi\n"
    "\telif [[ $current == -* && ${COMP_WORDS[COMP_CWORD - 1]} != -- ]]; then\n"
    "\t\tmapfile -t COMPREPLY < <(compgen -W \"$offers\" -- \"$current\")\n"
    "\telse\n"
    "\t\t_hostkit_fill \"$kind\" \"$current\"\n"
    "\tfi\n"
    "}\n"
    "complete -F _hostkit hostkit\n";

/* "kind=… ;;" for what @complete and @values stand for. */
static int append_kind(hki_buffer *out, cmd_complete complete, const char *values)
{
	static const char *const kinds[] = {
		[CMD_COMPLETE_NOTHING] = "none",
		[CMD_COMPLETE_FILE] = "file",
		[CMD_COMPLETE_DIRECTORY] = "directory",
		[CMD_COMPLETE_SIGNAL] = "signal",
		[CMD_COMPLETE_USER] = "user",
		[CMD_COMPLETE_GROUP] = "group",
		[CMD_COMPLETE_PROCESS] = "process",
		[CMD_COMPLETE_PROGRAM] = "program",
		[CMD_COMPLETE_VERB] = "words",
	};
	int r;

	if (values != NULL)
		return hki_buffer_append_format(out, "kind='words %s'", values);
	if (complete != CMD_COMPLETE_VERB)
		return hki_buffer_append_format(out, "kind=%s", kinds[complete]);
	r = hki_buffer_append_text(out, "kind='words");
	for (const cmd_verb *const *verb = cmd_verbs; r == 0 && *verb != NULL; verb++)
		if (cmd_completion_offers_first(verb))
			r = hki_buffer_append_format(out, " %.*s",
			    cmd_completion_first_length(*verb), (*verb)->name);
	return r < 0 ? r : hki_buffer_append_char(out, '\'');
}

/* @verb is a pattern: a name in quotes, since it may be of two words, or a star. */
static int append_values(hki_buffer *out, const char *verb, const cmd_option *options)
{
	int r = 0;

	for (; r == 0 && options != NULL && options->name != NULL; options++) {
		if (options->argument == NULL)
			continue;
		r = hki_buffer_append_text(out, "\t");
		if (r == 0 && options->letter != 0)
			r = hki_buffer_append_format(
			    out, "%s:-%c | ", verb, options->letter);
		if (r == 0)
			r = hki_buffer_append_format(
			    out, "%s:--%s) ", verb, options->name);
		if (r == 0)
			r = append_kind(out, options->complete, options->values);
		if (r == 0)
			r = hki_buffer_append_text(out, " ;;\n");
	}
	return r;
}

static int append_verb_values(hki_buffer *out, const cmd_verb *verb)
{
	char pattern[64];

	snprintf(pattern, sizeof(pattern), "'%s'", verb->name);
	return append_values(out, pattern, verb->options);
}

static int append_option_names(hki_buffer *out, const cmd_option *options)
{
	int r = 0;

	for (; r == 0 && options != NULL && options->name != NULL; options++)
		r = hki_buffer_append_format(out, " --%s", options->name);
	return r;
}

static int append_verb(hki_buffer *out, const cmd_verb *verb)
{
	int r = hki_buffer_append_format(out, "\t'%s') offers='", verb->name);

	if (r == 0)
		r = append_option_names(out, verb->options);
	if (r == 0)
		r = append_option_names(out, cmd_global_options);
	if (r == 0)
		r = hki_buffer_append_text(out, "' ");
	if (r == 0)
		r = append_kind(out, verb->complete, verb->values);
	return r < 0 ? r
		     : hki_buffer_append_format(
			   out, " ends=%s ;;\n", verb->runs_program ? "1" : "");
}

/* The words that may stand where a verb is missing: a whole one, or its second half. */
static int append_offer_verbs(hki_buffer *out)
{
	int r;

	r = hki_buffer_append_text(out, "\n_hostkit_offer_verbs() { # FIRST CURRENT\n"
					"\tlocal name names=''\n"
					"\tfor name in");
	for (const cmd_verb *const *verb = cmd_verbs; r == 0 && *verb != NULL; verb++)
		if (!(*verb)->hidden)
			r = hki_buffer_append_format(out, " '%s'", (*verb)->name);
	if (r == 0)
		r = hki_buffer_append_text(out, "; do\n"
						"\t\tif [[ -z $1 ]]; then\n"
						"\t\t\tnames+=\" ${name%% *}\"\n"
						"\t\telif [[ $name == \"$1 \"* ]]; then\n"
						"\t\t\tnames+=\" ${name#* }\"\n"
						"\t\tfi\n"
						"\tdone\n"
						"\t[[ -z $1 && $2 == -* ]] && names='");
	if (r == 0)
		r = append_option_names(out, cmd_global_options);
	return r < 0 ? r
		     : hki_buffer_append_text(out,
			   "'\n"
			   "\tmapfile -t COMPREPLY < <(compgen -W \"$names\" -- \"$2\")\n"
			   "}\n\n");
}

int cmd_completion_bash(hki_buffer *out)
{
	int r = hki_buffer_append_text(out, head);

	for (const cmd_verb *const *verb = cmd_verbs; r == 0 && *verb != NULL; verb++)
		r = append_verb_values(out, *verb);
	if (r == 0)
		r = append_values(out, "*", cmd_global_options);
	if (r == 0)
		r = hki_buffer_append_text(out, middle);
	for (const cmd_verb *const *verb = cmd_verbs; r == 0 && *verb != NULL; verb++)
		r = append_verb(out, *verb);
	if (r == 0)
		r = hki_buffer_append_text(out, tail);
	return r < 0 ? r : append_offer_verbs(out);
}
