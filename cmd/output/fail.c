/*
 * Saying what went wrong.  Every failure of the command comes through here, so
 * that all look the same: whose failure, what was attempted on which input, the
 * system's own reason with its name, and what to do.  The line is built whole
 * and written with one call; lines of programs running at once do not mix.
 */
#include "fail.h"
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <hostkit/json.h>
#include "../exit.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "colour.h"
#include "text.h"

/* As one failure is told in either form. */
struct failure {
	int error;
	const char *code;    /* of the error, or of the exit code when there is none */
	const char *message; /* without the words of the error */
	const char *hint;    /* NULL or "": none */
	const hk_error *place;
};

static int exit_code_of(const cmd_output *output, int exit_code)
{
	if (output->own_failures && exit_code < CMD_EXIT_TIMED_OUT)
		return CMD_EXIT_RUN_FAILED;
	return exit_code;
}

static const char *code_of(int exit_code, int error)
{
	return error < 0 ? hk_error_name(error) : cmd_exit_name(exit_code);
}

static void write_stderr(const hki_buffer *line)
{
	static const char no_memory[] = "hostkit: not enough memory to say what failed\n";

	if (line->data != NULL)
		(void) !write(STDERR_FILENO, line->data, line->length);
	else
		(void) !write(STDERR_FILENO, no_memory, sizeof(no_memory) - 1);
}

/*
 * Do the words of the code add something to the sentence?  Those of the system
 * say why; where hostkit itself found the fault, the sentence says all.
 */
static bool has_words(const struct failure *failure)
{
	return failure->error < 0 &&
	       (failure->error > HK_EFIRST || failure->message[0] == '\0');
}

/* "message: words of the error", as both forms tell it. */
static int append_message(hki_buffer *buffer, const struct failure *failure)
{
	int r = cmd_text_append_clean(buffer, failure->message, strlen(failure->message));

	if (r == 0 && has_words(failure) && failure->message[0] != '\0')
		r = hki_buffer_append_text(buffer, ": ");
	if (r == 0 && has_words(failure))
		r = hki_buffer_append_text(buffer, hk_error_text(failure->error));
	return r;
}

static void tell_line(const cmd_output *output, const struct failure *failure)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer line = HKI_BUFFER_INIT;
	bool colour = cmd_colour_wanted(output, STDERR_FILENO);
	int r;

	r = hki_buffer_append_format(&line, "%shostkit%s%s:%s ",
	    cmd_colour_begin(colour, CMD_STYLE_BAD), output->verb != NULL ? " " : "",
	    output->verb != NULL ? output->verb : "", cmd_colour_end(colour));
	if (r == 0)
		r = append_message(&line, failure);
	if (r == 0 && has_words(failure))
		r = hki_buffer_append_format(
		    &line, " (%s)", hk_error_name(failure->error));
	if (r == 0 && failure->hint != NULL && failure->hint[0] != '\0') {
		r = hki_buffer_append_text(&line, "; ");
		if (r == 0)
			r = cmd_text_append_clean(
			    &line, failure->hint, strlen(failure->hint));
	}
	if (r == 0)
		(void) hki_buffer_append_char(&line, '\n');
	write_stderr(&line);
}

static void write_place(hk_json_writer *writer, const hk_error *place)
{
	if (place->source[0] != '\0') {
		hk_json_write_key(writer, "source");
		hk_json_write_string(writer, place->source);
	}
	if (place->line > 0) {
		hk_json_write_key(writer, "line");
		hk_json_write_int64(writer, place->line);
	}
	if (place->column > 0) {
		hk_json_write_key(writer, "column");
		hk_json_write_int64(writer, place->column);
	}
	if (place->step[0] != '\0') {
		hk_json_write_key(writer, "step");
		hk_json_write_string(writer, place->step);
	}
}

static void write_failure(hk_json_writer *writer, const struct failure *failure)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer message = HKI_BUFFER_INIT;

	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "code");
	hk_json_write_string(writer, failure->code);
	hk_json_write_key(writer, "message");
	hk_json_write_string(writer,
	    append_message(&message, failure) == 0 && message.data != NULL ? message.data
									   : "");
	if (failure->hint != NULL && failure->hint[0] != '\0') {
		hk_json_write_key(writer, "hint");
		hk_json_write_string(writer, failure->hint);
	}
	if (failure->place != NULL)
		write_place(writer, failure->place);
	hk_json_write_object_end(writer);
}

static struct failure failure_of(const hk_error *error)
{
	return (struct failure){ error->code, hk_error_name(error->code), error->text,
		error->hint, error };
}

static void write_failures(hk_json_writer *writer, const hk_error_list *list)
{
	hk_json_write_key(writer, "errors");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; hk_error_list_get(list, i) != NULL; i++) {
		struct failure each = failure_of(hk_error_list_get(list, i));

		write_failure(writer, &each);
	}
	hk_json_write_array_end(writer);
	hk_json_write_key(writer, "error_count");
	hk_json_write_uint64(writer, hk_error_list_count(list));
}

/* One object: the first failure, and all of them when they came as a list. */
static void tell_json(const struct failure *first, const hk_error_list *list)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer line = HKI_BUFFER_INIT;
	hk_json_writer *writer = NULL;
	const char *text = NULL;

	if (hk_json_writer_new(&writer, 0) == 0) {
		hk_json_write_object_begin(writer);
		hk_json_write_key(writer, "error");
		write_failure(writer, first);
		if (hk_error_list_count(list) > 1)
			write_failures(writer, list);
		hk_json_write_object_end(writer);
		text = hk_json_writer_text(writer, NULL);
	}
	if (text != NULL && hki_buffer_append_text(&line, text) == 0)
		(void) hki_buffer_append_char(&line, '\n');
	write_stderr(&line);
	hk_json_writer_free(writer);
}

int cmd_fail(const cmd_output *output, int exit_code, int error, const char *hint,
    const char *format, ...)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer message = HKI_BUFFER_INIT;
	struct failure failure = { error, code_of(exit_code, error), "", hint, NULL };
	va_list arguments;

	va_start(arguments, format);
	if (hki_buffer_append_format_list(&message, format, arguments) == 0)
		failure.message = message.data;
	va_end(arguments);

	if (output->json)
		tell_json(&failure, NULL);
	else
		tell_line(output, &failure);
	return exit_code_of(output, exit_code);
}

/* The place as compilers write it, in front of the sentence: file:line:column: step: text. */
static void tell_place(const cmd_output *output, const hk_error *error)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer message = HKI_BUFFER_INIT;
	struct failure failure = failure_of(error);
	int r = 0;

	if (error->source[0] != '\0')
		r = hki_buffer_append_format(&message, "%s:", error->source);
	if (r == 0 && error->source[0] != '\0' && error->line > 0)
		r = hki_buffer_append_format(&message, "%d:", error->line);
	if (r == 0 && error->source[0] != '\0' && error->column > 0)
		r = hki_buffer_append_format(&message, "%d:", error->column);
	if (r == 0 && error->source[0] != '\0')
		r = hki_buffer_append_char(&message, ' ');
	if (r == 0 && error->step[0] != '\0')
		r = hki_buffer_append_format(&message, "%s%s", error->step,
		    error->text[0] != '\0' || error->code >= 0 ? ": " : "");
	if (r == 0)
		r = hki_buffer_append_text(&message, error->text);
	if (r == 0 && message.data != NULL)
		failure.message = message.data;
	tell_line(output, &failure);
}

/* Every error, a line each; a list that had no room for more says how many. */
static void tell_list(const cmd_output *output, const hk_error_list *list)
{
	size_t kept = 0;

	for (; hk_error_list_get(list, kept) != NULL; kept++)
		tell_place(output, hk_error_list_get(list, kept));
	if (hk_error_list_count(list) > kept)
		cmd_note(output, "and %zu more", hk_error_list_count(list) - kept);
}

int cmd_fail_list(
    const cmd_output *output, int exit_code, int error, const hk_error_list *list)
{
	const hk_error *first = hk_error_list_get(list, 0);
	struct failure failure = { error, code_of(exit_code, error), "", NULL, NULL };

	if (first != NULL)
		failure = failure_of(first);
	if (output->json)
		tell_json(&failure, list);
	else if (first == NULL)
		tell_line(output, &failure);
	else
		tell_list(output, list);
	return exit_code_of(output, exit_code);
}

void cmd_note(const cmd_output *output, const char *format, ...)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer message = HKI_BUFFER_INIT;
	struct failure failure = { .message = "" };
	va_list arguments;

	if (output->json)
		return;
	va_start(arguments, format);
	if (hki_buffer_append_format_list(&message, format, arguments) == 0)
		failure.message = message.data;
	va_end(arguments);
	tell_line(output, &failure);
}

/*
 * Why stdout failed earlier.  Of that stdio keeps only the fact, so the kernel is asked
 * again, in ways that write nothing.  0: it has no complaint now.
 */
static int stdout_error(void)
{
	struct pollfd reader = { .fd = STDOUT_FILENO, .events = POLLOUT };
	struct statvfs room;

	if (write(STDOUT_FILENO, "", 0) < 0)
		return -errno;
	if (poll(&reader, 1, 0) == 1 && (reader.revents & POLLERR) != 0)
		return -EPIPE;
	if (fstatvfs(STDOUT_FILENO, &room) == 0 && room.f_blocks > 0 &&
	    room.f_bavail == 0)
		return -ENOSPC;
	return 0;
}

int cmd_close_stdout(const cmd_output *output, int exit_code)
{
	bool failed = ferror(stdout) != 0;
	int error = 0;

	errno = 0;
	if (fflush(stdout) != 0 && (failed = true))
		error = -errno;
	if (!failed)
		return exit_code;
	if (error == 0)
		error = stdout_error();
	/* Told once, though verbs that close it themselves are closed after again. */
	__fpurge(stdout);
	clearerr(stdout);
	return cmd_fail(
	    output, CMD_EXIT_FAILED, error, NULL, "cannot write to standard output");
}
