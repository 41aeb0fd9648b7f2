/*
 * One recursive descent over the text.  The word after an operator is expanded
 * only when it is used, as the shell does, but it is always read, so that a
 * mistake in it shows whatever the variables hold.
 */
#include "interpolate.h"

#include <stdio.h>
#include <string.h>
#include "base/buffer.h"

struct expansion {
	hki_interpolator *interpolator;
	const char *text;
	size_t length;
	size_t at;
	size_t depth;
	hki_buffer out;
};

struct variable {
	size_t offset; /* of its dollar */
	const char *name;
	size_t name_length;
	const char *value; /* NULL: not set */
};

static bool expand(struct expansion *expansion, bool wanted);

static bool complain(
    struct expansion *expansion, size_t offset, const char *hint, const char *message)
{
	expansion->interpolator->complain(
	    message, hint, offset, expansion->interpolator->told);
	return false;
}

static bool append(
    struct expansion *expansion, bool wanted, const char *bytes, size_t length)
{
	if (!wanted)
		return true;
	if (length > HKI_INTERPOLATED_MAX - expansion->out.length)
		return complain(expansion, expansion->at, NULL,
		    "the text grows beyond 128K with its variables");
	if (hki_buffer_append(&expansion->out, bytes, length) < 0) {
		expansion->interpolator->arena->failed = true;
		return false;
	}
	return true;
}

static bool starts_name(char byte)
{
	return byte == '_' || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z');
}

static size_t name_length(const char *text, size_t length)
{
	size_t i = 0;

	while (i < length &&
	       (starts_name(text[i]) || (i > 0 && text[i] >= '0' && text[i] <= '9')))
		i++;
	return i;
}

static bool append_value(
    struct expansion *expansion, bool wanted, const struct variable *variable)
{
	char message[160];

	if (!wanted)
		return true;
	if (variable->value != NULL)
		return append(expansion, true, variable->value, strlen(variable->value));
	(void) snprintf(message, sizeof(message),
	    "the variable '%.*s' is not set: nothing is put in its place",
	    (int) (variable->name_length < 64 ? variable->name_length : 64),
	    variable->name);
	expansion->interpolator->warn(message,
	    "${NAME:-text} gives a default, ${NAME:?text} insists", variable->offset,
	    expansion->interpolator->told);
	return true;
}

/* The text of ${NAME:?text}, expanded apart from the rest, becomes the message. */
static bool refuse(struct expansion *expansion, const struct variable *variable)
{
	int shown = (int) (variable->name_length < 64 ? variable->name_length : 64);
	char message[512];

	/* All is lost anyway: what came before makes room for the message. */
	hki_buffer_truncate(&expansion->out, 0);
	if (!expand(expansion, true))
		return false;
	if (expansion->out.length > 0)
		(void) snprintf(message, sizeof(message),
		    "the variable '%.*s' is required: %.300s", shown, variable->name,
		    expansion->out.data);
	else
		(void) snprintf(message, sizeof(message),
		    "the variable '%.*s' is required", shown, variable->name);
	return complain(
	    expansion, variable->offset, "set it in the environment of hostkit", message);
}

/* After the name: an operator and its text, or nothing, up to the closing brace. */
static bool expand_operator(
    struct expansion *expansion, bool wanted, const struct variable *variable)
{
	const char *text = expansion->text;
	bool colon = expansion->at < expansion->length && text[expansion->at] == ':';
	bool have = variable->value != NULL && (!colon || variable->value[0] != '\0');
	char sign = '\0';

	if (expansion->at + colon < expansion->length)
		sign = text[expansion->at + colon];
	if (sign != '-' && sign != '+' && sign != '?') {
		if (colon || sign != '}')
			return complain(expansion, variable->offset,
			    "write ${NAME} or ${NAME:-default}; '$$' is a dollar",
			    "the variable after '${' is not well formed");
		return append_value(expansion, wanted, variable);
	}
	expansion->at += (size_t) colon + 1;
	if (sign == '-') {
		if (have)
			return append_value(expansion, wanted, variable) &&
			       expand(expansion, false);
		return expand(expansion, wanted);
	}
	if (sign == '+')
		return expand(expansion, wanted && have);
	if (have || !wanted)
		return append_value(expansion, wanted, variable) &&
		       expand(expansion, false);
	return refuse(expansion, variable);
}

/* At the brace of "${". */
static bool expand_braces(struct expansion *expansion, bool wanted)
{
	hki_interpolator *interpolator = expansion->interpolator;
	struct variable variable = { .offset = expansion->at - 1 };

	expansion->at++;
	variable.name = expansion->text + expansion->at;
	variable.name_length =
	    name_length(variable.name, expansion->length - expansion->at);
	if (variable.name_length == 0)
		return complain(expansion, variable.offset,
		    "write ${NAME}; '$$' is a dollar", "there is no name after '${'");
	expansion->at += variable.name_length;
	variable.value =
	    interpolator->lookup(variable.name, variable.name_length, interpolator->user);
	if (expansion->depth == HKI_INTERPOLATED_DEPTH_MAX)
		return complain(expansion, variable.offset, NULL,
		    "variables are nested more than 8 deep");
	expansion->depth++;
	if (!expand_operator(expansion, wanted, &variable))
		return false;
	expansion->depth--;
	if (expansion->at >= expansion->length)
		return complain(expansion, variable.offset,
		    "close it with '}'; '$$' is a dollar", "'${' is not closed");
	expansion->at++;
	return true;
}

/* At a dollar. */
static bool expand_dollar(struct expansion *expansion, bool wanted)
{
	hki_interpolator *interpolator = expansion->interpolator;
	struct variable variable = { .offset = expansion->at };
	size_t left = expansion->length - ++expansion->at;

	variable.name = expansion->text + expansion->at;
	if (left > 0 && variable.name[0] == '{')
		return expand_braces(expansion, wanted);
	if (left > 0 && variable.name[0] == '$') {
		expansion->at++;
		return append(expansion, wanted, "$", 1);
	}
	variable.name_length = name_length(variable.name, left);
	if (variable.name_length == 0)
		return append(expansion, wanted, "$", 1);
	expansion->at += variable.name_length;
	variable.value =
	    interpolator->lookup(variable.name, variable.name_length, interpolator->user);
	return append_value(expansion, wanted, &variable);
}

/* Up to the end, or within braces up to, not including, the closing one. */
static bool expand(struct expansion *expansion, bool wanted)
{
	while (expansion->at < expansion->length) {
		const char *from = expansion->text + expansion->at;
		size_t plain = 0;

		while (expansion->at + plain < expansion->length && from[plain] != '$' &&
		       (expansion->depth == 0 || from[plain] != '}'))
			plain++;
		if (!append(expansion, wanted, from, plain))
			return false;
		expansion->at += plain;
		if (expansion->at >= expansion->length)
			break;
		if (expansion->text[expansion->at] == '}' && expansion->depth > 0)
			return true;
		if (!expand_dollar(expansion, wanted))
			return false;
	}
	return true;
}

bool hki_interpolate(
    const char **out, hki_interpolator *interpolator, const char *text, size_t length)
{
	struct expansion expansion = {
		.interpolator = interpolator, .text = text, .length = length
	};
	bool done;

	if (memchr(text, '$', length) == NULL) {
		*out = text;
		return true;
	}
	done = expand(&expansion, true);
	if (done && expansion.out.length > HKI_INTERPOLATED_SUM_MAX - interpolator->sum)
		done = complain(&expansion, 0, NULL,
		    "all values of the file grow beyond 16M with their variables");
	if (done) {
		const char *copy = hki_arena_text(
		    interpolator->arena, expansion.out.data, expansion.out.length);

		interpolator->sum += expansion.out.length;
		done = copy != NULL;
		if (done)
			*out = copy;
	}
	hki_buffer_deinit(&expansion.out);
	return done;
}

const char *hki_lookup_in_list(const char *name, size_t length, void *user)
{
	char *const *list = user;

	for (; list != NULL && *list != NULL; list++)
		if (strncmp(*list, name, length) == 0 && (*list)[length] == '=')
			return *list + length + 1;
	return NULL;
}
