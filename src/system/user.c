/*
 * Who runs this program.  /etc/passwd is read first: asking the name service may
 * mean asking a server, and nobody needs that for a local user.
 */
#include "system/os.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool hki_passwd_parse(hki_user *out, hki_scan line, uint64_t uid)
{
	hki_scan parts[7];
	uint64_t number;

	for (size_t i = 0; i < 7; i++)
		if (!hki_scan_until(&parts[i], &line, ':'))
			parts[i] = hki_scan_of("", 0);
	if (!hki_scan_number(&number, &parts[2]) || number != uid)
		return false;
	hki_scan_copy(out->name, sizeof(out->name), parts[0]);
	if (out->name[0] == '\0')
		return false;
	hki_scan_copy(out->full_name, sizeof(out->full_name), parts[4]);
	out->full_name[strcspn(out->full_name, ",")] = '\0'; /* room, telephone */
	hki_scan_copy(out->home, sizeof(out->home), parts[5]);
	hki_scan_copy(out->shell, sizeof(out->shell), parts[6]);
	return true;
}

static bool find_in_file(hki_user *out, hk_system *system, uint64_t uid)
{
	hki_scan text, line;

	if (hki_file_read(system, "/etc/passwd", &text) < 0)
		return false;
	while (hki_scan_line(&line, &text))
		if (hki_passwd_parse(out, line, uid))
			return true;
	return false;
}

static bool find_in_service(hki_user *out, uid_t uid)
{
	char room[2048];
	struct passwd entry;
	struct passwd *found;

	if (getpwuid_r(uid, &entry, room, sizeof(room), &found) != 0 || found == NULL)
		return false;
	(void) snprintf(out->name, sizeof(out->name), "%s", entry.pw_name);
	(void) snprintf(out->full_name, sizeof(out->full_name), "%s", entry.pw_gecos);
	out->full_name[strcspn(out->full_name, ",")] = '\0';
	(void) snprintf(out->home, sizeof(out->home), "%s", entry.pw_dir);
	(void) snprintf(out->shell, sizeof(out->shell), "%s", entry.pw_shell);
	return true;
}

void hki_user_find(hki_user *out, hk_system *system)
{
	uid_t uid = getuid();
	hk_system_user *record = &out->record;

	*out = (hki_user){ .name = "" };
	HKI_PUT(user, record, uid, (int64_t) uid);
	HKI_PUT(user, record, gid, (int64_t) getgid());
	if (!find_in_file(out, system, uid) &&
	    (!system->live || !find_in_service(out, uid)))
		return;
	HKI_PUT(user, record, name, out->name);
	if (out->full_name[0] != '\0')
		HKI_PUT(user, record, full_name, out->full_name);
	if (out->home[0] != '\0')
		HKI_PUT(user, record, home, out->home);
	if (out->shell[0] != '\0')
		HKI_PUT(user, record, shell, out->shell);
}
