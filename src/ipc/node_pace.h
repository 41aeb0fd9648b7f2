#ifndef HKI_IPC_NODE_PACE_H
#define HKI_IPC_NODE_PACE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether to sleep while an answer is awaited.
 *
 * In a talk of questions and quick answers, falling asleep and being woken up by
 * another processor can take longer than the answer itself.  Or not: on a busy
 * machine both sides share a processor, and who stays awake keeps the other from
 * answering.  So it is tried: some answers asleep, some awake, and then for a while
 * whatever was clearly quicker.  A single slow answer ends the talk, and who is put
 * off the processor while awake leaves it to those who want it.
 *
 * Zeroed but for limit_ns it is ready.
 */
typedef enum hki_node_mood {
	HKI_NODE_ALOOF,     /* no talk yet: sleep */
	HKI_NODE_TRY_SLEEP, /* measure that */
	HKI_NODE_TRY_AWAKE, /* measure this */
	HKI_NODE_SETTLED    /* in the better one, for a while */
} hki_node_mood;

typedef struct hki_node_pace {
	uint64_t limit_ns; /* longer answers are slow; 0: never stay awake */
	uint64_t asked_ns; /* when something was sent that was not answered yet; or 0 */
	hki_node_mood mood;
	unsigned int count; /* of answers in this mood */
	uint64_t sum_ns;    /* of them */
	uint64_t sleep_ns;  /* the sum of the trial asleep */
	bool awake;         /* what was settled */
	uint64_t
	    first_preemptions; /* in this mood, if it is awake; UINT64_MAX: not asked */
} hki_node_pace;

/* Something was sent at @now_ns.  How long to stay awake for the answer; 0: sleep. */
uint64_t hki_node_pace_asked(hki_node_pace *pace, uint64_t now_ns);

/* Does it stay awake now?  Then it wants to know of preemptions. */
bool hki_node_pace_is_awake(const hki_node_pace *pace);

/* Something came at @now_ns; how often this thread was put off its processor so far is
 * looked at while awake only. */
void hki_node_pace_answered(hki_node_pace *pace, uint64_t now_ns, uint64_t preemptions);

#endif /* HKI_IPC_NODE_PACE_H */
