#include "loop/core.h"

#include <errno.h>
#include <string.h>
#include "base/alloc.h"

/*
 * The three queues of the loop's own thread: next, immediate and close.
 *
 * "next" is emptied after every callback, what its functions add included, as
 * process.nextTick is in Node: a function that keeps adding itself therefore
 * starves the loop.  The other two run what was there when their phase began;
 * what is added meanwhile waits for the next turn, so they cannot.
 */

#define FIRST_CAPACITY 16U

void hki_task_queue_deinit(hki_task_queue *queue)
{
	hki_free(queue->tasks);
	memset(queue, 0, sizeof(*queue));
}

static int grow(hki_task_queue *queue)
{
	size_t capacity = queue->capacity == 0 ? FIRST_CAPACITY : queue->capacity * 2;
	size_t until_end = queue->capacity - queue->head;
	hki_task *tasks = hki_alloc_array(capacity, sizeof(*tasks));

	if (tasks == NULL)
		return -ENOMEM;
	if (queue->count > 0) { /* the ring is full: unroll it */
		memcpy(tasks, queue->tasks + queue->head, until_end * sizeof(*tasks));
		memcpy(tasks + until_end, queue->tasks, queue->head * sizeof(*tasks));
	}
	hki_free(queue->tasks);
	queue->tasks = tasks;
	queue->capacity = capacity;
	queue->head = 0;
	return 0;
}

int hki_task_queue_push(hki_task_queue *queue, hk_loop_fn fn, void *user)
{
	hki_task *task;

	if (queue->count == queue->capacity && grow(queue) < 0)
		return -ENOMEM;
	task = &queue->tasks[(queue->head + queue->count) & (queue->capacity - 1)];
	task->fn = fn;
	task->user = user;
	queue->count++;
	return 0;
}

hki_task hki_task_queue_pop(hki_task_queue *queue)
{
	hki_task task = queue->tasks[queue->head];

	queue->head = (queue->head + 1) & (queue->capacity - 1);
	queue->count--;
	return task;
}

static int enqueue(hk_loop *loop, hki_task_queue *queue, hk_loop_fn fn, void *user)
{
	int r = hki_loop_usable(loop);

	if (r < 0)
		return r;
	if (fn == NULL)
		return -EINVAL;
	r = hki_task_queue_push(queue, fn, user);
	if (r == 0)
		hki_loop_changed(loop);
	return r;
}

int hk_loop_next(hk_loop *loop, hk_loop_fn fn, void *user)
{
	return enqueue(loop, &loop->next, fn, user);
}

int hk_loop_immediate(hk_loop *loop, hk_loop_fn fn, void *user)
{
	return enqueue(loop, &loop->immediate, fn, user);
}

int hk_loop_close(hk_loop *loop, hk_loop_fn fn, void *user)
{
	return enqueue(loop, &loop->close, fn, user);
}

void hki_next_drain(hk_loop *loop)
{
	while (loop->next.count > 0) {
		hki_task task = hki_task_queue_pop(&loop->next);

		task.fn(task.user);
	}
}

void hki_task_queue_run(hk_loop *loop, hki_task_queue *queue)
{
	for (size_t left = queue->count; left > 0; left--) {
		hki_task task = hki_task_queue_pop(queue);

		task.fn(task.user);
		hki_next_run(loop);
	}
}

void hki_loop_defer(hk_loop *loop, hki_loop_deferred *deferred)
{
	if (loop == NULL || !loop->in_turn)
		deferred->fn(deferred);
	else
		hki_list_append(&loop->deferred, &deferred->node);
}

void hki_loop_defer_later(hk_loop *loop, hki_loop_deferred *deferred)
{
	hki_list_append(&loop->deferred, &deferred->node);
	hki_loop_changed(loop);
}

void hki_deferred_run(hk_loop *loop)
{
	hki_list now;
	hki_list *node;

	hki_list_init(&now);
	hki_list_splice(&now, &loop->deferred);
	while ((node = hki_list_pop(&now)) != NULL) {
		hki_loop_deferred *deferred =
		    hki_list_entry(node, hki_loop_deferred, node);

		deferred->fn(deferred);
	}
}
