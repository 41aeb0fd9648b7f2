/*
 * Signals on their way to the program.
 *
 * We read them from a signalfd of our own rather than through hk_signal, because
 * the origin decides: Ctrl-C goes from the terminal to everybody in its
 * foreground group, so the program has it already, while a SIGINT from kill(1)
 * was sent to us alone.  The kernel marks the former with SI_KERNEL.
 *
 * A program that stops (Ctrl-Z in an editor) has to stop us as well, or the
 * shell would wait for a job it believes to be running.
 */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "run.h"

struct run_signals {
	int fd;
	hk_watch *watch;
	hk_signal *child; /* SIGCHLD: the program stopped */
	hk_process *process;
	run_signal_fn fn;
	void *user;
	bool interrupted;
	bool in_our_group;
};

static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM,
	SIGWINCH, SIGALRM, SIGPWR };

static bool is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int run_signals_new(run_signals **out)
{
	run_signals *signals = hki_zalloc(sizeof(*signals));
	sigset_t set;
	int fd;

	if (signals == NULL)
		return -ENOMEM;
	sigemptyset(&set);
	for (size_t i = 0; i < HKI_COUNT(forwarded); i++)
		if (!is_ignored(forwarded[i]))
			sigaddset(&set, forwarded[i]);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		if (!is_ignored(number))
			sigaddset(&set, number);

	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0) {
		int error = -errno;

		hki_free(signals);
		return error;
	}
	signals->fd = fd;
	sigprocmask(SIG_BLOCK, &set, NULL);
	*out = signals;
	return 0;
}

static void pass_on(run_signals *signals, const struct signalfd_siginfo *info)
{
	int number = (int) info->ssi_signo;
	bool from_terminal = info->ssi_code == SI_KERNEL;

	if (from_terminal && number == SIGINT)
		signals->interrupted = true;
	if (signals->fn != NULL && signals->fn(number, signals->user))
		return;
	if (signals->process == NULL || (from_terminal && signals->in_our_group))
		return;
	/* It may have ended meanwhile; then there is nobody to tell. */
	(void) !hk_process_kill(signals->process, number);
}

static void read_all(run_signals *signals)
{
	struct signalfd_siginfo info;

	while (read(signals->fd, &info, sizeof(info)) == (ssize_t) sizeof(info))
		pass_on(signals, &info);
}

static void on_readable(hk_watch *watch, unsigned int events, void *user)
{
	(void) watch;
	(void) events;
	read_all(user);
}

static void on_child(hk_signal *signal, int number, void *user)
{
	run_signals *signals = user;
	siginfo_t info = { .si_pid = 0 };
	pid_t pid = hk_process_pid(signals->process);

	(void) signal;
	(void) number;
	/* WEXITED is not asked for: the end is the library's to collect. */
	if (waitid(P_PID, (id_t) pid, &info, WSTOPPED | WNOHANG) == 0 &&
	    info.si_pid == pid)
		(void) raise(SIGSTOP);
}

int run_signals_forward(run_signals *signals, hk_loop *loop, hk_process *process,
    run_signal_fn fn, void *user)
{
	int r;

	signals->process = process;
	signals->fn = fn;
	signals->user = user;
	signals->in_our_group = getpgid(hk_process_pid(process)) == getpgrp();
	r = hk_watch_start(
	    &signals->watch, loop, signals->fd, HK_READABLE, on_readable, signals);
	if (r < 0)
		return r;
	hk_watch_set_background(signals->watch, true);
	if (!signals->in_our_group || !isatty(STDIN_FILENO))
		return 0;
	return hk_signal_start(&signals->child, loop, SIGCHLD, on_child, signals);
}

void run_signals_over(run_signals *signals)
{
	hk_watch_free(signals->watch);
	hk_signal_free(signals->child);
	signals->watch = NULL;
	signals->child = NULL;
	signals->process = NULL;
	/* Ctrl-C reached both of us; the program's end may have been seen first. */
	read_all(signals);
}

bool run_signals_interrupted(const run_signals *signals)
{
	return signals->interrupted;
}

void run_signals_free(run_signals *signals)
{
	if (signals == NULL)
		return;
	hk_watch_free(signals->watch);
	hk_signal_free(signals->child);
	(void) close(signals->fd);
	hki_free(signals);
}
