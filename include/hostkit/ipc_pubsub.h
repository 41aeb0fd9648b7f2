#ifndef HOSTKIT_IPC_PUBSUB_H
#define HOSTKIT_IPC_PUBSUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>

HK_BEGIN

/* Bytes and tokens of a subject or pattern: a name for people and logs, not a path. */
#define HK_IPC_SUBJECT_MAX        255
#define HK_IPC_SUBJECT_TOKENS_MAX 32

/*
 * Is this a subject: tokens between dots, none of them empty, UTF-8 without white
 * space, control characters, "*" or ">"?
 * Returns 0, -EINVAL, or -ENAMETOOLONG beyond the limits above.  Any thread.
 */
HK_API HK_MUST_USE int hk_ipc_subject_check(const char *subject);

/* The same for a pattern, where a token may be "*" and the last one ">". */
HK_API HK_MUST_USE int hk_ipc_pattern_check(const char *pattern);

/*
 * Does @pattern match @subject?  "*" stands for exactly one token, ">" for one or
 * more.  False too if either is not well formed.  Any thread.
 */
HK_API HK_MUST_USE bool hk_ipc_subject_matches(const char *pattern, const char *subject);

HK_END

#endif /* HOSTKIT_IPC_PUBSUB_H */
