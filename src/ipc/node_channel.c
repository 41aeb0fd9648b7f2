/*
 * The life of a channel: birth, what it waits for, disconnect, end.
 *
 * A disconnect is half a close: what is queued goes out, then the other side is
 * told, and what it sent before it noticed is still read.  So nothing is lost on
 * the way in either direction; a timer ends the wait for those who never answer.
 */
#include "ipc/node_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/opts.h"

#define DISCONNECT_TIMEOUT_NS (5 * HKI_NS_PER_S)

/* Ten times what it costs to sleep and be woken up by another processor of a virtual
 * machine: for slower answers the difference is not worth a processor. */
#define BUSY_WAIT_NS (500 * HKI_NS_PER_US)

/* Node reads lengths as numbers with a sign. */
#define MESSAGE_LIMIT ((size_t) INT32_MAX)

/* ---- memory ---- */

static void release(hk_ipc_channel *channel)
{
	hki_loop_leave(&channel->member);
	hki_node_frames_deinit(&channel->frames);
	hki_buffer_deinit(&channel->repaired);
	hk_json_document_free(channel->document);
	hk_json_document_free(channel->sent_document);
	hk_json_writer_free(channel->writer);
	hk_ipc_values_free(channel->values);
	hki_free(channel->input);
	hki_free(channel);
}

void hki_node_unref(hk_ipc_channel *channel)
{
	if (--channel->references == 0)
		release(channel);
}

static void freed_later(hki_loop_deferred *deferred)
{
	hki_node_unref(hki_list_entry(deferred, hk_ipc_channel, deferred));
}

static void hold(hk_ipc_channel *channel, bool wanted)
{
	if (channel->loop == NULL || channel->holds_loop == wanted)
		return;
	if (wanted)
		hki_loop_hold(channel->loop);
	else
		hki_loop_release(channel->loop);
	channel->holds_loop = wanted;
}

/* Descriptors and whatever may call back. */
static void let_go(hk_ipc_channel *channel)
{
	hk_watch_free(hki_take(channel->watch));
	hk_timer_free(hki_take(channel->disconnect_timer));
	if (channel->owner == getpid()) {
		hold(channel, false);
		hki_closep(&channel->fd);
		hki_closep(&channel->received_fd);
	}
	channel->fd = -1;
	channel->received_fd = -1;
}

static void loop_gone(hki_loop_member *member)
{
	hk_ipc_channel *channel = hki_list_entry(member, hk_ipc_channel, member);

	hold(channel, false);
	channel->loop = NULL;
	if (channel->write_due) { /* it will not come any more */
		channel->write_due = false;
		hki_node_unref(channel);
	}
}

/* ---- birth ---- */

static void disconnect_timed_out(hk_timer *timer, void *user);

static int make_timer(hk_ipc_channel *channel)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	int r;

	opts.fn = disconnect_timed_out;
	opts.user = channel;
	opts.background = 1; /* the channel itself holds the loop */
	r = hk_timer_start(&channel->disconnect_timer, channel->loop, &opts);
	if (r == 0)
		hk_timer_stop(channel->disconnect_timer);
	return r;
}

static int make_readers(hk_ipc_channel *channel)
{
	const hk_json_opts opts = { .size = sizeof(opts),
		.length_max = channel->opts.message_max_bytes,
		.duplicates = HK_JSON_DUPLICATES_LAST }; /* as JSON.parse() */
	int r;

	channel->frames.lines = channel->serialization == HK_IPC_JSON;
	channel->frames.most = channel->opts.message_max_bytes;
	if ((r = hk_json_document_new(&channel->document, &opts)) < 0 ||
	    (r = hk_json_writer_new(&channel->writer, 0)) < 0)
		return r;
	return channel->serialization == HK_IPC_ADVANCED
		   ? hk_ipc_values_new(&channel->values)
		   : 0;
}

/* Whoever waits for a program that needs the processor to answer has to leave it. */
static bool has_single_processor(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) == 1;
}

static int take_options(hk_ipc_channel *channel, const hk_ipc_channel_opts *given)
{
	hk_ipc_channel_opts *opts = &channel->opts;
	int r;

	if (given != NULL) {
		r = hki_opts_copy(
		    opts, sizeof(*opts), given, given->size, sizeof(size_t));
		if (r < 0)
			return r;
	}
	if (opts->message_max_bytes > MESSAGE_LIMIT)
		return -EINVAL;
	if (opts->high_water_bytes == 0)
		opts->high_water_bytes = HK_IPC_HIGH_WATER_DEFAULT;
	if (opts->queue_max_bytes == 0)
		opts->queue_max_bytes = HK_IPC_QUEUE_DEFAULT;
	if (opts->message_max_bytes == 0)
		opts->message_max_bytes = HK_IPC_MESSAGE_DEFAULT;
	if (opts->disconnect_timeout_ns == 0)
		opts->disconnect_timeout_ns = DISCONNECT_TIMEOUT_NS;
	if (opts->busy_wait_ns == 0)
		opts->busy_wait_ns = BUSY_WAIT_NS;
	if (opts->busy_wait_ns != HK_IPC_NO_BUSY_WAIT && !has_single_processor())
		channel->pace.limit_ns = opts->busy_wait_ns;
	return 0;
}

static void channel_freep(hk_ipc_channel **channel)
{
	hk_ipc_channel_free(*channel);
}

int hki_node_channel_new(hk_ipc_channel **out, hk_loop *loop,
    hk_ipc_serialization serialization, const hk_ipc_channel_opts *opts)
{
	hki_cleanup(channel_freep) hk_ipc_channel *channel = NULL;
	int r;

	if (loop == NULL ||
	    (serialization != HK_IPC_JSON && serialization != HK_IPC_ADVANCED))
		return -EINVAL;
	r = hki_loop_check(loop);
	if (r < 0)
		return r;
	channel = hki_zalloc(sizeof(*channel));
	if (channel == NULL)
		return -ENOMEM;
	channel->loop = loop;
	channel->owner = getpid();
	channel->references = 1;
	channel->fd = -1;
	channel->received_fd = -1;
	channel->serialization = serialization;
	hki_list_init(&channel->waiting);
	hki_list_init(&channel->deferred.node);
	channel->deferred.fn = freed_later;
	channel->member.on_loop_free = loop_gone;
	hki_list_init(&channel->member.node);
	hki_loop_join(loop, &channel->member);
	if ((r = take_options(channel, opts)) < 0 || (r = make_readers(channel)) < 0 ||
	    (r = make_timer(channel)) < 0)
		return r;
	*out = hki_take(channel);
	return 0;
}

static int check_socket(int fd)
{
	int domain;
	int type;
	socklen_t size = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
		return -errno;
	return domain == AF_UNIX && type == SOCK_STREAM ? 0 : -EPROTOTYPE;
}

static void ready(hk_watch *watch, unsigned int events, void *user)
{
	hk_ipc_channel *channel = user;

	(void) watch;
	if ((events & HK_WRITABLE) != 0) {
		hki_node_write(channel);
		hki_node_proceed(channel);
	}
	if ((events & ~(unsigned int) HK_WRITABLE) != 0 && !hki_node_is_over(channel))
		hki_node_receive(channel);
}

int hki_node_channel_open(hk_ipc_channel *channel, int fd)
{
	int flags;
	int r = check_socket(fd);

	if (r < 0)
		return r;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	r = hk_watch_start(
	    &channel->watch, channel->loop, fd, HK_READABLE, ready, channel);
	if (r == 0)
		channel->fd = fd;
	return r;
}

int hk_ipc_channel_new(hk_ipc_channel **out, hk_loop *loop, int fd,
    hk_ipc_serialization serialization, const hk_ipc_channel_opts *opts)
{
	hki_cleanup(channel_freep) hk_ipc_channel *channel = NULL;
	int r = hki_node_channel_new(&channel, loop, serialization, opts);

	if (r < 0 || (r = hki_node_channel_open(channel, fd)) < 0)
		return r;
	*out = hki_take(channel);
	return 0;
}

void hk_ipc_channel_free(hk_ipc_channel *channel)
{
	if (channel == NULL)
		return;
	channel->freed = true;
	hk_timer_free(hki_take(channel->stop_timer));
	let_go(channel);
	hk_process_free(hki_take(channel->process));
	hki_node_queue_deinit(channel);
	hki_loop_defer(channel->loop, &channel->deferred);
}

int hki_node_check(const hk_ipc_channel *channel)
{
	if (channel->owner != getpid())
		return -ECHILD;
	return channel->loop == NULL ? HK_ECLOSED : 0;
}

/* ---- what it waits for ---- */

static unsigned int wanted_events(const hk_ipc_channel *channel)
{
	unsigned int events = 0;

	if (!channel->paused && !channel->end_of_input)
		events |= HK_READABLE;
	if (channel->blocked)
		events |= HK_WRITABLE;
	return events;
}

static int wait_for(hk_ipc_channel *channel, unsigned int events)
{
	int r;

	if (channel->fd < 0 || channel->loop == NULL)
		return HK_ECLOSED;
	/* A hangup is told whatever is waited for: without a watch it cannot be. */
	if (events == 0) {
		hk_watch_free(hki_take(channel->watch));
		return 0;
	}
	if (channel->watch != NULL)
		return hk_watch_set(channel->watch, events);
	r = hk_watch_start(
	    &channel->watch, channel->loop, channel->fd, events, ready, channel);
	if (r == 0)
		hk_watch_set_background(channel->watch, channel->background);
	return r;
}

void hki_node_update(hk_ipc_channel *channel)
{
	bool busy = channel->output.length > 0 || channel->flight != NULL ||
		    channel->state == HKI_NODE_LEAVING ||
		    channel->state == HKI_NODE_HALF_CLOSED;

	if (hki_node_is_over(channel))
		return;
	/* What fails for lack of memory is tried again with the next message. */
	(void) !wait_for(channel, wanted_events(channel));
	hold(channel, busy && !channel->broken);
}

void hk_ipc_channel_pause(hk_ipc_channel *channel)
{
	if (hki_node_check(channel) < 0 || channel->paused)
		return;
	channel->paused = true;
	channel->resumed = false;
	hki_node_update(channel);
}

int hk_ipc_channel_resume(hk_ipc_channel *channel)
{
	int r = hki_node_check(channel);

	if (r < 0 || !channel->paused)
		return r;
	if (channel->state == HKI_NODE_ENDED)
		return HK_ECLOSED;
	channel->paused = false;
	r = wait_for(channel, wanted_events(channel));
	if (r < 0) {
		channel->paused = true;
		return r;
	}
	channel->resumed = true;
	hki_node_write_later(channel);
	return 0;
}

void hk_ipc_channel_set_background(hk_ipc_channel *channel, bool background)
{
	if (hki_node_check(channel) < 0)
		return;
	channel->background = background;
	if (channel->watch != NULL)
		hk_watch_set_background(channel->watch, background);
}

/* ---- disconnect ---- */

static void arm_timer(hk_ipc_channel *channel)
{
	channel->disconnect_mark = channel->written;
	hk_loop_update_time(channel->loop);
	hk_timer_set(channel->disconnect_timer, channel->opts.disconnect_timeout_ns, 0);
}

/* A peer that reads slowly is not one that does not answer. */
static void disconnect_timed_out(hk_timer *timer, void *user)
{
	hk_ipc_channel *channel = user;

	(void) timer;
	if (channel->paused || channel->written > channel->disconnect_mark)
		arm_timer(channel);
	else
		hki_node_end(channel, -ETIMEDOUT);
}

static void half_close(hk_ipc_channel *channel)
{
	channel->state = HKI_NODE_HALF_CLOSED;
	(void) shutdown(channel->fd, SHUT_WR);
	arm_timer(channel);
}

static void leave(hk_ipc_channel *channel)
{
	channel->state = HKI_NODE_LEAVING;
	arm_timer(channel);
}

int hk_ipc_channel_disconnect(hk_ipc_channel *channel)
{
	int r = hki_node_check(channel);

	if (r < 0)
		return r;
	if (channel->state != HKI_NODE_CONNECTED)
		return HK_ECLOSED;
	leave(channel);
	hki_node_write_later(channel);
	hki_node_update(channel);
	return 0;
}

/* The other side has nothing more to say.  What is queued may still go to it, if it
 * only half closed, but nobody will confirm a handle. */
static void input_ended(hk_ipc_channel *channel)
{
	bool more = channel->output.length > 0 && !channel->broken &&
		    channel->flight == NULL && channel->input_error == 0;

	if (!more)
		hki_node_end(channel, channel->input_error);
	else if (channel->state == HKI_NODE_CONNECTED)
		leave(channel);
}

void hki_node_proceed(hk_ipc_channel *channel)
{
	hki_node_sent_some(channel);
	if (hki_node_is_over(channel))
		return;
	if (channel->broken)
		hki_node_fail_queue(channel);
	if (hki_node_is_over(channel))
		return;
	if (channel->state == HKI_NODE_LEAVING && channel->output.length == 0 &&
	    channel->flight == NULL)
		half_close(channel);
	if (channel->end_of_input && !channel->paused)
		input_ended(channel);
	hki_node_update(channel);
}

/* ---- the end ---- */

void hki_node_tell_exit(hk_ipc_channel *channel)
{
	if (channel->freed || !channel->exit_seen || channel->exit_told)
		return;
	channel->exit_told = true;
	if (channel->on_exit != NULL)
		channel->on_exit(channel->process, &channel->exit, channel->exit_user);
}

void hki_node_end(hk_ipc_channel *channel, int reason)
{
	if (hki_node_is_over(channel))
		return;
	channel->state = HKI_NODE_ENDED;
	let_go(channel);
	hki_node_fail_queue(channel);
	if (!channel->freed && channel->opts.on_end != NULL)
		channel->opts.on_end(channel, reason, channel->opts.user);
	hki_node_tell_exit(channel);
}

/* ---- questions ---- */

bool hk_ipc_channel_is_connected(const hk_ipc_channel *channel)
{
	return channel->state == HKI_NODE_CONNECTED && !channel->broken;
}

hk_process *hk_ipc_channel_process(const hk_ipc_channel *channel)
{
	return channel->process;
}

hk_ipc_serialization hk_ipc_channel_get_serialization(const hk_ipc_channel *channel)
{
	return channel->serialization;
}

int hk_ipc_channel_get_stats(const hk_ipc_channel *channel, hk_ipc_channel_stats *out)
{
	hk_ipc_channel_stats stats = channel->stats;
	size_t size = out->size;

	if (size < sizeof(size_t))
		return -EINVAL;
	stats.size = size;
	stats.queued_bytes = hki_node_queued(channel);
	memcpy(out, &stats, size < sizeof(stats) ? size : sizeof(stats));
	return 0;
}
