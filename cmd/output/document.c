/*
 * The JSON document of a verb.  It is built whole before a byte is printed:
 * a reader gets a complete document or none.
 */
#include "document.h"
#include <errno.h>
#include <stdio.h>
#include "../exit.h"
#include "fail.h"

hk_json_writer *cmd_document_begin(const cmd_output *output, const char *schema)
{
	hk_json_writer *writer = NULL;

	(void) output;
	if (hk_json_writer_new(&writer, 2) < 0)
		return NULL;
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "schema");
	hk_json_write_string(writer, schema);
	return writer;
}

int cmd_document_end(const cmd_output *output, hk_json_writer *writer, int exit_code)
{
	const char *text = NULL;
	size_t length = 0;
	int error = -ENOMEM;

	if (writer != NULL) {
		hk_json_write_object_end(writer);
		text = hk_json_writer_text(writer, &length);
		error = hk_json_writer_error(writer);
	}
	if (text != NULL) {
		fwrite(text, 1, length, stdout);
		putchar('\n');
	} else {
		exit_code = cmd_fail(
		    output, CMD_EXIT_FAILED, error, NULL, "cannot write the document");
	}
	hk_json_writer_free(writer);
	return exit_code;
}
