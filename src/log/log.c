#include "log/log_internal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/opts.h"

/*
 * The log: one thread, with a loop of its own, that does all reading and
 * writing.  The caller's thread and the log's talk by letters (mailbox.h) and
 * share nothing else but counters and the tails of streams.
 *
 * Ending is the delicate part, because a disk or a reader may hang for ever.
 * The thread is asked to finish, given time, and then left behind: it owns a
 * reference to everything it touches and releases it when its call returns.
 */

#define FLUSH_NS    HKI_NS_PER_S
#define STACK_BYTES ((size_t) 128 * 1024)

void hki_log_reference(hk_log *log)
{
	atomic_fetch_add(&log->references, 1);
}

void hki_log_release(hk_log *log)
{
	if (atomic_fetch_sub(&log->references, 1) != 1)
		return;
	hki_mailbox_deinit(&log->to_loop);
	hki_mailbox_deinit(&log->to_log);
	(void) pthread_cond_destroy(&log->changed);
	(void) pthread_mutex_destroy(&log->mutex);
	hki_free(log->chunk);
	hki_free(log);
}

int hki_log_thread_start(pthread_t *out, void *(*run)(void *), void *user)
{
	pthread_attr_t attributes;
	sigset_t all, old;
	int r;

	if (pthread_attr_init(&attributes) != 0)
		return -ENOMEM;
	(void) pthread_attr_setstacksize(&attributes, STACK_BYTES);
	/* Signals of the program are not ours, and a broken pipe is an error code here. */
	(void) sigfillset(&all);
	(void) pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(out, &attributes, run, user);
	(void) pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void) pthread_attr_destroy(&attributes);
	return -r;
}

/* ---- the log's thread ---- */

static void close_sinks(hk_log *log)
{
	hki_list *node;

	log->finishing = true; /* nobody will ask again */
	while (!hki_list_empty(&log->sinks))
		hki_log_sink_close(hki_list_entry(log->sinks.next, hk_log_sink, node));
	while ((node = hki_list_pop(&log->closing)) != NULL) {
		hk_log_sink *sink = hki_list_entry(node, hk_log_sink, node);

		(void) sink->kind->close(sink);
		hki_log_sink_closed(sink);
	}
}

static void abandon_streams(hk_log *log)
{
	while (!hki_list_empty(&log->streams))
		hki_log_stream_abandon(
		    hki_list_entry(log->streams.next, hk_log_stream, node));
}

static void *run(void *user)
{
	hk_log *log = user;

	hki_loop_hold(log->inner);
	/* A wait that fails ends the log as well; its sinks are closed in order. */
	if (hk_loop_run(log->inner) < 0)
		log->finishing = true;
	hki_mailbox_close(&log->to_log);
	abandon_streams(log);
	close_sinks(log);
	hk_timer_free(log->deadline);
	hk_loop_free(log->inner);

	(void) pthread_mutex_lock(&log->mutex);
	log->finished = true;
	(void) pthread_cond_signal(&log->changed);
	(void) pthread_mutex_unlock(&log->mutex);
	hki_log_release(log);
	return NULL;
}

static void stop_waiting(hk_timer *timer, void *user)
{
	hk_log *log = user;

	(void) timer;
	hk_loop_stop(log->inner, 0);
}

void hki_log_check_finished(hk_log *log)
{
	if (!log->finishing || !hki_list_empty(&log->streams))
		return;
	for (hki_list *node = log->sinks.next; node != &log->sinks; node = node->next)
		if (hki_list_entry(node, hk_log_sink, node)->stalled)
			return;
	hk_loop_stop(log->inner, 0);
}

/* The letter of hk_log_free(): read what is there, then end. */
static void finish(hki_letter *letter)
{
	hk_log *log = hki_list_entry(letter, hk_log, finish);
	hki_list *node;
	hki_list *next;

	log->finishing = true;
	for (node = log->streams.next; node != &log->streams; node = next) {
		next = node->next;
		hki_log_stream_leave(hki_list_entry(node, hk_log_stream, node));
	}
	if (hk_timer_after(&log->deadline, log->inner, log->flush_ns / HKI_NS_PER_MS,
		stop_waiting, log) < 0)
		hk_loop_stop(log->inner, 0);
	hki_log_check_finished(log);
}

/* ---- news for the caller ---- */

struct news {
	hki_letter letter;
	hk_log_sink *sink;
	hk_log_event event;
};

static void deliver_news(hki_letter *letter)
{
	struct news *news = hki_list_entry(letter, struct news, letter);
	hk_log *log = news->sink->log;

	if (!log->closed && log->outer != NULL && log->on_event != NULL)
		log->on_event(log, &news->event, log->user);
	hki_log_sink_release(news->sink);
	hki_free(news);
}

void hki_log_tell(
    hk_log_sink *sink, hk_log_event_kind kind, int error, uint64_t lines, uint64_t bytes)
{
	struct news *news = hki_zalloc(sizeof(*news));

	if (news == NULL)
		return; /* the counters still tell */
	news->letter.open = deliver_news;
	news->sink = sink;
	news->event = (hk_log_event){ kind, error, sink->name, lines, bytes };
	hki_log_sink_reference(sink);
	if (hki_mailbox_send(&sink->log->to_loop, &news->letter) < 0) {
		hki_log_sink_release(sink);
		hki_free(news);
	}
}

/* ---- the caller's thread ---- */

int hki_log_check(const hk_log *log)
{
	if (log->owner != getpid())
		return -ECHILD;
	return log->closed ? HK_ECLOSED : 0;
}

int hki_log_ask(hk_log *log, hki_letter *letter)
{
	/* The locks of a forked child may be held by threads it does not have. */
	if (log->owner != getpid())
		return -ECHILD;
	return hki_mailbox_send(&log->to_log, letter);
}

static void outer_loop_freed(hki_loop_member *member)
{
	hk_log *log = hki_list_entry(member, hk_log, member);

	/* First, so that the letters which are still there tell nobody. */
	log->outer = NULL;
	if (log->owner == getpid())
		hki_mailbox_close(&log->to_loop);
}

static int start_inner(hk_log *log)
{
	int r = hk_loop_new(&log->inner);

	if (r < 0)
		return r;
	r = hki_mailbox_init(&log->to_log, log->inner);
	if (r < 0)
		return r;
	hki_log_reference(log); /* the thread's */
	r = hki_log_thread_start(&log->thread, run, log);
	if (r < 0) {
		hki_mailbox_close(&log->to_log);
		hki_mailbox_deinit(&log->to_log);
		atomic_fetch_sub(&log->references, 1);
	}
	return r;
}

static void init_members(hk_log *log, hk_loop *loop, const hk_log_opts *opts)
{
	pthread_condattr_t monotonic;

	log->owner = getpid();
	atomic_init(&log->references, 1);
	log->outer = loop;
	log->on_event = opts->on_event;
	log->user = opts->user;
	log->flush_ns = opts->flush_ns != 0 ? opts->flush_ns : FLUSH_NS;
	log->finish.open = finish;
	hki_list_init(&log->streams);
	hki_list_init(&log->sinks);
	hki_list_init(&log->closing);
	hki_list_init(&log->member.node);
	log->member.on_loop_free = outer_loop_freed;
	(void) pthread_mutex_init(&log->mutex, NULL);
	(void) pthread_condattr_init(&monotonic);
	(void) pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void) pthread_cond_init(&log->changed, &monotonic);
	(void) pthread_condattr_destroy(&monotonic);
}

int hk_log_new(hk_log **out, hk_loop *loop, const hk_log_opts *opts)
{
	hk_log_opts own = HK_LOG_OPTS_INIT;
	hk_log *log;
	int r = hki_loop_check(loop);

	if (r < 0)
		return r;
	if (opts != NULL) {
		r = hki_opts_copy(&own, sizeof(own), opts, opts->size, sizeof(size_t));
		if (r < 0)
			return r;
	}
	log = hki_zalloc(sizeof(*log));
	if (log == NULL)
		return -ENOMEM;
	init_members(log, loop, &own);
	r = hki_mailbox_init(&log->to_loop, loop);
	if (r == 0) {
		r = start_inner(log);
		if (r < 0) {
			hki_mailbox_close(&log->to_loop);
			hki_mailbox_deinit(&log->to_loop);
		}
	}
	if (r < 0) {
		hk_loop_free(log->inner);
		(void) pthread_cond_destroy(&log->changed);
		(void) pthread_mutex_destroy(&log->mutex);
		hki_free(log);
		return r;
	}
	hki_loop_join(loop, &log->member);
	*out = log;
	return 0;
}

static struct timespec from_now(uint64_t ns)
{
	struct timespec when;

	ns += hki_clock_monotonic_ns();
	when.tv_sec = (time_t) (ns / HKI_NS_PER_S);
	when.tv_nsec = (long) (ns % HKI_NS_PER_S);
	return when;
}

/* Wait for the thread, but not for ever: it may sit in a write to a dead disk. */
static void end_thread(hk_log *log)
{
	/* Slow sinks get flush_ns twice: for the streams, and for what waits in terminals. */
	struct timespec until = from_now(2 * log->flush_ns + HKI_NS_PER_S);
	int r = 0;

	if (hki_mailbox_send(&log->to_log, &log->finish) < 0)
		return;
	(void) pthread_mutex_lock(&log->mutex);
	while (!log->finished && r == 0)
		r = pthread_cond_timedwait(&log->changed, &log->mutex, &until);
	r = log->finished ? 0 : -ETIMEDOUT;
	(void) pthread_mutex_unlock(&log->mutex);
	if (r == 0)
		(void) pthread_join(log->thread, NULL);
	else
		(void) pthread_detach(log->thread);
}

void hk_log_free(hk_log *log)
{
	if (log == NULL)
		return;
	log->closed = true;
	hki_loop_leave(&log->member);
	/* In a forked child there is no such thread, and its memory stays with it. */
	if (log->owner != getpid())
		return;
	end_thread(log);
	if (log->outer != NULL)
		hki_mailbox_close(&log->to_loop);
	/* Flushes that a hanging disk never answers must not keep the loop going. */
	for (; log->outer != NULL && log->holds > 0; log->holds--)
		hki_loop_release(log->outer);
	hki_log_release(log);
}
