/*
 * Reading /proc without a heap: fixed buffers, openat, getdents64.  It is asked
 * on every exit of a tree and from code that must work when memory is short.
 * The files are made up by the kernel at the moment of the read, so a process
 * may vanish between any two calls; that is always -ESRCH, never an error worth
 * a word.
 */
#include "os/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/cleanup.h"

/* ---- small files ---- */

int hki_read_file(
    int directory, const char *path, char *out, size_t capacity, size_t *out_length)
{
	hki_cleanup(hki_closep) int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;

	if (fd < 0)
		return -errno;
	while (length < capacity) {
		ssize_t n = read(fd, out + length, capacity - length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		length += (size_t) n;
	}
	if (length >= capacity)
		return HK_ELIMIT;
	out[length] = '\0';
	if (out_length != NULL)
		*out_length = length;
	return 0;
}

int hki_write_file(int directory, const char *path, const char *text)
{
	hki_cleanup(hki_closep) int fd = openat(directory, path, O_WRONLY | O_CLOEXEC);
	size_t length = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, text, length);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t) n == length ? 0 : -EIO;
}

/* A process that went away shows as either, depending on the moment. */
static int gone(int r)
{
	return r == -ENOENT ? -ESRCH : r;
}

/* ---- /proc/PID/stat ---- */

/*
 * The name is whatever the program likes, parentheses, spaces and line ends
 * included, and numbers alone follow it: so the last parenthesis closes it.
 */

/* Words separated by single spaces, read one after the other. */
typedef struct reader {
	const char *at;
	const char *end;
} reader;

static int read_unsigned(reader *in, uint64_t *out)
{
	uint64_t value = 0;
	const char *begin = in->at;

	while (in->at < in->end && *in->at >= '0' && *in->at <= '9') {
		unsigned int digit = (unsigned int) (*in->at - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return HK_EPARSE;
		value = value * 10 + digit;
		in->at++;
	}
	if (in->at == begin)
		return HK_EPARSE;
	*out = value;
	return 0;
}

static int read_int(reader *in, int *out)
{
	bool negative = in->at < in->end && *in->at == '-';
	uint64_t value;

	if (negative)
		in->at++;
	if (read_unsigned(in, &value) < 0 || value > INT_MAX)
		return HK_EPARSE;
	*out = negative ? -(int) value : (int) value;
	return 0;
}

static int expect(reader *in, const char *text)
{
	size_t length = strlen(text);

	if ((size_t) (in->end - in->at) < length || memcmp(in->at, text, length) != 0)
		return HK_EPARSE;
	in->at += length;
	return 0;
}

/* Step over @count words and the space behind each. */
static int skip_words(reader *in, unsigned int count)
{
	while (count-- > 0) {
		const char *space = memchr(in->at, ' ', (size_t) (in->end - in->at));

		if (space == NULL)
			return HK_EPARSE;
		in->at = space + 1;
	}
	return 0;
}

/* Step over "(name) " to the state letter, field 3. */
static int skip_name(reader *in)
{
	const char *close;

	if (expect(in, " (") < 0)
		return HK_EPARSE;
	close = memrchr(in->at, ')', (size_t) (in->end - in->at));
	if (close == NULL)
		return HK_EPARSE;
	in->at = close;
	return expect(in, ") ");
}

int hki_proc_stat_parse(hki_proc_stat *out, const char *text, size_t length)
{
	reader in = { text, text + length };
	hki_proc_stat stat;

	if (read_int(&in, &stat.pid) < 0 || stat.pid <= 0 || skip_name(&in) < 0 ||
	    in.at == in.end)
		return HK_EPARSE;
	stat.state = *in.at++;
	if (expect(&in, " ") < 0 || read_int(&in, &stat.parent) < 0 ||
	    expect(&in, " ") < 0 || read_int(&in, &stat.group) < 0 ||
	    expect(&in, " ") < 0 || read_int(&in, &stat.session) < 0 ||
	    expect(&in, " ") < 0)
		return HK_EPARSE;
	/* Fields 7 to 21 lie between the session and the start. */
	if (skip_words(&in, 15) < 0 || read_unsigned(&in, &stat.start_ticks) < 0)
		return HK_EPARSE;
	*out = stat;
	return 0;
}

/* 52 numbers of at most 20 digits and a name of at most 4 * 15 bytes, escaped. */
#define STAT_MAX 1280

static int read_stat_text(char out[STAT_MAX], size_t *out_length, pid_t pid)
{
	char path[32];

	if (pid <= 0)
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
	return gone(hki_read_file(AT_FDCWD, path, out, STAT_MAX, out_length));
}

int hki_proc_stat_read(hki_proc_stat *out, pid_t pid)
{
	char text[STAT_MAX];
	size_t length;
	int r = read_stat_text(text, &length, pid);

	return r < 0 ? r : hki_proc_stat_parse(out, text, length);
}

int hki_proc_exit_status(int *out_status, pid_t pid)
{
	char text[STAT_MAX];
	hki_proc_stat stat;
	const char *last;
	reader in;
	size_t length;
	int r = read_stat_text(text, &length, pid);

	if (r < 0)
		return r;
	r = hki_proc_stat_parse(&stat, text, length);
	if (r < 0)
		return r;
	if (stat.state != 'Z' && stat.state != 'X')
		return -EBUSY;
	/* Field 52, the last one. */
	last = memrchr(text, ' ', length);
	if (last == NULL)
		return HK_EPARSE;
	in = (reader){ last + 1, text + length };
	return read_int(&in, out_status);
}

/* ---- directories ---- */

/* Room for about a hundred entries a call. */
#define ENTRIES_BYTES 4096

/* Call @visit for every entry of @directory that is a positive number. */
static int each_number(int directory, int (*visit)(pid_t number, void *user), void *user)
{
	_Alignas(struct dirent64) char entries[ENTRIES_BYTES];

	for (;;) {
		ssize_t length = getdents64(directory, entries, sizeof(entries));

		if (length < 0)
			return -errno;
		if (length == 0)
			return 0;
		for (ssize_t at = 0; at < length;) {
			const struct dirent64 *entry = (const void *) (entries + at);
			reader in = { entry->d_name,
				entry->d_name + strlen(entry->d_name) };
			int number, r;

			at += entry->d_reclen;
			if (read_int(&in, &number) < 0 || in.at != in.end || number <= 0)
				continue;
			r = visit(number, user);
			if (r != 0)
				return r;
		}
	}
}

typedef struct stat_visit {
	int (*visit)(const hki_proc_stat *stat, void *user);
	void *user;
} stat_visit;

static int visit_stat(pid_t pid, void *user)
{
	const stat_visit *to = user;
	hki_proc_stat stat;

	/* Gone since, or hidden from us: as if it were not there. */
	if (hki_proc_stat_read(&stat, pid) < 0)
		return 0;
	return to->visit(&stat, to->user);
}

int hki_proc_each(int (*visit)(const hki_proc_stat *stat, void *user), void *user)
{
	hki_cleanup(hki_closep) int proc =
	    open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stat_visit to = { visit, user };

	if (proc < 0)
		return -errno;
	return each_number(proc, visit_stat, &to);
}

/* ---- children ---- */

typedef struct child_visit {
	int (*visit)(pid_t child, void *user);
	void *user;
	pid_t parent;
	int tasks; /* /proc/PID/task */
	bool missing;
} child_visit;

/* Numbers, each followed by a space, cut anywhere by the read. */
static int each_child_in(int fd, const child_visit *to)
{
	char text[1024];
	int number = 0;

	for (;;) {
		ssize_t length = read(fd, text, sizeof(text));

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return errno == ESRCH ? 0 : -errno;
		if (length == 0)
			return 0;
		for (ssize_t i = 0; i < length; i++) {
			int r = 0;

			if (text[i] >= '0' && text[i] <= '9') {
				number = number * 10 + (text[i] - '0');
				continue;
			}
			if (number > 0)
				r = to->visit(number, to->user);
			if (r != 0)
				return r;
			number = 0;
		}
	}
}

static int visit_thread(pid_t thread, void *user)
{
	child_visit *to = user;
	hki_cleanup(hki_closep) int fd = -1;
	char path[32];

	snprintf(path, sizeof(path), "%d/children", (int) thread);
	fd = openat(to->tasks, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return each_child_in(fd, to);
	/* Either the thread went away, or the kernel has no such file. */
	snprintf(path, sizeof(path), "%d/stat", (int) thread);
	if (errno == ENOENT && faccessat(to->tasks, path, F_OK, 0) == 0)
		to->missing = true;
	return 0;
}

int hki_proc_children(pid_t pid, int (*visit)(pid_t child, void *user), void *user)
{
	hki_cleanup(hki_closep) int tasks = -1;
	child_visit to = { .visit = visit, .user = user };
	char path[32];
	int r;

	snprintf(path, sizeof(path), "/proc/%d/task", (int) pid);
	tasks = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tasks < 0)
		return gone(-errno);
	to.tasks = tasks;
	r = each_number(tasks, visit_thread, &to);
	if (r != 0)
		return gone(r);
	return to.missing ? -ENOTSUP : 0;
}

static int visit_if_child(const hki_proc_stat *stat, void *user)
{
	const child_visit *to = user;

	return stat->parent == to->parent ? to->visit(stat->pid, to->user) : 0;
}

int hki_proc_children_by_parent(
    pid_t pid, int (*visit)(pid_t child, void *user), void *user)
{
	child_visit to = { .visit = visit, .user = user, .parent = pid };

	return hki_proc_each(visit_if_child, &to);
}

/* ---- /proc/PID/environ ---- */

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

/*
 * An empty environment may be one that exec has not put in place yet: its start,
 * field 50 of stat, is then 0.  Without any memory (field 23) the process is ending.
 */
static int why_empty(pid_t pid)
{
	uint64_t memory, start;
	char text[STAT_MAX];
	size_t length;
	reader in;
	int r = read_stat_text(text, &length, pid);

	if (r < 0)
		return r;
	in = (reader){ text, text + length };
	if (skip_words(&in, 1) < 0)
		return HK_EPARSE;
	in.at--;
	if (skip_name(&in) < 0 || skip_words(&in, 20) < 0 ||
	    read_unsigned(&in, &memory) < 0 || skip_words(&in, 27) < 0 ||
	    read_unsigned(&in, &start) < 0)
		return HK_EPARSE;
	if (memory == 0)
		return -ESRCH;
	return start == 0 ? -EAGAIN : -ENODATA;
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
		return gone(-errno);
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

/* ---- this boot ---- */

int hki_boot_id_read(char out[HKI_BOOT_ID_MAX])
{
	char text[HKI_BOOT_ID_MAX + 2];
	size_t length;
	int r = hki_read_file(
	    AT_FDCWD, "/proc/sys/kernel/random/boot_id", text, sizeof(text), &length);

	if (r < 0)
		return r;
	if (length > 0 && text[length - 1] == '\n')
		length--;
	if (length != HKI_BOOT_ID_MAX - 1)
		return HK_EPARSE;
	memcpy(out, text, length);
	out[length] = '\0';
	return 0;
}
