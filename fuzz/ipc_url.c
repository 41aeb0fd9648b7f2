/*
 * URLs that people write.  What is accepted has parts that lie inside the text, and makes
 * an address that is written as a URL of the same meaning; what is refused has a place.
 */
#include <stdio.h>
#include "ipc/socket_address.h"
#include "target.h"

static void check_parts(const hki_ipc_url *url, const char *text)
{
	size_t length = strlen(text);

	FUZZ_MUST(url->name >= text && url->name <= text + length);
	FUZZ_MUST(url->name_length <= (size_t) (text + length - url->name));
	FUZZ_MUST((url->scheme == HKI_IPC_FD) == (url->fd >= 0));
	FUZZ_MUST(hki_ipc_scheme_name(url->scheme)[0] != '\0');
}

/* An address of numbers can be written, and read again as the same. */
static void check_address(const hki_ipc_url *url)
{
	hki_socket_address first[HKI_SOCKET_ADDRESSES_MAX];
	hki_socket_address second[HKI_SOCKET_ADDRESSES_MAX];
	char text[200];
	hki_ipc_url again;
	int count;

	if (url->scheme != HKI_IPC_TCP ||
	    (url->host != HKI_IPC_HOST_V4 && url->host != HKI_IPC_HOST_V6))
		return;
	count = hki_socket_addresses(first, url);
	FUZZ_MUST(count == 1 || count < 0); /* an interface that is not there */
	if (count < 0)
		return;
	(void) hki_socket_url(
	    &first[0].storage, first[0].length, "tcp", text, sizeof(text));
	FUZZ_MUST(hki_ipc_url_parse(&again, text, NULL) == 0);
	FUZZ_MUST(hki_socket_addresses(second, &again) == 1);
	FUZZ_MUST(first[0].length == second[0].length &&
		  memcmp(&first[0].storage, &second[0].storage, first[0].length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	hk_error_list *errors = NULL;
	hki_ipc_url url;
	int r;

	FUZZ_MUST(hk_error_list_new(&errors) == 0);
	r = hki_ipc_url_parse(&url, text, errors);
	FUZZ_MUST(r == 0 || r == HK_EPARSE);
	FUZZ_MUST(hk_error_list_count(errors) == (r == 0 ? 0 : 1));
	if (r == 0) {
		check_parts(&url, text);
		check_address(&url);
	} else {
		const hk_error *error = hk_error_list_get(errors, 0);

		FUZZ_MUST(
		    error->column >= 1 && (size_t) error->column <= strlen(text) + 1);
		FUZZ_MUST(error->text[0] != '\0' && error->hint[0] != '\0');
	}
	hk_error_list_free(errors);
	free(text);
	return 0;
}
