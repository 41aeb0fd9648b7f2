#include "service/health_internal.h"

/* The program speaks for itself: READY=1, STATUS=…, and WATCHDOG=1 while it lives. */

static void feed_watchdog(hki_health *health)
{
	uint64_t limit_ns = health->opts.rules->watchdog_ns;

	if (limit_ns > 0)
		hk_timer_set(health->timer, limit_ns, 0);
	else
		hk_timer_stop(health->timer);
}

static void heard(hki_notify_news news, const char *text, void *user)
{
	hki_health *health = user;

	switch (news) {
	case HKI_NOTIFY_READY:
		feed_watchdog(health);
		hki_health_result(health, true, "");
		break;
	case HKI_NOTIFY_WATCHDOG:
		if (health->judge.ready)
			feed_watchdog(health);
		break;
	case HKI_NOTIFY_WATCHDOG_TRIGGER:
		hki_health_tell(health, HKI_HEALTH_UNHEALTHY, "it says so itself");
		break;
	case HKI_NOTIFY_STATUS:
		hki_health_tell(health, HKI_HEALTH_STATUS, text);
		break;
	case HKI_NOTIFY_STOPPING:
		hk_timer_stop(health->timer); /* it is ending; nothing is due any more */
		break;
	}
}

static int begin(hki_health *health)
{
	return hki_notify_listen(
	    health->opts.notify, health->opts.instance, heard, health);
}

static void end(hki_health *health)
{
	hki_notify_stop(health->opts.notify);
}

const hki_health_kind hki_health_notify = { begin, end, true };
