/*
 * One document is read whole, since its end is the only thing that makes it
 * one; lines are read in pieces, so that a stream of any length fits.  What cannot
 * become JSON any more is not read to its end, which may never come (/dev/zero).
 */
#include "json_input.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>

#define PIECE (64 * 1024)
/* The beginning is looked at when there is this much of it, and each time it has grown
 * to four times that, which costs a third of the whole at most. */
#define FIRST_LOOK ((size_t) PIECE)
#define LOOK_AGAIN 4
/* A text that is cut off is wrong where it ends: its last token, the longest of which is
 * a pair of surrogates, may be none.  A mistake before that stays one. */
#define TOKEN_MAX ((size_t) 64)

int json_input_open(
    json_input *out, const char *operand, bool lines, hk_json_duplicates duplicates)
{
	json_input input = { .name = operand, .fd = STDIN_FILENO, .lines = lines };
	hk_json_opts opts = HK_JSON_OPTS_INIT;
	int r;

	opts.duplicates = duplicates;
	/* Whoever names a file wants all of it read. */
	opts.length_max = lines ? 0 : HK_JSON_LENGTH_MAX;
	if (strcmp(operand, "-") == 0)
		input.name = "standard input";
	else
		input.fd = open(operand, O_RDONLY | O_CLOEXEC);
	if (input.fd < 0)
		return -errno;
	r = hk_json_document_new(&input.document, &opts);
	if (r == 0 && lines)
		r = hk_json_lines_new(&input.reader, 0);
	if (r < 0) {
		json_input_close(&input);
		return r;
	}
	*out = input;
	return 0;
}

void json_input_close(json_input *input)
{
	if (input->fd > STDIN_FILENO)
		(void) close(input->fd);
	input->fd = -1;
	hk_json_document_free(input->document);
	hk_json_lines_free(input->reader);
	hki_buffer_deinit(&input->text);
}

const hk_json_error *json_input_error(const json_input *input)
{
	return input->lines ? hk_json_lines_error(input->reader)
			    : hk_json_document_error(input->document);
}

/* Append what is there to the buffer: its length, 0 at the end, or a negative errno. */
static ssize_t read_piece(json_input *input)
{
	ssize_t length;
	int r = hki_buffer_reserve(&input->text, PIECE);

	if (r < 0)
		return r;
	do {
		length = read(input->fd, input->text.data + input->text.length, PIECE);
	} while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	hki_buffer_commit(&input->text, (size_t) length);
	return length;
}

/* Is there a mistake in what was read so far that nothing behind it can mend? */
static bool is_hopeless(json_input *input)
{
	const hk_json_error *error;

	if (hk_json_parse(input->document, input->text.data, input->text.length) == 0)
		return false;
	error = hk_json_document_error(input->document);
	return error->code != -ENOMEM && error->offset + TOKEN_MAX < input->text.length;
}

static int next_whole(json_input *input)
{
	size_t look = FIRST_LOOK;
	ssize_t length;
	int r;

	if (input->ended)
		return 0;
	/* One byte too many is enough to know that it is too long. */
	do {
		length = read_piece(input);
		if (length > 0 && input->text.length >= look) {
			if (is_hopeless(input))
				break;
			look *= LOOK_AGAIN;
		}
	} while (length > 0 && input->text.length <= HK_JSON_LENGTH_MAX);
	if (length < 0)
		return (int) length;
	input->ended = true;
	r = hk_json_parse(input->document, input->text.data, input->text.length);
	return r < 0 ? r : 1;
}

static int next_line(json_input *input)
{
	ssize_t length;
	int r;

	for (;;) {
		r = hk_json_lines_next(input->reader, input->document);
		if (r != 0 || input->ended)
			return r;
		hki_buffer_truncate(&input->text, 0);
		length = read_piece(input);
		if (length < 0)
			return (int) length;
		if (length == 0) {
			input->ended = true;
			hk_json_lines_end(input->reader);
			continue;
		}
		r = hk_json_lines_feed(input->reader, input->text.data, (size_t) length);
		if (r < 0)
			return r;
	}
}

int json_input_next(json_input *input)
{
	return input->lines ? next_line(input) : next_whole(input);
}
