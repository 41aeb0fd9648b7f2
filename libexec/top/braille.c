/*
 * Graphs from dots.  Pure arithmetic, so that a test can look at each cell: the
 * newest value is at the right edge, and columns without a value stay empty, which
 * is how a graph that has just begun shows that it has.
 */
#include "braille.h"

#include <math.h>

enum { DOTS_WIDE = 2, DOTS_HIGH = 4, ASCII_HIGH = 3, BRAILLE_EMPTY = 0x2800 };

/* Bits of Unicode for the dots of the left and the right column, from the bottom up. */
static const uint8_t bits[DOTS_WIDE][DOTS_HIGH] = {
	{ 0x40, 0x04, 0x02, 0x01 },
	{ 0x80, 0x20, 0x10, 0x08 },
};

/* The value shown in column @column of @columns, or NaN. */
static double value_at(const double *values, size_t count, int columns, int column)
{
	int from_right = columns - 1 - column;

	if (from_right < 0 || (size_t) from_right >= count)
		return (double) NAN;
	return values[count - 1 - (size_t) from_right];
}

/* How many of @steps steps the value reaches. */
static int steps_of(double value, double most, int steps)
{
	double share;

	if (isnan(value) || value <= 0 || !(most > 0))
		return 0;
	share = value / most;
	if (share >= 1)
		return steps;
	share *= steps;
	return share < 1 ? 1 : (int) lround(share);
}

uint32_t top_braille_cell(
    const double *values, size_t count, double most, int width, int height, int x, int y)
{
	uint32_t cell = BRAILLE_EMPTY;
	int below = (height - 1 - y) * DOTS_HIGH;

	for (int side = 0; side < DOTS_WIDE; side++) {
		double value =
		    value_at(values, count, width * DOTS_WIDE, x * DOTS_WIDE + side);
		int dots = steps_of(value, most, height * DOTS_HIGH) - below;

		for (int dot = 0; dot < DOTS_HIGH && dot < dots; dot++)
			cell |= bits[side][dot];
	}
	return cell;
}

char top_ascii_cell(
    const double *values, size_t count, double most, int width, int height, int x, int y)
{
	static const char marks[ASCII_HIGH + 1] = { ' ', '.', ':', '|' };
	double value = value_at(values, count, width, x);
	int steps =
	    steps_of(value, most, height * ASCII_HIGH) - (height - 1 - y) * ASCII_HIGH;

	return marks[steps < 0 ? 0 : steps > ASCII_HIGH ? ASCII_HIGH : steps];
}
