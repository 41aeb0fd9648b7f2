/*
 * A filter as somebody typed it, held against records with everything and with
 * nothing.  Accepted or refused with a documented code and a column inside the
 * text; asked, it answers yes or no.
 */
#include <hostkit/error.h>
#include <hostkit/system_filter.h>
#include "target.h"

typedef struct row {
	hk_record record;
	int64_t pid;
	const char *name;
	int32_t state;
	double cpu_percent;
	uint64_t rss_bytes;
	double elapsed_s;
	bool kernel;
	hk_record_strings command;
} row;

enum { PID, NAME, STATE, CPU, RSS, ELAPSED, KERNEL, COMMAND, FIELDS };

static const char *const states[] = { "running", "zombie", NULL };

#define FIELD(index, member, k, u)                                                       \
	[index] = {                                                                      \
		.name = #member, .kind = k, .unit = u, .offset = offsetof(row, member)   \
	}

static const hk_record_field fields[] = {
	FIELD(PID, pid, HK_RECORD_INT64, HK_UNIT_IDENTIFIER),
	FIELD(NAME, name, HK_RECORD_STRING, HK_UNIT_NONE),
	[STATE] = { .name = "state",
	    .kind = HK_RECORD_ENUM,
	    .offset = offsetof(row, state),
	    .names = states },
	FIELD(CPU, cpu_percent, HK_RECORD_DOUBLE, HK_UNIT_PERCENT),
	FIELD(RSS, rss_bytes, HK_RECORD_UINT64, HK_UNIT_BYTES),
	FIELD(ELAPSED, elapsed_s, HK_RECORD_DOUBLE, HK_UNIT_SECONDS),
	FIELD(KERNEL, kernel, HK_RECORD_BOOL, HK_UNIT_NONE),
	FIELD(COMMAND, command, HK_RECORD_STRINGS, HK_UNIT_NONE),
};

static const hk_record_type type = {
	.name = "row",
	.fields = fields,
	.field_count = FIELDS,
	.struct_size = sizeof(row),
};

static const char *const words[] = { "node", "server.js" };

static void ask(hk_system_filter *filter)
{
	row empty = { .pid = 1 };
	row full = { .pid = 4711,
		.name = "node (1)",
		.state = 1,
		.cpu_percent = 7.5,
		.rss_bytes = 1 << 20,
		.elapsed_s = 90,
		.command = { words, 2 } };
	int r;

	for (unsigned int i = 0; i < FIELDS; i++)
		hk_record_set(&full.record, i);
	r = hk_system_filter_match(filter, &full);
	FUZZ_MUST(r == 0 || r == 1);
	r = hk_system_filter_match(filter, &empty);
	FUZZ_MUST(r == 0 || r == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	hk_system_filter *filter = NULL;
	hk_error_list *errors = NULL;
	int r;

	FUZZ_MUST(hk_error_list_new(&errors) == 0);
	r = hk_system_filter_new(&filter, &type, text, errors);
	FUZZ_MUST(r == 0 || r == HK_EPARSE || r == HK_ELIMIT);
	FUZZ_MUST((r == 0) == (hk_error_list_count(errors) == 0));
	if (r == 0)
		ask(filter);
	else
		FUZZ_MUST(
		    hk_error_list_get(errors, 0)->column >= 1 &&
		    (size_t) hk_error_list_get(errors, 0)->column <= strlen(text) + 1);
	hk_system_filter_free(filter);
	hk_error_list_free(errors);
	free(text);
	return 0;
}
