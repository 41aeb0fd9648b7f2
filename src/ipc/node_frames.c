/*
 * Frames that lie whole in a piece are given out where they lie; only what a piece
 * ends in the middle of is copied.  Of a frame that is too long nothing is kept,
 * whatever its length says, and the one behind it is found again.
 */
#include "ipc/node_frames.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <hostkit/error.h>

enum { LENGTH_BYTES = 4 };

void hki_node_frames_deinit(hki_node_frames *frames)
{
	hki_buffer_deinit(&frames->partial);
}

void hki_node_frames_feed(hki_node_frames *frames, const char *bytes, size_t length)
{
	frames->at = bytes;
	frames->left = length;
}

static void take(hki_node_frames *frames, size_t length)
{
	frames->at += length;
	frames->left -= length;
}

/* Move @length bytes of the piece to the partial frame. */
static int keep(hki_node_frames *frames, size_t length)
{
	int r = hki_buffer_append(&frames->partial, frames->at, length);

	if (r == 0)
		take(frames, length);
	return r;
}

static int give_partial(
    hki_node_frames *frames, const char **out, size_t *length, size_t head)
{
	frames->partial_used = true;
	*out = frames->partial.data + head;
	*length = frames->partial.length - head;
	return 1;
}

static int begin_skipping(hki_node_frames *frames, size_t skip)
{
	hki_buffer_truncate(&frames->partial, 0);
	frames->skipping = true;
	frames->skip = skip;
	return HK_ELIMIT;
}

/* ---- lines ---- */

static const char *line_feed(const hki_node_frames *frames)
{
	return frames->left == 0 ? NULL : memchr(frames->at, '\n', frames->left);
}

/* Is the end of the line that is too long passed? */
static bool skip_line(hki_node_frames *frames)
{
	const char *feed = line_feed(frames);

	take(frames, feed == NULL ? frames->left : (size_t) (feed - frames->at) + 1);
	frames->skipping = feed == NULL;
	return feed != NULL;
}

static int next_line(hki_node_frames *frames, const char **out, size_t *length)
{
	const char *feed = line_feed(frames);
	size_t here = feed == NULL ? frames->left : (size_t) (feed - frames->at);
	int r;

	if (here > frames->most - frames->partial.length)
		return begin_skipping(frames, 0);
	if (feed != NULL && frames->partial.length == 0) {
		*out = frames->at;
		*length = here;
		take(frames, here + 1);
		return 1;
	}
	r = keep(frames, here);
	if (r < 0 || feed == NULL)
		return r;
	take(frames, 1);
	return give_partial(frames, out, length, 0);
}

/* ---- lengths ---- */

static bool skip_frame(hki_node_frames *frames)
{
	size_t length = frames->skip < frames->left ? frames->skip : frames->left;

	take(frames, length);
	frames->skip -= length;
	frames->skipping = frames->skip > 0;
	return !frames->skipping;
}

static size_t read_length(const char *bytes)
{
	const unsigned char *at = (const unsigned char *) bytes;

	return (size_t) at[0] << 24 | (size_t) at[1] << 16 | (size_t) at[2] << 8 | at[3];
}

/* The length has to be whole before anything can be said of the frame. */
static int complete_length(hki_node_frames *frames)
{
	size_t missing = LENGTH_BYTES - frames->partial.length;

	return keep(frames, missing < frames->left ? missing : frames->left);
}

static int next_in_place(hki_node_frames *frames, const char **out, size_t *length)
{
	size_t said = read_length(frames->at);

	if (said > frames->most) {
		take(frames, LENGTH_BYTES);
		return begin_skipping(frames, said);
	}
	if (said > frames->left - LENGTH_BYTES)
		return keep(frames, frames->left);
	*out = frames->at + LENGTH_BYTES;
	*length = said;
	take(frames, LENGTH_BYTES + said);
	return 1;
}

static int next_counted(hki_node_frames *frames, const char **out, size_t *length)
{
	hki_buffer *partial = &frames->partial;
	size_t missing;
	size_t said;
	int r;

	if (partial->length == 0 && frames->left >= LENGTH_BYTES)
		return next_in_place(frames, out, length);
	if (partial->length < LENGTH_BYTES && (r = complete_length(frames)) < 0)
		return r;
	if (partial->length < LENGTH_BYTES)
		return 0;
	said = read_length(partial->data);
	if (said > frames->most)
		return begin_skipping(frames, said);
	missing = LENGTH_BYTES + said - partial->length;
	r = keep(frames, missing < frames->left ? missing : frames->left);
	if (r < 0)
		return r;
	if (partial->length < LENGTH_BYTES + said)
		return 0;
	return give_partial(frames, out, length, LENGTH_BYTES);
}

int hki_node_frames_next(hki_node_frames *frames, const char **out, size_t *length)
{
	if (frames->partial_used) {
		frames->partial_used = false;
		hki_buffer_truncate(&frames->partial, 0);
	}
	if (frames->skipping && !(frames->lines ? skip_line(frames) : skip_frame(frames)))
		return 0;
	if (frames->left == 0)
		return 0;
	return frames->lines ? next_line(frames, out, length)
			     : next_counted(frames, out, length);
}
