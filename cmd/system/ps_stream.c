/*
 * `hostkit ps -i D`: what processes do in each interval, who started and who
 * ended.  One sample is taken before the first interval begins, so every figure
 * printed is measured.  With the rights for it the kernel also tells of processes
 * that lived between two samples; they stand among those that ended.
 */
#include <errno.h>
#include <hostkit/loop.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "../ending.h"
#include "../exit.h"
#include "../output/cell.h"
#include "../output/colour.h"
#include "../output/fail.h"
#include "../output/screen.h"
#include "../output/text.h"
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/envelope.h"
#include "ps.h"

struct stream {
	const ps_request *request;
	hk_system_processes *table;
	hk_loop *loop;
	hk_timer *timer;
	hk_watch *exits;
	hk_json_writer *writer;
	hki_envelope envelope;
	uint64_t samples;
	int error;
};

static void stream_deinit(struct stream *stream)
{
	cmd_ending_stop();
	hk_watch_free(stream->exits);
	hk_timer_free(stream->timer);
	hk_json_writer_free(stream->writer);
	hk_loop_free(stream->loop);
}

static void fail(struct stream *stream, int error)
{
	stream->error = error;
	hk_loop_stop(stream->loop, 0);
}

/* ---- NDJSON ---- */

static void write_started(struct stream *stream)
{
	hk_json_writer *writer = stream->writer;

	hk_json_write_key(writer, "started");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < hk_system_processes_started_count(stream->table); i++) {
		const hk_system_process *row =
		    hk_system_processes_started(stream->table, i);

		if (ps_chooses(stream->request, row) > 0)
			hk_json_write_int64(writer, row->pid);
	}
	hk_json_write_array_end(writer);
}

static void write_exited(struct stream *stream)
{
	hk_json_writer *writer = stream->writer;

	hk_json_write_key(writer, "exited");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < hk_system_processes_exited_count(stream->table); i++) {
		const hk_system_process *row =
		    hk_system_processes_exited(stream->table, i);

		if (ps_chooses(stream->request, row) <= 0)
			continue;
		hk_record_write(writer, &hk_system_process_type, row);
	}
	hk_json_write_array_end(writer);
}

static int print_line(struct stream *stream, const ps_rows *rows)
{
	hk_json_writer *writer = stream->writer;
	hk_system_processes_info info;
	const char *text;
	size_t length = 0;
	int r;

	hk_json_writer_reset(writer);
	hk_json_write_object_begin(writer);
	hki_envelope_write(
	    &stream->envelope, writer, "hostkit.ps.sample/1", hki_clock_real_ns());
	r = ps_write_rows(writer, stream->request, rows);
	if (r < 0)
		return r;
	write_started(stream);
	write_exited(stream);
	hk_system_processes_describe(&info, stream->table);
	hk_json_write_key(writer, "sampler");
	hk_record_write(writer, &hk_system_processes_info_type, &info);
	hk_json_write_object_end(writer);
	text = hk_json_writer_text(writer, &length);
	if (text == NULL)
		return hk_json_writer_error(writer);
	fwrite(text, 1, length, stdout);
	putchar('\n');
	return 0;
}

/* ---- text ---- */

static void print_heading(struct stream *stream)
{
	bool colour = cmd_colour_wanted(&stream->request->call->output, STDOUT_FILENO);
	hk_system_processes_info info;
	struct timespec now;
	struct tm local;
	char time[32] = "";

	hk_system_processes_describe(&info, stream->table);
	(void) clock_gettime(CLOCK_REALTIME, &now);
	if (localtime_r(&now.tv_sec, &local) != NULL)
		(void) strftime(time, sizeof(time), "%H:%M:%S", &local);
	printf("%s%s  %zu processes, %zu started, %zu ended (%s)%s\n",
	    cmd_colour_begin(colour, CMD_STYLE_STRONG), time,
	    hk_system_processes_count(stream->table),
	    hk_system_processes_started_count(stream->table),
	    hk_system_processes_exited_count(stream->table), info.engine,
	    cmd_colour_end(colour));
}

/* How it ended, as far as anybody knows. */
static int append_end(hki_buffer *line, const hk_system_process *row)
{
	char cpu[32];
	int r;

	hk_record_format(
	    cpu, sizeof(cpu), &hk_system_process_type, row, HK_SYSTEM_PROCESS_CPU);
	r = hki_buffer_append_format(line, " %s", cpu);
	if (r == 0 && hk_record_has(&row->record, HK_SYSTEM_PROCESS_EXIT_SIGNAL))
		r = hki_buffer_append_format(line, " signal %d", (int) row->exit_signal);
	else if (r == 0 && hk_record_has(&row->record, HK_SYSTEM_PROCESS_EXIT_CODE))
		r = hki_buffer_append_format(line, " code %d", (int) row->exit_code);
	return r;
}

/* "+ PID COMMAND", or "- PID TIME code N COMMAND": as much as a line holds. */
static int print_event(const hk_system_process *row, bool ended)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer line = HKI_BUFFER_INIT;
	unsigned int width = cmd_screen_width(stdout);
	unsigned int field = hk_record_has(&row->record, HK_SYSTEM_PROCESS_COMMAND) &&
				     row->command.count > 0
				 ? HK_SYSTEM_PROCESS_COMMAND
				 : HK_SYSTEM_PROCESS_NAME;
	hki_cleanup(hki_freep) char *what =
	    cmd_cell_text(&hk_system_process_type, row, field);
	int r = what == NULL ? -ENOMEM
			     : hki_buffer_append_format(
				   &line, "%c %d", ended ? '-' : '+', (int) row->pid);

	if (r == 0 && ended)
		r = append_end(&line, row);
	if (r == 0)
		r = hki_buffer_append_format(&line, " %s", what);
	if (r < 0)
		return r;
	if (width > 1)
		hki_buffer_truncate(&line, cmd_text_fit(line.data, line.length, width));
	puts(line.data);
	return 0;
}

typedef const hk_system_process *(*row_fn)(
    const hk_system_processes *table, size_t index);

/* Those that are chosen; beyond --limit they are only counted. */
static int print_each(
    const struct stream *stream, size_t count, row_fn get, bool ended, const char *what)
{
	uint64_t limit = stream->request->limit, shown = 0, more = 0;

	for (size_t i = 0; i < count; i++) {
		const hk_system_process *row = get(stream->table, i);
		int r = ps_chooses(stream->request, row);

		if (r == 0)
			continue;
		if (limit > 0 && shown == limit) {
			more++;
			continue;
		}
		shown++;
		r = r < 0 ? r : print_event(row, ended);
		if (r < 0)
			return r;
	}
	if (more > 0)
		printf("%c %llu more %s\n", ended ? '-' : '+', (unsigned long long) more,
		    what);
	return 0;
}

static int print_events(const struct stream *stream)
{
	const hk_system_processes *table = stream->table;
	int r = print_each(stream, hk_system_processes_started_count(table),
	    hk_system_processes_started, false, "started");

	return r < 0 ? r
		     : print_each(stream, hk_system_processes_exited_count(table),
			   hk_system_processes_exited, true, "ended");
}

static int print_text(struct stream *stream, ps_rows *rows)
{
	int r;

	print_heading(stream);
	r = ps_print_table(stream->request, rows);
	return r != 0 ? r : print_events(stream);
}

/* ---- samples ---- */

static int print_sample(struct stream *stream)
{
	ps_rows rows = { .items = NULL };
	int r = ps_select(&rows, stream->request, stream->table);

	if (r == 0)
		r = stream->writer != NULL ? print_line(stream, &rows)
					   : print_text(stream, &rows);
	ps_rows_deinit(&rows);
	/* Nobody reads any more, or the disk is full: the end of the program tells. */
	if (fflush(stdout) != 0 || ferror(stdout))
		hk_loop_stop(stream->loop, 0);
	return r;
}

static void tick(hk_timer *timer, void *user)
{
	struct stream *stream = user;
	int r = hk_system_processes_sample(stream->table);

	(void) timer;
	if (r >= 0)
		r = print_sample(stream);
	if (r != 0) {
		fail(stream, r);
		return;
	}
	stream->samples++;
	if (stream->request->count > 0 && stream->samples == stream->request->count)
		hk_loop_stop(stream->loop, 0);
}

static void told_to_end(void *user)
{
	const struct stream *stream = user;

	hk_loop_stop(stream->loop, 0);
}

static void some_ended(hk_watch *watch, unsigned int events, void *user)
{
	struct stream *stream = user;

	(void) watch;
	(void) events;
	if (hk_system_processes_drain(stream->table) < 0)
		fail(stream, -ENOMEM);
}

static int prepare(struct stream *stream)
{
	hk_timer_opts timer = HK_TIMER_OPTS_INIT;
	int exits = hk_system_processes_exit_fd(stream->table);
	int r = hk_loop_new(&stream->loop);

	if (r == 0 && stream->request->call->output.json)
		r = hk_json_writer_new(&stream->writer, 0);
	if (r == 0)
		r = cmd_ending_start(stream->loop, told_to_end, stream);
	if (r == 0 && exits >= 0)
		r = hk_watch_start(
		    &stream->exits, stream->loop, exits, HK_READABLE, some_ended, stream);
	if (r < 0)
		return r;
	r = hk_system_processes_sample(stream->table);
	if (r < 0)
		return r;
	hk_loop_update_time(stream->loop);
	timer.after_ns = timer.interval_ns = stream->request->interval_ns;
	timer.fn = tick;
	timer.user = stream;
	return hk_timer_start(&stream->timer, stream->loop, &timer);
}

int ps_stream(const ps_request *request, hk_system_processes *table)
{
	struct stream stream = { .request = request, .table = table };
	int r;

	hki_envelope_init(&stream.envelope);
	r = prepare(&stream);
	if (r == 0)
		r = hk_loop_run(stream.loop);
	if (r == 0)
		r = stream.error;
	stream_deinit(&stream);
	if (r < 0)
		return cmd_fail(&request->call->output, cmd_exit_from_error(r), r, NULL,
		    "cannot go on watching processes");
	return r;
}
