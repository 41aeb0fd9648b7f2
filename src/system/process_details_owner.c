/*
 * Whose cgroup it is.  systemd names the groups it makes after their units, and
 * engines put the id of a container into the last part that is their own:
 *
 *     /system.slice/nginx.service
 *     /user.slice/user-1000.slice/user@1000.service/app.slice/firefox.service
 *     /system.slice/docker-<64 hex digits>.scope      /docker/<64 hex digits>
 *     /kubepods.slice/…/cri-containerd-<64 hex>.scope  /lxc.payload.web/…
 */
#include <hostkit/system_process_details.h>
#include <string.h>
#include "base/array.h"

enum { CONTAINER, ENGINE, OWNER_UNIT, USER_UNIT, SLICE, SESSION, FIELDS };

/* clang-format off */
#define TEXT(index, member, heading, sentence)                                                    \
	[index] = { .name = #member, .title = heading, .kind = HK_RECORD_STRING, .help = sentence,         \
	    .offset = offsetof(hk_system_cgroup_owner, member) }
static const hk_record_field fields[FIELDS] = {
	TEXT(CONTAINER, container, "container", "id of the container, or its name"),
	TEXT(ENGINE, engine, "engine", "who runs containers there"),
	TEXT(OWNER_UNIT, unit, "unit", "unit of systemd"),
	TEXT(USER_UNIT, user_unit, "unit of the user", "unit of a user's systemd"),
	TEXT(SLICE, slice, "slice", "the innermost slice"),
	TEXT(SESSION, session, "session", "login session"),
};
/* clang-format on */

const hk_record_type hk_system_cgroup_owner_type = {
	.name = "owner",
	.fields = fields,
	.field_count = FIELDS,
	.struct_size = sizeof(hk_system_cgroup_owner),
};

/* A part of the path. */
struct part {
	const char *text;
	size_t length;
};

struct place {
	char *at; /* where the next text goes */
	size_t left;
};

/* Copy and terminate; cut when there is no room. */
static const char *keep(struct place *place, const char *text, size_t length)
{
	char *copy = place->at;

	if (place->left == 0)
		return "";
	if (length >= place->left)
		length = place->left - 1;
	memcpy(copy, text, length);
	copy[length] = '\0';
	place->at += length + 1;
	place->left -= length + 1;
	return copy;
}

static bool begins(const struct part *part, const char *with)
{
	size_t length = strlen(with);

	return part->length >= length && memcmp(part->text, with, length) == 0;
}

static bool ends(const struct part *part, const char *with)
{
	size_t length = strlen(with);

	return part->length > length &&
	       memcmp(part->text + part->length - length, with, length) == 0;
}

/* ---- containers ---- */

static const struct engine {
	const char *prefix; /* of the part, before the id */
	const char *name;
} engines[] = {
	{ "docker-", "docker" },
	{ "libpod-", "podman" },
	{ "cri-containerd-", "containerd" },
	{ "crio-", "cri-o" },
	{ "containerd-", "containerd" },
	{ "nerdctl-", "containerd" },
};

/* Engines whose parts carry a name, not an id. */
static const struct engine named[] = {
	{ "lxc.payload.", "lxc" },
	{ "lxc.monitor.", "lxc" },
	{ "machine-", "machine" },
};

static size_t hex_digits(const char *text, size_t length)
{
	size_t count = 0;

	while (count < length && strchr("0123456789abcdef", text[count]) != NULL &&
	       text[count] != '\0')
		count++;
	return count;
}

#define ID_DIGITS 64

static void take_container(hk_system_cgroup_owner *out, struct place *place,
    const char *id, size_t length, const char *engine)
{
	out->container = keep(place, id, length);
	hk_record_set(&out->record, CONTAINER);
	if (engine == NULL)
		return;
	out->engine = engine;
	hk_record_set(&out->record, ENGINE);
}

/* "PREFIX<id>.scope" or "<id>" alone, which is named after the part before it. */
static bool find_id(hk_system_cgroup_owner *out, struct place *place,
    const struct part *part, const struct part *before)
{
	static const char *const folders[] = { "docker", "kubepods", "lxc", "garden" };

	for (size_t i = 0; i < HKI_COUNT(engines); i++) {
		size_t prefix = strlen(engines[i].prefix);

		if (!begins(part, engines[i].prefix) ||
		    hex_digits(part->text + prefix, part->length - prefix) < ID_DIGITS)
			continue;
		take_container(
		    out, place, part->text + prefix, ID_DIGITS, engines[i].name);
		return true;
	}
	if (part->length != ID_DIGITS || hex_digits(part->text, part->length) < ID_DIGITS)
		return false;
	for (size_t i = 0; i < HKI_COUNT(folders); i++) {
		if (begins(before, folders[i])) {
			take_container(out, place, part->text, part->length, folders[i]);
			return true;
		}
	}
	take_container(out, place, part->text, part->length, NULL);
	return true;
}

static void find_named(hk_system_cgroup_owner *out, struct place *place,
    const struct part *part, const struct part *before)
{
	size_t length = part->length;

	for (size_t i = 0; i < HKI_COUNT(named); i++) {
		size_t prefix = strlen(named[i].prefix);

		if (!begins(part, named[i].prefix) || length == prefix)
			continue;
		if (ends(part, ".scope"))
			length -= strlen(".scope");
		take_container(
		    out, place, part->text + prefix, length - prefix, named[i].name);
		return;
	}
	if (before->length == 3 && begins(before, "lxc"))
		take_container(out, place, part->text, length, "lxc");
}

/* ---- units ---- */

static bool is_unit(const struct part *part)
{
	static const char *const suffixes[] = { ".service", ".scope", ".socket", ".mount",
		".swap" };

	for (size_t i = 0; i < HKI_COUNT(suffixes); i++)
		if (ends(part, suffixes[i]))
			return true;
	return false;
}

/* "session-3.scope" is session 3. */
static void find_session(
    hk_system_cgroup_owner *out, struct place *place, const struct part *part)
{
	size_t prefix = strlen("session-"), suffix = strlen(".scope");

	if (!begins(part, "session-") || !ends(part, ".scope") ||
	    part->length <= prefix + suffix)
		return;
	out->session = keep(place, part->text + prefix, part->length - prefix - suffix);
	hk_record_set(&out->record, SESSION);
}

static void take_part(hk_system_cgroup_owner *out, struct place *place,
    const struct part *part, const struct part *before)
{
	if (ends(part, ".slice")) {
		out->slice = keep(place, part->text, part->length);
		hk_record_set(&out->record, SLICE);
	} else if (is_unit(part) && out->unit == NULL) {
		out->unit = keep(place, part->text, part->length);
		hk_record_set(&out->record, OWNER_UNIT);
		find_session(out, place, part);
	} else if (is_unit(part)) {
		out->user_unit = keep(place, part->text, part->length);
		hk_record_set(&out->record, USER_UNIT);
	}
	if (!find_id(out, place, part, before) && out->container == NULL)
		find_named(out, place, part, before);
}

void hk_system_cgroup_owner_read(hk_system_cgroup_owner *out,
    char text[HK_SYSTEM_CGROUP_OWNER_TEXT_MAX], const char *path)
{
	struct place place = { text, HK_SYSTEM_CGROUP_OWNER_TEXT_MAX };
	struct part before = { "", 0 };

	memset(out, 0, sizeof(*out));
	while (*path != '\0') {
		struct part here = { path, strcspn(path, "/") };

		if (here.length > 0) {
			take_part(out, &place, &here, &before);
			before = here;
		}
		path += here.length + (path[here.length] == '/');
	}
}
