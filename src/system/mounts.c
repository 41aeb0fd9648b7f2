/*
 * The mounts of our namespace, and which of them a person wants to see.
 *
 * The same file system may be mounted many times (bind mounts, containers), and a
 * mount may lie under another where no path leads to it any more.  Shown is one
 * mount a file system, of those that can be reached: the one that shows all of
 * it, with the shortest path.
 *
 * What covers what follows from the tree alone: a mount is out of reach when
 * another one of the same parent stands on a directory above it, or when its
 * parent is out of reach; and it is covered when something is mounted on its root.
 */
#include "system/mounts.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/map.h"
#include "os/cgroup/find.h"
#include "system/system_internal.h"

/* Without space of their own, or (autofs) not to be touched: a look would mount. */
static const char *const without_space[] = { "autofs", "binder", "binfmt_misc", "bpf",
	"cgroup", "cgroup2", "configfs", "debugfs", "devpts", "efivarfs", "fusectl",
	"hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "resctrl", "rootfs",
	"rpc_pipefs", "securityfs", "selinuxfs", "smackfs", "sysfs", "tracefs" };

/* These know their space without asking a server, a program or another file system. */
static const char *const prompt_types[] = { "btrfs", "devtmpfs", "erofs", "exfat", "ext2",
	"ext3", "ext4", "f2fs", "hfsplus", "iso9660", "jfs", "minix", "msdos", "ntfs3",
	"ramfs", "reiserfs", "squashfs", "tmpfs", "udf", "vfat", "xfs" };

/* A walk up that is longer than this goes round in circles. */
#define DEPTH_MAX 4096

static bool is_one_of(const char *type, const char *const *types, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

bool hki_mount_has_option(const char *options, const char *option)
{
	hki_scan rest = hki_scan_text(options);
	hki_scan word;

	while (hki_scan_until(&word, &rest, ','))
		if (hki_scan_is(word, option))
			return true;
	return false;
}

bool hki_used_percent(uint64_t *out, uint64_t used, uint64_t free)
{
	uint64_t all, hundredfold;

	if (__builtin_add_overflow(used, free, &all) || all == 0)
		return false;
	if (__builtin_mul_overflow(used, UINT64_C(100), &hundredfold)) {
		/* Beyond 160 PiB of bytes a unit that large is exact enough. */
		used >>= 10;
		all >>= 10;
		hundredfold = used * 100;
	}
	*out = hundredfold / all + (hundredfold % all != 0);
	return true;
}

void hki_mounts_deinit(hki_mounts *mounts)
{
	hki_buffer_deinit(&mounts->known);
	hki_buffer_deinit(&mounts->text);
	hki_free(mounts->items);
	*mounts = (hki_mounts){ .items = NULL };
}

/* ---- lines ---- */

/* The next field as a string of its own, decoded where it stands. */
static const char *take_field(char **rest)
{
	char *field = *rest;
	char *end;

	if (field == NULL)
		return NULL;
	end = strchr(field, ' ');
	if (end != NULL)
		*end++ = '\0';
	*rest = end;
	hki_cgroup_unescape(field);
	return field;
}

static bool take_number(uint64_t *out, char **rest)
{
	const char *field = take_field(rest);
	hki_scan scan = hki_scan_text(field != NULL ? field : "");

	return hki_scan_number(out, &scan) && scan.at == scan.end;
}

static bool take_device(hki_mount *mount, char **rest)
{
	const char *field = take_field(rest);
	hki_scan scan = hki_scan_text(field != NULL ? field : "");

	return hki_scan_number(&mount->device_major, &scan) &&
	       hki_scan_skip(&scan, ":") && hki_scan_number(&mount->device_minor, &scan);
}

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [OPTIONAL…] - TYPE SOURCE SUPER" */
static bool parse_line(hki_mount *out, char *line)
{
	hki_mount mount = { .id = 0 };
	const char *field;

	if (!take_number(&mount.id, &line) || !take_number(&mount.parent, &line) ||
	    !take_device(&mount, &line))
		return false;
	mount.root = take_field(&line);
	mount.point = take_field(&line);
	mount.options = take_field(&line);
	do
		field = take_field(&line);
	while (field != NULL && strcmp(field, "-") != 0);
	mount.type = take_field(&line);
	mount.source = take_field(&line);
	mount.super_options = take_field(&line);
	if (mount.source == NULL || mount.super_options == NULL || mount.point[0] != '/')
		return false;
	*out = mount;
	return true;
}

static int parse_lines(hki_mounts *mounts)
{
	char *rest = mounts->text.data;

	while (rest != NULL && *rest != '\0') {
		char *line = rest;
		hki_mount mount;
		int r;

		rest = strchr(line, '\n');
		if (rest != NULL)
			*rest++ = '\0';
		if (!parse_line(&mount, line))
			continue;
		mount.holds =
		    !is_one_of(mount.type, without_space, HKI_COUNT(without_space));
		r = hki_grow((void **) &mounts->items, &mounts->capacity,
		    mounts->count + 1, sizeof(*mounts->items));
		if (r < 0)
			return r;
		mounts->items[mounts->count++] = mount;
	}
	return 0;
}

/* ---- what is reached ---- */

typedef struct mount_tree {
	hki_mounts *mounts;
	hki_map by_id;         /* mount */
	hki_name_map by_place; /* "PARENT PATH" */
	hki_buffer key;
} mount_tree;

static int place_key(mount_tree *tree, uint64_t parent, const char *path, size_t length)
{
	hki_buffer_truncate(&tree->key, 0);
	return hki_buffer_append_format(
	    &tree->key, "%llu %.*s", (unsigned long long) parent, (int) length, path);
}

static int plant(mount_tree *tree)
{
	for (size_t i = 0; i < tree->mounts->count; i++) {
		hki_mount *mount = &tree->mounts->items[i];
		int r = hki_map_put(&tree->by_id, mount->id, mount);

		if (r < 0 ||
		    (r = place_key(
			 tree, mount->parent, mount->point, strlen(mount->point))) < 0 ||
		    (r = hki_name_map_put(&tree->by_place, tree->key.data, mount)) < 0)
			return r;
	}
	return 0;
}

/* Does one of its parent's other mounts stand above it?  1, 0, -ENOMEM. */
static int is_under_sibling(mount_tree *tree, const hki_mount *mount)
{
	size_t length = strlen(mount->point);

	while (length > 1) {
		int r;

		do
			length--;
		while (length > 0 && mount->point[length] != '/');
		r = place_key(tree, mount->parent, mount->point, length > 0 ? length : 1);
		if (r < 0)
			return r;
		if (hki_name_map_get(&tree->by_place, tree->key.data) != NULL)
			return 1;
	}
	return 0;
}

/* Is something mounted on its root?  1, 0, -ENOMEM. */
static int is_covered(mount_tree *tree, const hki_mount *mount)
{
	const hki_mount *on_top;
	int r = place_key(tree, mount->id, mount->point, strlen(mount->point));

	if (r < 0)
		return r;
	on_top = hki_name_map_get(&tree->by_place, tree->key.data);
	return on_top != NULL && on_top != mount;
}

/* From the mount up to the root: is it reached, and does every step answer at once? */
static int judge(mount_tree *tree, hki_mount *mount)
{
	const hki_mount *step = mount;
	int r = is_covered(tree, mount);

	if (r < 0)
		return r;
	mount->visible = r == 0;
	mount->prompt = is_one_of(mount->type, prompt_types, HKI_COUNT(prompt_types));
	for (int depth = 0; step != NULL && depth < DEPTH_MAX; depth++) {
		const hki_mount *parent;

		r = is_under_sibling(tree, step);
		if (r < 0)
			return r;
		mount->visible &= r == 0;
		mount->prompt &=
		    is_one_of(step->type, prompt_types, HKI_COUNT(prompt_types)) ||
		    (step != mount && !step->holds && strcmp(step->type, "autofs") != 0);
		parent = hki_map_get(&tree->by_id, step->parent);
		step = parent != step ? parent : NULL;
	}
	return 0;
}

static bool is_better(const hki_mount *a, const hki_mount *b)
{
	bool whole_a = strcmp(a->root, "/") == 0;
	bool whole_b = strcmp(b->root, "/") == 0;

	if (whole_a != whole_b)
		return whole_a;
	return strlen(a->point) < strlen(b->point);
}

/* One mount a file system. */
static int choose(mount_tree *tree)
{
	hki_map by_device = { NULL, 0, 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < tree->mounts->count; i++) {
		hki_mount *mount = &tree->mounts->items[i];
		uint64_t device = mount->device_major << 32 ^ mount->device_minor;
		hki_mount *known = hki_map_get(&by_device, device);

		if (!mount->visible || !mount->holds ||
		    (known != NULL && !is_better(mount, known)))
			continue;
		if (known != NULL)
			known->chosen = false;
		mount->chosen = true;
		r = hki_map_put(&by_device, device, mount);
	}
	hki_map_deinit(&by_device);
	return r;
}

static int judge_all(hki_mounts *mounts)
{
	mount_tree tree = { .mounts = mounts };
	int r = plant(&tree);

	for (size_t i = 0; r == 0 && i < mounts->count; i++)
		r = judge(&tree, &mounts->items[i]);
	if (r == 0)
		r = choose(&tree);
	hki_map_deinit(&tree.by_id);
	hki_name_map_deinit(&tree.by_place);
	hki_buffer_deinit(&tree.key);
	return r;
}

int hki_mounts_parse(hki_mounts *mounts, hki_scan text)
{
	size_t length = hki_scan_length(text);
	int r;

	if (mounts->count > 0 && mounts->known.length == length &&
	    memcmp(mounts->known.data, text.at, length) == 0)
		return 1;
	mounts->count = 0;
	hki_buffer_truncate(&mounts->known, 0);
	hki_buffer_truncate(&mounts->text, 0);
	if ((r = hki_buffer_append(&mounts->known, text.at, length)) < 0 ||
	    (r = hki_buffer_append(&mounts->text, text.at, length)) < 0 ||
	    (r = parse_lines(mounts)) < 0 || (r = judge_all(mounts)) < 0)
		mounts->count = 0;
	return r < 0 ? r : 0;
}
