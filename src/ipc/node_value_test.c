#include "ipc/node_value.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include "base/array.h"
#include "base/torture.h"

/* V8's format, read and written.  The texts were sent by Node 20. */

typedef struct capture {
	const char *hex;
	const char *json; /* tagged */
	int tagged;       /* what writing it returns */
} capture;

static const capture captures[] = {
	{ "ff0f30", "null", 0 }, { "ff0f5f", "{\"$undefined\":true}", 1 },
	{ "ff0f54", "true", 0 }, { "ff0f46", "false", 0 }, { "ff0f4900", "0", 0 },
	{ "ff0f4e0000000000000080", "-0", 0 }, { "ff0f4909", "-5", 0 },
	{ "ff0f55ffffffff0f", "4294967295", 0 },
	{ "ff0f4e000000000000e041", "2147483648", 0 },
	{ "ff0f4e9a9999999999b93f", "0.1", 0 },
	{ "ff0f4e000000000000f87f", "{\"$number\":\"NaN\"}", 1 },
	{ "ff0f4e000000000000f07f", "{\"$number\":\"Infinity\"}", 1 },
	{ "ff0f4e000000000000f0ff", "{\"$number\":\"-Infinity\"}", 1 },
	{ "ff0f22026869", "\"hi\"", 0 }, { "ff0f2201e9", "\"é\"", 0 },
	{ "ff0f6306ac203dd800de", "\"€😀\"", 0 },
	{ "ff0f6306610000d86200",
	    "\"a\xef\xbf\xbd"
	    "b\"",
	    0 },
	{ "ff0f2203610062", "\"a\\u0000b\"", 0 }, { "ff0f5303c3a961", "\"éa\"", 0 },
	{ "ff0f5a107b00000000000000", "{\"$bigint\":\"123\"}", 1 },
	{ "ff0f5a2100000000000000000100000000000000",
	    "{\"$bigint\":\"-18446744073709551616\"}", 1 },
	{ "ff0f5a00", "{\"$bigint\":\"0\"}", 1 },
	{ "ff0f440000000000000000", "{\"$date\":\"1970-01-01T00:00:00.000Z\"}", 1 },
	{ "ff0f44000000000000f0bf", "{\"$date\":\"1969-12-31T23:59:59.999Z\"}", 1 },
	{ "ff0f44000000000000f87f", "{\"$date\":null}", 1 },
	{ "ff0f522205612b5c2fe903", "{\"$regexp\":\"a+\\\\/é\",\"$flags\":\"gi\"}", 1 },
	{ "ff0f522201788003", "{\"$regexp\":\"x\",\"$flags\":\"dv\"}", 1 },
	{ "ff0f4103490222016130240003", "[1,\"a\",null]", 0 },
	{ "ff0f41024902"
	  "2d240002",
	    "[1,{\"$hole\":true}]", 1 },
	{ "ff0f61034900490249044906400203",
	    "{\"$sparse\":{\"0\":1,\"2\":3},\"$length\":3}", 1 },
	{ "ff0f61024900490e4902490e400202", "[7,7]", 0 },
	{ "ff0f61024900490e4902490e22016b4904400302",
	    "{\"$array\":[7,7],\"$members\":{\"k\":2}}", 1 },
	{ "ff0f4101490222016b4904240101", "{\"$array\":[1],\"$members\":{\"k\":2}}", 1 },
	{ "ff0f616549c8014902400165", "{\"$sparse\":{\"100\":1},\"$length\":101}", 1 },
	{ "ff0f4100240000", "[]", 0 },
	{ "ff0f6f22016149022201626f22016341002400007b017b02",
	    "{\"a\":1,\"b\":{\"c\":[]}}", 0 },
	{ "ff0f6f490a490222017849047b02", "{\"5\":1,\"x\":2}", 0 },
	{ "ff0f6f2205246461746549027b01", "{\"$object\":{\"$date\":1}}", 1 },
	{ "ff0f6f7b00", "{}", 0 },
	{ "ff0f3b4902490422016b6f7b003a04", "{\"$map\":[[1,2],[\"k\",{}]]}", 1 },
	{ "ff0f2749022201612c02", "{\"$set\":[1,\"a\"]}", 1 },
	{ "ff0f72546d2203626f6f6372526d220464656570732201732e732215547970654572726f723a"
	  "20626f6f0a2020617420782e",
	    "{\"$error\":\"TypeError\",\"message\":\"boo\",\"cause\":{\"$error\":"
	    "\"RangeError\",\"message\":\"deep\",\"stack\":\"s\"},\"stack\":"
	    "\"TypeError: boo\\n  at x\"}",
	    1 },
	{ "ff0f722e", "{\"$error\":\"Error\"}", 1 },
	{ "ff0f41046e000000000000f03f73220178797a100500000000000000240004",
	    "[{\"$boxed\":1},{\"$boxed\":\"x\"},{\"$boxed\":true},{\"$boxed\":{"
	    "\"$bigint\":\"5\"}}]",
	    1 },
	{ "ff0f6e000000000000f07f", "{\"$boxed\":{\"$number\":\"Infinity\"}}", 1 },
	{ "ff0f5c000a026869", "{\"$bytes\":\"aGk=\",\"$type\":\"Buffer\"}", 1 },
	{ "ff0f5c0001020102", "{\"$bytes\":\"AQI=\",\"$type\":\"Uint8Array\"}", 1 },
	{ "ff0f5c000808000000000000f83f",
	    "{\"$bytes\":\"AAAAAAAA+D8=\",\"$type\":\"Float64Array\"}", 1 },
	{ "ff0f5c000d02003c", "{\"$bytes\":\"ADw=\",\"$type\":\"Float16Array\"}", 1 },
	{ "ff0f5c0009020000", "{\"$bytes\":\"AAA=\",\"$type\":\"DataView\"}", 1 },
	{ "ff0f4203000000", "{\"$bytes\":\"AAAA\",\"$type\":\"ArrayBuffer\"}", 1 },
	/* a view of a kind there is not */
	{ "ff0f42040102030456770202"
	  "00",
	    "{\"$bytes\":\"AwQ=\",\"$type\":\"Int16Array\"}", 1 },
	{ "ff0d4204010203045677"
	  "0202",
	    "{\"$bytes\":\"AwQ=\",\"$type\":\"Int16Array\"}", 1 },
	{ "ff0f5c000b080100000000000000",
	    "{\"$bytes\":\"AQAAAAAAAAA=\",\"$type\":\"BigInt64Array\"}", 1 },
	{ "ff0f5c016f22016149027b01", "{\"a\":1}", 0 }, /* an object of the host */
	{ "ff0f6f2201614902220473656c665e007b02", "{\"a\":1,\"self\":{\"$circular\":1}}",
	    1 },
	{ "ff0f41026f22017849027b015e01240002", "[{\"x\":1},{\"x\":1}]", 0 },
	{ "ff0f410249025e00240002", "[1,{\"$circular\":1}]", 1 },
	{ "ff0f3b22026d655e003a02", "{\"$map\":[[\"me\",{\"$circular\":1}]]}", 1 },
	{ "ff0f3f004902", "1", 0 }, /* with a count of objects in front */
};

static size_t bytes_of(unsigned char *out, size_t capacity, const char *hex)
{
	size_t length = strlen(hex) / 2;

	assert_true(length <= capacity);
	for (size_t i = 0; i < length; i++) {
		unsigned int byte;

		assert_int_equal(1, sscanf(hex + 2 * i, "%2x", &byte));
		out[i] = (unsigned char) byte;
	}
	return length;
}

static hk_ipc_values *read_hex(const char *hex)
{
	unsigned char bytes[256];
	size_t length = bytes_of(bytes, sizeof(bytes), hex);
	hk_ipc_values *values;

	assert_int_equal(0, hk_ipc_values_new(&values));
	if (hk_ipc_values_read(values, bytes, length) < 0)
		fail_msg("%s: %s", hex, hk_ipc_values_error(values));
	return values;
}

static void assert_writes_as(const hk_ipc_values *values, const char *json, int tagged)
{
	hk_json_writer *writer;

	assert_int_equal(0, hk_json_writer_new(&writer, 0));
	assert_int_equal(
	    tagged, hk_ipc_value_write_json(writer, hk_ipc_values_root(values)));
	assert_string_equal(json, hk_json_writer_text(writer, NULL));
	hk_json_writer_free(writer);
}

static void everything_node_sends_is_read(void **state)
{
	(void) state;
	for (size_t i = 0; i < HKI_COUNT(captures); i++) {
		hk_ipc_values *values = read_hex(captures[i].hex);

		assert_writes_as(values, captures[i].json, captures[i].tagged);
		hk_ipc_values_free(values);
	}
}

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
	for (size_t i = 0; i < HKI_COUNT(captures); i++) {
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

/* ---- what is not V8's format ---- */

static int read_bytes(const void *bytes, size_t length, const char **reason)
{
	hk_ipc_values *values;
	int r;

	assert_int_equal(0, hk_ipc_values_new(&values));
	r = hk_ipc_values_read(values, bytes, length);
	*reason = hk_ipc_values_error(values);
	if (r < 0)
		assert_null(hk_ipc_values_root(values));
	hk_ipc_values_free(values);
	return r;
}

static void every_beginning_of_a_value_is_refused(void **state)
{
	(void) state;
	for (size_t i = 0; i < HKI_COUNT(captures); i++) {
		unsigned char bytes[256];
		size_t length = bytes_of(bytes, sizeof(bytes), captures[i].hex);

		for (size_t cut = 0; cut < length; cut++) {
			/* In a block of its own, so that a sanitizer sees its end. */
			unsigned char *part;
			const char *reason = NULL;

			if (bytes[2] == 'B' && cut == 8) /* whole without its view */
				break;
			part = malloc(cut > 0 ? cut : 1);
			memcpy(part, bytes, cut);
			if (read_bytes(part, cut, &reason) != HK_EPARSE)
				fail_msg("%s: accepted %zu bytes", captures[i].hex, cut);
			assert_non_null(reason);
			free(part);
		}
	}
}

static void nonsense_is_refused_with_its_reason(void **state)
{
	static const char *const rows[][2] = {
		{ "", "the header of V8's format is missing" },
		{ "0f30", "the header of V8's format is missing" },
		{ "ff0b30", "the version of V8's format is not known" },
		{ "ff1030", "the version of V8's format is not known" },
		{ "ff0f3030", "there is more behind the value" },
		{ "ff0f7800"
		  "30",
		    "there is more behind the value" },
		{ "ff0f71", "there is no such kind of value" },
		{ "ff0f7500", "shared memory and modules cannot leave their process" },
		{ "ff0f49ffffffffff01", "a number has more than 32 bits" },
		{ "ff0f22ffffffff0f61", "a length is longer than the value" },
		{ "ff0f630161", "a string of two-byte units has an odd length" },
		{ "ff0f5e00", "an object is mentioned that there is not" },
		{ "ff0f41ffffffff0f", "an array is longer than the value" },
		{ "ff0f410130", "the value ends within an object" },
		{ "ff0f410130240002", "an object has not as much as it says" },
		{ "ff0f6f22016130"
		  "7b02",
		    "an object has not as much as it says" },
		{ "ff0f6f30307b01", "a string is expected here" },
		{ "ff0f6f4901307b01", "the number of an element is below zero" },
		{ "ff0f6f4e000000000000f03f307b01", NULL },
		{ "ff0f6f4e000000000000e03f307b01", "a key is a number and no index" },
		{ "ff0f522201618008", "a RegExp has flags that are not known" },
		{ "ff0f72787a", "an error has a part that is not known" },
		{ "ff0f5c02", "an object of the host is of no known kind" },
		{ "ff0f5c000b020000", "a view begins or ends within an element" },
		{ "ff0f5c000e00", "a view of bytes is of no known kind" },
		{ "ff0f5c015e00", "an object is mentioned that there is not" },
		{ "ff0f420401020304566202"
		  "0300",
		    "a view does not fit its ArrayBuffer" },
		{ "ff0f42040102030456770102"
		  "00",
		    "a view begins or ends within an element" },
	};

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(rows); i++) {
		unsigned char bytes[64];
		size_t length = bytes_of(bytes, sizeof(bytes), rows[i][0]);
		const char *reason = NULL;
		int r = read_bytes(bytes, length, &reason);

		assert_int_equal(rows[i][1] == NULL ? 0 : HK_EPARSE, r);
		if (rows[i][1] != NULL)
			assert_string_equal(rows[i][1], reason);
	}
}

static void depth_has_a_limit(void **state)
{
	unsigned char bytes[2 + 3 * 200] = { 0xff, 0x0f };
	const char *reason = NULL;

	(void) state;
	for (size_t i = 0; i < 200; i++)
		memcpy(bytes + 2 + 2 * i, "A\1", 2);
	assert_int_equal(HK_ELIMIT, read_bytes(bytes, sizeof(bytes), &reason));
	assert_string_equal("objects are nested deeper than allowed", reason);
}

/* [x, x] where x is [y, y] where y … : 2^60 values in 300 bytes. */
static void few_bytes_cannot_mean_endless_json(void **state)
{
	hki_buffer bytes = HKI_BUFFER_INIT;
	hk_json_writer *writer;
	hk_ipc_values *values;
	enum { LEVELS = 60 };

	(void) state;
	assert_int_equal(0, hki_buffer_append(&bytes, "\xff\x0f", 2));
	for (int i = 0; i < LEVELS; i++)
		assert_int_equal(0, hki_buffer_append(&bytes, "A\2", 2));
	assert_int_equal(0, hki_buffer_append(&bytes, "A\0$\0\0", 5));
	for (int i = LEVELS; i > 0; i--) {
		char end[] = { '^', (char) i, '$', 0, 2 };

		assert_int_equal(0, hki_buffer_append(&bytes, end, sizeof(end)));
	}
	assert_int_equal(0, hk_ipc_values_new(&values));
	assert_int_equal(0, hk_ipc_values_read(values, bytes.data, bytes.length));
	assert_int_equal(0, hk_json_writer_new(&writer, 0));
	assert_int_equal(
	    HK_ELIMIT, hk_ipc_value_write_json(writer, hk_ipc_values_root(values)));
	hk_json_writer_free(writer);
	hk_ipc_values_free(values);
	hki_buffer_deinit(&bytes);
}

/* ---- questions ---- */

static void nothing_is_no_value(void **state)
{
	bool truth;
	double number;
	int64_t whole;
	size_t length;

	(void) state;
	assert_int_equal(HK_IPC_VALUE_ABSENT, hk_ipc_value_kind_of(NULL));
	assert_int_equal(-ENOENT, hk_ipc_value_get_bool(&truth, NULL));
	assert_int_equal(-ENOENT, hk_ipc_value_get_double(&number, NULL));
	assert_int_equal(-ENOENT, hk_ipc_value_get_int64(&whole, NULL));
	assert_int_equal(-ENOENT, hk_ipc_value_get_date(&number, NULL));
	assert_null(hk_ipc_value_get_string(NULL, &length));
	assert_null(hk_ipc_value_get_bytes(NULL, &length));
	assert_null(hk_ipc_value_member(NULL, "a"));
	assert_null(hk_ipc_value_element(NULL, 0));
	assert_null(hk_ipc_value_target(NULL));
	assert_int_equal(0, hk_ipc_value_count(NULL));
	assert_string_equal("absent", hk_ipc_value_kind_name(HK_IPC_VALUE_ABSENT));
	assert_string_equal("Map", hk_ipc_value_kind_name(HK_IPC_VALUE_MAP));
	assert_null(hk_ipc_bytes_kind_name(HK_IPC_BYTES_KINDS));
}

static void whole_numbers_say_if_they_fit(void **state)
{
	static const struct {
		const char *hex;
		int r;
		int64_t value;
	} rows[] = {
		{ "ff0f4909", 0, -5 },
		{ "ff0f4e9a9999999999b93f", -EDOM, 0 },
		{ "ff0f4e000000000000f87f", -EDOM, 0 },
		{ "ff0f4e000000000000e0c3", 0, INT64_MIN },
		{ "ff0f4e000000000000e043", -ERANGE, 0 },
		{ "ff0f4e000000000000f07f", -ERANGE, 0 },
		{ "ff0f5a107b00000000000000", 0, 123 },
		{ "ff0f5a10ffffffffffffff7f", 0, INT64_MAX },
		{ "ff0f5a100000000000000080", -ERANGE, 0 },
		{ "ff0f5a110000000000000080", 0, INT64_MIN },
		{ "ff0f5a110100000000000080", -ERANGE, 0 },
		{ "ff0f5a2000000000000000000100000000000000", -ERANGE, 0 },
		{ "ff0f30", -EINVAL, 0 },
	};

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(rows); i++) {
		hk_ipc_values *values = read_hex(rows[i].hex);
		int64_t value = 0;

		assert_int_equal(rows[i].r,
		    hk_ipc_value_get_int64(&value, hk_ipc_values_root(values)));
		assert_int_equal(rows[i].value, value);
		hk_ipc_values_free(values);
	}
}

static void bytes_are_aligned_for_any_number(void **state)
{
	/* A string of an odd length in front. */
	hk_ipc_values *values = read_hex("ff0f4102220161"
					 "5c000808000000000000f83f240002");
	const hk_ipc_value *array = hk_ipc_values_root(values);
	size_t length = 0;
	const double *numbers =
	    hk_ipc_value_get_bytes(hk_ipc_value_element(array, 1), &length);

	(void) state;
	assert_int_equal(8, length);
	assert_int_equal(0, (uintptr_t) numbers % sizeof(double));
	assert_true(*numbers == 1.5);
	assert_int_equal(HK_IPC_BYTES_FLOAT64,
	    hk_ipc_value_bytes_kind(hk_ipc_value_element(array, 1)));
	assert_int_equal(
	    -EINVAL, hk_ipc_value_bytes_kind(hk_ipc_value_element(array, 0)));
	assert_null(hk_ipc_value_element(array, 2));
	hk_ipc_values_free(values);
}

static void a_walk_over_a_circle_ends(void **state)
{
	hk_ipc_values *values = read_hex("ff0f6f2201614902220473656c665e007b02");
	const hk_ipc_value *root = hk_ipc_values_root(values);
	hk_ipc_value_iterator each = hk_ipc_value_iterate(root);
	const hk_ipc_value *self;
	size_t count = 0;

	(void) state;
	while (hk_ipc_value_next(&each) != NULL)
		count++;
	assert_int_equal(2, count);
	assert_int_equal(2, hk_ipc_value_count(root));
	self = hk_ipc_value_member(root, "self");
	assert_int_equal(HK_IPC_VALUE_REFERENCE, hk_ipc_value_kind_of(self));
	assert_ptr_equal(root, hk_ipc_value_target(self));
	assert_ptr_equal(root, hk_ipc_value_target(root));
	assert_null(hk_ipc_value_member(root, "other"));
	hk_ipc_values_free(values);
}

static void arrays_that_once_had_holes_are_arrays(void **state)
{
	hk_ipc_values *values = read_hex("ff0f61024900490e49024910"
					 "22016b4904400302");
	const hk_ipc_value *array = hk_ipc_values_root(values);
	int64_t second = 0;
	int64_t member = 0;

	(void) state;
	assert_int_equal(HK_IPC_VALUE_ARRAY, hk_ipc_value_kind_of(array));
	assert_int_equal(2, hk_ipc_value_count(array));
	assert_int_equal(2, hk_ipc_value_length(array));
	assert_int_equal(
	    0, hk_ipc_value_get_int64(&second, hk_ipc_value_element(array, 1)));
	assert_int_equal(8, second);
	assert_int_equal(
	    0, hk_ipc_value_get_int64(&member, hk_ipc_value_member(array, "k")));
	assert_int_equal(2, member);
	hk_ipc_values_free(values);
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
	for (size_t i = 0; i < HKI_COUNT(captures); i++)
		assert_true(hki_torture(read_and_write, (void *) &captures[i]) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_node_sends_is_read),
		cmocka_unit_test(tagged_json_comes_back_as_it_was),
		cmocka_unit_test(without_tags_a_dollar_is_a_letter),
		cmocka_unit_test(wrong_tags_are_refused_with_a_reason),
		cmocka_unit_test(numbers_take_their_shortest_form),
		cmocka_unit_test(every_beginning_of_a_value_is_refused),
		cmocka_unit_test(nonsense_is_refused_with_its_reason),
		cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(few_bytes_cannot_mean_endless_json),
		cmocka_unit_test(nothing_is_no_value),
		cmocka_unit_test(whole_numbers_say_if_they_fit),
		cmocka_unit_test(bytes_are_aligned_for_any_number),
		cmocka_unit_test(a_walk_over_a_circle_ends),
		cmocka_unit_test(arrays_that_once_had_holes_are_arrays),
		cmocka_unit_test(bigints_of_any_length_are_exact),
		cmocka_unit_test(very_long_bigints_are_hexadecimal),
		cmocka_unit_test(dates_are_those_of_javascript),
		cmocka_unit_test(every_failing_allocation_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
