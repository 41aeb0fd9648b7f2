#include "table.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include "../exit.h"
#include "base/torture.h"
#include "text.h"

struct animal {
	hk_record record;
	const char *name;
	uint64_t weight_bytes;
	const char *food;
	int32_t legs;
};

static const hk_record_field fields[] = {
	{ .name = "name",
	    .kind = HK_RECORD_STRING,
	    .offset = offsetof(struct animal, name) },
	{ .name = "weight_bytes",
	    .title = "WEIGHT",
	    .kind = HK_RECORD_UINT64,
	    .unit = HK_UNIT_BYTES,
	    .priority = 1,
	    .offset = offsetof(struct animal, weight_bytes) },
	{ .name = "food",
	    .kind = HK_RECORD_STRING,
	    .priority = 5,
	    .offset = offsetof(struct animal, food) },
	{ .name = "legs",
	    .kind = HK_RECORD_INT32,
	    .priority = 2,
	    .offset = offsetof(struct animal, legs) },
};

static const hk_record_type animal_type = {
	.name = "animal",
	.fields = fields,
	.field_count = 4,
	.struct_size = sizeof(struct animal),
};

#define ALL                                                                              \
	{                                                                                \
		{ 0xf },                                                                 \
		{                                                                        \
			0                                                                \
		}                                                                        \
	}

static const struct animal zoo[] = {
	{ ALL, "mouse", 20, "cheese", 4 },
	{ ALL, "elephant", 6ULL << 20, "leaves, and what falls from trees", 4 },
	{ { { 0x3 }, { 0x8 } }, "snake", 2048, NULL, 0 },
	{ ALL, "b\xc3\xa4r\033[2J", 300, "\xe8\x8c\xb6", 4 },
};

static char printed[4096], told[1024];

static void read_back(int file, char *text, size_t room)
{
	ssize_t length = pread(file, text, room - 1, 0);

	text[length > 0 ? length : 0] = '\0';
	close(file);
}

static int print(const cmd_table_opts *opts)
{
	cmd_output output = { .verb = "zoo", .colour = CMD_COLOUR_NEVER };
	int out_file = memfd_create("stdout", MFD_CLOEXEC);
	int error_file = memfd_create("stderr", MFD_CLOEXEC);
	int saved = dup(STDERR_FILENO);
	FILE *file = fdopen(dup(out_file), "w");
	int status;

	dup2(error_file, STDERR_FILENO);
	status = cmd_table_print(&output, file, opts, &animal_type, zoo, 4);
	fclose(file);
	dup2(saved, STDERR_FILENO);
	close(saved);
	read_back(out_file, printed, sizeof(printed));
	read_back(error_file, told, sizeof(told));
	return status;
}

static void programs_get_every_column_complete(void **state)
{
	cmd_table_opts opts = { .terminal = 1 };

	(void) state;
	assert_int_equal(print(&opts), 0);
	assert_string_equal(printed,
	    "NAME\tWEIGHT\tFOOD\tLEGS\n"
	    "mouse\t20\tcheese\t4\n"
	    "elephant\t6.0M\tleaves, and what falls from trees\t4\n"
	    "snake\t2.0K\t-\t?\n"
	    "b\xc3\xa4r\\x1b[2J\t300\t\xe8\x8c\xb6\t4\n");
	assert_string_equal(told, "");
}

static void a_screen_gets_columns_aligned_and_numbers_to_the_right(void **state)
{
	cmd_table_opts opts = { .terminal = 80, .columns = "legs,name,weight_bytes" };

	(void) state;
	assert_int_equal(print(&opts), 0);
	assert_string_equal(printed, "LEGS  NAME        WEIGHT\n"
				     "   4  mouse           20\n"
				     "   4  elephant      6.0M\n"
				     "   ?  snake         2.0K\n"
				     "   4  b\xc3\xa4r\\x1b[2J     300\n");
	assert_string_equal(told, "");
}

static void a_narrow_screen_loses_columns_by_priority_and_says_so(void **state)
{
	cmd_table_opts opts = { .terminal = 30 };

	(void) state;
	assert_int_equal(print(&opts), 0);
	assert_string_equal(printed, "NAME        WEIGHT  LEGS\n"
				     "mouse           20     4\n"
				     "elephant      6.0M     4\n"
				     "snake         2.0K     ?\n"
				     "b\xc3\xa4r\\x1b[2J     300     4\n");
	assert_string_equal(told,
	    "hostkit zoo: the screen is too narrow for 1 column: food; --json has all\n");

	opts.terminal = 12;
	assert_int_equal(print(&opts), 0);
	assert_string_equal(
	    printed, "NAME\nmouse\nelephant\nsnake\nb\xc3\xa4r\\x1b[2J\n");
	assert_string_equal(told, "hostkit zoo: the screen is too narrow for 3 columns: "
				  "weight_bytes,food,legs; --json has all\n");
}

static void an_elastic_column_is_cut_before_others_leave(void **state)
{
	cmd_table_opts opts = { .terminal = 50, .elastic = "food" };

	(void) state;
	assert_int_equal(print(&opts), 0);
	assert_string_equal(printed,
	    "NAME        WEIGHT  FOOD                      LEGS\n"
	    "mouse           20  cheese                       4\n"
	    "elephant      6.0M  leaves, and what falls \xe2\x80\xa6     4\n"
	    "snake         2.0K  -                            ?\n"
	    "b\xc3\xa4r\\x1b[2J     300  \xe8\x8c\xb6                           4\n");
	assert_string_equal(told, "");
}

static void what_may_not_leave_is_cut_with_a_mark(void **state)
{
	cmd_table_opts opts = { .terminal = 6 };

	(void) state;
	assert_int_equal(print(&opts), 0);
	assert_string_equal(printed,
	    "NAME\nmouse\neleph\xe2\x80\xa6\nsnake\nb\xc3\xa4r\\x\xe2\x80\xa6\n");
}

/* The first word of each line, joined by spaces. */
static const char *names(void)
{
	static char joined[256];
	char *line, *rest = printed;

	joined[0] = '\0';
	while ((line = strtok_r(rest, "\n", &rest)) != NULL) {
		strncat(joined, line, strcspn(line, "\t"));
		strcat(joined, " ");
	}
	return joined;
}

static void rows_are_sorted_by_value_and_absent_ones_come_last(void **state)
{
	cmd_table_opts opts = { .terminal = 1, .columns = "name", .no_header = true };

	(void) state;
	opts.sort = "weight_bytes";
	assert_int_equal(print(&opts), 0);
	assert_string_equal(names(), "mouse b\xc3\xa4r\\x1b[2J snake elephant ");
	opts.sort = "-weight_bytes";
	assert_int_equal(print(&opts), 0);
	assert_string_equal(names(), "elephant snake b\xc3\xa4r\\x1b[2J mouse ");
	opts.sort = "-food";
	assert_int_equal(print(&opts), 0);
	assert_string_equal(names(), "b\xc3\xa4r\\x1b[2J elephant mouse snake ");
	opts.sort = "legs"; /* equal ones keep their order */
	assert_int_equal(print(&opts), 0);
	assert_string_equal(names(), "mouse elephant b\xc3\xa4r\\x1b[2J snake ");
}

static void unknown_columns_are_refused_with_the_nearest(void **state)
{
	cmd_table_opts opts = { .terminal = 1, .columns = "name,fodo" };

	(void) state;
	assert_int_equal(print(&opts), CMD_EXIT_USAGE);
	assert_string_equal(printed, "");
	assert_string_equal(
	    told, "hostkit zoo: no column is called 'fodo'; did you mean 'food'?\n");
	opts = (cmd_table_opts){ .terminal = 1, .sort = "-xyzzy" };
	assert_int_equal(print(&opts), CMD_EXIT_USAGE);
	assert_string_equal(told, "hostkit zoo: no column is called 'xyzzy'; there are "
				  "name weight_bytes food legs\n");
}

static int print_under_torture(void *user)
{
	static const cmd_table_opts opts = { .terminal = 40, .sort = "name" };

	(void) user;
	return print(&opts) == 0 ? 0 : -12; /* ENOMEM, told as exit code 9 */
}

static void without_memory_it_fails_and_leaks_nothing(void **state)
{
	(void) state;
	assert_true(hki_torture(print_under_torture, NULL) > 10);
}

static void text_is_wrapped_between_words(void **state)
{
	hki_buffer text = HKI_BUFFER_INIT;

	(void) state;
	assert_int_equal(
	    cmd_text_append_wrapped(&text, "one two three\n\nfour five", 0, 2, 9), 0);
	assert_string_equal(text.data, "one two\n  three\n\n  four\n  five");
	hki_buffer_deinit(&text);
	assert_int_equal(cmd_text_append_wrapped(&text, "incomprehensible", 0, 0, 5), 0);
	assert_string_equal(text.data, "incomprehensible");
	hki_buffer_deinit(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_get_every_column_complete),
		cmocka_unit_test(a_screen_gets_columns_aligned_and_numbers_to_the_right),
		cmocka_unit_test(a_narrow_screen_loses_columns_by_priority_and_says_so),
		cmocka_unit_test(an_elastic_column_is_cut_before_others_leave),
		cmocka_unit_test(what_may_not_leave_is_cut_with_a_mark),
		cmocka_unit_test(rows_are_sorted_by_value_and_absent_ones_come_last),
		cmocka_unit_test(unknown_columns_are_refused_with_the_nearest),
		cmocka_unit_test(without_memory_it_fails_and_leaks_nothing),
		cmocka_unit_test(text_is_wrapped_between_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
