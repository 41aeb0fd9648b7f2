#ifndef HOSTKIT_LIBEXEC_TOP_BRAILLE_H
#define HOSTKIT_LIBEXEC_TOP_BRAILLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A graph as characters: each cell of a terminal holds 2 x 4 dots of braille, so
 * that a graph of W x H cells shows 2 W values in 4 H steps.
 *
 * Cell (x, y), counted from the left and the top, of a graph @width x @height cells of
 * the @count newest values at the right end of @values; what is NaN leaves a gap.
 * @most is the value of the full height.  A value above 0 shows one dot at least.
 * Returns the character, U+2800 for an empty cell.
 */
uint32_t top_braille_cell(
    const double *values, size_t count, double most, int width, int height, int x, int y);

/* The same in ASCII, one value a cell: ' ', '.', ':', '|'. */
char top_ascii_cell(
    const double *values, size_t count, double most, int width, int height, int x, int y);

#endif /* HOSTKIT_LIBEXEC_TOP_BRAILLE_H */
