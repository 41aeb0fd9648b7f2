#include "ipc/socket_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/fixed_text.h"
#include "base/quantity.h"

/*
 * Addresses of sockets.
 *
 * A Unix address has 108 bytes, and what does not fit used to be cut in silence, so that
 * a server sat at another name than it said.  Here a long path is reached through
 * /proc/self/fd/N/name, where N is its opened folder; only the file's own name is then
 * limited.
 */

static void set_v4(hki_socket_address *out, struct in_addr host, uint16_t port)
{
	struct sockaddr_in *address = (struct sockaddr_in *) &out->storage;

	memset(out, 0, sizeof(*out));
	address->sin_family = AF_INET;
	address->sin_addr = host;
	address->sin_port = htons(port);
	out->length = sizeof(*address);
}

static void set_v6(
    hki_socket_address *out, struct in6_addr host, uint32_t scope, uint16_t port)
{
	struct sockaddr_in6 *address = (struct sockaddr_in6 *) &out->storage;

	memset(out, 0, sizeof(*out));
	address->sin6_family = AF_INET6;
	address->sin6_addr = host;
	address->sin6_scope_id = scope;
	address->sin6_port = htons(port);
	out->length = sizeof(*address);
}

static void set_abstract(hki_socket_address *out, const char *name, size_t length)
{
	struct sockaddr_un *address = (struct sockaddr_un *) &out->storage;

	memset(out, 0, sizeof(*out));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path + 1, name, length);
	/* Exactly as long as the name: padded with zeros it would be another one. */
	out->length = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

/* The number of an interface that was named, or is a number. */
static int scope_of(uint32_t *out, const char *name)
{
	uint64_t number;

	*out = if_nametoindex(name);
	if (*out != 0)
		return 0;
	if (hki_uint64_parse(&number, name) < 0 || number == 0 || number > UINT32_MAX)
		return -ENODEV;
	*out = (uint32_t) number;
	return 0;
}

static int parse_v6(hki_socket_address *out, const hki_ipc_url *url)
{
	char text[INET6_ADDRSTRLEN + 1 + IF_NAMESIZE];
	struct in6_addr host;
	uint32_t scope = 0;
	char *percent;
	int r;

	if (url->name_length >= sizeof(text))
		return -ENODEV; /* a longer interface name than there can be */
	memcpy(text, url->name, url->name_length);
	text[url->name_length] = '\0';
	percent = strchr(text, '%');
	if (percent != NULL) {
		*percent = '\0';
		r = scope_of(&scope, percent + 1);
		if (r < 0)
			return r;
	}
	if (inet_pton(AF_INET6, text, &host) != 1)
		return -EINVAL;
	set_v6(out, host, scope, url->port);
	return 1;
}

static int parse_v4(hki_socket_address *out, const hki_ipc_url *url)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr host;

	if (url->name_length >= sizeof(text))
		return -EINVAL;
	memcpy(text, url->name, url->name_length);
	text[url->name_length] = '\0';
	if (inet_pton(AF_INET, text, &host) != 1)
		return -EINVAL;
	set_v4(out, host, url->port);
	return 1;
}

static int set_both(
    hki_socket_address *out, uint32_t host4, struct in6_addr host6, uint16_t port)
{
	set_v4(&out[0], (struct in_addr){ .s_addr = htonl(host4) }, port);
	set_v6(&out[1], host6, 0, port);
	return 2;
}

int hki_socket_addresses(
    hki_socket_address out[HKI_SOCKET_ADDRESSES_MAX], const hki_ipc_url *url)
{
	if (url->scheme == HKI_IPC_ABSTRACT) {
		set_abstract(&out[0], url->name, url->name_length);
		return 1;
	}
	if (url->scheme != HKI_IPC_TCP && url->scheme != HKI_IPC_UDP)
		return -EINVAL;
	switch (url->host) {
	case HKI_IPC_HOST_LOOPBACK:
		return set_both(out, INADDR_LOOPBACK, in6addr_loopback, url->port);
	case HKI_IPC_HOST_ANY:
		return set_both(out, INADDR_ANY, in6addr_any, url->port);
	case HKI_IPC_HOST_V4:
		return parse_v4(&out[0], url);
	case HKI_IPC_HOST_V6:
		return parse_v6(&out[0], url);
	default:
		return 0;
	}
}

unsigned int hki_socket_port(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *) address)->sin_port);
	if (address->ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *) address)->sin6_port);
	return 0;
}

void hki_socket_set_port(hki_socket_address *address, unsigned int port)
{
	if (address->storage.ss_family == AF_INET)
		((struct sockaddr_in *) &address->storage)->sin_port =
		    htons((uint16_t) port);
	else if (address->storage.ss_family == AF_INET6)
		((struct sockaddr_in6 *) &address->storage)->sin6_port =
		    htons((uint16_t) port);
}

static void append_v6(hki_fixed_text *text, const struct sockaddr_in6 *address)
{
	char host[INET6_ADDRSTRLEN];

	(void) inet_ntop(AF_INET6, &address->sin6_addr, host, sizeof(host));
	hki_fixed_text_append_format(text, "[%s", host);
	if (address->sin6_scope_id != 0)
		hki_fixed_text_append_format(text, "%%%u", address->sin6_scope_id);
	hki_fixed_text_append_text(text, "]");
}

static void append_unix(
    hki_fixed_text *text, const struct sockaddr_un *address, socklen_t length)
{
	size_t named = length > offsetof(struct sockaddr_un, sun_path)
			   ? length - offsetof(struct sockaddr_un, sun_path)
			   : 0;

	if (named == 0)
		return; /* it has no name */
	hki_fixed_text_append_text(text, "unix:");
	if (address->sun_path[0] == '\0') {
		hki_fixed_text_append_text(text, "@");
		hki_fixed_text_append_printable(text, address->sun_path + 1, named - 1);
	} else {
		hki_fixed_text_append_printable(
		    text, address->sun_path, strnlen(address->sun_path, named));
	}
}

size_t hki_socket_url(const struct sockaddr_storage *address, socklen_t length,
    const char *internet_scheme, char *out, size_t capacity)
{
	char host[INET_ADDRSTRLEN];
	hki_fixed_text text;

	hki_fixed_text_init(&text, out, capacity);
	if (address->ss_family == AF_UNIX)
		append_unix(&text, (const struct sockaddr_un *) address, length);
	if (address->ss_family != AF_INET && address->ss_family != AF_INET6)
		return hki_fixed_text_end(&text);
	hki_fixed_text_append_format(&text, "%s:", internet_scheme);
	if (address->ss_family == AF_INET) {
		(void) inet_ntop(AF_INET,
		    &((const struct sockaddr_in *) address)->sin_addr, host,
		    sizeof(host));
		hki_fixed_text_append_text(&text, host);
	} else {
		append_v6(&text, (const struct sockaddr_in6 *) address);
	}
	hki_fixed_text_append_format(&text, ":%u", hki_socket_port(address));
	return hki_fixed_text_end(&text);
}

/* ---- paths ---- */

static void set_path(hki_socket_address *out, const char *path, size_t length)
{
	struct sockaddr_un *address = (struct sockaddr_un *) &out->storage;

	memset(out, 0, sizeof(*out));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, path, length);
	out->length = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length + 1);
}

int hki_socket_name_address(hki_socket_address *out, int directory, const char *name)
{
	struct sockaddr_un longest;
	int length = snprintf(longest.sun_path, sizeof(longest.sun_path),
	    "/proc/self/fd/%d/%s", directory, name);

	if (length < 0 || (size_t) length >= sizeof(longest.sun_path))
		return -ENAMETOOLONG;
	set_path(out, longest.sun_path, (size_t) length);
	return 0;
}

int hki_socket_path_address(hki_socket_address *out, int *out_directory, const char *path)
{
	struct sockaddr_un longest;
	const char *slash = strrchr(path, '/');
	char *folder;
	int directory;
	int r;

	*out_directory = -1;
	if (strlen(path) < sizeof(longest.sun_path)) {
		set_path(out, path, strlen(path));
		return 0;
	}
	if (slash == NULL)
		return -ENAMETOOLONG;
	folder = hki_strndup(path, (size_t) (slash - path) + 1);
	if (folder == NULL)
		return -ENOMEM;
	directory = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = directory < 0 ? -errno : 0;
	hki_free(folder);
	if (r < 0)
		return r;
	r = hki_socket_name_address(out, directory, slash + 1);
	if (r < 0)
		(void) close(directory);
	else
		*out_directory = directory;
	return r;
}
