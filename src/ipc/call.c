/*
 * Calls of ours.  A call stands in two places: in the map of ids for as long as an
 * answer may end it, and in the list of its conversation until its callback has run.
 * Leaving the list is what makes it end exactly once; whoever comes second (a late
 * answer, a deadline that fires while the connection breaks) does not find it.
 *
 * Each has a timer: its deadline.  A cancel sets it to now, which cannot fail, so
 * that the callback comes later also then.
 */
#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/opts.h"
#include "ipc/rpc_internal.h"

static void call_release(hk_ipc_call *call)
{
	hk_timer_free(call->timer);
	hki_free(call);
}

static void call_releasep(hk_ipc_call **call)
{
	if (*call != NULL)
		call_release(*call);
}

/* From now on nothing ends it but what the caller of this does. */
static void call_detach(hk_ipc_call *call)
{
	hk_ipc_rpc *rpc = call->rpc;

	(void) hki_map_remove(&rpc->calls, call->id);
	hki_rpc_waiting_free(rpc, call->waiting);
	hki_list_remove(&call->link);
	hk_timer_stop(call->timer);
	call->rpc = NULL;
}

static void call_tell(hk_ipc_call *call, const hk_ipc_reply *reply)
{
	call->told = true;
	call->fn(call, reply, call->user);
	call->told = false;
	if (!call->owned || call->freed)
		call_release(call);
}

static void call_end(hk_ipc_call *call, const hk_ipc_reply *reply)
{
	call_detach(call);
	call_tell(call, reply);
}

/* The other side may stop working on it.  Best effort: it has its deadline too. */
static void tell_cancel(hk_ipc_rpc *rpc, uint64_t id)
{
	hk_json_writer *writer = rpc->shared->writer;

	if (!rpc->connected)
		return;
	hk_json_writer_reset(writer);
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "jsonrpc");
	hk_json_write_string(writer, "2.0");
	hk_json_write_key(writer, "method");
	hk_json_write_string(writer, "rpc.cancel");
	hk_json_write_key(writer, "params");
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "id");
	hk_json_write_uint64(writer, id);
	hk_json_write_object_end(writer);
	hk_json_write_object_end(writer);
	(void) hki_rpc_send(rpc, HKI_RPC_NOTICE, NULL);
}

/* The deadline, or the callback a cancel asked for. */
static void on_time(hk_timer *timer, void *user)
{
	hk_ipc_call *call = user;
	hk_ipc_rpc *rpc = call->rpc;
	hk_ipc_reply reply = { .status = call->cancel ? -ECANCELED : -ETIMEDOUT };

	(void) timer;
	if (call->cancel) {
		rpc->counts.cancelled++;
	} else {
		rpc->counts.timed_out++;
		if (call->waiting == NULL)
			tell_cancel(rpc, call->id);
	}
	call_end(call, &reply);
}

static int timer_start(hk_ipc_call *call, uint64_t timeout_ns)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	int r;

	opts.after_ns = timeout_ns;
	if (timeout_ns == 0)
		opts.after_ns = HK_IPC_CALL_TIMEOUT_DEFAULT_NS;
	else if (timeout_ns == UINT64_MAX)
		opts.after_ns = 0; /* and stopped before it can run */
	opts.fn = on_time;
	opts.user = call;
	r = hk_timer_start(&call->timer, call->rpc->loop, &opts);
	if (r == 0 && timeout_ns == UINT64_MAX)
		hk_timer_stop(call->timer);
	return r;
}

/* In milliseconds, rounded up; 0: none. */
static uint64_t deadline_ms(uint64_t timeout_ns)
{
	if (timeout_ns == UINT64_MAX)
		return 0;
	if (timeout_ns == 0)
		timeout_ns = HK_IPC_CALL_TIMEOUT_DEFAULT_NS;
	return (timeout_ns - 1) / HKI_NS_PER_MS + 1;
}

static void write_call(hk_ipc_call *call, const hk_ipc_call_opts *opts)
{
	hki_rpc_text params = { .json = opts->params,
		.length = opts->params != NULL ? strlen(opts->params) : 0,
		.value = opts->params_value };

	hki_rpc_write_call(call->rpc->shared->writer, &call->id, opts->method, &params,
	    deadline_ms(opts->timeout_ns));
}

static int call_new(hk_ipc_call **out, hk_ipc_rpc *rpc, const hk_ipc_call_opts *opts)
{
	hki_cleanup(call_releasep) hk_ipc_call *call = hki_zalloc(sizeof(*call));
	int r;

	if (call == NULL)
		return -ENOMEM;
	call->rpc = rpc;
	call->id = ++rpc->call_id;
	call->fn = opts->fn;
	call->user = opts->user;
	hki_list_init(&call->link);
	r = timer_start(call, opts->timeout_ns);
	if (r < 0)
		return r;
	r = hki_map_put(&rpc->calls, call->id, call);
	if (r < 0)
		return r;
	*out = hki_take(call);
	return 0;
}

static int read_opts(
    hk_ipc_call_opts *out, const hk_ipc_rpc *rpc, const hk_ipc_call_opts *given)
{
	int r;

	if (rpc == NULL || given == NULL)
		return -EINVAL;
	r = hki_opts_copy(out, sizeof(*out), given, given->size, sizeof(*out));
	if (r < 0)
		return r;
	if (out->method == NULL || out->fn == NULL ||
	    strlen(out->method) > HK_IPC_METHOD_MAX ||
	    (out->params != NULL && out->params_value != NULL))
		return -EINVAL;
	return hki_rpc_usable(rpc);
}

static int start(hk_ipc_call **out, hk_ipc_rpc *rpc, const hk_ipc_call_opts *given,
    int (*send)(hk_ipc_rpc *rpc, hk_ipc_call *call))
{
	hk_ipc_call_opts opts;
	hk_ipc_call *call;
	int r = read_opts(&opts, rpc, given);

	if (r < 0)
		return r;
	r = call_new(&call, rpc, &opts);
	if (r < 0)
		return r;
	write_call(call, &opts);
	r = send(rpc, call);
	if (r < 0) {
		call_detach(call);
		call_release(call);
		return r;
	}
	hki_list_append(&rpc->pending, &call->link);
	rpc->counts.calls++;
	call->owned = out != NULL;
	if (out != NULL)
		*out = call;
	return 0;
}

static int send_in_turn(hk_ipc_rpc *rpc, hk_ipc_call *call)
{
	return hki_rpc_send(rpc, HKI_RPC_CALL, call);
}

int hk_ipc_call_start(hk_ipc_call **out, hk_ipc_rpc *rpc, const hk_ipc_call_opts *opts)
{
	return start(out, rpc, opts, send_in_turn);
}

int hki_call_start_first(hk_ipc_call **out, hk_ipc_rpc *rpc, const hk_ipc_call_opts *opts)
{
	return start(out, rpc, opts, hki_rpc_send_first);
}

int hk_ipc_call_method(hk_ipc_rpc *rpc, const char *method, const char *params,
    hk_ipc_reply_fn fn, void *user)
{
	hk_ipc_call_opts opts = HK_IPC_CALL_OPTS_INIT;

	opts.method = method;
	opts.params = params;
	opts.fn = fn;
	opts.user = user;
	return hk_ipc_call_start(NULL, rpc, &opts);
}

/* ---- how they end ---- */

void hki_call_answered(hk_ipc_rpc *rpc, const hki_rpc_message *message)
{
	hk_ipc_reply reply = { .status = 0 };
	hk_ipc_call *call = NULL;
	uint64_t id;

	if (hk_json_get_uint64(&id, message->id) == 0)
		call = hki_map_get(&rpc->calls, id);
	if (call == NULL) {
		rpc->counts.late++;
		return;
	}
	if (message->kind == HKI_RPC_RESULT) {
		rpc->counts.answered++;
		reply.result = message->result;
	} else {
		rpc->counts.failed++;
		reply.status = -EREMOTEIO;
		reply.error_code = message->error_code;
		reply.error_text = message->error_text;
		reply.error_data = message->error_data;
	}
	call_end(call, &reply);
}

void hki_calls_reset(hk_ipc_rpc *rpc, int status)
{
	hk_ipc_reply reply = { .status = status };

	/* Those that are started by the callbacks belong to the next connection. */
	hki_list_splice(&rpc->ending, &rpc->pending);
	while (!hki_list_empty(&rpc->ending)) {
		hk_ipc_call *call = hki_list_entry(rpc->ending.next, hk_ipc_call, link);

		reply.status = call->cancel ? -ECANCELED : status;
		if (call->cancel)
			rpc->counts.cancelled++;
		else
			rpc->counts.reset++;
		call_end(call, &reply);
	}
}

void hki_calls_silence(hk_ipc_rpc *rpc)
{
	hki_list_splice(&rpc->pending, &rpc->ending);
	while (!hki_list_empty(&rpc->pending)) {
		hk_ipc_call *call = hki_list_entry(rpc->pending.next, hk_ipc_call, link);

		call_detach(call);
		if (!call->owned)
			call_release(call);
	}
}

void hk_ipc_call_cancel(hk_ipc_call *call)
{
	hk_ipc_rpc *rpc = call != NULL ? call->rpc : NULL;
	bool waited;

	if (rpc == NULL || call->cancel || hki_rpc_usable(rpc) < 0)
		return;
	waited = call->waiting != NULL;
	call->cancel = true;
	hki_rpc_waiting_free(rpc, call->waiting);
	(void) hki_map_remove(&rpc->calls, call->id);
	hk_timer_set(call->timer, 0, 0);
	if (!waited)
		tell_cancel(rpc, call->id);
}

void hk_ipc_call_free(hk_ipc_call *call)
{
	hk_ipc_rpc *rpc;

	if (call == NULL)
		return;
	if (call->told) {
		call->freed = true;
		return;
	}
	rpc = call->rpc;
	if (rpc != NULL) {
		bool waited = call->waiting != NULL;

		rpc->counts.freed++;
		call_detach(call);
		if (!waited && !call->cancel)
			tell_cancel(rpc, call->id);
	}
	call_release(call);
}

/* ---- notices ---- */

static int notify(hk_ipc_rpc *rpc, const char *method, const hki_rpc_text *params)
{
	int r;

	if (rpc == NULL || method == NULL || strlen(method) > HK_IPC_METHOD_MAX)
		return -EINVAL;
	r = hki_rpc_usable(rpc);
	if (r < 0)
		return r;
	hki_rpc_write_call(rpc->shared->writer, NULL, method, params, 0);
	return hki_rpc_send(rpc, HKI_RPC_NOTICE, NULL);
}

int hk_ipc_notify(hk_ipc_rpc *rpc, const char *method, const char *params)
{
	hki_rpc_text text = { .json = params };

	text.length = params != NULL ? strlen(params) : 0;
	return notify(rpc, method, &text);
}

int hk_ipc_notify_value(hk_ipc_rpc *rpc, const char *method, const hk_json *params)
{
	hki_rpc_text text = { .value = params };

	return notify(rpc, method, &text);
}
