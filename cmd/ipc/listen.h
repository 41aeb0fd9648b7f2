#ifndef HOSTKIT_CMD_IPC_LISTEN_H
#define HOSTKIT_CMD_IPC_LISTEN_H

#include "session.h"

/* `hostkit ipc listen`: what was asked for, and how it goes on. */
typedef struct ipc_listening {
	ipc_session session;
	const char *url;
	const char *command; /* run for each connection, or NULL */
	uint64_t count;      /* messages before it ends; 0: without end */
	uint64_t heard;
	hk_ipc_opts connection;
} ipc_listening;

/* Something came: print it.  @from may be "", @pid 0.  @full is more than @length when a
 * part is lost. */
void ipc_listening_print(ipc_listening *all, const char *from, int32_t pid,
    const char *bytes, size_t length, size_t full);

/* Each listens until the session ends.  Returns the exit code. */
int ipc_listen_stream(ipc_listening *all);   /* listen_stream.c */
int ipc_listen_datagram(ipc_listening *all); /* listen_other.c */
int ipc_listen_fifo(ipc_listening *all);

/* ---- listen_exec.c: a program for a connection ---- */

typedef struct ipc_worker ipc_worker;

/* Run the command for @ipc, whose messages are its lines.  0 or a negative errno. */
int ipc_worker_start(ipc_listening *all, hk_ipc *ipc);
void ipc_worker_give(hk_ipc *ipc, const hk_ipc_message *message);
void ipc_worker_end_of_input(hk_ipc *ipc);
/* The connection is gone. */
void ipc_worker_leave(hk_ipc *ipc);
/* The connection takes more. */
void ipc_worker_go_on(hk_ipc *ipc);
/* End those that are left. */
void ipc_workers_stop(ipc_listening *all);

#endif /* HOSTKIT_CMD_IPC_LISTEN_H */
