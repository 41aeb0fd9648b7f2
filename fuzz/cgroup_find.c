/*
 * /proc/self/mountinfo and /proc/self/cgroup.  Whoever may mount or make cgroups
 * chooses the paths in them.  The input is both texts, the second one behind a NUL.
 */
#include "os/cgroup/find.h"
#include "target.h"

static void check_place(const char *place)
{
	FUZZ_MUST(place == NULL || place[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *border = size == 0 ? NULL : memchr(data, '\0', size);
	size_t first = border == NULL ? size : (size_t) (border - data);
	size_t rest = border == NULL ? size : first + 1;
	char *mountinfo = fuzz_text(data, first);
	char *cgroup = fuzz_text(data + rest, size - rest);
	hki_cgroup_places places;

	FUZZ_MUST(hki_cgroup_places_parse(&places, mountinfo, cgroup) == 0);
	check_place(places.unified);
	check_place(places.unified_mount);
	check_place(places.memory);
	check_place(places.pids);
	check_place(places.cpu);
	FUZZ_MUST((places.unified == NULL) == (places.unified_mount == NULL));
	hki_cgroup_places_deinit(&places);
	free(cgroup);
	free(mountinfo);
	return 0;
}
