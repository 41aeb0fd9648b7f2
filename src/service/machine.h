#ifndef HKI_SERVICE_MACHINE_H
#define HKI_SERVICE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <hostkit/service.h>

/*
 * The life of one instance, as a table: (state, event) -> (next state, actions).
 * Nothing here waits, allocates or knows the time; whoever feeds events carries
 * the actions out.
 */
typedef enum hki_machine_event {
	/* people and dependencies */
	HKI_EVENT_START,
	HKI_EVENT_STOP,
	HKI_EVENT_KILL,
	HKI_EVENT_RESTART,
	HKI_EVENT_DEPENDENCIES_MET,
	HKI_EVENT_DEPENDENCY_FAILED,
	/* the process */
	HKI_EVENT_STARTED,     /* the program runs */
	HKI_EVENT_EXIT_DONE,   /* it has ended and the policy says: that was it */
	HKI_EVENT_EXIT_FAILED, /* … or was never started; the policy gives up */
	HKI_EVENT_EXIT_RETRY,  /* … and the policy wants it started again, later */
	/* watching it */
	HKI_EVENT_READY,
	HKI_EVENT_UNHEALTHY,
	HKI_EVENT_OVER_MEMORY,
	HKI_EVENT_TIMER, /* the pause is over */
	HKI_EVENT_COUNT
} hki_machine_event;

/* What to do, in the order of the bits. */
enum {
	HKI_ACT_CANCEL_TIMER = 1 << 0,
	HKI_ACT_END_HEALTH = 1 << 1, /* stop the checks */
	HKI_ACT_SPAWN = 1 << 2,
	HKI_ACT_BEGIN_HEALTH =
	    1 << 3,            /* start the checks; without any it is ready at once */
	HKI_ACT_STOP = 1 << 4, /* begin the stop steps */
	HKI_ACT_KILL = 1 << 5, /* end the tree now */
	HKI_ACT_ARM_TIMER = 1 << 6,    /* the pause the policy asked for */
	HKI_ACT_RESET_POLICY = 1 << 7, /* a person started it: forget earlier failures */
	HKI_ACT_CHECK_DEPENDENCIES = 1 << 8
};

/* What a cell says about an event that changes nothing. */
typedef enum hki_machine_verdict {
	HKI_CELL_TAKEN,     /* the event does something */
	HKI_CELL_IGNORED,   /* it may come, and means nothing here */
	HKI_CELL_IMPOSSIBLE /* it cannot come unless we have a bug; does nothing either */
} hki_machine_verdict;

typedef struct hki_machine_step {
	hk_service_state next;
	unsigned int actions;
	hki_machine_verdict verdict;
} hki_machine_step;

hki_machine_step hki_machine_next(hk_service_state state, hki_machine_event event);

/* Has an instance a process, running or about to, in this state? */
bool hki_machine_has_process(hk_service_state state);

/* Is nothing going to happen by itself any more? */
bool hki_machine_is_over(hk_service_state state);

/* "start", "exit-retry" …, or NULL. */
const char *hki_machine_event_name(unsigned int event);

#endif /* HKI_SERVICE_MACHINE_H */
