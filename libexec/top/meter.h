#ifndef HOSTKIT_LIBEXEC_TOP_METER_H
#define HOSTKIT_LIBEXEC_TOP_METER_H

#include <stddef.h>
#include "layout.h"
#include "screen.h"

/* A part of a bar. */
typedef struct top_share {
	double percent;
	top_style style;
	char mark; /* what it is drawn with: parts differ without colours too */
} top_share;

/* "LABEL[|||||##   TEXT]" in @width columns. */
void top_draw_bar(int y, int x, int width, const char *label, const top_share *shares,
    size_t count, const char *text);

/* How tight it is, by a percentage. */
top_style top_style_of(double percent);

/* The newest of @count values at the right edge of @area; @most is the full height. */
void top_draw_course(
    const top_area *area, const double *values, size_t count, double most);

#endif /* HOSTKIT_LIBEXEC_TOP_METER_H */
