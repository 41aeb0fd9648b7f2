/*
 * The kernel's rule for structs that grow (copy_struct_from_user), so that a
 * program and a library of different ages understand each other.
 */
#include "base/opts.h"

#include <errno.h>
#include <string.h>

int hki_opts_copy(
    void *own, size_t known, const void *given, size_t given_size, size_t least)
{
	const unsigned char *bytes = given;

	if (given_size < least)
		return -EINVAL;
	for (size_t i = known; i < given_size; i++)
		if (bytes[i] != 0)
			return -E2BIG;

	memset(own, 0, known);
	memcpy(own, given, given_size < known ? given_size : known);
	return 0;
}
