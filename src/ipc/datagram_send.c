/*
 * Sending datagrams.  The kernel nearly always takes one at once; what it does not
 * take waits in the order sent.  Whoever asked learns what became of theirs in a
 * later turn, also when it is known at once: a callback inside the call that started
 * it would surprise.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include "base/alloc.h"
#include "ipc/datagram_internal.h"

struct parcel {
	hki_list link;
	hk_ipc_datagram_sent_fn fn; /* or NULL */
	void *user;
	int result;
	bool has_address;
	hki_socket_address to;
	size_t length;
	char bytes[];
};

/* What the kernel says: the length or a negative errno. */
static int give(const hki_datagram_socket *socket, const hki_socket_address *to,
    const void *bytes, size_t length)
{
	const struct sockaddr *address = to != NULL ? (const void *) &to->storage : NULL;
	socklen_t size = to != NULL ? to->length : 0;
	ssize_t sent;

	do
		sent = sendto(socket->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT,
		    address, size);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : (int) sent;
}

static void count(hk_ipc_datagram *datagram, int result)
{
	if (result < 0)
		datagram->stats.failed++;
	else
		datagram->stats.sent++;
}

static void settle(hk_ipc_datagram *datagram, struct parcel *parcel, int result)
{
	parcel->result = result;
	hki_list_append(&datagram->sent, &parcel->link);
	hk_timer_set(datagram->telling, 0, 0);
}

void hki_datagram_flush(hki_datagram_socket *socket)
{
	hk_ipc_datagram *datagram = socket->owner;

	while (!hki_list_empty(&socket->queue)) {
		struct parcel *first =
		    hki_list_entry(socket->queue.next, struct parcel, link);
		int result = give(socket, first->has_address ? &first->to : NULL,
		    first->bytes, first->length);

		if (result == -EAGAIN)
			return;
		hki_list_remove(&first->link);
		datagram->queued_bytes -= first->length;
		datagram->stats.queued--;
		count(datagram, result);
		if (first->fn != NULL)
			settle(datagram, first, result);
		else
			hki_free(first);
	}
}

void hki_datagram_tell_sent(hk_timer *timer, void *user)
{
	hk_ipc_datagram *datagram = user;

	(void) timer;
	while (!datagram->freed && !hki_list_empty(&datagram->sent)) {
		struct parcel *first =
		    hki_list_entry(hki_list_pop(&datagram->sent), struct parcel, link);
		hk_ipc_datagram_sent_fn fn = first->fn;
		void *whose = first->user;
		int result = first->result;

		hki_free(first);
		fn(datagram, result, whose);
	}
}

static void free_list(hki_list *list)
{
	while (!hki_list_empty(list))
		hki_free(hki_list_entry(hki_list_pop(list), struct parcel, link));
}

void hki_datagram_queue_free(hk_ipc_datagram *datagram)
{
	for (int i = 0; i < HKI_SOCKET_ADDRESSES_MAX; i++)
		free_list(&datagram->sockets[i].queue);
	free_list(&datagram->sent);
}

/* ---- the public call ---- */

static bool is_target(const hk_ipc_datagram *datagram, const hk_ipc_address *to)
{
	return memcmp(&datagram->target, to, sizeof(*to)) == 0;
}

/* Where @to leaves from: 0 or a negative errno. */
static int choose(
    hki_datagram_socket **out, hk_ipc_datagram *datagram, const hk_ipc_address *to)
{
	int family = to->family == 4 ? AF_INET : AF_INET6;

	for (int i = 0; i < HKI_SOCKET_ADDRESSES_MAX; i++) {
		hki_datagram_socket *socket = &datagram->sockets[i];

		if (socket->fd < 0 || socket->family != family)
			continue;
		*out = socket;
		return 0;
	}
	return -EAFNOSUPPORT;
}

static int check_size(
    const hk_ipc_datagram *datagram, const hk_ipc_address *to, size_t length)
{
	bool far = (datagram->opts.flags & HK_IPC_DATAGRAM_LARGE) == 0 &&
		   !hki_datagram_is_local(to);

	if (length > (far ? HK_IPC_DATAGRAM_SAFE : HK_IPC_DATAGRAM_MAX))
		return -EMSGSIZE;
	return 0;
}

static int keep(hki_datagram_socket *socket, const struct parcel *like, const void *bytes,
    int result, bool known)
{
	hk_ipc_datagram *datagram = socket->owner;
	struct parcel *kept = hki_alloc(sizeof(*kept) + (known ? 0 : like->length));

	if (kept == NULL)
		return -ENOMEM;
	*kept = *like;
	if (known) {
		settle(datagram, kept, result);
		return 0;
	}
	if (like->length > 0)
		memcpy(kept->bytes, bytes, like->length);
	hki_list_append(&socket->queue, &kept->link);
	datagram->queued_bytes += like->length;
	datagram->stats.queued++;
	return hki_datagram_watch(socket);
}

static int send_now_or_later(
    hki_datagram_socket *socket, const struct parcel *like, const void *bytes)
{
	hk_ipc_datagram *datagram = socket->owner;
	int result = -EAGAIN;

	if (hki_list_empty(&socket->queue))
		result = give(
		    socket, like->has_address ? &like->to : NULL, bytes, like->length);
	if (result == -EAGAIN) {
		if (datagram->queued_bytes + like->length > datagram->opts.queue_max)
			return -EAGAIN;
		return keep(socket, like, bytes, 0, false);
	}
	count(datagram, result);
	if (like->fn == NULL)
		return result < 0 ? result : 0;
	return keep(socket, like, bytes, result, true);
}

int hk_ipc_datagram_send(hk_ipc_datagram *datagram, const hk_ipc_address *to,
    const void *data, size_t length, hk_ipc_datagram_sent_fn fn, void *user)
{
	struct parcel like = { .fn = fn, .user = user, .length = length };
	hki_datagram_socket *socket;
	int r;

	if (datagram == NULL || (data == NULL && length > 0))
		return -EINVAL;
	r = hki_datagram_usable(datagram);
	if (r < 0)
		return r;
	if (datagram->target.family != 0) {
		if (to != NULL && !is_target(datagram, to))
			return -EISCONN;
		to = &datagram->target;
	} else if (to == NULL) {
		return -EDESTADDRREQ;
	} else {
		like.has_address = true;
		hki_datagram_address_in(&like.to, to);
	}
	r = choose(&socket, datagram, to);
	if (r == 0)
		r = check_size(datagram, to, length);
	return r < 0 ? r : send_now_or_later(socket, &like, data);
}
