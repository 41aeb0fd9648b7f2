/*
 * One call without a loop of the caller's: a private loop that lives as long as it.
 */
#include <errno.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/cleanup.h"
#include "ipc/rpc_internal.h"

struct asking {
	hk_ipc_answer answer;
	hk_loop *loop;
	bool told;
	int failed; /* to keep the answer */
};

static void loop_freep(hk_loop **loop)
{
	hk_loop_free(*loop);
}

static void rpc_freep(hk_ipc_rpc **rpc)
{
	hk_ipc_rpc_free(*rpc);
}

static char *text_of(const hk_json *value, int *out_error)
{
	hk_json_writer *writer;
	const char *text;
	size_t length;
	char *copy = NULL;

	*out_error = hk_json_writer_new(&writer, 0);
	if (*out_error < 0)
		return NULL;
	hk_json_write_value(writer, value);
	text = hk_json_writer_text(writer, &length);
	if (text != NULL)
		copy = hki_strndup(text, length);
	if (copy == NULL)
		*out_error = -ENOMEM;
	hk_json_writer_free(writer);
	return copy;
}

static void keep(struct asking *asking, const hk_ipc_reply *reply)
{
	const hk_json *value = reply->status == 0 ? reply->result : reply->error_data;

	asking->answer.status = reply->status;
	asking->answer.error_code = reply->error_code;
	if (value != NULL)
		asking->answer.json = text_of(value, &asking->failed);
	if (reply->error_text == NULL)
		return;
	asking->answer.error_text = hki_strdup(reply->error_text);
	if (asking->answer.error_text == NULL)
		asking->failed = -ENOMEM;
}

static void on_reply(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	struct asking *asking = user;

	(void) call;
	asking->told = true;
	keep(asking, reply);
	hk_loop_stop(asking->loop, 0);
}

static int ask(struct asking *asking, hk_ipc_rpc *rpc, const char *method,
    const char *params, uint64_t timeout_ns)
{
	hk_ipc_call_opts opts = HK_IPC_CALL_OPTS_INIT;
	int r;

	opts.method = method;
	opts.params = params;
	opts.timeout_ns = timeout_ns;
	opts.fn = on_reply;
	opts.user = asking;
	r = hk_ipc_call_start(NULL, rpc, &opts);
	while (r == 0 && !asking->told) {
		r = hk_loop_run_once(asking->loop, -1);
		r = r < 0 ? r : 0;
	}
	return r < 0 ? r : asking->failed;
}

int hk_ipc_call_blocking(hk_ipc_answer *out, const char *url, const char *method,
    const char *params, uint64_t timeout_ns, hk_error_list *errors)
{
	hki_cleanup(loop_freep) hk_loop *loop = NULL;
	hki_cleanup(rpc_freep) hk_ipc_rpc *rpc = NULL;
	struct asking asking = { .told = false };
	int r;

	if (out == NULL || url == NULL || method == NULL)
		return -EINVAL;
	r = hk_loop_new(&loop);
	if (r < 0)
		return r;
	asking.loop = loop;
	r = hk_ipc_rpc_dial(&rpc, loop, url, NULL, errors);
	if (r == 0)
		r = ask(&asking, rpc, method, params, timeout_ns);
	if (r < 0) {
		hk_ipc_answer_release(&asking.answer);
		return r;
	}
	*out = asking.answer;
	return 0;
}

void hk_ipc_answer_release(hk_ipc_answer *answer)
{
	if (answer == NULL)
		return;
	hki_free(answer->error_text);
	hki_free(answer->json);
	memset(answer, 0, sizeof(*answer));
}
