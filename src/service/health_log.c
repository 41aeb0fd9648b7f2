#include "service/health_internal.h"

#include "base/array.h"
#include "base/cleanup.h"

/* A line of output that says "ready", on stdout or stderr.  It says nothing about later. */

static void matched(hk_log_watch *watch, const char *line, size_t length, void *user)
{
	hki_health *health = user;

	(void) watch;
	(void) line;
	(void) length;
	hk_timer_stop(health->timer);
	hki_health_result(health, true, "");
}

static void end(hki_health *health)
{
	for (size_t i = 0; i < HKI_COUNT(health->lines); i++)
		hk_log_watch_free(hki_take(health->lines[i]));
}

static int begin(hki_health *health)
{
	for (size_t i = 0; i < HKI_COUNT(health->lines); i++) {
		int r;

		if (health->opts.streams[i] == NULL)
			continue;
		r = hk_log_watch_line(&health->lines[i], health->opts.streams[i],
		    health->opts.rules->target, matched, health, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

const hki_health_kind hki_health_log = { begin, end, true };
