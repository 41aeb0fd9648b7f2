/*
 * Which cgroups bind us.  A limit of any ancestor holds for us too, so all of
 * them are asked, up to the root of what is mounted; a container sees only its
 * own part, and what binds it from outside it cannot know.
 *
 * A directory belongs to a hierarchy as long as it holds cgroup.procs: that is
 * true of every cgroup of v1 and v2, and of nothing above their roots.
 */
#include "system/cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "os/cgroup/find.h"

/* Nobody nests deeper; a path that long would not open. */
#define DEPTH_MAX 64
/* About eight a level; a tree deeper than that pays for opening. */
#define FILES_MAX 64

static void close_files(hki_cgroups *cgroups)
{
	for (size_t i = 0; i < cgroups->file_count; i++)
		hki_host_file_close(&cgroups->files[i].file);
	cgroups->file_count = 0;
}

void hki_cgroups_deinit(hki_cgroups *cgroups)
{
	close_files(cgroups);
	hki_free(cgroups->files);
	hki_host_file_close(&cgroups->self);
	hki_buffer_deinit(&cgroups->known);
	hki_arena_deinit(&cgroups->arena);
}

static bool is_cgroup(const hk_system *system, const char *directory)
{
	char path[4096];
	int fd;

	if (hki_path(path, sizeof(path), "%s/cgroup.procs", directory) < 0)
		return false;
	fd = hki_file_open(system, path, O_PATH);
	if (fd < 0)
		return false;
	(void) close(fd);
	return true;
}

/* @place and what lies above it. */
static int make_chain(hki_cgroup_chain *chain, hki_cgroups *cgroups,
    const hk_system *system, const char *place, bool v2)
{
	hki_cleanup(hki_freep) char *path = NULL;

	*chain = (hki_cgroup_chain){ .v2 = v2 };
	if (place == NULL)
		return 0;
	path = hki_strdup(place);
	if (path == NULL)
		return -ENOMEM;
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		size_t length = strlen(path);
		char *slash;

		while (length > 1 && path[length - 1] == '/')
			path[--length] = '\0';
		if (!is_cgroup(system, path))
			return 0;
		if (!hki_texts_add(&chain->directories, &cgroups->arena,
			hki_arena_string(&cgroups->arena, path)))
			return -ENOMEM;
		slash = strrchr(path, '/');
		if (slash == NULL || slash == path)
			return 0;
		*slash = '\0';
	}
	return 0;
}

static hk_system_cgroups kind_of(const hki_cgroup_places *places)
{
	bool v1 = places->memory != NULL || places->cpu != NULL || places->pids != NULL;

	if (places->unified != NULL)
		return v1 ? HK_SYSTEM_CGROUPS_HYBRID : HK_SYSTEM_CGROUPS_V2;
	return v1 ? HK_SYSTEM_CGROUPS_V1 : HK_SYSTEM_CGROUPS_NONE;
}

static int make_chains(
    hki_cgroups *cgroups, const hk_system *system, const hki_cgroup_places *places)
{
	const char *unified = places->unified;
	int r;

	close_files(cgroups);
	hki_arena_deinit(&cgroups->arena);
	cgroups->arena = (hki_arena){ .failed = false };
	cgroups->kind = kind_of(places);
	cgroups->own = NULL;
	cgroups->generation++;
	if ((r = make_chain(&cgroups->cpu, cgroups, system,
		 places->cpu != NULL ? places->cpu : unified, places->cpu == NULL)) < 0 ||
	    (r = make_chain(&cgroups->memory, cgroups, system,
		 places->memory != NULL ? places->memory : unified,
		 places->memory == NULL)) < 0 ||
	    (r = make_chain(&cgroups->pids, cgroups, system,
		 places->pids != NULL ? places->pids : unified, places->pids == NULL)) <
		0)
		return r;
	if (places->memory != NULL || unified != NULL) {
		cgroups->own = hki_arena_string(
		    &cgroups->arena, places->memory != NULL ? places->memory : unified);
		if (cgroups->own == NULL)
			return -ENOMEM;
	}
	return 0;
}

static bool is_known(const hki_cgroups *cgroups, hki_scan text)
{
	return cgroups->made && cgroups->known.length == hki_scan_length(text) &&
	       (cgroups->known.length == 0 ||
		   memcmp(cgroups->known.data, text.at, cgroups->known.length) == 0);
}

int hki_cgroups_refresh(hki_cgroups *cgroups, hk_system *system)
{
	hki_cgroup_places places = { .unified = NULL };
	hki_scan text;
	int r = hki_host_file_read(system, &cgroups->self, "/proc/self/cgroup", &text);

	if (r < 0)
		return r;
	if (is_known(cgroups, text))
		return 0;
	cgroups->made = false;
	hki_buffer_truncate(&cgroups->known, 0);
	if ((r = hki_buffer_append(&cgroups->known, text.at, hki_scan_length(text))) <
		0 ||
	    (r = hki_file_read(system, "/proc/self/mountinfo", &text)) < 0)
		return r;
	r = hki_cgroup_places_parse(&places,
	    system->text.data == NULL ? "" : system->text.data,
	    cgroups->known.data == NULL ? "" : cgroups->known.data);
	if (r == 0)
		r = make_chains(cgroups, system, &places);
	hki_cgroup_places_deinit(&places);
	cgroups->made = r == 0;
	return r;
}

/* ---- values ---- */

/* The place of a file among those kept open; a new one if there is none. */
static hki_cgroup_file *find_file(
    hki_cgroups *cgroups, const char *directory, const char *name)
{
	for (size_t i = 0; i < cgroups->file_count; i++)
		if (cgroups->files[i].directory == directory &&
		    cgroups->files[i].name == name)
			return &cgroups->files[i];
	if (cgroups->file_count >= FILES_MAX ||
	    hki_grow((void **) &cgroups->files, &cgroups->file_capacity,
		cgroups->file_count + 1, sizeof(*cgroups->files)) < 0)
		return NULL;
	cgroups->files[cgroups->file_count] = (hki_cgroup_file){ directory, name, { 0 } };
	return &cgroups->files[cgroups->file_count++];
}

int hki_cgroup_read(
    hk_system *system, const char *directory, const char *name, hki_scan *out)
{
	hki_cgroup_file *known = find_file(hki_system_cgroups(system), directory, name);
	char path[4096];
	int r;

	if (known != NULL && known->file.fd_and_one > 0)
		return hki_host_file_read(system, &known->file, "", out);
	r = hki_path(path, sizeof(path), "%s/%s", directory, name);
	if (r < 0)
		return r;
	return known != NULL ? hki_host_file_read(system, &known->file, path, out)
			     : hki_file_read(system, path, out);
}

int hki_cgroup_number(
    hk_system *system, const char *directory, const char *name, uint64_t *out)
{
	/* v1 rounds the largest number down to pages, whose size differs. */
	const uint64_t infinity = INT64_MAX - (UINT64_C(1) << 20);
	hki_scan line;
	uint64_t value;
	int r = hki_cgroup_read(system, directory, name, &line);

	if (r < 0)
		return r;
	if (hki_scan_skip(&line, "max") || hki_scan_skip(&line, "-"))
		return -ENOENT;
	if (!hki_scan_number(&value, &line))
		return HK_EPARSE;
	if (value >= infinity)
		return -ENOENT;
	*out = value;
	return 0;
}

bool hki_cgroup_find(uint64_t *out, hki_scan text, const char *key)
{
	hki_scan line, word;

	while (hki_scan_line(&line, &text))
		if (hki_scan_word(&word, &line) && hki_scan_is(word, key))
			return hki_scan_number(out, &line);
	return false;
}

int hki_cpu_max_parse(double *out_cpus, hki_scan text)
{
	uint64_t quota, period;

	text = hki_scan_trim(text);
	if (hki_scan_skip(&text, "max"))
		return -ENOENT;
	if (!hki_scan_number(&quota, &text) || !hki_scan_number(&period, &text) ||
	    period == 0)
		return HK_EPARSE;
	*out_cpus = (double) quota / (double) period;
	return 0;
}

static int read_quota(double *out_cpus, hk_system *system, const hki_cgroup_chain *chain,
    const char *directory)
{
	uint64_t quota, period;
	hki_scan text;
	int r;

	if (chain->v2) {
		r = hki_cgroup_read(system, directory, "cpu.max", &text);
		return r < 0 ? r : hki_cpu_max_parse(out_cpus, text);
	}
	if ((r = hki_cgroup_number(system, directory, "cpu.cfs_quota_us", &quota)) < 0 ||
	    (r = hki_cgroup_number(system, directory, "cpu.cfs_period_us", &period)) < 0)
		return r;
	if (period == 0)
		return HK_EPARSE;
	*out_cpus = (double) quota / (double) period;
	return 0;
}

int hki_cgroups_quota(const hki_cgroups *cgroups, hk_system *system, double *out_cpus,
    const char **out_directory)
{
	const hki_texts *directories = &cgroups->cpu.directories;
	int found = -ENOENT;

	for (size_t i = 0; i < directories->count; i++) {
		double cpus;

		if (read_quota(&cpus, system, &cgroups->cpu, directories->items[i]) < 0 ||
		    (found == 0 && cpus >= *out_cpus))
			continue;
		*out_cpus = cpus;
		*out_directory = directories->items[i];
		found = 0;
	}
	return found;
}
