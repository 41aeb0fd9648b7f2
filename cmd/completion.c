/*
 * `hostkit completion SHELL`: what the shell needs to complete hostkit.  The
 * scripts know every verb, option and word from the rows and ask nobody at run
 * time, so pressing Tab starts no process of ours.
 */
#include "completion.h"
#include <string.h>
#include "base/array.h"
#include "base/cleanup.h"
#include "exit.h"
#include "output/fail.h"
#include "verbs.h"

int cmd_completion_quote(hki_buffer *out, const char *text, const char *special)
{
	int r = 0;

	for (; r == 0 && *text != '\0'; text++) {
		if (*text == '\'') {
			r = hki_buffer_append_text(out, "'\\''");
			continue;
		}
		if (strchr(special, *text) != NULL)
			r = hki_buffer_append_char(out, '\\');
		if (r == 0)
			r = hki_buffer_append_char(out, *text);
	}
	return r;
}

int cmd_completion_first_length(const cmd_verb *verb)
{
	return (int) strcspn(verb->name, " ");
}

const char *cmd_completion_second(const cmd_verb *verb)
{
	const char *space = strchr(verb->name, ' ');

	return space == NULL ? NULL : space + 1;
}

bool cmd_completion_offers_first(const cmd_verb *const *verb)
{
	/* With the space, so that "json fmt" is not taken for a relative of "js". */
	size_t length = (size_t) cmd_completion_first_length(*verb) + 1;

	if ((*verb)->hidden || cmd_completion_second(*verb) == NULL)
		return !(*verb)->hidden;
	for (const cmd_verb *const *earlier = cmd_verbs; earlier < verb; earlier++)
		if (!(*earlier)->hidden &&
		    strncmp((*earlier)->name, (*verb)->name, length) == 0)
			return false;
	return true;
}

static int run_completion(const cmd_call *call)
{
	static const struct {
		const char *name;
		int (*append)(hki_buffer *out);
	} shells[] = {
		{ "bash", cmd_completion_bash },
		{ "zsh", cmd_completion_zsh },
		{ "fish", cmd_completion_fish },
	};
	hki_cleanup(hki_buffer_deinitp) hki_buffer script = HKI_BUFFER_INIT;
	int r;

	for (size_t i = 0; i < HKI_COUNT(shells); i++) {
		if (strcmp(call->operands[0], shells[i].name) != 0)
			continue;
		r = shells[i].append(&script);
		if (r < 0)
			return cmd_fail(&call->output, CMD_EXIT_FAILED, r, NULL,
			    "cannot write the script");
		fwrite(script.data, 1, script.length, stdout);
		return CMD_EXIT_OK;
	}
	return cmd_fail(&call->output, CMD_EXIT_USAGE, 0, "there are bash, zsh and fish",
	    "unknown shell '%s'", call->operands[0]);
}

static const cmd_example examples[] = {
	{ "source <(hostkit completion bash)", "completes hostkit in this bash" },
	{ "hostkit completion bash > ~/.local/share/bash-completion/completions/hostkit",
	    "completes it in every bash to come" },
	{ "hostkit completion zsh > ~/.zfunc/_hostkit",
	    "for zsh, where ~/.zfunc is in fpath before compinit runs" },
	{ "hostkit completion fish > ~/.config/fish/completions/hostkit.fish",
	    "for fish" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "the script was printed" },
	{ "2", "hostkit does not know that shell" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_completion = {
	.name = "completion",
	.group = CMD_GROUP_LEARN,
	.arguments = "bash|zsh|fish",
	.help = "print the completion script of a shell",
	.description =
	    "Prints a script that lets the shell complete verbs, options, their values "
	    "and, for verbs that run a program, the program's own command line.\n\n"
	    "A packaged hostkit installs these scripts where the shells find them.",
	.examples = examples,
	.exits = exits,
	.values = "bash zsh fish",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_completion,
};
