/*
 * What the helper thread does: read the texts of processes.  The command line lies
 * in the memory of its process, so reading it takes that process's memory lock and
 * may have to fetch pages from wherever they are: a read that nobody can
 * interrupt, as long as the other side hangs.  That is why none of this happens
 * where samples are taken.
 */
#include "system/process_text.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "system/process_table.h"

/* Programs are started with 128 KiB a word and 2 MiB in all; what is longer than this
 * is cut, so that a few of them cannot fill a monitor's memory. */
#define COMMAND_MAX ((size_t) 256 * 1024)
#define CGROUP_MAX  8192
#define LINK_MAX    4096

/* ---- batches ---- */

hki_text_batch *hki_text_batch_new(int proc)
{
	hki_text_batch *batch = hki_zalloc(sizeof(*batch));

	if (batch == NULL)
		return NULL;
	batch->proc = fcntl(proc, F_DUPFD_CLOEXEC, 0);
	if (batch->proc < 0) {
		hki_free(batch);
		return NULL;
	}
	atomic_init(&batch->references, 1);
	return batch;
}

void hki_text_batch_unref(hki_text_batch *batch)
{
	if (batch == NULL || atomic_fetch_sub(&batch->references, 1) != 1)
		return;
	for (size_t i = 0; i < batch->count; i++)
		hki_free(batch->items[i].texts.block);
	hki_closep(&batch->proc);
	hki_free(batch);
}

/* ---- parts ---- */

/* The whole file, as far as COMMAND_MAX.  0 or a negative errno. */
static int read_command(hki_buffer *out, int proc, int32_t pid)
{
	char path[HKI_PROCESS_PATH_MAX];
	hki_cleanup(hki_closep) int fd = -1;
	size_t begin = out->length;

	hki_process_path(path, pid, "cmdline", 7);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (out->length - begin < COMMAND_MAX) {
		ssize_t length;

		if (hki_buffer_reserve(out, 4096) < 0)
			return -ENOMEM;
		length = read(fd, out->data + out->length, 4096);
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		if (length == 0)
			return 0;
		hki_buffer_commit(out, (size_t) length);
	}
	return 0;
}

/* The target of a link, terminated.  0 or a negative errno. */
static int read_link(
    hki_buffer *out, int proc, int32_t pid, const char *name, size_t name_length)
{
	char path[HKI_PROCESS_PATH_MAX];
	ssize_t length;

	hki_process_path(path, pid, name, name_length);
	if (hki_buffer_reserve(out, LINK_MAX + 1) < 0)
		return -ENOMEM;
	length = readlinkat(proc, path, out->data + out->length, LINK_MAX);
	if (length < 0)
		return -errno;
	out->data[out->length + (size_t) length] = '\0';
	hki_buffer_commit(out, (size_t) length + 1);
	return 0;
}

/* "ID:CONTROLLERS:PATH" */
const char *hki_process_cgroup(size_t *out_length, const char *text, size_t length)
{
	static const char systemd[] = ":name=systemd:";
	const char *end = text + length;
	const char *found = NULL;
	int found_rank = 0;

	for (const char *line = text; line < end;) {
		const char *line_end = memchr(line, '\n', (size_t) (end - line));
		const char *one;
		const char *two;
		int rank = 1;

		if (line_end == NULL)
			line_end = end;
		one = memchr(line, ':', (size_t) (line_end - line));
		two = one == NULL ? NULL
				  : memchr(one + 1, ':', (size_t) (line_end - one - 1));
		if (two != NULL && two == one + 1)
			rank = 3;
		else if (two != NULL && two - one == (ptrdiff_t) sizeof(systemd) - 2 &&
			 memcmp(one, systemd, sizeof(systemd) - 1) == 0)
			rank = 2;
		if (two != NULL && rank > found_rank) {
			found = two + 1;
			*out_length = (size_t) (line_end - two - 1);
			found_rank = rank;
		}
		line = line_end + 1;
	}
	return found;
}

static int read_cgroup(hki_buffer *out, int proc, int32_t pid)
{
	char text[CGROUP_MAX];
	const char *path;
	size_t path_length;
	int length = hki_read_process_file(proc, pid, "cgroup", 6, text, sizeof(text));

	if (length < 0)
		return length;
	path = hki_process_cgroup(&path_length, text, (size_t) length);
	if (path == NULL)
		return -ENOENT;
	if (hki_buffer_append(out, path, path_length) < 0)
		return -ENOMEM;
	return hki_buffer_append_char(out, '\0');
}

static int read_user(hki_buffer *out, uint32_t uid)
{
	char room[4096];
	struct passwd entry;
	struct passwd *found = NULL;

	if (getpwuid_r((uid_t) uid, &entry, room, sizeof(room), &found) == 0 &&
	    found != NULL)
		return hki_buffer_append(out, entry.pw_name, strlen(entry.pw_name) + 1);
	if (hki_buffer_append_format(out, "%u", uid) < 0)
		return -ENOMEM;
	return hki_buffer_append_char(out, '\0');
}

/* ---- one process ---- */

/* Where the parts lie in the buffer while it still moves. */
typedef struct places {
	size_t command_length;
	size_t executable;
	size_t directory;
	size_t cgroup;
} places;

static size_t count_words(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += text[i] == '\0';
	return count;
}

/* One block: the pointers to the words, then the texts. */
static int pack(hki_process_texts *out, const hki_buffer *buffer, const places *at)
{
	size_t count = count_words(buffer->data, at->command_length);
	char *block = hki_alloc(count * sizeof(char *) + buffer->length + 1);
	const char **words = (void *) block;
	char *texts;

	if (block == NULL)
		return -ENOMEM;
	texts = block + count * sizeof(char *);
	if (buffer->length > 0)
		memcpy(texts, buffer->data, buffer->length);
	for (size_t i = 0, word = 0; i < count; i++) {
		words[i] = texts + word;
		word += strlen(texts + word) + 1;
	}
	out->block = block;
	out->words = words;
	out->word_count = count;
	if (out->executable_error == 0)
		out->executable = texts + at->executable;
	if (out->directory_error == 0)
		out->directory = texts + at->directory;
	if (out->cgroup_error == 0)
		out->cgroup = texts + at->cgroup;
	return 0;
}

/* Exactly the words: the last one ends without a NUL if the program wrote over it. */
static int close_command(hki_buffer *buffer)
{
	if (buffer->length == 0 || buffer->data[buffer->length - 1] == '\0')
		return 0;
	return hki_buffer_append_char(buffer, '\0');
}

static int read_texts(hki_text_item *item, int proc)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer buffer = HKI_BUFFER_INIT;
	hki_process_texts *out = &item->texts;
	places at = { 0 };

	*out = (hki_process_texts){ .command_error = -ENOENT,
		.executable_error = -ENOENT,
		.directory_error = -ENOENT,
		.cgroup_error = -ENOENT };
	if ((item->question.want & HKI_READ_COMMAND) != 0) {
		out->command_error = read_command(&buffer, proc, item->question.pid);
		if (out->command_error < 0)
			hki_buffer_truncate(&buffer, 0);
		if (close_command(&buffer) < 0)
			return -ENOMEM;
	}
	at.command_length = buffer.length;
	at.executable = buffer.length;
	if ((item->question.want & HKI_READ_EXECUTABLE) != 0)
		out->executable_error =
		    read_link(&buffer, proc, item->question.pid, "exe", 3);
	at.directory = buffer.length;
	if ((item->question.want & HKI_READ_DIRECTORY) != 0)
		out->directory_error =
		    read_link(&buffer, proc, item->question.pid, "cwd", 3);
	at.cgroup = buffer.length;
	if ((item->question.want & HKI_READ_CGROUP) != 0)
		out->cgroup_error = read_cgroup(&buffer, proc, item->question.pid);
	return pack(out, &buffer, &at);
}

static int read_name(hki_text_item *item)
{
	hki_buffer buffer = HKI_BUFFER_INIT;
	int r = read_user(&buffer, item->question.uid);

	if (r < 0) {
		hki_buffer_deinit(&buffer);
		return r;
	}
	item->texts.block = hki_buffer_take(&buffer);
	hki_buffer_deinit(&buffer);
	return item->texts.block == NULL ? -ENOMEM : 0;
}

void hki_text_batch_read(hki_text_batch *batch)
{
	for (size_t i = 0; i < batch->count && !atomic_load(&batch->abandoned); i++) {
		hki_text_item *item = &batch->items[i];

		item->result = item->question.pid == 0 ? read_name(item)
						       : read_texts(item, batch->proc);
		atomic_store(&batch->done, i + 1);
	}
	atomic_store(&batch->returned, true);
}
