/*
 * A Node program as a child, with the channel that process.send() speaks on: what is
 * sent to it comes back changed, and it ends when its parent hangs up.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include <hostkit/ipc_fork.h>
#include <hostkit/process.h>
#include "base/clock.h"
#include "tour.h"

#define MESSAGES 100

static const char script[] =
    "process.on('message', (m) => process.send({ n: m.n + 1, by: 'node' }));\n";

struct talk {
	unsigned int answers;
	unsigned int wrong;
	bool ended;
	bool exited;
	int code;
};

static void on_message(
    hk_ipc_channel *channel, hk_ipc_channel_message *message, void *user)
{
	struct talk *talk = user;
	const hk_json *json = hk_ipc_channel_message_json(message);
	uint64_t n = 0;

	(void) channel;
	if (hk_json_get_uint64(&n, hk_json_member(json, "n")) < 0 ||
	    n != talk->answers + 1 ||
	    !hk_json_is_string(hk_json_member(json, "by"), "node"))
		talk->wrong++;
	talk->answers++;
}

static void on_end(hk_ipc_channel *channel, int reason, void *user)
{
	(void) channel;
	(void) reason;
	((struct talk *) user)->ended = true;
}

static void on_child_exit(hk_process *process, const hk_process_exit *how, void *user)
{
	struct talk *talk = user;

	(void) process;
	talk->exited = true;
	talk->code = how->code;
}

/* The module, in a file of its own.  0 or a negative errno. */
static int write_script(char *path)
{
	int fd = mkstemps(path, 3);
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = write(fd, script, sizeof(script) - 1);
	(void) close(fd);
	return written == (ssize_t) sizeof(script) - 1 ? 0 : -EIO;
}

static int start(hk_ipc_channel **out, hk_loop *loop, const char *path, struct talk *talk)
{
	hk_ipc_channel_opts channel = HK_IPC_CHANNEL_OPTS_INIT;
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_ipc_fork_opts opts = HK_IPC_FORK_OPTS_INIT;

	channel.on_message = on_message;
	channel.on_end = on_end;
	channel.user = talk;
	process.on_exit = on_child_exit;
	process.user_data = talk;
	opts.module = path;
	opts.process = &process;
	opts.channel = &channel;
	return hk_ipc_fork(out, loop, &opts, NULL);
}

static void turn_until(
    hk_loop *loop, const struct talk *talk, bool (*done)(const struct talk *))
{
	uint64_t until_ns = hki_clock_monotonic_ns() + 60 * HKI_NS_PER_S;

	while (!done(talk) && hki_clock_monotonic_ns() < until_ns)
		if (hk_loop_run_once(loop, 100) < 0)
			return;
}

static bool has_answered(const struct talk *talk)
{
	return talk->answers == MESSAGES || talk->ended;
}

static bool has_exited(const struct talk *talk)
{
	return talk->exited;
}

static void talk_with(
    struct tour *tour, hk_loop *loop, hk_ipc_channel *channel, struct talk *talk)
{
	char text[32];
	int r = 0;

	for (unsigned int i = 0; i < MESSAGES && r >= 0; i++) {
		(void) snprintf(text, sizeof(text), "{\"n\":%u}", i);
		r = hk_ipc_channel_send(channel, text, strlen(text), NULL);
	}
	turn_until(loop, talk, has_answered);
	tour_check(tour, talk->answers == MESSAGES && talk->wrong == 0,
	    "Node answers every message", "%u answers, %u wrong", talk->answers,
	    talk->wrong);
	r = hk_ipc_channel_disconnect(channel);
	turn_until(loop, talk, has_exited);
	tour_check(tour, r == 0 && talk->exited && talk->code == 0,
	    "it ends by itself when its parent hangs up", "code %d", talk->code);
}

void tour_node(struct tour *tour, hk_loop *loop)
{
	char path[] = "/tmp/hostkit-tour-XXXXXX.js";
	struct talk talk = { .answers = 0 };
	hk_ipc_channel *channel = NULL;
	int r;

	tour_step(
	    tour, "Start a Node program and exchange %d messages with it.", MESSAGES);
	r = write_script(path);
	if (r == 0)
		r = start(&channel, loop, path, &talk);
	if (r == -ENOENT)
		tour_cannot(tour, "node is not installed");
	else if (r < 0)
		tour_broken(tour, "a Node program can be started", r);
	else
		talk_with(tour, loop, channel, &talk);
	hk_ipc_channel_free(channel);
	(void) unlink(path);
}
