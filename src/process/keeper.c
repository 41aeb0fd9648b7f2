/*
 * Talking to the keeper.  Requests are answered in milliseconds by a process that
 * does nothing else, so they are simply waited for; a keeper that does not answer
 * is stuck or stopped, and the bound makes that an error instead of a hang.  News
 * that arrives in between (the program's end) is kept for who asks for it.
 */
#include "process/keeper.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "os/syscall.h"
#include "process/keeper_path.h"
#include "process/tree_internal.h"

#define ANSWER_TIMEOUT_NS (5 * HKI_NS_PER_S)

/* ---- before the start ---- */

/* The installed program, or the one of a build that is not installed. */
static char *keeper_path(void)
{
	const char *directory = secure_getenv("HOSTKIT_LIBEXEC");

	return hki_format("%s/keeper", directory == NULL ? HKI_LIBEXEC_PATH : directory);
}

int hki_keeper_prepare(hki_tree *tree)
{
	hki_cleanup(hki_freep) char *path = keeper_path();
	int ends[2];

	if (path == NULL)
		return -ENOMEM;
	if (access(path, X_OK) < 0)
		return -ENOTSUP;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	tree->control = ends[0];
	tree->control_child = ends[1];
	return 0;
}

int hki_keeper_child_end(const hki_tree *tree)
{
	return tree->control_child;
}

/* The strings of @argv, packed behind the pointers: out[at], out[at + 1] … */
static char **pack(const char *const *head, const char *const *argv)
{
	size_t count = 0;
	size_t bytes = 0;
	char **packed;
	char *text;
	size_t at = 0;

	for (const char *const *s = head; *s != NULL; s++, count++)
		bytes += strlen(*s) + 1;
	for (const char *const *s = argv; *s != NULL; s++, count++)
		bytes += strlen(*s) + 1;
	packed = hki_alloc((count + 1) * sizeof(char *) + bytes);
	if (packed == NULL)
		return NULL;
	text = (char *) (packed + count + 1);
	for (const char *const *s = head; at < count; s++) {
		if (*s == NULL)
			s = argv;
		packed[at++] = text;
		text = stpcpy(text, *s) + 1;
	}
	packed[count] = NULL;
	return packed;
}

int hki_keeper_command(char ***out, const hki_tree *tree, const char *file,
    const char *const *argv, int child_fd, unsigned int flags)
{
	hki_cleanup(hki_freep) char *path = keeper_path();
	char fd_text[16];
	char flags_text[16];
	const char *head[] = { path, fd_text, flags_text, file, NULL };
	char **packed;

	(void) tree;
	if (path == NULL)
		return -ENOMEM;
	snprintf(fd_text, sizeof(fd_text), "%d", child_fd);
	snprintf(flags_text, sizeof(flags_text), "%u", flags);
	packed = pack(head, argv);
	if (packed == NULL)
		return -ENOMEM;
	*out = packed;
	return 0;
}

/* ---- messages ---- */

/* The descriptors that came with a message; -1 where none did. */
static void take_attached(int out[HKI_KEEPER_FDS], struct msghdr *header)
{
	const size_t bytes = HKI_KEEPER_FDS * sizeof(int);

	for (unsigned int i = 0; i < HKI_KEEPER_FDS; i++)
		out[i] = -1;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL;
	     part = CMSG_NXTHDR(header, part))
		if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS &&
		    part->cmsg_len == CMSG_LEN(bytes))
			memcpy(out, CMSG_DATA(part), bytes);
}

/* Take one message without waiting.  1, 0 nothing there, -EPIPE the keeper is gone. */
static int receive(hki_tree *tree, hki_keeper_message *out, int out_fds[HKI_KEEPER_FDS])
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(HKI_KEEPER_FDS * sizeof(int))];
	} control;
	struct iovec data = { out, sizeof(*out) };
	struct msghdr header = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t length;

	if (tree->control < 0)
		return -EPIPE;
	do
		length = recvmsg(tree->control, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (length < 0 && errno == EINTR);
	if (length < 0 && errno == EAGAIN)
		return 0;
	if (length != (ssize_t) sizeof(*out))
		return -EPIPE;
	take_attached(out_fds, &header);
	return 1;
}

static void close_attached(int fds[HKI_KEEPER_FDS])
{
	for (unsigned int i = 0; i < HKI_KEEPER_FDS; i++)
		hki_closep(&fds[i]);
}

/* The same, waiting until @deadline_ns; then -ETIMEDOUT. */
static int receive_until(hki_tree *tree, hki_keeper_message *out,
    int out_fds[HKI_KEEPER_FDS], uint64_t deadline_ns)
{
	for (;;) {
		struct pollfd ready = { .fd = tree->control, .events = POLLIN };
		uint64_t now_ns = hki_clock_monotonic_ns();
		uint64_t left_ms;
		int r = receive(tree, out, out_fds);

		if (r != 0)
			return r;
		if (now_ns >= deadline_ns)
			return -ETIMEDOUT;
		left_ms = (deadline_ns - now_ns) / HKI_NS_PER_MS + 1;
		(void) poll(&ready, 1, left_ms < INT_MAX ? (int) left_ms : INT_MAX);
	}
}

int hki_keeper_request(hki_tree *tree, enum hki_keeper_kind kind, int signal)
{
	hki_keeper_message message = {
		.kind = kind,
		.number = ++tree->requests,
		.signal = signal,
	};
	uint64_t deadline_ns = hki_clock_monotonic_ns() + ANSWER_TIMEOUT_NS;
	int r;

	/* Whoever stopped the keeper must not stop us from ending the tree. */
	(void) hki_pidref_signal(&tree->keeper, SIGCONT);
	if (send(tree->control, &message, sizeof(message), MSG_NOSIGNAL) < 0)
		return errno == EPIPE || errno == ECONNRESET || errno == EBADF ? 0
									       : -errno;
	do {
		int fds[HKI_KEEPER_FDS];

		r = receive_until(tree, &message, fds, deadline_ns);
		if (r > 0)
			close_attached(fds);
	} while (r > 0 && message.number != tree->requests);
	/* A keeper that is gone has ended everybody, or was killed: nothing to ask. */
	if (r == -EPIPE)
		return 0;
	return r < 0 ? r : message.count;
}

/* ---- the program ---- */

/* @fds: what came attached; closed by the caller where it is not -1 afterwards. */
static int take_main(hki_pidref *out, hki_tree *tree, const hki_keeper_message *message,
    int fds[HKI_KEEPER_FDS])
{
	int r;

	if (message->kind == HKI_KEEPER_FAILED && message->error > 0)
		return -message->error;
	if (message->kind != HKI_KEEPER_STARTED || fds[0] < 0 || fds[1] < 0)
		return -EPIPE;
	r = hki_pidref_from_fd(out, message->pid, fds[0]);
	if (r < 0)
		return r;
	(void) hki_take_fd(&fds[0]);
	tree->news = hki_take_fd(&fds[1]);
	return 0;
}

int hki_keeper_started(hki_pidref *out_main, hki_tree *tree, hki_pidref *keeper)
{
	hki_keeper_message message;
	int fds[HKI_KEEPER_FDS];
	int r;

	tree->keeper = *keeper;
	*keeper = (hki_pidref) HKI_PIDREF_NULL;
	/* With our copy closed, the keeper's end ends the stream. */
	hki_closep(&tree->control_child);
	tree->control_child = -1;
	/* An exec can hang on a dead mount, as it could in our own child. */
	r = receive_until(tree, &message, fds, UINT64_MAX);
	if (r < 0)
		return r;
	r = take_main(out_main, tree, &message, fds);
	close_attached(fds);
	return r;
}

int hki_keeper_fd(const hki_tree *tree)
{
	return tree->news;
}

static void fill_result(hki_wait_result *out, const hki_keeper_message *message)
{
	*out = (hki_wait_result){
		.known = true,
		.usage_known = true,
		.core_dumped = message->wait_code == CLD_DUMPED,
	};
	if (message->wait_code == CLD_EXITED)
		out->code = message->wait_status;
	else
		out->signal = message->wait_status;
	out->usage.ru_utime.tv_sec = message->user_us / 1000000;
	out->usage.ru_utime.tv_usec = message->user_us % 1000000;
	out->usage.ru_stime.tv_sec = message->system_us / 1000000;
	out->usage.ru_stime.tv_usec = message->system_us % 1000000;
	out->usage.ru_maxrss = message->max_rss_kib;
	out->usage.ru_minflt = message->minor_faults;
	out->usage.ru_majflt = message->major_faults;
	out->usage.ru_nvcsw = message->voluntary_switches;
	out->usage.ru_nivcsw = message->involuntary_switches;
}

/* The message, 0 nothing there yet, or -EPIPE when none will come. */
static int read_news(hki_tree *tree)
{
	struct pollfd ready = { .fd = tree->news, .events = POLLIN };
	ssize_t length;

	if (tree->news < 0)
		return -EPIPE;
	if (poll(&ready, 1, 0) != 1)
		return 0;
	length = read(tree->news, &tree->exit, sizeof(tree->exit));
	if (length != (ssize_t) sizeof(tree->exit))
		return -EPIPE;
	tree->exit_came = true;
	return 1;
}

int hki_keeper_wait(hki_tree *tree, hki_wait_result *out)
{
	int r = tree->exit_came ? 1 : read_news(tree);

	if (r == 0)
		return 0;
	if (r < 0)
		*out = (hki_wait_result){ .known = false };
	else
		fill_result(out, &tree->exit);
	return 1;
}

void hki_keeper_free(hki_tree *tree)
{
	hki_wait_result ignored;

	hki_closep(&tree->control);
	hki_closep(&tree->control_child);
	hki_closep(&tree->news);
	tree->news = -1;
	tree->control = -1;
	tree->control_child = -1;
	if (tree->keeper.fd < 0)
		return;
	if (!tree->detached) {
		(void) hki_pidref_signal(&tree->keeper, SIGCONT);
		(void) hki_pidref_wait_end(
		    &tree->keeper, hki_clock_monotonic_ns() + HKI_TREE_KILL_TIMEOUT_NS);
	}
	(void) hki_pidref_wait(&tree->keeper, &ignored);
	hki_pidref_close(&tree->keeper);
}
