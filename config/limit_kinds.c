/*
 * Resource limits, one number for both or {soft, hard}; and lists of numbers:
 * ports and exit codes.
 */
#include "service_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "kinds.h"

/* ---- resource limits ---- */

static bool is_size(const hki_key *key)
{
	return key->detail == &hki_kind_size;
}

static bool read_bound(
    uint64_t *out, hki_check *check, const hki_key *key, const hki_node *node)
{
	int64_t number;

	if (node->kind == HKI_NODE_SCALAR && strcmp(node->text, "unlimited") == 0) {
		*out = HKI_CONFIG_UNLIMITED;
		return true;
	}
	if (is_size(key))
		return hki_read_size(out, check, key, node);
	if (!hki_read_integer(&number, check, key, node, 0, INT64_C(1) << 40))
		return false;
	*out = (uint64_t) number;
	return true;
}

static void read_rlimit_map(
    hki_check *check, const hki_key *key, const hki_node *node, hki_config_rlimit *out)
{
	hki_config_rlimit limit = { .set = true };
	const hki_node *soft = hki_node_get(node, "soft");
	const hki_node *hard = hki_node_get(node, "hard");

	for (size_t i = 0; i < node->count; i++) {
		const hki_node *name = node->members[i].key;

		if (strcmp(name->text, "soft") != 0 && strcmp(name->text, "hard") != 0)
			hki_check_complain(check, name, "a limit has: soft, hard",
			    "unknown key '%.40s'", name->text);
	}
	if (soft == NULL || hard == NULL) {
		hki_check_complain(check, node, "give both, or one number for both",
		    "'%s' lacks '%s'", key->name, soft == NULL ? "soft" : "hard");
		return;
	}
	if (!read_bound(&limit.soft, check, key, soft) ||
	    !read_bound(&limit.hard, check, key, hard))
		return;
	if (limit.soft > limit.hard)
		hki_check_complain(check, soft, NULL,
		    "'%s': the soft limit is above the hard one", key->name);
	*out = limit;
}

static void read_rlimit(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_config_rlimit *limit = field;
	uint64_t both;

	if (node->kind == HKI_NODE_LIST)
		hki_check_refuse(check, key, node);
	else if (node->kind == HKI_NODE_MAP)
		read_rlimit_map(check, key, node, limit);
	else if (read_bound(&both, check, key, node))
		*limit = (hki_config_rlimit){ .set = true, .soft = both, .hard = both };
}

static bool no_rlimit(const void *field)
{
	return !((const hki_config_rlimit *) field)->set;
}

static void write_bound(hk_json_writer *writer, const hki_key *key, uint64_t bound)
{
	char text[HKI_EXACT_MAX];

	if (bound == HKI_CONFIG_UNLIMITED) {
		hk_json_write_string(writer, "unlimited");
	} else if (is_size(key)) {
		hki_size_exact(text, bound);
		hk_json_write_string(writer, text);
	} else {
		hk_json_write_uint64(writer, bound);
	}
}

static void write_rlimit(hk_json_writer *writer, const hki_key *key, const void *field)
{
	const hki_config_rlimit *limit = field;

	if (limit->soft == limit->hard) {
		write_bound(writer, key, limit->soft);
		return;
	}
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "soft");
	write_bound(writer, key, limit->soft);
	hk_json_write_key(writer, "hard");
	write_bound(writer, key, limit->hard);
	hk_json_write_object_end(writer);
}

static void schema_bound_type(hk_json_writer *writer)
{
	hk_json_write_key(writer, "type");
	hk_json_write_array_begin(writer);
	hk_json_write_string(writer, "integer");
	hk_json_write_string(writer, "string");
	hk_json_write_array_end(writer);
}

static void schema_rlimit(hk_json_writer *writer, const hki_key *key)
{
	(void) key;
	hk_json_write_key(writer, "oneOf");
	hk_json_write_array_begin(writer);
	hk_json_write_object_begin(writer);
	schema_bound_type(writer);
	hk_json_write_object_end(writer);
	hk_json_write_object_begin(writer);
	hki_schema_type(writer, "object");
	hk_json_write_key(writer, "additionalProperties");
	hk_json_write_bool(writer, false);
	hk_json_write_key(writer, "required");
	hk_json_write_array_begin(writer);
	hk_json_write_string(writer, "soft");
	hk_json_write_string(writer, "hard");
	hk_json_write_array_end(writer);
	hk_json_write_key(writer, "properties");
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "soft");
	hk_json_write_object_begin(writer);
	schema_bound_type(writer);
	hk_json_write_object_end(writer);
	hk_json_write_key(writer, "hard");
	hk_json_write_object_begin(writer);
	schema_bound_type(writer);
	hk_json_write_object_end(writer);
	hk_json_write_object_end(writer);
	hk_json_write_object_end(writer);
	hk_json_write_array_end(writer);
}

const hki_kind hki_kind_rlimit = { .wants = "a limit, unlimited, or {soft, hard}",
	.read = read_rlimit,
	.absent = no_rlimit,
	.write = write_rlimit,
	.schema = schema_rlimit };

/* ---- ports ---- */

static void schema_numbers(hk_json_writer *writer, int64_t least, int64_t most)
{
	hki_schema_type(writer, "array");
	hk_json_write_key(writer, "items");
	hk_json_write_object_begin(writer);
	hki_schema_type(writer, "integer");
	hk_json_write_key(writer, "minimum");
	hk_json_write_int64(writer, least);
	hk_json_write_key(writer, "maximum");
	hk_json_write_int64(writer, most);
	hk_json_write_object_end(writer);
}

static void read_ports(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_config_ports ports = { 0 };
	bool whole = true;

	if (node->kind != HKI_NODE_LIST) {
		hki_check_refuse(check, key, node);
		return;
	}
	ports.items = hki_arena_array(check->arena, node->count, sizeof(*ports.items));
	if (ports.items == NULL)
		return;
	for (size_t i = 0; i < node->count; i++) {
		hki_step step = { .parent = check->step, .index = i };
		int64_t port = 0;

		check->step = &step;
		whole &= hki_read_integer(&port, check, key, node->items[i], 1, 65535);
		ports.items[ports.count++] = (uint16_t) port;
		check->step = step.parent;
	}
	if (whole)
		*(hki_config_ports *) field = ports;
}

static bool no_ports(const void *field)
{
	return ((const hki_config_ports *) field)->count == 0;
}

static void write_ports(hk_json_writer *writer, const hki_key *key, const void *field)
{
	const hki_config_ports *ports = field;

	(void) key;
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < ports->count; i++)
		hk_json_write_uint64(writer, ports->items[i]);
	hk_json_write_array_end(writer);
}

static void schema_ports(hk_json_writer *writer, const hki_key *key)
{
	(void) key;
	schema_numbers(writer, 1, 65535);
}

const hki_kind hki_kind_ports = { .wants = "a list of ports",
	.read = read_ports,
	.absent = no_ports,
	.write = write_ports,
	.schema = schema_ports };

/* ---- exit codes ---- */

static void read_codes(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_config_codes codes = { 0 };
	bool whole = true;

	if (node->kind != HKI_NODE_LIST) {
		hki_check_refuse(check, key, node);
		return;
	}
	codes.items = hki_arena_array(check->arena, node->count, sizeof(*codes.items));
	if (codes.items == NULL)
		return;
	for (size_t i = 0; i < node->count; i++) {
		hki_step step = { .parent = check->step, .index = i };
		int64_t code = 0;

		check->step = &step;
		whole &= hki_read_integer(&code, check, key, node->items[i], 0, 255);
		codes.items[codes.count++] = (int) code;
		check->step = step.parent;
	}
	if (whole)
		*(hki_config_codes *) field = codes;
}

static bool no_codes(const void *field)
{
	return ((const hki_config_codes *) field)->count == 0;
}

static void write_codes(hk_json_writer *writer, const hki_key *key, const void *field)
{
	const hki_config_codes *codes = field;

	(void) key;
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < codes->count; i++)
		hk_json_write_int64(writer, codes->items[i]);
	hk_json_write_array_end(writer);
}

static void schema_codes(hk_json_writer *writer, const hki_key *key)
{
	(void) key;
	schema_numbers(writer, 0, 255);
}

const hki_kind hki_kind_codes = { .wants = "a list of exit codes",
	.read = read_codes,
	.absent = no_codes,
	.write = write_codes,
	.schema = schema_codes };
