/*
 * Every file below test/fixtures/config is read as if it lay in /project, and
 * what comes out is compared with FILE.expected: the errors as people see them,
 * the warnings, and for a good file the whole configuration.  A good one is
 * then read again from what was written: it must say the same.
 *
 * HOSTKIT_UPDATE_FIXTURES=1 writes the expectations; read them before you
 * commit them.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/buffer.h"
#include "config/load.h"

static char *environment[] = { (char[]){ "NAME=shop" }, (char[]){ "HOME=/home/ada" },
	(char[]){ "EMPTY=" }, (char[]){ "SCALE=3" }, NULL };

static const hki_config_options options = { .environment = environment,
	.pm2_env = "production" };

struct fixture {
	char path[PATH_MAX];
	char name[NAME_MAX + 8];
};

static bool read_file(hki_buffer *out, const char *path)
{
	FILE *file = fopen(path, "re");
	char block[4096];
	size_t got;

	if (file == NULL)
		return false;
	while ((got = fread(block, 1, sizeof(block), file)) > 0)
		assert_int_equal(0, hki_buffer_append(out, block, got));
	(void) fclose(file);
	return true;
}

static void write_file(const char *path, const hki_buffer *content)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(
	    content->length, fwrite(content->data, 1, content->length, file));
	assert_int_equal(0, fclose(file));
}

static void append_list(hki_buffer *out, const char *before, const hk_error_list *list)
{
	for (size_t i = 0; i < hk_error_list_count(list); i++) {
		char line[2048];

		(void) hk_error_format(line, sizeof(line), hk_error_list_get(list, i));
		assert_int_equal(
		    0, hki_buffer_append_format(out, "%s%s\n", before, line));
	}
}

static void append_config(hki_buffer *out, const hki_config *config)
{
	hk_json_writer *writer = NULL;

	assert_int_equal(0, hk_json_writer_new(&writer, 2));
	hki_config_write(writer, config);
	assert_non_null(hk_json_writer_text(writer, NULL));
	assert_int_equal(
	    0, hki_buffer_append_format(out, "%s\n", hk_json_writer_text(writer, NULL)));
	hk_json_writer_free(writer);
}

/* What is written reads back as the same configuration. */
static void assert_round_trip(const hki_config *config)
{
	hki_buffer first = HKI_BUFFER_INIT;
	hki_buffer second = HKI_BUFFER_INIT;
	hk_error_list *errors = NULL;
	hki_config *again = NULL;

	append_config(&first, config);
	assert_int_equal(0, hk_error_list_new(&errors));
	if (hki_config_parse(&again, first.data, first.length, "again.json", "/elsewhere",
		&options, errors, NULL) < 0) {
		append_list(&second, "", errors);
		print_error("%s\n%s\n", first.data, second.data);
		fail();
	}
	append_config(&second, again);
	assert_string_equal(first.data, second.data);
	hki_config_free(again);
	hk_error_list_free(errors);
	hki_buffer_deinit(&first);
	hki_buffer_deinit(&second);
}

static void read_fixture(hki_buffer *out, const struct fixture *fixture)
{
	hki_buffer text = HKI_BUFFER_INIT;
	hk_error_list *errors = NULL;
	hk_error_list *warnings = NULL;
	hki_config *config = NULL;
	int r;

	assert_true(read_file(&text, fixture->path));
	assert_int_equal(0, hk_error_list_new(&errors));
	assert_int_equal(0, hk_error_list_new(&warnings));
	r = hki_config_parse(&config, text.data != NULL ? text.data : "", text.length,
	    strrchr(fixture->path, '/') + 1, "/project", &options, errors, warnings);
	if (strncmp(fixture->name, "good", 4) == 0 && r < 0)
		append_list(out, "", errors);
	else
		assert_int_equal(
		    strncmp(fixture->name, "good", 4) == 0 ? 0 : HK_EPARSE, r);
	assert_int_equal(r<0, hk_error_list_count(errors)> 0);
	append_list(out, "error: ", errors);
	append_list(out, "warning: ", warnings);
	if (r == 0) {
		append_config(out, config);
		assert_round_trip(config);
	}
	hki_config_free(config);
	hk_error_list_free(errors);
	hk_error_list_free(warnings);
	hki_buffer_deinit(&text);
}

static void says_what_is_expected(void **state)
{
	const struct fixture *fixture = *state;
	char path[PATH_MAX + 16];
	hki_buffer actual = HKI_BUFFER_INIT;
	hki_buffer expected = HKI_BUFFER_INIT;

	(void) snprintf(path, sizeof(path), "%s.expected", fixture->path);
	read_fixture(&actual, fixture);
	if (getenv("HOSTKIT_UPDATE_FIXTURES") != NULL)
		write_file(path, &actual);
	assert_true(read_file(&expected, path));
	assert_string_equal(expected.data, actual.data);
	hki_buffer_deinit(&actual);
	hki_buffer_deinit(&expected);
}

static int is_input(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' &&
	       (length < 9 || strcmp(entry->d_name + length - 9, ".expected") != 0);
}

/* One test a file. */
static size_t add_tests(
    struct CMUnitTest *tests, size_t count, size_t most, const char *kind)
{
	char directory[PATH_MAX];
	struct dirent **entries = NULL;
	int found;

	(void) snprintf(directory, sizeof(directory), "%s/%s", HKI_FIXTURES, kind);
	found = scandir(directory, &entries, is_input, alphasort);
	for (int i = 0; i < found; i++) {
		struct fixture *fixture = calloc(1, sizeof(*fixture));

		if (fixture == NULL || count == most)
			exit(1);
		(void) snprintf(fixture->path, sizeof(fixture->path), "%s/%s/%s",
		    HKI_FIXTURES, kind, entries[i]->d_name);
		(void) snprintf(fixture->name, sizeof(fixture->name), "%s/%s", kind,
		    entries[i]->d_name);
		tests[count++] = (struct CMUnitTest){ .name = fixture->name,
			.test_func = says_what_is_expected,
			.initial_state = fixture };
		free(entries[i]);
	}
	free(entries);
	return count;
}

int main(void)
{
	static struct CMUnitTest tests[200];
	size_t count = add_tests(tests, 0, 200, "good");
	int failed;

	count = add_tests(tests, count, 200, "bad");
	if (count == 0)
		return 1;
	failed = _cmocka_run_group_tests("fixtures", tests, count, NULL, NULL);
	for (size_t i = 0; i < count; i++)
		free(tests[i].initial_state);
	return failed;
}
