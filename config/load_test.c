#include "config/load_test.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "base/torture.h"

static const char minimal[] = "services: {web: {command: serve}}\n";

static void files_are_looked_for_in_their_order(void **state)
{
	static const char *const names[] = { "Procfile", "ecosystem.config.json",
		"hostkit.json", "hostkit.yml", "hostkit.yaml" };
	static const char *const texts[] = { "web: serve\n", "[{\"script\": \"a.js\"}]",
		"{\"services\": {\"web\": {\"command\": \"serve\"}}}", minimal, minimal };
	static const hki_config_format formats[] = { HKI_CONFIG_PROCFILE, HKI_CONFIG_PM2,
		HKI_CONFIG_HOSTKIT, HKI_CONFIG_HOSTKIT, HKI_CONFIG_HOSTKIT };

	(void) state;
	for (size_t i = 0; i < 5; i++) {
		hki_config *config;

		put(names[i], texts[i]);
		config = load(NULL);
		assert_string_equal(names[i], config->path);
		assert_int_equal(formats[i], config->format);
		assert_int_equal(1, config->service_count);
		assert_string_equal(directory, config->directory);
		hki_config_free(config);
	}
}

static void a_second_file_of_ours_is_told(void **state)
{
	hk_error_list *warnings = NULL;
	hki_config *config = NULL;

	(void) state;
	put("hostkit.yaml", minimal);
	put("hostkit.json", "{}");
	assert_int_equal(0, hk_error_list_new(&warnings));
	assert_int_equal(0, hki_config_load(&config, NULL, NULL, warnings));
	assert_int_equal(1, hk_error_list_count(warnings));
	assert_string_equal("hostkit.json", hk_error_list_get(warnings, 0)->source);
	assert_string_equal("hostkit.yaml", hk_error_list_get(warnings, 0)->hint);
	hki_config_free(config);
	hk_error_list_free(warnings);
}

static void paths_start_at_the_folder_of_the_file(void **state)
{
	hki_config_options options = { .path = "sub dir/my.yaml" };
	char expected[128];
	hki_config *config;

	(void) state;
	assert_int_equal(0, mkdir("sub dir", 0755));
	put("sub dir/my.yaml", "services: {web: {command: serve, working_dir: ./api, "
			       "env_file: [.env, /etc/x]}}");
	config = load(&options);
	(void) snprintf(expected, sizeof(expected), "%s/sub dir/api", directory);
	assert_string_equal(expected, config->services[0].working_dir);
	(void) snprintf(expected, sizeof(expected), "%s/sub dir/.env", directory);
	assert_string_equal(expected, config->services[0].env_files[0]);
	assert_string_equal("/etc/x", config->services[0].env_files[1]);
	assert_string_equal("sub-dir", config->name);
	hki_config_free(config);
	options.path = "sub dir";
	assert_fails(&options, -ENOENT,
	    "sub dir: there is no configuration file here (hostkit.yaml, hostkit.yml, "
	    "hostkit.json, ecosystem.config.js, .cjs, .mjs or .json, or Procfile; -f "
	    "names "
	    "another)");
}

static void what_cannot_be_read_is_told(void **state)
{
	hki_config_options options = { .path = "missing.yaml" };

	(void) state;
	assert_fails(
	    &options, -ENOENT, "missing.yaml: cannot open: no such file or directory");
	put("utf16.yaml", "\xff\xfes");
	options.path = "utf16.yaml";
	assert_fails(
	    &options, HK_EPARSE, "utf16.yaml: the file is UTF-16 (save it as UTF-8)");
	options.path = "/dev/zero";
	assert_fails(&options, HK_ELIMIT,
	    "/dev/zero: larger than 1 MiB (no configuration people write is)");
}

static void a_pipe_nobody_writes_to_is_empty(void **state)
{
	hki_config_options options = { .path = "fifo" };

	(void) state;
	assert_int_equal(0, mkfifo("fifo", 0600));
	assert_fails(
	    &options, HK_EPARSE, "fifo:1:1: the file is empty (begin with 'services:')");
}

static void standard_input_is_read(void **state)
{
	hki_config_options options = { .path = "-" };
	int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
	hki_config *config;
	int fd;

	(void) state;
	put("given", minimal);
	fd = open("given", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(STDIN_FILENO, dup2(fd, STDIN_FILENO));
	config = load(&options);
	assert_string_equal("stdin", config->path);
	assert_string_equal(directory, config->directory);
	hki_config_free(config);
	(void) close(fd);
	if (saved >= 0) {
		assert_int_equal(STDIN_FILENO, dup2(saved, STDIN_FILENO));
		(void) close(saved);
	}
}

/* ---- JavaScript ---- */

static int give_json(char **out_json, const char *path, hk_error_list *errors, void *user)
{
	(void) path;
	(void) errors;
	*out_json = hki_strdup(user);
	return *out_json != NULL ? 0 : -ENOMEM;
}

static void javascript_comes_from_its_provider(void **state)
{
	char json[] =
	    "{\"apps\":[{\"name\":\"a\",\"script\":\"a.js\",\"instances\":\"x\"}]}";
	hki_config_options options = { .path = "ecosystem.config.js",
		.javascript = give_json,
		.javascript_user = json };

	(void) state;
	put("ecosystem.config.js", "not looked at");
	/* Lines of the JSON mean nothing to anybody: the way to the value does. */
	assert_fails(&options, HK_EPARSE,
	    "ecosystem.config.js: apps[0].instances: 'instances' wants a whole number or "
	    "\"max\", got the text 'x'");
}

static void scripts_of_pm2_find_their_interpreter(void **state)
{
	hki_config_options options = { .path = "pm2.json" };
	hki_config *config;
	char path[128];

	(void) state;
	put("program", "#!/bin/sh\nexit 0\n");
	assert_int_equal(0, chmod("program", 0755));
	put("text", "console.log(1)\n");
	put("pm2.json",
	    "[{\"script\": \"program\"}, {\"script\": \"./text\"},"
	    " {\"name\": \"npm\", \"script\": \"npm\", \"args\": \"start\"},"
	    " {\"name\": \"deno\", \"script\": \"x.ts\", \"interpreter\": \"deno\","
	    "  \"interpreter_args\": \"run\"}]");
	config = load(&options);
	(void) snprintf(path, sizeof(path), "%s/program", directory);
	assert_string_equal(path, config->services[0].command[0]);
	assert_string_equal("node", config->services[1].command[0]);
	assert_string_equal("npm", config->services[2].command[0]);
	assert_string_equal("start", config->services[2].command[1]);
	assert_string_equal("deno", config->services[3].command[0]);
	assert_string_equal("run", config->services[3].command[1]);
	hki_config_free(config);
}

static void a_procfile_reads_the_env_file_beside_it(void **state)
{
	char expected[128];
	hki_config *config;

	(void) state;
	put("Procfile", "web: serve\nworker: work\n");
	put(".env", "A=1\n");
	config = load(NULL);
	(void) snprintf(expected, sizeof(expected), "%s/.env", directory);
	assert_string_equal(expected, config->services[1].env_files[0]);
	assert_null(config->services[1].env_files[1]);
	assert_string_equal("work", config->services[1].shell);
	assert_string_equal("/bin/sh", config->services[1].command[0]);
	assert_string_equal("PORT=5100", config->services[1].environment[0]);
	hki_config_free(config);
}

/* ---- hostile input ---- */

/* Of processor time, so that a busy machine does not count; generous, for sanitizers.
 * What grows squared takes minutes. */
#define QUICKLY_NS (20 * HKI_NS_PER_S)

static uint64_t processor_time_ns(void)
{
	struct timespec spent;

	assert_int_equal(0, clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent));
	return (uint64_t) spent.tv_sec * HKI_NS_PER_S + (uint64_t) spent.tv_nsec;
}

static int parse_quickly(const char *text, size_t length, const char *name)
{
	uint64_t before = processor_time_ns();
	hk_error_list *errors = NULL;
	hki_config *config = NULL;
	int r;

	assert_int_equal(0, hk_error_list_new(&errors));
	r = hki_config_parse(&config, text, length, name, "/", NULL, errors, NULL);
	assert_true(r == 0 || r == HK_EPARSE);
	assert_int_equal(r<0, hk_error_list_count(errors)> 0);
	assert_true(processor_time_ns() - before < QUICKLY_NS);
	hki_config_free(config);
	hk_error_list_free(errors);
	return r;
}

static void large_input_costs_no_more_than_its_size(void **state)
{
	static const char *const parts[] = { "a: b\n", "[", "{", "- ", "a\n", "&a [*a",
		"\"", "? ", "*a ", "!t ", "x: &a 1\n", "{a: b}, ", "$", "${A:-", "#\n",
		"| \n", "\t", "services: {", "'", "a:", "<<: *a\n" };
	size_t length = HKI_CONFIG_SIZE_MAX / 8; /* enough to show what grows squared */
	char *text = malloc(length);

	(void) state;
	assert_non_null(text);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t part = strlen(parts[i]);

		for (size_t at = 0; at < length; at++)
			text[at] = parts[i][at % part];
		assert_int_equal(HK_EPARSE, parse_quickly(text, length, "large.yaml"));
		/* One long line may well be a command. */
		(void) parse_quickly(text, length, "Procfile");
	}
	free(text);
}

static void many_merges_do_not_grow_without_bound(void **state)
{
	char *text = malloc(HKI_CONFIG_SIZE_MAX);
	size_t used = 0;

	(void) state;
	assert_non_null(text);
	used += (size_t) sprintf(text, "x-a: &a\n");
	for (int i = 0; i < 20000; i++)
		used += (size_t) sprintf(text + used, "  k%d: 1\n", i);
	used += (size_t) sprintf(text + used, "x-b:\n");
	for (int i = 0; i < 20000; i++)
		used += (size_t) sprintf(text + used, "  - {<<: *a}\n");
	assert_int_equal(HK_EPARSE, parse_quickly(text, used, "merges.yaml"));
	free(text);
}

static void many_mistakes_are_all_counted(void **state)
{
	char *text = malloc(HKI_CONFIG_SIZE_MAX);
	hk_error_list *errors = NULL;
	hki_config *config = NULL;
	size_t used = 0;

	(void) state;
	assert_non_null(text);
	used += (size_t) sprintf(text, "services:\n  a:\n    command: a\n");
	for (int i = 0; i < 500; i++)
		used += (size_t) sprintf(text + used, "    k%d: 1\n", i);
	assert_int_equal(0, hk_error_list_new(&errors));
	assert_int_equal(HK_EPARSE,
	    hki_config_parse(&config, text, used, "a.yaml", "/", NULL, errors, NULL));
	assert_int_equal(500, hk_error_list_count(errors));
	assert_int_equal(4, hk_error_list_get(errors, 0)->line);
	hk_error_list_free(errors);
	free(text);
}

static void random_bytes_are_refused(void **state)
{
	char text[4096];
	uint32_t random = 12345;

	(void) state;
	for (size_t round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof(text); i++) {
			random = random * 1664525 + 1013904223;
			text[i] = (char) (random >> 24);
		}
		assert_int_equal(
		    HK_EPARSE, parse_quickly(text, sizeof(text), "random.yaml"));
		assert_int_equal(
		    HK_EPARSE, parse_quickly(text, sizeof(text), "Procfile"));
	}
}

/* ---- no memory ---- */

struct given {
	const char *name;
	const char *text;
};

static int load_given(void *user)
{
	char *environment[] = { (char[]){ "A=1" }, NULL };
	const hki_config_options options = { .environment = environment, .pm2_env = "x" };
	const struct given *given = user;
	hk_error_list *errors = NULL;
	hk_error_list *warnings = NULL;
	hki_config *config = NULL;
	int r = hk_error_list_new(&errors);

	if (r == 0)
		r = hk_error_list_new(&warnings);
	if (r == 0)
		r = hki_config_parse(&config, given->text, strlen(given->text),
		    given->name, "/project", &options, errors, warnings);
	hki_config_free(config);
	hk_error_list_free(errors);
	hk_error_list_free(warnings);
	return r;
}

static void running_out_of_memory_leaves_nothing(void **state)
{
	struct given good[] = {
		/* What is for an extension begins with x-. */
		{ "a.yaml",
		    "x-m: &m {restart: always}\nname: n${A:-b}\n"
		    "services:\n  a: {<<: *m, command: \"a ${A} 'b c'\"}\n"
		    "  b: {shell: a | b, depends_on: [a], environment: [X=1, Y=$A]}\n"
		    "  c: {command: [c], healthcheck: {http: 'http://x:1/'}, "
		    "limits: {nofile: 5}, stop: [{signal: INT}], watch: {paths: "
		    "[a]}}\n" },
		{ "pm2.json",
		    "{\"apps\": [{\"script\": \"a.js\", \"env\": {\"A\": 1}, "
		    "\"env_x\": {\"B\": 2}, \"args\": \"a b\", \"watch\": true}]}" },
		{ "Procfile", "web: a\nworker: b\n" },
	};

	(void) state;
	for (size_t i = 0; i < 3; i++)
		assert_true(hki_torture(load_given, &good[i]) > 3);
}

/* Here a run that found the mistakes has succeeded. */
static int load_bad(void *user)
{
	int r = load_given(user);

	return r == HK_EPARSE ? 0 : r;
}

static void running_out_of_memory_while_complaining_leaves_nothing(void **state)
{
	struct given bad = { "a.yaml",
		"servces: {}\nservices:\n  a: {comand: x, scale: y}\n"
		"  b: {command: b, depends_on: [c, d]}\n"
		"  c: {command: c, depends_on: [b]}\n" };

	(void) state;
	assert_true(hki_torture(load_bad, &bad) > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    files_are_looked_for_in_their_order, enter, leave),
		cmocka_unit_test_setup_teardown(
		    a_second_file_of_ours_is_told, enter, leave),
		cmocka_unit_test_setup_teardown(
		    paths_start_at_the_folder_of_the_file, enter, leave),
		cmocka_unit_test_setup_teardown(
		    what_cannot_be_read_is_told, enter, leave),
		cmocka_unit_test_setup_teardown(
		    a_pipe_nobody_writes_to_is_empty, enter, leave),
		cmocka_unit_test_setup_teardown(standard_input_is_read, enter, leave),
		cmocka_unit_test_setup_teardown(
		    javascript_comes_from_its_provider, enter, leave),
		cmocka_unit_test_setup_teardown(
		    scripts_of_pm2_find_their_interpreter, enter, leave),
		cmocka_unit_test_setup_teardown(
		    a_procfile_reads_the_env_file_beside_it, enter, leave),
		cmocka_unit_test(large_input_costs_no_more_than_its_size),
		cmocka_unit_test(many_merges_do_not_grow_without_bound),
		cmocka_unit_test(many_mistakes_are_all_counted),
		cmocka_unit_test(random_bytes_are_refused),
		cmocka_unit_test(running_out_of_memory_leaves_nothing),
		cmocka_unit_test(running_out_of_memory_while_complaining_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
