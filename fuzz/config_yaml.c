/*
 * hostkit.yaml and PM2 files.  Whatever comes is read or refused with a reason;
 * a configuration that was read can be written, and what is written reads back
 * as the same.
 */
#include <hostkit/error.h>
#include "base/buffer.h"
#include "config/load.h"
#include "target.h"

static char *environment[] = { (char[]){ "A=1" }, (char[]){ "EMPTY=" }, NULL };
static const hki_config_options options = { .environment = environment, .pm2_env = "p" };

static void write_escaped(hki_buffer *out, const hki_config *config)
{
	hk_json_writer *writer = NULL;
	const char *text;

	FUZZ_MUST(hk_json_writer_new(&writer, 0) == 0);
	hki_config_write(writer, config);
	text = hk_json_writer_text(writer, NULL);
	FUZZ_MUST(text != NULL);
	for (; *text != '\0'; text++)
		FUZZ_MUST(hki_buffer_append(out, *text == '$' ? "$$" : text,
			      *text == '$' ? 2 : 1) == 0);
	hk_json_writer_free(writer);
}

static void must_read_back(const hki_config *config)
{
	hki_buffer first = HKI_BUFFER_INIT;
	hki_buffer second = HKI_BUFFER_INIT;
	hki_config *again = NULL;

	write_escaped(&first, config);
	FUZZ_MUST(hki_config_parse(&again, first.data, first.length, "again.json", "/x",
		      &options, NULL, NULL) == 0);
	write_escaped(&second, again);
	FUZZ_MUST(strcmp(first.data, second.data) == 0);
	hki_config_free(again);
	hki_buffer_deinit(&first);
	hki_buffer_deinit(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hk_error_list *errors = NULL;
	hki_config *config = NULL;
	int r;

	FUZZ_MUST(hk_error_list_new(&errors) == 0);
	r = hki_config_parse(&config, (const char *) data, size, "fuzz.yaml", "/x",
	    &options, errors, NULL);
	FUZZ_MUST(r == 0 || r == HK_EPARSE);
	FUZZ_MUST((r < 0) == (hk_error_list_count(errors) > 0));
	for (size_t i = 0; i < hk_error_list_count(errors); i++) {
		const hk_error *error = hk_error_list_get(errors, i);

		FUZZ_MUST(error == NULL || (error->line > 0 && error->column > 0));
	}
	if (r == 0)
		must_read_back(config);
	hki_config_free(config);
	hk_error_list_free(errors);
	return 0;
}
