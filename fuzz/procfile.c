/* Procfiles.  Every service of one that is accepted has a name and a shell line. */
#include <hostkit/error.h>
#include "config/load.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *environment[] = { NULL };
	const hki_config_options options = { .environment = environment };
	hk_error_list *errors = NULL;
	hki_config *config = NULL;
	int r;

	FUZZ_MUST(hk_error_list_new(&errors) == 0);
	r = hki_config_parse(
	    &config, (const char *) data, size, "Procfile", "/x", &options, errors, NULL);
	FUZZ_MUST(r == 0 || r == HK_EPARSE);
	FUZZ_MUST((r < 0) == (hk_error_list_count(errors) > 0));
	for (size_t i = 0; r == 0 && i < config->service_count; i++) {
		FUZZ_MUST(config->services[i].name[0] != '\0');
		FUZZ_MUST(config->services[i].shell[0] != '\0');
		FUZZ_MUST(config->services[i].command[2] == config->services[i].shell);
	}
	hki_config_free(config);
	hk_error_list_free(errors);
	return 0;
}
