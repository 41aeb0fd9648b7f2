#ifndef HOSTKIT_LIBEXEC_METRICS_VISITORS_H
#define HOSTKIT_LIBEXEC_METRICS_VISITORS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Who is connected, and who has to go.
 *
 * Times are nanoseconds of one clock, the caller's.  Nothing here closes anything:
 * a connection that has to go is returned to the caller, once.
 */

/* More than any group of collectors asks at once. */
enum { VISITORS_KEPT = 64 };

typedef enum visitor_state {
	VISITOR_SILENT,   /* accepted; no whole request yet */
	VISITOR_RESTING,  /* answered; it may ask again */
	VISITOR_ANSWERED, /* an answer is on its way */
	VISITOR_GOING     /* told to go */
} visitor_state;

typedef struct visitor {
	struct visitor *next; /* from the oldest to the newest */
	visitor_state state;
	int fd;            /* Borrowed */
	uint64_t since_ns; /* when the state began */
	unsigned char address[16];
	size_t address_length;
} visitor;

typedef struct visitors {
	visitor *oldest;
	size_t count; /* of those that are not going */
} visitors;

/*
 * Take in the connection @fd from @address, whose kind need not be known.  *@out is
 * Owned by @all, until visitor_remove().  Returns 0 or -ENOMEM.
 */
int visitor_add(visitor **out, visitors *all, int fd, const struct sockaddr *address,
    uint64_t now_ns);
void visitor_remove(visitors *all, visitor *one);
void visitor_set(visitor *one, visitor_state state, uint64_t now_ns);

/*
 * One that has to go for there are more than VISITORS_KEPT, or NULL: never the
 * newest; first of those that have not asked for anything, then of those that rest,
 * then of those that read their answer; among those, of the address that has the
 * most, and of these the oldest.  It counts as going from now on.
 */
visitor *visitors_crowded_out(visitors *all);

/* One that took too long over what it does, or NULL.  It counts as going from now on. */
visitor *visitors_expired(visitors *all, uint64_t now_ns);

/* Nanoseconds until somebody will have taken too long; UINT64_MAX: nobody. */
uint64_t visitors_wait_ns(const visitors *all, uint64_t now_ns);

#endif /* HOSTKIT_LIBEXEC_METRICS_VISITORS_H */
