/*
 * Bars and graphs.  A bar says its figure in words too, and its parts have marks of
 * their own, so it can be read without colours.
 */
#include "meter.h"

#include <math.h>
#include <string.h>
#include "braille.h"

enum { MEDIUM_FROM = 60, HIGH_FROM = 85, BRAILLE_EMPTY = 0x2800 };

top_style top_style_of(double percent)
{
	if (percent >= HIGH_FROM)
		return TOP_STYLE_HIGH;
	return percent >= MEDIUM_FROM ? TOP_STYLE_MEDIUM : TOP_STYLE_LOW;
}

/* The part that column @column of @width shows, or NULL. */
static const top_share *share_at(
    const top_share *shares, size_t count, int column, int width)
{
	double end = 0;

	for (size_t i = 0; i < count; i++) {
		end += shares[i].percent;
		if (column < (int) lround(end * width / 100.0))
			return &shares[i];
	}
	return NULL;
}

void top_draw_bar(int y, int x, int width, const char *label, const top_share *shares,
    size_t count, const char *text)
{
	int used = top_put(y, x, width, TOP_STYLE_LABEL, label);
	int inside = width - used - 2;
	int text_length = (int) strlen(text);

	if (inside < 1)
		return;
	(void) top_put(y, x + used, 1, TOP_STYLE_DIM, "[");
	(void) top_put(y, x + width - 1, 1, TOP_STYLE_DIM, "]");
	if (text_length > inside)
		text_length = inside;
	for (int i = 0; i < inside; i++) {
		const top_share *share = share_at(shares, count, i, inside);
		bool in_text = i >= inside - text_length;
		char mark = in_text         ? text[i - (inside - text_length)]
			    : share != NULL ? share->mark
					    : ' ';

		if (mark != ' ' || share != NULL)
			top_put_character(y, x + used + 1 + i,
			    share != NULL ? share->style : TOP_STYLE_DIM,
			    (unsigned char) mark);
	}
}

void top_draw_course(
    const top_area *area, const double *values, size_t count, double most)
{
	for (int y = 0; y < area->height; y++) {
		for (int x = 0; x < area->width; x++) {
			top_style style =
			    top_style_of(100.0 * (area->height - 1 - y) /
					 (area->height > 1 ? area->height - 1 : 1));
			uint32_t cell = top_screen_is_ascii()
					    ? (uint32_t) top_ascii_cell(values, count,
						  most, area->width, area->height, x, y)
					    : top_braille_cell(values, count, most,
						  area->width, area->height, x, y);

			if (cell != ' ' && cell != BRAILLE_EMPTY)
				top_put_character(area->y + y, area->x + x, style, cell);
		}
	}
}
