#ifndef HKI_IPC_SUBJECT_H
#define HKI_IPC_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <hostkit/ipc_pubsub.h>

/*
 * A subject or pattern cut into its tokens: the dots of a copy became NULs, so
 * that each token is a string of its own.
 */
typedef struct hki_subject_tokens {
	size_t count;
	const char *token[HK_IPC_SUBJECT_TOKENS_MAX];
	char text[HK_IPC_SUBJECT_MAX + 1];
} hki_subject_tokens;

/*
 * Cut @length bytes of @text, with @wildcards as a pattern may have them.
 * Returns 0, -EINVAL, or -ENAMETOOLONG.
 */
int hki_subject_cut(
    hki_subject_tokens *out, const char *text, size_t length, bool wildcards);

#endif /* HKI_IPC_SUBJECT_H */
