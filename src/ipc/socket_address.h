#ifndef HKI_IPC_SOCKET_ADDRESS_H
#define HKI_IPC_SOCKET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "ipc/url.h"

/* Addresses as the kernel wants them, from URLs, and back. */
typedef struct hki_socket_address {
	struct sockaddr_storage storage;
	socklen_t length;
} hki_socket_address;

/* localhost and * are two addresses. */
#define HKI_SOCKET_ADDRESSES_MAX 2

/*
 * The addresses of @url that need no lookup: loopback, any, numeric ones and abstract
 * names.  Their number; 0 for a host name; or -ENODEV for an interface that is not there.
 * @v6 comes second where there are two.
 */
int hki_socket_addresses(
    hki_socket_address out[HKI_SOCKET_ADDRESSES_MAX], const hki_ipc_url *url);

/* The port of an internet address; 0 for others. */
unsigned int hki_socket_port(const struct sockaddr_storage *address);
void hki_socket_set_port(hki_socket_address *address, unsigned int port);

/* "tcp:127.0.0.1:80", "tcp:[::1]:80", "unix:/path", "unix:@name", or "" for an unnamed
 * one.  Behaves as snprintf(). */
size_t hki_socket_url(const struct sockaddr_storage *address, socklen_t length,
    const char *internet_scheme, char *out, size_t capacity);

/*
 * The address of a path of any length: one that does not fit is reached through
 * /proc/self/fd/, for which *@out_directory is opened; keep it until the address was used,
 * and close it if it is not -1.  0, -ENAMETOOLONG when even the file's own name does not
 * fit, or an errno of opening the folder.
 */
int hki_socket_path_address(
    hki_socket_address *out, int *out_directory, const char *path);
/* The same for @name in the open folder @directory. */
int hki_socket_name_address(hki_socket_address *out, int directory, const char *name);

#endif /* HKI_IPC_SOCKET_ADDRESS_H */
