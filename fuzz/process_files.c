/*
 * The files of /proc/PID.  Programs choose their names and their cgroups, a captured
 * tree may hold anything at all, and kernels add lines: whatever comes is either
 * read or refused, and a shallow look sees what a deep one does.
 */
#include <hostkit/error.h>
#include "system/process_parse.h"
#include "system/process_terminal.h"
#include "system/process_text.h"
#include "target.h"

static void read_stat(const char *text, size_t size)
{
	hki_stat all = { .pid = 0 };
	hki_stat base = { .pid = 0 };
	int r = hki_stat_parse(&all, text, size, HKI_STAT_ALL);

	FUZZ_MUST(r == 0 || r == HK_EPARSE);
	if (r != 0)
		return;
	FUZZ_MUST(all.pid > 0);
	FUZZ_MUST(all.name >= text && all.name + all.name_length <= text + size);
	FUZZ_MUST(hki_stat_parse(&base, text, size, HKI_STAT_BASE) == 0);
	FUZZ_MUST(base.start_ticks == all.start_ticks && base.rss_pages == all.rss_pages);
	FUZZ_MUST(base.user_ticks == all.user_ticks && base.threads == all.threads);
}

static void read_status(const char *text, size_t size)
{
	hki_status status = { .present = 0 };
	int r = hki_status_parse(&status, text, size);

	FUZZ_MUST(r == 0 || r == HK_EPARSE);
	if (r == 0 && (status.present >> HKI_STATUS_AFFINITY & 1) != 0)
		FUZZ_MUST(status.affinity >= text &&
			  status.affinity + status.affinity_length <= text + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;
	hki_schedstat schedstat;
	hki_tty_driver driver;
	hki_statm statm;
	hki_io io;
	int64_t number;
	size_t length = 0;
	const char *path = hki_process_cgroup(&length, text, size);

	read_stat(text, size);
	read_status(text, size);
	(void) hki_io_parse(&io, text, size);
	(void) hki_statm_parse(&statm, text, size);
	(void) hki_schedstat_parse(&schedstat, text, size);
	(void) hki_number_parse(&number, text, size);
	if (hki_tty_driver_parse(&driver, text, size) == 0)
		FUZZ_MUST(driver.first <= driver.last);
	if (path != NULL)
		FUZZ_MUST(path >= text && path + length <= text + size);
	return 0;
}
