/*
 * A stream of JSON Lines, cut anywhere.  The first byte of the input says how it is
 * cut, the rest is the stream.  Whatever the cuts, the same lines come out, and the same
 * mistakes with the same places, as when it comes in one piece.
 */
#include <hostkit/error.h>
#include <hostkit/json.h>
#include "base/buffer.h"
#include "target.h"

/* Short, so that lines that are too long are common. */
enum { LINE_MAX_BYTES = 48 };

/* Everything that can be told now, as text. */
static void drain(hki_buffer *told, hk_json_lines *lines, hk_json_document *document)
{
	hk_json_writer *writer = NULL;
	int r;

	FUZZ_MUST(hk_json_writer_new(&writer, 0) == 0);
	while ((r = hk_json_lines_next(lines, document)) != 0) {
		const hk_json_error *error = hk_json_lines_error(lines);

		hk_json_writer_reset(writer);
		if (r == 1) {
			FUZZ_MUST(error == NULL);
			hk_json_write_value(writer, hk_json_root(document));
			FUZZ_MUST(hki_buffer_append_text(
				      told, hk_json_writer_text(writer, NULL)) == 0);
		} else {
			FUZZ_MUST(error != NULL && error->code == r);
			FUZZ_MUST(r == HK_EPARSE || r == HK_ELIMIT);
			FUZZ_MUST(hki_buffer_append_format(told, "%d %zu:%zu %zu %s", r,
				      error->line, error->column, error->offset,
				      error->reason) == 0);
		}
		FUZZ_MUST(hki_buffer_append_char(told, '\n') == 0);
	}
	hk_json_writer_free(writer);
}

static hki_buffer read_in_pieces(const uint8_t *data, size_t size, size_t piece)
{
	hki_buffer told = HKI_BUFFER_INIT;
	hk_json_document *document = NULL;
	hk_json_lines *lines = NULL;

	FUZZ_MUST(hk_json_document_new(&document, NULL) == 0);
	FUZZ_MUST(hk_json_lines_new(&lines, LINE_MAX_BYTES) == 0);
	for (size_t at = 0; at < size; at += piece) {
		size_t length = piece < size - at ? piece : size - at;
		uint8_t *exact = malloc(length);

		FUZZ_MUST(exact != NULL);
		memcpy(exact, data + at, length);
		FUZZ_MUST(hk_json_lines_feed(lines, exact, length) == 0);
		drain(&told, lines, document);
		free(exact);
	}
	hk_json_lines_end(lines);
	drain(&told, lines, document);
	hk_json_lines_free(lines);
	hk_json_document_free(document);
	return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hki_buffer whole;
	hki_buffer pieces;

	if (size < 2)
		return 0;
	whole = read_in_pieces(data + 1, size - 1, size);
	pieces = read_in_pieces(data + 1, size - 1, data[0] % 64 + 1u);
	FUZZ_MUST(whole.length == pieces.length);
	FUZZ_MUST(
	    whole.length == 0 || memcmp(whole.data, pieces.data, whole.length) == 0);
	hki_buffer_deinit(&whole);
	hki_buffer_deinit(&pieces);
	return 0;
}
