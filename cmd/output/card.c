/*
 * Records for a person: a line a field.  Fields without a title are for programs
 * and stay out of it.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "../exit.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "cell.h"
#include "colour.h"
#include "fail.h"
#include "table.h"
#include "text.h"

static bool is_shown(const hk_record_type *type, const void *record, unsigned int index)
{
	return type->fields[index].title != NULL &&
	       (hk_record_has(record, index) || hk_record_is_denied(record, index));
}

static size_t title_width(const cmd_card_part *parts, size_t count)
{
	size_t width = 0;

	for (const cmd_card_part *part = parts; part < parts + count; part++)
		for (unsigned int i = 0; i < part->type->field_count; i++)
			if (is_shown(part->type, part->record, i) &&
			    strlen(part->type->fields[i].title) > width)
				width = strlen(part->type->fields[i].title);
	return width;
}

static int append_line(hki_buffer *out, const hk_record_type *type, const void *record,
    unsigned int index, size_t width, bool colour)
{
	hki_cleanup(hki_freep) char *text = cmd_cell_text(type, record, index);
	const char *title = type->fields[index].title;
	int r;

	if (text == NULL)
		return -ENOMEM;
	r = hki_buffer_append_format(out, "%s%s%s",
	    cmd_colour_begin(colour, CMD_STYLE_QUIET), title, cmd_colour_end(colour));
	if (r == 0)
		r = cmd_text_append_spaces(out, width - strlen(title) + 2);
	return r < 0 ? r : hki_buffer_append_format(out, "%s\n", text);
}

static int append_part(
    hki_buffer *out, const cmd_card_part *part, size_t width, bool colour)
{
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < part->type->field_count; i++)
		if (is_shown(part->type, part->record, i))
			r = append_line(out, part->type, part->record, i, width, colour);
	return r;
}

int cmd_cards_print(
    const cmd_output *output, FILE *file, const cmd_card_part *parts, size_t count)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer out = HKI_BUFFER_INIT;
	bool colour = cmd_colour_wanted(output, fileno(file));
	size_t width = title_width(parts, count);
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = append_part(&out, &parts[i], width, colour);
	if (r < 0)
		return cmd_fail(
		    output, CMD_EXIT_FAILED, r, NULL, "cannot print the report");
	if (out.length > 0)
		fwrite(out.data, 1, out.length, file);
	fflush(file);
	return 0;
}

int cmd_card_print(
    const cmd_output *output, FILE *file, const hk_record_type *type, const void *record)
{
	const cmd_card_part part = { type, record };

	return cmd_cards_print(output, file, &part, 1);
}
