/*
 * The list of policies, from the plainest to the cleverest, and the reading of
 * their options.  Options are checked here once and for all policies, so that a
 * value that makes no sense is refused also by a policy that would not look at it.
 */
#include "sched/policy.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/opts.h"

static const hk_sched_policy *const policies[] = {
	&hki_sched_fcfs,
	&hki_sched_sjf,
	&hki_sched_srtf,
	&hki_sched_hrrn,
	&hki_sched_round_robin,
	&hki_sched_priority,
	&hki_sched_priority_round_robin,
	&hki_sched_multilevel,
	&hki_sched_feedback,
	&hki_sched_mlfq,
	&hki_sched_lottery,
	&hki_sched_stride,
	&hki_sched_fair,
	&hki_sched_edf,
	&hki_sched_rate_monotonic,
};

const hk_sched_policy *hk_sched_policy_at(size_t index)
{
	return index < HKI_COUNT(policies) ? policies[index] : NULL;
}

const hk_sched_policy *hk_sched_policy_find(const char *name)
{
	for (size_t i = 0; name != NULL && i < HKI_COUNT(policies); i++)
		if (strcmp(policies[i]->name, name) == 0)
			return policies[i];
	return NULL;
}

static bool is_span(int64_t ticks)
{
	return ticks >= 0 && ticks <= HK_SCHED_TIME_MAX;
}

static bool are_fine(const hk_sched_policy_opts *opts)
{
	if (!is_span(opts->quantum) || !is_span(opts->boost) || !is_span(opts->aging) ||
	    !is_span(opts->latency))
		return false;
	if (opts->quanta_count > HKI_SCHED_LEVELS_MAX ||
	    opts->levels > HKI_SCHED_LEVELS_MAX ||
	    (opts->quanta == NULL && opts->quanta_count > 0))
		return false;
	for (size_t i = 0; i < opts->quanta_count; i++)
		if (!is_span(opts->quanta[i]))
			return false;
	return true;
}

static void fill_defaults(hk_sched_policy_opts *opts)
{
	if (opts->quantum == 0)
		opts->quantum = HK_SCHED_QUANTUM_DEFAULT;
	if (opts->levels == 0)
		opts->levels = opts->quanta_count > 0 ? (uint32_t) opts->quanta_count : 3;
	if (opts->allotment == 0)
		opts->allotment = 1;
	if (opts->latency == 0)
		opts->latency = opts->quantum > HK_SCHED_TIME_MAX / 8 ? HK_SCHED_TIME_MAX
								      : opts->quantum * 8;
}

int hki_sched_policy_opts_copy(
    hk_sched_policy_opts *out, const hk_sched_policy_opts *given)
{
	hk_sched_policy_opts opts = HK_SCHED_POLICY_OPTS_INIT;

	if (given != NULL) {
		int r = hki_opts_copy(&opts, sizeof(opts), given, given->size,
		    offsetof(hk_sched_policy_opts, quantum));

		if (r < 0)
			return r;
	}
	if (!are_fine(&opts))
		return -EINVAL;
	fill_defaults(&opts);
	if (opts.quanta_count > 0) {
		opts.quanta =
		    hki_memdup(opts.quanta, opts.quanta_count * sizeof(opts.quanta[0]));
		if (opts.quanta == NULL)
			return -ENOMEM;
	} else {
		opts.quanta = NULL;
	}
	*out = opts;
	return 0;
}

void hki_sched_policy_opts_deinit(hk_sched_policy_opts *opts)
{
	hki_free((void *) opts->quanta);
	opts->quanta = NULL;
}

int64_t hki_sched_quantum_at(const hk_sched_policy_opts *opts, uint32_t level)
{
	if (opts->quanta_count == 0)
		return opts->quantum;
	if (level >= opts->quanta_count)
		level = (uint32_t) opts->quanta_count - 1;
	return opts->quanta[level];
}
