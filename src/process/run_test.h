#ifndef HKI_PROCESS_RUN_TEST_H
#define HKI_PROCESS_RUN_TEST_H

#include "process/probe_test.h"

/* What the tests of runs to completion share. */

/* Options of a run of @process.  Borrowed. */
static inline hk_process_run_opts run_opts(const hk_process_opts *process)
{
	hk_process_run_opts opts = HK_PROCESS_RUN_OPTS_INIT;

	opts.process = process;
	return opts;
}

/* The result of a run that is asserted to be possible.  Owned. */
static inline hk_process_result *run_with(const hk_process_run_opts *opts)
{
	hk_process_result *result = NULL;
	int r = hk_process_run(&result, opts, NULL);

	if (r < 0)
		fail_msg("the run failed: %s", hk_error_name(r));
	return result;
}

#endif /* HKI_PROCESS_RUN_TEST_H */
