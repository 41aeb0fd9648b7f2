#include "ipc/payload.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"

/*
 * A message for many: copied and checked once, counted by those who still send it.
 */

int hk_ipc_payload_new(hk_ipc_payload **out, const void *data, size_t length)
{
	hk_ipc_payload *payload;

	if (length > HK_IPC_MESSAGE_MAX)
		return -EMSGSIZE;
	payload = hki_alloc(sizeof(*payload) + length + 1);
	if (payload == NULL)
		return -ENOMEM;
	payload->references = 1;
	payload->length = length;
	payload->line = length > 0 && memchr(data, '\n', length) == NULL;
	if (length > 0)
		memcpy(payload->data, data, length);
	payload->data[length] = '\n';
	*out = payload;
	return 0;
}

void hk_ipc_payload_free(hk_ipc_payload *payload)
{
	if (payload != NULL && --payload->references == 0)
		hki_free(payload);
}
