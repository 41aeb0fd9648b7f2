#ifndef HKI_SYSTEM_HOST_TEST_H
#define HKI_SYSTEM_HOST_TEST_H

/* For tests: hosts that this machine is not, below a temporary folder. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <hostkit/allocator.h>
#include <hostkit/error.h>
#include "system/system_internal.h"

static char host_root[64];

static inline int host_setup(void **state)
{
	(void) state;
	(void) snprintf(host_root, sizeof(host_root), "/tmp/hostkit-system-XXXXXX");
	return mkdtemp(host_root) == NULL ? -1 : 0;
}

static inline int host_remove(
    const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void) status;
	(void) kind;
	(void) place;
	return remove(path);
}

static inline int host_teardown(void **state)
{
	(void) state;
	return nftw(host_root, host_remove, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static inline void host_path(char path[512], const char *name)
{
	assert_true(snprintf(path, 512, "%s/%s", host_root, name) < 512);
	for (char *slash = path + strlen(host_root) + 1;
	     (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		(void) mkdir(path, 0755);
		*slash = '/';
	}
}

/* Make or replace a file of the host. */
static inline void host_write(const char *name, const void *data, size_t length)
{
	char path[512];
	FILE *file;

	host_path(path, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(length, fwrite(data, 1, length, file));
	assert_int_equal(0, fclose(file));
}

static inline void host_file(const char *name, const char *text)
{
	host_write(name, text, strlen(text));
}

/* Unpack test/fixtures/system/@name.tree. */
static inline void host_unpack(const char *name)
{
	char path[512], target[512] = "", line[1024];
	char *text = NULL;
	size_t length = 0;
	FILE *tree, *out = NULL;

	(void) snprintf(path, sizeof(path), HKI_FIXTURES "/%s.tree", name);
	tree = fopen(path, "re");
	assert_non_null(tree);
	for (;;) {
		char *got = fgets(line, sizeof(line), tree);

		if (got != NULL && strncmp(line, "== ", 3) != 0) {
			assert_non_null(out);
			fputs(line, out);
			continue;
		}
		if (out != NULL) {
			fclose(out);
			if (length > 3 && memcmp(text, "-> ", 3) == 0) {
				text[length - 1] = '\0';
				host_path(path, target);
				assert_int_equal(0, symlink(text + 3, path));
			} else {
				host_write(target, text, length);
			}
			free(text);
			out = NULL;
		}
		if (got == NULL)
			break;
		line[strcspn(line, "\n")] = '\0';
		(void) snprintf(target, sizeof(target), "%.500s", line + 3);
		out = open_memstream(&text, &length);
		assert_non_null(out);
	}
	fclose(tree);
}

/* An observer of that host. */
static inline hk_system *host_open(void)
{
	hk_system_opts opts = HK_SYSTEM_OPTS_INIT;
	hk_system *system;

	opts.root = host_root;
	assert_int_equal(0, hk_system_new(&system, &opts));
	return system;
}

static inline void host_sample(hk_system *system, uint32_t section)
{
	assert_int_equal(0, hk_system_sample(system, section));
	if (hk_system_error(system, section) != 0)
		fail_msg("section %#x: %s", section,
		    hk_error_name(hk_system_error(system, section)));
}

/* Is a member there?  Both sides are told by its name. */
#define assert_present(type, record, member)                                             \
	do {                                                                             \
		if (!HKI_HAS(type, record, member))                                      \
			fail_msg("%s is absent", #member);                               \
	} while (0)
#define assert_absent(type, record, member)                                              \
	do {                                                                             \
		if (HKI_HAS(type, record, member))                                       \
			fail_msg("%s is present", #member);                              \
	} while (0)
#define assert_near(expected, value)                                                     \
	do {                                                                             \
		double a_ = (expected), b_ = (value);                                    \
		if (!(b_ > a_ - 1e-6 && b_ < a_ + 1e-6))                                 \
			fail_msg("expected %.9g, got %.9g", a_, b_);                     \
	} while (0)

#endif /* HKI_SYSTEM_HOST_TEST_H */
