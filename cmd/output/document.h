#ifndef HOSTKIT_CMD_OUTPUT_DOCUMENT_H
#define HOSTKIT_CMD_OUTPUT_DOCUMENT_H

#include <hostkit/json.h>
#include "output.h"

/*
 * The one JSON document of a verb: {"schema": @schema, …}.  The caller writes
 * the members in between.  _begin returns NULL when there is no memory; _end
 * takes that, tells it, prints the document otherwise, and releases the writer.
 * Returns @exit_code, or that of the failure.
 */
hk_json_writer *cmd_document_begin(const cmd_output *output, const char *schema);
int cmd_document_end(const cmd_output *output, hk_json_writer *writer, int exit_code);

#endif /* HOSTKIT_CMD_OUTPUT_DOCUMENT_H */
