/*
 * A channel whose other side sends anything: messages, handles announced, not announced
 * and of any kind, receipts, all cut anywhere.  The first byte chooses the serialization
 * and how the rest is cut, the second which of the pieces carry a descriptor.  Whatever
 * comes, the channel ends once, and no descriptor is left open.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <hostkit/error.h>
#include <hostkit/ipc_fork.h>
#include "base/buffer.h"
#include "ipc/node_channel.h"
#include "target.h"

typedef struct notes {
	hk_ipc_channel *channel;
	unsigned int ends;
	unsigned int bads;
} notes;

static void message(hk_ipc_channel *channel, hk_ipc_channel_message *m, void *user)
{
	notes *n = user;
	const hk_json *json = hk_ipc_channel_message_json(m);
	int fd = hk_ipc_channel_message_take_fd(m);

	FUZZ_MUST(n->ends == 0);
	FUZZ_MUST(json != NULL || hk_ipc_channel_message_value(m) != NULL);
	if (fd >= 0)
		close(fd);
	(void) !hk_ipc_channel_send_json(channel, json, NULL);
}

static void bad(hk_ipc_channel *channel, int code, const char *reason, void *user)
{
	(void) channel;
	FUZZ_MUST(code < 0 && reason != NULL);
	((notes *) user)->bads++;
}

static void end(hk_ipc_channel *channel, int reason, void *user)
{
	(void) channel;
	FUZZ_MUST(reason <= 0);
	((notes *) user)->ends++;
}

/* The lowest free descriptor: the same before and after if none was left open. */
static int lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void send_pieces(int fd, const uint8_t *data, size_t size, hk_loop *loop)
{
	const size_t piece = data[0] / 2 % 61 + 3u;
	const unsigned int with_handle = data[1];
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	/* Not the peer's own end: who has sent that away never hangs up. */
	int stream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t at = 2;

	for (unsigned int i = 0; at < size; i++) {
		size_t length = piece < size - at ? piece : size - at;
		int handle = with_handle >> i % 8 & 1 ? (i % 16 < 8 ? stream : file) : -1;

		if (hki_node_send_bytes(fd, (const char *) data + at, length, handle) < 0)
			break;
		FUZZ_MUST(hk_loop_run_once(loop, 0) >= 0);
		at += length;
	}
	close(file);
	close(stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hk_ipc_channel_opts opts = HK_IPC_CHANNEL_OPTS_INIT;
	const int before = lowest_free();
	hk_ipc_channel *channel;
	hk_loop *loop;
	notes n = { .ends = 0 };
	int pair[2];

	if (size < 3 || size > 100000)
		return 0;
	opts.on_message = message;
	opts.on_bad = bad;
	opts.on_end = end;
	opts.user = &n;
	opts.message_max_bytes = 4096;
	opts.queue_max_bytes = 65536;
	FUZZ_MUST(hk_loop_new(&loop) == 0);
	FUZZ_MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	FUZZ_MUST(hk_ipc_channel_new(&channel, loop, pair[0],
		      data[0] % 2 == 0 ? HK_IPC_JSON : HK_IPC_ADVANCED, &opts) == 0);
	(void) !hk_ipc_channel_sync(channel, NULL, NULL);
	send_pieces(pair[1], data, size, loop);
	close(pair[1]);
	for (int i = 0; i < 20 && n.ends == 0; i++)
		FUZZ_MUST(hk_loop_run_once(loop, 0) >= 0);
	FUZZ_MUST(n.ends == 1);
	hk_ipc_channel_free(channel);
	hk_loop_free(loop);
	FUZZ_MUST(lowest_free() == before);
	return 0;
}
