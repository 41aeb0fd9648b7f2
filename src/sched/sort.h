#ifndef HKI_SCHED_SORT_H
#define HKI_SCHED_SORT_H

#include <stddef.h>
#include <stdint.h>

/* A time and whose it is. */
typedef struct hki_sort_entry {
	uint64_t key;
	uint64_t value;
} hki_sort_entry;

/* Sort by key; those of one key stay in their order.  0 or -ENOMEM. */
int hki_sched_sort(hki_sort_entry *entries, size_t count);

#endif /* HKI_SCHED_SORT_H */
