/*
 * What does it cost to remember?  A thousand processes a second, some of them at
 * work: the processor time of keeping a sample, the memory it takes, and the time
 * to go back to any of them.  There is no peer that keeps rows of processes in
 * memory; a plain copy of every row stands beside it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <hostkit/hostkit.h>
#include "harness.h"

#define ROWS    1000
#define BUSY    50
#define SAMPLES 600 /* ten minutes at one a second */
#define SECOND  1000000000ULL

static hk_system_process rows[ROWS];
static char names[ROWS][16];
static const char *words[ROWS][2];

static void prepare(void)
{
	static const unsigned int fields[] = { HK_SYSTEM_PROCESS_PID,
		HK_SYSTEM_PROCESS_PPID, HK_SYSTEM_PROCESS_START_TICKS,
		HK_SYSTEM_PROCESS_NAME, HK_SYSTEM_PROCESS_STATE,
		HK_SYSTEM_PROCESS_THREADS, HK_SYSTEM_PROCESS_CPU_PERCENT,
		HK_SYSTEM_PROCESS_CPU, HK_SYSTEM_PROCESS_CPU_USER,
		HK_SYSTEM_PROCESS_CPU_SYSTEM, HK_SYSTEM_PROCESS_RSS,
		HK_SYSTEM_PROCESS_VIRTUAL, HK_SYSTEM_PROCESS_MINOR_FAULTS,
		HK_SYSTEM_PROCESS_UID, HK_SYSTEM_PROCESS_USER,
		HK_SYSTEM_PROCESS_COMMAND };

	for (size_t i = 0; i < ROWS; i++) {
		snprintf(names[i], sizeof(names[i]), "program-%zu", i);
		words[i][0] = names[i];
		words[i][1] = "--serve";
		rows[i] = (hk_system_process){ .pid = (int32_t) i + 1,
			.ppid = 1,
			.start_ticks = 1000 + i,
			.name = names[i],
			.threads = 4,
			.rss_bytes = (uint64_t) i << 16,
			.virtual_bytes = (uint64_t) i << 20,
			.user = "www-data",
			.command = { words[i], 2 } };
		for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++)
			hk_record_set(&rows[i].record, fields[f]);
	}
}

/* A second goes by: some have worked. */
static void work(uint64_t second)
{
	for (size_t i = 0; i < ROWS; i++)
		rows[i].cpu_percent = 0;
	for (size_t n = 0; n < BUSY; n++) {
		hk_system_process *row = &rows[(n * 97 + second % 3) % ROWS];

		row->cpu_percent = (double) ((n * 31 + second * 7) % 1000) / 10;
		row->cpu_s += row->cpu_percent / 100;
		row->cpu_user_s += row->cpu_percent / 200;
		row->rss_bytes += (second * n) % 3 * 4096;
		row->minor_faults += n;
	}
}

static int keep(hk_system_history *history, uint64_t second)
{
	int r = hk_system_history_begin(history, second * SECOND, second * SECOND);

	for (size_t i = 0; r == 0 && i < ROWS; i++)
		r = hk_system_history_add(history, rows[i].start_ticks, 0, &rows[i]);
	return r == 0 ? hk_system_history_end(history) : r;
}

static hk_system_history *fill(double *out_us)
{
	hk_system_history_opts opts = HK_SYSTEM_HISTORY_OPTS_INIT;
	hk_system_history *history = NULL;
	uint64_t spent = 0;

	opts.type = &hk_system_process_type;
	opts.age_max_ns = 3600 * SECOND;
	opts.bytes_max = 1ULL << 30;
	prepare();
	if (hk_system_history_new(&history, &opts) < 0)
		return NULL;
	for (uint64_t second = 0; second < SAMPLES; second++) {
		uint64_t begin;

		work(second);
		begin = bench_thread_ns();
		if (keep(history, second) < 0) {
			hk_system_history_free(history);
			return NULL;
		}
		spent += bench_thread_ns() - begin;
	}
	*out_us = (double) spent / 1e3 / SAMPLES;
	return history;
}

static double keep_time(void *user)
{
	double us = NAN;

	(void) user;
	hk_system_history_free(fill(&us));
	return us;
}

static double copy_time(void *user)
{
	hk_system_process *copy = malloc(sizeof(rows));
	uint64_t spent = 0;

	(void) user;
	prepare();
	for (uint64_t second = 0; copy != NULL && second < SAMPLES; second++) {
		uint64_t begin;

		work(second);
		begin = bench_thread_ns();
		memcpy(copy, rows, sizeof(rows));
		/* Somebody might look at it. */
		__asm__ volatile("" : : "r"(copy) : "memory");
		spent += bench_thread_ns() - begin;
	}
	free(copy);
	return (double) spent / 1e3 / SAMPLES;
}

static double keep_bytes(void *user)
{
	double us = NAN;
	hk_system_history *history = fill(&us);
	double bytes =
	    history != NULL ? (double) hk_system_history_bytes(history) / SAMPLES : NAN;

	(void) user;
	hk_system_history_free(history);
	return bytes;
}

static double copy_bytes(void *user)
{
	(void) user;
	return sizeof(rows);
}

static double back_time(void *user)
{
	double us = NAN;
	hk_system_history *history = fill(&us);
	hk_system_history_view *view = NULL;
	uint64_t begin = bench_thread_ns();
	unsigned int jumps = 0;

	(void) user;
	if (history == NULL || hk_system_history_view_new(&view, history) < 0)
		return NAN;
	for (size_t at = 0; jumps < 20; jumps++, at = (at + 251) % SAMPLES)
		if (hk_system_history_seek(view, at) != ROWS)
			us = NAN;
	us = isnan(us) ? NAN : (double) (bench_thread_ns() - begin) / 1e3 / jumps;
	hk_system_history_view_free(view);
	hk_system_history_free(history);
	return us;
}

int main(int argc, char **argv)
{
	static const bench_side time[] = { { "hostkit", keep_time, NULL },
		{ "floor: copy every row", copy_time, NULL } };
	static const bench_side bytes[] = { { "hostkit", keep_bytes, NULL },
		{ "a copy of every row", copy_bytes, NULL } };
	static const bench_side back[] = { { "hostkit", back_time, NULL } };
	static const bench_side limit[] = { { "hostkit", keep_time, NULL } };

	if (bench_wanted(argc, argv, "keep"))
		bench_ask(&(bench_question){ "history", "keep 1000 processes, 50 at work",
			      "us", 3, BENCH_SHARE, BENCH_NO_GOAL, 0 },
		    time, 2);
	if (bench_wanted(argc, argv, "limit"))
		bench_ask(&(bench_question){ "history", "limit: keep, each second", "us",
			      3, BENCH_SHARE, BENCH_AT_MOST, 1000 },
		    limit, 1);
	if (bench_wanted(argc, argv, "bytes"))
		bench_ask(&(bench_question){ "history", "bytes a sample", "bytes", 1,
			      BENCH_SHARE, BENCH_AT_MOST, 0.02 },
		    bytes, 2);
	if (bench_wanted(argc, argv, "back"))
		bench_ask(&(bench_question){ "history", "back: to any sample", "us", 3,
			      BENCH_SHARE, BENCH_AT_MOST, 50000 },
		    back, 1);
	return bench_status();
}
