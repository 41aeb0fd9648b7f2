/*
 * docs/configuration.md and the JSON Schema against the rows of the checker:
 * a key, a default or a line of help that changes in one place alone fails.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/buffer.h"
#include "config/formats.h"
#include "config/kinds.h"
#include "config/load.h"
#include "config/pm2.h"
#include "config/service_keys.h"

static hki_buffer manual = HKI_BUFFER_INIT;

static int read_manual(void **state)
{
	FILE *file = fopen(HKI_MANUAL, "re");
	char block[4096];
	size_t got;

	(void) state;
	if (file == NULL)
		return -1;
	while ((got = fread(block, 1, sizeof(block), file)) > 0)
		if (hki_buffer_append(&manual, block, got) < 0)
			return -1;
	return fclose(file);
}

static int drop_manual(void **state)
{
	(void) state;
	hki_buffer_deinit(&manual);
	return 0;
}

/* "| `scale` | a whole number, 0 to 1000 | `1` | how many of it to run |" */
static void expected_row(char *out, size_t capacity, const hki_key *key)
{
	char range[64] = "";
	char initial[64] = "";

	if (key->kind == &hki_kind_count || key->kind == &hki_kind_integer)
		(void) snprintf(range, sizeof(range), ", %" PRId64 " to %" PRId64,
		    key->least, key->most);
	if (key->initial != NULL && strcmp(key->initial, "{}") != 0)
		(void) snprintf(initial, sizeof(initial), "`%s` ", key->initial);
	(void) snprintf(out, capacity, "| `%s` | %s%s | %s| %s |", key->name,
	    key->kind->wants, range, initial, key->help);
}

/* The part of the manual below "## @title", up to the next heading. */
static char *chapter(const char *title)
{
	char heading[64];
	const char *start;
	const char *end;

	(void) snprintf(heading, sizeof(heading), "\n## %s\n", title);
	start = strstr(manual.data, heading);
	if (start == NULL)
		fail_msg("docs/configuration.md has no chapter '%s'", title);
	start += strlen(heading);
	end = strstr(start, "\n## ");
	return strndup(start, end != NULL ? (size_t) (end - start) : strlen(start));
}

static void assert_described(const char *title, const hki_section *section)
{
	char *text = chapter(title);
	size_t rows = 0;
	size_t wrong = 0;

	for (size_t i = 0; i < section->count; i++) {
		char row[512];

		expected_row(row, sizeof(row), &section->keys[i]);
		if (strstr(text, row) == NULL) {
			print_error("%s\n", row);
			wrong++;
		}
	}
	for (const char *at = text; (at = strstr(at, "\n| `")) != NULL; at++)
		rows++;
	free(text);
	if (wrong > 0)
		fail_msg("chapter '%s' lacks the rows above", title);
	assert_int_equal(section->count, rows);
}

static void every_key_is_in_the_manual_as_it_is(void **state)
{
	(void) state;
	assert_described("The file", &hki_file_section);
	assert_described("A service", &hki_service_section);
	assert_described("healthcheck", &hki_healthcheck_section);
	assert_described("backoff", &hki_backoff_section);
	assert_described("limits", &hki_limits_section);
	assert_described("logging", &hki_logging_section);
	assert_described("watch", &hki_watch_section);
	assert_described("sandbox", &hki_sandbox_section);
}

static void every_key_of_pm2_is_in_the_manual(void **state)
{
	char *text = chapter("PM2 ecosystem files");
	char quoted[64];

	(void) state;
	for (size_t i = 0; i < hki_pm2_app_section.count; i++) {
		(void) snprintf(
		    quoted, sizeof(quoted), "`%s`", hki_pm2_app_section.keys[i].name);
		if (strstr(text, quoted) == NULL)
			fail_msg(
			    "the manual does not say what becomes of PM2's %s", quoted);
	}
	free(text);
}

/* Every file that the manual shows is one. */
static void the_examples_of_the_manual_are_good(void **state)
{
	const char *at = manual.data;
	size_t count = 0;

	(void) state;
	while ((at = strstr(at, "\n```yaml\n")) != NULL) {
		const char *start = at + strlen("\n```yaml\n");
		const char *end = strstr(start, "\n```\n");
		hk_error_list *errors = NULL;
		hki_config *config = NULL;

		assert_non_null(end);
		assert_int_equal(0, hk_error_list_new(&errors));
		if (hki_config_parse(&config, start, (size_t) (end - start),
			"manual.yaml", "/project", NULL, errors, NULL) < 0)
			fail_msg("line %d of an example: %s\n%.*s",
			    hk_error_list_get(errors, 0)->line,
			    hk_error_list_get(errors, 0)->text, (int) (end - start),
			    start);
		hki_config_free(config);
		hk_error_list_free(errors);
		at = end;
		count++;
	}
	assert_true(count >= 2);
}

/* ---- the schema ---- */

static hki_node *read_schema(hki_arena *arena, hk_json_writer *writer)
{
	hki_diagnostics diagnostics = { .arena = arena, .source = "schema" };
	const char *text;
	hki_node *root;
	size_t length;

	hki_config_write_schema(writer);
	text = hk_json_writer_text(writer, &length);
	assert_non_null(text);
	root = hki_tree_read(text, length, &diagnostics);
	assert_non_null(root);
	assert_int_equal(0, diagnostics.error_count);
	return root;
}

static void assert_in_schema(const hki_node *object, const hki_section *section)
{
	const hki_node *properties = hki_node_get(object, "properties");

	assert_non_null(properties);
	assert_int_equal(section->count, properties->count);
	for (size_t i = 0; i < section->count; i++) {
		const hki_key *key = &section->keys[i];
		const hki_node *property = hki_node_get(properties, key->name);

		assert_non_null(property);
		assert_string_equal(
		    key->help, hki_node_get(property, "description")->text);
		if (key->kind == &hki_kind_section || key->kind == &hki_kind_optional)
			assert_in_schema(property, key->detail);
	}
}

static void every_key_is_in_the_schema(void **state)
{
	hki_arena arena = { 0 };
	hk_json_writer *writer = NULL;
	hki_node *root;

	(void) state;
	assert_int_equal(0, hk_json_writer_new(&writer, 0));
	root = read_schema(&arena, writer);
	assert_in_schema(root, &hki_file_section);
	assert_in_schema(
	    hki_node_get(hki_node_get(root, "$defs"), "service"), &hki_service_section);
	hk_json_writer_free(writer);
	hki_arena_deinit(&arena);
}

/* The defaults are what a service has when nothing is said. */
static void every_default_can_be_read(void **state)
{
	static const char text[] = "services: {a: {command: a, healthcheck: {tcp: 1}}}";
	hki_config *config = NULL;
	const hki_config_service *service;

	(void) state;
	assert_int_equal(0, hki_config_parse(&config, text, strlen(text), "a.yaml",
				"/project", NULL, NULL, NULL));
	service = &config->services[0];
	assert_int_equal(HKI_CONFIG_RESTART_ON_FAILURE, service->restart.when);
	assert_int_equal(100000000, service->backoff.initial_ns);
	assert_int_equal(2000, service->backoff.factor_milli);
	assert_int_equal(10, service->backoff.limit.count);
	assert_int_equal(60000000000, service->backoff.limit.window_ns);
	assert_int_equal(1, service->stop.count);
	assert_int_equal(5000000000, service->stop.steps[0].wait_ns);
	assert_int_equal(10 << 20, service->logging.max_size_bytes);
	assert_int_equal(30000000000, service->healthcheck->interval_ns);
	assert_int_equal(0, service->limits.memory_bytes);
	assert_false(service->limits.nice.set);
	assert_null(service->user);
	assert_null(service->environment[0]);
	hki_config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_in_the_manual_as_it_is),
		cmocka_unit_test(every_key_of_pm2_is_in_the_manual),
		cmocka_unit_test(the_examples_of_the_manual_are_good),
		cmocka_unit_test(every_key_is_in_the_schema),
		cmocka_unit_test(every_default_can_be_read),
	};

	return cmocka_run_group_tests(tests, read_manual, drop_manual);
}
