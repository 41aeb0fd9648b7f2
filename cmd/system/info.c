/*
 * `hostkit info`: what this machine is and how it fares.
 *
 * People want to see how busy it is, so text is measured over a fifth of a second
 * if nothing else is said; a script gets its document at once, without rates, and
 * says -i when it wants them.
 */
#include "info.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "../exit.h"
#include "base/nearest_word.h"
#include "../output/document.h"
#include "../output/fail.h"
#include "../values.h"
#include "../verbs.h"
#include "base/clock.h"
#include "base/envelope.h"

enum { INFO_INTERVAL = 1, INFO_COUNT };

#define TEXT_INTERVAL_NS (200 * HKI_NS_PER_MS)
#define LOOP_INTERVAL_NS HKI_NS_PER_S

const info_section info_sections[] = {
	{ "host", HK_SYSTEM_HOST, false, info_write_host, info_print_host },
	{ "cpu", HK_SYSTEM_CPU | HK_SYSTEM_FREQUENCIES | HK_SYSTEM_LOAD, true,
	    info_write_cpu, info_print_cpu },
	{ "memory", HK_SYSTEM_MEMORY, false, info_write_memory, info_print_memory },
	{ "vmstat", HK_SYSTEM_VMSTAT, true, info_write_vmstat, info_print_vmstat },
	{ "pressure", HK_SYSTEM_PRESSURE, true, info_write_pressure,
	    info_print_pressure },
	{ "limits", HK_SYSTEM_LIMITS, false, info_write_limits, info_print_limits },
	{ "filesystems", HK_SYSTEM_FILESYSTEMS, false, info_write_filesystems,
	    info_print_filesystems },
	{ "disks", HK_SYSTEM_DISKS, true, info_write_disks, info_print_disks },
	{ "networks", HK_SYSTEM_NETWORKS, true, info_write_networks,
	    info_print_networks },
	{ "sockets", HK_SYSTEM_SOCKETS, true, info_write_sockets, info_print_sockets },
	{ "sensors", HK_SYSTEM_SENSORS, false, info_write_sensors, info_print_sensors },
	{ "sessions", HK_SYSTEM_SESSIONS, false, info_write_sessions,
	    info_print_sessions },
	{ "self", 0, false, info_write_self, info_print_self },
	{ .name = NULL },
};

/* Why a section is not there; 0 when it is.  The first bit of a row is what it is about,
 * and a row without bits needs nobody to look. */
int info_error(const info_section *section, const hk_system *system)
{
	uint32_t bit = section->bits & -section->bits;

	return bit != 0 ? hk_system_error(system, bit) : 0;
}

typedef struct info_plan {
	uint32_t bits;
	uint32_t chosen; /* bits of rows of info_sections; 0: all of them */
	bool rates;
	bool interval_given;
	uint64_t interval_ns;
	uint64_t count; /* of samples to show; 0: for ever */
	bool stream;    /* --count was given */
} info_plan;

/* ---- what is wanted ---- */

static int choose(info_plan *plan, const cmd_call *call, const char *word)
{
	hki_nearest_word nearest = { .word = word };
	char hint[128] = "see hostkit info --help";

	for (unsigned int i = 0; info_sections[i].name != NULL; i++) {
		if (strcmp(info_sections[i].name, word) == 0) {
			plan->chosen |= 1U << i;
			return 0;
		}
		hki_nearest_word_offer(&nearest, info_sections[i].name);
	}
	if (nearest.best != NULL)
		(void) snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest.best);
	return cmd_fail(
	    &call->output, CMD_EXIT_USAGE, 0, hint, "there is no section '%s'", word);
}

static bool is_chosen(const info_plan *plan, unsigned int i)
{
	return plan->chosen == 0 || (plan->chosen & 1U << i) != 0;
}

static int read_options(info_plan *plan, const cmd_call *call)
{
	int64_t count;
	int r = 0;

	for (size_t i = 0; r == 0 && i < call->given_count; i++) {
		const cmd_given *given = &call->given[i];

		switch (given->option->id) {
		case INFO_INTERVAL:
			plan->interval_given = true;
			r = cmd_value_duration(&plan->interval_ns, call, given);
			break;
		case INFO_COUNT:
			plan->stream = true;
			r = cmd_value_integer(&count, call, given, 0, INT32_MAX);
			if (r == 0)
				plan->count = (uint64_t) count;
			break;
		}
	}
	return r;
}

static int make_plan(info_plan *plan, const cmd_call *call)
{
	int r = read_options(plan, call);

	for (int i = 0; r == 0 && i < call->operand_count; i++)
		r = choose(plan, call, call->operands[i]);
	if (r != 0)
		return r;
	for (unsigned int i = 0; info_sections[i].name != NULL; i++) {
		if (!is_chosen(plan, i))
			continue;
		plan->bits |= info_sections[i].bits;
		plan->rates |= info_sections[i].rates;
	}
	/* At a glance nobody waits for a slow driver; the section cpu has them. */
	if (plan->chosen == 0 && !call->output.json)
		plan->bits &= ~(uint32_t) HK_SYSTEM_FREQUENCIES;
	if (plan->interval_given)
		return 0;
	if (plan->stream)
		plan->interval_ns = LOOP_INTERVAL_NS;
	else if (!call->output.json && plan->rates)
		plan->interval_ns = TEXT_INTERVAL_NS;
	return 0;
}

/* ---- showing ---- */

static void write_missing(
    hk_json_writer *writer, const info_plan *plan, const hk_system *system)
{
	bool any = false;

	for (unsigned int i = 0; info_sections[i].name != NULL; i++) {
		int error = info_error(&info_sections[i], system);

		if (!is_chosen(plan, i) || error == 0)
			continue;
		if (!any) {
			hk_json_write_key(writer, "missing");
			hk_json_write_object_begin(writer);
		}
		any = true;
		hk_json_write_key(writer, info_sections[i].name);
		hk_json_write_string(writer, hk_error_name(error));
	}
	if (any)
		hk_json_write_object_end(writer);
}

static void write_sections(
    hk_json_writer *writer, const info_plan *plan, const hk_system *system)
{
	for (unsigned int i = 0; info_sections[i].name != NULL; i++) {
		if (is_chosen(plan, i) && info_error(&info_sections[i], system) == 0)
			info_sections[i].write(writer, system);
	}
	write_missing(writer, plan, system);
}

static int show_document(
    const cmd_call *call, const info_plan *plan, const hk_system *system)
{
	hk_json_writer *writer = cmd_document_begin(&call->output, "hostkit.info/1");

	if (writer != NULL)
		write_sections(writer, plan, system);
	return cmd_document_end(&call->output, writer, CMD_EXIT_OK);
}

/* A line of a stream: the envelope, and the document's members inside "info". */
static int show_line(const cmd_call *call, const info_plan *plan, const hk_system *system,
    hki_envelope *envelope)
{
	hk_json_writer *writer;
	const char *text;
	size_t length;
	int r = hk_json_writer_new(&writer, 0);

	if (r < 0)
		return cmd_fail(
		    &call->output, CMD_EXIT_FAILED, r, NULL, "cannot write the sample");
	hk_json_write_object_begin(writer);
	hki_envelope_write(
	    envelope, writer, "hostkit.info.sample/1", hki_clock_real_ns());
	hk_json_write_key(writer, "info");
	hk_json_write_object_begin(writer);
	write_sections(writer, plan, system);
	hk_json_write_object_end(writer);
	hk_json_write_object_end(writer);
	text = hk_json_writer_text(writer, &length);
	r = hk_json_writer_error(writer);
	if (text != NULL) {
		fwrite(text, 1, length, stdout);
		putchar('\n');
	}
	hk_json_writer_free(writer);
	return text != NULL ? CMD_EXIT_OK
			    : cmd_fail(&call->output, CMD_EXIT_FAILED, r, NULL,
				  "cannot write the sample");
}

static int show_text(const cmd_call *call, const info_plan *plan, const hk_system *system)
{
	bool several = (plan->chosen & (plan->chosen - 1)) != 0;
	bool first = true;
	int r = 0;

	if (plan->chosen == 0)
		return info_print_overview(call, system);
	for (unsigned int i = 0; r == 0 && info_sections[i].name != NULL; i++) {
		int error = info_error(&info_sections[i], system);

		if (!is_chosen(plan, i))
			continue;
		if (several)
			printf("%s%s\n", first ? "" : "\n", info_sections[i].name);
		first = false;
		r = error == 0
			? info_sections[i].print(call, system)
			: cmd_fail(&call->output, cmd_exit_from_error(error), error, NULL,
			      "cannot read %s", info_sections[i].name);
	}
	return r;
}

static int show(const cmd_call *call, const info_plan *plan, const hk_system *system,
    hki_envelope *envelope)
{
	if (call->output.json)
		return plan->stream ? show_line(call, plan, system, envelope)
				    : show_document(call, plan, system);
	return show_text(call, plan, system);
}

/* ---- sampling ---- */

static void wait_until(uint64_t due_ns)
{
	struct timespec due = { .tv_sec = (time_t) (due_ns / HKI_NS_PER_S),
		.tv_nsec = (long) (due_ns % HKI_NS_PER_S) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
		continue;
}

static int look(const cmd_call *call, const info_plan *plan, hk_system *system)
{
	hki_envelope envelope;
	uint64_t due_ns = hki_clock_monotonic_ns();
	int status = CMD_EXIT_OK;
	int r = hk_system_sample(system, plan->bits);

	hki_envelope_init(&envelope);
	for (uint64_t i = 0;
	     r == 0 && status == CMD_EXIT_OK && (plan->count == 0 || i < plan->count);
	     i++) {
		if (plan->interval_ns > 0) {
			due_ns += plan->interval_ns;
			wait_until(due_ns);
			r = hk_system_sample(system, plan->bits);
		} else if (i > 0) {
			r = hk_system_sample(system, plan->bits);
		}
		if (i > 0 && !call->output.json)
			putchar('\n');
		if (r == 0)
			status = show(call, plan, system, &envelope);
		if (fflush(stdout) != 0 || ferror(stdout))
			break; /* told when stdout is closed */
	}
	if (r < 0)
		return cmd_fail(
		    &call->output, CMD_EXIT_FAILED, r, NULL, "cannot look at the host");
	return status;
}

static int run_info(const cmd_call *call)
{
	info_plan plan = { .count = 1 };
	hk_system *system;
	int status = make_plan(&plan, call);
	int r;

	if (status != 0)
		return status;
	r = hk_system_new(&system, NULL);
	if (r < 0)
		return cmd_fail(
		    &call->output, CMD_EXIT_FAILED, r, NULL, "cannot look at the host");
	status = look(call, &plan, system);
	hk_system_free(system);
	return status;
}

static const cmd_option options[] = {
	{ .id = INFO_INTERVAL,
	    .letter = 'i',
	    .name = "interval",
	    .argument = "TIME",
	    .help =
		"measure use and rates over this time (200ms; with --json none unless "
		"given)" },
	{ .id = INFO_COUNT,
	    .letter = 'n',
	    .name = "count",
	    .argument = "N",
	    .help = "show so many samples, an interval (1s) apart; 0 goes on for ever" },
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit info", "shows the machine at a glance" },
	{ "hostkit info cpu memory", "shows these two at length" },
	{ "hostkit info --json | hostkit json fmt",
	    "gives everything as one document, at once and without rates" },
	{ "hostkit info -i 1s -n 60 --json networks > minute.ndjson",
	    "notes a minute of traffic, a line a second" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "it was shown; what this machine lacks is left out" },
	{ "2", "the command line is wrong" },
	{ "4", "a section that was asked for does not exist on this machine" },
	{ "6", "a section that was asked for may not be read" },
	{ "9", "it failed otherwise" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_info = {
	.name = "info",
	.group = CMD_GROUP_SEE,
	.arguments = "[SECTION…]",
	.help = "show what this machine is and how it fares",
	.description =
	    "Without a section: the machine at a glance. Sections are host, cpu, memory, "
	    "vmstat, pressure, limits, filesystems, disks, networks, sockets, sensors "
	    "and "
	    "sessions.\n\n"
	    "Use and rates are measured over an interval that begins with the command; "
	    "nothing is an average since boot. Memory that is used is what is not "
	    "available. The space of a file system is counted as df does; one that does "
	    "not answer within a quarter of a second is marked stale and holds nobody "
	    "up.\n\n"
	    "With --json one document, hostkit.info/1. What does not exist is left out, "
	    "what may not be read is named in \"denied\", a section that could not be "
	    "read is named in \"missing\" with the reason. With -n a line a sample, "
	    "hostkit.info.sample/1, the sections in \"info\".",
	.options = options,
	.examples = examples,
	.exits = exits,
	.values = "host cpu memory vmstat pressure limits filesystems disks networks "
		  "sockets sensors sessions self",
	.operands_max = CMD_OPERANDS_ANY,
	.run = run_info,
};
