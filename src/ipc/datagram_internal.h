#ifndef HKI_IPC_DATAGRAM_INTERNAL_H
#define HKI_IPC_DATAGRAM_INTERNAL_H

#include <hostkit/ipc_datagram.h>
#include <stdbool.h>
#include "ipc/socket_address.h"
#include "loop/loop_internal.h"

/* One for each family; -1: there is none. */
typedef struct hki_datagram_socket {
	hk_ipc_datagram *owner;
	hk_watch *watch;
	int fd;
	int family;       /* AF_INET or AF_INET6 */
	uint32_t dropped; /* the kernel's count, as last seen */
	hki_list queue;   /* what waits for room */
} hki_datagram_socket;

struct hk_ipc_datagram {
	hk_loop *loop; /* NULL: it is gone */
	hk_ipc_datagram_opts opts;
	hki_datagram_socket sockets[HKI_SOCKET_ADDRESSES_MAX];
	hk_ipc_address target; /* family 0: each names its own */
	size_t queued_bytes;
	hki_list sent; /* whose callback is due */
	hk_timer *telling;
	bool freed;
	char *buffer; /* message_max bytes, for what arrives */
	char *interface;
	hk_ipc_datagram_stats stats;
	hki_loop_member member;
	hki_loop_deferred deferred;
	char url[80];
};

/* ---- datagram_socket.c ---- */

/* Open the sockets for @url, bound (@listens) or connected.  0 or a negative errno. */
int hki_datagram_open(hk_ipc_datagram *datagram, const hki_ipc_url *url, bool listens);
int hki_datagram_open_free(hk_ipc_datagram *datagram); /* bound to nothing */

/* ---- datagram_address.c ---- */

void hki_datagram_address_in(hki_socket_address *out, const hk_ipc_address *address);
void hki_datagram_address_out(
    hk_ipc_address *out, const struct sockaddr_storage *address);
bool hki_datagram_is_local(const hk_ipc_address *address);
bool hki_datagram_is_multicast(const struct sockaddr_storage *address);

/* ---- datagram_send.c ---- */

void hki_datagram_flush(hki_datagram_socket *socket);
void hki_datagram_tell_sent(hk_timer *timer, void *user);
void hki_datagram_queue_free(hk_ipc_datagram *datagram);

/* ---- datagram.c ---- */

int hki_datagram_usable(const hk_ipc_datagram *datagram);
/* Wait for what there is to wait for. */
int hki_datagram_watch(hki_datagram_socket *socket);

#endif /* HKI_IPC_DATAGRAM_INTERNAL_H */
