#ifndef HKI_SYSTEM_SESSIONS_H
#define HKI_SYSTEM_SESSIONS_H

#include "system/system_internal.h"

/* Somebody who is logged in.  Empty texts are unknown. */
typedef struct hki_session {
	char user[64];
	char terminal[64];
	char host[256];
	char id[64];
	char seat[32];
	char type[16];
	char state[16];
	char service[64];
	int64_t uid;         /* -1: unknown */
	int64_t pid;         /* -1: unknown */
	double login_time_s; /* 0: unknown */
	bool
	    is_user; /* and not a login screen, or the manager behind a user's services */
} hki_session;

/* The text of /run/systemd/sessions/ID. */
void hki_session_parse(hki_session *out, hki_scan text);

/* Entry @index of the bytes of utmp.  1; 0 when it is no user's; -ENOENT past the end. */
int hki_utmp_parse(hki_session *out, const void *data, size_t length, size_t index);

/*
 * Call @visit for each user logged in, until it returns other than 0, which is
 * returned.  -ENOENT where neither utmp nor logind keeps a list.
 */
int hki_sessions_each(
    hk_system *system, int (*visit)(const hki_session *session, void *user), void *user);

#endif /* HKI_SYSTEM_SESSIONS_H */
