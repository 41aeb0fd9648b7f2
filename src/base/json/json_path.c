/*
 * A path is read from left to right and followed at once, so it costs no memory
 * and its length has no limit.
 */
#include "base/json/json_document.h"

#include <string.h>

/* @at is behind "[\"".  Moves it behind "\"]". */
static const hk_json *follow_quoted(const hk_json *value, const char **at)
{
	const char *end = strstr(*at, "\"]");
	const char *key = *at;

	if (end == NULL)
		return NULL;
	*at = end + 2;
	return hk_json_member_length(value, key, (size_t) (end - key));
}

/* @at is behind "[".  Moves it behind "]". */
static const hk_json *follow_index(const hk_json *value, const char **at)
{
	const char *digit = *at;
	size_t index = 0;

	for (; *digit >= '0' && *digit <= '9'; digit++)
		if (__builtin_mul_overflow(index, 10, &index) ||
		    __builtin_add_overflow(index, (size_t) (*digit - '0'), &index))
			return NULL;
	if (digit == *at || *digit != ']')
		return NULL;
	*at = digit + 1;
	return hk_json_element(value, index);
}

static const hk_json *follow_name(const hk_json *value, const char **at)
{
	size_t length = strcspn(*at, ".[");
	const char *key = *at;

	if (length == 0)
		return NULL;
	*at += length;
	return hk_json_member_length(value, key, length);
}

const hk_json *hk_json_at(const hk_json *value, const char *path)
{
	const char *at = path;

	while (value != NULL && *at != '\0') {
		if (at[0] == '[' && at[1] == '"') {
			at += 2;
			value = follow_quoted(value, &at);
		} else if (at[0] == '[') {
			at++;
			value = follow_index(value, &at);
		} else if (at == path) {
			value = follow_name(value, &at);
		} else if (at[0] == '.') {
			at++;
			value = follow_name(value, &at);
		} else {
			return NULL;
		}
	}
	return value;
}
