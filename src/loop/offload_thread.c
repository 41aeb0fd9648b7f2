#include "loop/offload_core.h"

#include <time.h>

/*
 * The threads of offload.
 *
 * A thread is started when more is ready than idle threads can take, up to the
 * limit.  One whose job was written off stops counting at once, so that another
 * may take its place; when its call comes back after all, it counts again, or
 * ends if there are enough by then.  Jobs of one resource run one after the
 * other: of a dead mount only one thread ever learns.
 */

#define STACK_BYTES (256U * 1024)

static void make_ready(hki_offload *offload, hki_offload_job *job)
{
	if (job->resource != NULL)
		job->resource->holder = job;
	job->ready = true;
	offload->ready_jobs++;
	hki_list_append(&offload->ready, &job->node);
	pthread_cond_signal(&offload->work);
}

/* The holder has come to its end: the next one in line is ready. */
static void give_resource_back(hki_offload *offload, hki_offload_resource *resource)
{
	hki_list *node;

	if (resource == NULL)
		return;
	resource->holder = NULL;
	resource->stuck = false;
	node = hki_list_pop(&resource->waiting);
	if (node != NULL)
		make_ready(offload, hki_list_entry(node, hki_offload_job, node));
}

void hki_offload_enqueue(hki_offload *offload, hki_offload_job *job)
{
	offload->queued_jobs++;
	if (job->resource != NULL && job->resource->holder != NULL)
		hki_list_append(&job->resource->waiting, &job->node);
	else
		make_ready(offload, job);
}

static void take_off_queue(hki_offload *offload, hki_offload_job *job)
{
	hki_list_remove(&job->node);
	offload->queued_jobs--;
	offload->ready_jobs -= job->ready;
	job->ready = false;
}

void hki_offload_drop(hki_offload *offload, hki_offload_job *job, int result)
{
	take_off_queue(offload, job);
	job->over = true;
	job->result = result;
	hki_offload_send(offload, job);
	if (job->resource != NULL && job->resource->holder == job)
		give_resource_back(offload, job->resource);
}

void hki_offload_write_off(hki_offload *offload, hki_offload_job *job, int result)
{
	hki_offload_resource *resource = job->resource;

	job->written_off = true;
	job->result = result;
	offload->counted--;
	hki_offload_send(offload, job);
	if (resource != NULL) {
		resource->stuck = true;
		while (!hki_list_empty(&resource->waiting))
			hki_offload_drop(offload,
			    hki_list_entry(resource->waiting.next, hki_offload_job, node),
			    -EBUSY);
	}
	if (hki_offload_staff(offload) < 0)
		while (!hki_list_empty(&offload->ready))
			hki_offload_drop(offload,
			    hki_list_entry(offload->ready.next, hki_offload_job, node),
			    -EAGAIN);
}

/* Wait until something is ready.  False when the wait was long, or the offload is shut. */
static bool wait_for_work(hki_offload *offload)
{
	struct timespec until;
	int r = 0;

	(void) clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += HKI_OFFLOAD_IDLE_S;
	while (hki_list_empty(&offload->ready) && !offload->shut && r == 0) {
		offload->idle++;
		r = pthread_cond_timedwait(&offload->work, &offload->lock, &until);
		offload->idle--;
	}
	return !hki_list_empty(&offload->ready);
}

static hki_offload_job *next_job(hki_offload *offload)
{
	hki_offload_job *job;

	if (offload->counted > offload->max_threads || !wait_for_work(offload))
		return NULL;
	job = hki_list_entry(offload->ready.next, hki_offload_job, node);
	take_off_queue(offload, job);
	return job;
}

static void finish(hki_offload *offload, hki_offload_job *job, int result)
{
	job->running = false;
	job->over = true;
	if (job->written_off)
		offload->counted++;
	else
		job->result = result;
	give_resource_back(offload, job->resource);
	if (!offload->shut) {
		hki_offload_send(offload, job);
	} else if (job != offload->telling) {
		pthread_mutex_unlock(&offload->lock);
		hki_offload_release_job(offload, job);
		pthread_mutex_lock(&offload->lock);
	}
}

static void *serve(void *user)
{
	hki_offload *offload = user;
	hki_offload_job *job;

	pthread_mutex_lock(&offload->lock);
	while ((job = next_job(offload)) != NULL) {
		int result;

		job->running = true;
		offload->occupied++;
		pthread_mutex_unlock(&offload->lock);
		result = job->work(job->user);
		pthread_mutex_lock(&offload->lock);
		offload->occupied--;
		finish(offload, job, result);
	}
	offload->counted--;
	offload->living--;
	pthread_cond_broadcast(&offload->ended);
	hki_offload_unref_unlock(offload);
	return NULL;
}

/* Signals are the program's: none may land on a thread of ours. */
static int start_thread(hki_offload *offload)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all;
	sigset_t before;
	int r = pthread_attr_init(&attributes);

	if (r != 0)
		return -r;
	(void) pthread_attr_setstacksize(&attributes, STACK_BYTES);
	(void) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, &attributes, serve, offload);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void) pthread_attr_destroy(&attributes);
	return -r;
}

int hki_offload_staff(hki_offload *offload)
{
	if (offload->ready_jobs <= offload->idle ||
	    offload->counted >= offload->max_threads)
		return 0;
	if (start_thread(offload) < 0)
		return offload->counted == 0 ? -EAGAIN : 0;
	offload->counted++;
	offload->living++;
	offload->references++;
	return 0;
}
