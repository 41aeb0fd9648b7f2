/*
 * The verb rows as data, for editors, wrappers and other generators.
 */
#include <errno.h>
#include <hostkit/json.h>
#include "help.h"

static void write_text(hk_json_writer *writer, const char *key, const char *text)
{
	if (text == NULL)
		return;
	hk_json_write_key(writer, key);
	hk_json_write_string(writer, text);
}

static void write_option(hk_json_writer *writer, const cmd_option *option)
{
	hk_json_write_object_begin(writer);
	write_text(writer, "name", option->name);
	if (option->letter != 0) {
		hk_json_write_key(writer, "letter");
		hk_json_write_string_length(writer, &option->letter, 1);
	}
	write_text(writer, "argument", option->argument);
	write_text(writer, "help", option->help);
	write_text(writer, "heading", option->heading);
	write_text(writer, "values", option->values);
	hk_json_write_object_end(writer);
}

static void write_options(hk_json_writer *writer, const cmd_option *options)
{
	hk_json_write_key(writer, "options");
	hk_json_write_array_begin(writer);
	for (; options != NULL && options->name != NULL; options++)
		write_option(writer, options);
	hk_json_write_array_end(writer);
}

static void write_examples(hk_json_writer *writer, const cmd_example *examples)
{
	hk_json_write_key(writer, "examples");
	hk_json_write_array_begin(writer);
	for (; examples != NULL && examples->command != NULL; examples++) {
		hk_json_write_object_begin(writer);
		write_text(writer, "command", examples->command);
		write_text(writer, "shows", examples->shows);
		hk_json_write_object_end(writer);
	}
	hk_json_write_array_end(writer);
}

static void write_exits(hk_json_writer *writer, const cmd_exit_row *exits)
{
	hk_json_write_key(writer, "exit_codes");
	hk_json_write_array_begin(writer);
	for (; exits != NULL && exits->code != NULL; exits++) {
		hk_json_write_object_begin(writer);
		write_text(writer, "code", exits->code);
		write_text(writer, "meaning", exits->meaning);
		hk_json_write_object_end(writer);
	}
	hk_json_write_array_end(writer);
}

static void write_verb(hk_json_writer *writer, const cmd_verb *verb)
{
	write_text(writer, "name", verb->name);
	write_text(writer, "aliases", verb->aliases);
	write_text(writer, "group", cmd_group_titles[verb->group]);
	write_text(writer, "arguments", verb->arguments);
	write_text(writer, "help", verb->help);
	write_text(writer, "description", verb->description);
	write_options(writer, verb->options);
	write_examples(writer, verb->examples);
	write_exits(writer, verb->exits);
}

static void write_command(hk_json_writer *writer)
{
	write_options(writer, cmd_global_options);
	hk_json_write_key(writer, "verbs");
	hk_json_write_array_begin(writer);
	for (const cmd_verb *const *verb = cmd_verbs; *verb != NULL; verb++) {
		if ((*verb)->hidden)
			continue;
		hk_json_write_object_begin(writer);
		write_verb(writer, *verb);
		hk_json_write_object_end(writer);
	}
	hk_json_write_array_end(writer);
}

int cmd_help_append_json(hki_buffer *out, const cmd_verb *verb)
{
	hk_json_writer *writer = NULL;
	size_t length = 0;
	const char *text;
	int r;

	r = hk_json_writer_new(&writer, 2);
	if (r < 0)
		return r;
	hk_json_write_object_begin(writer);
	write_text(writer, "schema", "hostkit.help/1");
	if (verb != NULL)
		write_verb(writer, verb);
	else
		write_command(writer);
	hk_json_write_object_end(writer);

	text = hk_json_writer_text(writer, &length);
	r = text != NULL ? hki_buffer_append(out, text, length)
			 : hk_json_writer_error(writer);
	if (r == 0)
		r = hki_buffer_append_char(out, '\n');
	hk_json_writer_free(writer);
	return r;
}
