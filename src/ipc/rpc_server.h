#ifndef HKI_IPC_RPC_SERVER_H
#define HKI_IPC_RPC_SERVER_H

#include "ipc/rpc_internal.h"

/* Where conversations begin.  The connections belong to the hk_ipc_server, the
 * conversations to this. */
struct hk_ipc_rpc_server {
	hk_loop *loop; /* NULL: it is gone */
	hk_ipc_server *server;
	hki_rpc_shared *shared;
	hki_list rpcs;
	hk_ipc_rpc_opts opts;
	hk_ipc_opts connection;
	/* Somebody came, and nothing was said yet; for the broker. */
	void (*on_accept)(hk_ipc_rpc_server *server, hk_ipc_rpc *rpc);
	void *owner;
	hki_loop_member member;
	hki_ipc_upper upper;
	hki_loop_deferred deferred;
};

/* Put our callbacks into its connection options (rpc.c). */
void hki_rpc_server_callbacks(hk_ipc_rpc_server *server);

#endif /* HKI_IPC_RPC_SERVER_H */
