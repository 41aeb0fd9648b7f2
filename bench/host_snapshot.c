/*
 * What does it cost to look at the whole machine, and how long does a person wait?
 *
 * A snapshot is sixteen sources: stat, meminfo, vmstat, loadavg, three files of
 * pressure, diskstats, both dumps of rtnetlink, sockstat and sockstat6, snmp, netstat,
 * the mounts with the space of each file system, and the limits of our cgroups.  The
 * peer is one scrape of node_exporter as Debian runs it, over loopback: the processor
 * time of its process, the kernel's share included.  Fields are not the same, neither
 * here nor there, but each is what its user reads once a second.
 *
 * `hostkit info --json` is held against the same question put to psutil.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <hostkit/hostkit.h>
#include "harness.h"

enum { SAMPLES = 50, SCRAPES = 10 };

static const uint32_t snapshot =
    HK_SYSTEM_HOST | HK_SYSTEM_CPU | HK_SYSTEM_LOAD | HK_SYSTEM_MEMORY |
    HK_SYSTEM_VMSTAT | HK_SYSTEM_PRESSURE | HK_SYSTEM_LIMITS | HK_SYSTEM_FILESYSTEMS |
    HK_SYSTEM_DISKS | HK_SYSTEM_NETWORKS | HK_SYSTEM_SOCKETS;

/* ---- ours ---- */

static hk_system *host;

static double run_ours(void *user)
{
	uint64_t began_ns = bench_thread_ns();

	(void) user;
	for (int i = 0; i < SAMPLES; i++)
		if (hk_system_sample(host, snapshot) < 0)
			return NAN;
	return (double) (bench_thread_ns() - began_ns) / 1000 / SAMPLES;
}

static uint64_t allocations;

static void *count_allocation(void *block, size_t bytes, void *user)
{
	(void) user;
	allocations++;
	return realloc(block, bytes);
}

static void release(void *block, void *user)
{
	(void) user;
	free(block);
}

/* ---- node_exporter ---- */

typedef struct scraped {
	hk_loop *loop;
	hk_process *process;
	int64_t pid;
	struct sockaddr_in address;
} scraped;

/* A port that was free a moment ago. */
static bool find_port(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool found;

	*address = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	found = fd >= 0 && bind(fd, (struct sockaddr *) address, sizeof(*address)) == 0 &&
		getsockname(fd, (struct sockaddr *) address, &length) == 0;
	if (fd >= 0)
		close(fd);
	return found;
}

/* Bytes of one answer, or -1. */
static long scrape(const scraped *exporter)
{
	static const char request[] = "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n";
	char answer[65536];
	long bytes = 0;
	ssize_t count = -1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *) &exporter->address,
		sizeof(exporter->address)) == 0 &&
	    send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0)
		while ((count = recv(fd, answer, sizeof(answer), 0)) > 0)
			bytes += count;
	close(fd);
	return count == 0 && bytes > 0 ? bytes : -1;
}

/* Processor time of all its threads in nanoseconds, as the scheduler counts it. */
static double time_of(const scraped *exporter)
{
	char path[64];
	struct dirent *entry;
	double sum = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int) exporter->pid);
	tasks = opendir(path);
	if (tasks == NULL)
		return NAN;
	while ((entry = readdir(tasks)) != NULL) {
		char file[512];
		double ns = 0;
		FILE *schedstat;

		snprintf(file, sizeof(file), "%s/%s/schedstat", path, entry->d_name);
		schedstat = entry->d_name[0] == '.' ? NULL : fopen(file, "re");
		if (schedstat == NULL)
			continue;
		if (fscanf(schedstat, "%lf", &ns) == 1)
			sum += ns;
		fclose(schedstat);
	}
	closedir(tasks);
	return sum;
}

static double run_exporter(void *user)
{
	const scraped *exporter = user;
	double before = time_of(exporter);

	for (int i = 0; i < SCRAPES; i++)
		if (scrape(exporter) < 0)
			return NAN;
	return (time_of(exporter) - before) / 1000 / SCRAPES;
}

static bool start_exporter(scraped *exporter)
{
	const char *argv[] = { "prometheus-node-exporter", NULL, NULL };
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	char listen[64];

	if (!find_port(&exporter->address) || hk_loop_new(&exporter->loop) < 0)
		return false;
	snprintf(listen, sizeof(listen), "--web.listen-address=127.0.0.1:%d",
	    ntohs(exporter->address.sin_port));
	argv[1] = listen;
	opts.argv = argv;
	opts.stdio[1].kind = HK_STDIO_NULL;
	opts.stdio[2].kind = HK_STDIO_NULL;
	if (hk_process_spawn(&exporter->process, exporter->loop, &opts, NULL) < 0)
		return false;
	exporter->pid = hk_process_pid(exporter->process);
	for (int i = 0; i < 500 && scrape(exporter) < 0; i++)
		usleep(10000); /* it says nowhere that it listens */
	return scrape(exporter) > 0;
}

static void stop_exporter(scraped *exporter)
{
	hk_process_free(exporter->process); /* ends it */
	hk_loop_free(exporter->loop);
}

/* ---- the command ---- */

static double run_command(const char *const *argv)
{
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_process_run_opts run = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_result *result;
	uint64_t began_ns = bench_now_ns();
	double ms = NAN;

	process.argv = argv;
	process.stdio[1].kind = HK_STDIO_NULL;
	run.process = &process;
	if (hk_process_run(&result, &run, NULL) < 0)
		return NAN;
	if (result->exit.end == HK_END_CODE && result->exit.code == 0)
		ms = (double) (bench_now_ns() - began_ns) / 1e6;
	hk_process_result_free(result);
	return ms;
}

static double run_info(void *user)
{
	const char *hostkit = getenv("HOSTKIT");
	const char *argv[] = { hostkit != NULL ? hostkit : "hostkit", "info", "--json",
		NULL };

	(void) user;
	return run_command(argv);
}

static double run_psutil(void *user)
{
	const char *argv[] = { "/usr/bin/python3",
		BENCH_FOLDER "/host-snapshot-psutil.py", NULL };

	(void) user;
	return run_command(argv);
}

/* ---- questions ---- */

static void ask_snapshot(void)
{
	const bench_question question = { .bench = "host-snapshot",
		.name = "a snapshot, processor time",
		.unit = "us",
		.rounds = 7,
		.ratio = BENCH_SHARE,
		.kind = BENCH_AT_MOST,
		.goal = 1.0 / 25 };
	scraped exporter = { .process = NULL };
	bool there = start_exporter(&exporter);
	const bench_side sides[] = {
		{ "hostkit", run_ours, NULL },
		{ "node_exporter", there ? run_exporter : NULL, &exporter },
	};

	bench_ask(&question, sides, 2);
	stop_exporter(&exporter);
}

static bool ask_allocations(void)
{
	hk_allocator counting = HK_ALLOCATOR_INIT;
	uint64_t before;
	bool met;

	counting.reallocate = count_allocation;
	counting.release = release;
	if (hk_allocator_set(&counting) < 0 || hk_system_new(&host, NULL) < 0)
		return false;
	for (int i = 0; i < 5; i++)
		(void) run_ours(NULL);
	before = allocations;
	(void) run_ours(NULL);
	met = bench_report_limit("host-snapshot", "a snapshot", "allocations",
	    (double) (allocations - before) / SAMPLES, BENCH_AT_MOST, 0);
	return met;
}

static void ask_command(void)
{
	const bench_question limit = { .bench = "host-snapshot",
		.name = "info --json, start to exit",
		.unit = "ms",
		.rounds = 21,
		.kind = BENCH_AT_MOST,
		.goal = 10 };
	const bench_question psutil = { .bench = "host-snapshot",
		.name = "info --json, start to exit",
		.unit = "ms",
		.rounds = 7,
		.ratio = BENCH_SHARE,
		.kind = BENCH_AT_MOST,
		.goal = 1.0 / 20 };
	const bench_side sides[] = {
		{ "hostkit", run_info, NULL },
		{ "psutil", isnan(run_psutil(NULL)) ? NULL : run_psutil, NULL },
	};

	bench_ask(&limit, sides, 1);
	bench_ask(&psutil, sides, 2);
}

int main(int argc, char **argv)
{
	bool met = ask_allocations();

	if (host == NULL)
		return 1;
	if (bench_wanted(argc, argv, "a snapshot"))
		ask_snapshot();
	if (bench_wanted(argc, argv, "info"))
		ask_command();
	hk_system_free(host);
	return met ? bench_status() : 1;
}
