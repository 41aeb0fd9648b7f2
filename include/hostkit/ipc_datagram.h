#ifndef HOSTKIT_IPC_DATAGRAM_H
#define HOSTKIT_IPC_DATAGRAM_H

#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/error.h>
#include <hostkit/loop.h>

HK_BEGIN

/*
 * Datagrams: UDP, IPv4 and IPv6, multicast too
 *
 * One message is one datagram.  It arrives whole or not at all, perhaps late, twice
 * or in another order, and nobody tells the sender.  What can be known is told: the
 * kernel's queue overflowed and how many were lost by that, a datagram was larger
 * than what was made ready for it, the other port is closed.
 *
 *     udp:host:port   udp:127.0.0.1:5000, udp:[::1]:5000, udp:*:5000 (everybody),
 *                     udp:239.1.2.3:5000 and udp:[ff02::1%eth0]:5000 (multicast)
 *     udp:port        this machine alone, by both families
 *
 * Hosts are numeric addresses or localhost: nothing is looked up.
 *
 * Threads: everything belongs to the thread of the loop.
 */
typedef struct hk_ipc_datagram hk_ipc_datagram; /* one or two sockets */

/* The most that fits into a datagram of IPv4. */
#define HK_IPC_DATAGRAM_MAX 65507
/* The most that is sent beyond this machine unless it is asked for: what passes every
 * network without being cut into fragments, of which one lost loses all. */
#define HK_IPC_DATAGRAM_SAFE 1200

typedef struct hk_ipc_address {
	uint16_t family; /* 4 or 6 */
	uint16_t port;
	uint32_t scope;    /* the interface of a link-local address, by number; else 0 */
	uint8_t bytes[16]; /* as on the wire; IPv4 has four */
} hk_ipc_address;

/*
 * Read "udp:host:port"; localhost is 127.0.0.1.  Any thread.
 * Returns 0, HK_EPARSE, -EINVAL for a host that is neither numeric nor localhost, or
 * -ENODEV for an interface that is not there.
 */
HK_API HK_MUST_USE int hk_ipc_address_parse(hk_ipc_address *out, const char *url);

/* "udp:127.0.0.1:5000".  Behaves as snprintf(). */
HK_API size_t hk_ipc_address_url(
    const hk_ipc_address *address, char *out, size_t capacity);

/* A datagram that arrived.  Borrowed until the callback returns. */
typedef struct hk_ipc_datagram_message {
	const void *data;
	size_t length;
	size_t full_length; /* of what was sent; more than length: the rest is lost */
	uint64_t dropped;   /* by the kernel, for want of room, since the last one */
	hk_ipc_address from;
} hk_ipc_datagram_message;

typedef void (*hk_ipc_datagram_fn)(
    hk_ipc_datagram *datagram, const hk_ipc_datagram_message *message, void *user);

/* The network told something bad: -ECONNREFUSED (nobody listens at the dialed port),
 * -EHOSTUNREACH, ….  The socket goes on. */
typedef void (*hk_ipc_datagram_error_fn)(
    hk_ipc_datagram *datagram, int error, void *user);

/* The kernel has taken the datagram (@result is its length) or refused it (negative).
 * Exactly once, later. */
typedef void (*hk_ipc_datagram_sent_fn)(
    hk_ipc_datagram *datagram, int result, void *user);

enum {
	HK_IPC_DATAGRAM_LARGE = 1,     /* send beyond HK_IPC_DATAGRAM_SAFE anywhere */
	HK_IPC_DATAGRAM_BROADCAST = 2, /* sending to broadcast addresses is meant */
	HK_IPC_DATAGRAM_SHARED = 4,    /* others may listen at the address too */
	HK_IPC_DATAGRAM_NO_ECHO = 8    /* multicast we send does not come back to us */
};

typedef struct hk_ipc_datagram_opts {
	size_t size;                       /* set by HK_IPC_DATAGRAM_OPTS_INIT */
	hk_ipc_datagram_fn on_message;     /* NULL: nothing is received */
	hk_ipc_datagram_error_fn on_error; /* NULL: nobody is told */
	void *user;
	const char *interface; /* for multicast, by name; NULL: the system chooses */
	uint32_t flags;        /* HK_IPC_DATAGRAM_… */
	uint32_t message_max;  /* bytes made ready for a datagram; 0: 65535 */
	uint32_t hops;         /* routers multicast may pass; 0: 1, this network alone */
	uint32_t receive_buffer; /* bytes the kernel may hold for us; 0: its default */
	uint64_t queue_max;      /* bytes that may wait to leave; 0: 1 MiB */
} hk_ipc_datagram_opts;

/* clang-format off */
#define HK_IPC_DATAGRAM_OPTS_INIT { .size = sizeof(hk_ipc_datagram_opts) }
/* clang-format on */

/*
 * Receive at @url; a multicast address is joined.  Port 0 lets the system choose.
 * Keeps the loop alive.  Owned: release it with hk_ipc_datagram_free().
 * @errors may be NULL; it receives a sentence for a person.
 *
 * Returns 0, HK_EPARSE for a bad URL, -EINVAL, -EADDRINUSE, -EADDRNOTAVAIL, -EACCES,
 * -ENODEV for an interface that is not there, -E2BIG, -EMFILE, -ENOMEM, HK_ECLOSED,
 * -ECHILD, or another errno of the system calls.
 */
HK_API HK_MUST_USE int hk_ipc_datagram_listen(hk_ipc_datagram **out, hk_loop *loop,
    const char *url, const hk_ipc_datagram_opts *opts, hk_error_list *errors);

/*
 * Send to @url, and receive what comes from there alone.  With @url NULL there is no
 * one place: each datagram names its address, and whoever answers is heard.
 * Keeps the loop alive while it receives or something waits to leave.
 * Owned, and returns, as hk_ipc_datagram_listen(); -EINVAL also for port 0 and for *.
 */
HK_API HK_MUST_USE int hk_ipc_datagram_dial(hk_ipc_datagram **out, hk_loop *loop,
    const char *url, const hk_ipc_datagram_opts *opts, hk_error_list *errors);

/* Where it receives, as a URL with the port the system chose.  Borrowed. */
HK_API const char *hk_ipc_datagram_url(const hk_ipc_datagram *datagram);

/*
 * Send @length bytes to @to, or where it was dialed to if that is NULL.  Copied if it
 * has to wait.  @fn, which may be NULL, tells what became of it.
 *
 * Returns 0, -EAGAIN when as much as queue_max waits, -EMSGSIZE beyond
 * HK_IPC_DATAGRAM_MAX, or beyond HK_IPC_DATAGRAM_SAFE to another machine without
 * HK_IPC_DATAGRAM_LARGE, -EDESTADDRREQ without an address, -EISCONN with one other than
 * it was dialed to, -EAFNOSUPPORT, -ENOMEM, HK_ECLOSED, -ECHILD; without @fn also what
 * the kernel says at once.
 */
HK_API HK_MUST_USE int hk_ipc_datagram_send(hk_ipc_datagram *datagram,
    const hk_ipc_address *to, const void *data, size_t length, hk_ipc_datagram_sent_fn fn,
    void *user);

typedef struct hk_ipc_datagram_stats {
	size_t size;        /* set by the caller: sizeof(hk_ipc_datagram_stats) */
	uint64_t received;  /* given to on_message */
	uint64_t truncated; /* of them, with a part lost */
	uint64_t dropped;   /* by the kernel, for want of room */
	uint64_t sent;      /* taken by the kernel */
	uint64_t failed;    /* refused by it */
	uint64_t queued;    /* now */
} hk_ipc_datagram_stats;

/* Returns 0 or -EINVAL. */
HK_API HK_MUST_USE int hk_ipc_datagram_stats_read(
    const hk_ipc_datagram *datagram, hk_ipc_datagram_stats *out);

/* Close; what waits is dropped, silently.  NULL is fine. */
HK_API void hk_ipc_datagram_free(hk_ipc_datagram *datagram);

HK_END

#endif /* HOSTKIT_IPC_DATAGRAM_H */
