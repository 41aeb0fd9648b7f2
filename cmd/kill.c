/*
 * `hostkit kill`: signals for processes that cannot be mistaken for others, found
 * by id, by identity or by the port they listen on.
 */
#include "kill.h"
#include <errno.h>
#include <signal.h>
#include "exit.h"
#include "listing.h"
#include "output/document.h"
#include "output/fail.h"
#include "values.h"
#include "verbs.h"

enum { KILL_SIGNAL = 1, KILL_TREE, KILL_WAIT, KILL_LIST };

static void signal_target(kill_target *target, int number, bool tree)
{
	int r;

	if (tree)
		r = hk_process_id_kill_tree(&target->processes, &target->id, number);
	else
		r = hk_process_id_kill(&target->id, number);
	if (r >= 0)
		kill_target_note(target, number == 0 ? KILL_RUNNING : KILL_SIGNALLED, 0);
	else if (r == -ESRCH)
		kill_target_note(target, KILL_ABSENT, r);
	else if (r == -EPERM || r == -EACCES)
		kill_target_note(target, KILL_DENIED, r);
	else
		kill_target_note(target, KILL_FAILED, r);
}

/* One exit code for all targets: theirs if they agree, else "partly done". */
static int exit_code(const kill_targets *targets, int number)
{
	size_t done = 0, absent = 0, denied = 0, late = 0;

	for (size_t i = 0; i < targets->count; i++) {
		int32_t result = targets->items[i].result;

		done += result == KILL_SIGNALLED || result == KILL_ENDED ||
			(result == KILL_RUNNING && number == 0);
		late += result == KILL_RUNNING && number != 0;
		absent += result == KILL_ABSENT;
		denied += result == KILL_DENIED;
	}
	if (done == targets->count)
		return CMD_EXIT_OK;
	if (absent == targets->count)
		return CMD_EXIT_ABSENT;
	if (denied == targets->count)
		return CMD_EXIT_PERMISSION;
	return done + late > 0 ? CMD_EXIT_PARTLY : CMD_EXIT_FAILED;
}

static int print_document(
    const cmd_call *call, const kill_targets *targets, int number, int status)
{
	hk_json_writer *writer = cmd_document_begin(&call->output, "hostkit.kill/1");

	if (writer == NULL)
		return cmd_document_end(&call->output, writer, status);
	if (number != 0) {
		hk_json_write_key(writer, "signal");
		hk_json_write_string(writer, hk_signal_name(number));
	}
	hk_json_write_key(writer, "targets");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < targets->count; i++)
		hk_record_write(writer, &kill_target_type, &targets->items[i]);
	hk_json_write_array_end(writer);
	return cmd_document_end(&call->output, writer, status);
}

static void tell_failures(const cmd_call *call, const kill_targets *targets, int number)
{
	for (size_t i = 0; i < targets->count; i++) {
		const kill_target *target = &targets->items[i];

		if (target->error_code == -ESRCH && target->target[0] == ':')
			(void) cmd_fail(&call->output, CMD_EXIT_ABSENT, 0, NULL,
			    "nobody listens on '%s'", target->target);
		else if (target->error_code < 0)
			(void) cmd_fail(&call->output, CMD_EXIT_FAILED,
			    target->error_code, NULL, "'%s'", target->target);
		else if (target->result == KILL_RUNNING && number != 0)
			(void) cmd_fail(&call->output, CMD_EXIT_PARTLY, 0,
			    "SIGKILL cannot be refused: -s KILL", "'%s' is still running",
			    target->target);
	}
}

static int print(const cmd_call *call, const kill_targets *targets, int number)
{
	const char *columns = cmd_call_value(call, KILL_TREE) != NULL
				  ? "target,pid,name,result,processes"
				  : "target,pid,name,result";
	int status = exit_code(targets, number);
	int r;

	if (call->output.json)
		return print_document(call, targets, number, status);
	r = cmd_listing_print(
	    call, columns, &kill_target_type, targets->items, targets->count);
	tell_failures(call, targets, number);
	return r != 0 ? r : status;
}

static int list_signals(const cmd_call *call)
{
	hk_json_writer *writer = NULL;

	if (call->output.json) {
		writer = cmd_document_begin(&call->output, "hostkit.kill.signals/1");
		if (writer == NULL)
			return cmd_document_end(&call->output, writer, CMD_EXIT_OK);
		hk_json_write_key(writer, "signals");
		hk_json_write_object_begin(writer);
	}
	for (int number = 1; number <= SIGRTMAX; number++) {
		const char *name = hk_signal_name(number);

		if (name == NULL)
			continue;
		if (writer == NULL) {
			printf("%d\t%s\n", number, name);
			continue;
		}
		hk_json_write_key(writer, name);
		hk_json_write_int64(writer, number);
	}
	if (writer == NULL)
		return CMD_EXIT_OK;
	hk_json_write_object_end(writer);
	return cmd_document_end(&call->output, writer, CMD_EXIT_OK);
}

struct kill_options {
	int number;
	bool tree;
	bool list;
	bool wait;
	uint64_t wait_ns;
};

static int read_options(struct kill_options *options, const cmd_call *call)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < call->given_count; i++) {
		const cmd_given *given = &call->given[i];

		switch (given->option->id) {
		case KILL_SIGNAL:
			if (given->value[0] == '0' && given->value[1] == '\0')
				options->number = 0;
			else
				r = cmd_value_signal(&options->number, call, given);
			break;
		case KILL_TREE:
			options->tree = true;
			break;
		case KILL_WAIT:
			options->wait = true;
			r = cmd_value_duration(&options->wait_ns, call, given);
			break;
		case KILL_LIST:
			options->list = true;
			break;
		}
	}
	return r;
}

static int kill_all(const cmd_call *call, const struct kill_options *options)
{
	kill_targets targets;
	int status = cmd_listing_check(call, &kill_target_type);
	int r;

	if (status == 0)
		status = kill_targets_find(&targets, call);

	if (status != 0)
		return status;
	for (size_t i = 0; i < targets.count; i++)
		if (targets.items[i].error_code == 0)
			signal_target(&targets.items[i], options->number, options->tree);
	r = options->wait && options->number != 0
		? kill_wait(&targets, &call->output, options->wait_ns)
		: 0;
	status = r < 0 ? cmd_fail(&call->output, CMD_EXIT_FAILED, r, NULL, "cannot wait")
		       : print(call, &targets, options->number);
	kill_targets_deinit(&targets);
	return status;
}

static int run_kill(const cmd_call *call)
{
	struct kill_options options = { .number = SIGTERM };
	int r = read_options(&options, call);

	if (r != 0)
		return r;
	if (options.list)
		return list_signals(call);
	if (call->operand_count == 0)
		return cmd_fail(&call->output, CMD_EXIT_USAGE, 0,
		    "see hostkit kill --help", "name a process, or a port as :8080");
	return kill_all(call, &options);
}

static const cmd_option options[] = {
	{ .id = KILL_SIGNAL,
	    .letter = 's',
	    .name = "signal",
	    .argument = "SIGNAL",
	    .help = "what to send (TERM); 0 only asks whether it is there",
	    .complete = CMD_COMPLETE_SIGNAL },
	{ .id = KILL_TREE,
	    .letter = 't',
	    .name = "tree",
	    .help = "send it to everything below the process too, held still meanwhile" },
	{ .id = KILL_WAIT,
	    .letter = 'w',
	    .name = "wait",
	    .argument = "TIME",
	    .help = "wait for the end of the processes named, at most this long" },
	{ .id = KILL_LIST,
	    .letter = 'l',
	    .name = "list",
	    .help = "print the names and numbers of all signals" },
	CMD_LISTING_OPTIONS,
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit kill 4711", "asks a process to end (SIGTERM)" },
	{ "hostkit kill --wait 5s 4711 || hostkit kill -s KILL 4711",
	    "asks, waits, and ends it for certain if it does not" },
	{ "hostkit kill :8080", "ends whoever listens on TCP or UDP port 8080" },
	{ "hostkit kill --tree -s KILL 4711@81270:9063",
	    "ends exactly that process, never one that got its number later, and all it "
	    "started" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "every process was signalled, and has ended if that was waited for" },
	{ "2", "the command line is wrong; nobody was signalled" },
	{ "4", "there is no such process, or nobody listens there" },
	{ "6", "not allowed" },
	{ "8", "some were signalled or have ended, others not" },
	{ "9", "it failed otherwise" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_kill = {
	.name = "kill",
	.group = CMD_GROUP_RUN,
	.arguments = "PID[@START[:INODE]]… | :PORT[/tcp|/udp]…",
	.help = "signal processes, by identity or by port",
	.description =
	    "Sends a signal to each process named, and prints what became of it.\n\n"
	    "A process id may be given to another process once its owner has ended. With "
	    "the "
	    "start time and the inode behind it, as hostkit run --detach prints them, a "
	    "name "
	    "means one process for ever; if that one has gone, nobody is signalled.\n\n"
	    ":PORT means every process that holds a socket listening on that port in "
	    "this "
	    "network namespace.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.complete = CMD_COMPLETE_PROCESS,
	.operands_max = CMD_OPERANDS_ANY,
	.run = run_kill,
};
