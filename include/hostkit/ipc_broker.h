#ifndef HOSTKIT_IPC_BROKER_H
#define HOSTKIT_IPC_BROKER_H

#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/error.h>
#include <hostkit/ipc.h>
#include <hostkit/ipc_rpc.h>
#include <hostkit/loop.h>

HK_BEGIN

/*
 * A broker: the place in the middle
 *
 * Programs dial it and find each other by names alone: subscribers by subjects
 * (ipc_pubsub.h), services by methods.  A call that the broker does not serve itself
 * goes to one of those who registered its method, and the answer comes back; deadline
 * and cancel go along.
 *
 * Nothing is stored: who is not there does not get it.  What a peer can make the
 * broker keep is bounded, and a peer that does not read harms itself alone.
 *
 * Its methods: "pub", "sub", "unsub", "register", "unregister", "tap", "untap" and
 * "broker.stats".  `hostkit ipc serve` is this and nothing else.
 *
 * Threads: everything belongs to the thread of the loop, and is called there alone.
 * Another thread asks it to by hk_loop_post(), as docs/api/ipc.md shows.
 */
typedef struct hk_ipc_broker hk_ipc_broker;

/* What happens to news for a subscriber whose connection is at its high-water mark. */
enum {
	HK_IPC_SLOW_DROP_NEWEST, /* it does not get this one */
	HK_IPC_SLOW_DROP_OLDEST, /* what waits longest gives way */
	HK_IPC_SLOW_DISCONNECT   /* its connection ends */
};

typedef struct hk_ipc_broker_opts {
	size_t size; /* set by HK_IPC_BROKER_OPTS_INIT */
	/* limits and times of the connections; NULL: their defaults.  As in
	 * hk_ipc_rpc_opts */
	const hk_ipc_opts *connection;
	uint32_t slow;              /* HK_IPC_SLOW_… */
	uint32_t subscriptions_max; /* of a connection; 0: 1024 */
	uint32_t methods_max;       /* registered by a connection; 0: 256 */
	uint32_t requests_max;      /* under way for a connection; 0: 16384 */
} hk_ipc_broker_opts;

/* clang-format off */
#define HK_IPC_BROKER_OPTS_INIT { .size = sizeof(hk_ipc_broker_opts) }
/* clang-format on */

/* Listen at @url.  Owned: release it with hk_ipc_broker_free().
 * Returns as hk_ipc_listen(). */
HK_API HK_MUST_USE int hk_ipc_broker_listen(hk_ipc_broker **out, hk_loop *loop,
    const char *url, const hk_ipc_broker_opts *opts, hk_error_list *errors);

/* The connections' side of it: its URL, its counts, draining.  Borrowed.  NULL after
 * hk_ipc_cleanup(). */
HK_API hk_ipc_server *hk_ipc_broker_server(const hk_ipc_broker *broker);

/* What the program around it offers itself; they come before those that connections
 * register.  Borrowed. */
HK_API hk_ipc_methods *hk_ipc_broker_methods(const hk_ipc_broker *broker);

/*
 * Publish from inside, JSON text; NULL is null.
 * Returns how many subscribers it was for, -EINVAL or -ENAMETOOLONG for a bad subject,
 * -EMSGSIZE or -ENOMEM.
 */
HK_API int hk_ipc_broker_publish(
    hk_ipc_broker *broker, const char *subject, const char *data);

typedef struct hk_ipc_broker_stats {
	size_t size;            /* set by the caller: sizeof(hk_ipc_broker_stats) */
	uint64_t connections;   /* now */
	uint64_t subscriptions; /* now */
	uint64_t methods;       /* now: registrations */
	uint64_t published;     /* ever */
	uint64_t delivered;     /* ever, a subscriber each; sent, or waiting to be */
	uint64_t dropped;       /* ever, for subscribers that were slow */
	uint64_t disconnected;  /* subscribers, for the same reason */
	uint64_t calls;         /* ever, passed on */
	uint64_t calls_unknown; /* ever: nobody offered the method */
	uint64_t queued_bytes;  /* now: what waits to leave, for all connections */
	/* ever: as in hk_ipc_server_stats.  What was lost for it is in `dropped` and
	 * `disconnected` */
	uint64_t total_overflows;
} hk_ipc_broker_stats;

/* Returns 0 or -EINVAL. */
HK_API HK_MUST_USE int hk_ipc_broker_stats_read(
    const hk_ipc_broker *broker, hk_ipc_broker_stats *out);

/* Close everything at once, silently.  NULL is fine. */
HK_API void hk_ipc_broker_free(hk_ipc_broker *broker);

HK_END

#endif /* HOSTKIT_IPC_BROKER_H */
