#ifndef HOSTKIT_CMD_OUTPUT_TABLE_H
#define HOSTKIT_CMD_OUTPUT_TABLE_H

#include <stdio.h>
#include <hostkit/record.h>
#include "output.h"

/*
 * Records as a table.
 *
 * On a terminal: columns aligned, numbers to the right, never a line longer than
 * the screen; columns leave by their priority and a line below says which.
 * Elsewhere: every column, complete, one tab between two, so that cut(1) and
 * awk(1) can rely on it.  Nested records have no place in a table.
 */
typedef struct cmd_table_opts {
	const char *columns; /* names separated by commas, in this order; NULL: all */
	const char
	    *sort; /* a name; with a "-" in front from large to small; NULL: as given */
	/* a column of long texts, cut before any column leaves; NULL: none */
	const char *elastic;
	bool no_header;
	unsigned int
	    terminal; /* width of the screen to write for; 0: ask @file; 1: not a terminal */
} cmd_table_opts;

/*
 * Print @count records that lie one behind the other.  Returns 0, or the exit
 * code after telling what is wrong (a column nobody knows).
 */
int cmd_table_print(const cmd_output *output, FILE *file, const cmd_table_opts *opts,
    const hk_record_type *type, const void *records, size_t count);

/* Are the names in @opts columns of @type?  As cmd_table_print(), before there are records. */
int cmd_table_check(
    const cmd_output *output, const cmd_table_opts *opts, const hk_record_type *type);

/* One record as lines "name  value", what is absent left out. */
int cmd_card_print(
    const cmd_output *output, FILE *file, const hk_record_type *type, const void *record);

/* A record of a card of several. */
typedef struct cmd_card_part {
	const hk_record_type *type;
	const void *record;
} cmd_card_part;

/* Several records as one card, whose values stand below one another. */
int cmd_cards_print(
    const cmd_output *output, FILE *file, const cmd_card_part *parts, size_t count);

#endif /* HOSTKIT_CMD_OUTPUT_TABLE_H */
