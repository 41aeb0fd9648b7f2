/*
 * Start a program on a loop, talk to it through pipes, and hear of its end.  Here
 * sort(1) gets three words and gives them back in order.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/hostkit.h>

static void ended(hk_process *process, const hk_process_exit *how, void *user)
{
	char text[64];
	ssize_t length = read(hk_process_stdio(process, 1), text, sizeof(text));

	(void) user;
	if (length > 0)
		printf("%.*s", (int) length, text);
	if (how->end == HK_END_CODE)
		printf("it ended with code %d\n", how->code);
	hk_process_free(process);
}

int main(void)
{
	static const char words[] = "cherry\napple\nbanana\n";
	const char *argv[] = { "sort", NULL };
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	hk_process *process;
	hk_loop *loop;
	int input;
	int r;

	if ((r = hk_loop_new(&loop)) < 0)
		return fprintf(stderr, "no loop: %s\n", hk_error_text(r)), 1;
	opts.argv = argv;
	opts.stdio[0].kind = HK_STDIO_PIPE;
	opts.stdio[1].kind = HK_STDIO_PIPE;
	opts.on_exit = ended;
	if ((r = hk_process_spawn(&process, loop, &opts, NULL)) < 0) {
		hk_loop_free(loop);
		return fprintf(stderr, "cannot start: %s\n", hk_error_text(r)), 1;
	}

	/* A few words fit into any pipe; closing it tells sort that there are no more. */
	input = hk_process_take_stdio(process, 0);
	if (write(input, words, strlen(words)) < 0)
		perror("write");
	close(input);

	r = hk_loop_run(loop); /* until nothing is left to wait for */
	hk_loop_free(loop);
	return r < 0;
}
