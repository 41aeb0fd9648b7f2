/*
 * A named pipe and its name.
 *
 * Whoever reads holds a lock on the pipe itself (flock on its inode), which the
 * kernel gives back when the reader dies.  So a name that was left behind is told
 * from one that is in use without asking anybody, and no lock file is needed.
 *
 * The reader opens the pipe for writing too: with a writer that never leaves, the
 * end of one program's output is no end of ours.
 */
#include "ipc/fifo_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/cleanup.h"
#include "base/opts.h"

#define MODE_DEFAULT      0600U
#define LINE_MAX_DEFAULT  ((uint64_t) 1 << 20)
#define QUEUE_MAX_DEFAULT ((uint64_t) 256 << 10)

/* A name that somebody replaces faster than we can open and lock it is not worth more. */
#define TRIES 10

static void fifo_freep(hk_ipc_fifo **fifo)
{
	hk_ipc_fifo_free(*fifo);
}

int hki_fifo_opts_read(hk_ipc_fifo_opts *out, const hk_ipc_fifo_opts *given, bool data)
{
	int r = 0;

	*out = (hk_ipc_fifo_opts) HK_IPC_FIFO_OPTS_INIT;
	if (given != NULL)
		r = hki_opts_copy(
		    out, sizeof(*out), given, given->size, sizeof(given->size));
	if (r < 0)
		return r;
	if ((data && out->on_data == NULL) || out->mode > 0777 ||
	    (out->flags & ~(uint32_t) (HK_IPC_FIFO_LINES | HK_IPC_FIFO_LARGE)) != 0)
		return -EINVAL;
	if (out->mode == 0)
		out->mode = MODE_DEFAULT;
	if (out->line_max == 0)
		out->line_max = LINE_MAX_DEFAULT;
	if (out->queue_max == 0)
		out->queue_max = QUEUE_MAX_DEFAULT;
	return 0;
}

static void on_loop_free(hki_loop_member *member)
{
	hki_list_entry(member, hk_ipc_fifo, member)->loop = NULL;
}

int hki_fifo_new(hk_ipc_fifo **out, hk_loop *loop, const hk_ipc_fifo_opts *opts)
{
	hk_ipc_fifo *fifo = hki_zalloc(sizeof(*fifo));

	if (fifo == NULL)
		return -ENOMEM;
	fifo->fd = -1;
	fifo->loop = loop;
	fifo->opts = *opts;
	hki_list_init(&fifo->queue);
	fifo->member.on_loop_free = on_loop_free;
	hki_loop_join(loop, &fifo->member);
	*out = fifo;
	return 0;
}

int hki_fifo_usable(const hk_ipc_fifo *fifo)
{
	if (fifo->loop == NULL || fifo->freed)
		return HK_ECLOSED;
	return hki_loop_check(fifo->loop);
}

/* ---- the name ---- */

/* Does @path still mean the pipe behind @state? */
static bool is_same(const char *path, const struct stat *state)
{
	struct stat now;

	return lstat(path, &now) == 0 && now.st_dev == state->st_dev &&
	       now.st_ino == state->st_ino;
}

static int open_pipe(const char *path)
{
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno == ELOOP || errno == EISDIR ? -EEXIST : -errno;
	return fd;
}

static int check_pipe(int fd, struct stat *out)
{
	if (fstat(fd, out) < 0)
		return -errno;
	if (!S_ISFIFO(out->st_mode))
		return -EEXIST;
	return out->st_uid == geteuid() ? 0 : -EPERM;
}

/* Open and lock the pipe.  0, -ESTALE when the name means another one by now. */
static int take_pipe(hk_ipc_fifo *fifo, const char *path)
{
	hki_cleanup(hki_closep) int fd = open_pipe(path);
	struct stat state;
	int r;

	if (fd < 0)
		return fd;
	r = check_pipe(fd, &state);
	if (r < 0)
		return r;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
	if (!is_same(path, &state))
		return -ESTALE;
	fifo->device = state.st_dev;
	fifo->inode = state.st_ino;
	fifo->fd = hki_take_fd(&fd);
	return 0;
}

/* The umask may have taken something from the mode; nothing was ever added to it. */
static int set_mode(const hk_ipc_fifo *fifo)
{
	return fchmod(fifo->fd, (mode_t) fifo->opts.mode) < 0 ? -errno : 0;
}

static int make_and_take(hk_ipc_fifo *fifo, const char *path)
{
	int r = -ESTALE;

	for (int i = 0; i < TRIES && (r == -ESTALE || r == -ENOENT); i++) {
		bool made = mkfifo(path, (mode_t) fifo->opts.mode) == 0;

		if (!made && errno != EEXIST)
			return -errno;
		r = take_pipe(fifo, path);
		if (r == 0 && made)
			r = set_mode(fifo);
		if (r == 0 && made) {
			fifo->path = hki_strdup(path);
			r = fifo->path == NULL ? -ENOMEM : 0;
		}
		if (made && r < 0)
			(void) unlink(path);
	}
	return r == -ESTALE ? -EADDRINUSE : r;
}

int hk_ipc_fifo_listen(
    hk_ipc_fifo **out, hk_loop *loop, const char *path, const hk_ipc_fifo_opts *given)
{
	hki_cleanup(fifo_freep) hk_ipc_fifo *fifo = NULL;
	hk_ipc_fifo_opts opts;
	int r;

	if (out == NULL || loop == NULL || path == NULL)
		return -EINVAL;
	r = hki_loop_check(loop);
	if (r == 0)
		r = hki_fifo_opts_read(&opts, given, true);
	if (r == 0)
		r = hki_fifo_new(&fifo, loop, &opts);
	if (r == 0)
		r = make_and_take(fifo, path);
	if (r == 0)
		r = hk_watch_start(&fifo->watch, loop, fifo->fd, HK_READABLE,
		    hki_fifo_on_readable, fifo);
	if (r < 0)
		return r;
	*out = hki_take(fifo);
	return 0;
}

/* ---- the end ---- */

static void remove_name(hk_ipc_fifo *fifo)
{
	struct stat ours = { .st_dev = fifo->device, .st_ino = fifo->inode };

	if (fifo->path != NULL && is_same(fifo->path, &ours))
		(void) unlink(fifo->path);
}

static void release(hki_loop_deferred *deferred)
{
	hk_ipc_fifo *fifo = hki_list_entry(deferred, hk_ipc_fifo, deferred);

	hki_buffer_deinit(&fifo->partial);
	hki_free(fifo->path);
	hki_free(fifo);
}

void hk_ipc_fifo_free(hk_ipc_fifo *fifo)
{
	bool forked;

	if (fifo == NULL || fifo->freed)
		return;
	fifo->freed = true;
	forked = fifo->loop != NULL && hki_loop_check(fifo->loop) < 0;
	hk_watch_free(fifo->watch);
	if (!forked)
		remove_name(fifo);
	if (fifo->fd >= 0)
		(void) close(fifo->fd);
	hki_fifo_queue_free(fifo);
	hki_loop_leave(&fifo->member);
	fifo->deferred.fn = release;
	hki_loop_defer(fifo->loop, &fifo->deferred);
}
