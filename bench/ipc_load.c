/*
 * What does a busy, a stuck, an idle and an overrun server cost?
 *
 * System calls a message: reads, writes and waits of both ends at full speed, as the
 * connections and loops count them.  A peer that never reads: how much memory grows while
 * everything is sent that goes, and whether each message is accounted for.  Idle
 * connections: memory of the server alone, which is a process of its own.  A storm without
 * descriptors: processor time of the server while clients come and are turned away.
 */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <hostkit/hostkit.h>
#include "harness.h"
#include "ipc/peers.h"

enum { MESSAGES = 300000, LENGTH = 100, IDLE = 10000, STUCK_S = 10, STORM_S = 3 };
#define MIB 1048576.0

static char url[100];
static bool missed;

static void need(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "ipc-load: %s\n", what);
	exit(1);
}

static hk_loop *new_loop(void)
{
	hk_loop *loop = NULL;

	need(hk_loop_new(&loop) == 0, "no loop");
	return loop;
}

static hk_ipc_server *serve(hk_loop *loop, const hk_ipc_opts *opts)
{
	hk_ipc_server *server = NULL;

	(void) snprintf(url, sizeof(url), "unix:%s", bench_ipc_path());
	need(hk_ipc_listen(&server, loop, url, opts, NULL) == 0, "cannot listen");
	return server;
}

/* Of this process, in bytes. */
static double resident(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	need(file != NULL && fscanf(file, "%*u %lu", &pages) == 1, "no statm");
	(void) fclose(file);
	return (double) pages * (double) sysconf(_SC_PAGESIZE);
}

/* ---- system calls a message ---- */

struct flow {
	size_t number;
	double calls; /* of this end */
};

static double calls_of(const hk_ipc *ipc)
{
	hk_ipc_stats stats = { .size = sizeof(stats) };
	hk_loop_metrics metrics = { .size = sizeof(metrics) };

	need(hk_ipc_stats_read(ipc, &stats) == 0 &&
		 hk_loop_metrics_read(hk_ipc_loop(ipc), &metrics) == 0,
	    "no figures");
	return (double) (stats.reads + stats.writes + metrics.turns);
}

static void pump(hk_ipc *ipc, void *user)
{
	static const char text[LENGTH];
	struct flow *flow = user;

	while (flow->number < MESSAGES && hk_ipc_send(ipc, text, LENGTH) == 0)
		flow->number++;
	if (flow->number == MESSAGES)
		hk_ipc_close(ipc, 10000000000ULL);
}

static void note_calls(hk_ipc *ipc, int reason, void *user)
{
	struct flow *flow = user;

	(void) reason;
	flow->calls = calls_of(ipc);
	hk_ipc_server_free(hk_ipc_server_of(ipc));
}

static int sender(void *user)
{
	int tell = *(int *) user;
	struct flow flow = { .number = 0 };
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_loop *loop = new_loop();
	hk_ipc *ipc = NULL;

	hk_loop_measure(loop, true);
	opts.framing = HK_IPC_FRAMING_LENGTH;
	opts.on_connect = pump;
	opts.on_drain = pump;
	opts.on_close = note_calls;
	opts.user = &flow;
	need(hk_ipc_dial(&ipc, loop, url, &opts, NULL) == 0 && hk_loop_run(loop) == 0,
	    "cannot send");
	return write(tell, &flow.calls, sizeof(flow.calls)) != sizeof(flow.calls);
}

static double calls_a_message(void *user)
{
	struct flow flow = { .number = 0 };
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_loop *loop = new_loop();
	double theirs = NAN;
	int ends[2];
	pid_t child;

	(void) user;
	opts.on_close = note_calls;
	opts.user = &flow;
	hk_loop_measure(loop, true);
	need(pipe(ends) == 0 && serve(loop, &opts) != NULL, "cannot begin");
	child = bench_ipc_fork(sender, &ends[1]);
	need(hk_loop_run(loop) == 0, "cannot receive");
	need(bench_ipc_join(child) &&
		 read(ends[0], &theirs, sizeof(theirs)) == sizeof(theirs),
	    "the sender failed");
	(void) close(ends[0]);
	(void) close(ends[1]);
	hk_loop_free(loop);
	return (flow.calls + theirs) / MESSAGES;
}

/* ---- a peer that never reads ---- */

/* Connect and do nothing until the server goes. */
static int never_read(void *user)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct pollfd gone = { .events = POLLRDHUP };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void) user;
	(void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", url + 5);
	if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
		return 1;
	gone.fd = fd;
	return poll(&gone, 1, 60000) < 0;
}

static void keep(hk_ipc *ipc, void *user)
{
	*(hk_ipc **) user = ipc;
}

static double stuck_growth(void *user)
{
	static const char text[LENGTH];
	hk_ipc_stats stats = { .size = sizeof(stats) };
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_loop *loop = new_loop();
	hk_ipc_server *server;
	hk_ipc *ipc = NULL;
	double before;
	double most = 0;
	uint64_t until_ns;
	pid_t child;

	opts.overflow = *(const uint32_t *) user;
	opts.framing = HK_IPC_FRAMING_LENGTH;
	opts.on_connect = keep;
	opts.user = &ipc;
	server = serve(loop, &opts);
	child = bench_ipc_fork(never_read, NULL);
	while (ipc == NULL)
		need(hk_loop_run_once(loop, 1000) >= 0, "no turn");
	before = resident();
	until_ns = bench_now_ns() + STUCK_S * 1000000000ULL;
	while (bench_now_ns() < until_ns) {
		double now;

		for (int i = 0; i < 20000; i++)
			need(hk_ipc_send(ipc, text, LENGTH) != -ENOMEM, "no memory");
		need(hk_loop_run_once(loop, 0) >= 0, "no turn");
		now = resident() - before;
		most = now > most ? now : most;
	}
	need(hk_ipc_stats_read(ipc, &stats) == 0, "no figures");
	need(stats.messages_sent ==
		 stats.messages_written + stats.messages_dropped + stats.messages_queued,
	    "messages are missing from the account");
	fprintf(stderr, "  %.1f million sent, %.1f million dropped\n",
	    (double) stats.messages_sent / 1e6, (double) stats.messages_dropped / 1e6);
	hk_ipc_server_free(server);
	hk_loop_free(loop);
	return bench_ipc_join(child) ? most / MIB : NAN;
}

/* ---- idle connections ---- */

/* A server that answers each byte on the pipe with its resident size. */
static int idle_server(void *user)
{
	const int *pipes = user; /* read commands, write answers */
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_loop *loop = new_loop();
	hk_ipc_server *server = NULL;
	size_t wanted = 0;

	need(hk_ipc_listen(&server, loop, url, &opts, NULL) == 0, "cannot listen");
	for (;;) {
		double bytes = resident();

		if (write(pipes[1], &bytes, sizeof(bytes)) != sizeof(bytes) ||
		    read(pipes[0], &wanted, sizeof(wanted)) != sizeof(wanted))
			return 1;
		if (wanted == 0)
			return 0;
		while (hk_ipc_server_count(server) < wanted)
			need(hk_loop_run_once(loop, 1000) >= 0, "no turn");
	}
}

static void open_idle(int *fds, size_t count)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", url + 5);
	for (size_t i = 0; i < count; i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		need(fds[i] >= 0 && connect(fds[i], (const struct sockaddr *) &address,
					sizeof(address)) == 0,
		    "cannot connect");
	}
}

/* Let the server accept so many while they come, and tell its size then. */
static double resident_with(const int *ends, int *fds, size_t from, size_t to)
{
	double bytes = NAN;

	need(write(ends[1], &to, sizeof(to)) == sizeof(to), "the server is gone");
	open_idle(fds + from, to - from);
	need(read(ends[0], &bytes, sizeof(bytes)) == sizeof(bytes), "the server is gone");
	return bytes;
}

static double idle_bytes(void *user)
{
	static int fds[IDLE];
	size_t none = 0;
	double before;
	double after;
	int commands[2];
	int answers[2];
	pid_t child;

	(void) user;
	(void) snprintf(url, sizeof(url), "unix:%s", bench_ipc_path());
	need(pipe(commands) == 0 && pipe(answers) == 0, "no pipe");
	child = bench_ipc_fork(idle_server, (int[]){ commands[0], answers[1] });
	need(read(answers[0], &before, sizeof(before)) == sizeof(before), "no server");
	/* The first ones bring what is there once for all. */
	before = resident_with((int[]){ answers[0], commands[1] }, fds, 0, 10);
	after = resident_with((int[]){ answers[0], commands[1] }, fds, 10, IDLE);
	need(write(commands[1], &none, sizeof(none)) == sizeof(none), "no end");
	need(bench_ipc_join(child), "the server failed");
	for (size_t i = 0; i < IDLE; i++)
		(void) close(fds[i]);
	for (int i = 0; i < 2; i++) {
		(void) close(commands[i]);
		(void) close(answers[i]);
	}
	return (after - before) / (IDLE - 10);
}

/* ---- no descriptors ---- */

/* Come again as soon as turned away. */
static int storm(void *user)
{
	uint64_t until_ns = bench_now_ns() + (STORM_S + 1) * 1000000000ULL;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	enum { CLIENTS = 100 };
	struct pollfd fds[CLIENTS];

	(void) user;
	(void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", url + 5);
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	while (bench_now_ns() < until_ns) {
		for (int i = 0; i < CLIENTS; i++) {
			if (fds[i].fd >= 0 && fds[i].revents != 0) {
				(void) close(fds[i].fd);
				fds[i].fd = -1;
			}
			if (fds[i].fd >= 0)
				continue;
			fds[i].fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
			(void) connect(fds[i].fd, (const struct sockaddr *) &address,
			    sizeof(address));
		}
		(void) poll(fds, CLIENTS, 10);
	}
	return 0;
}

static double cpu_s(void)
{
	struct rusage usage;

	(void) getrusage(RUSAGE_SELF, &usage);
	return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double storm_percent(void *user)
{
	hk_ipc_server_stats stats = { .size = sizeof(stats) };
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_loop *loop = new_loop();
	hk_ipc_server *server = serve(loop, &opts);
	pid_t child = bench_ipc_fork(storm, NULL);
	struct rlimit before;
	struct rlimit tight;
	uint64_t until_ns;
	double began_s;

	(void) user;
	need(getrlimit(RLIMIT_NOFILE, &before) == 0, "no limit");
	tight = before;
	tight.rlim_cur = 16;
	need(setrlimit(RLIMIT_NOFILE, &tight) == 0, "no limit");
	until_ns = bench_now_ns() + STORM_S * 1000000000ULL;
	began_s = cpu_s();
	while (bench_now_ns() < until_ns)
		need(hk_loop_run_once(loop, 50) >= 0, "no turn");
	began_s = cpu_s() - began_s;
	(void) setrlimit(RLIMIT_NOFILE, &before);
	need(hk_ipc_server_stats_read(server, &stats) == 0, "no figures");
	fprintf(stderr, "  %lu turned away\n", (unsigned long) stats.rejected);
	hk_ipc_server_free(server);
	hk_loop_free(loop);
	return bench_ipc_join(child) && stats.rejected > 0 ? began_s / STORM_S * 100
							   : NAN;
}

/* ---- questions ---- */

static void ask(int argc, char **argv, const char *name, const char *unit,
    double (*run)(void *user), void *user, double goal)
{
	double value;

	if (!bench_wanted(argc, argv, name))
		return;
	value = run(user);
	missed |= !bench_report_limit("ipc-load", name, unit, value, BENCH_AT_MOST, goal);
}

int main(int argc, char **argv)
{
	struct rlimit files = { .rlim_cur = IDLE + 1000, .rlim_max = IDLE + 1000 };
	struct rlimit now;
	uint32_t block = HK_IPC_OVERFLOW_BLOCK;
	uint32_t oldest = HK_IPC_OVERFLOW_DROP_OLDEST;

	if (getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur < files.rlim_cur) {
		files.rlim_max =
		    now.rlim_max > files.rlim_cur ? now.rlim_max : files.rlim_cur;
		need(setrlimit(RLIMIT_NOFILE, &files) == 0, "not enough descriptors");
	}
	ask(argc, argv, "system calls a message at full speed", "calls", calls_a_message,
	    NULL, 0.02);
	/* The mark is 1 MiB, and 1 MiB of room beside it. */
	ask(argc, argv, "growth with a peer that never reads, blocking", "MiB",
	    stuck_growth, &block, 2);
	ask(argc, argv, "growth with a peer that never reads, dropping", "MiB",
	    stuck_growth, &oldest, 2);
	ask(argc, argv, "resident bytes of an idle connection", "bytes", idle_bytes, NULL,
	    1024);
	ask(argc, argv, "processor without descriptors", "%", storm_percent, NULL, 1);
	bench_ipc_leave();
	return missed;
}
