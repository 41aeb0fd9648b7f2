/*
 * A thread that waits for a dead file system cannot be ended, and a process with
 * such a thread cannot end either: whoever called `hostkit info` would wait for
 * it as long as for the mount itself.  So the ones who ask are processes.  They
 * share our memory, so that nothing is copied to make them and the answer is where
 * we look for it; they close every descriptor, so that nobody waits for the end of
 * a pipe that only they still hold; and they are no children as waitpid(2) knows
 * them, so that the host program never meets one.
 *
 * A round of questions has a mapping of its own: the questions, the paths, and the
 * stacks of its askers.  Usually one asker walks through all of them; when it is
 * held up, another goes on with the rest.  A round that is left with a stuck asker
 * is kept until the kernel lets go of it.  docs/design/0008-askers.md has what else
 * was weighed.
 */
#include "system/space.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "os/arch/arch.h"

/* At once; a file system that answers does so in microseconds. */
#define ASKERS_MAX 8
/* The first is given this long before another goes on with what it has not come to. */
#define PATIENCE_NS (10 * HKI_NS_PER_MS)
/* In all rounds together.  With as many dead mounts nothing slow is asked any more. */
#define STUCK_MAX 64
/* A few words; system calls run on the kernel's stack. */
#define STACK_BYTES 16384

typedef struct round round_of_questions;

typedef struct space_asker {
	round_of_questions *round;
	pid_t pid;        /* 0: collected, or never started */
	atomic_uint over; /* it is about to exit */
} space_asker;

typedef struct space_task {
	const char *path; /* in the mapping */
	hki_space_question *question;
	atomic_uint answered;
	long result;
	struct statfs answer;
} space_task;

struct round {
	round_of_questions *next_round;
	size_t mapped_bytes;
	size_t count;
	atomic_uint next; /* task */
	atomic_uint done; /* a futex: tasks that were answered */
	unsigned int asker_count;
	space_asker askers[ASKERS_MAX];
	char *stacks;
	space_task *tasks;
};

struct hki_space {
	round_of_questions *left_behind;
};

/* ---- the asker: system calls only, on our memory ---- */

static HKI_RAW void close_everything(void)
{
	if (hki_arch_syscall(SYS_close_range, 0, ~0U, 0, 0, 0, 0) == 0)
		return;
	for (long fd = 0; fd < 65536; fd++) /* before Linux 5.9 */
		(void) hki_arch_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

static HKI_RAW int ask_all(void *user)
{
	space_asker *self = user;
	round_of_questions *round = self->round;

	close_everything();
	for (;;) {
		size_t i = atomic_fetch_add(&round->next, 1);
		space_task *task;

		if (i >= round->count)
			break;
		task = &round->tasks[i];
		task->result = hki_arch_syscall(
		    SYS_statfs, (long) task->path, (long) &task->answer, 0, 0, 0, 0);
		atomic_store(&task->answered, 1);
		atomic_fetch_add(&round->done, 1);
		(void) hki_arch_syscall(
		    SYS_futex, (long) &round->done, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
	}
	atomic_store(&self->over, 1);
	return 0;
}

/* ---- starting and collecting them ---- */

/* Every signal is blocked in the asker: a handler of the host would run on its memory. */
static int start_asker(round_of_questions *round)
{
	space_asker *asker = &round->askers[round->asker_count];
	char *stack = round->stacks + (size_t) round->asker_count * STACK_BYTES;
	uint64_t all = UINT64_MAX;
	uint64_t before;
	int pid;

	asker->round = round;
	hki_arch_syscall(SYS_rt_sigprocmask, SIG_BLOCK, (long) &all, (long) &before,
	    sizeof(all), 0, 0);
	pid = clone(ask_all, stack + STACK_BYTES, CLONE_VM, asker);
	if (pid < 0)
		pid = -errno;
	hki_arch_syscall(
	    SYS_rt_sigprocmask, SIG_SETMASK, (long) &before, 0, sizeof(all), 0, 0);
	if (pid < 0)
		return pid;
	asker->pid = pid;
	round->asker_count++;
	return 0;
}

/* Is it gone?  One that has said it is over is waited for: that is a matter of microseconds. */
static bool collect(space_asker *asker)
{
	siginfo_t info = { .si_pid = 0 };
	int wait = atomic_load(&asker->over) != 0 ? 0 : WNOHANG;
	int r;

	if (asker->pid == 0)
		return true;
	do
		r = waitid(P_PID, (id_t) asker->pid, &info, WEXITED | __WALL | wait);
	while (r < 0 && errno == EINTR);
	if (r == 0 && info.si_pid == 0)
		return false;
	asker->pid = 0;
	return true;
}

static size_t collect_all(round_of_questions *round)
{
	size_t stuck = 0;

	for (unsigned int i = 0; i < round->asker_count; i++)
		stuck += !collect(&round->askers[i]);
	return stuck;
}

/* ---- rounds ---- */

static size_t align(size_t bytes)
{
	return (bytes + 63) & ~(size_t) 63;
}

static bool is_asked_already(const hki_space *space, const char *path)
{
	for (const round_of_questions *round = space->left_behind; round != NULL;
	     round = round->next_round)
		for (size_t i = 0; i < round->count; i++)
			if (atomic_load(&round->tasks[i].answered) == 0 &&
			    strcmp(round->tasks[i].path, path) == 0)
				return true;
	return false;
}

/* A round of all questions whose result is -ETIMEDOUT.  NULL: no memory. */
static round_of_questions *make_round(
    hki_space_question *questions, size_t count, size_t asked)
{
	size_t tasks_at = align(sizeof(round_of_questions));
	size_t stacks_at = align(tasks_at + asked * sizeof(space_task));
	size_t paths_at = stacks_at + (size_t) ASKERS_MAX * STACK_BYTES;
	size_t bytes = paths_at;
	round_of_questions *round;
	char *path;

	for (size_t i = 0; i < count; i++)
		bytes += strlen(questions[i].path) + 1;
	round =
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (round == MAP_FAILED)
		return NULL;
	round->mapped_bytes = bytes;
	round->tasks = (void *) ((char *) round + tasks_at);
	round->stacks = (char *) round + stacks_at;
	path = (char *) round + paths_at;
	for (size_t i = 0; i < count; i++) {
		space_task *task = &round->tasks[round->count];

		if (questions[i].result != -ETIMEDOUT)
			continue;
		task->question = &questions[i];
		task->path = path;
		path = stpcpy(path, questions[i].path) + 1;
		round->count++;
	}
	return round;
}

static void wait_for_more(round_of_questions *round, unsigned int done, uint64_t ns)
{
	struct timespec time = { .tv_sec = (time_t) (ns / HKI_NS_PER_S),
		.tv_nsec = (long) (ns % HKI_NS_PER_S) };

	(void) syscall(SYS_futex, &round->done, FUTEX_WAIT_PRIVATE, done, &time, NULL, 0);
}

/* Until all is answered, or the time is over. */
static int watch_round(round_of_questions *round, size_t askers_max, uint64_t deadline_ns)
{
	uint64_t end_ns = hki_clock_monotonic_ns() + deadline_ns;
	unsigned int seen = 0;
	int r = start_asker(round);

	while (r == 0) {
		unsigned int done = atomic_load(&round->done);
		uint64_t now_ns = hki_clock_monotonic_ns();
		bool more = atomic_load(&round->next) < round->count &&
			    round->asker_count < askers_max;
		uint64_t left_ns = end_ns > now_ns ? end_ns - now_ns : 0;

		if (done >= round->count || left_ns == 0)
			break;
		if (more && left_ns > PATIENCE_NS)
			left_ns = PATIENCE_NS;
		wait_for_more(round, done, left_ns);
		seen = atomic_load(&round->done);
		if (more && seen == done && start_asker(round) < 0)
			askers_max = round->asker_count; /* those there are must do */
	}
	return r;
}

static void take_answers(round_of_questions *round, int failure)
{
	for (size_t i = 0; i < round->count; i++) {
		space_task *task = &round->tasks[i];

		if (atomic_load(&task->answered) != 0) {
			task->question->result = (int) task->result;
			task->question->answer = task->answer;
		} else if (failure < 0) {
			task->question->result = failure;
		}
		task->question = NULL;
	}
}

/* What has come back since gives its memory back. */
static size_t sweep(hki_space *space)
{
	round_of_questions **link = &space->left_behind;
	size_t stuck = 0;

	while (*link != NULL) {
		round_of_questions *round = *link;
		size_t here = collect_all(round);

		stuck += here;
		if (here > 0) {
			link = &round->next_round;
			continue;
		}
		*link = round->next_round;
		(void) munmap(round, round->mapped_bytes);
	}
	return stuck;
}

size_t hki_space_stuck(const hki_space *space)
{
	size_t stuck = 0;

	for (const round_of_questions *round = space->left_behind; round != NULL;
	     round = round->next_round)
		for (unsigned int i = 0; i < round->asker_count; i++)
			stuck += round->askers[i].pid != 0;
	return stuck;
}

int hki_space_ask(
    hki_space *space, hki_space_question *questions, size_t count, uint64_t deadline_ns)
{
	size_t stuck = sweep(space);
	size_t room = stuck < STUCK_MAX ? STUCK_MAX - stuck : 0;
	size_t asked = 0;
	round_of_questions *round;
	int r;

	for (size_t i = 0; i < count; i++) {
		bool busy = room == 0 || is_asked_already(space, questions[i].path);

		questions[i].result = busy ? -EBUSY : -ETIMEDOUT;
		asked += !busy;
	}
	if (asked == 0)
		return 0;
	round = make_round(questions, count, asked);
	if (round == NULL)
		return -ENOMEM;
	r = watch_round(round, room < ASKERS_MAX ? room : ASKERS_MAX, deadline_ns);
	/* Nobody begins with another one now. */
	atomic_store(&round->next, (unsigned int) round->count);
	take_answers(round, r);
	round->next_round = space->left_behind;
	space->left_behind = round;
	(void) sweep(space);
	return 0;
}

int hki_space_new(hki_space **out)
{
	hki_space *space = hki_zalloc(sizeof(*space));

	if (space == NULL)
		return -ENOMEM;
	*out = space;
	return 0;
}

/* Memory that a stuck asker may still write to stays mapped until the program ends. */
void hki_space_free(hki_space *space)
{
	if (space == NULL)
		return;
	(void) sweep(space);
	hki_free(space);
}
