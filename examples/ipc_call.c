/*
 * Call a method of another program, and be called.  Here both ends live on one loop;
 * usually each is a program of its own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include <hostkit/ipc_rpc.h>

static int left = 2; /* calls without an answer */

/* They call: add up what they sent. */
static void on_add(hk_ipc_request *request, const hk_json *params, void *user)
{
	hk_json_iterator each = hk_json_iterate(params);
	const hk_json *value;
	int64_t sum = 0;
	int64_t number;
	char text[32];

	(void) user;
	while ((value = hk_json_next(&each)) != NULL) {
		if (hk_json_get_int64(&number, value) < 0) {
			hk_ipc_request_fail(request, HK_IPC_ERROR_PARAMS,
			    "only whole numbers can be added", NULL);
			return;
		}
		sum += number;
	}
	snprintf(text, sizeof(text), "%" PRId64, sum);
	hk_ipc_request_reply(request, text);
}

/* We called: this runs exactly once for each. */
static void on_reply(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	hk_ipc_rpc *rpc = user;
	int64_t sum;

	(void) call;
	if (reply->status == 0 && hk_json_get_int64(&sum, reply->result) == 0)
		printf("the sum is %" PRId64 "\n", sum);
	else if (reply->error_text != NULL)
		printf(
		    "refused: %s (%" PRId64 ")\n", reply->error_text, reply->error_code);
	else
		printf("no answer: %s\n", hk_error_text(reply->status));
	if (--left == 0)
		hk_ipc_rpc_close(rpc, 1000000000);
}

static void on_close(hk_ipc_rpc *rpc, int reason, void *user)
{
	(void) rpc;
	(void) reason;
	hk_loop_stop(user, 0);
}

static int talk(hk_loop *loop, hk_ipc_methods *methods, const char *url)
{
	hk_ipc_rpc_opts offer = HK_IPC_RPC_OPTS_INIT;
	hk_ipc_rpc_opts dial = HK_IPC_RPC_OPTS_INIT;
	hk_ipc_rpc_server *server = NULL;
	hk_ipc_rpc *rpc = NULL;
	int r;

	offer.methods = methods;
	dial.on_close = on_close;
	dial.user = loop;
	if ((r = hk_ipc_rpc_listen(&server, loop, url, &offer, NULL)) == 0 &&
	    (r = hk_ipc_rpc_dial(&rpc, loop, url, &dial, NULL)) == 0 &&
	    (r = hk_ipc_call_method(rpc, "add", "[19, 23]", on_reply, rpc)) == 0 &&
	    (r = hk_ipc_call_method(rpc, "add", "[\"x\"]", on_reply, rpc)) == 0)
		r = hk_loop_run(loop);
	hk_ipc_rpc_free(rpc);
	hk_ipc_rpc_server_free(server);
	return r;
}

int main(void)
{
	hk_loop *loop = NULL;
	hk_ipc_methods *methods = NULL;
	int r = hk_loop_new(&loop);

	if (r == 0)
		r = hk_ipc_methods_new(&methods);
	if (r == 0)
		r = hk_ipc_methods_add(methods, "add", on_add, NULL);
	if (r == 0)
		r = talk(loop, methods, "unix:@hostkit-example-call");
	if (r < 0)
		fprintf(stderr, "cannot talk: %s\n", hk_error_text(r));
	hk_ipc_methods_free(methods);
	hk_loop_free(loop);
	return r < 0;
}
