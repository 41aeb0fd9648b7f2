/*
 * JSON Lines: whatever the cuts, every line is given once, in order.
 */
#include <hostkit/json.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/random.h"
#include "base/torture.h"

static hk_json_document *document;
static hk_json_lines *lines;

static int set_up(void **state)
{
	(void) state;
	if (hk_json_document_new(&document, NULL) < 0)
		return -1;
	return hk_json_lines_new(&lines, 64);
}

static int tear_down(void **state)
{
	(void) state;
	hk_json_document_free(document);
	hk_json_lines_free(lines);
	return 0;
}

static void feed(const char *text)
{
	assert_int_equal(0, hk_json_lines_feed(lines, text, strlen(text)));
}

static void expect_number(int64_t expected)
{
	int64_t number = -1;

	assert_int_equal(1, hk_json_lines_next(lines, document));
	assert_int_equal(0, hk_json_get_int64(&number, hk_json_root(document)));
	assert_int_equal(expected, number);
	assert_null(hk_json_lines_error(lines));
}

static void expect_nothing(void)
{
	assert_int_equal(0, hk_json_lines_next(lines, document));
}

static void expect_error(int code, size_t line, size_t column, size_t offset)
{
	const hk_json_error *error;

	assert_int_equal(code, hk_json_lines_next(lines, document));
	error = hk_json_lines_error(lines);
	assert_non_null(error);
	assert_int_equal(code, error->code);
	assert_int_equal(line, error->line);
	assert_int_equal(column, error->column);
	assert_int_equal(offset, error->offset);
	assert_non_null(error->reason);
}

static void whole_lines_are_given_and_blank_ones_skipped(void **state)
{
	(void) state;
	feed("1\n 2 \r\n\n\r\n \t\n3\n");
	expect_number(1);
	expect_number(2);
	expect_number(3);
	expect_nothing();
	expect_nothing();
}

static void a_line_can_come_in_pieces(void **state)
{
	(void) state;
	expect_nothing();
	feed("12");
	expect_nothing();
	feed("");
	expect_nothing();
	feed("34");
	expect_nothing();
	feed("\n5");
	expect_number(1234);
	expect_nothing();
	feed("\n");
	expect_number(5);
	expect_nothing();
}

static void the_last_line_needs_no_line_feed(void **state)
{
	(void) state;
	feed("1\n2");
	hk_json_lines_end(lines);
	expect_number(1);
	expect_number(2);
	expect_nothing();
	assert_int_equal(-EPIPE, hk_json_lines_feed(lines, "3", 1));
}

static void half_a_document_at_the_end_is_told(void **state)
{
	(void) state;
	feed("1\n[2,");
	expect_number(1);
	expect_nothing();
	hk_json_lines_end(lines);
	expect_error(HK_EPARSE, 2, 4, 5);
	expect_nothing();
}

static void a_piece_is_used_up_before_the_next(void **state)
{
	(void) state;
	feed("1\n2\n");
	expect_number(1);
	assert_int_equal(-EBUSY, hk_json_lines_feed(lines, "3\n", 2));
	expect_number(2);
	feed("3\n");
	expect_number(3);
}

static void a_wrong_line_is_told_and_left_behind(void **state)
{
	(void) state;
	feed("1\n[1,x]\n2\n\xff\n3");
	expect_number(1);
	expect_error(HK_EPARSE, 2, 4, 5);
	expect_number(2);
	expect_error(HK_EPARSE, 4, 1, 10);
	expect_nothing();
	feed("}\n4\n");
	expect_error(HK_EPARSE, 5, 2, 13);
	expect_number(4);
	expect_nothing();
}

static void a_line_too_long_is_told_once(void **state)
{
	char many[200];

	(void) state;
	memset(many, ' ', sizeof(many));
	feed("1\n");
	expect_number(1);
	expect_nothing();
	/* In one piece, */
	many[150] = '\n';
	many[151] = '2';
	many[152] = '\n';
	assert_int_equal(0, hk_json_lines_feed(lines, many, 153));
	expect_error(HK_ELIMIT, 2, 65, 2 + 64);
	expect_number(2);
	expect_nothing();
	/* in pieces, each of them small, */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(0, hk_json_lines_feed(lines, many, 10));
		if (i == 6)
			expect_error(HK_ELIMIT, 4, 65, 155 + 64);
		expect_nothing();
	}
	feed("\n3\n");
	expect_number(3);
	expect_nothing();
	/* and a line of exactly the limit. */
	memset(many, ' ', 63);
	memcpy(many + 63, "4\n5\n", 4);
	assert_int_equal(0, hk_json_lines_feed(lines, many, 67));
	expect_number(4);
	expect_number(5);
	expect_nothing();
	/* The places of what follows are right all the same. */
	feed("x\n");
	expect_error(HK_EPARSE, 8, 1, 2 + 153 + 200 + 3 + 67);
}

static void the_end_of_a_line_too_long_can_be_the_end(void **state)
{
	char many[100];

	(void) state;
	memset(many, '1', sizeof(many));
	assert_int_equal(0, hk_json_lines_feed(lines, many, sizeof(many)));
	expect_error(HK_ELIMIT, 1, 65, 64);
	hk_json_lines_end(lines);
	expect_nothing();
	expect_nothing();
}

static size_t largest_block;

static void *measure_reallocate(void *block, size_t bytes, void *user)
{
	(void) user;
	if (bytes > largest_block)
		largest_block = bytes;
	return realloc(block, bytes);
}

static void measure_release(void *block, void *user)
{
	(void) user;
	free(block);
}

static void a_gigabyte_without_a_line_feed_is_not_kept(void **state)
{
	hk_allocator measuring = HK_ALLOCATOR_INIT;
	hk_json_lines *stream = NULL;
	size_t piece = 1 << 20;
	char *bytes = malloc(piece);
	int told = 0;

	(void) state;
	assert_non_null(bytes);
	memset(bytes, '[', piece);
	measuring.reallocate = measure_reallocate;
	measuring.release = measure_release;
	assert_int_equal(0, hk_allocator_set(&measuring));
	largest_block = 0;
	assert_int_equal(0, hk_json_lines_new(&stream, 3 << 20));
	for (int i = 0; i < 1024; i++) {
		int r;

		assert_int_equal(0, hk_json_lines_feed(stream, bytes, piece));
		while ((r = hk_json_lines_next(stream, document)) != 0) {
			assert_int_equal(HK_ELIMIT, r);
			told++;
		}
	}
	assert_int_equal(1, told);
	assert_true(largest_block < 6 << 20);
	hk_json_lines_free(stream);
	assert_int_equal(0, hk_allocator_set(NULL));
	free(bytes);
}

/* A stream whose lines are {"n":0,"text":…}, {"n":1,…} and so on. */
static size_t make_stream(char *out, unsigned int count, hki_random *random)
{
	size_t at = 0;

	for (unsigned int n = 0; n < count; n++) {
		at += (size_t) sprintf(out + at, "{\"n\":%u,\"text\":\"", n);
		for (uint64_t i = hki_random_below(random, 20); i > 0; i--)
			at += (size_t) sprintf(
			    out + at, "%s", i % 3 ? "\\n" : "\xf0\x9f\x98\x80");
		at += (size_t) sprintf(out + at, "\"}%s\n", n % 5 ? "" : "\r");
	}
	return at;
}

static void any_cut_gives_the_same_documents(void **state)
{
	enum { COUNT = 3000 };
	char *stream = malloc(COUNT * 128);
	hk_json_lines *reader = NULL;
	hki_random random;

	(void) state;
	assert_non_null(stream);
	hki_random_seed(&random, 11);
	for (size_t piece_max = 1; piece_max < 4000; piece_max = piece_max * 3 + 1) {
		size_t length = make_stream(stream, COUNT, &random);
		unsigned int seen = 0;
		size_t at = 0;

		assert_int_equal(0, hk_json_lines_new(&reader, 0));
		while (at < length) {
			size_t piece = 1 + hki_random_below(&random, piece_max);
			char *exact;
			int r;

			if (piece > length - at)
				piece = length - at;
			exact = malloc(piece);
			assert_non_null(exact);
			memcpy(exact, stream + at, piece);
			assert_int_equal(0, hk_json_lines_feed(reader, exact, piece));
			while ((r = hk_json_lines_next(reader, document)) == 1) {
				int64_t n = -1;

				assert_int_equal(
				    0, hk_json_get_int64(
					   &n, hk_json_at(hk_json_root(document), "n")));
				assert_int_equal(seen++, n);
			}
			assert_int_equal(0, r);
			free(exact);
			at += piece;
		}
		assert_int_equal(COUNT, seen);
		hk_json_lines_free(reader);
	}
	free(stream);
}

static int read_three(void *user)
{
	static const char *const pieces[] = { "1\n[2", ",2", "]\n3\n" };
	hk_json_document *own = NULL;
	hk_json_lines *reader = NULL;
	int seen = 0;
	int failed = 0;
	int r;

	(void) user;
	r = hk_json_document_new(&own, NULL);
	if (r == 0)
		r = hk_json_lines_new(&reader, 0);
	for (int i = 0; r >= 0 && i < 3; i++) {
		r = hk_json_lines_feed(reader, pieces[i], strlen(pieces[i]));
		/* Nothing is lost for lack of memory: asking again goes on. */
		while (r >= 0 && (r = hk_json_lines_next(reader, own)) != 0) {
			assert_true(r == 1 || r == -ENOMEM);
			seen += r == 1;
			failed |= r == -ENOMEM;
			r = 0;
		}
	}
	if (r == 0)
		assert_int_equal(3, seen);
	hk_json_lines_free(reader);
	hk_json_document_free(own);
	return failed ? -ENOMEM : r;
}

static void failing_memory_loses_no_line(void **state)
{
	(void) state;
	assert_true(hki_torture(read_three, NULL) >= 4);
}

static void limits_are_checked(void **state)
{
	hk_json_lines *reader = NULL;

	(void) state;
	assert_int_equal(-EINVAL, hk_json_lines_new(&reader, HK_JSON_LENGTH_MAX + 1));
	assert_null(reader);
	hk_json_lines_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whole_lines_are_given_and_blank_ones_skipped),
		TEST(a_line_can_come_in_pieces),
		TEST(the_last_line_needs_no_line_feed),
		TEST(half_a_document_at_the_end_is_told),
		TEST(a_piece_is_used_up_before_the_next),
		TEST(a_wrong_line_is_told_and_left_behind),
		TEST(a_line_too_long_is_told_once),
		TEST(the_end_of_a_line_too_long_can_be_the_end),
		TEST(a_gigabyte_without_a_line_feed_is_not_kept),
		TEST(any_cut_gives_the_same_documents),
		cmocka_unit_test(failing_memory_loses_no_line),
		cmocka_unit_test(limits_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
