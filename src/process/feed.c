/*
 * Writing memory to a program's stdin.  The pipe does not block, so a program
 * that never reads costs nothing but the memory; one that has closed its end
 * gives EPIPE, which is no error of ours: it has read as much as it wanted.
 */
#include "process/run_internal.h"

#include <errno.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "os/quiet_write.h"

/* As much as a pipe can be made to hold: more would only be tried in vain. */
#define WRITE_BYTES (1U << 20)

/* True when there is nothing more to do. */
static bool write_some(hki_feed *feed)
{
	while (feed->left > 0) {
		struct iovec piece = {
			.iov_base = (char *) feed->data,
			.iov_len = feed->left < WRITE_BYTES ? feed->left : WRITE_BYTES,
		};
		ssize_t written = hki_write_quietly(feed->fd, &piece, 1);

		if (written < 0)
			return written != -EAGAIN;
		feed->data += written;
		feed->left -= (size_t) written;
	}
	return true;
}

static void on_writable(hk_watch *watch, unsigned int events, void *user)
{
	hki_feed *feed = user;

	(void) watch;
	(void) events;
	if (write_some(feed))
		hki_feed_close(feed);
}

void hki_feed_init(hki_feed *feed)
{
	*feed = (hki_feed){ .fd = -1 };
}

int hki_feed_start(
    hki_feed *feed, hk_loop *loop, int fd, const void *data, size_t length, bool copy)
{
	int r;

	feed->fd = fd;
	feed->data = data;
	feed->left = length;
	if (write_some(feed)) {
		hki_feed_close(feed);
		return 0;
	}
	if (copy) {
		feed->copy = hki_memdup(feed->data, feed->left);
		feed->data = feed->copy;
		if (feed->copy == NULL)
			return -ENOMEM;
	}
	r = hk_watch_start(&feed->watch, loop, fd, HK_WRITABLE, on_writable, feed);
	if (r == 0)
		hk_watch_set_background(feed->watch, true);
	return r;
}

void hki_feed_close(hki_feed *feed)
{
	hk_watch_free(hki_take(feed->watch));
	hki_closep(&feed->fd);
	feed->fd = -1;
	hki_free(hki_take(feed->copy));
}
