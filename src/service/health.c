/*
 * The monitor: when to try, and what the tries add up to.
 *
 * Until the first success it tries often (start_interval), for a program that
 * has just come up should not wait half a minute to be believed; a deadline of
 * start_period and `retries` intervals bounds that.  Afterwards it tries every
 * interval, and `retries` failures in a row are too many.  Once it has called
 * the program unhealthy it rests: the program will be ended, and the next one
 * gets a monitor of its own.
 */
#include "service/health.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error_list.h"
#include "service/health_http.h"
#include "service/health_notify.h"

#define DEFAULT_INTERVAL_NS       (30 * HKI_NS_PER_S)
#define DEFAULT_TIMEOUT_NS        (30 * HKI_NS_PER_S)
#define DEFAULT_START_INTERVAL_NS (1 * HKI_NS_PER_S)
#define DEFAULT_RETRIES           3

/* A status is for one line of a table; a message longer than this is nobody's. */
#define NOTIFY_MESSAGE_MAX 4096
#define STATUS_MAX         256
#define WHY_MAX            256

struct hki_health {
	hk_loop *loop;
	hki_health_opts opts;
	uint64_t interval_ns;
	uint64_t start_interval_ns;
	uint64_t timeout_ns;
	unsigned int retries;
	unsigned int failures; /* in a row, since it was ready */
	bool begun;
	bool seen; /* the line that makes it ready, maybe before it was begun */
	bool ready;
	bool resting;       /* told unhealthy */
	char why[WHY_MAX];  /* of the last failure */
	hki_probe *probe;   /* the try under way */
	hk_timer *next;     /* the next try */
	hk_timer *deadline; /* of the first success; later of the watchdog */
	hk_watch *notify;
	hk_log_watch *lines[2]; /* of output and errors */
	hki_notify_belongs_fn belongs;
	void *belongs_user;
};

static void tell_ready(hki_health *health)
{
	const hk_service_health *check = health->opts.check;

	if (health->ready || health->resting)
		return;
	health->ready = true;
	health->failures = 0;
	if (check != NULL && check->watchdog_ns > 0 &&
	    check->kind == HK_SERVICE_HEALTH_NOTIFY)
		hk_timer_set(health->deadline, check->watchdog_ns, 0);
	else
		hk_timer_stop(health->deadline);
	health->opts.events.ready(health, health->opts.events.user);
}

/* The callback may free the monitor: nothing of it is touched afterwards. */
static void tell_unhealthy(hki_health *health, const char *why)
{
	char kept[WHY_MAX + 32]; /* with what is said around a reason */

	if (health->resting)
		return;
	health->resting = true;
	hk_timer_stop(health->next);
	hk_timer_stop(health->deadline);
	(void) snprintf(kept, sizeof(kept), "%s", why);
	health->opts.events.unhealthy(health, kept, health->opts.events.user);
}

/* ---- tries ---- */

static void after_failure(hki_health *health)
{
	char why[WHY_MAX + 32];

	if (!health->ready) /* the deadline decides */
		return;
	health->failures++;
	if (health->failures < health->retries)
		return;
	(void) snprintf(why, sizeof(why), "%s (%u time%s in a row)", health->why,
	    health->failures, health->failures == 1 ? "" : "s");
	tell_unhealthy(health, why);
}

static void on_tried(int result, const char *why, void *user)
{
	hki_health *health = user;

	if (result < 0)
		(void) snprintf(health->why, sizeof(health->why), "%s", why);
	health->probe->free(health->probe);
	health->probe = NULL;
	hk_timer_set(health->next,
	    health->ready || result == 0 ? health->interval_ns
					 : health->start_interval_ns,
	    0);
	if (result < 0) {
		after_failure(health);
		return;
	}
	health->failures = 0;
	tell_ready(health);
}

static int try_now(hki_health *health)
{
	const hk_service_health *check = health->opts.check;

	switch (check->kind) {
	case HK_SERVICE_HEALTH_HTTP:
		return hki_probe_http(&health->probe, health->loop, check->target,
		    health->timeout_ns, on_tried, health);
	case HK_SERVICE_HEALTH_TCP:
		return hki_probe_tcp(&health->probe, health->loop, check->target,
		    health->timeout_ns, on_tried, health);
	default:
		return hki_probe_command(&health->probe, health->loop, check->command,
		    health->opts.process, health->timeout_ns, on_tried, health);
	}
}

static void on_next(hk_timer *timer, void *user)
{
	hki_health *health = user;
	int r;

	(void) timer;
	if (health->opts.check == NULL || health->seen) {
		tell_ready(health);
		return;
	}
	r = try_now(health);
	if (r >= 0)
		return;
	/* A try that cannot even begin has failed, and the next one comes as usual. */
	(void) snprintf(health->why, sizeof(health->why), "the check cannot be made: %s",
	    hk_error_text(r));
	hk_timer_set(health->next,
	    health->ready ? health->interval_ns : health->start_interval_ns, 0);
	after_failure(health);
}

static void on_deadline(hk_timer *timer, void *user)
{
	hki_health *health = user;
	char why[WHY_MAX + 32];

	(void) timer;
	if (health->ready)
		tell_unhealthy(health, "no sign of life within the watchdog's time");
	else if (health->why[0] != '\0') {
		(void) snprintf(why, sizeof(why), "not ready in time: %s", health->why);
		tell_unhealthy(health, why);
	} else {
		tell_unhealthy(health, "not ready in time");
	}
}

/* ---- what tells by itself ---- */

static void on_line(hk_log_watch *watch, const char *line, size_t length, void *user)
{
	hki_health *health = user;

	(void) watch;
	(void) line;
	(void) length;
	health->seen = true;
	if (health->begun)
		tell_ready(health);
}

/* The process that sent the message, as the kernel says. */
static pid_t sender(struct msghdr *message)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
	     part = CMSG_NXTHDR(message, part)) {
		struct ucred who;

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&who, CMSG_DATA(part), sizeof(who));
		return who.pid;
	}
	return 0;
}

/* Returns the length of the next message that counts, 0 for one that does not, or
 * a negative errno when there is none. */
static ssize_t receive(hki_health *health, char *text, size_t capacity)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec part = { text, capacity };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t length = recvmsg(health->opts.notify_fd, &message, MSG_CMSG_CLOEXEC);

	if (length < 0)
		return -errno;
	if ((message.msg_flags & MSG_TRUNC) != 0)
		return 0;
	if (health->belongs != NULL &&
	    !health->belongs(sender(&message), health->belongs_user))
		return 0;
	return length;
}

static void tell_status(hki_health *health, const hki_notification *notification)
{
	char text[STATUS_MAX];

	if (notification->status == NULL || health->opts.events.status == NULL)
		return;
	(void) snprintf(text, sizeof(text), "%.*s",
	    (int) (notification->status_length < sizeof(text)
		       ? notification->status_length
		       : sizeof(text) - 1),
	    notification->status);
	health->opts.events.status(health, text, health->opts.events.user);
}

/* One message a call: the watch is level triggered, and a callback may free us. */
static void on_notify(hk_watch *watch, unsigned int events, void *user)
{
	hki_health *health = user;
	char text[NOTIFY_MESSAGE_MAX];
	hki_notification notification;
	ssize_t length = receive(health, text, sizeof(text));

	(void) watch;
	(void) events;
	if (length <= 0)
		return;
	hki_notification_parse(&notification, text, (size_t) length);
	tell_status(health, &notification);
	if (notification.watchdog && health->ready && !health->resting &&
	    health->opts.check->watchdog_ns > 0)
		hk_timer_set(health->deadline, health->opts.check->watchdog_ns, 0);
	if (notification.trigger)
		tell_unhealthy(health, "it says itself that it is stuck");
	else if (notification.ready)
		tell_ready(health);
}

/* ---- beginning and end ---- */

static void set_times(hki_health *health)
{
	const hk_service_health *check = health->opts.check;

	if (check == NULL)
		return;
	health->interval_ns =
	    check->interval_ns > 0 ? check->interval_ns : DEFAULT_INTERVAL_NS;
	health->timeout_ns =
	    check->timeout_ns > 0 ? check->timeout_ns : DEFAULT_TIMEOUT_NS;
	if (health->timeout_ns > health->interval_ns)
		health->timeout_ns = health->interval_ns;
	health->retries = check->retries > 0 ? check->retries : DEFAULT_RETRIES;
	health->start_interval_ns = check->start_interval_ns > 0
					? check->start_interval_ns
					: DEFAULT_START_INTERVAL_NS;
	if (health->start_interval_ns > health->interval_ns)
		health->start_interval_ns = health->interval_ns;
}

static int start_timer(
    hk_timer **out, hki_health *health, uint64_t after_ns, hk_timer_fn fn)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;

	opts.after_ns = after_ns;
	opts.fn = fn;
	opts.user = health;
	return hk_timer_start(out, health->loop, &opts);
}

static int wait_for_line(hki_health *health)
{
	hk_log_stream *const streams[] = { health->opts.output, health->opts.errors };
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++)
		if (streams[i] != NULL)
			r = hk_log_watch_line(&health->lines[i], streams[i],
			    health->opts.check->target, on_line, health, NULL);
	return r;
}

int hki_health_begin(hki_health *health)
{
	const hk_service_health *check = health->opts.check;
	int r;

	health->begun = true;
	if (check == NULL || health->seen)
		return start_timer(&health->next, health, 0, on_next);
	r = start_timer(&health->deadline, health,
	    check->start_period_ns + health->retries * health->interval_ns, on_deadline);
	if (r < 0)
		return r;
	if (check->kind == HK_SERVICE_HEALTH_LOG)
		return 0;
	if (check->kind == HK_SERVICE_HEALTH_NOTIFY)
		return hk_watch_start(&health->notify, health->loop,
		    health->opts.notify_fd, HK_READABLE, on_notify, health);
	return start_timer(&health->next, health, 0, on_next);
}

static void health_freep(hki_health **health)
{
	hki_health_free(*health);
}

int hki_health_new(hki_health **out, hk_loop *loop, const hki_health_opts *opts)
{
	hki_cleanup(health_freep) hki_health *health = hki_zalloc(sizeof(*health));
	int r = 0;

	if (health == NULL)
		return -ENOMEM;
	health->loop = loop;
	health->opts = *opts;
	if (health->opts.check != NULL &&
	    health->opts.check->kind == HK_SERVICE_HEALTH_NONE)
		health->opts.check = NULL;
	set_times(health);
	if (health->opts.check != NULL &&
	    health->opts.check->kind == HK_SERVICE_HEALTH_LOG)
		r = wait_for_line(health);
	if (r < 0)
		return r;
	*out = hki_take(health);
	return 0;
}

void hki_health_set_belongs(hki_health *health, hki_notify_belongs_fn belongs, void *user)
{
	health->belongs = belongs;
	health->belongs_user = user;
}

void hki_health_free(hki_health *health)
{
	if (health == NULL)
		return;
	if (health->probe != NULL)
		health->probe->free(health->probe);
	hk_timer_free(health->next);
	hk_timer_free(health->deadline);
	hk_watch_free(health->notify);
	hk_log_watch_free(health->lines[0]);
	hk_log_watch_free(health->lines[1]);
	hki_free(health);
}

/* ---- is it well formed? ---- */

static int validate_pattern(const char *pattern, hk_error_list *errors)
{
	char reason[128];
	regex_t compiled;
	int code = regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB);

	if (code == 0) {
		regfree(&compiled);
		return 0;
	}
	(void) regerror(code, &compiled, reason, sizeof(reason));
	return hki_error_report_step(errors, HK_EPARSE, "health",
	    "'%s' is no regular expression: %s", pattern, reason);
}

int hki_health_validate(const hk_service_health *check, hk_error_list *errors)
{
	hki_endpoint endpoint;
	hki_http_url url;

	switch (check->kind) {
	case HK_SERVICE_HEALTH_NONE:
	case HK_SERVICE_HEALTH_NOTIFY:
		return 0;
	case HK_SERVICE_HEALTH_COMMAND:
		if (check->command != NULL && check->command[0] != NULL)
			return 0;
		return hki_error_report_step(
		    errors, -EINVAL, "health", "the check has no command");
	case HK_SERVICE_HEALTH_LOG:
		if (check->target != NULL)
			return validate_pattern(check->target, errors);
		break;
	case HK_SERVICE_HEALTH_HTTP:
		if (check->target != NULL && hki_http_url_parse(&url, check->target) == 0)
			return 0;
		break;
	case HK_SERVICE_HEALTH_TCP:
		if (check->target != NULL && hki_endpoint_parse(&endpoint, check->target,
						 strlen(check->target), 0) == 0)
			return 0;
		break;
	}
	return hki_error_report_step(errors, -EINVAL, "health",
	    "'%s' is no target of this kind of check",
	    check->target == NULL ? "" : check->target);
}
