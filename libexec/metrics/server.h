#ifndef HOSTKIT_LIBEXEC_METRICS_SERVER_H
#define HOSTKIT_LIBEXEC_METRICS_SERVER_H

#include <hostkit/loop.h>
#include <hostkit/system_metrics.h>

/* Answers GET /metrics on a listening socket, on a loop. */
typedef struct metrics_server metrics_server;

/* @listener is Taken on success.  @exporter is Borrowed.  Returns 0 or a negative errno. */
int server_new(
    metrics_server **out, hk_loop *loop, int listener, hk_system_exporter *exporter);
void server_free(metrics_server *server);

#endif /* HOSTKIT_LIBEXEC_METRICS_SERVER_H */
