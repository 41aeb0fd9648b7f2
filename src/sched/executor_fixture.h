#ifndef HKI_SCHED_EXECUTOR_FIXTURE_H
#define HKI_SCHED_EXECUTOR_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <hostkit/sched_executor.h>

/*
 * What the tests of the executor share: a loop with an executor on it, whose events are
 * written down as text, "A:started B:started A:ended".  Tearing down asserts that no
 * child, no zombie, no cgroup and no descriptor is left.
 *
 * Programs are this test program again: `burn 20` uses 20 ms of CPU time and so on.
 */
typedef struct fixture {
	hk_loop *loop;
	hk_sched_executor *executor;
	hk_sched_executor_opts opts;
	hk_sched_policy_opts policy_opts;
	char log[65536];
	size_t log_length;
	unsigned int ends; /* told */
	/* called with every event, after it was written down */
	void (*on_event)(struct fixture *f, hk_sched_event event, const char *id);
	void *own;
	size_t fds; /* open before */
} fixture;

int fixture_set_up(void **state);
int fixture_tear_down(void **state);
/* Plays the program that the words name and exits; returns if they name none. */
void fixture_main(int argc, char **argv);

/* Make the executor; policy by name, quantum in milliseconds. */
void fixture_open(fixture *f, const char *policy, double quantum_ms);
/* Until every task has ended. */
void fixture_run(fixture *f);
/* Turn until @done says so. */
void fixture_run_until(fixture *f, bool (*done)(fixture *f));
/* Has the log this word in it? */
bool fixture_saw(const fixture *f, const char *word);
/* Ids of tasks in the order they ended, "A B C". */
const char *fixture_ends(const fixture *f);
hk_sched_info fixture_info(fixture *f, const char *id);
const char *fixture_outcome(fixture *f, const char *id);

/* A task called @id with the priority and the burst given. */
hk_sched_task fixture_task(const char *id, int32_t priority, double burst_ms);
/* Add it with a function. */
void fixture_add_step(
    fixture *f, const hk_sched_task *task, hk_sched_step_fn step, void *user);
/* Add it as this program playing @words. */
void fixture_add_program(fixture *f, const hk_sched_task *task, const char *const *words);
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* Add it as any program. */
void fixture_add_command(
    fixture *f, const hk_sched_task *task, const hk_sched_command *command);

/* A function that burns CPU time: *@user is how many milliseconds are left, one a step. */
int burn_step(void *user);
void burn_ms(double ms);

/* Processes of the system whose command line has @mark; zombies do not count. */
unsigned int count_processes(const char *mark);
/* One of them, or 0. */
pid_t find_process(const char *mark);
/* Wait until there are none; a minute at most, as CPUs may be busy with others. */
void assert_no_processes(const char *mark);
/* Cgroups of executors of the process @pid; 0: of ours. */
unsigned int count_cgroups(pid_t pid);
size_t count_open_fds(void);

#endif /* HKI_SCHED_EXECUTOR_FIXTURE_H */
