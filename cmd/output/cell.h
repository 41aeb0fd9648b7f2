#ifndef HOSTKIT_CMD_OUTPUT_CELL_H
#define HOSTKIT_CMD_OUTPUT_CELL_H

#include <hostkit/record.h>

/* Field @index of @record as text, ready for a terminal.  Owned: hki_free().  NULL: no memory. */
char *cmd_cell_text(const hk_record_type *type, const void *record, unsigned int index);

/* Are values of this kind compared as numbers and set to the right? */
bool cmd_cell_is_number(const hk_record_field *field);

/* Can a table show this field? */
bool cmd_cell_is_flat(const hk_record_field *field);

/* Order of field @index in two records: below, at or above 0.  Absent comes last. */
int cmd_cell_compare(
    const hk_record_type *type, const void *a, const void *b, unsigned int index);

/* The heading of a field: its title, or its name in capitals.  Owned: hki_free(). */
char *cmd_cell_title(const hk_record_field *field);

#endif /* HOSTKIT_CMD_OUTPUT_CELL_H */
