/*
 * A program for each connection: one socket is its standard input and output, so it
 * reads messages as lines and answers by printing.  Both ways are bounded: what one
 * side does not take is not read from the other.
 *
 * It ends as a filter ends: the peer's end of messages is the end of its input, and
 * when it has closed its output the connection closes.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/process.h>
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/list.h"
#include "listen.h"
#include "output/fail.h"

#define LAST_WORDS_NS (10 * HKI_NS_PER_S)

struct ipc_worker {
	hki_list link;
	ipc_listening *all;
	hk_ipc *ipc;           /* NULL: the peer is gone */
	hk_ipc *pipe;          /* to the program; NULL: it is over */
	hk_process *process;   /* NULL: it has ended */
	hki_buffer to_program; /* one message that did not fit */
	hki_buffer to_peer;
	bool input_ended;
};

static hki_list workers = { &workers, &workers };

static void release_if_over(ipc_worker *worker)
{
	if (worker->ipc != NULL || worker->process != NULL)
		return;
	hk_ipc_free(worker->pipe);
	hki_list_remove(&worker->link);
	hki_buffer_deinit(&worker->to_program);
	hki_buffer_deinit(&worker->to_peer);
	hki_free(worker);
}

/* Pass a message on; one that does not fit waits, and its sender is not read meanwhile. */
static void pass_on(
    hk_ipc *to, hk_ipc *from, hki_buffer *held, const char *bytes, size_t length)
{
	int r;

	if (to == NULL)
		return;
	r = hk_ipc_send(to, bytes, length);
	if (r == -EAGAIN && hki_buffer_append(held, bytes, length) == 0)
		hk_ipc_pause(from);
}

static void pass_held(hk_ipc *to, hk_ipc *from, hki_buffer *held)
{
	if (held->length == 0 || to == NULL)
		return;
	if (hk_ipc_send(to, held->data, held->length) == -EAGAIN)
		return;
	hki_buffer_truncate(held, 0);
	if (from != NULL)
		hk_ipc_resume(from);
}

/* ---- the program's side ---- */

static void on_line(hk_ipc *pipe, const hk_ipc_message *message, void *user)
{
	ipc_worker *worker = user;

	pass_on(worker->ipc, pipe, &worker->to_peer, message->data, message->length);
}

static void on_pipe_drain(hk_ipc *pipe, void *user)
{
	ipc_worker *worker = user;

	pass_held(pipe, worker->ipc, &worker->to_program);
	if (worker->input_ended && worker->to_program.length == 0)
		hk_ipc_end(pipe);
}

static void end_connection(ipc_worker *worker)
{
	if (worker->ipc != NULL)
		hk_ipc_close(worker->ipc, LAST_WORDS_NS);
}

static void on_pipe_end(hk_ipc *pipe, void *user)
{
	hk_ipc_close(pipe, 0);
	end_connection(user);
}

static void on_pipe_close(hk_ipc *pipe, int reason, void *user)
{
	ipc_worker *worker = user;

	(void) reason;
	worker->pipe = NULL;
	hk_ipc_free(pipe);
	end_connection(worker);
}

static void on_exit(hk_process *process, const hk_process_exit *how, void *user)
{
	ipc_worker *worker = user;

	if (how->code != 0)
		cmd_note(&worker->all->session.call->output, "'%s' ended with %d",
		    worker->all->command, how->code);
	worker->process = NULL;
	hk_process_free(process);
	release_if_over(worker);
}

static int start_program(ipc_worker *worker, int fd)
{
	const char *const argv[] = { "/bin/sh", "-c", worker->all->command, NULL };
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;

	opts.argv = argv;
	opts.stdio[0] = (hk_stdio){ .kind = HK_STDIO_FD, .fd = fd };
	opts.stdio[1] = (hk_stdio){ .kind = HK_STDIO_FD, .fd = fd };
	opts.on_exit = on_exit;
	opts.user_data = worker;
	return hk_process_spawn(&worker->process, worker->all->session.loop, &opts,
	    worker->all->session.errors);
}

int ipc_worker_start(ipc_listening *all, hk_ipc *ipc)
{
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	ipc_worker *worker = hki_zalloc(sizeof(*worker));
	hki_cleanup(hki_closep) int fd = -1;
	int r;

	if (worker == NULL)
		return -ENOMEM;
	worker->all = all;
	opts.framing = HK_IPC_FRAMING_LINES;
	opts.on_message = on_line;
	opts.on_drain = on_pipe_drain;
	opts.on_end = on_pipe_end;
	opts.on_close = on_pipe_close;
	opts.user = worker;
	hki_list_append(&workers, &worker->link);
	r = hk_ipc_pair(&worker->pipe, &fd, all->session.loop, &opts);
	if (r == 0)
		r = start_program(worker, fd);
	if (r < 0) {
		release_if_over(worker);
		return r;
	}
	worker->ipc = ipc;
	hk_ipc_set_data(ipc, worker);
	return 0;
}

/* ---- the peer's side ---- */

void ipc_worker_give(hk_ipc *ipc, const hk_ipc_message *message)
{
	ipc_worker *worker = hk_ipc_get_data(ipc);

	if (worker != NULL)
		pass_on(worker->pipe, ipc, &worker->to_program, message->data,
		    message->length);
}

void ipc_worker_go_on(hk_ipc *ipc)
{
	ipc_worker *worker = hk_ipc_get_data(ipc);

	if (worker != NULL)
		pass_held(ipc, worker->pipe, &worker->to_peer);
}

void ipc_worker_end_of_input(hk_ipc *ipc)
{
	ipc_worker *worker = hk_ipc_get_data(ipc);

	if (worker == NULL || worker->pipe == NULL)
		return;
	worker->input_ended = true;
	if (worker->to_program.length == 0)
		hk_ipc_end(worker->pipe);
}

void ipc_worker_leave(hk_ipc *ipc)
{
	ipc_worker *worker = hk_ipc_get_data(ipc);

	if (worker == NULL)
		return;
	worker->ipc = NULL;
	if (worker->pipe != NULL)
		hk_ipc_end(worker->pipe);
	release_if_over(worker);
}

void ipc_workers_stop(ipc_listening *all)
{
	(void) all;
	while (!hki_list_empty(&workers)) {
		ipc_worker *worker = hki_list_entry(workers.next, ipc_worker, link);

		hk_process_free(worker->process);
		worker->process = NULL;
		if (worker->ipc != NULL)
			hk_ipc_set_data(worker->ipc, NULL);
		worker->ipc = NULL;
		release_if_over(worker);
	}
}
