#ifndef HKI_PROCESS_MEMBERS_H
#define HKI_PROCESS_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/map.h"
#include "os/procfs.h"

/*
 * A set of processes that is found by walking down from some roots, where the
 * processes may fork, end and be re-parented meanwhile.  A member is known by
 * id and start time; nothing is held open, so the size of a tree costs no
 * descriptors.
 *
 * With `hold` each process is stopped the moment it is found.  A stopped process
 * forks no more, so repeating the walk until it finds nobody new leaves nobody
 * out: that is what hki_members_walk() does, within bounds.
 */
typedef struct hki_member {
	pid_t pid;
	pid_t parent;
	pid_t group;
	pid_t session;
	uint64_t start_ticks;
	bool was_stopped; /* before we came */
	bool held;        /* by us */
} hki_member;

typedef struct hki_members {
	hki_member *items;
	size_t count;
	size_t capacity;
	hki_map by_pid; /* only whether it is in */
	bool hold;
	bool has_self; /* we are one of them */
	bool changed;  /* something new was seen, or something slipped away */
	int pass;
} hki_members;

/* clang-format off */
#define HKI_MEMBERS_INIT { .items = NULL }
/* clang-format on */

void hki_members_deinit(hki_members *members);

/*
 * Take @pid in, if it is alive (a zombie is not), its parent is @parent and it
 * started at @start_ticks; 0 matches any.  Our own process is taken in, but
 * neither held nor signalled: that is left to the caller, as the last step.
 * 1 if it is new, 0 if it was there or does not qualify, or -ENOMEM, -EMFILE …
 */
int hki_members_add(hki_members *members, pid_t pid, pid_t parent, uint64_t start_ticks);

/*
 * Find everybody.  @find_roots adds the processes to start from; it is asked again
 * in each pass.  0, or a negative errno, when what was found so far stays.
 */
int hki_members_walk(hki_members *members,
    int (*find_roots)(hki_members *members, void *user), void *user);

/* Can @signal be sent to who is held still?  Stopping first would cancel or repeat
 * what the signals of job control do, and 0 needs nobody still. */
bool hki_members_hold_for(int signal);

/* Wait until each of them has ended, @timeout_ns at most.  false when time was up. */
bool hki_members_wait(const hki_members *members, uint64_t timeout_ns);

/* Send @signal to @member if it is still who it was.  0, -ESRCH, -EPERM … */
int hki_member_signal(const hki_member *member, int signal);

/* Send @signal to all but ourselves.  Returns how many it reached, or an error if that is
 * nobody and somebody refused. */
int hki_members_signal(const hki_members *members, int signal);

/* Let those continue that we stopped. */
void hki_members_release(hki_members *members);

#endif /* HKI_PROCESS_MEMBERS_H */
