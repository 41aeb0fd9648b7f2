#ifndef HKI_SYSTEM_MEMORY_LIMIT_H
#define HKI_SYSTEM_MEMORY_LIMIT_H

#include "system/cgroups.h"

/*
 * What binds our memory: the smallest limit of our cgroup and its ancestors, and
 * how much of it is left.  @machine holds total and available of the machine, as
 * far as known.
 */
void hki_memory_limit_read(hk_system_limits *out, const hki_cgroups *cgroups,
    hk_system *system, const hk_system_memory *machine);

#endif /* HKI_SYSTEM_MEMORY_LIMIT_H */
