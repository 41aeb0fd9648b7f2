/*
 * Chapter: watching processes.
 *
 * A load is made, and then looked for: a filter has to find it and nobody else,
 * what was counted while it ran has to be what its parent is told at its end, and
 * a history has to show it when it is long over.  Two truths that come by
 * different ways have to agree; nothing is compared with itself.
 */
#include "tour.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <hostkit/process.h>
#include <hostkit/system_filter.h>
#include <hostkit/system_monitor.h>
#include <hostkit/system_process.h>
#include "base/clock.h"

#define LOAD_NS     (400 * HKI_NS_PER_MS)
#define SHORT_LIVES 20
/* The kernel may tell the end of a program in ticks. */
#define TICK_S 0.01

struct scene {
	struct tour *tour;
	hk_loop *loop;
	hk_system_processes *table;
	hk_system_history *history;
	hk_process *busy;
	hk_process_id id;
	hk_process_exit how;
	bool ended;
	uint64_t key;     /* its row in the history */
	double counted_s; /* processor time the table has seen of it */
};

static void scene_deinit(struct scene *scene)
{
	hk_process_free(scene->busy);
	hk_system_history_free(scene->history);
	hk_system_processes_close(scene->table);
	hk_loop_free(scene->loop);
}

static int scene_open(struct scene *scene)
{
	hk_system_processes_opts table = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_system_history_opts history = HK_SYSTEM_HISTORY_OPTS_INIT;
	int r;

	table.exits = true;
	hk_system_process_fields_add(&table.fields, HK_SYSTEM_PROCESS_COMMAND);
	history.type = &hk_system_process_type;
	if ((r = hk_loop_new(&scene->loop)) < 0 ||
	    (r = hk_system_processes_open(&scene->table, &table)) < 0)
		return r;
	return hk_system_history_new(&scene->history, &history);
}

/* Every process as it is now, and those that have just ended, into the history. */
static int keep(struct scene *scene)
{
	uint64_t now = hki_clock_monotonic_ns();
	int r = hk_system_history_begin(scene->history, now, hki_clock_real_ns());

	for (size_t i = 0; r == 0 && i < hk_system_processes_count(scene->table); i++) {
		const hk_system_process *row = hk_system_processes_get(scene->table, i);

		r = hk_system_history_add(
		    scene->history, hk_system_history_process_key(row), 0, row);
	}
	return r == 0 ? hk_system_history_end(scene->history) : r;
}

static int look(struct scene *scene)
{
	int r = hk_system_processes_sample(scene->table);

	return r < 0 ? r : keep(scene);
}

/* ---- a load ---- */

static void on_exit(hk_process *process, const hk_process_exit *how, void *user)
{
	struct scene *scene = user;

	(void) process;
	scene->how = *how;
	scene->ended = true;
	hk_loop_stop(scene->loop, 0);
}

static void on_time(hk_timer *timer, void *user)
{
	(void) timer;
	hk_loop_stop(((struct scene *) user)->loop, 0);
}

static int start_load(struct scene *scene)
{
	const char *const argv[] = { "sh", "-c", "while :; do :; done", NULL };
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	int r;

	opts.argv = argv;
	opts.tree = HK_TREE_NONE;
	opts.on_exit = on_exit;
	opts.user_data = scene;
	r = hk_process_spawn(&scene->busy, scene->loop, &opts, NULL);
	if (r == 0)
		scene->id = hk_process_identity(scene->busy);
	return r;
}

/* Returns when it does nothing any more. */
static int stop_load(struct scene *scene)
{
	hk_process_id id = scene->id;
	siginfo_t info;
	int r = hk_process_id_kill(&id, SIGSTOP);

	if (r < 0)
		return r;
	return waitid(P_PID, (id_t) id.pid, &info, WSTOPPED | WNOWAIT) < 0 ? -errno : 0;
}

static int wait_for(struct scene *scene, uint64_t ns)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	hk_timer *timer = NULL;
	int r;

	opts.after_ns = ns;
	opts.fn = on_time;
	opts.user = scene;
	r = hk_timer_start(&timer, scene->loop, &opts);
	if (r == 0)
		r = hk_loop_run(scene->loop);
	hk_timer_free(timer);
	return r;
}

static void check_filter(struct scene *scene)
{
	hk_system_filter *filter = NULL;
	unsigned int found = 0, right = 0;
	char text[128];
	int r;

	(void) snprintf(text, sizeof(text),
	    "cpu > 0 && ppid == %d && command ~ 'while :; do'", (int) getpid());
	r = hk_system_filter_new(&filter, &hk_system_process_type, text, NULL);
	if (r < 0) {
		tour_broken(scene->tour, "a filter can be made", r);
		return;
	}
	for (size_t i = 0; i < hk_system_processes_count(scene->table); i++) {
		const hk_system_process *row = hk_system_processes_get(scene->table, i);
		bool matches = hk_system_filter_match(filter, row) > 0;

		found += matches;
		right += matches && row->pid == (int32_t) scene->id.pid;
	}
	hk_system_filter_free(filter);
	tour_check(scene->tour, found == 1 && right == 1,
	    "a filter finds it, and nobody else", "%u found by %s", found, text);
}

static void show_load(struct scene *scene)
{
	const hk_system_process *row;
	int r;

	tour_step(scene->tour, "Keep a program busy, stop it, and look again.");
	r = start_load(scene);
	if (r == 0)
		r = wait_for(scene, LOAD_NS / 4);
	if (r == 0)
		r = look(scene);
	if (r == 0)
		r = wait_for(scene, LOAD_NS);
	/* What it did after the last look, we could not have counted. */
	if (r == 0)
		r = stop_load(scene);
	if (r == 0)
		r = look(scene);
	row = r == 0 ? hk_system_processes_find_exactly(scene->table,
			   (int32_t) scene->id.pid, scene->id.start_ticks, 0)
		     : NULL;
	if (row == NULL) {
		tour_broken(scene->tour, "the program can be seen", r < 0 ? r : -ESRCH);
		return;
	}
	scene->counted_s = row->cpu_s;
	scene->key = hk_system_history_process_key(row);
	tour_saw(scene->tour, "%.1f %% of a processor, %s", row->cpu_percent,
	    row->command.count == 3 ? "with its command line" : row->name);
	check_filter(scene);
}

/* ---- its end ---- */

static void check_history(struct scene *scene)
{
	hk_system_history_view *view = NULL;
	size_t count = hk_system_history_count(scene->history);
	const hk_system_process *then = NULL;
	int r = hk_system_history_view_new(&view, scene->history);

	if (r == 0 && hk_system_history_seek(view, count - 2) > 0)
		then = hk_system_history_find(view, scene->key);
	tour_check(scene->tour,
	    then != NULL && then->pid == (int32_t) scene->id.pid &&
		then->command.count == 3,
	    "one sample back in the history it still runs, with its command line",
	    "%zu samples in %llu bytes", count,
	    (unsigned long long) hk_system_history_bytes(scene->history));
	hk_system_history_view_free(view);
}

static void show_end(struct scene *scene)
{
	double own_s;
	int r;

	tour_step(scene->tour, "End it, and ask the kernel what it has cost.");
	r = hk_process_kill(scene->busy, SIGKILL);
	if (r == 0 && !scene->ended)
		r = hk_loop_run(scene->loop);
	if (r == 0)
		r = look(scene);
	if (r < 0 || !scene->how.usage_known) {
		tour_broken(scene->tour, "it can be ended and asked for",
		    r < 0 ? r : HK_EUNKNOWN);
		return;
	}
	own_s = (double) (scene->how.user_ns + scene->how.system_ns) / 1e9;
	tour_check(scene->tour,
	    scene->counted_s <= own_s + TICK_S && scene->counted_s >= own_s / 2,
	    "what was counted while it ran is what its parent is told at its end",
	    "%.3f s counted, %.3f s in the end", scene->counted_s, own_s);
	check_history(scene);
}

/* ---- short lives ---- */

static int run_short_lives(struct scene *scene)
{
	const char *const argv[] = { "true", NULL };
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_process_run_opts opts = HK_PROCESS_RUN_OPTS_INIT;
	int r = 0;

	(void) scene;
	process.argv = argv;
	process.tree = HK_TREE_NONE;
	opts.process = &process;
	for (unsigned int i = 0; r == 0 && i < SHORT_LIVES; i++) {
		hk_process_result *result = NULL;

		r = hk_process_run(&result, &opts, NULL);
		hk_process_result_free(result);
	}
	return r;
}

static void show_short_lives(struct scene *scene)
{
	unsigned int seen = 0;
	int r;

	tour_step(scene->tour, "Run %d programs that are over before anybody looks.",
	    SHORT_LIVES);
	if (hk_system_processes_exit_fd(scene->table) < 0) {
		tour_cannot(scene->tour,
		    "the kernel tells the end of processes to root alone: a sampler "
		    "misses those that live between two samples");
		return;
	}
	r = run_short_lives(scene);
	if (r == 0)
		r = hk_system_processes_sample(scene->table);
	if (r < 0) {
		tour_broken(scene->tour, "they can be run", r);
		return;
	}
	for (size_t i = 0; i < hk_system_processes_exited_count(scene->table); i++) {
		const hk_system_process *row =
		    hk_system_processes_exited(scene->table, i);

		seen += row->ppid == getpid() && strcmp(row->name, "true") == 0;
	}
	tour_wrong(scene->tour, "a sampler that lists /proc sees none of them");
	tour_check(scene->tour, seen == SHORT_LIVES,
	    "each is among those that ended, charged to us", "%u of %d", seen,
	    SHORT_LIVES);
}

void tour_chapter_watching(struct tour *tour)
{
	struct scene scene = { .tour = tour };
	int r = scene_open(&scene);

	if (r == 0)
		r = look(&scene);
	if (r < 0) {
		tour_broken(tour, "the processes can be looked at", r);
	} else {
		show_load(&scene);
		if (scene.busy != NULL)
			show_end(&scene);
		show_short_lives(&scene);
	}
	scene_deinit(&scene);
}
