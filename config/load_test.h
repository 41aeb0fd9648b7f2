#ifndef HKI_CONFIG_LOAD_TEST_H
#define HKI_CONFIG_LOAD_TEST_H

/* For the tests of loading: a folder of its own, files in it, and what loading says. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "config/load.h"

static char directory[] = "/tmp/hostkit-config-XXXXXX";
static int home = -1;

/* A folder for every test, which is the present one while it runs. */
static inline int enter(void **state)
{
	(void) state;
	strcpy(directory, "/tmp/hostkit-config-XXXXXX");
	home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return home < 0 || mkdtemp(directory) == NULL || chdir(directory) < 0 ? -1 : 0;
}

static inline int leave(void **state)
{
	char command[64];

	(void) state;
	(void) snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (fchdir(home) < 0 || close(home) < 0)
		return -1;
	return system(command); /* a test of ours, not the library */
}

static inline void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(strlen(text), write(fd, text, strlen(text)));
	assert_int_equal(0, close(fd));
}

static inline hki_config *load(const hki_config_options *options)
{
	hk_error_list *errors = NULL;
	hki_config *config = NULL;
	char line[512];
	int r;

	assert_int_equal(0, hk_error_list_new(&errors));
	r = hki_config_load(&config, options, errors, NULL);
	if (r < 0) {
		if (hk_error_list_count(errors) > 0)
			(void) hk_error_format(
			    line, sizeof(line), hk_error_list_get(errors, 0));
		fail_msg("%d: %s", r, hk_error_list_count(errors) > 0 ? line : "");
	}
	hk_error_list_free(errors);
	return config;
}

static inline void assert_fails(
    const hki_config_options *options, int code, const char *message)
{
	hk_error_list *errors = NULL;
	hki_config *config = NULL;
	char line[512] = "";

	assert_int_equal(0, hk_error_list_new(&errors));
	assert_int_equal(code, hki_config_load(&config, options, errors, NULL));
	assert_null(config);
	if (hk_error_list_get(errors, 0) != NULL)
		(void) hk_error_format(line, sizeof(line), hk_error_list_get(errors, 0));
	assert_string_equal(message, line);
	hk_error_list_free(errors);
}

#endif /* HKI_CONFIG_LOAD_TEST_H */
