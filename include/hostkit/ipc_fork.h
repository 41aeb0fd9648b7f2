#ifndef HOSTKIT_IPC_FORK_H
#define HOSTKIT_IPC_FORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/error.h>
#include <hostkit/ipc_value.h>
#include <hostkit/json.h>
#include <hostkit/loop.h>
#include <hostkit/process.h>

HK_BEGIN

/*
 * Messages between a parent and its child, as Node speaks them
 *
 * hk_ipc_fork() starts a program with a channel to it: a Node program, which
 * finds process.send() and process.on('message') as if another Node had started
 * it, or a program in C that calls hk_ipc_fork_parent(), which as well finds
 * the channel of a Node that started it with child_process.fork().  Both ends are
 * a hk_ipc_channel, and from there on everything is the same.
 *
 * Messages are JSON, or with HK_IPC_ADVANCED JavaScript's values
 * (hostkit/ipc_value.h).  They arrive whole, once and in order.  With a message
 * a socket can travel.  What is sent waits in a queue with a limit; what comes
 * has a limit too, and what is wrong is told and left behind.
 *
 * Internal messages of Node, whose member "cmd" begins with "NODE_", never
 * reach on_message: those about sockets are dealt with here, others are for
 * on_internal.
 *
 * Threads: a channel belongs to the loop it was made on, and to its thread.
 */
typedef struct hk_ipc_channel hk_ipc_channel;

/* How messages are written. */
typedef enum hk_ipc_serialization {
	HK_IPC_JSON,    /* a line of JSON each, which is Node's default too */
	HK_IPC_ADVANCED /* V8's structured clone format */
} hk_ipc_serialization;

/* ---- what arrives ---- */

/* A message, valid until the callback returns. */
typedef struct hk_ipc_channel_message hk_ipc_channel_message;

/*
 * The message as JSON: tagged JSON (hostkit/ipc_value.h) where it holds what JSON
 * has no words for.  An advanced message is converted when this is first asked.
 * NULL when there is no memory for that, or it means more than
 * HK_IPC_VALUE_JSON_MAX values.
 */
HK_API const hk_json *hk_ipc_channel_message_json(hk_ipc_channel_message *message);

/* Did hk_ipc_channel_message_json() need tags? */
HK_API bool hk_ipc_channel_message_is_tagged(const hk_ipc_channel_message *message);

/* The message as it is, if it is advanced; else NULL. */
HK_API const hk_ipc_value *hk_ipc_channel_message_value(
    const hk_ipc_channel_message *message);

/* What Node calls what travels with a message. */
typedef enum hk_ipc_handle {
	HK_IPC_HANDLE_NONE,
	HK_IPC_HANDLE_SERVER,      /* net.Server: a listening TCP or Unix stream socket */
	HK_IPC_HANDLE_SOCKET,      /* net.Socket: a connected one */
	HK_IPC_HANDLE_NATIVE,      /* net.Native: either, as Node's cluster sends them */
	HK_IPC_HANDLE_DGRAM,       /* dgram.Socket: a UDP socket */
	HK_IPC_HANDLE_DGRAM_NATIVE /* dgram.Native */
} hk_ipc_handle;

/* What came with the message. */
HK_API hk_ipc_handle hk_ipc_channel_message_handle(const hk_ipc_channel_message *message);

/*
 * The descriptor that came with the message.  It is close-on-exec, in the blocking
 * mode its sender left it in (Node: non-blocking), and closed after the callback
 * unless taken: _take_ makes it the caller's to close.  Returns the descriptor,
 * -EBADF if there is none (any more), or -EPROTOTYPE if what came was no socket of
 * the kind announced, and was closed.
 */
HK_API int hk_ipc_channel_message_fd(const hk_ipc_channel_message *message);
HK_API int hk_ipc_channel_message_take_fd(hk_ipc_channel_message *message);

/* ---- callbacks: freeing the channel is fine in all of them ---- */

typedef void (*hk_ipc_channel_message_fn)(
    hk_ipc_channel *channel, hk_ipc_channel_message *message, void *user);

/* The queue has fallen to half of the high-water mark, after a send returned 1. */
typedef void (*hk_ipc_channel_drain_fn)(hk_ipc_channel *channel, void *user);

/*
 * Something that is no message was received and left behind: HK_EPARSE, HK_ELIMIT
 * (too long, too deep), -ENOMEM (a message was lost), or -EPROTO for a handle
 * nobody announced or a receipt nobody waits for.  @reason is one sentence.
 */
typedef void (*hk_ipc_channel_bad_fn)(
    hk_ipc_channel *channel, int code, const char *reason, void *user);

/*
 * The channel has ended; called exactly once, and nothing comes after it.
 * @reason is 0 when one side disconnected; -ECONNRESET when the other side went
 * with messages unread; -ETIMEDOUT when it did not react to a disconnect; or the
 * errno of reading.
 */
typedef void (*hk_ipc_channel_end_fn)(hk_ipc_channel *channel, int reason, void *user);

/*
 * What became of a message: 0 when it is in the kernel's hands, and if a handle
 * went with it when the other side has it; HK_ECLOSED when the channel ended before;
 * -EREMOTEIO when the other side did not get the handle in four tries; or the errno
 * of sending a handle.
 */
typedef void (*hk_ipc_channel_sent_fn)(hk_ipc_channel *channel, int status, void *user);

/* ---- options ---- */

/* Node's send() asks to wait when this much is queued. */
#define HK_IPC_HIGH_WATER_DEFAULT ((size_t) 128 * 1024)
/* What can be queued for a peer that does not read; a message beyond is refused. */
#define HK_IPC_QUEUE_DEFAULT ((size_t) 64 << 20)
/* The longest message that is received. */
#define HK_IPC_MESSAGE_DEFAULT ((size_t) 64 << 20)

/* See busy_wait_ns. */
#define HK_IPC_NO_BUSY_WAIT UINT64_MAX

typedef struct hk_ipc_channel_opts {
	size_t size;                           /* set by HK_IPC_CHANNEL_OPTS_INIT */
	hk_ipc_channel_message_fn on_message;  /* NULL: messages are dropped */
	hk_ipc_channel_message_fn on_internal; /* Node's own; NULL: dropped */
	hk_ipc_channel_drain_fn on_drain;
	hk_ipc_channel_bad_fn on_bad;
	hk_ipc_channel_end_fn on_end;
	void *user;               /* handed to all of them */
	size_t high_water_bytes;  /* 0: HK_IPC_HIGH_WATER_DEFAULT */
	size_t queue_max_bytes;   /* 0: HK_IPC_QUEUE_DEFAULT */
	size_t message_max_bytes; /* 0: HK_IPC_MESSAGE_DEFAULT, at most 2 GiB - 1 */
	/* how long the other side may take to answer a disconnect; 0: 5 s */
	uint64_t disconnect_timeout_ns;
	/* In a talk whose answers come within this time, the loop waits for them without
	 * sleeping if that turns out to be quicker by a fifth, and it goes on measuring.
	 * 0: 500 us; HK_IPC_NO_BUSY_WAIT: always sleep.  With a single processor it
	 * always does */
	uint64_t busy_wait_ns;
} hk_ipc_channel_opts;

/* clang-format off */
#define HK_IPC_CHANNEL_OPTS_INIT { .size = sizeof(hk_ipc_channel_opts) }
/* clang-format on */

typedef struct hk_ipc_fork_opts {
	size_t size;        /* set by HK_IPC_FORK_OPTS_INIT */
	const char *module; /* the script of Node; NULL: exec_path is the whole program */
	const char *const *args; /* its arguments, NULL-terminated; NULL: none */
	const char *exec_path;   /* NULL: "node", searched in PATH */
	const char *const
	    *exec_args; /* of Node itself, such as "--max-old-space-size=64" */
	hk_ipc_serialization serialization;
	uint32_t reserved; /* zero */
	/* everything else about the start: directory, environment, streams, tree, stop
	 * steps, on_exit …  Its argv, file and spawner have to be NULL.  NULL: defaults */
	const hk_process_opts *process;
	const hk_ipc_channel_opts *channel; /* NULL: defaults */
} hk_ipc_fork_opts;

/* clang-format off */
#define HK_IPC_FORK_OPTS_INIT { .size = sizeof(hk_ipc_fork_opts) }
/* clang-format on */

/* ---- beginning ---- */

/*
 * Start a program with a channel.  The child finds it as the lowest descriptor
 * from 3 that opts.process->fds does not name, announced by NODE_CHANNEL_FD and
 * NODE_CHANNEL_SERIALIZATION_MODE in its environment.
 *
 * Whatever the child sent before its end is delivered, then comes on_end, then
 * on_exit of opts.process, whose handle is the channel's: Borrowed, and not to
 * be freed or detached.  Process and channel keep the loop alive.
 *
 * @out receives the channel.  Owned: release it with hk_ipc_channel_free(), which
 * ends the process and its tree if they still run.  Copied: @opts.
 * Returns 0, -EINVAL for options that contradict each other, or an error of
 * hk_process_spawn(), which tells @errors more.
 */
HK_API HK_MUST_USE int hk_ipc_fork(hk_ipc_channel **out, hk_loop *loop,
    const hk_ipc_fork_opts *opts, hk_error_list *errors);

/*
 * Be the child: take the channel that the environment announces.  Its
 * descriptor becomes close-on-exec and non-blocking, and NODE_CHANNEL_FD and
 * NODE_CHANNEL_SERIALIZATION_MODE leave the environment, so that programs
 * started from here do not use it.  Like unsetenv(), not for use while another
 * thread reads the environment.
 *
 * Owned: release it with hk_ipc_channel_free().
 * Returns 0; -ENOENT if nothing is announced; -EPROTO if that is no number, no
 * open stream socket or an unknown serialization; or an error as above.
 */
HK_API HK_MUST_USE int hk_ipc_fork_parent(
    hk_ipc_channel **out, hk_loop *loop, const hk_ipc_channel_opts *opts);

/*
 * Make a channel of a stream socket, such as one end of a socketpair(2).  The
 * descriptor is Taken when this succeeds, and becomes close-on-exec and
 * non-blocking.  Returns 0, -EBADF, -ENOTSOCK, -EPROTOTYPE if it is not a Unix
 * stream socket, -EINVAL, -E2BIG, -ENOMEM, or an error of hk_watch_start().
 */
HK_API HK_MUST_USE int hk_ipc_channel_new(hk_ipc_channel **out, hk_loop *loop, int fd,
    hk_ipc_serialization serialization, const hk_ipc_channel_opts *opts);

/*
 * Release the channel: what is queued is dropped, no callback comes any more, and
 * a child that still runs is ended with its tree.  NULL is fine.
 */
HK_API void hk_ipc_channel_free(hk_ipc_channel *channel);

/* ---- sending ---- */

enum {
	/* handle_fd travels with the message */
	HK_IPC_SEND_HANDLE = 1 << 0,
	/* the text is tagged JSON; HK_IPC_ADVANCED only */
	HK_IPC_SEND_TAGGED = 1 << 1,
	/* it is a message of Node's own; else "cmd":"NODE_…" is refused */
	HK_IPC_SEND_INTERNAL = 1 << 2
};

typedef struct hk_ipc_send_opts {
	size_t size;    /* set by HK_IPC_SEND_OPTS_INIT */
	uint32_t flags; /* HK_IPC_SEND_… */
	int32_t handle_fd;
	hk_ipc_handle handle; /* HK_IPC_HANDLE_NONE: what the socket looks like */
	uint32_t reserved;    /* zero */
	hk_ipc_channel_sent_fn on_sent; /* called once, later, if the send is accepted */
	void *user;
} hk_ipc_send_opts;

/* clang-format off */
#define HK_IPC_SEND_OPTS_INIT { .size = sizeof(hk_ipc_send_opts) }
/* clang-format on */

/*
 * Send one message, given as JSON text; Copied, as is a handle (a duplicate
 * travels; the caller closes its own when it likes).  @opts may be NULL.
 *
 * A handle is a listening or connected TCP or Unix stream socket, or a UDP
 * socket: anything else would make Node abort, and is refused.  Until the other
 * side has confirmed a handle, everything behind it waits.
 *
 * Returns 0; 1 if it was accepted and the queue is beyond its high-water mark:
 * then better wait for on_drain; HK_EPARSE if the text is not JSON, or not
 * tagged JSON; HK_ELIMIT if the message does not fit into the queue; -EINVAL for
 * an internal message without HK_IPC_SEND_INTERNAL, or tags without
 * HK_IPC_ADVANCED; -ENOTSOCK, -EPROTOTYPE or -EBADF for a handle that cannot
 * travel; -EMFILE when it cannot be duplicated; HK_ECLOSED after a disconnect or
 * the end; -ENOMEM; -ECHILD.
 */
HK_API HK_MUST_USE int hk_ipc_channel_send(hk_ipc_channel *channel, const char *json,
    size_t length, const hk_ipc_send_opts *opts);

/* The same with a value of a document that was parsed already; -EINVAL without one. */
HK_API HK_MUST_USE int hk_ipc_channel_send_json(
    hk_ipc_channel *channel, const hk_json *value, const hk_ipc_send_opts *opts);

/*
 * Ask the other side to say when it has dealt with everything sent before this.
 * @on_synced is called once, later: with 0 when what it sent while it did so has been
 * delivered here, or with HK_ECLOSED when the channel ended before.  What it sends
 * from timers and promises may come later.  Before a disconnect this keeps Node from
 * dropping answers that it has queued itself.  Everything sent after this waits for
 * it.  Returns as hk_ipc_channel_send().
 */
HK_API HK_MUST_USE int hk_ipc_channel_sync(
    hk_ipc_channel *channel, hk_ipc_channel_sent_fn on_synced, void *user);

/*
 * Write what is queued now, waiting at most @timeout_ms (-1: as long as it
 * takes); for programs about to exit.  Calls nobody back.  Returns 0, -EAGAIN if
 * what is left waits for the other side to confirm a handle, -ETIMEDOUT,
 * HK_ECLOSED or -ECHILD.
 */
HK_API HK_MUST_USE int hk_ipc_channel_flush(hk_ipc_channel *channel, int timeout_ms);

/* ---- receiving ---- */

/*
 * Stop and resume receiving.  While paused nothing is read, so the other side
 * will find its queue filling; the end of the channel and of the process are told
 * after the messages before them.  Resume returns 0, -ENOMEM, HK_ECLOSED or
 * -ECHILD.
 */
HK_API void hk_ipc_channel_pause(hk_ipc_channel *channel);
HK_API HK_MUST_USE int hk_ipc_channel_resume(hk_ipc_channel *channel);

/*
 * Whether waiting for messages keeps hk_loop_run() going; it does at first.  What
 * is queued keeps it going in any case.  Node's channel.ref() and unref().
 */
HK_API void hk_ipc_channel_set_background(hk_ipc_channel *channel, bool background);

/* ---- ending ---- */

/*
 * Disconnect: no more is sent than is queued, then the other side is told; what it
 * sent before it noticed is still delivered, then on_end comes.  A Node child
 * without anything else to do exits by itself then; what it could not write until
 * then it drops, see hk_ipc_channel_sync().
 * Returns 0, HK_ECLOSED if it was disconnected already, or -ECHILD.
 */
HK_API HK_MUST_USE int hk_ipc_channel_disconnect(hk_ipc_channel *channel);

/*
 * End the child: disconnect, and if it has not exited after @grace_ns, end it
 * with hk_process_stop().  on_end and on_exit tell.  Returns 0, -ESRCH if it has
 * ended or there is no child, -ENOMEM or -ECHILD.
 */
HK_API HK_MUST_USE int hk_ipc_channel_stop(hk_ipc_channel *channel, uint64_t grace_ns);

/* ---- questions ---- */

/* May messages be sent?  False after a disconnect by either side. */
HK_API bool hk_ipc_channel_is_connected(const hk_ipc_channel *channel);

/* The child, or NULL at the child's own end.  Borrowed, as said at hk_ipc_fork(). */
HK_API hk_process *hk_ipc_channel_process(const hk_ipc_channel *channel);

HK_API hk_ipc_serialization hk_ipc_channel_get_serialization(
    const hk_ipc_channel *channel);

typedef struct hk_ipc_channel_stats {
	size_t size;            /* set by the caller: sizeof(hk_ipc_channel_stats) */
	uint64_t messages_sent; /* written completely; internal ones included */
	uint64_t messages_received;
	uint64_t bytes_sent;
	uint64_t bytes_received;
	uint64_t handles_sent; /* and confirmed */
	uint64_t handles_received;
	uint64_t handles_resent;   /* the other side had not got them */
	uint64_t handles_dropped;  /* received: more than announced, or of a wrong kind */
	uint64_t messages_bad;     /* told to on_bad */
	uint64_t messages_dropped; /* queued when the channel ended */
	uint64_t queued_bytes;     /* now */
	uint64_t queued_bytes_max;
} hk_ipc_channel_stats;

/* Returns 0 or -EINVAL. */
HK_API HK_MUST_USE int hk_ipc_channel_get_stats(
    const hk_ipc_channel *channel, hk_ipc_channel_stats *out);

HK_END

#endif /* HOSTKIT_IPC_FORK_H */
