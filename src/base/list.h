#ifndef HKI_BASE_LIST_H
#define HKI_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A doubly linked ring inside the objects it links.  The list itself is a node
 * that belongs to no object.  Removing is O(1), needs no list, and leaves the
 * node safe to remove again.
 */
typedef struct hki_list {
	struct hki_list *next;
	struct hki_list *previous;
} hki_list;

static inline void hki_list_init(hki_list *list)
{
	list->next = list;
	list->previous = list;
}

static inline bool hki_list_empty(const hki_list *list)
{
	return list->next == list;
}

static inline void hki_list_append(hki_list *list, hki_list *node)
{
	node->previous = list->previous;
	node->next = list;
	list->previous->next = node;
	list->previous = node;
}

static inline void hki_list_remove(hki_list *node)
{
	node->previous->next = node->next;
	node->next->previous = node->previous;
	hki_list_init(node);
}

/* Move every node of @from to the end of @to; @from is empty afterwards. */
static inline void hki_list_splice(hki_list *to, hki_list *from)
{
	if (hki_list_empty(from))
		return;
	from->next->previous = to->previous;
	to->previous->next = from->next;
	from->previous->next = to;
	to->previous = from->previous;
	hki_list_init(from);
}

/* The first node, taken off the list, or NULL. */
static inline hki_list *hki_list_pop(hki_list *list)
{
	hki_list *node = list->next;

	if (node == list)
		return NULL;
	hki_list_remove(node);
	return node;
}

/* The object of @type whose member @member is @node. */
/* clang-format off */
#define hki_list_entry(node, type, member)                                               \
	((type *) (void *) ((char *) (node) - offsetof(type, member)))
/* clang-format on */

#endif /* HKI_BASE_LIST_H */
