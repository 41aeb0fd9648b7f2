#include "options.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include "exit.h"

/* A table of our own, so that the parser is tested and not today's verbs. */
enum { WAIT = 1, FORCE, LIMIT };

static const cmd_option plain_options[] = {
	{ .id = WAIT, .letter = 'w', .name = "wait", .argument = "TIME" },
	{ .id = FORCE, .letter = 'f', .name = "force" },
	{ .id = LIMIT, .name = "limit-nofile", .argument = "N" },
	{ .name = NULL },
};

static const cmd_verb plain = {
	.name = "stop", .aliases = "halt end", .options = plain_options, .operands_max = 3
};
static const cmd_verb runner = { .name = "run",
	.options = plain_options,
	.operands_min = 1,
	.operands_max = CMD_OPERANDS_ANY,
	.arguments = "PROGRAM",
	.runs_program = true };
static const cmd_verb two_words = {
	.name = "fs watch", .options = plain_options, .operands_max = 1
};

static const cmd_option signal_options[] = {
	{ .id = WAIT,
	    .letter = 's',
	    .name = "signal",
	    .argument = "SIGNAL",
	    .complete = CMD_COMPLETE_SIGNAL },
	{ .name = NULL },
};
static const cmd_verb signaller = {
	.name = "signal", .options = signal_options, .operands_max = CMD_OPERANDS_ANY
};

const cmd_verb *const cmd_verbs[] = { &plain, &runner, &two_words, &signaller, NULL };

static char told[1024]; /* what the last parse wrote on stderr */

static int parse_words(cmd_line *line, const char *const *words)
{
	int saved = dup(STDERR_FILENO);
	int file = memfd_create("stderr", MFD_CLOEXEC);
	int count = 0, status;
	ssize_t length;

	while (words[count] != NULL)
		count++;
	dup2(file, STDERR_FILENO);
	status = cmd_line_parse(line, count, (char **) (uintptr_t) words);
	dup2(saved, STDERR_FILENO);
	close(saved);
	length = pread(file, told, sizeof(told) - 1, 0);
	told[length > 0 ? length : 0] = '\0';
	close(file);
	return status;
}

/* clang-format off */
#define PARSE(line, ...) parse_words((line), (const char *const[]){ "hostkit", __VA_ARGS__, NULL })
/* clang-format on */

static void words_behind_the_verb_are_options_and_operands(void **state)
{
	cmd_line line;

	(void) state;
	assert_int_equal(PARSE(&line, "stop", "a", "--wait", "5s", "b", "-f"), 0);
	assert_ptr_equal(line.call.verb, &plain);
	assert_int_equal(line.call.operand_count, 2);
	assert_string_equal(line.call.operands[0], "a");
	assert_string_equal(line.call.operands[1], "b");
	assert_null(line.call.operands[2]);
	assert_string_equal(cmd_call_value(&line.call, WAIT), "5s");
	assert_string_equal(cmd_call_value(&line.call, FORCE), "");
	assert_null(cmd_call_value(&line.call, LIMIT));
	cmd_line_deinit(&line);
}

static void values_are_taken_in_every_form(void **state)
{
	cmd_line line;

	(void) state;
	assert_int_equal(
	    PARSE(&line, "stop", "--wait=1", "-w2", "-fw", "3", "--wait", "--force"), 0);
	assert_int_equal(line.call.given_count, 5);
	assert_string_equal(line.call.given[0].value, "1");
	assert_string_equal(line.call.given[1].value, "2");
	assert_int_equal(line.call.given[2].option->id, FORCE);
	assert_string_equal(line.call.given[3].value, "3");
	assert_string_equal(
	    line.call.given[4].value, "--force"); /* a value may look like one */
	assert_string_equal(cmd_call_value(&line.call, WAIT), "--force");
	cmd_line_deinit(&line);
}

static void global_options_stand_before_or_behind_the_verb(void **state)
{
	cmd_line line;

	(void) state;
	assert_int_equal(PARSE(&line, "--json", "--color", "never", "stop"), 0);
	assert_true(line.call.output.json);
	assert_int_equal(line.call.output.colour, CMD_COLOUR_NEVER);
	cmd_line_deinit(&line);

	assert_int_equal(PARSE(&line, "stop", "a", "--json", "--color=always"), 0);
	assert_true(line.call.output.json);
	assert_int_equal(line.call.output.colour, CMD_COLOUR_ALWAYS);
	assert_int_equal(line.call.given_count, 0);
	cmd_line_deinit(&line);
}

static void two_dashes_end_the_options(void **state)
{
	cmd_line line;

	(void) state;
	assert_int_equal(PARSE(&line, "stop", "-f", "--", "--json", "-w"), 0);
	assert_false(line.call.output.json);
	assert_int_equal(line.call.operand_count, 2);
	assert_string_equal(line.call.operands[0], "--json");
	cmd_line_deinit(&line);
}

static void the_program_keeps_everything_behind_its_name(void **state)
{
	cmd_line line;

	(void) state;
	assert_int_equal(
	    PARSE(&line, "run", "-f", "ls", "-w", "--json", "--", "--help"), 0);
	assert_false(line.call.output.json);
	assert_false(line.help);
	assert_int_equal(line.call.given_count, 1);
	assert_int_equal(line.call.operand_count, 5);
	assert_string_equal(line.call.operands[0], "ls");
	assert_string_equal(line.call.operands[4], "--help");
	cmd_line_deinit(&line);

	assert_int_equal(PARSE(&line, "run", "--json", "--", "--odd-name", "-x"), 0);
	assert_true(line.call.output.json);
	assert_int_equal(line.call.operand_count, 2);
	assert_string_equal(line.call.operands[0], "--odd-name");
	cmd_line_deinit(&line);
}

static void an_abbreviation_is_refused_with_the_whole_word(void **state)
{
	cmd_line line;

	(void) state;
	assert_int_equal(PARSE(&line, "stop", "--wai", "5s"), CMD_EXIT_USAGE);
	assert_string_equal(
	    told, "hostkit stop: unknown option '--wai'; did you mean '--wait'?\n");
	cmd_line_deinit(&line);
	assert_int_equal(PARSE(&line, "--js", "stop"), CMD_EXIT_USAGE);
	assert_string_equal(
	    told, "hostkit: unknown option '--js'; did you mean '--json'?\n");
	cmd_line_deinit(&line);
}

static void mistakes_are_told_with_a_remedy(void **state)
{
	cmd_line line;

	(void) state;
	assert_int_equal(PARSE(&line, "stop", "--wiat=5s"), CMD_EXIT_USAGE);
	assert_string_equal(
	    told, "hostkit stop: unknown option '--wiat'; did you mean '--wait'?\n");
	cmd_line_deinit(&line);
	assert_int_equal(PARSE(&line, "stop", "--wait"), CMD_EXIT_USAGE);
	assert_string_equal(
	    told, "hostkit stop: option '--wait' needs a value; write --wait TIME\n");
	cmd_line_deinit(&line);
	assert_int_equal(PARSE(&line, "stop", "--force=yes"), CMD_EXIT_USAGE);
	assert_string_equal(told,
	    "hostkit stop: option '--force' takes no value; see hostkit stop --help\n");
	cmd_line_deinit(&line);
	assert_int_equal(PARSE(&line, "stop", "-q"), CMD_EXIT_USAGE);
	assert_string_equal(
	    told, "hostkit stop: unknown option '-q'; see hostkit stop --help\n");
	cmd_line_deinit(&line);
	assert_int_equal(PARSE(&line, "stop", "--color", "red"), CMD_EXIT_USAGE);
	assert_string_equal(told, "hostkit stop: option '--color' takes auto, always or "
				  "never; write --color WHEN\n");
	cmd_line_deinit(&line);
}

static void control_characters_never_reach_the_terminal(void **state)
{
	cmd_line line;

	(void) state;
	assert_int_equal(PARSE(&line, "stop", "--\033[2Jx\n"), CMD_EXIT_USAGE);
	assert_string_equal(told,
	    "hostkit stop: unknown option '--\\x1b[2Jx\\n'; see hostkit stop --help\n");
	cmd_line_deinit(&line);
}

static void only_the_first_mistake_is_told(void **state)
{
	cmd_line line;

	(void) state;
	assert_int_equal(PARSE(&line, "stop", "--alpha", "--beta", "-q"), CMD_EXIT_USAGE);
	assert_string_equal(
	    told, "hostkit stop: unknown option '--alpha'; see hostkit stop --help\n");
	cmd_line_deinit(&line);
}

static void json_behind_the_mistake_still_counts(void **state)
{
	cmd_line line;

	(void) state;
	assert_int_equal(PARSE(&line, "stop", "--wiat", "--json"), CMD_EXIT_USAGE);
	assert_string_equal(told,
	    "{\"error\":{\"code\":\"USAGE\",\"message\":\"unknown option '--wiat'\","
	    "\"hint\":\"did you mean '--wait'?\"}}\n");
	cmd_line_deinit(&line);
}

static void failures_of_a_verb_that_runs_a_program_are_125(void **state)
{
	cmd_line line;

	(void) state;
	assert_int_equal(PARSE(&line, "run", "--nope"), CMD_EXIT_RUN_FAILED);
	cmd_line_deinit(&line);
	assert_int_equal(PARSE(&line, "run"), CMD_EXIT_RUN_FAILED);
	assert_string_equal(
	    told, "hostkit run: what is missing: PROGRAM; see hostkit run --help\n");
	cmd_line_deinit(&line);
}

static void old_signal_letters_get_a_hint(void **state)
{
	cmd_line line;

	(void) state;
	assert_int_equal(PARSE(&line, "signal", "-9", "1"), CMD_EXIT_USAGE);
	assert_string_equal(
	    told, "hostkit signal: unknown option '-9'; did you mean '-s 9'?\n");
	cmd_line_deinit(&line);
	assert_int_equal(PARSE(&line, "signal", "-KILL", "1"), CMD_EXIT_USAGE);
	assert_string_equal(
	    told, "hostkit signal: unknown option '-K'; did you mean '-s KILL'?\n");
	cmd_line_deinit(&line);
}

static void verbs_go_by_their_aliases_and_by_two_words(void **state)
{
	cmd_line line;

	(void) state;
	assert_int_equal(PARSE(&line, "halt"), 0);
	assert_ptr_equal(line.call.verb, &plain);
	cmd_line_deinit(&line);
	assert_int_equal(PARSE(&line, "fs", "watch", "-f", "here"), 0);
	assert_ptr_equal(line.call.verb, &two_words);
	assert_int_equal(line.call.operand_count, 1);
	assert_string_equal(line.call.operands[0], "here");
	assert_int_equal(line.call.given_count, 1);
	cmd_line_deinit(&line);
}

static void unknown_verbs_get_the_nearest(void **state)
{
	cmd_line line;

	(void) state;
	assert_int_equal(PARSE(&line, "sotp"), CMD_EXIT_USAGE);
	assert_string_equal(told, "hostkit: unknown verb 'sotp'; did you mean 'stop'?\n");
	cmd_line_deinit(&line);
	assert_int_equal(PARSE(&line, "fs", "wacth"), CMD_EXIT_USAGE);
	assert_string_equal(
	    told, "hostkit: unknown verb 'fs wacth'; did you mean 'fs watch'?\n");
	cmd_line_deinit(&line);
	assert_int_equal(PARSE(&line, "fs"), CMD_EXIT_USAGE);
	assert_string_equal(
	    told, "hostkit: 'fs' needs a second word; see hostkit fs --help\n");
	cmd_line_deinit(&line);
	assert_int_equal(PARSE(&line, ""), CMD_EXIT_USAGE);
	assert_string_equal(told, "hostkit: unknown verb ''; see hostkit help\n");
	cmd_line_deinit(&line);
}

static void too_many_operands_are_refused(void **state)
{
	cmd_line line;

	(void) state;
	assert_int_equal(PARSE(&line, "stop", "a", "b", "c", "d"), CMD_EXIT_USAGE);
	assert_string_equal(
	    told, "hostkit stop: unexpected 'd'; see hostkit stop --help\n");
	cmd_line_deinit(&line);
}

static void help_needs_no_operands(void **state)
{
	cmd_line line;

	(void) state;
	assert_int_equal(PARSE(&line, "run", "--help"), 0);
	assert_true(line.help);
	assert_ptr_equal(line.call.verb, &runner);
	cmd_line_deinit(&line);
	assert_int_equal(PARSE(&line, "--version"), 0);
	assert_true(line.version);
	assert_null(line.call.verb);
	cmd_line_deinit(&line);
}

static void no_words_at_all_name_no_verb(void **state)
{
	static const char *const alone[] = { "hostkit", NULL };
	static const char *const nothing[] = { NULL };
	cmd_line line;

	(void) state;
	assert_int_equal(parse_words(&line, alone), 0);
	assert_null(line.call.verb);
	cmd_line_deinit(&line);
	assert_int_equal(parse_words(&line, nothing), 0);
	assert_null(line.call.verb);
	cmd_line_deinit(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_behind_the_verb_are_options_and_operands),
		cmocka_unit_test(values_are_taken_in_every_form),
		cmocka_unit_test(global_options_stand_before_or_behind_the_verb),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(the_program_keeps_everything_behind_its_name),
		cmocka_unit_test(an_abbreviation_is_refused_with_the_whole_word),
		cmocka_unit_test(mistakes_are_told_with_a_remedy),
		cmocka_unit_test(control_characters_never_reach_the_terminal),
		cmocka_unit_test(only_the_first_mistake_is_told),
		cmocka_unit_test(json_behind_the_mistake_still_counts),
		cmocka_unit_test(failures_of_a_verb_that_runs_a_program_are_125),
		cmocka_unit_test(old_signal_letters_get_a_hint),
		cmocka_unit_test(verbs_go_by_their_aliases_and_by_two_words),
		cmocka_unit_test(unknown_verbs_get_the_nearest),
		cmocka_unit_test(too_many_operands_are_refused),
		cmocka_unit_test(help_needs_no_operands),
		cmocka_unit_test(no_words_at_all_name_no_verb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
