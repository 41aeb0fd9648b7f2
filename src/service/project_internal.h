#ifndef HKI_SERVICE_PROJECT_INTERNAL_H
#define HKI_SERVICE_PROJECT_INTERNAL_H

#include <limits.h>
#include <stdint.h>
#include <hostkit/service.h>
#include "base/list.h"
#include "service/journal.h"
#include "service/state.h"

/* "HOSTKIT_PROJECT=" and 16 hexadecimal digits. */
#define HKI_PROJECT_ENTRY_MAX 40

struct hk_service_project {
	char path[PATH_MAX];         /* resolved */
	char lock[PATH_MAX];         /* <directory>/<name>-<key>.lock */
	char journal_path[PATH_MAX]; /* the same with .journal */
	char entry[HKI_PROJECT_ENTRY_MAX];
	int lock_fd;
	hki_journal *journal; /* opened with the first line written */
	hki_list alive;       /* hki_project_process: what the journal says runs */
	size_t alive_bytes;   /* of their lines */
	size_t written_bytes; /* since the journal was last written anew */
};

/* One line of the journal that is not crossed out. */
typedef struct hki_project_process {
	hki_list node;
	hk_process_id id;
	size_t length;
	char line[]; /* with its end, terminated */
} hki_project_process;

/* ---- project_path.c ---- */

/* Fill path, lock, journal_path and entry.  Makes the directory if @make.
 * 0 or a negative errno, explained in @errors. */
int hki_project_locate(hk_service_project *project, const char *path,
    const char *directory, bool make, hk_error_list *errors);

#endif /* HKI_SERVICE_PROJECT_INTERNAL_H */
