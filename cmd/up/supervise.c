/*
 * The life of one `hostkit up`, from top to bottom: claim the project, end what
 * a killed predecessor left, start, turn the loop until everything has ended,
 * and give everything back.
 */
#include "up.h"

#include <errno.h>
#include <unistd.h>
#include <hostkit/process.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "exit.h"
#include "output/fail.h"

/* What leftovers of a killed supervisor get before they are killed. */
#define LEFTOVER_GRACE_NS (2 * HKI_NS_PER_S)

struct up {
	const up_request *request;
	hk_error_list *errors;
	hk_loop *loop;
	hk_reaper *reaper;
	up_signals *signals;
	hk_service_project *project;
	hk_log *log;
	up_show *show;
	hk_process_spawner *spawner;
	hk_service_set *set;
	hk_service_summary summary;
};

static void up_deinit(struct up *up)
{
	up_signals_free(up->signals);
	hk_service_set_free(hki_take(up->set));
	hk_process_spawner_free(up->spawner);
	if (up->reaper != NULL)
		(void) hk_reaper_kill_orphans(up->reaper);
	up_show_free(up->show);
	hk_log_free(up->log);
	hk_service_project_free(up->project);
	hk_reaper_free(up->reaper);
	hk_loop_free(up->loop);
	hk_error_list_free(up->errors);
}

static void on_event(hk_service_set *set, const hk_service_event *event, void *user)
{
	struct up *up = user;

	(void) set;
	up_show_event(up->show, event);
}

static void on_end(hk_service_set *set, const hk_service_summary *summary, void *user)
{
	struct up *up = user;

	(void) set;
	up->summary = *summary;
	hk_loop_stop(up->loop, 0);
}

/* The log is older than the set, which numbers everything that happens. */
static void on_log(hk_log *log, const hk_log_event *event, void *user)
{
	struct up *up = user;

	(void) log;
	if (up->set != NULL)
		hk_service_set_tell_log(up->set, event);
}

/* Everything that must stand before the first program starts. */
static int prepare(struct up *up)
{
	hk_log_opts log = HK_LOG_OPTS_INIT;
	int r;

	log.on_event = on_log;
	log.user = up;
	if ((r = hk_error_list_new(&up->errors)) < 0 ||
	    (r = hk_loop_new(&up->loop)) < 0 ||
	    (r = hk_reaper_new(&up->reaper, up->loop)) < 0 ||
	    (r = up_signals_new(&up->signals, up->loop)) < 0)
		return r;
	r = hk_service_project_open(
	    &up->project, up->request->project, up->request->state_directory, up->errors);
	if (r < 0)
		return r;
	if ((r = hk_log_new(&up->log, up->loop, &log)) < 0 ||
	    (r = up_show_new(&up->show, up->log, up->request)) < 0)
		return r;
	return hk_process_spawner_new(&up->spawner, up->loop);
}

static int end_leftovers(struct up *up)
{
	int count = hk_service_project_end_leftovers(up->project, LEFTOVER_GRACE_NS);

	if (count > 0)
		up_show_note(up->show,
		    "ended %d process%s that a killed 'hostkit up' of this project had "
		    "left",
		    count, count == 1 ? "" : "es");
	return count < 0 ? count : 0;
}

static int fill(struct up *up)
{
	const hki_config *config = up->request->config;
	hk_service_set_opts opts = HK_SERVICE_SET_OPTS_INIT;
	int r;

	opts.on_event = on_event;
	opts.on_end = on_end;
	opts.user = up;
	opts.log = up->log;
	opts.terminal = up_show_programs(up->show);
	opts.spawner = up->spawner;
	opts.project = up->project;
	r = hk_service_set_new(&up->set, up->loop, &opts);
	for (size_t i = 0; r >= 0 && i < config->service_count; i++)
		r = up_add_service(up->set, config, i, up->errors);
	return r;
}

static int fail(const struct up *up, int error)
{
	const cmd_output *output = up->request->output;
	int code = cmd_exit_from_error(error);

	if (code == CMD_EXIT_ABSENT) /* of a file or directory; 4 is about services */
		code = CMD_EXIT_FAILED;

	if (hk_error_list_count(up->errors) > 0)
		return cmd_fail_list(output, code, error, up->errors);
	return cmd_fail(output, code, error,
	    access("/proc/self", F_OK) < 0 ? "is /proc mounted?" : NULL,
	    "cannot supervise the services of '%s'", up->request->config->path);
}

int up_supervise(const up_request *request)
{
	hki_cleanup(up_deinit) struct up up = { .request = request };
	int r;

	if ((r = prepare(&up)) < 0 || (r = end_leftovers(&up)) < 0 || (r = fill(&up)) < 0)
		return fail(&up, r);
	up_signals_connect(up.signals, up.set, up.show);
	r = hk_service_set_start(up.set, request->names, up.errors);
	if (r < 0)
		return fail(&up, r);
	while (!hk_service_set_ended(up.set)) {
		r = hk_loop_run(up.loop);
		if (r < 0)
			return fail(&up, r);
	}
	hk_service_set_summary(up.set, &up.summary);
	up_signals_connect(up.signals, NULL, up.show);
	return up.summary.failed > 0 ? CMD_EXIT_PARTLY : CMD_EXIT_OK;
}
