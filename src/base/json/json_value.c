/*
 * Values are places on the tape.  What a container holds lies behind it, so a
 * walk is a step from each value to what follows it, and an array of plain
 * values can be counted into.
 */
#include "base/json/json_document.h"

#include <errno.h>
#include <string.h>

hk_json_kind hk_json_kind_of(const hk_json *value)
{
	return value == NULL ? HK_JSON_ABSENT : hki_json_kind(value);
}

int hk_json_get_bool(bool *out, const hk_json *value)
{
	if (value == NULL)
		return -ENOENT;
	if (hki_json_kind(value) != HK_JSON_BOOL)
		return -EINVAL;
	*out = (value->tag & HKI_JSON_TRUE) != 0;
	return 0;
}

static const char *get_text(const hk_json *value, hk_json_kind kind, size_t *out_length)
{
	if (value == NULL || hki_json_kind(value) != kind)
		return NULL;
	if (out_length != NULL)
		*out_length = value->size;
	return value->as.text;
}

const char *hk_json_get_string(const hk_json *value, size_t *out_length)
{
	return get_text(value, HK_JSON_STRING, out_length);
}

const char *hk_json_get_number_text(const hk_json *value, size_t *out_length)
{
	return get_text(value, HK_JSON_NUMBER, out_length);
}

static bool is_text(const hk_json *string, const char *text, size_t length)
{
	return string->size == length && memcmp(string->as.text, text, length) == 0;
}

bool hk_json_is_string(const hk_json *value, const char *text)
{
	return value != NULL && hki_json_kind(value) == HK_JSON_STRING &&
	       is_text(value, text, strlen(text));
}

size_t hk_json_count(const hk_json *value)
{
	return value != NULL && hki_json_is_container(value) ? value->size : 0;
}

const hk_json *hk_json_element(const hk_json *array, size_t index)
{
	const hk_json *element;

	if (array == NULL || hki_json_kind(array) != HK_JSON_ARRAY ||
	    index >= array->size)
		return NULL;
	if (array->as.inside.span == array->size + 1)
		return array + 1 + index;
	element = array + 1;
	for (; index > 0; index--)
		element = hki_json_behind(element);
	return element;
}

const hk_json *hk_json_member(const hk_json *object, const char *key)
{
	return hk_json_member_length(object, key, strlen(key));
}

const hk_json *hk_json_member_length(
    const hk_json *object, const char *key, size_t length)
{
	const hk_json *at;

	if (object == NULL || hki_json_kind(object) != HK_JSON_OBJECT)
		return NULL;
	if (object->tag & HKI_JSON_INDEXED)
		return hki_json_find_indexed(object, key, length);
	at = object + 1;
	for (size_t left = object->size; left > 0; at = hki_json_behind(at + 1)) {
		if (at->tag & HKI_JSON_SHADOWED)
			continue;
		if (is_text(at, key, length))
			return at + 1;
		left--;
	}
	return NULL;
}

hk_json_iterator hk_json_iterate(const hk_json *container)
{
	hk_json_iterator iterator = { .left = hk_json_count(container) };

	if (iterator.left > 0) {
		iterator.next = container + 1;
		/* In an array there are no keys to pass. */
		iterator.key = hki_json_kind(container) == HK_JSON_OBJECT
				   ? iterator.next->as.text
				   : NULL;
	}
	return iterator;
}

const hk_json *hk_json_next(hk_json_iterator *iterator)
{
	const hk_json *value = iterator->next;

	if (iterator->left == 0) {
		iterator->key = NULL;
		iterator->key_length = 0;
		return NULL;
	}
	if (iterator->key != NULL) {
		while (value->tag & HKI_JSON_SHADOWED)
			value = hki_json_behind(value + 1);
		iterator->key = value->as.text;
		iterator->key_length = value->size;
		value++;
	}
	iterator->left--;
	iterator->next = hki_json_behind(value);
	return value;
}
