/*
 * Two texts have to be joined.  /proc/self/cgroup gives our path within each
 * hierarchy; /proc/self/mountinfo says where hierarchies, or parts of them, are
 * mounted.  A mount shows the part below its root, so our directory is the mount
 * point plus what is left of our path when the root is cut off; a mount whose
 * root we are not below does not show us at all.
 */
#include "os/cgroup/find.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/cleanup.h"

/* A host with ten thousand containers has a mountinfo of a few MiB. */
#define TEXT_MAX (16U << 20)

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

void hki_cgroup_unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' &&
		    is_octal(from[2]) && is_octal(from[3])) {
			*to = (char) ((from[1] - '0') * 64 + (from[2] - '0') * 8 +
				      (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* ---- text without copies ---- */

typedef struct slice {
	const char *data;
	size_t length;
} slice;

/* Cut the part before @separator off @rest; the whole rest if there is none.
 * false when nothing is left. */
static bool next_part(slice *part, slice *rest, char separator)
{
	const char *end;

	if (rest->data == NULL)
		return false;
	end = memchr(rest->data, separator, rest->length);
	if (end == NULL) {
		*part = *rest;
		rest->data = NULL;
		return part->length > 0;
	}
	part->data = rest->data;
	part->length = (size_t) (end - rest->data);
	rest->length -= part->length + 1;
	rest->data = end + 1;
	return true;
}

static bool slice_is(slice part, const char *text)
{
	return part.length == strlen(text) && memcmp(part.data, text, part.length) == 0;
}

/* Is @word one of the words of the comma-separated @list? */
static bool list_has(slice list, const char *word)
{
	slice part;

	while (next_part(&part, &list, ','))
		if (slice_is(part, word))
			return true;
	return false;
}

/* ---- one line of mountinfo ---- */

typedef struct mount_line {
	slice root;
	slice point;
	slice type;
	slice super_options; /* on v1: the controllers */
} mount_line;

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [OPTIONAL…] - TYPE SOURCE SUPER" */
static bool split_mount(mount_line *out, slice line)
{
	slice skipped;

	for (int i = 0; i < 3; i++)
		if (!next_part(&skipped, &line, ' '))
			return false;
	if (!next_part(&out->root, &line, ' ') || !next_part(&out->point, &line, ' '))
		return false;
	do
		if (!next_part(&skipped, &line, ' '))
			return false;
	while (!slice_is(skipped, "-"));
	return next_part(&out->type, &line, ' ') && next_part(&skipped, &line, ' ') &&
	       next_part(&out->super_options, &line, ' ');
}

static bool mount_carries(const mount_line *mount, const char *controller)
{
	if (controller == NULL)
		return slice_is(mount->type, "cgroup2");
	return slice_is(mount->type, "cgroup") &&
	       list_has(mount->super_options, controller);
}

/* ---- our path in a hierarchy ---- */

/* "ID:CONTROLLERS:PATH"; the v2 hierarchy is "0::PATH".  Owned, or NULL. */
static int own_path(char **out, const char *cgroup, const char *controller)
{
	slice rest = { cgroup, strlen(cgroup) };
	slice line;

	while (next_part(&line, &rest, '\n')) {
		slice id, controllers, path = line;

		if (!next_part(&id, &path, ':') || !next_part(&controllers, &path, ':') ||
		    path.data == NULL || path.length == 0 || path.data[0] != '/')
			continue;
		if (controller == NULL ? !slice_is(id, "0") || controllers.length != 0
				       : !list_has(controllers, controller))
			continue;
		*out = hki_strndup(path.data, path.length);
		return *out == NULL ? -ENOMEM : 0;
	}
	*out = NULL;
	return 0;
}

/* What of @path lies below @root: "" or "/…", or NULL when it does not. */
static const char *below(const char *root, const char *path)
{
	size_t length = strlen(root);

	/* "/..": beyond the root of our cgroup namespace, so nowhere. */
	if (strncmp(path, "/..", 3) == 0 && (path[3] == '/' || path[3] == '\0'))
		return NULL;
	if (strcmp(root, "/") == 0)
		return strcmp(path, "/") == 0 ? "" : path;
	if (strncmp(path, root, length) != 0)
		return NULL;
	return path[length] == '\0' || path[length] == '/' ? path + length : NULL;
}

/*
 * Our directory on the hierarchy with @controller (NULL: v2), or NULL.  A later
 * line wins: it may be mounted over an earlier one.
 */
static int find_place(char **out, char **out_mount, const char *mountinfo,
    const char *cgroup, const char *controller)
{
	hki_cleanup(hki_freep) char *path = NULL;
	hki_cleanup(hki_freep) char *place = NULL;
	hki_cleanup(hki_freep) char *mount = NULL;
	slice rest = { mountinfo, strlen(mountinfo) };
	slice line;
	int r = own_path(&path, cgroup, controller);

	if (r < 0)
		return r;
	while (path != NULL && next_part(&line, &rest, '\n')) {
		hki_cleanup(hki_freep) char *root = NULL;
		hki_cleanup(hki_freep) char *point = NULL;
		const char *tail;
		mount_line found;

		if (!split_mount(&found, line) || !mount_carries(&found, controller))
			continue;
		root = hki_strndup(found.root.data, found.root.length);
		point = hki_strndup(found.point.data, found.point.length);
		if (root == NULL || point == NULL)
			return -ENOMEM;
		hki_cgroup_unescape(root);
		hki_cgroup_unescape(point);
		tail = below(root, path);
		if (tail == NULL || point[0] != '/')
			continue;
		hki_free(place);
		hki_free(mount);
		mount = NULL;
		place = hki_format("%s%s", point, tail);
		if (place == NULL)
			return -ENOMEM;
		mount = hki_take(point);
	}
	*out = hki_take(place);
	if (out_mount != NULL)
		*out_mount = hki_take(mount);
	return 0;
}

int hki_cgroup_places_parse(
    hki_cgroup_places *out, const char *mountinfo, const char *cgroup)
{
	hki_cleanup(hki_cgroup_places_deinit)
	    hki_cgroup_places places = { .unified = NULL };
	int r =
	    find_place(&places.unified, &places.unified_mount, mountinfo, cgroup, NULL);

	if (r < 0 ||
	    (r = find_place(&places.memory, NULL, mountinfo, cgroup, "memory")) < 0 ||
	    (r = find_place(&places.pids, NULL, mountinfo, cgroup, "pids")) < 0 ||
	    (r = find_place(&places.cpu, NULL, mountinfo, cgroup, "cpu")) < 0)
		return r;
	*out = places;
	places = (hki_cgroup_places){ .unified = NULL };
	return 0;
}

void hki_cgroup_places_deinit(hki_cgroup_places *places)
{
	hki_free(places->unified);
	hki_free(places->unified_mount);
	hki_free(places->memory);
	hki_free(places->pids);
	hki_free(places->cpu);
	*places = (hki_cgroup_places){ .unified = NULL };
}

/* ---- ourselves ---- */

static int read_text(hki_buffer *out, const char *path)
{
	hki_cleanup(hki_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (out->length < TEXT_MAX) {
		int r = hki_buffer_reserve(out, 8192);
		ssize_t n;

		if (r < 0)
			return r;
		n = read(fd, out->data + out->length, 8192);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		hki_buffer_commit(out, (size_t) n);
	}
	return HK_ELIMIT;
}

int hki_cgroup_places_read(hki_cgroup_places *out)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer mountinfo = HKI_BUFFER_INIT;
	hki_cleanup(hki_buffer_deinitp) hki_buffer cgroup = HKI_BUFFER_INIT;
	int r = read_text(&mountinfo, "/proc/self/mountinfo");

	if (r < 0 || (r = read_text(&cgroup, "/proc/self/cgroup")) < 0)
		return r;
	return hki_cgroup_places_parse(out, mountinfo.data == NULL ? "" : mountinfo.data,
	    cgroup.data == NULL ? "" : cgroup.data);
}
