/*
 * Writing to a named pipe.  The kernel keeps pieces of up to PIPE_BUF bytes
 * together, so each piece is one write(2) and is never joined with the next: what
 * other programs write comes between our pieces, not into them.
 *
 * write(2) to a pipe that nobody reads also raises SIGPIPE in the writing thread.
 * The program we live in has its own idea of that signal, so it is blocked around
 * the write and, if the write has raised it, taken back.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/cleanup.h"
#include "ipc/fifo_internal.h"
#include "os/quiet_write.h"

typedef struct piece {
	hki_list link;
	size_t length;
	char bytes[];
} piece;

static piece *first_piece(hk_ipc_fifo *fifo)
{
	return hki_list_entry(fifo->queue.next, piece, link);
}

static void drop_first(hk_ipc_fifo *fifo)
{
	piece *first = first_piece(fifo);

	fifo->queue_bytes -= first->length;
	fifo->written = 0;
	hki_list_remove(&first->link);
	hki_free(first);
}

void hki_fifo_queue_free(hk_ipc_fifo *fifo)
{
	while (!hki_list_empty(&fifo->queue))
		drop_first(fifo);
}

/* Write as much of the queue as the pipe takes.  0, or the failure that ends it. */
static int write_queue(hk_ipc_fifo *fifo)
{
	while (!hki_list_empty(&fifo->queue)) {
		piece *first = first_piece(fifo);
		struct iovec rest = {
			.iov_base = first->bytes + fifo->written,
			.iov_len = first->length - fifo->written,
		};
		ssize_t written = hki_write_quietly(fifo->fd, &rest, 1);

		if (written == -EAGAIN)
			return 0;
		if (written < 0)
			return (int) written;
		fifo->written += (size_t) written;
		if (fifo->written == first->length)
			drop_first(fifo);
	}
	return 0;
}

/* Wait for room while something is queued, else for nothing. */
static int watch_as_needed(hk_ipc_fifo *fifo)
{
	return hk_watch_set(fifo->watch, hki_list_empty(&fifo->queue) ? 0 : HK_WRITABLE);
}

static void on_writable(hk_watch *watch, unsigned int events, void *user)
{
	hk_ipc_fifo *fifo = user;
	int r = write_queue(fifo);

	(void) watch;
	(void) events;
	if (r == 0 && !fifo->broken)
		r = watch_as_needed(fifo);
	if (r < 0) {
		fifo->broken = true;
		hki_fifo_queue_free(fifo);
		/* A pause cannot fail where a change of events has. */
		if (hk_watch_set(fifo->watch, 0) < 0) {
			hk_watch_free(fifo->watch);
			fifo->watch = NULL;
		}
		if (fifo->opts.on_error != NULL)
			fifo->opts.on_error(fifo, r, fifo->opts.user);
		return;
	}
	if (hki_list_empty(&fifo->queue) && fifo->thirsty) {
		fifo->thirsty = false;
		if (fifo->opts.on_drain != NULL)
			fifo->opts.on_drain(fifo, fifo->opts.user);
	}
}

static int open_for_writing(hk_ipc_fifo *fifo, const char *path)
{
	struct stat state;

	fifo->fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fifo->fd < 0)
		return errno == ELOOP || errno == EISDIR ? -EEXIST : -errno;
	if (fstat(fifo->fd, &state) < 0)
		return -errno;
	return S_ISFIFO(state.st_mode) ? 0 : -EEXIST;
}

static void fifo_freep(hk_ipc_fifo **fifo)
{
	hk_ipc_fifo_free(*fifo);
}

int hk_ipc_fifo_open(
    hk_ipc_fifo **out, hk_loop *loop, const char *path, const hk_ipc_fifo_opts *given)
{
	hki_cleanup(fifo_freep) hk_ipc_fifo *fifo = NULL;
	hk_ipc_fifo_opts opts;
	int r;

	if (out == NULL || loop == NULL || path == NULL)
		return -EINVAL;
	r = hki_loop_check(loop);
	if (r == 0)
		r = hki_fifo_opts_read(&opts, given, false);
	if (r == 0)
		r = hki_fifo_new(&fifo, loop, &opts);
	if (r < 0)
		return r;
	fifo->writes = true;
	r = open_for_writing(fifo, path);
	if (r == 0)
		r = hk_watch_start(
		    &fifo->watch, loop, fifo->fd, HK_WRITABLE, on_writable, fifo);
	if (r == 0)
		r = hk_watch_set(fifo->watch, 0);
	if (r < 0)
		return r;
	*out = hki_take(fifo);
	return 0;
}

static int enqueue(hk_ipc_fifo *fifo, const void *bytes, size_t length)
{
	piece *last = hki_alloc(sizeof(*last) + length);

	if (last == NULL)
		return -ENOMEM;
	last->length = length;
	memcpy(last->bytes, bytes, length);
	hki_list_append(&fifo->queue, &last->link);
	fifo->queue_bytes += length;
	return 0;
}

static int may_write(const hk_ipc_fifo *fifo)
{
	int r;

	if (fifo == NULL || !fifo->writes)
		return -EINVAL;
	r = hki_fifo_usable(fifo);
	if (r < 0)
		return r;
	return fifo->broken ? -EPIPE : 0;
}

int hk_ipc_fifo_send(hk_ipc_fifo *fifo, const void *bytes, size_t length)
{
	bool large;
	int r = may_write(fifo);

	if (r < 0)
		return r;
	large = (fifo->opts.flags & HK_IPC_FIFO_LARGE) != 0;
	if ((!large && length > HK_IPC_FIFO_ATOMIC) || length > fifo->opts.queue_max)
		return -EMSGSIZE;
	if (fifo->queue_bytes + length > fifo->opts.queue_max) {
		fifo->thirsty = true;
		return -EAGAIN;
	}
	if (length == 0)
		return 0;
	r = enqueue(fifo, bytes, length);
	if (r == 0)
		r = watch_as_needed(fifo);
	return r;
}

int hk_ipc_fifo_drain(hk_ipc_fifo *fifo)
{
	int r = may_write(fifo);

	if (r < 0)
		return r;
	fifo->thirsty = true;
	/* A pipe that nothing waits for is told of too, in its turn. */
	return hk_watch_set(fifo->watch, HK_WRITABLE);
}
