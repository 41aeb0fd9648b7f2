/*
 * "PID@START:INODE".  A process id alone is a promise the kernel does not keep: it
 * is handed on once its owner was collected.  With the start time it is unique
 * but for ids that come round within one clock tick; with the inode of its pidfd
 * (Linux 6.9) it is unique between two boots.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <hostkit/process.h>
#include "os/pidref.h"
#include "process/tree.h"

int hk_process_id_read(hk_process_id *out, pid_t pid)
{
	hki_pidref ref;
	int r = hki_pidref_open(&ref, pid);

	if (r < 0)
		return r;
	*out = (hk_process_id){
		.pid = ref.pid,
		.start_ticks = ref.start_ticks,
		.inode = ref.inode,
	};
	hki_pidref_close(&ref);
	return 0;
}

/* ---- as text ---- */

/* Digits up to something else; @at moves behind them.  0 or HK_EPARSE. */
static int read_number(uint64_t *out, const char **at)
{
	const char *digit = *at;
	uint64_t value = 0;

	for (; *digit >= '0' && *digit <= '9'; digit++) {
		unsigned int add = (unsigned int) (*digit - '0');

		if (value > (UINT64_MAX - add) / 10)
			return HK_EPARSE;
		value = value * 10 + add;
	}
	if (digit == *at)
		return HK_EPARSE;
	*at = digit;
	*out = value;
	return 0;
}

int hk_process_id_parse(hk_process_id *out, const char *text)
{
	hk_process_id id = { .pid = 0 };
	uint64_t pid;

	if (text == NULL || read_number(&pid, &text) < 0 || pid == 0 || pid > INT_MAX)
		return HK_EPARSE;
	id.pid = (int64_t) pid;
	if (*text == '@') {
		text++;
		if (read_number(&id.start_ticks, &text) < 0)
			return HK_EPARSE;
		if (*text == ':') {
			text++;
			if (read_number(&id.inode, &text) < 0)
				return HK_EPARSE;
		}
	}
	if (*text != '\0')
		return HK_EPARSE;
	*out = id;
	return 0;
}

size_t hk_process_id_format(char *out, size_t capacity, const hk_process_id *id)
{
	int length;

	if (id->inode != 0)
		length = snprintf(out, capacity, "%" PRId64 "@%" PRIu64 ":%" PRIu64,
		    id->pid, id->start_ticks, id->inode);
	else if (id->start_ticks != 0)
		length = snprintf(
		    out, capacity, "%" PRId64 "@%" PRIu64, id->pid, id->start_ticks);
	else
		length = snprintf(out, capacity, "%" PRId64, id->pid);
	return length < 0 ? 0 : (size_t) length;
}

/* ---- signals ---- */

/* Owned by the caller when 0 is returned. */
static int open_id(hki_pidref *out, const hk_process_id *id, int signal)
{
	if (id == NULL || id->pid <= 0 || id->pid > INT_MAX || signal < 0 ||
	    signal > SIGRTMAX)
		return -EINVAL;
	return hki_pidref_open_exactly(out, (pid_t) id->pid, id->start_ticks, id->inode);
}

int hk_process_id_kill(const hk_process_id *id, int signal)
{
	hki_pidref ref;
	int r = open_id(&ref, id, signal);

	if (r < 0)
		return r;
	r = hki_pidref_signal(&ref, signal);
	hki_pidref_close(&ref);
	return r;
}

int hk_process_id_kill_tree(unsigned int *out_count, const hk_process_id *id, int signal)
{
	hki_pidref ref;
	int r = open_id(&ref, id, signal);

	if (r < 0)
		return r;
	r = hki_tree_signal_below(&ref, signal);
	hki_pidref_close(&ref);
	if (r < 0)
		return r;
	if (out_count != NULL)
		*out_count = (unsigned int) r;
	return 0;
}
