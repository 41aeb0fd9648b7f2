/*
 * SCHED_FIFO is asked for first: the thread sleeps nearly always, and when its timer
 * fires nothing ordinary is before it.  Without the privilege (CAP_SYS_NICE or
 * RLIMIT_RTPRIO) a nice value may still be had; else the controller competes with
 * what it controls, slices get longer than asked, and the user is told.
 */
#include "sched/outrank.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int set_policy(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return sched_setscheduler(0, policy, &param);
}

/* Linux keeps a nice value for each thread. */
static id_t this_thread(void)
{
	return (id_t) syscall(SYS_gettid);
}

static int set_nice(int nice)
{
	return setpriority(PRIO_PROCESS, this_thread(), nice);
}

static hki_rank raise_rank(const hki_outrank *outrank)
{
	if (set_policy(SCHED_FIFO | SCHED_RESET_ON_FORK, 1) == 0)
		return HKI_RANK_FIFO;
	if (set_nice(-20) < 0)
		return HKI_RANK_NONE;
	/* The nice value of what we start goes back with the class. */
	if (set_policy(SCHED_OTHER | SCHED_RESET_ON_FORK, 0) == 0)
		return HKI_RANK_NICE;
	(void) set_nice(outrank->nice);
	return HKI_RANK_NONE;
}

void hki_outrank_begin(hki_outrank *outrank)
{
	struct sched_param param;

	outrank->rank = HKI_RANK_NONE;
	outrank->policy = sched_getscheduler(0);
	if (outrank->policy < 0 || sched_getparam(0, &param) < 0)
		return;
	outrank->priority = param.sched_priority;
	outrank->nice = getpriority(PRIO_PROCESS, this_thread());
	if ((outrank->policy & ~SCHED_RESET_ON_FORK) != SCHED_OTHER)
		return;
	outrank->rank = raise_rank(outrank);
}

void hki_outrank_pause(const hki_outrank *outrank)
{
	if (outrank->rank == HKI_RANK_FIFO)
		(void) set_policy(SCHED_OTHER | SCHED_RESET_ON_FORK, 0);
	else if (outrank->rank == HKI_RANK_NICE)
		(void) set_nice(outrank->nice);
}

void hki_outrank_resume(const hki_outrank *outrank)
{
	if (outrank->rank == HKI_RANK_FIFO)
		(void) set_policy(SCHED_FIFO | SCHED_RESET_ON_FORK, 1);
	else if (outrank->rank == HKI_RANK_NICE)
		(void) set_nice(-20);
}

/* The flag to reset on fork can be taken back only with the privilege to set it; it
 * has no effect on an ordinary thread. */
void hki_outrank_end(hki_outrank *outrank)
{
	if (outrank->rank == HKI_RANK_NONE)
		return;
	if (set_policy(outrank->policy, outrank->priority) < 0)
		(void) set_policy(
		    outrank->policy | SCHED_RESET_ON_FORK, outrank->priority);
	if (outrank->rank == HKI_RANK_NICE)
		(void) set_nice(outrank->nice);
	outrank->rank = HKI_RANK_NONE;
}
