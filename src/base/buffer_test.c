#include "base/buffer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/cleanup.h"
#include "base/random.h"
#include "base/torture.h"

static void a_new_buffer_is_empty_and_needs_no_memory(void **state)
{
	hki_buffer buffer = HKI_BUFFER_INIT;
	char *text;

	(void) state;
	assert_int_equal(0, hki_buffer_append(&buffer, NULL, 0));
	assert_int_equal(0, buffer.length);
	text = hki_buffer_take(&buffer);
	assert_string_equal("", text);
	hki_free(text);
	hki_buffer_deinit(&buffer);
	hki_buffer_deinit(NULL);
}

static void content_is_a_string_at_any_time(void **state)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer buffer = HKI_BUFFER_INIT;

	(void) state;
	assert_int_equal(0, hki_buffer_append_text(&buffer, "hello"));
	assert_string_equal("hello", buffer.data);
	assert_int_equal(0, hki_buffer_append_char(&buffer, '!'));
	assert_string_equal("hello!", buffer.data);
	hki_buffer_consume(&buffer, 2);
	assert_string_equal("llo!", buffer.data);
	assert_int_equal(0, hki_buffer_append_format(&buffer, " %d%s", 42, "x"));
	assert_string_equal("llo! 42x", buffer.data);
	hki_buffer_truncate(&buffer, 3);
	assert_string_equal("llo", buffer.data);
	hki_buffer_truncate(&buffer, 100);
	assert_string_equal("llo", buffer.data);
	hki_buffer_truncate(&buffer, 0);
	assert_string_equal("", buffer.data);
}

static void reserved_room_is_written_directly(void **state)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer buffer = HKI_BUFFER_INIT;

	(void) state;
	assert_int_equal(0, hki_buffer_reserve(&buffer, 1000));
	assert_true(buffer.capacity - buffer.length >= 1000);
	memset(buffer.data, 'x', 1000);
	hki_buffer_commit(&buffer, 1000);
	assert_int_equal(1000, strlen(buffer.data));
}

static void impossible_room_is_no_memory(void **state)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer buffer = HKI_BUFFER_INIT;

	(void) state;
	assert_int_equal(-ENOMEM, hki_buffer_reserve(&buffer, SIZE_MAX));
	assert_int_equal(0, hki_buffer_append_text(&buffer, "abc"));
	assert_int_equal(-ENOMEM, hki_buffer_reserve(&buffer, SIZE_MAX));
	assert_int_equal(-ENOMEM, hki_buffer_reserve(&buffer, SIZE_MAX - 3));
	assert_string_equal("abc", buffer.data);
}

static void taking_hands_over_what_was_not_consumed(void **state)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer buffer = HKI_BUFFER_INIT;
	char *text;

	(void) state;
	assert_int_equal(0, hki_buffer_append_text(&buffer, "line one\nline two"));
	hki_buffer_consume(&buffer, 9);
	text = hki_buffer_take(&buffer);
	assert_string_equal("line two", text);
	assert_int_equal(0, buffer.length);
	assert_null(buffer.data);
	hki_free(text);
}

/* A stream that is filled and drained for ever must not need ever more memory. */
static void a_stream_stays_within_the_room_of_its_peak(void **state)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer buffer = HKI_BUFFER_INIT;
	char chunk[100] = { 0 };
	size_t peak = 0;

	(void) state;
	for (int i = 0; i < 100000; i++) {
		size_t block;

		assert_int_equal(0, hki_buffer_append(&buffer, chunk, sizeof(chunk)));
		hki_buffer_consume(&buffer, buffer.length > 1000 ? sizeof(chunk) : 90);
		block = buffer.start + buffer.capacity;
		peak = block > peak ? block : peak;
	}
	assert_in_range(peak, 1, 4 * 1100);
}

typedef struct byte_model {
	char bytes[20000];
	size_t length;
} byte_model;

static void append_both(hki_buffer *buffer, byte_model *model, hki_random *random)
{
	char bytes[300];
	size_t length = hki_random_below(random, sizeof(bytes));

	for (size_t i = 0; i < length; i++)
		bytes[i] = (char) hki_random_next(random);
	if (model->length + length > sizeof(model->bytes))
		return;
	memcpy(model->bytes + model->length, bytes, length);
	model->length += length;
	assert_int_equal(0, hki_buffer_append(buffer, bytes, length));
}

static void consume_both(hki_buffer *buffer, byte_model *model, hki_random *random)
{
	size_t length = hki_random_below(random, model->length + 1);

	if (hki_random_below(random, 4) > 0)
		length /= 8;
	memmove(model->bytes, model->bytes + length, model->length - length);
	model->length -= length;
	hki_buffer_consume(buffer, length);
}

static void truncate_both(hki_buffer *buffer, byte_model *model, hki_random *random)
{
	size_t length = hki_random_below(random, 2 * model->length + 1);

	model->length = length < model->length ? length : model->length;
	hki_buffer_truncate(buffer, length);
}

static void take_both(hki_buffer *buffer, byte_model *model)
{
	hki_cleanup(hki_freep) char *taken = hki_buffer_take(buffer);

	assert_non_null(taken);
	assert_memory_equal(model->bytes, taken, model->length);
	assert_int_equal(0, taken[model->length]);
	model->length = 0;
}

static void it_behaves_as_a_plain_array_of_bytes(void **state)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer buffer = HKI_BUFFER_INIT;
	static byte_model model;
	hki_random random;

	(void) state;
	hki_random_seed(&random, 20240131);
	for (int step = 0; step < 50000; step++) {
		switch (hki_random_below(&random, 40)) {
		case 0:
			take_both(&buffer, &model);
			break;
		case 1:
			truncate_both(&buffer, &model, &random);
			break;
		default:
			if (hki_random_below(&random, 2) == 0)
				append_both(&buffer, &model, &random);
			else
				consume_both(&buffer, &model, &random);
		}
		assert_int_equal(model.length, buffer.length);
		if (buffer.data == NULL)
			continue;
		assert_true(buffer.length <= buffer.capacity);
		assert_memory_equal(model.bytes, buffer.data, model.length);
		assert_int_equal(0, buffer.data[buffer.length]);
	}
}

static int fill_and_take(void *user)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer buffer = HKI_BUFFER_INIT;
	char *text;
	int r;

	(void) user;
	for (int i = 0; i < 50; i++) {
		size_t before = buffer.length;

		r = hki_buffer_append_format(&buffer, "line %d of the text\n", i);
		if (r < 0) {
			assert_int_equal(before, buffer.length);
			return r;
		}
		if (i % 3 == 0)
			hki_buffer_consume(&buffer, 5);
	}
	text = hki_buffer_take(&buffer);
	if (text == NULL)
		return -ENOMEM;
	hki_free(text);
	return 0;
}

static void it_survives_every_failing_allocation(void **state)
{
	(void) state;
	assert_true(hki_torture(fill_and_take, NULL) > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_buffer_is_empty_and_needs_no_memory),
		cmocka_unit_test(content_is_a_string_at_any_time),
		cmocka_unit_test(reserved_room_is_written_directly),
		cmocka_unit_test(impossible_room_is_no_memory),
		cmocka_unit_test(taking_hands_over_what_was_not_consumed),
		cmocka_unit_test(a_stream_stays_within_the_room_of_its_peak),
		cmocka_unit_test(it_behaves_as_a_plain_array_of_bytes),
		cmocka_unit_test(it_survives_every_failing_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
