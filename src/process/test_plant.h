#ifndef HKI_PROCESS_TEST_PLANT_H
#define HKI_PROCESS_TEST_PLANT_H

#include <stdbool.h>
#include <stdint.h>
#include <hostkit/process.h>
#include "base/clock.h"
#include "os/pidref.h"
#include "process/tree.h"

/*
 * For tests: a tree of real processes, grown from test-tree-child at one level, with
 * its own witnesses.  Each process writes its id into a pipe and holds the pipe open,
 * so the end of the stream is the proof that nobody is left.  Everything here fails
 * the running cmocka test when something is not as it should be.
 */
#define TEST_PLANT_PIDS_MAX 64
#define TEST_PATIENCE_NS    (60 * HKI_NS_PER_S)

typedef struct test_plant {
	hk_tree level;
	hk_loop *loop;
	hk_reaper *reaper;
	hki_tree *tree;
	hki_pidref main;
	int stream; /* ids come out of it */
	int32_t pids[TEST_PLANT_PIDS_MAX];
	unsigned int count;
} test_plant;

/* Can this machine do the level?  Says so if not. */
bool test_plant_possible(hk_tree level);

/* Start @pattern (test_tree_child.c) and wait until it stands. */
void test_plant_grow(test_plant *plant, hk_tree level, const char *pattern);
/* The same on a loop that has a tree already; @plant is blank. */
void test_plant_beside(
    test_plant *plant, hk_loop *loop, hk_tree level, const char *pattern);

/* Wait until @least ids have come: a pattern stands before all have told theirs. */
void test_plant_expect(test_plant *plant, unsigned int least);

/* Does the stream end within @timeout_ms? */
bool test_plant_ends(const test_plant *plant, int timeout_ms);

void test_plant_assert_gone(const test_plant *plant);

/* Collect the main process, which SIGKILL has ended. */
void test_plant_collect(test_plant *plant);

/* Release all; nobody may be left uncollected. */
void test_plant_clear(test_plant *plant);

#endif /* HKI_PROCESS_TEST_PLANT_H */
