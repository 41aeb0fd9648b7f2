/*
 * Peers that send bytes without end and without a message, random bytes, halves of
 * messages, or never read what they asked for.  The server's memory stays where it was,
 * and another client is answered all the while.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <hostkit/ipc.h>
#include "stress.h"

/* Full runs: 1 GiB without a line's end, 10,000 connections of garbage and of halves. */
#define ENDLESS_BYTES (20u << 20)
#define VISITS        200u
#define HALVES        500
/* Answers before the enemy comes. */
#define WARM_UP 100u
/* What the server may grow by: its own buffers, and the halves. */
#define GROWTH_MAX (12u << 20)

static char path[64];
static atomic_bool finished;

static int connect_to_server(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	stress_need(fd >= 0 && connect(fd, (const struct sockaddr *) &address,
				   sizeof(address)) == 0,
	    "cannot connect");
	return fd;
}

static uint64_t send_endlessly(uint64_t bytes)
{
	static char chunk[65536];
	uint64_t sent = 0;

	memset(chunk, '1', sizeof(chunk));
	while (sent < bytes) {
		int fd = connect_to_server();
		ssize_t now;

		while (sent < bytes &&
		       (now = send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL)) > 0)
			sent += (uint64_t) now;
		(void) close(fd);
	}
	return sent;
}

static void send_garbage(unsigned int visits)
{
	uint64_t random = 99;

	for (unsigned int i = 0; i < visits; i++) {
		int fd = connect_to_server();
		uint64_t bytes[64];

		for (size_t j = 0; j < 64; j++)
			bytes[j] = stress_random(&random);
		(void) send(
		    fd, bytes, stress_random(&random) % sizeof(bytes), MSG_NOSIGNAL);
		(void) close(fd);
	}
}

/* Half a message on each of many connections, which stay; and questions whose answers
 * nobody reads. */
static void stay_and_be_silent(int *fds)
{
	static const char half[] = "{\"half\":\"";
	static const char question[] = "[\"a question of some length, to be echoed\"]\n";

	for (int i = 0; i < HALVES; i++) {
		fds[i] = connect_to_server();
		if (i % 2 == 0)
			(void) send(fds[i], half, sizeof(half) - 1, MSG_NOSIGNAL);
		for (int j = 0; i % 2 == 1 && j < 100; j++)
			(void) send(fds[i], question, sizeof(question) - 1,
			    MSG_NOSIGNAL | MSG_DONTWAIT);
	}
}

static void *be_hostile(void *user)
{
	static int fds[HALVES];
	uint64_t *sent = user;

	stay_and_be_silent(fds);
	send_garbage(VISITS * stress_factor());
	*sent = send_endlessly((uint64_t) ENDLESS_BYTES * stress_factor());
	for (int i = 0; i < HALVES; i++)
		(void) close(fds[i]);
	atomic_store(&finished, true);
	return NULL;
}

/* ---- the server, and its good client ---- */

static unsigned int answers;

static void answer(hk_ipc *ipc, const hk_ipc_message *message, void *user)
{
	(void) user;
	if (hk_ipc_send(ipc, message->data, message->length) < 0)
		hk_ipc_close(ipc, 0);
}

static void ask_again(hk_ipc *ipc, const hk_ipc_message *message, void *user)
{
	(void) user;
	(void) message;
	answers++;
	stress_need(hk_ipc_send(ipc, "[1]", 3) == 0, "the good client cannot ask");
}

static uint64_t resident(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	stress_need(file != NULL && fscanf(file, "%*u %lu", &pages) == 1, "no statm");
	(void) fclose(file);
	return (uint64_t) pages * (uint64_t) sysconf(_SC_PAGESIZE);
}

static uint64_t serve_until_finished(hk_loop *loop)
{
	uint64_t most = 0;

	while (!atomic_load(&finished)) {
		uint64_t now;

		stress_need(hk_loop_run_once(loop, 100) >= 0, "the loop failed");
		now = resident();
		most = now > most ? now : most;
	}
	return most;
}

int main(void)
{
	char folder[] = "/tmp/hostkit-stress-XXXXXX";
	char url[80];
	hk_ipc_opts serving = HK_IPC_OPTS_INIT;
	hk_ipc_opts asking = HK_IPC_OPTS_INIT;
	hk_ipc_server *server;
	hk_ipc *client;
	hk_loop *loop;
	pthread_t enemy;
	uint64_t sent = 0;
	uint64_t before;
	uint64_t most;

	stress_plan(2);
	stress_need(mkdtemp(folder) != NULL, "no folder");
	(void) snprintf(path, sizeof(path), "%s/s", folder);
	(void) snprintf(url, sizeof(url), "unix:%s", path);
	serving.on_message = answer;
	serving.queue_max_bytes = 8192;
	serving.message_timeout_ns = UINT64_MAX; /* the halves are to stay */
	asking.on_message = ask_again;
	stress_need(hk_loop_new(&loop) == 0 &&
			hk_ipc_listen(&server, loop, url, &serving, NULL) == 0 &&
			hk_ipc_dial(&client, loop, url, &asking, NULL) == 0 &&
			hk_ipc_send(client, "[1]", 3) == 0,
	    "cannot begin");
	while (answers < WARM_UP)
		stress_need(hk_loop_run_once(loop, 1000) >= 0, "the loop failed");
	before = resident();
	stress_need(pthread_create(&enemy, NULL, be_hostile, &sent) == 0, "no thread");
	most = serve_until_finished(loop);
	pthread_join(enemy, NULL);
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
	stress_skip("a sanitizer keeps what was released: %llu KiB",
	    (unsigned long long) (most - before) >> 10);
#else
	stress_check(most - before <= GROWTH_MAX,
	    "%llu KiB more at most, after %llu MiB without a message",
	    (unsigned long long) (most - before) >> 10, (unsigned long long) sent >> 20);
#endif
	/* How many is the machine's affair; that there are any, and go on, is ours. */
	stress_check(answers > WARM_UP, "%u answers to another client meanwhile",
	    answers - WARM_UP);
	for (unsigned int enough = answers + WARM_UP; answers < enough;)
		stress_need(hk_loop_run_once(loop, 1000) >= 0, "the loop failed");
	hk_ipc_free(client);
	hk_ipc_server_free(server);
	hk_loop_free(loop);
	stress_need(rmdir(folder) == 0, "something was left behind");
	return stress_status();
}
