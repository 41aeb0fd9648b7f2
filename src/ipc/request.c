/*
 * Calls of theirs.  A request belongs to whoever handles it, until it is answered;
 * the conversation may end before.  So the two know of each other and either can go
 * first: a request that was left behind is told once, and its answer goes nowhere.
 *
 * What a peer can make us keep is bounded: the number of requests, and the length of
 * what we keep of each.
 */
#include <errno.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "ipc/rpc_internal.h"

/* Ids are numbers or short names in practice; longer ones are there to fill memory. */
#define ID_MAX 256

/* ---- answering ---- */

/* What stands in the writer is the answer to a part of @batch, or a message. */
static int send_answer(hk_ipc_rpc *rpc, hki_rpc_batch *batch)
{
	size_t length;
	const char *text = hk_json_writer_text(rpc->shared->writer, &length);

	if (text == NULL)
		return hk_json_writer_error(rpc->shared->writer);
	if (batch != NULL)
		return hki_batch_append(batch, text, length);
	return hki_rpc_send_text(rpc, HKI_RPC_ANSWER, NULL, text, length);
}

static int answer_error(hk_ipc_rpc *rpc, hki_rpc_batch *batch, const hki_rpc_text *id,
    int64_t code, const char *text, const hki_rpc_text *data)
{
	hk_json_writer_reset(rpc->shared->writer);
	hki_rpc_write_error(rpc->shared->writer, id, code, text, data);
	return send_answer(rpc, batch);
}

void hki_rpc_answer_invalid(
    hk_ipc_rpc *rpc, hki_rpc_batch *batch, const hki_rpc_message *message)
{
	hki_rpc_text id = { .value = message->id };

	rpc->counts.invalid++;
	if (!message->answer)
		(void) answer_error(
		    rpc, batch, &id, message->error_code, message->reason, NULL);
}

/* ---- being called ---- */

static uint64_t hash_id(const hk_ipc_rpc *rpc, const char *id, size_t length)
{
	return hki_siphash(rpc->id_key, id, length);
}

/* The JSON text of an id, in the shared writer or the document. */
static const char *id_text(hk_ipc_rpc *rpc, const hk_json *id, size_t *out_length)
{
	const char *number = hk_json_get_number_text(id, out_length);

	if (number != NULL)
		return number;
	hk_json_writer_reset(rpc->shared->writer);
	hk_json_write_value(rpc->shared->writer, id);
	return hk_json_writer_text(rpc->shared->writer, out_length);
}

static uint64_t deadline_of(const hk_ipc_rpc *rpc, const hki_rpc_message *message)
{
	uint64_t now_ns = hk_loop_now_ns(rpc->loop);

	if (message->deadline_ms == 0 ||
	    message->deadline_ms > (UINT64_MAX - now_ns) / HKI_NS_PER_MS)
		return UINT64_MAX;
	return now_ns + message->deadline_ms * HKI_NS_PER_MS;
}

static hk_ipc_request *request_new(hk_ipc_rpc *rpc, hki_rpc_batch *batch,
    const hki_rpc_message *message, const char *id, size_t id_length)
{
	size_t name = message->method_length + 1;
	hk_ipc_request *request = hki_zalloc(sizeof(*request) + name + id_length + 1);
	char *place;

	if (request == NULL)
		return NULL;
	memcpy(request->method, message->method, name);
	place = request->method + name;
	memcpy(place, id, id_length);
	request->id = place;
	request->id_length = id_length;
	request->id_hash = hash_id(rpc, id, id_length);
	request->notification = message->kind == HKI_RPC_NOTIFICATION;
	request->deadline_ns = deadline_of(rpc, message);
	request->rpc = rpc;
	request->batch = request->notification ? NULL : batch;
	return request;
}

/* Put it where a cancel and the end of the conversation find it.  0 or -ENOMEM. */
static int request_enter(hk_ipc_request *request)
{
	hk_ipc_rpc *rpc = request->rpc;

	if (!request->notification &&
	    hki_map_put(&rpc->requests_by_id, request->id_hash, request) < 0)
		return -ENOMEM;
	hki_list_append(&rpc->requests, &request->link);
	rpc->requests_count++;
	if (request->batch != NULL)
		request->batch->left++;
	return 0;
}

static void forget_id(hk_ipc_rpc *rpc, const hk_ipc_request *request)
{
	/* A peer may use an id twice; the later one stands in the map. */
	if (hki_map_get(&rpc->requests_by_id, request->id_hash) == request)
		(void) hki_map_remove(&rpc->requests_by_id, request->id_hash);
}

static void request_leave(hk_ipc_request *request)
{
	hk_ipc_rpc *rpc = request->rpc;

	if (rpc == NULL)
		return;
	forget_id(rpc, request);
	hki_list_remove(&request->link);
	rpc->requests_count--;
	request->rpc = NULL;
}

static void request_release(hk_ipc_request *request)
{
	hki_rpc_batch *batch = request->batch;
	hk_ipc_rpc *rpc = request->rpc;

	request_leave(request);
	hki_free(request);
	if (batch != NULL)
		hki_batch_done(batch);
	if (rpc != NULL) {
		hki_rpc_close_if_done(rpc);
		hki_rpc_retire_step(rpc);
	}
}

/* Why nobody can be asked, or 0. */
static int64_t refusal(const hk_ipc_rpc *rpc, const hki_rpc_message *message,
    const hki_method *method, const char **out_text)
{
	if (method == NULL || strncmp(message->method, "rpc.", 4) == 0) {
		*out_text = "there is no such method";
		return HK_IPC_ERROR_METHOD;
	}
	if (rpc->requests_count >= rpc->requests_max) {
		*out_text = "too many calls wait for an answer";
		return HK_IPC_ERROR_OVERLOAD;
	}
	return 0;
}

static void refuse(hk_ipc_rpc *rpc, hki_rpc_batch *batch, const hki_rpc_message *message,
    int64_t code, const char *text)
{
	hki_rpc_text id = { .value = message->id };

	if (code == HK_IPC_ERROR_OVERLOAD)
		rpc->counts.refused++;
	if (message->kind == HKI_RPC_REQUEST)
		(void) answer_error(rpc, batch, &id, code, text, NULL);
}

static bool is_too_long(hki_rpc_message *message, size_t id_length)
{
	if (message->method_length > HK_IPC_METHOD_MAX)
		message->reason = "the method's name is too long";
	else if (id_length > ID_MAX)
		message->reason = "the id is too long";
	else
		return false;
	message->error_code = HK_IPC_ERROR_REQUEST;
	message->id = NULL;
	return true;
}

/* Whoever retires begins nothing: the end of the connection says so. */
static bool is_too_late(const hk_ipc_rpc *rpc, const hki_rpc_message *message)
{
	return rpc->retire != NULL && strcmp(message->method, "rpc.cancel") != 0;
}

static bool is_for_us(hk_ipc_rpc *rpc, const hki_rpc_message *message)
{
	if (message->kind != HKI_RPC_NOTIFICATION)
		return false;
	if (strcmp(message->method, "rpc.cancel") == 0) {
		hki_request_cancelled(rpc, hk_json_member(message->params, "id"));
		return true;
	}
	return rpc->guest != NULL && rpc->guest->on_notice != NULL &&
	       rpc->guest->on_notice(rpc->guest, message);
}

void hki_request_arrived(
    hk_ipc_rpc *rpc, hki_rpc_batch *batch, const hki_rpc_message *given)
{
	const hki_method *method = hki_method_find(rpc->methods, given->method);
	hki_rpc_message message = *given;
	hk_ipc_request *request = NULL;
	const char *text = NULL;
	const char *id = "";
	size_t id_length = 0;
	int64_t code;

	if (is_too_late(rpc, given))
		return;
	rpc->counts.requests++;
	if (is_for_us(rpc, &message))
		return;
	if (message.kind == HKI_RPC_REQUEST)
		id = id_text(rpc, message.id, &id_length);
	if (id != NULL && is_too_long(&message, id_length)) {
		hki_rpc_answer_invalid(rpc, batch, &message);
		return;
	}
	code = refusal(rpc, &message, method, &text);
	if (code == 0) {
		request =
		    id != NULL ? request_new(rpc, batch, &message, id, id_length) : NULL;
		if (request == NULL || request_enter(request) < 0) {
			hki_free(request);
			code = HK_IPC_ERROR_INTERNAL;
			text = "no memory";
		}
	}
	if (code != 0)
		refuse(rpc, batch, &message, code, text);
	else
		method->fn(request, message.params, method->user);
}

/* ---- cancelled, or left behind ---- */

static void tell_cancel(hk_ipc_request *request)
{
	hk_ipc_request_fn fn = request->on_cancel;

	request->on_cancel = NULL;
	if (fn != NULL)
		fn(request, request->user);
}

void hki_request_cancelled(hk_ipc_rpc *rpc, const hk_json *id)
{
	size_t length = 0;
	const char *text = id != NULL ? id_text(rpc, id, &length) : NULL;
	hk_ipc_request *request = NULL;

	if (text != NULL)
		request = hki_map_get(&rpc->requests_by_id, hash_id(rpc, text, length));
	if (request == NULL || request->id_length != length ||
	    memcmp(request->id, text, length) != 0)
		return;
	request->cancelled = true;
	forget_id(rpc, request);
	tell_cancel(request);
}

void hki_requests_orphan(hk_ipc_rpc *rpc, bool tell)
{
	while (!hki_list_empty(&rpc->requests)) {
		hk_ipc_request *request =
		    hki_list_entry(rpc->requests.next, hk_ipc_request, link);

		request_leave(request);
		if (request->batch != NULL)
			request->batch->rpc = NULL;
		if (tell)
			tell_cancel(request);
	}
}

/* ---- what its owner may do ---- */

const char *hk_ipc_request_method(const hk_ipc_request *request)
{
	return request->method;
}

hk_ipc_rpc *hk_ipc_request_rpc(const hk_ipc_request *request)
{
	return request->rpc;
}

bool hk_ipc_request_is_notification(const hk_ipc_request *request)
{
	return request->notification;
}

uint64_t hk_ipc_request_left_ns(const hk_ipc_request *request)
{
	uint64_t now_ns;

	if (request->deadline_ns == UINT64_MAX)
		return UINT64_MAX;
	now_ns = hki_clock_monotonic_ns();
	return now_ns < request->deadline_ns ? request->deadline_ns - now_ns : 0;
}

void hk_ipc_request_on_cancel(hk_ipc_request *request, hk_ipc_request_fn fn, void *user)
{
	request->on_cancel = fn;
	request->user = user;
}

/* Can it still be answered?  1, 0 when nobody wants to know, or why not. */
static int wants_answer(const hk_ipc_request *request)
{
	int r;

	if (request->rpc == NULL)
		return -ECONNRESET;
	r = hki_rpc_usable(request->rpc);
	if (r < 0)
		return r == -EPIPE ? -ECONNRESET : r;
	if (request->cancelled)
		return -ECANCELED;
	return request->notification ? 0 : 1;
}

static int fail_with(const hk_ipc_request *request, int64_t code, const char *text,
    const hki_rpc_text *data)
{
	hki_rpc_text id = { .json = request->id, .length = request->id_length };

	return answer_error(request->rpc, request->batch, &id, code, text, data);
}

static int reply_with(const hk_ipc_request *request, const hki_rpc_text *result)
{
	hki_rpc_text id = { .json = request->id, .length = request->id_length };
	hk_json_writer *writer = request->rpc->shared->writer;

	hk_json_writer_reset(writer);
	hki_rpc_write_result(writer, &id, result);
	return send_answer(request->rpc, request->batch);
}

/* Send the answer that did not fit, or for which there was no memory, as an error. */
static void excuse(const hk_ipc_request *request, int error)
{
	if (error == -EMSGSIZE)
		(void) fail_with(request, HK_IPC_ERROR_INTERNAL,
		    "the answer is larger than a message may be", NULL);
	else if (error == -ENOMEM)
		(void) fail_with(
		    request, HK_IPC_ERROR_INTERNAL, "no memory for the answer", NULL);
}

static int reply(hk_ipc_request *request, const hki_rpc_text *result)
{
	int r = wants_answer(request);

	if (r == 1) {
		r = reply_with(request, result);
		excuse(request, r);
	}
	request_release(request);
	return r;
}

static int fail(
    hk_ipc_request *request, int64_t code, const char *text, const hki_rpc_text *data)
{
	int r = wants_answer(request);

	if (r == 1) {
		r = fail_with(request, code, text != NULL ? text : "", data);
		excuse(request, r);
	}
	request_release(request);
	return r;
}

static hki_rpc_text text_of(const char *json)
{
	hki_rpc_text text = { .json = json };

	text.length = json != NULL ? strlen(json) : 0;
	return text;
}

int hk_ipc_request_reply(hk_ipc_request *request, const char *result)
{
	hki_rpc_text text = text_of(result);

	return reply(request, &text);
}

int hk_ipc_request_reply_value(hk_ipc_request *request, const hk_json *result)
{
	hki_rpc_text text = { .value = result };

	return reply(request, &text);
}

int hk_ipc_request_fail(
    hk_ipc_request *request, int64_t code, const char *text, const char *data)
{
	hki_rpc_text data_text = text_of(data);

	return fail(request, code, text, &data_text);
}

int hk_ipc_request_fail_value(
    hk_ipc_request *request, int64_t code, const char *text, const hk_json *data)
{
	hki_rpc_text data_text = { .value = data };

	return fail(request, code, text, &data_text);
}

void hk_ipc_request_free(hk_ipc_request *request)
{
	if (request != NULL)
		(void) fail(
		    request, HK_IPC_ERROR_INTERNAL, "the method gave no answer", NULL);
}
