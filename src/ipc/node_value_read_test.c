#include "ipc/node_captures_test.h"

#include "base/array.h"

/* V8's format, read: what Node sends, what nobody should, and questions to what was read. */

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

static void everything_node_sends_is_read(void **state)
{
	(void) state;
	for (size_t i = 0; i < capture_count; i++) {
		hk_ipc_values *values = read_hex(captures[i].hex);

		assert_writes_as(values, captures[i].json, captures[i].tagged);
		hk_ipc_values_free(values);
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
	for (size_t i = 0; i < capture_count; i++) {
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_node_sends_is_read),
		cmocka_unit_test(every_beginning_of_a_value_is_refused),
		cmocka_unit_test(nonsense_is_refused_with_its_reason),
		cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(few_bytes_cannot_mean_endless_json),
		cmocka_unit_test(nothing_is_no_value),
		cmocka_unit_test(whole_numbers_say_if_they_fit),
		cmocka_unit_test(bytes_are_aligned_for_any_number),
		cmocka_unit_test(a_walk_over_a_circle_ends),
		cmocka_unit_test(arrays_that_once_had_holes_are_arrays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
