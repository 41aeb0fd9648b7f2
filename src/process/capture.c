/*
 * Collecting output.  A pipe holds 64 KiB, so a program stops when nobody reads;
 * we read on beyond the limit and count, but keep no more.  Should there be no
 * memory for more, the limit is where we are.
 */
#include "process/run_internal.h"

#include <errno.h>
#include <unistd.h>
#include "base/cleanup.h"

#define READ_BYTES 65536U
/* A stream that never pauses must not keep the loop from its other work. */
#define READS_PER_TURN 16

typedef enum outcome { MORE, NOTHING_NOW, END } outcome;

/* A terminal whose other end is closed says EIO where a pipe says 0. */
static outcome outcome_of(ssize_t length)
{
	if (length > 0 || (length < 0 && errno == EINTR))
		return MORE;
	return length < 0 && errno == EAGAIN ? NOTHING_NOW : END;
}

static size_t room(hki_capture *capture)
{
	uint64_t left = capture->limit - capture->data.length;
	size_t wanted = left < READ_BYTES ? (size_t) left : READ_BYTES;

	if (wanted > 0 && hki_buffer_reserve(&capture->data, wanted) < 0) {
		capture->limit = capture->data.length;
		wanted = 0;
	}
	return wanted;
}

static outcome read_kept(hki_capture *capture, size_t wanted)
{
	ssize_t length =
	    read(capture->fd, capture->data.data + capture->data.length, wanted);

	if (length > 0) {
		hki_buffer_commit(&capture->data, (size_t) length);
		capture->total += (uint64_t) length;
	}
	return outcome_of(length);
}

static outcome read_dropped(hki_capture *capture)
{
	char scratch[16384];
	ssize_t length = read(capture->fd, scratch, sizeof(scratch));

	if (length > 0) {
		capture->total += (uint64_t) length;
		capture->cut = true;
	}
	return outcome_of(length);
}

static outcome read_some(hki_capture *capture)
{
	for (int i = 0; i < READS_PER_TURN; i++) {
		size_t wanted = room(capture);
		outcome came =
		    wanted > 0 ? read_kept(capture, wanted) : read_dropped(capture);

		if (came != MORE)
			return came;
	}
	return MORE;
}

static void on_readable(hk_watch *watch, unsigned int events, void *user)
{
	hki_capture *capture = user;

	(void) watch;
	(void) events;
	if (read_some(capture) != END)
		return;
	hki_capture_close(capture);
	capture->on_end(capture->user);
}

void hki_capture_init(
    hki_capture *capture, uint64_t limit, void (*on_end)(void *user), void *user)
{
	*capture =
	    (hki_capture){ .fd = -1, .limit = limit, .on_end = on_end, .user = user };
}

int hki_capture_start(hki_capture *capture, hk_loop *loop, int fd)
{
	capture->fd = fd;
	return hk_watch_start(
	    &capture->watch, loop, fd, HK_READABLE, on_readable, capture);
}

bool hki_capture_drain(hki_capture *capture)
{
	if (capture->fd < 0)
		return true;
	if (read_some(capture) != END)
		return false;
	hki_capture_close(capture);
	return true;
}

void hki_capture_close(hki_capture *capture)
{
	hk_watch_free(hki_take(capture->watch));
	hki_closep(&capture->fd);
	capture->fd = -1;
}

void hki_capture_deinit(hki_capture *capture)
{
	hki_capture_close(capture);
	hki_buffer_deinit(&capture->data);
}
