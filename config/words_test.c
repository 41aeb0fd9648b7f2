#include "base/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include "base/nearest_word.h"

/* Split @line; @expected has the words with '|' between them. */
static void assert_words(const char *line, const char *expected)
{
	hki_arena arena = { 0 };
	hki_words_error error = { 0 };
	const char *const *words = NULL;
	char joined[512] = "";

	assert_int_equal(0, hki_words_split(&words, &arena, line, &error));
	for (size_t i = 0; words[i] != NULL; i++) {
		if (i > 0)
			strcat(joined, "|");
		strcat(joined, words[i]);
	}
	assert_string_equal(expected, joined);
	hki_arena_deinit(&arena);
}

static void assert_refused(const char *line, const char *message, size_t offset)
{
	hki_arena arena = { 0 };
	hki_words_error error = { 0 };
	const char *const *words = NULL;

	assert_int_equal(HK_EPARSE, hki_words_split(&words, &arena, line, &error));
	assert_null(words);
	assert_string_equal(message, error.message);
	assert_int_equal(offset, error.offset);
	hki_arena_deinit(&arena);
}

static void blanks_separate_words(void **state)
{
	(void) state;
	assert_words("node server.js --port 80", "node|server.js|--port|80");
	assert_words(" \t a \n b\r\n", "a|b");
	assert_words("", "");
	assert_words("   ", "");
}

static void quotes_keep_blanks_and_make_empty_words(void **state)
{
	(void) state;
	assert_words("a 'b c' \"d e\"", "a|b c|d e");
	assert_words("a'b'\"c\"d", "abcd");
	assert_words("a '' \"\" b", "a|||b");
	assert_words("'a\\b' \"a\\b\"", "a\\b|a\\b");
}

static void backslashes_escape_as_posix_says(void **state)
{
	(void) state;
	assert_words("a\\ b \\'c \\\\", "a b|'c|\\");
	assert_words("\"\\$ \\` \\\" \\\\ \\n\"", "$ ` \" \\ \\n");
	assert_words("a\\\nb \"c\\\nd\"", "ab|cd");
}

static void nothing_is_expanded(void **state)
{
	(void) state;
	assert_words("echo $HOME * `date` a|b >c", "echo|$HOME|*|`date`|a|b|>c");
}

static void what_is_not_closed_is_refused_where_it_opens(void **state)
{
	(void) state;
	assert_refused("a 'b", "the quote ' is not closed", 2);
	assert_refused("a \"b\\\"", "the quote \" is not closed", 2);
	assert_refused("a b\\", "the line ends with a backslash", 3);
}

static void shell_characters_are_found_outside_of_quotes(void **state)
{
	(void) state;
	assert_string_equal("| b", hki_words_find_shell("a | b"));
	assert_string_equal("> b", hki_words_find_shell("'|' > b"));
	assert_string_equal("~/x", hki_words_find_shell("ls ~/x"));
	assert_null(hki_words_find_shell("a 'x | y' \"b & c\" d\\;e a#b a~"));
}

static void mistakes_are_counted_as_people_make_them(void **state)
{
	(void) state;
	assert_int_equal(0, hki_word_distance("command", "command"));
	assert_int_equal(1, hki_word_distance("comand", "command"));
	assert_int_equal(1, hki_word_distance("commnad", "command"));
	assert_int_equal(1, hki_word_distance("commands", "command"));
	assert_int_equal(3, hki_word_distance("kitten", "sitting"));
	assert_int_equal(7, hki_word_distance("", "command"));
	assert_int_equal(
	    SIZE_MAX, hki_word_distance("0123456789012345678901234567890123456789"
					"0123456789012345678901234",
			  "a"));
	assert_true(hki_word_is_near("comand", 1));
	assert_false(hki_word_is_near("xyz", 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blanks_separate_words),
		cmocka_unit_test(quotes_keep_blanks_and_make_empty_words),
		cmocka_unit_test(backslashes_escape_as_posix_says),
		cmocka_unit_test(nothing_is_expanded),
		cmocka_unit_test(what_is_not_closed_is_refused_where_it_opens),
		cmocka_unit_test(shell_characters_are_found_outside_of_quotes),
		cmocka_unit_test(mistakes_are_counted_as_people_make_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
