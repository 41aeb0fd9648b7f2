/*
 * /proc/PID/environ: what a process was started with, as long as it has not
 * written over it, which programs that change their title do.  It is searched as
 * it streams by, since an environment may have megabytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/cleanup.h"
#include "os/procfs_internal.h"

/* Where we are in the stream of NUL-terminated entries. */
typedef struct entry_matcher {
	const char *name;
	size_t name_length;
	size_t position; /* in the present entry */
	bool other;      /* the present entry is not the one */
	char *out;
	size_t capacity;
	size_t length;
	bool empty; /* nothing came at all */
} entry_matcher;

/* Feed one byte.  1: the value is complete; 0: go on; HK_ELIMIT: it is too long. */
static int match_byte(entry_matcher *matcher, char byte)
{
	size_t position = matcher->position++;

	if (byte == '\0') {
		bool found = !matcher->other && position > matcher->name_length;

		matcher->position = 0;
		matcher->other = false;
		return found ? 1 : 0;
	}
	if (matcher->other)
		return 0;
	if (position <= matcher->name_length) {
		char wanted =
		    position < matcher->name_length ? matcher->name[position] : '=';

		matcher->other = byte != wanted;
		return 0;
	}
	if (matcher->length + 1 >= matcher->capacity)
		return HK_ELIMIT;
	matcher->out[matcher->length++] = byte;
	return 0;
}

static int match_stream(entry_matcher *matcher, int fd)
{
	char text[4096];

	for (;;) {
		ssize_t length = read(fd, text, sizeof(text));

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		if (length == 0)
			return matcher->empty ? -ENODATA : -ENOENT;
		matcher->empty = false;
		for (ssize_t i = 0; i < length; i++) {
			int r = match_byte(matcher, text[i]);

			if (r != 0)
				return r;
		}
	}
}

/* As proc(5) counts the fields of stat. */
enum { MEMORY_FIELD = 23, ENVIRONMENT_FIELD = 50 };

/*
 * An empty environment may be one that exec has not put in place yet: its address
 * is then 0.  Without any memory the process is ending.
 */
static int why_empty(pid_t pid)
{
	char text[HKI_PROC_STAT_MAX];
	uint64_t memory, address;
	size_t length;
	int r = hki_proc_stat_text(text, &length, pid);

	if (r < 0 || (r = hki_proc_stat_field(&memory, text, length, MEMORY_FIELD)) < 0 ||
	    (r = hki_proc_stat_field(&address, text, length, ENVIRONMENT_FIELD)) < 0)
		return r;
	if (memory == 0)
		return -ESRCH;
	return address == 0 ? -EAGAIN : -ENODATA;
}

int hki_proc_environment(pid_t pid, const char *name, char *out, size_t capacity)
{
	hki_cleanup(hki_closep) int fd = -1;
	entry_matcher matcher = {
		.name = name,
		.name_length = strlen(name),
		.out = out,
		.capacity = capacity,
		.empty = true,
	};
	char path[32];
	int r;

	if (capacity == 0)
		return HK_ELIMIT;
	snprintf(path, sizeof(path), "/proc/%d/environ", (int) pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	r = match_stream(&matcher, fd);
	if (r == -ENODATA)
		return why_empty(pid);
	if (r < 0)
		return r;
	out[matcher.length] = '\0';
	return (int) matcher.length;
}

#define ENVIRONMENT_VALUE_MAX 256

int hki_proc_has_environment(pid_t pid, const char *entry)
{
	const char *equals = strchr(entry, '=');
	char value[ENVIRONMENT_VALUE_MAX];
	char name[ENVIRONMENT_VALUE_MAX];
	int r;

	if (equals == NULL || equals == entry ||
	    (size_t) (equals - entry) >= sizeof(name) ||
	    strlen(equals + 1) >= sizeof(value))
		return -EINVAL;
	memcpy(name, entry, (size_t) (equals - entry));
	name[equals - entry] = '\0';
	r = hki_proc_environment(pid, name, value, sizeof(value));
	if (r == -ENOENT || r == -ENODATA || r == HK_ELIMIT)
		return 0;
	if (r < 0)
		return r;
	return strcmp(value, equals + 1) == 0 ? 1 : 0;
}
