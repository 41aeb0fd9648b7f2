/* The walk inside the kernel: who has not run since the walk before is told shortly,
 * and nothing about it gets old for that. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "system/bpf_load.h"
#include "system/engine_bpf.h"
#include "system/process_test_child.h"

#define MAPPED_BYTES ((size_t) 64 << 20)
#define PATIENCE_NS  (30 * HKI_NS_PER_S)

/* ---- the walk by itself ---- */

/* The length of the record of @pid in one walk; 0: it has none. */
static uint32_t record_length(hki_bpf_tasks *tasks, pid_t pid, uint32_t wanted)
{
	static _Alignas(8) char bytes[1 << 20];
	int fd = hki_bpf_tasks_walk(tasks, wanted);
	size_t held = 0;
	ssize_t length;
	uint32_t found = 0;

	assert_true(fd >= 0);
	while ((length = read(fd, bytes + held, sizeof(bytes) - held)) > 0)
		held += (size_t) length;
	assert_int_equal(0, length);
	close(fd);
	for (size_t at = 0; at < held;) {
		uint32_t words[3];

		memcpy(words, bytes + at, sizeof(words));
		assert_true(words[0] >= sizeof(words) && words[0] <= held - at);
		if (words[1] == (uint32_t) pid &&
		    (words[0] == sizeof(struct hki_task_quiet) || words[2] == words[1]))
			found = words[0];
		at += words[0];
	}
	return found;
}

static void sleepers_are_told_shortly_when_that_is_asked_for(void **state)
{
	hki_bpf_tasks tasks = HKI_BPF_TASKS_NULL;
	const char *why = "";
	pid_t sleeper;
	uint64_t end_ns = hki_clock_monotonic_ns() + PATIENCE_NS;
	uint32_t length = 0;

	(void) state;
	if (hki_bpf_tasks_open(&tasks, &why) < 0) {
		print_message("no walk here: %s\n", why);
		skip();
	}
	sleeper = test_child(NULL, NULL);
	/* It must have slept for a little longer than clocks may differ, and we must
	 * have been put on a processor since. */
	while (length != sizeof(struct hki_task_quiet) &&
	       hki_clock_monotonic_ns() < end_ns) {
		usleep(5000);
		length = record_length(&tasks, sleeper, HKI_TASKS_QUIET);
	}
	assert_int_equal(sizeof(struct hki_task_quiet), length);
	assert_int_equal(sizeof(struct hki_task_head) + sizeof(struct hki_task_base),
	    record_length(&tasks, sleeper, 0));
	/* We run, so we are not quiet. */
	assert_int_equal(sizeof(struct hki_task_head) + sizeof(struct hki_task_base),
	    record_length(&tasks, getpid(), HKI_TASKS_QUIET));
	test_child_end(sleeper);
	hki_bpf_tasks_close(&tasks);
}

/* ---- the table ---- */

/* A table that reads everything in its first sample, and then never again. */
static hk_system_processes *table_without_sweeps(void)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_system_processes *table = NULL;

	opts.engine = HK_SYSTEM_ENGINE_BPF;
	opts.sweep_every = 1000000;
	hk_system_process_fields_add(&opts.fields, HK_SYSTEM_PROCESS_PID);
	if (hk_system_processes_open(&table, &opts) < 0)
		skip();
	return table;
}

/* So many samples that everybody who sleeps is told shortly. */
static void settle(hk_system_processes *table)
{
	for (int i = 0; i < 12; i++) {
		usleep(5000);
		test_sample(table);
	}
}

/* Sample until the process is in @wanted. */
static void wait_for_state(hk_system_processes *table, pid_t pid, int32_t wanted)
{
	uint64_t end_ns = hki_clock_monotonic_ns() + PATIENCE_NS;

	do {
		usleep(1000);
		test_sample(table);
	} while (
	    test_row(table, pid)->state != wanted && hki_clock_monotonic_ns() < end_ns);
	assert_int_equal(wanted, test_row(table, pid)->state);
}

/* Sample until the row holds all the time that the kernel's own clock shows. */
static void wait_for_all_time(hk_system_processes *table, pid_t pid)
{
	uint64_t end_ns = hki_clock_monotonic_ns() + PATIENCE_NS;
	uint64_t clock_ns = 0;
	uint64_t runtime_ns = 1;

	while (clock_ns != runtime_ns && hki_clock_monotonic_ns() < end_ns) {
		usleep(1000);
		test_sample(table);
		runtime_ns = hki_row_of(test_row(table, pid))->totals.runtime_ns;
		assert_int_equal(0, hki_process_clock_ns(&clock_ns, pid));
	}
	assert_int_equal(clock_ns, runtime_ns);
}

static void rows_of_sleepers_stay_as_they_were(void **state)
{
	hk_system_processes *table = table_without_sweeps();
	pid_t sleeper = test_child(NULL, NULL);
	hk_system_process first;
	const hk_system_process *row;

	(void) state;
	wait_for_state(table, sleeper, HK_SYSTEM_STATE_SLEEPING);
	first = *test_row(table, sleeper);
	settle(table);
	row = test_row(table, sleeper);
	assert_int_equal(getpid(), row->ppid);
	assert_int_equal(HK_SYSTEM_STATE_SLEEPING, row->state);
	assert_int_equal(first.start_ticks, row->start_ticks);
	assert_int_equal(first.inode, row->inode);
	assert_int_equal(1, row->threads);
	assert_int_equal(first.virtual_bytes, row->virtual_bytes);
	assert_true(hk_record_has(&row->record, HK_SYSTEM_PROCESS_CPU_PERCENT));
	assert_true(row->cpu_percent == 0);
	test_child_end(sleeper);
	test_sample(table);
	assert_null(hk_system_processes_find(table, sleeper));
	hk_system_processes_close(table);
}

/* Files give the start in ticks alone, which no short record bears out. */
static void rows_that_files_began_have_their_exact_start_from_the_walk(void **state)
{
	hk_system_processes *bpf = test_table(HK_SYSTEM_ENGINE_BPF, NULL);
	hk_system_processes *table;
	hk_system_processes_info info;
	pid_t sleeper;

	(void) state;
	if (bpf == NULL)
		skip();
	hk_system_processes_close(bpf);
	table = test_table(HK_SYSTEM_ENGINE_AUTO, NULL);
	sleeper = test_child(NULL, NULL);
	test_sample(table);
	hk_system_processes_describe(&info, table);
	assert_string_equal("adaptive", info.engine);
	assert_int_equal(0, hki_row_of(test_row(table, sleeper))->start_ns);
	for (int i = 0; i < 3; i++)
		test_sample(table);
	hk_system_processes_describe(&info, table);
	assert_string_equal("bpf", info.engine);
	assert_int_equal(test_row(table, sleeper)->start_ticks,
	    hki_row_of(test_row(table, sleeper))->start_ns / table->tick_ns);
	test_child_end(sleeper);
	hk_system_processes_close(table);
}

static void who_starts_between_two_walks_is_seen(void **state)
{
	hk_system_processes *table = table_without_sweeps();
	pid_t children[8];

	(void) state;
	settle(table);
	for (int i = 0; i < 8; i++) {
		children[i] = test_child(NULL, NULL);
		test_sample(table);
		assert_int_equal(getpid(), test_row(table, children[i])->ppid);
		assert_true(test_row(table, children[i])->inode != 0 ||
			    test_row(table, getpid())->inode == 0);
	}
	settle(table);
	for (int i = 0; i < 8; i++) {
		(void) test_row(table, children[i]);
		test_child_end(children[i]);
	}
	test_sample(table);
	for (int i = 0; i < 8; i++)
		assert_null(hk_system_processes_find(table, children[i]));
	hk_system_processes_close(table);
}

/* Has a child that sleeps, and writes its id to the descriptor @user points to. */
static void have_a_child(void *user)
{
	pid_t pid = fork();

	if (pid == 0) {
		/* Should nobody come to end it. */
		(void) alarm(300);
		for (;;)
			pause();
	}
	(void) !write(*(int *) user, &pid, sizeof(pid));
}

static void a_sleeper_that_is_handed_on_has_another_parent_at_once(void **state)
{
	hk_system_processes *table = table_without_sweeps();
	int ends[2];
	pid_t parent;
	pid_t orphan = -1;

	(void) state;
	assert_int_equal(0, pipe(ends));
	parent = test_child(have_a_child, &ends[1]);
	assert_int_equal(sizeof(orphan), read(ends[0], &orphan, sizeof(orphan)));
	settle(table);
	assert_int_equal(parent, test_row(table, orphan)->ppid);
	/* Its parent is collected: the kernel has handed it on. */
	test_child_end(parent);
	test_sample(table);
	assert_int_not_equal(parent, test_row(table, orphan)->ppid);
	assert_int_equal(0, kill(orphan, SIGKILL));
	close(ends[0]);
	close(ends[1]);
	hk_system_processes_close(table);
}

/* Has a child in the same memory, which maps some as soon as it reads a byte from
 * user[0], and sleeps until that child has ended. */
static void sleep_while_a_child_maps(void *user)
{
	const int *ends = user;
	char byte;

	if (vfork() != 0)
		_exit(0);
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void) !read(ends[0], &byte, 1);
	(void) mmap(NULL, MAPPED_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void) !write(ends[3], &byte, 1);
	for (;;)
		(void) !read(ends[0], &byte, 1);
}

static void memory_that_others_map_for_a_sleeper_is_seen_at_once(void **state)
{
	hk_system_processes *table = table_without_sweeps();
	int ends[4];
	pid_t sleeper;
	uint64_t before;
	char byte = 1;

	(void) state;
	assert_int_equal(0, pipe(ends));
	assert_int_equal(0, pipe(ends + 2));
	sleeper = test_worker(sleep_while_a_child_maps, ends);
	wait_for_state(table, sleeper, HK_SYSTEM_STATE_DISK_SLEEP);
	settle(table);
	before = test_row(table, sleeper)->virtual_bytes;
	assert_int_equal(1, write(ends[1], &byte, 1));
	assert_int_equal(1, read(ends[2], &byte, 1));
	test_sample(table);
	assert_int_equal(before + MAPPED_BYTES, test_row(table, sleeper)->virtual_bytes);
	test_child_end(sleeper);
	for (int i = 0; i < 4; i++)
		close(ends[i]);
	hk_system_processes_close(table);
}

static void a_sleeper_that_wakes_is_told_with_all_it_did(void **state)
{
	hk_system_processes *table = table_without_sweeps();
	pid_t sleeper = test_child(NULL, NULL);
	siginfo_t info;
	double before_s;

	(void) state;
	wait_for_state(table, sleeper, HK_SYSTEM_STATE_SLEEPING);
	wait_for_all_time(table, sleeper);
	settle(table);
	before_s = test_row(table, sleeper)->cpu_s;
	assert_int_equal(0, kill(sleeper, SIGSTOP));
	assert_int_equal(0, waitid(P_PID, (id_t) sleeper, &info, WSTOPPED | WNOWAIT));
	test_sample(table);
	assert_int_equal(HK_SYSTEM_STATE_STOPPED, test_row(table, sleeper)->state);
	wait_for_all_time(table, sleeper);
	assert_true(test_row(table, sleeper)->cpu_s > before_s);
	settle(table);
	assert_int_equal(HK_SYSTEM_STATE_STOPPED, test_row(table, sleeper)->state);
	assert_int_equal(0, kill(sleeper, SIGKILL));
	assert_int_equal(0, waitid(P_PID, (id_t) sleeper, &info, WEXITED | WNOWAIT));
	settle(table);
	assert_int_equal(HK_SYSTEM_STATE_ZOMBIE, test_row(table, sleeper)->state);
	assert_int_equal(0, test_row(table, sleeper)->rss_bytes);
	test_child_end(sleeper);
	hk_system_processes_close(table);
}

/* Runs for as long as the byte @user points to is 1, then sleeps. */
static void run_while_told(void *user)
{
	volatile char *run = user;

	while (*run == 1)
		;
	*run = 2;
	for (;;)
		pause();
}

/* Whoever sits on a processor through a whole walk is not put there again before it
 * sleeps, so the hint says nothing of it; the runtime does. */
static void who_ran_through_a_walk_and_sleeps_then_is_told_exactly(void **state)
{
	hk_system_processes *table = table_without_sweeps();
	volatile char *run =
	    mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t end_ns = hki_clock_monotonic_ns() + PATIENCE_NS;
	pid_t runner;

	(void) state;
	assert_true(run != MAP_FAILED);
	*run = 1;
	runner = test_worker(run_while_told, (void *) run);
	settle(table);
	*run = 0;
	while (*run != 2 && hki_clock_monotonic_ns() < end_ns)
		usleep(1000);
	wait_for_state(table, runner, HK_SYSTEM_STATE_SLEEPING);
	wait_for_all_time(table, runner);
	test_child_end(runner);
	assert_int_equal(0, munmap((void *) run, 1));
	hk_system_processes_close(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sleepers_are_told_shortly_when_that_is_asked_for),
		cmocka_unit_test(rows_of_sleepers_stay_as_they_were),
		cmocka_unit_test(
		    rows_that_files_began_have_their_exact_start_from_the_walk),
		cmocka_unit_test(who_starts_between_two_walks_is_seen),
		cmocka_unit_test(a_sleeper_that_is_handed_on_has_another_parent_at_once),
		cmocka_unit_test(memory_that_others_map_for_a_sleeper_is_seen_at_once),
		cmocka_unit_test(a_sleeper_that_wakes_is_told_with_all_it_did),
		cmocka_unit_test(who_ran_through_a_walk_and_sleeps_then_is_told_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
