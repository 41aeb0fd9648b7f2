#ifndef HKI_PROCESS_KEEPER_H
#define HKI_PROCESS_KEEPER_H

#include "os/pidref.h"
#include "process/tree.h"

/*
 * The embedder's side of libexec/hostkit/keeper, used at HK_TREE_KEEPER only.
 * The spawn starts the keeper in the program's place, with hki_keeper_fd() as
 * the child's descriptor @child_fd, gives its pidfd to hki_keeper_started(), and
 * learns there who the program is.  The keeper's socket, not the program's
 * pidfd, then tells how the program ended.
 */

/* The command line that starts @file with @argv under a keeper.  @flags:
 * HKI_KEEPER_….  Owned: one block, hki_free().  out[0] is the keeper's path.
 * 0 or -ENOMEM. */
int hki_keeper_command(char ***out, const hki_tree *tree, const char *file,
    const char *const *argv, int child_fd, unsigned int flags);

/* The end of the control socket that the child is to have.  Borrowed. */
int hki_keeper_child_end(const hki_tree *tree);

/*
 * The keeper runs as @keeper (Taken, also on failure).  Waits until it has
 * started the program and fills @main (Owned).  0, or the negative errno with
 * which the program could not be executed, or -EPIPE if the keeper died.  Call
 * hki_tree_started() with @main afterwards.
 */
int hki_keeper_started(hki_pidref *out_main, hki_tree *tree, hki_pidref *keeper);

/* Readable when hki_keeper_wait() may have an answer.  Borrowed. */
int hki_keeper_fd(const hki_tree *tree);

/* As hki_pidref_wait(), for the program: 1 filled, 0 still running.  A keeper
 * that died makes it 1 and not known. */
int hki_keeper_wait(hki_tree *tree, hki_wait_result *out);

#endif /* HKI_PROCESS_KEEPER_H */
