/*
 * A workload from a file or standard input, and times from the command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "../exit.h"
#include "../output/fail.h"
#include "../values.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/quantity.h"
#include "sched.h"

#define PIECE (64 * 1024)
/* Ten million tasks; what goes on for longer is no workload. */
#define INPUT_MAX ((size_t) 1 << 30)

/* 0 or a negative errno. */
static int read_all(hki_buffer *out, int fd)
{
	for (;;) {
		ssize_t got;
		int r = hki_buffer_reserve(out, PIECE);

		if (r < 0)
			return r;
		got = read(fd, out->data + out->length, PIECE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		hki_buffer_commit(out, (size_t) got);
		if (out->length > INPUT_MAX)
			return -EFBIG;
	}
}

static int read_operand(hki_buffer *out, const char *operand)
{
	hki_cleanup(hki_closep) int fd = -1;

	if (operand == NULL || strcmp(operand, "-") == 0)
		return read_all(out, STDIN_FILENO);
	fd = open(operand, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : read_all(out, fd);
}

static void free_errors(hk_error_list **errors)
{
	hk_error_list_free(*errors);
}

static bool is_about_text(int error)
{
	return error == HK_EPARSE || error == HK_ELIMIT || error == -ELOOP ||
	       error == -ENOENT;
}

int sched_input_read(hk_sched_workload **out, const cmd_call *call, const char *operand,
    hk_sched_format format, bool real, bool to_run)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	hki_cleanup(free_errors) hk_error_list *errors = NULL;
	hk_sched_read_opts opts = HK_SCHED_READ_OPTS_INIT;
	bool is_file = operand != NULL && strcmp(operand, "-") != 0;
	const char *name = is_file ? operand : "standard input";
	int r = read_operand(&text, operand);

	if (r < 0)
		return cmd_fail(&call->output, cmd_exit_from_error(r), r, NULL,
		    "cannot read '%s'", name);
	opts.source = name;
	opts.format = format;
	opts.real = real;
	opts.to_run = to_run;
	r = hk_error_list_new(&errors);
	if (r == 0)
		r = hk_sched_workload_read(
		    out, text.data == NULL ? "" : text.data, text.length, &opts, errors);
	if (r == 0)
		return CMD_EXIT_OK;
	return cmd_fail_list(&call->output,
	    is_about_text(r) ? CMD_EXIT_CONFIG : CMD_EXIT_FAILED, r, errors);
}

bool sched_time_is_plain(const char *text)
{
	return strspn(text, "0123456789.") == strlen(text);
}

int sched_time_parse(int64_t *out, const cmd_call *call, const cmd_given *given,
    const char *text, bool real)
{
	char with_unit[64];
	uint64_t ns;
	int r;

	if (!real) {
		r = hki_int64_parse(out, text);
		if (r < 0 || *out < 0)
			return cmd_value_fail(call, given, "a time in ticks",
			    "write a whole number, or give the workload's times a unit "
			    "too");
		return 0;
	}
	(void) snprintf(with_unit, sizeof(with_unit), "%s%s", text,
	    sched_time_is_plain(text) ? "ms" : "");
	r = hki_duration_parse(&ns, with_unit);
	if (r < 0 || ns > INT64_MAX)
		return cmd_value_fail(
		    call, given, "a time", "write 20ms, 1.5s, or milliseconds");
	*out = (int64_t) ns;
	return 0;
}
