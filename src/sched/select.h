#ifndef HKI_SCHED_SELECT_H
#define HKI_SCHED_SELECT_H

#include <stddef.h>
#include <stdint.h>

/*
 * The value that would stand at @rank (from 0) if @values were sorted.  @spare has
 * room for @count values too; @values stay as they are.  O(n), whatever they are.
 */
uint64_t hki_sched_select(
    const uint64_t *values, uint64_t *spare, size_t count, size_t rank);

#endif /* HKI_SCHED_SELECT_H */
