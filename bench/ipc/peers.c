#include "peers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../node.h"

static char folder[] = "/tmp/hostkit-bench-XXXXXX";
static char path[64];
static bool made;
static unsigned int number;
static bench_placement placement;

/* The socket, and the lock beside it that a server killed leaves. */
static void remove_path(void)
{
	char lock[sizeof(path) + 8];

	(void) snprintf(lock, sizeof(lock), "%s.lock", path);
	(void) unlink(path);
	(void) unlink(lock);
}

const char *bench_ipc_path(void)
{
	if (!made && mkdtemp(folder) == NULL) {
		perror("mkdtemp");
		exit(1);
	}
	made = true;
	remove_path();
	(void) snprintf(path, sizeof(path), "%s/%u", folder, number++);
	return path;
}

void bench_ipc_leave(void)
{
	remove_path();
	if (made && rmdir(folder) < 0)
		perror(folder);
}

bool bench_ipc_place(bench_placement how)
{
	placement = how;
	return bench_can_place(how) && bench_place(how, BENCH_NEAR) &&
	       setenv("BENCH_PROCESSOR", bench_processor(how, BENCH_FAR), 1) == 0;
}

pid_t bench_ipc_fork(int (*fn)(void *user), void *user)
{
	pid_t child;

	(void) fflush(NULL);
	child = fork();
	if (child == 0)
		_exit(bench_place(placement, BENCH_FAR) && fn(user) == 0 ? 0 : 1);
	return child;
}

bool bench_ipc_join(pid_t child)
{
	int status;

	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

double bench_ipc_apart(double (*fn)(void *user), void *user)
{
	double figure = NAN;
	int ends[2];
	pid_t child;

	if (pipe(ends) < 0)
		return NAN;
	(void) fflush(NULL);
	child = fork();
	if (child == 0) {
		figure = fn(user);
		_exit(write(ends[1], &figure, sizeof(figure)) != sizeof(figure));
	}
	(void) close(ends[1]);
	if (read(ends[0], &figure, sizeof(figure)) != sizeof(figure))
		figure = NAN;
	(void) close(ends[0]);
	return bench_ipc_join(child) ? figure : NAN;
}

double bench_node(const char *script, const char *argument)
{
	char file[512];
	const char *argv[] = { "node", file, bench_ipc_path(), argument, NULL };

	(void) snprintf(file, sizeof(file), "%s/ipc/%s", BENCH_FOLDER, script);
	return bench_run_script(argv);
}
