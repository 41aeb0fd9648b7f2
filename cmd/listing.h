#ifndef HOSTKIT_CMD_LISTING_H
#define HOSTKIT_CMD_LISTING_H

#include <hostkit/record.h>
#include "verb.h"

/*
 * What every verb that lists records has in common: which columns, in which
 * order, with or without headings.  The rows go into the verb's options, and
 * cmd_listing_print() obeys them.
 */
enum { CMD_LISTING_COLUMNS = 1101, CMD_LISTING_SORT, CMD_LISTING_NO_HEADER };

/* clang-format off */
#define CMD_LISTING_OPTIONS                                                              \
	{ .id = CMD_LISTING_COLUMNS, .name = "columns", .argument = "NAMES",             \
	  .help = "show these columns, separated by commas", .heading = "Table" },       \
	{ .id = CMD_LISTING_SORT, .name = "sort", .argument = "[-]NAME",                 \
	  .help = "order by this column; with a - from large to small",                  \
	  .heading = "Table" },                                                          \
	{ .id = CMD_LISTING_NO_HEADER, .name = "no-header",                              \
	  .help = "leave the headings out", .heading = "Table" }
/* clang-format on */

/*
 * Do the options name columns there are?  Verbs that change something ask before
 * they do.  Returns 0 or an exit code.
 */
int cmd_listing_check(const cmd_call *call, const hk_record_type *type);

/*
 * Print records on stdout as a table, as the options want it.  @columns are those
 * shown when nobody asked for others; NULL shows all.  Returns 0 or an exit code.
 */
int cmd_listing_print(const cmd_call *call, const char *columns,
    const hk_record_type *type, const void *records, size_t count);

#endif /* HOSTKIT_CMD_LISTING_H */
