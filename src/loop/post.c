#include "loop/core.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"

/*
 * Posting from other threads: many writers, one reader, one order.
 *
 * A post is one atomic increment, which draws a ticket, and one plain store,
 * which fills the slot of that number.  Slots come in segments; whoever draws a
 * ticket beyond the last one hangs up the next segment under a lock.  An
 * emptied segment is used again but never given back before the loop is freed,
 * so a poster that was held up with an old segment in its hand does no harm: it
 * either draws a ticket too high, or a good one of the segment's new life.
 *
 * The eventfd is written only when the loop may be asleep, and once a sleep.
 * The loop says that it sleeps in the word that counts the tickets.  That one
 * atomic step also tells it whether any ticket is out that it has not taken: if
 * so, its poster has not seen the mark, and the loop must not rely on being
 * notified.  Every later poster sees the mark as it draws.
 */

int hki_post_queue_init(hki_post_queue *queue)
{
	hki_post_segment *segment = hki_zalloc(sizeof(*segment));

	if (segment == NULL)
		return -ENOMEM;
	memset(queue, 0, sizeof(*queue));
	pthread_mutex_init(&queue->growing, NULL);
	atomic_init(&segment->tickets, HKI_POST_ASLEEP);
	atomic_init(&queue->sleep, HKI_LOOP_ASLEEP);
	atomic_init(&queue->tail, segment);
	queue->head = segment;
	return 0;
}

static void free_chain(hki_post_segment *segment)
{
	while (segment != NULL) {
		hki_post_segment *next = atomic_load(&segment->next);

		hki_free(segment);
		segment = next;
	}
}

void hki_post_queue_deinit(hki_post_queue *queue)
{
	if (queue->head == NULL)
		return;
	free_chain(queue->head);
	free_chain(queue->spare);
	queue->head = NULL;
	queue->spare = NULL;
	pthread_mutex_destroy(&queue->growing);
}

static size_t count_of(size_t tickets)
{
	return tickets & ~HKI_POST_ASLEEP;
}

/* A segment to hang up, an emptied one or a new one, with its first @tickets.  Under the lock. */
static hki_post_segment *get_segment(hki_post_queue *queue, size_t tickets)
{
	hki_post_segment *segment = queue->spare;

	if (segment == NULL) {
		segment = hki_zalloc(sizeof(*segment));
		if (segment == NULL)
			return NULL;
	} else {
		queue->spare = atomic_load_explicit(&segment->next, memory_order_relaxed);
		atomic_store_explicit(&segment->next, NULL, memory_order_relaxed);
	}
	/* From here on a poster that was held up may draw good tickets again. */
	atomic_store_explicit(&segment->tickets, tickets, memory_order_release);
	return segment;
}

/*
 * Is @segment still the last one, and used up?  A poster may have found it full,
 * slept, and come back when it had been emptied and hung up again: the address is
 * the same, the life is another, and only the tickets tell.  Under the lock.
 */
static bool needs_next(hki_post_queue *queue, hki_post_segment *segment, size_t tickets)
{
	return atomic_load_explicit(&queue->tail, memory_order_relaxed) == segment &&
	       count_of(tickets) >= HKI_POST_SEGMENT_SLOTS;
}

int hki_post_queue_extend(hki_post_queue *queue, hki_post_segment *full)
{
	size_t tickets;
	int r = 0;

	pthread_mutex_lock(&queue->growing);
	tickets = atomic_load_explicit(&full->tickets, memory_order_relaxed);
	if (needs_next(queue, full, tickets)) {
		/* If the loop fell asleep over the full one, the next one says so too. */
		hki_post_segment *segment = get_segment(queue, tickets & HKI_POST_ASLEEP);

		if (segment == NULL) {
			r = -ENOMEM;
		} else {
			atomic_store_explicit(&full->next, segment, memory_order_release);
			atomic_store_explicit(
			    &queue->tail, segment, memory_order_release);
		}
	}
	pthread_mutex_unlock(&queue->growing);
	return r;
}

/* Of all who have seen the mark one takes it away, and notifies. */
static int take_mark(hki_post_segment *segment)
{
	size_t before = atomic_fetch_and_explicit(
	    &segment->tickets, ~HKI_POST_ASLEEP, memory_order_acq_rel);

	return (before & HKI_POST_ASLEEP) != 0;
}

int hki_post_queue_push(hki_post_queue *queue, hk_loop_fn fn, void *user)
{
	for (;;) {
		hki_post_segment *segment =
		    atomic_load_explicit(&queue->tail, memory_order_acquire);
		size_t drawn =
		    atomic_fetch_add_explicit(&segment->tickets, 1, memory_order_acq_rel);
		size_t ticket = count_of(drawn);

		if (ticket < HKI_POST_SEGMENT_SLOTS) {
			segment->slots[ticket].user = user;
			atomic_store_explicit(
			    &segment->slots[ticket].fn, fn, memory_order_release);
			return drawn == ticket ? 0 : take_mark(segment);
		}
		int r = hki_post_queue_extend(queue, segment);
		if (r < 0)
			return r;
	}
}

/* Go on to the next segment once the head is used up; false if there is none. */
static bool advance(hki_post_queue *queue)
{
	hki_post_segment *used = queue->head;
	hki_post_segment *next = atomic_load_explicit(&used->next, memory_order_acquire);

	if (next == NULL)
		return false;
	queue->head = next;
	queue->taken = 0;
	pthread_mutex_lock(&queue->growing);
	atomic_store_explicit(&used->next, queue->spare, memory_order_relaxed);
	queue->spare = used;
	pthread_mutex_unlock(&queue->growing);
	return true;
}

bool hki_post_queue_ready(hki_post_queue *queue)
{
	if (queue->taken == HKI_POST_SEGMENT_SLOTS && !advance(queue))
		return false;
	return atomic_load_explicit(
		   &queue->head->slots[queue->taken].fn, memory_order_acquire) != NULL;
}

bool hki_post_queue_outstanding(hki_post_queue *queue)
{
	if (queue->taken == HKI_POST_SEGMENT_SLOTS && !advance(queue))
		return false;
	return count_of(atomic_load_explicit(
		   &queue->head->tickets, memory_order_acquire)) > queue->taken;
}

bool hki_post_queue_sleep(hki_post_queue *queue)
{
	size_t before;

	if (queue->taken == HKI_POST_SEGMENT_SLOTS)
		(void) advance(queue);
	before = atomic_fetch_or_explicit(
	    &queue->head->tickets, HKI_POST_ASLEEP, memory_order_acq_rel);
	return count_of(before) == queue->taken;
}

void hki_post_queue_get_up(hki_post_queue *queue)
{
	/* On whichever segment it is by now; on a full one it may stay, and costs a write. */
	hki_post_segment *tail = atomic_load_explicit(&queue->tail, memory_order_acquire);

	if (atomic_load_explicit(&tail->tickets, memory_order_relaxed) >= HKI_POST_ASLEEP)
		(void) take_mark(tail);
}

/* Take the next call; false while its poster has not filled the slot yet. */
static bool take(hki_post_queue *queue, hki_task *out)
{
	hki_post_slot *slot;
	hk_loop_fn fn;

	if (queue->taken == HKI_POST_SEGMENT_SLOTS && !advance(queue))
		return false;
	slot = &queue->head->slots[queue->taken];
	fn = atomic_load_explicit(&slot->fn, memory_order_acquire);
	if (fn == NULL)
		return false;
	out->fn = fn;
	out->user = slot->user;
	atomic_store_explicit(&slot->fn, NULL, memory_order_relaxed);
	queue->taken++;
	return true;
}

/* What was posted before the phase began runs; what comes later waits a turn. */
void hki_posts_run(hk_loop *loop)
{
	hki_post_queue *queue = &loop->posts;
	const hki_post_segment *last =
	    atomic_load_explicit(&queue->tail, memory_order_acquire);
	size_t limit =
	    count_of(atomic_load_explicit(&last->tickets, memory_order_acquire));
	hki_task task;

	if (limit > HKI_POST_SEGMENT_SLOTS)
		limit = HKI_POST_SEGMENT_SLOTS;
	while ((queue->head != last || queue->taken < limit) && take(queue, &task)) {
		task.fn(task.user);
		hki_next_run(loop);
	}
}

int hk_loop_post(hk_loop *loop, hk_loop_fn fn, void *user)
{
	int r = hki_loop_usable(loop);

	if (r < 0)
		return r;
	if (fn == NULL)
		return -EINVAL;
	r = hki_post_queue_push(&loop->posts, fn, user);
	if (r > 0)
		hki_loop_notify(loop);
	return r < 0 ? r : 0;
}

/* Only what a signal handler may do: an atomic exchange and a write. */
void hk_loop_wake(hk_loop *loop)
{
	if (hki_loop_usable(loop) < 0)
		return;
	if (atomic_exchange(&loop->posts.sleep, HKI_LOOP_NOTIFIED) == HKI_LOOP_ASLEEP)
		hki_loop_notify(loop);
}

void hki_loop_notify(hk_loop *loop)
{
	uint64_t one = 1;
	int saved = errno;
	/* It can only fail when the counter is full, and then it is readable. */
	ssize_t written = write(loop->event_fd, &one, sizeof(one));

	(void) written;
	errno = saved;
}

bool hki_loop_fall_asleep(hk_loop *loop)
{
	int awake = HKI_LOOP_AWAKE;

	return atomic_compare_exchange_strong(
	    &loop->posts.sleep, &awake, HKI_LOOP_ASLEEP);
}

void hki_loop_get_up(hk_loop *loop)
{
	if (atomic_load_explicit(&loop->posts.sleep, memory_order_relaxed) ==
	    HKI_LOOP_AWAKE)
		return;
	atomic_exchange(&loop->posts.sleep, HKI_LOOP_AWAKE);
	hki_post_queue_get_up(&loop->posts);
}
