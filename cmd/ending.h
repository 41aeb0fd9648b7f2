#ifndef HOSTKIT_CMD_ENDING_H
#define HOSTKIT_CMD_ENDING_H

#include <stdbool.h>
#include <hostkit/loop.h>

/*
 * SIGINT, SIGTERM and SIGHUP for verbs that print without end.  The first of them is told
 * on the loop, also while nobody reads what is printed: a write that hangs then fails, and
 * what could not be printed is dropped.  The next one ends the program as if nobody had
 * asked for signals.  An ignored SIGHUP (nohup) stays so.
 */
typedef void (*cmd_ending_fn)(void *user);

/* Call @fn(@user) once on @loop when the program is told to end.  One at a time in a
 * program, from its main thread.  0 or a negative errno. */
int cmd_ending_start(hk_loop *loop, cmd_ending_fn fn, void *user);

/* True once a signal came, also before it is told on the loop. */
bool cmd_ending_is_told(void);

/* Give the signals back, and standard output its blocking.  Also when nothing was
 * started, or that failed.  Before the loop is freed. */
void cmd_ending_stop(void);

#endif /* HOSTKIT_CMD_ENDING_H */
