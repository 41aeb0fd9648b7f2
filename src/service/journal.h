#ifndef HKI_SERVICE_JOURNAL_H
#define HKI_SERVICE_JOURNAL_H

#include <stddef.h>

/*
 * A file that a thread of its own appends to, so that writing never waits.
 * Threads: one thread uses a journal.
 */
typedef struct hki_journal hki_journal;

/* Begin the file at @path anew.  @path is Copied.  Owned: hki_journal_free().
 * 0, -ENOMEM, -EAGAIN when no thread can be had. */
int hki_journal_new(hki_journal **out, const char *path);

/* Append @text.  0 or -ENOMEM. */
int hki_journal_append(hki_journal *journal, const char *text, size_t length);

/* Let the file hold @text and nothing else; replaced by rename(2).  0 or -ENOMEM. */
int hki_journal_replace(hki_journal *journal, const char *text, size_t length);

/* Write what waits, and end the thread.  NULL is fine. */
void hki_journal_free(hki_journal *journal);

#endif /* HKI_SERVICE_JOURNAL_H */
