#include "ipc/ipc_internal.h"

#include "base/alloc.h"
#include "base/clock.h"

/*
 * What the connections of a loop share: the memory that only a busy connection needs,
 * so that an idle one is small, and the list of those with something to write, so that
 * what is sent in a turn leaves in one system call.
 *
 * Output leaves at two places: before the wait, which takes care of what timers, posts
 * and the time before hk_loop_run() have sent, and in the close phase, right after the
 * callbacks of descriptors.
 */

/* Threads that look up names.  Lookups of one name wait for each other anyway. */
#define LOOKUP_THREADS 2

static void flush(hki_ipc_domain *domain)
{
	hki_list now;
	hki_list *node;

	hki_list_remove(&domain->flush.node);
	hki_list_init(&now);
	hki_list_splice(&now, &domain->dirty);
	while ((node = hki_list_pop(&now)) != NULL)
		hki_ipc_write_on(hki_list_entry(node, hk_ipc, dirty));
}

static void on_turn_end(hki_loop_deferred *deferred)
{
	flush(hki_list_entry(deferred, hki_ipc_domain, flush));
}

static void on_prepare(hk_hook *hook, void *user)
{
	hki_ipc_domain *domain = user;

	(void) hook;
	if (!hki_list_empty(&domain->dirty))
		flush(domain);
}

static void destroy(hki_ipc_domain *domain)
{
	hk_hook_free(domain->prepare);
	hki_offload_free(domain->offload);
	for (size_t i = 0; i < domain->spare_count; i++) {
		hki_buffer_deinit(&domain->spares[i].bytes);
		hki_buffer_deinit(&domain->spares[i].sizes);
	}
	hki_free(domain->read_buffer);
	hki_free(domain);
}

static void on_loop_free(hki_loop_member *member)
{
	hki_ipc_domain *domain = hki_list_entry(member, hki_ipc_domain, member);
	hki_list *node;

	hki_loop_set_slot(domain->loop, HKI_LOOP_IPC, NULL);
	hki_list_remove(&domain->flush.node);
	while ((node = hki_list_pop(&domain->servers)) != NULL)
		hki_ipc_server_abandon(hki_list_entry(node, hk_ipc_server, node));
	while ((node = hki_list_pop(&domain->clients)) != NULL)
		hki_ipc_abandon(hki_list_entry(node, hk_ipc, node));
	hki_ipc_mailboxes_abandon(domain);
	while (hki_list_pop(&domain->uppers) != NULL)
		;
	destroy(domain);
}

static void seed(hki_random *random, const void *own)
{
	uint64_t bytes;

	if (hki_random_bytes(&bytes, sizeof(bytes)) < 0)
		bytes = hki_clock_monotonic_ns() ^ (uintptr_t) own;
	hki_random_seed(random, bytes);
}

int hki_ipc_domain_get(hki_ipc_domain **out, hk_loop *loop)
{
	hki_ipc_domain *domain;
	int r;

	if (loop == NULL)
		return -EINVAL;
	r = hki_loop_check(loop);
	if (r < 0)
		return r;
	domain = hki_loop_get_slot(loop, HKI_LOOP_IPC);
	if (domain != NULL) {
		*out = domain;
		return 0;
	}
	domain = hki_zalloc(sizeof(*domain));
	if (domain == NULL)
		return -ENOMEM;
	domain->loop = loop;
	domain->flush.fn = on_turn_end;
	hki_list_init(&domain->flush.node);
	hki_list_init(&domain->servers);
	hki_list_init(&domain->clients);
	hki_list_init(&domain->mailboxes);
	hki_list_init(&domain->uppers);
	hki_list_init(&domain->dirty);
	seed(&domain->random, domain);
	r = hk_hook_start(&domain->prepare, loop, HK_HOOK_PREPARE, on_prepare, domain);
	if (r < 0) {
		destroy(domain);
		return r;
	}
	domain->member.on_loop_free = on_loop_free;
	hki_loop_join(loop, &domain->member);
	hki_loop_set_slot(loop, HKI_LOOP_IPC, domain);
	*out = domain;
	return 0;
}

char *hki_ipc_domain_read_buffer(hki_ipc_domain *domain)
{
	if (domain->read_buffer == NULL)
		domain->read_buffer = hki_alloc(HKI_IPC_READ_MAX);
	return domain->read_buffer;
}

int hki_ipc_domain_offload(hki_offload **out, hki_ipc_domain *domain)
{
	if (domain->offload == NULL) {
		int r = hki_offload_new(&domain->offload, domain->loop, LOOKUP_THREADS);

		if (r < 0)
			return r;
	}
	*out = domain->offload;
	return 0;
}

void hki_ipc_touch(hk_ipc *ipc)
{
	hki_ipc_domain *domain = ipc->domain;

	if (!hki_list_empty(&ipc->dirty))
		return;
	if (hki_list_empty(&domain->dirty) && hki_list_empty(&domain->flush.node))
		hki_loop_defer_later(domain->loop, &domain->flush);
	hki_list_append(&domain->dirty, &ipc->dirty);
}

void hki_ipc_output_lend(hk_ipc *ipc)
{
	hki_ipc_domain *domain = ipc->domain;
	hki_ipc_spare *spare;

	if (ipc->output.bytes.data != NULL || domain->spare_count == 0)
		return;
	spare = &domain->spares[--domain->spare_count];
	ipc->output.bytes = spare->bytes;
	hki_buffer_deinit(&ipc->output.sizes);
	ipc->output.sizes = spare->sizes;
}

void hki_ipc_output_return(hk_ipc *ipc)
{
	hki_output *output = &ipc->output;
	hki_ipc_domain *domain = ipc->domain;

	if (!hki_output_empty(output) || output->bytes.data == NULL)
		return;
	if (output->bytes.capacity + output->bytes.start > HKI_IPC_SPARE_MAX ||
	    domain->spare_count == HKI_IPC_SPARE_KEPT) {
		hki_output_deinit(output);
		return;
	}
	domain->spares[domain->spare_count].bytes = output->bytes;
	domain->spares[domain->spare_count].sizes = output->sizes;
	domain->spare_count++;
	hki_buffer_deinit(&output->extras);
	*output = (hki_output){ 0 };
}

/* ---- everything of a loop ---- */

hk_ipc_server *hk_ipc_servers_next(const hk_loop *loop, const hk_ipc_server *previous)
{
	const hki_ipc_domain *domain = hki_loop_get_slot(loop, HKI_LOOP_IPC);
	hki_list *node;

	if (domain == NULL)
		return NULL;
	node =
	    hki_ipc_behind(&domain->servers, previous == NULL ? NULL : &previous->node);
	return node == NULL ? NULL : hki_list_entry(node, hk_ipc_server, node);
}

hk_ipc *hk_ipc_clients_next(const hk_loop *loop, const hk_ipc *previous)
{
	const hki_ipc_domain *domain = hki_loop_get_slot(loop, HKI_LOOP_IPC);
	hki_list *node;

	if (domain == NULL)
		return NULL;
	node =
	    hki_ipc_behind(&domain->clients, previous == NULL ? NULL : &previous->node);
	return node == NULL ? NULL : hki_list_entry(node, hk_ipc, node);
}

int hki_ipc_upper_join(hki_ipc_upper *upper, hk_loop *loop)
{
	hki_ipc_domain *domain;
	int r = hki_ipc_domain_get(&domain, loop);

	if (r == 0)
		hki_list_append(&domain->uppers, &upper->node);
	return r;
}

void hki_ipc_upper_leave(hki_ipc_upper *upper)
{
	if (upper->node.next != NULL)
		hki_list_remove(&upper->node);
}

static void tell_uppers(hk_loop *loop)
{
	hki_ipc_domain *domain = hki_loop_get_slot(loop, HKI_LOOP_IPC);
	hki_list *node;

	if (domain == NULL || hki_loop_check(loop) < 0)
		return;
	while ((node = hki_list_pop(&domain->uppers)) != NULL) {
		hki_ipc_upper *upper = hki_list_entry(node, hki_ipc_upper, node);

		upper->on_cleanup(upper);
	}
}

void hk_ipc_cleanup(hk_loop *loop)
{
	hk_ipc_server *server;
	hk_ipc *ipc;

	if (loop == NULL)
		return;
	tell_uppers(loop);
	while ((server = hk_ipc_servers_next(loop, NULL)) != NULL)
		hk_ipc_server_free(server);
	while ((ipc = hk_ipc_clients_next(loop, NULL)) != NULL)
		hk_ipc_free(ipc);
}
