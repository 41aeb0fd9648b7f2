#ifndef FUZZ_CONFIG_TEXT_H
#define FUZZ_CONFIG_TEXT_H

#include <errno.h>
#include <stdio.h>
#include <hostkit/error.h>
#include <hostkit/json.h>
#include "config/load.h"
#include "target.h"

/*
 * Shared by the targets of the configuration formats: @name decides the format.
 * Accepted, it is written in full, read again, and is the same; refused, a mistake was reported.
 */
static inline int no_javascript(
    char **out_json, const char *path, hk_error_list *errors, void *user)
{
	(void) out_json;
	(void) path;
	(void) errors;
	(void) user;
	return -ENOENT;
}

/* So that a find says what it is. */
static inline void show_errors(const hk_error_list *errors)
{
	char line[1024];

	for (size_t i = 0; hk_error_list_get(errors, i) != NULL; i++) {
		hk_error_format(line, sizeof(line), hk_error_list_get(errors, i));
		fprintf(stderr, "%s\n", line);
	}
}

static inline void must_be_written_as(const hki_config *config, const char *expected)
{
	hk_json_writer *writer = NULL;
	const char *text;

	FUZZ_MUST(hk_json_writer_new(&writer, 2) == 0);
	hki_config_write(writer, config);
	text = hk_json_writer_text(writer, NULL);
	FUZZ_MUST(text != NULL);
	FUZZ_MUST(strcmp(text, expected) == 0);
	hk_json_writer_free(writer);
}

static inline void fuzz_config(const char *name, const uint8_t *data, size_t size)
{
	static char home[] = "HOME=/home/somebody";
	static char *const environment[] = { home, NULL };
	hki_config_options options = { .environment = environment,
		.javascript = no_javascript };
	hki_config *config = NULL;
	hki_config *again = NULL;
	hk_error_list *errors = NULL;
	hk_json_writer *writer = NULL;
	const char *text;
	size_t length = 0;
	int r;

	FUZZ_MUST(hk_error_list_new(&errors) == 0);
	r = hki_config_parse(
	    &config, (const char *) data, size, name, "/tmp", &options, errors, NULL);
	FUZZ_MUST(r <= 0);
	FUZZ_MUST((r < 0) == (hk_error_list_count(errors) > 0));
	if (r == 0) {
		FUZZ_MUST(hk_json_writer_new(&writer, 2) == 0);
		hki_config_write(writer, config);
		text = hk_json_writer_text(writer, &length);
		FUZZ_MUST(text != NULL);
		r = hki_config_parse(
		    &again, text, length, "hostkit.json", "/tmp", &options, errors, NULL);
		if (r < 0)
			show_errors(errors);
		FUZZ_MUST(r == 0);
		must_be_written_as(again, text);
		hk_json_writer_free(writer);
	}
	hki_config_free(again);
	hki_config_free(config);
	hk_error_list_free(errors);
}

#endif /* FUZZ_CONFIG_TEXT_H */
