#include "ipc/ipc_internal.h"

#include <sys/socket.h>
#include "base/clock.h"

/*
 * Ending in order: what is queued leaves, the peer is told by a half-close, and only
 * then the socket is closed.  Closing a TCP socket while bytes from the peer are unread,
 * or still arrive, makes the kernel throw away what has not been acknowledged, our last
 * answer for example; so there we read on until the peer ends too, for a moment.  A
 * Unix socket has delivered what it took.
 */

/* How long a TCP peer may take to answer our half-close with its own. */
#define LINGER_NS HKI_NS_PER_S
/* What a peer that has ended may take to read what we still have for it. */
#define FAREWELL_NS (30 * HKI_NS_PER_S)

static bool has_output(const hk_ipc *ipc)
{
	return !hki_output_empty(&ipc->output) || !hki_ipc_mailbox_is_empty(ipc);
}

static void note_close_by(hk_ipc *ipc, uint64_t limit_ns)
{
	uint64_t now_ns = hk_loop_now_ns(ipc->domain->loop);
	uint64_t by_ns = limit_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + limit_ns;

	if (!ipc->closing || by_ns < ipc->close_by_ns)
		ipc->close_by_ns = by_ns;
}

static void shut(hk_ipc *ipc)
{
	ipc->shut = true;
	if (ipc->is_socket)
		(void) shutdown(ipc->fd, SHUT_WR);
	if (ipc->closing && ipc->is_socket && !ipc->is_unix)
		note_close_by(ipc, LINGER_NS);
}

/* Has everything been done that closing waits for? */
static bool settled(const hk_ipc *ipc)
{
	if (has_output(ipc))
		return false;
	if (ipc->state == HKI_IPC_WAITING)
		return true;
	return !ipc->reading || !ipc->is_socket || ipc->is_unix;
}

void hki_ipc_close_step(hk_ipc *ipc)
{
	if (ipc->state == HKI_IPC_OPEN && ipc->ended && !ipc->shut && !has_output(ipc))
		shut(ipc);
	if (!ipc->closing) {
		if (ipc->shut && !ipc->reading)
			hki_ipc_finish(ipc, 0); /* both ends have ended */
		return;
	}
	if (settled(ipc)) {
		if (ipc->state == HKI_IPC_OPEN)
			hki_ipc_input_discard(ipc);
		hki_ipc_finish(ipc, 0);
		return;
	}
	if (hk_loop_now_ns(ipc->domain->loop) >= ipc->close_by_ns)
		hki_ipc_close_overdue(ipc);
	else
		hki_ipc_deadlines(ipc);
}

uint64_t hki_ipc_close_due(const hk_ipc *ipc)
{
	return ipc->closing ? ipc->close_by_ns : UINT64_MAX;
}

void hki_ipc_close_overdue(hk_ipc *ipc)
{
	hki_ipc_finish(ipc, has_output(ipc) ? -ETIMEDOUT : 0);
}

static void begin_closing(hk_ipc *ipc, uint64_t limit_ns)
{
	note_close_by(ipc, limit_ns);
	ipc->closing = true;
	ipc->ended = true;
	ipc->paused = false;
	hki_buffer_truncate(&ipc->rest, 0);
	hki_ipc_watch_update(ipc);
	hki_ipc_later(ipc);
}

void hki_ipc_close_after(hk_ipc *ipc)
{
	if (!ipc->ended)
		hki_ipc_mailbox_shut(ipc);
	if (ipc->state == HKI_IPC_OVER)
		return;
	begin_closing(ipc, FAREWELL_NS);
}

void hk_ipc_close(hk_ipc *ipc, uint64_t limit_ns)
{
	if (ipc == NULL || hki_ipc_usable(ipc) < 0 || ipc->state == HKI_IPC_OVER)
		return;
	if (!ipc->ended)
		hki_ipc_mailbox_shut(ipc);
	if (ipc->state == HKI_IPC_OVER) /* a letter was too much for it */
		return;
	if (ipc->state == HKI_IPC_OPEN)
		hki_ipc_write(ipc);
	begin_closing(ipc, limit_ns);
}

void hk_ipc_end(hk_ipc *ipc)
{
	if (hki_ipc_usable(ipc) < 0 || ipc->state == HKI_IPC_OVER || ipc->ended)
		return;
	hki_ipc_mailbox_shut(ipc);
	if (ipc->state == HKI_IPC_OVER)
		return;
	ipc->ended = true;
	if (ipc->state == HKI_IPC_OPEN)
		hki_ipc_touch(ipc);
	hki_ipc_later(ipc);
}
