/*
 * The supervision step of the processes chapter.
 *
 * A program that fails on its first two starts, then says that it listens and
 * stays.  The set restarts it with growing pauses, knows when it is ready, and
 * replaces it when it is killed; what happened is taken from the set's events,
 * and the processes named in them are looked up by identity.
 */
#include "tour.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/service.h>
#include "base/clock.h"

/* Counts its starts in the file $1. */
static const char crashing_script[] = "read -r n < \"$1\" || n=0\n"
				      "echo $((n + 1)) > \"$1\"\n"
				      "test \"$n\" -lt 2 && exit 3\n"
				      "echo listening\n"
				      "exec sleep 300\n";

struct watched {
	unsigned int failures;
	double delays[2];
	unsigned int ready;
	hk_process_id processes[2]; /* of each time it became ready */
	bool ended;
	bool late;
};

static void on_event(hk_service_set *set, const hk_service_event *event, void *user)
{
	struct watched *watched = user;

	(void) set;
	if (event->event != HK_SERVICE_EVENT_STATE)
		return;
	if (event->state == HK_SERVICE_STATE_BACKOFF) {
		if (event->exit_code == 3 && watched->failures < 2)
			watched->delays[watched->failures++] = event->delay_s;
	} else if (event->state == HK_SERVICE_STATE_READY && watched->ready < 2) {
		pid_t pid = (pid_t) event->pid;

		if (hk_process_id_read(&watched->processes[watched->ready], pid) == 0)
			watched->ready++;
	}
}

static void on_end(hk_service_set *set, const hk_service_summary *summary, void *user)
{
	struct watched *watched = user;

	(void) set;
	(void) summary;
	watched->ended = true;
}

static void on_late(hk_timer *timer, void *user)
{
	(void) timer;
	*(bool *) user = true;
}

/* Turn until it was ready @ready times, or has ended; the timer only bounds a failure. */
static int turn_until(hk_loop *loop, struct watched *watched, unsigned int ready)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	hk_timer *timer = NULL;
	int r;

	opts.after_ns = 60 * HKI_NS_PER_S;
	opts.fn = on_late;
	opts.user = &watched->late;
	r = hk_timer_start(&timer, loop, &opts);
	while (r >= 0 && !watched->late && !watched->ended &&
	       (ready == 0 || watched->ready < ready))
		r = hk_loop_run_once(loop, -1);
	hk_timer_free(timer);
	return r < 0 ? r : watched->late ? -ETIMEDOUT : 0;
}

static int start(
    hk_service_set **out, hk_loop *loop, struct watched *watched, const char *counter)
{
	const char *const argv[] = { "sh", "-c", crashing_script, "sh", counter, NULL };
	hk_service_set_opts set_opts = HK_SERVICE_SET_OPTS_INIT;
	hk_service_health health = HK_SERVICE_HEALTH_INIT;
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_service_opts opts = HK_SERVICE_OPTS_INIT;
	int r;

	set_opts.on_event = on_event;
	set_opts.on_end = on_end;
	set_opts.user = watched;
	r = hk_service_set_new(out, loop, &set_opts);
	if (r < 0)
		return r;

	process.argv = argv;
	health.kind = HK_SERVICE_HEALTH_LOG;
	health.target = "^listening$";
	opts.name = "crashing";
	opts.process = &process;
	opts.health = &health;
	opts.backoff_initial_ns = 20 * HKI_NS_PER_MS;
	r = hk_service_set_add(*out, &opts, NULL);
	return r < 0 ? r : hk_service_set_start(*out, NULL, NULL);
}

static void check_restarts(struct tour *tour, const struct watched *watched)
{
	tour_wrong(tour, "an exit is noted as 'terminated'; nobody starts it again, or "
			 "at once for ever");
	tour_check(tour, watched->failures == 2,
	    "each failure is seen with its exit code", "%u ends with code 3",
	    watched->failures);
	tour_check(tour, watched->delays[1] > watched->delays[0],
	    "the pause before each new start grows", "%.0f ms, then %.0f ms",
	    watched->delays[0] * 1e3, watched->delays[1] * 1e3);
	tour_check(tour, watched->ready >= 1,
	    "it counts as ready when it says so, not before", "ready after %u failures",
	    watched->failures);
}

static void check_replacement(
    struct tour *tour, hk_loop *loop, struct watched *watched, hk_service_set *set)
{
	uint64_t began = hki_clock_monotonic_ns();
	int r;

	tour_step(tour, "Kill it with SIGKILL, as an operator in a hurry would.");
	r = hk_process_id_kill(&watched->processes[0], SIGKILL);
	if (r >= 0)
		r = turn_until(loop, watched, 2);
	tour_check(tour,
	    r >= 0 && watched->ready == 2 &&
		hk_process_id_kill(&watched->processes[1], 0) == 0,
	    "another process has taken its place",
	    "pid %ld, then %ld, ready after %.0f ms", (long) watched->processes[0].pid,
	    (long) watched->processes[1].pid,
	    (double) (hki_clock_monotonic_ns() - began) / 1e6);

	hk_service_set_stop(set);
	r = turn_until(loop, watched, 0);
	tour_check(tour,
	    r >= 0 && watched->ended &&
		hk_process_id_kill(&watched->processes[1], 0) == -ESRCH,
	    "after the stop nothing is left", "%s",
	    watched->ended ? "ended" : "still running");
}

void tour_supervise(struct tour *tour, hk_loop *loop)
{
	char counter[] = "/tmp/hostkit-tour-XXXXXX";
	struct watched watched = { 0 };
	hk_service_set *set = NULL;
	int fd = mkostemp(counter, O_CLOEXEC);
	int r;

	tour_step(tour, "Supervise a program that crashes twice before it works.");
	if (fd < 0) {
		tour_broken(tour, "a temporary file can be made", -errno);
		return;
	}
	(void) close(fd);
	r = start(&set, loop, &watched, counter);
	if (r >= 0)
		r = turn_until(loop, &watched, 1);
	if (r < 0)
		tour_broken(tour, "it becomes ready", r);
	check_restarts(tour, &watched);
	if (watched.ready > 0)
		check_replacement(tour, loop, &watched, set);
	hk_service_set_free(set);
	(void) unlink(counter);
}
