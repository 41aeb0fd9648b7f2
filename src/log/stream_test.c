#include "log/fixture.h"

#include "base/torture.h"
#include "loop/contract_test.h"

/* Streams: tails, waiting for lines, flushing, and lives that end in any order. */

static void the_tail_is_the_last_lines_and_no_half_ones(void **state)
{
	struct fixture *f = *state;
	hk_log_stream_opts opts = HK_LOG_STREAM_OPTS_INIT;
	hk_log_stream *stream = NULL;
	char *tail = NULL;
	size_t length = 0;

	opts.tail_bytes = 24;
	opts.tail_lines = 2;
	assert_int_equal(hk_log_stream_new(&stream, f->log, &opts), 0);
	assert_int_equal(hk_log_stream_tail(stream, &tail, &length), 0);
	assert_string_equal(tail, "");
	hk_free(tail);

	print(stream, "one\n");
	flush(f, stream);
	assert_int_equal(hk_log_stream_tail(stream, &tail, NULL), 0);
	assert_string_equal(tail, "one\n");
	hk_free(tail);

	print(stream, "two\nthree\n");
	flush(f, stream);
	assert_int_equal(hk_log_stream_tail(stream, &tail, NULL), 0);
	assert_string_equal(tail, "two\nthree\n");
	hk_free(tail);

	print(stream, "a longer line\nand last");
	flush(f, stream);
	assert_int_equal(hk_log_stream_tail(stream, &tail, &length), 0);
	assert_string_equal(tail, "a longer line\nand last");
	assert_int_equal(length, 22);
	hk_free(tail);

	print(stream, " and then it does not end");
	flush(f, stream);
	assert_int_equal(hk_log_stream_tail(stream, &tail, &length), 0);
	assert_string_equal(tail, "and then it does not end");
	hk_free(tail);
	assert_int_equal(hk_log_stream_total(stream), 4 + 10 + 22 + 25);
	hk_log_stream_free(stream);
}

struct seen {
	unsigned int calls;
	char line[256];
	size_t length;
};

static void matched(hk_log_watch *watch, const char *line, size_t length, void *user)
{
	struct seen *seen = user;

	(void) watch;
	seen->calls++;
	seen->length = length;
	(void) snprintf(seen->line, sizeof(seen->line), "%s", line);
}

static void a_line_is_recognised_once_even_in_pieces(void **state)
{
	struct fixture *f = *state;
	hk_log_stream *stream = NULL;
	hk_log_watch *watch = NULL;
	struct seen seen = { 0 };

	assert_int_equal(hk_log_stream_new(&stream, f->log, NULL), 0);
	assert_int_equal(hk_log_watch_line(&watch, stream,
			     "^listening on (port )?[0-9]+$", matched, &seen, NULL),
	    0);
	print(stream, "not listening on port 80\nlisten");
	flush(f, stream);
	assert_int_equal(seen.calls, 0);
	print(stream, "ing on port ");
	flush(f, stream);
	assert_int_equal(seen.calls, 0);
	print(stream, "8080\r\nlistening on 8081\n");
	flush(f, stream);
	assert_int_equal(seen.calls, 1);
	assert_string_equal(seen.line, "listening on port 8080");
	assert_int_equal(seen.length, 22);
	hk_log_watch_free(watch);
	hk_log_stream_free(stream);
}

static void a_line_that_began_before_does_not_count(void **state)
{
	struct fixture *f = *state;
	hk_log_stream *stream = NULL;
	hk_log_watch *watch = NULL;
	struct seen seen = { 0 };

	assert_int_equal(hk_log_stream_new(&stream, f->log, NULL), 0);
	print(stream, "the old program is ");
	flush(f, stream);
	assert_int_equal(
	    hk_log_watch_line(&watch, stream, "ready", matched, &seen, NULL), 0);
	print(stream, "ready\nsomething\n");
	flush(f, stream);
	assert_int_equal(seen.calls, 0);
	print(stream, "ready\n");
	flush(f, stream);
	assert_int_equal(seen.calls, 1);
	hk_log_watch_free(watch);
	hk_log_stream_free(stream);
}

static void long_lines_and_zero_bytes_do_not_confuse_the_comparison(void **state)
{
	struct fixture *f = *state;
	const size_t length = 1024 * 1024;
	char *line = malloc(length);
	hk_log_stream *stream = NULL;
	hk_log_watch *watch = NULL;
	struct seen seen = { 0 };

	assert_non_null(line);
	memset(line, 'x', length);
	assert_int_equal(hk_log_stream_new(&stream, f->log, NULL), 0);
	assert_int_equal(
	    hk_log_watch_line(&watch, stream, "needle", matched, &seen, NULL), 0);
	print_bytes(stream, line, length);
	print(stream, "needle\n"); /* too far back in its line */
	print_bytes(stream, "zero \0needle\n", 13);
	flush(f, stream);
	assert_int_equal(seen.calls, 0);
	print(stream, "needle\n");
	flush(f, stream);
	assert_int_equal(seen.calls, 1);
	free(line);
	hk_log_watch_free(watch);
	hk_log_stream_free(stream);
}

static void a_bad_expression_is_explained(void **state)
{
	struct fixture *f = *state;
	hk_error_list *errors = NULL;
	hk_log_stream *stream = NULL;
	hk_log_watch *watch = NULL;

	assert_int_equal(hk_error_list_new(&errors), 0);
	assert_int_equal(hk_log_stream_new(&stream, f->log, NULL), 0);
	assert_int_equal(
	    hk_log_watch_line(&watch, stream, "(oops", matched, NULL, errors), HK_EPARSE);
	assert_null(watch);
	assert_int_equal(hk_error_list_count(errors), 1);
	assert_non_null(strstr(hk_error_list_get(errors, 0)->text, "(oops"));
	hk_error_list_free(errors);
	hk_log_stream_free(stream);
}

static void a_process_that_keeps_the_pipe_holds_no_flush_up(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink = new_file(f, 0, 0);
	hk_log_stream *stream = new_stream(f, sink, NULL);
	int kept = fcntl(hk_log_stream_fd(stream), F_DUPFD_CLOEXEC, 0);

	print(stream, "last words");
	flush(f, stream);
	assert_file(f->path, "last words");
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
	end_log(f);
	(void) close(kept);
}

static void a_flush_into_a_stalled_sink_comes_back_in_time(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink;
	hk_log_stream *stream;
	int reader;

	assert_int_equal(mkfifo(f->path, 0600), 0);
	reader = open(f->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	sink = new_file(f, 0, 0);
	stream = new_stream(f, sink, NULL);
	while (counts_of(sink).waiting_bytes == 0) {
		print_bytes(stream, f->directory, sizeof(f->directory));
		assert_true(hk_loop_run_once(f->loop, 0) >= 0);
	}
	print(stream, "never read");
	f->flushed = false;
	assert_int_equal(hk_log_stream_flush(stream, 20 * HKI_NS_PER_MS, flushed, f), 0);
	assert_int_equal(hk_loop_run(f->loop), 0);
	assert_true(f->flushed);
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
	end_log(f); /* gives up on the FIFO after its patience */
	(void) close(reader);
}

static void freeing_a_stream_means_its_flush_is_never_answered(void **state)
{
	struct fixture *f = *state;
	hk_log_stream *stream = NULL;

	assert_int_equal(hk_log_stream_new(&stream, f->log, NULL), 0);
	f->flushed = false;
	assert_int_equal(hk_log_stream_flush(stream, HKI_NS_PER_S, flushed, f), 0);
	hk_log_stream_free(stream);
	assert_int_equal(hk_loop_run(f->loop), 0);
	assert_false(f->flushed);
}

static void handles_outlive_the_log_and_the_loop(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink = new_file(f, 0, 0);
	hk_log_stream *stream = new_stream(f, sink, NULL);
	hk_log_watch *watch = NULL;
	struct seen seen = { 0 };

	assert_int_equal(hk_log_watch_line(&watch, stream, "x", matched, &seen, NULL), 0);
	print(stream, "written at the end\n");
	hk_loop_free(f->loop);
	end_log(f);
	assert_file(f->path, "written at the end\n");
	assert_int_equal(hk_log_sink_write(sink, "x", 1), HK_ECLOSED);
	assert_int_equal(hk_log_stream_flush(stream, 1, flushed, f), HK_ECLOSED);
	assert_int_equal(hk_log_stream_attach(stream, sink, NULL, 0), HK_ECLOSED);
	hk_log_watch_free(watch);
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
	assert_int_equal(hk_loop_new(&f->loop), 0);
}

static void sinks_may_go_before_the_streams_that_print_to_them(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink = new_file(f, 0, 0);
	hk_log_stream *stream = new_stream(f, sink, NULL);

	hk_log_sink_free(sink);
	print(stream, "still written\n");
	flush(f, stream);
	assert_file(f->path, "still written\n");
	hk_log_stream_free(stream);
}

static void a_descriptor_of_somebody_else_is_read_to_its_end(void **state)
{
	struct fixture *f = *state;
	hk_log_stream_opts opts = HK_LOG_STREAM_OPTS_INIT;
	hk_log_sink *sink = new_file(f, 0, 0);
	hk_log_stream *stream = NULL;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	opts.flags = HK_LOG_STREAM_TAKE_FD;
	opts.fd = ends[0];
	assert_int_equal(
	    hk_log_stream_new(&stream, f->log, &opts), -EINVAL); /* it would block */
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(hk_log_stream_new(&stream, f->log, &opts), 0);
	assert_int_equal(hk_log_stream_fd(stream), -EBADF);
	assert_int_equal(hk_log_stream_attach(stream, sink, NULL, 0), 0);
	assert_int_equal(write(ends[1], "bytes", 5), 5);
	(void) close(ends[1]);
	flush(f, stream);
	assert_file(f->path, "bytes");
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
}

static void the_programs_end_of_the_pipe_blocks_as_it_expects(void **state)
{
	struct fixture *f = *state;
	hk_log_stream *stream = NULL;
	int flags;

	assert_int_equal(hk_log_stream_new(&stream, f->log, NULL), 0);
	flags = fcntl(hk_log_stream_fd(stream), F_GETFL);
	assert_int_equal(flags & O_NONBLOCK, 0);
	assert_int_equal(fcntl(hk_log_stream_fd(stream), F_GETFD), FD_CLOEXEC);
	hk_log_stream_free(stream);
}

/* ---- the contract of what calls back ---- */

struct held {
	hk_log *log;
	hk_log_stream *stream;
};

static void hold(contract_probe *probe)
{
	struct held *held = calloc(1, sizeof(*held));

	assert_non_null(held);
	assert_int_equal(hk_log_new(&held->log, probe->loop, NULL), 0);
	assert_int_equal(hk_log_stream_new(&held->stream, held->log, NULL), 0);
	probe->state = held;
}

static void let_go(contract_probe *probe)
{
	struct held *held = probe->state;

	hk_log_stream_free(held->stream);
	hk_log_free(held->log);
	free(held);
}

static void told_of_line(hk_log_watch *watch, const char *line, size_t length, void *user)
{
	(void) watch;
	(void) line;
	(void) length;
	contract_called(user, 0);
}

static int start_watch(void **out, contract_probe *probe)
{
	struct held *held = probe->state;

	return hk_log_watch_line(
	    (hk_log_watch **) out, held->stream, "go", told_of_line, probe, NULL);
}

static int start_bad_watch(void **out, contract_probe *probe)
{
	struct held *held = probe->state;

	return hk_log_watch_line(
	    (hk_log_watch **) out, held->stream, "(", told_of_line, probe, NULL);
}

static void print_line(contract_probe *probe)
{
	struct held *held = probe->state;

	print(held->stream, "go\n");
}

static void free_watch(contract_probe *probe)
{
	hk_log_watch_free(probe->handle);
}

static void waiting_for_a_line_keeps_the_contract(void **state)
{
	static const contract_operation watch = { .name = "hk_log_watch_line",
		.setup = hold,
		.teardown = let_go,
		.start = start_watch,
		.start_failing = start_bad_watch,
		.trigger = print_line,
		.free = free_watch };

	(void) state;
	contract_check(&watch);
}

static void told_of_flush(hk_log_stream *stream, void *user)
{
	(void) stream;
	contract_called(user, 0);
}

static int start_flush(void **out, contract_probe *probe)
{
	struct held *held = probe->state;
	int r =
	    hk_log_stream_flush(held->stream, 20 * HKI_NS_PER_S, told_of_flush, probe);

	if (r == 0)
		*out = held->stream;
	return r;
}

static void free_stream(contract_probe *probe)
{
	struct held *held = probe->state;

	hk_log_stream_free(held->stream);
	held->stream = NULL;
}

static void flushing_keeps_the_contract(void **state)
{
	static const contract_operation operation = { .name = "hk_log_stream_flush",
		.setup = hold,
		.teardown = let_go,
		.start = start_flush,
		.free = free_stream };

	(void) state;
	contract_check(&operation);
}

static int make_everything(void *user)
{
	struct fixture *f = user;
	hk_log_file_opts file_opts = HK_LOG_FILE_OPTS_INIT;
	hk_log_terminal_opts terminal_opts = HK_LOG_TERMINAL_OPTS_INIT;
	hk_log_sink *sink = NULL, *terminal = NULL;
	hk_log_stream *stream = NULL;
	hk_log *log = NULL;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int r;

	file_opts.path = f->path;
	terminal_opts.fd = fd;
	if ((r = hk_log_new(&log, f->loop, NULL)) == 0 &&
	    (r = hk_log_file_new(&sink, log, &file_opts)) == 0 &&
	    (r = hk_log_terminal_new(&terminal, log, &terminal_opts)) == 0 &&
	    (r = hk_log_stream_new(&stream, log, NULL)) == 0)
		r = hk_log_stream_attach(stream, sink, "label", 0);
	hk_log_stream_free(stream);
	hk_log_sink_free(terminal);
	hk_log_sink_free(sink);
	hk_log_free(log);
	(void) close(fd);
	return r;
}

static void running_out_of_memory_leaks_nothing(void **state)
{
	struct fixture *f = *state;

	end_log(f); /* its thread must not allocate meanwhile */
	assert_true(hki_torture(make_everything, f) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		TEST(the_tail_is_the_last_lines_and_no_half_ones),
		TEST(a_line_is_recognised_once_even_in_pieces),
		TEST(a_line_that_began_before_does_not_count),
		TEST(long_lines_and_zero_bytes_do_not_confuse_the_comparison),
		TEST(a_bad_expression_is_explained),
		TEST(a_process_that_keeps_the_pipe_holds_no_flush_up),
		TEST(a_flush_into_a_stalled_sink_comes_back_in_time),
		TEST(freeing_a_stream_means_its_flush_is_never_answered),
		TEST(handles_outlive_the_log_and_the_loop),
		TEST(sinks_may_go_before_the_streams_that_print_to_them),
		TEST(a_descriptor_of_somebody_else_is_read_to_its_end),
		TEST(the_programs_end_of_the_pipe_blocks_as_it_expects),
		TEST(waiting_for_a_line_keeps_the_contract),
		TEST(flushing_keeps_the_contract),
		TEST(running_out_of_memory_leaks_nothing),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
