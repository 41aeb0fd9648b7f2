#include "base/nearest_word.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const char *const words[] = { "run", "up", "kill", "status", "timeout",
	"kill-after", "completion", NULL };

static const char *nearest(const char *word)
{
	hki_nearest_word found = { .word = word };

	for (const char *const *candidate = words; *candidate != NULL; candidate++)
		hki_nearest_word_offer(&found, *candidate);
	return found.best;
}

static void the_distance_counts_single_letter_mistakes(void **state)
{
	(void) state;
	assert_int_equal(hki_word_distance("", ""), 0);
	assert_int_equal(hki_word_distance("run", "run"), 0);
	assert_int_equal(hki_word_distance("", "run"), 3);
	assert_int_equal(hki_word_distance("run", ""), 3);
	assert_int_equal(hki_word_distance("rn", "run"), 1);
	assert_int_equal(hki_word_distance("runn", "run"), 1);
	assert_int_equal(hki_word_distance("rin", "run"), 1);
	assert_int_equal(hki_word_distance("kitten", "sitting"), 3);
}

static void a_swap_of_neighbours_is_one_mistake(void **state)
{
	(void) state;
	assert_int_equal(hki_word_distance("rnu", "run"), 1);
	assert_int_equal(hki_word_distance("tiemout", "timeout"), 1);
	/* In the restricted form nothing is edited twice. */
	assert_int_equal(hki_word_distance("ca", "abc"), 3);
}

static void the_distance_is_the_same_both_ways(void **state)
{
	(void) state;
	for (int i = 0; words[i] != NULL; i++)
		for (int j = 0; words[j] != NULL; j++)
			assert_int_equal(hki_word_distance(words[i], words[j]),
			    hki_word_distance(words[j], words[i]));
}

static void words_of_any_length_are_safe(void **state)
{
	char longest[HKI_WORD_MAX + 1], longer[HKI_WORD_MAX + 2];

	(void) state;
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(hki_word_distance(longest, longest), 0);
	assert_int_equal(hki_word_distance(longest, ""), HKI_WORD_MAX);
	assert_true(hki_word_distance(longer, "a") == SIZE_MAX);
	assert_null(nearest(longer));
}

static void what_is_near_depends_on_the_length(void **state)
{
	(void) state;
	assert_true(hki_word_is_near("run", 1));
	assert_false(hki_word_is_near("run", 2));
	assert_true(hki_word_is_near("status", 2));
	assert_false(hki_word_is_near("status", 3));
	assert_true(hki_word_is_near("completion", 3));
	assert_true(hki_word_is_near("completion-bash", 3));
	assert_false(hki_word_is_near("completion-bash", 4));
	assert_false(hki_word_is_near("completion", 4));
}

static void a_reading_that_is_nearer_counts(void **state)
{
	hki_nearest_word found = { .word = "cpi" };

	(void) state;
	hki_nearest_word_offer(&found, "cpu_percent");
	assert_null(found.best);
	assert_int_equal(1, hki_word_distance_to("cpi", "cpu_percent", 3));
	hki_nearest_word_offer_at(&found, "cpu_percent", 1);
	assert_string_equal("cpu_percent", found.best);
}

static void typing_mistakes_find_their_word(void **state)
{
	(void) state;
	assert_string_equal(nearest("rnu"), "run");
	assert_string_equal(nearest("kil"), "kill");
	assert_string_equal(nearest("tiemout"), "timeout");
	assert_string_equal(nearest("statsu"), "status");
	assert_string_equal(nearest("competion"), "completion");
}

static void abbreviations_find_their_word(void **state)
{
	(void) state;
	assert_string_equal(nearest("comp"), "completion");
	assert_string_equal(nearest("kill-"), "kill");
	assert_string_equal(nearest("kill-a"), "kill-after");
}

static void words_far_from_all_find_nothing(void **state)
{
	(void) state;
	assert_null(nearest("banana"));
	assert_null(nearest("xyz"));
	assert_null(nearest("x"));
	assert_null(nearest(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_distance_counts_single_letter_mistakes),
		cmocka_unit_test(a_swap_of_neighbours_is_one_mistake),
		cmocka_unit_test(the_distance_is_the_same_both_ways),
		cmocka_unit_test(words_of_any_length_are_safe),
		cmocka_unit_test(what_is_near_depends_on_the_length),
		cmocka_unit_test(a_reading_that_is_nearer_counts),
		cmocka_unit_test(typing_mistakes_find_their_word),
		cmocka_unit_test(abbreviations_find_their_word),
		cmocka_unit_test(words_far_from_all_find_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
