/*
 * The walk.  /proc is read one file at a time while the world goes on, so each
 * fact is checked where it is used: a process counts as a child only if, with a
 * pidfd on it, its stat names the parent, and the pidfd still reaches it after
 * that.  If a process was handed to another parent in between, it is left to
 * the next pass, which will find it there.
 *
 * SIGSTOP is what makes the walk end.  A fork that has not happened yet when the
 * signal arrives is called off by the kernel; one that has is on its parent's list.
 */
#include "process/members.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "os/pidref.h"
#include "os/syscall.h"

/*
 * Who forks as fast as we look is met again in each pass.  Past this many we act on
 * what we have; the caller's next round goes on from there.
 */
#define PASSES_HOLDING 100

/* … nor for longer than this, as a loop is waiting; the first pass is always whole. */
#define PASSES_NS (100 * HKI_NS_PER_MS)

/* Without holding there is no end to wait for, only a chance to miss fewer. */
#define PASSES_LOOKING 3

/* A tree larger than any pid limit in use: hostile growth ends here. */
#define MEMBERS_MAX (1u << 22)

void hki_members_deinit(hki_members *members)
{
	hki_free(members->items);
	hki_map_deinit(&members->by_pid);
	*members = (hki_members) HKI_MEMBERS_INIT;
}

static int grow(hki_members *members)
{
	size_t capacity = members->capacity == 0 ? 16 : members->capacity * 2;
	hki_member *items;

	if (members->count < members->capacity)
		return 0;
	if (members->count >= MEMBERS_MAX)
		return -E2BIG;
	items = hki_realloc_array(members->items, capacity, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	members->items = items;
	members->capacity = capacity;
	return 0;
}

static int append(hki_members *members, const hki_member *member)
{
	int r = grow(members);

	if (r < 0)
		return r;
	r = hki_map_put(&members->by_pid, (uint64_t) member->pid, members);
	if (r < 0)
		return r;
	members->items[members->count++] = *member;
	members->changed = true;
	return 1;
}

static bool has(const hki_members *members, pid_t pid)
{
	return hki_map_get(&members->by_pid, (uint64_t) pid) != NULL;
}

/* A zombie may be the first thread of a process whose others go on. */
static bool is_dead(int pidfd, const hki_proc_stat *stat)
{
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };

	if (stat->state != 'Z' && stat->state != 'X')
		return false;
	return poll(&ended, 1, 0) != 0;
}

/* Its stat and a pidfd that mean the same process.  Owned, or a negative errno. */
static int look(hki_proc_stat *out, pid_t pid)
{
	hki_cleanup(hki_closep) int fd = hki_pidfd_open(pid);
	int r;

	if (fd < 0)
		return fd;
	r = hki_proc_stat_read(out, pid);
	if (r < 0)
		return r;
	if (hki_pidfd_send_signal(fd, 0) == -ESRCH)
		return -ESRCH;
	return hki_take_fd(&fd);
}

int hki_members_add(hki_members *members, pid_t pid, pid_t parent, uint64_t start_ticks)
{
	hki_cleanup(hki_closep) int fd = -1;
	hki_member member = { .pid = pid };
	hki_proc_stat stat;

	if (pid <= 0 || has(members, pid))
		return 0;
	fd = look(&stat, pid);
	if (fd < 0)
		return fd == -ESRCH ? 0 : fd;
	if (parent != 0 && stat.parent != parent) {
		members->changed = true;
		return 0;
	}
	if ((start_ticks != 0 && stat.start_ticks != start_ticks) || is_dead(fd, &stat))
		return 0;
	member.parent = stat.parent;
	member.group = stat.group;
	member.session = stat.session;
	member.start_ticks = stat.start_ticks;
	member.was_stopped = stat.state == 'T' || stat.state == 't';
	/* Stopped again even if it was: SIGCONT could be on its way. */
	if (pid == getpid())
		members->has_self = true;
	else if (members->hold)
		member.held = hki_pidfd_send_signal(fd, SIGSTOP) == 0;
	return append(members, &member);
}

typedef struct descent {
	hki_members *members;
	pid_t parent;
} descent;

static int add_child(pid_t child, void *user)
{
	descent *at = user;
	int r = hki_members_add(at->members, child, at->parent, 0);

	return r < 0 ? r : 0;
}

/* Everybody below those who are in; the set grows while it is walked. */
static int walk_down(hki_members *members)
{
	for (size_t i = 0; i < members->count; i++) {
		descent at = { members, members->items[i].pid };
		int r = hki_proc_children(at.parent, add_child, &at);

		if (r == -ENOTSUP)
			r = hki_proc_children_by_parent(at.parent, add_child, &at);
		if (r < 0 && r != -ESRCH && r != -EACCES)
			return r;
	}
	return 0;
}

int hki_members_walk(
    hki_members *members, int (*find_roots)(hki_members *members, void *user), void *user)
{
	int passes = members->hold ? PASSES_HOLDING : PASSES_LOOKING;
	uint64_t deadline_ns = hki_clock_monotonic_ns() + PASSES_NS;
	int r = 0;

	for (members->pass = 0; members->pass < passes; members->pass++) {
		members->changed = false;
		r = find_roots(members, user);
		if (r >= 0)
			r = walk_down(members);
		if (r < 0 || !members->changed || hki_clock_monotonic_ns() > deadline_ns)
			return r;
	}
	return r;
}

/* ---- signals ---- */

bool hki_members_hold_for(int signal)
{
	return signal != 0 && signal != SIGCONT && signal != SIGSTOP &&
	       signal != SIGTSTP && signal != SIGTTIN && signal != SIGTTOU;
}

int hki_member_signal(const hki_member *member, int signal)
{
	hki_pidref ref;
	int r = hki_pidref_open_exactly(&ref, member->pid, member->start_ticks, 0);

	if (r < 0)
		return r;
	r = hki_pidref_signal(&ref, signal);
	hki_pidref_close(&ref);
	return r;
}

int hki_members_signal(const hki_members *members, int signal)
{
	int reached = 0;
	int refused = 0;

	for (size_t i = 0; i < members->count; i++) {
		int r = members->items[i].pid == getpid()
			    ? -ESRCH
			    : hki_member_signal(&members->items[i], signal);

		if (r == 0)
			reached++;
		else if (r != -ESRCH)
			refused = r;
	}
	return reached == 0 ? refused : reached;
}

static bool wait_one(const hki_member *member, uint64_t deadline_ns)
{
	hki_pidref ref;
	bool ended;

	if (hki_pidref_open_exactly(&ref, member->pid, member->start_ticks, 0) < 0)
		return true;
	ended = hki_pidref_wait_end(&ref, deadline_ns);
	hki_pidref_close(&ref);
	return ended;
}

bool hki_members_wait(const hki_members *members, uint64_t timeout_ns)
{
	uint64_t deadline_ns = hki_clock_monotonic_ns() + timeout_ns;
	bool all = true;

	for (size_t i = 0; i < members->count; i++)
		all = wait_one(&members->items[i], deadline_ns) && all;
	return all;
}

void hki_members_release(hki_members *members)
{
	for (size_t i = 0; i < members->count; i++) {
		hki_member *member = &members->items[i];

		if (member->held && !member->was_stopped)
			(void) hki_member_signal(member, SIGCONT);
		member->held = false;
	}
}
