/*
 * `hostkit top` without a screen.  One sample is taken before the first interval
 * begins, so that every figure printed is measured over an interval.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/loop.h>
#include <hostkit/system.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "base/envelope.h"
#include "base/quantity.h"
#include "ending.h"
#include "exit.h"
#include "output/cell.h"
#include "output/fail.h"
#include "output/table.h"
#include "top.h"

#define SECTIONS                                                                         \
	(HK_SYSTEM_HOST | HK_SYSTEM_CPU | HK_SYSTEM_LOAD | HK_SYSTEM_MEMORY |            \
	    HK_SYSTEM_PRESSURE)
#define COLUMNS "pid,user,nice,rss_bytes,state,cpu_percent,memory_percent,cpu_s,command"

typedef struct top_samples {
	const cmd_call *call;
	const top_plan *plan;
	hk_loop *loop;
	hk_system *system;
	hk_system_processes *table;
	hk_json_writer *writer; /* NULL: text */
	hki_envelope envelope;
	hk_system_process *rows; /* chosen, in order; texts are the table's */
	size_t count;
	size_t capacity;
	int64_t samples;
	int status;
} top_samples;

/* ---- choosing ---- */

static bool is_chosen(const top_samples *batch, const hk_system_process *row)
{
	const top_plan *plan = batch->plan;

	if (row->kernel && !plan->kernel)
		return false;
	if (plan->user[0] != '\0' &&
	    (!hk_record_has(&row->record, HK_SYSTEM_PROCESS_USER) ||
		strcmp(row->user, plan->user) != 0))
		return false;
	return plan->filter == NULL || hk_system_filter_match(plan->filter, row) == 1;
}

/* What is absent comes last either way. */
static int compare(const void *left, const void *right, void *user)
{
	const top_plan *plan = user;
	const hk_system_process *a = left, *b = right;
	int order = cmd_cell_compare(&hk_system_process_type, left, right, plan->sort);

	if (!plan->ascending && hk_record_has(&a->record, plan->sort) &&
	    hk_record_has(&b->record, plan->sort))
		order = -order;
	return order != 0 ? order : (a->pid > b->pid) - (a->pid < b->pid);
}

static int choose(top_samples *batch)
{
	size_t all = hk_system_processes_count(batch->table);

	if (all > batch->capacity) {
		hk_system_process *rows = hki_alloc_array(all * 2, sizeof(*rows));

		if (rows == NULL)
			return -ENOMEM;
		hki_free(batch->rows);
		batch->rows = rows;
		batch->capacity = all * 2;
	}
	batch->count = 0;
	for (size_t i = 0; i < all; i++) {
		const hk_system_process *row = hk_system_processes_get(batch->table, i);

		if (is_chosen(batch, row))
			batch->rows[batch->count++] = *row;
	}
	if (batch->count > 1)
		qsort_r(batch->rows, batch->count, sizeof(*batch->rows), compare,
		    (void *) (uintptr_t) batch->plan);
	return 0;
}

/* ---- one sample ---- */

static size_t shown(const top_samples *batch)
{
	size_t limit = (size_t) batch->plan->limit;

	return limit == 0 || batch->count < limit ? batch->count : limit;
}

static void write_section(hk_json_writer *writer, const char *name,
    const hk_record_type *type, const void *record)
{
	hk_json_write_key(writer, name);
	hk_record_write(writer, type, record);
}

static int print_json(top_samples *batch)
{
	hk_json_writer *writer = batch->writer;
	const hk_system *system = batch->system;
	const char *text;
	size_t length;

	hk_json_writer_reset(writer);
	hk_json_write_object_begin(writer);
	hki_envelope_write(
	    &batch->envelope, writer, "hostkit.top/1", hki_clock_real_ns());
	write_section(writer, "cpu", &hk_system_cpu_type, hk_system_get_cpu(system));
	write_section(
	    writer, "memory", &hk_system_memory_type, hk_system_get_memory(system));
	write_section(
	    writer, "pressure", &hk_system_pressure_type, hk_system_get_pressure(system));
	write_section(writer, "load", &hk_system_load_type, hk_system_get_load(system));
	hk_json_write_key(writer, "processes");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < shown(batch); i++)
		hk_record_write(writer, &hk_system_process_type, &batch->rows[i]);
	hk_json_write_array_end(writer);
	hk_json_write_object_end(writer);
	text = hk_json_writer_text(writer, &length);
	if (text == NULL)
		return hk_json_writer_error(writer);
	fwrite(text, 1, length, stdout);
	putchar('\n');
	return 0;
}

static void print_head(const top_samples *batch)
{
	const hk_system_cpu *cpu = hk_system_get_cpu(batch->system);
	const hk_system_load *load = hk_system_get_load(batch->system);
	const hk_system_memory *memory = hk_system_get_memory(batch->system);
	const hk_system_host *host = hk_system_get_host(batch->system);
	char used[HKI_QUANTITY_TEXT_MAX], total[HKI_QUANTITY_TEXT_MAX],
	    up[HKI_QUANTITY_TEXT_MAX];

	if (batch->samples > 0)
		putchar('\n');
	(void) hki_duration_format(
	    up, sizeof(up), (uint64_t) host->uptime_s * HKI_NS_PER_S);
	(void) hki_size_format(used, sizeof(used), memory->used_bytes);
	(void) hki_size_format(total, sizeof(total), memory->total_bytes);
	/* Two lines, because one is more than 80 columns on a machine with a name. */
	printf("%s  up %s  load %.2f %.2f %.2f\n",
	    host->hostname == NULL ? "" : host->hostname, up, load->load_1, load->load_5,
	    load->load_15);
	printf("cpu %.1f%%  memory %s of %s  %zu processes\n", cpu->used_percent, used,
	    total, hk_system_processes_count(batch->table));
}

static int print_text(top_samples *batch)
{
	const cmd_table_opts opts = { .columns = COLUMNS, .elastic = "command" };

	print_head(batch);
	return cmd_table_print(&batch->call->output, stdout, &opts,
	    &hk_system_process_type, batch->rows, shown(batch));
}

static int sample(top_samples *batch)
{
	int r = hk_system_sample(batch->system, SECTIONS);

	if (r == 0)
		r = hk_system_processes_sample(batch->table);
	return r < 0 ? r : 0;
}

static void is_due(hk_timer *timer, void *user)
{
	top_samples *batch = user;
	int r = sample(batch);

	(void) timer;
	if (r == 0)
		r = choose(batch);
	if (r == 0)
		r = batch->writer != NULL ? print_json(batch) : print_text(batch);
	if (r < 0)
		batch->status = cmd_fail(&batch->call->output, CMD_EXIT_FAILED, r, NULL,
		    "cannot look at the machine");
	batch->samples++;
	/* Nobody reads any more, or the disk is full: the end of the program tells. */
	if (r != 0 || fflush(stdout) != 0 || ferror(stdout) ||
	    batch->samples == batch->plan->count)
		hk_loop_stop(batch->loop, 0);
}

/* ---- life ---- */

static void told_to_end(void *user)
{
	hk_loop_stop(user, 0);
}

static int open_samplers(top_samples *batch)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	int r;

	opts.engine = batch->plan->engine;
	hk_system_process_fields_add(&opts.fields, HK_SYSTEM_PROCESS_UID);
	hk_system_process_fields_add(&opts.fields, HK_SYSTEM_PROCESS_USER);
	hk_system_process_fields_add(&opts.fields, HK_SYSTEM_PROCESS_NICE);
	hk_system_process_fields_add(&opts.fields, HK_SYSTEM_PROCESS_COMMAND);
	hk_system_process_fields_add(
	    &opts.fields, (hk_system_process_field) batch->plan->sort);
	for (unsigned int i = 0; i < HK_SYSTEM_PROCESS_FIELD_COUNT; i++) {
		if (batch->plan->filter != NULL &&
		    hk_system_filter_uses(batch->plan->filter, i))
			hk_system_process_fields_add(
			    &opts.fields, (hk_system_process_field) i);
	}
	r = hk_system_new(&batch->system, NULL);
	return r < 0 ? r : hk_system_processes_open(&batch->table, &opts);
}

static int run(top_samples *batch)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	hk_timer *timer = NULL;
	int r = hk_loop_new(&batch->loop);

	opts.after_ns = batch->plan->interval_ns;
	opts.interval_ns = batch->plan->interval_ns;
	opts.fn = is_due;
	opts.user = batch;
	if (r == 0)
		r = open_samplers(batch);
	if (r == 0)
		r = sample(batch);
	if (r == 0)
		r = cmd_ending_start(batch->loop, told_to_end, batch->loop);
	if (r == 0)
		r = hk_timer_start(&timer, batch->loop, &opts);
	if (r == 0)
		r = hk_loop_run(batch->loop);
	hk_timer_free(timer);
	cmd_ending_stop();
	return r < 0 ? r : 0;
}

int top_batch(const cmd_call *call, const top_plan *plan)
{
	top_samples batch = { .call = call, .plan = plan };
	int r = 0;

	hki_envelope_init(&batch.envelope);
	if (call->output.json)
		r = hk_json_writer_new(&batch.writer, 0);
	if (r == 0)
		r = run(&batch);
	if (r < 0)
		batch.status = cmd_fail(&call->output, CMD_EXIT_FAILED, r, NULL,
		    "cannot look at the machine");
	hki_free(batch.rows);
	hk_json_writer_free(batch.writer);
	hk_system_processes_close(batch.table);
	hk_system_free(batch.system);
	hk_loop_free(batch.loop);
	return batch.status;
}
