#ifndef HKI_CONFIG_FORMATS_H
#define HKI_CONFIG_FORMATS_H

#include "check.h"
#include "load.h"

/*
 * One reader a format.  Each fills the services of @config and complains
 * through @check; the caller looks there whether it went well.
 */
void hki_read_hostkit(hki_check *check, const hki_node *root, hki_config *config);
void hki_read_pm2(hki_check *check, const hki_node *root,
    const hki_config_options *options, hki_config *config);
void hki_read_procfile(
    hki_check *check, const char *text, size_t length, hki_config *config);

/* Is it what PM2 takes: an object with `apps`, a list, or one app with a `script`? */
bool hki_is_pm2(const hki_node *root);

/* What concerns several services: names of dependencies, circles, conditions. */
void hki_check_dependencies(hki_check *check, hki_config *config);

/* The keys of the file itself; fills a hki_config. */
extern const hki_section hki_file_section;

/* At most 64 letters, digits, '_', '.' and '-', not beginning with '.' or '-'. */
bool hki_name_is_good(const char *name);
/* @text with everything else replaced by '-'.  NULL: no memory. */
char *hki_name_from(hki_arena *arena, const char *text);

#endif /* HKI_CONFIG_FORMATS_H */
