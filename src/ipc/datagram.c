/*
 * An endpoint of datagrams: its life, and what arrives.
 *
 * One buffer takes every datagram, so what is given to on_message is borrowed.  It is
 * as large as a datagram can be unless less was asked for; then what did not fit is
 * told by its true length (MSG_TRUNC), never in silence.
 */
#include "ipc/datagram_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/cleanup.h"
#include "base/error_list.h"
#include "base/opts.h"

#define MESSAGE_MAX_DEFAULT 65535U
#define QUEUE_MAX_DEFAULT   ((uint64_t) 1 << 20)
#define HOPS_MAX            255U
/* Datagrams taken before other work of the loop gets its turn. */
#define BATCH 64

#define FLAGS                                                                            \
	((uint32_t) (HK_IPC_DATAGRAM_LARGE | HK_IPC_DATAGRAM_BROADCAST |                 \
		     HK_IPC_DATAGRAM_SHARED | HK_IPC_DATAGRAM_NO_ECHO))

int hki_datagram_usable(const hk_ipc_datagram *datagram)
{
	if (datagram->loop == NULL || datagram->freed)
		return HK_ECLOSED;
	return hki_loop_check(datagram->loop);
}

/* ---- receiving ---- */

/* The kernel's count of datagrams it had no room for; it comes with the next one. */
static uint64_t read_dropped(hki_datagram_socket *socket, struct msghdr *header)
{
	uint64_t more = 0;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL;
	     part = CMSG_NXTHDR(header, part)) {
		uint32_t count;

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&count, CMSG_DATA(part), sizeof(count));
		more = (uint32_t) (count - socket->dropped);
		socket->dropped = count;
	}
	return more;
}

static void tell(hk_ipc_datagram *datagram, const hk_ipc_datagram_message *message)
{
	datagram->stats.received++;
	datagram->stats.dropped += message->dropped;
	if (message->full_length > message->length)
		datagram->stats.truncated++;
	datagram->opts.on_message(datagram, message, datagram->opts.user);
}

static void tell_error(hk_ipc_datagram *datagram, int error)
{
	if (datagram->opts.on_error != NULL)
		datagram->opts.on_error(datagram, error, datagram->opts.user);
}

/* False when there is nothing more for now. */
static bool receive(hki_datagram_socket *socket)
{
	hk_ipc_datagram *datagram = socket->owner;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint32_t))];
	struct sockaddr_storage from = { .ss_family = AF_UNSPEC };
	struct iovec place = { datagram->buffer, datagram->opts.message_max };
	struct msghdr header = { .msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &place,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	hk_ipc_datagram_message message;
	ssize_t length = recvmsg(socket->fd, &header, MSG_TRUNC | MSG_DONTWAIT);

	if (length < 0) {
		if (errno == EAGAIN)
			return false;
		if (errno != EINTR)
			tell_error(datagram, -errno);
		return true;
	}
	message.data = datagram->buffer;
	message.full_length = (size_t) length;
	message.length = message.full_length < datagram->opts.message_max
			     ? message.full_length
			     : datagram->opts.message_max;
	message.dropped = read_dropped(socket, &header);
	hki_datagram_address_out(&message.from, &from);
	tell(datagram, &message);
	return true;
}

static void on_ready(hk_watch *watch, unsigned int events, void *user)
{
	hki_datagram_socket *socket = user;
	hk_ipc_datagram *datagram = socket->owner;

	(void) watch;
	if ((events & HK_WRITABLE) != 0) {
		hki_datagram_flush(socket);
		if (hki_datagram_watch(socket) < 0)
			tell_error(datagram, -ENOMEM);
	}
	if (datagram->opts.on_message == NULL && (events & HK_ERROR) != 0) {
		/* Take the error off the socket, or it is told for ever. */
		int error = 0;
		socklen_t size = sizeof(error);

		if (getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
		    error != 0)
			tell_error(datagram, -error);
		return;
	}
	if ((events & ~(unsigned int) HK_WRITABLE) == 0)
		return;
	for (int i = 0; i < BATCH && !datagram->freed && receive(socket); i++)
		;
}

int hki_datagram_watch(hki_datagram_socket *socket)
{
	unsigned int events = 0;

	if (socket->owner->freed)
		return 0;
	if (socket->owner->opts.on_message != NULL)
		events |= HK_READABLE;
	if (!hki_list_empty(&socket->queue))
		events |= HK_WRITABLE;
	return hk_watch_set(socket->watch, events);
}

/* ---- its life ---- */

static void on_loop_free(hki_loop_member *member)
{
	hki_list_entry(member, hk_ipc_datagram, member)->loop = NULL;
}

static void release(hki_loop_deferred *deferred)
{
	hk_ipc_datagram *datagram = hki_list_entry(deferred, hk_ipc_datagram, deferred);

	hki_free(datagram->buffer);
	hki_free(datagram->interface);
	hki_free(datagram);
}

void hk_ipc_datagram_free(hk_ipc_datagram *datagram)
{
	if (datagram == NULL || datagram->freed)
		return;
	datagram->freed = true;
	for (int i = 0; i < HKI_SOCKET_ADDRESSES_MAX; i++) {
		hk_watch_free(datagram->sockets[i].watch);
		if (datagram->sockets[i].fd >= 0)
			(void) close(datagram->sockets[i].fd);
	}
	hki_datagram_queue_free(datagram);
	hk_timer_free(datagram->telling);
	hki_loop_leave(&datagram->member);
	datagram->deferred.fn = release;
	hki_loop_defer(datagram->loop, &datagram->deferred);
}

static void datagram_freep(hk_ipc_datagram **datagram)
{
	hk_ipc_datagram_free(*datagram);
}

static int read_opts(hk_ipc_datagram_opts *out, const hk_ipc_datagram_opts *given)
{
	int r = 0;

	*out = (hk_ipc_datagram_opts) HK_IPC_DATAGRAM_OPTS_INIT;
	if (given != NULL)
		r = hki_opts_copy(
		    out, sizeof(*out), given, given->size, sizeof(given->size));
	if (r < 0)
		return r;
	if ((out->flags & ~FLAGS) != 0 || out->hops > HOPS_MAX ||
	    out->message_max > MESSAGE_MAX_DEFAULT)
		return -EINVAL;
	if (out->message_max == 0)
		out->message_max = MESSAGE_MAX_DEFAULT;
	if (out->queue_max == 0)
		out->queue_max = QUEUE_MAX_DEFAULT;
	return 0;
}

static int telling_new(hk_ipc_datagram *datagram)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	int r;

	opts.fn = hki_datagram_tell_sent;
	opts.user = datagram;
	r = hk_timer_start(&datagram->telling, datagram->loop, &opts);
	if (r == 0)
		hk_timer_stop(datagram->telling);
	return r;
}

static int datagram_new(
    hk_ipc_datagram **out, hk_loop *loop, const hk_ipc_datagram_opts *given)
{
	hki_cleanup(datagram_freep) hk_ipc_datagram *datagram = NULL;
	hk_ipc_datagram_opts opts;
	int r;

	if (loop == NULL)
		return -EINVAL;
	r = hki_loop_check(loop);
	if (r == 0)
		r = read_opts(&opts, given);
	if (r < 0)
		return r;
	datagram = hki_zalloc(sizeof(*datagram));
	if (datagram == NULL)
		return -ENOMEM;
	datagram->loop = loop;
	datagram->opts = opts;
	hki_list_init(&datagram->sent);
	for (int i = 0; i < HKI_SOCKET_ADDRESSES_MAX; i++) {
		datagram->sockets[i].owner = datagram;
		datagram->sockets[i].fd = -1;
		hki_list_init(&datagram->sockets[i].queue);
	}
	datagram->member.on_loop_free = on_loop_free;
	hki_loop_join(loop, &datagram->member);
	datagram->buffer = hki_alloc(opts.message_max);
	if (opts.interface != NULL)
		datagram->interface = hki_strdup(opts.interface);
	if (datagram->buffer == NULL ||
	    (opts.interface != NULL && datagram->interface == NULL))
		return -ENOMEM;
	r = telling_new(datagram);
	if (r == 0)
		*out = hki_take(datagram);
	return r;
}

static int watch_all(hk_ipc_datagram *datagram)
{
	int r = 0;

	for (int i = 0; i < HKI_SOCKET_ADDRESSES_MAX && r == 0; i++) {
		hki_datagram_socket *socket = &datagram->sockets[i];

		if (socket->fd < 0)
			continue;
		r = hk_watch_start(&socket->watch, datagram->loop, socket->fd,
		    HK_READABLE, on_ready, socket);
		if (r == 0)
			r = hki_datagram_watch(socket);
	}
	return r;
}

static int explain(hk_error_list *errors, const char *url, int r)
{
	if (r < 0 && r != HK_EPARSE)
		return hki_error_report_step(
		    errors, r, "udp", "cannot open '%s'", url != NULL ? url : "udp:");
	return r;
}

/* Somewhere a datagram can go to? */
static int check_target(const hki_ipc_url *url, const char *text, hk_error_list *errors)
{
	if (url->port == 0)
		return hki_error_report_step(errors, -EINVAL, "url",
		    "'%s' has port 0, where nobody can be: name the one of the receiver",
		    text);
	if (url->host == HKI_IPC_HOST_ANY)
		return hki_error_report_step(errors, -EINVAL, "url",
		    "'%s' is every address: name one to send to", text);
	return 0;
}

static int parse(hki_ipc_url *out, const char *text, bool listens, hk_error_list *errors)
{
	int r = hki_ipc_url_parse(out, text, errors);

	if (r < 0)
		return r;
	if (out->scheme != HKI_IPC_UDP)
		return hki_error_report_step(errors, HK_EPARSE, "url",
		    "datagrams want udp:host:port, not '%s'", text);
	if (out->host == HKI_IPC_HOST_NAME)
		return hki_error_report_step(errors, -EINVAL, "url",
		    "'%s' names a host; datagrams want its address, such as "
		    "udp:127.0.0.1:5000",
		    text);
	return listens ? 0 : check_target(out, text, errors);
}

static int open_at(hk_ipc_datagram **out, hk_loop *loop, const char *text,
    const hk_ipc_datagram_opts *opts, bool listens, hk_error_list *errors)
{
	hki_cleanup(datagram_freep) hk_ipc_datagram *datagram = NULL;
	hki_ipc_url url;
	int r = 0;

	if (out == NULL)
		return -EINVAL;
	if (text != NULL || listens)
		r = parse(&url, text, listens, errors);
	if (r == 0)
		r = datagram_new(&datagram, loop, opts);
	if (r < 0)
		return r;
	r = text != NULL ? hki_datagram_open(datagram, &url, listens)
			 : hki_datagram_open_free(datagram);
	if (r == 0)
		r = watch_all(datagram);
	if (r < 0)
		return explain(errors, text, r);
	*out = hki_take(datagram);
	return 0;
}

int hk_ipc_datagram_listen(hk_ipc_datagram **out, hk_loop *loop, const char *url,
    const hk_ipc_datagram_opts *opts, hk_error_list *errors)
{
	return open_at(out, loop, url, opts, true, errors);
}

int hk_ipc_datagram_dial(hk_ipc_datagram **out, hk_loop *loop, const char *url,
    const hk_ipc_datagram_opts *opts, hk_error_list *errors)
{
	return open_at(out, loop, url, opts, false, errors);
}

const char *hk_ipc_datagram_url(const hk_ipc_datagram *datagram)
{
	return datagram->url;
}

int hk_ipc_datagram_stats_read(
    const hk_ipc_datagram *datagram, hk_ipc_datagram_stats *out)
{
	hk_ipc_datagram_stats stats;
	size_t size;

	if (datagram == NULL || out == NULL || out->size < sizeof(out->size))
		return -EINVAL;
	stats = datagram->stats;
	stats.size = out->size;
	size = out->size < sizeof(stats) ? out->size : sizeof(stats);
	memcpy(out, &stats, size);
	return 0;
}
