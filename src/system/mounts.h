#ifndef HKI_SYSTEM_MOUNTS_H
#define HKI_SYSTEM_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"
#include "system/scan.h"

/* A line of /proc/self/mountinfo, decoded.  Texts are Borrowed from the list. */
typedef struct hki_mount {
	uint64_t id;
	uint64_t parent;
	uint64_t device_major;
	uint64_t device_minor;
	const char *root; /* the directory of the file system that is mounted */
	const char *point;
	const char *options;
	const char *type;
	const char *source; /* may be "" */
	const char *super_options;
	/* What follows from the others: */
	bool visible; /* not under something that was mounted later */
	bool holds;   /* files with space: not proc, cgroup and their kind */
	bool prompt;  /* answers from memory, and so does every file system above it */
	bool chosen;  /* the one mount its file system is shown by */
} hki_mount;

/* Zeroed: empty. */
typedef struct hki_mounts {
	hki_buffer known; /* the text as it was read, to see whether it changed */
	hki_buffer text;  /* the same, decoded in place */
	hki_mount *items;
	size_t count;
	size_t capacity;
} hki_mounts;

/*
 * Take in the text of mountinfo.  Returns 1 when it is the same as before, 0 when the
 * list was made anew, -ENOMEM (the list is then empty).  Lines that make no sense are
 * passed over.
 */
int hki_mounts_parse(hki_mounts *mounts, hki_scan text);
void hki_mounts_deinit(hki_mounts *mounts);

/* Is @option one of the words of a list separated by commas? */
bool hki_mount_has_option(const char *options, const char *option);

/* How df(1) rounds: @used of @used + @free in percent, up.  False when there is nothing. */
bool hki_used_percent(uint64_t *out, uint64_t used, uint64_t free);

#endif /* HKI_SYSTEM_MOUNTS_H */
