/*
 * Strangers cost nothing as long as they go when their place is needed.
 *
 * A collector asks as soon as it is connected, so whoever says nothing is no
 * collector, and makes room first.  Of these the address with the most gives way: a
 * stranger who opens hundreds from one place drives out himself.  The deadlines are
 * from the beginning of a state, not from the latest byte: one byte a second keeps
 * nothing open.
 */
#include "visitors.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include "base/alloc.h"
#include "base/clock.h"

/* A request is one packet, and an answer some. Collectors come back within a minute or
 * so; they make no fuss if they have to connect again. */
static const uint64_t patience_ns[] = {
	[VISITOR_SILENT] = 5 * HKI_NS_PER_S,
	[VISITOR_RESTING] = 75 * HKI_NS_PER_S,
	[VISITOR_ANSWERED] = 30 * HKI_NS_PER_S,
	[VISITOR_GOING] = UINT64_MAX,
};

static void read_address(visitor *out, const struct sockaddr *address)
{
	if (address == NULL)
		return;
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *four = (const void *) address;

		out->address_length = sizeof(four->sin_addr);
		memcpy(out->address, &four->sin_addr, out->address_length);
	} else if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const void *) address;

		out->address_length = sizeof(six->sin6_addr);
		memcpy(out->address, &six->sin6_addr, out->address_length);
	}
}

int visitor_add(
    visitor **out, visitors *all, int fd, const struct sockaddr *address, uint64_t now_ns)
{
	visitor *one = hki_zalloc(sizeof(*one));
	visitor **end = &all->oldest;

	if (one == NULL)
		return -ENOMEM;
	one->fd = fd;
	one->since_ns = now_ns;
	read_address(one, address);
	while (*end != NULL)
		end = &(*end)->next;
	*end = one;
	all->count++;
	*out = one;
	return 0;
}

void visitor_remove(visitors *all, visitor *one)
{
	visitor **link = &all->oldest;

	if (one == NULL)
		return;
	while (*link != one)
		link = &(*link)->next;
	*link = one->next;
	if (one->state != VISITOR_GOING)
		all->count--;
	hki_free(one);
}

void visitor_set(visitor *one, visitor_state state, uint64_t now_ns)
{
	if (one == NULL || one->state == VISITOR_GOING)
		return;
	one->state = state;
	one->since_ns = now_ns;
}

static visitor *send_off(visitors *all, visitor *one)
{
	if (one == NULL)
		return NULL;
	one->state = VISITOR_GOING;
	all->count--;
	return one;
}

/* How many of the address of @one are in its state. */
static size_t count_alike(const visitors *all, const visitor *one)
{
	size_t count = 0;

	for (const visitor *other = all->oldest; other != NULL; other = other->next)
		count += other->state == one->state &&
			 other->address_length == one->address_length &&
			 memcmp(other->address, one->address, one->address_length) == 0;
	return count;
}

/* Among those before the newest, the oldest of the address with the most in @state. */
static visitor *find_crowding(const visitors *all, visitor_state state)
{
	visitor *found = NULL;
	size_t most = 0;

	for (visitor *one = all->oldest; one != NULL && one->next != NULL;
	     one = one->next) {
		size_t alike = one->state == state ? count_alike(all, one) : 0;

		if (alike > most) {
			most = alike;
			found = one;
		}
	}
	return found;
}

visitor *visitors_crowded_out(visitors *all)
{
	visitor *found = NULL;

	if (all->count <= VISITORS_KEPT)
		return NULL;
	for (int state = VISITOR_SILENT; found == NULL && state < VISITOR_GOING; state++)
		found = find_crowding(all, (visitor_state) state);
	return send_off(all, found);
}

static uint64_t left_ns(const visitor *one, uint64_t now_ns)
{
	uint64_t patience = patience_ns[one->state];
	uint64_t past_ns = now_ns > one->since_ns ? now_ns - one->since_ns : 0;

	if (patience == UINT64_MAX)
		return UINT64_MAX;
	return past_ns < patience ? patience - past_ns : 0;
}

visitor *visitors_expired(visitors *all, uint64_t now_ns)
{
	for (visitor *one = all->oldest; one != NULL; one = one->next)
		if (left_ns(one, now_ns) == 0)
			return send_off(all, one);
	return NULL;
}

uint64_t visitors_wait_ns(const visitors *all, uint64_t now_ns)
{
	uint64_t least = UINT64_MAX;

	for (const visitor *one = all->oldest; one != NULL; one = one->next) {
		uint64_t left = left_ns(one, now_ns);

		if (left < least)
			least = left;
	}
	return least;
}
