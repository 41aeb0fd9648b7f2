/*
 * A threshold that the kernel watches: written into a pressure file, whose
 * descriptor becomes ready for POLLPRI when it is passed.  The threshold lives as
 * long as the descriptor.
 */
#include <hostkit/system.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/opts.h"
#include "loop/loop_internal.h"

struct hk_pressure_watch {
	hki_loop_member member;
	hk_watch *watch;
	int fd;
	hk_pressure_fn fn;
	void *user;
};

static void let_go(hk_pressure_watch *watch)
{
	hk_watch_free(watch->watch);
	watch->watch = NULL;
	if (watch->fd >= 0)
		(void) close(watch->fd);
	watch->fd = -1;
}

static void loop_is_freed(hki_loop_member *member)
{
	let_go(hki_list_entry(member, hk_pressure_watch, member));
}

void hk_pressure_watch_free(hk_pressure_watch *watch)
{
	if (watch == NULL)
		return;
	let_go(watch);
	hki_loop_leave(&watch->member);
	hki_free(watch);
}

static void free_watch(hk_pressure_watch **watch)
{
	hk_pressure_watch_free(*watch);
}

static void passed(hk_watch *source, unsigned int events, void *user)
{
	hk_pressure_watch *watch = user;

	(void) source;
	if ((events & HK_ERROR) != 0) {
		let_go(watch);
		watch->fn(watch, -ENODEV, watch->user);
	} else if ((events & HK_PRIORITY) != 0) {
		watch->fn(watch, 0, watch->user);
	}
}

/* The path of the file.  The names in a cgroup begin with the resource. */
static int find_file(char path[PATH_MAX], const hk_pressure_opts *opts)
{
	static const char *const names[] = { "cpu", "memory", "io", "irq" };
	int length;

	if (opts->resource >= HKI_COUNT(names))
		return -EINVAL;
	if (opts->cgroup == NULL)
		length =
		    snprintf(path, PATH_MAX, "/proc/pressure/%s", names[opts->resource]);
	else
		length = snprintf(path, PATH_MAX, "%s/%s.pressure", opts->cgroup,
		    names[opts->resource]);
	return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int set_threshold(hk_pressure_watch *watch, const hk_pressure_opts *opts)
{
	char path[PATH_MAX];
	char line[64];
	int length;
	int r = find_file(path, opts);

	if (r < 0)
		return r;
	watch->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (watch->fd < 0)
		return -errno;
	length = snprintf(line, sizeof(line), "%s %llu %llu",
	    opts->full != 0 ? "full" : "some",
	    (unsigned long long) (opts->stall_ns / HKI_NS_PER_US),
	    (unsigned long long) (opts->window_ns / HKI_NS_PER_US));
	/* With its NUL, as the kernel's documentation has it. */
	return write(watch->fd, line, (size_t) length + 1) < 0 ? -errno : 0;
}

int hk_pressure_watch_start(
    hk_pressure_watch **out, hk_loop *loop, const hk_pressure_opts *given)
{
	hki_cleanup(free_watch) hk_pressure_watch *watch = NULL;
	hk_pressure_opts opts;
	int r = hki_opts_copy(&opts, sizeof(opts), given, given->size,
	    offsetof(hk_pressure_opts, user) + sizeof(opts.user));

	if (r < 0)
		return r;
	if (opts.fn == NULL || opts.full > 1)
		return -EINVAL;
	r = hki_loop_check(loop);
	if (r < 0)
		return r;
	watch = hki_zalloc(sizeof(*watch));
	if (watch == NULL)
		return -ENOMEM;
	hki_list_init(&watch->member.node);
	watch->member.on_loop_free = loop_is_freed;
	watch->fd = -1;
	watch->fn = opts.fn;
	watch->user = opts.user;
	if ((r = set_threshold(watch, &opts)) < 0 ||
	    (r = hk_watch_start(
		 &watch->watch, loop, watch->fd, HK_PRIORITY, passed, watch)) < 0)
		return r;
	hk_watch_set_background(watch->watch, true);
	hki_loop_join(loop, &watch->member);
	*out = hki_take(watch);
	return 0;
}
