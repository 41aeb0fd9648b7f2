#ifndef HKI_PROCESS_RUN_INTERNAL_H
#define HKI_PROCESS_RUN_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/process.h>
#include "base/buffer.h"

/* The two ways data moves in a run: what a program writes, and what it reads. */

/*
 * capture.c: one stream of a program's output.  Beyond the limit the rest is read
 * and dropped, so that the program is never held up.
 */
typedef struct hki_capture {
	hk_watch *watch;
	int fd; /* -1: not captured, or at its end */
	hki_buffer data;
	uint64_t limit;
	uint64_t total; /* that came */
	bool cut;
	void (*on_end)(void *user); /* nothing more will come */
	void *user;
} hki_capture;

/* A capture of nothing, so that deinit is legal. */
void hki_capture_init(
    hki_capture *capture, uint64_t limit, void (*on_end)(void *user), void *user);
/* Read from @fd (Taken, also on failure) as the loop turns.  0 or a negative errno. */
int hki_capture_start(hki_capture *capture, hk_loop *loop, int fd);
/* Read what is there now, at most a bounded amount.  True when it was the end;
 * on_end is not called then. */
bool hki_capture_drain(hki_capture *capture);
/* Stop reading and close. */
void hki_capture_close(hki_capture *capture);
void hki_capture_deinit(hki_capture *capture);

/*
 * feed.c: memory written to a program's stdin, as it reads.  A program that does
 * not read, or has closed it, is left alone; no SIGPIPE reaches the caller.
 */
typedef struct hki_feed {
	hk_watch *watch;
	int fd;     /* -1: everything is written, or nobody reads */
	char *copy; /* ours to release, or NULL */
	const char *data;
	size_t left;
} hki_feed;

void hki_feed_init(hki_feed *feed);
/* Write @length bytes to @fd (Taken, also on failure), then close it.  @copy: the
 * data may be gone after the call.  0 or a negative errno. */
int hki_feed_start(
    hki_feed *feed, hk_loop *loop, int fd, const void *data, size_t length, bool copy);
void hki_feed_close(hki_feed *feed);

/* runner.c: as hk_process_run_start(); @blocking: the call outlives the run, so its
 * data need not be copied, and nobody is there to write to an open stdin. */
int hki_process_run_start(hk_process_runner **out, hk_loop *loop,
    const hk_process_run_opts *opts, bool blocking, hk_error_list *errors);

#endif /* HKI_PROCESS_RUN_INTERNAL_H */
