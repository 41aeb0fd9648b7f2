#include "ipc/node_fixture_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "base/array.h"
#include "base/clock.h"
#include "base/torture.h"
#include "loop/contract_test.h"

/* How programs with a channel start and end, and children in C. */

static const hk_ipc_serialization both[] = { HK_IPC_JSON, HK_IPC_ADVANCED };

/* ---- the end ---- */

static void a_disconnect_lets_node_exit_by_itself(void **state)
{
	static const char script[] =
	    "process.on('message', (m) => process.send(m));"
	    "process.on('disconnect', () => { process.exitCode = 7; });";
	fixture *f = *state;

	for (size_t i = 0; i < HKI_COUNT(both); i++) {
		fixture_node(f, both[i], script);
		fixture_send(f, "1");
		assert_int_equal(0, hk_ipc_channel_disconnect(f->channel));
		fixture_wait(f, f->exits == 1);
		assert_int_equal(1, f->message_count); /* its answer was not lost */
		assert_int_equal(1, f->ends);
		assert_int_equal(0, f->end_reason);
		assert_false(f->exit_before_end);
		assert_int_equal(HK_END_CODE, f->how.end);
		assert_int_equal(7, f->how.code);
		fixture_start_over(f);
	}
}

static void node_may_disconnect_too(void **state)
{
	fixture *f = *state;

	fixture_node(f, HK_IPC_JSON,
	    "process.send('bye'); process.disconnect(); setTimeout(() => {}, 50);");
	fixture_wait(f, f->ends == 1);
	assert_int_equal(1, f->message_count);
	assert_int_equal(HK_ECLOSED, hk_ipc_channel_send(f->channel, "1", 1, NULL));
	fixture_wait(f, f->exits == 1);
	assert_false(f->exit_before_end);
	assert_int_equal(0, f->how.code);
}

static void what_was_sent_before_an_exit_is_heard_before_it(void **state)
{
	fixture *f = *state;

	fixture_node(f, HK_IPC_JSON,
	    "for (let i = 0; i < 100; i++) process.send({ i, text: 'x'.repeat(100) });"
	    "process.exit(3);");
	fixture_wait(f, f->exits == 1);
	assert_int_equal(100, f->message_count);
	assert_int_equal(1, f->ends);
	assert_false(f->exit_before_end);
	assert_int_equal(3, f->how.code);
}

static void pause_at_first(fixture *f, hk_ipc_channel_message *message)
{
	(void) message;
	if (f->message_count == 1)
		hk_ipc_channel_pause(f->channel);
}

static void while_paused_the_exit_waits_for_the_messages_before_it(void **state)
{
	fixture *f = *state;

	f->on_message = pause_at_first;
	fixture_node(f, HK_IPC_JSON,
	    "process.send(1); process.send(2); process.send(3); process.exit(0);");
	fixture_wait(f, hk_process_get_exit(hk_ipc_channel_process(f->channel)) != NULL);
	fixture_turns(f);
	assert_int_equal(1, f->message_count);
	assert_int_equal(0, f->exits);
	assert_int_equal(0, hk_ipc_channel_resume(f->channel));
	fixture_wait(f, f->exits == 1);
	assert_int_equal(3, f->message_count);
	assert_false(f->exit_before_end);
}

static void a_killed_child_is_told_after_its_messages(void **state)
{
	fixture *f = *state;

	fixture_node(
	    f, HK_IPC_ADVANCED, "process.send('alive'); setInterval(() => {}, 1000);");
	fixture_wait(f, f->message_count == 1);
	assert_int_equal(0, hk_process_kill(hk_ipc_channel_process(f->channel), SIGKILL));
	fixture_wait(f, f->exits == 1);
	assert_int_equal(1, f->ends);
	assert_int_equal(HK_END_SIGNAL, f->how.end);
	assert_int_equal(SIGKILL, f->how.signal);
}

static void a_grandchild_that_keeps_the_channel_holds_nobody_up(void **state)
{
	fixture *f = *state;
	hk_ipc_fork_opts opts;

	opts = fixture_node_opts(f, HK_IPC_JSON, NULL);
	opts.exec_path = "/bin/sh";
	opts.exec_args = (const char *const[]){ "-c",
		"printf '1\\n' >&$NODE_CHANNEL_FD; sleep 1000 & exit 4", NULL };
	fixture_process.tree = HK_TREE_NONE;
	fixture_process.flags = HK_PROCESS_NEW_GROUP | HK_PROCESS_KEEP_LEFTOVERS;
	fixture_fork(f, &opts);
	fixture_wait(f, f->exits == 1);
	(void) kill(-(pid_t) hk_process_identity(hk_ipc_channel_process(f->channel)).pid,
	    SIGKILL);
	assert_int_equal(4, f->how.code);
	assert_int_equal(1, f->message_count);
	assert_int_equal(1, f->ends);
}

static void a_stop_is_a_disconnect_first(void **state)
{
	fixture *f = *state;

	fixture_node(f, HK_IPC_JSON, fixture_echo);
	fixture_send(f, "1");
	fixture_wait(f, f->message_count == 1);
	assert_int_equal(0, hk_ipc_channel_stop(f->channel, 60 * HKI_NS_PER_S));
	fixture_wait(f, f->exits == 1);
	assert_int_equal(HK_END_CODE, f->how.end);
	assert_int_equal(0, f->how.code);
	assert_int_equal(-ESRCH, hk_ipc_channel_stop(f->channel, 1));
}

static void a_child_that_will_not_go_is_ended(void **state)
{
	static const hk_stop_step steps[] = { { SIGTERM, 0, 50 * HKI_NS_PER_MS } };
	fixture *f = *state;
	hk_ipc_fork_opts opts = fixture_node_opts(f, HK_IPC_JSON,
	    "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);"
	    "process.on('message', () => {}); process.send('up');");

	fixture_need_node();
	fixture_process.stop_steps = steps;
	fixture_process.stop_step_count = 1;
	fixture_fork(f, &opts);
	fixture_wait(f, f->message_count == 1);
	assert_int_equal(0, hk_ipc_channel_stop(f->channel, 50 * HKI_NS_PER_MS));
	fixture_wait(f, f->exits == 1);
	assert_int_equal(HK_END_SIGNAL, f->how.end);
	assert_int_equal(SIGKILL, f->how.signal);
}

static void freeing_the_channel_ends_the_child(void **state)
{
	fixture *f = *state;
	hk_process_id id;

	fixture_node(f, HK_IPC_JSON, fixture_echo);
	fixture_send(f, "1");
	fixture_wait(f, f->message_count == 1);
	id = hk_process_identity(hk_ipc_channel_process(f->channel));
	hk_ipc_channel_free(f->channel);
	f->channel = NULL;
	fixture_wait(f, hk_process_id_kill(&id, 0) == -ESRCH);
	assert_int_equal(0, f->ends + f->exits);
}

/* ---- hostile children ---- */

static void a_child_that_writes_garbage_does_no_harm(void **state)
{
	static const char *const scripts[] = {
		"fs.writeSync(3, 'garbage\\n{\\n'); process.send('after');",
		"fs.writeSync(3, '{\"half\":'); process.exit(0);",
		"fs.writeSync(3, Buffer.from([255, 255, 255, 255])); process.exit(0);",
		"fs.writeSync(3, Buffer.from([0, 0, 0, 2, 255, 15])); process.exit(0);",
		"fs.writeSync(3, Buffer.from([0, 0, 0, 0])); process.exit(0);",
		"fs.writeSync(3, '{\"cmd\":\"NODE_HANDLE_ACK\"}\\n'); process.exit(0);",
		"fs.writeSync(3, '{\"cmd\":\"NODE_HANDLE\"}\\n'); process.exit(0);",
		"fs.closeSync(3); process.exit(0);",
		"const b = Buffer.alloc(60000, 65);"
		"for (let i = 0; i < 50; i++)"
		"  try { fs.writeSync(3, b); } catch (e) { i--; }"
		"process.exit(0);",
		"process.kill(process.pid, 'SIGKILL');",
	};
	fixture *f = *state;

	fixture_need_node();
	f->opts.message_max_bytes = 1000000;
	for (size_t i = 0; i < HKI_COUNT(scripts) * 2; i++) {
		char script[512];
		hk_ipc_fork_opts opts;

		snprintf(script, sizeof(script), "const fs = require('fs'); %s",
		    scripts[i / 2]);
		opts = fixture_node_opts(f, both[i % 2], script);
		fixture_fork(f, &opts);
		fixture_wait(f, f->exits == 1);
		assert_int_equal(1, f->ends);
		fixture_start_over(f);
	}
}

/* ---- the start ---- */

static void the_child_finds_its_channel_and_hides_it(void **state)
{
	fixture *f = *state;
	hk_ipc_fork_opts opts;
	int other;
	int end = connected_socket(&other);
	const hk_process_fd fds[] = { { .fd = end, .child_fd = 3 } };
	const char *env[] = { "GREETING=hello", NULL };
	const char *args[] = { "one", "two words", NULL };

	fixture_need_node();
	opts = fixture_node_opts(f, HK_IPC_JSON,
	    "process.send([process.env.NODE_CHANNEL_FD === undefined,"
	    "  process.env.NODE_CHANNEL_SERIALIZATION_MODE === undefined,"
	    "  process.env.GREETING, process.argv.slice(1), process.channel.fd]);");
	opts.args = args;
	fixture_process.fds = fds;
	fixture_process.fd_count = 1;
	fixture_process.env = env;
	fixture_fork(f, &opts);
	fixture_wait(f, f->message_count == 1);
	assert_string_equal(
	    "[true,true,\"hello\",[\"one\",\"two words\"],4]\n", f->messages.data);
	close(end);
	close(other);
}

static void a_child_with_a_channel_is_listed_as_forked(void **state)
{
	fixture *f = *state;
	hk_ipc_fork_opts opts = fixture_node_opts(f, HK_IPC_JSON, NULL);
	hk_process_list *list;

	opts.exec_path = "/bin/sleep";
	opts.exec_args = NULL;
	opts.args = (const char *const[]){ "1000", NULL };
	fixture_fork(f, &opts);
	assert_int_equal(0, hk_process_list_new(&list, f->loop));
	assert_int_equal(1, hk_process_list_count(list));
	assert_int_equal(HK_PROCESS_FORKED, hk_process_list_get(list, 0)->type);
	hk_process_list_free(list);
}

static void a_start_that_fails_says_why_and_leaves_nothing(void **state)
{
	fixture *f = *state;
	hk_ipc_fork_opts opts = fixture_node_opts(f, HK_IPC_JSON, "1");
	hk_ipc_channel *untouched = (hk_ipc_channel *) f;
	hk_error_list *errors;

	assert_int_equal(0, hk_error_list_new(&errors));
	opts.exec_path = "/no/such/node";
	assert_int_equal(-ENOENT, hk_ipc_fork(&untouched, f->loop, &opts, errors));
	assert_string_equal("exec", hk_error_list_get(errors, 0)->step);
	hk_error_list_clear(errors);

	opts.exec_path = NULL;
	assert_int_equal(-EINVAL, hk_ipc_fork(&untouched, f->loop, &opts, errors));
	assert_string_equal("neither a module nor a program is named",
	    hk_error_list_get(errors, 0)->text);
	hk_error_list_clear(errors);

	opts.module = "x.js";
	fixture_process.argv = (const char *const[]){ "x", NULL };
	assert_int_equal(-EINVAL, hk_ipc_fork(&untouched, f->loop, &opts, errors));
	assert_int_equal(1, hk_error_list_count(errors));
	assert_ptr_equal(f, untouched);
	fixture_turns(f);
	assert_int_equal(0, f->exits + f->ends);
	hk_error_list_free(errors);
}

static void fork_exited(hk_process *process, const hk_process_exit *how, void *user)
{
	(void) process;
	(void) how;
	contract_called(user, 0);
}

static int fork_program(void **out, contract_probe *probe, const char *program)
{
	hk_ipc_fork_opts opts = HK_IPC_FORK_OPTS_INIT;
	hk_process_opts process = HK_PROCESS_OPTS_INIT;

	process.on_exit = fork_exited;
	process.user_data = probe;
	opts.exec_path = program;
	opts.args = (const char *const[]){ "100", NULL };
	opts.process = &process;
	return hk_ipc_fork((hk_ipc_channel **) out, probe->loop, &opts, NULL);
}

static int fork_sleep(void **out, contract_probe *probe)
{
	return fork_program(out, probe, "/bin/sleep");
}

static int fork_missing(void **out, contract_probe *probe)
{
	return fork_program(out, probe, "/no/such/program");
}

static void fork_end(contract_probe *probe)
{
	assert_int_equal(
	    0, hk_process_kill(hk_ipc_channel_process(probe->handle), SIGTERM));
}

static void fork_free(contract_probe *probe)
{
	hk_ipc_channel_free(probe->handle);
}

static void forks_keep_the_contract(void **state)
{
	static const contract_operation operation = { .name = "hk_ipc_fork",
		.start = fork_sleep,
		.start_failing = fork_missing,
		.trigger = fork_end,
		.free = fork_free };

	(void) state;
	contract_check(&operation);
}

static int start_and_free(void *user)
{
	hk_ipc_fork_opts opts = HK_IPC_FORK_OPTS_INIT;
	hk_ipc_channel *channel;
	hk_loop *loop;
	int r = hk_loop_new(&loop);

	(void) user;
	if (r < 0)
		return r;
	opts.exec_path = "/bin/true";
	opts.serialization = HK_IPC_ADVANCED;
	r = hk_ipc_fork(&channel, loop, &opts, NULL);
	if (r == 0)
		hk_ipc_channel_free(channel);
	hk_loop_free(loop);
	return r;
}

static void every_failing_allocation_of_a_start_is_told(void **state)
{
	size_t before = count_descriptors();

	(void) state;
	assert_true(hki_torture(start_and_free, NULL) > 0);
	assert_int_equal(before, count_descriptors());
}

/* ---- a child in C ---- */

static void child_echo(
    hk_ipc_channel *channel, hk_ipc_channel_message *message, void *user)
{
	hk_ipc_send_opts opts = HK_IPC_SEND_OPTS_INIT;

	(void) user;
	if (hk_ipc_channel_message_fd(message) >= 0) {
		opts.flags |= HK_IPC_SEND_HANDLE;
		opts.handle_fd = hk_ipc_channel_message_fd(message);
	}
	if (hk_ipc_channel_message_value(message) != NULL)
		opts.flags |= HK_IPC_SEND_TAGGED;
	if (hk_ipc_channel_send_json(
		channel, hk_ipc_channel_message_json(message), &opts) < 0)
		_exit(3);
}

/* Sends everything back until the parent disconnects; then ends with 5. */
static int child_main(void)
{
	hk_ipc_channel_opts opts = HK_IPC_CHANNEL_OPTS_INIT;
	hk_ipc_channel *channel;
	hk_loop *loop;

	opts.on_message = child_echo;
	if (hk_loop_new(&loop) < 0 || hk_ipc_fork_parent(&channel, loop, &opts) < 0)
		return 1;
	if (getenv("NODE_CHANNEL_FD") != NULL ||
	    getenv("NODE_CHANNEL_SERIALIZATION_MODE") != NULL ||
	    fcntl(3, F_GETFD) != FD_CLOEXEC)
		return 2;
	if (hk_loop_run(loop) < 0)
		return 4;
	hk_ipc_channel_free(channel);
	hk_loop_free(loop);
	return 5;
}

static void a_child_in_c_is_like_one_in_node(void **state)
{
	fixture *f = *state;

	for (size_t i = 0; i < HKI_COUNT(both); i++) {
		hk_ipc_fork_opts opts = fixture_node_opts(f, both[i], NULL);
		unsigned int port;
		int server = listening_socket(&port);

		opts.exec_path = "/proc/self/exe";
		opts.exec_args = NULL;
		opts.args = (const char *const[]){ "--child", NULL };
		fixture_fork(f, &opts);
		fixture_send(f, "{\"a\":[1,2]}");
		assert_int_equal(
		    0, fixture_send_noted(f, "2", 'a', HK_IPC_SEND_HANDLE, server));
		fixture_send(f, "3");
		fixture_wait(f, f->message_count == 3);
		assert_string_equal("{\"a\":[1,2]}\n2\n3\n", f->messages.data);
		assert_true(f->fd >= 0);
		assert_int_equal(0, hk_ipc_channel_disconnect(f->channel));
		fixture_wait(f, f->exits == 1);
		assert_int_equal(5, f->how.code);
		assert_int_equal(0, f->end_reason);
		assert_int_equal(0, f->bads);
		close(server);
		fixture_start_over(f);
	}
}

static void a_child_in_c_of_a_parent_in_node(void **state)
{
	static const char script[] =
	    "const { fork } = require('child_process');"
	    "const net = require('net');"
	    "const [program, serialization] = process.argv.slice(1);"
	    "const child = fork('--child', [], { execPath: program, execArgv: [],"
	    "  serialization });"
	    "const seen = [];"
	    "const server = net.createServer();"
	    "child.on('message', (m, handle) => {"
	    "  seen.push(handle ? m + ' and a ' + handle.constructor.name : m);"
	    "  if (seen.length === 3) child.disconnect();"
	    "});"
	    "child.on('exit', (code) => {"
	    "  console.log(JSON.stringify(seen), code);"
	    "  process.exit(0);"
	    "});"
	    "server.listen(0, '127.0.0.1', () => {"
	    "  child.send({ a: 1 });"
	    "  child.send('server', server);"
	    "  child.send('after');"
	    "});";
	char self[4096];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	(void) state;
	fixture_need_node();
	assert_true(length > 0);
	self[length] = '\0';
	for (int i = 0; i < 2; i++) {
		const char *argv[] = { "node", "-e", script, self,
			i == 0 ? "json" : "advanced", NULL };
		hk_process_opts process = HK_PROCESS_OPTS_INIT;
		hk_process_run_opts run = HK_PROCESS_RUN_OPTS_INIT;
		hk_process_result *result;

		process.argv = argv;
		process.stdio[1].kind = HK_STDIO_PIPE;
		run.process = &process;
		run.timeout_ns = 60 * HKI_NS_PER_S;
		assert_int_equal(0, hk_process_run(&result, &run, NULL));
		assert_string_equal("[{\"a\":1},\"server and a Server\",\"after\"] 5\n",
		    result->stdout_data);
		hk_process_result_free(result);
	}
}

static void without_a_parent_there_is_no_channel(void **state)
{
	fixture *f = *state;
	hk_ipc_channel *untouched = (hk_ipc_channel *) f;
	const char *const wrong[] = { "x", "-1", "3x", "9999", "0", "99999999999" };
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char text[16];

	assert_int_equal(-ENOENT, hk_ipc_fork_parent(&untouched, f->loop, &f->opts));
	for (size_t i = 0; i < HKI_COUNT(wrong); i++) {
		assert_int_equal(0, setenv("NODE_CHANNEL_FD", wrong[i], 1));
		assert_int_equal(
		    -EPROTO, hk_ipc_fork_parent(&untouched, f->loop, &f->opts));
	}
	snprintf(text, sizeof(text), "%d", file);
	assert_int_equal(0, setenv("NODE_CHANNEL_FD", text, 1));
	assert_int_equal(-EPROTO, hk_ipc_fork_parent(&untouched, f->loop, &f->opts));
	assert_ptr_equal(f, untouched);
	assert_true(fcntl(file, F_GETFD) >= 0); /* it was not ours to close */
	assert_int_equal(0, unsetenv("NODE_CHANNEL_FD"));
	close(file);
}

#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_disconnect_lets_node_exit_by_itself),
		TEST(node_may_disconnect_too),
		TEST(what_was_sent_before_an_exit_is_heard_before_it),
		TEST(while_paused_the_exit_waits_for_the_messages_before_it),
		TEST(a_killed_child_is_told_after_its_messages),
		TEST(a_grandchild_that_keeps_the_channel_holds_nobody_up),
		TEST(a_stop_is_a_disconnect_first),
		TEST(a_child_that_will_not_go_is_ended),
		TEST(freeing_the_channel_ends_the_child),
		TEST(a_child_that_writes_garbage_does_no_harm),
		TEST(the_child_finds_its_channel_and_hides_it),
		TEST(a_child_with_a_channel_is_listed_as_forked),
		TEST(a_start_that_fails_says_why_and_leaves_nothing),
		TEST(a_child_in_c_is_like_one_in_node),
		TEST(a_child_in_c_of_a_parent_in_node),
		TEST(without_a_parent_there_is_no_channel),
		cmocka_unit_test(every_failing_allocation_of_a_start_is_told),
		cmocka_unit_test(forks_keep_the_contract),
	};

	if (argc > 1 && strcmp(argv[1], "--child") == 0)
		return child_main();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
