#ifndef HOSTKIT_IPC_H
#define HOSTKIT_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <hostkit/base.h>
#include <hostkit/error.h>
#include <hostkit/loop.h>

HK_BEGIN

/*
 * Messages between programs
 *
 * A server listens at a URL, a connection is dialed to one, and messages go
 * both ways.  A message arrives whole or not at all, in the order sent, however
 * the bytes were cut on their way.  What is sent during a turn of the loop
 * leaves in one system call at its end; what a peer does not read is bounded by
 * a high-water mark, and what is dropped is counted.
 *
 *     unix:/run/app.sock   a socket file, mode 0600 before anybody can see it
 *     unix:@name           Linux's abstract names: no file, no permissions
 *     tcp:host:port        tcp:[::1]:80, tcp:localhost:80; tcp:*:80 listens to everybody,
 *                          tcp:80 to this machine alone
 *     fd:3                 a descriptor that was inherited
 *     activation:name      a socket of the service manager (LISTEN_FDS); activation: is
 *                          the only one
 *     udp:host:port, fifo:/path   parsed here, and opened by functions of their own
 *
 * Threads: everything belongs to the loop's thread, except hk_ipc_sender_….
 * All of it keeps the contract of loop.h.
 */
typedef struct hk_ipc hk_ipc;                 /* a connection */
typedef struct hk_ipc_server hk_ipc_server;   /* a place where connections arrive */
typedef struct hk_ipc_payload hk_ipc_payload; /* bytes shared by many connections */
typedef struct hk_ipc_sender hk_ipc_sender;   /* the door for other threads */

/*
 * How messages are told apart.  Each direction says by its first byte what it
 * is, so both ends need not agree beforehand.
 */
enum {
	/* Read whatever comes: 'H' opens LENGTH, a JSON value LINES, anything else is refused.
	 * Written is what the peer wrote, or LINES when we speak first or have dialed. */
	HK_IPC_FRAMING_AUTO,
	/* A message a line (JSON Lines).  Messages hold no line feed and are not empty; empty
	 * lines mean nothing. */
	HK_IPC_FRAMING_LINES,
	/* "HK1\n", then 32 bits of length, most significant byte first, before each message.
	 * Any bytes.  The top bit marks frames of our own, such as a heartbeat. */
	HK_IPC_FRAMING_LENGTH,
	/* The same without the opening and without frames of our own. */
	HK_IPC_FRAMING_LENGTH_BARE,
	/* No messages: bytes are handed over as they come, as a pipe does. */
	HK_IPC_FRAMING_NONE
};

/* What becomes of a message that would go beyond the high-water mark. */
enum {
	HK_IPC_OVERFLOW_BLOCK,       /* it is refused with -EAGAIN; on_drain follows */
	HK_IPC_OVERFLOW_DROP_OLDEST, /* what has waited longest is dropped for it */
	HK_IPC_OVERFLOW_DROP_NEWEST, /* it is dropped itself */
	HK_IPC_OVERFLOW_DISCONNECT   /* the connection ends with -ENOBUFS */
};

/* A message may be this long if message_max_bytes says so; just below 1 GiB. */
#define HK_IPC_MESSAGE_MAX ((size_t) 0x3fffff00)

/* Flags of a message. */
enum {
	/* Descriptors came with it that could not be received, for want of room in
	 * descriptors_max or of free descriptors here. */
	HK_IPC_DESCRIPTORS_LOST = 1
};

/* A message that arrived.  Everything is borrowed until the callback returns. */
typedef struct hk_ipc_message {
	const char *data; /* without what framed it; not terminated */
	size_t length;
	int *descriptors; /* close-on-exec; closed afterwards unless set to -1 here */
	size_t descriptor_count;
	uint32_t flags; /* HK_IPC_DESCRIPTORS_LOST */
	uint32_t reserved;
} hk_ipc_message;

typedef void (*hk_ipc_message_fn)(hk_ipc *ipc, const hk_ipc_message *message, void *user);
typedef void (*hk_ipc_fn)(hk_ipc *ipc, void *user);
typedef void (*hk_ipc_close_fn)(hk_ipc *ipc, int reason, void *user);
typedef void (*hk_ipc_retry_fn)(hk_ipc *ipc, int reason, uint64_t delay_ns, void *user);
typedef void (*hk_ipc_server_fn)(hk_ipc_server *server, int result, void *user);

/* Who may connect to a Unix socket.  The kernel vouches for it (SO_PEERCRED). */
enum {
	HK_IPC_ALLOW_EVERYONE,
	HK_IPC_ALLOW_USER, /* whose effective user id is this */
	HK_IPC_ALLOW_GROUP /* whose effective or supplementary group is this */
};

typedef struct hk_ipc_allow {
	uint32_t kind;
	uint32_t id;
} hk_ipc_allow;

typedef struct hk_ipc_opts {
	size_t size; /* set by HK_IPC_OPTS_INIT */

	/* ---- callbacks; each may be NULL ---- */
	hk_ipc_message_fn on_message;
	/* The connection stands: accepted, dialed, or dialed again after it was lost. */
	hk_ipc_fn on_connect;
	/*
	 * The peer will send no more.  With this callback it can still be answered, and
	 * hk_ipc_close() is ours; without, the connection closes once what is queued has
	 * left.  With reconnect it is a connection lost instead, and on_retry follows.
	 */
	hk_ipc_fn on_end;
	/* After a refusal with -EAGAIN the queue has fallen to half its high-water mark. */
	hk_ipc_fn on_drain;
	/* reconnect: lost, or could not be made, for @reason; the next attempt is in @delay_ns. */
	hk_ipc_retry_fn on_retry;
	/*
	 * It is over, exactly once: 0 when either end closed it in order, otherwise why:
	 * -ECONNRESET, -EPIPE, -ETIMEDOUT (a timeout below, or the deadline of
	 * hk_ipc_close()), -EMSGSIZE (a message beyond message_max_bytes), HK_EPARSE (not
	 * framed as it should be, or ended within a message), HK_ENONAME (dialing: no host
	 * has the name), -ENOBUFS (HK_IPC_OVERFLOW_DISCONNECT), -ENOMEM, what connecting
	 * ended with, ….  An accepted connection is gone when this returns; a dialed one
	 * still wants hk_ipc_free().
	 */
	hk_ipc_close_fn on_close;
	void *user; /* handed to all of them */

	/* ---- limits ---- */
	/* Of one message, either way; 0: 1 MiB; at most HK_IPC_MESSAGE_MAX. */
	size_t message_max_bytes;
	/* The high-water mark of what waits to leave; 0: 1 MiB. */
	size_t queue_max_bytes;
	/* The same in messages; 0: bytes alone count. */
	size_t queue_max_messages;
	uint32_t overflow; /* HK_IPC_OVERFLOW_… */
	uint32_t framing;  /* HK_IPC_FRAMING_… */
	/* At most so many with a message, both ways; 0: none are received or sent.  At most
	 * 253.  Unix sockets. */
	uint32_t descriptors_max;
	uint32_t connections_max; /* server: more wait to be accepted; 0: no limit */

	/* ---- time; UINT64_MAX: never ---- */
	/* Of an attempt to connect, the name's lookup included; 0: 10 s. */
	uint64_t connect_timeout_ns;
	/* From a message's first byte to its last; 0: 30 s. */
	uint64_t message_timeout_ns;
	/* Nothing was received for so long; 0: never. */
	uint64_t idle_timeout_ns;
	/* The peer has taken nothing of what waits for it for so long; 0: never. */
	uint64_t stall_timeout_ns;
	/* Nothing was sent for so long: say that we are there, by a frame or an empty line.
	 * Meant for idle_timeout_ns of the other end; 0: never. */
	uint64_t heartbeat_ns;

	/* ---- dialing ---- */
	uint32_t reconnect; /* 1: again and again, until hk_ipc_close(); 0: once */
	uint32_t backlog;   /* server: connections the kernel holds for us; 0: 1024 */
	/* Waits between attempts are drawn evenly from 0 to a bound that doubles from min to
	 * max, so that many clients do not come at the same instant. */
	uint64_t reconnect_min_ns; /* 0: 10 ms */
	uint64_t reconnect_max_ns; /* 0: 5 s */

	/* ---- Unix sockets ---- */
	/* Whoever matches one of these may connect; Copied.  None: our effective user alone.
	 * When dialing: whose server it must be; none: anybody's. */
	const hk_ipc_allow *allow;
	size_t allow_count;
	uint32_t mode; /* server: of the file; 0: 0600 */
	uint32_t reserved;

	/*
	 * server: what waits to leave all its connections together; 0: no limit.  A
	 * connection then is at its high-water mark, too, when as much waits for it as is
	 * left of the total, and `overflow` says what follows.  So those with the most
	 * waiting are the first to pay, and whoever keeps up has room.  An empty queue takes
	 * a message of any size all the same: the total may be passed by one message for a
	 * connection, never by more.  What conversations (ipc_rpc.h) keep counts too; what
	 * senders of other threads still hold (hk_ipc_sender) does not.
	 */
	size_t queue_total_max_bytes;
} hk_ipc_opts;

/* clang-format off */
#define HK_IPC_OPTS_INIT { .size = sizeof(hk_ipc_opts) }
/* clang-format on */

/* ---- servers ---- */

/*
 * Listen at @url.  Connections that arrive are Borrowed from the server and told
 * by on_connect.
 *
 * A socket file is made beside its place and moved there, so it is never seen
 * half made; `<path>.lock` stays locked while we listen, so of two servers one
 * wins; a file left by a server that died is replaced, one that answers or is
 * no socket is not touched.  fd: and activation: sockets are Taken on success and
 * made non-blocking, also for whom we share them with.
 *
 * @errors may be NULL; it receives a sentence for a person.
 * Returns 0, HK_EPARSE for a bad URL, -EADDRINUSE when somebody listens there,
 * -EEXIST when something that is no socket is there, -ENAMETOOLONG, -EINVAL for bad
 * options, -E2BIG, -ENOENT, -EACCES, -EADDRNOTAVAIL, -EMFILE, -ENOMEM, HK_ECLOSED,
 * -ECHILD, or another errno of the system calls.
 */
HK_API HK_MUST_USE int hk_ipc_listen(hk_ipc_server **out, hk_loop *loop, const char *url,
    const hk_ipc_opts *opts, hk_error_list *errors);

/* The URL to dial, with the port the system chose.  Borrowed from the server. */
HK_API const char *hk_ipc_server_url(const hk_ipc_server *server);

/* How many connections it has, those that are being closed included. */
HK_API size_t hk_ipc_server_count(const hk_ipc_server *server);

/* Its connections one after the other: NULL gives the first, the last gives NULL.  They
 * may close meanwhile, except @previous. */
HK_API hk_ipc *hk_ipc_server_next(const hk_ipc_server *server, const hk_ipc *previous);

/*
 * Accept nobody any more and close every connection as hk_ipc_close() does; then call
 * @fn once, with 0 or -ETIMEDOUT if the deadline cut off what was still to leave.
 * With hk_ipc_rpc_listen() a connection is closed when the calls under way on it have been
 * answered, which -ETIMEDOUT may cut off too; one that arrives meanwhile is not begun, and
 * ends with -ECONNRESET for whoever made it.
 * @fn may be NULL.  The socket file is removed at once, so that a successor can listen.
 * Returns 0, -EALREADY, HK_ECLOSED or -ECHILD.
 */
HK_API HK_MUST_USE int hk_ipc_server_drain(
    hk_ipc_server *server, uint64_t limit_ns, hk_ipc_server_fn fn, void *user);

/* Close everything at once, silently: no callback of it or its connections runs any
 * more.  The socket file is removed if it is still ours.  NULL is fine. */
HK_API void hk_ipc_server_free(hk_ipc_server *server);

typedef struct hk_ipc_server_stats {
	size_t size;           /* set by the caller: sizeof(hk_ipc_server_stats) */
	uint64_t connections;  /* now */
	uint64_t accepted;     /* ever */
	uint64_t refused;      /* by the rules of allow */
	uint64_t rejected;     /* closed at once for want of descriptors or memory */
	uint64_t pauses;       /* accepting paused: descriptors, or connections_max */
	uint64_t failed;       /* connections that ended with a reason other than 0 */
	uint64_t queued_bytes; /* now, of all connections together */
	/* messages refused or dropped and connections ended for queue_total_max_bytes, where
	 * their own mark would have let them; each counts with its connection as well */
	uint64_t total_overflows;
} hk_ipc_server_stats;

/* A caller of an older header gets the fields it knows.  Returns 0 or -EINVAL. */
HK_API HK_MUST_USE int hk_ipc_server_stats_read(
    const hk_ipc_server *server, hk_ipc_server_stats *out);

/* ---- connections ---- */

/*
 * Connect to @url.  on_connect tells when it stands; messages may be sent before.
 * Owned: release it with hk_ipc_free().
 *
 * With reconnect, what was queued and not yet given whole to the kernel goes over the
 * next connection, a message cut off in the middle from its beginning.  What was given
 * to the kernel is not known to have arrived: who must know asks for an answer.
 *
 * Returns 0, or an error as hk_ipc_listen(); that nobody listens is told by on_close.
 */
HK_API HK_MUST_USE int hk_ipc_dial(hk_ipc **out, hk_loop *loop, const char *url,
    const hk_ipc_opts *opts, hk_error_list *errors);

/*
 * Speak over @fd, a connected stream socket, a pipe or a terminal.  Taken on success.
 * What is not a socket is made non-blocking.  on_connect is called, later.
 * Owned: release it with hk_ipc_free().
 * Returns 0, -EBADF, -EINVAL, -EPERM for a file that cannot be waited for, -E2BIG, -EEXIST,
 * -ENOMEM, HK_ECLOSED or -ECHILD.
 */
HK_API HK_MUST_USE int hk_ipc_adopt(
    hk_ipc **out, hk_loop *loop, int fd, const hk_ipc_opts *opts);

/*
 * A connection to a child to come: the other end of it goes to *@out_fd, Owned and
 * close-on-exec; pass it on and close it.  Otherwise as hk_ipc_adopt(), and -EMFILE.
 */
HK_API HK_MUST_USE int hk_ipc_pair(
    hk_ipc **out, int *out_fd, hk_loop *loop, const hk_ipc_opts *opts);

/*
 * Queue a message.  Copied.  It leaves at the end of this turn of the loop, in one system
 * call with everything else that was sent, or when 64 KiB have gathered.
 *
 * Returns 0; 1 if it was dropped (HK_IPC_OVERFLOW_DROP_NEWEST); -EAGAIN at the
 * high-water mark (HK_IPC_OVERFLOW_BLOCK), and on_drain follows; -EMSGSIZE beyond
 * message_max_bytes; -EINVAL for a message that is empty or holds a line feed while
 * lines are written; -ENOBUFS when the connection now ends for it
 * (HK_IPC_OVERFLOW_DISCONNECT); -EPIPE after hk_ipc_end() or hk_ipc_close() or when it is
 * over; -EBADF when the descriptor cannot be written to; -ENOMEM; HK_ECLOSED; -ECHILD.
 * An empty queue takes a message of any allowed size.
 */
HK_API HK_MUST_USE int hk_ipc_send(hk_ipc *ipc, const void *data, size_t length);

/* The same for a message in @count parts. */
HK_API HK_MUST_USE int hk_ipc_send_parts(
    hk_ipc *ipc, const struct iovec *parts, size_t count);

/* The same, shared: large ones are not copied.  A reference is taken. */
HK_API HK_MUST_USE int hk_ipc_send_payload(hk_ipc *ipc, hk_ipc_payload *payload);

/*
 * The same with descriptors, which are duplicated.  Also -EBADF, -EMFILE, -EOPNOTSUPP when
 * it is no Unix socket, and -EINVAL beyond descriptors_max.
 */
HK_API HK_MUST_USE int hk_ipc_send_descriptors(
    hk_ipc *ipc, const void *data, size_t length, const int *descriptors, size_t count);

/*
 * Queue bytes that are framed already, such as many messages put together by somebody
 * else; counted as one message.  The caller vouches for them.  Returns as hk_ipc_send().
 */
HK_API HK_MUST_USE int hk_ipc_send_raw(hk_ipc *ipc, const void *bytes, size_t length);

/* Write what is queued now, as far as the kernel takes it.  Failures are told by
 * on_close. */
HK_API void hk_ipc_flush(hk_ipc *ipc);

/* Messages and bytes that wait to leave. */
HK_API size_t hk_ipc_queued_messages(const hk_ipc *ipc);
HK_API size_t hk_ipc_queued_bytes(const hk_ipc *ipc);

/* Stop and go on calling on_message.  What arrives meanwhile stays with the kernel, so
 * that the peer is slowed down. */
HK_API void hk_ipc_pause(hk_ipc *ipc);
HK_API void hk_ipc_resume(hk_ipc *ipc);

/* No more will be sent.  Once what is queued has left the peer is told; it may still
 * answer. */
HK_API void hk_ipc_end(hk_ipc *ipc);

/*
 * Let what is queued leave, at most until @limit_ns from now, tell the peer, and call
 * on_close.  Messages that arrive meanwhile are discarded.  0 does not wait: what cannot
 * be written at once is lost, and the reason then is -ETIMEDOUT.  A later call may
 * shorten the time.  Ends reconnecting.  NULL is fine.
 */
HK_API void hk_ipc_close(hk_ipc *ipc, uint64_t limit_ns);

/* Close at once, silently, and release.  Legal for accepted connections too, and in any
 * callback.  NULL is fine. */
HK_API void hk_ipc_free(hk_ipc *ipc);

/* ---- what is known of a connection ---- */

/* Does it stand: can bytes flow right now? */
HK_API bool hk_ipc_connected(const hk_ipc *ipc);

/* The framing we write and the one we read; HK_IPC_FRAMING_AUTO while it is unknown. */
HK_API uint32_t hk_ipc_framing_out(const hk_ipc *ipc);
HK_API uint32_t hk_ipc_framing_in(const hk_ipc *ipc);

HK_API hk_loop *hk_ipc_loop(const hk_ipc *ipc);
HK_API hk_ipc_server *hk_ipc_server_of(const hk_ipc *ipc); /* NULL: not accepted */

/* A pointer of yours that hangs on the connection, NULL at first. */
HK_API void hk_ipc_set_data(hk_ipc *ipc, void *data);
HK_API void *hk_ipc_get_data(const hk_ipc *ipc);

/* The socket, Borrowed: to ask, not to read or write.  -1 while there is none. */
HK_API int hk_ipc_fd(const hk_ipc *ipc);

/* Who is at the other end of a Unix socket, as the kernel noted it when they connected. */
typedef struct hk_ipc_peer {
	size_t size; /* set by the caller: sizeof(hk_ipc_peer) */
	int32_t pid; /* may belong to somebody else by now: see hk_ipc_peer_pidfd() */
	uint32_t uid;
	uint32_t gid;
	uint32_t reserved;
} hk_ipc_peer;

/* Returns 0, -EINVAL, -ENOTCONN, or -EOPNOTSUPP when it is no Unix socket. */
HK_API HK_MUST_USE int hk_ipc_peer_read(const hk_ipc *ipc, hk_ipc_peer *out);

/*
 * A pidfd of the process at the other end, that cannot mean another one even when its id
 * was reused.  Borrowed from the connection; readable once the process has ended.
 * Returns the descriptor, -ENOTCONN, -EOPNOTSUPP when it is no Unix socket or the kernel
 * is older than 6.5, -ESRCH, or -EMFILE.
 */
HK_API HK_MUST_USE int hk_ipc_peer_pidfd(hk_ipc *ipc);

/* The other end as a URL: "tcp:127.0.0.1:40312", "unix:/run/app.sock", "fd:3", or "" if
 * it has no name.  Behaves as snprintf(). */
HK_API size_t hk_ipc_peer_url(const hk_ipc *ipc, char *out, size_t capacity);

typedef struct hk_ipc_stats {
	size_t size;                /* set by the caller: sizeof(hk_ipc_stats) */
	uint64_t messages_received; /* given to on_message */
	uint64_t bytes_received;    /* as they came, framing included */
	uint64_t messages_sent;     /* accepted: = written + dropped + queued */
	uint64_t messages_written;  /* given whole to the kernel */
	uint64_t messages_dropped;  /* by policy, or left over at the end */
	uint64_t messages_queued;   /* now */
	uint64_t messages_refused;  /* with -EAGAIN */
	uint64_t bytes_written;
	uint64_t bytes_queued; /* now */
	uint64_t reads;        /* system calls that received */
	uint64_t writes;       /* system calls that sent */
	uint64_t connects;     /* times it stood */
	uint64_t heartbeats_received;
	uint64_t descriptors_lost; /* messages that came without some of theirs */
} hk_ipc_stats;

/* Returns 0 or -EINVAL. */
HK_API HK_MUST_USE int hk_ipc_stats_read(const hk_ipc *ipc, hk_ipc_stats *out);

/* ---- payloads: the same bytes for many connections ---- */

/* Copied.  Owned: hk_ipc_payload_free().  Returns 0, -EMSGSIZE beyond HK_IPC_MESSAGE_MAX, or -ENOMEM. */
HK_API HK_MUST_USE int hk_ipc_payload_new(
    hk_ipc_payload **out, const void *data, size_t length);
/* Let go of it; connections that still send it keep their own reference.  NULL is fine. */
HK_API void hk_ipc_payload_free(hk_ipc_payload *payload);

/* ---- other threads ---- */

/*
 * A door through which other threads send over @ipc.  Owned: hk_ipc_sender_free(), on any
 * thread, also after the connection and its loop are gone.
 * Returns 0, -ENOMEM, HK_ECLOSED or -ECHILD.
 */
HK_API HK_MUST_USE int hk_ipc_sender_new(hk_ipc_sender **out, hk_ipc *ipc);

/*
 * Queue a message for the connection.  Any thread; messages of one thread keep their
 * order.  Copied.  Checks nothing of the message but its length: what the connection
 * would refuse it counts as dropped.
 * Returns 0, -EAGAIN when as much as the high-water mark waits here already, -EMSGSIZE,
 * -EPIPE when the connection is over, -ENOMEM, HK_ECLOSED or -ECHILD.
 */
HK_API HK_MUST_USE int hk_ipc_sender_send(
    hk_ipc_sender *sender, const void *data, size_t length);

/* NULL is fine. */
HK_API void hk_ipc_sender_free(hk_ipc_sender *sender);

/* ---- everything of a loop ---- */

/* The servers and the dialed or adopted connections of @loop, one after the other: NULL
 * gives the first, the last gives NULL. */
HK_API hk_ipc_server *hk_ipc_servers_next(
    const hk_loop *loop, const hk_ipc_server *previous);
HK_API hk_ipc *hk_ipc_clients_next(const hk_loop *loop, const hk_ipc *previous);

/* Free every server and every connection of @loop, silently.  Handles to them are gone
 * with it. */
HK_API void hk_ipc_cleanup(hk_loop *loop);

HK_END

#endif /* HOSTKIT_IPC_H */
