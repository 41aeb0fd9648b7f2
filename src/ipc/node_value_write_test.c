#include "ipc/node_captures_test.h"

#include "base/array.h"
#include "base/torture.h"

/* V8's format, written from tagged JSON; BigInts and dates, which are text there; memory
 * that runs out. */

/* ---- writing ---- */

/* @json as V8's format; its error if it is none. */
static int write_tagged(
    hki_buffer *out, const char *json, bool tagged, const char **reason)
{
	hk_json_document *document;
	hki_node_writer writer;
	int r;

	assert_int_equal(0, hk_json_document_new(&document, NULL));
	assert_int_equal(0, hk_json_parse(document, json, strlen(json)));
	assert_int_equal(0, hki_node_write_begin(&writer, out, tagged));
	r = hki_node_write_json(&writer, hk_json_root(document));
	if (reason != NULL)
		*reason = writer.reason;
	hk_json_document_free(document);
	return r;
}

static void tagged_json_comes_back_as_it_was(void **state)
{
	(void) state;
	for (size_t i = 0; i < capture_count; i++) {
		hki_buffer bytes = HKI_BUFFER_INIT;
		hk_ipc_values *values;
		const char *reason;

		if (write_tagged(&bytes, captures[i].json, true, &reason) < 0)
			fail_msg("%s: %s", captures[i].json, reason);
		assert_int_equal(0, hk_ipc_values_new(&values));
		if (hk_ipc_values_read(values, bytes.data, bytes.length) < 0)
			fail_msg("%s: %s", captures[i].json, hk_ipc_values_error(values));
		assert_writes_as(values, captures[i].json, captures[i].tagged);
		hk_ipc_values_free(values);
		hki_buffer_deinit(&bytes);
	}
}

static void without_tags_a_dollar_is_a_letter(void **state)
{
	static const char json[] = "{\"$bigint\":\"123\"}";
	hki_buffer bytes = HKI_BUFFER_INIT;
	hk_ipc_values *values;

	(void) state;
	assert_int_equal(0, write_tagged(&bytes, json, false, NULL));
	assert_int_equal(0, hk_ipc_values_new(&values));
	assert_int_equal(0, hk_ipc_values_read(values, bytes.data, bytes.length));
	assert_int_equal(
	    HK_IPC_VALUE_OBJECT, hk_ipc_value_kind_of(hk_ipc_values_root(values)));
	assert_writes_as(values, "{\"$object\":{\"$bigint\":\"123\"}}", 1);
	hk_ipc_values_free(values);
	hki_buffer_deinit(&bytes);
}

static void wrong_tags_are_refused_with_a_reason(void **state)
{
	static const char *const wrong[] = {
		"{\"$nothing\":1}",
		"{\"$undefined\":false}",
		"{\"$number\":\"7\"}",
		"{\"$number\":\"NaN\",\"more\":1}",
		"{\"$bigint\":\"\"}",
		"{\"$bigint\":\"-\"}",
		"{\"$bigint\":\"12a\"}",
		"{\"$bigint\":\"0xg\"}",
		"{\"$bigint\":12}",
		"{\"$date\":\"2026-02-30T00:00:00.000Z\"}",
		"{\"$date\":\"2026-02-03\"}",
		"{\"$date\":12}",
		"{\"$date\":\"+275760-09-13T00:00:00.001Z\"}",
		"{\"$map\":[[1]]}",
		"{\"$map\":{}}",
		"{\"$set\":{}}",
		"{\"$regexp\":\"a\",\"$flags\":\"q\"}",
		"{\"$regexp\":1}",
		"{\"$error\":1}",
		"{\"$error\":\"Error\",\"message\":1}",
		"{\"$bytes\":\"a\"}",
		"{\"$bytes\":\"AAA=\",\"$type\":\"Int32Array\"}",
		"{\"$bytes\":\"AAA=\",\"$type\":\"Float128Array\"}",
		"{\"$bytes\":\"AAB=\"}",
		"{\"$boxed\":null}",
		"{\"$boxed\":{\"$bigint\":\"1\",\"x\":2}}",
		"{\"$array\":{}}",
		"{\"$array\":[],\"$members\":[]}",
		"{\"$sparse\":{}}",
		"{\"$sparse\":{},\"$length\":4294967296}",
		"{\"$circular\":1}",
		"[{\"$circular\":2}]",
		"[{\"$circular\":0}]",
		"{\"$object\":[]}",
	};

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(wrong); i++) {
		hki_buffer bytes = HKI_BUFFER_INIT;
		const char *reason = NULL;

		if (write_tagged(&bytes, wrong[i], true, &reason) != HK_EPARSE)
			fail_msg("accepted: %s", wrong[i]);
		assert_non_null(reason);
		hki_buffer_deinit(&bytes);
	}
}

static void numbers_take_their_shortest_form(void **state)
{
	static const char *const pairs[][2] = {
		{ "0", "ff0d4900" },
		{ "-0", "ff0d4e0000000000000080" },
		{ "1.0", "ff0d4902" },
		{ "-5", "ff0d4909" },
		{ "999999999", "ff0d49fea7d6b907" },
		{ "-999999999", "ff0d49fda7d6b907" },
		{ "1000000000", "ff0d4980a8d6b907" },
		{ "-2147483648", "ff0d49ffffffff0f" },
		{ "2147483648", "ff0d4e000000000000e041" },
		{ "1e400", "ff0d4e000000000000f07f" },
		{ "-1e400", "ff0d4e000000000000f0ff" },
		{ "{\"7\":1,\"07\":2}", "ff0d6f490e490222023037"
					"49047b02" },
	};

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(pairs); i++) {
		hki_buffer bytes = HKI_BUFFER_INIT;
		unsigned char expected[64];
		size_t length = bytes_of(expected, sizeof(expected), pairs[i][1]);

		assert_int_equal(0, write_tagged(&bytes, pairs[i][0], false, NULL));
		assert_int_equal(length, bytes.length);
		assert_memory_equal(expected, bytes.data, length);
		hki_buffer_deinit(&bytes);
	}
}

/* ---- BigInts and dates ---- */

static void bigints_of_any_length_are_exact(void **state)
{
	static const char *const texts[] = { "0", "7", "-1", "1000000000",
		"999999999999999999999999999", "340282366920938463463374607431768211456",
		"-5789604461865809771178549250434395392663499233282028" };

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(texts); i++) {
		hki_buffer bytes = HKI_BUFFER_INIT;
		hki_buffer text = HKI_BUFFER_INIT;
		bool negative = false;

		assert_int_equal(0,
		    hki_node_bigint_parse(&bytes, &negative, texts[i], strlen(texts[i])));
		assert_int_equal(0, bytes.length % 8);
		assert_int_equal(
		    0, hki_node_bigint_format(
			   &text, (unsigned char *) bytes.data, bytes.length, negative));
		assert_string_equal(texts[i], text.data);
		hki_buffer_deinit(&bytes);
		hki_buffer_deinit(&text);
	}
}

static void very_long_bigints_are_hexadecimal(void **state)
{
	unsigned char bytes[520] = { [519] = 1 };
	hki_buffer text = HKI_BUFFER_INIT;
	hki_buffer again = HKI_BUFFER_INIT;
	bool negative;

	(void) state;
	assert_int_equal(0, hki_node_bigint_format(&text, bytes, sizeof(bytes), true));
	assert_int_equal(strlen("-0x1") + 519 * 2, text.length);
	assert_memory_equal("-0x1000", text.data, 7);
	assert_int_equal(
	    0, hki_node_bigint_parse(&again, &negative, text.data, text.length));
	assert_true(negative);
	assert_int_equal(sizeof(bytes), again.length);
	assert_memory_equal(bytes, again.data, sizeof(bytes));
	hki_buffer_deinit(&text);
	hki_buffer_deinit(&again);
}

static void dates_are_those_of_javascript(void **state)
{
	static const struct {
		double ms;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ 951782400000, "2000-02-29T00:00:00.000Z" },
		{ 4107542400000, "2100-03-01T00:00:00.000Z" },
		{ 1795421100123, "2026-11-23T08:05:00.123Z" },
		{ -62198755200000, "-000001-01-01T00:00:00.000Z" },
		{ 253402300800000, "+010000-01-01T00:00:00.000Z" },
		{ 8.64e15, "+275760-09-13T00:00:00.000Z" },
		{ -8.64e15, "-271821-04-20T00:00:00.000Z" },
	};
	char text[HKI_NODE_DATE_MAX];

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(rows); i++) {
		double ms = NAN;

		assert_true(hki_node_date_format(text, rows[i].ms));
		assert_string_equal(rows[i].text, text);
		assert_int_equal(0, hki_node_date_parse(&ms, text, strlen(text)));
		assert_true(ms == rows[i].ms);
	}
	assert_false(hki_node_date_format(text, NAN));
	assert_false(hki_node_date_format(text, 8.64e15 + 1));
}

/* ---- memory ---- */

static int read_and_write(void *user)
{
	const capture *row = user;
	unsigned char bytes[256];
	size_t length = bytes_of(bytes, sizeof(bytes), row->hex);
	hk_ipc_values *values = NULL;
	hk_json_writer *writer = NULL;
	int r = hk_ipc_values_new(&values);

	if (r == 0)
		r = hk_ipc_values_read(values, bytes, length);
	if (r == 0)
		r = hk_json_writer_new(&writer, 0);
	if (r == 0)
		r = hk_ipc_value_write_json(writer, hk_ipc_values_root(values));
	hk_json_writer_free(writer);
	hk_ipc_values_free(values);
	return r < 0 ? r : 0;
}

static void every_failing_allocation_is_told(void **state)
{
	(void) state;
	for (size_t i = 0; i < capture_count; i++)
		assert_true(hki_torture(read_and_write, (void *) &captures[i]) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tagged_json_comes_back_as_it_was),
		cmocka_unit_test(without_tags_a_dollar_is_a_letter),
		cmocka_unit_test(wrong_tags_are_refused_with_a_reason),
		cmocka_unit_test(numbers_take_their_shortest_form),
		cmocka_unit_test(bigints_of_any_length_are_exact),
		cmocka_unit_test(very_long_bigints_are_hexadecimal),
		cmocka_unit_test(dates_are_those_of_javascript),
		cmocka_unit_test(every_failing_allocation_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
