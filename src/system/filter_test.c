#include <hostkit/system_filter.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/array.h"
#include "base/torture.h"

/* A row like a process's: every kind a filter can meet. */
typedef struct row {
	hk_record record;
	int64_t pid;
	const char *name;
	const char *user;
	int32_t state;
	double cpu_percent;
	uint64_t rss_bytes;
	double elapsed_s;
	bool kernel;
	hk_record_strings command;
	hk_record_bytes label;
	int32_t nice;
	uint64_t read_bytes;
	double read_s;
	hk_record_list files;
} row;

enum {
	PID,
	NAME,
	USER,
	STATE,
	CPU,
	RSS,
	ELAPSED,
	KERNEL,
	COMMAND,
	LABEL,
	NICE,
	READ_BYTES,
	READ_S,
	FILES,
	FIELDS
};

static const char *const states[] = { "running", "sleeping", "zombie", NULL };

#define FIELD(member, k, u)                                                              \
	{                                                                                \
		.name = #member, .kind = k, .unit = u, .offset = offsetof(row, member)   \
	}

static const hk_record_field fields[FIELDS] = {
	[PID] = FIELD(pid, HK_RECORD_INT64, HK_UNIT_IDENTIFIER),
	[NAME] = FIELD(name, HK_RECORD_STRING, HK_UNIT_NONE),
	[USER] = FIELD(user, HK_RECORD_STRING, HK_UNIT_NONE),
	[STATE] = { .name = "state",
	    .kind = HK_RECORD_ENUM,
	    .offset = offsetof(row, state),
	    .names = states },
	[CPU] = FIELD(cpu_percent, HK_RECORD_DOUBLE, HK_UNIT_PERCENT),
	[RSS] = FIELD(rss_bytes, HK_RECORD_UINT64, HK_UNIT_BYTES),
	[ELAPSED] = FIELD(elapsed_s, HK_RECORD_DOUBLE, HK_UNIT_SECONDS),
	[KERNEL] = FIELD(kernel, HK_RECORD_BOOL, HK_UNIT_NONE),
	[COMMAND] = FIELD(command, HK_RECORD_STRINGS, HK_UNIT_NONE),
	[LABEL] = FIELD(label, HK_RECORD_BYTES, HK_UNIT_NONE),
	[NICE] = FIELD(nice, HK_RECORD_INT32, HK_UNIT_NONE),
	[READ_BYTES] = FIELD(read_bytes, HK_RECORD_UINT64, HK_UNIT_BYTES),
	[READ_S] = FIELD(read_s, HK_RECORD_DOUBLE, HK_UNIT_SECONDS),
	[FILES] = FIELD(files, HK_RECORD_LIST, HK_UNIT_NONE),
};

static const hk_record_type type = {
	.name = "row",
	.fields = fields,
	.field_count = FIELDS,
	.struct_size = sizeof(row),
};

static const char *const words[] = { "node", "--port 80", "server.js" };

/* A row with everything but `read_bytes`, whose value is denied, and `files`. */
static row node_row(void)
{
	row made = {
		.pid = 4711,
		.name = "node (1)",
		.user = "www",
		.state = 1,
		.cpu_percent = 7.5,
		.rss_bytes = UINT64_C(600) << 20,
		.elapsed_s = 90,
		.command = { words, HKI_COUNT(words) },
		.label = { "a\0b", 3 },
		.nice = -5,
		.read_s = 1,
	};

	for (unsigned int i = 0; i < FIELDS; i++)
		hk_record_set(&made.record, i);
	hk_record_clear(&made.record, FILES);
	hk_record_deny(&made.record, READ_BYTES);
	return made;
}

static hk_system_filter *compile(const char *text)
{
	hk_system_filter *filter = NULL;
	hk_error_list *errors = NULL;
	char line[256] = "";

	assert_int_equal(hk_error_list_new(&errors), 0);
	if (hk_system_filter_new(&filter, &type, text, errors) < 0) {
		hk_error_format(line, sizeof(line), hk_error_list_get(errors, 0));
		fail_msg("'%s' is refused: %s", text, line);
	}
	assert_int_equal(hk_error_list_count(errors), 0);
	hk_error_list_free(errors);
	return filter;
}

static void expect(const char *text, const row *of, int answer)
{
	hk_system_filter *filter = compile(text);
	int got = hk_system_filter_match(filter, of);

	hk_system_filter_free(filter);
	if (got != answer)
		fail_msg("'%s' gives %d, not %d", text, got, answer);
}

typedef struct expectation {
	const char *text;
	int answer;
} expectation;

static void expect_all(const expectation *cases, size_t count)
{
	row of = node_row();

	for (size_t i = 0; i < count; i++)
		expect(cases[i].text, &of, cases[i].answer);
}

static void values_are_read_as_their_field_wants(void **state)
{
	static const expectation cases[] = {
		{ "pid == 4711", 1 },
		{ "pid=4711", 1 },
		{ "pid != 4711", 0 },
		{ "cpu > 5", 1 },
		{ "cpu>7.5", 0 },
		{ "cpu>=7.5%", 1 },
		{ "cpu_percent < 8", 1 },
		{ "rss > 512M", 1 },
		{ "rss > 0.6G", 0 },
		{ "rss_bytes == 629145600", 1 },
		{ "elapsed >= 1m30s", 1 },
		{ "elapsed < 90", 0 },
		{ "nice < 0", 1 },
		{ "nice == -5", 1 },
		{ "nice > -5e0", 0 },
		{ "state == sleeping", 1 },
		{ "state==Zombie", 0 },
		{ "state != zombie", 1 },
		{ "kernel", 0 },
		{ "!kernel", 1 },
		{ "kernel == no", 1 },
		{ "user == www", 1 },
		{ "user == 'www'", 1 },
		{ "name == \"node (1)\"", 1 },
		{ "name == 'it\\'s'", 0 },
	};

	(void) state;
	expect_all(cases, HKI_COUNT(cases));
}

static void operators_bind_as_in_c(void **state)
{
	static const expectation cases[] = {
		{ "cpu>5 && user==www && name~^node", 1 },
		{ "cpu>50 || user==www", 1 },
		{ "cpu>50 && user==root || pid==4711", 1 },
		{ "cpu>50 && (user==root || pid==4711)", 0 },
		{ "pid==4711 || cpu>50 && user==root", 1 },
		{ "!(cpu>50) and not kernel", 1 },
		{ "!!!kernel", 1 },
		{ "((((pid>1))))", 1 },
		{ "cpu>50 or cpu<1 or pid==4711", 1 },
	};

	(void) state;
	expect_all(cases, HKI_COUNT(cases));
}

static void expressions_match_texts(void **state)
{
	static const expectation cases[] = {
		{ "name ~ node", 1 },
		{ "name~^node.*1", 1 },
		{ "name !~ node", 0 },
		{ "name =~ 'node \\([0-9]\\)$'", 1 },
		{ "name~(deno|node) && pid==4711", 1 },
		{ "name~deno|node||kernel", 1 },
		{ "(name~deno|bun)", 0 },
		{ "name~[)(|]", 1 },
		{ "name~[]a]", 0 },
		{ "command ~ 'node --port 80 server'", 1 },
		{ "command~/\\.js$/", 1 },
		{ "label ~ 'a b'", 1 },
		{ "/server.js/", 1 },
		{ "!/postgres|redis/", 1 },
		{ "/sleep/ && pid==4711", 1 },
		{ "state ~ ing", 1 },
		{ "command == 'node --port 80 server.js'", 1 },
		{ "user ~ ^w{3}$", 1 },
		{ "user ~ '^(w+)+[a+]*a*b?c*d?e*f?(x+y+z+)?(x+y+z+)?(x+y+z+)?$'", 1 },
	};

	(void) state;
	expect_all(cases, HKI_COUNT(cases));
}

static void what_is_not_known_is_never_true(void **state)
{
	static const expectation cases[] = {
		{ "read_bytes > 0", 0 },
		{ "!(read_bytes > 0)", 0 },
		{ "read_bytes <= 0 || pid==4711", 1 },
		{ "read_bytes <= 0 && pid==4711", 0 },
		{ "!(read_bytes <= 0 && pid==1)", 1 },
		{ "read_bytes", 0 },
		{ "!read_bytes", 1 },
		{ "!files", 1 },
		{ "name", 1 },
	};
	row nothing = { .pid = 0 };

	(void) state;
	expect_all(cases, HKI_COUNT(cases));
	expect("/./", &nothing, 0);
	expect("!/./", &nothing, 0);
	expect("kernel", &nothing, 0);
	expect("!kernel", &nothing, 0);
	expect("name !~ x", &nothing, 0);
}

static void large_integers_are_compared_exactly(void **state)
{
	row of = node_row();

	(void) state;
	of.rss_bytes = UINT64_MAX;
	expect("rss == 18446744073709551615", &of, 1);
	expect("rss > 18446744073709551614", &of, 1);
	of.pid = INT64_MIN;
	expect("pid == -9223372036854775808", &of, 1);
	expect("pid < -9223372036854775807", &of, 1);
}

static void names_may_leave_their_unit_away(void **state)
{
	(void) state;
	assert_int_equal(hk_system_filter_field(&type, "cpu"), CPU);
	assert_int_equal(hk_system_filter_field(&type, "rss"), RSS);
	assert_int_equal(hk_system_filter_field(&type, "rss_bytes"), RSS);
	assert_int_equal(hk_system_filter_field(&type, "read"), READ_BYTES);
	assert_int_equal(hk_system_filter_field(&type, "rs"), -ENOENT);
	assert_int_equal(hk_system_filter_field(&type, ""), -ENOENT);
}

static void a_filter_knows_its_fields(void **state)
{
	hk_system_filter *filter = compile("cpu > 5 && (user == www || !kernel)");

	(void) state;
	for (unsigned int i = 0; i < FIELDS; i++) {
		bool uses = hk_system_filter_uses(filter, i);

		if (uses != (i == CPU || i == USER || i == KERNEL))
			fail_msg("'%s' is used: %d", fields[i].name, uses);
	}
	assert_false(hk_system_filter_uses(filter, 4000));
	hk_system_filter_free(filter);
}

typedef struct mistake {
	const char *text;
	const char *told;
} mistake;

static void mistakes_are_told_with_column_and_remedy(void **state)
{
	static const mistake cases[] = {
		{ "", "filter:1:1: a column's name is expected (as in cpu > 5 && user == "
		      "www)" },
		{ "cpv > 5", "filter:1:1: no column is called 'cpv' (did you mean "
			     "'cpu_percent'?)" },
		{ "pid>1 && usr==www",
		    "filter:1:10: no column is called 'usr' (did you mean 'user'?)" },
		{ "gibberish > 5", "filter:1:1: no column is called 'gibberish'" },
		{ "cpu >", "filter:1:6: a value belongs behind '>'" },
		{ "cpu > 5 user == www",
		    "filter:1:9: && or || is missing here (quote texts that hold "
		    "spaces)" },
		{ "cpu > five",
		    "filter:1:7: 'cpu_percent' is a percentage, not 'five' (write 5 or "
		    "5%)" },
		{ "rss > 5X",
		    "filter:1:7: 'rss_bytes' is a size, not '5X' (write 512M, 64K or "
		    "1.5G)" },
		{ "elapsed > soon",
		    "filter:1:11: 'elapsed_s' is a time, not 'soon' (write 90s, 250ms "
		    "or 2h)" },
		{ "pid == www", "filter:1:8: 'pid' is a number, not 'www'" },
		{ "state == zombi", "filter:1:10: 'state' is never 'zombi' (did you mean "
				    "'zombie'?)" },
		{ "state == dancing", "filter:1:10: 'state' is never 'dancing' (one of: "
				      "running sleeping zombie)" },
		{ "kernel == maybe",
		    "filter:1:11: 'kernel' is yes or no, not 'maybe' (write true or "
		    "false)" },
		{ "(cpu > 5", "filter:1:1: this '(' is never closed" },
		{ "cpu > 5)", "filter:1:8: no '(' belongs to this ')'" },
		{ "name == 'abc", "filter:1:9: the ' is never closed" },
		{ "cpu & 5",
		    "filter:1:5: '&' is no operator (write && for and, || for or)" },
		{ "user < www",
		    "filter:1:8: 'user' has no order (compare it with == != ~ or !~)" },
		{ "pid ~ 4",
		    "filter:1:1: 'pid' is no text, so it matches no expression (compare "
		    "it with == != < <= > or >=)" },
		{ "files == 3", "filter:1:10: 'files' has parts and cannot be compared" },
		{ "name ~ '(a'",
		    "filter:1:8: '(a' is no regular expression: Unmatched ( or \\(" },
		{ "name ~ '(a)\\1'",
		    "filter:1:8: this expression is not taken: it refers back to a "
		    "group" },
		{ "name ~ 'a{99}{99}'",
		    "filter:1:8: this expression is not taken: it repeats too often" },
		{ "name ~ a++++++++++++++++++++++++++++++++++++++++",
		    "filter:1:8: this expression is not taken: it repeats too often" },
		{ "name ~ '(((((((((((a+)+)+)+)+)+)+)+)+)+)+)+'",
		    "filter:1:8: this expression is not taken: it repeats too often" },
		{ "name ~ 'a*+*+*+*+*+*+*+*+*+*+*+'",
		    "filter:1:8: this expression is not taken: it repeats too often" },
		{ "name ~ '(b|(a{9})[+]{9}x{,9}|c){40}'",
		    "filter:1:8: this expression is not taken: it repeats too often" },
		{ "cpu > 1-5",
		    "filter:1:7: 'cpu_percent' is a percentage, not '1-5' (write 5 or "
		    "5%)" },
		{ "cpu > 9.+++++++++++++++++++++++",
		    "filter:1:7: 'cpu_percent' is a percentage, not "
		    "'9.+++++++++++++++++++++++' (write 5 or 5%)" },
		{ "cpu > +-5",
		    "filter:1:7: 'cpu_percent' is a percentage, not '+-5' (write 5 or "
		    "5%)" },
		{ "cpu > 1e",
		    "filter:1:7: 'cpu_percent' is a percentage, not '1e' (write 5 or "
		    "5%)" },
		{ "cpu > 1e999",
		    "filter:1:7: 'cpu_percent' is a percentage, not '1e999' (write 5 or "
		    "5%)" },
	};

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		hk_system_filter *filter = NULL;
		hk_error_list *errors = NULL;
		char line[512] = "";
		int r;

		assert_int_equal(hk_error_list_new(&errors), 0);
		r = hk_system_filter_new(&filter, &type, cases[i].text, errors);
		if (r != HK_EPARSE || filter != NULL)
			fail_msg("'%s' gives %s", cases[i].text, hk_error_name(r));
		hk_error_format(line, sizeof(line), hk_error_list_get(errors, 0));
		if (strcmp(line, cases[i].told) != 0)
			fail_msg("'%s' is told as\n  %s\nnot as\n  %s", cases[i].text,
			    line, cases[i].told);
		hk_error_list_free(errors);
	}
}

static void depth_and_length_have_limits(void **state)
{
	static char text[HK_SYSTEM_FILTER_TEXT_MAX + 2];
	hk_system_filter *filter = NULL;

	(void) state;
	memset(text, '!', 1000);
	strcpy(text + 1000, "kernel");
	assert_int_equal(hk_system_filter_new(&filter, &type, text, NULL), HK_ELIMIT);

	text[0] = '\0';
	for (size_t i = 0; i < 300; i++)
		strcat(text, "kernel||");
	strcat(text, "kernel");
	assert_int_equal(hk_system_filter_new(&filter, &type, text, NULL), HK_ELIMIT);

	memset(text, ' ', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(hk_system_filter_new(&filter, &type, text, NULL), HK_ELIMIT);
	assert_null(filter);
}

/* Exponential for an engine that backtracks: minutes for one row, if it ever ended. */
static void no_expression_makes_matching_slow(void **state)
{
	static char long_name[4096];
	row of = node_row();

	(void) state;
	memset(long_name, 'a', sizeof(long_name) - 1);
	of.name = long_name;
	expect("name ~ '^(a+)+$'", &of, 1);
	long_name[sizeof(long_name) - 2] = 'b';
	expect("name ~ '^(a+)+$'", &of, 0);
	expect("name ~ '^(a|a)*$'", &of, 0);
	expect("name ~ '^((a*)*)*$'", &of, 0);
}

static int compile_and_ask(void *user)
{
	row of = node_row();
	hk_system_filter *filter = NULL;
	int r;

	(void) user;
	r = hk_system_filter_new(
	    &filter, &type, "cpu > 5 && (user == www || command == 'x y')", NULL);
	if (r == 0)
		r = hk_system_filter_match(filter, &of);
	hk_system_filter_free(filter);
	return r < 0 ? r : 0;
}

static void every_failed_allocation_is_told(void **state)
{
	(void) state;
	assert_true(hki_torture(compile_and_ask, NULL) > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_as_their_field_wants),
		cmocka_unit_test(operators_bind_as_in_c),
		cmocka_unit_test(expressions_match_texts),
		cmocka_unit_test(what_is_not_known_is_never_true),
		cmocka_unit_test(large_integers_are_compared_exactly),
		cmocka_unit_test(names_may_leave_their_unit_away),
		cmocka_unit_test(a_filter_knows_its_fields),
		cmocka_unit_test(mistakes_are_told_with_column_and_remedy),
		cmocka_unit_test(depth_and_length_have_limits),
		cmocka_unit_test(no_expression_makes_matching_slow),
		cmocka_unit_test(every_failed_allocation_is_told),
	};

	return cmocka_run_group_tests_name("system/filter", tests, NULL, NULL);
}
