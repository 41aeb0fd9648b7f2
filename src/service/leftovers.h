#ifndef HKI_SERVICE_LEFTOVERS_H
#define HKI_SERVICE_LEFTOVERS_H

#include <stddef.h>
#include <hostkit/process.h>

/* One process that a journal says is alive. */
typedef struct hki_journal_entry {
	hk_process_id id;
	char *cgroup; /* NULL: none.  Owned */
} hki_journal_entry;

typedef struct hki_journal_entries {
	hki_journal_entry *items;
	size_t count;
} hki_journal_entries;

/*
 * Read the text of a journal that was written since this boot; of another boot
 * it says nothing.  Lines that make no sense are passed over.  0 or -ENOMEM;
 * release with hki_journal_entries_deinit() either way.
 */
int hki_journal_parse(hki_journal_entries *out, char *text, const char *boot_id);
void hki_journal_entries_deinit(hki_journal_entries *entries);

#endif /* HKI_SERVICE_LEFTOVERS_H */
