/*
 * Finding and reading the file.  It is opened without waiting, looked at
 * through its descriptor, and read up to a limit, so that neither a pipe that
 * nobody writes to nor /dev/zero holds us up.
 */
#include "source.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/array.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/error_list.h"
#include "load.h"

static const char *const default_names[] = { "hostkit.yaml", "hostkit.yml",
	"hostkit.json", "ecosystem.config.js", "ecosystem.config.cjs",
	"ecosystem.config.mjs", "ecosystem.config.json", "Procfile" };

/* The first three are the same file in other clothes: two of them are a slip. */
#define OWN_NAMES 3

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);

	return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

int hki_is_javascript(const char *path)
{
	return ends_with(path, ".js") || ends_with(path, ".cjs") ||
	       ends_with(path, ".mjs");
}

int hki_is_json(const char *path)
{
	return ends_with(path, ".json") || hki_is_javascript(path);
}

int hki_is_procfile(const char *path)
{
	const char *name = base_name(path);

	return strcmp(name, "Procfile") == 0 || strncmp(name, "Procfile.", 9) == 0 ||
	       ends_with(name, ".procfile");
}

static int refuse(
    hk_error_list *errors, int code, const char *path, const char *text, const char *hint)
{
	hk_error error = { .code = code, .source = path, .text = text, .hint = hint };

	return hki_error_report(errors, &error);
}

/* ---- finding ---- */

static bool is_directory(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static const char *in_directory(hki_arena *arena, const char *directory, const char *name)
{
	if (directory == NULL)
		return name;
	return hki_arena_format(
	    arena, "%s%s%s", directory, ends_with(directory, "/") ? "" : "/", name);
}

static int find_default(const char **out, hki_arena *arena, const char *directory,
    hk_error_list *errors, hk_error_list *warnings)
{
	const char *found = NULL;

	for (size_t i = 0; i < HKI_COUNT(default_names); i++) {
		const char *path = in_directory(arena, directory, default_names[i]);

		if (path == NULL)
			return -ENOMEM;
		if (access(path, F_OK) < 0)
			continue;
		if (found == NULL)
			found = path;
		else if (i < OWN_NAMES)
			(void) refuse(warnings, HK_EPARSE, path,
			    "it is not used, because there is also a file that comes "
			    "first",
			    found);
	}
	if (found == NULL) {
		(void) refuse(errors, HK_EPARSE, directory,
		    "there is no configuration file here",
		    "hostkit.yaml, hostkit.yml, hostkit.json, ecosystem.config.js, .cjs, "
		    ".mjs "
		    "or .json, or Procfile; -f names another");
		return -ENOENT;
	}
	*out = found;
	return 0;
}

static int find_directory(const char **out, hki_arena *arena, const char *path)
{
	size_t length = (size_t) (base_name(path) - path);
	char given[PATH_MAX] = ".";
	char resolved[PATH_MAX];

	if (length >= sizeof(given))
		return -ENAMETOOLONG;
	if (length > 0 && strcmp(path, "-") != 0) {
		memcpy(given, path, length);
		given[length] = '\0';
	}
	if (realpath(given, resolved) == NULL)
		return -errno;
	*out = hki_arena_text(arena, resolved, strlen(resolved));
	return *out != NULL ? 0 : -ENOMEM;
}

/* ---- reading ---- */

/* An open descriptor that can be read to its end without waiting for a first writer. */
static int open_source(const char *path)
{
	hki_cleanup(hki_closep) int fd = -1;
	struct stat status;
	int flags;

	if (strcmp(path, "-") == 0)
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode) &&
	    !S_ISSOCK(status.st_mode) && !S_ISCHR(status.st_mode))
		return -EINVAL;
	/* Standard input belongs to others too: its flags stay. */
	flags = fcntl(fd, F_GETFL);
	if (strcmp(path, "-") != 0 && flags >= 0)
		(void) fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	return hki_take_fd(&fd);
}

static int read_all(hki_buffer *buffer, int fd)
{
	for (;;) {
		ssize_t got;

		if (hki_buffer_reserve(buffer, 16384) < 0)
			return -ENOMEM;
		got = read(fd, buffer->data + buffer->length, 16384);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		hki_buffer_commit(buffer, (size_t) got);
		if (buffer->length > HKI_CONFIG_SIZE_MAX)
			return HK_ELIMIT;
	}
}

static int read_text(
    hki_source *source, hki_arena *arena, const char *path, hk_error_list *errors)
{
	hki_cleanup(hki_closep) int fd = open_source(path);
	hki_cleanup(hki_buffer_deinitp) hki_buffer buffer = HKI_BUFFER_INIT;
	const char *text;
	size_t length;
	int r;

	if (fd < 0)
		return refuse(errors, fd, source->path, "cannot open", NULL);
	r = read_all(&buffer, fd);
	if (r == HK_ELIMIT)
		return refuse(errors, r, source->path, "larger than 1 MiB",
		    "no configuration people write is");
	if (r < 0)
		return refuse(errors, r, source->path, "cannot read", NULL);
	text = buffer.length > 0 ? buffer.data : "";
	length = buffer.length;
	if (length >= 2 &&
	    (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0))
		return refuse(errors, HK_EPARSE, source->path, "the file is UTF-16",
		    "save it as UTF-8");
	source->text = hki_arena_text(arena, text, length);
	source->length = length;
	return source->text != NULL ? 0 : -ENOMEM;
}

int hki_config_source_read(hki_source *out, hki_arena *arena, const char *path,
    hk_error_list *errors, hk_error_list *warnings)
{
	hki_source source = { 0 };
	int r = 0;

	source.path = path != NULL ? hki_arena_text(arena, path, strlen(path)) : NULL;
	if (arena->failed)
		return -ENOMEM;
	if (path == NULL || (strcmp(path, "-") != 0 && is_directory(path)))
		r = find_default(&source.path, arena, path, errors, warnings);
	if (r < 0)
		return r;
	path = source.path;
	if (strcmp(path, "-") == 0)
		source.path = "stdin";
	r = find_directory(&source.directory, arena, path);
	if (r < 0)
		return refuse(errors, r, source.path, "cannot open its folder", NULL);
	if (!hki_is_javascript(path))
		r = read_text(&source, arena, path, errors);
	if (r < 0)
		return r;
	*out = source;
	return 0;
}
