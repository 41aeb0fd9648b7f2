#ifndef HKI_LOG_FIXTURE_H
#define HKI_LOG_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/allocator.h>
#include <hostkit/log.h>
#include "base/clock.h"

/* For the tests of this folder: a loop, a log, a directory, and the last events. */
struct fixture {
	hk_loop *loop;
	hk_log *log;
	char directory[64];
	char path[128];
	unsigned int events[HK_LOG_SINK_CLOSED + 1];
	hk_log_event last;
	bool flushed;
};

static inline void fixture_event(hk_log *log, const hk_log_event *event, void *user)
{
	struct fixture *f = user;

	(void) log;
	f->events[event->kind]++;
	f->last = *event;
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	hk_log_opts opts = HK_LOG_OPTS_INIT;

	assert_non_null(f);
	strcpy(f->directory, "/tmp/hostkit-log-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	(void) snprintf(f->path, sizeof(f->path), "%s/out.log", f->directory);
	assert_int_equal(hk_loop_new(&f->loop), 0);
	opts.on_event = fixture_event;
	opts.user = f;
	opts.flush_ns = 200 * HKI_NS_PER_MS;
	assert_int_equal(hk_log_new(&f->log, f->loop, &opts), 0);
	*state = f;
	return 0;
}

static inline void remove_files(const char *directory)
{
	DIR *entries = opendir(directory);
	struct dirent *entry;

	assert_non_null(entries);
	while ((entry = readdir(entries)) != NULL)
		(void) unlinkat(dirfd(entries), entry->d_name, 0);
	(void) closedir(entries);
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	hk_log_free(f->log);
	hk_loop_free(f->loop);
	remove_files(f->directory);
	(void) rmdir(f->directory);
	free(f);
	return 0;
}

/* End the log now: everything that could be written is. */
static inline void end_log(struct fixture *f)
{
	hk_log_free(f->log);
	f->log = NULL;
}

static inline void flushed(hk_log_stream *stream, void *user)
{
	struct fixture *f = user;

	(void) stream;
	f->flushed = true;
}

static inline void flush(struct fixture *f, hk_log_stream *stream)
{
	f->flushed = false;
	assert_int_equal(hk_log_stream_flush(stream, 20 * HKI_NS_PER_S, flushed, f), 0);
	assert_int_equal(hk_loop_run(f->loop), 0);
	assert_true(f->flushed);
}

/* Turn the loop until the event has come; a test that hangs is ended by its runner. */
static inline void await_event(struct fixture *f, hk_log_event_kind kind)
{
	while (f->events[kind] == 0)
		assert_true(hk_loop_run_once(f->loop, 1000) >= 0);
}

/* Turn the loop until @bytes of the stream have been read. */
static inline void await_read(struct fixture *f, hk_log_stream *stream, uint64_t bytes)
{
	while (hk_log_stream_total(stream) < bytes)
		assert_true(hk_loop_run_once(f->loop, 1) >= 0);
}

static inline hk_log_sink *new_file(
    struct fixture *f, uint64_t max_bytes, uint32_t max_files)
{
	hk_log_file_opts opts = HK_LOG_FILE_OPTS_INIT;
	hk_log_sink *sink = NULL;

	opts.path = f->path;
	opts.max_bytes = max_bytes;
	opts.max_files = max_files;
	assert_int_equal(hk_log_file_new(&sink, f->log, &opts), 0);
	return sink;
}

static inline hk_log_stream *new_stream(
    struct fixture *f, hk_log_sink *sink, const char *label)
{
	hk_log_stream *stream = NULL;

	assert_int_equal(hk_log_stream_new(&stream, f->log, NULL), 0);
	assert_int_equal(hk_log_stream_attach(stream, sink, label, 0), 0);
	return stream;
}

static inline void print_bytes(hk_log_stream *stream, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t done = write(hk_log_stream_fd(stream), at, length);

		assert_true(done > 0);
		at += done;
		length -= (size_t) done;
	}
}

static inline void print(hk_log_stream *stream, const char *text)
{
	print_bytes(stream, text, strlen(text));
}

/* The whole file as text.  The caller frees. */
static inline char *read_whole(const char *path, size_t *out_length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	char *text;
	size_t length = 0;

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	assert_int_equal(fstat(fd, &status), 0);
	text = malloc((size_t) status.st_size + 1);
	assert_non_null(text);
	while (length < (size_t) status.st_size) {
		ssize_t got = read(fd, text + length, (size_t) status.st_size - length);

		assert_true(got > 0);
		length += (size_t) got;
	}
	text[length] = '\0';
	(void) close(fd);
	if (out_length != NULL)
		*out_length = length;
	return text;
}

static inline void assert_file(const char *path, const char *expected)
{
	char *text = read_whole(path, NULL);

	assert_string_equal(text, expected);
	free(text);
}

static inline hk_log_sink_counts counts_of(const hk_log_sink *sink)
{
	hk_log_sink_counts counts = { .size = sizeof(counts) };

	assert_int_equal(hk_log_sink_read_counts(sink, &counts), 0);
	return counts;
}

/* Private memory of this process now, in bytes. */
static inline size_t private_bytes(void)
{
	char *text = NULL;
	size_t capacity = 0;
	size_t kib = 0;
	FILE *rollup = fopen("/proc/self/smaps_rollup", "re");

	assert_non_null(rollup);
	while (getline(&text, &capacity, rollup) >= 0) {
		size_t value;

		if (sscanf(text, "Private_Dirty: %zu kB", &value) == 1)
			kib += value;
	}
	free(text);
	(void) fclose(rollup);
	return kib * 1024;
}

static inline void assert_grown_at_most(size_t before, size_t bytes)
{
	size_t now = private_bytes();

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
	now = before; /* the sanitizer's own memory is not ours */
#endif

	if (now > before + bytes)
		fail_msg("memory grew by %zu bytes, more than %zu", now - before, bytes);
}

#endif /* HKI_LOG_FIXTURE_H */
