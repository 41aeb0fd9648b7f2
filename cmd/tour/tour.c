/*
 * The tour's voice and its book-keeping.
 *
 * Chapters only tell: a step, what was seen, a claim.  Here the telling becomes
 * text for people or one JSON document, the same content either way, and the
 * claims are counted, so that no chapter can forget to fail.
 */
#include "tour.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include "../output/text.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"

#define TOUR_TEXT_MAX 1024
#define WIDTH         80
#define INDENT        5 /* below a step */

struct tour {
	tour_opts opts;
	hk_json_writer *json;
	unsigned int held;
	unsigned int failed;
	unsigned int left_out;
};

const tour_chapter tour_chapters[] = {
	{ "processes", "Processes",
	    "start, capture, time out, kill whole trees, supervise",
	    tour_chapter_processes },
	{ "system", "The machine",
	    "what it is doing, who is doing it, and how full it is",
	    tour_chapter_system },
	{ "watching", "Watching processes",
	    "load found, charged and remembered; programs too short to be seen",
	    tour_chapter_watching },
	{ "loop", "The event loop",
	    "phases in their order, work from threads, lag measured", tour_chapter_loop },
	{ "messages", "Messages",
	    "bursts, slow readers, calls that end once, a Node child",
	    tour_chapter_messages },
	{ "scheduling", "Scheduling",
	    "three policies on real programs, beside the simulator",
	    tour_chapter_scheduling },
	{ NULL, NULL, NULL, NULL },
};

/* @text behind @column columns, and what does not fit into the line below it.  What fits
 * is left as it is: a chart is no sentence. */
static void print_wrapped(const char *text, size_t column)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer lines = HKI_BUFFER_INIT;
	size_t indent = column < INDENT ? column : INDENT;

	if (column + cmd_text_width(text, strlen(text)) > WIDTH &&
	    cmd_text_append_wrapped(&lines, text, column, indent, WIDTH) == 0)
		text = lines.data;
	(void) fputs(text, stdout);
}

/* One line of the story: for people with @mark in front, in JSON as @key. */
__attribute__((format(printf, 5, 0))) static void tell(struct tour *tour, const char *key,
    const char *mark, const char *style, const char *format, va_list arguments)
{
	char text[TOUR_TEXT_MAX];

	(void) vsnprintf(text, sizeof(text), format, arguments);
	if (tour->opts.json) {
		hk_json_write_object_begin(tour->json);
		hk_json_write_key(tour->json, key);
		hk_json_write_string(tour->json, text);
		hk_json_write_object_end(tour->json);
		return;
	}
	printf("%s%s", tour->opts.colour ? style : "", mark);
	print_wrapped(text, strlen(mark));
	printf("%s\n", tour->opts.colour && style[0] != '\0' ? "\033[0m" : "");
	(void) fflush(stdout);
}

void tour_step(struct tour *tour, const char *format, ...)
{
	va_list arguments;

	if (!tour->opts.json)
		putchar('\n');
	va_start(arguments, format);
	tell(tour, "step", "  ", "\033[1m", format, arguments);
	va_end(arguments);
}

void tour_saw(struct tour *tour, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(tour, "saw", "     ", "", format, arguments);
	va_end(arguments);
}

void tour_wrong(struct tour *tour, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(tour, "wrong", "     the usual way: ", "\033[33m", format, arguments);
	va_end(arguments);
}

void tour_cannot(struct tour *tour, const char *format, ...)
{
	va_list arguments;

	tour->left_out++;
	va_start(arguments, format);
	tell(tour, "cannot", "  -  not here: ", "\033[33m", format, arguments);
	va_end(arguments);
}

static void claim_as_json(
    struct tour *tour, bool holds, const char *claim, const char *observed)
{
	hk_json_write_object_begin(tour->json);
	hk_json_write_key(tour->json, "claim");
	hk_json_write_string(tour->json, claim);
	hk_json_write_key(tour->json, "observed");
	hk_json_write_string(tour->json, observed);
	hk_json_write_key(tour->json, "holds");
	hk_json_write_bool(tour->json, holds);
	hk_json_write_object_end(tour->json);
}

static void claim_as_text(
    struct tour *tour, bool holds, const char *claim, const char *observed)
{
	const char *style = holds ? "\033[32m" : "\033[1;31m";
	bool colour = tour->opts.colour;

	printf("  %s%s%s ", colour ? style : "", holds ? "ok" : "NO",
	    colour ? "\033[0m" : "");
	print_wrapped(claim, INDENT);
	/* Beside the claim if it fits there, else below it. */
	if (strlen(claim) + strlen(observed) + 3 <= WIDTH - INDENT) {
		printf(" (%s)\n", observed);
	} else {
		printf("\n%*s", INDENT, "");
		print_wrapped(observed, INDENT);
		putchar('\n');
	}
	(void) fflush(stdout);
}

bool tour_check(
    struct tour *tour, bool holds, const char *claim, const char *observed, ...)
{
	char text[TOUR_TEXT_MAX];
	va_list arguments;

	va_start(arguments, observed);
	(void) vsnprintf(text, sizeof(text), observed, arguments);
	va_end(arguments);

	if (holds)
		tour->held++;
	else
		tour->failed++;
	if (tour->opts.json)
		claim_as_json(tour, holds, claim, text);
	else
		claim_as_text(tour, holds, claim, text);
	return holds;
}

void tour_broken(struct tour *tour, const char *what, int code)
{
	(void) tour_check(
	    tour, false, what, "%s: %s", hk_error_name(code), hk_error_text(code));
}

static void chapter_run(struct tour *tour, const tour_chapter *chapter)
{
	if (!tour->opts.json) {
		printf("\n%s%s%s\n", tour->opts.colour ? "\033[1;4m" : "", chapter->title,
		    tour->opts.colour ? "\033[0m" : "");
		chapter->run(tour);
		return;
	}
	hk_json_write_object_begin(tour->json);
	hk_json_write_key(tour->json, "chapter");
	hk_json_write_string(tour->json, chapter->name);
	hk_json_write_key(tour->json, "story");
	hk_json_write_array_begin(tour->json);
	chapter->run(tour);
	hk_json_write_array_end(tour->json);
	hk_json_write_object_end(tour->json);
}

static int chapters_run(struct tour *tour, const char *name)
{
	unsigned int met = 0;

	for (const tour_chapter *chapter = tour_chapters; chapter->name != NULL;
	     chapter++) {
		if (name != NULL && strcmp(chapter->name, name) != 0)
			continue;
		chapter_run(tour, chapter);
		met++;
	}
	return met == 0 ? -ENOENT : 0;
}

static void json_begin(struct tour *tour)
{
	hk_json_write_object_begin(tour->json);
	hk_json_write_key(tour->json, "schema");
	hk_json_write_string(tour->json, "hostkit.tour/1");
	hk_json_write_key(tour->json, "chapters");
	hk_json_write_array_begin(tour->json);
}

static int json_end(struct tour *tour, double seconds)
{
	const char *text;

	hk_json_write_array_end(tour->json);
	hk_json_write_key(tour->json, "claims_held");
	hk_json_write_uint64(tour->json, tour->held);
	hk_json_write_key(tour->json, "claims_failed");
	hk_json_write_uint64(tour->json, tour->failed);
	hk_json_write_key(tour->json, "left_out");
	hk_json_write_uint64(tour->json, tour->left_out);
	hk_json_write_key(tour->json, "wall_s");
	hk_json_write_decimal(tour->json, seconds, 3);
	hk_json_write_object_end(tour->json);

	text = hk_json_writer_text(tour->json, NULL);
	if (text == NULL)
		return hk_json_writer_error(tour->json);
	puts(text);
	return 0;
}

static void text_end(const struct tour *tour, double seconds)
{
	printf("\n%u claims checked, %u held, %u failed", tour->held + tour->failed,
	    tour->held, tour->failed);
	if (tour->left_out > 0)
		printf(", %u could not be shown here", tour->left_out);
	printf(" (%.1f s)\n", seconds);
}

static void writer_freep(hk_json_writer **writer)
{
	hk_json_writer_free(*writer);
}

int tour_run(const char *name, const tour_opts *opts)
{
	hki_cleanup(writer_freep) hk_json_writer *json = NULL;
	uint64_t began = hki_clock_monotonic_ns();
	struct tour tour = { .opts = *opts };
	double seconds;
	int r;

	r = hk_json_writer_new(&json, 2);
	if (r < 0)
		return r;
	tour.json = json;
	if (opts->json)
		json_begin(&tour);

	r = chapters_run(&tour, name);
	if (r < 0)
		return r;

	seconds = (double) (hki_clock_monotonic_ns() - began) / (double) HKI_NS_PER_S;
	if (opts->json)
		r = json_end(&tour, seconds);
	else
		text_end(&tour, seconds);
	return r < 0 ? r : tour.failed > 0;
}
