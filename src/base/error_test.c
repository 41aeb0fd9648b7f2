#include <hostkit/error.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/array.h"
#include "base/error_list.h"
#include "base/torture.h"

static void every_errno_of_libc_has_its_name(void **state)
{
	int known = 0;

	(void) state;
	for (int code = 1; code < 4096; code++) {
		const char *name = strerrorname_np(code);

		if (name == NULL)
			continue;
		assert_string_equal(name, hk_error_name(-code));
		assert_string_not_equal("unknown error", hk_error_text(-code));
		known++;
	}
	assert_in_range(known, 130, 200);
}

static void texts_are_lower_case_without_full_stop(void **state)
{
	(void) state;
	for (int code = -6000; code <= 0; code++) {
		const char *text = hk_error_text(code);
		size_t length = strlen(text);

		assert_true(length > 0);
		assert_false(text[0] >= 'A' && text[0] <= 'Z');
		assert_int_not_equal('.', text[length - 1]);
	}
}

static void our_own_codes_have_names(void **state)
{
	(void) state;
	assert_string_equal("HK_EPARSE", hk_error_name(HK_EPARSE));
	assert_string_equal("HK_ELIMIT", hk_error_name(HK_ELIMIT));
	assert_string_equal("HK_ECLOSED", hk_error_name(HK_ECLOSED));
	assert_string_equal("HK_EUNKNOWN", hk_error_name(HK_EUNKNOWN));
	assert_string_equal("HK_ENONAME", hk_error_name(HK_ENONAME));
	assert_string_equal("ENOTSUPP", hk_error_name(-524));
	assert_string_equal("OK", hk_error_name(0));
}

static void codes_nobody_gave_are_unknown(void **state)
{
	static const int codes[] = { 1, ENOENT, INT32_MAX, INT32_MIN, -41, -999,
		HK_EFIRST + 1, HK_ELAST - 1 };

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(codes); i++) {
		assert_string_equal("UNKNOWN", hk_error_name(codes[i]));
		assert_string_equal("unknown error", hk_error_text(codes[i]));
	}
}

static void check_format(const char *expected, hk_error error)
{
	char text[200];
	size_t length = hk_error_format(text, sizeof(text), &error);

	assert_string_equal(expected, text);
	assert_int_equal(strlen(expected), length);
}

static void errors_read_like_those_of_a_compiler(void **state)
{
	(void) state;
	check_format("up.yaml:3:7: unknown key 'prot' (did you mean 'port'?)",
	    (hk_error){ .code = HK_EPARSE,
		.line = 3,
		.column = 7,
		.source = "up.yaml",
		.text = "unknown key 'prot'",
		.hint = "did you mean 'port'?" });
	check_format("cwd: no folder '/x': no such file or directory",
	    (hk_error){ .code = -ENOENT, .step = "cwd", .text = "no folder '/x'" });
	check_format("up.yaml: permission denied",
	    (hk_error){ .code = -EACCES, .source = "up.yaml" });
	check_format("up.yaml:3: x: resource temporarily unavailable",
	    (hk_error){ .code = -EAGAIN, .source = "up.yaml", .line = 3, .text = "x" });
	check_format("exec: exec format error",
	    (hk_error){ .code = -ENOEXEC, .step = "exec", .source = "", .text = "" });
	check_format("not in the expected format", (hk_error){ .code = HK_EPARSE });
}

static void a_small_buffer_gets_the_beginning(void **state)
{
	hk_error error = { .code = -ENOENT, .step = "cwd" };
	char text[6] = "xxxxx";

	(void) state;
	assert_int_equal(30, hk_error_format(text, sizeof(text), &error));
	assert_string_equal("cwd: ", text);
	assert_int_equal(30, hk_error_format(NULL, 0, &error));
}

static void a_list_keeps_copies_in_order(void **state)
{
	char sentence[] = "first sentence";
	hk_error_list *list = NULL;
	hk_error error = { .code = HK_EPARSE, .line = 1, .text = sentence };
	const hk_error *kept;

	(void) state;
	assert_int_equal(0, hk_error_list_new(&list));
	assert_int_equal(HK_EPARSE, hki_error_report(list, &error));
	memset(sentence, 'x', sizeof(sentence) - 1);
	assert_int_equal(-EPERM,
	    hki_error_report_step(list, -EPERM, "user", "cannot become '%s'", "www"));

	assert_int_equal(2, hk_error_list_count(list));
	kept = hk_error_list_get(list, 0);
	assert_string_equal("first sentence", kept->text);
	assert_string_equal("", kept->source);
	assert_string_equal("", kept->hint);
	assert_int_equal(1, kept->line);
	kept = hk_error_list_get(list, 1);
	assert_int_equal(-EPERM, kept->code);
	assert_string_equal("user", kept->step);
	assert_string_equal("cannot become 'www'", kept->text);
	assert_null(hk_error_list_get(list, 2));

	hk_error_list_clear(list);
	assert_int_equal(0, hk_error_list_count(list));
	assert_null(hk_error_list_get(list, 0));
	hk_error_list_free(list);
}

static void no_list_is_fine_everywhere(void **state)
{
	hk_error error = { .code = -EIO };

	(void) state;
	assert_int_equal(-EIO, hki_error_report(NULL, &error));
	assert_int_equal(-EIO, hki_error_report_step(NULL, -EIO, "x", "y"));
	assert_int_equal(0, hk_error_list_count(NULL));
	assert_null(hk_error_list_get(NULL, 0));
	hk_error_list_clear(NULL);
	hk_error_list_free(NULL);
}

static void hostile_input_cannot_make_it_grow(void **state)
{
	static char endless[100000];
	hk_error_list *list = NULL;
	hk_error error = { .code = HK_EPARSE, .text = endless, .source = endless };

	(void) state;
	memset(endless, 'x', sizeof(endless) - 1);
	assert_int_equal(0, hk_error_list_new(&list));
	for (int i = 0; i < 1000; i++)
		hki_error_report(list, &error);
	assert_int_equal(1000, hk_error_list_count(list));
	assert_non_null(hk_error_list_get(list, HK_ERROR_LIST_MAX - 1));
	assert_null(hk_error_list_get(list, HK_ERROR_LIST_MAX));
	assert_in_range(strlen(hk_error_list_get(list, 0)->text), 1000, 10000);
	hk_error_list_free(list);
}

static int collect(void *user)
{
	hk_error_list *list = NULL;
	int r = hk_error_list_new(&list);

	(void) user;
	if (r < 0)
		return r;
	for (int i = 0; i < 10; i++)
		hki_error_report_step(list, -EIO, "read", "line %d", i);
	assert_int_equal(10, hk_error_list_count(list));
	hk_error_list_free(list);
	return 0;
}

static void without_memory_errors_are_still_counted(void **state)
{
	(void) state;
	assert_int_equal(11, hki_torture(collect, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_errno_of_libc_has_its_name),
		cmocka_unit_test(texts_are_lower_case_without_full_stop),
		cmocka_unit_test(our_own_codes_have_names),
		cmocka_unit_test(codes_nobody_gave_are_unknown),
		cmocka_unit_test(errors_read_like_those_of_a_compiler),
		cmocka_unit_test(a_small_buffer_gets_the_beginning),
		cmocka_unit_test(a_list_keeps_copies_in_order),
		cmocka_unit_test(no_list_is_fine_everywhere),
		cmocka_unit_test(hostile_input_cannot_make_it_grow),
		cmocka_unit_test(without_memory_errors_are_still_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
