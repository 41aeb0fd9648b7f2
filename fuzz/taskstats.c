/*
 * Datagrams of taskstats.  They come from the kernel, whose layout changes from
 * version to version: what does not fit is refused, nothing beyond the datagram is
 * read, and the reader always comes to the end.
 */
#include <errno.h>
#include <hostkit/error.h>
#include "system/taskstats.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 0;
	hki_end end;
	int r;

	/* The family of the corpus. */
	while ((r = hki_end_parse(&end, (const char *) data, size, &at, 30)) == 1) {
		FUZZ_MUST(at <= size);
		FUZZ_MUST(end.pid > 0 && end.process > 0);
		FUZZ_MUST(memchr(end.name, '\0', sizeof(end.name)) != NULL);
	}
	FUZZ_MUST(r == 0 || r == HK_EPARSE || r == -EOPNOTSUPP);
	return 0;
}
