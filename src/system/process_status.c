/*
 * The smaller files of /proc/PID: status by the names of its lines, io, statm and
 * schedstat by their order.  A line or column that is missing is absent, not
 * zero: kernel threads have no memory, older kernels fewer lines.
 */
#include "system/process_parse.h"

#include <string.h>
#include <hostkit/error.h>
#include "base/array.h"

int hki_statm_parse(hki_statm *out, const char *text, size_t length)
{
	hki_words words = { text, text + length };
	hki_statm statm;
	uint64_t library;

	if (!hki_words_unsigned(&words, &statm.size) ||
	    !hki_words_unsigned(&words, &statm.resident) ||
	    !hki_words_unsigned(&words, &statm.shared) ||
	    !hki_words_unsigned(&words, &statm.text) ||
	    !hki_words_unsigned(&words, &library) ||
	    !hki_words_unsigned(&words, &statm.data))
		return HK_EPARSE;
	*out = statm;
	return 0;
}

int hki_schedstat_parse(hki_schedstat *out, const char *text, size_t length)
{
	hki_words words = { text, text + length };
	hki_schedstat schedstat;

	if (!hki_words_unsigned(&words, &schedstat.run_ns) ||
	    !hki_words_unsigned(&words, &schedstat.wait_ns))
		return HK_EPARSE;
	*out = schedstat;
	return 0;
}

/* ---- lines that begin with a name and a colon ---- */

typedef struct line {
	const char *name;
	size_t name_length;
	hki_words value;
} line;

/* Take the next line off @text; false at the end.  One without a colon has no name. */
static bool next_line(line *out, hki_words *text)
{
	const char *end;
	const char *colon;

	if (text->at >= text->end)
		return false;
	end = memchr(text->at, '\n', (size_t) (text->end - text->at));
	if (end == NULL)
		end = text->end;
	colon = memchr(text->at, ':', (size_t) (end - text->at));
	out->name = text->at;
	out->name_length = colon == NULL ? 0 : (size_t) (colon - text->at);
	out->value = (hki_words){ colon == NULL ? end : colon + 1, end };
	text->at = end < text->end ? end + 1 : end;
	return true;
}

static bool is_called(const line *of, const char *name, size_t length)
{
	return of->name_length == length && memcmp(of->name, name, length) == 0;
}

int hki_io_parse(hki_io *out, const char *text, size_t length)
{
	hki_io io = { 0 };
	const struct {
		const char *name;
		uint64_t *to;
	} lines[] = {
		{ "rchar", &io.read_call_bytes },
		{ "wchar", &io.write_call_bytes },
		{ "syscr", &io.read_calls },
		{ "syscw", &io.write_calls },
		{ "read_bytes", &io.read_bytes },
		{ "write_bytes", &io.written_bytes },
		{ "cancelled_write_bytes", &io.cancelled_bytes },
	};
	hki_words words = { text, text + length };
	unsigned int found = 0;
	line next;

	while (next_line(&next, &words))
		for (size_t i = 0; i < HKI_COUNT(lines); i++)
			if (is_called(&next, lines[i].name, strlen(lines[i].name)) &&
			    hki_words_unsigned(&next.value, lines[i].to))
				found |= 1U << i;
	if (found != (1U << HKI_COUNT(lines)) - 1)
		return HK_EPARSE;
	*out = io;
	return 0;
}

/* ---- status ---- */

typedef enum status_kind { IDS, LAST, KIBIBYTES, COUNT, TEXT } status_kind;

typedef struct status_line {
	const char *name;
	unsigned char length;
	unsigned char kind;
	unsigned char index;
} status_line;

/* In the order in which the kernel prints them. */
#define LINE(name, kind, index)                                                          \
	{                                                                                \
		name, sizeof(name) - 1, kind, index                                      \
	}
static const status_line status_lines[] = {
	LINE("Uid", IDS, HKI_STATUS_UIDS),
	LINE("Gid", IDS, HKI_STATUS_GIDS),
	LINE("NSpid", LAST, HKI_STATUS_NAMESPACE_PID),
	LINE("VmPeak", KIBIBYTES, HKI_STATUS_PEAK_VIRTUAL),
	LINE("VmLck", KIBIBYTES, HKI_STATUS_LOCKED),
	LINE("VmHWM", KIBIBYTES, HKI_STATUS_PEAK_RSS),
	LINE("RssAnon", KIBIBYTES, HKI_STATUS_RSS_ANONYMOUS),
	LINE("RssFile", KIBIBYTES, HKI_STATUS_RSS_FILE),
	LINE("RssShmem", KIBIBYTES, HKI_STATUS_RSS_SHMEM),
	LINE("VmStk", KIBIBYTES, HKI_STATUS_STACK),
	LINE("VmPTE", KIBIBYTES, HKI_STATUS_PAGE_TABLES),
	LINE("VmSwap", KIBIBYTES, HKI_STATUS_SWAP),
	LINE("HugetlbPages", KIBIBYTES, HKI_STATUS_HUGETLB),
	LINE("Cpus_allowed_list", TEXT, HKI_STATUS_AFFINITY),
	LINE("voluntary_ctxt_switches", COUNT, HKI_STATUS_VOLUNTARY),
	LINE("nonvoluntary_ctxt_switches", COUNT, HKI_STATUS_INVOLUNTARY),
};
#undef LINE

static bool read_ids(uint32_t ids[4], hki_words *words)
{
	for (unsigned int i = 0; i < 4; i++) {
		uint64_t id;

		if (!hki_words_unsigned(words, &id) || id > UINT32_MAX)
			return false;
		ids[i] = (uint32_t) id;
	}
	return true;
}

/* The last number of the line. */
static bool read_last(uint64_t *out, hki_words *words)
{
	bool found = false;
	uint64_t value;

	while (hki_words_unsigned(words, &value)) {
		*out = value;
		found = true;
	}
	return found;
}

static bool read_kibibytes(uint64_t *out, hki_words *words)
{
	return hki_words_unsigned(words, out) &&
	       !__builtin_mul_overflow(*out, UINT64_C(1024), out);
}

static bool read_text(hki_status *status, hki_words *words)
{
	while (words->at < words->end && (*words->at == '\t' || *words->at == ' '))
		words->at++;
	status->affinity = words->at;
	status->affinity_length = (size_t) (words->end - words->at);
	return status->affinity_length > 0;
}

static bool read_status_line(hki_status *status, const status_line *as, hki_words *words)
{
	uint64_t *number = &status->numbers[as->index];

	switch ((status_kind) as->kind) {
	case IDS:
		return read_ids(
		    as->index == HKI_STATUS_UIDS ? status->uids : status->gids, words);
	case LAST:
		return read_last(number, words);
	case KIBIBYTES:
		return read_kibibytes(number, words);
	case COUNT:
		return hki_words_unsigned(words, number);
	case TEXT:
		return read_text(status, words);
	}
	return false;
}

int hki_status_parse(hki_status *out, const char *text, size_t length)
{
	hki_status status = { .present = 0 };
	hki_words words = { text, text + length };
	size_t expected = 0; /* the line that is likely to come next */
	line next;

	while (next_line(&next, &words))
		for (size_t tried = 0; tried < HKI_COUNT(status_lines); tried++) {
			size_t i = (expected + tried) % HKI_COUNT(status_lines);
			const status_line *as = &status_lines[i];

			if (!is_called(&next, as->name, as->length))
				continue;
			if (read_status_line(&status, as, &next.value))
				status.present |= 1U << as->index;
			expected = i + 1;
			break;
		}
	/* Every process has users; a text without them is something else. */
	if ((status.present & 1U << HKI_STATUS_UIDS) == 0)
		return HK_EPARSE;
	*out = status;
	return 0;
}
