/*
 * Who belongs to a tree.  Below the main process /proc tells it.  A process whose
 * parent has ended was handed to the nearest reaper above, which at the level
 * HK_TREE_REAPER is us; there it is recognized by what it cannot easily lose:
 *
 *  - the cookie in the environment it was started with, which every child
 *    inherits and keeps until it executes something with another environment;
 *  - a session or process group that was made by a member.
 *
 * A tree started within a tree has a cookie that begins with the outer one's, so
 * that the outer tree finds what a killed inner supervisor left.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "process/reaper_internal.h"
#include "process/tree_internal.h"

const char *hki_tree_cookie(const hki_tree *tree)
{
	return tree->entry[0] == '\0' ? "" : tree->entry + sizeof(HKI_TREE_VARIABLE);
}

/* ---- sessions and groups ---- */

static bool ids_have(const hki_tree_ids *ids, pid_t id)
{
	unsigned int kept = ids->count < HKI_TREE_IDS_MAX ? ids->count : HKI_TREE_IDS_MAX;

	for (unsigned int i = 0; i < kept; i++)
		if (ids->values[i] == id)
			return true;
	return false;
}

static void ids_add(hki_tree_ids *ids, pid_t id)
{
	if (!ids_have(ids, id))
		ids->values[ids->count++ % HKI_TREE_IDS_MAX] = id;
}

/* A session or group counts as ours once a member was seen to lead it. */
static void learn(hki_tree *tree, const hki_members *members)
{
	for (size_t i = 0; i < members->count; i++) {
		const hki_member *member = &members->items[i];

		if (member->session == member->pid)
			ids_add(&tree->sessions, member->pid);
		if (member->group == member->pid)
			ids_add(&tree->groups, member->pid);
	}
}

/* ---- orphans ---- */

typedef enum verdict { OURS, ANOTHERS, OPEN, ASK_AGAIN } verdict;

static verdict judge_cookie(const hki_tree *tree, pid_t pid)
{
	const char *cookie = hki_tree_cookie(tree);
	size_t length = strlen(cookie);
	char value[HKI_TREE_ENTRY_MAX];
	int r = hki_proc_environment(pid, HKI_TREE_VARIABLE, value, sizeof(value));

	if (r == -EAGAIN)
		return ASK_AGAIN;
	if (r < 0)
		return OPEN;
	if (length > 0 && strncmp(value, cookie, length) == 0 &&
	    (value[length] == '\0' || value[length] == '/'))
		return OURS;
	return ANOTHERS;
}

static verdict judge_orphan(const hki_tree *tree, const hki_proc_stat *stat)
{
	verdict by_cookie = judge_cookie(tree, stat->pid);

	if (by_cookie == OURS || by_cookie == ANOTHERS)
		return by_cookie;
	if (ids_have(&tree->sessions, stat->session) ||
	    ids_have(&tree->groups, stat->group))
		return OURS;
	if (hki_reaper_is_only_tree(tree->reaper) && tree->main_start != 0 &&
	    stat->start_ticks >= tree->main_start)
		return OURS;
	return by_cookie;
}

bool hki_tree_owns_orphan(const hki_tree *tree, pid_t pid)
{
	hki_proc_stat stat;

	return hki_proc_stat_read(&stat, pid) == 0 && judge_orphan(tree, &stat) == OURS;
}

typedef struct search {
	hki_tree *tree;
	hki_members *members;
} search;

static int add_orphan(pid_t pid, void *user)
{
	search *in = user;
	hki_proc_stat stat;
	int r;

	/* Most children are somebody's; nothing is read for those. */
	if (hki_reaper_is_owned(in->tree->reaper, pid) ||
	    hki_proc_stat_read(&stat, pid) < 0 ||
	    !hki_reaper_is_orphan(in->tree->reaper, pid, stat.start_ticks))
		return 0;
	switch (judge_orphan(in->tree, &stat)) {
	case OURS:
		r = hki_members_add(in->members, pid, getpid(), stat.start_ticks);
		return r < 0 ? r : 0;
	case ASK_AGAIN:
		in->members->changed = true;
		return 0;
	default:
		return 0;
	}
}

static int find_orphans(hki_tree *tree, hki_members *members)
{
	search in = { tree, members };
	int r;

	if (tree->reaper == NULL)
		return 0;
	learn(tree, members);
	r = hki_proc_children(getpid(), add_orphan, &in);
	if (r == -ENOTSUP)
		r = hki_proc_children_by_parent(getpid(), add_orphan, &in);
	return r;
}

/* ---- the process group ---- */

/* Who forks all the time is stopped as a group before we look (tree_kill.c). */
#define GROUP_PASSES 20

static int add_of_group(const hki_proc_stat *stat, void *user)
{
	search *in = user;
	int r;

	if (stat->group != in->tree->main_pid)
		return 0;
	/* Its leader is another process now: the number was given out again. */
	if (stat->pid == in->tree->main_pid &&
	    stat->start_ticks != in->tree->main_start) {
		in->tree->group_over = true;
		return -ECANCELED;
	}
	r = hki_members_add(in->members, stat->pid, 0, stat->start_ticks);
	return r < 0 ? r : 0;
}

static int find_group(hki_tree *tree, hki_members *members)
{
	search in = { tree, members };
	int r;

	/* The common case after the end, at the cost of one call: the number stays
	 * taken as long as anybody is in the group. */
	if (tree->ended && kill(-tree->main_pid, 0) < 0 && errno == ESRCH)
		tree->group_over = true;
	members->pass = 0;
	do {
		members->changed = false;
		if (tree->group_over || !tree->leads_group)
			return 0;
		r = hki_proc_each(add_of_group, &in);
	} while (r == 0 && members->hold && members->changed &&
		 ++members->pass < GROUP_PASSES);
	return r == -ECANCELED ? 0 : r;
}

/* ---- all of it ---- */

static int add_remembered(hki_tree *tree, hki_members *members)
{
	for (size_t i = 0; i < tree->remembered.count; i++) {
		const hki_member *member = &tree->remembered.items[i];
		int r = hki_members_add(members, member->pid, 0, member->start_ticks);

		if (r < 0)
			return r;
	}
	return 0;
}

int hki_tree_find_roots(hki_members *members, void *user)
{
	hki_tree *tree = user;
	int r = 0;

	/* Once it was collected there is nobody to look for. */
	if (tree->main != NULL && tree->main->fd >= 0 && tree->main_start != 0)
		r = hki_members_add(members, tree->main_pid, 0, tree->main_start);
	if (r >= 0)
		r = add_remembered(tree, members);
	if (r >= 0 && tree->level == HK_TREE_REAPER)
		r = find_orphans(tree, members);
	return r;
}

int hki_tree_collect(hki_tree *tree, hki_members *members)
{
	int r;

	if (tree->level == HK_TREE_GROUP)
		return find_group(tree, members);
	r = hki_members_walk(members, hki_tree_find_roots, tree);
	learn(tree, members);
	return r;
}
