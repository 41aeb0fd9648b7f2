/*
 * A rolling restart under load: one listening socket, handed from one generation of a
 * server to the next (LISTEN_FDS, activation:), while clients call without pause, over
 * connections that stay and over new ones.  The next generation listens before the one
 * before it drains; so nobody is refused, and every call is answered and done once: what a
 * generation has begun it answers, be it later, and the client reads that before the end of
 * the connection; what it has not begun it never does, so that the client may call again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <hostkit/ipc.h>
#include <hostkit/ipc_rpc.h>
#include "stress.h"

enum {
	GENERATIONS = 6,      /* a run of script/test; times the factor */
	CLIENTS = 3,          /* the last one dials anew for each call */
	WINDOW = 8,           /* calls in flight of those that stay */
	SHARE = 60,           /* calls a generation has to answer before it goes */
	CALLS_MAX = 1u << 21, /* of one client */
	LATER_EVERY = 5,      /* a call of so many is not answered at once … */
	LATER_MS = 20,        /* … but so much later */
	PATIENCE_S = 60       /* without any progress, before it is given up */
};
#define DRAIN_NS     UINT64_C(60000000000)
#define LISTENING_FD 3

/* What all processes see. */
struct account {
	atomic_uint served;   /* calls answered by the generation at work */
	atomic_uint answered; /* as the clients saw it */
	atomic_uint repeated; /* calls that a drain left unanswered */
	atomic_uint refused;  /* connections that could not be made */
	atomic_uint failed;   /* anything else that must not happen */
	atomic_bool over;     /* clients: finish what is in flight, and go */
	atomic_uint asked[CLIENTS];
	atomic_uchar done[CLIENTS][CALLS_MAX]; /* how often, by the number of the call */
};

static struct account *account;
static char url[128];

/* ---- a generation of the server ---- */

static struct generation {
	hk_ipc_rpc_server *server;
	hk_loop *loop;
	int drained;
} generation;

static void answer_later(hk_timer *timer, void *user)
{
	account->served++;
	hk_ipc_request_reply(user, "true");
	hk_timer_free(timer);
}

static void answer(hk_ipc_request *request, const hk_json *params, void *user)
{
	int64_t client = -1;
	int64_t number = -1;
	hk_timer *timer;

	(void) user;
	if (hk_json_get_int64(&client, hk_json_element(params, 0)) < 0 ||
	    hk_json_get_int64(&number, hk_json_element(params, 1)) < 0 || client < 0 ||
	    client >= CLIENTS || number < 0 || number >= CALLS_MAX) {
		account->failed++;
		hk_ipc_request_fail(request, HK_IPC_ERROR_PARAMS, "no such call", NULL);
		return;
	}
	account->done[client][number]++;
	if (number % LATER_EVERY == 0 &&
	    hk_timer_after(&timer, generation.loop, LATER_MS, answer_later, request) == 0)
		return;
	account->served++;
	hk_ipc_request_reply(request, "true");
}

static void drained(hk_ipc_server *server, int result, void *user)
{
	(void) server;
	(void) user;
	generation.drained = result;
	hk_loop_stop(generation.loop, 0);
}

static void retire(hk_signal *signal, int number, void *user)
{
	(void) signal;
	(void) number;
	(void) user;
	if (hk_ipc_server_drain(
		hk_ipc_rpc_server_get(generation.server), DRAIN_NS, drained, NULL) < 0)
		_exit(2);
}

static int serve(int ready)
{
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;
	hk_signal *signal;

	if (hk_loop_new(&generation.loop) < 0 || hk_ipc_methods_new(&opts.methods) < 0 ||
	    hk_ipc_methods_add(opts.methods, "do", answer, NULL) < 0 ||
	    hk_signal_start(&signal, generation.loop, SIGTERM, retire, NULL) < 0 ||
	    hk_ipc_rpc_listen(&generation.server, generation.loop, "activation:work",
		&opts, NULL) < 0 ||
	    write(ready, "", 1) != 1 || hk_loop_run(generation.loop) < 0)
		return 3;
	hk_ipc_rpc_server_free(generation.server);
	hk_ipc_methods_free(opts.methods);
	hk_signal_free(signal);
	hk_loop_free(generation.loop);
	return generation.drained == 0 ? 0 : 4;
}

/* What a service manager does for a program it starts. */
static int activate(int listening, int ready)
{
	char pid[16];

	(void) snprintf(pid, sizeof(pid), "%d", (int) getpid());
	if (dup2(listening, LISTENING_FD) < 0 || setenv("LISTEN_FDS", "1", 1) < 0 ||
	    setenv("LISTEN_PID", pid, 1) < 0 || setenv("LISTEN_FDNAMES", "work", 1) < 0)
		return 1;
	return serve(ready);
}

/* Returns when it listens. */
static pid_t start_generation(int listening)
{
	int ends[2];
	char byte;
	pid_t child;

	account->served = 0;
	stress_need(pipe(ends) == 0, "no pipe");
	child = fork();
	stress_need(child >= 0, "no process");
	if (child == 0)
		_exit(activate(listening, ends[1]));
	(void) close(ends[1]);
	stress_need(read(ends[0], &byte, 1) == 1, "a generation does not listen");
	(void) close(ends[0]);
	return child;
}

/* ---- clients ---- */

static struct client {
	unsigned int number;
	bool stays; /* one connection, made again when it is lost; else one a call */
	hk_loop *loop;
	hk_ipc_rpc *rpc;
	unsigned int in_flight;
	/* calls whose connection ended before their answer came wait for the next one */
	unsigned int unanswered[WINDOW];
	unsigned int unanswered_count;
} client;

static void call(unsigned int number);
static void dial(void);

static void closed(hk_ipc_rpc *rpc, int reason, void *user)
{
	(void) user;
	if (reason == -ECONNREFUSED || reason == -EAGAIN || reason == -ENOENT)
		account->refused++;
	hk_ipc_rpc_free(rpc);
	client.rpc = NULL;
	if (client.stays)
		account->failed++;
	else if (account->over && client.unanswered_count == 0)
		hk_loop_stop(client.loop, 0);
	else
		dial();
}

static void lost(hk_ipc_rpc *rpc, int reason, void *user)
{
	(void) rpc;
	(void) user;
	if (reason == -ECONNREFUSED || reason == -EAGAIN || reason == -ENOENT)
		account->refused++;
}

/* Once nothing is in flight. */
static void leave(void)
{
	if (client.in_flight + client.unanswered_count > 0)
		return;
	if (client.stays)
		hk_loop_stop(client.loop, 0);
	else
		hk_ipc_rpc_close(client.rpc, DRAIN_NS);
}

static void call_next(void)
{
	const unsigned int number = account->asked[client.number];

	if (number == CALLS_MAX) {
		account->failed++;
		account->over = true;
		return;
	}
	account->asked[client.number]++;
	call(number);
}

static void replied(hk_ipc_call *ended, const hk_ipc_reply *reply, void *user)
{
	(void) ended;
	client.in_flight--;
	if (reply->status == -ECONNRESET) {
		account->repeated++;
		client.unanswered[client.unanswered_count++] =
		    (unsigned int) (uintptr_t) user;
		return;
	}
	if (reply->status != 0)
		account->failed++;
	account->answered++;
	if (client.stays && !account->over)
		call_next();
	else
		leave();
}

static void call(unsigned int number)
{
	char params[48];

	(void) snprintf(params, sizeof(params), "[%u,%u]", client.number, number);
	client.in_flight++;
	if (hk_ipc_call_method(
		client.rpc, "do", params, replied, (void *) (uintptr_t) number) < 0) {
		account->failed++;
		client.in_flight--;
	}
}

static void connected(hk_ipc_rpc *rpc, void *user)
{
	unsigned int again[WINDOW];
	const unsigned int count = client.unanswered_count;

	(void) user;
	client.rpc = rpc;
	memcpy(again, client.unanswered, sizeof(again));
	client.unanswered_count = 0;
	for (unsigned int i = 0; i < count; i++)
		call(again[i]);
	while (!account->over && client.in_flight < (client.stays ? WINDOW : 1))
		call_next();
	leave();
}

static void dial(void)
{
	hk_ipc_opts connection = HK_IPC_OPTS_INIT;
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;

	connection.reconnect = client.stays;
	connection.reconnect_max_ns = 10000000;
	opts.connection = &connection;
	opts.on_connect = connected;
	opts.on_retry = lost;
	opts.on_close = closed;
	if (hk_ipc_rpc_dial(&client.rpc, client.loop, url, &opts, NULL) < 0)
		_exit(3);
}

static int talk(unsigned int number)
{
	client.number = number;
	client.stays = number < CLIENTS - 1;
	if (hk_loop_new(&client.loop) < 0)
		return 1;
	dial();
	if (hk_loop_run(client.loop) < 0)
		return 2;
	hk_ipc_rpc_free(client.rpc);
	hk_loop_free(client.loop);
	return 0;
}

static pid_t start_client(unsigned int number)
{
	pid_t child = fork();

	stress_need(child >= 0, "no process");
	if (child == 0)
		_exit(talk(number));
	return child;
}

/* ---- the restart ---- */

/* Until the generation at work has done its share; false if nothing moves any more. */
static bool wait_for_share(void)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	unsigned int before = account->served;
	time_t moved = time(NULL);

	while (account->served < SHARE) {
		if (account->served != before) {
			before = account->served;
			moved = time(NULL);
		}
		if (account->failed > 0 || time(NULL) - moved > PATIENCE_S)
			return false;
		(void) nanosleep(&pause, NULL);
	}
	return true;
}

static bool ended_well(pid_t child)
{
	int status;

	return waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

/* How many generations did their share, drained in order and ended; *out_last is at
 * work still. */
static unsigned int roll(pid_t *out_last, int listening, unsigned int generations)
{
	pid_t old = start_generation(listening);
	unsigned int good = 0;

	for (unsigned int i = 0; i < generations; i++) {
		bool worked = wait_for_share();
		pid_t next = start_generation(listening);

		stress_need(kill(old, SIGTERM) == 0, "a generation is gone");
		good += ended_well(old) && worked;
		old = next;
	}
	*out_last = old;
	return good;
}

/* Calls that were not done exactly once. */
static unsigned int count_wrong(unsigned int *out_asked)
{
	unsigned int wrong = 0;

	*out_asked = 0;
	for (unsigned int i = 0; i < CLIENTS; i++) {
		*out_asked += account->asked[i];
		for (unsigned int j = 0; j < account->asked[i]; j++)
			wrong += account->done[i][j] != 1;
	}
	return wrong;
}

static void restart_under_load(int listening, const char *family)
{
	const unsigned int generations = GENERATIONS * stress_factor();
	pid_t clients[CLIENTS];
	unsigned int good;
	unsigned int gone = 0;
	unsigned int wrong;
	unsigned int asked;
	pid_t last;

	memset(account, 0, sizeof(*account));
	for (unsigned int i = 0; i < CLIENTS; i++)
		clients[i] = start_client(i);
	good = roll(&last, listening, generations);
	account->over = true;
	for (unsigned int i = 0; i < CLIENTS; i++)
		gone += ended_well(clients[i]);
	stress_need(kill(last, SIGTERM) == 0, "the last generation is gone");
	good += ended_well(last);
	wrong = count_wrong(&asked);
	stress_check(good == generations + 1,
	    "%s: %u of %u generations worked, drained in order and ended", family, good,
	    generations + 1);
	stress_check(account->refused == 0, "%s: %u connections were refused", family,
	    account->refused);
	stress_check(
	    gone == CLIENTS && account->failed == 0 && account->answered == asked,
	    "%s: %u of %u calls were answered, %u of them when asked again, %u failures",
	    family, account->answered, asked, account->repeated, account->failed);
	stress_check(
	    wrong == 0, "%s: %u calls were not done exactly once", family, wrong);
	(void) close(listening);
}

/* ---- what the service manager opens ---- */

static int listen_at_path(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	stress_need(fd >= 0 &&
			bind(fd, (struct sockaddr *) &address, sizeof(address)) == 0 &&
			listen(fd, 1024) == 0,
	    "cannot listen at a path");
	(void) snprintf(url, sizeof(url), "unix:%s", path);
	return fd;
}

static int listen_at_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	stress_need(fd >= 0 && bind(fd, (struct sockaddr *) &address, size) == 0 &&
			listen(fd, 1024) == 0 &&
			getsockname(fd, (struct sockaddr *) &address, &size) == 0,
	    "cannot listen at a port");
	(void) snprintf(
	    url, sizeof(url), "tcp:127.0.0.1:%u", (unsigned int) ntohs(address.sin_port));
	return fd;
}

int main(void)
{
	char folder[] = "/tmp/hostkit-stress-XXXXXX";
	char path[64];

	stress_plan(8);
	account = mmap(NULL, sizeof(*account), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	stress_need(account != MAP_FAILED && mkdtemp(folder) != NULL, "no memory");
	(void) snprintf(path, sizeof(path), "%s/s", folder);
	restart_under_load(listen_at_path(path), "Unix");
	stress_need(unlink(path) == 0 && rmdir(folder) == 0, "something was left behind");
	restart_under_load(listen_at_port(), "TCP");
	return stress_status();
}
