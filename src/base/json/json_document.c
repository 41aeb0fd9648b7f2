/*
 * A document keeps two blocks: a copy of the text, in which strings are
 * unescaped and terminated in place, and the tape of its values.  Both grow to
 * what the largest message needs and stay, so that a program at work reads
 * without the allocator.
 *
 * Places are noted as offsets while reading, since the copy has as many bytes
 * as the text; the line is counted only when there is an error to tell.
 */
#include "base/json/json_document.h"

#include <errno.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/json/scan.h"
#include "base/opts.h"
#include "base/random.h"

/* Behind the text: what scans may read, and a word compared with memcmp(). */
#define PADDING (HKI_SCAN_PADDING + 16)
/* The first blocks; a small message never needs a second. */
#define TEXT_CAPACITY_MIN 1024
#define TAPE_CAPACITY_MIN 64

static int copy_opts(hk_json_opts *out, const hk_json_opts *given)
{
	static const hk_json_opts defaults = HK_JSON_OPTS_INIT;
	int r;

	if (given == NULL)
		given = &defaults;
	r = hki_opts_copy(out, sizeof(*out), given, given->size, sizeof(hk_json_opts));
	if (r < 0)
		return r;
	if (out->length_max == 0)
		out->length_max = HK_JSON_LENGTH_DEFAULT;
	if (out->depth_max == 0)
		out->depth_max = HK_JSON_DEPTH_MAX;
	if (out->length_max > HK_JSON_LENGTH_MAX || out->depth_max > HK_JSON_DEPTH_MAX ||
	    out->duplicates > HK_JSON_DUPLICATES_LAST)
		return -EINVAL;
	return 0;
}

int hk_json_document_new(hk_json_document **out, const hk_json_opts *opts)
{
	hk_json_document *document;
	hk_json_opts own;
	int r;

	r = copy_opts(&own, opts);
	if (r < 0)
		return r;
	document = hki_zalloc(sizeof(*document));
	if (document == NULL)
		return -ENOMEM;
	document->opts = own;
	hki_random_hash_key(document->hash_key);
	*out = document;
	return 0;
}

void hk_json_document_free(hk_json_document *document)
{
	if (document == NULL)
		return;
	hki_free(document->text);
	hki_free(document->tape);
	hki_free(document);
}

const hk_json *hk_json_root(const hk_json_document *document)
{
	return document->complete ? document->tape : NULL;
}

const hk_json_error *hk_json_document_error(const hk_json_document *document)
{
	return document->error.code < 0 ? &document->error : NULL;
}

char *hki_json_fail(
    hk_json_document *document, int code, const char *at, const char *reason)
{
	size_t offset = (size_t) (at - document->text);

	if (offset >= document->length && document->count > 0 && code == HK_EPARSE) {
		offset = document->length;
		reason = "the text ends before its value is complete";
	}
	document->error.code = code;
	document->error.offset = offset;
	document->error.reason = reason;
	return NULL;
}

int hki_json_reserve(hk_json_document *document, uint32_t extra)
{
	uint64_t wanted = (uint64_t) document->count + extra;
	uint64_t roomy = wanted + wanted / 2;
	hk_json *tape;

	if (wanted <= document->tape_capacity)
		return 0;
	if (roomy < TAPE_CAPACITY_MIN)
		roomy = TAPE_CAPACITY_MIN;
	if (roomy > UINT32_MAX)
		roomy = UINT32_MAX;
	tape = wanted > UINT32_MAX ? NULL
				   : hki_realloc_array(document->tape, (size_t) roomy,
					 sizeof(*document->tape));
	if (tape == NULL) {
		hki_json_fail(document, -ENOMEM, document->text,
		    "there is no memory for its values");
		return -ENOMEM;
	}
	document->tape = tape;
	document->tape_capacity = (uint32_t) roomy;
	return 0;
}

static int reserve_text(hk_json_document *document, size_t length)
{
	size_t capacity = length + length / 2;
	char *text;

	if (document->text != NULL && length <= document->text_capacity)
		return 0;
	if (capacity < TEXT_CAPACITY_MIN)
		capacity = TEXT_CAPACITY_MIN;
	if (capacity > document->opts.length_max)
		capacity = length;
	text = hki_alloc(capacity + PADDING);
	if (text == NULL) {
		document->error = (hk_json_error){ .code = -ENOMEM,
			.reason = "there is no memory for its text" };
		return -ENOMEM;
	}
	hki_free(document->text);
	document->text = text;
	document->text_capacity = capacity;
	return 0;
}

/* Forget the last document and take a copy of the next text. */
static int begin(hk_json_document *document, const void *text, size_t length)
{
	document->complete = false;
	document->count = 0;
	document->depth = 0;
	document->error.code = 0;
	if (length > document->opts.length_max) {
		document->error = (hk_json_error){ .code = HK_ELIMIT,
			.offset = document->opts.length_max,
			.reason = "the text is longer than allowed" };
		return HK_ELIMIT;
	}
	if (reserve_text(document, length) < 0)
		return -ENOMEM;
	document->length = length;
	if (length > 0)
		memcpy(document->text, text, length);
	memset(document->text + length, 0, PADDING);
	return hki_json_reserve(document, 1);
}

static bool has_byte_order_mark(const char *text, size_t length)
{
	return length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
}

/* Count the lines up to the place of the error, in the text as it was given. */
static int place_error(hk_json_document *document, const char *text, size_t length)
{
	hk_json_error *error = &document->error;
	const char *line = text;
	const char *place = text == NULL ? NULL : text + error->offset;
	const char *feed;

	if (error->offset == 0 && has_byte_order_mark(text, length))
		error->reason = "JSON does not begin with a byte order mark; remove the "
				"first three bytes";
	error->line = 1;
	while (line < place && (feed = memchr(line, '\n', (size_t) (place - line)))) {
		error->line++;
		line = feed + 1;
	}
	error->column = (size_t) (place - line) + 1;
	return error->code;
}

int hk_json_parse(hk_json_document *document, const void *text, size_t length)
{
	if (begin(document, text, length) < 0 || !hki_json_read(document))
		return place_error(document, text, length);
	document->complete = true;
	return 0;
}
