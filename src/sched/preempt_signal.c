/*
 * Preempting by SIGSTOP and SIGCONT, where there are no cgroups.
 *
 * A stopped process forks no more, and a fork under way is on its parent's list.  So
 * who is found is stopped at once, and the walk is repeated until it finds nobody
 * new.  The group gets the signal as well: it holds orphans whose parents ended before
 * we looked.  Members are known by id and start time.
 *
 * A program may have stopped itself, and must not go on because we let go.  It is
 * known by its state before our signal; then nobody gets SIGCONT through the group.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "os/pidref.h"
#include "os/procfs.h"
#include "sched/preempt.h"

/* A tree that forks faster than we look; the next slice goes on from there. */
#define PASSES_MAX 50
/* A task with more processes than that is held as far as this goes. */
#define MEMBERS_MAX 65536U

typedef struct member {
	pid_t pid;
	uint64_t start_ticks;
	uint64_t cpu_ns; /* last seen */
	bool met;        /* in this freeze */
	bool stopped_itself;
} member;

typedef struct signal_preempt {
	hki_preempt base;
	member *members; /* the main process first */
	size_t count;
	size_t capacity;
	hki_map by_pid;   /* to the place in members, plus one */
	uint64_t gone_ns; /* CPU time of members that have ended, as last seen */
} signal_preempt;

typedef struct visit {
	signal_preempt *self;
	bool stop; /* send SIGSTOP to whom is met */
	bool news;
	int error;
} visit;

static bool is_stopped(char state)
{
	return state == 'T' || state == 't';
}

static bool is_gone(char state)
{
	return state == 'Z' || state == 'X';
}

/* Our child, whose number is its own until its end is collected, by us. */
static bool is_main(const signal_preempt *self, pid_t pid)
{
	const hk_process *process = self->base.process;

	return process != NULL && hk_process_get_exit(process) == NULL &&
	       hk_process_pid(process) == pid;
}

static int member_signal(const signal_preempt *self, const member *to, int signal)
{
	hki_pidref ref;
	int r;

	if (is_main(self, to->pid))
		return kill(to->pid, signal) < 0 ? -errno : 0;
	r = hki_pidref_open_exactly(&ref, to->pid, to->start_ticks, 0);

	if (r < 0)
		return r;
	r = hki_pidref_signal(&ref, signal);
	hki_pidref_close(&ref);
	return r;
}

/* ---- who belongs to it ---- */

static member *find(signal_preempt *self, const hki_proc_stat *stat)
{
	uintptr_t place = (uintptr_t) hki_map_get(&self->by_pid, (uint64_t) stat->pid);

	if (place == 0 || self->members[place - 1].start_ticks != stat->start_ticks)
		return NULL;
	return &self->members[place - 1];
}

static int grow(signal_preempt *self)
{
	size_t capacity = self->capacity == 0 ? 4 : self->capacity * 2;
	member *members;

	if (self->count < self->capacity)
		return 0;
	if (self->count >= MEMBERS_MAX)
		return -E2BIG;
	members = hki_realloc_array(self->members, capacity, sizeof(*members));
	if (members == NULL)
		return -ENOMEM;
	self->members = members;
	self->capacity = capacity;
	return 0;
}

static void tell(const signal_preempt *self, const member *who, hki_preempt_other_fn fn)
{
	hk_process_id id = { .pid = who->pid, .start_ticks = who->start_ticks };
	const hk_process *process = self->base.process;

	if (fn != NULL && (process == NULL || hk_process_pid(process) != who->pid))
		fn(&id, self->base.user);
}

static int append(member **out, signal_preempt *self, const hki_proc_stat *stat)
{
	int r = grow(self);

	if (r == 0)
		r = hki_map_put(&self->by_pid, (uint64_t) stat->pid,
		    (void *) (uintptr_t) (self->count + 1));
	if (r < 0)
		return r;
	*out = &self->members[self->count++];
	**out = (member){ .pid = stat->pid, .start_ticks = stat->start_ticks };
	tell(self, *out, self->base.on_other);
	return 0;
}

static void meet(visit *at, member *who, char state)
{
	if (!at->stop || who->met)
		return;
	who->met = true;
	at->news = true;
	/* 't' is a debugger's doing, and over when the debugger says so. */
	who->stopped_itself = state == 'T';
	if (!who->stopped_itself)
		(void) !member_signal(at->self, who, SIGSTOP);
}

/* Take @pid in if it is alive, and stop it if that is what we are here for. */
static int visit_one(pid_t pid, void *user)
{
	visit *at = user;
	hki_proc_stat stat;
	member *who;

	if (hki_proc_stat_read(&stat, pid) < 0 || is_gone(stat.state))
		return 0;
	who = find(at->self, &stat);
	if (who == NULL) {
		at->error = append(&who, at->self, &stat);
		if (at->error < 0)
			return 1;
		at->news = true;
	}
	meet(at, who, stat.state);
	return 0;
}

static bool is_alive(const member *who)
{
	hki_proc_stat stat;

	return hki_proc_stat_read(&stat, who->pid) == 0 &&
	       stat.start_ticks == who->start_ticks && !is_gone(stat.state);
}

/* Forget who has ended, keeping the CPU time. */
static void drop_ended(signal_preempt *self)
{
	size_t kept = 0;

	for (size_t i = 0; i < self->count; i++) {
		const member at = self->members[i];

		hki_map_remove(&self->by_pid, (uint64_t) at.pid);
		if (!is_alive(&at)) {
			self->gone_ns += at.cpu_ns;
			tell(self, &at, self->base.on_other_gone);
			continue;
		}
		self->members[kept] = at;
		self->members[kept].met = false;
		/* The room was just given back, so this cannot fail. */
		(void) !hki_map_put(
		    &self->by_pid, (uint64_t) at.pid, (void *) (uintptr_t) ++kept);
	}
	self->count = kept;
}

static void visit_children(visit *at)
{
	for (size_t i = 0; i < at->self->count; i++) {
		pid_t parent = at->self->members[i].pid;

		if (hki_proc_children(parent, visit_one, at) == -ENOTSUP)
			(void) !hki_proc_children_by_parent(parent, visit_one, at);
	}
}

/* Who is known has been visited by then. */
static bool is_unmet_main(const signal_preempt *self)
{
	hk_process *process = self->base.process;

	return process != NULL &&
	       hki_map_get(&self->by_pid, (uint64_t) hk_process_pid(process)) == NULL;
}

/* Those known come first: one that lost its parent is below nobody of ours any more. */
static void walk(signal_preempt *self, bool stop)
{
	visit at = { .self = self, .stop = stop };

	for (size_t i = 0; i < self->count; i++)
		(void) visit_one(self->members[i].pid, &at);
	for (int pass = 0; pass < PASSES_MAX; pass++) {
		at.news = false;
		if (is_unmet_main(self))
			(void) visit_one(hk_process_pid(self->base.process), &at);
		visit_children(&at);
		if (!at.news)
			return;
	}
}

/* ---- the way ---- */

/* The group is the main process's, which keeps its number while it lives or is a
 * zombie; once it is collected the number may be anybody's. */
static void signal_group(const signal_preempt *self, int signal)
{
	hk_process *process = self->base.process;

	if (process == NULL || hk_process_get_exit(process) != NULL ||
	    hk_process_pid(process) <= 1)
		return;
	if (hk_process_get_tree(process) == HK_TREE_REAPER)
		(void) !hk_process_kill_tree(process, signal);
	else
		(void) kill(-hk_process_pid(process), signal);
}

static int freeze(hki_preempt *preempt)
{
	signal_preempt *self = (signal_preempt *) preempt;

	drop_ended(self);
	walk(self, true);
	signal_group(self, SIGSTOP);
	return 0;
}

static int continue_in_group(const hki_proc_stat *stat, void *user)
{
	signal_preempt *self = user;
	member stranger = { .pid = stat->pid, .start_ticks = stat->start_ticks };

	if (stat->group == hk_process_pid(self->base.process) &&
	    is_stopped(stat->state) && find(self, stat) == NULL)
		(void) !member_signal(self, &stranger, SIGCONT);
	return 0;
}

/* The whole group goes on, but for members that had stopped by themselves: then the
 * others of the group are looked for one by one. */
static void continue_group(signal_preempt *self)
{
	bool some_stay = false;

	for (size_t i = 0; i < self->count; i++)
		some_stay |= self->members[i].stopped_itself;
	if (!some_stay)
		signal_group(self, SIGCONT);
	else if (self->base.process != NULL)
		(void) !hki_proc_each(continue_in_group, self);
}

static int thaw(hki_preempt *preempt)
{
	signal_preempt *self = (signal_preempt *) preempt;

	/* Children first: a parent that waits for stopped children sees fewer. */
	for (size_t i = self->count; i-- > 0;)
		if (!self->members[i].stopped_itself)
			(void) !member_signal(self, &self->members[i], SIGCONT);
	continue_group(self);
	return 0;
}

/* Of a child of ours a single call knows whether all of its threads stand still, and
 * leaves the news to whoever waits for it.  Of one that has ended it knows nothing. */
static bool has_stopped(const signal_preempt *self, pid_t pid)
{
	siginfo_t news = { .si_pid = 0 };

	return is_main(self, pid) &&
	       waitid(P_PID, (id_t) pid, &news, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
	       news.si_pid == pid;
}

static int is_frozen(hki_preempt *preempt)
{
	signal_preempt *self = (signal_preempt *) preempt;

	for (size_t i = 0; i < self->count; i++) {
		hki_proc_stat stat;

		if (has_stopped(self, self->members[i].pid))
			continue;
		if (hki_proc_stat_read(&stat, self->members[i].pid) == 0 &&
		    stat.start_ticks == self->members[i].start_ticks &&
		    !is_stopped(stat.state) && !is_gone(stat.state))
			return 0;
	}
	return 1;
}

/* What ended children used in between is known only when the main process ends. */
static int cpu(hki_preempt *preempt, uint64_t *out_ns)
{
	signal_preempt *self = (signal_preempt *) preempt;
	uint64_t sum = self->gone_ns;

	if (!preempt->frozen)
		walk(self, false);
	for (size_t i = 0; i < self->count; i++) {
		member *at = &self->members[i];

		if (is_alive(at))
			(void) !hki_process_cpu(at->pid, &at->cpu_ns);
		sum += at->cpu_ns;
	}
	*out_ns = sum;
	return 0;
}

static bool wants_cpu(hki_preempt *preempt)
{
	signal_preempt *self = (signal_preempt *) preempt;

	for (size_t i = 0; i < self->count; i++) {
		hki_proc_stat stat;

		if (hki_proc_stat_read(&stat, self->members[i].pid) == 0 &&
		    (stat.state == 'R' || stat.state == 'D'))
			return true;
	}
	return false;
}

static void each_other(hki_preempt *preempt, hki_preempt_other_fn fn, void *user)
{
	signal_preempt *self = (signal_preempt *) preempt;
	void *usual = preempt->user;

	preempt->user = user;
	for (size_t i = 0; i < self->count; i++)
		tell(self, &self->members[i], fn);
	preempt->user = usual;
}

/* The task has ended, and with it went all of its tree that could be reached.  Who is
 * known to us alone would stand still for ever. */
static void release(hki_preempt *preempt)
{
	signal_preempt *self = (signal_preempt *) preempt;

	for (size_t i = 0; i < self->count; i++) {
		if (preempt->frozen && !self->members[i].stopped_itself)
			(void) !member_signal(self, &self->members[i], SIGCONT);
		tell(self, &self->members[i], preempt->on_other_gone);
	}
	hki_map_deinit(&self->by_pid);
	hki_free(self->members);
}

int hki_preempt_signal_new(hki_preempt **out)
{
	static const hki_preempt_way way = {
		.name = "signal",
		.freeze = freeze,
		.thaw = thaw,
		.is_frozen = is_frozen,
		.cpu = cpu,
		.wants_cpu = wants_cpu,
		.each_other = each_other,
		.free = release,
	};
	signal_preempt *self = hki_zalloc(sizeof(*self));

	if (self == NULL)
		return -ENOMEM;
	self->base.way = &way;
	*out = &self->base;
	return 0;
}
