/*
 * The life of a monitor: a timer, and after each look a callback.  A look that
 * fails is counted and leaves no sample: an interval later the machine may have
 * memory again, and a hole in a history says more than an end of it.
 */
#include "system/monitor.h"

#include <errno.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/opts.h"

#define INTERVAL_DEFAULT_NS (5 * HKI_NS_PER_S)

static void release(hk_system_monitor *monitor)
{
	hki_monitor_close(monitor);
	hki_free(monitor);
}

/* Call back; the monitor may be freed inside.  False if it was. */
static bool call(hk_system_monitor *monitor, hk_system_monitor_fn fn)
{
	if (fn == NULL)
		return true;
	monitor->inside = true;
	fn(monitor, monitor->user);
	monitor->inside = false;
	return !monitor->freed;
}

static void tick(hk_timer *timer, void *user)
{
	hk_system_monitor *monitor = user;
	uint64_t now_ns = hki_clock_monotonic_ns();
	int r = hki_monitor_look(monitor, now_ns);

	(void) timer;
	if (r == 0)
		r = hki_monitor_keep(monitor, now_ns);
	if (r < 0)
		monitor->missed++;
	if (monitor->ended)
		hk_timer_stop(monitor->timer);
	if ((r == 0 && !call(monitor, monitor->on_sample)) ||
	    (monitor->ended && !call(monitor, monitor->on_end)))
		release(monitor);
}

static int start_timer(
    hk_system_monitor *monitor, hk_loop *loop, const hk_system_monitor_opts *opts)
{
	hk_timer_opts timer = HK_TIMER_OPTS_INIT;

	timer.interval_ns =
	    opts->interval_ns > 0 ? opts->interval_ns : INTERVAL_DEFAULT_NS;
	timer.after_ns = timer.interval_ns;
	timer.fn = tick;
	timer.user = monitor;
	timer.background = opts->background;
	return hk_timer_start(&monitor->timer, loop, &timer);
}

/* The look that the first interval begins with; it is no sample. */
static int look_first(hk_system_monitor *monitor)
{
	int r = hki_monitor_look(monitor, hki_clock_monotonic_ns());

	return r == 0 && monitor->ended ? -ESRCH : r;
}

static void monitor_freep(hk_system_monitor **monitor)
{
	hk_system_monitor_free(*monitor);
}

int hk_system_monitor_start(
    hk_system_monitor **out, hk_loop *loop, const hk_system_monitor_opts *opts)
{
	hki_cleanup(monitor_freep) hk_system_monitor *monitor = NULL;
	hk_system_monitor_opts own;
	int r = hki_opts_copy(&own, sizeof(own), opts, opts->size, sizeof(own.size));

	if (r < 0)
		return r;
	monitor = hki_zalloc(sizeof(*monitor));
	if (monitor == NULL)
		return -ENOMEM;
	monitor->source = own.source;
	monitor->pid = own.pid;
	monitor->start_ticks = own.start_ticks;
	monitor->inode = own.inode;
	monitor->on_sample = own.on_sample;
	monitor->on_end = own.on_end;
	monitor->user = own.user;
	if ((r = hki_monitor_open(monitor, &own)) < 0 ||
	    (r = start_timer(monitor, loop, &own)) < 0 || (r = look_first(monitor)) < 0)
		return r;
	*out = hki_take(monitor);
	return 0;
}

void hk_system_monitor_stop(hk_system_monitor *monitor)
{
	if (monitor != NULL)
		hk_timer_stop(monitor->timer);
}

void hk_system_monitor_free(hk_system_monitor *monitor)
{
	if (monitor == NULL || monitor->freed)
		return;
	hk_timer_free(hki_take(monitor->timer));
	if (monitor->inside)
		monitor->freed = true;
	else
		release(monitor);
}

const hk_system_history *hk_system_monitor_history(
    const hk_system_monitor *monitor, uint32_t section)
{
	for (size_t i = 0; i < monitor->series_count; i++)
		if (monitor->series[i].section == section)
			return monitor->series[i].history;
	return NULL;
}

const void *hk_system_monitor_latest(const hk_system_monitor *monitor, uint32_t section)
{
	return hki_monitor_record(monitor, section);
}

uint64_t hk_system_monitor_missed(const hk_system_monitor *monitor)
{
	return monitor->missed;
}
