#ifndef HOSTKIT_IPC_PUBSUB_H
#define HOSTKIT_IPC_PUBSUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/ipc_rpc.h>
#include <hostkit/json.h>

HK_BEGIN

/*
 * Publish and subscribe, through a broker
 *
 * Whoever has news publishes it under a subject such as "cpu.0.load"; whoever wants
 * to hear subscribes to a pattern such as "cpu.*.load" or "cpu.>".  Neither knows of
 * the other: both dial a broker (ipc_broker.h, `hostkit ipc serve`).
 *
 * News reaches a subscription in the order in which the broker got it, and at most
 * once.  What a slow subscriber did not get is counted and told: the broker numbers
 * what it has for a subscription, and a number that is missing is a gap.
 *
 * On the wire these are calls and notifications of JSON-RPC:
 *     {"jsonrpc":"2.0","id":1,"method":"sub","params":{"topic":PATTERN,"sub":1}}
 *     {"jsonrpc":"2.0","method":"pub","params":{"topic":SUBJECT,"data":…}}
 *     {"jsonrpc":"2.0","method":"unsub","params":{"sub":1}}
 * and what the broker sends carries "sub" and "seq" too.
 *
 * Threads: everything belongs to the thread of the loop, but for the functions on
 * subjects, which any thread may call.
 * Another thread publishes by hk_loop_post(), as docs/api/ipc.md shows.
 */
typedef struct hk_ipc_subscription hk_ipc_subscription;

/* ---- subjects ---- */

/* Bytes and tokens of a subject or pattern: a name for people and logs, not a path. */
#define HK_IPC_SUBJECT_MAX        255
#define HK_IPC_SUBJECT_TOKENS_MAX 32

/*
 * Is this a subject: tokens between dots, none of them empty, UTF-8 without white
 * space, control characters, "*" or ">"?
 * Returns 0, -EINVAL, or -ENAMETOOLONG beyond the limits above.
 */
HK_API HK_MUST_USE int hk_ipc_subject_check(const char *subject);

/* The same for a pattern, where a token may be "*" and the last one ">". */
HK_API HK_MUST_USE int hk_ipc_pattern_check(const char *pattern);

/*
 * Does @pattern match @subject?  "*" stands for exactly one token, ">" for one or
 * more.  False too if either is not well formed.
 */
HK_API HK_MUST_USE bool hk_ipc_subject_matches(const char *pattern, const char *subject);

/* ---- publishing ---- */

/*
 * Publish @data, JSON text or with _value a part of a document, under @subject.  NULL
 * is null.  While there is no connection it waits, up to the high-water mark, and
 * leaves after the subscriptions are restored.
 *
 * That it left is not known here; a call of the method "pub" with params
 * {"topic": …, "data": …} is answered with {"subscribers": N} instead.
 *
 * Returns 0, -EINVAL or -ENAMETOOLONG for a bad subject, or as hk_ipc_notify().
 */
HK_API HK_MUST_USE int hk_ipc_publish(
    hk_ipc_rpc *rpc, const char *subject, const char *data);
HK_API HK_MUST_USE int hk_ipc_publish_value(
    hk_ipc_rpc *rpc, const char *subject, const hk_json *data);

/* ---- subscribing ---- */

/* Something was published.  Everything is Borrowed until the callback returns. */
typedef struct hk_ipc_news {
	const char *subject;
	const hk_json *data; /* never NULL */
	uint64_t seq;        /* of this subscription, from 1, since it was last made */
} hk_ipc_news;

typedef void (*hk_ipc_news_fn)(
    hk_ipc_subscription *subscription, const hk_ipc_news *news, void *user);

/* How many are missing cannot be known: the connection was lost for a while. */
#define HK_IPC_MISSED_UNKNOWN UINT64_MAX

/* @missed were published and will not come; the next news follows. */
typedef void (*hk_ipc_gap_fn)(
    hk_ipc_subscription *subscription, uint64_t missed, void *user);

/*
 * 0: the broker has the subscription, each time it was made.  -EREMOTEIO: it refused,
 * @text says why.  Another code: the conversation is over.  After a negative one nothing
 * comes any more.
 */
typedef void (*hk_ipc_subscription_fn)(
    hk_ipc_subscription *subscription, int status, const char *text, void *user);

typedef struct hk_ipc_subscribe_opts {
	size_t size;            /* set by HK_IPC_SUBSCRIBE_OPTS_INIT */
	const char *pattern;    /* required */
	const char *queue;      /* a name: each news goes to one of those who give it */
	hk_ipc_news_fn on_news; /* required */
	hk_ipc_gap_fn on_gap;   /* NULL: nobody is told */
	hk_ipc_subscription_fn on_status; /* NULL: nobody is told */
	void *user;
} hk_ipc_subscribe_opts;

/* clang-format off */
#define HK_IPC_SUBSCRIBE_OPTS_INIT { .size = sizeof(hk_ipc_subscribe_opts) }
/* clang-format on */

/*
 * Subscribe.  Everything is Copied.  When the connection is lost and comes again, so
 * does the subscription, before anything that was published meanwhile leaves.
 * Owned: release it with hk_ipc_subscription_free().
 *
 * Returns 0, -EINVAL or -ENAMETOOLONG for a bad pattern or queue (a queue is one
 * token), -E2BIG, or as hk_ipc_call_start().
 */
HK_API HK_MUST_USE int hk_ipc_subscribe(
    hk_ipc_subscription **out, hk_ipc_rpc *rpc, const hk_ipc_subscribe_opts *opts);

/* Borrowed. */
HK_API const char *hk_ipc_subscription_pattern(const hk_ipc_subscription *subscription);

typedef struct hk_ipc_subscription_stats {
	size_t size;       /* set by the caller: sizeof(hk_ipc_subscription_stats) */
	uint64_t received; /* news */
	uint64_t missed;   /* that are known to be missing */
	uint64_t gaps;     /* that were told, those of unknown size included */
} hk_ipc_subscription_stats;

/* Returns 0 or -EINVAL. */
HK_API HK_MUST_USE int hk_ipc_subscription_stats_read(
    const hk_ipc_subscription *subscription, hk_ipc_subscription_stats *out);

/* Unsubscribe and release.  Legal in its callbacks, and after the conversation was
 * freed.  NULL is fine. */
HK_API void hk_ipc_subscription_free(hk_ipc_subscription *subscription);

/* ---- offering methods through a broker ---- */

/*
 * Tell the broker that calls of @method are for us, and tell it again after the
 * connection was lost.  Several may offer the same: each call goes to the one with the
 * fewest under way.  The handler is the one of that name in the methods of @rpc.
 * @fn, which may be NULL, learns once what the broker says to it.
 * Returns 0, -EEXIST, or as hk_ipc_call_start().
 */
HK_API HK_MUST_USE int hk_ipc_offer(
    hk_ipc_rpc *rpc, const char *method, hk_ipc_reply_fn fn, void *user);

HK_END

#endif /* HOSTKIT_IPC_PUBSUB_H */
