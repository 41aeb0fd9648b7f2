/*
 * The child's environment: what we have (unless cleared), then files, then what
 * is set, then what is unset; a later word wins and takes the earlier one's place.
 *
 * Most starts change nothing and happen at once, so the plain case is our own, not
 * copied.  Only when something is set or unset are entries found by name, through a map,
 * since files may bring any number of them.
 */
#include "process/spawn_plan.h"

#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error_list.h"
#include "base/map.h"

typedef struct entry {
	const char *text; /* NULL: unset again */
	char *owned;      /* the same, if it is ours to release */
} entry;

typedef struct builder {
	entry *entries;
	size_t count;
	size_t capacity;
	hki_name_map by_name; /* name -> index + 1 */
	bool named;           /* the map is in use */
} builder;

static void builder_deinit(builder *b)
{
	for (size_t i = 0; i < b->count; i++)
		hki_free(b->entries[i].owned);
	hki_free(b->entries);
	hki_name_map_deinit(&b->by_name);
}

static int append(builder *b, const char *text, char *owned)
{
	if (b->count == b->capacity) {
		size_t capacity = b->capacity == 0 ? 64 : b->capacity * 2;
		entry *entries =
		    hki_realloc_array(b->entries, capacity, sizeof(*entries));

		if (entries == NULL)
			return -ENOMEM;
		b->entries = entries;
		b->capacity = capacity;
	}
	b->entries[b->count].text = text;
	b->entries[b->count].owned = owned;
	b->count++;
	return 0;
}

static char *name_of(const char *text)
{
	return hki_strndup(text, strcspn(text, "="));
}

static entry *find(builder *b, const char *name)
{
	uintptr_t index = (uintptr_t) hki_name_map_get(&b->by_name, name);

	return index == 0 ? NULL : &b->entries[index - 1];
}

/* Put @text, in place of the entry of that name if @replace.  @owned is Taken. */
static int put(builder *b, const char *text, char *owned, bool replace)
{
	hki_cleanup(hki_freep) char *mine = owned;
	hki_cleanup(hki_freep) char *name = NULL;
	entry *old;
	int r;

	if (b->named) {
		name = name_of(text);
		if (name == NULL)
			return -ENOMEM;
		old = find(b, name);
		if (old != NULL && !replace)
			return 0;
		if (old != NULL) {
			hki_free(old->owned);
			old->text = text;
			old->owned = hki_take(mine);
			return 0;
		}
	}
	r = append(b, text, mine);
	if (r < 0)
		return r;
	mine = NULL;
	if (!b->named)
		return 0;
	/* On failure the whole environment is given up, so the entry may stay. */
	return hki_name_map_put(&b->by_name, name, (void *) (uintptr_t) b->count);
}

/* The first of two entries of one name counts, as for getenv(3). */
static int inherit(builder *b)
{
	int r = 0;

	for (char **text = environ; text != NULL && *text != NULL && r == 0; text++)
		r = put(b, *text, NULL, false);
	return r;
}

static int add_from_file(char *text, void *user)
{
	return put(user, text, text, true);
}

static int add_files(
    hki_plan *plan, builder *b, const hk_process_opts *opts, hk_error_list *errors)
{
	int first = 0;

	for (const char *const *path = opts->env_files; path != NULL && *path != NULL;
	     path++) {
		int r = hki_env_file_read(*path, add_from_file, b, errors);

		if (r < 0 && first == 0)
			first = r;
	}
	if (first < 0)
		plan->failed_step = HKI_STEP_ENV_FILE;
	return first;
}

static int set_entries(
    hki_plan *plan, builder *b, const hk_process_opts *opts, hk_error_list *errors)
{
	for (const char *const *text = opts->env; text != NULL && *text != NULL; text++) {
		const char *equals = strchr(*text, '=');

		if (equals == NULL || equals == *text)
			return hki_plan_fail(plan, HKI_STEP_ENV, -EINVAL, errors,
			    "'%s' is not of the form NAME=VALUE", *text);
		if (put(b, *text, NULL, true) < 0)
			return hki_plan_fail(
			    plan, HKI_STEP_ENV, -ENOMEM, errors, "'%s'", *text);
	}
	for (const char *const *name = opts->env_unset; name != NULL && *name != NULL;
	     name++) {
		entry *old;

		if (**name == '\0' || strchr(*name, '=') != NULL)
			return hki_plan_fail(plan, HKI_STEP_ENV, -EINVAL, errors,
			    "'%s' is not the name of a variable", *name);
		old = find(b, *name);
		if (old != NULL)
			old->text = NULL;
	}
	return 0;
}

/* Only what is set, with the tree's entry last and no other of its name. */
static int finish(hki_plan *plan, builder *b, const char *tree_entry)
{
	size_t name_length = tree_entry == NULL ? 0 : strcspn(tree_entry, "=") + 1;
	hki_cleanup(hki_freep) const char **texts =
	    hki_alloc_array(b->count + 1, sizeof(*texts));
	size_t count = 0;

	if (texts == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < b->count; i++) {
		const char *text = b->entries[i].text;

		if (text == NULL)
			continue;
		if (tree_entry != NULL && strncmp(text, tree_entry, name_length) == 0)
			continue;
		texts[count++] = text;
	}
	if (tree_entry != NULL)
		texts[count++] = tree_entry;
	plan->environment_block = hki_strings_copy(texts, count);
	plan->environment = plan->environment_block;
	return plan->environment == NULL ? -ENOMEM : 0;
}

/* Ours as it is, for a start that happens before this call of the caller returns. */
static bool is_just_ours(
    const hk_process_opts *opts, const builder *b, const char *tree_entry)
{
	return !b->named && (opts->flags & HK_PROCESS_CLEAR_ENV) == 0 &&
	       tree_entry == NULL && opts->spawner == NULL && environ != NULL;
}

int hki_plan_environment(hki_plan *plan, const hk_process_opts *opts,
    const char *tree_entry, hk_error_list *errors)
{
	hki_cleanup(builder_deinit) builder b = {
		.named = opts->env_files != NULL || opts->env != NULL ||
			 opts->env_unset != NULL,
	};
	int r;

	if (is_just_ours(opts, &b, tree_entry)) {
		plan->environment = environ;
		return 0;
	}
	if ((opts->flags & HK_PROCESS_CLEAR_ENV) == 0 && inherit(&b) < 0)
		return hki_plan_fail(
		    plan, HKI_STEP_ENV, -ENOMEM, errors, "our own environment");
	if ((r = add_files(plan, &b, opts, errors)) < 0 ||
	    (r = set_entries(plan, &b, opts, errors)) < 0)
		return r;
	if (finish(plan, &b, tree_entry) < 0)
		return hki_plan_fail(
		    plan, HKI_STEP_ENV, -ENOMEM, errors, "the child's environment");
	return 0;
}

const char *hki_environment_get(char *const *environment, const char *name)
{
	size_t length = strlen(name);

	for (; *environment != NULL; environment++)
		if (strncmp(*environment, name, length) == 0 &&
		    (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}
