#ifndef HKI_IPC_INTERNAL_H
#define HKI_IPC_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/ipc.h>
#include "base/buffer.h"
#include "base/list.h"
#include "base/random.h"
#include "ipc/frame.h"
#include "ipc/output.h"
#include "ipc/url.h"
#include "loop/loop_internal.h"
#include "loop/offload.h"

/*
 * What the files of this folder share.  Everything is touched by the loop's thread
 * alone, but for senders, which have a lock.
 */

/* One read takes at most this much; a socket of the kernel's default size holds less. */
#define HKI_IPC_READ_MAX ((size_t) 256 * 1024)
/* Output that has gathered to this is written before the turn is over. */
#define HKI_IPC_CORK_MAX ((size_t) 64 * 1024)
/* Blocks of output up to this size are kept for the next connection that has some. */
#define HKI_IPC_SPARE_MAX  ((size_t) 256 * 1024)
#define HKI_IPC_SPARE_KEPT 8
/* The kernel takes 253 descriptors with a message (SCM_MAX_FD). */
#define HKI_IPC_DESCRIPTORS_MAX 253

typedef struct hki_ipc_domain hki_ipc_domain;

/* ---- settings.c: options, copied once for all connections of a server ---- */

typedef struct hki_ipc_settings {
	size_t references;
	hk_ipc_opts opts; /* defaults filled in; allow points behind this struct */
	bool timed;       /* some timeout or heartbeat needs times noted */
	hk_ipc_allow allow[];
} hki_ipc_settings;

/* 0, -EINVAL, -E2BIG or -ENOMEM; @errors may be NULL. */
int hki_ipc_settings_new(
    hki_ipc_settings **out, const hk_ipc_opts *opts, hk_error_list *errors);
hki_ipc_settings *hki_ipc_settings_ref(hki_ipc_settings *settings);
void hki_ipc_settings_unref(hki_ipc_settings *settings);

/* ---- domain.c: what the connections of a loop share ---- */

typedef struct hki_ipc_spare {
	hki_buffer bytes;
	hki_buffer sizes;
} hki_ipc_spare;

struct hki_ipc_domain {
	hki_loop_member member;
	hk_loop *loop;
	hki_list servers;
	hki_list clients;        /* dialed and adopted connections */
	hki_list mailboxes;      /* of senders */
	hki_list uppers;         /* what stands on connections */
	hki_list dirty;          /* connections with output of this turn */
	hki_loop_deferred flush; /* queued while dirty is not empty */
	hk_hook *prepare;        /* flushes before the wait what timers and posts sent */
	char *read_buffer;       /* HKI_IPC_READ_MAX; made with the first read */
	hki_offload *offload;    /* made with the first name to look up */
	hki_random random;       /* for jitter */
	hki_ipc_spare spares[HKI_IPC_SPARE_KEPT];
	size_t spare_count;
};

/* The one of @loop, made when there is none.  0, -EINVAL, -ENOMEM, HK_ECLOSED, -ECHILD. */
int hki_ipc_domain_get(hki_ipc_domain **out, hk_loop *loop);

/* What stands on a connection or server, such as a conversation: hk_ipc_cleanup() calls it
 * before it takes that away.  A zeroed one is in no domain. */
typedef struct hki_ipc_upper {
	hki_list node;
	void (*on_cleanup)(struct hki_ipc_upper *upper);
} hki_ipc_upper;

/* 0 or as hki_ipc_domain_get(). */
int hki_ipc_upper_join(hki_ipc_upper *upper, hk_loop *loop);
void hki_ipc_upper_leave(hki_ipc_upper *upper); /* idempotent */

/* The shared buffer, or NULL. */
char *hki_ipc_domain_read_buffer(hki_ipc_domain *domain);
/* 0, -ENOMEM, -EMFILE … */
int hki_ipc_domain_offload(hki_offload **out, hki_ipc_domain *domain);

/* ---- the connection ---- */

typedef enum hki_ipc_state {
	HKI_IPC_WAITING, /* dialed: there is no connection (yet) */
	HKI_IPC_OPEN,
	HKI_IPC_OVER /* on_close is to come or has been */
} hki_ipc_state;

typedef struct hki_ipc_counts {
	uint64_t messages_received;
	uint64_t bytes_received;
	uint64_t messages_sent;
	uint64_t messages_written;
	uint64_t messages_dropped;
	uint64_t messages_refused;
	uint64_t bytes_written;
	uint64_t reads;
	uint64_t writes;
	uint32_t connects;
	uint32_t heartbeats_received;
	uint32_t descriptors_lost;
} hki_ipc_counts;

/* Descriptors that came with bytes whose message is not whole yet. */
typedef struct hki_ipc_received {
	int *descriptors;
	size_t count;
	bool lost; /* there were more */
} hki_ipc_received;

struct hk_ipc {
	hki_list node;  /* in the server's connections or the domain's clients */
	hki_list dirty; /* in domain->dirty */
	hki_loop_deferred
	    later; /* whatever must not happen inside a call; see on_later() */
	hki_ipc_domain *domain; /* NULL: the loop is gone */
	hk_ipc_server *server;  /* NULL: dialed or adopted */
	hki_ipc_settings *settings;
	struct hki_ipc_dialer *dialer;   /* NULL: not dialed */
	struct hki_ipc_mailbox *mailbox; /* what senders share with us, or NULL */
	hk_watch *watch;
	hk_timer *timer; /* made when something has a deadline */
	void *data;

	int fd;
	int pidfd;
	int reason; /* why it is over, or will be when the output has left */
	int broken; /* what writing or dialing failed with, to be acted upon; 0: nothing */
	uint8_t state;
	uint8_t framing_out;
	uint8_t hello_left; /* bytes of HKI_FRAME_HELLO still to be written */
	uint8_t watched;    /* HK_READABLE | HK_WRITABLE, as the watch has it */

	bool is_socket : 1;
	bool is_unix : 1;
	bool read_only : 1; /* a pipe's end, as the next */
	bool write_only : 1;
	bool told : 1;        /* on_connect of this connection was called */
	bool reading : 1;     /* the peer may still send */
	bool blocked : 1;     /* the kernel takes no more for now */
	bool paused : 1;      /* by hk_ipc_pause() */
	bool ended : 1;       /* by hk_ipc_end(): shut down once the queue is empty */
	bool shut : 1;        /* … which has happened */
	bool closing : 1;     /* by hk_ipc_close() */
	bool refused : 1;     /* a send got -EAGAIN: on_drain is due */
	bool emptying : 1;    /* letters of senders are being sent, also after the end */
	bool dispatching : 1; /* on_message is on the call stack */
	bool freed : 1;

	hki_framer framer;
	hki_buffer rest;        /* received and not handed over */
	hki_ipc_received *came; /* NULL: no descriptors wait */
	hki_output output;
	size_t held;    /* bytes that what stands on us keeps for the peer */
	size_t charged; /* of both, what server->queued_bytes has of us */

	/* Times of the loop, noted only if settings->timed. */
	uint64_t received_ns;
	uint64_t sent_ns;     /* something left, or began to wait */
	uint64_t begun_ns;    /* the unfinished message began; 0: there is none */
	uint64_t close_by_ns; /* closing: when to give up */
	uint64_t timer_ns;    /* what the timer is set for; UINT64_MAX: it is not */
	hki_ipc_counts counts;
};

/* ---- connection.c ---- */

/* A connection without a descriptor, in state WAITING, in no list. */
int hki_ipc_new(hk_ipc **out, hki_ipc_domain *domain, hki_ipc_settings *settings);
/* It has @fd from now on (Taken on success) and stands.  on_connect is called later,
 * or by hki_ipc_tell_connected(). */
int hki_ipc_open(hk_ipc *ipc, int fd);
void hki_ipc_tell_connected(hk_ipc *ipc);
/* Whatever is due for @ipc is done at the end of this turn. */
void hki_ipc_later(hk_ipc *ipc);
/* Writing or dialing failed: hki_ipc_lose() follows, once what has arrived was read. */
void hki_ipc_break(hk_ipc *ipc, int reason);
/* The connection broke or could not be made: dial again, or be over.  Not inside a call
 * of the user's. */
void hki_ipc_lose(hk_ipc *ipc, int reason);
/* It is over: on_close follows. */
void hki_ipc_finish(hk_ipc *ipc, int reason);
/* Close and forget everything but the memory, silently.  Also when the loop is going. */
void hki_ipc_abandon(hk_ipc *ipc);
/* Let the watch have what is wanted now. */
void hki_ipc_watch_update(hk_ipc *ipc);
/* May it be used?  0, HK_ECLOSED, -ECHILD. */
static inline int hki_ipc_usable(const hk_ipc *ipc)
{
	return ipc->domain == NULL ? HK_ECLOSED : hki_loop_check(ipc->domain->loop);
}

/* ---- take_back.c ---- */

typedef void (*hki_ipc_taken_fn)(const char *data, size_t length, void *user);

/* In on_retry: what the lost connection did not get leaves the queue, each message given to
 * @fn, and counts as never sent.  Not for messages with payloads or descriptors. */
void hki_ipc_take_back(hk_ipc *ipc, hki_ipc_taken_fn fn, void *user);

/* ---- input.c ---- */

/* Read once and hand over.  False when there was nothing to read, or no more can come. */
bool hki_ipc_input_read(hk_ipc *ipc);
/* Hand over what was kept while paused. */
void hki_ipc_input_resume(hk_ipc *ipc);
/* Forget what a lost connection began. */
void hki_ipc_input_reset(hk_ipc *ipc);
/* Read and forget what has arrived. */
void hki_ipc_input_discard(hk_ipc *ipc);

/* ---- descriptors.c ---- */

/* As recv(), keeping descriptors in ipc->came. */
ssize_t hki_ipc_receive(hk_ipc *ipc, void *to, size_t length);
/* As sendmsg(), with the descriptors of @extra. */
ssize_t hki_ipc_transmit(
    hk_ipc *ipc, struct iovec *pieces, size_t count, const hki_output_extra *extra);
void hki_ipc_received_free(hki_ipc_received *received);

/* ---- adopt.c ---- */

/* Make @fd non-blocking.  0 or a negative errno. */
int hki_ipc_set_nonblocking(int fd);

/* ---- write.c ---- */

/* The connection has output: see that it leaves at the end of the turn. */
void hki_ipc_touch(hk_ipc *ipc);
/* Write as far as the kernel takes it.  Calls nobody. */
void hki_ipc_write(hk_ipc *ipc);
/* The same, and then do what waited for it: on_drain, senders, ending.  Not inside a
 * call of the user's. */
void hki_ipc_write_on(hk_ipc *ipc);
/* Write @pieces, @length bytes in all, of which a hello may come first.  How many bytes
 * without it have left, or a negative errno; -EAGAIN has set ipc->blocked. */
ssize_t hki_ipc_write_pieces(hk_ipc *ipc, struct iovec *pieces, size_t count,
    size_t length, const hki_output_extra *extra);
/* Memory for the queue, lent by the domain; and back when it is empty. */
void hki_ipc_output_lend(hk_ipc *ipc);
void hki_ipc_output_return(hk_ipc *ipc);

/* ---- send.c ---- */

/* The framing of what we write is needed now: settle it. */
uint32_t hki_ipc_framing(hk_ipc *ipc);
/* As hk_ipc_send(), without noting a refusal. */
int hki_ipc_send_quietly(hk_ipc *ipc, const void *data, size_t length);

/* ---- total.c: what all connections of a server may have waiting ---- */

/* The queue of @ipc has changed: the server's total follows. */
void hki_ipc_total_follow(hk_ipc *ipc);
/* What stands on @ipc keeps so many bytes for its peer now. */
void hki_ipc_total_hold(hk_ipc *ipc, size_t bytes);
/* What is left of the total; SIZE_MAX where there is none. */
size_t hki_ipc_total_left(const hk_ipc *ipc);
/* Would @size more for @ipc be beyond what the total leaves to it? */
bool hki_ipc_total_exceeded(const hk_ipc *ipc, size_t size);
/* Let the kernel have what was gathered in this turn: it need not wait here. */
void hki_ipc_total_relieve(hk_ipc *ipc);
/* It was the total that made a message be refused or dropped, or a connection end. */
void hki_ipc_total_count(hk_ipc *ipc);

/* ---- deadline.c ---- */

/* Something changed what is due, or when. */
void hki_ipc_deadlines(hk_ipc *ipc);

/* ---- drain.c ---- */

/* The output is empty, or the peer is gone: go on with ending or closing. */
void hki_ipc_close_step(hk_ipc *ipc);
/* The peer has ended and nobody answers it: close once what is queued has left. */
void hki_ipc_close_after(hk_ipc *ipc);
/* When closing gives up, or UINT64_MAX. */
uint64_t hki_ipc_close_due(const hk_ipc *ipc);
/* That time has come. */
void hki_ipc_close_overdue(hk_ipc *ipc);

/* ---- dial.c ---- */

typedef struct hki_ipc_dialer hki_ipc_dialer;
void hki_ipc_dialer_free(hki_ipc_dialer *dialer);
/* Forget the attempt that is under way. */
void hki_ipc_dialer_stop(hki_ipc_dialer *dialer);
/* Lost, or not made: try again.  The time until then. */
uint64_t hki_ipc_dialer_retry(hki_ipc_dialer *dialer);
/* The connection stands. */
void hki_ipc_dialer_succeeded(hki_ipc_dialer *dialer);
const char *hki_ipc_dialer_url(const hki_ipc_dialer *dialer);

/* ---- sender.c ---- */

typedef struct hki_ipc_mailbox hki_ipc_mailbox;
/* Take over what senders left, as far as the queue has room. */
void hki_ipc_mailbox_empty(hk_ipc *ipc);
/* Senders are refused from now on; what they have left still leaves. */
void hki_ipc_mailbox_shut(hk_ipc *ipc);
/* Once it is shut: has everything been taken over? */
bool hki_ipc_mailbox_is_empty(const hk_ipc *ipc);
/* The connection is over: what senders have left is dropped. */
void hki_ipc_mailbox_close(hk_ipc *ipc);
/* The loop is going: letters to it are forgotten. */
void hki_ipc_mailboxes_abandon(hki_ipc_domain *domain);

/* ---- peer.c ---- */

/* Do the rules let whoever is at the other end of the Unix socket @fd in?  0, -EPERM, or
 * what asking failed with. */
int hki_ipc_peer_check(int fd, const hki_ipc_settings *settings);

/* ---- server.c, listener.c ---- */

struct hki_ipc_place; /* unix_socket.h */

typedef struct hki_ipc_listener {
	hk_ipc_server *server;
	hk_watch *watch;
	int fd;
	bool is_unix;
} hki_ipc_listener;

struct hk_ipc_server {
	hki_list node;          /* in domain->servers */
	hki_ipc_domain *domain; /* NULL: the loop is gone */
	hki_ipc_settings *settings;
	char *url;
	struct hki_ipc_place *place; /* the socket file, or NULL */
	hki_ipc_listener *listeners;
	size_t listener_count;
	hki_list connections;
	size_t connection_count;
	hki_loop_deferred later; /* tells of the end of a drain, and releases */

	int reserve_fd;    /* closed to accept and turn away when there are no others */
	hk_timer *retry;   /* pause for want of descriptors */
	uint64_t pause_ns; /* the next pause; 0: no trouble */
	bool paused;       /* the watches wait for nothing */
	bool draining;
	bool drained; /* … and it was told */
	bool cut;     /* a connection lost output to the deadline */
	bool freed;
	/* In a drain: close @ipc, in its own time if something is owed there still.  Of
	 * whoever stands on the connections, or NULL. */
	void (*retire)(hk_ipc *ipc, uint64_t limit_ns);
	hk_ipc_server_fn on_drained;
	void *drained_user;

	uint64_t accepted;
	uint64_t refused;
	uint64_t rejected;
	uint64_t pauses;
	uint64_t failed;

	size_t queued_bytes; /* of all connections, as charged to them */
	size_t gathered;     /* charged since all were relieved */
	uint64_t total_overflows;
};

/* Start to accept: @fds are Taken on success. */
int hki_ipc_listeners_start(hk_ipc_server *server, const int *fds, size_t count);
/* Close them, and the reserve. */
void hki_ipc_listeners_stop(hk_ipc_server *server);
/* A connection has gone: there may be room again. */
void hki_ipc_listeners_room(hk_ipc_server *server);

/* @ipc, accepted, is over or freed: the server forgets it. */
void hki_ipc_server_leave(hk_ipc_server *server, hk_ipc *ipc);
/* The loop is going: close everything, silently; the handle stays. */
void hki_ipc_server_abandon(hk_ipc_server *server);

/* The node behind @previous (NULL: the first), or NULL. */
static inline hki_list *hki_ipc_behind(const hki_list *list, const hki_list *previous)
{
	hki_list *next = previous == NULL ? list->next : previous->next;

	return next == list ? NULL : next;
}

#endif /* HKI_IPC_INTERNAL_H */
