/*
 * Each error is one block: the struct, and behind it the four strings it
 * points to.  The list has a fixed number of places and each string a longest
 * length, so whoever writes the input cannot make the report grow.
 */
#include "base/error_list.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/alloc.h"

/* A sentence with a path in it (PATH_MAX is 4096) and room for words. */
#define TEXT_MAX 4608

struct hk_error_list {
	size_t count; /* reported */
	size_t kept;
	hk_error *errors[HK_ERROR_LIST_MAX];
};

int hk_error_list_new(hk_error_list **out)
{
	hk_error_list *list = hki_zalloc(sizeof(*list));

	if (list == NULL)
		return -ENOMEM;
	*out = list;
	return 0;
}

void hk_error_list_clear(hk_error_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->kept; i++)
		hki_free(list->errors[i]);
	list->kept = 0;
	list->count = 0;
}

void hk_error_list_free(hk_error_list *list)
{
	hk_error_list_clear(list);
	hki_free(list);
}

size_t hk_error_list_count(const hk_error_list *list)
{
	return list != NULL ? list->count : 0;
}

const hk_error *hk_error_list_get(const hk_error_list *list, size_t index)
{
	if (list == NULL || index >= list->kept)
		return NULL;
	return list->errors[index];
}

static size_t kept_length(const char *text)
{
	return text != NULL ? strnlen(text, TEXT_MAX) : 0;
}

/* Copy @text to *end, point to the copy, and move *end behind it. */
static const char *copy_text(char **end, const char *text)
{
	size_t length = kept_length(text);
	char *copy = *end;

	if (length > 0)
		memcpy(copy, text, length);
	copy[length] = '\0';
	*end = copy + length + 1;
	return copy;
}

static hk_error *copy_error(const hk_error *error)
{
	size_t texts = kept_length(error->source) + kept_length(error->step) +
		       kept_length(error->text) + kept_length(error->hint) + 4;
	hk_error *copy = hki_alloc(sizeof(*copy) + texts);
	char *end;

	if (copy == NULL)
		return NULL;
	*copy = *error;
	end = (char *) (copy + 1);
	copy->source = copy_text(&end, error->source);
	copy->step = copy_text(&end, error->step);
	copy->text = copy_text(&end, error->text);
	copy->hint = copy_text(&end, error->hint);
	return copy;
}

int hki_error_report(hk_error_list *list, const hk_error *error)
{
	hk_error *copy;

	if (list == NULL)
		return error->code;
	list->count++;
	if (list->kept == HK_ERROR_LIST_MAX)
		return error->code;
	copy = copy_error(error);
	if (copy != NULL)
		list->errors[list->kept++] = copy;
	return error->code;
}

int hki_error_report_step(
    hk_error_list *list, int code, const char *step, const char *format, ...)
{
	char text[TEXT_MAX + 1];
	va_list arguments;

	if (list == NULL)
		return code;
	va_start(arguments, format);
	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		text[0] = '\0';
	va_end(arguments);
	return hki_error_report(
	    list, &(hk_error){ .code = code, .step = step, .text = text });
}
