/*
 * Reaching everybody in a tree.  A cgroup is the kernel's own list and a keeper
 * does the work in our place.  Elsewhere it is: hold everybody still, send, let go;
 * or for SIGKILL: hold everybody still, kill.  Killing one after the other without
 * holding loses against a program that forks faster than we read.
 *
 * Our own process can be part of a tree that is reached by identity.  It is never
 * held, and gets its signal last, when the others have had theirs.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "process/reaper_internal.h"
#include "process/tree_internal.h"

/* After this a round looks again, whatever it waits for. */
#define ROUND_NS (50 * HKI_NS_PER_MS)

/* A number that fits; the kernel refuses what is no signal only if somebody is there. */
static bool is_signal(int signal)
{
	return signal >= 0 && signal <= SIGRTMAX;
}

/* ---- hold, send, let go ---- */

/*
 * A group is stopped in one step, which a chain of forks cannot outrun.  Its
 * number is safe as long as the main process, even as a zombie, keeps it.
 */
static void stop_group(const hki_tree *tree)
{
	if (tree->leads_group && !tree->ended && tree->main_pid > 1 &&
	    tree->main_pid != getpgrp())
		(void) kill(-tree->main_pid, SIGSTOP);
}

static int send_to(hki_members *members, int signal)
{
	int sent = hki_members_signal(members, signal);

	/* What is killed needs no leave to go on. */
	if (signal != SIGKILL)
		hki_members_release(members);
	return sent;
}

static int signal_members(hki_tree *tree, int signal)
{
	hki_cleanup(hki_members_deinit) hki_members members = HKI_MEMBERS_INIT;
	int r;

	members.hold = hki_members_hold_for(signal);
	r = hki_tree_collect(tree, &members);
	if (r < 0 && members.count == 0)
		return r;
	return send_to(&members, signal);
}

static int signal_main(const hki_tree *tree, int signal)
{
	int r;

	if (tree->main == NULL || tree->ended)
		return 0;
	r = hki_pidref_signal(tree->main, signal);
	if (r == 0)
		return 1;
	return r == -ESRCH ? 0 : r;
}

int hki_tree_signal(hki_tree *tree, int signal)
{
	if (!is_signal(signal))
		return -EINVAL;
	switch (tree->level) {
	case HK_TREE_NONE:
		return signal_main(tree, signal);
	case HK_TREE_CGROUP:
		return hki_cgroup_signal(tree->cgroup, signal);
	case HK_TREE_KEEPER:
		return hki_keeper_request(tree, HKI_KEEPER_SIGNAL, signal);
	default:
		return signal_members(tree, signal);
	}
}

/* ---- who is there ---- */

typedef struct pid_visit {
	int (*visit)(pid_t pid, void *user);
	void *user;
	pid_t main_pid;
} pid_visit;

static int visit_unless_main(pid_t pid, void *user)
{
	const pid_visit *to = user;

	return pid == to->main_pid ? 0 : to->visit(pid, to->user);
}

static int each_member(hki_tree *tree, pid_visit *to)
{
	hki_cleanup(hki_members_deinit) hki_members members = HKI_MEMBERS_INIT;
	int r = hki_tree_collect(tree, &members);

	for (size_t i = 0; i < members.count && r >= 0; i++) {
		r = visit_unless_main(members.items[i].pid, to);
		if (r != 0)
			return r;
	}
	return r;
}

int hki_tree_each(hki_tree *tree, int (*visit)(pid_t pid, void *user), void *user)
{
	pid_visit to = { visit, user, tree->main_pid };

	switch (tree->level) {
	case HK_TREE_NONE:
		return 0;
	case HK_TREE_CGROUP:
		return hki_cgroup_each(tree->cgroup, visit_unless_main, &to);
	case HK_TREE_KEEPER:
		return -ENOTSUP;
	default:
		return each_member(tree, &to);
	}
}

static int count_one(pid_t pid, void *user)
{
	(void) pid;
	++*(int *) user;
	return 0;
}

int hki_tree_count(hki_tree *tree)
{
	int count = 0;
	int r;

	if (tree->level == HK_TREE_KEEPER)
		return hki_keeper_request(tree, HKI_KEEPER_COUNT, 0);
	/* The common case, at the cost of one read. */
	if (tree->level == HK_TREE_CGROUP && hki_cgroup_populated(tree->cgroup) == 0)
		return 0;
	r = hki_tree_each(tree, count_one, &count);
	return r < 0 ? r : count;
}

/* ---- until nobody is left ---- */

static int kill_cgroup(hki_tree *tree)
{
	int count = 0;
	int r = hki_cgroup_populated(tree->cgroup);

	if (r <= 0)
		return r;
	(void) hki_cgroup_each(tree->cgroup, count_one, &count);
	r = hki_cgroup_kill(tree->cgroup);
	if (r < 0)
		return r;
	return count > 0 ? count : 1;
}

/* @killed, if not NULL, takes over who was found. */
static int kill_members(hki_tree *tree, hki_members *killed)
{
	int r;

	/* Zombies only make the list longer that is walked again and again. */
	hki_reaper_collect(tree->reaper);
	stop_group(tree);
	killed->hold = true;
	r = hki_tree_collect(tree, killed);
	(void) hki_members_signal(killed, SIGKILL);
	/* Out of memory or descriptors: the main process at least is at hand. */
	if (r < 0)
		(void) signal_main(tree, SIGKILL);
	return r < 0 ? r : (int) killed->count;
}

/* The main process alone: alive until its pidfd says otherwise. */
static int kill_main(const hki_tree *tree)
{
	if (tree->main == NULL || tree->main->fd < 0 || hki_pidref_has_ended(tree->main))
		return 0;
	return signal_main(tree, SIGKILL);
}

static int kill_round(hki_tree *tree, hki_members *killed)
{
	switch (tree->level) {
	case HK_TREE_NONE:
		return kill_main(tree);
	case HK_TREE_CGROUP:
		return kill_cgroup(tree);
	case HK_TREE_KEEPER:
		return hki_keeper_request(tree, HKI_KEEPER_KILL, 0);
	default:
		return kill_members(tree, killed);
	}
}

int hki_tree_kill(hki_tree *tree)
{
	hki_cleanup(hki_members_deinit) hki_members killed = HKI_MEMBERS_INIT;

	return kill_round(tree, &killed);
}

/* Wait for a sign that a round had effect. */
static void wait_for_effect(hki_tree *tree, const hki_members *killed, uint64_t left_ns)
{
	struct pollfd changed = { .fd = hki_tree_events_fd(tree), .events = POLLPRI };

	if (left_ns > ROUND_NS)
		left_ns = ROUND_NS;
	if (killed->count > 0)
		(void) hki_members_wait(killed, left_ns);
	else if (tree->level == HK_TREE_NONE)
		(void) hki_pidref_wait_end(
		    tree->main, hki_clock_monotonic_ns() + left_ns);
	else
		(void) poll(&changed, 1, 1);
}

int hki_tree_kill_wait(hki_tree *tree, uint64_t timeout_ns)
{
	uint64_t deadline_ns = hki_clock_monotonic_ns() + timeout_ns;
	int left;

	for (;;) {
		hki_cleanup(hki_members_deinit) hki_members killed = HKI_MEMBERS_INIT;
		uint64_t now_ns;

		left = kill_round(tree, &killed);
		now_ns = hki_clock_monotonic_ns();
		if (left <= 0 || now_ns >= deadline_ns)
			break;
		wait_for_effect(tree, &killed, deadline_ns - now_ns);
	}
	if (tree->level == HK_TREE_REAPER)
		hki_reaper_collect(tree->reaper);
	return left;
}

/* ---- by identity ---- */

typedef struct below {
	const hki_pidref *root;
} below;

static int find_root(hki_members *members, void *user)
{
	const below *from = user;

	return hki_members_add(members, from->root->pid, 0, from->root->start_ticks);
}

int hki_tree_signal_below(const hki_pidref *root, int signal)
{
	hki_cleanup(hki_members_deinit) hki_members members = HKI_MEMBERS_INIT;
	below from = { root };
	int r, sent;

	if (!is_signal(signal))
		return -EINVAL;
	members.hold = hki_members_hold_for(signal);
	r = hki_members_walk(&members, find_root, &from);
	if (r < 0 && members.count == 0)
		return r;
	if (members.count == 0)
		return -ESRCH;
	sent = send_to(&members, signal);
	if (members.has_self && sent >= 0 && kill(getpid(), signal) == 0)
		sent++;
	return sent;
}
