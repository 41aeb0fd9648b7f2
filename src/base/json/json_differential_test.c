/*
 * Another implementation judges: jansson must accept what we accept and refuse
 * what we refuse, and find the same values, in texts made at random and in such
 * texts spoilt at random.  What we write from a document must be that document
 * again, whatever the indentation and the order.
 */
#include <hostkit/json.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>
#include <hostkit/error.h>
#include "base/array.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/random.h"

static hk_json_document *document;
static hk_json_writer *compact;
static hk_json_writer *pretty;

static int set_up(void **state)
{
	(void) state;
	if (hk_json_document_new(&document, NULL) < 0 ||
	    hk_json_writer_new(&compact, 0) < 0)
		return -1;
	return hk_json_writer_new(&pretty, 3);
}

static int tear_down(void **state)
{
	(void) state;
	hk_json_document_free(document);
	hk_json_writer_free(compact);
	hk_json_writer_free(pretty);
	return 0;
}

/* Texts at random */

static const char *pick(hki_random *random, const char *const *words, size_t count)
{
	return words[hki_random_below(random, count)];
}

static void append(hki_buffer *out, const char *text)
{
	assert_int_equal(0, hki_buffer_append_text(out, text));
}

static void append_space(hki_buffer *out, hki_random *random)
{
	static const char *const words[] = { "", "", "", "", " ", "\n", "\t", "\r\n",
		"                       " };

	append(out, pick(random, words, HKI_COUNT(words)));
}

static void append_string(hki_buffer *out, hki_random *random)
{
	static const char *const words[] = { "a", "b", "key", "\\n", "\\\"", "\\u0041",
		"\\u0000", "\\ud83d\\ude00", "\xc3\xa9", "\xf0\x9f\x98\x80",
		"\xe2\x82\xac", "0123456789abcdef", " ", "\\/", "{", "]", ",", "\x7f",
		"\\uffff" };

	append(out, "\"");
	for (uint64_t left = hki_random_below(random, 6); left > 0; left--)
		append(out, pick(random, words, HKI_COUNT(words)));
	append(out, "\"");
}

static void append_number(hki_buffer *out, hki_random *random)
{
	static const char *const words[] = { "0", "-0", "1", "-1", "10", "0.5", "1e5",
		"-2.5E-3", "9007199254740993", "9223372036854775807",
		"-9223372036854775808", "1e-400", "0.1", "123.456e+20", "4.9e-324" };

	if (hki_random_below(random, 2) == 0)
		append(out, pick(random, words, HKI_COUNT(words)));
	else
		assert_int_equal(0, hki_buffer_append_format(out, "%lld",
					(long long) (int64_t) hki_random_next(random) >>
					    hki_random_below(random, 64)));
}

static void append_value(hki_buffer *out, hki_random *random, unsigned int depth)
{
	static const char *const words[] = { "true", "false", "null" };
	uint64_t form = hki_random_below(random, depth < 6 ? 10 : 6);
	uint64_t count = hki_random_below(random, form == 9 && depth < 2 ? 40 : 5);

	append_space(out, random);
	if (form < 2) {
		append(out, pick(random, words, HKI_COUNT(words)));
	} else if (form < 4) {
		append_number(out, random);
	} else if (form < 6) {
		append_string(out, random);
	} else {
		append(out, form < 8 ? "[" : "{");
		append_space(out, random);
		for (uint64_t i = 0; i < count; i++) {
			if (i > 0)
				append(out, ",");
			if (form >= 8) {
				append_space(out, random);
				append_string(out, random);
				append_space(out, random);
				append(out, ":");
			}
			append_value(out, random, depth + 1);
		}
		append(out, form < 8 ? "]" : "}");
	}
	append_space(out, random);
}

/* Change, drop, repeat or put in a few bytes. */
static void spoil(hki_buffer *text, hki_random *random)
{
	static const char bytes[] =
	    "{}[]:,\"\\ \n0123456789.eE+-tfnaul/\x01\x1f\x80\xc3\xff";
	size_t at = hki_random_below(random, text->length + 1);
	char byte = bytes[hki_random_below(random, sizeof(bytes) - 1)];
	char old[64];
	size_t count;

	switch (hki_random_below(random, 4)) {
	case 0:
		if (at < text->length)
			text->data[at] = byte;
		return;
	case 1:
		if (at < text->length)
			memmove(text->data + at, text->data + at + 1, text->length - at);
		if (at < text->length)
			text->length--;
		return;
	case 2:
		assert_int_equal(0, hki_buffer_append_char(text, ' '));
		memmove(text->data + at + 1, text->data + at, text->length - at - 1);
		text->data[at] = byte;
		return;
	default:
		count = hki_random_below(random, sizeof(old));
		if (count > text->length - at)
			count = text->length - at;
		memcpy(old, text->data + at, count);
		assert_int_equal(0, hki_buffer_append(text, old, count));
	}
}

/* The verdict of the other */

static void compare(const json_t *theirs, const hk_json *ours);

static void compare_numbers(const json_t *theirs, const hk_json *ours)
{
	int64_t whole = 0;
	double real = 0;

	if (json_is_integer(theirs)) {
		assert_int_equal(0, hk_json_get_int64(&whole, ours));
		assert_true(json_integer_value(theirs) == whole);
	} else {
		double expected = json_real_value(theirs);

		assert_int_equal(0, hk_json_get_double(&real, ours));
		assert_memory_equal(&expected, &real, sizeof(real));
	}
}

static void compare_members(json_t *theirs, const hk_json *ours)
{
	hk_json_iterator each = hk_json_iterate(ours);
	const hk_json *value;

	while ((value = hk_json_next(&each)) != NULL) {
		assert_ptr_equal(
		    value, hk_json_member_length(ours, each.key, each.key_length));
		compare(json_object_getn(theirs, each.key, each.key_length), value);
	}
}

static void compare(const json_t *theirs, const hk_json *ours)
{
	size_t length = 0;
	const char *text;

	assert_non_null(theirs);
	switch (json_typeof(theirs)) {
	case JSON_OBJECT:
		assert_int_equal(HK_JSON_OBJECT, hk_json_kind_of(ours));
		assert_int_equal(json_object_size(theirs), hk_json_count(ours));
		compare_members((json_t *) (uintptr_t) theirs, ours);
		return;
	case JSON_ARRAY:
		assert_int_equal(HK_JSON_ARRAY, hk_json_kind_of(ours));
		assert_int_equal(json_array_size(theirs), hk_json_count(ours));
		for (size_t i = 0; i < json_array_size(theirs); i++)
			compare(json_array_get(theirs, i), hk_json_element(ours, i));
		return;
	case JSON_STRING:
		text = hk_json_get_string(ours, &length);
		assert_non_null(text);
		assert_int_equal(json_string_length(theirs), length);
		assert_memory_equal(json_string_value(theirs), text, length);
		return;
	case JSON_INTEGER:
	case JSON_REAL:
		compare_numbers(theirs, ours);
		return;
	case JSON_TRUE:
	case JSON_FALSE:
		assert_int_equal(HK_JSON_BOOL, hk_json_kind_of(ours));
		return;
	case JSON_NULL:
		assert_int_equal(HK_JSON_NULL, hk_json_kind_of(ours));
	}
}

/* Limits of jansson, not of JSON. */
static bool is_their_limit(const json_error_t *error)
{
	return json_error_code(error) == json_error_numeric_overflow ||
	       json_error_code(error) == json_error_null_byte_in_key;
}

/* Do both say the same?  Returns whether the text is JSON. */
static bool judge(const hki_buffer *text)
{
	json_error_t error;
	hk_json_error ours = { 0 };
	int r = hk_json_parse(document, text->data, text->length);
	json_t *theirs = json_loadb(text->data, text->length,
	    JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);

	if (r < 0)
		ours = *hk_json_document_error(document);
	if (theirs == NULL && is_their_limit(&error))
		return r == 0;
	if ((r == 0) != (theirs != NULL))
		fail_msg("we say %s (at %zu), jansson %s (at %d): %.*s",
		    r == 0 ? "yes" : ours.reason, ours.offset,
		    theirs != NULL ? "yes" : error.text, error.position,
		    (int) text->length, text->data);
	if (theirs != NULL)
		compare(theirs, hk_json_root(document));
	json_decref(theirs);
	return r == 0;
}

static void random_texts_are_read_alike(void **state)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	hki_random random;
	int read = 0;

	(void) state;
	hki_random_seed(&random, 12);
	for (int i = 0; i < 20000; i++) {
		hki_buffer_truncate(&text, 0);
		append_value(&text, &random, 0);
		read += judge(&text);
	}
	/* The rest names a member twice. */
	assert_true(read > 15000);
}

static void spoilt_texts_are_read_or_refused_alike(void **state)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	hki_random random;
	int read = 0;
	int refused = 0;

	(void) state;
	hki_random_seed(&random, 13);
	for (int i = 0; i < 60000; i++) {
		hki_buffer_truncate(&text, 0);
		append_value(&text, &random, 2);
		for (uint64_t n = hki_random_below(&random, 4); n > 0; n--)
			spoil(&text, &random);
		if (judge(&text))
			read++;
		else
			refused++;
	}
	assert_true(read > 10000 && refused > 10000);
}

static void write_root(hk_json_writer *writer, hki_buffer *out, bool sorted)
{
	const char *text;
	size_t length = 0;

	hk_json_writer_reset(writer);
	if (sorted)
		hk_json_write_sorted(writer, hk_json_root(document));
	else
		hk_json_write_value(writer, hk_json_root(document));
	text = hk_json_writer_text(writer, &length);
	assert_non_null(text);
	hki_buffer_truncate(out, 0);
	assert_int_equal(0, hki_buffer_append(out, text, length));
}

static void what_is_written_is_what_was_read(void **state)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	hki_cleanup(hki_buffer_deinitp) hki_buffer first = HKI_BUFFER_INIT;
	hki_cleanup(hki_buffer_deinitp) hki_buffer other = HKI_BUFFER_INIT;
	hki_random random;

	(void) state;
	hki_random_seed(&random, 14);
	for (int i = 0; i < 10000; i++) {
		hki_buffer_truncate(&text, 0);
		append_value(&text, &random, 0);
		if (!judge(&text))
			continue;
		/* Through the indented form and back: not a byte is lost. */
		write_root(compact, &first, false);
		write_root(pretty, &other, false);
		assert_true(judge(&other));
		write_root(compact, &other, false);
		assert_int_equal(first.length, other.length);
		assert_memory_equal(first.data, other.data, first.length);
		/* Sorting twice is sorting once. */
		write_root(compact, &first, true);
		assert_true(judge(&first));
		write_root(compact, &other, true);
		assert_int_equal(first.length, other.length);
		assert_memory_equal(first.data, other.data, first.length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_texts_are_read_alike),
		cmocka_unit_test(spoilt_texts_are_read_or_refused_alike),
		cmocka_unit_test(what_is_written_is_what_was_read),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
