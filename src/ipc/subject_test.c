#include "ipc/subject_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/ipc_pubsub.h>
#include "base/array.h"
#include "base/cleanup.h"
#include "base/random.h"
#include "base/torture.h"

static void subjects_are_tokens_between_dots(void **state)
{
	static const struct {
		const char *text;
		int subject;
		int pattern;
	} cases[] = {
		{ "cpu", 0, 0 },
		{ "cpu.0.load", 0, 0 },
		{ "gr\xc3\xbcn.1", 0, 0 },
		{ "$SYS.a-b_c", 0, 0 },
		{ "cpu.*", -EINVAL, 0 },
		{ "*", -EINVAL, 0 },
		{ ">", -EINVAL, 0 },
		{ "cpu.>", -EINVAL, 0 },
		{ "*.*.>", -EINVAL, 0 },
		{ "cpu.>.load", -EINVAL, -EINVAL },
		{ "cpu*", -EINVAL, -EINVAL },
		{ "cpu.a>", -EINVAL, -EINVAL },
		{ "", -EINVAL, -EINVAL },
		{ ".", -EINVAL, -EINVAL },
		{ "cpu.", -EINVAL, -EINVAL },
		{ ".cpu", -EINVAL, -EINVAL },
		{ "cpu..load", -EINVAL, -EINVAL },
		{ "cpu load", -EINVAL, -EINVAL },
		{ "cpu\tload", -EINVAL, -EINVAL },
		{ "cpu\nload", -EINVAL, -EINVAL },
		{ "cpu\x7f", -EINVAL, -EINVAL },
		{ "cpu\xff", -EINVAL, -EINVAL },
	};

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		print_message("# case %zu\n", i);
		assert_int_equal(cases[i].subject, hk_ipc_subject_check(cases[i].text));
		assert_int_equal(cases[i].pattern, hk_ipc_pattern_check(cases[i].text));
	}
	assert_int_equal(-EINVAL, hk_ipc_subject_check(NULL));
	assert_int_equal(-EINVAL, hk_ipc_pattern_check(NULL));
}

static void subjects_have_a_longest_and_a_deepest(void **state)
{
	char text[HK_IPC_SUBJECT_MAX + 2];
	size_t length = 0;

	(void) state;
	memset(text, 'x', sizeof(text));
	text[HK_IPC_SUBJECT_MAX] = '\0';
	assert_int_equal(0, hk_ipc_subject_check(text));
	text[HK_IPC_SUBJECT_MAX] = 'x';
	text[HK_IPC_SUBJECT_MAX + 1] = '\0';
	assert_int_equal(-ENAMETOOLONG, hk_ipc_subject_check(text));

	for (int i = 0; i < HK_IPC_SUBJECT_TOKENS_MAX; i++) {
		text[length++] = 'a';
		text[length++] = '.';
	}
	text[length - 1] = '\0';
	assert_int_equal(0, hk_ipc_subject_check(text));
	text[length - 1] = '.';
	text[length] = 'a';
	text[length + 1] = '\0';
	assert_int_equal(-ENAMETOOLONG, hk_ipc_subject_check(text));
}

static void wildcards_stand_for_one_or_for_the_rest(void **state)
{
	static const struct {
		const char *pattern;
		const char *subject;
		bool matches;
	} cases[] = {
		{ "a.b", "a.b", true },
		{ "a.b", "a.c", false },
		{ "a.b", "a", false },
		{ "a", "a.b", false },
		{ "*", "a", true },
		{ "*", "a.b", false },
		{ "a.*", "a.b", true },
		{ "a.*", "a", false },
		{ "*.b", "a.b", true },
		{ "a.*.c", "a.b.c", true },
		{ "a.*.c", "a.b.d", false },
		{ ">", "a", true },
		{ ">", "a.b.c", true },
		{ "a.>", "a", false },
		{ "a.>", "a.b", true },
		{ "a.>", "a.b.c", true },
		{ "*.>", "a", false },
		{ "*.>", "a.b", true },
		/* what is no pattern or no subject matches nothing */
		{ "a.", "a.", false },
		{ "*", "*", false },
	};

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		print_message("# case %zu\n", i);
		assert_int_equal(cases[i].matches,
		    hk_ipc_subject_matches(cases[i].pattern, cases[i].subject));
	}
}

/* ---- the table against the definition ---- */

#define ENTRIES 64
#define ROUNDS  4000

struct standing {
	hki_subject_entry entry;
	bool in;
	char pattern[64];
};

/* Few different tokens, so that patterns overlap all the time. */
static void make_name(char *out, size_t capacity, hki_random *random, bool wildcards)
{
	static const char *const words[] = { "a", "b", "cc", "*" };
	size_t tokens = 1 + hki_random_below(random, 4);
	size_t used = 0;

	for (size_t i = 0; i < tokens; i++) {
		const char *word = words[hki_random_below(random, wildcards ? 4 : 3)];

		if (wildcards && i + 1 == tokens && hki_random_below(random, 4) == 0)
			word = ">";
		used += (size_t) snprintf(
		    out + used, capacity - used, "%s%s", i == 0 ? "" : ".", word);
	}
}

static bool was_found(const hki_subject_matches *matches, const struct standing *one)
{
	size_t times = 0;

	for (size_t i = 0; i < matches->count; i++)
		times += matches->entries[i] == &one->entry;
	assert_true(times <= 1);
	return times == 1;
}

static void compare_with_definition(const hki_subject_table *table,
    hki_subject_matches *matches, const struct standing *all, hki_random *random)
{
	char subject[64];

	make_name(subject, sizeof(subject), random, false);
	assert_int_equal(
	    0, hki_subject_table_match(matches, table, subject, strlen(subject)));
	for (size_t i = 0; i < ENTRIES; i++) {
		bool wanted =
		    all[i].in && hk_ipc_subject_matches(all[i].pattern, subject);

		if (was_found(matches, &all[i]) != wanted)
			fail_msg(
			    "'%s' and '%s': wanted %d", all[i].pattern, subject, wanted);
	}
}

static void the_table_finds_what_the_definition_finds(void **state)
{
	static struct standing all[ENTRIES];
	hki_subject_table table = { NULL, 0 };
	hki_subject_matches matches = { NULL, 0, 0 };
	hki_random random;
	size_t in = 0;

	(void) state;
	hki_random_seed(&random, 4);
	for (int round = 0; round < ROUNDS; round++) {
		struct standing *one = &all[hki_random_below(&random, ENTRIES)];

		if (one->in) {
			hki_subject_table_remove(&table, &one->entry);
			hki_subject_table_remove(&table, &one->entry);
			in--;
		} else {
			make_name(one->pattern, sizeof(one->pattern), &random, true);
			assert_int_equal(
			    0, hki_subject_table_add(&table, &one->entry, one->pattern));
			in++;
		}
		one->in = !one->in;
		assert_int_equal(in, table.count);
		compare_with_definition(&table, &matches, all, &random);
	}
	hki_subject_matches_deinit(&matches);
	hki_subject_table_deinit(&table);
}

static void a_table_that_is_emptied_keeps_no_memory(void **state)
{
	hki_subject_table table = { NULL, 0 };
	hki_subject_entry entries[200] = { 0 };
	char pattern[32];
	size_t before;

	(void) state;
	hki_torture_watch();
	before = hki_torture_live_blocks();
	for (size_t i = 0; i < HKI_COUNT(entries); i++) {
		snprintf(pattern, sizeof(pattern), "host%zu.*.disk%zu.>", i % 10, i);
		assert_int_equal(0, hki_subject_table_add(&table, &entries[i], pattern));
	}
	for (size_t i = 0; i < HKI_COUNT(entries); i++)
		hki_subject_table_remove(&table, &entries[i]);
	assert_null(table.root);
	assert_int_equal(before, hki_torture_live_blocks());
	hki_torture_unwatch();
}

static void a_bad_pattern_leaves_the_table_alone(void **state)
{
	hki_subject_table table = { NULL, 0 };
	hki_subject_matches matches = { NULL, 0, 0 };
	hki_subject_entry entry = { 0 };

	(void) state;
	assert_int_equal(-EINVAL, hki_subject_table_add(&table, &entry, "a..b"));
	assert_null(table.root);
	assert_int_equal(-EINVAL, hki_subject_table_match(&matches, &table, "a.*", 3));
	assert_int_equal(0, hki_subject_table_match(&matches, &table, "a", 1));
	assert_int_equal(0, matches.count);
	hki_subject_table_remove(&table, &entry);
}

static int fill_and_match(void *user)
{
	static const char *const patterns[] = { "a.b.c", "a.*", ">", "x.y" };
	hki_subject_table table = { NULL, 0 };
	hki_subject_matches matches = { NULL, 0, 0 };
	hki_subject_entry entries[HKI_COUNT(patterns)] = { 0 };
	int r = 0;

	(void) user;
	for (size_t i = 0; i < HKI_COUNT(patterns) && r == 0; i++)
		r = hki_subject_table_add(&table, &entries[i], patterns[i]);
	if (r == 0)
		r = hki_subject_table_match(&matches, &table, "a.b", 3);
	if (r == 0 && matches.count != 2)
		r = -EPROTO;
	hki_subject_matches_deinit(&matches);
	hki_subject_table_deinit(&table);
	return r;
}

static void every_allocation_may_fail(void **state)
{
	(void) state;
	assert_true(hki_torture(fill_and_match, NULL) > 4);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(subjects_are_tokens_between_dots),
		cmocka_unit_test(subjects_have_a_longest_and_a_deepest),
		cmocka_unit_test(wildcards_stand_for_one_or_for_the_rest),
		cmocka_unit_test(the_table_finds_what_the_definition_finds),
		cmocka_unit_test(a_table_that_is_emptied_keeps_no_memory),
		cmocka_unit_test(a_bad_pattern_leaves_the_table_alone),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
