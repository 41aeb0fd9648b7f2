#ifndef HOSTKIT_CMD_VERBS_H
#define HOSTKIT_CMD_VERBS_H

#include "verb.h"

/* One row a verb, each defined in the file named after it. */
extern const cmd_verb cmd_verb_completion;
extern const cmd_verb cmd_verb_help;
extern const cmd_verb cmd_verb_ipc_fork;
extern const cmd_verb cmd_verb_ipc_bench;
extern const cmd_verb cmd_verb_ipc_call;
extern const cmd_verb cmd_verb_ipc_listen;
extern const cmd_verb cmd_verb_ipc_pub;
extern const cmd_verb cmd_verb_ipc_send;
extern const cmd_verb cmd_verb_ipc_serve;
extern const cmd_verb cmd_verb_ipc_sub;
extern const cmd_verb cmd_verb_ipc_tap;
extern const cmd_verb cmd_verb_info;
extern const cmd_verb cmd_verb_json_check;
extern const cmd_verb cmd_verb_json_fmt;
extern const cmd_verb cmd_verb_kill;
extern const cmd_verb cmd_verb_metrics;
extern const cmd_verb cmd_verb_ps;
extern const cmd_verb cmd_verb_run;
extern const cmd_verb cmd_verb_sched_compare;
extern const cmd_verb cmd_verb_sched_run;
extern const cmd_verb cmd_verb_sched_gen;
extern const cmd_verb cmd_verb_sched_policies;
extern const cmd_verb cmd_verb_sched_sim;
extern const cmd_verb cmd_verb_top;
extern const cmd_verb cmd_verb_tour;
extern const cmd_verb cmd_verb_up;
extern const cmd_verb cmd_verb_version;

#endif /* HOSTKIT_CMD_VERBS_H */
