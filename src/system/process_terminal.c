/*
 * Names of terminals.  stat tells a device number; /proc/tty/drivers tells which
 * driver has which numbers and what its devices are called, so nothing has to
 * be searched under /dev.  The list is read when the first terminal is met, and
 * every name is made once: machines have few.
 */
#include "system/process_terminal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "os/procfs.h"
#include "system/process_parse.h"
#include "system/process_table.h"

#define DRIVERS_MAX 48
/* Terminals come and go, their names are few; beyond that there are no names. */
#define NAMES_MAX 4096

typedef struct terminal {
	uint32_t device;
	char name[44];
} terminal;

struct hki_terminals {
	hki_tty_driver drivers[DRIVERS_MAX];
	size_t driver_count;
	terminal **names; /* by ascending device; each stays where it is */
	size_t count;
	size_t capacity;
};

/* ---- drivers ---- */

static void skip_blanks(hki_words *line)
{
	while (line->at < line->end && (*line->at == ' ' || *line->at == '\t'))
		line->at++;
}

static size_t word(const char **out, hki_words *line)
{
	skip_blanks(line);
	*out = line->at;
	while (line->at < line->end && *line->at != ' ' && *line->at != '\t')
		line->at++;
	return (size_t) (line->at - *out);
}

/* "name  /dev/prefix  major  first[-last]  kind" */
int hki_tty_driver_parse(hki_tty_driver *out, const char *line, size_t length)
{
	hki_words words = { line, line + length };
	hki_tty_driver driver;
	uint64_t major;
	uint64_t first;
	uint64_t last;
	const char *text;
	size_t text_length;

	(void) word(&text, &words);
	text_length = word(&text, &words);
	if (text_length < 6 || memcmp(text, "/dev/", 5) != 0 ||
	    text_length - 5 >= sizeof(driver.prefix))
		return HK_EPARSE;
	memset(&driver, 0, sizeof(driver));
	memcpy(driver.prefix, text + 5, text_length - 5);
	if (!hki_words_unsigned(&words, &major) || !hki_words_digits(&words, &first))
		return HK_EPARSE;
	last = first;
	if (words.at < words.end && *words.at == '-') {
		words.at++;
		if (!hki_words_unsigned(&words, &last))
			return HK_EPARSE;
	}
	if (major > UINT32_MAX || last > UINT32_MAX || first > last)
		return HK_EPARSE;
	driver.major = (uint32_t) major;
	driver.first = (uint32_t) first;
	driver.last = (uint32_t) last;
	/* Virtual consoles are tty1, tty2 … by their minor number. */
	driver.base = strcmp(driver.prefix, "tty") == 0 ? driver.first : 0;
	*out = driver;
	return 0;
}

static void read_drivers(
    const hk_system_processes *table, struct hki_terminals *terminals)
{
	char text[4096];
	size_t length;
	const char *at = text;

	if (hki_read_file(table->proc, "tty/drivers", text, sizeof(text), &length) < 0)
		return;
	while (at < text + length && terminals->driver_count < DRIVERS_MAX) {
		const char *end = memchr(at, '\n', (size_t) (text + length - at));

		if (end == NULL)
			end = text + length;
		if (hki_tty_driver_parse(&terminals->drivers[terminals->driver_count], at,
			(size_t) (end - at)) == 0)
			terminals->driver_count++;
		at = end + 1;
	}
}

/* ---- names ---- */

static void make_name(
    const struct hki_terminals *terminals, terminal *out, uint32_t major, uint32_t minor)
{
	/* Pseudo terminals go on through majors 136 to 143, 256 more of each. */
	if (major >= 136 && major <= 143) {
		snprintf(
		    out->name, sizeof(out->name), "pts/%u", (major - 136) * 256 + minor);
		return;
	}
	for (size_t i = 0; i < terminals->driver_count; i++) {
		const hki_tty_driver *driver = &terminals->drivers[i];

		if (driver->major != major || minor < driver->first ||
		    minor > driver->last)
			continue;
		if (driver->first == driver->last)
			snprintf(out->name, sizeof(out->name), "%s", driver->prefix);
		else
			snprintf(out->name, sizeof(out->name), "%s%u", driver->prefix,
			    minor - driver->first + driver->base);
		return;
	}
	snprintf(out->name, sizeof(out->name), "%u:%u", major, minor);
}

static size_t place_of(const struct hki_terminals *terminals, uint32_t device)
{
	size_t low = 0;
	size_t high = terminals->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (terminals->names[middle]->device < device)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const char *add_name(
    struct hki_terminals *terminals, size_t place, uint32_t device)
{
	terminal *made;

	if (terminals->count == NAMES_MAX)
		return NULL;
	if (terminals->count == terminals->capacity) {
		size_t capacity = terminals->capacity == 0 ? 8 : terminals->capacity * 2;
		terminal **grown =
		    hki_realloc_array(terminals->names, capacity, sizeof(terminal *));

		if (grown == NULL)
			return NULL;
		terminals->names = grown;
		terminals->capacity = capacity;
	}
	made = hki_zalloc(sizeof(*made));
	if (made == NULL)
		return NULL;
	made->device = device;
	make_name(terminals, made, device >> 8 & 0xfff,
	    (device & 0xff) | (device >> 12 & 0xfff00));
	memmove(terminals->names + place + 1, terminals->names + place,
	    (terminals->count - place) * sizeof(terminal *));
	terminals->names[place] = made;
	terminals->count++;
	return made->name;
}

const char *hki_terminal_name(hk_system_processes *table, uint32_t device)
{
	struct hki_terminals *terminals = table->terminals;
	size_t place;

	if (device == 0)
		return NULL;
	if (terminals == NULL) {
		terminals = hki_zalloc(sizeof(*terminals));
		if (terminals == NULL)
			return NULL;
		read_drivers(table, terminals);
		table->terminals = terminals;
	}
	place = place_of(terminals, device);
	if (place < terminals->count && terminals->names[place]->device == device)
		return terminals->names[place]->name;
	return add_name(terminals, place, device);
}

void hki_terminals_close(hk_system_processes *table)
{
	struct hki_terminals *terminals = table->terminals;

	if (terminals == NULL)
		return;
	for (size_t i = 0; i < terminals->count; i++)
		hki_free(terminals->names[i]);
	hki_free(terminals->names);
	hki_free(terminals);
	table->terminals = NULL;
}
