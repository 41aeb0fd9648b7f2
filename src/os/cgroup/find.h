#ifndef HKI_OS_CGROUP_FIND_H
#define HKI_OS_CGROUP_FIND_H

#include <stddef.h>

/*
 * Where a process's cgroups are in the file system.  A host may mount one v2
 * hierarchy (pure), v2 without controllers beside v1 hierarchies (hybrid), or
 * v1 alone; a container often sees only a part, mounted elsewhere.
 */
typedef struct hki_cgroup_places {
	char *unified;       /* our directory of the v2 hierarchy, or NULL */
	char *unified_mount; /* where that hierarchy is mounted, or NULL */
	char *
	    memory; /* our directories on v1 hierarchies with these controllers, or NULL */
	char *pids;
	char *cpu;
} hki_cgroup_places;

/*
 * From the texts of /proc/PID/mountinfo and /proc/PID/cgroup.  Owned:
 * hki_cgroup_places_deinit().  Lines that make no sense are passed over.
 * 0, also when nothing is found, or -ENOMEM.
 */
int hki_cgroup_places_parse(
    hki_cgroup_places *out, const char *mountinfo, const char *cgroup);

/* The same for ourselves. */
int hki_cgroup_places_read(hki_cgroup_places *out);

void hki_cgroup_places_deinit(hki_cgroup_places *places);

/* Decode the octal escapes of mountinfo (\040 for a space) in place. */
void hki_cgroup_unescape(char *text);

#endif /* HKI_OS_CGROUP_FIND_H */
