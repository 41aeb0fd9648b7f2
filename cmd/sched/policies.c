/*
 * `hostkit sched policies`: the policies, and what each makes use of.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/sched.h>
#include "../exit.h"
#include "../output/document.h"
#include "../output/fail.h"
#include "../output/table.h"
#include "../verbs.h"
#include "base/array.h"
#include "base/nearest_word.h"
#include "sched.h"

typedef struct policy_row {
	hk_record record;
	const char *name;
	const char *title;
	const char *uses;
	const char *help;
} policy_row;

/* clang-format off */
#define AT(member) .offset = offsetof(policy_row, member)
static const hk_record_field fields[] = {
	{ .name = "name", .kind = HK_RECORD_STRING, AT(name) },
	{ .name = "title", .kind = HK_RECORD_STRING, .priority = 2, AT(title) },
	{ .name = "uses", .kind = HK_RECORD_STRING, .priority = 1, AT(uses) },
	{ .name = "help", .title = "WHO RUNS", .kind = HK_RECORD_STRING, AT(help) },
};
#undef AT
/* clang-format on */

static const hk_record_type type = {
	.name = "policy",
	.fields = fields,
	.field_count = HKI_COUNT(fields),
	.struct_size = sizeof(policy_row),
};

#define POLICIES_MAX 64
#define USES_MAX     128

/* In the order of the bits HK_SCHED_USES_…. */
static const char *const uses[] = { "quantum", "priority", "burst", "tickets", "deadline",
	"period", "queue", "seed" };

static void name_uses(char out[USES_MAX], uint32_t bits)
{
	out[0] = '\0';
	for (size_t i = 0; i < HKI_COUNT(uses); i++) {
		if ((bits >> i & 1) == 0)
			continue;
		if (out[0] != '\0')
			strcat(out, " ");
		strcat(out, uses[i]);
	}
}

static size_t fill(policy_row rows[POLICIES_MAX], char names[POLICIES_MAX][USES_MAX])
{
	const hk_sched_policy *policy;
	size_t count = 0;

	for (; count < POLICIES_MAX && (policy = hk_sched_policy_at(count)) != NULL;
	     count++) {
		name_uses(names[count], policy->uses);
		rows[count] = (policy_row){
			.name = policy->name,
			.title = policy->title,
			.uses = names[count],
			.help = policy->help,
		};
		for (unsigned int field = 0; field < HKI_COUNT(fields); field++)
			hk_record_set(&rows[count].record, field);
		if (policy->uses == 0)
			hk_record_clear(&rows[count].record, 2);
	}
	return count;
}

static void write_policy(hk_json_writer *writer, const hk_sched_policy *policy)
{
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "name");
	hk_json_write_string(writer, policy->name);
	hk_json_write_key(writer, "title");
	hk_json_write_string(writer, policy->title);
	hk_json_write_key(writer, "help");
	hk_json_write_string(writer, policy->help);
	hk_json_write_key(writer, "uses");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < HKI_COUNT(uses); i++)
		if ((policy->uses >> i & 1) != 0)
			hk_json_write_string(writer, uses[i]);
	hk_json_write_array_end(writer);
	hk_json_write_object_end(writer);
}

static int tell_json(const cmd_call *call)
{
	hk_json_writer *writer =
	    cmd_document_begin(&call->output, "hostkit.sched.policies/1");
	const hk_sched_policy *policy;

	if (writer == NULL)
		return cmd_document_end(&call->output, writer, CMD_EXIT_FAILED);
	hk_json_write_key(writer, "policies");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; (policy = hk_sched_policy_at(i)) != NULL; i++)
		write_policy(writer, policy);
	hk_json_write_array_end(writer);
	return cmd_document_end(&call->output, writer, CMD_EXIT_OK);
}

static int run_policies(const cmd_call *call)
{
	policy_row rows[POLICIES_MAX];
	char names[POLICIES_MAX][USES_MAX];
	cmd_table_opts opts = { 0 };
	size_t count;
	int status;

	if (call->output.json)
		return tell_json(call);
	count = fill(rows, names);
	status = cmd_table_print(&call->output, stdout, &opts, &type, rows, count);
	return cmd_close_stdout(&call->output, status);
}

int sched_tell_policy(const cmd_call *call, const char *name)
{
	hki_nearest_word nearest = { .word = name };
	char hint[HKI_WORD_MAX + 32] = "'hostkit sched policies' lists them";
	const hk_sched_policy *policy;

	for (size_t i = 0; (policy = hk_sched_policy_at(i)) != NULL; i++)
		hki_nearest_word_offer(&nearest, policy->name);
	if (nearest.best != NULL)
		(void) snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest.best);
	return cmd_fail(&call->output, CMD_EXIT_USAGE, 0, hint,
	    "option '--policy': there is no policy '%s'", name);
}

static const cmd_example examples[] = {
	{ "hostkit sched policies", "lists them, from the plainest to the cleverest" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "always" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_sched_policies = {
	.name = "sched policies",
	.group = CMD_GROUP_WORK,
	.help = "list the scheduling policies",
	.description =
	    "Lists the policies that 'sched sim' and 'sched run' know, what each "
	    "needs to know of a task, and who runs next under it.",
	.examples = examples,
	.exits = exits,
	.operands_max = 0,
	.run = run_policies,
};
