#ifndef HKI_SERVICE_INTERNAL_H
#define HKI_SERVICE_INTERNAL_H

#include <hostkit/service.h>
#include "base/envelope.h"
#include "base/list.h"
#include "base/map.h"
#include "base/random.h"
#include "loop/loop_internal.h"
#include "loop/offload.h"
#include "service/describe.h"
#include "service/health.h"
#include "service/machine.h"
#include "service/memory.h"
#include "service/order.h"
#include "service/policy.h"
#include "service/state.h"

/*
 * A set is services, a service is instances, an instance is at most one
 * process.  Everything belongs to the loop's thread.
 *
 * Whoever comes in from outside (a call of the API, a callback of a process, a
 * timer, a check) enters the set and leaves it again.  Leaving for the last time
 * looks at what has become possible (dependencies met, the next to stop, all
 * ended), and releases the set if it was freed meanwhile.  So no frame of ours
 * ever works on memory that a user's callback has freed.
 */
typedef struct hki_service hki_service;
typedef struct hki_instance hki_instance;

struct hki_instance {
	hki_service *service;
	uint32_t number; /* from 1 */
	hk_service_state state;
	bool over_scale; /* to be removed once it is over */
	bool recycled;   /* it was asked to end for being sick */
	bool unhealthy;  /* and its policy is to leave it alone */
	bool ending;     /* its process has ended; its last words are being read */
	bool ever_started;

	hk_process *process; /* NULL: none */
	hk_timer *timer;     /* the pause before the next start; exists from the start */
	hki_health *health;
	hki_memory *memory;
	int notify_fd; /* with HK_SERVICE_HEALTH_NOTIFY, kept over restarts; else -1 */
	char notify_name[HKI_NOTIFY_NAME_MAX];
	hk_log_stream *out;   /* kept over restarts */
	hk_log_stream *error; /* only if stderr is apart */

	hki_policy_memory policy;
	hki_policy_answer answer; /* to the last end */
	uint32_t restarts;
	uint64_t started_ns; /* CLOCK_MONOTONIC; 0: not now */
	uint64_t ready_ns;
	uint64_t ended_ns; /* of the last end */
	double start_time_s;
	uint64_t printed_before; /* by earlier runs, to the stream of last words */
	hk_process_id id;        /* of the last process */
	hk_process_exit how;     /* how it ended */
	bool ended_before;       /* how says something */
	char failure[400];       /* why it could not be started, or "" */
	char status[200];        /* what it says about itself */
	uint64_t memory_bytes;   /* last seen, 0: not yet */
};

struct hki_service {
	hki_list node; /* in set->services */
	hk_service_set *set;
	hki_description description;
	size_t index; /* in set->services */
	hki_instance **instances;
	size_t instance_count;
	bool wanted; /* it was started and not stopped by request */
	hk_log_sink *log;
	hk_log_sink *error_log;
};

struct hk_service_set {
	hki_loop_member member;
	hk_loop *loop;
	unsigned int depth; /* frames of ours that are inside */
	bool freed;
	bool changed; /* something may have become possible */

	hk_service_set_opts opts;
	hk_log *log;
	bool own_log;
	hk_process_spawner *spawner;
	bool own_spawner;
	hki_offload *offload; /* made when something needs it */
	hki_envelope envelope;
	hki_random random;

	hki_list services;
	size_t service_count;
	hki_name_map by_name;
	hki_order *order;      /* of the services there are; NULL: not known */
	hki_service **indexed; /* the services by index, with order */
	bool running;          /* something was started and not all has ended */
	bool stopping;         /* everything is to end, in order */
	bool told_walk;        /* that trees cannot be followed all the way */
};

/* set.c */
void hki_set_enter(hk_service_set *set);
void hki_set_leave(hk_service_set *set);
/* The set's helper threads, made when first needed.  0 or a negative errno. */
int hki_set_offload(hk_service_set *set);

/* progress.c: what has become possible */
void hki_set_progress(hk_service_set *set);
/* Names and dependencies are right, and their order is known.  0, -ENOENT, -ELOOP, -ENOMEM. */
int hki_set_find_order(hk_service_set *set, hk_error_list *errors);

/* service.c */
int hki_service_new(hki_service **out, hk_service_set *set, const hk_service_opts *opts,
    hk_error_list *errors);
void hki_service_free(hki_service *service);
int hki_service_resize(hki_service *service, uint32_t scale);
void hki_service_feed(hki_service *service, hki_machine_event event);
bool hki_service_is_over(const hki_service *service);
/* Remove the instances that are too many and over. */
void hki_service_trim(hki_service *service);

/* instance.c */
int hki_instance_new(hki_instance **out, hki_service *service, uint32_t number);
void hki_instance_free(hki_instance *instance);
/* Something happened to it. */
void hki_instance_feed(hki_instance *instance, hki_machine_event event);
/* It waits for something that will never come. */
void hki_instance_give_up(hki_instance *instance, const char *why);

/* start.c */
/* Hand the program to the spawner.  0 or a negative errno with instance->failure set. */
int hki_instance_start(hki_instance *instance);
/* Streams, health checks and memory watch of a program that runs. */
int hki_instance_begin_checks(hki_instance *instance);
void hki_instance_end_checks(hki_instance *instance);
/* Callbacks of the process. */
void hki_instance_started(hk_process *process, void *user);
void hki_instance_ended(hk_process *process, const hk_process_exit *how, void *user);
/* Callbacks of checks. */
void hki_instance_ready(hki_health *health, void *user);
void hki_instance_unhealthy(hki_health *health, const char *why, void *user);
void hki_instance_status(hki_health *health, const char *text, void *user);
void hki_instance_memory(uint64_t bytes, void *user);

/* belongs.c */
/* Is @pid of the tree of the instance @user? */
bool hki_instance_owns(pid_t pid, void *user);

/* event.c */
/* Tell what happened.  @text may be NULL. */
void hki_event_emit(hk_service_set *set, hk_service_event_kind kind,
    const hki_instance *instance, const char *text);
/* What the last end looked like, with its last lines of output. */
void hki_event_emit_state(hki_instance *instance);

#endif /* HKI_SERVICE_INTERNAL_H */
