/*
 * A ecosystem.json of somebody else: every mistake is reported, none crashes, and what is
 * accepted means the same when it is written in full and read again.
 */
#include "config_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_config("ecosystem.json", data, size);
	return 0;
}
