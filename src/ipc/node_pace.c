/*
 * A trial of both ways is short, what is settled holds long: so the worse way costs
 * little, and a machine that becomes busy is noticed soon.  Staying awake takes a
 * whole processor, so it has to be better by a fifth.
 */
#include "ipc/node_pace.h"

enum {
	QUICK_ANSWERS = 8, /* in a row make a talk */
	TRIAL = 32,        /* answers each */
	SETTLED_FOR = 2048,
	/* Once in a while everybody is; more often somebody else waits for the processor. */
	PREEMPTIONS_MAX = 3
};

static void enter(hki_node_pace *pace, hki_node_mood mood)
{
	pace->mood = mood;
	pace->count = 0;
	pace->sum_ns = 0;
	pace->first_preemptions = UINT64_MAX;
}

bool hki_node_pace_is_awake(const hki_node_pace *pace)
{
	return pace->mood == HKI_NODE_TRY_AWAKE ||
	       (pace->mood == HKI_NODE_SETTLED && pace->awake);
}

uint64_t hki_node_pace_asked(hki_node_pace *pace, uint64_t now_ns)
{
	if (pace->limit_ns == 0)
		return 0;
	if (pace->asked_ns != 0) /* it is no talk if nobody waits for answers */
		enter(pace, HKI_NODE_ALOOF);
	pace->asked_ns = now_ns;
	return hki_node_pace_is_awake(pace) ? pace->limit_ns : 0;
}

/* The mood has lasted as long as it should. */
static void move_on(hki_node_pace *pace)
{
	switch (pace->mood) {
	case HKI_NODE_ALOOF:
	case HKI_NODE_SETTLED:
		enter(pace, HKI_NODE_TRY_SLEEP);
		break;
	case HKI_NODE_TRY_SLEEP:
		pace->sleep_ns = pace->sum_ns;
		enter(pace, HKI_NODE_TRY_AWAKE);
		break;
	case HKI_NODE_TRY_AWAKE:
		pace->awake = pace->sum_ns < pace->sleep_ns / 5 * 4;
		enter(pace, HKI_NODE_SETTLED);
		break;
	}
}

/* A trial may not be disturbed at all. */
static bool is_crowded(hki_node_pace *pace, uint64_t preemptions)
{
	if (!hki_node_pace_is_awake(pace))
		return false;
	if (pace->first_preemptions == UINT64_MAX)
		pace->first_preemptions = preemptions;
	return preemptions - pace->first_preemptions >
	       (pace->mood == HKI_NODE_TRY_AWAKE ? 0 : PREEMPTIONS_MAX);
}

void hki_node_pace_answered(hki_node_pace *pace, uint64_t now_ns, uint64_t preemptions)
{
	static const unsigned int lasts[] = {
		[HKI_NODE_ALOOF] = QUICK_ANSWERS,
		[HKI_NODE_TRY_SLEEP] = TRIAL,
		[HKI_NODE_TRY_AWAKE] = TRIAL,
		[HKI_NODE_SETTLED] = SETTLED_FOR,
	};
	uint64_t took_ns = now_ns - pace->asked_ns;

	if (pace->asked_ns == 0)
		return;
	pace->asked_ns = 0;
	if (is_crowded(pace, preemptions)) {
		pace->awake = false;
		enter(pace, HKI_NODE_SETTLED);
	} else if (took_ns > pace->limit_ns) {
		enter(pace, HKI_NODE_ALOOF);
	} else {
		pace->sum_ns += took_ns;
		if (++pace->count >= lasts[pace->mood])
			move_on(pace);
	}
}
