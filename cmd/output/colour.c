/*
 * Colour for people, and only for them.  The eight basic colours are used
 * because the user's own theme decides how they look; the many-coloured set
 * leaves out black and white, which vanish on one background or the other.
 */
#include "colour.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/array.h"

bool cmd_colour_wanted(const cmd_output *output, int fd)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *force = getenv("CLICOLOR_FORCE");
	const char *term = getenv("TERM");

	if (output->colour != CMD_COLOUR_AUTO)
		return output->colour == CMD_COLOUR_ALWAYS;
	if (no_colour != NULL && no_colour[0] != '\0')
		return false;
	if (force != NULL && force[0] != '\0' && strcmp(force, "0") != 0)
		return true;
	return isatty(fd) && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

const char *cmd_colour_begin(bool wanted, cmd_style style)
{
	static const char *const sequences[] = {
		[CMD_STYLE_HEADING] = "\033[1m",
		[CMD_STYLE_STRONG] = "\033[1m",
		[CMD_STYLE_QUIET] = "\033[2m",
		[CMD_STYLE_GOOD] = "\033[32m",
		[CMD_STYLE_WARN] = "\033[33m",
		[CMD_STYLE_BAD] = "\033[31m",
	};

	return wanted ? sequences[style] : "";
}

const char *cmd_colour_end(bool wanted)
{
	return wanted ? "\033[0m" : "";
}

const char *cmd_colour_of_many(bool wanted, unsigned int index)
{
	static const char *const sequences[] = {
		"\033[36m",
		"\033[33m",
		"\033[32m",
		"\033[35m",
		"\033[34m",
		"\033[96m",
		"\033[93m",
		"\033[92m",
	};

	return wanted ? sequences[index % HKI_COUNT(sequences)] : "";
}
