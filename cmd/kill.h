#ifndef HOSTKIT_CMD_KILL_H
#define HOSTKIT_CMD_KILL_H

#include <hostkit/process.h>
#include "verb.h"

/* What became of one process that was to be signalled. */
typedef enum kill_result {
	KILL_SIGNALLED,
	KILL_ENDED,   /* seen to end, with --wait */
	KILL_RUNNING, /* still there when --wait was over, or asked for with signal 0 */
	KILL_ABSENT,
	KILL_DENIED,
	KILL_FAILED
} kill_result;

typedef struct kill_target {
	hk_record record;
	const char *target; /* as named on the command line.  Borrowed from argv */
	int64_t pid;
	char identity_text[HK_PROCESS_ID_TEXT_MAX];
	const char *identity;
	char name_text[32];
	const char *name;
	int32_t result;     /* kill_result */
	uint32_t processes; /* signalled, with --tree */
	const char *error;
	hk_process_id id;
	int error_code;
	struct kill_wait *wait;
	hk_process *process; /* while waiting for its end */
} kill_target;

extern const hk_record_type kill_target_type;

typedef struct kill_targets {
	kill_target *items;
	size_t count;
} kill_targets;

/*
 * Find out which processes the operands name, and identify them.  A mistake in
 * the words is told before anybody is signalled.  Returns 0 or an exit code.
 */
int kill_targets_find(kill_targets *out, const cmd_call *call);
void kill_targets_deinit(kill_targets *targets);

/* Note what happened to a target. */
void kill_target_note(kill_target *target, kill_result result, int error);

/* Wait until every signalled target has ended, at most @timeout_ns.  0 or a negative errno. */
int kill_wait(kill_targets *targets, const cmd_output *output, uint64_t timeout_ns);

#endif /* HOSTKIT_CMD_KILL_H */
