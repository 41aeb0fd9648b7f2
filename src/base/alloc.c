/*
 * Every block of hostkit passes through the two functions of one hook.  So a
 * test can make each allocation fail in turn, a program can count or limit
 * what the library holds, and there is one place to look at.
 *
 * Only `reallocate` is needed to get memory: allocating is reallocating
 * nothing.  Zeroing is done here, because a hook cannot promise it.
 */
#include "base/alloc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/opts.h"

static void *libc_reallocate(void *block, size_t bytes, void *user)
{
	(void) user;
	return realloc(block, bytes);
}

static void libc_release(void *block, void *user)
{
	(void) user;
	free(block);
}

static const hk_allocator libc_allocator = {
	.size = sizeof(hk_allocator),
	.reallocate = libc_reallocate,
	.release = libc_release,
};

/* The one process-wide setting of the library, see allocator.h. */
static hk_allocator current = {
	.size = sizeof(hk_allocator),
	.reallocate = libc_reallocate,
	.release = libc_release,
};

int hk_allocator_set(const hk_allocator *allocator)
{
	hk_allocator own;
	int r;

	if (allocator == NULL) {
		current = libc_allocator;
		return 0;
	}
	r = hki_opts_copy(
	    &own, sizeof(own), allocator, allocator->size, sizeof(hk_allocator));
	if (r < 0)
		return r;
	if (own.reallocate == NULL || own.release == NULL)
		return -EINVAL;
	current = own;
	return 0;
}

void hk_free(void *block)
{
	hki_free(block);
}

void hki_free(void *block)
{
	if (block != NULL)
		current.release(block, current.user);
}

void *hki_realloc(void *block, size_t bytes)
{
	return current.reallocate(block, bytes > 0 ? bytes : 1, current.user);
}

void *hki_realloc_array(void *block, size_t count, size_t bytes)
{
	size_t total;

	if (__builtin_mul_overflow(count, bytes, &total))
		return NULL;
	return hki_realloc(block, total);
}

void *hki_alloc(size_t bytes)
{
	return hki_realloc(NULL, bytes);
}

void *hki_zalloc(size_t bytes)
{
	void *block = hki_alloc(bytes);

	if (block != NULL)
		memset(block, 0, bytes);
	return block;
}

void *hki_alloc_array(size_t count, size_t bytes)
{
	return hki_realloc_array(NULL, count, bytes);
}

void *hki_zalloc_array(size_t count, size_t bytes)
{
	size_t total;

	if (__builtin_mul_overflow(count, bytes, &total))
		return NULL;
	return hki_zalloc(total);
}

void *hki_memdup(const void *bytes, size_t length)
{
	void *copy = hki_alloc(length);

	if (copy != NULL && length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

char *hki_strdup(const char *text)
{
	return hki_memdup(text, strlen(text) + 1);
}

char *hki_strndup(const char *text, size_t length)
{
	size_t used = strnlen(text, length);
	char *copy;

	if (used == SIZE_MAX)
		return NULL;
	copy = hki_alloc(used + 1);
	if (copy == NULL)
		return NULL;
	memcpy(copy, text, used);
	copy[used] = '\0';
	return copy;
}

char *hki_format(const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	/* Twice rather than asprintf(), which would take libc's heap. */
	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		return NULL;

	text = hki_alloc((size_t) length + 1);
	if (text == NULL)
		return NULL;
	va_start(arguments, format);
	vsnprintf(text, (size_t) length + 1, format, arguments);
	va_end(arguments);
	return text;
}
