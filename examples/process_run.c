/*
 * Run a program to its end: what it says is captured, and what it leaves behind
 * is ended with it.
 */
#include <stdio.h>
#include <hostkit/hostkit.h>

int main(void)
{
	const char *argv[] = { "sh", "-c", "sleep 60 & echo hello; exit 7", NULL };
	hk_process_opts program = HK_PROCESS_OPTS_INIT;
	hk_process_run_opts run = HK_PROCESS_RUN_OPTS_INIT;
	hk_process_result *result;
	int r;

	program.argv = argv;
	program.tree = HK_TREE_GROUP;
	program.stdio[1].kind = HK_STDIO_PIPE;
	run.process = &program;
	if ((r = hk_process_run(&result, &run, NULL)) < 0)
		return fprintf(stderr, "cannot run: %s\n", hk_error_text(r)), 1;
	printf("it said %s", result->stdout_data);
	printf(
	    "code %d, %u left behind and ended\n", result->exit.code, result->leftovers);
	hk_process_result_free(result);
}
