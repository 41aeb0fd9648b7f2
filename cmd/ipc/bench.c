/*
 * `hostkit ipc bench`: what a broker, or any JSON-RPC server, does here and now.
 *
 * Three questions, one after the other: how long one call takes, how many calls a
 * second when many are under way, and how fast news goes from a publisher through
 * the broker to a subscriber.  A server that is no broker is asked the first two.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <hostkit/ipc_pubsub.h>
#include <hostkit/record.h>
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/histogram.h"
#include "exit.h"
#include "listing.h"
#include "output/document.h"
#include "output/fail.h"
#include "session.h"
#include "values.h"
#include "verbs.h"

enum { BENCH_COUNT = 1, BENCH_SIZE, BENCH_UNDER_WAY, BENCH_METHOD, BENCH_TIMEOUT };

#define ROWS_MAX 3
/* For silence, within --timeout. */
#define LOOKS 8

/* ---- the result ---- */

typedef struct bench_row {
	hk_record record;
	const char *name;
	uint64_t messages;
	uint64_t bytes;
	uint64_t under_way;
	uint64_t lost;
	double per_second;
	double p50_us;
	double p99_us;
	double max_us;
} bench_row;

/* clang-format off */
#define AT(member) .offset = offsetof(bench_row, member)

static const hk_record_field fields[] = {
	{ .name = "case", .kind = HK_RECORD_STRING, .help = "what was measured", AT(name) },
	{ .name = "messages", .kind = HK_RECORD_UINT64, .help = "how many", .priority = 3,
	    AT(messages) },
	{ .name = "size_bytes", .title = "SIZE", .kind = HK_RECORD_UINT64,
	    .unit = HK_UNIT_BYTES, .help = "of the payload of each", .priority = 4,
	    AT(bytes) },
	{ .name = "under_way", .kind = HK_RECORD_UINT64,
	    .help = "at most so many at once", .priority = 5, AT(under_way) },
	{ .name = "lost", .kind = HK_RECORD_UINT64,
	    .help = "news that did not come through", .priority = 2, AT(lost) },
	{ .name = "per_second", .title = "PER SECOND", .kind = HK_RECORD_DOUBLE,
	    .help = "throughput", .decimals = 1, AT(per_second) },
	{ .name = "p50_us", .title = "P50 US", .kind = HK_RECORD_DOUBLE,
	    .help = "half took at most so long", .priority = 1, .decimals = 1, AT(p50_us) },
	{ .name = "p99_us", .title = "P99 US", .kind = HK_RECORD_DOUBLE,
	    .help = "99 of 100 took at most so long", .priority = 1, .decimals = 1,
	    AT(p99_us) },
	{ .name = "max_us", .title = "MAX US", .kind = HK_RECORD_DOUBLE,
	    .help = "none took longer", .priority = 2, .decimals = 1, AT(max_us) },
};
/* clang-format on */

static const hk_record_type row_type = {
	.name = "ipc_bench",
	.fields = fields,
	.field_count = HKI_COUNT(fields),
	.struct_size = sizeof(bench_row),
};

/* ---- the run ---- */

typedef struct benching {
	ipc_session session;
	const char *url;
	const char *method;
	uint64_t count;
	uint64_t size;
	uint64_t under_way_max;
	uint64_t timeout_ns;

	hk_ipc_rpc *rpc; /* calls, and publishes */
	hk_ipc_rpc *listener;
	hk_ipc_subscription *subscription;
	char *params;
	char *data;
	char topic[64];
	hki_histogram *times;
	uint64_t sent;
	uint64_t done;
	uint64_t lost;
	uint64_t limit; /* under way, in this question */
	uint64_t begin_ns;
	hk_timer *silence;
	uint64_t heard; /* answers and news, ever */
	uint64_t heard_before;
	unsigned int silences;    /* looks in a row that found nothing new */
	uint64_t began_ns[65536]; /* when a call was made, by its place in turn */
	bool is_broker;
	bool ready;
	bench_row rows[ROWS_MAX];
	size_t row_count;
} benching;

static void add_row(benching *all, const char *name)
{
	double seconds =
	    (double) (hki_clock_monotonic_ns() - all->begin_ns) / (double) HKI_NS_PER_S;
	bench_row *row = &all->rows[all->row_count++];

	row->name = name;
	row->messages = all->done;
	row->bytes = all->size;
	row->under_way = all->limit;
	row->lost = all->lost;
	row->per_second = seconds > 0 ? (double) all->done / seconds : 0;
	row->p50_us = (double) hki_histogram_percentile(all->times, 50) / 1e3;
	row->p99_us = (double) hki_histogram_percentile(all->times, 99) / 1e3;
	row->max_us = (double) hki_histogram_max(all->times) / 1e3;
	for (unsigned int i = 0; i < HKI_COUNT(fields); i++)
		hk_record_set(&row->record, i);
}

static void start_over(benching *all, uint64_t limit)
{
	hki_histogram_reset(all->times);
	all->sent = 0;
	all->done = 0;
	all->lost = 0;
	all->limit = limit;
	all->begin_ns = hki_clock_monotonic_ns();
}

static void fail(benching *all, int error)
{
	ipc_end_with(&all->session, "measure", all->url, error);
}

/* A server that answers nothing would be waited for without end.  It is looked at several
 * times within its time, so that it gets little more than that after its last word. */
static void on_silence(hk_timer *timer, void *user)
{
	benching *all = user;

	(void) timer;
	all->silences = all->heard == all->heard_before ? all->silences + 1 : 0;
	if (all->silences == LOOKS)
		fail(all, -ETIMEDOUT);
	all->heard_before = all->heard;
}

static int watch_silence(benching *all)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;

	opts.after_ns = all->timeout_ns / LOOKS;
	opts.interval_ns = all->timeout_ns / LOOKS;
	opts.fn = on_silence;
	opts.user = all;
	opts.background = 1;
	return hk_timer_start(&all->silence, all->session.loop, &opts);
}

/* Turn until all of @count is done. */
static int finish(benching *all)
{
	int r = 0;

	while (r >= 0 && !all->session.stopped && all->done + all->lost < all->count)
		r = hk_loop_run_once(all->session.loop, -1);
	if (r < 0)
		fail(all, r);
	return all->session.stopped ? -ECANCELED : 0;
}

/* ---- calls ---- */

static void call_more(benching *all);

static void on_answer(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	benching *all = user;
	uint64_t now_ns = hki_clock_monotonic_ns();
	uint64_t place = all->done++ % HKI_COUNT(all->began_ns);

	(void) call;
	all->heard++;
	/* That the method is unknown is an answer too. */
	if (reply->status < 0 && reply->status != -EREMOTEIO) {
		fail(all, reply->status);
		return;
	}
	hki_histogram_record(all->times, now_ns - all->began_ns[place]);
	call_more(all);
}

static void call_more(benching *all)
{
	while (!all->session.stopped && all->sent < all->count &&
	       all->sent - all->done < all->limit) {
		int r;

		all->began_ns[all->sent % HKI_COUNT(all->began_ns)] =
		    hki_clock_monotonic_ns();
		r = hk_ipc_call_method(
		    all->rpc, all->method, all->params, on_answer, all);
		if (r == -EAGAIN)
			return;
		if (r < 0) {
			fail(all, r);
			return;
		}
		all->sent++;
	}
}

static int measure_calls(benching *all, const char *name, uint64_t limit)
{
	start_over(all, limit);
	call_more(all);
	if (finish(all) < 0)
		return -ECANCELED;
	add_row(all, name);
	return 0;
}

/* ---- news ---- */

static void on_news(
    hk_ipc_subscription *subscription, const hk_ipc_news *news, void *user)
{
	benching *all = user;
	uint64_t then_ns;

	(void) subscription;
	all->heard++;
	all->done++;
	if (hk_json_get_uint64(&then_ns, hk_json_element(news->data, 0)) == 0)
		hki_histogram_record(all->times, hki_clock_monotonic_ns() - then_ns);
}

static void on_gap(hk_ipc_subscription *subscription, uint64_t missed, void *user)
{
	(void) subscription;
	if (missed != HK_IPC_MISSED_UNKNOWN)
		((benching *) user)->lost += missed;
}

static void on_status(
    hk_ipc_subscription *subscription, int status, const char *text, void *user)
{
	benching *all = user;

	(void) subscription;
	(void) text;
	all->heard++;
	all->is_broker = status == 0;
	all->ready = true;
}

/* As much as the connection takes, but no more than may be under way. */
static void publish_more(benching *all)
{
	while (all->sent < all->count && all->sent - all->done - all->lost < all->limit) {
		char head[32];
		int r;

		/* The time stands first, in a place of fixed length. */
		(void) snprintf(
		    head, sizeof(head), "[%20" PRIu64, hki_clock_monotonic_ns());
		memcpy(all->data, head, 21);
		r = hk_ipc_publish(all->rpc, all->topic, all->data);
		if (r == -EAGAIN)
			return;
		if (r < 0) {
			fail(all, r);
			return;
		}
		all->sent++;
	}
}

static int subscribe(benching *all)
{
	hk_ipc_subscribe_opts opts = HK_IPC_SUBSCRIBE_OPTS_INIT;
	int r;

	(void) snprintf(
	    all->topic, sizeof(all->topic), "hostkit.bench.%d", (int) getpid());
	opts.pattern = all->topic;
	opts.on_news = on_news;
	opts.on_gap = on_gap;
	opts.on_status = on_status;
	opts.user = all;
	r = hk_ipc_subscribe(&all->subscription, all->listener, &opts);
	while (r >= 0 && !all->ready && !all->session.stopped)
		r = hk_loop_run_once(all->session.loop, -1);
	return r < 0 ? r : 0;
}

static int measure_news(benching *all)
{
	int r = subscribe(all);

	if (r < 0)
		fail(all, r);
	if (all->session.stopped)
		return -ECANCELED;
	if (!all->is_broker) {
		cmd_note(&all->session.call->output,
		    "'%s' is no broker: news is not measured", all->url);
		return 0;
	}
	start_over(all, 4096);
	while (r >= 0 && !all->session.stopped && all->done + all->lost < all->count) {
		publish_more(all);
		r = hk_loop_run_once(all->session.loop, -1);
	}
	if (r < 0)
		fail(all, r);
	if (all->session.stopped)
		return -ECANCELED;
	add_row(all, "news");
	return 0;
}

/* ---- the verb ---- */

static int print_all(benching *all)
{
	const cmd_call *call = all->session.call;
	hk_json_writer *writer;

	if (!call->output.json)
		return cmd_listing_print(
		    call, NULL, &row_type, all->rows, all->row_count);
	writer = cmd_document_begin(&call->output, "hostkit.ipc.bench/1");
	if (writer != NULL) {
		hk_json_write_key(writer, "cases");
		hk_json_write_array_begin(writer);
		for (size_t i = 0; i < all->row_count; i++)
			hk_record_write(writer, &row_type, &all->rows[i]);
		hk_json_write_array_end(writer);
	}
	return cmd_document_end(&call->output, writer, CMD_EXIT_OK);
}

/* A payload of the size asked for: an array of one string, and for news the time in
 * front of it. */
static int make_payloads(benching *all)
{
	size_t size = (size_t) all->size;

	all->params = hki_alloc(size + 8);
	all->data = hki_alloc(size + 64);
	all->times = hki_histogram_new();
	if (all->params == NULL || all->data == NULL || all->times == NULL)
		return -ENOMEM;
	memset(all->params, 'x', size + 8);
	memcpy(all->params, "[\"", 2);
	strcpy(all->params + 2 + size, "\"]");
	memset(all->data, 'x', size + 64);
	memcpy(all->data + 21, ",\"", 2);
	strcpy(all->data + 23 + size, "\"]");
	return 0;
}

static int measure(benching *all)
{
	int status = ipc_dial(&all->rpc, &all->session, all->url, NULL);

	if (status == 0)
		status = ipc_dial(&all->listener, &all->session, all->url, NULL);
	if (status != 0)
		return status;
	if (measure_calls(all, "call", 1) < 0 ||
	    measure_calls(all, "calls", all->under_way_max) < 0 || measure_news(all) < 0)
		return all->session.interrupted ? CMD_EXIT_NO : all->session.status;
	return print_all(all);
}

static int read_options(benching *all, const cmd_call *call)
{
	int64_t count = 20000;
	int64_t under_way = 256;
	int status = 0;

	for (size_t i = 0; status == 0 && i < call->given_count; i++) {
		const cmd_given *given = &call->given[i];

		switch (given->option->id) {
		case BENCH_COUNT:
			status = cmd_value_integer(&count, call, given, 1, 1000000000);
			break;
		case BENCH_SIZE:
			status = cmd_value_size(&all->size, call, given);
			if (status == 0 && all->size > 512 * 1024)
				status = cmd_value_fail(call, given, "a size up to 512K",
				    "messages have at most 1M");
			break;
		case BENCH_UNDER_WAY:
			status = cmd_value_integer(&under_way, call, given, 1,
			    (int64_t) HKI_COUNT(all->began_ns));
			break;
		case BENCH_METHOD:
			all->method = given->value;
			break;
		case BENCH_TIMEOUT:
			status = cmd_value_duration(&all->timeout_ns, call, given);
			break;
		}
	}
	all->count = (uint64_t) count;
	all->under_way_max = (uint64_t) under_way;
	return status;
}

static int run_bench(const cmd_call *call)
{
	static benching all;
	int status;

	memset(&all, 0, sizeof(all));
	all.url = call->operands[0];
	all.method = "hostkit.bench";
	all.size = 100;
	all.timeout_ns = 10 * HKI_NS_PER_S;
	status = cmd_listing_check(call, &row_type);
	if (status == 0)
		status = read_options(&all, call);
	if (status == 0)
		status = ipc_session_open(&all.session, call);
	if (status != 0)
		return status;
	if (make_payloads(&all) < 0 || watch_silence(&all) < 0)
		status = cmd_fail(&call->output, CMD_EXIT_FAILED, -ENOMEM, NULL,
		    "cannot make the messages");
	else
		status = measure(&all);
	hk_timer_free(all.silence);
	hk_ipc_subscription_free(all.subscription);
	hk_ipc_rpc_free(all.listener);
	hk_ipc_rpc_free(all.rpc);
	hki_histogram_free(all.times);
	hki_free(all.params);
	hki_free(all.data);
	ipc_session_close(&all.session);
	return status;
}

static const cmd_option options[] = {
	{ .id = BENCH_COUNT,
	    .letter = 'n',
	    .name = "count",
	    .argument = "N",
	    .help = "messages for each question (20000)" },
	{ .id = BENCH_SIZE,
	    .letter = 's',
	    .name = "size",
	    .argument = "SIZE",
	    .help = "bytes of each payload (100)" },
	{ .id = BENCH_UNDER_WAY,
	    .letter = 'u',
	    .name = "under-way",
	    .argument = "N",
	    .help = "calls at once in the second question (256)" },
	{ .id = BENCH_METHOD,
	    .letter = 'm',
	    .name = "method",
	    .argument = "NAME",
	    .help = "the method to call; one that is unknown is answered too "
		    "(hostkit.bench)" },
	{ .id = BENCH_TIMEOUT,
	    .letter = 't',
	    .name = "timeout",
	    .argument = "TIME",
	    .help = "give up when nothing has come for so long (10s)" },
	CMD_LISTING_OPTIONS,
	{ .name = NULL },
};

static const cmd_example examples[] = {
	{ "hostkit ipc bench unix:bus.sock", "measures calls and news through a broker" },
	{ "hostkit ipc bench -m add -n 1000 tcp:7000",
	    "calls a method of your own program" },
	{ .command = NULL },
};

static const cmd_exit_row exits[] = {
	{ "0", "it was measured" },
	{ "1", "it was interrupted" },
	{ "2", "the command line is wrong" },
	{ "3", "nobody listens at URL" },
	{ "4", "there is no such socket" },
	{ "6", "not allowed" },
	{ "9", "it failed otherwise" },
	{ .code = NULL },
};

const cmd_verb cmd_verb_ipc_bench = {
	.name = "ipc bench",
	.group = CMD_GROUP_MESSAGES,
	.arguments = "URL",
	.help = "measure throughput and latency of a broker",
	.description =
	    "Measures at URL how long one call takes (case call), how many calls a "
	    "second when "
	    "many are under way (calls), and, if a broker listens there, how fast news "
	    "goes "
	    "through it from one connection to another (news). Times are from sending to "
	    "receiving; this process does both.",
	.options = options,
	.examples = examples,
	.exits = exits,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_bench,
};
