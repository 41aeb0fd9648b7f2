/*
 * Start a Node program and talk to it: each number is sent as a message, the answer
 * printed, and after the last one the program is let go.
 */
#include <stdio.h>
#include <string.h>
#include <hostkit/hostkit.h>

static void answered(hk_ipc_channel *channel, hk_ipc_channel_message *message, void *user)
{
	const hk_json *json = hk_ipc_channel_message_json(message);
	int *left = user;
	int64_t square;

	if (hk_json_get_int64(&square, hk_json_member(json, "square")) == 0)
		printf("the square is %lld\n", (long long) square);
	if (--*left == 0 && hk_ipc_channel_disconnect(channel) < 0)
		fprintf(stderr, "it had disconnected already\n");
}

static void ended(hk_process *process, const hk_process_exit *how, void *user)
{
	(void) process;
	(void) user;
	if (how->end == HK_END_CODE)
		printf("it ended with code %d\n", how->code);
}

int main(int argc, char **argv)
{
	static const char *const numbers[] = { "{\"number\":12}", "{\"number\":-5}" };
	hk_ipc_fork_opts opts = HK_IPC_FORK_OPTS_INIT;
	hk_ipc_channel_opts channel_opts = HK_IPC_CHANNEL_OPTS_INIT;
	hk_process_opts process_opts = HK_PROCESS_OPTS_INIT;
	hk_ipc_channel *channel;
	hk_loop *loop;
	int left = 2;
	int r;

	if ((r = hk_loop_new(&loop)) < 0)
		return fprintf(stderr, "no loop: %s\n", hk_error_text(r)), 1;
	channel_opts.on_message = answered;
	channel_opts.user = &left;
	process_opts.on_exit = ended;
	opts.module = argc > 1 ? argv[1] : "ipc_fork.js";
	opts.channel = &channel_opts;
	opts.process = &process_opts;
	if ((r = hk_ipc_fork(&channel, loop, &opts, NULL)) < 0) {
		hk_loop_free(loop);
		return fprintf(stderr, "cannot start: %s\n", hk_error_text(r)), 1;
	}
	for (int i = 0; i < 2 && r >= 0; i++)
		r = hk_ipc_channel_send(channel, numbers[i], strlen(numbers[i]), NULL);

	if (r >= 0)
		r = hk_loop_run(loop); /* until nothing is left to wait for */
	hk_ipc_channel_free(channel);
	hk_loop_free(loop);
	return r < 0;
}
