/*
 * What to run and how: the options, and the file of tasks.
 */
#include <unistd.h>
#include "../exit.h"
#include "../output/fail.h"
#include "../values.h"
#include "base/clock.h"
#include "run.h"
#include "sched.h"

/* ---- options ---- */

static int read_policy(sched_run_opts *out, const cmd_call *call, const cmd_given *given)
{
	out->policy = hk_sched_policy_find(given->value);
	if (out->policy != NULL)
		return 0;
	return sched_tell_policy(call, given->value);
}

static int read_time(
    int64_t *out, const cmd_call *call, const cmd_given *given, uint64_t least_ns)
{
	uint64_t ns;
	int r = cmd_value_duration(&ns, call, given);

	if (r != 0)
		return r;
	if (ns < least_ns || ns > (uint64_t) HK_SCHED_TIME_MAX)
		return cmd_value_fail(
		    call, given, "such a time", "a millisecond or more, as in 20ms");
	*out = (int64_t) ns;
	return 0;
}

static int read_integer(uint64_t *out, const cmd_call *call, const cmd_given *given,
    int64_t least, int64_t most)
{
	int64_t value;
	int r = cmd_value_integer(&value, call, given, least, most);

	if (r == 0)
		*out = (uint64_t) value;
	return r;
}

static int read_word(unsigned int *out, const cmd_call *call, const cmd_given *given)
{
	int place;
	int r = cmd_value_word(&place, call, given);

	if (r == 0)
		*out = (unsigned int) place;
	return r;
}

static int read_option(sched_run_opts *out, const cmd_call *call, const cmd_given *given)
{
	hk_sched_policy_opts *policy = &out->policy_opts;
	unsigned int word = 0;
	uint64_t number = 0;
	int r = 0;

	switch (given->option->id) {
	case SCHED_RUN_POLICY:
		return read_policy(out, call, given);
	case SCHED_RUN_QUANTUM:
		return read_time(&policy->quantum, call, given, HKI_NS_PER_MS);
	case SCHED_RUN_AGING:
		return read_time(&policy->aging, call, given, HKI_NS_PER_MS);
	case SCHED_RUN_BOOST:
		return read_time(&policy->boost, call, given, HKI_NS_PER_MS);
	case SCHED_RUN_SLOTS:
		r = read_integer(&number, call, given, 1, HK_SCHED_CPUS_MAX);
		out->slots = (uint32_t) number;
		return r;
	case SCHED_RUN_SEED:
		return read_integer(&policy->seed, call, given, 0, INT64_MAX);
	case SCHED_RUN_PRIORITY:
		r = read_word(&word, call, given);
		out->low_first = word == 1;
		return r;
	case SCHED_RUN_FREEZE:
		r = read_word(&word, call, given);
		out->preemption = (hk_sched_preemption) word;
		return r;
	case SCHED_RUN_ORPHANS:
		r = read_word(&word, call, given);
		out->orphans = (hk_sched_orphans) word;
		return r;
	case SCHED_RUN_PREEMPTIVE:
		policy->flags |= HK_SCHED_PREEMPTIVE;
		return 0;
	case SCHED_RUN_OUTPUT:
		out->output = true;
		return 0;
	case SCHED_RUN_GANTT:
		out->gantt = given->value;
		return 0;
	default:
		return 0;
	}
}

int sched_run_read_opts(sched_run_opts *out, const cmd_call *call)
{
	int r = 0;

	*out = (sched_run_opts){ .policy = hk_sched_policy_find("rr"),
		.policy_opts = HK_SCHED_POLICY_OPTS_INIT,
		.slots = 1 };
	for (size_t i = 0; i < call->given_count && r == 0; i++)
		r = read_option(out, call, &call->given[i]);
	return r;
}

/* ---- the file ---- */

int sched_run_read_workload(hk_sched_workload **out, const cmd_call *call)
{
	const char *name = call->operand_count > 0 ? call->operands[0] : NULL;

	if (name == NULL && isatty(STDIN_FILENO))
		return cmd_fail(&call->output, CMD_EXIT_USAGE, 0,
		    "name a file, or - for standard input", "no tasks are given");
	return sched_input_read(out, call, name, HK_SCHED_FORMAT_AUTO, true, true);
}
