#ifndef HOSTKIT_IPC_FIFO_H
#define HOSTKIT_IPC_FIFO_H

#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/loop.h>

HK_BEGIN

/*
 * Named pipes (FIFOs)
 *
 * A name in the file system that any program can write lines to: the shell's
 * `echo '{"a":1}' > pipe` is a client.  There is one reader and any number of
 * writers; nobody is answered, and nobody can tell who wrote.
 *
 * The reader holds a lock on the pipe itself while it reads, so two readers never
 * share one, and a name left by a reader that was killed is taken over.
 *
 * Pieces of up to HK_IPC_FIFO_ATOMIC bytes arrive whole; writers of larger ones
 * may get into each other, so those have to be asked for.
 *
 * Threads: everything belongs to the thread of the loop.
 */
typedef struct hk_ipc_fifo hk_ipc_fifo;

/* PIPE_BUF on Linux: what the kernel keeps together. */
#define HK_IPC_FIFO_ATOMIC 4096

/*
 * What was read: any number of bytes, or with HK_IPC_FIFO_LINES one line without
 * its line feed.  Borrowed until it returns.
 */
typedef void (*hk_ipc_fifo_data_fn)(
    hk_ipc_fifo *fifo, const void *bytes, size_t length, void *user);

/*
 * Something went wrong.  Reading goes on after HK_ELIMIT, which left out one line
 * longer than line_max, and after -ENOMEM.  Of a writer -EPIPE: the reader is gone,
 * and what waited with it; sending fails with -EPIPE from now on.
 */
typedef void (*hk_ipc_fifo_error_fn)(hk_ipc_fifo *fifo, int error, void *user);

/* A writer's queue is empty again after hk_ipc_fifo_send() gave -EAGAIN, or after
 * hk_ipc_fifo_drain(). */
typedef void (*hk_ipc_fifo_drain_fn)(hk_ipc_fifo *fifo, void *user);

enum {
	HK_IPC_FIFO_LINES = 1, /* a reader: give whole lines */
	HK_IPC_FIFO_LARGE = 2  /* a writer: pieces above HK_IPC_FIFO_ATOMIC too */
};

typedef struct hk_ipc_fifo_opts {
	size_t size;                   /* set by HK_IPC_FIFO_OPTS_INIT */
	hk_ipc_fifo_data_fn on_data;   /* a reader's; required there */
	hk_ipc_fifo_error_fn on_error; /* NULL: nobody is told */
	hk_ipc_fifo_drain_fn on_drain; /* a writer's; may be NULL */
	void *user;
	uint32_t mode;     /* permissions of a pipe that is made; 0: 0600 */
	uint32_t flags;    /* HK_IPC_FIFO_… */
	uint64_t line_max; /* bytes of a line; 0: 1 MiB */
	/* a writer's queue, in bytes, before sending gives -EAGAIN; 0: 256 KiB */
	uint64_t queue_max;
} hk_ipc_fifo_opts;

/* clang-format off */
#define HK_IPC_FIFO_OPTS_INIT { .size = sizeof(hk_ipc_fifo_opts) }
/* clang-format on */

/*
 * Read from the pipe at @path, making it if it is not there.  Keeps the loop alive.
 * Owned: release it with hk_ipc_fifo_free(), which also removes the name if this
 * call made it and it is still the same pipe.
 *
 * Returns 0, -EINVAL, -EADDRINUSE if somebody reads from it, -EEXIST if the name is
 * something else than a pipe (a symbolic link too), -EPERM if the pipe belongs to
 * another user, -E2BIG, -ENOMEM, HK_ECLOSED, -ECHILD, or the errno of mknodat(),
 * openat() and what hk_watch_start() fails with.
 */
HK_API HK_MUST_USE int hk_ipc_fifo_listen(
    hk_ipc_fifo **out, hk_loop *loop, const char *path, const hk_ipc_fifo_opts *opts);

/*
 * Write to the pipe at @path.  Keeps the loop alive while something waits to be
 * written.  Owned: hk_ipc_fifo_free().
 * Returns 0, -ENXIO if nobody reads from it, -ENOENT, -EEXIST, or as above.
 */
HK_API HK_MUST_USE int hk_ipc_fifo_open(
    hk_ipc_fifo **out, hk_loop *loop, const char *path, const hk_ipc_fifo_opts *opts);

/*
 * Write @length bytes, which are Copied, behind what waits already; all of them or
 * none.  No SIGPIPE reaches the program.
 * Returns 0, -EAGAIN if the queue is full (on_drain follows), -EMSGSIZE beyond
 * HK_IPC_FIFO_ATOMIC without HK_IPC_FIFO_LARGE or beyond queue_max, -EPIPE if the
 * reader is gone, -EINVAL for a reader, -ENOMEM, HK_ECLOSED or -ECHILD.
 */
HK_API HK_MUST_USE int hk_ipc_fifo_send(
    hk_ipc_fifo *fifo, const void *bytes, size_t length);

/* Have on_drain called once nothing waits any more, also if nothing does now.
 * Returns 0, -EINVAL for a reader, -EPIPE, HK_ECLOSED or -ECHILD. */
HK_API HK_MUST_USE int hk_ipc_fifo_drain(hk_ipc_fifo *fifo);

/* Stop; what waits is dropped.  NULL is fine. */
HK_API void hk_ipc_fifo_free(hk_ipc_fifo *fifo);

HK_END

#endif /* HOSTKIT_IPC_FIFO_H */
