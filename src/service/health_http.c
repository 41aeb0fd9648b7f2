#include "service/health_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "base/alloc.h"

/*
 * One GET, of whose answer the status alone is read.  That is twelve bytes of
 * the first line, so nothing a server sends can cost more than that.
 */

/* "HTTP/1.1 200" */
#define STATUS_LENGTH 12

static void judge_status(hki_health *health)
{
	const char *reply = health->net.reply;
	char why[64];
	int status = 0;

	health->net.reply[health->net.got] = '\0';
	if (sscanf(reply, "HTTP/1.%*1[01] %3d", &status) != 1) {
		hki_health_result(
		    health, false, "what answers there does not speak HTTP");
		return;
	}
	(void) snprintf(why, sizeof(why), "it answers with status %d", status);
	hki_health_result(health, status >= 200 && status <= 399, why);
}

static void on_readable(hk_watch *watch, unsigned int events, void *user)
{
	hki_health *health = user;
	hki_health_net *net = &health->net;
	ssize_t got;

	(void) watch;
	(void) events;
	got =
	    recv(net->fd, net->reply + net->got, STATUS_LENGTH - net->got, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got < 0) {
		hki_health_failed(health, "read", -errno);
		return;
	}
	net->got += (size_t) got;
	if (got == 0 || net->got == STATUS_LENGTH)
		judge_status(health);
}

static int read_reply(hki_health *health)
{
	hki_health_net *net = &health->net;

	hk_watch_free(net->watch);
	net->watch = NULL;
	return hk_watch_start(
	    &net->watch, health->opts.loop, net->fd, HK_READABLE, on_readable, health);
}

static void send_more(hki_health *health)
{
	hki_health_net *net = &health->net;
	ssize_t sent = send(net->fd, net->request + net->sent,
	    net->request_length - net->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
	int r = 0;

	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return; /* the watch calls again */
	if (sent < 0)
		r = -errno;
	else
		net->sent += (size_t) sent;
	if (r == 0 && net->sent == net->request_length)
		r = read_reply(health);
	if (r < 0)
		hki_health_failed(health, "send", r);
}

/* Called first when the connection stands, then each time it takes more. */
static void connected(hki_health *health)
{
	hki_health_net *net = &health->net;

	if (net->request == NULL) {
		int length = (int) strcspn(net->endpoint.path, "#");

		net->request = hki_format("GET %.*s HTTP/1.1\r\nHost: %s\r\n"
					  "User-Agent: hostkit\r\nAccept: */*\r\n"
					  "Connection: close\r\n\r\n",
		    length, net->endpoint.path, net->endpoint.authority);
		if (net->request == NULL) {
			hki_health_failed(health, "request", -ENOMEM);
			return;
		}
		net->request_length = strlen(net->request);
		net->sent = net->got = 0;
	}
	send_more(health);
}

static int begin(hki_health *health)
{
	int r =
	    hki_endpoint_parse(&health->net.endpoint, health->opts.rules->target, true);

	if (r < 0)
		return r;
	health->net.connected = connected;
	return hki_health_connect(health);
}

const hki_health_kind hki_health_http = { begin, hki_health_disconnect, false };
