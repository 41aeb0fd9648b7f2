#ifndef HKI_IPC_PAYLOAD_H
#define HKI_IPC_PAYLOAD_H

#include <hostkit/ipc.h>

/* Bytes that any number of queues refer to.  A line feed follows them, so that they can
 * be written as a line without another piece. */
struct hk_ipc_payload {
	size_t references; /* all on one loop's thread */
	size_t length;
	bool line; /* holds no line feed and is not empty */
	char data[];
};

static inline hk_ipc_payload *hki_ipc_payload_ref(hk_ipc_payload *payload)
{
	payload->references++;
	return payload;
}

#endif /* HKI_IPC_PAYLOAD_H */
