#ifndef HKI_SYSTEM_PROCESS_TEXT_H
#define HKI_SYSTEM_PROCESS_TEXT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Texts of processes, read on a thread of their own: the half that runs there.
 * It knows no table and no rows; what it works on is a batch that belongs to
 * whoever lets go of it last.
 */

/* The texts of one program, in one block.  A part that is missing is NULL; its
 * error says why. */
typedef struct hki_process_texts {
	char *block; /* Owned; NULL: nothing */
	const char *const *words;
	size_t word_count;
	const char *executable;
	const char *directory;
	const char *cgroup;
	int command_error; /* negative errno, or 0 */
	int executable_error;
	int directory_error;
	int cgroup_error;
} hki_process_texts;

/* Not written to once the thread has it. */
typedef struct hki_text_question {
	int32_t pid; /* 0: the name of user `uid` */
	uint32_t uid;
	uint64_t start_ticks;
	uint32_t want; /* HKI_READ_… */
} hki_text_question;

typedef struct hki_text_item {
	hki_text_question question;
	int result; /* 0, or a negative errno: nothing could be read */
	hki_process_texts texts;
} hki_text_item;

/* More are read in several batches; what follows a stuck one in its batch has to wait. */
#define HKI_TEXT_BATCH_MAX 32

typedef struct hki_text_batch {
	atomic_int references;
	atomic_size_t
	    done; /* items before this one are complete and belong to the owner */
	atomic_bool abandoned;          /* stop after the item at hand */
	atomic_bool returned;           /* the thread has come back */
	int proc;                       /* Owned */
	struct hki_text_reader *reader; /* the owner's thread only */
	size_t count;
	hki_text_item items[HKI_TEXT_BATCH_MAX];
} hki_text_batch;

/* With one reference.  NULL when there is no memory or no descriptor. */
hki_text_batch *hki_text_batch_new(int proc);
void hki_text_batch_unref(hki_text_batch *batch);

/* Fill in the items, one after the other. */
void hki_text_batch_read(hki_text_batch *batch);

/*
 * The path of a process in /proc/PID/cgroup: of the unified hierarchy if it is
 * there, else of systemd's own, else of the first.  Borrowed from @text; its length
 * in *out_length.  NULL if there is none.
 */
const char *hki_process_cgroup(size_t *out_length, const char *text, size_t length);

#endif /* HKI_SYSTEM_PROCESS_TEXT_H */
