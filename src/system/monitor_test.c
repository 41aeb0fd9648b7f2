#include "loop/contract_test.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <hostkit/error.h>
#include <hostkit/system.h>
#include <hostkit/system_monitor.h>
#include <hostkit/system_process.h>
#include "base/clock.h"
#include "base/torture.h"
#include "system/monitor.h"

#define FAST_NS (5 * HKI_NS_PER_MS)

/* ---- the contract ---- */

static void probed(hk_system_monitor *monitor, void *user)
{
	(void) monitor;
	contract_called(user, 0);
}

static int start_of(void **out, contract_probe *probe, uint32_t source, uint32_t sections)
{
	hk_system_monitor_opts opts = HK_SYSTEM_MONITOR_OPTS_INIT;

	opts.source = source;
	opts.sections = sections;
	opts.pid = getpid();
	opts.interval_ns = 1;
	opts.on_sample = probed;
	opts.user = probe;
	return hk_system_monitor_start((hk_system_monitor **) out, probe->loop, &opts);
}

static int start_self(void **out, contract_probe *probe)
{
	return start_of(out, probe, HK_SYSTEM_MONITOR_SELF, 0);
}

static int start_wrong(void **out, contract_probe *probe)
{
	return start_of(out, probe, HK_SYSTEM_MONITOR_HOST, HK_SYSTEM_FILESYSTEMS);
}

static void free_monitor(contract_probe *probe)
{
	hk_system_monitor_free(probe->handle);
}

static void monitors_keep_the_contract(void **state)
{
	static const contract_operation self = { .name = "hk_system_monitor_start",
		.start = start_self,
		.start_failing = start_wrong,
		.free = free_monitor,
		.stream = 1 };

	(void) state;
	contract_check(&self);
}

/* ---- what it sees ---- */

typedef struct seen {
	hk_loop *loop;
	int samples;
	int ends;
	int enough;
} seen;

static void count(hk_system_monitor *monitor, void *user)
{
	seen *so_far = user;

	(void) monitor;
	if (++so_far->samples == so_far->enough)
		hk_loop_stop(so_far->loop, 0);
}

static void ended(hk_system_monitor *monitor, void *user)
{
	seen *so_far = user;

	(void) monitor;
	so_far->ends++;
}

static hk_system_monitor *watch(seen *so_far, const hk_system_monitor_opts *given)
{
	hk_system_monitor_opts opts = *given;
	hk_system_monitor *monitor = NULL;
	int r;

	opts.interval_ns = FAST_NS;
	opts.on_sample = count;
	opts.on_end = ended;
	opts.user = so_far;
	assert_int_equal(hk_loop_new(&so_far->loop), 0);
	r = hk_system_monitor_start(&monitor, so_far->loop, &opts);
	if (r < 0)
		fail_msg("cannot watch: %s", hk_error_name(r));
	return monitor;
}

static unsigned int field_of(const hk_record_type *type, const char *name)
{
	int field = hk_record_find(type, name);

	assert_true(field >= 0);
	return (unsigned int) field;
}

static void the_host_has_a_history_of_each_section(void **state)
{
	hk_system_monitor_opts opts = HK_SYSTEM_MONITOR_OPTS_INIT;
	seen so_far = { .enough = 4 };
	hk_system_history_summary summary;
	const hk_system_history *memory;
	const hk_system_memory *latest;
	hk_system_monitor *monitor;
	hk_system_history_view *view = NULL;

	(void) state;
	opts.sections = HK_SYSTEM_CPU | HK_SYSTEM_MEMORY | HK_SYSTEM_NETWORKS;
	monitor = watch(&so_far, &opts);
	assert_int_equal(hk_loop_run(so_far.loop), 0);
	assert_int_equal(so_far.samples, 4);
	assert_null(hk_system_monitor_history(monitor, HK_SYSTEM_LOAD));
	assert_null(hk_system_monitor_latest(monitor, HK_SYSTEM_LOAD));
	memory = hk_system_monitor_history(monitor, HK_SYSTEM_MEMORY);
	latest = hk_system_monitor_latest(monitor, HK_SYSTEM_MEMORY);
	assert_int_equal(hk_system_history_count(memory), 4);
	assert_int_equal(
	    hk_system_history_summarize(&summary, memory, 0,
		field_of(&hk_system_memory_type, "total_bytes"), 0, UINT64_MAX),
	    0);
	assert_int_equal(summary.count, 4);
	assert_true(summary.minimum == summary.maximum);
	assert_true(summary.last == (double) latest->total_bytes);

	/* Names make the keys of networks; the loopback is everywhere. */
	assert_int_equal(hk_system_history_view_new(&view,
			     hk_system_monitor_history(monitor, HK_SYSTEM_NETWORKS)),
	    0);
	assert_true(hk_system_history_seek(view, 3) >= 1);
	assert_string_equal(((const hk_system_network *) hk_system_history_find(
				 view, hk_system_history_key("lo")))
				->name,
	    "lo");
	hk_system_history_view_free(view);
	hk_system_monitor_free(monitor);
	hk_loop_free(so_far.loop);
}

/* The allocators of sanitizers do not tell libc what they have handed out. */
static bool heap_is_told(void)
{
	hk_system_self_info before, after;
	char *block;

	assert_int_equal(hk_system_self(&before), 0);
	block = malloc(3000000);
	assert_non_null(block);
	assert_int_equal(hk_system_self(&after), 0);
	free(block);
	return after.heap_used_bytes >= before.heap_used_bytes + 3000000;
}

/* The guide's startMemoryMonitoring and monitorCPUUsage. */
static void our_own_heap_and_time_are_followed(void **state)
{
	hk_system_monitor_opts opts = HK_SYSTEM_MONITOR_OPTS_INIT;
	seen so_far = { .enough = 3 };
	hk_system_history_summary summary;
	const hk_system_self_info *self;
	hk_system_monitor *monitor;
	const hk_system_history *history;
	volatile uint64_t work = 0;
	double interval_s;
	char *grown;

	(void) state;
	opts.source = HK_SYSTEM_MONITOR_SELF;
	monitor = watch(&so_far, &opts);
	assert_int_equal(hk_loop_run(so_far.loop), 0);
	grown = calloc(1, 3000000);
	assert_non_null(grown);
	for (clock_t begin = clock(); clock() - begin < CLOCKS_PER_SEC / 25;)
		work = work + 1;
	so_far.enough = 4;
	assert_int_equal(hk_loop_run(so_far.loop), 0);
	self = hk_system_monitor_latest(monitor, 0);
	history = hk_system_monitor_history(monitor, 0);
	/* Of an interval that is as long as the machine makes it. */
	interval_s = (double) (hk_system_history_time_ns(history, 3) -
			       hk_system_history_time_ns(history, 2)) /
		     (double) HKI_NS_PER_S;
	if (self->cpu_percent / 100 * interval_s < 0.039)
		fail_msg(
		    "40 ms of work are %f %% of %f s", self->cpu_percent, interval_s);
	assert_int_equal(
	    hk_system_history_summarize(&summary, hk_system_monitor_history(monitor, 0),
		0, field_of(&hk_system_self_type, "heap_used_bytes"), 0, UINT64_MAX),
	    0);
	if (heap_is_told() && summary.last - summary.first < 3000000)
		fail_msg("the heap went from %f to %f", summary.first, summary.last);
	free(grown);
	hk_system_monitor_free(monitor);
	hk_loop_free(so_far.loop);
}

static void the_end_of_a_process_is_told_once(void **state)
{
	hk_system_monitor_opts opts = HK_SYSTEM_MONITOR_OPTS_INIT;
	seen so_far = { .enough = 2 };
	const hk_system_history *history;
	hk_system_monitor *monitor;
	int ends[2];
	pid_t pid;

	(void) state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		char byte;

		(void) close(ends[1]);
		(void) !read(ends[0], &byte, 1);
		_exit(0);
	}
	(void) close(ends[0]);
	opts.source = HK_SYSTEM_MONITOR_PROCESS;
	opts.pid = pid;
	monitor = watch(&so_far, &opts);
	assert_int_equal(hk_loop_run(so_far.loop), 0);
	(void) close(ends[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* It ends by itself: nothing is left to watch. */
	assert_int_equal(hk_loop_run(so_far.loop), 0);
	assert_int_equal(so_far.ends, 1);
	history = hk_system_monitor_history(monitor, 0);
	assert_true(hk_system_history_count(history) >= 2);
	assert_int_equal(so_far.samples, hk_system_history_count(history));
	hk_system_monitor_free(monitor);
	hk_loop_free(so_far.loop);
}

static void watching_one_process_reads_no_other(void **state)
{
	hk_system_monitor_opts opts = HK_SYSTEM_MONITOR_OPTS_INIT;
	seen so_far = { .enough = 5 };
	hk_system_monitor *monitor;
	hk_system_processes_info info = { .read_count = 0 };
	const hk_system_process *row;

	(void) state;
	opts.source = HK_SYSTEM_MONITOR_PROCESS;
	opts.pid = getpid();
	monitor = watch(&so_far, &opts);
	assert_int_equal(hk_loop_run(so_far.loop), 0);
	assert_int_equal(hk_system_processes_count(monitor->table), 1);
	hk_system_processes_describe(&info, monitor->table);
	assert_int_equal(info.read_count, 1);
	row = hk_system_monitor_latest(monitor, 0);
	assert_non_null(row);
	assert_int_equal(row->pid, getpid());
	assert_true(hk_record_has(&row->record, HK_SYSTEM_PROCESS_CPU_PERCENT));
	hk_system_monitor_free(monitor);
	hk_loop_free(so_far.loop);
}

/* Tells its id and waits to be let go. */
static void *be_a_thread(void *user)
{
	int *ends = user;
	pid_t tid = gettid();
	char byte;

	(void) !write(ends[1], &tid, sizeof(tid));
	(void) !read(ends[2], &byte, 1);
	return NULL;
}

static void a_thread_is_no_process(void **state)
{
	hk_system_monitor_opts opts = HK_SYSTEM_MONITOR_OPTS_INIT;
	hk_system_monitor *monitor = NULL;
	hk_loop *loop = NULL;
	pthread_t thread;
	int ends[4];
	pid_t tid = 0;

	(void) state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pipe(ends + 2), 0);
	assert_int_equal(pthread_create(&thread, NULL, be_a_thread, ends), 0);
	assert_int_equal(read(ends[0], &tid, sizeof(tid)), sizeof(tid));
	assert_int_equal(hk_loop_new(&loop), 0);
	opts.source = HK_SYSTEM_MONITOR_PROCESS;
	opts.pid = tid;
	assert_int_equal(hk_system_monitor_start(&monitor, loop, &opts), -ESRCH);
	assert_int_equal(write(ends[3], "g", 1), 1);
	assert_int_equal(pthread_join(thread, NULL), 0);
	hk_loop_free(loop);
	for (int i = 0; i < 4; i++)
		(void) close(ends[i]);
}

static void who_is_not_there_is_not_watched(void **state)
{
	hk_system_monitor_opts opts = HK_SYSTEM_MONITOR_OPTS_INIT;
	hk_system_monitor *monitor = NULL;
	hk_loop *loop = NULL;

	(void) state;
	assert_int_equal(hk_loop_new(&loop), 0);
	opts.source = HK_SYSTEM_MONITOR_PROCESS;
	assert_int_equal(hk_system_monitor_start(&monitor, loop, &opts), -EINVAL);
	opts.pid = getpid();
	opts.start_ticks = 1;
	assert_int_equal(hk_system_monitor_start(&monitor, loop, &opts), -ESRCH);
	opts.source = 99;
	assert_int_equal(hk_system_monitor_start(&monitor, loop, &opts), -EINVAL);
	assert_null(monitor);
	assert_false(hk_loop_alive(loop));
	hk_loop_free(loop);
}

static void a_stopped_monitor_keeps_its_history(void **state)
{
	hk_system_monitor_opts opts = HK_SYSTEM_MONITOR_OPTS_INIT;
	seen so_far = { .enough = 2 };
	hk_system_monitor *monitor;

	(void) state;
	opts.source = HK_SYSTEM_MONITOR_SELF;
	monitor = watch(&so_far, &opts);
	assert_int_equal(hk_loop_run(so_far.loop), 0);
	hk_system_monitor_stop(monitor);
	assert_int_equal(hk_loop_run(so_far.loop), 0);
	assert_int_equal(so_far.samples, 2);
	assert_int_equal(
	    hk_system_history_count(hk_system_monitor_history(monitor, 0)), 2);
	assert_int_equal(hk_system_monitor_missed(monitor), 0);
	hk_system_monitor_free(monitor);
	hk_loop_free(so_far.loop);
}

static void a_process_has_a_key_with_and_without_an_inode(void **state)
{
	hk_system_process with = { .pid = 7, .start_ticks = 99, .inode = 1234 };
	hk_system_process without = { .pid = 7, .start_ticks = 99 };
	hk_system_process later = { .pid = 7, .start_ticks = 100 };
	hk_system_process other = { .pid = 8, .start_ticks = 99 };

	(void) state;
	assert_int_equal(hk_system_history_process_key(&with), 1234);
	assert_true(hk_system_history_process_key(&without) !=
		    hk_system_history_process_key(&later));
	assert_true(hk_system_history_process_key(&without) !=
		    hk_system_history_process_key(&other));
	assert_true(hk_system_history_process_key(&without) > UINT32_MAX);
}

static int start_and_free(void *user)
{
	hk_system_monitor_opts opts = HK_SYSTEM_MONITOR_OPTS_INIT;
	hk_system_monitor *monitor = NULL;
	hk_loop *loop = NULL;
	int r = hk_loop_new(&loop);

	(void) user;
	opts.source = HK_SYSTEM_MONITOR_SELF;
	if (r == 0)
		r = hk_system_monitor_start(&monitor, loop, &opts);
	hk_system_monitor_free(monitor);
	hk_loop_free(loop);
	return r;
}

static void every_failed_allocation_is_told(void **state)
{
	(void) state;
	assert_true(hki_torture(start_and_free, NULL) > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(monitors_keep_the_contract),
		cmocka_unit_test(the_host_has_a_history_of_each_section),
		cmocka_unit_test(our_own_heap_and_time_are_followed),
		cmocka_unit_test(the_end_of_a_process_is_told_once),
		cmocka_unit_test(watching_one_process_reads_no_other),
		cmocka_unit_test(a_thread_is_no_process),
		cmocka_unit_test(who_is_not_there_is_not_watched),
		cmocka_unit_test(a_stopped_monitor_keeps_its_history),
		cmocka_unit_test(a_process_has_a_key_with_and_without_an_inode),
		cmocka_unit_test(every_failed_allocation_is_told),
	};

	return cmocka_run_group_tests_name("system/monitor", tests, NULL, NULL);
}
