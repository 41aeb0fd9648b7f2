/*
 * The whole way: find the file, read it, choose its format, check it, and hand
 * over the complaints.  Everything one configuration needs lives in one arena,
 * so that there is one thing to free, whatever went wrong.
 */
#include "load.h"

#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/error_list.h"
#include "formats.h"
#include "json_text.h"
#include "source.h"

struct hki_config_memory {
	hki_arena arena;
};

void hki_config_free(hki_config *config)
{
	struct hki_config_memory *memory;

	if (config == NULL)
		return;
	memory = config->memory;
	hki_arena_deinit(&memory->arena);
	hki_free(memory);
}

static void memory_freep(struct hki_config_memory **memory)
{
	if (*memory == NULL)
		return;
	hki_arena_deinit(&(*memory)->arena);
	hki_free(*memory);
}

static const char *directory_name(hki_arena *arena, const char *directory)
{
	const char *slash = strrchr(directory, '/');

	return hki_name_from(arena, slash != NULL ? slash + 1 : directory);
}

/* YAML and JSON say by what is in them whose they are. */
static void read_tree(hki_check *check, const hki_source *source,
    const hki_config_options *options, hki_config *config)
{
	const hki_node *root =
	    hki_tree_read(source->text, source->length, check->diagnostics);

	if (root == NULL)
		return;
	if (hki_is_pm2(root)) {
		config->format = HKI_CONFIG_PM2;
		hki_read_pm2(check, root, options, config);
	} else {
		config->format = HKI_CONFIG_HOSTKIT;
		hki_read_hostkit(check, root, config);
	}
}

static void read_source(hki_check *check, const hki_source *source,
    const hki_config_options *options, hki_config *config)
{
	if (hki_is_procfile(source->path)) {
		config->format = HKI_CONFIG_PROCFILE;
		hki_read_procfile(check, source->text, source->length, config);
	} else {
		read_tree(check, source, options, config);
	}
	if (!check->arena->failed)
		hki_check_dependencies(check, config);
}

/* Read @source into a configuration that @memory then belongs to. */
static int parse(hki_config **out, struct hki_config_memory *memory,
    const hki_source *source, const hki_config_options *options, hk_error_list *errors,
    hk_error_list *warnings)
{
	hki_arena *arena = &memory->arena;
	hki_diagnostics diagnostics = { .arena = arena,
		.source = source->path,
		.text = source->text,
		.length = source->length,
		.placeless = hki_is_javascript(source->path) };
	hki_interpolator interpolator = { .arena = arena, .lookup = hki_lookup_in_list };
	hki_check check = { .arena = arena,
		.diagnostics = &diagnostics,
		.interpolator = &interpolator,
		.directory = source->directory };
	hki_config *config = hki_arena_alloc(arena, sizeof(*config));
	int r;

	if (config == NULL)
		return -ENOMEM;
	interpolator.user =
	    (void *) (uintptr_t) (options->environment != NULL ? options->environment
							       : environ);
	config->path = source->path;
	config->directory = source->directory;
	config->name = directory_name(arena, source->directory);
	read_source(&check, source, options, config);
	r = hki_diagnostics_report(&diagnostics, errors, warnings);
	if (arena->failed)
		return -ENOMEM;
	if (r < 0)
		return r;
	config->memory = memory;
	*out = config;
	return 0;
}

/*
 * What no reader should see: a byte order mark, which would shift the first
 * column, and where JSON is not quite YAML.
 */
static void prepare(hki_source *source, hki_arena *arena)
{
	if (source->length >= 3 && memcmp(source->text, "\xEF\xBB\xBF", 3) == 0) {
		source->text += 3;
		source->length -= 3;
	}
	if (hki_is_json(source->path))
		source->text = hki_json_text(arena, source->text, &source->length);
}

static int run_javascript(hki_source *source, hki_arena *arena,
    const hki_config_options *options, hk_error_list *errors)
{
	hki_javascript_fn run =
	    options->javascript != NULL ? options->javascript : hki_javascript_by_node;
	hki_cleanup(hki_freep) char *json = NULL;
	const char *path = hki_arena_format(arena, "%s/%s", source->directory,
	    strrchr(source->path, '/') != NULL ? strrchr(source->path, '/') + 1
					       : source->path);
	int r;

	if (path == NULL)
		return -ENOMEM;
	r = run(&json, path, errors, options->javascript_user);
	if (r < 0)
		return r;
	source->text = hki_arena_text(arena, json, strlen(json));
	source->length = strlen(json);
	return source->text != NULL ? 0 : -ENOMEM;
}

int hki_config_load(hki_config **out, const hki_config_options *options,
    hk_error_list *errors, hk_error_list *warnings)
{
	static const hki_config_options none = { 0 };
	hki_cleanup(memory_freep) struct hki_config_memory *memory =
	    hki_zalloc(sizeof(*memory));
	hki_source source = { 0 };
	int r;

	if (memory == NULL)
		return -ENOMEM;
	if (options == NULL)
		options = &none;
	r = hki_config_source_read(
	    &source, &memory->arena, options->path, errors, warnings);
	if (r == 0 && hki_is_javascript(source.path))
		r = run_javascript(&source, &memory->arena, options, errors);
	if (r < 0)
		return r;
	prepare(&source, &memory->arena);
	if (source.text == NULL)
		return -ENOMEM;
	r = parse(out, memory, &source, options, errors, warnings);
	if (r == 0)
		memory = NULL;
	return r;
}

int hki_config_parse(hki_config **out, const char *text, size_t length, const char *name,
    const char *directory, const hki_config_options *options, hk_error_list *errors,
    hk_error_list *warnings)
{
	static const hki_config_options none = { 0 };
	hki_cleanup(memory_freep) struct hki_config_memory *memory =
	    hki_zalloc(sizeof(*memory));
	hki_source source = { 0 };
	int r;

	if (memory == NULL)
		return -ENOMEM;
	source.path = hki_arena_text(&memory->arena, name, strlen(name));
	source.directory = hki_arena_text(&memory->arena, directory, strlen(directory));
	source.text = hki_arena_text(&memory->arena, text, length);
	source.length = length;
	if (memory->arena.failed)
		return -ENOMEM;
	prepare(&source, &memory->arena);
	if (source.text == NULL)
		return -ENOMEM;
	r = parse(
	    out, memory, &source, options != NULL ? options : &none, errors, warnings);
	if (r == 0)
		memory = NULL;
	return r;
}
