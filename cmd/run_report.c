/*
 * What came of a run: one record, shown to a person as a card and to a program
 * as the members of the document.  Captured output is part of the document, or
 * goes where it would have gone, all at once.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "exit.h"
#include "output/document.h"
#include "output/fail.h"
#include "output/table.h"
#include "run.h"

struct run_record {
	hk_record record;
	hk_record_strings argv;
	int64_t pid;
	const char *identity;
	int32_t exit_code;
	const char *signal;
	bool core_dumped;
	bool timed_out;
	double wall_s;
	double user_s;
	double system_s;
	uint64_t max_rss_bytes;
	bool max_rss_is_bound;
	uint64_t minor_faults;
	uint64_t major_faults;
	uint64_t voluntary_switches;
	uint64_t involuntary_switches;
	const char *tree;
	uint32_t leftovers;
	uint32_t survivors;
	hk_record_bytes out;
	uint64_t out_total;
	bool out_cut;
	hk_record_bytes messages;
	uint64_t messages_total;
	bool messages_cut;
	bool stdio_detached;
	bool detached;
};

#define FIELD(key, member, shown, what, of, said)                                        \
	{                                                                                \
		.name = (key), .title = (shown), .kind = HK_RECORD_##what,               \
		.unit = HK_UNIT_##of, .offset = offsetof(struct run_record, member),     \
		.help = (said)                                                           \
	}

enum {
	ARGV,
	PID,
	IDENTITY,
	EXIT_CODE,
	SIGNAL,
	CORE_DUMPED,
	TIMED_OUT,
	WALL,
	USER,
	SYSTEM,
	MAX_RSS,
	MAX_RSS_IS_BOUND,
	MINOR_FAULTS,
	MAJOR_FAULTS,
	VOLUNTARY_SWITCHES,
	INVOLUNTARY_SWITCHES,
	TREE,
	LEFTOVERS,
	SURVIVORS,
	OUT,
	OUT_TOTAL,
	OUT_CUT,
	MESSAGES,
	MESSAGES_TOTAL,
	MESSAGES_CUT,
	STDIO_DETACHED,
	DETACHED,
	FIELD_COUNT
};

/* clang-format off */
static const hk_record_field fields[] = {
	[ARGV] = FIELD("argv", argv, "program", STRINGS, NONE, "the program and its arguments"),
	[PID] = FIELD("pid", pid, NULL, INT64, IDENTIFIER, "its process id"),
	[IDENTITY] = FIELD("identity", identity, "identity", STRING, NONE,
	    "PID@START:INODE, which never names another process"),
	[EXIT_CODE] = FIELD("exit_code", exit_code, "exit code", INT32, IDENTIFIER, "how it exited"),
	[SIGNAL] = FIELD("signal", signal, "signal", STRING, NONE, "what ended it instead"),
	[CORE_DUMPED] = FIELD("core_dumped", core_dumped, "core dumped", BOOL, NONE,
	    "it left a core file"),
	[TIMED_OUT] = FIELD("timed_out", timed_out, "timed out", BOOL, NONE,
	    "its time was up and it was ended"),
	[WALL] = FIELD("wall_s", wall_s, "wall time", DOUBLE, SECONDS, "from start to end"),
	[USER] = FIELD("user_s", user_s, "user time", DOUBLE, SECONDS,
	    "CPU time in programs, of it and the children it waited for"),
	[SYSTEM] = FIELD("system_s", system_s, "system time", DOUBLE, SECONDS,
	    "CPU time in the kernel"),
	[MAX_RSS] = FIELD("max_rss_bytes", max_rss_bytes, "peak memory", UINT64, BYTES,
	    "largest resident set of one process"),
	[MAX_RSS_IS_BOUND] = FIELD("max_rss_is_bound", max_rss_is_bound, "peak bound", BOOL, NONE,
	    "it may have been less: Linux begins to count at the peak of hostkit"),
	[MINOR_FAULTS] = FIELD("minor_faults", minor_faults, "minor faults", UINT64, NONE,
	    "page faults without reading"),
	[MAJOR_FAULTS] = FIELD("major_faults", major_faults, "major faults", UINT64, NONE,
	    "page faults that had to read"),
	[VOLUNTARY_SWITCHES] = FIELD("voluntary_switches", voluntary_switches, "waits", UINT64, NONE,
	    "context switches because it waited"),
	[INVOLUNTARY_SWITCHES] = FIELD("involuntary_switches", involuntary_switches, "preemptions",
	    UINT64, NONE, "context switches because others were to run"),
	[TREE] = FIELD("tree", tree, "tree", STRING, NONE, "how what it started was followed"),
	[LEFTOVERS] = FIELD("leftovers", leftovers, "leftovers", UINT32, NONE,
	    "processes that outlived it and were killed"),
	[SURVIVORS] = FIELD("survivors", survivors, "survivors", UINT32, NONE,
	    "processes that could not be ended"),
	[OUT] = FIELD("stdout", out, NULL, BYTES, NONE, "its output"),
	[OUT_TOTAL] = FIELD("stdout_bytes", out_total, NULL, UINT64, BYTES, "how much came"),
	[OUT_CUT] = FIELD("stdout_cut", out_cut, NULL, BOOL, NONE, "more came than was kept"),
	[MESSAGES] = FIELD("stderr", messages, NULL, BYTES, NONE, "its messages"),
	[MESSAGES_TOTAL] = FIELD("stderr_bytes", messages_total, NULL, UINT64, BYTES,
	    "how much came"),
	[MESSAGES_CUT] = FIELD("stderr_cut", messages_cut, NULL, BOOL, NONE,
	    "more came than was kept"),
	[STDIO_DETACHED] = FIELD("stdio_detached", stdio_detached, NULL, BOOL, NONE,
	    "somebody outside still held the output open"),
	[DETACHED] = FIELD("detached", detached, NULL, BOOL, NONE, "it was left running"),
};
/* clang-format on */

#undef FIELD

static const hk_record_type run_type = {
	.name = "run",
	.fields = fields,
	.field_count = FIELD_COUNT,
	.struct_size = sizeof(struct run_record),
};

static void set_range(struct run_record *record, unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i <= last; i++)
		hk_record_set(&record->record, i);
}

static void fill_identity(
    struct run_record *record, const run_plan *plan, const hk_process_id *id, char *text)
{
	record->argv.items = plan->argv;
	while (plan->argv[record->argv.count] != NULL)
		record->argv.count++;
	record->pid = id->pid;
	hk_process_id_format(text, HK_PROCESS_ID_TEXT_MAX, id);
	record->identity = text;
	set_range(record, ARGV, IDENTITY);
}

static void fill_end(struct run_record *record, const hk_process_exit *exit)
{
	if (exit->end == HK_END_CODE) {
		record->exit_code = exit->code;
		hk_record_set(&record->record, EXIT_CODE);
	} else if (exit->end == HK_END_SIGNAL) {
		record->signal = hk_signal_name(exit->signal);
		hk_record_set(&record->record, SIGNAL);
	}
	if (exit->core_dumped) {
		record->core_dumped = true;
		hk_record_set(&record->record, CORE_DUMPED);
	}
}

static void fill_usage(struct run_record *record, const hk_process_exit *exit)
{
	record->wall_s = (double) exit->wall_ns / HKI_NS_PER_S;
	hk_record_set(&record->record, WALL);
	if (!exit->usage_known)
		return;
	record->user_s = (double) exit->user_ns / HKI_NS_PER_S;
	record->system_s = (double) exit->system_ns / HKI_NS_PER_S;
	record->max_rss_bytes = exit->max_rss_bytes;
	record->max_rss_is_bound = exit->max_rss_is_bound;
	record->minor_faults = exit->minor_faults;
	record->major_faults = exit->major_faults;
	record->voluntary_switches = exit->voluntary_switches;
	record->involuntary_switches = exit->involuntary_switches;
	set_range(record, USER, INVOLUNTARY_SWITCHES);
	if (!exit->max_rss_is_bound)
		hk_record_clear(&record->record, MAX_RSS_IS_BOUND);
}

static const char *tree_name(hk_tree tree)
{
	switch (tree) {
	case HK_TREE_WALK:
		return "walk";
	case HK_TREE_NONE:
		return "none";
	case HK_TREE_GROUP:
		return "group";
	case HK_TREE_REAPER:
		return "reaper";
	case HK_TREE_KEEPER:
		return "keeper";
	case HK_TREE_CGROUP:
		return "cgroup";
	case HK_TREE_AUTO:
		break;
	}
	return NULL;
}

static void fill_tree(struct run_record *record, const hk_process_result *result)
{
	record->timed_out = result->timed_out;
	hk_record_set(&record->record, TIMED_OUT);
	record->tree = tree_name(result->tree);
	record->leftovers = result->leftovers;
	record->survivors = result->survivors;
	set_range(record, TREE, SURVIVORS);
}

static void fill_output(struct run_record *record, const run_outcome *outcome)
{
	const hk_process_result *result = outcome->result;
	const hk_stdio *streams = outcome->plan->process.stdio;

	if (outcome->plan->capture && outcome->pty != NULL) {
		const hki_buffer *output =
		    run_pty_output(outcome->pty, &record->out_total);

		record->out = (hk_record_bytes){ output->data, output->length };
		record->out_cut = record->out_total > output->length;
		set_range(record, OUT, OUT_CUT);
	} else if (streams[1].kind == HK_STDIO_PIPE) {
		record->out =
		    (hk_record_bytes){ result->stdout_data, result->stdout_length };
		record->out_total = result->stdout_total;
		record->out_cut = result->stdout_cut;
		set_range(record, OUT, OUT_CUT);
	}
	if (streams[2].kind == HK_STDIO_PIPE) {
		record->messages =
		    (hk_record_bytes){ result->stderr_data, result->stderr_length };
		record->messages_total = result->stderr_total;
		record->messages_cut = result->stderr_cut;
		set_range(record, MESSAGES, MESSAGES_CUT);
	}
	if (result->stdio_detached) {
		record->stdio_detached = true;
		hk_record_set(&record->record, STDIO_DETACHED);
	}
}

static int print_document(const cmd_call *call, const struct run_record *record)
{
	hk_json_writer *writer = cmd_document_begin(&call->output, "hostkit.run/1");

	if (writer != NULL)
		hk_record_write_members(writer, &run_type, record);
	return cmd_document_end(&call->output, writer, 0);
}

static void print_stream(const cmd_call *call, FILE *file, const char *name,
    const hk_record_bytes *bytes, uint64_t total, bool cut)
{
	if (bytes->length > 0)
		fwrite(bytes->data, 1, bytes->length, file);
	fflush(file);
	if (cut)
		cmd_note(&call->output,
		    "%s was cut: %zu of %llu bytes kept (--max-output)", name,
		    bytes->length, (unsigned long long) total);
}

static void print_output(const cmd_call *call, const struct run_record *record)
{
	if (hk_record_has(&record->record, OUT))
		print_stream(call, stdout, "stdout", &record->out, record->out_total,
		    record->out_cut);
	if (hk_record_has(&record->record, MESSAGES))
		print_stream(call, stderr, "stderr", &record->messages,
		    record->messages_total, record->messages_cut);
}

/* What outlives a run in spite of everything is never passed over in silence. */
static void tell_survivors(const cmd_call *call, const hk_process_result *result)
{
	if (result->survivors > 0)
		cmd_note(&call->output, "%u process%s could not be ended",
		    result->survivors, result->survivors == 1 ? "" : "es");
}

int run_report(const cmd_call *call, const run_outcome *outcome)
{
	struct run_record record = { .argv = { NULL, 0 } };
	char identity[HK_PROCESS_ID_TEXT_MAX];

	tell_survivors(call, outcome->result);
	if (!call->output.json && !outcome->plan->report && !outcome->plan->capture)
		return 0;
	fill_identity(&record, outcome->plan, &outcome->result->id, identity);
	fill_end(&record, &outcome->result->exit);
	fill_usage(&record, &outcome->result->exit);
	fill_tree(&record, outcome->result);
	fill_output(&record, outcome);
	if (call->output.json)
		return print_document(call, &record);
	print_output(call, &record);
	if (!outcome->plan->report)
		return 0;
	return cmd_card_print(&call->output, stderr, &run_type, &record);
}

int run_report_detached(
    const cmd_call *call, const run_plan *plan, const hk_process_id *id)
{
	struct run_record record = { .argv = { NULL, 0 } };
	char identity[HK_PROCESS_ID_TEXT_MAX];

	fill_identity(&record, plan, id, identity);
	record.detached = true;
	hk_record_set(&record.record, DETACHED);
	if (call->output.json)
		return print_document(call, &record);
	puts(identity);
	return 0;
}
