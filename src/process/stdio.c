/*
 * The child's descriptors, all opened by the parent, so that a wrong path fails
 * before anything runs and the child only duplicates.
 *
 * The result is a table (source, target).  A source may be the target of another
 * line, two may even be swapped; such a source is marked to be duplicated above
 * every target first, after which the order of the rest does not matter.
 */
#include "process/spawn_plan.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"

typedef struct opener {
	hki_plan *plan;
	const hk_process_opts *opts;
	hk_error_list *errors;
	int null;              /* /dev/null, opened once, or -1 */
	int terminal;          /* the pty's end, or -1 */
	int master;            /* our end of it, of which streams get duplicates */
	bool terminal_is_read; /* stdout has our reading end already */
	int stdout_source;
} opener;

static hki_step step_of(unsigned int stream)
{
	return (hki_step) (HKI_STEP_STDIN + stream);
}

int hki_fd_above_stdio(int fd)
{
	int above;

	if (fd > STDERR_FILENO)
		return fd;
	above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (above < 0)
		above = -errno;
	(void) close(fd);
	return above;
}

/* The plan closes it once the child has it. */
static int keep(opener *o, int fd)
{
	o->plan->opened[o->plan->opened_count++] = fd;
	return fd;
}

static int open_null(opener *o)
{
	if (o->null < 0) {
		int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

		fd = fd < 0 ? -errno : hki_fd_above_stdio(fd);
		if (fd < 0)
			return hki_plan_fail(
			    o->plan, step_of(0), fd, o->errors, "'/dev/null'");
		o->null = keep(o, fd);
	}
	return o->null;
}

/*
 * A FIFO without its other end must not hold us up: it opens at once, which reads
 * as an empty file and cannot be written.  The flag is for us alone and is taken
 * off again unless it was asked for.
 */
static int open_file(opener *o, unsigned int stream, const hk_stdio *how)
{
	int flags = how->flags;
	mode_t mode = how->mode == 0 ? 0666 : (mode_t) how->mode;
	int fd;

	if (how->path == NULL)
		return hki_plan_fail(o->plan, step_of(stream), -EINVAL, o->errors,
		    "the path of the file is NULL");
	if (flags == 0)
		flags = stream == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_APPEND;
	fd = open(how->path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode);
	if (fd < 0 && errno == ENXIO)
		return hki_plan_fail(o->plan, step_of(stream), -ENXIO, o->errors,
		    "nobody reads the FIFO '%s'", how->path);
	fd = fd < 0 ? -errno : hki_fd_above_stdio(fd);
	if (fd < 0)
		return hki_plan_fail(
		    o->plan, step_of(stream), fd, o->errors, "'%s'", how->path);
	if ((flags & O_NONBLOCK) == 0)
		(void) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return keep(o, fd);
}

static int open_pipe(opener *o, unsigned int stream)
{
	int ours = stream == 0 ? 1 : 0;
	int ends[2];
	int theirs;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return hki_plan_fail(
		    o->plan, step_of(stream), -errno, o->errors, "a pipe");
	theirs = hki_fd_above_stdio(ends[!ours]);
	ours = hki_fd_above_stdio(ends[ours]);
	if (theirs < 0 || ours < 0) {
		hki_closep(&theirs);
		hki_closep(&ours);
		return hki_plan_fail(
		    o->plan, step_of(stream), -EMFILE, o->errors, "a pipe");
	}
	(void) fcntl(ours, F_SETFL, O_NONBLOCK);
	o->plan->ends[stream] = ours;
	return keep(o, theirs);
}

static void set_size(int terminal, const hk_process_opts *opts)
{
	struct winsize size = { .ws_row = (unsigned short) opts->terminal_rows,
		.ws_col = (unsigned short) opts->terminal_columns };

	if (opts->terminal_rows != 0 && opts->terminal_columns != 0)
		(void) ioctl(terminal, TIOCSWINSZ, &size);
}

/* One terminal for all streams that ask; our end is for stdin, and for the first
 * of stdout and stderr. */
static int open_terminal(opener *o, unsigned int stream)
{
	int end;

	if (o->terminal < 0) {
		int terminal;
		int r = hki_pty_open(&o->master, &terminal);

		if (r < 0)
			return hki_plan_fail(
			    o->plan, step_of(stream), r, o->errors, "a pseudo-terminal");
		set_size(terminal, o->opts);
		o->terminal = keep(o, terminal);
		(void) keep(o, o->master);
	}
	if (stream == STDERR_FILENO && o->terminal_is_read)
		return o->terminal;
	end = fcntl(o->master, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (end < 0)
		return hki_plan_fail(o->plan, step_of(stream), -errno, o->errors,
		    "our end of the terminal");
	o->plan->ends[stream] = end;
	o->terminal_is_read = stream != STDIN_FILENO;
	return o->terminal;
}

static int borrow_fd(opener *o, hki_step step, int fd)
{
	if (fd < 0 || fcntl(fd, F_GETFD) < 0)
		return hki_plan_fail(
		    o->plan, step, -EBADF, o->errors, "descriptor %d is not open", fd);
	return fd;
}

static int open_stream(opener *o, unsigned int stream, const hk_stdio *how)
{
	switch (how->kind) {
	case HK_STDIO_NULL:
		return open_null(o);
	case HK_STDIO_PIPE:
		return open_pipe(o, stream);
	case HK_STDIO_FILE:
		return open_file(o, stream, how);
	case HK_STDIO_FD:
		return borrow_fd(o, step_of(stream), how->fd);
	case HK_STDIO_PTY:
		return open_terminal(o, stream);
	case HK_STDIO_STDOUT:
		return o->stdout_source;
	case HK_STDIO_INHERIT:
	default:
		return (int) stream;
	}
}

/* ---- the table ---- */

static int check_target(opener *o, const hk_process_fd *fd, size_t earlier)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (fd->child_fd <= STDERR_FILENO)
		return hki_plan_fail(o->plan, HKI_STEP_FDS, -EINVAL, o->errors,
		    "the child's descriptor must be 3 or more, not %d", fd->child_fd);
	(void) getrlimit(RLIMIT_NOFILE, &limit);
	if ((rlim_t) fd->child_fd >= limit.rlim_cur)
		return hki_plan_fail(o->plan, HKI_STEP_FDS, -EMFILE, o->errors,
		    "the child's descriptor %d is beyond the limit of open files",
		    fd->child_fd);
	for (size_t i = 0; i < earlier; i++)
		if (o->plan->fds[i].target == fd->child_fd)
			return hki_plan_fail(o->plan, HKI_STEP_FDS, -EINVAL, o->errors,
			    "the child's descriptor %d is given twice", fd->child_fd);
	return borrow_fd(o, HKI_STEP_FDS, fd->fd);
}

static int add_further(opener *o, const hk_process_opts *opts)
{
	for (size_t i = 0; i < opts->fd_count; i++) {
		hki_plan *plan = o->plan;
		int r = check_target(o, &opts->fds[i], plan->fd_count);

		if (r < 0)
			return r;
		plan->fds[plan->fd_count++] = (hki_plan_fd){
			.source = opts->fds[i].fd,
			.target = opts->fds[i].child_fd,
			.step = HKI_STEP_FDS,
		};
		if (opts->fds[i].child_fd >= plan->fd_floor)
			plan->fd_floor = opts->fds[i].child_fd + 1;
	}
	return 0;
}

/* What is inherited stays as it is, so it needs no line: ours is the child's, and
 * closed if we have none, or if it was never meant to be inherited. */
static int add_streams(opener *o, const hk_process_opts *opts)
{
	for (unsigned int stream = 0; stream < 3; stream++) {
		hki_plan *plan = o->plan;
		int source = open_stream(o, stream, &opts->stdio[stream]);

		if (source < 0)
			return source;
		if (stream == STDOUT_FILENO)
			o->stdout_source = source;
		if (opts->stdio[stream].kind == HK_STDIO_INHERIT)
			continue;
		plan->fds[plan->fd_count++] = (hki_plan_fd){
			.source = source,
			.target = (int) stream,
			.step = step_of(stream),
		};
	}
	return 0;
}

static void mark_moves(hki_plan *plan)
{
	for (size_t i = 0; i < plan->fd_count; i++)
		for (size_t j = 0; j < plan->fd_count; j++)
			if (plan->fds[j].target == plan->fds[i].source &&
			    plan->fds[j].source != plan->fds[i].source)
				plan->fds[i].move = true;
}

int hki_plan_stdio(hki_plan *plan, const hk_process_opts *opts, hk_error_list *errors)
{
	opener o = {
		.plan = plan, .opts = opts, .errors = errors, .null = -1, .terminal = -1
	};
	int r;

	plan->fds = opts->fd_count > SIZE_MAX / sizeof(*plan->fds) - 4
			? NULL
			: hki_zalloc_array(3 + opts->fd_count, sizeof(*plan->fds));
	if (plan->fds == NULL)
		return hki_plan_fail(
		    plan, HKI_STEP_FDS, -ENOMEM, errors, "the table of descriptors");
	plan->fd_floor = STDERR_FILENO + 1;
	r = add_streams(&o, opts);
	if (r < 0)
		return r;
	if (o.terminal >= 0 && (plan->todo & HKI_TODO_SESSION) != 0)
		plan->terminal = o.terminal;
	r = add_further(&o, opts);
	if (r < 0)
		return r;
	mark_moves(plan);
	return 0;
}
