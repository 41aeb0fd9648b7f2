#ifndef HKI_PROCESS_TREE_INTERNAL_H
#define HKI_PROCESS_TREE_INTERNAL_H

#include "base/list.h"
#include "os/pidref.h"
#include "process/keeper_protocol.h"
#include "process/members.h"
#include "process/tree.h"

#define HKI_TREE_VARIABLE "HOSTKIT_TREE"

/* Of the cgroups we make; the maker's PID follows. */
#define HKI_TREE_CGROUP_PREFIX "hostkit-"

/* A tree inside a tree is called OUTER/OWN; deeper than about ten, OUTER is left out. */
#define HKI_TREE_ENTRY_MAX 192

/* Sessions and groups that members were seen to lead: enough for what programs
 * do; of a program that makes more, the first ones are forgotten. */
#define HKI_TREE_IDS_MAX 32

typedef struct hki_tree_ids {
	pid_t values[HKI_TREE_IDS_MAX];
	unsigned int count; /* ever added; the place of the next is count % MAX */
} hki_tree_ids;

struct hki_tree {
	hki_list node; /* in the reaper's list of living trees */
	hk_tree level;
	hk_reaper *reaper;  /* of its loop, while both live; else NULL */
	hki_cgroup *cgroup; /* kills everybody, or only where the program starts */
	unsigned int limits;
	char entry[HKI_TREE_ENTRY_MAX]; /* HOSTKIT_TREE=…, or "" */

	const hki_pidref *main; /* NULL before the start */
	pid_t main_pid;
	uint64_t main_start;
	bool leads_group;
	bool leads_session;
	bool ended;      /* the main process, and it may have been collected since */
	bool group_over; /* the group has nobody left, or its number a new owner */

	hki_tree_ids sessions;
	hki_tree_ids groups;
	hki_members remembered;

	/* HK_TREE_KEEPER */
	int control;
	int news; /* the pipe for the program's end */
	int control_child;
	uint32_t requests;
	hki_pidref keeper;
	bool detached;
	bool exit_came;
	hki_keeper_message exit;
};

/* The roots of the level in force, for hki_members_walk(). */
int hki_tree_find_roots(hki_members *members, void *tree);

/* Everybody alive that belongs to it now.  With members->hold they are stopped. */
int hki_tree_collect(hki_tree *tree, hki_members *members);

/* Does a process below us that nobody waits for belong to it? */
bool hki_tree_owns_orphan(const hki_tree *tree, pid_t pid);

/* The name it has in HOSTKIT_TREE, or "". */
const char *hki_tree_cookie(const hki_tree *tree);

/* What the keeper does for the tree: the count it answers or a negative errno. */
int hki_keeper_request(hki_tree *tree, enum hki_keeper_kind kind, int signal);
/* 0, or -ENOTSUP when there is no keeper program. */
int hki_keeper_prepare(hki_tree *tree);
/* Without an order to leave them, the keeper ends whoever is left; waits for that
 * and collects it. */
void hki_keeper_free(hki_tree *tree);

#endif /* HKI_PROCESS_TREE_INTERNAL_H */
