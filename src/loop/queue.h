#ifndef HKI_LOOP_QUEUE_H
#define HKI_LOOP_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <hostkit/loop.h>

/* Functions to call, first in first out, in a ring that doubles when it is full. */
typedef struct hki_task {
	hk_loop_fn fn;
	void *user;
} hki_task;

typedef struct hki_task_queue {
	hki_task *tasks;
	size_t head;
	size_t count;
	size_t capacity; /* a power of two, or 0 */
} hki_task_queue;

void hki_task_queue_deinit(hki_task_queue *queue);

/* 0 or -ENOMEM. */
int hki_task_queue_push(hki_task_queue *queue, hk_loop_fn fn, void *user);

/* Only when count > 0. */
hki_task hki_task_queue_pop(hki_task_queue *queue);

#endif /* HKI_LOOP_QUEUE_H */
