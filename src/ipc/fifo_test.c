#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include <hostkit/ipc_fifo.h>
#include "base/buffer.h"
#include "base/random.h"
#include "base/torture.h"

typedef struct fifo_world {
	char folder[64];
	char path[80];
	hk_loop *loop;
	hk_ipc_fifo *reader;
	hki_buffer got; /* lines, each with its line feed, or bytes */
	size_t calls;
	size_t wanted; /* stop after so many */
	int error;
	int drains;
	bool free_inside;
} fifo_world;

static void open_bench(fifo_world *bench)
{
	memset(bench, 0, sizeof(*bench));
	strcpy(bench->folder, "/tmp/hostkit-fifo-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->path, sizeof(bench->path), "%s/pipe", bench->folder);
	assert_int_equal(0, hk_loop_new(&bench->loop));
}

static void close_bench(fifo_world *bench)
{
	hk_ipc_fifo_free(bench->reader);
	hk_loop_free(bench->loop);
	hki_buffer_deinit(&bench->got);
	(void) unlink(bench->path);
	assert_int_equal(0, rmdir(bench->folder));
}

static void on_data(hk_ipc_fifo *fifo, const void *bytes, size_t length, void *user)
{
	fifo_world *bench = user;

	assert_int_equal(0, hki_buffer_append(&bench->got, bytes, length));
	assert_int_equal(0, hki_buffer_append_char(&bench->got, '\n'));
	bench->calls++;
	if (bench->free_inside) {
		hk_ipc_fifo_free(fifo);
		bench->reader = NULL;
	}
	if (bench->calls == bench->wanted)
		hk_loop_stop(bench->loop, 0);
}

static void on_error(hk_ipc_fifo *fifo, int error, void *user)
{
	fifo_world *bench = user;

	(void) fifo;
	bench->error = error;
	hk_loop_stop(bench->loop, 0);
}

static void on_drain(hk_ipc_fifo *fifo, void *user)
{
	fifo_world *bench = user;

	(void) fifo;
	bench->drains++;
	hk_loop_stop(bench->loop, 0);
}

static hk_ipc_fifo_opts opts_of(fifo_world *bench)
{
	hk_ipc_fifo_opts opts = HK_IPC_FIFO_OPTS_INIT;

	opts.on_data = on_data;
	opts.on_error = on_error;
	opts.on_drain = on_drain;
	opts.user = bench;
	opts.flags = HK_IPC_FIFO_LINES;
	return opts;
}

static int listen_there(fifo_world *bench)
{
	hk_ipc_fifo_opts opts = opts_of(bench);

	return hk_ipc_fifo_listen(&bench->reader, bench->loop, bench->path, &opts);
}

static int open_there(
    hk_ipc_fifo **out, fifo_world *bench, uint32_t flags, uint64_t queue)
{
	hk_ipc_fifo_opts opts = opts_of(bench);

	opts.flags = flags;
	opts.queue_max = queue;
	return hk_ipc_fifo_open(out, bench->loop, bench->path, &opts);
}

static void run(fifo_world *bench, size_t wanted)
{
	bench->wanted = bench->calls + wanted;
	assert_int_equal(0, hk_loop_run(bench->loop));
}

static void a_pipe_is_made_for_us_alone_and_removed(void **state)
{
	struct stat seen;
	mode_t before = umask(0);
	fifo_world bench;

	(void) state;
	open_bench(&bench);
	assert_int_equal(0, listen_there(&bench));
	assert_int_equal(0, lstat(bench.path, &seen));
	assert_true(S_ISFIFO(seen.st_mode));
	assert_int_equal(0600, seen.st_mode & 07777);
	hk_ipc_fifo_free(bench.reader);
	bench.reader = NULL;
	assert_int_equal(-1, lstat(bench.path, &seen));
	umask(before);
	close_bench(&bench);
}

static void the_mode_asked_for_is_the_mode_given(void **state)
{
	mode_t before = umask(077);
	struct stat seen;
	hk_ipc_fifo_opts opts;
	fifo_world bench;

	(void) state;
	open_bench(&bench);
	opts = opts_of(&bench);
	opts.mode = 0620;
	assert_int_equal(
	    0, hk_ipc_fifo_listen(&bench.reader, bench.loop, bench.path, &opts));
	assert_int_equal(0, lstat(bench.path, &seen));
	assert_int_equal(0620, seen.st_mode & 07777);
	umask(before);
	close_bench(&bench);
}

static void shell_scripts_are_writers(void **state)
{
	char script[320];
	fifo_world bench;

	(void) state;
	open_bench(&bench);
	assert_int_equal(0, listen_there(&bench));
	snprintf(script, sizeof(script),
	    "(echo '{\"a\":1}'; echo two) > %s; printf 'no line feed' > %s; echo ! > %s",
	    bench.path, bench.path, bench.path);
	assert_int_equal(0, system(script));
	run(&bench, 3);
	assert_string_equal("{\"a\":1}\ntwo\nno line feed!\n", bench.got.data);
	close_bench(&bench);
}

static void what_we_write_arrives_whole_and_in_order(void **state)
{
	hk_ipc_fifo *writer;
	char line[32];
	fifo_world bench;

	(void) state;
	open_bench(&bench);
	assert_int_equal(0, listen_there(&bench));
	assert_int_equal(0, open_there(&writer, &bench, 0, 0));
	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "%d\n", i);
		assert_int_equal(0, hk_ipc_fifo_send(writer, line, strlen(line)));
	}
	run(&bench, 1000);
	hk_ipc_fifo_free(writer);
	for (int i = 0; i < 1000; i++) {
		char *end;

		assert_int_equal(i, strtol(bench.got.data, &end, 10));
		hki_buffer_consume(&bench.got, (size_t) (end - bench.got.data) + 1);
	}
	close_bench(&bench);
}

static void lines_cut_anywhere_are_put_together(void **state)
{
	hki_random random;
	hki_buffer sent = HKI_BUFFER_INIT;
	hk_ipc_fifo *writer;
	fifo_world bench;
	size_t at = 0;

	(void) state;
	open_bench(&bench);
	hki_random_seed(&random, 7);
	assert_int_equal(0, listen_there(&bench));
	assert_int_equal(0, open_there(&writer, &bench, 0, 0));
	for (int i = 0; i < 300; i++)
		assert_int_equal(
		    0, hki_buffer_append_format(&sent, "%.*s%d\n",
			   (int) hki_random_below(&random, 60),
			   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			   "xxxx",
			   i));
	while (at < sent.length) {
		size_t piece = 1 + hki_random_below(&random, 40);

		if (piece > sent.length - at)
			piece = sent.length - at;
		assert_int_equal(0, hk_ipc_fifo_send(writer, sent.data + at, piece));
		at += piece;
		assert_true(hk_loop_run_once(bench.loop, 0) >= 0);
	}
	if (bench.calls < 300)
		run(&bench, 300 - bench.calls);
	assert_string_equal(sent.data, bench.got.data);
	hk_ipc_fifo_free(writer);
	hki_buffer_deinit(&sent);
	close_bench(&bench);
}

static void a_line_that_is_too_long_is_left_out_and_told(void **state)
{
	hk_ipc_fifo_opts opts;
	hk_ipc_fifo *writer;
	fifo_world bench;

	(void) state;
	open_bench(&bench);
	opts = opts_of(&bench);
	opts.line_max = 10;
	assert_int_equal(
	    0, hk_ipc_fifo_listen(&bench.reader, bench.loop, bench.path, &opts));
	assert_int_equal(0, open_there(&writer, &bench, 0, 0));
	assert_int_equal(0, hk_ipc_fifo_send(writer, "0123456789\n", 11));
	assert_int_equal(0, hk_ipc_fifo_send(writer, "0123456789", 10));
	assert_int_equal(0, hk_ipc_fifo_send(writer, "0", 1));
	assert_int_equal(0, hk_ipc_fifo_send(writer, "more\nok\n", 8));
	run(&bench, 2);
	while (bench.calls < 2)
		run(&bench, 1);
	assert_int_equal(HK_ELIMIT, bench.error);
	assert_string_equal("0123456789\nok\n", bench.got.data);
	hk_ipc_fifo_free(writer);
	close_bench(&bench);
}

static void a_pipe_has_one_reader(void **state)
{
	hk_ipc_fifo *second = NULL;
	hk_ipc_fifo_opts opts;
	fifo_world bench;

	(void) state;
	open_bench(&bench);
	opts = opts_of(&bench);
	assert_int_equal(0, listen_there(&bench));
	assert_int_equal(
	    -EADDRINUSE, hk_ipc_fifo_listen(&second, bench.loop, bench.path, &opts));
	assert_null(second);
	assert_int_equal(0, access(bench.path, F_OK));
	close_bench(&bench);
}

static void a_reader_that_was_killed_is_followed_by_another(void **state)
{
	fifo_world bench;
	int status;
	pid_t child;

	(void) state;
	open_bench(&bench);
	child = fork();
	if (child == 0) {
		hk_loop *own;
		hk_ipc_fifo_opts opts = opts_of(&bench);
		hk_ipc_fifo *reader;

		if (hk_loop_new(&own) == 0 &&
		    hk_ipc_fifo_listen(&reader, own, bench.path, &opts) == 0)
			raise(SIGKILL);
		_exit(1);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(0, access(bench.path, F_OK));
	assert_int_equal(0, listen_there(&bench));
	close_bench(&bench);
}

static void what_is_no_pipe_is_left_alone(void **state)
{
	hk_ipc_fifo *fifo = NULL;
	hk_ipc_fifo_opts opts;
	struct stat seen;
	fifo_world bench;
	char other[96];
	int fd;

	(void) state;
	open_bench(&bench);
	opts = opts_of(&bench);
	fd = open(bench.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(
	    -EEXIST, hk_ipc_fifo_listen(&fifo, bench.loop, bench.path, &opts));
	assert_int_equal(-EEXIST, hk_ipc_fifo_open(&fifo, bench.loop, bench.path, &opts));
	assert_int_equal(0, lstat(bench.path, &seen));
	assert_true(S_ISREG(seen.st_mode));
	unlink(bench.path);

	/* Not even through a symbolic link to a pipe. */
	snprintf(other, sizeof(other), "%s/other", bench.folder);
	assert_int_equal(0, mkfifo(other, 0600));
	assert_int_equal(0, symlink(other, bench.path));
	assert_int_equal(
	    -EEXIST, hk_ipc_fifo_listen(&fifo, bench.loop, bench.path, &opts));
	unlink(other);
	assert_null(fifo);
	close_bench(&bench);
}

static void a_name_that_is_another_pipe_by_now_stays(void **state)
{
	struct stat seen;
	fifo_world bench;

	(void) state;
	open_bench(&bench);
	assert_int_equal(0, listen_there(&bench));
	assert_int_equal(0, unlink(bench.path));
	assert_int_equal(0, mkfifo(bench.path, 0600));
	hk_ipc_fifo_free(bench.reader);
	bench.reader = NULL;
	assert_int_equal(0, lstat(bench.path, &seen));
	close_bench(&bench);
}

static void writing_needs_a_reader(void **state)
{
	hk_ipc_fifo *writer = NULL;
	fifo_world bench;

	(void) state;
	open_bench(&bench);
	assert_int_equal(-ENOENT, open_there(&writer, &bench, 0, 0));
	assert_int_equal(0, mkfifo(bench.path, 0600));
	assert_int_equal(-ENXIO, open_there(&writer, &bench, 0, 0));
	assert_null(writer);
	close_bench(&bench);
}

static void a_reader_that_leaves_is_told_without_a_signal(void **state)
{
	hk_ipc_fifo *writer;
	struct sigaction action = { .sa_handler = SIG_DFL };
	struct sigaction before;
	fifo_world bench;

	(void) state;
	open_bench(&bench);
	sigaction(SIGPIPE, &action, &before);
	assert_int_equal(0, listen_there(&bench));
	assert_int_equal(0, open_there(&writer, &bench, 0, 0));
	hk_ipc_fifo_free(bench.reader);
	bench.reader = NULL;
	assert_int_equal(0, hk_ipc_fifo_send(writer, "x\n", 2));
	assert_int_equal(0, hk_loop_run(bench.loop));
	assert_int_equal(-EPIPE, bench.error);
	assert_int_equal(-EPIPE, hk_ipc_fifo_send(writer, "x\n", 2));
	hk_ipc_fifo_free(writer);
	sigaction(SIGPIPE, &before, NULL);
	close_bench(&bench);
}

static void a_reader_that_never_reads_bounds_the_queue(void **state)
{
	static char piece[HK_IPC_FIFO_ATOMIC];
	hk_ipc_fifo *writer;
	size_t accepted = 0;
	fifo_world bench;
	int fd;
	int r;

	(void) state;
	open_bench(&bench);
	memset(piece, 'x', sizeof(piece));
	assert_int_equal(0, mkfifo(bench.path, 0600));
	fd = open(bench.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(0, open_there(&writer, &bench, 0, 65536));
	while ((r = hk_ipc_fifo_send(writer, piece, sizeof(piece))) == 0) {
		accepted += sizeof(piece);
		assert_true(accepted < 1000000);
		assert_true(hk_loop_run_once(bench.loop, 0) >= 0);
	}
	assert_int_equal(-EAGAIN, r);
	/* Whoever reads again makes room, and is told of. */
	for (size_t got = 0; got < accepted;) {
		char bytes[65536];
		ssize_t count = read(fd, bytes, sizeof(bytes));

		if (count > 0)
			got += (size_t) count;
		else
			assert_true(hk_loop_run_once(bench.loop, -1) >= 0);
	}
	while (bench.drains == 0)
		assert_true(hk_loop_run_once(bench.loop, -1) >= 0);
	assert_int_equal(1, bench.drains);
	hk_ipc_fifo_free(writer);
	close(fd);
	close_bench(&bench);
}

static void large_pieces_have_to_be_asked_for(void **state)
{
	static char piece[300000];
	hk_ipc_fifo *writer;
	hk_ipc_fifo *large;
	fifo_world bench;

	(void) state;
	open_bench(&bench);
	memset(piece, 'y', sizeof(piece));
	piece[sizeof(piece) - 1] = '\n';
	assert_int_equal(0, listen_there(&bench));
	assert_int_equal(0, open_there(&writer, &bench, 0, 0));
	assert_int_equal(
	    -EMSGSIZE, hk_ipc_fifo_send(writer, piece, HK_IPC_FIFO_ATOMIC + 1));
	assert_int_equal(0, open_there(&large, &bench, HK_IPC_FIFO_LARGE, 1 << 20));
	assert_int_equal(0, hk_ipc_fifo_send(large, piece, sizeof(piece)));
	run(&bench, 1);
	assert_int_equal(sizeof(piece), bench.got.length);
	assert_memory_equal(piece, bench.got.data, sizeof(piece));
	hk_ipc_fifo_free(writer);
	hk_ipc_fifo_free(large);
	close_bench(&bench);
}

static void a_reader_may_be_freed_by_what_it_read(void **state)
{
	hk_ipc_fifo *writer;
	fifo_world bench;

	(void) state;
	open_bench(&bench);
	bench.free_inside = true;
	assert_int_equal(0, listen_there(&bench));
	assert_int_equal(0, open_there(&writer, &bench, 0, 0));
	assert_int_equal(0, hk_ipc_fifo_send(writer, "one\ntwo\nthree\n", 14));
	run(&bench, 1);
	assert_true(hk_loop_run_once(bench.loop, 0) >= 0);
	assert_int_equal(1, bench.calls);
	hk_ipc_fifo_free(writer);
	close_bench(&bench);
}

static void nothing_is_left_of_a_loop_that_went_first(void **state)
{
	hk_ipc_fifo *writer;
	fifo_world bench;

	(void) state;
	open_bench(&bench);
	assert_int_equal(0, listen_there(&bench));
	assert_int_equal(0, open_there(&writer, &bench, 0, 0));
	hk_loop_free(bench.loop);
	bench.loop = NULL;
	assert_int_equal(HK_ECLOSED, hk_ipc_fifo_send(writer, "x\n", 2));
	hk_ipc_fifo_free(writer);
	close_bench(&bench);
}

static void count_only(hk_ipc_fifo *fifo, const void *bytes, size_t length, void *user)
{
	(void) fifo;
	(void) bytes;
	(void) length;
	((fifo_world *) user)->calls++;
}

static int listen_send_and_read(void *user)
{
	fifo_world *bench = user;
	hk_ipc_fifo *writer = NULL;
	hk_loop *loop = NULL;
	hk_ipc_fifo_opts opts = opts_of(bench);
	hk_ipc_fifo *reader = NULL;
	int r;

	opts.on_data = count_only;
	bench->calls = 0;
	bench->error = 0;
	if ((r = hk_loop_new(&loop)) == 0 &&
	    (r = hk_ipc_fifo_listen(&reader, loop, bench->path, &opts)) == 0 &&
	    (r = hk_ipc_fifo_open(&writer, loop, bench->path, &opts)) == 0 &&
	    (r = hk_ipc_fifo_send(writer, "hal", 3)) == 0)
		r = hk_ipc_fifo_send(writer, "ves\n", 4);
	bench->loop = loop;
	for (int i = 0; i < 4 && r == 0; i++) {
		r = hk_loop_run_once(loop, 0);
		r = r < 0 ? r : 0;
	}
	if (r == 0 && bench->error != 0)
		r = bench->error;
	hk_ipc_fifo_free(writer);
	hk_ipc_fifo_free(reader);
	hk_loop_free(loop);
	bench->loop = NULL;
	return r;
}

static void every_allocation_may_fail(void **state)
{
	fifo_world bench;

	(void) state;
	open_bench(&bench);
	hk_loop_free(bench.loop);
	bench.loop = NULL;
	assert_true(hki_torture(listen_send_and_read, &bench) > 4);
	close_bench(&bench);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_is_made_for_us_alone_and_removed),
		cmocka_unit_test(the_mode_asked_for_is_the_mode_given),
		cmocka_unit_test(shell_scripts_are_writers),
		cmocka_unit_test(what_we_write_arrives_whole_and_in_order),
		cmocka_unit_test(lines_cut_anywhere_are_put_together),
		cmocka_unit_test(a_line_that_is_too_long_is_left_out_and_told),
		cmocka_unit_test(a_pipe_has_one_reader),
		cmocka_unit_test(a_reader_that_was_killed_is_followed_by_another),
		cmocka_unit_test(what_is_no_pipe_is_left_alone),
		cmocka_unit_test(a_name_that_is_another_pipe_by_now_stays),
		cmocka_unit_test(writing_needs_a_reader),
		cmocka_unit_test(a_reader_that_leaves_is_told_without_a_signal),
		cmocka_unit_test(a_reader_that_never_reads_bounds_the_queue),
		cmocka_unit_test(large_pieces_have_to_be_asked_for),
		cmocka_unit_test(a_reader_may_be_freed_by_what_it_read),
		cmocka_unit_test(nothing_is_left_of_a_loop_that_went_first),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
