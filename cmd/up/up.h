#ifndef HOSTKIT_CMD_UP_H
#define HOSTKIT_CMD_UP_H

#include <stdbool.h>
#include <stdint.h>
#include <hostkit/error.h>
#include <hostkit/service.h>
#include "config/model.h"
#include "output/output.h"

/*
 * `hostkit up` goes one way: the command line and the file are read and
 * checked (up.c), each service is translated (map.c), a set runs them
 * (supervise.c), and what happens is shown (show.c).  Nothing is started
 * before everything is known to be right.
 */

/* One --scale NAME=COUNT. */
typedef struct up_scale {
	const char *name;
	uint32_t count;
	uint32_t reserved;
} up_scale;

typedef struct up_request {
	const cmd_output *output;
	const hki_config *config;
	const char *project;         /* what is claimed: one supervisor each */
	const char *const *names;    /* NULL-terminated; NULL: all */
	const char *state_directory; /* NULL: the usual one */
	bool quiet;                  /* programs' output goes to their files alone */
} up_request;

/* ---- map.c ---- */

/* Add service @index of @config to @set.  0 or a negative code, explained in @errors. */
int up_add_service(
    hk_service_set *set, const hki_config *config, size_t index, hk_error_list *errors);

/* ---- supervise.c ---- */

/* Start, supervise until everything has ended, and return the exit code. */
int up_supervise(const up_request *request);

/* ---- show.c ---- */

typedef struct up_show up_show;

/*
 * A view on standard output: programs' lines behind their names and events in
 * between; with --json events alone, as NDJSON.  It never waits for the reader.
 * Owned: up_show_free().  0 or a negative errno.
 */
int up_show_new(up_show **out, hk_log *log, const up_request *request);

/* The sink for programs' output, or NULL with --json and --quiet.  Borrowed. */
hk_log_sink *up_show_programs(up_show *show);

void up_show_event(up_show *show, const hk_service_event *event);

/* A remark of our own, such as "stopping (once more kills)". */
void up_show_note(up_show *show, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void up_show_free(up_show *show);

/* ---- signals.c ---- */

typedef struct up_signals up_signals;

/*
 * What signals mean: SIGINT, SIGTERM and SIGHUP stop everything in reverse
 * order, and once more kills; SIGUSR1 opens the log files again.  As process 1
 * only SIGINT and SIGTERM stop, and SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 and
 * SIGWINCH go to the programs.
 * Owned: up_signals_free().  0 or a negative errno.
 */
int up_signals_new(up_signals **out, hk_loop *loop);

/* Before this, a signal that stops is only remembered. */
void up_signals_connect(up_signals *signals, hk_service_set *set, up_show *show);

void up_signals_free(up_signals *signals);

#endif /* HOSTKIT_CMD_UP_H */
