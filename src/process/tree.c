/*
 * Making a tree: which level can be had here, and what has to exist before the
 * program is born.  The level is found by trying, never by asking for a version;
 * HK_TREE_AUTO takes the strongest that works and tells which it was.
 */
#include "process/tree.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/random.h"
#include "process/reaper_internal.h"
#include "process/tree_internal.h"

static void tree_freep(hki_tree **tree)
{
	hki_tree_free(*tree);
}

/* ---- what has to exist before ---- */

/* Swept by name (hki_cgroup_sweep) when its maker is gone. */
static int make_cgroup(hki_cgroup **out)
{
	char name[64];
	uint64_t unique;
	int r = hki_random_bytes(&unique, sizeof(unique));

	if (r < 0)
		return r;
	snprintf(name, sizeof(name), HKI_TREE_CGROUP_PREFIX "%d-%016" PRIx64,
	    (int) getpid(), unique);
	return hki_cgroup_new(out, name);
}

/* HOSTKIT_TREE=[OUTER/]OWN */
static int make_cookie(hki_tree *tree)
{
	const char *outer = getenv(HKI_TREE_VARIABLE);
	size_t room = sizeof(tree->entry) - sizeof(HKI_TREE_VARIABLE) - sizeof("/") - 16;
	uint64_t unique;
	int r = hki_random_bytes(&unique, sizeof(unique));

	if (r < 0)
		return r;
	if (outer == NULL || outer[0] == '\0' || strlen(outer) > room)
		snprintf(tree->entry, sizeof(tree->entry), "%s=%016" PRIx64,
		    HKI_TREE_VARIABLE, unique);
	else
		snprintf(tree->entry, sizeof(tree->entry), "%s=%s/%016" PRIx64,
		    HKI_TREE_VARIABLE, outer, unique);
	return 0;
}

/* ---- one level each ---- */

static bool wants_limits(const hki_cgroup_limits *limits)
{
	return limits->memory_max_bytes != 0 || limits->pids_max != 0 ||
	       limits->cpu_max_millis != 0;
}

static unsigned int limit_bits(const hki_cgroup_limits *limits)
{
	return (limits->memory_max_bytes != 0 ? HKI_CGROUP_MEMORY : 0u) |
	       (limits->pids_max != 0 ? HKI_CGROUP_PIDS : 0u) |
	       (limits->cpu_max_millis != 0 ? HKI_CGROUP_CPU : 0u);
}

static int set_limits(hki_tree *tree, const hki_tree_opts *opts)
{
	int r;

	if (!wants_limits(&opts->limits))
		return 0;
	r = hki_cgroup_set_limits(tree->cgroup, &opts->limits);
	if (r < 0)
		return r;
	tree->limits = (unsigned int) r;
	if (tree->limits != limit_bits(&opts->limits) && !opts->limits_best_effort)
		return -ENOTSUP;
	return 0;
}

/*
 * A directory that the caller named is killed as a whole only if nobody was in
 * it before; otherwise the program is born there and the level is another.
 */
static int use_given_cgroup(hki_tree *tree, const hki_tree_opts *opts)
{
	int r = hki_cgroup_open(&tree->cgroup, opts->cgroup);

	if (r < 0)
		return r;
	r = hki_cgroup_populated(tree->cgroup);
	if (r != 0)
		return r < 0 ? r : -ENOTSUP;
	return 0;
}

static int try_cgroup(hki_tree *tree, const hki_tree_opts *opts)
{
	int r;

	if (opts->cgroup != NULL)
		r = use_given_cgroup(tree, opts);
	else
		r = make_cgroup(&tree->cgroup);
	if (r < 0)
		return r == -ENOMEM || r == -EMFILE || r == -ENFILE ? r : -ENOTSUP;
	r = set_limits(tree, opts);
	if (r < 0)
		return r;
	tree->level = HK_TREE_CGROUP;
	return 0;
}

/* Without /proc nobody below us is seen, and "none is left" would be a lie. */
static bool can_look(void)
{
	return access("/proc/self/stat", F_OK) == 0;
}

static int try_reaper(hki_tree *tree)
{
	int r;

	if (tree->reaper == NULL || !can_look())
		return -ENOTSUP;
	r = make_cookie(tree);
	if (r < 0)
		return r;
	tree->level = HK_TREE_REAPER;
	return 0;
}

static int try_walk(hki_tree *tree)
{
	if (!can_look())
		return -ENOTSUP;
	tree->level = HK_TREE_WALK;
	return 0;
}

static int try_keeper(hki_tree *tree)
{
	int r = hki_keeper_prepare(tree);

	if (r == 0)
		tree->level = HK_TREE_KEEPER;
	return r;
}

/* The cgroup that did not do as a level is kept only if the program must start in it. */
static void leave_cgroup(hki_tree *tree, const hki_tree_opts *opts)
{
	if (opts->cgroup != NULL)
		return;
	hki_cgroup_free(tree->cgroup);
	tree->cgroup = NULL;
}

/* Without limits, whatever works; with limits that may be left out, too. */
static int try_all(hki_tree *tree, const hki_tree_opts *opts)
{
	bool must = wants_limits(&opts->limits) && !opts->limits_best_effort;
	int r = try_cgroup(tree, opts);

	if (r == 0 || r != -ENOTSUP || must)
		return r;
	leave_cgroup(tree, opts);
	r = try_reaper(tree);
	return r != -ENOTSUP ? r : try_walk(tree);
}

/* Started in a cgroup that it does not own: open it, so that a wrong path is told. */
static int open_given_cgroup(hki_tree *tree, const hki_tree_opts *opts)
{
	if (opts->cgroup == NULL || tree->cgroup != NULL)
		return 0;
	return hki_cgroup_open(&tree->cgroup, opts->cgroup);
}

static int try_level(hki_tree *tree, const hki_tree_opts *opts)
{
	hk_tree wanted = opts->level;

	/* A limit needs a cgroup, whatever else was asked; AUTO may do with less. */
	if (wants_limits(&opts->limits) && wanted != HK_TREE_AUTO)
		wanted = opts->limits_best_effort ? HK_TREE_AUTO : HK_TREE_CGROUP;
	switch (wanted) {
	case HK_TREE_AUTO:
		return try_all(tree, opts);
	case HK_TREE_CGROUP:
		return try_cgroup(tree, opts);
	case HK_TREE_REAPER:
		return try_reaper(tree);
	case HK_TREE_KEEPER:
		return try_keeper(tree);
	case HK_TREE_WALK:
		return try_walk(tree);
	case HK_TREE_NONE:
	case HK_TREE_GROUP:
		tree->level = wanted;
		return 0;
	}
	return -EINVAL;
}

int hki_tree_new(hki_tree **out, const hki_tree_opts *opts)
{
	hki_cleanup(tree_freep) hki_tree *tree = hki_zalloc(sizeof(*tree));
	int r;

	if (tree == NULL)
		return -ENOMEM;
	hki_list_init(&tree->node);
	tree->reaper = hki_reaper_of(opts->loop);
	tree->control = -1;
	tree->news = -1;
	tree->control_child = -1;
	tree->keeper = (hki_pidref) HKI_PIDREF_NULL;
	r = try_level(tree, opts);
	if (r == 0)
		r = open_given_cgroup(tree, opts);
	if (r < 0)
		return r;
	if (tree->reaper != NULL)
		hki_reaper_add_tree(tree->reaper, tree);
	*out = hki_take(tree);
	return 0;
}

void hki_tree_free(hki_tree *tree)
{
	if (tree == NULL)
		return;
	hki_reaper_remove_tree(tree);
	hki_keeper_free(tree);
	hki_cgroup_free(tree->cgroup);
	hki_members_deinit(&tree->remembered);
	hki_free(tree);
}

/* ---- what is known ---- */

hk_tree hki_tree_level(const hki_tree *tree)
{
	return tree->level;
}

unsigned int hki_tree_limits(const hki_tree *tree)
{
	return tree->limits;
}

const char *hki_tree_cgroup_path(const hki_tree *tree)
{
	return tree->cgroup == NULL ? NULL : hki_cgroup_path(tree->cgroup);
}

int hki_tree_cgroup_fd(const hki_tree *tree)
{
	return tree->cgroup == NULL ? -1 : hki_cgroup_fd(tree->cgroup);
}

const int *hki_tree_join_fds(const hki_tree *tree)
{
	static const int none[] = { -1 };

	return tree->cgroup == NULL ? none : hki_cgroup_join_fds(tree->cgroup);
}

const char *hki_tree_environment(const hki_tree *tree)
{
	return tree->entry[0] == '\0' ? NULL : tree->entry;
}

bool hki_tree_needs_group(const hki_tree *tree)
{
	return tree->level == HK_TREE_GROUP;
}

int hki_tree_events_fd(const hki_tree *tree)
{
	return tree->level == HK_TREE_CGROUP ? hki_cgroup_events_fd(tree->cgroup) : -1;
}

/* ---- its life ---- */

void hki_tree_started(
    hki_tree *tree, const hki_pidref *main, bool leads_group, bool leads_session)
{
	tree->main = main;
	tree->main_pid = main->pid;
	tree->main_start = main->start_ticks;
	tree->leads_group = leads_group || leads_session;
	tree->leads_session = leads_session;
	/* It may be gone before the first look, which would learn this. */
	if (tree->leads_group)
		tree->groups.values[tree->groups.count++] = main->pid;
	if (tree->leads_session)
		tree->sessions.values[tree->sessions.count++] = main->pid;
}

void hki_tree_ended(hki_tree *tree)
{
	tree->ended = true;
}

void hki_tree_detach(hki_tree *tree)
{
	if (tree == NULL)
		return;
	if (tree->level == HK_TREE_KEEPER)
		(void) hki_keeper_request(tree, HKI_KEEPER_DETACH, 0);
	tree->detached = true;
}

void hki_tree_remember(hki_tree *tree)
{
	if (tree->level == HK_TREE_WALK && !tree->ended)
		(void) hki_tree_collect(tree, &tree->remembered);
}
