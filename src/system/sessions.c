/*
 * Who is logged in.  utmp is what who(1) reads; newer systems have none any more
 * (its times end in 2038), and there the files that logind keeps for its library
 * say it.  What is in utmp but has no process any more was left by a crash.
 */
#include "system/sessions.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <utmpx.h>
#include "base/alloc.h"

#define LOGIND "/run/systemd/sessions"

typedef struct sessions_state {
	hki_session *items;
	size_t count;
	size_t capacity;
	hk_system_session *records;
	size_t record_capacity;
} sessions_state;

/* ---- utmp ---- */

static void copy_field(char *out, size_t capacity, const char *field, size_t size)
{
	hki_scan_copy(out, capacity, hki_scan_of(field, strnlen(field, size)));
}

int hki_utmp_parse(hki_session *out, const void *data, size_t length, size_t index)
{
	struct utmpx entry;

	if (index >= length / sizeof(entry))
		return -ENOENT;
	memcpy(&entry, (const char *) data + index * sizeof(entry), sizeof(entry));
	if (entry.ut_type != USER_PROCESS || entry.ut_user[0] == '\0')
		return 0;
	*out = (hki_session){ .uid = -1, .pid = entry.ut_pid, .is_user = true };
	copy_field(out->user, sizeof(out->user), entry.ut_user, sizeof(entry.ut_user));
	copy_field(
	    out->terminal, sizeof(out->terminal), entry.ut_line, sizeof(entry.ut_line));
	copy_field(out->host, sizeof(out->host), entry.ut_host, sizeof(entry.ut_host));
	/* 32 bits without a sign last until 2106. */
	out->login_time_s =
	    (double) (uint32_t) entry.ut_tv.tv_sec + (double) entry.ut_tv.tv_usec / 1e6;
	return 1;
}

static bool is_left_over(const hk_system *system, const hki_session *session)
{
	return system->live && session->pid > 0 && kill((pid_t) session->pid, 0) < 0 &&
	       errno == ESRCH;
}

static int each_in_utmp(
    hk_system *system, int (*visit)(const hki_session *session, void *user), void *user)
{
	hki_session session;
	hki_scan data;
	int r = hki_file_read(system, "/run/utmp", &data);

	if (r == -ENOENT)
		r = hki_file_read(system, "/var/run/utmp", &data);
	if (r < 0)
		return r;
	for (size_t i = 0;; i++) {
		r = hki_utmp_parse(&session, data.at, hki_scan_length(data), i);
		if (r == -ENOENT)
			return 0;
		if (r == 1 && !is_left_over(system, &session) &&
		    (r = visit(&session, user)) != 0)
			return r;
	}
}

/* ---- logind ---- */

static void take_number(int64_t *out, hki_scan value)
{
	int64_t number;

	if (hki_scan_signed(&number, &value))
		*out = number;
}

static void take_pair(hki_session *out, hki_scan key, hki_scan value)
{
	int64_t time_us = 0;

	if (hki_scan_is(key, "USER"))
		hki_scan_copy(out->user, sizeof(out->user), value);
	else if (hki_scan_is(key, "UID"))
		take_number(&out->uid, value);
	else if (hki_scan_is(key, "LEADER"))
		take_number(&out->pid, value);
	else if (hki_scan_is(key, "TTY"))
		hki_scan_copy(out->terminal, sizeof(out->terminal), value);
	else if (hki_scan_is(key, "DISPLAY") && out->terminal[0] == '\0')
		hki_scan_copy(out->terminal, sizeof(out->terminal), value);
	else if (hki_scan_is(key, "REMOTE_HOST"))
		hki_scan_copy(out->host, sizeof(out->host), value);
	else if (hki_scan_is(key, "SEAT"))
		hki_scan_copy(out->seat, sizeof(out->seat), value);
	else if (hki_scan_is(key, "TYPE"))
		hki_scan_copy(out->type, sizeof(out->type), value);
	else if (hki_scan_is(key, "STATE"))
		hki_scan_copy(out->state, sizeof(out->state), value);
	else if (hki_scan_is(key, "SERVICE"))
		hki_scan_copy(out->service, sizeof(out->service), value);
	else if (hki_scan_is(key, "CLASS"))
		/* "user", "user-early", "user-light" … but not "greeter", "manager". */
		out->is_user = hki_scan_skip(&value, "user");
	else if (hki_scan_is(key, "REALTIME")) {
		take_number(&time_us, value);
		out->login_time_s = (double) time_us / 1e6;
	}
}

void hki_session_parse(hki_session *out, hki_scan text)
{
	hki_scan line, key;

	*out = (hki_session){ .uid = -1, .pid = -1, .is_user = true };
	while (hki_scan_line(&line, &text))
		if (hki_scan_until(&key, &line, '='))
			take_pair(out, key, line);
	if (out->user[0] == '\0')
		out->is_user = false;
}

typedef struct logind_walk {
	hk_system *system;
	int (*visit)(const hki_session *session, void *user);
	void *user;
} logind_walk;

static int visit_session(const char *name, void *user)
{
	logind_walk *walk = user;
	char path[256];
	hki_session session;
	hki_scan text;

	/* ID.ref is a pipe. */
	if (strchr(name, '.') != NULL ||
	    hki_path(path, sizeof(path), LOGIND "/%s", name) < 0 ||
	    hki_file_read(walk->system, path, &text) < 0)
		return 0;
	hki_session_parse(&session, text);
	hki_scan_copy(session.id, sizeof(session.id), hki_scan_text(name));
	return session.is_user ? walk->visit(&session, walk->user) : 0;
}

int hki_sessions_each(
    hk_system *system, int (*visit)(const hki_session *session, void *user), void *user)
{
	logind_walk walk = { system, visit, user };
	int r = each_in_utmp(system, visit, user);

	if (r != -ENOENT)
		return r;
	return hki_file_each(system, LOGIND, visit_session, &walk);
}

/* ---- the section ---- */

static int keep(const hki_session *session, void *user)
{
	sessions_state *sessions = user;
	int r = hki_grow((void **) &sessions->items, &sessions->capacity,
	    sessions->count + 1, sizeof(*sessions->items));

	if (r < 0)
		return r;
	sessions->items[sessions->count++] = *session;
	return 0;
}

static void fill(hk_system_session *record, const hki_session *session)
{
	*record = (hk_system_session){ .user = NULL };
#define TEXT(member)                                                                     \
	if (session->member[0] != '\0')                                                  \
	HKI_PUT(session, record, member, session->member)
	TEXT(user);
	TEXT(terminal);
	TEXT(host);
	TEXT(id);
	TEXT(seat);
	TEXT(type);
	TEXT(state);
	TEXT(service);
#undef TEXT
	if (session->uid >= 0)
		HKI_PUT(session, record, uid, session->uid);
	if (session->pid > 0)
		HKI_PUT(session, record, pid, session->pid);
	if (session->login_time_s > 0)
		HKI_PUT(session, record, login_time_s, session->login_time_s);
}

static int sample_sessions(hk_system *system, void *state)
{
	sessions_state *sessions = state;
	int r;

	sessions->count = 0;
	r = hki_sessions_each(system, keep, sessions);
	if (r < 0)
		return r;
	r = hki_grow((void **) &sessions->records, &sessions->record_capacity,
	    sessions->count, sizeof(*sessions->records));
	if (r < 0)
		return r;
	for (size_t i = 0; i < sessions->count; i++)
		fill(&sessions->records[i], &sessions->items[i]);
	return 0;
}

static void clear_sessions(void *state)
{
	sessions_state *sessions = state;

	sessions->count = 0;
}

static void deinit_sessions(void *state)
{
	sessions_state *sessions = state;

	hki_free(sessions->items);
	hki_free(sessions->records);
}

const hki_section hki_section_sessions = {
	.state_bytes = sizeof(sessions_state),
	.sample = sample_sessions,
	.clear = clear_sessions,
	.deinit = deinit_sessions,
};

const hk_system_session *hk_system_get_sessions(
    const hk_system *system, size_t *out_count)
{
	const sessions_state *state = hki_system_state(system, HKI_SECTION_SESSIONS);

	*out_count = state->count;
	return state->records;
}
