#include "service/policy.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/clock.h"

/*
 * When to start again.  Two brakes work together: pauses that grow while an
 * instance does not stay up, and a limit on restarts in a sliding window that
 * never stops counting.  A limit that is only active while a program is young
 * misses the worst storm, that of a program which begins to crash after a week.
 *
 * At the limit the instance is not dead for ever: it is tried slowly, because
 * what it needs may come back at night.  All times are monotonic and come in
 * as arguments.
 */

#define JITTER 0.10

static uint64_t or_default(uint64_t value, uint64_t otherwise)
{
	return value != 0 ? value : otherwise;
}

void hki_policy_from_opts(hki_policy *out, const hk_service_opts *opts)
{
	memset(out, 0, sizeof(*out));
	out->restart = opts->restart;
	out->give_up = (opts->flags & HK_SERVICE_GIVE_UP) != 0;
	out->max_retries = opts->max_retries;
	out->success_codes = opts->success_codes;
	out->success_code_count = opts->success_code_count;
	out->initial_ns = or_default(opts->backoff_initial_ns, 100 * HKI_NS_PER_MS);
	out->max_ns = or_default(opts->backoff_max_ns, 30 * HKI_NS_PER_S);
	out->factor = opts->backoff_factor >= 1 ? opts->backoff_factor : 2;
	out->reset_after_ns = or_default(opts->reset_after_ns, 60 * HKI_NS_PER_S);
	out->limit_count = opts->limit_count != 0 ? opts->limit_count : 10;
	if (opts->limit_count == UINT32_MAX)
		out->limit_count = 0;
	if (out->limit_count > HKI_POLICY_LIMIT_MAX)
		out->limit_count = HKI_POLICY_LIMIT_MAX;
	out->limit_window_ns = or_default(opts->limit_window_ns, 60 * HKI_NS_PER_S);
	out->slow_retry_ns = or_default(opts->slow_retry_ns, 60 * HKI_NS_PER_S);
}

int hki_policy_memory_init(
    hki_policy_memory *memory, const hki_policy *policy, uint64_t seed)
{
	memset(memory, 0, sizeof(*memory));
	memory->capacity = policy->limit_count != 0 ? policy->limit_count : 1;
	memory->restart_times = hki_zalloc_array(memory->capacity, sizeof(uint64_t));
	if (memory->restart_times == NULL)
		return -ENOMEM;
	hki_random_seed(&memory->random, seed);
	return 0;
}

void hki_policy_memory_deinit(hki_policy_memory *memory)
{
	hki_free(memory->restart_times);
	memory->restart_times = NULL;
	memory->capacity = 0;
}

void hki_policy_memory_reset(hki_policy_memory *memory)
{
	memory->count = 0;
	memory->retries = 0;
	memory->slow = false;
}

bool hki_policy_is_success(
    const hki_policy *policy, const hk_process_exit *how, bool recycled)
{
	if (recycled || how->end != HK_END_CODE)
		return false;
	if (policy->success_code_count == 0)
		return how->code == 0;
	for (size_t i = 0; i < policy->success_code_count; i++)
		if (policy->success_codes[i] == how->code)
			return true;
	return false;
}

static bool wants_restart(const hki_policy *policy, bool success)
{
	switch (policy->restart) {
	case HK_SERVICE_RESTART_ALWAYS:
	case HK_SERVICE_RESTART_UNLESS_STOPPED:
		return true;
	case HK_SERVICE_RESTART_ON_FAILURE:
		return !success;
	case HK_SERVICE_RESTART_NO:
		break;
	}
	return false;
}

/* The pause before the next restart of a row: initial x factor^retries, at most max. */
static uint64_t backoff(const hki_policy *policy, const hki_policy_memory *memory)
{
	double delay = (double) policy->initial_ns;

	for (uint32_t i = 0; i < memory->retries && delay < (double) policy->max_ns;
	     i++) {
		if (policy->factor <= 1)
			break;
		delay *= policy->factor;
	}
	if (delay > (double) policy->max_ns)
		delay = (double) policy->max_ns;
	return (uint64_t) delay;
}

static uint64_t vary(hki_random *random, uint64_t delay_ns)
{
	double scale = 1 - JITTER + 2 * JITTER * hki_random_fraction(random);

	return (uint64_t) ((double) delay_ns * scale);
}

/* Were there already limit_count restarts in the window that ends now? */
static bool window_is_full(
    const hki_policy *policy, const hki_policy_memory *memory, uint64_t now_ns)
{
	uint64_t oldest;

	if (policy->limit_count == 0 || memory->count < memory->capacity)
		return false;
	oldest = memory->restart_times[(memory->newest + 1) % memory->capacity];
	return now_ns - oldest < policy->limit_window_ns;
}

static void remember(hki_policy_memory *memory, uint64_t at_ns)
{
	memory->newest = (memory->newest + 1) % memory->capacity;
	memory->restart_times[memory->newest] = at_ns;
	if (memory->count < memory->capacity)
		memory->count++;
}

hki_policy_answer hki_policy_ended(const hki_policy *policy, hki_policy_memory *memory,
    bool success, bool recycled, uint64_t healthy_ns, uint64_t now_ns)
{
	hki_policy_answer answer = { success ? HKI_POLICY_DONE : HKI_POLICY_FAILED, 0,
		false };

	/* Restarting a sick instance was already decided, whatever its policy says of ends. */
	if (!wants_restart(policy, success) && !recycled)
		return answer;
	if (healthy_ns >= policy->reset_after_ns) {
		memory->retries = 0;
		memory->slow = false;
	}
	if (policy->max_retries != 0 && memory->retries >= policy->max_retries)
		return answer;

	if (!memory->slow && window_is_full(policy, memory, now_ns)) {
		answer.limited = true;
		if (policy->give_up)
			return answer;
		memory->slow = true;
	}
	answer.verdict = HKI_POLICY_RETRY;
	answer.delay_ns = vary(&memory->random, backoff(policy, memory));
	if (memory->slow && answer.delay_ns < policy->slow_retry_ns)
		answer.delay_ns = vary(&memory->random, policy->slow_retry_ns);
	if (memory->retries < UINT32_MAX)
		memory->retries++;
	remember(memory, now_ns + answer.delay_ns);
	return answer;
}
