#include "log/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/opts.h"

/*
 * A log file.  One stream without time stamps is the common case and the fast
 * one: what was read is written, in the same piece, with one write(2).  Lines
 * are looked at when several streams share the file, when each line begins with
 * the time, and where a rotation has to find the end of a line.
 */

#define MAX_FILES 5
#define MODE      0640
/* With time stamps, lines are put together up to this size. */
#define OUT_BYTES ((size_t) 64 * 1024)

static hki_log_file *file_of(hk_log_sink *sink)
{
	return hki_list_entry(sink, hki_log_file, sink);
}

/* ---- writing ---- */

static void wrote(hki_log_file *file, const char *bytes, size_t length)
{
	file->size += length;
	file->at_line_start = bytes[length - 1] == '\n';
	atomic_fetch_add(&file->sink.written_bytes, length);
}

static void write_all(hki_log_file *file, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t done = write(file->fd, bytes, length);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			int error = -errno;

			if (error == -EAGAIN)
				error = hki_log_file_wait(file, bytes, length);
			if (error < 0)
				hki_log_file_lose(file, error, bytes, length);
			return;
		}
		if (done > 0)
			wrote(file, bytes, (size_t) done);
		bytes += done;
		length -= (size_t) done;
	}
}

/* How much may be written before the next rotation is due, at the end of a line. */
static size_t up_to_rotation(const hki_log_file *file, const char *bytes, size_t length)
{
	uint64_t room = file->size < file->max_bytes ? file->max_bytes - file->size : 0;
	const char *end;

	if (length <= room)
		return length;
	end = memrchr(bytes, '\n', (size_t) room);
	if (end != NULL)
		return (size_t) (end - bytes) + 1;
	if (file->at_line_start && file->size > 0)
		return 0; /* not even one line fits: rotate first */
	/* We are inside a line already, or it is longer than a whole file: to its end. */
	end = memchr(bytes, '\n', length);
	return end != NULL ? (size_t) (end - bytes) + 1 : length;
}

static bool rotate(hki_log_file *file)
{
	uint64_t now = hki_clock_monotonic_ns();
	int r;

	if (now < file->rotate_retry_ns)
		return false;
	r = hki_log_file_rotate(file);
	if (r == 0) {
		file->rotate_failed = false;
		atomic_fetch_add(&file->sink.rotations, 1);
		return true;
	}
	file->rotate_retry_ns = now + HKI_NS_PER_S;
	if (!file->rotate_failed)
		hki_log_tell(&file->sink, HK_LOG_ROTATE_FAILED, r, 0, 0);
	file->rotate_failed = true;
	return false;
}

void hki_log_file_output(hki_log_file *file, const char *bytes, size_t length)
{
	bool rotates;

	if (file->lost_mid_line) {
		size_t skipped = hki_log_file_skip(file, bytes, length);

		bytes += skipped;
		length -= skipped;
	}
	if (length == 0)
		return;
	if (file->failing && !hki_log_file_recover(file)) {
		hki_log_file_lose(file, file->error, bytes, length);
		return;
	}
	if (file->pending.length > 0) {
		if (hki_log_file_wait(file, bytes, length) < 0)
			hki_log_file_lose(file, -ENOMEM, bytes, length);
		return;
	}
	rotates = file->regular && file->max_bytes > 0;
	while (length > 0 && !file->failing) {
		size_t part = rotates ? up_to_rotation(file, bytes, length) : length;

		if (part == 0) {
			rotates = rotate(file); /* a file that cannot rotate grows */
			continue;
		}
		write_all(file, bytes, part);
		bytes += part;
		length -= part;
	}
	if (length > 0)
		hki_log_file_lose(file, file->error, bytes, length);
}

/* ---- time stamps ---- */

const char *hki_log_file_stamp(hki_log_file *file)
{
	uint64_t ms = hki_clock_real_ns() / HKI_NS_PER_MS;
	time_t seconds = (time_t) (ms / 1000);
	struct tm utc;

	if (!file->timestamps)
		return "";
	if (ms == file->stamp_ms && file->stamp[0] != '\0')
		return file->stamp;
	file->stamp_ms = ms;
	(void) gmtime_r(&seconds, &utc);
	(void) snprintf(file->stamp, sizeof(file->stamp),
	    "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ ", utc.tm_year + 1900, utc.tm_mon + 1,
	    utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (unsigned int) (ms % 1000));
	return file->stamp;
}

static void put_out(hki_log_file *file)
{
	if (file->out.length > 0)
		hki_log_file_output(file, file->out.data, file->out.length);
	hki_buffer_truncate(&file->out, 0);
}

/* Append to the output being put together; without memory for it, write directly. */
static void collect(hki_log_file *file, const char *bytes, size_t length)
{
	if (file->out.length + length > OUT_BYTES)
		put_out(file);
	if (length > OUT_BYTES || hki_buffer_append(&file->out, bytes, length) < 0) {
		put_out(file);
		hki_log_file_output(file, bytes, length);
	}
}

static void stamp_lines(hki_log_file *file, const char *bytes, size_t length, bool inside)
{
	const char *stamp = hki_log_file_stamp(file);
	size_t stamp_length = strlen(stamp);

	(void) hki_buffer_reserve(&file->out, OUT_BYTES);
	while (length > 0) {
		const char *end = memchr(bytes, '\n', length);
		size_t part = end != NULL ? (size_t) (end - bytes) + 1 : length;

		if (!inside)
			collect(file, stamp, stamp_length);
		collect(file, bytes, part);
		inside = false;
		bytes += part;
		length -= part;
	}
	put_out(file);
	hki_buffer_deinit(&file->out);
}

/* ---- what a sink does ---- */

static void put(hk_log_sink *sink, hki_log_attachment *from, const char *bytes,
    size_t length, bool whole)
{
	hki_log_file *file = file_of(sink);

	if (sink->open_line != NULL && sink->open_line != from) {
		hki_log_file_output(file, "\n", 1);
		sink->open_line = NULL;
	}
	if (file->timestamps)
		stamp_lines(file, bytes, length, sink->open_line == from);
	else
		hki_log_file_output(file, bytes, length);
	sink->open_line = whole ? NULL : from;
}

static void file_write(
    hk_log_sink *sink, hki_log_attachment *from, const char *bytes, size_t length)
{
	if (sink->attachments > 1 || from->partial.length > 0)
		hki_log_lines_feed(from, bytes, length, true, put);
	else
		put(sink, from, bytes, length, bytes[length - 1] == '\n');
}

static void file_end_line(hk_log_sink *sink, hki_log_attachment *from)
{
	hki_log_file *file = file_of(sink);

	hki_log_lines_end(from, put);
	if (sink->open_line != from)
		return;
	/* A file of one stream holds its bytes and no others. */
	if (file->timestamps || sink->attachments > 1)
		hki_log_file_output(file, "\n", 1);
	sink->open_line = NULL;
}

static void file_note(hk_log_sink *sink, const char *bytes, size_t length)
{
	hki_log_file *file = file_of(sink);

	if (sink->open_line != NULL)
		hki_log_file_output(file, "\n", 1);
	sink->open_line = NULL;
	if (file->timestamps)
		stamp_lines(file, bytes, length, false);
	else
		hki_log_file_output(file, bytes, length);
}

static void file_reopen(hk_log_sink *sink)
{
	hki_log_file *file = file_of(sink);

	if (!file->regular && file->fd >= 0)
		return; /* a FIFO is where it was */
	hki_log_file_shut(file);
	file->failing = true;
	file->retry_ns = 0;
	(void) hki_log_file_recover(file);
}

static bool file_close(hk_log_sink *sink)
{
	hki_log_file *file = file_of(sink);

	file->retry_ns = 0;
	if (file->failing)
		(void) hki_log_file_recover(file);
	hk_timer_free(file->retry);
	file->retry = NULL;
	hki_log_file_shut(file);
	hki_buffer_deinit(&file->pending);
	hki_buffer_deinit(&file->out);
	return true;
}

static void file_release(hk_log_sink *sink)
{
	hki_log_file *file = file_of(sink);

	hki_log_file_shut(file);
	hki_buffer_deinit(&file->pending);
	hki_buffer_deinit(&file->out);
	hki_free(file->directory);
	hki_free(file->base);
	hki_log_sink_deinit(sink);
	hki_free(file);
}

static const hki_log_sink_kind file_kind = {
	.write = file_write,
	.end_line = file_end_line,
	.say = hki_log_note_send,
	.note = file_note,
	.reopen = file_reopen,
	.close = file_close,
	.release = file_release,
};

/* ---- the caller's thread ---- */

static char *absolute(const char *path)
{
	char here[PATH_MAX];

	if (path[0] == '/')
		return hki_strdup(path);
	if (getcwd(here, sizeof(here)) == NULL)
		return NULL;
	return hki_format("%s/%s", here, path);
}

static int split_path(hki_log_file *file, const char *path)
{
	hki_cleanup(hki_freep) char *whole = absolute(path);
	char *slash;

	if (whole == NULL)
		return errno != 0 ? -errno : -ENOMEM;
	slash = strrchr(whole, '/');
	if (slash[1] == '\0')
		return -EINVAL;
	/* Room for ".4294967295" behind it. */
	if (strlen(slash + 1) > NAME_MAX - 11 || strlen(whole) >= PATH_MAX)
		return -ENAMETOOLONG;
	file->base = hki_strdup(slash + 1);
	slash[slash == whole ? 1 : 0] = '\0';
	file->directory = hki_strdup(whole);
	return file->base != NULL && file->directory != NULL ? 0 : -ENOMEM;
}

static void file_freep(hki_log_file **file)
{
	if (*file != NULL)
		file_release(&(*file)->sink);
}

int hk_log_file_new(hk_log_sink **out, hk_log *log, const hk_log_file_opts *opts)
{
	hki_cleanup(file_freep) hki_log_file *file = NULL;
	hk_log_file_opts own;
	int r;

	r = hki_opts_copy(&own, sizeof(own), opts, opts->size,
	    offsetof(hk_log_file_opts, path) + sizeof(own.path));
	if (r < 0)
		return r;
	r = hki_log_check(log);
	if (r < 0)
		return r;
	if (own.path == NULL || own.path[0] == '\0')
		return -EINVAL;
	file = hki_zalloc(sizeof(*file));
	if (file == NULL)
		return -ENOMEM;
	file->fd = file->directory_fd = -1;
	file->at_line_start = true;
	file->max_bytes = own.max_bytes;
	file->max_files = own.max_files != 0 ? own.max_files : MAX_FILES;
	file->mode = own.mode != 0 ? own.mode : MODE;
	file->timestamps = own.timestamps != 0;
	/* Opened by the first output, or by the letter that announces it. */
	file->failing = true;
	errno = 0;
	r = split_path(file, own.path);
	if (r < 0)
		return r;
	r = hki_log_sink_init(&file->sink, &file_kind, log, own.path);
	if (r < 0)
		return r;
	r = hki_log_sink_announce(&file->sink);
	if (r < 0)
		return r;
	hk_log_sink_reopen(&file->sink);
	*out = &hki_take(file)->sink;
	return 0;
}
