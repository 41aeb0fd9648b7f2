#ifndef HKI_SYSTEM_PROCESS_TEST_CHILD_H
#define HKI_SYSTEM_PROCESS_TEST_CHILD_H

#include <stdbool.h>
#include <sys/types.h>
#include <hostkit/system_process.h>

/*
 * For tests only: children that do something and then wait to be killed, and
 * tables with each engine that can run here.
 */

/* Fork; the child calls @live(@user), tells that it is ready, and sleeps until it
 * is killed.  It dies with its parent.  Returns when it is ready, or -1 if it
 * exited before that. */
pid_t test_child(void (*live)(void *user), void *user);

/* A child that goes on working once it is ready: @work must not return. */
pid_t test_worker(void (*work)(void *user), void *user);

/* Kill it and collect it.  Does nothing for ids that are no child's. */
void test_child_end(pid_t pid);

/* Run @body in a child of its own, which may change what it likes.  Returns its exit
 * code, or 128 + the signal that ended it. */
int test_aside(int (*body)(void *user), void *user);

/* A table with @engine, or NULL where that cannot run.  Everything else is asserted. */
hk_system_processes *test_table(hk_system_engine engine, const char *const *fields);

/* Sample, asserting success. */
void test_sample(hk_system_processes *table);

/* The row of @pid, which is asserted to be there.  Borrowed until the next sample. */
const hk_system_process *test_row(hk_system_processes *table, pid_t pid);

bool test_shows(const hk_system_process *row, hk_system_process_field field);

/* From "openat" to "bpf". */
extern const hk_system_engine test_engines[];
#define TEST_ENGINES 3

#endif /* HKI_SYSTEM_PROCESS_TEST_CHILD_H */
