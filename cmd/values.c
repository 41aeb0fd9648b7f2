/*
 * From the text of an option to its value.  A value is right or it is refused
 * with the option, the text and the way to write it; nothing is guessed.
 */
#include "values.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <hostkit/process.h>
#include "base/quantity.h"
#include "exit.h"
#include "base/nearest_word.h"
#include "output/fail.h"

int cmd_value_fail(
    const cmd_call *call, const cmd_given *given, const char *what, const char *how)
{
	return cmd_fail(&call->output, CMD_EXIT_USAGE, 0, how,
	    "option '--%s': '%s' is not %s", given->option->name, given->value, what);
}

int cmd_value_duration(uint64_t *out_ns, const cmd_call *call, const cmd_given *given)
{
	if (hki_duration_parse(out_ns, given->value) < 0)
		return cmd_value_fail(call, given, "a time", "write 10s, 250ms or 1m30s");
	return 0;
}

int cmd_value_size(uint64_t *out_bytes, const cmd_call *call, const cmd_given *given)
{
	if (hki_size_parse(out_bytes, given->value) < 0)
		return cmd_value_fail(call, given, "a size", "write 512M, 64K or 1.5G");
	return 0;
}

int cmd_value_signal(int *out, const cmd_call *call, const cmd_given *given)
{
	hki_nearest_word nearest;
	char word[HKI_WORD_MAX] = "SIG";
	char hint[HKI_WORD_MAX] = "write TERM, SIGTERM or 15";
	int number = hk_signal_number(given->value);

	if (number >= 0) {
		*out = number;
		return 0;
	}
	snprintf(word, sizeof(word), "%s%.40s",
	    strncasecmp(given->value, "SIG", 3) == 0 ? "" : "SIG", given->value);
	for (char *c = word; *c != '\0'; c++)
		*c = *c >= 'a' && *c <= 'z' ? (char) (*c - 'a' + 'A') : *c;
	nearest = (hki_nearest_word){ .word = word };
	for (int i = 1; i < 65; i++)
		if (hk_signal_name(i) != NULL)
			hki_nearest_word_offer(&nearest, hk_signal_name(i));
	if (nearest.best != NULL)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest.best);
	return cmd_value_fail(call, given, "a signal", hint);
}

int cmd_value_integer(int64_t *out, const cmd_call *call, const cmd_given *given,
    int64_t least, int64_t most)
{
	char what[96];
	int64_t value;

	if (hki_int64_parse(&value, given->value) == 0 && value >= least &&
	    value <= most) {
		*out = value;
		return 0;
	}
	snprintf(what, sizeof(what), "a whole number from %lld to %lld",
	    (long long) least, (long long) most);
	return cmd_value_fail(call, given, what, NULL);
}

int cmd_value_word(int *out, const cmd_call *call, const cmd_given *given)
{
	const char *words = given->option->values;
	char hint[160];
	int place = 0;

	while (*words != '\0') {
		size_t length = strcspn(words, " ");

		if (strlen(given->value) == length &&
		    memcmp(words, given->value, length) == 0) {
			*out = place;
			return 0;
		}
		words += length + strspn(words + length, " ");
		place++;
	}
	snprintf(hint, sizeof(hint), "write one of: %s", given->option->values);
	return cmd_value_fail(call, given, "a word it knows", hint);
}
