/*
 * The machine and its last minutes.
 *
 * Every sample goes into two rings, one of the figures of the machine and one of the
 * rows of all processes, and the rings know how to show any sample again.  Now and
 * the past are therefore shown by the same code: it is handed a moment, and a moment
 * is either the live table or a view into the rings.
 */
#include "model.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/clock.h"

enum {
	HISTORY_BYTES = 16 * 1024 * 1024,
	FIGURES_BYTES = 2 * 1024 * 1024,
	ONLY_ROW = 1 /* the key of the figures, of which a sample has one row */
};

/* Rows of the moment, in memory that is kept from one to the next. */
typedef struct row_list {
	const hk_system_process **rows;
	bool *exited;
	size_t count;
	size_t capacity;
} row_list;

struct top_model {
	hk_system *system;
	hk_system_processes *processes;
	hk_system_process_fields fields;
	hk_system_history *figures_history;
	hk_system_history *process_history;
	hk_system_history_view *figures_view;
	hk_system_history_view *process_view;
	top_figures figures;
	top_processor processors[TOP_PROCESSORS_MAX];
	row_list list;
	top_moment moment;
	bool paused;
	uint64_t shown_ns; /* paused: time of the sample that is shown */
	uint64_t cpu_ns;   /* of ours, at the last sample */
	uint64_t time_ns;
	double cost_percent;
};

/* ---- beginning and end ---- */

/* What the table shows at first, and what filters are likely to ask for. */
static const hk_system_process_field fields_at_first[] = {
	HK_SYSTEM_PROCESS_UID,
	HK_SYSTEM_PROCESS_USER,
	HK_SYSTEM_PROCESS_NICE,
	HK_SYSTEM_PROCESS_COMMAND,
};

static int new_histories(top_model *model, uint64_t bytes)
{
	hk_system_history_opts opts = HK_SYSTEM_HISTORY_OPTS_INIT;
	int r;

	opts.type = &top_figures_type;
	opts.bytes_max = FIGURES_BYTES;
	r = hk_system_history_new(&model->figures_history, &opts);
	if (r < 0)
		return r;
	opts.type = &hk_system_process_type;
	opts.bytes_max = bytes == 0 ? HISTORY_BYTES : bytes;
	r = hk_system_history_new(&model->process_history, &opts);
	if (r == 0)
		r = hk_system_history_view_new(
		    &model->figures_view, model->figures_history);
	if (r == 0)
		r = hk_system_history_view_new(
		    &model->process_view, model->process_history);
	return r;
}

int top_model_new(top_model **out, const top_model_opts *opts)
{
	hk_system_processes_opts processes = HK_SYSTEM_PROCESSES_OPTS_INIT;
	top_model *model = hki_zalloc(sizeof(*model));
	int r;

	if (model == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(fields_at_first) / sizeof(fields_at_first[0]); i++)
		hk_system_process_fields_add(&model->fields, fields_at_first[i]);
	processes.fields = model->fields;
	processes.engine = opts->engine;
	processes.exits = true;
	r = hk_system_new(&model->system, NULL);
	if (r == 0)
		r = hk_system_processes_open(&model->processes, &processes);
	if (r == 0)
		r = new_histories(model, opts->history_bytes);
	if (r < 0) {
		top_model_free(model);
		return r;
	}
	*out = model;
	return 0;
}

void top_model_free(top_model *model)
{
	if (model == NULL)
		return;
	hk_system_history_view_free(model->process_view);
	hk_system_history_view_free(model->figures_view);
	hk_system_history_free(model->process_history);
	hk_system_history_free(model->figures_history);
	hk_system_processes_close(model->processes);
	hk_system_free(model->system);
	hki_free(model->list.rows);
	hki_free(model->list.exited);
	hki_free(model);
}

/* ---- moments ---- */

uint64_t top_model_key(const hk_system_process *process)
{
	/* Inodes of pidfds are small numbers that are never given twice. */
	if (hk_record_has(&process->record, HK_SYSTEM_PROCESS_INODE))
		return process->inode;
	return (uint64_t) process->pid << 42 | process->start_ticks;
}

static int list_reserve(row_list *list, size_t count)
{
	size_t capacity = count + count / 4 + 64;
	const hk_system_process **rows;
	bool *exited;

	if (count <= list->capacity)
		return 0;
	rows = hki_alloc_array(capacity, sizeof(*rows));
	exited = hki_alloc_array(capacity, sizeof(*exited));
	if (rows == NULL || exited == NULL) {
		hki_free(rows);
		hki_free(exited);
		return -ENOMEM;
	}
	hki_free(list->rows);
	hki_free(list->exited);
	list->rows = rows;
	list->exited = exited;
	list->capacity = capacity;
	return 0;
}

static void list_add(row_list *list, const hk_system_process *row, bool exited)
{
	list->rows[list->count] = row;
	list->exited[list->count++] = exited;
}

static void show_list(top_model *model, const top_figures *figures)
{
	model->moment.figures = figures;
	model->moment.processes = model->list.rows;
	model->moment.exited = model->list.exited;
	model->moment.count = model->list.count;
}

static int show_now(top_model *model)
{
	const hk_system_processes *table = model->processes;
	size_t living = hk_system_processes_count(table);
	size_t gone = hk_system_processes_exited_count(table);

	if (list_reserve(&model->list, living + gone) < 0)
		return -ENOMEM;
	model->list.count = 0;
	for (size_t i = 0; i < living; i++)
		list_add(&model->list, hk_system_processes_get(table, i), false);
	for (size_t i = 0; i < gone; i++)
		list_add(&model->list, hk_system_processes_exited(table, i), true);
	show_list(model, &model->figures);
	model->moment.past = false;
	model->moment.behind = 0;
	model->moment.real_ns = hki_clock_real_ns();
	return 0;
}

static int show_past(top_model *model)
{
	const hk_system_history *history = model->process_history;
	int64_t index = hk_system_history_at(history, model->shown_ns);
	int64_t figures = hk_system_history_at(model->figures_history, model->shown_ns);
	int64_t count;

	/* It has left the ring while it was looked at: the oldest there is, then. */
	index = index < 0 ? 0 : index;
	figures = figures < 0 ? 0 : figures;
	count = hk_system_history_seek(model->process_view, (size_t) index);
	if (count < 0 ||
	    hk_system_history_seek(model->figures_view, (size_t) figures) < 0)
		return count < 0 ? (int) count : -ENOENT;
	if (list_reserve(&model->list, (size_t) count) < 0)
		return -ENOMEM;
	model->list.count = 0;
	for (size_t i = 0; i < (size_t) count; i++) {
		unsigned int flags = 0;
		const void *row =
		    hk_system_history_row(model->process_view, i, NULL, &flags);

		if (row != NULL)
			list_add(
			    &model->list, row, (flags & HK_SYSTEM_HISTORY_EXITED) != 0);
	}
	show_list(model, hk_system_history_find(model->figures_view, ONLY_ROW));
	model->moment.past = true;
	model->moment.behind = hk_system_history_count(history) - 1 - (size_t) index;
	model->moment.real_ns = hk_system_history_real_ns(history, (size_t) index);
	return 0;
}

static int show(top_model *model)
{
	int r = model->paused ? show_past(model) : 0;

	if (r < 0)
		model->paused = false; /* nothing was kept: now is all there is */
	return model->paused ? 0 : show_now(model);
}

const top_moment *top_model_moment(const top_model *model)
{
	return &model->moment;
}

void top_model_pause(top_model *model, bool pause)
{
	size_t count = hk_system_history_count(model->process_history);

	if (pause && !model->paused && count > 0)
		model->shown_ns =
		    hk_system_history_time_ns(model->process_history, count - 1);
	model->paused = pause && count > 0;
	(void) show(model);
}

void top_model_step(top_model *model, int steps)
{
	const hk_system_history *history = model->process_history;
	size_t count = hk_system_history_count(history);
	int64_t index;

	top_model_pause(model, true);
	if (!model->paused)
		return;
	index = hk_system_history_at(history, model->shown_ns);
	index = (index < 0 ? 0 : index) + steps;
	if (index < 0)
		index = 0;
	if (index >= (int64_t) count)
		index = (int64_t) count - 1;
	model->shown_ns = hk_system_history_time_ns(history, (size_t) index);
	(void) show(model);
}

/* ---- sampling ---- */

static uint64_t own_cpu_ns(void)
{
	struct rusage usage;

	(void) getrusage(RUSAGE_SELF, &usage);
	return (uint64_t) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * HKI_NS_PER_S +
	       (uint64_t) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

static void measure_cost(top_model *model)
{
	uint64_t cpu = own_cpu_ns(), now = hki_clock_monotonic_ns();

	if (model->time_ns != 0 && now > model->time_ns)
		model->cost_percent = 100.0 * (double) (cpu - model->cpu_ns) /
				      (double) (now - model->time_ns);
	model->cpu_ns = cpu;
	model->time_ns = now;
}

static int keep_figures(top_model *model, uint64_t now, uint64_t real)
{
	int r = hk_system_history_begin(model->figures_history, now, real);

	if (r == 0)
		r = hk_system_history_add(
		    model->figures_history, ONLY_ROW, 0, &model->figures);
	return r < 0 ? r : hk_system_history_end(model->figures_history);
}

static int keep_processes(top_model *model, uint64_t now, uint64_t real)
{
	const hk_system_processes *table = model->processes;
	hk_system_history *history = model->process_history;
	int r = hk_system_history_begin(history, now, real);

	for (size_t i = 0; r == 0 && i < hk_system_processes_count(table); i++) {
		const hk_system_process *row = hk_system_processes_get(table, i);

		r = hk_system_history_add(history, top_model_key(row), 0, row);
	}
	for (size_t i = 0; r == 0 && i < hk_system_processes_exited_count(table); i++) {
		const hk_system_process *row = hk_system_processes_exited(table, i);

		r = hk_system_history_add(
		    history, top_model_key(row), HK_SYSTEM_HISTORY_EXITED, row);
		/* Without inodes two that ended may look the same: one is enough. */
		if (r == -EEXIST)
			r = 0;
	}
	return r < 0 ? r : hk_system_history_end(history);
}

int top_model_sample(top_model *model)
{
	uint64_t now, real;
	int r = hk_system_sample(model->system, TOP_FIGURES_SECTIONS);

	if (r == 0)
		r = hk_system_processes_sample(model->processes);
	if (r < 0)
		return r;
	now = hki_clock_monotonic_ns();
	real = hki_clock_real_ns();
	top_figures_take(
	    &model->figures, model->system, model->processors, TOP_PROCESSORS_MAX);
	r = keep_figures(model, now, real);
	if (r == 0)
		r = keep_processes(model, now, real);
	measure_cost(model);
	if (r < 0 && r != HK_ELIMIT)
		return r;
	return show(model);
}

void top_model_want(top_model *model, hk_system_process_field field)
{
	uint64_t bit = UINT64_C(1) << field % 64;

	/* A table that is told anew what to read reads every process anew. */
	if (model->fields.bits[field / 64] & bit)
		return;
	hk_system_process_fields_add(&model->fields, field);
	hk_system_processes_want(model->processes, &model->fields);
}

/* ---- courses ---- */

static size_t course(const hk_system_history *history, const top_model *model,
    uint64_t key, unsigned int field, double *values, size_t count)
{
	size_t kept = hk_system_history_count(history);
	int64_t read;

	if (model->paused) {
		int64_t at = hk_system_history_at(history, model->shown_ns);

		kept = at < 0 ? 0 : (size_t) at + 1;
	}
	if (count > kept)
		count = kept;
	if (count == 0)
		return 0;
	read = hk_system_history_series(history, key, field, kept - count, values, count);
	return read < 0 ? 0 : (size_t) read;
}

size_t top_model_figure_course(
    const top_model *model, unsigned int figure, double *values, size_t count)
{
	return course(model->figures_history, model, ONLY_ROW, figure, values, count);
}

size_t top_model_process_course(const top_model *model, uint64_t key, unsigned int field,
    double *values, size_t count)
{
	return course(model->process_history, model, key, field, values, count);
}

/* ---- about itself ---- */

double top_model_cost(const top_model *model)
{
	return model->cost_percent;
}

const char *top_model_engine(const top_model *model, const char **out_why)
{
	hk_system_processes_info info;

	hk_system_processes_describe(&info, model->processes);
	if (out_why != NULL)
		*out_why = info.engine_why;
	return info.engine;
}

size_t top_model_kept(const top_model *model, uint64_t *out_bytes, uint64_t *out_span_ns)
{
	const hk_system_history *history = model->process_history;
	size_t count = hk_system_history_count(history);

	*out_bytes = hk_system_history_bytes(history);
	*out_span_ns = count == 0 ? 0
				  : hk_system_history_time_ns(history, count - 1) -
					hk_system_history_time_ns(history, 0);
	return count;
}
