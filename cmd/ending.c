/*
 * Signals that end a stream.  hk_signal has them wait in the kernel until the loop looks,
 * and a loop whose callback hangs in write(2), because the pipe is full and its reader has
 * stopped, never looks.  So these come by a handler: it interrupts the write, keeps the
 * next one from hanging, and wakes the loop.  All it calls is safe in a handler
 * (signal-safety(7)).
 */
#include "ending.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/array.h"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

/* A handler is told nothing but its signal, so this one belongs to the program. */
static struct {
	int wake_fd;
	int stdout_flags; /* -1: it is not open */
	volatile sig_atomic_t told;
	struct sigaction before[HKI_COUNT(signals)];
	size_t taken; /* signals whose action was changed */
	hk_watch *watch;
	cmd_ending_fn fn;
	void *user;
} ending = { .wake_fd = -1 };

static void on_signal(int number)
{
	const uint64_t one = 1;
	int error = errno;

	(void) number;
	ending.told = 1;
	if (ending.stdout_flags >= 0)
		(void) fcntl(STDOUT_FILENO, F_SETFL, ending.stdout_flags | O_NONBLOCK);
	/* Full means awake. */
	(void) !write(ending.wake_fd, &one, sizeof(one));
	errno = error;
}

static void on_wake(hk_watch *watch, unsigned int events, void *user)
{
	(void) events;
	(void) user;
	hk_watch_free(watch);
	ending.watch = NULL;
	ending.fn(ending.user);
}

/* nohup(1) ignores SIGHUP for good.  A shell ignores SIGINT of every job in the background,
 * and whoever sends it to one means it. */
static bool is_left_alone(int number, const struct sigaction *before)
{
	return number == SIGHUP && before->sa_handler == SIG_IGN;
}

static int take_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };

	sigfillset(&action.sa_mask);
	for (ending.taken = 0; ending.taken < HKI_COUNT(signals); ending.taken++) {
		struct sigaction *before = &ending.before[ending.taken];
		int number = signals[ending.taken];

		if (sigaction(number, NULL, before) < 0)
			return -errno;
		if (is_left_alone(number, before))
			continue;
		if (sigaction(number, &action, NULL) < 0)
			return -errno;
	}
	return 0;
}

int cmd_ending_start(hk_loop *loop, cmd_ending_fn fn, void *user)
{
	int r;

	ending.fn = fn;
	ending.user = user;
	ending.told = 0;
	ending.stdout_flags = fcntl(STDOUT_FILENO, F_GETFL);
	ending.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ending.wake_fd < 0)
		return -errno;
	r = hk_watch_start(
	    &ending.watch, loop, ending.wake_fd, HK_READABLE, on_wake, NULL);
	return r < 0 ? r : take_signals();
}

bool cmd_ending_is_told(void)
{
	return ending.told != 0;
}

/* A line that was cut short is no failure: whoever told us to end knows. */
static void drop_unprinted(void)
{
	if (ferror(stdout)) {
		__fpurge(stdout);
		clearerr(stdout);
	}
}

void cmd_ending_stop(void)
{
	if (ending.wake_fd < 0)
		return;
	if (ending.told != 0) {
		(void) fflush(stdout);
		drop_unprinted();
	}
	while (ending.taken > 0) {
		ending.taken--;
		(void) sigaction(
		    signals[ending.taken], &ending.before[ending.taken], NULL);
	}
	if (ending.told != 0 && ending.stdout_flags >= 0)
		(void) fcntl(STDOUT_FILENO, F_SETFL, ending.stdout_flags);
	hk_watch_free(ending.watch);
	ending.watch = NULL;
	(void) close(ending.wake_fd);
	ending.wake_fd = -1;
}
