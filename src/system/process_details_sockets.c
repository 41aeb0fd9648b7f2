/*
 * Whose sockets are whose: the descriptors of a process name the inodes of its
 * sockets, the kernel tells what each of them is.  A process in our network
 * namespace is answered by sock_diag(7); for one in another, or where that is
 * refused, by the net folder of the process.
 */
#include "system/process_details.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/map.h"

static const char *const state_names[] = { "established", "syn-sent", "syn-received",
	"fin-wait-1", "fin-wait-2", "time-wait", "closed", "close-wait", "last-ack",
	"listening", "closing", NULL };

enum {
	DESCRIPTOR,
	PROTOCOL,
	TYPE,
	STATE,
	LOCAL_ADDRESS,
	LOCAL_PORT,
	REMOTE_ADDRESS,
	REMOTE_PORT,
	PATH,
	INODE,
	PEER_INODE,
	RECEIVE_QUEUE,
	SEND_QUEUE,
	FIELDS
};

/* clang-format off */
#define AT(member) .offset = offsetof(hk_system_connection, member)
static const hk_record_field fields[FIELDS] = {
	[DESCRIPTOR] = { .name = "descriptor", .title = "FD", .kind = HK_RECORD_INT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "its number", AT(descriptor) },
	[PROTOCOL] = { .name = "protocol", .kind = HK_RECORD_STRING, .help = "tcp, tcp6, udp, udp6 or unix", AT(protocol) },
	[TYPE] = { .name = "type", .kind = HK_RECORD_STRING, .help = "stream, datagram or seqpacket",
	    .priority = 4, AT(type) },
	[STATE] = { .name = "state", .kind = HK_RECORD_ENUM, .names = state_names, .help = "of a connection", AT(state) },
	[LOCAL_ADDRESS] = { .name = "local_address", .kind = HK_RECORD_STRING, .help = "our end", AT(local_address) },
	[LOCAL_PORT] = { .name = "local_port", .kind = HK_RECORD_UINT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "our end", AT(local_port) },
	[REMOTE_ADDRESS] = { .name = "remote_address", .kind = HK_RECORD_STRING, .help = "the other end", AT(remote_address) },
	[REMOTE_PORT] = { .name = "remote_port", .kind = HK_RECORD_UINT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "the other end", AT(remote_port) },
	[PATH] = { .name = "path", .kind = HK_RECORD_STRING, .help = "name of a unix socket", AT(path) },
	[INODE] = { .name = "inode", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_IDENTIFIER,
	    .help = "of the socket", .priority = 5, AT(inode) },
	[PEER_INODE] = { .name = "peer_inode", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_IDENTIFIER,
	    .help = "of the socket at the other end", .priority = 5, AT(peer_inode) },
	[RECEIVE_QUEUE] = { .name = "receive_queue_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "waiting to be read", .priority = 3, AT(receive_queue_bytes) },
	[SEND_QUEUE] = { .name = "send_queue_bytes", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_BYTES,
	    .help = "sent and not acknowledged", .priority = 3, AT(send_queue_bytes) },
};
/* clang-format on */

const hk_record_type hk_system_connection_type = {
	.name = "connection",
	.fields = fields,
	.field_count = FIELDS,
	.struct_size = sizeof(hk_system_connection),
};

struct walk {
	hki_details_reading *reading;
	hki_details_list list; /* a row a socket descriptor */
	hki_map by_inode;      /* to the first row, plus 1 */
	int links;             /* fd */
};

static hk_system_connection *row_at(const struct walk *walk, size_t place)
{
	return (hk_system_connection *) (void *) walk->list.rows.data + place;
}

/* ---- the sockets it holds ---- */

static int add_descriptor(const char *name, void *user)
{
	struct walk *walk = user;
	hk_system_connection row = { .descriptor = -1 };
	char link[64];
	uint64_t number;
	int r;

	if (!hki_details_number(&number, name, 10) ||
	    hki_details_link(link, sizeof(link), walk->links, name) < 0 ||
	    strncmp(link, "socket:[", 8) != 0 ||
	    !hki_details_number(&row.inode, link + 8, 10))
		return 0;
	row.descriptor = (int32_t) number;
	hk_record_set(&row.record, DESCRIPTOR);
	hk_record_set(&row.record, INODE);
	r = hki_details_add(walk->reading, &walk->list, &row, sizeof(row));
	if (r < 0 || hki_map_get(&walk->by_inode, row.inode) != NULL)
		return r;
	return hki_map_put(&walk->by_inode, row.inode, (void *) walk->list.count);
}

static int find_descriptors(struct walk *walk)
{
	hki_cleanup(hki_closep) int links =
	    openat(walk->reading->directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (links < 0)
		return -errno;
	walk->links = links;
	return hki_details_each(links, add_descriptor, walk);
}

/* ---- what they are ---- */

static const char *protocol_name(const hki_socket *socket)
{
	if (socket->family == AF_UNIX)
		return "unix";
	if (socket->protocol == IPPROTO_TCP)
		return socket->family == AF_INET6 ? "tcp6" : "tcp";
	return socket->family == AF_INET6 ? "udp6" : "udp";
}

static const char *type_name(int type)
{
	switch (type) {
	case SOCK_STREAM:
		return "stream";
	case SOCK_DGRAM:
		return "datagram";
	case SOCK_SEQPACKET:
		return "seqpacket";
	default:
		return NULL;
	}
}

/* TCP_ESTABLISHED is 1; 12 is a connection that is just being made. */
static void add_state(hk_system_connection *row, const hki_socket *socket)
{
	int state =
	    socket->state == 12 ? HK_SYSTEM_SOCKET_SYN_RECEIVED : socket->state - 1;

	/* A datagram socket has no connection that could be in a state. */
	if (socket->protocol == IPPROTO_UDP || state < 0 ||
	    state > HK_SYSTEM_SOCKET_CLOSING)
		return;
	row->state = state;
	hk_record_set(&row->record, STATE);
}

static const char *address_text(
    hki_details_reading *reading, int family, const unsigned char *address)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family, address, text, sizeof(text)) == NULL)
		return "";
	return hki_details_text(reading, text);
}

static int add_addresses(
    hk_system_connection *row, hki_details_reading *reading, const hki_socket *socket)
{
	row->local_address = address_text(reading, socket->family, socket->local);
	row->local_port = socket->local_port;
	hk_record_set(&row->record, LOCAL_ADDRESS);
	hk_record_set(&row->record, LOCAL_PORT);
	if (row->local_address == NULL)
		return -ENOMEM;
	if (socket->remote_port == 0)
		return 0;
	row->remote_address = address_text(reading, socket->family, socket->remote);
	row->remote_port = socket->remote_port;
	hk_record_set(&row->record, REMOTE_ADDRESS);
	hk_record_set(&row->record, REMOTE_PORT);
	return row->remote_address != NULL ? 0 : -ENOMEM;
}

/* An abstract name begins with a NUL, shown as @ like everywhere. */
static int add_path(
    hk_system_connection *row, hki_details_reading *reading, const hki_socket *socket)
{
	size_t length = socket->path_length;
	char *path;

	if (socket->peer_inode != 0) {
		row->peer_inode = socket->peer_inode;
		hk_record_set(&row->record, PEER_INODE);
	}
	if (length == 0)
		return 0;
	path = hki_arena_text(&reading->result->arena, socket->path, length);
	if (path == NULL)
		return -ENOMEM;
	if (path[0] == '\0')
		for (size_t i = 0; i < length; i++)
			path[i] = path[i] == '\0' ? '@' : path[i];
	row->path = path;
	hk_record_set(&row->record, PATH);
	return 0;
}

static int fill(
    hk_system_connection *row, hki_details_reading *reading, const hki_socket *socket)
{
	row->protocol = protocol_name(socket);
	row->type = type_name(socket->type);
	hk_record_set(&row->record, PROTOCOL);
	if (row->type != NULL)
		hk_record_set(&row->record, TYPE);
	add_state(row, socket);
	if (socket->queues_known) {
		row->receive_queue_bytes = socket->receive_queue;
		row->send_queue_bytes = socket->send_queue;
		hk_record_set(&row->record, RECEIVE_QUEUE);
		hk_record_set(&row->record, SEND_QUEUE);
	}
	return socket->family == AF_UNIX ? add_path(row, reading, socket)
					 : add_addresses(row, reading, socket);
}

/* Is this one of its sockets?  Then describe every descriptor of it. */
static int take_socket(const hki_socket *socket, void *user)
{
	struct walk *walk = user;
	size_t place = (size_t) hki_map_get(&walk->by_inode, socket->inode);
	int r = 0;

	if (socket->inode == 0 || place == 0)
		return 0;
	for (size_t i = place - 1; r == 0 && i < walk->list.count; i++)
		if (row_at(walk, i)->inode == socket->inode)
			r = fill(row_at(walk, i), walk->reading, socket);
	return r;
}

static bool shares_network(const hki_details_reading *reading)
{
	char own[64], theirs[64];

	return hki_details_link(own, sizeof(own), AT_FDCWD, "/proc/self/ns/net") > 0 &&
	       hki_details_link(theirs, sizeof(theirs), reading->directory, "ns/net") >
		   0 &&
	       strcmp(own, theirs) == 0;
}

static int look_up(struct walk *walk)
{
	hk_system_details *details = &walk->reading->result->details;
	int r = -EOPNOTSUPP;

	details->sockets_from = "sock_diag";
	if (walk->list.count == 0)
		return 0;
	if (shares_network(walk->reading))
		r = hki_sockets_diag(take_socket, walk);
	if (r == 0 || r == -ENOMEM)
		return r;
	details->sockets_from = "proc";
	return hki_sockets_proc(walk->reading->directory, take_socket, walk);
}

int hki_details_read_connections(hki_details_reading *reading)
{
	struct walk walk = { .reading = reading };
	int r = find_descriptors(&walk);

	if (r == 0)
		r = look_up(&walk);
	if (r == 0)
		r = hki_details_end(
		    &reading->result->details.connections, reading, &walk.list);
	hki_details_list_deinitp(&walk.list);
	hki_map_deinit(&walk.by_inode);
	return r;
}
