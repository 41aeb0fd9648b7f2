#ifndef HKI_SYSTEM_PROCESS_DETAILS_TEST_H
#define HKI_SYSTEM_PROCESS_DETAILS_TEST_H

/* What the tests of process details share: reading them, and a child to read of. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include <hostkit/system_process.h>
#include "base/clock.h"
#include "system/process_details.h"

static inline hk_system_details_result *read_of(pid_t pid, uint32_t sections)
{
	hk_system_details_opts opts = HK_SYSTEM_DETAILS_OPTS_INIT;
	hk_system_details_result *result = NULL;
	int r;

	opts.pid = pid;
	opts.sections = sections;
	opts.deadline_ns = 20 * HKI_NS_PER_S;
	r = hk_system_details_read(&result, &opts);
	if (r < 0)
		fail_msg("details of %d: %s", (int) pid, hk_error_name(r));
	return result;
}

static inline bool shows(
    const hk_record *record, const hk_record_type *type, const char *name)
{
	int index = hk_record_find(type, name);

	assert_true(index >= 0);
	return hk_record_has(record, (unsigned int) index);
}

#define SHOWS(row, type, name) shows(&(row)->record, &(type), name)

/* A child that waits until it is told to go. */
typedef struct child {
	pid_t pid;
	int pipe;
} child;

static inline child start_child(void)
{
	int fds[2];
	child made;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	made.pid = fork();
	assert_true(made.pid >= 0);
	if (made.pid == 0) {
		char byte;

		(void) close(fds[1]);
		(void) !read(fds[0], &byte, 1);
		_exit(0);
	}
	(void) close(fds[0]);
	made.pipe = fds[1];
	return made;
}

static inline void end_child(const child *of)
{
	(void) close(of->pipe);
	assert_int_equal(waitpid(of->pid, NULL, 0), of->pid);
}

/* A reading of no process, to parse texts into.  One at a time. */
static inline hki_details_reading parsing(void)
{
	static hk_system_details_result result;
	hki_details_reading reading = { .result = &result, .ref = HKI_PIDREF_NULL };

	hki_arena_deinit(&result.arena);
	reading.directory = -1;
	return reading;
}

#endif /* HKI_SYSTEM_PROCESS_DETAILS_TEST_H */
