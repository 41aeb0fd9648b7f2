#include "log/fixture.h"

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>

/* Terminals and pipes that people look at, and what happens when they do not. */

static hk_log_sink *new_terminal(
    struct fixture *f, int fd, hk_log_stall stall, bool color)
{
	hk_log_terminal_opts opts = HK_LOG_TERMINAL_OPTS_INIT;
	hk_log_sink *sink = NULL;

	opts.fd = fd;
	opts.stall = stall;
	opts.color = color;
	opts.label_width = 5;
	opts.buffer_bytes = 64 * 1024;
	assert_int_equal(hk_log_terminal_new(&sink, f->log, &opts), 0);
	return sink;
}

/* Read until @text has been seen whole, or fail. */
static void expect_text(int fd, const char *text)
{
	size_t length = strlen(text);
	size_t have = 0;
	char *seen = calloc(1, length + 1);

	assert_non_null(seen);
	while (have < length) {
		struct pollfd ready = { fd, POLLIN, 0 };
		ssize_t got;

		assert_int_equal(poll(&ready, 1, 20000), 1);
		got = read(fd, seen + have, length - have);
		assert_true(got > 0);
		have += (size_t) got;
	}
	assert_string_equal(seen, text);
	free(seen);
}

static void lines_stand_behind_the_labels_of_their_streams(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink;
	hk_log_stream *api, *db;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	sink = new_terminal(f, ends[1], HK_LOG_STALL_AUTO, false);
	api = new_stream(f, sink, "api-1");
	db = new_stream(f, sink, "db");
	print(api, "one\ntwo\nbegin");
	await_read(f, api, 13);
	print(db, "three\n");
	flush(f, db);
	print(api, "ning\n");
	flush(f, api);
	assert_int_equal(hk_log_sink_write(sink, "a word of ours", 14), 0);
	expect_text(ends[0], "api-1 | one\napi-1 | two\ndb    | three\napi-1 | "
			     "beginning\na word of ours\n");
	hk_log_stream_free(api);
	hk_log_stream_free(db);
	hk_log_sink_free(sink);
	end_log(f);
	(void) close(ends[0]);
	(void) close(ends[1]);
}

static void colours_are_put_back_at_the_end_of_a_line(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink;
	hk_log_stream *api;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	sink = new_terminal(f, ends[1], HK_LOG_STALL_AUTO, true);
	api = new_stream(f, sink, "api");
	print(api, "plain\n\033[31mred\n");
	expect_text(ends[0],
	    "\033[36mapi   | \033[0mplain\n\033[36mapi   | \033[0m\033[31mred\033[0m\n");
	hk_log_stream_free(api);
	hk_log_sink_free(sink);
	end_log(f);
	(void) close(ends[0]);
	(void) close(ends[1]);
}

static void a_last_line_without_its_end_is_shown_when_the_program_ends(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink;
	hk_log_stream *api;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	sink = new_terminal(f, ends[1], HK_LOG_STALL_AUTO, false);
	api = new_stream(f, sink, "api");
	print(api, "last words");
	flush(f, api);
	expect_text(ends[0], "api   | last words\n");
	hk_log_stream_free(api);
	hk_log_sink_free(sink);
	end_log(f);
	(void) close(ends[0]);
	(void) close(ends[1]);
}

static void the_shared_description_stays_blocking(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	sink = new_terminal(f, ends[1], HK_LOG_STALL_AUTO, false);
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	hk_log_sink_free(sink);
	end_log(f);
	(void) close(ends[0]);
	(void) close(ends[1]);
}

static void fill(struct fixture *f, hk_log_stream *stream, unsigned int lines)
{
	for (unsigned int i = 0; i < lines; i++) {
		char line[64];

		(void) snprintf(line, sizeof(line), "line %08u\n", i);
		print(stream, line);
	}
	flush(f, stream);
}

/* Every line either arrives or is counted in a marker at its place. */
static unsigned int check_lines(FILE *from, unsigned int last)
{
	char line[256];
	unsigned int next = 0;
	unsigned int dropped = 0;

	while (next <= last && fgets(line, sizeof(line), from) != NULL) {
		unsigned int number;

		if (sscanf(line, "hostkit: %u lines dropped", &number) == 1) {
			dropped += number;
			next += number;
		} else if (sscanf(line, "api | line %u", &number) == 1) {
			if (number != next)
				fail_msg("line %u came where %u was due", number, next);
			next++;
		} else {
			fail_msg("not a whole line: %s", line);
		}
	}
	assert_int_equal(next, last + 1);
	return dropped;
}

static void a_stalled_terminal_drops_its_oldest_lines_and_says_so(void **state)
{
	struct fixture *f = *state;
	const unsigned int lines = 200000;
	hk_log_terminal_opts opts = HK_LOG_TERMINAL_OPTS_INIT;
	hk_log_sink *sink = NULL;
	hk_log_stream *stream;
	int master, slave;
	size_t before;
	struct termios raw;
	FILE *screen;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(slave, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
	opts.fd = slave;
	assert_int_equal(hk_log_terminal_new(&sink, f->log, &opts), 0);
	stream = new_stream(f, sink, "api");
	flush(f, stream);
	before = private_bytes();
	fill(f, stream, lines); /* comes back although nobody reads */
	assert_grown_at_most(before, 1024 * 1024);
	assert_true(counts_of(sink).dropped_lines > 0);

	screen = fdopen(master, "r");
	assert_int_equal(check_lines(screen, lines - 1), counts_of(sink).dropped_lines);
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
	end_log(f);
	(void) fclose(screen);
	(void) close(slave);
}

static void a_terminal_nobody_ever_reads_does_not_hold_up_the_end(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink;
	hk_log_stream *stream;
	int master, slave;
	uint64_t begin;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	sink = new_terminal(f, slave, HK_LOG_STALL_AUTO, false);
	stream = new_stream(f, sink, "api");
	fill(f, stream, 20000);
	begin = hki_clock_monotonic_ns();
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
	end_log(f);
	assert_in_range(hki_clock_monotonic_ns() - begin, 0, 60 * HKI_NS_PER_S);
	(void) close(master);
	(void) close(slave);
}

static void a_stalled_pipe_makes_the_program_wait_and_loses_nothing(void **state)
{
	struct fixture *f = *state;
	const unsigned int lines = 100000;
	hk_log_sink *sink;
	hk_log_stream *stream;
	int ends[2];
	size_t before;
	pid_t program;
	FILE *reader;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	sink = new_terminal(f, ends[1], HK_LOG_STALL_AUTO, false);
	stream = new_stream(f, sink, "api");
	flush(f, stream);
	before = private_bytes();
	program = fork();
	assert_true(program >= 0);
	if (program == 0) {
		for (unsigned int i = 0; i < lines; i++)
			(void) dprintf(hk_log_stream_fd(stream), "line %08u\n", i);
		_exit(0);
	}
	/* Let it fill everything there is to fill. */
	while (counts_of(sink).waiting_bytes < 32 * 1024)
		assert_true(hk_loop_run_once(f->loop, 1) >= 0);
	assert_grown_at_most(before, 1024 * 1024);
	reader = fdopen(ends[0], "r");
	assert_int_equal(check_lines(reader, lines - 1), 0);
	assert_int_equal(counts_of(sink).dropped_lines, 0);
	assert_int_equal(waitpid(program, NULL, 0), program);
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
	end_log(f);
	(void) fclose(reader);
	(void) close(ends[1]);
}

static void a_reader_that_goes_away_is_reported(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink;
	hk_log_stream *stream;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	sink = new_terminal(f, ends[1], HK_LOG_STALL_AUTO, false);
	stream = new_stream(f, sink, "api");
	(void) close(ends[0]);
	print(stream, "into the void\n");
	await_event(f, HK_LOG_SINK_CLOSED);
	assert_int_equal(f->last.error, -EPIPE);
	fill(f, stream, 100000); /* and the program does not wait for ever */
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
	end_log(f);
	(void) close(ends[1]);
}

static void a_very_long_line_joins_up_again(void **state)
{
	struct fixture *f = *state;
	const size_t length = 1024 * 1024;
	char *line = malloc(length + 1);
	char *expected;
	hk_log_sink *sink;
	hk_log_stream *stream;
	int ends[2];
	pid_t program;

	assert_non_null(line);
	memset(line, '\xfe', length);
	line[length - 1] = '\n';
	line[length] = '\0';
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	sink = new_terminal(f, ends[1], HK_LOG_STALL_AUTO, false);
	stream = new_stream(f, sink, "api");
	program = fork();
	if (program == 0) {
		print_bytes(stream, line, length);
		_exit(0);
	}
	assert_true(asprintf(&expected, "api   | %s", line) > 0);
	expect_text(ends[0], expected);
	assert_int_equal(waitpid(program, NULL, 0), program);
	free(expected);
	free(line);
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
	end_log(f);
	(void) close(ends[0]);
	(void) close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		TEST(lines_stand_behind_the_labels_of_their_streams),
		TEST(colours_are_put_back_at_the_end_of_a_line),
		TEST(a_last_line_without_its_end_is_shown_when_the_program_ends),
		TEST(the_shared_description_stays_blocking),
		TEST(a_stalled_terminal_drops_its_oldest_lines_and_says_so),
		TEST(a_terminal_nobody_ever_reads_does_not_hold_up_the_end),
		TEST(a_stalled_pipe_makes_the_program_wait_and_loses_nothing),
		TEST(a_reader_that_goes_away_is_reported),
		TEST(a_very_long_line_joins_up_again),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
