#ifndef HOSTKIT_CMD_IPC_SEND_H
#define HOSTKIT_CMD_IPC_SEND_H

#include "session.h"

/* `hostkit ipc send`: what was asked for, and how it goes on. */
typedef struct ipc_sending {
	ipc_session session;
	ipc_input input;
	const char *url;
	uint32_t framing;
	bool any_text;    /* messages need not be JSON */
	uint64_t answers; /* to wait for */
	uint64_t answered;
	uint64_t timeout_ns;
	uint64_t sent;
	hki_buffer held; /* a message there was no room for */
	/* Send one message.  0, -EAGAIN (ipc_sending_go_on() follows), or a failure. */
	int (*send)(struct ipc_sending *all, const char *bytes, size_t length);
	/* Everything was sent: see to it that it leaves, then end the session. */
	void (*finish)(struct ipc_sending *all);
	void *way;       /* the connection, socket or pipe */
	bool limited;    /* it has no limit of its own for a peer that takes nothing */
	hk_timer *stall; /* … so this is it */
} ipc_sending;

/* The operands, or the lines of the input, go out.  Returns 0 or an exit code. */
int ipc_sending_begin(ipc_sending *all);
/* Nothing is taken: give it --timeout from now, then fail. */
void ipc_sending_limit(ipc_sending *all);
/* There is room again. */
void ipc_sending_go_on(ipc_sending *all);

/* Each sends everything.  Returns the exit code. */
int ipc_send_stream(ipc_sending *all);   /* send_stream.c */
int ipc_send_datagram(ipc_sending *all); /* send_other.c */
int ipc_send_fifo(ipc_sending *all);

#endif /* HOSTKIT_CMD_IPC_SEND_H */
