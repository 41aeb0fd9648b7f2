#include "service/fixture.h"

#include <sys/prctl.h>
#include "service/state.h"

/* A supervisor that is killed, and the one that comes after it. */

static int open_project(
    struct fixture *f, hk_service_project **out, hk_error_list *errors)
{
	char state[128];

	path_in(f, state, "state");
	return hk_service_project_open(out, f->directory, state, errors);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char path[128];
	DIR *entries;
	struct dirent *entry;

	path_in(f, path, "state");
	entries = opendir(path);
	while (entries != NULL && (entry = readdir(entries)) != NULL)
		(void) unlinkat(dirfd(entries), entry->d_name, 0);
	if (entries != NULL)
		(void) closedir(entries);
	(void) rmdir(path);
	return fixture_teardown(state);
}

/* Be a supervisor with two services until killed; tell their pids on stdout.  It is
 * this program, executed again: a fork of a threaded one is a poor model. */
static void supervise(const char *directory)
{
	hk_service_project *project = NULL;
	struct fixture *f = calloc(1, sizeof(*f));
	pid_t pids[2];

	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	f->seen = calloc(SEEN_MAX, sizeof(*f->seen));
	(void) snprintf(f->directory, sizeof(f->directory), "%s", directory);
	if (hk_loop_new(&f->loop) < 0 || open_project(f, &project, NULL) < 0)
		_exit(1);
	make_set(f, project);
	add_line(f, "plain", "exec sleep 1000");
	/* One that leaves its tree and ignores what it is asked. */
	add_line(f, "stubborn",
	    "trap '' TERM; setsid sh -c \"trap '' TERM; sleep 1000; sleep 1000\" & "
	    "while :; do sleep 1000; done");
	start_all(f);
	pids[0] = await_state(f, "plain", HK_SERVICE_STATE_READY)->pid;
	f->looked_at = 0;
	pids[1] = await_state(f, "stubborn", HK_SERVICE_STATE_READY)->pid;
	for (int i = 0; i < 20; i++)
		turn(f);
	if (write(STDOUT_FILENO, pids, sizeof(pids)) != sizeof(pids))
		_exit(1);
	for (;;)
		turn(f);
}

struct census {
	const char *entry;
	unsigned int count;
};

static int count_marked(const hki_proc_stat *stat, void *user)
{
	struct census *census = user;

	if (stat->state != 'Z' && hki_proc_has_environment(stat->pid, census->entry) == 1)
		census->count++;
	return 0;
}

static void what_a_killed_supervisor_left_is_ended(void **state)
{
	struct fixture *f = *state;
	hk_service_project *project = NULL;
	struct census census = { 0 };
	pid_t pids[2], supervisor;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	supervisor = fork();
	assert_true(supervisor >= 0);
	if (supervisor == 0) {
		(void) dup2(ends[1], STDOUT_FILENO);
		(void) execl("/proc/self/exe", "supervisor", "supervise", f->directory,
		    (char *) NULL);
		_exit(127);
	}
	(void) close(ends[1]);
	assert_int_equal(read(ends[0], pids, sizeof(pids)), sizeof(pids));
	(void) close(ends[0]);
	assert_int_equal(kill(supervisor, SIGKILL), 0);
	assert_int_equal(waitpid(supervisor, NULL, 0), supervisor);
	assert_true(is_alive(pids[0]));
	assert_true(is_alive(pids[1]));

	assert_int_equal(open_project(f, &project, NULL), 0);
	assert_in_range(
	    hk_service_project_end_leftovers(project, 100 * HKI_NS_PER_MS), 3, 10);
	assert_false(is_alive(pids[0]));
	assert_false(is_alive(pids[1]));
	census.entry = hki_project_environment(project);
	assert_int_equal(hki_proc_each(count_marked, &census), 0);
	assert_int_equal(census.count, 0);
	assert_int_equal(hk_service_project_end_leftovers(project, 0), 0);
	hk_service_project_free(project);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, teardown)
		TEST(what_a_killed_supervisor_left_is_ended),
#undef TEST
	};

	if (argc == 3 && strcmp(argv[1], "supervise") == 0)
		supervise(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
