/*
 * Documents written again: the forms people see, and what sorting does.
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
#include "base/torture.h"

static hk_json_document *parse(const char *text)
{
	hk_json_opts opts = HK_JSON_OPTS_INIT;
	hk_json_document *document = NULL;

	opts.duplicates = HK_JSON_DUPLICATES_LAST;
	assert_int_equal(0, hk_json_document_new(&document, &opts));
	assert_int_equal(0, hk_json_parse(document, text, strlen(text)));
	return document;
}

static void expect(
    const char *expected, const char *text, unsigned int indent, bool sorted)
{
	hk_json_document *document = parse(text);
	hk_json_writer *writer = NULL;

	assert_int_equal(0, hk_json_writer_new(&writer, indent));
	if (sorted)
		hk_json_write_sorted(writer, hk_json_root(document));
	else
		hk_json_write_value(writer, hk_json_root(document));
	assert_non_null(hk_json_writer_text(writer, NULL));
	assert_string_equal(expected, hk_json_writer_text(writer, NULL));
	hk_json_writer_free(writer);
	hk_json_document_free(document);
}

static void a_document_is_written_compact_or_indented(void **state)
{
	static const char text[] = " { \"b\" : [ 1.50 , [ ] , { } ] ,\n\"a\" : null } ";

	(void) state;
	expect("{\"b\":[1.50,[],{}],\"a\":null}", text, 0, false);
	expect("{\n  \"b\": [\n    1.50,\n    [],\n    {}\n  ],\n  \"a\": null\n}", text,
	    2, false);
	expect("true", "true", 4, false);
}

static void numbers_stay_as_they_were_written(void **state)
{
	static const char text[] = "[-0,1.0,1E+2,0.1e-7,123456789012345678901234567890,"
				   "1e999,3.14159265358979323846264338327950288]";

	(void) state;
	expect(text, text, 0, false);
}

static void strings_take_their_shortest_form(void **state)
{
	(void) state;
	expect("[\"A/\",\"\\n\xc3\xa9\xf0\x9f\x98\x80\",\"\\u0000\x7f\"]",
	    "[\"\\u0041\\/\",\"\\u000a\\u00e9\\ud83d\\ude00\",\"\\u0000\\u007F\"]", 0,
	    false);
}

static void members_can_be_sorted_by_the_bytes_of_their_keys(void **state)
{
	(void) state;
	expect("{\"\":0,\"A\":[{\"x\":1,\"y\":2}],\"a\":1,\"a\\u0000\":2,\"ab\":3,"
	       "\"b\":{\"c\":4,\"d\":5},\"\xc3\xa9\":6}",
	    "{\"\xc3\xa9\":6,\"ab\":3,\"b\":{\"d\":5,\"c\":4},\"a\\u0000\":2,\"\":0,"
	    "\"a\":1,"
	    "\"A\":[{\"y\":2,\"x\":1}]}",
	    0, true);
}

static void replaced_members_are_not_written(void **state)
{
	static const char text[] = "{\"b\":1,\"a\":2,\"b\":3}";

	(void) state;
	expect("{\"a\":2,\"b\":3}", text, 0, false);
	expect("{\"a\":2,\"b\":3}", text, 0, true);
}

static void a_part_of_a_document_goes_into_another(void **state)
{
	hk_json_document *document = parse("{\"params\":{\"x\":[1,2]}}");
	hk_json_writer *writer = NULL;

	(void) state;
	assert_int_equal(0, hk_json_writer_new(&writer, 0));
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "result");
	hk_json_write_value(writer, hk_json_at(hk_json_root(document), "params.x"));
	hk_json_write_key(writer, "absent");
	hk_json_write_value(writer, hk_json_at(hk_json_root(document), "params.y"));
	hk_json_write_key(writer, "raw");
	hk_json_write_raw(writer, "[ 1 ]", 5);
	hk_json_write_key_length(writer, "n\0l", 3);
	hk_json_write_sorted(writer, NULL);
	hk_json_write_object_end(writer);
	assert_string_equal(
	    "{\"result\":[1,2],\"absent\":null,\"raw\":[ 1 ],\"n\\u0000l\":null}",
	    hk_json_writer_text(writer, NULL));
	hk_json_writer_free(writer);
	hk_json_document_free(document);
}

static void a_value_in_the_wrong_place_fails_like_any_other(void **state)
{
	hk_json_document *document = parse("[1]");
	hk_json_writer *writer = NULL;

	(void) state;
	assert_int_equal(0, hk_json_writer_new(&writer, 0));
	hk_json_write_object_begin(writer);
	hk_json_write_value(writer, hk_json_root(document));
	assert_int_equal(-EINVAL, hk_json_writer_error(writer));
	hk_json_writer_reset(writer);
	for (int i = 0; i < HK_JSON_DEPTH_MAX; i++)
		hk_json_write_array_begin(writer);
	hk_json_write_value(writer, hk_json_root(document));
	assert_int_equal(HK_ELIMIT, hk_json_writer_error(writer));
	hk_json_writer_free(writer);
	hk_json_document_free(document);
}

static void the_deepest_document_can_be_written(void **state)
{
	char text[2 * HK_JSON_DEPTH_MAX + 1] = { 0 };

	(void) state;
	memset(text, '[', HK_JSON_DEPTH_MAX);
	memset(text + HK_JSON_DEPTH_MAX, ']', HK_JSON_DEPTH_MAX);
	expect(text, text, 0, true);
}

static int write_sorted(void *user)
{
	hk_json_writer *writer = NULL;
	int r = hk_json_writer_new(&writer, 2);

	if (r < 0)
		return r;
	hk_json_write_sorted(writer, hk_json_root(user));
	r = hk_json_writer_error(writer);
	assert_true((hk_json_writer_text(writer, NULL) != NULL) == (r == 0));
	hk_json_writer_free(writer);
	return r;
}

static void running_out_of_memory_is_an_ordinary_error(void **state)
{
	hk_json_document *document =
	    parse("{\"b\":{\"d\":1,\"c\":2},\"a\":[{\"f\":1,\"e\":2}]}");

	(void) state;
	assert_true(hki_torture(write_sorted, document) >= 4);
	hk_json_document_free(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_is_written_compact_or_indented),
		cmocka_unit_test(numbers_stay_as_they_were_written),
		cmocka_unit_test(strings_take_their_shortest_form),
		cmocka_unit_test(members_can_be_sorted_by_the_bytes_of_their_keys),
		cmocka_unit_test(replaced_members_are_not_written),
		cmocka_unit_test(a_part_of_a_document_goes_into_another),
		cmocka_unit_test(a_value_in_the_wrong_place_fails_like_any_other),
		cmocka_unit_test(the_deepest_document_can_be_written),
		cmocka_unit_test(running_out_of_memory_is_an_ordinary_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
