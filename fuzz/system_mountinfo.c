/*
 * /proc/self/mountinfo.  Whoever may mount chooses the names in it.  Every mount that
 * is shown can be reached, has a path, and is the only one of its file system.
 */
#include <hostkit/error.h>
#include "system/mounts.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hki_mounts mounts = { .items = NULL };
	int r = hki_mounts_parse(
	    &mounts, hki_scan_of(size > 0 ? (const char *) data : "", size));

	FUZZ_MUST(r == 0);
	for (size_t i = 0; i < mounts.count; i++) {
		const hki_mount *mount = &mounts.items[i];

		FUZZ_MUST(mount->point[0] == '/');
		if (!mount->chosen)
			continue;
		FUZZ_MUST(mount->visible && mount->holds);
		for (size_t j = 0; j < i; j++)
			FUZZ_MUST(!mounts.items[j].chosen ||
				  mounts.items[j].device_major != mount->device_major ||
				  mounts.items[j].device_minor != mount->device_minor);
	}
	hki_mounts_deinit(&mounts);
	return 0;
}
