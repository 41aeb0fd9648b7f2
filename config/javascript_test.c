/*
 * JavaScript through node.  Apart from the other tests of loading, because these
 * start a program.
 */
#include "config/load_test.h"

static void node_runs_javascript(void **state)
{
	static const char *const texts[][2] = {
		{ "a.cjs", "console.log('noise'); module.exports = {apps: [{name: 'a', "
			   "script: 'x.js', args: '1' + 1}]}" },
		{ "b.mjs",
		    "export default {apps: [{name: 'a', script: 'x.js', args: '11'}]}" },
		{ "c.js",
		    "module.exports = [{name: 'a', script: 'x.js', args: ['11']}]" },
	};

	(void) state;
	if (access("/usr/bin/node", X_OK) < 0 && access("/usr/local/bin/node", X_OK) < 0)
		skip();
	for (size_t i = 0; i < 3; i++) {
		hki_config_options options = { .path = texts[i][0] };
		hki_config *config;

		put(texts[i][0], texts[i][1]);
		config = load(&options);
		assert_int_equal(HKI_CONFIG_PM2, config->format);
		assert_string_equal("node", config->services[0].command[0]);
		assert_string_equal("11", config->services[0].command[2]);
		assert_null(config->services[0].command[3]);
		hki_config_free(config);
	}
}

static void what_node_objects_to_is_told(void **state)
{
	hki_config_options options = { .path = "bad.cjs" };
	char expected[256];

	(void) state;
	if (access("/usr/bin/node", X_OK) < 0 && access("/usr/local/bin/node", X_OK) < 0)
		skip();
	put("bad.cjs", "throw new Error('no such luck')");
	(void) snprintf(
	    expected, sizeof(expected), "%s/bad.cjs: no such luck", directory);
	assert_fails(&options, HK_EPARSE, expected);
}

static void a_missing_node_is_told(void **state)
{
	hki_config_options options = { .path = "a.js" };
	const char *path = getenv("PATH");
	char *saved = strdup(path != NULL ? path : "");
	char expected[256];

	(void) state;
	assert_non_null(saved);
	put("a.js", "module.exports = []");
	assert_int_equal(0, setenv("PATH", directory, 1));
	(void) snprintf(expected, sizeof(expected),
	    "%s/a.js: node is needed to read it and is not installed (install nodejs, or "
	    "export "
	    "it as JSON)",
	    directory);
	assert_fails(&options, HK_EPARSE, expected);
	assert_int_equal(0, setenv("PATH", saved, 1));
	free(saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(node_runs_javascript, enter, leave),
		cmocka_unit_test_setup_teardown(
		    what_node_objects_to_is_told, enter, leave),
		cmocka_unit_test_setup_teardown(a_missing_node_is_told, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
