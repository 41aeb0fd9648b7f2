#include "peers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../report.h"

/*
 * nng over ipc://, with its defaults: push to pull one way, pair back and forth.  It
 * refuses to live in a process that forks, so each run has two processes of its own.
 */

#if BENCH_HAS_NNG
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <nng/supplemental/util/platform.h>

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
	nng_socket socket;
	char *text = calloc(1, talk->length);
	int r = text == NULL ? -1 : nng_push0_open(&socket);

	if (r != 0)
		return r;
	r = nng_dial(socket, talk->url, NULL, NNG_FLAG_NONBLOCK);
	for (size_t i = 0; r == 0 && i < talk->count; i++)
		r = nng_send(socket, text, talk->length, 0);
	/* It has no drain: leave the rest the time to go. */
	nng_msleep(200);
	(void) nng_close(socket);
	free(text);
	return r;
}

static bool receive_stream(nng_socket socket, const struct talk *talk, uint64_t *out_ns)
{
	char *text = malloc(talk->length);
	uint64_t began_ns = 0;
	bool good = text != NULL;

	for (size_t i = 0; good && i < talk->count; i++) {
		size_t length = talk->length;

		good = nng_recv(socket, text, &length, 0) == 0;
		if (i == 0)
			began_ns = bench_now_ns();
	}
	*out_ns = bench_now_ns() - began_ns;
	free(text);
	return good;
}

static double stream(void *user)
{
	struct talk *talk = user;
	pid_t child = bench_ipc_fork(send_stream, talk);
	nng_socket socket;
	uint64_t ns = 0;
	bool good;

	if (nng_pull0_open(&socket) != 0)
		return NAN;
	good = nng_setopt_ms(socket, NNG_OPT_RECVTIMEO, 20000) == 0 &&
	       nng_listen(socket, talk->url, NULL, 0) == 0 &&
	       receive_stream(socket, talk, &ns);
	(void) nng_close(socket);
	return bench_ipc_join(child) && good ? (double) ns / (double) talk->count : NAN;
}

double bench_nng_stream(size_t count, size_t length)
{
	struct talk talk;

	open_talk(&talk, count, length);
	return bench_ipc_apart(stream, &talk);
}

static int answer(void *user)
{
	const struct talk *talk = user;
	nng_socket socket;
	char *text = malloc(talk->length);
	int r = text == NULL ? -1 : nng_pair0_open(&socket);

	if (r != 0)
		return r;
	r = nng_dial(socket, talk->url, NULL, NNG_FLAG_NONBLOCK);
	for (size_t i = 0; r == 0 && i < talk->count; i++) {
		size_t length = talk->length;

		r = nng_recv(socket, text, &length, 0);
		if (r == 0)
			r = nng_send(socket, text, length, 0);
	}
	nng_msleep(100);
	(void) nng_close(socket);
	free(text);
	return r;
}

static bool ask(nng_socket socket, const struct talk *talk, double *us)
{
	char *text = calloc(1, talk->length);
	bool good = text != NULL;

	for (size_t i = 0; good && i < talk->count; i++) {
		uint64_t began_ns = bench_now_ns();
		size_t length = talk->length;

		good = nng_send(socket, text, talk->length, 0) == 0 &&
		       nng_recv(socket, text, &length, 0) == 0;
		us[i] = (double) (bench_now_ns() - began_ns) / 1000;
	}
	free(text);
	return good;
}

static double roundtrip(void *user)
{
	struct talk *talk = user;
	double *us = malloc(talk->count * sizeof(*us));
	double median = NAN;
	nng_socket socket;
	pid_t child;

	if (us == NULL)
		return NAN;
	child = bench_ipc_fork(answer, talk);
	if (nng_pair0_open(&socket) == 0) {
		if (nng_setopt_ms(socket, NNG_OPT_RECVTIMEO, 20000) == 0 &&
		    nng_listen(socket, talk->url, NULL, 0) == 0 && ask(socket, talk, us))
			median = bench_median(us, talk->count);
		(void) nng_close(socket);
	}
	free(us);
	return bench_ipc_join(child) ? median : NAN;
}

double bench_nng_roundtrip(size_t count, size_t length)
{
	struct talk talk;

	open_talk(&talk, count, length);
	return bench_ipc_apart(roundtrip, &talk);
}

bool bench_has_nng(void)
{
	return true;
}

#else

double bench_nng_stream(size_t count, size_t length)
{
	(void) count;
	(void) length;
	return NAN;
}

double bench_nng_roundtrip(size_t count, size_t length)
{
	return bench_nng_stream(count, length);
}

bool bench_has_nng(void)
{
	return false;
}

#endif
