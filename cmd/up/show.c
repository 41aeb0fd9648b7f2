/*
 * What `hostkit up` prints while it runs.
 *
 * Everything goes through one sink of the log: programs' lines and our own
 * remarks keep their order, and a terminal that was stopped with Ctrl-S costs
 * lines, which are counted, and never holds up supervision.
 */
#include "up.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/quantity.h"
#include "output/colour.h"
#include "output/fail.h"

struct up_show {
	const cmd_output *output;
	hk_log_sink *sink;
	hk_json_writer *json; /* NULL: for people */
	uint64_t lost;        /* remarks of ours that a stalled reader cost */
	const hki_config *config;
	bool quiet;
	bool colour;
};

/* Columns of the longest label, "name-12" when a service has several instances. */
static unsigned int label_width(const hki_config *config)
{
	unsigned int widest = strlen("hostkit");

	for (size_t i = 0; i < config->service_count; i++) {
		const hki_config_service *service = &config->services[i];
		int width = service->scale > 1 ? snprintf(NULL, 0, "%s-%u", service->name,
						     service->scale)
					       : (int) strlen(service->name);

		if (width > (int) widest)
			widest = (unsigned int) width;
	}
	return widest;
}

static void show_freep(up_show **show)
{
	up_show_free(*show);
}

int up_show_new(up_show **out, hk_log *log, const up_request *request)
{
	hki_cleanup(show_freep) up_show *show = hki_zalloc(sizeof(*show));
	hk_log_terminal_opts opts = HK_LOG_TERMINAL_OPTS_INIT;
	int r;

	if (show == NULL)
		return -ENOMEM;
	show->output = request->output;
	show->config = request->config;
	show->quiet = request->quiet;
	show->colour = cmd_colour_wanted(request->output, STDOUT_FILENO);
	if (request->output->json) {
		r = hk_json_writer_new(&show->json, 0);
		if (r < 0)
			return r;
	}
	opts.fd = STDOUT_FILENO;
	opts.name = "standard output";
	opts.color = show->colour;
	opts.label_width = label_width(request->config);
	r = hk_log_terminal_new(&show->sink, log, &opts);
	if (r < 0)
		return r;
	*out = hki_take(show);
	return 0;
}

hk_log_sink *up_show_programs(up_show *show)
{
	return show->json != NULL || show->quiet ? NULL : show->sink;
}

/* Never waits; what a reader that stands still costs us is counted and told at the end. */
static void print(up_show *show, const char *text, size_t length)
{
	if (hk_log_sink_write(show->sink, text, length) < 0)
		show->lost++;
}

static void event_as_json(up_show *show, const hk_service_event *event)
{
	const char *text;
	size_t length;

	hk_json_writer_reset(show->json);
	hk_record_write(show->json, &hk_service_event_type, event);
	text = hk_json_writer_text(show->json, &length);
	if (text != NULL)
		print(show, text, length);
}

/* ---- for people ---- */

static bool has(const hk_service_event *event, const char *field)
{
	int index = hk_record_find(&hk_service_event_type, field);

	return index >= 0 && hk_record_has(&event->record, (unsigned int) index);
}

static void append_duration(hki_buffer *line, double seconds)
{
	char text[HKI_QUANTITY_TEXT_MAX];

	(void) hki_duration_format(
	    text, sizeof(text), (uint64_t) (seconds * (double) HKI_NS_PER_S));
	(void) hki_buffer_append_text(line, text);
}

/* " (exit code 3 after 1.2s)" and the like. */
static void append_end(hki_buffer *line, const hk_service_event *event)
{
	if (has(event, "error"))
		(void) hki_buffer_append_format(line, " (%s", event->error);
	else if (has(event, "signal"))
		(void) hki_buffer_append_format(line, " (%s%s", event->signal,
		    event->core_dumped ? ", core dumped" : "");
	else if (has(event, "exit_code"))
		(void) hki_buffer_append_format(line, " (exit code %d", event->exit_code);
	else
		return;
	if (has(event, "run_time_s")) {
		(void) hki_buffer_append_text(line, " after ");
		append_duration(line, event->run_time_s);
	}
	(void) hki_buffer_append_char(line, ')');
}

static void append_state(hki_buffer *line, const hk_service_event *event)
{
	switch (event->state) {
	case HK_SERVICE_STATE_RUNNING:
		(void) hki_buffer_append_format(
		    line, "started, pid %" PRId64, event->pid);
		break;
	case HK_SERVICE_STATE_BACKOFF:
		(void) hki_buffer_append_text(line, "ended");
		append_end(line, event);
		(void) hki_buffer_append_text(line, ", starting again in ");
		append_duration(line, event->delay_s);
		break;
	default:
		(void) hki_buffer_append_text(
		    line, hk_service_state_name((unsigned int) event->state));
		append_end(line, event);
		break;
	}
}

static void append_event(hki_buffer *line, const hk_service_event *event)
{
	char size[HKI_QUANTITY_TEXT_MAX];

	switch (event->event) {
	case HK_SERVICE_EVENT_STATE:
		append_state(line, event);
		break;
	case HK_SERVICE_EVENT_UNHEALTHY:
		(void) hki_buffer_append_format(line, "unhealthy: %s", event->text);
		break;
	case HK_SERVICE_EVENT_MEMORY:
		(void) hki_size_format(size, sizeof(size), event->memory_bytes);
		(void) hki_buffer_append_format(line, "uses %s, restarting it", size);
		break;
	case HK_SERVICE_EVENT_LIMITED:
		(void) hki_buffer_append_text(
		    line, has(event, "delay_s") ? "restarts too often, slowing down"
						: "restarts too often, giving up");
		break;
	default:
		if (has(event, "text"))
			(void) hki_buffer_append_text(line, event->text);
		break;
	}
}

static cmd_style event_style(const hk_service_event *event)
{
	if (event->event == HK_SERVICE_EVENT_UNHEALTHY ||
	    event->event == HK_SERVICE_EVENT_MEMORY ||
	    event->event == HK_SERVICE_EVENT_LIMITED)
		return CMD_STYLE_WARN;
	if (event->event != HK_SERVICE_EVENT_STATE)
		return CMD_STYLE_QUIET;
	if (event->state == HK_SERVICE_STATE_FAILED)
		return CMD_STYLE_BAD;
	if (event->state == HK_SERVICE_STATE_BACKOFF)
		return CMD_STYLE_WARN;
	return event->state == HK_SERVICE_STATE_READY ? CMD_STYLE_GOOD : CMD_STYLE_QUIET;
}

static void line_write(up_show *show, hki_buffer *line)
{
	(void) hki_buffer_append_text(line, cmd_colour_end(show->colour));
	(void) hki_buffer_append_char(line, '\n');
	print(show, line->data, line->length);
}

/* The last lines of a program that failed, where nobody saw them pass. */
static void show_output(up_show *show, const hk_service_event *event)
{
	if (show->quiet && has(event, "output") && event->output[0] != '\0')
		print(show, event->output, strlen(event->output));
}

static const hki_config_service *find_service(const up_show *show, const char *name)
{
	for (size_t i = 0; i < show->config->service_count; i++)
		if (strcmp(show->config->services[i].name, name) == 0)
			return &show->config->services[i];
	return NULL;
}

static bool has_check(const up_show *show, const char *name)
{
	const hki_config_service *service = find_service(show, name);

	return service != NULL && service->healthcheck != NULL;
}

/* "api: ", or "api-2: " as its output is labelled. */
static void append_name(
    hki_buffer *line, const up_show *show, const hk_service_event *event)
{
	const hki_config_service *service = find_service(show, event->service);

	(void) hki_buffer_append_text(line, event->service);
	if (service != NULL && service->scale > 1)
		(void) hki_buffer_append_format(line, "-%u", event->instance);
	(void) hki_buffer_append_text(line, ": ");
}

/* Steps on the way that another line tells better; --json has them all. */
static bool is_noise(const up_show *show, const hk_service_event *event)
{
	if (event->event == HK_SERVICE_EVENT_END)
		return true;
	if (event->event != HK_SERVICE_EVENT_STATE)
		return false;
	switch (event->state) {
	case HK_SERVICE_STATE_WAITING:
	case HK_SERVICE_STATE_STARTING:
		return true;
	case HK_SERVICE_STATE_READY:
		return !has_check(show, event->service);
	default:
		return false;
	}
}

static void event_as_text(up_show *show, const hk_service_event *event)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer line = HKI_BUFFER_INIT;

	if (is_noise(show, event))
		return;
	(void) hki_buffer_append_format(
	    &line, "%shostkit: ", cmd_colour_begin(show->colour, event_style(event)));
	if (has(event, "service"))
		append_name(&line, show, event);
	append_event(&line, event);
	line_write(show, &line);
	if (event->event == HK_SERVICE_EVENT_STATE &&
	    (event->state == HK_SERVICE_STATE_FAILED ||
		event->state == HK_SERVICE_STATE_BACKOFF))
		show_output(show, event);
}

void up_show_event(up_show *show, const hk_service_event *event)
{
	if (show->json != NULL)
		event_as_json(show, event);
	else
		event_as_text(show, event);
}

void up_show_note(up_show *show, const char *format, ...)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer line = HKI_BUFFER_INIT;
	va_list arguments;

	if (show->json != NULL)
		return;
	(void) hki_buffer_append_format(
	    &line, "%shostkit: ", cmd_colour_begin(show->colour, CMD_STYLE_STRONG));
	va_start(arguments, format);
	(void) hki_buffer_append_format_list(&line, format, arguments);
	va_end(arguments);
	line_write(show, &line);
}

void up_show_free(up_show *show)
{
	if (show == NULL)
		return;
	if (show->lost > 0)
		cmd_note(show->output,
		    "%" PRIu64 " events could not be printed: nobody read them",
		    show->lost);
	hk_log_sink_free(show->sink);
	hk_json_writer_free(show->json);
	hki_free(show);
}
