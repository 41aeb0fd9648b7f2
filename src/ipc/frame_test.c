/*
 * Framing: however the bytes are cut, the same messages come out of them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/buffer.h"
#include "base/random.h"
#include "ipc/frame.h"

enum { MESSAGES = 20000, MESSAGE_MAX = 300 };

/* A stream of random messages, and what they are: lengths and bytes. */
struct stream {
	hki_buffer bytes;
	hki_buffer lengths;
	hki_buffer contents;
	hki_random random;
	uint32_t framing;
};

static void add_message(struct stream *stream)
{
	char data[MESSAGE_MAX];
	char head[HKI_FRAME_PREFIX];
	uint32_t length = (uint32_t) hki_random_below(&stream->random, MESSAGE_MAX);
	bool lines = stream->framing == HK_IPC_FRAMING_LINES;

	if (hki_random_below(&stream->random, 8) == 0)
		length %= 4;
	if (lines && length == 0)
		length = 1;
	for (uint32_t i = 0; i < length; i++) {
		data[i] = (char) hki_random_next(&stream->random);
		if (lines && (data[i] == '\n' || data[i] == '\r'))
			data[i] = ' ';
	}
	if (lines)
		data[0] = '[';
	hki_frame_head_write(stream->framing, head, length);
	assert_int_equal(0, hki_frame_check(stream->framing, data, length, MESSAGE_MAX));
	assert_int_equal(0, hki_buffer_append(&stream->bytes, head,
				hki_frame_head_length(stream->framing)));
	assert_int_equal(0, hki_buffer_append(&stream->bytes, data, length));
	if (hki_frame_tail_length(stream->framing) > 0)
		assert_int_equal(0, hki_buffer_append_char(&stream->bytes, '\n'));
	assert_int_equal(0, hki_buffer_append(&stream->lengths, &length, sizeof(length)));
	assert_int_equal(0, hki_buffer_append(&stream->contents, data, length));
}

static void stream_init(struct stream *stream, uint32_t framing, uint64_t seed)
{
	memset(stream, 0, sizeof(*stream));
	stream->framing = framing;
	hki_random_seed(&stream->random, seed);
	if (framing == HK_IPC_FRAMING_LENGTH)
		assert_int_equal(
		    0, hki_buffer_append_text(&stream->bytes, HKI_FRAME_HELLO));
	for (int i = 0; i < MESSAGES; i++)
		add_message(stream);
}

static void stream_deinit(struct stream *stream)
{
	hki_buffer_deinit(&stream->bytes);
	hki_buffer_deinit(&stream->lengths);
	hki_buffer_deinit(&stream->contents);
}

/* The next message must be the next of the stream. */
static void check(struct stream *stream, const hki_frame *frame)
{
	uint32_t length;

	assert_true(stream->lengths.length > 0);
	memcpy(&length, stream->lengths.data, sizeof(length));
	hki_buffer_consume(&stream->lengths, sizeof(length));
	assert_int_equal(length, frame->length);
	if (length > 0)
		assert_memory_equal(stream->contents.data, frame->data, length);
	hki_buffer_consume(&stream->contents, length);
}

/* Feed the stream in pieces of random size up to @piece_max. */
static void feed(struct stream *stream, uint32_t framing, size_t piece_max)
{
	hki_framer framer;
	size_t end = 0;
	size_t at = 0;

	hki_framer_init(&framer, framing, MESSAGE_MAX);
	while (end < stream->bytes.length) {
		size_t more = 1 + hki_random_below(&stream->random, piece_max);

		end =
		    stream->bytes.length - end < more ? stream->bytes.length : end + more;
		for (;;) {
			/* Exactly so many bytes, so that a sanitizer sees a look beyond. */
			size_t length = end - at;
			char *piece = malloc(length + 1);
			hki_frame frame;
			int r;

			assert_non_null(piece);
			memcpy(piece, stream->bytes.data + at, length);
			r = hki_framer_next(&framer, piece, length, &frame);
			assert_true(r >= 0);
			assert_true(frame.used <= length);
			if (r == HKI_FRAME_MESSAGE)
				check(stream, &frame);
			else
				assert_true(frame.wanted > length - frame.used);
			at += frame.used;
			free(piece);
			if (r == HKI_FRAME_MORE)
				break;
		}
	}
	assert_int_equal(stream->bytes.length, at);
	assert_int_equal(0, stream->lengths.length);
}

static void check_framing(uint32_t framing, uint32_t read_as)
{
	static const size_t pieces[] = { 1, 2, 7, 100, 1000, 65536 };

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct stream stream;

		stream_init(&stream, framing, 4711 + i);
		feed(&stream, read_as, pieces[i]);
		stream_deinit(&stream);
	}
}

static void lines_come_out_whole_however_they_are_cut(void **state)
{
	(void) state;
	check_framing(HK_IPC_FRAMING_LINES, HK_IPC_FRAMING_LINES);
}

static void counted_messages_come_out_whole_however_they_are_cut(void **state)
{
	(void) state;
	check_framing(HK_IPC_FRAMING_LENGTH, HK_IPC_FRAMING_LENGTH);
	check_framing(HK_IPC_FRAMING_LENGTH_BARE, HK_IPC_FRAMING_LENGTH_BARE);
}

static void the_first_byte_tells_the_framing(void **state)
{
	(void) state;
	check_framing(HK_IPC_FRAMING_LINES, HK_IPC_FRAMING_AUTO);
	check_framing(HK_IPC_FRAMING_LENGTH, HK_IPC_FRAMING_AUTO);
	for (int byte = 0; byte < 256; byte++) {
		char text[2] = { (char) byte, '\n' };
		bool json =
		    byte != 0 && strchr("{[\"-tfn \t\r\n0123456789", byte) != NULL;
		hki_framer framer;
		hki_frame frame;
		int r;

		hki_framer_init(&framer, HK_IPC_FRAMING_AUTO, 100);
		r = hki_framer_next(&framer, text, 2, &frame);
		assert_int_equal(!json, r == HK_EPARSE);
		assert_int_equal(json          ? HK_IPC_FRAMING_LINES
				 : byte == 'H' ? HK_IPC_FRAMING_LENGTH
					       : HK_IPC_FRAMING_AUTO,
		    framer.framing);
	}
}

static int first(
    uint32_t framing, const char *bytes, size_t length, size_t most, hki_frame *frame)
{
	hki_framer framer;

	hki_framer_init(&framer, framing, most);
	return hki_framer_next(&framer, bytes, length, frame);
}

static void limits_hold_to_the_byte(void **state)
{
	hki_frame frame;

	(void) state;
	assert_int_equal(
	    HKI_FRAME_MESSAGE, first(HK_IPC_FRAMING_LINES, "12345\n", 6, 5, &frame));
	assert_int_equal(
	    -EMSGSIZE, first(HK_IPC_FRAMING_LINES, "123456\n", 7, 5, &frame));
	assert_int_equal(
	    HKI_FRAME_MORE, first(HK_IPC_FRAMING_LINES, "12345", 5, 5, &frame));
	assert_int_equal(-EMSGSIZE, first(HK_IPC_FRAMING_LINES, "123456", 6, 5, &frame));
	assert_int_equal(HKI_FRAME_MESSAGE, first(HK_IPC_FRAMING_LENGTH_BARE,
						"\0\0\0\5"
						"12345",
						9, 5, &frame));
	assert_int_equal(
	    -EMSGSIZE, first(HK_IPC_FRAMING_LENGTH_BARE, "\0\0\0\6", 4, 5, &frame));
	assert_int_equal(-EMSGSIZE,
	    first(HK_IPC_FRAMING_LENGTH_BARE, "\xff\xff\xff\xff", 4, 5, &frame));
}

static void frames_of_our_own_are_no_messages(void **state)
{
	hki_frame frame;

	(void) state;
	assert_int_equal(HKI_FRAME_ALIVE,
	    first(HK_IPC_FRAMING_LENGTH, "HK1\n\x80\0\0\0", 8, 5, &frame));
	assert_int_equal(8, frame.used);
	assert_int_equal(
	    HK_EPARSE, first(HK_IPC_FRAMING_LENGTH, "HK1\n\x80\0\0\1", 8, 5, &frame));
	assert_int_equal(
	    HKI_FRAME_ALIVE, first(HK_IPC_FRAMING_LINES, "\n[1]", 4, 5, &frame));
	assert_int_equal(1, frame.used);
	assert_int_equal(
	    HKI_FRAME_ALIVE, first(HK_IPC_FRAMING_LINES, "\r\n", 2, 5, &frame));
	assert_int_equal(2, frame.used);
}

static void what_a_line_cannot_carry_is_refused(void **state)
{
	(void) state;
	assert_int_equal(-EINVAL, hki_frame_check(HK_IPC_FRAMING_LINES, "", 0, 10));
	assert_int_equal(-EINVAL, hki_frame_check(HK_IPC_FRAMING_LINES, "a\nb", 3, 10));
	assert_int_equal(0, hki_frame_check(HK_IPC_FRAMING_LENGTH, "a\nb", 3, 10));
	assert_int_equal(0, hki_frame_check(HK_IPC_FRAMING_LENGTH, NULL, 0, 10));
	assert_int_equal(-EMSGSIZE, hki_frame_check(HK_IPC_FRAMING_LENGTH, "abc", 3, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_out_whole_however_they_are_cut),
		cmocka_unit_test(counted_messages_come_out_whole_however_they_are_cut),
		cmocka_unit_test(the_first_byte_tells_the_framing),
		cmocka_unit_test(limits_hold_to_the_byte),
		cmocka_unit_test(frames_of_our_own_are_no_messages),
		cmocka_unit_test(what_a_line_cannot_carry_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
