/*
 * Files of NAME=VALUE lines, as Compose, dotenv and systemd read them where the
 * three agree:
 *
 *     # a comment                     PORT=8080        # one behind a value
 *     export NAME=value               GREETING="two\nlines, \"quoted\""
 *     EMPTY=                          LITERAL='$HOME stays as it is'
 *
 * Nothing is expanded: a value means what it says.  A quoted value may span
 * lines.  Every mistake of a file is reported, with its place.
 */
#include "process/spawn_plan.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/error_list.h"

/* The kernel takes 2 MiB of arguments and environment by default: no file that is
 * larger than this can be meant. */
#define FILE_BYTES_MAX (4U << 20)

typedef struct reader {
	const char *path;
	const char *at; /* the next byte; the text ends with a NUL */
	const char *end;
	const char *line_start; /* of the line that `at` is in */
	int line;
	hk_error_list *errors;
	bool failed;
} reader;

static void complain(reader *r, const char *where, const char *text, const char *hint)
{
	hk_error error = {
		.code = HK_EPARSE,
		.line = r->line,
		.column = (int) (where - r->line_start) + 1,
		.source = r->path,
		.step = hki_step_name(HKI_STEP_ENV_FILE),
		.text = text,
		.hint = hint,
	};

	(void) hki_error_report(r->errors, &error);
	r->failed = true;
}

static bool at_end(const reader *r)
{
	return r->at == r->end;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

static void skip_blanks(reader *r)
{
	while (!at_end(r) && is_blank(*r->at))
		r->at++;
}

static void skip_line(reader *r)
{
	while (!at_end(r) && *r->at != '\n')
		r->at++;
	if (at_end(r))
		return;
	r->at++;
	r->line++;
	r->line_start = r->at;
}

static bool is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '_' || byte == '.' || byte == '-';
}

/* "NAME=" is appended to @out; false after a complaint. */
static bool read_name(reader *r, hki_buffer *out, int *error)
{
	const char *start = r->at;

	while (!at_end(r) && is_name_byte(*r->at))
		r->at++;
	if (r->at == start) {
		complain(r, start, "a line must begin with the name of a variable",
		    "write NAME=VALUE, or '#' for a comment");
		return false;
	}
	if ((*error = hki_buffer_append(out, start, (size_t) (r->at - start))) < 0)
		return false;
	skip_blanks(r);
	if (at_end(r) || *r->at != '=') {
		complain(r, r->at, "'=' is missing behind the name", "write NAME=VALUE");
		return false;
	}
	r->at++;
	*error = hki_buffer_append_char(out, '=');
	return *error == 0;
}

/* What stands for @byte behind a backslash in double quotes; 0: nothing, keep both. */
static char unescaped(char byte)
{
	switch (byte) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'r':
		return '\r';
	case '"':
	case '\\':
	case '$':
		return byte;
	default:
		return 0;
	}
}

static bool read_quoted(reader *r, hki_buffer *out, int *error)
{
	const char quote = *r->at;
	const char *opened = r->at++;
	const char *opened_line = r->line_start;
	int opened_at = r->line;

	for (; !at_end(r) && *r->at != quote; r->at++) {
		char byte = *r->at;

		if (byte == '\n') {
			r->line++;
			r->line_start = r->at + 1;
		}
		if (byte == '\\' && quote == '"' && r->at + 1 < r->end &&
		    unescaped(r->at[1]) != 0)
			byte = unescaped(*++r->at);
		if ((*error = hki_buffer_append_char(out, byte)) < 0)
			return false;
	}
	if (at_end(r)) {
		r->line = opened_at;
		r->line_start = opened_line;
		complain(r, opened, "this quote is never closed", "");
		return false;
	}
	r->at++;
	skip_blanks(r);
	if (!at_end(r) && *r->at != '\n' && *r->at != '#') {
		complain(r, r->at, "something follows the closing quote",
		    "quote the whole value");
		return false;
	}
	return true;
}

static bool read_plain(reader *r, hki_buffer *out, int *error)
{
	const char *start = r->at;
	const char *stop;

	while (!at_end(r) && *r->at != '\n') {
		if (*r->at == '#' && (r->at == start || is_blank(r->at[-1])))
			break;
		r->at++;
	}
	for (stop = r->at; stop > start && is_blank(stop[-1]);)
		stop--;
	*error = hki_buffer_append(out, start, (size_t) (stop - start));
	return *error == 0;
}

/* One entry; true when @out holds it. */
static bool read_entry(reader *r, hki_buffer *out, int *error)
{
	if (strncmp(r->at, "export", 6) == 0 && is_blank(r->at[6])) {
		r->at += 6;
		skip_blanks(r);
	}
	if (!read_name(r, out, error))
		return false;
	skip_blanks(r);
	if (!at_end(r) && (*r->at == '"' || *r->at == '\''))
		return read_quoted(r, out, error);
	return read_plain(r, out, error);
}

static int parse(reader *r, int (*add)(char *entry, void *user), void *user)
{
	int error = 0;

	while (!at_end(r) && error == 0) {
		hki_cleanup(hki_buffer_deinitp) hki_buffer out = HKI_BUFFER_INIT;

		skip_blanks(r);
		if (at_end(r))
			break;
		if (*r->at != '\n' && *r->at != '#' && read_entry(r, &out, &error)) {
			char *entry = hki_buffer_take(&out);

			error = entry == NULL ? -ENOMEM : add(entry, user);
		}
		skip_line(r);
	}
	return error;
}

/* The whole file, whose size is that of an ordinary one.  0 or a negative errno. */
static int read_all(const char *path, hki_buffer *out)
{
	hki_cleanup(hki_closep) int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!S_ISREG(status.st_mode)) /* a pipe may never end */
		return -EINVAL;
	for (;;) {
		ssize_t length;
		int r = hki_buffer_reserve(out, 1U << 14);

		if (r < 0)
			return r;
		length = read(fd, out->data + out->length, 1U << 14);
		if (length < 0 && errno == EINTR)
			continue;
		if (length <= 0)
			return length < 0 ? -errno : 0;
		hki_buffer_commit(out, (size_t) length);
		if (out->length > FILE_BYTES_MAX)
			return -EFBIG;
	}
}

static int cannot_read(const char *path, int code, hk_error_list *errors)
{
	hk_error error = {
		.code = code,
		.source = "",
		.step = hki_step_name(HKI_STEP_ENV_FILE),
		.hint = code == -EINVAL ? "it must be an ordinary file" : "",
	};
	hki_cleanup(hki_freep) char *text = hki_format("'%s'", path);

	error.text = text != NULL ? text : "";
	return hki_error_report(errors, &error);
}

int hki_env_file_read(const char *path, int (*add)(char *entry, void *user), void *user,
    hk_error_list *errors)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	reader r = { .path = path, .line = 1, .errors = errors };
	const char *nul;
	int error = read_all(path, &text);

	if (error < 0)
		return cannot_read(path, error, errors);
	if (text.length == 0)
		return 0;
	r.at = r.line_start = text.data;
	r.end = text.data + text.length;
	nul = memchr(text.data, '\0', text.length);
	if (nul != NULL) {
		for (const char *at = text.data; at < nul; at++)
			if (*at == '\n') {
				r.line++;
				r.line_start = at + 1;
			}
		complain(&r, nul, "a NUL byte cannot be in an environment",
		    "is this a text file?");
		return HK_EPARSE;
	}
	if (strncmp(r.at, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
		r.at += 3;
	error = parse(&r, add, user);
	if (error < 0)
		return cannot_read(path, error, errors);
	return r.failed ? HK_EPARSE : 0;
}
