#ifndef HKI_SYSTEM_OS_H
#define HKI_SYSTEM_OS_H

#include "system/system_internal.h"

/* ---- os_release.c ---- */

/* The value of @key in the text of /etc/os-release, with its quotes undone.  False when
 * it is not there. */
bool hki_os_release_find(char *out, size_t capacity, hki_scan text, const char *key);

/* ---- virtualisation.c ---- */

/* "kvm", or "" on bare metal and where nobody knows. */
void hki_virtualisation_find(char *out, size_t capacity, hk_system *system);

/* "docker", or "" outside a container. */
void hki_container_find(char *out, size_t capacity, hk_system *system);

/* ---- user.c ---- */

typedef struct hki_user {
	hk_system_user record;
	char name[64];
	char full_name[128];
	char home[256];
	char shell[128];
} hki_user;

/* The user with the real id of this process.  Its id is always known. */
void hki_user_find(hki_user *out, hk_system *system);

/* A line of /etc/passwd, if it is that of @uid. */
bool hki_passwd_parse(hki_user *out, hki_scan line, uint64_t uid);

#endif /* HKI_SYSTEM_OS_H */
