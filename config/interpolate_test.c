#include "config/interpolate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct told {
	char error[512];
	char warning[512];
	size_t offset;
};

static void take_error(const char *message, const char *hint, size_t offset, void *user)
{
	struct told *told = user;

	(void) hint;
	told->offset = offset;
	(void) snprintf(told->error, sizeof(told->error), "%s", message);
}

static void take_warning(const char *message, const char *hint, size_t offset, void *user)
{
	struct told *told = user;

	(void) hint;
	told->offset = offset;
	(void) snprintf(told->warning, sizeof(told->warning), "%s", message);
}

static char *variables[] = { (char[]){ "NAME=shop" }, (char[]){ "EMPTY=" },
	(char[]){ "NAMES=no" }, (char[]){ "_x1=under" }, NULL };

/* What @text becomes, or NULL.  Owned by @arena. */
static const char *expand(hki_arena *arena, struct told *told, const char *text)
{
	hki_interpolator interpolator = { .arena = arena,
		.lookup = hki_lookup_in_list,
		.user = variables,
		.complain = take_error,
		.warn = take_warning,
		.told = told };
	const char *out = NULL;

	memset(told, 0, sizeof(*told));
	return hki_interpolate(&out, &interpolator, text, strlen(text)) ? out : NULL;
}

static void assert_becomes(const char *text, const char *expected)
{
	hki_arena arena = { 0 };
	struct told told;
	const char *actual = expand(&arena, &told, text);

	if (actual == NULL)
		fail_msg("%s: %s", text, told.error);
	assert_string_equal(expected, actual);
	assert_string_equal("", told.error);
	hki_arena_deinit(&arena);
}

static void assert_refused(const char *text, const char *message, size_t offset)
{
	hki_arena arena = { 0 };
	struct told told;

	assert_null(expand(&arena, &told, text));
	assert_string_equal(message, told.error);
	assert_int_equal(offset, told.offset);
	hki_arena_deinit(&arena);
}

static void a_variable_gives_its_value(void **state)
{
	(void) state;
	assert_becomes("${NAME}", "shop");
	assert_becomes("$NAME", "shop");
	assert_becomes("a$NAME-b${NAME}c", "ashop-bshopc");
	assert_becomes("$_x1", "under");
	assert_becomes("${EMPTY}", "");
}

static void two_dollars_are_one(void **state)
{
	(void) state;
	assert_becomes("$$NAME", "$NAME");
	assert_becomes("$$$NAME", "$shop");
	assert_becomes("$${NAME}", "${NAME}");
}

static void a_dollar_before_no_name_stays(void **state)
{
	(void) state;
	assert_becomes("^ready$", "^ready$");
	assert_becomes("$1 $. $", "$1 $. $");
}

static void operators_do_what_they_do_in_a_shell(void **state)
{
	(void) state;
	assert_becomes("${NONE:-x}|${EMPTY:-x}|${NAME:-x}", "x|x|shop");
	assert_becomes("${NONE-x}|${EMPTY-x}|${NAME-x}", "x||shop");
	assert_becomes("${NONE:+x}|${EMPTY:+x}|${NAME:+x}", "||x");
	assert_becomes("${NONE+x}|${EMPTY+x}|${NAME+x}", "|x|x");
	assert_becomes("${EMPTY?x}|${NAME:?x}", "|shop");
	assert_becomes("${NONE:-}", "");
}

static void words_may_hold_variables(void **state)
{
	(void) state;
	assert_becomes("${NONE:-a ${NAME:-b} $$ ${NONE-{}c}", "a shop $ {c");
	assert_becomes("${NAME:-${NONE:?never read}}", "shop");
}

static void a_required_variable_says_why(void **state)
{
	(void) state;
	assert_refused("x ${NONE:?set it to ${NAME}}",
	    "the variable 'NONE' is required: set it to shop", 2);
	assert_refused("${EMPTY:?}", "the variable 'EMPTY' is required", 0);
}

static void what_is_not_well_formed_is_refused_where_it_begins(void **state)
{
	(void) state;
	assert_refused("ab${", "there is no name after '${'", 2);
	assert_refused("${}", "there is no name after '${'", 0);
	assert_refused("${NAME", "the variable after '${' is not well formed", 0);
	assert_refused("${NAME:-x", "'${' is not closed", 0);
	assert_refused("${NAME:x}", "the variable after '${' is not well formed", 0);
	assert_refused("${NAME/a/b}", "the variable after '${' is not well formed", 0);
	assert_refused("${NAME:", "the variable after '${' is not well formed", 0);
	/* Also where the word is not used. */
	assert_refused("${NAME:-${}}", "there is no name after '${'", 8);
}

static void an_unset_variable_is_told(void **state)
{
	hki_arena arena = { 0 };
	struct told told;

	(void) state;
	assert_string_equal("<>", expand(&arena, &told, "<${NONE}>"));
	assert_string_equal(
	    "the variable 'NONE' is not set: nothing is put in its place", told.warning);
	assert_string_equal("shop", expand(&arena, &told, "${NAME:-${NONE}}"));
	assert_string_equal("", told.warning);
	hki_arena_deinit(&arena);
}

static void growth_is_limited(void **state)
{
	hki_arena arena = { 0 };
	struct told told;
	char *large = malloc(HKI_INTERPOLATED_MAX + 16);
	char *given[] = { large, NULL };
	hki_interpolator interpolator = { .arena = &arena,
		.lookup = hki_lookup_in_list,
		.user = given,
		.complain = take_error,
		.warn = take_warning,
		.told = &told };
	const char *out = NULL;

	(void) state;
	assert_non_null(large);
	memset(large, 'x', HKI_INTERPOLATED_MAX + 1);
	memcpy(large, "L=", 2);
	large[HKI_INTERPOLATED_MAX + 1] = '\0';
	memset(&told, 0, sizeof(told));
	assert_true(hki_interpolate(&out, &interpolator, "$L", 2));
	assert_int_equal(HKI_INTERPOLATED_MAX - 1, strlen(out));
	assert_false(hki_interpolate(&out, &interpolator, "$L$L", 4));
	assert_string_equal("the text grows beyond 128K with its variables", told.error);
	memset(&told, 0, sizeof(told));
	for (size_t i = 0; i < 200 && told.error[0] == '\0'; i++)
		(void) hki_interpolate(&out, &interpolator, "$L", 2);
	assert_string_equal(
	    "all values of the file grow beyond 16M with their variables", told.error);
	free(large);
	hki_arena_deinit(&arena);
}

static void nesting_is_limited(void **state)
{
	(void) state;
	assert_becomes("${A-${A-${A-${A-${A-${A-${A-${A-x}}}}}}}}", "x");
	assert_refused("${A-${A-${A-${A-${A-${A-${A-${A-${A-x}}}}}}}}}",
	    "variables are nested more than 8 deep", 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_variable_gives_its_value),
		cmocka_unit_test(two_dollars_are_one),
		cmocka_unit_test(a_dollar_before_no_name_stays),
		cmocka_unit_test(operators_do_what_they_do_in_a_shell),
		cmocka_unit_test(words_may_hold_variables),
		cmocka_unit_test(a_required_variable_says_why),
		cmocka_unit_test(what_is_not_well_formed_is_refused_where_it_begins),
		cmocka_unit_test(an_unset_variable_is_told),
		cmocka_unit_test(growth_is_limited),
		cmocka_unit_test(nesting_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
