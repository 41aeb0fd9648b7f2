#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "process/probe_test.h"

/* The child's environment, and files of it. */

static hk_process_opts cleared(void)
{
	hk_process_opts opts = probe_opts("environment");

	opts.flags = HK_PROCESS_CLEAR_ENV;
	return opts;
}

static void ours_is_inherited(void **state)
{
	hk_process_opts opts = command_opts(COMMAND("sh", "-c", "echo $INHERITED"));

	(void) state;
	setenv("INHERITED", "yes", 1);
	assert_string_equal("yes", probe_run(&opts));
	unsetenv("INHERITED");
}

static void it_can_be_cleared(void **state)
{
	hk_process_opts opts = cleared();

	(void) state;
	assert_string_equal("", probe_run(&opts));
}

static void later_words_win_in_the_place_of_earlier_ones(void **state)
{
	hk_process_opts opts = probe_opts("environment");
	const char *list[2] = { NULL, NULL };

	(void) state;
	opts.flags = HK_PROCESS_CLEAR_ENV;
	list[0] = probe_file("first.env", "A=file\nB=file\nC=file\n", 0600);
	opts.env_files = list;
	opts.env = COMMAND("B=set", "D=set", "D=again");
	opts.env_unset = COMMAND("C", "NEVER_WAS");
	assert_string_equal("A=file\nB=set\nD=again", probe_run(&opts));
}

static void later_files_win(void **state)
{
	hk_process_opts opts = cleared();
	char first[128];
	char second[128];
	const char *const files[] = { first, second, NULL };

	(void) state;
	(void) snprintf(
	    first, sizeof(first), "%s", probe_file("1.env", "A=1\nB=1\n", 0600));
	(void) snprintf(second, sizeof(second), "%s", probe_file("2.env", "B=2\n", 0600));
	opts.env_files = files;
	assert_string_equal("A=1\nB=2", probe_run(&opts));
}

static void what_is_set_must_have_a_name(void **state)
{
	hk_process_opts opts = cleared();

	(void) state;
	opts.env = COMMAND("JUST_A_NAME");
	assert_spawn_fails(
	    &opts, -EINVAL, "env: 'JUST_A_NAME' is not of the form NAME=VALUE");
	opts.env = COMMAND("=value");
	assert_spawn_fails(&opts, -EINVAL, "env: '=value' is not of the form NAME=VALUE");
	opts.env = NULL;
	opts.env_unset = COMMAND("A=B");
	assert_spawn_fails(&opts, -EINVAL, "env: 'A=B' is not the name of a variable");
}

static void files_are_read_as_people_write_them(void **state)
{
	hk_process_opts opts = cleared();
	const char *list[2] = { NULL, NULL };

	(void) state;
	list[0] = probe_file("people.env",
	    "\xef\xbb\xbf# a comment\n"
	    "\n"
	    "PLAIN=value\n"
	    "  INDENTED = spaced value \t\n"
	    "export EXPORTED=1\n"
	    "exportable=2\n"
	    "EMPTY=\n"
	    "HASH=a#b # comment\n"
	    "SINGLE='$HOME \\n # kept'\n"
	    "DOUBLE=\"tab\\there \\\"quoted\\\" \\q\" # comment\n"
	    "LINES=\"one\n"
	    "two\"\n"
	    "URL=postgres://u:p@h/db?x=1&y=2\r\n"
	    "LAST=without line end",
	    0600);
	opts.env_files = list;
	assert_string_equal("PLAIN=value\n"
			    "INDENTED=spaced value\n"
			    "EXPORTED=1\n"
			    "exportable=2\n"
			    "EMPTY=\n"
			    "HASH=a#b\n"
			    "SINGLE=$HOME \\n # kept\n"
			    "DOUBLE=tab\there \"quoted\" \\q\n"
			    "LINES=one\ntwo\n"
			    "URL=postgres://u:p@h/db?x=1&y=2\n"
			    "LAST=without line end",
	    probe_run(&opts));
}

/* All errors of a start, one a line, with the directory cut out. */
static const char *errors_of(const hk_process_opts *opts, int code)
{
	static char text[4096];
	hk_error_list *errors;
	hk_process *process;
	hk_loop *loop;
	size_t length = 0;
	size_t skip = strlen(probe_directory()) + 1;

	assert_int_equal(0, hk_loop_new(&loop));
	assert_int_equal(0, hk_error_list_new(&errors));
	assert_int_equal(code, hk_process_spawn(&process, loop, opts, errors));
	text[0] = '\0';
	for (size_t i = 0; i < hk_error_list_count(errors); i++) {
		char line[512];

		(void) hk_error_format(line, sizeof(line), hk_error_list_get(errors, i));
		length += (size_t) snprintf(
		    text + length, sizeof(text) - length, "%s\n", line + skip);
	}
	hk_error_list_free(errors);
	hk_loop_free(loop);
	return text;
}

static void every_mistake_of_a_file_is_told_with_its_place(void **state)
{
	hk_process_opts opts = cleared();
	const char *list[2] = { NULL, NULL };

	(void) state;
	list[0] = probe_file("bad.env",
	    "GOOD=1\n"
	    "  NO EQUALS\n"
	    "=value\n"
	    "A='closed' but more\n"
	    "B=\"multi\n"
	    "line\"\n"
	    "C='never closed\n"
	    "\n",
	    0600);
	opts.env_files = list;
	assert_string_equal(
	    "bad.env:2:6: env_file: '=' is missing behind the name (write NAME=VALUE)\n"
	    "bad.env:3:1: env_file: a line must begin with the name of a variable "
	    "(write NAME=VALUE, or '#' for a comment)\n"
	    "bad.env:4:12: env_file: something follows the closing quote "
	    "(quote the whole value)\n"
	    "bad.env:7:3: env_file: this quote is never closed\n",
	    errors_of(&opts, HK_EPARSE));
}

static void files_that_cannot_be_read_are_named(void **state)
{
	hk_process_opts opts = cleared();
	char path[128];
	char text[256];
	const char *const files[] = { path, NULL };

	(void) state;
	opts.env_files = COMMAND("/no/such.env");
	assert_spawn_fails(
	    &opts, -ENOENT, "env_file: '/no/such.env': no such file or directory");
	opts.env_files = COMMAND("/etc");
	assert_spawn_fails(&opts, -EISDIR, "env_file: '/etc': is a directory");
	(void) snprintf(path, sizeof(path), "%s/fifo", probe_directory());
	assert_int_equal(0, mkfifo(path, 0600));
	opts.env_files = files;
	(void) snprintf(
	    text, sizeof(text), "env_file: '%s' (it must be an ordinary file)", path);
	assert_spawn_fails(&opts, -EINVAL, text);
	unlink(path);
}

static void a_nul_byte_is_refused(void **state)
{
	hk_process_opts opts = cleared();
	const char *list[2] = { NULL, NULL };
	FILE *file;

	(void) state;
	list[0] = probe_file("nul.env", "", 0600);
	file = fopen(list[0], "we");
	assert_int_equal(1, fwrite("A=1\nB=x\0y\n", 10, 1, file));
	fclose(file);
	opts.env_files = list;
	assert_string_equal(
	    "nul.env:2:4: env_file: a NUL byte cannot be in an environment "
	    "(is this a text file?)\n",
	    errors_of(&opts, HK_EPARSE));
}

static void a_large_environment_is_built_in_linear_time(void **state)
{
	enum { COUNT = 20000 };
	hk_process_opts opts = command_opts(COMMAND("sh", "-c", "echo $V19999"));
	const char *list[2] = { NULL, NULL };
	char *text = malloc(COUNT * 16);
	size_t length = 0;

	(void) state;
	for (int i = 0; i < COUNT; i++)
		length += (size_t) sprintf(text + length, "V%d=%d\n", i, i);
	list[0] = probe_file("large.env", text, 0600);
	opts.env_files = list;
	assert_string_equal("19999", probe_run(&opts));
	free(text);
}

static int remove_directory(void **state)
{
	(void) state;
	probe_remove_directory();
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_is_inherited),
		cmocka_unit_test(it_can_be_cleared),
		cmocka_unit_test(later_words_win_in_the_place_of_earlier_ones),
		cmocka_unit_test(later_files_win),
		cmocka_unit_test(what_is_set_must_have_a_name),
		cmocka_unit_test(files_are_read_as_people_write_them),
		cmocka_unit_test(every_mistake_of_a_file_is_told_with_its_place),
		cmocka_unit_test(files_that_cannot_be_read_are_named),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(a_large_environment_is_built_in_linear_time),
	};

	probe_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, remove_directory);
}
