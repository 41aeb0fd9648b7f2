#include <hostkit/record.h>

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/torture.h"

/* A record with a field of every kind. */

typedef struct point {
	hk_record record;
	int32_t x;
	double y;
} point;

enum { POINT_X, POINT_Y };

static const hk_record_field point_fields[] = {
	[POINT_X] = { .name = "x",
	    .kind = HK_RECORD_INT32,
	    .offset = offsetof(point, x) },
	[POINT_Y] = { .name = "y",
	    .kind = HK_RECORD_DOUBLE,
	    .decimals = 2,
	    .offset = offsetof(point, y) },
};

static const hk_record_type point_type = {
	.name = "point",
	.fields = point_fields,
	.field_count = HKI_COUNT(point_fields),
	.struct_size = sizeof(point),
};

typedef struct sample_record {
	hk_record record;
	bool alive;
	uint32_t threads;
	int64_t offset_bytes;
	uint64_t memory_bytes;
	double cpu_percent;
	double wall_s;
	uint64_t started;
	double temperature;
	uint64_t frequency;
	uint64_t pid;
	const char *name;
	hk_record_bytes blob;
	int32_t state;
	hk_record_list points;
	point origin;
	hk_record_strings words;
	double exact;
} sample_record;

enum {
	ALIVE,
	THREADS,
	OFFSET,
	MEMORY,
	CPU,
	WALL,
	STARTED,
	TEMPERATURE,
	FREQUENCY,
	PID,
	NAME,
	BLOB,
	STATE,
	POINTS,
	ORIGIN,
	WORDS,
	EXACT,
	SAMPLE_FIELDS
};

static const char *const state_names[] = { "running", "exited", NULL };

#define FIELD(field_name, member, ...)                                                   \
	{                                                                                \
		.name = field_name, .offset = offsetof(sample_record, member),           \
		__VA_ARGS__                                                              \
	}

/* clang-format off */
static const hk_record_field sample_fields[] = {
	[ALIVE] = FIELD("alive", alive, .kind = HK_RECORD_BOOL),
	[THREADS] = FIELD("threads", threads, .kind = HK_RECORD_UINT32),
	[OFFSET] = FIELD("offset_bytes", offset_bytes, .kind = HK_RECORD_INT64, .unit = HK_UNIT_BYTES),
	[MEMORY] = FIELD("memory_bytes", memory_bytes, .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES),
	[CPU] = FIELD("cpu_percent", cpu_percent, .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_PERCENT, .decimals = 1),
	[WALL] = FIELD("wall_s", wall_s, .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS, .decimals = 3),
	[STARTED] = FIELD("started", started, .kind = HK_RECORD_UINT64, .unit = HK_UNIT_TIMESTAMP),
	[TEMPERATURE] = FIELD("temperature", temperature, .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_CELSIUS),
	[FREQUENCY] = FIELD("frequency", frequency, .kind = HK_RECORD_UINT64, .unit = HK_UNIT_HERTZ),
	[PID] = FIELD("pid", pid, .kind = HK_RECORD_UINT64, .unit = HK_UNIT_IDENTIFIER),
	[NAME] = FIELD("name", name, .kind = HK_RECORD_STRING),
	[BLOB] = FIELD("blob", blob, .kind = HK_RECORD_BYTES),
	[STATE] = FIELD("state", state, .kind = HK_RECORD_ENUM, .names = state_names),
	[POINTS] = FIELD("points", points, .kind = HK_RECORD_LIST, .element = &point_type),
	[ORIGIN] = FIELD("origin", origin, .kind = HK_RECORD_RECORD, .element = &point_type),
	[WORDS] = FIELD("words", words, .kind = HK_RECORD_STRINGS),
	[EXACT] = FIELD("exact", exact, .kind = HK_RECORD_DOUBLE),
};
/* clang-format on */

static const hk_record_type sample_type = {
	.name = "sample",
	.fields = sample_fields,
	.field_count = HKI_COUNT(sample_fields),
	.struct_size = sizeof(sample_record),
};

static const char *const some_words[] = { "node", "a b,\"c\"\n" };
static point some_points[2];

static void fill_points(void)
{
	for (int i = 0; i < 2; i++) {
		some_points[i].x = i + 1;
		some_points[i].y = 0.125;
		hk_record_set(&some_points[i].record, POINT_X);
	}
	hk_record_set(&some_points[0].record, POINT_Y);
	hk_record_deny(&some_points[1].record, POINT_Y);
}

static sample_record full_sample(void)
{
	sample_record full = {
		.alive = true,
		.threads = 4000000000,
		.offset_bytes = -2048,
		.memory_bytes = UINT64_MAX,
		.cpu_percent = 12.34,
		.wall_s = 123.4567,
		.started = 1706659200,
		.temperature = 45.5,
		.frequency = 3200000000,
		.pid = 4194304,
		.name = "api",
		.blob = { "a\xff", 2 },
		.state = 1,
		.points = { some_points, 2 },
		.words = { some_words, 2 },
		.exact = 0.1,
	};

	fill_points();
	full.origin = some_points[0];
	for (unsigned int i = 0; i < SAMPLE_FIELDS; i++)
		hk_record_set(&full.record, i);
	return full;
}

static void a_field_is_present_denied_or_absent(void **state)
{
	hk_record record = { { 0, 0 }, { 0, 0 } };

	(void) state;
	for (unsigned int i = 0; i < HK_RECORD_FIELDS_MAX; i++) {
		assert_false(hk_record_has(&record, i));
		hk_record_deny(&record, i);
		assert_true(hk_record_is_denied(&record, i));
		assert_false(hk_record_has(&record, i));
		hk_record_set(&record, i);
		assert_true(hk_record_has(&record, i));
		assert_false(hk_record_is_denied(&record, i));
		hk_record_clear(&record, i);
		assert_false(
		    hk_record_has(&record, i) || hk_record_is_denied(&record, i));
	}
	hk_record_set(&record, HK_RECORD_FIELDS_MAX);
	hk_record_deny(&record, UINT_MAX);
	assert_false(hk_record_has(&record, HK_RECORD_FIELDS_MAX));
	assert_false(hk_record_is_denied(&record, UINT_MAX));
}

static void fields_are_found_by_name(void **state)
{
	sample_record sample = full_sample();

	(void) state;
	assert_int_equal(PID, hk_record_find(&sample_type, "pid"));
	assert_int_equal(-ENOENT, hk_record_find(&sample_type, "PID"));
	assert_ptr_equal(&sample.pid, hk_record_value(&sample_type, &sample, PID));
}

static void check_json(const char *expected, const sample_record *sample)
{
	hk_json_writer *writer = NULL;

	assert_int_equal(0, hk_json_writer_new(&writer, 0));
	hk_record_write(writer, &sample_type, sample);
	assert_non_null(hk_json_writer_text(writer, NULL));
	assert_string_equal(expected, hk_json_writer_text(writer, NULL));
	hk_json_writer_free(writer);
}

static void json_has_every_present_field(void **state)
{
	sample_record sample = full_sample();

	(void) state;
	check_json("{\"alive\":true,\"threads\":4000000000,\"offset_bytes\":-2048,"
		   "\"memory_bytes\":18446744073709551615,\"cpu_percent\":12.3,"
		   "\"wall_s\":123.457,\"started\":1706659200,\"temperature\":45.5,"
		   "\"frequency\":3200000000,\"pid\":4194304,\"name\":\"api\","
		   "\"blob\":\"a\xef\xbf\xbd\",\"blob_base64\":\"Yf8=\","
		   "\"state\":\"exited\",\"points\":[{\"x\":1,\"y\":0.12},"
		   "{\"x\":2,\"denied\":[\"y\"]}],\"origin\":{\"x\":1,\"y\":0.12},"
		   "\"words\":[\"node\",\"a b,\\\"c\\\"\\n\"],\"exact\":0.1}",
	    &sample);
}

static void json_leaves_out_the_absent_and_names_the_denied(void **state)
{
	sample_record sample = { .pid = 7, .name = NULL, .state = 99 };

	(void) state;
	check_json("{}", &sample);
	hk_record_set(&sample.record, PID);
	hk_record_set(&sample.record, NAME);  /* present, but NULL */
	hk_record_set(&sample.record, STATE); /* a value without a name */
	hk_record_deny(&sample.record, MEMORY);
	hk_record_deny(&sample.record, WORDS);
	check_json("{\"pid\":7,\"state\":\"99\",\"denied\":[\"memory_bytes\",\"words\"]}",
	    &sample);
}

static void json_gives_strings_exactly_that_are_not_text(void **state)
{
	const char *const words[] = { "ok", "\xff" };
	sample_record sample = { .name = "\xff", .words = { words, 2 } };

	(void) state;
	hk_record_set(&sample.record, NAME);
	hk_record_set(&sample.record, WORDS);
	check_json("{\"name\":\"\xef\xbf\xbd\",\"name_base64\":\"/w==\","
		   "\"words\":[\"ok\",\"\xef\xbf\xbd\"],"
		   "\"words_base64\":[\"b2s=\",\"/w==\"]}",
	    &sample);
}

static void csv_has_a_column_a_field(void **state)
{
	sample_record sample = full_sample();
	char *header = NULL;
	char *line = NULL;

	(void) state;
	assert_int_equal(0, hk_record_csv_header(&header, &sample_type));
	assert_string_equal("alive,threads,offset_bytes,memory_bytes,cpu_percent,wall_s,"
			    "started,temperature,frequency,pid,name,blob,state,points,"
			    "origin,words,exact\r\n",
	    header);
	assert_int_equal(0, hk_record_csv_line(&line, &sample_type, &sample));
	assert_string_equal(
	    "true,4000000000,-2048,18446744073709551615,12.3,123.457,1706659200,45.5,"
	    "3200000000,4194304,api,a\xef\xbf\xbd,exited,"
	    "\"[{\"\"x\"\":1,\"\"y\"\":0.12},{\"\"x\"\":2,\"\"denied\"\":[\"\"y\"\"]}]\","
	    "\"{\"\"x\"\":1,\"\"y\"\":0.12}\","
	    "\"[\"\"node\"\",\"\"a b,\\\"\"c\\\"\"\\n\"\"]\",0.1\r\n",
	    line);
	hk_free(header);
	hk_free(line);
}

static void csv_quotes_what_would_break_the_line(void **state)
{
	static const char *const cases[][2] = {
		{ "plain", "plain" },
		{ "", "" },
		{ "a,b", "\"a,b\"" },
		{ "say \"hi\"", "\"say \"\"hi\"\"\"" },
		{ "two\nlines", "\"two\nlines\"" },
		{ "carriage\rreturn", "\"carriage\rreturn\"" },
		{ " lead", "\" lead\"" },
		{ "trail ", "\"trail \"" },
		{ "\xffx", "\xef\xbf\xbdx" },
	};

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		sample_record sample = { .name = cases[i][0] };
		hki_cleanup(hki_freep) char *expected =
		    hki_format(",,,,,,,,,,%s,,,,,,\r\n", cases[i][1]);
		char *line = NULL;

		hk_record_set(&sample.record, NAME);
		hk_record_deny(&sample.record, PID);
		assert_int_equal(0, hk_record_csv_line(&line, &sample_type, &sample));
		assert_string_equal(expected, line);
		hk_free(line);
	}
}

static void csv_lines_hold_no_nul(void **state)
{
	sample_record sample = { .blob = { "a\0b", 3 }, .exact = (double) NAN };
	char *line = NULL;

	(void) state;
	hk_record_set(&sample.record, BLOB);
	hk_record_set(&sample.record, EXACT);
	assert_int_equal(0, hk_record_csv_line(&line, &sample_type, &sample));
	assert_string_equal(",,,,,,,,,,,a\xef\xbf\xbd"
			    "b,,,,,\r\n",
	    line);
	hk_free(line);
}

static void check_shown(
    const char *expected, const sample_record *sample, unsigned int index)
{
	char text[200];
	size_t length = hk_record_format(text, sizeof(text), &sample_type, sample, index);

	assert_string_equal(expected, text);
	assert_int_equal(strlen(expected), length);
}

static void people_see_units(void **state)
{
	sample_record sample = full_sample();

	(void) state;
	check_shown("yes", &sample, ALIVE);
	check_shown("4000000000", &sample, THREADS);
	check_shown("-2.0K", &sample, OFFSET);
	check_shown("16E", &sample, MEMORY);
	check_shown("12.3%", &sample, CPU);
	check_shown("2m03s", &sample, WALL);
	check_shown("2024-01-31T00:00:00Z", &sample, STARTED);
	check_shown("45.5°C", &sample, TEMPERATURE);
	check_shown("3.2GHz", &sample, FREQUENCY);
	check_shown("4194304", &sample, PID);
	check_shown("api", &sample, NAME);
	check_shown("a\xef\xbf\xbd", &sample, BLOB);
	check_shown("exited", &sample, STATE);
	check_shown("[2]", &sample, POINTS);
	check_shown("x=1 y=0.12", &sample, ORIGIN);
	check_shown("node a b,\"c\"\\n", &sample, WORDS);
	check_shown("0.1", &sample, EXACT);
}

static void people_see_what_is_missing_and_why(void **state)
{
	sample_record sample = { .name = NULL, .state = 5, .exact = (double) NAN };
	char cut[2];

	(void) state;
	check_shown("-", &sample, PID);
	hk_record_deny(&sample.record, PID);
	check_shown("?", &sample, PID);
	hk_record_set(&sample.record, NAME);
	check_shown("-", &sample, NAME);
	hk_record_set(&sample.record, STATE);
	check_shown("5", &sample, STATE);
	hk_record_set(&sample.record, EXACT);
	check_shown("-", &sample, EXACT);
	hk_record_set(&sample.record, ALIVE);
	check_shown("no", &sample, ALIVE);
	assert_int_equal(2, hk_record_format(cut, 2, &sample_type, &sample, ALIVE));
	assert_string_equal("n", cut);
	assert_int_equal(2, hk_record_format(NULL, 0, &sample_type, &sample, ALIVE));
}

static void shown_seconds(const char *expected, double seconds)
{
	sample_record sample = { .wall_s = seconds };

	hk_record_set(&sample.record, WALL);
	check_shown(expected, &sample, WALL);
}

static void shown_timestamp(const char *expected, uint64_t seconds)
{
	sample_record sample = { .started = seconds };

	hk_record_set(&sample.record, STARTED);
	check_shown(expected, &sample, STARTED);
}

static void odd_times_are_shown_too(void **state)
{
	(void) state;
	shown_seconds("0s", 0);
	shown_seconds("-1.5s", -1.5);
	shown_seconds("250ms", 0.25);
	shown_seconds("213503d23h", 1e300);
	shown_timestamp("1970-01-01T00:00:00Z", 0);
	shown_timestamp("2000-02-29T23:59:59Z", 951868799);
	shown_timestamp("2100-03-01T00:00:00Z", 4107542400);
	shown_timestamp("9999-12-31T23:59:59Z", 253402300799);
	shown_timestamp("-", 253402300800);
	shown_timestamp("-", UINT64_MAX);
}

static void hostile_names_are_harmless_on_a_terminal(void **state)
{
	sample_record sample = { .name = "\x1b]0;owned\x07\n" };

	(void) state;
	hk_record_set(&sample.record, NAME);
	check_shown("\\x1b]0;owned\\x07\\n", &sample, NAME);
}

static int write_lines(void *user)
{
	sample_record sample = full_sample();
	char *header = NULL;
	char *line = NULL;
	int r;

	(void) user;
	r = hk_record_csv_header(&header, &sample_type);
	if (r == 0)
		r = hk_record_csv_line(&line, &sample_type, &sample);
	hk_free(header);
	hk_free(line);
	return r;
}

static void it_survives_every_failing_allocation(void **state)
{
	(void) state;
	assert_true(hki_torture(write_lines, NULL) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_is_present_denied_or_absent),
		cmocka_unit_test(fields_are_found_by_name),
		cmocka_unit_test(json_has_every_present_field),
		cmocka_unit_test(json_leaves_out_the_absent_and_names_the_denied),
		cmocka_unit_test(json_gives_strings_exactly_that_are_not_text),
		cmocka_unit_test(csv_has_a_column_a_field),
		cmocka_unit_test(csv_quotes_what_would_break_the_line),
		cmocka_unit_test(csv_lines_hold_no_nul),
		cmocka_unit_test(people_see_units),
		cmocka_unit_test(people_see_what_is_missing_and_why),
		cmocka_unit_test(odd_times_are_shown_too),
		cmocka_unit_test(hostile_names_are_harmless_on_a_terminal),
		cmocka_unit_test(it_survives_every_failing_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
