/*
 * How to see that a service works.  A check asks in exactly one way: by running
 * a command, by HTTP, by connecting, by a line of output, or by being told.
 */
#include "service_keys.h"

#include <stdio.h>
#include <string.h>
#include "base/array.h"
#include "base/quantity.h"
#include "kinds.h"

#define MS  INT64_C(1000000)
#define DAY (INT64_C(86400) * 1000 * MS)

/* ---- test ---- */

/* ["CMD", program, …], ["CMD-SHELL", line] or ["NONE"], as Compose has it. */
static void read_test_list(
    hki_check *check, const hki_key *key, const hki_node *node, hki_config_texts *out)
{
	hki_texts words = { 0 };
	hki_scalar scalar;
	bool shell;

	for (size_t i = 0; i < node->count; i++) {
		if (!hki_check_value(&scalar, check, key, node->items[i]) ||
		    !hki_texts_add(&words, check->arena, scalar.text))
			return;
	}
	shell = node->count > 0 && strcmp(words.items[0], "CMD-SHELL") == 0;
	if (node->count == 1 && strcmp(words.items[0], "NONE") == 0) {
		*out = words.items;
	} else if (node->count == 0 || (!shell && strcmp(words.items[0], "CMD") != 0)) {
		hki_check_complain(check, node, "such as [CMD, pg_isready]",
		    "the list of '%s' begins with CMD or CMD-SHELL", key->name);
	} else if (node->count == 1 || words.items[1][0] == '\0') {
		hki_check_complain(
		    check, node, NULL, "'%s' does not say what to run", key->name);
	} else if (shell && node->count != 2) {
		hki_check_complain(check, node, "put it in one text, or use CMD",
		    "CMD-SHELL takes one line, got %zu", node->count - 1);
	} else if (!shell) {
		*out = words.items + 1;
	} else {
		hki_texts command = { 0 };

		if (hki_texts_add(&command, check->arena, HKI_SHELL) &&
		    hki_texts_add(&command, check->arena, "-c") &&
		    hki_texts_add(&command, check->arena, words.items[1]))
			*out = command.items;
	}
}

static void read_test(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_scalar scalar;

	if (node->kind == HKI_NODE_LIST)
		read_test_list(check, key, node, field);
	else if (hki_check_scalar(&scalar, check, key, node))
		(void) hki_read_words(field, check, key, node, scalar.text,
		    "no shell runs: put it in quotes, or use [CMD-SHELL, …] if one is "
		    "meant");
}

static bool no_test(const void *field)
{
	return hki_no_pointer(field);
}

static void write_test(hk_json_writer *writer, const hki_key *key, const void *field)
{
	hki_config_texts words = *(const hki_config_texts *) field;

	(void) key;
	hk_json_write_array_begin(writer);
	if (strcmp(words[0], "NONE") != 0 || words[1] != NULL)
		hk_json_write_string(writer, "CMD");
	for (size_t i = 0; words[i] != NULL; i++)
		hki_write_value(writer, words[i]);
	hk_json_write_array_end(writer);
}

static void schema_test(hk_json_writer *writer, const hki_key *key)
{
	(void) key;
	hki_schema_text_or_list(writer);
}

const hki_kind hki_kind_test = {
	.wants = "a line of words, [CMD, program, …] or [CMD-SHELL, line]",
	.read = read_test,
	.absent = no_test,
	.write = write_test,
	.schema = schema_test
};

/* ---- addresses ---- */

static bool host_is_good(const char *host, size_t length)
{
	if (length == 0 || length > 253)
		return false;
	for (size_t i = 0; i < length; i++) {
		char byte = host[i];

		if (!((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
			(byte >= '0' && byte <= '9') || strchr(".-_", byte) != NULL))
			return false;
	}
	return true;
}

static bool address6_is_good(const char *host, size_t length)
{
	return length >= 2 && length < 46 &&
	       strspn(host, "0123456789abcdefABCDEF:.%") >= length;
}

static bool parse_port(uint16_t *out, const char *text, size_t length)
{
	char copy[8];
	uint64_t port;

	if (length == 0 || length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (hki_uint64_parse(&port, copy) < 0 || port < 1 || port > 65535)
		return false;
	*out = (uint16_t) port;
	return true;
}

/* HOST, HOST:PORT, [V6] or [V6]:PORT in the first @length bytes; *@port is the default. */
static const char *parse_authority(
    hki_arena *arena, uint16_t *port, const char *text, size_t length)
{
	const char *colon = memrchr(text, ':', length);
	const char *end = text + length;

	if (length > 0 && text[0] == '[') {
		const char *close = memchr(text, ']', length);

		if (close == NULL ||
		    !address6_is_good(text + 1, (size_t) (close - text) - 1))
			return NULL;
		if (close + 1 != end &&
		    (close[1] != ':' ||
			!parse_port(port, close + 2, (size_t) (end - close) - 2)))
			return NULL;
		return hki_arena_text(arena, text + 1, (size_t) (close - text) - 1);
	}
	if (colon != NULL) {
		if (!parse_port(port, colon + 1, (size_t) (end - colon) - 1))
			return NULL;
		end = colon;
	}
	if (!host_is_good(text, (size_t) (end - text)))
		return NULL;
	return hki_arena_text(arena, text, (size_t) (end - text));
}

/* @before HOST:PORT @after, an IPv6 address in brackets: one way to say it. */
static const char *full_text(hki_check *check, const char *before,
    const hki_config_endpoint *endpoint, const char *after)
{
	bool brackets = strchr(endpoint->host, ':') != NULL;

	return hki_arena_format(check->arena, "%s%s%s%s:%u%s", before,
	    brackets ? "[" : "", endpoint->host, brackets ? "]" : "",
	    (unsigned int) endpoint->port, after);
}

static void read_http(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	const char *scheme = "http://";
	hki_config_endpoint endpoint = { .port = 80 };
	const char *authority;
	hki_scalar scalar;
	size_t length;

	if (!hki_check_scalar(&scalar, check, key, node))
		return;
	if (strncmp(scalar.text, "https://", 8) == 0) {
		hki_check_complain(check, node,
		    "check the program's plain port, or use 'tcp' or 'test'",
		    "'%s' cannot speak TLS", key->name);
		return;
	}
	authority = scalar.text + strlen(scheme);
	if (strncmp(scalar.text, scheme, strlen(scheme)) != 0) {
		hki_check_refuse(check, key, node);
		return;
	}
	length = strcspn(authority, "/?#");
	endpoint.host = parse_authority(check->arena, &endpoint.port, authority, length);
	endpoint.path = authority[length] == '/' ? authority + length : "/";
	if (endpoint.host == NULL ||
	    (authority[length] != '/' && authority[length] != '\0')) {
		hki_check_refuse(check, key, node);
		return;
	}
	for (const char *at = endpoint.path; *at != '\0'; at++) {
		if ((unsigned char) *at <= ' ' || *at == '#' ||
		    (unsigned char) *at >= 0x7F) {
			hki_check_complain(check, node, "write it as %XX",
			    "'%s' has a character that no URL has", key->name);
			return;
		}
	}
	endpoint.text = full_text(check, scheme, &endpoint, endpoint.path);
	if (endpoint.text != NULL)
		*(hki_config_endpoint *) field = endpoint;
}

static void read_tcp(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_config_endpoint endpoint = { 0 };
	hki_scalar scalar;

	if (!hki_check_scalar(&scalar, check, key, node))
		return;
	if (parse_port(&endpoint.port, scalar.text, strlen(scalar.text)))
		endpoint.host = "127.0.0.1";
	else
		endpoint.host = parse_authority(
		    check->arena, &endpoint.port, scalar.text, strlen(scalar.text));
	if (endpoint.host == NULL || endpoint.port == 0)
		hki_check_refuse(check, key, node);
	else
		endpoint.text = full_text(check, "", &endpoint, "");
	if (endpoint.text != NULL)
		*(hki_config_endpoint *) field = endpoint;
}

static bool no_endpoint(const void *field)
{
	return ((const hki_config_endpoint *) field)->text == NULL;
}

static void write_endpoint(hk_json_writer *writer, const hki_key *key, const void *field)
{
	(void) key;
	hki_write_value(writer, ((const hki_config_endpoint *) field)->text);
}

static void schema_http(hk_json_writer *writer, const hki_key *key)
{
	(void) key;
	hki_schema_type(writer, "string");
	hki_schema_text(writer, "pattern", "^http://");
}

static void schema_tcp(hk_json_writer *writer, const hki_key *key)
{
	(void) key;
	hk_json_write_key(writer, "type");
	hk_json_write_array_begin(writer);
	hk_json_write_string(writer, "string");
	hk_json_write_string(writer, "integer");
	hk_json_write_array_end(writer);
}

const hki_kind hki_kind_http = { .wants = "a URL such as http://127.0.0.1:8080/health",
	.read = read_http,
	.absent = no_endpoint,
	.write = write_endpoint,
	.schema = schema_http };

const hki_kind hki_kind_tcp = { .wants = "HOST:PORT or PORT",
	.read = read_tcp,
	.absent = no_endpoint,
	.write = write_endpoint,
	.schema = schema_tcp };

/* ---- the section ---- */

static const hki_key healthcheck_keys[] = {
	{ .name = "test",
	    .kind = &hki_kind_test,
	    .offset = offsetof(hki_config_healthcheck, command),
	    .help = "a command that exits 0 when all is well; [CMD-SHELL, line] runs a "
		    "shell" },
	{ .name = "http",
	    .kind = &hki_kind_http,
	    .offset = offsetof(hki_config_healthcheck, http),
	    .help = "a URL that answers with a status from 200 to 399" },
	{ .name = "tcp",
	    .kind = &hki_kind_tcp,
	    .offset = offsetof(hki_config_healthcheck, tcp),
	    .help = "HOST:PORT that accepts a connection; a PORT alone is on 127.0.0.1" },
	{ .name = "log",
	    .kind = &hki_kind_regex,
	    .offset = offsetof(hki_config_healthcheck, log),
	    .help = "healthy once a line of output matches this extended expression" },
	{ .name = "notify",
	    .kind = &hki_kind_bool,
	    .offset = offsetof(hki_config_healthcheck, notify),
	    .help = "true: the program says READY=1 as sd_notify(3) does" },
	{ .name = "disable",
	    .kind = &hki_kind_bool,
	    .offset = offsetof(hki_config_healthcheck, disable),
	    .help = "true: no check, whatever else is said here" },
	{ .name = "interval",
	    .kind = &hki_kind_duration,
	    .offset = offsetof(hki_config_healthcheck, interval_ns),
	    .least = 10 * MS,
	    .most = DAY,
	    .initial = "30s",
	    .help = "time between two checks" },
	{ .name = "timeout",
	    .kind = &hki_kind_duration,
	    .offset = offsetof(hki_config_healthcheck, timeout_ns),
	    .least = MS,
	    .most = DAY,
	    .initial = "30s",
	    .help = "a check that takes longer has failed" },
	{ .name = "retries",
	    .kind = &hki_kind_count,
	    .offset = offsetof(hki_config_healthcheck, retries),
	    .least = 1,
	    .most = 1000,
	    .initial = "3",
	    .help = "failures in a row that make the service unhealthy" },
	{ .name = "start_period",
	    .kind = &hki_kind_duration,
	    .offset = offsetof(hki_config_healthcheck, start_period_ns),
	    .most = DAY,
	    .initial = "0s",
	    .help = "failures this soon after the start do not count" },
	{ .name = "start_interval",
	    .kind = &hki_kind_duration,
	    .offset = offsetof(hki_config_healthcheck, start_interval_ns),
	    .least = 10 * MS,
	    .most = DAY,
	    .initial = "1s",
	    .help = "time between two checks until the first success" },
	{ .name = "watchdog",
	    .kind = &hki_kind_duration,
	    .offset = offsetof(hki_config_healthcheck, watchdog_ns),
	    .least = 10 * MS,
	    .most = DAY,
	    .help = "with notify: unhealthy without WATCHDOG=1 for this long" },
};

struct way {
	const char *name;
	hki_config_health kind;
};

static const struct way ways[] = { { "test", HKI_CONFIG_HEALTH_COMMAND },
	{ "http", HKI_CONFIG_HEALTH_HTTP }, { "tcp", HKI_CONFIG_HEALTH_TCP },
	{ "log", HKI_CONFIG_HEALTH_LOG }, { "notify", HKI_CONFIG_HEALTH_NOTIFY } };

static bool is_off(const hki_node *value)
{
	bool truth;

	return value == NULL || (hki_node_is_bool(&truth, value) && !truth);
}

static void finish_healthcheck(hki_check *check, const hki_node *node, void *section)
{
	hki_config_healthcheck *health = section;
	const struct way *found = NULL;

	for (size_t i = 0; i < HKI_COUNT(ways); i++) {
		const hki_node *value = hki_node_get(node, ways[i].name);

		if (is_off(value))
			continue;
		if (found != NULL)
			hki_check_complain(check, value, "keep one of them",
			    "'%s' and '%s' exclude each other", found->name,
			    ways[i].name);
		else
			found = &ways[i];
	}
	if (health->command != NULL && strcmp(health->command[0], "NONE") == 0 &&
	    health->command[1] == NULL)
		health->disable = true;
	if (health->disable)
		return;
	if (health->watchdog_ns > 0 && !health->notify)
		hki_check_complain(check, hki_node_get(node, "watchdog"),
		    "add 'notify: true'", "'watchdog' needs a program that notifies");
	if (found == NULL)
		hki_check_complain(check, node, "one of: test, http, tcp, log, notify",
		    "the health check does not say what to check");
	else
		health->kind = found->kind;
}

const hki_section hki_healthcheck_section = { .what = "a health check",
	.keys = healthcheck_keys,
	.count = HKI_COUNT(healthcheck_keys),
	.size = sizeof(hki_config_healthcheck),
	.finish = finish_healthcheck };
