#include "node.h"

#include <math.h>
#include <stdlib.h>
#include <hostkit/process.h>

/* A peer that hangs must not hold up the questions behind it. */
#define PATIENCE_NS 60000000000ULL

double bench_run_script(const char *const *argv)
{
	hk_process_opts process = HK_PROCESS_OPTS_INIT;
	hk_process_run_opts run = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_result *result;
	double figure = NAN;

	process.argv = argv;
	process.stdio[1].kind = HK_STDIO_PIPE;
	run.process = &process;
	run.timeout_ns = PATIENCE_NS;
	if (hk_process_run(&result, &run, NULL) < 0)
		return NAN;
	if (result->exit.end == HK_END_CODE && result->exit.code == 0)
		figure = atof(result->stdout_data);
	hk_process_result_free(result);
	return figure;
}

bool bench_has_node(void)
{
	const char *argv[] = { "node", "--eval", "console.log(1)", NULL };

	return bench_run_script(argv) == 1;
}
