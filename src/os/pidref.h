#ifndef HKI_OS_PIDREF_H
#define HKI_OS_PIDREF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/*
 * A process that cannot be mistaken for another: its id together with a pidfd.
 * While the descriptor is open the id may be reused, but the pidfd never means
 * the newcomer, so signals go through it alone (pidfd_open(2)).
 */
typedef struct hki_pidref {
	pid_t pid;
	int fd;               /* -1: empty */
	uint64_t start_ticks; /* field 22 of /proc/PID/stat */
	uint64_t inode;       /* of the pidfd on pidfs (Linux 6.9), else 0 */
} hki_pidref;

/* clang-format off */
#define HKI_PIDREF_NULL { 0, -1, 0, 0 }
/* clang-format on */

/* Take hold of the process that has @pid now.  0, -ESRCH, -EMFILE, … */
int hki_pidref_open(hki_pidref *out, pid_t pid);

/* Complete a reference from the pidfd that clone gave.  Taken on success. */
int hki_pidref_from_fd(hki_pidref *out, pid_t pid, int pidfd);

/*
 * The same, if it is still the process that had @start_ticks and @inode (0
 * matches anything), else -ESRCH.
 */
int hki_pidref_open_exactly(
    hki_pidref *out, pid_t pid, uint64_t start_ticks, uint64_t inode);

/* 0, -ESRCH once it has ended, -EPERM, -EINVAL. */
int hki_pidref_signal(const hki_pidref *ref, int signal);

void hki_pidref_close(hki_pidref *ref);

/* What waitid(2) told about a child.  known is false when the status is lost for ever. */
typedef struct hki_wait_result {
	bool known;
	bool usage_known;
	int code;   /* exit code, when signal is 0 */
	int signal; /* the signal that ended it, or 0 */
	bool core_dumped;
	struct rusage usage;
} hki_wait_result;

/*
 * Collect a child that has ended, without waiting.  Returns 1 when @out is
 * filled, 0 when it still runs, or a negative errno.  Somebody else's child, or
 * one already collected, is asked for by PIDFD_GET_INFO (Linux 6.15), and is
 * otherwise not known.
 */
int hki_pidref_wait(const hki_pidref *ref, hki_wait_result *out);

/* Has it ended, all of its threads?  It may still be a zombie. */
bool hki_pidref_has_ended(const hki_pidref *ref);

/* Wait for that until @deadline_ns of the monotonic clock.  false when time was up. */
bool hki_pidref_wait_end(const hki_pidref *ref, uint64_t deadline_ns);

/* The inode of @pidfd on pidfs, or 0 where the kernel has none. */
uint64_t hki_pidfd_inode(int pidfd);

#endif /* HKI_OS_PIDREF_H */
