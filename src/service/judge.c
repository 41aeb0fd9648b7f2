#include "service/judge.h"

/*
 * Compose's words with one difference: until the first success checks come
 * quickly, so that whoever waits for it does not wait for a whole interval,
 * and failures of these quick checks do not add up.  The patience before the
 * first success is the same: start_period and then `retries` intervals.
 */

void hki_judge_begin(hki_judge *judge, const hk_service_health *rules, uint64_t now_ns)
{
	*judge = (hki_judge){ .rules = rules, .began_ns = now_ns };
}

uint64_t hki_judge_deadline_ns(const hki_judge *judge)
{
	return judge->began_ns + judge->rules->start_period_ns +
	       judge->rules->retries * judge->rules->interval_ns;
}

static bool is_too_much(const hki_judge *judge, uint64_t now_ns)
{
	if (!judge->ready)
		return now_ns >= hki_judge_deadline_ns(judge);
	return judge->failures >= judge->rules->retries;
}

hki_judgement hki_judge_result(hki_judge *judge, bool success, uint64_t now_ns)
{
	if (success) {
		bool first = !judge->ready;

		judge->failures = 0;
		judge->ready = true;
		judge->condemned = false;
		return first ? HKI_JUDGE_READY : HKI_JUDGE_NOTHING;
	}
	judge->failures++;
	if (judge->condemned || !is_too_much(judge, now_ns))
		return HKI_JUDGE_NOTHING;
	judge->condemned = true;
	return HKI_JUDGE_UNHEALTHY;
}

uint64_t hki_judge_pause_ns(const hki_judge *judge)
{
	return judge->ready ? judge->rules->interval_ns : judge->rules->start_interval_ns;
}
