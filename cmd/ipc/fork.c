/*
 * `hostkit ipc fork`: the row.  See fork.h for the parts.
 */
#include "ipc/fork.h"
#include <errno.h>
#include "base/alloc.h"
#include "exit.h"
#include "output/fail.h"
#include "values.h"
#include "verbs.h"

enum {
	FORK_SERIALIZATION = 1,
	FORK_EXEC_PATH,
	FORK_EXEC_ARG,
	FORK_KEEP_OPEN,
	FORK_COUNT,
	FORK_GRACE
};

static int read_option(
    fork_plan *plan, size_t *exec_args, const cmd_call *call, const cmd_given *given)
{
	int64_t count = 0;
	int word = 0;
	int r;

	switch (given->option->id) {
	case FORK_SERIALIZATION:
		r = cmd_value_word(&word, call, given);
		plan->serialization = word == 1 ? HK_IPC_ADVANCED : HK_IPC_JSON;
		return r;
	case FORK_EXEC_PATH:
		plan->exec_path = given->value;
		return 0;
	case FORK_EXEC_ARG:
		plan->exec_args[(*exec_args)++] = given->value;
		return 0;
	case FORK_KEEP_OPEN:
		plan->keep_open = true;
		return 0;
	case FORK_COUNT:
		r = cmd_value_integer(&count, call, given, 1, INT64_MAX);
		plan->count = (uint64_t) count;
		return r;
	case FORK_GRACE:
		return cmd_value_duration(&plan->grace_ns, call, given);
	default:
		return 0;
	}
}

static int run_fork(const cmd_call *call)
{
	fork_plan plan = { .module = call->operands[0],
		.args = (const char *const *) call->operands + 1 };
	size_t exec_args = 0;
	int r = 0;

	plan.exec_args = hki_zalloc_array(call->given_count + 1, sizeof(*plan.exec_args));
	if (plan.exec_args == NULL)
		return cmd_fail(
		    &call->output, CMD_EXIT_RUN_FAILED, -ENOMEM, NULL, "no start");
	for (size_t i = 0; r == 0 && i < call->given_count; i++)
		r = read_option(&plan, &exec_args, call, &call->given[i]);
	if (r == 0)
		r = fork_act(call, &plan);
	hki_free(plan.exec_args);
	return r;
}

static const cmd_option options[] = {
	{ .id = FORK_SERIALIZATION,
	    .letter = 's',
	    .name = "serialization",
	    .argument = "WORD",
	    .help = "how messages are written between us and the program: json (the "
		    "default), or advanced, which knows Map, Date, BigInt, Buffer …",
	    .values = "json advanced" },
	{ .id = FORK_EXEC_PATH,
	    .letter = 'x',
	    .name = "exec-path",
	    .argument = "NODE",
	    .help = "the program that runs MODULE (node)",
	    .complete = CMD_COMPLETE_FILE },
	{ .id = FORK_EXEC_ARG,
	    .letter = 'a',
	    .name = "exec-arg",
	    .argument = "WORD",
	    .help = "an argument for that program itself, such as "
		    "--max-old-space-size=64; may be repeated" },
	{ .id = FORK_KEEP_OPEN,
	    .letter = 'k',
	    .name = "keep-open",
	    .help = "at the end of input do not disconnect: the program decides when it "
		    "is over" },
	{ .id = FORK_COUNT,
	    .letter = 'n',
	    .name = "count",
	    .argument = "N",
	    .help = "disconnect when N messages have come; implies --keep-open" },
	{ .id = FORK_GRACE,
	    .letter = 'g',
	    .name = "grace",
	    .argument = "TIME",
	    .help = "once disconnected, or once a signal that ends programs was passed "
		    "on, end the program if it has not exited by then "
		    "(it may take as long as it likes)" },
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "echo '{\"file\":\"a.txt\"}' | hostkit ipc fork worker.js",
	    "starts worker.js, sends it a message, prints what it sends back, and "
	    "disconnects" },
	{ "hostkit ipc fork -n 1 -- ask.js '{\"q\":1}' < /dev/null",
	    "prints the first message of the program and lets it go" },
	{ "echo '{\"$map\":[[\"a\",{\"$bigint\":\"1\"}]]}' | hostkit ipc fork -s "
	  "advanced "
	  "map.js",
	    "sends a Map with a BigInt" },
	{ "hostkit ipc fork --grace 5s jobs.js < jobs.jsonl > results.jsonl",
	    "has all jobs done, and five seconds after the last line was sent ends what "
	    "hangs" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "N", "what the program gave" },
	{ "125", "hostkit failed, or a line could not be sent and the program gave 0" },
	{ "126", "NODE cannot be executed" },
	{ "127", "there is no NODE" },
	{ "128+N", "signal N ended the program" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_ipc_fork = {
	.name = "ipc fork",
	.group = CMD_GROUP_MESSAGES,
	.arguments = "[--] MODULE [ARGUMENT …]",
	.help = "start a Node program and exchange messages with it",
	.description =
	    "Starts MODULE as child_process.fork() does. Each line of standard input is "
	    "a JSON document that the program gets as process.on('message'); what it "
	    "gives to process.send() is printed, a line each. Its own output goes to "
	    "standard error, its input is empty.\n\n"
	    "At the end of input the program is disconnected: what it has begun to "
	    "answer by then is still printed. One that answers later wants --keep-open "
	    "or --count.\n\n"
	    "With --serialization advanced, values that JSON does not have are written "
	    "as objects whose first member begins with $, both ways: "
	    "{\"$date\":\"2026-11-22T20:05:00.000Z\"}, {\"$bigint\":\"1\"}, "
	    "{\"$map\":[[KEY,VALUE]]}, {\"$set\":[]}, {\"$bytes\":BASE64}, "
	    "{\"$undefined\":true} and so on; docs/api/ipc_fork.md lists all.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.complete = CMD_COMPLETE_FILE,
	.operands_min = 1,
	.operands_max = CMD_OPERANDS_ANY,
	.runs_program = true,
	.run = run_fork,
};
