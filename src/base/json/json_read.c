/*
 * The grammar, in one pass over our copy of the text.  There is no recursion:
 * an open container is a level with the bracket that ends it, and the loop
 * reads one element after the other of whatever is innermost.
 *
 * Every function takes the place it reads from and returns the place behind
 * what it read, or NULL when the failure was told.  The copy ends with zeroes,
 * which belong to no token, so nothing needs to ask whether the text is over.
 */
#include "base/json/json_document.h"

#include <string.h>
#include <hostkit/error.h>
#include "base/json/scan.h"

static char *fail(hk_json_document *document, const char *at, const char *reason)
{
	return hki_json_fail(document, HK_EPARSE, at, reason);
}

/* Most white space is none, or one space. */
static inline char *skip_space(char *at)
{
	if ((unsigned char) *at > ' ')
		return at;
	return hki_scan_space(at);
}

static inline hk_json *append(hk_json_document *document)
{
	return &document->tape[document->count++];
}

static char *read_string(hk_json_document *document, char *at)
{
	hk_json *value = append(document);
	char *end = hki_scan_plain(at);

	value->tag = HK_JSON_STRING;
	value->as.text = at;
	if (__builtin_expect(*end != '"', 0))
		return hki_json_read_string(document, at, end, &value->size);
	*end = '\0';
	value->size = (uint32_t) (end - at);
	return end + 1;
}

static inline bool is_digit(char byte)
{
	return (unsigned char) (byte - '0') < 10;
}

static char *skip_digits(hk_json_document *document, char *at)
{
	if (!is_digit(*at))
		return fail(document, at, "a digit is expected here");
	while (is_digit(*at))
		at++;
	return at;
}

static char *skip_fraction_and_exponent(hk_json_document *document, char *at)
{
	if (*at == '.')
		at = skip_digits(document, at + 1);
	if (at != NULL && (*at == 'e' || *at == 'E')) {
		at++;
		if (*at == '+' || *at == '-')
			at++;
		at = skip_digits(document, at);
	}
	return at;
}

/* Only its form is checked; what it is worth is found when somebody asks. */
static char *read_number(hk_json_document *document, char *at)
{
	hk_json *value = append(document);
	const char *begin = at;

	if (*at == '-')
		at++;
	if (*at == '0' && is_digit(at[1]))
		return fail(document, at, "a number does not begin with 0");
	at = skip_digits(document, at);
	if (at != NULL && (*at == '.' || *at == 'e' || *at == 'E'))
		at = skip_fraction_and_exponent(document, at);
	if (at == NULL)
		return NULL;
	value->tag = HK_JSON_NUMBER;
	value->as.text = begin;
	value->size = (uint32_t) (at - begin);
	return at;
}

static char *read_word(
    hk_json_document *document, char *at, const char *word, size_t length, uint32_t tag)
{
	hk_json *value;

	if (memcmp(at, word, length) != 0)
		return fail(document, at,
		    "no such word: true, false and null are written in full and small "
		    "letters");
	value = append(document);
	value->tag = tag;
	value->size = 0;
	value->as.text = NULL;
	return at + length;
}

static char *open_level(hk_json_document *document, char *at, uint32_t tag, char closing)
{
	hki_json_level *level;

	if (document->depth == document->opts.depth_max)
		return hki_json_fail(document, HK_ELIMIT, at,
		    "arrays and objects are nested deeper than allowed");
	level = &document->levels[++document->depth];
	level->container = document->count;
	level->count = 0;
	level->closing = closing;
	level->doubtful = false;
	level->keys = 0;
	append(document)->tag = tag;
	return at + 1;
}

static char *close_level(hk_json_document *document, char *at)
{
	const hki_json_level *level = &document->levels[document->depth--];
	hk_json *container = &document->tape[level->container];

	container->size = level->count;
	container->as.inside.span = document->count - level->container;
	container->as.inside.index = 0;
	if (__builtin_expect(
		level->doubtful || level->count > HKI_JSON_SMALL_OBJECT, 0) &&
	    level->closing == '}' &&
	    hki_json_finish_object(document, level->container, level->doubtful) < 0)
		return NULL;
	return at + 1;
}

static char *read_value(hk_json_document *document, char *at)
{
	switch (*at) {
	case '"':
		return read_string(document, at + 1);
	case '{':
		return open_level(document, at, HK_JSON_OBJECT, '}');
	case '[':
		return open_level(document, at, HK_JSON_ARRAY, ']');
	case 't':
		return read_word(document, at, "true", 4, HK_JSON_BOOL | HKI_JSON_TRUE);
	case 'f':
		return read_word(document, at, "false", 5, HK_JSON_BOOL);
	case 'n':
		return read_word(document, at, "null", 4, HK_JSON_NULL);
	default:
		if (*at == '-' || is_digit(*at))
			return read_number(document, at);
		return fail(document, at, "a value is expected here");
	}
}

/* Equal keys give the same bit; different ones seldom do. */
static uint64_t bit_of_key(const hk_json *key)
{
	uint64_t first;
	uint64_t last = 0;

	memcpy(&first, key->as.text, sizeof(first));
	if (key->size < sizeof(first))
		first &= (UINT64_C(1) << 8 * key->size) - 1;
	else
		memcpy(&last, key->as.text + key->size - sizeof(last), sizeof(last));
	first = (first ^ (last << 7 | last >> 57)) + key->size;
	return UINT64_C(1) << (first * UINT64_C(0x9e3779b97f4a7c15) >> 58);
}

static char *read_key(hk_json_document *document, hki_json_level *level, char *at)
{
	uint32_t place = document->count;
	uint64_t bit;

	if (*at != '"')
		return fail(document, at,
		    *at == '}' ? "no comma goes before the closing brace"
			       : "a member begins with its name in double quotes");
	at = read_string(document, at + 1);
	if (at == NULL)
		return NULL;
	bit = bit_of_key(&document->tape[place]);
	level->doubtful |= (level->keys & bit) != 0;
	level->keys |= bit;
	at = skip_space(at);
	if (*at != ':')
		return fail(document, at, "a colon is expected after a member's name");
	return skip_space(at + 1);
}

static char *expect_comma(hk_json_document *document, char *at, char closing)
{
	if (*at != ',')
		return fail(document, at,
		    closing == '}' ? "a comma or } is expected after a member"
				   : "a comma or ] is expected after an element");
	at = skip_space(at + 1);
	if (*at == ']' && closing == ']')
		return fail(document, at, "no comma goes before the closing bracket");
	return at;
}

/* The next element or member of the innermost container, or its end. */
static char *read_element(hk_json_document *document, char *at)
{
	hki_json_level *level = &document->levels[document->depth];

	at = skip_space(at);
	if (*at == level->closing)
		return close_level(document, at);
	if (level->count++ > 0)
		at = expect_comma(document, at, level->closing);
	if (at != NULL && level->closing == '}')
		at = read_key(document, level, at);
	return at == NULL ? NULL : read_value(document, at);
}

bool hki_json_read(hk_json_document *document)
{
	const char *end = document->text + document->length;
	char *at = skip_space(document->text);

	if (at == end)
		return fail(document, at, "there is nothing in it") != NULL;
	at = read_value(document, at);
	while (at != NULL && document->depth > 0) {
		/* A key and its value. */
		if (document->tape_capacity - document->count < 2 &&
		    hki_json_reserve(document, 2) < 0)
			return false;
		at = read_element(document, at);
	}
	if (at == NULL)
		return false;
	at = skip_space(at);
	if (at != end)
		return fail(document, at, "there is more behind the end of the value") !=
		       NULL;
	return true;
}
