/*
 * The same process asked of others: ps(1) from procps and psutil for Python.  A
 * child that sleeps does not change, so what they print must be what we have.
 * Without the tool the test says so and is skipped.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "system/process_test_child.h"

static const char *const all_fields[] = { "group", "session", "nice", "priority", "uid",
	"effective_uid", "gid", "saved_gid", "minor_faults", "major_faults",
	"voluntary_switches", "involuntary_switches", "read_call_bytes",
	"write_call_bytes", "read_calls", "write_calls", "shared_bytes", "text_bytes",
	"data_bytes", "descriptors", "user", "command", "executable", "working_directory",
	"io_class", "affinity", "policy", "terminal", NULL };

/* Some memory, and a nice value and a name of its own: psutil makes a name longer
 * that looks like the beginning of the command. */
static void live(void *user)
{
	char *memory = malloc((size_t) 1 << 20);

	(void) user;
	if (memory != NULL)
		memset(memory, 1, (size_t) 1 << 20);
	(void) setpriority(PRIO_PROCESS, 0, 3);
	(void) prctl(PR_SET_NAME, "oracle", 0, 0, 0);
}

/* Run @command, which has one %d for the process, and read its output. */
static bool ask(char *out, size_t capacity, const char *command)
{
	FILE *tool = popen(command, "r");
	size_t length = tool == NULL ? 0 : fread(out, 1, capacity - 1, tool);

	out[length] = '\0';
	return tool != NULL && pclose(tool) == 0 && length > 0;
}

/* The child sleeps: wait until it does, so that nothing of it moves any more. */
static const hk_system_process *settle(hk_system_processes *table, pid_t child)
{
	const hk_system_process *row;
	int calm = 0;

	do {
		test_sample(table);
		row = hk_system_processes_find(table, child);
		assert_non_null(row);
		calm = row->state == HK_SYSTEM_STATE_SLEEPING && row->cpu_percent == 0
			   ? calm + 1
			   : 0;
	} while (calm < 3);
	return row;
}

/* Pages are counted in batches of each processor, 32 or twice the number of them; a
 * file that sums them up is ahead of one that does not, and of the walk. */
static void assert_near(long long theirs, uint64_t ours)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	long batch = processors > 16 ? 2 * processors : 32;

	if (llabs(theirs - (long long) ours) >
	    3LL * batch * processors * sysconf(_SC_PAGESIZE))
		fail_msg("they say %lld, we %llu", theirs, (unsigned long long) ours);
}

static void ps_says_the_same(void **state)
{
	pid_t child = test_child(live, NULL);
	char command[256];
	char text[512];

	(void) state;
	snprintf(command, sizeof(command),
	    "LC_ALL=C ps -o pid=,ppid=,pgid=,sid=,nlwp=,ni=,rss=,vsz=,uid=,rgid=,state= "
	    "-p %d 2>/dev/null",
	    (int) child);
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], all_fields);
		const hk_system_process *row;
		int pid;
		int ppid;
		int group;
		int session;
		unsigned int threads;
		int nice;
		unsigned long rss;
		unsigned long virtual;
		unsigned int uid;
		unsigned int gid;
		char letter;

		if (table == NULL)
			continue;
		row = settle(table, child);
		if (!ask(text, sizeof(text), command)) {
			hk_system_processes_close(table);
			test_child_end(child);
			skip();
		}
		assert_int_equal(11, sscanf(text, "%d %d %d %d %u %d %lu %lu %u %u %c",
					 &pid, &ppid, &group, &session, &threads, &nice,
					 &rss, &virtual, &uid, &gid, &letter));
		assert_int_equal(pid, row->pid);
		assert_int_equal(ppid, row->ppid);
		assert_int_equal(group, row->group);
		assert_int_equal(session, row->session);
		assert_int_equal(threads, row->threads);
		assert_int_equal(nice, row->nice);
		assert_int_equal(virtual * 1024, row->virtual_bytes);
		assert_int_equal(uid, row->effective_uid);
		assert_int_equal(gid, row->gid);
		assert_int_equal('S', letter);
		assert_near((long long) rss * 1024, row->rss_bytes);
		hk_system_processes_close(table);
	}
	test_child_end(child);
}

#define PSUTIL                                                                           \
	"/usr/bin/python3 -c '"                                                          \
	"import psutil\n"                                                                \
	"p = psutil.Process(%d)\n"                                                       \
	"m = p.memory_info()\n"                                                          \
	"i = p.io_counters()\n"                                                          \
	"c = p.num_ctx_switches()\n"                                                     \
	"u = p.uids()\n"                                                                 \
	"g = p.gids()\n"                                                                 \
	"print(p.name(), p.ppid(), p.nice(), p.num_threads(), p.num_fds(), u.real, "     \
	"u.effective, g.real, g.saved, c.voluntary, c.involuntary, i.read_count, "       \
	"i.write_count, i.read_chars, i.write_chars, m.vms, m.text, m.data, "            \
	"p.username(), p.exe(), p.cwd(), len(p.cmdline()), p.ionice().ioclass.value, "   \
	"m.shared, \"%%.2f\" %% p.create_time(), \"%%.2f\" %% p.cpu_times().user)\n"     \
	"' 2>/dev/null"

static const char *cut_last_word(char *text)
{
	char *space = strrchr(text, ' ');

	assert_non_null(space);
	*space = '\0';
	return space + 1;
}

static void assert_psutil_agrees(const hk_system_process *row, char *text)
{
	char ours[2048];
	/* Compared by themselves: what may differ, and by how much. */
	const char *user_s = cut_last_word(text);
	const char *start_s = cut_last_word(text);
	const char *shared = cut_last_word(text);

	snprintf(ours, sizeof(ours),
	    "%s %d %d %u %u %u %u %u %u %llu %llu %llu %llu %llu %llu %llu %llu %llu "
	    "%s %s %s %zu %d",
	    row->name, row->ppid, row->nice, row->threads, row->descriptors, row->uid,
	    row->effective_uid, row->gid, row->saved_gid,
	    (unsigned long long) row->voluntary_switches,
	    (unsigned long long) row->involuntary_switches,
	    (unsigned long long) row->read_calls, (unsigned long long) row->write_calls,
	    (unsigned long long) row->read_call_bytes,
	    (unsigned long long) row->write_call_bytes,
	    (unsigned long long) row->virtual_bytes, (unsigned long long) row->text_bytes,
	    (unsigned long long) row->data_bytes, row->user, row->executable,
	    row->working_directory, row->command.count, row->io_class);
	assert_string_equal(text, ours);
	/* It counts from the boot time of /proc/stat, which is cut to seconds. */
	if (labs((long) ((atof(start_s) - row->start_time_s) * 100)) > 105)
		fail_msg(
		    "psutil says it started at %s, we %.3f", start_s, row->start_time_s);
	assert_near(atoll(shared), row->shared_bytes);
	assert_true(labs((long) ((atof(user_s) - row->cpu_user_s) * 100)) <= 2);
}

static void psutil_says_the_same(void **state)
{
	pid_t child = test_child(live, NULL);
	char command[sizeof(PSUTIL) + 16];
	char text[2048];

	(void) state;
	snprintf(command, sizeof(command), PSUTIL, (int) child);
	for (int i = 0; i < TEST_ENGINES; i++) {
		hk_system_processes *table = test_table(test_engines[i], all_fields);
		const hk_system_process *row;

		if (table == NULL)
			continue;
		row = settle(table, child);
		if (!ask(text, sizeof(text), command)) {
			hk_system_processes_close(table);
			test_child_end(child);
			skip();
		}
		assert_psutil_agrees(row, text);
		hk_system_processes_close(table);
	}
	test_child_end(child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ps_says_the_same),
		cmocka_unit_test(psutil_says_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
