/*
 * A run: a process, its two streams of output, its input, and one clock.
 *
 *     running --(timeout or cancel)--> stopping --> ended --> settling --> done
 *
 * It is over when the main process has ended, what it left is killed, and both
 * streams are at their end.  Somebody outside the tree may hold a stream open for
 * ever (a daemon that inherited it), hence the settle time: when it is over, what
 * has come is what there is.  And should a process not even die when killed, which
 * happens in a stuck system call, the run ends without it.
 *
 * Everything the result needs is allocated at the start: the end cannot fail.
 */
#include "process/run_internal.h"

#include <string.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error_list.h"
#include "base/opts.h"
#include "process/process_internal.h"

#define DEFAULT_OUTPUT_BYTES (1ULL << 20)
#define DEFAULT_SETTLE_NS    (100 * HKI_NS_PER_MS)
/* What comes after the stop steps: killing the tree, twice its patience. */
#define GIVE_UP_NS (2 * HKI_TREE_KILL_TIMEOUT_NS)

typedef enum phase { RUNNING, STOPPING, SETTLING, DONE } phase;

/* The result and what it borrows from. */
typedef struct result_block {
	hk_process_result result; /* first: hk_process_result_free() gets this */
	hki_buffer stdout_data;
	hki_buffer stderr_data;
} result_block;

struct hk_process_runner {
	hki_loop_member member;
	hk_loop *loop; /* NULL once it is gone, or the run is over */
	phase phase;
	hk_process *process;
	hk_timer *timer; /* of the phase */
	hki_capture captures[2];
	bool terminals[3]; /* streams that go to a terminal made for it */
	hki_feed feed;
	bool stdin_is_pipe;
	uint64_t settle_ns;
	result_block *block; /* given away in the end */
	hk_process_run_fn on_done;
	void *user;
};

void hk_process_result_free(hk_process_result *result)
{
	result_block *block = (result_block *) (void *) result;

	if (block == NULL)
		return;
	hki_buffer_deinit(&block->stdout_data);
	hki_buffer_deinit(&block->stderr_data);
	hki_free(block);
}

/* ---- the end ---- */

/* Nothing of the loop is in use any more. */
static void leave_loop(hk_process_runner *runner)
{
	if (runner->loop == NULL)
		return;
	for (size_t i = 0; i < 2; i++)
		hki_capture_close(&runner->captures[i]);
	hki_feed_close(&runner->feed);
	hk_timer_free(hki_take(runner->timer));
	hki_loop_leave(&runner->member);
	hki_loop_release(runner->loop);
	runner->loop = NULL;
}

static const char *move_text(hki_buffer *to, hki_capture *from)
{
	*to = from->data;
	from->data = (hki_buffer) HKI_BUFFER_INIT;
	return to->data != NULL ? to->data : "";
}

static void fill_result(hk_process_runner *runner, result_block *block)
{
	hk_process_result *result = &block->result;
	hki_capture *out = &runner->captures[0];
	hki_capture *err = &runner->captures[1];

	result->id = hk_process_identity(runner->process);
	result->tree = hk_process_get_tree(runner->process);
	result->leftovers = runner->process->leftovers;
	result->survivors += runner->process->survivors;
	result->stdout_length = out->data.length;
	result->stdout_total = out->total;
	result->stdout_cut = out->cut;
	result->stdout_data = move_text(&block->stdout_data, out);
	result->stderr_length = err->data.length;
	result->stderr_total = err->total;
	result->stderr_cut = err->cut;
	result->stderr_data = move_text(&block->stderr_data, err);
}

/* The last thing done with a runner: the callback may free it. */
static void finish(hk_process_runner *runner)
{
	result_block *block = hki_take(runner->block);

	fill_result(runner, block);
	runner->phase = DONE;
	leave_loop(runner);
	hk_process_free(hki_take(runner->process));
	runner->on_done(runner, &block->result, runner->user);
}

static bool output_is_over(const hk_process_runner *runner)
{
	return runner->captures[0].fd < 0 && runner->captures[1].fd < 0;
}

static void on_stream_end(void *user)
{
	hk_process_runner *runner = user;

	if (runner->phase == SETTLING && output_is_over(runner))
		finish(runner);
}

/* The rest is in the pipes already, unless somebody else holds them. */
static void settle(hk_process_runner *runner)
{
	runner->phase = SETTLING;
	hki_feed_close(&runner->feed);
	(void) hki_capture_drain(&runner->captures[0]);
	(void) hki_capture_drain(&runner->captures[1]);
	if (output_is_over(runner)) {
		finish(runner);
	} else {
		hk_loop_update_time(runner->loop);
		hk_timer_set(runner->timer, runner->settle_ns, 0);
	}
}

static void on_process_exit(hk_process *process, const hk_process_exit *how, void *user)
{
	hk_process_runner *runner = user;

	(void) process;
	runner->block->result.exit = *how;
	settle(runner);
}

/* Killed and not dead: whoever waits for us must not wait for that. */
static void give_up(hk_process_runner *runner)
{
	hk_process_exit *how = &runner->block->result.exit;

	how->end = HK_END_UNKNOWN;
	how->step = "";
	how->wall_ns = hki_clock_monotonic_ns() - runner->process->started_ns;
	runner->block->result.survivors = 1;
	(void) hki_capture_drain(&runner->captures[0]);
	(void) hki_capture_drain(&runner->captures[1]);
	runner->block->result.stdio_detached = !output_is_over(runner);
	finish(runner);
}

/* ---- the way there ---- */

static uint64_t stop_duration_ns(const hk_process *process)
{
	uint64_t sum = process->steps == NULL ? 5 * HKI_NS_PER_S : 0;

	for (size_t i = 0; i < process->step_count; i++)
		if (__builtin_add_overflow(sum, process->steps[i].wait_ns, &sum))
			return UINT64_MAX / 2;
	return sum;
}

static void stop(hk_process_runner *runner)
{
	int r = hk_process_stop(runner->process);

	runner->phase = STOPPING;
	hk_loop_update_time(runner->loop);
	/* When it has ended already, its end is on the way to us. */
	if (r == 0 || r == -ESRCH)
		hk_timer_set(
		    runner->timer, stop_duration_ns(runner->process) + GIVE_UP_NS, 0);
	else
		hk_timer_set(runner->timer, 0, 0);
}

static void on_timer(hk_timer *timer, void *user)
{
	hk_process_runner *runner = user;

	(void) timer;
	switch (runner->phase) {
	case RUNNING:
		runner->block->result.timed_out = true;
		stop(runner);
		break;
	case STOPPING:
		give_up(runner);
		break;
	case SETTLING:
		(void) hki_capture_drain(&runner->captures[0]);
		(void) hki_capture_drain(&runner->captures[1]);
		runner->block->result.stdio_detached = !output_is_over(runner);
		finish(runner);
		break;
	case DONE:
		break;
	}
}

void hk_process_runner_cancel(hk_process_runner *runner)
{
	if (runner == NULL || runner->loop == NULL || runner->phase == DONE)
		return;
	runner->block->result.cancelled = true;
	if (runner->phase == RUNNING)
		stop(runner);
}

hk_process *hk_process_runner_process(hk_process_runner *runner)
{
	return runner->process;
}

/* ---- the start ---- */

static void on_loop_free(hki_loop_member *member)
{
	hk_process_runner *runner = hki_list_entry(member, hk_process_runner, member);

	leave_loop(runner);
}

void hk_process_runner_free(hk_process_runner *runner)
{
	if (runner == NULL)
		return;
	leave_loop(runner);
	hk_process_free(runner->process);
	for (size_t i = 0; i < 2; i++)
		hki_capture_deinit(&runner->captures[i]);
	hki_feed_close(&runner->feed);
	if (runner->block != NULL)
		hk_process_result_free(&runner->block->result);
	hki_free(runner);
}

static void runner_freep(hk_process_runner **runner)
{
	hk_process_runner_free(*runner);
}

static int runner_new(
    hk_process_runner **out, hk_loop *loop, const hk_process_run_opts *opts)
{
	hki_cleanup(runner_freep) hk_process_runner *runner = hki_zalloc(sizeof(*runner));
	uint64_t limit = opts->max_output_bytes;
	hk_timer_opts timer = HK_TIMER_OPTS_INIT;
	int r;

	if (runner == NULL)
		return -ENOMEM;
	if (limit == 0)
		limit = DEFAULT_OUTPUT_BYTES;
	for (size_t i = 0; i < 2; i++)
		hki_capture_init(&runner->captures[i], limit, on_stream_end, runner);
	hki_feed_init(&runner->feed);
	runner->settle_ns = opts->settle_ns != 0 ? opts->settle_ns : DEFAULT_SETTLE_NS;
	runner->on_done = opts->on_done;
	runner->user = opts->user;
	runner->block = hki_zalloc(sizeof(*runner->block));
	if (runner->block == NULL)
		return -ENOMEM;
	timer.fn = on_timer;
	timer.user = runner;
	timer.background = 1; /* the runner itself holds the loop */
	r = hk_timer_start(&runner->timer, loop, &timer);
	if (r < 0)
		return r;
	hk_timer_stop(runner->timer);
	runner->loop = loop;
	runner->member.on_loop_free = on_loop_free;
	hki_list_init(&runner->member.node);
	hki_loop_join(loop, &runner->member);
	hki_loop_hold(loop);
	*out = hki_take(runner);
	return 0;
}

static int start_process(
    hk_process_runner *runner, const hk_process_run_opts *opts, hk_error_list *errors)
{
	hk_process_opts process;
	int r = hki_opts_copy(&process, sizeof(process), opts->process,
	    opts->process->size, offsetof(hk_process_opts, file));

	if (r < 0)
		return hki_error_report_step(errors, r, "options",
		    "the size of the options does not fit this library");
	process.size = sizeof(process);
	process.on_exit = on_process_exit;
	process.user_data = runner;
	if (opts->stdin_data != NULL)
		process.stdio[0] = (hk_stdio){ .kind = HK_STDIO_PIPE };
	runner->stdin_is_pipe = process.stdio[0].kind == HK_STDIO_PIPE;
	for (int i = 0; i < 3; i++)
		runner->terminals[i] = process.stdio[i].kind == HK_STDIO_PTY;
	return hki_process_spawn(
	    &runner->process, runner->loop, &process, HK_PROCESS_RUN, errors);
}

static int start_streams(
    hk_process_runner *runner, const hk_process_run_opts *opts, bool blocking)
{
	int fd;
	int r;

	for (unsigned int stream = 1; stream <= 2; stream++) {
		/* On a loop a terminal is its caller's, who may want to talk to it. */
		if (runner->terminals[stream] && !blocking)
			continue;
		fd = hk_process_take_stdio(runner->process, stream);
		if (fd < 0)
			continue;
		r = hki_capture_start(&runner->captures[stream - 1], runner->loop, fd);
		if (r < 0)
			return r;
	}
	/* A pipe that nobody can write to would have the program wait for ever. */
	if (opts->stdin_data == NULL && (!blocking || !runner->stdin_is_pipe))
		return 0;
	fd = hk_process_take_stdio(runner->process, 0);
	if (fd < 0)
		return 0;
	return hki_feed_start(&runner->feed, runner->loop, fd, opts->stdin_data,
	    opts->stdin_data == NULL ? 0 : opts->stdin_length, !blocking);
}

int hki_process_run_start(hk_process_runner **out, hk_loop *loop,
    const hk_process_run_opts *opts, bool blocking, hk_error_list *errors)
{
	hki_cleanup(runner_freep) hk_process_runner *runner = NULL;
	int r;

	if (opts->process == NULL || opts->on_done == NULL)
		return hki_error_report_step(
		    errors, -EINVAL, "options", "process and on_done are required");
	r = runner_new(&runner, loop, opts);
	if (r < 0)
		return hki_error_report_step(errors, r, "start", "the run");
	r = start_process(runner, opts, errors);
	if (r < 0)
		return r;
	r = start_streams(runner, opts, blocking);
	if (r < 0)
		return hki_error_report_step(
		    errors, r, "start", "the streams of the run");
	if (opts->timeout_ns != 0) {
		hk_loop_update_time(loop); /* the start has taken some */
		hk_timer_set(runner->timer, opts->timeout_ns, 0);
	}
	*out = hki_take(runner);
	return 0;
}

int hk_process_run_start(hk_process_runner **out, hk_loop *loop,
    const hk_process_run_opts *given, hk_error_list *errors)
{
	hk_process_run_opts opts;
	int r;

	if (out == NULL || loop == NULL || given == NULL)
		return -EINVAL;
	r = hki_opts_copy(&opts, sizeof(opts), given, given->size,
	    offsetof(hk_process_run_opts, stdin_data));
	if (r < 0 || (r = hki_loop_check(loop)) < 0)
		return r;
	return hki_process_run_start(out, loop, &opts, false, errors);
}
