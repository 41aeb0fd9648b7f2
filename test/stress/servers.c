/*
 * Servers that are killed with SIGKILL wherever they are, again and again: the next one
 * always binds.  Servers that start at the same instant on one path: exactly one listens.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <hostkit/ipc.h>
#include "stress.h"

/* Full runs: 1000 kills and 500 races. */
#define KILLS  20u
#define RACES  10u
#define RACERS 4

static char url[80];
static uint64_t random_state = 1;

/* Listen, say how that went, and wait for the end. */
static void serve(int tell)
{
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_ipc_server *server;
	hk_loop *loop;
	int r = hk_loop_new(&loop);
	char said;

	if (r == 0)
		r = hk_ipc_listen(&server, loop, url, &opts, NULL);
	said = r == 0 ? 'y' : r == -EADDRINUSE ? 'n' : '?';
	if (write(tell, &said, 1) != 1)
		_exit(1);
	(void) pause();
	_exit(0);
}

static pid_t start(const int *ends)
{
	pid_t child = fork();

	stress_need(child >= 0, "no process");
	if (child == 0) {
		(void) close(ends[0]);
		serve(ends[1]);
	}
	return child;
}

static void end(pid_t child)
{
	stress_need(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child,
	    "cannot end a server");
}

static void kill_again_and_again(void)
{
	unsigned int kills = KILLS * stress_factor();
	unsigned int bound = 0;

	for (unsigned int i = 0; i < kills; i++) {
		int ends[2];
		char said = 0;
		pid_t child;

		/* One somewhere on its way … */
		stress_need(pipe(ends) == 0, "no pipe");
		child = start(ends);
		(void) usleep((useconds_t) (stress_random(&random_state) % 2000));
		end(child);
		(void) close(ends[0]);
		(void) close(ends[1]);
		/* … and one that must listen after it. */
		stress_need(pipe(ends) == 0, "no pipe");
		child = start(ends);
		bound += read(ends[0], &said, 1) == 1 && said == 'y';
		end(child);
		(void) close(ends[0]);
		(void) close(ends[1]);
	}
	stress_check(bound == kills, "%u of %u servers could listen after one was killed",
	    bound, kills);
}

static unsigned int race(void)
{
	unsigned int winners = 0;
	pid_t children[RACERS];
	int ends[2];

	stress_need(pipe(ends) == 0, "no pipe");
	for (int i = 0; i < RACERS; i++)
		children[i] = start(ends);
	for (int i = 0; i < RACERS; i++) {
		char said = 0;

		stress_need(read(ends[0], &said, 1) == 1, "a server said nothing");
		stress_need(said != '?', "a server failed in another way");
		winners += said == 'y';
	}
	for (int i = 0; i < RACERS; i++)
		end(children[i]);
	(void) close(ends[0]);
	(void) close(ends[1]);
	return winners;
}

int main(void)
{
	char folder[] = "/tmp/hostkit-stress-XXXXXX";
	unsigned int races = RACES * stress_factor();
	unsigned int good = 0;
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_ipc_server *server = NULL;
	hk_loop *loop = NULL;

	stress_plan(2);
	stress_need(mkdtemp(folder) != NULL, "no folder");
	(void) snprintf(url, sizeof(url), "unix:%s/s", folder);
	kill_again_and_again();
	for (unsigned int i = 0; i < races; i++)
		good += race() == 1;
	stress_check(good == races, "%u of %u races of %d servers had one winner", good,
	    races, RACERS);
	/* The last one goes in order and leaves nothing. */
	stress_need(hk_loop_new(&loop) == 0 &&
			hk_ipc_listen(&server, loop, url, &opts, NULL) == 0,
	    "cannot listen in the end");
	hk_ipc_server_free(server);
	hk_loop_free(loop);
	stress_need(rmdir(folder) == 0, "something was left behind");
	return stress_status();
}
