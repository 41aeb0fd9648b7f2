#ifndef HOSTKIT_LIBEXEC_METRICS_ACCEPT_H
#define HOSTKIT_LIBEXEC_METRICS_ACCEPT_H

#include <hostkit/metrics.h>

/*
 * The format that a scraper prefers, by its Accept header (RFC 9110, 12.5.1);
 * NULL, or a header that names neither, means the text format.
 */
hk_metrics_format accept_format(const char *header);

#endif /* HOSTKIT_LIBEXEC_METRICS_ACCEPT_H */
