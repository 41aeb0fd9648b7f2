/*
 * What is said about texts that are no JSON, what strings become, and what limits
 * and failing memory do.
 */
#include <hostkit/json.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include "base/array.h"
#include "base/cleanup.h"
#include "base/torture.h"

/* Text that may hold NUL bytes. */
#define TEXT(literal)                                                                    \
	{                                                                                \
		literal, sizeof(literal) - 1                                             \
	}

typedef struct sample {
	const char *bytes;
	size_t length;
} sample;

static hk_json_document *new_document(const hk_json_opts *opts)
{
	hk_json_document *document = NULL;

	assert_int_equal(0, hk_json_document_new(&document, opts));
	return document;
}

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

static void every_beginning_of_a_text_is_refused(void **state)
{
	static const char whole[] =
	    "{\"a\":[1.5e3,-2,true,null,\"\\u00e9\\ud83d\\ude00\xc3\xa9\"],\"b\":{}}";
	hk_json_document *document = new_document(NULL);
	size_t length = sizeof(whole) - 1;

	(void) state;
	for (size_t i = 0; i < length; i++) {
		assert_int_equal(HK_EPARSE, parse_exactly(document, whole, i));
		assert_true(hk_json_document_error(document)->offset <= i);
	}
	assert_int_equal(0, parse_exactly(document, whole, length));
	hk_json_document_free(document);
}

static void an_error_has_its_place_and_reason(void **state)
{
	static const struct {
		const char *text;
		size_t line, column, offset;
		const char *reason;
	} cases[] = {
		{ "", 1, 1, 0, "there is nothing in it" },
		{ " \n ", 2, 2, 3, "there is nothing in it" },
		{ "[1,\n 2,\n x]", 3, 2, 9, "a value is expected here" },
		{ "{\"a\":1,\n\"a\":2}", 2, 1, 8,
		    "the object has a member of this name already" },
		{ "{\"a\":1,}", 1, 8, 7, "no comma goes before the closing brace" },
		{ "[1,]", 1, 4, 3, "no comma goes before the closing bracket" },
		{ "{a:1}", 1, 2, 1, "a member begins with its name in double quotes" },
		{ "{\"a\" 1}", 1, 6, 5, "a colon is expected after a member's name" },
		{ "[1 2]", 1, 4, 3, "a comma or ] is expected after an element" },
		{ "{\"a\":1]", 1, 7, 6, "a comma or } is expected after a member" },
		{ "[1", 1, 3, 2, "the text ends before its value is complete" },
		{ "\"ab", 1, 4, 3, "the text ends before its value is complete" },
		{ "{}\n\n x", 3, 2, 5, "there is more behind the end of the value" },
		{ "[007]", 1, 2, 1, "a number does not begin with 0" },
		{ "[1.x]", 1, 4, 3, "a digit is expected here" },
		{ "\"a\nb\"", 1, 3, 2,
		    "a string ends on the line it begins on; a line feed in it is \\n" },
		{ "\"\t\"", 1, 2, 1, "a control character in a string must be escaped" },
		{ "\"ab\\x\"", 1, 4, 3, "there is no such escape" },
		{ "\"\\u12x4\"", 1, 4, 3,
		    "four hexadecimal digits are expected after \\u" },
		{ "\"ab\\ud800\"", 1, 4, 3,
		    "a surrogate stands alone; a character beyond U+FFFF is a pair of "
		    "them" },
		{ "\"ab\xc3(\"", 1, 4, 3, "this is not UTF-8" },
		{ "[True]", 1, 2, 1, "a value is expected here" },
		{ "[nil]", 1, 2, 1,
		    "no such word: true, false and null are written in full and small "
		    "letters" },
		{ "\xef\xbb\xbf{}", 1, 1, 0,
		    "JSON does not begin with a byte order mark; remove the first three "
		    "bytes" },
	};
	hk_json_document *document = new_document(NULL);

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		const hk_json_error *error;

		assert_int_equal(HK_EPARSE,
		    parse_exactly(document, cases[i].text, strlen(cases[i].text)));
		error = hk_json_document_error(document);
		assert_string_equal(cases[i].reason, error->reason);
		assert_int_equal(cases[i].line, error->line);
		assert_int_equal(cases[i].column, error->column);
		assert_int_equal(cases[i].offset, error->offset);
	}
	hk_json_document_free(document);
}

static void strings_come_unescaped_and_terminated(void **state)
{
	static const struct {
		const char *text;
		sample value;
	} cases[] = {
		{ "\"\"", TEXT("") },
		{ "\"plain\"", TEXT("plain") },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", TEXT("\"\\/\b\f\n\r\t") },
		{ "\"a\\u0000b\"", TEXT("a\0b") },
		{ "\"\\u0041\\u00df\\u20ac\\uD834\\udd1e!\"",
		    TEXT("A\xc3\x9f\xe2\x82\xac\xf0\x9d\x84\x9e!") },
		{ "\"gr\xc3\xbc\xc3\x9f"
		  "e \\n und \xf0\x9f\x98\x80\"",
		    TEXT("gr\xc3\xbc\xc3\x9f"
			 "e \n und \xf0\x9f\x98\x80") },
		{ "\"0123456789abcdef\\n0123456789abcdef\\n0123456789abcdef\"",
		    TEXT("0123456789abcdef\n0123456789abcdef\n0123456789abcdef") },
	};
	hk_json_document *document = new_document(NULL);

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		const char *value;
		size_t length = 99;

		assert_int_equal(
		    0, parse_exactly(document, cases[i].text, strlen(cases[i].text)));
		value = hk_json_get_string(hk_json_root(document), &length);
		assert_non_null(value);
		assert_int_equal(cases[i].value.length, length);
		assert_memory_equal(cases[i].value.bytes, value, length);
		assert_int_equal('\0', value[length]);
	}
	hk_json_document_free(document);
}

/* [[[…]]], open @depth times. */
static char *nested(size_t depth, bool closed)
{
	char *text = malloc(2 * depth + 1);

	assert_non_null(text);
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	text[closed ? 2 * depth : depth] = '\0';
	return text;
}

static void depth_has_a_limit(void **state)
{
	hk_json_opts opts = HK_JSON_OPTS_INIT;
	hk_json_document *document;
	char *text;

	(void) state;
	for (unsigned int limit = 1; limit <= HK_JSON_DEPTH_MAX; limit += 127) {
		opts.depth_max = limit;
		document = new_document(&opts);
		text = nested(limit, true);
		assert_int_equal(0, hk_json_parse(document, text, strlen(text)));
		free(text);
		text = nested(limit + 1, true);
		assert_int_equal(HK_ELIMIT, hk_json_parse(document, text, strlen(text)));
		assert_int_equal(limit, hk_json_document_error(document)->offset);
		assert_string_equal("arrays and objects are nested deeper than allowed",
		    hk_json_document_error(document)->reason);
		free(text);
		hk_json_document_free(document);
	}
	document = new_document(NULL);
	text = nested(10000, false);
	assert_int_equal(HK_ELIMIT, hk_json_parse(document, text, strlen(text)));
	free(text);
	hk_json_document_free(document);
}

static void length_has_a_limit(void **state)
{
	hk_json_opts opts = HK_JSON_OPTS_INIT;
	hk_json_document *document;

	(void) state;
	opts.length_max = 4;
	document = new_document(&opts);
	assert_int_equal(0, hk_json_parse(document, "1234", 4));
	assert_int_equal(HK_ELIMIT, hk_json_parse(document, "12345", 5));
	assert_int_equal(4, hk_json_document_error(document)->offset);
	assert_string_equal(
	    "the text is longer than allowed", hk_json_document_error(document)->reason);
	assert_null(hk_json_root(document));
	hk_json_document_free(document);
}

static void options_are_checked(void **state)
{
	hk_json_document *document = NULL;
	hk_json_opts opts = HK_JSON_OPTS_INIT;

	(void) state;
	opts.depth_max = HK_JSON_DEPTH_MAX + 1;
	assert_int_equal(-EINVAL, hk_json_document_new(&document, &opts));
	opts = (hk_json_opts) HK_JSON_OPTS_INIT;
	opts.length_max = HK_JSON_LENGTH_MAX + 1;
	assert_int_equal(-EINVAL, hk_json_document_new(&document, &opts));
	opts = (hk_json_opts) HK_JSON_OPTS_INIT;
	opts.duplicates = (hk_json_duplicates) 3;
	assert_int_equal(-EINVAL, hk_json_document_new(&document, &opts));
	opts = (hk_json_opts) HK_JSON_OPTS_INIT;
	opts.size = 0;
	assert_int_equal(-EINVAL, hk_json_document_new(&document, &opts));
	assert_null(document);
	hk_json_document_free(NULL);
}

static size_t allocations;

static void *count_reallocate(void *block, size_t bytes, void *user)
{
	(void) user;
	allocations++;
	return realloc(block, bytes);
}

static void count_release(void *block, void *user)
{
	(void) user;
	free(block);
}

static void steady_state_allocates_nothing(void **state)
{
	static const char large[] =
	    "{\"list\":[1,2,3,{\"a\":\"b\\n\"}],\"text\":\"0123456789 \\u20ac\","
	    "\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,"
	    "\"j\":10,\"k\":11,\"l\":12,\"m\":13,\"n\":14,\"o\":15,\"p\":16}";
	hk_allocator counting = HK_ALLOCATOR_INIT;
	hk_json_document *document;

	(void) state;
	counting.reallocate = count_reallocate;
	counting.release = count_release;
	assert_int_equal(0, hk_allocator_set(&counting));
	document = new_document(NULL);
	assert_int_equal(0, hk_json_parse(document, large, sizeof(large) - 1));
	allocations = 0;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(0, hk_json_parse(document, large, sizeof(large) - 1));
		assert_int_equal(0, hk_json_parse(document, "[1]", 3));
		assert_int_equal(HK_EPARSE, hk_json_parse(document, large, 90));
	}
	assert_int_equal(0, allocations);
	hk_json_document_free(document);
	assert_int_equal(0, hk_allocator_set(NULL));
}

static int read_large(void *user)
{
	hk_json_document *document = NULL;
	const char *text = user;
	int r;

	r = hk_json_document_new(&document, NULL);
	if (r < 0)
		return r;
	r = hk_json_parse(document, text, strlen(text));
	if (r < 0) {
		assert_int_equal(-ENOMEM, r);
		assert_int_equal(-ENOMEM, hk_json_document_error(document)->code);
		assert_null(hk_json_root(document));
		/* The document is as good as before. */
		if (hk_json_parse(document, "[]", 2) == 0)
			assert_non_null(hk_json_root(document));
	}
	hk_json_document_free(document);
	return r;
}

static void running_out_of_memory_is_an_ordinary_error(void **state)
{
	char text[20000];
	size_t at = 0;

	(void) state;
	text[at++] = '{';
	for (int i = 0; i < 500; i++)
		at +=
		    (size_t) sprintf(text + at, "%s\"k%d\":[%d,{}]", i ? "," : "", i, i);
	strcpy(text + at, "}");
	assert_true(hki_torture(read_large, text) >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_beginning_of_a_text_is_refused),
		cmocka_unit_test(an_error_has_its_place_and_reason),
		cmocka_unit_test(strings_come_unescaped_and_terminated),
		cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(length_has_a_limit),
		cmocka_unit_test(options_are_checked),
		cmocka_unit_test(steady_state_allocates_nothing),
		cmocka_unit_test(running_out_of_memory_is_an_ordinary_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
