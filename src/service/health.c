#include "service/health_internal.h"

#include <errno.h>
#include <stdio.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "base/quantity.h"

/*
 * The rhythm of health checks: try, wait for the result or the timeout, pause,
 * try again.  What a result means is judge.c's business, how a try is made that
 * of health_<kind>.c.  One timer serves the pause and the timeout, because a
 * check is either under way or not.
 *
 * Two kinds do not try: the program says itself that it is ready, by a line of
 * output or a message.  For those the timer is the end of our patience.
 */

void hki_health_tell(hki_health *health, hki_health_news news, const char *text)
{
	health->opts.fn(news, text, health->opts.user);
}

static void arm(hki_health *health, uint64_t after_ns)
{
	hk_timer_set(health->timer, after_ns, 0);
}

void hki_health_result(hki_health *health, bool success, const char *why)
{
	uint64_t now = hki_clock_monotonic_ns();
	hki_judgement judgement = hki_judge_result(&health->judge, success, now);

	health->trying = false;
	if (!health->kind->passive) {
		health->kind->end(health);
		arm(health, hki_judge_pause_ns(&health->judge));
	}
	/* The last thing: whoever is told may free us. */
	if (judgement == HKI_JUDGE_READY)
		hki_health_tell(health, HKI_HEALTH_READY, "");
	else if (judgement == HKI_JUDGE_UNHEALTHY)
		hki_health_tell(health, HKI_HEALTH_UNHEALTHY, why);
}

void hki_health_failed(hki_health *health, const char *step, int error)
{
	char why[160];

	(void) snprintf(why, sizeof(why), "%s: %s", step, hk_error_text(error));
	hki_health_result(health, false, why);
}

static void try_now(hki_health *health)
{
	int r;

	health->trying = true;
	arm(health, health->opts.rules->timeout_ns);
	r = health->kind->begin(health);
	if (r < 0)
		hki_health_failed(health, "check", r);
}

static void timed_out(hki_health *health)
{
	char limit[HKI_QUANTITY_TEXT_MAX];
	char why[160];

	(void) hki_duration_format(limit, sizeof(limit), health->opts.rules->timeout_ns);
	(void) snprintf(why, sizeof(why), "no answer within %s", limit);
	hki_health_result(health, false, why);
}

static void out_of_patience(hki_health *health)
{
	if (!health->judge.ready)
		hki_health_result(health, false, "it did not become ready in time");
	else
		hki_health_tell(
		    health, HKI_HEALTH_UNHEALTHY, "its watchdog message did not come");
}

static void on_timer(hk_timer *timer, void *user)
{
	hki_health *health = user;

	(void) timer;
	if (health->kind->passive)
		out_of_patience(health);
	else if (health->trying)
		timed_out(health);
	else
		try_now(health);
}

static const hki_health_kind *kind_of(hk_service_health_kind kind)
{
	switch (kind) {
	case HK_SERVICE_HEALTH_TCP:
		return &hki_health_tcp;
	case HK_SERVICE_HEALTH_HTTP:
		return &hki_health_http;
	case HK_SERVICE_HEALTH_COMMAND:
		return &hki_health_command;
	case HK_SERVICE_HEALTH_LOG:
		return &hki_health_log;
	case HK_SERVICE_HEALTH_NOTIFY:
		return &hki_health_notify;
	case HK_SERVICE_HEALTH_NONE:
		break;
	}
	return NULL;
}

static int start_timer(hki_health *health)
{
	const hk_service_health *rules = health->opts.rules;
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;

	opts.fn = on_timer;
	opts.user = health;
	opts.background = 1; /* the process keeps the loop going */
	if (health->kind->passive)
		opts.after_ns =
		    rules->start_period_ns + rules->retries * rules->interval_ns;
	return hk_timer_start(&health->timer, health->opts.loop, &opts);
}

int hki_health_start(hki_health **out, const hki_health_opts *opts)
{
	hki_health *health = hki_zalloc(sizeof(*health));
	int r;

	if (health == NULL)
		return -ENOMEM;
	health->opts = *opts;
	health->net.fd = -1;
	health->kind = kind_of(opts->rules->kind);
	hki_judge_begin(&health->judge, opts->rules, hki_clock_monotonic_ns());
	r = start_timer(health);
	if (r == 0 && health->kind->passive)
		r = health->kind->begin(health);
	if (r < 0) {
		hki_health_free(health);
		return r;
	}
	*out = health;
	return 0;
}

void hki_health_free(hki_health *health)
{
	if (health == NULL)
		return;
	health->kind->end(health);
	hk_timer_free(health->timer);
	hki_free(health);
}
