/*
 * The main() of a fuzz target when libFuzzer is not there: run the target over every
 * file of a corpus, and over every beginning of each file, since half a message is
 * what parsers meet most often.  So what fuzzing once found stays found, with any
 * compiler, in every run of the tests.
 *
 * Speaks TAP, one case a corpus.  A crash ends the program; the file it was at is the
 * last one named.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "target.h"

/* Beginnings of a long file are tried only this often, so that a corpus stays quick. */
#define PREFIXES_MAX 256

static int read_whole(uint8_t **out, size_t *out_size, const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	long size = -1;

	if (file == NULL)
		return -errno;
	if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0)
		rewind(file);
	if (size >= 0)
		data = malloc((size_t) size + 1);
	if (data == NULL || fread(data, 1, (size_t) size, file) != (size_t) size) {
		free(data);
		fclose(file);
		return -EIO;
	}
	fclose(file);
	*out_size = (size_t) size;
	*out = data;
	return 0;
}

/* In a block of exactly @size bytes, so that reading one more is seen. */
static void run_exactly(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size > 0 ? size : 1);

	FUZZ_MUST(exact != NULL);
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static int replay(const char *path)
{
	uint8_t *data = NULL;
	size_t size = 0;
	size_t step;
	int r;

	r = read_whole(&data, &size, path);
	if (r < 0)
		return r;
	step = size / PREFIXES_MAX + 1;
	for (size_t prefix = 0; prefix < size; prefix += step)
		run_exactly(data, prefix);
	run_exactly(data, size);
	free(data);
	return 0;
}

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Every input of one folder.  Returns how many there are; 0 if one cannot be read. */
static int replay_all(const char *folder)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_input, alphasort);
	bool failed = count <= 0;

	for (int i = 0; i < count; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		printf("# %s\n", path);
		fflush(stdout);
		failed |= replay(path) < 0;
		free(entries[i]);
	}
	free(entries);
	return failed ? 0 : count;
}

int main(int argc, char **argv)
{
	int sum = 0;

	printf("1..1\n");
	for (int i = 1; i < argc; i++) {
		int count = replay_all(argv[i]);

		if (count == 0) {
			printf("not ok 1 - the inputs of %s can be read\n", argv[i]);
			return 1;
		}
		sum += count;
	}
	printf("ok 1 - holds for %d inputs and their beginnings\n", sum);
	return 0;
}
