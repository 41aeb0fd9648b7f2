#ifndef HKI_OS_CGROUP_H
#define HKI_OS_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A cgroup v2 directory that hostkit made for one tree of processes.  It is
 * found below the caller's own cgroup, on a pure v2 or a hybrid host, and the
 * caller is never moved.  Limits whose controller lives on a v1 hierarchy get
 * a v1 directory beside it.
 */
typedef struct hki_cgroup hki_cgroup;

typedef struct hki_cgroup_limits {
	uint64_t memory_max_bytes; /* 0: none */
	uint32_t pids_max;
	uint32_t cpu_max_millis;
} hki_cgroup_limits;

/* Which limits could be set; the bits of hki_cgroup_set_limits(). */
enum { HKI_CGROUP_MEMORY = 1, HKI_CGROUP_PIDS = 2, HKI_CGROUP_CPU = 4 };

/* May we make cgroups here?  0, or why not: -ENOENT no v2, -EROFS, -EACCES … */
int hki_cgroup_probe(void);

/*
 * Make a new cgroup called @name below our own; a left-over empty one of the
 * same name is used again.  Owned: hki_cgroup_free().  0 or a negative errno.
 */
int hki_cgroup_new(hki_cgroup **out, const char *name);

/*
 * Remove what was left behind below our own cgroup by processes that died before
 * they could: empty directories called "@prefixPID…", older than a minute, whose PID
 * has no process.
 * Returns how many, or a negative errno.
 */
int hki_cgroup_sweep(const char *prefix);

/* Use an existing directory, which free will not remove.  -EINVAL if it is no cgroup v2. */
int hki_cgroup_open(hki_cgroup **out, const char *path);

const char *hki_cgroup_path(const hki_cgroup *cgroup);
/* The directory, for CLONE_INTO_CGROUP.  Borrowed. */
int hki_cgroup_fd(const hki_cgroup *cgroup);
/* cgroup.procs files a child must write "0" to before exec, as a v1 limit needs
 * it; at most 3, -1 ends the list.  Borrowed descriptors, opened for writing. */
const int *hki_cgroup_join_fds(const hki_cgroup *cgroup);

/*
 * Set what is asked; before anything was started in it, since a directory that we
 * made may have to be made again further up, where the controllers are.
 * Returns the bits that could be set, or a negative errno when memory is short.
 */
int hki_cgroup_set_limits(hki_cgroup *cgroup, const hki_cgroup_limits *limits);

/* Everything in it dies, also what is being forked: cgroup.kill (Linux 5.14), else
 * freeze and kill one by one.  0 or a negative errno. */
int hki_cgroup_kill(hki_cgroup *cgroup);
/* Send a signal to each process in it.  The number of them or a negative errno. */
int hki_cgroup_signal(hki_cgroup *cgroup, int signal);
int hki_cgroup_freeze(hki_cgroup *cgroup, bool frozen);

/* Is a process in it or below?  1, 0 or a negative errno. */
int hki_cgroup_populated(const hki_cgroup *cgroup);
/* A descriptor that becomes ready for HK_PRIORITY when that may have changed. Borrowed. */
int hki_cgroup_events_fd(const hki_cgroup *cgroup);

int hki_cgroup_each(hki_cgroup *cgroup, int (*visit)(pid_t pid, void *user), void *user);

/* Remove the directory if we made it and it is empty, and release.  NULL is fine. */
void hki_cgroup_free(hki_cgroup *cgroup);

#endif /* HKI_OS_CGROUP_H */
