/*
 * The thread that starts programs for a supervisor.
 *
 * Jobs are handles, linked into a queue and back out through a list and an
 * eventfd, so that handing over and giving back need no memory and cannot fail.
 * An exec that hangs holds up the thread and what queues behind it, never the
 * loop; and in the end nobody waits for it longer than a moment: while it hangs it
 * is let go, and cleans up after itself when it comes back.
 *
 * The thread touches a handle only from the queue to the list; `orphaned` changes
 * under the lock.
 */
#include "process/process_internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "process/reaper.h"

/* A start takes milliseconds; one that takes this long hangs. */
#define PATIENCE_NS (500 * HKI_NS_PER_MS)

struct hk_process_spawner {
	hki_loop_member member;
	hk_loop *loop; /* NULL once it is gone */
	pid_t owner;
	int event;
	hk_watch *watch;
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t changed; /* the queue, `closing` or `ended` */
	hki_list queue;
	hki_list done;
	hk_process *running; /* in the thread's hands */
	bool closing;
	bool ended; /* the thread has left its loop */
	bool left;  /* nobody will join: the thread releases everything */
};

static hk_process *job_of(hki_list *node)
{
	return hki_list_entry(node, hk_process, spawner_node);
}

static void release(hk_process_spawner *spawner)
{
	pthread_cond_destroy(&spawner->changed);
	pthread_mutex_destroy(&spawner->lock);
	hki_closep(&spawner->event);
	hki_free(spawner);
}

/* ---- in the thread ---- */

/* With the lock held; gives it up meanwhile. */
static void carry_out(hk_process_spawner *spawner, hk_process *process)
{
	spawner->running = process;
	pthread_mutex_unlock(&spawner->lock);
	process->spawn_result = hki_process_act(process);
	pthread_mutex_lock(&spawner->lock);
	spawner->running = NULL;
	if (!process->orphaned) {
		hki_list_append(&spawner->done, &process->spawner_node);
		(void) eventfd_write(spawner->event, 1);
		return;
	}
	pthread_mutex_unlock(&spawner->lock);
	process->spawner = NULL;
	hki_process_end_now(process);
	pthread_mutex_lock(&spawner->lock);
}

static void *thread_main(void *user)
{
	hk_process_spawner *spawner = user;
	bool left;

	pthread_mutex_lock(&spawner->lock);
	while (!spawner->closing) {
		hki_list *node = hki_list_pop(&spawner->queue);

		if (node != NULL)
			carry_out(spawner, job_of(node));
		else
			pthread_cond_wait(&spawner->changed, &spawner->lock);
	}
	spawner->ended = true;
	left = spawner->left;
	pthread_cond_signal(&spawner->changed);
	pthread_mutex_unlock(&spawner->lock);
	if (left)
		release(spawner);
	return NULL;
}

/* ---- on the loop's thread ---- */

static void on_done(hk_watch *watch, unsigned int events, void *user)
{
	hk_process_spawner *spawner = user;
	eventfd_t count;
	hki_list done;
	hki_list *node;

	(void) watch;
	(void) events;
	(void) eventfd_read(spawner->event, &count);
	hki_list_init(&done);
	pthread_mutex_lock(&spawner->lock);
	hki_list_splice(&done, &spawner->done);
	for (node = done.next; node != &done; node = node->next)
		job_of(node)->spawner = NULL;
	pthread_mutex_unlock(&spawner->lock);
	/* A callback may free the spawner, or a handle that is still on this list:
	 * that one is buried then, and comes out of the list all the same. */
	while ((node = hki_list_pop(&done)) != NULL)
		hki_process_spawned_elsewhere(job_of(node));
}

static void on_loop_free(hki_loop_member *member)
{
	hk_process_spawner *spawner = hki_list_entry(member, hk_process_spawner, member);

	hk_watch_free(hki_take(spawner->watch));
	hki_loop_leave(&spawner->member);
	spawner->loop = NULL;
}

hk_loop *hki_spawner_loop(const hk_process_spawner *spawner)
{
	return spawner->loop;
}

void hki_spawner_submit(hk_process_spawner *spawner, hk_process *process)
{
	process->spawner = spawner;
	pthread_mutex_lock(&spawner->lock);
	hki_list_append(&spawner->queue, &process->spawner_node);
	pthread_cond_signal(&spawner->changed);
	pthread_mutex_unlock(&spawner->lock);
}

void hki_spawner_abandon(hk_process *process)
{
	hk_process_spawner *spawner = process->spawner;
	bool running;

	pthread_mutex_lock(&spawner->lock);
	running = spawner->running == process;
	if (running)
		process->orphaned = true;
	else
		hki_list_remove(&process->spawner_node);
	pthread_mutex_unlock(&spawner->lock);
	if (running)
		return;
	process->spawner = NULL;
	hki_process_end_now(process);
}

/* ---- life ---- */

/* No signal is for this thread: the program's own threads have them. */
static int start_thread(hk_process_spawner *spawner)
{
	sigset_t all;
	sigset_t before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	r = pthread_create(&spawner->thread, NULL, thread_main, spawner);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

int hk_process_spawner_new(hk_process_spawner **out, hk_loop *loop)
{
	hk_process_spawner *spawner;
	pthread_condattr_t attributes;
	int r;

	if (out == NULL || loop == NULL)
		return -EINVAL;
	r = hki_loop_check(loop);
	if (r < 0)
		return r;
	spawner = hki_zalloc(sizeof(*spawner));
	if (spawner == NULL)
		return -ENOMEM;
	spawner->loop = loop;
	spawner->owner = getpid();
	spawner->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	hki_list_init(&spawner->queue);
	hki_list_init(&spawner->done);
	hki_list_init(&spawner->member.node);
	pthread_mutex_init(&spawner->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&spawner->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	r = spawner->event < 0 ? -errno
			       : hk_watch_start(&spawner->watch, loop, spawner->event,
				     HK_READABLE, on_done, spawner);
	if (r == 0)
		r = start_thread(spawner);
	if (r < 0) {
		hk_watch_free(spawner->watch);
		release(spawner);
		return r;
	}
	hk_watch_set_background(spawner->watch, true);
	spawner->member.on_loop_free = on_loop_free;
	hki_loop_join(loop, &spawner->member);
	*out = spawner;
	return 0;
}

/* A start whose handle was freed belongs to the thread alone from now on. */
static bool orphan_running(hk_process_spawner *spawner)
{
	hk_process *process = spawner->running;

	if (process == NULL || (!process->buried && !process->orphaned))
		return false;
	if (!process->orphaned) {
		hki_reaper_release(spawner->loop);
		hki_process_leave_loop(process);
		process->orphaned = true;
	}
	return true;
}

/* Handles that never started, or whose start nobody has heard of yet. */
static void give_back(hk_process_spawner *spawner)
{
	hki_list *node;

	hki_list_splice(&spawner->queue, &spawner->done);
	while ((node = hki_list_pop(&spawner->queue)) != NULL) {
		hk_process *process = job_of(node);

		process->spawner = NULL;
		if (process->registry != NULL)
			hki_reaper_release(process->registry->loop);
		hki_process_kill_now(process);
		hki_process_unhold(process);
		process->state = HK_PROCESS_FAILED;
		process->exit.end = HK_END_FAILED;
		process->exit.error = -ECANCELED;
		process->exit.step = hki_step_name(HKI_STEP_START);
		if (process->buried)
			hki_process_release(process);
	}
}

/* With the lock held. Does the thread end, or does it hang in what nobody waits for? */
static bool wait_for_end(hk_process_spawner *spawner, bool busy_with_orphan)
{
	uint64_t until_ns = hki_clock_monotonic_ns() + PATIENCE_NS;
	struct timespec until = {
		.tv_sec = (time_t) (until_ns / HKI_NS_PER_S),
		.tv_nsec = (long) (until_ns % HKI_NS_PER_S),
	};

	while (!spawner->ended) {
		if (!busy_with_orphan)
			pthread_cond_wait(&spawner->changed, &spawner->lock);
		else if (pthread_cond_timedwait(
			     &spawner->changed, &spawner->lock, &until) == ETIMEDOUT)
			return false;
	}
	return true;
}

/* In a forked child the thread is not there, nor is anything else but memory ours. */
static void forget(hk_process_spawner *spawner)
{
	hk_watch_free(spawner->watch);
	hki_loop_leave(&spawner->member);
	hki_free(spawner);
}

void hk_process_spawner_free(hk_process_spawner *spawner)
{
	bool busy_with_orphan;
	bool left;

	if (spawner == NULL)
		return;
	if (spawner->owner != getpid()) {
		forget(spawner);
		return;
	}
	hk_watch_free(hki_take(spawner->watch));
	hki_loop_leave(&spawner->member);
	pthread_mutex_lock(&spawner->lock);
	spawner->closing = true;
	busy_with_orphan = orphan_running(spawner);
	give_back(spawner);
	pthread_cond_signal(&spawner->changed);
	left = !wait_for_end(spawner, busy_with_orphan);
	spawner->left = left;
	if (left)
		pthread_detach(spawner->thread);
	pthread_mutex_unlock(&spawner->lock);
	if (left)
		return; /* it is the thread's now */
	pthread_join(spawner->thread, NULL);
	give_back(spawner); /* what it was busy with */
	release(spawner);
}
