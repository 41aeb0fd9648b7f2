#ifndef HKI_SERVICE_FIXTURE_H
#define HKI_SERVICE_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/allocator.h>
#include <hostkit/service.h>
#include "base/array.h"
#include "base/clock.h"
#include "os/procfs.h"

/*
 * For the tests of this folder: a set of real programs, everything it told, and
 * ways to wait for what it will tell.  Nothing here sleeps for luck; a test that
 * waits for something that never comes is ended by its runner.
 */
#define SEEN_MAX 4096

struct seen {
	int event;
	char service[65];
	unsigned int instance;
	int state;
	int exit_code;
	char signal[16];
	char error[200];
	char text[300];
	char output[300];
	char word[16]; /* of event, as it is written */
	double delay_s;
	pid_t pid;
	uint64_t seq;
};

struct fixture {
	hk_loop *loop;
	hk_service_set *set;
	char directory[64];
	struct seen *seen;
	size_t count;
	size_t looked_at; /* by await() */
	bool ended;
	hk_service_summary summary;
	bool free_on_event;
};

static inline bool event_has(const hk_service_event *event, const char *field)
{
	int index = hk_record_find(&hk_service_event_type, field);

	assert_true(index >= 0);
	return hk_record_has(&event->record, (unsigned int) index);
}

static inline void note_event(
    hk_service_set *set, const hk_service_event *event, void *user)
{
	struct fixture *f = user;
	struct seen *seen = &f->seen[f->count];

	assert_true(f->count < SEEN_MAX);
	f->count++;
	seen->event = event->event;
	(void) hk_record_format(seen->word, sizeof(seen->word), &hk_service_event_type,
	    event, (unsigned int) hk_record_find(&hk_service_event_type, "event"));
	seen->seq = event->seq;
	seen->state = event->state;
	seen->instance = event->instance;
	seen->exit_code = event_has(event, "exit_code") ? event->exit_code : -1;
	seen->delay_s = event->delay_s;
	seen->pid = (pid_t) event->pid;
	(void) snprintf(seen->service, sizeof(seen->service), "%s",
	    event_has(event, "service") ? event->service : "");
	(void) snprintf(seen->signal, sizeof(seen->signal), "%s",
	    event_has(event, "signal") ? event->signal : "");
	(void) snprintf(seen->error, sizeof(seen->error), "%s",
	    event_has(event, "error") ? event->error : "");
	(void) snprintf(seen->text, sizeof(seen->text), "%s",
	    event_has(event, "text") ? event->text : "");
	(void) snprintf(seen->output, sizeof(seen->output), "%s",
	    event_has(event, "output") ? event->output : "");
	if (f->free_on_event) {
		f->free_on_event = false;
		f->set = NULL;
		hk_service_set_free(set);
	}
}

static inline void note_end(
    hk_service_set *set, const hk_service_summary *summary, void *user)
{
	struct fixture *f = user;

	(void) set;
	f->ended = true;
	f->summary = *summary;
}

static inline void make_set(struct fixture *f, hk_service_project *project)
{
	hk_service_set_opts opts = HK_SERVICE_SET_OPTS_INIT;

	opts.on_event = note_event;
	opts.on_end = note_end;
	opts.user = f;
	opts.seed = 42;
	opts.project = project;
	assert_int_equal(hk_service_set_new(&f->set, f->loop, &opts), 0);
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->seen = calloc(SEEN_MAX, sizeof(*f->seen));
	assert_non_null(f->seen);
	strcpy(f->directory, "/tmp/hostkit-service-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	assert_int_equal(hk_loop_new(&f->loop), 0);
	make_set(f, NULL);
	*state = f;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	DIR *entries = opendir(f->directory);
	struct dirent *entry;

	hk_service_set_free(f->set);
	hk_loop_free(f->loop);
	while (entries != NULL && (entry = readdir(entries)) != NULL)
		(void) unlinkat(dirfd(entries), entry->d_name, 0);
	(void) closedir(entries);
	(void) rmdir(f->directory);
	free(f->seen);
	free(f);
	return 0;
}

/* ---- describing ---- */

struct program {
	hk_process_opts process;
	hk_service_health health;
	hk_service_opts service;
	const char *argv[4];
	hk_stop_step step;
};

/* A line for sh, restarted quickly unless said otherwise. */
static inline void describe(struct program *p, const char *name, const char *line)
{
	memset(p, 0, sizeof(*p));
	p->process.size = sizeof(p->process);
	p->health.size = sizeof(p->health);
	p->service.size = sizeof(p->service);
	p->argv[0] = "/bin/sh";
	p->argv[1] = "-c";
	p->argv[2] = line;
	p->process.argv = p->argv;
	p->service.name = name;
	p->service.process = &p->process;
	p->service.backoff_initial_ns = HKI_NS_PER_MS;
	p->service.backoff_max_ns = 20 * HKI_NS_PER_MS;
}

static inline void add(struct fixture *f, const struct program *p)
{
	assert_int_equal(hk_service_set_add(f->set, &p->service, NULL), 0);
}

static inline void add_line(struct fixture *f, const char *name, const char *line)
{
	struct program p;

	describe(&p, name, line);
	add(f, &p);
}

static inline void start_all(struct fixture *f)
{
	assert_int_equal(hk_service_set_start(f->set, NULL, NULL), 0);
}

/* ---- waiting ---- */

static inline void turn(struct fixture *f)
{
	assert_true(hk_loop_run_once(f->loop, 1000) >= 0);
}

/* Turn until an event of @kind (and, for states, @state) of @service has come
 * since the last one awaited. */
static inline const struct seen *await(
    struct fixture *f, const char *service, int kind, int state)
{
	for (;;) {
		while (f->looked_at < f->count) {
			const struct seen *seen = &f->seen[f->looked_at++];

			if (seen->event == kind && strcmp(seen->service, service) == 0 &&
			    (kind != HK_SERVICE_EVENT_STATE || seen->state == state))
				return seen;
		}
		turn(f);
	}
}

static inline const struct seen *await_state(
    struct fixture *f, const char *service, hk_service_state state)
{
	return await(f, service, HK_SERVICE_EVENT_STATE, (int) state);
}

static inline void await_end(struct fixture *f)
{
	while (!f->ended)
		turn(f);
}

/* The first event of that kind, or NULL; turns nothing. */
static inline const struct seen *find_seen(
    const struct fixture *f, const char *service, int kind, int state)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->seen[i].event == kind &&
		    strcmp(f->seen[i].service, service) == 0 &&
		    (kind != HK_SERVICE_EVENT_STATE || f->seen[i].state == state))
			return &f->seen[i];
	return NULL;
}

static inline uint64_t seq_of(
    const struct fixture *f, const char *service, hk_service_state state)
{
	const struct seen *seen =
	    find_seen(f, service, HK_SERVICE_EVENT_STATE, (int) state);

	if (seen == NULL)
		fail_msg("%s was never %s", service, hk_service_state_name(state));
	return seen->seq;
}

static inline size_t count_seen(
    const struct fixture *f, const char *service, hk_service_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < f->count; i++)
		count += f->seen[i].event == HK_SERVICE_EVENT_STATE &&
			 strcmp(f->seen[i].service, service) == 0 &&
			 f->seen[i].state == (int) state;
	return count;
}

static inline void path_in(struct fixture *f, char out[128], const char *name)
{
	(void) snprintf(out, 128, "%s/%s", f->directory, name);
}

static inline void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	(void) close(fd);
}

static inline bool is_alive(pid_t pid)
{
	hki_proc_stat stat;

	/* A zombie that nobody has collected yet is no longer alive. */
	return hki_proc_stat_read(&stat, pid) == 0 && stat.state != 'Z' &&
	       stat.state != 'X';
}

#endif /* HKI_SERVICE_FIXTURE_H */
