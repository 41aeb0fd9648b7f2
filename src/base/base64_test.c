#include "base/base64.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include "base/array.h"

static void the_vectors_of_rfc_4648_come_out(void **state)
{
	static const char *const vectors[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xbf", "+/+/" },
	};

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(vectors); i++) {
		hki_buffer buffer = HKI_BUFFER_INIT;

		assert_int_equal(0, hki_buffer_append_text(&buffer, "x"));
		assert_int_equal(
		    0, hki_base64_append(&buffer, vectors[i][0], strlen(vectors[i][0])));
		assert_string_equal(vectors[i][1], buffer.data + 1);
		assert_int_equal(
		    0, hki_base64_decode(&buffer, vectors[i][1], strlen(vectors[i][1])));
		assert_string_equal(
		    vectors[i][0], buffer.data + 1 + strlen(vectors[i][1]));
		hki_buffer_deinit(&buffer);
	}
}

static void what_is_not_base64_is_refused(void **state)
{
	static const char *const wrong[] = { "Z", "Zg",
		"Zg=", "Zh==", "Zm9=", "====", "Zg==Zg==", "Z===", "Zm 9v", "Zm9v\n",
		"Zm9-", "=Zm9" };
	hki_buffer buffer = HKI_BUFFER_INIT;

	(void) state;
	assert_int_equal(0, hki_buffer_append_text(&buffer, "x"));
	for (size_t i = 0; i < HKI_COUNT(wrong); i++) {
		assert_int_equal(
		    HK_EPARSE, hki_base64_decode(&buffer, wrong[i], strlen(wrong[i])));
		assert_string_equal("x", buffer.data);
	}
	hki_buffer_deinit(&buffer);
}

static void impossible_lengths_are_no_memory(void **state)
{
	hki_buffer buffer = HKI_BUFFER_INIT;

	(void) state;
	assert_int_equal(-ENOMEM, hki_base64_append(&buffer, "", SIZE_MAX));
	hki_buffer_deinit(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_rfc_4648_come_out),
		cmocka_unit_test(what_is_not_base64_is_refused),
		cmocka_unit_test(impossible_lengths_are_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
