/*
 * Two readings of /proc/stat, with a NUL between them, whatever they are: shares are
 * shares of the time there was, and a processor never works more than all of it.
 */
#include <hostkit/error.h>
#include "system/cpu.h"
#include "target.h"

static void must_be_a_share(double percent)
{
	FUZZ_MUST(percent >= 0 && percent <= 100.0001);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;
	const char *middle = size > 0 ? memchr(text, 0, size) : NULL;
	size_t first = middle != NULL ? (size_t) (middle - text) : size;
	hki_cpu_stat before = { .cpus = NULL };
	hki_cpu_stat now = { .cpus = NULL };
	hk_system_cpu_shares shares;
	double used;
	int r = hki_cpu_stat_parse(&before, hki_scan_of(text, first));

	FUZZ_MUST(r == 0 || r == HK_EPARSE);
	if (r == 0 && middle != NULL &&
	    hki_cpu_stat_parse(&now, hki_scan_of(middle + 1, size - first - 1)) == 0 &&
	    hki_cpu_follow(&now.total, &before.total, 100) &&
	    hki_cpu_share(&shares, &used, &now.total, &before.total)) {
		must_be_a_share(used);
		must_be_a_share(shares.idle);
		must_be_a_share(shares.user);
	}
	hki_cpu_stat_deinit(&before);
	hki_cpu_stat_deinit(&now);
	return 0;
}
