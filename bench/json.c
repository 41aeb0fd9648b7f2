/*
 * What does a message of JSON cost?
 *
 * Two messages, one of about 100 bytes, as calls and answers are, and one of
 * about 10 KB, a list of samples, are read and written by us, by jansson, by
 * cJSON and by Node.  Everybody reads the same text from memory.  We write by
 * calls, as programs do; the others write the tree they read, which is the
 * cheaper half of what they would have to do.
 *
 * "read the fields" parses and asks for numbers and strings, since our reader
 * leaves numbers alone until then.
 *
 * Processor time of the thread is measured (of the process in Node, which
 * reports it itself): parsing waits for nothing, and a busy machine should not
 * be counted.  The goals are for jansson; the others are for orientation.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <hostkit/allocator.h>
#include <hostkit/json.h>
#include "harness.h"
#if BENCH_HAS_JANSSON
#include <jansson.h>
#endif
#if BENCH_HAS_CJSON
#include <cjson/cJSON.h>
#endif

/* So much text goes through each side in one run. */
enum { BYTES_A_RUN = 4 << 20, SAMPLES = 82 };

typedef struct message {
	const char *name;
	void (*write)(hk_json_writer *writer);
	double (*read)(const hk_json *root);
	hk_json_document *document;
	hk_json_writer *writer;
	const char *text;
	size_t length;
	size_t count; /* of messages in a run */
	char *room;   /* for peers that write into memory of the caller */
#if BENCH_HAS_JANSSON
	json_t *jansson;
	double (*read_jansson)(const json_t *root);
#endif
#if BENCH_HAS_CJSON
	cJSON *cjson;
#endif
} message;

/* What must not be optimized away. */
static volatile double sink;

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

/* The messages */

static void write_text(hk_json_writer *writer, const char *key, const char *text)
{
	hk_json_write_key(writer, key);
	hk_json_write_string(writer, text);
}

static void write_call(hk_json_writer *writer)
{
	hk_json_write_object_begin(writer);
	write_text(writer, "jsonrpc", "2.0");
	hk_json_write_key(writer, "id");
	hk_json_write_uint64(writer, 1234567);
	write_text(writer, "method", "sensor.read");
	hk_json_write_key(writer, "params");
	hk_json_write_object_begin(writer);
	write_text(writer, "name", "core 0");
	hk_json_write_key(writer, "value");
	hk_json_write_double(writer, 48.25);
	hk_json_write_key(writer, "ok");
	hk_json_write_bool(writer, true);
	hk_json_write_object_end(writer);
	hk_json_write_object_end(writer);
}

static void write_sample(hk_json_writer *writer, int i)
{
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "pid");
	hk_json_write_int64(writer, 1000 + i * 37);
	write_text(writer, "name", i % 9 == 0 ? "W\xc3\xa4rme \"aussen\"" : "worker");
	write_text(writer, "command", "/usr/bin/node server.js --port 8080");
	hk_json_write_key(writer, "cpu_percent");
	hk_json_write_double(writer, i * 0.75);
	hk_json_write_key(writer, "rss_bytes");
	hk_json_write_uint64(writer, UINT64_C(104857600) + (uint64_t) i * 4096);
	hk_json_write_key(writer, "tags");
	hk_json_write_array_begin(writer);
	hk_json_write_bool(writer, i % 2 == 0);
	hk_json_write_null(writer);
	hk_json_write_array_end(writer);
	hk_json_write_object_end(writer);
}

static void write_samples(hk_json_writer *writer)
{
	hk_json_write_object_begin(writer);
	write_text(writer, "schema", "hostkit.ps/1");
	hk_json_write_key(writer, "seq");
	hk_json_write_uint64(writer, 42);
	hk_json_write_key(writer, "samples");
	hk_json_write_array_begin(writer);
	for (int i = 0; i < SAMPLES; i++)
		write_sample(writer, i);
	hk_json_write_array_end(writer);
	hk_json_write_object_end(writer);
}

/* We */

static double number_of(const hk_json *value)
{
	double number = 0;

	return hk_json_get_double(&number, value) < 0 ? NAN : number;
}

static double read_call(const hk_json *root)
{
	const hk_json *params = hk_json_member(root, "params");
	size_t length = 0;
	int64_t id = 0;

	if (hk_json_get_int64(&id, hk_json_member(root, "id")) < 0 ||
	    hk_json_get_string(hk_json_member(root, "method"), &length) == NULL)
		return NAN;
	return (double) id + (double) length + number_of(hk_json_member(params, "value"));
}

static double read_samples(const hk_json *root)
{
	hk_json_iterator each = hk_json_iterate(hk_json_member(root, "samples"));
	const hk_json *sample;
	double sum = 0;

	while ((sample = hk_json_next(&each)) != NULL) {
		int64_t rss = 0;

		if (hk_json_get_int64(&rss, hk_json_member(sample, "rss_bytes")) < 0)
			return NAN;
		sum += (double) rss + number_of(hk_json_member(sample, "cpu_percent"));
	}
	return sum;
}

static double parse_ours(void *user)
{
	message *m = user;
	double begin = now_ns();

	for (size_t i = 0; i < m->count; i++)
		if (hk_json_parse(m->document, m->text, m->length) < 0)
			return NAN;
	return (now_ns() - begin) / (double) m->count;
}

static double read_ours(void *user)
{
	message *m = user;
	double begin = now_ns();

	for (size_t i = 0; i < m->count; i++) {
		if (hk_json_parse(m->document, m->text, m->length) < 0)
			return NAN;
		sink = m->read(hk_json_root(m->document));
	}
	return (now_ns() - begin) / (double) m->count;
}

static double write_ours(void *user)
{
	message *m = user;
	double begin = now_ns();
	size_t length = 0;

	for (size_t i = 0; i < m->count; i++) {
		hk_json_writer_reset(m->writer);
		m->write(m->writer);
		if (hk_json_writer_text(m->writer, &length) == NULL ||
		    length != m->length)
			return NAN;
	}
	return (now_ns() - begin) / (double) m->count;
}

/* jansson */

#if BENCH_HAS_JANSSON
static double read_call_jansson(const json_t *root)
{
	const json_t *params = json_object_get(root, "params");

	return (double) json_integer_value(json_object_get(root, "id")) +
	       (double) json_string_length(json_object_get(root, "method")) +
	       json_real_value(json_object_get(params, "value"));
}

static double read_samples_jansson(const json_t *root)
{
	const json_t *samples = json_object_get(root, "samples");
	double sum = 0;

	for (size_t i = 0; i < json_array_size(samples); i++) {
		const json_t *sample = json_array_get(samples, i);

		sum += (double) json_integer_value(json_object_get(sample, "rss_bytes")) +
		       json_real_value(json_object_get(sample, "cpu_percent"));
	}
	return sum;
}

static double load_jansson(message *m, bool read)
{
	double begin = now_ns();

	for (size_t i = 0; i < m->count; i++) {
		json_t *root = json_loadb(m->text, m->length, 0, NULL);

		if (root == NULL)
			return NAN;
		if (read)
			sink = m->read_jansson(root);
		json_decref(root);
	}
	return (now_ns() - begin) / (double) m->count;
}

static double parse_jansson(void *user)
{
	return load_jansson(user, false);
}

static double read_jansson(void *user)
{
	return load_jansson(user, true);
}

static double write_jansson(void *user)
{
	message *m = user;
	double begin = now_ns();

	for (size_t i = 0; i < m->count; i++)
		if (json_dumpb(m->jansson, m->room, 2 * m->length, JSON_COMPACT) == 0)
			return NAN;
	return (now_ns() - begin) / (double) m->count;
}
#else
#define parse_jansson NULL
#define read_jansson  NULL
#define write_jansson NULL
#endif

/* cJSON */

#if BENCH_HAS_CJSON
static double parse_cjson(void *user)
{
	message *m = user;
	double begin = now_ns();

	for (size_t i = 0; i < m->count; i++) {
		cJSON *root = cJSON_ParseWithLength(m->text, m->length);

		if (root == NULL)
			return NAN;
		cJSON_Delete(root);
	}
	return (now_ns() - begin) / (double) m->count;
}

static double write_cjson(void *user)
{
	message *m = user;
	double begin = now_ns();

	for (size_t i = 0; i < m->count; i++)
		if (!cJSON_PrintPreallocated(
			m->cjson, m->room, (int) (2 * m->length), false))
			return NAN;
	return (now_ns() - begin) / (double) m->count;
}
#else
#define parse_cjson NULL
#define write_cjson NULL
#endif

/* Node */

static const char node_program[] =
    "exec node -e '"
    "const text = process.env.BENCH_TEXT, value = JSON.parse(text);"
    "const count = Number(process.env.BENCH_COUNT);"
    "const write = process.env.BENCH_WRITE === \"1\";"
    "function run(n) { let x = 0; for (let i = 0; i < n; i++)"
    " x += write ? JSON.stringify(value).length : JSON.parse(text) !== null; return x; }"
    "run(count);"
    "const before = process.cpuUsage(); run(count);"
    "const used = process.cpuUsage(before);"
    "console.log((used.user + used.system) * 1000 / count);"
    "' 2>/dev/null";

static double run_node(const message *m, bool write)
{
	char count[32];
	double cost = NAN;
	FILE *node;

	snprintf(count, sizeof(count), "%zu", m->count);
	if (setenv("BENCH_TEXT", m->text, 1) < 0 || setenv("BENCH_COUNT", count, 1) < 0 ||
	    setenv("BENCH_WRITE", write ? "1" : "0", 1) < 0)
		return NAN;
	node = popen(node_program, "r");
	if (node == NULL || fscanf(node, "%lf", &cost) != 1)
		cost = NAN;
	if (node != NULL && pclose(node) != 0)
		cost = NAN;
	return cost;
}

static double parse_node(void *user)
{
	return run_node(user, false);
}

static double write_node(void *user)
{
	return run_node(user, true);
}

/* The questions */

typedef double run_fn(void *user);

static bool node_is_here(void)
{
	return system("node --version >/dev/null 2>&1") == 0;
}

static void ask(message *m, const char *what, double goal, run_fn *const *runs)
{
	char name[64];
	bench_question question = { .bench = "json",
		.name = name,
		.unit = "ns",
		.ratio = BENCH_SPEED,
		.kind = BENCH_AT_LEAST,
		.goal = goal };
	const bench_side judged[] = { { "hostkit", runs[0], m },
		{ "jansson", runs[1], m } };
	const bench_side others[] = { { "hostkit", runs[0], m }, { "cJSON", runs[2], m },
		{ "node", runs[3], m } };

	snprintf(name, sizeof(name), "%s %s", what, m->name);
	bench_ask(&question, judged, 2);
	question.kind = BENCH_NO_GOAL;
	if (runs[2] != NULL || runs[3] != NULL)
		bench_ask(&question, others, 3);
}

static size_t allocations;

static void *count_reallocate(void *block, size_t bytes, void *user)
{
	(void) user;
	allocations++;
	return realloc(block, bytes);
}

static void count_release(void *block, void *user)
{
	(void) user;
	free(block);
}

static int count_allocations(message *m)
{
	char name[64];
	double each;

	(void) read_ours(m);
	(void) write_ours(m);
	allocations = 0;
	(void) read_ours(m);
	(void) write_ours(m);
	each = (double) allocations / (double) m->count;
	snprintf(name, sizeof(name), "allocations to read and write %s", m->name);
	return bench_report_limit("json", name, "a message", each, BENCH_AT_MOST, 0) ? 0
										     : 1;
}

static int prepare(message *m)
{
	if (hk_json_document_new(&m->document, NULL) < 0 ||
	    hk_json_writer_new(&m->writer, 0) < 0)
		return -1;
	m->write(m->writer);
	m->text = hk_json_writer_text(m->writer, &m->length);
	if (m->text == NULL)
		return -1;
	m->text = strdup(m->text);
	m->room = malloc(2 * m->length);
	if (m->text == NULL || m->room == NULL)
		return -1;
	m->count = BYTES_A_RUN / m->length;
	fprintf(stderr, "%s is %zu bytes\n", m->name, m->length);
#if BENCH_HAS_JANSSON
	m->jansson = json_loadb(m->text, m->length, 0, NULL);
#endif
#if BENCH_HAS_CJSON
	m->cjson = cJSON_ParseWithLength(m->text, m->length);
#endif
	return 0;
}

int main(int argc, char **argv)
{
	message messages[] = {
		{ .name = "100 bytes", .write = write_call, .read = read_call },
		{ .name = "10 KB", .write = write_samples, .read = read_samples },
	};
	bool node = node_is_here();
	run_fn *const parses[] = { parse_ours, parse_jansson, parse_cjson,
		node ? parse_node : NULL };
	run_fn *const reads[] = { read_ours, read_jansson, NULL, NULL };
	run_fn *const writes[] = { write_ours, write_jansson, write_cjson,
		node ? write_node : NULL };
	hk_allocator counting = HK_ALLOCATOR_INIT;
	int missed = 0;

	counting.reallocate = count_reallocate;
	counting.release = count_release;
	if (hk_allocator_set(&counting) < 0)
		return 2;
#if BENCH_HAS_JANSSON
	messages[0].read_jansson = read_call_jansson;
	messages[1].read_jansson = read_samples_jansson;
#endif
	for (size_t i = 0; i < 2; i++) {
		message *m = &messages[i];

		if (!bench_wanted(argc, argv, m->name))
			continue;
		if (prepare(m) < 0)
			return 2;
		missed |= count_allocations(m);
		ask(m, "parse", 8, parses);
		ask(m, "parse and read the fields of", 8, reads);
		ask(m, "write", 6, writes);
	}
	return missed | bench_status();
}
