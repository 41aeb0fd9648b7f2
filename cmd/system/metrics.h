#ifndef HOSTKIT_CMD_SYSTEM_METRICS_H
#define HOSTKIT_CMD_SYSTEM_METRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <hostkit/system_metrics.h>
#include "verb.h"

/* What `hostkit metrics` was asked for. */
typedef struct metrics_plan {
	const char *listen; /* or NULL */
	const char *output; /* or NULL: standard output */
	hk_metrics_format format;
	hk_system_exporter_opts exporter;
	uint64_t interval_ns; /* 0: once */
	int64_t count;        /* 0: for ever, when there is an interval */
} metrics_plan;

/*
 * Open a listening TCP socket at ADDRESS:PORT, [ADDRESS]:PORT, :PORT or PORT; without
 * an address at 127.0.0.1, at all of them with "*".  *@out_url, at least
 * METRICS_URL_MAX bytes, receives where the metrics will be.  Returns the
 * descriptor (not close-on-exec), or HK_EPARSE or a negative errno.
 */
enum { METRICS_URL_MAX = 128 };
int metrics_listen(const char *address, char out_url[METRICS_URL_MAX]);

/*
 * Replace the file @path by @text: readers find the old one or the new one, never
 * half of one, also after a crash.  The mode of a file that was there is kept.
 * Returns 0 or a negative errno; the old file then stays.
 */
int metrics_replace_file(const char *path, const char *text, size_t length);

#endif /* HOSTKIT_CMD_SYSTEM_METRICS_H */
