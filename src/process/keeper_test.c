/* The guardian process: whose side it is on, and what happens when it is hurt. */
#include "process/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/alloc.h"
#include "os/procfs.h"
#include "process/test_paths.h"
#include "process/test_plant.h"

static void a_keeper_whose_host_is_gone_ends_everybody(void **state)
{
	test_plant plant;

	(void) state;
	test_plant_grow(&plant, HK_TREE_KEEPER, "five");
	/* Closes the control socket and waits for the keeper. */
	hki_tree_free(plant.tree);
	plant.tree = NULL;
	test_plant_assert_gone(&plant);
	test_plant_clear(&plant);
}

static void a_stopped_keeper_still_obeys(void **state)
{
	test_plant plant;
	hki_proc_stat stat;

	(void) state;
	test_plant_grow(&plant, HK_TREE_KEEPER, "plain");
	assert_int_equal(0, hki_proc_stat_read(&stat, plant.main.pid));
	assert_int_equal(0, kill(stat.parent, SIGSTOP));
	assert_int_equal(0, hki_tree_kill_wait(plant.tree, TEST_PATIENCE_NS));
	test_plant_assert_gone(&plant);
	test_plant_clear(&plant);
}

static void a_killed_keeper_takes_the_program_with_it_and_its_exit_is_unknown(
    void **state)
{
	test_plant plant;
	hki_wait_result how;
	hki_proc_stat stat;
	int r;

	(void) state;
	test_plant_grow(&plant, HK_TREE_KEEPER, "alone");
	assert_int_equal(0, hki_proc_stat_read(&stat, plant.main.pid));
	assert_int_equal(0, kill(stat.parent, SIGKILL));
	while ((r = hki_keeper_wait(plant.tree, &how)) == 0) {
		struct pollfd ready = { .fd = hki_keeper_fd(plant.tree),
			.events = POLLIN };

		(void) poll(&ready, 1, 1000);
	}
	assert_int_equal(1, r);
	assert_false(how.known);
	test_plant_assert_gone(&plant);
	assert_int_equal(0, hki_tree_kill_wait(plant.tree, TEST_PATIENCE_NS));
	test_plant_clear(&plant);
}

static void a_detached_keeper_leaves_the_program_alone(void **state)
{
	test_plant plant;

	(void) state;
	test_plant_grow(&plant, HK_TREE_KEEPER, "plain");
	test_plant_expect(&plant, 2);
	hki_tree_detach(plant.tree);
	hki_tree_free(plant.tree);
	plant.tree = NULL;
	assert_false(test_plant_ends(&plant, 50));
	for (unsigned int i = 0; i < plant.count; i++)
		assert_int_equal(0, kill(plant.pids[i], SIGKILL));
	assert_int_equal(0, hki_pidref_signal(&plant.main, SIGKILL) % ESRCH);
	assert_true(test_plant_ends(&plant, 5000));
	/* The keeper goes when nobody is left to keep. */
	assert_true(waitpid(-1, NULL, 0) > 0);
	test_plant_clear(&plant);
}

static void a_keeper_tells_why_the_program_cannot_be_executed(void **state)
{
	hki_tree_opts opts = { .level = HK_TREE_KEEPER };
	const char *argv[] = { "/nowhere/program", NULL };
	hki_pidref keeper, main = HKI_PIDREF_NULL;
	char **command;
	hki_tree *tree;
	pid_t pid;

	(void) state;
	assert_int_equal(0, hki_tree_new(&tree, &opts));
	assert_int_equal(0, hki_keeper_command(&command, tree, argv[0], argv,
				hki_keeper_child_end(tree), 0));
	pid = fork();
	if (pid == 0) {
		(void) fcntl(hki_keeper_child_end(tree), F_SETFD, 0);
		(void) execv(command[0], command);
		_exit(5);
	}
	assert_int_equal(0, hki_pidref_open(&keeper, pid));
	assert_int_equal(-ENOENT, hki_keeper_started(&main, tree, &keeper));
	assert_int_equal(-1, main.fd);
	hki_tree_free(tree);
	hki_free(command);
}

/* What a host ignores is inherited, and would take the status from the keeper. */
static void a_keeper_hears_its_children_even_if_its_host_does_not(void **state)
{
	test_plant plant;

	(void) state;
	assert_true(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	test_plant_grow(&plant, HK_TREE_KEEPER, "alone");
	assert_true(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
	assert_int_equal(0, hki_tree_kill_wait(plant.tree, TEST_PATIENCE_NS));
	test_plant_assert_gone(&plant);
	test_plant_collect(&plant);
	test_plant_clear(&plant);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_keeper_whose_host_is_gone_ends_everybody),
		cmocka_unit_test(a_stopped_keeper_still_obeys),
		cmocka_unit_test(
		    a_killed_keeper_takes_the_program_with_it_and_its_exit_is_unknown),
		cmocka_unit_test(a_detached_keeper_leaves_the_program_alone),
		cmocka_unit_test(a_keeper_hears_its_children_even_if_its_host_does_not),
		cmocka_unit_test(a_keeper_tells_why_the_program_cannot_be_executed),
	};

	/* The keeper of this build, unless another one is to be tested. */
	(void) setenv("HOSTKIT_LIBEXEC", HKI_TEST_LIBEXEC, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
