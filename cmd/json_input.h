#ifndef HOSTKIT_CMD_JSON_INPUT_H
#define HOSTKIT_CMD_JSON_INPUT_H

#include <stdbool.h>
#include <hostkit/json.h>
#include "base/buffer.h"

/*
 * A file of JSON, or standard input, document by document: the one it is, or with
 * `lines` one a line.  Zeroed but for fd = -1 it is closed.
 */
typedef struct json_input {
	const char *name; /* as messages call it */
	int fd;
	bool lines;
	bool ended;
	hk_json_document *document; /* the one read last */
	hk_json_lines *reader;
	hki_buffer text; /* the whole file, or the piece that is being read */
} json_input;

/* Open the file @operand names, "-" being standard input.  0 or a negative errno. */
int json_input_open(
    json_input *out, const char *operand, bool lines, hk_json_duplicates duplicates);

/*
 * Read the next document.  Returns 1, or 0 at the end.  HK_EPARSE and HK_ELIMIT are
 * about the text, and json_input_error() tells more; with `lines` reading can go on.
 * Anything else is a negative errno.
 */
int json_input_next(json_input *input);

const hk_json_error *json_input_error(const json_input *input);

void json_input_close(json_input *input);

#endif /* HOSTKIT_CMD_JSON_INPUT_H */
