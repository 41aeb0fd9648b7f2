/*
 * The trees step of the processes chapter.
 *
 * The family tells its own process ids, so that what is counted in the end is
 * independent of what hostkit believes it has killed.
 */
#include "tour.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/process.h>
#include "base/array.h"
#include "base/clock.h"

#define FAMILY_MAX 8

/*
 * A shell with four descendants that each try to get away: a plain background
 * child, one in a session of its own, one whose parent has exited, and one with
 * both.  Each prints its process id, then sleeps; SIGTERM is ignored by all.
 */
static const char family_script[] = "trap '' TERM\n"
				    "member='echo $$; exec sleep 300'\n"
				    "echo $$\n"
				    "sh -c \"$member\" &\n"
				    "setsid sh -c \"$member\" &\n"
				    "(sh -c \"$member\" &)\n"
				    "(setsid sh -c \"$member\" &)\n"
				    "wait\n";

struct family {
	hk_process_id members[FAMILY_MAX];
	unsigned int count;
	char text[512];
	size_t length;
	hk_process *main;
	bool ended;
};

static void family_read(struct family *family)
{
	char *rest = family->text;
	char *end;

	while (family->count < FAMILY_MAX && (end = strchr(rest, '\n')) != NULL) {
		pid_t pid = (pid_t) strtol(rest, NULL, 10);

		if (pid > 0 &&
		    hk_process_id_read(&family->members[family->count], pid) == 0)
			family->count++;
		rest = end + 1;
	}
	family->length = strlen(rest);
	(void) memmove(family->text, rest, family->length + 1);
}

static unsigned int family_alive(const struct family *family)
{
	unsigned int alive = 0;

	for (unsigned int i = 0; i < family->count; i++)
		alive += hk_process_id_kill(&family->members[i], 0) == 0;
	return alive;
}

static void family_end(struct family *family)
{
	for (unsigned int i = 0; i < family->count; i++)
		if (hk_process_id_kill(&family->members[i], SIGKILL) < 0)
			continue; /* it has ended already */
}

static void on_member(hk_watch *watch, unsigned int events, void *user)
{
	struct family *family = user;
	ssize_t n = read(hk_watch_fd(watch), family->text + family->length,
	    sizeof(family->text) - 1 - family->length);

	(void) events;
	if (n > 0) {
		family->length += (size_t) n;
		family->text[family->length] = '\0';
		family_read(family);
	}
}

static void on_main_exit(hk_process *process, const hk_process_exit *how, void *user)
{
	struct family *family = user;

	(void) process;
	(void) how;
	family->ended = true;
}

static void on_late(hk_timer *timer, void *user)
{
	(void) timer;
	*(bool *) user = true;
}

/* Turn the loop until @done or a bound that only a failure reaches. */
static int turn_until(
    hk_loop *loop, bool (*done)(const struct family *), const struct family *family)
{
	bool late = false;
	hk_timer *timer = NULL;
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	int r;

	opts.after_ns = 60 * HKI_NS_PER_S;
	opts.fn = on_late;
	opts.user = &late;
	r = hk_timer_start(&timer, loop, &opts);
	while (r >= 0 && !late && !done(family))
		r = hk_loop_run_once(loop, -1);
	hk_timer_free(timer);
	return r < 0 ? r : late ? -ETIMEDOUT : 0;
}

static bool family_complete(const struct family *family)
{
	return family->count == 5;
}

static bool family_ended(const struct family *family)
{
	return family->ended;
}

static int family_start(
    struct family *family, hk_watch **watch, hk_loop *loop, hk_tree tree, uint32_t flags)
{
	const char *const argv[] = { "sh", "-c", family_script, NULL };
	const hk_stop_step steps[] = { { SIGTERM, 0, 100 * HKI_NS_PER_MS } };
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	int r;

	opts.argv = argv;
	opts.stdio[0].kind = HK_STDIO_NULL;
	opts.stdio[1].kind = HK_STDIO_PIPE;
	opts.tree = tree;
	opts.flags = flags;
	opts.stop_steps = steps;
	opts.stop_step_count = HKI_COUNT(steps);
	opts.on_exit = on_main_exit;
	opts.user_data = family;
	r = hk_process_spawn(&family->main, loop, &opts, NULL);
	if (r < 0)
		return r;
	r = hk_watch_start(watch, loop, hk_process_stdio(family->main, 1), HK_READABLE,
	    on_member, family);
	return r < 0 ? r : turn_until(loop, family_complete, family);
}

static const char *tree_name(hk_tree tree)
{
	switch (tree) {
	case HK_TREE_CGROUP:
		return "a cgroup of its own";
	case HK_TREE_REAPER:
		return "collecting orphans and walking /proc";
	case HK_TREE_KEEPER:
		return "a guardian process";
	case HK_TREE_GROUP:
		return "its process group";
	default:
		return "walking /proc";
	}
}

/* The main process alone is killed, as a plain kill(pid) does. */
static void show_usual_kill(struct tour *tour, hk_loop *loop)
{
	struct family family = { .count = 0 };
	hk_watch *watch = NULL;
	int r;

	r = family_start(&family, &watch, loop, HK_TREE_NONE, HK_PROCESS_KEEP_LEFTOVERS);
	if (r >= 0)
		r = hk_process_kill(family.main, SIGKILL);
	if (r >= 0)
		r = turn_until(loop, family_ended, &family);
	if (r < 0)
		tour_broken(tour, "the usual way can be tried", r);
	else
		tour_wrong(tour, "kill(pid): of %u processes %u live on", family.count,
		    family_alive(&family));
	family_end(&family);
	hk_watch_free(watch);
	hk_process_free(family.main);
}

void tour_trees(struct tour *tour, hk_loop *loop)
{
	struct family family = { .count = 0 };
	hk_watch *watch = NULL;
	unsigned int alive;
	int r;

	tour_step(
	    tour, "Start a program whose children get away: setsid, double fork, both.");
	show_usual_kill(tour, loop);
	r = family_start(&family, &watch, loop, HK_TREE_AUTO, 0);
	if (r < 0) {
		tour_broken(tour, "the family can be started", r);
		family_end(&family);
		hk_watch_free(watch);
		hk_process_free(family.main);
		return;
	}
	tour_saw(tour, "%u processes, followed by %s", family.count,
	    tree_name(hk_process_get_tree(family.main)));
	tour_saw(tour,
	    "stop: SIGTERM, which they ignore, then 100 ms, then everything is killed");
	r = hk_process_stop(family.main);
	if (r >= 0)
		r = turn_until(loop, family_ended, &family);
	alive = family_alive(&family);
	tour_check(tour, r >= 0 && alive == 0, "nothing of the tree survives",
	    "%u of %u alive", alive, family.count);
	family_end(&family);
	hk_watch_free(watch);
	hk_process_free(family.main);
}
