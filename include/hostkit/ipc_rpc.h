#ifndef HOSTKIT_IPC_RPC_H
#define HOSTKIT_IPC_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/error.h>
#include <hostkit/ipc.h>
#include <hostkit/json.h>
#include <hostkit/loop.h>

HK_BEGIN

/*
 * Calls: JSON-RPC 2.0 over a connection
 *
 * Both ends of a conversation may call the other: a server offers methods, and so
 * may whoever dialed it.  Any number of calls are under way at once and are
 * answered in any order; each of ours ends exactly once, with its result, the
 * other side's error, its deadline, our cancel, or the end of the connection.
 *
 * On the wire it is one JSON object a message, so that a shell script or socat can
 * take part.  Two things are added to the standard: a call may carry `deadline_ms`,
 * what its caller is ready to wait, and a caller that has stopped waiting says so
 * with the notification "rpc.cancel" and params {"id": …}.
 *
 * Texts of JSON that are given to these functions are the caller's word: they are
 * not checked, except that line feeds between tokens become blanks.
 *
 * Threads: everything belongs to the thread of the loop, and is called there alone.
 * Another thread asks it to by hk_loop_post(), as docs/api/ipc.md shows.
 */
typedef struct hk_ipc_methods hk_ipc_methods;       /* what is offered */
typedef struct hk_ipc_rpc hk_ipc_rpc;               /* a conversation */
typedef struct hk_ipc_rpc_server hk_ipc_rpc_server; /* where conversations begin */
typedef struct hk_ipc_request hk_ipc_request;       /* a call of theirs */
typedef struct hk_ipc_call hk_ipc_call;             /* a call of ours */

/* Codes of errors that go over the wire: those of the standard, and ours. */
enum {
	HK_IPC_ERROR_PARSE = -32700,
	HK_IPC_ERROR_REQUEST = -32600,
	HK_IPC_ERROR_METHOD = -32601,
	HK_IPC_ERROR_PARAMS = -32602,
	HK_IPC_ERROR_INTERNAL = -32603,
	HK_IPC_ERROR_TIMEOUT = -32000,    /* not done before the caller's deadline */
	HK_IPC_ERROR_OVERLOAD = -32001,   /* too many calls at once */
	HK_IPC_ERROR_PERMISSION = -32002, /* the caller may not */
	HK_IPC_ERROR_GONE = -32003        /* whoever was to do it has left */
};

/* Messages of one batch; a larger one is refused. */
#define HK_IPC_BATCH_MAX 1000
/* Levels of arrays and objects in a message. */
#define HK_IPC_DEPTH_MAX 64
/* Bytes of a method's name. */
#define HK_IPC_METHOD_MAX 255

/* ---- methods ---- */

/*
 * Somebody calls.  @request is Owned: answer it with one of the functions below, now
 * or at any time later, or release it.  @params is Borrowed until this returns; NULL
 * if there are none.
 */
typedef void (*hk_ipc_method_fn)(
    hk_ipc_request *request, const hk_json *params, void *user);

/* Owned: release it with hk_ipc_methods_free() after the conversations that offer it.
 * Returns 0 or -ENOMEM. */
HK_API HK_MUST_USE int hk_ipc_methods_new(hk_ipc_methods **out);
HK_API void hk_ipc_methods_free(hk_ipc_methods *methods);

/*
 * Offer @name, which is Copied; NULL stands for every method that has no handler of
 * its own.  Names that begin with "rpc." belong to the protocol.
 * Returns 0, -EINVAL (also for a name beyond HK_IPC_METHOD_MAX), -EEXIST or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_ipc_methods_add(
    hk_ipc_methods *methods, const char *name, hk_ipc_method_fn fn, void *user);

/* Do not offer it any more.  Returns 0 or -ENOENT. */
HK_API HK_MUST_USE int hk_ipc_methods_remove(hk_ipc_methods *methods, const char *name);

/* ---- conversations ---- */

typedef void (*hk_ipc_rpc_fn)(hk_ipc_rpc *rpc, void *user);
typedef void (*hk_ipc_rpc_close_fn)(hk_ipc_rpc *rpc, int reason, void *user);

typedef struct hk_ipc_rpc_opts {
	size_t size; /* set by HK_IPC_RPC_OPTS_INIT */
	/* what we offer; Borrowed until the conversation or server is freed.  NULL:
	 * nothing */
	hk_ipc_methods *methods;
	/* The connection stands; with reconnect, again each time. */
	hk_ipc_rpc_fn on_connect;
	/* reconnect: it was lost for @reason, or could not be made; it is tried again. */
	hk_ipc_rpc_close_fn on_retry;
	/* After -EAGAIN there is room again. */
	hk_ipc_rpc_fn on_drain;
	/* It is over, exactly once; reasons as for on_close of a connection.  Calls of ours
	 * have ended before.  An accepted one is gone when this returns. */
	hk_ipc_rpc_close_fn on_close;
	void *user;
	/* Limits and times of the connection; NULL: their defaults.  Copied.  Its callbacks
	 * and its user are ours: they must be NULL, and overflow and framing NONE are not
	 * accepted.  stall_timeout_ns is 30 s if it is 0. */
	const hk_ipc_opts *connection;
	/* Calls of theirs that may wait for an answer; more get HK_IPC_ERROR_OVERLOAD.
	 * 0: 16384 */
	uint32_t requests_max;
	uint32_t reserved; /* zero */
} hk_ipc_rpc_opts;

/* clang-format off */
#define HK_IPC_RPC_OPTS_INIT { .size = sizeof(hk_ipc_rpc_opts) }
/* clang-format on */

/*
 * Listen at @url.  Each conversation is Borrowed from the server and told by
 * on_connect.  Owned: release it with hk_ipc_rpc_server_free().
 * Returns as hk_ipc_listen().
 */
HK_API HK_MUST_USE int hk_ipc_rpc_listen(hk_ipc_rpc_server **out, hk_loop *loop,
    const char *url, const hk_ipc_rpc_opts *opts, hk_error_list *errors);

/* The connections' side of it: its URL, its counts, draining.  Borrowed.  NULL after
 * hk_ipc_cleanup(). */
HK_API hk_ipc_server *hk_ipc_rpc_server_get(const hk_ipc_rpc_server *server);

/* Close everything at once, silently.  NULL is fine. */
HK_API void hk_ipc_rpc_server_free(hk_ipc_rpc_server *server);

/*
 * Dial @url.  Calls may be made at once: what is sent before the connection stands
 * waits for it.  With connection->reconnect it is made again when it is lost.
 * Owned: release it with hk_ipc_rpc_free().
 * Returns as hk_ipc_dial().
 */
HK_API HK_MUST_USE int hk_ipc_rpc_dial(hk_ipc_rpc **out, hk_loop *loop, const char *url,
    const hk_ipc_rpc_opts *opts, hk_error_list *errors);

/* The same over a connected stream socket or pipe, which is Taken on success.
 * Returns as hk_ipc_adopt(). */
HK_API HK_MUST_USE int hk_ipc_rpc_adopt(
    hk_ipc_rpc **out, hk_loop *loop, int fd, const hk_ipc_rpc_opts *opts);

/* Let what is queued leave, at most until @limit_ns from now, then close: calls that
 * have no answer by then end with -ECONNRESET, and on_close runs.  NULL is fine. */
HK_API void hk_ipc_rpc_close(hk_ipc_rpc *rpc, uint64_t limit_ns);

/*
 * Close at once, silently: no callback of it or of its calls runs any more, and their
 * handles are inert.  Requests that were not answered stay with their owners, who
 * learn of it when they answer.  Legal for accepted ones and in any callback.  NULL is
 * fine.
 */
HK_API void hk_ipc_rpc_free(hk_ipc_rpc *rpc);

/* The connection below: to ask it for its peer or its statistics; its data pointer is
 * ours.  Borrowed.  NULL once it is over. */
HK_API hk_ipc *hk_ipc_rpc_connection(const hk_ipc_rpc *rpc);

/* A pointer of yours that hangs on the conversation, NULL at first. */
HK_API void hk_ipc_rpc_set_data(hk_ipc_rpc *rpc, void *data);
HK_API void *hk_ipc_rpc_get_data(const hk_ipc_rpc *rpc);

typedef struct hk_ipc_rpc_stats {
	size_t size;               /* set by the caller: sizeof(hk_ipc_rpc_stats) */
	uint64_t calls;            /* of ours, ever: the sum of the next seven */
	uint64_t calls_answered;   /* with a result */
	uint64_t calls_failed;     /* with an error of the other side */
	uint64_t calls_timed_out;  /* at their deadline */
	uint64_t calls_cancelled;  /* by us */
	uint64_t calls_reset;      /* by the end of the connection */
	uint64_t calls_freed;      /* by us, silently */
	uint64_t calls_pending;    /* now */
	uint64_t answers_late;     /* to calls that had ended, or that never were */
	uint64_t requests;         /* calls of theirs, notifications included */
	uint64_t requests_pending; /* now, without an answer */
	uint64_t refused;          /* of them, with HK_IPC_ERROR_OVERLOAD */
	uint64_t invalid;          /* messages that were none */
	uint64_t dropped;          /* publications a slow subscriber did not get */
} hk_ipc_rpc_stats;

/* Returns 0 or -EINVAL. */
HK_API HK_MUST_USE int hk_ipc_rpc_stats_read(
    const hk_ipc_rpc *rpc, hk_ipc_rpc_stats *out);

/* ---- calling ---- */

/* How a call of ours ended.  Everything is Borrowed until the callback returns. */
typedef struct hk_ipc_reply {
	/* 0: there is a result.  -EREMOTEIO: the other side answered with an error.
	 * -ETIMEDOUT, -ECANCELED, -ECONNRESET: nobody knows whether it was done.  Or why no
	 * connection could be made, such as -ECONNREFUSED. */
	int status;
	int reserved;
	int64_t error_code;        /* of -EREMOTEIO */
	const char *error_text;    /* of -EREMOTEIO, else NULL */
	const hk_json *error_data; /* of -EREMOTEIO, may be NULL */
	const hk_json *result;     /* of 0, else NULL */
} hk_ipc_reply;

typedef void (*hk_ipc_reply_fn)(hk_ipc_call *call, const hk_ipc_reply *reply, void *user);

/* How long a call waits if nothing else is said. */
#define HK_IPC_CALL_TIMEOUT_DEFAULT_NS UINT64_C(30000000000)

typedef struct hk_ipc_call_opts {
	size_t size;                 /* set by HK_IPC_CALL_OPTS_INIT */
	const char *method;          /* required */
	const char *params;          /* JSON text of an array or object; NULL: none */
	const hk_json *params_value; /* or this, instead of params */
	/* the other side learns of it too; 0: HK_IPC_CALL_TIMEOUT_DEFAULT_NS, UINT64_MAX:
	 * never */
	uint64_t timeout_ns;
	hk_ipc_reply_fn fn; /* required */
	void *user;
} hk_ipc_call_opts;

/* clang-format off */
#define HK_IPC_CALL_OPTS_INIT { .size = sizeof(hk_ipc_call_opts) }
/* clang-format on */

/*
 * Call a method of the other side.  Everything is Copied.  @out may be NULL; otherwise
 * Owned: release it with hk_ipc_call_free().
 *
 * Returns 0, -EINVAL, -EMSGSIZE beyond message_max_bytes, -EAGAIN when as much as the
 * connection's high-water mark waits to leave, -EPIPE when the conversation is over,
 * -E2BIG, -ENOMEM, HK_ECLOSED or -ECHILD.
 */
HK_API HK_MUST_USE int hk_ipc_call_start(
    hk_ipc_call **out, hk_ipc_rpc *rpc, const hk_ipc_call_opts *opts);

/* The common case: the default timeout and no handle.  Returns as hk_ipc_call_start(). */
HK_API HK_MUST_USE int hk_ipc_call_method(hk_ipc_rpc *rpc, const char *method,
    const char *params, hk_ipc_reply_fn fn, void *user);

/* End it with -ECANCELED, later, and tell the other side.  Does nothing to a call that
 * has ended.  NULL is fine. */
HK_API void hk_ipc_call_cancel(hk_ipc_call *call);

/* Release it; if it is under way, silently, and the other side is told.  NULL is fine. */
HK_API void hk_ipc_call_free(hk_ipc_call *call);

/* Say something that is not answered.  Returns as hk_ipc_call_start(). */
HK_API HK_MUST_USE int hk_ipc_notify(
    hk_ipc_rpc *rpc, const char *method, const char *params);
HK_API HK_MUST_USE int hk_ipc_notify_value(
    hk_ipc_rpc *rpc, const char *method, const hk_json *params);

/* ---- calling without a loop ---- */

typedef struct hk_ipc_answer {
	int status; /* as in hk_ipc_reply */
	int reserved;
	int64_t error_code;
	char *error_text; /* NULL unless status is -EREMOTEIO */
	char *json;       /* the result, or the error's data; NULL if there is none */
} hk_ipc_answer;

/*
 * Dial @url, call, wait and close.  @out is zeroed and filled in; release what it holds
 * with hk_ipc_answer_release() after success.
 * Returns 0 when the call was made, whatever its status, or as hk_ipc_dial() and
 * hk_ipc_call_start().  @errors may be NULL.  Any thread.
 */
HK_API HK_MUST_USE int hk_ipc_call_blocking(hk_ipc_answer *out, const char *url,
    const char *method, const char *params, uint64_t timeout_ns, hk_error_list *errors);
HK_API void hk_ipc_answer_release(hk_ipc_answer *answer);

/* ---- being called ---- */

/* Borrowed until the request is answered or freed. */
HK_API const char *hk_ipc_request_method(const hk_ipc_request *request);

/* Who calls; NULL once they have gone. */
HK_API hk_ipc_rpc *hk_ipc_request_rpc(const hk_ipc_request *request);

/* Is no answer wanted?  Then answering only releases it. */
HK_API bool hk_ipc_request_is_notification(const hk_ipc_request *request);

/* How long the caller still waits; 0 when that is over, UINT64_MAX if it did not say. */
HK_API uint64_t hk_ipc_request_left_ns(const hk_ipc_request *request);

/*
 * Have @fn called once if the caller cancels, or leaves.  The request stays yours: release
 * it, or answer it for nobody.
 */
typedef void (*hk_ipc_request_fn)(hk_ipc_request *request, void *user);
HK_API void hk_ipc_request_on_cancel(
    hk_ipc_request *request, hk_ipc_request_fn fn, void *user);

/*
 * Answer with a result: JSON text, or with _value a part of a document; NULL is null.
 * The request is Taken in any case.
 *
 * Returns 0, -ECONNRESET when the caller has left, -ECANCELED when it has cancelled,
 * -EMSGSIZE when the answer is larger than a message may be (the caller gets an error
 * instead), -ENOBUFS when it reads so little that its connection ends, -ENOMEM,
 * HK_ECLOSED or -ECHILD.
 */
HK_API int hk_ipc_request_reply(hk_ipc_request *request, const char *result);
HK_API int hk_ipc_request_reply_value(hk_ipc_request *request, const hk_json *result);

/* Answer with an error.  @data is JSON text or NULL.  Otherwise as above. */
HK_API int hk_ipc_request_fail(
    hk_ipc_request *request, int64_t code, const char *text, const char *data);
HK_API int hk_ipc_request_fail_value(
    hk_ipc_request *request, int64_t code, const char *text, const hk_json *data);

/* Release it; a caller that still waits gets HK_IPC_ERROR_INTERNAL.  NULL is fine. */
HK_API void hk_ipc_request_free(hk_ipc_request *request);

HK_END

#endif /* HOSTKIT_IPC_RPC_H */
