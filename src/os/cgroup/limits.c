/*
 * Limits are set where their controller is.  On v2 a controller works in our
 * directory only if the parent hands it down (cgroup.subtree_control), and a
 * parent that holds processes itself must not, the root aside.  The caller's own
 * cgroup usually holds the caller, so a directory that wants a limit is made
 * beside it instead, below the nearest ancestor that hands the controller down
 * already.  On a hybrid host the controller lives on a v1 hierarchy, and gets a
 * directory there, which the child joins before it executes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "os/cgroup/cgroup_internal.h"
#include "os/cgroup/find.h"
#include "os/procfs.h"

/* The kernel's own default, and the period that v1 and v2 share. */
#define CPU_PERIOD_US 100000

typedef struct limit_text {
	char memory[24];
	char pids[16];
	char quota[24];      /* v1: microseconds of CPU in each period */
	char cpu[40];        /* v2: "QUOTA PERIOD" */
	unsigned int wanted; /* HKI_CGROUP_… */
} limit_text;

static void format_limits(limit_text *out, const hki_cgroup_limits *limits)
{
	uint64_t quota_us = (uint64_t) limits->cpu_max_millis * (CPU_PERIOD_US / 1000);

	/* The least the kernel takes is a millisecond. */
	if (quota_us < 1000)
		quota_us = 1000;
	snprintf(out->memory, sizeof(out->memory), "%" PRIu64, limits->memory_max_bytes);
	snprintf(out->pids, sizeof(out->pids), "%" PRIu32, limits->pids_max);
	snprintf(out->quota, sizeof(out->quota), "%" PRIu64, quota_us);
	snprintf(out->cpu, sizeof(out->cpu), "%" PRIu64 " %d", quota_us, CPU_PERIOD_US);
	out->wanted = (limits->memory_max_bytes != 0 ? HKI_CGROUP_MEMORY : 0u) |
		      (limits->pids_max != 0 ? HKI_CGROUP_PIDS : 0u) |
		      (limits->cpu_max_millis != 0 ? HKI_CGROUP_CPU : 0u);
}

/* ---- v2 ---- */

typedef struct controller {
	unsigned int bit;
	const char *enable; /* for cgroup.subtree_control */
	const char *file;
} controller;

static const controller controllers[] = {
	{ HKI_CGROUP_MEMORY, "+memory", "memory.max" },
	{ HKI_CGROUP_PIDS, "+pids", "pids.max" },
	{ HKI_CGROUP_CPU, "+cpu", "cpu.max" },
};

#define CONTROLLERS (sizeof(controllers) / sizeof(controllers[0]))

/* Which of the wanted controllers work in the directory @fd. */
static unsigned int present_in(int fd, unsigned int wanted)
{
	unsigned int present = 0;

	for (unsigned int i = 0; i < CONTROLLERS; i++)
		if ((wanted & controllers[i].bit) != 0 &&
		    faccessat(fd, controllers[i].file, W_OK, AT_EACCESS) == 0)
			present |= controllers[i].bit;
	return present;
}

/* Ask the parent to hand down what is missing; a refusal is not an error. */
static unsigned int enable_in_parent(int fd, unsigned int wanted)
{
	unsigned int present = present_in(fd, wanted);

	for (unsigned int i = 0; i < CONTROLLERS; i++)
		if ((wanted & ~present & controllers[i].bit) != 0)
			(void) hki_write_file(
			    fd, "../cgroup.subtree_control", controllers[i].enable);
	return present_in(fd, wanted);
}

static unsigned int apply_v2(int fd, unsigned int present, const limit_text *text)
{
	const char *const values[CONTROLLERS] = { text->memory, text->pids, text->cpu };
	unsigned int set = 0;

	for (unsigned int i = 0; i < CONTROLLERS; i++)
		if ((present & controllers[i].bit) != 0 &&
		    hki_write_file(fd, controllers[i].file, values[i]) == 0)
			set |= controllers[i].bit;
	return set;
}

static unsigned int bits(unsigned int set)
{
	return (unsigned int) __builtin_popcount(set);
}

/* Does the directory @path hand down more of @wanted than @present? */
static bool hands_down_more(const char *path, unsigned int wanted, unsigned int present)
{
	static const char *const names[CONTROLLERS] = { "memory", "pids", "cpu" };
	hki_cleanup(hki_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned int given = 0;
	char text[512];
	char *rest = text;
	char *word;

	if (fd < 0 || faccessat(fd, ".", W_OK, AT_EACCESS) < 0 ||
	    hki_read_file(fd, "cgroup.subtree_control", text, sizeof(text), NULL) < 0)
		return false;
	while ((word = strsep(&rest, " \n")) != NULL)
		for (unsigned int i = 0; i < CONTROLLERS; i++)
			if (strcmp(word, names[i]) == 0)
				given |= controllers[i].bit & wanted;
	return bits(given) > bits(present);
}

/* Put @replacement in the place of @cgroup, whose directory goes. */
static void move_over(hki_cgroup *cgroup, hki_cgroup *replacement)
{
	hki_cgroup old = *cgroup;

	*cgroup = *replacement;
	*replacement = old;
	hki_cgroup_free(replacement);
}

/*
 * Make the directory anew below the nearest ancestor, up to where the hierarchy
 * is mounted, that hands down more.  0 or -ENOMEM; finding none is fine.
 */
static int climb(hki_cgroup *cgroup, unsigned int wanted, const char *mount)
{
	hki_cleanup(hki_freep) char *path = hki_strdup(cgroup->path);
	size_t least = strlen(mount);
	unsigned int present = present_in(cgroup->fd, wanted);
	char *slash;

	if (path == NULL)
		return -ENOMEM;
	/* The first cut gives the parent, which had its chance. */
	for (slash = strrchr(path, '/'); slash != NULL; slash = strrchr(path, '/')) {
		hki_cgroup *made;
		int r;

		*slash = '\0';
		if (strlen(path) < least)
			return 0;
		if (!hands_down_more(path, wanted, present))
			continue;
		r = hki_cgroup_make(&made, path, cgroup->name);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			continue;
		move_over(cgroup, made);
		return 0;
	}
	return 0;
}

/* ---- v1 ---- */

/* The cgroup's directory below @place on a v1 hierarchy; shared when two
 * controllers are mounted together.  Its descriptor or a negative errno. */
static int v1_directory(hki_cgroup *cgroup, const char *place)
{
	hki_cleanup(hki_freep) char *path = hki_format("%s/%s", place, cgroup->name);
	hki_cleanup(hki_closep) int fd = -1;
	hki_cleanup(hki_closep) int join_fd = -1;

	if (path == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < cgroup->v1_count; i++)
		if (strcmp(cgroup->v1_paths[i], path) == 0)
			return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		join_fd = openat(fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (join_fd < 0) {
		int error = errno;

		(void) rmdir(path);
		return -error;
	}
	cgroup->join_fds[cgroup->v1_count] = hki_take_fd(&join_fd);
	cgroup->v1_paths[cgroup->v1_count++] = hki_take(path);
	return hki_take_fd(&fd);
}

static bool write_v1(int fd, unsigned int bit, const limit_text *text)
{
	char period[16];

	if (bit == HKI_CGROUP_MEMORY)
		return hki_write_file(fd, "memory.limit_in_bytes", text->memory) == 0;
	if (bit == HKI_CGROUP_PIDS)
		return hki_write_file(fd, "pids.max", text->pids) == 0;
	snprintf(period, sizeof(period), "%d", CPU_PERIOD_US);
	return hki_write_file(fd, "cpu.cfs_period_us", period) == 0 &&
	       hki_write_file(fd, "cpu.cfs_quota_us", text->quota) == 0;
}

static int apply_v1(unsigned int *set, hki_cgroup *cgroup, unsigned int bit,
    const char *place, const limit_text *text)
{
	hki_cleanup(hki_closep) int fd = -1;

	if (place == NULL || (text->wanted & ~*set & bit) == 0)
		return 0;
	fd = v1_directory(cgroup, place);
	if (fd < 0)
		return fd == -ENOMEM ? fd : 0;
	if (write_v1(fd, bit, text))
		*set |= bit;
	return 0;
}

/* ---- both ---- */

int hki_cgroup_set_limits(hki_cgroup *cgroup, const hki_cgroup_limits *limits)
{
	hki_cleanup(hki_cgroup_places_deinit)
	    hki_cgroup_places places = { .unified = NULL };
	limit_text text;
	unsigned int set, present;
	int r = hki_cgroup_places_read(&places);

	if (r < 0)
		return r;
	format_limits(&text, limits);
	if (!cgroup->made)
		return (int) apply_v2(
		    cgroup->fd, present_in(cgroup->fd, text.wanted), &text);

	present = enable_in_parent(cgroup->fd, text.wanted);
	if (present != text.wanted && places.unified_mount != NULL) {
		r = climb(cgroup, text.wanted, places.unified_mount);
		if (r < 0)
			return r;
		present = present_in(cgroup->fd, text.wanted);
	}
	set = apply_v2(cgroup->fd, present, &text);
	if ((r = apply_v1(&set, cgroup, HKI_CGROUP_MEMORY, places.memory, &text)) < 0 ||
	    (r = apply_v1(&set, cgroup, HKI_CGROUP_PIDS, places.pids, &text)) < 0 ||
	    (r = apply_v1(&set, cgroup, HKI_CGROUP_CPU, places.cpu, &text)) < 0)
		return r;
	return (int) set;
}
