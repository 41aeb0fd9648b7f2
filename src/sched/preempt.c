/*
 * What both ways of preempting share: remembering whether it is held, and the
 * patience of the confirmation.  The victim of a freeze has to be scheduled once to
 * stop, so on a machine with one CPU looking without sleeping would wait for ever.
 */
#include "sched/preempt.h"

#include <errno.h>
#include <time.h>
#include "base/alloc.h"
#include "base/clock.h"

#define SPINS   12
#define SPIN_NS (5 * HKI_NS_PER_US)
#define NAPS    4
#define NAP_NS  (250 * HKI_NS_PER_US)

int hki_preempt_new(hki_preempt **out, hk_process *process, hki_cell *cell)
{
	hki_preempt *preempt;
	int r = cell != NULL ? hki_preempt_cgroup_new(&preempt, cell)
			     : hki_preempt_signal_new(&preempt);

	if (r < 0)
		return r;
	preempt->process = process;
	preempt->cell = cell;
	*out = preempt;
	return 0;
}

void hki_preempt_free(hki_preempt *preempt)
{
	if (preempt == NULL)
		return;
	preempt->way->free(preempt);
	hki_free(preempt);
}

int hki_preempt_freeze(hki_preempt *preempt)
{
	int r = preempt->frozen ? 0 : preempt->way->freeze(preempt);

	if (r == 0)
		preempt->frozen = true;
	return r;
}

int hki_preempt_thaw(hki_preempt *preempt)
{
	int r = preempt->frozen ? preempt->way->thaw(preempt) : 0;

	if (r == 0)
		preempt->frozen = false;
	return r;
}

int hki_preempt_confirm(hki_preempt *preempt)
{
	for (int i = 0; i < SPINS + NAPS; i++) {
		struct timespec pause = { .tv_nsec = i < SPINS ? SPIN_NS : NAP_NS };
		int r = preempt->way->is_frozen(preempt);

		if (r != 0)
			return r;
		(void) clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
	return 0;
}

int hki_process_cpu(pid_t pid, uint64_t *out_ns)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
		return -ESRCH;
	*out_ns = (uint64_t) used.tv_sec * HKI_NS_PER_S + (uint64_t) used.tv_nsec;
	return 0;
}
