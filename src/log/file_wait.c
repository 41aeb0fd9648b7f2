#include "log/file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"

/*
 * A FIFO or device that takes no more for now.  What was read already and not
 * taken is kept, which is at most one read; the streams that print here are not
 * read until it has gone out.
 */

#define PENDING_MAX ((size_t) 512 * 1024)

static void forget_pending(hki_log_file *file)
{
	hk_watch_free(file->watch);
	file->watch = NULL;
	hki_buffer_deinit(&file->pending);
	atomic_store(&file->sink.waiting_bytes, 0);
}

static void give_up(hki_log_file *file, int error)
{
	hki_buffer lost = file->pending;

	file->pending = (hki_buffer) HKI_BUFFER_INIT;
	forget_pending(file);
	hki_log_file_lose(file, error, lost.data, lost.length);
	hki_buffer_deinit(&lost);
}

static void writable(hk_watch *watch, unsigned int events, void *user)
{
	hki_log_file *file = user;
	ssize_t done;

	(void) watch;
	(void) events;
	do
		done = write(file->fd, file->pending.data, file->pending.length);
	while (done < 0 && errno == EINTR);
	if (done < 0 && errno == EAGAIN)
		return;
	if (done < 0) {
		give_up(file, -errno);
	} else {
		atomic_fetch_add(&file->sink.written_bytes, (uint64_t) done);
		hki_buffer_consume(&file->pending, (size_t) done);
		atomic_store(&file->sink.waiting_bytes, file->pending.length);
	}
	if (file->pending.length == 0) {
		forget_pending(file);
		hki_log_sink_resume(&file->sink);
	}
}

int hki_log_file_wait(hki_log_file *file, const char *bytes, size_t length)
{
	int r;

	if (file->pending.length + length > PENDING_MAX)
		return HK_ELIMIT;
	r = hki_buffer_append(&file->pending, bytes, length);
	if (r < 0)
		return r;
	if (file->watch == NULL) {
		r = hk_watch_start(&file->watch, file->sink.log->inner, file->fd,
		    HK_WRITABLE, writable, file);
		if (r < 0) {
			hki_buffer_deinit(&file->pending);
			return r;
		}
	}
	file->sink.stalled = true;
	atomic_store(&file->sink.waiting_bytes, file->pending.length);
	return 0;
}
