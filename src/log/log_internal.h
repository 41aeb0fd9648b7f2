#ifndef HKI_LOG_INTERNAL_H
#define HKI_LOG_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <hostkit/log.h>
#include "base/buffer.h"
#include "base/list.h"
#include "log/mailbox.h"
#include "log/ring.h"
#include "loop/loop_internal.h"

/*
 * What the files of this folder share.  Every field says who may touch it:
 *
 *   [loop]  the thread of the caller's loop
 *   [log]   the log's own thread
 *   [any]   any thread, by its lock or because it is atomic or never changes
 *
 * Sinks and streams are counted: the caller's handle, the log's thread, and
 * each attachment hold one reference.
 */

/* Read this much at once from a pipe; half the size of a common L2 cache. */
#define HKI_LOG_CHUNK ((size_t) 256 * 1024)
/* … and this much when a sink may make us keep what it does not take. */
#define HKI_LOG_CHUNK_SLOW ((size_t) 64 * 1024)
/* A busy pipe is made this large; the kernel's limit for others than root is 1 MiB. */
#define HKI_LOG_PIPE_BYTES (1024 * 1024)
/* The beginning of a line is kept back this long for its end, so that lines of
 * several streams do not mix in one sink. */
#define HKI_LOG_PARTIAL_MAX ((size_t) 8 * 1024)
/* What may wait for the log's thread by hk_log_sink_write() on files. */
#define HKI_LOG_QUEUED_MAX ((size_t) 256 * 1024)

struct hk_log {
	pid_t
	    owner; /* [any] never changes: differs in a forked child, which has no threads */
	atomic_uint references;   /* [any] the handle, the thread, each sink and stream */
	hk_loop *outer;           /* [loop] NULL once it is freed */
	hki_loop_member member;   /* [loop] */
	hk_log_event_fn on_event; /* [loop] */
	void *user;               /* [loop] */
	uint64_t flush_ns;        /* [any] */
	bool closed;              /* [loop] */
	unsigned int holds;       /* [loop] on the outer loop, by flushes under way */
	hki_mailbox to_loop;      /* [any] */
	hki_mailbox to_log;       /* [any] */
	hki_letter finish;        /* [loop] then [log] */

	pthread_t thread;      /* [loop] */
	pthread_mutex_t mutex; /* guards finished */
	pthread_cond_t changed;
	bool finished; /* the thread touches nothing any more but its reference */

	hk_loop *inner;     /* [log] */
	hki_list streams;   /* [log] */
	hki_list sinks;     /* [log] */
	hki_list closing;   /* [log] sinks whose threads are still writing */
	hk_timer *deadline; /* [log] ends the wait for slow sinks while finishing */
	bool finishing;     /* [log] */
	char *chunk;        /* [log] what was just read */
	char spare[4096];   /* [log] used when there is no memory for a chunk */
};

struct hki_log_attachment;

/* What a kind of sink does; on the log's thread unless said otherwise. */
typedef struct hki_log_sink_kind {
	/* Take @length bytes of a stream. */
	void (*write)(hk_log_sink *sink, struct hki_log_attachment *from,
	    const char *bytes, size_t length);
	/* The program of this stream has ended: what is kept of a last line belongs out. */
	void (*end_line)(hk_log_sink *sink, struct hki_log_attachment *from);
	/* Words of our own, from any thread.  0, -EAGAIN, -ENOMEM, HK_ECLOSED. */
	int (*say)(hk_log_sink *sink, const char *bytes, size_t length, bool add_end);
	/* The same, brought by hki_log_note_send(). */
	void (*note)(hk_log_sink *sink, const char *bytes, size_t length);
	void (*reopen)(hk_log_sink *sink);
	/* Let go of descriptors and threads.  False: not yet, hki_log_sink_closed() is
	 * called later, or close again when the log ends, which then is final. */
	bool (*close)(hk_log_sink *sink);
	/* Release the object itself.  Any thread. */
	void (*release)(hk_log_sink *sink);
} hki_log_sink_kind;

struct hk_log_sink {
	const hki_log_sink_kind *kind; /* [any] never changes */
	atomic_uint references;        /* [any] */
	hk_log *log;                   /* [any] never changes */
	char *name;                    /* [any] never changes */
	hki_letter arrive;        /* from the loop's thread to the log's: it exists */
	hki_letter leave;         /* … it was freed */
	hki_list node;            /* [log] in log->sinks */
	unsigned int attachments; /* [log] streams that print here */
	bool freed;               /* [log] by the caller */
	bool closed;              /* [log] */
	bool stalled;             /* [log] give it nothing more for now */
	bool slow;                /* [log] it may stall, so read less at a time */
	struct hki_log_attachment
	    *open_line;       /* whose unfinished line the sink shows; by the
						 kind's own lock */
	atomic_size_t queued; /* [any] bytes of hk_log_sink_write() under way */
	atomic_uint_fast64_t written_bytes; /* [any] */
	atomic_uint_fast64_t dropped_bytes; /* [any] */
	atomic_uint_fast64_t dropped_lines; /* [any] */
	atomic_uint_fast64_t rotations;     /* [any] */
	atomic_size_t waiting_bytes;        /* [any] */
};

/* One stream printing to one sink. */
typedef struct hki_log_attachment {
	hki_letter arrive;
	hki_list node; /* [log] in stream->attachments */
	hk_log_stream *stream;
	hk_log_sink *sink;
	char *label; /* [any] never changes; may be NULL */
	unsigned int color;
	hki_buffer partial; /* [log] the beginning of a line */
} hki_log_attachment;

struct hk_log_stream {
	atomic_uint references; /* [any] */
	hk_log *log;            /* [any] */
	hki_letter arrive;
	hki_letter leave;
	int read_fd;     /* [log] */
	int write_fd;    /* [loop] */
	bool owned_pipe; /* [any] never changes */
	bool freed;      /* [loop] */

	hki_list node;        /* [log] in log->streams */
	hki_list attachments; /* [log] */
	hki_list watches;     /* [log] */
	hki_list flushes;     /* [log] */
	hk_watch *watch;      /* [log] NULL while paused or ended */
	bool paused;          /* [log] */
	bool ended;           /* [log] no more to come */
	bool leaving;         /* [log] to be closed once drained */
	bool large_pipe;      /* [log] */
	bool at_line_start;   /* [log] */
	uint64_t drain_to;    /* [log] leaving: total to read before closing */

	atomic_uint_fast64_t total; /* [any] bytes read */
	pthread_mutex_t mutex;      /* guards tail */
	hki_ring tail;
	uint32_t tail_lines;
};

/* log.c */
/* May the caller's side be used?  0, -ECHILD in a forked child, HK_ECLOSED. */
int hki_log_check(const hk_log *log);
/* Send to the log's thread.  0, or an error as above: the letter stays the sender's. */
int hki_log_ask(hk_log *log, hki_letter *letter);
void hki_log_reference(hk_log *log);
void hki_log_release(hk_log *log);
/* Tell the caller about a sink; on the log's thread or a terminal's. */
void hki_log_tell(
    hk_log_sink *sink, hk_log_event_kind kind, int error, uint64_t lines, uint64_t bytes);
/* Is the log waiting for the last sinks? */
void hki_log_check_finished(hk_log *log);
/* Start a thread that receives no signals.  0, -EAGAIN or -ENOMEM. */
int hki_log_thread_start(pthread_t *out, void *(*run)(void *), void *user);

/* sink.c */
int hki_log_sink_init(
    hk_log_sink *sink, const hki_log_sink_kind *kind, hk_log *log, const char *name);
void hki_log_sink_deinit(hk_log_sink *sink);
/* Hand it to the log's thread.  HK_ECLOSED when that has ended. */
int hki_log_sink_announce(hk_log_sink *sink);
void hki_log_sink_reference(hk_log_sink *sink);
void hki_log_sink_release(hk_log_sink *sink);
void hki_log_sink_close(hk_log_sink *sink); /* [log] */
void hki_log_sink_closed(
    hk_log_sink *sink); /* [log] what close could not finish is done */
/* It takes output again: let its streams go on.  [log] */
void hki_log_sink_resume(hk_log_sink *sink);

/* note.c */
int hki_log_note_send(hk_log_sink *sink, const char *bytes, size_t length, bool add_end);

/* stream.c, [log] unless said otherwise */
void hki_log_stream_reference(hk_log_stream *stream); /* any thread, as the next */
void hki_log_stream_release(hk_log_stream *stream);
bool hki_log_stream_must_wait(const hk_log_stream *stream);
void hki_log_stream_resume(hk_log_stream *stream);
void hki_log_stream_leave(hk_log_stream *stream);
void hki_log_stream_abandon(hk_log_stream *stream);

/* lines.c, [log] */
/* Show @bytes of a stream; @whole: they end with a line's end. */
typedef void (*hki_log_put_fn)(hk_log_sink *sink, hki_log_attachment *from,
    const char *bytes, size_t length, bool whole);
/* Cut into whole lines as far as can be.  @hold: keep the beginning of a line back. */
void hki_log_lines_feed(hki_log_attachment *from, const char *bytes, size_t length,
    bool hold, hki_log_put_fn put);
/* Show what was kept back. */
void hki_log_lines_end(hki_log_attachment *from, hki_log_put_fn put);
/* Line ends in @bytes; a last line without its end counts too. */
uint64_t hki_log_lines_count(const char *bytes, size_t length);

/* match.c, [log] */
void hki_log_watches_feed(hk_log_stream *stream, const char *bytes, size_t length);
void hki_log_watches_end(hk_log_stream *stream);

/* flush.c, [log] */
void hki_log_flushes_check(hk_log_stream *stream);
void hki_log_flushes_end(hk_log_stream *stream);
/* Bytes that can be read from the stream's pipe now. */
uint64_t hki_log_stream_readable(const hk_log_stream *stream);
/* Finish lines whose end is not in sight, in every sink. */
void hki_log_stream_end_lines(hk_log_stream *stream);

#endif /* HKI_LOG_INTERNAL_H */
