#include "ipc/rpc_server_test.h"

#include "base/array.h"

/* ---- strangers ---- */

static void a_script_takes_part(void **state)
{
	char heard[4096];
	world all;
	int fd;

	(void) state;
	open_server(&all, 0);
	fd = rpc_world_stranger(&all.base);
	rpc_world_say(fd,
	    "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"add\",\"params\":"
	    "[1,2]}\n");
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_string_equal("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":3}\n", heard);
	/* Its half is closed; it still gets its answer, then the end. */
	rpc_world_say(
	    fd, "{\"jsonrpc\":\"2.0\",\"id\":1.5e0,\"method\":\"add\",\"params\":[]}\n");
	shutdown(fd, SHUT_WR);
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_string_equal("{\"jsonrpc\":\"2.0\",\"id\":1.5e0,\"result\":0}\n", heard);
	rpc_world_wait(&all.base, &all.closes);
	assert_int_equal(0, all.close_reason);
	close(fd);
	close_world(&all);
}

static void garbage_is_answered_and_left_behind(void **state)
{
	static const char *const said[] = {
		"{\"jsonrpc\":\"2.0\",\"id\":1,\n",
		"{\"a\":1,\"a\":2}\n",
		"{}\n",
		"[]\n",
		"[1]\n",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.secret\"}\n",
	};
	static const char *const heard_codes[] = { "-32700", "-32600", "-32600", "-32600",
		"-32600", "-32601" };
	char heard[4096];
	world all;
	int fd;

	(void) state;
	open_server(&all, 0);
	fd = rpc_world_stranger(&all.base);
	for (size_t i = 0; i < HKI_COUNT(said); i++) {
		rpc_world_say(fd, said[i]);
		rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
		print_message("# %s", heard);
		assert_non_null(strstr(heard, heard_codes[i]));
	}
	/* Answers nobody asked for are not answered. */
	rpc_world_say(fd,
	    "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":1}\n"
	    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":1,"
	    "\"message\":\"x\"}}\n{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":1}\n"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"add\"}\n");
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_string_equal("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":0}\n", heard);
	close(fd);
	close_world(&all);
}

static void a_batch_is_answered_in_one(void **state)
{
	char heard[4096];
	world all;
	int fd;

	(void) state;
	open_server(&all, 0);
	fd = rpc_world_stranger(&all.base);
	rpc_world_say(fd,
	    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"keep\"},"
	    "{\"jsonrpc\":\"2.0\",\"method\":\"note\"},7,"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"add\",\"params\":[5]}]\n");
	RPC_WORLD_AWAIT(&all.base, 1, all.kept_count);
	rpc_world_turns(&all.base, 3);
	assert_int_equal(1, all.noted);
	assert_int_equal(-1, recv(fd, heard, sizeof(heard), MSG_DONTWAIT));
	all.kept_count = 0;
	assert_int_equal(0, hk_ipc_request_reply(all.kept[0], "\"late\""));
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_string_equal(
	    "[{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":"
	    "\"a message is an object\"}},{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":5},"
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"late\"}]\n",
	    heard);
	/* A batch of notices has no answer. */
	rpc_world_say(fd, "[{\"jsonrpc\":\"2.0\",\"method\":\"note\"}]\n"
			  "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"add\"}\n");
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_string_equal("{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":0}\n", heard);
	close(fd);
	close_world(&all);
}

static void a_batch_has_a_most(void **state)
{
	static char said[64 * 1002];
	static char heard[128 * 1002];
	size_t length = 0;
	world all;
	int fd;

	(void) state;
	open_server(&all, 0);
	fd = rpc_world_stranger(&all.base);
	for (int i = 0; i < 1001; i++)
		length += (size_t) snprintf(said + length, sizeof(said) - length,
		    "%s{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"add\"}",
		    i == 0 ? "[" : ",", i);
	snprintf(said + length, sizeof(said) - length, "]\n");
	rpc_world_say(fd, said);
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_non_null(strstr(heard, "too many messages"));
	/* One less is all right. */
	*strstr(said, "{\"jsonrpc\":\"2.0\",\"id\":1000") = ']';
	strcpy(strstr(said, ",]"), "]\n");
	rpc_world_say(fd, said);
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_non_null(strstr(heard, "\"id\":999,"));
	close(fd);
	close_world(&all);
}

static void too_many_at_once_are_refused(void **state)
{
	char heard[4096];
	world all;
	int fd;

	(void) state;
	open_server(&all, 2);
	fd = rpc_world_stranger(&all.base);
	rpc_world_say(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"keep\"}\n"
			  "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"keep\"}\n"
			  "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"keep\"}\n");
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_non_null(strstr(heard, "\"id\":3,\"error\":{\"code\":-32001"));
	assert_int_equal(2, all.kept_count);
	close(fd);
	close_world(&all);
}

static void long_ids_are_not_kept(void **state)
{
	char said[2000];
	char heard[4096];
	world all;
	int fd;

	(void) state;
	open_server(&all, 0);
	fd = rpc_world_stranger(&all.base);
	snprintf(said, sizeof(said),
	    "{\"jsonrpc\":\"2.0\",\"id\":\"%0300d\",\"method\":\"add\"}\n", 0);
	rpc_world_say(fd, said);
	rpc_world_hear(&all.base, fd, heard, sizeof(heard), 1);
	assert_non_null(strstr(heard, "\"id\":null"));
	assert_non_null(strstr(heard, "the id is too long"));
	close(fd);
	close_world(&all);
}

/* Somebody asks without end and reads nothing. */
static void who_does_not_read_is_not_read_either(void **state)
{
	static char said[1 << 16];
	hk_ipc_rpc_stats stats = { .size = sizeof(stats) };
	size_t length = 0;
	size_t at = 0;
	uint64_t before;
	world all;
	int fd;

	(void) state;
	open_server(&all, 0);
	fd = rpc_world_stranger(&all.base);
	while (length + 64 < sizeof(said))
		length += (size_t) snprintf(said + length, sizeof(said) - length,
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"add\"}\n");
	/* Until it takes no more for a while. */
	for (int quiet = 0; quiet < 50; quiet++) {
		ssize_t sent =
		    send(fd, said + at, length - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0) {
			at = (at + (size_t) sent) % length;
			quiet = 0;
		}
		rpc_world_turns(&all.base, 1);
	}
	assert_int_equal(0, hk_ipc_rpc_stats_read(all.accepted, &stats));
	before = stats.requests;
	rpc_world_turns(&all.base, 20);
	assert_int_equal(0, hk_ipc_rpc_stats_read(all.accepted, &stats));
	assert_int_equal(before, stats.requests);
	assert_int_equal(0, all.closes);
	close(fd);
	close_world(&all);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_script_takes_part),
		cmocka_unit_test(garbage_is_answered_and_left_behind),
		cmocka_unit_test(a_batch_is_answered_in_one),
		cmocka_unit_test(a_batch_has_a_most),
		cmocka_unit_test(too_many_at_once_are_refused),
		cmocka_unit_test(long_ids_are_not_kept),
		cmocka_unit_test(who_does_not_read_is_not_read_either),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
