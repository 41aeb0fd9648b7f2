/*
 * Files, links and folders of /proc/PID, read relative to the folder that is
 * held, and the few ways in which their text is laid out.
 */
#include "system/process_details.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include <hostkit/system_process.h>
#include "base/array.h"
#include "base/cleanup.h"

/* A page: what most of these files fit into. */
#define PIECE_BYTES   4096
#define ENTRIES_BYTES 4096

int hki_details_file(hki_buffer *out, int directory, const char *name, size_t most)
{
	hki_cleanup(hki_closep) int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	size_t begin = out->length;

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n;
		int r = hki_buffer_reserve(out, PIECE_BYTES);

		if (r < 0)
			return r;
		n = read(fd, out->data + out->length, PIECE_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		hki_buffer_commit(out, (size_t) n);
		if (out->length - begin > most)
			return HK_ELIMIT;
	}
	return 0;
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

int hki_details_each(
    int directory, int (*visit)(const char *name, void *user), void *user)
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
			int r;

			at += entry->d_reclen;
			if (is_dot(entry->d_name))
				continue;
			r = visit(entry->d_name, user);
			if (r != 0)
				return r;
		}
	}
}

int hki_details_link(char *out, size_t capacity, int directory, const char *name)
{
	ssize_t length = readlinkat(directory, name, out, capacity - 1);

	if (length < 0)
		return -errno;
	out[length] = '\0';
	return (int) length;
}

const char *hki_details_line(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line != NULL;) {
		if (strncmp(line, key, length) == 0)
			return line + length;
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return NULL;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

bool hki_details_number(uint64_t *out, const char *at, int base)
{
	uint64_t value = 0;
	bool any = false;

	if (at == NULL)
		return false;
	at += strspn(at, " \t");
	for (; digit_of(*at) < base; at++, any = true)
		if (__builtin_mul_overflow(value, (uint64_t) base, &value) ||
		    __builtin_add_overflow(value, (uint64_t) digit_of(*at), &value))
			return false;
	if (any)
		*out = value;
	return any;
}

/* ---- stat ---- */

static int32_t state_of(char letter)
{
	static const struct {
		char letter;
		int32_t state;
	} states[] = {
		{ 'R', HK_SYSTEM_STATE_RUNNING },
		{ 'S', HK_SYSTEM_STATE_SLEEPING },
		{ 'D', HK_SYSTEM_STATE_DISK_SLEEP },
		{ 'T', HK_SYSTEM_STATE_STOPPED },
		{ 't', HK_SYSTEM_STATE_TRACING_STOP },
		{ 'Z', HK_SYSTEM_STATE_ZOMBIE },
		{ 'X', HK_SYSTEM_STATE_DEAD },
		{ 'x', HK_SYSTEM_STATE_DEAD },
		{ 'I', HK_SYSTEM_STATE_IDLE },
		{ 'P', HK_SYSTEM_STATE_PARKED },
	};

	for (size_t i = 0; i < HKI_COUNT(states); i++)
		if (states[i].letter == letter)
			return states[i].state;
	return -1;
}

/* The number of field @number, counted as proc(5) does, of what follows the name: field
 * 3 stands at @at. */
static bool field_at(int64_t *out, const char *at, unsigned int number)
{
	uint64_t magnitude;
	bool negative;

	for (unsigned int i = 3; i < number; i++) {
		at = strchr(at, ' ');
		if (at == NULL)
			return false;
		at++;
	}
	negative = *at == '-';
	if (!hki_details_number(&magnitude, at + negative, 10))
		return false;
	*out = negative ? -(int64_t) magnitude : (int64_t) magnitude;
	return true;
}

int hki_details_stat_parse(hki_details_stat *out, const char *text)
{
	hki_details_stat stat = { .id = 0 };
	const char *open = strchr(text, '(');
	/* A name may hold anything, ") S 1" as well: its end is the last bracket. */
	const char *close = strrchr(text, ')');
	uint64_t id;
	int64_t user, system, priority, nice, start, processor = 0, policy = 0;
	size_t length;

	if (open == NULL || close == NULL || close < open || close[1] != ' ' ||
	    !hki_details_number(&id, text, 10))
		return HK_EPARSE;
	length = (size_t) (close - open - 1);
	if (length >= sizeof(stat.name))
		length = sizeof(stat.name) - 1;
	memcpy(stat.name, open + 1, length);
	close += 2;
	if (!field_at(&user, close, 14) || !field_at(&system, close, 15) ||
	    !field_at(&priority, close, 18) || !field_at(&nice, close, 19) ||
	    !field_at(&start, close, 22))
		return HK_EPARSE;
	(void) field_at(&processor, close, 39);
	(void) field_at(&policy, close, 41);
	stat.id = (int32_t) id;
	stat.state = state_of(*close);
	stat.user_ticks = (uint64_t) user;
	stat.system_ticks = (uint64_t) system;
	stat.priority = (int32_t) priority;
	stat.nice = (int32_t) nice;
	stat.start_ticks = (uint64_t) start;
	stat.processor = (uint32_t) processor;
	stat.policy = (int32_t) policy;
	*out = stat;
	return 0;
}
