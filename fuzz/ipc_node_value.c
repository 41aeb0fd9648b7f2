/*
 * V8's structured clone format, as a child may send it.  Whatever comes: no crash and no
 * read past the end, a documented answer, a walk over it ends, and what was read goes
 * through tagged JSON and back without a change.
 */
#include <hostkit/error.h>
#include <hostkit/ipc_value.h>
#include "base/buffer.h"
#include "ipc/node_value.h"
#include "target.h"

/* Every value and every byte of text is looked at.  Returns how many there are. */
static size_t walk(const hk_ipc_value *value)
{
	hk_ipc_value_iterator each = hk_ipc_value_iterate(value);
	const hk_ipc_value *inner;
	size_t length = 0;
	size_t count = 1;
	const char *text = hk_ipc_value_get_string(value, &length);
	const void *bytes = hk_ipc_value_get_bytes(value, &length);

	if (text != NULL)
		FUZZ_MUST(text[length] == '\0');
	if (bytes != NULL && length > 0)
		FUZZ_MUST(memchr(bytes, 0, length) != NULL || length > 0);
	if (hk_ipc_value_kind_of(value) == HK_IPC_VALUE_REFERENCE)
		FUZZ_MUST(hk_ipc_value_target(value) < value);
	while ((inner = hk_ipc_value_next(&each)) != NULL) {
		if (each.key != NULL)
			count += walk(each.key);
		count += walk(inner);
	}
	return count;
}

/* The value as tagged JSON, or NULL if it means too much.  hk_json_writer_free() it. */
static hk_json_writer *as_json(const hk_ipc_values *values, int *out)
{
	hk_json_writer *writer;

	FUZZ_MUST(hk_json_writer_new(&writer, 0) == 0);
	*out = hk_ipc_value_write_json(writer, hk_ipc_values_root(values));
	if (*out >= 0)
		return writer;
	FUZZ_MUST(*out == HK_ELIMIT);
	hk_json_writer_free(writer);
	return NULL;
}

/* Objects may name a member twice here, which JSON refuses; then there is no way back. */
static void go_there_and_back(const char *text, size_t length)
{
	const hk_json_opts opts = { .size = sizeof(opts) };
	hki_buffer bytes = HKI_BUFFER_INIT;
	hk_json_document *document;
	hk_json_writer *again;
	hki_node_writer writer;
	hk_ipc_values *values;
	size_t again_length;
	int r;

	FUZZ_MUST(hk_json_document_new(&document, &opts) == 0);
	if (hk_json_parse(document, text, length) == 0) {
		FUZZ_MUST(hki_node_write_begin(&writer, &bytes, true) == 0);
		FUZZ_MUST(hki_node_write_json(&writer, hk_json_root(document)) == 0);
		FUZZ_MUST(hk_ipc_values_new(&values) == 0);
		FUZZ_MUST(hk_ipc_values_read(values, bytes.data, bytes.length) == 0);
		again = as_json(values, &r);
		FUZZ_MUST(again != NULL);
		FUZZ_MUST(hk_json_writer_text(again, &again_length) != NULL);
		FUZZ_MUST(again_length == length);
		FUZZ_MUST(memcmp(hk_json_writer_text(again, NULL), text, length) == 0);
		hk_json_writer_free(again);
		hk_ipc_values_free(values);
		hki_buffer_deinit(&bytes);
	}
	hk_json_document_free(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hk_json_writer *writer;
	hk_ipc_values *values;
	int r;

	FUZZ_MUST(hk_ipc_values_new(&values) == 0);
	r = hk_ipc_values_read(values, data, size);
	if (r < 0) {
		FUZZ_MUST(r == HK_EPARSE || r == HK_ELIMIT);
		FUZZ_MUST(hk_ipc_values_error(values) != NULL);
		FUZZ_MUST(hk_ipc_values_root(values) == NULL);
	} else {
		FUZZ_MUST(walk(hk_ipc_values_root(values)) <= 2 * size + 2);
		writer = as_json(values, &r);
		if (writer != NULL) {
			size_t length;
			const char *text = hk_json_writer_text(writer, &length);

			FUZZ_MUST(text != NULL);
			go_there_and_back(text, length);
			hk_json_writer_free(writer);
		}
	}
	hk_ipc_values_free(values);
	return 0;
}
