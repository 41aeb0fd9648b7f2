#ifndef HKI_LOOP_OFFLOAD_H
#define HKI_LOOP_OFFLOAD_H

#include <stdint.h>
#include <hostkit/loop.h>

/*
 * Blocking jobs off the loop's thread, with deadlines
 *
 * A statfs() on a dead mount or the read of a stuck process's command line
 * cannot be interrupted.  A job runs on a thread; when its deadline passes, its
 * callback gets -ETIMEDOUT and the thread is written off until the call comes
 * back.  Each job names its resource; jobs of one resource run one after the
 * other, and while one is stuck the others fail with -EBUSY, so that a dead
 * mount costs one thread, never more.
 *
 * Everything here is for the loop's thread.
 */
typedef struct hki_offload hki_offload;
typedef struct hki_offload_job hki_offload_job;

/* On a thread of the pool; returns the result code.  Must not touch the loop. */
typedef int (*hki_offload_work_fn)(void *user);
/*
 * On the loop's thread, exactly once: the work's result, -ETIMEDOUT, -ECANCELED,
 * -EBUSY when the job waited behind one of its resource that got stuck, or -EAGAIN
 * when no thread could be had after all.  @job is gone once this has returned.
 */
typedef void (*hki_offload_done_fn)(hki_offload_job *job, int result, void *user);
/* Releases `user` of a job that was accepted, once neither work nor callback will
 * touch it.  On the loop's thread or, when offload or loop are gone, on the job's. */
typedef void (*hki_offload_free_fn)(void *user);

/* At most @max_threads run at once; further jobs queue.  Owned: hki_offload_free().
 * 0, -EINVAL, -ENOMEM, -EMFILE/-ENFILE, HK_ECLOSED, -ECHILD. */
int hki_offload_new(hki_offload **out, hk_loop *loop, unsigned int max_threads);

typedef struct hki_offload_opts {
	const char *resource;     /* Copied; NULL: a resource of its own */
	uint64_t deadline_ns;     /* from submission; 0: none */
	hki_offload_work_fn work; /* required */
	hki_offload_done_fn done; /* required */
	hki_offload_free_fn free; /* NULL: nothing to release */
	void *user;
} hki_offload_opts;

/*
 * Keeps the loop alive until the job was told.  @out may be NULL.
 * 0, -EINVAL, -EBUSY when a job of the resource is stuck, when 64 threads are, or
 * when the queue is full (1024), -EAGAIN when no thread can be had, -ENOMEM,
 * HK_ECLOSED, -ECHILD.
 */
int hki_offload_submit(
    hki_offload_job **out, hki_offload *offload, const hki_offload_opts *opts);

/* done runs with -ECANCELED, later; a running work is written off as after its deadline.
 * Does nothing inside done. */
void hki_offload_cancel(hki_offload_job *job);

/* No callback runs any more; threads end when their work returns.  Legal inside done.
 * In a forked child it leaves everything as it is.  NULL is fine. */
void hki_offload_free(hki_offload *offload);

#endif /* HKI_LOOP_OFFLOAD_H */
