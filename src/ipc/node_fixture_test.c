#include "ipc/node_fixture_test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include "base/array.h"
#include "base/clock.h"

size_t count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(directory);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

uint64_t fixture_now(void)
{
	return hki_clock_monotonic_ns() / HKI_NS_PER_S;
}

/* ---- notes ---- */

static void note_json(fixture *f, hk_ipc_channel_message *message)
{
	hk_json_writer *writer;

	assert_int_equal(0, hk_json_writer_new(&writer, 0));
	hk_json_write_value(writer, hk_ipc_channel_message_json(message));
	assert_int_equal(0, hki_buffer_append_format(
				&f->messages, "%s\n", hk_json_writer_text(writer, NULL)));
	hk_json_writer_free(writer);
}

static void note_message(
    hk_ipc_channel *channel, hk_ipc_channel_message *message, void *user)
{
	fixture *f = user;

	assert_true(channel == f->channel || f->channel == NULL);
	assert_int_equal(0, f->ends);
	f->message_count++;
	note_json(f, message);
	if (hk_ipc_channel_message_handle(message) != HK_IPC_HANDLE_NONE || f->fd < 0) {
		f->handle = hk_ipc_channel_message_handle(message);
		if (f->fd >= 0)
			close(f->fd);
		f->fd = hk_ipc_channel_message_take_fd(message);
	}
	if (f->on_message != NULL)
		f->on_message(f, message);
}

static void note_internal(
    hk_ipc_channel *channel, hk_ipc_channel_message *message, void *user)
{
	fixture *f = user;

	(void) channel;
	f->internal_count++;
	note_json(f, message);
}

static void note_drain(hk_ipc_channel *channel, void *user)
{
	(void) channel;
	((fixture *) user)->drains++;
}

static void note_bad(hk_ipc_channel *channel, int code, const char *reason, void *user)
{
	fixture *f = user;

	(void) channel;
	f->bads++;
	f->bad_code = code;
	snprintf(f->bad_reason, sizeof(f->bad_reason), "%s", reason);
}

static void note_end(hk_ipc_channel *channel, int reason, void *user)
{
	fixture *f = user;

	(void) channel;
	assert_int_equal(0, f->ends);
	f->ends++;
	f->end_reason = reason;
}

static void note_exit(hk_process *process, const hk_process_exit *how, void *user)
{
	fixture *f = user;

	(void) process;
	f->exits++;
	f->how = *how;
	f->exit_before_end = f->ends == 0;
}

/* ---- set up ---- */

int fixture_set_up(void **state)
{
	fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->descriptors = count_descriptors();
	assert_int_equal(0, hk_loop_new(&f->loop));
	f->peer = -1;
	f->fd = -1;
	f->opts = (hk_ipc_channel_opts) HK_IPC_CHANNEL_OPTS_INIT;
	f->opts.on_message = note_message;
	f->opts.on_internal = note_internal;
	f->opts.on_drain = note_drain;
	f->opts.on_bad = note_bad;
	f->opts.on_end = note_end;
	f->opts.user = f;
	*state = f;
	return 0;
}

int fixture_tear_down(void **state)
{
	fixture *f = *state;
	size_t left;

	hk_ipc_channel_free(f->channel);
	fixture_turns(f);
	while (hk_loop_alive(f->loop)) /* the burial of a child */
		assert_true(hk_loop_run_once(f->loop, 100) >= 0);
	hk_loop_free(f->loop);
	if (f->peer >= 0)
		close(f->peer);
	if (f->fd >= 0)
		close(f->fd);
	hki_buffer_deinit(&f->messages);
	left = count_descriptors();
	assert_int_equal(f->descriptors, left);
	free(f);
	return 0;
}

void fixture_pair(fixture *f, hk_ipc_serialization serialization)
{
	int ends[2];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	assert_int_equal(0,
	    hk_ipc_channel_new(&f->channel, f->loop, ends[0], serialization, &f->opts));
	f->peer = ends[1];
}

/* ---- node ---- */

void fixture_need_node(void)
{
	const char *argv[] = { "node", "-p", "parseInt(process.versions.node)", NULL };
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_process_run_opts run = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_result *result;
	int version = 0;

	process.argv = argv;
	process.stdio[1].kind = HK_STDIO_PIPE;
	run.process = &process;
	if (hk_process_run(&result, &run, NULL) == 0) {
		version = atoi(result->stdout_data);
		hk_process_result_free(result);
	}
	if (version >= 16)
		return;
	print_message("# SKIP node 16 or later is not installed\n");
	skip();
}

const char fixture_echo[] = "process.on('message', (m) => process.send(m));";

hk_process_opts fixture_process = HK_PROCESS_OPTS_INIT;

hk_ipc_fork_opts fixture_node_opts(
    fixture *f, hk_ipc_serialization serialization, const char *script)
{
	static const char *exec_args[3];
	hk_ipc_fork_opts opts = HK_IPC_FORK_OPTS_INIT;

	exec_args[0] = "-e";
	exec_args[1] = script;
	fixture_process = (hk_process_opts) HK_PROCESS_OPTS_INIT;
	fixture_process.on_exit = note_exit;
	fixture_process.user_data = f;
	opts.exec_path = "node";
	opts.exec_args = exec_args;
	opts.serialization = serialization;
	opts.process = &fixture_process;
	opts.channel = &f->opts;
	return opts;
}

void fixture_fork(fixture *f, const hk_ipc_fork_opts *opts)
{
	hk_error_list *errors;
	int r;

	assert_int_equal(0, hk_error_list_new(&errors));
	r = hk_ipc_fork(&f->channel, f->loop, opts, errors);
	if (r < 0)
		fail_msg("%s", hk_error_list_get(errors, 0)->text);
	hk_error_list_free(errors);
}

void fixture_node(fixture *f, hk_ipc_serialization serialization, const char *script)
{
	hk_ipc_fork_opts opts = fixture_node_opts(f, serialization, script);

	fixture_need_node();
	fixture_fork(f, &opts);
}

void fixture_start_over(fixture *f)
{
	hk_ipc_channel_free(f->channel);
	f->channel = NULL;
	f->message_count = f->ends = f->exits = f->bads = f->sents = 0;
	hki_buffer_truncate(&f->messages, 0);
	memset(f->sent_order, 0, sizeof(f->sent_order));
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

/* ---- our side ---- */

void fixture_turns(fixture *f)
{
	for (int i = 0; i < 5; i++)
		assert_true(hk_loop_run_once(f->loop, 0) >= 0);
}

void fixture_send(fixture *f, const char *json)
{
	assert_int_equal(0, hk_ipc_channel_send(f->channel, json, strlen(json), NULL));
}

typedef struct noted {
	fixture *f;
	char letter;
} noted;

static void note_sent(hk_ipc_channel *channel, int status, void *user)
{
	noted *n = user;
	fixture *f = n->f;
	size_t length = strlen(f->sent_order);

	(void) channel;
	f->sents++;
	if (status != 0)
		f->sent_status = status;
	if (length + 1 < sizeof(f->sent_order))
		f->sent_order[length] = n->letter;
	free(n);
}

int fixture_send_noted(
    fixture *f, const char *json, char letter, uint32_t flags, int handle_fd)
{
	hk_ipc_send_opts opts = HK_IPC_SEND_OPTS_INIT;
	noted *n = malloc(sizeof(*n));
	unsigned int before = f->sents;
	int r;

	assert_non_null(n);
	n->f = f;
	n->letter = letter;
	opts.flags = flags;
	opts.handle_fd = handle_fd;
	opts.on_sent = note_sent;
	opts.user = n;
	r = hk_ipc_channel_send(f->channel, json, strlen(json), &opts);
	assert_int_equal(before, f->sents); /* later */
	if (r < 0)
		free(n);
	return r;
}

/* ---- the peer's side ---- */

void peer_write(fixture *f, const void *bytes, size_t length)
{
	assert_int_equal(length, write(f->peer, bytes, length));
}

void peer_say(fixture *f, const char *text)
{
	peer_write(f, text, strlen(text));
}

void peer_write_fd(fixture *f, const char *text, const int *fds, size_t count)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(64 * sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec vector = { .iov_base = (char *) (uintptr_t) text,
		.iov_len = strlen(text) };
	struct msghdr message = { .msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)) };

	assert_true(count <= 64);
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	assert_int_equal(strlen(text), sendmsg(f->peer, &message, MSG_NOSIGNAL));
}

static bool peer_readable(fixture *f, int timeout_ms)
{
	struct pollfd wait = { .fd = f->peer, .events = POLLIN };

	return poll(&wait, 1, timeout_ms) == 1;
}

/* One byte, and a descriptor if one came with it. */
static ssize_t read_byte(int fd, char *out, int *out_fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec vector = { .iov_base = out, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);

	if (got > 0 && CMSG_FIRSTHDR(&message) != NULL) {
		int came;

		memcpy(&came, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(came));
		if (out_fd != NULL)
			*out_fd = came;
		else
			close(came);
	}
	return got;
}

const char *peer_line(fixture *f, int *out_fd)
{
	static char line[4096];
	size_t length = 0;

	if (out_fd != NULL)
		*out_fd = -1;
	for (;;) {
		char byte;

		if (!peer_readable(f, FIXTURE_PATIENCE_S * 1000))
			fail_msg("the peer got no line but '%.*s'", (int) length, line);
		if (read_byte(f->peer, &byte, out_fd) != 1)
			fail_msg("the peer met the end");
		if (byte == '\n')
			break;
		assert_true(length + 1 < sizeof(line));
		line[length++] = byte;
	}
	line[length] = '\0';
	return line;
}

bool peer_is_silent(fixture *f)
{
	return !peer_readable(f, 0);
}

bool peer_sees_end(fixture *f)
{
	char byte;

	return peer_readable(f, FIXTURE_PATIENCE_S * 1000) &&
	       read_byte(f->peer, &byte, NULL) == 0;
}

/* ---- sockets ---- */

int listening_socket(unsigned int *out_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(0, bind(fd, (struct sockaddr *) &address, sizeof(address)));
	assert_int_equal(0, listen(fd, 16));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *) &address, &size));
	*out_port = ntohs(address.sin_port);
	return fd;
}

int connected_socket(int *out_other)
{
	int ends[2];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	*out_other = ends[1];
	return ends[0];
}
