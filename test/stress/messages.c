/*
 * Random messages, in both framings, written by a thread in pieces down to a byte and
 * echoed by a server.  What comes back is read in pieces again.  Nothing is lost, doubled,
 * reordered or changed.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <hostkit/ipc.h>
#include "stress.h"

/* A fiftieth of the ten million of a full run. */
#define MESSAGES 200000u
/* Most messages are small; one in a thousand is up to here. */
#define LONGEST 60000u
/* Written or read at a time, most often far less. */
#define PIECE_MAX 20000u

struct script {
	uint64_t random; /* the same seed gives the same messages */
	bool lines;
	unsigned char text[LONGEST];
	size_t length;
};

struct talk {
	int fd;
	bool lines;
	unsigned int count;
	unsigned int returned;
	unsigned int wrong;
};

static void next_message(struct script *script)
{
	uint64_t kind = stress_random(&script->random) % 1000;
	size_t length = stress_random(&script->random) % (kind == 0      ? LONGEST
							     : kind < 20 ? 2000
									 : 100);

	if (script->lines && length == 0)
		length = 1;
	for (size_t i = 0; i < length; i += 8) {
		uint64_t bits = stress_random(&script->random);

		memcpy(script->text + i, &bits, length - i < 8 ? length - i : 8);
	}
	for (size_t i = 0; script->lines && i < length; i++)
		if (script->text[i] == '\n' || script->text[i] == '\r')
			script->text[i] = 0xc3;
	if (script->lines)
		script->text[0] = '"';
	script->length = length;
}

/* ---- the writer ---- */

struct pen {
	int fd;
	uint64_t random;
	size_t room; /* of the piece being gathered */
	size_t length;
	char piece[PIECE_MAX];
};

static void begin_piece(struct pen *pen)
{
	uint64_t kind = stress_random(&pen->random) % 100;

	pen->room = 1 + stress_random(&pen->random) % (kind < 5       ? 1
							  : kind < 20 ? 100
								      : PIECE_MAX);
	pen->length = 0;
}

static void write_piece(struct pen *pen)
{
	size_t written = 0;

	while (written < pen->length) {
		ssize_t now = send(
		    pen->fd, pen->piece + written, pen->length - written, MSG_NOSIGNAL);

		stress_need(now > 0, "the server has closed");
		written += (size_t) now;
	}
	begin_piece(pen);
}

static void put(struct pen *pen, const void *bytes, size_t length)
{
	const char *from = bytes;

	while (length > 0) {
		size_t now = pen->room - pen->length;

		if (now > length)
			now = length;
		memcpy(pen->piece + pen->length, from, now);
		pen->length += now;
		from += now;
		length -= now;
		if (pen->length == pen->room)
			write_piece(pen);
	}
}

static void *write_all(void *user)
{
	const struct talk *talk = user;
	struct script *script = calloc(1, sizeof(*script));
	struct pen *pen = calloc(1, sizeof(*pen));

	stress_need(script != NULL && pen != NULL, "no memory");
	script->random = 11;
	script->lines = talk->lines;
	pen->fd = talk->fd;
	pen->random = 12;
	begin_piece(pen);
	if (!talk->lines)
		put(pen, "HK1\n", 4);
	for (unsigned int i = 0; i < talk->count; i++) {
		unsigned char prefix[4];

		next_message(script);
		prefix[0] = (unsigned char) (script->length >> 24);
		prefix[1] = (unsigned char) (script->length >> 16);
		prefix[2] = (unsigned char) (script->length >> 8);
		prefix[3] = (unsigned char) script->length;
		if (!talk->lines)
			put(pen, prefix, 4);
		put(pen, script->text, script->length);
		if (talk->lines)
			put(pen, "\n", 1);
	}
	write_piece(pen);
	(void) shutdown(talk->fd, SHUT_WR);
	free(script);
	free(pen);
	return NULL;
}

/* ---- the reader ---- */

struct eye {
	int fd;
	uint64_t random;
	size_t at;
	size_t length;
	char piece[PIECE_MAX];
};

/* The next byte, or -1 at the end. */
static int get(struct eye *eye)
{
	ssize_t now;

	if (eye->at == eye->length) {
		size_t wanted = 1 + stress_random(&eye->random) % PIECE_MAX;

		now = recv(eye->fd, eye->piece, wanted, 0);
		if (now <= 0)
			return -1;
		eye->at = 0;
		eye->length = (size_t) now;
	}
	return (unsigned char) eye->piece[eye->at++];
}

/* Does the next thing that comes equal @text?  -1 at the end. */
static int expect(struct eye *eye, const void *bytes, size_t length)
{
	const unsigned char *text = bytes;
	int same = 1;

	for (size_t i = 0; i < length; i++) {
		int byte = get(eye);

		if (byte < 0)
			return -1;
		same &= byte == text[i];
	}
	return same;
}

static int expect_message(struct eye *eye, struct script *script)
{
	unsigned char prefix[4];
	int first = 1;
	int then;

	next_message(script);
	prefix[0] = (unsigned char) (script->length >> 24);
	prefix[1] = (unsigned char) (script->length >> 16);
	prefix[2] = (unsigned char) (script->length >> 8);
	prefix[3] = (unsigned char) script->length;
	if (!script->lines)
		first = expect(eye, prefix, 4);
	then = expect(eye, script->text, script->length);
	if (script->lines)
		first = expect(eye, "\n", 1);
	return first < 0 || then < 0 ? -1 : first & then;
}

static void *read_all(void *user)
{
	struct talk *talk = user;
	struct script *script = calloc(1, sizeof(*script));
	struct eye *eye = calloc(1, sizeof(*eye));

	stress_need(script != NULL && eye != NULL, "no memory");
	script->random = 11;
	script->lines = talk->lines;
	eye->fd = talk->fd;
	eye->random = 13;
	if (!talk->lines)
		talk->wrong += expect(eye, "HK1\n", 4) != 1;
	while (talk->returned < talk->count && talk->wrong == 0) {
		int r = expect_message(eye, script);

		if (r < 0)
			break;
		talk->wrong += r == 0;
		talk->returned++;
	}
	talk->wrong += get(eye) >= 0; /* nothing may follow */
	free(script);
	free(eye);
	return NULL;
}

/* ---- the server ---- */

struct echo {
	hk_ipc_server *server;
	hk_ipc *full; /* paused until there is room */
	int reason;
};

static void answer(hk_ipc *ipc, const hk_ipc_message *message, void *user)
{
	struct echo *echo = user;

	if (hk_ipc_send(ipc, message->data, message->length) < 0)
		echo->reason = -1;
	/* Half way to the mark: let the answers leave before more is read. */
	if (hk_ipc_queued_bytes(ipc) > 4u << 20) {
		hk_ipc_pause(ipc);
		echo->full = ipc;
	}
}

static void closed(hk_ipc *ipc, int reason, void *user)
{
	struct echo *echo = user;

	(void) ipc;
	if (reason < 0)
		echo->reason = reason;
	echo->full = NULL;
	hk_ipc_server_free(echo->server);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	stress_need(fd >= 0 && connect(fd, (const struct sockaddr *) &address,
				   sizeof(address)) == 0,
	    "cannot connect");
	return fd;
}

static void serve(hk_loop *loop, struct echo *echo)
{
	while (hk_loop_alive(loop)) {
		stress_need(hk_loop_run_once(loop, echo->full != NULL ? 1 : 1000) >= 0,
		    "the loop failed");
		if (echo->full != NULL && hk_ipc_queued_bytes(echo->full) < 1u << 20) {
			hk_ipc_resume(echo->full);
			echo->full = NULL;
		}
	}
}

static void run(const char *path, bool lines)
{
	struct talk talk = { .lines = lines, .count = MESSAGES * stress_factor() };
	struct echo echo = { .reason = 0 };
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_loop *loop;
	char url[80];
	pthread_t writer;
	pthread_t reader;

	opts.on_message = answer;
	opts.on_close = closed;
	opts.user = &echo;
	opts.queue_max_bytes = 8u << 20;
	(void) snprintf(url, sizeof(url), "unix:%s", path);
	stress_need(hk_loop_new(&loop) == 0 &&
			hk_ipc_listen(&echo.server, loop, url, &opts, NULL) == 0,
	    "cannot listen");
	talk.fd = connect_to(path);
	stress_need(pthread_create(&writer, NULL, write_all, &talk) == 0, "no thread");
	stress_need(pthread_create(&reader, NULL, read_all, &talk) == 0, "no thread");
	serve(loop, &echo);
	pthread_join(writer, NULL);
	pthread_join(reader, NULL);
	stress_check(talk.returned == talk.count && talk.wrong == 0 && echo.reason == 0,
	    "%u of %u %s came back, %u wrong, %s", talk.returned, talk.count,
	    lines ? "lines" : "counted messages", talk.wrong,
	    echo.reason == 0 ? "closed in order" : hk_error_name(echo.reason));
	(void) close(talk.fd);
	hk_loop_free(loop);
}

int main(void)
{
	char folder[] = "/tmp/hostkit-stress-XXXXXX";
	char path[64];

	stress_plan(2);
	stress_need(mkdtemp(folder) != NULL, "no folder");
	(void) snprintf(path, sizeof(path), "%s/s", folder);
	run(path, true);
	run(path, false);
	stress_need(rmdir(folder) == 0, "the server has left something behind");
	return stress_status();
}
