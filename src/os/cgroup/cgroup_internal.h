#ifndef HKI_OS_CGROUP_INTERNAL_H
#define HKI_OS_CGROUP_INTERNAL_H

#include <stdbool.h>
#include "os/cgroup/cgroup.h"

/* At most one directory each on the v1 hierarchies of memory, pids and cpu. */
#define HKI_CGROUP_V1_MAX 3

struct hki_cgroup {
	char *path; /* on the v2 hierarchy */
	char *name; /* the last part, when we made it */
	int fd;
	int events_fd;
	bool made;   /* by us, so it is ours to remove */
	bool frozen; /* by hki_cgroup_freeze() */
	char *v1_paths[HKI_CGROUP_V1_MAX];
	int join_fds[HKI_CGROUP_V1_MAX +
		     1]; /* cgroup.procs beside v1_paths; ended by -1 */
	unsigned int v1_count;
};

/* Make or reuse the directory @name in @parent and open it.  Owned. */
int hki_cgroup_make(hki_cgroup **out, const char *parent, const char *name);

/* Remove a directory and the empty ones below it, as a program may have made some. */
int hki_cgroup_remove_tree(int directory, const char *path);

/* Wait a few milliseconds until the kernel has stopped everything in it. */
void hki_cgroup_wait_frozen(const hki_cgroup *cgroup);

#endif /* HKI_OS_CGROUP_INTERNAL_H */
