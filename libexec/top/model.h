#ifndef HOSTKIT_LIBEXEC_TOP_MODEL_H
#define HOSTKIT_LIBEXEC_TOP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/system.h>
#include <hostkit/system_history.h>
#include <hostkit/system_process.h>
#include "figures.h"

enum { TOP_PROCESSORS_MAX = 1024 };

/* The moment that is shown: now, or one of the past. */
typedef struct top_moment {
	const top_figures *figures;
	const hk_system_process *const *processes; /* rows */
	const bool *exited; /* beside each row: its last figures, it is gone */
	size_t count;
	uint64_t real_ns; /* since 1970 */
	size_t behind;    /* samples before the newest; 0: now */
	bool past;
} top_moment;

/*
 * What is known of the machine: samplers, and the samples of the last minutes.
 * Sampling goes on while the past is looked at.
 */
typedef struct top_model top_model;

typedef struct top_model_opts {
	hk_system_engine engine;
	uint64_t history_bytes; /* 0: 16 MiB */
} top_model_opts;

int top_model_new(top_model **out, const top_model_opts *opts);
void top_model_free(top_model *model);

/* Look at the machine.  Returns 0 or a negative errno; the moment then stays. */
int top_model_sample(top_model *model);

/* The moment to show.  Borrowed until the next sample or step. */
const top_moment *top_model_moment(const top_model *model);

/* Read @field too from the next sample on: a column that was not shown yet. */
void top_model_want(top_model *model, hk_system_process_field field);

/* Stand still, or go back to now. */
void top_model_pause(top_model *model, bool pause);
/* Go @steps samples forward (or, negative, back); it stops at both ends. */
void top_model_step(top_model *model, int steps);

/* The newest @count values, up to the moment shown, of a figure (a TOP_FIGURE_… number) or
 * of a field of the process @key.  Returns how many there are. */
size_t top_model_figure_course(
    const top_model *model, unsigned int figure, double *values, size_t count);
size_t top_model_process_course(const top_model *model, uint64_t key, unsigned int field,
    double *values, size_t count);

/* What tells one process from all others, also from a later one with the same id. */
uint64_t top_model_key(const hk_system_process *process);

/* What looking costs, in percent of a processor, since the last call but one; how the
 * processes are read, and why so. */
double top_model_cost(const top_model *model);
const char *top_model_engine(const top_model *model, const char **out_why);

/* Samples kept, the bytes they take, and the span between the oldest and the newest. */
size_t top_model_kept(const top_model *model, uint64_t *out_bytes, uint64_t *out_span_ns);

#endif /* HOSTKIT_LIBEXEC_TOP_MODEL_H */
