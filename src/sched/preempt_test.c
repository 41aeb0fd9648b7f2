/* Holding programs still, in both ways: what stops, what is charged, what goes on. */
#include "sched/preempt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "os/procfs.h"
#include "sched/executor_fixture.h"

#define PATIENCE_NS (60 * HKI_NS_PER_S)

typedef struct held {
	hk_loop *loop;
	hki_cells cells;
	hki_cell *cell;
	hk_process *process;
	hki_preempt *preempt;
} held;

static bool has_cgroups(void)
{
	return hki_cgroup_probe() == 0;
}

static void hold(held *h, bool by_cgroup, const char *const *words)
{
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	const char *argv[8] = { "/proc/self/exe" };

	memset(h, 0, sizeof(*h));
	for (size_t i = 0; words[i] != NULL; i++)
		argv[i + 1] = words[i];
	assert_int_equal(0, hk_loop_new(&h->loop));
	hki_cells_init(&h->cells);
	opts.argv = argv;
	opts.flags = HK_PROCESS_NEW_GROUP;
	if (by_cgroup) {
		assert_int_equal(0, hki_cells_open(&h->cells));
		assert_int_equal(0, hki_cells_take(&h->cell, &h->cells));
		opts.cgroup = h->cell->path;
		opts.tree = HK_TREE_CGROUP;
	}
	assert_int_equal(0, hk_process_spawn(&h->process, h->loop, &opts, NULL));
	assert_int_equal(0, hki_preempt_new(&h->preempt, h->process, h->cell));
}

static void let_go(held *h)
{
	hki_preempt_free(h->preempt);
	hk_process_free(h->process);
	hki_cells_give(&h->cells, h->cell);
	hki_cells_deinit(&h->cells);
	hk_loop_free(h->loop);
	assert_int_equal(0, count_cgroups(0));
}

static uint64_t used(held *h)
{
	uint64_t ns;

	assert_int_equal(0, hki_preempt_cpu(h->preempt, &ns));
	return ns;
}

static void wait_until_used(held *h, uint64_t ns)
{
	uint64_t deadline_ns = hki_clock_monotonic_ns() + PATIENCE_NS;

	while (used(h) < ns) {
		(void) poll(NULL, 0, 1);
		assert_true(hki_clock_monotonic_ns() < deadline_ns);
	}
}

static void freeze_until_confirmed(held *h)
{
	uint64_t deadline_ns = hki_clock_monotonic_ns() + PATIENCE_NS;
	int r;

	assert_int_equal(0, hki_preempt_freeze(h->preempt));
	/* On a busy machine the victim has to wait for a CPU to stop, maybe for ours. */
	do {
		r = hki_preempt_confirm(h->preempt);
	} while (r == 0 && hki_clock_monotonic_ns() < deadline_ns);
	assert_int_equal(1, r);
}

#define LAST_STEPS_NS (200 * HKI_NS_PER_US)

static void check_standing_still(bool by_cgroup)
{
	held h;
	uint64_t before;

	hold(&h, by_cgroup, WORDS("burn", "100000000"));
	wait_until_used(&h, 5000000);
	for (int i = 0; i < 3; i++) {
		freeze_until_confirmed(&h);
		before = used(&h);
		(void) poll(NULL, 0, 20);
		/* It says that it has stopped some steps inside the kernel before it does;
		 * on a busy machine those come when there is a CPU for them. */
		assert_in_range(used(&h), before, before + LAST_STEPS_NS);
		assert_int_equal(0, hki_preempt_thaw(h.preempt));
		wait_until_used(&h, before + 2000000);
	}
	let_go(&h);
}

static void what_is_frozen_uses_nothing(void **state)
{
	(void) state;
	check_standing_still(false);
	if (has_cgroups())
		check_standing_still(true);
}

static void check_charge(bool by_cgroup)
{
	held h;
	uint64_t ns;

	hold(&h, by_cgroup, WORDS("burn", "30"));
	while (hk_process_get_exit(h.process) == NULL)
		assert_true(hk_loop_run_once(h.loop, 100) >= 0);
	ns = by_cgroup ? used(&h)
		       : hk_process_get_exit(h.process)->user_ns +
			     hk_process_get_exit(h.process)->system_ns;
	/* It had to begin as well; less than twice as much all the same. */
	assert_in_range(ns, 29000000, 58000000);
	let_go(&h);
}

static void what_it_used_is_known_after_its_end(void **state)
{
	(void) state;
	check_charge(false);
	if (has_cgroups())
		check_charge(true);
}

static void check_sleeper(bool by_cgroup)
{
	held h;
	uint64_t deadline_ns = hki_clock_monotonic_ns() + PATIENCE_NS;

	hold(&h, by_cgroup, WORDS("sleep", "1000000"));
	while (hki_preempt_wants_cpu(h.preempt) && hki_clock_monotonic_ns() < deadline_ns)
		(void) poll(NULL, 0, 1);
	assert_false(hki_preempt_wants_cpu(h.preempt));
	let_go(&h);
	hold(&h, by_cgroup, WORDS("burn", "100000000"));
	wait_until_used(&h, 1000000);
	assert_true(hki_preempt_wants_cpu(h.preempt));
	let_go(&h);
}

static void sleepers_are_told_from_runners(void **state)
{
	(void) state;
	check_sleeper(false);
	if (has_cgroups())
		check_sleeper(true);
}

static char state_of(pid_t pid)
{
	hki_proc_stat stat;

	assert_int_equal(0, hki_proc_stat_read(&stat, pid));
	return stat.state;
}

static void check_stopped(bool by_cgroup)
{
	held h;
	pid_t pid;

	hold(&h, by_cgroup, WORDS("stop-itself"));
	pid = hk_process_pid(h.process);
	while (state_of(pid) != 'T')
		(void) poll(NULL, 0, 1);
	freeze_until_confirmed(&h);
	assert_int_equal(0, hki_preempt_thaw(h.preempt));
	(void) poll(NULL, 0, 20);
	assert_int_equal('T', state_of(pid));
	let_go(&h);
}

static void who_had_stopped_itself_stays_stopped(void **state)
{
	(void) state;
	check_stopped(false);
	if (has_cgroups())
		check_stopped(true);
}

/* Children that come while it is being stopped are stopped, too. */
static void a_tree_stands_still_by_signals(void **state)
{
	held h;
	uint64_t before;
	char word[64];

	(void) state;
	snprintf(word, sizeof(word), "mark-%d-tree", (int) getpid());
	hold(&h, false, WORDS("fork-often", "4", word));
	while (count_processes(word) < 5)
		(void) poll(NULL, 0, 1);
	freeze_until_confirmed(&h);
	before = used(&h);
	(void) poll(NULL, 0, 30);
	assert_in_range(used(&h), before, before + 5 * LAST_STEPS_NS);
	assert_int_equal(0, hki_preempt_thaw(h.preempt));
	wait_until_used(&h, before + 2000000);
	let_go(&h);
	assert_no_processes(word);
}

typedef struct told {
	unsigned int came, gone;
	pid_t last;
} told;

static void note_came(const hk_process_id *id, void *user)
{
	told *self = user;

	self->came++;
	self->last = (pid_t) id->pid;
}

static void note_gone(const hk_process_id *id, void *user)
{
	told *self = user;

	(void) id;
	self->gone++;
}

/* One that has left its session, and whose parent ends while it stands still. */
static void who_is_known_to_us_alone_is_told_and_let_go(void **state)
{
	held h;
	told others = { 0 };
	pid_t orphan;
	char state_after;
	char word[64];

	(void) state;
	snprintf(word, sizeof(word), "mark-%d-leave", (int) getpid());
	hold(&h, false, WORDS("leave", word));
	h.preempt->on_other = note_came;
	h.preempt->on_other_gone = note_gone;
	h.preempt->user = &others;
	while (count_processes(word) < 2)
		(void) poll(NULL, 0, 1);
	freeze_until_confirmed(&h);
	assert_int_equal(1, others.came);
	orphan = others.last;
	assert_int_not_equal(hk_process_pid(h.process), orphan);
	assert_int_equal('T', state_of(orphan));
	assert_int_equal(0, kill(hk_process_pid(h.process), SIGKILL));
	hki_preempt_free(h.preempt);
	h.preempt = NULL;
	/* A failure leaves nobody behind who holds our stdout. */
	state_after = state_of(orphan);
	assert_int_equal(0, kill(orphan, SIGKILL));
	assert_int_equal(1, others.gone);
	assert_int_not_equal('T', state_after);
	let_go(&h);
	assert_no_processes(word);
}

static void a_cell_is_used_again_and_counts_from_zero(void **state)
{
	hki_cells cells;
	hki_cell *first, *second;
	uint64_t ns = 1;

	(void) state;
	if (!has_cgroups())
		skip();
	hki_cells_init(&cells);
	assert_int_equal(-ENOTSUP, hki_cells_take(&first, &cells));
	assert_int_equal(0, hki_cells_open(&cells));
	assert_int_equal(0, hki_cells_take(&first, &cells));
	assert_int_equal(0, hki_cell_freeze(first, true));
	assert_int_equal(1, hki_cell_is_frozen(first));
	hki_cells_give(&cells, first);
	assert_int_equal(0, hki_cells_take(&second, &cells));
	assert_ptr_equal(first, second);
	assert_int_equal(0, hki_cell_is_frozen(second));
	assert_int_equal(0, hki_cell_cpu(second, &ns));
	assert_int_equal(0, ns);
	hki_cells_give(&cells, second);
	hki_cells_deinit(&cells);
	assert_int_equal(0, count_cgroups(0));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_frozen_uses_nothing),
		cmocka_unit_test(what_it_used_is_known_after_its_end),
		cmocka_unit_test(sleepers_are_told_from_runners),
		cmocka_unit_test(who_had_stopped_itself_stays_stopped),
		cmocka_unit_test(a_tree_stands_still_by_signals),
		cmocka_unit_test(who_is_known_to_us_alone_is_told_and_let_go),
		cmocka_unit_test(a_cell_is_used_again_and_counts_from_zero),
	};

	fixture_main(argc, argv);
	return cmocka_run_group_tests_name("sched/preempt", tests, NULL, NULL);
}
