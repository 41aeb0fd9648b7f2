/*
 * Reading a journal.  It may have been cut short anywhere, and nothing in it is
 * believed beyond being a suggestion: identities are compared with the kernel's
 * before anybody is signalled.
 */
#include "service/leftovers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/alloc.h"

/* The word at *text, terminated; *text goes behind it.  NULL at the end. */
static char *next_word(char **text)
{
	char *word = *text;

	if (word == NULL || *word == '\0')
		return NULL;
	*text = strchr(word, ' ');
	if (*text != NULL)
		*(*text)++ = '\0';
	return word;
}

static int add(hki_journal_entries *entries, const hk_process_id *id, const char *cgroup)
{
	hki_journal_entry *items =
	    hki_realloc_array(entries->items, entries->count + 1, sizeof(*items));
	char *copy = NULL;

	if (items == NULL)
		return -ENOMEM;
	entries->items = items;
	if (cgroup[0] == '/') {
		copy = hki_strdup(cgroup);
		if (copy == NULL)
			return -ENOMEM;
	}
	items[entries->count++] = (hki_journal_entry){ *id, copy };
	return 0;
}

static void cross_out(hki_journal_entries *entries, const hk_process_id *id)
{
	for (size_t i = entries->count; i > 0; i--) {
		hki_journal_entry *entry = &entries->items[i - 1];

		if (entry->id.pid != id->pid ||
		    entry->id.start_ticks != id->start_ticks ||
		    entry->id.inode != id->inode)
			continue;
		hki_free(entry->cgroup);
		*entry = entries->items[--entries->count];
		return;
	}
}

static int parse_line(hki_journal_entries *entries, char *line)
{
	const char *sign = next_word(&line);
	const char *identity = next_word(&line);
	const char *service;
	const char *instance;
	hk_process_id id;

	/* A pid alone could be anybody's by now. */
	if (identity == NULL || hk_process_id_parse(&id, identity) < 0 ||
	    id.start_ticks == 0)
		return 0;
	if (strcmp(sign, "-") == 0) {
		cross_out(entries, &id);
		return 0;
	}
	service = next_word(&line);
	instance = next_word(&line);
	if (strcmp(sign, "+") != 0 || service == NULL || instance == NULL || line == NULL)
		return 0;
	return add(entries, &id, line);
}

int hki_journal_parse(hki_journal_entries *out, char *text, const char *boot_id)
{
	bool current = false;
	int r = 0;

	out->items = NULL;
	out->count = 0;
	while (r >= 0 && *text != '\0') {
		char *end = strchr(text, '\n');

		if (end == NULL) /* cut short */
			break;
		*end = '\0';
		if (strncmp(text, "boot ", 5) == 0)
			current = strcmp(text + 5, boot_id) == 0;
		else if (current)
			r = parse_line(out, text);
		text = end + 1;
	}
	return r;
}

void hki_journal_entries_deinit(hki_journal_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		hki_free(entries->items[i].cgroup);
	hki_free(entries->items);
	entries->items = NULL;
	entries->count = 0;
}
