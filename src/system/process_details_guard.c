/*
 * Reading what may never answer.  The kernel takes the lock of a process's
 * address space to print its environment and maps; a process that is stuck while
 * it holds that lock takes every reader with it, beyond the reach of signals.  So
 * a thread reads, and is written off when time is up.  The loop is private: the
 * caller has none, or does not want this on his.
 */
#include "system/process_details.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "loop/offload.h"

struct hki_details_guard {
	hk_loop *loop;
	hki_offload *offload;
};

typedef struct job {
	int directory; /* its own descriptor: the reading may be over before the read */
	const char *name; /* a literal */
	size_t most;
	hki_buffer text;
} job;

/* What waits for it; on the stack of the caller, which stays until it was told. */
typedef struct waiting {
	hki_buffer *out;
	int result;
} waiting;

typedef struct pair {
	job *job;
	waiting *waiting;
} pair;

static int work(void *user)
{
	job *read = ((pair *) user)->job;

	return hki_details_file(&read->text, read->directory, read->name, read->most);
}

static void told(hki_offload_job *handle, int result, void *user)
{
	pair *both = user;

	(void) handle;
	both->waiting->result = result;
	if (result != 0)
		return;
	/* The work is over: its text is ours. */
	*both->waiting->out = both->job->text;
	both->job->text = (hki_buffer) HKI_BUFFER_INIT;
}

static void release(void *user)
{
	pair *both = user;

	if (both->job->directory >= 0)
		(void) close(both->job->directory);
	hki_buffer_deinit(&both->job->text);
	hki_free(both->job);
	hki_free(both);
}

void hki_details_guard_free(hki_details_guard *guard)
{
	if (guard == NULL)
		return;
	hki_offload_free(guard->offload);
	hk_loop_free(guard->loop);
	hki_free(guard);
}

static int guard_new(hki_details_guard **out)
{
	hki_details_guard *guard = hki_zalloc(sizeof(*guard));
	int r;

	if (guard == NULL)
		return -ENOMEM;
	r = hk_loop_new(&guard->loop);
	if (r == 0)
		r = hki_offload_new(&guard->offload, guard->loop, 1);
	if (r < 0) {
		hki_details_guard_free(guard);
		return r;
	}
	*out = guard;
	return 0;
}

static pair *pair_new(int directory, const char *name, size_t most, waiting *waits)
{
	pair *both = hki_zalloc(sizeof(*both));
	job *read = hki_zalloc(sizeof(*read));

	if (both == NULL || read == NULL) {
		hki_free(both);
		hki_free(read);
		return NULL;
	}
	read->directory = fcntl(directory, F_DUPFD_CLOEXEC, 0);
	read->name = name;
	read->most = most;
	both->job = read;
	both->waiting = waits;
	return both;
}

static int submit(hki_details_guard *guard, pair *both, uint64_t deadline_ns)
{
	uint64_t now = hki_clock_monotonic_ns();
	hki_offload_opts opts = {
		.deadline_ns = deadline_ns > now ? deadline_ns - now : 1,
		.work = work,
		.done = told,
		.free = release,
		.user = both,
	};
	int r = both->job->directory < 0
		    ? -EMFILE
		    : hki_offload_submit(NULL, guard->offload, &opts);

	if (r < 0)
		release(both);
	return r;
}

int hki_details_guarded(hki_buffer *out, hki_details_reading *reading, const char *name,
    size_t most, uint32_t section)
{
	waiting waits = { .out = out, .result = -ECANCELED };
	pair *both;
	int r = 0;

	if (reading->guard == NULL)
		r = guard_new(&reading->guard);
	if (r < 0)
		return r;
	both = pair_new(reading->directory, name, most, &waits);
	if (both == NULL)
		return -ENOMEM;
	r = submit(reading->guard, both, reading->deadline_ns);
	if (r == 0)
		r = hk_loop_run(reading->guard->loop);
	if (r == 0)
		r = waits.result;
	if (r == -ETIMEDOUT || r == -EBUSY)
		reading->stale |= section;
	return r;
}
