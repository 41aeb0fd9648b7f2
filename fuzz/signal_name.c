/*
 * Names of signals in options and configuration: whatever is accepted is a signal of
 * this system, and its canonical name leads back to it.
 */
#include <errno.h>
#include <signal.h>
#include <hostkit/process.h>
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	int number = hk_signal_number(text);

	FUZZ_MUST(number == -EINVAL || (number >= 0 && number <= SIGRTMAX));
	if (number > 0) {
		const char *name = hk_signal_name(number);

		FUZZ_MUST(name == NULL || hk_signal_number(name) == number);
	}
	free(text);
	return 0;
}
