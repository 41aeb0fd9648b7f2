#ifndef HOSTKIT_LOG_H
#define HOSTKIT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/error.h>
#include <hostkit/loop.h>

HK_BEGIN

/*
 * Logs: what programs print, carried to files and terminals
 *
 * A log is one thread that reads what programs print and writes it to sinks.
 * The thread that runs the loop never reads output, opens a log file or writes
 * to a terminal, so a full disk, a slow reader or a terminal stopped with
 * Ctrl-S cannot hold up supervision.
 *
 *     program -> stream (a pipe that outlives it) -> sinks: files, terminals
 *
 * Bytes in are bytes out: lines are looked for only where a sink needs them,
 * may be of any length, and need not be UTF-8.
 *
 * When a sink cannot keep up: a terminal loses its oldest waiting lines, and a
 * line says how many; a pipe, FIFO or file makes the programs that print to it
 * wait, and nobody else.  A file that cannot grow (ENOSPC, EDQUOT, EIO) loses
 * output and gets a line saying how much, once it can be written again.
 *
 * Threads: every function here belongs to the thread of the log's loop, unless
 * it says otherwise.  Handles are freed at once for the caller; the log's own
 * thread lets go of them a moment later.
 */
typedef struct hk_log hk_log;
typedef struct hk_log_sink hk_log_sink;
typedef struct hk_log_stream hk_log_stream;
typedef struct hk_log_watch hk_log_watch;

/* ---- the log ---- */

typedef enum hk_log_event_kind {
	/* the file could not be opened; output for it is dropped */
	HK_LOG_OPEN_FAILED = 1,
	HK_LOG_WRITE_FAILED, /* output is being dropped from now on */
	/* output is written again; lines and bytes tell what is missing */
	HK_LOG_RECOVERED,
	HK_LOG_ROTATE_FAILED, /* the file grows beyond its limit */
	/* nobody reads the terminal or pipe any more (EPIPE, EIO) */
	HK_LOG_SINK_CLOSED
} hk_log_event_kind;

/* Something a person should know about a sink.  Strings are Borrowed for the call. */
typedef struct hk_log_event {
	hk_log_event_kind kind;
	int error;        /* negative code, or 0 */
	const char *sink; /* its path or name */
	uint64_t lines;
	uint64_t bytes;
} hk_log_event;

typedef void (*hk_log_event_fn)(hk_log *log, const hk_log_event *event, void *user);

typedef struct hk_log_opts {
	size_t size;
	hk_log_event_fn on_event; /* NULL: nobody is told */
	void *user;
	uint64_t flush_ns; /* how long hk_log_free() waits for slow sinks; 0: 1 s */
} hk_log_opts;

/* clang-format off */
#define HK_LOG_OPTS_INIT { .size = sizeof(hk_log_opts) }
/* clang-format on */

/*
 * Start the log's thread.  Callbacks run on @loop; the log does not keep it
 * alive.  @opts may be NULL.  Owned: release it with hk_log_free().
 * Returns 0, -EINVAL, -ENOMEM, -EMFILE or -EAGAIN when no thread can be had.
 */
HK_API HK_MUST_USE int hk_log_new(hk_log **out, hk_loop *loop, const hk_log_opts *opts);

/*
 * Read and write what can be without waiting, give slow sinks flush_ns more,
 * then end the thread and release what is left.  Streams and sinks become
 * inert; freeing them stays legal.  NULL is fine.
 */
HK_API void hk_log_free(hk_log *log);

/* ---- sinks ---- */

typedef struct hk_log_file_opts {
	size_t size;
	/* required.  Relative to the working directory of this moment; missing
	 * directories are made.  May name a FIFO or a device */
	const char *path;
	/* rotate before the file is larger, between two lines; 0: never. A line
	 * longer than this has a file of its own */
	uint64_t max_bytes;
	/* how many to keep, the one being written included; 0: 5 */
	uint32_t max_files;
	uint32_t mode; /* permissions of new files; 0: 0640 */
	/* 1: begin each line with the time, UTC, to the millisecond */
	uint32_t timestamps;
	uint32_t reserved; /* zero */
} hk_log_file_opts;

/* clang-format off */
#define HK_LOG_FILE_OPTS_INIT { .size = sizeof(hk_log_file_opts) }
/* clang-format on */

/*
 * A file that output is appended to.  It is opened by the log's thread; a
 * failure is told to on_event.  Rotation renames: log becomes log.1, log.1
 * becomes log.2 and so on, and the oldest is removed.  No byte is lost or
 * written twice.  Owned: release it with hk_log_sink_free().
 * Returns 0, -EINVAL, -ENAMETOOLONG, -ENOMEM, or the errno of getcwd().
 */
HK_API HK_MUST_USE int hk_log_file_new(
    hk_log_sink **out, hk_log *log, const hk_log_file_opts *opts);

/* What to do when a terminal sink's reader is slower than the programs. */
typedef enum hk_log_stall {
	HK_LOG_STALL_AUTO, /* drop on a terminal, wait on everything else */
	HK_LOG_STALL_DROP, /* lose the oldest waiting lines and say so */
	HK_LOG_STALL_BLOCK /* let the programs wait */
} hk_log_stall;

typedef struct hk_log_terminal_opts {
	size_t size;
	/* a duplicate is used; flags, which others share, stay as they are */
	int32_t fd;
	hk_log_stall stall;
	const char *name;      /* for events; NULL: "terminal" */
	uint64_t buffer_bytes; /* what may wait; 0: 512 KiB, at least 64 KiB */
	uint32_t color;        /* 1: colour the labels */
	/* labels are padded to this many columns; 0: as they are */
	uint32_t label_width;
} hk_log_terminal_opts;

/* clang-format off */
#define HK_LOG_TERMINAL_OPTS_INIT { .size = sizeof(hk_log_terminal_opts) }
/* clang-format on */

/*
 * An open descriptor, usually standard output, that shows whole lines of all
 * streams, each behind the label of its stream ("api-1 | text").  A thread of
 * its own writes to it, so the descriptor may block.
 * Owned: release it with hk_log_sink_free().
 * Returns 0, -EINVAL, -EBADF, -ENOMEM, -EMFILE or -EAGAIN.
 */
HK_API HK_MUST_USE int hk_log_terminal_new(
    hk_log_sink **out, hk_log *log, const hk_log_terminal_opts *opts);

/* Pad labels of a terminal to @columns from now on. */
HK_API void hk_log_sink_set_label_width(hk_log_sink *sink, unsigned int columns);

/*
 * Write @length bytes of our own, whole lines, between those of the streams;
 * a missing line end is added.  Never waits: what does not fit into the sink's
 * buffer is dropped and counted.  Any thread.
 * Returns 0, -EAGAIN when it was dropped, -ENOMEM, or HK_ECLOSED.
 */
HK_API HK_MUST_USE int hk_log_sink_write(
    hk_log_sink *sink, const void *bytes, size_t length);

/* Close and open the file again, after something else has renamed it.  No effect on
 * terminals. */
HK_API void hk_log_sink_reopen(hk_log_sink *sink);

typedef struct hk_log_sink_counts {
	size_t size; /* set by the caller: sizeof(hk_log_sink_counts) */
	uint64_t written_bytes;
	uint64_t dropped_bytes;
	uint64_t dropped_lines;
	uint64_t rotations;
	uint64_t waiting_bytes; /* in the sink's buffer now */
} hk_log_sink_counts;

/* Read the counters.  Any thread.  Returns 0 or -EINVAL. */
HK_API HK_MUST_USE int hk_log_sink_read_counts(
    const hk_log_sink *sink, hk_log_sink_counts *out);

/* Release the sink; what waits in it is still written if it can be.  NULL is fine. */
HK_API void hk_log_sink_free(hk_log_sink *sink);

/* ---- streams ---- */

typedef struct hk_log_stream_opts {
	size_t size;
	/* HK_LOG_STREAM_TAKE_FD: a non-blocking end to read from */
	int32_t fd;
	uint32_t flags;      /* HK_LOG_STREAM_… */
	uint32_t tail_bytes; /* of output kept for reports; 0: 8 KiB */
	uint32_t tail_lines; /* at most this many of its lines; 0: 20 */
} hk_log_stream_opts;

enum {
	/* read from fd (Taken on success) instead of a new pipe */
	HK_LOG_STREAM_TAKE_FD = 1
};

/* clang-format off */
#define HK_LOG_STREAM_OPTS_INIT { .size = sizeof(hk_log_stream_opts) }
/* clang-format on */

/*
 * A pipe that programs print into.  It outlives them: give
 * hk_log_stream_fd() as HK_STDIO_FD to each incarnation in turn, and a process
 * that keeps the pipe open holds nothing up.  @opts may be NULL.
 * Owned: release it with hk_log_stream_free().
 * Returns 0, -EINVAL (also for a blocking fd), -EBADF, -ENOMEM, -EMFILE or -ENFILE.
 */
HK_API HK_MUST_USE int hk_log_stream_new(
    hk_log_stream **out, hk_log *log, const hk_log_stream_opts *opts);

/* The end to print into, close-on-exec.  Borrowed.  -EBADF with HK_LOG_STREAM_TAKE_FD. */
HK_API int hk_log_stream_fd(const hk_log_stream *stream);

/*
 * Carry the stream's output to @sink too.  @label, which may be NULL, is
 * Copied; terminals show it before each line, in the colour @color (an index;
 * it wraps).  The sink may be freed before the stream.  Returns 0 or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_log_stream_attach(
    hk_log_stream *stream, hk_log_sink *sink, const char *label, unsigned int color);

/* Called once with the first line that matched, without its line end. */
typedef void (*hk_log_match_fn)(
    hk_log_watch *watch, const char *line, size_t length, void *user);

/* Only this much of a line is compared; expressions must not make us read for ever. */
#define HK_LOG_MATCH_MAX 4096

/*
 * Call @fn when a line that begins after this call matches the POSIX extended
 * regular expression @pattern.  Owned: release it with hk_log_watch_free().
 * Returns 0, -ENOMEM, or HK_EPARSE with the reason in @errors.
 */
HK_API HK_MUST_USE int hk_log_watch_line(hk_log_watch **out, hk_log_stream *stream,
    const char *pattern, hk_log_match_fn fn, void *user, hk_error_list *errors);
HK_API void hk_log_watch_free(hk_log_watch *watch);

typedef void (*hk_log_flush_fn)(hk_log_stream *stream, void *user);

/*
 * Call @fn once everything that is in the pipe now has been read and handed to
 * the sinks, a last line without its end included, or @limit_ns later when a
 * sink makes it wait.  Freeing the stream first means @fn never runs.
 * Returns 0 or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_log_stream_flush(
    hk_log_stream *stream, uint64_t limit_ns, hk_log_flush_fn fn, void *user);

/*
 * The last output that was read, whole lines as far as they are kept.
 * Owned: release *@out with hk_free(); NUL-terminated beyond @out_length,
 * which may be NULL.  Any thread.  Returns 0 or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_log_stream_tail(
    const hk_log_stream *stream, char **out, size_t *out_length);

/* Bytes read from the stream so far.  Any thread. */
HK_API uint64_t hk_log_stream_total(const hk_log_stream *stream);

/* Read what is in the pipe, close it and release the stream.  NULL is fine. */
HK_API void hk_log_stream_free(hk_log_stream *stream);

HK_END

#endif /* HOSTKIT_LOG_H */
