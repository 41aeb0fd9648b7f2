#include "service/service_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"

/*
 * One supervised program.  Events come in, the table says what they mean, and
 * the actions it names are carried out here; nothing else in this folder
 * decides what happens next.
 */

/* How long a restart may wait for the last words of a program whose output is stuck. */
#define LAST_WORDS_NS (50 * HKI_NS_PER_MS)

static void after_end(hki_instance *instance);

/* One that is not running yet cannot be signalled: its start is given up, and the
 * spawner ends it when it comes, even if that exec hangs for an hour. */
static void kill_process(hki_instance *instance)
{
	hk_process *process = instance->process;

	if (process == NULL || instance->ending)
		return;
	if (hk_process_get_state(process) == HK_PROCESS_STARTING) {
		memset(&instance->how, 0, sizeof(instance->how));
		instance->how.end = HK_END_UNKNOWN;
		instance->how.step = "";
		instance->ended_ns = hki_clock_monotonic_ns();
		after_end(instance);
	} else if (hk_process_kill_tree(process, SIGKILL) < 0) {
		return; /* its end is on the way */
	}
}

static void stop_process(hki_instance *instance)
{
	hk_process *process = instance->process;

	if (process == NULL || instance->ending ||
	    hk_process_get_state(process) == HK_PROCESS_STARTING)
		return; /* the table asks again when it has started */
	if (hk_process_stop(process) < 0)
		return; /* its end is on the way */
}

static uint64_t healthy_ns(const hki_instance *instance, uint64_t at)
{
	return instance->ready_ns != 0 && instance->ready_ns < at
		   ? at - instance->ready_ns
		   : 0;
}

/* Ask the policy what this end means. */
static hki_machine_event judge_end(hki_instance *instance)
{
	static const hki_machine_event events[] = {
		[HKI_POLICY_DONE] = HKI_EVENT_EXIT_DONE,
		[HKI_POLICY_FAILED] = HKI_EVENT_EXIT_FAILED,
		[HKI_POLICY_RETRY] = HKI_EVENT_EXIT_RETRY,
	};
	const hki_policy *policy = &instance->service->description.policy;
	uint64_t at = instance->ended_ns;
	bool success = hki_policy_is_success(policy, &instance->how, instance->recycled);

	/* Ends that were asked for say nothing about the program. */
	if (instance->state == HK_SERVICE_STATE_STOPPING ||
	    instance->state == HK_SERVICE_STATE_RESTARTING)
		return HKI_EVENT_EXIT_DONE;
	instance->answer = hki_policy_ended(policy, &instance->policy, success,
	    instance->recycled, healthy_ns(instance, at), at);
	return events[instance->answer.verdict];
}

static void forget_process(hki_instance *instance)
{
	hk_process_free(hki_take(instance->process));
	instance->recycled = false;
	instance->ending = false;
	instance->status[0] = '\0';
}

static void after_end(hki_instance *instance)
{
	hk_service_set *set = instance->service->set;
	hki_machine_event event = judge_end(instance);

	instance->ended_before = true;
	forget_process(instance);
	if (instance->answer.limited && event != HKI_EVENT_EXIT_DONE) {
		hki_event_emit(set, HK_SERVICE_EVENT_LIMITED, instance, NULL);
		instance->answer.limited = false;
	}
	if (!set->freed)
		hki_instance_feed(instance, event);
	instance->started_ns = instance->ready_ns = 0;
}

static void last_words_read(hk_log_stream *stream, void *user)
{
	hki_instance *instance = user;
	hk_service_set *set = instance->service->set;

	(void) stream;
	hki_set_enter(set);
	if (instance->ending)
		after_end(instance);
	hki_set_leave(set);
}

/* What the step was about, if it has a name.  NULL: the step says it all. */
static const char *subject_of(const hk_process_opts *process, const char *step)
{
	if (strcmp(step, "exec") == 0)
		return process->file != NULL ? process->file : process->argv[0];
	return strcmp(step, "cwd") == 0 ? process->cwd : NULL;
}

static void note_failed_start(hki_instance *instance, const hk_process_exit *how)
{
	const char *subject =
	    subject_of(&instance->service->description.process, how->step);

	if (subject != NULL)
		(void) snprintf(instance->failure, sizeof(instance->failure),
		    "%s: '%.300s': %s (%s)", how->step, subject,
		    hk_error_text(how->error), hk_error_name(how->error));
	else
		(void) snprintf(instance->failure, sizeof(instance->failure),
		    "%s: %s (%s)", how->step, hk_error_text(how->error),
		    hk_error_name(how->error));
}

/* What it printed is told before its end.  It is in the pipe already, so that takes a
 * moment, and no more than LAST_WORDS_NS. */
void hki_instance_ended(hk_process *process, const hk_process_exit *how, void *user)
{
	hki_instance *instance = user;
	hk_service_set *set = instance->service->set;
	hk_log_stream *stream = instance->error != NULL ? instance->error : instance->out;

	hki_set_enter(set);
	instance->id = hk_process_identity(process);
	instance->how = *how;
	instance->ended_ns = hki_clock_monotonic_ns();
	hki_project_ended(set->opts.project, &instance->id);
	if (how->end == HK_END_FAILED)
		note_failed_start(instance, how);
	instance->ending = true;
	hki_instance_end_checks(instance);
	if (how->end == HK_END_FAILED || stream == NULL ||
	    hk_log_stream_flush(stream, LAST_WORDS_NS, last_words_read, instance) < 0)
		after_end(instance);
	hki_set_leave(set);
}

static void begin(hki_instance *instance)
{
	int r;

	instance->failure[0] = '\0';
	instance->unhealthy = false;
	instance->memory_bytes = 0;
	r = hki_instance_start(instance);
	if (r >= 0)
		return;
	memset(&instance->how, 0, sizeof(instance->how));
	instance->how.end = HK_END_FAILED;
	instance->how.error = r;
	instance->how.step = "";
	instance->ended_ns = hki_clock_monotonic_ns();
	after_end(instance);
}

static void begin_checks(hki_instance *instance)
{
	int r = hki_instance_begin_checks(instance);

	if (r < 0)
		hki_instance_unhealthy(NULL, hk_error_text(r), instance);
}

/* The pause counts from the end itself, not from when its last words were read. */
static uint64_t pause_left(const hki_instance *instance)
{
	uint64_t gone = hki_clock_monotonic_ns() - instance->ended_ns;

	return gone < instance->answer.delay_ns ? instance->answer.delay_ns - gone : 0;
}

static void act(hki_instance *instance, unsigned int actions)
{
	if (actions & HKI_ACT_CANCEL_TIMER)
		hk_timer_stop(instance->timer);
	if (actions & HKI_ACT_END_HEALTH)
		hki_instance_end_checks(instance);
	if (actions & HKI_ACT_RESET_POLICY) {
		hki_policy_memory_reset(&instance->policy);
		instance->restarts = 0;
	}
	if (actions & HKI_ACT_STOP)
		stop_process(instance);
	if (actions & HKI_ACT_KILL)
		kill_process(instance);
	if (actions & HKI_ACT_ARM_TIMER)
		hk_timer_set(instance->timer, pause_left(instance), 0);
	if (actions & HKI_ACT_SPAWN)
		begin(instance);
	if (actions & HKI_ACT_BEGIN_HEALTH)
		begin_checks(instance);
}

/* At rest it holds no descriptors; what is in the pipes is still carried out. */
static void close_streams(hki_instance *instance)
{
	hk_log_stream_free(hki_take(instance->out));
	hk_log_stream_free(hki_take(instance->error));
	hki_closep(&instance->notify_fd);
	instance->notify_fd = -1;
}

void hki_instance_feed(hki_instance *instance, hki_machine_event event)
{
	hk_service_set *set = instance->service->set;
	hk_service_state before = instance->state;
	hki_machine_step step = hki_machine_next(before, event);

	if (step.verdict != HKI_CELL_TAKEN)
		return;
	instance->state = step.next;
	set->changed = true;
	if (!hki_machine_is_over(step.next))
		set->running = true;
	if (step.next == HK_SERVICE_STATE_RUNNING || step.next == HK_SERVICE_STATE_READY)
		instance->ever_started = true;
	if (step.next == HK_SERVICE_STATE_READY)
		instance->ready_ns = hki_clock_monotonic_ns();
	if (step.next == HK_SERVICE_STATE_STARTING && before == HK_SERVICE_STATE_BACKOFF)
		instance->restarts++;
	if (step.next != before)
		hki_event_emit_state(instance);
	if (!set->freed)
		act(instance, step.actions);
	if (hki_machine_is_over(instance->state))
		close_streams(instance);
}

void hki_instance_give_up(hki_instance *instance, const char *why)
{
	(void) snprintf(instance->failure, sizeof(instance->failure), "%s", why);
	hki_instance_feed(instance, HKI_EVENT_DEPENDENCY_FAILED);
}

/* A weaker promise than the best is said, once. */
static void tell_level(hk_service_set *set, const hk_process *process)
{
	if (set->told_walk || hk_process_get_tree(process) != HK_TREE_WALK)
		return;
	set->told_walk = true;
	hki_event_emit(set, HK_SERVICE_EVENT_NOTE, NULL,
	    "no cgroup can be made here and no reaper runs: a program that leaves its "
	    "tree is not found when its service ends");
}

void hki_instance_started(hk_process *process, void *user)
{
	hki_instance *instance = user;
	hk_service_set *set = instance->service->set;

	hki_set_enter(set);
	instance->id = hk_process_identity(process);
	instance->started_ns = hki_clock_monotonic_ns();
	instance->ready_ns = 0;
	instance->start_time_s = (double) hki_clock_real_ns() / 1e9;
	hki_project_started(set->opts.project, &instance->id,
	    instance->service->description.name, instance->number,
	    hk_process_get_cgroup(process));
	tell_level(set, process);
	hki_instance_feed(instance, HKI_EVENT_STARTED);
	hki_set_leave(set);
}

void hki_instance_ready(hki_health *health, void *user)
{
	hki_instance *instance = user;
	hk_service_set *set = instance->service->set;

	(void) health;
	hki_set_enter(set);
	hki_instance_feed(instance, HKI_EVENT_READY);
	hki_set_leave(set);
}

/* A service that is never to be restarted is left alone when it is unhealthy, too;
 * those who wait for it learn that it will not get better. */
void hki_instance_unhealthy(hki_health *health, const char *why, void *user)
{
	hki_instance *instance = user;
	hk_service_set *set = instance->service->set;
	bool leave_alone =
	    instance->service->description.policy.restart == HK_SERVICE_RESTART_NO;

	(void) health;
	hki_set_enter(set);
	hki_event_emit(set, HK_SERVICE_EVENT_UNHEALTHY, instance, why);
	instance->unhealthy = true;
	set->changed = true;
	if (!set->freed && !leave_alone) {
		instance->recycled = true;
		hki_instance_feed(instance, HKI_EVENT_UNHEALTHY);
	}
	hki_set_leave(set);
}

void hki_instance_status(hki_health *health, const char *text, void *user)
{
	hki_instance *instance = user;
	hk_service_set *set = instance->service->set;

	(void) health;
	hki_set_enter(set);
	(void) snprintf(instance->status, sizeof(instance->status), "%s", text);
	hki_event_emit(set, HK_SERVICE_EVENT_STATUS, instance, text);
	hki_set_leave(set);
}

void hki_instance_memory(uint64_t bytes, void *user)
{
	hki_instance *instance = user;
	hk_service_set *set = instance->service->set;

	hki_set_enter(set);
	instance->memory_bytes = bytes;
	if (bytes > instance->service->description.memory_restart_bytes) {
		hki_event_emit(set, HK_SERVICE_EVENT_MEMORY, instance, NULL);
		if (!set->freed) {
			instance->recycled = true;
			hki_instance_feed(instance, HKI_EVENT_OVER_MEMORY);
		}
	}
	hki_set_leave(set);
}

static void pause_over(hk_timer *timer, void *user)
{
	hki_instance *instance = user;
	hk_service_set *set = instance->service->set;

	(void) timer;
	hki_set_enter(set);
	hki_instance_feed(instance, HKI_EVENT_TIMER);
	hki_set_leave(set);
}

/* ---- life ---- */

static void instance_freep(hki_instance **instance)
{
	hki_instance_free(*instance);
}

int hki_instance_new(hki_instance **out, hki_service *service, uint32_t number)
{
	hki_cleanup(instance_freep) hki_instance *instance =
	    hki_zalloc(sizeof(*instance));
	hk_service_set *set = service->set;
	hk_timer_opts timer = HK_TIMER_OPTS_INIT;
	int r;

	if (instance == NULL)
		return -ENOMEM;
	instance->service = service;
	instance->number = number;
	instance->notify_fd = -1;
	/* Made now, so that pausing later needs no memory. */
	timer.fn = pause_over;
	timer.user = instance;
	r = hk_timer_start(&instance->timer, set->loop, &timer);
	if (r < 0)
		return r;
	hk_timer_stop(instance->timer);
	r = hki_policy_memory_init(&instance->policy, &service->description.policy,
	    hki_random_next(&set->random));
	if (r < 0)
		return r;
	*out = hki_take(instance);
	return 0;
}

void hki_instance_free(hki_instance *instance)
{
	if (instance == NULL)
		return;
	hki_instance_end_checks(instance);
	hk_process_free(instance->process);
	hk_timer_free(instance->timer);
	close_streams(instance);
	hki_policy_memory_deinit(&instance->policy);
	hki_free(instance);
}
