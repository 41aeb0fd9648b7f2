/*
 * /proc/PID/stat.  The name is whatever the program likes, parentheses, spaces and line ends
 * included, and numbers alone follow it: so the last parenthesis closes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include "os/procfs_internal.h"

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

/* Of the state letter, the first one behind the name, as proc(5) counts. */
#define STATE_FIELD     3
#define EXIT_CODE_FIELD 52

/* Step over "(name) " to the state letter. */
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

int hki_proc_stat_text(char out[HKI_PROC_STAT_MAX], size_t *out_length, pid_t pid)
{
	char path[32];
	int r;

	if (pid <= 0)
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
	r = hki_read_file(AT_FDCWD, path, out, HKI_PROC_STAT_MAX, out_length);
	return r == -ENOENT ? -ESRCH : r;
}

int hki_proc_stat_field(
    uint64_t *out, const char *text, size_t length, unsigned int field)
{
	reader in = { text, text + length };
	int pid;

	if (read_int(&in, &pid) < 0 || skip_name(&in) < 0 ||
	    skip_words(&in, field - STATE_FIELD) < 0)
		return HK_EPARSE;
	return read_unsigned(&in, out);
}

int hki_proc_stat_read(hki_proc_stat *out, pid_t pid)
{
	char text[HKI_PROC_STAT_MAX];
	size_t length;
	int r = hki_proc_stat_text(text, &length, pid);

	return r < 0 ? r : hki_proc_stat_parse(out, text, length);
}

int hki_proc_exit_status(int *out_status, pid_t pid)
{
	char text[HKI_PROC_STAT_MAX];
	hki_proc_stat stat;
	uint64_t status;
	size_t length;
	int r = hki_proc_stat_text(text, &length, pid);

	if (r < 0 || (r = hki_proc_stat_parse(&stat, text, length)) < 0)
		return r;
	if (stat.state != 'Z' && stat.state != 'X')
		return -EBUSY;
	r = hki_proc_stat_field(&status, text, length, EXIT_CODE_FIELD);
	if (r < 0)
		return r;
	*out_status = (int) status;
	return 0;
}
