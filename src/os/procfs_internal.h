#ifndef HKI_OS_PROCFS_INTERNAL_H
#define HKI_OS_PROCFS_INTERNAL_H

#include "os/procfs.h"

/* 52 numbers of at most 20 digits and a name of at most 4 * 15 bytes, escaped. */
#define HKI_PROC_STAT_MAX 1280

/* The text of /proc/PID/stat, terminated.  0, -ESRCH, -EINVAL. */
int hki_proc_stat_text(char out[HKI_PROC_STAT_MAX], size_t *out_length, pid_t pid);

/* A number in it, from field 4 on, as proc(5) counts.  0 or HK_EPARSE. */
int hki_proc_stat_field(
    uint64_t *out, const char *text, size_t length, unsigned int field);

#endif /* HKI_OS_PROCFS_INTERNAL_H */
