#include "service/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/quantity.h"

/*
 * Addresses of health checks.  Nearly all are numeric or localhost and are
 * understood here, at once; only other names go to the resolver, which may ask
 * a server that does not answer and must not do so on the loop's thread.
 */

static int copy_part(char *out, size_t capacity, const char *from, size_t length)
{
	if (length == 0 || length >= capacity)
		return HK_EPARSE;
	memcpy(out, from, length);
	out[length] = '\0';
	return 0;
}

static int parse_port(hki_endpoint *out, const char *text, size_t length)
{
	uint64_t number;

	if (copy_part(out->port, sizeof(out->port), text, length) < 0 ||
	    hki_uint64_parse(&number, out->port) < 0 || number < 1 || number > 65535)
		return HK_EPARSE;
	return 0;
}

static int parse_authority(hki_endpoint *out, const char *text, size_t length, bool url)
{
	const char *host = text;
	size_t host_length;
	const char *rest;

	if (length == 0 ||
	    copy_part(out->authority, sizeof(out->authority), text, length) < 0)
		return HK_EPARSE;
	if (text[0] == '[') {
		const char *end = memchr(text, ']', length);

		if (end == NULL)
			return HK_EPARSE;
		host = text + 1;
		host_length = (size_t) (end - host);
		rest = end + 1;
	} else {
		rest = memchr(text, ':', length);
		if (rest == NULL)
			rest = text + length;
		host_length = (size_t) (rest - host);
	}
	if (copy_part(out->host, sizeof(out->host), host, host_length) < 0)
		return HK_EPARSE;
	if (rest == text + length && url)
		return parse_port(out, "80", 2);
	if (rest == text + length || *rest != ':')
		return HK_EPARSE;
	rest++;
	return parse_port(out, rest, length - (size_t) (rest - text));
}

int hki_endpoint_parse(hki_endpoint *out, const char *text, bool url)
{
	static const char scheme[] = "http://";
	size_t length;

	if (url) {
		if (strncmp(text, scheme, sizeof(scheme) - 1) != 0)
			return HK_EPARSE;
		text += sizeof(scheme) - 1;
	}
	length = url ? strcspn(text, "/?#") : strlen(text);
	out->path = text[length] == '/' ? text + length : "/";
	/* What is sent must stay one line of one header. */
	for (const char *at = text; *at != '\0'; at++)
		if ((unsigned char) *at <= ' ' || *at == 0x7f)
			return HK_EPARSE;
	return parse_authority(out, text, length, url);
}

static int numeric(struct sockaddr_storage *out, const char *host, uint16_t port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
		memcpy(out, &v4, sizeof(v4));
		return sizeof(v4);
	}
	if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
		memcpy(out, &v6, sizeof(v6));
		return sizeof(v6);
	}
	return 0;
}

int hki_endpoint_address(
    struct sockaddr_storage *out, const hki_endpoint *endpoint, unsigned int attempt)
{
	static const char *const local[] = { "127.0.0.1", "::1" };
	uint64_t port = 0;

	if (hki_uint64_parse(&port, endpoint->port) < 0)
		return -EINVAL;
	if (strcmp(endpoint->host, "localhost") == 0)
		return attempt < 2 ? numeric(out, local[attempt], (uint16_t) port)
				   : -ENOENT;
	if (attempt > 0)
		return -ENOENT;
	return numeric(out, endpoint->host, (uint16_t) port);
}

int hki_endpoint_lookup(struct sockaddr_storage *out, const hki_endpoint *endpoint)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *found = NULL;
	int length;

	if (getaddrinfo(endpoint->host, endpoint->port, &hints, &found) != 0)
		return -EHOSTUNREACH;
	length = (int) found->ai_addrlen;
	memset(out, 0, sizeof(*out));
	memcpy(out, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return length;
}
