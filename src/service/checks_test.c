#include "service/fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

/*
 * Readiness and liveness of real services; the server that checks ask is this
 * test itself, on the same loop.
 */

static void assert_says(const struct seen *seen, const char *words)
{
	if (strstr(seen->text, words) == NULL)
		fail_msg("'%s' does not say '%s'", seen->text, words);
}

/* ---- a server on the loop ---- */

struct server {
	struct fixture *f;
	int fd;
	unsigned int port;
	hk_watch *watch;
	const char *answer; /* NULL: accept and say nothing */
	int clients[64];
	unsigned int served;
};

static void answer(hk_watch *watch, unsigned int events, void *user)
{
	struct server *server = user;
	int client = hk_watch_fd(watch);
	char request[1024];
	ssize_t got = recv(client, request, sizeof(request) - 1, MSG_DONTWAIT);

	(void) events;
	request[got > 0 ? got : 0] = '\0';
	if (got > 0) {
		assert_memory_equal(request, "GET /health HTTP/1.1\r\nHost: ", 28);
		got = send(client, server->answer, strlen(server->answer), MSG_NOSIGNAL);
		assert_true(got > 0);
		server->served++;
	}
	hk_watch_free(watch);
	(void) close(client);
}

static void serve(hk_watch *watch, unsigned int events, void *user)
{
	struct server *server = user;
	int client = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
	hk_watch *reading = NULL;

	(void) watch;
	(void) events;
	assert_true(client >= 0);
	if (server->answer == NULL)
		server->clients[server->served++ % 64] = client; /* and say nothing */
	else
		assert_int_equal(hk_watch_start(&reading, server->f->loop, client,
				     HK_READABLE, answer, server),
		    0);
}

static void listen_now(struct server *server)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
		.sin_port = htons((uint16_t) server->port) };
	socklen_t length = sizeof(address);
	int on = 1;

	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(server->fd >= 0);
	assert_int_equal(
	    setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *) &address, length), 0);
	assert_int_equal(listen(server->fd, 8), 0);
	assert_int_equal(
	    getsockname(server->fd, (struct sockaddr *) &address, &length), 0);
	server->port = ntohs(address.sin_port);
	assert_int_equal(hk_watch_start(&server->watch, server->f->loop, server->fd,
			     HK_READABLE, serve, server),
	    0);
}

static void hang_up(struct server *server)
{
	hk_watch_free(server->watch);
	server->watch = NULL;
	(void) close(server->fd);
}

static void quick_health(
    struct program *p, hk_service_health_kind kind, const char *target)
{
	p->health.kind = kind;
	p->health.target = target;
	p->health.interval_ns = 20 * HKI_NS_PER_MS;
	p->health.timeout_ns = 20 * HKI_NS_PER_MS;
	p->health.start_interval_ns = 5 * HKI_NS_PER_MS;
	p->health.start_period_ns = 60 * HKI_NS_PER_S;
	p->health.retries = 2;
	p->service.health = &p->health;
}

static void tcp_is_ready_when_it_accepts_and_restarted_when_it_stops(void **state)
{
	struct fixture *f = *state;
	struct server server = { .f = f };
	char target[64];
	struct program p;
	pid_t first;

	listen_now(&server);
	hang_up(&server); /* a port where nobody listens */
	(void) snprintf(target, sizeof(target), "localhost:%u", server.port);
	describe(&p, "tcp", "exec sleep 1000");
	quick_health(&p, HK_SERVICE_HEALTH_TCP, target);
	add(f, &p);
	start_all(f);
	first = await_state(f, "tcp", HK_SERVICE_STATE_RUNNING)->pid;
	for (int i = 0; i < 20; i++)
		assert_true(hk_loop_run_once(f->loop, 5) >= 0);
	assert_int_equal(count_seen(f, "tcp", HK_SERVICE_STATE_READY), 0);
	listen_now(&server);
	(void) await_state(f, "tcp", HK_SERVICE_STATE_READY);
	hang_up(&server);
	assert_says(await(f, "tcp", HK_SERVICE_EVENT_UNHEALTHY, 0), "refused");
	(void) await_state(f, "tcp", HK_SERVICE_STATE_RECYCLING);
	(void) await_state(f, "tcp", HK_SERVICE_STATE_BACKOFF);
	assert_int_not_equal(await_state(f, "tcp", HK_SERVICE_STATE_RUNNING)->pid, first);
}

static void http_looks_at_the_status(void **state)
{
	struct fixture *f = *state;
	struct server server = { .f = f, .answer = "HTTP/1.1 503 Busy\r\n\r\n" };
	char target[64];
	struct program p;

	listen_now(&server);
	(void) snprintf(
	    target, sizeof(target), "http://127.0.0.1:%u/health", server.port);
	describe(&p, "http", "exec sleep 1000");
	quick_health(&p, HK_SERVICE_HEALTH_HTTP, target);
	p.health.timeout_ns = p.health.interval_ns = HKI_NS_PER_S;
	add(f, &p);
	start_all(f);
	while (server.served < 3)
		turn(f);
	assert_int_equal(count_seen(f, "http", HK_SERVICE_STATE_READY), 0);
	server.answer = "HTTP/1.0 204 No Content\r\n\r\n";
	(void) await_state(f, "http", HK_SERVICE_STATE_READY);
	server.answer = "HTTP/1.1 500 Oops\r\n\r\n";
	assert_says(await(f, "http", HK_SERVICE_EVENT_UNHEALTHY, 0), "status 500");
	hang_up(&server);
}

static void a_server_that_says_nothing_times_out(void **state)
{
	struct fixture *f = *state;
	struct server server = { .f = f };
	char target[64];
	struct program p;

	listen_now(&server);
	(void) snprintf(
	    target, sizeof(target), "http://localhost:%u/health", server.port);
	describe(&p, "mute", "exec sleep 1000");
	quick_health(&p, HK_SERVICE_HEALTH_HTTP, target);
	p.health.start_period_ns = 1;
	add(f, &p);
	start_all(f);
	assert_says(await(f, "mute", HK_SERVICE_EVENT_UNHEALTHY, 0), "no answer in time");
	hang_up(&server);
	for (unsigned int i = 0; i < server.served && i < 64; i++)
		(void) close(server.clients[i]);
}

static void what_does_not_speak_http_is_not_ready(void **state)
{
	struct fixture *f = *state;
	struct server server = { .f = f, .answer = "SSH-2.0-something\r\n" };
	char target[64];
	struct program p;

	listen_now(&server);
	(void) snprintf(
	    target, sizeof(target), "http://localhost:%u/health", server.port);
	describe(&p, "ssh", "exec sleep 1000");
	quick_health(&p, HK_SERVICE_HEALTH_HTTP, target);
	p.health.timeout_ns = p.health.interval_ns = HKI_NS_PER_S;
	p.health.start_period_ns = 1;
	add(f, &p);
	start_all(f);
	assert_says(
	    await(f, "ssh", HK_SERVICE_EVENT_UNHEALTHY, 0), "the answer is not HTTP");
	hang_up(&server);
}

static void a_command_says_by_its_exit_code(void **state)
{
	struct fixture *f = *state;
	const char *const command[] = { "/bin/sh", "-c",
		"test -e well || { echo not well >&2; exit 4; }", NULL };
	struct program p;
	char path[128];

	path_in(f, path, "well");
	describe(&p, "cmd", "exec sleep 1000");
	p.process.cwd = f->directory; /* checks run where the service does */
	quick_health(&p, HK_SERVICE_HEALTH_COMMAND, NULL);
	p.health.command = command;
	p.health.timeout_ns = p.health.interval_ns = 5 * HKI_NS_PER_S;
	p.health.start_interval_ns = 5 * HKI_NS_PER_MS;
	p.health.retries = 1;
	add(f, &p);
	start_all(f);
	(void) await_state(f, "cmd", HK_SERVICE_STATE_RUNNING);
	touch(path);
	(void) await_state(f, "cmd", HK_SERVICE_STATE_READY);
}

static void a_failing_command_explains_itself(void **state)
{
	struct fixture *f = *state;
	const char *const command[] = { "/bin/sh", "-c", "echo not well >&2; exit 4",
		NULL };
	struct program p;

	describe(&p, "cmd", "exec sleep 1000");
	quick_health(&p, HK_SERVICE_HEALTH_COMMAND, NULL);
	p.health.command = command;
	p.health.timeout_ns = p.health.interval_ns = 3 * HKI_NS_PER_S;
	p.health.start_interval_ns = 100 * HKI_NS_PER_MS;
	p.health.start_period_ns = 1;
	p.health.retries = 1;
	add(f, &p);
	start_all(f);
	assert_says(
	    await(f, "cmd", HK_SERVICE_EVENT_UNHEALTHY, 0), "exit code 4: not well");
}

static void a_command_that_hangs_is_killed_with_its_tree(void **state)
{
	struct fixture *f = *state;
	const char *const command[] = { "/bin/sh", "-c", "sleep 1000 & wait", NULL };
	struct program p;

	describe(&p, "cmd", "exec sleep 1000");
	quick_health(&p, HK_SERVICE_HEALTH_COMMAND, NULL);
	p.health.command = command;
	p.health.start_period_ns = 1;
	p.health.retries = 1;
	add(f, &p);
	start_all(f);
	assert_says(await(f, "cmd", HK_SERVICE_EVENT_UNHEALTHY, 0), "in time");
}

static void a_line_of_output_makes_it_ready(void **state)
{
	struct fixture *f = *state;
	struct program p;
	char path[128], line[400];

	path_in(f, path, "go");
	(void) snprintf(line, sizeof(line),
	    "echo starting; while [ ! -e %s ]; do sleep 0.01; done; "
	    "echo listening on 8080 >&2; exec sleep 1000",
	    path);
	describe(&p, "log", line);
	quick_health(&p, HK_SERVICE_HEALTH_LOG, "^listening on [0-9]+$");
	p.service.flags = HK_SERVICE_SEPARATE_STDERR;
	add(f, &p);
	start_all(f);
	(void) await_state(f, "log", HK_SERVICE_STATE_RUNNING);
	assert_int_equal(count_seen(f, "log", HK_SERVICE_STATE_READY), 0);
	touch(path);
	(void) await_state(f, "log", HK_SERVICE_STATE_READY);
}

static void who_never_gets_ready_is_restarted(void **state)
{
	struct fixture *f = *state;
	struct program p;

	describe(&p, "log", "exec sleep 1000");
	quick_health(&p, HK_SERVICE_HEALTH_LOG, "never said");
	p.health.start_period_ns = 1;
	add(f, &p);
	start_all(f);
	assert_says(await(f, "log", HK_SERVICE_EVENT_UNHEALTHY, 0), "not ready in time");
	(void) await_state(f, "log", HK_SERVICE_STATE_BACKOFF);
	(void) await_state(f, "log", HK_SERVICE_STATE_RUNNING);
}

static void with_restart_no_the_unhealthy_is_left_alone(void **state)
{
	struct fixture *f = *state;
	const hk_service_dependency on_log[] = { { "log", HK_SERVICE_HEALTHY, 0 } };
	struct program p;

	describe(&p, "log", "exec sleep 1000");
	quick_health(&p, HK_SERVICE_HEALTH_LOG, "never said");
	p.health.start_period_ns = 1;
	p.service.restart = HK_SERVICE_RESTART_NO;
	add(f, &p);
	describe(&p, "user", "true");
	p.service.dependencies = on_log;
	p.service.dependency_count = 1;
	add(f, &p);
	start_all(f);
	(void) await_state(
	    f, "user", HK_SERVICE_STATE_FAILED); /* it need not wait for ever */
	assert_int_equal(count_seen(f, "log", HK_SERVICE_STATE_RECYCLING), 0);
	assert_int_equal(count_seen(f, "log", HK_SERVICE_STATE_STARTING), 1);
}

/* ---- sd_notify: this program, run again, is the service ---- */

static void say(const char *text)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, length);
	address.sun_path[0] = '\0';
	(void) sendto(fd, text, strlen(text), 0, (struct sockaddr *) &address,
	    (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length));
	(void) close(fd);
}

static void be_notifier(const char *how)
{
	if (strcmp(how, "ready") == 0) {
		say("STATUS=warming up\nUNKNOWN=1\n");
		say("READY=1");
	} else if (strcmp(how, "child") == 0) {
		if (fork() == 0) {
			(void) setsid();
			say("READY=1");
			(void) pause();
		}
	} else if (strcmp(how, "watchdog") == 0) {
		say("READY=1");
		for (int i = 0; i < 3; i++) {
			(void) usleep(20000);
			say("WATCHDOG=1");
		}
	}
	while (pause() < 0)
		;
}

static void describe_self(struct program *p, const char *name, const char *how)
{
	describe(p, name, "");
	p->argv[0] = "/proc/self/exe";
	p->argv[1] = "be";
	p->argv[2] = how;
}

static void a_program_may_say_itself_that_it_is_ready(void **state)
{
	struct fixture *f = *state;
	struct program p;

	describe_self(&p, "notifier", "ready");
	quick_health(&p, HK_SERVICE_HEALTH_NOTIFY, NULL);
	add(f, &p);
	start_all(f);
	assert_string_equal(
	    await(f, "notifier", HK_SERVICE_EVENT_STATUS, 0)->text, "warming up");
	(void) await_state(f, "notifier", HK_SERVICE_STATE_READY);
}

static void what_it_started_may_speak_for_it(void **state)
{
	struct fixture *f = *state;
	struct program p;

	describe_self(&p, "notifier", "child");
	quick_health(&p, HK_SERVICE_HEALTH_NOTIFY, NULL);
	add(f, &p);
	start_all(f);
	(void) await_state(f, "notifier", HK_SERVICE_STATE_READY);
}

static void a_stranger_is_not_believed(void **state)
{
	struct fixture *f = *state;
	struct program p;
	char path[128], line[500], name[64] = "";
	FILE *file;

	path_in(f, path, "socket");
	(void) snprintf(line, sizeof(line),
	    "echo $NOTIFY_SOCKET > %s.new; mv %s.new %s; "
	    "exec sleep 1000",
	    path, path, path);
	describe(&p, "quiet", line);
	quick_health(&p, HK_SERVICE_HEALTH_NOTIFY, NULL);
	add(f, &p);
	start_all(f);
	(void) await_state(f, "quiet", HK_SERVICE_STATE_RUNNING);
	while ((file = fopen(path, "re")) == NULL)
		assert_true(hk_loop_run_once(f->loop, 1) >= 0);
	assert_int_equal(fscanf(file, "%63s", name), 1);
	(void) fclose(file);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	say("READY=1"); /* we are not of its tree */
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	for (int i = 0; i < 10; i++)
		assert_true(hk_loop_run_once(f->loop, 5) >= 0);
	assert_int_equal(count_seen(f, "quiet", HK_SERVICE_STATE_READY), 0);
}

static void a_watchdog_that_falls_silent_means_restart(void **state)
{
	struct fixture *f = *state;
	struct program p;

	describe_self(&p, "dog", "watchdog");
	quick_health(&p, HK_SERVICE_HEALTH_NOTIFY, NULL);
	p.health.watchdog_ns = 200 * HKI_NS_PER_MS;
	add(f, &p);
	start_all(f);
	(void) await_state(f, "dog", HK_SERVICE_STATE_READY);
	assert_says(await(f, "dog", HK_SERVICE_EVENT_UNHEALTHY, 0), "watchdog");
	(void) await_state(f, "dog", HK_SERVICE_STATE_BACKOFF);
}

/* ---- memory ---- */

static void a_tree_that_grows_too_large_is_restarted(void **state)
{
	struct fixture *f = *state;
	struct program p;

	/* The shell itself becomes large; it waits beside a sleep that is small. */
	describe(
	    &p, "big", "x=$(head -c 67108864 /dev/zero | tr '\\0' a); sleep 1000 & wait");
	p.service.memory_restart_bytes = 32 * 1024 * 1024;
	p.service.memory_interval_ns = 20 * HKI_NS_PER_MS;
	add(f, &p);
	describe(&p, "small", "sleep 1000 & wait");
	p.service.memory_restart_bytes = 32 * 1024 * 1024;
	p.service.memory_interval_ns = 20 * HKI_NS_PER_MS;
	add(f, &p);
	start_all(f);
	(void) await(f, "big", HK_SERVICE_EVENT_MEMORY, 0);
	(void) await_state(f, "big", HK_SERVICE_STATE_RECYCLING);
	(void) await_state(f, "big", HK_SERVICE_STATE_BACKOFF);
	(void) await_state(f, "big", HK_SERVICE_STATE_READY);
	assert_int_equal(count_seen(f, "small", HK_SERVICE_STATE_RECYCLING), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		TEST(tcp_is_ready_when_it_accepts_and_restarted_when_it_stops),
		TEST(http_looks_at_the_status),
		TEST(a_server_that_says_nothing_times_out),
		TEST(what_does_not_speak_http_is_not_ready),
		TEST(a_command_says_by_its_exit_code),
		TEST(a_failing_command_explains_itself),
		TEST(a_command_that_hangs_is_killed_with_its_tree),
		TEST(a_line_of_output_makes_it_ready),
		TEST(who_never_gets_ready_is_restarted),
		TEST(with_restart_no_the_unhealthy_is_left_alone),
		TEST(a_program_may_say_itself_that_it_is_ready),
		TEST(what_it_started_may_speak_for_it),
		TEST(a_stranger_is_not_believed),
		TEST(a_watchdog_that_falls_silent_means_restart),
		TEST(a_tree_that_grows_too_large_is_restarted),
#undef TEST
	};

	if (argc == 3 && strcmp(argv[1], "be") == 0)
		be_notifier(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
