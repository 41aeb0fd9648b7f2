/*
 * PID@START:INODE, as people paste it and scripts hand it on.  What was accepted must
 * survive being written and read again: it decides who gets the signal.
 */
#include <hostkit/process.h>
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	char written[HK_PROCESS_ID_TEXT_MAX];
	hk_process_id id = { 0 };
	hk_process_id again = { 0 };

	if (hk_process_id_parse(&id, text) == 0) {
		FUZZ_MUST(hk_process_id_format(written, sizeof(written), &id) <
			  sizeof(written));
		FUZZ_MUST(hk_process_id_parse(&again, written) == 0);
		FUZZ_MUST(again.pid == id.pid && again.start_ticks == id.start_ticks &&
			  again.inode == id.inode);
	}
	free(text);
	return 0;
}
