/* How processes end: what the kernel sends, and who it is given to. */
#include <errno.h>
#include <linux/acct.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include "base/array.h"
#include "system/process_test_child.h"
#include "system/taskstats.h"

/* ---- the parser ---- */

enum { FAMILY = 30, DATAGRAM_MAX = 4096 };

/* A datagram, put together as the kernel does. */
typedef struct datagram {
	_Alignas(struct nlmsghdr) char bytes[DATAGRAM_MAX];
	size_t length;
} datagram;

static void add_bytes(datagram *to, const void *bytes, size_t length)
{
	memcpy(to->bytes + to->length, bytes, length);
	to->length += NLA_ALIGN(length);
}

static void add_aggregate(
    datagram *to, uint16_t type, const struct taskstats *stats, size_t stats_length)
{
	struct nlattr inner = { .nla_len = (uint16_t) (NLA_HDRLEN + stats_length),
		.nla_type = TASKSTATS_TYPE_STATS };
	struct nlattr pid = { .nla_len = NLA_HDRLEN + sizeof(uint32_t),
		.nla_type = TASKSTATS_TYPE_PID };
	struct nlattr outer = { .nla_type = type };
	uint32_t number = stats->ac_pid;

	outer.nla_len = (uint16_t) (NLA_HDRLEN + NLA_ALIGN(pid.nla_len) + inner.nla_len);
	add_bytes(to, &outer, sizeof(outer));
	add_bytes(to, &pid, sizeof(pid));
	add_bytes(to, &number, sizeof(number));
	add_bytes(to, &inner, sizeof(inner));
	add_bytes(to, stats, stats_length);
}

static size_t begin_message(datagram *to, uint16_t family)
{
	struct nlmsghdr header = { .nlmsg_type = family };
	struct genlmsghdr generic = { .cmd = TASKSTATS_CMD_NEW };
	size_t begin = to->length;

	add_bytes(to, &header, sizeof(header));
	add_bytes(to, &generic, sizeof(generic));
	return begin;
}

static void end_message(datagram *to, size_t begin)
{
	struct nlmsghdr header;

	memcpy(&header, to->bytes + begin, sizeof(header));
	header.nlmsg_len = (uint32_t) (to->length - begin);
	memcpy(to->bytes + begin, &header, sizeof(header));
}

static struct taskstats example(uint16_t version)
{
	struct taskstats stats;

	memset(&stats, 0, sizeof(stats));
	stats.version = version;
	stats.ac_pid = 77;
	stats.ac_tgid = 70;
	stats.ac_ppid = 7;
	stats.ac_uid = 1000;
	stats.ac_exitcode = 9;
	stats.ac_flag = AGROUP;
	stats.cpu_run_virtual_total = 5000000;
	stats.ac_utime = 4000;
	stats.nvcsw = 3;
	stats.read_bytes = 4096;
	stats.hiwater_rss = 12;
	stats.ac_tgetime = 1500;
	memset(stats.ac_comm, 'x', sizeof(stats.ac_comm));
	return stats;
}

static datagram example_datagram(uint16_t version, size_t stats_length)
{
	struct taskstats stats = example(version);
	datagram made = { .length = 0 };
	size_t begin = begin_message(&made, FAMILY);

	add_aggregate(&made, TASKSTATS_TYPE_AGGR_PID, &stats, stats_length);
	end_message(&made, begin);
	return made;
}

static void an_end_is_read_and_names_are_terminated(void **state)
{
	datagram from = example_datagram(13, sizeof(struct taskstats));
	size_t at = 0;
	hki_end end;

	(void) state;
	assert_int_equal(1, hki_end_parse(&end, from.bytes, from.length, &at, FAMILY));
	assert_int_equal(77, end.pid);
	assert_int_equal(70, end.process);
	assert_true(end.process_too);
	assert_false(end.has_group);
	assert_int_equal(7, end.ppid);
	assert_int_equal(1000, end.uid);
	assert_int_equal(9, end.status);
	assert_int_equal(5000000, end.runtime_ns);
	assert_int_equal(4096, end.read_bytes);
	assert_int_equal(12 * 1024, end.peak_rss_bytes);
	assert_int_equal(1500, end.elapsed_us);
	assert_int_equal(HKI_END_NAME_MAX - 1, strlen(end.name));
	assert_int_equal(0, hki_end_parse(&end, from.bytes, from.length, &at, FAMILY));
}

static void the_last_thread_brings_the_sum_of_all(void **state)
{
	struct taskstats stats = example(13);
	struct taskstats sum = example(13);
	datagram from = { .length = 0 };
	size_t begin = begin_message(&from, FAMILY);
	size_t at = 0;
	hki_end end;

	(void) state;
	stats.ac_flag = 0;
	sum.cpu_run_virtual_total = 900;
	add_aggregate(&from, TASKSTATS_TYPE_AGGR_PID, &stats, sizeof(stats));
	add_aggregate(&from, TASKSTATS_TYPE_AGGR_TGID, &sum, sizeof(sum));
	end_message(&from, begin);
	assert_int_equal(1, hki_end_parse(&end, from.bytes, from.length, &at, FAMILY));
	assert_true(end.process_too && end.has_group);
	assert_int_equal(900, end.group_runtime_ns);
}

static void layouts_are_known_or_refused(void **state)
{
	/* Of version 12 the struct ended before what version 13 added. */
	const size_t shorter = offsetof(struct taskstats, wpcopy_count);
	const struct {
		uint16_t version;
		size_t length;
		int expected;
	} cases[] = {
		{ 12, shorter, 1 },
		{ 14, sizeof(struct taskstats), 1 },
		{ 16, sizeof(struct taskstats), 1 },
		{ 11, sizeof(struct taskstats), -EOPNOTSUPP },
		{ 15, sizeof(struct taskstats), -EOPNOTSUPP },
	};
	hki_end end;

	(void) state;
	for (size_t i = 0; i < HKI_COUNT(cases); i++) {
		datagram from = example_datagram(cases[i].version, cases[i].length);
		size_t at = 0;

		assert_int_equal(cases[i].expected,
		    hki_end_parse(&end, from.bytes, from.length, &at, FAMILY));
	}
}

static void what_is_cut_or_of_others_is_not_believed(void **state)
{
	datagram from = example_datagram(13, sizeof(struct taskstats));
	hki_end end;
	size_t at;

	(void) state;
	for (size_t cut = 1; cut < from.length; cut++) {
		int r;

		at = 0;
		r = hki_end_parse(&end, from.bytes, cut, &at, FAMILY);
		assert_true(r == 0 || r == HK_EPARSE);
	}
	at = 0;
	assert_int_equal(
	    0, hki_end_parse(&end, from.bytes, from.length, &at, FAMILY + 1));
}

/* ---- the real thing ---- */

extern char **environ;

/* NULL where nobody may listen. */
static hk_system_processes *open_listening(hk_system_engine engine)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_system_processes *table = NULL;
	int r;

	opts.engine = engine;
	opts.exits = true;
	hk_system_process_fields_add(&opts.fields, HK_SYSTEM_PROCESS_UID);
	hk_system_process_fields_add(&opts.fields, HK_SYSTEM_PROCESS_READ_CALL_BYTES);
	r = hk_system_processes_open(&table, &opts);
	if (r == -EPERM || r == -EOPNOTSUPP)
		return NULL;
	assert_int_equal(0, r);
	if (hk_system_processes_exit_fd(table) < 0) {
		hk_system_processes_close(table);
		return NULL;
	}
	return table;
}

static pid_t run_to_end(const char *path, const char *const *argv)
{
	pid_t pid = 0;

	assert_int_equal(
	    0, posix_spawn(&pid, path, NULL, NULL, (char *const *) argv, environ));
	assert_int_equal(pid, waitpid(pid, NULL, 0));
	return pid;
}

static const hk_system_process *find_exited(const hk_system_processes *table, pid_t pid)
{
	for (size_t i = 0; i < hk_system_processes_exited_count(table); i++)
		if (hk_system_processes_exited(table, i)->pid == pid)
			return hk_system_processes_exited(table, i);
	return NULL;
}

static double children_cpu_s(void)
{
	struct rusage usage;

	assert_int_equal(0, getrusage(RUSAGE_CHILDREN, &usage));
	return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void programs_nobody_saw_are_attributed_with_their_time(void **state)
{
	static const char *const argv[] = { "true", NULL };
	pid_t pids[300];

	(void) state;
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = open_listening(test_engines[i]);
		double used_s = children_cpu_s();
		double told_s = 0;

		if (table == NULL)
			continue;
		test_sample(table);
		for (int k = 0; k < 300; k++) {
			pids[k] = run_to_end("/bin/true", argv);
			/* Others end meanwhile, and the queue holds only so many. */
			(void) hk_system_processes_drain(table);
		}
		used_s = children_cpu_s() - used_s;
		test_sample(table);
		for (int k = 0; k < 300; k++) {
			const hk_system_process *row = find_exited(table, pids[k]);

			assert_non_null(row);
			assert_string_equal("true", row->name);
			assert_int_equal(getpid(), row->ppid);
			assert_int_equal(getuid(), row->uid);
			assert_true(
			    hk_record_has(&row->record, HK_SYSTEM_PROCESS_EXIT_CODE));
			assert_int_equal(0, row->exit_code);
			assert_true(row->read_call_bytes > 0);
			told_s += row->cpu_s;
		}
		/* Charged as the kernel charges the parent, but for some that waited. */
		if (told_s < 0.5 * used_s || told_s > 1.5 * used_s)
			fail_msg("told %.4f s of %.4f s", told_s, used_s);
		hk_system_processes_close(table);
	}
}

/* ---- as much as the parent is told ---- */

#define BURN_NS UINT64_C(2000000)

static uint64_t own_cpu_ns(void)
{
	struct timespec used;

	assert_int_equal(0, clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used));
	return (uint64_t) used.tv_sec * 1000000000 + (uint64_t) used.tv_nsec;
}

/* A child that works for BURN_NS, asking its clock until then, and ends; what it used,
 * as wait4(2) tells. */
static double burn_to_end(pid_t *out, bool waits)
{
	struct rusage usage;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		const struct timespec moment = { 0, 1000 };

		if (waits)
			(void) nanosleep(&moment, NULL);
		while (own_cpu_ns() < BURN_NS)
			continue;
		_exit(0);
	}
	assert_int_equal(pid, wait4(pid, NULL, 0, &usage));
	*out = pid;
	return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* The kernel writes the record before a process has taken itself apart, so it holds all
 * that was used before, and never more than the parent is told.  One that never waited
 * is told by how long it lived, which may hold time that the host of a virtual machine
 * took: that is left to the test above. */
static void check_total(const hk_system_process *row, double used_s)
{
	const double slack_s = 2e-6; /* wait4(2) cuts two figures to microseconds */

	if (row->cpu_s < (double) BURN_NS / 1e9 - slack_s)
		fail_msg("%d burned %.6f s, told %.6f s", row->pid,
		    (double) BURN_NS / 1e9, row->cpu_s);
	if (row->voluntary_switches > 0 && row->cpu_s > used_s + slack_s)
		fail_msg("%d used %.6f s, told %.6f s", row->pid, used_s, row->cpu_s);
	if (row->cpu_user_s + row->cpu_system_s > row->cpu_s + slack_s ||
	    row->cpu_user_s + row->cpu_system_s < row->cpu_s - slack_s)
		fail_msg("%d: %.6f s in user and %.6f s in system are not %.6f s",
		    row->pid, row->cpu_user_s, row->cpu_system_s, row->cpu_s);
}

static void totals_are_those_of_wait4(void **state)
{
	enum { LIVES = 300 };
	hk_system_processes *table = open_listening(HK_SYSTEM_ENGINE_ADAPTIVE);
	double used_s[LIVES];
	pid_t pids[LIVES];

	(void) state;
	if (table == NULL)
		skip();
	test_sample(table);
	for (int k = 0; k < LIVES; k++) {
		used_s[k] = burn_to_end(&pids[k], k % 2 == 1);
		(void) hk_system_processes_drain(table);
	}
	test_sample(table);
	for (int k = 0; k < LIVES; k++) {
		const hk_system_process *row = find_exited(table, pids[k]);

		assert_non_null(row);
		check_total(row, used_s[k]);
	}
	hk_system_processes_close(table);
}

static void code_and_signal_are_told(void **state)
{
	static const char *const seven[] = { "sh", "-c", "exit 7", NULL };
	static const char *const killed[] = { "sh", "-c", "kill -TERM $$", NULL };
	hk_system_processes *table = open_listening(HK_SYSTEM_ENGINE_ADAPTIVE);
	const hk_system_process *row;
	pid_t first;
	pid_t second;

	(void) state;
	if (table == NULL)
		skip();
	test_sample(table);
	first = run_to_end("/bin/sh", seven);
	second = run_to_end("/bin/sh", killed);
	test_sample(table);
	row = find_exited(table, first);
	assert_non_null(row);
	assert_int_equal(7, row->exit_code);
	assert_false(hk_record_has(&row->record, HK_SYSTEM_PROCESS_EXIT_SIGNAL));
	row = find_exited(table, second);
	assert_non_null(row);
	assert_int_equal(SIGTERM, row->exit_signal);
	assert_false(hk_record_has(&row->record, HK_SYSTEM_PROCESS_EXIT_CODE));
	assert_false(row->core_dumped);
	hk_system_processes_close(table);
}

static void a_row_that_was_seen_keeps_its_address_and_ends_once(void **state)
{
	(void) state;
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = open_listening(test_engines[i]);
		pid_t child = table == NULL ? 0 : test_child(NULL, NULL);
		const hk_system_process *row;
		siginfo_t info;

		if (table == NULL)
			continue;
		test_sample(table);
		row = hk_system_processes_find(table, child);
		assert_int_equal(0, kill(child, SIGKILL));
		assert_int_equal(
		    0, waitid(P_PID, (id_t) child, &info, WEXITED | WNOWAIT));
		/* A zombie is still there, and its end is known. */
		test_sample(table);
		assert_ptr_equal(row, hk_system_processes_find(table, child));
		assert_int_equal(SIGKILL, row->exit_signal);
		assert_null(find_exited(table, child));
		assert_int_equal(child, waitpid(child, NULL, 0));
		test_sample(table);
		assert_ptr_equal(row, find_exited(table, child));
		assert_true(row->end_time_s >= row->start_time_s);
		hk_system_processes_close(table);
	}
}

static void *nothing(void *user)
{
	return user;
}

static int run_threads(void *user)
{
	pthread_t threads[4];

	(void) user;
	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, nothing, NULL) != 0)
			return 1;
	for (int i = 0; i < 4; i++)
		(void) pthread_join(threads[i], NULL);
	return 3;
}

static void a_process_of_threads_ends_once(void **state)
{
	hk_system_processes *table = open_listening(HK_SYSTEM_ENGINE_ADAPTIVE);
	size_t ours = 0;

	(void) state;
	if (table == NULL)
		skip();
	test_sample(table);
	assert_int_equal(3, test_aside(run_threads, NULL));
	test_sample(table);
	for (size_t i = 0; i < hk_system_processes_exited_count(table); i++) {
		const hk_system_process *row = hk_system_processes_exited(table, i);

		if (row->ppid != getpid())
			continue;
		ours++;
		assert_int_equal(3, row->exit_code);
		assert_true(row->cpu_s > 0);
	}
	assert_int_equal(1, ours);
	hk_system_processes_close(table);
}

static void ends_can_be_waited_for_and_drained(void **state)
{
	static const char *const argv[] = { "true", NULL };
	hk_system_processes *table = open_listening(HK_SYSTEM_ENGINE_ADAPTIVE);
	struct pollfd ready = { .events = POLLIN };
	pid_t pid;

	(void) state;
	if (table == NULL)
		skip();
	test_sample(table);
	ready.fd = hk_system_processes_exit_fd(table);
	pid = run_to_end("/bin/true", argv);
	assert_int_equal(1, poll(&ready, 1, 60000));
	assert_true(hk_system_processes_drain(table) >= 1);
	/* What was drained is told by the next sample. */
	assert_null(find_exited(table, pid));
	test_sample(table);
	assert_non_null(find_exited(table, pid));
	hk_system_processes_close(table);
}

static void lost_ends_are_counted_and_the_rows_stay_right(void **state)
{
	static const char *const argv[] = { "true", NULL };
	hk_system_processes *table = open_listening(HK_SYSTEM_ENGINE_ADAPTIVE);
	hk_system_processes_info info;
	int small = 4096;
	pid_t child;

	(void) state;
	if (table == NULL)
		skip();
	test_sample(table);
	child = test_child(NULL, NULL);
	test_sample(table);
	/* A queue that holds but a few. */
	assert_int_equal(0, setsockopt(hk_system_processes_exit_fd(table), SOL_SOCKET,
				SO_RCVBUF, &small, sizeof(small)));
	for (int i = 0; i < 40; i++)
		(void) run_to_end("/bin/true", argv);
	test_child_end(child);
	test_sample(table);
	hk_system_processes_describe(&info, table);
	assert_true(info.exits_lost > 0);
	assert_null(hk_system_processes_find(table, child));
	assert_non_null(find_exited(table, child));
	hk_system_processes_close(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_end_is_read_and_names_are_terminated),
		cmocka_unit_test(the_last_thread_brings_the_sum_of_all),
		cmocka_unit_test(layouts_are_known_or_refused),
		cmocka_unit_test(what_is_cut_or_of_others_is_not_believed),
		cmocka_unit_test(programs_nobody_saw_are_attributed_with_their_time),
		cmocka_unit_test(totals_are_those_of_wait4),
		cmocka_unit_test(code_and_signal_are_told),
		cmocka_unit_test(a_row_that_was_seen_keeps_its_address_and_ends_once),
		cmocka_unit_test(a_process_of_threads_ends_once),
		cmocka_unit_test(ends_can_be_waited_for_and_drained),
		cmocka_unit_test(lost_ends_are_counted_and_the_rows_stay_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
