/*
 * A thousand short-lived children at once, again and again.  Each end is told once
 * and truly, with the code that child was asked for, and afterwards as many
 * descriptors are open as before.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <hostkit/error.h>
#include <hostkit/loop.h>
#include <hostkit/process.h>
#include "stress.h"

#define CHILDREN 1000

typedef struct child {
	hk_process *process;
	unsigned int told;
	int code;
} child;

static void exited(hk_process *process, const hk_process_exit *how, void *user)
{
	child *self = user;

	(void) process;
	self->told++;
	self->code = how->end == HK_END_CODE ? how->code : -1;
}

static unsigned int open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned int count = 0;

	stress_need(folder != NULL, "no /proc/self/fd");
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

/* A pidfd a child; the usual soft limit of 1024 would be in the way. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	stress_need(getrlimit(RLIMIT_NOFILE, &limit) == 0, "no limit");
	limit.rlim_cur = limit.rlim_max;
	stress_need(
	    setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 3 * CHILDREN,
	    "too few descriptors are allowed here");
}

static int start(child *self, hk_loop *loop, unsigned int number)
{
	char script[32];
	const char *const argv[] = { "sh", "-c", script, NULL };
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;

	*self = (child){ 0 };
	snprintf(script, sizeof(script), "exit %u", number % 256);
	opts.argv = argv;
	opts.tree = HK_TREE_NONE;
	opts.on_exit = exited;
	opts.user_data = self;
	return hk_process_spawn(&self->process, loop, &opts, NULL);
}

int main(void)
{
	unsigned int rounds = stress_factor();
	child *children = calloc(CHILDREN, sizeof(*children));
	unsigned int refused = 0;
	unsigned int untold = 0;
	unsigned int wrong = 0;
	unsigned int before;
	hk_loop *loop = NULL;

	stress_plan(3);
	raise_descriptor_limit();
	stress_need(children != NULL && hk_loop_new(&loop) == 0, "no loop");
	before = open_descriptors();
	for (unsigned int round = 0; round < rounds; round++) {
		for (unsigned int i = 0; i < CHILDREN; i++)
			refused += start(&children[i], loop, i) < 0;
		stress_need(hk_loop_run(loop) == 0, "the loop failed");
		for (unsigned int i = 0; i < CHILDREN; i++) {
			untold += children[i].told != 1;
			wrong += children[i].code != (int) (i % 256);
			hk_process_free(children[i].process);
		}
	}
	stress_check(
	    refused == 0, "%u of %u starts were refused", refused, rounds * CHILDREN);
	stress_check(untold == 0 && wrong == 0,
	    "%u ends were not told once, %u with another code", untold, wrong);
	/* What a loop opens for itself, it may keep. */
	stress_check(open_descriptors() <= before + 4, "%u descriptors before, %u after",
	    before, open_descriptors());
	hk_loop_free(loop);
	free(children);
	return stress_status();
}
