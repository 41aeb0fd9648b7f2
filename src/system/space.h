#ifndef HKI_SYSTEM_SPACE_H
#define HKI_SYSTEM_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/vfs.h>

/*
 * Asking file systems for their space without being held up by one that does not
 * answer, neither now nor when the program wants to end.
 */
typedef struct hki_space hki_space;

/* One question.  `result` is 0 once answered, -ETIMEDOUT when there was no answer in time,
 * -EBUSY while an earlier question to it is still open, or the errno of statfs(2). */
typedef struct hki_space_question {
	const char *path; /* Borrowed for the call */
	int result;
	struct statfs answer;
} hki_space_question;

/* Owned: hki_space_free(), which waits for nobody. */
int hki_space_new(hki_space **out);
void hki_space_free(hki_space *space);

/* Ask all of them and return when each has its result, at the latest after @deadline_ns.
 * 0 or -ENOMEM. */
int hki_space_ask(
    hki_space *space, hki_space_question *questions, size_t count, uint64_t deadline_ns);

/* How many askers stand before file systems that have not answered. */
size_t hki_space_stuck(const hki_space *space);

#endif /* HKI_SYSTEM_SPACE_H */
