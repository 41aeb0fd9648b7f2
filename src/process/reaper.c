/*
 * The reaper of orphans.  As the child subreaper we are given every process below
 * us whose parent ends, and must collect it when it ends in turn, or zombies pile
 * up.  The kernel does not tell an orphan from a child that somebody here started
 * and waits for, so what is registered on the loop is left alone, and so is what a
 * thread may have started but not registered yet.
 *
 * waitid() shows one ended child without collecting it (WNOWAIT), always the
 * first.  If that one is not ours to collect, asking again would show it again:
 * the rest is then found in the list of our children.
 *
 * Orphans are handed to the first thread of the process that lives.  If that is
 * the loop's own thread, the wait is confined to this thread's children, and
 * those that a spawner thread started are never in its way.
 */
#include "process/reaper.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "loop/loop_internal.h"
#include "os/cgroup/cgroup.h"
#include "os/pidref.h"
#include "os/procfs.h"
#include "os/syscall.h"
#include "process/reaper_internal.h"
#include "process/tree_internal.h"

struct hk_reaper {
	hk_loop *loop; /* NULL once the loop is gone */
	hki_loop_member member;
	hki_loop_deferred
	    later; /* collecting, once the owners of children had their turn */
	hk_signal *sigchld;
	hki_list trees; /* living ones: hki_tree.node */
	uint64_t trees_ever;
	unsigned int holds;
	uint64_t held_since_ticks; /* children started since then may be in the making */
	int wait_flags;
	bool collecting;
	bool subreaper; /* made by us */
};

hk_reaper *hki_reaper_of(const hk_loop *loop)
{
	return loop == NULL ? NULL : hki_loop_get_slot(loop, HKI_LOOP_REAPER);
}

/* ---- whose child is it? ---- */

static uint64_t now_ticks(void)
{
	uint64_t ticks_a_second = (uint64_t) sysconf(_SC_CLK_TCK);

	return hki_clock_boot_ns() / (HKI_NS_PER_S / ticks_a_second);
}

/* The main process or the keeper of a living tree. */
static bool is_of_tree(const hk_reaper *reaper, pid_t pid)
{
	for (const hki_list *node = reaper->trees.next; node != &reaper->trees;
	     node = node->next) {
		const hki_tree *tree = hki_list_entry(node, const hki_tree, node);

		if (tree->keeper.fd >= 0 && tree->keeper.pid == pid)
			return true;
		if (tree->main != NULL && tree->main->fd >= 0 && tree->main_pid == pid)
			return true;
	}
	return false;
}

bool hki_reaper_is_owned(const hk_reaper *reaper, pid_t pid)
{
	return hk_process_find(reaper->loop, pid) != NULL || is_of_tree(reaper, pid);
}

static bool is_in_the_making(const hk_reaper *reaper, uint64_t start_ticks)
{
	return reaper->holds > 0 && start_ticks >= reaper->held_since_ticks;
}

bool hki_reaper_is_orphan(const hk_reaper *reaper, pid_t pid, uint64_t start_ticks)
{
	return !is_in_the_making(reaper, start_ticks) &&
	       !hki_reaper_is_owned(reaper, pid);
}

bool hki_reaper_is_only_tree(const hk_reaper *reaper)
{
	return reaper->trees_ever == 1;
}

void hki_reaper_add_tree(hk_reaper *reaper, hki_tree *tree)
{
	hki_list_append(&reaper->trees, &tree->node);
	reaper->trees_ever++;
}

void hki_reaper_remove_tree(hki_tree *tree)
{
	hki_list_remove(&tree->node);
}

void hki_reaper_hold(hk_loop *loop)
{
	hk_reaper *reaper = hki_reaper_of(loop);

	if (reaper != NULL && reaper->holds++ == 0)
		reaper->held_since_ticks = now_ticks();
}

void hki_reaper_release(hk_loop *loop)
{
	hk_reaper *reaper = hki_reaper_of(loop);

	if (reaper != NULL && reaper->holds > 0 && --reaper->holds == 0)
		hki_reaper_collect(reaper);
}

/* ---- collecting ---- */

/*
 * A program can leave orphans faster than they are collected.  The loop has
 * other things to do, ending that program among them.
 */
#define COLLECT_MAX 128

/* At the end of this turn, or of the next if this one is about to end. */
static void collect_in_a_while(hk_reaper *reaper)
{
	hki_list_remove(&reaper->later.node);
	hki_loop_defer(reaper->loop, &reaper->later);
}

/* Collect @pid if it is an orphan that has ended.  1 if it was collected. */
static int collect_one(const hk_reaper *reaper, pid_t pid)
{
	hki_proc_stat stat;
	siginfo_t info;

	/* An uncollected child keeps its number, so it is still the one we saw. */
	if (hki_reaper_is_owned(reaper, pid) || hki_proc_stat_read(&stat, pid) < 0 ||
	    stat.parent != getpid() || is_in_the_making(reaper, stat.start_ticks))
		return 0;
	if (hki_waitid(P_PID, (id_t) pid, &info, WEXITED | WNOHANG | __WALL, NULL) < 0)
		return 0;
	return info.si_pid != 0 ? 1 : 0;
}

static int visit_child(pid_t child, void *user)
{
	(void) collect_one(user, child);
	return 0;
}

/* The first ended child is not ours: look at each. */
static void collect_from_list(hk_reaper *reaper)
{
	if (hki_proc_children(getpid(), visit_child, reaper) == -ENOTSUP)
		(void) hki_proc_children_by_parent(getpid(), visit_child, reaper);
}

/* Collect at most COLLECT_MAX.  Returns whether there may be more. */
static bool collect_some(hk_reaper *reaper)
{
	for (int i = 0; i < COLLECT_MAX; i++) {
		siginfo_t info;
		int r = hki_waitid(P_ALL, 0, &info,
		    WEXITED | WNOHANG | WNOWAIT | reaper->wait_flags, NULL);

		if (r < 0 || info.si_pid == 0)
			return false;
		if (collect_one(reaper, info.si_pid) == 0) {
			collect_from_list(reaper);
			return false;
		}
	}
	return true;
}

void hki_reaper_collect(hk_reaper *reaper)
{
	/* Outside a turn, what is deferred runs at once: then this is the second time. */
	if (reaper == NULL || reaper->loop == NULL || reaper->collecting)
		return;
	reaper->collecting = true;
	if (collect_some(reaper))
		collect_in_a_while(reaper);
	reaper->collecting = false;
}

static void collect_later(hki_loop_deferred *later)
{
	hki_reaper_collect(hki_list_entry(later, hk_reaper, later));
}

/*
 * Most often it is about a registered child, whose owner will be told in this
 * same turn.  At its end there is then nothing left to look at.
 */
static void on_sigchld(hk_signal *signal, int number, void *user)
{
	(void) signal;
	(void) number;
	collect_in_a_while(user);
}

/* ---- killing ---- */

typedef struct orphan_search {
	hk_reaper *reaper;
	hki_members *members;
} orphan_search;

static bool is_of_living_tree(const hk_reaper *reaper, pid_t pid)
{
	for (const hki_list *node = reaper->trees.next; node != &reaper->trees;
	     node = node->next) {
		const hki_tree *tree = hki_list_entry(node, const hki_tree, node);

		if (hki_tree_owns_orphan(tree, pid))
			return true;
	}
	return false;
}

static int add_if_orphan(pid_t pid, void *user)
{
	orphan_search *in = user;
	hki_proc_stat stat;
	int r;

	if (hki_proc_stat_read(&stat, pid) < 0 ||
	    !hki_reaper_is_orphan(in->reaper, pid, stat.start_ticks) ||
	    is_of_living_tree(in->reaper, pid))
		return 0;
	r = hki_members_add(in->members, pid, getpid(), stat.start_ticks);
	return r < 0 ? r : 0;
}

static int find_orphans(hki_members *members, void *user)
{
	orphan_search in = { user, members };
	int r = hki_proc_children(getpid(), add_if_orphan, &in);

	if (r == -ENOTSUP)
		r = hki_proc_children_by_parent(getpid(), add_if_orphan, &in);
	return r;
}

/* One round; how many were found alive, or a negative errno. */
static int kill_orphans_once(hk_reaper *reaper, uint64_t wait_ns)
{
	hki_cleanup(hki_members_deinit) hki_members members = HKI_MEMBERS_INIT;
	int r;

	members.hold = true;
	r = hki_members_walk(&members, find_orphans, reaper);
	(void) hki_members_signal(&members, SIGKILL);
	(void) hki_members_wait(&members, wait_ns);
	hki_reaper_collect(reaper);
	return r < 0 ? r : (int) members.count;
}

int hk_reaper_kill_orphans(hk_reaper *reaper)
{
	uint64_t deadline_ns = hki_clock_monotonic_ns() + HKI_TREE_KILL_TIMEOUT_NS;
	int killed = 0;

	if (reaper == NULL)
		return -EINVAL;
	if (reaper->loop == NULL)
		return 0;
	for (;;) {
		uint64_t now_ns = hki_clock_monotonic_ns();
		int r;

		if (now_ns >= deadline_ns)
			return killed;
		r = kill_orphans_once(reaper, deadline_ns - now_ns);
		if (r <= 0)
			return killed > 0 ? killed : r;
		killed += r;
	}
}

/* ---- its life ---- */

static void let_go(hk_reaper *reaper)
{
	if (reaper->loop == NULL)
		return;
	for (hki_list *node = hki_list_pop(&reaper->trees); node != NULL;
	     node = hki_list_pop(&reaper->trees))
		hki_list_entry(node, hki_tree, node)->reaper = NULL;
	hki_list_remove(&reaper->later.node);
	if (hki_loop_get_slot(reaper->loop, HKI_LOOP_REAPER) == reaper)
		hki_loop_set_slot(reaper->loop, HKI_LOOP_REAPER, NULL);
	hki_loop_leave(&reaper->member);
	hk_signal_free(reaper->sigchld);
	reaper->sigchld = NULL;
	reaper->loop = NULL;
	if (reaper->subreaper)
		(void) prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

static void on_loop_free(hki_loop_member *member)
{
	let_go(hki_list_entry(member, hk_reaper, member));
}

void hk_reaper_free(hk_reaper *reaper)
{
	if (reaper == NULL)
		return;
	let_go(reaper);
	hki_free(reaper);
}

static void reaper_freep(hk_reaper **reaper)
{
	hk_reaper_free(*reaper);
}

/* PID 1 of a namespace is given the orphans without asking. */
static int become_subreaper(hk_reaper *reaper)
{
	int already = 0;

	if (getpid() == 1)
		return 0;
	if (prctl(PR_GET_CHILD_SUBREAPER, &already, 0, 0, 0) < 0)
		return -errno;
	if (already != 0)
		return -EBUSY;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return -errno;
	reaper->subreaper = true;
	return 0;
}

int hk_reaper_new(hk_reaper **out, hk_loop *loop)
{
	hki_cleanup(reaper_freep) hk_reaper *reaper = NULL;
	int r = hki_loop_check(loop);

	if (r < 0)
		return r;
	if (hki_reaper_of(loop) != NULL)
		return -EBUSY;
	reaper = hki_zalloc(sizeof(*reaper));
	if (reaper == NULL)
		return -ENOMEM;
	hki_list_init(&reaper->trees);
	hki_list_init(&reaper->member.node);
	hki_list_init(&reaper->later.node);
	reaper->later.fn = collect_later;
	reaper->member.on_loop_free = on_loop_free;
	reaper->wait_flags = gettid() == getpid() ? __WNOTHREAD : 0;
	r = hk_signal_start(&reaper->sigchld, loop, SIGCHLD, on_sigchld, reaper);
	if (r < 0)
		return r;
	reaper->loop = loop;
	r = become_subreaper(reaper);
	if (r < 0)
		return r;
	hki_loop_join(loop, &reaper->member);
	hki_loop_set_slot(loop, HKI_LOOP_REAPER, reaper);
	(void) hki_cgroup_sweep(HKI_TREE_CGROUP_PREFIX);
	*out = hki_take(reaper);
	return 0;
}
