#ifndef HKI_SERVICE_HEALTH_HTTP_H
#define HKI_SERVICE_HEALTH_HTTP_H

#include "service/health_connect.h"

/* "http://host[:port][/path]" taken apart. */
typedef struct hki_http_url {
	hki_endpoint endpoint;
	const char *authority; /* as written, for the Host line; not terminated */
	size_t authority_length;
	const char *path; /* "/" if there was none */
} hki_http_url;

/* 0, or HK_EPARSE also for control characters and spaces, which would write further lines. */
int hki_http_url_parse(hki_http_url *out, const char *url);

/* The status of a response that begins with @text: 100 to 599, 0 while the line is
 * not complete, or HK_EPARSE. */
int hki_http_status(const char *text, size_t length);

#endif /* HKI_SERVICE_HEALTH_HTTP_H */
