/*
 * A Procfile: lines of `name: command`, each for a shell.  As foreman does,
 * every service gets a PORT of its own, 100 apart, from hostkit's PORT or 5000
 * on, and a `.env` beside the file is read at every start.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/map.h"
#include "base/quantity.h"
#include "formats.h"
#include "service_keys.h"

#define PORT_FIRST 5000
#define PORT_STEP  100

struct procfile {
	hki_check *check;
	hki_config *config;
	size_t capacity;
	hki_name_map names;
	uint64_t port;
	hki_config_texts env_files;
};

static hki_config_service *add_service(struct procfile *file)
{
	hki_config *config = file->config;

	if (config->service_count == file->capacity) {
		size_t capacity = file->capacity == 0 ? 8 : file->capacity * 2;
		hki_config_service *services =
		    hki_arena_array(file->check->arena, capacity, sizeof(*services));

		if (services == NULL)
			return NULL;
		if (config->service_count > 0)
			memcpy(services, config->services,
			    config->service_count * sizeof(*services));
		config->services = services;
		file->capacity = capacity;
	}
	return &config->services[config->service_count];
}

static void complain(
    struct procfile *file, hki_place place, const char *hint, const char *message)
{
	hki_complain(file->check->diagnostics, place, NULL, hint, "%s", message);
}

static bool claim_name(struct procfile *file, hki_place place, const char *name)
{
	if (!hki_name_is_good(name)) {
		complain(file, place, "letters, digits, '_', '.' and '-'",
		    "a line is 'name: command', and this begins with no name");
		return false;
	}
	if (hki_name_map_get(&file->names, name) != NULL) {
		hki_complain(file->check->diagnostics, place, NULL, "keep one of them",
		    "'%s' is given twice", name);
		return false;
	}
	if (hki_name_map_put(&file->names, name, file) < 0)
		file->check->arena->failed = true;
	return true;
}

static void set_port(struct procfile *file, hki_config_service *service)
{
	hki_arena *arena = file->check->arena;
	uint64_t port = file->port + file->config->service_count * PORT_STEP;
	hki_texts environment = { 0 };
	const char *entry = hki_arena_format(arena, "PORT=%u", (unsigned int) port);

	if (port > 65535 || entry == NULL)
		return;
	if (hki_texts_add(&environment, arena, entry))
		service->environment = environment.items;
}

/* @line is one line without its break, at @number. */
static void read_line(struct procfile *file, const char *line, size_t length, int number)
{
	hki_check *check = file->check;
	size_t blank = strspn(line, " \t");
	const char *colon = memchr(line, ':', length);
	hki_place place = { .line = number, .column = (int) blank + 1 };
	hki_config_service *service;
	char *name;
	char *command;

	if (blank >= length || line[blank] == '#')
		return;
	if (colon == NULL) {
		complain(
		    file, place, NULL, "a line is 'name: command', and this has no ':'");
		return;
	}
	name =
	    hki_arena_text(check->arena, line + blank, (size_t) (colon - line) - blank);
	colon += 1 + strspn(colon + 1, " \t");
	if (colon > line + length)
		colon = line + length;
	command = hki_arena_text(check->arena, colon, (size_t) (line + length - colon));
	if (name == NULL || command == NULL || !claim_name(file, place, name))
		return;
	if (command[0] == '\0') {
		complain(file, place, NULL, "there is no command after the ':'");
		return;
	}
	if (file->config->service_count == HKI_CONFIG_SERVICES_MAX) {
		complain(file, place, NULL, "more than 1000 services");
		return;
	}
	service = add_service(file);
	if (service == NULL || !hki_service_begin(check, service))
		return;
	service->name = name;
	service->shell = command;
	service->line = number;
	service->column = place.column;
	service->env_files = file->env_files;
	set_port(file, service);
	hki_service_complete(check, service);
	file->config->service_count++;
}

static void read_lines(struct procfile *file, const char *text, size_t length)
{
	const char *end = text + length;

	for (int number = 1; text < end && !file->check->arena->failed; number++) {
		const char *next = memchr(text, '\n', (size_t) (end - text));
		size_t line = (size_t) ((next != NULL ? next : end) - text);

		while (line > 0 && strchr(" \t\r", text[line - 1]) != NULL)
			line--;
		read_line(file, text, line, number);
		text = next != NULL ? next + 1 : end;
	}
}

static void find_env_file(struct procfile *file)
{
	static const char *const none[] = { NULL };
	hki_arena *arena = file->check->arena;
	const char *path = hki_check_path(file->check, ".env");
	hki_texts files = { 0 };

	file->env_files = none;
	if (path != NULL && access(path, F_OK) == 0 && hki_texts_add(&files, arena, path))
		file->env_files = files.items;
}

void hki_read_procfile(
    hki_check *check, const char *text, size_t length, hki_config *config)
{
	struct procfile file = { .check = check, .config = config, .port = PORT_FIRST };
	const hki_interpolator *variables = check->interpolator;
	const char *port = variables->lookup("PORT", 4, variables->user);
	const char *nul = memchr(text, '\0', length);
	uint64_t number;

	if (nul != NULL) {
		complain(&file, (hki_place){ .line = 1, .column = 1 }, "save it as text",
		    "the file contains a NUL character");
		return;
	}
	if (port != NULL && hki_uint64_parse(&number, port) == 0 && number >= 1 &&
	    number <= 65535)
		file.port = number;
	find_env_file(&file);
	read_lines(&file, text, length);
	hki_name_map_deinit(&file.names);
	if (config->service_count == 0 && check->diagnostics->error_count == 0)
		complain(&file, (hki_place){ .line = 1, .column = 1 },
		    "a line is 'name: command'", "the file is empty");
}
