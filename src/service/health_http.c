/*
 * The HTTP probe: one GET, of whose answer the status line alone is read
 * (RFC 9112, 3 and 4).  2xx and 3xx are good, as with Kubernetes' probes: a
 * redirect is an answer.
 */
#include "service/health_http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/buffer.h"
#include "base/cleanup.h"
#include "service/health.h"

/* A status line is "HTTP/1.1 200 reason"; nothing we need comes later. */
#define STATUS_LINE_MAX 256

struct http {
	hki_probe probe;
	hk_loop *loop;
	hki_probe_fn done;
	void *user;
	hki_connect *connect;
	hk_timer *timeout;
	hk_watch *watch;
	hki_buffer request; /* what is still to be sent */
	char answer[STATUS_LINE_MAX];
	size_t answer_length;
	int fd;
};

/* ---- texts ---- */

int hki_http_url_parse(hki_http_url *out, const char *url)
{
	static const char scheme[] = "http://";
	hki_http_url parsed;
	int r;

	if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
		return HK_EPARSE;
	for (const char *at = url; *at != '\0'; at++)
		if ((unsigned char) *at <= ' ' || *at == 0x7f)
			return HK_EPARSE;
	parsed.authority = url + sizeof(scheme) - 1;
	parsed.authority_length = strcspn(parsed.authority, "/?#");
	parsed.path = parsed.authority + parsed.authority_length;
	if (*parsed.path != '/')
		parsed.path = "/";
	r = hki_endpoint_parse(
	    &parsed.endpoint, parsed.authority, parsed.authority_length, 80);
	if (r < 0)
		return r;
	*out = parsed;
	return 0;
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

int hki_http_status(const char *text, size_t length)
{
	/* "HTTP/1.1 200" and the space or line end behind it */
	static const char version[] = "HTTP/1.";
	const size_t enough = 13;
	size_t known = length < sizeof(version) - 1 ? length : sizeof(version) - 1;

	if (memcmp(text, version, known) != 0)
		return HK_EPARSE;
	if (length < enough)
		return memchr(text, '\n', length) == NULL ? 0 : HK_EPARSE;
	if (!is_digit(text[7]) || text[8] != ' ' || text[9] < '1' || text[9] > '5' ||
	    !is_digit(text[10]) || !is_digit(text[11]) ||
	    (text[12] != ' ' && text[12] != '\r' && text[12] != '\n'))
		return HK_EPARSE;
	return (text[9] - '0') * 100 + (text[10] - '0') * 10 + (text[11] - '0');
}

/* ---- the exchange ---- */

static void finish(struct http *http, int result, const char *why)
{
	http->done(result, why, http->user);
}

static void read_answer(struct http *http)
{
	char why[48];
	ssize_t n = recv(http->fd, http->answer + http->answer_length,
	    sizeof(http->answer) - http->answer_length, 0);
	int status;

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			finish(http, -errno, hk_error_text(-errno));
		return;
	}
	http->answer_length += (size_t) n;
	status = hki_http_status(http->answer, http->answer_length);
	if (status == 0 && n > 0)
		return;
	if (status <= 0) {
		finish(http, HK_EPARSE, "the answer is not HTTP");
	} else if (status >= 200 && status < 400) {
		finish(http, 0, "");
	} else {
		(void) snprintf(why, sizeof(why), "HTTP status %d", status);
		finish(http, -EIO, why);
	}
}

static void send_request(struct http *http)
{
	ssize_t n =
	    send(http->fd, http->request.data, http->request.length, MSG_NOSIGNAL);
	int r;

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			finish(http, -errno, hk_error_text(-errno));
		return;
	}
	hki_buffer_consume(&http->request, (size_t) n);
	if (http->request.length > 0)
		return;
	r = hk_watch_set(http->watch, HK_READABLE);
	if (r < 0)
		finish(http, r, hk_error_text(r));
}

static void on_ready(hk_watch *watch, unsigned int events, void *user)
{
	struct http *http = user;

	(void) watch;
	(void) events;
	if (http->request.length > 0)
		send_request(http);
	else
		read_answer(http);
}

static void on_connected(int fd_or_error, void *user)
{
	struct http *http = user;
	int r;

	if (fd_or_error < 0) {
		finish(http, fd_or_error, hk_error_text(fd_or_error));
		return;
	}
	http->fd = fd_or_error;
	r = hk_watch_start(
	    &http->watch, http->loop, http->fd, HK_WRITABLE, on_ready, http);
	if (r < 0)
		finish(http, r, hk_error_text(r));
}

static void on_timeout(hk_timer *timer, void *user)
{
	(void) timer;
	finish(user, -ETIMEDOUT, "no answer in time");
}

/* ---- beginning and end ---- */

static void http_free(hki_probe *probe)
{
	struct http *http = (struct http *) probe;

	hk_watch_free(http->watch);
	hki_closep(&http->fd);
	hki_connect_free(http->connect);
	hk_timer_free(http->timeout);
	hki_buffer_deinit(&http->request);
	hki_free(http);
}

static void http_freep(struct http **http)
{
	if (*http != NULL)
		http_free(&(*http)->probe);
}

static int write_request(struct http *http, const hki_http_url *url)
{
	return hki_buffer_append_format(&http->request,
	    "GET %.*s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: hostkit\r\n"
	    "Accept: */*\r\nConnection: close\r\n\r\n",
	    (int) strcspn(url->path, "#"), url->path, (int) url->authority_length,
	    url->authority);
}

int hki_probe_http(hki_probe **out, hk_loop *loop, const char *url, uint64_t timeout_ns,
    hki_probe_fn done, void *user)
{
	hki_cleanup(http_freep) struct http *http = hki_zalloc(sizeof(*http));
	hk_timer_opts timeout = HK_TIMER_OPTS_INIT;
	hki_http_url parsed;
	int r;

	if (http == NULL)
		return -ENOMEM;
	http->probe.free = http_free;
	http->loop = loop;
	http->done = done;
	http->user = user;
	http->fd = -1;
	timeout.after_ns = timeout_ns;
	timeout.fn = on_timeout;
	timeout.user = http;
	if ((r = hki_http_url_parse(&parsed, url)) < 0 ||
	    (r = write_request(http, &parsed)) < 0 ||
	    (r = hk_timer_start(&http->timeout, loop, &timeout)) < 0 ||
	    (r = hki_connect_start(
		 &http->connect, loop, &parsed.endpoint, on_connected, http)) < 0)
		return r;
	*out = &http->probe;
	(void) hki_take(http);
	return 0;
}
