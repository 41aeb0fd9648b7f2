/*
 * From the operands of `kill` to identified processes.  A bare PID is pinned to
 * who has it now, in this instant; PID@START:INODE, as `run --detach` printed it,
 * to who had it then, however often the number was given away since.
 */
#include "kill.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/alloc.h"
#include "exit.h"
#include "output/fail.h"
#include "port.h"

enum { TARGET, PID, IDENTITY, NAME, RESULT, PROCESSES, ERROR, FIELD_COUNT };

static const char *const results[] = {
	[KILL_SIGNALLED] = "signalled",
	[KILL_ENDED] = "ended",
	[KILL_RUNNING] = "running",
	[KILL_ABSENT] = "absent",
	[KILL_DENIED] = "denied",
	[KILL_FAILED] = "failed",
	NULL,
};

static const hk_record_field fields[] = {
	[TARGET] = { .name = "target",
	    .help = "as it was named",
	    .kind = HK_RECORD_STRING,
	    .priority = 2,
	    .offset = offsetof(kill_target, target) },
	[PID] = { .name = "pid",
	    .help = "its process id",
	    .kind = HK_RECORD_INT64,
	    .unit = HK_UNIT_IDENTIFIER,
	    .offset = offsetof(kill_target, pid) },
	[IDENTITY] = { .name = "identity",
	    .help = "PID@START:INODE, which never names another process",
	    .kind = HK_RECORD_STRING,
	    .priority = 3,
	    .offset = offsetof(kill_target, identity) },
	[NAME] = { .name = "name",
	    .help = "its name",
	    .kind = HK_RECORD_STRING,
	    .priority = 1,
	    .offset = offsetof(kill_target, name) },
	[RESULT] = { .name = "result",
	    .help = "what became of it",
	    .kind = HK_RECORD_ENUM,
	    .offset = offsetof(kill_target, result),
	    .names = results },
	[PROCESSES] = { .name = "processes",
	    .help = "how many processes of its tree were signalled",
	    .kind = HK_RECORD_UINT32,
	    .priority = 4,
	    .offset = offsetof(kill_target, processes) },
	[ERROR] = { .name = "error",
	    .help = "why it could not be done",
	    .kind = HK_RECORD_STRING,
	    .priority = 5,
	    .offset = offsetof(kill_target, error) },
};

const hk_record_type kill_target_type = {
	.name = "kill",
	.fields = fields,
	.field_count = FIELD_COUNT,
	.struct_size = sizeof(kill_target),
};

void kill_target_note(kill_target *target, kill_result result, int error)
{
	target->result = (int32_t) result;
	hk_record_set(&target->record, RESULT);
	target->error_code = error;
	if (error < 0) {
		target->error = hk_error_text(error);
		hk_record_set(&target->record, ERROR);
	}
	if (target->processes > 0)
		hk_record_set(&target->record, PROCESSES);
}

/*
 * Name and state from /proc/PID/stat: "PID (NAME) STATE …", where the name may hold
 * anything.  Returns false when it has ended and only waits for its parent.
 */
static bool read_stat(kill_target *target)
{
	char path[64], text[512];
	const char *open, *close;
	size_t length = 0;
	FILE *file;

	(void) snprintf(
	    path, sizeof(path), "/proc/%lld/stat", (long long) target->id.pid);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	length = fread(text, 1, sizeof(text) - 1, file);
	(void) fclose(file);
	text[length] = '\0';
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (open == NULL || close == NULL || close < open)
		return true;
	(void) snprintf(target->name_text, sizeof(target->name_text), "%.*s",
	    (int) (close - open - 1), open + 1);
	hk_record_set(&target->record, NAME);
	return strncmp(close, ") Z", 3) != 0 && strncmp(close, ") X", 3) != 0;
}

/* One more row.  Texts inside a row move with the array; kill_targets_find() points at them. */
static kill_target *add(kill_targets *targets, const char *word)
{
	kill_target *items =
	    hki_realloc_array(targets->items, targets->count + 1, sizeof(kill_target));
	kill_target *target;

	if (items == NULL)
		return NULL;
	targets->items = items;
	target = &items[targets->count++];
	memset(target, 0, sizeof(*target));
	target->target = word;
	hk_record_set(&target->record, TARGET);
	return target;
}

static int add_absent(
    kill_targets *targets, const char *word, kill_result result, int error)
{
	kill_target *target = add(targets, word);

	if (target == NULL)
		return -ENOMEM;
	kill_target_note(target, result, error);
	return 0;
}

static int add_identity(kill_targets *targets, const char *word, const hk_process_id *id)
{
	kill_target *target = add(targets, word);

	if (target == NULL)
		return -ENOMEM;
	target->id = *id;
	if (!read_stat(target)) {
		targets->count--;
		return add_absent(targets, word, KILL_ABSENT, -ESRCH);
	}
	target->pid = id->pid;
	hk_process_id_format(target->identity_text, sizeof(target->identity_text), id);
	hk_record_set(&target->record, PID);
	hk_record_set(&target->record, IDENTITY);
	return 0;
}

static int add_port(kill_targets *targets, const char *word, const cmd_port *port)
{
	cmd_port_holders holders;
	int r = cmd_port_find(&holders, port);

	if (r < 0)
		return add_absent(targets, word, KILL_FAILED, r);
	for (size_t i = 0; r == 0 && i < holders.count; i++)
		r = add_identity(targets, word, &holders.items[i]);
	if (holders.count == 0 && holders.sockets > 0 && holders.denied > 0)
		r = add_absent(targets, word, KILL_DENIED, -EACCES);
	else if (holders.count == 0)
		r = add_absent(targets, word, KILL_ABSENT, -ESRCH);
	cmd_port_holders_deinit(&holders);
	return r;
}

/* Does @now hold what @wanted says?  Parts that are 0 match anything. */
static bool matches(const hk_process_id *now, const hk_process_id *wanted)
{
	return (wanted->start_ticks == 0 || wanted->start_ticks == now->start_ticks) &&
	       (wanted->inode == 0 || now->inode == 0 || wanted->inode == now->inode);
}

static int add_process(
    kill_targets *targets, const char *word, const hk_process_id *wanted)
{
	hk_process_id now;
	int r = hk_process_id_read(&now, (pid_t) wanted->pid);

	if (r == 0 && !matches(&now, wanted))
		r = -ESRCH;
	if (r < 0)
		return add_absent(
		    targets, word, r == -ESRCH ? KILL_ABSENT : KILL_FAILED, r);
	return add_identity(targets, word, &now);
}

static int fail_word(const cmd_call *call, const char *word)
{
	const char *hint = word[0] == ':'
			       ? "write :8080, :8080/tcp or :8080/udp"
			       : "name a process by PID or PID@START:INODE, or a port "
				 "as :8080";

	return cmd_fail(
	    &call->output, CMD_EXIT_USAGE, 0, hint, "'%s' names no process", word);
}

static int add_word(kill_targets *targets, const cmd_call *call, const char *word)
{
	hk_process_id id;
	cmd_port port;
	int r;

	if (cmd_port_parse(&port, word) == 0)
		r = add_port(targets, word, &port);
	else if (hk_process_id_parse(&id, word) == 0 && id.pid > 0)
		r = add_process(targets, word, &id);
	else
		return fail_word(call, word);
	return r < 0 ? cmd_fail(&call->output, CMD_EXIT_FAILED, r, NULL,
			   "cannot look for '%s'", word)
		     : 0;
}

int kill_targets_find(kill_targets *out, const cmd_call *call)
{
	kill_targets targets = { NULL, 0 };

	for (int i = 0; i < call->operand_count; i++) {
		int status = add_word(&targets, call, call->operands[i]);

		if (status != 0) {
			kill_targets_deinit(&targets);
			return status;
		}
	}
	for (size_t i = 0; i < targets.count; i++) {
		targets.items[i].identity = targets.items[i].identity_text;
		targets.items[i].name = targets.items[i].name_text;
	}
	*out = targets;
	return 0;
}

void kill_targets_deinit(kill_targets *targets)
{
	hki_free(targets->items);
	*targets = (kill_targets){ NULL, 0 };
}
