/*
 * The JSON Schema of hostkit.yaml, from the rows the checker reads by: an
 * editor that knows it completes keys and shows their help.
 */
#include "formats.h"
#include "kinds.h"
#include "service_keys.h"

static void write_required(hk_json_writer *writer, const char *first, const char *second)
{
	const char *const keys[] = { first, second };

	hk_json_write_key(writer, "oneOf");
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < 2; i++) {
		hk_json_write_object_begin(writer);
		hk_json_write_key(writer, "required");
		hk_json_write_array_begin(writer);
		hk_json_write_string(writer, keys[i]);
		hk_json_write_array_end(writer);
		hk_json_write_object_end(writer);
	}
	hk_json_write_array_end(writer);
}

void hki_config_write_schema(hk_json_writer *writer)
{
	hk_json_write_object_begin(writer);
	hki_schema_text(
	    writer, "$schema", "https://json-schema.org/draft/2020-12/schema");
	hki_schema_text(writer, "title", "hostkit.yaml");
	hki_section_schema(writer, &hki_file_section);
	write_required(writer, "services", "processes");
	hk_json_write_key(writer, "$defs");
	hk_json_write_object_begin(writer);
	hk_json_write_key(writer, "service");
	hk_json_write_object_begin(writer);
	hki_section_schema(writer, &hki_service_section);
	write_required(writer, "command", "shell");
	hk_json_write_object_end(writer);
	hk_json_write_object_end(writer);
	hk_json_write_object_end(writer);
}
