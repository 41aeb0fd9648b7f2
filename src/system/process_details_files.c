/*
 * Open descriptors: a link each in fd, and lines in fdinfo.  What a descriptor
 * is comes from the link's text and from statx(2) that is told not to ask a
 * server: the file may lie on one that is gone.
 */
#include "system/process_details.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "os/procfs.h"

/* eventfd and its kin tell about themselves, inotify a line a watch. */
#define INFO_MAX 65536
/* A path, and what the kernel adds to it. */
#define LINK_MAX_BYTES (PATH_MAX + 64)

static const char *const kind_names[] = { "regular", "directory", "character-device",
	"block-device", "pipe", "socket", "anonymous", "other", NULL };

enum { DESCRIPTOR, KIND, PATH, MODE, POSITION, INODE, MOUNT, FLAGS, FIELDS };

/* clang-format off */
#define AT(member) .offset = offsetof(hk_system_file, member)
static const hk_record_field fields[FIELDS] = {
	[DESCRIPTOR] = { .name = "descriptor", .title = "FD", .kind = HK_RECORD_INT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "its number", AT(descriptor) },
	[KIND] = { .name = "kind", .kind = HK_RECORD_ENUM, .names = kind_names, .help = "what it is", AT(kind) },
	[PATH] = { .name = "path", .kind = HK_RECORD_STRING, .help = "as the kernel names it", AT(path) },
	[MODE] = { .name = "mode", .kind = HK_RECORD_STRING, .help = "r, w or rw; a for appending",
	    .priority = 1, AT(mode) },
	[POSITION] = { .name = "position", .kind = HK_RECORD_UINT64, .help = "bytes from the beginning",
	    .priority = 2, AT(position) },
	[INODE] = { .name = "inode", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_IDENTIFIER,
	    .help = "of the file", .priority = 4, AT(inode) },
	[MOUNT] = { .name = "mount", .kind = HK_RECORD_UINT64, .unit = HK_UNIT_IDENTIFIER,
	    .help = "id of its mount, as in mountinfo", .priority = 5, AT(mount) },
	[FLAGS] = { .name = "flags", .kind = HK_RECORD_UINT32, .unit = HK_UNIT_IDENTIFIER,
	    .help = "O_… it was opened with", .priority = 5, AT(flags) },
};
/* clang-format on */

const hk_record_type hk_system_file_type = {
	.name = "file",
	.fields = fields,
	.field_count = FIELDS,
	.struct_size = sizeof(hk_system_file),
};

struct walk {
	hki_details_reading *reading;
	hki_details_list list;
	int links; /* fd */
	int infos; /* fdinfo, or -1 */
};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static int32_t kind_of_mode(unsigned int mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return HK_SYSTEM_FILE_REGULAR;
	case S_IFDIR:
		return HK_SYSTEM_FILE_DIRECTORY;
	case S_IFCHR:
		return HK_SYSTEM_FILE_CHARACTER_DEVICE;
	case S_IFBLK:
		return HK_SYSTEM_FILE_BLOCK_DEVICE;
	case S_IFIFO:
		return HK_SYSTEM_FILE_PIPE;
	case S_IFSOCK:
		return HK_SYSTEM_FILE_SOCKET;
	default:
		return HK_SYSTEM_FILE_OTHER;
	}
}

static void add_kind(hk_system_file *file, const struct walk *walk, const char *name)
{
	struct statx status;

	if (statx(walk->links, name, AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO,
		&status) == 0) {
		file->kind = kind_of_mode(status.stx_mode);
		file->inode = status.stx_ino;
		hk_record_set(&file->record, KIND);
		hk_record_set(&file->record, INODE);
	}
	if (begins(file->path, "anon_inode:")) {
		file->kind = HK_SYSTEM_FILE_ANONYMOUS;
		hk_record_set(&file->record, KIND);
		/* All of them share one. */
		hk_record_clear(&file->record, INODE);
	}
}

static const char *mode_of(uint64_t flags)
{
	bool append = (flags & O_APPEND) != 0;

	if ((flags & O_PATH) != 0)
		return "path";
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return "r";
	case O_WRONLY:
		return append ? "wa" : "w";
	default:
		return append ? "rwa" : "rw";
	}
}

static void add_info(hk_system_file *file, const struct walk *walk, const char *name)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;
	uint64_t value;

	if (walk->infos < 0 || hki_details_file(&text, walk->infos, name, INFO_MAX) < 0 ||
	    text.data == NULL)
		return;
	if (hki_details_number(&file->position, hki_details_line(text.data, "pos:"), 10))
		hk_record_set(&file->record, POSITION);
	if (hki_details_number(&file->mount, hki_details_line(text.data, "mnt_id:"), 10))
		hk_record_set(&file->record, MOUNT);
	if (!hki_details_number(&value, hki_details_line(text.data, "flags:"), 8))
		return;
	file->flags = (uint32_t) value;
	file->mode = mode_of(value);
	hk_record_set(&file->record, FLAGS);
	hk_record_set(&file->record, MODE);
}

static int add_file(const char *name, void *user)
{
	struct walk *walk = user;
	hk_system_file file = { .descriptor = -1 };
	char link[LINK_MAX_BYTES];
	uint64_t number;

	/* Closed meanwhile. */
	if (!hki_details_number(&number, name, 10) ||
	    hki_details_link(link, sizeof(link), walk->links, name) < 0)
		return 0;
	file.descriptor = (int32_t) number;
	file.path = hki_details_text(walk->reading, link);
	if (file.path == NULL)
		return -ENOMEM;
	hk_record_set(&file.record, DESCRIPTOR);
	hk_record_set(&file.record, PATH);
	add_kind(&file, walk, name);
	add_info(&file, walk, name);
	return hki_details_add(walk->reading, &walk->list, &file, sizeof(file));
}

int hki_details_read_files(hki_details_reading *reading)
{
	hki_cleanup(hki_closep) int links =
	    openat(reading->directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	hki_cleanup(hki_closep) int infos = -1;
	struct walk walk = { .reading = reading, .links = links };
	int r;

	if (links < 0)
		return -errno;
	infos = openat(reading->directory, "fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	walk.infos = infos;
	r = hki_details_each(links, add_file, &walk);
	if (r == 0)
		r = hki_details_end(&reading->result->details.files, reading, &walk.list);
	hki_details_list_deinitp(&walk.list);
	return r;
}
