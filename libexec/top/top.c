/*
 * top INTERVAL_NS ENGINE FLAGS SORT FILTER USER
 *
 * The screen of `hostkit top`, which has read the command line: numbers are decimal,
 * FLAGS are letters (t tree, m mono, a ASCII, r read-only, K threads of the kernel),
 * SORT is a field of a process with - in front for small values first, FILTER and
 * USER are "" for none.  Ends with 0, also on SIGTERM, SIGINT and SIGHUP.
 *
 * One thread, one loop: it waits for keys and for the next time to look.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <hostkit/error.h>
#include <hostkit/loop.h>
#include "keys.h"
#include "panes.h"
#include "screen.h"

enum { EXIT_USAGE = 2, EXIT_FAILED = 9, ARGUMENTS = 7 };

typedef struct top_program {
	hk_loop *loop;
	hk_timer *timer;
	top_model *model;
	top_view view;
	int failure;
} top_program;

/* ---- showing ---- */

static void lay_out(top_program *top)
{
	const top_figures *figures = top_model_moment(top->model)->figures;
	top_layout_wish wish = { .boxes = top->view.boxes, .detail = top->view.detail };
	int height, width;

	if (figures != NULL && hk_record_has(&figures->record, TOP_FIGURE_PROCESSORS))
		wish.processors = (unsigned int) figures->processors.count;
	top_screen_size(&height, &width);
	top_layout_make(&top->view.layout, height, width, &wish);
	/* Wide tables show what a narrow one does not, and so need not read. */
	if (width >= 110) {
		top_model_want(top->model, HK_SYSTEM_PROCESS_READ_RATE);
		top_model_want(top->model, HK_SYSTEM_PROCESS_WRITE_RATE);
	}
}

static void show(top_program *top)
{
	lay_out(top);
	top_draw(&top->view);
}

/* ---- events ---- */

static void is_due(hk_timer *timer, void *user)
{
	top_program *top = user;
	int r = top_model_sample(top->model);

	(void) timer;
	if (r < 0)
		top_view_say(
		    &top->view, true, "cannot look at the machine: %s", hk_error_text(r));
	top_view_refresh(&top->view);
	show(top);
}

static void keys_came(hk_watch *watch, unsigned int events, void *user)
{
	top_program *top = user;
	top_key key;

	(void) watch;
	while ((key = top_screen_key()).code != TOP_KEY_NONE && !top->view.quit)
		top_key_press(&top->view, key);
	if (top->view.quit || (events & (HK_HANGUP | HK_ERROR))) {
		hk_loop_stop(top->loop, 0);
		return;
	}
	if (top->view.interval_changed)
		hk_timer_set(top->timer, top->view.interval_ns, top->view.interval_ns);
	top->view.interval_changed = false;
	show(top);
}

static void resized(hk_signal *signal, int number, void *user)
{
	(void) signal;
	(void) number;
	top_screen_resize();
	show(user);
}

static void told_to_end(hk_signal *signal, int number, void *user)
{
	top_program *top = user;

	(void) signal;
	(void) number;
	hk_loop_stop(top->loop, 0);
}

/* ---- life ---- */

typedef struct top_handles {
	hk_watch *keys;
	hk_signal *resize;
	hk_signal *ends[3];
} top_handles;

static int start(top_program *top, top_handles *handles)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	hk_timer_opts timer = HK_TIMER_OPTS_INIT;
	int r;

	timer.after_ns = top->view.interval_ns;
	timer.interval_ns = top->view.interval_ns;
	timer.fn = is_due;
	timer.user = top;
	r = hk_timer_start(&top->timer, top->loop, &timer);
	if (r == 0)
		r = hk_watch_start(
		    &handles->keys, top->loop, STDIN_FILENO, HK_READABLE, keys_came, top);
	if (r == 0)
		r = hk_signal_start(&handles->resize, top->loop, SIGWINCH, resized, top);
	for (size_t i = 0; r == 0 && i < 3; i++)
		r = hk_signal_start(
		    &handles->ends[i], top->loop, ends[i], told_to_end, top);
	return r;
}

static void stop(top_program *top, top_handles *handles)
{
	for (size_t i = 0; i < 3; i++)
		hk_signal_free(handles->ends[i]);
	hk_signal_free(handles->resize);
	hk_watch_free(handles->keys);
	hk_timer_free(top->timer);
}

/* The first figures that are rates need two samples, so the second comes soon. */
static int first_samples(top_program *top)
{
	const struct timespec moment = { .tv_nsec = 100 * 1000 * 1000 };
	int r = top_model_sample(top->model);

	(void) nanosleep(&moment, NULL);
	return r < 0 ? r : top_model_sample(top->model);
}

static int run(top_program *top, const top_screen_opts *opts)
{
	top_handles handles = { 0 };
	int r = first_samples(top);

	if (r < 0)
		return r;
	r = top_screen_open(opts);
	if (r < 0)
		return r;
	r = start(top, &handles);
	if (r == 0) {
		top_view_refresh(&top->view);
		show(top);
		r = hk_loop_run(top->loop);
	}
	stop(top, &handles);
	top_screen_close();
	return r;
}

/* ---- the command line ---- */

static int read_arguments(
    top_view *view, top_screen_opts *screen, top_model_opts *model, char **argv)
{
	const char *sort = argv[4];
	int field;

	view->interval_ns = strtoull(argv[1], NULL, 10);
	model->engine = (hk_system_engine) strtoul(argv[2], NULL, 10);
	view->order.tree = strchr(argv[3], 't') != NULL;
	view->order.kernel = strchr(argv[3], 'K') != NULL;
	view->read_only = strchr(argv[3], 'r') != NULL;
	screen->mono = strchr(argv[3], 'm') != NULL;
	screen->ascii = strchr(argv[3], 'a') != NULL;
	field = hk_record_find(&hk_system_process_type, sort + (*sort == '-'));
	if (field < 0 || view->interval_ns == 0 ||
	    model->engine > HK_SYSTEM_ENGINE_OPENAT)
		return -EINVAL;
	view->order.field = (unsigned int) field;
	view->order.descending = *sort != '-';
	(void) snprintf(view->user, sizeof(view->user), "%s", argv[6]);
	return 0;
}

static int fail(const char *what, int error)
{
	fprintf(stderr, "hostkit top: %s: %s\n", what, hk_error_text(error));
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	top_screen_opts screen = { 0 };
	top_model_opts model = { 0 };
	top_program top = { .loop = NULL };
	int r;

	top_view_init(&top.view, NULL);
	if (argc != ARGUMENTS || read_arguments(&top.view, &screen, &model, argv) < 0) {
		fputs("usage: it is started by 'hostkit top'\n", stderr);
		return EXIT_USAGE;
	}
	r = hk_loop_new(&top.loop);
	if (r == 0)
		r = top_model_new(&top.model, &model);
	top.view.model = top.model;
	if (r == 0 && !top_view_filter(&top.view, argv[5])) {
		fprintf(stderr, "hostkit top: %s\n", top.view.message);
		r = HK_EPARSE;
	} else if (r < 0) {
		r = fail("cannot look at the machine", r);
	} else {
		r = run(&top, &screen);
		if (r < 0)
			r = fail(r == -ENOTTY ? "this terminal cannot be used; is TERM "
						"set?"
					      : "cannot go on",
			    r);
	}
	top_view_deinit(&top.view);
	top_model_free(top.model);
	hk_loop_free(top.loop);
	return r < 0 ? EXIT_USAGE : r;
}
