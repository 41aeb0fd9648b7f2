/*
 * Finding a verb by the words of the command line, and an option by its id.
 */
#include <string.h>
#include "verb.h"

const char *const cmd_group_titles[CMD_GROUP_COUNT] = {
	[CMD_GROUP_RUN] = "Run programs",
	[CMD_GROUP_SEE] = "See what happens",
	[CMD_GROUP_FILES] = "Files",
	[CMD_GROUP_MEMORY] = "Memory",
	[CMD_GROUP_MESSAGES] = "Messages",
	[CMD_GROUP_WORK] = "Spread work",
	[CMD_GROUP_LEARN] = "Learn",
};

/* Does @names (separated by spaces) hold @word? */
static bool holds(const char *names, const char *word)
{
	size_t length = strlen(word);

	while (names != NULL && *names != '\0') {
		size_t here = strcspn(names, " ");

		if (here == length && strncmp(names, word, length) == 0)
			return true;
		names += here + strspn(names + here, " ");
	}
	return false;
}

/* How many of @words the name of @verb takes: 1 or 2, or 0 if it is another. */
static int match(const cmd_verb *verb, char *const *words, int count)
{
	size_t first = strcspn(verb->name, " ");

	if (verb->name[first] == '\0')
		return strcmp(verb->name, words[0]) == 0 ||
		       holds(verb->aliases, words[0]);
	if (count < 2 || strlen(words[0]) != first ||
	    strncmp(verb->name, words[0], first) != 0)
		return 0;
	return strcmp(verb->name + first + 1, words[1]) == 0 ? 2 : 0;
}

const cmd_verb *cmd_verb_find(char *const *words, int count, int *out_used)
{
	for (const cmd_verb *const *verb = cmd_verbs; count > 0 && *verb != NULL;
	     verb++) {
		int used = match(*verb, words, count);

		if (used == 0)
			continue;
		if (out_used != NULL)
			*out_used = used;
		return *verb;
	}
	return NULL;
}

bool cmd_verb_of_family(const cmd_verb *verb, const char *word)
{
	size_t length = strlen(word);

	return strncmp(verb->name, word, length) == 0 && verb->name[length] == ' ';
}

bool cmd_verb_is_family(const char *word)
{
	for (const cmd_verb *const *verb = cmd_verbs; *verb != NULL; verb++)
		if (cmd_verb_of_family(*verb, word))
			return true;
	return false;
}

const char *cmd_call_value(const cmd_call *call, int id)
{
	for (size_t i = call->given_count; i > 0; i--) {
		const cmd_given *given = &call->given[i - 1];

		if (given->option->id == id)
			return given->value != NULL ? given->value : "";
	}
	return NULL;
}
