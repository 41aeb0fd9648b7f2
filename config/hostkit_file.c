/*
 * hostkit.yaml as a whole.  `processes` is another word for `services`, for
 * those who come from there; `version` is what old Compose files have.
 */
#include <string.h>
#include "base/array.h"
#include "formats.h"
#include "kinds.h"
#include "service_keys.h"

#define NAME_MAX_LENGTH 64

static bool is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '_' || byte == '.' || byte == '-';
}

bool hki_name_is_good(const char *name)
{
	size_t length = strnlen(name, NAME_MAX_LENGTH + 1);

	if (length == 0 || length > NAME_MAX_LENGTH || strchr(".-", name[0]) != NULL)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_name_byte(name[i]))
			return false;
	return true;
}

char *hki_name_from(hki_arena *arena, const char *text)
{
	char *name;

	while (*text != '\0' && (!is_name_byte(*text) || strchr(".-", *text) != NULL))
		text++;
	name = hki_arena_text(arena, text, strnlen(text, NAME_MAX_LENGTH));
	for (char *at = name; at != NULL && *at != '\0'; at++)
		if (!is_name_byte(*at))
			*at = '-';
	if (name != NULL && name[0] == '\0')
		return hki_arena_text(arena, "hostkit", strlen("hostkit"));
	return name;
}

static bool check_name(hki_check *check, const hki_node *node, const char *name)
{
	char quoted[HKI_NODE_DESCRIPTION_MAX];

	if (hki_name_is_good(name))
		return true;
	hki_text_quote(quoted, sizeof(quoted), name, strlen(name));
	hki_check_complain(check, node,
	    "at most 64 letters, digits, '_', '.' and '-', not beginning with '.' "
	    "or '-'",
	    "%s is no name", quoted);
	return false;
}

/* ---- name ---- */

static void read_name(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_scalar scalar;

	if (hki_check_scalar(&scalar, check, key, node) &&
	    check_name(check, node, scalar.text))
		*(const char **) field = scalar.text;
}

static void write_name(hk_json_writer *writer, const hki_key *key, const void *field)
{
	(void) key;
	hk_json_write_string(writer, *(const char *const *) field);
}

static void schema_name(hk_json_writer *writer, const hki_key *key)
{
	(void) key;
	hki_schema_type(writer, "string");
	hki_schema_text(writer, "pattern", "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$");
}

static const hki_kind kind_name = { .wants = "a name",
	.read = read_name,
	.absent = hki_no_pointer,
	.write = write_name,
	.schema = schema_name };

/* ---- services ---- */

static void read_service(hki_check *check, const hki_member *member, hki_config *config)
{
	hki_config_service *service = &config->services[config->service_count];
	hki_step step = { .parent = check->step, .name = member->key->text };
	char got[HKI_NODE_DESCRIPTION_MAX];

	if (!hki_service_begin(check, service))
		return;
	check->step = &step;
	service->name = member->key->text;
	service->line = member->key->place.line;
	service->column = member->key->place.column;
	(void) check_name(check, member->key, service->name);
	if (member->value->kind == HKI_NODE_MAP) {
		hki_section_read_keys(
		    check, &hki_service_section, member->value, service);
	} else {
		hki_node_describe(got, sizeof(got), member->value);
		hki_check_complain(check, member->value,
		    "such as {command: [node, server.js]}",
		    "service '%.64s' is a mapping of keys and values, got %s",
		    service->name, got);
	}
	hki_service_complete(check, service);
	config->service_count++;
	check->step = step.parent;
}

static void read_services(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_config *config = field;

	if (node->kind != HKI_NODE_MAP) {
		hki_check_refuse(check, key, node);
		return;
	}
	if (node->count == 0)
		hki_check_complain(check, node, NULL, "'%s' is empty", key->name);
	if (node->count > HKI_CONFIG_SERVICES_MAX) {
		hki_check_complain(
		    check, node, NULL, "more than %d services", HKI_CONFIG_SERVICES_MAX);
		return;
	}
	config->services =
	    hki_arena_array(check->arena, node->count, sizeof(*config->services));
	if (config->services == NULL)
		return;
	config->service_count = 0;
	for (size_t i = 0; i < node->count && !check->arena->failed; i++)
		read_service(check, &node->members[i], config);
}

static void write_services(hk_json_writer *writer, const hki_key *key, const void *field)
{
	const hki_config *config = field;

	(void) key;
	hk_json_write_object_begin(writer);
	for (size_t i = 0; i < config->service_count; i++) {
		hk_json_write_key(writer, config->services[i].name);
		hki_section_write(writer, &hki_service_section, &config->services[i]);
	}
	hk_json_write_object_end(writer);
}

static void schema_services(hk_json_writer *writer, const hki_key *key)
{
	(void) key;
	hki_schema_type(writer, "object");
	hk_json_write_key(writer, "minProperties");
	hk_json_write_int64(writer, 1);
	hk_json_write_key(writer, "propertyNames");
	hk_json_write_object_begin(writer);
	hki_schema_text(writer, "pattern", "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$");
	hk_json_write_object_end(writer);
	hk_json_write_key(writer, "additionalProperties");
	hk_json_write_object_begin(writer);
	hki_schema_text(writer, "$ref", "#/$defs/service");
	hk_json_write_object_end(writer);
}

static const hki_kind kind_services = { .wants = "a mapping of names to services",
	.read = read_services,
	.write = write_services,
	.schema = schema_services };

/* ---- the file ---- */

static const hki_key file_keys[] = {
	{ .name = "name",
	    .kind = &kind_name,
	    .offset = offsetof(hki_config, name),
	    .help = "name of the project; by default that of the folder" },
	{ .name = "services",
	    .kind = &kind_services,
	    .offset = 0,
	    .help = "the programs to run, by name" },
	{ .name = "processes",
	    .kind = &kind_services,
	    .offset = 0,
	    .silent = true,
	    .help = "another word for services" },
	{ .name = "version",
	    .kind = &hki_kind_skipped,
	    .offset = 0,
	    .help = "accepted as Compose does, and not used" },
};

static const hki_foreign foreign_words[] = {
	{ "networks", "hostkit starts programs, not containers" },
	{ "volumes", "hostkit starts programs, not containers" },
	{ "secrets", "use 'env_file' of a service" },
	{ "configs", "hostkit starts programs, not containers" },
	{ "include", "one file holds all services" },
	{ "environment", "it belongs to a service" },
	{ "command", "it belongs to a service, below 'services:'" },
	{ NULL, NULL },
};

static void finish_file(hki_check *check, const hki_node *node, void *section)
{
	const hki_node *processes = hki_node_get(node, "processes");
	const hki_node *services = hki_node_get(node, "services");

	(void) section;
	if (services == NULL && processes == NULL)
		hki_check_complain(
		    check, node, "begin with 'services:'", "there are no services");
	if (services != NULL && processes != NULL)
		hki_check_complain(check, processes, "put everything under 'services:'",
		    "'services' and 'processes' are the same and exclude each other");
}

const hki_section hki_file_section = { .what = "a hostkit file",
	.keys = file_keys,
	.count = HKI_COUNT(file_keys),
	.size = sizeof(hki_config),
	.finish = finish_file,
	.foreign = foreign_words };

void hki_read_hostkit(hki_check *check, const hki_node *root, hki_config *config)
{
	char got[HKI_NODE_DESCRIPTION_MAX];

	if (root->kind != HKI_NODE_MAP) {
		hki_node_describe(got, sizeof(got), root);
		hki_check_complain(check, root, "begin with 'services:'",
		    "a hostkit file is a mapping of keys and values, got %s", got);
		return;
	}
	hki_section_read_keys(check, &hki_file_section, root, config);
}

void hki_config_write(hk_json_writer *writer, const hki_config *config)
{
	hki_section_write(writer, &hki_file_section, config);
}
