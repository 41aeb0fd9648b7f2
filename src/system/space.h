#ifndef HKI_SYSTEM_SPACE_H
#define HKI_SYSTEM_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/statvfs.h>

/*
 * Asking file systems for their space without being held up by one that does not
 * answer.  A question runs on a thread; when the deadline passes, the thread is
 * left behind, and as long as it stands there the file system is not asked again.
 */
typedef struct hki_space hki_space;

/* One question.  `result` is 0 once answered, -ETIMEDOUT or -EBUSY for one that is stuck,
 * or the errno of statvfs(3). */
typedef struct hki_space_question {
	const char *path; /* Borrowed for the call */
	int result;
	struct statvfs answer;
} hki_space_question;

/* Owned: hki_space_free(), which waits for nobody. */
int hki_space_new(hki_space **out);
void hki_space_free(hki_space *space);

/* Ask all of them and return when each has its result, at the latest after @deadline_ns.
 * 0, or a negative errno when nothing could be asked. */
int hki_space_ask(
    hki_space *space, hki_space_question *questions, size_t count, uint64_t deadline_ns);

#endif /* HKI_SYSTEM_SPACE_H */
