/*
 * Who the program runs as: names become numbers here, since looking them up may
 * read files, ask daemons and allocate, none of which the child may do.
 *
 * A change of user never keeps the caller's supplementary groups by accident:
 * they become the user's own, or those listed, or none.
 */
#include "process/spawn_plan.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/quantity.h"

/* Entries are a few hundred bytes; a group may list thousands of members. */
#define ENTRY_BYTES_FIRST 1024
#define ENTRY_BYTES_MAX   (4U << 20)

typedef struct account {
	bool known; /* has an entry: name and gid hold */
	uid_t uid;
	gid_t gid;
	char *name;
} account;

static void account_deinit(account *a)
{
	hki_free(a->name);
}

/* One of the get…_r functions, with a buffer that grows until the entry fits.
 * 1 found, 0 not, or a negative errno. */
static int look_up(int (*get)(const void *key, void *out, char *room, size_t bytes),
    const void *key, void *out)
{
	for (size_t bytes = ENTRY_BYTES_FIRST; bytes <= ENTRY_BYTES_MAX; bytes *= 4) {
		hki_cleanup(hki_freep) char *room = hki_alloc(bytes);
		int r = room == NULL ? -ENOMEM : get(key, out, room, bytes);

		if (r != -ERANGE)
			return r;
	}
	return -ERANGE;
}

/* libc tells "no such entry" in several ways, see getpwnam_r(3). */
static int found(const void *entry, int error)
{
	if (entry != NULL)
		return 1;
	if (error == 0 || error == ENOENT || error == ESRCH || error == EBADF ||
	    error == EPERM)
		return 0;
	return -error;
}

static int take_account(account *out, const struct passwd *entry)
{
	out->name = hki_strdup(entry->pw_name);
	if (out->name == NULL)
		return -ENOMEM;
	out->known = true;
	out->uid = entry->pw_uid;
	out->gid = entry->pw_gid;
	return 1;
}

static int get_user_by_name(const void *key, void *out, char *room, size_t bytes)
{
	struct passwd entry;
	struct passwd *result = NULL;
	int r = getpwnam_r(key, &entry, room, bytes, &result);

	r = found(result, r);
	return r == 1 ? take_account(out, &entry) : r;
}

static int get_user_by_id(const void *key, void *out, char *room, size_t bytes)
{
	struct passwd entry;
	struct passwd *result = NULL;
	int r = getpwuid_r(*(const uid_t *) key, &entry, room, bytes, &result);

	r = found(result, r);
	return r == 1 ? take_account(out, &entry) : r;
}

static int get_group_by_name(const void *key, void *out, char *room, size_t bytes)
{
	struct group entry;
	struct group *result = NULL;
	int r = getgrnam_r(key, &entry, room, bytes, &result);

	r = found(result, r);
	if (r == 1)
		*(gid_t *) out = entry.gr_gid;
	return r;
}

/* A number that may be an id: (uint32_t) -1 means "leave it" to the kernel. */
static bool parse_id(uint32_t *out, const char *text)
{
	uint64_t number;

	if (hki_uint64_parse(&number, text) < 0 || number >= UINT32_MAX)
		return false;
	*out = (uint32_t) number;
	return true;
}

/* By name first, as chown(1) does: a name may look like a number. */
static int find_user(
    hki_plan *plan, account *out, const char *user, hk_error_list *errors)
{
	uint32_t id;
	int r = look_up(get_user_by_name, user, out);

	if (r == 0 && parse_id(&id, user)) {
		out->uid = id;
		r = look_up(get_user_by_id, &id, out);
		return r < 0 ? hki_plan_fail(plan, HKI_STEP_UID, r, errors, "'%s'", user)
			     : 0;
	}
	if (r == 0)
		return hki_plan_fail(
		    plan, HKI_STEP_UID, -ENOENT, errors, "no such user '%s'", user);
	return r < 0 ? hki_plan_fail(plan, HKI_STEP_UID, r, errors, "'%s'", user) : 0;
}

static int find_group(
    hki_plan *plan, uint32_t *out, const char *group, hk_error_list *errors)
{
	gid_t gid;
	int r = look_up(get_group_by_name, group, &gid);

	if (r == 1) {
		*out = gid;
		return 0;
	}
	if (r < 0)
		return hki_plan_fail(plan, HKI_STEP_GID, r, errors, "'%s'", group);
	if (parse_id(out, group))
		return 0;
	return hki_plan_fail(
	    plan, HKI_STEP_GID, -ENOENT, errors, "no such group '%s'", group);
}

/* Every group of the account, @gid first. */
static int take_account_groups(hki_plan *plan, const account *a)
{
	int count = 32;

	for (;;) {
		hki_cleanup(hki_freep) gid_t *groups =
		    hki_alloc_array((size_t) count, sizeof(*groups));
		int room = count;

		if (groups == NULL)
			return -ENOMEM;
		if (getgrouplist(a->name, plan->gid, groups, &count) >= 0) {
			plan->groups = hki_take(groups);
			plan->group_count = (size_t) count;
			return 0;
		}
		if (count <= room)
			count = room * 2;
		if (count > 65536) /* NGROUPS_MAX */
			return -E2BIG;
	}
}

static int take_listed_groups(hki_plan *plan, const hk_process_opts *opts)
{
	plan->groups = hki_alloc_array(
	    opts->group_count == 0 ? 1 : opts->group_count, sizeof(uint32_t));
	if (plan->groups == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < opts->group_count; i++)
		plan->groups[i] = opts->groups[i];
	plan->group_count = opts->group_count;
	return 0;
}

/* The user and what follows from it. */
static int take_user(
    hki_plan *plan, account *a, const hk_process_opts *opts, hk_error_list *errors)
{
	if (opts->user != NULL && (opts->flags & HK_PROCESS_SET_UID) != 0)
		return hki_plan_fail(plan, HKI_STEP_OPTIONS, -EINVAL, errors,
		    "give the user or the uid, not both");
	if (opts->group != NULL && (opts->flags & HK_PROCESS_SET_GID) != 0)
		return hki_plan_fail(plan, HKI_STEP_OPTIONS, -EINVAL, errors,
		    "give the group or the gid, not both");
	if ((opts->flags & HK_PROCESS_SET_UID) != 0) {
		plan->uid = opts->uid;
		plan->todo |= HKI_TODO_UID;
	}
	if (opts->user != NULL) {
		int r = find_user(plan, a, opts->user, errors);

		if (r < 0)
			return r;
		plan->uid = a->uid;
		plan->gid = a->gid;
		plan->todo |= HKI_TODO_UID | (a->known ? (uint32_t) HKI_TODO_GID : 0U);
	}
	return 0;
}

static int take_group(hki_plan *plan, const hk_process_opts *opts, hk_error_list *errors)
{
	if (opts->group != NULL) {
		int r = find_group(plan, &plan->gid, opts->group, errors);

		if (r < 0)
			return r;
		plan->todo |= HKI_TODO_GID;
	}
	if ((opts->flags & HK_PROCESS_SET_GID) != 0) {
		plan->gid = opts->gid;
		plan->todo |= HKI_TODO_GID;
	}
	if (opts->user != NULL && (plan->todo & HKI_TODO_GID) == 0)
		return hki_plan_fail(plan, HKI_STEP_UID, -ENOENT, errors,
		    "user id %s has no account that would tell its group: name the group "
		    "too",
		    opts->user);
	return 0;
}

static int take_groups(
    hki_plan *plan, const account *a, const hk_process_opts *opts, hk_error_list *errors)
{
	int r = 0;

	if ((opts->flags & HK_PROCESS_SET_GROUPS) != 0)
		r = take_listed_groups(plan, opts);
	else if ((plan->todo & HKI_TODO_UID) == 0)
		return 0;
	else if (a->known)
		r = take_account_groups(plan, a);
	if (r < 0)
		return hki_plan_fail(
		    plan, HKI_STEP_GROUPS, r, errors, "the supplementary groups");
	plan->todo |= HKI_TODO_GROUPS;
	return 0;
}

/* Who asks to be what he is already needs no privilege for it. */
static void drop_no_change(hki_plan *plan, const hk_process_opts *opts)
{
	uid_t uid[3];
	gid_t gid[3];

	if ((plan->todo & HKI_TODO_UID) == 0 || geteuid() == 0 ||
	    (opts->flags & HK_PROCESS_SET_GROUPS) != 0)
		return;
	if (getresuid(&uid[0], &uid[1], &uid[2]) < 0 ||
	    getresgid(&gid[0], &gid[1], &gid[2]) < 0)
		return;
	for (int i = 0; i < 3; i++) {
		if (uid[i] != plan->uid)
			return;
		if ((plan->todo & HKI_TODO_GID) != 0 && gid[i] != plan->gid)
			return;
	}
	plan->todo &= ~(uint32_t) (HKI_TODO_UID | HKI_TODO_GID | HKI_TODO_GROUPS);
}

int hki_plan_credentials(
    hki_plan *plan, const hk_process_opts *opts, hk_error_list *errors)
{
	hki_cleanup(account_deinit) account a = { 0 };
	int r;

	if ((r = take_user(plan, &a, opts, errors)) < 0 ||
	    (r = take_group(plan, opts, errors)) < 0 ||
	    (r = take_groups(plan, &a, opts, errors)) < 0)
		return r;
	drop_no_change(plan, opts);
	return 0;
}
