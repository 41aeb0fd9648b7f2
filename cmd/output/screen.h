#ifndef HOSTKIT_CMD_OUTPUT_SCREEN_H
#define HOSTKIT_CMD_OUTPUT_SCREEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "output.h"

/*
 * Columns of the terminal behind @file; 1 when it is none.  COLUMNS in the
 * environment overrides a terminal's own word, 80 stands in for an unknown width.
 */
unsigned int cmd_screen_width(FILE *file);

/*
 * A line on stderr that says how long work goes on, where stderr is a terminal;
 * elsewhere nothing.  It shows itself only after half a second, so that quick work
 * does not flicker, and leaves no trace when cleared.
 */
typedef struct cmd_progress {
	bool possible;
	bool shown;
	uint64_t begin_ns;
	uint64_t last_ns;
} cmd_progress;

void cmd_progress_begin(cmd_progress *progress, const cmd_output *output);
void cmd_progress_show(cmd_progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void cmd_progress_clear(cmd_progress *progress);

#endif /* HOSTKIT_CMD_OUTPUT_SCREEN_H */
