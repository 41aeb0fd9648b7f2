/*
 * A conversation whose server drains: what was asked for before is answered, then it is
 * closed.  It goes on reading meanwhile, because answers to calls of ours and the word that
 * somebody does not want to know any more still matter; a new request does not: it is left
 * undone and unanswered, so that the end of the connection tells whoever asked to ask the
 * next server.
 *
 * One timer is both the deadline and the step out of a callback in which the last answer
 * was given: others may follow in the same batch.
 */
#include "ipc/rpc_server.h"

static bool owes(const hk_ipc_rpc *rpc)
{
	return rpc->requests_count > 0 || !hki_list_empty(&rpc->waiting) ||
	       !hki_list_empty(&rpc->first);
}

static void on_time(hk_timer *timer, void *user)
{
	hk_ipc_rpc *rpc = user;
	uint64_t now_ns = hk_loop_now_ns(rpc->loop);
	uint64_t left_ns = now_ns < rpc->retire_by_ns ? rpc->retire_by_ns - now_ns : 0;

	if (owes(rpc) && left_ns > 0) {
		hk_timer_set(timer, left_ns, 0);
		return;
	}
	if (owes(rpc))
		rpc->server->server->cut = true;
	hk_ipc_rpc_close(rpc, left_ns);
}

void hki_rpc_retire(hk_ipc *ipc, uint64_t limit_ns)
{
	hk_ipc_rpc *rpc = hk_ipc_get_data(ipc);
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	uint64_t now_ns;

	opts.after_ns = limit_ns;
	opts.fn = on_time;
	opts.user = rpc;
	/* Without memory for a timer nothing is waited for. */
	if (rpc == NULL || rpc->closing || !owes(rpc) || limit_ns == 0 ||
	    hk_timer_start(&rpc->retire, rpc->loop, &opts) < 0) {
		hk_ipc_close(ipc, limit_ns);
		return;
	}
	now_ns = hk_loop_now_ns(rpc->loop);
	rpc->retire_by_ns =
	    limit_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + limit_ns;
}

void hki_rpc_retire_step(hk_ipc_rpc *rpc)
{
	if (rpc->retire != NULL && !rpc->closing && !owes(rpc))
		hk_timer_set(rpc->retire, 0, 0);
}
