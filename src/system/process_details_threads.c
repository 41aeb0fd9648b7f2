/*
 * Threads and children: whoever has a stat of its own.  Threads are read below
 * the process's directory, so they are its own whatever happens to ids.
 */
#include "system/process_details.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "os/procfs.h"

/* A stat is 52 numbers and a name. */
#define STAT_MAX 1536

static const char *const state_names[] = { "running", "sleeping", "disk-sleep", "stopped",
	"tracing-stop", "zombie", "dead", "idle", "parked", NULL };
static const char *const policy_names[] = { "other", "fifo", "round-robin", "batch",
	"iso", "idle", "deadline", "extension", NULL };

#define POLICY_COUNT 8

enum {
	ID,
	NAME,
	STATE,
	CPU_USER,
	CPU_SYSTEM,
	CPU,
	CPU_WAIT,
	START_TICKS,
	NICE,
	PRIORITY,
	POLICY,
	PROCESSOR,
	FIELDS
};

/* clang-format off */
#define AT(member) .offset = offsetof(hk_system_thread, member)
static const hk_record_field fields[FIELDS] = {
	[ID] = { .name = "id", .kind = HK_RECORD_INT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "thread id; the first thread has that of the process", AT(id) },
	[NAME] = { .name = "name", .kind = HK_RECORD_STRING, .help = "its name", AT(name) },
	[STATE] = { .name = "state", .kind = HK_RECORD_ENUM, .names = state_names,
	    .help = "what it is doing", AT(state) },
	[CPU_USER] = { .name = "cpu_user_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS, .decimals = 2,
	    .help = "processor time in the program", .priority = 3, AT(cpu_user_s) },
	[CPU_SYSTEM] = { .name = "cpu_system_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS, .decimals = 2,
	    .help = "processor time in the kernel on its behalf", .priority = 3, AT(cpu_system_s) },
	[CPU] = { .name = "cpu_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS,
	    .help = "processor time, to the nanosecond", AT(cpu_s) },
	[CPU_WAIT] = { .name = "cpu_wait_s", .kind = HK_RECORD_DOUBLE, .unit = HK_UNIT_SECONDS,
	    .help = "ready to run, but waiting for a processor", .priority = 2, AT(cpu_wait_s) },
	[START_TICKS] = { .name = "start_ticks", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_IDENTIFIER,
	    .help = "start, in clock ticks since boot", .priority = 6, AT(start_ticks) },
	[NICE] = { .name = "nice", .kind = HK_RECORD_INT32, .help = "-20 runs first, 19 last",
	    .priority = 4, AT(nice) },
	[PRIORITY] = { .name = "priority", .kind = HK_RECORD_INT32, .help = "as the kernel counts",
	    .priority = 5, AT(priority) },
	[POLICY] = { .name = "policy", .kind = HK_RECORD_ENUM, .names = policy_names,
	    .help = "scheduling policy", .priority = 4, AT(policy) },
	[PROCESSOR] = { .name = "processor", .kind = HK_RECORD_UINT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "processor it ran on last", .priority = 4, AT(processor) },
};
#undef AT

enum { CHILD_PID, CHILD_NAME, CHILD_STATE, CHILD_START_TICKS, CHILD_FIELDS };

#define AT(member) .offset = offsetof(hk_system_child, member)
static const hk_record_field child_fields[CHILD_FIELDS] = {
	[CHILD_PID] = { .name = "pid", .kind = HK_RECORD_INT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "process id", AT(pid) },
	[CHILD_NAME] = { .name = "name", .kind = HK_RECORD_STRING, .help = "its name", AT(name) },
	[CHILD_STATE] = { .name = "state", .kind = HK_RECORD_ENUM, .names = state_names,
	    .help = "what it is doing", AT(state) },
	[CHILD_START_TICKS] = { .name = "start_ticks", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_IDENTIFIER,
	    .help = "start, in clock ticks since boot", AT(start_ticks) },
};
/* clang-format on */

const hk_record_type hk_system_thread_type = {
	.name = "thread",
	.fields = fields,
	.field_count = FIELDS,
	.struct_size = sizeof(hk_system_thread),
};

const hk_record_type hk_system_child_type = {
	.name = "child",
	.fields = child_fields,
	.field_count = CHILD_FIELDS,
	.struct_size = sizeof(hk_system_child),
};

struct walk {
	hki_details_reading *reading;
	hki_details_list list;
	int directory; /* task */
	long ticks;    /* a second */
};

/* Run time and waiting time in nanoseconds; absent where the kernel does not count. */
static void add_schedstat(hk_system_thread *thread, int directory, const char *id)
{
	char path[48], text[128];
	const char *second;
	uint64_t run, wait;

	(void) snprintf(path, sizeof(path), "%.20s/schedstat", id);
	if (hki_read_file(directory, path, text, sizeof(text), NULL) < 0 ||
	    !hki_details_number(&run, text, 10))
		return;
	thread->cpu_s = (double) run / (double) HKI_NS_PER_S;
	hk_record_set(&thread->record, CPU);
	second = strchr(text, ' ');
	if (second == NULL || !hki_details_number(&wait, second, 10))
		return;
	thread->cpu_wait_s = (double) wait / (double) HKI_NS_PER_S;
	hk_record_set(&thread->record, CPU_WAIT);
}

static int fill_thread(
    hk_system_thread *out, struct walk *walk, const hki_details_stat *stat)
{
	*out = (hk_system_thread){
		.id = stat->id,
		.state = stat->state,
		.name = hki_details_text(walk->reading, stat->name),
		.cpu_user_s = (double) stat->user_ticks / (double) walk->ticks,
		.cpu_system_s = (double) stat->system_ticks / (double) walk->ticks,
		.start_ticks = stat->start_ticks,
		.nice = stat->nice,
		.priority = stat->priority,
		.policy = stat->policy,
		.processor = stat->processor,
	};
	if (out->name == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < FIELDS; i++)
		if (i != CPU && i != CPU_WAIT)
			hk_record_set(&out->record, i);
	if (stat->state < 0)
		hk_record_clear(&out->record, STATE);
	if (stat->policy < 0 || stat->policy >= POLICY_COUNT)
		hk_record_clear(&out->record, POLICY);
	return 0;
}

static int add_thread(const char *name, void *user)
{
	struct walk *walk = user;
	hk_system_thread thread;
	hki_details_stat stat;
	char path[48], text[STAT_MAX];
	int r;

	(void) snprintf(path, sizeof(path), "%.20s/stat", name);
	/* A thread may end at any moment. */
	if (hki_read_file(walk->directory, path, text, sizeof(text), NULL) < 0 ||
	    hki_details_stat_parse(&stat, text) < 0)
		return 0;
	r = fill_thread(&thread, walk, &stat);
	if (r < 0)
		return r;
	add_schedstat(&thread, walk->directory, name);
	return hki_details_add(walk->reading, &walk->list, &thread, sizeof(thread));
}

static int read_waits_in(hki_details_reading *reading)
{
	char text[256];

	if (hki_read_file(reading->directory, "wchan", text, sizeof(text), NULL) < 0 ||
	    text[0] == '\0' || strcmp(text, "0") == 0)
		return 0;
	reading->result->details.waits_in = hki_details_text(reading, text);
	return reading->result->details.waits_in != NULL ? 0 : -ENOMEM;
}

int hki_details_read_threads(hki_details_reading *reading)
{
	hki_cleanup(hki_closep) int directory =
	    openat(reading->directory, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct walk walk = {
		.reading = reading,
		.directory = directory,
		.ticks = sysconf(_SC_CLK_TCK),
	};
	int r;

	if (directory < 0)
		return -errno;
	r = hki_details_each(directory, add_thread, &walk);
	if (r == 0)
		r = hki_details_end(
		    &reading->result->details.threads, reading, &walk.list);
	hki_details_list_deinitp(&walk.list);
	return r < 0 ? r : read_waits_in(reading);
}

/* ---- children ---- */

static int add_child(pid_t pid, void *user)
{
	struct walk *walk = user;
	hk_system_child child = { .pid = pid };
	hki_details_stat stat;
	char path[48], text[STAT_MAX];

	(void) snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
	if (hki_read_file(AT_FDCWD, path, text, sizeof(text), NULL) < 0 ||
	    hki_details_stat_parse(&stat, text) < 0)
		return 0;
	child.state = stat.state;
	child.start_ticks = stat.start_ticks;
	child.name = hki_details_text(walk->reading, stat.name);
	if (child.name == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < CHILD_FIELDS; i++)
		hk_record_set(&child.record, i);
	if (stat.state < 0)
		hk_record_clear(&child.record, CHILD_STATE);
	return hki_details_add(walk->reading, &walk->list, &child, sizeof(child));
}

int hki_details_read_children(hki_details_reading *reading)
{
	struct walk walk = { .reading = reading };
	int r = hki_proc_children(reading->ref.pid, add_child, &walk);

	if (r == -ENOTSUP)
		r = hki_proc_children_by_parent(reading->ref.pid, add_child, &walk);
	if (r == 0)
		r = hki_details_end(
		    &reading->result->details.children, reading, &walk.list);
	hki_details_list_deinitp(&walk.list);
	return r;
}
