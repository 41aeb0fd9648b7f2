#include <hostkit/json.h>

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/random.h"
#include "base/torture.h"

static hk_json_writer *new_writer(unsigned int indent)
{
	hk_json_writer *writer = NULL;

	assert_int_equal(0, hk_json_writer_new(&writer, indent));
	return writer;
}

static void a_document_is_one_line_or_indented(void **state)
{
	static const char *const expected[] = {
		"{\"a\":1,\"b\":[true,null,{}],\"c\":[]}",
		"{\n  \"a\": 1,\n  \"b\": [\n    true,\n    null,\n    {}\n  ],\n  "
		"\"c\": []\n}",
	};

	(void) state;
	for (unsigned int i = 0; i < 2; i++) {
		hk_json_writer *writer = new_writer(2 * i);
		size_t length;

		hk_json_write_object_begin(writer);
		hk_json_write_key(writer, "a");
		hk_json_write_int64(writer, 1);
		hk_json_write_key(writer, "b");
		hk_json_write_array_begin(writer);
		hk_json_write_bool(writer, true);
		hk_json_write_null(writer);
		hk_json_write_object_begin(writer);
		hk_json_write_object_end(writer);
		hk_json_write_array_end(writer);
		hk_json_write_key(writer, "c");
		hk_json_write_array_begin(writer);
		hk_json_write_array_end(writer);
		assert_null(hk_json_writer_text(writer, NULL));
		hk_json_write_object_end(writer);
		assert_string_equal(expected[i], hk_json_writer_text(writer, &length));
		assert_int_equal(strlen(expected[i]), length);
		hk_json_writer_free(writer);
	}
}

static void any_value_can_be_the_document(void **state)
{
	hk_json_writer *writer = new_writer(0);

	(void) state;
	assert_null(hk_json_writer_text(writer, NULL));
	hk_json_write_uint64(writer, UINT64_MAX);
	assert_string_equal("18446744073709551615", hk_json_writer_text(writer, NULL));
	hk_json_writer_reset(writer);
	hk_json_write_int64(writer, INT64_MIN);
	assert_string_equal("-9223372036854775808", hk_json_writer_text(writer, NULL));
	hk_json_writer_reset(writer);
	hk_json_write_string(writer, NULL);
	assert_string_equal("null", hk_json_writer_text(writer, NULL));
	hk_json_writer_reset(writer);
	hk_json_write_string(writer, "");
	assert_string_equal("\"\"", hk_json_writer_text(writer, NULL));
	hk_json_writer_free(writer);
	hk_json_writer_free(NULL);
}

static void numbers_json_cannot_say_are_null(void **state)
{
	hk_json_writer *writer = new_writer(0);

	(void) state;
	hk_json_write_array_begin(writer);
	hk_json_write_double(writer, (double) NAN);
	hk_json_write_double(writer, (double) INFINITY);
	hk_json_write_decimal(writer, -(double) INFINITY, 2);
	hk_json_write_decimal(writer, 1.005, 2);
	hk_json_write_double(writer, 0.1);
	hk_json_write_array_end(writer);
	assert_string_equal("[null,null,null,1,0.1]", hk_json_writer_text(writer, NULL));
	hk_json_writer_free(writer);
}

static void strings_are_escaped_and_repaired(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		const char *written;
	} cases[] = {
		{ "a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\"" },
		{ "\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"" },
		{ "\x01\x1f\x7f", 3, "\"\\u0001\\u001f\x7f\"" },
		{ "a\0b", 3, "\"a\\u0000b\"" },
		{ "gr\xc3\xbc\xc3\x9f"
		  "e",
		    7,
		    "\"gr\xc3\xbc\xc3\x9f"
		    "e\"" },
		{ "\xf0\x9f\x98\x80", 4, "\"\xf0\x9f\x98\x80\"" },
		{ "x\xff\xfey", 4, "\"x\xef\xbf\xbd\xef\xbf\xbdy\"" },
		{ "\xe2\x82", 2, "\"\xef\xbf\xbd\"" },
		{ "\xef\xbf\xbd", 3, "\"\xef\xbf\xbd\"" },
	};

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		hk_json_writer *writer = new_writer(0);

		hk_json_write_string_length(writer, cases[i].text, cases[i].length);
		assert_string_equal(cases[i].written, hk_json_writer_text(writer, NULL));
		hk_json_writer_free(writer);
	}
}

static void bytes_that_are_no_text_are_given_exactly_too(void **state)
{
	hk_json_writer *writer = new_writer(0);

	(void) state;
	hk_json_write_object_begin(writer);
	hk_json_write_bytes(writer, "good", "text", 4);
	hk_json_write_bytes(writer, "bad", "a\xff", 2);
	hk_json_write_bytes(writer, "none", NULL, 0);
	hk_json_write_object_end(writer);
	assert_string_equal("{\"good\":\"text\",\"bad\":\"a\xef\xbf\xbd\","
			    "\"bad_base64\":\"Yf8=\",\"none\":\"\"}",
	    hk_json_writer_text(writer, NULL));
	hk_json_writer_free(writer);
}

/* Each letter is a call: { } [ ] k(ey) v(alue) b(ytes). */
static int error_of_calls(const char *calls)
{
	hk_json_writer *writer = new_writer(0);
	int error;

	for (; *calls != '\0'; calls++) {
		switch (*calls) {
		case '{':
			hk_json_write_object_begin(writer);
			break;
		case '}':
			hk_json_write_object_end(writer);
			break;
		case '[':
			hk_json_write_array_begin(writer);
			break;
		case ']':
			hk_json_write_array_end(writer);
			break;
		case 'k':
			hk_json_write_key(writer, "k");
			break;
		case 'v':
			hk_json_write_null(writer);
			break;
		default:
			hk_json_write_bytes(writer, "b", "\xff", 1);
		}
	}
	error = hk_json_writer_error(writer);
	hk_json_writer_free(writer);
	return error;
}

static void misplaced_calls_fail_and_the_error_sticks(void **state)
{
	static const char *const wrong[] = { "}", "]", "k", "b", "{v", "{[", "{{", "{kk",
		"{k}", "{kb", "{]", "[}", "[k", "[b", "vv", "{}v", "[]{", "{kv}}",
		"{}}" };
	static const char *const right[] = { "v", "{}", "[]", "{kv}", "{b}", "{kvkv}",
		"{k{kv}b}", "[v[v]{kv}]", "{k[{}]kv" };

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(wrong); i++)
		if (error_of_calls(wrong[i]) != -EINVAL)
			fail_msg("'%s' gives %s", wrong[i],
			    hk_error_name(error_of_calls(wrong[i])));
	for (size_t i = 0; i < HKI_COUNT(right); i++)
		if (error_of_calls(right[i]) != 0)
			fail_msg("'%s' gives %s", right[i],
			    hk_error_name(error_of_calls(right[i])));
	assert_int_equal(-EINVAL, error_of_calls("{v}kv[]{kv}"));
}

static void after_an_error_only_a_reset_helps(void **state)
{
	hk_json_writer *writer = new_writer(0);

	(void) state;
	hk_json_write_array_end(writer);
	hk_json_write_null(writer);
	assert_int_equal(-EINVAL, hk_json_writer_error(writer));
	assert_null(hk_json_writer_text(writer, NULL));
	hk_json_writer_reset(writer);
	hk_json_write_null(writer);
	assert_int_equal(0, hk_json_writer_error(writer));
	assert_string_equal("null", hk_json_writer_text(writer, NULL));
	hk_json_writer_free(writer);
}

static void nesting_has_a_limit(void **state)
{
	hk_json_writer *writer = new_writer(0);

	(void) state;
	for (int i = 0; i < HK_JSON_DEPTH_MAX; i++)
		hk_json_write_array_begin(writer);
	assert_int_equal(0, hk_json_writer_error(writer));
	hk_json_write_array_begin(writer);
	assert_int_equal(HK_ELIMIT, hk_json_writer_error(writer));
	hk_json_writer_free(writer);
	assert_int_equal(-EINVAL, hk_json_writer_new(&writer, 1000));
}

/*
 * The oracle: a random document is built with the writer and with jansson side by
 * side; what jansson reads from our text must be what it built itself.
 */

static size_t random_text(hki_random *random, char *out, size_t capacity)
{
	static const char *const pieces[] = { "a", "B", " ", "\"", "\\", "/", "\n",
		"\x01", "\x7f", "\xc3\xa9", "\xe6\x97\xa5", "\xf0\x9f\x98\x80", "key",
		"{", "," };
	size_t count = hki_random_below(random, 12);
	size_t length = 0;

	for (size_t i = 0; i < count; i++) {
		const char *piece = pieces[hki_random_below(random, HKI_COUNT(pieces))];

		if (length + strlen(piece) >= capacity)
			break;
		memcpy(out + length, piece, strlen(piece));
		length += strlen(piece);
	}
	out[length] = '\0';
	return length;
}

static json_t *write_random(hk_json_writer *writer, hki_random *random, int depth);

static json_t *write_random_array(hk_json_writer *writer, hki_random *random, int depth)
{
	json_t *array = json_array();
	size_t count = hki_random_below(random, 5);

	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, write_random(writer, random, depth + 1));
	hk_json_write_array_end(writer);
	return array;
}

static json_t *write_random_object(hk_json_writer *writer, hki_random *random, int depth)
{
	json_t *object = json_object();
	size_t count = hki_random_below(random, 5);

	hk_json_write_object_begin(writer);
	for (size_t i = 0; i < count; i++) {
		char key[40];
		size_t length = random_text(random, key, sizeof(key) - 1);

		key[length] = (char) ('0' + i); /* no key twice */
		key[length + 1] = '\0';
		hk_json_write_key(writer, key);
		json_object_set_new(object, key, write_random(writer, random, depth + 1));
	}
	hk_json_write_object_end(writer);
	return object;
}

static json_t *write_random_double(hk_json_writer *writer, hki_random *random)
{
	uint64_t bits = hki_random_next(random);
	double value;

	memcpy(&value, &bits, sizeof(value));
	if (!isfinite(value) || hki_random_below(random, 2) == 0)
		value = (double) (int64_t) bits / 4096;
	hk_json_write_double(writer, value);
	return json_real(value);
}

static json_t *write_random_string(hk_json_writer *writer, hki_random *random)
{
	char text[40];
	size_t length = random_text(random, text, sizeof(text));

	hk_json_write_string_length(writer, text, length);
	return json_stringn(text, length);
}

static json_t *write_random(hk_json_writer *writer, hki_random *random, int depth)
{
	int64_t number =
	    (int64_t) (hki_random_next(random) >> hki_random_below(random, 64));

	switch (hki_random_below(random, depth < 6 ? 9 : 6)) {
	case 0:
		hk_json_write_null(writer);
		return json_null();
	case 1:
		hk_json_write_bool(writer, number % 2 == 0);
		return json_boolean(number % 2 == 0);
	case 2:
		hk_json_write_int64(writer, number);
		return json_integer(number);
	case 3:
		hk_json_write_uint64(writer, (uint64_t) number >> 1);
		return json_integer((int64_t) ((uint64_t) number >> 1));
	case 4:
		return write_random_double(writer, random);
	case 5:
		return write_random_string(writer, random);
	case 6:
		return write_random_array(writer, random, depth);
	default:
		return write_random_object(writer, random, depth);
	}
}

/* Like json_equal(), but 5.0 may have been written as 5. */
static bool agree(const json_t *expected, const json_t *got)
{
	const char *key;
	json_t *value;

	if (json_is_real(expected))
		return json_is_number(got) &&
		       json_number_value(expected) == json_number_value(got);
	if (json_typeof(expected) != json_typeof(got))
		return false;
	if (json_is_array(expected)) {
		for (size_t i = 0; i < json_array_size(expected); i++)
			if (!agree(json_array_get(expected, i), json_array_get(got, i)))
				return false;
		return json_array_size(expected) == json_array_size(got);
	}
	if (json_is_object(expected)) {
		json_object_foreach((json_t *) (uintptr_t) expected, key,
		    value) if (!agree(value, json_object_get(got, key))) return false;
		return json_object_size(expected) == json_object_size(got);
	}
	return json_equal(expected, got);
}

static void another_reader_finds_what_was_written(void **state)
{
	hk_json_writer *writers[2] = { new_writer(0), new_writer(3) };
	hki_random random;

	(void) state;
	hki_random_seed(&random, 1001);
	for (int i = 0; i < 4000; i++) {
		hk_json_writer *writer = writers[i % 2];
		json_error_t error;
		json_t *expected;
		json_t *got;
		size_t length;
		const char *text;

		hk_json_writer_reset(writer);
		expected = write_random(writer, &random, 0);
		text = hk_json_writer_text(writer, &length);
		assert_non_null(text);
		got = json_loadb(text, length,
		    JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
		if (got == NULL || !agree(expected, got))
			fail_msg("%s: %s", got == NULL ? error.text : "differs", text);
		json_decref(expected);
		json_decref(got);
	}
	hk_json_writer_free(writers[0]);
	hk_json_writer_free(writers[1]);
}

static int write_document(void *user)
{
	hk_json_writer *writer = NULL;
	int r = hk_json_writer_new(&writer, 2);

	(void) user;
	if (r < 0)
		return r;
	hk_json_write_object_begin(writer);
	for (int i = 0; i < 20; i++)
		hk_json_write_bytes(writer, "some key", "some text \xff", 11);
	hk_json_write_object_end(writer);
	r = hk_json_writer_error(writer);
	if (r < 0)
		assert_null(hk_json_writer_text(writer, NULL));
	hk_json_writer_free(writer);
	return r;
}

static void it_survives_every_failing_allocation(void **state)
{
	(void) state;
	assert_true(hki_torture(write_document, NULL) > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_is_one_line_or_indented),
		cmocka_unit_test(any_value_can_be_the_document),
		cmocka_unit_test(numbers_json_cannot_say_are_null),
		cmocka_unit_test(strings_are_escaped_and_repaired),
		cmocka_unit_test(bytes_that_are_no_text_are_given_exactly_too),
		cmocka_unit_test(misplaced_calls_fail_and_the_error_sticks),
		cmocka_unit_test(after_an_error_only_a_reset_helps),
		cmocka_unit_test(nesting_has_a_limit),
		cmocka_unit_test(another_reader_finds_what_was_written),
		cmocka_unit_test(it_survives_every_failing_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
