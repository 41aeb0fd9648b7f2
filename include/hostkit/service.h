#ifndef HOSTKIT_SERVICE_H
#define HOSTKIT_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/error.h>
#include <hostkit/log.h>
#include <hostkit/loop.h>
#include <hostkit/process.h>
#include <hostkit/record.h>

HK_BEGIN

/*
 * Services: programs that are kept running
 *
 * A service set starts programs in the order of their dependencies, knows when
 * each is ready, starts again what ended by its policy, and stops all of them
 * in reverse order.  A service is `scale` instances of one program; an instance
 * is at most one process (with everything that starts) at any time.
 *
 * What an instance does next is decided by one table of states and events (see
 * src/service/machine.c) with time as an argument; times come from
 * CLOCK_MONOTONIC, so setting the clock changes nothing.
 *
 * Threads: a set belongs to the thread of its loop, which never waits for a
 * file, a name or a program: output is carried by the log's thread, programs
 * are started by a spawner's, state is written by a thread of its own.
 */
typedef struct hk_service_set hk_service_set;
typedef struct hk_service_project hk_service_project;

/* ---- what a service is ---- */

typedef enum hk_service_condition {
	HK_SERVICE_STARTED, /* the dependency runs */
	/* it is ready; without a health check: it runs */
	HK_SERVICE_HEALTHY,
	HK_SERVICE_COMPLETED_SUCCESSFULLY /* it has ended well */
} hk_service_condition;

typedef struct hk_service_dependency {
	const char *service;
	hk_service_condition condition;
	uint32_t reserved; /* zero */
} hk_service_dependency;

typedef enum hk_service_restart {
	/* after a bad code, a signal or a failed start */
	HK_SERVICE_RESTART_ON_FAILURE,
	HK_SERVICE_RESTART_NO,
	HK_SERVICE_RESTART_ALWAYS,        /* also after a good end */
	HK_SERVICE_RESTART_UNLESS_STOPPED /* as always, until somebody stops it */
} hk_service_restart;

typedef enum hk_service_health_kind {
	HK_SERVICE_HEALTH_NONE, /* ready as soon as it runs */
	/* target "http://host:port/path": a status of 200 to 399 */
	HK_SERVICE_HEALTH_HTTP,
	HK_SERVICE_HEALTH_TCP,     /* target "host:port": it accepts a connection */
	HK_SERVICE_HEALTH_COMMAND, /* command exits with 0 */
	/* target: a line of its output matches (readiness only) */
	HK_SERVICE_HEALTH_LOG,
	/* READY=1 on $NOTIFY_SOCKET, as sd_notify(3); WATCHDOG=1 */
	HK_SERVICE_HEALTH_NOTIFY
} hk_service_health_kind;

/*
 * How to know that an instance works.  Until its first success it is tried
 * every start_interval; it is unhealthy when start_period and `retries`
 * intervals have gone by without one, and later after `retries` failures in a
 * row.  An unhealthy instance is stopped, and its end counts as a failure.
 */
typedef struct hk_service_health {
	size_t size;
	hk_service_health_kind kind;
	uint32_t retries; /* 0: 3 */
	/* HTTP, TCP: numeric host, name or localhost; LOG: an extended regular
	 * expression */
	const char *target;
	const char *const *command; /* COMMAND: NULL-terminated argv, no shell */
	uint64_t interval_ns;       /* 0: 30 s */
	/* of one try; 0: 30 s, never more than interval_ns */
	uint64_t timeout_ns;
	uint64_t start_period_ns;   /* failures in it do not count; 0: none */
	uint64_t start_interval_ns; /* 0: 1 s, or interval_ns if that is shorter */
	/* NOTIFY: unhealthy without WATCHDOG=1 for so long; 0: none */
	uint64_t watchdog_ns;
} hk_service_health;

/* clang-format off */
#define HK_SERVICE_HEALTH_INIT { .size = sizeof(hk_service_health) }
/* clang-format on */

/* Bits for hk_service_opts.flags. */
enum {
	/* at the limit: fail for good instead of slow retries */
	HK_SERVICE_GIVE_UP = 1 << 0,
	/* a pipe of its own for stderr; else one pipe keeps the order */
	HK_SERVICE_SEPARATE_STDERR = 1 << 1
};

/*
 * Everything about a service.  Everything is copied by the call.  Names are 1
 * to 64 of the characters A-Z a-z 0-9 . _ - and do not begin with . or -.
 */
typedef struct hk_service_opts {
	size_t size;
	const char *name; /* required */
	/* required: argv, environment, limits, user, stop steps. on_exit,
	 * user_data, spawner and the pipes of stdout and stderr are the service's
	 * own; tree 0 means AUTO */
	const hk_process_opts *process;
	const hk_service_dependency *dependencies;
	size_t dependency_count;
	const hk_service_health *health; /* NULL: none */
	/* file for the output; NULL: none.  With scale > 1 all instances share it,
	 * line by line */
	const hk_log_file_opts *log;
	const hk_log_file_opts *error_log; /* file for stderr alone; NULL: log */
	const int *success_codes;          /* exit codes that are good; NULL: 0 alone */
	size_t success_code_count;
	uint32_t scale; /* instances; 0: 1 */
	uint32_t flags; /* HK_SERVICE_… */
	hk_service_restart restart;
	/* restarts in a row before it fails for good; 0: no end */
	uint32_t max_retries;

	/* pause before the first restart; 0: 100 ms */
	uint64_t backoff_initial_ns;
	/* each next pause is longer by it, at least 1; 0: 2 */
	double backoff_factor;
	/* 0: 30 s.  Pauses vary by 10 % so that fleets spread */
	uint64_t backoff_max_ns;
	/* so long ready and running: pauses start small again; 0: 60 s */
	uint64_t reset_after_ns;
	/* at most so many restarts (1000 at most; UINT32_MAX: no limit; 0: 10) … */
	uint32_t limit_count;
	uint32_t reserved;        /* zero */
	uint64_t limit_window_ns; /* … in so long, at any age; 0: 60 s */
	/* at the limit, try once every so often; 0: 60 s */
	uint64_t slow_retry_ns;

	/* restart when the whole tree uses more; 0: never */
	uint64_t memory_restart_bytes;
	uint64_t memory_interval_ns; /* how often to look; 0: 2 s */
} hk_service_opts;

/* clang-format off */
#define HK_SERVICE_OPTS_INIT { .size = sizeof(hk_service_opts) }
/* clang-format on */

/* ---- states and events ---- */

typedef enum hk_service_state {
	HK_SERVICE_STATE_STOPPED,  /* not asked to run, or stopped by request */
	HK_SERVICE_STATE_WAITING,  /* for its dependencies */
	HK_SERVICE_STATE_STARTING, /* handed to the spawner */
	HK_SERVICE_STATE_RUNNING,  /* it runs and is not ready yet */
	HK_SERVICE_STATE_READY,
	HK_SERVICE_STATE_STOPPING,   /* asked to end */
	HK_SERVICE_STATE_RESTARTING, /* asked to end, to be started again at once */
	/* unhealthy or too big: asked to end; the policy decides then */
	HK_SERVICE_STATE_RECYCLING,
	HK_SERVICE_STATE_BACKOFF,   /* pausing before the next start */
	HK_SERVICE_STATE_COMPLETED, /* ended well; not to be started again */
	HK_SERVICE_STATE_FAILED,    /* ended badly; not to be started again */
	HK_SERVICE_STATE_COUNT
} hk_service_state;

/* "stopped", "waiting" …, or NULL. */
HK_API const char *hk_service_state_name(unsigned int state);

typedef enum hk_service_event_kind {
	/* state changed: see state, and error or exit if it ended */
	HK_SERVICE_EVENT_STATE,
	HK_SERVICE_EVENT_UNHEALTHY, /* text says why */
	HK_SERVICE_EVENT_MEMORY,    /* memory_bytes over the limit */
	HK_SERVICE_EVENT_LIMITED,   /* the restart limit was reached */
	HK_SERVICE_EVENT_STATUS,    /* STATUS= of sd_notify: text */
	HK_SERVICE_EVENT_LOG,       /* a log file has a problem: text */
	/* something to know, such as a fallback in use: text */
	HK_SERVICE_EVENT_NOTE,
	HK_SERVICE_EVENT_END /* every service has ended */
} hk_service_event_kind;

/* What happened.  Borrowed for the call; absent fields are not marked in record. */
typedef struct hk_service_event {
	hk_record record;
	const char *schema; /* "hostkit.service.event/1" */
	const char *host;
	const char *boot_id;
	uint64_t seq;  /* counts from 1 without gaps */
	double time_s; /* since 1970-01-01 UTC */
	int32_t event; /* hk_service_event_kind */
	const char *service;
	uint32_t instance; /* from 1 */
	int32_t state;     /* hk_service_state */
	int64_t pid;
	const char *identity; /* PID@START:INODE */
	int32_t exit_code;
	const char *signal; /* that ended it */
	bool core_dumped;
	/* why it could not be started: "exec: no such file or directory" */
	const char *error;
	double run_time_s; /* how long it ran */
	double delay_s;    /* pause before the next start */
	uint32_t restarts;
	uint64_t memory_bytes;
	const char *text;
	const char *output; /* its last lines, when it failed */
} hk_service_event;

HK_API extern const hk_record_type hk_service_event_type;

typedef void (*hk_service_event_fn)(
    hk_service_set *set, const hk_service_event *event, void *user);

/* How everything ended. */
typedef struct hk_service_summary {
	uint32_t completed; /* instances that ended well */
	uint32_t stopped;   /* … by request */
	uint32_t failed;    /* … badly, or never started */
	uint32_t reserved;
} hk_service_summary;

typedef void (*hk_service_end_fn)(
    hk_service_set *set, const hk_service_summary *summary, void *user);

/* ---- a set ---- */

typedef struct hk_service_set_opts {
	size_t size;
	hk_service_event_fn on_event; /* NULL: nobody is told */
	/* each time the last running service has ended */
	hk_service_end_fn on_end;
	void *user;
	hk_log *log;                 /* Borrowed; NULL: one of its own */
	hk_log_sink *terminal;       /* Borrowed: shows all output; NULL: none */
	hk_process_spawner *spawner; /* Borrowed; NULL: one of its own */
	/* Borrowed: where state is written down; NULL: nowhere */
	hk_service_project *project;
	/* of the variation of pauses; 0: from the system */
	uint64_t seed;
} hk_service_set_opts;

/* clang-format off */
#define HK_SERVICE_SET_OPTS_INIT { .size = sizeof(hk_service_set_opts) }
/* clang-format on */

/*
 * Create an empty set.  @opts may be NULL.  Owned: hk_service_set_free().
 * Returns 0, -EINVAL, -ENOMEM, -EMFILE or -EAGAIN.
 */
HK_API HK_MUST_USE int hk_service_set_new(
    hk_service_set **out, hk_loop *loop, const hk_service_set_opts *opts);

/* Release the set; what still runs is killed with its tree.  Safe in its callbacks.  NULL
 * is fine. */
HK_API void hk_service_set_free(hk_service_set *set);

/*
 * Add a service, in state stopped.  @errors, which may be NULL, learns every
 * mistake.  Returns 0, -EINVAL, -EEXIST when the name is taken, or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_service_set_add(
    hk_service_set *set, const hk_service_opts *opts, hk_error_list *errors);

/*
 * Start the services in @names (NULL-terminated; NULL: all) and what they
 * depend on.  Services that run already go on.  Checks first: an unknown name
 * or dependency or a cycle ("a -> b -> a") starts nothing.
 * Returns 0, -ENOENT, -ELOOP, or -ENOMEM, all reported in @errors.
 */
HK_API HK_MUST_USE int hk_service_set_start(
    hk_service_set *set, const char *const *names, hk_error_list *errors);

/* Check names and dependencies as hk_service_set_start() does, and start nothing. */
HK_API HK_MUST_USE int hk_service_set_check(
    hk_service_set *set, const char *const *names, hk_error_list *errors);

/*
 * Stop everything in reverse order: a service is asked to end when all that
 * depend on it have ended.  A second call kills what is left, at once.
 */
HK_API void hk_service_set_stop(hk_service_set *set);

/* Stop, kill or restart one service and nothing else; a name of "api" means all its instances.
 * Returns 0 or -ENOENT. */
HK_API HK_MUST_USE int hk_service_set_stop_one(hk_service_set *set, const char *name);
HK_API HK_MUST_USE int hk_service_set_kill_one(hk_service_set *set, const char *name);
HK_API HK_MUST_USE int hk_service_set_restart_one(hk_service_set *set, const char *name);

/*
 * Run @scale instances (0 … 1000) of a service from now on; new ones start at
 * once if the service was started, those too many are stopped.
 * Returns 0, -ENOENT, -EINVAL or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_service_set_scale(
    hk_service_set *set, const char *name, uint32_t scale);

/* Open the log files again, after something else has renamed them. */
HK_API void hk_service_set_reopen_logs(hk_service_set *set);

/* Pass on what a borrowed log reports in hk_log_opts.on_event, as HK_SERVICE_EVENT_LOG.  A set
 * hears its own log by itself. */
HK_API void hk_service_set_tell_log(hk_service_set *set, const hk_log_event *event);

/* Has every instance ended (or none was started)? */
HK_API bool hk_service_set_ended(const hk_service_set *set);

/* How everything stands, counting instances as on_end does. */
HK_API void hk_service_set_summary(const hk_service_set *set, hk_service_summary *out);

/* ---- what is known ---- */

typedef struct hk_service_info {
	hk_record record;
	const char *service;
	uint32_t instance; /* from 1 */
	int32_t state;     /* hk_service_state */
	int64_t pid;
	const char *identity;
	uint32_t restarts; /* by the policy, since it was started */
	int32_t exit_code; /* of the last end */
	const char *signal;
	const char *error;
	double start_time_s; /* of the process, since 1970-01-01 UTC */
	double uptime_s;
	uint64_t memory_bytes; /* last seen, with memory_restart */
	const char *status;    /* STATUS= of sd_notify */
	int32_t tree;          /* hk_tree in force */
} hk_service_info;

HK_API extern const hk_record_type hk_service_info_type;

/* A list taken at one moment.  Owned: hk_service_list_free(). */
typedef struct hk_service_list hk_service_list;

/* Every instance, in the order in which services were added.  Returns 0 or -ENOMEM. */
HK_API HK_MUST_USE int hk_service_list_new(
    hk_service_list **out, const hk_service_set *set);
HK_API size_t hk_service_list_count(const hk_service_list *list);
HK_API const hk_service_info *hk_service_list_get(
    const hk_service_list *list, size_t index);
HK_API void hk_service_list_free(hk_service_list *list);

/* ---- one supervisor a project ---- */

/*
 * Claim the project at @path (a file or directory; compared after resolving
 * links) for this process.  The claim is a lock the kernel gives back when we
 * end, however that happens, on a file in @directory (NULL:
 * $XDG_RUNTIME_DIR/hostkit; as root /run/hostkit; else
 * ~/.local/state/hostkit), where state is written down too.
 * Blocks for a moment; call it before the loop runs.
 * Owned: release it with hk_service_project_free().
 *
 * Returns 0; -EBUSY when another supervisor has it, whose identity @errors
 * tells; -ENOENT, -EACCES, -ENOMEM or the errno of what failed.
 */
HK_API HK_MUST_USE int hk_service_project_open(hk_service_project **out, const char *path,
    const char *directory, hk_error_list *errors);

/* Who supervises the project, with -EBUSY as above, without claiming it; -ESRCH if nobody
 * does. */
HK_API HK_MUST_USE int hk_service_project_supervisor(
    hk_process_id *out, const char *path, const char *directory);

/*
 * End what a supervisor that was killed has left of this project: processes it
 * wrote down, everything in their cgroups, and whatever carries the project's
 * HOSTKIT_PROJECT in its environment.  SIGTERM first, after @grace_ns SIGKILL.
 * Waits until they are gone; call it before the loop runs.
 * Returns how many there were, or a negative errno.
 */
HK_API HK_MUST_USE int hk_service_project_end_leftovers(
    hk_service_project *project, uint64_t grace_ns);

/* Give the project back and remove what was written down.  NULL is fine. */
HK_API void hk_service_project_free(hk_service_project *project);

HK_END

#endif /* HOSTKIT_SERVICE_H */
