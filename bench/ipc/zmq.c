#include "peers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../report.h"

/* libzmq over ipc://, with its defaults: PUSH to PULL one way, PAIR back and forth. */

#if BENCH_HAS_ZMQ
#include <zmq.h>

struct talk {
	char url[128];
	size_t count;
	size_t length;
};

static void open_talk(struct talk *talk, size_t count, size_t length)
{
	(void) snprintf(talk->url, sizeof(talk->url), "ipc://%s", bench_ipc_path());
	talk->count = count;
	talk->length = length;
}

static int send_stream(void *user)
{
	const struct talk *talk = user;
	void *context = zmq_ctx_new();
	void *socket = zmq_socket(context, ZMQ_PUSH);
	char *text = calloc(1, talk->length);
	int r = text == NULL ? -1 : zmq_connect(socket, talk->url);

	for (size_t i = 0; r == 0 && i < talk->count; i++)
		r = zmq_send(socket, text, talk->length, 0) < 0 ? -1 : 0;
	(void) zmq_close(socket);
	(void) zmq_ctx_term(context); /* waits until all has left */
	free(text);
	return r;
}

static bool receive_stream(void *socket, const struct talk *talk, uint64_t *out_ns)
{
	char *text = malloc(talk->length);
	uint64_t began_ns = 0;
	bool good = text != NULL;

	for (size_t i = 0; good && i < talk->count; i++) {
		good = zmq_recv(socket, text, talk->length, 0) == (int) talk->length;
		if (i == 0)
			began_ns = bench_now_ns();
	}
	*out_ns = bench_now_ns() - began_ns;
	free(text);
	return good;
}

double bench_zmq_stream(size_t count, size_t length)
{
	void *context;
	void *socket;
	uint64_t ns = 0;
	bool good;
	struct talk talk;
	pid_t child;

	open_talk(&talk, count, length);
	child = bench_ipc_fork(send_stream, &talk); /* it has no context of ours */
	context = zmq_ctx_new();
	socket = zmq_socket(context, ZMQ_PULL);
	good = zmq_bind(socket, talk.url) == 0 && receive_stream(socket, &talk, &ns);
	(void) zmq_close(socket);
	(void) zmq_ctx_term(context);
	return bench_ipc_join(child) && good ? (double) ns / (double) count : NAN;
}

static int answer(void *user)
{
	const struct talk *talk = user;
	void *context = zmq_ctx_new();
	void *socket = zmq_socket(context, ZMQ_PAIR);
	char *text = malloc(talk->length);
	int r = text == NULL ? -1 : zmq_connect(socket, talk->url);

	for (size_t i = 0; r == 0 && i < talk->count; i++)
		if (zmq_recv(socket, text, talk->length, 0) < 0 ||
		    zmq_send(socket, text, talk->length, 0) < 0)
			r = -1;
	(void) zmq_close(socket);
	(void) zmq_ctx_term(context);
	free(text);
	return r;
}

static bool ask(void *socket, const struct talk *talk, double *us)
{
	char *text = calloc(1, talk->length);
	bool good = text != NULL;

	for (size_t i = 0; good && i < talk->count; i++) {
		uint64_t began_ns = bench_now_ns();

		good = zmq_send(socket, text, talk->length, 0) >= 0 &&
		       zmq_recv(socket, text, talk->length, 0) >= 0;
		us[i] = (double) (bench_now_ns() - began_ns) / 1000;
	}
	free(text);
	return good;
}

double bench_zmq_roundtrip(size_t count, size_t length)
{
	double *us = malloc(count * sizeof(*us));
	double median = NAN;
	void *context;
	void *socket;
	struct talk talk;
	pid_t child;

	if (us == NULL)
		return NAN;
	open_talk(&talk, count, length);
	child = bench_ipc_fork(answer, &talk);
	context = zmq_ctx_new();
	socket = zmq_socket(context, ZMQ_PAIR);
	if (zmq_bind(socket, talk.url) == 0 && ask(socket, &talk, us))
		median = bench_median(us, count);
	(void) zmq_close(socket);
	(void) zmq_ctx_term(context);
	free(us);
	return bench_ipc_join(child) ? median : NAN;
}

bool bench_has_zmq(void)
{
	return true;
}

#else

double bench_zmq_stream(size_t count, size_t length)
{
	(void) count;
	(void) length;
	return NAN;
}

double bench_zmq_roundtrip(size_t count, size_t length)
{
	return bench_zmq_stream(count, length);
}

bool bench_has_zmq(void)
{
	return false;
}

#endif
