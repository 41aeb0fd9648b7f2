/*
 * /proc/PID/stat.  A program chooses its own name, so the second field holds whatever
 * it likes, parentheses and line ends included; a stranger's name must never move the
 * numbers behind it.
 */
#include <hostkit/error.h>
#include "os/procfs.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hki_proc_stat stat = { 0 };
	int r;

	r = hki_proc_stat_parse(&stat, (const char *) data, size);
	FUZZ_MUST(r == 0 || r == HK_EPARSE);
	if (r == 0)
		FUZZ_MUST(stat.pid > 0);
	return 0;
}
