/*
 * Sending from other threads: every message accepted arrives once and in its thread's
 * order, or is accounted for, and the connection may go at any time.
 */
#include "ipc/fixture.h"

#include <pthread.h>

enum { THREADS = 4, MESSAGES = 20000 };

struct worker {
	pthread_t thread;
	hk_ipc_sender *sender;
	int number;
	unsigned int accepted;
	unsigned int refused;
	int last; /* the result that ended it */
};

static unsigned int next_of[THREADS];

static void note(struct side *side, hk_ipc *ipc, const hk_ipc_message *message)
{
	unsigned int thread;
	unsigned int number;

	(void) side;
	(void) ipc;
	assert_int_equal(2, sscanf(message->data, "[%u,%u]", &thread, &number));
	assert_int_equal(next_of[thread], number);
	next_of[thread]++;
}

static void *send_all(void *user)
{
	struct worker *worker = user;
	char text[32];

	while (worker->accepted < MESSAGES) {
		int length = snprintf(
		    text, sizeof(text), "[%d,%u]", worker->number, worker->accepted);
		int r = hk_ipc_sender_send(worker->sender, text, (size_t) length);

		worker->last = r;
		worker->accepted += r == 0;
		worker->refused += r == -EAGAIN;
		if (r == -EAGAIN)
			(void) sched_yield();
		else if (r < 0)
			break;
	}
	hk_ipc_sender_free(worker->sender);
	return NULL;
}

static void start(struct worker *workers, hk_ipc *ipc)
{
	memset(next_of, 0, sizeof(next_of));
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .number = i };
		assert_int_equal(0, hk_ipc_sender_new(&workers[i].sender, ipc));
		assert_int_equal(
		    0, pthread_create(&workers[i].thread, NULL, send_all, &workers[i]));
	}
}

static unsigned int join(struct worker *workers)
{
	unsigned int accepted = 0;

	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(0, pthread_join(workers[i].thread, NULL));
		accepted += workers[i].accepted;
	}
	return accepted;
}

static void threads_keep_their_order_and_lose_nothing(void **state)
{
	struct fixture *f = *state;
	struct worker workers[THREADS];

	f->server.on_message = note;
	f->client_opts.queue_max_bytes = 8192; /* so that they are refused now and then */
	connect_both(f);
	start(workers, f->dialed);
	AWAIT(f, f->server.messages == THREADS * MESSAGES);
	assert_int_equal(THREADS * MESSAGES, join(workers));
	assert_int_equal(THREADS * MESSAGES, stats_of(f->dialed).messages_sent);
	assert_int_equal(0, stats_of(f->dialed).messages_dropped);
	assert_int_equal(0, f->client.drains); /* nobody on the loop was refused */
}

static void a_closed_connection_refuses_its_senders(void **state)
{
	struct fixture *f = *state;
	struct worker workers[THREADS];
	hk_ipc_stats stats;
	unsigned int accepted;

	f->server.on_message = note;
	connect_both(f);
	start(workers, f->dialed);
	AWAIT(f, f->server.messages > 1000);
	hk_ipc_close(f->dialed, 0);
	AWAIT(f, f->client.closes == 1);
	accepted = join(workers);
	for (int i = 0; i < THREADS; i++)
		assert_true(workers[i].last == -EPIPE || workers[i].accepted == MESSAGES);
	stats = stats_of(f->dialed);
	assert_int_equal(accepted, stats.messages_sent);
	assert_int_equal(accepted, stats.messages_written + stats.messages_dropped);
}

static void closing_lets_their_messages_leave(void **state)
{
	struct fixture *f = *state;
	static char text[1000];
	hk_ipc_sender *sender = NULL;
	unsigned int accepted = 0;

	memset(text, '1', sizeof(text));
	f->client_opts.queue_max_bytes = 300000;
	connect_both(f);
	hk_ipc_pause(f->server.ipc);
	assert_int_equal(0, hk_ipc_sender_new(&sender, f->dialed));
	for (int round = 0; round < 10;
	     round++) { /* the queue is full, and the box behind it */
		while (hk_ipc_sender_send(sender, text, sizeof(text)) == 0) {
			accepted++;
			assert_in_range(accepted * sizeof(text), 0, FILLED_MAX);
		}
		settle(f);
	}
	assert_int_equal(-EAGAIN, hk_ipc_sender_send(sender, text, sizeof(text)));
	hk_ipc_close(f->dialed, 60 * HKI_NS_PER_S);
	assert_int_equal(-EPIPE, hk_ipc_sender_send(sender, text, sizeof(text)));
	hk_ipc_resume(f->server.ipc);
	AWAIT(f, f->server.closes == 1 && f->client.closes == 1);
	assert_int_equal(0, f->client.reason);
	assert_int_equal(accepted, f->server.messages);
	assert_int_equal(accepted, stats_of(f->dialed).messages_written);
	hk_ipc_sender_free(sender);
}

static void a_loop_may_go_while_threads_send(void **state)
{
	struct fixture *f = *state;
	struct worker workers[THREADS];

	connect_both(f);
	start(workers, f->dialed);
	AWAIT(f, f->server.messages > 1000);
	hk_ipc_free(f->dialed);
	hk_ipc_server_free(f->listener);
	f->dialed = NULL;
	f->listener = NULL;
	hk_loop_free(f->loop);
	(void) join(workers);
	assert_int_equal(0, hk_loop_new(&f->loop));
}

static void senders_are_refused_what_the_connection_would_refuse(void **state)
{
	struct fixture *f = *state;
	static char large[2000];
	hk_ipc_sender *sender = NULL;

	memset(large, '1', sizeof(large));
	f->client_opts.message_max_bytes = 1000;
	f->client_opts.queue_max_bytes = 2000;
	connect_both(f);
	assert_int_equal(0, hk_ipc_sender_new(&sender, f->dialed));
	assert_int_equal(-EMSGSIZE, hk_ipc_sender_send(sender, large, sizeof(large)));
	assert_int_equal(0, hk_ipc_sender_send(sender, "a\nb", 3)); /* no line */
	for (size_t taken = 0; hk_ipc_sender_send(sender, large, 900) == 0; taken += 900)
		assert_in_range(taken, 0, FILLED_MAX);
	assert_int_equal(-EAGAIN, hk_ipc_sender_send(sender, large, 900));
	AWAIT(f, f->server.messages == 2);
	assert_int_equal(1, stats_of(f->dialed).messages_dropped);
	assert_int_equal(3, stats_of(f->dialed).messages_sent);
	hk_ipc_free(f->dialed);
	f->dialed = NULL;
	assert_int_equal(-EPIPE, hk_ipc_sender_send(sender, "[1]", 3));
	hk_ipc_sender_free(sender);
	hk_ipc_sender_free(NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(threads_keep_their_order_and_lose_nothing),
		CASE(a_closed_connection_refuses_its_senders),
		CASE(closing_lets_their_messages_leave),
		CASE(a_loop_may_go_while_threads_send),
		CASE(senders_are_refused_what_the_connection_would_refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
