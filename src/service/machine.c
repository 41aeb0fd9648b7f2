#include "service/machine.h"

#include <stddef.h>
#include "base/array.h"
#include "base/assert.h"

/*
 * The table of s6-supervise taken one step further: a cell is data, not a
 * function, so that a person can read a row, and a test can walk every cell and
 * every path.  Three rules hold in all rows:
 *
 *  - only cells that leave a state without a process start one, so an instance
 *    never has two;
 *  - a state with a process is left for one without only by an exit event;
 *  - STOP and KILL lead to stopped from everywhere.
 *
 * An instance being started cannot be signalled yet.  A request to stop it is
 * remembered by its state and carried out when STARTED comes.
 */

/* clang-format off */
#define GO(state, what) { HK_SERVICE_STATE_##state, (what), HKI_CELL_TAKEN }
#define STAY            { HK_SERVICE_STATE_COUNT, 0, HKI_CELL_IGNORED }
#define NEVER           { HK_SERVICE_STATE_COUNT, 0, HKI_CELL_IMPOSSIBLE }

#define CHECK     HKI_ACT_CHECK_DEPENDENCIES
#define FRESH     (HKI_ACT_RESET_POLICY | HKI_ACT_CHECK_DEPENDENCIES)
#define SPAWN     HKI_ACT_SPAWN
#define HEALTH    HKI_ACT_BEGIN_HEALTH
#define NO_HEALTH HKI_ACT_END_HEALTH
#define STOP      HKI_ACT_STOP
#define KILL      HKI_ACT_KILL
#define TIMER     HKI_ACT_ARM_TIMER
#define NO_TIMER  HKI_ACT_CANCEL_TIMER

static const hki_machine_step table[HK_SERVICE_STATE_COUNT][HKI_EVENT_COUNT] = {
	[HK_SERVICE_STATE_STOPPED] = {
		[HKI_EVENT_START]             = GO(WAITING, FRESH),
		[HKI_EVENT_STOP]              = STAY,
		[HKI_EVENT_KILL]              = STAY,
		[HKI_EVENT_RESTART]           = GO(WAITING, FRESH),
		[HKI_EVENT_DEPENDENCIES_MET]  = STAY,
		[HKI_EVENT_DEPENDENCY_FAILED] = STAY,
		[HKI_EVENT_STARTED]           = NEVER,
		[HKI_EVENT_EXIT_DONE]         = NEVER,
		[HKI_EVENT_EXIT_FAILED]       = NEVER,
		[HKI_EVENT_EXIT_RETRY]        = NEVER,
		[HKI_EVENT_READY]             = STAY,
		[HKI_EVENT_UNHEALTHY]         = STAY,
		[HKI_EVENT_OVER_MEMORY]       = STAY,
		[HKI_EVENT_TIMER]             = STAY,
	},
	[HK_SERVICE_STATE_WAITING] = {
		[HKI_EVENT_START]             = STAY,
		[HKI_EVENT_STOP]              = GO(STOPPED, 0),
		[HKI_EVENT_KILL]              = GO(STOPPED, 0),
		[HKI_EVENT_RESTART]           = STAY,
		[HKI_EVENT_DEPENDENCIES_MET]  = GO(STARTING, SPAWN),
		[HKI_EVENT_DEPENDENCY_FAILED] = GO(FAILED, 0),
		[HKI_EVENT_STARTED]           = NEVER,
		[HKI_EVENT_EXIT_DONE]         = NEVER,
		[HKI_EVENT_EXIT_FAILED]       = NEVER,
		[HKI_EVENT_EXIT_RETRY]        = NEVER,
		[HKI_EVENT_READY]             = STAY,
		[HKI_EVENT_UNHEALTHY]         = STAY,
		[HKI_EVENT_OVER_MEMORY]       = STAY,
		[HKI_EVENT_TIMER]             = STAY,
	},
	[HK_SERVICE_STATE_STARTING] = {
		[HKI_EVENT_START]             = STAY,
		[HKI_EVENT_STOP]              = GO(STOPPING, STOP),
		[HKI_EVENT_KILL]              = GO(STOPPING, KILL),
		[HKI_EVENT_RESTART]           = STAY,
		[HKI_EVENT_DEPENDENCIES_MET]  = STAY,
		[HKI_EVENT_DEPENDENCY_FAILED] = STAY,
		[HKI_EVENT_STARTED]           = GO(RUNNING, HEALTH),
		[HKI_EVENT_EXIT_DONE]         = GO(COMPLETED, NO_HEALTH),
		[HKI_EVENT_EXIT_FAILED]       = GO(FAILED, NO_HEALTH),
		[HKI_EVENT_EXIT_RETRY]        = GO(BACKOFF, NO_HEALTH | TIMER),
		[HKI_EVENT_READY]             = STAY,
		[HKI_EVENT_UNHEALTHY]         = STAY,
		[HKI_EVENT_OVER_MEMORY]       = STAY,
		[HKI_EVENT_TIMER]             = STAY,
	},
	[HK_SERVICE_STATE_RUNNING] = {
		[HKI_EVENT_START]             = STAY,
		[HKI_EVENT_STOP]              = GO(STOPPING, NO_HEALTH | STOP),
		[HKI_EVENT_KILL]              = GO(STOPPING, NO_HEALTH | KILL),
		[HKI_EVENT_RESTART]           = GO(RESTARTING, NO_HEALTH | STOP),
		[HKI_EVENT_DEPENDENCIES_MET]  = STAY,
		[HKI_EVENT_DEPENDENCY_FAILED] = STAY,
		[HKI_EVENT_STARTED]           = NEVER,
		[HKI_EVENT_EXIT_DONE]         = GO(COMPLETED, NO_HEALTH),
		[HKI_EVENT_EXIT_FAILED]       = GO(FAILED, NO_HEALTH),
		[HKI_EVENT_EXIT_RETRY]        = GO(BACKOFF, NO_HEALTH | TIMER),
		[HKI_EVENT_READY]             = GO(READY, 0),
		[HKI_EVENT_UNHEALTHY]         = GO(RECYCLING, NO_HEALTH | STOP),
		[HKI_EVENT_OVER_MEMORY]       = GO(RECYCLING, NO_HEALTH | STOP),
		[HKI_EVENT_TIMER]             = STAY,
	},
	[HK_SERVICE_STATE_READY] = {
		[HKI_EVENT_START]             = STAY,
		[HKI_EVENT_STOP]              = GO(STOPPING, NO_HEALTH | STOP),
		[HKI_EVENT_KILL]              = GO(STOPPING, NO_HEALTH | KILL),
		[HKI_EVENT_RESTART]           = GO(RESTARTING, NO_HEALTH | STOP),
		[HKI_EVENT_DEPENDENCIES_MET]  = STAY,
		[HKI_EVENT_DEPENDENCY_FAILED] = STAY,
		[HKI_EVENT_STARTED]           = NEVER,
		[HKI_EVENT_EXIT_DONE]         = GO(COMPLETED, NO_HEALTH),
		[HKI_EVENT_EXIT_FAILED]       = GO(FAILED, NO_HEALTH),
		[HKI_EVENT_EXIT_RETRY]        = GO(BACKOFF, NO_HEALTH | TIMER),
		[HKI_EVENT_READY]             = STAY,
		[HKI_EVENT_UNHEALTHY]         = GO(RECYCLING, NO_HEALTH | STOP),
		[HKI_EVENT_OVER_MEMORY]       = GO(RECYCLING, NO_HEALTH | STOP),
		[HKI_EVENT_TIMER]             = STAY,
	},
	[HK_SERVICE_STATE_STOPPING] = {
		[HKI_EVENT_START]             = GO(RESTARTING, 0),
		[HKI_EVENT_STOP]              = STAY,
		[HKI_EVENT_KILL]              = GO(STOPPING, KILL),
		[HKI_EVENT_RESTART]           = GO(RESTARTING, 0),
		[HKI_EVENT_DEPENDENCIES_MET]  = STAY,
		[HKI_EVENT_DEPENDENCY_FAILED] = STAY,
		[HKI_EVENT_STARTED]           = GO(STOPPING, STOP),
		[HKI_EVENT_EXIT_DONE]         = GO(STOPPED, 0),
		[HKI_EVENT_EXIT_FAILED]       = GO(STOPPED, 0),
		[HKI_EVENT_EXIT_RETRY]        = GO(STOPPED, 0),
		[HKI_EVENT_READY]             = STAY,
		[HKI_EVENT_UNHEALTHY]         = STAY,
		[HKI_EVENT_OVER_MEMORY]       = STAY,
		[HKI_EVENT_TIMER]             = STAY,
	},
	[HK_SERVICE_STATE_RESTARTING] = {
		[HKI_EVENT_START]             = STAY,
		[HKI_EVENT_STOP]              = GO(STOPPING, 0),
		[HKI_EVENT_KILL]              = GO(STOPPING, KILL),
		[HKI_EVENT_RESTART]           = STAY,
		[HKI_EVENT_DEPENDENCIES_MET]  = STAY,
		[HKI_EVENT_DEPENDENCY_FAILED] = STAY,
		[HKI_EVENT_STARTED]           = GO(RESTARTING, STOP),
		[HKI_EVENT_EXIT_DONE]         = GO(WAITING, FRESH),
		[HKI_EVENT_EXIT_FAILED]       = GO(WAITING, FRESH),
		[HKI_EVENT_EXIT_RETRY]        = GO(WAITING, FRESH),
		[HKI_EVENT_READY]             = STAY,
		[HKI_EVENT_UNHEALTHY]         = STAY,
		[HKI_EVENT_OVER_MEMORY]       = STAY,
		[HKI_EVENT_TIMER]             = STAY,
	},
	[HK_SERVICE_STATE_RECYCLING] = {
		[HKI_EVENT_START]             = STAY,
		[HKI_EVENT_STOP]              = GO(STOPPING, 0),
		[HKI_EVENT_KILL]              = GO(STOPPING, KILL),
		[HKI_EVENT_RESTART]           = GO(RESTARTING, 0),
		[HKI_EVENT_DEPENDENCIES_MET]  = STAY,
		[HKI_EVENT_DEPENDENCY_FAILED] = STAY,
		[HKI_EVENT_STARTED]           = NEVER,
		[HKI_EVENT_EXIT_DONE]         = GO(COMPLETED, 0),
		[HKI_EVENT_EXIT_FAILED]       = GO(FAILED, 0),
		[HKI_EVENT_EXIT_RETRY]        = GO(BACKOFF, TIMER),
		[HKI_EVENT_READY]             = STAY,
		[HKI_EVENT_UNHEALTHY]         = STAY,
		[HKI_EVENT_OVER_MEMORY]       = STAY,
		[HKI_EVENT_TIMER]             = STAY,
	},
	[HK_SERVICE_STATE_BACKOFF] = {
		[HKI_EVENT_START]             = GO(WAITING, NO_TIMER | FRESH),
		[HKI_EVENT_STOP]              = GO(STOPPED, NO_TIMER),
		[HKI_EVENT_KILL]              = GO(STOPPED, NO_TIMER),
		[HKI_EVENT_RESTART]           = GO(WAITING, NO_TIMER | FRESH),
		[HKI_EVENT_DEPENDENCIES_MET]  = STAY,
		[HKI_EVENT_DEPENDENCY_FAILED] = STAY,
		[HKI_EVENT_STARTED]           = NEVER,
		[HKI_EVENT_EXIT_DONE]         = NEVER,
		[HKI_EVENT_EXIT_FAILED]       = NEVER,
		[HKI_EVENT_EXIT_RETRY]        = NEVER,
		[HKI_EVENT_READY]             = STAY,
		[HKI_EVENT_UNHEALTHY]         = STAY,
		[HKI_EVENT_OVER_MEMORY]       = STAY,
		[HKI_EVENT_TIMER]             = GO(STARTING, SPAWN),
	},
	[HK_SERVICE_STATE_COMPLETED] = {
		[HKI_EVENT_START]             = GO(WAITING, FRESH),
		[HKI_EVENT_STOP]              = STAY,
		[HKI_EVENT_KILL]              = STAY,
		[HKI_EVENT_RESTART]           = GO(WAITING, FRESH),
		[HKI_EVENT_DEPENDENCIES_MET]  = STAY,
		[HKI_EVENT_DEPENDENCY_FAILED] = STAY,
		[HKI_EVENT_STARTED]           = NEVER,
		[HKI_EVENT_EXIT_DONE]         = NEVER,
		[HKI_EVENT_EXIT_FAILED]       = NEVER,
		[HKI_EVENT_EXIT_RETRY]        = NEVER,
		[HKI_EVENT_READY]             = STAY,
		[HKI_EVENT_UNHEALTHY]         = STAY,
		[HKI_EVENT_OVER_MEMORY]       = STAY,
		[HKI_EVENT_TIMER]             = STAY,
	},
	[HK_SERVICE_STATE_FAILED] = {
		[HKI_EVENT_START]             = GO(WAITING, FRESH),
		[HKI_EVENT_STOP]              = STAY,
		[HKI_EVENT_KILL]              = STAY,
		[HKI_EVENT_RESTART]           = GO(WAITING, FRESH),
		[HKI_EVENT_DEPENDENCIES_MET]  = STAY,
		[HKI_EVENT_DEPENDENCY_FAILED] = STAY,
		[HKI_EVENT_STARTED]           = NEVER,
		[HKI_EVENT_EXIT_DONE]         = NEVER,
		[HKI_EVENT_EXIT_FAILED]       = NEVER,
		[HKI_EVENT_EXIT_RETRY]        = NEVER,
		[HKI_EVENT_READY]             = STAY,
		[HKI_EVENT_UNHEALTHY]         = STAY,
		[HKI_EVENT_OVER_MEMORY]       = STAY,
		[HKI_EVENT_TIMER]             = STAY,
	},
};
/* clang-format on */

hki_machine_step hki_machine_next(hk_service_state state, hki_machine_event event)
{
	hki_machine_step step;

	hki_assert((unsigned int) state < HK_SERVICE_STATE_COUNT);
	hki_assert((unsigned int) event < HKI_EVENT_COUNT);
	step = table[state][event];
	if (step.verdict != HKI_CELL_TAKEN)
		step.next = state;
	return step;
}

bool hki_machine_has_process(hk_service_state state)
{
	switch (state) {
	case HK_SERVICE_STATE_STARTING:
	case HK_SERVICE_STATE_RUNNING:
	case HK_SERVICE_STATE_READY:
	case HK_SERVICE_STATE_STOPPING:
	case HK_SERVICE_STATE_RESTARTING:
	case HK_SERVICE_STATE_RECYCLING:
		return true;
	default:
		return false;
	}
}

bool hki_machine_is_over(hk_service_state state)
{
	return state == HK_SERVICE_STATE_STOPPED || state == HK_SERVICE_STATE_COMPLETED ||
	       state == HK_SERVICE_STATE_FAILED;
}

const char *hk_service_state_name(unsigned int state)
{
	static const char *const names[] = { "stopped", "waiting", "starting", "running",
		"ready", "stopping", "restarting", "recycling", "backoff", "completed",
		"failed" };

	return state < HKI_COUNT(names) ? names[state] : NULL;
}

const char *hki_machine_event_name(unsigned int event)
{
	static const char *const names[] = { "start", "stop", "kill", "restart",
		"dependencies-met", "dependency-failed", "started", "exit-done",
		"exit-failed", "exit-retry", "ready", "unhealthy", "over-memory",
		"timer" };

	return event < HKI_COUNT(names) ? names[event] : NULL;
}
