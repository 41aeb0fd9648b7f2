#ifndef HKI_SCHED_READY_QUEUE_H
#define HKI_SCHED_READY_QUEUE_H

#include <stddef.h>
#include <hostkit/sched.h>
#include "sched/fetch.h"

/*
 * Ready jobs in a row, linked through themselves: nothing to allocate, so
 * nothing can fail, and any of them can step out.  A zeroed queue is empty.
 */
typedef struct hki_ready_queue {
	hk_sched_job *first;
	hk_sched_job *last;
} hki_ready_queue;

static inline void hki_ready_queue_append(hki_ready_queue *queue, hk_sched_job *job)
{
	job->own.next = NULL;
	job->own.previous = queue->last;
	if (queue->last != NULL)
		queue->last->own.next = job;
	else
		queue->first = job;
	queue->last = job;
}

static inline void hki_ready_queue_prepend(hki_ready_queue *queue, hk_sched_job *job)
{
	job->own.previous = NULL;
	job->own.next = queue->first;
	if (queue->first != NULL)
		queue->first->own.previous = job;
	else
		queue->last = job;
	queue->first = job;
}

static inline void hki_ready_queue_remove(hki_ready_queue *queue, hk_sched_job *job)
{
	if (job->own.previous != NULL)
		job->own.previous->own.next = job->own.next;
	else
		queue->first = job->own.next;
	if (job->own.next != NULL)
		job->own.next->own.previous = job->own.previous;
	else
		queue->last = job->own.previous;
	job->own.next = NULL;
	job->own.previous = NULL;
}

/* Who is next but one is on its way: the next one, being so once, is there already and
 * knows its neighbour. */
static inline hk_sched_job *hki_ready_queue_pop(hki_ready_queue *queue)
{
	hk_sched_job *job = queue->first;

	if (job != NULL)
		hki_ready_queue_remove(queue, job);
	if (queue->first != NULL && queue->first->own.next != NULL)
		hki_sched_fetch(queue->first->own.next);
	return job;
}

/* All of @from, in its order, behind those in @to. */
static inline void hki_ready_queue_move(hki_ready_queue *to, hki_ready_queue *from)
{
	if (from->first == NULL)
		return;
	from->first->own.previous = to->last;
	if (to->last != NULL)
		to->last->own.next = from->first;
	else
		to->first = from->first;
	to->last = from->last;
	from->first = NULL;
	from->last = NULL;
}

#endif /* HKI_SCHED_READY_QUEUE_H */
