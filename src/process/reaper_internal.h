#ifndef HKI_PROCESS_REAPER_INTERNAL_H
#define HKI_PROCESS_REAPER_INTERNAL_H

#include <stdbool.h>
#include "process/reaper.h"
#include "process/tree.h"

/* A tree on the reaper's loop lives from here, so that its orphans are known. */
void hki_reaper_add_tree(hk_reaper *reaper, hki_tree *tree);
void hki_reaper_remove_tree(hki_tree *tree);

/* Was this the one tree the reaper ever had?  Then every orphan is of it. */
bool hki_reaper_is_only_tree(const hk_reaper *reaper);

/* Is @pid, a child of ours, somebody's?  By number alone: it keeps that until it is
 * collected.  Cheap if it is. */
bool hki_reaper_is_owned(const hk_reaper *reaper, pid_t pid);

/* May @pid, a child of ours that was started at @start_ticks, be touched by the
 * reaper, or does somebody own it or may be about to? */
bool hki_reaper_is_orphan(const hk_reaper *reaper, pid_t pid, uint64_t start_ticks);

/* Collect orphans that have ended: all, or some now and the rest in the next turns. */
void hki_reaper_collect(hk_reaper *reaper);

#endif /* HKI_PROCESS_REAPER_INTERNAL_H */
