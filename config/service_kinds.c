/*
 * Kinds that only a service has: who it runs as, what it waits for, when it is
 * restarted and how it is stopped.
 */
#include "service_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/array.h"
#include "base/quantity.h"
#include "kinds.h"
#include "base/nearest_word.h"

/* ---- user ---- */

/* No name of a user or group is longer (LOGIN_NAME_MAX). */
#define USER_MAX 256

static void read_user(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_config_service *service = field;
	hki_scalar scalar;
	const char *colon;

	if (!hki_check_scalar(&scalar, check, key, node))
		return;
	colon = strchr(scalar.text, ':');
	if (strlen(scalar.text) > USER_MAX || colon == scalar.text ||
	    (colon != NULL && (colon[1] == '\0' || strchr(colon + 1, ':')))) {
		hki_check_refuse(check, key, node);
		return;
	}
	service->user = scalar.text;
	service->group = NULL;
	if (colon == NULL)
		return;
	service->user =
	    hki_arena_text(check->arena, scalar.text, (size_t) (colon - scalar.text));
	service->group = colon + 1;
}

static bool no_user(const void *field)
{
	return ((const hki_config_service *) field)->user == NULL;
}

static void write_user(hk_json_writer *writer, const hki_key *key, const void *field)
{
	const hki_config_service *service = field;
	char text[512];

	(void) key;
	(void) snprintf(text, sizeof(text), "%s%s%s", service->user,
	    service->group != NULL ? ":" : "",
	    service->group != NULL ? service->group : "");
	hki_write_value(writer, text);
}

static void schema_user(hk_json_writer *writer, const hki_key *key)
{
	(void) key;
	hk_json_write_key(writer, "type");
	hk_json_write_array_begin(writer);
	hk_json_write_string(writer, "string");
	hk_json_write_string(writer, "integer");
	hk_json_write_array_end(writer);
}

const hki_kind hki_kind_user = { .wants = "USER or USER:GROUP",
	.read = read_user,
	.absent = no_user,
	.write = write_user,
	.schema = schema_user };

/* ---- depends_on ---- */

static const char *const conditions[] = { [HKI_CONFIG_SERVICE_STARTED] =
					      "service_started",
	[HKI_CONFIG_SERVICE_HEALTHY] = "service_healthy",
	[HKI_CONFIG_SERVICE_COMPLETED_SUCCESSFULLY] = "service_completed_successfully",
	NULL };

static const hki_key dependency_keys[] = {
	{ .name = "condition",
	    .kind = &hki_kind_word,
	    .offset = offsetof(hki_config_dependency, condition),
	    .detail = conditions,
	    .initial = "service_started",
	    .help = "what to wait for" },
};

static const hki_section dependency_section = { .what = "a dependency",
	.keys = dependency_keys,
	.count = HKI_COUNT(dependency_keys),
	.size = sizeof(hki_config_dependency) };

static void read_dependency(hki_check *check, const hki_key *key, const hki_node *node,
    size_t index, hki_config_dependencies *out)
{
	const hki_node *name =
	    node->kind == HKI_NODE_MAP ? node->members[index].key : node->items[index];
	hki_step step = { .parent = check->step, .index = index };
	hki_config_dependency *dependency = &out->items[out->count];
	hki_scalar scalar = { .text = name->text };

	if (node->kind == HKI_NODE_LIST && !hki_check_scalar(&scalar, check, key, name))
		return;
	for (size_t i = 0; i < out->count; i++) {
		if (strcmp(out->items[i].name, scalar.text) == 0) {
			hki_check_complain(check, name, "name it once",
			    "the dependency on '%.64s' is given twice", scalar.text);
			return;
		}
	}
	dependency->condition = HKI_CONFIG_SERVICE_STARTED;
	if (node->kind == HKI_NODE_MAP) {
		step.name = name->text;
		check->step = &step;
		hki_section_read(
		    check, &dependency_section, node->members[index].value, dependency);
		check->step = step.parent;
	}
	dependency->name = scalar.text;
	dependency->line = name->place.line;
	dependency->column = name->place.column;
	out->count++;
}

/* More than any service waits for; it keeps the search for repeated names short. */
#define DEPENDENCIES_MAX 1000

static void read_depends_on(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_config_dependencies read = { 0 };

	if (node->kind == HKI_NODE_SCALAR) {
		hki_check_refuse(check, key, node);
		return;
	}
	if (node->count > DEPENDENCIES_MAX) {
		hki_check_complain(check, node, NULL, "'%s' has more than %d entries",
		    key->name, DEPENDENCIES_MAX);
		return;
	}
	read.items = hki_arena_array(check->arena, node->count, sizeof(*read.items));
	if (read.items == NULL)
		return;
	for (size_t i = 0; i < node->count; i++)
		read_dependency(check, key, node, i, &read);
	*(hki_config_dependencies *) field = read;
}

static bool no_dependencies(const void *field)
{
	return ((const hki_config_dependencies *) field)->count == 0;
}

static void write_depends_on(
    hk_json_writer *writer, const hki_key *key, const void *field)
{
	const hki_config_dependencies *dependencies = field;

	(void) key;
	hk_json_write_object_begin(writer);
	for (size_t i = 0; i < dependencies->count; i++) {
		hk_json_write_key(writer, dependencies->items[i].name);
		hki_section_write(writer, &dependency_section, &dependencies->items[i]);
	}
	hk_json_write_object_end(writer);
}

static void schema_depends_on(hk_json_writer *writer, const hki_key *key)
{
	(void) key;
	hk_json_write_key(writer, "oneOf");
	hk_json_write_array_begin(writer);
	hk_json_write_object_begin(writer);
	hki_schema_type(writer, "array");
	hk_json_write_key(writer, "items");
	hk_json_write_object_begin(writer);
	hki_schema_type(writer, "string");
	hk_json_write_object_end(writer);
	hk_json_write_object_end(writer);
	hk_json_write_object_begin(writer);
	hki_schema_type(writer, "object");
	hk_json_write_key(writer, "additionalProperties");
	hk_json_write_object_begin(writer);
	hki_section_schema(writer, &dependency_section);
	hk_json_write_object_end(writer);
	hk_json_write_object_end(writer);
	hk_json_write_array_end(writer);
}

const hki_kind hki_kind_depends_on = {
	.wants = "a list of services, or a mapping to conditions",
	.read = read_depends_on,
	.absent = no_dependencies,
	.write = write_depends_on,
	.schema = schema_depends_on
};

/* ---- restart ---- */

static const char *const restart_words[] = { [HKI_CONFIG_RESTART_NO] = "no",
	[HKI_CONFIG_RESTART_ALWAYS] = "always",
	[HKI_CONFIG_RESTART_ON_FAILURE] = "on-failure",
	[HKI_CONFIG_RESTART_UNLESS_STOPPED] = "unless-stopped" };

static const char *restart_hint(hki_check *check, const char *text)
{
	if (strcmp(text, "never") == 0 || strcmp(text, "false") == 0)
		return "write no";
	if (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0)
		return "write always";
	for (size_t i = 0; i < HKI_COUNT(restart_words); i++)
		if (hki_word_is_near(text, hki_word_distance(text, restart_words[i])))
			return hki_arena_format(
			    check->arena, "did you mean '%s'?", restart_words[i]);
	return NULL;
}

/* WORD or WORD:N.  False when WORD is none of ours. */
static bool find_restart(hki_config_restart *out, const char **number, const char *text)
{
	size_t length = strcspn(text, ":");

	for (size_t i = 0; i < HKI_COUNT(restart_words); i++) {
		if (strlen(restart_words[i]) != length ||
		    memcmp(restart_words[i], text, length) != 0)
			continue;
		*out = (hki_config_restart){ .when = (hki_config_restart_when) i };
		*number = text[length] == ':' ? text + length + 1 : NULL;
		return true;
	}
	return false;
}

static void read_restart(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_config_restart restart;
	const char *number;
	hki_scalar scalar;
	uint64_t most = 0;

	if (!hki_check_scalar(&scalar, check, key, node))
		return;
	if (!find_restart(&restart, &number, scalar.text)) {
		hki_check_complain(check, node, restart_hint(check, scalar.text),
		    "'%s' wants %s, got '%.40s'", key->name, key->kind->wants,
		    scalar.text);
		return;
	}
	if (number != NULL &&
	    (restart.when == HKI_CONFIG_RESTART_NO ||
		hki_uint64_parse(&most, number) < 0 || most < 1 || most > 1000000)) {
		hki_check_complain(check, node, "such as on-failure:5",
		    "'%s' has a number of restarts from 1 to 1000000 after the colon",
		    key->name);
		return;
	}
	restart.most = (uint32_t) most;
	*(hki_config_restart *) field = restart;
}

static void write_restart(hk_json_writer *writer, const hki_key *key, const void *field)
{
	const hki_config_restart *restart = field;
	char text[40];

	(void) key;
	(void) snprintf(text, sizeof(text), "%s", restart_words[restart->when]);
	if (restart->most > 0)
		(void) snprintf(text, sizeof(text), "%s:%" PRIu32,
		    restart_words[restart->when], restart->most);
	hk_json_write_string(writer, text);
}

static void schema_restart(hk_json_writer *writer, const hki_key *key)
{
	hki_schema_type(writer, "string");
	hki_schema_text(writer, "pattern",
	    "^(no|(always|unless-stopped|on-failure)(:[1-9][0-9]*)?)$");
	hki_schema_default(writer, key);
}

const hki_kind hki_kind_restart = { .wants = "no, always, on-failure or unless-stopped",
	.read = read_restart,
	.write = write_restart,
	.schema = schema_restart };

/* ---- a rate ---- */

/* The supervisor keeps a time for each and counts no further. */
#define RATE_MAX 1000

static bool parse_rate(hki_config_rate *out, const char *text)
{
	const char *slash = strchr(text, '/');
	char number[24];
	uint64_t count;
	uint64_t window;

	if (slash == NULL || (size_t) (slash - text) >= sizeof(number))
		return false;
	memcpy(number, text, (size_t) (slash - text));
	number[slash - text] = '\0';
	if (hki_uint64_parse(&count, number) < 0 ||
	    hki_duration_parse(&window, slash + 1) < 0)
		return false;
	if (count < 1 || count > UINT32_MAX || window == 0)
		return false;
	*out = (hki_config_rate){ .count = (uint32_t) count, .window_ns = window };
	return true;
}

static void read_rate(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_config_rate *rate = field;
	hki_scalar scalar;

	if (!hki_check_scalar(&scalar, check, key, node))
		return;
	if (strcmp(scalar.text, "none") == 0)
		*rate = (hki_config_rate){ 0 };
	else if (!parse_rate(rate, scalar.text))
		hki_check_refuse(check, key, node);
	else if (rate->count > RATE_MAX)
		hki_check_complain(check, node, "'none' sets no limit",
		    "'%s' counts to %" PRIu32 ", but must be 1 to %d", key->name,
		    rate->count, RATE_MAX);
}

static void write_rate(hk_json_writer *writer, const hki_key *key, const void *field)
{
	const hki_config_rate *rate = field;
	char window[HKI_EXACT_MAX];
	char text[HKI_EXACT_MAX + 16];

	(void) key;
	if (rate->count == 0) {
		hk_json_write_string(writer, "none");
		return;
	}
	hki_duration_exact(window, rate->window_ns);
	(void) snprintf(text, sizeof(text), "%" PRIu32 "/%s", rate->count, window);
	hk_json_write_string(writer, text);
}

static void schema_rate(hk_json_writer *writer, const hki_key *key)
{
	hki_schema_type(writer, "string");
	hki_schema_text(writer, "pattern", "^(none|[1-9][0-9]*/[0-9.]+[a-z0-9.]*)$");
	hki_schema_default(writer, key);
}

const hki_kind hki_kind_rate = { .wants = "N/DURATION such as 10/60s, or none",
	.read = read_rate,
	.write = write_rate,
	.schema = schema_rate };

/* ---- stop steps ---- */

static const hki_key step_keys[] = {
	{ .name = "signal",
	    .kind = &hki_kind_signal,
	    .offset = offsetof(hki_config_stop_step, signal),
	    .initial = "SIGTERM",
	    .help = "signal to send" },
	{ .name = "wait",
	    .kind = &hki_kind_duration,
	    .offset = offsetof(hki_config_stop_step, wait_ns),
	    .initial = "5s",
	    .most = INT64_C(86400) * 1000000000,
	    .help = "how long it may take before the next step" },
};

static const hki_section step_section = { .what = "a stop step",
	.keys = step_keys,
	.count = HKI_COUNT(step_keys),
	.size = sizeof(hki_config_stop_step) };

/* Nobody waits for more; each step may take a day. */
#define STOP_STEPS_MAX 16

static void read_stop(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_config_stop stop = { .count = node->count };

	if (node->kind != HKI_NODE_LIST) {
		hki_check_refuse(check, key, node);
		return;
	}
	if (node->count == 0 || node->count > STOP_STEPS_MAX) {
		hki_check_complain(check, node, NULL, "'%s' has 1 to %d steps", key->name,
		    STOP_STEPS_MAX);
		return;
	}
	stop.steps = hki_arena_array(check->arena, node->count, sizeof(*stop.steps));
	if (stop.steps == NULL)
		return;
	for (size_t i = 0; i < node->count; i++) {
		hki_step step = { .parent = check->step, .index = i };

		check->step = &step;
		hki_section_read(check, &step_section, node->items[i], &stop.steps[i]);
		check->step = step.parent;
	}
	*(hki_config_stop *) field = stop;
}

static bool no_steps(const void *field)
{
	return ((const hki_config_stop *) field)->count == 0;
}

static void write_stop(hk_json_writer *writer, const hki_key *key, const void *field)
{
	const hki_config_stop *stop = field;

	(void) key;
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < stop->count; i++)
		hki_section_write(writer, &step_section, &stop->steps[i]);
	hk_json_write_array_end(writer);
}

static void schema_stop(hk_json_writer *writer, const hki_key *key)
{
	(void) key;
	hki_schema_type(writer, "array");
	hk_json_write_key(writer, "minItems");
	hk_json_write_int64(writer, 1);
	hk_json_write_key(writer, "items");
	hk_json_write_object_begin(writer);
	hki_section_schema(writer, &step_section);
	hk_json_write_object_end(writer);
}

const hki_kind hki_kind_stop = { .wants =
				     "a list of steps such as {signal: SIGINT, wait: 2s}",
	.read = read_stop,
	.absent = no_steps,
	.write = write_stop,
	.schema = schema_stop };
