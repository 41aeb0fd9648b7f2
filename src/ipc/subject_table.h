#ifndef HKI_IPC_SUBJECT_TABLE_H
#define HKI_IPC_SUBJECT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/list.h"

/*
 * Who wants to hear of a subject: patterns to entries, as a trie of tokens.
 * A zeroed table is empty and ready.  Threads: one at a time.
 */
typedef struct hki_subject_node hki_subject_node;

typedef struct hki_subject_table {
	hki_subject_node *root;
	size_t count; /* of entries */
} hki_subject_table;

/* The part of a subscription that stands in the table; in the object it belongs to. */
typedef struct hki_subject_entry {
	hki_list link;
	hki_subject_node *node; /* NULL: it stands in none */
} hki_subject_entry;

/* The entries that a subject found.  A zeroed one is empty; its memory is kept from
 * subject to subject. */
typedef struct hki_subject_matches {
	hki_subject_entry **entries;
	size_t count;
	size_t capacity;
} hki_subject_matches;

/* Entries that are left are forgotten, not freed. */
void hki_subject_table_deinit(hki_subject_table *table);

/* Put a zeroed @entry under @pattern.  0, -EINVAL, -ENAMETOOLONG or -ENOMEM. */
int hki_subject_table_add(
    hki_subject_table *table, hki_subject_entry *entry, const char *pattern);

/* Take it out, with every node that only it kept.  Idempotent. */
void hki_subject_table_remove(hki_subject_table *table, hki_subject_entry *entry);

/*
 * Every entry whose pattern matches @subject replaces what @out held, those of one
 * pattern in the order in which they were added.  0, -EINVAL or -ENAMETOOLONG for
 * something that is no subject, or -ENOMEM.
 */
int hki_subject_table_match(hki_subject_matches *out, const hki_subject_table *table,
    const char *subject, size_t length);

void hki_subject_matches_deinit(hki_subject_matches *matches);

#endif /* HKI_IPC_SUBJECT_TABLE_H */
