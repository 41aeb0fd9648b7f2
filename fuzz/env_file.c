/*
 * Files of NAME=VALUE lines, which users give to programs they run.  What comes out is
 * an environment: each entry has a name, an equals sign, and no NUL before its end.
 * Refused means that a mistake was reported.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "process/spawn_plan.h"
#include "target.h"

static int check_entry(char *entry, void *user)
{
	const char *equals = strchr(entry, '=');

	(void) user;
	FUZZ_MUST(equals != NULL && equals != entry);
	hki_free(entry);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hk_error_list *errors = NULL;
	char path[64];
	int fd = memfd_create("input", MFD_CLOEXEC);
	int r;

	FUZZ_MUST(fd >= 0 && hk_error_list_new(&errors) == 0);
	FUZZ_MUST(write(fd, data, size) == (ssize_t) size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = hki_env_file_read(path, check_entry, NULL, errors);
	FUZZ_MUST(r <= 0);
	FUZZ_MUST(
	    (r == HK_EPARSE) == (hk_error_list_count(errors) > 0) || r == HK_ELIMIT);
	hk_error_list_free(errors);
	close(fd);
	return 0;
}
