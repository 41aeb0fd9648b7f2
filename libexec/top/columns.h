#ifndef HOSTKIT_LIBEXEC_TOP_COLUMNS_H
#define HOSTKIT_LIBEXEC_TOP_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <hostkit/system_process.h>

/* A column of the table. */
typedef struct top_column {
	hk_system_process_field field;
	const char *title;
	int width; /* 0: whatever is left */
	bool right;
	unsigned int importance; /* those of the largest number leave first */
} top_column;

extern const top_column top_columns[];
extern const size_t top_column_count;

/* Which fit into @width columns; *@out_elastic is the width of the last one.  @shown has room
 * for all.  Returns how many. */
size_t top_columns_choose(const top_column **shown, int width, int *out_elastic);

/* One value as text. */
void top_column_text(char *out, size_t capacity, const top_column *column,
    const hk_system_process *process);

/* The command as it was started; the name in brackets where there is none. */
void top_command_text(char *out, size_t capacity, const hk_system_process *process);

#endif /* HOSTKIT_LIBEXEC_TOP_COLUMNS_H */
