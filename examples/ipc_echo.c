/*
 * A server that answers, and a client that asks it three things at once: both ends of a
 * conversation in one program and on one loop.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/hostkit.h>

static void answer(hk_ipc *ipc, const hk_ipc_message *message, void *user)
{
	(void) user;
	if (hk_ipc_send(ipc, message->data, message->length) < 0)
		hk_ipc_close(ipc, 0);
}

static void print(hk_ipc *ipc, const hk_ipc_message *message, void *user)
{
	int *left = user;

	printf("%.*s\n", (int) message->length, message->data);
	if (--*left == 0)
		hk_ipc_close(ipc, 0);
}

static void stop(hk_ipc *ipc, int reason, void *user)
{
	(void) user;
	printf("closed: %s\n", reason == 0 ? "in order" : hk_error_name(reason));
	hk_loop_stop(hk_ipc_loop(ipc), 0);
}

int main(void)
{
	const char *questions[] = { "{\"ask\":1}", "{\"ask\":2}", "{\"ask\":3}" };
	int left = 3;
	char url[64];
	hk_loop *loop;
	hk_ipc_server *server;
	hk_ipc *client;
	hk_ipc_opts serving = HK_IPC_OPTS_INIT;
	hk_ipc_opts asking = HK_IPC_OPTS_INIT;
	int r;

	serving.on_message = answer;
	asking.on_message = print;
	asking.on_close = stop;
	asking.user = &left;
	snprintf(url, sizeof(url), "unix:@echo-%d", (int) getpid());
	if ((r = hk_loop_new(&loop)) < 0 ||
	    (r = hk_ipc_listen(&server, loop, url, &serving, NULL)) < 0 ||
	    (r = hk_ipc_dial(&client, loop, url, &asking, NULL)) < 0)
		return fprintf(stderr, "cannot begin: %s\n", hk_error_text(r)), 1;
	for (int i = 0; r == 0 && i < 3; i++)
		r = hk_ipc_send(client, questions[i], strlen(questions[i]));
	if (r == 0)
		r = hk_loop_run(loop);
	hk_ipc_free(client);
	hk_ipc_server_free(server);
	hk_loop_free(loop);
	return r < 0;
}
