/*
 * Those who see everything: each event that passes the broker becomes a notification
 * "tap" for them, numbered, so that they see what they were too slow for.  Without
 * taps an event costs one look at an empty list.
 */
#include <errno.h>
#include <hostkit/error.h>
#include "base/clock.h"
#include "ipc/broker_internal.h"

static void write_number(hk_json_writer *writer, const char *key, uint64_t number)
{
	if (number == 0)
		return;
	hk_json_write_key(writer, key);
	hk_json_write_uint64(writer, number);
}

static void write_text(hk_json_writer *writer, const char *key, const char *text)
{
	if (text == NULL)
		return;
	hk_json_write_key(writer, key);
	hk_json_write_string(writer, text);
}

static void write_event(
    hk_json_writer *writer, const hki_broker_event *event, uint64_t seq, uint64_t real_ns)
{
	hk_json_writer_reset(writer);
	hk_json_write_object_begin(writer);
	write_text(writer, "jsonrpc", "2.0");
	write_text(writer, "method", "tap");
	hk_json_write_key(writer, "params");
	hk_json_write_object_begin(writer);
	write_number(writer, "seq", seq);
	hk_json_write_key(writer, "time_s");
	hk_json_write_decimal(writer, (double) (real_ns / 1000) / 1e6, 6);
	write_text(writer, "kind", event->kind);
	write_number(writer, "from", event->from);
	write_number(writer, "to", event->to);
	write_text(writer, "topic", event->topic);
	write_text(writer, "method", event->method);
	if (event->code != 0) {
		hk_json_write_key(writer, "code");
		hk_json_write_int64(writer, event->code);
	}
	write_text(writer, "message", event->message);
	if (event->data != NULL) {
		hk_json_write_key(writer, event->data_key);
		hk_json_write_value(writer, event->data);
	}
	write_number(writer, "subscribers", event->count);
	hk_json_write_object_end(writer);
	hk_json_write_object_end(writer);
}

void hki_broker_tell_taps(hk_ipc_broker *broker, const hki_broker_event *event)
{
	uint64_t real_ns = 0;

	for (hki_list *link = broker->taps.next; link != &broker->taps;
	     link = link->next) {
		hki_broker_member *tap = hki_list_entry(link, hki_broker_member, tap);
		const char *text;
		size_t length;

		if (real_ns == 0)
			real_ns = hki_clock_real_ns();
		write_event(broker->writer, event, ++tap->tap_seq, real_ns);
		text = hk_json_writer_text(broker->writer, &length);
		if (text == NULL ||
		    hki_rpc_send_text(tap->rpc, HKI_RPC_TAPPED, NULL, text, length) < 0)
			tap->rpc->counts.dropped++;
	}
}

static void on_tap(hk_ipc_request *request, const hk_json *params, void *user)
{
	hk_ipc_broker *broker = user;
	hki_broker_member *member = hki_broker_member_of(request);

	(void) params;
	if (member != NULL && !member->tapping) {
		member->tapping = true;
		member->tap_seq = 0;
		hki_list_append(&broker->taps, &member->tap);
	}
	(void) hk_ipc_request_reply(request, "true");
}

static void on_untap(hk_ipc_request *request, const hk_json *params, void *user)
{
	hki_broker_member *member = hki_broker_member_of(request);

	(void) params;
	(void) user;
	if (member != NULL) {
		member->tapping = false;
		hki_list_remove(&member->tap);
	}
	(void) hk_ipc_request_reply(request, "true");
}

int hki_broker_add_tap(hk_ipc_broker *broker)
{
	int r = hk_ipc_methods_add(broker->methods, "tap", on_tap, broker);

	return r < 0 ? r : hk_ipc_methods_add(broker->methods, "untap", on_untap, broker);
}
