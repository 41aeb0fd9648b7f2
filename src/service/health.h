#ifndef HKI_SERVICE_HEALTH_H
#define HKI_SERVICE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>
#include <hostkit/log.h>
#include <hostkit/loop.h>
#include <hostkit/process.h>
#include <hostkit/service.h>

/*
 * Watching whether one process works, from its start to its end.
 *
 * A monitor tries at intervals, counts, and tells three things: it is ready
 * (once), it is unhealthy (once, and then the monitor rests), and what it says
 * about itself.  How a single try is made is a probe: HTTP, TCP, a command; a
 * line of output and sd_notify tell by themselves.
 *
 * Threads: the loop's.  Nothing here waits: connections are non-blocking, names
 * are looked up by an offload, commands run on the loop.
 */
typedef struct hki_health hki_health;

typedef struct hki_health_events {
	void (*ready)(hki_health *health, void *user);
	/* @why is a sentence, such as "connection refused (3 times)".  Borrowed. */
	void (*unhealthy)(hki_health *health, const char *why, void *user);
	/* STATUS= of sd_notify.  Borrowed. */
	void (*status)(hki_health *health, const char *text, void *user);
	void *user;
} hki_health_events;

typedef struct hki_health_opts {
	const hk_service_health *check; /* Borrowed while the monitor lives; NULL: none */
	hk_log_stream *output;          /* for HK_SERVICE_HEALTH_LOG; else NULL */
	hk_log_stream *errors; /* the same for stderr, if that is apart; else NULL */
	const hk_process_opts *process; /* whose directory, environment and user a command
					   shares.  Borrowed */
	const char *notify_path; /* HK_SERVICE_HEALTH_NOTIFY: where hki_notify_open()
					   bound its socket */
	int notify_fd;           /* Borrowed, or -1 */
	hki_health_events events;
} hki_health_opts;

/*
 * Prepare to watch a process that is about to be started: a line of output that
 * makes it ready is looked for from now on, since a quick program prints it
 * before anybody knows that it runs.
 * Owned: hki_health_free(), inside its callbacks too.  0 or a negative errno.
 */
int hki_health_new(hki_health **out, hk_loop *loop, const hki_health_opts *opts);

/*
 * It runs: begin to try and to tell.  Without a check, or when the line has been
 * seen, ready is told at once, though never before this returns.  Once.
 * 0 or a negative errno.
 */
int hki_health_begin(hki_health *health);

void hki_health_free(hki_health *health);

/* Is what a check says well formed?  0, -EINVAL or HK_EPARSE, explained in @errors. */
int hki_health_validate(const hk_service_health *check, hk_error_list *errors);

/*
 * A datagram socket for sd_notify(3), bound to an abstract name of its own, which is
 * written to @out_name as $NOTIFY_SOCKET wants it ("@…").  One an instance; it outlives
 * single processes.  The descriptor is Owned by the caller.  Returns it or a negative errno.
 */
#define HKI_NOTIFY_NAME_MAX 64
int hki_notify_open(char out_name[HKI_NOTIFY_NAME_MAX]);

/* May a message of process @pid count?  True for the instance's own tree. */
typedef bool (*hki_notify_belongs_fn)(pid_t pid, void *user);
void hki_health_set_belongs(
    hki_health *health, hki_notify_belongs_fn belongs, void *user);

/* ---- probes: one try, for health.c alone ---- */

/* Told once a try, later: 0, or a negative code with a sentence. */
typedef void (*hki_probe_fn)(int result, const char *why, void *user);

/* A try under way.  Each kind makes one; free silences it. */
typedef struct hki_probe hki_probe;
struct hki_probe {
	void (*free)(hki_probe *probe);
};

int hki_probe_http(hki_probe **out, hk_loop *loop, const char *url, uint64_t timeout_ns,
    hki_probe_fn done, void *user);
int hki_probe_tcp(hki_probe **out, hk_loop *loop, const char *target, uint64_t timeout_ns,
    hki_probe_fn done, void *user);
int hki_probe_command(hki_probe **out, hk_loop *loop, const char *const *command,
    const hk_process_opts *like, uint64_t timeout_ns, hki_probe_fn done, void *user);

#endif /* HKI_SERVICE_HEALTH_H */
