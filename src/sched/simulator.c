/*
 * Virtual time jumps from one instant at which something happens to the next.
 * What happens at one instant happens in a fixed order (hk_sched_simulate()), so
 * that a schedule is a function of its inputs and of nothing else.
 *
 * Everything is reserved before the first instant: from there on only the slices
 * that are kept for charts can want memory.
 */
#include "sched/simulator.h"

#include <errno.h>
#include "base/error_list.h"

/* ---- running jobs ---- */

/* Charge what @cpu's job has run so far. */
static void charge(hki_sim *sim, hki_sim_cpu *cpu)
{
	hk_sched_job *job = cpu->job;
	int64_t ran = sim->now - cpu->charged_to;

	if (ran <= 0)
		return;
	cpu->charged_to = sim->now;
	job->ran += ran;
	job->remaining -= ran;
	if (sim->policy->charge != NULL)
		sim->policy->charge(sim->state, job, ran, sim->now);
}

static void charge_all(hki_sim *sim)
{
	for (uint32_t i = 0; i < sim->opts.cpus; i++)
		if (sim->cpus[i].job != NULL)
			charge(sim, &sim->cpus[i]);
}

/* Take its job off @cpu. */
static hk_sched_job *leave(hki_sim *sim, hki_sim_cpu *cpu)
{
	hk_sched_job *job = cpu->job;

	charge(sim, cpu);
	if (sim->opts.slices != 0) {
		int r = hki_sched_result_slice(sim->result, job->index,
		    (uint32_t) (cpu - sim->cpus), cpu->begin, sim->now);

		if (r < 0)
			sim->failure = r;
	}
	cpu->job = NULL;
	sim->busy--;
	return job;
}

static void make_ready(hki_sim *sim, hk_sched_job *job, hk_sched_reason reason)
{
	hki_sim_of(job)->state = HKI_SIM_READY;
	sim->ready++;
	job->ready_since = sim->now;
	sim->policy->ready(sim->state, job, reason, sim->now);
}

/* Would @job end so shortly after its slice that it is let? */
static bool is_near_end(
    const hki_sim *sim, hk_sched_job *job, int64_t longest, int64_t quantum)
{
	return hki_sim_of(job)->slack != 0 && longest == job->remaining &&
	       longest > quantum && longest - quantum <= sim->opts.slack;
}

/* How long @job may run before something happens to it. */
static int64_t slice_of(const hki_sim *sim, hk_sched_job *job)
{
	int64_t until_io = hki_sim_of(job)->next_io - job->ran;
	int64_t longest = job->remaining < until_io ? job->remaining : until_io;

	if (sim->policy->quantum != NULL) {
		int64_t quantum = sim->policy->quantum(sim->state, job, sim->now);

		/* Of nothing nobody would ever end. */
		if (quantum < 1)
			quantum = 1;
		if (is_near_end(sim, job, longest, quantum))
			return longest;
		if (quantum < longest)
			longest = quantum;
	}
	return longest;
}

/* Give @cpu to @job, which was just picked. */
static void start(hki_sim *sim, hki_sim_cpu *cpu, hk_sched_job *job)
{
	hki_sim_job *own = hki_sim_of(job);
	bool other = cpu->last != UINT32_MAX && cpu->last != job->index;

	sim->ready--;
	sim->busy++;
	sim->result->decisions++;
	cpu->begin = sim->now;
	cpu->switched = other && sim->opts.switch_cost > 0;
	if (other)
		sim->result->switches++;
	if (cpu->switched) {
		cpu->begin += sim->opts.switch_cost;
		sim->result->overhead += sim->opts.switch_cost;
	}
	cpu->job = job;
	cpu->last = job->index;
	cpu->charged_to = cpu->begin;
	job->cpu = (uint32_t) (cpu - sim->cpus);
	cpu->end = cpu->begin + slice_of(sim, job);
	own->state = HKI_SIM_RUNNING;
	own->slices++;
	if (own->start == HK_SCHED_NEVER)
		own->start = cpu->begin;
}

/* ---- what happens at one instant ---- */

static void end_job(hki_sim *sim, hk_sched_job *job)
{
	hki_sched_outcome *outcome = &sim->result->jobs[job->index];

	outcome->start = hki_sim_of(job)->start;
	outcome->end = sim->now;
	outcome->ran = job->ran;
	outcome->io = hki_sim_of(job)->io_time;
	outcome->slices = hki_sim_of(job)->slices;
	outcome->cpu = job->cpu;
	outcome->outcome = HK_SCHED_DONE;
	hki_sim_of(job)->state = HKI_SIM_ENDED;
	sim->left--;
	if (sim->policy->ended != NULL)
		sim->policy->ended(sim->state, job, sim->now);
	if (sim->waits.first != NULL)
		hki_sim_waits_end(sim, job->index);
}

static void block_job(hki_sim *sim, hk_sched_job *job)
{
	hki_sim_job *own = hki_sim_of(job);
	int64_t duration = own->io->duration;

	own->state = HKI_SIM_BLOCKED;
	own->io++;
	own->io_left--;
	own->next_io = hki_sim_next_io(own->io, own->io_left);
	own->io_time += duration;
	if (sim->policy->blocked != NULL)
		sim->policy->blocked(sim->state, job, sim->now);
	hki_ready_heap_add(&sim->devices, sim->now + duration, job->order, job);
}

static void end_slice(hki_sim *sim, hki_sim_cpu *cpu)
{
	hk_sched_job *job = leave(sim, cpu);

	if (job->remaining == 0)
		end_job(sim, job);
	else if (hki_sim_of(job)->next_io == job->ran)
		block_job(sim, job);
	else
		sim->expired[sim->expired_count++] = job->index;
}

static void end_slices(hki_sim *sim)
{
	for (uint32_t i = 0; i < sim->opts.cpus && sim->busy > 0; i++)
		if (sim->cpus[i].job != NULL && sim->cpus[i].end <= sim->now)
			end_slice(sim, &sim->cpus[i]);
}

/* Those whose slice ended line up again. */
static void take_expired(hki_sim *sim)
{
	for (uint32_t i = 0; i < sim->expired_count; i++)
		make_ready(sim, &sim->jobs[sim->expired[i]].job, HK_SCHED_QUANTUM_END);
	sim->expired_count = 0;
}

static bool is_due(const hki_sim *sim, const hki_ready_heap *heap)
{
	const hki_ready_entry *first = hki_ready_heap_first(heap);

	return first != NULL && first->key <= sim->now;
}

static void arrive(hki_sim *sim, hk_sched_job *job)
{
	sim->result->jobs[job->index].held = sim->now - job->arrival;
	make_ready(sim, job, HK_SCHED_ARRIVED);
}

void hki_sim_let_go(hki_sim *sim, uint32_t index)
{
	hk_sched_job *job = &sim->jobs[index].job;
	int64_t at = job->task->start_after;

	/* Who has not arrived yet will be looked at when it does. */
	if (index >= sim->arrived)
		return;
	hki_ready_heap_add(&sim->held, at > sim->now ? at : sim->now, job->order, job);
}

/* The jobs that arrive now, in order, and among them those that were held till now. */
static void take_arrivals(hki_sim *sim)
{
	bool mixed = is_due(sim, &sim->held);

	while (sim->arrived < sim->count &&
	       sim->jobs[sim->arrived].job.arrival <= sim->now) {
		uint32_t index = (uint32_t) sim->arrived++;
		hk_sched_job *job = &sim->jobs[index].job;

		if (sim->jobs[index].state == HKI_SIM_ENDED || sim->jobs[index].waits > 0)
			continue;
		if (mixed || job->task->start_after > sim->now)
			hki_sim_let_go(sim, index);
		else
			arrive(sim, job);
	}
	while (is_due(sim, &sim->held))
		arrive(sim, hki_ready_heap_pop(&sim->held));
}

static void take_newcomers(hki_sim *sim)
{
	while (is_due(sim, &sim->devices))
		make_ready(sim, hki_ready_heap_pop(&sim->devices), HK_SCHED_IO_DONE);
	take_arrivals(sim);
}

static void fire_event(hki_sim *sim)
{
	sim->events++;
	charge_all(sim);
	sim->policy->event(sim->state, sim->now);
	sim->event_at = sim->policy->next_event(sim->state, sim->now);
}

static void fill_cpus(hki_sim *sim)
{
	for (uint32_t i = 0; sim->ready > 0 && sim->busy < sim->opts.cpus; i++) {
		hk_sched_job *job;

		if (sim->cpus[i].job != NULL)
			continue;
		job = sim->policy->pick(sim->state, sim->now);
		if (job == NULL)
			return;
		start(sim, &sim->cpus[i], job);
	}
}

/* ---- preemption ---- */

/* A switch is not interrupted, and behind it a tick is run: so work always gets on. */
static bool may_be_preempted(const hki_sim *sim, const hki_sim_cpu *cpu)
{
	return cpu->job != NULL &&
	       (cpu->switched ? sim->now > cpu->begin : sim->now >= cpu->begin);
}

/* Of the CPUs whose job @best outranks, the one whose job is outranked by the others. */
static hki_sim_cpu *find_victim(hki_sim *sim, const hk_sched_job *best)
{
	const hk_sched_policy *policy = sim->policy;
	hki_sim_cpu *victim = NULL;

	for (uint32_t i = 0; i < sim->opts.cpus; i++) {
		hki_sim_cpu *cpu = &sim->cpus[i];

		if (may_be_preempted(sim, cpu) &&
		    policy->outranks(sim->state, best, cpu->job, sim->now) &&
		    (victim == NULL ||
			policy->outranks(sim->state, victim->job, cpu->job, sim->now)))
			victim = cpu;
	}
	return victim;
}

static void preempt(hki_sim *sim)
{
	const hk_sched_policy *policy = sim->policy;

	if (policy->outranks == NULL || policy->peek == NULL || sim->ready == 0)
		return;
	charge_all(sim);
	for (uint32_t i = 0; i < sim->opts.cpus; i++) {
		const hk_sched_job *best = policy->peek(sim->state, sim->now);
		hki_sim_cpu *cpu = best == NULL ? NULL : find_victim(sim, best);
		hk_sched_job *next;

		if (cpu == NULL)
			return;
		sim->result->preemptions++;
		make_ready(sim, leave(sim, cpu), HK_SCHED_PREEMPTED);
		next = policy->pick(sim->state, sim->now);
		if (next == NULL)
			return;
		start(sim, cpu, next);
	}
}

/* When a job that is ready will be urgent enough for @cpu, if time alone decides. */
static int64_t preemption_time(const hki_sim *sim, const hki_sim_cpu *cpu)
{
	const hk_sched_policy *policy = sim->policy;
	int64_t at = HK_SCHED_NEVER;

	if (cpu->switched && sim->now <= cpu->begin) {
		const hk_sched_job *best = policy->peek(sim->state, sim->now);

		if (best != NULL &&
		    policy->outranks(sim->state, best, cpu->job, sim->now))
			return cpu->begin + 1;
	}
	if (policy->overtakes != NULL)
		at = policy->overtakes(sim->state, cpu->job, sim->now);
	return at <= cpu->begin && cpu->switched ? cpu->begin + 1 : at;
}

/* ---- time ---- */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t first_of(const hki_ready_heap *heap)
{
	const hki_ready_entry *first = hki_ready_heap_first(heap);

	return first == NULL ? HK_SCHED_NEVER : (int64_t) first->key;
}

static int64_t next_instant(const hki_sim *sim)
{
	bool may_preempt = sim->ready > 0 && sim->policy->outranks != NULL &&
			   sim->policy->peek != NULL &&
			   (sim->policy->overtakes != NULL || sim->opts.switch_cost > 0);
	int64_t at = earlier(first_of(&sim->held), first_of(&sim->devices));

	if (sim->arrived < sim->count)
		at = earlier(at, sim->jobs[sim->arrived].job.arrival);
	for (uint32_t i = 0; i < sim->opts.cpus && sim->busy > 0; i++) {
		const hki_sim_cpu *cpu = &sim->cpus[i];

		if (cpu->job == NULL)
			continue;
		at = earlier(at, cpu->end);
		if (may_preempt)
			at = earlier(at, preemption_time(sim, cpu));
	}
	if (sim->busy > 0)
		at = earlier(at, sim->event_at);
	return at;
}

static void run_instant(hki_sim *sim)
{
	/* An event that fell into idle time. */
	if (sim->event_at < sim->now)
		fire_event(sim);
	/* Who comes or goes changes what the time of the others is worth. */
	if (sim->policy->charge != NULL && sim->busy > 0)
		charge_all(sim);
	end_slices(sim);
	if (sim->opts.tie == HK_SCHED_TIE_PREEMPTED)
		take_expired(sim);
	take_newcomers(sim);
	take_expired(sim);
	if (sim->event_at <= sim->now)
		fire_event(sim);
	fill_cpus(sim);
	preempt(sim);
}

static int check_limits(const hki_sim *sim, int64_t at)
{
	if (at == HK_SCHED_NEVER)
		return hki_error_report_step(sim->errors, -EPROTO, "policy",
		    "the policy '%s' keeps %zu ready jobs for itself", sim->policy->name,
		    sim->ready);
	if (at > HK_SCHED_TIME_MAX)
		return hki_error_report_step(sim->errors, -ERANGE, "burst",
		    "with all switches the work takes longer than times may be");
	if (sim->result->decisions + sim->events > sim->opts.decisions_max)
		return hki_error_report_step(sim->errors, HK_ELIMIT, "quantum",
		    "it takes more than %llu decisions; slices may be too short for "
		    "these bursts",
		    (unsigned long long) sim->opts.decisions_max);
	return 0;
}

int hki_sim_run(hki_sim *sim)
{
	while (sim->left > 0) {
		int64_t at = next_instant(sim);
		int r = check_limits(sim, at);

		if (r < 0)
			return r;
		sim->now = at;
		run_instant(sim);
		if (sim->failure < 0)
			return sim->failure;
	}
	return 0;
}
