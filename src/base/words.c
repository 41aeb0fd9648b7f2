/*
 * A line of command becomes words here so that no shell has to run: a shell
 * would stay as the parent, swallow signals and read file names as code.
 */
#include "words.h"

#include <hostkit/error.h>
#include <stdbool.h>
#include <string.h>
#include "buffer.h"
#include "cleanup.h"

struct splitter {
	hki_arena *arena;
	hki_texts words;
	hki_buffer word;
	bool in_word; /* '' is a word too */
	const char *line;
	const char *at;
	hki_words_error *error;
};

static int fail(
    struct splitter *splitter, const char *at, const char *message, const char *hint)
{
	splitter->error->message = message;
	splitter->error->hint = hint;
	splitter->error->offset = (size_t) (at - splitter->line);
	return HK_EPARSE;
}

static int take(struct splitter *splitter, size_t length)
{
	int r = hki_buffer_append(&splitter->word, splitter->at, length);

	splitter->at += length;
	splitter->in_word = true;
	return r;
}

static int end_word(struct splitter *splitter)
{
	char *word;

	if (!splitter->in_word)
		return 0;
	word = hki_arena_text(splitter->arena,
	    splitter->word.length > 0 ? splitter->word.data : "", splitter->word.length);
	if (word == NULL || !hki_texts_add(&splitter->words, splitter->arena, word))
		return -ENOMEM;
	hki_buffer_truncate(&splitter->word, 0);
	splitter->in_word = false;
	return 0;
}

static int take_single_quoted(struct splitter *splitter)
{
	const char *open = splitter->at++;
	const char *close = strchr(splitter->at, '\'');
	int r;

	if (close == NULL)
		return fail(
		    splitter, open, "the quote ' is not closed", "add the second '");
	r = take(splitter, (size_t) (close - splitter->at));
	splitter->at++;
	return r;
}

static int take_double_quoted(struct splitter *splitter)
{
	const char *open = splitter->at++;
	int r = take(splitter, 0);

	while (r == 0 && *splitter->at != '"') {
		if (*splitter->at == '\0')
			return fail(splitter, open, "the quote \" is not closed",
			    "add the second \"");
		if (splitter->at[0] == '\\' && splitter->at[1] == '\n') {
			splitter->at += 2;
			continue;
		}
		if (splitter->at[0] == '\\' && splitter->at[1] != '\0' &&
		    strchr("$`\"\\", splitter->at[1]) != NULL)
			splitter->at++;
		r = take(splitter, 1);
	}
	splitter->at++;
	return r;
}

static int take_escaped(struct splitter *splitter)
{
	const char *backslash = splitter->at++;

	if (*splitter->at == '\0')
		return fail(splitter, backslash, "the line ends with a backslash",
		    "write '\\\\' for a backslash itself");
	if (*splitter->at == '\n') {
		splitter->at++;
		return 0;
	}
	return take(splitter, 1);
}

static int split(struct splitter *splitter)
{
	int r = 0;

	while (r == 0 && *splitter->at != '\0') {
		switch (*splitter->at) {
		case ' ':
		case '\t':
		case '\n':
		case '\r':
			splitter->at++;
			r = end_word(splitter);
			break;
		case '\'':
			r = take_single_quoted(splitter);
			break;
		case '"':
			r = take_double_quoted(splitter);
			break;
		case '\\':
			r = take_escaped(splitter);
			break;
		default:
			r = take(splitter, strcspn(splitter->at, " \t\n\r'\"\\"));
			break;
		}
	}
	return r < 0 ? r : end_word(splitter);
}

int hki_words_split(
    const char *const **out, hki_arena *arena, const char *line, hki_words_error *error)
{
	struct splitter splitter = {
		.arena = arena, .line = line, .at = line, .error = error
	};
	int r = split(&splitter);

	hki_buffer_deinit(&splitter.word);
	if (r == 0 && splitter.words.items == NULL) {
		splitter.words.items =
		    hki_arena_array(arena, 1, sizeof(*splitter.words.items));
		if (splitter.words.items == NULL)
			r = -ENOMEM;
	}
	if (r < 0) {
		arena->failed |= r == -ENOMEM;
		return r;
	}
	*out = splitter.words.items;
	return 0;
}

const char *hki_words_find_shell(const char *line)
{
	bool word_begins = true;
	char quote = '\0';

	for (const char *at = line; *at != '\0'; at++) {
		if (quote == '\0' && strchr("|&;<>()`*?", *at) != NULL)
			return at;
		if (quote == '\0' && word_begins && (*at == '~' || *at == '#'))
			return at;
		if (quote == '"' && *at == '`')
			return at;
		if (*at == '\\' && quote != '\'' && at[1] != '\0')
			at++;
		else if (quote == '\0' && (*at == '\'' || *at == '"'))
			quote = *at;
		else if (*at == quote)
			quote = '\0';
		word_begins = quote == '\0' && (*at == ' ' || *at == '\t' || *at == '\n');
	}
	return NULL;
}
