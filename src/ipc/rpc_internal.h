#ifndef HKI_IPC_RPC_INTERNAL_H
#define HKI_IPC_RPC_INTERNAL_H

#include <hostkit/ipc_rpc.h>
#include "base/buffer.h"
#include "base/list.h"
#include "base/map.h"
#include "ipc/ipc_internal.h"
#include "ipc/rpc_message.h"
#include "loop/loop_internal.h"

/*
 * The inside of conversations: one object for each, and what hangs on it.
 *
 *     on_message -> rpc_dispatch.c -> request.c (theirs), call.c (ours)
 *     call.c, request.c -> rpc_send.c -> hk_ipc_send()
 */

/* What the conversations of a server share, because none of them is ever in the middle
 * of a message while another is: the document that is read, the text that is written. */
typedef struct hki_rpc_shared {
	size_t references;
	hk_json_document *document;
	hk_json_writer *writer;
} hki_rpc_shared;

int hki_rpc_shared_new(hki_rpc_shared **out); /* 0 or -ENOMEM */
hki_rpc_shared *hki_rpc_shared_ref(hki_rpc_shared *shared);
void hki_rpc_shared_unref(hki_rpc_shared *shared); /* NULL is fine */

/* A message that could not be given to the connection yet. */
typedef enum hki_rpc_sort {
	HKI_RPC_CALL,   /* leaves with its call */
	HKI_RPC_NOTICE, /* ours; survives a lost connection */
	HKI_RPC_ANSWER, /* must not be lost while the connection stands */
	HKI_RPC_NEWS,   /* a publication: may be dropped, oldest first */
	HKI_RPC_TAPPED  /* what a tap sees: the same */
} hki_rpc_sort;

typedef struct hki_rpc_waiting {
	hki_list link;
	struct hk_ipc_call *call; /* whose it is, or NULL */
	hki_rpc_sort sort;
	size_t length;
	char text[];
} hki_rpc_waiting;

typedef struct hki_rpc_counts {
	uint64_t calls;
	uint64_t answered;
	uint64_t failed;
	uint64_t timed_out;
	uint64_t cancelled;
	uint64_t reset;
	uint64_t freed;
	uint64_t late;
	uint64_t requests;
	uint64_t refused;
	uint64_t invalid;
	uint64_t dropped;
	uint64_t withdrawn; /* of those: news that had been taken, and waited */
} hki_rpc_counts;

/* What hangs on a conversation and wants to know what becomes of it: the subscriptions of
 * a client, the broker's side of a connection. */
typedef struct hki_rpc_guest {
	/* The connection stands (again): say what must be said before anything else. */
	void (*on_connect)(struct hki_rpc_guest *guest);
	/* A notification came that is not for a handler.  True: it was for the guest. */
	bool (*on_notice)(struct hki_rpc_guest *guest, const hki_rpc_message *message);
	/* It is lost, and comes again. */
	void (*on_lost)(struct hki_rpc_guest *guest);
	/* The conversation is over or freed: let go of it. */
	void (*on_gone)(struct hki_rpc_guest *guest);
	/* Does somebody at the other end, who says nothing any more, still listen? */
	bool (*on_wanted)(struct hki_rpc_guest *guest);
} hki_rpc_guest;

struct hk_ipc_rpc {
	hki_list link; /* in its server */
	hk_ipc *ipc;   /* NULL: it is over */
	hk_loop *loop;
	hki_rpc_shared *shared;
	hk_ipc_methods *methods;
	hk_ipc_rpc_server *server; /* NULL: not accepted */
	hki_rpc_guest *guest;
	hk_ipc_rpc_fn on_connect;
	hk_ipc_rpc_close_fn on_retry;
	hk_ipc_rpc_close_fn on_close;
	hk_ipc_rpc_fn on_drain;
	void *user;
	void *data;

	bool connected; /* bytes flow */
	bool ended;     /* the peer says nothing any more */
	bool closing;   /* hk_ipc_rpc_close() was called */
	bool over;      /* on_close has run, or is running */
	bool paused;    /* we do not read: what we have to say is not read either */
	bool thirsty;   /* somebody got -EAGAIN and waits for on_drain */
	bool keep_news; /* publications wait for a slow reader, the oldest give way */
	bool freed; /* nobody calls back any more; the memory goes at the turn's end */

	/* ours */
	uint64_t call_id; /* of the last one */
	hki_map calls;    /* by id: those that an answer may still end */
	hki_list pending; /* those that have not ended */
	hki_list ending;  /* while the connection's end is told to them */

	/* theirs */
	hki_list requests;
	hki_map requests_by_id; /* by the hash of their id */
	uint64_t id_key[2];
	uint32_t requests_count;
	uint32_t requests_max;

	/* on their way out */
	hki_list first;   /* before everything else */
	hki_list waiting; /* in this order */
	size_t waiting_bytes;
	size_t queue_max;   /* the connection's high-water mark */
	size_t message_max; /* the connection's largest message */

	hk_timer *retire; /* its server drains and it owes answers; else NULL */
	uint64_t retire_by_ns;

	hki_rpc_counts counts;
	hki_loop_member member;
	hki_ipc_upper upper; /* unless it is its server's */
	hki_loop_deferred deferred;
};

struct hk_ipc_call {
	hki_list link;
	hk_ipc_rpc *rpc; /* NULL: it has ended, or is inert */
	uint64_t id;
	hk_ipc_reply_fn fn;
	void *user;
	hk_timer *timer; /* the deadline, or at once after a cancel */
	hki_rpc_waiting *waiting;
	bool owned;  /* somebody holds the handle */
	bool told;   /* its callback is running */
	bool cancel; /* asked for */
	bool freed;  /* inside its callback */
};

/* Several requests that are answered together. */
typedef struct hki_rpc_batch {
	size_t left;   /* requests without an answer; and one while it is being read */
	hki_list link; /* in no list: only its rpc's fate matters */
	hk_ipc_rpc *rpc;
	hki_buffer text; /* "[answer,answer" */
} hki_rpc_batch;

struct hk_ipc_request {
	hki_list link;
	hk_ipc_rpc *rpc; /* NULL: they have gone */
	hki_rpc_batch *batch;
	hk_ipc_request_fn on_cancel;
	void *user;
	uint64_t deadline_ns; /* UINT64_MAX: none */
	uint64_t id_hash;
	bool notification;
	bool cancelled;
	const char *id; /* its JSON text, behind the name */
	size_t id_length;
	char method[];
};

/* ---- rpc.c ---- */

/* 0, HK_ECLOSED, -ECHILD, or -EPIPE when it is over. */
int hki_rpc_usable(const hk_ipc_rpc *rpc);

/* A conversation over @ipc, Taken on success. */
int hki_rpc_new(hk_ipc_rpc **out, hk_loop *loop, const hk_ipc_rpc_opts *opts,
    const hk_ipc_opts *connection, hki_rpc_shared *shared);

/* Options as given, checked, and those of the connection with our callbacks. */
int hki_rpc_opts_read(
    hk_ipc_rpc_opts *out, hk_ipc_opts *connection, const hk_ipc_rpc_opts *given);

void hki_rpc_attach(hk_ipc_rpc *rpc, hk_ipc *ipc);

/* Nothing more is waited for here, and the peer has ended: close in order. */
void hki_rpc_close_if_done(hk_ipc_rpc *rpc);

/* ---- rpc_retire.c ---- */

/* The server of @ipc drains: close it as soon as what was asked is answered. */
void hki_rpc_retire(hk_ipc *ipc, uint64_t limit_ns);
/* Something that was owed is answered, or has left. */
void hki_rpc_retire_step(hk_ipc_rpc *rpc);

/* ---- rpc_dispatch.c ---- */

void hki_rpc_receive(hk_ipc_rpc *rpc, const void *bytes, size_t length);

/* ---- rpc_send.c ---- */

/*
 * Send what stands in the shared writer.  Returns as hk_ipc_call_start(), and for answers
 * -ENOBUFS when the connection ends for them.  1: news that were dropped.
 */
int hki_rpc_send(hk_ipc_rpc *rpc, hki_rpc_sort sort, hk_ipc_call *call);
/* The same for a text, which is Copied. */
int hki_rpc_send_text(hk_ipc_rpc *rpc, hki_rpc_sort sort, hk_ipc_call *call,
    const char *text, size_t length);
/* Before everything that waits; for guests, in on_connect.  0 or -ENOMEM. */
int hki_rpc_send_first(hk_ipc_rpc *rpc, hk_ipc_call *call);
void hki_rpc_flush_waiting(hk_ipc_rpc *rpc);
void hki_rpc_drained(hk_ipc_rpc *rpc);
void hki_rpc_waiting_free(hk_ipc_rpc *rpc, hki_rpc_waiting *waiting);
/* What the lost connection did not get and the next one shall: notices, before all that
 * waits already. */
void hki_rpc_waiting_take_back(hk_ipc_rpc *rpc);
/* What the lost connection cannot be told any more. */
void hki_rpc_waiting_lost(hk_ipc_rpc *rpc);
void hki_rpc_waiting_free_all(hk_ipc_rpc *rpc);

/* ---- call.c ---- */

void hki_call_answered(hk_ipc_rpc *rpc, const hki_rpc_message *message);
/* End every call with @status, telling each. */
void hki_calls_reset(hk_ipc_rpc *rpc, int status);
void hki_calls_silence(hk_ipc_rpc *rpc);
/* As hk_ipc_call_start(), before everything that waits. */
int hki_call_start_first(
    hk_ipc_call **out, hk_ipc_rpc *rpc, const hk_ipc_call_opts *opts);

/* ---- request.c ---- */

/* A call of theirs: to its handler. */
void hki_request_arrived(
    hk_ipc_rpc *rpc, hki_rpc_batch *batch, const hki_rpc_message *message);
void hki_request_cancelled(hk_ipc_rpc *rpc, const hk_json *id);
/* They have gone: every request is told, and keeps its owner. */
void hki_requests_orphan(hk_ipc_rpc *rpc, bool tell);
/* Answer a message that was none.  @id may be NULL. */
void hki_rpc_answer_invalid(
    hk_ipc_rpc *rpc, hki_rpc_batch *batch, const hki_rpc_message *message);

/* ---- batch.c ---- */

int hki_batch_new(hki_rpc_batch **out, hk_ipc_rpc *rpc);
/* Append what stands in the shared writer.  0, or -EMSGSIZE, -ENOMEM. */
int hki_batch_append(hki_rpc_batch *batch, const char *text, size_t length);
/* One thing less is waited for; the last one sends it. */
void hki_batch_done(hki_rpc_batch *batch);

/* ---- methods.c ---- */

typedef struct hki_method {
	hk_ipc_method_fn fn;
	void *user;
} hki_method;

/* The handler of @name, or the one for all others, or NULL. */
const hki_method *hki_method_find(const hk_ipc_methods *methods, const char *name);

#endif /* HKI_IPC_RPC_INTERNAL_H */
