/*
 * Claims and what is left, with real processes: a supervisor is a forked child
 * that claims a project, starts something, writes it down, and is killed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <hostkit/service.h>
#include "base/clock.h"
#include "os/procfs.h"
#include "service/leftovers.h"
#include "service/project_internal.h"

struct world {
	char directory[64];
	char state[96];
	char project[96];
};

static int remove_one(
    const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void) status;
	(void) kind;
	(void) walk;
	return remove(path);
}

static int setup(void **state)
{
	struct world *world = test_calloc(1, sizeof(*world));
	int fd;

	strcpy(world->directory, "/tmp/hostkit-project-XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	(void) snprintf(
	    world->state, sizeof(world->state), "%s/state/deep", world->directory);
	(void) snprintf(
	    world->project, sizeof(world->project), "%s/hostkit.yaml", world->directory);
	fd = open(world->project, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void) close(fd);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	assert_int_equal(0, nftw(world->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS));
	test_free(world);
	return 0;
}

/* The only lock file of the directory of states; returns how many there are. */
static int find_lock(char *out, size_t size, const char *directory)
{
	char pattern[128];
	glob_t found;
	int count;

	(void) snprintf(pattern, sizeof(pattern), "%s/*.lock", directory);
	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	count = (int) found.gl_pathc;
	(void) snprintf(out, size, "%s", found.gl_pathv[0]);
	globfree(&found);
	return count;
}

static void a_second_claim_is_refused_and_names_the_first(void **state)
{
	struct world *world = *state;
	hk_service_project *first = NULL;
	hk_service_project *second = NULL;
	hk_error_list *errors = NULL;
	char own[HK_PROCESS_ID_TEXT_MAX];
	hk_process_id id;

	assert_int_equal(0, hk_error_list_new(&errors));
	assert_int_equal(
	    -ESRCH, hk_service_project_supervisor(&id, world->project, world->state));
	assert_int_equal(
	    0, hk_service_project_open(&first, world->project, world->state, errors));
	assert_int_equal(-EBUSY,
	    hk_service_project_open(&second, world->project, world->state, errors));
	assert_null(second);
	(void) snprintf(own, sizeof(own), "%d@", (int) getpid());
	assert_non_null(strstr(hk_error_list_get(errors, 0)->hint, own));
	assert_int_equal(
	    0, hk_service_project_supervisor(&id, world->project, world->state));
	assert_int_equal(getpid(), id.pid);

	hk_service_project_free(first);
	assert_int_equal(
	    0, hk_service_project_open(&second, world->project, world->state, errors));
	hk_service_project_free(second);
	hk_error_list_free(errors);
}

/* Holds a copy of the claim, as a child between clone and exec does, for a moment. */
static void *let_go_soon(void *fd)
{
	const struct timespec moment = { .tv_nsec = 50 * 1000 * 1000 };

	(void) nanosleep(&moment, NULL);
	(void) close(*(int *) fd);
	return NULL;
}

static void a_claim_left_to_a_start_in_flight_is_waited_for(void **state)
{
	struct world *world = *state;
	hk_service_project *project = NULL;
	pthread_t starter;
	char lock[256];
	int status, copy;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) /* a supervisor that is killed, as far as its file can tell */
		_exit(hk_service_project_open(
			  &project, world->project, world->state, NULL) < 0);
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_int_equal(0, status);
	assert_int_equal(1, find_lock(lock, sizeof(lock), world->state));
	copy = open(lock, O_RDWR | O_CLOEXEC);
	assert_true(copy >= 0);
	assert_int_equal(0, flock(copy, LOCK_EX | LOCK_NB));

	assert_int_equal(0, pthread_create(&starter, NULL, let_go_soon, &copy));
	assert_int_equal(
	    0, hk_service_project_open(&project, world->project, world->state, NULL));
	assert_int_equal(0, pthread_join(starter, NULL));
	hk_service_project_free(project);
}

static void a_directory_others_can_write_to_is_refused(void **state)
{
	struct world *world = *state;
	hk_service_project *project = NULL;
	char open_to_all[128];

	(void) snprintf(open_to_all, sizeof(open_to_all), "%s/open", world->directory);
	assert_int_equal(0, mkdir(open_to_all, 0700));
	assert_int_equal(0, chmod(open_to_all, 0777));
	assert_int_equal(-EACCES,
	    hk_service_project_open(&project, world->project, open_to_all, NULL));
	assert_null(project);
}

/* ---- a supervisor that is killed ---- */

static bool journal_names(const char *path, const char *identity)
{
	char text[4096];
	size_t length;

	return hki_read_file(AT_FDCWD, path, text, sizeof(text), &length) == 0 &&
	       strstr(text, identity) != NULL;
}

/* In the child: never returns.  Tells the pids it started through @out. */
static void supervise_and_hang(const struct world *world, int out, bool write_down)
{
	hk_service_project *project = NULL;
	char identity[HK_PROCESS_ID_TEXT_MAX];
	hk_process_id id;
	pid_t pid;

	if (hk_service_project_open(&project, world->project, world->state, NULL) < 0)
		_exit(1);
	pid = fork();
	if (pid == 0) {
		if (!write_down)
			putenv((char *) (uintptr_t) hki_project_environment(project));
		(void) setsid();
		(void) execlp("sleep", "sleep", "300", (char *) NULL);
		_exit(127);
	}
	/* The start is known once exec is done: the name changes then. */
	for (;;) {
		char path[64];
		char name[32];
		size_t length;

		(void) snprintf(path, sizeof(path), "/proc/%d/comm", (int) pid);
		if (hki_read_file(AT_FDCWD, path, name, sizeof(name), &length) == 0 &&
		    strcmp(name, "sleep\n") == 0)
			break;
	}
	if (hk_process_id_read(&id, pid) < 0)
		_exit(2);
	if (write_down) {
		(void) hk_process_id_format(identity, sizeof(identity), &id);
		hki_project_started(project, &id, "api", 1, NULL);
		while (!journal_names(project->journal_path, identity))
			(void) usleep(1000);
	}
	(void) !write(out, &id, sizeof(id));
	for (;;)
		(void) pause();
}

/* Gone, or a zombie: collecting it is the business of whoever adopted it. */
static bool has_ended(const hk_process_id *id)
{
	hki_proc_stat stat;

	if (hk_process_id_kill(id, 0) == -ESRCH)
		return true;
	return hki_proc_stat_read(&stat, (pid_t) id->pid) < 0 || stat.state == 'Z';
}

static void end_what_a_killed_supervisor_left(struct world *world, bool write_down)
{
	hk_service_project *project = NULL;
	hk_process_id left;
	int ends[2];
	pid_t supervisor;

	assert_int_equal(0, pipe2(ends, O_CLOEXEC));
	supervisor = fork();
	if (supervisor == 0)
		supervise_and_hang(world, ends[1], write_down);
	assert_int_equal(sizeof(left), read(ends[0], &left, sizeof(left)));
	assert_int_equal(0, kill(supervisor, SIGKILL));
	assert_int_equal(supervisor, waitpid(supervisor, NULL, 0));
	assert_false(has_ended(&left));

	assert_int_equal(
	    0, hk_service_project_open(&project, world->project, world->state, NULL));
	assert_int_equal(1, hk_service_project_end_leftovers(project, 2 * HKI_NS_PER_S));
	assert_true(has_ended(&left));
	assert_int_equal(0, hk_service_project_end_leftovers(project, 0));
	hk_service_project_free(project);
	(void) close(ends[0]);
	(void) close(ends[1]);
}

static void what_was_written_down_is_ended(void **state)
{
	end_what_a_killed_supervisor_left(*state, true);
}

static void what_carries_the_mark_is_ended_even_if_never_written_down(void **state)
{
	end_what_a_killed_supervisor_left(*state, false);
}

static void an_identity_of_another_time_hits_nobody(void **state)
{
	struct world *world = *state;
	hk_service_project *project = NULL;
	hk_process_id id;
	pid_t stranger = fork();

	if (stranger == 0) {
		for (;;)
			(void) pause();
	}
	assert_int_equal(0, hk_process_id_read(&id, stranger));
	id.start_ticks--;
	id.inode = 0;
	assert_int_equal(
	    0, hk_service_project_open(&project, world->project, world->state, NULL));
	hki_project_started(project, &id, "api", 1, NULL);
	hki_journal_free(project->journal); /* everything is written now */
	project->journal = NULL;
	assert_int_equal(0, hk_service_project_end_leftovers(project, 0));
	assert_int_equal(0, kill(stranger, 0));
	hk_service_project_free(project);
	assert_int_equal(0, kill(stranger, SIGKILL));
	assert_int_equal(stranger, waitpid(stranger, NULL, 0));
}

/* ---- the journal ---- */

static void a_journal_is_read_up_to_where_it_was_cut(void **state)
{
	char text[] = "boot here\n"
		      "+ 10@100:7 api 1 /sys/fs/cgroup/a b\n"
		      "+ 11@100:8 api 2 -\n"
		      "nonsense\n"
		      "+ 12 api 3 -\n"
		      "- 11@100:8\n"
		      "+ 13@100:9 web 1 -\n"
		      "+ 14@100:10 web 2 ";
	char other[] = "boot there\n+ 10@100:7 api 1 -\n";
	hki_journal_entries entries;

	(void) state;
	assert_int_equal(0, hki_journal_parse(&entries, text, "here"));
	assert_int_equal(2, entries.count);
	assert_int_equal(10, entries.items[0].id.pid);
	assert_string_equal("/sys/fs/cgroup/a b", entries.items[0].cgroup);
	assert_int_equal(13, entries.items[1].id.pid);
	assert_null(entries.items[1].cgroup);
	hki_journal_entries_deinit(&entries);

	assert_int_equal(0, hki_journal_parse(&entries, other, "here"));
	assert_int_equal(0, entries.count);
	hki_journal_entries_deinit(&entries);
}

static void years_of_restarts_do_not_fill_the_disk(void **state)
{
	struct world *world = *state;
	hk_service_project *project = NULL;
	hk_process_id id = { 1000, 1, 1 };
	struct stat status;

	assert_int_equal(
	    0, hk_service_project_open(&project, world->project, world->state, NULL));
	for (int i = 0; i < 20000; i++) {
		id.start_ticks++;
		hki_project_started(project, &id, "api", 1, NULL);
		if (i < 19999)
			hki_project_ended(project, &id);
	}
	hki_journal_free(project->journal);
	project->journal = NULL;
	assert_int_equal(0, stat(project->journal_path, &status));
	assert_true(status.st_size < 200 * 1024);
	hk_service_project_free(project);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_second_claim_is_refused_and_names_the_first),
		IN_WORLD(a_claim_left_to_a_start_in_flight_is_waited_for),
		IN_WORLD(a_directory_others_can_write_to_is_refused),
		IN_WORLD(what_was_written_down_is_ended),
		IN_WORLD(what_carries_the_mark_is_ended_even_if_never_written_down),
		IN_WORLD(an_identity_of_another_time_hits_nobody),
		cmocka_unit_test(a_journal_is_read_up_to_where_it_was_cut),
		IN_WORLD(years_of_restarts_do_not_fill_the_disk),
	};

	return cmocka_run_group_tests_name("project", tests, NULL, NULL);
}
