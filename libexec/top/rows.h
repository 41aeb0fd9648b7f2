#ifndef HOSTKIT_LIBEXEC_TOP_ROWS_H
#define HOSTKIT_LIBEXEC_TOP_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/system_filter.h>
#include "base/map.h"
#include "model.h"

/* One line of the table. */
typedef struct top_row {
	const hk_system_process *process;
	uint64_t key;
	unsigned int depth; /* in the tree */
	uint64_t open;      /* depths whose ancestor has a sibling below this row */
	bool last;          /* of its parent's children */
	bool exited;
	bool folded; /* it has children that are not shown */
} top_row;

/* How somebody wants to see them. */
typedef struct top_order {
	unsigned int field; /* of hk_system_process */
	bool descending;
	bool tree;
	bool living;              /* not those that ended in the sample */
	bool kernel;              /* threads of the kernel too */
	hk_system_filter *filter; /* Borrowed; NULL: all */
	const char *user;         /* of this user alone; NULL: all */
	const hki_map *folded;    /* by key; Borrowed */
} top_order;

typedef struct top_rows {
	top_row *items;
	size_t count;
	size_t capacity;
	size_t total; /* before filtering */
} top_rows;

/* Put the processes of @moment in order.  Returns 0 or -ENOMEM, with the rows as they were. */
int top_rows_make(top_rows *rows, const top_moment *moment, const top_order *order);
void top_rows_deinit(top_rows *rows);

/* The place of the process @key, or -1. */
long top_rows_find(const top_rows *rows, uint64_t key);

/* The first row from @from on (or, with @step -1, before it), going round, whose command or
 * name holds @text, in either case of ASCII letters; -1 if none does. */
long top_rows_search(const top_rows *rows, const char *text, long from, int step);

#endif /* HOSTKIT_LIBEXEC_TOP_ROWS_H */
