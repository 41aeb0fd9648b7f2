/*
 * Every verb, in the order in which the help shows them.  A new verb is a file
 * with its row, a line here, and a line in meson.build; cmd/README.md tells how.
 */
#include "verbs.h"
#include "verb.h"

const cmd_verb *const cmd_verbs[] = {
	&cmd_verb_run,
	&cmd_verb_up,
	&cmd_verb_kill,
	&cmd_verb_ipc_fork,
	&cmd_verb_ipc_serve,
	&cmd_verb_ipc_call,
	&cmd_verb_ipc_pub,
	&cmd_verb_ipc_sub,
	&cmd_verb_ipc_tap,
	&cmd_verb_ipc_send,
	&cmd_verb_ipc_listen,
	&cmd_verb_ipc_bench,
	&cmd_verb_top,
	&cmd_verb_ps,
	&cmd_verb_info,
	&cmd_verb_metrics,
	&cmd_verb_json_check,
	&cmd_verb_json_fmt,
	&cmd_verb_sched_run,
	&cmd_verb_sched_compare,
	&cmd_verb_sched_sim,
	&cmd_verb_sched_gen,
	&cmd_verb_sched_policies,
	&cmd_verb_tour,
	&cmd_verb_help,
	&cmd_verb_completion,
	&cmd_verb_version,
	NULL,
};
