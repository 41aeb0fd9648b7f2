/*
 * What leaves a conversation.  As long as the connection takes it, a message goes
 * straight to it.  Otherwise it depends on what the message is:
 *
 *   - calls and notices of ours wait while there is no connection, up to the
 *     high-water mark; where there is one that is full, whoever sends is told to wait;
 *   - answers cannot be refused, because nobody would ask for them again.  They wait
 *     here, and we stop reading, so that no more are asked for.  What was asked for
 *     before is bounded too: a peer that lets more than ANSWERS_MAX gather is cut off;
 *   - publications are dropped, the oldest or the newest, and counted.
 */
#include <errno.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/cleanup.h"
#include "ipc/rpc_internal.h"

/* Answers that wait for a peer which does not read them: sixteen of the largest. */
#define ANSWERS_MAX ((size_t) 16 << 20)

/* What waits here counts for the connection's server as well. */
static void change_waiting(hk_ipc_rpc *rpc, size_t bytes)
{
	rpc->waiting_bytes = bytes;
	if (rpc->ipc != NULL)
		hki_ipc_total_hold(rpc->ipc, bytes);
}

/* Would @length more be beyond @limit, or beyond what the server's total leaves? */
static bool is_beyond(hk_ipc_rpc *rpc, size_t limit, size_t length)
{
	if (rpc->waiting_bytes + length > limit)
		return true;
	if (hki_list_empty(&rpc->waiting) || rpc->ipc == NULL ||
	    !hki_ipc_total_exceeded(rpc->ipc, length))
		return false;
	hki_ipc_total_count(rpc->ipc);
	return true;
}

static hki_rpc_waiting *waiting_of(hki_list *link)
{
	return hki_list_entry(link, hki_rpc_waiting, link);
}

void hki_rpc_waiting_free(hk_ipc_rpc *rpc, hki_rpc_waiting *waiting)
{
	if (waiting == NULL)
		return;
	hki_list_remove(&waiting->link);
	change_waiting(rpc, rpc->waiting_bytes - waiting->length);
	if (waiting->call != NULL)
		waiting->call->waiting = NULL;
	hki_free(waiting);
}

static int wait_in(hk_ipc_rpc *rpc, hki_list *list, hki_rpc_sort sort, hk_ipc_call *call,
    const char *text, size_t length)
{
	hki_rpc_waiting *waiting = hki_alloc(sizeof(*waiting) + length);

	if (waiting == NULL)
		return -ENOMEM;
	waiting->call = call;
	waiting->sort = sort;
	waiting->length = length;
	memcpy(waiting->text, text, length);
	if (call != NULL)
		call->waiting = waiting;
	hki_list_append(list, &waiting->link);
	change_waiting(rpc, rpc->waiting_bytes + length);
	return 0;
}

/* We do not read while what we have to say is not read. */
static void pause_reading(hk_ipc_rpc *rpc)
{
	if (rpc->paused)
		return;
	rpc->paused = true;
	hk_ipc_pause(rpc->ipc);
}

static int wait_as_answer(hk_ipc_rpc *rpc, const char *text, size_t length)
{
	if (is_beyond(rpc, ANSWERS_MAX, length)) {
		hk_ipc_close(rpc->ipc, 0);
		return -ENOBUFS;
	}
	pause_reading(rpc);
	return wait_in(rpc, &rpc->waiting, HKI_RPC_ANSWER, NULL, text, length);
}

static bool is_news(hki_rpc_sort sort)
{
	return sort == HKI_RPC_NEWS || sort == HKI_RPC_TAPPED;
}

static bool drop_oldest_news(hk_ipc_rpc *rpc)
{
	for (hki_list *link = rpc->waiting.next; link != &rpc->waiting;
	     link = link->next) {
		if (!is_news(waiting_of(link)->sort))
			continue;
		rpc->counts.withdrawn += waiting_of(link)->sort == HKI_RPC_NEWS;
		hki_rpc_waiting_free(rpc, waiting_of(link));
		rpc->counts.dropped++;
		return true;
	}
	return false;
}

static int wait_as_news(
    hk_ipc_rpc *rpc, hki_rpc_sort sort, const char *text, size_t length)
{
	while (rpc->keep_news && is_beyond(rpc, rpc->queue_max, length) &&
	       drop_oldest_news(rpc))
		;
	if (!rpc->keep_news || is_beyond(rpc, rpc->queue_max, length)) {
		rpc->counts.dropped++;
		return 1;
	}
	return wait_in(rpc, &rpc->waiting, sort, NULL, text, length);
}

static int wait_as_ours(hk_ipc_rpc *rpc, hki_rpc_sort sort, hk_ipc_call *call,
    const char *text, size_t length)
{
	if (rpc->connected || rpc->waiting_bytes + length > rpc->queue_max) {
		rpc->thirsty = true;
		return -EAGAIN;
	}
	return wait_in(rpc, &rpc->waiting, sort, call, text, length);
}

static int send_line(hk_ipc_rpc *rpc, hki_rpc_sort sort, hk_ipc_call *call,
    const char *text, size_t length)
{
	int r = -EAGAIN;

	if (rpc->connected && hki_list_empty(&rpc->waiting))
		r = hk_ipc_send(rpc->ipc, text, length);
	if (r != -EAGAIN)
		return r;
	switch (sort) {
	case HKI_RPC_ANSWER:
		return wait_as_answer(rpc, text, length);
	case HKI_RPC_NEWS:
	case HKI_RPC_TAPPED:
		return wait_as_news(rpc, sort, text, length);
	default:
		return wait_as_ours(rpc, sort, call, text, length);
	}
}

/* Line feeds stand between tokens only, where a blank means the same. */
static void join_lines(char *text, size_t length)
{
	char *end = text + length;

	while ((text = memchr(text, '\n', (size_t) (end - text))) != NULL)
		*text++ = ' ';
}

int hki_rpc_send_text(hk_ipc_rpc *rpc, hki_rpc_sort sort, hk_ipc_call *call,
    const char *text, size_t length)
{
	hki_cleanup(hki_freep) char *joined = NULL;
	int r = hki_rpc_usable(rpc);

	if (r < 0)
		return r;
	if (length > rpc->message_max)
		return -EMSGSIZE;
	if (memchr(text, '\n', length) != NULL) {
		joined = hki_memdup(text, length);
		if (joined == NULL)
			return -ENOMEM;
		join_lines(joined, length);
		text = joined;
	}
	return send_line(rpc, sort, call, text, length);
}

int hki_rpc_send(hk_ipc_rpc *rpc, hki_rpc_sort sort, hk_ipc_call *call)
{
	size_t length;
	const char *text = hk_json_writer_text(rpc->shared->writer, &length);

	if (text == NULL)
		return hk_json_writer_error(rpc->shared->writer);
	return hki_rpc_send_text(rpc, sort, call, text, length);
}

int hki_rpc_send_first(hk_ipc_rpc *rpc, hk_ipc_call *call)
{
	size_t length;
	const char *text = hk_json_writer_text(rpc->shared->writer, &length);

	if (text == NULL)
		return hk_json_writer_error(rpc->shared->writer);
	return wait_in(rpc, &rpc->first, HKI_RPC_CALL, call, text, length);
}

/* ---- there is room again ---- */

/* False when the connection takes no more. */
static bool send_waiting(hk_ipc_rpc *rpc, hki_list *list)
{
	while (!hki_list_empty(list)) {
		hki_rpc_waiting *waiting = waiting_of(list->next);
		int r = hk_ipc_send(rpc->ipc, waiting->text, waiting->length);

		if (r == -EAGAIN || r == -ENOMEM)
			return false;
		hki_rpc_waiting_free(rpc, waiting);
	}
	return true;
}

void hki_rpc_flush_waiting(hk_ipc_rpc *rpc)
{
	if (!rpc->connected || !send_waiting(rpc, &rpc->first) ||
	    !send_waiting(rpc, &rpc->waiting))
		return;
	if (rpc->paused) {
		rpc->paused = false;
		hk_ipc_resume(rpc->ipc);
	}
}

void hki_rpc_drained(hk_ipc_rpc *rpc)
{
	hki_rpc_flush_waiting(rpc);
	hki_rpc_close_if_done(rpc);
	hki_rpc_retire_step(rpc);
	if (!rpc->thirsty || !rpc->connected || !hki_list_empty(&rpc->waiting))
		return;
	rpc->thirsty = false;
	if (rpc->on_drain != NULL)
		rpc->on_drain(rpc, rpc->user);
}

/* ---- there is no connection any more ---- */

/* Calls have ended, answers have nobody who waits for them: both carry an id first. */
static bool is_notice(const char *text, size_t length)
{
	static const char begin[] = "{\"jsonrpc\":\"2.0\",\"method\":";

	return length > sizeof(begin) && memcmp(text, begin, sizeof(begin) - 1) == 0;
}

/* One there is no memory for is lost with the connection. */
static void take_back(const char *text, size_t length, void *user)
{
	hk_ipc_rpc *rpc = user;

	if (is_notice(text, length) &&
	    wait_in(rpc, &rpc->first, HKI_RPC_NOTICE, NULL, text, length) < 0)
		rpc->counts.dropped++;
}

void hki_rpc_waiting_take_back(hk_ipc_rpc *rpc)
{
	while (!hki_list_empty(&rpc->first))
		hki_rpc_waiting_free(rpc, waiting_of(rpc->first.next));
	hki_ipc_take_back(rpc->ipc, take_back, rpc);
	/* `first` is for what is said on the next connection: what came back follows it. */
	hki_list_splice(&rpc->first, &rpc->waiting);
	hki_list_splice(&rpc->waiting, &rpc->first);
}

void hki_rpc_waiting_lost(hk_ipc_rpc *rpc)
{
	hki_list *link = rpc->waiting.next;

	while (!hki_list_empty(&rpc->first))
		hki_rpc_waiting_free(rpc, waiting_of(rpc->first.next));
	while (link != &rpc->waiting) {
		hki_rpc_waiting *waiting = waiting_of(link);

		link = link->next;
		if (waiting->sort == HKI_RPC_ANSWER || is_news(waiting->sort))
			hki_rpc_waiting_free(rpc, waiting);
	}
}

void hki_rpc_waiting_free_all(hk_ipc_rpc *rpc)
{
	hki_list_splice(&rpc->waiting, &rpc->first);
	while (!hki_list_empty(&rpc->waiting))
		hki_rpc_waiting_free(rpc, waiting_of(rpc->waiting.next));
}
