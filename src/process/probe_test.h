#ifndef HKI_PROCESS_PROBE_TEST_H
#define HKI_PROCESS_PROBE_TEST_H

#include <stddef.h>
#include <stdint.h>
#include <hostkit/process.h>

/*
 * What the tests of processes share.
 *
 * The child of most tests is the test program itself, started again with the name
 * of a probe: it prints one fact about itself, as the kernel tells it, and ends.
 * A test's main() gives probe_main() the first word.
 */

/* Runs the probe that the arguments name and exits; returns if they name none. */
void probe_main(int argc, char **argv);

/* The path of this program, for opts.file. */
const char *probe_path(void);

/* Options whose argv is the probe @name, with stdout and stderr captured by run. */
hk_process_opts probe_opts(const char *name);

/* Run @opts to the end and assert that it exited with 0.  The output without its
 * last line end; valid until the next call. */
const char *probe_run(const hk_process_opts *opts);

/* The options of a captured run of @argv. */
hk_process_opts command_opts(const char *const *argv);
#define COMMAND(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Start @opts, which must fail with @code, and assert that the first error reads
 * exactly @text. */
void assert_spawn_fails(const hk_process_opts *opts, int code, const char *text);

/* The number of descriptors this process has open. */
size_t count_open_fds(void);

/* Wait until @pid, a child or not, is no running process any more, at most a minute. */
void assert_ends(pid_t pid);
/* Is it there and no zombie? */
int is_running(pid_t pid);

/* Ignores how it ended. */
void end_ignored(hk_process *process, const hk_process_exit *how, void *user);
/* @user is a hk_process_exit to fill. */
void end_noted(hk_process *process, const hk_process_exit *how, void *user);

/* A temporary directory of this test program, removed by probe_remove_directory(). */
const char *probe_directory(void);
void probe_remove_directory(void);
/* A file in it; the path is valid until the next call. */
const char *probe_file(const char *name, const char *text, unsigned int mode);

/*
 * A loop and a process on it whose end is noted.  Tearing down asserts that no
 * process and no zombie is left.
 */
typedef struct fixture {
	hk_loop *loop;
	hk_process *process;
	hk_process_exit how;
	int calls;
} fixture;

int fixture_set_up(void **state);
int fixture_tear_down(void **state);
/* Notes the end in the fixture that is @user. */
void fixture_on_exit(hk_process *process, const hk_process_exit *how, void *user);
/* Options of @argv that inherit our streams. */
hk_process_opts fixture_opts(const char *const *argv);
/* Start f->process. */
hk_process *fixture_start(fixture *f, const hk_process_opts *opts);
hk_process *fixture_start_command(fixture *f, const char *const *argv);

#endif /* HKI_PROCESS_PROBE_TEST_H */
