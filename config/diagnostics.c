/*
 * Problems are collected first and reported at the end, because the checks run
 * in the order that suits them and people read from the top.  A block that is
 * used twice through an alias complains twice at one place: the copies are
 * dropped.  libyaml counts columns in characters, hk_error in bytes; the line
 * is looked up only for what is reported.
 */
#include "diagnostics.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error_list.h"

/* More than a list keeps, so that sorting decides which ones people see. */
#define PROBLEMS_MAX ((size_t) HK_ERROR_LIST_MAX * 10)
#define TEXT_MAX     1024

struct hki_problem {
	struct hki_problem *next;
	hki_place place;
	size_t order;
	const char *step;
	const char *text;
	const char *hint;
};

static void add(hki_diagnostics *to, struct hki_problem **list, size_t *count,
    struct hki_problem problem)
{
	struct hki_problem *kept;

	problem.order = (*count)++;
	if (problem.order >= PROBLEMS_MAX)
		return;
	kept = hki_arena_alloc(to->arena, sizeof(*kept));
	if (kept == NULL)
		return;
	problem.text = hki_arena_text(to->arena, problem.text, strlen(problem.text));
	if (problem.step != NULL)
		problem.step =
		    hki_arena_text(to->arena, problem.step, strlen(problem.step));
	if (problem.hint != NULL)
		problem.hint =
		    hki_arena_text(to->arena, problem.hint, strlen(problem.hint));
	if (problem.text == NULL)
		return;
	problem.next = *list;
	*kept = problem;
	*list = kept;
}

void hki_complain(hki_diagnostics *diagnostics, hki_place place, const char *step,
    const char *hint, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void) vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	add(diagnostics, &diagnostics->errors, &diagnostics->error_count,
	    (struct hki_problem){
		.place = place, .step = step, .text = text, .hint = hint });
}

void hki_warn(hki_diagnostics *diagnostics, hki_place place, const char *step,
    const char *hint, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void) vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	add(diagnostics, &diagnostics->warnings, &diagnostics->warning_count,
	    (struct hki_problem){
		.place = place, .step = step, .text = text, .hint = hint });
}

/* The length of the line break at @text, 0 if there is none: those of YAML 1.1. */
static size_t break_length(const char *text, const char *end)
{
	size_t left = (size_t) (end - text);

	if (left >= 2 && memcmp(text, "\r\n", 2) == 0)
		return 2;
	if (left >= 1 && (text[0] == '\n' || text[0] == '\r'))
		return 1;
	if (left >= 2 && memcmp(text, "\xC2\x85", 2) == 0)
		return 2;
	if (left >= 3 && (memcmp(text, "\xE2\x80\xA8", 3) == 0 ||
			     memcmp(text, "\xE2\x80\xA9", 3) == 0))
		return 3;
	return 0;
}

static int byte_column(const hki_diagnostics *diagnostics, hki_place place)
{
	const char *at = diagnostics->text;
	const char *end = at + diagnostics->length;
	const char *start;
	int line = 1;

	while (at < end && line < place.line) {
		size_t length = break_length(at, end);

		line += length > 0;
		at += length > 0 ? length : 1;
	}
	start = at;
	for (int column = 1; at < end && column < place.column; column++)
		do
			at++;
		while (at < end && ((unsigned char) *at & 0xC0) == 0x80);
	return (int) (at - start) + 1;
}

static int compare(const void *left_pointer, const void *right_pointer)
{
	const struct hki_problem *left =
	    *(const struct hki_problem *const *) left_pointer;
	const struct hki_problem *right =
	    *(const struct hki_problem *const *) right_pointer;

	if (left->place.line != right->place.line)
		return left->place.line < right->place.line ? -1 : 1;
	if (left->place.column != right->place.column)
		return left->place.column < right->place.column ? -1 : 1;
	return left->order < right->order ? -1 : 1;
}

static bool same(const struct hki_problem *left, const struct hki_problem *right)
{
	return left->place.line == right->place.line &&
	       left->place.column == right->place.column &&
	       strcmp(left->text, right->text) == 0;
}

static void report(const hki_diagnostics *diagnostics, const struct hki_problem *problem,
    hk_error_list *list)
{
	hk_error error = { .code = HK_EPARSE,
		.source = diagnostics->source,
		.step = "",
		.text = problem->text,
		.hint = problem->hint != NULL ? problem->hint : "" };

	if (diagnostics->placeless) {
		error.step = problem->step != NULL ? problem->step : "";
	} else if (problem->place.line > 0) {
		error.line = problem->place.line;
		error.column = diagnostics->text != NULL
				   ? byte_column(diagnostics, problem->place)
				   : problem->place.column;
	}
	(void) hki_error_report(list, &error);
}

static void report_sorted(hki_diagnostics *diagnostics,
    const struct hki_problem *problems, size_t count, hk_error_list *list)
{
	const struct hki_problem **sorted;
	size_t kept = 0;

	if (count == 0 || list == NULL)
		return;
	sorted = hki_arena_array(diagnostics->arena,
	    count < PROBLEMS_MAX ? count : PROBLEMS_MAX, sizeof(*sorted));
	if (sorted == NULL)
		return;
	for (const struct hki_problem *each = problems; each != NULL; each = each->next)
		sorted[kept++] = each;
	qsort(sorted, kept, sizeof(*sorted), compare);
	for (size_t i = 0; i < kept; i++) {
		if (i > 0 && !diagnostics->placeless && same(sorted[i - 1], sorted[i]))
			continue;
		report(diagnostics, sorted[i], list);
	}
}

int hki_diagnostics_report(
    hki_diagnostics *diagnostics, hk_error_list *errors, hk_error_list *warnings)
{
	report_sorted(diagnostics, diagnostics->errors, diagnostics->error_count, errors);
	report_sorted(
	    diagnostics, diagnostics->warnings, diagnostics->warning_count, warnings);
	return diagnostics->error_count > 0 ? HK_EPARSE : 0;
}
