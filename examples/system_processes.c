/*
 * Look at every process twice: who came, who went, and what they did in between.
 * Here a shell starts in between, keeps a processor busy and is killed.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <hostkit/hostkit.h>

static const hk_system_process *only_child(const hk_system_processes *table, size_t count,
    const hk_system_process *(*get)(const hk_system_processes *, size_t))
{
	for (size_t i = 0; i < count; i++)
		if (get(table, i)->ppid == getpid())
			return get(table, i);
	return NULL;
}

/* Sample until the child has used @seconds of processor time. */
static int watch(
    hk_system_processes *table, const hk_system_process *child, double seconds)
{
	int r = 0;

	/* What was late, such as a command line on a busy machine, comes with a later look. */
	while (r >= 0 && (child->cpu_s < seconds || child->command.count == 0)) {
		usleep(20000);
		r = hk_system_processes_sample(table);
	}
	return r;
}

static void ended(hk_process *process, const hk_process_exit *how, void *user)
{
	(void) how;
	(void) user;
	hk_process_free(process);
}

int main(void)
{
	const char *argv[] = { "sh", "-c", "while :; do :; done", NULL };
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_process_opts start = HK_PROCESS_OPTS_INIT;
	hk_system_processes *table = NULL;
	const hk_system_process *child;
	hk_process *process;
	hk_loop *loop = NULL;
	int r;

	start.argv = argv;
	start.on_exit = ended;
	hk_system_process_fields_add(&opts.fields, HK_SYSTEM_PROCESS_COMMAND);
	if ((r = hk_system_processes_open(&table, &opts)) < 0 ||
	    (r = hk_system_processes_sample(table)) < 0 || (r = hk_loop_new(&loop)) < 0 ||
	    (r = hk_process_spawn(&process, loop, &start, NULL)) < 0 ||
	    (r = hk_system_processes_sample(table)) < 0)
		return fprintf(stderr, "%s\n", hk_error_text(r)), 1;

	child = only_child(
	    table, hk_system_processes_started_count(table), hk_system_processes_started);
	if (child == NULL || (r = watch(table, child, 0.05)) < 0)
		return 1;
	printf("%s started, with %zu words\n", child->name, child->command.count);
	printf("it is %s\n", child->cpu_s >= 0.05 ? "busy" : "idle");

	if ((r = hk_process_kill(process, SIGKILL)) == 0)
		r = hk_loop_run(loop); /* until it has been collected */
	do {
		r = hk_system_processes_sample(table);
		child = only_child(table, hk_system_processes_exited_count(table),
		    hk_system_processes_exited);
	} while (child == NULL && r >= 0);
	if (child != NULL)
		printf("it is gone\n");
	hk_system_processes_close(table);
	hk_loop_free(loop);
	return r < 0;
}
