#ifndef HKI_CONFIG_PM2_H
#define HKI_CONFIG_PM2_H

#include "check.h"
#include "load.h"
#include "model.h"

/*
 * One app of a PM2 ecosystem file, as PM2 means it.  Times are nanoseconds;
 * what was not given is NULL, zero or the default of PM2 in pm2_keys.c.
 */
typedef struct hki_pm2_app {
	const char *name;
	const char *name_prefix;
	const char *script;
	const char *cwd;
	const char *interpreter;
	const char *exec_mode;
	const char *uid;
	const char *gid;
	const char *out_file;
	const char *error_file;
	const char *log_file;
	const char *log_date_format;
	hki_config_texts args;
	hki_config_texts interpreter_args;
	hki_config_texts environment;
	hki_config_texts watch_paths;
	hki_config_texts ignore_watch;
	hki_config_codes stop_exit_codes;
	uint64_t memory_restart_bytes;
	uint64_t restart_delay_ns;
	uint64_t backoff_delay_ns;
	uint64_t min_uptime_ns;
	uint64_t kill_timeout_ns;
	uint64_t watch_delay_ns;
	uint32_t max_restarts;
	uint32_t instances;
	uint32_t port;
	bool autorestart;
	bool autostart;
	bool time;
	bool watch;
	bool disable_logs;
} hki_pm2_app;

extern const hki_section hki_pm2_app_section;

/* The service that does what @app asks for; doubts are warned of at @node. */
void hki_pm2_service(hki_check *check, const hki_node *node, const hki_pm2_app *app,
    hki_config_service *service);

#endif /* HKI_CONFIG_PM2_H */
