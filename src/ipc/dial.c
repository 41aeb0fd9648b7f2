#include "ipc/ipc_internal.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/error_list.h"
#include "ipc/dialer.h"
#include "ipc/socket_address.h"

/*
 * Dialing: an attempt goes through the addresses of a URL until one answers, and fails
 * with what the last of them said.  With reconnect there is always another one, after a
 * wait drawn evenly between nothing and a bound that doubles ("full jitter", M. Brooker,
 * 2015): of all ways to spread many clients it makes the fewest calls.
 */

/* A connection that lasted this long was a success; waits begin small again. */
#define STABLE_NS HKI_NS_PER_S
/* A Unix server whose queue of connections is full is asked again soon. */
#define FULL_NS (2 * HKI_NS_PER_MS)

static void begin(hki_ipc_dialer *dialer);
static void try_next(hki_ipc_dialer *dialer);
static int find_addresses(hki_ipc_dialer *dialer);

static uint64_t now_of(const hki_ipc_dialer *dialer)
{
	return hk_loop_now_ns(dialer->ipc->domain->loop);
}

static void drop_socket(hki_ipc_dialer *dialer)
{
	hk_watch_free(dialer->watch);
	dialer->watch = NULL;
	if (dialer->ipc->domain != NULL && hki_loop_check(dialer->ipc->domain->loop) == 0)
		hki_closep(&dialer->fd);
	dialer->fd = -1;
}

void hki_ipc_dialer_stop(hki_ipc_dialer *dialer)
{
	drop_socket(dialer);
	hki_ipc_lookup_cancel(dialer);
	hk_timer_free(dialer->timer);
	dialer->timer = NULL;
}

/* This attempt is over: hki_ipc_lose() follows in the loop's own time. */
static void fail(hki_ipc_dialer *dialer, int error)
{
	drop_socket(dialer);
	hki_ipc_lookup_cancel(dialer);
	if (dialer->timer != NULL)
		hk_timer_stop(dialer->timer);
	hki_ipc_break(dialer->ipc, error);
}

static void on_timer(hk_timer *timer, void *user)
{
	hki_ipc_dialer *dialer = user;
	int r;

	(void) timer;
	if (dialer->waiting) {
		begin(dialer);
		return;
	}
	if (!dialer->again || now_of(dialer) >= dialer->attempt_by_ns) {
		fail(dialer, -ETIMEDOUT);
		return;
	}
	dialer->again = false;
	dialer->next = 0;
	r = find_addresses(dialer);
	if (r < 0)
		fail(dialer, r);
}

static int set_timer(hki_ipc_dialer *dialer, uint64_t after_ns)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;

	if (dialer->timer != NULL) {
		hk_timer_set(dialer->timer, after_ns, 0);
		return 0;
	}
	opts.after_ns = after_ns;
	opts.fn = on_timer;
	opts.user = dialer;
	return hk_timer_start(&dialer->timer, dialer->ipc->domain->loop, &opts);
}

/* Until the attempt has taken too long. */
static int set_limit(hki_ipc_dialer *dialer)
{
	uint64_t now_ns = now_of(dialer);

	if (dialer->attempt_by_ns == UINT64_MAX)
		return 0;
	return set_timer(
	    dialer, dialer->attempt_by_ns > now_ns ? dialer->attempt_by_ns - now_ns : 0);
}

/* ---- one address ---- */

/*
 * A connection to a port of this machine that nobody listens on may get that very port as
 * its own, and then TCP's simultaneous open answers: we talk to ourselves.
 */
static bool is_ourselves(int fd)
{
	struct sockaddr_storage here = { 0 };
	struct sockaddr_storage there = { 0 };
	socklen_t here_length = sizeof(here);
	socklen_t there_length = sizeof(there);

	return getsockname(fd, (struct sockaddr *) &here, &here_length) == 0 &&
	       getpeername(fd, (struct sockaddr *) &there, &there_length) == 0 &&
	       here.ss_family != AF_UNIX && here_length == there_length &&
	       memcmp(&here, &there, here_length) == 0;
}

static void connected(hki_ipc_dialer *dialer)
{
	hk_ipc *ipc = dialer->ipc;
	int fd = hki_take_fd(&dialer->fd);
	int r = 0;

	hk_watch_free(dialer->watch);
	dialer->watch = NULL;
	if (dialer->timer != NULL)
		hk_timer_stop(dialer->timer);
	if (is_ourselves(fd))
		r = -ECONNREFUSED;
	else if (ipc->settings->opts.allow_count > 0)
		r = hki_ipc_peer_check(fd, ipc->settings);
	if (r == 0)
		r = hki_ipc_open(ipc, fd);
	if (r == 0) {
		dialer->connected_ns = now_of(dialer);
	} else {
		(void) close(fd);
		fail(dialer, r);
	}
}

static void on_writable(hk_watch *watch, unsigned int events, void *user)
{
	hki_ipc_dialer *dialer = user;
	int error = 0;
	socklen_t length = sizeof(error);

	(void) watch;
	(void) events;
	if (getsockopt(dialer->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	if (error == 0) {
		connected(dialer);
		return;
	}
	dialer->error = -error;
	drop_socket(dialer);
	try_next(dialer);
}

static int connect_to(hki_ipc_dialer *dialer, const hki_socket_address *address)
{
	int fd = socket(
	    address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	dialer->fd = fd;
	if (connect(fd, (const struct sockaddr *) &address->storage, address->length) ==
	    0) {
		connected(dialer);
		return 0;
	}
	if (errno != EINPROGRESS)
		return -errno;
	return hk_watch_start(&dialer->watch, dialer->ipc->domain->loop, fd, HK_WRITABLE,
	    on_writable, dialer);
}

static void try_next(hki_ipc_dialer *dialer)
{
	while (dialer->next < dialer->count) {
		const hki_socket_address *address = &dialer->addresses[dialer->next++];
		int r = connect_to(dialer, address);

		if (r == 0)
			return;
		dialer->error = r;
		drop_socket(dialer);
		if (r == -EAGAIN && address->storage.ss_family == AF_UNIX) {
			dialer->again = true;
			r = set_timer(dialer, FULL_NS);
			if (r == 0)
				return;
			dialer->error = r;
		}
	}
	fail(dialer, dialer->error);
}

/* ---- one attempt ---- */

static int dial_path(hki_ipc_dialer *dialer)
{
	int directory = -1;
	int r =
	    hki_socket_path_address(&dialer->addresses[0], &directory, dialer->url.name);

	if (r < 0)
		return r;
	dialer->count = 1;
	try_next(dialer);
	hki_closep(&directory);
	return 0;
}

void hki_ipc_dialer_resolved(hki_ipc_dialer *dialer, int result)
{
	if (result < 0)
		fail(dialer, result);
	else
		try_next(dialer);
}

static int find_addresses(hki_ipc_dialer *dialer)
{
	int count;

	if (dialer->url.scheme == HKI_IPC_UNIX)
		return dial_path(dialer);
	count = hki_socket_addresses(dialer->addresses, &dialer->url);
	if (count < 0)
		return count;
	if (count == 0)
		return hki_ipc_lookup_start(dialer);
	dialer->count = (size_t) count;
	try_next(dialer);
	return 0;
}

static void begin(hki_ipc_dialer *dialer)
{
	uint64_t limit_ns = dialer->ipc->settings->opts.connect_timeout_ns;
	uint64_t now_ns = now_of(dialer);
	int r;

	dialer->waiting = false;
	dialer->again = false;
	dialer->error = -ECONNREFUSED;
	dialer->next = 0;
	dialer->count = 0;
	dialer->attempt_by_ns =
	    limit_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + limit_ns;
	r = set_limit(dialer);
	if (r == 0)
		r = find_addresses(dialer);
	if (r < 0)
		fail(dialer, r);
}

uint64_t hki_ipc_dialer_retry(hki_ipc_dialer *dialer)
{
	const hk_ipc_opts *opts = &dialer->ipc->settings->opts;
	uint64_t bound_ns;
	uint64_t delay_ns;
	int r;

	if (dialer->connected_ns != 0 &&
	    now_of(dialer) - dialer->connected_ns >= STABLE_NS)
		dialer->bound_ns = 0;
	dialer->connected_ns = 0;
	bound_ns = dialer->bound_ns < opts->reconnect_min_ns ? opts->reconnect_min_ns
							     : dialer->bound_ns;
	dialer->bound_ns =
	    bound_ns > opts->reconnect_max_ns / 2 ? opts->reconnect_max_ns : bound_ns * 2;
	delay_ns = hki_random_below(&dialer->ipc->domain->random, bound_ns + 1);
	drop_socket(dialer);
	dialer->waiting = true;
	r = set_timer(dialer, delay_ns);
	if (r < 0) /* no memory for a wait: there is none for a connection either */
		hki_ipc_finish(dialer->ipc, r);
	return delay_ns;
}

const char *hki_ipc_dialer_url(const hki_ipc_dialer *dialer)
{
	return dialer->text;
}

void hki_ipc_dialer_free(hki_ipc_dialer *dialer)
{
	if (dialer == NULL)
		return;
	hki_free(dialer->text);
	hki_free(dialer);
}

/* ---- public ---- */

static int new_dialer(hk_ipc *ipc, const char *text)
{
	hki_ipc_dialer *dialer = hki_zalloc(sizeof(*dialer));

	if (dialer == NULL)
		return -ENOMEM;
	ipc->dialer = dialer;
	dialer->ipc = ipc;
	dialer->fd = -1;
	dialer->text = hki_strdup(text);
	return dialer->text == NULL ? -ENOMEM
				    : hki_ipc_url_parse(&dialer->url, dialer->text, NULL);
}

static int check_dialable(
    const hki_ipc_url *url, const hk_ipc_opts *opts, hk_error_list *errors)
{
	const char *text = NULL;

	if (url->scheme == HKI_IPC_UDP || url->scheme == HKI_IPC_FIFO)
		return hki_error_report_step(errors, -EPROTONOSUPPORT, "dial",
		    "%s: has no connections; unix, tcp and fd have",
		    hki_ipc_scheme_name(url->scheme));
	if (url->scheme == HKI_IPC_ACTIVATION)
		text = "activation: is for servers";
	else if (url->scheme == HKI_IPC_FD && opts->reconnect)
		text = "an inherited descriptor cannot be dialed again";
	else if (url->scheme == HKI_IPC_TCP && url->host == HKI_IPC_HOST_ANY)
		text = "* is every address: name one to dial";
	else if (url->scheme == HKI_IPC_TCP && url->port == 0)
		text = "port 0 cannot be dialed";
	else if (url->scheme == HKI_IPC_TCP && opts->allow_count > 0)
		text = "allow has rules, and nobody vouches for a tcp: peer";
	return text == NULL ? 0
			    : hki_error_report_step(errors, -EINVAL, "dial", "%s", text);
}

static void freep(hk_ipc **ipc)
{
	hk_ipc_free(*ipc);
}

static void settings_unrefp(hki_ipc_settings **settings)
{
	hki_ipc_settings_unref(*settings);
}

int hk_ipc_dial(hk_ipc **out, hk_loop *loop, const char *text, const hk_ipc_opts *opts,
    hk_error_list *errors)
{
	hki_cleanup(settings_unrefp) hki_ipc_settings *settings = NULL;
	hki_cleanup(freep) hk_ipc *ipc = NULL;
	hki_ipc_domain *domain;
	hki_ipc_url url;
	int r;

	if ((r = hki_ipc_domain_get(&domain, loop)) < 0 ||
	    (r = hki_ipc_url_parse(&url, text, errors)) < 0 ||
	    (r = hki_ipc_settings_new(&settings, opts, errors)) < 0 ||
	    (r = check_dialable(&url, &settings->opts, errors)) < 0)
		return r;
	if (url.scheme == HKI_IPC_FD)
		return hk_ipc_adopt(out, loop, url.fd, opts);
	if ((r = hki_ipc_new(&ipc, domain, settings)) < 0 ||
	    (r = new_dialer(ipc, text)) < 0)
		return r;
	hki_list_append(&domain->clients, &ipc->node);
	begin(ipc->dialer);
	*out = hki_take(ipc);
	return 0;
}
