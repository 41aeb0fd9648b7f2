/*
 * Space of file systems, in df's terms: what is reserved for root counts neither
 * as used nor as available, and the percentage is of what others can use, rounded
 * up, so that 100 % means full.
 *
 * File systems that know their space (and lie below nothing else) are asked
 * directly; what a server, a program or another file system answers for is asked
 * by somebody else, with a deadline.  One that does not answer keeps its
 * last figures, marked with their age.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "system/mounts.h"
#include "system/space.h"
#include "system/system_internal.h"

/* What is known about the space of one of the mounts shown. */
typedef struct figure {
	uint64_t mount_id;
	uint64_t device;
	bool known;
	uint64_t taken_ns;
	struct statfs space;
	int result; /* of the latest question */
} figure;

typedef struct figures_list {
	figure *items;
	size_t count;
	size_t capacity;
} figures_list;

typedef struct filesystems_state {
	hki_host_file mountinfo;
	hki_mounts mounts;
	figures_list shown;  /* in the order of the mounts chosen */
	figures_list before; /* while the list is made anew */
	hki_space *space;
	hki_space_question *questions;
	size_t question_capacity;
	hk_system_filesystem *records;
	size_t record_count;
	size_t record_capacity;
} filesystems_state;

/* ---- the list ---- */

/* @hint is where it most likely is: mounts keep their order. */
static const figure *find_figures(
    const figures_list *list, const hki_mount *mount, size_t hint)
{
	uint64_t device = mount->device_major << 32 ^ mount->device_minor;

	for (size_t i = 0; i < list->count; i++) {
		const figure *known = &list->items[(hint + i) % list->count];

		if (known->mount_id == mount->id && known->device == device)
			return known;
	}
	return NULL;
}

/* The mounts have changed: keep the figures of those that are still there. */
static int renew(filesystems_state *state)
{
	figures_list swapped = state->before;
	size_t hint = 0;

	state->before = state->shown;
	state->shown = swapped;
	state->shown.count = 0;
	for (size_t i = 0; i < state->mounts.count; i++) {
		const hki_mount *mount = &state->mounts.items[i];
		const figure *before;
		figure *now;
		int r;

		if (!mount->chosen)
			continue;
		r = hki_grow((void **) &state->shown.items, &state->shown.capacity,
		    state->shown.count + 1, sizeof(*now));
		if (r < 0)
			return r;
		before = find_figures(&state->before, mount, hint);
		hint =
		    before != NULL ? (size_t) (before - state->before.items) + 1 : hint;
		now = &state->shown.items[state->shown.count++];
		*now = before != NULL ? *before : (figure){ .known = false };
		now->mount_id = mount->id;
		now->device = mount->device_major << 32 ^ mount->device_minor;
	}
	return 0;
}

/* ---- asking ---- */

static void take_answer(figure *figures, int result, const struct statfs *space)
{
	figures->result = result;
	if (result < 0)
		return;
	figures->space = *space;
	figures->known = true;
	figures->taken_ns = hki_clock_monotonic_ns();
}

static int ask_the_slow(hk_system *system, filesystems_state *state, size_t count)
{
	size_t question = 0;
	size_t shown = 0;
	int r = 0;

	if (count == 0)
		return 0;
	if (state->space == NULL && (r = hki_space_new(&state->space)) < 0)
		return r;
	r = hki_space_ask(state->space, state->questions, count, system->deadline_ns);
	if (r < 0)
		return r;
	for (size_t i = 0; i < state->mounts.count; i++) {
		const hki_mount *mount = &state->mounts.items[i];

		if (!mount->chosen)
			continue;
		if (!mount->prompt) {
			take_answer(&state->shown.items[shown],
			    state->questions[question].result,
			    &state->questions[question].answer);
			question++;
		}
		shown++;
	}
	return 0;
}

static int ask(hk_system *system, filesystems_state *state)
{
	size_t slow = 0;
	size_t shown = 0;
	int r = hki_grow((void **) &state->questions, &state->question_capacity,
	    state->shown.count, sizeof(*state->questions));

	if (r < 0)
		return r;
	for (size_t i = 0; i < state->mounts.count; i++) {
		const hki_mount *mount = &state->mounts.items[i];
		struct statfs space;

		if (!mount->chosen)
			continue;
		if (mount->prompt)
			take_answer(&state->shown.items[shown],
			    statfs(mount->point, &space) < 0 ? -errno : 0, &space);
		else
			state->questions[slow++] =
			    (hki_space_question){ .path = mount->point };
		shown++;
	}
	return ask_the_slow(system, state, slow);
}

/* ---- records ---- */

static uint64_t unit_of(const struct statfs *space)
{
	return (uint64_t) (space->f_frsize != 0 ? space->f_frsize : space->f_bsize);
}

static uint64_t bytes_of(uint64_t blocks, const struct statfs *space)
{
	return __builtin_mul_overflow(blocks, unit_of(space), &blocks) ? UINT64_MAX
								       : blocks;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static void fill_space(hk_system_filesystem *record, const struct statfs *space)
{
	uint64_t used = less(space->f_blocks, space->f_bfree);
	uint64_t percent;

	/* Also when the kernel gave up writing after an error, which no mount tells. */
	if ((space->f_flags & ST_RDONLY) != 0)
		HKI_PUT(filesystem, record, read_only, true);
	HKI_PUT(filesystem, record, block_bytes, unit_of(space));
	HKI_PUT(filesystem, record, total_bytes, bytes_of(space->f_blocks, space));
	HKI_PUT(filesystem, record, used_bytes, bytes_of(used, space));
	HKI_PUT(filesystem, record, available_bytes, bytes_of(space->f_bavail, space));
	HKI_PUT(filesystem, record, free_bytes, bytes_of(space->f_bfree, space));
	if (hki_used_percent(&percent, used, space->f_bavail))
		HKI_PUT(filesystem, record, used_percent, percent);
	if (space->f_files == 0)
		return;
	used = less(space->f_files, space->f_ffree);
	HKI_PUT(filesystem, record, files_total, space->f_files);
	HKI_PUT(filesystem, record, files_used, used);
	HKI_PUT(filesystem, record, files_free, space->f_ffree);
	if (hki_used_percent(&percent, used, space->f_ffree))
		HKI_PUT(filesystem, record, files_used_percent, percent);
}

static void fill_state(hk_system_filesystem *record, const figure *figures)
{
	int state = HK_SYSTEM_FILESYSTEM_OK;

	if (figures->result == -ETIMEDOUT || figures->result == -EBUSY ||
	    figures->result == -EAGAIN)
		state = HK_SYSTEM_FILESYSTEM_STALE;
	else if (figures->result == -EACCES || figures->result == -EPERM)
		hk_record_deny(&record->record, filesystem_total_bytes);
	else if (figures->result < 0)
		state = HK_SYSTEM_FILESYSTEM_ERROR;
	HKI_PUT(filesystem, record, state, state);
	if (figures->result < 0)
		HKI_PUT(filesystem, record, error,
		    hk_error_name(
			figures->result == -EBUSY ? -ETIMEDOUT : figures->result));
	if (figures->result < 0 && figures->known)
		HKI_PUT(filesystem, record, age_s,
		    (double) (hki_clock_monotonic_ns() - figures->taken_ns) /
			HKI_NS_PER_S);
}

static void fill_mount(hk_system_filesystem *record, const hki_mount *mount)
{
	HKI_PUT(filesystem, record, device, mount->source);
	HKI_PUT(filesystem, record, mount, mount->point);
	HKI_PUT(filesystem, record, type, mount->type);
	HKI_PUT(filesystem, record, options, mount->options);
	if (strcmp(mount->root, "/") != 0)
		HKI_PUT(filesystem, record, root, mount->root);
	HKI_PUT(filesystem, record, read_only,
	    hki_mount_has_option(mount->options, "ro") ||
		hki_mount_has_option(mount->super_options, "ro"));
	HKI_PUT(filesystem, record, remote, !mount->prompt);
	HKI_PUT(filesystem, record, device_major, (int64_t) mount->device_major);
	HKI_PUT(filesystem, record, device_minor, (int64_t) mount->device_minor);
}

static int fill(filesystems_state *state, bool live)
{
	size_t shown = 0;
	int r = hki_grow((void **) &state->records, &state->record_capacity,
	    state->shown.count, sizeof(*state->records));

	state->record_count = 0;
	if (r < 0)
		return r;
	for (size_t i = 0; i < state->mounts.count; i++) {
		const hki_mount *mount = &state->mounts.items[i];
		const figure *figures;
		hk_system_filesystem *record;

		if (!mount->chosen)
			continue;
		figures = &state->shown.items[shown++];
		/* It has no space, so it is one more of those without. */
		if (figures->known && figures->space.f_blocks == 0 &&
		    figures->result == 0)
			continue;
		record = &state->records[state->record_count++];
		*record = (hk_system_filesystem){ .device = NULL };
		fill_mount(record, mount);
		if (live)
			fill_state(record, figures);
		if (figures->known)
			fill_space(record, &figures->space);
	}
	return 0;
}

static int sample_filesystems(hk_system *system, void *user)
{
	filesystems_state *state = user;
	hki_scan text;
	int r =
	    hki_host_file_read(system, &state->mountinfo, "/proc/self/mountinfo", &text);

	if (r < 0 || (r = hki_mounts_parse(&state->mounts, text)) < 0)
		return r;
	if (r == 0 && (r = renew(state)) < 0)
		return r;
	/* The paths of another root are not ours to ask. */
	if (system->live && (r = ask(system, state)) < 0)
		return r;
	return fill(state, system->live);
}

static void clear_filesystems(void *user)
{
	filesystems_state *state = user;

	state->record_count = 0;
	state->mounts.count = 0; /* so that the list is made anew */
}

static void deinit_filesystems(void *user)
{
	filesystems_state *state = user;

	hki_host_file_close(&state->mountinfo);
	hki_mounts_deinit(&state->mounts);
	hki_space_free(state->space);
	hki_free(state->shown.items);
	hki_free(state->before.items);
	hki_free(state->questions);
	hki_free(state->records);
}

const hki_section hki_section_filesystems = {
	.state_bytes = sizeof(filesystems_state),
	.sample = sample_filesystems,
	.clear = clear_filesystems,
	.deinit = deinit_filesystems,
};

const hk_system_filesystem *hk_system_get_filesystems(
    const hk_system *system, size_t *out_count)
{
	const filesystems_state *state =
	    hki_system_state(system, HKI_SECTION_FILESYSTEMS);

	*out_count = state->record_count;
	return state->records;
}
