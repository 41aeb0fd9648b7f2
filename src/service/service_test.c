#include "service/fixture.h"

#include "base/torture.h"

/* Real programs, started, restarted, stopped in order, and reported. */

static void a_service_runs_is_ready_and_stops_when_asked(void **state)
{
	struct fixture *f = *state;
	const struct seen *seen;

	add_line(f, "one", "exec sleep 1000");
	start_all(f);
	seen = await_state(f, "one", HK_SERVICE_STATE_READY);
	assert_true(is_alive(seen->pid));
	hk_service_set_stop(f->set);
	seen = await_state(f, "one", HK_SERVICE_STATE_STOPPED);
	assert_string_equal(seen->signal, "SIGTERM");
	await_end(f);
	assert_int_equal(f->summary.stopped, 1);
	assert_int_equal(f->summary.failed, 0);
	assert_true(hk_service_set_ended(f->set));
}

static void events_are_numbered_without_gaps_and_can_be_written(void **state)
{
	struct fixture *f = *state;

	add_line(f, "one", "true");
	start_all(f);
	await_end(f);
	for (size_t i = 0; i < f->count; i++)
		assert_int_equal(f->seen[i].seq, i + 1);
	assert_int_equal(f->seen[f->count - 1].event, HK_SERVICE_EVENT_END);
	assert_string_equal(f->seen[0].word, "state");
	assert_string_equal(f->seen[f->count - 1].word, "end");
	assert_int_equal(f->summary.completed, 1);
}

static void a_crash_is_restarted_and_shown_with_its_last_words(void **state)
{
	struct fixture *f = *state;
	struct program p;
	const struct seen *seen;
	char path[128], line[400];

	path_in(f, path, "crashed");
	(void) snprintf(line, sizeof(line),
	    "if [ -e %s ]; then exec sleep 1000; fi; touch %s; echo oh no >&2; exit 3",
	    path, path);
	describe(&p, "crasher", line);
	add(f, &p);
	start_all(f);
	seen = await_state(f, "crasher", HK_SERVICE_STATE_BACKOFF);
	assert_int_equal(seen->exit_code, 3);
	assert_string_equal(seen->output, "oh no\n");
	assert_true(seen->delay_s > 0.0008 && seen->delay_s < 0.0012);
	(void) await_state(f, "crasher", HK_SERVICE_STATE_READY);
}

static void a_program_killed_from_outside_is_restarted(void **state)
{
	struct fixture *f = *state;
	const struct seen *seen;
	pid_t first;

	add_line(f, "victim", "exec sleep 1000");
	start_all(f);
	first = await_state(f, "victim", HK_SERVICE_STATE_READY)->pid;
	assert_int_equal(kill(first, SIGKILL), 0);
	seen = await_state(f, "victim", HK_SERVICE_STATE_BACKOFF);
	assert_string_equal(seen->signal, "SIGKILL");
	assert_int_not_equal(
	    await_state(f, "victim", HK_SERVICE_STATE_READY)->pid, first);
}

static void what_ends_well_is_not_restarted_unless_always(void **state)
{
	struct fixture *f = *state;
	struct program p;

	add_line(f, "once", "true");
	describe(&p, "again", "true");
	p.service.restart = HK_SERVICE_RESTART_ALWAYS;
	p.service.max_retries = 2;
	add(f, &p);
	describe(&p, "never", "false");
	p.service.restart = HK_SERVICE_RESTART_NO;
	add(f, &p);
	start_all(f);
	await_end(f);
	assert_int_equal(count_seen(f, "once", HK_SERVICE_STATE_STARTING), 1);
	assert_int_equal(count_seen(f, "again", HK_SERVICE_STATE_STARTING), 3);
	assert_int_equal(count_seen(f, "never", HK_SERVICE_STATE_STARTING), 1);
	assert_int_equal(f->summary.completed, 2);
	assert_int_equal(f->summary.failed, 1);
}

static void a_storm_ends_at_its_limit(void **state)
{
	struct fixture *f = *state;
	struct program p;
	const struct seen *seen;

	describe(&p, "storm", "exit 1");
	p.service.backoff_factor = 1;
	p.service.limit_count = 5;
	p.service.flags = HK_SERVICE_GIVE_UP;
	add(f, &p);
	start_all(f);
	await_end(f);
	seen = find_seen(f, "storm", HK_SERVICE_EVENT_LIMITED, 0);
	assert_non_null(seen);
	assert_int_equal(count_seen(f, "storm", HK_SERVICE_STATE_STARTING), 6);
	assert_int_equal(f->summary.failed, 1);
}

static void a_program_that_does_not_exist_fails_with_its_step(void **state)
{
	struct fixture *f = *state;
	struct program p;

	describe(&p, "ghost", "");
	p.argv[0] = "/nonexistent/program";
	p.argv[1] = NULL;
	p.service.restart = HK_SERVICE_RESTART_NO;
	add(f, &p);
	start_all(f);
	await_end(f);
	assert_string_equal(
	    find_seen(f, "ghost", HK_SERVICE_EVENT_STATE, HK_SERVICE_STATE_FAILED)->error,
	    "exec: '/nonexistent/program': no such file or directory (ENOENT)");
}

static void dependencies_start_first_and_stop_last(void **state)
{
	struct fixture *f = *state;
	const hk_service_dependency on_db[] = { { "db", HK_SERVICE_HEALTHY, 0 } };
	const hk_service_dependency on_api[] = { { "api", HK_SERVICE_STARTED, 0 } };
	struct program p;

	describe(&p, "web", "exec sleep 1000");
	p.service.dependencies = on_api;
	p.service.dependency_count = 1;
	add(f, &p);
	describe(&p, "api", "exec sleep 1000");
	p.service.dependencies = on_db;
	p.service.dependency_count = 1;
	add(f, &p);
	add_line(f, "db", "exec sleep 1000");
	start_all(f);
	(void) await_state(f, "web", HK_SERVICE_STATE_READY);
	assert_true(seq_of(f, "db", HK_SERVICE_STATE_READY) <
		    seq_of(f, "api", HK_SERVICE_STATE_STARTING));
	assert_true(seq_of(f, "api", HK_SERVICE_STATE_RUNNING) <
		    seq_of(f, "web", HK_SERVICE_STATE_STARTING));
	hk_service_set_stop(f->set);
	await_end(f);
	assert_true(seq_of(f, "web", HK_SERVICE_STATE_STOPPED) <
		    seq_of(f, "api", HK_SERVICE_STATE_STOPPING));
	assert_true(seq_of(f, "api", HK_SERVICE_STATE_STOPPED) <
		    seq_of(f, "db", HK_SERVICE_STATE_STOPPING));
	assert_int_equal(f->summary.stopped, 3);
}

static void a_task_that_must_complete_is_waited_for(void **state)
{
	struct fixture *f = *state;
	const hk_service_dependency on_task[] = { { "task",
	    HK_SERVICE_COMPLETED_SUCCESSFULLY, 0 } };
	const hk_service_dependency on_broken[] = { { "broken",
	    HK_SERVICE_COMPLETED_SUCCESSFULLY, 0 } };
	struct program p;

	add_line(f, "task", "true");
	describe(&p, "broken", "false");
	p.service.restart = HK_SERVICE_RESTART_NO;
	add(f, &p);
	describe(&p, "good", "true");
	p.service.dependencies = on_task;
	p.service.dependency_count = 1;
	add(f, &p);
	describe(&p, "bad", "true");
	p.service.dependencies = on_broken;
	p.service.dependency_count = 1;
	add(f, &p);
	start_all(f);
	await_end(f);
	assert_true(seq_of(f, "task", HK_SERVICE_STATE_COMPLETED) <
		    seq_of(f, "good", HK_SERVICE_STATE_STARTING));
	assert_int_equal(count_seen(f, "bad", HK_SERVICE_STATE_STARTING), 0);
	assert_non_null(strstr(
	    find_seen(f, "bad", HK_SERVICE_EVENT_STATE, HK_SERVICE_STATE_FAILED)->error,
	    "'broken'"));
	assert_int_equal(f->summary.completed, 2);
	assert_int_equal(f->summary.failed, 2);
}

static void naming_one_starts_what_it_needs_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	const hk_service_dependency on_db[] = { { "db", HK_SERVICE_STARTED, 0 } };
	const char *const names[] = { "api", NULL };
	struct program p;

	describe(&p, "api", "true");
	p.service.dependencies = on_db;
	p.service.dependency_count = 1;
	add(f, &p);
	add_line(f, "db", "true");
	add_line(f, "other", "true");
	assert_int_equal(hk_service_set_start(f->set, names, NULL), 0);
	await_end(f);
	assert_int_equal(f->summary.completed, 2);
	assert_int_equal(count_seen(f, "other", HK_SERVICE_STATE_STARTING), 0);
}

static void mistakes_start_nothing(void **state)
{
	struct fixture *f = *state;
	const hk_service_dependency on_self[] = { { "loop", HK_SERVICE_STARTED, 0 } };
	const char *const names[] = { "nobody", "none", NULL };
	hk_error_list *errors = NULL;
	struct program p;

	assert_int_equal(hk_error_list_new(&errors), 0);
	add_line(f, "fine", "true");
	assert_int_equal(hk_service_set_start(f->set, names, errors), -ENOENT);
	assert_int_equal(hk_error_list_count(errors), 2);
	hk_error_list_clear(errors);
	describe(&p, "fine", "true");
	assert_int_equal(hk_service_set_add(f->set, &p.service, errors), -EEXIST);
	describe(&p, "-bad name", "true");
	p.process.argv = NULL;
	p.health.kind = HK_SERVICE_HEALTH_TCP;
	p.health.target = "nowhere";
	p.service.health = &p.health;
	assert_int_equal(hk_service_set_add(f->set, &p.service, errors), -EINVAL);
	assert_int_equal(hk_error_list_count(errors), 4);
	describe(&p, "loop", "true");
	p.service.dependencies = on_self;
	p.service.dependency_count = 1;
	add(f, &p);
	assert_int_equal(hk_service_set_check(f->set, NULL, errors), -ELOOP);
	assert_int_equal(hk_service_set_start(f->set, NULL, errors), -ELOOP);
	assert_int_equal(f->count, 0);
	hk_error_list_free(errors);
}

static void a_stubborn_program_is_killed_after_its_grace(void **state)
{
	struct fixture *f = *state;
	struct program p;
	char path[128], line[300];

	path_in(f, path, "ready");
	(void) snprintf(line, sizeof(line),
	    "trap '' TERM; touch %s; while :; do sleep 1000; done", path);
	describe(&p, "stubborn", line);
	p.step.signal = SIGTERM;
	p.step.wait_ns = 50 * HKI_NS_PER_MS;
	p.process.stop_steps = &p.step;
	p.process.stop_step_count = 1;
	add(f, &p);
	start_all(f);
	(void) await_state(f, "stubborn", HK_SERVICE_STATE_READY);
	while (access(path, F_OK) < 0)
		assert_true(hk_loop_run_once(f->loop, 1) >= 0);
	hk_service_set_stop(f->set);
	await_end(f);
	assert_string_equal(
	    find_seen(f, "stubborn", HK_SERVICE_EVENT_STATE, HK_SERVICE_STATE_STOPPED)
		->signal,
	    "SIGKILL");
}

static void a_second_stop_kills_at_once(void **state)
{
	struct fixture *f = *state;
	struct program p;
	char path[128], line[300];
	uint64_t begin;

	path_in(f, path, "ready");
	(void) snprintf(line, sizeof(line),
	    "trap '' TERM; touch %s; while :; do sleep 1000; done", path);
	describe(&p, "stubborn", line);
	p.step.signal = SIGTERM;
	p.step.wait_ns = 1000 * HKI_NS_PER_S;
	p.process.stop_steps = &p.step;
	p.process.stop_step_count = 1;
	add(f, &p);
	start_all(f);
	while (access(path, F_OK) < 0)
		assert_true(hk_loop_run_once(f->loop, 1) >= 0);
	begin = hki_clock_monotonic_ns();
	hk_service_set_stop(f->set);
	hk_service_set_stop(f->set);
	await_end(f);
	assert_in_range(hki_clock_monotonic_ns() - begin, 0, 20 * HKI_NS_PER_S);
}

static void stopping_while_it_starts_leaves_nothing(void **state)
{
	struct fixture *f = *state;

	add_line(f, "quick", "exec sleep 1000");
	start_all(f);
	hk_service_set_stop(f->set);
	await_end(f);
	assert_int_equal(f->summary.stopped, 1);
	f->ended = false;
	start_all(f);
	hk_service_set_stop(f->set);
	hk_service_set_stop(f->set);
	await_end(f);
	assert_int_equal(f->summary.stopped, 1);
}

static void a_grandchild_that_keeps_the_output_holds_nothing_up(void **state)
{
	struct fixture *f = *state;
	char path[128], line[400];
	hk_reaper *reaper = NULL;
	FILE *file;
	int pid = 0;

	/* Where no cgroup can be made, orphans are found by a reaper, as `hostkit up` has. */
	hk_service_set_free(f->set);
	assert_int_equal(hk_reaper_new(&reaper, f->loop), 0);
	make_set(f, NULL);
	path_in(f, path, "pid");
	(void) snprintf(line, sizeof(line), "sleep 1000 & echo $! > %s; exit 0", path);
	add_line(f, "parent", line);
	start_all(f);
	await_end(f);
	assert_int_equal(f->summary.completed, 1);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	(void) fclose(file);
	assert_false(is_alive(pid)); /* it went with its tree */
	hk_service_set_free(f->set);
	f->set = NULL;
	hk_reaper_free(reaper);
}

static void one_service_can_be_restarted_stopped_and_killed(void **state)
{
	struct fixture *f = *state;
	pid_t first;

	add_line(f, "one", "exec sleep 1000");
	add_line(f, "other", "exec sleep 1000");
	start_all(f);
	first = await_state(f, "one", HK_SERVICE_STATE_READY)->pid;
	f->looked_at = 0;
	(void) await_state(f, "other", HK_SERVICE_STATE_READY);
	assert_int_equal(hk_service_set_restart_one(f->set, "one"), 0);
	(void) await_state(f, "one", HK_SERVICE_STATE_RESTARTING);
	assert_int_not_equal(await_state(f, "one", HK_SERVICE_STATE_READY)->pid, first);
	assert_int_equal(hk_service_set_stop_one(f->set, "one"), 0);
	(void) await_state(f, "one", HK_SERVICE_STATE_STOPPED);
	assert_false(f->ended);
	assert_int_equal(hk_service_set_kill_one(f->set, "other"), 0);
	await_end(f);
	assert_int_equal(hk_service_set_restart_one(f->set, "nobody"), -ENOENT);
	assert_int_equal(count_seen(f, "other", HK_SERVICE_STATE_STARTING), 1);
}

static void instances_come_and_go_with_the_scale(void **state)
{
	struct fixture *f = *state;
	struct program p;
	hk_service_list *list = NULL;

	describe(&p, "many", "exec sleep 1000");
	p.service.scale = 2;
	add(f, &p);
	start_all(f);
	while (count_seen(f, "many", HK_SERVICE_STATE_READY) < 2)
		turn(f);
	assert_int_equal(hk_service_set_scale(f->set, "many", 4), 0);
	while (count_seen(f, "many", HK_SERVICE_STATE_READY) < 4)
		turn(f);
	assert_int_equal(hk_service_list_new(&list, f->set), 0);
	assert_int_equal(hk_service_list_count(list), 4);
	for (size_t i = 0; i < 4; i++) {
		const hk_service_info *info = hk_service_list_get(list, i);

		assert_string_equal(info->service, "many");
		assert_int_equal(info->instance, i + 1);
		assert_int_equal(info->state, HK_SERVICE_STATE_READY);
		assert_true(is_alive((pid_t) info->pid));
	}
	assert_null(hk_service_list_get(list, 4));
	hk_service_list_free(list);
	assert_int_equal(hk_service_set_scale(f->set, "many", 1), 0);
	while (count_seen(f, "many", HK_SERVICE_STATE_STOPPED) < 3)
		turn(f);
	assert_int_equal(hk_service_list_new(&list, f->set), 0);
	assert_int_equal(hk_service_list_count(list), 1);
	hk_service_list_free(list);
	assert_int_equal(hk_service_set_scale(f->set, "many", 1001), -EINVAL);
	assert_int_equal(hk_service_set_scale(f->set, "few", 1), -ENOENT);
}

static void the_environment_names_the_service(void **state)
{
	struct fixture *f = *state;
	const char *const env[] = { "NOTIFY_SOCKET=mine", "A=b", NULL };
	struct program p;

	describe(&p, "env",
	    "echo \"$HOSTKIT_SERVICE $HOSTKIT_INSTANCE $A $NOTIFY_SOCKET "
	    "[$LISTEN_FDS]\"; exit 1");
	p.process.env = env;
	p.service.restart = HK_SERVICE_RESTART_NO;
	add(f, &p);
	assert_int_equal(setenv("LISTEN_FDS", "3", 1), 0);
	start_all(f);
	await_end(f);
	assert_int_equal(unsetenv("LISTEN_FDS"), 0);
	assert_string_equal(
	    find_seen(f, "env", HK_SERVICE_EVENT_STATE, HK_SERVICE_STATE_FAILED)->output,
	    "env 1 b mine []\n");
}

static void output_goes_to_the_log_file_of_the_service(void **state)
{
	struct fixture *f = *state;
	hk_log_file_opts log = HK_LOG_FILE_OPTS_INIT;
	struct program p;
	char path[128], text[100] = "";
	FILE *file;

	path_in(f, path, "out.log");
	log.path = path;
	describe(&p, "talker", "echo out; echo err >&2; echo out again");
	p.service.log = &log;
	add(f, &p);
	start_all(f);
	await_end(f);
	hk_service_set_free(f->set);
	f->set = NULL;
	file = fopen(path, "re");
	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof(text), file), 18);
	(void) fclose(file);
	assert_string_equal(text, "out\nerr\nout again\n"); /* one pipe keeps the order */
}

static void freeing_the_set_kills_what_runs(void **state)
{
	struct fixture *f = *state;
	pid_t pid;

	add_line(f, "one", "exec sleep 1000");
	start_all(f);
	pid = await_state(f, "one", HK_SERVICE_STATE_READY)->pid;
	hk_service_set_free(f->set);
	f->set = NULL;
	assert_int_equal(hk_loop_run(f->loop), 0);
	while (is_alive(pid)) /* the kernel takes a moment */
		assert_true(hk_loop_run_once(f->loop, 1) >= 0);
}

static void the_set_may_be_freed_in_any_of_its_callbacks(void **state)
{
	struct fixture *f = *state;

	/* Each time a later event is the one that frees; together they are all there are. */
	for (size_t which = 0;; which++) {
		bool over;

		f->count = f->looked_at = 0;
		f->ended = false;
		if (f->set == NULL)
			make_set(f, NULL);
		add_line(f, "one", "echo x; exit 1");
		start_all(f);
		while (f->set != NULL && f->count < which)
			turn(f);
		over = which > 8;
		f->free_on_event = !over;
		while (f->set != NULL && !over)
			turn(f);
		if (over)
			break;
		assert_int_equal(hk_loop_run(f->loop), 0);
	}
}

static void the_loop_may_go_before_the_set(void **state)
{
	struct fixture *f = *state;

	add_line(f, "one", "exec sleep 1000");
	start_all(f);
	(void) await_state(f, "one", HK_SERVICE_STATE_READY);
	hk_loop_free(f->loop);
	assert_int_equal(hk_service_set_start(f->set, NULL, NULL), HK_ECLOSED);
	hk_service_set_stop(f->set);
	hk_service_set_free(f->set);
	assert_int_equal(hk_loop_new(&f->loop), 0);
	make_set(f, NULL);
}

static int describe_everything(void *unused)
{
	const hk_service_dependency on_one[] = { { "one", HK_SERVICE_STARTED, 0 } };
	const char *const env[] = { "A=b", NULL };
	const int codes[] = { 0, 3 };
	hk_log_file_opts log = HK_LOG_FILE_OPTS_INIT;
	hk_service_set *set = NULL;
	struct program p;
	hk_loop *loop = NULL;
	int r = hk_loop_new(&loop);

	(void) unused;
	if (r == 0)
		r = hk_service_set_new(&set, loop, NULL);
	log.path = "/dev/null";
	describe(&p, "one", "true");
	if (r == 0)
		r = hk_service_set_add(set, &p.service, NULL);
	describe(&p, "two", "true");
	p.process.env = env;
	p.process.cwd = "/";
	p.health.kind = HK_SERVICE_HEALTH_HTTP;
	p.health.target = "http://localhost/";
	p.service.health = &p.health;
	p.service.log = &log;
	p.service.success_codes = codes;
	p.service.success_code_count = 2;
	p.service.dependencies = on_one;
	p.service.dependency_count = 1;
	p.service.scale = 2;
	if (r == 0)
		r = hk_service_set_add(set, &p.service, NULL);
	if (r == 0)
		r = hk_service_set_check(set, NULL, NULL);
	hk_service_set_free(set);
	hk_loop_free(loop);
	return r;
}

static void running_out_of_memory_leaks_nothing(void **state)
{
	struct fixture *f = *state;

	hk_service_set_free(f->set); /* its threads must not allocate meanwhile */
	f->set = NULL;
	assert_true(hki_torture(describe_everything, NULL) > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		TEST(a_service_runs_is_ready_and_stops_when_asked),
		TEST(events_are_numbered_without_gaps_and_can_be_written),
		TEST(a_crash_is_restarted_and_shown_with_its_last_words),
		TEST(a_program_killed_from_outside_is_restarted),
		TEST(what_ends_well_is_not_restarted_unless_always),
		TEST(a_storm_ends_at_its_limit),
		TEST(a_program_that_does_not_exist_fails_with_its_step),
		TEST(dependencies_start_first_and_stop_last),
		TEST(a_task_that_must_complete_is_waited_for),
		TEST(naming_one_starts_what_it_needs_and_nothing_else),
		TEST(mistakes_start_nothing),
		TEST(a_stubborn_program_is_killed_after_its_grace),
		TEST(a_second_stop_kills_at_once),
		TEST(stopping_while_it_starts_leaves_nothing),
		TEST(a_grandchild_that_keeps_the_output_holds_nothing_up),
		TEST(one_service_can_be_restarted_stopped_and_killed),
		TEST(instances_come_and_go_with_the_scale),
		TEST(the_environment_names_the_service),
		TEST(output_goes_to_the_log_file_of_the_service),
		TEST(freeing_the_set_kills_what_runs),
		TEST(the_set_may_be_freed_in_any_of_its_callbacks),
		TEST(the_loop_may_go_before_the_set),
		TEST(running_out_of_memory_leaks_nothing),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
