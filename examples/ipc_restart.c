/*
 * A rolling restart: the listening socket outlives the programs that serve it.  The next
 * one listens before the one before it drains, so nobody who connects is refused.  Here
 * this program is the service manager, both servers, and a client that notices nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <hostkit/hostkit.h>

static hk_loop *loop;
static char socket_name[64];
static char url[80];

/* ---- a generation of the server ---- */

static hk_ipc_rpc_server *server;

static void who(hk_ipc_request *request, const hk_json *params, void *user)
{
	(void) params;
	hk_ipc_request_reply(request, user);
}

static void drained(hk_ipc_server *old, int result, void *user)
{
	(void) old;
	(void) user;
	hk_loop_stop(loop, result); /* -ETIMEDOUT: clients did not read in time */
}

static void retire(hk_signal *signal, int number, void *user)
{
	(void) signal;
	(void) number;
	(void) user;
	if (hk_ipc_server_drain(
		hk_ipc_rpc_server_get(server), 10000000000, drained, NULL) < 0)
		hk_loop_stop(loop, 1);
}

static int serve(char *name)
{
	hk_ipc_rpc_opts opts = HK_IPC_RPC_OPTS_INIT;
	hk_signal *signal;
	int r;

	if ((r = hk_ipc_methods_new(&opts.methods)) < 0 ||
	    (r = hk_ipc_methods_add(opts.methods, "who", who, name)) < 0 ||
	    (r = hk_signal_start(&signal, loop, SIGTERM, retire, NULL)) < 0 ||
	    (r = hk_ipc_rpc_listen(&server, loop, "activation:work", &opts, NULL)) < 0)
		return r;
	close(4); /* ready */
	r = hk_loop_run(loop);
	hk_ipc_rpc_server_free(server);
	hk_ipc_methods_free(opts.methods);
	hk_signal_free(signal);
	return r;
}

/* ---- the service manager, and a client ---- */

static const char *program;
static int listening;

static void ended(hk_process *process, const hk_process_exit *how, void *user)
{
	(void) process;
	printf("generation %s drained: %s\n", (const char *) user,
	    how->end == HK_END_CODE && how->code == 0 ? "in order" : "no");
	hk_loop_stop(loop, 0);
}

static hk_process *start(char *name)
{
	/* The shell becomes the server, so its number is the one to be named. */
	const char *argv[] = { "sh", "-c", "LISTEN_PID=$$ exec \"$0\" \"$1\"", program,
		name, NULL };
	const char *env[] = { "LISTEN_FDS=1", "LISTEN_FDNAMES=work", NULL };
	int ready[2] = { -1, -1 };
	bool piped = pipe2(ready, O_CLOEXEC) == 0;
	const hk_process_fd fds[] = { { listening, 3 }, { ready[1], 4 } };
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;
	hk_process *process = NULL;
	char byte;

	opts.argv = argv;
	opts.env = env;
	opts.fds = fds;
	opts.fd_count = 2;
	opts.on_exit = ended;
	opts.user_data = name;
	if (!piped || hk_process_spawn(&process, loop, &opts, NULL) < 0)
		perror("no server");
	close(ready[1]);
	if (process != NULL && read(ready[0], &byte, 1) != 0)
		perror("no end of the pipe");
	close(ready[0]);
	return process;
}

static void ask(void)
{
	hk_ipc_answer answer;

	if (hk_ipc_call_blocking(&answer, url, "who", NULL, 10000000000, NULL) < 0)
		return;
	printf("generation %s answers\n", answer.json);
	hk_ipc_answer_release(&answer);
}

static int stop(hk_process *process)
{
	int r = process == NULL ? -ESRCH : hk_process_stop(process);

	return r < 0 ? r : hk_loop_run(loop);
}

static int restart(void)
{
	char first[] = "1";
	char second[] = "2";
	hk_process *old = start(first);
	hk_process *next;
	int r;

	ask();
	next = start(second); /* from here on either may answer */
	r = stop(old);
	ask();
	if (r == 0)
		r = stop(next);
	hk_process_free(old);
	hk_process_free(next);
	return r;
}

/* What the service manager has from its configuration. */
static int open_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t length = sizeof(address.sun_family) + 1 + strlen(socket_name);

	memcpy(address.sun_path + 1, socket_name, strlen(socket_name));
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return bind(listening, (const struct sockaddr *) &address, length) < 0 ||
	       listen(listening, 1024) < 0;
}

int main(int argc, char **argv)
{
	int r = hk_loop_new(&loop);

	program = argv[0];
	(void) snprintf(socket_name, sizeof(socket_name), "restart-%d", (int) getpid());
	(void) snprintf(url, sizeof(url), "unix:@%s", socket_name);
	if (r == 0)
		r = argc > 1 ? serve(argv[1]) : open_socket() || restart();
	hk_loop_free(loop);
	return r != 0;
}
