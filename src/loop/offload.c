#include "loop/offload_core.h"

#include <sys/eventfd.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/cleanup.h"

/*
 * Offload on the loop's thread: submitting, deadlines, telling, the end.
 *
 * The threads hand jobs back through a list and an eventfd of the offload's
 * own, not through hk_loop_post(): that can fail for lack of memory, and a job
 * whose end cannot be told would be lost.  The eventfd also outlives the loop
 * for as long as a thread may want to write to it.
 */

void hki_offload_send(hki_offload *offload, hki_offload_job *job)
{
	uint64_t one = 1;
	ssize_t written;

	if (job->outgoing)
		return;
	job->outgoing = true;
	hki_list_append(&offload->outbox, &job->node);
	written = write(offload->event_fd, &one, sizeof(one));
	(void) written; /* fails only when the counter is full: readable all the same */
}

static void destroy(hki_offload *offload)
{
	hki_name_map_deinit(&offload->resources);
	hki_closep(&offload->event_fd);
	pthread_cond_destroy(&offload->ended);
	pthread_cond_destroy(&offload->work);
	pthread_mutex_destroy(&offload->lock);
	hki_free(offload);
}

void hki_offload_unref_unlock(hki_offload *offload)
{
	bool last = --offload->references == 0;

	pthread_mutex_unlock(&offload->lock);
	if (last)
		destroy(offload);
}

/* ---- resources and jobs ---- */

static hki_offload_resource *new_resource(hki_offload *offload, const char *name)
{
	hki_offload_resource *resource = hki_zalloc(sizeof(*resource));

	if (resource == NULL)
		return NULL;
	hki_list_init(&resource->waiting);
	resource->name = hki_strdup(name);
	if (resource->name == NULL ||
	    hki_name_map_put(&offload->resources, name, resource) < 0) {
		hki_free(resource->name);
		hki_free(resource);
		return NULL;
	}
	return resource;
}

static int join_resource(hki_offload *offload, hki_offload_job *job, const char *name)
{
	hki_offload_resource *resource;

	if (name == NULL)
		return 0;
	resource = hki_name_map_get(&offload->resources, name);
	if (resource == NULL)
		resource = new_resource(offload, name);
	if (resource == NULL)
		return -ENOMEM;
	resource->jobs++;
	job->resource = resource;
	return 0;
}

static void leave_resource(hki_offload *offload, hki_offload_job *job)
{
	hki_offload_resource *resource = hki_take(job->resource);

	if (resource == NULL || --resource->jobs > 0)
		return;
	(void) hki_name_map_remove(&offload->resources, resource->name);
	hki_free(resource->name);
	hki_free(resource);
}

/* The parts the offload gave it.  Under the lock. */
static void dispose(hki_offload *offload, hki_offload_job *job)
{
	hki_list_remove(&job->all_node);
	hki_list_remove(&job->node);
	leave_resource(offload, job);
	hki_free(job);
}

void hki_offload_release_job(hki_offload *offload, hki_offload_job *job)
{
	if (job->free != NULL)
		job->free(job->user);
	pthread_mutex_lock(&offload->lock);
	dispose(offload, job);
	pthread_mutex_unlock(&offload->lock);
}

/* ---- telling ---- */

static void end_deadline(hki_offload_job *job)
{
	hk_timer_free(job->deadline);
	job->deadline = NULL;
}

static void tell(hki_offload *offload, hki_offload_job *job)
{
	end_deadline(job);
	hki_loop_release(offload->loop);
	job->done(job, job->result, job->user);
}

/* Look at the first job of the outbox.  Under the lock before and after. */
static void process_one(hki_offload *offload)
{
	hki_list *node = hki_list_pop(&offload->outbox);
	hki_offload_job *job = hki_list_entry(node, hki_offload_job, node);
	bool tell_it = !job->told;
	bool release_it;

	job->outgoing = false;
	job->told = true;
	offload->telling = job;
	pthread_mutex_unlock(&offload->lock);
	if (tell_it)
		tell(offload, job);
	pthread_mutex_lock(&offload->lock);
	offload->telling = NULL;
	/* Came its work back meanwhile?  Then it is in the outbox again, unless that is shut. */
	release_it = job->over && !job->outgoing;
	if (!release_it)
		return;
	pthread_mutex_unlock(&offload->lock);
	hki_offload_release_job(offload, job);
	pthread_mutex_lock(&offload->lock);
}

static void process_outbox(hk_watch *watch, unsigned int events, void *user)
{
	hki_offload *offload = user;
	size_t count = 0;
	uint64_t times;
	ssize_t bytes;

	(void) watch;
	(void) events;
	pthread_mutex_lock(&offload->lock);
	offload->references++;
	bytes = read(offload->event_fd, &times, sizeof(times));
	(void) bytes;
	for (const hki_list *node = offload->outbox.next; node != &offload->outbox;
	     node = node->next)
		count++;
	/* A callback may free the offload, which empties the outbox. */
	while (count-- > 0 && !hki_list_empty(&offload->outbox))
		process_one(offload);
	hki_offload_unref_unlock(offload);
}

static void give_up(hki_offload_job *job, int result)
{
	hki_offload *offload = job->offload;

	if (job->told)
		return;
	if (job->outgoing) /* it has ended; only a cancel still changes what is told */
		job->result = result == -ECANCELED ? result : job->result;
	else if (job->running)
		hki_offload_write_off(offload, job, result);
	else
		hki_offload_drop(offload, job, result);
}

static void deadline_passed(hk_timer *timer, void *user)
{
	hki_offload_job *job = user;
	hki_offload *offload = job->offload;

	(void) timer;
	pthread_mutex_lock(&offload->lock);
	give_up(job, -ETIMEDOUT);
	pthread_mutex_unlock(&offload->lock);
}

void hki_offload_cancel(hki_offload_job *job)
{
	hki_offload *offload = job->offload;

	if (hki_loop_inert(offload->loop))
		return;
	pthread_mutex_lock(&offload->lock);
	give_up(job, -ECANCELED);
	pthread_mutex_unlock(&offload->lock);
}

/* ---- submitting ---- */

static int start_deadline(hki_offload_job *job, uint64_t deadline_ns)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;

	if (deadline_ns == 0)
		return 0;
	opts.after_ns = deadline_ns;
	opts.fn = deadline_passed;
	opts.user = job;
	opts.background = 1; /* the job itself keeps the loop going */
	return hk_timer_start(&job->deadline, job->offload->loop, &opts);
}

static bool refuses(const hki_offload *offload, const hki_offload_job *job)
{
	return offload->queued_jobs >= HKI_OFFLOAD_QUEUE_MAX ||
	       offload->living - offload->counted >= HKI_OFFLOAD_STUCK_MAX ||
	       (job->resource != NULL && job->resource->stuck);
}

/* Under the lock.  On failure the job is as it was. */
static int queue_job(hki_offload *offload, hki_offload_job *job)
{
	int r;

	if (refuses(offload, job))
		return -EBUSY;
	hki_offload_enqueue(offload, job);
	r = hki_offload_staff(offload);
	if (r < 0) {
		hki_offload_drop(offload, job, r);
		hki_list_remove(&job->node);
	}
	return r;
}

static int submit(
    hki_offload *offload, hki_offload_job *job, const hki_offload_opts *opts)
{
	int r;

	if ((r = join_resource(offload, job, opts->resource)) < 0 ||
	    (r = start_deadline(job, opts->deadline_ns)) < 0 ||
	    (r = queue_job(offload, job)) < 0) {
		end_deadline(job);
		dispose(offload, job);
		return r;
	}
	return 0;
}

int hki_offload_submit(
    hki_offload_job **out, hki_offload *offload, const hki_offload_opts *opts)
{
	hki_offload_job *job;
	int r = hki_loop_usable(offload->loop);

	if (r < 0)
		return r;
	if (opts->work == NULL || opts->done == NULL)
		return -EINVAL;
	job = hki_zalloc(sizeof(*job));
	if (job == NULL)
		return -ENOMEM;
	hki_list_init(&job->node);
	job->offload = offload;
	job->work = opts->work;
	job->done = opts->done;
	job->free = opts->free;
	job->user = opts->user;

	pthread_mutex_lock(&offload->lock);
	hki_list_append(&offload->jobs, &job->all_node);
	r = submit(offload, job, opts);
	pthread_mutex_unlock(&offload->lock);
	if (r < 0)
		return r;
	hki_loop_hold(offload->loop);
	if (out != NULL)
		*out = job;
	return 0;
}

/* ---- birth and end ---- */

static void loop_is_freed(hki_loop_member *member);

static int init_threads(hki_offload *offload)
{
	pthread_condattr_t attributes;
	int r = pthread_condattr_init(&attributes);

	if (r != 0)
		return -r;
	(void) pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void) pthread_cond_init(&offload->work, &attributes);
	(void) pthread_condattr_destroy(&attributes);
	(void) pthread_cond_init(&offload->ended, NULL);
	(void) pthread_mutex_init(&offload->lock, NULL);
	return 0;
}

static int open_outbox(hki_offload *offload)
{
	int r;

	offload->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (offload->event_fd < 0)
		return -errno;
	r = hk_watch_start(&offload->watch, offload->loop, offload->event_fd, HK_READABLE,
	    process_outbox, offload);
	if (r == 0)
		hk_watch_set_background(offload->watch, true);
	return r;
}

int hki_offload_new(hki_offload **out, hk_loop *loop, unsigned int max_threads)
{
	hki_offload *offload;
	int r = hki_loop_usable(loop);

	if (r < 0)
		return r;
	if (max_threads == 0)
		return -EINVAL;
	offload = hki_zalloc(sizeof(*offload));
	if (offload == NULL)
		return -ENOMEM;
	offload->loop = loop;
	offload->max_threads = max_threads;
	offload->references = 1;
	offload->event_fd = -1;
	hki_list_init(&offload->ready);
	hki_list_init(&offload->outbox);
	hki_list_init(&offload->jobs);
	if ((r = init_threads(offload)) < 0 || (r = open_outbox(offload)) < 0) {
		destroy(offload);
		return r;
	}
	offload->member.on_loop_free = loop_is_freed;
	hki_loop_join(loop, &offload->member);
	hki_loop_ref(loop);
	*out = offload;
	return 0;
}

/* No callback from now on.  Jobs nobody works on go to @doomed.  Under the lock. */
static void silence_jobs(hki_offload *offload, hki_list *doomed)
{
	hki_list every;
	hki_list *node;

	hki_list_init(&every);
	hki_list_splice(&every, &offload->jobs);
	while ((node = hki_list_pop(&every)) != NULL) {
		hki_offload_job *job = hki_list_entry(node, hki_offload_job, all_node);
		bool in_use = job->running || job == offload->telling;

		end_deadline(job);
		if (!job->told)
			hki_loop_release(offload->loop);
		job->told = true;
		job->outgoing = false;
		hki_list_remove(&job->node);
		hki_list_append(in_use ? &offload->jobs : doomed, node);
	}
	offload->ready_jobs = 0;
	offload->queued_jobs = 0;
}

/* Threads without work end now; those inside work end when it returns. */
static void shut(hki_offload *offload)
{
	hki_list doomed;

	hki_list_init(&doomed);
	pthread_mutex_lock(&offload->lock);
	offload->shut = true;
	silence_jobs(offload, &doomed);
	pthread_cond_broadcast(&offload->work);
	while (offload->living > offload->occupied)
		pthread_cond_wait(&offload->ended, &offload->lock);
	pthread_mutex_unlock(&offload->lock);

	while (!hki_list_empty(&doomed))
		hki_offload_release_job(
		    offload, hki_list_entry(doomed.next, hki_offload_job, all_node));
	hki_loop_leave(&offload->member);
	hk_watch_free(offload->watch);
	offload->watch = NULL;
}

static void loop_is_freed(hki_loop_member *member)
{
	hki_offload *offload = hki_list_entry(member, hki_offload, member);

	if (!hki_loop_forked(offload->loop))
		shut(offload);
}

void hki_offload_free(hki_offload *offload)
{
	hk_loop *loop;

	/* In a forked child the threads are gone, and what they were changing is half
	 * changed: leave it all to exec or exit. */
	if (offload == NULL || hki_loop_forked(offload->loop))
		return;
	loop = offload->loop;
	if (!offload->shut)
		shut(offload);
	hki_loop_unref(loop);
	pthread_mutex_lock(&offload->lock);
	hki_offload_unref_unlock(offload);
}
