#include "log/fixture.h"

#include <sched.h>
#include <sys/mount.h>
#include "base/random.h"

/* Files: exact bytes, rotation, loss and recovery. */

static void what_goes_in_comes_out_byte_for_byte(void **state)
{
	struct fixture *f = *state;
	const size_t length = 10 * 1024 * 1024;
	unsigned char *line = malloc(length);
	hk_log_sink *sink = new_file(f, 0, 0);
	hk_log_stream *stream = new_stream(f, sink, NULL);
	hki_random random;
	size_t seen_length;
	char *seen;

	assert_non_null(line);
	hki_random_seed(&random, 7);
	for (size_t i = 0; i < length; i++) { /* one line of 10 MB, not UTF-8 at all */
		line[i] = (unsigned char) hki_random_next(&random);
		if (line[i] == '\n')
			line[i] = 0xff;
	}
	print_bytes(stream, line, length);
	print(stream, "\n");
	flush(f, stream);
	seen = read_whole(f->path, &seen_length);
	assert_int_equal(seen_length, length + 1);
	assert_memory_equal(seen, line, length);
	free(seen);
	free(line);
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
}

/* Print lines "0000000001 xxx…" until @total bytes; returns how many lines. */
static unsigned int print_numbered(hk_log_stream *stream, size_t total)
{
	char block[64 * 1024];
	size_t used = 0;
	size_t printed = 0;
	unsigned int number = 0;

	while (printed < total) {
		int length = snprintf(block + used, 256, "%010u %.*s\n", number,
		    (int) (number * 7919 % 120),
		    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnop"
		    "qrst"
		    "uvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");

		used += (size_t) length;
		printed += (size_t) length;
		number++;
		if (used > sizeof(block) - 256 || printed >= total) {
			print_bytes(stream, block, used);
			used = 0;
		}
	}
	return number;
}

static void numbered_path(
    char *out, size_t capacity, const struct fixture *f, unsigned int i)
{
	if (i == 0)
		(void) snprintf(out, capacity, "%s", f->path);
	else
		(void) snprintf(out, capacity, "%s.%u", f->path, i);
}

/* From the oldest file to the newest, every number once and in order. */
static unsigned int check_numbered(
    const struct fixture *f, unsigned int files, size_t limit, unsigned int first)
{
	unsigned int number = first;

	for (unsigned int i = files; i-- > 0;) {
		char path[160];
		size_t length;
		char *text;

		numbered_path(path, sizeof(path), f, i);
		text = read_whole(path, &length);
		assert_in_range(length, 1, limit);
		assert_int_equal(text[length - 1], '\n'); /* cut between lines */
		/* Cut into lines: a sanitizer looks for the end of every string it sees. */
		for (char *at = text, *end; at < text + length; at = end + 1, number++) {
			end = memchr(at, '\n', length - (size_t) (at - text));
			*end = '\0';
			if (strtoul(at, NULL, 10) != number)
				fail_msg("%s: expected line %u, found %.20s", path,
				    number, at);
		}
		free(text);
	}
	return number;
}

static void rotation_keeps_every_line_of_50_megabytes_exactly_once(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink = new_file(f, 1000000, 100);
	hk_log_stream *stream = new_stream(f, sink, NULL);
	unsigned int lines = print_numbered(stream, 50 * 1000 * 1000);
	unsigned int rotations;

	flush(f, stream);
	rotations = (unsigned int) counts_of(sink).rotations;
	assert_in_range(rotations, 50, 60);
	assert_int_equal(check_numbered(f, rotations + 1, 1000000, 0), lines);
	assert_int_equal(counts_of(sink).dropped_bytes, 0);
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
}

static void only_as_many_files_are_kept_as_asked(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink = new_file(f, 10000, 3);
	hk_log_stream *stream = new_stream(f, sink, NULL);
	char path[160];

	(void) print_numbered(stream, 100000);
	flush(f, stream);
	numbered_path(path, sizeof(path), f, 2);
	assert_int_equal(access(path, F_OK), 0);
	numbered_path(path, sizeof(path), f, 3);
	assert_int_equal(access(path, F_OK), -1);
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
}

static void a_line_longer_than_a_file_stays_whole(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink = new_file(f, 16, 10);
	hk_log_stream *stream = new_stream(f, sink, NULL);
	char path[160];

	print(stream, "short\n");
	print(stream, "a line that is longer than a whole file\n");
	print(stream, "after\n");
	flush(f, stream);
	assert_file(f->path, "after\n");
	numbered_path(path, sizeof(path), f, 1);
	assert_file(path, "a line that is longer than a whole file\n");
	numbered_path(path, sizeof(path), f, 2);
	assert_file(path, "short\n");
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
}

static void a_file_that_exists_is_appended_to(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink = new_file(f, 0, 0);
	hk_log_stream *stream = new_stream(f, sink, NULL);

	print(stream, "first\n");
	flush(f, stream);
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
	sink = new_file(f, 0, 0);
	stream = new_stream(f, sink, NULL);
	print(stream, "second\n");
	flush(f, stream);
	assert_file(f->path, "first\nsecond\n");
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
}

static void after_a_rename_by_others_reopen_begins_a_new_file(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink = new_file(f, 0, 0);
	hk_log_stream *stream = new_stream(f, sink, NULL);
	char old[160];

	print(stream, "before\n");
	flush(f, stream);
	(void) snprintf(old, sizeof(old), "%s.old", f->path);
	assert_int_equal(rename(f->path, old), 0);
	hk_log_sink_reopen(sink);
	flush(f, stream); /* what is asked of the log is done in order */
	print(stream, "after\n");
	flush(f, stream);
	assert_file(old, "before\n");
	assert_file(f->path, "after\n");
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
}

static void time_stamps_begin_each_line(void **state)
{
	struct fixture *f = *state;
	hk_log_file_opts opts = HK_LOG_FILE_OPTS_INIT;
	hk_log_sink *sink = NULL;
	hk_log_stream *stream;
	unsigned int lines = 0;
	char *text;

	opts.path = f->path;
	opts.timestamps = 1;
	assert_int_equal(hk_log_file_new(&sink, f->log, &opts), 0);
	stream = new_stream(f, sink, NULL);
	print(stream, "one\n\ntwo in ");
	flush(f, stream); /* the program ended inside a line */
	print(stream, "three\n");
	flush(f, stream);
	text = read_whole(f->path, NULL);
	for (char *at = text; *at != '\0'; at = strchr(at, '\n') + 1, lines++) {
		int year, month, day, hour, minute, second, ms, used = 0;

		assert_int_equal(
		    7, sscanf(at, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &year, &month, &day,
			   &hour, &minute, &second, &ms, &used));
		assert_int_equal(used, 24);
		assert_int_equal(at[24], ' ');
		assert_in_range(year, 2024, 2200);
		if (lines == 1)
			assert_int_equal(at[25], '\n');
	}
	assert_int_equal(lines, 4);
	free(text);
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
}

static void streams_sharing_a_file_do_not_mix_their_lines(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink = new_file(f, 0, 0);
	hk_log_stream *one = new_stream(f, sink, NULL);
	hk_log_stream *two = new_stream(f, sink, NULL);

	print(one, "one begins ");
	await_read(f, one, 11); /* its beginning is kept back */
	print(two, "two begins ");
	flush(f, two); /* its program has ended: out with it */
	print(one, "and ends\n");
	flush(f, one);
	print(two, "and goes on\n");
	flush(f, two);
	assert_file(f->path, "two begins \none begins and ends\nand goes on\n");
	hk_log_stream_free(one);
	hk_log_stream_free(two);
	hk_log_sink_free(sink);
}

static void missing_directories_are_made(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink;
	hk_log_stream *stream;
	char deep[100];

	(void) snprintf(deep, sizeof(deep), "%s/a", f->directory);
	(void) snprintf(f->path, sizeof(f->path), "%s/b/out.log", deep);
	sink = new_file(f, 0, 0);
	stream = new_stream(f, sink, NULL);
	print(stream, "deep\n");
	flush(f, stream);
	assert_file(f->path, "deep\n");
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
	end_log(f);
	(void) unlink(f->path);
	*strrchr(f->path, '/') = '\0';
	(void) rmdir(f->path);
	(void) rmdir(deep);
}

static void a_file_that_cannot_be_opened_is_reported_and_tried_again(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink;
	hk_log_stream *stream;
	char *text;

	assert_int_equal(mkdir(f->path, 0700), 0); /* a directory is in the way */
	sink = new_file(f, 0, 0);
	stream = new_stream(f, sink, NULL);
	print(stream, "lost\n");
	flush(f, stream);
	await_event(f, HK_LOG_OPEN_FAILED);
	assert_int_equal(f->last.error, -EISDIR);
	assert_int_equal(rmdir(f->path), 0);
	await_event(f, HK_LOG_RECOVERED);
	assert_int_equal(f->last.lines, 1);
	print(stream, "kept\n");
	flush(f, stream);
	text = read_whole(f->path, NULL);
	assert_string_equal(
	    text, "hostkit: 1 lines (5 bytes) lost: is a directory\nkept\n");
	free(text);
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
}

/* Whole numbered lines at the beginning of @text, up to @end. */
static unsigned int count_numbered(const char *text, const char *end)
{
	unsigned int number = 0;

	for (const char *at = text; at < end; number++) {
		const char *line_end = memchr(at, '\n', (size_t) (end - at));

		if (line_end == NULL || strtoul(at, NULL, 10) != number ||
		    (size_t) (line_end - at) != 11 + number * 7919 % 120)
			break;
		at = line_end + 1;
	}
	return number;
}

static bool own_mounts; /* what we mount is seen by nobody else */

static void a_full_disk_costs_lines_and_says_so_once_there_is_room(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink, *other;
	hk_log_stream *stream, *beside;
	char filler[128], path[128];
	unsigned int printed, whole;
	char *text, *marker;
	size_t length;
	unsigned int lost = 0;
	int fd;

	if (!own_mounts || mount("tmpfs", f->directory, "tmpfs", 0, "size=256k") < 0) {
		print_message(
		    "skipped: a small tmpfs needs root and a mount namespace\n");
		skip();
	}
	(void) snprintf(filler, sizeof(filler), "%s/filler", f->directory);
	fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fallocate(fd, 0, 0, 128 * 1024), 0);
	(void) close(fd);
	sink = new_file(f, 0, 0);
	stream = new_stream(f, sink, NULL);
	printed = print_numbered(stream, 1000 * 1000);
	flush(f, stream);
	await_event(f, HK_LOG_WRITE_FAILED);
	assert_int_equal(f->last.error, -ENOSPC);

	/* Another log, elsewhere, goes on. */
	(void) snprintf(path, sizeof(path), "%s", f->path);
	(void) snprintf(f->path, sizeof(f->path), "%s.beside", f->directory);
	other = new_file(f, 0, 0);
	beside = new_stream(f, other, NULL);
	print(beside, "fine\n");
	flush(f, beside);
	assert_file(f->path, "fine\n");
	(void) unlink(f->path);

	assert_int_equal(unlink(filler), 0);
	await_event(f, HK_LOG_RECOVERED);
	print(stream, "after\n");
	flush(f, stream);

	/* Every line is there, or is the one that was cut, or is counted in the marker. */
	text = read_whole(path, &length);
	marker = memmem(text, length, "hostkit: ", 9);
	assert_non_null(marker);
	assert_int_equal(marker[-1], '\n');
	assert_int_equal(sscanf(marker, "hostkit: %u lines", &lost), 1);
	assert_string_equal(strchr(marker, '\n'), "\nafter\n");
	whole = count_numbered(text, marker);
	assert_true(whole > 0);
	assert_int_equal(whole + lost, printed);
	assert_int_equal(f->last.lines, lost);
	assert_int_equal(counts_of(sink).dropped_lines, lost);
	free(text);
	hk_log_stream_free(stream);
	hk_log_stream_free(beside);
	hk_log_sink_free(sink);
	hk_log_sink_free(other);
	end_log(f);
	assert_int_equal(umount2(f->directory, MNT_DETACH), 0);
}

static void words_of_our_own_stand_between_lines(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *sink = new_file(f, 0, 0);
	hk_log_stream *stream = new_stream(f, sink, NULL);

	assert_int_equal(hk_log_sink_write(sink, "hostkit: hello", 14), 0);
	print(stream, "line\n");
	flush(f, stream);
	assert_int_equal(hk_log_sink_write(sink, "hostkit: bye\n", 13), 0);
	flush(f, stream);
	assert_file(f->path, "hostkit: hello\nline\nhostkit: bye\n");
	hk_log_stream_free(stream);
	hk_log_sink_free(sink);
}

static bool pipe_is_full(hk_log_stream *stream)
{
	static const char block[4096];
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	char link[64];
	ssize_t done;

	(void) close(fd);
	/* A description of our own, so that the program's stays as it is. */
	(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", hk_log_stream_fd(stream));
	fd = open(link, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	done = write(fd, block, sizeof(block));
	(void) close(fd);
	return done < 0 && errno == EAGAIN;
}

static void a_stalled_fifo_makes_its_program_wait_and_nobody_else(void **state)
{
	struct fixture *f = *state;
	hk_log_sink *fifo, *other;
	hk_log_stream *stuck, *free_one;
	size_t before, drained = 0;
	uint64_t printed;
	char buffer[65536];
	int reader;

	assert_int_equal(mkfifo(f->path, 0600), 0);
	reader = open(f->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	fifo = new_file(f, 0, 0);
	stuck = new_stream(f, fifo, NULL);
	flush(f, stuck);
	before = private_bytes();
	while (!pipe_is_full(stuck) || counts_of(fifo).waiting_bytes == 0)
		assert_true(hk_loop_run_once(f->loop, 1) >= 0);
	assert_grown_at_most(before, 1024 * 1024);

	(void) snprintf(f->path, sizeof(f->path), "%s/beside", f->directory);
	other = new_file(f, 0, 0);
	free_one = new_stream(f, other, NULL);
	print(free_one, "not held up\n");
	flush(f, free_one);
	assert_file(f->path, "not held up\n");

	/* Once somebody reads, every byte arrives. */
	do {
		ssize_t got = read(reader, buffer, sizeof(buffer));

		if (got > 0)
			drained += (size_t) got;
		printed = hk_log_stream_total(stuck);
	} while (drained < printed || counts_of(fifo).waiting_bytes > 0 ||
		 pipe_is_full(stuck));
	assert_int_equal(counts_of(fifo).dropped_bytes, 0);
	hk_log_stream_free(stuck);
	hk_log_stream_free(free_one);
	hk_log_sink_free(fifo);
	hk_log_sink_free(other);
	end_log(f);
	(void) close(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		TEST(what_goes_in_comes_out_byte_for_byte),
		TEST(rotation_keeps_every_line_of_50_megabytes_exactly_once),
		TEST(only_as_many_files_are_kept_as_asked),
		TEST(a_line_longer_than_a_file_stays_whole),
		TEST(a_file_that_exists_is_appended_to),
		TEST(after_a_rename_by_others_reopen_begins_a_new_file),
		TEST(time_stamps_begin_each_line),
		TEST(streams_sharing_a_file_do_not_mix_their_lines),
		TEST(missing_directories_are_made),
		TEST(a_file_that_cannot_be_opened_is_reported_and_tried_again),
		TEST(a_full_disk_costs_lines_and_says_so_once_there_is_room),
		TEST(words_of_our_own_stand_between_lines),
		TEST(a_stalled_fifo_makes_its_program_wait_and_nobody_else),
#undef TEST
	};

	/* Mounts of ours are ours alone and go with us, also when we are killed.  In a
	 * changed root "/" is no mount that could be told so. */
	own_mounts = unshare(CLONE_NEWNS) == 0 &&
		     mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
