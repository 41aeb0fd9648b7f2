#ifndef HKI_SERVICE_PROJECT_H
#define HKI_SERVICE_PROJECT_H

#include <hostkit/service.h>
#include "base/buffer.h"
#include "os/procfs.h"

/* "HOSTKIT_PROJECT=" and sixteen digits. */
#define HKI_PROJECT_VARIABLE   "HOSTKIT_PROJECT"
#define HKI_PROJECT_KEY_LENGTH 16

/*
 * One project, claimed.  Its directory holds KEY.lock, which is never removed
 * (whoever removed it could let two supervisors in), and KEY.state, which is
 * there from the claim to an orderly end: finding it means the last supervisor
 * was killed.
 */
struct hk_service_project {
	char *path;
	char key[HKI_PROJECT_KEY_LENGTH + 1];
	char environment[sizeof(HKI_PROJECT_VARIABLE) + 1 + HKI_PROJECT_KEY_LENGTH];
	char boot_id[HKI_BOOT_ID_MAX];
	int directory_fd;
	int lock_fd;
	char *left; /* what was written down by one that was killed, or NULL */

	/* writing, while a set runs */
	struct hki_project_writing *writing; /* under way */
	bool again;                          /* something changed meanwhile */
};

/* state.c: what is written down, as text */
int hki_state_begin(hki_buffer *out, const hk_service_project *project);
/* Replace KEY.state as a whole.  May wait for the disk.  0 or a negative errno. */
int hki_state_write(int directory_fd, const char *key, const char *text, size_t length);
/* Owned: hki_free().  0, -ENOENT … */
int hki_state_read(char **out, int directory_fd, const char *key);
void hki_state_remove(int directory_fd, const char *key);

/* One program that was running. */
typedef struct hki_state_row {
	char service[65];
	unsigned int instance;
	unsigned int restarts;
	hk_process_id id;
	const char *cgroup; /* in the line; NULL: none */
} hki_state_row;

/*
 * Read the text line by line: @visit for each program.  Lines of unknown kinds
 * are passed over, as a later version may write them; so are broken ones, and
 * everything when the text is of another boot.  The text is cut into lines.
 */
void hki_state_each(char *text, const char *boot_id,
    void (*visit)(const hki_state_row *row, void *user), void *user);

#endif /* HKI_SERVICE_PROJECT_H */
