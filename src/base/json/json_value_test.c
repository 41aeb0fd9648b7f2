/*
 * Reaching into documents: members, elements, paths, walks, keys named twice.
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

static hk_json_document *parse_with(const char *text, hk_json_duplicates duplicates)
{
	hk_json_opts opts = HK_JSON_OPTS_INIT;
	hk_json_document *document = NULL;

	opts.duplicates = duplicates;
	assert_int_equal(0, hk_json_document_new(&document, &opts));
	assert_int_equal(0, hk_json_parse(document, text, strlen(text)));
	return document;
}

static hk_json_document *parse(const char *text)
{
	return parse_with(text, HK_JSON_DUPLICATES_REFUSE);
}

static int64_t int64_of(const hk_json *value)
{
	int64_t number = -1;

	assert_int_equal(0, hk_json_get_int64(&number, value));
	return number;
}

static void every_value_has_its_kind(void **state)
{
	hk_json_document *document = parse("[null,true,false,0,\"\",[],{}]");
	static const hk_json_kind kinds[] = { HK_JSON_NULL, HK_JSON_BOOL, HK_JSON_BOOL,
		HK_JSON_NUMBER, HK_JSON_STRING, HK_JSON_ARRAY, HK_JSON_OBJECT,
		HK_JSON_ABSENT };
	bool truth = false;

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(kinds); i++)
		assert_int_equal(kinds[i],
		    hk_json_kind_of(hk_json_element(hk_json_root(document), i)));
	assert_int_equal(
	    0, hk_json_get_bool(&truth, hk_json_at(hk_json_root(document), "[1]")));
	assert_true(truth);
	assert_int_equal(
	    0, hk_json_get_bool(&truth, hk_json_at(hk_json_root(document), "[2]")));
	assert_false(truth);
	hk_json_document_free(document);
}

static void what_is_absent_is_never_touched(void **state)
{
	hk_json_document *document = parse("{\"text\":\"a\",\"number\":1}");
	const hk_json *text = hk_json_member(hk_json_root(document), "text");
	const hk_json *number = hk_json_member(hk_json_root(document), "number");
	hk_json_iterator each = hk_json_iterate(NULL);
	uint64_t whole = 7;
	int64_t signed_whole = 7;
	double real = 7;
	bool truth = true;

	(void) state;
	assert_int_equal(HK_JSON_ABSENT, hk_json_kind_of(NULL));
	assert_int_equal(-ENOENT, hk_json_get_bool(&truth, NULL));
	assert_int_equal(-ENOENT, hk_json_get_int64(&signed_whole, NULL));
	assert_int_equal(-ENOENT, hk_json_get_uint64(&whole, NULL));
	assert_int_equal(-ENOENT, hk_json_get_double(&real, NULL));
	assert_int_equal(-EINVAL, hk_json_get_bool(&truth, number));
	assert_int_equal(-EINVAL, hk_json_get_int64(&signed_whole, text));
	assert_int_equal(-EINVAL, hk_json_get_uint64(&whole, text));
	assert_int_equal(-EINVAL, hk_json_get_double(&real, text));
	assert_true(truth);
	assert_int_equal(7, whole);
	assert_int_equal(7, signed_whole);
	assert_true(real == 7);
	assert_null(hk_json_get_string(NULL, NULL));
	assert_null(hk_json_get_string(number, NULL));
	assert_null(hk_json_get_number_text(text, NULL));
	assert_false(hk_json_is_string(NULL, ""));
	assert_false(hk_json_is_string(number, "1"));
	assert_true(hk_json_is_string(text, "a"));
	assert_int_equal(0, hk_json_count(NULL));
	assert_int_equal(0, hk_json_count(text));
	assert_null(hk_json_member(NULL, "a"));
	assert_null(hk_json_member(text, "a"));
	assert_null(hk_json_element(NULL, 0));
	assert_null(hk_json_element(hk_json_root(document), 0));
	assert_null(hk_json_at(NULL, ""));
	assert_null(hk_json_next(&each));
	each = hk_json_iterate(text);
	assert_null(hk_json_next(&each));
	hk_json_document_free(document);
}

static void elements_are_found_whatever_they_hold(void **state)
{
	hk_json_document *flat = parse("[0,1,2,3]");
	hk_json_document *deep = parse("[[0],{\"a\":[1,2]},[[],[[]]],3,[4,4],5]");

	(void) state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(i, int64_of(hk_json_element(hk_json_root(flat), i)));
	assert_null(hk_json_element(hk_json_root(flat), 4));
	assert_null(hk_json_element(hk_json_root(flat), SIZE_MAX));
	assert_int_equal(6, hk_json_count(hk_json_root(deep)));
	assert_int_equal(3, int64_of(hk_json_element(hk_json_root(deep), 3)));
	assert_int_equal(5, int64_of(hk_json_element(hk_json_root(deep), 5)));
	hk_json_document_free(flat);
	hk_json_document_free(deep);
}

static void paths_lead_to_values(void **state)
{
	static const struct {
		const char *path;
		int64_t value; /* -1: there is nothing */
	} cases[] = {
		{ "a", 1 },
		{ "b.c", 2 },
		{ "b.d[0]", 3 },
		{ "b.d[2].e", 4 },
		{ "b.d[1][0]", 5 },
		{ "[\"a\"]", 1 },
		{ "[\"x.y\"]", 6 },
		{ "[\"x.y[0]\"]", 7 },
		{ "b[\"c\"]", 2 },
		{ "b[\"d\"][0]", 3 },
		{ "[\"\"]", 8 },
		{ "b.c.d", -1 },
		{ "c", -1 },
		{ "b.d[3]", -1 },
		{ "b.d[18446744073709551616]", -1 },
		{ "b.d[-1]", -1 },
		{ "b.d[]", -1 },
		{ "b.d[0", -1 },
		{ "b.d[0]e", -1 },
		{ "b.d.[0]", -1 },
		{ ".a", -1 },
		{ "a.", -1 },
		{ "b..c", -1 },
		{ "[\"a", -1 },
		{ "[\"a\"", -1 },
		{ "[a]", -1 },
		{ "[0]", -1 },
		{ "b.d.c", -1 },
	};
	hk_json_document *document =
	    parse("{\"a\":1,\"b\":{\"c\":2,\"d\":[3,[5],{\"e\":4}]},\"x.y\":6,"
		  "\"x.y[0]\":7,\"\":8}");
	const hk_json *root = hk_json_root(document);

	(void) state;
	assert_ptr_equal(root, hk_json_at(root, ""));
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		const hk_json *value = hk_json_at(root, cases[i].path);

		if ((value != NULL) != (cases[i].value >= 0))
			fail_msg("%s leads %s", cases[i].path,
			    value != NULL ? "somewhere" : "nowhere");
		if (value != NULL)
			assert_int_equal(cases[i].value, int64_of(value));
	}
	hk_json_document_free(document);
}

static void a_walk_sees_everything_in_order(void **state)
{
	hk_json_document *document =
	    parse("{\"z\":[1,[9],2],\"a\":{\"b\":3},\"\":4,\"n\\u0000\":5}");
	static const char *const keys[] = { "z", "a", "", "n" };
	static const size_t lengths[] = { 1, 1, 0, 2 };
	hk_json_iterator each = hk_json_iterate(hk_json_root(document));
	const hk_json *value;
	size_t seen = 0;

	(void) state;
	while ((value = hk_json_next(&each)) != NULL) {
		assert_string_equal(keys[seen], each.key);
		assert_int_equal(lengths[seen], each.key_length);
		assert_ptr_equal(value, hk_json_member_length(hk_json_root(document),
					    keys[seen], lengths[seen]));
		seen++;
	}
	assert_int_equal(4, seen);
	assert_null(hk_json_next(&each));
	assert_null(each.key);

	each = hk_json_iterate(hk_json_at(hk_json_root(document), "z"));
	for (seen = 0; (value = hk_json_next(&each)) != NULL; seen++) {
		assert_null(each.key);
		assert_ptr_equal(value,
		    hk_json_element(hk_json_at(hk_json_root(document), "z"), seen));
	}
	assert_int_equal(3, seen);
	hk_json_document_free(document);
}

static void a_name_twice_is_an_error_unless_asked_otherwise(void **state)
{
	static const char *const texts[] = {
		"{\"a\":1,\"a\":2}",
		"{\"a\":1,\"b\":2,\"\\u0061\":3}",
		"[{\"x\":{\"\":1,\"\":2}}]",
		"{\"long name of a member\":1,\"b\":{},\"long name of a member\":2}",
		"{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":"
		"9,"
		"\"j\":10,\"k\":11,\"l\":12,\"m\":13,\"n\":14,\"o\":15,\"p\":16,\"q\":17,"
		"\"a\":18}",
	};
	hk_json_document *document = NULL;

	(void) state;
	assert_int_equal(0, hk_json_document_new(&document, NULL));
	for (size_t i = 0; i < HKI_COUNT(texts); i++) {
		assert_int_equal(
		    HK_EPARSE, hk_json_parse(document, texts[i], strlen(texts[i])));
		assert_string_equal("the object has a member of this name already",
		    hk_json_document_error(document)->reason);
	}
	hk_json_document_free(document);
}

static void the_first_or_the_last_of_a_name_can_be_kept(void **state)
{
	static const char text[] =
	    "{\"a\":1,\"b\":[2],\"a\":3,\"c\":{\"a\":4},\"a\":5,\"b\":6}";
	hk_json_document *first = parse_with(text, HK_JSON_DUPLICATES_FIRST);
	hk_json_document *last = parse_with(text, HK_JSON_DUPLICATES_LAST);
	hk_json_iterator each = hk_json_iterate(hk_json_root(first));

	(void) state;
	assert_int_equal(3, hk_json_count(hk_json_root(first)));
	assert_int_equal(1, int64_of(hk_json_at(hk_json_root(first), "a")));
	assert_int_equal(2, int64_of(hk_json_at(hk_json_root(first), "b[0]")));
	assert_int_equal(4, int64_of(hk_json_at(hk_json_root(first), "c.a")));
	assert_non_null(hk_json_next(&each));
	assert_string_equal("a", each.key);
	assert_non_null(hk_json_next(&each));
	assert_string_equal("b", each.key);
	assert_non_null(hk_json_next(&each));
	assert_string_equal("c", each.key);
	assert_null(hk_json_next(&each));

	assert_int_equal(3, hk_json_count(hk_json_root(last)));
	assert_int_equal(5, int64_of(hk_json_at(hk_json_root(last), "a")));
	assert_int_equal(6, int64_of(hk_json_at(hk_json_root(last), "b")));
	each = hk_json_iterate(hk_json_root(last));
	assert_non_null(hk_json_next(&each));
	assert_string_equal("c", each.key);
	assert_int_equal(5, int64_of(hk_json_next(&each)));
	assert_int_equal(6, int64_of(hk_json_next(&each)));
	assert_null(hk_json_next(&each));
	hk_json_document_free(first);
	hk_json_document_free(last);
}

/* {"k0":0,"k1":[1],…} with each key twice if @twice. */
static char *many_members(unsigned int count, bool twice)
{
	char *text = malloc(64 * (count + 1) * 2);
	size_t at = 0;

	assert_non_null(text);
	text[at++] = '{';
	for (unsigned int i = 0; i < count * (twice ? 2 : 1); i++)
		at += (size_t) sprintf(text + at,
		    i % 3 == 0 ? "%s\"k%u\":[%u]" : "%s\"k%u\":%u", i > 0 ? "," : "",
		    i % count, i);
	text[at++] = '}';
	text[at] = '\0';
	return text;
}

static int64_t number_in(const hk_json *value)
{
	if (hk_json_kind_of(value) == HK_JSON_ARRAY)
		value = hk_json_element(value, 0);
	return int64_of(value);
}

static void large_objects_are_searched_by_index(void **state)
{
	static const unsigned int counts[] = { 1, 15, 16, 17, 31, 32, 33, 64, 1000,
		20000 };

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(counts); i++) {
		char *text = many_members(counts[i], false);
		hk_json_document *document = parse(text);
		hk_json_iterator each = hk_json_iterate(hk_json_root(document));
		const hk_json *value;
		unsigned int seen = 0;

		assert_int_equal(counts[i], hk_json_count(hk_json_root(document)));
		while ((value = hk_json_next(&each)) != NULL) {
			assert_ptr_equal(
			    value, hk_json_member(hk_json_root(document), each.key));
			assert_int_equal(seen++, number_in(value));
		}
		assert_int_equal(counts[i], seen);
		assert_null(hk_json_member(hk_json_root(document), "k"));
		assert_null(hk_json_member(hk_json_root(document), "k00"));
		hk_json_document_free(document);
		free(text);
	}
}

static void large_objects_settle_names_too(void **state)
{
	static const unsigned int counts[] = { 8, 9, 100, 3000 };

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(counts); i++) {
		char *text = many_members(counts[i], true);
		hk_json_document *first = parse_with(text, HK_JSON_DUPLICATES_FIRST);
		hk_json_document *last = parse_with(text, HK_JSON_DUPLICATES_LAST);

		assert_int_equal(counts[i], hk_json_count(hk_json_root(first)));
		assert_int_equal(counts[i], hk_json_count(hk_json_root(last)));
		for (unsigned int k = 0; k < counts[i]; k++) {
			char key[16];

			snprintf(key, sizeof(key), "k%u", k);
			assert_int_equal(
			    k, number_in(hk_json_member(hk_json_root(first), key)));
			assert_int_equal(k + counts[i],
			    number_in(hk_json_member(hk_json_root(last), key)));
		}
		hk_json_document_free(first);
		hk_json_document_free(last);
		free(text);
	}
}

static void what_follows_an_index_is_found(void **state)
{
	char *object = many_members(40, false);
	size_t size = strlen(object) * 3 + 64;
	char *text = malloc(size);
	hk_json_document *document;

	(void) state;
	assert_non_null(text);
	snprintf(text, size, "[%s,{\"a\":%s,\"b\":7},%s,8]", object, object, object);
	document = parse(text);
	assert_int_equal(8, int64_of(hk_json_at(hk_json_root(document), "[3]")));
	assert_int_equal(7, int64_of(hk_json_at(hk_json_root(document), "[1].b")));
	assert_int_equal(38, int64_of(hk_json_at(hk_json_root(document), "[1].a.k38")));
	assert_int_equal(37, int64_of(hk_json_at(hk_json_root(document), "[2].k37")));
	hk_json_document_free(document);
	free(object);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_has_its_kind),
		cmocka_unit_test(what_is_absent_is_never_touched),
		cmocka_unit_test(elements_are_found_whatever_they_hold),
		cmocka_unit_test(paths_lead_to_values),
		cmocka_unit_test(a_walk_sees_everything_in_order),
		cmocka_unit_test(a_name_twice_is_an_error_unless_asked_otherwise),
		cmocka_unit_test(the_first_or_the_last_of_a_name_can_be_kept),
		cmocka_unit_test(large_objects_are_searched_by_index),
		cmocka_unit_test(large_objects_settle_names_too),
		cmocka_unit_test(what_follows_an_index_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
