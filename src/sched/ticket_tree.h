#ifndef HKI_SCHED_TICKET_TREE_H
#define HKI_SCHED_TICKET_TREE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Tickets by place, and sums over them: who holds ticket number n is found in
 * O(log n), by walking down sums of sixteen places, of 256, and so on.
 * A zeroed tree is empty.
 */
#define HKI_TICKET_HEIGHT_MAX 8

typedef struct hki_ticket_tree {
	uint64_t *levels[HKI_TICKET_HEIGHT_MAX]; /* [0]: the places; above: sums of 16 */
	uint32_t height;                         /* levels in use */
	size_t capacity;                         /* places */
	uint64_t total;
} hki_ticket_tree;

void hki_ticket_tree_deinit(hki_ticket_tree *tree);

/* Room for @capacity places.  0 or -ENOMEM; unchanged on failure. */
int hki_ticket_tree_reserve(hki_ticket_tree *tree, size_t capacity);

/* Give @place @tickets more (0 more: fine), or take them. */
void hki_ticket_tree_add(hki_ticket_tree *tree, size_t place, uint64_t tickets);
void hki_ticket_tree_take(hki_ticket_tree *tree, size_t place, uint64_t tickets);

/* The place of ticket @number, counted through all places from 0; below the total. */
size_t hki_ticket_tree_find(const hki_ticket_tree *tree, uint64_t number);

/*
 * For who wants to know it soon: the first of the sixteen places one of which has
 * ticket *@number, which becomes its number among theirs.  Their tickets, which are
 * not looked at, are on their way.
 */
#define HKI_TICKET_GROUP 16
size_t hki_ticket_tree_fetch(const hki_ticket_tree *tree, uint64_t *number);

#endif /* HKI_SCHED_TICKET_TREE_H */
