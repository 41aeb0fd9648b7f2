#include "loop/core.h"

#include <sys/signalfd.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"

/*
 * Signals through one signalfd a loop.
 *
 * No handler is installed: a number somebody watches is blocked and taken from
 * the descriptor like any other event, on the loop's thread, at a moment when
 * nothing is half done.  What was blocked before stays blocked at the end.
 */

#define SIGNALS_AT_A_TIME 16

static bool may_be_watched(int number)
{
	/* Faults are the faulting thread's own, and cannot wait. */
	static const int refused[] = { SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL,
		SIGTRAP, SIGSYS };

	for (size_t i = 0; i < HKI_COUNT(refused); i++)
		if (number == refused[i])
			return false;
	/* Between the classic ones and SIGRTMIN lie those libc keeps for itself. */
	return (number >= 1 && number < 32) || (number >= SIGRTMIN && number <= SIGRTMAX);
}

static int add_signal_fd(hk_loop *loop, const sigset_t *mask)
{
	hki_cleanup(hki_closep) int fd = signalfd(-1, mask, SFD_CLOEXEC | SFD_NONBLOCK);
	int r;

	if (fd < 0)
		return -errno;
	r = hki_epoll_add(loop->epoll_fd, fd, EPOLLIN, HKI_LOOP_EVENT_SIGNAL);
	if (r < 0)
		return r;
	loop->signal_fd = hki_take_fd(&fd);
	return 0;
}

static int listen_to(hk_loop *loop, int number)
{
	sigset_t mask = loop->signal_mask;
	int r;

	sigaddset(&mask, number);
	if (loop->signal_fd < 0)
		r = add_signal_fd(loop, &mask);
	else
		r = signalfd(loop->signal_fd, &mask, 0) < 0 ? -errno : 0;
	if (r < 0)
		return r;
	loop->signal_mask = mask;
	return 0;
}

static void block(hk_loop *loop, int number)
{
	sigset_t one;
	sigset_t before;

	sigemptyset(&one);
	sigaddset(&one, number);
	pthread_sigmask(SIG_BLOCK, &one, &before);
	if (!sigismember(&before, number))
		sigaddset(&loop->unblock, number);
}

static void unblock(hk_loop *loop, int number)
{
	sigset_t one;

	if (!sigismember(&loop->unblock, number))
		return;
	sigdelset(&loop->unblock, number);
	sigemptyset(&one);
	sigaddset(&one, number);
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
}

static bool watched(const hk_loop *loop, int number)
{
	for (const hki_list *node = loop->signals.next; node != &loop->signals;
	     node = node->next)
		if (hki_list_entry(node, const hk_signal, node)->number == number)
			return true;
	return false;
}

int hk_signal_start(
    hk_signal **out, hk_loop *loop, int number, hk_signal_fn fn, void *user)
{
	hki_cleanup(hki_freep) hk_signal *signal = NULL;
	int r = hki_loop_usable(loop);

	if (r < 0)
		return r;
	if (fn == NULL || !may_be_watched(number))
		return -EINVAL;
	signal = hki_zalloc(sizeof(*signal));
	if (signal == NULL)
		return -ENOMEM;
	if (!sigismember(&loop->signal_mask, number)) {
		r = listen_to(loop, number);
		if (r < 0)
			return r;
		block(loop, number);
	}
	signal->loop = loop;
	signal->number = number;
	signal->fn = fn;
	signal->user = user;
	hki_list_append(&loop->signals, &signal->node);
	hki_loop_ref(loop);
	*out = hki_take(signal);
	return 0;
}

static void stop_listening(hk_loop *loop, int number)
{
	sigdelset(&loop->signal_mask, number);
	(void) signalfd(loop->signal_fd, &loop->signal_mask, 0);
	unblock(loop, number);
}

void hk_signal_free(hk_signal *signal)
{
	hk_loop *loop;

	if (signal == NULL)
		return;
	loop = signal->loop;
	hki_list_remove(&signal->node);
	if (!hki_loop_inert(loop) && !watched(loop, signal->number))
		stop_listening(loop, signal->number);
	hki_free(signal);
	hki_loop_unref(loop);
}

void hki_signals_close(hk_loop *loop)
{
	for (int number = 1; number <= SIGRTMAX; number++)
		unblock(loop, number);
	hki_closep(&loop->signal_fd);
}

/* Callbacks may free any watcher, so each moves back to the list before its call. */
static void deliver(hk_loop *loop, int number)
{
	hki_list round;
	hki_list *node;

	hki_list_init(&round);
	hki_list_splice(&round, &loop->signals);
	while ((node = hki_list_pop(&round)) != NULL) {
		hk_signal *signal = hki_list_entry(node, hk_signal, node);

		hki_list_append(&loop->signals, node);
		if (signal->number != number)
			continue;
		if (loop->measuring)
			loop->meter.sums.events++;
		signal->fn(signal, number, signal->user);
		hki_next_run(loop);
	}
}

void hki_signals_run(hk_loop *loop)
{
	struct signalfd_siginfo infos[SIGNALS_AT_A_TIME];
	ssize_t bytes = read(loop->signal_fd, infos, sizeof(infos));

	for (ssize_t i = 0; i < bytes / (ssize_t) sizeof(infos[0]); i++)
		deliver(loop, (int) infos[i].ssi_signo);
}
