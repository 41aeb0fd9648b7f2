#include "ipc/dialer.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include "base/alloc.h"

/*
 * Host names.  The name service has no other door than getaddrinfo(), which may take
 * as long as it likes; so it is asked on a thread, and the attempt's own deadline ends
 * the wait.
 */

typedef struct hki_ipc_lookup {
	hki_ipc_dialer *dialer; /* the loop's thread alone; NULL: nobody wants to know */
	char *host;
	uint16_t port;
	size_t count;
	hki_socket_address found[HKI_DIALER_ADDRESSES_MAX];
} hki_ipc_lookup;

static void take(hki_ipc_lookup *lookup, const struct addrinfo *one)
{
	hki_socket_address *to = &lookup->found[lookup->count];

	if ((one->ai_family != AF_INET && one->ai_family != AF_INET6) ||
	    one->ai_addrlen > sizeof(to->storage))
		return;
	memset(to, 0, sizeof(*to));
	memcpy(&to->storage, one->ai_addr, one->ai_addrlen);
	to->length = one->ai_addrlen;
	hki_socket_set_port(to, lookup->port);
	lookup->count++;
}

/* A name that nobody has is another mistake than a network that cannot be reached. */
static int error_of(int code)
{
	switch (code) {
	case EAI_NONAME:
	case EAI_NODATA:
		return HK_ENONAME;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_SYSTEM:
		return errno != 0 ? -errno : -EHOSTUNREACH;
	default:
		return -EHOSTUNREACH;
	}
}

/* On a thread of its own. */
static int work(void *user)
{
	hki_ipc_lookup *lookup = user;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *list = NULL;
	int r;

	r = getaddrinfo(lookup->host, NULL, &hints, &list);
	if (r != 0)
		return error_of(r);
	for (const struct addrinfo *one = list;
	     one != NULL && lookup->count < HKI_DIALER_ADDRESSES_MAX; one = one->ai_next)
		take(lookup, one);
	freeaddrinfo(list);
	return lookup->count > 0 ? 0 : HK_ENONAME;
}

static void done(hki_offload_job *job, int result, void *user)
{
	const hki_ipc_lookup *lookup = user;
	hki_ipc_dialer *dialer = lookup->dialer;

	(void) job;
	if (dialer == NULL)
		return;
	dialer->lookup = NULL;
	if (result == 0) {
		dialer->count = lookup->count;
		memcpy(dialer->addresses, lookup->found,
		    lookup->count * sizeof(lookup->found[0]));
	}
	hki_ipc_dialer_resolved(dialer, result);
}

static void release(void *user)
{
	hki_ipc_lookup *lookup = user;

	hki_free(lookup->host);
	hki_free(lookup);
}

int hki_ipc_lookup_start(hki_ipc_dialer *dialer)
{
	hki_offload_opts opts = { .work = work, .done = done, .free = release };
	hki_offload *offload;
	hki_ipc_lookup *lookup;
	int r = hki_ipc_domain_offload(&offload, dialer->ipc->domain);

	if (r < 0)
		return r;
	lookup = hki_zalloc(sizeof(*lookup));
	if (lookup == NULL)
		return -ENOMEM;
	lookup->dialer = dialer;
	lookup->port = dialer->url.port;
	lookup->host = hki_strndup(dialer->url.name, dialer->url.name_length);
	if (lookup->host == NULL) {
		release(lookup);
		return -ENOMEM;
	}
	opts.resource = lookup->host;
	opts.user = lookup;
	r = hki_offload_submit(NULL, offload, &opts);
	if (r < 0)
		release(lookup);
	else
		dialer->lookup = lookup;
	return r;
}

void hki_ipc_lookup_cancel(hki_ipc_dialer *dialer)
{
	if (dialer->lookup != NULL)
		dialer->lookup->dialer = NULL; /* it goes on, for nobody */
	dialer->lookup = NULL;
}
