/*
 * A piece of the stream is the caller's memory, and whole lines are parsed
 * where they lie.  Only the line that a piece ends in the middle of is copied;
 * as soon as it is longer than allowed it is told, and from then on nothing of
 * it is kept until its line feed has passed.  So memory is bounded by the
 * limit, whatever arrives.
 */
#include <hostkit/json.h>

#include <errno.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/buffer.h"

struct hk_json_lines {
	size_t line_max;
	const char *at; /* what is left of the piece */
	size_t left;
	hki_buffer partial; /* the beginning of a line that is not whole */
	bool skipping;      /* the line is too long, and was told */
	bool ended;
	size_t line;   /* of the line being read, from 1 */
	size_t offset; /* where it begins in the stream */
	hk_json_error error;
};

int hk_json_lines_new(hk_json_lines **out, size_t line_max)
{
	hk_json_lines *lines;

	if (line_max > HK_JSON_LENGTH_MAX)
		return -EINVAL;
	lines = hki_zalloc(sizeof(*lines));
	if (lines == NULL)
		return -ENOMEM;
	lines->line_max = line_max == 0 ? HK_JSON_LENGTH_DEFAULT : line_max;
	lines->line = 1;
	*out = lines;
	return 0;
}

void hk_json_lines_free(hk_json_lines *lines)
{
	if (lines == NULL)
		return;
	hki_buffer_deinit(&lines->partial);
	hki_free(lines);
}

int hk_json_lines_feed(hk_json_lines *lines, const void *bytes, size_t length)
{
	if (lines->ended)
		return -EPIPE;
	if (lines->left > 0)
		return -EBUSY;
	lines->at = bytes;
	lines->left = length;
	return 0;
}

void hk_json_lines_end(hk_json_lines *lines)
{
	lines->ended = true;
}

const hk_json_error *hk_json_lines_error(const hk_json_lines *lines)
{
	return lines->error.code < 0 ? &lines->error : NULL;
}

/* Take @length bytes off the piece. */
static void take(hk_json_lines *lines, size_t length)
{
	lines->at += length;
	lines->left -= length;
}

/* The line with all its bytes, @length of them, has been dealt with. */
static void leave_line(hk_json_lines *lines, size_t length)
{
	lines->line++;
	lines->offset += length;
	hki_buffer_truncate(&lines->partial, 0);
}

static int fail_too_long(hk_json_lines *lines)
{
	lines->error = (hk_json_error){ .code = HK_ELIMIT,
		.line = lines->line,
		.column = lines->line_max + 1,
		.offset = lines->offset + lines->line_max,
		.reason = "the line is longer than allowed" };
	return HK_ELIMIT;
}

static bool is_blank(const char *text, size_t length)
{
	while (length > 0 && (*text == ' ' || *text == '\t' || *text == '\r')) {
		text++;
		length--;
	}
	return length == 0;
}

/* The whole line is @length bytes of @text.  1, 0 if it is blank, or what is wrong. */
static int parse(
    hk_json_lines *lines, hk_json_document *document, const char *text, size_t length)
{
	int r;

	if (is_blank(text, length))
		return 0;
	r = hk_json_parse(document, text, length);
	if (r == 0)
		return 1;
	lines->error = *hk_json_document_error(document);
	lines->error.line = lines->line;
	lines->error.offset += lines->offset;
	return r;
}

/* Tell a line that is too long, once, and keep nothing of it. */
static int begin_skipping(hk_json_lines *lines)
{
	int r = fail_too_long(lines);

	lines->skipping = true;
	lines->offset += lines->partial.length;
	hki_buffer_truncate(&lines->partial, 0);
	return r;
}

/* Pass what is here of a line that is too long.  Is all of it passed? */
static bool skip_line(hk_json_lines *lines)
{
	const char *feed = lines->left > 0 ? memchr(lines->at, '\n', lines->left) : NULL;
	size_t length = feed == NULL ? lines->left : (size_t) (feed - lines->at) + 1;

	lines->offset += length;
	take(lines, length);
	if (feed == NULL)
		return false;
	lines->line++;
	lines->skipping = false;
	return true;
}

static int keep(hk_json_lines *lines, size_t length)
{
	int r = hki_buffer_append(&lines->partial, lines->at, length);

	if (r < 0)
		lines->error = (hk_json_error){ .code = r,
			.line = lines->line,
			.column = 1,
			.offset = lines->offset,
			.reason = "there is no memory for the line" };
	else
		take(lines, length);
	return r;
}

/* @length bytes of the piece end a line; a line feed follows them, or the stream ends. */
static int give_line(
    hk_json_lines *lines, hk_json_document *document, size_t length, size_t feed)
{
	const char *text = lines->at;
	size_t whole = length;
	int r;

	if (lines->partial.length > 0) {
		r = keep(lines, length);
		if (r < 0)
			return r;
		text = lines->partial.data;
		whole = lines->partial.length;
		length = 0;
	}
	r = parse(lines, document, text, whole);
	if (r == -ENOMEM)
		return r;
	take(lines, length + feed);
	leave_line(lines, whole + feed);
	return r;
}

/* No line ends in what is left of the piece. */
static int give_rest(hk_json_lines *lines, hk_json_document *document)
{
	int r;

	if (lines->ended && lines->left + lines->partial.length > 0)
		return give_line(lines, document, lines->left, 0);
	if (lines->left == 0)
		return 0;
	r = keep(lines, lines->left);
	return r < 0 ? r : 0;
}

int hk_json_lines_next(hk_json_lines *lines, hk_json_document *document)
{
	const char *feed;
	size_t length;
	int r;

	lines->error.code = 0;
	do {
		if (lines->skipping && !skip_line(lines))
			return 0;
		feed = lines->left > 0 ? memchr(lines->at, '\n', lines->left) : NULL;
		length = feed == NULL ? lines->left : (size_t) (feed - lines->at);
		if (lines->partial.length + length > lines->line_max)
			return begin_skipping(lines);
		r = feed != NULL ? give_line(lines, document, length, 1)
				 : give_rest(lines, document);
	} while (r == 0 && feed != NULL);
	return r;
}
