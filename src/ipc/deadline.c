#include "ipc/ipc_internal.h"

/*
 * Time: messages that do not end, peers that are silent or do not read, signs of life,
 * and the end of patience when closing.
 *
 * A connection has one timer, made when something is first due.  Traffic does not move
 * it: it notes times, and a timer that comes too early looks at them and goes on.  So a
 * busy connection sets it once in a timeout, not once a message.
 */

#define NEVER UINT64_MAX

static uint64_t after(uint64_t since_ns, uint64_t span_ns)
{
	return since_ns > NEVER - span_ns ? NEVER : since_ns + span_ns;
}

static void earliest(uint64_t *due_ns, uint64_t other_ns)
{
	if (other_ns < *due_ns)
		*due_ns = other_ns;
}

static bool listens(const hk_ipc *ipc)
{
	return ipc->reading && !ipc->paused && !ipc->closing;
}

static uint64_t message_due(const hk_ipc *ipc)
{
	return ipc->begun_ns == 0 || !listens(ipc)
		   ? NEVER
		   : after(ipc->begun_ns, ipc->settings->opts.message_timeout_ns);
}

static uint64_t idle_due(const hk_ipc *ipc)
{
	return !listens(ipc)
		   ? NEVER
		   : after(ipc->received_ns, ipc->settings->opts.idle_timeout_ns);
}

static uint64_t stall_due(const hk_ipc *ipc)
{
	return !ipc->blocked ? NEVER
			     : after(ipc->sent_ns, ipc->settings->opts.stall_timeout_ns);
}

static uint64_t heartbeat_due(const hk_ipc *ipc)
{
	return ipc->ended || ipc->blocked
		   ? NEVER
		   : after(ipc->sent_ns, ipc->settings->opts.heartbeat_ns);
}

static uint64_t next_due(const hk_ipc *ipc)
{
	uint64_t due_ns = hki_ipc_close_due(ipc);

	if (ipc->state != HKI_IPC_OPEN)
		return due_ns;
	earliest(&due_ns, message_due(ipc));
	if (!ipc->settings->timed)
		return due_ns;
	earliest(&due_ns, idle_due(ipc));
	earliest(&due_ns, stall_due(ipc));
	earliest(&due_ns, heartbeat_due(ipc));
	return due_ns;
}

static void send_heartbeat(hk_ipc *ipc, uint64_t now_ns)
{
	static const char frame[] = { (char) 0x80, 0, 0, 0 };
	struct iovec part = { .iov_base = (void *) (uintptr_t) frame,
		.iov_len = sizeof(frame) };
	uint32_t framing;
	int r;

	ipc->sent_ns = now_ns;
	/* Not before it is known what the peer understands. */
	if (ipc->framing_out == HK_IPC_FRAMING_AUTO && ipc->dialer == NULL &&
	    ipc->framer.framing == HK_IPC_FRAMING_AUTO)
		return;
	framing = hki_ipc_framing(ipc);
	hki_ipc_output_lend(ipc);
	if (framing == HK_IPC_FRAMING_LINES)
		r = hki_output_add(&ipc->output, framing, NULL, 0, 0, HKI_OUTPUT_CONTROL);
	else if (framing == HK_IPC_FRAMING_LENGTH)
		r = hki_output_add(&ipc->output, HK_IPC_FRAMING_NONE, &part, 1,
		    sizeof(frame), HKI_OUTPUT_CONTROL);
	else
		return;
	if (r == 0)
		hki_ipc_write_on(ipc);
}

static void act(hk_ipc *ipc)
{
	uint64_t now_ns = hk_loop_now_ns(ipc->domain->loop);

	if (ipc->state == HKI_IPC_OPEN && message_due(ipc) <= now_ns)
		hki_ipc_lose(ipc, -ETIMEDOUT);
	if (ipc->state == HKI_IPC_OPEN && ipc->settings->timed) {
		if (idle_due(ipc) <= now_ns || stall_due(ipc) <= now_ns)
			hki_ipc_lose(ipc, -ETIMEDOUT);
		else if (heartbeat_due(ipc) <= now_ns)
			send_heartbeat(ipc, now_ns);
	}
	if (ipc->state != HKI_IPC_OVER && hki_ipc_close_due(ipc) <= now_ns)
		hki_ipc_close_overdue(ipc);
}

static void on_timer(hk_timer *timer, void *user)
{
	hk_ipc *ipc = user;

	(void) timer;
	ipc->timer_ns = NEVER;
	act(ipc);
	if (ipc->state != HKI_IPC_OVER)
		hki_ipc_deadlines(ipc);
}

static int set_timer(hk_ipc *ipc, uint64_t after_ns)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;

	if (ipc->timer != NULL) {
		hk_timer_set(ipc->timer, after_ns, 0);
		return 0;
	}
	opts.after_ns = after_ns;
	opts.fn = on_timer;
	opts.user = ipc;
	opts.background = 1;
	return hk_timer_start(&ipc->timer, ipc->domain->loop, &opts);
}

void hki_ipc_deadlines(hk_ipc *ipc)
{
	uint64_t due_ns = next_due(ipc);
	uint64_t now_ns;
	int r;

	if (due_ns >= ipc->timer_ns)
		return;
	now_ns = hk_loop_now_ns(ipc->domain->loop);
	r = set_timer(ipc, due_ns > now_ns ? due_ns - now_ns : 0);
	if (r == 0)
		ipc->timer_ns = due_ns;
	else if (ipc->broken == 0)
		hki_ipc_break(ipc, r);
}
