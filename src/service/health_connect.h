#ifndef HKI_SERVICE_HEALTH_CONNECT_H
#define HKI_SERVICE_HEALTH_CONNECT_H

#include <stddef.h>
#include <stdint.h>
#include <hostkit/loop.h>

/* "host:port", "[v6]:port" or, with @default_port > 0, either without ":port". */
#define HKI_HOST_MAX 256
typedef struct hki_endpoint {
	char host[HKI_HOST_MAX]; /* without brackets */
	uint16_t port;
} hki_endpoint;

/* Read the @length bytes at @text.  0 or HK_EPARSE. */
int hki_endpoint_parse(
    hki_endpoint *out, const char *text, size_t length, uint16_t default_port);

/*
 * Connect to @endpoint over TCP without waiting: every address of its host in
 * turn.  Numeric hosts and "localhost" need no look-up; other names are looked
 * up on a thread of their own.  @done is told once, later: a connected,
 * non-blocking descriptor (Owned by the callback) or a negative errno.
 * Owned: hki_connect_free(), which closes what is not handed over.
 */
typedef struct hki_connect hki_connect;
typedef void (*hki_connect_fn)(int fd_or_error, void *user);
int hki_connect_start(hki_connect **out, hk_loop *loop, const hki_endpoint *endpoint,
    hki_connect_fn done, void *user);
void hki_connect_free(hki_connect *connect);

#endif /* HKI_SERVICE_HEALTH_CONNECT_H */
