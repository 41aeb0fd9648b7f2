#include "log/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"

/*
 * A file that cannot be written: the disk is full, a quota is reached, the
 * directory is gone.  Programs must not stand still for that, so their output
 * is dropped, by whole lines, and counted.  Once a second, and with the next
 * output after that, we try again; the first thing written then is a line that
 * says how much is missing and why, at the place where it is missing.
 */

#define RETRY_NS HKI_NS_PER_S

static void try_again(hk_timer *timer, void *user)
{
	hki_log_file *file = user;

	(void) timer;
	file->retry_ns = 0;
	(void) hki_log_file_recover(file);
}

static void begin_failing(hki_log_file *file, int error)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	hk_log_event_kind kind = file->fd < 0 ? HK_LOG_OPEN_FAILED : HK_LOG_WRITE_FAILED;

	file->failing = true;
	file->retry_ns = hki_clock_monotonic_ns() + RETRY_NS;
	if (error != file->error) {
		file->error = error;
		hki_log_tell(&file->sink, kind, error, 0, 0);
	}
	if (file->retry != NULL)
		return;
	opts.after_ns = opts.interval_ns = RETRY_NS;
	opts.fn = try_again;
	opts.user = file;
	opts.background = 1;
	if (hk_timer_start(&file->retry, file->sink.log->inner, &opts) < 0)
		file->retry = NULL; /* then the next output tries */
}

static uint64_t count_ends(const char *bytes, size_t length)
{
	uint64_t lines = hki_log_lines_count(bytes, length);

	return length > 0 && bytes[length - 1] != '\n' ? lines - 1 : lines;
}

static void count_lost(hki_log_file *file, uint64_t bytes, uint64_t lines)
{
	file->lost_bytes += bytes;
	file->lost_lines += lines;
	atomic_fetch_add(&file->sink.dropped_bytes, bytes);
	atomic_fetch_add(&file->sink.dropped_lines, lines);
}

void hki_log_file_lose(hki_log_file *file, int error, const char *bytes, size_t length)
{
	if (!file->failing)
		begin_failing(file, error);
	if (length == 0)
		return;
	count_lost(file, length, count_ends(bytes, length));
	file->lost_mid_line = bytes[length - 1] != '\n';
}

size_t hki_log_file_skip(hki_log_file *file, const char *bytes, size_t length)
{
	const char *end = memchr(bytes, '\n', length);
	size_t part = end != NULL ? (size_t) (end - bytes) + 1 : length;

	if (end != NULL)
		file->lost_mid_line = false;
	if (file->failing)
		count_lost(file, part, end != NULL);
	else /* its line was counted when the loss was told */
		atomic_fetch_add(&file->sink.dropped_bytes, part);
	return part;
}

/* Write the line about what is missing, whole or not at all. */
static int tell_loss(hki_log_file *file)
{
	char line[256];
	int length;
	ssize_t done;

	if (file->lost_mid_line)
		count_lost(file, 0, 1);
	length = snprintf(line, sizeof(line),
	    "%s%shostkit: %" PRIu64 " lines (%" PRIu64 " bytes) lost: %s\n",
	    file->at_line_start ? "" : "\n", hki_log_file_stamp(file), file->lost_lines,
	    file->lost_bytes, hk_error_text(file->error));
	done = write(file->fd, line, (size_t) length);
	if (done == length) {
		file->size += (uint64_t) length;
		file->at_line_start = true;
		atomic_fetch_add(&file->sink.written_bytes, (uint64_t) length);
		return 0;
	}
	if (file->lost_mid_line) /* not told yet after all */
		count_lost(file, 0, (uint64_t) -1);
	/* Half a line is taken back; where that fails it stays, and counts. */
	if (done > 0 && file->regular && ftruncate(file->fd, (off_t) file->size) < 0)
		file->size += (uint64_t) done;
	return done < 0 ? -errno : -ENOSPC;
}

bool hki_log_file_recover(hki_log_file *file)
{
	int r = 0;

	if (!file->failing)
		return true;
	if (hki_clock_monotonic_ns() < file->retry_ns)
		return false;
	if (file->fd < 0)
		r = hki_log_file_open(file);
	if (r == 0 && file->lost_bytes > 0)
		r = tell_loss(file);
	if (r < 0) {
		begin_failing(file, r);
		return false;
	}
	if (file->lost_bytes > 0 || file->error != 0)
		hki_log_tell(&file->sink, HK_LOG_RECOVERED, file->error, file->lost_lines,
		    file->lost_bytes);
	file->lost_bytes = file->lost_lines = 0;
	file->error = 0;
	file->failing = false;
	hk_timer_free(file->retry);
	file->retry = NULL;
	return true;
}
