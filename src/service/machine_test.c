#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/random.h"
#include "service/machine.h"

/*
 * The table is checked from three sides: each cell against the rules it must
 * keep, the paths that people rely on, and long random lives of an instance
 * with a model of its process beside it.
 */

static const char *cell_name(unsigned int state, unsigned int event)
{
	static char name[64];

	(void) snprintf(name, sizeof(name), "%s/%s", hk_service_state_name(state),
	    hki_machine_event_name(event));
	return name;
}

static void expect(bool kept, const char *rule, unsigned int state, unsigned int event)
{
	if (!kept)
		fail_msg("cell %s breaks the rule: %s", cell_name(state, event), rule);
}

static void every_state_and_event_has_a_name(void **unused)
{
	(void) unused;
	for (unsigned int state = 0; state < HK_SERVICE_STATE_COUNT; state++)
		assert_non_null(hk_service_state_name(state));
	for (unsigned int event = 0; event < HKI_EVENT_COUNT; event++)
		assert_non_null(hki_machine_event_name(event));
	assert_null(hk_service_state_name(HK_SERVICE_STATE_COUNT));
	assert_null(hki_machine_event_name(HKI_EVENT_COUNT));
}

static bool is_exit(unsigned int event)
{
	return event == HKI_EVENT_EXIT_DONE || event == HKI_EVENT_EXIT_FAILED ||
	       event == HKI_EVENT_EXIT_RETRY;
}

static void check_cell(hk_service_state state, hki_machine_event event)
{
	hki_machine_step step = hki_machine_next(state, event);
	bool had = hki_machine_has_process(state);
	bool has = hki_machine_has_process(step.next);
	bool spawns = (step.actions & HKI_ACT_SPAWN) != 0;

	expect(step.next < HK_SERVICE_STATE_COUNT, "the next state exists", state, event);
	if (step.verdict != HKI_CELL_TAKEN) {
		expect(step.next == state && step.actions == 0,
		    "an event not taken changes nothing", state, event);
	}
	expect(!spawns || (!had && step.next == HK_SERVICE_STATE_STARTING),
	    "only a state without a process starts one", state, event);
	expect(
	    had || !has || spawns, "a process appears only by starting it", state, event);
	expect(!had || has || is_exit(event), "a process is gone only when it has ended",
	    state, event);
	expect(!is_exit(event) || had == (step.verdict == HKI_CELL_TAKEN),
	    "an end is taken exactly where there is a process", state, event);
	expect(!is_exit(event) || !has, "after an end there is no process", state, event);
	expect((step.actions & (HKI_ACT_STOP | HKI_ACT_KILL)) == 0 || has,
	    "only a process is signalled", state, event);
	expect((step.next == HK_SERVICE_STATE_BACKOFF && state != step.next) ==
		   ((step.actions & HKI_ACT_ARM_TIMER) != 0),
	    "the pause is armed exactly on the way into backoff", state, event);
	expect(state != HK_SERVICE_STATE_BACKOFF || step.next == state ||
		   event == HKI_EVENT_TIMER || (step.actions & HKI_ACT_CANCEL_TIMER) != 0,
	    "leaving a pause early disarms it", state, event);
	expect((step.next == HK_SERVICE_STATE_WAITING && state != step.next) ==
		   ((step.actions & HKI_ACT_CHECK_DEPENDENCIES) != 0),
	    "dependencies are looked at exactly on the way into waiting", state, event);
	expect(!(state == HK_SERVICE_STATE_RUNNING || state == HK_SERVICE_STATE_READY) ||
		   step.next == state || step.next == HK_SERVICE_STATE_READY ||
		   (step.actions & HKI_ACT_END_HEALTH) != 0,
	    "leaving a running state ends the checks", state, event);
}

static void every_cell_keeps_the_rules(void **unused)
{
	(void) unused;
	for (unsigned int state = 0; state < HK_SERVICE_STATE_COUNT; state++)
		for (unsigned int event = 0; event < HKI_EVENT_COUNT; event++)
			check_cell(state, event);
}

static void stop_and_kill_lead_to_rest_from_everywhere(void **unused)
{
	(void) unused;
	for (unsigned int s = 0; s < HK_SERVICE_STATE_COUNT; s++) {
		for (unsigned int event = HKI_EVENT_STOP; event <= HKI_EVENT_KILL;
		     event++) {
			hk_service_state state = s;

			state = hki_machine_next(state, event).next;
			if (hki_machine_has_process(state)) {
				expect(state == HK_SERVICE_STATE_STOPPING,
				    "a running one is stopping", s, event);
				state =
				    hki_machine_next(state, HKI_EVENT_EXIT_RETRY).next;
				expect(state == HK_SERVICE_STATE_STOPPED,
				    "its end leaves it stopped", s, event);
			}
			expect(hki_machine_is_over(state), "nothing goes on", s, event);
		}
	}
}

/* One cell a line: the paths that documents promise. */
static const struct path {
	hk_service_state from;
	hki_machine_event event;
	hk_service_state to;
	unsigned int actions;
} paths[] = {
	{ HK_SERVICE_STATE_STOPPED, HKI_EVENT_START, HK_SERVICE_STATE_WAITING,
	    HKI_ACT_RESET_POLICY | HKI_ACT_CHECK_DEPENDENCIES },
	{ HK_SERVICE_STATE_WAITING, HKI_EVENT_DEPENDENCIES_MET, HK_SERVICE_STATE_STARTING,
	    HKI_ACT_SPAWN },
	{ HK_SERVICE_STATE_WAITING, HKI_EVENT_DEPENDENCY_FAILED, HK_SERVICE_STATE_FAILED,
	    0 },
	{ HK_SERVICE_STATE_STARTING, HKI_EVENT_STARTED, HK_SERVICE_STATE_RUNNING,
	    HKI_ACT_BEGIN_HEALTH },
	{ HK_SERVICE_STATE_STARTING, HKI_EVENT_STOP, HK_SERVICE_STATE_STOPPING,
	    HKI_ACT_STOP },
	{ HK_SERVICE_STATE_STOPPING, HKI_EVENT_STARTED, HK_SERVICE_STATE_STOPPING,
	    HKI_ACT_STOP },
	{ HK_SERVICE_STATE_RUNNING, HKI_EVENT_READY, HK_SERVICE_STATE_READY, 0 },
	{ HK_SERVICE_STATE_READY, HKI_EVENT_EXIT_DONE, HK_SERVICE_STATE_COMPLETED,
	    HKI_ACT_END_HEALTH },
	{ HK_SERVICE_STATE_READY, HKI_EVENT_EXIT_RETRY, HK_SERVICE_STATE_BACKOFF,
	    HKI_ACT_END_HEALTH | HKI_ACT_ARM_TIMER },
	{ HK_SERVICE_STATE_READY, HKI_EVENT_EXIT_FAILED, HK_SERVICE_STATE_FAILED,
	    HKI_ACT_END_HEALTH },
	{ HK_SERVICE_STATE_READY, HKI_EVENT_UNHEALTHY, HK_SERVICE_STATE_RECYCLING,
	    HKI_ACT_END_HEALTH | HKI_ACT_STOP },
	{ HK_SERVICE_STATE_READY, HKI_EVENT_RESTART, HK_SERVICE_STATE_RESTARTING,
	    HKI_ACT_END_HEALTH | HKI_ACT_STOP },
	{ HK_SERVICE_STATE_RESTARTING, HKI_EVENT_EXIT_FAILED, HK_SERVICE_STATE_WAITING,
	    HKI_ACT_RESET_POLICY | HKI_ACT_CHECK_DEPENDENCIES },
	{ HK_SERVICE_STATE_RECYCLING, HKI_EVENT_EXIT_RETRY, HK_SERVICE_STATE_BACKOFF,
	    HKI_ACT_ARM_TIMER },
	{ HK_SERVICE_STATE_BACKOFF, HKI_EVENT_TIMER, HK_SERVICE_STATE_STARTING,
	    HKI_ACT_SPAWN },
	{ HK_SERVICE_STATE_BACKOFF, HKI_EVENT_STOP, HK_SERVICE_STATE_STOPPED,
	    HKI_ACT_CANCEL_TIMER },
	{ HK_SERVICE_STATE_STOPPING, HKI_EVENT_KILL, HK_SERVICE_STATE_STOPPING,
	    HKI_ACT_KILL },
	{ HK_SERVICE_STATE_STOPPING, HKI_EVENT_START, HK_SERVICE_STATE_RESTARTING, 0 },
};

static void the_promised_paths_are_in_the_table(void **unused)
{
	(void) unused;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		hki_machine_step step = hki_machine_next(paths[i].from, paths[i].event);

		if (step.next != paths[i].to || step.actions != paths[i].actions)
			fail_msg("%s: went to %s with actions %#x, expected %s with %#x",
			    cell_name(paths[i].from, paths[i].event),
			    hk_service_state_name(step.next), step.actions,
			    hk_service_state_name(paths[i].to), paths[i].actions);
	}
}

/* A process as the outside world knows it. */
struct model {
	int processes; /* being started or running */
	bool running;
	bool timer;
	bool health;
};

static void act(struct model *model, unsigned int actions)
{
	if (actions & HKI_ACT_CANCEL_TIMER)
		model->timer = false;
	if (actions & HKI_ACT_END_HEALTH)
		model->health = false;
	if (actions & HKI_ACT_SPAWN)
		model->processes++;
	if (actions & HKI_ACT_BEGIN_HEALTH)
		model->health = true;
	if (actions & HKI_ACT_ARM_TIMER)
		model->timer = true;
}

/* Could the world send this event now? */
static bool possible(const struct model *model, hki_machine_event event)
{
	if (event == HKI_EVENT_STARTED)
		return model->processes > 0 && !model->running;
	if (is_exit(event))
		return model->processes > 0;
	if (event == HKI_EVENT_TIMER)
		return model->timer;
	return true;
}

static void happen(struct model *model, hki_machine_event event)
{
	if (event == HKI_EVENT_STARTED)
		model->running = true;
	if (event == HKI_EVENT_TIMER)
		model->timer = false;
	if (is_exit(event)) {
		model->processes--;
		model->running = false;
	}
}

static void live(hki_random *random, unsigned int steps)
{
	struct model model = { 0 };
	hk_service_state state = HK_SERVICE_STATE_STOPPED;

	for (unsigned int i = 0; i < steps; i++) {
		hki_machine_event event = hki_random_next(random) % HKI_EVENT_COUNT;
		hki_machine_step step;

		if (!possible(&model, event))
			continue;
		step = hki_machine_next(state, event);
		expect(step.verdict != HKI_CELL_IMPOSSIBLE,
		    "what can happen is in the table", state, event);
		happen(&model, event);
		act(&model, step.actions);
		expect(model.processes <= 1, "never two processes", state, event);
		expect(hki_machine_has_process(step.next) == (model.processes == 1),
		    "the state knows whether there is a process", state, event);
		expect(model.timer == (step.next == HK_SERVICE_STATE_BACKOFF),
		    "the timer runs in backoff and only there", state, event);
		expect(!model.health || step.next == HK_SERVICE_STATE_RUNNING ||
			   step.next == HK_SERVICE_STATE_READY,
		    "checks run only while the program does", state, event);
		state = step.next;
	}
}

static void random_lives_keep_the_invariants(void **unused)
{
	hki_random random;

	(void) unused;
	hki_random_seed(&random, 20240607);
	for (unsigned int i = 0; i < 2000; i++)
		live(&random, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_and_event_has_a_name),
		cmocka_unit_test(every_cell_keeps_the_rules),
		cmocka_unit_test(stop_and_kill_lead_to_rest_from_everywhere),
		cmocka_unit_test(the_promised_paths_are_in_the_table),
		cmocka_unit_test(random_lives_keep_the_invariants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
