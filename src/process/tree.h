#ifndef HKI_PROCESS_TREE_H
#define HKI_PROCESS_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <hostkit/process.h>
#include "os/cgroup/cgroup.h"
#include "os/pidref.h"

/*
 * A program and everything it starts, as far as the level in force can follow.
 *
 * One tree goes with one start: made before it, so that a cgroup and a cookie
 * in the environment exist when the program is born, told about the main
 * process after it, and freed with its handle.  It does not own the main
 * process: collecting that one is its owner's business, and the tree never does.
 * Orphans that it killed are collected by the reaper.
 *
 * The order of calls: new, [spawn], started, { signal, count, kill }, ended when
 * the main process has ended but is not collected yet, { count, kill }, free.
 *
 * Threads: as the process it belongs to.
 */
typedef struct hki_tree hki_tree;

typedef struct hki_tree_opts {
	hk_tree level;      /* wanted */
	hk_loop *loop;      /* where an hk_reaper is looked for; NULL: there is none */
	const char *cgroup; /* an existing cgroup v2 directory to use; NULL: make one */
	hki_cgroup_limits limits; /* any: the level becomes HK_TREE_CGROUP */
	bool limits_best_effort;  /* what cannot be set is left out instead of refused */
} hki_tree_opts;

/*
 * Find the level and prepare it.  HK_TREE_AUTO never fails for lack of means.
 * Owned: hki_tree_free().
 *
 * Returns 0; -ENOTSUP when the level or a limit cannot be had here (no cgroup we
 * may write, no reaper on the loop, no keeper program); -ENOMEM, -EMFILE …
 */
int hki_tree_new(hki_tree **out, const hki_tree_opts *opts);

/* The level in force; never HK_TREE_AUTO. */
hk_tree hki_tree_level(const hki_tree *tree);
/* The limits in force: bits HKI_CGROUP_…. */
unsigned int hki_tree_limits(const hki_tree *tree);
/* The cgroup directory, or NULL.  Borrowed. */
const char *hki_tree_cgroup_path(const hki_tree *tree);

/* ---- what the spawn has to do for it ---- */

/* The cgroup to be born in (CLONE_INTO_CGROUP), or -1.  Where the kernel cannot,
 * the child writes "0" to cgroup.procs in it before anything else.  Borrowed. */
int hki_tree_cgroup_fd(const hki_tree *tree);
/* Further cgroup.procs files the child writes "0" to, ended by -1.  Never NULL.  Borrowed. */
const int *hki_tree_join_fds(const hki_tree *tree);
/* An entry "HOSTKIT_TREE=…" for the child's environment, or NULL.  Borrowed. */
const char *hki_tree_environment(const hki_tree *tree);
/* Must the program lead a new process group for this level? */
bool hki_tree_needs_group(const hki_tree *tree);

/*
 * The program runs.  @main is Borrowed until hki_tree_free() and may be empty
 * (fd -1) once the process was collected.  @leads_group, @leads_session: its id
 * is also the id of a group or session made for it.
 */
void hki_tree_started(
    hki_tree *tree, const hki_pidref *main, bool leads_group, bool leads_session);

/*
 * The main process has ended and will be collected now.  From here on its number, and
 * that of its group once that is empty, may be somebody else's.
 */
void hki_tree_ended(hki_tree *tree);

/*
 * Remember who is below the main process now, so that they are still known when
 * it ends and they become orphans of somebody else.  Called before a graceful
 * stop; does nothing at levels that find orphans anyway.
 */
void hki_tree_remember(hki_tree *tree);

/*
 * What is in it may outlive the handle: from here on, freeing leaves it running.
 * Only a keeper has to be told; elsewhere freeing kills nobody.  NULL is fine.
 */
void hki_tree_detach(hki_tree *tree);

/* ---- what can be done with it ---- */

/*
 * Send @signal to every member, the main process included, with the tree held
 * still meanwhile so that none escapes by forking.  SIGKILL, SIGSTOP and SIGCONT
 * work as expected.  Returns how many were signalled, -EINVAL, or -EPERM when
 * not one could be.
 */
int hki_tree_signal(hki_tree *tree, int signal);

/* Members alive (not zombies), the main process left out.  Or a negative errno. */
int hki_tree_count(hki_tree *tree);

/* Call @visit for every member alive, the main process left out.  It returns 0
 * to go on; anything else stops the walk and is returned. */
int hki_tree_each(hki_tree *tree, int (*visit)(pid_t pid, void *user), void *user);

/*
 * One round of killing: everything found is held still and killed.  Never
 * waits.  Returns how many were still alive when the round began: 0 means that
 * nothing is left (the main process may be a zombie that waits to be collected).
 * Otherwise call again when hki_tree_events_fd() is ready or, failing that,
 * after HKI_TREE_AGAIN_NS, until 0 or until patience ends: then the number is
 * that of the survivors.  A negative errno when looking itself fails.
 */
int hki_tree_kill(hki_tree *tree);

/* Dying takes the kernel a moment: the pause between two rounds. */
#define HKI_TREE_AGAIN_NS 1000000ULL

/* Rounds until nothing is left, waiting in between, at most @timeout_ns.
 * Returns the number of survivors, or a negative errno. */
int hki_tree_kill_wait(hki_tree *tree, uint64_t timeout_ns);

/* The bound that free paths use: a process in uninterruptible sleep cannot be waited for. */
#define HKI_TREE_KILL_TIMEOUT_NS 2000000000ULL

/* A descriptor that is ready for HK_PRIORITY when the number of members may have
 * become zero (cgroup), or -1.  The kernel delays it by up to 10 ms, so ask
 * hki_tree_kill() first.  Borrowed. */
int hki_tree_events_fd(const hki_tree *tree);

/* Release; kills nobody, except that a keeper that was not told to detach ends
 * what is left.  A cgroup we made is removed if it is empty.  NULL is fine. */
void hki_tree_free(hki_tree *tree);

/* ---- by identity, without a tree made before ---- */

/* hk_process_id_kill_tree(): hold still, signal, release everything below @root. */
int hki_tree_signal_below(const hki_pidref *root, int signal);

#endif /* HKI_PROCESS_TREE_H */
