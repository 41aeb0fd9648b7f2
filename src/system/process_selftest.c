/*
 * Do the engines agree?  Each samples the same live machine, "openat" first and
 * last.  A process that both openat samples saw unchanged in name and parent must
 * look the same to the engines in between; a counter must lie between its values
 * before and after.  So nothing has to stand still and no tolerance has to be
 * invented, except for what the kernel itself rounds or counts lazily:
 *
 *  - processor time in stat is cut to ticks, so the bracket is a tick wider;
 *  - resident pages are summed up in batches of each processor.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/array.h"
#include "base/cleanup.h"
#include "system/process_table.h"

enum { FIELD_ENGINES, FIELD_PROCESSES, FIELD_VALUES, FIELD_DIFFERENCES, FIELD_FIRST };

/* clang-format off */
#define AT(member) .offset = offsetof(hk_system_selftest, member)
static const hk_record_field fields[] = {
	[FIELD_ENGINES] = { .name = "engines", .kind = HK_RECORD_UINT64,
	    .help = "engines that can run here", AT(engines) },
	[FIELD_PROCESSES] = { .name = "processes", .kind = HK_RECORD_UINT64,
	    .help = "processes that were compared", AT(processes) },
	[FIELD_VALUES] = { .name = "values", .kind = HK_RECORD_UINT64,
	    .help = "values that were compared", AT(values) },
	[FIELD_DIFFERENCES] = { .name = "differences", .kind = HK_RECORD_UINT64,
	    .help = "of them, different", AT(differences) },
	[FIELD_FIRST] = { .name = "first", .kind = HK_RECORD_STRING,
	    .help = "the first difference", AT(first) },
};
#undef AT
/* clang-format on */

const hk_record_type hk_system_selftest_type = {
	.name = "selftest",
	.fields = fields,
	.field_count = HKI_COUNT(fields),
	.struct_size = sizeof(hk_system_selftest),
};

/* Must be equal, when before and after are. */
static const hk_system_process_field equal[] = { HK_SYSTEM_PROCESS_PPID,
	HK_SYSTEM_PROCESS_START_TICKS, HK_SYSTEM_PROCESS_INODE, HK_SYSTEM_PROCESS_KERNEL,
	HK_SYSTEM_PROCESS_THREADS, HK_SYSTEM_PROCESS_VIRTUAL, HK_SYSTEM_PROCESS_GROUP,
	HK_SYSTEM_PROCESS_SESSION, HK_SYSTEM_PROCESS_NICE, HK_SYSTEM_PROCESS_PRIORITY,
	HK_SYSTEM_PROCESS_POLICY, HK_SYSTEM_PROCESS_REALTIME_PRIORITY,
	HK_SYSTEM_PROCESS_FOREGROUND_GROUP, HK_SYSTEM_PROCESS_UID,
	HK_SYSTEM_PROCESS_EFFECTIVE_UID, HK_SYSTEM_PROCESS_GID,
	HK_SYSTEM_PROCESS_EFFECTIVE_GID, HK_SYSTEM_PROCESS_OOM_ADJUSTMENT };

/* Must lie between before and after. */
static const hk_system_process_field rising[] = { HK_SYSTEM_PROCESS_CPU_USER,
	HK_SYSTEM_PROCESS_CPU_SYSTEM, HK_SYSTEM_PROCESS_MINOR_FAULTS,
	HK_SYSTEM_PROCESS_MAJOR_FAULTS, HK_SYSTEM_PROCESS_CHILDREN_MINOR_FAULTS,
	HK_SYSTEM_PROCESS_CHILDREN_CPU_USER, HK_SYSTEM_PROCESS_CHILDREN_CPU_SYSTEM,
	HK_SYSTEM_PROCESS_READ_CALL_BYTES, HK_SYSTEM_PROCESS_WRITE_CALL_BYTES,
	HK_SYSTEM_PROCESS_READ_CALLS, HK_SYSTEM_PROCESS_WRITE_CALLS,
	HK_SYSTEM_PROCESS_READ_BYTES, HK_SYSTEM_PROCESS_WRITTEN_BYTES,
	HK_SYSTEM_PROCESS_VOLUNTARY_SWITCHES, HK_SYSTEM_PROCESS_INVOLUNTARY_SWITCHES };

typedef struct comparison {
	hk_system_selftest *result;
	const char *engine;
	const hk_system_process *before;
	const hk_system_process *here;
	const hk_system_process *after;
} comparison;

static double number_of(const hk_system_process *row, unsigned int field)
{
	const void *value = hk_record_value(&hk_system_process_type, row, field);

	switch (hk_system_process_type.fields[field].kind) {
	case HK_RECORD_BOOL:
		return *(const bool *) value;
	case HK_RECORD_INT32:
	case HK_RECORD_ENUM:
		return *(const int32_t *) value;
	case HK_RECORD_UINT32:
		return *(const uint32_t *) value;
	case HK_RECORD_UINT64:
		return (double) *(const uint64_t *) value;
	case HK_RECORD_DOUBLE:
		return *(const double *) value;
	default:
		return 0;
	}
}

static void differ(const comparison *of, unsigned int field)
{
	hk_system_selftest *result = of->result;
	char values[3][40];

	if (result->differences++ > 0)
		return;
	hk_record_format(
	    values[0], sizeof(values[0]), &hk_system_process_type, of->before, field);
	hk_record_format(
	    values[1], sizeof(values[1]), &hk_system_process_type, of->here, field);
	hk_record_format(
	    values[2], sizeof(values[2]), &hk_system_process_type, of->after, field);
	snprintf(result->text, sizeof(result->text),
	    "%s of process %d (%s): %s says %s, openat says %s before and %s after",
	    hk_system_process_type.fields[field].name, of->here->pid, of->here->name,
	    of->engine, values[1], values[0], values[2]);
}

/* The field shows in all three; a field that only one has is a difference too. */
static bool is_told(const comparison *of, unsigned int field)
{
	bool before = hk_record_has(&of->before->record, field);
	bool after = hk_record_has(&of->after->record, field);
	bool here = hk_record_has(&of->here->record, field);

	/* What openat is denied another engine may know. */
	if (before && after && !here)
		differ(of, field);
	return before && after && here;
}

static void compare_equal(const comparison *of, unsigned int field)
{
	double before;

	if (!is_told(of, field))
		return;
	before = number_of(of->before, field);
	if (before != number_of(of->after, field))
		return;
	of->result->values++;
	if (before != number_of(of->here, field))
		differ(of, field);
}

static void compare_rising(const comparison *of, unsigned int field, double slack)
{
	double here;

	if (!is_told(of, field))
		return;
	here = number_of(of->here, field);
	of->result->values++;
	if (here < number_of(of->before, field) - slack ||
	    here > number_of(of->after, field) + slack)
		differ(of, field);
}

static void compare_name(const comparison *of)
{
	/* /proc writes behind the name of a kernel thread what it is working on. */
	size_t length =
	    of->here->kernel ? strcspn(of->here->name, "-+") : HKI_PROCESS_NAME_MAX;

	if (strcmp(of->before->name, of->after->name) != 0)
		return;
	of->result->values++;
	if (strncmp(of->before->name, of->here->name, length) != 0)
		differ(of, HK_SYSTEM_PROCESS_NAME);
}

/* Pages may lag by a batch a processor, for each of the three kinds of them. */
static double page_slack(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	long batch = 2 * processors > 32 ? 2 * processors : 32;

	return 3.0 * (double) (batch * processors) * (double) sysconf(_SC_PAGESIZE);
}

static void compare(const comparison *of)
{
	double tick = 2.0 / (double) sysconf(_SC_CLK_TCK);
	double before = number_of(of->before, HK_SYSTEM_PROCESS_RSS);

	of->result->processes++;
	compare_name(of);
	for (size_t i = 0; i < HKI_COUNT(equal); i++)
		compare_equal(of, equal[i]);
	for (size_t i = 0; i < HKI_COUNT(rising); i++)
		compare_rising(of, rising[i],
		    hk_system_process_type.fields[rising[i]].unit == HK_UNIT_SECONDS
			? tick
			: 0);
	if (before == number_of(of->after, HK_SYSTEM_PROCESS_RSS))
		compare_rising(of, HK_SYSTEM_PROCESS_RSS, page_slack());
}

static int open_table(hk_system_processes **out, hk_system_engine engine)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;

	opts.engine = engine;
	for (size_t i = 0; i < HKI_COUNT(equal); i++)
		hk_system_process_fields_add(&opts.fields, equal[i]);
	for (size_t i = 0; i < HKI_COUNT(rising); i++)
		hk_system_process_fields_add(&opts.fields, rising[i]);
	return hk_system_processes_open(out, &opts);
}

static void closep(hk_system_processes **table)
{
	hk_system_processes_close(*table);
}

static void compare_tables(hk_system_selftest *result, const hk_system_processes *before,
    const hk_system_processes *here, const hk_system_processes *after)
{
	comparison of = { .result = result, .engine = here->engine->name };

	for (size_t i = 0; i < hk_system_processes_count(here); i++) {
		of.here = hk_system_processes_get(here, i);
		of.before = hk_system_processes_find_exactly(
		    before, of.here->pid, of.here->start_ticks, of.here->inode);
		of.after = hk_system_processes_find_exactly(
		    after, of.here->pid, of.here->start_ticks, of.here->inode);
		/* Our own process moves while it looks. */
		if (of.before != NULL && of.after != NULL && of.here->pid != getpid())
			compare(&of);
	}
}

/* 0, also if the engine cannot run here, or an error. */
static int test_engine(hk_system_selftest *result, hk_system_engine engine)
{
	hki_cleanup(closep) hk_system_processes *before = NULL;
	hki_cleanup(closep) hk_system_processes *here = NULL;
	hki_cleanup(closep) hk_system_processes *after = NULL;
	int r = open_table(&here, engine);

	if (r == -EPERM || r == -EOPNOTSUPP)
		return 0;
	if (r < 0 || (r = open_table(&before, HK_SYSTEM_ENGINE_OPENAT)) < 0 ||
	    (r = open_table(&after, HK_SYSTEM_ENGINE_OPENAT)) < 0 ||
	    (r = hk_system_processes_sample(before)) < 0 ||
	    (r = hk_system_processes_sample(here)) < 0 ||
	    (r = hk_system_processes_sample(after)) < 0)
		return r;
	result->engines++;
	compare_tables(result, before, here, after);
	return 0;
}

int hk_system_process_selftest(hk_system_selftest *out)
{
	static const hk_system_engine engines[] = { HK_SYSTEM_ENGINE_OPENAT,
		HK_SYSTEM_ENGINE_ADAPTIVE, HK_SYSTEM_ENGINE_BPF };
	hk_system_selftest result;

	memset(&result, 0, sizeof(result));
	for (size_t i = 0; i < HKI_COUNT(engines); i++) {
		int r = test_engine(&result, engines[i]);

		if (r < 0)
			return r;
	}
	*out = result;
	if (result.differences > 0)
		out->first = out->text;
	for (unsigned int i = 0; i < HKI_COUNT(fields); i++)
		hk_record_set(&out->record, i);
	return result.differences > 0;
}
