/*
 * os-release(5): assignments as a shell would read them, of which only the forms
 * that the manual allows are understood.
 */
#include "system/os.h"

bool hki_os_release_find(char *out, size_t capacity, hki_scan text, const char *key)
{
	hki_scan line, name;
	bool found = false;

	while (hki_scan_line(&line, &text)) {
		size_t length = 0;
		char quote = '\0';

		line = hki_scan_trim(line);
		if (!hki_scan_until(&name, &line, '=') || !hki_scan_is(name, key))
			continue;
		for (const char *c = line.at; c < line.end; c++) {
			if (quote == '\0' && (*c == '"' || *c == '\'')) {
				quote = *c;
				continue;
			}
			if (quote != '\0' && *c == quote) {
				quote = '\0';
				continue;
			}
			if (*c == '\\' && quote != '\'' && c + 1 < line.end)
				c++;
			if (length + 1 < capacity)
				out[length++] = *c;
		}
		out[length] = '\0';
		found = true; /* a later assignment wins */
	}
	return found;
}
