/*
 * Four threads post to one loop as fast as they can.  Every post arrives, once, and
 * the posts of a thread arrive in its order.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <hostkit/loop.h>
#include "stress.h"

#define THREADS 4
#define POSTS   20000

/* A post carries its thread and its number in the pointer, so that posting is all we do. */
typedef struct sender {
	hk_loop *loop;
	pthread_t thread;
	unsigned int count;
	unsigned int refused;
	struct letter {
		struct sender *from;
		unsigned int number;
	} * letters;
	unsigned int expected; /* of the loop's thread: the number that comes next */
	unsigned int misplaced;
} sender;

static void arrived(void *user)
{
	struct letter *letter = user;

	if (letter->number != letter->from->expected)
		letter->from->misplaced++;
	letter->from->expected = letter->number + 1;
}

static void *post_all(void *user)
{
	sender *self = user;

	for (unsigned int i = 0; i < self->count; i++)
		if (hk_loop_post(self->loop, arrived, &self->letters[i]) < 0)
			self->refused++;
	return NULL;
}

static void start(sender *self, hk_loop *loop, unsigned int count)
{
	self->loop = loop;
	self->count = count;
	self->letters = malloc(count * sizeof(*self->letters));
	stress_need(self->letters != NULL, "no memory");
	for (unsigned int i = 0; i < count; i++)
		self->letters[i] = (struct letter){ self, i };
	stress_need(
	    pthread_create(&self->thread, NULL, post_all, self) == 0, "no thread");
}

static unsigned int arrivals(const sender *senders)
{
	unsigned int sum = 0;

	for (int i = 0; i < THREADS; i++)
		sum += senders[i].expected;
	return sum;
}

int main(void)
{
	unsigned int count = POSTS * stress_factor();
	sender senders[THREADS] = { 0 };
	unsigned int misplaced = 0;
	unsigned int refused = 0;
	hk_loop *loop = NULL;

	stress_plan(2);
	stress_need(hk_loop_new(&loop) == 0, "no loop");
	for (int i = 0; i < THREADS; i++)
		start(&senders[i], loop, count);

	/* Only what already arrived is waited for by the loop itself: a thread may be late. */
	while (arrivals(senders) < THREADS * count)
		if (hk_loop_run_once(loop, 10000) < 0)
			break;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(senders[i].thread, NULL);
		misplaced += senders[i].misplaced;
		refused += senders[i].refused;
		free(senders[i].letters);
	}
	stress_check(arrivals(senders) == THREADS * count && refused == 0,
	    "%u of %u posts arrived, %u were refused", arrivals(senders), THREADS * count,
	    refused);
	stress_check(misplaced == 0, "%u came out of their thread's order", misplaced);
	hk_loop_free(loop);
	return stress_status();
}
