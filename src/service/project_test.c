#include "service/fixture.h"

#include <sys/prctl.h>
#include "base/alloc.h"
#include "service/project.h"

/* One supervisor a project, and what a killed one leaves. */

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

static void a_second_supervisor_is_refused_with_the_firsts_name(void **state)
{
	struct fixture *f = *state;
	hk_service_project *first = NULL, *second = NULL;
	hk_error_list *errors = NULL;
	char state_path[128], pid[32];
	hk_process_id holder;

	path_in(f, state_path, "state");
	assert_int_equal(hk_error_list_new(&errors), 0);
	assert_int_equal(
	    hk_service_project_supervisor(&holder, f->directory, state_path), -ESRCH);
	assert_int_equal(open_project(f, &first, errors), 0);
	/* A descriptor opened anew is another lock holder, even in the same process. */
	assert_int_equal(open_project(f, &second, errors), -EBUSY);
	assert_null(second);
	assert_int_equal(hk_error_list_count(errors), 1);
	(void) snprintf(pid, sizeof(pid), "process %d ", (int) getpid());
	assert_non_null(strstr(hk_error_list_get(errors, 0)->text, pid));
	assert_int_equal(
	    hk_service_project_supervisor(&holder, f->directory, state_path), 0);
	assert_int_equal(holder.pid, getpid());
	assert_true(holder.start_ticks > 0);
	hk_service_project_free(first);
	assert_int_equal(
	    hk_service_project_supervisor(&holder, f->directory, state_path), -ESRCH);
	assert_int_equal(open_project(f, &second, errors), 0);
	hk_service_project_free(second);
	hk_error_list_free(errors);
}

static void a_directory_others_can_write_to_is_refused(void **state)
{
	struct fixture *f = *state;
	hk_service_project *project = NULL;
	char path[128];

	path_in(f, path, "state");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(open_project(f, &project, NULL), -EPERM);
	assert_null(project);
}

static void a_project_that_does_not_exist_is_an_error(void **state)
{
	struct fixture *f = *state;
	hk_service_project *project = NULL;
	char path[128];

	path_in(f, path, "nowhere");
	assert_int_equal(hk_service_project_open(&project, path, NULL, NULL), -ENOENT);
}

struct rows {
	unsigned int count;
	hki_state_row last;
	char cgroup[64];
};

static void note_row(const hki_state_row *row, void *user)
{
	struct rows *rows = user;

	rows->count++;
	rows->last = *row;
	(void) snprintf(rows->cgroup, sizeof(rows->cgroup), "%s",
	    row->cgroup != NULL ? row->cgroup : "");
}

static void state_is_read_leniently_and_only_of_this_boot(void **state)
{
	char text[] = "hostkit-state 1\nboot B\nsomething new 17\n"
		      "instance api 2 7 123@456:789 /sys/fs/cgroup/x\n"
		      "instance broken x y z\ninstance init 1 0 1@5\n"
		      "instance nostart 1 0 77\n\n\xff\xfe garbage";
	char other[] = "boot A\ninstance api 2 7 123@456:789\n";
	struct rows rows = { 0 };

	(void) state;
	hki_state_each(text, "B", note_row, &rows);
	assert_int_equal(rows.count, 1);
	assert_string_equal(rows.last.service, "api");
	assert_int_equal(rows.last.instance, 2);
	assert_int_equal(rows.last.restarts, 7);
	assert_int_equal(rows.last.id.pid, 123);
	assert_int_equal(rows.last.id.inode, 789);
	assert_string_equal(rows.cgroup, "/sys/fs/cgroup/x");
	hki_state_each(other, "B", note_row, &rows);
	assert_int_equal(rows.count, 1);
}

/* Be a supervisor with two services until killed; tell their pids through @out. */
static void supervise(struct fixture *f, int out)
{
	hk_service_project *project = NULL;
	pid_t pids[2];

	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	hk_service_set_free(f->set);
	hk_loop_free(f->loop);
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
	if (write(out, pids, sizeof(pids)) != sizeof(pids))
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
	if (supervisor == 0)
		supervise(f, ends[1]);
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
	census.entry = project->environment;
	assert_int_equal(hki_proc_each(count_marked, &census), 0);
	assert_int_equal(census.count, 0);
	assert_int_equal(hk_service_project_end_leftovers(project, 0), 0);
	hk_service_project_free(project);
	/* An orderly end leaves nothing to be found. */
	assert_int_equal(open_project(f, &project, NULL), 0);
	assert_null(project->left);
	hk_service_project_free(project);
}

static void a_broken_state_file_ends_nobody(void **state)
{
	struct fixture *f = *state;
	hk_service_project *project = NULL;
	char path[256];
	pid_t bystander;
	FILE *file;

	bystander = fork();
	if (bystander == 0)
		for (;;)
			(void) pause();
	assert_int_equal(open_project(f, &project, NULL), 0);
	(void) snprintf(
	    path, sizeof(path), "%s/state/%s.state", f->directory, project->key);
	file = fopen(path, "we");
	assert_non_null(file);
	/* Its pid with another start: somebody else by now. */
	(void) fprintf(file, "hostkit-state 1\nboot %s\ninstance a 1 0 %d@1:1\n",
	    project->boot_id, (int) bystander);
	(void) fclose(file);
	project->left = hki_strdup("keep"); /* so that freeing leaves the file */
	hk_service_project_free(project);
	assert_int_equal(open_project(f, &project, NULL), 0);
	assert_non_null(project->left);
	assert_int_equal(hk_service_project_end_leftovers(project, 0), 0);
	assert_true(is_alive(bystander));
	hk_service_project_free(project);
	assert_int_equal(kill(bystander, SIGKILL), 0);
	assert_int_equal(waitpid(bystander, NULL, 0), bystander);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, teardown)
		TEST(a_second_supervisor_is_refused_with_the_firsts_name),
		TEST(a_directory_others_can_write_to_is_refused),
		TEST(a_project_that_does_not_exist_is_an_error),
		cmocka_unit_test(state_is_read_leniently_and_only_of_this_boot),
		TEST(what_a_killed_supervisor_left_is_ended),
		TEST(a_broken_state_file_ends_nobody),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
