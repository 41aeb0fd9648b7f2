/*
 * A program that behaves as badly as programs do, for the tests of trees:
 *
 *     test-tree-child PATTERN REPORT_FD
 *
 * Every process of it, the main one included, writes its id to REPORT_FD and keeps
 * the descriptor open: the reader knows all of them without asking the code under
 * test, and sees the end of the stream exactly when the last one is dead.  All of
 * them ignore SIGTERM and SIGHUP.  "0" is written once the pattern stands.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * How long the restless patterns go on: longer than any test is patient, so that
 * they have to be caught forking.  At most a handful of them live at a time.
 */
#define RESTLESS_S     20
#define RESTLESS_FORKS 1500

static int report_fd;
static char **program;

static void report(int32_t pid)
{
	if (write(report_fd, &pid, sizeof(pid)) != sizeof(pid))
		_exit(3);
}

static _Noreturn void rest(void)
{
	report(getpid());
	/* A test that failed must not leave anything behind for ever. */
	(void) alarm(60);
	for (;;)
		(void) pause();
}

/* ---- the patterns ---- */

static void plain(void)
{
	if (fork() == 0)
		rest();
}

static void new_session(void)
{
	if (fork() == 0) {
		(void) setsid();
		rest();
	}
}

/* The one in between ends, so that its child is an orphan. */
static void double_fork(void (*in_between)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		in_between();
		if (fork() == 0)
			rest();
		_exit(0);
	}
	(void) waitpid(pid, NULL, 0);
}

static void nothing(void)
{
}

static void become_session(void)
{
	(void) setsid();
}

/* An orphan in a session of its own that has thrown its environment away. */
static void bare(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void) setsid();
		if (fork() == 0) {
			char fd_text[16];
			char *const arguments[] = { program[0], (char[]){ "rest" },
				fd_text, NULL };
			char *const none[] = { NULL };

			snprintf(fd_text, sizeof(fd_text), "%d", report_fd);
			(void) execve(program[0], arguments, none);
		}
		_exit(0);
	}
	(void) waitpid(pid, NULL, 0);
}

/* ---- those that never hold still ---- */

static struct timespec start;

/*
 * Called before each fork, and inherited by a chain of them.  Whoever adopts what
 * they leave may be slow to collect it, and the machine has other users: without
 * an end to it the ids of the whole system would run out.
 */
static bool is_restless(void)
{
	static unsigned int forks;
	const struct timespec breath = { 0, 200000 };
	struct timespec now;

	(void) nanosleep(&breath, NULL);
	(void) clock_gettime(CLOCK_MONOTONIC, &now);
	return forks++ < RESTLESS_FORKS && now.tv_sec - start.tv_sec < RESTLESS_S;
}

/* Each forks its successor and ends, in a new session every time. */
static void hop(void)
{
	if (fork() != 0)
		return;
	report(getpid());
	while (is_restless()) {
		(void) setsid();
		if (fork() != 0)
			_exit(0);
	}
	rest();
}

/* Four that fork all the time, and whose children do so for a while. */
static void swarm(void)
{
	for (int i = 0; i < 4; i++) {
		if (fork() != 0)
			continue;
		report(getpid());
		while (is_restless()) {
			pid_t pid = fork();

			if (pid == 0 && fork() == 0)
				_exit(0);
			if (pid == 0)
				_exit(0);
			if (pid < 0)
				break;
			(void) waitpid(-1, NULL, WNOHANG);
		}
		rest();
	}
}

static void five(void)
{
	plain();
	new_session();
	double_fork(nothing);
	double_fork(become_session);
	hop();
}

static void stopped(void)
{
	/* Stopped from the beginning. */
	if (fork() == 0) {
		report(getpid());
		(void) raise(SIGSTOP);
		rest();
	}
}

static void make(const char *pattern)
{
	if (strcmp(pattern, "alone") == 0)
		nothing();
	else if (strcmp(pattern, "plain") == 0)
		plain();
	else if (strcmp(pattern, "setsid") == 0)
		new_session();
	else if (strcmp(pattern, "double") == 0)
		double_fork(nothing);
	else if (strcmp(pattern, "double-setsid") == 0)
		double_fork(become_session);
	else if (strcmp(pattern, "bare") == 0)
		bare();
	else if (strcmp(pattern, "hop") == 0)
		hop();
	else if (strcmp(pattern, "swarm") == 0)
		swarm();
	else if (strcmp(pattern, "stopped") == 0)
		stopped();
	else if (strcmp(pattern, "five") == 0)
		five();
	else if (strcmp(pattern, "rest") == 0)
		rest();
	else
		exit(2);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	program = argv;
	report_fd = atoi(argv[2]);
	(void) signal(SIGTERM, SIG_IGN);
	(void) signal(SIGHUP, SIG_IGN);
	(void) clock_gettime(CLOCK_MONOTONIC, &start);
	make(argv[1]);
	report(0);
	rest();
}
