/*
 * Subjects and patterns.  The input is lines: patterns go into a table, or out of it
 * when they come again, and every line that is a subject must find exactly the
 * patterns that the definition finds.
 */
#include <hostkit/ipc_pubsub.h>
#include "ipc/subject_table.h"
#include "target.h"

/* Every subject is held against every pattern, so the work is their product: few of both
 * find the same mistakes, many times as often. */
enum { PATTERNS_MAX = 16, LINES_MAX = 64 };

typedef struct standing {
	hki_subject_entry entry;
	char *pattern; /* NULL: free */
} standing;

static standing *find(standing *all, const char *pattern)
{
	for (int i = 0; i < PATTERNS_MAX; i++)
		if (all[i].pattern != NULL && strcmp(all[i].pattern, pattern) == 0)
			return &all[i];
	return NULL;
}

static void put(hki_subject_table *table, standing *all, const char *pattern)
{
	standing *one = find(all, pattern);

	if (one != NULL) {
		hki_subject_table_remove(table, &one->entry);
		free(one->pattern);
		one->pattern = NULL;
		return;
	}
	for (int i = 0; i < PATTERNS_MAX && one == NULL; i++)
		if (all[i].pattern == NULL)
			one = &all[i];
	if (one == NULL)
		return;
	FUZZ_MUST(hki_subject_table_add(table, &one->entry, pattern) == 0);
	one->pattern = strdup(pattern);
	FUZZ_MUST(one->pattern != NULL);
}

static size_t times_found(const hki_subject_matches *matches, const standing *one)
{
	size_t times = 0;

	for (size_t i = 0; i < matches->count; i++)
		times += matches->entries[i] == &one->entry;
	return times;
}

static void look(const hki_subject_table *table, const standing *all, const char *subject)
{
	hki_subject_matches matches = { NULL, 0, 0 };

	FUZZ_MUST(
	    hki_subject_table_match(&matches, table, subject, strlen(subject)) == 0);
	for (int i = 0; i < PATTERNS_MAX; i++) {
		bool wanted = all[i].pattern != NULL &&
			      hk_ipc_subject_matches(all[i].pattern, subject);

		FUZZ_MUST(times_found(&matches, &all[i]) == (wanted ? 1u : 0u));
	}
	hki_subject_matches_deinit(&matches);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hki_subject_table table = { NULL, 0 };
	standing all[PATTERNS_MAX] = { { .pattern = NULL } };
	char *text = fuzz_text(data, size);
	char *save = NULL;

	int lines = 0;

	for (char *line = strtok_r(text, "\n", &save); line != NULL && lines < LINES_MAX;
	     line = strtok_r(NULL, "\n", &save), lines++) {
		bool is_subject = hk_ipc_subject_check(line) == 0;
		bool is_pattern = hk_ipc_pattern_check(line) == 0;

		/* Every subject is the pattern of itself. */
		FUZZ_MUST(!is_subject || is_pattern);
		FUZZ_MUST(!is_subject || hk_ipc_subject_matches(line, line));
		if (is_subject)
			look(&table, all, line);
		if (is_pattern)
			put(&table, all, line);
	}
	for (int i = 0; i < PATTERNS_MAX; i++) {
		hki_subject_table_remove(&table, &all[i].entry);
		free(all[i].pattern);
	}
	FUZZ_MUST(table.root == NULL && table.count == 0);
	free(text);
	return 0;
}
