/*
 * The TCP probe: a connection that is accepted is all it asks for, and it is
 * closed at once.
 */
#include "service/health.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "service/health_connect.h"

struct tcp {
	hki_probe probe;
	hki_probe_fn done;
	void *user;
	hki_connect *connect;
	hk_timer *timeout;
};

static void on_connected(int fd_or_error, void *user)
{
	struct tcp *tcp = user;
	int result = fd_or_error < 0 ? fd_or_error : 0;

	if (fd_or_error >= 0)
		(void) close(fd_or_error);
	tcp->done(result, hk_error_text(result), tcp->user);
}

static void on_timeout(hk_timer *timer, void *user)
{
	struct tcp *tcp = user;

	(void) timer;
	tcp->done(-ETIMEDOUT, "no connection in time", tcp->user);
}

static void tcp_free(hki_probe *probe)
{
	struct tcp *tcp = (struct tcp *) probe;

	hki_connect_free(tcp->connect);
	hk_timer_free(tcp->timeout);
	hki_free(tcp);
}

static void tcp_freep(struct tcp **tcp)
{
	if (*tcp != NULL)
		tcp_free(&(*tcp)->probe);
}

int hki_probe_tcp(hki_probe **out, hk_loop *loop, const char *target, uint64_t timeout_ns,
    hki_probe_fn done, void *user)
{
	hki_cleanup(tcp_freep) struct tcp *tcp = hki_zalloc(sizeof(*tcp));
	hk_timer_opts timeout = HK_TIMER_OPTS_INIT;
	hki_endpoint endpoint;
	int r;

	if (tcp == NULL)
		return -ENOMEM;
	tcp->probe.free = tcp_free;
	tcp->done = done;
	tcp->user = user;
	timeout.after_ns = timeout_ns;
	timeout.fn = on_timeout;
	timeout.user = tcp;
	if ((r = hki_endpoint_parse(&endpoint, target, strlen(target), 0)) < 0 ||
	    (r = hk_timer_start(&tcp->timeout, loop, &timeout)) < 0 ||
	    (r = hki_connect_start(&tcp->connect, loop, &endpoint, on_connected, tcp)) <
		0)
		return r;
	*out = &tcp->probe;
	(void) hki_take(tcp);
	return 0;
}
