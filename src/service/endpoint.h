#ifndef HKI_SERVICE_ENDPOINT_H
#define HKI_SERVICE_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Where a health check connects to. */
typedef struct hki_endpoint {
	char host[256]; /* an IPv6 address without its brackets */
	char port[6];
	char authority[264]; /* host:port as it was written, for the Host header */
	const char *path;    /* in the text that was parsed; "/" if there was none */
} hki_endpoint;

/* Read "http://HOST[:PORT][/PATH]" (@url) or "HOST:PORT".  0 or HK_EPARSE. */
int hki_endpoint_parse(hki_endpoint *out, const char *text, bool url);

/*
 * The address, if no name has to be looked up: a numeric host, or localhost,
 * which is 127.0.0.1 for @attempt 0 and ::1 for 1.  Returns its length, 0 when a
 * lookup is needed, -ENOENT when there are no more attempts.
 */
int hki_endpoint_address(
    struct sockaddr_storage *out, const hki_endpoint *endpoint, unsigned int attempt);

/* The same by getaddrinfo(3): it may take long.  The length, or a negative errno. */
int hki_endpoint_lookup(struct sockaddr_storage *out, const hki_endpoint *endpoint);

#endif /* HKI_SERVICE_ENDPOINT_H */
