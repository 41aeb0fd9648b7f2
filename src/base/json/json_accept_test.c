/*
 * What is JSON and what is not, class by class.
 */
#include <hostkit/json.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include "base/array.h"

/* Text that may hold NUL bytes. */
typedef struct sample {
	const char *bytes;
	size_t length;
} sample;

/* clang-format off */
#define TEXT(literal) { literal, sizeof(literal) - 1 }

static const sample accepted[] = {
	/* any value is a text */
	TEXT("null"), TEXT("true"), TEXT("false"), TEXT("0"), TEXT("\"\""),
	TEXT("[]"), TEXT("{}"),
	/* white space is four characters */
	TEXT(" \t\r\n1\n\r\t "), TEXT("[ ]"), TEXT("{\n}"),
	TEXT("{ \"a\" : 1 , \"b\" : [ 1 , 2 ] }"),
	TEXT("                                        1"),
	/* numbers */
	TEXT("-0"), TEXT("-1"), TEXT("10"), TEXT("1.0"), TEXT("0.5"),
	TEXT("-0.0"), TEXT("1e5"), TEXT("1E5"), TEXT("1e+5"), TEXT("1e-5"),
	TEXT("1.25e007"), TEXT("0e0"), TEXT("0e+1"), TEXT("-0e-1"),
	TEXT("123456789012345678901234567890"), TEXT("1e400"), TEXT("1e-400"),
	TEXT("1.00000000000000000000000000000000000000000000000000000001"),
	/* strings */
	TEXT("\"a\""), TEXT("\" \""), TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
	TEXT("\"\\u0041\\u00e9\\u20AC\""), TEXT("\"\\ud83d\\ude00\""),
	TEXT("\"\\uD83D\\uDE00\""), TEXT("\"\\u0000\""), TEXT("\"\x7f\""),
	TEXT("\"/*no comment*/\""), TEXT("\"\\\\u0000\""),
	TEXT("\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f" "\xbf\xbf\""),
	TEXT("\"\xed\x9f\xbf\xee\x80\x80\""), TEXT("\"\\uffff\\ufdd0\""),
	TEXT("\"\xe2\x80\xa8\xe2\x80\xa9\""), TEXT("\"\xef\xbb\xbf\""),
	TEXT("\"0123456789abcdef0123456789abcdef\""),
	/* containers */
	TEXT("[[]]"), TEXT("[{}]"), TEXT("{\"\":0}"),
	TEXT("{\"a\":{\"a\":{}}}"), TEXT("[1,\"a\",null,[],{}]"),
	TEXT("{\"a\":1,\"b\":1,\"aa\":1,\"A\":1}"),
	TEXT("{\"a\":[{\"a\":1},{\"a\":1}]}"), TEXT("{\"\\u0000\":1,\"\":2}"),
};

static const sample refused[] = {
	/* nothing, or too much */
	TEXT(""), TEXT(" "), TEXT("1 2"), TEXT("1,"), TEXT("[]]"), TEXT("{}}"),
	TEXT("[][]"), TEXT("\"\"\"\""), TEXT("1\0"), TEXT("\0"), TEXT("{}\0"),
	TEXT("]"), TEXT("}"), TEXT(","), TEXT(":"), TEXT("[1]x"), TEXT("{}#"),
	/* words */
	TEXT("nul"), TEXT("nulll"), TEXT("True"), TEXT("TRUE"), TEXT("tru"),
	TEXT("fals"), TEXT("undefined"), TEXT("NaN"), TEXT("Infinity"),
	TEXT("-Infinity"), TEXT("[truefalse]"), TEXT("[nul]"), TEXT("falsey"),
	/* numbers */
	TEXT("-"), TEXT("+1"), TEXT("01"), TEXT("-01"), TEXT("00"), TEXT("1."),
	TEXT(".5"), TEXT("-.5"), TEXT("1.e1"), TEXT("1e"), TEXT("1e+"),
	TEXT("1e1.5"), TEXT("1ee1"), TEXT("1-1"), TEXT("--1"), TEXT("0x10"),
	TEXT("1_000"), TEXT("1 000"), TEXT("1,5"), TEXT("1a"), TEXT("0."),
	TEXT("0.e1"), TEXT("[-]"), TEXT("[1.]"), TEXT("[0e]"), TEXT("1/2"),
	TEXT("\xef\xbc\x91"),
	/* strings */
	TEXT("\""), TEXT("\"a"), TEXT("\"\\\""), TEXT("'a'"), TEXT("\"\n\""),
	TEXT("\"\t\""), TEXT("\"\0\""), TEXT("\"\x1f\""), TEXT("\"\\x41\""),
	TEXT("\"\\u12\""), TEXT("\"\\u123g\""), TEXT("\"\\U0041\""),
	TEXT("\"\\'\""), TEXT("\"\\a\""), TEXT("\"\\0\""), TEXT("\"\\\n\""),
	TEXT("\"\\u\""), TEXT("\"\\u 041\""), TEXT("\"\\u+041\""), TEXT("a"),
	TEXT("\"\\"), TEXT("\"\\u004"), TEXT("\"\\\xc3\xa9\""),
	/* surrogates */
	TEXT("\"\\ud800\""), TEXT("\"\\udc00\""), TEXT("\"\\ude00\\ud83d\""),
	TEXT("\"\\ud83d\\ud83d\""), TEXT("\"\\ud83dx\""),
	TEXT("\"\\ud83d\\n\""), TEXT("\"\\ud83d\\u0041\""),
	TEXT("\"\\ud83d\\u\""),
	TEXT("\"\\udc00\\udc00\""), TEXT("\"\\ud83d\\ue000\""), TEXT("\"\\ud83d"), TEXT("\"\\ud83d\\ude0\""),
	/* UTF-8 */
	TEXT("\"\x80\""), TEXT("\"\xff\""), TEXT("\"\xc0\x80\""),
	TEXT("\"\xc1\xbf\""), TEXT("\"\xe0\x80\x80\""),
	TEXT("\"\xe0\x9f\xbf\""), TEXT("\"\xed\xa0\x80\""),
	TEXT("\"\xed\xbf\xbf\""), TEXT("\"\xf0\x80\x80\x80\""),
	TEXT("\"\xf0\x8f\xbf\xbf\""), TEXT("\"\xf4\x90\x80\x80\""),
	TEXT("\"\xf5\x80\x80\x80\""), TEXT("\"\xc3\""), TEXT("\"\xe2\x82\""),
	TEXT("\"\xf0\x9f\x98\""), TEXT("\"\xc3"), TEXT("\"\xfe\xfe\xff\xff\""),
	TEXT("\xc3\xa9"), TEXT("\xef\xbb\xbf[]"), TEXT("[]\xef\xbb\xbf"),
	/* UTF-16, which some send */
	TEXT("[\0]\0"), TEXT("\xff\xfe[\0]\0"), TEXT("\0[\0]"),
	/* arrays */
	TEXT("["), TEXT("[1"), TEXT("[1,"), TEXT("[1,]"), TEXT("[,1]"),
	TEXT("[,]"), TEXT("[1,,2]"), TEXT("[1 2]"), TEXT("[1}"), TEXT("[1:2]"),
	TEXT("[\"a\":1]"), TEXT("[(1)]"), TEXT("[1;2]"), TEXT("[..."),
	/* objects */
	TEXT("{"), TEXT("{\"a\""), TEXT("{\"a\":"), TEXT("{\"a\":1"),
	TEXT("{\"a\":1,"), TEXT("{\"a\":1,}"), TEXT("{,\"a\":1}"),
	TEXT("{\"a\"}"), TEXT("{\"a\":}"), TEXT("{\"a\" 1}"), TEXT("{a:1}"),
	TEXT("{'a':1}"), TEXT("{1:1}"), TEXT("{null:1}"),
	TEXT("{\"a\":1 \"b\":2}"), TEXT("{\"a\"::1}"),
	TEXT("{\"a\":1,,\"b\":2}"), TEXT("{\"a\":1]"), TEXT("{[]:1}"),
	TEXT("{\"a\",\"b\"}"), TEXT("{:1}"), TEXT("{\"a\":1:2}"),
	TEXT("{\"a\"=1}"), TEXT("{\"a\":\"b\"/**/}"),
	/* white space JSON does not know, and comments */
	TEXT("\x0b" "1"), TEXT("\x0c" "1"), TEXT("[\xc2\xa0]"),
	TEXT("[\xe2\x80\xa8]"), TEXT("\x1e{}"), TEXT("// a\n1"), TEXT("/**/1"),
	TEXT("# a\n1"), TEXT("1 // a"), TEXT("\\u0020" "1"), TEXT("[1]\x1a"),
};

/* clang-format on */

/* In a block of exactly its size, so that a sanitizer sees a read past the end. */
static int parse_exactly(hk_json_document *document, const char *bytes, size_t length)
{
	char *exact = malloc(length > 0 ? length : 1);
	int r;

	assert_non_null(exact);
	memcpy(exact, bytes, length);
	r = hk_json_parse(document, exact, length);
	free(exact);
	return r;
}

static void all_forms_of_values_are_read(void **state)
{
	hk_json_document *document = NULL;

	(void) state;
	assert_int_equal(0, hk_json_document_new(&document, NULL));
	for (size_t i = 0; i < HKI_COUNT(accepted); i++) {
		int r = parse_exactly(document, accepted[i].bytes, accepted[i].length);

		if (r != 0)
			fail_msg("%s: %s", accepted[i].bytes,
			    hk_json_document_error(document)->reason);
		assert_non_null(hk_json_root(document));
		assert_null(hk_json_document_error(document));
	}
	hk_json_document_free(document);
}

static void what_is_not_json_is_refused(void **state)
{
	hk_json_document *document = NULL;

	(void) state;
	assert_int_equal(0, hk_json_document_new(&document, NULL));
	for (size_t i = 0; i < HKI_COUNT(refused); i++) {
		const hk_json_error *error;

		if (parse_exactly(document, refused[i].bytes, refused[i].length) !=
		    HK_EPARSE)
			fail_msg("number %zu is accepted: %s", i, refused[i].bytes);
		error = hk_json_document_error(document);
		assert_non_null(error);
		assert_int_equal(HK_EPARSE, error->code);
		assert_true(error->offset <= refused[i].length);
		assert_true(error->line >= 1 && error->column >= 1);
		assert_null(hk_json_root(document));
	}
	hk_json_document_free(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms_of_values_are_read),
		cmocka_unit_test(what_is_not_json_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
