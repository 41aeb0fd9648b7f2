/*
 * Thousands of tasks, programs and functions, that fail, sleep, fork away, wait for each
 * other and are paused, resumed, cancelled and urged while they run: each ends exactly
 * once, and nothing of it is left.
 *
 * Every program inherits the writing end of a pipe.  When all is over the reading end
 * must be at its end: as long as one of them lives, or is frozen somewhere, it is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <hostkit/sched_executor.h>
#include "stress.h"

#define TASKS       40 /* times the factor */
#define PATIENCE_MS 20000

static const char *const scripts[] = {
	"true",
	"exit 3",
	"sleep 0.02",
	"i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done",
	"(setsid sleep 1000 &) ; exit 0",
	"kill -STOP $$",
	"trap '' TERM; sleep 0.05",
	"echo out; echo err >&2",
};
#define SCRIPTS (sizeof(scripts) / sizeof(scripts[0]))

typedef struct run {
	hk_sched_executor *executor;
	unsigned int count;
	unsigned char *ends; /* told, by task */
	unsigned int ended;
	unsigned int wishes;
	uint64_t random;
} run;

static int step(void *user)
{
	uint64_t *left = user;

	return (*left)-- > 1;
}

static unsigned int number_of(const char *id)
{
	return (unsigned int) strtoul(id + 1, NULL, 10);
}

/* Any wish at all, to any task, whatever state it is in. */
static void wish(run *r)
{
	char id[16];

	snprintf(
	    id, sizeof(id), "t%u", (unsigned int) (stress_random(&r->random) % r->count));
	switch (stress_random(&r->random) % 6) {
	case 0:
		(void) !hk_sched_executor_pause(r->executor, id);
		break;
	case 1:
	case 2:
		(void) !hk_sched_executor_resume(r->executor, id);
		break;
	case 3:
		(void) !hk_sched_executor_cancel(r->executor, id);
		break;
	default:
		(void) !hk_sched_executor_set_priority(
		    r->executor, id, (int32_t) (stress_random(&r->random) % 10));
		break;
	}
	r->wishes++;
}

static void on_event(
    hk_sched_executor *executor, hk_sched_event event, const char *id, void *user)
{
	run *r = user;

	(void) executor;
	if (event == HK_SCHED_EVENT_ENDED) {
		r->ends[number_of(id)]++;
		r->ended++;
	}
	if (stress_random(&r->random) % 8 == 0)
		wish(r);
	/* Nobody else will, and a program that has stopped itself never ends. */
	if (event == HK_SCHED_EVENT_PAUSED)
		(void) !hk_sched_executor_resume(executor, id);
}

static int add(run *r, unsigned int number, int pipe_end, uint64_t *left)
{
	const hk_process_fd fd = { .fd = pipe_end, .child_fd = 3 };
	const char *script = scripts[stress_random(&r->random) % SCRIPTS];
	const char *argv[] = { "sh", "-c", script, NULL };
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_sched_command command = { .run_timeout_ns = 2000000000,
		.retries = (uint32_t) (stress_random(&r->random) % 3),
		.backoff_ns = 1000000 };
	hk_sched_dependency dependency;
	hk_sched_task task = HK_SCHED_TASK_INIT;
	hk_sched_work work = HK_SCHED_WORK_INIT;
	char id[16];
	char other[16];

	snprintf(id, sizeof(id), "t%u", number);
	snprintf(other, sizeof(other), "t%u",
	    number == 0 ? 0 : (unsigned int) (stress_random(&r->random) % number));
	dependency = (hk_sched_dependency){ .id = other,
		.condition = (hk_sched_condition) (stress_random(&r->random) % 3) };
	task.id = id;
	task.priority = (int32_t) (stress_random(&r->random) % 10);
	task.command = &command;
	if (number > 0 && stress_random(&r->random) % 4 == 0) {
		task.depends_on = &dependency;
		task.depends_on_count = 1;
	}
	process.argv = argv;
	process.fds = &fd;
	process.fd_count = 1;
	work.task = &task;
	*left = stress_random(&r->random) % 100;
	if (stress_random(&r->random) % 5 == 0) {
		work.step = step;
		work.user = left;
	} else {
		work.process = &process;
	}
	return hk_sched_executor_add(r->executor, &work, NULL);
}

static bool is_at_end(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char byte;

	return poll(&ready, 1, PATIENCE_MS) == 1 && read(fd, &byte, 1) == 0;
}

static void try_policy(const char *policy, hk_sched_preemption preemption, uint32_t slots)
{
	hk_sched_executor_opts opts = HK_SCHED_EXECUTOR_OPTS_INIT;
	hk_sched_policy_opts policy_opts = HK_SCHED_POLICY_OPTS_INIT;
	run r = { .count = TASKS * stress_factor(), .random = 42 };
	const char *way = preemption == HK_SCHED_PREEMPT_SIGNAL ? "signals" : "cgroup";
	uint64_t *left = calloc(r.count, sizeof(*left));
	unsigned int wrong = 0;
	hk_loop *loop = NULL;
	int ends[2];
	int status;

	r.ends = calloc(r.count, 1);
	stress_need(left != NULL && r.ends != NULL, "no memory");
	stress_need(pipe2(ends, O_CLOEXEC) == 0, "no pipe");
	stress_need(hk_loop_new(&loop) == 0, "no loop");
	policy_opts.quantum = 2000000;
	policy_opts.flags = HK_SCHED_PREEMPTIVE;
	opts.policy = hk_sched_policy_find(policy);
	opts.policy_opts = &policy_opts;
	opts.slots = slots;
	opts.preemption = preemption;
	opts.on_event = on_event;
	opts.user = &r;
	status = hk_sched_executor_new(&r.executor, loop, &opts, NULL);
	if (status < 0) {
		stress_skip("%s by %s cannot be had here (%s)", policy, way,
		    hk_error_name(status));
		stress_skip("%s by %s: as above", policy, way);
	}
	for (unsigned int i = 0; i < r.count && status == 0; i++)
		status = add(&r, i, ends[1], &left[i]);
	if (status == 0)
		status = hk_loop_run(loop);
	(void) close(ends[1]);
	if (r.executor != NULL) {
		for (unsigned int i = 0; i < r.count; i++)
			wrong += r.ends[i] != 1;
		stress_check(status == 0 && wrong == 0,
		    "%s, %u slots, by %s: %u tasks, %u wishes, %u ends, %u not ended "
		    "once",
		    policy, slots, way, r.count, r.wishes, r.ended, wrong);
		hk_sched_executor_free(r.executor);
		hk_loop_free(loop);
		loop = NULL;
		stress_check(preemption == HK_SCHED_PREEMPT_SIGNAL ||
				 (is_at_end(ends[0]) && waitpid(-1, NULL, WNOHANG) < 0),
		    "%s, %u slots, by %s: nothing is left", policy, slots, way);
	}
	hk_loop_free(loop);
	(void) close(ends[0]);
	free(r.ends);
	free(left);
}

int main(void)
{
	stress_plan(8);
	try_policy("rr", HK_SCHED_PREEMPT_CGROUP, 2);
	try_policy("priority", HK_SCHED_PREEMPT_CGROUP, 3);
	try_policy("mlfq", HK_SCHED_PREEMPT_CGROUP, 1);
	try_policy("rr", HK_SCHED_PREEMPT_SIGNAL, 2);
	return stress_status();
}
