#ifndef HKI_LOOP_POST_H
#define HKI_LOOP_POST_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/loop.h>

/*
 * Calls on their way from any thread to the loop's.  A poster draws a ticket
 * and fills the slot of that number; the loop takes the slots in order.
 */
#define HKI_POST_SEGMENT_SLOTS 252U

/* Beside the count of tickets: the loop sleeps, and whoever draws one shall wake it. */
#define HKI_POST_ASLEEP (~(SIZE_MAX >> 1))

typedef struct hki_post_slot {
	_Atomic(hk_loop_fn) fn; /* set last: the slot is filled once this is not NULL */
	void *user;
} hki_post_slot;

typedef struct hki_post_segment {
	atomic_size_t
	    tickets; /* drawn so far; SLOTS and more: full.  | HKI_POST_ASLEEP */
	_Atomic(struct hki_post_segment *) next;
	char padding[48]; /* posters hammer the tickets: keep slots off that line */
	hki_post_slot slots[HKI_POST_SEGMENT_SLOTS];
} hki_post_segment;

/* For hk_loop_wake(), which draws no ticket. */
enum hki_loop_sleep {
	HKI_LOOP_AWAKE,   /* asks for this before it sleeps */
	HKI_LOOP_ASLEEP,  /* waits, or is about to, or is not being run */
	HKI_LOOP_NOTIFIED /* shall not sleep; if it did, the eventfd is written */
};

typedef struct hki_post_queue {
	_Atomic(hki_post_segment *) tail; /* where posters draw tickets */
	atomic_int sleep;                 /* enum hki_loop_sleep */
	char padding[48];
	hki_post_segment *head; /* the loop's thread only, as is `taken` */
	size_t taken;           /* slots of head that the loop has taken */
	pthread_mutex_t growing;
	hki_post_segment *spare; /* emptied segments, under `growing` */
} hki_post_queue;

int hki_post_queue_init(hki_post_queue *queue); /* 0 or -ENOMEM */
void hki_post_queue_deinit(hki_post_queue *queue);

/* Hang a segment behind @full if that is still the last one and full.  Any thread.
 * 0 or -ENOMEM. */
int hki_post_queue_extend(hki_post_queue *queue, hki_post_segment *full);

/* Any thread.  1 if the caller has to notify the loop, 0 if not, or -ENOMEM. */
int hki_post_queue_push(hki_post_queue *queue, hk_loop_fn fn, void *user);

/* The loop's thread: ask posters to notify from now on.  False if that may be too late,
 * because a call is there or one is just being posted. */
bool hki_post_queue_sleep(hki_post_queue *queue);
/* The loop's thread: they need not notify any more. */
void hki_post_queue_get_up(hki_post_queue *queue);

/* The loop's thread: can a call be taken now? */
bool hki_post_queue_ready(hki_post_queue *queue);
/* The loop's thread: has a ticket been drawn that was not taken yet? */
bool hki_post_queue_outstanding(hki_post_queue *queue);

#endif /* HKI_LOOP_POST_H */
