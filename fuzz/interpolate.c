/*
 * Variables in values, and then the splitting into words.  What is given out
 * stays within its limits and holds no NUL; a text without a dollar is itself.
 */
#include <hostkit/error.h>
#include "config/interpolate.h"
#include "base/words.h"
#include "target.h"

static void note(const char *message, const char *hint, size_t offset, void *told)
{
	(void) hint;
	FUZZ_MUST(message[0] != '\0');
	FUZZ_MUST(offset <= *(size_t *) told);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *variables[] = { (char[]){ "A=a ${B}" }, (char[]){ "EMPTY=" }, NULL };
	char *text = fuzz_text(data, size);
	size_t length = strlen(text);
	hki_arena arena = { 0 };
	hki_interpolator interpolator = { .arena = &arena,
		.lookup = hki_lookup_in_list,
		.user = variables,
		.complain = note,
		.warn = note,
		.told = &length };
	hki_words_error error = { 0 };
	const char *const *words = NULL;
	const char *out = NULL;
	int r;

	if (hki_interpolate(&out, &interpolator, text, length)) {
		FUZZ_MUST(strlen(out) <= HKI_INTERPOLATED_MAX || out == text);
		FUZZ_MUST(strchr(text, '$') != NULL || out == text);
		(void) hki_words_find_shell(out);
		r = hki_words_split(&words, &arena, out, &error);
		FUZZ_MUST(r == 0 || r == HK_EPARSE);
		FUZZ_MUST(r == 0 || error.offset <= strlen(out));
	}
	FUZZ_MUST(!arena.failed);
	hki_arena_deinit(&arena);
	free(text);
	return 0;
}
