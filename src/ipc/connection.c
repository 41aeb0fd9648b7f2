#include "ipc/ipc_internal.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"

/*
 * The life of a connection:
 *
 *     WAITING --open--> OPEN --finish--> OVER
 *        ^               |
 *        +---- lose -----+   (dialed, with reconnect)
 *
 * Callbacks never run inside a call of the user's.  So whatever a call finds out (a
 * write that failed, an end) is noted in the connection and done by on_later(), at the
 * end of the turn.  Memory is released there too, because a connection may be freed by
 * its own on_message.
 */

/* The option that keeps others from sending us descriptors; Linux 6.16. */
#define OPTION_PASSRIGHTS 83

/* Reads in one turn from a peer that takes nothing any more and still speaks. */
#define LAST_READS 4

static void on_ready(hk_watch *watch, unsigned int events, void *user)
{
	hk_ipc *ipc = user;

	(void) watch;
	hki_ipc_tell_connected(ipc);
	if (ipc->state != HKI_IPC_OPEN)
		return;
	if (ipc->write_only && (events & (HK_HANGUP | HK_ERROR)) != 0) {
		hki_ipc_lose(ipc, -EPIPE);
		return;
	}
	if ((events & (HK_READABLE | HK_HANGUP | HK_ERROR)) != 0 && ipc->reading &&
	    !ipc->paused)
		(void) hki_ipc_input_read(ipc);
	if (ipc->state != HKI_IPC_OPEN ||
	    (events & (HK_WRITABLE | HK_HANGUP | HK_ERROR)) == 0 || !ipc->blocked)
		return;
	ipc->blocked = false;
	hki_ipc_watch_update(ipc);
	hki_ipc_write_on(ipc);
}

void hki_ipc_watch_update(hk_ipc *ipc)
{
	unsigned int events = 0;

	if (ipc->watch == NULL)
		return;
	if (ipc->reading && !ipc->paused)
		events |= HK_READABLE;
	if (ipc->blocked)
		events |= HK_WRITABLE;
	if (ipc->write_only) /* never comes, but lets the reader's end be seen */
		events |= HK_PRIORITY;
	if (events == ipc->watched)
		return;
	if (hk_watch_set(ipc->watch, events) == 0)
		ipc->watched = (uint8_t) events;
	else if (ipc->broken == 0)
		hki_ipc_break(ipc, -ENOMEM);
}

/* ---- what must wait for the end of the turn ---- */

static void release(hk_ipc *ipc)
{
	hki_buffer_deinit(&ipc->rest);
	hki_output_deinit(&ipc->output);
	hki_ipc_received_free(ipc->came);
	hki_ipc_dialer_free(ipc->dialer);
	hki_ipc_settings_unref(ipc->settings);
	hki_free(ipc);
}

static void on_release(hki_loop_deferred *deferred)
{
	release(hki_list_entry(deferred, hk_ipc, later));
}

static void tell_end(hk_ipc *ipc)
{
	const hk_ipc_opts *opts = &ipc->settings->opts;

	if (opts->on_close != NULL)
		opts->on_close(ipc, ipc->reason, opts->user);
	if (ipc->server != NULL && !ipc->freed)
		hk_ipc_free(ipc);
}

/* Writing failed, but what the peer said before it went is still to be heard. */
static void act_on_break(hk_ipc *ipc)
{
	int reason = ipc->broken;
	int reads = 0;

	while (ipc->state == HKI_IPC_OPEN && ipc->reading && !ipc->paused &&
	       reads < LAST_READS && hki_ipc_input_read(ipc))
		reads++;
	if (ipc->freed || ipc->state == HKI_IPC_OVER || ipc->broken == 0)
		return;
	if (reads == LAST_READS) { /* others want their turn too */
		hki_ipc_later(ipc);
		return;
	}
	if (ipc->paused && ipc->reading)
		return; /* hk_ipc_resume() comes back to it */
	hki_ipc_lose(ipc, reason);
}

static void on_later(hki_loop_deferred *deferred)
{
	hk_ipc *ipc = hki_list_entry(deferred, hk_ipc, later);

	if (ipc->state == HKI_IPC_OVER) {
		tell_end(ipc);
		return;
	}
	hki_ipc_tell_connected(ipc);
	if (ipc->state == HKI_IPC_OPEN && !ipc->paused && ipc->rest.length > 0)
		hki_ipc_input_resume(ipc);
	if (!ipc->freed && ipc->state != HKI_IPC_OVER && ipc->broken != 0)
		act_on_break(ipc);
	if (!ipc->freed && ipc->state != HKI_IPC_OVER)
		hki_ipc_close_step(ipc);
}

void hki_ipc_later(hk_ipc *ipc)
{
	if (hki_list_empty(&ipc->later.node))
		hki_loop_defer_later(ipc->domain->loop, &ipc->later);
}

/* ---- birth ---- */

int hki_ipc_new(hk_ipc **out, hki_ipc_domain *domain, hki_ipc_settings *settings)
{
	hk_ipc *ipc = hki_zalloc(sizeof(*ipc));

	if (ipc == NULL)
		return -ENOMEM;
	hki_list_init(&ipc->node);
	hki_list_init(&ipc->dirty);
	hki_list_init(&ipc->later.node);
	ipc->later.fn = on_later;
	ipc->domain = domain;
	ipc->settings = hki_ipc_settings_ref(settings);
	ipc->fd = -1;
	ipc->pidfd = -1;
	ipc->timer_ns = UINT64_MAX;
	ipc->framing_out = (uint8_t) settings->opts.framing;
	hki_ipc_input_reset(ipc);
	*out = ipc;
	return 0;
}

/* Messages leave when we say so, and a peer whose machine is gone is found out. */
static void prepare_tcp(const hk_ipc *ipc)
{
	uint64_t stall_ms = ipc->settings->opts.stall_timeout_ns / HKI_NS_PER_MS;
	unsigned int limit_ms = (unsigned int) stall_ms;
	int on = 1;

	(void) setsockopt(ipc->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void) setsockopt(ipc->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (stall_ms > 0 && stall_ms <= INT32_MAX)
		(void) setsockopt(
		    ipc->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof(limit_ms));
}

static void learn_kind(hk_ipc *ipc)
{
	int mode = fcntl(ipc->fd, F_GETFL) & O_ACCMODE;
	int domain = 0;
	socklen_t length = sizeof(domain);
	int off = 0;

	ipc->is_socket =
	    getsockopt(ipc->fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0;
	ipc->is_unix = ipc->is_socket && domain == AF_UNIX;
	ipc->read_only = !ipc->is_socket && mode == O_RDONLY;
	ipc->write_only = !ipc->is_socket && mode == O_WRONLY;
	/* An improvement only, as those of TCP: who does not know it does without. */
	if (ipc->is_unix && ipc->settings->opts.descriptors_max == 0)
		(void) setsockopt(
		    ipc->fd, SOL_SOCKET, OPTION_PASSRIGHTS, &off, sizeof(off));
	if (domain == AF_INET || domain == AF_INET6)
		prepare_tcp(ipc);
}

int hki_ipc_open(hk_ipc *ipc, int fd)
{
	int r;

	ipc->fd = fd;
	learn_kind(ipc);
	r = hk_watch_start(
	    &ipc->watch, ipc->domain->loop, fd, HK_READABLE, on_ready, ipc);
	if (r < 0) {
		ipc->fd = -1;
		return r;
	}
	ipc->watched = HK_READABLE;
	ipc->state = HKI_IPC_OPEN;
	ipc->reading = !ipc->write_only;
	ipc->told = false;
	ipc->counts.connects++;
	if (ipc->framing_out == HK_IPC_FRAMING_LENGTH)
		ipc->hello_left = HKI_FRAME_HELLO_LENGTH;
	if (ipc->settings->timed)
		ipc->received_ns = ipc->sent_ns = hk_loop_now_ns(ipc->domain->loop);
	hki_ipc_deadlines(ipc);
	hki_ipc_watch_update(ipc);
	if (!hki_output_empty(&ipc->output) || ipc->ended)
		hki_ipc_touch(ipc);
	hki_ipc_later(ipc);
	return 0;
}

void hki_ipc_tell_connected(hk_ipc *ipc)
{
	const hk_ipc_opts *opts = &ipc->settings->opts;

	if (ipc->told || ipc->state != HKI_IPC_OPEN)
		return;
	ipc->told = true;
	if (opts->on_connect != NULL && !ipc->closing)
		opts->on_connect(ipc, opts->user);
}

/* ---- end ---- */

static void disconnect(hk_ipc *ipc)
{
	hk_watch_free(ipc->watch);
	ipc->watch = NULL;
	/* A forked child may have closed these numbers and opened its own. */
	if (hki_loop_check(ipc->domain->loop) == 0) {
		hki_closep(&ipc->fd);
		hki_closep(&ipc->pidfd);
	}
	ipc->fd = -1;
	ipc->pidfd = -1;
	ipc->reading = false;
	ipc->blocked = false;
	ipc->broken = 0;
	ipc->hello_left = 0;
}

void hki_ipc_break(hk_ipc *ipc, int reason)
{
	if (ipc->broken == 0)
		ipc->broken = reason;
	hki_ipc_later(ipc);
}

/* Nothing waits for a connection whose end is settled. */
static void let_go(hk_ipc *ipc)
{
	disconnect(ipc);
	hk_timer_free(ipc->timer);
	ipc->timer = NULL;
	ipc->timer_ns = UINT64_MAX;
	hki_list_remove(&ipc->dirty);
	hki_ipc_mailbox_close(ipc);
	if (ipc->dialer != NULL)
		hki_ipc_dialer_stop(ipc->dialer);
	ipc->counts.messages_dropped += ipc->output.messages;
	hki_output_deinit(&ipc->output);
	hki_ipc_total_follow(ipc);
}

void hki_ipc_finish(hk_ipc *ipc, int reason)
{
	if (ipc->state == HKI_IPC_OVER)
		return;
	if (reason == 0)
		reason = ipc->reason;
	let_go(ipc);
	ipc->state = HKI_IPC_OVER;
	ipc->reason = reason;
	if (ipc->server != NULL && reason != 0) {
		ipc->server->failed++;
		ipc->server->cut |= reason == -ETIMEDOUT;
	}
	hki_ipc_later(ipc);
}

void hki_ipc_lose(hk_ipc *ipc, int reason)
{
	const hk_ipc_opts *opts = &ipc->settings->opts;
	uint64_t delay_ns;

	if (ipc->state == HKI_IPC_OVER)
		return;
	if (ipc->dialer == NULL || !opts->reconnect || ipc->ended) {
		hki_ipc_finish(ipc, reason);
		return;
	}
	disconnect(ipc);
	hki_ipc_input_reset(ipc);
	hki_output_restart(&ipc->output);
	ipc->state = HKI_IPC_WAITING;
	hki_ipc_deadlines(ipc);
	delay_ns = hki_ipc_dialer_retry(ipc->dialer);
	if (opts->on_retry != NULL)
		opts->on_retry(ipc, reason, delay_ns, opts->user);
}

void hki_ipc_abandon(hk_ipc *ipc)
{
	if (ipc->domain == NULL)
		return;
	hki_list_remove(&ipc->node);
	hki_list_remove(&ipc->later.node);
	if (ipc->state != HKI_IPC_OVER)
		let_go(ipc);
	ipc->state = HKI_IPC_OVER;
	ipc->domain = NULL;
}

void hk_ipc_free(hk_ipc *ipc)
{
	hk_loop *loop;

	if (ipc == NULL || ipc->freed)
		return;
	ipc->freed = true;
	loop = ipc->domain == NULL ? NULL : ipc->domain->loop;
	if (ipc->server != NULL)
		hki_ipc_server_leave(ipc->server, ipc);
	hki_ipc_abandon(ipc);
	ipc->later.fn = on_release;
	hki_loop_defer(loop, &ipc->later);
}
