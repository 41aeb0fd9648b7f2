#ifndef HKI_CONFIG_LOAD_H
#define HKI_CONFIG_LOAD_H

#include <stddef.h>
#include <hostkit/error.h>
#include <hostkit/json.h>
#include "model.h"

/*
 * From a file to a hki_config.  Nothing is started and nothing is changed; a
 * JavaScript file is run by node, because that is what it is for.
 *
 * Threads: any; a call shares nothing with another.
 */

/* No configuration people write is larger. */
#define HKI_CONFIG_SIZE_MAX     ((size_t) 1024 * 1024)
#define HKI_CONFIG_SERVICES_MAX 1000

/*
 * Give the value a JavaScript file exports, as JSON.  @out_json is Owned by the
 * caller: hki_free().  Returns 0, or a negative code after saying why in @errors.
 */
typedef int (*hki_javascript_fn)(
    char **out_json, const char *path, hk_error_list *errors, void *user);

typedef struct hki_config_options {
	/* A file, a folder to search, or "-" for standard input; NULL: the present folder. */
	const char *path;
	/* "NAME=VALUE" for ${NAME}, ends with NULL; NULL: those of this process. */
	char *const *environment;
	const char *
	    pm2_env; /* PM2: "production" puts env_production over env; NULL: env alone */
	hki_javascript_fn javascript; /* NULL: hki_javascript_by_node */
	void *javascript_user;
} hki_config_options;

/*
 * Read a configuration.  In a folder the first of hostkit.yaml, hostkit.yml,
 * hostkit.json, ecosystem.config.js, .cjs, .mjs, .json and Procfile is taken.
 *
 * @out receives it.  Owned: release it with hki_config_free().
 * @options may be NULL.  @errors learns every mistake, with file, line and
 * column; @warnings what a person should know though the file can be used.
 * Both may be NULL.
 *
 * Returns 0; HK_EPARSE when the file has mistakes; -ENOENT when there is none;
 * -ENOMEM; or the errno of reading it.
 */
int hki_config_load(hki_config **out, const hki_config_options *options,
    hk_error_list *errors, hk_error_list *warnings) __attribute__((warn_unused_result));

/*
 * The same from memory.  @name stands in messages and decides the format as a
 * file name does; relative paths start at @directory, which is absolute.
 */
int hki_config_parse(hki_config **out, const char *text, size_t length, const char *name,
    const char *directory, const hki_config_options *options, hk_error_list *errors,
    hk_error_list *warnings) __attribute__((warn_unused_result));

/*
 * Write the configuration as a hostkit.json would say it, with every default.
 * Reading that gives the same configuration again.
 */
void hki_config_write(hk_json_writer *writer, const hki_config *config);

/* Write the JSON Schema of hostkit.yaml, for editors. */
void hki_config_write_schema(hk_json_writer *writer);

/* The provider that runs `node`: ten seconds and one MiB are enough for a file of settings. */
int hki_javascript_by_node(
    char **out_json, const char *path, hk_error_list *errors, void *user);

#endif /* HKI_CONFIG_LOAD_H */
