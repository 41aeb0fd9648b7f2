/*
 * Reading a named pipe.  Raw, every read is handed over.  As lines, whole lines are
 * handed over where they lie in what was read; only one that was cut off is kept, up
 * to its limit.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "ipc/fifo_internal.h"

/* What a pipe holds unless somebody made it larger. */
#define READ_BYTES 65536
/* Reads before other work of the loop gets its turn. */
#define READS_MAX 16

static void tell_error(hk_ipc_fifo *fifo, int error)
{
	if (fifo->opts.on_error != NULL)
		fifo->opts.on_error(fifo, error, fifo->opts.user);
}

static void hand_over(hk_ipc_fifo *fifo, const char *bytes, size_t length)
{
	fifo->opts.on_data(fifo, bytes, length, fifo->opts.user);
}

/* Keep what may become a line, or leave it and what follows of it out. */
static void keep(hk_ipc_fifo *fifo, const char *bytes, size_t length)
{
	int error = 0;

	if (fifo->skipping)
		return;
	if (fifo->partial.length + length > fifo->opts.line_max)
		error = HK_ELIMIT;
	else
		error = hki_buffer_append(&fifo->partial, bytes, length);
	if (error == 0)
		return;
	hki_buffer_deinit(&fifo->partial);
	fifo->skipping = true;
	tell_error(fifo, error);
}

/* A line has ended: @bytes are its last, or all of it. */
static void end_line(hk_ipc_fifo *fifo, const char *bytes, size_t length)
{
	if (fifo->partial.length > 0 || fifo->skipping) {
		keep(fifo, bytes, length);
		if (fifo->freed)
			return;
		if (!fifo->skipping)
			hand_over(fifo, fifo->partial.data, fifo->partial.length);
		fifo->skipping = false;
		if (!fifo->freed)
			hki_buffer_truncate(&fifo->partial, 0);
	} else if (length > fifo->opts.line_max) {
		tell_error(fifo, HK_ELIMIT);
	} else {
		hand_over(fifo, bytes, length);
	}
}

static void split(hk_ipc_fifo *fifo, const char *bytes, size_t length)
{
	const char *end = bytes + length;

	while (bytes < end && !fifo->freed) {
		const char *feed = memchr(bytes, '\n', (size_t) (end - bytes));

		if (feed == NULL) {
			keep(fifo, bytes, (size_t) (end - bytes));
			return;
		}
		end_line(fifo, bytes, (size_t) (feed - bytes));
		bytes = feed + 1;
	}
}

void hki_fifo_on_readable(hk_watch *watch, unsigned int events, void *user)
{
	hk_ipc_fifo *fifo = user;
	char bytes[READ_BYTES];

	(void) watch;
	(void) events;
	for (int i = 0; i < READS_MAX && !fifo->freed; i++) {
		ssize_t got = read(fifo->fd, bytes, sizeof(bytes));

		if (got <= 0) {
			if (got < 0 && errno == EINTR)
				continue;
			return;
		}
		if ((fifo->opts.flags & HK_IPC_FIFO_LINES) != 0)
			split(fifo, bytes, (size_t) got);
		else
			hand_over(fifo, bytes, (size_t) got);
	}
}
