/*
 * Texts that claim to be JSON, as messages and files bring them.  Whatever comes, the
 * reader says yes or a documented no with a place inside the text.  What it calls JSON
 * can be walked to the end, and written and read again, indented or not, without a
 * change; and jansson, where it is installed, is of the same opinion.
 */
#include <errno.h>
#include <math.h>
#include <hostkit/error.h>
#include <hostkit/json.h>
#include "base/utf8.h"
#include "target.h"
#ifdef HAVE_JANSSON
#include <jansson.h>
#endif

static hk_json_document *new_document(hk_json_duplicates duplicates)
{
	hk_json_opts opts = HK_JSON_OPTS_INIT;
	hk_json_document *document = NULL;

	opts.duplicates = duplicates;
	FUZZ_MUST(hk_json_document_new(&document, &opts) == 0);
	return document;
}

static void check_error(const hk_json_document *document, int r, size_t size)
{
	const hk_json_error *error = hk_json_document_error(document);

	FUZZ_MUST(r == HK_EPARSE || r == HK_ELIMIT);
	FUZZ_MUST(error != NULL && error->code == r && error->reason != NULL);
	FUZZ_MUST(error->offset <= size && error->line >= 1 && error->column >= 1);
	FUZZ_MUST(error->column <= error->offset + 1);
	FUZZ_MUST(hk_json_root(document) == NULL);
}

static void check_number(const hk_json *value)
{
	int64_t whole = 0;
	uint64_t natural = 0;
	double real = 0;
	int r = hk_json_get_double(&real, value);

	FUZZ_MUST(r == 0 || r == -ERANGE);
	FUZZ_MUST(r < 0 || isfinite(real));
	if (hk_json_get_int64(&whole, value) == 0)
		FUZZ_MUST(r == 0 && real == (double) whole);
	if (hk_json_get_uint64(&natural, value) == 0)
		FUZZ_MUST(r == 0 && real == (double) natural);
}

static void walk(const hk_json *value)
{
	hk_json_iterator each = hk_json_iterate(value);
	const hk_json *inner;
	const char *text;
	size_t length = 0;
	size_t count = 0;

	if (hk_json_kind_of(value) == HK_JSON_NUMBER)
		check_number(value);
	text = hk_json_get_string(value, &length);
	FUZZ_MUST(text == NULL || (text[length] == '\0' && hki_utf8_valid(text, length)));
	for (; (inner = hk_json_next(&each)) != NULL; count++) {
		if (each.key != NULL)
			FUZZ_MUST(hk_json_member_length(
				      value, each.key, each.key_length) == inner);
		else if (count < 100)
			FUZZ_MUST(hk_json_element(value, count) == inner);
		walk(inner);
	}
	FUZZ_MUST(count == hk_json_count(value));
}

static hk_json_writer *write_again(
    const hk_json_document *document, unsigned int indent, bool sorted)
{
	hk_json_writer *writer = NULL;

	FUZZ_MUST(hk_json_writer_new(&writer, indent) == 0);
	if (sorted)
		hk_json_write_sorted(writer, hk_json_root(document));
	else
		hk_json_write_value(writer, hk_json_root(document));
	FUZZ_MUST(hk_json_writer_text(writer, NULL) != NULL);
	return writer;
}

/* Written in any form and read again, it is written the same. */
static void check_round_trip(const hk_json_document *document, bool sorted)
{
	hk_json_document *again = new_document(HK_JSON_DUPLICATES_REFUSE);
	hk_json_writer *first = write_again(document, 0, sorted);
	size_t first_length = 0;
	const char *first_text = hk_json_writer_text(first, &first_length);

	for (unsigned int indent = 0; indent <= 3; indent += 3) {
		hk_json_writer *form = write_again(document, indent, sorted);
		hk_json_writer *second;
		size_t length = 0;
		const char *text = hk_json_writer_text(form, &length);

		FUZZ_MUST(hk_json_parse(again, text, length) == 0);
		second = write_again(again, 0, sorted);
		text = hk_json_writer_text(second, &length);
		FUZZ_MUST(length == first_length);
		FUZZ_MUST(memcmp(text, first_text, length) == 0);
		hk_json_writer_free(second);
		hk_json_writer_free(form);
	}
	hk_json_writer_free(first);
	hk_json_document_free(again);
}

#ifdef HAVE_JANSSON
static void ask_jansson(const uint8_t *data, size_t size, int ours)
{
	json_error_t error;
	json_t *theirs;

	/* jansson reads "1\0", and its numbers end with the largest double. */
	if (ours == HK_ELIMIT || memchr(data, 0, size) != NULL)
		return;
	theirs = json_loadb((const char *) data, size,
	    JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
	if (theirs == NULL && (json_error_code(&error) == json_error_numeric_overflow ||
				  json_error_code(&error) == json_error_null_byte_in_key))
		return;
	FUZZ_MUST((theirs != NULL) == (ours == 0));
	json_decref(theirs);
}
#else
static void ask_jansson(const uint8_t *data, size_t size, int ours)
{
	(void) data;
	(void) size;
	(void) ours;
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int results[3];

	for (int policy = 0; policy < 3; policy++) {
		hk_json_document *document = new_document((hk_json_duplicates) policy);

		results[policy] = hk_json_parse(document, data, size);
		if (results[policy] < 0) {
			check_error(document, results[policy], size);
		} else {
			walk(hk_json_root(document));
			check_round_trip(document, policy == 2);
		}
		hk_json_document_free(document);
	}
	FUZZ_MUST(results[1] == results[2]);
	FUZZ_MUST(results[0] == results[1] || results[0] == HK_EPARSE);
	ask_jansson(data, size, results[0]);
	return 0;
}
