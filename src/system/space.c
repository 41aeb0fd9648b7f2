/*
 * A private loop and the threads of offload.  What a thread works on is a copy of
 * its own: it may come back long after everybody has stopped waiting, and after
 * the observer has gone.
 */
#include "system/space.h"

#include <errno.h>
#include <hostkit/loop.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "loop/offload.h"

/* File systems that answer do so in microseconds; those that do not cost a thread each. */
#define THREADS_MAX 8

struct hki_space {
	hk_loop *loop;
	hki_offload *offload;
};

typedef struct asking {
	char *path;
	struct statvfs answer;
	hki_space_question *question; /* on the asker's thread only */
} asking;

int hki_space_new(hki_space **out)
{
	hki_space *space = hki_zalloc(sizeof(*space));
	int r;

	if (space == NULL)
		return -ENOMEM;
	if ((r = hk_loop_new(&space->loop)) < 0 ||
	    (r = hki_offload_new(&space->offload, space->loop, THREADS_MAX)) < 0) {
		hki_space_free(space);
		return r;
	}
	*out = space;
	return 0;
}

void hki_space_free(hki_space *space)
{
	if (space == NULL)
		return;
	hki_offload_free(space->offload);
	hk_loop_free(space->loop);
	hki_free(space);
}

static int work(void *user)
{
	asking *job = user;

	return statvfs(job->path, &job->answer) < 0 ? -errno : 0;
}

static void done(hki_offload_job *handle, int result, void *user)
{
	asking *job = user;

	(void) handle;
	job->question->result = result;
	if (result == 0)
		job->question->answer = job->answer;
}

static void free_job(void *user)
{
	asking *job = user;

	if (job == NULL)
		return;
	hki_free(job->path);
	hki_free(job);
}

static void free_jobp(asking **job)
{
	free_job(*job);
}

static int ask_one(hki_space *space, hki_space_question *question, uint64_t deadline_ns)
{
	hki_cleanup(free_jobp) asking *job = hki_zalloc(sizeof(*job));
	hki_offload_opts opts = { .deadline_ns = deadline_ns,
		.resource = question->path,
		.work = work,
		.done = done,
		.free = free_job,
		.user = job };
	int r;

	if (job == NULL)
		return -ENOMEM;
	job->question = question;
	job->path = hki_strdup(question->path);
	if (job->path == NULL)
		return -ENOMEM;
	r = hki_offload_submit(NULL, space->offload, &opts);
	if (r == 0)
		(void) hki_take(job);
	return r;
}

int hki_space_ask(
    hki_space *space, hki_space_question *questions, size_t count, uint64_t deadline_ns)
{
	for (size_t i = 0; i < count; i++) {
		int r = ask_one(space, &questions[i], deadline_ns);

		questions[i].result = r < 0 ? r : -ETIMEDOUT;
	}
	return hk_loop_run(space->loop);
}
