/*
 * The monitor against real sockets, programs and messages.  Intervals are a few
 * milliseconds; every wait is for an event, and a timer only bounds a failure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/clock.h"
#include "service/health.h"
#include "service/health_http.h"
#include "service/health_notify.h"

struct world {
	hk_loop *loop;
	hki_health *health;
	hk_service_health check;
	hk_process_opts process;
	unsigned int ready;
	unsigned int unhealthy;
	char why[256];
	char status[256];
	bool free_in_callback;
	/* the other end */
	int listener;
	hk_watch *accepting;
	const char *answer;
	unsigned int served;
};

static void on_ready(hki_health *health, void *user)
{
	struct world *world = user;

	world->ready++;
	if (world->free_in_callback) {
		hki_health_free(health);
		world->health = NULL;
	}
	hk_loop_stop(world->loop, 0);
}

static void on_unhealthy(hki_health *health, const char *why, void *user)
{
	struct world *world = user;

	world->unhealthy++;
	(void) snprintf(world->why, sizeof(world->why), "%s", why);
	if (world->free_in_callback) {
		hki_health_free(health);
		world->health = NULL;
	}
	hk_loop_stop(world->loop, 0);
}

static void on_status(hki_health *health, const char *text, void *user)
{
	struct world *world = user;

	(void) health;
	(void) snprintf(world->status, sizeof(world->status), "%s", text);
}

static int setup(void **state)
{
	struct world *world = test_calloc(1, sizeof(*world));

	world->check = (hk_service_health) HK_SERVICE_HEALTH_INIT;
	world->process = (hk_process_opts) HK_PROCESS_OPTS_INIT;
	world->check.interval_ns = 20 * HKI_NS_PER_MS;
	world->check.start_interval_ns = 2 * HKI_NS_PER_MS;
	world->check.timeout_ns = 2 * HKI_NS_PER_S;
	world->check.retries = 2;
	world->listener = -1;
	*state = world;
	return hk_loop_new(&world->loop);
}

static int teardown(void **state)
{
	struct world *world = *state;

	hki_health_free(world->health);
	hk_watch_free(world->accepting);
	hk_loop_free(world->loop);
	if (world->listener >= 0)
		(void) close(world->listener);
	test_free(world);
	return 0;
}

static void watch_over(struct world *world, int notify_fd)
{
	hki_health_opts opts = { .check = &world->check,
		.process = &world->process,
		.notify_fd = notify_fd,
		.events = { on_ready, on_unhealthy, on_status, world } };

	assert_int_equal(0, hki_health_new(&world->health, world->loop, &opts));
	assert_int_equal(0, hki_health_begin(world->health));
	assert_int_equal(0, world->ready);
}

/* What is to answer gets the time for it: a try may take as long as the interval. */
static void take_time(struct world *world)
{
	world->check.interval_ns = HKI_NS_PER_S;
	world->check.start_period_ns = 60 * HKI_NS_PER_S;
}

static void on_late(hk_timer *timer, void *user)
{
	(void) timer;
	(void) user;
	fail_msg("nothing was told for a minute");
}

static void run(struct world *world)
{
	hk_timer *late = NULL;

	assert_int_equal(0, hk_timer_after(&late, world->loop, 60000, on_late, NULL));
	assert_int_equal(0, hk_loop_run(world->loop));
	hk_timer_free(late);
}

/* ---- a server of one answer ---- */

static void on_accept(hk_watch *watch, unsigned int events, void *user)
{
	struct world *world = user;
	char request[1024];
	int fd = accept4(hk_watch_fd(watch), NULL, NULL, SOCK_CLOEXEC);

	(void) events;
	if (fd < 0)
		return;
	world->served++;
	if (world->answer != NULL) {
		(void) recv(fd, request, sizeof(request), MSG_DONTWAIT);
		(void) send(fd, world->answer, strlen(world->answer), MSG_NOSIGNAL);
	}
	(void) close(fd);
}

static uint16_t listen_here(struct world *world)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);

	world->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(world->listener >= 0);
	assert_int_equal(
	    0, bind(world->listener, (struct sockaddr *) &address, sizeof(address)));
	assert_int_equal(0, listen(world->listener, 16));
	assert_int_equal(
	    0, getsockname(world->listener, (struct sockaddr *) &address, &length));
	assert_int_equal(0, hk_watch_start(&world->accepting, world->loop,
				world->listener, HK_READABLE, on_accept, world));
	return ntohs(address.sin_port);
}

static void stop_listening(struct world *world)
{
	hk_watch_free(world->accepting);
	world->accepting = NULL;
	(void) close(world->listener);
	world->listener = -1;
}

/* ---- tests ---- */

static void without_a_check_it_is_ready_at_once(void **state)
{
	struct world *world = *state;

	world->check.kind = HK_SERVICE_HEALTH_NONE;
	watch_over(world, -1);
	run(world);
	assert_int_equal(1, world->ready);
}

static void an_accepted_connection_is_ready_and_a_refused_one_unhealthy(void **state)
{
	struct world *world = *state;
	char target[32];

	(void) snprintf(target, sizeof(target), "127.0.0.1:%u", listen_here(world));
	world->check.kind = HK_SERVICE_HEALTH_TCP;
	world->check.target = target;
	take_time(world);
	watch_over(world, -1);
	run(world);
	assert_int_equal(1, world->ready);

	stop_listening(world);
	run(world);
	assert_int_equal(1, world->ready);
	assert_int_equal(1, world->unhealthy);
	assert_non_null(strstr(world->why, "refused"));
	assert_non_null(strstr(world->why, "2 times"));
}

static void tries_go_on_until_the_program_listens(void **state)
{
	struct world *world = *state;
	char target[32];
	uint16_t port = listen_here(world);

	/* Refused at first: the deadline, not the number of tries, bounds the start. */
	stop_listening(world);
	(void) snprintf(target, sizeof(target), "localhost:%u", port);
	world->check.kind = HK_SERVICE_HEALTH_TCP;
	world->check.target = target;
	world->check.start_period_ns = 50 * HKI_NS_PER_MS;
	watch_over(world, -1);
	run(world);
	assert_int_equal(0, world->ready);
	assert_int_equal(1, world->unhealthy);
	assert_non_null(strstr(world->why, "not ready in time"));
}

static void http_looks_at_the_status(void **state)
{
	struct world *world = *state;
	char url[64];

	(void) snprintf(
	    url, sizeof(url), "http://127.0.0.1:%u/health?x=1", listen_here(world));
	world->check.kind = HK_SERVICE_HEALTH_HTTP;
	world->check.target = url;
	world->answer = "HTTP/1.1 204 No Content\r\n\r\n";
	take_time(world);
	watch_over(world, -1);
	run(world);
	assert_int_equal(1, world->ready);

	world->answer = "HTTP/1.1 503 Service Unavailable\r\n\r\n";
	run(world);
	assert_int_equal(1, world->unhealthy);
	assert_non_null(strstr(world->why, "503"));
}

static void a_server_that_says_nothing_runs_into_the_time_limit(void **state)
{
	struct world *world = *state;
	char url[64];
	uint16_t port = listen_here(world);

	/* It accepts by its backlog and never answers. */
	hk_watch_free(world->accepting);
	world->accepting = NULL;
	(void) snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
	world->check.kind = HK_SERVICE_HEALTH_HTTP;
	world->check.target = url;
	world->check.timeout_ns = 5 * HKI_NS_PER_MS;
	world->check.interval_ns = 30 * HKI_NS_PER_MS;
	watch_over(world, -1);
	run(world);
	assert_int_equal(1, world->unhealthy);
	assert_non_null(strstr(world->why, "no answer in time"));
}

static void a_command_tells_by_its_exit_code(void **state)
{
	const char *const good[] = { "true", NULL };
	const char *const bad[] = { "sh", "-c", "echo database is down >&2; exit 3",
		NULL };
	struct world *world = *state;

	world->check.kind = HK_SERVICE_HEALTH_COMMAND;
	world->check.command = good;
	take_time(world);
	watch_over(world, -1);
	run(world);
	assert_int_equal(1, world->ready);
	world->check.command = bad;
	run(world);
	assert_int_equal(1, world->unhealthy);
	assert_non_null(strstr(world->why, "exit code 3: database is down"));
}

static void say(const char *name, const char *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(address.sun_path + 1, name + 1, strlen(name + 1));
	assert_int_equal(strlen(text),
	    sendto(fd, text, strlen(text), 0, (struct sockaddr *) &address,
		(socklen_t) (offsetof(struct sockaddr_un, sun_path) + strlen(name))));
	(void) close(fd);
}

static void sd_notify_makes_it_ready_and_its_watchdog_counts(void **state)
{
	struct world *world = *state;
	char name[HKI_NOTIFY_NAME_MAX];
	int fd = hki_notify_open(name);

	assert_true(fd >= 0);
	assert_int_equal('@', name[0]);
	world->check.kind = HK_SERVICE_HEALTH_NOTIFY;
	world->check.watchdog_ns = 30 * HKI_NS_PER_MS;
	world->check.start_period_ns = 5 * HKI_NS_PER_S;
	watch_over(world, fd);
	say(name, "STATUS=loading\nREADY=1\n");
	run(world);
	assert_int_equal(1, world->ready);
	assert_string_equal("loading", world->status);
	run(world);
	assert_int_equal(1, world->unhealthy);
	assert_non_null(strstr(world->why, "watchdog"));
	hki_health_free(world->health);
	world->health = NULL;
	(void) close(fd);
}

static bool nobody(pid_t pid, void *user)
{
	*(pid_t *) user = pid;
	return false;
}

static void a_stranger_cannot_make_it_ready(void **state)
{
	struct world *world = *state;
	char name[HKI_NOTIFY_NAME_MAX];
	int fd = hki_notify_open(name);
	pid_t asked = 0;

	world->check.kind = HK_SERVICE_HEALTH_NOTIFY;
	watch_over(world, fd);
	hki_health_set_belongs(world->health, nobody, &asked);
	say(name, "READY=1");
	run(world);
	assert_int_equal(getpid(), asked);
	assert_int_equal(0, world->ready);
	assert_int_equal(1, world->unhealthy);
	hki_health_free(world->health);
	world->health = NULL;
	(void) close(fd);
}

static void the_monitor_may_be_freed_inside_its_callbacks(void **state)
{
	const char *const good[] = { "true", NULL };
	struct world *world = *state;
	char target[32];

	world->free_in_callback = true;
	world->check.kind = HK_SERVICE_HEALTH_COMMAND;
	world->check.command = good;
	watch_over(world, -1);
	run(world);
	assert_int_equal(1, world->ready);

	(void) snprintf(target, sizeof(target), "127.0.0.1:%u", listen_here(world));
	stop_listening(world);
	world->ready = 0;
	world->check.kind = HK_SERVICE_HEALTH_TCP;
	world->check.target = target;
	watch_over(world, -1);
	run(world);
	assert_int_equal(1, world->unhealthy);
}

static void endpoints_and_urls_are_read_strictly(void **state)
{
	static const char *const bad_endpoints[] = { "", ":80", "host:", "host:0",
		"host:65536", "[::1", "[::1]80", "host:8x", "host" };
	static const char *const bad_urls[] = { "https://host/", "http:///", "http://",
		"http://host:port/", "http://ho st/", "http://host/\r\nX: y" };
	hki_endpoint endpoint;
	hki_http_url url;

	(void) state;
	assert_int_equal(0, hki_endpoint_parse(&endpoint, "[::1]:443", 9, 0));
	assert_string_equal("::1", endpoint.host);
	assert_int_equal(443, endpoint.port);
	for (size_t i = 0; i < sizeof(bad_endpoints) / sizeof(bad_endpoints[0]); i++)
		assert_int_equal(
		    HK_EPARSE, hki_endpoint_parse(&endpoint, bad_endpoints[i],
				   strlen(bad_endpoints[i]), 0));
	assert_int_equal(0, hki_http_url_parse(&url, "http://example:81"));
	assert_string_equal("/", url.path);
	assert_int_equal(81, url.endpoint.port);
	assert_int_equal(0, hki_http_url_parse(&url, "http://example/a/b"));
	assert_int_equal(80, url.endpoint.port);
	assert_string_equal("/a/b", url.path);
	for (size_t i = 0; i < sizeof(bad_urls) / sizeof(bad_urls[0]); i++)
		assert_int_equal(HK_EPARSE, hki_http_url_parse(&url, bad_urls[i]));
}

static void status_lines_are_read_at_any_cut(void **state)
{
	static const char line[] = "HTTP/1.0 301 Moved\r\n";

	(void) state;
	for (size_t cut = 0; cut < 13; cut++)
		assert_int_equal(0, hki_http_status(line, cut));
	for (size_t cut = 13; cut < sizeof(line); cut++)
		assert_int_equal(301, hki_http_status(line, cut));
	assert_int_equal(HK_EPARSE, hki_http_status("SSH-2.0-x", 9));
	assert_int_equal(HK_EPARSE, hki_http_status("HTTP/1.1 999 no\r\n", 17));
	assert_int_equal(HK_EPARSE, hki_http_status("HTTP/1.1 2\n", 11));
}

static void notifications_are_read_line_by_line(void **state)
{
	hki_notification said;
	static const char text[] = "MAINPID=7\nSTATUS=42% done\nWATCHDOG=1\nREADY=1";

	(void) state;
	hki_notification_parse(&said, text, strlen(text));
	assert_true(said.ready && said.watchdog && !said.trigger && !said.stopping);
	assert_int_equal(8, said.status_length);
	assert_memory_equal("42% done", said.status, 8);
	hki_notification_parse(&said, "READY=10\nXREADY=1\n", 18);
	assert_false(said.ready);
}

static void a_malformed_check_is_refused_with_its_reason(void **state)
{
	struct world *world = *state;
	hk_error_list *errors = NULL;

	assert_int_equal(0, hk_error_list_new(&errors));
	world->check.kind = HK_SERVICE_HEALTH_LOG;
	world->check.target = "(unclosed";
	assert_int_equal(HK_EPARSE, hki_health_validate(&world->check, errors));
	world->check.kind = HK_SERVICE_HEALTH_TCP;
	world->check.target = "nowhere";
	assert_int_equal(-EINVAL, hki_health_validate(&world->check, errors));
	world->check.kind = HK_SERVICE_HEALTH_COMMAND;
	assert_int_equal(-EINVAL, hki_health_validate(&world->check, errors));
	assert_int_equal(3, hk_error_list_count(errors));
	assert_non_null(strstr(hk_error_list_get(errors, 0)->text, "(unclosed"));
	hk_error_list_free(errors);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(without_a_check_it_is_ready_at_once),
		IN_WORLD(an_accepted_connection_is_ready_and_a_refused_one_unhealthy),
		IN_WORLD(tries_go_on_until_the_program_listens),
		IN_WORLD(http_looks_at_the_status),
		IN_WORLD(a_server_that_says_nothing_runs_into_the_time_limit),
		IN_WORLD(a_command_tells_by_its_exit_code),
		IN_WORLD(sd_notify_makes_it_ready_and_its_watchdog_counts),
		IN_WORLD(a_stranger_cannot_make_it_ready),
		IN_WORLD(the_monitor_may_be_freed_inside_its_callbacks),
		cmocka_unit_test(endpoints_and_urls_are_read_strictly),
		cmocka_unit_test(status_lines_are_read_at_any_cut),
		cmocka_unit_test(notifications_are_read_line_by_line),
		IN_WORLD(a_malformed_check_is_refused_with_its_reason),
	};

	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
