/*
 * Addresses of datagrams: ours are plain data that can be kept, compared and written
 * down; the kernel's differ by family.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <hostkit/error.h>
#include "ipc/datagram_internal.h"

void hki_datagram_address_in(hki_socket_address *out, const hk_ipc_address *address)
{
	memset(out, 0, sizeof(*out));
	if (address->family == 4) {
		struct sockaddr_in *v4 = (struct sockaddr_in *) (void *) &out->storage;

		v4->sin_family = AF_INET;
		v4->sin_port = htons(address->port);
		memcpy(&v4->sin_addr, address->bytes, 4);
		out->length = sizeof(*v4);
	} else {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *) (void *) &out->storage;

		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(address->port);
		v6->sin6_scope_id = address->scope;
		memcpy(&v6->sin6_addr, address->bytes, 16);
		out->length = sizeof(*v6);
	}
}

void hki_datagram_address_out(hk_ipc_address *out, const struct sockaddr_storage *address)
{
	memset(out, 0, sizeof(*out));
	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *) address;

		out->family = 4;
		out->port = ntohs(v4->sin_port);
		memcpy(out->bytes, &v4->sin_addr, 4);
	} else if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const void *) address;

		out->family = 6;
		out->port = ntohs(v6->sin6_port);
		out->scope = v6->sin6_scope_id;
		memcpy(out->bytes, &v6->sin6_addr, 16);
	}
}

/* Does it stay on this machine?  127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104. */
bool hki_datagram_is_local(const hk_ipc_address *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t loopback[16] = { [15] = 1 };

	if (address->family == 4)
		return address->bytes[0] == 127;
	return memcmp(address->bytes, loopback, sizeof(loopback)) == 0 ||
	       (memcmp(address->bytes, mapped, sizeof(mapped)) == 0 &&
		   address->bytes[12] == 127);
}

bool hki_datagram_is_multicast(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *) address;

		return IN_MULTICAST(ntohl(v4->sin_addr.s_addr));
	}
	return address->ss_family == AF_INET6 &&
	       IN6_IS_ADDR_MULTICAST(
		   &((const struct sockaddr_in6 *) (const void *) address)->sin6_addr);
}

int hk_ipc_address_parse(hk_ipc_address *out, const char *text)
{
	hki_socket_address addresses[HKI_SOCKET_ADDRESSES_MAX];
	hki_ipc_url url;
	int r = hki_ipc_url_parse(&url, text, NULL);

	if (r < 0)
		return r;
	if (url.scheme != HKI_IPC_UDP)
		return HK_EPARSE;
	r = hki_socket_addresses(addresses, &url);
	if (r < 0)
		return r;
	if (r == 0)
		return -EINVAL;
	hki_datagram_address_out(out, &addresses[0].storage);
	return 0;
}

size_t hk_ipc_address_url(const hk_ipc_address *address, char *out, size_t capacity)
{
	hki_socket_address socket;

	hki_datagram_address_in(&socket, address);
	return hki_socket_url(&socket.storage, socket.length, "udp", out, capacity);
}
