/*
 * Where a project's lock and journal lie.
 *
 * The directory is the user's own and nobody else may write to it, or a stranger
 * could name processes for us to end; a directory that does not look like that
 * is refused.  The file's name has the project's own name in it for people, and
 * a hash of its whole path for us.
 */
#include "service/project_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/error_list.h"
#include "base/map.h"

/* The same in every version: another key would make the same project two. */
static const uint64_t hash_key[2] = { 0x686f73746b697420ULL, 0x70726f6a65637473ULL };

static int usual_directory(char *out, size_t capacity)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const char *home = getenv("HOME");
	int length;

	if (runtime != NULL && runtime[0] == '/')
		length = snprintf(out, capacity, "%s/hostkit", runtime);
	else if (geteuid() == 0)
		length = snprintf(out, capacity, "/run/hostkit");
	else if (home != NULL && home[0] == '/')
		length = snprintf(out, capacity, "%s/.local/state/hostkit", home);
	else
		return -ENOENT;
	return length < (int) capacity ? 0 : -ENAMETOOLONG;
}

/* As mkdir -p; directories that are there stay as they are. */
static int make_directories(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		int r;

		*slash = '\0';
		r = mkdir(path, 0700);
		*slash = '/';
		if (r < 0 && errno != EEXIST)
			return -errno;
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int check_directory(const char *path, hk_error_list *errors)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return hki_error_report_step(
		    errors, -errno, "state directory", "'%s' cannot be used", path);
	if (!S_ISDIR(status.st_mode))
		return hki_error_report_step(
		    errors, -ENOTDIR, "state directory", "'%s' is no directory", path);
	if (status.st_uid != geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return hki_error_report_step(errors, -EACCES, "state directory",
		    "'%s' belongs to or can be written by others", path);
	return 0;
}

static int find_directory(
    char *out, size_t capacity, const char *directory, bool make, hk_error_list *errors)
{
	static const char *const unset = "set XDG_RUNTIME_DIR or HOME";
	int r = 0;

	if (directory == NULL)
		r = usual_directory(out, capacity);
	else if (snprintf(out, capacity, "%s", directory) >= (int) capacity)
		r = -ENAMETOOLONG;
	if (r < 0)
		return hki_error_report(
		    errors, &(hk_error){ .code = r,
				.step = "state directory",
				.text = "no place to write down what runs",
				.hint = r == -ENOENT ? unset : NULL });
	if (make && (r = make_directories(out)) < 0)
		return hki_error_report_step(
		    errors, r, "state directory", "'%s' cannot be made", out);
	return check_directory(out, errors);
}

/* The last parts of @path that fit, with what file names do not like replaced. */
static void readable_name(char *out, size_t capacity, const char *path)
{
	size_t length = strlen(path);
	const char *from = length < capacity ? path : path + length - (capacity - 1);

	while (*from == '/')
		from++;
	memcpy(out, from, strlen(from) + 1);
	for (char *at = out; *at != '\0'; at++) {
		bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
			     (*at >= '0' && *at <= '9') || *at == '.' || *at == '_';

		if (!plain)
			*at = '-';
	}
}

int hki_project_locate(hk_service_project *project, const char *path,
    const char *directory, bool make, hk_error_list *errors)
{
	char where[PATH_MAX];
	char name[48];
	uint64_t key;
	int r;

	if (realpath(path, project->path) == NULL)
		return hki_error_report_step(
		    errors, -errno, "project", "'%s' cannot be found", path);
	r = find_directory(where, sizeof(where), directory, make, errors);
	if (r < 0)
		return r;
	key = hki_siphash(hash_key, project->path, strlen(project->path));
	readable_name(name, sizeof(name), project->path);
	if (snprintf(project->lock, sizeof(project->lock), "%s/%s-%016" PRIx64 ".lock",
		where, name, key) >= (int) sizeof(project->lock) ||
	    snprintf(project->journal_path, sizeof(project->journal_path),
		"%s/%s-%016" PRIx64 ".journal", where, name,
		key) >= (int) sizeof(project->journal_path))
		return -ENAMETOOLONG;
	(void) snprintf(
	    project->entry, sizeof(project->entry), "HOSTKIT_PROJECT=%016" PRIx64, key);
	return 0;
}
