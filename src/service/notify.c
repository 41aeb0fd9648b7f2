#include "service/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "os/cgroup/cgroup.h"
#include "os/procfs.h"

/*
 * Anybody on the machine can send to an abstract socket, so what arrives is
 * believed only when the kernel says that it was sent by a process of the
 * service's own tree.  The name is one the kernel picks: no file to clean up,
 * no name to guess in advance, nothing in the way after a crash.
 */

#define MESSAGE_MAX 4096
#define STATUS_MAX  256
/* A process that started many others in a chain; /proc cannot be deeper for long. */
#define ANCESTORS_MAX 64

struct hki_notify {
	hk_loop *loop;
	int fd;
	hk_watch *watch;
	const hk_process *process;
	hki_notify_fn fn;
	void *user;
	bool *freed; /* set when it is freed inside its callback */
	char name[sizeof(struct sockaddr_un) + 1];
};

/* ---- who sent it ---- */

static bool is_below(pid_t pid, pid_t main)
{
	for (unsigned int i = 0; i < ANCESTORS_MAX && pid > 1; i++) {
		hki_proc_stat stat;

		if (pid == main)
			return true;
		if (hki_proc_stat_read(&stat, pid) < 0)
			return false;
		pid = stat.parent;
	}
	return false;
}

static int is_it(pid_t pid, void *user)
{
	return pid == *(const pid_t *) user;
}

static bool is_in_cgroup(pid_t pid, const char *path)
{
	hki_cgroup *cgroup = NULL;
	bool found;

	if (path == NULL || hki_cgroup_open(&cgroup, path) < 0)
		return false;
	found = hki_cgroup_each(cgroup, is_it, &pid) == 1;
	hki_cgroup_free(cgroup);
	return found;
}

static bool belongs(const hk_process *process, pid_t pid)
{
	pid_t main = hk_process_pid(process);

	if (pid <= 0 || main <= 0)
		return false;
	return is_below(pid, main) || is_in_cgroup(pid, hk_process_get_cgroup(process));
}

/* ---- what it says ---- */

/* False once the callback has freed us. */
static bool tell(hki_notify *notify, hki_notify_news news, const char *text)
{
	bool freed = false;

	notify->freed = &freed;
	notify->fn(news, text, notify->user);
	if (freed)
		return false;
	notify->freed = NULL;
	return notify->watch != NULL;
}

static bool hear_line(hki_notify *notify, const char *line)
{
	static const struct {
		const char *text;
		hki_notify_news news;
	} words[] = {
		{ "READY=1", HKI_NOTIFY_READY },
		{ "STOPPING=1", HKI_NOTIFY_STOPPING },
		{ "WATCHDOG=1", HKI_NOTIFY_WATCHDOG },
		{ "WATCHDOG=trigger", HKI_NOTIFY_WATCHDOG_TRIGGER },
	};
	static const char status[] = "STATUS=";

	for (size_t i = 0; i < HKI_COUNT(words); i++)
		if (strcmp(line, words[i].text) == 0)
			return tell(notify, words[i].news, "");
	if (strncmp(line, status, sizeof(status) - 1) == 0) {
		char text[STATUS_MAX];

		(void) snprintf(text, sizeof(text), "%s", line + sizeof(status) - 1);
		return tell(notify, HKI_NOTIFY_STATUS, text);
	}
	return true; /* words for other supervisors */
}

static void hear(hki_notify *notify, char *text)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		if (!hear_line(notify, line))
			return;
}

/* The sender, and no descriptors left open that came along. */
static pid_t read_control(struct msghdr *message)
{
	pid_t sender = 0;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
	     part = CMSG_NXTHDR(message, part)) {
		if (part->cmsg_level != SOL_SOCKET)
			continue;
		if (part->cmsg_type == SCM_CREDENTIALS) {
			struct ucred who;

			memcpy(&who, CMSG_DATA(part), sizeof(who));
			sender = who.pid;
		} else if (part->cmsg_type == SCM_RIGHTS) {
			size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

			/* A barrier is a descriptor whose closing is waited for. */
			for (size_t i = 0; i < count; i++) {
				int fd;

				memcpy(
				    &fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
				(void) close(fd);
			}
		}
	}
	return sender;
}

/* One message: its length, or -EAGAIN when there is none. */
static ssize_t receive(hki_notify *notify, char text[MESSAGE_MAX + 1], pid_t *sender)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct ucred)) +
			   CMSG_SPACE(16 * sizeof(int))];
	} control;
	struct iovec part = { text, MESSAGE_MAX };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t length;

	do
		length = recvmsg(notify->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	*sender = read_control(&message);
	text[length] = '\0';
	return length;
}

static void readable(hk_watch *watch, unsigned int events, void *user)
{
	hki_notify *notify = user;
	char text[MESSAGE_MAX + 1];
	pid_t sender;

	(void) watch;
	(void) events;
	/* One a turn: a program that sends without end must not keep us. */
	if (receive(notify, text, &sender) > 0 && belongs(notify->process, sender))
		hear(notify, text);
}

/* ---- life ---- */

static int open_socket(hki_notify *notify)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t length = offsetof(struct sockaddr_un, sun_path);
	int on = 1;

	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify->fd < 0)
		return -errno;
	if (setsockopt(notify->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return -errno;
	/* An address of the family alone asks for an abstract name nobody has. */
	if (bind(notify->fd, (struct sockaddr *) &address, length) < 0)
		return -errno;
	length = sizeof(address);
	if (getsockname(notify->fd, (struct sockaddr *) &address, &length) < 0)
		return -errno;
	length -= offsetof(struct sockaddr_un, sun_path);
	memcpy(notify->name, address.sun_path, length);
	notify->name[0] = '@';
	return 0;
}

static void notify_freep(hki_notify **notify)
{
	hki_notify_free(*notify);
}

int hki_notify_new(hki_notify **out, hk_loop *loop)
{
	hki_cleanup(notify_freep) hki_notify *notify = hki_zalloc(sizeof(*notify));
	int r;

	if (notify == NULL)
		return -ENOMEM;
	notify->loop = loop;
	notify->fd = -1;
	r = open_socket(notify);
	if (r < 0)
		return r;
	*out = hki_take(notify);
	return 0;
}

void hki_notify_free(hki_notify *notify)
{
	if (notify == NULL)
		return;
	if (notify->freed != NULL)
		*notify->freed = true;
	hk_watch_free(notify->watch);
	hki_closep(&notify->fd);
	hki_free(notify);
}

const char *hki_notify_name(const hki_notify *notify)
{
	return notify->name;
}

void hki_notify_drain(hki_notify *notify)
{
	char text[MESSAGE_MAX + 1];
	pid_t sender;

	while (receive(notify, text, &sender) >= 0)
		;
}

int hki_notify_listen(
    hki_notify *notify, const hk_process *process, hki_notify_fn fn, void *user)
{
	int r;

	notify->process = process;
	notify->fn = fn;
	notify->user = user;
	if (notify->watch != NULL)
		return 0;
	r = hk_watch_start(
	    &notify->watch, notify->loop, notify->fd, HK_READABLE, readable, notify);
	if (r == 0)
		hk_watch_set_background(
		    notify->watch, true); /* the process keeps the loop going */
	return r;
}

void hki_notify_stop(hki_notify *notify)
{
	if (notify == NULL)
		return;
	hk_watch_free(notify->watch);
	notify->watch = NULL;
	notify->process = NULL;
}
