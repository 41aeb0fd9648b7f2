/*
 * What `sched sim` is asked for.  The workload is read first: whether plain numbers
 * on the command line are ticks or milliseconds depends on it, and whether its own
 * are, on the command line.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "../exit.h"
#include "../output/fail.h"
#include "../values.h"
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/quantity.h"
#include "sim.h"

/* ---- policies ---- */

static int add_policy(simulation *sim, const char *name)
{
	const hk_sched_policy *policy = hk_sched_policy_find(name);

	if (policy == NULL)
		return sched_tell_policy(sim->call, name);
	if (sim->run_count == POLICIES_MAX)
		return cmd_fail(&sim->call->output, CMD_EXIT_USAGE, 0, NULL,
		    "option '--policy': more than %d policies", POLICIES_MAX);
	sim->runs[sim->run_count++].policy = policy;
	return 0;
}

/* Names between commas; "all" is every one. */
static int take_policies(simulation *sim, const char *names)
{
	hki_cleanup(hki_freep) char *copy = hki_strdup(names);
	const hk_sched_policy *policy;
	char *rest = copy;
	char *name;
	int status = 0;

	if (copy == NULL)
		return cmd_fail(&sim->call->output, CMD_EXIT_FAILED, -ENOMEM, NULL,
		    "cannot read '%s'", names);
	if (strcmp(names, "all") == 0)
		for (size_t i = 0; (policy = hk_sched_policy_at(i)) != NULL; i++)
			(void) add_policy(sim, policy->name);
	else
		while (status == 0 && (name = strsep(&rest, ",")) != NULL)
			status = add_policy(sim, name);
	return status;
}

/* ---- options ---- */

bool sim_is_real(const simulation *sim)
{
	return hk_sched_workload_tick_ns(sim->workload) == 1;
}

static int take_time(simulation *sim, int64_t *out, const cmd_given *given)
{
	return sched_time_parse(out, sim->call, given, given->value, sim_is_real(sim));
}

/* One quantum, or one for each level. */
static int take_quanta(simulation *sim, const cmd_given *given)
{
	hki_cleanup(hki_freep) char *copy = hki_strdup(given->value);
	char *rest = copy;
	char *text;
	size_t count = 0;

	if (copy == NULL)
		return cmd_value_fail(sim->call, given, "readable", NULL);
	while ((text = strsep(&rest, ",")) != NULL) {
		int status;

		if (count == QUANTA_MAX)
			return cmd_value_fail(
			    sim->call, given, "a list of at most 64 quanta", NULL);
		status = sched_time_parse(
		    &sim->quanta[count++], sim->call, given, text, sim_is_real(sim));
		if (status != 0)
			return status;
	}
	if (count == 1) {
		if (sim->quanta[0] == 0)
			return cmd_value_fail(sim->call, given, "a quantum",
			    "it is more than 0; fcfs has none");
		sim->policy_opts.quantum = sim->quanta[0];
		return 0;
	}
	sim->policy_opts.quanta = sim->quanta;
	sim->policy_opts.quanta_count = count;
	return 0;
}

static int take_word(simulation *sim, uint32_t *out, const cmd_given *given)
{
	int word;
	int status = cmd_value_word(&word, sim->call, given);

	if (status == 0)
		*out = (uint32_t) word;
	return status;
}

static int take_number(
    simulation *sim, uint32_t *out, const cmd_given *given, int64_t least, int64_t most)
{
	int64_t number;
	int status = cmd_value_integer(&number, sim->call, given, least, most);

	if (status == 0)
		*out = (uint32_t) number;
	return status;
}

static int take_seed(simulation *sim, const cmd_given *given)
{
	if (hki_uint64_parse(&sim->policy_opts.seed, given->value) < 0)
		return cmd_value_fail(
		    sim->call, given, "a seed", "write a number from 0");
	return 0;
}

static int take_tie(simulation *sim, const cmd_given *given)
{
	uint32_t tie;
	int status = take_word(sim, &tie, given);

	if (status == 0)
		sim->opts.tie = (hk_sched_tie) tie;
	return status;
}

static int take_option(simulation *sim, const cmd_given *given)
{
	hk_sched_policy_opts *policy = &sim->policy_opts;

	switch (given->option->id) {
	case SIM_POLICY:
		return take_policies(sim, given->value);
	case SIM_QUANTUM:
		return take_quanta(sim, given);
	case SIM_TIE:
		return take_tie(sim, given);
	case SIM_PRIORITY:
		return take_word(sim, &sim->opts.low_first, given);
	case SIM_PREEMPTIVE:
		policy->flags |= HK_SCHED_PREEMPTIVE;
		return 0;
	case SIM_IO_RESETS:
		policy->flags |= HK_SCHED_IO_RESETS;
		return 0;
	case SIM_IO_FRONT:
		policy->flags |= HK_SCHED_IO_FRONT;
		return 0;
	case SIM_AGING:
		return take_time(sim, &policy->aging, given);
	case SIM_BOOST:
		return take_time(sim, &policy->boost, given);
	case SIM_LATENCY:
		return take_time(sim, &policy->latency, given);
	case SIM_LEVELS:
		return take_number(sim, &policy->levels, given, 1, QUANTA_MAX);
	case SIM_ALLOTMENT:
		return take_number(sim, &policy->allotment, given, 1, UINT32_MAX);
	case SIM_SEED:
		return take_seed(sim, given);
	case SIM_CPUS:
		return take_number(sim, &sim->opts.cpus, given, 1, HK_SCHED_CPUS_MAX);
	case SIM_SWITCH_COST:
		return take_time(sim, &sim->opts.switch_cost, given);
	case SIM_UNTIL:
		return take_time(sim, &sim->opts.until, given);
	case SIM_GANTT:
		sim->gantt = given->value;
		return 0;
	case SIM_NO_CHART:
		sim->chart = false;
		return 0;
	default:
		return 0;
	}
}

static bool is_time(int id)
{
	return id == SIM_QUANTUM || id == SIM_AGING || id == SIM_BOOST ||
	       id == SIM_LATENCY || id == SIM_SWITCH_COST || id == SIM_UNTIL;
}

/* A unit on the command line makes the workload's numbers milliseconds too. */
static bool has_unit(const cmd_call *call)
{
	for (size_t i = 0; i < call->given_count; i++) {
		const char *value = call->given[i].value;

		if (is_time(call->given[i].option->id) &&
		    strspn(value, "0123456789.,") != strlen(value))
			return true;
	}
	return false;
}

static int read_workload(simulation *sim)
{
	uint32_t format = HK_SCHED_FORMAT_AUTO;

	for (size_t i = 0; i < sim->call->given_count; i++) {
		const cmd_given *given = &sim->call->given[i];
		int status = 0;

		if (given->option->id == SIM_FORMAT)
			status = take_word(sim, &format, given);
		if (status != 0)
			return status;
	}
	return sched_input_read(&sim->workload, sim->call, sim->call->operands[0],
	    (hk_sched_format) format, has_unit(sim->call), false);
}

/* The defaults as they are used, so that they can be shown. */
static void fill_defaults(simulation *sim)
{
	if (sim->policy_opts.quantum == 0)
		sim->policy_opts.quantum =
		    sim_is_real(sim) ? HK_SCHED_QUANTUM_DEFAULT * INT64_C(1000000)
				     : HK_SCHED_QUANTUM_DEFAULT;
	if (sim->opts.cpus == 0)
		sim->opts.cpus = 1;
	sim->opts.slices = sim->gantt != NULL || sim->chart;
}

int sim_take_options(simulation *sim)
{
	int status = read_workload(sim);

	for (size_t i = 0; i < sim->call->given_count && status == 0; i++)
		status = take_option(sim, &sim->call->given[i]);
	if (status == 0 && sim->run_count == 0)
		status = add_policy(sim, "rr");
	if (status == 0 && sim->gantt != NULL && sim->run_count > 1)
		status = cmd_fail(&sim->call->output, CMD_EXIT_USAGE, 0,
		    "name one policy", "option '--gantt' draws one run");
	if (status == 0)
		fill_defaults(sim);
	return status;
}
