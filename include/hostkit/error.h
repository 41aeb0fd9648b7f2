#ifndef HOSTKIT_ERROR_H
#define HOSTKIT_ERROR_H

#include <errno.h>
#include <stddef.h>
#include <hostkit/base.h>

HK_BEGIN

/*
 * Errors
 *
 * A function that can fail returns an int: zero (or a documented count) on
 * success, a negative code on failure.  Failures of the operating system are
 * negated errno values, so -ENOENT from hostkit means what ENOENT means in the
 * manual page of the system call.  Conditions that only hostkit knows start at
 * HK_EFIRST, below every code that libuv uses.
 *
 * Where people wrote the input, or where a failure has a step worth naming, a
 * function also takes an optional hk_error_list.  It collects every mistake of
 * one run, so that a person mends them all at once.
 *
 * Threads: the functions on codes may be called from anywhere.  A list belongs
 * to one thread at a time.
 */
enum {
	HK_EFIRST = -5000,
	HK_EPARSE = -5000,   /* input is not in the documented format */
	HK_ELIMIT = -5001,   /* a configured limit was reached */
	HK_ECLOSED = -5002,  /* the object was closed while the call was pending */
	HK_EUNKNOWN = -5003, /* the answer existed once and can no longer be known */
	HK_ENONAME = -5004,  /* no host of this name is known */
	HK_ELAST = -5004
};

/* Short stable name of a code, such as "ENOENT" or "HK_EPARSE".  Never NULL. */
HK_API const char *hk_error_name(int code);

/* One-line English description of a code, lower case.  Never NULL; static storage. */
HK_API const char *hk_error_text(int code);

/* One mistake.  Every string is borrowed until the list changes or is freed. */
typedef struct hk_error {
	int code;           /* negative, as a function would return it */
	int line;           /* 1-based line of the input, or 0 */
	int column;         /* 1-based column in bytes, or 0 */
	const char *source; /* name of the input, such as a file; "" if there is none */
	const char *step;   /* what was being done, such as "cwd" or "exec"; may be "" */
	const char *text;   /* one sentence, lower case, without a full stop */
	const char *hint;   /* what to do about it; may be "" */
} hk_error;

typedef struct hk_error_list hk_error_list;

/*
 * A list keeps this many errors; later ones are only counted.  A person reads
 * a screenful at most, and hostile input must not grow our memory.
 */
#define HK_ERROR_LIST_MAX 100

/* Create an empty list.  Owned: release it with hk_error_list_free().
 * Returns 0 or -ENOMEM. */
HK_API HK_MUST_USE int hk_error_list_new(hk_error_list **out);

/* Release a list and everything borrowed from it.  NULL is fine. */
HK_API void hk_error_list_free(hk_error_list *list);

/* How many errors were reported, those beyond HK_ERROR_LIST_MAX included.  NULL has
 * none. */
HK_API size_t hk_error_list_count(const hk_error_list *list);

/* The error at @index, in the order of report, or NULL past the last one kept. */
HK_API const hk_error *hk_error_list_get(const hk_error_list *list, size_t index);

/* Forget every error.  NULL is fine. */
HK_API void hk_error_list_clear(hk_error_list *list);

/*
 * Write an error the way compilers do: "file:line:column: step: text: errno
 * words (hint)", leaving out what is absent.  Behaves as snprintf(): returns
 * the length it would have liked, and always terminates when @capacity > 0.
 */
HK_API size_t hk_error_format(char *out, size_t capacity, const hk_error *error);

HK_END

#endif /* HOSTKIT_ERROR_H */
