#ifndef HKI_SERVICE_ORDER_H
#define HKI_SERVICE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <hostkit/error.h>
#include <hostkit/service.h>

/* One service as the order sees it; everything Borrowed. */
typedef struct hki_order_node {
	const char *name;
	const hk_service_dependency *dependencies;
	size_t dependency_count;
} hki_order_node;

/* Who depends on whom, by index. */
typedef struct hki_order hki_order;

/*
 * Resolve the names and find an order in which dependencies come first; among
 * those free of each other the given order stays.  Every unknown name and one
 * cycle for each knot ("a -> b -> a") is reported.  Owned: hki_order_free().
 * 0, -ENOENT, -ELOOP, -ENOMEM.
 */
int hki_order_new(
    hki_order **out, const hki_order_node *nodes, size_t count, hk_error_list *errors);
void hki_order_free(hki_order *order);

/* The index of the service that starts @position-th. */
size_t hki_order_at(const hki_order *order, size_t position);

/* The index that dependency @which of node @index means. */
size_t hki_order_dependency(const hki_order *order, size_t index, size_t which);

/* Mark everything that the marked ones depend on, directly or not. */
void hki_order_close(const hki_order *order, bool *marked);

#endif /* HKI_SERVICE_ORDER_H */
