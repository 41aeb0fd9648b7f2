#include <hostkit/system_history.h>

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include <hostkit/json.h>
#include "base/array.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/torture.h"
#include "system/history_test.h"

#define S HKI_NS_PER_S

/* Every kind of field, a nested record and a list of records. */
typedef struct part {
	hk_record record;
	uint32_t number;
	const char *label;
} part;

static const hk_record_field part_fields[] = {
	{ .name = "number", .kind = HK_RECORD_UINT32, .offset = offsetof(part, number) },
	{ .name = "label", .kind = HK_RECORD_STRING, .offset = offsetof(part, label) },
};

static const hk_record_type part_type = {
	.name = "part",
	.fields = part_fields,
	.field_count = 2,
	.struct_size = sizeof(part),
};

typedef struct row {
	hk_record record;
	bool flag;
	int32_t signed_small;
	uint32_t small;
	int64_t signed_large;
	uint64_t large;
	double exact;
	double cpu_percent;
	const char *name;
	hk_record_bytes bytes;
	int32_t state;
	hk_record_list parts;
	part nested;
	hk_record_strings words;
	uint64_t after; /* behind the list: has to be found nevertheless */
} row;

enum {
	FLAG,
	SIGNED_SMALL,
	SMALL,
	SIGNED_LARGE,
	LARGE,
	EXACT,
	CPU,
	NAME,
	BYTES,
	STATE,
	PARTS,
	NESTED,
	WORDS,
	AFTER,
	FIELDS
};

static const char *const states[] = { "running", "sleeping", "zombie", NULL };

#define FIELD(index, member, k)                                                          \
	[index] = { .name = #member, .kind = k, .offset = offsetof(row, member) }

static const hk_record_field fields[FIELDS] = {
	FIELD(FLAG, flag, HK_RECORD_BOOL),
	FIELD(SIGNED_SMALL, signed_small, HK_RECORD_INT32),
	FIELD(SMALL, small, HK_RECORD_UINT32),
	FIELD(SIGNED_LARGE, signed_large, HK_RECORD_INT64),
	FIELD(LARGE, large, HK_RECORD_UINT64),
	FIELD(EXACT, exact, HK_RECORD_DOUBLE),
	[CPU] = { .name = "cpu_percent",
	    .kind = HK_RECORD_DOUBLE,
	    .decimals = 1,
	    .offset = offsetof(row, cpu_percent) },
	FIELD(NAME, name, HK_RECORD_STRING),
	FIELD(BYTES, bytes, HK_RECORD_BYTES),
	[STATE] = { .name = "state",
	    .kind = HK_RECORD_ENUM,
	    .offset = offsetof(row, state),
	    .names = states },
	[PARTS] = { .name = "parts",
	    .kind = HK_RECORD_LIST,
	    .offset = offsetof(row, parts),
	    .element = &part_type },
	[NESTED] = { .name = "nested",
	    .kind = HK_RECORD_RECORD,
	    .offset = offsetof(row, nested),
	    .element = &part_type },
	FIELD(WORDS, words, HK_RECORD_STRINGS),
	FIELD(AFTER, after, HK_RECORD_UINT64),
};

static const hk_record_type type = {
	.name = "row",
	.fields = fields,
	.field_count = FIELDS,
	.struct_size = sizeof(row),
};

static char *json_of(const void *record)
{
	hk_json_writer *writer = NULL;
	const char *text;
	size_t length;
	char *copy;

	assert_int_equal(hk_json_writer_new(&writer, 0), 0);
	hk_record_write(writer, &type, record);
	text = hk_json_writer_text(writer, &length);
	assert_non_null(text);
	copy = strndup(text, length);
	hk_json_writer_free(writer);
	return copy;
}

/* ---- random rows ---- */

static const char *const names[] = { "node", "a b", "(x))", "", "\xff\xfe", "postgres" };
static const char *const *const word_lists[] = { names, names + 1, names + 3 };

static uint64_t wide(hki_random *random)
{
	return hki_random_next(random) >> (hki_random_next(random) % 64);
}

static void randomize_part(part *out, hki_random *random)
{
	*out = (part){ .number = (uint32_t) wide(random),
		.label = names[hki_random_next(random) % HKI_COUNT(names)] };
	for (unsigned int i = 0; i < 2; i++)
		if (hki_random_next(random) % 4 > 0)
			hk_record_set(&out->record, i);
}

/* Change some fields of @out; the parts live in @parts. */
static void randomize(row *out, part parts[3], hki_random *random)
{
	for (unsigned int i = 0; i < FIELDS; i++) {
		uint64_t how = hki_random_next(random) % 16;

		if (how == 0)
			hk_record_clear(&out->record, i);
		else if (how == 1)
			hk_record_deny(&out->record, i);
		else if (how < 10)
			hk_record_set(&out->record, i);
	}
	out->flag = wide(random) & 1;
	out->signed_small = (int32_t) wide(random);
	out->small = (uint32_t) wide(random);
	out->signed_large = (int64_t) wide(random);
	out->large += wide(random);
	out->exact = (double) (int64_t) wide(random) / 3;
	out->cpu_percent = (double) (wide(random) % 4000) / 10;
	out->name = names[wide(random) % HKI_COUNT(names)];
	out->bytes = (hk_record_bytes){ "a\0b\xff", wide(random) % 5 };
	out->state = (int32_t) (wide(random) % 3);
	for (size_t i = 0; i < 3; i++)
		randomize_part(&parts[i], random);
	out->parts = (hk_record_list){ parts, wide(random) % 4 };
	randomize_part(&out->nested, random);
	out->words =
	    (hk_record_strings){ word_lists[wide(random) % 3], wide(random) % 4 };
	out->after = wide(random);
}

/* ---- a plain history beside ours: every row of every sample as JSON ---- */

#define KEYS    20
#define SAMPLES 400

typedef struct model {
	char *rows[SAMPLES][KEYS]; /* NULL: not in the sample */
	unsigned int flags[SAMPLES][KEYS];
} model;

static void model_free(model *all)
{
	for (size_t s = 0; s < SAMPLES; s++)
		for (size_t k = 0; k < KEYS; k++)
			free(all->rows[s][k]);
	free(all);
}

static void check_sample(
    hk_system_history_view *view, size_t index, const model *all, size_t sample)
{
	size_t expected = 0;
	int64_t count = hk_system_history_seek(view, index);

	for (size_t k = 0; k < KEYS; k++)
		expected += all->rows[sample][k] != NULL;
	if (count != (int64_t) expected)
		fail_msg("sample %zu has %lld rows, not %zu", sample, (long long) count,
		    expected);
	for (size_t i = 0; i < expected; i++) {
		uint64_t key = 0;
		unsigned int flags = 9;
		const void *found = hk_system_history_row(view, i, &key, &flags);
		char *text = json_of(found);

		assert_true(key >= 1000 && key < 1000 + KEYS);
		if (strcmp(text, all->rows[sample][key - 1000]) != 0)
			fail_msg("row %llu of sample %zu is\n%s\nnot\n%s",
			    (unsigned long long) key, sample, text,
			    all->rows[sample][key - 1000]);
		assert_int_equal(flags, all->flags[sample][key - 1000]);
		assert_ptr_equal(hk_system_history_find(view, key), found);
		free(text);
	}
	assert_null(hk_system_history_row(view, expected, NULL, NULL));
	assert_null(hk_system_history_find(view, 7));
}

/* Rows that come, change, end and go without a word, against the plain history. */
static void what_was_added_comes_back(void **state)
{
	model *all = calloc(1, sizeof(*all));
	static row rows[KEYS];
	static part parts[KEYS][3];
	static bool alive[KEYS];
	hk_system_history *history = make_history(&type, 0, UINT64_C(1) << 17, 0);
	hk_system_history_view *view = NULL;
	hki_random random;
	size_t kept;

	(void) state;
	hki_random_seed(&random, 4711);
	for (size_t s = 0; s < SAMPLES; s++) {
		assert_int_equal(hk_system_history_begin(history, s * S, s * S + 5), 0);
		for (size_t k = 0; k < KEYS; k++) {
			uint64_t chance = hki_random_next(&random) % 20;
			unsigned int flags = 0;

			if (!alive[k] && chance < 4)
				alive[k] = true;
			if (!alive[k])
				continue;
			if (chance == 19) {
				alive[k] = false; /* gone, and nobody said so */
				continue;
			}
			if (chance == 18) {
				alive[k] = false;
				flags = HK_SYSTEM_HISTORY_EXITED;
			}
			if (chance < 12)
				randomize(&rows[k], parts[k], &random);
			assert_int_equal(
			    hk_system_history_add(history, 1000 + k, flags, &rows[k]), 0);
			all->rows[s][k] = json_of(&rows[k]);
			all->flags[s][k] = flags;
		}
		assert_int_equal(hk_system_history_end(history), 0);
		assert_true(hk_system_history_bytes(history) <= UINT64_C(1) << 17);
	}

	kept = hk_system_history_count(history);
	assert_int_equal(kept + hk_system_history_dropped(history), SAMPLES);
	if (kept < 20 || kept == SAMPLES)
		fail_msg("%zu of %d samples are kept", kept, SAMPLES);
	assert_int_equal(hk_system_history_view_new(&view, history), 0);
	for (size_t i = 0; i < kept; i++)
		check_sample(view, i, all, SAMPLES - kept + i);
	for (size_t i = 0; i < 200; i++) {
		size_t index = hki_random_next(&random) % kept;

		check_sample(view, index, all, SAMPLES - kept + index);
		assert_int_equal(hk_system_history_time_ns(history, index),
		    (SAMPLES - kept + index) * S);
		assert_int_equal(hk_system_history_real_ns(history, index),
		    (SAMPLES - kept + index) * S + 5);
	}
	assert_int_equal(hk_system_history_seek(view, kept), -ENOENT);
	hk_system_history_view_free(view);
	hk_system_history_free(history);
	model_free(all);
}

static row number_row(uint64_t value)
{
	row of = { .large = value,
		.cpu_percent = (double) value / 10,
		.exact = (double) value,
		.name = "one" };

	hk_record_set(&of.record, LARGE);
	hk_record_set(&of.record, CPU);
	hk_record_set(&of.record, EXACT);
	hk_record_set(&of.record, NAME);
	return of;
}

static bool about(double value, double wanted, double tolerance)
{
	return fabs(value - wanted) <= tolerance;
}

static void a_window_has_percentiles(void **state)
{
	hk_system_history *history = make_history(&type, UINT64_C(1) << 62, 0, 0);
	hk_system_history_summary summary;

	(void) state;
	/* 1000 … 2000, mixed up: 7919 has no factor in common with 1001. */
	for (uint64_t i = 0; i < 1001; i++) {
		row of = number_row(1000 + i * 7919 % 1001);

		assert_int_equal(add_one(history, i * S, &of), 0);
	}
	assert_int_equal(
	    hk_system_history_summarize(&summary, history, 1, LARGE, 0, UINT64_MAX), 0);
	assert_int_equal(summary.count, 1001);
	assert_true(about(summary.minimum, 1000, 0));
	assert_true(about(summary.maximum, 2000, 0));
	assert_true(about(summary.mean, 1500, 1e-9));
	assert_true(about(summary.first, 1000, 0));
	if (!about(summary.p50, 1500, 16) || !about(summary.p90, 1900, 16) ||
	    !about(summary.p95, 1950, 16) || !about(summary.p99, 1990, 16))
		fail_msg("percentiles %f %f %f %f", summary.p50, summary.p90, summary.p95,
		    summary.p99);

	assert_int_equal(
	    hk_system_history_summarize(&summary, history, 1, CPU, 10 * S, 12 * S), 0);
	assert_int_equal(summary.count, 3);
	assert_true(
	    about(summary.first, (1000 + (double) (10 * 7919 % 1001)) / 10, 1e-9));
	assert_true(about(summary.last, (1000 + (double) (12 * 7919 % 1001)) / 10, 1e-9));

	assert_int_equal(
	    hk_system_history_summarize(&summary, history, 2, CPU, 0, UINT64_MAX), 0);
	assert_int_equal(summary.count, 0);
	assert_true(hk_record_has(&summary.record, 0));
	assert_false(hk_record_has(&summary.record, 1));
	assert_int_equal(
	    hk_system_history_summarize(&summary, history, 1, NAME, 0, UINT64_MAX),
	    -EINVAL);
	hk_system_history_free(history);
}

static void a_series_has_holes_where_the_row_was_not(void **state)
{
	hk_system_history *history = make_history(&type, 0, 0, 0);
	double values[10];
	static const double wanted[] = { 0, 1, NAN, NAN, 4, 5 };

	(void) state;
	for (uint64_t i = 0; i < 6; i++) {
		row of = number_row(i);
		part parts[2] = { { .number = 1 }, { .number = 2 } };

		of.parts = (hk_record_list){ parts, i % 3 };
		of.after = i;
		hk_record_set(&of.record, PARTS);
		if (i != 2)
			hk_record_set(&of.record, AFTER);
		assert_int_equal(hk_system_history_begin(history, i, i), 0);
		if (i != 3)
			assert_int_equal(hk_system_history_add(history, 9, 0, &of), 0);
		assert_int_equal(hk_system_history_end(history), 0);
	}
	assert_int_equal(hk_system_history_series(history, 9, AFTER, 0, values, 10), 6);
	for (size_t i = 0; i < HKI_COUNT(wanted); i++)
		if (isnan(wanted[i]) ? !isnan(values[i]) : values[i] != wanted[i])
			fail_msg("value %zu is %f, not %f", i, values[i], wanted[i]);
	assert_int_equal(hk_system_history_series(history, 9, LARGE, 4, values, 10), 2);
	assert_int_equal(hk_system_history_series(history, 9, LARGE, 0, values, 2), 2);
	assert_int_equal(hk_system_history_series(history, 9, LARGE, 99, values, 9), 0);
	assert_int_equal(
	    hk_system_history_series(history, 9, WORDS, 0, values, 9), -EINVAL);
	hk_system_history_free(history);
}

static void numbers_that_cannot_be_kept_are_absent(void **state)
{
	hk_system_history *history = make_history(&type, 0, 0, 0);
	hk_system_history_view *view = NULL;
	row of = number_row(1);
	const row *back;

	(void) state;
	of.cpu_percent = INFINITY;
	of.exact = INFINITY;
	assert_int_equal(add_one(history, 1, &of), 0);
	assert_int_equal(hk_system_history_view_new(&view, history), 0);
	assert_int_equal(hk_system_history_seek(view, 0), 1);
	back = hk_system_history_find(view, 1);
	assert_false(hk_record_has(&back->record, CPU));
	assert_true(hk_record_has(&back->record, EXACT) && isinf(back->exact));
	hk_system_history_view_free(view);
	hk_system_history_free(history);
}

static int write_and_read(void *user)
{
	hk_system_history_opts opts = HK_SYSTEM_HISTORY_OPTS_INIT;
	hk_system_history *history = NULL;
	hk_system_history_view *view = NULL;
	hk_system_history_summary summary;
	hki_random random;
	row of = { .flag = true };
	part parts[3];
	int r;

	(void) user;
	hki_random_seed(&random, 1);
	opts.type = &type;
	r = hk_system_history_new(&history, &opts);
	for (uint64_t s = 0; r == 0 && s < 4; s++) {
		r = hk_system_history_begin(history, s, s);
		for (uint64_t k = 0; r == 0 && k < 20; k++) {
			randomize(&of, parts, &random);
			r = hk_system_history_add(history, k, 0, &of);
		}
		if (r == 0)
			r = hk_system_history_end(history);
	}
	if (r == 0)
		r = hk_system_history_view_new(&view, history);
	if (r == 0)
		r = (int) hk_system_history_seek(view, 3);
	if (r > 0)
		r = hk_system_history_summarize(&summary, history, 1, LARGE, 0, 9);
	/* After a failure the history still takes samples. */
	if (r == -ENOMEM && history != NULL && add_one(history, 10, &of) == 0)
		assert_true(hk_system_history_count(history) >= 1);
	hk_system_history_view_free(view);
	hk_system_history_free(history);
	return r;
}

static void every_failed_allocation_leaves_it_whole(void **state)
{
	(void) state;
	assert_true(hki_torture(write_and_read, NULL) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_comes_back),
		cmocka_unit_test(a_window_has_percentiles),
		cmocka_unit_test(a_series_has_holes_where_the_row_was_not),
		cmocka_unit_test(numbers_that_cannot_be_kept_are_absent),
		cmocka_unit_test(every_failed_allocation_leaves_it_whole),
	};

	return cmocka_run_group_tests_name("system/history", tests, NULL, NULL);
}
