/*
 * What does it cost to look at every process?
 *
 * Nine fields (pid, parent, name, state, user and system time, start, resident
 * memory, threads) of some 700 processes, read again and again as a monitor
 * does, with each of our engines.  The measure is processor time of the thread,
 * divided by the processes; the baseline is the classic scan in its plainest
 * form, written here: list /proc, then open, read and close every stat and pick
 * the nine fields out.
 *
 * Then: does the cost grow with the number of processes, what does a monitor with
 * 5000 of them hold, what does looking once a second cost, and how steady is the
 * percentage of a program that runs 3 % of the time, sampled ten times a second.
 *
 * The crowd is forked from here, sleeps, and dies with us.
 */
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <hostkit/error.h>
#include <hostkit/system_process.h>
#include "harness.h"
#if BENCH_HAS_LIBPROC2
#include <libproc2/pids.h>
#endif

enum { USUAL = 600, FEW = 500, MANY = 5000, SCANS = 4 };

/* ---- the crowd ---- */

static pid_t crowd[MANY];
static int crowd_size;

/* A process that sleeps for ever; -1 when there is no room for more. */
static pid_t make_sleeper(void)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	for (;;)
		pause();
}

static void end_process(pid_t pid)
{
	if (pid <= 0)
		return;
	(void) kill(pid, SIGKILL);
	(void) waitpid(pid, NULL, 0);
}

static void set_crowd(int size)
{
	while (crowd_size > size)
		end_process(crowd[--crowd_size]);
	while (crowd_size < size) {
		pid_t pid = make_sleeper();

		if (pid < 0)
			return;
		crowd[crowd_size++] = pid;
	}
	/* The last ones get to their sleep. */
	usleep(200000);
}

/* ---- ours ---- */

static hk_system_processes *open_table(hk_system_engine engine)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_system_processes *table = NULL;
	int r;

	opts.engine = engine;
	/* Nothing beyond what is always there. */
	hk_system_process_fields_add(&opts.fields, HK_SYSTEM_PROCESS_PID);
	r = hk_system_processes_open(&table, &opts);
	if (r < 0) {
		fprintf(stderr, "process-table: %s\n", hk_error_text(r));
		return NULL;
	}
	/* The first samples make the rows. */
	for (int i = 0; i < 3; i++)
		if (hk_system_processes_sample(table) < 0)
			return NULL;
	return table;
}

static void sample(hk_system_processes *table)
{
	if (hk_system_processes_sample(table) < 0)
		fprintf(stderr, "process-table: a sample failed\n");
}

static double run_table(void *user)
{
	hk_system_processes *table = user;
	uint64_t begin = bench_thread_ns();
	double count = 0;

	for (int i = 0; i < SCANS; i++) {
		int r = hk_system_processes_sample(table);

		if (r < 0)
			return NAN;
		count += r;
	}
	return (double) (bench_thread_ns() - begin) / count;
}

/* ---- the plainest scan ---- */

typedef struct baseline_row {
	int pid;
	int ppid;
	char name[64];
	char state;
	unsigned long long user;
	unsigned long long system;
	unsigned long long start;
	unsigned long long rss;
	unsigned long long threads;
} baseline_row;

static unsigned long long number(const char **at)
{
	unsigned long long value = 0;

	while (**at == ' ' || **at == '-')
		(*at)++;
	while (**at >= '0' && **at <= '9')
		value = value * 10 + (unsigned long long) (*(*at)++ - '0');
	return value;
}

static int parse_baseline(baseline_row *row, const char *text)
{
	const char *open_name = strchr(text, '(');
	const char *close_name = strrchr(text, ')');
	unsigned long long fields[22];
	const char *at;
	size_t length;

	if (open_name == NULL || close_name == NULL)
		return -1;
	length = (size_t) (close_name - open_name - 1);
	memcpy(row->name, open_name + 1, length < 63 ? length : 63);
	row->name[length < 63 ? length : 63] = '\0';
	row->state = close_name[2];
	at = close_name + 3;
	for (int i = 0; i < 21; i++)
		fields[i] = number(&at);
	row->pid = atoi(text);
	row->ppid = (int) fields[0];
	row->user = fields[10];
	row->system = fields[11];
	row->threads = fields[16];
	row->start = fields[18];
	row->rss = fields[20];
	return 0;
}

static int read_baseline(int proc, const char *pid, baseline_row *row)
{
	char path[32];
	char text[1024];
	size_t length = strlen(pid);
	ssize_t got;
	int fd;

	memcpy(path, pid, length);
	memcpy(path + length, "/stat", 6);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return -1;
	text[got] = '\0';
	return parse_baseline(row, text);
}

/* Scan once.  How many processes were read, or -1. */
static int scan_baseline(void)
{
	static baseline_row rows[MANY * 2];
	static char entries[65536];
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t at_row = 0;
	ssize_t length;

	if (proc < 0)
		return -1;
	while ((length = getdents64(proc, entries, sizeof(entries))) > 0)
		for (ssize_t at = 0; at < length;) {
			const struct dirent64 *entry = (const void *) (entries + at);

			at += entry->d_reclen;
			if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			    at_row < sizeof(rows) / sizeof(rows[0]) &&
			    read_baseline(proc, entry->d_name, &rows[at_row]) == 0)
				at_row++;
		}
	close(proc);
	return (int) at_row;
}

static double run_baseline(void *user)
{
	uint64_t begin = bench_thread_ns();
	double count = 0;

	(void) user;
	for (int scan = 0; scan < SCANS; scan++) {
		int r = scan_baseline();

		if (r < 0)
			return NAN;
		count += r;
	}
	return (double) (bench_thread_ns() - begin) / count;
}

/* ---- peers ---- */

#if BENCH_HAS_LIBPROC2
static double run_libproc2(void *user)
{
	struct pids_info *info = user;
	uint64_t begin = bench_thread_ns();
	double count = 0;

	for (int i = 0; i < SCANS; i++) {
		struct pids_fetch *fetch = procps_pids_reap(info, PIDS_FETCH_TASKS_ONLY);

		if (fetch == NULL)
			return NAN;
		count += fetch->counts->total;
	}
	return (double) (bench_thread_ns() - begin) / count;
}
#endif

static void *open_libproc2(void)
{
#if BENCH_HAS_LIBPROC2
	static struct pids_info *info;
	static enum pids_item items[] = { PIDS_ID_PID, PIDS_ID_PPID, PIDS_CMD, PIDS_STATE,
		PIDS_TICS_USER, PIDS_TICS_SYSTEM, PIDS_TICS_BEGAN, PIDS_MEM_RES,
		PIDS_NLWP };

	if (procps_pids_new(&info, items, sizeof(items) / sizeof(items[0])) >= 0)
		return info;
#endif
	return NULL;
}

#define PYTHON "/usr/bin/python3"
#define PSUTIL                                                                           \
	PYTHON " -c '"                                                                   \
	       "import psutil, time\n"                                                   \
	       "fields = [\"pid\", \"ppid\", \"name\", \"status\", \"cpu_times\", "      \
	       "\"create_time\", \"memory_info\", \"num_threads\"]\n"                    \
	       "for i in range(3):\n"                                                    \
	       "    t = time.process_time_ns()\n"                                        \
	       "    n = len([p.info for p in psutil.process_iter(fields)])\n"            \
	       "    d = (time.process_time_ns() - t) / n\n"                              \
	       "print(d)' 2>/dev/null"

static double run_psutil(void *user)
{
	FILE *python = popen(PSUTIL, "r");
	double ns = NAN;

	(void) user;
	if (python == NULL)
		return NAN;
	if (fscanf(python, "%lf", &ns) != 1)
		ns = NAN;
	(void) pclose(python);
	return ns;
}

static bool has_psutil(void)
{
	return access(PYTHON, X_OK) == 0 &&
	       system(PYTHON " -c 'import psutil' 2>/dev/null") == 0;
}

/* ---- the questions ---- */

static void ask_engine(hk_system_engine engine, const char *name, double goal)
{
	hk_system_processes *table = open_table(engine);
	bench_question question = { .bench = "process-table",
		.name = name,
		.unit = "ns a process",
		.rounds = 15,
		.ratio = BENCH_SHARE,
		.kind = BENCH_AT_MOST,
		.goal = goal };
	const bench_side sides[] = { { "hostkit", table ? run_table : NULL, table },
		{ "open, read, close stat", run_baseline, NULL } };

	if (table != NULL)
		bench_ask(&question, sides, 2);
	hk_system_processes_close(table);
}

/* The best engine there is, against the tools of others. */
static void ask_peer(const char *peer, double (*run)(void *user), void *user, double goal)
{
	hk_system_processes *table = open_table(HK_SYSTEM_ENGINE_AUTO);
	bench_question question = { .bench = "process-table",
		.name = "nine fields of 700 processes",
		.unit = "ns a process",
		.rounds = 5,
		.ratio = BENCH_SHARE,
		.kind = BENCH_AT_MOST,
		.goal = goal };
	const bench_side sides[] = { { "hostkit", table ? run_table : NULL, table },
		{ peer, run, user } };

	if (table != NULL)
		bench_ask(&question, sides, 2);
	hk_system_processes_close(table);
}

/* What a monitor finds that looks once a second: others have used the caches since.
 * Otherwise 500 processes would be measured inside the cache and 5000 outside. */
static void use_caches(void)
{
	static char others[32 << 20];

	memset(others, 1, sizeof(others));
}

/* Cost a process. */
typedef struct growth_costs {
	double table;
	double bare; /* the plainest scan of the same processes */
} growth_costs;

static double cost_of(int count, uint64_t begin)
{
	return count > 0 ? (double) (bench_thread_ns() - begin) / count : NAN;
}

static growth_costs measure_growth(hk_system_processes *table)
{
	double costs[15];
	double bare[15];

	/* One after the other: a scan in between would warm what the other finds cold. */
	for (int i = 0; i < 15; i++) {
		uint64_t begin;

		use_caches();
		begin = bench_thread_ns();
		costs[i] = cost_of(hk_system_processes_sample(table), begin);
	}
	for (int i = 0; i < 15; i++) {
		uint64_t begin;

		use_caches();
		begin = bench_thread_ns();
		bare[i] = cost_of(scan_baseline(), begin);
	}
	return (growth_costs){ bench_median(costs, 15), bench_median(bare, 15) };
}

/*
 * What the kernel keeps of a process lies in some thirty cache lines all over its
 * memory, and 5000 of them fill what 500 do not.  That part of the growth is nobody's
 * to avoid: the plainest scan, which keeps nothing from one process to the next,
 * shows it in the same run.
 */
static void ask_growth(hk_system_engine engine, const char *name)
{
	hk_system_processes *table;
	growth_costs few;
	growth_costs many;
	bench_result result = { .bench = "process-table",
		.name = name,
		.peer = "the same with 500",
		.unit = "ns a process",
		.kind = BENCH_AT_MOST,
		.goal = 1.25,
		.ratio = BENCH_SHARE };
	bench_result bare = { .bench = "process-table",
		.name = "open, read, close stat, from 500 to 5000",
		.peer = "the same with 500",
		.unit = "ns a process",
		.kind = BENCH_NO_GOAL,
		.ratio = BENCH_SHARE };

	set_crowd(FEW);
	table = open_table(engine);
	if (table == NULL)
		return;
	few = measure_growth(table);
	set_crowd(MANY);
	sample(table);
	many = measure_growth(table);
	result.ours = many.table;
	result.theirs = few.table;
	(void) bench_report(&result);
	bare.ours = many.bare;
	bare.theirs = few.bare;
	(void) bench_report(&bare);
	hk_system_processes_close(table);
}

/* Resident memory of a process that does nothing but sample, told by itself. */
static double sampler_rss(hk_system_engine engine)
{
	int ends[2];
	double mebibytes = NAN;
	pid_t pid;

	if (pipe(ends) < 0)
		return NAN;
	pid = fork();
	if (pid == 0) {
		hk_system_processes *table = open_table(engine);
		hk_system_self_info self;

		if (table != NULL && hk_system_self(&self) == 0) {
			mebibytes = (double) self.rss_bytes / 1048576;
			(void) !write(ends[1], &mebibytes, sizeof(mebibytes));
		}
		_exit(0);
	}
	close(ends[1]);
	if (read(ends[0], &mebibytes, sizeof(mebibytes)) != sizeof(mebibytes))
		mebibytes = NAN;
	close(ends[0]);
	(void) waitpid(pid, NULL, 0);
	return mebibytes;
}

static void ask_memory(void)
{
	set_crowd(MANY);
	(void) bench_report_limit("process-table", "memory of a sampler, 5000 processes",
	    "MiB", sampler_rss(HK_SYSTEM_ENGINE_AUTO), BENCH_AT_MOST, 8);
}

static void ask_once_a_second(void)
{
	hk_system_processes *table;
	double costs[8];
	uint64_t begin;

	set_crowd(900);
	table = open_table(HK_SYSTEM_ENGINE_AUTO);
	if (table == NULL)
		return;
	for (int i = 0; i < 8; i++) {
		usleep(1000000);
		begin = bench_thread_ns();
		sample(table);
		costs[i] = (double) (bench_thread_ns() - begin) / 1e9 * 100;
	}
	(void) bench_report_limit("process-table", "1000 processes once a second",
	    "percent of a processor", bench_median(costs, 8), BENCH_AT_MOST, 0.1);
	hk_system_processes_close(table);
}

/* ---- a load of 3 % ---- */

/* Run 3 ms of processor time in every 100 ms. */
static void be_busy(void)
{
	uint64_t next = bench_now_ns();
	struct timespec until;

	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		uint64_t begin = bench_thread_ns();

		while (bench_thread_ns() - begin < 3000000)
			;
		next += 100000000;
		until.tv_sec = (time_t) (next / 1000000000);
		until.tv_nsec = (long) (next % 1000000000);
		(void) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	}
}

static double deviation(const double *values, int count)
{
	double sum = 0;
	double squares = 0;

	for (int i = 0; i < count; i++)
		sum += values[i];
	for (int i = 0; i < count; i++)
		squares += (values[i] - sum / count) * (values[i] - sum / count);
	return sqrt(squares / count);
}

static void ask_steadiness(hk_system_engine engine, const char *name)
{
	hk_system_processes *table = open_table(engine);
	pid_t busy = fork();
	double percents[40];
	int count = 0;

	if (busy == 0)
		be_busy();
	if (table == NULL) {
		end_process(busy);
		return;
	}
	usleep(1000000);
	for (int i = 0; i < 45; i++) {
		const hk_system_process *row;

		usleep(100000);
		if (hk_system_processes_sample(table) < 0)
			break;
		row = hk_system_processes_find(table, busy);
		if (i >= 5 && row != NULL)
			percents[count++] = row->cpu_percent;
	}
	end_process(busy);
	(void) bench_report_limit("process-table", name, "points of standard deviation",
	    count > 0 ? deviation(percents, count) : NAN, BENCH_AT_MOST, 0.5);
	hk_system_processes_close(table);
}

int main(int argc, char **argv)
{
	void *libproc2 = open_libproc2();
	double (*libproc2_run)(void *user) = NULL;

#if BENCH_HAS_LIBPROC2
	if (libproc2 != NULL)
		libproc2_run = run_libproc2;
#endif
	if (bench_wanted(argc, argv, "memory"))
		ask_memory();
	if (bench_wanted(argc, argv, "growth")) {
		ask_growth(HK_SYSTEM_ENGINE_BPF, "bpf, from 500 to 5000 processes");
		ask_growth(HK_SYSTEM_ENGINE_ADAPTIVE, "adaptive, from 500 to 5000");
		ask_growth(HK_SYSTEM_ENGINE_OPENAT, "openat, from 500 to 5000");
	}
	if (bench_wanted(argc, argv, "second"))
		ask_once_a_second();
	set_crowd(USUAL);
	if (bench_wanted(argc, argv, "engines")) {
		ask_engine(HK_SYSTEM_ENGINE_BPF, "bpf, 700 processes", 0.08);
		ask_engine(HK_SYSTEM_ENGINE_ADAPTIVE, "adaptive, 700 processes", 0.35);
		ask_engine(HK_SYSTEM_ENGINE_OPENAT, "openat, 700 processes", 1.0);
	}
	if (bench_wanted(argc, argv, "peers")) {
		ask_peer("libproc2", libproc2_run, libproc2, 0.05);
		ask_peer("psutil", has_psutil() ? run_psutil : NULL, NULL, 0.01);
	}
	if (bench_wanted(argc, argv, "steady")) {
		ask_steadiness(HK_SYSTEM_ENGINE_BPF, "bpf, a load of 3 % each 100 ms");
		ask_steadiness(HK_SYSTEM_ENGINE_ADAPTIVE, "adaptive, a load of 3 %");
		ask_steadiness(HK_SYSTEM_ENGINE_OPENAT, "openat, a load of 3 %");
	}
	set_crowd(0);
	return bench_status();
}
