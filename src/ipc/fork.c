/*
 * A program with a channel: a socket pair of which the child gets one end and two
 * variables that tell it so.  Its process is the channel's, so that what it said
 * last is heard before its end is told.
 */
#include "ipc/node_channel.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error_list.h"
#include "base/opts.h"

static const char step[] = "options";

/* Everything a start is made of, until it is made. */
typedef struct start {
	hk_ipc_fork_opts opts;
	hk_process_opts process;
	const char **argv;
	const char **env;
	hk_process_fd *fds;
	int child_end;
	char channel_variable[32];
} start;

static void start_deinit(start *s)
{
	hki_free(s->argv);
	hki_free(s->env);
	hki_free(s->fds);
	hki_closep(&s->child_end);
}

static size_t count(const char *const *words)
{
	size_t n = 0;

	while (words != NULL && words[n] != NULL)
		n++;
	return n;
}

static size_t append(const char **list, size_t at, const char *const *words)
{
	for (size_t i = 0; words != NULL && words[i] != NULL; i++)
		list[at++] = words[i];
	return at;
}

/* ---- the command line ---- */

static int make_argv(start *s)
{
	const hk_ipc_fork_opts *opts = &s->opts;
	size_t at = 0;

	s->argv = hki_alloc_array(
	    count(opts->exec_args) + count(opts->args) + 3, sizeof(*s->argv));
	if (s->argv == NULL)
		return -ENOMEM;
	s->argv[at++] = opts->exec_path != NULL ? opts->exec_path : "node";
	at = append(s->argv, at, opts->exec_args);
	if (opts->module != NULL)
		s->argv[at++] = opts->module;
	at = append(s->argv, at, opts->args);
	s->argv[at] = NULL;
	s->process.argv = s->argv;
	return 0;
}

/* ---- the channel, as the child finds it ---- */

/* The lowest descriptor that is not given away yet. */
static int free_number(const hk_process_opts *process)
{
	int number = 3;

	for (size_t i = 0; i < process->fd_count; i++)
		if (process->fds[i].child_fd == number) {
			number++;
			i = (size_t) -1; /* look at all of them again */
		}
	return number;
}

static int make_fds(start *s, int number)
{
	const size_t given = s->process.fd_count;

	s->fds = hki_alloc_array(given + 1, sizeof(*s->fds));
	if (s->fds == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < given; i++)
		s->fds[i] = s->process.fds[i];
	s->fds[given] = (hk_process_fd){ .fd = s->child_end, .child_fd = number };
	s->process.fds = s->fds;
	s->process.fd_count = given + 1;
	return 0;
}

static int make_env(start *s, int number)
{
	const char *const *given = s->process.env;
	size_t at = 0;

	s->env = hki_alloc_array(count(given) + 3, sizeof(*s->env));
	if (s->env == NULL)
		return -ENOMEM;
	snprintf(s->channel_variable, sizeof(s->channel_variable), "NODE_CHANNEL_FD=%d",
	    number);
	at = append(s->env, at, given);
	s->env[at++] = s->channel_variable;
	s->env[at++] = s->opts.serialization == HK_IPC_ADVANCED
			   ? "NODE_CHANNEL_SERIALIZATION_MODE=advanced"
			   : "NODE_CHANNEL_SERIALIZATION_MODE=json";
	s->env[at] = NULL;
	s->process.env = s->env;
	return 0;
}

/* Our end becomes the channel's, theirs waits in @s.  Both are non-blocking, as Node
 * expects of what it is given. */
static int open_pair(start *s, hk_ipc_channel *channel)
{
	int ends[2];
	int r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -errno;
	s->child_end = ends[1];
	r = hki_node_channel_open(channel, ends[0]);
	if (r < 0)
		hki_closep(&ends[0]);
	return r;
}

/* ---- checks ---- */

static int take_options(start *s, const hk_ipc_fork_opts *given, hk_error_list *errors)
{
	const hk_process_opts init = HK_PROCESS_OPTS_INIT;
	int r =
	    hki_opts_copy(&s->opts, sizeof(s->opts), given, given->size, sizeof(size_t));

	if (r == 0 && s->opts.process != NULL)
		r = hki_opts_copy(&s->process, sizeof(s->process), s->opts.process,
		    s->opts.process->size, sizeof(size_t));
	if (r < 0)
		return hki_error_report_step(
		    errors, r, step, "the size of the options does not fit this library");
	s->process.size = init.size;
	if (s->opts.module == NULL && s->opts.exec_path == NULL)
		return hki_error_report_step(
		    errors, -EINVAL, step, "neither a module nor a program is named");
	if (s->process.argv != NULL || s->process.file != NULL)
		return hki_error_report_step(errors, -EINVAL, step,
		    "the command line is made of module and exec_path, not argv and "
		    "file");
	/* It would need the child's end until it gets to the start. */
	if (s->process.spawner != NULL)
		return hki_error_report_step(errors, -EINVAL, step,
		    "a program with a channel cannot be started by a spawner");
	return 0;
}

/* ---- ends ---- */

static void exited(hk_process *process, const hk_process_exit *how, void *user)
{
	hk_ipc_channel *channel = user;

	(void) process;
	channel->exit = *how;
	channel->exit_seen = true;
	hk_timer_free(hki_take(channel->stop_timer));
	if (channel->state == HKI_NODE_ENDED)
		hki_node_tell_exit(channel);
	else if (!channel->paused)
		hki_node_deliver(channel);
}

static void grace_over(hk_timer *timer, void *user)
{
	hk_ipc_channel *channel = user;

	(void) timer;
	(void) !hk_process_stop(channel->process);
}

int hk_ipc_channel_stop(hk_ipc_channel *channel, uint64_t grace_ns)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	int r = hki_node_check(channel);

	if (r < 0)
		return r;
	if (channel->process == NULL || channel->exit_seen)
		return -ESRCH;
	if (grace_ns == 0)
		return hk_process_stop(channel->process);
	opts.after_ns = grace_ns;
	opts.fn = grace_over;
	opts.user = channel;
	opts.background = 1; /* the process holds the loop */
	hk_timer_free(hki_take(channel->stop_timer));
	hk_loop_update_time(channel->loop);
	r = hk_timer_start(&channel->stop_timer, channel->loop, &opts);
	if (r < 0)
		return r;
	(void) !hk_ipc_channel_disconnect(channel); /* it may be already */
	return 0;
}

/* ---- the start ---- */

static int spawn(start *s, hk_ipc_channel *channel, hk_loop *loop, hk_error_list *errors)
{
	const int number = free_number(&s->process);
	int r;

	if ((r = make_argv(s)) < 0 || (r = open_pair(s, channel)) < 0 ||
	    (r = make_fds(s, number)) < 0 || (r = make_env(s, number)) < 0)
		return hki_error_report_step(errors, r, "channel", "the channel");
	channel->on_exit = s->process.on_exit;
	channel->exit_user = s->process.user_data;
	s->process.on_exit = exited;
	s->process.user_data = channel;
	s->process.flags |= HK_PROCESS_MESSAGE_CHANNEL;
	return hk_process_spawn(&channel->process, loop, &s->process, errors);
}

static void channel_freep(hk_ipc_channel **channel)
{
	hk_ipc_channel_free(*channel);
}

int hk_ipc_fork(hk_ipc_channel **out, hk_loop *loop, const hk_ipc_fork_opts *opts,
    hk_error_list *errors)
{
	hki_cleanup(channel_freep) hk_ipc_channel *channel = NULL;
	hki_cleanup(start_deinit) start s = { .child_end = -1 };
	int r;

	if (out == NULL || loop == NULL || opts == NULL)
		return -EINVAL;
	r = take_options(&s, opts, errors);
	if (r < 0)
		return r;
	r = hki_node_channel_new(&channel, loop, s.opts.serialization, s.opts.channel);
	if (r < 0)
		return hki_error_report_step(errors, r, step, "the channel");
	r = spawn(&s, channel, loop, errors);
	if (r < 0)
		return r;
	*out = hki_take(channel);
	return 0;
}
