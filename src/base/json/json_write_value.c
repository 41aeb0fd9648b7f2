/*
 * From document to writer: what was read, written again.  Depth is bounded by
 * what a document may hold, so the recursion is.
 */
#include <hostkit/json.h>

#include <errno.h>
#include <string.h>
#include "base/alloc.h"
#include "base/json/json_document.h"
#include "base/json/json_writer.h"

typedef struct member {
	const hk_json *key;
	const hk_json *value;
} member;

static void write_any(hk_json_writer *writer, const hk_json *value, bool sorted);

static int compare(const hk_json *a, const hk_json *b)
{
	uint32_t common = a->size < b->size ? a->size : b->size;
	int order = memcmp(a->as.text, b->as.text, common);

	if (order != 0)
		return order;
	return (a->size > b->size) - (a->size < b->size);
}

/* Merge two sorted runs that lie one behind the other; @spare has room for both. */
static void merge(member *members, size_t middle, size_t count, member *spare)
{
	size_t left = 0;
	size_t right = middle;

	for (size_t i = 0; i < count; i++) {
		bool take_left = right == count ||
				 (left < middle &&
				     compare(members[left].key, members[right].key) <= 0);

		spare[i] = take_left ? members[left++] : members[right++];
	}
	memcpy(members, spare, count * sizeof(*members));
}

/* Runs of 1, 2, 4 … members: no recursion, and as many steps for any order. */
static void sort(member *members, size_t count, member *spare)
{
	for (size_t run = 1; run < count; run *= 2) {
		for (size_t at = 0; at + run < count; at += 2 * run) {
			size_t both = 2 * run < count - at ? 2 * run : count - at;

			merge(members + at, run, both, spare);
		}
	}
}

static void write_sorted_members(hk_json_writer *writer, const hk_json *object)
{
	size_t count = object->size;
	member *members = hki_alloc_array(count, 2 * sizeof(*members));
	hk_json_iterator each = hk_json_iterate(object);

	if (members == NULL) {
		hki_json_writer_fail(writer, -ENOMEM);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		members[i].value = hk_json_next(&each);
		members[i].key = members[i].value - 1;
	}
	sort(members, count, members + count);
	for (size_t i = 0; i < count && hk_json_writer_error(writer) == 0; i++) {
		hk_json_write_key_length(
		    writer, members[i].key->as.text, members[i].key->size);
		write_any(writer, members[i].value, true);
	}
	hki_free(members);
}

static void write_members(hk_json_writer *writer, const hk_json *object, bool sorted)
{
	hk_json_iterator each = hk_json_iterate(object);
	const hk_json *value;

	hk_json_write_object_begin(writer);
	if (sorted && object->size > 1) {
		write_sorted_members(writer, object);
	} else {
		while ((value = hk_json_next(&each)) != NULL) {
			hk_json_write_key_length(writer, each.key, each.key_length);
			write_any(writer, value, sorted);
		}
	}
	hk_json_write_object_end(writer);
}

static void write_elements(hk_json_writer *writer, const hk_json *array, bool sorted)
{
	hk_json_iterator each = hk_json_iterate(array);
	const hk_json *value;

	hk_json_write_array_begin(writer);
	while ((value = hk_json_next(&each)) != NULL)
		write_any(writer, value, sorted);
	hk_json_write_array_end(writer);
}

static void write_any(hk_json_writer *writer, const hk_json *value, bool sorted)
{
	switch (hk_json_kind_of(value)) {
	case HK_JSON_ABSENT:
	case HK_JSON_NULL:
		hk_json_write_null(writer);
		return;
	case HK_JSON_BOOL:
		hk_json_write_bool(writer, (value->tag & HKI_JSON_TRUE) != 0);
		return;
	case HK_JSON_NUMBER:
		hk_json_write_raw(writer, value->as.text, value->size);
		return;
	case HK_JSON_STRING:
		hk_json_write_string_length(writer, value->as.text, value->size);
		return;
	case HK_JSON_ARRAY:
		write_elements(writer, value, sorted);
		return;
	case HK_JSON_OBJECT:
		write_members(writer, value, sorted);
		return;
	}
}

void hk_json_write_value(hk_json_writer *writer, const hk_json *value)
{
	write_any(writer, value, false);
}

void hk_json_write_sorted(hk_json_writer *writer, const hk_json *value)
{
	write_any(writer, value, true);
}
