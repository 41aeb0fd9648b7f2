#ifndef HKI_CONFIG_MODEL_H
#define HKI_CONFIG_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a configuration file says, as plain values: every default is filled in,
 * every relative path is absolute, every unit is in the name of its member.
 * It knows nothing of processes or supervision; whoever starts the services
 * translates.  A hki_config owns everything it points to and never changes.
 *
 * A list of texts ends with NULL and is itself NULL only when the key is
 * absent and has no default; `command`, `environment` and `env_files` are
 * never NULL.
 */
typedef const char *const *hki_config_texts;

/* A number whose absence means something. */
typedef struct hki_config_integer {
	bool set;
	int32_t value;
} hki_config_integer;

typedef enum hki_config_condition {
	HKI_CONFIG_SERVICE_STARTED,
	HKI_CONFIG_SERVICE_HEALTHY,
	HKI_CONFIG_SERVICE_COMPLETED_SUCCESSFULLY
} hki_config_condition;

typedef struct hki_config_dependency {
	const char *name;
	size_t service; /* its index in hki_config.services */
	hki_config_condition condition;
	int line;
	int column;
} hki_config_dependency;

typedef struct hki_config_dependencies {
	hki_config_dependency *items;
	size_t count;
} hki_config_dependencies;

typedef enum hki_config_health {
	HKI_CONFIG_HEALTH_NONE,
	HKI_CONFIG_HEALTH_COMMAND, /* command exits 0 */
	HKI_CONFIG_HEALTH_HTTP,    /* GET gives a status of 200 … 399 */
	HKI_CONFIG_HEALTH_TCP,     /* host:port accepts a connection */
	HKI_CONFIG_HEALTH_LOG,     /* a line of output matches: ready, once and for all */
	HKI_CONFIG_HEALTH_NOTIFY   /* the program says READY=1 as sd_notify(3) does */
} hki_config_health;

/* Where a check connects to. */
typedef struct hki_config_endpoint {
	const char *text; /* HOST:PORT, or http://HOST:PORT/PATH; IPv6 in brackets */
	const char *host; /* a name or an address, IPv6 without brackets */
	uint16_t port;
	const char *path; /* of a URL, with its query; else NULL */
} hki_config_endpoint;

typedef struct hki_config_healthcheck {
	hki_config_health kind;
	hki_config_texts command; /* HEALTH_COMMAND: what to run; CMD-SHELL is sh -c */
	hki_config_endpoint http; /* HEALTH_HTTP */
	hki_config_endpoint tcp;  /* HEALTH_TCP */
	const char *log;          /* HEALTH_LOG: POSIX extended regular expression */
	bool notify;
	bool disable;
	uint64_t interval_ns;
	uint64_t timeout_ns;
	uint64_t start_period_ns;
	uint64_t start_interval_ns;
	uint64_t
	    watchdog_ns; /* HEALTH_NOTIFY: unhealthy without WATCHDOG=1 for so long; 0: none */
	uint32_t retries;
} hki_config_healthcheck;

typedef struct hki_config_codes {
	int *items;
	size_t count;
} hki_config_codes;

typedef enum hki_config_restart_when {
	HKI_CONFIG_RESTART_NO,
	HKI_CONFIG_RESTART_ALWAYS,
	HKI_CONFIG_RESTART_ON_FAILURE,
	HKI_CONFIG_RESTART_UNLESS_STOPPED
} hki_config_restart_when;

typedef struct hki_config_restart {
	hki_config_restart_when when;
	uint32_t
	    most; /* on-failure:N fails for good after N restarts in a row; 0: never */
} hki_config_restart;

/* At most `count` restarts within any `window_ns`; count 0: no limit. */
typedef struct hki_config_rate {
	uint32_t count;
	uint64_t window_ns;
} hki_config_rate;

typedef struct hki_config_backoff {
	uint64_t initial_ns;
	uint64_t max_ns;
	uint64_t reset_after_ns;
	uint64_t slow_retry_ns; /* at the limit, try once every so often */
	hki_config_rate limit;
	uint32_t factor_milli; /* 2000: each wait is twice the last */
	bool give_up;          /* at the limit, fail for good instead */
} hki_config_backoff;

typedef struct hki_config_stop_step {
	int signal;
	uint64_t wait_ns;
} hki_config_stop_step;

typedef struct hki_config_stop {
	hki_config_stop_step *steps;
	size_t count; /* at least 1 */
} hki_config_stop;

#define HKI_CONFIG_UNLIMITED UINT64_MAX

/* A resource limit as setrlimit(2) takes it. */
typedef struct hki_config_rlimit {
	bool set;
	uint64_t soft;
	uint64_t hard;
} hki_config_rlimit;

/* Zero, or not set: no limit of ours. */
typedef struct hki_config_limits {
	uint64_t memory_bytes;         /* the kernel ends it there (cgroup memory.max) */
	uint64_t memory_restart_bytes; /* we restart it there, gracefully */
	uint32_t cpu_milli;            /* 1500: one and a half processors */
	uint32_t pids;
	hki_config_rlimit nofile;          /* open files */
	hki_config_rlimit core_bytes;      /* core dumps */
	hki_config_rlimit file_size_bytes; /* largest file it may write */
	hki_config_rlimit stack_bytes;
	hki_config_rlimit memlock_bytes;
	hki_config_rlimit nproc;      /* processes of its user */
	hki_config_integer nice;      /* -20 … 19 */
	hki_config_integer oom_score; /* -1000 … 1000, oom_score_adj */
} hki_config_limits;

typedef struct hki_config_logging {
	const char *file;        /* NULL: none */
	const char *error_file;  /* NULL: stderr goes where stdout goes */
	uint64_t max_size_bytes; /* rotate at this size; 0: never */
	uint32_t max_files;      /* old files kept */
	bool timestamps;
} hki_config_logging;

/* Kept, but nothing acts on it yet. */
typedef struct hki_config_watch {
	hki_config_texts paths;
	hki_config_texts ignore;
	uint64_t settle_ns;
} hki_config_watch;

typedef struct hki_config_ports {
	uint16_t *items;
	size_t count;
} hki_config_ports;

/* Kept, but nothing acts on it yet. */
typedef struct hki_config_sandbox {
	hki_config_texts read;
	hki_config_texts write;
	hki_config_ports connect;
} hki_config_sandbox;

typedef struct hki_config_service {
	const char *name;
	int line; /* where it stands in the file, or 0 */
	int column;

	hki_config_texts command;     /* the program and its arguments */
	const char *shell;            /* the line that command gives to sh -c, or NULL */
	const char *working_dir;      /* absolute */
	hki_config_texts environment; /* "NAME=VALUE", added to hostkit's own */
	hki_config_texts env_files;   /* absolute paths, to be read at every start */
	const char *user;             /* name or number; NULL: as hostkit */
	const char *group;            /* name or number; NULL: the user's */
	uint32_t scale;
	hki_config_dependencies depends_on;
	hki_config_healthcheck *healthcheck; /* NULL: none */
	hki_config_restart restart;
	hki_config_codes success_exit_codes; /* ends that are good; none given: 0 alone */
	hki_config_backoff backoff;
	int stop_signal;
	uint64_t stop_grace_period_ns;
	hki_config_stop stop; /* the two above as one step, or the steps of the file */
	hki_config_limits limits;
	hki_config_logging logging;
	hki_config_watch *watch;     /* NULL: none */
	hki_config_sandbox *sandbox; /* NULL: none */
} hki_config_service;

typedef enum hki_config_format {
	HKI_CONFIG_HOSTKIT, /* hostkit.yaml or hostkit.json */
	HKI_CONFIG_PM2,     /* a PM2 ecosystem file */
	HKI_CONFIG_PROCFILE
} hki_config_format;

typedef struct hki_config {
	const char *path;      /* the file that was read, as messages name it */
	const char *directory; /* absolute: what relative paths start from */
	const char *name;      /* of the project */
	hki_config_format format;
	hki_config_service *services;
	size_t service_count;
	struct hki_config_memory *memory; /* everything lives here */
} hki_config;

/* NULL is fine. */
void hki_config_free(hki_config *config);

#endif /* HKI_CONFIG_MODEL_H */
