#ifndef HKI_IPC_DIALER_H
#define HKI_IPC_DIALER_H

#include "ipc/ipc_internal.h"
#include "ipc/socket_address.h"

/* A name may have more addresses; the first ones are enough to find one that answers. */
#define HKI_DIALER_ADDRESSES_MAX 8

/* How a connection is made, for dial.c and lookup.c. */
struct hki_ipc_dialer {
	hk_ipc *ipc;
	char *text;
	hki_ipc_url url; /* slices of text */
	hk_timer *timer; /* until the attempt is too long, or until the next one */
	hk_watch *watch; /* of fd, while it connects */
	int fd;
	bool waiting;                  /* between attempts */
	bool again;                    /* the address just tried is to be tried again */
	uint64_t attempt_by_ns;        /* when this attempt has failed */
	uint64_t bound_ns;             /* of the wait to come */
	uint64_t connected_ns;         /* 0: it does not stand */
	int error;                     /* of the address tried last */
	struct hki_ipc_lookup *lookup; /* under way, or NULL */
	size_t count;
	size_t next;
	hki_socket_address addresses[HKI_DIALER_ADDRESSES_MAX];
};

/* ---- lookup.c ---- */

/* Look up the host on a thread: hki_ipc_dialer_resolved() follows.  0 or an error. */
int hki_ipc_lookup_start(hki_ipc_dialer *dialer);
void hki_ipc_lookup_cancel(hki_ipc_dialer *dialer);

/* ---- dial.c ---- */

/* The addresses are there, or @result says why not. */
void hki_ipc_dialer_resolved(hki_ipc_dialer *dialer, int result);

#endif /* HKI_IPC_DIALER_H */
