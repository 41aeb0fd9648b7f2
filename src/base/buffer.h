#ifndef HKI_BASE_BUFFER_H
#define HKI_BASE_BUFFER_H

#include <stdarg.h>
#include <stddef.h>

/*
 * The one growing byte buffer.  `data` is NULL or holds `length` bytes followed
 * by a NUL that is not counted, so it can be read as a string at any time.
 * `start` bytes were consumed at the front and are reclaimed when room is
 * needed; data points behind them.
 */
typedef struct hki_buffer {
	char *data;
	size_t length;
	size_t capacity; /* bytes from data to the end of the block, less the NUL */
	size_t start;    /* bytes of the block before data */
} hki_buffer;

/* clang-format off */
#define HKI_BUFFER_INIT { NULL, 0, 0, 0 }
/* clang-format on */

void hki_buffer_deinit(hki_buffer *buffer);

/* Room for @extra more bytes behind the present ones.  0 or -ENOMEM; unchanged on failure. */
int hki_buffer_reserve(hki_buffer *buffer, size_t extra);

/* Each appends all or nothing: 0 or -ENOMEM. */
int hki_buffer_append(hki_buffer *buffer, const void *bytes, size_t length);
int hki_buffer_append_text(hki_buffer *buffer, const char *text);
int hki_buffer_append_char(hki_buffer *buffer, char byte);
int hki_buffer_append_format(hki_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int hki_buffer_append_format_list(hki_buffer *buffer, const char *format,
    va_list arguments) __attribute__((format(printf, 2, 0)));

/* Count @length bytes that were written behind the present ones after a reserve. */
void hki_buffer_commit(hki_buffer *buffer, size_t length);

/* Drop @length bytes at the front.  O(1). */
void hki_buffer_consume(hki_buffer *buffer, size_t length);

/* Move the content to the front of its block, which costs its length: where memory counts
 * more than the time that the usual rule saves. */
void hki_buffer_compact(hki_buffer *buffer);

/* Drop everything behind @length bytes. */
void hki_buffer_truncate(hki_buffer *buffer, size_t length);

/* The content as a string of its own.  Owned: hki_free().  Leaves the buffer
 * empty.  NULL when there is no memory (the buffer then stays as it was). */
char *hki_buffer_take(hki_buffer *buffer);

static inline void hki_buffer_deinitp(hki_buffer *buffer)
{
	hki_buffer_deinit(buffer);
}

#endif /* HKI_BASE_BUFFER_H */
