/*
 * An answer of the kernel to "all links" and "all addresses": lengths within lengths.
 */
#include <hostkit/error.h>
#include "system/links.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hki_links links = { .items = NULL };
	int r = hki_links_parse(&links, data, size);

	FUZZ_MUST(r <= 1);
	for (size_t i = 0; i < links.count; i++) {
		FUZZ_MUST(links.items[i].name[0] != '\0');
		FUZZ_MUST(strlen(links.items[i].name) < IFNAMSIZ);
		FUZZ_MUST(strlen(links.items[i].mac) < sizeof(links.items[i].mac));
	}
	for (size_t i = 0; i < links.address_count; i++)
		FUZZ_MUST(links.addresses[i].address[0] != '\0');
	hki_links_deinit(&links);
	return 0;
}
