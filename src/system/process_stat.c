/*
 * /proc/PID/stat in full.  A program chooses its name, parentheses, spaces and
 * line ends included, and numbers alone follow it: so the last parenthesis
 * closes it.  This is the hottest text of the library: one pass, no copies.
 *
 * Most numbers are read as signed: kernels have printed -1 where nothing was to
 * be told, and 32-bit ones print values that were cut to their word.
 */
#include "system/process_parse.h"

#include <limits.h>
#include <string.h>
#include <hostkit/error.h>

static bool read_int(hki_words *words, int32_t *out)
{
	int64_t value;

	if (!hki_words_signed(words, &value) || value < INT32_MIN || value > INT32_MAX)
		return false;
	*out = (int32_t) value;
	return true;
}

/* 32 bits, printed with or without a sign. */
static bool read_bits(hki_words *words, uint32_t *out)
{
	int64_t value;

	if (!hki_words_signed(words, &value) || value < INT32_MIN || value > UINT32_MAX)
		return false;
	*out = (uint32_t) value;
	return true;
}

/* A count; one below zero says that there is none. */
static bool read_count(hki_words *words, uint64_t *out)
{
	hki_words before = *words;
	int64_t value;

	if (hki_words_unsigned(words, out))
		return true;
	*words = before;
	if (!hki_words_signed(words, &value))
		return false;
	*out = 0;
	return true;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\n' || byte == '\t';
}

/* Step over @count words, whatever they are. */
static bool skip(hki_words *words, unsigned int count)
{
	while (count-- > 0) {
		const char *at = words->at;

		while (at < words->end && is_blank(*at))
			at++;
		if (at == words->end)
			return false;
		while (at < words->end && !is_blank(*at))
			at++;
		words->at = at;
	}
	return true;
}

/* "PID (NAME) S": the only part that is not numbers. */
static bool read_name(hki_words *words, hki_stat *stat)
{
	const char *close;

	if (!read_int(words, &stat->pid) || stat->pid <= 0 ||
	    words->end - words->at < 2 || words->at[0] != ' ' || words->at[1] != '(')
		return false;
	stat->name = words->at + 2;
	close = memrchr(stat->name, ')', (size_t) (words->end - stat->name));
	if (close == NULL || words->end - close < 4 || close[1] != ' ' || close[3] != ' ')
		return false;
	stat->name_length = (size_t) (close - stat->name);
	stat->state = close[2];
	words->at = close + 3;
	return true;
}

/* Fields 5 to 8, and those between the ones that are always wanted. */
static bool read_group(hki_words *words, hki_stat *stat)
{
	return read_int(words, &stat->group) && read_int(words, &stat->session) &&
	       read_bits(words, &stat->terminal) &&
	       read_int(words, &stat->foreground_group);
}

static bool read_faults(hki_words *words, hki_stat *stat)
{
	return read_count(words, &stat->minor_faults) &&
	       read_count(words, &stat->children_minor_faults) &&
	       read_count(words, &stat->major_faults) &&
	       read_count(words, &stat->children_major_faults);
}

static bool read_children(hki_words *words, hki_stat *stat)
{
	return read_count(words, &stat->children_user_ticks) &&
	       read_count(words, &stat->children_system_ticks) &&
	       read_int(words, &stat->priority) && read_int(words, &stat->nice);
}

/* Fields 4 to 24.  Most readers want a third of them. */
static bool read_first(hki_words *words, hki_stat *stat, bool all)
{
	uint64_t threads;

	if (!read_int(words, &stat->ppid) ||
	    !(all ? read_group(words, stat) : skip(words, 4)) ||
	    !read_bits(words, &stat->flags) ||
	    !(all ? read_faults(words, stat) : skip(words, 4)) ||
	    !read_count(words, &stat->user_ticks) ||
	    !read_count(words, &stat->system_ticks) ||
	    !(all ? read_children(words, stat) : skip(words, 4)) ||
	    !read_count(words, &threads) || !skip(words, 1) ||
	    !hki_words_unsigned(words, &stat->start_ticks) ||
	    !read_count(words, &stat->virtual_bytes) ||
	    !read_count(words, &stat->rss_pages))
		return false;
	stat->threads = threads > UINT32_MAX ? UINT32_MAX : (uint32_t) threads;
	return true;
}

/* Fields 26 and 28: where the program lies in memory. */
static bool read_program(hki_words *words, hki_stat *stat)
{
	return skip(words, 1) && read_count(words, &stat->start_code) && skip(words, 1) &&
	       read_count(words, &stat->start_stack);
}

/* Fields 29 to 44: what an older kernel does not print stays zero. */
static void read_rest(hki_words *words, hki_stat *stat)
{
	if (skip(words, 10) && read_bits(words, &stat->processor) &&
	    read_bits(words, &stat->realtime_priority) &&
	    read_bits(words, &stat->policy) && read_count(words, &stat->io_wait_ticks) &&
	    read_count(words, &stat->guest_ticks))
		(void) read_count(words, &stat->children_guest_ticks);
}

int hki_stat_parse(hki_stat *out, const char *text, size_t length, hki_stat_depth depth)
{
	hki_words words = { text, text + length };
	hki_stat stat = { .pid = 0 };

	if (!read_name(&words, &stat) ||
	    !read_first(&words, &stat, depth == HKI_STAT_ALL))
		return HK_EPARSE;
	if (depth != HKI_STAT_BASE && read_program(&words, &stat) &&
	    depth == HKI_STAT_ALL)
		read_rest(&words, &stat);
	*out = stat;
	return 0;
}
