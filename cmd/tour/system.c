/*
 * Chapter: the machine and who keeps it busy.
 *
 * `hostkit run` starts a program, which works for half a second while the machine is
 * looked at before and after.  The program is found by who started it, not by an id
 * that we were told.  What the machine did and what the program had must fit together:
 * nobody can have had more processor time than there was, and the table must have seen
 * as much as the kernel charges to `hostkit run` and its children in the end.
 */
#include "tour.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include <hostkit/process.h>
#include <hostkit/system.h>
#include <hostkit/system_process.h>
#include "base/clock.h"

#define LOOK_MS 500
/* Until the program that hostkit run starts is there: so often, so far apart. */
#define SEARCH_MS  10
#define SEARCH_MAX 1000

static const uint32_t sections = HK_SYSTEM_HOST | HK_SYSTEM_CPU | HK_SYSTEM_LOAD |
				 HK_SYSTEM_MEMORY | HK_SYSTEM_LIMITS |
				 HK_SYSTEM_FILESYSTEMS | HK_SYSTEM_PRESSURE;

#define HAS(type, record, member)                                                        \
	hk_record_has_at(                                                                \
	    &hk_system_##type##_type, record, offsetof(hk_system_##type, member))

/* What is looked at, and by whom. */
typedef struct tour_watch {
	struct tour *tour;
	hk_loop *loop;
	hk_system *host;
	hk_system_processes *table;
	hk_process *run; /* hostkit run */
	hk_process_exit ended;
	hk_timer *timer;
	unsigned int searches;
	int32_t pid; /* of the program that it started */
	uint64_t start_ticks;
	int failure;
	bool has_ended;
	double before_s; /* processor time of the program when first seen */
	double after_s;
	double percent;
	bool seen;
} tour_watch;

/* ---- the machine ---- */

static void tell_machine(struct tour *tour, const hk_system *system)
{
	const hk_system_host *host = hk_system_get_host(system);
	const hk_system_cpu *cpu = hk_system_get_cpu(system);

	tour_saw(tour, "%s, Linux %s, %llu of %llu processors may be used",
	    host->distribution != NULL ? host->distribution : "a machine",
	    host->kernel != NULL ? host->kernel : "of some kind",
	    (unsigned long long) cpu->usable, (unsigned long long) cpu->online);
	if (host->virtualisation != NULL || host->container != NULL)
		tour_saw(tour, "it runs in: %s%s%s",
		    host->virtualisation != NULL ? host->virtualisation : "",
		    host->virtualisation != NULL && host->container != NULL ? ", " : "",
		    host->container != NULL ? host->container : "");
	(void) tour_check(tour, !HAS(cpu, cpu, used_percent),
	    "after one look nobody knows how busy it is, so the figure is absent", "%s",
	    HAS(cpu, cpu, used_percent) ? "there is one" : "absent");
}

static void check_memory(struct tour *tour, const hk_system *system)
{
	const hk_system_memory *memory = hk_system_get_memory(system);
	const hk_system_limits *limits = hk_system_get_limits(system);
	char used[32], available[32], free[32];

	if (!HAS(memory, memory, used_bytes)) {
		tour_cannot(tour, "this kernel does not say what memory is available");
		return;
	}
	hk_format_bytes(used, sizeof(used), memory->used_bytes, HK_BYTES_IEC);
	hk_format_bytes(
	    available, sizeof(available), memory->available_bytes, HK_BYTES_IEC);
	hk_format_bytes(free, sizeof(free), memory->free_bytes, HK_BYTES_IEC);
	(void) tour_check(tour,
	    memory->used_bytes + memory->available_bytes == memory->total_bytes,
	    "memory is either used or available", "%s used, %s available", used,
	    available);
	tour_wrong(tour, "free memory as what is left: %s, as if caches were lost", free);
	if (HAS(limits, limits, memory_limit_bytes)) {
		hk_format_bytes(
		    used, sizeof(used), limits->memory_limit_bytes, HK_BYTES_IEC);
		tour_saw(tour, "a cgroup limits us to %s", used);
	}
}

static void check_space(struct tour *tour, const hk_system *system)
{
	size_t count;
	const hk_system_filesystem *all = hk_system_get_filesystems(system, &count);

	for (size_t i = 0; i < count; i++) {
		const hk_system_filesystem *root = &all[i];
		uint64_t usable = root->used_bytes + root->available_bytes;

		if (strcmp(root->mount, "/") != 0 || usable == 0 ||
		    !HAS(filesystem, root, used_percent))
			continue;
		(void) tour_check(tour,
		    root->used_percent * usable >= root->used_bytes * 100 &&
			(root->used_percent == 0 ||
			    (root->used_percent - 1) * usable < root->used_bytes * 100),
		    "the disk is as full as df says: of what others than root can use, "
		    "rounded up",
		    "/ is at %llu %%", (unsigned long long) root->used_percent);
		tour_wrong(tour,
		    "(size - available) / size: %.0f %%, with what is "
		    "reserved for root as if it were used",
		    100.0 * (double) (root->total_bytes - root->available_bytes) /
			(double) root->total_bytes);
	}
}

/* ---- the program ---- */

static void ended(hk_process *process, const hk_process_exit *how, void *user)
{
	tour_watch *watch = user;

	(void) process;
	watch->ended = *how;
	watch->has_ended = true;
}

/* The shell that hostkit run has started, once it is the shell. */
static const hk_system_process *find_program(const tour_watch *watch)
{
	pid_t run = hk_process_pid(watch->run);

	for (size_t i = 0; i < hk_system_processes_count(watch->table); i++) {
		const hk_system_process *row = hk_system_processes_get(watch->table, i);

		if (row->ppid == run && strcmp(row->name, "sh") == 0)
			return row;
	}
	return NULL;
}

static double used_s(const hk_system_process *row)
{
	return row->cpu_user_s + row->cpu_system_s;
}

static void look_again(hk_timer *timer, void *user)
{
	tour_watch *watch = user;
	const hk_system_process *row = NULL;

	if (hk_system_processes_sample(watch->table) >= 0)
		row = hk_system_processes_find_exactly(
		    watch->table, watch->pid, watch->start_ticks, 0);
	if (row != NULL) {
		watch->after_s = used_s(row);
		watch->percent = row->cpu_percent;
	}
	/* On a crowded machine its turn may not have come yet. */
	if (row != NULL && watch->after_s <= watch->before_s &&
	    ++watch->searches < SEARCH_MAX) {
		hk_timer_set(timer, LOOK_MS * HKI_NS_PER_MS, 0);
		return;
	}
	watch->seen = row != NULL && hk_system_sample(watch->host, sections) == 0;
	if (hk_process_kill(watch->run, SIGTERM) < 0)
		watch->seen = false; /* it has gone by itself */
}

/* The machine before the program, and the other way round at the end: so no moment of the
 * program lies outside of the machine's. */
static int look_first(tour_watch *watch, const hk_system_process *row)
{
	int r = hk_system_sample(watch->host, sections);

	watch->pid = row->pid;
	watch->start_ticks = row->start_ticks;
	if (r == 0)
		r = hk_system_processes_sample(watch->table);
	if (r < 0)
		return r;
	row = hk_system_processes_find_exactly(
	    watch->table, watch->pid, watch->start_ticks, 0);
	if (row == NULL)
		return -ESRCH;
	watch->before_s = used_s(row);
	hk_timer_free(watch->timer);
	watch->timer = NULL;
	return hk_timer_after(&watch->timer, watch->loop, LOOK_MS, look_again, watch);
}

static void search(hk_timer *timer, void *user)
{
	tour_watch *watch = user;
	int r = hk_system_processes_sample(watch->table);
	const hk_system_process *row = r < 0 ? NULL : find_program(watch);

	(void) timer;
	if (row != NULL)
		r = look_first(watch, row);
	else if (r >= 0 && (watch->has_ended || ++watch->searches == SEARCH_MAX))
		r = -ESRCH;
	if (r >= 0)
		return;
	watch->failure = r;
	hk_loop_stop(watch->loop, 0);
}

static int start_program(tour_watch *watch)
{
	const char *argv[] = { "hostkit", "run", "--", "sh", "-c", "while :; do :; done",
		NULL };
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length < 0)
		return -errno;
	self[length] = '\0';
	opts.argv = argv;
	opts.file = self;
	for (int i = 0; i < 3; i++)
		opts.stdio[i].kind = HK_STDIO_NULL;
	opts.on_exit = ended;
	opts.user_data = watch;
	return hk_process_spawn(&watch->run, watch->loop, &opts, NULL);
}

static void check_program(tour_watch *watch)
{
	struct tour *tour = watch->tour;
	const hk_system_cpu *cpu = hk_system_get_cpu(watch->host);
	double seconds =
	    (double) hk_system_interval_ns(watch->host, HK_SYSTEM_CPU) / HKI_NS_PER_S;
	double had_s = watch->after_s - watch->before_s;
	double charged_s =
	    (double) (watch->ended.user_ns + watch->ended.system_ns) / HKI_NS_PER_S;

	if (!tour_check(tour, watch->seen && watch->has_ended,
		"the program is found as the child of hostkit run, before and after",
		"process %d, child of %d, which we have started", watch->pid,
		(int) hk_process_pid(watch->run)))
		return;
	tour_saw(tour,
	    "the machine worked %.0f %% of that time, the program alone had "
	    "%.0f %% of a processor",
	    cpu->used_percent, watch->percent);
	(void) tour_check(tour, had_s > 0,
	    "the work is attributed to the program that did it",
	    "%.2f s of processor time", had_s);
	/* Two ticks for the rounding of each reading. */
	(void) tour_check(tour, had_s <= seconds + 0.05,
	    "nobody had more of a processor than there was", "%.2f s of %.2f s", had_s,
	    seconds);
	if (watch->ended.usage_known)
		(void) tour_check(tour, watch->after_s <= charged_s + 0.05,
		    "the kernel charges no less to hostkit run in the end",
		    "%.2f s seen, %.2f s charged", watch->after_s, charged_s);
}

static void tell_wrong_way(tour_watch *watch)
{
	const hk_system_cpu *cpu = hk_system_get_cpu(watch->host);
	const hk_system_cpu_times *times = &cpu->times_s;
	double all = times->user + times->nice + times->system + times->idle +
		     times->iowait + times->irq + times->softirq + times->steal;

	if (all > 0)
		tour_wrong(watch->tour,
		    "1 - idle / all since boot: %.0f %%, whatever happens now",
		    100 - 100 * times->idle / all);
}

static int watch_program(tour_watch *watch)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	int r = start_program(watch);

	opts.interval_ns = SEARCH_MS * HKI_NS_PER_MS;
	opts.fn = search;
	opts.user = watch;
	if (r == 0)
		r = hk_timer_start(&watch->timer, watch->loop, &opts);
	if (r == 0)
		r = hk_loop_run(watch->loop);
	hk_timer_free(watch->timer);
	watch->timer = NULL;
	return r < 0 ? r : watch->failure;
}

static void show(tour_watch *watch)
{
	struct tour *tour = watch->tour;
	int r;

	tour_step(tour, "the machine is looked at once");
	r = hk_system_sample(watch->host, sections);
	if (r < 0) {
		tour_broken(tour, "looking at the machine", r);
		return;
	}
	tell_machine(tour, watch->host);
	check_memory(tour, watch->host);
	check_space(tour, watch->host);

	tour_step(tour,
	    "hostkit run -- sh -c 'while :; do :; done', and a look before and after");
	r = watch_program(watch);
	if (r < 0) {
		tour_broken(tour, "watching the program", r);
		return;
	}
	check_program(watch);
	tell_wrong_way(watch);
}

void tour_chapter_system(struct tour *tour)
{
	tour_watch watch = { .tour = tour };
	int r = hk_loop_new(&watch.loop);

	if (r == 0)
		r = hk_system_new(&watch.host, NULL);
	if (r == 0)
		r = hk_system_processes_open(&watch.table, NULL);
	if (r < 0)
		tour_broken(tour, "beginning to look", r);
	else
		show(&watch);
	hk_process_free(watch.run);
	hk_system_processes_close(watch.table);
	hk_system_free(watch.host);
	hk_loop_free(watch.loop);
}
